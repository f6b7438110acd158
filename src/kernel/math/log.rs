//! `log`, `log1p` and `log10`.
//!
//! As in fdlibm: x = 2^k m with m between sqrt(1/2) and sqrt(2), f = m - 1, s = f/(2 + f), and
//! log m = f - (f²/2 - s*(f²/2 + R(s²))) with R from log((1 + s)/(1 - s)) = 2s + s*R(s²).

use super::super::{Binary, Builder, Shift, Value};
use super::{ROUNDER, polynomial::polynomial};

const LN2: [f64; 2] = [0.6931471805599453, 2.3190468138462996e-17];
/// log10 2 with 42 digits, so that its product with an exponent is exact, and the rest.
const LOG10_2: [f64; 2] = [0.30102999566383914, 1.42050232272661e-13];
/// log10 e rounded, and the rest.
const LOG10_E: [f64; 2] = [0.4342944819032518, 1.098319650216765e-17];

/// R(z)/z for z up to (3 - 2*sqrt(2))²; leaves a relative error of 4.5e-18.
const SERIES: [f64; 7] = [
    0.666666666666667,
    0.3999999999989985,
    0.28571428625926704,
    0.22222211136316405,
    0.18182889232562616,
    0.15331714260803295,
    0.14616566101988804,
];

/// log x, within 0.85 ulp.
pub(in crate::kernel) fn log(b: &mut Builder, x: Value) -> Value {
    let parts = Parts::new(b, x);
    let result = log_of_parts(b, &parts);
    edges(b, x, x, result)
}

fn log_of_parts(b: &mut Builder, parts: &Parts) -> Value {
    let curve = Curve::new(b, parts.fraction);
    let [high, low] = LN2.map(|part| b.float(part));
    let small = b.mul(parts.exponent, low);
    let rest = curve.log(b, small);
    b.fma(parts.exponent, high, rest)
}

/// log(1 + x), within 0.87 ulp.
///
/// With u = 1 + x rounded and c its rounding error, log(1 + x) = log u + c/u + ….
pub(in crate::kernel) fn log1p(b: &mut Builder, x: Value) -> Value {
    let (one, rounder) = (b.float(1.0), b.float(ROUNDER));
    let sum = b.add(one, x);
    // Knuth's sum without error, as x may be larger or smaller than 1.
    let x_part = b.sub(sum, one);
    let one_part = b.sub(sum, x_part);
    let one_lost = b.sub(one, one_part);
    let x_lost = b.sub(x, x_part);
    let lost = b.add(one_lost, x_lost);
    let correction = b.div(lost, sum);
    let parts = Parts::of_normal(b, sum, rounder);
    let curve = Curve::new(b, parts.fraction);
    let [high, low] = LN2.map(|part| b.float(part));
    let small = b.fma(parts.exponent, low, correction);
    let rest = curve.log(b, small);
    let result = b.fma(parts.exponent, high, rest);
    let result = edges(b, sum, x, result);
    keep_tiny(b, x, result)
}

/// `x` itself where it is below 2^-54 and so its own log1p, zeros of either sign included.
fn keep_tiny(b: &mut Builder, x: Value, result: Value) -> Value {
    let (magnitude, limit) = (b.abs(x), b.float(5.551115123125783e-17)); // 2^-54
    let is_tiny = b.less(magnitude, limit);
    b.select(is_tiny, x, result)
}

/// log10 x, within 0.67 ulp, exact at powers of ten.
///
/// log10 x = k*log10 2 + log m * log10 e, summed as pairs.
pub(in crate::kernel) fn log10(b: &mut Builder, x: Value) -> Value {
    let parts = Parts::new(b, x);
    let curve = Curve::new(b, parts.fraction);
    // log m = high + low without the rounding error of high
    let half_square = b.negate(curve.half_square);
    let log_m = super::fast_sum(b, parts.fraction, half_square);
    let low = b.fma(curve.ratio, curve.bend, log_m.low);
    let [log10_e, log10_e_low] = LOG10_E.map(|part| b.float(part));
    let product = super::exact_product(b, log_m.high, log10_e);
    let low = b.fma(low, log10_e, product.low);
    let low = b.fma(log_m.high, log10_e_low, low);
    let [log10_2, log10_2_low] = LOG10_2.map(|part| b.float(part));
    let low = b.fma(parts.exponent, log10_2_low, low);
    let whole = b.mul(parts.exponent, log10_2);
    let sum = super::fast_sum(b, whole, product.high);
    let low = b.add(low, sum.low);
    let result = b.add(sum.high, low);
    edges(b, x, x, result)
}

/// The logarithm where `inside` is positive and finite; -∞ at 0, NaN below, and `x` where that is
/// ∞ or NaN.
fn edges(b: &mut Builder, inside: Value, x: Value, result: Value) -> Value {
    let (zero, infinity) = (b.float(0.0), b.float(f64::INFINITY));
    let (minus_infinity, nan) = (b.float(f64::NEG_INFINITY), b.float(f64::NAN));
    let finite = b.less(inside, infinity);
    let result = b.select(finite, result, x);
    let is_zero = b.equal(inside, zero);
    let edge = b.select(is_zero, minus_infinity, nan);
    let positive = b.less(zero, inside);
    b.select(positive, result, edge)
}

/// A positive number as 2^exponent * (1 + fraction).
pub(super) struct Parts {
    /// An integer, as a float.
    pub(super) exponent: Value,
    /// From sqrt(1/2) - 1 to sqrt(2) - 1, exact.
    pub(super) fraction: Value,
}

/// The bits of sqrt(1/2).
const ROOT_HALF: i64 = 0x3fe6_a09e_667f_3bcd;

impl Parts {
    /// Takes apart any positive number.
    pub(super) fn new(b: &mut Builder, x: Value) -> Self {
        let (smallest, enlarge) = (b.float(f64::MIN_POSITIVE), b.float(18014398509481984.0)); // 2^54
        let is_denormal = b.less(x, smallest);
        let enlarged = b.mul(x, enlarge);
        let normal = b.select(is_denormal, enlarged, x);
        let (rounder, enlarged_rounder) = (b.float(ROUNDER), b.float(ROUNDER + 54.0));
        let rounder = b.select(is_denormal, enlarged_rounder, rounder);
        Parts::of_normal(b, normal, rounder)
    }

    /// Takes apart a normal number; `rounder` is [`ROUNDER`] and what to take off the exponent.
    fn of_normal(b: &mut Builder, x: Value, rounder: Value) -> Self {
        let (bits, root_half, one) = (b.to_bits(x), b.int(ROOT_HALF), b.float(1.0));
        let above = b.binary(Binary::IntSubtract, bits, root_half);
        let exponent = b.shift(Shift::RightSigned, above, 52);
        let exponent_bits = b.shift(Shift::Left, exponent, 52);
        let mantissa = b.binary(Binary::IntSubtract, bits, exponent_bits);
        let mantissa = b.from_bits(mantissa);
        // An integer becomes a float by being added to the last bits of the rounder.
        let rounder_bits = b.int(ROUNDER.to_bits().cast_signed());
        let shifted = b.binary(Binary::IntAdd, exponent, rounder_bits);
        let shifted = b.from_bits(shifted);
        Parts { exponent: b.sub(shifted, rounder), fraction: b.sub(mantissa, one) }
    }
}

/// log(1 + f) = f - (f²/2 - s*(f²/2 + R))
struct Curve {
    fraction: Value,
    /// s
    ratio: Value,
    /// f²/2
    half_square: Value,
    /// f²/2 + R
    bend: Value,
}

impl Curve {
    fn new(b: &mut Builder, fraction: Value) -> Self {
        let (two, half) = (b.float(2.0), b.float(0.5));
        let sum = b.add(two, fraction);
        let ratio = b.div(fraction, sum);
        let square = b.mul(ratio, ratio);
        let fourth = b.mul(square, square);
        let series = polynomial(b, square, fourth, &SERIES);
        let half_fraction = b.mul(half, fraction);
        let half_square = b.mul(half_fraction, fraction);
        let bend = b.fma(square, series, half_square);
        Curve { fraction, ratio, half_square, bend }
    }

    /// log(1 + f) + small, added from the smallest up.
    fn log(&self, b: &mut Builder, small: Value) -> Value {
        let low = b.fma(self.ratio, self.bend, small);
        let low = b.sub(self.half_square, low);
        b.sub(self.fraction, low)
    }
}
