//! What all makers of machine code share: the order of a body's instructions, and what stands apart
//! because it seldom has to be done.

mod order;
mod sink;

pub use order::{is_leaf, order};
pub use sink::{Sinking, Sunk, SunkStore};

use crate::kernel::{Inst, Kernel, Unary};

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
