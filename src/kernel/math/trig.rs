//! `sin`, `cos` and `tan`.
//!
//! After the reduction to a rest r + r' of at most π/4, both sine and cosine of the rest are
//! computed, and the quarter turns choose one and its sign. The same argument's sine and cosine
//! share everything but that choice.

use super::super::{Binary, Builder, Shift, Value};
use super::reduce::Angle;
use super::{Pair, divide, fast_sum, flip_sign, polynomial::polynomial};

/// (sin r / r - 1)/r² as a polynomial in r²; leaves a relative error of 1.5e-17.
const SINE: [f64; 6] = [
    -0.16666666666666666,
    0.008333333333331281,
    -0.0001984126983703794,
    2.755731619874667e-06,
    -2.505114636178957e-08,
    1.5918926040206665e-10,
];

/// (cos r - 1 + r²/2)/r⁴ as a polynomial in r²; leaves a relative error of 6.4e-19.
const COSINE: [f64; 6] = [
    0.041666666666666664,
    -0.0013888888888887048,
    2.480158729843887e-05,
    -2.7557317147223234e-07,
    2.087612556920647e-09,
    -1.1381383334566321e-11,
];

/// sin x, within 0.80 ulp for every x.
pub(super) fn sin(b: &mut Builder, x: Value) -> Value {
    let angle = Angle::of_radians(b, x);
    let result = sine(b, &angle);
    keep_tiny(b, x, result)
}

/// cos x, within 0.81 ulp for every x.
pub(super) fn cos(b: &mut Builder, x: Value) -> Value {
    let angle = Angle::of_radians(b, x);
    cosine(b, &angle)
}

/// tan x, within 1.08 ulp for every x.
pub(super) fn tan(b: &mut Builder, x: Value) -> Value {
    let angle = Angle::of_radians(b, x);
    let (sine, cosine) = sine_and_cosine(b, angle.rest);
    let sine = fast_sum(b, sine.high, sine.low);
    let cosine = fast_sum(b, cosine.high, cosine.low);
    let odd = is_odd(b, angle.quarters);
    let numerator = choose(b, odd, cosine, sine);
    let divisor = choose(b, odd, sine, cosine);
    let quotient = divide(b, numerator, divisor);
    let sign = b.shift(Shift::Left, angle.quarters, 63);
    let result = flip_sign(b, quotient, sign);
    keep_tiny(b, x, result)
}

/// `x` itself where it is below 2^-27 and so its own sine and tangent, zeros of either sign included.
fn keep_tiny(b: &mut Builder, x: Value, result: Value) -> Value {
    let (magnitude, limit) = (b.abs(x), b.float(7.450580596923828e-09)); // 2^-27
    let is_tiny = b.less(magnitude, limit);
    b.select(is_tiny, x, result)
}

fn sine(b: &mut Builder, angle: &Angle) -> Value {
    quarter_choice(b, angle, angle.quarters)
}

/// cos x is the sine one quarter turn on.
fn cosine(b: &mut Builder, angle: &Angle) -> Value {
    let one = b.int(1);
    let next = b.binary(Binary::IntAdd, angle.quarters, one);
    quarter_choice(b, angle, next)
}

/// sin(rest + quarters*π/2)
fn quarter_choice(b: &mut Builder, angle: &Angle, quarters: Value) -> Value {
    let (sine, cosine) = sine_and_cosine(b, angle.rest);
    let odd = is_odd(b, quarters);
    let chosen = choose(b, odd, cosine, sine);
    let chosen = b.add(chosen.high, chosen.low);
    let mask = b.int(super::SIGN);
    let sign = b.shift(Shift::Left, quarters, 62);
    let sign = b.binary(Binary::IntAnd, sign, mask);
    flip_sign(b, chosen, sign)
}

fn choose(b: &mut Builder, condition: Value, yes: Pair, no: Pair) -> Pair {
    Pair { high: b.select(condition, yes.high, no.high), low: b.select(condition, yes.low, no.low) }
}

fn is_odd(b: &mut Builder, integer: Value) -> Value {
    let one = b.int(1);
    let last = b.binary(Binary::IntAnd, integer, one);
    b.equal(last, one)
}

/// Sine and cosine of a rest of at most π/4, as in fdlibm's kernels.
fn sine_and_cosine(b: &mut Builder, rest: Pair) -> (Pair, Pair) {
    let square = b.mul(rest.high, rest.high);
    let fourth = b.mul(square, square);
    let minus_half = b.float(-0.5);
    let minus_half_square = b.mul(minus_half, square);
    (
        sine_of_rest(b, rest, square, fourth, minus_half_square),
        cosine_of_rest(b, rest, square, fourth, minus_half_square),
    )
}

/// r + (r³*S(r²) + r'*(1 - r²/2))
fn sine_of_rest(b: &mut Builder, rest: Pair, square: Value, fourth: Value, minus_half_square: Value) -> Pair {
    let series = polynomial(b, square, fourth, &SINE);
    let cube = b.mul(square, rest.high);
    let low = b.fma(minus_half_square, rest.low, rest.low);
    Pair { high: rest.high, low: b.fma(cube, series, low) }
}

/// (1 - r²/2) + (its rounding error + (r⁴*C(r²) - r*r'))
fn cosine_of_rest(b: &mut Builder, rest: Pair, square: Value, fourth: Value, minus_half_square: Value) -> Pair {
    let series = polynomial(b, square, fourth, &COSINE);
    let one = b.float(1.0);
    let start = fast_sum(b, one, minus_half_square);
    let negated = b.negate(rest.high);
    let low = b.fma(negated, rest.low, start.low);
    Pair { high: start.high, low: b.fma(fourth, series, low) }
}
