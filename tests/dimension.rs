//! Ratios, dimensions, names of units, and quantities of `dimensioned`.

use dimensioned::f64prefixes::{MILLI, NANO};
use dimensioned::si;
use dvdt::dimension::{Dimension, Quantity, Ratio, declared_names, declared_unit, spelled_out, unit, unit_names};
use std::collections::BTreeSet;

fn ratio(numerator: i128, denominator: i128) -> Ratio {
    Ratio::new(numerator, denominator).unwrap()
}

fn dimension(name: &str) -> Dimension {
    unit(name).unwrap_or_else(|| panic!("{name} is no unit")).dimension
}

#[test]
fn ratios_are_in_lowest_terms_and_checked() {
    assert_eq!(ratio(6, -4), ratio(-3, 2));
    assert_eq!(ratio(1, 10).plus(ratio(2, 10)), Some(ratio(3, 10)));
    assert_eq!(ratio(1, 3).times(Ratio::whole(3)), Some(Ratio::ONE));
    assert_eq!(ratio(1, 2).over(Ratio::ZERO), None);
    assert_eq!(Ratio::new(0, 0), None);
    assert_eq!(Ratio::new(i128::MIN, 1), None);
    assert_eq!(Ratio::new(i128::MIN, -1), None);
    assert_eq!(Ratio::whole(i32::MAX).plus(Ratio::ONE), None);
    assert_eq!(ratio(1, i128::from(i32::MAX)).times(ratio(1, 2)), None);
}

/// The count is Brian2's, `reference/brian2.md` 2.1: 32 stems x 17 x 3, three unprefixed stems
/// x 3, two litres x 21, 27 short names; ours adds `mS`.
#[test]
fn there_are_1710_names_and_one_more() {
    let names: BTreeSet<String> = unit_names().into_iter().collect();
    assert_eq!(names.len(), unit_names().len(), "each once");
    assert_eq!(names.len(), 1710 + 1);
    for name in &names {
        assert!(unit(name).is_some(), "{name}");
    }
}

/// No other short word is a unit: every string over the letters of the parts, up to length 4.
#[test]
fn nothing_else_is_a_unit() {
    let names: BTreeSet<String> = unit_names().into_iter().collect();
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain('1'..='4').collect();
    let mut words = vec![String::new()];
    for _ in 0..4 {
        words = words.iter().flat_map(|word| letters.iter().map(move |&letter| format!("{word}{letter}"))).collect();
        for word in words.iter().filter(|word| word.len() < 4 || word.starts_with(['m', 'M'])) {
            assert_eq!(unit(word).is_some(), names.contains(word), "{word}");
        }
    }
    for name in &names {
        for near in
            [format!("{name}2"), format!("{name}3"), format!("m{name}"), format!("da{name}"), format!("c{name}")]
        {
            assert_eq!(unit(&near).is_some(), names.contains(&near), "{near}");
        }
    }
}

/// Definitions of the SI brochure, 9th edition, tables 2, 4 and 7.
#[test]
fn scales_are_the_nearest_floats() {
    let rows = [
        ("mV", 1e-3),
        ("mmetre2", 1e-6),
        ("mmetre3", 1e-9),
        ("um3", 1e-18),
        ("ymeter3", 1e-72),
        ("cm2", 1e-4),
        ("cm3", 1e-6),
        ("gram", 1e-3),
        ("gram3", 1e-9),
        ("kgram", 1.0),
        ("mgramme", 1e-6),
        ("kilogram2", 1.0),
        ("molar", 1e3),
        ("mM", 1.0),
        ("nM", 1e-6),
        ("molar2", 1e6),
        ("litre", 1e-3),
        ("daliter", 1e-2),
        ("uliter", 1e-9),
        ("MHz", 1e6),
        ("Yamp", 1e24),
        ("pF", 1e-12),
        ("mS", 1e-3),
    ];
    for (name, scale) in rows {
        assert_eq!(unit(name).map(|unit| unit.scale.to_bits()), Some(f64::to_bits(scale)), "{name}");
    }
    for name in
        ["S", "V", "s", "celsius", "cmetre", "minute", "litre2", "degree", "mkilogram", "kkelvin", "", "2", "µm"]
    {
        assert_eq!(unit(name), None, "{name}");
    }
}

#[test]
fn derived_units_are_what_they_are_made_of() {
    let rows = [
        ("volt", "watt", "amp"),
        ("ohm", "volt", "amp"),
        ("siemens", "amp", "volt"),
        ("farad", "coulomb", "volt"),
        ("henry", "weber", "amp"),
        ("watt", "joule", "second"),
        ("pascal", "newton", "meter2"),
        ("tesla", "weber", "meter2"),
        ("lux", "lumen", "metre2"),
        ("gray", "joule", "kilogram"),
        ("katal", "mole", "second"),
        ("molar", "mol", "litre"),
        ("becquerel", "radian", "second"),
        ("amp", "coulomb", "second"),
    ];
    for (whole, upper, lower) in rows {
        assert_eq!(dimension(upper).divide(&dimension(lower)), Some(dimension(whole)), "{whole} = {upper}/{lower}");
    }
}

/// The list of `reference/brian2.md` 1.2.
#[test]
fn declarations_take_units_of_scale_one() {
    let listed = "amp ampere candle lumen coulomb farad gray sievert henry hertz Hz becquerel joule katal kelvin \
        kilogram kilogramme kgram kgramme klitre kliter lux metre meter mmolar mM mole mol newton ohm pascal radian \
        steradian second siemens tesla volt watt weber";
    let listed: BTreeSet<&str> = listed.split_whitespace().collect();
    let all = unit_names();
    let declared: BTreeSet<&str> =
        all.iter().map(String::as_str).filter(|name| declared_unit(name).is_some()).collect();
    assert_eq!(declared, listed);
    assert_eq!(declared_names().collect::<BTreeSet<_>>(), listed);
}

#[test]
fn dimensions_print_as_the_language_writes_them() {
    let rows: [(&[(&str, i128, i128)], &str); 20] = [
        (&[], "1"),
        (&[("volt", 1, 1)], "volt"),
        (&[("volt", 1, 1), ("second", -1, 1)], "volt/second"),
        (&[("amp", 1, 1), ("farad", -1, 1)], "volt/second"),
        (&[("siemens", 1, 1), ("meter", -2, 1)], "siemens/meter**2"),
        (&[("second", -1, 1)], "1/second"),
        (&[("hertz", 1, 1), ("volt", 1, 1)], "volt/second"),
        (&[("volt", 1, 2)], "volt**0.5"),
        (&[("second", -1, 2)], "1/second**0.5"),
        (&[("volt", 1, 3)], "volt**(1/3)"),
        (&[("volt", 1, 1), ("second", -1, 2)], "volt/second**0.5"),
        (&[("amp", 1, 1), ("meter", -2, 1)], "amp/meter**2"),
        (&[("meter", 2, 1)], "meter**2"),
        (&[("molar", 1, 1), ("second", -1, 1)], "mM/second"),
        (&[("molar", -1, 1), ("second", -1, 1)], "1/mM/second"),
        (&[("ohm", 1, 1), ("meter", 1, 1)], "ohm*meter"),
        (&[("volt", -1, 1)], "1/volt"),
        (&[("volt", 2, 1), ("second", 1, 1)], "volt**2*second"),
        (&[("joule", 1, 1), ("kelvin", -1, 1), ("mole", -1, 1)], "joule/kelvin/mole"),
        (&[("kilogram", 1, 1), ("second", -2, 1)], "newton/meter"),
    ];
    for (factors, text) in rows {
        let dimension = factors.iter().fold(Dimension::DIMENSIONLESS, |product, &(name, upper, lower)| {
            let factor = dimension(name).power(ratio(upper, lower)).unwrap();
            product.multiply(&factor).unwrap()
        });
        assert_eq!(dimension.to_string(), text);
    }
}

#[test]
fn powers_that_do_not_fit_are_refused() {
    let large = Dimension::LENGTH.power(Ratio::whole(i32::MAX)).unwrap();
    assert_eq!(large.multiply(&Dimension::LENGTH), None);
    assert_eq!(large.power(Ratio::whole(2)), None);
    assert_eq!(Dimension::DIMENSIONLESS.power(Ratio::whole(i32::MIN)), Some(Dimension::DIMENSIONLESS));
}

#[test]
fn symbols_of_the_si_are_spelled_out() {
    for (symbol, name) in [("S", "siemens"), ("V", "volt"), ("uV", "uvolt"), ("kg", "kilogram"), ("pS", "psiemens")] {
        assert_eq!(spelled_out(symbol).as_deref(), Some(name));
        assert!(unit(name).is_some());
    }
    assert_eq!(spelled_out("mV"), None);
    assert_eq!(spelled_out("tau"), None);
}

#[test]
fn quantities_of_dimensioned_keep_value_and_unit() {
    assert_eq!((100.0 * MILLI * si::S).si(), (100.0 * 1e-3, Dimension::TIME));
    assert_eq!((2.5 * si::V).si(), (2.5, dimension("volt")));
    assert_eq!((3.0 * NANO * si::A).si(), (3.0 * 1e-9, Dimension::CURRENT));
    assert_eq!((1.0 * si::MOL).si(), (1.0, Dimension::AMOUNT));
    assert_eq!((1.0 * si::CD).si(), (1.0, Dimension::LUMINOSITY));
    assert_eq!((1.0 * si::K).si(), (1.0, Dimension::TEMPERATURE));
    assert_eq!((1.0 * si::SIE / si::M2).si(), (1.0, dimension("siemens").divide(&dimension("meter2")).unwrap()));
    assert_eq!((1.0 * si::F).si().1, dimension("farad"));
    assert_eq!((1.0 * si::OHM * si::SIE).si(), (1.0, Dimension::DIMENSIONLESS));
    assert_eq!(7.5.si(), (7.5, Dimension::DIMENSIONLESS));
}
