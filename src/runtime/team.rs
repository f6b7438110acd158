//! Several threads for one group: each advances a tile of its elements.
//!
//! Elements do not act on each other, so that each tile can do many ticks on its own. The first tile is
//! done in the group's memory, the others in shards: memory of the same layout, of which only the tile is
//! used. What belongs to the tile is copied there before and back after. What happens at a tick is
//! logged, and put together in the order of ticks and elements: the bits are those of one thread.

use super::column::Memory;
use super::denormal::Mode;
use super::schedule::Work;
use super::{Error, Program, Stage};
use crate::kernel::abi::ColumnId;
use crate::model::Denormals;
use std::ops::Range;
use std::time::Instant;

/// Tiles begin at multiples of so many elements: whole blocks of random numbers, and no cache line of two.
const GRAIN: usize = 64;

/// Numbers of a log that are gathered before it is put together.
const MOST_LOGGED: usize = 1 << 21;

/// Seconds that a stretch must take on one thread to be worth the way to others.
const WORTH: f64 = 100e-6;

/// After so many stretches the way that seemed slower is tried again.
const AGAIN: u32 = 100;

/// Threads that wait for work.
pub(super) struct Team {
    pool: rayon::ThreadPool,
    size: usize,
    denormals: Denormals,
    /// Whether groups are divided even where it does not pay.
    pub(super) always: bool,
}

impl Team {
    /// The thread that asks and `size - 1` others.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(super) fn new(size: usize, denormals: Denormals) -> Result<Self, Error> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(size - 1);
        let pool = builder.thread_name(|number| format!("dvdt {}", number + 1)).build();
        let pool = pool.map_err(|error| Error::Threads { count: size, why: error.to_string() })?;
        Ok(Team { pool, size, denormals, always: false })
    }
}

/// What one tile saw of the events of a program, tick by tick.
#[derive(Default)]
struct Log {
    /// For each event how often it happened at each tick.
    counts: Vec<Vec<usize>>,
    /// For each event its list and what was kept, one tick after the other.
    lists: Vec<Vec<Vec<u64>>>,
}

impl Log {
    fn clear(&mut self, program: &Program) {
        self.counts.resize_with(program.events.len(), Vec::new);
        self.lists.resize_with(program.events.len(), Vec::new);
        self.counts.iter_mut().for_each(Vec::clear);
        self.lists.iter_mut().flatten().for_each(Vec::clear);
    }

    fn note(&mut self, program: &Program, words: &[u64]) {
        for (number, event) in program.events.iter().enumerate() {
            let listed = event.given.is_none();
            let count = words[program.layout.uniform_offset(event.count) / 8];
            let count = if listed { usize::try_from(count).unwrap_or(0) } else { 0 };
            self.counts[number].push(count);
            let columns = columns(program, number);
            self.lists[number].resize_with(columns.len(), Vec::new);
            for (list, column) in self.lists[number].iter_mut().zip(columns) {
                let start = program.layout.column_offset(column) / 8;
                list.extend(&words[start..start + count]);
            }
        }
    }
}

/// The lists of an event: elements, then what is kept.
fn columns(program: &Program, event: usize) -> Vec<ColumnId> {
    let elements = program.events[event].elements;
    let own = program.layout.storage().events.iter().find(|event| event.elements == elements);
    std::iter::once(elements).chain(own.into_iter().flat_map(|own| own.captured.iter().copied())).collect()
}

/// How a group is divided, and whether it pays.
#[derive(Default)]
pub(super) struct Tiles {
    /// Memory and log of each tile but the first.
    shards: Vec<(Memory, Log)>,
    first: Log,
    /// Seconds per element and tick with one thread and with all, as last seen.
    alone: Option<f64>,
    together: Option<f64>,
    /// Stretches since the slower way was tried.
    since: u32,
}

impl Tiles {
    /// Whether a stretch of so many ticks is better divided.
    pub(super) fn pays(&mut self, team: &Team, elements: usize, ticks: u64) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let work = elements as f64 * ticks as f64;
        if elements <= GRAIN || team.always {
            return elements > GRAIN;
        }
        let Some(alone) = self.alone.filter(|alone| alone * work > WORTH) else { return false };
        let Some(together) = self.together else { return true };
        self.since += 1;
        let faster = together < alone;
        if self.since < AGAIN {
            return faster;
        }
        self.since = 0;
        !faster
    }

    /// Remembers how long `elements × ticks` took.
    pub(super) fn learn(&mut self, divided: bool, begun: Instant, elements: usize, ticks: u64) {
        let seconds = begun.elapsed().as_secs_f64();
        if !divided && seconds < WORTH / 2.0 {
            // Most of that is not the elements'.
            return;
        }
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let rate = seconds / (elements.max(1) as f64 * ticks.max(1) as f64);
        *if divided { &mut self.together } else { &mut self.alone } = Some(rate);
    }

    /// Does `ticks` of `works` in tiles; after each block of them `replay` sees the memory at each tick, with
    /// the events of all tiles listed. `None` when there is no memory for shards: then nothing is done.
    pub(super) fn run(
        &mut self,
        team: &Team,
        (program, words): (&Program, &mut [u64]),
        works: &[Work],
        ticks: Range<u64>,
        mut replay: impl FnMut(&Program, &mut [u64], u64),
    ) -> Option<()> {
        let tiles = tiles(program.layout.elements(), team.size);
        while self.shards.len() + 1 < tiles.len() {
            self.shards.push((Memory::new(&program.layout, &program.name).ok()?, Log::default()));
        }
        for ((memory, _), tile) in self.shards.iter_mut().zip(&tiles[1..]) {
            memory.take_tile(&program.layout, words, tile.clone());
        }
        let numbers = program.events.iter().enumerate().map(|(event, _)| columns(program, event).len()).sum::<usize>();
        let most = MOST_LOGGED / (program.layout.elements() * numbers).max(1);
        let block = if numbers == 0 { u64::MAX } else { (most as u64).max(1) };
        let mut tick = ticks.start;
        while tick < ticks.end {
            let some = tick..ticks.end.min(tick.saturating_add(block));
            let logs = self.shards.iter_mut().zip(&tiles[1..]);
            let (first, others) = (&mut self.first, &some);
            team.pool.in_place_scope(|scope| {
                for ((memory, log), tile) in logs {
                    scope.spawn(move |_| {
                        let _mode = Mode::enter(team.denormals);
                        advance(program, memory.words_mut(), works, others.clone(), tile.clone(), log);
                    });
                }
                advance(program, words, works, others.clone(), tiles[0].clone(), first);
            });
            if numbers > 0 {
                self.put_together(program, words, some.clone(), &mut replay);
            }
            tick = some.end;
        }
        for ((memory, _), tile) in self.shards.iter().zip(&tiles[1..]) {
            memory.give_tile(&program.layout, words, tile.clone());
        }
        Some(())
    }

    /// Lists the events of all tiles as if one thread had seen them, tick by tick.
    fn put_together(
        &self,
        program: &Program,
        words: &mut [u64],
        ticks: Range<u64>,
        replay: &mut impl FnMut(&Program, &mut [u64], u64),
    ) {
        let logs = || std::iter::once(&self.first).chain(self.shards.iter().map(|(_, log)| log));
        let mut begun: Vec<Vec<usize>> = logs().map(|_| vec![0; program.events.len()]).collect();
        for (place, tick) in ticks.enumerate() {
            for (number, event) in program.events.iter().enumerate() {
                let mut total = 0;
                for (log, begun) in logs().zip(&mut begun) {
                    let count = log.counts[number][place];
                    for (list, column) in log.lists[number].iter().zip(columns(program, number)) {
                        let to = program.layout.column_offset(column) / 8 + total;
                        words[to..to + count].copy_from_slice(&list[begun[number]..begun[number] + count]);
                    }
                    begun[number] += count;
                    total += count;
                }
                words[program.layout.uniform_offset(event.count) / 8] = total as u64;
            }
            replay(program, words, tick);
        }
    }
}

/// Whether tiles can do `works` on their own: nothing in it records but rates, which come after all that
/// makes events.
pub(super) fn divides(program: &Program, works: &[Work]) -> bool {
    let calls = |stages: &[Stage]| stages.iter().all(|stage| !matches!(stage, Stage::Propagate(_)));
    let last = works.iter().rposition(|work| !matches!(work, Work::Rate(_)));
    works.iter().enumerate().all(|(place, work)| match *work {
        Work::Before => calls(&program.before),
        Work::Regular(number) => calls(&program.regular[number].stages),
        Work::Part(number) => calls(&program.parts[number].stages),
        Work::Given(_) => true,
        Work::Record(_) => false,
        Work::Rate(_) => last.is_none_or(|last| place > last),
    })
}

/// Even parts of the elements, but for the grain.
fn tiles(elements: usize, count: usize) -> Vec<Range<usize>> {
    let size = elements.div_ceil(count).next_multiple_of(GRAIN);
    (0..elements).step_by(size.max(1)).map(|start| start..(start + size).min(elements)).collect()
}

fn advance(program: &Program, words: &mut [u64], works: &[Work], ticks: Range<u64>, tile: Range<usize>, log: &mut Log) {
    log.clear(program);
    if let (Some(whole), [Work::Part(_)]) = (program.whole(), works) {
        return whole.call(words, ticks, tile);
    }
    for tick in ticks {
        program.begin_tick(words);
        for work in works {
            let stages = match *work {
                Work::Before => &program.before,
                Work::Regular(number) => &program.regular[number].stages,
                Work::Part(number) => &program.parts[number].stages,
                Work::Given(_) | Work::Record(_) | Work::Rate(_) => continue,
            };
            for stage in stages {
                stage.run(&program.layout, words, tick, tick, tile.clone());
            }
        }
        log.note(program, words);
    }
}
