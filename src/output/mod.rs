//! Writes recordings to files and draws them.
//!
//! The types here are a plain view of what was recorded, so that files and figures depend on
//! nothing of the runtime: a [`Series`] borrows samples, an [`Events`] what happened when, and a
//! [`Meta`] says where they came from. An [`NpyStream`] takes rows while a run goes on.
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
//! output::write_data(&path, format, &[v], &[], &Meta::default())?;
//! assert!(std::fs::read_to_string(&path).unwrap().starts_with("t [s],cells.v[0] [volt]"));
//! # Ok::<(), output::Error>(())
//! ```

mod axis;
mod csv;
mod error;
mod events;
mod figure;
mod figure_legend;
mod file;
mod meta;
mod npy;
mod npz;
mod raster;
mod stream;
mod trace;

use meta::Document;
use std::collections::BTreeSet;
use std::path::Path;

pub use error::Error;
pub use events::Events;
pub use file::check_writable;
pub(crate) use file::replace;
pub use meta::{GroupMeta, Meta, write_meta};
pub use npy::Number;
pub use stream::NpyStream;

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
/// An npz file holds for the series `cells.v` the arrays `cells.v` (samples × elements, float64, SI
/// base units) and `cells.v.t` (seconds); for the events `cells.spikes` it holds `cells.spikes.t`
/// (seconds), `cells.spikes.i` (int64, the element of each), `cells.spikes.count` (int64, one for
/// each element of the group), and an array like `cells.spikes.v` for each captured variable. A
/// text `meta` is for `json.loads(str(file["meta"]))`.
///
/// A CSV file holds one row per sample time; all its recordings must share their times. Or it holds
/// one row per event, of one kind of events alone.
///
/// # Errors
/// A file system's, a series or events whose lengths disagree, two of one name, and for CSV
/// [`Error::SeveralTimeBases`] and [`Error::EventsInTable`]. An existing file is unchanged then.
pub fn write_data(
    path: &Path,
    format: DataFormat,
    series: &[Series<'_>],
    events: &[Events<'_>],
    meta: &Meta,
) -> Result<(), Error> {
    check(series, events)?;
    match format {
        DataFormat::Npz => {
            npz::check(series, events)?;
            file::replace(path, |file| npz::write(file.as_file_mut(), series, events, meta))
        }
        DataFormat::Csv => {
            csv::check(series, events)?;
            file::replace(path, |file| match events {
                [one] => csv::write_events(file.as_file_mut(), one),
                _ => csv::write(file.as_file_mut(), series),
            })
        }
    }
}

/// Draws recordings to `path`, a panel each over a common time axis, whole or not at all.
///
/// Events come first, as rasters: time to the right, elements upward. Of more than some 20,000
/// events those that would share a dot are drawn once.
///
/// What `meta` says stands in the file, as JSON: in the `metadata` of an SVG, in a text called `dvdt` of a PNG.
///
/// Elements of a series with identical values are drawn once. Up to 100 different ones are drawn as
/// lines, more as their median, quartiles and range; the legend says which.
///
/// # Errors
/// As [`write_data`].
pub fn write_figure(
    path: &Path,
    format: FigureFormat,
    title: &str,
    series: &[Series<'_>],
    events: &[Events<'_>],
    meta: &Meta,
) -> Result<(), Error> {
    check(series, events)?;
    let page = figure::lay_out(title, series, events);
    let units = series.iter().map(|one| (one.name.to_owned(), one.unit)).collect();
    let meta = Document::new(meta, units, None).to_string();
    match format {
        FigureFormat::Svg => {
            let text = figure::svg(&page, &meta).map_err(|reason| Error::Drawing { path: path.to_owned(), reason })?;
            file::replace(path, |file| std::io::Write::write_all(file, text.as_bytes()))
        }
        FigureFormat::Png => file::replace(path, |file| figure::png(&page, &meta, file.path())),
    }
}

fn check(series: &[Series<'_>], events: &[Events<'_>]) -> Result<(), Error> {
    series.iter().try_for_each(Series::check)?;
    events.iter().try_for_each(Events::check)?;
    distinct(series.iter().map(|one| one.name.to_owned()).chain(events.iter().map(|one| one.name.to_owned())))
}

/// That no name stands for two things.
fn distinct(names: impl Iterator<Item = String>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(Error::Duplicate { name });
        }
    }
    Ok(())
}
