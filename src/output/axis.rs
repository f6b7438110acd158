//! Axes in units that people read: a prefix that keeps numbers short, and round ticks.

/// One axis. Positions are in SI base units; texts are in the unit of the label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    /// The smaller end.
    pub low: f64,
    /// The larger end, never equal to the smaller.
    pub high: f64,
    /// `mV`, `ms`, empty for plain numbers.
    pub unit: String,
    /// Positions and texts, ascending.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis that shows `low` to `high` with about `count` ticks. With `tight` it ends there,
    /// else it leaves room.
    pub(super) fn new(low: f64, high: f64, unit: &str, count: usize, tight: bool) -> Axis {
        let (low, high) = widen(low, high, tight);
        let (factor, unit) = readable(low.abs().max(high.abs()), unit);
        let step = round_step((high - low) / factor, count);
        Axis { low, high, unit, ticks: ticks(low, high, factor, step) }
    }

    /// An axis of the numbers of `size` elements, with half of one's room around each.
    pub(super) fn of_elements(size: usize, count: usize) -> Axis {
        let size = size.max(1) as f64;
        let (low, high) = (-0.5, size - 0.5);
        let step = round_step(size, count).max(1.0);
        Axis { low, high, unit: String::new(), ticks: ticks(low, high, 1.0, step) }
    }

    /// The same axis up to the tick that would follow the last.
    pub(super) fn up_to_tick(mut self, unit: &str, count: usize) -> Axis {
        if let [.., (before, _), (last, _)] = self.ticks[..]
            && self.high > last
        {
            self = Axis::new(self.low, last + (last - before), unit, count, true);
        }
        self
    }

    /// Where `value` stands between the ends: 0 to 1.
    pub(super) fn fraction(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// Room above and below, and an interval even around a single value.
fn widen(low: f64, high: f64, tight: bool) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low <= 1e-12 * size || size == 0.0 {
        let room = if size == 0.0 { 1.0 } else { 0.1 * size };
        return if tight { (low, low + room) } else { (low - room, low + room) };
    }
    let room = if tight { 0.0 } else { 0.05 * (high - low) };
    (low - room, high + room)
}

/// What one step of the label's unit is in SI base units, and that unit.
fn readable(size: f64, unit: &str) -> (f64, String) {
    let (symbol, prefixable) = symbol(unit);
    if prefixable {
        let largest = if unit == "second" { 1.0 } else { f64::INFINITY };
        let fits = |&&(factor, _): &&(f64, &str)| factor <= largest && size >= 0.9995 * factor;
        let (factor, prefix) = PREFIXES.iter().find(fits).unwrap_or(&(1.0, ""));
        return (*factor, format!("{prefix}{symbol}"));
    }
    let exponent = decade(size);
    if size == 0.0 || (-3..5).contains(&exponent) {
        return (1.0, symbol);
    }
    let exponent = exponent.div_euclid(3) * 3;
    (power_of_ten(exponent), format!("10{} {symbol}", superscript(exponent)).trim_end().to_owned())
}

const PREFIXES: [(f64, &str); 13] = [
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
    (1e-18, "a"),
    (1e-21, "z"),
];

/// A unit as its symbols, `S/m²` for `siemens/metre**2`, and whether a prefix may stand before it.
fn symbol(unit: &str) -> (String, bool) {
    if unit == "1" {
        return (String::new(), false);
    }
    let mut text = String::new();
    let mut rest = unit;
    while !rest.is_empty() {
        let word = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        if word > 0 {
            text +=
                UNITS.iter().find(|(name, _, _)| *name == &rest[..word]).map_or(&rest[..word], |(_, short, _)| short);
            rest = &rest[word..];
        } else if let Some(power) = rest.strip_prefix("**").or_else(|| rest.strip_prefix('^')) {
            let digits = power.len() - power.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').len();
            match power[..digits].parse::<i32>() {
                Ok(exponent) if !power[digits..].starts_with('.') => text += &superscript(exponent),
                _ => text += &format!("^{}", &power[..digits]),
            }
            rest = &power[digits..];
        } else {
            let first = rest.chars().next().unwrap_or(' ');
            text.push(if first == '*' || first == ' ' { '·' } else { first });
            rest = &rest[first.len_utf8()..];
        }
    }
    (text, takes_prefix(unit))
}

/// The first factor decides: `siemens/metre**2` does, `metre**2` and `1/second` do not.
fn takes_prefix(unit: &str) -> bool {
    let word = unit.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let rest = &unit[word.len()..];
    let known = UNITS.iter().any(|(name, short, prefix)| *prefix && (*name == word || *short == word));
    known && !rest.starts_with("**") && !rest.starts_with('^')
}

/// Names, symbols, and whether prefixes are usual.
const UNITS: [(&str, &str, bool); 33] = [
    ("second", "s", true),
    ("volt", "V", true),
    ("amp", "A", true),
    ("ampere", "A", true),
    ("siemens", "S", true),
    ("ohm", "Ω", true),
    ("farad", "F", true),
    ("coulomb", "C", true),
    ("hertz", "Hz", true),
    ("Hz", "Hz", true),
    ("becquerel", "Bq", true),
    ("metre", "m", true),
    ("meter", "m", true),
    ("newton", "N", true),
    ("pascal", "Pa", true),
    ("joule", "J", true),
    ("watt", "W", true),
    ("weber", "Wb", true),
    ("tesla", "T", true),
    ("henry", "H", true),
    ("mole", "mol", true),
    ("mol", "mol", true),
    ("kilogram", "kg", false),
    ("kilogramme", "kg", false),
    ("kelvin", "K", true),
    ("candle", "cd", true),
    ("lumen", "lm", true),
    ("lux", "lx", true),
    ("gray", "Gy", true),
    ("sievert", "Sv", true),
    ("katal", "kat", true),
    ("radian", "rad", true),
    ("mmolar", "mM", false),
];

/// 1, 2 or 5 times a power of ten, so that about `count` steps make up `range`: at most 1.4 times as many.
fn round_step(range: f64, count: usize) -> f64 {
    let raw = range / count.max(1) as f64;
    let unit = power_of_ten(decade(raw));
    let choices = [1.0, 2.0, 5.0, 10.0];
    unit * choices.into_iter().find(|choice| raw <= 1.4 * choice * unit).unwrap_or(10.0)
}

fn ticks(low: f64, high: f64, factor: f64, step: f64) -> Vec<(f64, String)> {
    let decimals = usize::try_from(-decade(step * 1.0001)).unwrap_or(0);
    let slack = 1e-6 * step;
    let first = ((low / factor - slack) / step).ceil();
    let last = ((high / factor + slack) / step).floor();
    let count = (last - first).clamp(0.0, 100.0) as u32;
    (0..=count).map(|k| (first + f64::from(k)) * step).map(|tick| (tick * factor, text(tick, decimals))).collect()
}

/// With a true minus sign, and without one before zero.
fn text(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) => format!("\u{2212}{digits}"),
        Some(digits) => digits.to_owned(),
        None => text,
    }
}

/// The exponent of ten in scientific notation, 0 for 0; exact, unlike a logarithm.
fn decade(value: f64) -> i32 {
    format!("{value:e}").split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(1.0)
}

fn superscript(number: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    number.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(low: f64, high: f64, unit: &str) -> String {
        let axis = Axis::new(low, high, unit, 4, true);
        let ticks: Vec<_> = axis.ticks.into_iter().map(|(_, text)| text).collect();
        format!("{} | {}", axis.unit, ticks.join(" "))
    }

    #[test]
    fn prefixes_keep_numbers_short() {
        assert_eq!(shown(-0.065, 0.035, "volt"), "mV | −60 −40 −20 0 20");
        assert_eq!(shown(0.0, 0.001, "volt"), "mV | 0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(shown(0.0, 100.0, "second"), "s | 0 20 40 60 80 100");
        assert_eq!(shown(0.0, 4000.0, "second"), "s | 0 1000 2000 3000 4000");
        assert_eq!(shown(0.0, 4e-8, "siemens"), "nS | 0 10 20 30 40");
        assert_eq!(shown(0.0, 4e-5, "siemens/metre**2"), "µS/m² | 0 10 20 30 40");
        assert_eq!(shown(0.0, 1.0, "1"), " | 0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(shown(0.0, 4e-8, "1"), "10⁻⁹ | 0 10 20 30 40");
        assert_eq!(shown(0.0, 4e7, "1/second"), "10⁶ 1/s | 0 10 20 30 40");
    }

    #[test]
    fn elements_have_whole_numbers() {
        let shown = |size: usize| {
            let ticks: Vec<_> = Axis::of_elements(size, 5).ticks.into_iter().map(|(_, text)| text).collect();
            ticks.join(" ")
        };
        assert_eq!([0, 1, 2, 10].map(shown), ["0", "0", "0 1", "0 2 4 6 8"]);
        assert_eq!(shown(1_000_000), "0 200000 400000 600000 800000");
    }

    #[test]
    fn a_single_value_has_an_interval_around_it() {
        let axis = Axis::new(-0.06, -0.06, "volt", 4, false);
        assert!(axis.low < -0.06 && axis.high > -0.06 && axis.ticks.len() > 2);
        assert_eq!(Axis::new(0.0, 0.0, "1", 4, false).high, 1.0);
    }
}
