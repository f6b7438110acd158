//! Poisson counts.

/// Up to this mean the search goes step by step.
const SMALL: f64 = 10.0;

/// From this mean on the relative spread is below a float's last digit.
const VAST: f64 = 9_007_199_254_740_992.0;

/// So many attempts at most; each is refused with a chance below a quarter.
const ATTEMPTS: u32 = 256;

/// A mean, with everything that it alone decides.
#[derive(Clone, Copy)]
pub(super) struct Mean {
    mean: f64,
    way: Way,
}

/// How counts of a mean are found.
#[derive(Clone, Copy)]
enum Way {
    /// There is but one.
    Always(i64),
    /// By search; with the chance of 0.
    Search(f64),
    Rejection(Hat),
}

impl Mean {
    #[allow(clippy::cast_possible_truncation, reason = "saturating on purpose")]
    pub(super) fn new(mean: f64) -> Self {
        let way = if mean.is_nan() || mean <= 0.0 {
            Way::Always(0)
        } else if mean >= VAST {
            Way::Always(mean as i64)
        } else if mean < SMALL {
            Way::Search(exp_minus(mean))
        } else {
            Way::Rejection(Hat::new(mean))
        };
        Mean { mean, way }
    }

    /// Whether it is that of `mean`.
    pub(super) fn is(&self, mean: f64) -> bool {
        self.mean.to_bits() == mean.to_bits()
    }

    /// A count; `draw` gives two uniform numbers for each attempt.
    pub(super) fn count(&self, mut draw: impl FnMut(u32) -> [f64; 2]) -> i64 {
        match self.way {
            Way::Always(count) => count,
            Way::Search(none) => search(self.mean, none, draw(0)[0]),
            Way::Rejection(hat) => hat.count(self.mean, &mut draw),
        }
    }
}

/// Inversion: the first count whose cumulated chance exceeds a uniform number (Devroye 1986, X.3.3).
fn search(mean: f64, none: f64, uniform: f64) -> i64 {
    let mut chance = none;
    let (mut sum, mut count) = (chance, 0u32);
    while uniform >= sum && count < 1000 {
        count += 1;
        chance *= mean / f64::from(count);
        sum += chance;
        if chance < 1e-20 && f64::from(count) > mean {
            break;
        }
    }
    i64::from(count)
}

/// Transformed rejection with squeeze: PTRS of Hörmann 1993, "The transformed rejection method for
/// generating Poisson random variables".
#[derive(Clone, Copy)]
struct Hat {
    a: f64,
    b: f64,
    inverse: f64,
    accept: f64,
}

impl Hat {
    fn new(mean: f64) -> Self {
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        Hat { a, b, inverse: 1.1239 + 1.1328 / (b - 3.4), accept: 0.9277 - 3.6224 / (b - 2.0) }
    }

    #[allow(clippy::cast_possible_truncation, reason = "below 2^54")]
    fn count(&self, mean: f64, draw: &mut impl FnMut(u32) -> [f64; 2]) -> i64 {
        let &Hat { a, b, inverse, accept } = self;
        for attempt in 0..ATTEMPTS {
            let [u, v] = draw(attempt);
            let (u, v) = (u - 0.5, 1.0 - v);
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= accept && k >= 0.0 {
                return k as i64;
            }
            if k < 0.0 || us < 0.013 && v > us {
                continue;
            }
            let left = log(v * inverse / (a / (us * us) + b));
            if left <= log_chance(k, mean) {
                return k as i64;
            }
        }
        mean.round() as i64
    }
}

/// From this mean on the chance is taken from its distance to the mean.
const LARGE: f64 = 1e8;

/// The logarithm of the chance of `k`: k ln m - m - ln k!.
///
/// For large means that is a small difference of large numbers. There, with x = (k - m)/m, it is
/// -m ((1 + x) ln(1 + x) - x) - ½ ln(2πk) and less than 1e-9 (Loader 2000, "Fast and accurate computation
/// of binomial probabilities"), and x is so small that four terms of the series are left.
fn log_chance(k: f64, mean: f64) -> f64 {
    if mean < LARGE {
        return k * log(mean) - mean - log_factorial(k);
    }
    let x = (k - mean) / mean;
    let deviance = mean * x * x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 12.0 - x / 20.0)));
    -deviance - 0.5 * log(k) - HALF_LOG_TAU
}

const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_8;

/// e^-x for x from 0 to 10: e^(-x/64) by its series, then six squarings. The relative error is below
/// 2e-14, far less than any sample shows.
fn exp_minus(x: f64) -> f64 {
    let y = -x / 64.0;
    let mut sum = 1.0;
    for divisor in (1..=14).rev() {
        sum = 1.0 + y / f64::from(divisor) * sum;
    }
    for _ in 0..6 {
        sum *= sum;
    }
    sum
}

/// ln x for normal positive x, to a few units of the last place: the series of atanh.
fn log(x: f64) -> f64 {
    let word = x.to_bits();
    let exponent = word.wrapping_sub(0x3fe6_a09e_667f_3bcd) & 0xfff0_0000_0000_0000;
    let m = f64::from_bits(word.wrapping_sub(exponent));
    #[allow(clippy::cast_precision_loss, reason = "an exponent")]
    let k = (exponent.cast_signed() >> 52) as f64;
    let f = (m - 1.0) / (m + 1.0);
    let z = f * f;
    let series = (0..12).rev().fold(0.0, |sum, term| sum * z + 2.0 / f64::from(2 * term + 1));
    k * std::f64::consts::LN_2 + f * series
}

/// ln k!, by Stirling's series from 16 on (error below 1e-15 of ln k!), exactly summed below.
fn log_factorial(k: f64) -> f64 {
    if k < 16.0 {
        let mut product = 1.0;
        let mut factor = 2.0;
        while factor <= k {
            product *= factor;
            factor += 1.0;
        }
        return log(product);
    }
    let x = k + 1.0;
    let z = 1.0 / (x * x);
    let series = 1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z / 1680.0));
    (x - 0.5) * log(x) - x + HALF_LOG_TAU + series / x
}
