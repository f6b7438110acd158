//! `exp`, `expm1` and `exprel`.
//!
//! Cody & Waite 1980: x = k*ln 2 + r with |r| <= ln 2 / 2, so that e^x = 2^k e^r. The fused
//! multiply-add makes x - k*(ln 2 rounded) exact, so ln 2 needs no shortened first part.

use super::super::{Binary, Builder, Shift, Type, Value};
use super::{Pair, ROUNDER, polynomial::polynomial};

const LOG2_E: f64 = 1.4426950408889634;

/// What of the definitions depends on the size of a float.
struct Format {
    /// ln 2 rounded, and the rest.
    ln2: [f64; 2],
    /// (e^r - 1 - r)/r² for |r| <= ln 2 / 2.
    tail: &'static [f64],
    /// Added to a small float, it rounds it to an integer that stands in the low bits of the sum.
    rounder: f64,
    /// What is added to an exponent in memory.
    bias: f64,
    /// Bits below the exponent.
    mantissa: u8,
    /// Everything above gives an infinite [`exp`] and an infinite [`quarter_exp`].
    exp_ceiling: f64,
    /// Everything below gives 0.
    exp_floor: f64,
    /// Everything above gives an infinite [`exprel`].
    expm1_ceiling: f64,
    /// Everything below gives an [`expm1`] of -1.
    expm1_floor: f64,
    /// Everything above gives a [`bernoulli`] of 0.
    bernoulli_ceiling: f64,
    /// e^x - 1 and x are taken by so many powers of 2 smaller for [`bernoulli`].
    bernoulli_smaller: i32,
    /// How many terms the series of x/(e^x - 1) has.
    bernoulli_terms: usize,
}

/// Of the coefficients a relative error of e^r of 4.8e-18 is left.
const DOUBLE: Format = Format {
    ln2: [0.6931471805599453, 2.3190468138462996e-17],
    tail: &[
        0.5000000000000013,
        0.166666666666667,
        0.0416666666665114,
        0.008333333333307201,
        0.001388888894794245,
        0.00019841269917412807,
        2.480148906875505e-05,
        2.7557216260904212e-06,
        2.7631570407986315e-07,
        2.5117877069069264e-08,
    ],
    rounder: ROUNDER,
    bias: 1023.0,
    mantissa: 52,
    exp_ceiling: 712.0,
    exp_floor: -746.0,
    expm1_ceiling: 717.0,
    expm1_floor: -40.0,
    bernoulli_ceiling: 753.0,
    bernoulli_smaller: 64,
    bernoulli_terms: BERNOULLI.len(),
};

/// The coefficients are those of Remez' algorithm, rounded one after the other; a relative error of e^r of 3.2e-9
/// is left.
const SINGLE: Format = Format {
    ln2: [0.6931471824645996, -1.904654299957768e-9],
    tail: &[0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.008369192481040955, 0.0013838812010362744],
    rounder: 12_582_912.0, // 1.5 * 2^23
    bias: 127.0,
    mantissa: 23,
    exp_ceiling: 91.0,
    exp_floor: -105.0,
    expm1_ceiling: 96.0,
    expm1_floor: -20.0,
    bernoulli_ceiling: 110.0,
    bernoulli_smaller: 40,
    bernoulli_terms: 4,
};

impl Format {
    fn of(b: &Builder, x: Value) -> &'static Format {
        if b.type_of(x) == Type::F32 { &SINGLE } else { &DOUBLE }
    }
}

/// 2^-12: [`SmallExpm1`] is by so much smaller than e^x - 1, so that nothing overflows.
pub(super) const SMALL_ONE: f64 = 0.000244140625;
/// 2^12
pub(super) const LARGER: f64 = 4096.0;

/// e^x, within 0.88 ulp.
pub(in crate::kernel) fn exp(b: &mut Builder, x: Value) -> Value {
    scaled_exp(b, x, 0)
}

/// e^x / 4, which is finite where e^x / 2 is.
pub(super) fn quarter_exp(b: &mut Builder, x: Value) -> Value {
    scaled_exp(b, x, 2)
}

/// e^x / 2^smaller.
fn scaled_exp(b: &mut Builder, x: Value, smaller: u8) -> Value {
    let format = Format::of(b, x);
    let x = clamp(b, format.exp_floor, x, format.exp_ceiling);
    let reduced = Reduced::new(b, x, 2.0 * format.bias - f64::from(smaller));
    let tail = reduced.tail(b);
    let one = b.float_as(x, 1.0);
    let slope = b.fma(tail, reduced.rest, one);
    let power = b.fma(slope, reduced.rest, one);
    reduced.scale(b, power)
}

/// e^(high + low) for powers, where low is far smaller than high, within about 0.6 ulp.
pub(super) fn exp_of_pair(b: &mut Builder, exponent: Pair) -> Value {
    let format = Format::of(b, exponent.high);
    let high = clamp(b, format.exp_floor, exponent.high, format.exp_ceiling);
    let reduced = Reduced::new(b, high, 2.0 * format.bias).with_low(b, exponent.low);
    let tail = reduced.tail(b);
    let one = b.float_as(high, 1.0);
    let sum = super::fast_sum(b, one, reduced.head);
    let low = b.add(sum.low, reduced.correction);
    let low = b.fma(reduced.square, tail, low);
    let power = b.add(sum.high, low);
    reduced.scale(b, power)
}

/// e^x - 1, within 1.04 ulp.
pub(in crate::kernel) fn expm1(b: &mut Builder, x: Value) -> Value {
    let (small, lost_rest) = SmallExpm1::with_lost_rest(b, x);
    // Where 2^k is so large that 2^k - 1 rounds, what it loses may be half an ulp.
    let lost = b.sub(small.scale, small.start);
    let unit = b.float_as(x, SMALL_ONE);
    let lost = b.sub(lost, unit);
    let low = b.add(small.low, lost);
    let low = b.add(low, lost_rest);
    let sum = b.add(small.high, low);
    let larger = b.float_as(x, LARGER);
    let result = b.mul(sum, larger);
    b.select(small.is_tiny, x, result)
}

/// (e^x - 1)/x, 1 at 0, within 2 ulp (1.93 was the most found).
pub(in crate::kernel) fn exprel(b: &mut Builder, x: Value) -> Value {
    let ratio = Ratio::new(b, x, 12, Format::of(b, x).expm1_ceiling);
    let quotient = b.div(ratio.power, ratio.argument);
    ratio.or_one(b, quotient)
}

/// x/(e^x - 1), 1 at 0, within 2.5 ulp (2.05 was the most found): the Bernoulli function of
/// Scharfetter & Gummel 1969. A division by [`exprel`] would end with the same error.
pub(in crate::kernel) fn bernoulli(b: &mut Builder, x: Value) -> Value {
    let format = Format::of(b, x);
    let ratio = Ratio::new(b, x, format.bernoulli_smaller, format.bernoulli_ceiling);
    let quotient = b.div(ratio.argument, ratio.power);
    ratio.or_one(b, quotient)
}

/// x/(e^x - 1) where |x| < 1/2, as 1 - x/2 and a series in x²: coefficients of Bernoulli numbers over factorials
/// (Abramowitz & Stegun 1964, 23.1.1). What is left out is below 5.2e-18, after four terms below 8.2e-11.
const BERNOULLI: [f64; 7] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
];

/// Below this square the series is taken.
const NEAR_SQUARE: f64 = 0.25;
/// Of an exponential that is larger, 1 less makes no difference.
const POWER_CEILING: f64 = 1_152_921_504_606_846_976.0; // 2^60

/// x/(e^x - 1) where e^x is there, or `inverted` e^-x; its error grows by 2.6 at most.
pub(in crate::kernel) fn bernoulli_of_power(b: &mut Builder, x: Value, power: Value, inverted: bool) -> Value {
    let format = Format::of(b, x);
    let one = b.float_as(x, 1.0);
    let ceiling = b.float_as(x, format.bernoulli_ceiling);
    let below = b.min(ceiling, x);
    let quotient = if inverted {
        let ceiling = b.float_as(x, POWER_CEILING);
        let power = b.min(ceiling, power);
        let less = b.sub(one, power);
        let ratio = b.div(power, less);
        b.mul(below, ratio)
    } else {
        let less = b.sub(power, one);
        b.div(below, less)
    };
    let square = b.mul(x, x);
    let half = b.float_as(x, -0.5);
    let line = b.fma(x, half, one);
    let mut highest_first = BERNOULLI[..format.bernoulli_terms].iter().rev();
    let mut sum = b.float_as(x, highest_first.next().copied().unwrap_or(0.0));
    for &coefficient in highest_first {
        let coefficient = b.float_as(x, coefficient);
        sum = b.fma(sum, square, coefficient);
    }
    let near = b.fma(sum, square, line);
    let limit = b.float_as(x, NEAR_SQUARE);
    let is_near = b.less(square, limit);
    b.select(is_near, near, quotient)
}

/// e^x - 1 and x, both smaller by the same power of 2, so that neither overflows.
///
/// As [`SmallExpm1`], but what the sums lose is left out.
struct Ratio {
    power: Value,
    argument: Value,
    is_tiny: Value,
}

impl Ratio {
    fn new(b: &mut Builder, x: Value, smaller: i32, ceiling: f64) -> Self {
        let format = Format::of(b, x);
        let (floor, ceiling) = (b.float_as(x, format.expm1_floor), b.float_as(x, ceiling));
        let below = b.min(ceiling, x);
        let clamped = b.max(floor, below);
        let reduced = Reduced::new(b, clamped, format.bias - f64::from(smaller));
        let tail = reduced.tail(b);
        let curve = b.fma(reduced.square, tail, reduced.correction);
        let unit = f64::from_bits((1023 - u64::from(smaller.unsigned_abs())) << 52);
        let (unit, zero) = (b.float_as(x, unit), b.float_as(x, 0.0));
        let scale = power_of_two(b, reduced.biased, format);
        let start = b.sub(scale, unit);
        let line = b.fma(scale, reduced.head, start);
        let power = b.fma(scale, curve, line);
        Ratio { power, argument: b.mul(below, unit), is_tiny: b.equal(reduced.square, zero) }
    }

    /// The quotient, but 1 where x is next to 0.
    fn or_one(&self, b: &mut Builder, quotient: Value) -> Value {
        let one = b.float_as(quotient, 1.0);
        b.select(self.is_tiny, one, quotient)
    }
}

/// (e^x - 1)/2^12 as high + low, for x between -40 and 717 and clamped to those.
///
/// With s = 2^k/2^12 it is (s - 2^-12) + s*(e^r - 1). The sum of the first term and s*r is taken
/// without error, because for k = 1 the two nearly cancel.
pub(super) struct SmallExpm1 {
    /// s
    pub(super) scale: Value,
    /// s - 2^-12, rounded
    pub(super) start: Value,
    pub(super) high: Value,
    pub(super) low: Value,
    /// Whether e^x - 1 is x itself.
    pub(super) is_tiny: Value,
}

impl SmallExpm1 {
    pub(super) fn new(b: &mut Builder, x: Value) -> Self {
        let format = Format::of(b, x);
        let x = clamp(b, format.expm1_floor, x, format.expm1_ceiling);
        let reduced = Reduced::new(b, x, format.bias - 12.0);
        SmallExpm1::of_reduced(b, &reduced)
    }

    /// Gives also what is lost by taking the powers of r as it is rounded: up to a quarter ulp.
    fn with_lost_rest(b: &mut Builder, x: Value) -> (Self, Value) {
        let format = Format::of(b, x);
        let x = clamp(b, format.expm1_floor, x, format.expm1_ceiling);
        let reduced = Reduced::new(b, x, format.bias - 12.0);
        let small = SmallExpm1::of_reduced(b, &reduced);
        let taken = b.sub(reduced.head, reduced.rest);
        let lost = b.add(taken, reduced.correction);
        let slope = b.mul(small.scale, reduced.rest);
        (small, b.mul(lost, slope))
    }

    fn of_reduced(b: &mut Builder, reduced: &Reduced) -> Self {
        let tail = reduced.tail(b);
        let curve = b.fma(reduced.square, tail, reduced.correction);
        let (unit, zero) = (b.float_as(reduced.rest, SMALL_ONE), b.float_as(reduced.rest, 0.0));
        let scale = power_of_two(b, reduced.biased, reduced.format);
        let start = b.sub(scale, unit);
        let high = b.fma(scale, reduced.head, start);
        let lost = b.sub(start, high);
        let lost = b.fma(scale, reduced.head, lost);
        let low = b.fma(scale, curve, lost);
        SmallExpm1 { scale, start, high, low, is_tiny: b.equal(reduced.square, zero) }
    }
}

/// `x` between two constants; NaN stays, because it is the second operand.
fn clamp(b: &mut Builder, floor: f64, x: Value, ceiling: f64) -> Value {
    let (floor, ceiling) = (b.float_as(x, floor), b.float_as(x, ceiling));
    let below = b.min(ceiling, x);
    b.max(floor, below)
}

/// An argument as k*ln 2 + r.
struct Reduced {
    format: &'static Format,
    /// k + bias in the low bits of an integer
    biased: Value,
    /// k as a float
    k: Value,
    /// x - k*(ln 2 rounded), exact
    head: Value,
    /// what r is more than `head`
    correction: Value,
    /// r
    rest: Value,
    /// r²
    square: Value,
}

impl Reduced {
    fn new(b: &mut Builder, x: Value, bias: f64) -> Self {
        let format = Format::of(b, x);
        let (log2_e, rounder) = (b.float_as(x, LOG2_E), b.float_as(x, format.rounder + bias));
        let shifted = b.fma(x, log2_e, rounder);
        let k = b.sub(shifted, rounder);
        let [high, low] = format.ln2.map(|part| b.float_as(x, -part));
        let head = b.fma(k, high, x);
        let correction = b.mul(k, low);
        let rest = b.fma(k, low, head);
        Reduced { format, biased: b.to_bits(shifted), k, head, correction, rest, square: b.mul(rest, rest) }
    }

    /// The same for an argument that is greater by `low`.
    fn with_low(self, b: &mut Builder, low: Value) -> Self {
        let ln2_low = b.float_as(low, -self.format.ln2[1]);
        let correction = b.fma(self.k, ln2_low, low);
        let rest = b.add(self.head, correction);
        Reduced { correction, rest, square: b.mul(rest, rest), ..self }
    }

    /// (e^r - 1 - r)/r²
    fn tail(&self, b: &mut Builder) -> Value {
        polynomial(b, self.rest, self.square, self.format.tail)
    }

    /// `power * 2^k` where `biased` is k + 2 biases, in two steps of about 2^(k/2), so that neither
    /// factor overflows and only the last product rounds.
    fn scale(&self, b: &mut Builder, power: Value) -> Value {
        let half = b.shift(Shift::Right, self.biased, 1);
        let other = b.binary(Binary::IntSubtract, self.biased, half);
        let (half, other) = (power_of_two(b, half, self.format), power_of_two(b, other, self.format));
        let scaled = b.mul(power, half);
        b.mul(scaled, other)
    }
}

/// 2^(n - bias) where n, from 1 to 2 biases, stands in the low bits.
fn power_of_two(b: &mut Builder, n: Value, format: &Format) -> Value {
    let bits = b.shift(Shift::Left, n, format.mantissa);
    b.from_bits(bits)
}
