//! Random numbers as a function of seed, group, stream, element and tick.
//!
//! Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3")
//! turns a counter of four 32-bit words and a key of two into four random words. The counter is (block,
//! low half of the tick, high half of the tick and the group, stream), the key is the seed. There is no
//! state, so any element at any tick can be computed at any place, in any order.
//!
//! A block serves several elements, which are eight apart, so that vectors of two, four or eight blocks
//! give numbers that lie side by side:
//!
//! - uniform: element e takes part (e/8)%2 of block (e/16)*8 + e%8, which is 64 bits; the highest 52 of
//!   them make a multiple of 2^-52 in [0, 1);
//! - normal: element e takes part (e/8)%4 of block (e/32)*8 + e%8. Each half of a block is a pair of
//!   Box & Muller (1958): 40 bits make the radius, √(-2 ln u) with u = (k + ½)/2^40, and 24 bits the
//!   angle, (k + ½)/2^24 - 1/8 of a turn; the even part is the cosine's, the odd one the sine's. So no
//!   number is larger than 7.6;
//! - Poisson: element e takes block e, and for each further attempt the same with the number of the
//!   attempt in the highest eight bits of the stream.
//!
//! The same code is compiled for several widths of vectors; all give the same bits.

mod counts;
mod dispatch;
mod fill;
mod normal;

use counts::Mean;

/// Which numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// Of the simulation.
    pub seed: u64,
    /// The number of the group, below 2^16.
    pub group: u32,
    /// The number of the call in the group, below 2^24.
    pub number: u32,
}

/// Fills `out` with uniform numbers in [0, 1); `out[k]` belongs to element `first + k`.
///
/// ```
/// use dvdt::random::{Stream, fill_uniform};
///
/// let stream = Stream { seed: 1, group: 0, number: 0 };
/// let (mut all, mut rest) = ([0.0; 100], [0.0; 68]);
/// fill_uniform(stream, 5, 0, &mut all);
/// fill_uniform(stream, 5, 32, &mut rest);
/// assert_eq!(all[32..], rest);
/// ```
///
/// # Panics
/// When `first` is no multiple of 32.
pub fn fill_uniform(stream: Stream, tick: u64, first: usize, out: &mut [f64]) {
    assert!(first.is_multiple_of(32), "bug: random numbers begin at a multiple of 32");
    dispatch::uniform(counter(stream, tick), key(stream), first, out);
}

/// Fills `out` with normal numbers of mean 0 and variance 1; `out[k]` belongs to element `first + k`.
///
/// # Panics
/// When `first` is no multiple of 32.
pub fn fill_normal(stream: Stream, tick: u64, first: usize, out: &mut [f64]) {
    assert!(first.is_multiple_of(32), "bug: random numbers begin at a multiple of 32");
    dispatch::normal(counter(stream, tick), key(stream), first, out);
}

/// Fills `out` with Poisson counts, each of its own mean. A mean that is negative or no number gives 0; from
/// 2^53 on the count is the mean, at most the largest integer.
///
/// # Panics
/// When the two are not equally long.
pub fn fill_poisson(stream: Stream, tick: u64, first: usize, means: &[f64], out: &mut [i64]) {
    assert_eq!(means.len(), out.len(), "bug: as many means as counts");
    let mut known = Mean::new(0.0);
    for (place, (to, &mean)) in out.iter_mut().zip(means).enumerate() {
        if !known.is(mean) {
            known = Mean::new(mean);
        }
        *to = count(stream, tick, first + place, &known);
    }
}

/// The uniform number of one element.
pub fn uniform(stream: Stream, tick: u64, element: usize) -> f64 {
    let mut group = [0.0; 16];
    dispatch::uniform(counter(stream, tick), key(stream), element & !15, &mut group);
    group[element & 15]
}

/// The normal number of one element.
pub fn normal(stream: Stream, tick: u64, element: usize) -> f64 {
    let mut group = [0.0; 32];
    dispatch::normal(counter(stream, tick), key(stream), element & !31, &mut group);
    group[element & 31]
}

/// The Poisson count of one element.
pub fn poisson(stream: Stream, tick: u64, element: usize, mean: f64) -> i64 {
    count(stream, tick, element, &Mean::new(mean))
}

fn count(stream: Stream, tick: u64, element: usize, mean: &Mean) -> i64 {
    let [_, low, high, number] = counter(stream, tick);
    mean.count(|attempt| {
        let counter = [element as u64 & LOW, low, high, number | u64::from(attempt & 0xff) << 24];
        let words = fill::philox(counter, key(stream));
        [fill::fraction(words[0], words[1]), fill::fraction(words[2], words[3])]
    })
}

const LOW: u64 = 0xffff_ffff;

/// The counter but for the block. Ticks stay below 2^48, so that the group fits above their high part.
fn counter(stream: Stream, tick: u64) -> [u64; 4] {
    let high = (tick >> 32 & 0xffff) | u64::from(stream.group & 0xffff) << 16;
    [0, tick & LOW, high, u64::from(stream.number)]
}

fn key(stream: Stream) -> [u64; 2] {
    [stream.seed & LOW, stream.seed >> 32]
}
