//! What a text means: every name is a variable, every dimension balances, units are gone.
//!
//! Numbers are in SI base units. Expressions live in the [`Pool`] of their group, where symbol
//! number 3 is the group's variable number 3.

mod assign;
mod check;
mod declare;
mod exact;
mod file;
mod group;
mod mistake;
mod resolve;
mod script;
mod text;
mod time;

pub use assign::{assignment, quantity};
pub use exact::Fraction;
pub use file::check;

use rustc_hash::FxHashMap;

use crate::algebra::{ExprId, Kind, Pool, Symbol};
use crate::dimension::Dimension;
use crate::source::Span;

/// A whole simulation.
#[derive(Clone, Debug)]
pub struct Model {
    /// Number 0 is the clock of groups that name none.
    pub clocks: Vec<Clock>,
    /// Named constants, kept for what is set later.
    pub constants: Constants,
    /// In the order of the text.
    pub groups: Vec<Group>,
    /// In the order of the text.
    pub records: Vec<Record>,
    /// What happens, in order.
    pub script: Vec<Action>,
    /// How freely arithmetic may be rewritten.
    pub math: MathLevel,
    /// What happens to numbers too small for full precision.
    pub denormals: Denormals,
}

/// How freely arithmetic may be rewritten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MathLevel {
    /// IEEE operations in the order of the text.
    Precise,
    /// Contraction to `fma`, reciprocals of what is constant over a run, re-association.
    #[default]
    Fast,
}

/// What happens to numbers too small for full precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Denormals {
    /// They are computed with, as IEEE says.
    #[default]
    Keep,
    /// They are zero.
    Flush,
}

/// A clock: tick `k` is at `k * dt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The name, `dt` for the unnamed one.
    pub name: String,
    /// The length of a tick, exactly.
    pub dt: Seconds,
}

/// A positive time as an exact fraction of a second, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seconds {
    /// Of the fraction.
    pub numerator: u64,
    /// Of the fraction.
    pub denominator: u64,
}

impl Seconds {
    /// The nearest float.
    #[allow(
        clippy::cast_precision_loss,
        reason = "rounded once each, then once more: both are below 2^53 for any sensible dt"
    )]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// Numbers with names.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// The values' expressions; they contain no symbols.
    pub pool: Pool,
    /// In the order of the text.
    pub list: Vec<Constant>,
    names: FxHashMap<String, usize>,
}

impl Constants {
    /// Appends a constant; of several with one name the first is found.
    pub fn push(&mut self, constant: Constant) {
        self.names.entry(constant.name.clone()).or_insert(self.list.len());
        self.list.push(constant);
    }

    /// The place of the constant called `name` in the list.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }
}

/// A number with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// As written.
    pub name: String,
    /// In the pool of the [`Constants`], in SI base units; mostly a number.
    pub value: ExprId,
    /// What it measures; `None` after a mistake in its expression.
    pub dimension: Option<Dimension>,
    /// The value as a fraction, where it is rational and fits.
    pub exact: Option<Fraction>,
    /// Where it is defined.
    pub span: Span,
}

/// A population of elements with the same equations.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The number of elements; may be 0.
    pub size: usize,
    /// Its clock, an index into [`Model::clocks`].
    pub clock: usize,
    /// Every expression of the group.
    pub pool: Pool,
    /// Numbered by [`Symbol`]; the first are always those of [`Builtin`], in its order.
    pub variables: Vec<Variable>,
    /// How it is integrated, and where the text says so.
    pub method: Option<(Method, Span)>,
    /// Initial values, in the order of the text: each sees the effect of those before.
    pub init: Vec<Assignment>,
    /// Its name, where it is defined.
    pub span: Span,
}

impl Group {
    /// The variable called `name`.
    pub fn find(&self, name: &str) -> Option<Symbol> {
        let index = self.variables.iter().position(|variable| variable.name == name)?;
        u32::try_from(index).ok().map(Symbol)
    }

    /// One variable.
    pub fn variable(&self, symbol: Symbol) -> &Variable {
        &self.variables[symbol.index()]
    }

    /// All state variables with their derivatives, by number.
    pub fn states(&self) -> impl Iterator<Item = (Symbol, ExprId)> + '_ {
        (0u32..).zip(&self.variables).filter_map(|(index, variable)| match variable.role {
            Role::State { derivative } => Some((Symbol(index), derivative)),
            Role::Builtin(_) | Role::Parameter | Role::Subexpression { .. } => None,
        })
    }
}

/// A name of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// As written.
    pub name: String,
    /// Boolean, integer or float.
    pub kind: Kind,
    /// In SI base units; of a state variable the variable's own, not its derivative's.
    pub dimension: Dimension,
    /// What defines it.
    pub role: Role,
    /// One number for the whole group.
    pub shared: bool,
    /// Not to be written during a run.
    pub constant: bool,
    /// `(unless refractory)`
    pub unless_refractory: bool,
    /// Its name, where it is defined; of a state variable the whole equation, of builtin names the group's name.
    pub span: Span,
}

/// What defines a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A name that every group has.
    Builtin(Builtin),
    /// `dx/dt = derivative`
    State {
        /// Per second.
        derivative: ExprId,
    },
    /// A number that the user gives.
    Parameter,
    /// `x = value`
    Subexpression {
        /// May name other subexpressions; they form no circle.
        value: ExprId,
        /// Computed once per tick and stored.
        constant_over_dt: bool,
    },
}

/// The names that every group has, in the order of their symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Builtin {
    /// `t`, the time at the start of the tick: float, second, shared
    Time,
    /// `dt`: float, second, shared
    Dt,
    /// `t_in_timesteps`: integer, shared
    Tick,
    /// `i`, the number of the element: integer
    Index,
    /// `N`, the size of the group: integer, shared
    Size,
}

impl Builtin {
    /// In the order of their symbols.
    pub const ALL: [Builtin; 5] = [Builtin::Time, Builtin::Dt, Builtin::Tick, Builtin::Index, Builtin::Size];

    /// The name in a text.
    pub fn name(self) -> &'static str {
        match self {
            Builtin::Time => "t",
            Builtin::Dt => "dt",
            Builtin::Tick => "t_in_timesteps",
            Builtin::Index => "i",
            Builtin::Size => "N",
        }
    }

    /// The symbol in every group.
    pub fn symbol(self) -> Symbol {
        Symbol(self as u32)
    }
}

/// A numerical scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Explicit Euler, order 1.
    Euler,
    /// Midpoint, order 2.
    Rk2,
    /// Classical Runge–Kutta, order 4.
    Rk4,
    /// Each equation solved exactly with the others frozen, order 1.
    ExponentialEuler,
    /// Linear systems by their propagator.
    Exact,
}

impl Method {
    /// In the order of the documentation.
    pub const ALL: [Method; 5] = [Method::Euler, Method::Rk2, Method::Rk4, Method::ExponentialEuler, Method::Exact];

    /// The name in a text.
    pub fn name(self) -> &'static str {
        match self {
            Method::Euler => "euler",
            Method::Rk2 => "rk2",
            Method::Rk4 => "rk4",
            Method::ExponentialEuler => "exponential_euler",
            Method::Exact => "exact",
        }
    }
}

/// `target = value`; `+=` and its kind are already spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// A state variable or a parameter.
    pub target: Symbol,
    /// Has the target's dimension and kind, or one that converts.
    pub value: ExprId,
    /// The statement.
    pub span: Span,
}

/// What one `record` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// An index into [`Model::groups`].
    pub group: usize,
    /// A variable or subexpression of it.
    pub variable: Symbol,
    /// Chosen elements in the order of the text; `None` for all.
    pub elements: Option<Vec<usize>>,
    /// An index into [`Model::clocks`]; the group's own when the text names no interval.
    pub clock: usize,
    /// Where.
    pub span: Span,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Advance by so many seconds.
    Run {
        /// Finite and not negative.
        seconds: f64,
        /// Where.
        span: Span,
    },
    /// Write a variable between two runs.
    Set {
        /// An index into [`Model::groups`].
        group: usize,
        /// What is written.
        assignment: Assignment,
    },
}
