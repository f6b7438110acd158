//! Checkpoints: a run that is cut anywhere and restored gives the bits of one that is not; damaged and
//! foreign files are errors that change nothing.

use arbitrary::Unstructured;
use dvdt::{Checkpoint, CompiledModel, Engine, Simulation};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Everything that can be carried on: noise, refractoriness, counts, regular code, inputs, several clocks.
const MODEL: &str = "clock dt = 0.1*ms
clock slow dt = 0.3*ms
timed_array drive every 1*ms = [0, 0.5, 1]
group cells[37] {
    dv/dt = (1.5 + drive(t) - v)/(3*ms) + 0.2*xi/ms**0.5 : 1 (unless refractory)
    n : integer
    b : boolean
    w = v*2 + rand() : 1 (constant over dt)
    threshold v > 1
    reset { v = 0.1*rand(); n += 1; b = not b }
    refractory 0.5*ms + 0.1*ms*n
    run_regularly every 0.7*ms { v += 0.01*poisson(2) }
}
group beat[5] {
    clock slow
    spikes [0, 3, 1] at [0.3, 0.6, 1.2]*ms period 1.5*ms
}
group input[11] { poisson 500*Hz }
record cells.v[0, 36] every 0.5*ms
record cells.w when end last 7
record cells.spikes(v)
record cells.population_rate every 0.5*ms
record beat.spikes
record input.spikes
run 3*ms
set cells.v = randn()
pause cells.v
run 2*ms
resume cells.v
run 2*ms
";

fn compile(text: &str) -> CompiledModel {
    Engine::new().compile("m", text).unwrap_or_else(|error| panic!("{error}"))
}

/// All bits that a reader can see.
fn bits(simulation: &Simulation) -> Vec<u64> {
    let mut bits = vec![simulation.time().to_bits()];
    bits.extend(simulation.floats("cells.v").unwrap().iter().map(|value| value.to_bits()));
    bits.extend(simulation.integers("cells.n").unwrap().iter().map(|value| value.cast_unsigned()));
    bits.extend(simulation.booleans("cells.b").unwrap().iter().map(|&value| u64::from(value)));
    bits.extend(simulation.booleans("cells.not_refractory").unwrap().iter().map(|&value| u64::from(value)));
    bits
}

fn recorded(simulation: &Simulation) -> Vec<u64> {
    let mut bits = vec![];
    for recording in simulation.recordings() {
        bits.extend(recording.times().iter().chain(recording.values()).map(|value| value.to_bits()));
    }
    for events in simulation.all_events() {
        bits.extend(events.ticks());
        bits.extend(events.elements().iter().map(|&element| u64::from(element)));
        bits.extend(events.counts());
        bits.extend(events.values("v").unwrap_or_default().iter().map(|value| value.to_bits()));
    }
    bits
}

#[test]
fn a_run_that_is_cut_at_any_tick_goes_on_with_the_same_bits() {
    let model = compile(MODEL);
    let mut whole = model.simulation_with_seed(3).unwrap();
    whole.run_script().unwrap();
    assert!(whole.events("cells.spikes").unwrap().len() > 50);
    // Of every tick a checkpoint, taken within the script.
    let taken = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let mut first = model.simulation_with_seed(3).unwrap();
    let list = taken.clone();
    first
        .every("0.1*ms", move |simulation| {
            list.lock().unwrap().push(simulation.checkpoint_with_recordings());
            Ok(())
        })
        .unwrap();
    first.run_script().unwrap();
    assert_eq!((bits(&first), recorded(&first)), (bits(&whole), recorded(&whole)));
    let taken = taken.lock().unwrap();
    assert_eq!(taken.len(), 70);
    for checkpoint in taken.iter() {
        let copy = Checkpoint::from_bytes(&checkpoint.to_bytes()).unwrap();
        assert_eq!(copy, *checkpoint);
        let mut other = model.simulation().unwrap();
        other.restore(&copy).unwrap();
        other.run_script().unwrap();
        assert_eq!(bits(&other), bits(&whole), "cut at {} s", checkpoint.time());
        assert_eq!(recorded(&other), recorded(&whole), "cut at {} s", checkpoint.time());
    }
}

#[test]
fn one_checkpoint_is_forked_into_several_runs() {
    let model = compile(MODEL);
    let mut base = model.simulation_with_seed(1).unwrap();
    base.run_for("2*ms").unwrap();
    let checkpoint = base.checkpoint();
    let fork = |v: f64| {
        let mut fork = model.simulation().unwrap();
        fork.restore(&checkpoint).unwrap();
        fork.set("cells.v", v).unwrap();
        fork.run_for("1*ms").unwrap();
        bits(&fork)
    };
    assert_eq!(fork(0.5), fork(0.5));
    assert_ne!(fork(0.5), fork(0.6));
    // The one that it was taken of goes back to it, with what it had recorded then.
    let before = base.recording("cells.v").unwrap().values().to_vec();
    base.run_for("1*ms").unwrap();
    let after = bits(&base);
    base.restore(&checkpoint).unwrap();
    assert_eq!(base.recording("cells.v").unwrap().values(), before);
    base.run_for("1*ms").unwrap();
    assert_eq!(bits(&base), after);
}

#[test]
fn numbers_that_the_host_draws_go_on_too() {
    let model = compile("group g[4] { x : 1 }");
    let mut one = model.simulation_with_seed(9).unwrap();
    one.set("g.x", "rand()").unwrap();
    let checkpoint = one.checkpoint();
    one.set("g.x", "rand()").unwrap();
    let mut other = model.simulation().unwrap();
    other.restore(&checkpoint).unwrap();
    other.set("g.x", "rand()").unwrap();
    assert_eq!(one.floats("g.x").unwrap(), other.floats("g.x").unwrap());
    assert_eq!(other.seed(), 9);
}

#[test]
fn what_is_recorded_may_differ_and_so_may_the_executor() {
    let model = compile(MODEL);
    let mut one = model.simulation_with_seed(4).unwrap();
    one.run_for("2*ms").unwrap();
    let checkpoint = one.checkpoint();
    one.run_for("2*ms").unwrap();
    let of_records = |line: &&str| ["record", "pause", "resume"].iter().all(|word| !line.starts_with(word));
    let lines: Vec<&str> = MODEL.lines().filter(of_records).collect();
    let bare = lines.join("\n");
    let interpreter = Engine::new().executor(dvdt::Executor::Interpreter);
    for engine in [Engine::new(), interpreter] {
        let mut other = engine.compile("m", &bare).unwrap().simulation().unwrap();
        other.restore(&checkpoint).unwrap();
        other.run_for("2*ms").unwrap();
        assert_eq!(bits(&other), bits(&one));
    }
}

#[test]
fn another_model_is_refused_with_all_that_differs_and_nothing_changes() {
    let checkpoint = {
        let mut simulation = compile(MODEL).simulation().unwrap();
        simulation.run_for("1*ms").unwrap();
        simulation.checkpoint()
    };
    let cases: [(&str, &str, &[&str]); 7] = [
        ("cells[37]", "cells[38]", &["`cells` has 37 elements in it, and 38 in the model"]),
        (
            "group beat",
            "group heart",
            &["a group `beat`, which the model has not", "a group `heart`, which it has not"],
        ),
        ("    n : integer", "    n : 1", &["`cells.n` is of another kind"]),
        ("    b : boolean", "    b : boolean\n    extra : 1", &["a variable `cells.extra`, which it has not"]),
        ("threshold v > 1", "threshold v > 1.1", &["the equations, the method or the code of `cells` are others"]),
        ("[0, 0.5, 1]", "[0, 0.5, 1.5]", &["the equations, the method or the code of `cells` are others"]),
        ("clock slow dt = 0.3*ms", "clock slow dt = 0.1*ms", &["a tick of `beat` is 0.3*ms in it, and 0.1*ms"]),
    ];
    for (from, to, expected) in cases {
        assert!(MODEL.contains(from));
        let text = MODEL.replace(from, to).replace("heart.spikes", "beat.spikes").replace("0.3, 0.6", "0.3, 0.9");
        let text = if from == "group beat" { text.replace("record beat", "record heart") } else { text };
        let mut simulation = compile(&text).simulation().unwrap();
        simulation.run_for("0.3*ms").unwrap();
        let before = (simulation.time(), simulation.floats("cells.v").unwrap().to_vec());
        let error = simulation.restore(&checkpoint).unwrap_err().to_string();
        for part in expected {
            assert!(error.contains(part), "{from}: {error}");
        }
        assert_eq!((simulation.time(), simulation.floats("cells.v").unwrap().to_vec()), before);
    }
}

/// Every cut, and thousands of flipped and inserted bytes: an error, or what was saved.
#[test]
fn damaged_files_are_errors() {
    let mut simulation = compile(MODEL).simulation().unwrap();
    simulation.run_for("1*ms").unwrap();
    let checkpoint = simulation.checkpoint_with_recordings();
    let bytes = checkpoint.to_bytes();
    let survives = |bytes: &[u8], what: String| {
        let read = catch_unwind(AssertUnwindSafe(|| Checkpoint::from_bytes(bytes)));
        let read = read.unwrap_or_else(|_| panic!("{what}: panics"));
        assert!(read.is_err(), "{what} is not noticed");
    };
    for length in (0..bytes.len()).step_by(7) {
        survives(&bytes[..length], format!("cut to {length}"));
    }
    survives(&[&bytes[..], &[0]].concat(), "one byte more".into());
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let mut damaged = bytes.clone();
        let at = u.choose_index(damaged.len())?;
        let flip: u8 = u.int_in_range(1..=255)?;
        damaged[at] ^= flip;
        survives(&damaged, format!("byte {at} flipped by {flip}"));
        Ok(())
    })
    .budget_ms(2000);
    for (text, expected) in [(&b"no checkpoint at all, but long enough"[..], "no checkpoint"), (b"", "no checkpoint")] {
        assert!(Checkpoint::from_bytes(text).unwrap_err().to_string().contains(expected));
    }
    let mut later = bytes.clone();
    later[8] = 3;
    assert!(Checkpoint::from_bytes(&later).unwrap_err().to_string().contains("version 3"));
    let missing = Checkpoint::load("no/such/file").unwrap_err().to_string();
    assert!(missing.contains("no/such/file"), "{missing}");
}

#[test]
fn streams_hold_what_memory_would() {
    let folder = tempfile::tempdir().unwrap();
    let model = compile(MODEL);
    let mut kept = model.simulation_with_seed(2).unwrap();
    kept.run_script().unwrap();
    // Streamed, cut in the middle, and gone on with from the checkpoint in another simulation.
    let mut first = model.simulation_with_seed(2).unwrap();
    first.stream_to(folder.path()).unwrap();
    let taken = std::sync::Arc::new(std::sync::Mutex::new(None));
    let place = taken.clone();
    first
        .every("2.3*ms", move |simulation| {
            simulation.flush()?;
            *place.lock().unwrap() = Some(simulation.checkpoint());
            Ok(())
        })
        .unwrap();
    first.run_script().unwrap();
    drop(first);
    let checkpoint = taken.lock().unwrap().take().unwrap();
    let mut second = model.simulation().unwrap();
    second.restore(&checkpoint).unwrap();
    second.stream_on(folder.path()).unwrap();
    second.run_script().unwrap();
    for recording in kept.recordings().filter(|recording| recording.name() != "cells.w") {
        let table = dvdt::table::read(&folder.path().join(format!("{}.npy", recording.name()))).unwrap();
        assert_eq!(table.values, recording.values(), "{}", recording.name());
        let times = dvdt::table::read(&folder.path().join(format!("{}.t.npy", recording.name()))).unwrap();
        assert_eq!(times.values, recording.times());
    }
    for events in kept.all_events() {
        let read =
            |part: &str| dvdt::table::read(&folder.path().join(format!("{}.{part}.npy", events.name()))).unwrap();
        assert_eq!(read("t").values, events.times());
        assert_eq!(read("i").values, events.elements().iter().map(|&element| f64::from(element)).collect::<Vec<_>>());
    }
}

#[test]
fn code_of_the_host_is_not_repeated_after_a_checkpoint_that_it_took() {
    let model = compile("clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }");
    let taken = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let prepare = || {
        let mut simulation = model.simulation().unwrap();
        let add = |simulation: &mut Simulation| {
            simulation.floats_mut("g.x")?[0] += 100.0;
            Ok(())
        };
        simulation.every("2*ms", add).unwrap();
        let list = taken.clone();
        let take = move |simulation: &mut Simulation| {
            list.lock().unwrap().push(simulation.checkpoint());
            Ok(())
        };
        simulation.every("4*ms", take).unwrap();
        simulation.every("4*ms", add).unwrap();
        simulation
    };
    let mut whole = prepare();
    whole.run_for("10*ms").unwrap();
    let checkpoints = taken.lock().unwrap().clone();
    assert_eq!(checkpoints.len(), 3);
    for checkpoint in checkpoints {
        let mut other = prepare();
        other.restore(&checkpoint).unwrap();
        other.run_for(dvdt::Input::Float(0.01 - checkpoint.time(), dvdt::Dimension::TIME)).unwrap();
        assert_eq!(other.floats("g.x").unwrap(), whole.floats("g.x").unwrap(), "from {}", checkpoint.time());
    }
}

#[test]
fn single_ticks_call_code_of_the_host_too() {
    let model = compile("clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }");
    let mut simulation = model.simulation().unwrap();
    let add = |simulation: &mut Simulation| {
        assert!(simulation.tick().is_err());
        simulation.floats_mut("g.x")?[0] += 100.0;
        Ok(())
    };
    simulation.every("2*ms", add).unwrap();
    (0..4).for_each(|_| simulation.tick().unwrap());
    assert_eq!(simulation.floats("g.x").unwrap(), [204.0]);
}

#[test]
fn recordings_of_another_past_are_not_taken_for_the_own() {
    let model = compile(MODEL);
    let mut one = model.simulation_with_seed(1).unwrap();
    one.run_for("2*ms").unwrap();
    let checkpoint = one.checkpoint();
    let mut other = model.simulation_with_seed(2).unwrap();
    other.run_for("3*ms").unwrap();
    other.restore(&checkpoint).unwrap();
    assert_eq!(other.recording("cells.v").unwrap().samples(), 0);
    assert!(other.events("cells.spikes").unwrap().is_empty());
    assert_eq!(other.recording("cells.v").unwrap().total(), one.recording("cells.v").unwrap().total());
    // The same simulation in two branches: what follows the first checkpoint is another past.
    let early = one.checkpoint();
    one.run_for("1*ms").unwrap();
    let late = one.checkpoint();
    one.restore(&early).unwrap();
    one.set("cells.v", 0.5).unwrap();
    one.run_for("2*ms").unwrap();
    one.restore(&late).unwrap();
    assert_eq!(one.recording("cells.v").unwrap().samples(), 0);
}

#[test]
fn streams_end_with_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let model = compile("clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }\nrecord g.x");
    let mut simulation = model.simulation().unwrap();
    simulation.stream_to(folder.path()).unwrap();
    simulation.run_for("3*ms").unwrap();
    let checkpoint = simulation.checkpoint();
    simulation.run_for("3*ms").unwrap();
    simulation.restore(&checkpoint).unwrap();
    simulation.run_for("1*ms").unwrap();
    assert_eq!(simulation.recording("g.x").unwrap().values(), [3.0]);
    let streamed = || dvdt::table::read(&folder.path().join("g.x.npy")).unwrap().values;
    assert_eq!(streamed(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    simulation.stream_on(folder.path()).unwrap();
    simulation.run_for("1*ms").unwrap();
    assert_eq!(streamed(), [0.0, 1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn values_that_cease_to_be_finite_are_told_again_after_a_restore() {
    let model = compile("clock dt = 1*ms\ngroup g[1] {\n dx/dt = x*x/ms : 1\n init x = 1\n}");
    let mut simulation = model.simulation().unwrap();
    let checkpoint = simulation.checkpoint();
    let first = simulation.run_for("50*ms").unwrap().non_finite;
    assert_eq!(first.len(), 1);
    simulation.restore(&checkpoint).unwrap();
    assert_eq!(simulation.run_for("50*ms").unwrap().non_finite, first);
}

#[test]
fn other_initial_values_draw_from_streams_of_their_own() {
    let text = |init: &str| {
        format!("clock dt = 1*ms\ngroup g[9] {{\n x : 1\n y : 1\n init y = {init}\n run_regularly {{ x = rand() }}\n}}")
    };
    let mut one = compile(&text("rand() + randn()")).simulation_with_seed(4).unwrap();
    one.run_for("2*ms").unwrap();
    let mut other = compile(&text("0")).simulation().unwrap();
    other.restore(&one.checkpoint()).unwrap();
    one.run_for("2*ms").unwrap();
    other.run_for("2*ms").unwrap();
    assert_eq!(one.floats("g.x").unwrap(), other.floats("g.x").unwrap());
}

#[test]
fn a_comment_does_not_move_the_place_in_the_script() {
    let text = "clock dt = 1*ms\ngroup g[1] { dx/dt = 1/ms : 1 }\nrun 2*ms\nset g.x = 10\nrun 2*ms\n";
    let mut one = compile(text).simulation().unwrap();
    let taken = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let list = taken.clone();
    let take = move |simulation: &mut Simulation| {
        list.lock().unwrap().push(simulation.checkpoint());
        Ok(())
    };
    one.every("3*ms", take).unwrap();
    one.run_script().unwrap();
    let mut other = compile(&format!("# another line\n{text}")).simulation().unwrap();
    other.restore(&taken.lock().unwrap()[1]).unwrap();
    other.run_script().unwrap();
    assert_eq!((other.time(), other.floats("g.x").unwrap()), (one.time(), one.floats("g.x").unwrap()));
}

/// The same name, but another element, interval, moment or variable: nothing is mixed, and it is told.
#[test]
fn what_is_recorded_otherwise_begins_anew() {
    let text = |records: &str| {
        format!(
            "clock dt = 1*ms\ngroup c[2] {{\n dv/dt = (1+i)/ms : 1\n w : 1\n threshold v > 4*(1+i)\n reset v = 0\n \
             method euler\n init w = 100\n}}\n{records}\nrun 12*ms\n"
        )
    };
    let records = "record c.v[0]\nrecord c.v[0, 1]\nrecord c.spikes(v)\nrecord c.population_rate every 2*ms";
    let model = compile(&text(records));
    let mut whole = model.simulation().unwrap();
    whole.run_for("8*ms").unwrap();
    let checkpoint = whole.checkpoint_with_recordings();
    let begun = |records: &str, name: &str| {
        let mut simulation = compile(&text(records)).simulation().unwrap();
        let notes = simulation.restore(&checkpoint).unwrap();
        assert!(notes.iter().any(|note| note.contains(&format!("`{name}` is recorded otherwise"))), "{notes:?}");
        simulation.run_for("4*ms").unwrap();
        simulation
    };
    for other in ["record c.v[1]", "record c.v[0] every 2*ms", "record c.v[0] when end"] {
        let simulation = begun(other, "c.v");
        assert_eq!(simulation.recording("c.v").unwrap().times()[0], 0.008, "{other}");
    }
    let simulation = begun("record c.spikes(w)", "c.spikes");
    assert!(simulation.events("c.spikes").unwrap().values("w").unwrap().iter().all(|&kept| kept == 100.0));
    let simulation = begun("record c.population_rate every 4*ms", "c.population_rate");
    assert_eq!(simulation.recording("c.population_rate").unwrap().times(), [0.008]);
    let swapped = "record c.v[0, 1]\nrecord c.v[0]";
    assert_eq!(begun(swapped, "c.v").recording("c.v").unwrap().samples(), 4);

    let mut same = model.simulation().unwrap();
    assert!(same.restore(&checkpoint).unwrap().is_empty());
    same.run_for("4*ms").unwrap();
    whole.run_for("4*ms").unwrap();
    assert_eq!(recorded(&same), recorded(&whole));

    // What was done of the script decides, not what follows.
    let mut scripted = model.simulation().unwrap();
    scripted.run_script().unwrap();
    let checkpoint = scripted.checkpoint_with_recordings();
    let mut longer = compile(&format!("{}run 1*ms\n", text(records))).simulation().unwrap();
    assert!(longer.restore(&checkpoint).unwrap().is_empty());
    longer.run_script().unwrap();
    assert_eq!(longer.time(), 0.013);
    let notes = compile(&text(records).replace("run 12", "run 13")).simulation().unwrap().restore(&checkpoint).unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("what was done of the script is another"), "{notes:?}");
}

#[test]
fn rows_of_an_empty_group_are_counted_too() {
    let model = compile("clock dt = 1*ms\ngroup g[0] {\n dx/dt = 1/ms : 1\n}\nrecord g.x\n");
    let mut one = model.simulation().unwrap();
    one.run_for("5*ms").unwrap();
    let mut other = model.simulation().unwrap();
    other.restore(&Checkpoint::from_bytes(&one.checkpoint_with_recordings().to_bytes()).unwrap()).unwrap();
    other.run_for("4*ms").unwrap();
    assert_eq!(other.recording("g.x").unwrap().times().len(), 9);
}

/// A stream that cannot go on leaves all files as they are.
#[test]
fn a_refused_stream_cuts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let model = compile(
        "clock dt = 1*ms\ngroup g[2] {\n dx/dt = 1/ms : 1\n threshold x > 3\n reset x = 0\n}\nrecord g.x\nrecord g.spikes(x)\n",
    );
    let mut simulation = model.simulation().unwrap();
    simulation.stream_to(folder.path()).unwrap();
    simulation.run_for("10*ms").unwrap();
    let checkpoint = simulation.checkpoint();
    simulation.run_for("10*ms").unwrap();
    simulation.flush().unwrap();
    std::fs::write(folder.path().join("g.spikes.x.npy"), "").unwrap();
    let before = std::fs::read(folder.path().join("g.x.npy")).unwrap();
    simulation.restore(&checkpoint).unwrap();
    simulation.stream_on(folder.path()).unwrap_err();
    assert_eq!(std::fs::read(folder.path().join("g.x.npy")).unwrap(), before);
}

#[test]
fn an_interval_shorter_than_a_tick_is_refused() {
    let mut simulation = compile("clock dt = 1*ms\ngroup g[1] {\n dx/dt = 1/ms : 1\n}\n").simulation().unwrap();
    let error = simulation.every("1*us", |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("shorter than a tick"), "{error}");
    simulation.every("1*ms", |_| Ok(())).unwrap();
}
