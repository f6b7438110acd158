//! Schemes: their text, their order, analytic solutions, and numbers from Brian2.

mod equations;
mod evaluator;

use dvdt::diagnostic::{Report, Severity};
use dvdt::model::Method;
use dvdt::scheme::explicit::SCHEMES;
use dvdt::scheme::{self, Step};
use equations::{Run, group};

const MS: f64 = 1e-3;

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found:.15} is not {expected:.15}");
}

fn step(text: &str, method: Option<Method>) -> (Option<Step>, Report) {
    let mut report = Report::new();
    let step = scheme::step(&group(text, method), &mut report);
    (step, report)
}

/// The part of the step's text after its first line.
fn listing(text: &str, method: Method) -> String {
    let text = step(text, Some(method)).0.unwrap().text(&group(text, Some(method)));
    text.split_once('\n').unwrap().1.trim_start().to_string()
}

mod text {
    use super::*;

    const LEAK: &str = "dv/dt = (E - v)/tau\n E\n tau";

    #[test]
    fn of_each_scheme() {
        for (method, expected) in [
            (Method::Euler, "v = v + dt*((E - v)/tau)"),
            (Method::Rk2, "v = v + dt*((E - (v + dt/2.0*((E - v)/tau)))/tau)"),
            (Method::ExponentialEuler, "v = v + dt*(-1.0/tau*v + E/tau)*exprel(-1.0/tau*dt)"),
            (Method::Exact, "v = exp(-1.0/tau*dt)*v + dt*exprel(-1.0/tau*dt)*(E/tau)"),
        ] {
            assert_eq!(listing(LEAK, method), format!("update\n    {expected}\n"));
        }
    }

    #[test]
    fn degenerate_coefficients_leave_nothing_behind() {
        for (equation, expected) in [
            ("dv/dt = I\n I", "v = v + dt*I"),
            ("dv/dt = -v/I\n I", "v = exp(-1.0/I*dt)*v"),
            ("dv/dt = 0\n I", "v = v"),
        ] {
            assert_eq!(listing(equation, Method::Exact), format!("update\n    {expected}\n"));
        }
        assert_eq!(listing("dv/dt = w*v\n w", Method::ExponentialEuler), "update\n    v = v*exp(w*dt)\n");
        assert_eq!(listing("dv/dt = sin(w)\n w", Method::ExponentialEuler), "update\n    v = v + dt*sin(w)\n");
    }

    #[test]
    fn a_propagator_has_only_what_is_needed() {
        let text = "dv/dt = (g - v)/tau\n dg/dt = (I - g)/tau_g\n tau\n tau_g\n I";
        let expected = "\
propagator, when parameters change
    A[0, 0] = -1.0/tau
    A[0, 1] = 1.0/tau
    A[1, 1] = -1.0/tau_g
    exp(A dt)[v, v] = P[0, 0]
    exp(A dt)[v, g] = P[0, 1]
    exp(A dt)[g, g] = P[1, 1]
    ∫exp(A s)ds[v, g] = Q[0, 1]
    ∫exp(A s)ds[g, g] = Q[1, 1]

update
    v = exp(A dt)[v, v]*v + exp(A dt)[v, g]*g + ∫exp(A s)ds[v, g]*(I/tau_g)
    g = exp(A dt)[g, g]*g + ∫exp(A s)ds[g, g]*(I/tau_g)
";
        assert_eq!(listing(text, Method::Exact), expected);
    }

    #[test]
    fn subexpressions_are_spelled_out_but_for_those_constant_over_dt() {
        let text = "dv/dt = a - v\n a = b*t\n b = 2 + c\n const c = d + t\n const d = e\n e = 3*p\n p";
        assert_eq!(
            listing(text, Method::Rk2),
            "before\n    d = 3.0*p\n    c = d + t\n\nupdate\n    \
             v = v + dt*((2.0 + c)*(t + dt/2.0) - (v + dt/2.0*((2.0 + c)*t - v)))\n"
        );
    }
}

mod numbers {
    use super::*;

    /// Conformance vectors of Brian2 2.9.0, dt = 0.1 ms.
    #[test]
    fn of_brian2_without_threshold() {
        let text = "dv/dt = (1.5 - v)/tau\n tau";
        for (method, at_50, at_100) in [
            (Method::Exact, 0.590204010431, 0.948180838243),
            (Method::ExponentialEuler, 0.590204010431, 0.948180838243),
            (Method::Euler, 0.592490899294, 0.95095148809),
            (Method::Rk2, 0.590196371676, 0.948171571926),
            (Method::Rk4, 0.590204010393, 0.948180838196),
        ] {
            let run = || Run::new(text, method, 0.1 * MS, &[("v", 0.0), ("tau", 10.0 * MS)]);
            close(run().ticks(50).get("v"), at_50, 2e-12);
            close(run().ticks(100).get("v"), at_100, 2e-12);
        }
    }

    #[test]
    fn of_brian2_with_time() {
        let text = "dv/dt = (drive - v)/ms\n drive = sin(t/ms)\n ms";
        for (method, expected) in [
            (Method::Euler, 0.407363240580401),
            (Method::Rk2, 0.427306699465089),
            (Method::Rk4, 0.426494126447839),
            (Method::ExponentialEuler, 0.400431543974583),
        ] {
            let run = Run::new(text, method, 0.1 * MS, &[("v", 0.25), ("ms", MS)]).ticks(10);
            close(run.get("v"), expected, 1e-12);
        }
    }

    #[test]
    fn of_brian2_coupled() {
        let text = "dv/dt = (g - v)/tau\n dg/dt = -g/tau_g\n tau\n tau_g";
        let start = [("v", 0.2), ("g", 1.0), ("tau", 10.0 * MS), ("tau_g", 5.0 * MS)];
        let run = Run::new(text, Method::Exact, 0.1 * MS, &start).ticks(10);
        // Twelve digits are known; the solution in closed form gives the others.
        close(run.get("v"), 0.267074148565, 2e-12);
        close(run.get("g"), 0.818730753078, 1e-12);
        close(run.get("v"), 0.2 * (-0.1f64).exp() + (-0.1f64).exp() - (-0.2f64).exp(), 1e-14);
    }

    #[test]
    fn of_systems_that_brian2_refuses() {
        let integrator = Run::new("dv/dt = I\n I", Method::Exact, 0.1, &[("v", 1.0), ("I", 3.0)]).ticks(10);
        close(integrator.get("v"), 4.0, 1e-14);

        let equal = "dv/dt = (g - v)/a\n dg/dt = -g/b\n a\n b";
        let start = [("v", 0.0), ("g", 1.0), ("a", 0.5), ("b", 0.5)];
        close(Run::new(equal, Method::Exact, 0.1, &start).ticks(10).get("v"), 2.0 * (-2.0f64).exp(), 1e-13);

        let spring = "dx/dt = v\n dv/dt = -w*w*x + f\n w\n f";
        let start = [("x", 1.0), ("v", 0.0), ("w", 2.0), ("f", 2.0)];
        close(Run::new(spring, Method::Exact, 0.1, &start).ticks(10).get("x"), 0.5 + 0.5 * 2.0f64.cos(), 1e-13);

        let exchange = "da/dt = b - a + 1\n db/dt = a - b";
        let run = Run::new(exchange, Method::Exact, 0.25, &[("a", 0.0), ("b", 0.0)]).ticks(8);
        close(run.get("a") + run.get("b"), 2.0, 1e-14);
        close(run.get("a") - run.get("b"), 0.5 - 0.5 * (-4.0f64).exp(), 1e-14);
    }

    #[test]
    fn that_a_constant_over_dt_gives() {
        let text = "dv/dt = r*(g - v)\n dg/dt = -r*g\n const r = 1 + t\n";
        let run = Run::new(text, Method::Exact, 0.5, &[("v", 0.0), ("g", 1.0)]).ticks(2);
        assert!(run.step.propagators[0].every_tick);
        // r is 1, then 1.5: g = exp(-1.25), and v = 1.25 exp(-1.25) because all commute.
        close(run.get("g"), (-1.25f64).exp(), 1e-14);
        close(run.get("v"), 1.25 * (-1.25f64).exp(), 1e-14);
    }

    #[test]
    fn where_the_coefficient_is_zero_at_run_time() {
        for method in [Method::ExponentialEuler, Method::Exact] {
            let start = [("v", 1.0), ("a", 0.0), ("b", 3.0)];
            close(Run::new("dv/dt = b - a*v\n a\n b", method, 0.1, &start).ticks(1).get("v"), 1.3, 1e-15);
        }
    }

    #[test]
    fn new_values_come_from_old_ones() {
        let run = Run::new("dv/dt = w\n dw/dt = -v", Method::Euler, 0.5, &[("v", 1.0), ("w", 2.0)]).ticks(1);
        assert_eq!((run.get("v"), run.get("w")), (2.0, 1.5));
    }
}

mod order {
    use super::*;

    /// Errors at 1 s with 40 and 80 steps; the order is the logarithm of their ratio.
    fn measured(text: &str, method: Method, start: &[(&str, f64)], name: &str, exact: f64) -> f64 {
        let error =
            |steps: usize| (Run::new(text, method, 1.0 / steps as f64, start).ticks(steps).get(name) - exact).abs();
        (error(40) / error(80)).log2()
    }

    #[test]
    fn is_as_the_table_says() {
        // v' = sin(t) - v from 1: v = (sin t - cos t + 3 exp(-t))/2
        let driven = (1.0f64.sin() - 1.0f64.cos() + 3.0 * (-1.0f64).exp()) / 2.0;
        for scheme in SCHEMES {
            let found = [
                measured("dv/dt = sin(t) - v", scheme.method, &[("v", 1.0)], "v", driven),
                measured("dx/dt = v\n dv/dt = -x", scheme.method, &[("x", 1.0), ("v", 0.0)], "x", 1.0f64.cos()),
                measured("dv/dt = v*v", scheme.method, &[("v", 0.5)], "v", 1.0),
            ];
            for order in found {
                assert!((order - f64::from(scheme.order)).abs() < 0.15, "{}: {order}", scheme.method.name());
            }
        }
    }

    #[test]
    fn of_exponential_euler_is_one() {
        let driven = (1.0f64.sin() - 1.0f64.cos() + 3.0 * (-1.0f64).exp()) / 2.0;
        let found = measured("dv/dt = sin(t) - v", Method::ExponentialEuler, &[("v", 1.0)], "v", driven);
        assert!((found - 1.0).abs() < 0.1, "{found}");
    }
}

mod choice {
    use super::*;

    fn reason(text: &str) -> (Method, String) {
        let (step, report) = step(text, None);
        let [note] = report.diagnostics.as_slice() else { panic!("{report:?}") };
        assert_eq!((note.code.0, note.severity), ("method-chosen", Severity::Note));
        let step = step.unwrap();
        assert_eq!(note.notes, [step.reason.clone()]);
        (step.method, step.reason)
    }

    #[test]
    fn is_exact_where_it_applies() {
        assert_eq!(reason("dv/dt = (g*E - v)/tau\n g\n E\n tau").0, Method::Exact);
    }

    #[test]
    fn is_euler_elsewhere_and_says_why() {
        for (text, why) in [
            ("dv/dt = 1 - v*v", "dv/dt is not linear in v: it contains `v*v`"),
            ("dv/dt = w*v\n dw/dt = -w", "dv/dt is not linear in v, w: it contains `w*v`"),
            ("dv/dt = sin(t) - v", "dv/dt depends explicitly on t"),
            ("dv/dt = rand() - v", "dv/dt calls rand(), which changes at every evaluation"),
            (
                "dv/dt = exp(v)\n dw/dt = t*w",
                "dv/dt is not linear in v: it contains `exp(v)`; dw/dt depends explicitly on t",
            ),
        ] {
            assert_eq!(reason(text), (Method::Euler, format!("exact does not apply, because {why}")));
        }
    }

    #[test]
    fn of_nothing_needs_no_note() {
        let (step, report) = step("tau\n const a = 2*tau", None);
        let step = step.unwrap();
        assert!(report.diagnostics.is_empty() && step.updates.is_empty());
        assert_eq!(step.before.len(), 1);
    }

    #[test]
    fn that_cannot_be_is_an_error_at_the_method() {
        for (text, method, code, labels) in [
            ("dv/dt = v*v\n dw/dt = sin(t) - w", Method::Exact, "method-not-applicable", 3),
            ("dv/dt = exp(-v)", Method::ExponentialEuler, "method-not-applicable", 2),
            ("dv/dt = randn() - v", Method::Rk4, "random-in-equation", 2),
            ("dv/dt = randn() - v", Method::Rk2, "random-in-equation", 2),
            ("dv/dt = randn() - v", Method::ExponentialEuler, "random-in-equation", 2),
            ("dv/dt = randn() - v", Method::Exact, "random-in-equation", 2),
        ] {
            let (step, report) = step(text, Some(method));
            let [error] = report.diagnostics.as_slice() else { panic!("{report:?}") };
            assert!(step.is_none() && error.severity == Severity::Error);
            assert_eq!((error.code.0, error.labels.len(), error.help.is_empty()), (code, labels, false));
        }
    }

    #[test]
    fn of_euler_allows_random_numbers() {
        assert!(step("dv/dt = randn() - v", Some(Method::Euler)).0.is_some());
        assert!(step("dv/dt = r - v\n const r = randn()", Some(Method::Exact)).0.is_some());
    }
}

mod exact {
    use super::*;

    #[test]
    fn what_is_not_coupled_is_solved_apart() {
        let (step, _) = step("da/dt = b - a\n db/dt = -b\n dc/dt = d\n dd/dt = -c\n de/dt = -e", Some(Method::Exact));
        let step = step.unwrap();
        assert_eq!(step.propagators.iter().map(|propagator| propagator.size).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(step.hidden.len(), 3 + 4);
        assert_eq!(step.updates.len(), 5);
    }

    #[test]
    fn hidden_numbers_are_shared_when_the_parameters_are() {
        for (tau, expected) in [("shared tau", true), ("tau", false)] {
            let text = format!("dv/dt = (g - v)/tau\n dg/dt = -g\n {tau}");
            let (step, _) = step(&text, Some(Method::Exact));
            let step = step.unwrap();
            assert!(step.hidden.iter().all(|hidden| hidden.shared == expected));
            assert!(!step.propagators[0].every_tick);
        }
    }

    #[test]
    fn very_large_blocks_are_refused() {
        let chain = |size: usize| -> String {
            (1..size).map(|index| format!("dx{index}/dt = x{} - x{index}\n", index - 1)).collect::<String>()
                + "dx0/dt = -x0"
        };
        assert!(step(&chain(64), Some(Method::Exact)).0.is_some());
        let (step, report) = step(&chain(65), Some(Method::Exact));
        assert!(step.is_none());
        assert_eq!(report.diagnostics[0].code.0, "method-not-applicable");
    }
}

/// Hodgkin & Huxley's sodium gate costs one exprel beside its rates, and no division.
#[test]
fn exponential_euler_of_a_gate() {
    let text = "dm/dt = alpha*(1 - m) - beta*m\n alpha = 0.1*exprel(v)\n beta = exp(-v/18)\n v";
    let (step, _) = step(text, Some(Method::ExponentialEuler));
    let step = step.unwrap();
    let ids = step.pool.reachable(&[step.updates[0].1]);
    let count = |wanted: fn(&dvdt::algebra::Expr) -> bool| ids.iter().filter(|&&id| wanted(step.pool.get(id))).count();
    assert_eq!(count(|expr| matches!(expr, dvdt::algebra::Expr::Call(..))), 3);
    assert_eq!(count(|expr| matches!(expr, dvdt::algebra::Expr::Binary(dvdt::algebra::Binary::Divide, ..))), 1);
}
