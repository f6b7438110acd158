//! The reference executor: one element at a time, one instruction at a time.
//!
//! This is what a kernel means. It is slow on purpose and serves to check the others.

use crate::kernel::abi::{ColumnId, Layout, Routine, UniformId};
use crate::kernel::{Inst, Kernel, Type, Value, evaluate};
use std::ops::Range;

/// A core kernel that is run by reading it.
#[derive(Clone, Debug)]
pub struct Interpreter {
    kernel: Kernel,
    layout: Layout,
}

impl Interpreter {
    /// Takes a core kernel and the layout of its group.
    ///
    /// # Panics
    /// When `kernel` is not core.
    pub fn new(kernel: Kernel, layout: Layout) -> Self {
        assert!(kernel.is_core(), "{} is not a core kernel", kernel.name);
        Interpreter { kernel, layout }
    }
}

impl Routine for Interpreter {
    fn call(&self, memory: &mut [u64], ticks: Range<u64>, elements: Range<usize>) {
        let mut frame = Frame { layout: &self.layout, memory, values: vec![0; self.kernel.insts.len()] };
        let end = elements.end.min(self.layout.elements());
        for tick in ticks {
            for value in self.kernel.values().take(self.kernel.prologue) {
                frame.step(&self.kernel, value, tick, 0);
            }
            for element in elements.start..end {
                for value in self.kernel.values().skip(self.kernel.prologue) {
                    frame.step(&self.kernel, value, tick, element);
                }
            }
        }
    }
}

struct Frame<'a> {
    layout: &'a Layout,
    memory: &'a mut [u64],
    values: Vec<u64>,
}

impl Frame<'_> {
    fn step(&mut self, kernel: &Kernel, value: Value, tick: u64, element: usize) {
        let inst = kernel.inst(value);
        let result = match inst {
            Inst::Tick => tick,
            Inst::Index => element as u64,
            Inst::Uniform(id) => self.memory[self.uniform(id)],
            Inst::Load(id) => self.load(id, element),
            Inst::Store(id, a) => {
                self.store(id, element, self.values[a.index()]);
                return;
            }
            Inst::SetUniform(id, a) => {
                let word = self.uniform(id);
                self.memory[word] = self.values[a.index()];
                return;
            }
            _ => evaluate(inst, |operand| self.values[operand.index()], |operand| kernel.type_of(operand))
                .unwrap_or_else(|| panic!("{inst:?} is not a core instruction")),
        };
        self.values[value.index()] = result;
    }

    fn uniform(&self, id: UniformId) -> usize {
        self.layout.uniform_offset(id) / 8
    }

    fn load(&self, id: ColumnId, element: usize) -> u64 {
        let offset = self.layout.column_offset(id);
        if self.layout.storage().column_slot(id).ty == Type::Bool {
            let bytes: &[u8] = bytemuck::cast_slice(self.memory);
            return u64::from(bytes[offset + element]);
        }
        self.memory[offset / 8 + element]
    }

    fn store(&mut self, id: ColumnId, element: usize, bits: u64) {
        let offset = self.layout.column_offset(id);
        if self.layout.storage().column_slot(id).ty == Type::Bool {
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(self.memory);
            bytes[offset + element] = u8::from(bits != 0);
            return;
        }
        self.memory[offset / 8 + element] = bits;
    }
}
