//! Machine code for x86-64 in vectors of 256 or 512 bits, made of core kernels directly: four or eight numbers
//! each, or twice as many of 32 bits.
//!
//! Cranelift's vectors have 128 bits. A kernel is straight-line code, so that little is needed to make
//! wider code of it: one `match` from instructions to those of AVX2 or AVX-512 (`select`), registers by Belády's
//! rule (`allocate`), and two loops (`emit`); `iced-x86` encodes.
//!
//! The result is bytes that run wherever they lie, and the constants that they read; nothing here calls
//! them. What it does not take ([`takes`]) is left to Cranelift.

mod allocate;
mod assembler;
mod emit;
mod event;
mod select;
mod uses;
mod vectors;

use crate::codegen::Pool;
use crate::kernel::abi::Layout;
use crate::kernel::{Binary, Inst, Kernel};
use emit::Emitter;
pub use vectors::Vectors;

/// Kernels of more instructions are left to Cranelift: what registers hold is copied for each event.
const LONGEST: usize = 20_000;

/// A function that can be called as the executor's entries are: with the memory of a group, constants,
/// first and last tick, first and last byte of the columns.
#[derive(Clone, Debug)]
pub struct Function {
    /// Machine code that runs wherever it lies.
    pub code: Vec<u8>,
    /// What it reads.
    pub pool: Pool,
}

/// Whether `kernel` can be made into such code: division of integers cannot, and what is addressed must
/// lie within 2 GiB.
pub fn takes(kernel: &Kernel, layout: &Layout) -> bool {
    let divides = |inst: &Inst| matches!(inst, Inst::Binary(Binary::IntFloorDivide | Binary::IntRemainder, ..));
    let near = i32::try_from(layout.bytes() + 4096).is_ok();
    let short = kernel.insts.len() <= LONGEST;
    kernel.is_core() && !kernel.draws() && short && near && !kernel.insts.iter().any(divides)
}

/// Whether several ticks of such code are computed with the state in registers.
pub fn fuses(kernel: &Kernel, layout: &Layout) -> bool {
    takes(kernel, layout) && emit::fuses(kernel, layout)
}

/// Whether such code of several ticks lists events with their ticks.
pub fn lists_ticks(kernel: &Kernel, layout: &Layout) -> bool {
    kernel.insts.iter().any(|inst| matches!(inst, Inst::Fire(..))) && fuses(kernel, layout)
}

/// Elements of a turn of the loop in such code.
pub fn turn(kernel: &Kernel, layout: &Layout, vectors: Vectors, interleave: Option<usize>) -> usize {
    emit::turn(kernel, layout, vectors, interleave)
}

/// Makes machine code of a kernel that [`takes`] accepts; `interleave` vectors a turn, or as many as the
/// length of the body suggests.
///
/// # Errors
/// When an instruction cannot be encoded, which is a mistake of ours.
pub fn function(
    kernel: &Kernel,
    layout: &Layout,
    vectors: Vectors,
    interleave: Option<usize>,
) -> Result<Function, String> {
    let emitted = Emitter::emit(kernel, layout, vectors, interleave);
    Ok(Function { code: assembler::encode(&emitted.instructions)?, pool: emitted.pool })
}

/// The code as text, with the names of what it reads and writes.
pub fn listing(kernel: &Kernel, layout: &Layout, vectors: Vectors, interleave: Option<usize>) -> String {
    let emitted = Emitter::emit(kernel, layout, vectors, interleave);
    assembler::listing(&emitted.instructions, layout, &emitted.pool)
}
