//! The interpreter against compiled code, bit for bit.

mod generate;

use arbitrary::Unstructured;
use dvdt::interpret::Interpreter;
use dvdt::jit::{Compiler, Lanes, Options};
use dvdt::kernel::abi::Layout;
use dvdt::kernel::{Inst, Kernel, verify};
use generate::memory::{filled, run};

/// How many kernels one run takes.
const KERNELS: u64 = 6000;

/// Every way in which a kernel is compiled.
fn all_options() -> Vec<Options> {
    let interleaves = [Some(1), Some(2), Some(4)];
    let lanes = [Lanes::One, Lanes::Two, Lanes::Four];
    let all = lanes.into_iter().flat_map(|lanes| interleaves.map(|interleave| Options { lanes, interleave }));
    all.chain([Options::default()]).collect()
}

#[test]
fn kernels_agree_for_all_lanes_and_sizes() {
    let storage = generate::kernels::storage();
    let compilers: Vec<Compiler> =
        all_options().into_iter().map(|options| Compiler::new(options).expect("a supported machine")).collect();
    let mut fired = 0;
    for seed in 0..KERNELS {
        let bytes = generate::bytes(seed, 4096);
        let mut u = Unstructured::new(&bytes);
        let kernel: Kernel = generate::kernels::kernel(&mut u, &storage).expect("enough bytes");
        verify(&kernel, &storage).expect("a well-formed kernel");
        let size = [0, 1, 2, 3, 4, 5, 7, 8, 9, 17, 33, 70][(seed % 12) as usize];
        let layout = Layout::new(storage.clone(), size);
        let start = filled(&mut u, &layout).expect("enough bytes");
        let fires = kernel.insts.iter().any(|inst| matches!(inst, Inst::Fire(..)));
        fired += u32::from(fires);
        let expected = run(&Interpreter::new(kernel.clone(), layout.clone()), &layout, &start, fires);
        let compiler = &compilers[(seed as usize / 12) % compilers.len()];
        let code = &compiler.compile(&[(&kernel, &layout)]).expect("compilation")[0];
        let found = run(code, &layout, &start, fires);
        if let Some((one, other)) = expected.iter().zip(&found).find(|(one, other)| one != other) {
            let text = kernel.text(&storage);
            panic!("seed {seed}, {:?}: expected {one:x?}, found {other:x?}\n{text}", compiler.options());
        }
    }
    assert!(u64::from(fired) > KERNELS / 8, "only {fired} kernels have events");
}
