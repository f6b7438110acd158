//! Checks a group: its size, equations, method, clock and initial values.

use rustc_hash::{FxHashMap, FxHashSet};

use super::assign::{assign, number};
use super::declare::{self, Doubts, divisors};
use super::event::Checker;
use super::resolve::Scope;
use super::{Builtin, Clock, Constants, Group, Method, Model, Precision, Role, mistake};
use crate::algebra::{Expr as Expression, Function, Pool};
use crate::diagnostic::Report;
use crate::source::Span;
use crate::syntax::ast::{self, EquationKind, Expr, Ident, Item, ModelFile};
use std::path::Path;

/// Checks every group of the file; what is in doubt of each.
pub(super) fn groups(file: &ModelFile, folder: Option<&Path>, model: &mut Model, report: &mut Report) -> Vec<Doubts> {
    let mut all = vec![];
    let mut names: FxHashMap<&str, Span> = FxHashMap::default();
    let set_later = set_later(file);
    let mut clocks: FxHashMap<String, usize> = FxHashMap::default();
    for (index, clock) in model.clocks.iter().enumerate() {
        clocks.entry(clock.name.clone()).or_insert(index);
    }
    for item in &file.items {
        let Item::Group(text) = item else { continue };
        if let Some(&earlier) = names.get(text.name.name.as_str()) {
            report.push(mistake::duplicate("group", &text.name, earlier));
        }
        names.entry(&text.name.name).or_insert(text.name.span);
        if model.groups.len() == MOST_GROUPS {
            report.push(mistake::too_many_groups(MOST_GROUPS, text.name.span));
            break;
        }
        let (group, doubts) = group(text, folder, model, &clocks, report);
        warn_of_unset_divisors(text, &group, &doubts, &set_later, report);
        model.groups.push(group);
        all.push(doubts);
    }
    all
}

/// Random numbers tell so many groups apart.
const MOST_GROUPS: usize = 1 << 16;

/// The variables that the file sets after their group, as group and name.
fn set_later(file: &ModelFile) -> FxHashSet<(&str, &str)> {
    let mut found = FxHashSet::default();
    for item in &file.items {
        if let Item::Set { group, statement } = item {
            found.insert((group.name.as_str(), statement.target.name.as_str()));
        }
    }
    found
}

fn group(
    text: &ast::Group,
    folder: Option<&Path>,
    model: &mut Model,
    clocks: &FxHashMap<String, usize>,
    report: &mut Report,
) -> (Group, Doubts) {
    let constants = &model.constants;
    let size = size(&text.size, constants, report).unwrap_or(SIZE_AFTER_A_MISTAKE);
    let mut pool = Pool::new();
    let mut declared = declare::equations(text, constants, &mut pool, report);
    let method = method(&text.methods, report);
    let clock = clock(&text.clocks, &model.clocks, clocks, report);
    let precision = precision(&text.precisions, report).unwrap_or(model.precision);
    let mut scope = Scope::of_group(&text.name.name, &declared.variables, constants, &pool);
    scope.doubt(&declared.doubts);
    scope.initial();
    let init = text.init.iter().filter_map(|statement| assign(statement, &mut scope, &mut pool, report)).collect();
    declared.doubts.unknown = scope.unknown;
    let dt = model.clocks[clock].dt;
    let (doubts, variables) = (&declared.doubts, declared.variables);
    let mut checker = Checker { text, size, dt, clock, constants, doubts, folder, variables, pool };
    let happenings = checker.check(&mut model.clocks, report);
    let Checker { variables, pool, .. } = checker;
    let group = Group {
        name: text.name.name.clone(),
        size,
        clock,
        pool,
        variables,
        method,
        precision,
        init,
        refractory: happenings.refractory,
        events: happenings.events,
        regular: happenings.regular,
        locally_constant: constants.timed.iter().map(|array| is_constant_within(array.dt, dt)).collect(),
        span: text.name.span,
    };
    warn_of_missing_columns(&group, &constants.timed, report);
    (group, declared.doubts)
}

/// An element without a column of its own reads NaN.
fn warn_of_missing_columns(group: &Group, timed: &[super::TimedArray], report: &mut Report) {
    let own = |id| match group.pool.get(id) {
        Expression::Symbol(symbol) => *symbol == Builtin::Index.symbol(),
        _ => false,
    };
    let mut said: FxHashSet<i64> = FxHashSet::default();
    for id in group.pool.ids() {
        let Expression::Call(Function::Timed, arguments) = group.pool.get(id) else { continue };
        let [_, column, array] = arguments.as_slice() else { continue };
        let Expression::Integer(index) = group.pool.get(*array) else { continue };
        let array = usize::try_from(*index).ok().and_then(|index| timed.get(index));
        let Some((array, columns)) = array.and_then(|array| Some((array, array.columns?))) else { continue };
        if own(*column) && columns < group.size && said.insert(*index) {
            report.push(mistake::too_few_columns(array, columns, group));
        }
    }
}

/// Whether each row of a timed array holds for a whole number of ticks.
fn is_constant_within(array: super::Seconds, dt: super::Seconds) -> bool {
    array.ratio(dt).and_then(super::Fraction::to_whole).is_some()
}

/// Large enough that no `record` of a group without a size is mistaken for that reason.
const SIZE_AFTER_A_MISTAKE: usize = 1 << 20;

/// The largest group: element numbers are 31-bit integers, as in Brian2.
const LARGEST: i128 = 1 << 31;

/// The number of elements; a mistake is reported and no number.
fn size(expr: &Expr, constants: &Constants, report: &mut Report) -> Option<usize> {
    let size = whole(expr, "the size of a group", constants, report)?;
    if size == 0 {
        report.push(mistake::empty_group(expr.span()));
    }
    if !(0..=LARGEST).contains(&size) {
        report.push(mistake::size_out_of_range(size, expr.span()));
        return None;
    }
    usize::try_from(size).ok()
}

/// A whole number that is known before the run.
pub(super) fn whole(expr: &Expr, what: &str, constants: &Constants, report: &mut Report) -> Option<i128> {
    let (value, _) = number(expr, &mut Scope::of_constants(constants), report)?;
    let dimension = value.dimension?;
    let whole = value.exact.and_then(super::Fraction::to_whole).filter(|_| dimension.is_dimensionless());
    if whole.is_none() {
        report.push(mistake::not_whole(what, dimension, expr.span()));
    }
    whole
}

fn method(names: &[Ident], report: &mut Report) -> Option<(Method, Span)> {
    if let [first, second, ..] = names {
        report.push(mistake::duplicate_setting("method", first, second));
    }
    let name = names.first()?;
    let lower = name.name.to_ascii_lowercase();
    let found = match lower.as_str() {
        "linear" => Some(Method::Exact),
        _ => Method::ALL.into_iter().find(|method| method.name() == lower),
    };
    if found.is_none() {
        report.push(mistake::unknown_method(name, &lower));
    }
    found.map(|method| (method, name.span))
}

fn precision(names: &[Ident], report: &mut Report) -> Option<Precision> {
    if let [first, second, ..] = names {
        report.push(mistake::duplicate_setting("precision", first, second));
    }
    super::file::precision(names.first()?, report)
}

fn clock(names: &[Ident], clocks: &[Clock], by_name: &FxHashMap<String, usize>, report: &mut Report) -> usize {
    if let [first, second, ..] = names {
        report.push(mistake::duplicate_setting("clock", first, second));
    }
    let Some(name) = names.first() else { return 0 };
    let found = by_name.get(&name.name).copied();
    if found.is_none() {
        let known: Vec<&str> = clocks.iter().map(|clock| clock.name.as_str()).collect();
        report.push(mistake::unknown("clock", name, &known));
    }
    found.unwrap_or(0)
}

/// A parameter is 0 until it is set, and dividing by it gives infinity.
fn warn_of_unset_divisors(
    text: &ast::Group,
    group: &Group,
    doubts: &Doubts,
    set_later: &FxHashSet<(&str, &str)>,
    report: &mut Report,
) {
    let mut settled: FxHashSet<&str> = text.init.iter().map(|statement| statement.target.name.as_str()).collect();
    let parameters: FxHashMap<&str, Span> = (group.variables.iter().zip(&doubts.units))
        .filter(|(variable, doubtful)| variable.role == Role::Parameter && !**doubtful)
        .map(|(variable, _)| (variable.name.as_str(), variable.span))
        .collect();
    for equation in &text.equations.list {
        let (EquationKind::Differential(expr) | EquationKind::Subexpression(expr)) = &equation.kind else { continue };
        for (name, span) in divisors(expr) {
            let Some(&defined) = parameters.get(name) else { continue };
            let later = set_later.contains(&(group.name.as_str(), name));
            if settled.insert(name) && !later {
                report.push(mistake::parameter_never_set(name, span, defined));
            }
        }
    }
}
