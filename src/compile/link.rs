//! The last stage: kernels become something to call, and what is called becomes a plan.

use super::{GroupCode, Item, Listed, Purpose};
use crate::algebra::{Kind, Symbol, linear};
use crate::dimension::Dimension;
use crate::interpret::Interpreter;
use crate::jit::{self, Compiler};
use crate::kernel::Kernel;
use crate::kernel::abi::{Layout, Routine, Varies};
use crate::kernel::lower::Place;
use crate::model::{Cause, Group, Model, Observed, Role as VariableRole, Slot};
use crate::runtime::{
    self, Drawing, EventMonitorPlan, EventPlan, Kept, MonitorPlan, Part, Plan, Program, Propagate, RegularPlan, Source,
    Stage,
};
use std::sync::Arc;

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
    /// The `set` actions of the script: action, group, work.
    pub sets: Vec<(usize, usize, Vec<Stage>)>,
}

/// Kernels to callable code.
///
/// # Errors
/// When machine code cannot be made.
pub fn link(model: &Model, groups: &[GroupCode], executor: &Executor) -> Result<Executable, jit::Error> {
    let mut routines = routines(groups, executor)?.into_iter();
    let mut linked = Linked { model, programs: vec![], monitors: vec![], events: vec![], sets: vec![] };
    for (index, code) in groups.iter().enumerate() {
        let own: Vec<Arc<dyn Routine>> = routines.by_ref().take(code.kernels.len()).collect();
        linked.group(index, code, &own);
    }
    linked.monitors.sort_by_key(|&(number, _)| number);
    linked.events.sort_by_key(|&(number, _)| number);
    let plan = Plan {
        clocks: model.clocks.clone(),
        programs: linked.programs,
        monitors: linked.monitors.into_iter().map(|(_, monitor)| monitor).collect(),
        event_monitors: linked.events.into_iter().map(|(_, monitor)| monitor).collect(),
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
    events: Vec<(usize, EventMonitorPlan)>,
    sets: Vec<(usize, usize, Vec<Stage>)>,
}

impl Linked<'_> {
    fn group(&mut self, index: usize, code: &GroupCode, routines: &[Arc<dyn Routine>]) {
        let group = &self.model.groups[index];
        let all = |wanted: Purpose| {
            let own = code.items.iter().filter(move |(purpose, _)| *purpose == wanted);
            own.map(|(_, item)| code.stage(*item, routines)).collect::<Vec<Stage>>()
        };
        let dt = self.model.clocks[group.clock].dt.to_f64();
        let propagators = |every_tick: bool| {
            let chosen = code.step.propagators.iter().enumerate();
            chosen.filter(move |(_, propagator)| propagator.every_tick == every_tick).flat_map(move |(number, _)| {
                let matrix = all(Purpose::Matrix(number)).into_iter();
                matrix.chain([Stage::Propagate(code.propagate(number, dt))]).collect::<Vec<_>>()
            })
        };
        let part = |(number, &slot): (usize, &Slot)| Part { slot, stages: all(Purpose::Tick(number)) };
        let regular = |(number, regular): (usize, &crate::model::Regular)| RegularPlan {
            clock: regular.clock,
            stages: all(Purpose::Regular(number)),
        };
        self.programs.push(Program {
            name: group.name.clone(),
            clock: group.clock,
            layout: code.layout.clone(),
            variables: code.variables(group),
            seed: Some(code.seed),
            init: all(Purpose::Init),
            prelude: propagators(false).chain(all(Purpose::Prelude)).collect(),
            before: all(Purpose::Before).into_iter().chain(propagators(true)).collect(),
            regular: group.regular.iter().enumerate().map(regular).collect(),
            parts: code.parts.iter().enumerate().map(part).collect(),
            events: code.listed.iter().map(|listed| self.event(group, code, listed)).collect(),
            saved: code.saved(group),
            fingerprint: self.model.fingerprint(index),
        });
        for &(number, place) in &code.probes {
            let monitor = self.monitor(number, Source::Place(place_of(place)), all(Purpose::Probe(number)));
            self.monitors.push((number, monitor));
        }
        self.event_monitors(index, code);
        for (number, _) in self.model.script.iter().enumerate() {
            let stages = all(Purpose::Set(number));
            if !stages.is_empty() {
                self.sets.push((number, index, stages));
            }
        }
    }

    fn event(&self, group: &Group, code: &GroupCode, listed: &Listed) -> EventPlan {
        let slot = code.layout.storage().event_slot(listed.id);
        let event = &group.events[listed.event];
        EventPlan {
            name: event.name.clone(),
            count: slot.count,
            elements: slot.elements,
            given: match &event.cause {
                Cause::Given(given) => Some(given.clone()),
                Cause::Condition(_) => None,
            },
        }
    }

    /// The records of events and of rates.
    fn event_monitors(&mut self, index: usize, code: &GroupCode) {
        let group = &self.model.groups[index];
        let place = |event: usize| code.listed.iter().position(|listed| listed.event == event);
        for (number, record) in self.model.records.iter().enumerate().filter(|(_, record)| record.group == index) {
            match &record.observed {
                Observed::Variable { .. } => {}
                Observed::Rate { smooth } => {
                    let Some(event) = place(0) else { continue };
                    let source = Source::Rate { event, smooth: *smooth };
                    let monitor = self.monitor(number, source, vec![]);
                    self.monitors.push((number, monitor));
                }
                Observed::Event { event, captured } => {
                    let Some(place) = place(*event) else { continue };
                    let listed = &code.listed[place];
                    let lists = &code.layout.storage().event_slot(listed.id).captured;
                    let kept = captured.iter().filter_map(|symbol| {
                        let at = listed.kept.iter().position(|kept| kept == symbol)?;
                        let variable = group.variable(*symbol);
                        Some(Kept { name: variable.name.clone(), dimension: variable.dimension, list: lists[at] })
                    });
                    let (name, kept) = (self.record_name(number), kept.collect());
                    let fingerprint = self.model.record_fingerprint(number);
                    let last = record.last;
                    self.events
                        .push((number, EventMonitorPlan { name, fingerprint, group: index, event: place, kept, last }));
                }
            }
        }
    }

    /// `cells.v`, and `cells.v#2` when that is recorded a second time.
    fn record_name(&self, number: usize) -> String {
        let record = &self.model.records[number];
        let group = &self.model.groups[record.group];
        let name = |record: &crate::model::Record| format!("{}.{}", group.name, group.observed(record));
        let earlier = self.model.records[..number].iter().filter(|other| other.group == record.group);
        let earlier = earlier.filter(|other| group.observed(other) == group.observed(record)).count();
        if earlier == 0 { name(record) } else { format!("{}#{}", name(record), earlier + 1) }
    }

    fn monitor(&self, number: usize, source: Source, evaluate: Vec<Stage>) -> MonitorPlan {
        let record = &self.model.records[number];
        let group = &self.model.groups[record.group];
        let (dimension, kind, elements) = match &record.observed {
            Observed::Variable { symbol, elements } => {
                let variable = group.variable(*symbol);
                (variable.dimension, variable.kind, elements.clone())
            }
            Observed::Event { .. } | Observed::Rate { .. } => (Dimension::FREQUENCY, Kind::Float, None),
        };
        MonitorPlan {
            name: self.record_name(number),
            fingerprint: self.model.record_fingerprint(number),
            group: record.group,
            dimension,
            kind,
            elements,
            clock: record.clock,
            slot: record.slot,
            order: record.order,
            last: record.last,
            source,
            evaluate,
        }
    }
}

fn place_of(place: Place) -> runtime::Place {
    stored(place).unwrap_or_else(|| panic!("bug: a record of a builtin name without a column"))
}

impl GroupCode {
    fn stage(&self, item: Item, routines: &[Arc<dyn Routine>]) -> Stage {
        match item {
            Item::Kernel(number) => Stage::Call(routines[number].clone()),
            Item::Draw(draw) => Stage::Draw(Drawing { draw, seed: self.seed, group: self.number }),
        }
    }

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

    /// Everything of a group's variables that lies in memory.
    fn saved(&self, group: &Group) -> Vec<(String, runtime::Place)> {
        let all = group.variables.iter().zip(&self.places);
        all.filter_map(|(variable, &place)| Some((variable.name.clone(), stored(place)?))).collect()
    }

    /// Whether a tick may change what lies there.
    fn varies(&self, place: Place) -> bool {
        let storage = self.layout.storage();
        match place {
            Place::Column(id) => storage.column_slot(id).varies == Varies::Ticks,
            Place::Uniform(id) => storage.uniform_slot(id).varies == Varies::Ticks,
            Place::Time(_) | Place::Tick | Place::Index | Place::Nowhere | Place::Float(_) | Place::Integer(_) => false,
        }
    }

    fn variables(&self, group: &Group) -> Vec<runtime::Variable> {
        let visible = group.variables.iter().zip(&self.places);
        let named = |(variable, _): &(&crate::model::Variable, &Place)| variable.role != VariableRole::LastTick;
        visible
            .filter(named)
            .filter_map(|(variable, &place)| {
                Some(runtime::Variable {
                    name: variable.name.clone(),
                    kind: variable.kind,
                    dimension: variable.dimension,
                    place: stored(place)?,
                    writable: matches!(variable.role, VariableRole::State { .. } | VariableRole::Parameter),
                    state: !matches!(variable.role, VariableRole::Parameter) || self.varies(place),
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
