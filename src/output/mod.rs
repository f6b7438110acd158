//! Writes recordings to files and draws them.
//!
//! The types here are a plain view of what was recorded, so that files and figures depend on
//! nothing of the runtime: a [`Series`] borrows numbers, a [`Meta`] says where they came from.
//!
//! ```
//! use dvdt::output::{self, DataFormat, Meta, Series};
//!
//! let times = [0.0, 1e-4, 2e-4];
//! let values = [1.0, 2.0, 1.5, 2.5, 1.75, 2.75];
//! let v = Series { name: "cells.v", unit: "volt", elements: &[0, 1], times: &times, values: &values };
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("run.csv");
//! let format = DataFormat::of(&path)?;
//! output::write_data(&path, format, &[v], &Meta::default())?;
//! assert!(std::fs::read_to_string(&path).unwrap().starts_with("t [s],cells.v[0] [volt]"));
//! # Ok::<(), output::Error>(())
//! ```

mod axis;
mod csv;
mod error;
mod figure;
mod figure_legend;
mod file;
mod npz;
mod trace;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use error::Error;
pub use file::check_writable;
pub(crate) use file::replace;

/// One recorded variable, as files and figures see it.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Group and variable: `cells.v`.
    pub name: &'a str,
    /// The unit of the values: `volt`, `siemens/metre**2`, `1`.
    pub unit: &'a str,
    /// The number in its group of every recorded element.
    pub elements: &'a [usize],
    /// The time of every sample in seconds, ascending.
    pub times: &'a [f64],
    /// Samples × elements, row by row, in SI base units.
    pub values: &'a [f64],
}

impl Series<'_> {
    fn check(&self) -> Result<(), Error> {
        let expected = self.times.len().checked_mul(self.elements.len());
        if expected == Some(self.values.len()) {
            return Ok(());
        }
        Err(Error::Shape {
            name: self.name.to_owned(),
            samples: self.times.len(),
            elements: self.elements.len(),
            values: self.values.len(),
        })
    }
}

/// Where numbers came from; becomes the JSON text `meta` of an npz file.
///
/// The units and chosen elements of every array are added from the [`Series`] themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Meta {
    /// The version of dvdt.
    pub version: String,
    /// The text of the model.
    pub model: String,
    /// The seed of random numbers, when there are any.
    pub seed: Option<u64>,
    /// What was set besides the model's text, as `group.name=value`.
    pub set: Vec<String>,
    /// The time of the first tick in seconds.
    pub start: f64,
    /// The time reached in seconds.
    pub stop: f64,
    /// Whether the run reached its end; `false` when it was cancelled.
    pub complete: bool,
    /// `interpreter` or `jit`.
    pub executor: String,
    /// `fast` or `precise`.
    pub math: String,
    /// The length of a tick in seconds, for every clock by name.
    pub clocks: BTreeMap<String, f64>,
    /// Every group by name.
    pub groups: BTreeMap<String, GroupMeta>,
    /// What the user was told about the run.
    pub warnings: Vec<String>,
}

/// What [`Meta`] says of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupMeta {
    /// The number of elements.
    pub size: usize,
    /// The name of its clock.
    pub clock: String,
    /// The scheme: `exact`.
    pub method: String,
    /// Why that scheme.
    pub reason: String,
}

/// A kind of file that holds numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFormat {
    /// NumPy's archive of arrays.
    Npz,
    /// A table of text.
    Csv,
}

impl DataFormat {
    /// What the ending of `path` asks for; upper and lower case are the same.
    ///
    /// # Errors
    /// [`Error::Ending`] for any other ending.
    pub fn of(path: &Path) -> Result<DataFormat, Error> {
        match ending(path).as_deref() {
            Some("npz") => Ok(DataFormat::Npz),
            Some("csv") => Ok(DataFormat::Csv),
            _ => Err(Error::Ending { path: path.to_owned(), what: "results", known: ".npz or .csv" }),
        }
    }
}

/// A kind of file that holds a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureFormat {
    /// Scalable vector graphics.
    Svg,
    /// Pixels, two for each point of the layout.
    Png,
}

impl FigureFormat {
    /// What the ending of `path` asks for; upper and lower case are the same.
    ///
    /// # Errors
    /// [`Error::Ending`] for any other ending.
    pub fn of(path: &Path) -> Result<FigureFormat, Error> {
        match ending(path).as_deref() {
            Some("svg") => Ok(FigureFormat::Svg),
            Some("png") => Ok(FigureFormat::Png),
            _ => Err(Error::Ending { path: path.to_owned(), what: "figures", known: ".svg or .png" }),
        }
    }
}

fn ending(path: &Path) -> Option<String> {
    path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase())
}

/// Writes recordings to `path`, whole or not at all.
///
/// An npz file holds for `cells.v` the arrays `cells.v` (samples × elements, float64, SI base
/// units) and `cells.v.t` (seconds), and a text `meta` for `json.loads(str(file["meta"]))`.
/// A CSV file holds one row per sample time; all its recordings must share their times.
///
/// # Errors
/// A file system's, a series whose lengths disagree, two series of one name, and for CSV
/// [`Error::SeveralTimeBases`]. An existing file is unchanged then.
pub fn write_data(path: &Path, format: DataFormat, series: &[Series<'_>], meta: &Meta) -> Result<(), Error> {
    check(series)?;
    match format {
        DataFormat::Npz => file::replace(path, |file| npz::write(file.as_file_mut(), series, meta)),
        DataFormat::Csv => {
            csv::check(series)?;
            file::replace(path, |file| csv::write(file.as_file_mut(), series))
        }
    }
}

/// Draws recordings to `path`, a panel each over a common time axis, whole or not at all.
///
/// Elements with identical values are drawn once. Up to 100 different ones are drawn as lines,
/// more as their median, quartiles and range; the legend says which.
///
/// # Errors
/// As [`write_data`].
pub fn write_figure(path: &Path, format: FigureFormat, title: &str, series: &[Series<'_>]) -> Result<(), Error> {
    check(series)?;
    let page = figure::lay_out(title, series);
    match format {
        FigureFormat::Svg => {
            let text = figure::svg(&page).map_err(|reason| Error::Drawing { path: path.to_owned(), reason })?;
            file::replace(path, |file| std::io::Write::write_all(file, text.as_bytes()))
        }
        FigureFormat::Png => file::replace(path, |file| figure::png(&page, file.path())),
    }
}

fn check(series: &[Series<'_>]) -> Result<(), Error> {
    for (index, one) in series.iter().enumerate() {
        one.check()?;
        if series[..index].iter().any(|other| other.name == one.name) {
            return Err(Error::Duplicate { name: one.name.to_owned() });
        }
    }
    Ok(())
}
