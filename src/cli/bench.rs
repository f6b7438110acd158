//! `dvdt bench`: compile time by stage, time per element and tick, what bounds it, and other ways to run it.

use super::bar::time;
use super::{Code, Failure, print, print_part};
use clap::Args;
use dvdt::{CompiledModel, Engine, Executor, Lanes, Options, Simulation, Timings};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Args)]
pub(super) struct Bench {
    /// The model file
    model: PathBuf,
    /// How long to run, in seconds of wall time
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = duration)]
    seconds: f64,
    /// Show for each kernel what the machine's limits allow, and which of them holds it
    #[arg(long)]
    explain: bool,
    /// Run the same in every other way too: interpreter, fewer lanes, more threads
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    code: Code,
}

/// A time that a person would wait.
fn duration(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.001..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("give a number of seconds from 0.001 to 3600".to_owned()),
    }
}

/// How often a model is compiled; the median is shown.
const COMPILATIONS: usize = 21;

/// How often the run is measured; median, least and most are shown.
const ROUNDS: usize = 7;

impl Bench {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let engine = self.code.engine();
        let compile = |engine: &Engine| engine.compile_file(&self.model);
        let first = compile(&engine)?;
        let mut later = Vec::with_capacity(COMPILATIONS);
        for _ in 0..COMPILATIONS {
            later.push(compile(&engine)?.timings());
        }
        print("compilation              first    median of 21")?;
        for (stage, of) in STAGES {
            print(format!("  {stage:<18} {:>11} {:>12}", show(of(&first.timings())), show(median(&later, of))))?;
        }
        print_part(first.plan())?;
        if first.model().groups.is_empty() {
            return print("the model has no groups");
        }
        self.run(&first)?;
        if self.explain {
            self.explain(&first)?;
        }
        if self.compare {
            self.compare()?;
        }
        Ok(())
    }

    /// Runs without recording: the model's groups, from its initial values.
    fn run(&self, model: &CompiledModel) -> Result<(), Failure> {
        let mut runner = Runner::new(model, 1)?;
        runner.find_pace(self.seconds)?;
        for _ in 0..ROUNDS {
            runner.round()?;
        }
        let [least, middle, most] = runner.least_middle_most();
        print(format!("a tick                   {} ({} to {})", time(middle), time(least), time(most)))?;
        let elements = runner.elements;
        print(format!("an element and tick      {} ({elements} elements, nothing recorded)", time(runner.each())))
    }

    fn explain(&self, model: &CompiledModel) -> Result<(), Failure> {
        print("\nkernels on their own, the least of several rounds, beside what this machine can do")?;
        let profiles = model.profile(self.seconds / 2.0)?;
        if profiles.is_empty() {
            return print("no kernel of a tick is machine code");
        }
        profiles.iter().try_for_each(|profile| print(profile.to_string()))
    }

    /// All ways in turns, so that what disturbs the machine disturbs all of them.
    fn compare(&self) -> Result<(), Failure> {
        let mut ways: Vec<(String, Engine, usize)> =
            vec![("interpreter".to_owned(), self.code.engine().executor(Executor::Interpreter), 1)];
        for lanes in [Lanes::One, Lanes::Two, Lanes::Four, Lanes::Eight].into_iter().filter(|lanes| lanes.has_machine())
        {
            let engine = self.code.engine().executor(Executor::Jit).options(Options { lanes, interleave: None });
            let name = match lanes {
                Lanes::One => "scalar code",
                Lanes::Two => "128-bit vectors",
                Lanes::Four => "256-bit vectors",
                Lanes::Eight => "512-bit vectors",
            };
            ways.push((name.to_owned(), engine, 1));
        }
        // The widest is what runs where nothing else is asked for.
        let usual = ways.len() - 1;
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        if most > 1 {
            let engine = self.code.engine().executor(Executor::Jit).options(Options::default());
            ways.push((format!("the same, {most} threads"), engine, most));
        }
        let mut runners = vec![];
        for (name, engine, threads) in ways {
            let model = engine.compile_file(&self.model)?;
            let compilation = model.timings().total();
            let mut runner = Runner::new(&model, threads)?;
            runner.find_pace(self.seconds)?;
            runners.push((name, compilation, runner));
        }
        for _ in 0..ROUNDS {
            runners.iter_mut().try_for_each(|(_, _, runner)| runner.round())?;
        }
        let usual = runners.get(usual).map_or(1.0, |(_, _, runner)| runner.each());
        print("\nway                    compilation  element and tick      beside them")?;
        for (name, compilation, runner) in &runners {
            let (compilation, each) = (show(*compilation), runner.each());
            let ratio = each / usual;
            print(format!("{name:<22} {compilation:>11} {:>17} {ratio:>15.2}", time(each)))?;
        }
        Ok(())
    }
}

/// A simulation that is run for a number of ticks again and again.
struct Runner {
    simulation: Simulation,
    dt: f64,
    elements: usize,
    ticks: u64,
    /// Seconds per tick of each round.
    rounds: Vec<f64>,
}

impl Runner {
    fn new(model: &CompiledModel, threads: usize) -> Result<Self, Failure> {
        let groups = &model.model().groups;
        let clocks = groups.iter().map(|group| model.model().clocks[group.clock].dt.to_f64());
        let dt = clocks.reduce(f64::min).unwrap_or(1.0);
        let mut simulation = model.without_records()?.simulation()?;
        simulation.set_threads(threads)?;
        let elements = groups.iter().map(|group| group.size).sum();
        Ok(Runner { simulation, dt, elements, ticks: 1, rounds: vec![] })
    }

    /// Chooses the ticks of a round so that all rounds take about `seconds`.
    fn find_pace(&mut self, seconds: f64) -> Result<(), Failure> {
        let round = seconds / f64::from(u32::try_from(ROUNDS).unwrap_or(1));
        while self.measure()? < round / 2.0 && self.ticks < 1 << 40 {
            self.ticks *= 2;
        }
        Ok(())
    }

    fn round(&mut self) -> Result<(), Failure> {
        let seconds = self.measure()?;
        self.rounds.push(seconds / count(self.ticks));
        Ok(())
    }

    fn measure(&mut self) -> Result<f64, Failure> {
        let start = Instant::now();
        self.simulation.run_for(dvdt::Input::Float(count(self.ticks) * self.dt, dvdt::Dimension::TIME))?;
        Ok(start.elapsed().as_secs_f64())
    }

    fn least_middle_most(&self) -> [f64; 3] {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        [0, rounds.len() / 2, rounds.len().saturating_sub(1)].map(|place| rounds.get(place).copied().unwrap_or(0.0))
    }

    /// Seconds per element and tick, in the middle.
    fn each(&self) -> f64 {
        self.least_middle_most()[1] / count(self.elements.max(1) as u64)
    }
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}

type Part = fn(&Timings) -> Duration;

const STAGES: [(&str, Part); 5] = [
    ("parse", |timings| timings.parse),
    ("check", |timings| timings.check),
    ("kernels", |timings| timings.kernels),
    ("machine code", |timings| timings.code),
    ("all", Timings::total),
];

fn median(list: &[Timings], of: Part) -> Duration {
    let mut times: Vec<Duration> = list.iter().map(of).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn show(duration: Duration) -> String {
    time(duration.as_secs_f64())
}
