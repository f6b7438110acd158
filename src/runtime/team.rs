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
use super::schedule::Work;
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
    /// In the order of [`Tiles::records`].
    portions: Vec<Portion>,
}

/// Of each block of a tile.
type Logs = Vec<BlockLog>;

/// What is recorded at a tick, seen by who puts it together.
pub(super) struct Rows<'a> {
    blocks: &'a [&'a BlockLog],
    /// The number of the tick.
    tick: usize,
}

impl Rows<'_> {
    /// Fills the row of the work that records at this place among those that record.
    pub(super) fn fill(&self, place: usize, row: &mut [f64]) {
        self.blocks.iter().for_each(|block| block.portions[place].fill(self.tick, row));
    }
}

/// How a group is divided, and whether it pays.
pub(super) struct Tiles {
    plan: Arc<Plan>,
    lists: Vec<Lists>,
    /// What is recorded at every tick, in the order of the works: its number in the plan.
    records: Vec<usize>,
    /// Elements of a block.
    block: usize,
    /// Whether many ticks are one call.
    plain: bool,
    /// Numbers that a tick adds to the logs at most.
    numbers: usize,
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
    pub(super) fn new(plan: &Arc<Plan>, index: usize, works: &[Work]) -> Option<Self> {
        let program = &plan.programs[index];
        let monitors: Vec<usize> =
            (0..plan.monitors.len()).filter(|&monitor| plan.monitors[monitor].group == index).collect();
        let record = |work: &Work| match *work {
            Work::Record(number) => Some(monitors[number]),
            _ => None,
        };
        let records: Vec<usize> = works.iter().filter_map(record).collect();
        let (plan, lists) = (Arc::clone(plan), Lists::of(program));
        let block = match program.several(works) {
            // The fewer elements, the more ticks are one call.
            Some(_) => (program.layout.elements() / PARTS).next_multiple_of(GRAIN).clamp(GRAIN, program.block()),
            None => program.block(),
        };
        let listed: usize = lists.iter().map(|lists| lists.starts.len()).sum();
        let widths = records.iter().map(|&monitor| plan.monitors[monitor].width(&program.layout));
        let numbers = program.layout.elements() * listed + widths.sum::<usize>();
        let plain = program.whole(works).is_some();
        let divides = numbers <= MOST_LOGGED && divides(&plan, program, works, &records);
        divides.then(|| Tiles {
            plan: Arc::clone(&plan),
            lists,
            records,
            block,
            plain,
            numbers,
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
        works: &[Work],
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
        let block = MOST_LOGGED.checked_div(self.numbers).map_or(u64::MAX, |ticks| (ticks as u64).max(1));
        let taken = Instant::now();
        let mut tick = ticks.start;
        while tick < ticks.end {
            let some = tick..ticks.end.min(tick.saturating_add(block));
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
            if !program.events.is_empty() || !self.records.is_empty() {
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
            replay(program, words, tick, &Rows { blocks: &logs, tick: place });
        }
    }
}

/// Whether there are several parts, and each can do `works` on its own: rates come after all that makes events.
fn divides(plan: &Plan, program: &Program, works: &[Work], records: &[usize]) -> bool {
    let calls = |stages: &[Stage]| stages.iter().all(|stage| !matches!(stage, Stage::Propagate(_)));
    let last = works.iter().rposition(|work| !matches!(work, Work::Rate(_) | Work::Record(_)));
    program.layout.elements() > GRAIN
        && records.iter().all(|&monitor| calls(&plan.monitors[monitor].evaluate))
        && works.iter().enumerate().all(|(place, work)| match *work {
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
    works: &'a [Work],
    ticks: Range<u64>,
    lists: &'a [Lists],
    records: &'a [usize],
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
        let monitors = self.records.iter().map(|&monitor| &self.plan.monitors[monitor]);
        let portions = monitors.map(|monitor| Portion::new(monitor, &self.program.layout, block)).collect();
        BlockLog { events: vec![Log::default(); self.lists.len()], portions }
    }

    fn advance_block(&self, words: &mut [u64], block: &Range<usize>, log: &mut BlockLog) {
        let program = self.program;
        log.events.iter_mut().for_each(Log::clear);
        log.portions.iter_mut().for_each(Portion::clear);
        if let Some(several) = program.several(self.works) {
            // As many as the lists have room for if all elements fire at all ticks.
            let most = (program.layout.elements() / block.len().max(1)).max(1);
            let mut tick = self.ticks.start;
            while tick < self.ticks.end {
                let some = tick..self.ticks.end.min(tick + most as u64);
                program.begin_tick(words);
                several.call(words, some.clone(), block.clone());
                let count = usize::try_from(some.end - some.start).unwrap_or(usize::MAX);
                log.events.iter_mut().zip(self.lists).for_each(|(log, lists)| log.note_ticks(lists, words, count));
                tick = some.end;
            }
            return;
        }
        for tick in self.ticks.clone() {
            program.begin_tick(words);
            let mut recorded = log.portions.iter_mut().zip(self.records);
            for work in self.works {
                let run = |stages: &[Stage], words: &mut [u64]| {
                    for stage in stages {
                        stage.run(&program.layout, words, tick, tick, block.clone());
                    }
                };
                match *work {
                    Work::Before => run(&program.before, words),
                    Work::Regular(number) => run(&program.regular[number].stages, words),
                    Work::Part(number) => run(&program.parts[number].stages, words),
                    Work::Record(_) => {
                        let own = recorded.next().filter(|(portion, _)| portion.length() > 0);
                        if let Some((portion, &monitor)) = own {
                            run(&self.plan.monitors[monitor].evaluate, words);
                            portion.note(words);
                        }
                    }
                    Work::Given(_) | Work::Rate(_) => {}
                }
            }
            log.events.iter_mut().zip(self.lists).for_each(|(log, lists)| log.note(lists, words));
        }
    }
}
