//! Recorded events: what happened, when and to which element.

use super::{Error, EventMonitorPlan, Plan, Program};
use crate::dimension::Dimension;
use crate::model::Seconds;
use std::sync::Arc;

/// What one monitor has recorded of an event, in the order of ticks and, within a tick, of elements.
///
/// ```
/// let text = "clock dt = 1*ms
///     group g[2] {
///         dx/dt = (i + 1)/ms : 1
///         threshold x > 3
///         reset x = 0
///     }
///     record g.spikes(x)
///     run 5*ms";
/// let mut simulation = dvdt::Engine::new().compile("m", &text)?.simulation()?;
/// simulation.run_script()?;
/// let spikes = simulation.events("g.spikes")?;
/// assert_eq!((spikes.ticks(), spikes.elements()), (&[1, 3, 3][..], &[1, 0, 1][..]));
/// assert_eq!((spikes.times()[0], spikes.values("x")), (0.001, Some(&[4.0, 4.0, 4.0][..])));
/// assert_eq!(spikes.counts(), [1, 2]);
/// # Ok::<(), dvdt::Error>(())
/// ```
pub struct Events {
    plan: Arc<Plan>,
    index: usize,
    pub(super) dt: Seconds,
    pub(super) ticks: Vec<u64>,
    pub(super) elements: Vec<u32>,
    /// For each variable that is kept, a value of each event.
    pub(super) kept: Vec<Vec<f64>>,
    /// How often it has happened to each element.
    pub(super) counts: Vec<u64>,
    pub(super) paused: bool,
    pub(super) sink: Option<Box<dyn EventSink>>,
    failure: Option<String>,
}

/// Takes events while a run goes on, so that they need no memory.
pub trait EventSink: Send + Sync {
    /// Takes events: times in seconds, elements, and for each variable that is kept its values.
    ///
    /// # Errors
    /// When they cannot be kept; the run ends then.
    fn write(&mut self, times: &[f64], elements: &[u32], kept: &[Vec<f64>]) -> Result<(), String>;

    /// Makes everything that was taken safe.
    ///
    /// # Errors
    /// As [`EventSink::write`].
    fn flush(&mut self) -> Result<(), String>;
}

/// So many events are held before a sink gets them.
const SINK_EVENTS: usize = 1 << 15;

impl Events {
    /// Nothing so far.
    pub(super) fn new(plan: &Arc<Plan>, index: usize) -> Self {
        let monitor = &plan.event_monitors[index];
        let program = &plan.programs[monitor.group];
        Events {
            plan: Arc::clone(plan),
            index,
            dt: plan.clocks[program.clock].dt,
            ticks: vec![],
            elements: vec![],
            kept: vec![vec![]; monitor.kept.len()],
            counts: vec![0; program.layout.elements()],
            paused: false,
            sink: None,
            failure: None,
        }
    }

    fn monitor(&self) -> &EventMonitorPlan {
        &self.plan.event_monitors[self.index]
    }

    /// `cells.spikes`
    pub fn name(&self) -> &str {
        &self.monitor().name
    }

    /// Tells records of something else apart.
    pub(super) fn fingerprint(&self) -> u32 {
        self.monitor().fingerprint
    }

    /// How many there are here.
    pub fn len(&self) -> usize {
        self.ticks().len()
    }

    /// Whether there are none here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of elements of the group.
    pub fn size(&self) -> usize {
        self.counts.len()
    }

    /// The tick of each, of the group's clock.
    pub fn ticks(&self) -> &[u64] {
        &self.ticks[self.first()..]
    }

    /// The time of each in seconds.
    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53 ticks")]
    pub fn times(&self) -> Vec<f64> {
        let dt = self.dt.to_f64();
        self.ticks().iter().map(|&tick| tick as f64 * dt).collect()
    }

    /// The element of each.
    pub fn elements(&self) -> &[u32] {
        &self.elements[self.first()..]
    }

    /// The variables that are kept, with what they measure.
    pub fn variables(&self) -> impl Iterator<Item = (&str, Dimension)> {
        self.monitor().kept.iter().map(|kept| (kept.name.as_str(), kept.dimension))
    }

    /// The values of a variable at the moment of each, in SI base units; `None` if it is not kept.
    pub fn values(&self, variable: &str) -> Option<&[f64]> {
        let place = self.monitor().kept.iter().position(|kept| kept.name == variable)?;
        Some(&self.kept[place][self.first()..])
    }

    /// How often it has happened to each element since recording began; those too that were dropped or
    /// streamed to a file.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Whether recording is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// How many are kept at most; a sink takes all.
    fn last(&self) -> Option<usize> {
        self.monitor().last.filter(|_| self.sink.is_none())
    }

    /// The first that is still to be seen.
    fn first(&self) -> usize {
        self.last().map_or(0, |last| self.ticks.len().saturating_sub(last))
    }

    /// Appends what is listed at this tick.
    pub(super) fn record(&mut self, program: &Program, words: &[u64], tick: u64) {
        let event = &program.events[self.monitor().event];
        let count = words[program.layout.uniform_offset(event.count) / 8];
        if count == 0 || self.paused {
            return;
        }
        let count = usize::try_from(count).unwrap_or(0).min(program.layout.elements());
        let room = self.ticks.try_reserve(count).and(self.elements.try_reserve(count));
        if self.kept.iter_mut().try_fold((), |(), list| list.try_reserve(count)).and(room).is_err() {
            self.failure.get_or_insert_with(|| "there is no memory for more events".to_owned());
            return;
        }
        let start = program.layout.column_offset(event.elements) / 8;
        let listed = &words[start..start + count];
        self.ticks.extend(std::iter::repeat_n(tick, count));
        #[allow(clippy::cast_possible_truncation, reason = "a group has at most 2^31 elements")]
        self.elements.extend(listed.iter().map(|&word| word as u32));
        for &word in listed {
            #[allow(clippy::cast_possible_truncation, reason = "an element of the group")]
            let element = word as usize;
            self.counts[element] += 1;
        }
        for (list, kept) in self.kept.iter_mut().zip(&self.plan.event_monitors[self.index].kept) {
            let start = program.layout.column_offset(kept.list) / 8;
            list.extend(words[start..start + count].iter().map(|&word| f64::from_bits(word)));
        }
        self.bound();
    }

    /// Drops what is too old, or hands it to the sink.
    fn bound(&mut self) {
        if let Some(last) = self.last().filter(|&last| self.ticks.len() >= last.saturating_mul(2)) {
            let old = self.ticks.len() - last;
            self.ticks.drain(..old);
            self.elements.drain(..old);
            self.kept.iter_mut().for_each(|list| drop(list.drain(..old)));
        } else if self.sink.is_some() && self.ticks.len() >= SINK_EVENTS {
            self.drain();
        }
    }

    /// Hands all events to the sink.
    fn drain(&mut self) {
        if self.sink.is_none() {
            return;
        }
        let times = self.times();
        if let Some(sink) = &mut self.sink
            && let Err(why) = sink.write(&times, &self.elements, &self.kept)
        {
            self.failure.get_or_insert(why);
        }
        self.ticks.clear();
        self.elements.clear();
        self.kept.iter_mut().for_each(Vec::clear);
    }

    /// Gives what is recorded from here on to `sink`, and what is kept so far first.
    pub(super) fn stream(&mut self, sink: Box<dyn EventSink>) -> Result<(), Error> {
        self.sink = Some(sink);
        self.drain();
        self.check()
    }

    /// What the sink has complained of.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        match self.failure.take() {
            Some(why) => Err(Error::Sink { what: self.name().to_owned(), why }),
            None => Ok(()),
        }
    }

    /// Hands all events to the sink, if there is one, and makes them safe there.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.drain();
        if let Some(Err(why)) = self.sink.as_mut().map(|sink| sink.flush()) {
            self.failure.get_or_insert(why);
        }
        self.check()
    }
}
