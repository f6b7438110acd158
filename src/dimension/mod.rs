//! Physical dimensions, the names of units, and the bridge to the crate `dimensioned`.

mod quantity;
mod ratio;
mod unit;

pub use quantity::{Exponents, Quantity};
pub use ratio::Ratio;
pub use unit::{Unit, declared_names, declared_unit, short_names, spelled_out, unit, unit_names};

pub(crate) use ratio::greatest_common_divisor;

use std::fmt;

/// The exponents of metre, kilogram, second, ampere, kelvin, mole and candela.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dimension {
    exponents: [Ratio; 7],
}

impl Dimension {
    /// A pure number.
    pub const DIMENSIONLESS: Dimension = Dimension::of([0; 7]);
    /// metre
    pub const LENGTH: Dimension = Dimension::of([1, 0, 0, 0, 0, 0, 0]);
    /// kilogram
    pub const MASS: Dimension = Dimension::of([0, 1, 0, 0, 0, 0, 0]);
    /// second
    pub const TIME: Dimension = Dimension::of([0, 0, 1, 0, 0, 0, 0]);
    /// hertz
    pub const FREQUENCY: Dimension = Dimension::of([0, 0, -1, 0, 0, 0, 0]);
    /// ampere
    pub const CURRENT: Dimension = Dimension::of([0, 0, 0, 1, 0, 0, 0]);
    /// kelvin
    pub const TEMPERATURE: Dimension = Dimension::of([0, 0, 0, 0, 1, 0, 0]);
    /// mole
    pub const AMOUNT: Dimension = Dimension::of([0, 0, 0, 0, 0, 1, 0]);
    /// candela
    pub const LUMINOSITY: Dimension = Dimension::of([0, 0, 0, 0, 0, 0, 1]);

    /// From whole exponents of m, kg, s, A, K, mol, cd.
    pub const fn of(exponents: [i32; 7]) -> Dimension {
        let [m, kg, s, a, k, mol, cd] = exponents;
        let ratio = Ratio::whole;
        Dimension { exponents: [ratio(m), ratio(kg), ratio(s), ratio(a), ratio(k), ratio(mol), ratio(cd)] }
    }

    /// The exponents of m, kg, s, A, K, mol, cd.
    pub fn exponents(&self) -> [Ratio; 7] {
        self.exponents
    }

    /// Whether it is that of a pure number.
    pub fn is_dimensionless(&self) -> bool {
        *self == Dimension::DIMENSIONLESS
    }

    /// The dimension of a product; `None` when an exponent does not fit.
    #[must_use]
    pub fn multiply(&self, other: &Dimension) -> Option<Dimension> {
        self.pairwise(other, Ratio::plus)
    }

    /// The dimension of a quotient; `None` when an exponent does not fit.
    #[must_use]
    pub fn divide(&self, other: &Dimension) -> Option<Dimension> {
        self.pairwise(other, Ratio::minus)
    }

    /// The dimension of a power; `None` when an exponent does not fit.
    #[must_use]
    pub fn power(&self, exponent: Ratio) -> Option<Dimension> {
        self.pairwise(&Dimension { exponents: [exponent; 7] }, Ratio::times)
    }

    fn pairwise(&self, other: &Dimension, join: impl Fn(Ratio, Ratio) -> Option<Ratio>) -> Option<Dimension> {
        let mut exponents = [Ratio::ZERO; 7];
        for (result, (&a, &b)) in exponents.iter_mut().zip(self.exponents.iter().zip(&other.exponents)) {
            *result = join(a, b)?;
        }
        Some(Dimension { exponents })
    }
}

/// The base units as the language writes them.
const BASE: [&str; 7] = ["meter", "kilogram", "second", "amp", "kelvin", "mole", "candle"];

/// Derived units that shorten a message; of equally short ones the first wins. Units that say no
/// more than their definition (hertz, gray, katal, lux) are left out on purpose, and those that few
/// modellers think in: siemens/second is better understood than 1/henry.
const DERIVED: [(&str, [i32; 7]); 10] = [
    ("volt", [2, 1, -3, -1, 0, 0, 0]),
    ("siemens", [-2, -1, 3, 2, 0, 0, 0]),
    ("farad", [-2, -1, 4, 2, 0, 0, 0]),
    ("ohm", [2, 1, -3, -2, 0, 0, 0]),
    ("coulomb", [0, 0, 1, 1, 0, 0, 0]),
    ("mM", [-3, 0, 0, 0, 0, 1, 0]),
    ("joule", [2, 1, -2, 0, 0, 0, 0]),
    ("watt", [2, 1, -3, 0, 0, 0, 0]),
    ("newton", [1, 1, -2, 0, 0, 0, 0]),
    ("pascal", [-1, 1, -2, 0, 0, 0, 0]),
];

/// A unit and its exponent.
type Factor = (&'static str, Ratio);

impl fmt::Display for Dimension {
    /// As the language writes it after a colon: `volt/second`, `siemens/meter**2`, `1`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factors = self.shortest_product();
        let mut first = true;
        for (name, exponent) in factors.iter().filter(|(_, exponent)| exponent.numerator() > 0) {
            let join = if first { "" } else { "*" };
            write!(out, "{join}{}", Power(name, *exponent))?;
            first = false;
        }
        if first {
            write!(out, "1")?;
        }
        for (name, exponent) in factors.iter().filter(|(_, exponent)| exponent.numerator() < 0) {
            let positive = Ratio::ZERO.minus(*exponent).unwrap_or(*exponent);
            write!(out, "/{}", Power(name, positive))?;
        }
        Ok(())
    }
}

/// `volt`, `volt**2`
struct Power(&'static str, Ratio);

impl fmt::Display for Power {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Ratio::ONE => write!(out, "{}", self.0),
            exponent => write!(out, "{}**{exponent}", self.0),
        }
    }
}

impl Dimension {
    /// The product of at most one derived unit and base units that has the fewest factors, then
    /// the smallest exponents, then no division by the derived unit.
    fn shortest_product(&self) -> Vec<Factor> {
        let mut best = self.base_factors();
        for (name, whole) in DERIVED {
            let unit = Dimension::of(whole);
            for exponent in self.exponents_that_cancel(&unit) {
                let rest = unit.power(exponent).and_then(|part| self.divide(&part));
                let Some(rest) = rest else { continue };
                let mut factors = vec![(name, exponent)];
                factors.extend(rest.base_factors());
                if complexity(&factors) < complexity(&best) {
                    best = factors;
                }
            }
        }
        best
    }

    fn base_factors(&self) -> Vec<Factor> {
        BASE.into_iter().zip(self.exponents).filter(|(_, exponent)| !exponent.is_zero()).collect()
    }

    /// The powers of `unit` after whose division at least one base unit is gone.
    fn exponents_that_cancel(&self, unit: &Dimension) -> Vec<Ratio> {
        let pairs = self.exponents.iter().zip(unit.exponents);
        pairs.filter(|(own, _)| !own.is_zero()).filter_map(|(own, part)| own.over(part)).collect()
    }
}

/// The number of factors, the sum of their exponents, and whether the first one divides.
fn complexity(factors: &[Factor]) -> (usize, f64, bool) {
    let size = factors.iter().map(|(_, exponent)| exponent.magnitude()).sum();
    let divides = factors.first().is_some_and(|(_, exponent)| exponent.numerator() < 0);
    (factors.len(), size, divides)
}
