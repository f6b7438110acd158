//! The constants of a function: each twice side by side, so that one load fills a vector.

use crate::kernel::Table;
use rustc_hash::FxHashMap;

/// Two words, aligned so that vector loads may be folded into instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
struct Pair([u64; 2]);

/// Constants and tables; addressed by byte offset.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pairs: Vec<Pair>,
    known: FxHashMap<[u64; 2], i32>,
    tables: FxHashMap<Table, i32>,
}

impl Pool {
    /// The offset of a vector.
    pub(super) fn pair(&mut self, words: [u64; 2]) -> i32 {
        if let Some(&offset) = self.known.get(&words) {
            return offset;
        }
        let offset = self.append(words);
        self.known.insert(words, offset);
        offset
    }

    /// The offset of a table.
    pub(super) fn table(&mut self, table: Table) -> i32 {
        if let Some(&offset) = self.tables.get(&table) {
            return offset;
        }
        let mut first = None;
        for chunk in table.0.chunks(2) {
            let offset = self.append([chunk[0], chunk.get(1).copied().unwrap_or(0)]);
            first.get_or_insert(offset);
        }
        let offset = first.unwrap_or(0);
        self.tables.insert(table, offset);
        offset
    }

    fn append(&mut self, words: [u64; 2]) -> i32 {
        let offset =
            i32::try_from(self.pairs.len() * 16).unwrap_or_else(|_| panic!("bug: more than 2 GiB of constants"));
        self.pairs.push(Pair(words));
        offset
    }

    /// Where the words lie; stays valid while the pool lives and does not grow.
    pub(super) fn as_ptr(&self) -> *const u64 {
        self.pairs.as_ptr().cast()
    }
}
