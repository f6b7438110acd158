//! `x^y`.
//!
//! |x|^y = e^(y log |x|) with the logarithm as a pair of about 2^-65 relative error, which the
//! exponent can magnify by 745. The special cases are those of C99's `pow`, Annex F.9.4.4.

use super::super::{Binary, Builder, Unary, Value};
use super::log::Parts;
use super::{Pair, exact_product, exp::exp_of_pair, fast_sum, flip_sign, polynomial::polynomial};

/// ln 2 with 42 digits, so that its product with an exponent is exact, and the rest.
const LN2: [f64; 2] = [0.6931471805598903, 5.497923018708371e-14];
/// 2/3 rounded, and the rest.
const TWO_THIRDS: [f64; 2] = [0.6666666666666666, 3.700743415417188e-17];

/// (log((1 + s)/(1 - s))/s - 2 - 2/3 s²)/s⁴ as a polynomial in s², for |s| <= 3 - 2*sqrt(2); leaves
/// a relative error of the logarithm of 1.5e-21.
const SERIES: [f64; 8] = [
    0.4,
    0.2857142857142631,
    0.22222222222778967,
    0.18181818153467794,
    0.15384610086198125,
    0.13334131515416459,
    0.1172149374765666,
    0.11584871580038107,
];

/// x^y, within 0.91 ulp; the small whole exponents within 1.92 ulp.
pub(super) fn power(b: &mut Builder, x: Value, y: Value) -> Value {
    match b.constant(y).map(f64::from_bits) {
        Some(exponent) => constant_power(b, x, exponent).unwrap_or_else(|| general_power(b, x, y)),
        None => general_power(b, x, y),
    }
}

/// Exponents that take only a few instructions.
#[allow(clippy::float_cmp, reason = "these exponents exactly")]
fn constant_power(b: &mut Builder, x: Value, exponent: f64) -> Option<Value> {
    let one = b.float(1.0);
    Some(match exponent {
        0.0 => one,
        1.0 => x,
        2.0 => b.mul(x, x),
        3.0 => {
            let square = b.mul(x, x);
            b.mul(square, x)
        }
        4.0 => {
            let square = b.mul(x, x);
            b.mul(square, square)
        }
        -1.0 => b.div(one, x),
        -2.0 => {
            let reciprocal = b.div(one, x);
            b.mul(reciprocal, reciprocal)
        }
        0.5 => square_root(b, x),
        _ => return None,
    })
}

/// x^0.5, which differs from the square root at -0 and -∞.
fn square_root(b: &mut Builder, x: Value) -> Value {
    let (zero, infinity, minus_infinity) = (b.float(0.0), b.float(f64::INFINITY), b.float(f64::NEG_INFINITY));
    let root = b.unary(Unary::Sqrt, x);
    let root = b.add(root, zero);
    let lowest = b.equal(x, minus_infinity);
    b.select(lowest, infinity, root)
}

fn general_power(b: &mut Builder, x: Value, y: Value) -> Value {
    let (zero, one) = (b.float(0.0), b.float(1.0));
    let magnitude = b.abs(x);
    let exponent = exponent_of_e(b, magnitude, y);
    let power = exp_of_pair(b, exponent);
    // 1^±∞ would be e^NaN.
    let is_one = b.equal(magnitude, one);
    let power = b.select(is_one, one, power);
    let signed = with_parity(b, x, y, power);
    let is_unit_base = b.equal(x, one);
    let is_zero_exponent = b.equal(y, zero);
    let always_one = b.binary(Binary::Or, is_unit_base, is_zero_exponent);
    b.select(always_one, one, signed)
}

/// `power` with the sign of x where y is odd; NaN where y is no integer and x is negative, or NaN.
fn with_parity(b: &mut Builder, x: Value, y: Value, power: Value) -> Value {
    let (zero, half) = (b.float(0.0), b.float(0.5));
    let (nan, minus_infinity) = (b.float(f64::NAN), b.float(f64::NEG_INFINITY));
    let whole = is_integer(b, y);
    let half_y = b.mul(y, half);
    let even = is_integer(b, half_y);
    let sign = super::sign_bit(b, x);
    let none = b.int(0);
    let not_even = b.unary(Unary::Not, even);
    let odd = b.binary(Binary::And, whole, not_even);
    let sign = b.select(odd, sign, none);
    let signed = flip_sign(b, power, sign);
    // Zero and -∞ have powers for all y, NaN passes through `power`.
    let below_zero = b.less(x, zero);
    let finite = b.less(minus_infinity, x);
    let negative = b.binary(Binary::And, below_zero, finite);
    let not_whole = b.unary(Unary::Not, whole);
    let invalid = b.binary(Binary::And, negative, not_whole);
    b.select(invalid, nan, signed)
}

/// Whether y is an integer, which infinities count as.
fn is_integer(b: &mut Builder, y: Value) -> Value {
    let whole = b.unary(Unary::Trunc, y);
    b.equal(whole, y)
}

/// y log x for x >= 0. Beyond what `exp` tells apart the low part is 0: there it could be NaN.
fn exponent_of_e(b: &mut Builder, x: Value, y: Value) -> Pair {
    let logarithm = log_pair(b, x);
    let product = exact_product(b, y, logarithm.high);
    let low = b.fma(y, logarithm.low, product.low);
    let (limit, zero) = (b.float(800.0), b.float(0.0));
    let size = b.abs(product.high);
    let moderate = b.less(size, limit);
    Pair { high: product.high, low: b.select(moderate, low, zero) }
}

/// log x for x >= 0; -∞ at 0, and x where that is ∞ or NaN.
fn log_pair(b: &mut Builder, x: Value) -> Pair {
    let parts = Parts::new(b, x);
    let mantissa = log_of_mantissa(b, parts.fraction);
    let [ln2, ln2_low] = LN2.map(|part| b.float(part));
    let whole = b.mul(parts.exponent, ln2);
    let sum = fast_sum(b, whole, mantissa.high);
    let low = b.fma(parts.exponent, ln2_low, mantissa.low);
    let low = b.add(low, sum.low);
    let sum = fast_sum(b, sum.high, low);
    let (zero, infinity, minus_infinity) = (b.float(0.0), b.float(f64::INFINITY), b.float(f64::NEG_INFINITY));
    let is_finite = b.less(x, infinity);
    let is_zero = b.equal(x, zero);
    let high = b.select(is_finite, sum.high, x);
    Pair { high: b.select(is_zero, minus_infinity, high), low: sum.low }
}

/// log(1 + f) = 2s + s³*(2/3 + s²*W(s²)) with s = f/(2 + f).
fn log_of_mantissa(b: &mut Builder, fraction: Value) -> Pair {
    let two = b.float(2.0);
    let ratio = ratio(b, fraction);
    let square = pair_product(b, ratio, ratio);
    let fourth = b.mul(square.high, square.high);
    let series = polynomial(b, square.high, fourth, &SERIES);
    let series = b.mul(square.high, series);
    let [two_thirds, two_thirds_low] = TWO_THIRDS.map(|part| b.float(part));
    let bend = fast_sum(b, two_thirds, series);
    let bend = Pair { high: bend.high, low: b.add(bend.low, two_thirds_low) };
    let cube = pair_product(b, ratio, square);
    let bend = pair_product(b, cube, bend);
    let doubled = b.mul(ratio.high, two);
    let sum = fast_sum(b, doubled, bend.high);
    let low = b.fma(ratio.low, two, bend.low);
    Pair { high: sum.high, low: b.add(sum.low, low) }
}

/// f/(2 + f)
fn ratio(b: &mut Builder, fraction: Value) -> Pair {
    let two = b.float(2.0);
    let divisor = fast_sum(b, two, fraction);
    let high = b.div(fraction, divisor.high);
    let negated = b.negate(high);
    let rest = b.fma(negated, divisor.high, fraction);
    let rest = b.fma(negated, divisor.low, rest);
    Pair { high, low: b.div(rest, divisor.high) }
}

/// The product of two pairs, without the product of their low parts.
fn pair_product(b: &mut Builder, x: Pair, y: Pair) -> Pair {
    let product = exact_product(b, x.high, y.high);
    let low = b.fma(x.high, y.low, product.low);
    Pair { high: product.high, low: b.fma(x.low, y.high, low) }
}
