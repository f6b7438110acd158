//! Everything that is said about a model, one constructor for each message.
//!
//! A message has one line that says what is wrong, labels that show where, notes with the rule and
//! help with what to write instead.

mod expression;
mod file;
mod name;

pub(super) use expression::*;
pub(super) use file::*;
pub(super) use name::*;

use super::resolve::LoneUnit;
use crate::diagnostic::{Code, Diagnostic};
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

/// Adds "did you mean" when a candidate is near.
fn suggest<'a>(diagnostic: Diagnostic, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    match nearest(name, candidates) {
        Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

/// Adds how to give a bare number the unit that is wanted.
fn suggest_unit(diagnostic: Diagnostic, literal: Option<f64>, wanted: Dimension) -> Diagnostic {
    match literal {
        Some(number) if !wanted.is_dimensionless() => {
            let diagnostic = diagnostic.with_help(format!("a number needs its unit: `{number}*{wanted}`"));
            if number == 0.0 { diagnostic.with_note("zero has a unit too") } else { diagnostic }
        }
        _ => diagnostic,
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

/// The candidate that differs from `name` by the fewest letters, if by no more than a third.
fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(3).max(1);
    let distances = candidates.into_iter().take(MOST_CANDIDATES).map(|near| (distance(name, near), near));
    distances.filter(|&(distance, _)| distance <= most).min_by_key(|&(distance, _)| distance).map(|(_, near)| near)
}

/// Beyond so many names none is looked for, so that a long text costs time in proportion.
const MOST_CANDIDATES: usize = 1000;

/// The number of letters to insert, remove, replace or swap with the next one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let shifted = rows[i - 1][j].min(rows[i][j - 1]) + 1;
                    let swaps = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    let swapped = if swaps { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                    replaced.min(shifted).min(swapped)
                }
            };
        }
    }
    rows[a.len()][b.len()]
}
