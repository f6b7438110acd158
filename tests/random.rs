//! Random numbers: their definition, made anew here from the text of the module, and their statistics.
//!
//! All seeds are fixed, so a test that passes once passes always. The rates of error are those that true random
//! numbers would have for a seed picked at random; all tests together would fail for one seed in some thousands.
#![allow(clippy::disallowed_methods, reason = "the standard library is the reference")]

use dvdt::random::{Stream, fill_normal, fill_poisson, fill_uniform, normal, poisson, uniform};
use std::f64::consts::{FRAC_PI_4, TAU};

type Fill = fn(Stream, u64, usize, &mut [f64]);
type Distribution = fn(f64) -> f64;

/// Elements of a column where many columns make one sample.
const COLUMN: usize = 10_000;

/// Numbers of a small sample.
const COUNT: usize = 400_000;

fn stream(seed: u64, group: u32, number: u32) -> Stream {
    Stream { seed, group, number }
}

fn column(fill: Fill, stream: Stream, tick: u64, length: usize) -> Vec<f64> {
    let mut values = vec![0.0; length];
    fill(stream, tick, 0, &mut values);
    values
}

/// Calls `read` with `count` numbers, column by column.
fn for_columns(fill: Fill, stream: Stream, count: usize, mut read: impl FnMut(&[f64])) {
    let mut values = vec![0.0; COLUMN];
    for tick in 0..count / COLUMN {
        fill(stream, tick as u64, 0, &mut values);
        read(&values);
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Places to look at, by the generator of Steele, Lea & Flood (2014), "Fast splittable pseudorandom number
/// generators", which has nothing in common with Philox.
struct Places(u64);

impl Places {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// A number of at most `most` bits; small and large ones are equally often there.
    fn up_to(&mut self, most: u32) -> u64 {
        let width = self.next() % u64::from(most + 1);
        self.next() & ((1 << width) - 1)
    }

    fn stream(&mut self) -> Stream {
        let seed = self.up_to(63) << (self.next() & 1);
        stream(seed, self.up_to(16) as u32, self.up_to(24) as u32)
    }
}

// Distributions.

/// The chance of a normal number above `x`: half of erfc(x/√2). Below 2 by the series of Marsaglia (2004), "Evaluating
/// the normal distribution", where all terms have one sign; from there on by Laplace's continued fraction.
fn above(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - above(-x);
    }
    let density = (-x * x / 2.0).exp() / TAU.sqrt();
    if x < 2.0 {
        let (mut term, mut sum, mut odd) = (x, 0.0, 1.0);
        while term > 1e-18 {
            sum += term;
            odd += 2.0;
            term *= x * x / odd;
        }
        return 0.5 - density * sum;
    }
    let fraction = (1..=100).rev().fold(x, |rest, term| x + f64::from(term) / rest);
    density / fraction
}

/// ln k!: Stirling's series, from 20 on, with an error below 1e-15; below that k! is made from 20! by division.
fn log_factorial(k: u64) -> f64 {
    let x = k.max(20) as f64 + 1.0;
    let large = (x - 0.5) * x.ln() - x + TAU.ln() / 2.0 + 1.0 / (12.0 * x) - 1.0 / (360.0 * x * x * x)
        + 1.0 / (1260.0 * x * x * x * x * x)
        - 1.0 / (1680.0 * x * x * x * x * x * x * x);
    large - (k + 1..=20).map(|factor| (factor as f64).ln()).sum::<f64>()
}

/// The chance of the count `k` when `mean` are expected.
fn chance(k: u64, mean: f64) -> f64 {
    (k as f64 * mean.ln() - mean - log_factorial(k)).exp()
}

/// The chance of `count` or fewer, and of `count` or more.
fn tails(count: u64, mean: f64) -> (f64, f64) {
    let reach = 60 + (12.0 * mean.sqrt()) as u64;
    let sum = |from: u64, to: u64| (from..=to).map(|k| chance(k, mean)).sum();
    (sum(count.saturating_sub(reach), count), sum(count, count + reach))
}

/// That the chi-square of counts is neither too large nor too small, each with a rate of 1e-6 (of less where there are
/// few bins): Wilson & Hilferty (1931), "The distribution of chi-square".
fn check_chi_square(counts: &[u64], expected: &[f64], what: &str) {
    let sum: f64 = counts.iter().zip(expected).map(|(&count, mean)| (count as f64 - mean).powi(2) / mean).sum();
    let freedom = counts.len() as f64 - 1.0;
    let width = 2.0 / (9.0 * freedom);
    let deviate = ((sum / freedom).cbrt() - (1.0 - width)) / width.sqrt();
    assert!(deviate.abs() < 4.753, "{what}: chi-square {sum} of {freedom} degrees, {deviate} deviations");
}

fn check_even(counts: &[u64], what: &str) {
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    check_chi_square(counts, &vec![mean; counts.len()], what);
}

#[test]
fn distributions_of_this_file_have_known_values() {
    // Abramowitz & Stegun, tables 26.1 and 26.2, with more digits by mpmath.
    let cases = [
        (0.0, 0.5),
        (1.0, 0.158_655_253_931_457_05),
        (1.999_999_999, 0.022_750_132_002_1),
        (2.0, 0.022_750_131_948_179_21),
        (3.0, 1.349_898_031_630_094_5e-3),
        (5.0, 2.866_515_718_791_939e-7),
        (-1.0, 0.841_344_746_068_542_9),
    ];
    for (x, exact) in cases {
        assert!((above(x) - exact).abs() < 1e-11 * exact, "{x}: {} {exact}", above(x));
    }
    assert!((log_factorial(5) - 120f64.ln()).abs() < 1e-13 && log_factorial(0).abs() < 1e-13);
    assert!((log_factorial(25) - 15_511_210_043_330_985_984_000_000f64.ln()).abs() < 1e-13);
    let (low, high) = tails(3, 2.0);
    assert!((low - 0.857_123_460_498_547_4).abs() < 1e-12 && (high - 0.323_323_583_816_936_5).abs() < 1e-12);
}

mod definition {
    use super::*;

    /// Exact: no error of a kind that depends on the seed.
    #[test]
    fn elements_are_those_of_their_columns() {
        let mut places = Places(1);
        for length in [0, 1, 7, 8, 15, 16, 31, 32, 33, 100, 1000] {
            let (stream, tick) = (places.stream(), places.up_to(48));
            for (fill, one) in [(fill_uniform as Fill, uniform as fn(Stream, u64, usize) -> f64), (fill_normal, normal)]
            {
                let whole = column(fill, stream, tick, length);
                let single: Vec<f64> = (0..length).map(|element| one(stream, tick, element)).collect();
                assert_eq!(bits(&single), bits(&whole), "{stream:?} {tick} {length}");
                for first in (0..length).step_by(32) {
                    let mut part = vec![0.0; length - first];
                    fill(stream, tick, first, &mut part);
                    assert_eq!(bits(&part), bits(&whole[first..]), "{stream:?} {tick} {length} from {first}");
                }
            }
            let means: Vec<f64> = (0..length).map(|_| places.up_to(12) as f64 / 16.0).collect();
            let mut whole = vec![0; length];
            fill_poisson(stream, tick, 0, &means, &mut whole);
            let single: Vec<i64> = (0..length).map(|element| poisson(stream, tick, element, means[element])).collect();
            assert_eq!(single, whole);
            for first in (0..length).step_by(32) {
                let mut part = vec![0; length - first];
                fill_poisson(stream, tick, first, &means[first..], &mut part);
                assert_eq!(part, whole[first..]);
            }
        }
    }

    /// Philox 4x32-10 as its paper writes it, in words of 32 bits.
    fn philox(mut x: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
        for _ in 0..10 {
            let first = u64::from(x[0]) * 0xd251_1f53;
            let second = u64::from(x[2]) * 0xcd9e_8d57;
            x = [
                (second >> 32) as u32 ^ x[1] ^ key[0],
                second as u32,
                (first >> 32) as u32 ^ x[3] ^ key[1],
                first as u32,
            ];
            key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
        }
        x
    }

    fn block(stream: Stream, tick: u64, block: usize) -> [u32; 4] {
        let high = (tick >> 32) as u32 | stream.group << 16;
        philox([block as u32, tick as u32, high, stream.number], [stream.seed as u32, (stream.seed >> 32) as u32])
    }

    fn expected_uniform(stream: Stream, tick: u64, e: usize) -> f64 {
        let words = block(stream, tick, e / 16 * 8 + e % 8);
        let part = e / 8 % 2;
        let random = u64::from(words[2 * part]) << 32 | u64::from(words[2 * part + 1]);
        (random >> 12) as f64 / 2f64.powi(52)
    }

    fn expected_normal(stream: Stream, tick: u64, e: usize) -> f64 {
        let words = block(stream, tick, e / 32 * 8 + e % 8);
        let part = e / 8 % 4;
        let random = u64::from(words[part / 2 * 2]) << 32 | u64::from(words[part / 2 * 2 + 1]);
        let u = ((random >> 24) as f64 + 0.5) / 2f64.powi(40);
        let angle = ((random & 0x00ff_ffff) as f64 + 0.5) / 2f64.powi(24) * TAU - FRAC_PI_4;
        let radius = (-2.0 * u.ln()).sqrt();
        radius * [angle.cos(), angle.sin()][part % 2]
    }

    /// Errors of the logarithm, root and angle make some 1e-15 of a number up to 7.6.
    #[test]
    fn numbers_are_those_of_the_text() {
        let published = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(philox(counter, [0xa409_3822, 0x299f_31d0]), published);
        let mut places = Places(2);
        for _ in 0..20_000 {
            let (stream, tick, element) = (places.stream(), places.up_to(48), places.up_to(32) as usize);
            let place = || format!("{stream:?} {tick} {element}");
            assert_eq!(uniform(stream, tick, element), expected_uniform(stream, tick, element), "{}", place());
            let (found, exact) = (normal(stream, tick, element), expected_normal(stream, tick, element));
            assert!((found - exact).abs() < 1e-13, "{} {found} {exact}", place());
            let first = element & !31;
            let (mut uniforms, mut normals) = ([0.0; 32], [0.0; 32]);
            fill_uniform(stream, tick, first, &mut uniforms);
            fill_normal(stream, tick, first, &mut normals);
            assert_eq!(uniforms[element % 32], expected_uniform(stream, tick, element), "{}", place());
            assert_eq!(normals[element % 32].to_bits(), found.to_bits(), "{}", place());
        }
    }

    /// What was drawn once is drawn for ever: results of users are kept with their seed only.
    #[test]
    fn bits_stay_what_they_were() {
        let places = [
            (stream(0, 0, 0), 0, 0),
            (stream(1, 0, 0), 0, 9),
            (stream(0x0123_4567_89ab_cdef, 3, 5), 1000, 12_345),
            (stream(u64::MAX, 0xffff, 0x00ff_ffff), (1 << 48) - 1, 0xffff_ffff),
        ];
        let found = places.map(|(stream, tick, element)| {
            let count = |mean| poisson(stream, tick, element, mean);
            let [u, z] = [uniform, normal].map(|one| one(stream, tick, element).to_bits());
            (u, z, [count(2.5), count(40.0), count(1e12)])
        });
        let expected = [
            (0x3fd9_89fa_3578_5a70, 0xbfd4_9b63_ef5d_56c8, [2, 38, 999_999_712_802]),
            (0x3fde_701e_91e9_fd98, 0xbfe6_d558_0649_ef21, [1, 34, 999_999_127_855]),
            (0x3fec_b0cc_c872_038c, 0xbfe4_a6a8_6c26_ae17, [3, 42, 1_000_000_339_732]),
            (0x3fd9_9487_29db_42fc, 0xbfca_42fb_740a_b98c, [4, 46, 1_000_000_878_133]),
        ];
        assert_eq!(found, expected, "found {found:#x?}");
    }
}

mod distribution {
    use super::*;

    /// Four tests at 5 standard errors: 2.3e-6 in all. E x^2k is 1, 3, 15, 105.
    #[test]
    fn normals_have_their_moments() {
        let count = 10_000_000;
        let mut sums = [0.0; 4];
        for_columns(fill_normal, stream(3, 1, 2), count, |values| {
            let mut part = [0.0; 4];
            for x in values {
                let square = x * x;
                part[0] += x;
                part[1] += square;
                part[2] += square * x;
                part[3] += square * square;
            }
            (0..4).for_each(|power| sums[power] += part[power]);
        });
        for (power, (exact, variance)) in [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)].into_iter().enumerate() {
            let deviate = (sums[power] / count as f64 - exact) / f64::sqrt(variance / count as f64);
            assert!(deviate.abs() < 5.0, "moment {}: {deviate} standard errors", power + 1);
        }
    }

    /// The largest distance of the empirical distribution, times √n, exceeds t with a chance of 2 exp(-2 t²), which
    /// is 1e-6 for 2.694 (Kolmogorov 1933; Smirnov 1948): 2e-6 in all.
    #[test]
    fn distributions_are_those_of_kolmogorov_and_smirnov() {
        let cases: [(Fill, Distribution, &str); 2] =
            [(fill_uniform, |x| x, "uniform"), (fill_normal, |x| above(-x), "normal")];
        for (fill, distribution, name) in cases {
            let mut values = column(fill, stream(4, 0, 7), 11, 1_000_000);
            values.sort_unstable_by(f64::total_cmp);
            let count = values.len() as f64;
            let distance = |(rank, &value): (usize, &f64)| {
                let exact = distribution(value);
                (exact - rank as f64 / count).max((rank + 1) as f64 / count - exact)
            };
            let most = values.iter().enumerate().map(distance).fold(0.0, f64::max) * count.sqrt();
            assert!(most < 2.694, "{name}: {most}");
        }
    }

    /// Six counts, each with two tails of 1e-6: 1.2e-5 in all.
    #[test]
    fn normals_have_their_tails() {
        let count = 30_000_000;
        let mut beyond = [[0u64; 2]; 3];
        for_columns(fill_normal, stream(5, 2, 0), count, |values| {
            for &x in values.iter().filter(|x| x.abs() > 3.0) {
                for (sigma, sides) in beyond.iter_mut().enumerate() {
                    sides[usize::from(x < 0.0)] += u64::from(x.abs() > sigma as f64 + 3.0);
                }
            }
        });
        for (sigma, sides) in beyond.into_iter().enumerate() {
            let sigma = sigma as f64 + 3.0;
            let mean = above(sigma) * count as f64;
            for found in sides {
                let (fewer, more) = tails(found, mean);
                assert!(fewer > 1e-6 && more > 1e-6, "beyond {sigma}: {found}, where {mean} are expected: {beyond:?}");
            }
        }
    }

    /// Five tests of two sides: 1e-5 in all.
    #[test]
    fn uniforms_are_even() {
        let (mut high, mut low, mut next, mut block, mut tick) = ([0; 256], [0; 256], [0; 256], [0; 256], [0; 256]);
        let mut before = column(fill_uniform, stream(6, 5, 4), 1 << 40, COLUMN);
        for_columns(fill_uniform, stream(6, 5, 4), 2_000_000, |values| {
            let bin = |value: f64, bins: f64| (value * bins) as usize;
            let pair = |one, other| bin(one, 16.0) * 16 + bin(other, 16.0);
            for (place, &value) in values.iter().enumerate() {
                assert!((0.0..1.0).contains(&value));
                high[bin(value, 256.0)] += 1;
                low[bin(value, 2f64.powi(52)) % 256] += 1;
                tick[pair(before[place], value)] += 1;
            }
            values.chunks_exact(2).for_each(|pairs| next[pair(pairs[0], pairs[1])] += 1);
            for blocks in values.chunks_exact(16) {
                (0..8).for_each(|lane| block[pair(blocks[lane], blocks[lane + 8])] += 1);
            }
            before.copy_from_slice(values);
        });
        check_even(&high, "highest bits");
        check_even(&low, "lowest bits");
        check_even(&next, "neighbours");
        check_even(&block, "halves of a block");
        check_even(&tick, "neighbours in time");
    }
}

mod independence {
    use super::*;

    /// Sums of products of numbers of mean 0 and variance 1, in standard errors.
    fn correlation(one: &[f64], other: &[f64]) -> f64 {
        let sum: f64 = one.iter().zip(other).map(|(x, y)| x * y).sum();
        sum / f64::sqrt(one.len().min(other.len()) as f64)
    }

    /// Values and squares of a column, both of mean 0 and variance 1; `square` is the variance of x².
    struct Sample {
        values: Vec<f64>,
        squares: Vec<f64>,
    }

    impl Sample {
        fn new(fill: Fill, place: (Stream, u64)) -> Sample {
            let mut values = column(fill, place.0, place.1, COUNT);
            let mut variance = 2.0;
            if std::ptr::fn_addr_eq(fill, fill_uniform as Fill) {
                values.iter_mut().for_each(|value| *value = (*value - 0.5) * f64::sqrt(12.0));
                variance = 0.8;
            }
            let squares = values.iter().map(|value| (value * value - 1.0) / f64::sqrt(variance)).collect();
            Sample { values, squares }
        }

        fn check(&self, other: &Sample, lag: usize, what: &str) {
            let found = [
                correlation(&self.values, &other.values[lag..]),
                correlation(&self.squares, &other.squares[lag..]),
                correlation(&self.values, &other.squares[lag..]),
            ];
            assert!(found.iter().all(|deviate| deviate.abs() < 5.0), "{what}: {found:?} standard errors");
        }
    }

    /// Two kinds of numbers, 25 neighbours, three correlations at 5 standard errors of 5.7e-7: 9e-5 in all.
    #[test]
    fn neighbours_are_not_correlated() {
        let (home, tick) = (stream(7, 3, 2), 1 << 20);
        let seeds = [8, 6, 7 | 1 << 32, 7 | 1 << 63].map(|seed| (Stream { seed, ..home }, tick));
        let groups = [2, 4, 0, 3 | 1 << 15].map(|group| (Stream { group, ..home }, tick));
        let numbers = [1, 3, 0, 2 | 1 << 23].map(|number| (Stream { number, ..home }, tick));
        let ticks = [tick + 1, tick + 2, tick + 1000, tick | 1 << 32, tick | 1 << 47].map(|tick| (home, tick));
        // What the words of the counter would make alike if they were mixed up.
        let swapped = [(stream(3, 7, 2), tick), (stream(7, 2, 3), tick), (stream(tick, 3, 2), 7)];
        for fill in [fill_uniform as Fill, fill_normal] {
            let here = Sample::new(fill, (home, tick));
            for lag in [1, 2, 8, 16, 32] {
                here.check(&here, lag, &format!("elements {lag} apart"));
            }
            for place in [&seeds[..], &groups, &numbers, &ticks, &swapped].concat() {
                here.check(&Sample::new(fill, place), 0, &format!("{place:?}"));
            }
        }
    }
}

mod counts {
    use super::*;

    fn draw(mean: f64) -> Vec<i64> {
        let (means, mut found) = (vec![mean; COLUMN], vec![0; COUNT]);
        for (tick, part) in found.chunks_mut(COLUMN).enumerate() {
            fill_poisson(stream(8, 1, 6), tick as u64, 0, &means, part);
        }
        found
    }

    /// Mean and variance in standard errors. The variance of (x - m)² is m + 2 m².
    fn check_moments(mean: f64) {
        let (mut sum, mut squares) = (0.0, 0.0);
        for count in draw(mean) {
            assert!(count >= 0);
            let deviation = count as f64 - mean;
            sum += deviation;
            squares += deviation * deviation - mean;
        }
        let first = sum / f64::sqrt(mean * COUNT as f64);
        let second = squares / f64::sqrt((mean + 2.0 * mean * mean) * COUNT as f64);
        assert!(first.abs() < 5.0 && second.abs() < 5.0, "{mean}: {first} and {second} standard errors");
    }

    /// Ten means, two tests at 5 standard errors of 5.7e-7; at the smallest mean, where 400 counts are not 0, skewness
    /// makes some 3e-6 of them: 2e-5 in all.
    #[test]
    fn counts_have_their_mean_and_variance() {
        [1e-3, 0.5, 3.0, 9.99, 10.0, 50.0, 1e3, 1e4, 1e9, 1e12].into_iter().for_each(check_moments);
    }

    /// Where `k ln m - m - ln k!` is a small difference of large numbers.
    #[test]
    fn vast_counts_have_their_mean_and_variance() {
        [3e13, 1e14, 1e15, 8e15].into_iter().for_each(check_moments);
    }

    /// Seven means, two sides of 1e-6: 1.4e-5 in all.
    #[test]
    fn counts_have_their_distribution() {
        for mean in [0.5, 3.0, 9.99, 10.0, 10.5, 30.0, 200.0] {
            let found = draw(mean);
            let most = found.iter().max().unwrap() + 1;
            let mut raw = vec![0u64; most as usize + 1];
            found.iter().for_each(|&count| raw[count as usize] += 1);
            // Counts that are expected less than ten times share a bin with their neighbours.
            let (mut counts, mut expected) = (vec![0], vec![0.0]);
            for (k, &count) in raw.iter().enumerate() {
                if *expected.last().unwrap() >= 10.0 {
                    counts.push(0);
                    expected.push(0.0);
                }
                *counts.last_mut().unwrap() += count;
                *expected.last_mut().unwrap() += chance(k as u64, mean) * COUNT as f64;
            }
            *expected.last_mut().unwrap() += COUNT as f64 - expected.iter().sum::<f64>();
            if *expected.last().unwrap() < 10.0 && expected.len() > 1 {
                let (count, rest) = (counts.pop().unwrap(), expected.pop().unwrap());
                *counts.last_mut().unwrap() += count;
                *expected.last_mut().unwrap() += rest;
            }
            check_chi_square(&counts, &expected, &format!("mean {mean}"));
        }
    }

    /// Exact but for the last: a mean just below 2^53 is drawn, within 6 deviations but for 2e-9.
    #[test]
    fn means_without_counts_have_a_rule() {
        let place = stream(9, 0, 0);
        let vast = 2f64.powi(53);
        let cases = [
            (f64::NAN, 0),
            (-1.0, 0),
            (f64::NEG_INFINITY, 0),
            (0.0, 0),
            (-0.0, 0),
            (f64::MIN_POSITIVE, 0),
            (vast, 1 << 53),
            (2f64.powi(62), 1 << 62),
            (1e300, i64::MAX),
            (f64::INFINITY, i64::MAX),
        ];
        for (mean, expected) in cases {
            for element in 0..100 {
                assert_eq!(poisson(place, 1, element, mean), expected, "{mean}");
            }
            let mut counts = [1; 40];
            fill_poisson(place, 1, 0, &[mean; 40], &mut counts);
            assert_eq!(counts, [expected; 40], "{mean}");
        }
        let below = poisson(place, 1, 0, vast - 1.0) as f64;
        assert!((below - vast).abs() < 6.0 * vast.sqrt(), "{below}");
    }
}
