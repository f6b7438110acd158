//! What is said about the items of a model file.

use super::{error, measure, suggest, suggest_unit, warning};
use crate::diagnostic::{Code, Diagnostic};
use crate::dimension::Dimension;
use crate::model::exact::Fraction;
use crate::model::time::Duration;
use crate::model::{Clock, Method};
use crate::source::Span;
use crate::syntax::ast::Ident;

pub(in crate::model) fn default_dt(span: Span) -> Diagnostic {
    let message = "no `clock dt` is given, so a tick is 0.1*ms".to_owned();
    Diagnostic::note(Code("default-dt"), message, span, "runs on the unnamed clock")
        .with_help("write `clock dt = 0.1*ms` to say so")
}

pub(in crate::model) fn duplicate_clock(name: Option<&Ident>, span: Span, earlier: Span) -> Diagnostic {
    let message = match name {
        Some(name) => format!("the clock `{}` is defined twice", name.name),
        None => "the unnamed clock is defined twice".to_owned(),
    };
    error("duplicate-name", message, span, "again here")
        .with_label(earlier, "first here")
        .with_help("give one a name: `clock slow dt = 1*ms`, used by `clock slow` in a group")
}

pub(in crate::model) fn not_a_time(what: &str, found: Dimension, number: f64, span: Span) -> Diagnostic {
    let message = format!("{what} is a time, but this is {}", measure(found));
    let diagnostic = error("not-a-time", message, span, format!("this is {}", measure(found)));
    suggest_unit(diagnostic, Some(number).filter(|_| found.is_dimensionless()), Dimension::TIME)
}

pub(in crate::model) fn not_a_length(what: &str, seconds: f64, span: Span) -> Diagnostic {
    let message = format!("{what} must be positive, finite and of sensible size");
    error("bad-duration", message, span, format!("this is {seconds} second"))
}

pub(in crate::model) fn bad_duration(seconds: f64, span: Span) -> Diagnostic {
    let message = "the duration of a run must be finite and not negative".to_owned();
    error("bad-duration", message, span, format!("this is {seconds} second"))
}

pub(in crate::model) fn clocks_rarely_meet(
    (a, first): (&Clock, Option<Span>),
    (b, second): (&Clock, Option<Span>),
    meeting: Fraction,
    otherwise: Span,
) -> Diagnostic {
    let meeting = Duration(meeting);
    let message = format!("the clocks `{}` ({}) and `{}` ({}) meet only every {meeting}", a.name, a.dt, b.name, b.dt);
    let help = "choose ticks of which one is a small multiple of the other";
    let label = |clock: &Clock| format!("`{}` ticks every {}", clock.name, clock.dt);
    let diagnostic = match (first, second) {
        (None, None) => warning("clocks-rarely-meet", message, otherwise, ""),
        (None, Some(span)) => warning("clocks-rarely-meet", message, span, label(b)),
        (Some(span), None) => warning("clocks-rarely-meet", message, span, label(a)),
        (Some(first), Some(second)) => {
            warning("clocks-rarely-meet", message, second, label(b)).with_label(first, label(a))
        }
    };
    diagnostic.with_help(help)
}

pub(in crate::model) fn empty_group(span: Span) -> Diagnostic {
    warning("empty-group", "the group has no elements".to_owned(), span, "this is 0")
}

pub(in crate::model) fn size_out_of_range(size: i128, span: Span) -> Diagnostic {
    error("group-size", "a group has from 0 to 2147483648 elements".to_owned(), span, format!("this is {size}"))
}

pub(in crate::model) fn too_many_groups(most: usize, span: Span) -> Diagnostic {
    error("group-size", format!("a model has at most {most} groups"), span, "one too many")
        .with_help("elements that share their equations can stand in one group")
}

pub(in crate::model) fn not_whole(what: &str, found: Dimension, span: Span) -> Diagnostic {
    let label =
        if found.is_dimensionless() { "not a whole number".to_owned() } else { format!("this is {}", measure(found)) };
    error("not-whole", format!("{what} is a whole number"), span, label)
}

pub(in crate::model) fn duplicate_setting(what: &str, first: &Ident, second: &Ident) -> Diagnostic {
    error("duplicate-setting", format!("a group has one {what}"), second.span, "again here")
        .with_label(first.span, "first here")
}

pub(in crate::model) fn unknown_method(name: &Ident, lower: &str) -> Diagnostic {
    let later = match lower {
        _ if lower.starts_with("gsl") => Some("GSL's adaptive steps, which dvdt does not have"),
        _ => None,
    };
    if let Some(what) = later {
        let message = format!("the method `{}` is for {what}", name.name);
        let help = "of the explicit methods take `rk2` or `rk4`";
        return error("not-yet-supported", message, name.span, "not yet supported").with_help(help);
    }
    let diagnostic = error("unknown-name", format!("there is no method `{}`", name.name), name.span, "unknown");
    if lower == "independent" {
        return diagnostic.with_help("write `exact`");
    }
    let known: Vec<String> = Method::ALL.iter().map(|method| format!("`{}`", method.name())).collect();
    suggest(diagnostic, lower, Method::ALL.map(Method::name)).with_note(format!("known methods: {}", known.join(", ")))
}

pub(in crate::model) fn parameter_never_set(name: &str, span: Span, defined: Span) -> Diagnostic {
    let message = format!("`{name}` is 0 until it is set, and the equations divide by it");
    warning("parameter-never-set", message, span, "divides by it")
        .with_label(defined, "has no initial value")
        .with_help(format!("add `init {name} = …` to the group"))
}

pub(in crate::model) fn element_out_of_range(number: i128, size: usize, span: Span) -> Diagnostic {
    let message = match size.checked_sub(1) {
        Some(last) => format!("the elements are numbered from 0 to {last}"),
        None => "the group has no elements".to_owned(),
    };
    error("element-out-of-range", message, span, format!("this is {number}"))
}

pub(in crate::model) fn range_out_of_range(number: i128, size: usize, span: Span) -> Diagnostic {
    let message = format!("a range of elements goes from 0 to {size}, the size of the group, at most");
    error("element-out-of-range", message, span, format!("this is {number}"))
}

pub(in crate::model) fn too_many_elements(span: Span) -> Diagnostic {
    error("too-many-elements", "the list of elements is too long".to_owned(), span, "")
        .with_help("without brackets all elements are recorded")
}

pub(in crate::model) fn not_recordable(name: &Ident) -> Diagnostic {
    error(
        "not-recordable",
        format!("`{}` never changes, so there is nothing to record", name.name),
        name.span,
        "always the same",
    )
}

pub(in crate::model) fn empty_record(span: Span) -> Diagnostic {
    warning("empty-record", "this records no elements".to_owned(), span, "nothing is recorded")
}

pub(in crate::model) fn duplicate_record(span: Span, earlier: Span) -> Diagnostic {
    warning("duplicate-record", "this is recorded twice".to_owned(), span, "again here")
        .with_label(earlier, "first here")
}

pub(in crate::model) fn no_run(span: Span) -> Diagnostic {
    let message = "the file has no `run`, so nothing happens".to_owned();
    Diagnostic::note(Code("no-run"), message, span, "the last item").with_help("add `run 1*second`")
}
