//! A running simulation: what a host sets, runs, reads and stops.

use crate::algebra::{Expr, ExprId, Function, Kind, Pool};
use crate::checkpoint::{Checkpoint, Place};
use crate::compile;
use crate::diagnostic::Report;
use crate::dimension::{Dimension, Exponents, Quantity};
use crate::engine::CompiledModel;
use crate::error::Error;
use crate::model::{self, Action};
use crate::runtime::{self, CancelToken, Controls, Events, Network, Progress, Recording, Time};
use crate::source::Sources;
use crate::stream::{Begin, EventRows, Rows};
use crate::syntax;
use dimensioned::si::SI;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::path::Path;
use std::time::{Duration, Instant};

/// A value for a variable or a duration, with its unit.
///
/// Made from text (`"100*ms"`, which may name other variables and `i`), from a quantity of the crate
/// `dimensioned` (`100.0 * MILLI * S`), from a plain number where a variable has no unit, or from a
/// truth value.
///
/// ```
/// use dimensioned::f64prefixes::MILLI;
/// use dimensioned::si::V;
/// use dvdt::{Dimension, Input};
///
/// let Input::Float(value, dimension) = Input::from(2.0 * MILLI * V) else { panic!() };
/// assert_eq!((value, dimension.to_string().as_str()), (2e-3, "volt"));
/// assert_eq!(Input::from(0.5), Input::Float(0.5, Dimension::DIMENSIONLESS));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// An expression of the language.
    Text(String),
    /// In SI base units.
    Float(f64, Dimension),
    /// One for each element, in SI base units.
    Floats(Vec<f64>, Dimension),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Input::Text(text.to_owned())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Input::Text(text)
    }
}

impl From<f64> for Input {
    fn from(value: f64) -> Self {
        Input::Float(value, Dimension::DIMENSIONLESS)
    }
}

impl From<i64> for Input {
    fn from(value: i64) -> Self {
        Input::Integer(value)
    }
}

impl From<bool> for Input {
    fn from(value: bool) -> Self {
        Input::Boolean(value)
    }
}

impl<U: Exponents> From<SI<f64, U>> for Input {
    fn from(quantity: SI<f64, U>) -> Self {
        let (value, dimension) = quantity.si();
        Input::Float(value, dimension)
    }
}

impl<U: Exponents> From<&[SI<f64, U>]> for Input {
    fn from(quantities: &[SI<f64, U>]) -> Self {
        let values = quantities.iter().map(|quantity| quantity.value_unsafe).collect();
        Input::Floats(values, SI::<f64, U>::new(0.0).si().1)
    }
}

/// One simulation of a model. It knows of no other; move it to any thread.
///
/// ```
/// use dimensioned::f64prefixes::MILLI;
/// use dimensioned::si::{S, V};
/// use dvdt::Engine;
///
/// let model = Engine::new().compile("decay", "
///     group cells[100] {
///         dv/dt = -v/tau : volt
///         tau : second (constant)
///     }
///     record cells.v every 1*ms
/// ")?;
/// let mut simulation = model.simulation()?;
/// simulation.set("cells.tau", 10.0 * MILLI * S)?;
/// simulation.set("cells.v", "i*1*mV")?;
/// simulation.run_for(10.0 * MILLI * S)?;
/// assert_eq!(simulation.recording("cells.v")?.samples(), 10);
///
/// simulation.floats_mut("cells.v")?.fill(0.0);
/// simulation.run_for("10*ms")?;
/// assert_eq!(simulation.recording("cells.v")?.samples(), 20);
///
/// let wrong = simulation.set("cells.tau", 10.0 * V).unwrap_err();
/// assert_eq!(wrong.to_string(), "`cells.tau` is in second, but the value is in volt");
/// # Ok::<(), dvdt::Error>(())
/// ```
pub struct Simulation {
    model: CompiledModel,
    network: Network,
    cancel: CancelToken,
    progress: Option<Callback>,
    interval: Duration,
    /// The next action of the model's script.
    next: usize,
    /// When a run of the script that was cancelled should have ended.
    unfinished: Option<Time>,
    /// Records that the last restored checkpoint holds otherwise.
    others: Vec<String>,
    /// For groups for which [`Simulation::set`] has drawn random numbers, the last stream: what is drawn
    /// next must be others.
    drawn: BTreeMap<usize, i64>,
    hooks: Vec<Hook>,
}

/// Code of the host that runs at chosen times.
struct Hook {
    interval: Time,
    /// It runs next at so many intervals.
    next: u64,
    /// Taken out while it runs.
    code: Option<HookCode>,
}

/// What of a run in pieces was told.
struct Told {
    start: Time,
    span: Time,
    begun: Instant,
    last: Option<Duration>,
}

type HookCode = Box<dyn FnMut(&mut Simulation) -> Result<(), Error> + Send>;

type Callback = Box<dyn FnMut(&Progress) + Send>;

impl Simulation {
    pub(crate) fn new(model: CompiledModel, seed: u64) -> Result<Self, Error> {
        let network = Network::with_seed(model.0.executable.plan.clone(), seed)?;
        let interval = Duration::from_millis(100);
        Ok(Simulation {
            model,
            network,
            cancel: CancelToken::default(),
            progress: None,
            interval,
            next: 0,
            unfinished: None,
            others: vec![],
            drawn: BTreeMap::new(),
            hooks: vec![],
        })
    }

    /// Sets a variable, named `group.variable`, for all elements.
    ///
    /// # Errors
    /// When there is no such variable, when it cannot be written, when the value's dimension or kind is
    /// another, or when the text has mistakes.
    pub fn set(&mut self, name: &str, value: impl Into<Input>) -> Result<(), Error> {
        let (group, variable) = self.find(name)?;
        let own = group.variable(variable)?;
        let (kind, expected) = (own.kind, own.dimension);
        let input = value.into();
        match input {
            Input::Text(text) => return self.set_text(name, &text),
            Input::Float(_, found) | Input::Floats(_, found) if found != expected => {
                return Err(Error::dimension(name, expected, found));
            }
            Input::Integer(_) | Input::Boolean(_) if !expected.is_dimensionless() => {
                let found = Dimension::DIMENSIONLESS;
                return Err(Error::dimension(name, expected, found));
            }
            Input::Float(..) | Input::Floats(..) | Input::Integer(_) | Input::Boolean(_) => {}
        }
        match (kind, input) {
            (Kind::Float, Input::Float(value, _)) => self.write_floats(name, |_| value)?,
            #[allow(clippy::cast_precision_loss, reason = "an integer for a float variable is rounded once")]
            (Kind::Float, Input::Integer(value)) => self.write_floats(name, |_| value as f64)?,
            (Kind::Float, Input::Floats(values, _)) => {
                let (group, variable) = self.find(name)?;
                let wanted = group.length(variable)?;
                if wanted != values.len() {
                    let found = values.len();
                    let what = format!("`{name}` has {wanted} elements, but {found} values were given");
                    return Err(Error::Value(what));
                }
                self.write_floats(name, |element| values[element])?;
            }
            (Kind::Integer, Input::Integer(value)) => self.integers_mut(name)?.fill(value),
            (Kind::Boolean, Input::Boolean(value)) => self.booleans_mut(name)?.fill(value),
            (kind, input) => return Err(mismatch(name, kind, &input)),
        }
        Ok(())
    }

    /// Writes a float variable of either size; what is too large for 32 bits is refused.
    fn write_floats(&mut self, name: &str, value: impl Fn(usize) -> f64) -> Result<(), Error> {
        let (group, variable) = self.find_mut(name)?;
        if group.is_float32(&variable)? {
            let large = |value: &f64| value.is_finite() && value.abs() > f64::from(f32::MAX);
            if let Some(large) = (0..group.length(&variable)?).map(&value).find(large) {
                let what = format!("`{name}` has 32-bit floats, up to {:e}, and cannot be {large:e}", f32::MAX);
                return Err(Error::Value(what));
            }
            let values = group.floats32_mut(&variable)?;
            #[allow(clippy::cast_possible_truncation, reason = "the variable has 32 bits")]
            values.iter_mut().enumerate().for_each(|(element, to)| *to = value(element) as f32);
        } else {
            let values = group.floats_mut(&variable)?;
            values.iter_mut().enumerate().for_each(|(element, to)| *to = value(element));
        }
        Ok(())
    }

    fn set_text(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let inner = &self.model.0;
        let (group_name, variable) = name.split_once('.').unwrap_or((name, ""));
        // Mistakes point into the model's text too, where variables are declared.
        let mut sources = inner.sources.clone();
        let source = sources.add(format!("<set {name}>"), format!("{variable} = {text}"));
        let mut report = Report::new();
        let statements = syntax::statements(&sources, source, &mut report);
        let index = inner.model.groups.iter().position(|group| group.name == group_name);
        let (Some(index), [statement]) = (index, statements.as_slice()) else {
            if report.has_errors() {
                return Err(Error::text(sources, report));
            }
            return Err(Error::Value(format!("`{name}` takes one expression, not `{text}`")));
        };
        let mut group = inner.model.groups[index].clone();
        if let Some(&last) = self.drawn.get(&index) {
            let last = group.pool.integer(last);
            group.pool.call(Function::Rand, &[last]);
        }
        let assignment = model::assignment(&mut group, &inner.model.constants, statement, &mut report);
        let Some(assignment) = assignment.filter(|_| !report.has_errors()) else {
            return Err(Error::text(sources, report));
        };
        let draws = last_stream(&group.pool, assignment.value);
        let routine = compile::assignment(&inner.model, &group, &inner.groups[index], assignment);
        self.network.apply(group_name, &routine)?;
        if let Some(last) = draws {
            self.drawn.insert(index, last);
        }
        Ok(())
    }

    /// Splits `group.variable` and finds the group.
    fn find<'n>(&self, name: &'n str) -> Result<(&runtime::Group, &'n str), Error> {
        let Some((group, variable)) = name.split_once('.') else {
            return Err(Error::Value(format!("`{name}` names no variable: write `group.variable`")));
        };
        let known = self.model.0.model.groups.iter().map(|group| group.name.as_str());
        let found = self.network.group(group).map_err(|_| Error::name("group", group, known))?;
        if found.variables().iter().all(|known| known.name != variable) {
            if self.is_computed(group, variable) {
                let what = "is computed where it is used and has no values of its own";
                return Err(Error::Value(format!("`{name}` {what}; record it, or write what it is computed from")));
            }
            return Err(Error::name("variable", name, self.names().iter().map(String::as_str)));
        }
        Ok((found, variable))
    }

    /// Whether a name is one of the model that is not kept in memory: a subexpression, `t`, `i`.
    fn is_computed(&self, group: &str, variable: &str) -> bool {
        let mut groups = self.model.0.model.groups.iter();
        groups.find(|known| known.name == group).is_some_and(|group| group.find(variable).is_some())
    }

    /// All variables that have values, as `group.variable`.
    pub fn names(&self) -> Vec<String> {
        let variables = |group: &runtime::Group| {
            let name = |variable: &runtime::Variable| format!("{}.{}", group.name(), variable.name);
            group.variables().iter().map(name).collect::<Vec<_>>()
        };
        self.network.groups().flat_map(variables).collect()
    }

    /// The values of a float variable in SI base units, one per element; one for a shared variable.
    ///
    /// # Errors
    /// When there is no such variable, or it holds something else.
    pub fn floats(&self, name: &str) -> Result<&[f64], Error> {
        let (group, variable) = self.find(name)?;
        Ok(group.floats(variable)?)
    }

    /// The values of a float variable, to be written between ticks.
    ///
    /// # Errors
    /// When there is no such variable, it holds something else, or it is computed.
    pub fn floats_mut(&mut self, name: &str) -> Result<&mut [f64], Error> {
        let (group, variable) = self.find_mut(name)?;
        Ok(group.floats_mut(&variable)?)
    }

    /// The values of a variable of 32-bit floats, which those of groups with `precision float32` are.
    ///
    /// ```
    /// let text = "group g[3] {\n precision float32\n x : 1\n init x = i/10\n}";
    /// let mut simulation = dvdt::Engine::new().compile("m", text)?.simulation()?;
    /// assert_eq!(simulation.floats32("g.x")?, [0.0, 0.1, 0.2]);
    /// simulation.floats32_mut("g.x")?[0] = 0.5;
    /// assert!(simulation.floats("g.x").is_err());
    /// assert_eq!(simulation.to_floats("g.x")?[0], 0.5);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Simulation::floats`].
    pub fn floats32(&self, name: &str) -> Result<&[f32], Error> {
        let (group, variable) = self.find(name)?;
        Ok(group.floats32(variable)?)
    }

    /// The values of a variable of 32-bit floats, to be written between ticks.
    ///
    /// # Errors
    /// As [`Simulation::floats_mut`].
    pub fn floats32_mut(&mut self, name: &str) -> Result<&mut [f32], Error> {
        let (group, variable) = self.find_mut(name)?;
        Ok(group.floats32_mut(&variable)?)
    }

    /// A copy of the values of a float variable of either size, in SI base units.
    ///
    /// # Errors
    /// As [`Simulation::floats`].
    pub fn to_floats(&self, name: &str) -> Result<Vec<f64>, Error> {
        let (group, variable) = self.find(name)?;
        if group.is_float32(variable)? {
            return Ok(group.floats32(variable)?.iter().map(|&value| f64::from(value)).collect());
        }
        Ok(group.floats(variable)?.to_vec())
    }

    /// The values of an integer variable.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "group g[3] {\n n : integer\n init n = i*i\n}")?;
    /// assert_eq!(model.simulation()?.integers("g.n")?, [0, 1, 4]);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Simulation::floats`].
    pub fn integers(&self, name: &str) -> Result<&[i64], Error> {
        let (group, variable) = self.find(name)?;
        Ok(group.integers(variable)?)
    }

    /// The values of an integer variable, to be written between ticks.
    ///
    /// # Errors
    /// As [`Simulation::floats_mut`].
    pub fn integers_mut(&mut self, name: &str) -> Result<&mut [i64], Error> {
        let (group, variable) = self.find_mut(name)?;
        Ok(group.integers_mut(&variable)?)
    }

    /// The values of a boolean variable.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "group g[3] {\n b : boolean\n init b = i > 0\n}")?;
    /// assert_eq!(model.simulation()?.booleans("g.b")?, [false, true, true]);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Simulation::floats`].
    pub fn booleans(&self, name: &str) -> Result<&[bool], Error> {
        let (group, variable) = self.find(name)?;
        Ok(group.booleans(variable)?)
    }

    /// The values of a boolean variable, to be written between ticks.
    ///
    /// # Errors
    /// As [`Simulation::floats_mut`].
    pub fn booleans_mut(&mut self, name: &str) -> Result<&mut [bool], Error> {
        let (group, variable) = self.find_mut(name)?;
        Ok(group.booleans_mut(&variable)?)
    }

    fn find_mut(&mut self, name: &str) -> Result<(&mut runtime::Group, String), Error> {
        let (group, variable) = self.find(name)?;
        let (group, variable) = (group.name().to_owned(), variable.to_owned());
        Ok((self.network.group_mut(&group)?, variable))
    }

    /// Advances by a duration. A duration becomes ticks by rounding where it is within a ten-thousandth
    /// of a tick of a whole number, and else by rounding up; consecutive runs never repeat a tick.
    ///
    /// # Errors
    /// When the duration is no time, negative or not finite, or there is no memory for recordings.
    pub fn run_for(&mut self, duration: impl Into<Input>) -> Result<runtime::Report, Error> {
        self.advance(Time::of_duration(seconds("duration", duration.into())?)?)
    }

    /// Runs code of the host at time 0 and every `interval` from then on, before anything else happens
    /// at that time. It may read and write the simulation, and set variables; it must not run it.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "clock dt = 1*ms\ngroup g[2] { dx/dt = 1/ms : 1 }")?;
    /// let mut simulation = model.simulation()?;
    /// simulation.every("5*ms", |simulation| {
    ///     let x = simulation.floats_mut("g.x")?;
    ///     x[0] += 100.0;
    ///     Ok(())
    /// })?;
    /// simulation.run_for("6*ms")?;
    /// assert_eq!(simulation.floats("g.x")?, [206.0, 6.0]);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the interval is no time, or shorter than a tick of every clock. An error of the code ends the run that it stands in.
    pub fn every(
        &mut self,
        interval: impl Into<Input>,
        code: impl FnMut(&mut Simulation) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let length = seconds("interval", interval.into())?;
        let ticks = self.model.model().clocks.iter().map(|clock| clock.dt.to_f64());
        let shortest = ticks.fold(f64::INFINITY, f64::min);
        // As durations, ticks are met within a ten-thousandth.
        if length > 0.0 && shortest.is_finite() && length * 1.0001 < shortest {
            let what = format!("the interval between two calls, {length} s, is shorter than a tick, {shortest} s");
            return Err(Error::Value(what));
        }
        let interval = Time::of_duration(length)?;
        let next = self.network.time().intervals(interval);
        let next = next.ok_or_else(|| Error::Value("the interval between two calls is a positive time".to_owned()))?;
        self.hooks.push(Hook { interval, next, code: Some(Box::new(code)) });
        Ok(())
    }

    /// That no code of the host runs.
    fn refuse_hooked(&self) -> Result<(), Error> {
        let what = "code that runs between ticks cannot run the simulation; let it return, and the run goes on";
        if self.hooks.iter().any(|hook| hook.code.is_none()) { Err(Error::Value(what.to_owned())) } else { Ok(()) }
    }

    /// Advances, with pauses for code of the host.
    fn advance(&mut self, span: Time) -> Result<runtime::Report, Error> {
        self.refuse_hooked()?;
        let start = self.network.time();
        let target = start.plus(span).ok_or(runtime::Error::TooLong)?;
        self.network.reserve(span)?;
        let mut told = Told { start, span, begun: Instant::now(), last: None };
        let mut whole: Option<runtime::Report> = None;
        loop {
            // What is due at the end of a run waits for the next.
            if self.network.time() != target {
                self.call_hooks()?;
            }
            let pauses = self.hooks.iter().filter_map(|hook| hook.interval.times(hook.next));
            let end = pauses.fold(target, |end, pause| if pause.is_before(end) { pause } else { end });
            let left = |end: Time| end.since(self.network.time()).unwrap_or(Time::ZERO);
            let report = self.stretch(left(end), left(target), &mut told)?;
            let ended = report.cancelled || end == target;
            match &mut whole {
                None => whole = Some(report),
                Some(whole) => whole.join(report),
            }
            if let Some(whole) = whole.take_if(|_| ended) {
                return Ok(whole);
            }
        }
    }

    /// Calls the code that is due at this time. Whatever it asks of the simulation finds all hooks in place,
    /// so that a checkpoint which it takes knows what has run.
    fn call_hooks(&mut self) -> Result<(), Error> {
        let now = self.network.time();
        for place in 0..self.hooks.len() {
            let hook = &mut self.hooks[place];
            if hook.interval.times(hook.next).is_none_or(|time| now.is_before(time)) {
                continue;
            }
            hook.next = now.intervals(hook.interval).unwrap_or(0).max(hook.next + 1);
            let Some(mut code) = hook.code.take() else { continue };
            let result = code(self);
            self.hooks[place].code = Some(code);
            result?;
        }
        Ok(())
    }

    /// A piece of what is left of a run, of which progress is told as a whole: at its start and end, and in between at most
    /// once per interval.
    fn stretch(&mut self, piece: Time, left: Time, told: &mut Told) -> Result<runtime::Report, Error> {
        let before = self.network.time().to_f64() - told.start.to_f64();
        let (whole, interval) = (told.span.to_f64(), self.interval);
        let callback = self.progress.as_mut();
        let mut scaled = callback.map(|callback| {
            move |progress: &Progress| {
                let simulated = before + progress.simulated;
                let fraction = if whole > 0.0 { (simulated / whole).clamp(0.0, 1.0) } else { progress.fraction };
                let wall = told.begun.elapsed();
                if told.last.is_none_or(|last| wall - last >= interval) || fraction >= 1.0 {
                    told.last = Some(wall);
                    callback(&Progress { fraction, simulated, wall });
                }
            }
        });
        let controls = Controls {
            cancel: self.cancel.clone(),
            progress: scaled.as_mut().map(|callback| callback as &mut dyn FnMut(&Progress)),
            interval,
        };
        Ok(self.network.run_piece(piece, left, controls)?)
    }

    /// Does what is left of the model's script: its `run` and `set` items, in order. Stops in a run
    /// that is cancelled; a later call goes on with the rest of it.
    ///
    /// # Errors
    /// As [`Simulation::run_for`].
    pub fn run_script(&mut self) -> Result<Vec<runtime::Report>, Error> {
        let model = self.model.clone();
        let mut reports = vec![];
        self.reserve(&model)?;
        if let Some(end) = self.unfinished {
            reports.push(self.run_until(end)?);
        }
        while !reports.last().is_some_and(|report: &runtime::Report| report.cancelled)
            && let Some(action) = model.0.model.script.get(self.next)
        {
            // Before the action, so that a checkpoint that is taken within it goes on behind it.
            self.next += 1;
            match *action {
                Action::Run { seconds, .. } => {
                    let end = self.network.time().plus(Time::of_duration(seconds)?).ok_or(runtime::Error::TooLong)?;
                    reports.push(self.run_until(end)?);
                }
                Action::Set { .. } => self.apply_set(self.next - 1)?,
                Action::Switch { record, on } => self.apply_switch(record, on)?,
            }
        }
        Ok(reports)
    }

    /// Runs to a time, and remembers it when the run is cancelled before.
    fn run_until(&mut self, end: Time) -> Result<runtime::Report, Error> {
        self.unfinished = Some(end);
        let report = self.advance(end.since(self.network.time()).unwrap_or(Time::ZERO));
        if matches!(&report, Ok(report) if !report.cancelled) {
            self.unfinished = None;
        }
        report
    }

    /// Makes room in the recordings for all runs of the script at once.
    fn reserve(&mut self, model: &CompiledModel) -> Result<(), Error> {
        let mut end = self.unfinished.unwrap_or(self.network.time());
        for action in &model.0.model.script[self.next..] {
            if let Action::Run { seconds, .. } = action {
                end = end.plus(Time::of_duration(*seconds)?).ok_or(runtime::Error::TooLong)?;
            }
        }
        Ok(self.network.reserve(end.since(self.network.time()).unwrap_or(Time::ZERO))?)
    }

    /// Does the `set` that is action `number` of the script.
    pub(crate) fn apply_set(&mut self, number: usize) -> Result<(), Error> {
        let model = self.model.clone();
        for (_, group, stages) in model.0.executable.sets.iter().filter(|(set, ..)| *set == number) {
            self.network.apply_stages(&model.0.model.groups[*group].name, stages)?;
        }
        Ok(())
    }

    /// Lets record number `record` of the model pause or go on.
    pub(crate) fn apply_switch(&mut self, record: usize, on: bool) -> Result<(), Error> {
        let model = self.model.clone();
        let record = &model.0.model.records[record];
        let group = &model.0.model.groups[record.group];
        Ok(self.network.pause(&format!("{}.{}", group.name, group.observed(record)), !on)?)
    }

    /// Stops recording, until [`Simulation::resume`]; `name` is that of a recording or of events.
    ///
    /// ```
    /// let text = "clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }\nrecord g.x";
    /// let mut simulation = dvdt::Engine::new().compile("m", text)?.simulation()?;
    /// simulation.run_for("2*ms")?;
    /// simulation.pause("g.x")?;
    /// simulation.run_for("2*ms")?;
    /// simulation.resume("g.x")?;
    /// simulation.run_for("1*ms")?;
    /// assert_eq!(simulation.recording("g.x")?.times(), [0.0, 0.001, 0.004]);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// When nothing of that name is recorded.
    pub fn pause(&mut self, name: &str) -> Result<(), Error> {
        Ok(self.network.pause(name, true)?)
    }

    /// Goes on with recording after [`Simulation::pause`].
    ///
    /// # Errors
    /// When nothing of that name is recorded.
    pub fn resume(&mut self, name: &str) -> Result<(), Error> {
        Ok(self.network.pause(name, false)?)
    }

    /// What a `record` of an event has recorded: `cells.spikes`, or `cells.` and the name of the event.
    ///
    /// # Errors
    /// When no event of that name is recorded.
    pub fn events(&self, name: &str) -> Result<&Events, Error> {
        let found = self.network.events().find(|events| events.name() == name);
        found.ok_or_else(|| Error::name("recording of events", name, self.network.events().map(Events::name)))
    }

    /// All recorded events, in the order of the text.
    pub fn all_events(&self) -> impl ExactSizeIterator<Item = &Events> {
        self.network.events()
    }

    /// Whether a variable holds floats, integers or truth values.
    ///
    /// # Errors
    /// When there is no such variable.
    pub fn kind(&self, name: &str) -> Result<Kind, Error> {
        let (group, variable) = self.find(name)?;
        Ok(group.variable(variable)?.kind)
    }

    /// Does everything that happens at the next time at which something happens.
    ///
    /// Code of the host that is due runs before.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "clock dt = 2*ms\ngroup g[1] { dx/dt = 1/second : 1 }")?;
    /// let mut simulation = model.simulation()?;
    /// simulation.tick()?;
    /// assert_eq!(simulation.time(), 0.002);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no memory for recordings.
    pub fn tick(&mut self) -> Result<(), Error> {
        self.refuse_hooked()?;
        self.call_hooks()?;
        Ok(self.network.tick()?)
    }

    /// The time at which the simulation stands, in seconds.
    pub fn time(&self) -> f64 {
        self.network.time().to_f64()
    }

    /// What a `record` has recorded, by the name `group.variable`; `group.variable#2` is the second
    /// record of a variable.
    ///
    /// # Errors
    /// When nothing of that name is recorded.
    pub fn recording(&self, name: &str) -> Result<&Recording, Error> {
        let found = self.network.recordings().find(|recording| recording.name() == name);
        found.ok_or_else(|| Error::name("recording", name, self.network.recordings().map(Recording::name)))
    }

    /// All recordings, in the order of the text.
    pub fn recordings(&self) -> impl ExactSizeIterator<Item = &Recording> {
        self.network.recordings()
    }

    /// Lets runs use so many threads, the calling one included; one at first. A group's elements are shared
    /// out where that is seen to be faster; results are the same bits for any number.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "group g[100000] { dx/dt = -x/second : 1 }")?;
    /// let mut simulation = model.simulation()?;
    /// simulation.set_threads(2)?;
    /// simulation.run_for("1*second")?;
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn set_threads(&mut self, count: usize) -> Result<(), Error> {
        Ok(self.network.set_threads(count)?)
    }

    /// The groups whose elements several threads shared at most ticks since threads were set.
    pub fn shared_groups(&self) -> Vec<&str> {
        self.network.shared_groups()
    }

    /// Lets threads share groups whether it pays or not, to compare results.
    #[doc(hidden)]
    pub fn always_divide(&mut self) {
        self.network.always_divide();
    }

    /// A token that stops a run of this simulation from another thread or a signal handler. A stopped
    /// run ends at a tick, and everything that was recorded is kept.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Follows runs, and can stop them with the [token](Simulation::cancel_token).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let model = dvdt::Engine::new().compile("m", "group g[1] { dx/dt = 1/second : 1 }")?;
    /// let mut simulation = model.simulation()?;
    /// let token = simulation.cancel_token();
    /// simulation.on_progress(Duration::ZERO, move |progress| {
    ///     if progress.fraction > 0.0 {
    ///         token.cancel();
    ///     }
    /// });
    /// let report = simulation.run_for("1000000*second")?;
    /// assert!(report.cancelled && simulation.time() < 1e6);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// Calls `callback` at the start of each run, then at most once per `interval` of wall time, and
    /// at the end.
    pub fn on_progress(&mut self, interval: Duration, callback: impl FnMut(&Progress) + Send + 'static) {
        self.interval = interval;
        self.progress = Some(Box::new(callback));
    }

    /// Writes everything that is recorded to files in `folder` while runs go on, in place of keeping it in
    /// memory: for `cells.v` the files `cells.v.npy` and `cells.v.t.npy`, for `cells.spikes` the files
    /// `cells.spikes.t.npy`, `cells.spikes.i.npy` and one for each variable that is kept. They can be
    /// read at any time, also when the process was killed.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let folder = folder.path();
    /// let text = "clock dt = 1*ms\ngroup g[2] { dx/dt = 1/ms : 1 }\nrecord g.x";
    /// let mut simulation = dvdt::Engine::new().compile("m", text)?.simulation()?;
    /// simulation.stream_to(folder)?;
    /// simulation.run_for("1000*ms")?;
    /// assert_eq!(simulation.recording("g.x")?.total(), 1000);
    /// assert!(std::fs::metadata(folder.join("g.x.npy")).unwrap().len() > 16000);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the folder cannot be made, or a file cannot be written.
    pub fn stream_to(&mut self, folder: impl AsRef<Path>) -> Result<(), Error> {
        self.stream(folder.as_ref(), false)
    }

    /// The same after [`Simulation::restore`]: goes on with the files of the run that the checkpoint was
    /// taken of, and cuts off what it wrote after that.
    ///
    /// # Errors
    /// When a file is missing, or holds something else than it should.
    pub fn stream_on(&mut self, folder: impl AsRef<Path>) -> Result<(), Error> {
        self.stream(folder.as_ref(), true)
    }

    fn stream(&mut self, folder: &Path, on: bool) -> Result<(), Error> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::Output { path: folder.display().to_string(), what: error.to_string() })?;
        if let Some(name) = self.others.first().filter(|_| on) {
            let what = format!("`{name}` is recorded otherwise than in the checkpoint; stream to a new folder");
            return Err(Error::Value(what));
        }
        // What the checkpoint holds itself goes to new files.
        let begin = |total| if on && total > 0 { Begin::After(total) } else { Begin::Anew };
        // All are looked at before any is cut.
        for recording in self.network.recordings() {
            if let Begin::After(rows) = begin(recording.total() - recording.samples() as u64) {
                Rows::check(folder, recording, rows)?;
            }
        }
        for events in self.network.events() {
            if let Begin::After(rows) = begin(events.counts().iter().sum::<u64>() - events.len() as u64) {
                EventRows::check(folder, events, rows)?;
            }
        }
        let mut sinks = vec![];
        for recording in self.network.recordings() {
            let kept = recording.total() - recording.samples() as u64;
            sinks.push((recording.name().to_owned(), Rows::open(folder, recording, begin(kept))?));
        }
        let mut event_sinks = vec![];
        for events in self.network.events() {
            let total: u64 = events.counts().iter().sum();
            let kept = total - events.len() as u64;
            event_sinks.push((events.name().to_owned(), EventRows::open(folder, events, begin(kept))?));
        }
        for (name, sink) in sinks {
            self.network.stream(&name, Box::new(sink))?;
        }
        for (name, sink) in event_sinks {
            self.network.stream_events(&name, Box::new(sink))?;
        }
        Ok(())
    }

    /// Hands everything that is streamed to its files.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush(&mut self) -> Result<(), Error> {
        Ok(self.network.flush()?)
    }

    /// The seed of its random numbers.
    pub fn seed(&self) -> u64 {
        self.network.seed()
    }

    /// Everything that decides the future, without what was recorded.
    pub fn checkpoint(&self) -> Checkpoint {
        self.take(false)
    }

    /// The same with everything that was recorded and is still held here, so that a run that goes on from
    /// it ends with the same recordings.
    ///
    /// ```
    /// let text = "clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }\nrecord g.x";
    /// let model = dvdt::Engine::new().compile("m", text)?;
    /// let mut one = model.simulation()?;
    /// one.run_for("3*ms")?;
    /// let checkpoint = one.checkpoint_with_recordings();
    /// let mut other = model.simulation()?;
    /// other.restore(&checkpoint)?;
    /// other.run_for("1*ms")?;
    /// assert_eq!(other.recording("g.x")?.values(), [0.0, 1.0, 2.0, 3.0]);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    pub fn checkpoint_with_recordings(&self) -> Checkpoint {
        self.take(true)
    }

    fn take(&self, recorded: bool) -> Checkpoint {
        let place = Place {
            next: self.next,
            unfinished: self.unfinished,
            script: self.model.model().script_fingerprint(self.next),
            hooks: self.hooks.iter().map(|hook| (hook.interval, hook.next)).collect(),
            drawn: self.drawn.iter().map(|(&group, &last)| (group, last)).collect(),
        };
        Checkpoint {
            state: self.network.state(recorded),
            place,
            text: self.model.text().to_owned(),
            past: self.network.past(),
        }
    }

    /// Goes to the state of a checkpoint, all of it or nothing. Recordings that it does not hold are cut
    /// to what they were then, if this simulation has been there, and begin anew otherwise. Streams end
    /// here; [`Simulation::stream_on`] goes on with them. What does not go on as it was, because the model's
    /// records or script have changed, is given as sentences.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it was taken of another model; it says what differs. When a stream cannot
    /// be written.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<Vec<String>, Error> {
        self.network.flush()?;
        let others = self.network.restore(&checkpoint.state, &checkpoint.past).map_err(Error::Checkpoint)?;
        let anew = |name: &String| format!("`{name}` is recorded otherwise than in the checkpoint, and begins anew");
        let mut notes: Vec<String> = others.iter().map(anew).collect();
        let Place { next, unfinished, script, hooks, drawn } = &checkpoint.place;
        // What comes behind the place where it stood may be another.
        let model = self.model.model();
        let same_script = *next <= model.script.len() && model.script_fingerprint(*next) == *script;
        (self.next, self.unfinished) = if same_script { (*next, *unfinished) } else { (0, None) };
        if !same_script {
            notes.push(
                "what was done of the script is another than in the checkpoint; it is done from its start".to_owned(),
            );
        }
        self.others = others;
        self.drawn = drawn.iter().copied().collect();
        let now = self.network.time();
        for (place, hook) in self.hooks.iter_mut().enumerate() {
            let known = hooks.get(place).filter(|(interval, _)| *interval == hook.interval).map(|&(_, next)| next);
            hook.next = known.or_else(|| now.intervals(hook.interval)).unwrap_or(hook.next);
        }
        Ok(notes)
    }

    /// The model that runs.
    pub fn model(&self) -> &CompiledModel {
        &self.model
    }
}

impl Debug for Simulation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("model", &self.model).field("time", &self.time()).finish_non_exhaustive()
    }
}

/// The highest stream of random numbers that `value` draws from.
fn last_stream(pool: &Pool, value: ExprId) -> Option<i64> {
    let stream = |id| match pool.get(id) {
        Expr::Call(Function::Rand | Function::Randn | Function::Poisson, arguments) => {
            arguments.last().and_then(|&stream| match pool.get(stream) {
                Expr::Integer(number) => Some(*number),
                _ => None,
            })
        }
        _ => None,
    };
    pool.reachable(&[value]).into_iter().filter_map(stream).max()
}

fn mismatch(name: &str, kind: Kind, input: &Input) -> Error {
    let holds = match kind {
        Kind::Boolean => "truth values",
        Kind::Integer => "integers",
        Kind::Float => "floats",
    };
    let given = match input {
        Input::Text(_) => "a text",
        Input::Float(..) => "a float",
        Input::Floats(..) => "several floats",
        Input::Integer(_) => "an integer",
        Input::Boolean(_) => "a truth value",
    };
    Error::Value(format!("`{name}` holds {holds}, but {given} was given"))
}

/// The seconds of a duration, which is called `what`.
fn seconds(what: &str, time: Input) -> Result<f64, Error> {
    let (value, found) = match time {
        Input::Text(text) => quantity(&format!("<{what}>"), &text)?,
        Input::Float(value, dimension) => (value, dimension),
        Input::Floats(..) | Input::Integer(_) | Input::Boolean(_) => {
            return Err(Error::Value("a duration is a time such as `10*ms`".to_owned()));
        }
    };
    if found != Dimension::TIME {
        return Err(Error::dimension(format!("the {what}"), Dimension::TIME, found));
    }
    Ok(value)
}

/// Evaluates a text like `100*ms`.
fn quantity(name: &str, text: &str) -> Result<(f64, Dimension), Error> {
    let (mut sources, mut report) = (Sources::new(), Report::new());
    let source = sources.add(name, text);
    let expr = syntax::expression(&sources, source, &mut report);
    let value = expr.and_then(|expr| model::quantity(&expr, &mut report));
    value.filter(|_| !report.has_errors()).ok_or_else(|| Error::text(sources, report))
}
