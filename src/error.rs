//! Why a call failed: what, where, and what to do.

use crate::diagnostic::{Report, nearest};
use crate::dimension::Dimension;
use crate::source::Sources;
use crate::{jit, runtime};
use std::fmt::{self, Display, Formatter};

/// Why a call failed.
///
/// ```
/// let wrong = dvdt::Engine::new().compile("m.dvdt", "group g[1] { dv/dt = 1 : volt }").unwrap_err();
/// let text = wrong.to_string();
/// assert!(text.contains("m.dvdt:1:22") && text.contains("volt/second"), "{text}");
/// ```
#[derive(Debug)]
pub enum Error {
    /// A text has mistakes; shown with file, line, column and the place underlined.
    Text(Box<TextError>),
    /// A file cannot be read.
    File {
        /// Which.
        path: String,
        /// Why, and what to do.
        what: String,
    },
    /// A file or folder cannot be written.
    Output {
        /// Which.
        path: String,
        /// Why.
        what: String,
    },
    /// This machine cannot run compiled code.
    Machine(jit::Error),
    /// A run could not start or go on.
    Run(runtime::Error),
    /// A checkpoint does not fit; it says what differs.
    Checkpoint(runtime::Misfit),
    /// A name that is not there.
    Name {
        /// What was looked for: `group`, `variable`, `recording`.
        what: &'static str,
        /// The name.
        name: String,
        /// One that is there and alike.
        nearest: Option<String>,
        /// All that are there.
        known: Vec<String>,
    },
    /// A value of the wrong dimension.
    Dimension(Box<DimensionError>),
    /// A value or a duration that makes no sense, with the reason.
    Value(String),
}

/// A text and all that is wrong with it.
#[derive(Debug, Clone)]
pub struct TextError {
    /// The texts.
    pub sources: Sources,
    /// The mistakes.
    pub report: Report,
}

/// A variable and a value that do not measure the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionError {
    /// What was to be written.
    pub name: String,
    /// Its dimension.
    pub expected: Dimension,
    /// The value's.
    pub found: Dimension,
}

impl Error {
    pub(crate) fn dimension(name: impl Into<String>, expected: Dimension, found: Dimension) -> Self {
        Error::Dimension(Box::new(DimensionError { name: name.into(), expected, found }))
    }

    pub(crate) fn text(sources: Sources, report: Report) -> Self {
        Error::Text(Box::new(TextError { sources, report }))
    }

    pub(crate) fn name<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        Error::Name { what, name: name.to_owned(), nearest, known }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Error::Text(error) => f.write_str(error.report.render(&error.sources, false).trim_end()),
            Error::Output { path, what } => write!(f, "cannot write {path}: {what}"),
            Error::File { path, what } => write!(f, "cannot read {path}: {what}"),
            Error::Machine(error) => write!(f, "{error}"),
            Error::Run(error) => write!(f, "{error}"),
            Error::Checkpoint(misfit) => write!(f, "{misfit}"),
            Error::Name { what, name, nearest: Some(nearest), .. } => {
                write!(f, "there is no {what} `{name}`; did you mean `{nearest}`?")
            }
            Error::Name { what, name, known, .. } if known.is_empty() => {
                write!(f, "there is no {what} `{name}`, and no other either")
            }
            Error::Name { what, name, known, .. } => {
                write!(f, "there is no {what} `{name}`; there is: {}", known.join(", "))
            }
            Error::Dimension(error) => {
                let DimensionError { name, expected, found } = &**error;
                write!(f, "`{name}` is in {expected}, but the value is in {found}")
            }
            Error::Value(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<runtime::Error> for Error {
    fn from(error: runtime::Error) -> Self {
        Error::Run(error)
    }
}
