//! A group with its monitors, which advances on its own between two times.

use super::event::Events;
use super::group::Group;
use super::schedule::{Own, Round, Task, Work};
use super::team::{Team, Tiles};
use super::time::Timeline;
use super::{Error, Plan, Program, Recording, Source};
use crate::model::Slot;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One group, what is recorded of it, and its part of the schedule.
///
/// Along the ticks of the group's own clock, `own` is done: at each tick, or with a clock whose ticks are every so many
/// of the group's at each of those. Work with other clocks *visits* in between; at a visit that meets a tick of the
/// group, everything of both is done in the order of the schedule.
pub(super) struct Island {
    pub(super) group: Group,
    pub(super) recordings: Vec<Recording>,
    pub(super) events: Vec<Events>,
    /// All of it, in order.
    pub(super) tasks: Vec<Task>,
    /// Whether nothing is recorded, because what was done before is only repeated.
    pub(super) silent: bool,
    clock: usize,
    /// The other clocks, and how many ticks of the group one of theirs lasts where that is a whole number.
    others: Vec<(usize, Option<u64>)>,
    /// Whether what has such clocks is the group's own. It is not around the end of a run that is so near to one of
    /// their ticks that it counts as reached for them and not for the group.
    aligned: bool,
    /// Of each task that is the group's own, at every how many of its ticks it is done.
    every: Vec<Option<u64>>,
    own: Vec<Own>,
    visitors: Vec<Visitor>,
    /// How it is done in parts, by one thread or several; `None` where it cannot be.
    tiles: Option<Tiles>,
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
        let events = (0..plan.event_monitors.len()).filter(|&monitor| plan.event_monitors[monitor].group == index);
        let events = events.map(|index| Events::new(plan, index)).collect();
        let tasks = tasks(plan, index, timeline);
        let clock = timeline.representative(plan.programs[index].clock);
        let mut others: Vec<usize> = tasks.iter().map(|task| task.clock).filter(|&other| other != clock).collect();
        others.sort_unstable();
        others.dedup();
        let others = others.into_iter().map(|other| (other, timeline.multiple(other, clock))).collect();
        let mut island = Island {
            group,
            recordings: recordings?,
            events,
            tasks,
            silent: false,
            clock,
            others,
            aligned: true,
            every: vec![],
            own: vec![],
            visitors: vec![],
            tiles: None,
        };
        island.arrange();
        Ok(island)
    }

    /// Says what is the group's own and what visits.
    fn arrange(&mut self) {
        let whole = |every: Option<u64>| every.filter(|_| self.aligned);
        let every = |task: &Task| match self.others.iter().find(|&&(other, _)| other == task.clock) {
            None => Some(1),
            Some(&(_, every)) => whole(every),
        };
        self.every = self.tasks.iter().map(every).collect();
        let own = |(task, every): (&Task, &Option<u64>)| Some(Own { work: task.work, every: (*every)? });
        self.own = self.tasks.iter().zip(&self.every).filter_map(own).collect();
        let visiting = self.others.iter().filter(|&&(_, every)| whole(every).is_none());
        self.visitors = visiting.map(|&(clock, _)| Visitor { clock, next: 0, end: 0 }).collect();
        self.undivide();
    }

    /// Forgets how it was divided.
    pub(super) fn undivide(&mut self) {
        let (plan, index) = self.group.plan();
        self.tiles = Tiles::new(plan, index, &self.own);
    }

    /// Whether most ticks were done in tiles since threads were set.
    pub(super) fn is_divided(&self) -> bool {
        self.tiles.as_ref().is_some_and(|tiles| tiles.divided > tiles.alone)
    }

    /// Does all ticks of all clocks from those of `from` up to those of `to`.
    pub(super) fn advance(&mut self, timeline: &Timeline, from: &[u64], to: &[u64], team: &Team) {
        let meets = |ends: &[u64]| {
            let mut multiples = self.others.iter().filter_map(|&(other, every)| Some((other, every?)));
            multiples.all(|(other, every)| ends[other] == ends[self.clock].div_ceil(every))
        };
        let aligned = meets(from) && meets(to);
        if aligned != self.aligned {
            self.aligned = aligned;
            self.arrange();
        }
        for visitor in &mut self.visitors {
            (visitor.next, visitor.end) = (from[visitor.clock], to[visitor.clock]);
        }
        let (mut tick, end) = (from[self.clock], to[self.clock]);
        while let Some(time) = self.next_visit(timeline) {
            let until = timeline.first_from(self.clock, time).clamp(tick, end);
            self.stretch(tick..until, team);
            tick = until;
            let meets = tick < end && timeline.at(self.clock, tick) == time;
            let meets = meets && !self.precede(timeline, time);
            self.visit(timeline, time, tick, meets);
            tick += u64::from(meets);
        }
        self.stretch(tick..end, team);
    }

    /// Ticks of the group's clock without a visit.
    fn stretch(&mut self, ticks: Range<u64>, team: &Team) {
        if ticks.is_empty() {
            return;
        }
        // What is repeated is looked at tick by tick, and teaches nothing.
        let Some(mut tiles) = self.tiles.take_if(|_| !self.silent) else { return self.alone(ticks) };
        let mut tick = ticks.start;
        while tick < ticks.end {
            let (divided, count) = tiles.choose(team, self.group.elements(), ticks.end - tick);
            let some = tick..tick + count;
            let begun = Instant::now();
            let done = if divided { self.divided(team, &mut tiles, some.clone()) } else { None };
            match done {
                Some([copies, time]) => {
                    tiles.divided += count;
                    tiles.choice.learn_divided(copies, time, count);
                }
                None => {
                    tiles.alone += count;
                    self.alone(some.clone());
                    tiles.choice.learn_alone(begun.elapsed(), count);
                }
            }
            tick = some.end;
        }
        self.tiles = Some(tiles);
    }

    /// The same in tiles, if there is memory for it; how long copies and ticks took.
    fn divided(&mut self, team: &Team, tiles: &mut Tiles, ticks: Range<u64>) -> Option<[Duration; 2]> {
        let Island { group, recordings, events, own, .. } = self;
        tiles.run(team, group.parts(), own, ticks, |program, words, tick, rows| {
            for (place, &own) in own.iter().enumerate() {
                let Some(due) = own.due(tick) else { continue };
                match own.work {
                    Work::Record(number) => recordings[number].append(due, |row| rows.fill(place, own, due, row)),
                    Work::Given(_) | Work::Rate(_) => perform(own.work, (program, words), recordings, tick, due, false),
                    Work::Before | Work::Regular(_) | Work::Part(_) => {}
                }
            }
            events.iter_mut().for_each(|events| events.record(program, words, tick));
        })
    }

    /// The same by this thread.
    fn alone(&mut self, ticks: Range<u64>) {
        let Island { group, recordings, events, own, silent, .. } = self;
        let (program, words) = group.parts();
        // Events of several ticks are put together by `divided` only.
        let several = program.several(own).filter(|_| program.events.is_empty());
        let part = several.map(|(part, _)| part);
        let mut left = ticks;
        while !left.is_empty() {
            let round = Round::next(own, part, &left, u64::MAX);
            left.start = round.ticks.end;
            program.begin_tick(words);
            for (place, &own) in own.iter().enumerate() {
                if let Some((_, routine)) = several.filter(|&(part, _)| part == place) {
                    program.advance(routine, words, round.ticks.clone(), 0..program.layout.elements());
                } else if let Some((tick, due)) = round.due(place, own) {
                    perform(own.work, (program, words), recordings, tick, due, *silent);
                }
            }
            if !*silent {
                events.iter_mut().for_each(|events| events.record(program, words, round.ticks.start));
            }
        }
    }

    /// Whether all that visits at `time` comes before what is the group's own, which then may be
    /// done together with the ticks that follow.
    fn precede(&self, timeline: &Timeline, time: u128) -> bool {
        let own = self.every.iter().position(Option::is_some);
        let comes = |task: &Task| {
            let visitor = self.visitors.iter().find(|visitor| visitor.clock == task.clock);
            visitor
                .is_some_and(|visitor| visitor.next < visitor.end && timeline.at(visitor.clock, visitor.next) == time)
        };
        let last = self.tasks.iter().rposition(comes);
        own > last
    }

    /// When the next tick of another clock is.
    fn next_visit(&self, timeline: &Timeline) -> Option<u128> {
        let waiting = self.visitors.iter().filter(|visitor| visitor.next < visitor.end);
        waiting.map(|visitor| timeline.at(visitor.clock, visitor.next)).min()
    }

    /// Everything at `time`, at which some visitor ticks, and, when `meets`, the group too.
    fn visit(&mut self, timeline: &Timeline, time: u128, tick: u64, meets: bool) {
        let Island { group, recordings, events, tasks, every, visitors, silent, .. } = self;
        let (program, words) = group.parts();
        let comes = |visitor: &Visitor| visitor.next < visitor.end && timeline.at(visitor.clock, visitor.next) == time;
        if meets {
            program.begin_tick(words);
        }
        for (task, every) in tasks.iter().zip(every.iter()) {
            let due = match *every {
                Some(every) if meets => Own { work: task.work, every }.due(tick),
                Some(_) => None,
                None => {
                    let own = visitors.iter().find(|visitor| visitor.clock == task.clock);
                    own.filter(|visitor| comes(visitor)).map(|visitor| visitor.next)
                }
            };
            if let Some(own) = due {
                perform(task.work, (program, words), recordings, tick, own, *silent);
            }
        }
        if meets && !*silent {
            events.iter_mut().for_each(|events| events.record(program, words, tick));
        }
        for visitor in visitors.iter_mut().filter(|visitor| comes(visitor)) {
            visitor.next += 1;
        }
    }
}

/// Does one thing: at the tick `tick` of the group, which is the tick `own` of the work's clock.
#[inline]
fn perform(
    work: Work,
    (program, words): (&Program, &mut [u64]),
    recordings: &mut [Recording],
    tick: u64,
    own: u64,
    silent: bool,
) {
    match work {
        Work::Before => program.run(&program.before, words, tick),
        Work::Regular(number) => program.run_drawing(&program.regular[number].stages, words, tick, own),
        Work::Part(number) => program.run(&program.parts[number].stages, words, tick),
        Work::Given(number) => give(program, number, words, tick),
        Work::Record(_) | Work::Rate(_) if silent => {}
        Work::Record(number) => recordings[number].record(program, words, tick, own),
        Work::Rate(number) => recordings[number].count(program, words, tick),
    }
}

/// Lists the elements of given spikes.
fn give(program: &Program, number: usize, words: &mut [u64], tick: u64) {
    let event = &program.events[number];
    let Some(given) = &event.given else { return };
    let tick = given.period.map_or(tick, |period| tick % period);
    let first = given.ticks.partition_point(|&other| other < tick);
    let end = first + given.ticks[first..].iter().take_while(|&&other| other == tick).count();
    let start = program.layout.column_offset(event.elements) / 8;
    for (word, &element) in words[start..].iter_mut().zip(&given.elements[first..end]) {
        *word = u64::from(element);
    }
    words[program.layout.uniform_offset(event.count) / 8] = (end - first) as u64;
}

/// All tasks of one group, in order.
fn tasks(plan: &Plan, index: usize, timeline: &Timeline) -> Vec<Task> {
    let program = &plan.programs[index];
    let task = |slot, (order, records), name: String, clock, work| {
        let clock = timeline.representative(clock);
        Task { slot, order, records, name, clock, work }
    };
    let mut tasks = Vec::new();
    let own = |what: &str| format!("{}.{what}", program.name);
    if !program.before.is_empty() {
        tasks.push(task(Slot::BeforeStart, (0, false), own("before"), program.clock, Work::Before));
    }
    for (number, regular) in program.regular.iter().enumerate() {
        let name = own(&format!("run_regularly{number:06}"));
        tasks.push(task(Slot::Start, (0, false), name, regular.clock, Work::Regular(number)));
    }
    for (number, part) in program.parts.iter().enumerate() {
        let name = if number == 0 { own("update") } else { own(&format!("update{number:06}")) };
        tasks.push(task(part.slot, (0, false), name, program.clock, Work::Part(number)));
    }
    for (number, event) in program.events.iter().enumerate().filter(|(_, event)| event.given.is_some()) {
        tasks.push(task(Slot::Thresholds, (0, false), own(&event.name), program.clock, Work::Given(number)));
    }
    let monitors = plan.monitors.iter().filter(|monitor| monitor.group == index);
    for (number, monitor) in monitors.enumerate() {
        let (clock, work) = match monitor.source {
            Source::Place(_) => (monitor.clock, Work::Record(number)),
            Source::Rate { .. } => (program.clock, Work::Rate(number)),
        };
        tasks.push(task(monitor.slot, (monitor.order, true), monitor.name.clone(), clock, work));
    }
    tasks.sort();
    tasks
}
