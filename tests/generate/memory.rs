//! A group's memory for generated kernels: filled, run over, and read.

use super::kernels::{float, float32, integer};
use arbitrary::{Result, Unstructured};
use dvdt::kernel::Type;
use dvdt::kernel::abi::{ColumnId, Layout, Routine, UniformId};

/// On a boundary of 64 bytes.
pub struct Memory(Vec<u64>, usize);

impl Memory {
    pub fn new(bytes: usize) -> Self {
        let words = vec![0u64; bytes / 8 + 8];
        let skip = words.as_ptr().align_offset(64);
        Memory(words, skip)
    }

    pub fn words(&mut self) -> &mut [u64] {
        &mut self.0[self.1..]
    }
}

/// Memory with numbers in it.
pub fn filled(u: &mut Unstructured<'_>, layout: &Layout) -> Result<Vec<u64>> {
    let mut memory = vec![0; layout.bytes() / 8];
    let mut bits = |ty| {
        Ok(match ty {
            Type::F64 => float(u)?.to_bits(),
            Type::F32 => u64::from(float32(u)?.to_bits()),
            Type::I64 => integer(u)?.cast_unsigned(),
            Type::I32 => u64::from((integer(u)? as i32).cast_unsigned()),
            Type::Bool => u64::from(u.arbitrary::<bool>()?),
        })
    };
    for (id, slot) in (0u32..).zip(&layout.storage().uniforms) {
        memory[layout.uniform_offset(UniformId(id)) / 8] = bits(slot.ty)?;
    }
    for (id, slot) in (0u32..).zip(&layout.storage().columns) {
        let offset = layout.column_offset(ColumnId(id));
        for element in 0..layout.elements() {
            let value = bits(slot.ty)?;
            match slot.ty {
                Type::Bool => bytemuck::cast_slice_mut::<u64, u8>(&mut memory)[offset + element] = value as u8,
                Type::F32 | Type::I32 => {
                    bytemuck::cast_slice_mut::<u64, u32>(&mut memory)[offset / 4 + element] = value as u32;
                }
                Type::F64 | Type::I64 => memory[offset / 8 + element] = value,
            }
        }
    }
    Ok(memory)
}

/// How long the lists of events are that a column belongs to; the other columns are as long as the group.
fn length(layout: &Layout, memory: &[u64], column: ColumnId) -> usize {
    let lists = |event: &&dvdt::kernel::abi::Event| event.elements == column || event.captured.contains(&column);
    match layout.storage().events.iter().find(lists) {
        Some(event) => memory[layout.uniform_offset(event.count) / 8] as usize,
        None => layout.elements(),
    }
}

/// What the host can see, one line a number, with NaNs by class.
fn visible(layout: &Layout, memory: &[u64], numbers: &mut Vec<(String, u64)>) {
    let canonical = |ty, bits: u64| match ty {
        Type::F64 if f64::from_bits(bits).is_nan() => 0x7ff8 << 48,
        Type::F32 if f32::from_bits(bits as u32).is_nan() => 0x7fc0 << 16,
        _ => bits,
    };
    for (id, slot) in (0u32..).zip(&layout.storage().uniforms) {
        let bits = memory[layout.uniform_offset(UniformId(id)) / 8];
        numbers.push((slot.name.clone(), canonical(slot.ty, bits)));
    }
    for (id, slot) in (0u32..).zip(&layout.storage().columns) {
        let offset = layout.column_offset(ColumnId(id));
        for place in 0..length(layout, memory, ColumnId(id)) {
            let bits = match slot.ty {
                Type::Bool => u64::from(bytemuck::cast_slice::<u64, u8>(memory)[offset + place]),
                Type::F32 | Type::I32 => u64::from(bytemuck::cast_slice::<u64, u32>(memory)[offset / 4 + place]),
                Type::F64 | Type::I64 => memory[offset / 8 + place],
            };
            numbers.push((format!("{}[{place}]", slot.name), canonical(slot.ty, bits)));
        }
    }
}

/// What can be seen after each of three ticks from `start`; kernels without events do them in one call.
pub fn run(routine: &dyn Routine, layout: &Layout, start: &[u64], fires: bool) -> Vec<(String, u64)> {
    let mut memory = Memory::new(layout.bytes());
    memory.words()[..start.len()].copy_from_slice(start);
    let counts: Vec<usize> =
        layout.storage().events.iter().map(|event| layout.uniform_offset(event.count) / 8).collect();
    let mut numbers = vec![];
    for ticks in if fires { vec![3..4, 4..5, 5..6] } else { vec![3..6] } {
        counts.iter().for_each(|&count| memory.words()[count] = 0);
        routine.call(memory.words(), ticks, 0..layout.padded());
        visible(layout, memory.words(), &mut numbers);
    }
    numbers
}
