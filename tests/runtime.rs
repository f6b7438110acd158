//! The runtime with kernels built by hand and interpreted.

use dvdt::algebra::Kind;
use dvdt::dimension::Dimension;
use dvdt::interpret::Interpreter;
use dvdt::kernel::abi::{ColumnId, Layout, Routine, Storage, UniformId, Varies};
use dvdt::kernel::{Binary, Builder, Type, Unary};
use dvdt::model::{Clock, Denormals, Seconds};
use dvdt::runtime::{
    CancelToken, Controls, Error, MonitorPlan, Network, Part, Place, Plan, Program, Progress, Propagate, Recording,
    Slot, Source, Stage, Time, Variable,
};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MS: f64 = 1e-3;

/// A clock of `numerator / denominator` milliseconds.
fn clock(numerator: u64, denominator: u64) -> Clock {
    Clock { name: "dt".into(), dt: Seconds { numerator, denominator: denominator * 1000 } }
}

fn routine(layout: &Layout, build: impl FnOnce(&mut Builder)) -> Arc<dyn Routine> {
    let mut builder = Builder::new("test", layout.storage());
    build(&mut builder);
    Arc::new(Interpreter::new(builder.finish(), layout.clone()))
}

fn variable(name: &str, kind: Kind, place: Place, state: bool) -> Variable {
    Variable { name: name.into(), kind, dimension: Dimension::DIMENSIONLESS, place, writable: true, state }
}

fn program(name: &str, layout: Layout, variables: Vec<Variable>, update: Arc<dyn Routine>) -> Program {
    let (init, prelude, before) = (vec![], vec![], vec![]);
    let parts = vec![Part { slot: Slot::Groups, stages: vec![Stage::Call(update)] }];
    let (regular, events, saved) = (vec![], vec![], vec![]);
    let (name, seed, fingerprint) = (name.into(), None, 0);
    Program {
        name,
        clock: 0,
        layout,
        variables,
        seed,
        init,
        prelude,
        before,
        regular,
        parts,
        events,
        saved,
        fingerprint,
    }
}

/// `dv/dt = 1/ms` by Euler at 0.1 ms.
fn ramp(elements: usize) -> Program {
    let mut storage = Storage::default();
    let v = storage.column("v", Type::F64, Varies::Ticks);
    let layout = Layout::new(storage, elements);
    let update = routine(&layout, |b| {
        let (old, step) = (b.load(v), b.float(0.1));
        let new = b.add(old, step);
        b.store(v, new);
    });
    program("cells", layout, vec![variable("v", Kind::Float, Place::Column(v), true)], update)
}

/// `dv/dt = -v/tau` by Euler at 0.1 ms with a hidden column `1 - dt/tau`, starting at `v = 1 + i`.
fn decay(elements: usize) -> Program {
    let mut storage = Storage::default();
    let v = storage.column("v", Type::F64, Varies::Ticks);
    let tau = storage.column("tau", Type::F64, Varies::Runs);
    let factor = storage.column("1 - dt/tau", Type::F64, Varies::Runs);
    let layout = Layout::new(storage, elements);
    let update = routine(&layout, |b| {
        let (old, factor) = (b.load(v), b.load(factor));
        let new = b.mul(old, factor);
        b.store(v, new);
    });
    let prelude = routine(&layout, |b| {
        let (one, dt, tau) = (b.float(1.0), b.float(1e-4), b.load(tau));
        let ratio = b.div(dt, tau);
        let value = b.sub(one, ratio);
        b.store(factor, value);
    });
    let init = routine(&layout, |b| {
        let (index, one, time) = (b.index(), b.float(1.0), b.float(10.0 * MS));
        let index = b.unary(Unary::ToFloat, index);
        let value = b.add(one, index);
        b.store(v, value);
        b.store(tau, time);
    });
    let variables = vec![
        variable("v", Kind::Float, Place::Column(v), true),
        variable("tau", Kind::Float, Place::Column(tau), false),
    ];
    Program {
        init: vec![Stage::Call(init)],
        prelude: vec![Stage::Call(prelude)],
        ..program("cells", layout, variables, update)
    }
}

/// Records the first column of group 0.
fn monitor(clock: usize, elements: Option<Vec<usize>>) -> MonitorPlan {
    MonitorPlan {
        fingerprint: 0,
        name: "cells.v".into(),
        group: 0,
        dimension: Dimension::DIMENSIONLESS,
        kind: Kind::Float,
        elements,
        clock,
        slot: Slot::Start,
        order: 0,
        last: None,
        source: Source::Place(Place::Column(ColumnId(0))),
        evaluate: vec![],
    }
}

fn network(clocks: Vec<Clock>, programs: Vec<Program>, monitors: Vec<MonitorPlan>) -> Network {
    let plan = Plan { clocks, programs, monitors, event_monitors: vec![], denormals: Denormals::Keep };
    Network::new(Arc::new(plan)).expect("a sound plan")
}

fn recording(network: &Network) -> &Recording {
    network.recordings().next().expect("one monitor")
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-9), "{found:?} for {expected:?}");
    }
}

/// Conformance vector 16 of Brian2 2.9.0.
#[test]
fn a_monitor_with_its_own_clock_sees_the_state_before_the_step() {
    let clocks = vec![clock(1, 10), clock(1, 4)];
    let mut network = network(clocks, vec![ramp(1)], vec![monitor(1, None)]);
    let report = network.run(1.0 * MS).unwrap();
    assert_close(&recording(&network).times(), &[0.0, 0.25 * MS, 0.5 * MS, 0.75 * MS]);
    assert_close(recording(&network).values(), &[0.0, 0.3, 0.5, 0.8]);
    assert_eq!((report.ticks, report.samples), (vec![10, 4], 4));
}

/// Conformance vector 17 of Brian2 2.9.0.
#[test]
fn two_half_ticks_are_one_tick() {
    let mut network = network(vec![clock(1, 10)], vec![ramp(1)], vec![monitor(0, None)]);
    network.run(1.0 * MS).unwrap();
    assert_eq!(network.run(0.05 * MS).unwrap().ticks, [1]);
    assert_eq!(network.run(0.05 * MS).unwrap().ticks, [0]);
    assert_eq!(recording(&network).samples(), 11);
    assert_eq!(recording(&network).time(10), 1.0 * MS);
    assert_eq!(network.time(), Time::new(11, 10_000).unwrap());
    assert_eq!(network.time().to_f64(), 0.0011);
}

#[test]
fn a_duration_counts_the_ticks_that_have_begun() {
    let dt = clock(1, 10).dt;
    for (milliseconds, ticks) in [
        (0.0, 0),
        (0.3, 3),
        (0.1 + 0.2, 3),
        (0.31, 4),
        (0.300_01, 3),
        (0.300_011, 4),
        (0.299_99, 3),
        (1e-6, 0),
        (1e5, 1_000_000),
    ] {
        assert_eq!(Time::from_seconds(milliseconds * MS).unwrap().ticks(dt), Some(ticks), "{milliseconds} ms");
    }
    let third = Seconds { numerator: 1, denominator: 3 };
    assert_eq!(Time::new(2, 1).unwrap().ticks(third), Some(6));
}

#[test]
fn a_duration_is_a_decimal_number() {
    assert_eq!(Time::from_seconds(0.1 + 0.2), Time::new(3, 10));
    assert_eq!(Time::from_seconds(1e20), Time::new(10u128.pow(20), 1));
    assert_eq!(Time::from_seconds(-0.0), Some(Time::ZERO));
    for bad in [-1.0, f64::NAN, f64::INFINITY, 1e-30 / 3.0] {
        assert_eq!(Time::from_seconds(bad), None, "{bad}");
    }
}

#[test]
fn impossible_durations_are_errors() {
    let mut network = network(vec![clock(1, 10)], vec![ramp(1)], vec![]);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(network.run(bad), Err(Error::Duration { .. })), "{bad}");
    }
    for long in [1e20, 1e300] {
        assert_eq!(network.run(long), Err(Error::TooLong));
    }
    assert_eq!(network.time(), Time::ZERO);
}

#[test]
fn a_run_of_zero_prepares_only() {
    let mut network = network(vec![clock(1, 10)], vec![decay(3)], vec![monitor(0, None)]);
    let mut fractions = vec![];
    let mut note = |progress: &Progress| fractions.push(progress.fraction);
    let report = network.run_with(Time::ZERO, Controls { progress: Some(&mut note), ..Controls::default() }).unwrap();
    assert_eq!((report.ticks, report.samples, report.cancelled), (vec![0], 0, false));
    assert_eq!(fractions, [0.0, 1.0]);
    assert!(recording(&network).values().is_empty());
    assert_eq!(recording(&network).row(0), None);
}

#[test]
fn groups_of_every_size_decay() {
    for elements in [0, 1, 2, 7, 8, 100, 1001, 70_000] {
        let mut network = network(vec![clock(1, 10)], vec![decay(elements)], vec![monitor(0, None)]);
        network.run(0.5 * MS).unwrap();
        let last: Vec<f64> = (0..elements).map(|i| (1.0 + i as f64) * 0.99f64.powi(4)).collect();
        let recording = recording(&network);
        assert_eq!((recording.samples(), recording.width()), (5, elements));
        assert_close(recording.row(4).unwrap(), &last);
        assert_eq!(recording.elements().len(), elements);
        let after: Vec<f64> = last.iter().map(|v| v * 0.99).collect();
        assert_close(network.group("cells").unwrap().floats("v").unwrap(), &after);
    }
}

#[test]
fn many_short_runs_are_one_long_run() {
    let new = || network(vec![clock(1, 10), clock(1, 4)], vec![decay(5)], vec![monitor(0, None), monitor(1, None)]);
    let (mut long, mut short, mut ticked) = (new(), new(), new());
    long.run(30.0 * MS).unwrap();
    for _ in 0..300 {
        short.run(0.1 * MS).unwrap();
    }
    while ticked.ticks() != long.ticks() {
        ticked.tick().unwrap();
    }
    for other in [&short, &ticked] {
        assert_eq!(long.time(), other.time());
        for (a, b) in long.recordings().zip(other.recordings()) {
            assert_eq!(a.values(), b.values());
        }
    }
}

#[test]
fn a_tick_is_one_time_at_which_something_happens() {
    let clocks = vec![clock(1, 10), clock(1, 4)];
    let mut network = network(clocks, vec![ramp(1)], vec![monitor(1, None)]);
    let mut times = vec![];
    for _ in 0..8 {
        network.tick().unwrap();
        times.push(network.time().to_f64() / MS);
    }
    assert_close(&times, &[0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7]);
    assert_eq!(network.ticks(), [7, 3]);
}

/// A routine that notes its calls.
struct Noted {
    name: &'static str,
    log: Arc<Mutex<Vec<String>>>,
}

impl Routine for Noted {
    fn call(&self, _memory: &mut [u64], ticks: Range<u64>, _elements: Range<usize>) {
        let call = format!("{} {}..{}", self.name, ticks.start, ticks.end);
        self.log.lock().unwrap().push(call);
    }
}

/// A group whose calls are noted, with monitors on the given clocks.
fn noted(clocks: Vec<Clock>, before: bool, monitors: &[usize]) -> (Network, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(vec![]));
    let note = |name| -> Arc<dyn Routine> { Arc::new(Noted { name, log: Arc::clone(&log) }) };
    let mut program = ramp(1);
    program.parts = vec![Part { slot: Slot::Groups, stages: vec![Stage::Call(note("update"))] }];
    if before {
        program.before = vec![Stage::Call(note("before"))];
    }
    let watch = |&clock: &usize| MonitorPlan { evaluate: vec![Stage::Call(note("record"))], ..monitor(clock, None) };
    let monitors = monitors.iter().map(watch).collect();
    (network(clocks, vec![program], monitors), log)
}

#[test]
fn ticks_that_nobody_sees_are_one_call() {
    let (mut network, log) = noted(vec![clock(1, 10), clock(1, 1)], false, &[1]);
    network.run(30.0 * MS).unwrap();
    let log = log.lock().unwrap();
    // Chunks start with one tick and grow at most 16 times each; within one, a call reaches to the
    // next sample.
    assert_eq!(log.iter().filter(|call| call.starts_with("record")).count(), 30);
    assert!(log.iter().filter(|call| call.starts_with("update")).count() < 40, "{log:?}");
}

#[test]
fn at_one_time_the_schedule_decides() {
    // The monitor on a clock of the same dt ticks with the group, the other one at every second tick.
    let (mut network, log) = noted(vec![clock(1, 10), clock(1, 10), clock(1, 5)], true, &[1, 2]);
    network.run(0.3 * MS).unwrap();
    let expected = "before 0..1, record 0..1, record 0..1, update 0..1, \
                    before 1..2, record 1..2, update 1..2, \
                    before 2..3, record 2..3, record 2..3, update 2..3";
    assert_eq!(log.lock().unwrap().join(", "), expected);
    let slots: Vec<Slot> = network.schedule().iter().map(|task| task.slot).collect();
    assert_eq!(slots, [Slot::BeforeStart, Slot::Start, Slot::Start, Slot::Groups]);
}

#[test]
fn groups_on_different_clocks_meet_exactly() {
    let slow = Program { name: "slow".into(), clock: 1, ..ramp(2) };
    let clocks = vec![clock(1, 10), clock(1, 3)];
    let mut network = network(clocks, vec![ramp(2), slow], vec![]);
    let report = network.run(10.0).unwrap();
    assert_eq!(report.ticks, [100_000, 30_000]);
    let v = |name| network.group(name).unwrap().floats("v").unwrap()[1];
    assert!((v("cells") - 1e4).abs() < 1e-6 && (v("slow") - 3e3).abs() < 1e-6);
}

#[test]
fn cancellation_stops_all_groups_at_one_time_and_a_later_run_continues() {
    let new = || {
        let slow = Program { name: "slow".into(), clock: 1, ..decay(4) };
        network(vec![clock(1, 10), clock(7, 20)], vec![decay(3), slow], vec![monitor(0, None), monitor(1, None)])
    };
    let mut whole = new();
    whole.run(2.0).unwrap();
    let mut halting = new();
    let cancel = CancelToken::default();
    let token = cancel.clone();
    let mut calls = 0;
    let mut stop_third = move |_: &Progress| {
        calls += 1;
        if calls == 3 {
            token.cancel();
        }
    };
    let span = Time::from_seconds(2.0).unwrap();
    let controls = Controls { cancel, progress: Some(&mut stop_third), interval: Duration::ZERO };
    let report = halting.run_with(span, controls).unwrap();
    assert!(report.cancelled);
    assert!(0 < report.ticks[0] && report.ticks[0] < 20_000, "{report:?}");
    assert_eq!(halting.time(), Time::new(u128::from(halting.ticks()[0]), 10_000).unwrap());
    let time = halting.time().to_f64();
    assert_eq!(halting.ticks()[1], (time / 0.35e-3 - 1e-9).ceil() as u64);
    assert_eq!(recording(&halting).samples() as u64, report.ticks[0]);

    halting.run(2.0 - time).unwrap();
    assert_eq!(halting.ticks(), whole.ticks());
    for (a, b) in whole.recordings().zip(halting.recordings()) {
        assert_eq!(a.values(), b.values());
    }
}

#[test]
fn a_token_that_is_cancelled_before_does_nothing() {
    let mut network = network(vec![clock(1, 10)], vec![ramp(1)], vec![]);
    let cancel = CancelToken::default();
    cancel.cancel();
    let report = network.run_with(Time::new(1, 1).unwrap(), Controls { cancel, ..Controls::default() }).unwrap();
    assert_eq!((report.cancelled, report.ticks), (true, vec![0]));
    assert_eq!(network.time(), Time::ZERO);
}

#[test]
fn progress_goes_from_0_to_1() {
    let mut network = network(vec![clock(1, 10)], vec![decay(10)], vec![]);
    let mut seen: Vec<Progress> = vec![];
    let mut note = |progress: &Progress| seen.push(*progress);
    let controls = Controls { progress: Some(&mut note), interval: Duration::ZERO, ..Controls::default() };
    network.run_with(Time::new(3, 1).unwrap(), controls).unwrap();
    assert_eq!((seen[0].fraction, seen[0].simulated), (0.0, 0.0));
    let last = seen.last().unwrap();
    assert_eq!((last.fraction, last.simulated), (1.0, 3.0));
    assert!(seen.len() > 3 && seen.is_sorted_by(|a, b| a.fraction < b.fraction && a.wall <= b.wall), "{seen:?}");
}

#[test]
fn a_changed_parameter_refreshes_the_prelude() {
    let mut network = network(vec![clock(1, 10)], vec![decay(2)], vec![]);
    network.run(0.1 * MS).unwrap();
    network.group_mut("cells").unwrap().floats_mut("tau").unwrap().copy_from_slice(&[1.0 * MS, 20.0 * MS]);
    network.run(0.1 * MS).unwrap();
    let v = network.group("cells").unwrap().floats("v").unwrap();
    assert_close(v, &[0.99 * 0.9, 2.0 * 0.99 * 0.995]);
}

#[test]
fn the_prelude_runs_only_when_a_parameter_was_written() {
    let log = Arc::new(Mutex::new(vec![]));
    let mut cells = decay(1);
    cells.prelude = vec![Stage::Call(Arc::new(Noted { name: "prelude", log: Arc::clone(&log) }))];
    let mut network = network(vec![clock(1, 10)], vec![cells], vec![]);
    let runs = |network: &mut Network| {
        network.run(0.1 * MS).unwrap();
        std::mem::take(&mut *log.lock().unwrap()).len()
    };
    assert_eq!((runs(&mut network), runs(&mut network)), (1, 0));
    network.group_mut("cells").unwrap().floats_mut("v").unwrap()[0] = 3.0;
    assert_eq!(runs(&mut network), 0, "a state variable is no parameter");
    network.group_mut("cells").unwrap().floats_mut("tau").unwrap();
    assert_eq!(runs(&mut network), 1);
    let layout = network.plan().programs[0].layout.clone();
    let assign = routine(&layout, |b| {
        let value = b.float(5.0);
        b.store(ColumnId(1), value);
    });
    network.apply("cells", &*assign).unwrap();
    assert_eq!(runs(&mut network), 1);
    assert_eq!(network.group("cells").unwrap().floats("tau").unwrap(), [5.0]);
}

/// `v[5]` becomes NaN by the update of tick 12345, `u` overflows, `w` stays what it is.
fn breaking() -> Program {
    let mut storage = Storage::default();
    let v = storage.column("v", Type::F64, Varies::Ticks);
    let w = storage.column("w", Type::F64, Varies::Ticks);
    let u = storage.uniform("u", Type::F64, Varies::Ticks);
    let layout = Layout::new(storage, 9);
    let update = routine(&layout, |b| {
        let (old, scale) = (b.uniform(u), b.float(1e100));
        let new = b.mul(old, scale);
        b.set_uniform(u, new);
        b.begin_body();
        let (tick, when) = (b.tick(), b.int(12_345));
        let (index, whom) = (b.index(), b.int(5));
        let (now, me) = (b.equal(tick, when), b.equal(index, whom));
        let both = b.binary(Binary::And, now, me);
        let (old, minus) = (b.load(v), b.float(-1.0));
        let radicand = b.select(both, minus, old);
        let new = b.unary(Unary::Sqrt, radicand);
        b.store(v, new);
        let old = b.load(w);
        b.store(w, old);
    });
    let variables = vec![
        variable("v", Kind::Float, Place::Column(v), true),
        variable("w", Kind::Float, Place::Column(w), true),
        variable("u", Kind::Float, Place::Uniform(u), true),
    ];
    program("cells", layout, variables, update)
}

#[test]
fn the_first_non_finite_value_is_found_exactly() {
    let mut network = network(vec![clock(1, 10)], vec![breaking()], vec![]);
    let cells = network.group_mut("cells").unwrap();
    cells.floats_mut("w").unwrap()[2] = f64::INFINITY;
    cells.floats_mut("u").unwrap()[0] = -1.0;
    let report = network.run(3.0).unwrap();
    let lines: Vec<String> = report.non_finite.iter().map(ToString::to_string).collect();
    // 1e100 to the power 4 is beyond the largest float, 1.8e308.
    let expected = [
        "`cells.w[2]` is inf at t = 0 s (tick 0)",
        "`cells.u` is -inf at t = 0.0004 s (tick 4)",
        "`cells.v[5]` is NaN at t = 1.2346000000000001 s (tick 12346)",
    ];
    assert_eq!(lines, expected);
    assert!(network.group("cells").unwrap().floats("v").unwrap()[5].is_nan());
    assert_eq!(network.run(1.0).unwrap().non_finite, [], "each is named once");
}

#[test]
fn chosen_elements_are_gathered_in_the_order_asked_for() {
    let mut network = network(vec![clock(1, 10)], vec![decay(9)], vec![monitor(0, Some(vec![8, 0, 3, 3]))]);
    network.run(0.2 * MS).unwrap();
    let recording = recording(&network);
    assert_eq!(recording.elements(), [8, 0, 3, 3]);
    assert_close(recording.values(), &[9.0, 1.0, 4.0, 4.0, 9.0 * 0.99, 0.99, 4.0 * 0.99, 4.0 * 0.99]);
}

/// `count += i`, `odd = count is odd` where `flag`, `total = tick`.
fn mixed() -> Program {
    let mut storage = Storage::default();
    let count = storage.column("count", Type::I64, Varies::Ticks);
    let odd = storage.column("odd", Type::Bool, Varies::Ticks);
    let total = storage.uniform("total", Type::I64, Varies::Ticks);
    let flag = storage.uniform("flag", Type::Bool, Varies::Runs);
    let layout = Layout::new(storage, 5);
    let update = routine(&layout, |b| {
        let tick = b.tick();
        b.set_uniform(total, tick);
        b.begin_body();
        let (old, index) = (b.load(count), b.index());
        let new = b.binary(Binary::IntAdd, old, index);
        b.store(count, new);
        let (one, truth) = (b.int(1), b.load(odd));
        let rest = b.binary(Binary::IntAnd, new, one);
        let (is_odd, flag) = (b.equal(rest, one), b.uniform(flag));
        let either = b.select(flag, is_odd, truth);
        b.store(odd, either);
    });
    let variables = vec![
        variable("count", Kind::Integer, Place::Column(count), true),
        variable("odd", Kind::Boolean, Place::Column(odd), true),
        variable("total", Kind::Integer, Place::Uniform(total), true),
        Variable { writable: false, ..variable("fixed", Kind::Integer, Place::Uniform(total), true) },
        variable("flag", Kind::Boolean, Place::Uniform(flag), false),
    ];
    program("cells", layout, variables, update)
}

#[test]
fn integers_and_truth_values_are_slices_and_are_recorded_as_floats() {
    let watch = |source| MonitorPlan { source, ..monitor(0, None) };
    let monitors = vec![
        watch(Source::Place(Place::Column(ColumnId(0)))),
        watch(Source::Place(Place::Column(ColumnId(1)))),
        watch(Source::Place(Place::Uniform(UniformId(0)))),
        watch(Source::Place(Place::Uniform(UniformId(1)))),
        MonitorPlan { elements: Some(vec![4, 1]), ..watch(Source::Place(Place::Column(ColumnId(1)))) },
    ];
    let mut network = network(vec![clock(1, 10)], vec![mixed()], monitors);
    let cells = network.group_mut("cells").unwrap();
    cells.integers_mut("count").unwrap()[4] = -7;
    cells.booleans_mut("odd").unwrap()[1] = true;
    cells.booleans_mut("flag").unwrap()[0] = true;
    network.run(0.3 * MS).unwrap();
    let rows: Vec<&[f64]> = network.recordings().map(|recording| recording.row(2).unwrap()).collect();
    let expected: [&[f64]; 5] = [&[0.0, 2.0, 4.0, 6.0, 1.0], &[0.0, 0.0, 0.0, 0.0, 1.0], &[1.0], &[1.0], &[1.0, 0.0]];
    assert_eq!(rows, expected);
    let cells = network.group("cells").unwrap();
    assert_eq!(cells.integers("count").unwrap(), [0, 3, 6, 9, 5]);
    assert_eq!(cells.booleans("odd").unwrap(), [false, true, false, true, true]);
    assert_eq!((cells.integers("total").unwrap(), cells.booleans("flag").unwrap()), (&[2][..], &[true][..]));
}

#[test]
fn wrong_names_and_kinds_are_explained() {
    let mut network = network(vec![clock(1, 10)], vec![mixed()], vec![]);
    assert_eq!(network.group("cell").err().unwrap().to_string(), "there is no group `cell`; there is `cells`");
    let cells = network.group_mut("cells").unwrap();
    let messages = [
        cells.floats("x").unwrap_err().to_string(),
        cells.floats("count").unwrap_err().to_string(),
        cells.integers_mut("fixed").unwrap_err().to_string(),
    ];
    let expected = [
        "the group `cells` has no variable `x` that can be read here; there are `count`, `odd`, `total`, `fixed`, `flag`",
        "`cells.count` holds integers and was asked for as floats; ask for integers",
        "`cells.fixed` is computed and cannot be written; write what it is computed from",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn a_recording_that_does_not_fit_is_an_error_before_the_run() {
    let mut network = network(vec![clock(1, 10)], vec![decay(1000)], vec![monitor(0, None)]);
    let error = network.run(1e8).unwrap_err();
    let expected = "the recording of `cells.v` needs 8.0 PB of memory, which the system does not give; \
                    choose fewer elements, a longer interval or a shorter run";
    assert_eq!(error.to_string(), expected);
    assert_eq!(network.ticks(), [0]);
    network.run(0.2 * MS).unwrap();
    assert_eq!(recording(&network).samples(), 2);
}

#[test]
fn a_group_that_does_not_fit_is_an_error() {
    let programs = vec![Program { init: vec![], ..decay(1 << 45) }];
    let plan = Plan {
        clocks: vec![clock(1, 10)],
        programs,
        monitors: vec![],
        event_monitors: vec![],
        denormals: Denormals::Keep,
    };
    assert!(matches!(Network::new(Arc::new(plan)), Err(Error::Memory { .. })));
}

#[test]
fn a_large_recording_grows_over_runs_and_stays_in_one_piece() {
    let reversed = (0..5000).rev().collect();
    let mut network = network(vec![clock(1, 10)], vec![decay(5000)], vec![monitor(0, Some(reversed))]);
    for _ in 0..5 {
        network.run(5.0 * MS).unwrap();
    }
    let recording = recording(&network);
    assert_eq!(recording.values().len(), 250 * 5000);
    let first: Vec<f64> = (0..250).map(|k| recording.row(k).unwrap()[4999]).collect();
    let expected: Vec<f64> = (0..250).map(|k| 0.99f64.powi(k)).collect();
    assert_close(&first, &expected);
}

#[test]
fn reserved_room_does_not_move() {
    let mut network = network(vec![clock(1, 10)], vec![decay(100)], vec![monitor(0, None)]);
    network.reserve(Time::of_duration(20.0 * MS).unwrap()).unwrap();
    network.run(1.0 * MS).unwrap();
    let before = recording(&network).values().as_ptr();
    network.run(19.0 * MS).unwrap();
    assert_eq!(recording(&network).values().as_ptr(), before);
}

/// exp and its integral for a diagonal matrix.
fn diagonal(matrix: &[f64], size: usize, dt: f64) -> (Vec<f64>, Vec<f64>) {
    let all = |f: fn(f64) -> f64| -> Vec<f64> {
        (0..size * size).map(|index| if index % (size + 1) == 0 { f(matrix[index] * dt) } else { 0.0 }).collect()
    };
    (all(f64::exp), all(f64::exp_m1).iter().zip(matrix).map(|(e, a)| e / a).collect())
}

#[test]
fn propagators_are_computed_for_each_element_or_once() {
    let mut storage = Storage::default();
    let a = storage.column("a", Type::F64, Varies::Runs);
    let p = storage.column("p", Type::F64, Varies::Runs);
    let zero = storage.uniform("zero", Type::F64, Varies::Runs);
    let b = storage.uniform("b", Type::F64, Varies::Runs);
    let q = storage.uniform("q", Type::F64, Varies::Runs);
    let layout = Layout::new(storage, 3);
    let update = routine(&layout, |_| {});
    let places = [("a", Place::Column(a)), ("p", Place::Column(p)), ("b", Place::Uniform(b)), ("q", Place::Uniform(q))];
    let variables = places.map(|(name, place)| variable(name, Kind::Float, place, false)).to_vec();
    let propagate = |entry: Place, exponential: Option<Place>, integral: Option<Place>| {
        let zero = Place::Uniform(zero);
        Stage::Propagate(Propagate {
            size: 2,
            dt: 0.5,
            matrix: vec![entry, zero, zero, entry],
            exponential: vec![None, None, None, exponential],
            integral: vec![integral, None, None, None],
            propagator: diagonal,
        })
    };
    let prelude = vec![
        propagate(Place::Column(a), Some(Place::Column(p)), None),
        propagate(Place::Uniform(b), None, Some(Place::Uniform(q))),
    ];
    let cells = Program { prelude, ..program("cells", layout, variables, update) };
    let mut network = network(vec![clock(1, 10)], vec![cells], vec![]);
    let cells = network.group_mut("cells").unwrap();
    cells.floats_mut("a").unwrap().copy_from_slice(&[-2.0, -2.0, -4.0]);
    cells.floats_mut("b").unwrap()[0] = -2.0;
    network.run(0.0).unwrap();
    let cells = network.group("cells").unwrap();
    // exp(-1), exp(-2) and (1 - exp(-1))/2
    assert_close(cells.floats("p").unwrap(), &[0.367_879_441_171, 0.367_879_441_171, 0.135_335_283_237]);
    assert_close(cells.floats("q").unwrap(), &[0.316_060_279_414]);
}

#[test]
fn denormals_are_flushed_during_a_run_when_asked_for() {
    for (denormals, expected) in [(Denormals::Keep, f64::MIN_POSITIVE * 0.99), (Denormals::Flush, 0.0)] {
        let plan = Plan {
            clocks: vec![clock(1, 10)],
            programs: vec![decay(1)],
            monitors: vec![],
            event_monitors: vec![],
            denormals,
        };
        let mut network = Network::new(Arc::new(plan)).unwrap();
        network.group_mut("cells").unwrap().floats_mut("v").unwrap()[0] = f64::MIN_POSITIVE;
        network.run(0.1 * MS).unwrap();
        assert_eq!(network.group("cells").unwrap().floats("v").unwrap(), [expected], "{denormals:?}");
        assert!(std::hint::black_box(f64::MIN_POSITIVE) * 0.5 > 0.0, "the mode is back");
    }
}

#[test]
fn a_network_moves_between_threads_and_a_plan_is_shared() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Network>();
    is_shared::<Plan>();
    is_shared::<CancelToken>();
    is_shared::<Recording>();
}

/// The cost of the loop itself, with a group of 100 elements. Run with
/// `cargo test --config profile.dev.opt-level=3 --test runtime overhead -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn overhead() {
    struct Nothing;
    impl Routine for Nothing {
        fn call(&self, memory: &mut [u64], ticks: Range<u64>, _elements: Range<usize>) {
            std::hint::black_box((memory, ticks));
        }
    }
    let part = || Part { slot: Slot::Groups, stages: vec![Stage::Call(Arc::new(Nothing))] };
    let cells = || Program { parts: vec![part()], ..decay(100) };
    // The least of several simulations: the first touch of a page by the whole machine costs most.
    let measure = |label: &str, clocks: &[Clock], monitors: fn() -> Vec<MonitorPlan>, seconds: f64| {
        let each = |_| {
            let mut network = network(clocks.to_vec(), vec![cells()], monitors());
            let report = network.run(seconds).unwrap();
            report.wall.as_nanos() as f64 / report.ticks[0] as f64
        };
        println!("{label}: {:.3} ns per tick", (0..20).map(each).fold(f64::INFINITY, f64::min));
    };
    let clocks = [clock(1, 10), clock(1, 1)];
    measure("no monitor", &clocks, Vec::new, 100.0);
    measure("all 100 recorded", &clocks, || vec![monitor(0, None)], 5.0);
    measure("100 chosen", &clocks, || vec![monitor(0, Some((0..100).rev().collect()))], 5.0);
    measure("1 chosen", &clocks, || vec![monitor(0, Some(vec![7]))], 50.0);
    measure("none chosen", &clocks, || vec![monitor(0, Some(vec![]))], 50.0);
    measure("all 100 every 10 ticks", &clocks, || vec![monitor(1, None)], 50.0);
    let mut network = network(vec![clock(1, 10)], vec![cells()], vec![]);
    let mut time = |label: &str, work: fn(&mut Network)| {
        let begun = std::time::Instant::now();
        (0..100_000).for_each(|_| work(&mut network));
        println!("{label}: {} ns", begun.elapsed().as_nanos() / 100_000);
    };
    time("tick()", |network| network.tick().unwrap());
    time("a run of one tick", |network| drop(network.run(1e-4).unwrap()));
}
