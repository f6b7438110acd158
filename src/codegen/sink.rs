//! Finds what only seldom has to be done: what a store takes where an event happens.
//!
//! `store x, select mask, a, b` stores `b` first, which mostly is all, and `a` where the mask holds in a
//! block of its own, with everything that is computed for `a` alone. The bits are the same.

use super::loads;
use crate::kernel::abi::ColumnId;
use crate::kernel::{Inst, Kernel, Value};
use rustc_hash::FxHashMap;

/// What stands apart for one `fire` or `seldom`.
#[derive(Clone, Debug, Default)]
pub struct Sunk {
    /// In order.
    pub stores: Vec<SunkStore>,
    /// What is computed for them alone, in order, the selects too.
    pub cone: Vec<Value>,
    /// Values from outside that the block needs.
    pub needs: Vec<Value>,
    /// Loads of the stored columns that others use too.
    pub loads: Vec<Value>,
}

/// A store in two halves.
#[derive(Clone, Copy, Debug)]
pub struct SunkStore {
    /// The instruction.
    pub store: Value,
    /// Where to.
    pub column: ColumnId,
    /// What is stored where the event happens in some lane.
    pub select: Value,
    /// What is stored before; `None` where that is what the column holds already.
    pub mostly: Option<Value>,
}

/// By instruction: what stands apart for it, and whether the instruction itself stands apart.
pub struct Sinking {
    sunk: Vec<Option<Sunk>>,
    apart: Vec<bool>,
}

impl Sinking {
    /// Looks at every event of `kernel`.
    pub fn new(kernel: &Kernel) -> Self {
        let count = kernel.insts.len();
        let mut sinking = Sinking { sunk: vec![None; count], apart: vec![false; count] };
        let mut uses = kernel.uses();
        let loads = loads(kernel);
        // By condition, the stores of selects.
        let mut stores: FxHashMap<Value, Vec<(Value, ColumnId, Value)>> = FxHashMap::default();
        for store in kernel.values().skip(kernel.prologue) {
            if let Inst::Store(column, select) = kernel.inst(store)
                && let Inst::Select(condition, ..) = kernel.inst(select)
            {
                stores.entry(condition).or_default().push((store, column, select));
            }
        }
        for value in kernel.values().skip(kernel.prologue) {
            if let Inst::Fire(_, mask) | Inst::Seldom(mask) = kernel.inst(value) {
                let stores = stores.get(&mask).map_or(&[][..], Vec::as_slice);
                let sunk = sinking.event(kernel, stores, &loads, &mut uses);
                sinking.sunk[value.index()] = Some(sunk);
            }
        }
        sinking
    }

    /// Whether `value` is not computed in the order of the body.
    pub fn is_apart(&self, value: Value) -> bool {
        self.apart[value.index()]
    }

    /// What stands apart for an event.
    pub fn of(&self, value: Value) -> Option<&Sunk> {
        self.sunk[value.index()].as_ref()
    }

    /// `stores` are those of selects by the event's mask; `uses` counts those that are left in the body.
    fn event(
        &mut self,
        kernel: &Kernel,
        stores: &[(Value, ColumnId, Value)],
        loads: &FxHashMap<ColumnId, Value>,
        uses: &mut [u32],
    ) -> Sunk {
        let mut sunk = Sunk::default();
        for &(store, column, select) in stores {
            let Inst::Select(_, _, b) = kernel.inst(select) else { continue };
            if uses[select.index()] != 1 || kernel.is_uniform(select) || self.is_apart(select) {
                continue;
            }
            let mostly = (kernel.inst(b) != Inst::Load(column)).then_some(b);
            sunk.stores.push(SunkStore { store, column, select, mostly });
            uses[select.index()] = 0;
            // The store itself takes the place of the select as a user of `b`.
            uses[b.index()] += u32::from(mostly.is_some());
            self.apart[store.index()] = true;
        }
        let mut open: Vec<Value> = sunk.stores.iter().map(|store| store.select).collect();
        while let Some(value) = open.pop() {
            self.apart[value.index()] = true;
            sunk.cone.push(value);
            for operand in kernel.inst(value).operands() {
                uses[operand.index()] -= 1;
                if uses[operand.index()] == 0 && !kernel.is_uniform(operand) {
                    open.push(operand);
                }
            }
        }
        sunk.cone.sort_unstable();
        sunk.cone.dedup();
        let inside = |value: &Value| sunk.cone.binary_search(value).is_ok();
        let mut needs: Vec<Value> =
            sunk.cone.iter().flat_map(|&value| kernel.inst(value).operands()).filter(|value| !inside(value)).collect();
        needs.extend(sunk.stores.iter().filter_map(|store| store.mostly));
        needs.sort_unstable();
        needs.dedup();
        let overwritten = sunk.stores.iter().filter_map(|store| loads.get(&store.column).copied());
        sunk.loads = overwritten.filter(|value| !inside(value) && uses[value.index()] > 0).collect();
        // They stay in the body, whatever stands apart for the events that follow.
        needs.iter().for_each(|need| uses[need.index()] += 1);
        sunk.needs = needs;
        sunk
    }
}
