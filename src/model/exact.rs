//! Numbers as exact fractions: for clocks, sizes and exponents, where rounding would be a mistake.

use crate::dimension::{Ratio, greatest_common_divisor};

/// An exact number in lowest terms, `denominator > 0`. Every operation is checked: what does not
/// fit, or is not rational, is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    /// A whole number.
    pub fn whole(number: i64) -> Fraction {
        Fraction { numerator: i128::from(number), denominator: 1 }
    }

    /// `numerator / denominator`
    pub fn new(numerator: i128, denominator: i128) -> Option<Fraction> {
        let divisor = greatest_common_divisor(numerator, denominator)?;
        let signed = if denominator < 0 { divisor.checked_neg()? } else { divisor };
        let denominator = denominator.checked_div(signed)?;
        let numerator = numerator.checked_div(signed)?;
        (denominator > 0).then_some(Fraction { numerator, denominator })
    }

    /// `10**exponent`
    pub fn power_of_ten(exponent: i32) -> Option<Fraction> {
        let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
        if exponent < 0 { Fraction::new(1, power) } else { Fraction::new(power, 1) }
    }

    /// The shortest decimal that reads as `value`: the number that the user wrote, when the user
    /// wrote no more than 17 digits.
    pub fn shortest(value: f64) -> Option<Fraction> {
        Fraction::decimal(&format!("{value:e}"))
    }

    /// `value` rounded to 15 significant decimal digits.
    pub fn rounded(value: f64) -> Option<Fraction> {
        Fraction::decimal(&format!("{value:.14e}"))
    }

    /// Reads `-1.25e-3`.
    fn decimal(text: &str) -> Option<Fraction> {
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, digits) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = digits.trim_end_matches('0');
        let number: i128 = format!("{whole}{digits}").parse().ok()?;
        let exponent = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(digits.len()).ok()?)?;
        Fraction::new(number, 1)?.times(Fraction::power_of_ten(exponent)?)
    }

    /// The upper number, which carries the sign.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// The lower number, always positive.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// The number, if it is whole.
    pub fn to_whole(self) -> Option<i128> {
        (self.denominator == 1).then_some(self.numerator)
    }

    /// The number as an exponent, if it fits.
    pub fn to_ratio(self) -> Option<Ratio> {
        Ratio::new(self.numerator, self.denominator)
    }

    /// The nearest float; `None` when two roundings would be needed.
    pub fn to_float(self) -> Option<f64> {
        Some(float_of(self.numerator)? / float_of(self.denominator)?)
    }

    /// `-self`
    pub fn negate(self) -> Option<Fraction> {
        Fraction::new(self.numerator.checked_neg()?, self.denominator)
    }

    /// `self + other`
    pub fn plus(self, other: Fraction) -> Option<Fraction> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Fraction::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// `self - other`
    pub fn minus(self, other: Fraction) -> Option<Fraction> {
        self.plus(other.negate()?)
    }

    /// `self * other`
    pub fn times(self, other: Fraction) -> Option<Fraction> {
        // Crosswise reduction first, so that what fits in the end fits on the way.
        let one = Fraction::new(self.numerator, other.denominator)?;
        let two = Fraction::new(other.numerator, self.denominator)?;
        let numerator = one.numerator.checked_mul(two.numerator)?;
        Fraction::new(numerator, one.denominator.checked_mul(two.denominator)?)
    }

    /// `self / other`
    pub fn over(self, other: Fraction) -> Option<Fraction> {
        self.times(Fraction::new(other.denominator, other.numerator)?)
    }

    /// `self // other`
    pub fn floor_divide(self, other: Fraction) -> Option<Fraction> {
        self.over(other)?.floor()
    }

    /// `self % other`, with the sign of `other`.
    pub fn remainder(self, other: Fraction) -> Option<Fraction> {
        self.minus(other.times(self.floor_divide(other)?)?)
    }

    /// The largest whole number not above.
    pub fn floor(self) -> Option<Fraction> {
        // The denominator is positive, so the Euclidean quotient is the floor.
        Fraction::new(self.numerator.div_euclid(self.denominator), 1)
    }

    /// The smallest whole number not below.
    pub fn ceil(self) -> Option<Fraction> {
        self.negate()?.floor()?.negate()
    }

    /// The whole number towards zero.
    pub fn truncate(self) -> Option<Fraction> {
        Fraction::new(self.numerator / self.denominator, 1)
    }

    /// The distance from zero.
    pub fn abs(self) -> Option<Fraction> {
        Fraction::new(self.numerator.checked_abs()?, self.denominator)
    }

    /// `self ** exponent` for a whole exponent.
    pub fn power(self, exponent: Fraction) -> Option<Fraction> {
        let exponent = i32::try_from(exponent.to_whole()?).ok()?;
        let base = if exponent < 0 { Fraction::whole(1).over(self)? } else { self };
        let size = exponent.unsigned_abs();
        Fraction::new(base.numerator.checked_pow(size)?, base.denominator.checked_pow(size)?)
    }
}

/// The float that is exactly `number`, if there is one.
fn float_of(number: i128) -> Option<f64> {
    let zeros = number.trailing_zeros().min(127);
    let odd = i64::try_from(number >> zeros).ok().filter(|odd| odd.unsigned_abs() < 1 << 53)?;
    #[allow(clippy::cast_precision_loss, reason = "the number has at most 53 bits")]
    let mantissa = odd as f64;
    #[allow(clippy::cast_precision_loss, reason = "a power of two")]
    let power = (1_u128 << zeros) as f64;
    Some(mantissa * power)
}
