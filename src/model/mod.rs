//! What a text means: every name is a variable, every dimension balances, units are gone.
//!
//! Numbers are in SI base units. Expressions live in the [`Pool`] of their group, where symbol
//! number 3 is the group's variable number 3.

mod array;
mod assign;
mod check;
mod code;
mod declare;
mod event;
mod exact;
mod file;
mod group;
mod mistake;
mod resolve;
mod script;
mod slot;
mod text;
mod time;

pub use assign::{assignment, quantity};
pub use event::SPIKE;
pub use exact::Fraction;
pub use file::check;
pub use slot::Slot;

use rustc_hash::FxHashMap;

use crate::algebra::{ExprId, Kind, Pool, Symbol};
use crate::dimension::Dimension;
use crate::source::Span;
use std::sync::Arc;

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
    /// Of groups that do not say their own.
    pub precision: Precision,
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

/// The size of the floats of elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 64 bits.
    #[default]
    Float64,
    /// 32 bits: half the memory, twice as many in a vector, 7 digits instead of 16. Times and what is the same for
    /// all elements keep 64 bits.
    Float32,
}

impl Precision {
    /// All of them.
    pub const ALL: [Precision; 2] = [Precision::Float64, Precision::Float32];

    /// The word of model files.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Float64 => "float64",
            Precision::Float32 => "float32",
        }
    }
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
    /// Timed arrays, in the order of the text.
    pub timed: Vec<TimedArray>,
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

/// Numbers that follow each other in time: row `k` holds from `k * dt` on, the last one for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedArray {
    /// As written; a function of time, or of time and column.
    pub name: String,
    /// The time between two rows.
    pub dt: Seconds,
    /// How many columns there are, where there are columns.
    pub columns: Option<usize>,
    /// Row by row, in SI base units; never empty.
    pub values: Arc<[f64]>,
    /// What it measures; `None` after a mistake.
    pub dimension: Option<Dimension>,
    /// Where its name is defined.
    pub span: Span,
}

impl TimedArray {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.unwrap_or(1).max(1)
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
    /// The size of the floats of its elements.
    pub precision: Precision,
    /// Initial values, in the order of the text: each sees the effect of those before.
    pub init: Vec<Assignment>,
    /// How long an element rests after an event `spike`.
    pub refractory: Option<Refractory>,
    /// What happens to elements; `spike`, if any, is the first.
    pub events: Vec<Event>,
    /// Code that runs at regular times.
    pub regular: Vec<Regular>,
    /// For each timed array of the file, whether it does not change within a tick of the group.
    pub locally_constant: Vec<bool>,
    /// Its name, where it is defined.
    pub span: Span,
}

/// How long an element rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refractory {
    /// For so many seconds after its last spike.
    Time(ExprId),
    /// After a spike, as long as this holds.
    Condition(ExprId),
}

/// Something that happens to elements at a tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// As written, `spike` for the one that `threshold` makes.
    pub name: String,
    /// When.
    pub cause: Cause,
    /// What it does to its elements.
    pub code: Vec<Assignment>,
    /// Where it is defined.
    pub span: Span,
}

/// When an event happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// Whenever this holds.
    Condition(ExprId),
    /// At given ticks.
    Given(Arc<GivenSpikes>),
}

/// Spikes at given ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenSpikes {
    /// Ascending.
    pub ticks: Vec<u64>,
    /// The element of each; ascending within a tick.
    pub elements: Vec<u32>,
    /// After how many ticks all is repeated.
    pub period: Option<u64>,
}

/// Code that runs at regular times, in [`Slot::Start`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regular {
    /// An index into [`Model::clocks`].
    pub clock: usize,
    /// What is done, in order.
    pub code: Vec<Assignment>,
    /// Where.
    pub span: Span,
}

impl Group {
    /// The variable called `name`; what lives only within a piece of code has no name here.
    pub fn find(&self, name: &str) -> Option<Symbol> {
        let is_it = |variable: &Variable| variable.name == name && variable.role != Role::Temporary;
        let index = self.variables.iter().position(is_it)?;
        u32::try_from(index).ok().map(Symbol)
    }

    /// What a record of this group is called: a variable, an event, `population_rate`.
    pub fn observed(&self, record: &Record) -> &str {
        match record.observed {
            Observed::Variable { symbol, .. } => &self.variable(symbol).name,
            Observed::Event { event, .. } if self.events[event].name == event::SPIKE => "spikes",
            Observed::Event { event, .. } => &self.events[event].name,
            Observed::Rate { .. } => "population_rate",
        }
    }

    /// One variable.
    pub fn variable(&self, symbol: Symbol) -> &Variable {
        &self.variables[symbol.index()]
    }

    /// All state variables with their derivatives, by number.
    pub fn states(&self) -> impl Iterator<Item = (Symbol, ExprId)> + '_ {
        (0u32..).zip(&self.variables).filter_map(|(index, variable)| match variable.role {
            Role::State { derivative } => Some((Symbol(index), derivative)),
            Role::Builtin(_)
            | Role::Parameter
            | Role::Subexpression { .. }
            | Role::Noise
            | Role::LastSpike
            | Role::NotRefractory
            | Role::LastTick
            | Role::Temporary => None,
        })
    }

    /// The variable of a role that one variable at most has.
    pub fn only(&self, role: Role) -> Option<Symbol> {
        let index = self.variables.iter().position(|variable| variable.role == role)?;
        u32::try_from(index).ok().map(Symbol)
    }

    /// Whether code of events or of regular times writes `symbol`, so that it may change at any tick.
    pub fn is_written(&self, symbol: Symbol) -> bool {
        let events = self.events.iter().flat_map(|event| &event.code);
        let regular = self.regular.iter().flat_map(|regular| &regular.code);
        events.chain(regular).any(|assignment| assignment.target == symbol)
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
    /// Noise, or computed from noise.
    pub noisy: bool,
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
    /// `xi`, `xi_a`: white noise
    Noise,
    /// `lastspike`: the time of the element's last spike
    LastSpike,
    /// `not_refractory`
    NotRefractory,
    /// The tick of the element's last spike, which no text can name.
    LastTick,
    /// A name that lives within one piece of code.
    Temporary,
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
    /// Two stages for noise of any kind, in the sense of Stratonovich.
    Heun,
    /// For noise that each equation has of its own, in the sense of Stratonovich.
    Milstein,
}

impl Method {
    /// In the order of the documentation.
    pub const ALL: [Method; 7] = [
        Method::Euler,
        Method::Rk2,
        Method::Rk4,
        Method::ExponentialEuler,
        Method::Exact,
        Method::Heun,
        Method::Milstein,
    ];

    /// The name in a text.
    pub fn name(self) -> &'static str {
        match self {
            Method::Euler => "euler",
            Method::Rk2 => "rk2",
            Method::Rk4 => "rk4",
            Method::ExponentialEuler => "exponential_euler",
            Method::Exact => "exact",
            Method::Heun => "heun",
            Method::Milstein => "milstein",
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
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// An index into [`Model::groups`].
    pub group: usize,
    /// What of it.
    pub observed: Observed,
    /// An index into [`Model::clocks`]; the group's own when the text names no interval.
    pub clock: usize,
    /// When within a tick; of events it is the event's.
    pub slot: Slot,
    /// Within the slot, lower first.
    pub order: i32,
    /// How many of the newest samples are kept; `None` keeps all.
    pub last: Option<usize>,
    /// Where.
    pub span: Span,
}

/// What a record keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// The values of a variable or subexpression.
    Variable {
        /// Which.
        symbol: Symbol,
        /// Chosen elements in the order of the text; `None` for all.
        elements: Option<Vec<usize>>,
    },
    /// Tick and element of each event, and values at that moment.
    Event {
        /// An index into [`Group::events`].
        event: usize,
        /// Whose values are kept.
        captured: Vec<Symbol>,
    },
    /// Spikes per element and second.
    Rate {
        /// The standard deviation in seconds of the Gaussian that smooths it.
        smooth: Option<f64>,
    },
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
    /// Recording goes off or on.
    Switch {
        /// An index into [`Model::records`].
        record: usize,
        /// Whether it goes on.
        on: bool,
    },
    /// Write a variable between two runs.
    Set {
        /// An index into [`Model::groups`].
        group: usize,
        /// What is written.
        assignment: Assignment,
    },
}
