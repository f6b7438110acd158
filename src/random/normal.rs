//! Two normal numbers from 64 random bits.

/// Box & Muller: radius and angle; the errors of the parts are below 4e-16 of the radius.
#[inline(always)]
pub(super) fn pair(high: u64, low: u64) -> (f64, f64) {
    // 40 bits for the radius: all of the first word and eight of the second.
    let bits = (high & 0xffff_ffff) << 8 | (low & 0xffff_ffff) >> 24;
    let radius = (-2.0 * log(bits)).sqrt();
    let (sine, cosine) = turn(low & 0x00ff_ffff);
    (radius * cosine, radius * sine)
}

const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1; // 33 bits
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// ln((bits + 1/2)/2^40), for 40 bits.
///
/// With m in [√½, √2) and f = (m - 1)/(m + 1): ln m = 2 atanh f = 2 f (1 + f²/3 + f⁴/5 + …). Where
/// |f| < 0.1716 eleven terms are left with an error below 1e-17.
#[inline(always)]
fn log(bits: u64) -> f64 {
    // 2 bits + 1 is below 2^41, so that this is exact: 2^52 + it, minus 2^52.
    let odd = f64::from_bits(0x433 << 52 | bits << 1 | 1) - 4_503_599_627_370_496.0;
    let word = odd.to_bits();
    // The exponent of odd/√½, so that the mantissa is around 1.
    let shifted = word.wrapping_sub(0x3fe6_a09e_667f_3bcd);
    let exponent = shifted & 0xfff0_0000_0000_0000;
    let m = f64::from_bits(word.wrapping_sub(exponent));
    // The exponent is from 0 to 41; as a float by the same trick.
    let k = f64::from_bits(0x433 << 52 | exponent >> 52) - 4_503_599_627_370_496.0 - 41.0;
    let f = (m - 1.0) / (m + 1.0);
    let z = f * f;
    let mut p = 2.0 / 21.0;
    for term in [2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0] {
        p = f64::mul_add(p, z, term);
    }
    let mantissa = f64::mul_add(f * z, p, 2.0 * f);
    f64::mul_add(k, LN_2_HIGH, f64::mul_add(k, LN_2_LOW, mantissa))
}

/// Sine and cosine of (bits + 1/2)/2^24 of a turn, for 24 bits.
///
/// The two highest bits are the quadrant. The rest is an angle from its middle, in (-π/4, π/4), where
/// eight terms of Taylor's series are left with errors below 1e-17. The middle of quadrant q is at
/// (q + ½) quarter turns; that all angles are ahead by an eighth of a turn leaves them evenly spread, so
/// it is left out.
#[inline(always)]
fn turn(bits: u64) -> (f64, f64) {
    const UNIT: f64 = std::f64::consts::TAU / 33_554_432.0; // a turn has 2^25 half steps
    // 2 bits + 1 - 2^22, an odd number of half steps from the middle of the quadrant.
    let within = (bits & 0x003f_ffff) << 1 | 1;
    let x = (f64::from_bits(0x433 << 52 | within) - 4_503_599_627_370_496.0 - 4_194_304.0) * UNIT;
    let z = x * x;
    let mut s = -1.0 / 1_307_674_368_000.0;
    for term in [
        1.0 / 6_227_020_800.0,
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
    ] {
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
    // A quarter turn swaps the two and changes a sign: by masks, so that vectors need no branch.
    let quadrant = bits >> 22;
    let swap = 0u64.wrapping_sub(quadrant & 1);
    let (s, c) = (s.to_bits(), c.to_bits());
    let difference = (s ^ c) & swap;
    let (sine, cosine) = (s ^ difference, c ^ difference);
    let sine = sine ^ (quadrant & 2) << 62;
    let cosine = cosine ^ ((quadrant + 1) & 2) << 62;
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
                assert!((log(bits) - exact).abs() <= 4e-16 * exact.abs() + 1e-17, "{bits}: {} {exact}", log(bits));
            }
            let angle = bits & 0x00ff_ffff;
            let exact = (angle as f64 + 0.5) / 2f64.powi(24) * std::f64::consts::TAU - std::f64::consts::FRAC_PI_4;
            let (sine, cosine) = turn(angle);
            // The reference's angle is itself rounded, by up to 4.5e-16.
            assert!((sine - exact.sin()).abs() < 8e-16 && (cosine - exact.cos()).abs() < 8e-16, "{angle}");
        }
    }
}
