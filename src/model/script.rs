//! Checks what a file records and what it lets happen.

use rustc_hash::FxHashMap;

use super::assign::{assign, number};
use super::declare::Doubts;
use super::file::{item_span, seconds};
use super::group::whole;
use super::resolve::Scope;
use super::{Action, Builtin, Clock, Constants, Model, Record, Role, Seconds, mistake};
use crate::algebra::Pool;
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::syntax::ast::{self, Elements, Expr, Ident, Item, ModelFile};

/// Finds groups by name and clocks by the length of their tick.
struct Finder {
    groups: FxHashMap<String, usize>,
    clocks: FxHashMap<Seconds, usize>,
}

impl Finder {
    fn of(model: &Model) -> Finder {
        let mut finder = Finder { groups: FxHashMap::default(), clocks: FxHashMap::default() };
        for (index, group) in model.groups.iter().enumerate() {
            finder.groups.entry(group.name.clone()).or_insert(index);
        }
        for (index, clock) in model.clocks.iter().enumerate() {
            finder.clocks.entry(clock.dt).or_insert(index);
        }
        finder
    }

    fn group(&self, name: &Ident, model: &Model, report: &mut Report) -> Option<usize> {
        let found = self.groups.get(&name.name).copied();
        if found.is_none() {
            let known: Vec<&str> = model.groups.iter().map(|group| group.name.as_str()).collect();
            report.push(mistake::unknown("group", name, &known));
        }
        found
    }

    /// The clock with this tick, made if there is none.
    fn clock(&mut self, dt: Seconds, clocks: &mut Vec<Clock>) -> usize {
        *self.clocks.entry(dt).or_insert_with(|| {
            clocks.push(Clock { name: format!("every {dt}"), dt });
            clocks.len() - 1
        })
    }
}

/// Checks every `record`.
pub(super) fn records(file: &ModelFile, model: &mut Model, report: &mut Report) {
    let mut finder = Finder::of(model);
    let mut known = FxHashMap::default();
    for item in &file.items {
        let Item::Record(text) = item else { continue };
        let Some(record) = record(text, &mut finder, model, report) else { continue };
        let what = (record.group, record.variable, record.elements.clone(), record.clock);
        if let Some(earlier) = known.insert(what, record.span) {
            report.push(mistake::duplicate_record(record.span, earlier));
        }
        model.records.push(record);
    }
}

fn record(text: &ast::Record, finder: &mut Finder, model: &mut Model, report: &mut Report) -> Option<Record> {
    let every = text.every.as_ref().map(|every| seconds(every, "the interval of a record", &model.constants, report));
    let index = finder.group(&text.group, model, report)?;
    let group = &model.groups[index];
    let symbol = group.find(&text.variable.name);
    if symbol.is_none() {
        let known: Vec<&str> = group.variables.iter().map(|variable| variable.name.as_str()).collect();
        report.push(mistake::unknown_variable(&text.variable, &group.name, &known));
    }
    let elements = text.elements.as_ref().map(|list| elements(text, list, group.size, &model.constants, report));
    let symbol = symbol?;
    if let Role::Builtin(Builtin::Dt | Builtin::Size) = group.variable(symbol).role {
        report.push(mistake::not_recordable(&text.variable));
    }
    if group.size == 0 || matches!(&elements, Some(Some(elements)) if elements.is_empty()) {
        report.push(mistake::empty_record(text.span));
    }
    let clock = match every {
        None => group.clock,
        Some(every) => finder.clock(every?, &mut model.clocks),
    };
    let elements = match elements {
        None => None,
        Some(elements) => Some(elements?),
    };
    Some(Record { group: index, variable: symbol, elements, clock, span: text.span })
}

/// More elements than this are not listed one by one.
const LONGEST_LIST: usize = 1 << 24;

/// The chosen elements; `None` after a mistake.
fn elements(
    text: &ast::Record,
    list: &[Elements],
    size: usize,
    constants: &Constants,
    report: &mut Report,
) -> Option<Vec<usize>> {
    let mut chosen = vec![];
    let mut fine = true;
    for entry in list {
        match range(entry, size, constants, report) {
            Some(range) if chosen.len() + range.len() <= LONGEST_LIST => chosen.extend(range),
            Some(_) => {
                report.push(mistake::too_many_elements(text.span));
                return None;
            }
            None => fine = false,
        }
    }
    fine.then_some(chosen)
}

fn range(entry: &Elements, size: usize, constants: &Constants, report: &mut Report) -> Option<std::ops::Range<usize>> {
    match entry {
        Elements::One(expr) => {
            let index = element(expr, Bound::Element, size, constants, report)?;
            Some(index..index + 1)
        }
        Elements::Range(start, end) => {
            let mut bound = |expr: &Option<Expr>, default: usize| match expr {
                None => Some(default),
                Some(expr) => element(expr, Bound::OfRange, size, constants, report),
            };
            let (start, end) = (bound(start, 0), bound(end, size));
            Some(start?..end?)
        }
    }
}

/// What a number between brackets is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// One element.
    Element,
    /// An end of a range, which may lie just after the last element.
    OfRange,
}

/// The number of an element, or a bound of a range of them.
fn element(expr: &Expr, bound: Bound, size: usize, constants: &Constants, report: &mut Report) -> Option<usize> {
    let number = whole(expr, "the number of an element", constants, report)?;
    let index = usize::try_from(number).ok().filter(|&index| index < size || bound == Bound::OfRange && index == size);
    if index.is_none() {
        report.push(match bound {
            Bound::Element => mistake::element_out_of_range(number, size, expr.span()),
            Bound::OfRange => mistake::range_out_of_range(number, size, expr.span()),
        });
    }
    index
}

/// Checks every `run` and `set`, in order; `doubts` are those of each group.
pub(super) fn script(file: &ModelFile, doubts: &[Doubts], model: &mut Model, report: &mut Report) {
    let mut pools: Vec<Pool> = model.groups.iter_mut().map(|group| std::mem::take(&mut group.pool)).collect();
    let script = actions(file, doubts, model, &mut pools, report);
    model.script = script;
    for (group, pool) in model.groups.iter_mut().zip(pools) {
        group.pool = pool;
    }
    let runs = file.items.iter().any(|item| matches!(item, Item::Run { .. }));
    if let Some(last) = file.items.last().filter(|_| !runs) {
        report.push(mistake::no_run(match last {
            Item::Group(group) => group.name.span,
            other => item_span(other),
        }));
    }
}

fn actions(file: &ModelFile, doubts: &[Doubts], model: &Model, pools: &mut [Pool], report: &mut Report) -> Vec<Action> {
    let finder = Finder::of(model);
    let mut scopes: FxHashMap<usize, Scope> = FxHashMap::default();
    let mut script = vec![];
    for item in &file.items {
        let action = match item {
            Item::Run { duration, span } => {
                run(duration, &model.constants, report).map(|seconds| Action::Run { seconds, span: *span })
            }
            Item::Set { group, statement } => finder.group(group, model, report).and_then(|index| {
                let pool = &mut pools[index];
                let scope = scopes.entry(index).or_insert_with(|| {
                    let group = &model.groups[index];
                    let mut scope = Scope::of_group(&group.name, &group.variables, &model.constants, pool);
                    scope.doubt(&doubts[index]);
                    scope
                });
                let assignment = assign(statement, scope, pool, report)?;
                Some(Action::Set { group: index, assignment })
            }),
            Item::Clock { .. } | Item::Constant { .. } | Item::Group(_) | Item::Record(_) | Item::Setting { .. } => {
                None
            }
        };
        script.extend(action);
    }
    script
}

fn run(duration: &Expr, constants: &Constants, report: &mut Report) -> Option<f64> {
    let (value, seconds) = number(duration, &mut Scope::of_constants(constants), report)?;
    let found = value.dimension?;
    if found != Dimension::TIME {
        report.push(mistake::not_a_time("the duration of a run", found, seconds, duration.span()));
        return None;
    }
    let fine = seconds.is_finite() && seconds >= 0.0;
    if !fine {
        report.push(mistake::bad_duration(seconds, duration.span()));
    }
    fine.then_some(seconds)
}
