//! The Rust door as a host uses it: setting, running, reading, stopping, seeds and clocks.

use dimensioned::f64prefixes::{MILLI, NANO};
use dimensioned::si::{A, S, SI, V};
use dvdt::{
    CancelToken, CompiledModel, Denormals, Engine, Error, Executor, GroupBuilder, Input, MathLevel, Method,
    ModelBuilder, Simulation,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MEMBRANE: &str = "
    clock dt = 0.1*ms
    group cells[5] {
        dv/dt = (E + R*I - v)/tau : volt
        tau : second
        I : amp (constant)
        R : ohm (constant, shared)
        E : volt (shared)
        count : integer
        open : boolean
        drive = R*I : volt
        method exponential_euler
        init v = -70*mV + i*mV
        init tau = 10*ms + i*ms
        init R = 100*Mohm
        init E = -70*mV
    }
    record cells.v
";

fn compile(text: &str) -> CompiledModel {
    Engine::new().compile("model", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn simulate(text: &str) -> Simulation {
    compile(text).simulation().unwrap()
}

fn membrane() -> Simulation {
    simulate(MEMBRANE)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn recorded(simulation: &Simulation, name: &str) -> Vec<f64> {
    simulation.recording(name).unwrap().values().to_vec()
}

fn message(result: Result<impl Sized, Error>) -> String {
    result.err().expect("this should be refused").to_string()
}

fn contains(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in:\n{message}");
    }
}

// Setting

#[test]
fn quantities_texts_and_plain_numbers_set_the_same() {
    let mut simulation = membrane();
    simulation.set("cells.tau", 20.0 * MILLI * S).unwrap();
    assert_eq!(simulation.floats("cells.tau").unwrap(), [0.02; 5]);
    simulation.set("cells.tau", "20*ms").unwrap();
    assert_eq!(simulation.floats("cells.tau").unwrap(), [0.02; 5]);
    simulation.set("cells.tau", Input::Float(0.02, dvdt::Dimension::TIME)).unwrap();
    assert_eq!(simulation.floats("cells.tau").unwrap(), [0.02; 5]);
    simulation.set("cells.I", 0.5 * NANO * A).unwrap();
    assert_eq!(simulation.floats("cells.I").unwrap(), [0.5e-9; 5]);
    let several: [SI<f64, _>; 5] = [1.0 * V, 2.0 * V, 3.0 * V, 4.0 * V, 5.0 * V];
    simulation.set("cells.v", &several[..]).unwrap();
    assert_eq!(simulation.floats("cells.v").unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn integers_and_truth_values() {
    let mut simulation = membrane();
    simulation.set("cells.count", 7).unwrap();
    assert_eq!(simulation.integers("cells.count").unwrap(), [7; 5]);
    simulation.set("cells.count", "-i*1.5").unwrap();
    assert_eq!(simulation.integers("cells.count").unwrap(), [0, -1, -3, -4, -6], "cut towards zero");
    simulation.set("cells.open", true).unwrap();
    assert_eq!(simulation.booleans("cells.open").unwrap(), [true; 5]);
    simulation.set("cells.open", "i > 2").unwrap();
    assert_eq!(simulation.booleans("cells.open").unwrap(), [false, false, false, true, true]);
    simulation.booleans_mut("cells.open").unwrap()[0] = true;
    simulation.integers_mut("cells.count").unwrap()[4] = i64::MIN;
    assert_eq!(simulation.integers("cells.count").unwrap()[4], i64::MIN);
    assert!(simulation.booleans("cells.open").unwrap()[0]);
}

#[test]
fn text_names_elements_variables_and_subexpressions() {
    let mut simulation = membrane();
    simulation.set("cells.I", "i*nA/N").unwrap();
    let expected: Vec<f64> = (0..5).map(|i| f64::from(i) * 1e-9 / 5.0).collect();
    let close = |found: &[f64], expected: &[f64]| {
        found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-14 * b.abs()) && found.len() == expected.len()
    };
    assert!(close(simulation.floats("cells.I").unwrap(), &expected));
    simulation.set("cells.v", "E + drive").unwrap();
    let expected: Vec<f64> = expected.iter().map(|current| -0.07 + 1e8 * current).collect();
    assert!(close(simulation.floats("cells.v").unwrap(), &expected));
}

#[test]
fn shared_variables_hold_one_number() {
    let mut simulation = membrane();
    assert_eq!(simulation.floats("cells.E").unwrap(), [-0.07]);
    simulation.set("cells.E", -0.05 * V).unwrap();
    assert_eq!(simulation.floats("cells.E").unwrap(), [-0.05]);
    let refused = message(simulation.set("cells.E", "i*mV"));
    contains(&refused, &["`E` is one value for the whole group", "<set cells.E>:1:5", "declared `shared`"]);
    assert_eq!(simulation.floats("cells.E").unwrap(), [-0.05], "a refused value changes nothing");
}

#[test]
fn a_wrong_dimension_names_both() {
    let mut simulation = membrane();
    let cases: [(&str, Input, &str, &str); 6] = [
        ("cells.tau", (1.0 * V).into(), "second", "volt"),
        ("cells.tau", 1.0.into(), "second", "1"),
        ("cells.v", 1.into(), "volt", "1"),
        ("cells.v", true.into(), "volt", "1"),
        ("cells.tau", "5*mV".into(), "second", "volt"),
        ("cells.tau", (&[1.0 * V; 5][..]).into(), "second", "volt"),
    ];
    for (name, value, expected, found) in cases {
        let before = simulation.floats(name).unwrap().to_vec();
        contains(&message(simulation.set(name, value)), &[expected, found]);
        assert_eq!(simulation.floats(name).unwrap(), before);
    }
    contains(&message(simulation.set("cells.tau", "5")), &["is in second", "pure number", "`5*second`"]);
    // The mistake is drawn where it was made, and the declaration where the model has it.
    contains(&message(simulation.set("cells.tau", "5")), &["<set cells.tau>:1:7", "model:5:9", "tau : second"]);
}

#[test]
fn a_wrong_kind_or_number_of_values_is_refused() {
    let mut simulation = membrane();
    contains(&message(simulation.set("cells.count", 1.5)), &["`cells.count` holds integers", "a float"]);
    contains(&message(simulation.set("cells.open", 1)), &["`cells.open` holds truth values", "an integer"]);
    contains(&message(simulation.set("cells.v", &[1.0 * V; 4][..])), &["5 elements", "4 values"]);
    contains(&message(simulation.floats("cells.count")), &["`cells.count`", "integers"]);
    contains(&message(simulation.integers_mut("cells.v")), &["`cells.v`", "floats"]);
    contains(&message(simulation.booleans("cells.v")), &["`cells.v`", "floats"]);
}

#[test]
fn near_names_are_suggested() {
    let mut simulation = membrane();
    contains(&message(simulation.set("cells.tua", "5*ms")), &["no variable `cells.tua`", "`cells.tau`"]);
    contains(&message(simulation.floats("cell.tau")), &["no group `cell`", "`cells`"]);
    contains(&message(simulation.recording("cells.V")), &["no recording `cells.V`", "`cells.v`"]);
    contains(&message(simulation.set("tau", "5*ms")), &["`tau`", "`group.variable`"]);
    contains(&message(simulation.set("cells.drive", "5*mV")), &["`cells.drive`", "computed"]);
    contains(&message(simulation.floats("cells.t")), &["`cells.t`", "computed"]);
    contains(&message(simulation.recording("cells.tau")), &["no recording `cells.tau`"]);
}

#[test]
fn broken_texts_are_explained() {
    let mut simulation = membrane();
    for (text, part) in [
        ("", "an expression is missing"),
        ("5*", "an expression is missing"),
        ("q*ms", "`q`"),
        ("5*ms\ntau = 6*ms", "one expression"),
        ("5 * gram", "kilogram"),
        ("sin(1*ms)*ms", "second"),
    ] {
        contains(&message(simulation.set("cells.tau", text)), &[part]);
    }
    let names = simulation.names();
    assert!(names.contains(&"cells.v".to_owned()) && !names.contains(&"cells.drive".to_owned()), "{names:?}");
}

// Running on

#[test]
fn changed_parameters_and_state_continue_as_a_fresh_model_with_those_values() {
    // The first run ends with v; a second model begins with that v and the other parameters.
    let mut first = membrane();
    first.run_for(5.0 * MILLI * S).unwrap();
    first.set("cells.tau", "3*ms + i*ms").unwrap();
    first.set("cells.R", "50*Mohm").unwrap();
    first.floats_mut("cells.I").unwrap().copy_from_slice(&[0.0, 1e-9, 2e-9, 3e-9, 4e-9]);
    first.floats_mut("cells.v").unwrap()[3] = 0.0;
    let v = first.floats("cells.v").unwrap().to_vec();
    first.run_for("5*ms").unwrap();

    let mut fresh = membrane();
    fresh.set("cells.tau", "3*ms + i*ms").unwrap();
    fresh.set("cells.R", "50*Mohm").unwrap();
    fresh.floats_mut("cells.I").unwrap().copy_from_slice(&[0.0, 1e-9, 2e-9, 3e-9, 4e-9]);
    fresh.floats_mut("cells.v").unwrap().copy_from_slice(&v);
    fresh.run_for("5*ms").unwrap();
    let (all, tail) = (recorded(&first, "cells.v"), recorded(&fresh, "cells.v"));
    assert_eq!((all.len(), tail.len()), (500, 250));
    assert_eq!(bits(&all[250..]), bits(&tail));
    assert_eq!(bits(first.floats("cells.v").unwrap()), bits(fresh.floats("cells.v").unwrap()));
}

#[test]
fn one_run_and_many_small_ones_are_the_same() {
    let mut whole = membrane();
    whole.run_for("5*ms").unwrap();
    let mut parts = membrane();
    for _ in 0..10 {
        parts.run_for("0.5*ms").unwrap();
    }
    let mut ticks = membrane();
    for _ in 0..50 {
        ticks.tick().unwrap();
    }
    assert_eq!(bits(&recorded(&whole, "cells.v")), bits(&recorded(&parts, "cells.v")));
    assert_eq!(bits(&recorded(&whole, "cells.v")), bits(&recorded(&ticks, "cells.v")));
    assert_eq!((whole.time(), parts.time()), (0.005, 0.005));
    assert!((ticks.time() - 0.005).abs() < 1e-18);
}

#[test]
fn durations_become_ticks_by_the_documented_rule() {
    for (duration, ticks) in [
        ("0.3*ms", 3),
        ("0.35*ms", 4),
        ("0*ms", 0),
        ("0.05*ms", 1),
        ("0.300001*ms", 3),
        ("0.30002*ms", 4),
        ("1*second", 10_000),
    ] {
        let mut simulation = membrane();
        simulation.run_for(duration).unwrap();
        assert_eq!(simulation.recording("cells.v").unwrap().samples(), ticks, "{duration}");
    }
    let mut simulation = membrane();
    for wrong in ["-1*ms", "inf*second", "5", "5*mV", "ms ms", "tau"] {
        assert!(simulation.run_for(wrong).is_err(), "{wrong}");
    }
    contains(&message(simulation.run_for(1.0 * V)), &["the duration", "second", "volt"]);
    contains(&message(simulation.run_for(5)), &["a duration is a time"]);
    assert_eq!(simulation.time(), 0.0);
    assert_eq!(simulation.recording("cells.v").unwrap().samples(), 0);
}

#[test]
fn a_script_sets_between_its_runs() {
    let text = "
        clock dt = 0.1*ms
        group g[3] {
            dx/dt = a/ms : 1
            a : 1
            method euler
            init a = 1
        }
        record g.x
        run 1*ms
        set g.a = 2 + i
        set g.x += 100
        run 1*ms
    ";
    for executor in [Executor::Jit, Executor::Interpreter] {
        let mut simulation = Engine::new().executor(executor).compile("script", text).unwrap().simulation().unwrap();
        assert_eq!(simulation.run_script().unwrap().len(), 2);
        let recording = simulation.recording("g.x").unwrap();
        assert_eq!(recording.samples(), 20);
        // 1 after the first run; then 101 + (2 + i) * 0.9.
        assert_eq!(recording.row(10).unwrap().iter().map(|x| x.round()).collect::<Vec<_>>(), [101.0; 3]);
        for (found, expected) in recording.row(19).unwrap().iter().zip([102.8, 103.7, 104.6]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(simulation.run_script().unwrap().len(), 0, "nothing of the script is left");
        assert_eq!(simulation.time(), 0.002);
    }
}

// Recording

#[test]
fn recordings_of_subexpressions_elements_and_intervals() {
    let mut simulation = simulate(
        "
        clock dt = 0.1*ms
        group g[8] {
            dx/dt = 1/ms : 1
            y = 2*x + i : 1
            z = x + s : 1 (constant over dt)
            s : 1 (shared)
            n : integer
            b : boolean
            big = x > 0.45 : boolean
            method euler
            init s = 10
            init n = i*i
            init b = i > 3
        }
        record g.y[0, 7, 2:4] every 0.2*ms
        record g.z[1]
        record g.s
        record g.n every 1*ms
        record g.b every 1*ms
        record g.big[5]
        record g.t[0]
        record g.i every 1*ms
    ",
    );
    simulation.run_for("1*ms").unwrap();
    let y = simulation.recording("g.y").unwrap();
    assert_eq!((y.samples(), y.elements(), y.width()), (5, &[0, 7, 2, 3][..], 4));
    for (sample, time) in y.times().iter().enumerate() {
        assert!((time - 2e-4 * sample as f64).abs() < 1e-18);
        for (found, element) in y.row(sample).unwrap().iter().zip([0.0, 7.0, 2.0, 3.0]) {
            assert!((found - (0.4 * sample as f64 + element)).abs() < 1e-12);
        }
    }
    assert!(y.row(5).is_none());
    let z = recorded(&simulation, "g.z");
    assert!(z.iter().enumerate().all(|(tick, z)| (z - (10.0 + 0.1 * tick as f64)).abs() < 1e-12), "{z:?}");
    assert_eq!(recorded(&simulation, "g.s"), [10.0; 10]);
    assert_eq!(recorded(&simulation, "g.n"), [0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 49.0]);
    assert_eq!(recorded(&simulation, "g.b"), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(recorded(&simulation, "g.big"), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert!(recorded(&simulation, "g.t").iter().enumerate().all(|(k, t)| (t - 1e-4 * k as f64).abs() < 1e-18));
    assert_eq!(recorded(&simulation, "g.i"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
}

#[test]
fn groups_on_several_clocks_meet_at_exact_times() {
    let mut simulation = simulate(
        "
        clock dt = 0.1*ms
        clock slow dt = 0.25*ms
        group a[2] {
            dx/dt = 1/ms : 1
            method euler
        }
        group b[3] {
            dx/dt = 1/ms : 1
            method euler
            clock slow
        }
        record a.x
        record b.x
        record a.x[1] every 0.25*ms
        record b.x[1] every 0.1*ms
    ",
    );
    simulation.run_for("0.3*ms").unwrap();
    simulation.run_for("0.7*ms").unwrap();
    let rows: Vec<(usize, Vec<f64>)> =
        simulation.recordings().map(|found| (found.samples(), found.values().to_vec())).collect();
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [10, 4, 4, 10]);
    let near = |found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
    };
    near(&rows[1].1, &[0.0, 0.0, 0.0, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75]);
    // Brian2's vector 16: between its own ticks a recording sees what the last tick left.
    near(&rows[2].1, &[0.0, 0.3, 0.5, 0.8]);
    near(&rows[3].1, &[0.0, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 1.0, 1.0]);
}

#[test]
fn sizes_zero_one_odd_and_large() {
    for size in [0, 1, 2, 3, 5, 7, 8, 9, 15, 17, 31, 33, 1001] {
        let text = format!(
            "clock dt = 0.1*ms\ngroup g[{size}] {{\n dx/dt = -x/(10*ms) : 1\n method euler\n init x = 1 + i\n}}\nrun 1*ms\n"
        );
        let mut simulation = simulate(&text);
        simulation.run_script().unwrap();
        let mut expected = vec![];
        for i in 0..size {
            let mut x = 1.0 + f64::from(i);
            for _ in 0..10 {
                x -= x * 0.01;
            }
            expected.push(x);
        }
        let found = simulation.floats("g.x").unwrap();
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-14 * b), "size {size}");
    }
}

#[test]
fn a_group_of_nothing_records_nothing() {
    let model = compile("group g[0] {\n dx/dt = -x/ms : 1\n s : 1 (shared)\n}\nrecord g.x\nrecord g.s\nrun 1*ms\n");
    let mut simulation = model.simulation().unwrap();
    simulation.set("g.x", "rand()").unwrap();
    simulation.set("g.s", 2.0).unwrap();
    simulation.run_script().unwrap();
    let recording = simulation.recording("g.x").unwrap();
    assert_eq!((recording.samples(), recording.width(), recording.values()), (10, 0, &[][..]));
    assert_eq!(recorded(&simulation, "g.s"), [2.0; 10]);
    assert!(simulation.floats("g.x").unwrap().is_empty());
}

// Sharing and stopping

#[test]
fn two_simulations_of_one_model_in_two_threads_agree() {
    fn both<T: Send + Sync>() {}
    fn send<T: Send>() {}
    both::<CompiledModel>();
    both::<Engine>();
    both::<CancelToken>();
    both::<Error>();
    send::<Simulation>();

    let model = compile(MEMBRANE);
    let run = |current: f64| {
        let model = model.clone();
        std::thread::spawn(move || {
            let mut simulation = model.simulation().unwrap();
            simulation.floats_mut("cells.I").unwrap().fill(current);
            simulation.run_for("100*ms").unwrap();
            recorded(&simulation, "cells.v")
        })
    };
    let [one, same, other] = [run(1e-9), run(1e-9), run(2e-9)].map(|thread| thread.join().unwrap());
    assert_eq!(bits(&one), bits(&same));
    assert_ne!(bits(&one), bits(&other), "they do not share their memory");
    let mut alone = membrane();
    alone.set("cells.I", 1.0 * NANO * A).unwrap();
    alone.run_for("100*ms").unwrap();
    assert_eq!(bits(&one), bits(&recorded(&alone, "cells.v")));
}

#[test]
fn a_simulation_outlives_its_engine_and_model() {
    let mut simulation = {
        let engine = Engine::new();
        let model = engine.compile("m", MEMBRANE).unwrap();
        model.simulation().unwrap()
    };
    simulation.run_for("1*ms").unwrap();
    assert_eq!(simulation.recording("cells.v").unwrap().samples(), 10);
}

#[test]
fn cancelling_in_the_callback_stops_at_a_tick_and_a_later_run_goes_on() {
    let mut simulation = membrane();
    let token = simulation.cancel_token();
    let seen = Arc::new(Mutex::new(vec![]));
    let (own, list) = (token.clone(), Arc::clone(&seen));
    simulation.on_progress(Duration::ZERO, move |progress| {
        list.lock().unwrap().push(*progress);
        if progress.fraction > 0.0 {
            own.cancel();
        }
    });
    let report = simulation.run_for("100*second").unwrap();
    assert!(report.cancelled && token.is_cancelled());
    let stopped = simulation.time();
    assert!(stopped > 0.0 && stopped < 100.0, "{stopped}");
    let samples = simulation.recording("cells.v").unwrap().samples();
    assert!((samples as f64 * 1e-4 - stopped).abs() < 1e-9, "{samples} samples until {stopped}");
    {
        let seen = seen.lock().unwrap();
        assert_eq!((seen[0].fraction, seen[0].simulated), (0.0, 0.0));
        assert!(seen.windows(2).all(|pair| pair[0].fraction <= pair[1].fraction && pair[1].fraction <= 1.0));
    }
    assert!(simulation.run_for("1*ms").unwrap().cancelled, "a token stays cancelled until it is reset");
    token.reset();
    simulation.on_progress(Duration::ZERO, |_| {});
    assert!(!simulation.run_for("1*ms").unwrap().cancelled);
    assert_eq!(simulation.recording("cells.v").unwrap().samples(), samples + 10);

    let mut whole = membrane();
    whole.run_for(Input::Float(simulation.time(), dvdt::Dimension::TIME)).unwrap();
    assert_eq!(bits(&recorded(&whole, "cells.v")), bits(&recorded(&simulation, "cells.v")));
}

#[test]
fn a_cancelled_script_goes_on_where_it_stopped() {
    let text = format!("{MEMBRANE}\n    run 100*ms\n    set cells.E = 0*mV\n    run 1*ms\n");
    let mut simulation = simulate(&text);
    simulation.cancel_token().cancel();
    let reports = simulation.run_script().unwrap();
    assert_eq!((reports.len(), reports[0].cancelled, simulation.time()), (1, true, 0.0));
    assert_eq!(simulation.floats("cells.E").unwrap(), [-0.07]);
    simulation.cancel_token().reset();
    assert_eq!(simulation.run_script().unwrap().len(), 2);
    assert_eq!((simulation.time(), simulation.floats("cells.E").unwrap()), (0.101, &[0.0][..]));
}

// Random numbers

const RANDOM: &str = "
    group g[100000] {
        u : 1
        n : 1
        other : 1
        init u = rand()
        init n = randn()
        init other = rand()
    }
";

#[test]
fn seeds_decide_random_numbers() {
    let model = compile(RANDOM);
    let draw = |seed, name: &str| model.simulation_with_seed(seed).unwrap().floats(name).unwrap().to_vec();
    for name in ["g.u", "g.n"] {
        assert_eq!(bits(&draw(1, name)), bits(&draw(1, name)));
        let same = draw(1, name).iter().zip(draw(2, name)).filter(|(a, b)| **a == *b).count();
        assert!(same < 5, "{same} of 100000 numbers are the same with another seed");
    }
    assert_eq!(
        bits(&draw(0, "g.u")),
        bits(model.simulation().unwrap().floats("g.u").unwrap()),
        "seed 0 is the default"
    );
    let interpreter = Engine::new().executor(Executor::Interpreter).compile("m", RANDOM).unwrap();
    let interpreted = interpreter.simulation_with_seed(1).unwrap();
    assert_eq!(bits(&draw(1, "g.n")), bits(interpreted.floats("g.n").unwrap()));
}

/// Means nested in means, in initial values, code and a later `set`; each within 5 standard errors.
#[test]
fn poisson_counts_have_their_means() {
    let text = "clock dt = 1*ms\ngroup g[20000] {\n n : integer\n m : integer\n init n = poisson(3.5)\n\
                run_regularly { m = poisson(1 + poisson(2)) }\n}\nrun 1*ms";
    let mut simulation = compile(text).simulation_with_seed(3).unwrap();
    simulation.run_script().unwrap();
    let check = |values: &[i64], mean: f64, variance: f64| {
        let found = values.iter().sum::<i64>() as f64 / values.len() as f64;
        assert!((found - mean).abs() < 5.0 * (variance / values.len() as f64).sqrt(), "{found} beside {mean}");
    };
    check(simulation.integers("g.n").unwrap(), 3.5, 3.5);
    // The variance of a count whose mean is itself random: the mean's mean and the mean's variance.
    check(simulation.integers("g.m").unwrap(), 3.0, 3.0 + 2.0);
    simulation.set("g.n", "poisson(0.25*i/N)").unwrap();
    check(simulation.integers("g.n").unwrap(), 0.125, 0.125 + 0.0625 / 12.0);
}

#[test]
fn random_numbers_have_their_moments() {
    let simulation = compile(RANDOM).simulation_with_seed(7).unwrap();
    let moments = |values: &[f64]| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        (mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count)
    };
    // Five standard errors: 1/sqrt(12 n) and 1/sqrt(n) of the means, 1/sqrt(180 n) and sqrt(2/n) of the variances.
    let (u, n) = (simulation.floats("g.u").unwrap(), simulation.floats("g.n").unwrap());
    let (mean, variance) = moments(u);
    assert!((mean - 0.5).abs() < 4.6e-3 && (variance - 1.0 / 12.0).abs() < 1.2e-3, "{mean} {variance}");
    assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
    let (mean, variance) = moments(n);
    assert!(mean.abs() < 1.6e-2 && (variance - 1.0).abs() < 2.3e-2, "{mean} {variance}");
    let other = simulation.floats("g.other").unwrap();
    let product: Vec<f64> = u.iter().zip(other).map(|(u, other)| (u - 0.5) * (other - 0.5)).collect();
    // The product of two such numbers has the variance 1/144.
    assert!(moments(&product).0.abs() < 5.0 / 12.0 / 316.0, "two draws of one element are independent");
}

#[test]
fn random_numbers_set_later_are_new_ones() {
    let mut simulation = compile(RANDOM).simulation().unwrap();
    let drawn = simulation.floats("g.u").unwrap().to_vec();
    simulation.set("g.other", "rand()").unwrap();
    let first = simulation.floats("g.other").unwrap().to_vec();
    simulation.set("g.n", "rand()").unwrap();
    let second = simulation.floats("g.n").unwrap().to_vec();
    let same = |a: &[f64], b: &[f64]| a.iter().zip(b).filter(|(a, b)| a == b).count();
    assert!(same(&drawn, &first) < 5, "the numbers of `init` were drawn again");
    assert!(same(&first, &second) < 5, "two variables set to `rand()` have the same numbers");
}

#[test]
fn noise_differs_at_every_tick_and_not_between_runs() {
    let text = "
        clock dt = 0.1*ms
        group g[3] {
            noise = rand() : 1 (constant over dt)
            x = noise : 1
        }
        record g.noise
        record g.x
    ";
    let model = compile(text);
    let run = |parts: &[&str]| {
        let mut simulation = model.simulation_with_seed(3).unwrap();
        for part in parts {
            simulation.run_for(*part).unwrap();
        }
        assert_eq!(recorded(&simulation, "g.noise"), recorded(&simulation, "g.x"), "one draw per tick for all readers");
        recorded(&simulation, "g.noise")
    };
    let whole = run(&["10*ms"]);
    assert_eq!(bits(&whole), bits(&run(&["3.3*ms", "6.7*ms"])));
    let mut sorted = bits(&whole);
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 300, "all different");
}

// Non-finite values

#[test]
fn the_first_non_finite_value_is_reported_with_variable_element_and_time() {
    let text = "
        clock dt = 0.1*ms
        group g[3] {
            dx/dt = x*x/ms : 1
            dy/dt = 1/ms : 1
            method euler
            init x = 10*i
        }
        run 3*ms
    ";
    // Euler by hand: in which tick does element 2 overflow?
    let (mut x, mut tick) = (20.0f64, 0);
    while x.is_finite() {
        x += x * x * 0.1;
        tick += 1;
    }
    for executor in [Executor::Jit, Executor::Interpreter] {
        let mut simulation = Engine::new().executor(executor).compile("m", text).unwrap().simulation().unwrap();
        let reports = simulation.run_script().unwrap();
        let [found] = reports[0].non_finite.as_slice() else { panic!("{:?}", reports[0].non_finite) };
        assert_eq!((found.group.as_str(), found.variable.as_str(), found.element), ("g", "x", Some(2)));
        assert_eq!((found.tick, found.value), (tick, f64::INFINITY));
        assert!((found.time - tick as f64 * 1e-4).abs() < 1e-12);
        contains(&found.to_string(), &["g.x[2]", "inf", "0.00"]);
        assert_eq!(simulation.time(), 0.003, "the run goes on");
        assert!(simulation.floats("g.y").unwrap().iter().all(|y| (y - 3.0).abs() < 1e-12));
    }
}

#[test]
fn a_value_that_is_nan_from_the_start_is_reported_at_time_zero() {
    let mut simulation = membrane();
    simulation.floats_mut("cells.v").unwrap()[4] = f64::NAN;
    let report = simulation.run_for("1*ms").unwrap();
    assert_eq!(report.non_finite.len(), 1);
    assert_eq!((report.non_finite[0].element, report.non_finite[0].time), (Some(4), 0.0));
    assert!(report.non_finite[0].value.is_nan());
    assert_eq!(simulation.run_for("1*ms").unwrap().non_finite, [], "each is named once");
}

// Levels of arithmetic

#[test]
fn precise_and_fast_differ_only_by_rounding() {
    let text = |math: &str| {
        format!(
            "math {math}
            clock dt = 0.1*ms
            group g[7] {{
                dx/dt = (a*sin(y) + x**5/7 - x/3)/(3*ms) : 1
                dy/dt = (exp(-y**2) - 0.1*y*x)/(7*ms) : 1
                a : 1
                method rk4
                init a = 0.1*i
                init y = 0.3
            }}
            record g.x\nrecord g.y\nrun 5*ms"
        )
    };
    let run = |math: &str| {
        let mut simulation = simulate(&text(math));
        simulation.run_script().unwrap();
        [recorded(&simulation, "g.x"), recorded(&simulation, "g.y")].concat()
    };
    let (precise, fast) = (run("precise"), run("fast"));
    assert_ne!(bits(&precise), bits(&fast), "fast rewrites something here");
    // 50 ticks of some 50 roundings each of 1.1e-16, in a system that hardly magnifies.
    let worst = precise.iter().zip(&fast).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 50.0 * 50.0 * 1.2e-16, "{worst:e}");
}

#[test]
fn denormals_are_kept_or_flushed() {
    let text = |denormals: &str| {
        format!(
            "{denormals}
            clock dt = 0.1*ms
            group g[3] {{
                dx/dt = -x/(0.2*ms) : 1
                method euler
                init x = 1e-300
            }}
            run 3*ms"
        )
    };
    // 30 halvings of 1e-300 are 9.3e-310, below the smallest normal number.
    for (denormals, expected) in
        [("", 1e-300 / f64::from(1 << 30)), ("denormals keep", 1e-300 / f64::from(1 << 30)), ("denormals flush", 0.0)]
    {
        for executor in [Executor::Jit, Executor::Interpreter] {
            let model = Engine::new().executor(executor).compile("m", &text(denormals)).unwrap();
            let mut simulation = model.simulation().unwrap();
            simulation.run_script().unwrap();
            let found = simulation.floats("g.x").unwrap();
            assert!(
                found.iter().all(|found| (found - expected).abs() <= 5e-324 * 4.0),
                "{denormals} {executor:?}: {found:?}"
            );
            assert_eq!(found[0] == 0.0, denormals == "denormals flush");
        }
    }
    // The mode ends with the run.
    assert!(std::hint::black_box(f64::MIN_POSITIVE) / std::hint::black_box(2.0) > 0.0);
}

// Builder

fn built() -> ModelBuilder {
    let cells = GroupBuilder::new("cells", 3)
        .equations("dv/dt = (E - v)/tau : volt # leak\n\n  tau : second (constant)\nk : integer\nb : boolean")
        .method(Method::Euler)
        .clock("fine")
        .init("v", 1.0 * MILLI * V)
        .init("tau", "10*ms*(i + 1)")
        .init("k", -3)
        .init("b", true);
    ModelBuilder::new()
        .dt(0.1 * MILLI * S)
        .clock("fine", 0.05 * MILLI * S)
        .constant("E", -0.07 * V)
        .math(MathLevel::Precise)
        .denormals(Denormals::Flush)
        .group(cells)
        .record("cells.v")
        .record_every("cells.k", 1.0 * MILLI * S)
}

#[test]
fn a_built_model_is_a_text_that_compiles_to_the_same() {
    let model = built().compile(&Engine::new()).unwrap();
    assert_eq!(model.text(), built().text());
    let again = compile(&built().text());
    assert_eq!(model.model().text(), again.model().text());
    let printed = compile(&model.emit(dvdt::Stage::Ast, None).unwrap());
    assert_eq!(model.model().text(), printed.model().text());

    let mut simulation = model.simulation().unwrap();
    assert_eq!(simulation.floats("cells.v").unwrap(), [0.001; 3]);
    assert_eq!(simulation.integers("cells.k").unwrap(), [-3; 3]);
    assert_eq!(simulation.booleans("cells.b").unwrap(), [true; 3]);
    simulation.run_for("2*ms").unwrap();
    assert_eq!(simulation.recording("cells.v").unwrap().samples(), 40);
    assert_eq!(recorded(&simulation, "cells.k"), [-3.0; 6]);
}

#[test]
fn a_builder_keeps_every_bit_of_a_quantity() {
    for value in [0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123456789e-30] {
        let group = GroupBuilder::new("g", 1).equations("x : 1\nv : volt").init("x", value).init("v", value * V);
        let simulation = ModelBuilder::new().group(group).compile(&Engine::new()).unwrap().simulation().unwrap();
        assert_eq!(simulation.floats("g.x").unwrap()[0].to_bits(), value.to_bits(), "{value:e}");
        assert_eq!(simulation.floats("g.v").unwrap()[0].to_bits(), value.to_bits(), "{value:e}");
    }
    for (value, check) in [(f64::INFINITY, f64::is_infinite as fn(f64) -> bool), (f64::NAN, f64::is_nan)] {
        let group = GroupBuilder::new("g", 1).equations("x : 1").init("x", value);
        let simulation = ModelBuilder::new().group(group).compile(&Engine::new()).unwrap().simulation().unwrap();
        assert!(check(simulation.floats("g.x").unwrap()[0]));
    }
}

#[test]
fn builders_refuse_what_a_text_cannot_hold() {
    let group = GroupBuilder::new("g", 2).equations("v : volt").init("v", &[1.0 * V, 2.0 * V][..]);
    contains(&message(ModelBuilder::new().group(group).compile(&Engine::new())), &["`init v =`", "one value"]);
    contains(&message(ModelBuilder::new().dt(1.0 * V).compile(&Engine::new())), &["second", "volt"]);
    contains(&message(ModelBuilder::new().record("cells.v").compile(&Engine::new())), &["no group", "cells"]);
    let group = || GroupBuilder::new("g", 2).equations("v : volt");
    contains(&message(ModelBuilder::new().group(group()).group(group()).compile(&Engine::new())), &["`g`"]);
}

// What a script does is what a host does

#[test]
fn consecutive_runs_of_a_script_never_gain_a_tick() {
    let runs = "    run 0.1*ms\n".repeat(50);
    let text = format!("{MEMBRANE}\n    run 1000*second\n{runs}");
    let mut simulation = simulate(&text);
    let reports = simulation.run_script().unwrap();
    assert_eq!(reports[0].ticks[0], 10_000_000);
    assert!(reports[1..].iter().all(|report| report.ticks[0] == 1), "each run is one tick");
}

#[test]
fn setting_by_the_host_and_by_the_script_gives_the_same_bits() {
    let start = "group g[50] {\n    x : 1\n    y : 1\n    init y = 1 + i/7\n}\n";
    let expression = "y*(i/3 - 1.1)/(y + 2) - sin(y)*0.7 + rand()*0";
    let mut script = simulate(&format!("{start}set g.x = {expression}\nrun 0*ms\n"));
    script.run_script().unwrap();
    let mut host = simulate(start);
    host.set("g.x", expression).unwrap();
    assert_eq!(bits(script.floats("g.x").unwrap()), bits(host.floats("g.x").unwrap()));
}

#[test]
fn a_value_that_breaks_in_the_first_tick_is_found_where_it_is() {
    let text =
        "group g[9] {\n    dx/dt = 1/(x - 1)/second : 1\n    method euler\n    init x = 2 - int(i == 5)\n}\nrun 1*ms\n";
    let mut simulation = simulate(text);
    let report = &simulation.run_script().unwrap()[0];
    let found: Vec<_> = report.non_finite.iter().map(|found| (found.element, found.tick)).collect();
    assert_eq!(found, [(Some(5), 1)]);
}

#[test]
fn equations_too_long_to_compile_are_interpreted() {
    let nested = format!("{}x{}", "sin(".repeat(4000), ")".repeat(4000));
    let text = format!("group g[1] {{\n    dx/dt = {nested}/second : 1\n    method euler\n    init x = 1\n}}\n");
    let model = compile(&text);
    assert!(model.plan().contains("interpreter, because the equations are too long to compile"), "{}", model.plan());
    let mut simulation = model.simulation().unwrap();
    simulation.tick().unwrap();
    let slope = (0..4000).fold(1.0_f64, |x, _| x.sin());
    let x = simulation.floats("g.x").unwrap()[0];
    // Each of the sines is within an ulp, and none of them magnifies an error.
    assert!((x - (1.0 + 1e-4 * slope)).abs() < 4000.0 * 1.2e-16 * 1e-4 + 2.3e-16, "{x}");
}

/// One spike per tick and element: every whole bin has the same rate, however runs and pauses cut it.
#[test]
fn rates_are_those_of_whole_bins_only() {
    let text = "clock dt = 1*ms\ngroup g[3] {\n x : 1\n threshold x < 1\n refractory 0*ms\n}\n\
                record g.population_rate every 4*ms";
    for (pieces, paused) in [(vec![24], None), (vec![1, 2, 5, 3, 9, 4], None), (vec![3, 2, 4, 15], Some(1))] {
        let mut simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
        for (number, piece) in pieces.iter().enumerate() {
            if paused == Some(number) {
                simulation.pause("g.population_rate").unwrap();
            }
            simulation.run_for(dvdt::Input::Float(f64::from(*piece) * 1e-3, dvdt::Dimension::TIME)).unwrap();
            simulation.resume("g.population_rate").unwrap();
        }
        let rate = simulation.recording("g.population_rate").unwrap();
        assert!(rate.values().iter().all(|&rate| rate == 1000.0), "{pieces:?}: {:?}", rate.values());
        assert_eq!(rate.samples(), if paused.is_some() { 4 } else { 6 });
    }
}

#[test]
fn regular_code_draws_anew_each_time() {
    let text = "clock dt = 1*ms\ngroup g[1] {\n s : 1\n last : 1\n same : 1\n\
                run_regularly every 0.25*ms { b = rand(); same += int(b == last); last = b; s += b }\n}";
    let mut simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
    simulation.run_for("100*ms").unwrap();
    assert_eq!(simulation.floats("g.same").unwrap(), [0.0]);
    // 400 numbers of mean 1/2 and variance 1/12; six standard errors.
    assert!((simulation.floats("g.s").unwrap()[0] / 400.0 - 0.5).abs() < 6.0 * (1.0f64 / 12.0 / 400.0).sqrt());
}

#[test]
fn progress_is_told_of_the_whole_run_also_with_code_of_the_host() {
    let mut simulation =
        Engine::new().compile("m", "clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }").unwrap().simulation().unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let list = told.clone();
    simulation.on_progress(std::time::Duration::from_secs(3600), move |progress| {
        list.lock().unwrap().push((progress.fraction, progress.simulated));
    });
    simulation.every("2*ms", |_| Ok(())).unwrap();
    simulation.run_for("10*ms").unwrap();
    assert_eq!(*told.lock().unwrap(), [(0.0, 0.0), (1.0, 0.01)]);
}

/// An element may be wider than the cache that blocks are cut for.
#[test]
fn elements_of_many_columns_run() {
    let lines: String = (0..17_000).map(|number| format!("p{number} : 1\n")).collect();
    let text = format!("group g[3] {{\ndx/dt = p0/second : 1\n{lines}init p0 = 1\n}}");
    let mut simulation = dvdt::Engine::new().compile("m", &text).unwrap().simulation().unwrap();
    simulation.run_for("1*second").unwrap();
    assert!((simulation.floats("g.x").unwrap()[2] - 1.0).abs() < 1e-9);
}

/// A shared variable is the same for all elements, whichever are named, and however often.
#[test]
fn elements_of_a_shared_variable_have_its_value() {
    let text = "clock dt = 0.1*ms
        group g[130] { dv/dt = -v/ms : 1\n s : 1 (shared)\n q : 1 (shared)\n method euler
            init v = 1\n init s = 7\n init q = 9\n run_regularly { s += 1 } }
        record g.s[0, 0, 129, 3]\nrecord g.s\nrecord g.s[64:130] every 0.2*ms\nrun 0.3*ms";
    for threads in 0..=2 {
        let mut simulation = simulate(text);
        if threads > 0 {
            simulation.set_threads(threads).unwrap();
            simulation.always_divide();
        }
        simulation.run_script().unwrap();
        let all: Vec<Vec<f64>> = simulation.recordings().map(|recording| recording.values().to_vec()).collect();
        let rows = |width: usize, values: &[f64]| values.iter().flat_map(|&v| vec![v; width]).collect::<Vec<f64>>();
        // Regular code stands before recordings.
        assert_eq!(all, [rows(4, &[8.0, 9.0, 10.0]), rows(1, &[8.0, 9.0, 10.0]), rows(66, &[8.0, 10.0])]);
    }
}

/// A call of the host just beside a tick of a slower clock changes nothing: for all clocks it is at one point.
#[test]
fn pauses_just_after_a_tick_change_no_bit() {
    let text = "clock dt = 0.01*ms\nclock slow dt = 200*ms
        group g[3] { dv/dt = 1/ms : 1\n method euler\n run_regularly every 10*ms { v += 100 } }
        group h[2] { clock slow\n dw/dt = 1/ms : 1\n method euler }
        record g.v every 10*ms\nrecord g.v\nrecord h.w";
    let run = |interval: Option<&str>| {
        let mut simulation = simulate(text);
        let calls = Arc::new(Mutex::new(0));
        if let Some(interval) = interval {
            let calls = Arc::clone(&calls);
            simulation
                .every(interval, move |_| {
                    *calls.lock().unwrap() += 1;
                    Ok(())
                })
                .unwrap();
        }
        simulation.run_for("450*ms").unwrap();
        let recordings = simulation.recordings().map(|recording| (recording.times(), bits(recording.values())));
        (recordings.collect::<Vec<_>>(), *calls.lock().unwrap())
    };
    let (whole, _) = run(None);
    // 16.66667 ms three times is 50 ms and 0.00001 ms; 200.005 ms and 200.00001 ms are by little after the slow tick.
    for (interval, calls) in [("16.66667*ms", 27), ("200.005*ms", 3), ("200.00001*ms", 3), ("50*ms", 9)] {
        assert!(run(Some(interval)) == (whole.clone(), calls), "{interval}");
    }
}
