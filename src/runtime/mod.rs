//! Everything that happens between compilation and numbers.
//!
//! A [`Plan`] is a compiled model: programs, clocks and what is recorded. It is plain data around
//! [`Routine`]s and is shared by any number of simulations. A [`Network`] is one simulation: the
//! memory of its groups, its clocks and its recordings.
//!
//! Groups do not act on each other, so each of them with its monitors is an *island* that advances
//! on its own to the end of a chunk of ticks. Between two chunks all islands stand at the same
//! time; that is where cancellation, progress and the search for non-finite values have their place.
//! Within a chunk, ticks at which nothing happens but the update are one call.

mod buffer;
mod choice;
mod column;
mod control;
mod denormal;
mod error;
mod event;
mod finite;
mod group;
mod island;
mod log;
mod monitor;
mod network;
mod schedule;
mod smooth;
mod stage;
mod state;
mod team;
mod time;

pub use crate::model::Slot;
pub use control::{CancelToken, Controls, Progress, Report};
pub use error::Error;
pub use event::{EventSink, Events};
pub use finite::NonFinite;
pub use group::Group;
pub use monitor::{Recording, Sink};
pub use network::Network;
pub use schedule::Task;
pub use stage::{Drawing, Propagate, Propagator, Stage};
pub use state::{ColumnState, EventsState, GroupState, Misfit, Numbers, Past, RecordingState, State};
pub use team::GRAIN;
pub use time::Time;

use crate::algebra::Kind;
use crate::dimension::Dimension;
use crate::kernel::Type;
use crate::kernel::abi::{ColumnId, Layout, Routine, UniformId, Varies};
use crate::model::{Clock, Denormals, GivenSpikes};
use schedule::{Own, Work};
use std::ops::Range;
use std::sync::Arc;

/// A compiled model, shared by all its simulations.
pub struct Plan {
    /// Tick `k` of a clock is at `k * dt`.
    pub clocks: Vec<Clock>,
    /// One for each group.
    pub programs: Vec<Program>,
    /// What is recorded.
    pub monitors: Vec<MonitorPlan>,
    /// Which events are recorded.
    pub event_monitors: Vec<EventMonitorPlan>,
    /// What happens to numbers too small for full precision.
    pub denormals: Denormals,
}

/// Bytes that a near cache holds on all common machines, with room for other things.
const NEAR: usize = 128 << 10;

/// One group's compiled code and its memory's layout.
pub struct Program {
    /// The group's name.
    pub name: String,
    /// The group's clock, an index into [`Plan::clocks`].
    pub clock: usize,
    /// Where its numbers lie.
    pub layout: Layout,
    /// The variables that hosts can reach.
    pub variables: Vec<Variable>,
    /// Where the seed of random numbers is kept, an integer; `None` where there are none.
    pub seed: Option<UniformId>,
    /// Initial values, run once in order, at tick 0, when a simulation is made.
    pub init: Vec<Stage>,
    /// Fills hidden columns and uniforms from parameters: before a run when a parameter was written.
    pub prelude: Vec<Stage>,
    /// Subexpressions that are constant over dt: every tick, in slot [`Slot::BeforeStart`].
    pub before: Vec<Stage>,
    /// Code that runs at regular times, in slot [`Slot::Start`].
    pub regular: Vec<RegularPlan>,
    /// The state update, thresholds and resets: every tick, in order. Where it is one call and there
    /// are no events, or the call lists them with their ticks, one call may do many ticks.
    pub parts: Vec<Part>,
    /// The events that somebody looks at.
    pub events: Vec<EventPlan>,
    /// What a checkpoint keeps, by name.
    pub saved: Vec<(String, Place)>,
    /// Tells groups with other equations apart.
    pub fingerprint: u32,
}

/// A part of each tick that is done at once.
pub struct Part {
    /// When.
    pub slot: Slot,
    /// What is done, in order.
    pub stages: Vec<Stage>,
}

/// Code that runs at regular times.
pub struct RegularPlan {
    /// An index into [`Plan::clocks`].
    pub clock: usize,
    /// What is done, in order.
    pub stages: Vec<Stage>,
}

/// An event whose elements are listed at each tick.
pub struct EventPlan {
    /// `spike`
    pub name: String,
    /// How many there are at this tick.
    pub count: UniformId,
    /// Their numbers.
    pub elements: ColumnId,
    /// What fills the list, where kernels do not.
    pub given: Option<Arc<GivenSpikes>>,
}

impl Program {
    /// Some stages, one after the other.
    fn run(&self, stages: &[Stage], words: &mut [u64], tick: u64) {
        self.run_drawing(stages, words, tick, tick);
    }

    /// The same with the random numbers of another tick.
    fn run_drawing(&self, stages: &[Stage], words: &mut [u64], tick: u64, drawn: u64) {
        for stage in stages {
            stage.run(&self.layout, words, tick, drawn, 0..self.layout.elements());
        }
    }

    /// Does many ticks by `whole`, some elements after the others: what they store stays in a near cache.
    fn advance(&self, whole: &dyn Routine, words: &mut [u64], ticks: Range<u64>, elements: Range<usize>) {
        let alike = || self.layout.storage().uniforms.iter().all(|slot| slot.varies == Varies::Runs);
        let several = ticks.end - ticks.start > 1 && elements.len() > team::GRAIN && alike();
        let block = if several { self.block() } else { elements.len() };
        if elements.len() <= block {
            return whole.call(words, ticks, elements);
        }
        for start in elements.clone().step_by(block) {
            whole.call(words, ticks.clone(), start..elements.end.min(start + block));
        }
    }

    /// So many elements stay in a near cache with all their columns.
    fn block(&self) -> usize {
        let columns = &self.layout.storage().columns;
        let bytes: usize = columns.iter().map(|slot| slot.ty.bytes()).sum();
        (NEAR / bytes.max(1)).max(1).next_multiple_of(team::GRAIN)
    }

    /// The call that moves the state, if it may do many ticks, and its place among `works`: none else of them is done at
    /// every tick but what counts and copies lists.
    fn several(&self, works: &[Own]) -> Option<(usize, &dyn Routine)> {
        let often = |own: &Own| own.every == 1 && !matches!(own.work, Work::Rate(_) | Work::Given(_));
        let mut often = works.iter().enumerate().filter(|(_, own)| often(own));
        let (Some((place, Own { work: Work::Part(_), .. })), None) = (often.next(), often.next()) else { return None };
        let [Part { stages, .. }] = self.parts.as_slice() else { return None };
        match stages.as_slice() {
            [Stage::Call(routine)] if self.events.is_empty() || routine.lists_ticks() => Some((place, &**routine)),
            _ => None,
        }
    }

    /// The same where that is all that is done and nothing is listed.
    fn whole(&self, works: &[Own]) -> Option<&dyn Routine> {
        let (_, routine) = self.several(works)?;
        (works.len() == 1 && self.events.is_empty()).then_some(routine)
    }

    /// Forgets the events of the tick before.
    fn begin_tick(&self, words: &mut [u64]) {
        for event in &self.events {
            words[self.layout.uniform_offset(event.count) / 8] = 0;
        }
    }
}

/// A variable of a group that hosts can reach by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// As in the text.
    pub name: String,
    /// Boolean, integer or float.
    pub kind: Kind,
    /// In SI base units.
    pub dimension: Dimension,
    /// Where its numbers are.
    pub place: Place,
    /// Whether hosts may write it between runs.
    pub writable: bool,
    /// Whether the update writes it; of others, a write makes the prelude run again.
    pub state: bool,
}

/// Where the numbers of a variable are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// One for each element.
    Column(ColumnId),
    /// One for all.
    Uniform(UniformId),
}

impl Place {
    /// The byte of a group's memory at which it starts.
    fn offset(self, layout: &Layout) -> usize {
        match self {
            Place::Column(id) => layout.column_offset(id),
            Place::Uniform(id) => layout.uniform_offset(id),
        }
    }

    /// How many numbers it holds.
    fn length(self, layout: &Layout) -> usize {
        match self {
            Place::Column(_) => layout.elements(),
            Place::Uniform(_) => 1,
        }
    }

    /// What it holds.
    fn ty(self, layout: &Layout) -> Type {
        match self {
            Place::Column(id) => layout.storage().column_slot(id).ty,
            Place::Uniform(id) => layout.storage().uniform_slot(id).ty,
        }
    }

    /// The word of a group's memory that holds the number of `element`; of 64 bits.
    fn word(self, layout: &Layout, element: usize) -> usize {
        match self {
            Place::Column(id) => layout.column_offset(id) / 8 + element,
            Place::Uniform(id) => layout.uniform_offset(id) / 8,
        }
    }
}

/// What one monitor records at each tick of its clock.
pub struct MonitorPlan {
    /// `cells.v`
    pub name: String,
    /// Tells records of something else apart.
    pub fingerprint: u32,
    /// An index into [`Plan::programs`].
    pub group: usize,
    /// Of the recorded values.
    pub dimension: Dimension,
    /// Of the variable; recorded values are always floats.
    pub kind: Kind,
    /// Chosen elements in the order of the columns of the recording; `None` for all.
    pub elements: Option<Vec<usize>>,
    /// An index into [`Plan::clocks`].
    pub clock: usize,
    /// When within a tick.
    pub slot: Slot,
    /// Within the slot, lower first.
    pub order: i32,
    /// How many of the newest rows are kept; `None` keeps all.
    pub last: Option<usize>,
    /// What is recorded.
    pub source: Source,
    /// Fills the source before it is copied, for what is not stored otherwise. It runs with the
    /// tick of the group's clock that comes next, also when the monitor has a clock of its own.
    pub evaluate: Vec<Stage>,
}

impl MonitorPlan {
    /// How many values there are to choose from.
    fn length(&self, layout: &Layout) -> usize {
        match self.source {
            Source::Place(place) => place.length(layout),
            Source::Rate { .. } => 1,
        }
    }

    /// Values in a row.
    fn width(&self, layout: &Layout) -> usize {
        self.elements.as_ref().map_or_else(|| self.length(layout), Vec::len)
    }
}

/// Where recorded numbers come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// They are copied.
    Place(Place),
    /// Spikes per element and second, over a tick of the monitor's clock, which is a whole number of
    /// ticks of the group's.
    Rate {
        /// An index into [`Program::events`].
        event: usize,
        /// The standard deviation in seconds of the Gaussian that smooths it for a reader.
        smooth: Option<f64>,
    },
}

/// Which event is recorded.
pub struct EventMonitorPlan {
    /// `cells.spikes`
    pub name: String,
    /// Tells records of something else apart.
    pub fingerprint: u32,
    /// An index into [`Plan::programs`].
    pub group: usize,
    /// An index into [`Program::events`].
    pub event: usize,
    /// Numbers that are kept of each.
    pub kept: Vec<Kept>,
    /// How many of the newest are kept; `None` keeps all.
    pub last: Option<usize>,
}

/// A variable whose value at the moment of an event is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// As in the text.
    pub name: String,
    /// In SI base units.
    pub dimension: Dimension,
    /// The list of its values.
    pub list: ColumnId,
}
