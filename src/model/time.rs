//! Exact time: the length of a tick as a fraction, and how durations become ticks.

use std::fmt;

use super::Seconds;
use super::exact::Fraction;

impl Seconds {
    /// Exactly `fraction` seconds; `None` unless positive and of 64-bit parts.
    pub fn from_fraction(fraction: Fraction) -> Option<Seconds> {
        let numerator = u64::try_from(fraction.numerator()).ok().filter(|&numerator| numerator > 0)?;
        let denominator = u64::try_from(fraction.denominator()).ok()?;
        Some(Seconds { numerator, denominator })
    }

    /// `seconds` rounded to 15 significant decimal digits, which undoes the rounding errors of a
    /// few operations: `0.1 * 0.001` is a ten-thousandth. `None` unless positive, finite and of
    /// 64-bit parts.
    ///
    /// ```
    /// use dvdt::model::Seconds;
    /// let dt = Seconds::from_f64(0.1 * 0.001);
    /// assert_eq!(dt, Some(Seconds { numerator: 1, denominator: 10_000 }));
    /// ```
    pub fn from_f64(seconds: f64) -> Option<Seconds> {
        Seconds::from_fraction(Fraction::rounded(seconds)?)
    }

    /// The same as a fraction.
    pub fn to_fraction(self) -> Option<Fraction> {
        Fraction::new(i128::from(self.numerator), i128::from(self.denominator))
    }

    /// `self / other` in lowest terms.
    pub fn ratio(self, other: Seconds) -> Option<Fraction> {
        self.to_fraction()?.over(other.to_fraction()?)
    }

    /// The shortest time that is a whole number of ticks of both clocks.
    pub fn meeting(self, other: Seconds) -> Option<Fraction> {
        let ratio = self.ratio(other)?;
        self.to_fraction()?.times(Fraction::new(ratio.denominator(), 1)?)
    }
}

/// The units in which times are written, the largest first.
const UNITS: [(&str, i32); 5] = [("second", 0), ("ms", -3), ("us", -6), ("nsecond", -9), ("psecond", -12)];

impl fmt::Display for Seconds {
    /// As the language writes it: `0.1*ms`, `1/3*second`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_fraction() {
            Some(fraction) => write!(out, "{}", Duration(fraction)),
            None => write!(out, "{}/{}*second", self.numerator, self.denominator),
        }
    }
}

/// A time as the language writes it.
pub(super) struct Duration(pub(super) Fraction);

impl fmt::Display for Duration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenth = Fraction::new(1, 10);
        for (unit, exponent) in UNITS {
            let size = Fraction::power_of_ten(exponent);
            let large = size.zip(tenth).and_then(|(size, tenth)| size.times(tenth));
            let number = size.and_then(|size| self.0.over(size));
            let (Some(large), Some(number)) = (large, number) else { continue };
            let fits = self.0.minus(large).is_some_and(|rest| rest.numerator() >= 0);
            if let Some(value) = number.to_float().filter(|_| fits && is_short_decimal(number)) {
                return write!(out, "{value}*{unit}");
            }
        }
        write!(out, "{}/{}*second", self.0.numerator(), self.0.denominator())
    }
}

/// Whether the number has at most three decimal places.
fn is_short_decimal(number: Fraction) -> bool {
    1000 % number.denominator() == 0
}
