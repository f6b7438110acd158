//! dvdt beside hand-written C, in one run: `cargo bench --bench yardstick`.
//!
//! The C programs of `benches/c` are built with `gcc -O3 -march=native -ffast-math` and time their own
//! loops. Both sides run in turn, so that a drift of the machine's speed hits both; the ratio of each
//! pair is taken and the median of the ratios is shown, with the least and the most.

use dvdt::{CompiledModel, Engine, Simulation};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Pairs of runs per row.
const ROUNDS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("first") => return println!("{}", compile_seconds(&decay(100, "", "100*second"))),
        Some("memory") => return memory(arguments.get(2).map_or("decay", String::as_str)),
        _ => {}
    }
    compilation();
    first_compilation();
    let Some(programs) = build() else { return println!("gcc is not here: the rows beside C are left out") };
    println!("\n{:<44} {:>10} {:>10} {:>23}", "work, one thread", "dvdt", "C", "ratio (least to most)");
    for row in rows() {
        row.run(&programs);
    }
    memory_rows();
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
            let output = Command::new(std::env::current_exe().unwrap()).arg("first").output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        })
        .collect();
    println!("{:<44} {:>7.3} ms {:>7} ms", "decay, first in a process", median(&mut times) * 1e3, 5.0);
}

// --- Beside C ---

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
            0.7,
        ),
        row(
            "decay, 100 x 10^6, every tick",
            decay(100, "record cells.v", "1*ms"),
            "w1_decay",
            &["rec", "100", "1000000"],
            100.0,
            1.0,
        ),
        row("Hodgkin-Huxley, 10,000 x 1000", hodgkin_huxley(10_000), "w2_hh", &["c", "10000", "1000"], 0.01, 2.2),
        row("Lorenz rk4, 10,000 x 1000", lorenz(10_000), "w8_lorenz", &["c", "10000", "1000"], 10.0, 2.5),
    ]
}

impl Row {
    fn run(&self, programs: &Path) {
        let model = compile(&self.text);
        let (mut ours, mut theirs, mut ratios) = (vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let mut simulation: Simulation = model.simulation().unwrap();
            let start = Instant::now();
            simulation.run_for(dvdt::Input::Float(self.duration, dvdt::Dimension::TIME)).unwrap();
            ours.push(start.elapsed().as_secs_f64());
            drop(simulation);
            theirs.push(self.c_seconds(programs));
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

    /// The program times its own loop and prints it as the fifth word.
    fn c_seconds(&self, programs: &Path) -> f64 {
        let output = Command::new(programs.join(self.program)).args(&self.arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().nth(4).unwrap().parse().unwrap()
    }
}

fn build() -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/c");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf();
    for program in ["w1_decay", "w2_hh", "w8_lorenz"] {
        let flags = ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512"];
        let status = Command::new("gcc")
            .args(flags)
            .arg(sources.join(format!("{program}.c")))
            .arg("-o")
            .arg(folder.join(program))
            .args(["-lmvec", "-lm"])
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return None;
        }
    }
    Some(folder)
}

// --- Memory ---

/// Runs without recordings in a process of its own, which tells its peak.
fn memory_rows() {
    println!("\n{:<44} {:>10} {:>10}", "peak memory, 1,000,000 elements", "resident", "goal");
    for (name, variables) in [("decay", 2.0), ("hodgkin_huxley", 5.0)] {
        let output = Command::new(std::env::current_exe().unwrap()).args(["memory", name]).output().unwrap();
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
