//! NumPy's array file.
//!
//! The layout is NEP 1's version 1.0: a magic word, the length of the header, the header as a
//! Python dictionary padded to 64 bytes, and the numbers.

/// A kind of number in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 64-bit floats.
    Float,
    /// 64-bit integers.
    Integer,
}

impl Number {
    /// As NumPy writes it, with the lowest byte first.
    pub(super) fn code(self) -> &'static str {
        match self {
            Number::Float => "<f8",
            Number::Integer => "<i8",
        }
    }

    /// As NumPy's users say it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Number::Float => "float64",
            Number::Integer => "int64",
        }
    }
}

/// The first bytes of an array, a multiple of 64.
pub(super) fn header(code: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}, }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [b"\x93NUMPY\x01\x00".as_slice(), &length.to_le_bytes(), text.as_bytes()].concat()
}
