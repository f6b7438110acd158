//! What is said about dimensions and kinds.

use super::{error, measure, suggest_unit};
use crate::algebra::{Function, Kind};
use crate::diagnostic::Diagnostic;
use crate::dimension::{Dimension, unit};
use crate::model::Variable;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Equation, EquationKind, Expr, Ident, Node, Statement};

/// An operand: what it measures, where it stands, and its value if it is a number without unit.
type Operand = (Dimension, Span, Option<f64>);

pub(in crate::model) fn mismatch(symbol: &str, left: Operand, right: Operand) -> Diagnostic {
    let what = match symbol {
        "+" => "added",
        "-" => "subtracted",
        "%" => "divided with remainder",
        _ => "compared",
    };
    let message = match symbol {
        "clip" => format!("`clip` cannot limit {} by {}", noun(left.0), noun(right.0)),
        _ => format!("{} and {} cannot be {what}", noun(left.0), noun(right.0)),
    };
    let diagnostic = error("dimension-mismatch", message, left.1, format!("this is {}", measure(left.0)))
        .with_label(right.1, format!("this is {}", measure(right.0)));
    let diagnostic = suggest_unit(diagnostic, left.2, right.0);
    suggest_unit(diagnostic, right.2, left.0)
}

/// Adds what was probably meant by `v/10*ms`, which divides by 10 and multiplies by ms.
pub(in crate::model) fn suggest_bracket(diagnostic: Diagnostic, expr: &Expr) -> Diagnostic {
    let found = expr.nodes.iter().zip(&expr.spans).find_map(|(node, span)| {
        let Node::Binary(BinaryOp::Multiply, quotient, factor) = node else { return None };
        let (Node::Binary(BinaryOp::Divide, _, divisor), Node::Name(name)) = (expr.node(*quotient), expr.node(*factor))
        else {
            return None;
        };
        let number = match expr.node(*divisor) {
            Node::Integer(number) => number.to_string(),
            Node::Float(number) => number.to_string(),
            _ => return None,
        };
        let in_parentheses = expr.span_of(*quotient).start != span.start;
        (unit(name).is_some() && !in_parentheses).then_some((number, name))
    });
    match found {
        Some((number, name)) => diagnostic
            .with_note(format!("`/{number}*{name}` divides by {number} and multiplies by {name}"))
            .with_help(format!("to divide by both, write `/({number}*{name})`")),
        None => diagnostic,
    }
}

fn noun(dimension: Dimension) -> String {
    if dimension.is_dimensionless() { "a pure number".to_owned() } else { dimension.to_string() }
}

pub(in crate::model) fn argument_dimension(
    function: Function,
    found: Dimension,
    expected: Dimension,
    span: Span,
) -> Diagnostic {
    let name = function.name();
    let message = format!("`{name}` takes {}, not {}", wanted(expected), noun(found));
    let diagnostic = error("argument-dimension", message, span, format!("this is {}", measure(found)));
    if expected.is_dimensionless() {
        return diagnostic.with_help(format!("divide it by something in {found}"));
    }
    diagnostic
}

fn wanted(dimension: Dimension) -> String {
    if dimension.is_dimensionless() { "a pure number".to_owned() } else { format!("a value in {dimension}") }
}

pub(in crate::model) fn argument_count(function: Function, found: usize, span: Span) -> Diagnostic {
    let expected = match function.arity() {
        0 => "no argument".to_owned(),
        1 => "one argument".to_owned(),
        count => format!("{count} arguments"),
    };
    let message = format!("`{}` takes {expected}", function.name());
    error("argument-count", message, span, format!("{found} given"))
        .with_help(format!("write `{}`", signature(function)))
}

/// How the function is called.
pub(super) fn signature(function: Function) -> String {
    let arguments = match function {
        Function::Timestep => "t, dt",
        _ => ["", "x", "x, y", "x, low, high"][function.arity().min(3)],
    };
    format!("{}({arguments})", function.name())
}

pub(in crate::model) fn comparison_in_arithmetic(comparison: Span, whole: Span) -> Diagnostic {
    error("comparison-in-arithmetic", "a comparison is no number".to_owned(), comparison, "this is true or false")
        .with_label(whole, "used as a number here")
        .with_help("write `int(…)` around it to get 1 or 0: `int(v > 1)`")
}

pub(in crate::model) fn logic_of_numbers(symbol: &str, span: Span) -> Diagnostic {
    let takes = if symbol == "not" { "takes a condition" } else { "joins conditions" };
    error("logic-of-numbers", format!("`{symbol}` {takes}, and this is a number"), span, "not true or false")
        .with_help("compare it: `x != 0`")
}

pub(in crate::model) fn floor_division(found: Dimension, span: Span) -> Diagnostic {
    error(
        "floor-division",
        format!("`//` takes pure numbers, not {found}"),
        span,
        format!("this is {}", measure(found)),
    )
    .with_help("divide by a unit first: `(x/ms) // 2`")
}

pub(in crate::model) fn exponent_dimension(found: Dimension, span: Span) -> Diagnostic {
    error("exponent-dimension", "an exponent is a pure number".to_owned(), span, format!("this is {}", measure(found)))
        .with_help(format!("divide it by something in {found}"))
}

pub(in crate::model) fn exponent_varies(base: Dimension, base_span: Span, exponent: Span) -> Diagnostic {
    error(
        "exponent-varies",
        "a quantity with a unit needs a fixed rational exponent".to_owned(),
        exponent,
        "not a fixed rational number",
    )
    .with_label(base_span, format!("this is {}", measure(base)))
    .with_help("write the exponent with numbers and constants, or divide the base by its unit")
}

pub(in crate::model) fn exponent_too_large(span: Span) -> Diagnostic {
    error("exponent-too-large", "the exponent of a unit gets too large here".to_owned(), span, "no such unit")
        .with_help("exponents of units are whole numbers or fractions like `1/3`, of at most nine digits")
}

/// The right-hand side does not measure what the declaration says.
pub(in crate::model) fn definition_dimension(
    equation: &Equation,
    expr: &Expr,
    found: Dimension,
    expected: Dimension,
    literal: Option<f64>,
) -> Diagnostic {
    let name = &equation.name.name;
    let (message, label) = match equation.kind {
        EquationKind::Differential(_) => (
            format!("the derivative of `{name}` must be {}, but this is {}", measure(expected), measure(found)),
            format!("so d{name}/dt is {}", measure(expected)),
        ),
        EquationKind::Subexpression(_) | EquationKind::Parameter => (
            format!("`{name}` is declared {}, but this is {}", measure(expected), measure(found)),
            format!("`{name}` is {}", measure(expected)),
        ),
    };
    let diagnostic = error("definition-dimension", message, expr.span(), format!("this is {}", measure(found)))
        .with_label(equation.unit.span(), label);
    let diagnostic = suggest_unit(diagnostic, literal.filter(|_| found.is_dimensionless()), expected);
    let lacks_time = expected.multiply(&Dimension::TIME) == Some(found);
    match equation.kind {
        EquationKind::Differential(_) if lacks_time => {
            diagnostic.with_help("divide by a time constant: `(…)/tau` with `tau : second`")
        }
        _ => diagnostic,
    }
}

pub(in crate::model) fn definition_kind(equation: &Equation, span: Span, found: Kind, expected: Kind) -> Diagnostic {
    let name = &equation.name.name;
    let message = format!("`{name}` is declared {}, but this is {}", kind_name(expected), kind_name(found));
    let diagnostic = error("definition-kind", message, span, format!("this is {}", kind_name(found)))
        .with_label(equation.unit.span(), format!("`{name}` is {}", kind_name(expected)));
    match (found, expected) {
        (Kind::Boolean | Kind::Float, Kind::Integer) => diagnostic.with_help("write `int(…)` around it"),
        (Kind::Boolean, Kind::Float) => diagnostic.with_help("write `int(…)` around it, or declare it `boolean`"),
        (_, Kind::Boolean) => diagnostic.with_help("compare it: `x != 0`, or write `True` or `False`"),
        (Kind::Integer | Kind::Float, _) => diagnostic,
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "an integer",
        Kind::Float => "a float",
    }
}

pub(in crate::model) fn differential_not_float(equation: &Equation) -> Diagnostic {
    let message = format!("`{}` has a derivative, so it is a float", equation.name.name);
    error("differential-kind", message, equation.unit.span(), "only floats change continuously")
        .with_help("write `1`, or a unit")
}

pub(in crate::model) fn assignment_dimension(
    variable: &Variable,
    found: Dimension,
    literal: Option<f64>,
    statement: &Statement,
) -> Diagnostic {
    let name = &variable.name;
    let message = format!("`{name}` is {}, but this is {}", measure(variable.dimension), measure(found));
    let diagnostic =
        error("assignment-dimension", message, statement.value.span(), format!("this is {}", measure(found)))
            .with_label(variable.span, format!("`{name}` is declared here"));
    suggest_unit(diagnostic, literal.filter(|_| found.is_dimensionless()), variable.dimension)
}

pub(in crate::model) fn shared_from_elements(name: &str, culprit: Span, defined: Span) -> Diagnostic {
    let message = format!("`{name}` is one value for the whole group, but this differs between elements");
    error("shared-from-elements", message, culprit, "differs between elements")
        .with_label(defined, "declared `shared`")
        .with_note("what is shared may use shared names only, and no random numbers")
}

pub(in crate::model) fn random_subexpression(name: &Ident, span: Span) -> Diagnostic {
    let message = format!("`{}` would be drawn anew at every use", name.name);
    error("random-subexpression", message, span, "a random number")
        .with_help("flag the subexpression `(constant over dt)`: it is drawn once per tick, and stored")
}

pub(in crate::model) fn random_constant(name: &Ident) -> Diagnostic {
    let message = format!("`{}` has no value here: random numbers are drawn by the elements of a group", name.name);
    error("random-constant", message, name.span, "a random number")
}

pub(in crate::model) fn not_a_number(span: Span) -> Diagnostic {
    error("not-a-number", "the value must be known before the run".to_owned(), span, "not computed here")
        .with_help("use numbers, units and constants with `+ - * /`, whole powers and `sqrt`")
}
