//! The constants of a function: each as wide as the widest vector, so that an instruction reads it from
//! memory.

use crate::kernel::Table;
use rustc_hash::FxHashMap;

/// A vector's words, aligned so that any instruction may read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(32))]
struct Line([u64; 4]);

/// Constants and tables; addressed by byte offset.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    lines: Vec<Line>,
    known: FxHashMap<[u64; 4], i32>,
    tables: FxHashMap<Table, i32>,
}

impl Pool {
    /// The offset of a vector's words; narrower vectors take the first of them.
    pub fn line(&mut self, words: [u64; 4]) -> i32 {
        if let Some(&offset) = self.known.get(&words) {
            return offset;
        }
        let offset = self.append(words);
        self.known.insert(words, offset);
        offset
    }

    /// The offset of a table.
    pub fn table(&mut self, table: Table) -> i32 {
        if let Some(&offset) = self.tables.get(&table) {
            return offset;
        }
        let offset = self.lines.len();
        for chunk in table.0.chunks(4) {
            self.append(std::array::from_fn(|place| chunk.get(place).copied().unwrap_or(0)));
        }
        let offset = Self::bytes(offset);
        self.tables.insert(table, offset);
        offset
    }

    fn append(&mut self, words: [u64; 4]) -> i32 {
        self.lines.push(Line(words));
        Self::bytes(self.lines.len() - 1)
    }

    fn bytes(lines: usize) -> i32 {
        i32::try_from(lines * 32).unwrap_or_else(|_| panic!("bug: more than 2 GiB of constants"))
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
