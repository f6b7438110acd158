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
        let divides = self.divides(left);
        if self.tried.elapsed() > AGAIN {
            self.tried = Instant::now();
            return (!divides, piece);
        }
        (divides, left)
    }

    /// Whether so many ticks are faster divided, as far as that was tried.
    fn divides(&self, ticks: u64) -> bool {
        let (Some(alone), Some(divided), Some(copies)) = (self.alone, self.divided, self.copies) else { return false };
        copies + divided * count(ticks) < alone * count(ticks)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_done_alone() {
        let mut choice = Choice::new();
        assert_eq!(choice.choose(1 << 40), (false, 1 << 40), "nothing is known yet");
        choice.learn_alone(Duration::from_micros(60), 60);
        assert_eq!(choice.choose(50), (false, 50), "50 ticks are half of what is worth the way");
        let (divided, piece) = choice.choose(1 << 20);
        assert!(divided && (1000..=1001).contains(&piece), "a trial is a millisecond: {piece}");
    }

    #[test]
    fn both_are_tried_in_turns() {
        let mut choice = Choice::new();
        choice.learn_alone(Duration::from_millis(10), 10);
        let tried: Vec<(bool, u64)> = (0..TRIALS).map(|_| choice.choose(100)).collect();
        assert_eq!(tried, [(true, 1), (false, 1)].repeat(3));
    }

    #[test]
    fn copies_are_worth_a_long_stretch() {
        let mut choice = Choice::new();
        choice.learn_alone(Duration::from_millis(100), 100);
        assert!(!choice.divides(1000), "it was not tried");
        choice.learn_divided(Duration::from_millis(10), Duration::from_millis(60), 100);
        // 1 ms a tick beside 0.6 ms and 10 ms for all.
        assert_eq!([20, 30].map(|ticks| choice.divides(ticks)), [false, true]);
    }

    #[test]
    fn what_takes_longer_for_once_is_believed_in_part() {
        let mut known = None;
        [4.0, 8.0].iter().for_each(|&time| learn(&mut known, time));
        assert_eq!(known, Some(5.0));
        learn(&mut known, 3.0);
        assert_eq!(known, Some(3.0));
    }
}
