//! The floating-point mode of the processor: the one thing here that the language cannot say.
//!
//! Numbers too small for full precision cost some processors a hundred times the time of others. A
//! model may ask to have them taken as zero. The mode belongs to the thread, so it is set around the
//! work on numbers and put back afterwards, also when that work panics, and never while code of the
//! host runs.
#![allow(unsafe_code, reason = "the mode is a register that only assembly can reach")]

use crate::model::Denormals;
use std::marker::PhantomData;

/// Holds the mode of this thread until it is dropped.
pub(super) struct Mode {
    saved: Option<u64>,
    /// The mode is the thread's, so that the guard must not leave it.
    _here: PhantomData<*const ()>,
}

impl Mode {
    /// Sets the mode that `denormals` asks for.
    pub(super) fn enter(denormals: Denormals) -> Mode {
        match denormals {
            Denormals::Keep => Mode { saved: None, _here: PhantomData },
            Denormals::Flush => {
                let saved = control::read();
                control::write(saved | control::FLUSH);
                Mode { saved: Some(saved), _here: PhantomData }
            }
        }
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        if let Some(saved) = self.saved {
            control::write(saved);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    /// Flush to zero (bit 15) and denormals are zero (bit 6) of MXCSR.
    pub(super) const FLUSH: u64 = 1 << 15 | 1 << 6;

    pub(super) fn read() -> u64 {
        let mut mode: u32 = 0;
        // SAFETY: stores four bytes through a pointer to four bytes of this frame. MXCSR exists on every
        // x86-64 processor.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mode, options(nostack, preserves_flags)) };
        u64::from(mode)
    }

    pub(super) fn write(mode: u64) {
        let mode = u32::try_from(mode & 0xffff).unwrap_or(0);
        // SAFETY: loads four bytes through a pointer to four bytes of this frame. The value was read from
        // the register, with no bit added but FLUSH, so it is valid. Between two writes all
        // arithmetic on user numbers is behind calls that the compiler cannot see through (routines and
        // the propagator's pointer), so that it can neither compute it ahead nor move it over a write.
        // What else runs there counts ticks, copies and compares.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const mode, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    /// Flush to zero (bit 24) of FPCR; it covers operands and results.
    pub(super) const FLUSH: u64 = 1 << 24;

    pub(super) fn read() -> u64 {
        let mode: u64;
        // SAFETY: reads a register that every aarch64 processor lets user code read.
        unsafe { asm!("mrs {}, fpcr", out(reg) mode, options(nomem, nostack, preserves_flags)) };
        mode
    }

    pub(super) fn write(mode: u64) {
        // SAFETY: the value was read from the register, with no bit added but FLUSH, so it is valid; what
        // runs between two writes is described in the x86-64 version.
        unsafe { asm!("msr fpcr, {}", in(reg) mode, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod control {
    /// Not known for this processor: denormals are kept.
    pub(super) const FLUSH: u64 = 0;

    pub(super) fn read() -> u64 {
        0
    }

    pub(super) fn write(_mode: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    fn halved() -> f64 {
        black_box(f64::MIN_POSITIVE) * black_box(0.5)
    }

    #[test]
    fn flush_is_undone_also_on_unwind() {
        assert!(halved() > 0.0);
        let result = std::panic::catch_unwind(|| {
            let _mode = Mode::enter(Denormals::Flush);
            assert!(halved() > 0.0, "flushed");
        });
        assert!(result.is_err(), "the product is zero under Flush");
        assert!(halved() > 0.0);
    }
}
