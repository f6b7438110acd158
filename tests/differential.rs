//! The interpreter against compiled code, bit for bit.

mod generate;

use arbitrary::Unstructured;
use dvdt::interpret::Interpreter;
use dvdt::jit::{Compiler, Lanes, Options};
use dvdt::kernel::abi::{ColumnId, Event, EventId, Layout, Routine, Storage, UniformId};
use dvdt::kernel::{Builder, Inst, Kernel, verify};
use dvdt::wide::{self, Vectors};
use generate::memory::{filled, run};

/// How many kernels one run takes.
const KERNELS: u64 = 6000;

/// Every way in which a kernel is compiled.
fn all_options() -> Vec<Options> {
    let interleaves = [Some(1), Some(2), Some(4), Some(8)];
    let lanes = [Lanes::One, Lanes::Two, Lanes::Four, Lanes::Eight].into_iter().filter(|lanes| lanes.has_machine());
    let all = lanes.flat_map(|lanes| interleaves.map(|interleave| Options { lanes, interleave }));
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
        let size = [0, 1, 2, 3, 5, 7, 9, 17, 33, 70, 130, 300][(seed % 12) as usize];
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

/// What this machine cannot run can be encoded and listed.
#[test]
fn code_of_512_bits_is_made_on_any_machine() {
    let storage = generate::kernels::storage();
    let (mut made, mut masks) = (0, 0);
    for seed in 0..KERNELS {
        let bytes = generate::bytes(seed, 4096);
        let mut u = Unstructured::new(&bytes);
        let kernel = generate::kernels::kernel(&mut u, &storage).expect("enough bytes");
        let layout = Layout::new(storage.clone(), 70);
        if !wide::takes(&kernel, &layout) {
            continue;
        }
        let interleave = [None, Some(1), Some(2), Some(4), Some(8)][(seed % 5) as usize];
        let function = wide::function(&kernel, &layout, Vectors::Bits512, interleave);
        if let Err(error) = function {
            panic!("seed {seed}: {error}\n{}", kernel.text(&storage));
        }
        let listing = wide::listing(&kernel, &layout, Vectors::Bits512, interleave);
        (made, masks) = (made + 1, masks + u32::from(listing.contains("{k")));
    }
    assert!(made > KERNELS / 2 && masks > 1000, "{made} functions, {masks} with masks");
}

/// Code that lists the events of several ticks in one call lists what the interpreter does tick by tick.
#[test]
fn several_ticks_list_the_same() {
    let storage = generate::kernels::storage();
    let (mut compared, mut listed) = (0, 0);
    for seed in 0..4 * KERNELS {
        let bytes = generate::bytes(seed, 4096);
        let mut u = Unstructured::new(&bytes);
        let kernel = generate::kernels::kernel(&mut u, &storage).expect("enough bytes");
        // Three ticks of so many elements leave room in lists of the group.
        let (size, elements) = [(70, 0..16), (70, 64..72), (512, 64..128), (100, 0..32)][(seed % 4) as usize].clone();
        let layout = Layout::new(storage.clone(), size);
        if !kernel.insts.iter().any(|inst| matches!(inst, Inst::Fire(..))) || !wide::lists_ticks(&kernel, &layout) {
            continue;
        }
        let start = filled(&mut u, &layout).expect("enough bytes");
        let interleave = [None, Some(1), Some(2), Some(4), Some(8)][(seed % 5) as usize];
        let lanes = [Lanes::Four, Lanes::Eight][(seed / 20 % 2) as usize];
        let compiler = Compiler::new(Options { lanes, interleave }).expect("a machine");
        let code = &compiler.compile(&[(&kernel, &layout)]).expect("compilation")[0];
        assert!(code.lists_ticks());
        let mut found = Lists::new(&kernel, &layout, &start);
        code.call(found.memory.words(), 3..6, elements.clone());
        found.take(&layout, None);
        found.entries.sort_by_key(|&(event, list, tick, _)| (event, list, tick));
        let mut expected = Lists::new(&kernel, &layout, &start);
        let interpreter = Interpreter::new(kernel.clone(), layout.clone());
        for tick in 3..6 {
            interpreter.call(expected.memory.words(), tick..tick + 1, elements.clone());
            expected.take(&layout, Some(tick - 3));
        }
        expected.entries.sort_by_key(|&(event, list, tick, _)| (event, list, tick));
        assert_eq!(found.entries, expected.entries, "seed {seed}\n{}", kernel.text(&storage));
        (compared, listed) = (compared + 1, listed + found.entries.len());
    }
    let machine = Lanes::Four.has_machine();
    assert!(!machine || compared > 100 && listed > 1000, "{compared} kernels with {listed} entries");
}

/// The lists of events in a memory, as event, list, tick and number, with NaNs by class.
struct Lists {
    memory: generate::memory::Memory,
    /// The lists that the kernel keeps numbers in.
    kept: Vec<ColumnId>,
    entries: Vec<(usize, usize, u64, u64)>,
}

impl Lists {
    fn new(kernel: &Kernel, layout: &Layout, start: &[u64]) -> Self {
        let mut memory = generate::memory::Memory::new(layout.bytes());
        memory.words()[..start.len()].copy_from_slice(start);
        let keeps = |inst: &Inst| if let Inst::Emit(_, list, ..) = *inst { Some(list) } else { None };
        let kept = kernel.insts.iter().filter_map(keeps).collect();
        let mut lists = Lists { memory, kept, entries: vec![] };
        lists.take(layout, None);
        lists.entries.clear();
        lists
    }

    /// Takes what is listed out, of one tick, or of the ticks that stand in the upper half of elements.
    fn take(&mut self, layout: &Layout, tick: Option<u64>) {
        for (number, event) in layout.storage().events.iter().enumerate() {
            let count = std::mem::take(&mut self.memory.words()[layout.uniform_offset(event.count) / 8]) as usize;
            let lists = std::iter::once(event.elements)
                .chain(event.captured.iter().copied().filter(|list| self.kept.contains(list)));
            for (place, list) in lists.enumerate() {
                let [elements, own] = [event.elements, list].map(|id| layout.column_offset(id) / 8);
                for entry in 0..count.min(layout.elements()) {
                    let words = self.memory.words();
                    let (element, bits) = (words[elements + entry], words[own + entry]);
                    let bits = if place == 0 { bits & 0xffff_ffff } else { bits };
                    let nan = place > 0 && f64::from_bits(bits).is_nan();
                    let late = tick.unwrap_or(element >> 32);
                    self.entries.push((number, place, late, if nan { 0x7ff8 << 48 } else { bits }));
                }
            }
        }
    }
}

/// What the assertions of a call leave is in order: a range that ends before it begins is empty, however far.
#[test]
fn ranges_that_are_turned_round_are_empty() {
    let storage = generate::kernels::storage();
    let layout = Layout::new(storage.clone(), 8);
    let bytes = generate::bytes(1, 4096);
    let mut u = Unstructured::new(&bytes);
    let kernel = generate::kernels::kernel(&mut u, &storage).expect("enough bytes");
    for options in all_options() {
        let code = &Compiler::new(options).expect("a machine").compile(&[(&kernel, &layout)]).expect("compilation")[0];
        let mut memory = generate::memory::Memory::new(layout.bytes());
        let before = memory.words().to_vec();
        for elements in [16..0, (1usize << 61) - 16..8, usize::MAX - 15..0] {
            code.call(memory.words(), 0..2, elements);
        }
        let columns = layout.storage().uniforms.len();
        assert_eq!(memory.words()[columns..], before[columns..], "{options:?}");
    }
}

/// Kernels that no pipeline makes are refused before they become code.
#[test]
fn kernels_that_break_a_rule_are_refused() {
    let with_event = generate::kernels::storage();
    let (x, mask_of) = (ColumnId(0), |builder: &mut Builder<'_>, truth| builder.boolean(truth));
    let refused = |storage: &Storage, kernel: Kernel, why: &str| {
        let layout = Layout::new(storage.clone(), 8);
        let compiler = Compiler::new(Options::default()).expect("a machine");
        let error = compiler.compile(&[(&kernel, &layout)]).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    };
    let mut builder = Builder::new("twice", &with_event);
    builder.begin_body();
    let load = builder.load(x);
    builder.store(ColumnId(1), load);
    let mut kernel = builder.finish();
    let (again, ty) = (kernel.insts[0], kernel.types[0]);
    kernel.insts.insert(0, again);
    kernel.types.insert(0, ty);
    refused(&with_event, kernel, "loads a column twice");

    let mut builder = Builder::new("uniform", &with_event);
    builder.begin_body();
    let uniform = builder.push(Inst::Uniform(UniformId(0)));
    builder.store(x, uniform);
    refused(&with_event, builder.finish(), "prologue");

    let mut builder = Builder::new("masks", &with_event);
    builder.begin_body();
    let (one, other) = (mask_of(&mut builder, true), mask_of(&mut builder, false));
    let load = builder.load(x);
    builder.emit(EventId(0), with_event.events[0].captured[0], one, load);
    builder.fire(EventId(0), other);
    refused(&with_event, builder.finish(), "another mask");

    for spoil in [
        |event: &mut Event| event.count = UniformId(1_000_000),
        |event: &mut Event| event.elements = ColumnId(1_000_000),
        |event: &mut Event| event.captured = vec![ColumnId(6)],
    ] {
        let mut storage = generate::kernels::storage();
        spoil(&mut storage.events[0]);
        let mut builder = Builder::new("lists", &storage);
        builder.begin_body();
        let mask = mask_of(&mut builder, true);
        builder.fire(EventId(0), mask);
        let kernel = builder.finish();
        let error = verify(&kernel, &storage).expect_err("lists that are none");
        assert!(error.contains("not in the storage"), "{error}");
    }
}
