//! Turns a group's differential equations into what one tick assigns.
//!
//! Subexpressions are spelled out first; then the scheme that the text asks for, or the first that
//! applies, writes the new value of every state variable in terms of the old ones. Parameters and
//! all else that no differential equation defines are frozen over the step.

mod choose;

mod exact;

pub mod explicit;

mod exponential;

mod flow;

mod inline;

mod mistake;

mod obstacle;

mod stochastic;

mod text;

pub use flow::{Flow, assigned};
pub use inline::spell_out;

use crate::algebra::{ExprId, Pool, Symbol};
use crate::diagnostic::Report;
use crate::model::{Group, Method};

/// What one tick assigns, by a numerical scheme.
///
/// Expressions name the variables of the group and, with symbols that follow them, the
/// [`Hidden`] ones. `t` is the time at the start of the tick. Subexpressions are spelled out, but
/// for those that are constant over dt, which are stored.
#[derive(Clone, Debug)]
pub struct Step {
    /// The scheme.
    pub method: Method,
    /// Why it was taken, as a sentence for the user: what was asked for, or what applied and what
    /// did not and why.
    pub reason: String,
    /// The group's expressions and those of the step.
    pub pool: Pool,
    /// Subexpressions that are constant over dt, in the order of computation, before all else.
    pub before: Vec<(Symbol, ExprId)>,
    /// All new values, each computed from the old ones, then all assigned.
    pub updates: Vec<(Symbol, ExprId)>,
    /// Numbers that the step needs besides the group's variables.
    pub hidden: Vec<Hidden>,
    /// How the hidden numbers are computed.
    pub propagators: Vec<Propagator>,
}

/// What one tick of `group` assigns; `None`, with errors in the report, if the scheme that the text
/// asks for does not apply. When the text asks for none, a note says which was taken and why.
pub fn step(group: &Group, report: &mut Report) -> Option<Step> {
    choose::choose(group, inline::inline(group), report)
}

/// A float that is computed from parameters, and that no text can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// For listings: `exp(A dt)[v, w]`.
    pub name: String,
    /// The same for all elements, because the parameters are.
    pub shared: bool,
}

/// A linear system `x' = A x + b` of several coupled variables.
///
/// With `A` frozen over a tick, `x(t + dt) = P x(t) + Q b` where `P = exp(A dt)` and
/// `Q = ∫ exp(A s) ds` from 0 to dt. Both are computed by [`crate::algebra::linear`] whenever what
/// `A` depends on has changed.
#[derive(Clone, Debug)]
pub struct Propagator {
    /// The number of variables.
    pub size: usize,
    /// `A`, row by row, in 1/second or whatever its variables' units make of it.
    pub matrix: Vec<ExprId>,
    /// Where `P` goes, row by row; `None` where no one reads it.
    pub exponential: Vec<Option<Symbol>>,
    /// Where `Q` goes, row by row; `None` where no one reads it.
    pub integral: Vec<Option<Symbol>>,
    /// Whether `A` changes at every tick (it names a subexpression that is constant over dt).
    pub every_tick: bool,
}
