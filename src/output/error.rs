//! What can go wrong on the way to a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not written; whatever stood at its path is unchanged.
#[derive(Debug)]
pub enum Error {
    /// The ending of the path names no format.
    Ending {
        /// As given.
        path: PathBuf,
        /// `results` or `figures`.
        what: &'static str,
        /// The endings that would do.
        known: &'static str,
    },
    /// The folder of the path does not exist.
    MissingFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The path is a folder.
    IsFolder {
        /// As given.
        path: PathBuf,
    },
    /// The path is a device or a pipe.
    NoFile {
        /// As given.
        path: PathBuf,
    },
    /// The file system refuses: read-only, or not ours.
    NotWritable {
        /// The folder in which a file was to be made.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full.
    DiskFull {
        /// As given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system said.
    Io {
        /// As given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A series whose number of values is not samples × elements.
    Shape {
        /// The name of the series.
        name: String,
        /// The number of times.
        samples: usize,
        /// The number of elements.
        elements: usize,
        /// The number of values.
        values: usize,
    },
    /// Events whose parts are not of one length.
    EventShape {
        /// The name of the part: `cells.spikes.i`.
        name: String,
        /// The number of times.
        events: usize,
        /// The number of values.
        values: usize,
    },
    /// An event of an element that the group does not have.
    Element {
        /// The name of the events.
        name: String,
        /// The number of the element.
        element: u32,
        /// The size of the group.
        size: usize,
    },
    /// Two series, events or arrays have one name.
    Duplicate {
        /// The name of both.
        name: String,
    },
    /// Events share no table with anything else.
    EventsInTable {
        /// The events.
        events: String,
        /// What else was to be written.
        other: String,
    },
    /// An array file that rows cannot be appended to.
    Unfit {
        /// As given.
        path: PathBuf,
        /// What is different from what was expected.
        reason: String,
    },
    /// Numbers that are not rows of the array that they were appended to.
    Rows {
        /// The file.
        path: PathBuf,
        /// What they were.
        given: String,
        /// What the rows of the array are.
        expected: String,
    },
    /// The disk became full while rows were appended.
    StreamFull {
        /// The file.
        path: PathBuf,
        /// The rows that it holds.
        rows: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Recordings with different sample times do not fit into one table.
    SeveralTimeBases {
        /// The first recording.
        first: String,
        /// One whose times differ.
        other: String,
    },
    /// The drawing library failed.
    Drawing {
        /// As given.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}

impl Error {
    /// Sorts an error of the system by what a user can do about it.
    pub(super) fn of(path: &Path, folder: &Path, source: io::Error) -> Error {
        use io::ErrorKind as Kind;
        let source = unwrapped(source);
        match source.kind() {
            Kind::NotFound | Kind::NotADirectory if !folder.is_dir() => {
                Error::MissingFolder { folder: folder.to_owned() }
            }
            Kind::IsADirectory => Error::IsFolder { path: path.to_owned() },
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => {
                Error::NotWritable { folder: folder.to_owned(), source }
            }
            Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => {
                Error::DiskFull { path: path.to_owned(), source }
            }
            _ => Error::Io { path: path.to_owned(), source },
        }
    }
}

/// Libraries for archives and images hand on the system's error as text; its number is still there.
fn unwrapped(error: io::Error) -> io::Error {
    let text = error.to_string();
    let number = text.split_once("(os error ").and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok());
    match number {
        Some(number) if error.kind() == io::ErrorKind::Other => io::Error::from_raw_os_error(number),
        _ => error,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Ending { path, what, known } => {
                write!(out, "cannot write {what} to `{}`: the name must end in {known}", path.display())
            }
            Error::MissingFolder { folder } => write!(out, "there is no folder `{}`", folder.display()),
            Error::NoFile { path } => {
                write!(out, "`{}` is a device or a pipe, not a file; choose a file", path.display())
            }
            Error::IsFolder { path } => write!(out, "`{}` is a folder, not a file", path.display()),
            Error::NotWritable { folder, source } => {
                // The kind only: the source names a temporary file that means nothing to a user.
                write!(out, "cannot write into the folder `{}`: {}", folder.display(), source.kind())
            }
            Error::DiskFull { path, source } => {
                write!(out, "no room to write `{}`: {source}; nothing was written", path.display())
            }
            Error::Io { path, source } => write!(out, "cannot write `{}`: {source}", path.display()),
            Error::Shape { name, samples, elements, values } => {
                write!(out, "`{name}` has {values} values for {samples} samples of {elements} elements")
            }
            Error::EventShape { name, events, values } => {
                write!(out, "`{name}` has {values} values for {events} events")
            }
            Error::Element { name, element, size } => {
                write!(out, "`{name}` has an event of element {element}, but there are {size} elements")
            }
            Error::Unfit { path, reason } => write!(out, "cannot go on with `{}`: {reason}", path.display()),
            Error::Rows { path, given, expected } => {
                write!(out, "cannot append {given} to `{}`: its rows are {expected}", path.display())
            }
            Error::StreamFull { path, rows, source } => {
                write!(out, "no room to go on with `{}`: {source}; it holds the first {rows} rows", path.display())
            }
            Error::EventsInTable { events, other } => write!(
                out,
                "a CSV table holds either samples or one kind of events, but there are `{other}` and `{events}`; \
                 write them to an .npz file instead"
            ),
            Error::Duplicate { name } => write!(out, "`{name}` is given twice"),
            Error::SeveralTimeBases { first, other } => write!(
                out,
                "a CSV table has one column of times, but `{first}` and `{other}` were recorded at different times; \
                 write them to an .npz file instead"
            ),
            Error::Drawing { path, reason } => write!(out, "cannot draw `{}`: {reason}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::NotWritable { source, .. }
            | Error::DiskFull { source, .. }
            | Error::StreamFull { source, .. }
            | Error::Io { source, .. } => Some(source),
            Error::Ending { .. }
            | Error::MissingFolder { .. }
            | Error::IsFolder { .. }
            | Error::NoFile { .. }
            | Error::Shape { .. }
            | Error::EventShape { .. }
            | Error::Element { .. }
            | Error::Duplicate { .. }
            | Error::EventsInTable { .. }
            | Error::Unfit { .. }
            | Error::Rows { .. }
            | Error::SeveralTimeBases { .. }
            | Error::Drawing { .. } => None,
        }
    }
}
