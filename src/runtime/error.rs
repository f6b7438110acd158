//! What a caller can do wrong, and what the world can refuse.

use std::fmt;

/// Why the runtime did not do what it was asked to.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The system gives no threads.
    Threads {
        /// How many were asked for.
        count: usize,
        /// What it says.
        why: String,
    },
    /// There is no such group.
    UnknownGroup {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A group has no such variable.
    UnknownVariable {
        /// The group.
        group: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A variable was asked for as another kind of number than it is.
    Kind {
        /// `cells.v`
        variable: String,
        /// What it holds.
        holds: &'static str,
        /// As what it was asked for.
        asked: &'static str,
    },
    /// A variable that must not be written.
    ReadOnly {
        /// `cells.v`
        variable: String,
    },
    /// There is not enough memory.
    Memory {
        /// What needs it.
        what: String,
        /// How much.
        bytes: u128,
    },
    /// A duration that is negative, infinite, not a number, or finer than can be counted.
    Duration {
        /// As given.
        seconds: f64,
    },
    /// Times that cannot be counted exactly in 128 bits, or ticks not in 64.
    TooLong,
    /// What is recorded could not be written while the run went on.
    Sink {
        /// `cells.v`
        what: String,
        /// The reason.
        why: String,
    },
    /// There is no such recording.
    UnknownRecording {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A plan that contradicts itself.
    Plan(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownGroup { name, known } => {
                write!(f, "there is no group `{name}`; there {}", list(known))
            }
            Error::UnknownVariable { group, name, known } => {
                write!(f, "the group `{group}` has no variable `{name}` that can be read here; there {}", list(known))
            }
            Error::Kind { variable, holds, asked } => {
                write!(f, "`{variable}` holds {holds} and was asked for as {asked}; ask for {holds}")
            }
            Error::ReadOnly { variable } => {
                write!(f, "`{variable}` is computed and cannot be written; write what it is computed from")
            }
            Error::Memory { what, bytes } => write!(
                f,
                "{what} needs {} of memory, which the system does not give; choose fewer elements, \
                 a longer interval or a shorter run",
                size(*bytes)
            ),
            Error::Duration { seconds } => {
                write!(
                    f,
                    "cannot run for {seconds:e} seconds; a duration is finite, not negative, and 0 or at least 1e-23 s"
                )
            }
            Error::Threads { count, why } => write!(f, "{count} threads cannot be started: {why}"),
            Error::TooLong => write!(
                f,
                "the time at the end of the run cannot be counted exactly; choose a shorter run, or clocks whose \
                 dt have a simpler ratio"
            ),
            Error::Sink { what, why } => write!(f, "the recording of `{what}` cannot be written: {why}"),
            Error::UnknownRecording { name, known } => {
                write!(f, "there is no recording `{name}`; there {}", list(known))
            }
            Error::Plan(what) => write!(f, "the compiled model contradicts itself: {what}; please report this"),
        }
    }
}

impl std::error::Error for Error {}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "are none".to_owned();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", if names.len() == 1 { "is" } else { "are" }, quoted.join(", "))
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
fn size(bytes: u128) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut amount = bytes as f64 / 1e3;
    let mut unit = 0;
    while amount >= 1e3 && unit + 1 < UNITS.len() {
        amount /= 1e3;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}
