//! `dvdt bench`: compile time by stage, and time per element and tick.

use super::bar::time;
use super::{Code, Failure, print, print_part};
use clap::Args;
use dvdt::{CompiledModel, Engine, Timings};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Args)]
pub(super) struct Bench {
    /// The model file
    model: PathBuf,
    /// How long to run, in seconds of wall time
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = duration)]
    seconds: f64,
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
        self.run(&first)
    }

    /// Runs without recording: the model's groups, from its initial values.
    fn run(&self, model: &CompiledModel) -> Result<(), Failure> {
        let elements: usize = model.model().groups.iter().map(|group| group.size).sum();
        let Some(dt) =
            model.model().groups.iter().map(|group| model.model().clocks[group.clock].dt.to_f64()).reduce(f64::min)
        else {
            return print("the model has no groups");
        };
        let mut simulation = model.without_records()?.simulation()?;
        let mut ticks = 1u64;
        let round = self.seconds / f64::from(u32::try_from(ROUNDS).unwrap_or(1));
        let mut measure = |ticks: u64| -> Result<f64, Failure> {
            let start = Instant::now();
            #[allow(clippy::cast_precision_loss, reason = "far fewer ticks than 2^53")]
            simulation.run_for(dvdt::Input::Float(ticks as f64 * dt, dvdt::Dimension::TIME))?;
            Ok(start.elapsed().as_secs_f64())
        };
        while measure(ticks)? < round / 2.0 && ticks < 1 << 40 {
            ticks *= 2;
        }
        let mut rounds = vec![];
        for _ in 0..ROUNDS {
            #[allow(clippy::cast_precision_loss, reason = "far fewer ticks than 2^53")]
            rounds.push(measure(ticks)? / ticks as f64);
        }
        rounds.sort_by(f64::total_cmp);
        let (least, middle, most) = (rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
        print(format!("a tick                   {} ({} to {})", time(middle), time(least), time(most)))?;
        #[allow(clippy::cast_precision_loss, reason = "far fewer elements than 2^53")]
        let each = middle / elements.max(1) as f64;
        print(format!("an element and tick      {} ({elements} elements, nothing recorded)", time(each)))
    }
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
