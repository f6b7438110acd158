//! Checks what a file records and what it lets happen.

use super::assign::{assign_in, number};
use super::file::{item_span, seconds};
use super::group::whole;
use super::resolve::Scope;
use super::{Action, Builtin, Clock, Constants, Model, Record, Role, Seconds, mistake};
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::syntax::ast::{self, Elements, Expr, Ident, Item, ModelFile};

/// Checks every `record`.
pub(super) fn records(file: &ModelFile, model: &mut Model, report: &mut Report) {
    for item in &file.items {
        let Item::Record(text) = item else { continue };
        let Some(record) = record(text, model, report) else { continue };
        let same = model.records.iter().find(|earlier| Record { span: record.span, ..(*earlier).clone() } == record);
        if let Some(earlier) = same {
            report.push(mistake::duplicate_record(record.span, earlier.span));
        }
        model.records.push(record);
    }
}

fn record(text: &ast::Record, model: &mut Model, report: &mut Report) -> Option<Record> {
    let every = text.every.as_ref().map(|every| seconds(every, "the interval of a record", &model.constants, report));
    let index = find_group(&text.group, model, report)?;
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
    if group.size == 0 || elements.as_ref().is_some_and(|elements| elements.as_ref().is_some_and(Vec::is_empty)) {
        report.push(mistake::empty_record(text.span));
    }
    let clock = match every {
        None => group.clock,
        Some(every) => clock_with(every?, &mut model.clocks),
    };
    let elements = match elements {
        None => None,
        Some(elements) => Some(elements?),
    };
    Some(Record { group: index, variable: symbol, elements, clock, span: text.span })
}

fn find_group(name: &Ident, model: &Model, report: &mut Report) -> Option<usize> {
    let found = model.groups.iter().position(|group| group.name == name.name);
    if found.is_none() {
        let known: Vec<&str> = model.groups.iter().map(|group| group.name.as_str()).collect();
        report.push(mistake::unknown("group", name, &known));
    }
    found
}

/// The clock with this tick, made if there is none.
fn clock_with(dt: Seconds, clocks: &mut Vec<Clock>) -> usize {
    let found = clocks.iter().position(|clock| clock.dt == dt);
    found.unwrap_or_else(|| {
        clocks.push(Clock { name: format!("every {dt}"), dt });
        clocks.len() - 1
    })
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
            let index = element(expr, size.checked_sub(1), size, constants, report)?;
            Some(index..index + 1)
        }
        Elements::Range(start, end) => {
            let mut bound = |expr: &Option<Expr>, default: usize| match expr {
                None => Some(default),
                Some(expr) => element(expr, Some(size), size, constants, report),
            };
            let (start, end) = (bound(start, 0), bound(end, size));
            Some(start?..end?)
        }
    }
}

/// A number from 0 to `last`.
fn element(expr: &Expr, last: Option<usize>, size: usize, constants: &Constants, report: &mut Report) -> Option<usize> {
    let number = whole(expr, "the number of an element", constants, report)?;
    let index = usize::try_from(number).ok().filter(|&index| last.is_some_and(|last| index <= last));
    if index.is_none() {
        report.push(mistake::element_out_of_range(number, size, expr.span()));
    }
    index
}

/// Checks every `run` and `set`, in order.
pub(super) fn script(file: &ModelFile, doubtful: &[Vec<bool>], model: &mut Model, report: &mut Report) {
    for item in &file.items {
        let action = match item {
            Item::Run { duration, span } => {
                run(duration, &model.constants, report).map(|seconds| Action::Run { seconds, span: *span })
            }
            Item::Set { group, statement } => find_group(group, model, report).and_then(|index| {
                let group = &mut model.groups[index];
                let assignment = assign_in(group, &doubtful[index], &model.constants, statement, report)?;
                Some(Action::Set { group: index, assignment })
            }),
            Item::Clock { .. } | Item::Constant { .. } | Item::Group(_) | Item::Record(_) | Item::Setting { .. } => {
                None
            }
        };
        model.script.extend(action);
    }
    let runs = file.items.iter().any(|item| matches!(item, Item::Run { .. }));
    if let Some(last) = file.items.last().filter(|_| !runs) {
        report.push(mistake::no_run(item_span(last)));
    }
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
