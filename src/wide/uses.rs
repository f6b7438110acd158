//! When each value is needed: for an allocator that keeps what is needed soonest.

use crate::codegen::{Sinking, is_free, kept};
use crate::kernel::{Inst, Kernel, Unary, Value};

/// A moment in the order of emission. What stands apart for an event has moments of its own.
pub(super) type Moment = u32;

/// The moments at which each value is an operand, ascending.
pub(super) struct Uses {
    moments: Vec<Vec<Moment>>,
    /// The moment of each instruction, for events the first of several.
    of: Vec<Moment>,
    /// When the body begins.
    pub(super) body: Moment,
    /// After everything.
    pub(super) end: Moment,
}

impl Uses {
    /// `order` is the body's, which begins with what is `ticking`; values of `at_end` are needed after it.
    pub(super) fn new(
        kernel: &Kernel,
        sinking: &Sinking,
        needed: &[bool],
        (ticking, order): (&[Value], &[Value]),
        at_end: &[Value],
    ) -> Self {
        let count = kernel.insts.len();
        let mut uses = Uses { moments: vec![vec![]; count], of: vec![0; count], end: 0, body: 0 };
        let prologue = kernel.values().take(kernel.prologue);
        for value in prologue.filter(|value| !ticking.contains(value)) {
            uses.instruction(kernel, needed, value);
        }
        uses.body = uses.end;
        for &value in ticking {
            uses.instruction(kernel, needed, value);
        }
        for &value in order {
            uses.of[value.index()] = uses.end;
            match kernel.inst(value) {
                inst @ (Inst::Fire(_, mask) | Inst::Seldom(mask)) => {
                    let sunk = sinking.of(value).cloned().unwrap_or_default();
                    for mostly in sunk.stores.iter().filter_map(|store| store.mostly) {
                        uses.note(mostly);
                        uses.end += 1;
                    }
                    uses.note(mask);
                    if let Inst::Fire(event, _) = inst {
                        kept(kernel, event).for_each(|(.., a)| uses.note(a));
                    }
                    uses.end += 1;
                    for &inner in &sunk.cone {
                        uses.instruction(kernel, needed, inner);
                    }
                    for store in &sunk.stores {
                        uses.note(store.select);
                        uses.end += 1;
                    }
                }
                _ if is_free(kernel.inst(value), needed[value.index()]) => {}
                _ => uses.instruction(kernel, needed, value),
            }
        }
        at_end.iter().for_each(|&value| uses.note(value));
        uses
    }

    fn instruction(&mut self, kernel: &Kernel, needed: &[bool], value: Value) {
        self.of[value.index()] = self.end;
        let inst = kernel.inst(value);
        for operand in inst.operands() {
            self.note(through_negation(kernel, inst, operand, needed).0);
        }
        self.end += 1;
    }

    fn note(&mut self, value: Value) {
        self.moments[value.index()].push(self.end);
    }

    /// When `value` is computed.
    pub(super) fn of(&self, value: Value) -> Moment {
        self.of[value.index()]
    }

    /// The last use of `value`.
    pub(super) fn last(&self, value: Value) -> Option<Moment> {
        self.moments[value.index()].last().copied()
    }

    /// The first use of `value` at `now` or later.
    pub(super) fn next(&self, value: Value, now: Moment) -> Option<Moment> {
        let moments = &self.moments[value.index()];
        moments.get(moments.partition_point(|&moment| moment < now)).copied()
    }
}

/// What `inst` reads for an operand, and whether negated: `fma` negates for free what the body negates.
pub(super) fn through_negation(kernel: &Kernel, inst: Inst, operand: Value, needed: &[bool]) -> (Value, bool) {
    match kernel.inst(operand) {
        Inst::Unary(Unary::Negate, a)
            if matches!(inst, Inst::Fma(..)) && !kernel.is_uniform(operand) && !needed[operand.index()] =>
        {
            (a, true)
        }
        _ => (operand, false),
    }
}
