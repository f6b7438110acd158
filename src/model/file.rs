//! Checks a whole model file: settings, constants, clocks, then groups and what happens to them.

use rustc_hash::FxHashMap;

use super::assign::number;
use super::check::expression;
use super::declare::{Visit, names_in};
use super::resolve::{Scope, reserved};
use super::{Clock, Constant, Constants, Denormals, MathLevel, Model, Precision, Seconds};
use super::{array, group, mistake, script};
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::source::Span;
use crate::syntax::ast::{Expr, Ident, Item, ModelFile};
use std::path::Path;

/// Says what a file means, or reports all that is wrong with it, from top to bottom; `None` exactly
/// when `report` has errors then.
///
/// Files that it names are looked for in `folder`.
pub fn check(file: &ModelFile, folder: Option<&Path>, report: &mut Report) -> Option<Model> {
    let before = report.diagnostics.len();
    let mut constants = constants(file, report);
    constants.timed = array::timed(file, &constants, folder, report);
    let clocks = clocks(file, &constants, report);
    let (math, denormals, precision) = settings(file, report);
    let (groups, records, script) = (vec![], vec![], vec![]);
    let mut model = Model { clocks, constants, groups, records, script, math, denormals, precision };
    let doubts = group::groups(file, folder, &mut model, report);
    script::records(file, &mut model, report);
    script::script(file, &doubts, &mut model, report);
    clocks_that_rarely_meet(&model, file, report);
    report.diagnostics[before..].sort_by_key(|mistake| mistake.labels.first().map(|label| label.span));
    (!report.has_errors()).then_some(model)
}

/// Where an item stands.
pub(super) fn item_span(item: &Item) -> Span {
    match item {
        Item::Clock { span, .. } | Item::Constant { span, .. } | Item::Run { span, .. } | Item::Switch { span, .. } => {
            *span
        }
        Item::TimedArray(array) => array.span,
        Item::Group(group) => group.span,
        Item::Record(record) => record.span,
        Item::Set { group, statement } => group.span.to(statement.span),
        Item::Setting { key, value } => key.span.to(value.span),
    }
}

/// Constants may name each other in any order.
fn constants(file: &ModelFile, report: &mut Report) -> Constants {
    let mut constants = Constants::default();
    let nothing = constants.pool.float(f64::NAN);
    let mut items: Vec<(&Ident, &Expr)> = vec![];
    for item in &file.items {
        let Item::Constant { name, value, .. } = item else { continue };
        if let Some(reason) = reserved(&name.name) {
            report.push(mistake::reserved_name(name, &reason));
        }
        if let Some(earlier) = constants.find(&name.name) {
            report.push(mistake::duplicate("constant", name, constants.list[earlier].span));
        }
        items.push((name, value));
        let name_span = name.span;
        let name = name.name.clone();
        constants.push(Constant { name, value: nothing, dimension: None, exact: None, span: name_span });
    }
    let graph: Vec<Vec<usize>> = items
        .iter()
        .map(|(_, value)| names_in(value).iter().filter_map(|name| constants.find(name)).collect())
        .collect();
    let visit = Visit::of(&graph);
    for circle in &visit.circles {
        let members: Vec<&Ident> = circle.iter().map(|&index| items[index].0).collect();
        if let Some((first, others)) = members.split_first() {
            report.push(mistake::circle("constants", first, others));
        }
    }
    for index in visit.order {
        let mut pool = std::mem::take(&mut constants.pool);
        let mut scope = Scope::within_constants(&constants);
        let value = expression(items[index].1, &mut scope, &mut pool, report);
        constants.pool = pool;
        let constant = &mut constants.list[index];
        (constant.value, constant.dimension, constant.exact) = (value.id, value.dimension, value.exact);
    }
    constants
}

/// The clock of groups that name none ticks every 0.1 ms unless the file says otherwise, as in
/// Brian2.
const DEFAULT_DT: Seconds = Seconds { numerator: 1, denominator: 10_000 };

/// The unnamed clock first.
fn clocks(file: &ModelFile, constants: &Constants, report: &mut Report) -> Vec<Clock> {
    let mut clocks = vec![Clock { name: "dt".to_owned(), dt: DEFAULT_DT }];
    let mut defined: FxHashMap<&str, Span> = FxHashMap::default();
    for item in &file.items {
        let Item::Clock { name, dt, span } = item else { continue };
        let length = seconds(dt, "the length of a tick", constants, report);
        let (key, place) = name.as_ref().map_or(("dt", *span), |name| (name.name.as_str(), name.span));
        if let Some(&earlier) = defined.get(key) {
            report.push(mistake::duplicate_clock(name.as_ref(), place, earlier));
            continue;
        }
        defined.insert(key, place);
        let length = length.unwrap_or(DEFAULT_DT);
        match name {
            None => clocks[0].dt = length,
            Some(name) => clocks.push(Clock { name: name.name.clone(), dt: length }),
        }
    }
    let first_group = file.items.iter().find_map(|item| match item {
        Item::Group(group) if group.clocks.is_empty() => Some(group.name.span),
        _ => None,
    });
    if let Some(span) = first_group.filter(|_| !defined.contains_key("dt")) {
        report.push(mistake::default_dt(span));
    }
    clocks
}

/// A positive time, exactly; what is not rational is rounded to 15 decimal digits.
pub(super) fn seconds(expr: &Expr, what: &str, constants: &Constants, report: &mut Report) -> Option<Seconds> {
    let (value, number) = number(expr, &mut Scope::of_constants(constants), report)?;
    let found = value.dimension?;
    if found != Dimension::TIME {
        report.push(mistake::not_a_time(what, found, number, expr.span()));
        return None;
    }
    let exact = value.exact.and_then(Seconds::from_fraction);
    let seconds = exact.or_else(|| Seconds::from_f64(number));
    if seconds.is_none() {
        report.push(mistake::not_a_length(what, number, expr.span()));
    }
    seconds
}

fn settings(file: &ModelFile, report: &mut Report) -> (MathLevel, Denormals, Precision) {
    let (mut math, mut denormals) = (MathLevel::default(), Denormals::default());
    let mut precision = Precision::default();
    let mut defined: FxHashMap<&str, Span> = FxHashMap::default();
    for item in &file.items {
        let Item::Setting { key, value } = item else { continue };
        if let Some(&earlier) = defined.get(key.name.as_str()) {
            report.push(mistake::duplicate("setting", key, earlier));
        }
        defined.insert(&key.name, key.span);
        match (key.name.as_str(), value.name.as_str()) {
            ("math", "precise") => math = MathLevel::Precise,
            ("math", "fast") => math = MathLevel::Fast,
            ("denormals", "keep") => denormals = Denormals::Keep,
            ("denormals", "flush") => denormals = Denormals::Flush,
            ("precision", _) => precision = self::precision(value, report).unwrap_or_default(),
            ("math", _) => report.push(mistake::unknown("math level", value, &["precise", "fast"])),
            ("denormals", _) => report.push(mistake::unknown("treatment of denormals", value, &["keep", "flush"])),
            _ => report.push(mistake::unknown("setting", key, &["math", "denormals", "precision"])),
        }
    }
    (math, denormals, precision)
}

/// The precision of a name.
pub(super) fn precision(name: &Ident, report: &mut Report) -> Option<Precision> {
    let found = Precision::ALL.into_iter().find(|precision| precision.name() == name.name);
    if found.is_none() {
        let unknown = mistake::unknown("precision", name, &Precision::ALL.map(Precision::name));
        report.push(unknown.with_help("`float32` has 32 bits, `float64` has 64"));
    }
    found
}

/// Two clocks that meet only after more than a thousand ticks of each are seldom meant.
fn clocks_that_rarely_meet(model: &Model, file: &ModelFile, report: &mut Report) {
    let Some(place) = file.items.iter().find(|item| matches!(item, Item::Clock { .. })).or(file.items.first()) else {
        return;
    };
    let used: Vec<&Clock> = (model.clocks.iter().enumerate())
        .filter(|&(index, _)| index > 0 || model.groups.iter().any(|group| group.clock == 0))
        .map(|(_, clock)| clock)
        .take(64)
        .collect();
    for (index, a) in used.iter().enumerate() {
        for b in &used[index + 1..] {
            let Some((ratio, meeting)) = a.dt.ratio(b.dt).zip(a.dt.meeting(b.dt)) else { continue };
            if ratio.numerator() > 1000 && ratio.denominator() > 1000 {
                let places = [a, b].map(|clock| clock_place(clock, model, file));
                report.push(mistake::clocks_rarely_meet((a, places[0]), (b, places[1]), meeting, item_span(place)));
            }
        }
    }
}

/// Where the length of the clock's tick is given; nowhere for the default.
fn clock_place(clock: &Clock, model: &Model, file: &ModelFile) -> Option<Span> {
    let given = file.items.iter().find_map(|item| match item {
        Item::Clock { name, span, .. } => {
            let name = name.as_ref().map_or("dt", |name| name.name.as_str());
            (name == clock.name).then_some(*span)
        }
        _ => None,
    });
    let recorded = || model.records.iter().find(|record| model.clocks[record.clock].name == clock.name);
    given.or_else(|| recorded().map(|record| record.span))
}
