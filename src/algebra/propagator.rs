//! `exp(A dt)` and its integral, in plain arithmetic.
//!
//! Scaling and squaring (Moler & Van Loan 2003, method 3; for the integral the modified squaring
//! of Skaflestad & Wright 2009, eq. 11): with h = dt/2ˢ small enough, φ(z) = (exp(z) - 1)/z has a
//! short Taylor series, and s doublings
//!
//! ```text
//! φ(2z) = φ(z) + (exp(z) - 1) φ(z)/2,      exp(2z) = exp(z)²
//! ```
//!
//! lead back to dt. Three things differ from the textbook, all for accuracy on stiff systems:
//!
//! * What is doubled is not P = exp(z) but its distance E = P - D from a diagonal D of ones and
//!   zeros: E(2z) = E² + D E + E D. A slow variable beside a fast one has P close to 1 for most of
//!   the doublings, and squaring 1 - 10⁻⁶ over and over would forget what the 10⁻⁶ was. Where
//!   P falls below 1/2, its one in D becomes a zero, and a fast decay keeps its relative accuracy.
//! * `A` is balanced first by powers of two (Parlett & Reinsch 1969), because in SI base units one
//!   row may be in volts and the next in picoamperes.
//! * A Taylor series needs no division, so singular and defective matrices are nothing special and
//!   what is structurally zero stays exactly zero.

/// `P = exp(A dt)` and `Q = ∫ exp(A s) ds` from 0 to `dt`, row by row like `a`.
///
/// The same bits on every machine. A relative error is about the machine's precision times the
/// system's own sensitivity to `A`. All NaN when an input is not finite, or when `a` does not hold
/// `size * size` numbers.
pub fn propagator(a: &[f64], size: usize, dt: f64) -> (Vec<f64>, Vec<f64>) {
    let mut scaled: Vec<f64> = a.iter().map(|entry| entry * dt).collect();
    if scaled.len() != size * size || scaled.iter().any(|entry| !entry.is_finite()) || !dt.is_finite() {
        return (vec![f64::NAN; size * size], vec![f64::NAN; size * size]);
    }
    let scale = balance(&mut scaled, size);
    let doublings = halve(&mut scaled, size);
    let mut state = Doubling::start(&scaled, size);
    for _ in 0..doublings {
        state.double();
    }
    state.finish(&scale, dt)
}

/// Sums of the terms `z^k/(k + 1)!` up to this k; the next is below 2⁻⁵³ when the norm is 1/2.
const LAST_TERM: u32 = 13;

/// Scales rows and columns by powers of two until they have similar sums; `scale[i]/scale[j]`
/// times the balanced entry is the original one.
fn balance(a: &mut [f64], size: usize) -> Vec<f64> {
    let mut scale = vec![1.0; size];
    for _ in 0..MOST_SWEEPS {
        let mut changed = false;
        for index in 0..size {
            let factor = balancing_factor(a, size, index);
            if factor == 1.0 || !(SMALLEST_SCALE..=1.0 / SMALLEST_SCALE).contains(&(scale[index] * factor)) {
                continue;
            }
            changed = true;
            scale[index] *= factor;
            for other in 0..size {
                a[index * size + other] /= factor;
                a[other * size + index] *= factor;
            }
        }
        if !changed {
            break;
        }
    }
    scale
}

/// Balancing converges in a few sweeps; the limit is for matrices that never settle.
const MOST_SWEEPS: usize = 20;

/// Keeps products of a scale and an entry far from underflow.
const SMALLEST_SCALE: f64 = f64::from_bits(0x2ff0_0000_0000_0000); // 2⁻²⁵⁶

/// The power of two that brings a column's sum closest to its row's, 1 if little is gained
/// (the constants are those of Parlett & Reinsch, for a machine of base 2).
fn balancing_factor(a: &[f64], size: usize, index: usize) -> f64 {
    let (mut column, mut row) = (0.0, 0.0);
    for other in (0..size).filter(|&other| other != index) {
        column += a[other * size + index].abs();
        row += a[index * size + other].abs();
    }
    if column == 0.0 || row == 0.0 || !(column + row).is_finite() {
        return 1.0;
    }
    let (sum, mut factor) = (column + row, 1.0);
    while column < row / 2.0 {
        factor *= 2.0;
        column *= 4.0;
    }
    while column >= row * 2.0 {
        factor /= 2.0;
        column /= 4.0;
    }
    if (column + row) / factor < 0.95 * sum { factor } else { 1.0 }
}

/// Halves `a` until its norm is at most 1/2; how often that was.
fn halve(a: &mut [f64], size: usize) -> u32 {
    let sum_of_row = |row: usize| a[row * size..(row + 1) * size].iter().map(|entry| entry.abs() / 2.0).sum::<f64>();
    // Half the norm, so that it cannot overflow for one large entry.
    let mut norm = (0..size).map(sum_of_row).fold(0.0, f64::max).min(f64::MAX);
    let mut doublings = 0;
    while norm > 0.25 {
        norm /= 2.0;
        doublings += 1;
        for entry in a.iter_mut() {
            *entry /= 2.0;
        }
    }
    doublings
}

/// exp(z) and φ(z) of a matrix z that doubles.
struct Doubling {
    size: usize,
    /// D: where exp(z) is kept as its distance from 1.
    ones: Vec<f64>,
    /// E = exp(z) - D
    distance: Vec<f64>,
    /// φ(z)
    phi: Vec<f64>,
}

impl Doubling {
    /// The Taylor series φ(z) = 1 + z/2 (1 + z/3 (1 + …)), and exp(z) - 1 = z φ(z).
    fn start(z: &[f64], size: usize) -> Self {
        let identity = |row: usize, column: usize| if row == column { 1.0 } else { 0.0 };
        let mut phi: Vec<f64> = (0..size * size).map(|at| identity(at / size, at % size)).collect();
        for divisor in (2..=LAST_TERM + 1).rev() {
            let inner = product(z, &phi, size);
            for (at, entry) in phi.iter_mut().enumerate() {
                *entry = identity(at / size, at % size) + inner[at] / f64::from(divisor);
            }
        }
        Doubling { size, ones: vec![1.0; size], distance: product(z, &phi, size), phi }
    }

    fn double(&mut self) {
        let size = self.size;
        let square = product(&self.distance, &self.distance, size);
        let change = product(&self.distance, &self.phi, size);
        for at in 0..size * size {
            let (row, column) = (at / size, at % size);
            self.phi[at] += 0.5 * (change[at] - (1.0 - self.ones[row]) * self.phi[at]);
            self.distance[at] = square[at] + (self.ones[row] + self.ones[column]) * self.distance[at];
        }
        for index in 0..size {
            let diagonal = &mut self.distance[index * size + index];
            if self.ones[index] == 1.0 && *diagonal < -0.5 {
                *diagonal += 1.0;
                self.ones[index] = 0.0;
            }
        }
    }

    /// P and Q in the units of the original matrix.
    fn finish(self, scale: &[f64], dt: f64) -> (Vec<f64>, Vec<f64>) {
        let (size, mut p, mut q) = (self.size, self.distance, self.phi);
        for index in 0..size {
            p[index * size + index] += self.ones[index];
        }
        for at in 0..size * size {
            let ratio = scale[at / size] / scale[at % size];
            p[at] *= ratio;
            q[at] *= ratio * dt;
        }
        (p, q)
    }
}

/// The product of two matrices. A zero contributes nothing, even to what has overflowed.
fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for row in 0..size {
        for inner in 0..size {
            let factor = a[row * size + inner];
            if factor == 0.0 {
                continue;
            }
            for column in 0..size {
                product[row * size + column] += factor * b[inner * size + column];
            }
        }
    }
    product
}
