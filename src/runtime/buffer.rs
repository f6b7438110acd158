//! Room for many floats, from the allocator or straight from the system.
//!
//! First touches of pages dominate a large recording: with 4 KiB pages they cost ten times the
//! kernel that fills them. So large buffers are anonymous mappings that ask for huge pages.

use memmap2::MmapMut;

/// Zeros at first.
pub(super) enum Buffer {
    Heap(Vec<f64>),
    Mapped(MmapMut),
}

/// Bytes from which on a mapping is used: one huge page of the common machines.
pub(super) const LARGE: usize = 2 << 20;

/// Bytes from which on it is worth asking whether several buffers fit together.
const VAST: u128 = 256 << 20;

/// Whether the system would give so many bytes in all. It answers for one request at a time, so
/// several that fit one by one may not fit together.
pub(super) fn is_available(bytes: u128) -> bool {
    bytes < VAST || usize::try_from(bytes).is_ok_and(|bytes| MmapMut::map_anon(bytes).is_ok())
}

impl Buffer {
    /// Room for `count` floats; `None` when the system does not give it.
    pub(super) fn new(count: usize) -> Option<Buffer> {
        let bytes = count.checked_mul(size_of::<f64>())?;
        if bytes < LARGE {
            return bytemuck::allocation::try_zeroed_vec(count).ok().map(Buffer::Heap);
        }
        let map = MmapMut::map_anon(bytes).ok()?;
        #[cfg(target_os = "linux")]
        // A system without huge pages refuses, and small pages do as well.
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Buffer::Mapped(map))
    }

    pub(super) fn floats(&self) -> &[f64] {
        match self {
            Buffer::Heap(floats) => floats,
            Buffer::Mapped(map) => bytemuck::cast_slice(map),
        }
    }

    pub(super) fn floats_mut(&mut self) -> &mut [f64] {
        match self {
            Buffer::Heap(floats) => floats,
            Buffer::Mapped(map) => bytemuck::cast_slice_mut(map),
        }
    }

    /// Makes room for `needed` floats, of which the first `used` are kept. Growing in proportion makes
    /// many short runs cost no more than one long one; a first run gets exactly what it needs.
    pub(super) fn grow(&mut self, used: usize, needed: usize) -> Option<()> {
        if needed <= self.floats().len() {
            return Some(());
        }
        let generous = used.saturating_add(used / 2);
        let larger = if generous > needed { Buffer::new(generous) } else { None };
        let mut larger = larger.or_else(|| Buffer::new(needed))?;
        larger.floats_mut()[..used].copy_from_slice(&self.floats()[..used]);
        *self = larger;
        Some(())
    }
}
