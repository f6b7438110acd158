//! What all makers of machine code share: the order of a body's instructions, what stands apart because it
//! seldom has to be done, constants, and how many vectors a turn of the loop takes.

mod order;
mod pool;
mod sink;

pub use order::{chain, is_leaf, order};
pub use pool::Pool;
pub use sink::{Sinking, Sunk, SunkStore};

use crate::kernel::abi::{ColumnId, EventId};
use crate::kernel::{Inst, Kernel, Unary, Value};
use rustc_hash::FxHashMap;

/// Bodies of so few operations take four vectors at a time, so that the loop costs less.
const TINY_BODY: usize = 8;

/// Bodies of so few operations take two vectors at a time, so that one fills the other's waits.
pub const SHORT_BODY: usize = 24;

/// Numbers of the prologue that stay in registers during the loop; of more, each is read from memory where
/// it is used.
pub const KEPT_UNIFORMS: usize = 3;

/// Vectors that all operations of a turn may take together: what is spilled must find room on a stack.
const MOST_VECTORS: usize = 4096;

/// How many vectors a turn takes for a body of so many operations, unless another number is `asked` for: a
/// power of two, at most `most`.
pub fn copies(operations: usize, asked: Option<usize>, most: usize) -> usize {
    let automatic = match operations {
        count if count <= TINY_BODY => 4,
        count if count <= SHORT_BODY => 2,
        _ => 1,
    };
    let most = most.min(MOST_VECTORS / operations.max(1)).max(1);
    let copies = asked.unwrap_or(automatic).max(1).next_power_of_two();
    copies.min(1 << most.ilog2())
}

/// How many instructions of the body are computed in the order of the body, without loads and constants.
pub fn operations(kernel: &Kernel, sinking: &Sinking) -> usize {
    let computed = kernel.values().skip(kernel.prologue);
    computed.filter(|&value| !is_leaf(kernel.inst(value)) && !sinking.is_apart(value)).count()
}

/// The negations that somebody other than `fma` uses; `fma` negates for free.
pub fn negations(kernel: &Kernel) -> Vec<bool> {
    let mut needed = vec![false; kernel.insts.len()];
    for inst in kernel.insts.iter().filter(|inst| !matches!(inst, Inst::Fma(..))) {
        for operand in inst.operands() {
            needed[operand.index()] = true;
        }
    }
    needed
}

/// Whether `inst` is a negation in the body that only `fma` uses, so that nothing is to be computed.
pub fn is_free(inst: Inst, needed: bool) -> bool {
    matches!(inst, Inst::Unary(Unary::Negate, _)) && !needed
}

/// The prologue's values that the body uses, without constants, each once.
pub fn used_uniforms(kernel: &Kernel) -> Vec<Value> {
    let body = kernel.values().skip(kernel.prologue);
    let mut used: Vec<Value> = body
        .flat_map(|value| kernel.inst(value).operands())
        .filter(|&operand| kernel.is_uniform(operand) && !kernel.inst(operand).is_constant())
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// What the body loads of each column.
pub fn loads(kernel: &Kernel) -> FxHashMap<ColumnId, Value> {
    let loads = kernel.values().filter_map(|value| match kernel.inst(value) {
        Inst::Load(id) => Some((id, value)),
        _ => None,
    });
    loads.collect()
}

/// What is kept of an event: the instructions that say so, lists and values.
pub fn kept(kernel: &Kernel, event: EventId) -> impl Iterator<Item = (Value, ColumnId, Value)> {
    kernel.values().skip(kernel.prologue).filter_map(move |emit| match kernel.inst(emit) {
        Inst::Emit(own, list, _, a) if own == event => Some((emit, list, a)),
        _ => None,
    })
}
