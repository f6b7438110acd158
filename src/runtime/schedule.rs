//! In which order things happen at one time.

/// When within a tick, in order (Brian2's default schedule).
#[expect(missing_docs, reason = "each is the slot of its name, or what comes just before or after it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    BeforeStart,
    Start,
    AfterStart,
    BeforeGroups,
    Groups,
    AfterGroups,
    BeforeThresholds,
    Thresholds,
    AfterThresholds,
    BeforeSynapses,
    Synapses,
    AfterSynapses,
    BeforeResets,
    Resets,
    AfterResets,
    BeforeEnd,
    End,
    AfterEnd,
}

/// One thing that happens at each tick of a clock. At one time, tasks run in the order of slot,
/// order and name, names compared as strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// When within a tick.
    pub slot: Slot,
    /// Within a slot, lower first.
    pub order: i32,
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
    /// One row of the recording of this number within the group.
    Record(usize),
    /// The state update.
    Update,
}
