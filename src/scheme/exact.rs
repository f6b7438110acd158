//! Exact integration of linear equations.
//!
//! The equations are X' = A X + b, where A and b do not change within a step. Then
//!
//! ```text
//! X(t + dt) = P X(t) + Q b,   P = exp(A dt),   Q = ∫ exp(A s) ds from 0 to dt
//! ```
//!
//! (variation of constants; Rotter & Diesmann 1999, equation 10). Nothing is inverted, so A may be
//! singular. Equations that do not hear of each other are solved apart: one alone in closed form,
//! P = exp(a dt) and Q = dt exprel(a dt); several by a [`Propagator`], whose P and Q are numbers
//! that need no work at a tick.

use crate::algebra::linear::Affine;
use crate::algebra::{ExprId, Function, Kind, Pool, Symbol};
use crate::model::{Builtin, Group, Role};

use super::inline::System;
use super::mistake::{Obstacle, Refusal};
use super::{Hidden, Propagator, obstacle};

/// The largest number of coupled equations; P and Q have the square of it.
pub(super) const LARGEST_BLOCK: usize = 64;

/// What the scheme assigns and what it needs for that.
#[derive(Debug, Default)]
pub(super) struct Exact {
    pub(super) updates: Vec<(Symbol, ExprId)>,
    pub(super) hidden: Vec<Hidden>,
    pub(super) propagators: Vec<Propagator>,
}

/// Solves the equations, or says what keeps them from being solved.
pub(super) fn solve(group: &Group, system: &mut System) -> Result<Exact, Vec<Refusal>> {
    let rows = rows(group, system)?;
    let blocks = blocks(&rows);
    if let Some(block) = blocks.iter().find(|block| block.len() > LARGEST_BLOCK) {
        let obstacle = Obstacle::Large { size: block.len(), limit: LARGEST_BLOCK };
        return Err(vec![Refusal { equation: rows[block[0]].state, obstacle }]);
    }
    let first = group.variables.len() + system.hidden;
    let mut solver = Solver { group, pool: &mut system.pool, rows: &rows, first, exact: Exact::default() };
    for block in &blocks {
        match block.as_slice() {
            &[alone] => solver.solve_one(alone),
            several => solver.solve_block(several),
        }
    }
    let mut exact = solver.exact;
    exact.updates.sort_unstable_by_key(|&(state, _)| state);
    Ok(exact)
}

/// One equation: `state' = Σ coefficients * states + constant`.
struct Row {
    state: Symbol,
    form: Affine,
}

fn rows(group: &Group, system: &mut System) -> Result<Vec<Row>, Vec<Refusal>> {
    let mut refusals = obstacle::refuse_random(group, system);
    let mut rows = vec![];
    for &(state, rate) in &system.equations {
        if refusals.iter().any(|refusal| refusal.equation == state) {
            continue;
        }
        let is_state = |symbol: Symbol| matches!(group.variable(symbol).role, Role::State { .. });
        match obstacle::terms(group, &mut system.pool, (state, rate), is_state) {
            Err(refusal) => refusals.push(refusal),
            Ok(form) if names_time(group, &system.pool, &form) => {
                refusals.push(Refusal { equation: state, obstacle: Obstacle::Time });
            }
            Ok(form) => rows.push(Row { state, form }),
        }
    }
    if refusals.is_empty() { Ok(rows) } else { Err(refusals) }
}

fn names_time(group: &Group, pool: &Pool, form: &Affine) -> bool {
    let mut roots: Vec<ExprId> = form.coefficients.iter().map(|&(_, coefficient)| coefficient).collect();
    roots.push(form.constant);
    obstacle::varies_within_tick(group, pool, &roots)
}

/// Rows that are coupled, directly or through others, in any direction; each block in order.
fn blocks(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..rows.len()).collect();
    for (index, row) in rows.iter().enumerate() {
        for &(other, _) in &row.form.coefficients {
            let other = row_of(rows, other).unwrap_or(index);
            let (one, two) = (find(&mut leader, index), find(&mut leader, other));
            leader[one.max(two)] = one.min(two);
        }
    }
    let mut blocks = vec![vec![]; rows.len()];
    for index in 0..rows.len() {
        blocks[find(&mut leader, index)].push(index);
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// The representative of a row's block, by path halving.
fn find(leader: &mut [usize], mut index: usize) -> usize {
    while leader[index] != index {
        leader[index] = leader[leader[index]];
        index = leader[index];
    }
    index
}

/// The row of a state; rows are in the order of their states.
fn row_of(rows: &[Row], state: Symbol) -> Option<usize> {
    rows.binary_search_by_key(&state, |row| row.state).ok()
}

struct Solver<'a> {
    group: &'a Group,
    pool: &'a mut Pool,
    rows: &'a [Row],
    /// The number of the first hidden symbol.
    first: usize,
    exact: Exact,
}

impl Solver<'_> {
    /// x' = a x + b: `exp(a dt) x + dt exprel(a dt) b`. What only parameters enter stays together,
    /// so that it can be computed ahead.
    fn solve_one(&mut self, index: usize) {
        let row = &self.rows[index];
        let pool = &mut *self.pool;
        let x = pool.symbol(row.state, Kind::Float);
        let dt = pool.symbol(Builtin::Dt.symbol(), Kind::Float);
        let (decayed, integral) = match row.form.coefficients.first() {
            None => (x, dt),
            Some(&(_, a)) => {
                let exponent = pool.times(a, dt);
                let factor = pool.call(Function::Exp, &[exponent]);
                let mean = pool.call(Function::Exprel, &[exponent]);
                (pool.times(factor, x), pool.times(dt, mean))
            }
        };
        let driven = pool.times(integral, row.form.constant);
        let value = pool.plus(decayed, driven);
        self.exact.updates.push((row.state, value));
    }

    /// Several coupled equations: row i of P X and of Q b, without what is zero by structure.
    fn solve_block(&mut self, members: &[usize]) {
        let size = members.len();
        let matrix = self.matrix(members);
        let paths = self.paths(&matrix, size);
        let shared = self.is_shared(&matrix);
        let mut propagator = Propagator {
            size,
            every_tick: self.changes(&matrix),
            exponential: vec![None; size * size],
            integral: vec![None; size * size],
            matrix,
        };
        for row in 0..size {
            let (mut free, mut driven) = (self.pool.zero(), self.pool.zero());
            for column in (0..size).filter(|column| paths[row * size + column]) {
                let (target, source) = (&self.rows[members[row]], &self.rows[members[column]]);
                let at = format!("[{}, {}]", self.name(target), self.name(source));
                let x = self.pool.symbol(source.state, Kind::Float);
                free = self.add_term(free, &mut propagator.exponential[row * size + column], x, || Hidden {
                    name: format!("exp(A dt){at}"),
                    shared,
                });
                let b = source.form.constant;
                if !self.pool.is_zero(b) {
                    driven = self.add_term(driven, &mut propagator.integral[row * size + column], b, || Hidden {
                        name: format!("∫exp(A s)ds{at}"),
                        shared,
                    });
                }
            }
            let value = self.pool.plus(free, driven);
            self.exact.updates.push((self.rows[members[row]].state, value));
        }
        self.exact.propagators.push(propagator);
    }

    /// `sum + h*factor` with a new hidden number h, which goes to `slot`.
    fn add_term(
        &mut self,
        sum: ExprId,
        slot: &mut Option<Symbol>,
        factor: ExprId,
        hidden: impl FnOnce() -> Hidden,
    ) -> ExprId {
        let number = self.first + self.exact.hidden.len();
        let symbol = Symbol(u32::try_from(number).unwrap_or(u32::MAX));
        self.exact.hidden.push(hidden());
        *slot = Some(symbol);
        let h = self.pool.symbol(symbol, Kind::Float);
        let term = self.pool.times(h, factor);
        self.pool.plus(sum, term)
    }

    fn name(&self, row: &Row) -> &str {
        &self.group.variable(row.state).name
    }

    /// A, row by row.
    fn matrix(&mut self, members: &[usize]) -> Vec<ExprId> {
        let size = members.len();
        let mut matrix = vec![self.pool.zero(); size * size];
        for (row, &member) in members.iter().enumerate() {
            for &(other, coefficient) in &self.rows[member].form.coefficients {
                if let Some(column) = row_of(self.rows, other).and_then(|index| members.binary_search(&index).ok()) {
                    matrix[row * size + column] = coefficient;
                }
            }
        }
        matrix
    }

    /// Whether the column's variable reaches the row's, in any number of steps, none included:
    /// where exp(A dt) is not zero by structure (Warshall 1962).
    fn paths(&self, matrix: &[ExprId], size: usize) -> Vec<bool> {
        let direct = |at: usize| at / size == at % size || !self.pool.is_zero(matrix[at]);
        let mut paths: Vec<bool> = (0..size * size).map(direct).collect();
        for between in 0..size {
            for row in 0..size {
                for column in 0..size {
                    paths[row * size + column] |= paths[row * size + between] && paths[between * size + column];
                }
            }
        }
        paths
    }

    fn is_shared(&self, matrix: &[ExprId]) -> bool {
        self.pool.symbols(matrix).into_iter().all(|symbol| self.group.variable(symbol).shared)
    }

    /// Whether A names something that every tick computes anew.
    fn changes(&self, matrix: &[ExprId]) -> bool {
        let changing = |symbol: Symbol| match self.group.variable(symbol).role {
            Role::Subexpression { .. }
            | Role::Builtin(Builtin::Tick | Builtin::Time)
            | Role::Noise
            | Role::LastSpike
            | Role::NotRefractory
            | Role::LastTick
            | Role::Temporary => true,
            Role::Parameter => self.group.is_written(symbol),
            Role::Builtin(Builtin::Dt | Builtin::Index | Builtin::Size) | Role::State { .. } => false,
        };
        self.pool.symbols(matrix).into_iter().any(changing)
    }
}
