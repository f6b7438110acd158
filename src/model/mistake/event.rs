//! What is said about events, noise, inputs and code.

use super::{error, measure, suggest, suggest_unit, warning};
use crate::diagnostic::Diagnostic;
use crate::dimension::Dimension;
use crate::model::resolve::is_noise;
use crate::model::{Group, Observed, Seconds, TimedArray, Variable};
use crate::source::Span;
use crate::syntax::ast::Ident;

// Noise.

pub(in crate::model) fn noise_outside_equations(variable: &Variable, span: Span) -> Diagnostic {
    let message = format!("`{}` is noise, which has values only inside of differential equations", variable.name);
    error("noise-outside-equations", message, span, "not in a differential equation")
        .with_help("elsewhere take `randn()`, a new normal number each time")
}

pub(in crate::model) fn noise_in_two_equations(span: Span, earlier: Span) -> Diagnostic {
    error("noise-in-two-equations", "`xi` may stand in one equation only".to_owned(), span, "again here")
        .with_label(earlier, "first here")
        .with_note("it would not be clear whether both mean the same random numbers")
        .with_help("for the same numbers write `xi_a` in both; for independent ones `xi_a` here and `xi_b` there")
}

pub(in crate::model) fn noise_constant_over_dt(name: &Ident) -> Diagnostic {
    let message = format!("`{}` is computed from noise and cannot be `constant over dt`", name.name);
    error("noise-outside-equations", message, name.span, "noise has values only inside of a step")
        .with_help("leave the flag out, or take `randn()` for one normal number per tick")
}

/// `xi` where there is no noise, `lastspike` where there is no refractory period.
pub(in crate::model) fn missing_builtin(name: &str, in_group: bool, span: Span) -> Diagnostic {
    if is_noise(name) {
        let message = format!("`{name}` is noise, which stands in differential equations only");
        return error("noise-outside-equations", message, span, "not in a differential equation")
            .with_help("elsewhere take `randn()`, a new normal number each time");
    }
    let message = format!("`{name}` is known only where a group has a refractory period");
    let diagnostic = error("unknown-name", message, span, "nothing has this name");
    if in_group { diagnostic.with_help("add a line `refractory 5*ms` to the group") } else { diagnostic }
}

// Events.

pub(in crate::model) fn not_a_condition(what: &str, found: Dimension, span: Span) -> Diagnostic {
    let message = format!("the condition of this {what} is neither true nor false");
    error("not-a-condition", message, span, format!("this is {}", measure(found)))
        .with_help("compare it with something, as in `v > 20*mV`")
}

pub(in crate::model) fn two_causes(first: Span, second: Span) -> Diagnostic {
    error("two-causes", "spikes come from one source".to_owned(), second, "a second source")
        .with_label(first, "they come from here already")
        .with_help("take `threshold`, `poisson` or `spikes`; other conditions are an `event` with a name of its own")
}

pub(in crate::model) fn duplicate_line(what: &str, first: Span, second: Span) -> Diagnostic {
    error("duplicate-setting", format!("a group has one {what}"), second, "again here").with_label(first, "first here")
}

pub(in crate::model) fn without_threshold(what: &str, span: Span) -> Diagnostic {
    error("missing-threshold", format!("{what} needs a threshold"), span, "no element of this group ever spikes")
        .with_help("add a line `threshold v > 20*mV` with the condition for a spike")
}

pub(in crate::model) fn threshold_alone(span: Span) -> Diagnostic {
    let message = "this group has neither a reset nor a refractory period".to_owned();
    warning("threshold-alone", message, span, "spikes at every tick at which it holds")
        .with_help("add a line `reset v = 0*mV` or `refractory 2*ms`")
}

pub(in crate::model) fn event_name(name: &Ident) -> Diagnostic {
    error("reserved-name", format!("no event may be called `{}`", name.name), name.span, "choose another name")
        .with_help("spikes come from a line `threshold …`")
}

pub(in crate::model) fn handler_of_spike(name: &Ident) -> Diagnostic {
    error("misplaced-item", "what a spike does is its reset".to_owned(), name.span, "a spike")
        .with_help("write `reset { … }`")
}

pub(in crate::model) fn refractory_dimension(found: Dimension, literal: Option<f64>, span: Span) -> Diagnostic {
    let message = "a refractory period is a time or a condition".to_owned();
    let diagnostic = error("refractory-period", message, span, format!("this is {}", measure(found)));
    let literal = literal.filter(|_| found.is_dimensionless());
    suggest_unit(diagnostic, literal, Dimension::TIME)
}

pub(in crate::model) fn negative_refractory(seconds: f64, span: Span) -> Diagnostic {
    let message = "a refractory period is not negative".to_owned();
    error("refractory-period", message, span, format!("this is {seconds} second"))
}

pub(in crate::model) fn not_a_rate(found: Dimension, span: Span) -> Diagnostic {
    let message = "the rate of Poisson spikes is in hertz".to_owned();
    error("not-a-rate", message, span, format!("this is {}", measure(found))).with_help("as in `poisson 10*Hz`")
}

pub(in crate::model) fn negative_rate(rate: f64, span: Span) -> Diagnostic {
    error("not-a-rate", "the rate of Poisson spikes is not negative".to_owned(), span, format!("this is {rate} hertz"))
}

pub(in crate::model) fn rate_beyond_ticks(rate: f64, dt: Seconds, span: Span) -> Diagnostic {
    let message = "more spikes than ticks are asked for, and an element fires at most once a tick".to_owned();
    warning("rate-beyond-ticks", message, span, format!("this is {rate} hertz, and a tick {dt}"))
        .with_help("take a shorter `dt`, or several elements of a lower rate")
}

// Code.

pub(in crate::model) fn write_to_constant(name: &Ident, defined: Span) -> Diagnostic {
    let message = format!("`{}` is constant, and a run must not write it", name.name);
    error("read-only", message, name.span, "written here").with_label(defined, "flagged `constant`")
}

pub(in crate::model) fn shared_in_event_code(name: &Ident, defined: Span) -> Diagnostic {
    let message = format!("`{}` is one number for all elements, and what an event does is for each", name.name);
    error("shared-in-event-code", message, name.span, "written for one element")
        .with_label(defined, "flagged `shared`")
        .with_help("write it in `run_regularly`, or leave the flag out")
}

pub(in crate::model) fn unread_name<'a>(name: &str, span: Span, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let message = format!("`{name}` is no variable of the group, and nothing reads it");
    let label = "a name that lives only here";
    suggest(warning("unread-name", message, span, label), name, known)
}

// Inputs.

pub(in crate::model) fn timed_without_call(array: &TimedArray, span: Span) -> Diagnostic {
    let message = format!("`{}` is a timed array, but it is used like a variable", array.name);
    error("function-without-call", message, span, "no parentheses follow").with_help(usage(array))
}

pub(in crate::model) fn timed_constant(array: &TimedArray, span: Span) -> Diagnostic {
    let message = format!("`{}` is a timed array, and outside of groups there is no time", array.name);
    error("timed-array", message, span, "not in a group")
}

pub(in crate::model) fn timed_arguments(array: &TimedArray, found: usize, span: Span) -> Diagnostic {
    let wanted = match array.columns {
        None => "one argument, the time",
        Some(_) => "two arguments, the time and the column",
    };
    error("argument-count", format!("`{}` takes {wanted}", array.name), span, format!("{found} given"))
        .with_help(usage(array))
}

pub(in crate::model) fn timed_argument(
    array: &TimedArray,
    found: Dimension,
    wanted: Dimension,
    span: Span,
) -> Diagnostic {
    let message =
        format!("`{}` takes {} here", array.name, if wanted == Dimension::TIME { "a time" } else { "a column" });
    error("argument-dimension", message, span, format!("this is {}", measure(found))).with_help(usage(array))
}

pub(in crate::model) fn too_few_columns(array: &TimedArray, columns: usize, group: &Group) -> Diagnostic {
    let message =
        format!("`{}` has a column for {columns} of the {} elements of `{}`", array.name, group.size, group.name);
    warning("too-few-columns", message, array.span, "this array").with_note("the others read NaN")
}

fn usage(array: &TimedArray) -> String {
    match array.columns {
        None => format!("write `{}(t)`", array.name),
        Some(_) => format!("write `{}(t, i)` for the column of each element", array.name),
    }
}

pub(in crate::model) fn array_dimensions(first: Dimension, found: Dimension, span: Span) -> Diagnostic {
    let message = "the numbers of an array measure the same".to_owned();
    let label = format!("this is {}, the first is {}", measure(found), measure(first));
    error("array", message, span, label).with_help("write the unit once, behind the bracket: `[0, 1, 2]*nA`")
}

pub(in crate::model) fn ragged_array(row: usize, found: usize, wanted: usize, span: Span) -> Diagnostic {
    let message = "the rows of an array are equally long".to_owned();
    error("array", message, span, format!("row {row} has {found} numbers, the first has {wanted}"))
}

pub(in crate::model) fn empty_array(span: Span) -> Diagnostic {
    error("array", "an array holds at least one number".to_owned(), span, "this is empty")
}

pub(in crate::model) fn file_outside(name: &Ident) -> Diagnostic {
    let message = format!("`{}` is not beside the model", name.name);
    error("array-file", message, name.span, "not read")
        .with_note("a model names files in its own folder and below, so that a stranger's reads nothing else")
        .with_help("copy the file beside the model and name it without `/` at the start and without `..`")
}

pub(in crate::model) fn file_without_folder(name: &Ident) -> Diagnostic {
    let message = format!("`{}` is looked for beside the model, but the model is not a file", name.name);
    error("array-file", message, name.span, "not read")
        .with_help("compile the model from a file, or say where its files are with `Engine::folder`")
}

pub(in crate::model) fn unreadable_array(name: &Ident, why: &str) -> Diagnostic {
    error("array-file", why.to_owned(), name.span, "named here")
}

pub(in crate::model) fn spikes(message: &str, span: Span, label: &str) -> Diagnostic {
    error("given-spikes", message.to_owned(), span, label)
}

pub(in crate::model) fn spike_twice(element: u32, tick: u64, dt: Seconds, span: Span) -> Diagnostic {
    #[allow(clippy::cast_precision_loss, reason = "shown to a person")]
    let time = tick as f64 * dt.to_f64();
    let message = format!("element {element} spikes twice at one tick, number {tick} ({time} second)");
    error("given-spikes", message, span, "two of these fall on one tick")
        .with_note(format!("a tick is {dt} long"))
        .with_help("leave one out, or give the group a clock with a shorter tick")
}

// Records.

pub(in crate::model) fn no_spikes(name: &Ident, group: &str) -> Diagnostic {
    let message = format!("group `{group}` has no spikes to record");
    error("missing-threshold", message, name.span, "no element ever spikes")
        .with_help("add a line `threshold v > 20*mV` with the condition for a spike")
}

pub(in crate::model) fn record_option(name: &Ident, observed: &Observed, span: Span) -> Diagnostic {
    let (what, takes) = match observed {
        Observed::Variable { .. } => ("a variable", "`every`, `when`, `order` and `last`"),
        Observed::Event { .. } => {
            ("an event, which is recorded when it happens", "variables in parentheses and `last`")
        }
        Observed::Rate { .. } => ("a rate", "`every`, `smooth` and `last`"),
    };
    error("record-option", format!("this does not fit `{}`, which is {what}", name.name), span, "does not fit")
        .with_help(format!("it takes {takes}"))
}

pub(in crate::model) fn rate_bin(dt: Seconds, span: Span) -> Diagnostic {
    let message = "a rate is taken over a whole number of ticks".to_owned();
    error("record-option", message, span, "not a multiple of the tick").with_note(format!("a tick is {dt} long"))
}

pub(in crate::model) fn kept_anyway(name: &Ident) -> Diagnostic {
    let message = format!("`{}` cannot be kept under this name", name.name);
    error("record-option", message, name.span, "a name of the recording itself")
        .with_note("time `t`, element `i` and the `count` of each element are kept of every event")
}

pub(in crate::model) fn kept_twice(name: &Ident) -> Diagnostic {
    let message = format!("`{}` is kept twice of the same event", name.name);
    error("record-option", message, name.span, "the second time").with_help("name it once")
}

pub(in crate::model) fn captured_of_given(span: Span) -> Diagnostic {
    let message = "with given spikes no variables can be kept".to_owned();
    error("record-option", message, span, "keeps variables").with_help("record the variable itself")
}

pub(in crate::model) fn count_out_of_range(what: &str, number: i128, span: Span) -> Diagnostic {
    error("not-whole", format!("{what} is out of range"), span, format!("this is {number}"))
}
