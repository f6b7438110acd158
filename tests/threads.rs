//! Groups in parts: whatever threads, blocks and fused ticks there are, the bits are those of one tick after the other.

use dvdt::{Engine, Executor, Lanes};

/// Any number of threads, changed between runs, gives the bits of one: state, events in order with what is
/// kept of them, rates, given spikes.
#[test]
fn threads_change_no_bit() {
    let text = "clock dt = 0.1*ms
        group g[300] {
            dv/dt = (2 - v + 0.1*sqrt(10*ms)*xi)/(10*ms) : 1 (unless refractory)
            threshold v > 1 + 0.001*i
            reset v = 0
            refractory 1*ms
            method euler
            twice = 2*v : 1
            both = 3*t/second : 1 (shared)
        }
        group given[200] { spikes [3, 150, 7] at [0.1, 0.1, 2]*ms }
        record g.spikes(v)
        record g.population_rate every 1*ms
        record given.spikes
        record g.v
        record g.twice[250, 3, 7, 250]
        record g.both
        record g.not_refractory when end
        record g.v[299] last 9
        record g.v[7] every 2*ms";
    let model = Engine::new().compile("m", text).unwrap();
    let run = |threads: [usize; 4]| {
        let mut simulation = model.simulation().unwrap();
        for count in threads {
            simulation.set_threads(count).unwrap();
            simulation.always_divide();
            simulation.run_for("10*ms").unwrap();
        }
        let events = simulation.events("g.spikes").unwrap();
        assert!(events.len() > 100, "{}", events.len());
        let given = simulation.events("given.spikes").unwrap();
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        (
            bits(simulation.floats("g.v").unwrap()),
            (events.ticks().to_vec(), events.elements().to_vec(), bits(events.values("v").unwrap())),
            (given.ticks().to_vec(), given.elements().to_vec()),
            simulation.recordings().map(|recording| bits(recording.values())).collect::<Vec<_>>(),
        )
    };
    let alone = run([1; 4]);
    for threads in [[2; 4], [1, 3, 2, 5], [5, 1, 2, 1]] {
        assert_eq!(run(threads), alone, "{threads:?}");
    }
}

/// A large group goes on in blocks of elements, each for many ticks.
#[test]
fn blocks_of_elements_change_no_bit() {
    let text = |line: &str| {
        format!(
            "clock dt = 0.1*ms
            group g[20011] {{
                dv/dt = (w*sin(v) - v + s + t/ms)/(10*ms) : 1
                dw/dt = (cos(v) - w)/(20*ms) : 1
                {line}
                method rk2
                init v = i/N
            }}"
        )
    };
    let lines =
        ["ds/dt = (1 - s)/(5*ms) : 1", "s = cos(t/ms) : 1 (shared)", "s = cos(t/ms) : 1 (shared, constant over dt)"];
    for line in lines {
        let model = Engine::new().compile("m", &text(line)).unwrap();
        let run = |duration: &str, times: usize| {
            let mut simulation = model.simulation().unwrap();
            for _ in 0..times {
                simulation.run_for(duration).unwrap();
            }
            let bits = |name: &str| simulation.floats(name).unwrap().iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
            ["g.v", "g.w"].map(bits)
        };
        assert!(run("5*ms", 1) == run("0.1*ms", 50), "{line}");
    }
}

/// One thread does a large group block by block, many ticks of each, and puts together what happened.
#[test]
fn blocks_of_events_change_no_bit() {
    let text = "clock dt = 0.1*ms
        group g[20011] {
            dv/dt = (2 - v + shift + 0.1*sqrt(10*ms)*xi)/(10*ms) : 1 (unless refractory)
            shift : 1 (shared)
            threshold v > 1 + 0.00001*i
            reset v = 0
            refractory 1*ms
            method euler
            run_regularly { shift += 0.001 }
            twice = 2*v : 1
        }
        record g.spikes(v)
        record g.twice[20010, 5]
        record g.shift
        record g.population_rate every 1*ms";
    let run = |always: bool, duration: &str, times: usize| {
        let mut simulation = Engine::new().compile("m", text).unwrap().simulation().unwrap();
        if always {
            simulation.always_divide();
        }
        for _ in 0..times {
            simulation.run_for(duration).unwrap();
        }
        let events = simulation.events("g.spikes").unwrap();
        assert!(events.len() > 20_000, "{}", events.len());
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        (
            bits(simulation.floats("g.v").unwrap()),
            bits(simulation.floats("g.shift").unwrap()),
            (events.ticks().to_vec(), events.elements().to_vec(), bits(events.values("v").unwrap())),
            simulation.recordings().map(|recording| bits(recording.values())).collect::<Vec<_>>(),
        )
    };
    assert!(run(true, "20*ms", 1) == run(false, "0.1*ms", 200));
}

/// What is done at every so many ticks of a group, before or after its update, is done then however many ticks are one
/// call; what has other clocks visits.
#[test]
fn slower_clocks_change_no_bit() {
    let events = "threshold x > 1\n refractory 0.5*ms\n reset { x = 0.1; y += x }";
    let listed = "record g.spikes(x, y)\nrecord g.population_rate every 1*ms";
    let chosen = "record g.y[1000]";
    for (events, listed, often) in [("", "", ""), ("", "", chosen), (events, listed, ""), (events, listed, chosen)] {
        let text = format!(
            "clock dt = 0.1*ms
            group g[1003] {{
                dx/dt = (1.5 - x)/ms*(1 + i/N) : 1 {}
                y : 1
                shift : 1 (shared)
                twice = 2*x : 1
                {events}
                method euler
                run_regularly every 0.7*ms {{ y += 0.01*rand(); shift += 0.1 }}
            }}
            {listed}
            record g.x every 1*ms
            record g.twice[1002, 5] every 0.3*ms when after_resets
            record g.y[3:500] every 0.2*ms when end last 50
            record g.shift every 0.4*ms
            record g.x[7] every 0.25*ms
            {often}",
            if events.is_empty() { "" } else { "(unless refractory)" }
        );
        let run = |executor, threads, durations: &[&str]| {
            let model = Engine::new().executor(executor).compile("m", &text).unwrap();
            let mut simulation = model.simulation().unwrap();
            if threads > 0 {
                simulation.set_threads(threads).unwrap();
                simulation.always_divide();
            }
            for duration in durations {
                simulation.run_for(*duration).unwrap();
            }
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
            let spikes = (!listed.is_empty()).then(|| {
                let spikes = simulation.events("g.spikes").unwrap();
                (spikes.ticks().to_vec(), spikes.elements().to_vec(), bits(spikes.values("y").unwrap()))
            });
            let recordings = simulation.recordings().map(|recording| (recording.times(), bits(recording.values())));
            let recordings = recordings.collect::<Vec<_>>();
            (["g.x", "g.y"].map(|name| bits(simulation.floats(name).unwrap())), spikes, recordings)
        };
        let expected = run(Executor::Interpreter, 0, &["0.1*ms"; 121]);
        // A run to 7.00005 ms reaches tick 70 of the group, but only tick 9 of the clock of 0.7 ms.
        let uneven = ["5*ms", "2.00005*ms", "5.09995*ms"];
        let unevenly = run(Executor::Interpreter, 0, &uneven);
        for threads in 0..=3 {
            assert!(run(Executor::Jit, threads, &["4.3*ms", "7.8*ms"]) == expected, "{threads} threads: {events}");
            assert!(run(Executor::Jit, threads, &uneven) == unevenly, "{threads} threads, uneven: {events}");
        }
        let samples = expected.2.iter().map(|(times, _)| times.len()).collect::<Vec<_>>();
        let rate = if listed.is_empty() { &[][..] } else { &[12] };
        let often = if often.is_empty() { &[][..] } else { &[121] };
        assert_eq!(samples, [rate, &[13, 41, 50, 31, 49], often].concat());
    }
}

/// Where there is much to put together, the thread that does so gets fewer elements after a while.
#[test]
fn tiles_that_are_cut_anew_change_no_bit() {
    let text = "clock dt = 0.1*ms
        group g[1003] {
            dx/dt = (1.5 - x)/ms*(1 + i/N) : 1
            threshold x > -1
            reset x = 0.1*x
            method euler
        }
        record g.spikes(x)
        record g.x every 10*ms";
    let model = Engine::new().compile("m", text).unwrap();
    let run = |threads: usize| {
        let mut simulation = model.simulation().unwrap();
        simulation.set_threads(threads).unwrap();
        simulation.always_divide();
        (0..3).for_each(|_| drop(simulation.run_for("300*ms").unwrap()));
        let spikes = simulation.events("g.spikes").unwrap();
        let recording = simulation.recording("g.x").unwrap().values().to_vec();
        (spikes.elements().to_vec(), spikes.values("x").unwrap().to_vec(), spikes.counts().to_vec(), recording)
    };
    let alone = run(1);
    assert_eq!((alone.0.len(), alone.3.len()), (9000 * 1003, 90 * 1003));
    for threads in [2, 3] {
        assert!(run(threads) == alone, "{threads}");
    }
}

/// Looking for where a value ceased to be finite disturbs nothing that threads keep.
#[test]
fn a_divided_group_goes_on_after_a_value_that_is_not_finite() {
    let text = "clock dt = 0.1*ms
        group g[3000] {
            dv/dt = (2 - v + 0.1*sqrt(10*ms)*xi)/(10*ms) : 1
            dw/dt = w*w/(2*ms)*int(i == 2900) : 1
            threshold v > 1
            reset v = 0
            method euler
            init w = 1
        }
        record g.spikes
        record g.v[0, 2999]";
    let model = Engine::new().compile("m", text).unwrap();
    let run = |threads: usize| {
        let mut simulation = model.simulation().unwrap();
        simulation.set_threads(threads).unwrap();
        simulation.always_divide();
        let found = simulation.run_for("20*ms").unwrap().non_finite;
        let found = found.iter().map(|hit| (hit.variable.clone(), hit.element, hit.tick)).collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{found:?}");
        simulation.pause("g.v").unwrap();
        simulation.run_for("3*ms").unwrap();
        simulation.resume("g.v").unwrap();
        simulation.run_for("7*ms").unwrap();
        let events = simulation.events("g.spikes").unwrap();
        let recording = simulation.recording("g.v").unwrap();
        let bits = recording.values().iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        (found, events.ticks().to_vec(), events.elements().to_vec(), recording.times(), bits)
    };
    let alone = run(1);
    for threads in [2, 3] {
        assert!(run(threads) == alone, "{threads}");
    }
}

/// Where little depends on the tick, ticks are fused; where much does, they are not: the same numbers in any case.
#[test]
fn what_depends_on_the_tick_may_be_fused() {
    for (input, fused) in [("t/second", true), ("sin(2*pi*5*Hz*t)", false)] {
        for precision in ["float64", "float32"] {
            let text = format!(
                "clock dt = 0.1*ms\nprecision {precision}\ngroup g[1003] {{\n dx/dt = ({input} - x)/ms : 1\n method euler
                init x = i/N\n}}\nrun 30*ms\nrun 5.3*ms"
            );
            let run = |executor| {
                let model = Engine::new().executor(executor).compile("m", &text).unwrap();
                let mut simulation = model.simulation().unwrap();
                simulation.run_script().unwrap();
                (model.plan(), simulation.to_floats("g.x").unwrap())
            };
            let ((plan, found), (_, expected)) = (run(Executor::Jit), run(Executor::Interpreter));
            assert_eq!(plan.contains("fused ticks"), fused && Lanes::Four.has_machine(), "{plan}");
            assert_eq!(found, expected, "{input}, {precision}");
        }
    }
}

/// Several ticks of a block are one call, whose lists are sorted by ticks: the same events as tick by tick, be they
/// rare or as many as there are elements.
#[test]
fn events_of_fused_ticks_come_in_order() {
    let refractory = "refractory 0.5*ms\n";
    for (precision, threshold, period) in [
        ("float64", 1.0, ""),
        ("float32", 1.0, ""),
        ("float64", -1.0, ""),
        ("float32", -1.0, ""),
        ("float64", 1.0, refractory),
        ("float32", 1.0, refractory),
        ("float64", -1.0, refractory),
    ] {
        let flag = if period.is_empty() { "" } else { "(unless refractory)" };
        let text = format!(
            "clock dt = 0.1*ms\nprecision {precision}\ngroup g[1003] {{\n dx/dt = (1.5 - x)/ms*(1 + i/N) : 1 {flag}
                y : 1\n threshold x > {threshold}\n {period} reset {{ x = 0.1; y += x }}\n method euler\n init x = i/N\n}}
            record g.spikes(x, y)\nrecord g.population_rate\nrun 30*ms\nrun 5.3*ms"
        );
        let run = |executor, threads| {
            let mut simulation = Engine::new().executor(executor).compile("m", &text).unwrap().simulation().unwrap();
            if threads > 0 {
                simulation.set_threads(threads).unwrap();
                simulation.always_divide();
            }
            simulation.run_script().unwrap();
            let spikes = simulation.events("g.spikes").unwrap();
            let kept = ["x", "y"].map(|name| spikes.values(name).unwrap().to_vec());
            let rate = simulation.recording("g.population_rate").unwrap().values().to_vec();
            (spikes.ticks().to_vec(), spikes.elements().to_vec(), kept, spikes.counts().to_vec(), rate)
        };
        let expected = run(Executor::Interpreter, 0);
        assert!(expected.0.len() > 10_000, "{}", expected.0.len());
        for threads in 0..=3 {
            assert!(run(Executor::Jit, threads) == expected, "{precision}, {threshold}, {threads} threads");
        }
    }
}
