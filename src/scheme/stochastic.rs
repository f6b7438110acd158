//! Schemes for noise: Euler–Maruyama, Heun and Milstein.
//!
//! The equations are dx/dt = f(x, t) + Σ g_k(x, t) ξ_k. Over a tick each ξ_k gives one increment
//! dW_k, normal with variance dt, which all equations that name it share, and all stages.
//!
//! ```text
//! euler     x + dt f + Σ g_k dW_k                                       (g without x and t)
//! heun      x + dt f + Σ (g_k(x, t) + g_k(s_k, t + dt)) dW_k/2,         s_k = x + g_k dW_k
//! milstein  x + dt f + g dW + (g(s, t) - g) dW²/(2 √dt),                s = x + dt f + √dt g
//! ```
//!
//! (Kloeden & Platen 1992, *Numerical Solution of Stochastic Differential Equations*, equations 9.1.1
//! and 11.1.3; Brian2's forms.) The last two converge to the integral of Stratonovich. Where g does
//! not depend on x, all three agree.

use crate::algebra::linear::{self, Affine};
use crate::algebra::{ExprId, Function, Kind, Pool, Symbol};
use crate::model::{Builtin, Group, Role};
use rustc_hash::FxHashMap;

use super::inline::System;
use super::mistake::{Obstacle, Refusal};
use super::obstacle::{self, is_noise};

/// The streams of noise begin here, beyond those of `rand()` and its kin.
const FIRST_STREAM: i64 = 1 << 23;

type Updates = Result<Vec<(Symbol, ExprId)>, Vec<Refusal>>;

/// Whether any equation names noise.
pub(super) fn has_noise(group: &Group, system: &System) -> bool {
    let rates: Vec<ExprId> = system.equations.iter().map(|&(_, rate)| rate).collect();
    system.pool.symbols(&rates).into_iter().any(|symbol| is_noise(group, symbol))
}

/// An equation in its parts.
struct Row {
    state: Symbol,
    drift: ExprId,
    /// Noise and its factor.
    noise: Vec<(Symbol, ExprId)>,
}

/// Drift and factors of every equation.
fn rows(group: &Group, system: &mut System) -> Result<Vec<Row>, Vec<Refusal>> {
    let (mut rows, mut refusals) = (vec![], vec![]);
    for &(state, rate) in &system.equations {
        let pool = &mut system.pool;
        if !pool.symbols(&[rate]).into_iter().any(|symbol| is_noise(group, symbol)) {
            rows.push(Row { state, drift: rate, noise: vec![] });
            continue;
        }
        match linear::terms(pool, rate, |symbol| is_noise(group, symbol)) {
            Ok(Affine { coefficients, constant }) => rows.push(Row { state, drift: constant, noise: coefficients }),
            Err(_) => refusals.push(Refusal { equation: state, obstacle: Obstacle::NoiseInside }),
        }
    }
    if refusals.is_empty() { Ok(rows) } else { Err(refusals) }
}

/// Euler–Maruyama, where no factor changes within a tick.
pub(super) fn euler(group: &Group, system: &mut System) -> Updates {
    let rows = rows(group, system)?;
    let mut refusals = vec![];
    for row in &rows {
        let factors: Vec<ExprId> = row.noise.iter().map(|&(_, factor)| factor).collect();
        let names_state = (system.pool.symbols(&factors).into_iter())
            .any(|symbol| matches!(group.variable(symbol).role, Role::State { .. }));
        if names_state || obstacle::varies_within_tick(group, &system.pool, &factors) {
            refusals.push(Refusal { equation: row.state, obstacle: Obstacle::Multiplicative });
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut tick = Tick::new(group, &mut system.pool);
    Ok(rows
        .iter()
        .map(|row| {
            let drifted = tick.drifted(row);
            let value = row.noise.iter().fold(drifted, |sum, &(noise, factor)| {
                let kick = tick.kick(noise, factor);
                tick.pool.plus(sum, kick)
            });
            (row.state, value)
        })
        .collect())
}

/// Heun's method for the noise, Euler's for the drift.
pub(super) fn heun(group: &Group, system: &mut System) -> Updates {
    let refusals = if has_noise(group, system) { vec![] } else { obstacle::refuse_random(group, system) };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let rows = rows(group, system)?;
    let mut tick = Tick::new(group, &mut system.pool);
    let mut names: Vec<Symbol> = rows.iter().flat_map(|row| &row.noise).map(|&(noise, _)| noise).collect();
    names.sort_unstable();
    names.dedup();
    let shifted: FxHashMap<Symbol, FxHashMap<Symbol, ExprId>> =
        names.iter().map(|&noise| (noise, tick.shifted_by(noise, &rows))).collect();
    let half = tick.pool.float(0.5);
    let mut updates = vec![];
    for row in &rows {
        let mut value = tick.drifted(row);
        for &(noise, factor) in &row.noise {
            let later = tick.at(factor, &shifted[&noise]);
            let sum = tick.pool.plus(factor, later);
            let mean = tick.pool.times(half, sum);
            let kick = tick.kick(noise, mean);
            value = tick.pool.plus(value, kick);
        }
        updates.push((row.state, value));
    }
    Ok(updates)
}

/// Milstein's method without derivatives, where each equation has noise of its own.
pub(super) fn milstein(group: &Group, system: &mut System) -> Updates {
    let rows = rows(group, system)?;
    let mut refusals = vec![];
    let mut owners: FxHashMap<Symbol, Symbol> = FxHashMap::default();
    for row in &rows {
        let shared = row.noise.iter().any(|&(noise, _)| owners.insert(noise, row.state).is_some());
        if row.noise.len() > 1 || shared {
            refusals.push(Refusal { equation: row.state, obstacle: Obstacle::NotDiagonal });
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut tick = Tick::new(group, &mut system.pool);
    let support: FxHashMap<Symbol, ExprId> = rows
        .iter()
        .map(|row| {
            let drifted = tick.drifted(row);
            let reach = row.noise.iter().fold(drifted, |sum, &(_, factor)| {
                let root = tick.root;
                let step = tick.pool.times(root, factor);
                tick.pool.plus(sum, step)
            });
            (row.state, reach)
        })
        .collect();
    let mut updates = vec![];
    for row in &rows {
        let mut value = tick.drifted(row);
        for &(noise, factor) in &row.noise {
            let kick = tick.kick(noise, factor);
            value = tick.pool.plus(value, kick);
            let moved = tick.pool.substitute(&[factor], |symbol| support.get(&symbol).copied());
            let change = tick.pool.minus(moved[0], factor);
            let correction = tick.correction(noise, change);
            value = tick.pool.plus(value, correction);
        }
        updates.push((row.state, value));
    }
    Ok(updates)
}

/// What the three have in common.
struct Tick<'a> {
    group: &'a Group,
    pool: &'a mut Pool,
    dt: ExprId,
    /// √dt
    root: ExprId,
}

impl<'a> Tick<'a> {
    fn new(group: &'a Group, pool: &'a mut Pool) -> Self {
        let dt = pool.symbol(Builtin::Dt.symbol(), Kind::Float);
        let root = pool.call(Function::Sqrt, &[dt]);
        Tick { group, pool, dt, root }
    }

    /// x + dt f
    fn drifted(&mut self, row: &Row) -> ExprId {
        let x = self.pool.symbol(row.state, Kind::Float);
        let change = self.pool.times(self.dt, row.drift);
        self.pool.plus(x, change)
    }

    /// The normal number of a noise; its stream is its place among the names, which are sorted.
    fn normal(&mut self, noise: Symbol) -> ExprId {
        let earlier = self.group.variables[..noise.index()].iter().filter(|variable| variable.role == Role::Noise);
        let number = FIRST_STREAM + i64::try_from(earlier.count()).unwrap_or(0);
        let stream = self.pool.integer(number);
        self.pool.call(Function::Randn, &[stream])
    }

    /// g dW = (g √dt) n, so that what parameters alone make is computed ahead.
    fn kick(&mut self, noise: Symbol, factor: ExprId) -> ExprId {
        let size = self.pool.times(factor, self.root);
        let normal = self.normal(noise);
        self.pool.times(size, normal)
    }

    /// change dW²/(2 √dt) = change (√dt/2) n²
    fn correction(&mut self, noise: Symbol, change: ExprId) -> ExprId {
        let (half, normal) = (self.pool.float(0.5), self.normal(noise));
        let scale = self.pool.times(half, self.root);
        let square = self.pool.times(normal, normal);
        let size = self.pool.times(change, scale);
        self.pool.times(size, square)
    }

    /// Every state moved by its own part of one noise.
    fn shifted_by(&mut self, noise: Symbol, rows: &[Row]) -> FxHashMap<Symbol, ExprId> {
        let own = rows.iter().filter_map(|row| {
            let &(_, factor) = row.noise.iter().find(|(name, _)| *name == noise)?;
            Some((row.state, factor))
        });
        let own: Vec<(Symbol, ExprId)> = own.collect();
        own.into_iter()
            .map(|(state, factor)| {
                let (x, kick) = (self.pool.symbol(state, Kind::Float), self.kick(noise, factor));
                (state, self.pool.plus(x, kick))
            })
            .collect()
    }

    /// A factor at moved states and at the end of the tick.
    fn at(&mut self, factor: ExprId, states: &FxHashMap<Symbol, ExprId>) -> ExprId {
        let time = self.pool.symbol(Builtin::Time.symbol(), Kind::Float);
        let end = self.pool.plus(time, self.dt);
        let moved = self.pool.substitute(&[factor], |symbol| {
            if symbol == Builtin::Time.symbol() { Some(end) } else { states.get(&symbol).copied() }
        });
        moved[0]
    }
}
