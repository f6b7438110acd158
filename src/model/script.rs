//! Checks what a file records and what it lets happen.

use rustc_hash::FxHashMap;

use super::assign::{assign, number};
use super::declare::Doubts;
use super::event::SPIKE;
use super::file::{item_span, seconds};
use super::group::whole;
use super::resolve::Scope;
use super::{Action, Builtin, Cause, Clock, Constants, Group, Model, Observed, Record, Role, Seconds, Slot, mistake};
use crate::algebra::{Pool, Symbol};
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::source::Span;
use crate::syntax::ast::{self, Elements, Expr, Ident, Item, ModelFile};

/// Finds groups by name.
struct Finder {
    groups: FxHashMap<String, usize>,
}

impl Finder {
    fn of(model: &Model) -> Finder {
        let mut finder = Finder { groups: FxHashMap::default() };
        for (index, group) in model.groups.iter().enumerate() {
            finder.groups.entry(group.name.clone()).or_insert(index);
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
}

/// The clock with this tick, made if there is none.
pub(super) fn clock_of(dt: Seconds, clocks: &mut Vec<Clock>) -> usize {
    if let Some(known) = clocks.iter().position(|clock| clock.dt == dt) {
        return known;
    }
    clocks.push(Clock { name: format!("every {dt}"), dt });
    clocks.len() - 1
}

/// Checks every `record`.
pub(super) fn records(file: &ModelFile, model: &mut Model, report: &mut Report) {
    let finder = Finder::of(model);
    let mut known = FxHashMap::default();
    for item in &file.items {
        let Item::Record(text) = item else { continue };
        let Some(record) = record(text, &finder, model, report) else { continue };
        let what = (record.group, format!("{:?}", record.observed), record.clock, record.slot, record.order);
        if let Some(earlier) = known.insert(what, record.span) {
            report.push(mistake::duplicate_record(record.span, earlier));
        }
        model.records.push(record);
    }
}

fn record(text: &ast::Record, finder: &Finder, model: &mut Model, report: &mut Report) -> Option<Record> {
    let every = text.every.as_ref().map(|every| seconds(every, "the interval of a record", &model.constants, report));
    let slot = text.when.as_ref().map(|name| slot(name, report));
    let order = text.order.as_ref().map(|order| order_of(order, &model.constants, report));
    let last = text.last.as_ref().map(|last| count(last, &model.constants, report));
    let smooth =
        text.smooth.as_ref().map(|time| seconds(time, "what a rate is smoothed over", &model.constants, report));
    let index = finder.group(&text.group, model, report)?;
    let observed = observed(text, smooth, &model.groups[index], &model.constants, report)?;
    let group = &model.groups[index];
    for (option, fits) in fitting(text, &observed) {
        if let Some(span) = option.filter(|_| !fits) {
            report.push(mistake::record_option(&text.variable, &observed, span));
        }
    }
    let own = group.clock;
    let clock = match every {
        None => own,
        Some(every) => clock_of(every?, &mut model.clocks),
    };
    if let (Observed::Rate { .. }, Some(every)) = (&observed, &text.every) {
        let ratio = model.clocks[clock].dt.ratio(model.clocks[own].dt);
        if ratio.and_then(super::Fraction::to_whole).is_none() {
            report.push(mistake::rate_bin(model.clocks[own].dt, every.span()));
        }
    }
    let default = if matches!(observed, Observed::Rate { .. }) { Slot::End } else { Slot::Start };
    let slot = slot.map_or(Some(default), |slot| slot)?;
    let order = order.map_or(Some(0), |order| order)?;
    let last = last.map_or(Some(None), |last| last.map(Some))?;
    Some(Record { group: index, observed, clock, slot, order, last, span: text.span })
}

/// The options that stand in a text, and whether they fit what is recorded.
fn fitting(text: &ast::Record, observed: &Observed) -> [(Option<Span>, bool); 6] {
    let (variable, event) = (matches!(observed, Observed::Variable { .. }), matches!(observed, Observed::Event { .. }));
    let rate = !variable && !event;
    [
        (text.every.as_ref().map(Expr::span), !event),
        (text.when.as_ref().map(|name| name.span), variable),
        (text.order.as_ref().map(Expr::span), variable),
        (text.smooth.as_ref().map(Expr::span), rate),
        (text.captured.as_ref().map(|list| list.first().map_or(text.variable.span, |name| name.span)), event),
        (text.elements.as_ref().map(|_| text.variable.span), variable),
    ]
}

/// A variable, an event, or the rate of spikes; variables come first.
fn observed(
    text: &ast::Record,
    smooth: Option<Option<Seconds>>,
    group: &Group,
    constants: &Constants,
    report: &mut Report,
) -> Option<Observed> {
    let name = text.variable.name.as_str();
    if let Some(symbol) = group.find(name) {
        return variable(text, symbol, group, constants, report);
    }
    let spike = group.events.iter().position(|event| event.name == SPIKE);
    let event = match name {
        "spikes" | "population_rate" if spike.is_none() => {
            report.push(mistake::no_spikes(&text.variable, &group.name));
            return None;
        }
        "population_rate" => {
            return Some(Observed::Rate {
                smooth: smooth.map_or(Some(None), |time| time.map(|time| Some(time.to_f64())))?,
            });
        }
        "spikes" => spike,
        _ => group.events.iter().position(|event| event.name == name && event.name != SPIKE),
    };
    let Some(event) = event else {
        let mut known: Vec<&str> = group.variables.iter().map(|variable| variable.name.as_str()).collect();
        known.extend(group.events.iter().map(|event| if event.name == SPIKE { "spikes" } else { event.name.as_str() }));
        known.extend(spike.map(|_| "population_rate"));
        report.push(mistake::unknown_variable(&text.variable, &group.name, &known));
        return None;
    };
    let mut captured = vec![];
    for name in text.captured.iter().flatten() {
        match group.find(&name.name) {
            Some(symbol) if group.variable(symbol).noisy => {
                report.push(mistake::noise_outside_equations(group.variable(symbol), name.span));
            }
            Some(_) if matches!(name.name.as_str(), "t" | "i" | "count") => {
                report.push(mistake::kept_anyway(name));
            }
            Some(symbol) if captured.contains(&symbol) => report.push(mistake::kept_twice(name)),
            Some(symbol) => captured.push(symbol),
            None => {
                let known: Vec<&str> = group.variables.iter().map(|variable| variable.name.as_str()).collect();
                report.push(mistake::unknown_variable(name, &group.name, &known));
            }
        }
    }
    if matches!(group.events[event].cause, Cause::Given(_)) && !captured.is_empty() {
        report.push(mistake::captured_of_given(text.span));
        return None;
    }
    Some(Observed::Event { event, captured })
}

fn variable(
    text: &ast::Record,
    symbol: Symbol,
    group: &Group,
    constants: &Constants,
    report: &mut Report,
) -> Option<Observed> {
    let elements = text.elements.as_ref().map(|list| elements(text, list, group.size, constants, report));
    let variable = group.variable(symbol);
    if let Role::Builtin(Builtin::Dt | Builtin::Size) = variable.role {
        report.push(mistake::not_recordable(&text.variable));
    }
    if variable.noisy {
        report.push(mistake::noise_outside_equations(variable, text.variable.span));
        return None;
    }
    if group.size == 0 || matches!(&elements, Some(Some(elements)) if elements.is_empty()) {
        report.push(mistake::empty_record(text.span));
    }
    let elements = elements.map_or(Some(None), |elements| elements.map(Some))?;
    Some(Observed::Variable { symbol, elements })
}

fn slot(name: &Ident, report: &mut Report) -> Option<Slot> {
    let found = Slot::ALL.into_iter().find(|slot| slot.name() == name.name);
    if found.is_none() {
        report.push(mistake::unknown("slot", name, &Slot::ALL.map(Slot::name)));
    }
    found
}

fn order_of(expr: &Expr, constants: &Constants, report: &mut Report) -> Option<i32> {
    let number = whole(expr, "an order", constants, report)?;
    let order = i32::try_from(number).ok();
    if order.is_none() {
        report.push(mistake::count_out_of_range("an order", number, expr.span()));
    }
    order
}

fn count(expr: &Expr, constants: &Constants, report: &mut Report) -> Option<usize> {
    let number = whole(expr, "the number of samples to keep", constants, report)?;
    let count = usize::try_from(number).ok().filter(|&count| count > 0 && count < 1 << 40);
    if count.is_none() {
        report.push(mistake::count_out_of_range("the number of samples to keep", number, expr.span()));
    }
    count
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
            Item::Switch { group, variable, on, .. } => switch(group, variable, *on, &finder, model, report),
            Item::Clock { .. }
            | Item::Constant { .. }
            | Item::Group(_)
            | Item::Record(_)
            | Item::TimedArray(_)
            | Item::Setting { .. } => None,
        };
        script.extend(action);
    }
    script
}

/// What is switched off or on is the first record of that name.
fn switch(
    group: &Ident,
    variable: &Ident,
    on: bool,
    finder: &Finder,
    model: &Model,
    report: &mut Report,
) -> Option<Action> {
    let index = finder.group(group, model, report)?;
    let own = model.records.iter().enumerate().filter(|(_, record)| record.group == index);
    let names: Vec<(usize, &str)> =
        own.map(|(number, record)| (number, model.groups[index].observed(record))).collect();
    let found = names.iter().find(|(_, name)| *name == variable.name);
    if found.is_none() {
        let known: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
        report.push(mistake::unknown("record", variable, &known));
    }
    found.map(|&(record, _)| Action::Switch { record, on })
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
