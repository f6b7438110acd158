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

/// Where an event of a program is listed, in words of the group's memory.
struct Lists {
    /// How often it happened at this tick.
    count: usize,
    /// Where the elements and what is kept of each begin; none of given spikes, which tiles do not list.
    starts: Vec<usize>,
}

impl Lists {
    fn of(program: &Program) -> Vec<Lists> {
        let layout = &program.layout;
        let lists = program.events.iter().map(|event| {
            let own = layout.storage().events.iter().find(|own| own.elements == event.elements);
            let captured = own.into_iter().flat_map(|own| own.captured.iter().copied());
            let columns = std::iter::once(event.elements).chain(captured).filter(|_| event.given.is_none());
            let starts = columns.map(|column| layout.column_offset(column) / 8).collect();
            Lists { count: layout.uniform_offset(event.count) / 8, starts }
        });
        lists.collect()
    }
}

/// What one block saw of one event.
#[derive(Clone, Default)]
struct Log {
    /// How often it happened at each tick.
    counts: Vec<usize>,
    /// Each of its lists, one tick after the other.
    lists: Vec<Vec<u64>>,
}

impl Log {
    fn clear(&mut self) {
        self.counts.clear();
        self.lists.iter_mut().for_each(Vec::clear);
    }

    /// Takes what a call for several ticks has listed, with its tick in the upper half of each element.
    fn note_ticks(&mut self, lists: &Lists, words: &[u64], ticks: usize) {
        if lists.starts.is_empty() {
            return;
        }
        let count = usize::try_from(words[lists.count]).unwrap_or(0);
        let elements = &words[lists.starts[0]..lists.starts[0] + count];
        let late = |element: u64| usize::try_from(element >> 32).unwrap_or(usize::MAX).min(ticks - 1);
        let first = self.counts.len();
        self.counts.resize(first + ticks, 0);
        elements.iter().for_each(|&element| self.counts[first + late(element)] += 1);
        let before = |next: &mut usize, &count: &usize| Some(std::mem::replace(next, *next + count));
        let next: Vec<usize> = self.counts[first..].iter().scan(0, before).collect();
        self.lists.resize_with(lists.starts.len(), Vec::new);
        for (list, &start) in self.lists.iter_mut().zip(&lists.starts) {
            let (known, mut next) = (list.len(), next.clone());
            list.resize(known + count, 0);
            for (&element, &number) in elements.iter().zip(&words[start..start + count]) {
                let place = &mut next[late(element)];
                // Only elements have something there; bits of floats stay as they are.
                list[known + *place] = if start == lists.starts[0] { number & 0xffff_ffff } else { number };
                *place += 1;
            }
        }
    }

    fn note(&mut self, lists: &Lists, words: &[u64]) {
        if lists.starts.is_empty() {
            return;
        }
        let count = usize::try_from(words[lists.count]).unwrap_or(0);
        self.counts.push(count);
        self.lists.resize_with(lists.starts.len(), Vec::new);
        for (list, &start) in self.lists.iter_mut().zip(&lists.starts) {
            list.extend(&words[start..start + count]);
        }
    }
}

/// What happened in a block, and what was recorded of it.
struct BlockLog {
    /// By event.
    events: Vec<Log>,
    /// By work, of those that record.
    portions: Vec<Option<Portion>>,
}

/// Of each block of a tile.
type Logs = Vec<BlockLog>;

/// What is recorded at a tick, seen by who puts it together.
pub(super) struct Rows<'a> {
    blocks: &'a [&'a BlockLog],
    /// The first tick of the blocks.
    first: u64,
}

impl Rows<'_> {
    /// Fills the row of the work at `place`, `every` so many ticks, that it did at its tick `own`.
    pub(super) fn fill(&self, place: usize, every: u64, own: u64, row: &mut [f64]) {
        let number = usize::try_from(own - self.first.div_ceil(every)).unwrap_or(usize::MAX);
        self.blocks.iter().flat_map(|block| &block.portions[place]).for_each(|portion| portion.fill(number, row));
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
    /// Memory and logs of each tile but the first.
    shards: Vec<(Memory, Logs)>,
    first: Logs,
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
            first: vec![],
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
        let tiles = tiles(program.layout.elements(), team.size);
        if self.size != team.size {
            // Blocks of other tiles are others.
            (self.size, self.first, self.shards) = (team.size, vec![], vec![]);
        }
        while self.shards.len() + 1 < tiles.len() {
            self.shards.push((Memory::new(&program.layout, &program.name).ok()?, vec![]));
        }
        let begun = Instant::now();
        for ((memory, _), tile) in self.shards.iter_mut().zip(&tiles[1..]) {
            memory.take_tile(&program.layout, words, tile.clone());
        }
        let taken = Instant::now();
        let mut tick = ticks.start;
        while tick < ticks.end {
            let some = tick..ticks.end.min(tick.saturating_add(self.most));
            let Tiles { plan, lists, records, block, shards, first, .. } = self;
            let (plan, block) = (&**plan, *block);
            let share = Share { plan, program, works, ticks: some.clone(), lists, records, block };
            match &team.pool {
                None => share.advance(words, &tiles[0], first),
                Some((pool, denormals)) => pool.in_place_scope(|scope| {
                    for ((memory, logs), tile) in shards.iter_mut().zip(&tiles[1..]) {
                        let share = &share;
                        scope.spawn(move |_| {
                            let _mode = Mode::enter(*denormals);
                            share.advance(memory.words_mut(), tile, logs);
                        });
                    }
                    share.advance(words, &tiles[0], first);
                }),
            }
            if !program.events.is_empty() || self.records.iter().any(Option::is_some) {
                self.put_together(program, words, some.clone(), &mut replay);
            }
            tick = some.end;
        }
        let done = Instant::now();
        for ((memory, _), tile) in self.shards.iter().zip(&tiles[1..]) {
            memory.give_tile(&program.layout, words, tile.clone());
        }
        Some([taken - begun + done.elapsed(), done - taken])
    }

    /// Lists the events of all blocks as if they had been one, tick by tick.
    fn put_together(
        &self,
        program: &Program,
        words: &mut [u64],
        ticks: Range<u64>,
        replay: &mut impl FnMut(&Program, &mut [u64], u64, &Rows<'_>),
    ) {
        let shards = self.shards.iter().map(|(_, logs)| logs);
        let logs: Vec<&BlockLog> = std::iter::once(&self.first).chain(shards).flatten().collect();
        let mut begun = vec![vec![0; self.lists.len()]; logs.len()];
        let first = ticks.start;
        for (place, tick) in ticks.enumerate() {
            for (number, lists) in self.lists.iter().enumerate() {
                let mut total = 0;
                for (logs, begun) in logs.iter().zip(&mut begun).filter(|_| !lists.starts.is_empty()) {
                    let (log, begun) = (&logs.events[number], &mut begun[number]);
                    let count = log.counts[place];
                    for (list, start) in log.lists.iter().zip(&lists.starts) {
                        words[start + total..start + total + count].copy_from_slice(&list[*begun..*begun + count]);
                    }
                    *begun += count;
                    total += count;
                }
                words[lists.count] = total as u64;
            }
            replay(program, words, tick, &Rows { blocks: &logs, first });
        }
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

/// Even parts of the elements, but for the grain.
fn tiles(elements: usize, count: usize) -> Vec<Range<usize>> {
    let size = elements.div_ceil(count).next_multiple_of(GRAIN);
    (0..elements).step_by(size.max(1)).map(|start| start..(start + size).min(elements)).collect()
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
    fn advance(&self, words: &mut [u64], tile: &Range<usize>, logs: &mut Logs) {
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
