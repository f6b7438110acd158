//! Arrays that grow while a run goes on.
//!
//! Rows are written behind the last one first, then the header is written anew, with their number
//! in a field of fixed width. A reader sees an array of the rows that the header counts, whenever
//! it looks, and whatever became of the process.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::npy::{self, Number};
use super::{Error, file};

/// Bytes that are gathered before they are handed to the system.
const CHUNK: usize = 1 << 16;
/// The length of every header: with 20 digits for rows and up to 20 for columns it needs one length.
const HEADER: u64 = 128;
const START: &str = ", 'fortran_order': False, 'shape': (";

/// Rows appended to an .npy file while a run goes on; the file can be read at any time, also after
/// the process was killed.
///
/// The memory that it needs does not grow. After an error the file holds the rows of the last
/// [`flush`](NpyStream::flush), and the stream is of no more use.
///
/// ```
/// use dvdt::output::{NpyStream, Number};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("v.npy");
/// let mut stream = NpyStream::create(&path, Some(2), Number::Float)?;
/// stream.append_floats(&[1.0, 2.0, 3.0, 4.0])?;
/// stream.flush()?; // from here on `numpy.load` reads [[1, 2], [3, 4]]
/// stream.append_floats(&[5.0, 6.0])?;
/// stream.finish()?;
///
/// let mut stream = NpyStream::open_existing(&path, Some(2), Number::Float, 1)?; // keeps [[1, 2]]
/// stream.append_floats(&[7.0, 8.0])?;
/// stream.finish()?;
/// # let table = dvdt::table::read(&path).unwrap();
/// # assert_eq!((table.rows, table.values), (2, vec![1.0, 2.0, 7.0, 8.0]));
/// # Ok::<(), dvdt::output::Error>(())
/// ```
#[derive(Debug)]
pub struct NpyStream {
    path: PathBuf,
    file: File,
    kind: Number,
    width: Option<usize>,
    /// Bytes of whole rows and, within an `append`, of a begun one.
    buffer: Vec<u8>,
    /// Bytes behind the header that are in the file.
    written: u64,
    /// The rows that the header counts.
    counted: u64,
}

impl NpyStream {
    /// Begins an array of no rows, in place of any file at `path`. A `width` of `None` makes an
    /// array of one dimension.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, width: Option<usize>, kind: Number) -> Result<NpyStream, Error> {
        file::refuse_others(path)?;
        let file = File::create(path).map_err(|source| file::error(path, source))?;
        let mut stream = NpyStream::of(path, file, width, kind);
        stream.guard(|stream| stream.write_header(0))?;
        Ok(stream)
    }

    /// Goes on with an array of an earlier run behind its first `rows` rows; what follows them is
    /// cut off.
    ///
    /// # Errors
    /// [`Error::Unfit`] when the file is not such an array or holds fewer rows; it is unchanged then.
    pub fn open_existing(path: &Path, width: Option<usize>, kind: Number, rows: u64) -> Result<NpyStream, Error> {
        let mut stream = NpyStream::opened(path, width, kind, rows)?;
        stream.guard(|stream| {
            // In this order, so that the header never counts rows that are not there.
            stream.write_header(rows)?;
            stream.written = rows * stream.row_bytes();
            stream.file.set_len(HEADER + stream.written)
        })?;
        Ok(stream)
    }

    /// Whether [`NpyStream::open_existing`] would go on with it; changes nothing.
    ///
    /// # Errors
    /// As there.
    pub fn check_existing(path: &Path, width: Option<usize>, kind: Number, rows: u64) -> Result<(), Error> {
        NpyStream::opened(path, width, kind, rows).map(drop)
    }

    fn opened(path: &Path, width: Option<usize>, kind: Number, rows: u64) -> Result<NpyStream, Error> {
        file::refuse_others(path)?;
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let mut file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => unfit(path, "it does not exist".to_owned()),
            _ => file::error(path, source),
        })?;
        let mut start = Vec::new();
        (&mut file).take(HEADER).read_to_end(&mut start).map_err(|source| file::error(path, source))?;
        let length = file.metadata().map_err(|source| file::error(path, source))?.len();
        let stream = NpyStream::of(path, file, width, kind);
        stream.check(&start, length, rows).map_err(|reason| unfit(path, reason))?;
        Ok(stream)
    }

    fn of(path: &Path, file: File, width: Option<usize>, kind: Number) -> NpyStream {
        let buffer = Vec::with_capacity(CHUNK);
        NpyStream { path: path.to_owned(), file, kind, width, buffer, written: 0, counted: 0 }
    }

    /// What keeps a file of `length` bytes, which begins with `start`, from being gone on with.
    fn check(&self, start: &[u8], length: u64, rows: u64) -> Result<(), String> {
        let Some((kind, width)) = found(start) else {
            return Err("it is not an array that was written row by row".to_owned());
        };
        if (kind, width) != (self.kind, self.width) {
            let (found, expected) = (shape(kind, width), shape(self.kind, self.width));
            return Err(format!("its rows are {found}, but {expected} are to follow"));
        }
        match length.saturating_sub(HEADER).checked_div(self.row_bytes()) {
            Some(there) if there < rows => Err(format!("it holds {there} rows, but {rows} were written to it")),
            _ => Ok(()),
        }
    }

    /// Appends whole rows.
    ///
    /// # Errors
    /// [`Error::Rows`] when the values are not whole rows, or the array holds integers; and the
    /// file system's.
    pub fn append_floats(&mut self, values: &[f64]) -> Result<(), Error> {
        self.append(Number::Float, values.len(), values.iter().map(|value| value.to_le_bytes()))
    }

    /// Appends whole rows.
    ///
    /// # Errors
    /// [`Error::Rows`] when the values are not whole rows, or the array holds floats; and the file
    /// system's.
    pub fn append_integers(&mut self, values: &[i64]) -> Result<(), Error> {
        self.append(Number::Integer, values.len(), values.iter().map(|value| value.to_le_bytes()))
    }

    fn append(&mut self, kind: Number, count: usize, words: impl Iterator<Item = [u8; 8]>) -> Result<(), Error> {
        if kind != self.kind || !count.is_multiple_of(self.width.unwrap_or(1)) {
            let (given, expected) = (format!("{count} {}", kind.name()), shape(self.kind, self.width));
            return Err(Error::Rows { path: self.path.clone(), given, expected });
        }
        for word in words {
            self.buffer.extend_from_slice(&word);
            if self.buffer.len() >= CHUNK {
                self.guard(NpyStream::write_buffer)?;
            }
        }
        Ok(())
    }

    /// The rows appended so far, with those that were in the file before.
    pub fn rows(&self) -> u64 {
        (self.written + self.buffer.len() as u64).checked_div(self.row_bytes()).unwrap_or(0)
    }

    /// Makes all rows readable: first their numbers are written, then the header that counts them.
    ///
    /// They outlive the process from here on, and a crash of the machine from
    /// [`sync`](NpyStream::sync) on.
    ///
    /// # Errors
    /// The file system's.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() && self.counted == self.rows() {
            return Ok(());
        }
        self.guard(|stream| {
            stream.write_buffer()?;
            stream.write_header(stream.rows())
        })
    }

    /// As [`flush`](NpyStream::flush), and waits until the disk holds it all.
    ///
    /// # Errors
    /// The file system's.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.guard(|stream| {
            stream.write_buffer()?;
            stream.file.sync_data()?;
            stream.write_header(stream.rows())?;
            stream.file.sync_data()
        })
    }

    /// Makes all rows safe and closes the file.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(mut self) -> Result<(), Error> {
        self.sync()
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(HEADER + self.written))?;
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn write_header(&mut self, rows: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.kind, self.width, rows))?;
        self.counted = rows;
        Ok(())
    }

    fn row_bytes(&self) -> u64 {
        8u64.saturating_mul(self.width.unwrap_or(1) as u64)
    }

    fn guard(&mut self, act: impl FnOnce(&mut NpyStream) -> io::Result<()>) -> Result<(), Error> {
        act(self).map_err(|source| match file::error(&self.path, source) {
            Error::DiskFull { path, source } => Error::StreamFull { path, rows: self.counted, source },
            other => other,
        })
    }
}

fn unfit(path: &Path, reason: String) -> Error {
    Error::Unfit { path: path.to_owned(), reason }
}

/// `3 float64`
fn shape(kind: Number, width: Option<usize>) -> String {
    match width {
        None => format!("single {}", kind.name()),
        Some(width) => format!("{width} {}", kind.name()),
    }
}

/// The header of [`HEADER`] bytes.
fn header(kind: Number, width: Option<usize>, rows: u64) -> Vec<u8> {
    let width = width.map(|width| format!(" {width}")).unwrap_or_default();
    npy::header(kind.code(), &format!("({rows:20},{width})"))
}

/// The kind and width of the array that begins with `start`, when a stream wrote it.
fn found(start: &[u8]) -> Option<(Number, Option<usize>)> {
    let text = std::str::from_utf8(start.get(10..)?).ok()?;
    let shape = text.split_once(START)?.1.split_once(')')?.0;
    let (rows, width) = shape.split_once(',')?;
    let rows = rows.trim().parse().ok()?;
    let width = if width.is_empty() { None } else { Some(width.trim().parse().ok()?) };
    let kind = [Number::Float, Number::Integer].into_iter().find(|kind| text.contains(kind.code()))?;
    (header(kind, width, rows) == start).then_some((kind, width))
}
