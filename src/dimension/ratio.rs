//! Exponents: small fractions that never overflow silently.

use std::fmt;

/// A rational exponent in lowest terms, `denominator > 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i32,
    denominator: i32,
}

impl Ratio {
    /// 0
    pub const ZERO: Ratio = Ratio::whole(0);
    /// 1
    pub const ONE: Ratio = Ratio::whole(1);
    /// 1/2
    pub const HALF: Ratio = Ratio { numerator: 1, denominator: 2 };

    /// A whole number.
    pub const fn whole(number: i32) -> Ratio {
        Ratio { numerator: number, denominator: 1 }
    }

    /// `numerator / denominator`; `None` when the denominator is 0 or the result does not fit.
    pub fn new(numerator: i128, denominator: i128) -> Option<Ratio> {
        let divisor = greatest_common_divisor(numerator, denominator)?;
        let signed = if denominator < 0 { -divisor } else { divisor };
        let numerator = i32::try_from(numerator.checked_div(signed)?).ok()?;
        let denominator = i32::try_from(denominator.checked_div(signed)?).ok()?;
        (denominator > 0).then_some(Ratio { numerator, denominator })
    }

    /// The upper number, which carries the sign.
    pub fn numerator(self) -> i32 {
        self.numerator
    }

    /// The lower number, always positive.
    pub fn denominator(self) -> i32 {
        self.denominator
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// `self + other`, unless it does not fit.
    pub fn plus(self, other: Ratio) -> Option<Ratio> {
        let (a, b) = (self.wide(), other.wide());
        Ratio::new(a.0 * b.1 + b.0 * a.1, a.1 * b.1)
    }

    /// `self - other`, unless it does not fit.
    pub fn minus(self, other: Ratio) -> Option<Ratio> {
        let (a, b) = (self.wide(), other.wide());
        Ratio::new(a.0 * b.1 - b.0 * a.1, a.1 * b.1)
    }

    /// `self * other`, unless it does not fit.
    pub fn times(self, other: Ratio) -> Option<Ratio> {
        let (a, b) = (self.wide(), other.wide());
        Ratio::new(a.0 * b.0, a.1 * b.1)
    }

    /// `self / other`, unless it does not fit or `other` is 0.
    pub fn over(self, other: Ratio) -> Option<Ratio> {
        let (a, b) = (self.wide(), other.wide());
        Ratio::new(a.0 * b.1, a.1 * b.0)
    }

    /// The distance from 0, for comparing how complicated two exponents look.
    pub(super) fn magnitude(self) -> f64 {
        (f64::from(self.numerator) / f64::from(self.denominator)).abs()
    }

    /// Both numbers with room for one product of two of them.
    fn wide(self) -> (i128, i128) {
        (i128::from(self.numerator), i128::from(self.denominator))
    }
}

/// The largest number that divides both; `None` when both are 0 or the answer does not fit.
pub(crate) fn greatest_common_divisor(a: i128, b: i128) -> Option<i128> {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).ok().filter(|&divisor| divisor != 0)
}

impl fmt::Display for Ratio {
    /// A decimal where it is exact and short (`0.5`), else a fraction in parentheses (`(1/3)`):
    /// after a colon the language has decimals but no parentheses.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(out, "{}", self.numerator),
            2 | 4 | 5 | 8 | 10 | 20 | 25 | 50 | 100 => {
                write!(out, "{}", f64::from(self.numerator) / f64::from(self.denominator))
            }
            _ => write!(out, "({}/{})", self.numerator, self.denominator),
        }
    }
}
