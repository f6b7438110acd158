//! A group with its monitors, which advances on its own between two times.

use super::group::Group;
use super::schedule::{Slot, Task, Work};
use super::time::Timeline;
use super::{Error, Plan, Recording};
use std::ops::Range;
use std::sync::Arc;

/// One group, what is recorded of it, and its part of the schedule.
///
/// Along the ticks of the group's own clock, `own` is done before each update. Monitors with other
/// clocks *visit* in between; at a visit that meets a tick of the group, everything that comes
/// before the update is done in the order of the schedule.
pub(super) struct Island {
    pub(super) group: Group,
    pub(super) recordings: Vec<Recording>,
    /// All of it, in order.
    pub(super) tasks: Vec<Task>,
    clock: usize,
    own: Vec<Work>,
    visitors: Vec<Visitor>,
}

/// A clock that is not the group's, within one advance.
struct Visitor {
    clock: usize,
    next: u64,
    end: u64,
}

impl Island {
    /// The island of the program `index`, at time 0.
    pub(super) fn new(plan: &Arc<Plan>, index: usize, timeline: &Timeline, seed: u64) -> Result<Self, Error> {
        let group = Group::new(plan, index, seed)?;
        let monitors = (0..plan.monitors.len()).filter(|&monitor| plan.monitors[monitor].group == index);
        let recordings: Result<Vec<Recording>, Error> = monitors.map(|index| Recording::new(plan, index)).collect();
        let tasks = tasks(plan, index, timeline);
        let clock = timeline.representative(plan.programs[index].clock);
        let early = || tasks.iter().filter(|task| task.slot < Slot::Groups);
        let own = early().filter(|task| task.clock == clock).map(|task| task.work).collect();
        let mut visiting: Vec<usize> = early().map(|task| task.clock).filter(|&other| other != clock).collect();
        visiting.sort_unstable();
        visiting.dedup();
        let visitors = visiting.into_iter().map(|clock| Visitor { clock, next: 0, end: 0 }).collect();
        Ok(Island { group, recordings: recordings?, tasks, clock, own, visitors })
    }

    /// Does all ticks of all clocks from those of `from` up to those of `to`.
    pub(super) fn advance(&mut self, timeline: &Timeline, from: &[u64], to: &[u64]) {
        for visitor in &mut self.visitors {
            (visitor.next, visitor.end) = (from[visitor.clock], to[visitor.clock]);
        }
        let (mut tick, end) = (from[self.clock], to[self.clock]);
        let mut prepared = false;
        while let Some(time) = self.next_visit(timeline) {
            let until = timeline.first_from(self.clock, time).clamp(tick, end);
            self.stretch(tick..until, prepared);
            tick = until;
            prepared = tick < end && timeline.at(self.clock, tick) == time;
            self.visit(timeline, time, tick, prepared);
        }
        self.stretch(tick..end, prepared);
    }

    /// Ticks of the group's clock without a visit. When `prepared`, all that comes before the first
    /// update is done already.
    fn stretch(&mut self, mut ticks: Range<u64>, prepared: bool) {
        if ticks.is_empty() {
            return;
        }
        if self.own.is_empty() {
            return self.update(ticks);
        }
        if prepared {
            self.update(ticks.start..ticks.start + 1);
            ticks.start += 1;
        }
        self.tick_by_tick(ticks);
    }

    /// The path of recording at every tick: nothing but calls and copies.
    fn tick_by_tick(&mut self, ticks: Range<u64>) {
        let Island { group, recordings, own, .. } = self;
        let (program, words) = group.parts();
        let elements = program.layout.elements();
        let update = program.update.as_deref();
        for tick in ticks {
            for &work in own.iter() {
                match work {
                    Work::Record(index) => recordings[index].record(words, tick, elements),
                    Work::Before => program.before(words, tick),
                    Work::Update => {}
                }
            }
            if let Some(update) = update {
                update.call(words, tick..tick + 1, 0..elements);
            }
        }
    }

    fn update(&mut self, ticks: Range<u64>) {
        let (program, words) = self.group.parts();
        if let Some(update) = &program.update {
            update.call(words, ticks, 0..program.layout.elements());
        }
    }

    /// When the next tick of another clock is.
    fn next_visit(&self, timeline: &Timeline) -> Option<u128> {
        let waiting = self.visitors.iter().filter(|visitor| visitor.next < visitor.end);
        waiting.map(|visitor| timeline.at(visitor.clock, visitor.next)).min()
    }

    /// Everything before the update at `time`, at which some visitor ticks, and, when `meets`, the
    /// group too.
    fn visit(&mut self, timeline: &Timeline, time: u128, tick: u64, meets: bool) {
        let Island { group, recordings, tasks, clock, visitors, .. } = self;
        let (program, words) = group.parts();
        let comes = |visitor: &Visitor| visitor.next < visitor.end && timeline.at(visitor.clock, visitor.next) == time;
        for task in tasks.iter().filter(|task| task.slot < Slot::Groups) {
            let due = match visitors.iter().find(|visitor| visitor.clock == task.clock) {
                Some(visitor) => comes(visitor),
                None => meets && task.clock == *clock,
            };
            match task.work {
                Work::Record(index) if due => recordings[index].record(words, tick, program.layout.elements()),
                Work::Before if due => program.before(words, tick),
                Work::Record(_) | Work::Before | Work::Update => {}
            }
        }
        for visitor in visitors.iter_mut().filter(|visitor| comes(visitor)) {
            visitor.next += 1;
        }
    }
}

/// All tasks of one group, in order.
fn tasks(plan: &Plan, index: usize, timeline: &Timeline) -> Vec<Task> {
    let program = &plan.programs[index];
    let task = |slot, name: String, clock, work| {
        let clock = timeline.representative(clock);
        Task { slot, order: 0, name, clock, work }
    };
    let mut tasks = Vec::new();
    if !program.before.is_empty() {
        tasks.push(task(Slot::BeforeStart, format!("{}.before", program.name), program.clock, Work::Before));
    }
    if program.update.is_some() {
        tasks.push(task(Slot::Groups, format!("{}.update", program.name), program.clock, Work::Update));
    }
    let monitors = plan.monitors.iter().filter(|monitor| monitor.group == index);
    for (number, monitor) in monitors.enumerate() {
        tasks.push(task(Slot::Start, monitor.name.clone(), monitor.clock, Work::Record(number)));
    }
    tasks.sort();
    tasks
}
