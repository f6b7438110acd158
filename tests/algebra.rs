//! Expressions: their text, derivatives, affine forms; and the matrix exponential.

mod evaluator;

use dvdt::algebra::linear::{affine, propagator};
use dvdt::algebra::{Binary, ExprId, Function, Kind, Pool, Printer, Symbol, Unary};
use evaluator::evaluate;
use nalgebra::DMatrix;

const NAMES: [&str; 6] = ["v", "w", "g", "E", "C", "tau"];

/// Symbols 0 to 5 of a new pool.
fn pool() -> (Pool, [ExprId; 6]) {
    let mut pool = Pool::new();
    let symbols = [0, 1, 2, 3, 4, 5].map(|number| pool.symbol(Symbol(number), Kind::Float));
    (pool, symbols)
}

fn text(pool: &Pool, id: ExprId) -> String {
    Printer::new(pool, |symbol| NAMES[symbol.index()].to_string()).expr(id)
}

mod print {
    use super::*;

    #[test]
    fn parentheses_stand_where_the_grammar_needs_them() {
        let (mut p, [v, w, g, ..]) = pool();
        let sum = p.add(v, w);
        let difference = p.subtract(g, sum);
        let product = p.multiply(sum, g);
        let quotient = p.divide(v, product);
        let negated = p.negate(product);
        let power = p.binary(Binary::Power, sum, negated);
        let tower = p.binary(Binary::Power, power, g);
        let less = p.binary(Binary::Less, sum, g);
        let not = p.unary(Unary::Not, less);
        let both = p.binary(Binary::And, not, less);
        let any = p.binary(Binary::Or, both, not);
        let not_any = p.unary(Unary::Not, any);
        let minus_two = p.float(-2.0);
        let squared = p.binary(Binary::Power, minus_two, v);
        for (id, expected) in [
            (difference, "g - (v + w)"),
            (quotient, "v/((v + w)*g)"),
            (negated, "-((v + w)*g)"),
            (less, "v + w < g"),
            (not, "not v + w < g"),
            (squared, "(-2.0)**v"),
        ] {
            assert_eq!(text(&p, id), expected);
        }
        let mut printer = Printer::new(&p, |symbol| NAMES[symbol.index()].to_string());
        assert_eq!(printer.expr(tower), "((v + w)**-((v + w)*g))**g");
        assert_eq!(printer.expr(not_any), "not (_1 and v + w < g or _1)");
        assert_eq!(printer.temporaries(), [("_1".to_string(), "not v + w < g".to_string())]);
    }

    #[test]
    fn floats_read_back_as_themselves() {
        let (mut p, _) = pool();
        for value in [0.1, 1.0, -0.0, 1e-300, 1.0 / 3.0, 5e-324, 1e22] {
            let id = p.float(value);
            assert_eq!(text(&p, id).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn what_is_shared_is_written_once() {
        let (mut p, [v, w, g, ..]) = pool();
        let factor = p.add(v, w);
        let long = p.multiply(factor, g);
        let long = p.divide(long, factor);
        let square = p.multiply(long, long);
        let mut printer = Printer::new(&p, |symbol| NAMES[symbol.index()].to_string());
        let lines = printer.assignments(&[(Symbol(0), square), (Symbol(1), long)]);
        assert_eq!(lines, "_1 = (v + w)*g/(v + w)\nv = _1*_1\nw = _1\n");
    }

    #[test]
    fn deep_and_doubling_expressions_stay_short() {
        let (mut p, [v, w, ..]) = pool();
        let (mut doubling, mut deep) = (p.add(v, w), v);
        for _ in 0..100 {
            doubling = p.multiply(doubling, doubling);
        }
        for _ in 0..100_000 {
            let sine = p.call(Function::Sin, &[deep]);
            deep = p.negate(sine);
        }
        let mut printer = Printer::new(&p, |symbol| NAMES[symbol.index()].to_string());
        assert!(printer.assignments(&[(Symbol(0), doubling)]).len() < 5_000);
        assert!(printer.assignments(&[(Symbol(0), deep)]).len() < 1_500_000);
    }
}

mod derivative {
    use super::*;

    /// Compares with a central difference of order 4 at some points.
    fn check(pool: &mut Pool, root: ExprId, name: &str) {
        let slope = pool.derivative(root, Symbol(0)).unwrap_or_else(|| panic!("{name} has a derivative"));
        for point in [0.31, 0.55, 0.72] {
            let at = |v: f64, id: ExprId| evaluate(pool, id, &|symbol| if symbol == Symbol(0) { v } else { 0.4 });
            let (h, f) = (1e-3, |v: f64| at(v, root));
            let expected =
                (8.0 * (f(point + h) - f(point - h)) - (f(point + 2.0 * h) - f(point - 2.0 * h))) / (12.0 * h);
            let found = at(point, slope);
            assert!((found - expected).abs() < 1e-8 * (1.0 + expected.abs()), "{name} at {point}: {found} {expected}");
        }
    }

    #[test]
    fn agrees_with_differences() {
        let (mut p, [v, w, ..]) = pool();
        let mut roots = vec![];
        for op in [Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Divide, Binary::Power] {
            let square = p.multiply(v, v);
            let mixed = p.add(square, w);
            for (a, b) in [(v, w), (w, v), (mixed, v), (v, mixed), (v, v)] {
                roots.push(p.binary(op, a, b));
            }
        }
        for exponent in [-1.0, 0.0, 0.5, 2.0, 3.0] {
            let exponent = p.float(exponent);
            roots.push(p.binary(Binary::Power, v, exponent));
        }
        for function in Function::ALL.into_iter().filter(|function| function.arity() == 1) {
            let square = p.multiply(v, v);
            let call = p.call(function, &[square]);
            if p.derivative(call, Symbol(0)).is_some() {
                roots.push(call);
            }
        }
        let clipped = p.call(Function::Clip, &[v, w, v]);
        roots.push(clipped);
        assert_eq!(roots.len(), 25 + 5 + 17 + 1);
        for root in roots {
            let name = text(&p, root);
            check(&mut p, root, &name);
        }
    }

    #[test]
    fn exprel_is_smooth_at_zero() {
        let (mut p, [v, ..]) = pool();
        let exprel = p.call(Function::Exprel, &[v]);
        let slope = p.derivative(exprel, Symbol(0)).unwrap();
        for (point, expected) in
            [(0.0, 0.5), (1e-9, 0.5 + 1e-9 / 3.0), (9.99e-4, 0.500333124791), (1.001e-3, 0.500333792)]
        {
            let found = evaluate(&p, slope, &|_| point);
            assert!((found - expected).abs() < 1e-9, "{point}: {found}");
        }
    }

    #[test]
    fn jumps_have_none_and_neutral_parts_vanish() {
        let (mut p, [v, w, ..]) = pool();
        for function in [Function::Floor, Function::Sign, Function::Int] {
            let jump = p.call(function, &[v]);
            let jump = p.multiply(jump, w);
            assert_eq!(p.derivative(jump, Symbol(0)), None);
            assert!(p.derivative(jump, Symbol(1)).is_some());
        }
        let root = p.multiply(w, v);
        let root = p.add(root, w);
        assert_eq!(p.derivative(root, Symbol(0)), Some(w));
        let zero = p.zero();
        assert_eq!(p.derivative(root, Symbol(2)), Some(zero));
    }

    #[test]
    fn shared_parts_cost_once() {
        let (mut p, [v, ..]) = pool();
        let mut root = v;
        for _ in 0..200 {
            root = p.multiply(root, root);
        }
        assert!(p.derivative(root, Symbol(0)).is_some());
        assert!(p.len() < 2_000);
    }
}

mod affine {
    use super::*;

    /// The coefficients of v and w and the constant, as text.
    fn form(p: &mut Pool, root: ExprId) -> Option<[String; 3]> {
        let (coefficients, constant) = affine(p, root, &[Symbol(0), Symbol(1)])?;
        Some([coefficients[0], coefficients[1], constant].map(|id| text(p, id)))
    }

    fn check(p: &mut Pool, root: ExprId, expected: [&str; 3]) {
        assert_eq!(form(p, root).unwrap(), expected, "{}", text(p, root));
        let (coefficients, constant) = affine(p, root, &[Symbol(0), Symbol(1)]).unwrap();
        let value = |symbol: Symbol| [0.3, -1.7, 2.5, 0.9, 4.0, 0.6][symbol.index()];
        let [a, b, c] = [coefficients[0], coefficients[1], constant].map(|id| evaluate(p, id, &value));
        assert!((a * value(Symbol(0)) + b * value(Symbol(1)) + c - evaluate(p, root, &value)).abs() < 1e-14);
    }

    #[test]
    fn coefficients_are_tidy() {
        let (mut p, [v, w, g, e, c, tau]) = pool();
        let (one, two, zero) = (p.float(1.0), p.integer(2), p.integer(0));
        let drive = p.subtract(e, v);
        let current = p.multiply(drive, g);
        check(&mut p, current, ["-g", "0.0", "E*g"]);

        let gap = p.subtract(w, v);
        let leak = p.divide(gap, tau);
        check(&mut p, leak, ["-1.0/tau", "1.0/tau", "0.0"]);

        let current = p.multiply(g, drive);
        let current = p.divide(current, c);
        check(&mut p, current, ["-g/C", "0.0", "g*E/C"]);
        let both = p.add(current, leak);
        check(&mut p, both, ["-1.0/tau + -g/C", "1.0/tau", "g*E/C"]);

        let scaled = p.multiply(e, v);
        let line = p.add(g, scaled);
        let line = p.multiply(line, c);
        check(&mut p, line, ["C*E", "0.0", "g*C"]);

        let power = p.binary(Binary::Power, v, one);
        let nothing = p.binary(Binary::Power, v, zero);
        let sum = p.add(power, nothing);
        let sum = p.multiply(two, sum);
        check(&mut p, sum, ["2.0", "0.0", "2.0"]);

        let back = p.subtract(v, v);
        let back = p.add(back, w);
        check(&mut p, back, ["0.0", "1.0", "0.0"]);

        let vanishing = p.multiply(zero, g);
        let vanishing = p.multiply(vanishing, v);
        check(&mut p, vanishing, ["0.0", "0.0", "0.0"]);

        let above = p.binary(Binary::Less, e, g);
        let open = p.call(Function::Int, &[above]);
        let gated = p.multiply(open, v);
        check(&mut p, gated, ["1.0*int(E < g)", "0.0", "0.0"]);
    }

    #[test]
    fn what_is_not_linear_is_refused() {
        let (mut p, [v, w, g, ..]) = pool();
        let half = p.float(0.5);
        let exp = p.call(Function::Exp, &[v]);
        let above = p.binary(Binary::Less, v, g);
        let not = p.unary(Unary::Not, v);
        for root in [
            p.multiply(v, w),
            p.multiply(v, v),
            p.divide(g, v),
            p.binary(Binary::Power, v, half),
            p.binary(Binary::Power, g, v),
            p.binary(Binary::Remainder, v, g),
            p.multiply(exp, w),
            p.multiply(above, g),
            p.add(w, not),
        ] {
            assert_eq!(form(&mut p, root), None, "{}", text(&p, root));
        }
    }

    #[test]
    fn shared_parts_cost_once() {
        let (mut p, [v, w, g, ..]) = pool();
        let mut root = p.add(v, w);
        for _ in 0..500 {
            let twice = p.add(root, root);
            root = p.multiply(twice, g);
        }
        assert!(affine(&mut p, root, &[Symbol(0), Symbol(1)]).is_some());
        assert!(p.len() < 10_000, "{}", p.len());
    }
}

mod exponential {
    use super::*;

    struct Case {
        name: &'static str,
        a: &'static [f64],
        dt: f64,
        p: &'static [f64],
        q: &'static [f64],
    }

    /// Computed with mpmath 1.3 at 60 digits.
    #[rustfmt::skip]
    const CASES: &[Case] = &[
    Case {
        name: "zero",
        a: &[0.0, 0.0, 0.0, 0.0],
        dt: 0.5,
        p: &[1.0, 0.0, 0.0, 1.0],
        q: &[0.5, 0.0, 0.0, 0.5],
    },
    Case {
        name: "nilpotent",
        a: &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        dt: 2.0,
        p: &[1.0, 2.0, 2.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0],
        q: &[2.0, 2.0, 1.3333333333333333, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0],
    },
    Case {
        name: "rotation",
        a: &[0.0, -3.0, 3.0, 0.0],
        dt: 1.0,
        p: &[-0.9899924966004454, -0.1411200080598672, 0.1411200080598672, -0.9899924966004454],
        q: &[0.04704000268662241, -0.6633308322001484, 0.6633308322001484, 0.04704000268662241],
    },
    Case {
        name: "equal",
        a: &[-2.0, 1.0, 0.0, -2.0],
        dt: 0.75,
        p: &[0.22313016014842982, 0.16734762011132237, 0.0, 0.22313016014842982],
        q: &[0.3884349199257851, 0.11054364990723135, 0.0, 0.3884349199257851],
    },
    Case {
        name: "singular",
        a: &[-1.0, 1.0, 1.0, -1.0],
        dt: 3.0,
        p: &[0.5012393760883331, 0.4987606239116668, 0.4987606239116668, 0.5012393760883331],
        q: &[1.7493803119558333, 1.2506196880441667, 1.2506196880441667, 1.7493803119558333],
    },
    Case {
        name: "stiff",
        a: &[-1000000.0, 1000000.0, 0.0, -1.0],
        dt: 1.0,
        p: &[0.0, 0.3678798090512514, 0.0, 0.36787944117144233],
        q: &[1e-06, 0.6321201909487486, 0.0, 0.6321205588285577],
    },
    Case {
        name: "stiffcoupled",
        a: &[-1000000.0, 999999.0, 1.0, -2.0],
        dt: 1.0,
        p: &[3.6787944117144235e-07, 0.36787907329200115, 3.6787944117144235e-07, 0.36787907329200115],
        q: &[1.6321185588305577e-06, 0.6321189267099988, 6.321195588295577e-07, 0.6321199267089989],
    },
    Case {
        name: "units",
        a: &[-50.0, 10000000000.0, 1e-09, -10.0],
        dt: 0.1,
        p: &[0.008846070565760242, 91503651.68850656, 9.150365168850656e-12, 0.37486067731978645],
        q: &[0.020040889066640595, 10890523.897789938, 1.089052389778994e-12, 0.06360298465780034],
    },
    Case {
        name: "damped",
        a: &[0.0, 1.0, -25.0, -0.5],
        dt: 0.7,
        p: &[-0.8019660896148915, -0.05827753783051366, 1.4569384457628416, -0.7728273206996347],
        q: &[-0.02223821603821583, 0.07207864358459566, -1.8019660896148915, -0.05827753783051366],
    },
    Case {
        name: "dense",
        a: &[-1.5, 0.25, 0.5, 0.75, -2.0, 0.125, 0.375, 1.0, -0.5],
        dt: 4.0,
        p: &[0.10937086315279178, 0.11005537346580926, 0.17978357465757833, 0.06227847600558919, 0.062090854538488484, 0.10111588361752204, 0.26878150318910304, 0.273151780156499, 0.4458939140256397],
        q: &[1.013487638042369, 0.45556401415542586, 0.7678114922660688, 0.4146607673116479, 0.71657333563773, 0.3915723339860363, 1.0518742567768664, 1.2285161215790312, 2.467215459120345],
    },
    Case {
        name: "growth",
        a: &[3.0, 1.0, 2.0, 1.0],
        dt: 5.0,
        p: &[100217487.74137734, 36682145.019287795, 73364290.03857559, 26853197.70280175],
        q: &[26853196.70280175, 9828948.316486048, 19657896.632972095, 7195300.069829652],
    },
    Case {
        name: "decay",
        a: &[-40.0, 1.0, 0.0, -41.0],
        dt: 1.0,
        p: &[4.248354255291589e-18, 2.6854720659566e-18, 0.0, 1.5628821893349888e-18],
        q: &[0.025, 0.0006097560975609755, 0.0, 0.024390243902439025],
    },
    ];

    fn check(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= tolerance * expected.abs(), "{name}: {found:e} is not {expected:e}");
        }
    }

    /// Entry by entry, also where a slow variable stands beside one a million times faster.
    #[test]
    fn agrees_with_a_table_of_many_digits() {
        for case in CASES {
            let size = if case.a.len() == 4 { 2 } else { 3 };
            let (p, q) = propagator(case.a, size, case.dt);
            check(case.name, &p, case.p, 2e-14);
            check(case.name, &q, case.q, 2e-14);
        }
    }

    /// exp of [[A, 1], [0, 0]] dt holds P and Q (Van Loan 1978), by nalgebra.
    #[test]
    fn agrees_with_nalgebra() {
        let mut seed = 1u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1u32 << 23) - 1.0
        };
        for round in 0..200 {
            let size = 1 + round % 6;
            let a: Vec<f64> = (0..size * size).map(|_| 3.0 * random()).collect();
            let dt = 1.0 + random();
            let augmented = DMatrix::from_fn(2 * size, 2 * size, |row, column| match (row < size, column < size) {
                (true, true) => a[row * size + column] * dt,
                (true, false) if column - size == row => dt,
                _ => 0.0,
            })
            .exp();
            let (p, q) = propagator(&a, size, dt);
            for at in 0..size * size {
                let (row, column) = (at / size, at % size);
                let limit = 1e-12 * (1.0 + augmented.abs().max());
                assert!((p[at] - augmented[(row, column)]).abs() < limit);
                assert!((q[at] - augmented[(row, column + size)]).abs() < limit);
            }
        }
    }

    #[test]
    fn a_cascade_of_equal_time_constants_gives_the_gamma_kernel() {
        let (size, dt) = (6, 1.5);
        let entry = |at: usize| match at / size - (at % size).min(at / size) {
            0 if at / size == at % size => -1.0,
            1 => 1.0,
            _ => 0.0,
        };
        let a: Vec<f64> = (0..size * size).map(entry).collect();
        let (p, _) = propagator(&a, size, dt);
        let mut expected = (-dt).exp();
        for row in 0..size {
            assert!((p[row * size] - expected).abs() < 1e-14 * expected, "{row}");
            expected *= dt / (row as f64 + 1.0);
            assert!((row + 1..size).all(|column| p[row * size + column] == 0.0));
        }
    }

    #[test]
    fn what_is_not_connected_stays_zero() {
        let a = [-1e6, 1e3, 0.0, 1e-3, -2.0, 0.0, 0.0, 0.0, -1e300];
        let (p, q) = propagator(&a, 3, 1.0);
        for at in [2, 5, 6, 7] {
            assert_eq!((p[at], q[at]), (0.0, 0.0));
        }
        assert_eq!(p[8], 0.0);
        assert!((q[8] * 1e300 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn always_ends() {
        let extremes = [0.0, 5e-324, 1e-300, 1e300, f64::MAX, -f64::MAX, f64::INFINITY, f64::NAN];
        for a in extremes {
            for b in extremes {
                for dt in [1e-300, 1.0, 1e300, f64::NAN] {
                    let (p, q) = propagator(&[a, b, -b, -1.0], 2, dt);
                    let finite = a.is_finite() && b.is_finite() && dt.is_finite();
                    assert!(finite || p.iter().chain(&q).all(|entry| entry.is_nan()));
                }
            }
        }
        assert_eq!(propagator(&[], 0, 1.0), (vec![], vec![]));
    }
}
