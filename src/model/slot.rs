//! The slots of a tick.

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

impl Slot {
    /// In order.
    pub const ALL: [Slot; 18] = [
        Slot::BeforeStart,
        Slot::Start,
        Slot::AfterStart,
        Slot::BeforeGroups,
        Slot::Groups,
        Slot::AfterGroups,
        Slot::BeforeThresholds,
        Slot::Thresholds,
        Slot::AfterThresholds,
        Slot::BeforeSynapses,
        Slot::Synapses,
        Slot::AfterSynapses,
        Slot::BeforeResets,
        Slot::Resets,
        Slot::AfterResets,
        Slot::BeforeEnd,
        Slot::End,
        Slot::AfterEnd,
    ];

    /// The name in a text.
    pub fn name(self) -> &'static str {
        match self {
            Slot::BeforeStart => "before_start",
            Slot::Start => "start",
            Slot::AfterStart => "after_start",
            Slot::BeforeGroups => "before_groups",
            Slot::Groups => "groups",
            Slot::AfterGroups => "after_groups",
            Slot::BeforeThresholds => "before_thresholds",
            Slot::Thresholds => "thresholds",
            Slot::AfterThresholds => "after_thresholds",
            Slot::BeforeSynapses => "before_synapses",
            Slot::Synapses => "synapses",
            Slot::AfterSynapses => "after_synapses",
            Slot::BeforeResets => "before_resets",
            Slot::Resets => "resets",
            Slot::AfterResets => "after_resets",
            Slot::BeforeEnd => "before_end",
            Slot::End => "end",
            Slot::AfterEnd => "after_end",
        }
    }
}
