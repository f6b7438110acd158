//! Rows smoothed by a Gaussian: the same bits on every machine, for which the Fourier transform is here,
//! made of correctly rounded operations alone.

/// Weighted rows up to which sums are formed one by one; beyond, a Fourier transform takes less time.
const MOST_PRODUCTS: usize = 1 << 22;

/// Each row as the mean of the rows around it, with the weights of a Gaussian whose standard deviation is
/// given in rows; those beyond four deviations count nothing. At an end the weights of the rows that are
/// there add up to 1.
///
/// Long sums are formed by a Fourier transform, to within some 1e-15 of the largest value.
pub(super) fn smooth(values: &[f64], width: usize, deviation: f64) -> Vec<f64> {
    let rows = values.len().checked_div(width).unwrap_or(0);
    if deviation <= 0.0 || deviation.is_nan() || rows == 0 {
        return values.to_vec();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the number of rows")]
    let reach = ((4.0 * deviation).ceil() as usize).min(rows);
    #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^53")]
    let weights: Vec<f64> = (0..=reach).map(|row| gaussian(row as f64 / deviation)).collect();
    // Up to each distance, that included.
    let sums: Vec<f64> = weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let total = |row: usize| sums[row.min(reach)] + sums[(rows - 1 - row).min(reach)] - weights[0];
    let mut smoothed = if rows.saturating_mul(reach) <= MOST_PRODUCTS {
        one_by_one(values, width, &weights)
    } else {
        transformed(values, width, &weights)
    };
    for (row, numbers) in smoothed.chunks_exact_mut(width).enumerate() {
        numbers.iter_mut().for_each(|number| *number /= total(row));
    }
    smoothed
}

fn one_by_one(values: &[f64], width: usize, weights: &[f64]) -> Vec<f64> {
    let (rows, reach) = (values.len() / width, weights.len() - 1);
    let mut sums = Vec::with_capacity(values.len());
    for row in 0..rows {
        let (first, last) = (row.saturating_sub(reach), (row + reach).min(rows - 1));
        for column in 0..width {
            sums.push((first..=last).map(|other| weights[other.abs_diff(row)] * values[other * width + column]).sum());
        }
    }
    sums
}

fn transformed(values: &[f64], width: usize, weights: &[f64]) -> Vec<f64> {
    let (rows, reach) = (values.len() / width, weights.len() - 1);
    let length = (rows + reach).next_power_of_two();
    let roots = roots(length);
    let mut kernel = vec![(0.0, 0.0); length];
    for (distance, &weight) in weights.iter().enumerate() {
        kernel[distance].0 = weight;
        kernel[(length - distance) % length].0 = weight;
    }
    transform(&mut kernel, &roots);
    let mut sums = vec![0.0; values.len()];
    for column in 0..width {
        let mut numbers = vec![(0.0, 0.0); length];
        for (number, row) in numbers.iter_mut().zip(values.chunks_exact(width)) {
            number.0 = row[column];
        }
        transform(&mut numbers, &roots);
        // The transform of a symmetric kernel is real. A second transform of the conjugate goes back.
        for (number, factor) in numbers.iter_mut().zip(&kernel) {
            *number = (number.0 * factor.0, -number.1 * factor.0);
        }
        transform(&mut numbers, &roots);
        for (row, number) in sums.chunks_exact_mut(width).zip(&numbers) {
            #[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
            let sum = number.0 / length as f64;
            row[column] = sum;
        }
    }
    sums
}

type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// exp(-2πij/length) for the first half of all j; each is a product of at most log2(length) others, which
/// come of halving angles.
fn roots(length: usize) -> Vec<Complex> {
    let half = (length / 2).max(1);
    let mut powers = vec![(-1.0_f64, 0.0_f64)];
    while 1 << powers.len() < length {
        let (cosine, _) = powers[powers.len() - 1];
        // Of half the angle; from a right angle on both are far from 0, or the sine is small and exact enough.
        let next = if powers.len() == 1 {
            (0.0, -1.0)
        } else {
            let next_cosine = ((1.0 + cosine) / 2.0).sqrt();
            (next_cosine, powers[powers.len() - 1].1 / (2.0 * next_cosine))
        };
        powers.push(next);
    }
    let mut roots = vec![(1.0, 0.0); half];
    for j in 1..half {
        let low = j.trailing_zeros() as usize;
        let step = powers[powers.len() - 1 - low];
        roots[j] = times(roots[j & (j - 1)], step);
    }
    roots
}

/// The discrete Fourier transform by Cooley and Tukey's method; the length is a power of two.
fn transform(numbers: &mut [Complex], roots: &[Complex]) {
    let length = numbers.len();
    let bits = length.trailing_zeros();
    for place in 0..length {
        let other = if bits == 0 { place } else { place.reverse_bits() >> (usize::BITS - bits) };
        if place < other {
            numbers.swap(place, other);
        }
    }
    let mut half = 1;
    while half < length {
        let stride = length / (2 * half);
        for block in numbers.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (j, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let product = times(*b, roots[j * stride]);
                (*a, *b) = ((a.0 + product.0, a.1 + product.1), (a.0 - product.0, a.1 - product.1));
            }
        }
        half *= 2;
    }
}

/// exp(-x²/2), by repeated multiplication: weights that need no last digit, but the same on every
/// machine.
fn gaussian(x: f64) -> f64 {
    // exp(-y) = (exp(-y/1024))^1024, the inner one by its series.
    let y = x * x / 2.0 / 1024.0;
    let mut value = 1.0 - y + y * y / 2.0 - y * y * y / 6.0 + y * y * y * y / 24.0;
    for _ in 0..10 {
        value *= value;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways give the same to 1e-12 of the largest sum: a transform of 2^15 numbers has 15 stages, each of
    /// some roundings of 1e-16 of sums that are larger than the result.
    #[test]
    fn both_ways_agree() {
        let values: Vec<f64> = (0..20_000).map(|row| f64::from((row * 7919 % 13) * (row % 3))).collect();
        let weights: Vec<f64> = (0..=400).map(|row| gaussian(f64::from(row) / 100.0)).collect();
        for width in [1, 2] {
            let (one, other) = (one_by_one(&values, width, &weights), transformed(&values, width, &weights));
            let largest = one.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            let apart = one.iter().zip(&other).fold(0.0, |apart: f64, (one, other)| apart.max((one - other).abs()));
            assert!(apart <= 1e-12 * largest, "{apart} of {largest}");
        }
    }
}
