//! `arcsin`, `arccos` and `arctan`.

use super::super::{Builder, Unary, Value};
use super::{fast_sum, polynomial::polynomial, with_sign_of};

const HALF_PI: [f64; 2] = [1.5707963267948966, 6.123233995736766e-17];
const PI: [f64; 2] = [3.141592653589793, 1.2246467991473532e-16];

/// (arcsin s / s - 1)/s² as a polynomial in s² for |s| <= 1/2; leaves a relative error of 3.3e-18.
const ARCSINE: [f64; 13] = [
    0.16666666666666669,
    0.07499999999998082,
    0.04464285714685709,
    0.030381944106381387,
    0.02237217406995939,
    0.01735236866016056,
    0.013971544247536818,
    0.011476140461386142,
    0.010341531179447394,
    0.005380898238098986,
    0.017600526615501207,
    -0.015151681356226776,
    0.028955265693307204,
];

/// (arctan t / t - 1)/t² as a polynomial in t² for |t| <= tan(π/8); leaves a relative error of
/// 5.2e-18.
const ARCTANGENT: [f64; 11] = [
    -0.3333333333333333,
    0.19999999999996138,
    -0.14285714284749546,
    0.11111111020306447,
    -0.090909047453352,
    0.07692186494366143,
    -0.06664552126660037,
    0.05858463830952702,
    -0.05086939290109586,
    0.03927098022860283,
    -0.019221273043194948,
];

/// arcsin x, within 1.13 ulp.
pub(super) fn arcsin(b: &mut Builder, x: Value) -> Value {
    let magnitude = b.abs(x);
    let side = Side::new(b, magnitude);
    let zero = b.float(0.0);
    let [base, base_low] = HALF_PI.map(|part| b.float(part));
    let base = b.select(side.is_steep, base, zero);
    let base_low = b.select(side.is_steep, base_low, zero);
    let minus_two = b.float(-2.0);
    let doubled = b.mul(side.root, minus_two);
    let angle = b.select(side.is_steep, doubled, magnitude);
    let result = side.arcsine(b, [base, base_low], angle);
    with_sign_of(b, result, x)
}

/// arccos x, within 1.10 ulp.
pub(super) fn arccos(b: &mut Builder, x: Value) -> Value {
    let magnitude = b.abs(x);
    let side = Side::new(b, magnitude);
    let (zero, two) = (b.float(0.0), b.float(2.0));
    let is_negative = b.less(x, zero);
    let base = [0, 1].map(|part| {
        let (half_turn, quarter_turn) = (b.float(PI[part]), b.float(HALF_PI[part]));
        let steep = b.select(is_negative, half_turn, zero);
        b.select(side.is_steep, steep, quarter_turn)
    });
    let doubled = b.mul(side.root, two);
    let toward = with_sign_of(b, doubled, x);
    let minus_x = b.negate(x);
    let angle = b.select(side.is_steep, toward, minus_x);
    side.arcsine(b, base, angle)
}

/// Near ±1, arcsin x = π/2 - 2 arcsin s with s = sqrt((1 - |x|)/2), which is at most 1/2.
struct Side {
    /// |x| > 1/2
    is_steep: Value,
    /// s
    root: Value,
    /// The square of what the series takes, s or x.
    square: Value,
}

impl Side {
    fn new(b: &mut Builder, magnitude: Value) -> Self {
        let (half, minus_half) = (b.float(0.5), b.float(-0.5));
        let is_steep = b.less(half, magnitude);
        let root_square = b.fma(magnitude, minus_half, half);
        let root = b.unary(Unary::Sqrt, root_square);
        let square = b.mul(magnitude, magnitude);
        Side { is_steep, root, square: b.select(is_steep, root_square, square) }
    }

    /// base + angle*(arcsin s / s)
    fn arcsine(&self, b: &mut Builder, base: [Value; 2], angle: Value) -> Value {
        let fourth = b.mul(self.square, self.square);
        let series = polynomial(b, self.square, fourth, &ARCSINE);
        let cube = b.mul(angle, self.square);
        let start = fast_sum(b, base[0], angle);
        let low = b.add(start.low, base[1]);
        let low = b.fma(cube, series, low);
        b.add(start.high, low)
    }
}

/// arctan x, within 1.79 ulp.
///
/// With t = (|x| - 1)/(|x| + 1) it is π/4 + arctan t, with t = -1/|x| it is π/2 + arctan t.
pub(super) fn arctan(b: &mut Builder, x: Value) -> Value {
    let magnitude = b.abs(x);
    let (zero, one, minus_one) = (b.float(0.0), b.float(1.0), b.float(-1.0));
    let (tan_low, tan_high) = (b.float(0.41421356237309503), b.float(2.414213562373095));
    let is_middle = b.less(tan_low, magnitude);
    let is_steep = b.less(tan_high, magnitude);
    let below = b.sub(magnitude, one);
    let above = b.add(magnitude, one);
    let numerator = three_way(b, [is_middle, is_steep], [magnitude, below, minus_one]);
    let divisor = three_way(b, [is_middle, is_steep], [one, above, magnitude]);
    let base = [0, 1].map(|part| {
        let (eighth, quarter) = (b.float(HALF_PI[part] / 2.0), b.float(HALF_PI[part]));
        three_way(b, [is_middle, is_steep], [zero, eighth, quarter])
    });
    let ratio = b.div(numerator, divisor);
    let square = b.mul(ratio, ratio);
    let fourth = b.mul(square, square);
    let series = polynomial(b, square, fourth, &ARCTANGENT);
    let cube = b.mul(ratio, square);
    let low = b.fma(cube, series, base[1]);
    let result = b.add(ratio, low);
    let result = b.add(base[0], result);
    with_sign_of(b, result, x)
}

/// The third where the second condition holds, else the second where the first does, else the first.
fn three_way(b: &mut Builder, [middle, steep]: [Value; 2], [flat, at_middle, at_steep]: [Value; 3]) -> Value {
    let lower = b.select(middle, at_middle, flat);
    b.select(steep, at_steep, lower)
}
