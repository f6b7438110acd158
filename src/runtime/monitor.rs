//! Recordings: what a monitor has seen.

use super::buffer::Buffer;
use super::smooth::smooth;
use super::{Error, MonitorPlan, Place, Plan, Program, Source};
use crate::algebra::Kind;
use crate::dimension::Dimension;
use crate::kernel::Type;
use crate::kernel::abi::Layout;
use crate::model::{Fraction, Seconds};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// What one monitor has recorded: a row of floats for each tick of its clock.
///
/// Values are in SI base units; integers are converted and truth values are 0 or 1. Sample `k` is
/// the state at the start of tick `k`, before anything moves.
///
/// ```
/// let text = "group g[4] { dx/dt = (i + 1)/second : 1 }\nrecord g.x[1, 3] every 1*ms\nrun 3*ms";
/// let mut simulation = dvdt::Engine::new().compile("m", text)?.simulation()?;
/// simulation.run_script()?;
/// let x = simulation.recording("g.x")?;
/// assert_eq!((x.elements(), x.times().as_slice()), (&[1, 3][..], &[0.0, 0.001, 0.002][..]));
/// assert_eq!(x.values().len(), 3 * 2);
/// assert!((x.row(2).unwrap()[1] - 0.008).abs() < 1e-12);
/// # Ok::<(), dvdt::Error>(())
/// ```
pub struct Recording {
    plan: Arc<Plan>,
    index: usize,
    elements: OnceLock<Vec<usize>>,
    width: usize,
    dt: Seconds,
    /// Ticks of the group in a bin of a rate.
    bin: u64,
    reader: Reader,
    pub(super) buffer: Buffer,
    /// Rows in the buffer.
    pub(super) rows: usize,
    /// Rows that were recorded before those of the buffer, and are gone or in a sink.
    pub(super) gone: u64,
    /// Where recording began or went on after a pause: the number of the row, and its tick.
    pub(super) begins: Vec<(u64, u64)>,
    /// The tick of the row that would follow without a gap.
    pub(super) next: u64,
    pub(super) paused: bool,
    /// Spikes so far in a bin of a rate that was seen from its beginning.
    pub(super) counted: Option<u64>,
    pub(super) sink: Option<Box<dyn Sink>>,
    /// Why the sink failed, until it was told.
    failure: Option<String>,
}

/// Takes the rows of a recording while a run goes on, so that they need no memory.
pub trait Sink: Send + Sync {
    /// Takes rows with their times.
    ///
    /// # Errors
    /// When they cannot be kept; the run ends then.
    fn write(&mut self, times: &[f64], values: &[f64]) -> Result<(), String>;

    /// Makes everything that was taken safe.
    ///
    /// # Errors
    /// As [`Sink::write`].
    fn flush(&mut self) -> Result<(), String>;
}

/// Numbers that a recording with a sink holds at most, or one row.
const SINK_NUMBERS: usize = 1 << 17;

impl Recording {
    /// An empty recording.
    pub(super) fn new(plan: &Arc<Plan>, index: usize) -> Result<Self, Error> {
        let monitor = &plan.monitors[index];
        let layout = &plan.programs[monitor.group].layout;
        let length = layout.elements();
        if let Some(outside) = monitor.elements.iter().flatten().find(|&&element| element >= length) {
            return Err(Error::Plan(format!("`{}` has no element {outside} to record", monitor.name)));
        }
        Ok(Recording {
            plan: Arc::clone(plan),
            index,
            elements: OnceLock::new(),
            width: monitor.width(layout),
            dt: plan.clocks[monitor.clock].dt,
            bin: ticks_of(plan, monitor),
            reader: Reader::new(monitor, layout),
            buffer: Buffer::Heap(Vec::new()),
            rows: 0,
            gone: 0,
            begins: vec![],
            next: 0,
            paused: false,
            counted: None,
            sink: None,
            failure: None,
        })
    }

    /// `cells.v`
    pub fn name(&self) -> &str {
        &self.monitor().name
    }

    /// Tells records of something else apart.
    pub(super) fn fingerprint(&self) -> u32 {
        self.monitor().fingerprint
    }

    /// Of the values.
    pub fn dimension(&self) -> Dimension {
        self.monitor().dimension
    }

    /// Of the variable; the values are floats always.
    pub fn kind(&self) -> Kind {
        self.monitor().kind
    }

    /// Which element each column of the values is; a variable with one number for all has element 0.
    pub fn elements(&self) -> &[usize] {
        let all = || self.monitor().elements.clone().unwrap_or_else(|| (0..self.width).collect());
        self.elements.get_or_init(all)
    }

    /// Values in a row: the number of recorded elements.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows that are kept here.
    pub fn samples(&self) -> usize {
        self.bound().map_or(self.rows, |last| self.rows.min(last))
    }

    /// How many rows are kept at most; a sink takes all.
    fn bound(&self) -> Option<usize> {
        self.monitor().last.filter(|_| self.sink.is_none())
    }

    /// The number of rows ever recorded, those too that were dropped or streamed to a file.
    pub fn total(&self) -> u64 {
        self.gone + self.rows as u64
    }

    /// Whether recording is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The time between two rows.
    pub fn dt(&self) -> Seconds {
        self.dt
    }

    /// The time of each row in seconds.
    pub fn times(&self) -> Vec<f64> {
        (0..self.samples()).map(|sample| self.time(sample)).collect()
    }

    /// The time of row number `sample` in seconds.
    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53 samples")]
    pub fn time(&self, sample: usize) -> f64 {
        let row = self.gone + (self.first() + sample) as u64;
        let begin = self.begins.partition_point(|&(first, _)| first <= row);
        let (first, tick) = begin.checked_sub(1).map_or((0, 0), |begin| self.begins[begin]);
        (tick + (row - first)) as f64 * self.dt.to_f64()
    }

    /// All rows, one after the other, without gaps.
    pub fn values(&self) -> &[f64] {
        &self.buffer.floats()[self.first() * self.width..self.rows * self.width]
    }

    /// Row number `sample`; `None` when there are not so many.
    pub fn row(&self, sample: usize) -> Option<&[f64]> {
        if sample >= self.samples() {
            return None;
        }
        self.values().get(sample * self.width..(sample + 1) * self.width)
    }

    /// The values, smoothed over time where the text asks for it: each element's convolved with a
    /// Gaussian of that standard deviation, cut at four of them and at the ends of the recording, where
    /// the weights that are left are scaled to a sum of 1. The weights are those of a regular grid.
    pub fn smoothed(&self) -> Cow<'_, [f64]> {
        match self.monitor().source {
            Source::Rate { smooth: Some(width), .. } => Cow::Owned(self.smooth(width)),
            Source::Rate { smooth: None, .. } | Source::Place(_) => Cow::Borrowed(self.values()),
        }
    }

    /// The same over a given standard deviation in seconds.
    pub fn smooth(&self, deviation: f64) -> Vec<f64> {
        smooth(self.values(), self.width, deviation / self.dt.to_f64())
    }

    /// The first row of the buffer that is still to be seen.
    fn first(&self) -> usize {
        self.rows - self.samples()
    }

    fn monitor(&self) -> &MonitorPlan {
        &self.plan.monitors[self.index]
    }

    /// Pauses recording, or goes on.
    pub(super) fn pause(&mut self, paused: bool) {
        if self.paused != paused {
            self.paused = paused;
            self.counted = None;
        }
    }

    /// Gives what is recorded from here on to `sink`, and what is kept so far first.
    pub(super) fn stream(&mut self, sink: Box<dyn Sink>) -> Result<(), Error> {
        self.sink = Some(sink);
        self.drain();
        self.check()
    }

    /// What the sink has complained of.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        match self.failure.take() {
            Some(what) => Err(Error::Sink { what: self.name().to_owned(), why: what }),
            None => Ok(()),
        }
    }

    /// Hands all rows to the sink.
    fn drain(&mut self) {
        if self.sink.is_none() {
            return;
        }
        let times = self.times();
        if let Some(sink) = &mut self.sink
            && let Err(why) = sink.write(&times, &self.buffer.floats()[..self.rows * self.width])
        {
            self.failure.get_or_insert(why);
        }
        self.gone += self.rows as u64;
        self.rows = 0;
    }

    /// Hands all rows to the sink, if there is one, and makes them safe there.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.drain();
        if let Some(Err(why)) = self.sink.as_mut().map(|sink| sink.flush()) {
            self.failure.get_or_insert(why);
        }
        self.check()
    }

    /// The most rows that clocks add on their way from the ticks `from` to `to`.
    pub(super) fn rows_between(&self, from: &[u64], to: &[u64]) -> u64 {
        let monitor = self.monitor();
        match monitor.source {
            Source::Place(_) => to[monitor.clock] - from[monitor.clock],
            Source::Rate { .. } => {
                let clock = self.plan.programs[monitor.group].clock;
                to[clock] / self.bin - from[clock] / self.bin
            }
        }
    }

    /// The bytes that must be got for so many more rows; 0 when there is room.
    pub(super) fn lacks(&self, rows: u64) -> u128 {
        let bytes = self.bytes_with(rows);
        if bytes > size_of_val(self.buffer.floats()) as u128 { bytes } else { 0 }
    }

    /// Makes room for so many more rows.
    pub(super) fn reserve(&mut self, rows: u64) -> Result<(), Error> {
        let bytes = self.bytes_with(rows);
        let used = self.rows * self.width;
        let needed = usize::try_from(bytes).ok().map(|bytes| bytes / size_of::<f64>());
        let grown = needed.and_then(|needed| self.buffer.grow(used, needed));
        grown.ok_or_else(|| Error::Memory { what: format!("the recording of `{}`", self.name()), bytes })
    }

    /// The bytes of the recording with `more` rows. With a bound it has room for twice as many,
    /// so that old rows seldom have to be moved.
    fn bytes_with(&self, more: u64) -> u128 {
        let mut rows = self.rows as u128 + u128::from(more);
        if let Some(last) = self.bound() {
            rows = rows.min(2 * last as u128).max(self.rows as u128);
        }
        if self.sink.is_some() {
            rows = rows.min(self.sink_rows() as u128).max(self.rows as u128);
        }
        rows * self.width as u128 * size_of::<f64>() as u128
    }

    fn sink_rows(&self) -> usize {
        (SINK_NUMBERS / self.width.max(1)).max(1)
    }

    /// Makes sure that one more row fits into what was reserved.
    fn make_room(&mut self) {
        if let Some(last) = self.bound().filter(|&last| self.rows >= 2 * last) {
            let width = self.width;
            self.buffer.floats_mut().copy_within((self.rows - last) * width..self.rows * width, 0);
            self.gone += (self.rows - last) as u64;
            self.rows = last;
        } else if self.sink.is_some() && self.rows >= self.sink_rows() {
            self.drain();
        }
    }

    /// Appends a row for the tick `own` of the recording's clock, for which there is room; `tick` is the
    /// next tick of the group.
    pub(super) fn record(&mut self, program: &Program, words: &mut [u64], tick: u64, own: u64) {
        if self.paused {
            return;
        }
        program.run(&self.monitor().evaluate, words, tick);
        let row = self.next_row(own);
        self.reader.read(words, &mut self.buffer.floats_mut()[row]);
    }

    /// Appends the row that `fill` writes for the tick `own`, for which there is room.
    pub(super) fn append(&mut self, own: u64, fill: impl FnOnce(&mut [f64])) {
        if self.paused {
            return;
        }
        let row = self.next_row(own);
        fill(&mut self.buffer.floats_mut()[row]);
    }

    /// Where the row of the tick `own` goes.
    fn next_row(&mut self, own: u64) -> Range<usize> {
        self.make_room();
        if self.next != own || self.begins.is_empty() {
            self.begins.push((self.total(), own));
        }
        self.next = own + 1;
        let start = self.rows * self.width;
        self.rows += 1;
        start..start + self.width
    }

    /// Counts the spikes of a tick; at the end of a bin that was seen whole, appends its rate.
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(super) fn count(&mut self, program: &Program, words: &[u64], tick: u64) {
        let Source::Rate { event, .. } = self.monitor().source else { return };
        if self.paused {
            return;
        }
        if tick.is_multiple_of(self.bin) {
            self.counted = Some(0);
        }
        let Some(counted) = &mut self.counted else { return };
        *counted += words[program.layout.uniform_offset(program.events[event].count) / 8];
        let counted = *counted;
        if !(tick + 1).is_multiple_of(self.bin) {
            return;
        }
        let row = self.next_row(tick / self.bin);
        let elements = program.layout.elements().max(1) as f64;
        let span = self.bin as f64 * self.plan.clocks[program.clock].dt.to_f64();
        let rate = counted as f64 / span / elements;
        self.buffer.floats_mut()[row].fill(rate);
        self.counted = None;
    }
}

/// How many ticks of its group a tick of a monitor lasts, at least one.
fn ticks_of(plan: &Plan, monitor: &MonitorPlan) -> u64 {
    let group = plan.clocks[plan.programs[monitor.group].clock].dt;
    let ticks = plan.clocks[monitor.clock].dt.ratio(group).and_then(Fraction::to_whole);
    ticks.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(1).max(1)
}

/// What a recording takes of some elements, tick by tick.
pub(super) struct Portion {
    reader: Reader,
    /// Where in a row the values go; one after the other from the first place on without a list.
    first: usize,
    places: Option<Vec<usize>>,
    length: usize,
    values: Vec<f64>,
}

impl Portion {
    /// What `monitor` takes of `block`.
    pub(super) fn new(monitor: &MonitorPlan, layout: &Layout, block: &Range<usize>) -> Self {
        let reader = Reader::new(monitor, layout);
        let (Some(chosen), Some(elements)) = (&reader.chosen, &monitor.elements) else {
            // A number for all elements belongs to the first.
            let width = monitor.width(layout);
            let [first, end] = [block.start, block.end].map(|element| element.min(width));
            let reader = Reader { start: reader.start + first, ..reader };
            return Portion { reader, first, places: None, length: end - first, values: vec![] };
        };
        let own = (0..elements.len()).filter(|&place| block.contains(&elements[place]));
        let (places, chosen): (Vec<usize>, Vec<usize>) = own.map(|place| (place, chosen[place])).unzip();
        let (length, reader) = (chosen.len(), Reader { chosen: Some(chosen), ..reader });
        Portion { reader, first: 0, places: Some(places), length, values: vec![] }
    }

    /// Numbers of a tick.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// Keeps the values of a tick.
    pub(super) fn note(&mut self, words: &[u64]) {
        let before = self.values.len();
        self.values.resize(before + self.length, 0.0);
        self.reader.read(words, &mut self.values[before..]);
    }

    /// Writes what was kept of a tick, by its number since they were cleared, to its places of a row.
    pub(super) fn fill(&self, number: usize, row: &mut [f64]) {
        let values = &self.values[number * self.length..(number + 1) * self.length];
        match &self.places {
            None => row[self.first..self.first + self.length].copy_from_slice(values),
            Some(places) => places.iter().zip(values).for_each(|(&place, &value)| row[place] = value),
        }
    }
}

/// How a row is read from a group's memory.
struct Reader {
    ty: Type,
    /// The first of its size.
    start: usize,
    /// Places from there on, where they are not one after the other.
    chosen: Option<Vec<usize>>,
}

impl Reader {
    fn new(monitor: &MonitorPlan, layout: &Layout) -> Self {
        let Source::Place(place) = monitor.source else {
            return Reader { ty: Type::F64, start: 0, chosen: None };
        };
        let ty = place.ty(layout);
        let offset = place.offset(layout);
        let start = offset / ty.bytes();
        let chosen = match place {
            Place::Column(_) => monitor.elements.clone(),
            // Each has the one number.
            Place::Uniform(_) => monitor.elements.as_ref().map(|elements| vec![0; elements.len()]),
        };
        Reader { ty, start, chosen }
    }

    #[inline]
    fn read(&self, words: &[u64], row: &mut [f64]) {
        match self.ty {
            Type::F64 => self.read_floats(&words[self.start..], row),
            Type::F32 => {
                self.fill(&bytemuck::cast_slice(words)[self.start..], row, |&value: &f32| f64::from(value));
            }
            Type::I64 => self.fill(&words[self.start..], row, |&word| integer(word)),
            Type::I32 => panic!("bug: a variable of 32-bit integers"),
            Type::Bool => self.fill(&bytemuck::cast_slice(words)[self.start..], row, |&byte: &u8| f64::from(byte)),
        }
    }

    #[inline]
    fn read_floats(&self, words: &[u64], row: &mut [f64]) {
        let values: &[f64] = bytemuck::cast_slice(words);
        match &self.chosen {
            None => row.copy_from_slice(&values[..row.len()]),
            Some(_) => self.fill(values, row, |&value| value),
        }
    }

    fn fill<T>(&self, values: &[T], row: &mut [f64], convert: impl Fn(&T) -> f64) {
        match &self.chosen {
            None => row.iter_mut().zip(values).for_each(|(to, from)| *to = convert(from)),
            Some(chosen) => row.iter_mut().zip(chosen).for_each(|(to, &from)| *to = convert(&values[from])),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a recording holds floats; integers beyond 2^53 are rounded")]
fn integer(word: u64) -> f64 {
    word.cast_signed() as f64
}
