//! NumPy's archive: a zip file of arrays, uncompressed, so that rows stream at the disk's speed.
//!
//! Times of day are left out of the archive, so that equal results are equal files.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use npyz::npz::{NpzWriter, file_name_from_array_name};
use npyz::zip::{CompressionMethod, DateTime, write::FileOptions};

use super::meta::Document;
use super::npy::{self, Number};
use super::{Error, Events, Meta, Series, distinct};

/// Values that are converted to bytes at once.
const CHUNK: usize = 8192;
/// From this size on an entry needs the 64-bit form; the header of the array counts too.
const LARGE: u64 = 0xffff_ffff - 4096;

/// Whether every array has a name of its own.
pub(super) fn check(series: &[Series<'_>], events: &[Events<'_>]) -> Result<(), Error> {
    distinct(units(series, events).into_iter().map(|(name, _)| name).chain(["meta".to_owned()]))
}

/// Writes every series and its times, the parts of all events, and `meta`.
pub(super) fn write(file: &mut File, series: &[Series<'_>], events: &[Events<'_>], meta: &Meta) -> io::Result<()> {
    let elements = series.iter().map(|one| (one.name, one.elements)).collect();
    let document = Document::new(meta, units(series, events).into_iter().collect(), Some(elements));
    let meta = document.to_string();
    let mut archive = Archive { npz: NpzWriter::new(BufWriter::with_capacity(1 << 16, file)) };
    let result = archive.write(series, events, &meta);
    if result.is_err() {
        // Dropped half-written, it would write on and print to the terminal when that fails too.
        std::mem::forget(archive);
    }
    result
}

/// The name and the unit of every array.
fn units<'a>(series: &[Series<'a>], events: &[Events<'a>]) -> Vec<(String, &'a str)> {
    let mut units = Vec::new();
    for one in series {
        units.extend([(one.name.to_owned(), one.unit), (time_name(one), "second")]);
    }
    for one in events {
        units.extend([(one.part("t"), "second"), (one.part("i"), "1"), (one.part("count"), "1")]);
        units.extend(one.values.iter().map(|(variable, unit, _)| (one.part(variable), *unit)));
    }
    units
}

fn time_name(series: &Series<'_>) -> String {
    format!("{}.t", series.name)
}

struct Archive<'a> {
    npz: NpzWriter<BufWriter<&'a mut File>>,
}

impl Archive<'_> {
    fn write(&mut self, series: &[Series<'_>], events: &[Events<'_>], meta: &str) -> io::Result<()> {
        for one in series {
            let shape = format!("({}, {})", one.times.len(), one.elements.len());
            self.floats(one.name, &shape, one.values)?;
            self.floats(&time_name(one), &flat(one.times), one.times)?;
        }
        for one in events {
            self.floats(&one.part("t"), &flat(one.times), one.times)?;
            self.integers(&one.part("i"), one.elements.iter().copied().map(i64::from))?;
            self.integers(&one.part("count"), one.counts().into_iter())?;
            for (variable, _, values) in one.values {
                self.floats(&one.part(variable), &flat(values), values)?;
            }
        }
        self.text("meta", meta)?;
        self.npz.zip_writer().finish()?.flush()
    }

    fn floats(&mut self, name: &str, shape: &str, values: &[f64]) -> io::Result<()> {
        self.start(name, Number::Float.code(), shape, 8 * values.len() as u64)?;
        self.words(values.iter().map(|value| value.to_le_bytes()))
    }

    fn integers(&mut self, name: &str, values: impl ExactSizeIterator<Item = i64>) -> io::Result<()> {
        let shape = format!("({},)", values.len());
        self.start(name, Number::Integer.code(), &shape, 8 * values.len() as u64)?;
        self.words(values.map(i64::to_le_bytes))
    }

    fn words(&mut self, mut words: impl Iterator<Item = [u8; 8]>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(8 * CHUNK);
        loop {
            bytes.clear();
            bytes.extend(words.by_ref().take(CHUNK).flatten());
            if bytes.is_empty() {
                return Ok(());
            }
            self.npz.zip_writer().write_all(&bytes)?;
        }
    }

    /// One text without dimensions; NumPy keeps four bytes for each character.
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        let length = text.chars().count();
        self.start(name, &format!("<U{length}"), "()", 4 * length as u64)?;
        let bytes: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        self.npz.zip_writer().write_all(&bytes)
    }

    fn start(&mut self, name: &str, kind: &str, shape: &str, bytes: u64) -> io::Result<()> {
        let options = FileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(bytes >= LARGE);
        self.npz.zip_writer().start_file(file_name_from_array_name(name), options)?;
        self.npz.zip_writer().write_all(&npy::header(kind, shape))
    }
}

/// The shape of an array of one dimension.
fn flat(values: &[f64]) -> String {
    format!("({},)", values.len())
}
