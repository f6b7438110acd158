//! Groups that spike, beside what Brian2 gives for them (`make_events.py` and
//! `make_more_events.py` in `tests/reference`): events tick for
//! tick, values to the last digits that the reference has.

use dvdt::{Engine, Simulation};
use serde_json::Value;
use std::collections::BTreeMap;

/// Of the largest value of an array. Both sides solve the same formulas in different orders of operations;
/// the errors of some hundred ticks stay below a millionth of this.
const TOLERANCE: f64 = 1e-9;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn near(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}: the number of values");
    let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    for (place, (one, other)) in found.iter().zip(expected).enumerate() {
        assert!((one - other).abs() <= TOLERANCE * largest, "{what}, value {place}: {one} beside {other}");
    }
}

fn run(name: &str, text: &str) -> Simulation {
    let model = Engine::new().compile(name, text).unwrap_or_else(|error| panic!("{error}"));
    let mut simulation = model.simulation().unwrap();
    simulation.run_script().unwrap();
    simulation
}

#[test]
fn spikes_and_values_are_brian2s() {
    are_brian2s(include_str!("reference/events.json"));
}

#[test]
fn rules_easily_got_wrong_are_brian2s() {
    are_brian2s(include_str!("reference/more_events.json"));
}

fn are_brian2s(file: &str) {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let simulation = run(name, case["model"].as_str().unwrap());
        let events: BTreeMap<&String, &Value> = case["events"].as_object().unwrap().iter().collect();
        for (key, expected) in events {
            let found = simulation.events(key).unwrap();
            let what = format!("{name}, {key}");
            let ticks: Vec<f64> = found.ticks().iter().map(|&tick| tick as f64).collect();
            let elements: Vec<f64> = found.elements().iter().map(|&element| f64::from(element)).collect();
            assert_eq!(ticks, numbers(&expected["ticks"]), "{what}");
            assert_eq!(elements, numbers(&expected["elements"]), "{what}");
            for (variable, values) in expected["kept"].as_object().unwrap() {
                near(&format!("{what}({variable})"), found.values(variable).unwrap(), &numbers(values));
            }
        }
        for (key, expected) in case["values"].as_object().unwrap() {
            let expected: Vec<f64> = expected.as_array().unwrap().iter().flat_map(numbers).collect();
            near(&format!("{name}, {key}"), simulation.recording(key).unwrap().values(), &expected);
        }
    }
}
