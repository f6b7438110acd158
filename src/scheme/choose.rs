//! Takes the scheme that was asked for, or the first that applies.

use crate::algebra::{ExprId, Symbol};
use crate::diagnostic::Report;
use crate::model::{Group, Method};

use super::explicit::{EULER, Explicit, RK2, RK4};
use super::inline::System;
use super::mistake::Refusal;
use super::{Step, exact, explicit, exponential, mistake, obstacle};

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
        None => {
            let step = automatic(group, system)?;
            report.push(mistake::method_chosen(group, step.method, &step.reason));
            Some(step)
        }
    }
}

fn automatic(group: &Group, system: System) -> Option<Step> {
    match apply(group, Method::Exact, system.clone(), mistake::exact_applies()) {
        Ok(step) => Some(step),
        Err(refusals) => {
            let reason = mistake::exact_does_not_apply(group, &refusals);
            apply(group, Method::Euler, system, reason).ok()
        }
    }
}

fn apply(group: &Group, method: Method, mut system: System, reason: String) -> Result<Step, Vec<Refusal>> {
    let (updates, hidden, propagators) = match method {
        Method::Euler => (explicit_updates(&EULER, &mut system)?, vec![], vec![]),
        Method::Rk2 => (explicit_updates(&RK2, &mut system)?, vec![], vec![]),
        Method::Rk4 => (explicit_updates(&RK4, &mut system)?, vec![], vec![]),
        Method::ExponentialEuler => (exponential::updates(group, &mut system)?, vec![], vec![]),
        Method::Exact => {
            let exact = exact::solve(group, &mut system)?;
            (exact.updates, exact.hidden, exact.propagators)
        }
    };
    Ok(Step { method, reason, pool: system.pool, before: system.before, updates, hidden, propagators })
}

/// With several stages, a random number must not be drawn at each of them.
fn explicit_updates(scheme: &Explicit, system: &mut System) -> Result<Vec<(Symbol, ExprId)>, Vec<Refusal>> {
    let refusals = if scheme.stages() == 1 { vec![] } else { obstacle::refuse_random(system) };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    explicit::updates(system, scheme.text).ok_or_else(Vec::new)
}
