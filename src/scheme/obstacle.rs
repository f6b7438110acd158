//! Looks for what keeps a scheme from an equation.

use crate::algebra::linear::{self, Affine};
use crate::algebra::{Expr, ExprId, Function, Pool, Printer, Symbol};
use crate::model::Group;

use super::inline::System;
use super::mistake::{Obstacle, Refusal};

/// Refuses every equation that draws random numbers.
pub(super) fn refuse_random(system: &System) -> Vec<Refusal> {
    let drawing = system.equations.iter().filter_map(|&(equation, value)| {
        let function = drawn(&system.pool, value)?;
        Some(Refusal { equation, obstacle: Obstacle::Random(function) })
    });
    drawing.collect()
}

/// The first random function in `root`.
fn drawn(pool: &Pool, root: ExprId) -> Option<Function> {
    pool.reachable(&[root]).into_iter().find_map(|id| match pool.get(id) {
        Expr::Call(function, _) if function.is_random() => Some(*function),
        _ => None,
    })
}

/// The equation as an affine form in the `unknown` state variables.
pub(super) fn terms(
    group: &Group,
    pool: &mut Pool,
    (equation, value): (Symbol, ExprId),
    unknown: impl Fn(Symbol) -> bool,
) -> Result<Affine, Refusal> {
    linear::terms(pool, value, &unknown).map_err(|term| {
        let unknowns = pool.symbols(&[term]).into_iter().filter(|&symbol| unknown(symbol)).collect();
        let obstacle = Obstacle::Nonlinear { unknowns, term: shown(group, pool, term) };
        Refusal { equation, obstacle }
    })
}

/// A term as text, unless it is too long for a message.
fn shown(group: &Group, pool: &Pool, term: ExprId) -> Option<String> {
    let mut printer = Printer::new(pool, |symbol| group.variable(symbol).name.clone());
    let text = printer.expr(term);
    (text.len() <= LONGEST_TERM && printer.temporaries().is_empty()).then_some(text)
}

/// Fits on a line of a message.
const LONGEST_TERM: usize = 60;
