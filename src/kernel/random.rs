//! Random numbers as a function of seed, stream, element and tick.
//!
//! Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3")
//! turns a counter of four 32-bit words, here (element, tick low, tick high and group, stream), and a key of
//! two, here the seed, into four random words. There is no state, so any element at any tick can be
//! computed at any place.

use super::abi::{Storage, UniformId};
use super::{Binary, Builder, Distribution, Inst, Kernel, Math, Shift, Unary, Value};

/// The kernel with its random numbers spelled in arithmetic and functions; takes one that is all
/// body. `group` keeps the streams of different groups apart.
pub fn draw(kernel: &Kernel, storage: &Storage, seed: UniformId, group: u32) -> Kernel {
    let mut builder = Builder::new(kernel.name.clone(), storage);
    let mut image: Vec<Value> = Vec::with_capacity(kernel.insts.len());
    for inst in &kernel.insts {
        let new = match *inst {
            Inst::Random(distribution, stream) => {
                let (stream, group) = (builder.int(i64::from(stream)), builder.int(i64::from(group & 0xffff) << 16));
                let seed = builder.uniform(seed);
                number(&mut builder, distribution, seed, stream, group)
            }
            inst => builder.push(inst.map(|operand| image[operand.index()])),
        };
        image.push(new);
    }
    builder.finish()
}

/// Ticks stay below 2^48, so that the group fits above the high part of the tick.
fn number(b: &mut Builder<'_>, distribution: Distribution, seed: Value, stream: Value, group: Value) -> Value {
    let (element, tick) = (b.index(), b.tick());
    let high = b.shift(Shift::Right, tick, 32);
    let counter = [element, low(b, tick), b.binary(Binary::IntOr, high, group), stream];
    let key = [low(b, seed), b.shift(Shift::Right, seed, 32)];
    let words = philox(b, counter, key);
    let first = fraction(b, words[0], words[1]);
    match distribution {
        Distribution::Uniform => first,
        Distribution::Normal => {
            let second = fraction(b, words[2], words[3]);
            normal(b, first, second)
        }
    }
}

/// Box & Muller 1958; `1 - first` is never 0.
fn normal(b: &mut Builder<'_>, first: Value, second: Value) -> Value {
    let (one, minus_two, turn) = (b.float(1.0), b.float(-2.0), b.float(std::f64::consts::TAU));
    let complement = b.sub(one, first);
    let log = b.math(Math::Log, complement);
    let square = b.mul(minus_two, log);
    let radius = b.unary(Unary::Sqrt, square);
    let angle = b.mul(turn, second);
    let cosine = b.math(Math::Cos, angle);
    b.mul(radius, cosine)
}

/// The highest 52 of 64 random bits as a number in [0, 1).
fn fraction(b: &mut Builder<'_>, high: Value, low: Value) -> Value {
    let high = b.shift(Shift::Left, high, 20);
    let low = b.shift(Shift::Right, low, 12);
    let mantissa = b.binary(Binary::IntOr, high, low);
    let exponent = b.int(0x3ff << 52);
    let bits = b.binary(Binary::IntOr, mantissa, exponent);
    let (from_one, one) = (b.from_bits(bits), b.float(1.0));
    b.sub(from_one, one)
}

const MULTIPLIERS: [i64; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [i64; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// Ten rounds on words of 32 bits, each in an i64.
fn philox(b: &mut Builder<'_>, mut counter: [Value; 4], mut key: [Value; 2]) -> [Value; 4] {
    for round in 0..10 {
        if round > 0 {
            for (word, weyl) in key.iter_mut().zip(WEYL) {
                let weyl = b.int(weyl);
                let sum = b.binary(Binary::IntAdd, *word, weyl);
                *word = low(b, sum);
            }
        }
        let [a, c] = [(counter[0], MULTIPLIERS[0]), (counter[2], MULTIPLIERS[1])].map(|(word, multiplier)| {
            let multiplier = b.int(multiplier);
            b.binary(Binary::IntMultiply, word, multiplier)
        });
        let (a_high, c_high) = (b.shift(Shift::Right, a, 32), b.shift(Shift::Right, c, 32));
        let first = b.binary(Binary::IntXor, c_high, counter[1]);
        let third = b.binary(Binary::IntXor, a_high, counter[3]);
        let (first, third) = (b.binary(Binary::IntXor, first, key[0]), b.binary(Binary::IntXor, third, key[1]));
        counter = [first, low(b, c), third, low(b, a)];
    }
    counter
}

fn low(b: &mut Builder<'_>, word: Value) -> Value {
    let mask = b.int(0xffff_ffff);
    b.binary(Binary::IntAnd, word, mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that its authors publish for Philox 4x32-10.
    #[test]
    fn philox_gives_the_published_answers() {
        let cases: [([i64; 4], [i64; 2], [i64; 4]); 3] = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([0xffff_ffff; 4], [0xffff_ffff; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        let storage = Storage::default();
        for (counter, key, expected) in cases {
            let mut b = Builder::new("philox", &storage);
            let (counter, key) = (counter.map(|word| b.int(word)), key.map(|word| b.int(word)));
            let words = philox(&mut b, counter, key);
            assert_eq!(words.map(|word| b.constant(word)), expected.map(|word| Some(word.cast_unsigned())));
        }
    }
}
