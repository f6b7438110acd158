//! Chooses between two ways to do the same by how long they took.

use std::time::{Duration, Instant};

/// Seconds that a stretch must take on one thread to be worth the way to others.
const WORTH: f64 = 100e-6;

/// Seconds on one thread that a piece takes which tries a way out.
const TRIAL: f64 = 1e-3;

/// How often both ways are tried, in turns, before one is chosen.
const TRIALS: u32 = 6;

/// After so long the way that seemed slower is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// Of a longer time than known so far, so much is believed: what disturbs a machine makes it slower only.
const BELIEVED: f64 = 0.25;

/// What is known of a group: done by one thread alone, or divided, which begins and ends with copies.
pub(super) struct Choice {
    /// Seconds per tick.
    alone: Option<f64>,
    divided: Option<f64>,
    /// Seconds per stretch that is divided.
    copies: Option<f64>,
    trials: u32,
    tried: Instant,
}

impl Choice {
    pub(super) fn new() -> Self {
        Choice { alone: None, divided: None, copies: None, trials: 0, tried: Instant::now() }
    }

    /// Whether to divide the next ticks, and how many of the `left` ones to do so.
    pub(super) fn choose(&mut self, left: u64) -> (bool, u64) {
        let Some(alone) = self.alone.filter(|alone| alone * count(left) > WORTH) else { return (false, left) };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and clamped")]
        let piece = ((TRIAL / alone).ceil() as u64).clamp(1, left);
        if self.trials < TRIALS {
            self.trials += 1;
            self.tried = Instant::now();
            return (self.trials % 2 == 1, piece);
        }
        let divides = self.divides(left).unwrap_or(false);
        if self.tried.elapsed() > AGAIN {
            self.tried = Instant::now();
            return (!divides, piece);
        }
        (divides, left)
    }

    /// Whether so many ticks are faster divided; `None` when that was not tried.
    pub(super) fn divides(&self, ticks: u64) -> Option<bool> {
        let (alone, divided, copies) = (self.alone?, self.divided?, self.copies?);
        Some(copies + divided * count(ticks) < alone * count(ticks))
    }

    /// Learns how long `ticks` took alone.
    pub(super) fn learn_alone(&mut self, time: Duration, ticks: u64) {
        // Of less, most is not the elements'.
        if time.as_secs_f64() > WORTH / 2.0 {
            learn(&mut self.alone, time.as_secs_f64() / count(ticks));
        }
    }

    /// Learns how long copies took and `ticks` that were divided.
    pub(super) fn learn_divided(&mut self, copies: Duration, time: Duration, ticks: u64) {
        learn(&mut self.copies, copies.as_secs_f64());
        learn(&mut self.divided, time.as_secs_f64() / count(ticks));
    }
}

fn learn(known: &mut Option<f64>, time: f64) {
    let blend = |known: f64| if time < known { time } else { known + BELIEVED * (time - known) };
    *known = Some(known.map_or(time, blend));
}

#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn count(ticks: u64) -> f64 {
    ticks.max(1) as f64
}
