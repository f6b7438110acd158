//! Random kernels: the interpreter and machine code agree bit for bit.
#![no_main]

#[path = "../../tests/generate/mod.rs"]
mod generate;

use arbitrary::Unstructured;
use dvdt::interpret::Interpreter;
use dvdt::jit::{Compiler, Lanes, Options};
use dvdt::kernel::abi::Layout;
use dvdt::kernel::{Inst, verify};
use generate::memory::{filled, run};
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
    let start = filled(u, &layout)?;
    let fires = kernel.insts.iter().any(|inst| matches!(inst, Inst::Fire(..)));
    let lanes = *u.choose(&[Lanes::One, Lanes::Two])?;
    let interleave = *u.choose(&[Some(1), Some(2), Some(4)])?;
    let compiler = Compiler::new(Options { lanes, interleave }).expect("a supported machine");
    let code = &compiler.compile(&[(&kernel, &layout)]).expect("compilation")[0];
    let expected = run(&Interpreter::new(kernel.clone(), layout.clone()), &layout, &start, fires);
    assert_eq!(expected, run(code, &layout, &start, fires), "{lanes:?}, {interleave:?}\n{}", kernel.text(layout.storage()));
    Ok(())
}
