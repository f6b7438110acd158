//! The names of units, read by their parts: prefix, stem, power.
//!
//! The set is that of Brian2's equations, 1710 names, and `mS`, which Brian2 has in Python only.

use super::{Dimension, Ratio};

/// What a name of a unit stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// What it measures.
    pub dimension: Dimension,
    /// How many SI base units it is: the float nearest to `10**exponent`.
    pub scale: f64,
    /// The scale as a power of ten, exactly.
    pub exponent: i32,
}

impl Unit {
    fn new(dimension: Dimension, exponent: i32) -> Unit {
        Unit { dimension, scale: power_of_ten(exponent), exponent }
    }
}

/// The float nearest to `10**exponent`; the standard library reads decimals correctly rounded.
fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::NAN)
}

/// The prefixes of equations, with their powers of ten.
const PREFIXES: [(char, i32); 16] = [
    ('y', -24),
    ('z', -21),
    ('a', -18),
    ('f', -15),
    ('p', -12),
    ('n', -9),
    ('u', -6),
    ('m', -3),
    ('k', 3),
    ('M', 6),
    ('G', 9),
    ('T', 12),
    ('P', 15),
    ('E', 18),
    ('Z', 21),
    ('Y', 24),
];

/// The four prefixes that only litres take.
const LITRE_PREFIXES: [(&str, i32); 4] = [("c", -2), ("d", -1), ("h", 2), ("da", 1)];

/// A stem, its exponents of m, kg, s, A, K, mol, cd, and its power of ten.
type Stem = (&'static str, [i32; 7], i32);

/// Stems that take prefixes and the powers 2 and 3.
const STEMS: [Stem; 32] = [
    ("metre", [1, 0, 0, 0, 0, 0, 0], 0),
    ("meter", [1, 0, 0, 0, 0, 0, 0], 0),
    ("second", [0, 0, 1, 0, 0, 0, 0], 0),
    ("amp", [0, 0, 0, 1, 0, 0, 0], 0),
    ("ampere", [0, 0, 0, 1, 0, 0, 0], 0),
    ("mole", [0, 0, 0, 0, 0, 1, 0], 0),
    ("mol", [0, 0, 0, 0, 0, 1, 0], 0),
    ("candle", [0, 0, 0, 0, 0, 0, 1], 0),
    ("gram", [0, 1, 0, 0, 0, 0, 0], -3),
    ("gramme", [0, 1, 0, 0, 0, 0, 0], -3),
    ("molar", [-3, 0, 0, 0, 0, 1, 0], 3),
    ("radian", [0; 7], 0),
    ("steradian", [0; 7], 0),
    ("hertz", [0, 0, -1, 0, 0, 0, 0], 0),
    ("newton", [1, 1, -2, 0, 0, 0, 0], 0),
    ("pascal", [-1, 1, -2, 0, 0, 0, 0], 0),
    ("joule", [2, 1, -2, 0, 0, 0, 0], 0),
    ("watt", [2, 1, -3, 0, 0, 0, 0], 0),
    ("coulomb", [0, 0, 1, 1, 0, 0, 0], 0),
    ("volt", [2, 1, -3, -1, 0, 0, 0], 0),
    ("farad", [-2, -1, 4, 2, 0, 0, 0], 0),
    ("ohm", [2, 1, -3, -2, 0, 0, 0], 0),
    ("siemens", [-2, -1, 3, 2, 0, 0, 0], 0),
    ("weber", [2, 1, -2, -1, 0, 0, 0], 0),
    ("tesla", [0, 1, -2, -1, 0, 0, 0], 0),
    ("henry", [2, 1, -2, -2, 0, 0, 0], 0),
    ("lumen", [0, 0, 0, 0, 0, 0, 1], 0),
    ("lux", [-2, 0, 0, 0, 0, 0, 1], 0),
    ("becquerel", [0, 0, -1, 0, 0, 0, 0], 0),
    ("gray", [2, 0, -2, 0, 0, 0, 0], 0),
    ("sievert", [2, 0, -2, 0, 0, 0, 0], 0),
    ("katal", [0, 0, -1, 0, 0, 1, 0], 0),
];

/// Stems that take powers, but no prefix.
const UNPREFIXED: [Stem; 3] = [
    ("kilogram", [0, 1, 0, 0, 0, 0, 0], 0),
    ("kilogramme", [0, 1, 0, 0, 0, 0, 0], 0),
    ("kelvin", [0, 0, 0, 0, 1, 0, 0], 0),
];

/// Stems that take every prefix, but no power.
const LITRES: [Stem; 2] = [("liter", [3, 0, 0, 0, 0, 0, 0], -3), ("litre", [3, 0, 0, 0, 0, 0, 0], -3)];

/// A short name, its stem, its prefix's power of ten, and its power.
const SHORT: [(&str, &str, i32, i32); 28] = [
    ("mV", "volt", -3, 1),
    ("mA", "amp", -3, 1),
    ("uA", "amp", -6, 1),
    ("nA", "amp", -9, 1),
    ("pA", "amp", -12, 1),
    ("pF", "farad", -12, 1),
    ("uF", "farad", -6, 1),
    ("nF", "farad", -9, 1),
    ("nS", "siemens", -9, 1),
    ("uS", "siemens", -6, 1),
    ("mS", "siemens", -3, 1),
    ("ms", "second", -3, 1),
    ("us", "second", -6, 1),
    ("Hz", "hertz", 0, 1),
    ("kHz", "hertz", 3, 1),
    ("MHz", "hertz", 6, 1),
    ("cm", "metre", -2, 1),
    ("cm2", "metre", -2, 2),
    ("cm3", "metre", -2, 3),
    ("mm", "metre", -3, 1),
    ("mm2", "metre", -3, 2),
    ("mm3", "metre", -3, 3),
    ("um", "metre", -6, 1),
    ("um2", "metre", -6, 2),
    ("um3", "metre", -6, 3),
    ("mM", "molar", -3, 1),
    ("uM", "molar", -6, 1),
    ("nM", "molar", -9, 1),
];

/// The unit called `name` in an expression.
///
/// ```
/// use dvdt::dimension::unit;
/// assert_eq!(unit("mV").map(|unit| unit.scale), Some(1e-3));
/// assert_eq!(unit("mmetre2").map(|unit| unit.exponent), Some(-6));
/// assert_eq!(unit("parsec"), None);
/// ```
pub fn unit(name: &str) -> Option<Unit> {
    short(name).or_else(|| litre(name)).or_else(|| stemmed(name))
}

fn short(name: &str) -> Option<Unit> {
    let &(_, stem, prefix, power) = SHORT.iter().find(|row| row.0 == name)?;
    raise(find(&STEMS, stem)?, prefix, power)
}

fn litre(name: &str) -> Option<Unit> {
    let all = PREFIXES.iter().map(|&(letter, exponent)| (letter.to_string(), exponent));
    let rare = LITRE_PREFIXES.iter().map(|&(letters, exponent)| (letters.to_owned(), exponent));
    let stem = LITRES.iter().find(|stem| name.ends_with(stem.0))?;
    let prefix = name.strip_suffix(stem.0)?;
    if prefix.is_empty() {
        return raise(stem, 0, 1);
    }
    let (_, exponent) = all.chain(rare).find(|(letters, _)| letters == prefix)?;
    raise(stem, exponent, 1)
}

fn stemmed(name: &str) -> Option<Unit> {
    let (name, power) = match name.as_bytes().last()? {
        b'2' => (&name[..name.len() - 1], 2),
        b'3' => (&name[..name.len() - 1], 3),
        _ => (name, 1),
    };
    if let Some(stem) = find(&STEMS, name).or_else(|| find(&UNPREFIXED, name)) {
        return raise(stem, 0, power);
    }
    let (stem, prefix) = split_prefix(name)?;
    raise(find(&STEMS, stem)?, prefix, power)
}

/// What follows the prefix, and the prefix's power of ten.
fn split_prefix(name: &str) -> Option<(&str, i32)> {
    let letter = name.chars().next()?;
    let &(_, exponent) = PREFIXES.iter().find(|prefix| prefix.0 == letter)?;
    Some((&name[letter.len_utf8()..], exponent))
}

fn find(stems: &'static [Stem], name: &str) -> Option<&'static Stem> {
    stems.iter().find(|stem| stem.0 == name)
}

fn raise(stem: &Stem, prefix: i32, power: i32) -> Option<Unit> {
    let dimension = Dimension::of(stem.1).power(Ratio::whole(power))?;
    Some(Unit::new(dimension, (stem.2 + prefix) * power))
}

/// The unit called `name` after the colon of a declaration, where only units of scale 1 may
/// stand: `volt`, not `mV`; `mM`, not `molar`.
pub fn declared_unit(name: &str) -> Option<Unit> {
    unit(name).filter(|unit| unit.exponent == 0 && !name.ends_with(['2', '3']))
}

/// Every name that [`unit()`] knows, each once.
pub fn unit_names() -> Vec<String> {
    let mut names: Vec<String> = SHORT.iter().map(|row| row.0.to_owned()).collect();
    let letters: Vec<String> = PREFIXES.iter().map(|prefix| prefix.0.to_string()).collect();
    for stem in STEMS.iter().chain(&UNPREFIXED) {
        let prefixed = letters.iter().filter(|_| find(&STEMS, stem.0).is_some());
        for name in std::iter::once(String::new()).chain(prefixed.cloned()).map(|prefix| prefix + stem.0) {
            names.extend(["", "2", "3"].map(|power| format!("{name}{power}")));
        }
    }
    for stem in LITRES {
        let rare = LITRE_PREFIXES.iter().map(|prefix| prefix.0.to_owned());
        names.push(stem.0.to_owned());
        names.extend(letters.iter().cloned().chain(rare).map(|prefix| prefix + stem.0));
    }
    names
}

/// The names that people write: short ones, and stems without prefix and power. For suggestions.
pub fn short_names() -> impl Iterator<Item = &'static str> {
    let stems = STEMS.iter().chain(&UNPREFIXED).chain(&LITRES).map(|stem| stem.0);
    SHORT.iter().map(|row| row.0).chain(stems)
}

/// The names that [`declared_unit`] knows. For suggestions.
pub fn declared_names() -> impl Iterator<Item = &'static str> {
    let others = ["kgram", "kgramme", "klitre", "kliter", "mmolar"];
    short_names().chain(others).filter(|name| declared_unit(name).is_some())
}

/// Symbols of the SI that are no names of the language, being too good as names of variables.
const SYMBOLS: [(&str, &str); 20] = [
    ("s", "second"),
    ("sec", "second"),
    ("m", "meter"),
    ("g", "gram"),
    ("kg", "kilogram"),
    ("A", "amp"),
    ("K", "kelvin"),
    ("cd", "candle"),
    ("V", "volt"),
    ("S", "siemens"),
    ("F", "farad"),
    ("C", "coulomb"),
    ("M", "molar"),
    ("N", "newton"),
    ("J", "joule"),
    ("W", "watt"),
    ("Pa", "pascal"),
    ("T", "tesla"),
    ("H", "henry"),
    ("Ohm", "ohm"),
];

/// What the language calls the unit whose SI symbol is `symbol`: `siemens` for `S`, `uvolt` for
/// `uV`; `None` when it is no symbol, or a name already.
pub fn spelled_out(symbol: &str) -> Option<String> {
    let find = |symbol: &str| SYMBOLS.iter().find(|row| row.0 == symbol).map(|row| row.1);
    if unit(symbol).is_some() {
        return None;
    }
    if let Some(name) = find(symbol) {
        return Some(name.to_owned());
    }
    let (rest, _) = split_prefix(symbol)?;
    let name = format!("{}{}", &symbol[..symbol.len() - rest.len()], find(rest)?);
    unit(&name).map(|_| name)
}
