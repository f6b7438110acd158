//! Groups with floats of 32 bits: their functions against those of 64 bits, which `math.rs` checks against
//! `astro-float`; their arithmetic against that of Rust; and what users see of them.

use dvdt::dimension::Dimension;
use dvdt::jit::Compiler;
use dvdt::kernel::abi::{ColumnId, Layout, Routine, Storage, Varies};
use dvdt::kernel::{Builder, Math, Type, Unary, math, verify};
use dvdt::{
    Engine, Error, Executor, GroupBuilder, Input, Lanes, ModelBuilder, NonFinite, Options, Precision, Simulation,
};

/// Arguments of one call.
const CHUNK: u32 = 1 << 16;

/// Aligned to 64 bytes.
struct Memory(Vec<u64>, usize);

impl Memory {
    fn new(layout: &Layout) -> Self {
        let words = vec![0u64; layout.bytes() / 8 + 8];
        let skip = words.as_ptr().align_offset(64);
        Memory(words, skip)
    }

    fn words(&mut self) -> &mut [u64] {
        &mut self.0[self.1..]
    }
}

/// The function in 32 bits and in 64 bits, as one kernel from `x` to `single` and `double`.
fn both(function: Math) -> (dvdt::jit::Code, Layout) {
    let mut storage = Storage::default();
    let x = storage.column("x", Type::F32, Varies::Ticks);
    let single = storage.column("single", Type::F32, Varies::Ticks);
    let double = storage.column("double", Type::F64, Varies::Ticks);
    let mut builder = Builder::new("test", &storage);
    let x = builder.load(x);
    let narrow = builder.math(function, x);
    let wide = builder.unary(Unary::Widen, x);
    let wide = builder.math(function, wide);
    builder.store(single, narrow);
    builder.store(double, wide);
    let kernel = math::expand(&builder.finish(), &storage);
    verify(&kernel, &storage).unwrap();
    let layout = Layout::new(storage, CHUNK as usize);
    let code = Compiler::new(Options::default()).unwrap().compile(&[(&kernel, &layout)]).unwrap().remove(0);
    (code, layout)
}

/// How far `found` is from `exact`, in units of the last place of the float next to `exact`.
fn ulps(found: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if found.to_bits() == nearest.to_bits() || found.is_nan() && nearest.is_nan() {
        return 0.0;
    }
    if nearest.is_infinite() && found.abs() == f32::MAX && f64::from(f32::MAX) * (1.0 + 6e-8) > exact.abs() {
        return 1.0;
    }
    let exponent = (nearest.abs().max(f32::MIN_POSITIVE).to_bits() >> 23).cast_signed() - 127;
    (f64::from(found) - exact).abs() / f64::from(exponent - 23).exp2()
}

/// The functions that have definitions of their own in 32 bits, with what docs/numerics.md says of their errors.
const BOUNDS: [(Math, f64); 7] = [
    (Math::Exp, 0.91),
    (Math::Expm1, 1.10),
    (Math::Exprel, 2.41),
    (Math::Bernoulli, 2.38),
    (Math::Sinh, 1.90),
    (Math::Cosh, 1.36),
    (Math::Tanh, 0.93),
];

/// The largest error over every `stride`-th float.
fn largest_error(function: Math, stride: u32) -> (f64, f32) {
    let (code, layout) = both(function);
    let mut memory = Memory::new(&layout);
    let [x, single, double] = [0, 1, 2].map(|id| layout.column_offset(ColumnId(id)));
    let mut worst = (0.0, 0.0);
    let mut next = 0u64;
    while next < 1 << 32 {
        let bits = |place: u32| (next + u64::from(place) * u64::from(stride)) as u32;
        let arguments = &mut bytemuck::cast_slice_mut::<u64, u32>(memory.words())[x / 4..][..CHUNK as usize];
        (0..CHUNK).zip(arguments).for_each(|(place, argument)| *argument = bits(place));
        code.call(memory.words(), 0..1, 0..CHUNK as usize);
        let words = memory.words();
        let found = &bytemuck::cast_slice::<u64, f32>(words)[single / 4..][..CHUNK as usize];
        let exact = &bytemuck::cast_slice::<u64, f64>(words)[double / 8..][..CHUNK as usize];
        for (place, (&found, &exact)) in (0..CHUNK).zip(found.iter().zip(exact)) {
            let error = ulps(found, exact);
            if error > worst.0 || error.is_nan() {
                worst = (error, f32::from_bits(bits(place)));
            }
        }
        next += u64::from(CHUNK) * u64::from(stride);
    }
    worst
}

fn check_errors(stride: u32) {
    for (function, bound) in BOUNDS {
        let (error, at) = largest_error(function, stride);
        println!("{function:?}: {error:.3} ulp at {at:e}");
        assert!(error <= bound, "{function:?}({at:e}) is {error} ulp off");
    }
}

#[test]
fn functions_are_within_their_bounds() {
    check_errors(7919);
}

/// All 2^32 floats; takes minutes: `cargo test --release --test float32 -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn functions_are_within_their_bounds_everywhere() {
    check_errors(1);
}

/// f(0), f(-0), f(∞), f(-∞) and f(NaN), as C99, Annex F, has them.
#[test]
fn ends_of_functions() {
    const INF: f32 = f32::INFINITY;
    let ends = [
        (Math::Exp, [1.0, 1.0, INF, 0.0]),
        (Math::Expm1, [0.0, -0.0, INF, -1.0]),
        (Math::Exprel, [1.0, 1.0, INF, 0.0]),
        (Math::Bernoulli, [1.0, 1.0, 0.0, INF]),
        (Math::Sinh, [0.0, -0.0, INF, -INF]),
        (Math::Cosh, [1.0, 1.0, INF, INF]),
        (Math::Tanh, [0.0, -0.0, 1.0, -1.0]),
    ];
    for (function, expected) in ends {
        let (code, layout) = both(function);
        let mut memory = Memory::new(&layout);
        let arguments = [0.0, -0.0, INF, -INF, f32::NAN];
        let x = layout.column_offset(ColumnId(0)) / 4;
        bytemuck::cast_slice_mut::<u64, f32>(memory.words())[x..x + 5].copy_from_slice(&arguments);
        code.call(memory.words(), 0..1, 0..16);
        let single = layout.column_offset(ColumnId(1)) / 4;
        let found = &bytemuck::cast_slice::<u64, f32>(memory.words())[single..single + 5];
        for ((x, y), wanted) in arguments.iter().zip(found).zip(expected.into_iter().chain([f32::NAN])) {
            let same = y.to_bits() == wanted.to_bits() || y.is_nan() && wanted.is_nan();
            assert!(same, "{function:?}({x}) is {y}, should be {wanted}");
        }
    }
}

/// One model with every executor and number of threads.
fn everywhere(text: &str, mut look: impl FnMut(Simulation)) {
    for executor in [Executor::Jit, Executor::Interpreter] {
        for lanes in [Lanes::One, Lanes::Four, Lanes::Eight].into_iter().filter(|lanes| lanes.has_machine()) {
            for threads in [1, 2] {
                let options = Options { lanes, interleave: None };
                let engine = Engine::new().executor(executor).options(options);
                let mut simulation = engine.compile("m", text).unwrap().simulation().unwrap();
                simulation.set_threads(threads).unwrap();
                look(simulation);
            }
        }
    }
}

/// In `precise` math a step is what the text says, in 32 bits.
#[test]
fn steps_are_those_of_rust() {
    let text = "math precise\nclock dt = 0.1*ms\nconstant tau = 7*ms\nconstant E = 0.3\nprecision float32
        group g[100] {\n dx/dt = (E - x)/tau*k : 1\n k : 1\n method euler\n init x = i/7\n init k = 1 + i/N\n}";
    everywhere(text, |mut simulation| {
        let start: Vec<(f32, f32)> =
            (0..100).map(|i| ((f64::from(i) / 7.0) as f32, (1.0 + f64::from(i) / 100.0) as f32)).collect();
        simulation.run_for("5*ms").unwrap();
        let (dt, e, tau) = (0.1e-3f64 as f32, 0.3f64 as f32, 7e-3f64 as f32);
        let step = |(mut x, k): (f32, f32)| {
            for _ in 0..50 {
                x += dt * ((e - x) / tau * k);
            }
            x
        };
        let expected: Vec<f32> = start.into_iter().map(step).collect();
        assert_eq!(simulation.floats32("g.x").unwrap(), expected);
    });
}

/// `t` is rounded where it meets a float of an element, and not before.
#[test]
fn times_keep_64_bits() {
    let text = "math precise\nclock dt = 0.1*ms\nprecision float32
        group g[9] {\n s = sin(2*pi*50*Hz*t) : 1\n dx/dt = 0/second : 1\n y : 1\n n : integer
            last = t : second (shared)\n run_regularly every 0.1*ms {\n y = s\n n = int(t/dt + 0.5)\n}\n}
        record g.last every 1*second";
    everywhere(text, |mut simulation| {
        // So late a time in 32 bits is up to half a microsecond off.
        simulation.run_for("10.0031*second").unwrap();
        let t = 100_030.0 * 0.1e-3;
        let phase: f64 = 2.0 * std::f64::consts::PI * 50.0 * t;
        let found = simulation.floats32("g.y").unwrap()[8];
        assert!((f64::from(found) - phase.sin()).abs() < 1e-7, "{found}");
        assert_eq!(simulation.integers("g.n").unwrap()[3], 100_030);
        let recorded = simulation.recording("g.last").unwrap().values().to_vec();
        assert_eq!(recorded[10 * 9], 10.0);
    });
}

/// Noise, events, refractoriness, what is recorded and all forms of code: all the same bits.
#[test]
fn all_executors_agree() {
    let text = "clock dt = 0.1*ms\nprecision float32\nconstant tau = 10*ms
        group g[1003] {
            dv/dt = (1.2 - v)/tau + sigma*xi*tau**-0.5 : 1 (unless refractory)
            dw/dt = -w/(30*ms) + tanh(v)/tau : 1
            sigma = 0.1 + 0.05*rate : 1\n rate : 1\n n : integer
            threshold v > 1
            reset { v = 0; w += 0.1*exp(-w); n += 1 }
            refractory 2*ms
            init v = rand()\n init rate = i/N
        }
        group p[77] {\n x : 1\n poisson 30*Hz*(1 + i/N)\n run_regularly every 1*ms {\n x += poisson(2*x + 1)\n}\n}
        record g.v[0:5]\nrecord g.w every 1*ms\nrecord g.spikes(v, w)\nrecord g.rate\nrecord p.spikes
        run 30*ms\nset g.rate = 2*rate + 0.001*i\nrun 20*ms";
    let verdict = dvdt::verify("m", text, 500, 0).unwrap();
    assert!(verdict.difference.is_none(), "{:?}", verdict.difference);
    let mut first: Option<(Vec<f32>, Vec<f64>, Vec<f64>)> = None;
    everywhere(text, |mut simulation| {
        simulation.run_script().unwrap();
        let spikes = simulation.events("g.spikes").unwrap();
        assert!(spikes.elements().len() > 500, "{}", spikes.elements().len());
        let kept = spikes.values("v").unwrap().to_vec();
        assert!(kept.iter().all(|&v| v == f64::from(v as f32) && v > 1.0));
        let found = (
            simulation.floats32("g.v").unwrap().to_vec(),
            kept,
            simulation.recording("g.w").unwrap().values().to_vec(),
        );
        match &first {
            None => first = Some(found),
            Some(first) => assert!(*first == found),
        }
    });
}

/// Results differ in the last of seven digits: over so many ticks, each may add a few units there.
#[test]
fn results_are_near_those_of_64_bits() {
    const TICKS: f64 = 50.0;
    for (name, dt) in [
        ("decay", 1e-4),
        ("driven_oscillator", 1e-4),
        ("fitzhugh_nagumo", 1e-4),
        ("hodgkin_huxley", 1e-5),
        ("lorenz", 1e-3),
        ("predator_prey", 1e-3),
        ("two_compartment", 1e-4),
    ] {
        let text = std::fs::read_to_string(format!("examples/{name}.dvdt")).unwrap();
        for math in ["", "math precise\n"] {
            let after = |text: String| {
                let mut simulation = Engine::new().compile(name, &text).unwrap().simulation().unwrap();
                simulation.run_for(Input::Float(dt * TICKS, Dimension::TIME)).unwrap();
                simulation
            };
            let (double, single) = (after(format!("{math}{text}")), after(format!("{math}precision float32\n{text}")));
            let (mut compared, mut differ) = (0, false);
            for variable in double.names() {
                let (Ok(exact), Ok(found)) = (double.to_floats(&variable), single.to_floats(&variable)) else {
                    continue;
                };
                let scale = exact.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
                for (exact, found) in exact.iter().zip(&found) {
                    let error = (exact - found).abs() / f64::from(f32::EPSILON);
                    assert!(error <= 4.0 * TICKS * scale, "{name}, {variable}: {found}, should be {exact}");
                    differ |= error > 0.0;
                    compared += 1;
                }
            }
            assert!(differ && compared > 0, "{name}: {compared} numbers, and all the same");
        }
    }
}

#[test]
fn a_group_says_its_own() {
    let text = "precision float32\ngroup a[2] {\n x : 1\n}\ngroup b[2] {\n x : 1\n precision float64\n}
        group c[2] {\n precision float32\n x : 1\n s : 1 (shared)\n}";
    let mut simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
    assert!(simulation.floats32("a.x").is_ok() && simulation.floats("b.x").is_ok());
    assert!(simulation.floats32("c.x").is_ok() && simulation.floats("c.s").is_ok());
    let error = simulation.floats("a.x").unwrap_err().to_string();
    assert_eq!(error, "`a.x` holds 32-bit floats and was asked for as 64-bit floats; ask for 32-bit floats");
    let error = simulation.floats32_mut("b.x").unwrap_err().to_string();
    assert_eq!(error, "`b.x` holds 64-bit floats and was asked for as 32-bit floats; ask for 64-bit floats");
    simulation.set("a.x", Input::Floats(vec![0.1, 0.2], Dimension::DIMENSIONLESS)).unwrap();
    assert_eq!(simulation.floats32("a.x").unwrap(), [0.1, 0.2]);
    simulation.set("a.x", "i/3 + 1").unwrap();
    assert_eq!(simulation.to_floats("a.x").unwrap(), [1.0, f64::from((1.0f64 / 3.0 + 1.0) as f32)]);
    assert!(matches!(simulation.set("a.x", Input::Floats(vec![1.0], Dimension::DIMENSIONLESS)), Err(Error::Value(_))));
}

#[test]
fn builders_say_it_too() {
    let group = GroupBuilder::new("g", 3).equations("dx/dt = -x/ms : 1").precision(Precision::Float32);
    let text = ModelBuilder::new().precision(Precision::Float64).group(group).text();
    let simulation = Engine::new().compile("m", &text).unwrap().simulation().unwrap();
    assert_eq!(simulation.floats32("g.x").unwrap(), [0.0; 3]);
}

#[test]
fn checkpoints_keep_them() {
    let text = "precision float32\nclock dt = 1*ms\ngroup g[5] {\n dx/dt = -x/(10*ms) + xi/ms**0.5 : 1\n}\nrecord g.x";
    let model = Engine::new().compile("m", text).unwrap();
    let mut one = model.simulation_with_seed(3).unwrap();
    one.run_for("7*ms").unwrap();
    let path = tempfile::tempdir().unwrap();
    let file = path.path().join("state");
    one.checkpoint().save(&file).unwrap();
    one.run_for("9*ms").unwrap();
    let mut other = model.simulation().unwrap();
    other.restore(&dvdt::Checkpoint::load(&file).unwrap()).unwrap();
    other.run_for("9*ms").unwrap();
    assert_eq!(one.floats32("g.x").unwrap(), other.floats32("g.x").unwrap());
    let wider = Engine::new().compile("m", &text.replace("float32", "float64")).unwrap();
    let error = wider.simulation().unwrap().restore(&one.checkpoint()).unwrap_err().to_string();
    assert!(error.contains("g.x"), "{error}");
}

/// An overflow of 32 bits is found where it happens.
#[test]
fn overflows_are_reported() {
    let text = "clock dt = 1*ms\nprecision float32\ngroup g[3] {\n dx/dt = x*i/ms : 1\n init x = 1e30\n method euler\n}\nrun 40*ms";
    everywhere(text, |mut simulation| {
        let found: Vec<NonFinite> = simulation.run_script().unwrap().remove(0).non_finite;
        let first = &found[0];
        // 1e30 * 3^17 is beyond 3.4e38.
        assert_eq!((first.element, first.tick, first.value), (Some(2), 18, f64::INFINITY));
    });
}

/// Uniform numbers stay below 1.
#[test]
fn rand_is_below_one() {
    let text = "precision float32\ngroup g[2000000] {\n x : 1\n init x = rand()\n}";
    let simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
    let x = simulation.floats32("g.x").unwrap();
    assert!(x.iter().all(|&x| (0.0..1.0).contains(&x)));
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / 2e6;
    // Five standard errors of 1/sqrt(12 n).
    assert!((mean - 0.5).abs() < 1.1e-3, "{mean}");
}

#[test]
fn mistakes_are_answered() {
    for (text, part) in [
        ("precision single", "there is no precision `single`"),
        ("precision 32", "write `precision float32` or `precision float64`"),
        ("group g[1] {\n x : 1\n precision\n}", "write `precision float32` or `precision float64`"),
        ("precision = float32", "float32"),
        ("group g[1] {\n x : 1\n precision float16\n}", "float16"),
        ("group g[1] {\n x : 1\n precision float32\n precision float64\n}", "precision"),
        ("precision float32\nprecision float64", "precision"),
        ("group g[1] {\n x : 1\n precison float32\n}", "precision"),
    ] {
        let error = Engine::new().compile("m", text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    // A name like any other where no item begins.
    let text = "group g[2] {\n precision : 1\n x = 2*precision : 1\n init precision = 3\n}";
    let simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
    assert_eq!(simulation.floats("g.precision").unwrap(), [3.0; 2]);
}

/// A period that is stored in 32 bits has the ticks that it was meant to have.
#[test]
fn refractory_periods_lose_no_tick() {
    let text = |precision: &str| {
        format!(
            "clock dt = 0.01*ms\nprecision {precision}\ngroup g[3] {{\n dx/dt = 1/ms : 1\n r : second\n threshold x > 0
                refractory r\n method euler\n init r = 0.7*second - 0.1*second*i\n}}\nrecord g.spikes\nrun 1.5*second"
        )
    };
    let spikes = |precision| {
        let mut simulation = Engine::new().compile("m", &text(precision)).unwrap().simulation().unwrap();
        simulation.run_script().unwrap();
        let events = simulation.events("g.spikes").unwrap();
        (events.ticks().to_vec(), events.elements().to_vec())
    };
    let (ticks, _) = spikes("float64");
    assert_eq!((ticks.len(), ticks[0], ticks[3], ticks[4]), (9, 0, 50_000, 60_000));
    assert_eq!(spikes("float32"), spikes("float64"));
}

/// Constants that only together are beyond 32 bits are told of too.
#[test]
fn gathered_constants_are_looked_at() {
    let text = "group g[1] {\n dx/dt = x*1e-25/(1 + x*x)*1e-25/ms : 1\n precision float32\n method euler\n}\nrun 1*ms";
    let checked = Engine::new().check("m", text);
    let report = checked.report.render(&checked.sources, false);
    assert!(report.contains("beyond-precision"), "{report}");
}

#[test]
fn too_large_numbers_are_refused() {
    let text = "precision float32\ngroup g[2] {\n x : 1\n}";
    let mut simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
    let error = simulation.set("g.x", 1e39).unwrap_err().to_string();
    assert!(error.contains("`g.x` has 32-bit floats, up to 3.4028235e38, and cannot be 1e39"), "{error}");
    simulation.set("g.x", f64::INFINITY).unwrap();
    assert_eq!(simulation.floats32("g.x").unwrap(), [f32::INFINITY; 2]);
}

/// Fused ticks are promised only where they are.
#[test]
fn plans_tell_of_fused_ticks() {
    let plan = |text: &str, lanes| {
        let engine = Engine::new().options(Options { lanes, interleave: None });
        engine.compile("m", text).unwrap().plan()
    };
    let decay = "group g[100] {\n dx/dt = -x/ms : 1\n method euler\n}";
    let spiking =
        "group g[1000] {\n dx/dt = 1/ms : 1\n threshold x > 1\n reset x = 0\n method euler\n}\nrecord g.spikes";
    assert!(!plan("group g[1] {\n x : 1\n}", Lanes::Four).contains("fused"));
    if Lanes::Four.has_machine() {
        assert!(plan(decay, Lanes::Four).contains("4 lanes, fused ticks ("));
        assert!(plan(spiking, Lanes::Four).contains("fused ticks of parts"));
        let refractory = spiking.replace("threshold", "refractory 5*ms\n threshold");
        assert!(refractory != spiking && plan(&refractory, Lanes::Four).contains("fused ticks of parts"));
        assert!(plan(&format!("precision float32\n{decay}"), Lanes::Four).contains("8 lanes, fused ticks"));
    }
    let widest = if Lanes::Eight.has_machine() { [8, 16] } else { [4, 8] };
    if Lanes::Four.has_machine() {
        assert!(plan(decay, Lanes::Eight).contains(&format!("{} lanes, fused ticks", widest[0])));
        let narrow = plan(&format!("precision float32\n{decay}"), Lanes::Eight);
        assert!(narrow.contains(&format!("{} lanes, fused ticks", widest[1])));
    }
    assert!(!plan("group g[1] {\n x : 1\n}", Lanes::Eight).contains("lane"));
    assert!(!plan(decay, Lanes::One).contains("fused"));
    assert!(!plan(&format!("{decay}\nrecord g.x"), Lanes::Four).contains("fused"));
    assert!(!plan(&spiking.replace("1000", "50"), Lanes::Four).contains("fused"));
}

/// Products of small quantities stay in range in `fast` math too: beside `precise` they differ by roundings.
#[test]
fn small_amounts_stay_in_range() {
    let text = "precision float32\nclock dt = 0.1*ms\nconstant kon = 1e3*metre**3/mol/second
        constant vol = 1e-18*metre**3
        group synapses[8] {\n da/dt = -a*kon/vol*b : mol\n db/dt = -a*kon/vol*b : mol\n method euler
            init a = 1e-22*mol\n init b = 2e-22*mol\n}";
    let after = |text: &str| {
        let mut simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
        simulation.run_for("20*second").unwrap();
        simulation.to_floats("synapses.a").unwrap()[0]
    };
    let exact = after(&text.replace("float32", "float64"));
    for math in ["math precise", "math fast\ndenormals flush"] {
        let found = after(&format!("{math}\n{text}"));
        // Of 200,000 steps each adds up to an ulp of a, which falls to a tenth.
        assert!((found - exact).abs() < 1e-4 * exact, "{math}: {found}, should be {exact}");
    }
}

/// A quotient has more than 24 bits, and what is left over is exact all the same.
#[test]
fn remainders_are_those_of_64_bits() {
    for math in ["fast", "precise"] {
        let text = format!(
            "math {math}\nprecision float32\ngroup g[4] {{\n x : 1\n p : 1\n r : 1\n q : 1\n init x = 1e9*(1 + i)
                init p = 7 - 10*(i % 2)\n init r = x % p\n init q = x // p\n}}"
        );
        let simulation = Engine::new().compile("m", &text).unwrap().simulation().unwrap();
        let [x, p, r, q] = ["x", "p", "r", "q"].map(|name| simulation.to_floats(&format!("g.{name}")).unwrap());
        for element in 0..4 {
            let quotient = (x[element] / p[element]).floor();
            assert_eq!(r[element], x[element] - quotient * p[element], "{math}, {element}");
            assert_eq!(q[element], f64::from(quotient as f32), "{math}, {element}");
        }
    }
}
