//! Reads arrays of numbers that a model takes as input: NumPy's `.npy` files and tables of text.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use npyz::{DType, Deserialize, NpyFile, Order, TypeChar};

/// Larger files are refused.
const MOST_BYTES: u64 = 1 << 30;
/// NumPy refuses longer headers too.
const LONGEST_HEADER: usize = 10_000;

/// Numbers in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// At least one.
    pub rows: usize,
    /// At least one.
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f64>,
    /// Whether it is a list, of one dimension; it has one column then.
    pub flat: bool,
}

/// Reads an `.npy` file of one or two dimensions or a `.csv` file.
///
/// Arrays may hold floats of 32 or 64 bits, integers or truth values, in any order of bytes and
/// axes; integers beyond 2⁵³ are rounded. Lines of text hold numbers between commas, semicolons,
/// tabs or blanks. What follows a `#` is skipped, and so is a first line of names. Text with one
/// number in each line is a list.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("rates.csv");
/// std::fs::write(&path, "t, rate\n0, 10\n0.5, 12.5\n").unwrap();
/// let table = dvdt::table::read(&path)?;
/// assert_eq!((table.rows, table.columns, table.flat), (2, 2, false));
/// assert_eq!(table.values, [0.0, 10.0, 0.5, 12.5]);
/// # Ok::<(), dvdt::table::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be read, is larger than 1 GiB, or holds anything else.
pub fn read(path: &Path) -> Result<Table, Error> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let read = match ending.as_deref() {
        Some("npy") => read_npy,
        Some("csv") => read_csv,
        _ => return Err(Error { path: path.to_owned(), kind: ErrorKind::Ending }),
    };
    open(path).and_then(|(file, length)| read(file, length)).map_err(|kind| Error { path: path.to_owned(), kind })
}

/// Why a file was not read.
#[derive(Debug)]
pub struct Error {
    /// As given.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum ErrorKind {
    /// Its name ends in something else than `.npy` and `.csv`.
    Ending,
    /// The system does not let us read it.
    Io(io::Error),
    /// It is a folder or a device.
    NoFile,
    /// It has more than 1 GiB: so many bytes.
    TooLarge(u64),
    /// There are no numbers in it.
    Empty,
    /// A line of text that is no row of numbers.
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// An array that is damaged or of another kind.
    Array(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            ErrorKind::Ending => write!(out, "cannot read numbers from `{path}`: the name must end in .npy or .csv"),
            ErrorKind::Io(source) => write!(out, "cannot read `{path}`: {source}"),
            ErrorKind::NoFile => write!(out, "cannot read `{path}`: it is not a file"),
            ErrorKind::TooLarge(bytes) => {
                let size = bytes / (1 << 20);
                write!(out, "cannot read `{path}`: it has {size} MiB, and 1024 are the most; thin it out or split it")
            }
            ErrorKind::Empty => write!(out, "there are no numbers in `{path}`"),
            ErrorKind::Line { line, problem } => write!(out, "line {line} of `{path}`: {problem}"),
            ErrorKind::Array(problem) => write!(out, "cannot read `{path}`: {problem}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(source) => Some(source),
            ErrorKind::Ending
            | ErrorKind::NoFile
            | ErrorKind::TooLarge(_)
            | ErrorKind::Empty
            | ErrorKind::Line { .. }
            | ErrorKind::Array(_) => None,
        }
    }
}

/// The file and its length.
fn open(path: &Path) -> Result<(File, u64), ErrorKind> {
    // Asked before it is opened, for opening a pipe waits for its writer.
    let meta = std::fs::metadata(path).map_err(ErrorKind::Io)?;
    if !meta.is_file() {
        return Err(ErrorKind::NoFile);
    }
    if meta.len() > MOST_BYTES {
        return Err(ErrorKind::TooLarge(meta.len()));
    }
    Ok((File::open(path).map_err(ErrorKind::Io)?, meta.len()))
}

fn read_npy(file: File, length: u64) -> Result<Table, ErrorKind> {
    let mut reader = BufReader::with_capacity(1 << 16, file.take(length));
    let header = npy_header(&mut reader)?;
    let data = length.saturating_sub(header.len() as u64);
    let shape = npyz::NpyHeader::from_reader(header.as_slice())
        .map_err(|error| ErrorKind::Array(format!("its header is damaged ({error})")))?;
    let (rows, columns, flat) = match *shape.shape() {
        [rows] => (rows, 1, true),
        [rows, columns] => (rows, columns, false),
        _ => {
            let problem = format!("it has {} dimensions; save a list or a table", shape.shape().len());
            return Err(ErrorKind::Array(problem));
        }
    };
    let order = shape.order();
    let values = numbers(NpyFile::with_header(shape, reader), rows * columns, data)?;
    let (rows, columns) = (rows as usize, columns as usize);
    let values = match order {
        Order::C => values,
        Order::Fortran => transposed(&values, rows, columns),
    };
    Ok(Table { rows, columns, values, flat })
}

/// The bytes before the numbers, when it is safe to have them interpreted: no deep nesting, and no
/// product of lengths that is too large for a word.
fn npy_header(reader: &mut impl Read) -> Result<Vec<u8>, ErrorKind> {
    let damaged = |problem: &str| ErrorKind::Array(problem.to_owned());
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ErrorKind::Array("it is no .npy file, or was cut off".to_owned()),
        _ => ErrorKind::Io(error),
    };
    let mut header = vec![0; 10];
    reader.read_exact(&mut header).map_err(cut)?;
    if !header.starts_with(b"\x93NUMPY") {
        return Err(damaged("it is no .npy file: the first bytes are not NumPy's"));
    }
    let mut length = usize::from(header[8]) | usize::from(header[9]) << 8;
    if header[6] > 1 {
        let mut more = [0; 2];
        reader.read_exact(&mut more).map_err(cut)?;
        header.extend(more);
        length |= usize::from(more[0]) << 16 | usize::from(more[1]) << 24;
    }
    if length > LONGEST_HEADER {
        return Err(damaged("its header is damaged (too long)"));
    }
    let start = header.len();
    header.resize(start + length, 0);
    reader.read_exact(&mut header[start..]).map_err(cut)?;
    let text = &header[start..];
    if text.contains(&b'[') {
        return Err(damaged("it holds records of several kinds; save one field of them"));
    }
    if text.iter().filter(|byte| b"({".contains(byte)).count() > 4 {
        return Err(damaged("its header is damaged (nested)"));
    }
    let digits = text.split(|byte| !byte.is_ascii_digit()).filter(|digits| digits.iter().any(|digit| *digit != b'0'));
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u64>().ok();
    if digits.map(number).try_fold(1u64, |product, number| product.checked_mul(number?)).is_none() {
        return Err(damaged("its header is damaged (too large a shape)"));
    }
    Ok(header)
}

/// The `count` numbers of the file, of whose data there are so many bytes.
fn numbers(file: NpyFile<impl Read>, count: u64, bytes: u64) -> Result<Vec<f64>, ErrorKind> {
    let DType::Plain(kind) = file.dtype() else {
        return Err(ErrorKind::Array("it holds records; save one field of them".to_owned()));
    };
    let size = kind.num_bytes().unwrap_or(0) as u64;
    match (kind.type_char(), size) {
        (TypeChar::Float, 8) => converted(file, count, size, bytes, |value: f64| value),
        (TypeChar::Float, 4) => converted(file, count, size, bytes, |value: f32| f64::from(value)),
        (TypeChar::Int, 8) => converted(file, count, size, bytes, |value: i64| value as f64),
        (TypeChar::Int, 4) => converted(file, count, size, bytes, |value: i32| f64::from(value)),
        (TypeChar::Int, 2) => converted(file, count, size, bytes, |value: i16| f64::from(value)),
        (TypeChar::Int, 1) => converted(file, count, size, bytes, |value: i8| f64::from(value)),
        (TypeChar::Uint, 8) => converted(file, count, size, bytes, |value: u64| value as f64),
        (TypeChar::Uint, 4) => converted(file, count, size, bytes, |value: u32| f64::from(value)),
        (TypeChar::Uint, 2) => converted(file, count, size, bytes, |value: u16| f64::from(value)),
        (TypeChar::Uint, 1) => converted(file, count, size, bytes, |value: u8| f64::from(value)),
        (TypeChar::Bool, 1) => converted(file, count, size, bytes, |value: bool| f64::from(u8::from(value))),
        _ => {
            let problem = format!("it holds `{kind}`, not real numbers; save it with .astype(\"float64\")");
            Err(ErrorKind::Array(problem))
        }
    }
}

fn converted<T: Deserialize>(
    file: NpyFile<impl Read>,
    count: u64,
    size: u64,
    bytes: u64,
    convert: impl Fn(T) -> f64,
) -> Result<Vec<f64>, ErrorKind> {
    if count == 0 {
        return Err(ErrorKind::Empty);
    }
    if bytes / size < count {
        let there = bytes / size;
        return Err(ErrorKind::Array(format!("it was cut off: {there} of {count} numbers are there; save it again")));
    }
    let values = file.data::<T>().map_err(|error| ErrorKind::Array(error.to_string()))?;
    let values: io::Result<Vec<f64>> = values.map(|value| value.map(&convert)).collect();
    values.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => ErrorKind::Array(format!("a number in it is damaged ({error})")),
        _ => ErrorKind::Io(error),
    })
}

/// Columns one after another become rows one after another.
fn transposed(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows).flat_map(|row| (0..columns).map(move |column| values[column * rows + row])).collect()
}

fn read_csv(file: File, length: u64) -> Result<Table, ErrorKind> {
    let mut reader = BufReader::with_capacity(1 << 16, file.take(length));
    let mut table = Text::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(ErrorKind::Io)? == 0 {
            break;
        }
        let bytes = if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) } else { &bytes };
        let text = std::str::from_utf8(bytes).map_err(|_| "this is not text in UTF-8".to_owned());
        text.and_then(|text| table.line(line, text)).map_err(|problem| ErrorKind::Line { line, problem })?;
    }
    let columns = table.columns.ok_or(ErrorKind::Empty)?.0;
    Ok(Table { rows: table.values.len() / columns, columns, values: table.values, flat: columns == 1 })
}

/// What was read so far.
#[derive(Default)]
struct Text {
    values: Vec<f64>,
    /// The number of columns, and the line that told it.
    columns: Option<(usize, usize)>,
    /// Whether there was a line that holds something.
    begun: bool,
}

impl Text {
    fn line(&mut self, line: usize, text: &str) -> Result<(), String> {
        if text.trim_end().contains('\r') {
            return Err("a carriage return alone ends no line; save the text with line feeds".to_owned());
        }
        let text = text.split('#').next().unwrap_or("").trim();
        if text.is_empty() {
            return Ok(());
        }
        let first = !std::mem::replace(&mut self.begun, true);
        if first && names(text) {
            return Ok(());
        }
        let start = self.values.len();
        fields(text)?.try_for_each(|field| {
            self.values.push(number(field)?);
            Ok::<_, String>(())
        })?;
        let count = self.values.len() - start;
        let (columns, told) = *self.columns.get_or_insert((count, line));
        if count == columns {
            return Ok(());
        }
        Err(format!("there are {count} numbers here, but {columns} in line {told}; every line must have as many"))
    }
}

/// Whether a first line names the columns: nothing in it is a number or begins like one.
fn names(text: &str) -> bool {
    let mut names: Box<dyn Iterator<Item = &str>> = if text.contains([',', ';', '\t']) {
        Box::new(text.split([',', ';', '\t']))
    } else {
        Box::new(text.split_whitespace())
    };
    let is_number = |name: &str| {
        let digits = name.trim_start_matches(['+', '-', '.']);
        name.parse::<f64>().is_ok() || digits.starts_with(|first: char| first.is_ascii_digit())
    };
    names.all(|name| !is_number(name.trim()))
}

/// Between commas or semicolons when there are any, else between blanks.
fn fields(text: &str) -> Result<Box<dyn Iterator<Item = &str> + '_>, String> {
    match (text.contains(','), text.contains(';')) {
        (true, true) => Err("there are commas and semicolons; write decimals with a point".to_owned()),
        (false, false) => Ok(Box::new(text.split_whitespace())),
        (comma, _) => Ok(Box::new(text.split(if comma { ',' } else { ';' }).map(str::trim))),
    }
}

fn number(field: &str) -> Result<f64, String> {
    if field.is_empty() {
        return Err("a number is missing between two separators; write `nan` where there is none".to_owned());
    }
    field.parse().map_err(|_| {
        let start: String = field.chars().take(40).collect();
        format!("`{start}` is not a number")
    })
}
