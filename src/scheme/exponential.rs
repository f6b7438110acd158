//! Exponential Euler: each equation solved exactly with all other variables frozen.
//!
//! With dx/dt = f = A x + B, where A and B are taken at the start of the step,
//!
//! ```text
//! x(t + dt) = (x + B/A) exp(A dt) - B/A = x + dt f exprel(A dt),   exprel(z) = (exp(z) - 1)/z
//! ```
//!
//! (Rush & Larsen 1978, equation 3; the second form is the exponential Rosenbrock–Euler method of
//! Hochbruck & Ostermann 2010, equation 2.47, with the diagonal of the Jacobian). The first form is
//! NaN where A is 0 and loses digits near it; the second is right everywhere, costs one `exprel`
//! instead of an exponential and two divisions. The two differ by rounding.

use crate::algebra::linear::Affine;
use crate::algebra::{ExprId, Function, Kind, Pool, Symbol};
use crate::model::{Builtin, Group};

use super::inline::System;
use super::mistake::Refusal;
use super::obstacle;

/// The new values, or what keeps the scheme from the equations.
pub(super) fn updates(group: &Group, system: &mut System) -> Result<Vec<(Symbol, ExprId)>, Vec<Refusal>> {
    let mut refusals = obstacle::refuse_random(group, system);
    let mut updates = vec![];
    for &(state, rate) in &system.equations {
        match obstacle::terms(group, &mut system.pool, (state, rate), |symbol| symbol == state) {
            Ok(form) => updates.push((state, update(&mut system.pool, state, &form))),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(updates) } else { Err(refusals) }
}

fn update(pool: &mut Pool, state: Symbol, form: &Affine) -> ExprId {
    let x = pool.symbol(state, Kind::Float);
    let dt = pool.symbol(Builtin::Dt.symbol(), Kind::Float);
    let Some(&(_, a)) = form.coefficients.first() else {
        let change = pool.times(dt, form.constant);
        return pool.plus(x, change);
    };
    let exponent = pool.times(a, dt);
    if pool.is_zero(form.constant) {
        let factor = pool.call(Function::Exp, &[exponent]);
        return pool.times(x, factor);
    }
    let mean = pool.call(Function::Exprel, &[exponent]);
    // A and B are sums that the exponent needs in any case, so that this costs less than `rate`.
    let slope = pool.times(a, x);
    let rate = pool.plus(slope, form.constant);
    let change = pool.times(dt, rate);
    let change = pool.times(change, mean);
    pool.plus(x, change)
}
