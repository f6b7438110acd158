//! What the command line offers, and how commands end.

mod bar;
mod bench;
mod run;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use dvdt::{Engine, Error, Executor, Lanes, Options, Report, Severity, Stage};
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles differential equations with units to native loops and runs them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run a model and write or draw what it recorded
    Run(run::Run),
    /// Say what is wrong with a model; exit status 1 when there are errors
    Check(Check),
    /// Show a stage of compilation
    Emit(Emit),
    /// Compare compiled code with the interpreter, bit for bit
    Verify(Verify),
    /// Measure compilation and speed
    Bench(bench::Bench),
}

/// How code is made; no choice changes a result.
#[derive(Args, Clone)]
struct Code {
    /// Who computes
    #[arg(long, value_enum, default_value_t = ExecutorName::Jit)]
    executor: ExecutorName,
    /// Numbers of 64 bits per instruction, at most: 1, 2, 4 or 8 (wider than 2 is twice as many with float32), as far
    /// as machine and equations allow
    #[arg(long, value_name = "N", default_value = "8", value_parser = ["1", "2", "4", "8"])]
    lanes: String,
    /// Vectors per turn of a loop: 1, 2, 4 or 8 [default: by the length of the body]
    #[arg(long, value_name = "N", value_parser = ["1", "2", "4", "8"])]
    interleave: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ExecutorName {
    /// Machine code
    Jit,
    /// The reference
    Interpreter,
}

impl Code {
    fn engine(&self) -> Engine {
        let lanes = match self.lanes.as_str() {
            "1" => Lanes::One,
            "2" => Lanes::Two,
            "4" => Lanes::Four,
            _ => Lanes::Eight,
        };
        let interleave = self.interleave.as_ref().and_then(|count| count.parse().ok());
        let executor = match self.executor {
            ExecutorName::Jit => Executor::Jit,
            ExecutorName::Interpreter => Executor::Interpreter,
        };
        Engine::new().executor(executor).options(Options { lanes, interleave })
    }
}

#[derive(Args)]
struct Check {
    /// The model file
    model: PathBuf,
    /// For people or for editors
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Underlined text
    Human,
    /// A list of objects
    Json,
}

#[derive(Args)]
struct Emit {
    /// The model file
    model: PathBuf,
    /// Which stage
    #[arg(long, value_parser = stages())]
    stage: Stage,
    /// One group only
    #[arg(long)]
    group: Option<String>,
    #[command(flatten)]
    code: Code,
}

#[derive(Args)]
struct Verify {
    /// The model file
    model: PathBuf,
    /// How many ticks at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    ticks: u64,
    /// The seed of random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// What ends a command early: a message was shown, or is to be shown.
enum Failure {
    /// Everything was said.
    Said,
    /// To be said.
    Message(String),
    /// Ctrl-C; results so far were written.
    Interrupted,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Text(error) = &error {
            show_report(&error.report, &error.sources, false);
            return Failure::Said;
        }
        Failure::Message(error.to_string())
    }
}

impl From<dvdt::output::Error> for Failure {
    fn from(error: dvdt::output::Error) -> Self {
        Failure::Message(error.to_string())
    }
}

impl Command {
    /// Does what was asked for. Exit status 1: the model or the world has a mistake; 2: the command
    /// line has; 130: interrupted.
    pub(crate) fn execute(self) -> ExitCode {
        let result = match self.verb {
            Verb::Run(run) => run.execute(),
            Verb::Check(check) => check.execute(),
            Verb::Emit(emit) => emit.execute(),
            Verb::Verify(verify) => verify.execute(),
            Verb::Bench(bench) => bench.execute(),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Said) => ExitCode::FAILURE,
            Err(Failure::Message(message)) => {
                show(&format!("error: {message}\n"));
                ExitCode::FAILURE
            }
            Err(Failure::Interrupted) => ExitCode::from(130),
        }
    }
}

impl Check {
    fn execute(&self) -> Result<(), Failure> {
        let checked = Engine::new().check_file(&self.model)?;
        if self.format == Format::Json {
            print(checked.report.to_json(&checked.sources))?;
        } else {
            print_part(checked.report.render(&checked.sources, std::io::stdout().is_terminal()))?;
            let count = |severity| checked.report.diagnostics.iter().filter(|found| found.severity == severity).count();
            print(format!(
                "{}: {}, {}",
                self.model.display(),
                plural(count(Severity::Error), "error"),
                plural(count(Severity::Warning), "warning")
            ))?;
        }
        if checked.report.has_errors() { Err(Failure::Said) } else { Ok(()) }
    }
}

impl Emit {
    fn execute(&self) -> Result<(), Failure> {
        let model = self.code.engine().compile_file(&self.model)?;
        print_part(model.emit(self.stage, self.group.as_deref())?)
    }
}

impl Verify {
    fn execute(&self) -> Result<(), Failure> {
        let name = self.model.display().to_string();
        let verdict = dvdt::verify_file(&self.model, self.ticks, self.seed)?;
        if let Some(difference) = verdict.difference {
            return Err(Failure::Message(difference.to_string()));
        }
        if verdict.compared == 0 {
            return print(format!("{name}: the model has no variables, so that there was nothing to compare"));
        }
        print(format!(
            "{name}: the interpreter and {} forms of machine code agree in all bits ({}, {} numbers compared)",
            verdict.forms,
            plural(usize::try_from(verdict.ticks).unwrap_or(usize::MAX), "tick"),
            verdict.compared
        ))
    }
}

/// Reads the name of a stage; help lists all.
fn stages() -> impl TypedValueParser<Value = Stage> {
    let named = |name: String| Stage::ALL.into_iter().find(|stage| stage.name() == name).unwrap_or(Stage::Ast);
    PossibleValuesParser::new(Stage::ALL.map(Stage::name)).map(named)
}

/// Shows warnings; notes too when asked.
fn show_report(report: &Report, sources: &dvdt::source::Sources, notes: bool) {
    let wanted = |severity| notes || severity != Severity::Note;
    let diagnostics = report.diagnostics.iter().filter(|found| wanted(found.severity)).cloned().collect();
    show(&Report { diagnostics }.render(sources, std::io::stderr().is_terminal()));
}

/// Writes to the error stream; when even that is closed there is nobody to tell.
fn show(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes a line to the output. A reader that has gone (`| head`) is no failure.
fn print(line: impl Display) -> Result<(), Failure> {
    print_part(format!("{line}\n"))
}

fn print_part(text: impl Display) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.to_string().as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Message(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The name of a path without folders, for titles.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
