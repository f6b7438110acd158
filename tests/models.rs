//! Generated models: the interpreter against compiled code, and text against its printed form.

mod generate;

use arbitrary::Unstructured;
use dvdt::{Engine, Executor, Kind, Lanes, Options, Simulation};

/// How many models one run takes.
const MODELS: u64 = 2500;

/// Every number of a simulation by name, with NaNs by class.
fn numbers(simulation: &Simulation) -> Vec<(String, u64)> {
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    let mut all = vec![];
    for name in simulation.names() {
        let words: Vec<u64> = match simulation.kind(&name).unwrap() {
            Kind::Float => simulation.to_floats(&name).unwrap().iter().map(|&value| bits(value)).collect(),
            Kind::Integer => simulation.integers(&name).unwrap().iter().map(|value| value.cast_unsigned()).collect(),
            Kind::Boolean => simulation.booleans(&name).unwrap().iter().map(|&value| u64::from(value)).collect(),
        };
        all.extend(words.into_iter().enumerate().map(|(element, word)| (format!("{name}[{element}]"), word)));
    }
    for recording in simulation.recordings() {
        all.extend(recording.values().iter().map(|&value| (format!("record {}", recording.name()), bits(value))));
    }
    for events in simulation.all_events() {
        let mut add = |what: &str, word: u64| all.push((format!("{what} of {}", events.name()), word));
        events.ticks().iter().for_each(|&tick| add("tick", tick));
        events.elements().iter().for_each(|&element| add("element", element.into()));
        events.counts().iter().for_each(|&count| add("count", count));
        for (variable, _) in events.variables() {
            events.values(variable).unwrap().iter().for_each(|&value| add(variable, bits(value)));
        }
    }
    all
}

fn run(engine: &Engine, text: &str, seed: u64, threads: usize) -> Vec<(String, u64)> {
    let model = engine.compile("generated", text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
    let mut simulation = model.simulation_with_seed(seed).unwrap();
    simulation.set_threads(threads).unwrap();
    simulation.always_divide();
    simulation.run_script().unwrap();
    simulation.tick().unwrap();
    numbers(&simulation)
}

#[test]
fn interpreter_and_machine_code_agree() {
    let forms = [
        (Lanes::Eight, None),
        (Lanes::Four, None),
        (Lanes::One, None),
        (Lanes::Two, None),
        (Lanes::Eight, Some(1)),
        (Lanes::Four, Some(1)),
        (Lanes::Two, Some(1)),
        (Lanes::Four, Some(2)),
        (Lanes::Eight, Some(2)),
        (Lanes::Two, Some(4)),
    ];
    let forms: Vec<_> = forms.into_iter().filter(|(lanes, _)| lanes.has_machine()).collect();
    for seed in 0..MODELS {
        let bytes = generate::bytes(seed, 8192);
        let text = generate::models::model(&mut Unstructured::new(&bytes)).unwrap();
        let expected = run(&Engine::new().executor(Executor::Interpreter), &text, seed, 1);
        let (lanes, interleave) = forms[(seed % forms.len() as u64) as usize];
        let options = Options { lanes, interleave };
        let threads = 1 + usize::try_from(seed % 3).unwrap();
        let found = run(&Engine::new().options(options), &text, seed, threads);
        if let Some((one, two)) = expected.iter().zip(&found).find(|(one, two)| one != two) {
            let float = |bits: u64| f64::from_bits(bits);
            panic!(
                "seed {seed}, {options:?}, {threads} threads: {} is {:?}, should be {:?}\n{text}",
                one.0,
                float(two.1),
                float(one.1)
            );
        }
        assert_eq!(expected.len(), found.len());
    }
}

#[test]
fn models_print_and_parse_to_the_same() {
    let engine = Engine::new().executor(Executor::Interpreter);
    for seed in 0..MODELS / 10 {
        let bytes = generate::bytes(seed, 8192);
        let text = generate::models::model(&mut Unstructured::new(&bytes)).unwrap();
        let printed = engine.compile("generated", &text).unwrap().emit(dvdt::Stage::Ast, None).unwrap();
        assert_eq!(run(&engine, &text, seed, 1), run(&engine, &printed, seed, 1), "{text}\n{printed}");
    }
}
