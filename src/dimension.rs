//! Physical dimensions.

/// A rational exponent in lowest terms, `denominator > 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ratio {
    numerator: i32,
    denominator: i32,
}

/// The exponents of metre, kilogram, second, ampere, kelvin, mole and candela.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension {
    exponents: [Ratio; 7],
}

impl Dimension {
    /// Of a plain number.
    pub const DIMENSIONLESS: Dimension = Dimension { exponents: [Ratio { numerator: 0, denominator: 1 }; 7] };
}
