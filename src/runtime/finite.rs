//! Finds where the first infinity or NaN of a variable comes from.
//!
//! State variables are looked at after each chunk of ticks. When one has become infinite or NaN, the
//! chunk is repeated from a copy of the memory at its start, tick by tick, until it happens again:
//! kernels are functions of memory and tick, so it does. A value that becomes finite again within
//! the chunk goes unnoticed.

use super::column::Memory;
use super::group::Group;
use super::island::Island;
use super::team::Team;
use super::time::Timeline;
use super::{Error, Place, Program};
use crate::algebra::Kind;
use crate::kernel::Type;
use std::fmt;

/// The first infinite value or NaN of a state variable. The run goes on.
///
/// ```
/// let text = "clock dt = 1*ms\ngroup g[2] {\n dx/dt = x*x/ms : 1\n init x = i\n}\nrun 1*second";
/// let mut simulation = dvdt::Engine::new().compile("m", text)?.simulation()?;
/// let found = &simulation.run_script()?[0].non_finite[0];
/// assert_eq!((found.variable.as_str(), found.element), ("x", Some(1)));
/// # Ok::<(), dvdt::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// Of the variable.
    pub group: String,
    /// As in the text.
    pub variable: String,
    /// The first element that holds one; `None` when there is one number for all.
    pub element: Option<usize>,
    /// The first tick that starts with it.
    pub tick: u64,
    /// Of the start of that tick, in seconds.
    pub time: f64,
    /// NaN or an infinity.
    pub value: f64,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NonFinite { group, variable, element, tick, time, value } = self;
        let element = element.map(|element| format!("[{element}]")).unwrap_or_default();
        write!(f, "`{group}.{variable}{element}` is {value} at t = {time} s (tick {tick})")
    }
}

/// Looks after one group.
pub(super) struct Watch {
    /// Float state variables that have been finite so far, as numbers of [`Program::variables`].
    finite: Vec<usize>,
    /// The group's memory at the start of the chunk.
    snapshot: Memory,
}

impl Watch {
    /// Watches all float state variables of a group.
    pub(super) fn new(group: &Group) -> Result<Self, Error> {
        let program = group.program();
        let mut watch = Watch { finite: vec![], snapshot: Memory::new(&program.layout, &program.name)? };
        watch.renew(group);
        Ok(watch)
    }

    /// Watches all of them anew.
    pub(super) fn renew(&mut self, group: &Group) {
        let variables = &group.program().variables;
        let watched = |&index: &usize| variables[index].state && variables[index].kind == Kind::Float;
        self.finite = (0..variables.len()).filter(watched).collect();
    }

    /// Reports what is not finite at the start of a run.
    pub(super) fn begin_run(&mut self, group: &Group, tick: u64, found: &mut Vec<NonFinite>) {
        for index in self.lost(group) {
            found.extend(look(group.program(), &group.memory, index).map(|hit| hit.at(tick)));
        }
    }

    /// Remembers the memory at the start of a chunk.
    pub(super) fn begin_chunk(&mut self, group: &Group) {
        if !self.finite.is_empty() {
            self.snapshot.copy_ticking(&group.program().layout, &group.memory);
        }
    }

    /// Reports what ceased to be finite on the way of all clocks from `from` to `to`.
    pub(super) fn end_chunk(
        &mut self,
        island: &mut Island,
        timeline: &Timeline,
        (from, to): (&[u64], &[u64]),
        found: &mut Vec<NonFinite>,
    ) {
        let clock = island.group.program().clock;
        let ticks = from[clock]..to[clock];
        let group = &island.group;
        let mut lost = self.lost(group);
        if ticks.end - ticks.start <= 1 {
            // One tick needs no search, and the first chunk of a run has no copy to search in.
            for index in lost {
                found.extend(look(group.program(), &group.memory, index).map(|hit| hit.at(ticks.end)));
            }
            return;
        }
        if lost.is_empty() {
            return;
        }
        // Kept out of the snapshot until it is needed, so that it takes no memory.
        self.snapshot.copy_between_runs(&group.program().layout, &group.memory);
        std::mem::swap(&mut island.group.memory, &mut self.snapshot);
        island.silent = true;
        let mut reached = from.to_vec();
        for tick in ticks.clone() {
            let time = timeline.at(clock, tick + 1);
            let next = |other: usize| timeline.first_from(other, time).clamp(reached[other], to[other]);
            let next: Vec<u64> = (0..reached.len()).map(next).collect();
            island.advance(timeline, &reached, &next, &Team::of_one());
            reached = next;
            let group = &island.group;
            lost.retain(|&index| {
                let hit = look(group.program(), &group.memory, index);
                let is_lost = hit.is_none();
                found.extend(hit.map(|hit| hit.at(tick + 1)));
                is_lost
            });
            if lost.is_empty() {
                break;
            }
        }
        island.silent = false;
        std::mem::swap(&mut island.group.memory, &mut self.snapshot);
        let group = &island.group;
        for index in lost {
            found.extend(look(group.program(), &group.memory, index).map(|hit| hit.at(ticks.end)));
        }
    }

    /// Takes out the variables that are not finite.
    fn lost(&mut self, group: &Group) -> Vec<usize> {
        let program = group.program();
        let is_lost = |index: &mut usize| !Floats::of(program, &group.memory, *index).are_finite();
        self.finite.extract_if(.., is_lost).collect()
    }
}

/// The values of a float variable.
enum Floats<'a> {
    Double(&'a [f64]),
    Single(&'a [f32]),
}

impl<'a> Floats<'a> {
    fn of(program: &Program, memory: &'a Memory, index: usize) -> Self {
        let (layout, place) = (&program.layout, program.variables[index].place);
        match place.ty(layout) {
            Type::F32 => Floats::Single(memory.floats32(layout, place)),
            Type::F64 | Type::I64 | Type::I32 | Type::Bool => Floats::Double(memory.floats(layout, place)),
        }
    }

    /// A sum of bits instead of an early exit, so that the loop is done in vectors.
    fn are_finite(&self) -> bool {
        const DOUBLE: u64 = 0x7ff << 52;
        const SINGLE: u32 = 0xff << 23;
        match self {
            Floats::Double(values) => {
                values.iter().fold(0, |bad, value| bad | u64::from(value.to_bits() & DOUBLE == DOUBLE)) == 0
            }
            Floats::Single(values) => {
                values.iter().fold(0, |bad, value| bad | u32::from(value.to_bits() & SINGLE == SINGLE)) == 0
            }
        }
    }

    /// The first that is infinite or NaN.
    fn first_bad(&self) -> Option<(usize, f64)> {
        let bad = |(_, value): &(usize, f64)| !value.is_finite();
        match self {
            Floats::Double(values) => values.iter().copied().enumerate().find(bad),
            Floats::Single(values) => values.iter().map(|&value| f64::from(value)).enumerate().find(bad),
        }
    }
}

/// A report without a time.
struct Hit<'a> {
    program: &'a Program,
    index: usize,
    element: usize,
    value: f64,
}

fn look<'a>(program: &'a Program, memory: &Memory, index: usize) -> Option<Hit<'a>> {
    let values = Floats::of(program, memory, index);
    if values.are_finite() {
        return None;
    }
    let (element, value) = values.first_bad()?;
    Some(Hit { program, index, element, value })
}

impl Hit<'_> {
    /// The time is filled in by the network, which knows the clock.
    fn at(self, tick: u64) -> NonFinite {
        let variable = &self.program.variables[self.index];
        NonFinite {
            group: self.program.name.clone(),
            variable: variable.name.clone(),
            element: match variable.place {
                Place::Column(_) => Some(self.element),
                Place::Uniform(_) => None,
            },
            tick,
            time: 0.0,
            value: self.value,
        }
    }
}
