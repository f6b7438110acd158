//! `sinh`, `cosh` and `tanh`, from e^x and e^x - 1.

use super::super::{Builder, Type, Value};
use super::exp::{LARGER, SMALL_ONE, SmallExpm1, quarter_exp};
use super::{Pair, divide, fast_sum, with_sign_of};

/// sinh x = (E + E/(E + 1))/2 with E = e^|x| - 1, within 1.94 ulp.
pub(super) fn sinh(b: &mut Builder, x: Value) -> Value {
    let magnitude = b.abs(x);
    let small = SmallExpm1::new(b, magnitude);
    let sum = fast_sum(b, small.high, small.low);
    let (unit, half_larger, half) = (b.float_as(x, SMALL_ONE), b.float_as(x, LARGER / 2.0), b.float_as(x, 0.5));
    let half_growing = b.mul(sum.high, half_larger);
    let divisor = b.add(sum.high, unit);
    let quotient = b.div(sum.high, divisor);
    let half_quotient = b.mul(quotient, half);
    // The rounding error of E counts 1 where E is small and 1/2 where it is large.
    let weight = b.float_as(x, LARGER * 0.75);
    let rest = b.fma(sum.low, weight, half_quotient);
    let result = b.add(half_growing, rest);
    let result = b.select(small.is_tiny, magnitude, result);
    with_sign_of(b, result, x)
}

/// cosh x = 2Q + 1/(8Q) with Q = e^|x| / 4, within 1.27 ulp.
pub(super) fn cosh(b: &mut Builder, x: Value) -> Value {
    let magnitude = b.abs(x);
    let quarter = quarter_exp(b, magnitude);
    let (two, eighth) = (b.float_as(x, 2.0), b.float_as(x, 0.125));
    let decaying = b.div(eighth, quarter);
    b.fma(quarter, two, decaying)
}

/// tanh |x| = -E/(E + 2) with E = e^(-2|x|) - 1, within 0.98 ulp.
///
/// Numerator and divisor are pairs, and one step of Newton's method corrects the quotient.
pub(super) fn tanh(b: &mut Builder, x: Value) -> Value {
    let magnitude = b.abs(x);
    let minus_two = b.float_as(x, -2.0);
    let exponent = b.mul(magnitude, minus_two);
    let small = SmallExpm1::new(b, exponent);
    // Where 2^k is so small that 2^k - 1 rounds, what it loses may be half an ulp.
    let minus_unit = b.float_as(x, -SMALL_ONE);
    let lost = b.sub(minus_unit, small.start);
    let lost = b.add(lost, small.scale);
    let low = b.add(small.low, lost);
    let numerator = fast_sum(b, small.high, low);
    let two = b.float_as(x, 2.0 * SMALL_ONE);
    let divisor = fast_sum(b, two, numerator.high);
    let divisor = Pair { high: divisor.high, low: b.add(divisor.low, numerator.low) };
    let quotient = divide(b, numerator, divisor);
    let positive = b.negate(quotient);
    // x - x³/3 is x to half an ulp.
    let limit = if b.type_of(x) == Type::F32 { 2.44140625e-4 } else { 7.450580596923828e-09 }; // 2^-12, 2^-27
    let limit = b.float_as(x, limit);
    let is_tiny = b.less(magnitude, limit);
    let result = b.select(is_tiny, magnitude, positive);
    with_sign_of(b, result, x)
}
