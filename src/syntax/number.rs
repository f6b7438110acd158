//! Gives number literals their value, by Python's rules.

use super::ast::Node;

/// Why a literal has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `1e400`
    TooLarge,
    /// `1j`
    Complex,
    /// `012`
    LeadingZero,
    /// `1__0`, `1_`
    Underscore,
    /// `0xfg`, `0b12`, `0x`
    Digits,
    /// `2ms`: the number ends at this byte.
    Suffix(usize),
}

/// The value of a literal: an integer where it is written as one and fits.
pub(super) fn decode(text: &str) -> Result<Node, Fault> {
    match text.get(..2) {
        Some("0x" | "0X") => radix(&text[2..], 4),
        Some("0o" | "0O") => radix(&text[2..], 3),
        Some("0b" | "0B") => radix(&text[2..], 1),
        Some(_) | None => decimal(text),
    }
}

fn decimal(text: &str) -> Result<Node, Fault> {
    let digits = numeric_prefix(text);
    match &text[digits..] {
        "" => {}
        "j" | "J" => return Err(Fault::Complex),
        _ => return Err(Fault::Suffix(digits)),
    }
    let plain = without_underscores(text, u8::is_ascii_digit)?;
    if plain.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return float(&plain);
    }
    if plain.starts_with('0') && plain.bytes().any(|byte| byte != b'0') {
        return Err(Fault::LeadingZero);
    }
    plain.parse().map_or_else(|_| float(&plain), |value| Ok(Node::Integer(value)))
}

/// How many bytes of `text` are digits, a dot and an exponent. An `_` counts as a digit.
fn numeric_prefix(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let signed = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(signed).is_some_and(u8::is_ascii_digit) {
            end = digits(signed);
        }
    }
    end
}

/// An underscore stands between two digits, nowhere else.
fn without_underscores(text: &str, is_digit: fn(&u8) -> bool) -> Result<String, Fault> {
    let bytes = text.as_bytes();
    let digit = |index: Option<usize>| index.and_then(|index| bytes.get(index)).is_some_and(is_digit);
    let stray = |(index, &byte): (usize, &u8)| byte == b'_' && !(digit(index.checked_sub(1)) && digit(Some(index + 1)));
    if bytes.iter().enumerate().any(stray) {
        return Err(Fault::Underscore);
    }
    Ok(text.chars().filter(|&character| character != '_').collect())
}

fn float(plain: &str) -> Result<Node, Fault> {
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Node::Float(value)),
        Ok(_) => Err(Fault::TooLarge),
        Err(_) => Err(Fault::Digits),
    }
}

/// A literal in base `2^bits`; Python allows an underscore after the prefix too.
fn radix(digits: &str, bits: u32) -> Result<Node, Fault> {
    let plain = without_underscores(digits.strip_prefix('_').unwrap_or(digits), u8::is_ascii_hexdigit)?;
    let base = 1 << bits;
    if plain.is_empty() || plain.chars().any(|digit| !digit.is_digit(base)) {
        return Err(Fault::Digits);
    }
    i64::from_str_radix(&plain, base).map_or_else(|_| wide(&plain, bits), |value| Ok(Node::Integer(value)))
}

/// The float nearest to an integer that is too wide for `i64`.
///
/// The leading bits are kept in `mantissa`. What is cut off only matters for the rounding, where one
/// sticky bit far below the last place of the float stands for all of it.
#[allow(clippy::cast_precision_loss, reason = "this is the one rounding")]
fn wide(plain: &str, bits: u32) -> Result<Node, Fault> {
    let (mut mantissa, mut exponent) = (0u64, 0u32);
    for digit in plain.chars().filter_map(|digit| digit.to_digit(1 << bits)) {
        if mantissa >> (64 - bits) == 0 {
            mantissa = mantissa << bits | u64::from(digit);
        } else {
            mantissa |= u64::from(digit != 0);
            exponent = exponent.saturating_add(bits);
        }
    }
    let scale = if exponent < 1024 { f64::from_bits(u64::from(exponent + 1023) << 52) } else { f64::INFINITY };
    let value = mantissa as f64 * scale;
    if value.is_finite() { Ok(Node::Float(value)) } else { Err(Fault::TooLarge) }
}
