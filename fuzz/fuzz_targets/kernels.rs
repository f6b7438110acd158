//! Random kernels: the interpreter and machine code agree bit for bit.
#![no_main]

#[path = "../../tests/generate/mod.rs"]
mod generate;

use arbitrary::Unstructured;
use dvdt::interpret::Interpreter;
use dvdt::jit::{Compiler, Lanes, Options};
use dvdt::kernel::abi::{ColumnId, Layout, Routine, UniformId};
use dvdt::kernel::{Type, verify};
use libfuzzer_sys::fuzz_target;

const SIZES: [usize; 6] = [0, 1, 2, 7, 9, 33];

fuzz_target!(|bytes: &[u8]| {
    let _ = compare(&mut Unstructured::new(bytes));
});

fn compare(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let storage = generate::kernels::storage();
    let kernel = generate::kernels::kernel(u, &storage)?;
    verify(&kernel, &storage).expect("a well-formed kernel");
    let layout = Layout::new(storage, *u.choose(&SIZES)?);
    let start = start(u, &layout)?;
    let lanes = *u.choose(&[Lanes::One, Lanes::Two])?;
    let interleave = *u.choose(&[Some(1), Some(2), Some(4)])?;
    let compiler = Compiler::new(Options { lanes, interleave }).expect("a supported machine");
    let code = &compiler.compile(&[(&kernel, &layout)]).expect("compilation")[0];
    let expected = run(&Interpreter::new(kernel.clone(), layout.clone()), &layout, &start);
    assert_eq!(expected, run(code, &layout, &start), "{lanes:?}, {interleave:?}\n{}", kernel.text(layout.storage()));
    Ok(())
}

/// A group's memory with numbers in it.
fn start(u: &mut Unstructured<'_>, layout: &Layout) -> arbitrary::Result<Vec<u64>> {
    let mut memory = vec![0u64; layout.bytes() / 8];
    for (id, slot) in (0u32..).zip(layout.storage().uniforms) {
        memory[layout.uniform_offset(UniformId(id)) / 8] = bits(u, slot.ty)?;
    }
    for (id, slot) in (0u32..).zip(layout.storage().columns) {
        let offset = layout.column_offset(ColumnId(id));
        for element in 0..layout.elements() {
            let value = bits(u, slot.ty)?;
            match slot.ty {
                Type::Bool => bytemuck::cast_slice_mut::<u64, u8>(&mut memory)[offset + element] = u8::from(value != 0),
                Type::F64 | Type::I64 => memory[offset / 8 + element] = value,
            }
        }
    }
    Ok(memory)
}

fn bits(u: &mut Unstructured<'_>, ty: Type) -> arbitrary::Result<u64> {
    Ok(match ty {
        Type::F64 => generate::kernels::float(u)?.to_bits(),
        Type::I64 => generate::kernels::integer(u)?.cast_unsigned(),
        Type::Bool => u64::from(u.arbitrary::<bool>()?),
    })
}

/// What the host sees afterwards, with NaNs by class.
fn run(routine: &dyn Routine, layout: &Layout, start: &[u64]) -> Vec<u64> {
    let mut memory = vec![0u64; start.len() + 8];
    let skip = memory.as_ptr().align_offset(64);
    let memory = &mut memory[skip..];
    memory[..start.len()].copy_from_slice(start);
    routine.call(memory, 3..6, 0..layout.padded());
    let class = |ty, bits: u64| if ty == Type::F64 && f64::from_bits(bits).is_nan() { u64::MAX } else { bits };
    let mut seen = vec![];
    for (id, slot) in (0u32..).zip(layout.storage().uniforms) {
        seen.push(class(slot.ty, memory[layout.uniform_offset(UniformId(id)) / 8]));
    }
    for (id, slot) in (0u32..).zip(layout.storage().columns) {
        let offset = layout.column_offset(ColumnId(id));
        seen.extend((0..layout.elements()).map(|element| match slot.ty {
            Type::Bool => u64::from(bytemuck::cast_slice::<u64, u8>(memory)[offset + element]),
            Type::F64 | Type::I64 => class(slot.ty, memory[offset / 8 + element]),
        }));
    }
    seen
}
