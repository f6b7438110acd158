//! Checks assignments (`init`, `set`) and numbers that must be known before a run.

use super::check::{self, Value};
use super::exact::Fraction;
use super::mistake;
use super::resolve::{Meaning, Scope};
use super::{Assignment, Constants, Group, Role};
use crate::algebra::{Binary, ExprId, Function, Kind, Pool, Symbol};
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::syntax::ast::{AssignOp, Expr, Ident, Statement};

/// Checks one statement that writes a variable of `group`; `None` when it has mistakes.
pub fn assignment(
    group: &mut Group,
    constants: &Constants,
    statement: &Statement,
    report: &mut Report,
) -> Option<Assignment> {
    let mut pool = std::mem::take(&mut group.pool);
    let mut scope = Scope::of_group(&group.name, &group.variables, constants, &pool);
    let assignment = assign(statement, &mut scope, &mut pool, report);
    drop(scope);
    group.pool = pool;
    assignment
}

/// Evaluates a quantity like `100*ms`, in SI base units; `None` when it has mistakes.
///
/// Numbers, units, `pi`, `e`, `inf`, arithmetic and whole powers have a value here; other
/// functions than `sqrt`, `floor`, `ceil`, `abs` and `int` of rational numbers do not.
pub fn quantity(expr: &Expr, report: &mut Report) -> Option<(f64, Dimension)> {
    let constants = Constants::default();
    let mut scope = Scope::of_constants(&constants);
    let (value, number) = number(expr, &mut scope, report)?;
    Some((number, value.dimension?))
}

/// Checks an expression without variables and evaluates it; `None` when it has mistakes.
pub(super) fn number(expr: &Expr, scope: &mut Scope, report: &mut Report) -> Option<(Value, f64)> {
    let mut pool = Pool::new();
    let value = check::expression(expr, scope, &mut pool, report);
    value.dimension?;
    let number = pool.constant(value.id).or_else(|| value.exact?.to_float());
    if number.is_none() {
        report.push(mistake::not_a_number(expr.span()));
    }
    Some((value, number?))
}

/// Checks one statement in the scope of its group.
pub(super) fn assign(
    statement: &Statement,
    scope: &mut Scope,
    pool: &mut Pool,
    report: &mut Report,
) -> Option<Assignment> {
    let target = target(&statement.target, scope, report);
    let mut value = check::expression(&statement.value, scope, pool, report);
    let target = target?;
    if let AssignOp::Update(op) = statement.op {
        let old = (check::variable(target, scope, pool), statement.target.span);
        value = check::update(op, old, (value, &statement.value), pool, report);
    }
    let fits = dimension_fits(target, value, statement, scope, report);
    let fits = shared_fits(target, statement, scope, report) && fits;
    let value = convert(pool, value.id, scope.variable(target).kind);
    fits.then_some(Assignment { target, value, span: statement.span })
}

/// The variable that is written, if it may be.
fn target(name: &Ident, scope: &mut Scope, report: &mut Report) -> Option<Symbol> {
    let symbol = match scope.meaning(&name.name) {
        Meaning::Variable(symbol) => symbol,
        Meaning::Unknown if !scope.is_news(&name.name) => return None,
        _ => {
            report.push(mistake::unknown_target(name, scope));
            return None;
        }
    };
    let variable = scope.variable(symbol);
    match variable.role {
        Role::State { .. } | Role::Parameter | Role::Temporary => return Some(symbol),
        Role::Builtin(_) | Role::Noise | Role::LastSpike | Role::NotRefractory | Role::LastTick => {
            report.push(mistake::write_to_builtin(name));
        }
        Role::Subexpression { .. } => report.push(mistake::write_to_subexpression(name, variable.span)),
    }
    None
}

fn dimension_fits(target: Symbol, value: Value, statement: &Statement, scope: &Scope, report: &mut Report) -> bool {
    let variable = scope.variable(target);
    let Some(found) = value.dimension else { return false };
    if scope.is_doubtful(target) || found == variable.dimension {
        return true;
    }
    let literal = value.exact.and_then(Fraction::to_float);
    let diagnostic = mistake::assignment_dimension(variable, found, literal, statement);
    let diagnostic = mistake::suggest_bracket(diagnostic, &statement.value);
    report.push(scope.lone_units.iter().fold(diagnostic, mistake::explain_unit));
    false
}

/// One number for the whole group cannot depend on the element.
fn shared_fits(target: Symbol, statement: &Statement, scope: &Scope, report: &mut Report) -> bool {
    let variable = scope.variable(target);
    let culprit = scope.per_element(&statement.value).filter(|_| variable.shared);
    if let Some(node) = culprit {
        report.push(mistake::shared_from_elements(&variable.name, statement.value.span_of(node), variable.span));
    }
    culprit.is_none()
}

/// `value` as a `kind`: truncated to an integer, tested against zero, or made a float.
pub(super) fn convert(pool: &mut Pool, value: ExprId, kind: Kind) -> ExprId {
    match (pool.kind(value), kind) {
        (Kind::Boolean, Kind::Boolean) | (Kind::Integer, Kind::Integer) | (Kind::Float, Kind::Float) => value,
        (Kind::Integer | Kind::Boolean, Kind::Float) => {
            if let Some(number) = pool.constant(value) {
                return pool.float(number);
            }
            let one = pool.float(1.0);
            pool.multiply(value, one)
        }
        (Kind::Float | Kind::Boolean, Kind::Integer) => pool.call(Function::Int, &[value]),
        (Kind::Float, Kind::Boolean) => {
            let zero = pool.float(0.0);
            pool.binary(Binary::NotEqual, value, zero)
        }
        (Kind::Integer, Kind::Boolean) => {
            let zero = pool.integer(0);
            pool.binary(Binary::NotEqual, value, zero)
        }
    }
}
