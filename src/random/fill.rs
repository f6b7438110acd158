//! Philox on several blocks side by side, and columns filled from it. Everything is inlined into the
//! variants of `dispatch`, where the compiler turns the inner loops into vectors.

use super::normal::{radius, split, turn};

/// Blocks side by side; the mapping of elements to blocks depends on it.
const LANES: usize = 8;

/// Blocks of one batch: more are hardly faster, and short columns gain from fewer.
const BATCH: usize = 32;

const LOW: u64 = 0xffff_ffff;
const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u64; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// Ten rounds; words of 32 bits, each in 64.
#[inline(always)]
pub(super) fn philox(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
    rounds([counter], key)[0].map(|word| word & LOW)
}

/// The same on several blocks in step. The high halves of the words and of the key are garbage: a product takes the
/// low half of its factor only, and the last words are masked by whoever reads them.
#[inline(always)]
fn rounds<const N: usize>(mut blocks: [[u64; 4]; N], mut key: [u64; 2]) -> [[u64; 4]; N] {
    for _ in 0..10 {
        for [a, b, c, d] in &mut blocks {
            let one = (*a & LOW) * MULTIPLIERS[0];
            let two = (*c & LOW) * MULTIPLIERS[1];
            (*a, *b) = (two >> 32 ^ *b ^ key[0], two);
            (*c, *d) = (one >> 32 ^ *d ^ key[1], one);
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    blocks
}

/// The words of the blocks from `block` on, those of each place together. Rounds wait for each other, so that the
/// processor is busier with two vectors at once.
#[inline(always)]
fn blocks<const N: usize>(counter: [u64; 4], key: [u64; 2], block: usize, words: &mut [[u64; N]; 4]) {
    let start = |lane: usize| [block as u64 + lane as u64, counter[1], counter[2], counter[3]];
    for lane in 0..N / 2 {
        let [one, other] = rounds([start(lane), start(lane + N / 2)], key);
        for word in 0..4 {
            words[word][lane] = one[word];
            words[word][lane + N / 2] = other[word];
        }
    }
}

/// The highest 52 of 64 random bits as a number in [0, 1).
#[inline(always)]
pub(super) fn fraction(high: u64, low: u64) -> f64 {
    let mantissa = (high << 20 | (low & LOW) >> 12) & ((1 << 52) - 1);
    f64::from_bits(0x3ff << 52 | mantissa) - 1.0
}

/// Uniform numbers of the elements from `first` on, which is a multiple of 16.
#[inline(always)]
pub(super) fn uniform(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
    let whole = out.len() / (2 * BATCH) * (2 * BATCH);
    let (batches, rest) = out.split_at_mut(whole);
    uniforms::<BATCH>(counter, key, first / 2, batches);
    uniforms::<LANES>(counter, key, (first + whole) / 2, rest);
}

#[inline(always)]
fn uniforms<const N: usize>(counter: [u64; 4], key: [u64; 2], block: usize, out: &mut [f64]) {
    if out.is_empty() {
        return;
    }
    let (mut words, mut values) = ([[0; N]; 4], [[0.0; N]; 2]);
    for (number, chunk) in out.chunks_mut(2 * N).enumerate() {
        blocks(counter, key, block + number * N, &mut words);
        for part in 0..2 {
            for lane in 0..N {
                values[part][lane] = fraction(words[2 * part][lane], words[2 * part + 1][lane]);
            }
        }
        weave(&values, chunk);
    }
}

/// Normal numbers of the elements from `first` on, which is a multiple of 32.
#[inline(always)]
pub(super) fn normal(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
    let whole = out.len() / (4 * BATCH) * (4 * BATCH);
    let (batches, rest) = out.split_at_mut(whole);
    normals::<BATCH>(counter, key, first / 4, batches);
    normals::<LANES>(counter, key, (first + whole) / 4, rest);
}

/// In several passes, since the processor overlaps more steps of a short loop.
#[inline(always)]
fn normals<const N: usize>(counter: [u64; 4], key: [u64; 2], block: usize, out: &mut [f64]) {
    if out.is_empty() {
        return;
    }
    let (mut words, mut values) = ([[0; N]; 4], [[0.0; N]; 4]);
    let (mut exponents, mut fractions, mut radii) = ([0.0; N], [0.0; N], [0.0; N]);
    for (number, chunk) in out.chunks_mut(4 * N).enumerate() {
        blocks(counter, key, block + number * N, &mut words);
        for half in 0..2 {
            for lane in 0..N {
                (exponents[lane], fractions[lane]) = split(words[2 * half][lane], words[2 * half + 1][lane]);
            }
            for lane in 0..N {
                radii[lane] = radius(exponents[lane], fractions[lane]);
            }
            for lane in 0..N {
                let (sine, cosine) = turn(words[2 * half + 1][lane]);
                values[2 * half][lane] = radii[lane] * cosine;
                values[2 * half + 1][lane] = radii[lane] * sine;
            }
        }
        weave(&values, chunk);
    }
}

/// Eight of each part in turn, as many as fit.
#[inline(always)]
fn weave<const N: usize, const P: usize>(parts: &[[f64; N]; P], out: &mut [f64]) {
    if out.len() == P * N {
        for (group, to) in out.chunks_exact_mut(P * LANES).enumerate() {
            for part in 0..P {
                to[part * LANES..][..LANES].copy_from_slice(&parts[part][group * LANES..][..LANES]);
            }
        }
    } else {
        for (place, to) in out.iter_mut().enumerate() {
            *to = parts[place / LANES % P][place / (P * LANES) * LANES + place % LANES];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that its authors publish for Philox 4x32-10.
    #[test]
    fn philox_gives_the_published_answers() {
        let cases: [([u64; 4], [u64; 2], [u64; 4]); 3] = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([LOW; 4], [LOW; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox(counter, key), expected);
        }
    }
}
