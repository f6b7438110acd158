//! What a host says to a run and hears from it.

use super::NonFinite;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Stops a run from another thread, a signal handler or the progress callback.
///
/// All clones are one token. The run ends after the chunk that it is in, some tens of milliseconds
/// later, at one time for all groups; everything recorded is kept and a later run continues.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks every run that has this token to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether that was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes it back, so that runs with this token go on.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Of the simulated time of this run, from 0 to 1.
    pub fraction: f64,
    /// Seconds simulated in this run.
    pub simulated: f64,
    /// Since the run began.
    pub wall: Duration,
}

/// How a host follows and stops a run.
pub struct Controls<'a> {
    /// Checked between chunks.
    pub cancel: CancelToken,
    /// Called at the start, then at most once per interval, and at the end unless cancelled.
    pub progress: Option<&'a mut dyn FnMut(&Progress)>,
    /// The least wall time between two calls.
    pub interval: Duration,
}

impl Default for Controls<'_> {
    /// A token that no one else has, no callback, and an interval of 100 ms.
    fn default() -> Self {
        Controls { cancel: CancelToken::default(), progress: None, interval: Duration::from_millis(100) }
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Ticks done, by clock.
    pub ticks: Vec<u64>,
    /// Rows recorded, by all monitors together.
    pub samples: u64,
    /// How long it took.
    pub wall: Duration,
    /// Whether it ended before its time because it was asked to.
    pub cancelled: bool,
    /// State variables that became infinite or NaN in this run; each is named once per simulation.
    pub non_finite: Vec<NonFinite>,
}

impl Report {
    /// Adds what a run did that followed at once.
    pub(crate) fn join(&mut self, later: Report) {
        for (ticks, more) in self.ticks.iter_mut().zip(later.ticks) {
            *ticks += more;
        }
        self.samples += later.samples;
        self.wall += later.wall;
        self.cancelled = later.cancelled;
        self.non_finite.extend(later.non_finite);
    }
}

/// Calls the progress callback when it is due.
pub(super) struct Reporter<'c, 'a> {
    controls: &'c mut Controls<'a>,
    begun: Instant,
    last: Duration,
}

impl<'c, 'a> Reporter<'c, 'a> {
    pub(super) fn new(controls: &'c mut Controls<'a>, begun: Instant) -> Self {
        Reporter { controls, begun, last: Duration::ZERO }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.controls.cancel.is_cancelled()
    }

    /// Calls in any case.
    pub(super) fn say(&mut self, fraction: f64, simulated: f64) {
        self.last = self.begun.elapsed();
        if let Some(progress) = &mut self.controls.progress {
            progress(&Progress { fraction, simulated, wall: self.last });
        }
    }

    /// Calls when the interval is over.
    pub(super) fn maybe_say(&mut self, fraction: f64, simulated: f64) {
        if self.controls.progress.is_some() && self.begun.elapsed().saturating_sub(self.last) >= self.controls.interval
        {
            self.say(fraction, simulated);
        }
    }
}

/// Chooses the length of the next chunk by the time that the last one took.
pub(super) struct Pace {
    ticks: u64,
}

/// What a chunk should take: short for a person who waits, long for everything done between chunks.
const CHUNK: Duration = Duration::from_millis(30);

/// A chunk is at least so many times as long as the work around it.
const WORTH: u32 = 30;

/// A chunk grows by this much at most; the first is one tick.
const GROWTH: u64 = 16;

impl Pace {
    pub(super) fn new() -> Self {
        Pace { ticks: 1 }
    }

    /// The number of ticks of the next chunk.
    pub(super) fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Learns that a chunk took `work`, and what is done around it `around`.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, positive and bounded below"
    )]
    pub(super) fn learn(&mut self, work: Duration, around: Duration) {
        let goal = CHUNK.max(around * WORTH).min(CHUNK * 10);
        let factor = goal.as_secs_f64() / work.as_secs_f64().max(1e-9);
        let wanted = (self.ticks as f64 * factor) as u64;
        self.ticks = wanted.clamp(1, self.ticks.saturating_mul(GROWTH));
    }
}
