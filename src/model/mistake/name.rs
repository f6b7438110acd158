//! What is said about names.

use super::{error, nearest, signature, suggest, warning};
use crate::algebra::Function;
use crate::diagnostic::Diagnostic;
use crate::dimension::{declared_names, spelled_out, unit};
use crate::model::Variable;
use crate::model::resolve::{Meaning, Scope};
use crate::source::Span;
use crate::syntax::ast::{Equation, EquationKind, Ident};

pub(in crate::model) fn unknown_name(name: &str, scope: &Scope, span: Span) -> Diagnostic {
    let place = scope.group.map_or(String::new(), |group| format!(" in group `{group}`"));
    let message = match scope.group {
        Some(_) => format!("no variable `{name}` is defined{place}"),
        None => format!("no constant `{name}` is defined"),
    };
    let diagnostic = error("unknown-name", message, span, "nothing has this name");
    if let Some(unit) = spelled_out(name) {
        return diagnostic
            .with_note(format!("`{name}` is no unit of the language, so that variables can have the name"))
            .with_help(format!("if the unit is meant, write `{unit}`, else define `{name}`"));
    }
    if let Some(help) = foreign(name) {
        return diagnostic.with_help(help);
    }
    let diagnostic = suggest(diagnostic, name, scope.candidates());
    match scope.group {
        Some(_) if diagnostic.help.is_empty() => diagnostic
            .with_help(format!("define it: `{name} : 1` with its unit instead of 1, or `constant {name} = …`")),
        _ => diagnostic,
    }
}

/// Names that people bring from elsewhere.
fn foreign(name: &str) -> Option<&'static str> {
    match name {
        "celsius" => Some("temperatures are in `kelvin`; for differences a degree Celsius is a kelvin"),
        "min" | "minute" | "minutes" => Some("write `60*second`"),
        "h" | "hour" | "hours" => Some("write `3600*second`"),
        "degree" | "deg" => Some("angles are in radian: write `pi/180`"),
        "true" => Some("write `True`"),
        "false" => Some("write `False`"),
        "nan" | "NaN" | "infinity" | "Inf" => Some("the only special number is `inf`"),
        _ => None,
    }
}

pub(in crate::model) fn unknown_target(name: &Ident, scope: &Scope) -> Diagnostic {
    let written = &name.name;
    let group = scope.group.unwrap_or_default();
    let message = format!("no variable `{written}` to write is defined in group `{group}`");
    if unit(written).is_some() {
        return error("unknown-name", message, name.span, "this is a unit");
    }
    let own = scope.variables.iter().map(|variable| variable.name.as_str());
    suggest(error("unknown-name", message, name.span, "nothing has this name"), written, own)
}

pub(in crate::model) fn unknown_variable(name: &Ident, group: &str, known: &[&str]) -> Diagnostic {
    let message = format!("group `{group}` has no variable `{}`", name.name);
    let diagnostic = error("unknown-name", message, name.span, "nothing has this name");
    suggest(diagnostic, &name.name, known.iter().copied())
}

/// An unknown word where one of a few is expected.
pub(in crate::model) fn unknown(what: &str, name: &Ident, known: &[&str]) -> Diagnostic {
    let message = format!("there is no {what} `{}`", name.name);
    let diagnostic = error("unknown-name", message, name.span, "unknown");
    let near = nearest(&name.name, known.iter().copied()).is_some();
    let diagnostic = suggest(diagnostic, &name.name, known.iter().copied());
    if near || known.is_empty() {
        return diagnostic;
    }
    let list: Vec<String> = known.iter().take(8).map(|name| format!("`{name}`")).collect();
    diagnostic.with_help(format!("known: {}", list.join(", ")))
}

pub(in crate::model) fn reserved_name(name: &Ident, reason: &str) -> Diagnostic {
    let message = format!("nothing may be called `{}`: it {reason}", name.name);
    error("reserved-name", message, name.span, "choose another name")
}

pub(in crate::model) fn duplicate(what: &str, name: &Ident, earlier: Span) -> Diagnostic {
    let message = format!("the {what} `{}` is defined twice", name.name);
    error("duplicate-name", message, name.span, "again here").with_label(earlier, "first here")
}

pub(in crate::model) fn shadowed_constant(variable: &Variable, constant: Span) -> Diagnostic {
    let message = format!("the variable `{}` hides the constant of the same name", variable.name);
    warning("shadowed-constant", message, variable.span, "in this group the name means the variable")
        .with_label(constant, "the constant")
}

pub(in crate::model) fn circle(what: &str, first: &Ident, others: &[&Ident]) -> Diagnostic {
    let names: Vec<&str> =
        std::iter::once(&first).chain(others).chain([&first]).map(|member| member.name.as_str()).collect();
    let message = format!("these {what} define each other in a circle: {}", names.join(" → "));
    let diagnostic = error("circular-definition", message, first.span, "needs itself to be computed");
    let others = others.iter().take(8);
    others.fold(diagnostic, |diagnostic, member| diagnostic.with_label(member.span, "is part of the circle"))
}

pub(in crate::model) fn not_yet_supported(name: &str, what: &str, span: Span) -> Diagnostic {
    error(
        "not-yet-supported",
        format!("`{name}` belongs to {what}, which dvdt does not have yet"),
        span,
        "not yet supported",
    )
}

pub(in crate::model) fn function_without_call(function: Function, span: Span) -> Diagnostic {
    let name = function.name();
    error(
        "function-without-call",
        format!("`{name}` is a function, but it is used like a variable"),
        span,
        "no parentheses follow",
    )
    .with_help(format!("call it: `{}`", signature(function)))
}

pub(in crate::model) fn not_a_function(name: &Ident, meaning: Meaning) -> Diagnostic {
    let what = match meaning {
        Meaning::Variable(_) => "is a variable, not a function",
        Meaning::Constant(_) | Meaning::Number(_) => "is a number, not a function",
        Meaning::Unit(_) => "is a unit, not a function",
        Meaning::Function(_) | Meaning::Timed(_) | Meaning::Later(_) | Meaning::Unknown => "is no function",
    };
    let diagnostic = error("not-a-function", format!("`{}` {what}", name.name), name.span, "cannot be called");
    match (meaning, name.name.as_str()) {
        (Meaning::Unknown, "min" | "max") => diagnostic.with_help(
            "the smaller of two is `clip(a, -inf, b)`, the larger `clip(a, b, inf)`; infinity too needs its unit",
        ),
        (Meaning::Unknown, "ln") => diagnostic.with_help("the natural logarithm is `log(x)`"),
        (Meaning::Unknown, "pow") => diagnostic.with_help("write `x**y`"),
        (Meaning::Unknown, "mod" | "fmod") => diagnostic.with_help("write `x % y`"),
        (Meaning::Unknown, "heaviside" | "where") => diagnostic.with_help("write `int(x > 0)` for a step"),
        (Meaning::Unknown, "asin" | "acos" | "atan") => {
            diagnostic.with_help(format!("write `arc{}(x)`", &name.name[1..]))
        }
        (Meaning::Unknown, "float") => diagnostic.with_help("numbers need no conversion; `x*1.0` is a float"),
        (Meaning::Unknown, _) => suggest(diagnostic, &name.name, Function::ALL.map(Function::name)),
        _ => diagnostic.with_help(format!("for a product write `{}*(…)`", name.name)),
    }
}

pub(in crate::model) fn declared_unit(name: &str, span: Span) -> Diagnostic {
    let message = |what: &str| format!("`{name}` {what}");
    if let Some(unit) = unit(name) {
        let base = unit.dimension;
        if unit.exponent == 0 {
            return error(
                "declared-unit",
                message("is a power of a unit, and here its base is wanted"),
                span,
                "not a base unit",
            )
            .with_help(format!("write `{base}`"));
        }
        return error(
            "declared-unit",
            message("is a scaled unit; a variable is declared in base units"),
            span,
            "not a base unit",
        )
        .with_help(format!("declare it in `{base}`, and write values like `3*{name}`"));
    }
    let known = match name {
        "float" | "double" => Some("write `1` for a number without unit"),
        "bool" => Some("write `boolean`"),
        "int" => Some("write `integer`"),
        "integer" | "boolean" => Some("it stands alone, without units"),
        "celsius" => Some("temperatures are in `kelvin`"),
        _ => None,
    };
    let diagnostic = error("declared-unit", message("is not a unit"), span, "unknown unit");
    if let Some(help) = known {
        return diagnostic.with_help(help);
    }
    match spelled_out(name).and_then(|name| unit(&name)) {
        Some(unit) => diagnostic.with_help(format!("write `{}`", unit.dimension)),
        None => suggest(diagnostic, name, declared_names()),
    }
}

pub(in crate::model) fn number_as_unit(span: Span) -> Diagnostic {
    error("declared-unit", "a number other than 1 is no unit".to_owned(), span, "not a unit")
        .with_help("write `1` for a number without unit; a value is given by `init`")
}

pub(in crate::model) fn not_a_unit(span: Span) -> Diagnostic {
    error("declared-unit", "this is not a unit".to_owned(), span, "not a unit")
        .with_help("a unit is made of names with `*`, `/` and `**`: `siemens/metre**2`")
}

/// A flag that this equation cannot bear.
pub(in crate::model) fn flag(flag: &Ident, equation: &Equation, allowed: &[&str]) -> Diagnostic {
    let name = flag.name.as_str();
    let kind = kind_of(equation);
    let list: Vec<String> = allowed.iter().map(|flag| format!("`{flag}`")).collect();
    let rule = format!("{kind} may be {}", list.join(" or "));
    let elsewhere = match name {
        "event-driven" | "clock-driven" | "summed" => Some("synapses"),
        "point current" => Some("spatial neurons"),
        "linked" => Some("links between groups"),
        _ => None,
    };
    if let Some(what) = elsewhere {
        let message = format!("the flag `{name}` belongs to {what}, which dvdt does not have yet");
        return error("not-yet-supported", message, flag.span, "not here").with_note(rule);
    }
    if matches!(name, "unless refractory" | "constant" | "shared" | "constant over dt") {
        let message = format!("{kind} cannot be `{name}`");
        return error("misplaced-flag", message, flag.span, "not on this kind of equation").with_note(rule);
    }
    let diagnostic = error("unknown-flag", format!("there is no flag `{name}`"), flag.span, "unknown").with_note(rule);
    suggest(diagnostic, name, allowed.iter().copied())
}

/// A flag that is understood and changes nothing.
pub(in crate::model) fn flag_without_effect(flag: &Ident) -> Diagnostic {
    let message = format!("`{}` has no effect in this group", flag.name);
    warning("flag-without-effect", message, flag.span, "no element is ever refractory")
        .with_help("add a line `refractory 5*ms` to the group, or leave the flag out")
}

fn kind_of(equation: &Equation) -> &'static str {
    match equation.kind {
        EquationKind::Differential(_) => "a differential equation",
        EquationKind::Subexpression(_) => "a subexpression",
        EquationKind::Parameter => "a parameter",
    }
}

pub(in crate::model) fn flag_twice(flag: &Ident) -> Diagnostic {
    error("duplicate-flag", format!("the flag `{}` stands twice", flag.name), flag.span, "again here")
}

pub(in crate::model) fn write_to_builtin(name: &Ident) -> Diagnostic {
    error(
        "read-only",
        format!("`{}` cannot be written", name.name),
        name.span,
        "every group has it, and sets it itself",
    )
}

pub(in crate::model) fn write_to_subexpression(name: &Ident, defined: Span) -> Diagnostic {
    error("read-only", format!("`{}` cannot be written", name.name), name.span, "this is a subexpression")
        .with_label(defined, "it is computed as defined here")
}

pub(in crate::model) fn bare_unit(name: &str, span: Span) -> Diagnostic {
    let unit = unit(name).map_or(String::new(), |unit| unit.dimension.to_string());
    let unit = if unit.is_empty() || unit == name { String::new() } else { format!(" (in {unit})") };
    warning("bare-unit", format!("`{name}` here is a unit{unit}, not a variable"), span, "stands for 1 of this unit")
        .with_help(format!("write `1*{name}` if that is meant"))
}
