//! One group in parts: each thread advances a tile of its elements, block by block.
//!
//! Elements do not act on each other, so that each part can do many ticks on its own. The first tile is
//! done in the group's memory, the others in shards: memory of the same layout, of which only the tile is
//! used. What belongs to the tile is copied there before and back after. The blocks of a tile are so small
//! that they stay in a near cache for all their ticks. What happens at a tick is logged, and put together in
//! the order of ticks and elements: the bits are those of one thread that does the whole group tick by tick.

use super::choice::Choice;
use super::column::Memory;
use super::denormal::Mode;
use super::log::{BlockLog, Lists, Log, Logs, Rows, put_together};
use super::monitor::Portion;
use super::schedule::{Own, Round, Work};
use super::{Error, Plan, Program, Stage};
use crate::model::Denormals;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tiles begin at multiples of so many elements: whole blocks of random numbers, and no cache line of two.
pub const GRAIN: usize = 64;

/// So many blocks a group has at least where each is done for several ticks in one call, as far as the grain allows.
const PARTS: usize = 8;

/// Tiles are cut anew where the first should differ by more than such a part of a tile.
const BALANCE: usize = 16;

/// After so much work of the first thread it is looked at how busy the others were.
const LEARNED: Duration = Duration::from_millis(20);

/// Numbers of a log that are gathered before it is put together.
const MOST_LOGGED: usize = 1 << 21;

/// Of these, numbers that are recorded, as far as a cache holds them; room for events is seldom used up.
const MOST_RECORDED: usize = 1 << 18;

/// Threads that wait for work.
pub(super) struct Team {
    /// The others than the thread that asks, and how they compute.
    pool: Option<(rayon::ThreadPool, Denormals)>,
    pub(super) size: usize,
    /// Whether groups are divided even where it does not pay.
    pub(super) always: bool,
}

impl Team {
    /// The thread that asks and `size - 1` others.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(super) fn new(size: usize, denormals: Denormals) -> Result<Self, Error> {
        if size < 2 {
            return Ok(Team::of_one());
        }
        let builder = rayon::ThreadPoolBuilder::new().num_threads(size - 1);
        let pool = builder.thread_name(|number| format!("dvdt {}", number + 1)).build();
        let pool = pool.map_err(|error| Error::Threads { count: size, why: error.to_string() })?;
        Ok(Team { pool: Some((pool, denormals)), size, always: false })
    }

    /// The thread that asks, alone.
    pub(super) fn of_one() -> Self {
        Team { pool: None, size: 1, always: false }
    }
}

/// What a thread has of its own.
struct Shard {
    memory: Memory,
    logs: Logs,
    /// How long it was at work.
    busy: Duration,
}

impl Shard {
    /// `None` where there is no memory.
    fn new(program: &Program) -> Option<Self> {
        let memory = Memory::new(&program.layout, &program.name).ok()?;
        Some(Shard { memory, logs: Logs::default(), busy: Duration::ZERO })
    }

    /// What the thread works on, and what it has logged before.
    fn parts(&mut self) -> ((&mut Memory, &mut Vec<BlockLog>, &mut Duration), &Vec<BlockLog>) {
        ((&mut self.memory, &mut self.logs.new, &mut self.busy), &self.logs.old)
    }
}

/// How a group is divided, and whether it pays.
pub(super) struct Tiles {
    plan: Arc<Plan>,
    lists: Vec<Lists>,
    /// By work, of those that record: the number in the plan of what is recorded.
    records: Vec<Option<usize>>,
    /// Elements of a block.
    block: usize,
    /// Whether one call does everything for many ticks.
    plain: bool,
    /// Ticks after which logs are put together at the latest.
    most: u64,
    /// Of each tile but the first.
    shards: Vec<Shard>,
    /// Of the first one.
    first: Logs,
    /// The size of the first one, if it is no even part.
    part: Option<usize>,
    /// Since tiles were last cut, or not.
    busy: Busy,
    /// Threads that shards and logs are for.
    size: usize,
    /// Whether that is faster.
    pub(super) choice: Choice,
    /// Ticks that were done so, and ticks that were not.
    pub(super) divided: u64,
    pub(super) alone: u64,
}

impl Tiles {
    /// Those of the program `index`, if they can do `works` on their own.
    pub(super) fn new(plan: &Arc<Plan>, index: usize, works: &[Own]) -> Option<Self> {
        let program = &plan.programs[index];
        let monitors: Vec<usize> =
            (0..plan.monitors.len()).filter(|&monitor| plan.monitors[monitor].group == index).collect();
        let record = |own: &Own| match own.work {
            Work::Record(number) => Some(monitors[number]),
            _ => None,
        };
        let records: Vec<Option<usize>> = works.iter().map(record).collect();
        let (plan, lists) = (Arc::clone(plan), Lists::of(program));
        // Chosen elements, and what is the same for all, are recorded in few blocks.
        let chosen = |monitor: usize| {
            let monitor = &plan.monitors[monitor];
            monitor.elements.is_some() || monitor.length(&program.layout) == 1
        };
        let spared = |(own, record): (&Own, &Option<usize>)| if record.is_some_and(chosen) { own.once() } else { *own };
        let mostly: Vec<Own> = works.iter().zip(&records).map(spared).collect();
        let block = match program.several(&mostly) {
            // The fewer elements, the more ticks are one call.
            Some(_) if !program.events.is_empty() => {
                (program.layout.elements() / PARTS).next_multiple_of(GRAIN).clamp(GRAIN, program.block())
            }
            _ => program.block(),
        };
        let listed: usize = lists.iter().map(|lists| lists.starts.len()).sum();
        let width = |(own, monitor): (&Own, &Option<usize>)| {
            let width = plan.monitors[(*monitor)?].width(&program.layout);
            Some(width.div_ceil(usize::try_from(own.every).unwrap_or(usize::MAX)))
        };
        let recorded: usize = works.iter().zip(&records).filter_map(width).sum();
        let numbers = program.layout.elements() * listed + recorded;
        let most =
            |room: usize, numbers: usize| room.checked_div(numbers).map_or(u64::MAX, |ticks| ticks.max(1) as u64);
        let plain = program.whole(works).is_some();
        let divides = numbers <= MOST_LOGGED && divides(&plan, program, works, &records);
        divides.then(|| Tiles {
            plan: Arc::clone(&plan),
            lists,
            records,
            block,
            plain,
            most: most(MOST_LOGGED, numbers).min(most(MOST_RECORDED, recorded)),
            shards: vec![],
            first: Logs::default(),
            part: None,
            busy: Busy::default(),
            size: 1,
            choice: Choice::new(),
            divided: 0,
            alone: 0,
        })
    }

    /// Whether the next ticks, of so many that are left, are better divided, and how many of them to do so.
    pub(super) fn choose(&mut self, team: &Team, elements: usize, left: u64) -> (bool, u64) {
        if team.always {
            return (true, left);
        }
        // One thread gains by blocks alone, and what is done in one call is in blocks already.
        if team.size == 1 && (elements <= self.block || self.plain) {
            return (false, left);
        }
        self.choice.choose(left)
    }

    /// Does `ticks` of `works` in tiles; after each block of them `replay` sees the memory at each tick, with
    /// the events of all tiles listed. Gives how long copies of tiles took and how long the ticks; `None` when
    /// there is no memory for shards: then nothing is done.
    pub(super) fn run(
        &mut self,
        team: &Team,
        (program, words): (&Program, &mut [u64]),
        works: &[Own],
        ticks: Range<u64>,
        mut replay: impl FnMut(&Program, &mut [u64], u64, &Rows<'_>),
    ) -> Option<[Duration; 2]> {
        if self.size != team.size {
            (self.size, self.first, self.shards) = (team.size, Logs::default(), vec![]);
            (self.part, self.busy) = (None, Busy::default());
        }
        let tiles = tiles(program.layout.elements(), team.size, self.part);
        while self.shards.len() + 1 < tiles.len() {
            self.shards.push(Shard::new(program)?);
        }
        let begun = Instant::now();
        for (shard, tile) in self.shards.iter_mut().zip(&tiles[1..]) {
            shard.memory.take_tile(&program.layout, words, tile.clone());
            shard.busy = Duration::ZERO;
        }
        let taken = Instant::now();
        let mut tick = ticks.start;
        let mut waiting = None;
        let keeps = !program.events.is_empty() || self.records.iter().any(Option::is_some);
        while tick < ticks.end {
            let some = tick..ticks.end.min(tick.saturating_add(self.most));
            let Tiles { plan, lists, records, block, shards, first, busy, .. } = self;
            let (plan, block) = (&**plan, *block);
            let share = Share { plan, program, works, ticks: some.clone(), lists, records, block };
            match &team.pool {
                None => share.advance(words, &tiles[0], &mut first.new),
                Some((pool, denormals)) => pool.in_place_scope(|scope| {
                    let (others, earlier): (Vec<_>, Vec<_>) = shards.iter_mut().map(Shard::parts).unzip();
                    for ((memory, logs, time), tile) in others.into_iter().zip(&tiles[1..]) {
                        let share = &share;
                        scope.spawn(move |_| {
                            let begun = Instant::now();
                            let _mode = Mode::enter(*denormals);
                            share.advance(memory.words_mut(), tile, logs);
                            *time += begun.elapsed();
                        });
                    }
                    // What happened before is put together while the others go on.
                    let begun = Instant::now();
                    if let Some(ticks) = waiting.take() {
                        let logs = std::iter::once(&first.old).chain(earlier);
                        put_together(lists, logs, program, words, ticks, &mut replay);
                    }
                    let between = Instant::now();
                    share.advance(words, &tiles[0], &mut first.new);
                    busy.together += between - begun;
                    busy.own += between.elapsed();
                }),
            }
            if keeps && team.pool.is_none() {
                put_together(lists, std::iter::once(&first.new), program, words, some.clone(), &mut replay);
            } else if keeps {
                waiting = Some(some.clone());
                first.turn();
                shards.iter_mut().for_each(|shard| shard.logs.turn());
            }
            tick = some.end;
        }
        if let Some(ticks) = waiting {
            let logs = std::iter::once(&self.first.old).chain(self.shards.iter().map(|shard| &shard.logs.old));
            put_together(&self.lists, logs, program, words, ticks, &mut replay);
        }
        let done = Instant::now();
        for (shard, tile) in self.shards.iter().zip(&tiles[1..]) {
            shard.memory.give_tile(&program.layout, words, tile.clone());
        }
        self.busy.others += self.shards.iter().map(|shard| shard.busy).max().unwrap_or_default();
        if keeps {
            self.balance(&tiles);
        }
        Some([taken - begun + done.elapsed(), done - taken])
    }

    /// Makes the first tile smaller or larger, if its thread and the others were not equally busy.
    fn balance(&mut self, tiles: &[Range<usize>]) {
        let [first, second, ..] = tiles else { return };
        if self.busy.own < LEARNED {
            return;
        }
        let part = std::mem::take(&mut self.busy).balanced(tiles);
        // Other tiles have other blocks, whose logs begin anew.
        if part.abs_diff(first.len()) * BALANCE > first.len().max(second.len()) {
            self.part = Some(part);
            self.first = Logs::default();
            self.shards.iter_mut().for_each(|shard| shard.logs = Logs::default());
        }
    }
}

/// How long threads were at work.
#[derive(Default)]
struct Busy {
    /// The first with putting together what happened,
    together: Duration,
    /// and with its tile.
    own: Duration,
    /// The busiest of the others.
    others: Duration,
}

impl Busy {
    /// The size of the first tile, whose thread also puts together what happened, with which it would end with the
    /// others, where an element takes as long as it took: at most an even part.
    fn balanced(&self, tiles: &[Range<usize>]) -> usize {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let [elements, first, second, others] =
            [tiles.iter().map(Range::len).sum(), tiles[0].len(), tiles[1].len(), tiles.len() - 1]
                .map(|count: usize| count as f64);
        let per_own = self.own.as_secs_f64() / first;
        let per_other = self.others.as_secs_f64() / second / others;
        let part = (per_other * elements - self.together.as_secs_f64()) / (per_own + per_other);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
        let part = part.clamp(0.0, elements / (others + 1.0)) as usize;
        part.next_multiple_of(GRAIN).max(GRAIN)
    }
}

/// Whether there are several parts, and each can do `works` on its own: rates come after all that makes events.
fn divides(plan: &Plan, program: &Program, works: &[Own], records: &[Option<usize>]) -> bool {
    let calls = |stages: &[Stage]| stages.iter().all(|stage| !matches!(stage, Stage::Propagate(_)));
    let last = works.iter().rposition(|own| !matches!(own.work, Work::Rate(_) | Work::Record(_)));
    program.layout.elements() > GRAIN
        && records.iter().flatten().all(|&monitor| calls(&plan.monitors[monitor].evaluate))
        && works.iter().enumerate().all(|(place, own)| match own.work {
            Work::Before => calls(&program.before),
            Work::Regular(number) => calls(&program.regular[number].stages),
            Work::Part(number) => calls(&program.parts[number].stages),
            Work::Given(_) | Work::Record(_) => true,
            Work::Rate(_) => last.is_none_or(|last| place > last),
        })
}

/// Parts of the elements, but for the grain: a first one of `part` and others as large as each other, or even ones.
fn tiles(elements: usize, count: usize, part: Option<usize>) -> Vec<Range<usize>> {
    let even = |elements: usize, count: usize| elements.div_ceil(count).next_multiple_of(GRAIN).max(GRAIN);
    let first = part.unwrap_or_else(|| even(elements, count)).min(elements);
    let size = even(elements - first, (count - 1).max(1));
    let others = (first..elements).step_by(size).map(|start| start..(start + size).min(elements));
    std::iter::once(0..first).chain(others).collect()
}

/// The same work for each tile.
struct Share<'a> {
    plan: &'a Plan,
    program: &'a Program,
    works: &'a [Own],
    ticks: Range<u64>,
    lists: &'a [Lists],
    records: &'a [Option<usize>],
    /// Elements of a block.
    block: usize,
}

impl Share<'_> {
    fn advance(&self, words: &mut [u64], tile: &Range<usize>, logs: &mut Vec<BlockLog>) {
        let program = self.program;
        if let Some(whole) = program.whole(self.works) {
            return program.advance(whole, words, self.ticks.clone(), tile.clone());
        }
        // Each block begins with what all elements share as it was.
        let uniforms = words[..program.layout.storage().uniforms.len()].to_vec();
        for (number, start) in tile.clone().step_by(self.block).enumerate() {
            let block = start..tile.end.min(start + self.block);
            if number == logs.len() {
                logs.push(self.log(&block));
            }
            words[..uniforms.len()].copy_from_slice(&uniforms);
            self.advance_block(words, &block, &mut logs[number]);
        }
    }

    /// An empty log.
    fn log(&self, block: &Range<usize>) -> BlockLog {
        let portion = |monitor: usize| Portion::new(&self.plan.monitors[monitor], &self.program.layout, block);
        let portions = self.records.iter().map(|record| record.map(portion)).collect();
        BlockLog { events: vec![Log::default(); self.lists.len()], portions }
    }

    fn advance_block(&self, words: &mut [u64], block: &Range<usize>, log: &mut BlockLog) {
        let program = self.program;
        log.events.iter_mut().for_each(Log::clear);
        log.portions.iter_mut().flatten().for_each(Portion::clear);
        let is_empty = |portion: &Option<Portion>| portion.as_ref().is_some_and(|portion| portion.length() == 0);
        let own = |(own, portion): (&Own, &Option<Portion>)| if is_empty(portion) { own.once() } else { *own };
        let works: Vec<Own> = self.works.iter().zip(&log.portions).map(own).collect();
        let several = program.several(&works);
        let most = match several {
            // As many as the lists have room for if all elements fire at all ticks.
            Some(_) if !program.events.is_empty() => (program.layout.elements() / block.len().max(1)).max(1) as u64,
            _ => u64::MAX,
        };
        let mut ticks = self.ticks.clone();
        while !ticks.is_empty() {
            let round = Round::next(&works, several.map(|(part, _)| part), &ticks, most);
            ticks.start = round.ticks.end;
            program.begin_tick(words);
            for (place, &own) in works.iter().enumerate() {
                if let Some((_, routine)) = several.filter(|&(part, _)| part == place) {
                    routine.call(words, round.ticks.clone(), block.clone());
                } else if let Some(at) = round.due(place, own) {
                    self.perform(place, own.work, words, at, block, log);
                }
            }
            let count = usize::try_from(round.ticks.end - round.ticks.start).unwrap_or(usize::MAX);
            for (log, lists) in log.events.iter_mut().zip(self.lists) {
                match several {
                    Some(_) => log.note_ticks(lists, words, count),
                    None => log.note(lists, words),
                }
            }
        }
    }

    /// Does for `block` at a tick what the work at `place` does at its own of that number.
    fn perform(
        &self,
        place: usize,
        work: Work,
        words: &mut [u64],
        (tick, drawn): (u64, u64),
        block: &Range<usize>,
        log: &mut BlockLog,
    ) {
        let program = self.program;
        let run = |stages: &[Stage], words: &mut [u64], drawn: u64| {
            stages.iter().for_each(|stage| stage.run(&program.layout, words, tick, drawn, block.clone()));
        };
        match work {
            Work::Before => run(&program.before, words, tick),
            Work::Regular(number) => run(&program.regular[number].stages, words, drawn),
            Work::Part(number) => run(&program.parts[number].stages, words, tick),
            Work::Record(_) => {
                if let (Some(portion), Some(monitor)) = (&mut log.portions[place], self.records[place]) {
                    run(&self.plan.monitors[monitor].evaluate, words, tick);
                    portion.note(words);
                }
            }
            Work::Given(_) | Work::Rate(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_all_elements_in_whole_grains() {
        let lengths = |elements, count, part| tiles(elements, count, part).iter().map(Range::len).collect::<Vec<_>>();
        assert_eq!(lengths(10_000, 2, None), [5056, 4944]);
        assert_eq!(lengths(10_000, 3, Some(2048)), [2048, 4032, 3920]);
        assert_eq!(lengths(300, 5, None), [64, 64, 64, 64, 44]);
        assert_eq!(lengths(70, 4, None), [64, 6]);
        assert_eq!(lengths(65, 1, None), [65]);
    }

    #[test]
    fn who_puts_together_has_fewer_elements() {
        let busy = |together, own, others| {
            let [together, own, others] = [together, own, others].map(Duration::from_millis);
            Busy { together, own, others }
        };
        let two = tiles(12_800, 2, None);
        // 10 ms each for 6400 elements, and 4 ms more: 12 ms each with 5120 and 7680.
        assert_eq!(busy(4, 10, 10).balanced(&two), 5120);
        assert_eq!(busy(0, 10, 10).balanced(&two), 6400);
        assert_eq!(busy(0, 10, 20).balanced(&two), 6400, "never more than an even part");
        assert_eq!(busy(100, 10, 10).balanced(&two), GRAIN, "never none");
        let three = tiles(19_200, 3, None);
        // 10 ms each for 6400 elements, and 3 ms more: 11 ms each.
        assert_eq!(busy(3, 10, 10).balanced(&three), 5120);
    }
}
