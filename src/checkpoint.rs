//! Checkpoints: the state of a simulation as a value, and as a file.
//!
//! A file is a short text that describes what follows, as JSON, then the numbers, little-endian, one
//! column after the other. Lengths and checksums are looked at before anything is believed, so that a
//! damaged or foreign file is an error.

use crate::error::Error;
use crate::model::Seconds;
use crate::runtime::{ColumnState, EventsState, GroupState, Numbers, Past, RecordingState, State, Time};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Everything that decides the future of a simulation: variables, ticks, seed, the place in the script.
///
/// A simulation that is restored from it does the same, bit for bit, as the one that it was taken of.
/// It can be restored any number of times, into any simulation of the same model; what is recorded may
/// differ.
///
/// ```
/// let text = "clock dt = 1*ms\ngroup g[3] {\n dx/dt = -x/(10*ms) + xi/ms**0.5 : 1\n}\nrecord g.x";
/// let model = dvdt::Engine::new().compile("m", text)?;
/// let mut one = model.simulation_with_seed(7)?;
/// one.run_for("5*ms")?;
/// let checkpoint = one.checkpoint();
/// one.run_for("5*ms")?;
///
/// let mut other = model.simulation()?;
/// other.restore(&checkpoint)?;
/// other.run_for("5*ms")?;
/// assert_eq!(one.floats("g.x")?, other.floats("g.x")?);
/// # Ok::<(), dvdt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub(crate) state: State,
    pub(crate) place: Place,
    /// The text of the model, for people.
    pub(crate) text: String,
    /// How the simulation got there, if it was one of this process.
    pub(crate) past: Past,
}

impl PartialEq for Checkpoint {
    /// By what decides the future, and what was recorded; not by how it came about.
    fn eq(&self, other: &Checkpoint) -> bool {
        (&self.state, &self.place, &self.text) == (&other.state, &other.place, &other.text)
    }
}

/// Where the host and the script stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// The next action of the script.
    pub(crate) next: usize,
    /// When a run of the script that is under way ends.
    pub(crate) unfinished: Option<Time>,
    /// Tells what was done of scripts apart.
    pub(crate) script: u32,
    /// For code of the host its interval, and after how many of them it runs next.
    pub(crate) hooks: Vec<(Time, u64)>,
    /// For groups for which the host has drawn random numbers, the last stream.
    pub(crate) drawn: Vec<(usize, i64)>,
}

/// The first bytes of a file.
const MAGIC: &[u8; 8] = b"dvdtsave";

/// Goes up when files are written in another way.
const VERSION: u32 = 2;

/// That of files without 32-bit floats, which older versions of dvdt read too.
const WITHOUT_FLOATS32: u32 = 1;

/// A description is never longer.
const LONGEST_HEADER: u64 = 1 << 28;

/// No run has more ticks.
const MOST_TICKS: u64 = 1 << 62;

/// What stands before the numbers.
#[derive(Serialize, Deserialize)]
struct Header {
    dvdt: String,
    model: String,
    /// Numerator and denominator of the length of a tick in seconds, and the next tick.
    clocks: Vec<(u64, u64, u64)>,
    time: String,
    next: usize,
    unfinished: Option<String>,
    script: u32,
    hooks: Vec<(String, u64)>,
    drawn: Vec<(usize, i64)>,
    groups: Vec<GroupHeader>,
    recordings: Vec<RecordingHeader>,
    events: Vec<EventsHeader>,
    /// Of the numbers that follow.
    bytes: u64,
    checksum: u32,
}

#[derive(Serialize, Deserialize)]
struct GroupHeader {
    name: String,
    elements: usize,
    dt: (u64, u64),
    fingerprint: u32,
    seed: u64,
    columns: Vec<(String, KindHeader, usize)>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindHeader {
    Float,
    Float32,
    Integer,
    Boolean,
}

#[derive(Serialize, Deserialize)]
struct RecordingHeader {
    name: String,
    fingerprint: u32,
    width: usize,
    total: u64,
    paused: bool,
    counted: Option<u64>,
    next: u64,
    begins: Vec<(u64, u64)>,
    values: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct EventsHeader {
    name: String,
    fingerprint: u32,
    paused: bool,
    elements: usize,
    /// How many events, and how many variables are kept of each.
    list: Option<(usize, usize)>,
}

impl Checkpoint {
    /// The time at which it was taken, in seconds.
    pub fn time(&self) -> f64 {
        self.state.time.to_f64()
    }

    /// The seed of the simulation.
    pub fn seed(&self) -> u64 {
        self.state.groups.first().map_or(0, |group| group.seed)
    }

    /// Whether something was recorded before it that it does not hold: it is without recordings, or they were
    /// streamed to files.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "group g[1] { dx/dt = 1/second : 1 }\nrecord g.x")?;
    /// let mut simulation = model.simulation()?;
    /// simulation.run_for("1*second")?;
    /// assert!(simulation.checkpoint().lacks_recordings());
    /// assert!(!simulation.checkpoint_with_recordings().lacks_recordings());
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    pub fn lacks_recordings(&self) -> bool {
        let recordings = self.state.recordings.iter().any(|own| own.values.is_none() && own.total > 0);
        let events = |own: &EventsState| own.list.is_none() && own.counts.iter().any(|&count| count > 0);
        recordings || self.state.events.iter().any(events)
    }

    /// The text of the model that it was taken of.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes it to a file, whole or not at all: a run that is killed while it writes leaves the file that
    /// was there.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("state.dvdtsave");
    /// let model = dvdt::Engine::new().compile("m", "group g[2] { dx/dt = 1/second : 1 }")?;
    /// let mut simulation = model.simulation()?;
    /// simulation.run_for("1*second")?;
    /// simulation.checkpoint().save(&path)?;
    ///
    /// let mut other = model.simulation()?;
    /// other.restore(&dvdt::Checkpoint::load(&path)?)?;
    /// assert_eq!(other.time(), 1.0);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Output`] when it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        crate::output::replace(path, |file| self.write(file))
            .map_err(|error| Error::Output { path: path.display().to_string(), what: error.to_string() })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, is no checkpoint, is of a later version, or is damaged.
    pub fn load(path: impl AsRef<Path>) -> Result<Checkpoint, Error> {
        let path = path.as_ref();
        let refuse = |what: String| Error::File { path: path.display().to_string(), what };
        let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
        let length = file.metadata().map_err(|error| refuse(error.to_string()))?.len();
        Checkpoint::read(&mut io::BufReader::new(file), length).map_err(refuse)
    }

    /// The bytes of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![];
        // Writing to memory cannot fail.
        let _ = self.write(&mut bytes);
        bytes
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`Error::Value`] when they are no checkpoint, of a later version, or damaged.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Checkpoint, Error> {
        let length = bytes.len() as u64;
        Checkpoint::read(&mut bytes, length).map_err(Error::Value)
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let blobs = self.blobs();
        let mut hasher = crc32fast::Hasher::new();
        blobs.iter().for_each(|blob| hasher.update(blob));
        let bytes = blobs.iter().map(|blob| blob.len() as u64).sum();
        let header = serde_json::to_vec(&self.header(bytes, hasher.finalize()))?;
        out.write_all(MAGIC)?;
        let columns = || self.state.groups.iter().flat_map(|group| &group.columns);
        let narrow = columns().any(|column| matches!(column.numbers, Numbers::Floats32(_)));
        out.write_all(&(if narrow { VERSION } else { WITHOUT_FLOATS32 }).to_le_bytes())?;
        out.write_all(&crc32fast::hash(&header).to_le_bytes())?;
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        blobs.iter().try_for_each(|blob| out.write_all(blob))
    }

    /// All numbers, in the order of the header.
    fn blobs(&self) -> Vec<&[u8]> {
        let mut blobs: Vec<&[u8]> = vec![];
        for column in self.state.groups.iter().flat_map(|group| &group.columns) {
            blobs.push(match &column.numbers {
                Numbers::Floats(words) | Numbers::Integers(words) => bytemuck::cast_slice(words),
                Numbers::Floats32(halves) => bytemuck::cast_slice(halves),
                Numbers::Booleans(bytes) => bytes,
            });
        }
        for recording in &self.state.recordings {
            blobs.extend(recording.values.as_ref().map(|values| bytemuck::cast_slice(values)));
        }
        for events in &self.state.events {
            blobs.push(bytemuck::cast_slice(&events.counts));
            if let Some((ticks, elements, kept)) = &events.list {
                blobs.push(bytemuck::cast_slice(ticks));
                blobs.push(bytemuck::cast_slice(elements));
                blobs.extend(kept.iter().map(|list| bytemuck::cast_slice(list)));
            }
        }
        blobs
    }

    fn header(&self, bytes: u64, checksum: u32) -> Header {
        let column = |column: &ColumnState| {
            let kind = match column.numbers {
                Numbers::Floats(_) => KindHeader::Float,
                Numbers::Floats32(_) => KindHeader::Float32,
                Numbers::Integers(_) => KindHeader::Integer,
                Numbers::Booleans(_) => KindHeader::Boolean,
            };
            (column.name.clone(), kind, column.numbers.len())
        };
        let group = |group: &GroupState| GroupHeader {
            name: group.name.clone(),
            elements: group.elements,
            dt: (group.dt.numerator, group.dt.denominator),
            fingerprint: group.fingerprint,
            seed: group.seed,
            columns: group.columns.iter().map(column).collect(),
        };
        let recording = |recording: &RecordingState| RecordingHeader {
            name: recording.name.clone(),
            fingerprint: recording.fingerprint,
            width: recording.width,
            total: recording.total,
            paused: recording.paused,
            counted: recording.counted,
            next: recording.next,
            begins: recording.begins.clone(),
            values: recording.values.as_ref().map(Vec::len),
        };
        let events = |events: &EventsState| EventsHeader {
            name: events.name.clone(),
            fingerprint: events.fingerprint,
            paused: events.paused,
            elements: events.counts.len(),
            list: events.list.as_ref().map(|(ticks, _, kept)| (ticks.len(), kept.len())),
        };
        Header {
            dvdt: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.text.clone(),
            clocks: self.state.clocks.iter().map(|(dt, tick)| (dt.numerator, dt.denominator, *tick)).collect(),
            time: self.state.time.to_string(),
            next: self.place.next,
            unfinished: self.place.unfinished.map(|time| time.to_string()),
            script: self.place.script,
            hooks: self.place.hooks.iter().map(|(interval, next)| (interval.to_string(), *next)).collect(),
            drawn: self.place.drawn.clone(),
            groups: self.state.groups.iter().map(group).collect(),
            recordings: self.state.recordings.iter().map(recording).collect(),
            events: self.state.events.iter().map(events).collect(),
            bytes,
            checksum,
        }
    }

    /// `length` is that of all bytes.
    fn read(bytes: &mut impl Read, length: u64) -> Result<Checkpoint, String> {
        let damaged = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "the checkpoint ends too early; it is damaged".to_owned(),
            _ => error.to_string(),
        };
        let mut start = [0; 24];
        bytes.read_exact(&mut start).map_err(|_| "this is no checkpoint of dvdt".to_owned())?;
        let word = |from: usize| u32::from_le_bytes([start[from], start[from + 1], start[from + 2], start[from + 3]]);
        if &start[..8] != MAGIC {
            return Err("this is no checkpoint of dvdt".to_owned());
        }
        if !(WITHOUT_FLOATS32..=VERSION).contains(&word(8)) {
            let found = word(8);
            return Err(format!("this checkpoint has version {found}, and this dvdt reads versions up to {VERSION}"));
        }
        let size = u64::from(word(16)) | u64::from(word(20)) << 32;
        if size > LONGEST_HEADER || size > length {
            return Err("the checkpoint ends too early; it is damaged".to_owned());
        }
        let mut header = vec![0; usize::try_from(size).unwrap_or(0)];
        bytes.read_exact(&mut header).map_err(damaged)?;
        if crc32fast::hash(&header) != word(12) {
            return Err("the checkpoint is damaged: its description does not match its checksum".to_owned());
        }
        let header: Header =
            serde_json::from_slice(&header).map_err(|error| format!("the checkpoint is damaged: {error}"))?;
        if length - 24 - size != header.bytes {
            return Err("the checkpoint is damaged: it is longer or shorter than it says".to_owned());
        }
        let mut numbers = Reader { bytes, left: header.bytes, hasher: crc32fast::Hasher::new() };
        let checksum = header.checksum;
        let checkpoint = header.read(&mut numbers).map_err(damaged)?;
        if numbers.left != 0 || numbers.hasher.finalize() != checksum {
            return Err("the checkpoint is damaged: its numbers do not match their checksum".to_owned());
        }
        checkpoint.ok_or_else(|| "the checkpoint is damaged: its description makes no sense".to_owned())
    }
}

/// Reads numbers, and sums them up.
struct Reader<'a, R> {
    bytes: &'a mut R,
    left: u64,
    hasher: crc32fast::Hasher,
}

impl<R: Read> Reader<'_, R> {
    /// So many numbers, which are there: no description makes this ask for more memory.
    fn numbers<T: bytemuck::Pod>(&mut self, count: usize) -> io::Result<Vec<T>> {
        let bytes = (count as u64).checked_mul(size_of::<T>() as u64).filter(|&bytes| bytes <= self.left);
        let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut list: Vec<T> = bytemuck::allocation::try_zeroed_vec(count).map_err(|()| io::ErrorKind::OutOfMemory)?;
        self.bytes.read_exact(bytemuck::cast_slice_mut(&mut list))?;
        self.hasher.update(bytemuck::cast_slice(&list));
        self.left -= bytes;
        Ok(list)
    }
}

impl RecordingHeader {
    /// Whether the rows where it went on are in order and among those that there are.
    fn makes_sense(&self) -> bool {
        let ordered = self.begins.is_sorted_by(|one, two| one.0 <= two.0 && one.1 <= two.1);
        let last = self.begins.last().is_none_or(|&(row, tick)| row <= self.total && tick <= MOST_TICKS);
        ordered && last && self.total <= MOST_TICKS && self.next <= MOST_TICKS
    }
}

impl Header {
    /// The checkpoint; `None` when the description contradicts itself.
    fn read(self, numbers: &mut Reader<'_, impl Read>) -> io::Result<Option<Checkpoint>> {
        let mut groups = vec![];
        for group in self.groups {
            let mut columns = vec![];
            for (name, kind, count) in group.columns {
                let numbers = match kind {
                    KindHeader::Float => Numbers::Floats(numbers.numbers(count)?),
                    KindHeader::Float32 => Numbers::Floats32(numbers.numbers(count)?),
                    KindHeader::Integer => Numbers::Integers(numbers.numbers(count)?),
                    KindHeader::Boolean => Numbers::Booleans(numbers.numbers(count)?),
                };
                columns.push(ColumnState { name, numbers });
            }
            groups.push(GroupState {
                name: group.name,
                elements: group.elements,
                dt: Seconds { numerator: group.dt.0, denominator: group.dt.1 },
                fingerprint: group.fingerprint,
                seed: group.seed,
                columns,
            });
        }
        let mut recordings = vec![];
        for recording in self.recordings {
            let values = recording.values.map(|count| numbers.numbers(count)).transpose()?;
            let rows =
                values.as_ref().map_or(0, |values: &Vec<f64>| values.len().checked_div(recording.width).unwrap_or(0));
            let whole = values.as_ref().is_none_or(|values| values.len() == rows * recording.width);
            if !whole || rows as u64 > recording.total || !recording.makes_sense() {
                return Ok(None);
            }
            recordings.push(RecordingState {
                name: recording.name,
                fingerprint: recording.fingerprint,
                width: recording.width,
                total: recording.total,
                paused: recording.paused,
                counted: recording.counted,
                next: recording.next,
                begins: recording.begins,
                values,
            });
        }
        let mut events = vec![];
        for own in self.events {
            let counts = numbers.numbers(own.elements)?;
            let list = match own.list {
                None => None,
                Some((count, kept)) => {
                    let (ticks, elements) = (numbers.numbers(count)?, numbers.numbers(count)?);
                    let kept: io::Result<Vec<Vec<f64>>> = (0..kept).map(|_| numbers.numbers(count)).collect();
                    Some((ticks, elements, kept?))
                }
            };
            events.push(EventsState { name: own.name, fingerprint: own.fingerprint, paused: own.paused, counts, list });
        }
        let time = |text: &String| text.parse::<Time>().ok();
        let hooks = self.hooks.iter().map(|(interval, next)| Some((time(interval)?, *next))).collect();
        let unfinished = self.unfinished.as_ref().map(time);
        let (Some(time), Some(hooks), None | Some(Some(_))) = (time(&self.time), hooks, unfinished) else {
            return Ok(None);
        };
        let early = unfinished.flatten().is_some_and(|end| end.is_before(time));
        if early || self.clocks.iter().any(|&(numerator, denominator, _)| numerator == 0 || denominator == 0) {
            return Ok(None);
        }
        let clock = |&(numerator, denominator, tick): &(u64, u64, u64)| (Seconds { numerator, denominator }, tick);
        let state = State { clocks: self.clocks.iter().map(clock).collect(), time, groups, recordings, events };
        let place =
            Place { next: self.next, unfinished: unfinished.flatten(), script: self.script, hooks, drawn: self.drawn };
        Ok(Some(Checkpoint { state, place, text: self.model, past: Past::default() }))
    }
}
