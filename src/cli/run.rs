//! `dvdt run`

use super::bar::{Bar, time};
use super::{Code, Failure, print, show, show_report, stem};
use clap::Args;
use dvdt::model::{Action, Observed};
use dvdt::output::{self, DataFormat, Events, FigureFormat, GroupMeta, Meta, Series};
use dvdt::{Checkpoint, CompiledModel, MathLevel, Severity, Simulation};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Signals that come so soon after the first are the same one: `timeout` sends it to the process and to its
/// group.
const ONE_SIGNAL: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(super) struct Run {
    /// The model file
    model: PathBuf,
    /// Write what was recorded: .npz or .csv
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw what was recorded: .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Write what is recorded to .npy files in a folder while the run goes on, in constant memory
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out", "plot"])]
    stream: Option<PathBuf>,
    /// The seed of random numbers [default: 0, or that of the checkpoint]
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
    /// Write a checkpoint at each multiple of a simulated time, as in 1*second, and on ctrl-C
    #[arg(long, value_name = "TIME")]
    checkpoint_every: Option<String>,
    /// Where checkpoints go [default: the model's name with .checkpoint, in this folder]
    #[arg(long, value_name = "FILE", requires = "checkpoint_every")]
    checkpoint: Option<PathBuf>,
    /// Go on from a checkpoint of the same model
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// At most so many threads, used where that is faster [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Set a variable after its initial value, as in --set 'cells.tau=5*ms'; may be repeated
    #[arg(long, value_name = "GROUP.NAME=VALUE")]
    set: Vec<String>,
    /// Also show notes: which scheme was chosen and why, and which path runs
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    code: Code,
}

impl Run {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let targets = self.targets()?;
        let model = self.code.engine().compile_file(&self.model)?;
        show_report(model.report(), model.sources(), self.verbose);
        let acts = |action: &dvdt::model::Action| matches!(action, dvdt::model::Action::Run { .. });
        if !model.model().script.iter().any(acts) {
            show("warning: the model has no `run`, so that no time passes; add a line such as `run 100*ms`\n");
        }
        if model.model().records.is_empty() && (self.out.is_some() || self.plot.is_some()) {
            let example = "add a line such as `record cells.v`";
            return Err(Failure::Message(format!("the model records nothing that could be written; {example}")));
        }
        if self.verbose {
            show(&model.plan());
        }
        let mut simulation = model.simulation_with_seed(self.seed.unwrap_or(0))?;
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = self.threads.map_or_else(processors, |count| count as usize);
        simulation.set_threads(threads)?;
        let mut notes = vec![];
        if let Some(path) = &self.resume {
            let checkpoint = Checkpoint::load(path)?;
            if self.stream.is_none() && checkpoint.lacks_recordings() {
                let what = "does not hold what was recorded before it, as that of a run with --stream";
                return Err(Failure::Message(format!(
                    "{} {what}; go on with the same --stream FOLDER",
                    path.display()
                )));
            }
            notes = simulation.restore(&checkpoint)?;
            notes.iter().for_each(|note| show(&format!("warning: {note}\n")));
            if self.verbose {
                show(&format!("going on from {} at t = {}\n", path.display(), time(simulation.time())));
            }
        }
        for assignment in &self.set {
            let Some((name, value)) = assignment.split_once('=') else {
                return Err(Failure::Message(format!("--set {assignment}: write --set GROUP.NAME=VALUE")));
            };
            simulation.set(name.trim(), value.trim())?;
        }
        targets.check(&simulation)?;
        self.begin_checkpoints(&mut simulation)?;
        self.begin_stream(&model, &mut simulation)?;
        let start = simulation.time();
        let begun = Instant::now();
        let mut outcome = self.run(&mut simulation)?;
        let wall = begun.elapsed().as_secs_f64();
        outcome.warnings.splice(..0, notes);
        if outcome.cancelled && self.checkpoint_every.is_some() {
            let path = self.checkpoint_path();
            self.take(&simulation).save(&path)?;
            show(&format!("go on with --resume {}{}\n", path.display(), self.outputs()));
        }
        self.end_stream(&model, &simulation, &outcome)?;
        self.write(&targets, &model, &simulation, &outcome)?;
        if self.verbose && threads > 1 {
            let shared = simulation.shared_groups();
            show(&match shared.as_slice() {
                [] => format!("no group was shared out among {threads} threads\n"),
                shared => format!("shared out among {threads} threads: {}\n", shared.join(", ")),
            });
        }
        // After the files, which count more than a line that nobody may read.
        let simulated = simulation.time() - start;
        print(format!("{} simulated in {}", time(simulated), time(wall)))?;
        if outcome.cancelled { Err(Failure::Interrupted) } else { Ok(()) }
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.checkpoint.clone().unwrap_or_else(|| PathBuf::from(format!("{}.checkpoint", stem(&self.model))))
    }

    /// The options that say where results go.
    fn outputs(&self) -> String {
        let named = [("--stream", &self.stream), ("--out", &self.out), ("--plot", &self.plot)];
        let given =
            named.into_iter().filter_map(|(option, path)| Some(format!(" {option} {}", path.as_ref()?.display())));
        given.collect()
    }

    /// What is streamed to files is not in the checkpoint.
    fn take(&self, simulation: &Simulation) -> Checkpoint {
        if self.stream.is_some() { simulation.checkpoint() } else { simulation.checkpoint_with_recordings() }
    }

    fn begin_checkpoints(&self, simulation: &mut Simulation) -> Result<(), Failure> {
        let Some(interval) = &self.checkpoint_every else { return Ok(()) };
        let path = self.checkpoint_path();
        output::check_writable(&path)?;
        let streams = self.stream.is_some();
        simulation
            .every(interval.as_str(), move |simulation| {
                if simulation.time() == 0.0 {
                    return Ok(());
                }
                simulation.flush()?;
                let checkpoint =
                    if streams { simulation.checkpoint() } else { simulation.checkpoint_with_recordings() };
                checkpoint.save(&path)
            })
            .map_err(|error| {
                Failure::Message(format!("--checkpoint-every {interval}: {error}; write a time such as `1*second`"))
            })
    }

    fn begin_stream(&self, model: &CompiledModel, simulation: &mut Simulation) -> Result<(), Failure> {
        let Some(folder) = &self.stream else { return Ok(()) };
        match &self.resume {
            Some(_) => simulation.stream_on(folder)?,
            None => simulation.stream_to(folder)?,
        }
        let unfinished = Outcome { cancelled: true, ..Outcome::default() };
        self.end_stream(model, simulation, &unfinished)
    }

    /// Describes the files of a stream.
    fn end_stream(&self, model: &CompiledModel, simulation: &Simulation, outcome: &Outcome) -> Result<(), Failure> {
        let Some(folder) = &self.stream else { return Ok(()) };
        let meta = self.meta(model, simulation, outcome);
        Ok(output::write_meta(&folder.join("meta.json"), &meta, &units_of(simulation), &elements_of(simulation))?)
    }

    /// Finds out before a long run whether its results can be written.
    fn targets(&self) -> Result<Targets, Failure> {
        self.distinct()?;
        let data = self.out.as_deref().map(DataFormat::of).transpose()?;
        let figure = self.plot.as_deref().map(FigureFormat::of).transpose()?;
        for path in [&self.out, &self.plot].into_iter().flatten() {
            output::check_writable(path)?;
        }
        if let (Some(path), Some(DataFormat::Csv)) = (&self.out, data) {
            output::check_writable(&described_by(path))?;
        }
        Ok(Targets { data, figure })
    }

    /// No file is written over another or over the model.
    fn distinct(&self) -> Result<(), Failure> {
        let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
        let checkpoint = self.checkpoint_every.as_ref().map(|_| self.checkpoint_path());
        let mut known: Vec<(Option<PathBuf>, &str)> = vec![(real(&self.model), "the model itself")];
        let written = [(&self.out, "the file of --out"), (&self.plot, "the figure"), (&checkpoint, "the checkpoint")];
        for (path, what) in written.into_iter().filter_map(|(path, what)| Some((path.as_ref()?, what))) {
            let own = real(path);
            if let Some((_, other)) = known.iter().find(|(other, _)| *other == own) {
                return Err(Failure::Message(format!("{} is {other}; choose another file", path.display())));
            }
            known.push((own, what));
        }
        Ok(())
    }

    fn run(&self, simulation: &mut Simulation) -> Result<Outcome, Failure> {
        let mut bar = Bar::new();
        simulation.on_progress(Duration::from_millis(100), move |progress| bar.update(progress));
        let token = simulation.cancel_token();
        let mut first: Option<Instant> = None;
        let handler = move || match first {
            None => {
                first = Some(Instant::now());
                token.cancel();
            }
            Some(first) if first.elapsed() > ONE_SIGNAL => std::process::exit(130),
            Some(_) => {}
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            show(&format!("warning: ctrl-C will stop at once and write nothing: {error}\n"));
        }
        let reports = simulation.run_script()?;
        let mut outcome = Outcome::default();
        for report in reports {
            outcome.cancelled |= report.cancelled;
            outcome.warnings.extend(report.non_finite.iter().map(ToString::to_string));
        }
        for warning in &outcome.warnings {
            show(&format!("warning: {warning}\n"));
        }
        if outcome.cancelled {
            let written = if self.out.is_some() || self.plot.is_some() { "; writing what was recorded" } else { "" };
            show(&format!("stopped at t = {}{written}\n", time(simulation.time())));
        }
        Ok(outcome)
    }

    fn write(
        &self,
        targets: &Targets,
        model: &CompiledModel,
        simulation: &Simulation,
        outcome: &Outcome,
    ) -> Result<(), Failure> {
        let recordings: Vec<_> = simulation.recordings().collect();
        let units: Vec<String> = recordings.iter().map(|recording| recording.dimension().to_string()).collect();
        let times: Vec<_> = recordings.iter().map(|recording| recording.times()).collect();
        let values: Vec<_> = recordings.iter().map(|recording| recording.smoothed()).collect();
        let series: Vec<Series<'_>> = recordings
            .iter()
            .zip(units.iter().zip(&times).zip(&values))
            .map(|(recording, ((unit, times), values))| Series {
                name: recording.name(),
                unit,
                elements: recording.elements(),
                times,
                values,
            })
            .collect();
        let happened: Vec<_> = simulation.all_events().collect();
        let times: Vec<Vec<f64>> = happened.iter().map(|events| events.times()).collect();
        let kept: Vec<Vec<(&str, String, &[f64])>> = happened
            .iter()
            .map(|events| {
                let kept =
                    |(name, dimension): (_, dvdt::Dimension)| Some((name, dimension.to_string(), events.values(name)?));
                events.variables().filter_map(kept).collect()
            })
            .collect();
        let kept: Vec<Vec<(&str, &str, &[f64])>> = kept
            .iter()
            .map(|list| list.iter().map(|(name, unit, values)| (*name, unit.as_str(), *values)).collect())
            .collect();
        let events: Vec<Events<'_>> = happened
            .iter()
            .zip(times.iter().zip(&kept))
            .map(|(events, (times, kept))| Events {
                name: events.name(),
                size: events.size(),
                counts: Some(events.counts()),
                times,
                elements: events.elements(),
                values: kept,
            })
            .collect();
        let meta = self.meta(model, simulation, outcome);
        if let (Some(path), Some(format)) = (&self.out, targets.data) {
            output::write_data(path, format, &series, &events, &meta)?;
            if format == DataFormat::Csv {
                // A table has no place for it.
                output::write_meta(&described_by(path), &meta, &units_of(simulation), &elements_of(simulation))?;
            }
        }
        if let (Some(path), Some(format)) = (&self.plot, targets.figure) {
            output::write_figure(path, format, &stem(&self.model), &series, &events, &meta)?;
        }
        Ok(())
    }

    fn meta(&self, model: &CompiledModel, simulation: &Simulation, outcome: &Outcome) -> Meta {
        let clocks = &model.model().clocks;
        let group = |(group, code): (&dvdt::model::Group, &dvdt::compile::GroupCode)| {
            let meta = GroupMeta {
                size: group.size,
                clock: clocks[group.clock].name.clone(),
                precision: group.precision.name().to_owned(),
                method: code.step.method.name().to_owned(),
                reason: code.step.reason.clone(),
            };
            (group.name.clone(), meta)
        };
        let warnings = model.report().diagnostics.iter().filter(|found| found.severity == Severity::Warning);
        Meta {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.text().to_owned(),
            seed: Some(simulation.seed()),
            set: self.set.clone(),
            start: 0.0,
            stop: simulation.time(),
            complete: !outcome.cancelled,
            executor: match self.code.executor {
                super::ExecutorName::Jit => "jit",
                super::ExecutorName::Interpreter => "interpreter",
            }
            .to_owned(),
            math: match model.model().math {
                MathLevel::Fast => "fast",
                MathLevel::Precise => "precise",
            }
            .to_owned(),
            clocks: clocks.iter().map(|clock| (clock.name.clone(), clock.dt.to_f64())).collect(),
            groups: model.model().groups.iter().zip(model.groups()).map(group).collect(),
            warnings: warnings.map(|found| found.message.clone()).chain(outcome.warnings.iter().cloned()).collect(),
        }
    }
}

/// What is to be written, checked before the run.
struct Targets {
    data: Option<DataFormat>,
    figure: Option<FigureFormat>,
}

impl Targets {
    /// Finds out before a long run whether its recordings fit into the files.
    fn check(&self, simulation: &Simulation) -> Result<(), output::Error> {
        if self.data.is_none() && self.figure.is_none() {
            return Ok(());
        }
        let recordings: Vec<_> = simulation.recordings().collect();
        let mut names: Vec<&str> = recordings.iter().map(|recording| recording.name()).collect();
        names.extend(simulation.all_events().map(dvdt::Events::name));
        if let (Some(events), [other, _, ..], Some(DataFormat::Csv)) =
            (simulation.all_events().next(), names.as_slice(), self.data)
        {
            let other = if *other == events.name() { names[1] } else { other };
            let (events, other) = (events.name().to_owned(), other.to_owned());
            return Err(output::Error::EventsInTable { events, other });
        }
        let bases = time_bases(simulation.model());
        let other = bases.iter().position(|base| *base != bases[0]).filter(|_| self.data == Some(DataFormat::Csv));
        match other {
            Some(other) => {
                let (first, other) = (recordings[0].name().to_owned(), recordings[other].name().to_owned());
                Err(output::Error::SeveralTimeBases { first, other })
            }
            None => Ok(()),
        }
    }
}

/// What decides on the times of a recording.
#[derive(PartialEq)]
struct TimeBase {
    dt: f64,
    last: Option<usize>,
    /// A rate has a row when its bin ends.
    of_rate: bool,
    /// The actions of the script that pause it or let it go on.
    switches: Vec<usize>,
}

/// In the order of the recordings.
fn time_bases(model: &CompiledModel) -> Vec<TimeBase> {
    let model = model.model();
    let switched = |number: usize| {
        let script = model.script.iter().enumerate();
        script.filter(move |(_, action)| matches!(action, Action::Switch { record, .. } if *record == number))
    };
    let records = model.records.iter().enumerate();
    records
        .filter(|(_, record)| !matches!(record.observed, Observed::Event { .. }))
        .map(|(number, record)| TimeBase {
            dt: model.clocks[record.clock].dt.to_f64(),
            last: record.last,
            of_rate: matches!(record.observed, Observed::Rate { .. }),
            switches: switched(number).map(|(place, _)| place).collect(),
        })
        .collect()
}

#[derive(Default)]
struct Outcome {
    cancelled: bool,
    warnings: Vec<String>,
}

/// `run.csv.meta.json`
fn described_by(table: &Path) -> PathBuf {
    let mut name = table.as_os_str().to_owned();
    name.push(".meta.json");
    name.into()
}

/// Which elements the columns of each recording are.
fn elements_of(simulation: &Simulation) -> BTreeMap<String, Vec<usize>> {
    simulation.recordings().map(|recording| (recording.name().to_owned(), recording.elements().to_vec())).collect()
}

/// Of every array that may be written, by name.
fn units_of(simulation: &Simulation) -> BTreeMap<String, String> {
    let mut units = BTreeMap::new();
    for recording in simulation.recordings() {
        units.insert(recording.name().to_owned(), recording.dimension().to_string());
        units.insert(format!("{}.t", recording.name()), "second".to_owned());
    }
    for events in simulation.all_events() {
        units.insert(format!("{}.t", events.name()), "second".to_owned());
        units.insert(format!("{}.i", events.name()), "1".to_owned());
        for (variable, dimension) in events.variables() {
            units.insert(format!("{}.{variable}", events.name()), dimension.to_string());
        }
    }
    units
}
