//! One simulation: groups, clocks and recordings, and the loop that advances them.

use super::control::{Controls, Pace, Report, Reporter};
use super::denormal::Mode;
use super::finite::{NonFinite, Watch};
use super::group::Group;
use super::island::Island;
use super::schedule::Task;
use super::state::History;
use super::team::Team;
use super::time::{Time, Timeline};
use super::{Error, EventSink, Events, Plan, Recording, Sink, Stage, buffer};
use crate::kernel::abi::Routine;
use std::sync::Arc;
use std::time::Instant;

/// A simulation between runs.
pub struct Network {
    pub(super) plan: Arc<Plan>,
    timeline: Timeline,
    pub(super) islands: Vec<Island>,
    pub(super) watches: Vec<Watch>,
    /// For each monitor its island and its number there.
    monitors: Vec<(usize, usize)>,
    /// The same for monitors of events.
    event_monitors: Vec<(usize, usize)>,
    /// For each clock the next tick.
    pub(super) ticks: Vec<u64>,
    pub(super) time: Time,
    /// The clocks that something happens at, or all.
    busy: Vec<usize>,
    pub(super) history: History,
    /// The threads that run it.
    team: Team,
}

impl Network {
    /// A simulation at time 0, with initial values.
    ///
    /// # Errors
    /// When there is not enough memory, or clocks have no common unit that can be counted.
    pub fn new(plan: Arc<Plan>) -> Result<Self, Error> {
        Self::with_seed(plan, 0)
    }

    /// The same, with random numbers that come from `seed`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_seed(plan: Arc<Plan>, seed: u64) -> Result<Self, Error> {
        check(&plan)?;
        let timeline = Timeline::new(&plan.clocks)?;
        let mode = Mode::enter(plan.denormals);
        let islands: Result<Vec<Island>, Error> =
            (0..plan.programs.len()).map(|index| Island::new(&plan, index, &timeline, seed)).collect();
        drop(mode);
        let islands = islands?;
        let watches: Result<Vec<Watch>, Error> = islands.iter().map(|island| Watch::new(&island.group)).collect();
        let ticks = vec![0; plan.clocks.len()];
        let event_monitors = places(&plan, plan.event_monitors.iter().map(|monitor| monitor.group));
        let monitors = places(&plan, plan.monitors.iter().map(|monitor| monitor.group));
        let (watches, busy) = (watches?, busy(&plan, &islands));
        let (time, history, team) = (Time::ZERO, History::new(), Team::of_one());
        Ok(Network { plan, timeline, islands, watches, monitors, event_monitors, ticks, time, busy, history, team })
    }

    /// Lets a run use so many threads, the calling one included. They begin here and end with the network.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn set_threads(&mut self, count: usize) -> Result<(), Error> {
        self.islands.iter_mut().for_each(Island::undivide);
        self.team = Team::new(count, self.plan.denormals)?;
        Ok(())
    }

    /// The groups that several threads shared at most ticks since threads were set.
    pub fn shared_groups(&self) -> Vec<&str> {
        let several = |island: &&Island| self.team.size > 1 && island.is_divided();
        self.islands.iter().filter(several).map(|island| island.group.name()).collect()
    }

    /// Lets groups be divided among threads whether it pays or not, to compare results.
    #[doc(hidden)]
    pub fn always_divide(&mut self) {
        self.team.always = true;
    }

    /// Advances by the decimal number of 15 digits nearest to `seconds`.
    ///
    /// # Errors
    /// As [`Self::run_with`], and when `seconds` is no duration.
    pub fn run(&mut self, seconds: f64) -> Result<Report, Error> {
        self.run_with(Time::of_duration(seconds)?, Controls::default())
    }

    /// Advances by `span`: every clock does the ticks that lie from now up to the time at the end. A
    /// time within `1e-4 * dt` of a tick counts as that tick. No tick is left out or repeated by
    /// consecutive runs. A span of zero only prepares.
    ///
    /// # Errors
    /// Before anything happens: when the end cannot be counted, or when the recordings do not fit in
    /// memory.
    pub fn run_with(&mut self, span: Time, controls: Controls<'_>) -> Result<Report, Error> {
        self.run_piece(span, span, controls)
    }

    /// The first `piece` of a run over `whole`. A pause changes no result: it falls between two times at which
    /// something happens, where one so little before it that the fastest clock does not count it is still to come.
    ///
    /// # Errors
    /// As [`Self::run_with`].
    pub(crate) fn run_piece(&mut self, piece: Time, whole: Time, mut controls: Controls<'_>) -> Result<Report, Error> {
        let begun = Instant::now();
        let [target, end] = [piece, whole].map(|span| self.time.plus(span).ok_or(Error::TooLong));
        let (target, end) = (target?, end?);
        let mut ends = self.ends(end)?;
        if target != end {
            self.shorten(target, &mut ends)?;
        }
        self.make_room(&ends)?;
        let rows: u64 = self.recordings().map(Recording::total).sum();
        let mut run = Run {
            target,
            before: self.ticks.clone(),
            start: self.time.to_f64(),
            reporter: Reporter::new(&mut controls, begun),
            found: Vec::new(),
            ends,
        };
        let cancelled = self.chunks(&mut run)?;
        let done = |(after, before): (&u64, &u64)| after - before;
        let ticks: Vec<u64> = self.ticks.iter().zip(&run.before).map(done).collect();
        Ok(Report {
            samples: self.recordings().map(Recording::total).sum::<u64>() - rows,
            ticks,
            wall: begun.elapsed(),
            cancelled,
            non_finite: std::mem::take(&mut run.found),
        })
    }

    /// Does everything that happens at the next time at which something happens, and stands at the
    /// time after that. Non-finite values are not looked for.
    ///
    /// # Errors
    /// As [`Self::run_with`].
    pub fn tick(&mut self) -> Result<(), Error> {
        let Some(now) = self.next_time() else { return Ok(()) };
        // Clocks that nothing uses are brought along.
        let due = |clock: usize| self.timeline.first_from(clock, now + 1).max(self.ticks[clock]);
        let ends: Vec<u64> = (0..self.ticks.len()).map(due).collect();
        self.timeline.check(&ends)?;
        self.make_room(&ends)?;
        let mode = Mode::enter(self.plan.denormals);
        self.refresh();
        self.advance(ends);
        drop(mode);
        if let Some(next) = self.next_time() {
            self.time = self.timeline.time(next);
        }
        self.complaints()
    }

    /// Makes room in all recordings for runs over `span` to come, so that several runs fill one piece of
    /// memory without moving it.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn reserve(&mut self, span: Time) -> Result<(), Error> {
        let target = self.time.plus(span).ok_or(Error::TooLong)?;
        let ends = self.ends(target)?;
        self.make_room(&ends)
    }

    /// Runs code for a group between runs, such as an assignment.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn apply(&mut self, group: &str, routine: &dyn Routine) -> Result<(), Error> {
        let index = self.find(group)?;
        let tick = self.ticks[self.plan.programs[index].clock];
        let _mode = Mode::enter(self.plan.denormals);
        self.islands[index].group.apply(routine, tick);
        Ok(())
    }

    /// The same of several stages.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn apply_stages(&mut self, group: &str, stages: &[Stage]) -> Result<(), Error> {
        let index = self.find(group)?;
        let tick = self.ticks[self.plan.programs[index].clock];
        let _mode = Mode::enter(self.plan.denormals);
        self.islands[index].group.apply_stages(stages, tick);
        Ok(())
    }

    /// Runs code of a tick for a group as a run does, so many ticks from where it stands, and nothing else
    /// that belongs to a tick: to measure it. The group then holds what no run gives.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn work(&mut self, group: &str, routine: &dyn Routine, ticks: u64) -> Result<(), Error> {
        let index = self.find(group)?;
        let tick = self.ticks[self.plan.programs[index].clock];
        let _mode = Mode::enter(self.plan.denormals);
        let (program, words) = self.islands[index].group.parts();
        let (ticks, elements) = (tick..tick.saturating_add(ticks), 0..program.layout.elements());
        if program.events.is_empty() {
            program.advance(routine, words, ticks, elements);
            return Ok(());
        }
        for tick in ticks {
            program.begin_tick(words);
            routine.call(words, tick..tick + 1, elements.clone());
        }
        Ok(())
    }

    /// Pauses a recording of values or events, or lets it go on.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn pause(&mut self, name: &str, paused: bool) -> Result<(), Error> {
        if let Some(recording) = self.recording_mut(name) {
            recording.pause(paused);
            return Ok(());
        }
        match self.events_mut(name) {
            Some(events) => events.paused = paused,
            None => return Err(self.unknown_recording(name)),
        }
        Ok(())
    }

    /// Lets a recording hand its rows to `sink` from here on, and what it holds so far at once.
    ///
    /// # Errors
    /// When there is none of that name, or the sink refuses.
    pub fn stream(&mut self, name: &str, sink: Box<dyn Sink>) -> Result<(), Error> {
        match self.recording_mut(name) {
            Some(recording) => recording.stream(sink),
            None => Err(self.unknown_recording(name)),
        }
    }

    /// The same for events.
    ///
    /// # Errors
    /// As [`Self::stream`].
    pub fn stream_events(&mut self, name: &str, sink: Box<dyn EventSink>) -> Result<(), Error> {
        match self.events_mut(name) {
            Some(events) => events.stream(sink),
            None => Err(self.unknown_recording(name)),
        }
    }

    /// The seed that random numbers come from; 0 without groups.
    pub fn seed(&self) -> u64 {
        self.islands.first().map_or(0, |island| island.group.seed())
    }

    /// Hands everything to the sinks and makes it safe there.
    ///
    /// # Errors
    /// When a sink refuses.
    pub fn flush(&mut self) -> Result<(), Error> {
        for island in &mut self.islands {
            island.recordings.iter_mut().try_for_each(Recording::flush)?;
            island.events.iter_mut().try_for_each(Events::flush)?;
        }
        Ok(())
    }

    fn recording_mut(&mut self, name: &str) -> Option<&mut Recording> {
        self.islands.iter_mut().flat_map(|island| &mut island.recordings).find(|recording| recording.name() == name)
    }

    fn events_mut(&mut self, name: &str) -> Option<&mut Events> {
        self.islands.iter_mut().flat_map(|island| &mut island.events).find(|events| events.name() == name)
    }

    fn unknown_recording(&self, name: &str) -> Error {
        let known = self.recordings().map(Recording::name).chain(self.events().map(Events::name));
        Error::UnknownRecording { name: name.to_owned(), known: known.map(str::to_owned).collect() }
    }

    /// A group, to be read.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn group(&self, name: &str) -> Result<&Group, Error> {
        Ok(&self.islands[self.find(name)?].group)
    }

    /// A group, to be written.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn group_mut(&mut self, name: &str) -> Result<&mut Group, Error> {
        let index = self.find(name)?;
        Ok(&mut self.islands[index].group)
    }

    /// All groups, in the order of the plan.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.islands.iter().map(|island| &island.group)
    }

    /// All recordings, in the order of the plan's monitors.
    pub fn recordings(&self) -> impl ExactSizeIterator<Item = &Recording> {
        self.monitors.iter().map(|&(island, number)| &self.islands[island].recordings[number])
    }

    /// All recorded events, in the order of the plan's monitors.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Events> {
        self.event_monitors.iter().map(|&(island, number)| &self.islands[island].events[number])
    }

    /// The compiled model.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The time at which the simulation stands.
    pub fn time(&self) -> Time {
        self.time
    }

    /// For each clock of the plan the next tick.
    pub fn ticks(&self) -> &[u64] {
        &self.ticks
    }

    /// Everything that happens, in the order in which it does when all of it falls on one time.
    pub fn schedule(&self) -> Vec<&Task> {
        let mut tasks: Vec<&Task> = self.islands.iter().flat_map(|island| &island.tasks).collect();
        tasks.sort();
        tasks
    }
}

/// What one run knows.
struct Run<'c, 'a> {
    target: Time,
    start: f64,
    before: Vec<u64>,
    ends: Vec<u64>,
    reporter: Reporter<'c, 'a>,
    found: Vec<NonFinite>,
}

impl Network {
    /// The loop: chunk by chunk until all clocks are at their ends. Gives whether it was cancelled.
    fn chunks(&mut self, run: &mut Run<'_, '_>) -> Result<bool, Error> {
        let mut pace = Pace::new();
        let mut around = Instant::now();
        self.prepare(&mut run.found);
        run.reporter.say(0.0, 0.0);
        loop {
            if run.reporter.is_cancelled() && self.ticks != run.ends {
                self.flush()?;
                return Ok(true);
            }
            let (to, time) = self.chunk(run, pace.ticks());
            let work = Instant::now();
            let mode = Mode::enter(self.plan.denormals);
            let from = self.advance(to);
            let (done, before) = (Instant::now(), work - around);
            self.look(&from, &mut run.found);
            drop(mode);
            self.time = time;
            if self.ticks == run.ends {
                self.time = run.target;
                self.flush()?;
                run.reporter.say(1.0, run.target.to_f64() - run.start);
                return Ok(false);
            }
            self.complaints()?;
            pace.learn(done - work, before + done.elapsed());
            let (span, simulated) = (run.target.to_f64() - run.start, time.to_f64() - run.start);
            run.reporter.maybe_say((simulated / span).clamp(0.0, 1.0), simulated);
            around = Instant::now();
            self.remember();
        }
    }

    /// Where the next chunk ends: for each clock the tick, and the time.
    fn chunk(&self, run: &Run<'_, '_>, ticks: u64) -> (Vec<u64>, Time) {
        let fastest = self.timeline.fastest(self.busy.iter().copied());
        let Some(fastest) = fastest else { return (run.ends.clone(), run.target) };
        let tick = self.ticks[fastest].saturating_add(ticks);
        if tick >= run.ends[fastest] {
            return (run.ends.clone(), run.target);
        }
        let horizon = self.timeline.at(fastest, tick);
        let end = |clock: usize| self.timeline.first_from(clock, horizon).clamp(self.ticks[clock], run.ends[clock]);
        ((0..self.ticks.len()).map(end).collect(), self.timeline.time(horizon))
    }

    /// Brings all islands to the ticks `to`; gives the ticks before.
    fn advance(&mut self, to: Vec<u64>) -> Vec<u64> {
        for island in &mut self.islands {
            island.advance(&self.timeline, &self.ticks, &to, &self.team);
        }
        std::mem::replace(&mut self.ticks, to)
    }

    /// The first thing that a sink has complained of.
    fn complaints(&mut self) -> Result<(), Error> {
        for island in &mut self.islands {
            island.recordings.iter_mut().try_for_each(Recording::check)?;
            island.events.iter_mut().try_for_each(Events::check)?;
        }
        Ok(())
    }

    /// What happens once at the start of a run.
    fn prepare(&mut self, found: &mut Vec<NonFinite>) {
        let _mode = Mode::enter(self.plan.denormals);
        self.refresh();
        let known = found.len();
        for (island, watch) in self.islands.iter().zip(&mut self.watches) {
            watch.begin_run(&island.group, self.ticks[island.group.program().clock], found);
        }
        self.date(&mut found[known..]);
    }

    /// Runs the preludes whose parameters were written.
    fn refresh(&mut self) {
        for island in &mut self.islands {
            let clock = island.group.program().clock;
            island.group.refresh(self.ticks[clock]);
        }
    }

    /// Looks for values that ceased to be finite since the ticks `from`.
    fn look(&mut self, from: &[u64], found: &mut Vec<NonFinite>) {
        let known = found.len();
        for (island, watch) in self.islands.iter_mut().zip(&mut self.watches) {
            watch.end_chunk(island, &self.timeline, (from, &self.ticks), found);
        }
        self.date(&mut found[known..]);
    }

    fn remember(&mut self) {
        for (island, watch) in self.islands.iter().zip(&mut self.watches) {
            watch.begin_chunk(&island.group);
        }
    }

    /// Fills in the times.
    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53 ticks")]
    fn date(&self, found: &mut [NonFinite]) {
        for hit in found {
            let program = self.plan.programs.iter().find(|program| program.name == hit.group);
            if let Some(program) = program {
                hit.time = hit.tick as f64 * self.plan.clocks[program.clock].dt.to_f64();
            }
        }
    }

    /// For each clock the tick before which a run to `target` ends.
    fn ends(&self, target: Time) -> Result<Vec<u64>, Error> {
        let ends = self.timeline.ends(target)?;
        Ok(ends.iter().zip(&self.ticks).map(|(end, tick)| *end.max(tick)).collect())
    }

    /// Brings the ends of a whole run to a pause, which for all clocks lies at one point.
    fn shorten(&self, pause: Time, ends: &mut [u64]) -> Result<(), Error> {
        let Some(fastest) = self.timeline.fastest(self.busy.iter().copied()) else { return Ok(()) };
        let paused = self.timeline.before(pause, fastest)?;
        for ((end, paused), tick) in ends.iter_mut().zip(paused).zip(&self.ticks) {
            *end = paused.clamp(*tick, *end);
        }
        Ok(())
    }

    /// When the next tick of a busy clock is.
    fn next_time(&self) -> Option<u128> {
        self.busy.iter().map(|&clock| self.timeline.at(clock, self.ticks[clock])).min()
    }

    /// Makes room in the recordings up to the ticks `ends`.
    fn make_room(&mut self, ends: &[u64]) -> Result<(), Error> {
        let rows: Vec<u64> = self.recordings().map(|recording| recording.rows_between(&self.ticks, ends)).collect();
        let lacking = |(recording, &rows): (&Recording, &u64)| recording.lacks(rows);
        let together: u128 = self.recordings().zip(&rows).map(lacking).sum();
        if !buffer::is_available(together) {
            return Err(self.too_large(&rows, together));
        }
        for (&(island, number), rows) in self.monitors.iter().zip(rows) {
            self.islands[island].recordings[number].reserve(rows)?;
        }
        Ok(())
    }

    /// Names the largest of the recordings, to which so many rows come, that do not fit.
    fn too_large(&self, rows: &[u64], bytes: u128) -> Error {
        let largest = self.recordings().zip(rows).max_by_key(|&(recording, &rows)| recording.lacks(rows));
        let name = largest.map_or("", |(recording, _)| recording.name());
        let what = match self.monitors.len() {
            1 => format!("the recording of `{name}`"),
            _ => format!("recording (of `{name}` above all)"),
        };
        Error::Memory { what, bytes }
    }

    fn find(&self, name: &str) -> Result<usize, Error> {
        let programs = &self.plan.programs;
        programs.iter().position(|program| program.name == name).ok_or_else(|| Error::UnknownGroup {
            name: name.to_owned(),
            known: programs.iter().map(|program| program.name.clone()).collect(),
        })
    }
}

/// Checks that all numbers of clocks and groups exist.
fn check(plan: &Plan) -> Result<(), Error> {
    let clocks = plan.programs.iter().map(|program| (&program.name, program.clock));
    let regular = plan.programs.iter().flat_map(|program| program.regular.iter().map(|own| (&program.name, own.clock)));
    let clocks = clocks.chain(regular).chain(plan.monitors.iter().map(|monitor| (&monitor.name, monitor.clock)));
    for (name, clock) in clocks {
        if clock >= plan.clocks.len() {
            return Err(Error::Plan(format!("`{name}` is on clock number {clock}, which there is not")));
        }
    }
    let monitors = plan.monitors.iter().map(|monitor| (&monitor.name, monitor.group));
    let events = plan.event_monitors.iter().map(|monitor| (&monitor.name, monitor.group));
    match monitors.chain(events).find(|&(_, group)| group >= plan.programs.len()) {
        Some((name, _)) => Err(Error::Plan(format!("`{name}` records a group that there is not"))),
        None => Ok(()),
    }
}

/// For each monitor its group and its number among the group's monitors.
fn places(plan: &Plan, groups: impl Iterator<Item = usize>) -> Vec<(usize, usize)> {
    let mut counts = vec![0; plan.programs.len()];
    let place = |group: usize| {
        counts[group] += 1;
        (group, counts[group] - 1)
    };
    groups.map(place).collect()
}

/// The clocks of all tasks, or all clocks when there are no tasks.
fn busy(plan: &Plan, islands: &[Island]) -> Vec<usize> {
    let mut busy: Vec<usize> = islands.iter().flat_map(|island| &island.tasks).map(|task| task.clock).collect();
    if busy.is_empty() {
        busy = (0..plan.clocks.len()).collect();
    }
    busy.sort_unstable();
    busy.dedup();
    busy
}
