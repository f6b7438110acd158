//! In which order things happen at one time.

use crate::model::Slot;

/// One thing that happens at each tick of a clock. At one time, tasks run in the order of slot and
/// order; of those that are equal in both, a group's own work comes before recordings, and else the
/// names decide, compared as strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// When within a tick.
    pub slot: Slot,
    /// Within a slot, lower first.
    pub order: i32,
    /// Whether it records.
    pub records: bool,
    /// `cells.update`
    pub name: String,
    /// An index into [`Plan::clocks`](super::Plan::clocks); of clocks with the same dt, the first.
    pub clock: usize,
    /// What is done.
    pub(super) work: Work,
}

/// What a task does for its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// All stages before a tick.
    Before,
    /// The regular code of this number.
    Regular(usize),
    /// The part of the tick of this number.
    Part(usize),
    /// The event of this number is listed as it was given.
    Given(usize),
    /// One row of the recording of this number within the group.
    Record(usize),
    /// The spikes of the tick are counted for the recording of this number within the group.
    Rate(usize),
}
