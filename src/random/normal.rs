//! Two normal numbers from 64 random bits: radius and angle of Box & Muller, whose errors are below 4e-16 of the
//! radius.
//!
//! The radius comes in two steps, so that the processor can do the many divisions first.

const TWO_52: f64 = 4_503_599_627_370_496.0;
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1; // 33 bits
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// u as 2^k m with m in [√½, √2), for the radius: u is (40 bits + ½)/2^40, where the bits are all of the first word
/// and eight of the second. Gives k and f = (m - 1)/(m + 1).
#[inline(always)]
pub(super) fn split(high: u64, low: u64) -> (f64, f64) {
    // 2 bits + 1 is below 2^41, so that this is exact: 2^52 + it, minus 2^52.
    let bits = high << 9 & 0x01ff_ffff_fe00 | low >> 23 & 0x01fe;
    let odd = f64::from_bits(0x433 << 52 | 1 | bits) - TWO_52;
    let word = odd.to_bits();
    // The exponent of odd/√½, so that the mantissa is around 1.
    let shifted = word.wrapping_sub(0x3fe6_a09e_667f_3bcd);
    let exponent = shifted & 0xfff0_0000_0000_0000;
    let m = f64::from_bits(word.wrapping_sub(exponent));
    // The exponent is from 0 to 41; as a float by the same trick.
    let k = f64::from_bits(0x433 << 52 | exponent >> 52) - (TWO_52 + 41.0);
    (k, (m - 1.0) / (m + 1.0))
}

/// The radius of Box & Muller, √(-2 ln u), from what `split` gives.
#[inline(always)]
pub(super) fn radius(k: f64, f: f64) -> f64 {
    minus_two_log(k, f).sqrt()
}

/// -2 ln u, where u is 2^k m and f = (m - 1)/(m + 1).
///
/// ln m = 2 atanh f = 2 f (1 + f²/3 + f⁴/5 + …). Where |f| < 0.1716 eleven terms are left with an error below 1e-17.
/// The factor -2 is in all coefficients, which changes no rounding.
#[inline(always)]
fn minus_two_log(k: f64, f: f64) -> f64 {
    let z = f * f;
    let mut p = -4.0 / 21.0;
    for divisor in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        p = f64::mul_add(p, z, -4.0 / divisor);
    }
    let mantissa = f64::mul_add(f * z, p, -4.0 * f);
    f64::mul_add(k, -2.0 * LN_2_HIGH, f64::mul_add(k, -2.0 * LN_2_LOW, mantissa))
}

/// Sine and cosine of (bits + 1/2)/2^24 of a turn, for 24 bits.
///
/// The two highest bits are the quadrant. The rest is an angle from its middle, in (-π/4, π/4), where
/// eight terms of Taylor's series are left with errors below 1e-17. The middle of quadrant q is at
/// (q + ½) quarter turns; that all angles are ahead by an eighth of a turn leaves them evenly spread, so
/// it is left out.
#[inline(always)]
pub(super) fn turn(low: u64) -> (f64, f64) {
    let bits = low & 0x00ff_ffff;
    const UNIT: f64 = std::f64::consts::TAU / 33_554_432.0; // a turn has 2^25 half steps
    // 2 bits + 1 - 2^22, an odd number of half steps from the middle of the quadrant.
    let within = (bits & 0x003f_ffff) << 1 | 1;
    let x = (f64::from_bits(0x433 << 52 | within) - (TWO_52 + 4_194_304.0)) * UNIT;
    let z = x * x;
    let mut s = -1.0 / 1_307_674_368_000.0;
    for term in [1.0 / 6_227_020_800.0, -1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0] {
        s = f64::mul_add(s, z, term);
    }
    let s = f64::mul_add(s * z, x, x);
    let mut c = 1.0 / 20_922_789_888_000.0;
    for term in [
        -1.0 / 87_178_291_200.0,
        1.0 / 479_001_600.0,
        -1.0 / 3_628_800.0,
        1.0 / 40_320.0,
        -1.0 / 720.0,
        1.0 / 24.0,
        -0.5,
    ] {
        c = f64::mul_add(c, z, term);
    }
    let c = f64::mul_add(c, z, 1.0);
    // A quarter turn swaps the two and changes a sign: without branches, as vectors need it. The quadrant is in bits
    // 22 and 23; the lower one of the quadrant and of the next one swaps, the higher ones are the signs.
    let swap = (bits << 41).cast_signed() < 0;
    let (sine, cosine) = if swap { (c, s) } else { (s, c) };
    let sign = |word: u64| word & 1 << 63;
    let sine = sine.to_bits() ^ sign(bits << 40);
    let cosine = cosine.to_bits() ^ sign((bits << 40).wrapping_add(1 << 62));
    (f64::from_bits(sine), f64::from_bits(cosine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "the standard library is the reference")]
    fn logarithm_and_angle_are_those_of_the_standard_library() {
        for step in 0..200_000u64 {
            let bits = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
            for bits in [bits, step, (1 << 40) - 1 - step] {
                let exact = ((bits as f64 + 0.5) / 2f64.powi(40)).ln();
                let (k, f) = split(bits >> 8, bits << 24);
                let found = minus_two_log(k, f) / -2.0;
                assert!((found - exact).abs() <= 4e-16 * exact.abs() + 1e-17, "{bits}: {found} {exact}");
            }
            let angle = bits & 0x00ff_ffff;
            // The reference begins from the middle of the quadrant too: a whole angle would be rounded by 4e-16.
            let steps = 2.0 * (angle & 0x003f_ffff) as f64 + 1.0 - 2f64.powi(22);
            let (s, c) = (steps * (std::f64::consts::TAU / 2f64.powi(25))).sin_cos();
            let exact = [(s, c), (c, -s), (-s, -c), (-c, s)][(angle >> 22) as usize];
            let (sine, cosine) = turn(angle);
            assert!((sine - exact.0).abs() < 4e-16 && (cosine - exact.1).abs() < 4e-16, "{angle}");
        }
    }
}
