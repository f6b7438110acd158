//! A progress bar for people who wait: only on a terminal, only from the first second on.

use dvdt::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Runs shorter than this show no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar has so many steps.
const STEPS: u64 = 1000;

/// The bar of one simulation.
pub(super) struct Bar {
    bar: ProgressBar,
    begun: bool,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{percent:>3}% [{bar:40}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Bar { bar, begun: false }
    }

    /// Draws how far a run is: its rate, and the time left at that rate.
    pub(super) fn update(&mut self, progress: &Progress) {
        if progress.wall < PATIENCE {
            return;
        }
        if !self.begun {
            self.begun = true;
            self.bar.reset(); // A run before this one has finished it.
            // The target hides itself where there is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let wall = progress.wall.as_secs_f64();
        let left = wall * (1.0 - progress.fraction) / progress.fraction.max(1e-9);
        let rate = progress.simulated / wall;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of 1000 steps")]
        self.bar.set_position((progress.fraction.clamp(0.0, 1.0) * 1000.0) as u64);
        self.bar.set_message(format!("{} simulated, {:.3} s/s, {} left", time(progress.simulated), rate, time(left)));
        if progress.fraction >= 1.0 {
            self.bar.finish_and_clear();
            self.begun = false;
        }
    }
}

/// Seconds in a unit that reads well.
pub(super) fn time(seconds: f64) -> String {
    match seconds {
        0.0 => "0 s".to_owned(),
        s if s < 1e-6 => format!("{:.3} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.3} µs", s * 1e6),
        s if s < 1.0 => format!("{:.3} ms", s * 1e3),
        s if s < 600.0 => format!("{s:.2} s"),
        s if s < 6000.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
