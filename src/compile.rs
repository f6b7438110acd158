//! The pipeline: the only file that knows the order of the stages.
//!
//! text → [`ast`](crate::syntax::ast) → [`Model`] → [`Step`] → [`Kernel`] → core kernel →
//! [`Plan`] of callable code.

use crate::algebra::{ExprId, Pool, Symbol, linear};
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::interpret::Interpreter;
use crate::jit::{self, Compiler};
use crate::kernel::abi::{Layout, Routine, Storage, UniformId, Varies};
use crate::kernel::lower::{Place, lower, stored_type};
use crate::kernel::{self, Kernel, math};
use crate::model::{Action, Assignment, Builtin, Group, MathLevel, Model, Role as VariableRole};
use crate::runtime::{self, MonitorPlan, Plan, Program, Propagate, Stage};
use crate::scheme::{self, Step};
use crate::source::{SourceId, Sources};
use crate::syntax::{self, ast::ModelFile};
use std::sync::Arc;

/// Text to model; the report holds every mistake, and without errors there is a model.
pub fn model(sources: &Sources, source: SourceId, report: &mut Report) -> Option<Model> {
    let file = syntax::model_file(sources, source, report);
    meaning(&file, report)
}

/// Syntax tree to model. What has a mistake in its notation is left out of the tree; the rest is
/// checked all the same, but what may only be missing because of that is not held against it.
pub fn meaning(file: &ModelFile, report: &mut Report) -> Option<Model> {
    if !report.has_errors() {
        let model = crate::model::check(file, report);
        return if report.has_errors() { None } else { model };
    }
    let mut rest = Report::new();
    crate::model::check(file, &mut rest);
    let holds = |mistake: &Diagnostic| mistake.severity == Severity::Error && !MAY_FOLLOW.contains(&mistake.code.0);
    report.diagnostics.extend(rest.diagnostics.into_iter().filter(holds));
    report.sort();
    None
}

/// Mistakes that a definition which was left out may bring about.
const MAY_FOLLOW: [&str; 3] = ["unknown-name", "not-a-function", "shared-from-elements"];

/// Model to kernels, group by group.
pub fn groups(model: &Model, report: &mut Report) -> Option<Vec<GroupCode>> {
    let steps: Vec<Option<Step>> = model.groups.iter().map(|group| scheme::step(group, report)).collect();
    let codes = steps.into_iter().enumerate().map(|(index, step)| Some(GroupCode::new(model, index, step?)));
    codes.collect()
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
    /// The state update.
    Update,
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

/// One group between step and machine code.
#[derive(Clone, Debug)]
pub struct GroupCode {
    /// What a tick assigns.
    pub step: Step,
    /// Where its numbers lie.
    pub layout: Layout,
    /// In the order in which they run.
    pub kernels: Vec<Stages>,
    /// Where each symbol of the step's pool is.
    places: Vec<Place>,
    /// Where the seed of random numbers is.
    seed: UniformId,
    /// Where the matrix of each propagator is.
    matrices: Vec<Vec<Place>>,
    /// What each record reads, by the number of the record.
    probes: Vec<(usize, Place)>,
}

/// The name of the uniform that holds the seed of random numbers.
pub const SEED: &str = "(seed)";

impl GroupCode {
    fn new(model: &Model, index: usize, step: Step) -> Self {
        let group = &model.groups[index];
        let mut storage = Storage::default();
        let seed = storage.uniform(SEED, kernel::Type::I64, Varies::Runs);
        let dt = model.clocks[group.clock].dt.to_f64();
        let mut places: Vec<Place> =
            group.variables.iter().map(|variable| place(variable, group.size, dt, &mut storage)).collect();
        places.extend(hidden_places(group, &step, &mut storage));
        let (kernels, matrices, probes) = (vec![], vec![], vec![]);
        let mut work = Work { model, group, index, seed, step, storage, places, kernels, matrices, probes };
        work.group_kernels();
        let Work { step, storage, places, kernels, matrices, probes, .. } = work;
        GroupCode { step, layout: Layout::new(storage, group.size), kernels, places, seed, matrices, probes }
    }
}

/// Where a variable is; one without a place of its own gets a column when it is recorded.
fn place(variable: &crate::model::Variable, size: usize, dt: f64, storage: &mut Storage) -> Place {
    let varies = match variable.role {
        VariableRole::Builtin(builtin) => {
            return match builtin {
                Builtin::Time => Place::Time(dt),
                Builtin::Dt => Place::Float(dt),
                Builtin::Tick => Place::Tick,
                Builtin::Index => Place::Index,
                Builtin::Size => Place::Integer(i64::try_from(size).unwrap_or(i64::MAX)),
            };
        }
        VariableRole::Parameter => Varies::Runs,
        VariableRole::State { .. } | VariableRole::Subexpression { constant_over_dt: true, .. } => Varies::Ticks,
        VariableRole::Subexpression { constant_over_dt: false, .. } => return Place::Nowhere,
    };
    let ty = stored_type(variable.kind);
    new_place(&variable.name, ty, variable.shared, varies, storage)
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
    seed: UniformId,
    step: Step,
    storage: Storage,
    places: Vec<Place>,
    kernels: Vec<Stages>,
    matrices: Vec<Vec<Place>>,
    probes: Vec<(usize, Place)>,
}

impl Work<'_> {
    fn group_kernels(&mut self) {
        for assignment in self.group.init.clone() {
            self.assignment(Purpose::Init, assignment);
        }
        for number in 0..self.step.propagators.len() {
            self.matrix(number);
        }
        for (symbol, value) in self.step.before.clone() {
            let target = self.places[symbol.index()];
            self.kernel(Purpose::Before, self.variable_name(symbol), &[(target, value)], true);
        }
        let updates = self.step.updates.iter().map(|&(symbol, value)| (self.places[symbol.index()], value));
        self.kernel(Purpose::Update, "update".to_owned(), &updates.collect::<Vec<_>>(), true);
        for (number, record) in self.model.records.iter().enumerate() {
            if record.group == self.index {
                self.probe(number, record.variable);
            }
        }
        for (number, action) in self.model.script.iter().enumerate() {
            match *action {
                Action::Set { group, assignment } if group == self.index => {
                    self.assignment(Purpose::Set(number), assignment);
                }
                Action::Set { .. } | Action::Run { .. } => {}
            }
        }
    }

    fn variable_name(&self, symbol: Symbol) -> String {
        self.group.variable(symbol).name.clone()
    }

    fn assignment(&mut self, purpose: Purpose, assignment: Assignment) {
        let value = scheme::spell_out(self.group, &mut self.step.pool, assignment.value);
        let name = format!(
            "{}.{}",
            if purpose == Purpose::Init { "init" } else { "set" },
            self.variable_name(assignment.target)
        );
        self.kernel(purpose, name, &[(self.places[assignment.target.index()], value)], false);
    }

    fn matrix(&mut self, number: usize) {
        let propagator = self.step.propagators[number].clone();
        let shared = propagator
            .exponential
            .iter()
            .flatten()
            .all(|symbol| matches!(self.places[symbol.index()], Place::Uniform(_)));
        let varies = if propagator.every_tick { Varies::Ticks } else { Varies::Runs };
        let places: Vec<Place> = (0..propagator.matrix.len())
            .map(|entry| format!("A{number}[{}, {}]", entry / propagator.size, entry % propagator.size))
            .map(|name| new_place(&name, kernel::Type::F64, shared, varies, &mut self.storage))
            .collect();
        let entries: Vec<_> = places.iter().copied().zip(propagator.matrix).collect();
        self.kernel(Purpose::Matrix(number), format!("matrix{number}"), &entries, false);
        self.matrices.push(places);
    }

    /// What is stored is recorded from where it is; the rest is computed into a column of its own.
    fn probe(&mut self, number: usize, symbol: Symbol) {
        let variable = self.group.variable(symbol);
        if let place @ (Place::Column(_) | Place::Uniform(_)) = self.places[symbol.index()] {
            self.probes.push((number, place));
            return;
        }
        let ty = stored_type(variable.kind);
        let place =
            new_place(&format!("record{number}.{}", variable.name), ty, false, Varies::Ticks, &mut self.storage);
        let value = self.step.pool.symbol(symbol, variable.kind);
        let value = scheme::spell_out(self.group, &mut self.step.pool, value);
        self.kernel(Purpose::Probe(number), format!("record.{}", self.variable_name(symbol)), &[(place, value)], true);
        self.probes.push((number, place));
    }

    /// Lowers assignments and takes them through every pass.
    fn kernel(&mut self, purpose: Purpose, name: String, assignments: &[(Place, ExprId)], hoist: bool) {
        let passes = Passes::new(self.model, self.index, self.seed);
        let name = format!("{}.{name}", self.group.name);
        let parts = passes.lower(&name, &self.step.pool, &self.places, &self.storage, assignments, hoist);
        self.storage = parts.storage;
        for (purpose, kernel) in [(Purpose::Prelude, parts.prelude), (purpose, parts.main)] {
            if !kernel.is_empty() {
                let (kernel, core) = passes.finish(kernel, &self.storage);
                self.kernels.push(Stages { purpose, kernel, core });
            }
        }
    }
}

/// The passes from expressions to core kernels, in their order.
#[derive(Clone, Copy)]
struct Passes {
    fast: bool,
    group: u32,
    seed: UniformId,
}

impl Passes {
    fn new(model: &Model, group: usize, seed: UniformId) -> Self {
        let fast = model.math == MathLevel::Fast;
        Passes { fast, group: u32::try_from(group).unwrap_or(u32::MAX), seed }
    }

    fn lower(
        self,
        name: &str,
        pool: &Pool,
        places: &[Place],
        storage: &Storage,
        assignments: &[(Place, ExprId)],
        hoist: bool,
    ) -> kernel::Parts {
        let flat = lower(name, pool, places, storage, assignments, self.fast);
        let mut flat = kernel::draw(&flat, storage, self.seed, self.group);
        if self.fast {
            flat = kernel::reassociate(&flat, storage);
        }
        kernel::split(&flat, storage, hoist)
    }

    /// The kernel with functions in it, and in core instructions.
    fn finish(self, kernel: Kernel, storage: &Storage) -> (Kernel, Kernel) {
        let kernel = if self.fast { kernel::contract(&kernel, storage) } else { kernel };
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
pub fn assignment(model: &Model, index: usize, group: &Group, code: &GroupCode, assignment: Assignment) -> Interpreter {
    let mut pool = group.pool.clone();
    let value = scheme::spell_out(group, &mut pool, assignment.value);
    let target = code.places[assignment.target.index()];
    let passes = Passes::new(model, index, code.seed);
    let parts = passes.lower("set", &pool, &code.places, code.layout.storage(), &[(target, value)], false);
    let (_, core) = passes.finish(parts.main, &parts.storage);
    Interpreter::new(core, code.layout.clone())
}

/// How kernels are run.
#[derive(Clone)]
pub enum Executor {
    /// Compiled to machine code.
    Jit(Compiler),
    /// By the reference interpreter.
    Interpreter,
}

/// Everything that a simulation needs to start.
pub struct Executable {
    /// Code and memory.
    pub plan: Arc<Plan>,
    /// The `set` actions of the script: action, group, code.
    pub sets: Vec<(usize, usize, Arc<dyn Routine>)>,
}

/// Kernels to callable code.
///
/// # Errors
/// When machine code cannot be made.
pub fn link(model: &Model, groups: &[GroupCode], executor: &Executor) -> Result<Executable, jit::Error> {
    let mut routines = routines(groups, executor)?.into_iter();
    let mut linked = Linked { model, programs: vec![], monitors: vec![], sets: vec![] };
    for (index, code) in groups.iter().enumerate() {
        let own: Vec<(Purpose, Arc<dyn Routine>)> =
            code.kernels.iter().map(|stages| stages.purpose).zip(routines.by_ref()).collect();
        linked.group(index, code, &own);
    }
    linked.monitors.sort_by_key(|&(number, _)| number);
    let plan = Plan {
        clocks: model.clocks.clone(),
        programs: linked.programs,
        monitors: linked.monitors.into_iter().map(|(_, monitor)| monitor).collect(),
        denormals: model.denormals,
    };
    Ok(Executable { plan: Arc::new(plan), sets: linked.sets })
}

/// All kernels of all groups in order, each as something to call. A kernel that is too long to be
/// compiled in a time that anybody would wait is interpreted, which gives the same bits.
fn routines(groups: &[GroupCode], executor: &Executor) -> Result<Vec<Arc<dyn Routine>>, jit::Error> {
    let kernels: Vec<(&Kernel, &Layout)> =
        groups.iter().flat_map(|code| code.kernels.iter().map(|stages| (&stages.core, &code.layout))).collect();
    let short: Vec<(&Kernel, &Layout)> = kernels.iter().copied().filter(|(kernel, _)| jit::takes(kernel)).collect();
    let mut compiled = match executor {
        Executor::Jit(compiler) => compiler.compile(&short)?.into_iter(),
        Executor::Interpreter => vec![].into_iter(),
    };
    let routine = |(kernel, layout): (&Kernel, &Layout)| -> Arc<dyn Routine> {
        let code = if jit::takes(kernel) { compiled.next() } else { None };
        match code {
            Some(code) => Arc::new(code),
            None => Arc::new(Interpreter::new(kernel.clone(), layout.clone())),
        }
    };
    Ok(kernels.into_iter().map(routine).collect())
}

struct Linked<'a> {
    model: &'a Model,
    programs: Vec<Program>,
    monitors: Vec<(usize, MonitorPlan)>,
    sets: Vec<(usize, usize, Arc<dyn Routine>)>,
}

impl Linked<'_> {
    fn group(&mut self, index: usize, code: &GroupCode, routines: &[(Purpose, Arc<dyn Routine>)]) {
        let group = &self.model.groups[index];
        let all = |wanted: Purpose| {
            routines.iter().filter(move |(purpose, _)| *purpose == wanted).map(|(_, routine)| routine.clone())
        };
        let dt = self.model.clocks[group.clock].dt.to_f64();
        let propagators = |every_tick: bool| {
            let chosen = code.step.propagators.iter().enumerate();
            chosen.filter(move |(_, propagator)| propagator.every_tick == every_tick).flat_map(move |(number, _)| {
                let matrix = all(Purpose::Matrix(number)).map(Stage::Call);
                matrix.chain([Stage::Propagate(code.propagate(number, dt))]).collect::<Vec<_>>()
            })
        };
        self.programs.push(Program {
            name: group.name.clone(),
            clock: group.clock,
            layout: code.layout.clone(),
            variables: code.variables(group),
            seed: Some(code.seed),
            init: all(Purpose::Init).collect(),
            prelude: propagators(false).chain(all(Purpose::Prelude).map(Stage::Call)).collect(),
            before: all(Purpose::Before).map(Stage::Call).chain(propagators(true)).collect(),
            update: all(Purpose::Update).next(),
        });
        for &(number, place) in &code.probes {
            let monitor = self.monitor(number, place, all(Purpose::Probe(number)).next());
            self.monitors.push((number, monitor));
        }
        for (number, _) in self.model.script.iter().enumerate() {
            self.sets.extend(all(Purpose::Set(number)).map(|routine| (number, index, routine)));
        }
    }

    /// `cells.v`, and `cells.v#2` when that variable is recorded a second time.
    fn record_name(&self, number: usize) -> String {
        let record = &self.model.records[number];
        let group = &self.model.groups[record.group];
        let same = |other: &&crate::model::Record| (other.group, other.variable) == (record.group, record.variable);
        let earlier = self.model.records[..number].iter().filter(same).count();
        let name = format!("{}.{}", group.name, group.variable(record.variable).name);
        if earlier == 0 { name } else { format!("{name}#{}", earlier + 1) }
    }

    fn monitor(&self, number: usize, place: Place, evaluate: Option<Arc<dyn Routine>>) -> MonitorPlan {
        let record = &self.model.records[number];
        let group = &self.model.groups[record.group];
        let variable = group.variable(record.variable);
        MonitorPlan {
            name: self.record_name(number),
            group: record.group,
            dimension: variable.dimension,
            kind: variable.kind,
            elements: record.elements.clone(),
            clock: record.clock,
            source: stored(place).unwrap_or_else(|| panic!("bug: a record of a builtin name without a column")),
            evaluate,
        }
    }
}

impl GroupCode {
    fn propagate(&self, number: usize, dt: f64) -> Propagate {
        let propagator = &self.step.propagators[number];
        let place = |symbol: &Option<Symbol>| symbol.and_then(|symbol| stored(self.places[symbol.index()]));
        Propagate {
            size: propagator.size,
            dt,
            matrix: self.matrices[number].iter().copied().filter_map(stored).collect(),
            exponential: propagator.exponential.iter().map(place).collect(),
            integral: propagator.integral.iter().map(place).collect(),
            propagator: linear::propagator,
        }
    }

    fn variables(&self, group: &Group) -> Vec<runtime::Variable> {
        let visible = group.variables.iter().zip(&self.places);
        visible
            .filter_map(|(variable, &place)| {
                Some(runtime::Variable {
                    name: variable.name.clone(),
                    kind: variable.kind,
                    dimension: variable.dimension,
                    place: stored(place)?,
                    writable: matches!(variable.role, VariableRole::State { .. } | VariableRole::Parameter),
                    state: !matches!(variable.role, VariableRole::Parameter),
                })
            })
            .collect()
    }
}

/// The place in memory, of what has one.
fn stored(place: Place) -> Option<runtime::Place> {
    match place {
        Place::Column(id) => Some(runtime::Place::Column(id)),
        Place::Uniform(id) => Some(runtime::Place::Uniform(id)),
        Place::Time(_) | Place::Tick | Place::Index | Place::Nowhere | Place::Float(_) | Place::Integer(_) => None,
    }
}
