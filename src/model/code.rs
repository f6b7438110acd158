//! Checks code: statements that run in order, with names of their own.

use super::assign::{self, convert};
use super::check;
use super::declare::Doubts;
use super::resolve::{Meaning, Scope, reserved};
use super::{Assignment, Constants, Role, Variable, mistake};
use crate::algebra::{Pool, Symbol};
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::syntax::ast::{AssignOp, Code, Statement};

/// When code runs, which decides what it may write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// For the elements of an event.
    Event,
    /// For all elements, at regular times.
    Regular,
}

/// The assignments that `code` makes; the names that it introduces are added to `variables`.
pub(super) fn code(
    code: &Code,
    occasion: Occasion,
    group: &str,
    variables: &mut Vec<Variable>,
    (constants, doubts): (&Constants, &Doubts),
    pool: &mut Pool,
    report: &mut Report,
) -> Vec<Assignment> {
    let mut scope = Scope::of_group(group, variables, constants, pool);
    scope.doubt(doubts);
    let mut list = vec![];
    for statement in &code.statements {
        let assignment = if introduces(statement, &scope) {
            introduce(statement, &mut scope, pool, report)
        } else {
            widen(statement, &mut scope);
            assign::assign(statement, &mut scope, pool, report)
        };
        let Some(assignment) = assignment else { continue };
        if let Some(wrong) = refusal(statement, scope.variable(assignment.target), occasion) {
            report.push(wrong);
        }
        list.push(assignment);
    }
    warn_of_unread(&list, &scope, pool, report);
    let temporaries = std::mem::take(&mut scope.temporaries);
    drop(scope);
    variables.extend(temporaries);
    list
}

/// A name of the code that is written anew may differ between elements from there on.
fn widen(statement: &Statement, scope: &mut Scope) {
    let differs = scope.per_element(&statement.value).is_some();
    let known = scope.temporaries.iter_mut().find(|temporary| temporary.name == statement.target.name);
    if let Some(temporary) = known.filter(|_| differs) {
        temporary.shared = false;
    }
}

/// Whether a statement makes a new name.
fn introduces(statement: &Statement, scope: &Scope) -> bool {
    let name = &statement.target.name;
    let free = matches!(scope.meaning(name), Meaning::Unknown | Meaning::Constant(_)) && reserved(name).is_none();
    statement.op == AssignOp::Set && free
}

/// A new name is of the kind and dimension of its first value.
fn introduce(statement: &Statement, scope: &mut Scope, pool: &mut Pool, report: &mut Report) -> Option<Assignment> {
    let value = check::expression(&statement.value, scope, pool, report);
    let kind = pool.kind(value.id);
    let number = scope.variables.len() + scope.temporaries.len();
    let target = Symbol(u32::try_from(number).unwrap_or(u32::MAX));
    let shared = scope.per_element(&statement.value).is_none();
    scope.temporaries.push(Variable {
        name: statement.target.name.clone(),
        kind,
        dimension: value.dimension.unwrap_or(Dimension::DIMENSIONLESS),
        role: Role::Temporary,
        shared,
        constant: false,
        unless_refractory: false,
        noisy: false,
        span: statement.target.span,
    });
    value.dimension?;
    let value = convert(pool, value.id, kind);
    Some(Assignment { target, value, span: statement.span })
}

/// Why code must not write a variable.
fn refusal(statement: &Statement, variable: &Variable, occasion: Occasion) -> Option<crate::diagnostic::Diagnostic> {
    if variable.role == Role::Temporary {
        return None;
    }
    if variable.constant {
        return Some(mistake::write_to_constant(&statement.target, variable.span));
    }
    (variable.shared && occasion == Occasion::Event)
        .then(|| mistake::shared_in_event_code(&statement.target, variable.span))
}

/// A new name that nothing reads is mostly a misspelt one.
fn warn_of_unread(list: &[Assignment], scope: &Scope, pool: &Pool, report: &mut Report) {
    let roots: Vec<_> = list.iter().map(|assignment| assignment.value).collect();
    let read = pool.symbols(&roots);
    for (place, temporary) in scope.temporaries.iter().enumerate() {
        let symbol = Symbol(u32::try_from(scope.variables.len() + place).unwrap_or(u32::MAX));
        if !read.contains(&symbol) {
            let known = scope.variables.iter().map(|variable| variable.name.as_str());
            report.push(mistake::unread_name(&temporary.name, temporary.span, known));
        }
    }
}
