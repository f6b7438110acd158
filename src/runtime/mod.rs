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
mod column;
mod control;
mod denormal;
mod error;
mod finite;
mod group;
mod island;
mod monitor;
mod network;
mod schedule;
mod stage;
mod time;

pub use control::{CancelToken, Controls, Progress, Report};
pub use error::Error;
pub use finite::NonFinite;
pub use group::Group;
pub use monitor::Recording;
pub use network::Network;
pub use schedule::{Slot, Task};
pub use stage::{Propagate, Propagator, Stage};
pub use time::Time;

use crate::algebra::Kind;
use crate::dimension::Dimension;
use crate::kernel::Type;
use crate::kernel::abi::{ColumnId, Layout, Routine, UniformId};
use crate::model::{Clock, Denormals};
use std::sync::Arc;

/// A compiled model, shared by all its simulations.
pub struct Plan {
    /// Tick `k` of a clock is at `k * dt`.
    pub clocks: Vec<Clock>,
    /// One for each group.
    pub programs: Vec<Program>,
    /// What is recorded.
    pub monitors: Vec<MonitorPlan>,
    /// What happens to numbers too small for full precision.
    pub denormals: Denormals,
}

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
    pub init: Vec<Arc<dyn Routine>>,
    /// Fills hidden columns and uniforms from parameters: before a run when a parameter was written.
    pub prelude: Vec<Stage>,
    /// Subexpressions that are constant over dt: every tick, in slot [`Slot::BeforeStart`].
    pub before: Vec<Stage>,
    /// The state update: every tick, in slot [`Slot::Groups`]; one call may do many ticks.
    pub update: Option<Arc<dyn Routine>>,
}

impl Program {
    /// All stages before a tick.
    fn before(&self, words: &mut [u64], tick: u64) {
        for stage in &self.before {
            stage.run(&self.layout, words, tick);
        }
    }

    /// One tick without monitors.
    fn step(&self, words: &mut [u64], tick: u64) {
        self.before(words, tick);
        if let Some(update) = &self.update {
            update.call(words, tick..tick + 1, 0..self.layout.elements());
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

    /// The word of a group's memory that holds the number of `element`; not for truth values.
    fn word(self, layout: &Layout, element: usize) -> usize {
        match self {
            Place::Column(id) => layout.column_offset(id) / 8 + element,
            Place::Uniform(id) => layout.uniform_offset(id) / 8,
        }
    }
}

/// What one monitor records, in slot [`Slot::Start`] of each tick of its clock.
pub struct MonitorPlan {
    /// `cells.v`
    pub name: String,
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
    /// What is copied.
    pub source: Place,
    /// Fills `source` before it is copied, for what is not stored otherwise. It is called with the
    /// tick of the group's clock that comes next, also when the monitor has a clock of its own.
    pub evaluate: Option<Arc<dyn Routine>>,
}
