//! A group's memory: one block of 64-bit words, seen as typed slices without a copy.

use super::buffer::{self, Buffer};
use super::{Error, Place};
use crate::kernel::abi::{ColumnId, Layout, Varies};
use bytemuck::{Pod, Zeroable};
use std::ops::Range;

// A truth value that is uniform fills a word, and is seen as that word's first byte.
const _: () = assert!(cfg!(target_endian = "little"), "the memory layout is that of little-endian machines");

/// One cache line; that its alignment is 64 aligns the whole block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Line([u64; 8]);

/// The numbers of one group, placed as its [`Layout`] says.
pub(super) enum Memory {
    Lines(Vec<Line>),
    /// Straight from the system, which aligns to pages.
    Large(Buffer),
}

impl Memory {
    /// Zeros for the group `name`, in huge pages where it is large.
    pub(super) fn huge(layout: &Layout, name: &str) -> Result<Self, Error> {
        if layout.bytes() < buffer::LARGE {
            return Memory::new(layout, name);
        }
        let buffer = Buffer::new(layout.bytes().div_ceil(size_of::<u64>()));
        buffer.map(Memory::Large).ok_or_else(|| refused(layout, name))
    }

    /// Zeros of which only what is touched takes memory, such as a tile.
    pub(super) fn new(layout: &Layout, name: &str) -> Result<Self, Error> {
        let lines = bytemuck::allocation::try_zeroed_vec(layout.bytes().div_ceil(size_of::<Line>()));
        lines.map(Memory::Lines).map_err(|()| refused(layout, name))
    }

    pub(super) fn words(&self) -> &[u64] {
        match self {
            Memory::Lines(lines) => bytemuck::cast_slice(lines),
            Memory::Large(buffer) => bytemuck::cast_slice(buffer.floats()),
        }
    }

    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        match self {
            Memory::Lines(lines) => bytemuck::cast_slice_mut(lines),
            Memory::Large(buffer) => bytemuck::cast_slice_mut(buffer.floats_mut()),
        }
    }

    pub(super) fn floats(&self, layout: &Layout, place: Place) -> &[f64] {
        bytemuck::cast_slice(&self.words()[words(layout, place)])
    }

    pub(super) fn floats_mut(&mut self, layout: &Layout, place: Place) -> &mut [f64] {
        bytemuck::cast_slice_mut(&mut self.words_mut()[words(layout, place)])
    }

    pub(super) fn floats32(&self, layout: &Layout, place: Place) -> &[f32] {
        bytemuck::cast_slice(&bytemuck::cast_slice::<u64, u32>(self.words())[halves(layout, place)])
    }

    pub(super) fn floats32_mut(&mut self, layout: &Layout, place: Place) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut bytemuck::cast_slice_mut::<u64, u32>(self.words_mut())[halves(layout, place)])
    }

    pub(super) fn integers(&self, layout: &Layout, place: Place) -> &[i64] {
        bytemuck::cast_slice(&self.words()[words(layout, place)])
    }

    pub(super) fn integers_mut(&mut self, layout: &Layout, place: Place) -> &mut [i64] {
        bytemuck::cast_slice_mut(&mut self.words_mut()[words(layout, place)])
    }

    /// `None` when a byte is neither 0 nor 1, which no executor writes.
    pub(super) fn booleans(&self, layout: &Layout, place: Place) -> Option<&[bool]> {
        let bytes: &[u8] = bytemuck::cast_slice(self.words());
        bytemuck::checked::try_cast_slice(&bytes[bytes_of(layout, place)]).ok()
    }

    /// `None` when a byte is neither 0 nor 1, which no executor writes.
    pub(super) fn booleans_mut(&mut self, layout: &Layout, place: Place) -> Option<&mut [bool]> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(self.words_mut());
        bytemuck::checked::try_cast_slice_mut(&mut bytes[bytes_of(layout, place)]).ok()
    }

    /// Becomes equal to `other` in all uniforms and all columns that a tick may change.
    pub(super) fn copy_ticking(&mut self, layout: &Layout, other: &Memory) {
        let uniforms = layout.storage().uniforms.len();
        self.words_mut()[..uniforms].copy_from_slice(&other.words()[..uniforms]);
        self.copy_columns(layout, other, Varies::Ticks);
    }

    /// Becomes equal to `other` in all columns that no tick changes.
    pub(super) fn copy_between_runs(&mut self, layout: &Layout, other: &Memory) {
        self.copy_columns(layout, other, Varies::Runs);
    }

    /// Takes the uniforms, and of all columns but lists the elements of a tile, from the words of a group.
    pub(super) fn take_tile(&mut self, layout: &Layout, from: &[u64], tile: Range<usize>) {
        let uniforms = layout.storage().uniforms.len();
        self.words_mut()[..uniforms].copy_from_slice(&from[..uniforms]);
        for range in tile_ranges(layout, tile, &[Varies::Ticks, Varies::Runs]) {
            self.words_mut()[range.clone()].copy_from_slice(&from[range]);
        }
    }

    /// Gives back what a tick may have changed of a tile.
    pub(super) fn give_tile(&self, layout: &Layout, to: &mut [u64], tile: Range<usize>) {
        for range in tile_ranges(layout, tile, &[Varies::Ticks]) {
            to[range.clone()].copy_from_slice(&self.words()[range]);
        }
    }

    fn copy_columns(&mut self, layout: &Layout, other: &Memory, varies: Varies) {
        for (id, slot) in (0..).map(ColumnId).zip(&layout.storage().columns) {
            if slot.varies == varies {
                let range = layout.column_words(id, 0..layout.padded());
                self.words_mut()[range.clone()].copy_from_slice(&other.words()[range]);
            }
        }
    }
}

fn refused(layout: &Layout, name: &str) -> Error {
    Error::Memory { what: format!("the group `{name}`"), bytes: layout.bytes() as u128 }
}

/// The words of a tile in each column that varies so and is no list of an event.
fn tile_ranges(layout: &Layout, tile: Range<usize>, varies: &[Varies]) -> Vec<Range<usize>> {
    let storage = layout.storage();
    let chosen = (0..).map(ColumnId).zip(&storage.columns);
    let chosen = chosen.filter(|(id, slot)| varies.contains(&slot.varies) && !storage.is_list(*id));
    chosen.map(|(id, _)| layout.column_words(id, tile.clone())).collect()
}

fn words(layout: &Layout, place: Place) -> Range<usize> {
    let start = place.offset(layout) / 8;
    start..start + place.length(layout)
}

fn halves(layout: &Layout, place: Place) -> Range<usize> {
    let start = place.offset(layout) / 4;
    start..start + place.length(layout)
}

fn bytes_of(layout: &Layout, place: Place) -> Range<usize> {
    let start = place.offset(layout);
    start..start + place.length(layout)
}
