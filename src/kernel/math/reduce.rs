//! Angles as quarter turns and a rest, for arguments of every size.
//!
//! Payne & Hanek 1983: of the product of x and 2/π only the part modulo 4 matters, so the bits of
//! 2/π whose product with x is a multiple of 4 are left out. A table indexed by the exponent of x
//! gives the next 208 bits of 2/π, which is enough for a rest of full precision, because no double
//! is closer than 2^-62 to a multiple of π/2 (Muller et al., Handbook of Floating-Point Arithmetic).
//!
//! Here x is scaled into [2^54, 2^55) by its exponent, and bits of 2/π come in four signed windows
//! of 52 bits, so that all partial products lie on known grids. Then, modulo 4, most sums are exact,
//! and no chain of error-free transformations is needed. Small arguments take the same way: their
//! windows begin with zeros.

use super::super::{Binary, Builder, Shift, Table, Unary, Value};
use super::{Pair, ROUNDER, exact_product, fast_sum};

/// The first 1408 bits of 2/π after the binary point, computed with mpmath.
const TWO_OVER_PI: [u64; 22] = [
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
    0xa9e3_9161_5ee6_1b08,
    0x6599_855f_14a0_6840,
];

/// Bits in a window.
const WIDTH: usize = 52;
/// The biased exponent of the numbers in [2^54, 2^55).
const TOP: i64 = 1023 + 54;
/// How many places before the binary point the first window begins: all four windows of the first
/// row are zero, which serves all smaller arguments.
const LEAD: i64 = 264;
/// One row for each exponent, and what the last row's later windows need.
const ROWS: usize = 2048 - (TOP - LEAD) as usize + 3 * WIDTH;

/// Window after window, each beginning one bit later.
static WINDOWS: [u64; ROWS] = windows();

const fn windows() -> [u64; ROWS] {
    let mut rows = [0; ROWS];
    let mut row = 0;
    while row < ROWS {
        rows[row] = window(row as i64 - LEAD);
        row += 1;
    }
    rows
}

/// The fraction that 52 bits from `start` on make, rounded to nearest and between -1/2 and 1/2, as
/// a float's bits: the first bit counts negative, and the bit after the last is added, so that
/// successive windows of any row sum to 2/π, shifted, modulo 1.
const fn window(start: i64) -> u64 {
    let mut sum = -bit(start);
    let mut offset = 1;
    while offset < WIDTH as i64 {
        sum = 2 * sum + bit(start + offset);
        offset += 1;
    }
    sum += bit(start + WIDTH as i64);
    (sum as f64 / (1_i64 << WIDTH) as f64).to_bits()
}

/// A bit of 2/π, 0 before the binary point.
const fn bit(place: i64) -> i64 {
    if place < 0 || place >= 64 * TWO_OVER_PI.len() as i64 {
        return 0;
    }
    (TWO_OVER_PI[(place / 64) as usize] >> (63 - place % 64) & 1) as i64
}

/// π/2 rounded, and the rest.
const HALF_PI: [f64; 2] = [1.5707963267948966, 6.123233995736766e-17];

/// An angle as k quarter turns and a rest of at most π/4.
pub(super) struct Angle {
    /// k, modulo 4, in the low bits.
    pub(super) quarters: Value,
    /// The rest in radians, to about 2^-106 of it.
    pub(super) rest: Pair,
}

impl Angle {
    /// Takes apart any x; infinities have a rest of NaN.
    pub(super) fn of_radians(b: &mut Builder, x: Value) -> Self {
        let [p0, p1, p2, p3] = products(b, x);
        // p0 modulo 4 is exact; its sum with p0's low part is a multiple of 2^-50 and at most 4.
        let (quarter, four) = (b.float(0.25), b.float(-4.0));
        let fours = b.mul(p0.high, quarter);
        let fours = b.unary(Unary::Nearest, fours);
        let angle = b.fma(fours, four, p0.high);
        let angle = b.add(angle, p0.low);
        let angle = b.add(angle, p1.high);
        let (quarters, fraction) = split_quarters(b, angle);
        // Multiples of 2^-102 and at most 2^-49, so exact.
        let low = b.add(p1.low, p2.high);
        let fraction = fast_sum(b, fraction, low);
        let lowest = b.add(p2.low, p3.high);
        let invalid = b.sub(x, x);
        let lowest = b.add(lowest, invalid);
        let fraction = Pair { high: fraction.high, low: b.add(fraction.low, lowest) };
        Angle { quarters, rest: radians(b, fraction) }
    }
}

/// The nearest integer, in the low bits of an integer, and the rest, exact.
fn split_quarters(b: &mut Builder, angle: Value) -> (Value, Value) {
    let rounder = b.float(ROUNDER);
    let shifted = b.add(angle, rounder);
    let nearest = b.sub(shifted, rounder);
    (b.to_bits(shifted), b.sub(angle, nearest))
}

/// The rest of quarter turns in radians.
fn radians(b: &mut Builder, fraction: Pair) -> Pair {
    let [half_pi, half_pi_low] = HALF_PI.map(|part| b.float(part));
    let product = exact_product(b, fraction.high, half_pi);
    let low = b.fma(fraction.high, half_pi_low, product.low);
    Pair { high: product.high, low: b.fma(fraction.low, half_pi, low) }
}

/// x*2/π modulo 4 as four products with windows of 2/π, each the size of 2^-52 of the one before.
///
/// The high parts of the second and third are rounded to fixed grids, 2^-49 and 2^-101, by adding
/// and subtracting 12 and 12*2^-52; the fourth is rounded once.
fn products(b: &mut Builder, x: Value) -> [Pair; 4] {
    let (row, factors) = row_and_factors(b, x);
    let windows = [0, 1, 2, 3].map(|part| {
        let bits = b.table(Table(&WINDOWS[part * WIDTH..]), row);
        b.from_bits(bits)
    });
    let first = exact_product(b, factors[0], windows[0]);
    let second = gridded_product(b, factors[1], windows[1], 12.0);
    let third = gridded_product(b, factors[2], windows[2], 2.6645352591003757e-15); // 12*2^-52
    let fourth = b.mul(factors[3], windows[3]);
    let zero = b.float(0.0);
    [first, second, third, Pair { high: fourth, low: zero }]
}

/// `x*y` without error, the high part on the grid of `rounder`'s last bit.
fn gridded_product(b: &mut Builder, x: Value, y: Value, rounder: f64) -> Pair {
    let rounder = b.float(rounder);
    let shifted = b.fma(x, y, rounder);
    let high = b.sub(shifted, rounder);
    let negated = b.negate(high);
    Pair { high, low: b.fma(x, y, negated) }
}

/// The row of the table for x, and x scaled into [2^54, 2^55), times 1, 2^-52, 2^-104 and 2^-156.
fn row_and_factors(b: &mut Builder, x: Value) -> (Value, [Value; 4]) {
    let (bits, first, fraction) = (b.to_bits(x), b.int(TOP - LEAD), b.int(!(0x7ff << 52)));
    let magnitude = b.shift(Shift::Left, bits, 1);
    let exponent = b.shift(Shift::Right, magnitude, 53);
    let row = b.binary(Binary::IntSubtract, exponent, first);
    let fraction = b.binary(Binary::IntAnd, bits, fraction);
    let factors = [0, 1, 2, 3].map(|part| {
        let exponent = b.int((TOP - part * WIDTH as i64) << 52);
        let scaled = b.binary(Binary::IntOr, fraction, exponent);
        b.from_bits(scaled)
    });
    (row, factors)
}
