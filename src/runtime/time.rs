//! Exact times: fractions of a second, and which ticks lie before them.

use super::Error;
use crate::model::{Clock, Seconds};

/// A time since the start of a simulation, or a duration, as an exact fraction of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    numerator: u128,
    denominator: u128,
}

impl std::fmt::Display for Time {
    /// As a fraction of a second: `3/10`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl std::str::FromStr for Time {
    type Err = Error;

    fn from_str(text: &str) -> Result<Time, Error> {
        let parts = text.split_once('/').and_then(|(one, two)| Time::new(one.parse().ok()?, two.parse().ok()?));
        parts.ok_or(Error::TooLong)
    }
}

/// A tick counts as reached when it is at most `dt / TOLERANCE` away.
const TOLERANCE: u128 = 10_000;

impl Time {
    /// The start of a simulation.
    pub const ZERO: Time = Time { numerator: 0, denominator: 1 };

    /// `numerator / denominator` seconds; `None` when the denominator is 0.
    pub fn new(numerator: u128, denominator: u128) -> Option<Time> {
        if denominator == 0 {
            return None;
        }
        let divisor = gcd(numerator, denominator);
        Some(Time { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The decimal number of 15 significant digits that is nearest to `seconds`, so that `0.3` is
    /// three tenths. `None` when it is negative, not finite, or not countable in 128 bits.
    pub fn from_seconds(seconds: f64) -> Option<Time> {
        if seconds == 0.0 {
            return Some(Time::ZERO);
        }
        if !(seconds.is_finite() && seconds > 0.0) {
            return None;
        }
        let text = format!("{seconds:.14e}");
        let (digits, exponent) = text.split_once('e')?;
        let digits: u128 = digits.replace('.', "").parse().ok()?;
        let exponent: i32 = exponent.parse::<i32>().ok()? - 14;
        let scale = |digits: u128, power: u32| digits.checked_mul(10u128.checked_pow(power)?);
        if exponent >= 0 {
            return Time::new(scale(digits, exponent.unsigned_abs())?, 1);
        }
        let (mut digits, mut power) = (digits, exponent.unsigned_abs());
        while power > 0 && digits.is_multiple_of(10) {
            (digits, power) = (digits / 10, power - 1);
        }
        Time::new(digits, scale(1, power)?)
    }

    /// A duration as the decimal number of 15 digits that is nearest to it.
    ///
    /// # Errors
    /// When it is negative, not finite, or cannot be counted.
    pub fn of_duration(seconds: f64) -> Result<Time, Error> {
        let long = seconds > 1.0 && seconds.is_finite();
        Time::from_seconds(seconds).ok_or(if long { Error::TooLong } else { Error::Duration { seconds } })
    }

    /// The time from `earlier` to this one; `None` when that is later.
    pub fn since(self, earlier: Time) -> Option<Time> {
        let divisor = gcd(self.denominator, earlier.denominator);
        let denominator = (self.denominator / divisor).checked_mul(earlier.denominator)?;
        let left = self.numerator.checked_mul(denominator / self.denominator)?;
        let right = earlier.numerator.checked_mul(denominator / earlier.denominator)?;
        Time::new(left.checked_sub(right)?, denominator)
    }

    /// The sum; `None` when it is not countable in 128 bits.
    pub fn plus(self, other: Time) -> Option<Time> {
        let divisor = gcd(self.denominator, other.denominator);
        let denominator = (self.denominator / divisor).checked_mul(other.denominator)?;
        let left = self.numerator.checked_mul(denominator / self.denominator)?;
        let right = other.numerator.checked_mul(denominator / other.denominator)?;
        Time::new(left.checked_add(right)?, denominator)
    }

    /// So many times this; `None` when it is not countable in 128 bits.
    pub fn times(self, count: u64) -> Option<Time> {
        Time::new(self.numerator.checked_mul(u128::from(count))?, self.denominator)
    }

    /// Whether this is earlier than `other`.
    pub fn is_before(self, other: Time) -> bool {
        self != other && other.since(self).is_some()
    }

    /// How many whole intervals have passed at this time, one that has begun counted too; `None` for an
    /// interval of 0.
    pub fn intervals(self, interval: Time) -> Option<u64> {
        let seconds = Seconds {
            numerator: u64::try_from(interval.numerator).ok().filter(|&numerator| numerator > 0)?,
            denominator: u64::try_from(interval.denominator).ok()?,
        };
        self.ticks(seconds)
    }

    /// In seconds.
    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53, which a time in practice is")]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// How many ticks of a clock lie before this time.
    ///
    /// A time within `1e-4 * dt` of a tick counts as that tick; otherwise a tick that has begun
    /// counts (Brian2's rule). `None` when the number does not fit.
    ///
    /// ```
    /// use dvdt::model::Seconds;
    /// use dvdt::runtime::Time;
    /// let dt = Seconds { numerator: 1, denominator: 10_000 };
    /// let ticks = |seconds| Time::from_seconds(seconds).and_then(|time| time.ticks(dt));
    /// assert_eq!((ticks(0.3e-3), ticks(0.31e-3)), (Some(3), Some(4)));
    /// ```
    pub fn ticks(self, dt: Seconds) -> Option<u64> {
        let (whole, rest, divisor) = self.divided(dt)?;
        let begun = u128::from(rest.checked_mul(TOLERANCE)? > divisor);
        u64::try_from(whole + begun).ok()
    }

    /// How many ticks of a clock lie before this time, to the letter.
    fn ticks_before(self, dt: Seconds) -> Option<u64> {
        let (whole, rest, _) = self.divided(dt)?;
        u64::try_from(whole + u128::from(rest > 0)).ok()
    }

    /// Whole ticks until this time, and what is left of one: dividend and divisor.
    fn divided(self, dt: Seconds) -> Option<(u128, u128, u128)> {
        let (numerator, denominator) = (u128::from(dt.numerator), u128::from(dt.denominator));
        let above = gcd(self.numerator, numerator);
        let below = gcd(denominator, self.denominator);
        let dividend = (self.numerator / above).checked_mul(denominator / below)?;
        let divisor = (self.denominator / below).checked_mul(numerator / above)?;
        Some((dividend / divisor, dividend % divisor, divisor))
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// All clocks on one axis of whole units, on which every tick of every clock is a whole number.
pub(super) struct Timeline {
    dts: Vec<Seconds>,
    /// Units in a tick of each clock.
    units: Vec<u128>,
    /// Units in a second.
    per_second: u128,
}

impl Timeline {
    pub(super) fn new(clocks: &[Clock]) -> Result<Self, Error> {
        let mut per_second: u128 = 1;
        for Clock { name, dt } in clocks {
            if dt.numerator == 0 || dt.denominator == 0 {
                return Err(Error::Plan(format!("the clock `{name}` does not advance")));
            }
            let denominator = u128::from(dt.denominator);
            let factor = denominator / gcd(per_second, denominator);
            per_second = per_second.checked_mul(factor).ok_or(Error::TooLong)?;
        }
        let units = |dt: &Seconds| (per_second / u128::from(dt.denominator)).checked_mul(u128::from(dt.numerator));
        let units: Option<Vec<u128>> = clocks.iter().map(|clock| units(&clock.dt)).collect();
        Ok(Timeline {
            dts: clocks.iter().map(|clock| clock.dt).collect(),
            units: units.ok_or(Error::TooLong)?,
            per_second,
        })
    }

    /// The first clock with the same dt, which ticks with `clock` always.
    pub(super) fn representative(&self, clock: usize) -> usize {
        self.units.iter().position(|&units| units == self.units[clock]).unwrap_or(clock)
    }

    /// How many ticks of `other` one of `clock` lasts, where that is a whole number.
    pub(super) fn multiple(&self, clock: usize, other: usize) -> Option<u64> {
        let (units, others) = (self.units[clock], self.units[other]);
        if units.is_multiple_of(others) { u64::try_from(units / others).ok() } else { None }
    }

    /// The fastest of some clocks.
    pub(super) fn fastest(&self, clocks: impl Iterator<Item = usize>) -> Option<usize> {
        clocks.min_by_key(|&clock| self.units[clock])
    }

    /// When a tick is, in units; the tick is at most one beyond those that [`Self::ends`] gave.
    pub(super) fn at(&self, clock: usize, tick: u64) -> u128 {
        u128::from(tick) * self.units[clock]
    }

    /// The first tick of a clock at or after `units`.
    pub(super) fn first_from(&self, clock: usize, units: u128) -> u64 {
        u64::try_from(units.div_ceil(self.units[clock])).unwrap_or(u64::MAX)
    }

    /// The exact time of a point of the axis.
    pub(super) fn time(&self, units: u128) -> Time {
        Time::new(units, self.per_second).unwrap_or(Time::ZERO)
    }

    /// For each clock the tick before which a run to `time` ends.
    pub(super) fn ends(&self, time: Time) -> Result<Vec<u64>, Error> {
        let ends: Option<Vec<u64>> = self.dts.iter().map(|dt| time.ticks(*dt)).collect();
        let ends = ends.ok_or(Error::TooLong)?;
        self.check(&ends)?;
        Ok(ends)
    }

    /// For each clock how many ticks lie before one point, which is earlier than `time` by what `fastest` takes for
    /// nothing.
    pub(super) fn before(&self, time: Time, fastest: usize) -> Result<Vec<u64>, Error> {
        let dt = self.dts[fastest];
        let tolerance = Time::new(u128::from(dt.numerator), u128::from(dt.denominator) * TOLERANCE);
        let tolerance = tolerance.unwrap_or(Time::ZERO);
        let point = if time.is_before(tolerance) { Some(Time::ZERO) } else { time.since(tolerance) };
        let ticks: Option<Vec<u64>> =
            point.and_then(|point| self.dts.iter().map(|dt| point.ticks_before(*dt)).collect());
        let ticks = ticks.ok_or(Error::TooLong)?;
        self.check(&ticks)?;
        Ok(ticks)
    }

    /// Checks that the ticks that follow `ends` can be counted.
    pub(super) fn check(&self, ends: &[u64]) -> Result<(), Error> {
        let countable = |(end, units): (&u64, &u128)| u128::from(end.checked_add(1)?).checked_mul(*units);
        if ends.iter().zip(&self.units).all(|pair| countable(pair).is_some()) { Ok(()) } else { Err(Error::TooLong) }
    }
}
