//! Values on their way through a tick: what the parts of a tick that run one after the other make of
//! the values at its start.

use crate::algebra::{Binary, ExprId, Function, Kind, Pool, Symbol, Unary};
use crate::model::{Assignment, Builtin, Group, Refractory, Role};
use rustc_hash::FxHashMap;

use super::inline::spell;

/// A stretch of a tick under way. Every value is an expression of what is stored when the stretch
/// begins, so that all of it becomes one kernel.
pub struct Flow<'a> {
    group: &'a Group,
    pool: &'a mut Pool,
    current: FxHashMap<Symbol, ExprId>,
    /// In the order in which they were first written.
    written: Vec<Symbol>,
}

impl<'a> Flow<'a> {
    /// At the beginning.
    pub fn new(group: &'a Group, pool: &'a mut Pool) -> Self {
        Flow { group, pool, current: FxHashMap::default(), written: vec![] }
    }

    /// What `root`, an expression of the group, is worth at this point.
    pub fn read(&mut self, root: ExprId) -> ExprId {
        let spelled = spell(self.group, self.pool, root, false);
        self.at(spelled)
    }

    /// What a variable is worth at this point.
    pub fn value(&mut self, symbol: Symbol) -> ExprId {
        let id = self.pool.symbol(symbol, self.group.variable(symbol).kind);
        self.read(id)
    }

    /// A truth value that is stored under a symbol beyond the group's.
    pub fn outside(&mut self, symbol: Symbol) -> ExprId {
        self.pool.symbol(symbol, Kind::Boolean)
    }

    fn at(&mut self, root: ExprId) -> ExprId {
        let current = &self.current;
        let values = self.pool.substitute(&[root], |symbol| current.get(&symbol).copied());
        values.first().copied().unwrap_or(root)
    }

    fn symbol(&mut self, symbol: Symbol) -> ExprId {
        let kind = self.group.variable(symbol).kind;
        let id = self.pool.symbol(symbol, kind);
        self.at(id)
    }

    fn write(&mut self, symbol: Symbol, value: ExprId) {
        self.current.insert(symbol, value);
        if !self.written.contains(&symbol) && self.group.variable(symbol).role != Role::Temporary {
            self.written.push(symbol);
        }
    }

    /// Finds out who is refractory, then does the state update. A refractory period of m ticks ends
    /// with the m-th tick after the spike.
    pub fn update(&mut self, updates: &[(Symbol, ExprId)]) {
        if let (Some(refractory), Some(active)) = (self.group.refractory, self.group.only(Role::NotRefractory)) {
            let value = match refractory {
                Refractory::Time(period) => self.has_rested(period),
                Refractory::Condition(condition) => {
                    let (rested, condition) = (self.symbol(active), self.read(condition));
                    let over = self.pool.unary(Unary::Not, condition);
                    self.pool.binary(Binary::Or, rested, over)
                }
            };
            self.write(active, value);
        }
        let values: Vec<ExprId> = updates.iter().map(|&(_, value)| self.at(value)).collect();
        for (&(symbol, _), value) in updates.iter().zip(values) {
            self.write(symbol, value);
        }
    }

    /// Whether the last spike is at least as many ticks ago as the period has.
    fn has_rested(&mut self, period: ExprId) -> ExprId {
        let period = self.read(period);
        let dt = self.pool.symbol(Builtin::Dt.symbol(), Kind::Float);
        let ticks = self.pool.call(Function::Timestep, &[period, dt]);
        let now = self.pool.symbol(Builtin::Tick.symbol(), Kind::Integer);
        let Some(last) = self.group.only(Role::LastTick) else { return self.pool.boolean(true) };
        let last = self.symbol(last);
        let since = self.pool.subtract(now, last);
        self.pool.binary(Binary::LessEqual, ticks, since)
    }

    /// Which elements spike: those that fulfil the condition and are not refractory. They are
    /// refractory from here on.
    pub fn spike(&mut self, condition: ExprId) -> ExprId {
        let condition = self.read(condition);
        let (Some(active), Some(last)) = (self.group.only(Role::NotRefractory), self.group.only(Role::LastTick)) else {
            return condition;
        };
        let rested = self.symbol(active);
        let spikes = self.pool.binary(Binary::And, condition, rested);
        let no = self.pool.boolean(false);
        let rested = self.pool.select(spikes, no, rested);
        self.write(active, rested);
        let (now, before) = (self.pool.symbol(Builtin::Tick.symbol(), Kind::Integer), self.symbol(last));
        let last_tick = self.pool.select(spikes, now, before);
        self.write(last, last_tick);
        spikes
    }

    /// Runs the code of an event for the elements of `mask`, or regular code for all. What rests while an
    /// element is refractory is written by events only.
    pub fn run(&mut self, code: &[Assignment], mask: Option<ExprId>) {
        let before = self.current.clone();
        let mut targets = vec![];
        for assignment in code {
            let mut value = self.read(assignment.value);
            let variable = self.group.variable(assignment.target);
            if let Some(active) =
                self.group.only(Role::NotRefractory).filter(|_| variable.unless_refractory && mask.is_none())
            {
                let (active, old) = (self.symbol(active), self.symbol(assignment.target));
                value = self.pool.select(active, value, old);
            }
            self.write(assignment.target, value);
            if variable.role != Role::Temporary && !targets.contains(&assignment.target) {
                targets.push(assignment.target);
            }
        }
        let Some(mask) = mask else { return };
        for target in targets {
            let kind = self.group.variable(target).kind;
            let stored = self.pool.symbol(target, kind);
            let (old, new) = (before.get(&target).copied().unwrap_or(stored), self.symbol(target));
            let value = self.pool.select(mask, new, old);
            self.current.insert(target, value);
        }
    }

    /// All that was written, with the last value of each.
    pub fn finish(self) -> Vec<(Symbol, ExprId)> {
        self.written.iter().map(|symbol| (*symbol, self.current[symbol])).collect()
    }
}

/// A single assignment between two ticks, as the expression that is stored.
pub fn assigned(group: &Group, pool: &mut Pool, assignment: &Assignment) -> ExprId {
    let value = super::spell_out(group, pool, assignment.value);
    let variable = group.variable(assignment.target);
    let Some(active) = group.only(Role::NotRefractory).filter(|_| variable.unless_refractory) else { return value };
    let active = pool.symbol(active, Kind::Boolean);
    let old = pool.symbol(assignment.target, variable.kind);
    pool.select(active, value, old)
}
