//! The interpreter against compiled code, bit for bit.

mod generate;

use arbitrary::Unstructured;
use dvdt::interpret::Interpreter;
use dvdt::jit::{Compiler, Lanes, Options};
use dvdt::kernel::abi::{ColumnId, Layout, Routine, UniformId};
use dvdt::kernel::{Kernel, Type, verify};

/// How many kernels one run takes.
const KERNELS: u64 = 4000;

/// Every way in which a kernel is compiled.
fn all_options() -> Vec<Options> {
    let interleaves = [Some(1), Some(2), Some(4)];
    let lanes = [Lanes::One, Lanes::Two];
    lanes.into_iter().flat_map(|lanes| interleaves.map(|interleave| Options { lanes, interleave })).collect()
}

/// A group's memory on a boundary of 64 bytes.
struct Memory(Vec<u64>, usize);

impl Memory {
    fn new(bytes: usize) -> Self {
        let words = vec![0u64; bytes / 8 + 8];
        let skip = words.as_ptr().align_offset(64);
        Memory(words, skip)
    }

    fn words(&mut self) -> &mut [u64] {
        &mut self.0[self.1..]
    }
}

fn fill(u: &mut Unstructured<'_>, layout: &Layout, memory: &mut [u64]) -> arbitrary::Result<()> {
    let mut bits = |ty| {
        Ok(match ty {
            Type::F64 => generate::kernels::float(u)?.to_bits(),
            Type::I64 => generate::kernels::integer(u)?.cast_unsigned(),
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
                Type::Bool => bytemuck::cast_slice_mut::<u64, u8>(memory)[offset + element] = value as u8,
                Type::F64 | Type::I64 => memory[offset / 8 + element] = value,
            }
        }
    }
    Ok(())
}

/// What the host can see, one line a number, with NaNs by class.
fn visible(layout: &Layout, memory: &[u64]) -> Vec<(String, u64)> {
    let canonical = |ty, bits: u64| if ty == Type::F64 && f64::from_bits(bits).is_nan() { 0x7ff8 << 48 } else { bits };
    let mut numbers = vec![];
    for (id, slot) in (0u32..).zip(&layout.storage().uniforms) {
        let bits = memory[layout.uniform_offset(UniformId(id)) / 8];
        numbers.push((slot.name.clone(), canonical(slot.ty, bits)));
    }
    for (id, slot) in (0u32..).zip(&layout.storage().columns) {
        let offset = layout.column_offset(ColumnId(id));
        for element in 0..layout.elements() {
            let bits = match slot.ty {
                Type::Bool => u64::from(bytemuck::cast_slice::<u64, u8>(memory)[offset + element]),
                Type::F64 | Type::I64 => memory[offset / 8 + element],
            };
            numbers.push((format!("{}[{element}]", slot.name), canonical(slot.ty, bits)));
        }
    }
    numbers
}

fn run(routine: &dyn Routine, layout: &Layout, start: &[u64]) -> Vec<(String, u64)> {
    let mut memory = Memory::new(layout.bytes());
    memory.words()[..start.len()].copy_from_slice(start);
    routine.call(memory.words(), 3..6, 0..layout.padded());
    visible(layout, memory.words())
}

#[test]
fn kernels_agree_for_all_lanes_and_sizes() {
    let storage = generate::kernels::storage();
    let compilers: Vec<Compiler> =
        all_options().into_iter().map(|options| Compiler::new(options).expect("a supported machine")).collect();
    for seed in 0..KERNELS {
        let bytes = generate::bytes(seed, 4096);
        let mut u = Unstructured::new(&bytes);
        let kernel: Kernel = generate::kernels::kernel(&mut u, &storage).expect("enough bytes");
        verify(&kernel, &storage).expect("a well-formed kernel");
        let size = [0, 1, 2, 3, 7, 8, 9, 33][(seed % 8) as usize];
        let layout = Layout::new(storage.clone(), size);
        let mut start = vec![0; layout.bytes() / 8];
        fill(&mut u, &layout, &mut start).expect("enough bytes");
        let expected = run(&Interpreter::new(kernel.clone(), layout.clone()), &layout, &start);
        let compiler = &compilers[(seed as usize / 8) % compilers.len()];
        let code = &compiler.compile(&[(&kernel, &layout)]).expect("compilation")[0];
        let found = run(code, &layout, &start);
        if let Some((one, other)) = expected.iter().zip(&found).find(|(one, other)| one != other) {
            let text = kernel.text(&storage);
            panic!("seed {seed}, {:?}: expected {one:x?}, found {other:x?}\n{text}", compiler.options());
        }
    }
}
