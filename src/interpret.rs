//! The reference executor: one element at a time, one instruction at a time.
//!
//! This is what a kernel means. It is slow on purpose and serves to check the others.

use crate::kernel::abi::{ColumnId, EventId, Layout, Routine, UniformId};
use crate::kernel::{Distribution, Inst, Kernel, Type, Value, evaluate};
use crate::random::{self, Stream};
use std::ops::Range;

/// A core kernel that is run by reading it.
#[derive(Clone, Debug)]
pub struct Interpreter {
    kernel: Kernel,
    layout: Layout,
    /// Where the seed is, and the number of the group.
    random: Option<(UniformId, u32)>,
}

impl Interpreter {
    /// Takes a core kernel and the layout of its group.
    ///
    /// # Panics
    /// When `kernel` is not core.
    pub fn new(kernel: Kernel, layout: Layout) -> Self {
        assert!(kernel.is_core(), "{} is not a core kernel", kernel.name);
        Interpreter { kernel, layout, random: None }
    }

    /// Lets the kernel draw random numbers: where the seed is, and the number of the group.
    #[must_use]
    pub fn with_random(mut self, seed: UniformId, group: u32) -> Self {
        self.random = Some((seed, group));
        self
    }
}

impl Routine for Interpreter {
    fn call(&self, memory: &mut [u64], ticks: Range<u64>, elements: Range<usize>) {
        let values = vec![0; self.kernel.insts.len()];
        let mut frame = Frame { layout: &self.layout, random: self.random, memory, values };
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
    random: Option<(UniformId, u32)>,
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
            Inst::Lookup(id, a) => {
                let values = &self.layout.storage().array_slot(id).values;
                let index = usize::try_from(self.values[a.index()].cast_signed().max(0)).unwrap_or(usize::MAX);
                values[index.min(values.len() - 1)].to_bits()
            }
            Inst::Random(Distribution::Uniform, number) => {
                random::uniform(self.stream(number), tick, element).to_bits()
            }
            Inst::Random(Distribution::Normal, number) => random::normal(self.stream(number), tick, element).to_bits(),
            Inst::Poisson(number, mean) => {
                let mean = f64::from_bits(self.values[mean.index()]);
                random::poisson(self.stream(number), tick, element, mean).cast_unsigned()
            }
            Inst::Emit(event, list, mask, a) => {
                if self.values[mask.index()] != 0 {
                    let place = self.count(event);
                    self.store(list, place, self.values[a.index()]);
                }
                return;
            }
            Inst::Seldom(_) => return,
            Inst::Fire(event, mask) => {
                if self.values[mask.index()] != 0 {
                    let (place, list) = (self.count(event), self.layout.storage().event_slot(event).elements);
                    self.store(list, place, element as u64);
                    let word = self.uniform(self.layout.storage().event_slot(event).count);
                    self.memory[word] = place as u64 + 1;
                }
                return;
            }
            _ => evaluate(inst, |operand| self.values[operand.index()], |operand| kernel.type_of(operand))
                .unwrap_or_else(|| panic!("{inst:?} is not a core instruction")),
        };
        self.values[value.index()] = result;
    }

    fn stream(&self, number: u32) -> Stream {
        let (seed, group) = self.random.unwrap_or_else(|| panic!("bug: random numbers without a seed"));
        Stream { seed: self.memory[self.uniform(seed)], group, number }
    }

    /// How often an event has happened at this tick so far.
    fn count(&self, event: EventId) -> usize {
        let word = self.uniform(self.layout.storage().event_slot(event).count);
        usize::try_from(self.memory[word]).unwrap_or(usize::MAX)
    }

    fn uniform(&self, id: UniformId) -> usize {
        self.layout.uniform_offset(id) / 8
    }

    fn load(&self, id: ColumnId, element: usize) -> u64 {
        let offset = self.layout.column_offset(id);
        match self.layout.storage().column_slot(id).ty {
            Type::F64 | Type::I64 => self.memory[offset / 8 + element],
            Type::F32 | Type::I32 => u64::from(bytemuck::cast_slice::<u64, u32>(self.memory)[offset / 4 + element]),
            Type::Bool => u64::from(bytemuck::cast_slice::<u64, u8>(self.memory)[offset + element]),
        }
    }

    fn store(&mut self, id: ColumnId, element: usize, bits: u64) {
        let offset = self.layout.column_offset(id);
        match self.layout.storage().column_slot(id).ty {
            Type::F64 | Type::I64 => self.memory[offset / 8 + element] = bits,
            Type::F32 | Type::I32 => {
                bytemuck::cast_slice_mut::<u64, u32>(self.memory)[offset / 4 + element] = bits as u32;
            }
            Type::Bool => {
                bytemuck::cast_slice_mut::<u64, u8>(self.memory)[offset + element] = u8::from(bits != 0);
            }
        }
    }
}
