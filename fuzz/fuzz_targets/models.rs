//! Random models: the interpreter and machine code agree bit for bit, and the printed model is the
//! same model.
#![no_main]

#[path = "../../tests/generate/mod.rs"]
mod generate;

use arbitrary::Unstructured;
use dvdt::{Engine, Executor, Kind, Lanes, Options, Simulation, Stage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut u = Unstructured::new(bytes);
    let Ok(text) = generate::models::model(&mut u) else { return };
    let lanes = if u.arbitrary().unwrap_or(true) { Lanes::Two } else { Lanes::One };
    let interpreter = Engine::new().executor(Executor::Interpreter);
    let expected = run(&interpreter, &text);
    let interleave = if u.arbitrary().unwrap_or(true) { None } else { Some(4) };
    assert_eq!(expected, run(&Engine::new().options(Options { lanes, interleave }), &text), "{lanes:?}\n{text}");
    let printed = interpreter.compile("fuzz", &text).expect("a model").emit(Stage::Ast, None).expect("a text");
    assert_eq!(expected, run(&interpreter, &printed), "{text}\n{printed}");
});

fn run(engine: &Engine, text: &str) -> Vec<(String, Vec<u64>)> {
    let model = engine.compile("fuzz", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut simulation = model.simulation_with_seed(1).expect("memory");
    simulation.run_script().expect("a run");
    numbers(&simulation)
}

/// Every number by name, with NaNs by class.
fn numbers(simulation: &Simulation) -> Vec<(String, Vec<u64>)> {
    let bits = |value: &f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    let words = |name: &str| match simulation.kind(name).expect("a variable") {
        Kind::Float => simulation.floats(name).expect("floats").iter().map(bits).collect(),
        Kind::Integer => simulation.integers(name).expect("integers").iter().map(|value| value.cast_unsigned()).collect(),
        Kind::Boolean => simulation.booleans(name).expect("truths").iter().map(|&value| u64::from(value)).collect(),
    };
    let mut all: Vec<(String, Vec<u64>)> =
        simulation.names().into_iter().map(|name| { let words = words(&name); (name, words) }).collect();
    let recordings = simulation.recordings();
    all.extend(recordings.map(|recording| (recording.name().to_owned(), recording.values().iter().map(bits).collect())));
    all
}
