//! Where compiled code and runtime meet: the memory of a group and how a kernel is called.
//!
//! A group's numbers lie in one block of 64-bit words, 64-byte aligned: first the uniforms, one
//! word each, then the columns, each from a 64-byte boundary on and padded, so that a loop over
//! whole vectors needs no tail. Floats and integers take a word per element, 32-bit ones half of one and
//! truth values a byte. A uniform of 32 bits lies in the lower half of its word, and the upper one is 0.
//! Padding may hold anything and is never shown.

use super::Type;
use std::ops::Range;
use std::sync::Arc;

/// A column of a [`Layout`], printed by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);

/// A uniform of a [`Layout`], printed by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniformId(pub u32);

/// A list of constants of a [`Storage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArrayId(pub u32);

/// An event of a [`Storage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u32);

/// When a column or uniform may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Varies {
    /// Only between runs.
    Runs,
    /// At any tick.
    Ticks,
}

/// One variable's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The variable's name; hidden ones have a name that no text can write.
    pub name: String,
    /// What is stored.
    pub ty: Type,
    /// When it may change.
    pub varies: Varies,
}

/// Constants that kernels look up by a computed index.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// What listings call it.
    pub name: String,
    /// Never empty.
    pub values: Arc<[f64]>,
    /// How many columns it has, where it has columns; then the values are row by row.
    pub columns: Option<usize>,
    /// Time is rounded to multiples of this, in seconds, so that a row begins with its tick.
    pub grain: f64,
    /// So many grains are between two rows.
    pub grains: f64,
}

/// Where the elements of an event are listed during a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What listings call it.
    pub name: String,
    /// How many there are; set to 0 before the kernel runs.
    pub count: UniformId,
    /// Their numbers, ascending; after a call of several ticks as [`Routine::lists_ticks`] says.
    pub elements: ColumnId,
    /// Floats that belong to them.
    pub captured: Vec<ColumnId>,
}

/// All columns and uniforms of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Storage {
    /// One number per element.
    pub columns: Vec<Slot>,
    /// One number for all.
    pub uniforms: Vec<Slot>,
    /// Constants.
    pub arrays: Vec<Array>,
    /// What happens to elements.
    pub events: Vec<Event>,
}

impl Storage {
    /// Adds a column.
    pub fn column(&mut self, name: impl Into<String>, ty: Type, varies: Varies) -> ColumnId {
        self.columns.push(Slot { name: name.into(), ty, varies });
        ColumnId(u32::try_from(self.columns.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds a uniform.
    pub fn uniform(&mut self, name: impl Into<String>, ty: Type, varies: Varies) -> UniformId {
        self.uniforms.push(Slot { name: name.into(), ty, varies });
        UniformId(u32::try_from(self.uniforms.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds an event that keeps so many floats.
    pub fn event(&mut self, name: impl Into<String>, captured: usize) -> EventId {
        let name = name.into();
        let count = self.uniform(format!("{name}.count"), Type::I64, Varies::Ticks);
        let elements = self.column(format!("{name}.elements"), Type::I64, Varies::Ticks);
        let captured =
            (0..captured).map(|number| self.column(format!("{name}.kept{number}"), Type::F64, Varies::Ticks)).collect();
        self.events.push(Event { name, count, elements, captured });
        EventId(u32::try_from(self.events.len() - 1).unwrap_or(u32::MAX))
    }

    /// One event.
    pub fn event_slot(&self, id: EventId) -> &Event {
        &self.events[id.0 as usize]
    }

    /// One array.
    pub fn array_slot(&self, id: ArrayId) -> &Array {
        &self.arrays[id.0 as usize]
    }

    /// Whether a column is a list of an event, which has [`ROOM`] for the numbers of a turn behind those of all
    /// elements.
    pub fn is_list(&self, id: ColumnId) -> bool {
        self.events.iter().any(|event| event.elements == id || event.captured.contains(&id))
    }

    /// The slot of a column.
    pub fn column_slot(&self, id: ColumnId) -> &Slot {
        &self.columns[id.0 as usize]
    }

    /// The slot of a uniform.
    pub fn uniform_slot(&self, id: UniformId) -> &Slot {
        &self.uniforms[id.0 as usize]
    }
}

/// Columns are padded to a multiple of so many elements: the most that the shortest turn of a loop takes.
pub const PADDING: usize = 16;

/// The most elements of a turn of code that lists events.
pub const ROOM: usize = 32;

/// Bytes of a cache line, to which columns are aligned.
const LINE: usize = 64;

/// Bytes between columns beyond their length, so that columns of a length that is a multiple of
/// 4 KiB do not all fall into the same cache sets.
const SKEW: usize = 3 * LINE;

/// Where each number of a group of a given size lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    storage: Storage,
    elements: usize,
    /// The byte at which each column starts.
    offsets: Vec<usize>,
    bytes: usize,
}

impl Layout {
    /// Places `storage` for a group of `elements`.
    pub fn new(storage: Storage, elements: usize) -> Self {
        let padded = elements.next_multiple_of(PADDING);
        let mut bytes = (storage.uniforms.len() * 8).next_multiple_of(LINE);
        let mut offsets = Vec::with_capacity(storage.columns.len());
        for (id, column) in (0..).map(ColumnId).zip(&storage.columns) {
            offsets.push(bytes);
            let more = if storage.is_list(id) { ROOM * 8 } else { 0 };
            let length = padded * column.ty.bytes() + more;
            bytes = (bytes + length).next_multiple_of(LINE);
            if length >= 4096 {
                bytes += SKEW;
            }
        }
        Layout { storage, elements, offsets, bytes }
    }

    /// What is stored.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The size of the group.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// The byte at which a column starts.
    pub fn column_offset(&self, id: ColumnId) -> usize {
        self.offsets[id.0 as usize]
    }

    /// The byte at which a uniform lies.
    pub fn uniform_offset(&self, id: UniformId) -> usize {
        id.0 as usize * 8
    }

    /// The words of a column in which elements lie; a range of elements starts at a multiple of [`PADDING`].
    pub fn column_words(&self, id: ColumnId, elements: Range<usize>) -> Range<usize> {
        let (start, bytes) = (self.column_offset(id) / 8, self.storage.column_slot(id).ty.bytes());
        start + elements.start * bytes / 8..start + (elements.end * bytes).div_ceil(8)
    }

    /// The size of the whole block in bytes, a multiple of 64.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of elements with padding.
    pub fn padded(&self) -> usize {
        self.elements.next_multiple_of(PADDING)
    }
}

/// Code that can be called for a group: the meeting point of executors and runtime.
pub trait Routine: Send + Sync {
    /// Computes `ticks`, one after the other, for the elements of `elements`.
    ///
    /// `memory` is the group's block as its [`Layout`] says, aligned to 64 bytes; a range of
    /// elements starts at a multiple of [`PADDING`], and ends at one or with the group.
    ///
    /// # Panics
    /// When the block is shorter than its layout, or the range is another.
    fn call(&self, memory: &mut [u64], ticks: Range<u64>, elements: Range<usize>);

    /// Whether a call for several ticks lists its event with the number of the tick, counted from the first, in the
    /// upper 32 bits of the element. The entries are in any order, but those of one tick ascend. The caller sees
    /// to it that there are not more than the group has elements: the rest are lost.
    fn lists_ticks(&self) -> bool {
        false
    }
}
