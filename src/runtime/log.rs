//! What happened in the parts of a group, put together in the order of ticks and elements.

use super::Program;
use super::monitor::Portion;
use super::schedule::Own;
use std::ops::Range;

/// Where an event of a program is listed, in words of the group's memory.
pub(super) struct Lists {
    /// How often it happened at this tick.
    count: usize,
    /// Where the elements and what is kept of each begin; none of given spikes, which tiles do not list.
    pub(super) starts: Vec<usize>,
}

impl Lists {
    pub(super) fn of(program: &Program) -> Vec<Lists> {
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
pub(super) struct Log {
    /// How often it happened at each tick.
    counts: Vec<usize>,
    /// Each of its lists, one tick after the other.
    lists: Vec<Vec<u64>>,
}

impl Log {
    pub(super) fn clear(&mut self) {
        self.counts.clear();
        self.lists.iter_mut().for_each(Vec::clear);
    }

    /// Takes what a call for several ticks has listed, with its tick in the upper half of each element.
    pub(super) fn note_ticks(&mut self, lists: &Lists, words: &[u64], ticks: usize) {
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

    pub(super) fn note(&mut self, lists: &Lists, words: &[u64]) {
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
pub(super) struct BlockLog {
    /// By event.
    pub(super) events: Vec<Log>,
    /// By work, of those that record.
    pub(super) portions: Vec<Option<Portion>>,
}

/// Of each block of a tile: what is being logged, and what was before and is put together.
#[derive(Default)]
pub(super) struct Logs {
    pub(super) new: Vec<BlockLog>,
    pub(super) old: Vec<BlockLog>,
}

impl Logs {
    /// What is new becomes old.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.new, &mut self.old);
    }
}

/// What is recorded at a tick, seen by who puts it together.
pub(super) struct Rows<'a> {
    blocks: &'a [&'a BlockLog],
    /// The first tick of the blocks.
    first: u64,
}

impl Rows<'_> {
    /// Fills the row of the work at `place` that it did at its own tick `due`.
    pub(super) fn fill(&self, place: usize, own: Own, due: u64, row: &mut [f64]) {
        let number = usize::try_from(due - self.first.div_ceil(own.every)).unwrap_or(usize::MAX);
        self.blocks.iter().flat_map(|block| &block.portions[place]).for_each(|portion| portion.fill(number, row));
    }
}

/// Lists the events of all blocks as if they had been one, tick by tick; `replay` sees each tick so.
pub(super) fn put_together<'a>(
    lists: &[Lists],
    logs: impl Iterator<Item = &'a Vec<BlockLog>>,
    program: &Program,
    words: &mut [u64],
    ticks: Range<u64>,
    replay: &mut impl FnMut(&Program, &mut [u64], u64, &Rows<'_>),
) {
    let logs: Vec<&BlockLog> = logs.flatten().collect();
    let mut begun = vec![vec![0; lists.len()]; logs.len()];
    let first = ticks.start;
    for (place, tick) in ticks.enumerate() {
        for (number, lists) in lists.iter().enumerate() {
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
