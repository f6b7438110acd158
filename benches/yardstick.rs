//! dvdt beside hand-written C, in one run: `cargo bench --bench yardstick`.
//!
//! The C programs of `benches/c` are built with `gcc -O3 -march=native -ffast-math` and time their own
//! loops. Both sides run in turn, so that a drift of the machine's speed hits both; the ratio of each
//! pair is taken and the median of the ratios is shown, with the least and the most.

use dvdt::random::{Stream, fill_normal};
use dvdt::{CompiledModel, Engine, Simulation};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Pairs of runs per row.
const ROUNDS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("measure-first") => return println!("{}", compile_seconds(&decay(100, "", "100*second"))),
        Some("measure-memory") => return memory(arguments.get(2).map_or("decay", String::as_str)),
        _ => {}
    }
    // `cargo bench` adds an option of its own.
    let wanted: Vec<&String> = arguments[1..].iter().filter(|argument| !argument.starts_with("--")).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    if wants("compilation") {
        compilation();
        first_compilation();
    }
    println!("\n{:<44} {:>10} {:>10} {:>23}", "work, one thread", "dvdt", "C", "ratio (least to most)");
    for row in rows().iter().filter(|row| wants(row.name)) {
        row.run();
    }
    for (name, measure) in [
        ("limits", limits as fn()),
        ("Brian2", brian2),
        ("threads", two_threads),
        ("float32", float32),
        ("recordings", recordings),
        ("threshold", uncrossed_threshold),
        ("normal", normal_numbers),
        ("checkpoint", checkpoint),
        ("memory", memory_rows),
    ] {
        if wants(name) {
            measure();
        }
    }
}

// --- Models ---

fn decay(cells: usize, record: &str, duration: &str) -> String {
    format!(
        "clock dt = 0.1*ms
         denormals flush
         group cells[{cells}] {{
             dv/dt = (0*mV - v)/tau : volt
             tau : second
             method euler
             init v = 1*mV
             init tau = 100*ms
         }}
         {record}
         run {duration}"
    )
}

fn hodgkin_huxley(cells: usize) -> String {
    format!(
        "clock dt = 0.01*ms
         constant Cm = 200*pF
         constant gl = 10*nsiemens
         constant El = -60*mV
         constant EK = -90*mV
         constant ENa = 50*mV
         constant g_na = 20*usiemens
         constant g_kd = 6*usiemens
         constant VT = -63*mV
         group cells[{cells}] {{
             dv/dt = (gl*(El-v) - g_na*(m*m*m)*h*(v-ENa) - g_kd*(n*n*n*n)*(v-EK) + I)/Cm : volt
             dm/dt = alpha_m*(1-m) - beta_m*m : 1
             dn/dt = alpha_n*(1-n) - beta_n*n : 1
             dh/dt = alpha_h*(1-h) - beta_h*h : 1
             alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV-v+VT)/(4*mV))/ms : Hz
             beta_m = 0.28*(mV**-1)*5*mV/exprel((v-VT-40*mV)/(5*mV))/ms : Hz
             alpha_h = 0.128*exp((17*mV-v+VT)/(18*mV))/ms : Hz
             beta_h = 4./(1+exp((40*mV-v+VT)/(5*mV)))/ms : Hz
             alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV-v+VT)/(5*mV))/ms : Hz
             beta_n = .5*exp((10*mV-v+VT)/(40*mV))/ms : Hz
             I : amp
             method exponential_euler
             init v = -60*mV
             init I = 0.7*nA*i/N
         }}
         run 1*second"
    )
}

fn lorenz(systems: usize) -> String {
    format!(
        "clock dt = 0.01*second
         group systems[{systems}] {{
             dx/dt = 10*(y - x)/second : 1
             dy/dt = (x*(rho - z) - y)/second : 1
             dz/dt = (x*y - 8/3*z)/second : 1
             rho : 1
             method rk4
             init x = 1
             init y = 1
             init z = 1
             init rho = 28*(i + 1)/N
         }}
         run 1*second"
    )
}

fn coupled(count: usize) -> String {
    let equation = |number: usize| {
        let (left, right) = ((number + count - 1) % count, (number + 1) % count);
        format!("dx{number}/dt = (x{left} - 2*x{number} + x{right} + x{number} - x{number}**3)/tau : 1\n")
    };
    let equations: String = (0..count).map(equation).collect();
    format!("group cells[100] {{\n{equations}tau : second\nmethod rk4\ninit tau = 10*ms }}\nrun 1*second")
}

/// As `c/w4_izh.c`; `drive` is I's, `codes` what follows the equations.
fn izhikevich(rest: f64, drive: &str, codes: &str, record: &str) -> String {
    format!(
        "clock dt = 0.5*ms
         group cells[10000] {{
             dv/dt = (0.04*v*v + 5*v + {rest} - u + I)/ms : 1
             du/dt = a*(b*v - u)/ms : 1
             a : 1
             b : 1
             c : 1
             d : 1
             I : 1
             {codes}
             method euler
             init a = 0.02
             init b = 0.2
             init c = -65 + 15*(i/N)**2
             init d = 8 - 6*(i/N)**2
             init I = {drive}
             init v = -65
             init u = 0.2*-65
         }}
         {record}
         run 5*second"
    )
}

/// As `c/w3_lif.c`.
fn noisy_leaky(record: &str) -> String {
    format!(
        "clock dt = 0.1*ms
         group cells[10000] {{
             dv/dt = -v/tau + sigma*(2/tau)**0.5*xi : 1 (unless refractory)
             tau : second (shared)
             sigma : 1 (shared)
             threshold v > 1
             reset v = 0
             refractory 5*ms
             method euler
             init tau = 10*ms
             init sigma = 0.5
         }}
         {record}
         run 1*second"
    )
}

// --- Compilation ---

fn compile(text: &str) -> CompiledModel {
    Engine::new().compile("bench", text).unwrap_or_else(|error| panic!("{error}"))
}

fn compile_seconds(text: &str) -> f64 {
    let start = Instant::now();
    let model = Engine::new().compile("bench", text);
    let seconds = start.elapsed().as_secs_f64();
    drop(model.unwrap_or_else(|error| panic!("{error}")));
    seconds
}

fn compilation() {
    println!("{:<44} {:>10} {:>10}", "text to callable code, not the first", "median", "goal");
    let works = [
        ("decay", decay(100, "", "1*second"), 1.0),
        ("Hodgkin-Huxley", hodgkin_huxley(100), 3.0),
        ("200 coupled equations, rk4", coupled(200), 40.0),
    ];
    for (name, text, goal) in works {
        compile_seconds(&text);
        let mut times: Vec<f64> = (0..21).map(|_| compile_seconds(&text)).collect();
        println!("{name:<44} {:>7.3} ms {goal:>7} ms", median(&mut times) * 1e3);
    }
}

fn first_compilation() {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let output = Command::new(std::env::current_exe().unwrap()).arg("measure-first").output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        })
        .collect();
    println!("{:<44} {:>7.3} ms {:>7} ms", "decay, first in a process", median(&mut times) * 1e3, 5.0);
}

// --- Beside C ---

/// Bytes that the largest recording takes, and some more.
const RECORDED: usize = 1 << 30;

struct Row {
    name: &'static str,
    text: String,
    program: &'static str,
    arguments: Vec<String>,
    duration: f64,
    goal: f64,
}

fn rows() -> Vec<Row> {
    let row = |name, text, program, arguments: &[&str], duration, goal| Row {
        name,
        text,
        program,
        arguments: arguments.iter().map(ToString::to_string).collect(),
        duration,
        goal,
    };
    vec![
        row(
            "decay, 100 x 10^6, nothing recorded",
            decay(100, "", "1*ms"),
            "w1_decay",
            &["norec", "100", "1000000"],
            100.0,
            0.25,
        ),
        row(
            "decay, 100 x 10^6, every tick",
            decay(100, "record cells.v", "1*ms"),
            "w1_decay",
            &["rec", "100", "1000000"],
            100.0,
            0.35,
        ),
        row("Hodgkin-Huxley, 10,000 x 1000", hodgkin_huxley(10_000), "w2_hh", &["c", "10000", "1000"], 0.01, 0.55),
        row("Hodgkin-Huxley, 100 x 100,000", hodgkin_huxley(100), "w2_hh", &["c", "100", "100000"], 1.0, 0.6),
        row("Hodgkin-Huxley, 1,000,000 x 10", hodgkin_huxley(1_000_000), "w2_hh", &["c", "1000000", "10"], 1e-4, 0.6),
        row("Lorenz rk4, 10,000 x 1000", lorenz(10_000), "w8_lorenz", &["c", "10000", "1000"], 10.0, 1.0),
        row(
            "Izhikevich, 10,000 x 10,000, spikes kept",
            izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", "record cells.spikes"),
            "w4_izh",
            &["c", "10000", "10000"],
            5.0,
            0.5,
        ),
        row(
            "the same, spikes not kept",
            izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", ""),
            "w4_izh",
            &["c", "10000", "10000"],
            5.0,
            0.5,
        ),
        row(
            "noisy leaky cells, 10,000 x 10,000, kept",
            noisy_leaky("record cells.spikes"),
            "w3_lif",
            &["c", "10000", "10000"],
            1.0,
            0.5,
        ),
    ]
}

impl Row {
    fn run(&self) {
        let Some(program) = build(self.program) else {
            return println!("{:<44} left out: gcc does not build {} here", self.name, self.program);
        };
        let model = compile(&self.text);
        let (mut ours, mut theirs, mut ratios) = (vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let mut simulation: Simulation = model.simulation().unwrap();
            self.supply(true);
            let start = Instant::now();
            simulation.run_for(dvdt::Input::Float(self.duration, dvdt::Dimension::TIME)).unwrap();
            ours.push(start.elapsed().as_secs_f64());
            drop(simulation);
            self.supply(false);
            theirs.push(self.c_seconds(&program));
            ratios.push(ours[ours.len() - 1] / theirs[theirs.len() - 1]);
        }
        let (least, most) = range(&ratios);
        println!(
            "{:<44} {:>8.4} s {:>8.4} s {:>6.2} ({least:.2} to {most:.2}), goal {}",
            self.name,
            median(&mut ours),
            median(&mut theirs),
            median(&mut ratios),
            self.goal
        );
    }

    /// Lets the system hold as much free memory as a recording takes, in pages of the size that will be asked
    /// for. A virtual machine that has given memory back to its host waits for it anew, which takes ten times as
    /// long as all else.
    fn supply(&self, huge: bool) {
        if !self.text.contains("record cells.v") {
            return;
        }
        let mut memory = memmap2::MmapMut::map_anon(RECORDED).unwrap();
        if huge {
            let _ = memory.advise(memmap2::Advice::HugePage);
        }
        memory.fill(1);
        std::hint::black_box(&memory);
    }

    /// The program times its own loop and prints it as the fifth word.
    fn c_seconds(&self, program: &Path) -> f64 {
        let output = Command::new(program).args(&self.arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().nth(4).unwrap().parse().unwrap()
    }
}

/// Some of the programs use AVX-512 by name, and do not compile where it is missing.
fn build(program: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/c/{program}.c"));
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join(program);
    let mut compiler = Command::new("gcc");
    compiler.args(["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512"]);
    compiler.arg(source).arg("-o").arg(&built).args(["-lmvec", "-lm"]);
    let output = compiler.output();
    output.is_ok_and(|output| output.status.success()).then_some(built)
}

// --- Events, noise, checkpoints ---

/// Seconds of `run_for`, from the start, on one thread.
fn run_seconds(model: &CompiledModel, duration: &str) -> f64 {
    run_seconds_on(1, model, duration)
}

/// The same on so many.
fn run_seconds_on(threads: usize, model: &CompiledModel, duration: &str) -> f64 {
    let mut simulation = model.simulation().unwrap();
    simulation.set_threads(threads).unwrap();
    let start = Instant::now();
    simulation.run_for(duration).unwrap();
    start.elapsed().as_secs_f64()
}

/// The kernels beside what this machine can do: the limit that is nearest, and how near.
fn limits() {
    println!("\n{:<44} {:>12} {:>12} {:>24}", "kernel", "takes", "at least", "of its time, by");
    let izhikevich = izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", "record cells.spikes");
    for (name, text) in [
        ("decay, 100", decay(100, "", "1*ms")),
        ("Hodgkin-Huxley, 100", hodgkin_huxley(100)),
        ("Hodgkin-Huxley, 10,000", hodgkin_huxley(10_000)),
        ("Hodgkin-Huxley, 1,000,000", hodgkin_huxley(1_000_000)),
        ("Lorenz rk4, 10,000", lorenz(10_000)),
        ("Izhikevich, 10,000, kept", izhikevich),
        ("noisy leaky cells, 10,000, kept, without noise", noisy_leaky("record cells.spikes")),
    ] {
        for profile in compile(&text).profile(0.5).unwrap() {
            let nearest = profile.bounds.iter().max_by(|a, b| a.time.total_cmp(&b.time)).unwrap();
            let part = 100.0 * nearest.time / profile.time;
            let [takes, least] = [profile.time, nearest.time].map(|seconds| seconds * 1e9);
            println!("{name:<44} {takes:>9.3} ns {least:>9.3} ns {part:>7.0} %, {}", nearest.limit.name());
        }
    }
}

/// The environment variable that names a Python with Brian2.
const PYTHON: &str = "DVDT_BRIAN2_PYTHON";

/// Runs of each model in each form of Brian2; compilation of the first counts for the whole.
const BRIAN2_ROUNDS: usize = 5;

/// The same models in Brian2, where there is one: the run alone, and from the text to the end of the run.
fn brian2() {
    let Ok(python) = std::env::var(PYTHON) else {
        return println!("\nbeside Brian2: left out; {PYTHON} names a Python with brian2==2.9.0");
    };
    println!(
        "\n{:<34} {:>10} {:>10} {:>8} {:>12} {:>10}",
        "one thread", "dvdt", "Brian2", "ratio", "from text", "Brian2"
    );
    let spikes = "record cells.spikes";
    let izhikevich = izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", spikes);
    for (name, text, duration) in [
        ("decay", decay(100, "", "1*ms"), "10*second"),
        ("hodgkin_huxley", hodgkin_huxley(10_000), "10*ms"),
        ("izhikevich", izhikevich, "0.5*second"),
        ("leaky", noisy_leaky(spikes), "0.1*second"),
    ] {
        for target in ["cpp_standalone", "cython"] {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("brian2_{name}_{target}"));
            // What was compiled once is kept there.
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            let (mut ours, mut theirs, mut ratios, mut wholes) = (vec![], vec![], vec![], vec![]);
            for _ in 0..BRIAN2_ROUNDS {
                let begun = Instant::now();
                let model = compile(&text);
                ours.push(run_seconds(&model, duration));
                let own = begun.elapsed().as_secs_f64();
                let Some([alone, whole]) = in_brian2(&python, name, target, &folder) else {
                    println!("{name:<18} {target:<15} left out: Brian2 does not run");
                    break;
                };
                theirs.push(alone);
                ratios.push(ours[ours.len() - 1] / alone);
                wholes.push([own, whole]);
            }
            let Some(&[own, whole]) = wholes.first() else { continue };
            let (ours, theirs, ratio) = (median(&mut ours), median(&mut theirs), median(&mut ratios));
            let name = format!("{name:<18} {target:<15}");
            println!("{name} {ours:>8.4} s {theirs:>8.4} s {ratio:>8.3} {own:>10.4} s {whole:>8.2} s");
        }
    }
}

/// Seconds of the run, and of everything.
fn in_brian2(python: &str, model: &str, target: &str, folder: &Path) -> Option<[f64; 2]> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/beside_brian2.py");
    let mut command = Command::new(python);
    // Cython's cache too begins empty.
    command
        .arg(script)
        .args([model, target])
        .arg(folder.join("code"))
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder);
    command.env("HOME", folder);
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.lines().last()?.split_whitespace().map(str::parse);
    match [numbers.next(), numbers.next()] {
        [Some(Ok(alone)), Some(Ok(whole))] => Some([alone, whole]),
        _ => None,
    }
}

/// Two threads beside one, of the same model.
fn two_threads() {
    println!("\n{:<44} {:>10} {:>10} {:>23}", "work", "2 threads", "1 thread", "ratio (least to most)");
    let izhikevich = izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", "record cells.spikes");
    for (name, text, duration, goal) in [
        ("decay, 100 x 10^6", decay(100, "", "1*ms"), "100*second", 1.0),
        ("Hodgkin-Huxley, 10,000 x 1000", hodgkin_huxley(10_000), "10*ms", 0.55),
        ("Lorenz rk4, 10,000 x 10,000", lorenz(10_000), "100*second", 0.55),
        ("Izhikevich, 10,000 x 10,000, spikes kept", izhikevich, "5*second", 0.6),
        ("noisy leaky cells, 10,000 x 10,000, kept", noisy_leaky("record cells.spikes"), "1*second", 0.55),
    ] {
        let model = compile(&text);
        let run = |threads: usize| run_seconds_on(threads, &model, duration);
        beside(name, || run(2), || run(1), &format!("goal {goal}"));
    }
}

/// The seconds of one way beside those of another, in turns.
fn beside(name: &str, one: impl Fn() -> f64, other: impl Fn() -> f64, remark: &str) {
    let pairs: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (one(), other())).collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|(one, other)| one / other).collect();
    let (least, most) = range(&ratios);
    let (mut ones, mut others): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let (one, other, ratio) = (median(&mut ones), median(&mut others), median(&mut ratios));
    println!("{name:<44} {one:>8.4} s {other:>8.4} s {ratio:>6.2} ({least:.2} to {most:.2}), {remark}");
}

/// Models in `float32` beside the same in `float64`, on one thread.
fn float32() {
    println!("\n{:<44} {:>10} {:>10} {:>23}", "work", "float32", "float64", "ratio (least to most)");
    let izhikevich = izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", "");
    for (name, text, duration, remark) in [
        ("Hodgkin-Huxley, 10,000 x 1000", hodgkin_huxley(10_000), "10*ms", "goal 0.6"),
        ("Hodgkin-Huxley, 1,000,000 x 10", hodgkin_huxley(1_000_000), "0.1*ms", "no goal"),
        ("decay, 100 x 10^6", decay(100, "", "1*ms"), "100*second", "no goal"),
        ("Lorenz rk4, 10,000 x 1000", lorenz(10_000), "10*second", "no goal"),
        ("Izhikevich, 10,000 x 10,000", izhikevich, "5*second", "no goal"),
        ("noisy leaky cells, 10,000 x 10,000, kept", noisy_leaky("record cells.spikes"), "1*second", "no goal"),
    ] {
        let models = [compile(&format!("precision float32\n{text}")), compile(&text)];
        let [single, double] = models.each_ref().map(|model| || run_seconds(model, duration));
        beside(name, single, double, remark);
    }
}

/// What traces of a few elements cost, on top of the run without them.
fn recordings() {
    println!("\n{:<44} {:>10} {:>10} {:>23}", "traces of three elements", "with", "without", "ratio (least to most)");
    let izhikevich = |record: &str| izhikevich(140.0, "5 + 5*i/N", "threshold v > 30\nreset v = c; u += d", record);
    let spikes = "record cells.spikes";
    for (name, bare, duration, steps) in [
        ("Izhikevich, 10,000 x 10,000", izhikevich(spikes), "5*second", ["0.5*ms", "5*ms"]),
        ("noisy leaky cells, 10,000 x 10,000", noisy_leaky(spikes), "1*second", ["0.1*ms", "1*ms"]),
    ] {
        for (step, ticks) in steps.into_iter().zip(["every tick", "every 10 ticks"]) {
            let traces = format!("{spikes}\nrecord cells.v[0, 5000, 9999] every {step}");
            let models = [bare.replace(spikes, &traces), bare.clone()].map(|text| compile(&text));
            for threads in [1, 2] {
                let [with, without] = models.each_ref().map(|model| || run_seconds_on(threads, model, duration));
                let plural = if threads == 1 { "" } else { "s" };
                beside(name, with, without, &format!("{ticks}, {threads} thread{plural}, no goal"));
            }
        }
    }
}

/// What looking for an event costs when there is none, on top of the state update alone. The reset makes it
/// matter: a threshold that nothing depends on is left out of the code.
fn uncrossed_threshold() {
    let with = |codes| compile(&izhikevich(14.0, "0", codes, ""));
    let (model, alone) = (with("threshold v > 1e300\nreset v = c; u += d"), with(""));
    let pairs = (0..ROUNDS).map(|_| run_seconds(&model, "5*second") / run_seconds(&alone, "5*second"));
    let mut ratios: Vec<f64> = pairs.collect();
    let (least, most) = range(&ratios);
    let name = "a threshold nobody crosses";
    println!("\n{name:<44} {:>6.2} ({least:.2} to {most:.2}) of the state update, goal 1.1", median(&mut ratios));
}

/// In vectors of 10,000, which stay in the cache.
fn normal_numbers() {
    let mut numbers = vec![0.0; 10_000];
    let mut times: Vec<f64> = (0..ROUNDS as u64)
        .map(|round| {
            let stream = Stream { seed: round, group: 0, number: 0 };
            let start = Instant::now();
            for tick in 0..1000 {
                fill_normal(stream, tick, 0, &mut numbers);
            }
            start.elapsed().as_secs_f64() / 1e7
        })
        .collect();
    println!("{:<44} {:>6.2} ns, goal 3 ns", "a normal number", median(&mut times) * 1e9);
}

/// Of 1,000,000 cells with 5 variables; a copy of the same bytes beside it.
fn checkpoint() {
    let mut simulation = compile(&hodgkin_huxley(1_000_000)).simulation().unwrap();
    simulation.run_for("0.05*ms").unwrap();
    let bytes = 1e6 * 5.0 * 8.0;
    let source = vec![1.0f64; 5_000_000];
    let (mut rates, mut ratios) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let taken = simulation.checkpoint();
        let seconds = start.elapsed().as_secs_f64();
        drop(taken);
        let start = Instant::now();
        let copy = std::hint::black_box(source.clone());
        ratios.push(seconds / start.elapsed().as_secs_f64());
        drop(copy);
        rates.push(bytes / seconds / 1e9);
    }
    let (least, most) = range(&ratios);
    println!(
        "{:<44} {:>6.2} GB/s, goal 1; {:.2} ({least:.2} to {most:.2}) of a plain copy's time",
        "checkpoint, 1,000,000 cells x 5, to memory",
        median(&mut rates),
        median(&mut ratios)
    );
}

// --- Memory ---

/// Runs without recordings in a process of its own, which tells its peak.
fn memory_rows() {
    println!("\n{:<44} {:>10} {:>10}", "peak memory, 1,000,000 elements", "resident", "goal");
    for (name, variables) in [("decay", 2.0), ("hodgkin_huxley", 5.0)] {
        let output = Command::new(std::env::current_exe().unwrap()).args(["measure-memory", name]).output().unwrap();
        let peak: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap_or(f64::NAN);
        println!("{name:<44} {:>7.1} MB {:>7.1} MB", peak / 1e6, 2.0 * variables * 8.0 + 30.0);
    }
}

fn memory(name: &str) {
    let (text, duration) = match name {
        "decay" => (decay(1_000_000, "", "1*ms"), "10*ms"),
        _ => (hodgkin_huxley(1_000_000), "0.1*ms"),
    };
    let mut simulation = compile(&text).simulation().unwrap();
    simulation.run_for(duration).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("");
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(f64::NAN);
    println!("{}", kilobytes * 1024.0);
}

// --- Statistics ---

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, 0.0), |(least, most), &value| (value.min(least), value.max(most)))
}
