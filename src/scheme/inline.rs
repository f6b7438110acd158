//! Spells out subexpressions, so that a scheme sees equations and nothing else.

use crate::algebra::{ExprId, Kind, Pool, Symbol};
use crate::model::{Builtin, Group, Role};

/// The differential equations of a group, ready for a scheme.
#[derive(Clone, Debug)]
pub(super) struct System {
    /// The group's expressions and more.
    pub(super) pool: Pool,
    /// The state variables and their derivatives, without subexpressions but for those that are
    /// constant over dt.
    pub(super) equations: Vec<(Symbol, ExprId)>,
    /// Subexpressions that are constant over dt, each after those it names.
    pub(super) before: Vec<(Symbol, ExprId)>,
    /// How many hidden numbers there are already.
    pub(super) hidden: usize,
}

/// Replaces subexpressions by what they stand for, also inside one another.
pub(super) fn inline(group: &Group) -> System {
    let mut pool = group.pool.clone();
    let mut meaning: Vec<Option<ExprId>> = vec![None; group.variables.len()];
    if let Some((symbol, value)) = last_spike(group, &mut pool) {
        meaning[symbol.index()] = Some(value);
    }
    let mut before = vec![];
    for rank in ranks(group) {
        let values: Vec<ExprId> = rank.iter().map(|&(_, value, _)| value).collect();
        let values = pool.substitute(&values, |symbol| meaning.get(symbol.index()).copied().flatten());
        for (&(symbol, _, constant_over_dt), value) in rank.iter().zip(values) {
            if constant_over_dt {
                before.push((symbol, value));
            } else {
                meaning[symbol.index()] = Some(value);
            }
        }
    }
    let (states, derivatives): (Vec<Symbol>, Vec<ExprId>) = group.states().unzip();
    let derivatives = pool.substitute(&derivatives, |symbol| meaning.get(symbol.index()).copied().flatten());
    System { pool, equations: states.into_iter().zip(derivatives).collect(), before, hidden: 0 }
}

/// An expression of a group with every subexpression spelled out, also those that are constant over
/// dt: what a host sees at a moment. `pool` is the group's or one that has grown from it.
pub fn spell_out(group: &Group, pool: &mut Pool, root: ExprId) -> ExprId {
    spell(group, pool, root, true)
}

/// The same with or without those that are `stored` because they are constant over dt.
pub(super) fn spell(group: &Group, pool: &mut Pool, root: ExprId, stored: bool) -> ExprId {
    let mut meaning: Vec<Option<ExprId>> = vec![None; group.variables.len()];
    if let Some((symbol, value)) = last_spike(group, pool) {
        meaning[symbol.index()] = Some(value);
    }
    for (symbol, value, constant_over_dt) in ranks(group).into_iter().flatten() {
        if constant_over_dt && !stored {
            continue;
        }
        let value = pool.substitute(&[value], |symbol| meaning.get(symbol.index()).copied().flatten());
        meaning[symbol.index()] = value.first().copied();
    }
    let spelled = pool.substitute(&[root], |symbol| meaning.get(symbol.index()).copied().flatten());
    spelled.first().copied().unwrap_or(root)
}

/// `lastspike`, as the time of its tick.
fn last_spike(group: &Group, pool: &mut Pool) -> Option<(Symbol, ExprId)> {
    let (symbol, tick) = (group.only(Role::LastSpike)?, group.only(Role::LastTick)?);
    let tick = pool.symbol(tick, Kind::Integer);
    let dt = pool.symbol(Builtin::Dt.symbol(), Kind::Float);
    Some((symbol, pool.multiply(tick, dt)))
}

/// A subexpression: its symbol, its value, and whether it is constant over dt.
type Subexpression = (Symbol, ExprId, bool);

/// Subexpressions in ranks: those of a rank name only those of earlier ranks.
fn ranks(group: &Group) -> Vec<Vec<Subexpression>> {
    let mut waiting: Vec<(Subexpression, Vec<Symbol>)> =
        subexpressions(group).map(|subexpression| (subexpression, group.pool.symbols(&[subexpression.1]))).collect();
    let mut ranks = vec![];
    let mut open = vec![false; group.variables.len()];
    for ((symbol, ..), _) in &waiting {
        open[symbol.index()] = true;
    }
    while !waiting.is_empty() {
        let is_ready = |names: &[Symbol]| names.iter().all(|name| !open.get(name.index()).copied().unwrap_or(false));
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, names)| is_ready(names));
        if ready.is_empty() {
            break; // A circle, which the model has reported.
        }
        for ((symbol, ..), _) in &ready {
            open[symbol.index()] = false;
        }
        ranks.push(ready.into_iter().map(|(subexpression, _)| subexpression).collect());
        waiting = rest;
    }
    ranks
}

fn subexpressions(group: &Group) -> impl Iterator<Item = Subexpression> + '_ {
    (0u32..).zip(&group.variables).filter_map(|(index, variable)| match variable.role {
        Role::Subexpression { value, constant_over_dt } => Some((Symbol(index), value, constant_over_dt)),
        Role::Builtin(_)
        | Role::State { .. }
        | Role::Parameter
        | Role::Noise
        | Role::LastSpike
        | Role::NotRefractory
        | Role::LastTick
        | Role::Temporary => None,
    })
}
