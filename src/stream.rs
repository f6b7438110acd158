//! Recordings that are written to files while a run goes on.

use crate::error::Error;
use crate::output::{self, NpyStream, Number};
use crate::runtime::{EventSink, Events, Recording, Sink};
use std::path::Path;

/// Where the rows of a stream begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// In new files.
    Anew,
    /// In files that a run before this one has left, after the rows that it had at its checkpoint.
    After(u64),
}

fn open(folder: &Path, name: &str, width: Option<usize>, kind: Number, begin: Begin) -> Result<NpyStream, Error> {
    let path = folder.join(format!("{name}.npy"));
    let stream = match begin {
        Begin::Anew => NpyStream::create(&path, width, kind),
        Begin::After(rows) => NpyStream::open_existing(&path, width, kind, rows),
    };
    stream.map_err(|error| Error::Value(error.to_string()))
}

fn check(folder: &Path, name: &str, width: Option<usize>, kind: Number, rows: u64) -> Result<(), Error> {
    let path = folder.join(format!("{name}.npy"));
    NpyStream::check_existing(&path, width, kind, rows).map_err(|error| Error::Value(error.to_string()))
}

fn refuse(error: output::Error) -> String {
    error.to_string()
}

/// `cells.v.npy` and `cells.v.t.npy`
pub(crate) struct Rows {
    values: NpyStream,
    times: NpyStream,
}

impl Rows {
    pub(crate) fn open(folder: &Path, recording: &Recording, begin: Begin) -> Result<Rows, Error> {
        let (name, width) = (recording.name(), recording.width());
        let values = open(folder, name, Some(width), Number::Float, begin)?;
        let times = open(folder, &format!("{name}.t"), None, Number::Float, begin)?;
        Ok(Rows { values, times })
    }
}

impl Rows {
    /// Whether [`Begin::After`] so many rows would be taken.
    pub(crate) fn check(folder: &Path, recording: &Recording, rows: u64) -> Result<(), Error> {
        check(folder, recording.name(), Some(recording.width()), Number::Float, rows)?;
        check(folder, &format!("{}.t", recording.name()), None, Number::Float, rows)
    }
}

impl Sink for Rows {
    fn write(&mut self, times: &[f64], values: &[f64]) -> Result<(), String> {
        self.values.append_floats(values).map_err(refuse)?;
        self.times.append_floats(times).map_err(refuse)?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), String> {
        self.values.flush().map_err(refuse)?;
        self.times.flush().map_err(refuse)
    }
}

/// `cells.spikes.t.npy`, `cells.spikes.i.npy`, and a file for each variable that is kept.
pub(crate) struct EventRows {
    times: NpyStream,
    elements: NpyStream,
    kept: Vec<NpyStream>,
}

impl EventRows {
    pub(crate) fn open(folder: &Path, events: &Events, begin: Begin) -> Result<EventRows, Error> {
        let name = events.name();
        let times = open(folder, &format!("{name}.t"), None, Number::Float, begin)?;
        let elements = open(folder, &format!("{name}.i"), None, Number::Integer, begin)?;
        let kept: Result<Vec<NpyStream>, Error> = events
            .variables()
            .map(|(variable, _)| open(folder, &format!("{name}.{variable}"), None, Number::Float, begin))
            .collect();
        Ok(EventRows { times, elements, kept: kept? })
    }
}

impl EventRows {
    /// Whether [`Begin::After`] so many rows would be taken.
    pub(crate) fn check(folder: &Path, events: &Events, rows: u64) -> Result<(), Error> {
        let name = events.name();
        check(folder, &format!("{name}.t"), None, Number::Float, rows)?;
        check(folder, &format!("{name}.i"), None, Number::Integer, rows)?;
        let mut kept = events.variables();
        kept.try_for_each(|(variable, _)| check(folder, &format!("{name}.{variable}"), None, Number::Float, rows))
    }
}

impl EventSink for EventRows {
    fn write(&mut self, times: &[f64], elements: &[u32], kept: &[Vec<f64>]) -> Result<(), String> {
        self.times.append_floats(times).map_err(refuse)?;
        let elements: Vec<i64> = elements.iter().map(|&element| i64::from(element)).collect();
        self.elements.append_integers(&elements).map_err(refuse)?;
        for (stream, values) in self.kept.iter_mut().zip(kept) {
            stream.append_floats(values).map_err(refuse)?;
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), String> {
        [&mut self.times, &mut self.elements]
            .into_iter()
            .chain(&mut self.kept)
            .try_for_each(|stream| stream.flush().map_err(refuse))
    }
}
