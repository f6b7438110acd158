//! Runs the interpreter beside every form of compiled code and compares all bits.

use crate::algebra::Kind;
use crate::engine::{CompiledModel, Engine, Executor};
use crate::error::Error;
use crate::jit::{Lanes, Options};
use crate::model::Action;
use crate::runtime::Events;
use crate::simulation::Simulation;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// The first number that is not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The code that differs from the interpreter.
    pub options: Options,
    /// How many ticks were done when it was seen.
    pub ticks: u64,
    /// The time reached, in seconds.
    pub time: f64,
    /// The variable, as `group.variable`.
    pub variable: String,
    /// The element.
    pub element: usize,
    /// What the interpreter gives.
    pub expected: String,
    /// What the compiled code gives.
    pub found: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}[{}] differs after {} ticks (t = {} s): the interpreter gives {}, machine code with {} lanes \
             and {} vectors a turn gives {}",
            self.variable,
            self.element,
            self.ticks,
            self.time,
            self.expected,
            self.options.lanes.count(),
            self.options.interleave.map_or("the usual number of".to_owned(), |count| count.to_string()),
            self.found
        )
    }
}

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// How many ticks were done.
    pub ticks: u64,
    /// How many numbers were compared.
    pub compared: u64,
    /// How many forms of compiled code stood beside the interpreter.
    pub forms: usize,
    /// The first difference, if any.
    pub difference: Option<Difference>,
}

/// Runs a model for at most `ticks` ticks, or through its script if that is shorter, in the
/// interpreter and in every form of compiled code, and compares every variable after every tick and
/// every recording at the end. NaNs are equal to each other.
///
/// ```
/// let text = "group cells[5] { dv/dt = sin(t/second)/second : 1 }";
/// let verdict = dvdt::verify("model", text, 100, 0)?;
/// assert_eq!((verdict.ticks, verdict.difference), (100, None));
/// # Ok::<(), dvdt::Error>(())
/// ```
///
/// # Errors
/// As [`Engine::compile`] and [`Simulation::run_for`].
pub fn verify(name: &str, text: &str, ticks: u64, seed: u64) -> Result<Verdict, Error> {
    all_forms(|engine| engine.compile(name, text), ticks, seed)
}

/// The same of a model file.
///
/// ```
/// let verdict = dvdt::verify_file("examples/lorenz.dvdt", 10, 0)?;
/// assert_eq!(verdict.difference, None);
/// # Ok::<(), dvdt::Error>(())
/// ```
///
/// # Errors
/// As [`verify`], and when the file cannot be read.
pub fn verify_file(path: impl AsRef<Path>, ticks: u64, seed: u64) -> Result<Verdict, Error> {
    all_forms(|engine| engine.compile_file(path.as_ref()), ticks, seed)
}

fn all_forms(
    compile: impl Fn(Engine) -> Result<CompiledModel, Error>,
    ticks: u64,
    seed: u64,
) -> Result<Verdict, Error> {
    let simulation = |engine: Engine| compile(engine)?.simulation_with_seed(seed);
    let reference = simulation(Engine::new().executor(Executor::Interpreter))?;
    let mut others = vec![];
    let forms = [
        (Lanes::One, None),
        (Lanes::Two, None),
        (Lanes::Two, Some(1)),
        (Lanes::Two, Some(2)),
        (Lanes::Two, Some(4)),
        (Lanes::Four, None),
        (Lanes::Four, Some(1)),
        (Lanes::Eight, None),
        (Lanes::Eight, Some(1)),
    ];
    for (lanes, interleave) in forms.into_iter().filter(|(lanes, _)| lanes.has_machine()) {
        let options = Options { lanes, interleave };
        others.push((options, simulation(Engine::new().options(options))?));
    }
    let verdict = Verdict { forms: others.len(), ..Verdict::default() };
    let mut comparison = Comparison { reference, others, left: ticks, verdict };
    comparison.run()?;
    Ok(comparison.verdict)
}

struct Comparison {
    reference: Simulation,
    others: Vec<(Options, Simulation)>,
    left: u64,
    verdict: Verdict,
}

impl Comparison {
    fn run(&mut self) -> Result<(), Error> {
        self.compare()?;
        let script = self.reference.model().model().script.clone();
        if !script.iter().any(|action| matches!(action, Action::Run { .. })) {
            self.ticks(f64::INFINITY)?;
        }
        for (number, action) in script.iter().enumerate() {
            if self.verdict.difference.is_some() {
                return Ok(());
            }
            match action {
                Action::Run { seconds, .. } => self.ticks(self.reference.time() + seconds)?,
                Action::Switch { record, on } => {
                    self.reference.apply_switch(*record, *on)?;
                    for (_, other) in &mut self.others {
                        other.apply_switch(*record, *on)?;
                    }
                }
                Action::Set { .. } => {
                    self.reference.apply_set(number)?;
                    for (_, other) in &mut self.others {
                        other.apply_set(number)?;
                    }
                }
            }
        }
        self.compare_recordings();
        self.compare_events();
        Ok(())
    }

    /// Ticks until `end`, as long as ticks are left and nothing differs.
    fn ticks(&mut self, end: f64) -> Result<(), Error> {
        while self.left > 0 && self.verdict.difference.is_none() && self.reference.time() < end * (1.0 - 1e-12) {
            self.left -= 1;
            self.verdict.ticks += 1;
            self.reference.tick()?;
            for (_, other) in &mut self.others {
                other.tick()?;
            }
            self.compare()?;
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), Error> {
        let time = self.reference.time();
        for name in self.reference.names() {
            let expected = bits(&self.reference, &name)?;
            for (options, other) in &self.others {
                let found = bits(other, &name)?;
                self.verdict.compare(*options, &name, (&expected, &found), |element| (element, time));
            }
        }
        Ok(())
    }

    /// Element and tick of each event, and what is kept of it.
    fn compare_events(&mut self) {
        for (options, other) in &self.others {
            for (one, two) in self.reference.all_events().zip(other.all_events()) {
                let end = self.reference.time();
                let (times, name) = (one.times(), one.name());
                let place = |at: usize| {
                    let element = one.elements().get(at).map_or(0, |&element| element as usize);
                    (element, times.get(at).copied().unwrap_or(end))
                };
                let mut compare = |what: &str, expected: Vec<Number>, found: Vec<Number>| {
                    self.verdict.compare(*options, &format!("{what} of {name}"), (&expected, &found), place);
                };
                let ticks =
                    |events: &Events| events.ticks().iter().map(|&it| Number::Integer(it.cast_signed())).collect();
                let elements =
                    |events: &Events| events.elements().iter().map(|&it| Number::Integer(it.into())).collect();
                compare("the ticks", ticks(one), ticks(two));
                compare("the elements", elements(one), elements(two));
                for (variable, _) in one.variables() {
                    let kept = |events: &Events| floats(events.values(variable).unwrap_or_default());
                    compare(&format!("the recording of {variable}"), kept(one), kept(two));
                }
            }
        }
    }

    fn compare_recordings(&mut self) {
        for (options, other) in &self.others {
            for (one, two) in self.reference.recordings().zip(other.recordings()) {
                let width = one.width().max(1);
                let place = |at: usize| (one.elements().get(at % width).copied().unwrap_or(0), one.time(at / width));
                let name = format!("the recording of {}", one.name());
                self.verdict.compare(*options, &name, (&floats(one.values()), &floats(two.values())), place);
            }
        }
    }
}

impl Verdict {
    /// Remembers the first difference of two lists, if there was none before; `place` gives the element and
    /// the time of a position.
    fn compare(
        &mut self,
        options: Options,
        variable: &str,
        (expected, found): (&[Number], &[Number]),
        place: impl Fn(usize) -> (usize, f64),
    ) {
        self.compared += expected.len() as u64;
        let common = expected.iter().zip(found).position(|(one, other)| !one.is_same(*other));
        let shorter = (expected.len() != found.len()).then(|| expected.len().min(found.len()));
        let Some(position) = common.or(shorter).filter(|_| self.difference.is_none()) else { return };
        let shown = |list: &[Number]| list.get(position).map_or("nothing".to_owned(), Number::to_string);
        let (element, time) = place(position);
        self.difference = Some(Difference {
            options,
            ticks: self.ticks,
            time,
            variable: variable.to_owned(),
            element,
            expected: shown(expected),
            found: shown(found),
        });
    }
}

fn floats(values: &[f64]) -> Vec<Number> {
    values.iter().map(|&value| Number::Float(value)).collect()
}

#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Integer(i64),
    Boolean(bool),
}

impl Number {
    fn is_same(self, other: Number) -> bool {
        match (self, other) {
            (Number::Float(a), Number::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Number::Integer(a), Number::Integer(b)) => a == b,
            (Number::Boolean(a), Number::Boolean(b)) => a == b,
            (Number::Float(_) | Number::Integer(_) | Number::Boolean(_), _) => false,
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Number::Float(value) => write!(f, "{value:?} (bits {:#018x})", value.to_bits()),
            Number::Integer(value) => write!(f, "{value}"),
            Number::Boolean(value) => write!(f, "{value}"),
        }
    }
}

fn bits(simulation: &Simulation, name: &str) -> Result<Vec<Number>, Error> {
    Ok(match simulation.kind(name)? {
        Kind::Float => simulation.to_floats(name)?.into_iter().map(Number::Float).collect(),
        Kind::Integer => simulation.integers(name)?.iter().map(|&value| Number::Integer(value)).collect(),
        Kind::Boolean => simulation.booleans(name)?.iter().map(|&value| Number::Boolean(value)).collect(),
    })
}
