//! Polynomials with short chains of dependent operations.

use super::super::{Builder, Value};

/// `c[0] + c[1]*x + c[2]*x^2 + …` with `square` = x²: neighbours are paired, and the pairs are
/// summed by Horner's rule in x². All pairs are independent, so the chain is half of Horner's, for
/// no more instructions once x² is there.
pub(super) fn polynomial(b: &mut Builder, x: Value, square: Value, coefficients: &[f64]) -> Value {
    let pairs: Vec<Value> = coefficients.chunks(2).map(|pair| linear(b, x, pair)).collect();
    let mut highest_first = pairs.into_iter().rev();
    let mut sum = highest_first.next().unwrap_or_else(|| b.float_as(x, 0.0));
    for pair in highest_first {
        sum = b.fma(sum, square, pair);
    }
    sum
}

fn linear(b: &mut Builder, x: Value, pair: &[f64]) -> Value {
    let constant = b.float_as(x, pair[0]);
    match pair.get(1) {
        Some(&slope) => {
            let slope = b.float_as(x, slope);
            b.fma(slope, x, constant)
        }
        None => constant,
    }
}
