//! The functions of the language, one row each.

use super::Kind;

/// A function that a text may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// sine of an angle in radians
    Sin,
    /// cosine
    Cos,
    /// tangent
    Tan,
    /// hyperbolic sine
    Sinh,
    /// hyperbolic cosine
    Cosh,
    /// hyperbolic tangent
    Tanh,
    /// inverse sine, from -π/2 to π/2
    Arcsin,
    /// inverse cosine, from 0 to π
    Arccos,
    /// inverse tangent, from -π/2 to π/2
    Arctan,
    /// e to the power
    Exp,
    /// natural logarithm
    Log,
    /// decimal logarithm
    Log10,
    /// `exp(x) - 1` without cancellation
    Expm1,
    /// `log(1 + x)` without cancellation
    Log1p,
    /// `(exp(x) - 1)/x`, 1 at 0
    Exprel,
    /// square root
    Sqrt,
    /// largest integer not above
    Floor,
    /// smallest integer not below
    Ceil,
    /// absolute value
    Abs,
    /// -1, 0 or 1
    Sign,
    /// `clip(x, low, high)`
    Clip,
    /// truncation towards zero, to an integer
    Int,
    /// a uniform random number in [0, 1)
    Rand,
    /// a normal random number
    Randn,
    /// a Poisson random number of the given mean
    Poisson,
    /// `timestep(t, dt)`: the number of whole steps in `t`
    Timestep,
    /// `if condition { a } else { b }`; no text can call it
    Select,
    /// the entry of a timed array: time, column where there are several, and the array's number,
    /// which no text gives
    Timed,
}

impl Function {
    /// Every function that a text can name, in the order of the documentation.
    pub const ALL: [Function; 26] = [
        Function::Sin,
        Function::Cos,
        Function::Tan,
        Function::Sinh,
        Function::Cosh,
        Function::Tanh,
        Function::Arcsin,
        Function::Arccos,
        Function::Arctan,
        Function::Exp,
        Function::Log,
        Function::Log10,
        Function::Expm1,
        Function::Log1p,
        Function::Exprel,
        Function::Sqrt,
        Function::Floor,
        Function::Ceil,
        Function::Abs,
        Function::Sign,
        Function::Clip,
        Function::Int,
        Function::Rand,
        Function::Randn,
        Function::Poisson,
        Function::Timestep,
    ];

    /// The name in a text.
    pub fn name(self) -> &'static str {
        match self {
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tan => "tan",
            Function::Sinh => "sinh",
            Function::Cosh => "cosh",
            Function::Tanh => "tanh",
            Function::Arcsin => "arcsin",
            Function::Arccos => "arccos",
            Function::Arctan => "arctan",
            Function::Exp => "exp",
            Function::Log => "log",
            Function::Log10 => "log10",
            Function::Expm1 => "expm1",
            Function::Log1p => "log1p",
            Function::Exprel => "exprel",
            Function::Sqrt => "sqrt",
            Function::Floor => "floor",
            Function::Ceil => "ceil",
            Function::Abs => "abs",
            Function::Sign => "sign",
            Function::Clip => "clip",
            Function::Int => "int",
            Function::Rand => "rand",
            Function::Randn => "randn",
            Function::Poisson => "poisson",
            Function::Timestep => "timestep",
            Function::Select => "select",
            Function::Timed => "timed",
        }
    }

    /// The function called `name`.
    pub fn named(name: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|function| function.name() == name)
    }

    /// How many arguments a text gives it.
    pub fn arity(self) -> usize {
        match self {
            Function::Rand | Function::Randn => 0,
            Function::Timestep => 2,
            Function::Clip | Function::Select => 3,
            _ => 1,
        }
    }

    /// Whether two calls with the same arguments differ.
    pub fn is_random(self) -> bool {
        matches!(self, Function::Rand | Function::Randn | Function::Poisson)
    }

    /// The kind of the result, given those of the arguments.
    pub fn kind(self, arguments: &[Kind]) -> Kind {
        let highest = || arguments.iter().copied().max().unwrap_or(Kind::Float);
        match self {
            Function::Abs | Function::Sign | Function::Floor | Function::Ceil => highest().max(Kind::Integer),
            Function::Clip => highest().max(Kind::Integer),
            Function::Int | Function::Poisson | Function::Timestep => Kind::Integer,
            Function::Select => arguments.iter().skip(1).copied().max().unwrap_or(Kind::Float),
            _ => Kind::Float,
        }
    }
}
