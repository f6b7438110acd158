//! Looks for what keeps a scheme from an equation.

use crate::algebra::linear::{self, Affine};
use crate::algebra::{Expr, ExprId, Function, Pool, Printer, Symbol};
use crate::model::{Builtin, Group, Role};
use rustc_hash::FxHashSet;

use super::inline::System;
use super::mistake::{Obstacle, Refusal};

/// Refuses every equation that draws random numbers or has noise.
pub(super) fn refuse_random(group: &Group, system: &System) -> Vec<Refusal> {
    let drawing = system.equations.iter().filter_map(|&(equation, value)| {
        if let Some(noise) = system.pool.symbols(&[value]).into_iter().find(|&symbol| is_noise(group, symbol)) {
            return Some(Refusal { equation, obstacle: Obstacle::Noise(noise) });
        }
        let function = drawn(&system.pool, value)?;
        Some(Refusal { equation, obstacle: Obstacle::Random(function) })
    });
    drawing.collect()
}

/// Whether `symbol` is white noise.
pub(super) fn is_noise(group: &Group, symbol: Symbol) -> bool {
    group.variables.get(symbol.index()).is_some_and(|variable| variable.role == Role::Noise)
}

/// Whether `roots` change with time within a tick. A timed array at `t` does not, where each of its rows
/// holds for a whole number of ticks.
pub(super) fn varies_within_tick(group: &Group, pool: &Pool, roots: &[ExprId]) -> bool {
    let mut varying: FxHashSet<ExprId> = FxHashSet::default();
    for id in pool.reachable(roots) {
        let varies = match pool.get(id) {
            Expr::Symbol(symbol) => *symbol == Builtin::Time.symbol(),
            Expr::Call(Function::Timed, arguments) if is_locally_constant(group, pool, arguments) => {
                arguments[1..].iter().any(|argument| varying.contains(argument))
            }
            expr => expr.operands().any(|operand| varying.contains(&operand)),
        };
        if varies {
            varying.insert(id);
        }
    }
    roots.iter().any(|root| varying.contains(root))
}

fn is_locally_constant(group: &Group, pool: &Pool, arguments: &[ExprId]) -> bool {
    let (Some(&time), Some(&number)) = (arguments.first(), arguments.last()) else { return false };
    let Expr::Integer(number) = *pool.get(number) else { return false };
    let constant = usize::try_from(number).ok().and_then(|number| group.locally_constant.get(number));
    *pool.get(time) == Expr::Symbol(Builtin::Time.symbol()) && constant == Some(&true)
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
