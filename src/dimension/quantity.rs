//! Takes quantities of the crate `dimensioned`, whose units are types, into our units at run time.

use dimensioned::si::SI;
use dimensioned::typenum::{ATerm, Integer, TArr};

use super::Dimension;

/// A number with a unit, as Rust programs hold one.
///
/// ```
/// use dimensioned::f64prefixes::MILLI;
/// use dimensioned::si::S;
/// use dvdt::dimension::{Dimension, Quantity};
/// assert_eq!((100.0 * MILLI * S).si(), (0.1, Dimension::TIME));
/// ```
pub trait Quantity {
    /// The value in SI base units, and what it measures.
    fn si(&self) -> (f64, Dimension);
}

impl Quantity for f64 {
    fn si(&self) -> (f64, Dimension) {
        (*self, Dimension::DIMENSIONLESS)
    }
}

impl<U: Exponents> Quantity for SI<f64, U> {
    fn si(&self) -> (f64, Dimension) {
        // `dimensioned` has the candela before the mole.
        let [m, kg, s, a, k, cd, mol] = U::exponents();
        (self.value_unsafe, Dimension::of([m, kg, s, a, k, mol, cd]))
    }
}

/// A list of seven exponents that is a type.
pub trait Exponents {
    /// The exponents as numbers, in the order of the list.
    fn exponents() -> [i32; 7] {
        let mut exponents = [0; 7];
        Self::write(&mut exponents);
        exponents
    }

    /// Writes the exponents to the front of `place`.
    fn write(place: &mut [i32]);
}

impl Exponents for ATerm {
    fn write(_: &mut [i32]) {}
}

impl<First: Integer, Rest: Exponents> Exponents for TArr<First, Rest> {
    fn write(place: &mut [i32]) {
        if let Some((first, rest)) = place.split_first_mut() {
            *first = First::I32;
            Rest::write(rest);
        }
    }
}
