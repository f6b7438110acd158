//! Things that happen at single times, and where.

use super::Error;

/// What happened, and to which element, as files and figures see it.
///
/// ```
/// use dvdt::output::{self, DataFormat, Events, Meta};
///
/// let spikes = Events {
///     name: "cells.spikes",
///     size: 10,
///     counts: None,
///     times: &[0.001, 0.0025],
///     elements: &[3, 7],
///     values: &[("v", "volt", &[-0.05, -0.049])],
/// };
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("spikes.csv");
/// output::write_data(&path, DataFormat::Csv, &[], &[spikes], &Meta::default())?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "t [s],i,v [volt]\n0.001,3,-0.05\n0.0025,7,-0.049\n");
/// # Ok::<(), output::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    /// Group and event: `cells.spikes`.
    pub name: &'a str,
    /// The number of elements of the group.
    pub size: usize,
    /// How often it happened to each element, those times too that are not listed here; `None` when all are.
    pub counts: Option<&'a [u64]>,
    /// The time of every event in seconds, ascending.
    pub times: &'a [f64],
    /// The element of every event, ascending within one time.
    pub elements: &'a [u32],
    /// Captured variables: name, unit, and the value at every event in SI base units.
    pub values: &'a [(&'a str, &'a str, &'a [f64])],
}

impl Events<'_> {
    pub(super) fn check(&self) -> Result<(), Error> {
        let lengths = self.values.iter().map(|(variable, _, values)| (*variable, values.len()));
        if let Some(counts) = self.counts.filter(|counts| counts.len() != self.size) {
            return Err(Error::EventShape { name: self.part("count"), events: self.size, values: counts.len() });
        }
        for (part, values) in std::iter::once(("i", self.elements.len())).chain(lengths) {
            if values != self.times.len() {
                return Err(Error::EventShape { name: self.part(part), events: self.times.len(), values });
            }
        }
        match self.elements.iter().find(|element| **element as usize >= self.size) {
            Some(element) => Err(Error::Element { name: self.name.to_owned(), element: *element, size: self.size }),
            None => Ok(()),
        }
    }

    /// The name of one of its arrays: `cells.spikes.t`.
    pub(super) fn part(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }

    /// How often it happened to each element.
    pub(super) fn counts(&self) -> Vec<i64> {
        if let Some(counts) = self.counts {
            return counts.iter().map(|count| count.cast_signed()).collect();
        }
        let mut counts = vec![0; self.size];
        for element in self.elements {
            counts[*element as usize] += 1;
        }
        counts
    }
}
