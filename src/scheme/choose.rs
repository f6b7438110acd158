//! Takes the scheme that was asked for, or the first that applies.

use crate::algebra::{ExprId, Kind, Symbol};
use crate::diagnostic::Report;
use crate::model::{Group, Method, Role};

use super::exact::Exact;
use super::explicit::{EULER, Explicit, RK2, RK4};
use super::inline::System;
use super::mistake::Refusal;
use super::{Step, exact, explicit, exponential, mistake, obstacle, stochastic};

/// The step of the scheme that was asked for; without a wish `exact` where it applies and `euler`
/// elsewhere, with a note that says which and why.
pub(super) fn choose(group: &Group, system: System, report: &mut Report) -> Option<Step> {
    match group.method {
        Some((method, span)) => match apply(group, method, system, mistake::asked_for(method)) {
            Ok(step) => Some(step),
            Err(refusals) => {
                mistake::not_applicable(group, method, span, &refusals).into_iter().for_each(|it| report.push(it));
                None
            }
        },
        None if system.equations.is_empty() => apply(group, Method::Euler, system, mistake::nothing_to_do()).ok(),
        None => match automatic(group, system) {
            Ok(step) => {
                report.push(mistake::method_chosen(group, step.method, &step.reason));
                Some(step)
            }
            Err(refusals) => {
                let refused = mistake::not_applicable(group, Method::Heun, group.span, &refusals);
                refused.into_iter().for_each(|it| report.push(it));
                None
            }
        },
    }
}

/// `exact`, `euler` or `heun`, in this order, as in Brian2.
fn automatic(group: &Group, system: System) -> Result<Step, Vec<Refusal>> {
    match apply(group, Method::Exact, system.clone(), mistake::exact_applies()) {
        Ok(step) => Ok(step),
        Err(refusals) => {
            let reason = mistake::exact_does_not_apply(group, &refusals);
            match apply(group, Method::Euler, system.clone(), reason.clone()) {
                Ok(step) => Ok(step),
                Err(refusals) => {
                    apply(group, Method::Heun, system, mistake::euler_does_not_apply(group, &reason, &refusals))
                }
            }
        }
    }
}

/// The step of a scheme. Where equations rest while an element is refractory, the system is solved a
/// second time with those at rest, and each element takes the one or the other.
fn apply(group: &Group, method: Method, mut system: System, reason: String) -> Result<Step, Vec<Refusal>> {
    let mut solution = solve(group, method, &mut system)?;
    let rests = |symbol: Symbol| group.variable(symbol).unless_refractory;
    if let Some(active) = group.only(Role::NotRefractory)
        && system.equations.iter().any(|&(symbol, _)| rests(symbol))
    {
        let zero = system.pool.zero();
        for (symbol, rate) in &mut system.equations {
            *rate = if rests(*symbol) { zero } else { *rate };
        }
        system.hidden = solution.hidden.len();
        let resting = solve(group, method, &mut system)?;
        let active = system.pool.symbol(active, Kind::Boolean);
        for ((_, value), (_, at_rest)) in solution.updates.iter_mut().zip(resting.updates) {
            *value = system.pool.select(active, *value, at_rest);
        }
        solution.hidden.extend(resting.hidden);
        solution.propagators.extend(resting.propagators);
    }
    let Exact { updates, hidden, propagators } = solution;
    Ok(Step { method, reason, pool: system.pool, before: system.before, updates, hidden, propagators })
}

fn solve(group: &Group, method: Method, system: &mut System) -> Result<Exact, Vec<Refusal>> {
    let updates = match method {
        Method::Euler if stochastic::has_noise(group, system) => stochastic::euler(group, system)?,
        Method::Euler => explicit_updates(group, &EULER, system)?,
        Method::Rk2 => explicit_updates(group, &RK2, system)?,
        Method::Rk4 => explicit_updates(group, &RK4, system)?,
        Method::ExponentialEuler => exponential::updates(group, system)?,
        Method::Heun => stochastic::heun(group, system)?,
        Method::Milstein => stochastic::milstein(group, system)?,
        Method::Exact => return exact::solve(group, system),
    };
    Ok(Exact { updates, ..Exact::default() })
}

/// With several stages, a random number must not be drawn at each of them.
fn explicit_updates(
    group: &Group,
    scheme: &Explicit,
    system: &mut System,
) -> Result<Vec<(Symbol, ExprId)>, Vec<Refusal>> {
    let refusals = if scheme.stages() == 1 { vec![] } else { obstacle::refuse_random(group, system) };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    explicit::updates(system, scheme.text).ok_or_else(Vec::new)
}
