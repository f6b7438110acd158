//! The examples that spike, beside what Brian2 gives for the same texts
//! (`tests/reference/make_spiking_examples.py`): tick for tick where nothing is random, as distributions where
//! something is; those of noise and of inputs also beside what theory says.

use dvdt::{Engine, Simulation};
use serde_json::Value;

fn run(name: &str, seed: u64) -> Simulation {
    let path = format!("{}/examples/{name}.dvdt", env!("CARGO_MANIFEST_DIR"));
    let model = Engine::new().compile_file(path).unwrap_or_else(|error| panic!("{error}"));
    let mut simulation = model.simulation_with_seed(seed).unwrap();
    simulation.run_script().unwrap();
    simulation
}

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/spiking_examples.json")).unwrap()
}

/// The listed elements tick for tick; the count of every cell, but for `allowed` of them.
fn spikes_are_brian2s(name: &str, allowed: usize) {
    let (reference, simulation) = (reference(), run(name, 0));
    let found = simulation.events("cells.spikes").unwrap();
    let expected = &reference[name];
    let mut compared = 0;
    for (element, ticks) in expected["spikes"].as_object().unwrap() {
        let ticks: Vec<u64> = ticks.as_array().unwrap().iter().map(|tick| tick.as_u64().unwrap()).collect();
        let element: u32 = element.parse().unwrap();
        let pairs = found.ticks().iter().zip(found.elements());
        let own: Vec<u64> = pairs.filter(|(_, own)| **own == element).map(|(tick, _)| *tick).collect();
        assert_eq!(own, ticks, "{name}, element {element}");
        compared += ticks.len();
    }
    assert!(compared > 100, "{name}: only {compared} spikes");
    let counts = expected["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap());
    let cells = found.counts().len();
    assert_eq!(counts.len(), cells);
    let differing = found.counts().iter().zip(counts).filter(|(own, theirs)| **own != *theirs).count();
    assert!(differing <= allowed, "{name}: {differing} of {cells} cells have other counts, {allowed} may");
}

#[test]
fn leaky_cells_spike_at_brian2s_ticks() {
    spikes_are_brian2s("lif_refractory", 0);
}

#[test]
fn adaptive_exponential_cells_spike_at_brian2s_ticks() {
    spikes_are_brian2s("adex", 0);
}

/// Within a burst, v passes its threshold so steeply that a last bit decides on the tick, and the next burst
/// starts from there: of 10,000 cells over a second, a few end with one spike more or less.
#[test]
fn izhikevichs_cells_spike_at_brian2s_ticks() {
    spikes_are_brian2s("izhikevich", 100);
}

#[test]
fn cells_of_an_f_i_curve_spike_at_brian2s_ticks() {
    spikes_are_brian2s("fi_curve", 0);
}

/// Interspike intervals of the exact solution: 5 ms + tau log(RI/(RI - 20 mV)), rounded up to whole ticks.
#[test]
fn leaky_cells_have_the_intervals_of_theory() {
    let simulation = run("lif_refractory", 0);
    let spikes = simulation.events("cells.spikes").unwrap();
    for element in [30u32, 60, 99] {
        let drive = 100e6 * (0.103e-9 + 4e-12 * f64::from(element));
        let interval = (50.0 + (100.0 * (drive / (drive - 20e-3)).ln()).ceil()) as u64;
        let pairs = spikes.ticks().iter().zip(spikes.elements());
        let ticks: Vec<u64> = pairs.filter(|(_, own)| **own == element).map(|(tick, _)| *tick).collect();
        for pair in ticks.windows(2) {
            assert!((pair[1] - pair[0]).abs_diff(interval) <= 1, "element {element}: {pair:?} beside {interval}");
        }
    }
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
    (mean, (variance / values.len() as f64).sqrt())
}

/// Rate and irregularity over 200 cells, within 5 standard errors of the difference: one in a million.
#[test]
fn noisy_cells_fire_like_brian2s() {
    let simulation = run("noisy_hodgkin_huxley", 1);
    let spikes = simulation.events("cells.spikes").unwrap();
    let rates: Vec<f64> = spikes.counts().iter().map(|&count| count as f64 / 0.6).collect();
    let mut ticks: Vec<Vec<f64>> = vec![vec![]; spikes.size()];
    for (&tick, &element) in spikes.ticks().iter().zip(spikes.elements()) {
        ticks[element as usize].push(tick as f64);
    }
    let variation = |ticks: &Vec<f64>| {
        let intervals: Vec<f64> = ticks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        (intervals.len() > 3).then(|| {
            let (mean, error) = mean_and_error(&intervals);
            error * (intervals.len() as f64).sqrt() / mean
        })
    };
    let variations: Vec<f64> = ticks.iter().filter_map(variation).collect();
    let reference = &reference()["noisy_hodgkin_huxley"];
    for (name, values) in [("rate", rates), ("variation", variations)] {
        let (mean, error) = mean_and_error(&values);
        let number = |key: String| reference[key].as_f64().unwrap();
        let (expected, expected_error) = (number(name.to_owned()), number(format!("{name}_error")));
        let allowed = 5.0 * error.hypot(expected_error);
        assert!((mean - expected).abs() < allowed, "{name}: {mean} beside {expected}, {allowed} allowed");
    }
}

/// Variance and memory of the stationary process. Both are means over 10,000 paths with standard errors of
/// 1.4 % and 1 %; six of them.
#[test]
fn ornstein_and_uhlenbecks_process_is_stationary() {
    let simulation = run("ornstein_uhlenbeck", 5);
    let x = simulation.recording("paths.x").unwrap();
    let sigma = 5e-3;
    let first = x.row(0).unwrap();
    for sample in 0..x.samples() {
        let row = x.row(sample).unwrap();
        let moment = |other: &[f64]| {
            row.iter().zip(other).map(|(one, other)| one * other).sum::<f64>() / row.len() as f64 / (sigma * sigma)
        };
        let variance = moment(row);
        assert!((variance - 1.0).abs() < 6.0 * 0.0142 + 0.005, "variance {variance} at sample {sample}");
        let correlation = moment(first);
        let expected = (-(sample as f64)).exp();
        let spread = (1.0 + expected * expected).sqrt() * 0.01;
        assert!((correlation - expected).abs() < 6.0 * spread + 0.005, "{correlation} beside {expected}");
    }
}

/// Counts of a binomial process, and Campbell's mean and variance of shot noise; six standard errors.
#[test]
fn inputs_have_their_rates() {
    let simulation = run("poisson_inputs", 2);
    let spikes = simulation.events("inputs.spikes").unwrap();
    for (from, rate) in [(0u64, 5.0), (2000, 50.0), (4000, 10.0)] {
        let count = spikes.ticks().iter().filter(|tick| (from..from + 2000).contains(tick)).count() as f64;
        let expected: f64 = 1000.0 * 2000.0 * rate * 1e-4;
        assert!((count - expected).abs() < 6.0 * expected.sqrt(), "{count} beside {expected}");
    }
    let g = simulation.recording("cells.g").unwrap();
    let row = g.row(7).unwrap();
    let (mean, error) = mean_and_error(row);
    assert!((mean - 25e-9).abs() < 6.0 * error + 0.25e-9, "{mean}");
    let variance = error * error * row.len() as f64;
    assert!((variance / 12.5e-18 - 1.0).abs() < 6.0 * (2.0f64 / 1000.0).sqrt() + 0.02, "{variance}");
}

/// dx/dt = mu x + sigma x xi in the sense of Stratonovich: log x(t) is normal with mean mu t and variance
/// sigma² t. 40,000 paths, six standard errors and the schemes' own errors of first order.
#[test]
fn multiplicative_noise_is_stratonovichs() {
    for method in ["heun", "milstein"] {
        let text = format!(
            "clock dt = 0.1*ms\ngroup g[40000] {{\n dx/dt = 0.5*x/second + 0.4*x*xi/second**0.5 : 1\n \
             method {method}\n init x = 1\n}}\nrun 100*ms"
        );
        let mut simulation = Engine::new().compile("m", &text).unwrap().simulation_with_seed(8).unwrap();
        simulation.run_script().unwrap();
        let logs: Vec<f64> = simulation.floats("g.x").unwrap().iter().map(|x| x.ln()).collect();
        let (mean, error) = mean_and_error(&logs);
        assert!((mean - 0.05).abs() < 6.0 * error + 1e-4, "{method}: {mean}");
        let variance = error * error * logs.len() as f64;
        assert!((variance / 0.016 - 1.0).abs() < 6.0 * (2.0f64 / 40000.0).sqrt() + 1e-3, "{method}: {variance}");
    }
}

/// Noise of one name is one draw for all that name it, in every scheme.
#[test]
fn noise_of_one_name_is_shared() {
    for method in ["euler", "heun"] {
        let text = format!(
            "clock dt = 1*ms\ngroup g[20000] {{\n dx/dt = xi_a/second**0.5 : 1\n \
             dy/dt = (2*xi_a + xi_b)/second**0.5 : 1\n method {method}\n}}\nrun 10*ms"
        );
        let mut simulation = Engine::new().compile("m", &text).unwrap().simulation_with_seed(4).unwrap();
        simulation.run_script().unwrap();
        let (x, y) = (simulation.floats("g.x").unwrap(), simulation.floats("g.y").unwrap());
        let moment = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64 / 0.01;
        for (found, expected, spread) in [(moment(x, x), 1.0, 1.42), (moment(x, y), 2.0, 3.0), (moment(y, y), 5.0, 7.1)]
        {
            let allowed = 6.0 * spread / 20000f64.sqrt();
            assert!((found - expected).abs() < allowed, "{method}: {found} beside {expected}");
        }
    }
}
