//! The constants of a function: each as wide as a vector of 256 bits, so that an instruction reads it from
//! memory; those of 512 bits repeat one word of it.

use crate::kernel::Table;
use rustc_hash::FxHashMap;

/// The words of a vector of 256 bits, aligned so that any instruction may read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(32))]
struct Line([u64; 4]);

/// Constants and tables; addressed by byte offset.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    lines: Vec<Line>,
    known: FxHashMap<Vec<u64>, i32>,
    tables: FxHashMap<Table, i32>,
}

impl Pool {
    /// The offset of a vector's words; narrower vectors take the first of them.
    pub fn line(&mut self, words: [u64; 4]) -> i32 {
        if let Some(&offset) = self.known.get(words.as_slice()) {
            return offset;
        }
        self.lines(words.to_vec())
    }

    /// The offset of words that follow one another.
    pub fn lines(&mut self, words: Vec<u64>) -> i32 {
        if let Some(&offset) = self.known.get(&words) {
            return offset;
        }
        let offset = self.append(&words);
        self.known.insert(words, offset);
        offset
    }

    /// The offset of a table.
    pub fn table(&mut self, table: Table) -> i32 {
        if let Some(&offset) = self.tables.get(&table) {
            return offset;
        }
        let offset = self.append(table.0);
        self.tables.insert(table, offset);
        offset
    }

    fn append(&mut self, words: &[u64]) -> i32 {
        let offset = 32 * self.lines.len();
        let line = |chunk: &[u64]| Line(std::array::from_fn(|place| chunk.get(place).copied().unwrap_or(0)));
        self.lines.extend(words.chunks(4).map(line));
        i32::try_from(offset).unwrap_or_else(|_| panic!("bug: more than 2 GiB of constants"))
    }

    /// The words at a byte offset.
    pub fn at(&self, offset: i32) -> Option<[u64; 4]> {
        self.lines.get(usize::try_from(offset).ok()? / 32).map(|line| line.0)
    }

    /// Where the words lie; stays valid while the pool lives and does not grow.
    pub fn as_ptr(&self) -> *const u64 {
        self.lines.as_ptr().cast()
    }
}
