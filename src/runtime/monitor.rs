//! Recordings: what a monitor has seen.

use super::buffer::Buffer;
use super::{Error, MonitorPlan, Place, Plan};
use crate::algebra::Kind;
use crate::dimension::Dimension;
use crate::kernel::Type;
use crate::kernel::abi::{Layout, Routine};
use crate::model::Seconds;
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
    reader: Reader,
    evaluate: Option<Arc<dyn Routine>>,
    buffer: Buffer,
    samples: usize,
}

impl Recording {
    /// An empty recording.
    pub(super) fn new(plan: &Arc<Plan>, index: usize) -> Result<Self, Error> {
        let monitor = &plan.monitors[index];
        let layout = &plan.programs[monitor.group].layout;
        let length = monitor.source.length(layout);
        if let Some(outside) = monitor.elements.iter().flatten().find(|&&element| element >= length) {
            return Err(Error::Plan(format!("`{}` has no element {outside} to record", monitor.name)));
        }
        Ok(Recording {
            plan: Arc::clone(plan),
            index,
            elements: OnceLock::new(),
            width: monitor.elements.as_ref().map_or(length, Vec::len),
            dt: plan.clocks[monitor.clock].dt,
            reader: Reader::new(monitor, layout),
            evaluate: monitor.evaluate.clone(),
            buffer: Buffer::Heap(Vec::new()),
            samples: 0,
        })
    }

    /// `cells.v`
    pub fn name(&self) -> &str {
        &self.monitor().name
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

    /// The number of rows.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The time between two rows.
    pub fn dt(&self) -> Seconds {
        self.dt
    }

    /// The time of each row in seconds.
    pub fn times(&self) -> Vec<f64> {
        (0..self.samples).map(|sample| self.time(sample)).collect()
    }

    /// The time of row number `sample` in seconds.
    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53 samples")]
    pub fn time(&self, sample: usize) -> f64 {
        sample as f64 * self.dt.to_f64()
    }

    /// All rows, one after the other, without gaps.
    pub fn values(&self) -> &[f64] {
        &self.buffer.floats()[..self.samples * self.width]
    }

    /// Row number `sample`; `None` when there are not so many.
    pub fn row(&self, sample: usize) -> Option<&[f64]> {
        if sample >= self.samples {
            return None;
        }
        self.values().get(sample * self.width..(sample + 1) * self.width)
    }

    fn monitor(&self) -> &MonitorPlan {
        &self.plan.monitors[self.index]
    }

    /// The bytes that must be got for `ticks` more rows; 0 when there is room.
    pub(super) fn lacks(&self, ticks: u64) -> u128 {
        let bytes = self.bytes_with(ticks);
        if bytes > size_of_val(self.buffer.floats()) as u128 { bytes } else { 0 }
    }

    /// Makes room for `ticks` more rows.
    pub(super) fn reserve(&mut self, ticks: u64) -> Result<(), Error> {
        let bytes = self.bytes_with(ticks);
        let used = self.samples * self.width;
        let needed = usize::try_from(bytes).ok().map(|bytes| bytes / size_of::<f64>());
        let grown = needed.and_then(|needed| self.buffer.grow(used, needed));
        grown.ok_or_else(|| Error::Memory { what: format!("the recording of `{}`", self.name()), bytes })
    }

    /// The bytes of the recording with `ticks` more rows.
    fn bytes_with(&self, ticks: u64) -> u128 {
        (self.samples as u128 + u128::from(ticks)) * self.width as u128 * size_of::<f64>() as u128
    }

    /// Appends a row, for which there is room; `tick` is the next tick of the group.
    pub(super) fn record(&mut self, words: &mut [u64], tick: u64, elements: usize) {
        if let Some(evaluate) = &self.evaluate {
            evaluate.call(words, tick..tick + 1, 0..elements);
        }
        let start = self.samples * self.width;
        let row = &mut self.buffer.floats_mut()[start..start + self.width];
        self.reader.read(words, row);
        self.samples += 1;
    }
}

/// How a row is read from a group's memory.
struct Reader {
    ty: Type,
    /// The first word, of truth values the first byte.
    start: usize,
    chosen: Option<Vec<usize>>,
}

impl Reader {
    fn new(monitor: &MonitorPlan, layout: &Layout) -> Self {
        let ty = monitor.source.ty(layout);
        let offset = monitor.source.offset(layout);
        let start = if ty == Type::Bool { offset } else { offset / 8 };
        let chosen = match monitor.source {
            Place::Column(_) => monitor.elements.clone(),
            Place::Uniform(_) => None,
        };
        Reader { ty, start, chosen }
    }

    #[inline]
    fn read(&self, words: &[u64], row: &mut [f64]) {
        match self.ty {
            Type::F64 => self.read_floats(&words[self.start..], row),
            Type::I64 => self.fill(&words[self.start..], row, |&word| integer(word)),
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
