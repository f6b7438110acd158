//! NumPy's archive: a zip file of arrays, uncompressed, so that rows stream at the disk's speed.
//!
//! The layout of an array is NEP 1's version 1.0: a magic word, the length of the header, the
//! header as a Python dictionary padded to 64 bytes, and the numbers. Times of day are left out of
//! the archive, so that equal results are equal files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use npyz::npz::{NpzWriter, file_name_from_array_name};
use npyz::zip::{CompressionMethod, DateTime, write::FileOptions};
use serde::Serialize;

use super::{Meta, Series};

/// Values that are converted to bytes at once.
const CHUNK: usize = 8192;
/// From this size on an entry needs the 64-bit form; the header of the array counts too.
const LARGE: u64 = 0xffff_ffff - 4096;

/// Writes every series, its times, and `meta`.
pub(super) fn write(file: &mut File, series: &[Series<'_>], meta: &Meta) -> io::Result<()> {
    let meta = document(series, meta)?;
    let mut archive = Archive { npz: NpzWriter::new(BufWriter::with_capacity(1 << 16, file)) };
    let result = archive.write(series, &meta);
    if result.is_err() {
        // Dropped half-written, it would write on and print to the terminal when that fails too.
        std::mem::forget(archive);
    }
    result
}

fn time_name(series: &Series<'_>) -> String {
    format!("{}.t", series.name)
}

/// What `meta` holds.
#[derive(Serialize)]
struct Document<'a> {
    /// Goes up when a key changes its meaning.
    format: u32,
    #[serde(flatten)]
    meta: &'a Meta,
    /// Of every array.
    units: BTreeMap<String, &'a str>,
    /// The elements that the columns of an array stand for.
    elements: BTreeMap<&'a str, &'a [usize]>,
}

fn document(series: &[Series<'_>], meta: &Meta) -> io::Result<String> {
    let mut units = BTreeMap::new();
    for one in series {
        units.insert(one.name.to_owned(), one.unit);
        units.insert(time_name(one), "second");
    }
    let elements = series.iter().map(|one| (one.name, one.elements)).collect();
    Ok(serde_json::to_string(&Document { format: 1, meta, units, elements })?)
}

struct Archive<'a> {
    npz: NpzWriter<BufWriter<&'a mut File>>,
}

impl Archive<'_> {
    fn write(&mut self, series: &[Series<'_>], meta: &str) -> io::Result<()> {
        for one in series {
            let shape = format!("({}, {})", one.times.len(), one.elements.len());
            self.floats(one.name, &shape, one.values)?;
            self.floats(&time_name(one), &format!("({},)", one.times.len()), one.times)?;
        }
        self.text("meta", meta)?;
        self.npz.zip_writer().finish()?.flush()
    }

    /// An array of 64-bit floats.
    fn floats(&mut self, name: &str, shape: &str, values: &[f64]) -> io::Result<()> {
        self.start(name, "<f8", shape, 8 * values.len() as u64)?;
        let mut bytes = Vec::with_capacity(8 * CHUNK);
        for chunk in values.chunks(CHUNK) {
            bytes.clear();
            bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
            self.npz.zip_writer().write_all(&bytes)?;
        }
        Ok(())
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
        self.npz.zip_writer().write_all(&header(kind, shape))
    }
}

/// The first bytes of an array, a multiple of 64.
fn header(kind: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [b"\x93NUMPY\x01\x00".as_slice(), &length.to_le_bytes(), text.as_bytes()].concat()
}
