//! The pipeline: the only file that knows the order of the stages.
//!
//! text → [`ast`](crate::syntax::ast) → [`Model`] → [`Step`] → [`Kernel`] → core kernel →
//! [`Plan`](crate::runtime::Plan) of callable code, by [`link`].

use crate::algebra::{ExprId, Symbol};
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::interpret::Interpreter;
use crate::kernel::abi::{Array, EventId, Layout, Storage, UniformId, Varies};
use crate::kernel::lower::{Arithmetic, Happening, Place, lower, stored_type};
use crate::kernel::{self, Draw, Kernel, Piece, math};
use crate::model::{
    Action, Assignment, Builtin, Cause, Group, MathLevel, Model, Observed, Precision, Role as VariableRole, SPIKE,
    Slot, TimedArray,
};
use crate::scheme::{self, Step};
use crate::source::{SourceId, Sources};
use crate::syntax::{self, ast::ModelFile};
use std::path::Path;

mod link;
mod mistake;

pub use link::{Executable, Executor, link};

/// Text to model; the report holds every mistake, and without errors there is a model.
pub fn model(sources: &Sources, source: SourceId, folder: Option<&Path>, report: &mut Report) -> Option<Model> {
    let file = syntax::model_file(sources, source, report);
    meaning(&file, folder, report)
}

/// Syntax tree to model. What has a mistake in its notation is left out of the tree; the rest is
/// checked all the same, but what may only be missing because of that is not held against it. Files
/// that the text names are looked for in `folder`.
pub fn meaning(file: &ModelFile, folder: Option<&Path>, report: &mut Report) -> Option<Model> {
    if !report.has_errors() {
        let model = crate::model::check(file, folder, report);
        return if report.has_errors() { None } else { model };
    }
    let mut rest = Report::new();
    crate::model::check(file, folder, &mut rest);
    let holds = |mistake: &Diagnostic| mistake.severity == Severity::Error && !MAY_FOLLOW.contains(&mistake.code.0);
    report.diagnostics.extend(rest.diagnostics.into_iter().filter(holds));
    report.sort();
    None
}

/// Mistakes that a definition which was left out may bring about.
const MAY_FOLLOW: [&str; 4] = ["unknown-name", "not-a-function", "shared-from-elements", "missing-threshold"];

/// Model to kernels, group by group.
pub fn groups(model: &Model, report: &mut Report) -> Option<Vec<GroupCode>> {
    let steps: Vec<Option<Step>> = model.groups.iter().map(|group| scheme::step(group, report)).collect();
    let codes = steps.into_iter().enumerate().map(|(index, step)| Some(GroupCode::new(model, index, step?)));
    let codes: Vec<GroupCode> = codes.collect::<Option<_>>()?;
    for (group, code) in model.groups.iter().zip(&codes) {
        report.diagnostics.extend(code.beyond.map(|number| mistake::beyond_float32(group, number)));
    }
    Some(codes)
}

/// What a kernel of a group is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An initial value; all in order, once.
    Init,
    /// The matrix of a propagator, by its number.
    Matrix(usize),
    /// Hidden columns and uniforms, from parameters.
    Prelude,
    /// Hidden columns and uniforms that a value constant over dt needs.
    Before,
    /// A part of each tick, by its number: state update, thresholds, resets. Mostly there is one.
    Tick(usize),
    /// Code that runs at regular times, by its number in the group.
    Regular(usize),
    /// The values of a record, by its number in the model.
    Probe(usize),
    /// A `set` of the script, by its number there.
    Set(usize),
}

/// A kernel as it is lowered, and in core instructions.
#[derive(Clone, Debug)]
pub struct Stages {
    /// What it is for.
    pub purpose: Purpose,
    /// With functions in it.
    pub kernel: Kernel,
    /// In core instructions.
    pub core: Kernel,
}

/// One thing to do for a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// Run the kernel of this number.
    Kernel(usize),
    /// Fill a column with random numbers.
    Draw(Draw),
}

/// Where an event is listed while a tick lasts, and what is kept of it.
#[derive(Clone, Debug)]
struct Listed {
    /// The number of the event in the group.
    event: usize,
    id: EventId,
    kept: Vec<Symbol>,
}

/// One group between step and machine code.
#[derive(Clone, Debug)]
pub struct GroupCode {
    /// What a tick assigns.
    pub step: Step,
    /// Where its numbers lie.
    pub layout: Layout,
    /// In the order in which they run.
    pub kernels: Vec<Stages>,
    /// The slot in which each part of a tick begins.
    pub parts: Vec<Slot>,
    /// All work, in order.
    items: Vec<(Purpose, Item)>,
    /// The number of the group.
    number: u32,
    /// The events that somebody looks at.
    listed: Vec<Listed>,
    /// Where each symbol of the step's pool is.
    places: Vec<Place>,
    /// Where the seed of random numbers is.
    seed: UniformId,
    /// Where the matrix of each propagator is.
    matrices: Vec<Vec<Place>>,
    /// What each record reads, by the number of the record.
    probes: Vec<(usize, Place)>,
    /// A constant that is rounded to 32 bits and that they cannot hold.
    beyond: Option<f64>,
}

/// The name of the uniform that holds the seed of random numbers.
pub const SEED: &str = "(seed)";

impl GroupCode {
    fn new(model: &Model, index: usize, step: Step) -> Self {
        let group = &model.groups[index];
        let mut storage = Storage::default();
        let seed = storage.uniform(SEED, kernel::Type::I64, Varies::Runs);
        let dt = model.clocks[group.clock].dt;
        storage.arrays = model.constants.timed.iter().map(|array| timed_array(array, dt.to_f64())).collect();
        let mut places: Vec<Place> = (0u32..)
            .map(Symbol)
            .zip(&group.variables)
            .map(|(symbol, variable)| place(variable, group, symbol, dt.to_f64(), &mut storage))
            .collect();
        places.extend(hidden_places(group, &step, &mut storage));
        let listed = listed(model, index, &mut storage);
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let code = GroupCode {
            step,
            layout: Layout::new(Storage::default(), 0),
            kernels: vec![],
            parts: vec![],
            items: vec![],
            number,
            listed,
            places,
            seed,
            matrices: vec![],
            probes: vec![],
            beyond: None,
        };
        let mut work = Work { model, group, index, storage, code, masks: vec![None; group.events.len()] };
        work.group_kernels();
        let Work { storage, mut code, .. } = work;
        code.layout = Layout::new(storage, group.size);
        code
    }
}

impl GroupCode {
    /// The kernel that is all of a tick but for what is recorded, so that several ticks may be one call.
    pub fn only_call(&self) -> Option<&Kernel> {
        let of_ticks = |purpose| matches!(purpose, Purpose::Tick(_) | Purpose::Before);
        let mut items = self.items.iter().filter(|(purpose, _)| of_ticks(*purpose));
        match (items.next(), items.next()) {
            (Some(&(Purpose::Tick(_), Item::Kernel(number))), None) => Some(&self.kernels[number].core),
            _ => None,
        }
    }
}

/// Time is rounded to a fraction of a tick, so that a row begins with the tick it should (Brian2's
/// rule).
fn timed_array(array: &TimedArray, dt: f64) -> Array {
    let interval = array.dt.to_f64();
    let mut grains = 1.0;
    while grains < 8.0 * interval / dt && grains < 1e15 {
        grains *= 2.0;
    }
    let (name, values, columns) = (array.name.clone(), array.values.clone(), array.columns);
    Array { name, values, columns, grain: interval / grains, grains }
}

/// The events that records look at, each with what is kept of it.
fn listed(model: &Model, index: usize, storage: &mut Storage) -> Vec<Listed> {
    let group = &model.groups[index];
    let mut list = vec![];
    for (event, own) in group.events.iter().enumerate() {
        let (mut kept, mut observed): (Vec<Symbol>, bool) = (vec![], false);
        for record in model.records.iter().filter(|record| record.group == index) {
            match &record.observed {
                Observed::Event { event: of, captured } if *of == event => {
                    observed = true;
                    kept.extend(captured.iter().filter(|symbol| !kept.contains(symbol)).copied().collect::<Vec<_>>());
                }
                Observed::Rate { .. } if event == 0 => observed = true,
                Observed::Event { .. } | Observed::Rate { .. } | Observed::Variable { .. } => {}
            }
        }
        if observed {
            let id = storage.event(&own.name, kept.len());
            list.push(Listed { event, id, kept });
        }
    }
    list
}

/// Where a variable is; one without a place of its own gets a column when it is recorded.
fn place(variable: &crate::model::Variable, group: &Group, symbol: Symbol, dt: f64, storage: &mut Storage) -> Place {
    let varies = match variable.role {
        VariableRole::Builtin(builtin) => {
            return match builtin {
                Builtin::Time => Place::Time(dt),
                Builtin::Dt => Place::Float(dt),
                Builtin::Tick => Place::Tick,
                Builtin::Index => Place::Index,
                Builtin::Size => Place::Integer(i64::try_from(group.size).unwrap_or(i64::MAX)),
            };
        }
        VariableRole::Parameter if group.is_written(symbol) => Varies::Ticks,
        VariableRole::Parameter => Varies::Runs,
        VariableRole::State { .. }
        | VariableRole::Subexpression { constant_over_dt: true, .. }
        | VariableRole::NotRefractory
        | VariableRole::LastTick => Varies::Ticks,
        VariableRole::Subexpression { constant_over_dt: false, .. }
        | VariableRole::Noise
        | VariableRole::LastSpike
        | VariableRole::Temporary => return Place::Nowhere,
    };
    // What is the same for all elements keeps its precision.
    let float = if variable.shared { kernel::Type::F64 } else { float(group) };
    let ty = stored_type(variable.kind, float);
    new_place(&variable.name, ty, variable.shared, varies, storage)
}

/// The type of floats of elements.
fn float(group: &Group) -> kernel::Type {
    match group.precision {
        Precision::Float64 => kernel::Type::F64,
        Precision::Float32 => kernel::Type::F32,
    }
}

/// Hidden numbers follow the group's variables, in both numberings.
fn hidden_places(group: &Group, step: &Step, storage: &mut Storage) -> Vec<Place> {
    let mut places = vec![];
    for (number, hidden) in (group.variables.len()..).zip(&step.hidden) {
        let symbol = u32::try_from(number).ok().map(Symbol);
        let every_tick = step.propagators.iter().any(|propagator| {
            propagator.every_tick && propagator.exponential.iter().chain(&propagator.integral).any(|&to| to == symbol)
        });
        let varies = if every_tick { Varies::Ticks } else { Varies::Runs };
        places.push(new_place(&hidden.name, kernel::Type::F64, hidden.shared, varies, storage));
    }
    places
}

fn new_place(name: &str, ty: kernel::Type, shared: bool, varies: Varies, storage: &mut Storage) -> Place {
    if shared {
        Place::Uniform(storage.uniform(name, ty, varies))
    } else {
        Place::Column(storage.column(name, ty, varies))
    }
}

/// A group whose kernels are being made.
struct Work<'a> {
    model: &'a Model,
    group: &'a Group,
    index: usize,
    storage: Storage,
    code: GroupCode,
    /// For each event the symbol of the column that carries its mask from one part of a tick to the next.
    masks: Vec<Option<Symbol>>,
}

/// A stretch of a tick that does one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The state update.
    Update,
    /// The condition of an event, by its number.
    Condition(usize),
    /// What an event does, by its number.
    Code(usize),
}

impl Work<'_> {
    fn group_kernels(&mut self) {
        self.first_values();
        for assignment in self.group.init.clone() {
            self.assignment(Purpose::Init, assignment);
        }
        for number in 0..self.code.step.propagators.len() {
            self.matrix(number);
        }
        for (symbol, value) in self.code.step.before.clone() {
            let target = self.code.places[symbol.index()];
            self.kernel(Purpose::Before, self.variable_name(symbol), &[(target, value)], &[], true);
        }
        for number in 0..self.group.regular.len() {
            self.regular(number);
        }
        for part in self.parts() {
            self.part(&part);
        }
        for (number, record) in self.model.records.iter().enumerate() {
            if let Observed::Variable { symbol, .. } = record.observed
                && record.group == self.index
            {
                self.probe(number, symbol);
            }
        }
        for (number, action) in self.model.script.iter().enumerate() {
            match *action {
                Action::Set { group, assignment } if group == self.index => {
                    self.assignment(Purpose::Set(number), assignment);
                }
                Action::Set { .. } | Action::Run { .. } | Action::Switch { .. } => {}
            }
        }
    }

    fn variable_name(&self, symbol: Symbol) -> String {
        self.group.variable(symbol).name.clone()
    }

    fn targets(&self, written: Vec<(Symbol, ExprId)>) -> Vec<(Place, ExprId)> {
        written.into_iter().map(|(symbol, value)| (self.code.places[symbol.index()], value)).collect()
    }

    /// No element is refractory at first: the last spike was 10,000 seconds ago, as in Brian2.
    fn first_values(&mut self) {
        let roles = [VariableRole::NotRefractory, VariableRole::LastTick].map(|role| self.group.only(role));
        let [Some(active), Some(last)] = roles else { return };
        let dt = self.model.clocks[self.group.clock].dt.to_f64();
        #[allow(clippy::cast_possible_truncation, reason = "saturates for a dt that no model has")]
        let (ago, pool) = ((1e4 / dt) as i64, &mut self.code.step.pool);
        let written = vec![(active, pool.boolean(true)), (last, pool.integer(-ago))];
        let written = self.targets(written);
        self.kernel(Purpose::Init, "init.refractory".to_owned(), &written, &[], false);
    }

    fn assignment(&mut self, purpose: Purpose, assignment: Assignment) {
        let value = scheme::assigned(self.group, &mut self.code.step.pool, &assignment);
        let name = format!(
            "{}.{}",
            if purpose == Purpose::Init { "init" } else { "set" },
            self.variable_name(assignment.target)
        );
        self.kernel(purpose, name, &[(self.code.places[assignment.target.index()], value)], &[], false);
    }

    fn matrix(&mut self, number: usize) {
        let propagator = self.code.step.propagators[number].clone();
        let places = &self.code.places;
        let shared =
            propagator.exponential.iter().flatten().all(|symbol| matches!(places[symbol.index()], Place::Uniform(_)));
        let varies = if propagator.every_tick { Varies::Ticks } else { Varies::Runs };
        let places: Vec<Place> = (0..propagator.matrix.len())
            .map(|entry| format!("A{number}[{}, {}]", entry / propagator.size, entry % propagator.size))
            .map(|name| new_place(&name, kernel::Type::F64, shared, varies, &mut self.storage))
            .collect();
        let entries: Vec<_> = places.iter().copied().zip(propagator.matrix).collect();
        self.kernel(Purpose::Matrix(number), format!("matrix{number}"), &entries, &[], false);
        self.code.matrices.push(places);
    }

    fn regular(&mut self, number: usize) {
        let mut flow = scheme::Flow::new(self.group, &mut self.code.step.pool);
        flow.run(&self.group.regular[number].code, None);
        let written = flow.finish();
        let written = self.targets(written);
        self.kernel(Purpose::Regular(number), format!("regular{number}"), &written, &[], true);
    }

    /// What a tick does, in the order of the schedule.
    fn phases(&self) -> Vec<(Slot, Phase)> {
        let group = self.group;
        let mut phases = vec![];
        if !self.code.step.updates.is_empty() || group.refractory.is_some() {
            phases.push((Slot::Groups, Phase::Update));
        }
        let matters = |number: usize| {
            let event = &group.events[number];
            let listed = self.code.listed.iter().any(|listed| listed.event == number);
            let refractory = event.name == SPIKE && group.refractory.is_some();
            matches!(event.cause, Cause::Condition(_)) && (listed || refractory || !event.code.is_empty())
        };
        let slot = |number: usize, of_spike, of_others| {
            if group.events[number].name == SPIKE { of_spike } else { of_others }
        };
        let events: Vec<usize> = (0..group.events.len()).filter(|&number| matters(number)).collect();
        for &number in &events {
            phases.push((slot(number, Slot::Thresholds, Slot::AfterThresholds), Phase::Condition(number)));
        }
        for &number in events.iter().filter(|&&number| !group.events[number].code.is_empty()) {
            phases.push((slot(number, Slot::Resets, Slot::AfterResets), Phase::Code(number)));
        }
        phases
    }

    /// The phases, cut wherever a record looks in between; each piece is one kernel.
    fn parts(&self) -> Vec<Vec<(Slot, Phase)>> {
        let looks: Vec<(Slot, i32)> = self
            .model
            .records
            .iter()
            .filter(|record| record.group == self.index && matches!(record.observed, Observed::Variable { .. }))
            .map(|record| (record.slot, record.order))
            .collect();
        let mut parts: Vec<Vec<(Slot, Phase)>> = vec![];
        for (slot, phase) in self.phases() {
            let joins = parts
                .last()
                .and_then(|part| part.last())
                .is_some_and(|&(before, _)| !looks.iter().any(|&look| (before, 0) <= look && look < (slot, 0)));
            match parts.last_mut().filter(|_| joins) {
                Some(part) => part.push((slot, phase)),
                None => parts.push(vec![(slot, phase)]),
            }
        }
        parts
    }

    /// One kernel for one part of the tick. Masks that a later part needs are kept in columns.
    fn part(&mut self, part: &[(Slot, Phase)]) {
        let number = self.code.parts.len();
        let mut happenings = vec![];
        let mut kept_masks = vec![];
        let mut masks: Vec<Option<ExprId>> = vec![None; self.group.events.len()];
        let updates = self.code.step.updates.clone();
        let mut places = std::mem::take(&mut self.code.places);
        let mut pool = std::mem::take(&mut self.code.step.pool);
        let mut flow = scheme::Flow::new(self.group, &mut pool);
        for &(_, phase) in part {
            match phase {
                Phase::Update => flow.update(&updates),
                Phase::Condition(event) => {
                    let Cause::Condition(condition) = self.group.events[event].cause else { continue };
                    let spike = self.group.events[event].name == SPIKE;
                    let mask = if spike { flow.spike(condition) } else { flow.read(condition) };
                    masks[event] = Some(mask);
                    happenings.push(self.happening(event, mask, &mut flow));
                    let later =
                        !self.group.events[event].code.is_empty() && !part.contains(&code_of(self.group, event));
                    if later {
                        kept_masks.push((event, mask));
                    }
                }
                Phase::Code(event) => {
                    let carried = || self.masks[event].map(|symbol| flow.outside(symbol));
                    let mask = masks[event].or_else(carried);
                    let mask = mask.unwrap_or_else(|| panic!("bug: code of an event before its condition"));
                    flow.run(&self.group.events[event].code, Some(mask));
                }
            }
        }
        let written = flow.finish();
        let mut targets: Vec<(Place, ExprId)> =
            written.into_iter().map(|(symbol, value)| (places[symbol.index()], value)).collect();
        for (event, mask) in kept_masks {
            let name = format!("event {event} happens");
            let column = self.storage.column(name, kernel::Type::Bool, Varies::Ticks);
            self.masks[event] = u32::try_from(places.len()).ok().map(Symbol);
            places.push(Place::Column(column));
            targets.push((Place::Column(column), mask));
        }
        (self.code.places, self.code.step.pool) = (places, pool);
        self.code.parts.push(part.first().map_or(Slot::Groups, |&(slot, _)| slot));
        let name = if part.iter().any(|&(_, phase)| phase == Phase::Update) {
            "update".to_owned()
        } else {
            format!("part{number}")
        };
        self.kernel(Purpose::Tick(number), name, &targets, &happenings, true);
    }

    /// What is listed of an event, if anybody looks at it.
    fn happening(&self, event: usize, mask: ExprId, flow: &mut scheme::Flow<'_>) -> Happening {
        let Some(listed) = self.code.listed.iter().find(|listed| listed.event == event) else {
            return Happening { event: None, mask, kept: vec![] };
        };
        let lists = &self.storage.event_slot(listed.id).captured;
        let kept = lists.iter().zip(&listed.kept).map(|(&list, &symbol)| (list, flow.value(symbol))).collect();
        Happening { event: Some(listed.id), mask, kept }
    }

    /// What is stored is recorded from where it is; the rest is computed into a column of its own.
    fn probe(&mut self, number: usize, symbol: Symbol) {
        let variable = self.group.variable(symbol);
        if let place @ (Place::Column(_) | Place::Uniform(_)) = self.code.places[symbol.index()] {
            self.code.probes.push((number, place));
            return;
        }
        let ty = stored_type(variable.kind, kernel::Type::F64);
        let place =
            new_place(&format!("record{number}.{}", variable.name), ty, false, Varies::Ticks, &mut self.storage);
        let value = self.code.step.pool.symbol(symbol, variable.kind);
        let value = scheme::spell_out(self.group, &mut self.code.step.pool, value);
        let name = format!("record.{}", self.variable_name(symbol));
        self.kernel(Purpose::Probe(number), name, &[(place, value)], &[], true);
        self.code.probes.push((number, place));
    }

    /// Lowers assignments and takes them through every pass.
    fn kernel(
        &mut self,
        purpose: Purpose,
        name: String,
        assignments: &[(Place, ExprId)],
        events: &[Happening],
        hoist: bool,
    ) {
        let passes = Passes::new(self.model, self.group);
        let name = format!("{}.{name}", self.group.name);
        let (pool, places) = (&self.code.step.pool, &self.code.places);
        let flat = lower(&name, pool, places, &self.storage, assignments, events, passes.0);
        self.look_for_rounding(&flat);
        let (pieces, flat) = kernel::draw(&flat, &mut self.storage);
        for piece in pieces {
            match piece {
                Piece::Draw(draw) => self.code.items.push((purpose, Item::Draw(draw))),
                Piece::Kernel(means) => {
                    let parts = passes.split(&means, &self.storage, false);
                    self.storage = parts.storage;
                    self.push(purpose, parts.main, passes);
                }
            }
        }
        let parts = passes.split(&flat, &self.storage, hoist);
        // `fast` math may have put constants together.
        [&parts.prelude, &parts.main].into_iter().for_each(|kernel| self.look_for_rounding(kernel));
        self.storage = parts.storage;
        self.push(Purpose::Prelude, parts.prelude, passes);
        self.push(purpose, parts.main, passes);
    }

    /// Remembers a constant that 32 bits cannot hold.
    fn look_for_rounding(&mut self, kernel: &Kernel) {
        self.code.beyond = self.code.beyond.or_else(|| kernel.values().find_map(|value| kernel.beyond_rounding(value)));
    }

    fn push(&mut self, purpose: Purpose, kernel: Kernel, passes: Passes) {
        if kernel.is_empty() {
            return;
        }
        let (kernel, core) = passes.finish(kernel, &self.storage);
        self.code.items.push((purpose, Item::Kernel(self.code.kernels.len())));
        self.code.kernels.push(Stages { purpose, kernel, core });
    }
}

fn code_of(group: &Group, event: usize) -> (Slot, Phase) {
    let slot = if group.events[event].name == SPIKE { Slot::Resets } else { Slot::AfterResets };
    (slot, Phase::Code(event))
}

/// The passes from expressions to core kernels, in their order.
#[derive(Clone, Copy)]
struct Passes(Arithmetic);

impl Passes {
    fn new(model: &Model, group: &Group) -> Self {
        Passes(Arithmetic { fast: model.math == MathLevel::Fast, float: float(group) })
    }

    fn split(self, flat: &Kernel, storage: &Storage, hoist: bool) -> kernel::Parts {
        if self.0.fast {
            return kernel::split(&kernel::reassociate(flat, storage), storage, hoist);
        }
        kernel::split(flat, storage, hoist)
    }

    /// The kernel with functions in it, and in core instructions.
    fn finish(self, kernel: Kernel, storage: &Storage) -> (Kernel, Kernel) {
        let kernel = if self.0.fast { kernel::share(&kernel::contract(&kernel, storage), storage) } else { kernel };
        let core = math::expand(&kernel, storage);
        if cfg!(debug_assertions) {
            for kernel in [&kernel, &core] {
                kernel::verify(kernel, storage).unwrap_or_else(|broken| panic!("bug: {broken}"));
            }
        }
        (kernel, core)
    }
}

/// Code for a single assignment, for the host to run between ticks: the same bits as those of a `set`
/// in the text.
pub fn assignment(model: &Model, group: &Group, code: &GroupCode, assignment: Assignment) -> Interpreter {
    let mut pool = group.pool.clone();
    let value = scheme::assigned(group, &mut pool, &assignment);
    let target = code.places[assignment.target.index()];
    let passes = Passes::new(model, group);
    let flat = lower("set", &pool, &code.places, code.layout.storage(), &[(target, value)], &[], passes.0);
    let parts = passes.split(&flat, code.layout.storage(), false);
    let (_, core) = passes.finish(parts.main, &parts.storage);
    Interpreter::new(core, code.layout.clone()).with_random(code.seed, code.number)
}
