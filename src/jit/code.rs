//! Executable memory, and calls into it.
//!
//! `unsafe` stands here because machine code is called through a pointer. What makes it sound: the
//! code was made from a verified kernel for one layout, memory is checked against that layout before
//! each call, and the code lives until the last [`Code`] that can call it is gone.
#![expect(unsafe_code, reason = "calls machine code and frees its memory")]

use crate::codegen::Pool;
use crate::kernel::abi::{Layout, PADDING, Routine};
use cranelift_jit::JITModule;
use cranelift_module::FuncId;
use std::fmt::{self, Debug, Formatter};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Memory of a group, constants, first and last tick, first and last byte of the columns.
type Entry = unsafe extern "C" fn(*mut u64, *const u64, u64, u64, u64, u64);

/// A compiled kernel. Cloning shares the machine code.
#[derive(Clone)]
pub struct Code {
    entry: Entry,
    pool: Arc<Pool>,
    /// Arrays whose addresses the code holds.
    _arrays: Arc<[Arc<[f64]>]>,
    words: usize,
    elements: usize,
    padded: usize,
    lists_ticks: bool,
    _memory: Arc<Memory>,
}

/// Owns the pages; `None` only while they are freed. The mutex is never locked but by `drop`.
struct Memory(Mutex<Option<JITModule>>);

impl Drop for Memory {
    fn drop(&mut self) {
        let module = self.0.get_mut().map_or(None, Option::take);
        if let Some(module) = module {
            // SAFETY: every `Code` with an entry into this memory holds it through an `Arc`, so that
            // when this runs none is left, and `Routine::call` has returned because it borrows one.
            unsafe { module.free_memory() }
        }
    }
}

/// A function of a module.
pub(super) struct Part<'a> {
    pub(super) function: FuncId,
    /// The constants that it reads.
    pub(super) pool: Pool,
    pub(super) layout: &'a Layout,
    /// Whether it lists events of several ticks with their ticks.
    pub(super) lists_ticks: bool,
}

/// Takes ownership of finished code and hands out an entry for each function.
pub(super) fn link(module: JITModule, parts: Vec<Part<'_>>) -> Vec<Code> {
    let entries: Vec<*const u8> = parts.iter().map(|part| module.get_finalized_function(part.function)).collect();
    let memory = Arc::new(Memory(Mutex::new(Some(module))));
    let code = |(entry, Part { pool, layout, lists_ticks, .. }): (*const u8, Part<'_>)| Code {
        // SAFETY: the pointer is the start of a finished function; `translate` gives every function the
        // signature of `Entry`, and `wide` keeps to its convention.
        entry: unsafe { std::mem::transmute::<*const u8, Entry>(entry) },
        pool: Arc::new(pool),
        _arrays: layout.storage().arrays.iter().map(|array| array.values.clone()).collect(),
        words: layout.bytes() / 8,
        elements: layout.elements(),
        padded: layout.padded(),
        lists_ticks,
        _memory: memory.clone(),
    };
    entries.into_iter().zip(parts).map(code).collect()
}

impl Routine for Code {
    fn lists_ticks(&self) -> bool {
        self.lists_ticks
    }

    fn call(&self, memory: &mut [u64], ticks: Range<u64>, elements: Range<usize>) {
        assert!(memory.len() >= self.words, "the memory of a group is shorter than its layout");
        assert!(memory.as_ptr().addr().is_multiple_of(64), "the memory of a group is not aligned");
        assert!(elements.start.is_multiple_of(PADDING) && elements.end <= self.padded, "elements out of range");
        let whole = elements.end.is_multiple_of(PADDING) || elements.end >= self.elements || elements.is_empty();
        assert!(whole, "a range ends within a turn");
        if ticks.is_empty() {
            return;
        }
        let elements = if elements.is_empty() { 0..0 } else { elements };
        let (first, last) = (elements.start as u64 * 8, elements.end as u64 * 8);
        // SAFETY: the entry reads its pool and the arrays of its storage, which live as long as `self`; an
        // index into an array is clamped to it. It reads and writes `memory` at the offsets of the layout that
        // it was compiled for, from the first element up to the last, which the lines above hold in order and
        // within the padded columns. Ranges start at multiples of `PADDING`, of which the shortest turn's length
        // is a divisor, so that those end within them; longer ones run only where all their elements lie before the
        // last. The count of an event is clamped to the number of elements, and its lists have room for a
        // turn behind that; `verify` has seen that they are lists.
        unsafe { (self.entry)(memory.as_mut_ptr(), self.pool.as_ptr(), ticks.start, ticks.end, first, last) }
    }
}

impl Debug for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("words", &self.words).field("padded", &self.padded).finish_non_exhaustive()
    }
}
