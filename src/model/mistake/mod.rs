//! Everything that is said about a model, one constructor for each message.
//!
//! A message has one line that says what is wrong, labels that show where, notes with the rule and
//! help with what to write instead.

mod event;
mod expression;
mod file;
mod name;

pub(super) use event::*;
pub(super) use expression::*;
pub(super) use file::*;
pub(super) use name::*;

use super::resolve::LoneUnit;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::dimension::Dimension;
use crate::source::Span;

/// An error; every message starts here.
fn error(code: &'static str, message: String, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code(code), message, span, label)
}

fn warning(code: &'static str, message: String, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(Code(code), message, span, label)
}

/// `volt`, or what a reader understands better than `1`.
fn measure(dimension: Dimension) -> String {
    if dimension.is_dimensionless() { "a pure number".to_owned() } else { format!("in {dimension}") }
}

/// Beyond so many names none is looked for, so that a long text costs time in proportion.
const MOST_CANDIDATES: usize = 1000;

/// Adds "did you mean" when a candidate is near.
fn suggest<'a>(diagnostic: Diagnostic, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    match nearest(name, candidates.into_iter().take(MOST_CANDIDATES)) {
        Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

/// Adds how to give a bare number the unit that is wanted.
fn suggest_unit(diagnostic: Diagnostic, literal: Option<f64>, wanted: Dimension) -> Diagnostic {
    match literal {
        Some(number) if !wanted.is_dimensionless() => {
            let base = format!("`{number}*{wanted}`");
            let diagnostic = diagnostic.with_help(match familiar(&wanted.to_string()) {
                Some(unit) if number == 0.0 => format!("a number needs its unit: `0*{unit}`"),
                Some(unit) => format!("a number needs its unit: `{number}*{unit}`, or {base}"),
                None => format!("a number needs its unit: {base}"),
            });
            if number == 0.0 { diagnostic.with_note("zero has a unit too") } else { diagnostic }
        }
        _ => diagnostic,
    }
}

/// The unit in which quantities of neurons are mostly given.
fn familiar(base: &str) -> Option<&'static str> {
    match base {
        "volt" => Some("mV"),
        "second" => Some("ms"),
        "amp" => Some("nA"),
        _ => None,
    }
}

/// Says that a name in the expression is a unit, though it stands where a variable would.
pub(super) fn explain_unit(diagnostic: Diagnostic, unit: &LoneUnit) -> Diagnostic {
    let LoneUnit { name, dimension, span } = unit;
    let measured = dimension.to_string();
    let unit =
        if dimension.is_dimensionless() || measured == *name { name.clone() } else { format!("{name} ({measured})") };
    diagnostic
        .with_label(*span, format!("`{name}` is a unit here"))
        .with_note(format!("`{name}` here is the unit {unit}; no variable of that name is defined"))
}
