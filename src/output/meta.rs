//! Where numbers came from, as a document beside them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::{Error, file};

/// Where numbers came from; becomes the JSON text `meta` of an npz file.
///
/// The units and chosen elements of every array are added from the [`Series`] and [`Events`] themselves.
///
/// [`Series`]: super::Series
/// [`Events`]: super::Events
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
    /// The floats of its elements: `float64`.
    pub precision: String,
    /// The scheme: `exact`.
    pub method: String,
    /// Why that scheme.
    pub reason: String,
}

/// Writes `meta`, the unit of every array and the elements that its columns stand for as a JSON file, whole or not at all: the companion of
/// a folder of [`NpyStream`](super::NpyStream)s.
///
/// ```
/// use dvdt::output::{self, Meta};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("meta.json");
/// let units = [("cells.v".to_owned(), "volt".to_owned())].into();
/// let elements = [("cells.v".to_owned(), vec![0, 7])].into();
/// output::write_meta(&path, &Meta::default(), &units, &elements)?;
/// assert!(std::fs::read_to_string(&path).unwrap().contains(r#""cells.v": "volt""#));
/// # Ok::<(), output::Error>(())
/// ```
///
/// # Errors
/// A file system's. An existing file is unchanged then.
pub fn write_meta(
    path: &Path,
    meta: &Meta,
    units: &BTreeMap<String, String>,
    elements: &BTreeMap<String, Vec<usize>>,
) -> Result<(), Error> {
    let units = units.iter().map(|(name, unit)| (name.clone(), unit.as_str())).collect();
    file::replace(path, |file| {
        let elements = elements.iter().map(|(name, list)| (name.as_str(), list.as_slice())).collect();
        let text = serde_json::to_string_pretty(&Document::new(meta, units, Some(elements)))?;
        writeln!(file, "{text}")
    })
}

/// What is said about a set of arrays.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    /// Goes up when a key changes its meaning.
    format: u32,
    #[serde(flatten)]
    meta: &'a Meta,
    /// Of every array.
    units: BTreeMap<String, &'a str>,
    /// The elements that the columns of an array stand for.
    #[serde(skip_serializing_if = "Option::is_none")]
    elements: Option<BTreeMap<&'a str, &'a [usize]>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(
        meta: &'a Meta,
        units: BTreeMap<String, &'a str>,
        elements: Option<BTreeMap<&'a str, &'a [usize]>>,
    ) -> Document<'a> {
        Document { format: 1, meta, units, elements }
    }
}

impl fmt::Display for Document<'_> {
    /// As JSON in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
