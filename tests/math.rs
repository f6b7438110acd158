//! Errors of the mathematical functions, in units of the last place (ulp), against correctly
//! rounded references of `astro-float`, and their special values against C99, Annex F.
//!
//! The bounds asserted are those of `docs/numerics.md`, which come from much larger searches.

use astro_float::{BigFloat, Consts, RoundingMode};
use dvdt::interpret::Interpreter;
use dvdt::kernel::abi::{ColumnId, Layout, Routine, Storage, Varies};
use dvdt::kernel::{Builder, Kernel, Math, Type, Value, math, verify};
use std::f64::consts::{FRAC_PI_2, LN_2};

const ROUND: RoundingMode = RoundingMode::ToEven;
const BITS: usize = 192;
const SAMPLES: usize = 6000;
const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

// How a function is run.

/// The kernel `result = formula(x, y)`, expanded.
fn kernel_of(formula: &dyn Fn(&mut Builder, Value, Value) -> Value) -> (Kernel, Storage) {
    let mut storage = Storage::default();
    let [x, y, result] = ["x", "y", "result"].map(|name| storage.column(name, Type::F64, Varies::Ticks));
    let mut builder = Builder::new("test", &storage);
    let (a, b) = (builder.load(x), builder.load(y));
    let value = formula(&mut builder, a, b);
    builder.store(result, value);
    let kernel = math::expand(&builder.finish(), &storage);
    verify(&kernel, &storage).unwrap();
    (kernel, storage)
}

fn run(formula: &dyn Fn(&mut Builder, Value, Value) -> Value, arguments: &[(f64, f64)]) -> Vec<f64> {
    let (kernel, storage) = kernel_of(formula);
    let layout = Layout::new(storage, arguments.len());
    let mut memory = vec![0; layout.bytes() / 8];
    let [x, y, result] = [0, 1, 2].map(|id| layout.column_offset(ColumnId(id)) / 8);
    for (index, argument) in arguments.iter().enumerate() {
        memory[x + index] = argument.0.to_bits();
        memory[y + index] = argument.1.to_bits();
    }
    Interpreter::new(kernel, layout).call(&mut memory, 0..1, 0..arguments.len());
    memory[result..result + arguments.len()].iter().map(|&bits| f64::from_bits(bits)).collect()
}

// What it should give.

fn big(x: f64) -> BigFloat {
    if x != 0.0 && x.abs() < MIN {
        // `from_f64` is wrong for denormal numbers.
        let mut number = BigFloat::from_f64(x * 2_f64.powi(60), BITS);
        number.set_exponent(number.exponent().unwrap() - 60);
        return number;
    }
    BigFloat::from_f64(x, BITS)
}

/// f(x) to far more than a float's precision.
fn reference(function: Math, x: f64, consts: &mut Consts) -> BigFloat {
    let tiny = x.abs() < 8.7e-19; // 2^-60
    let big_x = big(x);
    match function {
        Math::Exp => big_x.exp(BITS, ROUND, consts),
        Math::Expm1 if tiny => series(x, &[1.0, 2.0, 6.0]),
        Math::Expm1 => big_x.exp(BITS, ROUND, consts).sub(&big(1.0), BITS, ROUND),
        Math::Exprel => reference(Math::Expm1, x, consts).div(&big_x, BITS, ROUND),
        Math::Bernoulli => big_x.div(&reference(Math::Expm1, x, consts), BITS, ROUND),
        Math::Log => big_x.ln(BITS, ROUND, consts),
        Math::Log1p if tiny => series(x, &[1.0, -2.0, 3.0]),
        Math::Log1p => big_x.add_full_prec(&big(1.0)).ln(BITS, ROUND, consts),
        Math::Log10 => big_x.log10(BITS, ROUND, consts),
        Math::Sin => big_x.sin(BITS, ROUND, consts),
        Math::Cos => big_x.cos(BITS, ROUND, consts),
        Math::Tan => big_x.tan(BITS, ROUND, consts),
        Math::Arcsin => big_x.asin(BITS, ROUND, consts),
        Math::Arccos => big_x.acos(BITS, ROUND, consts),
        Math::Arctan => big_x.atan(BITS, ROUND, consts),
        Math::Sinh => big_x.sinh(BITS, ROUND, consts),
        Math::Cosh => big_x.cosh(BITS, ROUND, consts),
        Math::Tanh => big_x.tanh(BITS, ROUND, consts),
    }
}

/// x^y for positive x, to about 2^-170; `BigFloat::pow` does not end where the result is exact.
fn big_power(x: f64, y: f64, consts: &mut Consts) -> BigFloat {
    big(x).ln(BITS, ROUND, consts).mul(&big(y), BITS, ROUND).exp(BITS, ROUND, consts)
}

/// x/d1 + x²/d2 + x³/d3
fn series(x: f64, divisors: &[f64; 3]) -> BigFloat {
    let (mut power, mut sum) = (big(1.0), big(0.0));
    for &divisor in divisors {
        power = power.mul(&big(x), BITS, ROUND);
        sum = sum.add(&power.div(&big(divisor), BITS, ROUND), BITS, ROUND);
    }
    sum
}

/// The distance between `found` and `exact` in the last place of `exact`. An infinite result counts
/// as 2^1024, as in rounding.
fn ulps(found: f64, exact: &BigFloat) -> f64 {
    if found.is_nan() || exact.is_nan() {
        return if found.is_nan() && exact.is_nan() { 0.0 } else { INF };
    }
    // A big float is 0.m * 2^exponent.
    let exponent = exact.exponent().unwrap_or(if exact.is_inf() { 2000 } else { 0 });
    if found.is_infinite() && exponent > 1024 {
        return if found.is_sign_positive() == exact.is_positive() { 0.0 } else { INF };
    }
    let limit = big(2_f64.powi(1023) * found.signum()).mul(&big(2.0), BITS, ROUND);
    let found = if found.is_infinite() { limit } else { big(found) };
    let distance = found.sub(exact, BITS, ROUND);
    let last_place = exponent.max(-1021) - 53;
    match distance.as_raw_parts() {
        Some((_, 0, ..)) | None => 0.0,
        Some((words, _, _, exponent, _)) => {
            let leading = words[words.len() - 1] as f64 / 18446744073709551616.0; // 2^64
            leading * 2_f64.powi((exponent - last_place).clamp(-1000, 1000))
        }
    }
}

// Where it is looked at.

struct Sampler(u64);

impl Sampler {
    fn bits(&mut self) -> u64 {
        // Steele, Lea & Flood 2014, SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9007199254740992.0
    }

    fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Any sign and binade, denormal ones too.
    fn any(&mut self) -> f64 {
        let x = f64::from_bits(self.bits());
        if x.is_finite() { x } else { self.any() }
    }

    /// Close to `point`, at distances of all sizes.
    fn near(&mut self, point: f64) -> f64 {
        let distance = (-self.range(0.0, 55.0)).exp2();
        if self.bits() % 2 == 0 { point - point * distance } else { point + point * distance }
    }
}

/// Typical values, values of all binades, and values close to `points`, all within `low..=high`.
fn samples(typical: f64, points: &[f64], low: f64, high: f64) -> Vec<(f64, f64)> {
    let mut sampler = Sampler(1);
    let mut xs = points.to_vec();
    while xs.len() < SAMPLES {
        xs.push(sampler.range(-typical, typical));
        xs.push(sampler.range(-1.5, 1.5));
        xs.push(sampler.any());
        let point = points[xs.len() % points.len()];
        xs.push(sampler.near(point));
    }
    xs.into_iter().filter(|&x| x != 0.0 && x >= low && x <= high).map(|x| (x, 0.0)).collect()
}

#[track_caller]
fn check(function: Math, bound: f64, arguments: &[(f64, f64)]) {
    let mut consts = Consts::new().unwrap();
    let found = run(&|b, x, _| b.math(function, x), arguments);
    assert!(found.len() > 100, "too few samples");
    for (&(x, _), &y) in arguments.iter().zip(&found) {
        let error = ulps(y, &reference(function, x, &mut consts));
        assert!(error <= bound, "{function:?}({x:e}) = {y:e} is {error} ulp off");
    }
}

const MIN: f64 = f64::MIN_POSITIVE;
const DENORMAL: f64 = 5e-324;
const ALL: f64 = f64::MAX;

#[test]
fn exponentials() {
    let edges = [709.782712893384, -708.3964185322641, -744.4400719213812, -745.1332191019411, 709.436, 0.5 * LN_2];
    check(Math::Exp, 0.88, &samples(750.0, &edges, -ALL, 1e4));
    let edges = [709.782712893384, -36.7, 37.2, 37.4, 0.5 * LN_2, -0.5 * LN_2, 1.5 * LN_2, MIN, DENORMAL, 1e-160];
    check(Math::Expm1, 1.04, &samples(50.0, &edges, -1e4, 1e4));
    let edges = [709.782712893384, 716.35, -36.7, 37.2, 37.4, 0.5 * LN_2, -0.5 * LN_2, MIN, DENORMAL, 1e-160];
    check(Math::Exprel, 2.0, &samples(50.0, &edges, -1e4, 1e4));
    check(Math::Bernoulli, 2.5, &samples(50.0, &edges, -1e4, 1e4));
}

#[test]
fn logarithms() {
    let edges = [1.0, 0.5_f64.sqrt(), 2_f64.sqrt(), MIN, DENORMAL, ALL];
    check(Math::Log, 0.85, &samples(100.0, &edges, DENORMAL, ALL));
    check(Math::Log10, 0.67, &samples(100.0, &edges, DENORMAL, ALL));
    let edges = [-0.9999999999999999, -0.29, 0.414, 1.0, MIN, DENORMAL, ALL, 5.6e-17, -5.6e-17];
    check(Math::Log1p, 0.87, &samples(100.0, &edges, -0.9999999999999999, ALL));
}

#[test]
fn circular_functions() {
    // The double closest to a multiple of π/2, relative to its size: Muller et al., Handbook of
    // Floating-Point Arithmetic, section on range reduction.
    let worst = 6381956970095103.0 * 2_f64.powi(797);
    let edges = [FRAC_PI_2, 2.0 * FRAC_PI_2, 3.0 * FRAC_PI_2, 1e5 * FRAC_PI_2, 0.5 * FRAC_PI_2, worst, 1e22, ALL, MIN];
    for (function, bound) in [(Math::Sin, 0.8), (Math::Cos, 0.81), (Math::Tan, 1.08)] {
        check(function, bound, &samples(1000.0, &edges, -ALL, ALL));
    }
}

#[test]
fn inverse_functions() {
    let edges = [1.0, -1.0, 0.5, -0.5, MIN, DENORMAL];
    check(Math::Arcsin, 1.13, &samples(1.0, &edges, -1.0, 1.0));
    check(Math::Arccos, 1.1, &samples(1.0, &edges, -1.0, 1.0));
    check(Math::Arctan, 1.79, &samples(10.0, &[0.41421, 2.41421, 1.0, MIN, DENORMAL, ALL], -ALL, ALL));
}

#[test]
fn hyperbolic_functions() {
    let edges = [710.4758600739439, 709.782712893384, 0.5 * LN_2, 0.25 * LN_2, 18.5, 22.0, MIN, DENORMAL, 7.45e-9];
    check(Math::Sinh, 1.94, &samples(30.0, &edges, -1e4, 1e4));
    check(Math::Cosh, 1.27, &samples(30.0, &edges, -1e4, 1e4));
    check(Math::Tanh, 0.98, &samples(30.0, &edges, -1e4, 1e4));
}

#[test]
fn powers() {
    let mut sampler = Sampler(2);
    let mut arguments = vec![];
    for _ in 0..SAMPLES {
        let x = [sampler.range(0.0, 10.0), sampler.any().abs(), sampler.near(1.0)][sampler.bits() as usize % 3];
        // Exponents for which the result is in range, close to its ends, or small and whole.
        let end = [709.78, -708.4, -745.1][sampler.bits() as usize % 3];
        let scale = 1.0 / x.ln();
        let y = [sampler.range(-745.0, 710.0) * scale, sampler.near(end) * scale, sampler.range(-9.0, 9.0).round()];
        arguments.push((x, y[sampler.bits() as usize % 3]));
    }
    arguments.retain(|&(x, y)| x != 1.0 && x != 0.0 && y != 0.0 && y.is_finite());
    let found = run(&|b, x, y| b.power(x, y), &arguments);
    let mut consts = Consts::new().unwrap();
    for (&(x, y), &z) in arguments.iter().zip(&found) {
        let exact = big_power(x, y, &mut consts);
        let error = ulps(z, &exact);
        assert!(error <= 0.91, "{x:e}^{y:e} = {z:e} is {error} ulp off");
    }
}

#[test]
fn constant_powers() {
    let arguments = samples(10.0, &[1.0, 1e154, 1e-154, 1e77, MIN], -ALL, ALL);
    let mut consts = Consts::new().unwrap();
    for exponent in [-2.0, -1.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, -3.0] {
        let formula = |b: &mut Builder, x, _| {
            let y = b.float(exponent);
            b.power(x, y)
        };
        for (&(x, _), &z) in arguments.iter().zip(&run(&formula, &arguments)) {
            if x > 0.0 {
                let error = ulps(z, &big_power(x, exponent, &mut consts));
                assert!(error <= 2.0, "{x:e}^{exponent} = {z:e} is {error} ulp off");
            }
        }
        for x in [0.0, -0.0, INF, -INF, NAN, -2.0] {
            let general = run(&|b, x, y| b.power(x, y), &[(x, exponent)])[0];
            let special = run(&formula, &[(x, 0.0)])[0];
            assert!(same(general, special), "{x}^{exponent} is {special}, should be {general}");
        }
    }
}

// Special values.

/// Equal with sign, or both NaN.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// f(0), f(-0), f(∞), f(-∞), which C99 Annex F fixes; f(NaN) is NaN.
const ENDS: [(Math, [f64; 4]); 16] = [
    (Math::Exp, [1.0, 1.0, INF, 0.0]),
    (Math::Expm1, [0.0, -0.0, INF, -1.0]),
    (Math::Exprel, [1.0, 1.0, INF, 0.0]),
    (Math::Bernoulli, [1.0, 1.0, 0.0, INF]),
    (Math::Log, [-INF, -INF, INF, NAN]),
    (Math::Log1p, [0.0, -0.0, INF, NAN]),
    (Math::Log10, [-INF, -INF, INF, NAN]),
    (Math::Sin, [0.0, -0.0, NAN, NAN]),
    (Math::Cos, [1.0, 1.0, NAN, NAN]),
    (Math::Tan, [0.0, -0.0, NAN, NAN]),
    (Math::Arcsin, [0.0, -0.0, NAN, NAN]),
    (Math::Arccos, [FRAC_PI_2, FRAC_PI_2, NAN, NAN]),
    (Math::Arctan, [0.0, -0.0, FRAC_PI_2, -FRAC_PI_2]),
    (Math::Sinh, [0.0, -0.0, INF, -INF]),
    (Math::Cosh, [1.0, 1.0, INF, INF]),
    (Math::Tanh, [0.0, -0.0, 1.0, -1.0]),
];

#[test]
fn ends_of_functions() {
    for (function, expected) in ENDS {
        let arguments = [0.0, -0.0, INF, -INF, NAN];
        let found = run(&|b, x, _| b.math(function, x), &arguments.map(|x| (x, 0.0)));
        for ((x, y), wanted) in arguments.iter().zip(found).zip(expected.into_iter().chain([NAN])) {
            assert!(same(y, wanted), "{function:?}({x}) is {y}, should be {wanted}");
        }
    }
}

#[test]
fn exact_values() {
    let odd_denormal = f64::from_bits(0x000a_bcde_f123_4567);
    for (function, x, wanted) in [
        (Math::Exp, -ALL, 0.0),
        (Math::Exp, 1000.0, INF),
        (Math::Expm1, odd_denormal, odd_denormal),
        (Math::Expm1, -odd_denormal, -odd_denormal),
        (Math::Exprel, DENORMAL, 1.0),
        (Math::Exprel, -ALL, 1.0 / ALL),
        (Math::Bernoulli, DENORMAL, 1.0),
        (Math::Bernoulli, -ALL, ALL),
        (Math::Bernoulli, 760.0, 0.0),
        (Math::Log, 1.0, 0.0),
        (Math::Log, -DENORMAL, NAN),
        (Math::Log1p, -1.0, -INF),
        (Math::Log1p, -1.5, NAN),
        (Math::Log1p, odd_denormal, odd_denormal),
        (Math::Log10, 1000.0, 3.0),
        (Math::Log10, 1e22, 22.0),
        (Math::Sin, odd_denormal, odd_denormal),
        (Math::Tan, -odd_denormal, -odd_denormal),
        (Math::Arcsin, 1.0, FRAC_PI_2),
        (Math::Arcsin, -1.0, -FRAC_PI_2),
        (Math::Arcsin, 1.1, NAN),
        (Math::Arcsin, odd_denormal, odd_denormal),
        (Math::Arccos, 1.0, 0.0),
        (Math::Arccos, -1.0, 2.0 * FRAC_PI_2),
        (Math::Arccos, -1.1, NAN),
        (Math::Arctan, -odd_denormal, -odd_denormal),
        (Math::Sinh, -odd_denormal, -odd_denormal),
        (Math::Sinh, -ALL, -INF),
        (Math::Cosh, ALL, INF),
        (Math::Tanh, odd_denormal, odd_denormal),
        (Math::Tanh, 30.0, 1.0),
    ] {
        let found = run(&|b, a, _| b.math(function, a), &[(x, 0.0)])[0];
        assert!(same(found, wanted), "{function:?}({x:e}) is {found:e}, should be {wanted:e}");
    }
}

#[test]
fn special_powers() {
    let big_even = 1e300;
    let table = [
        (0.0, -3.0, INF),
        (-0.0, -3.0, -INF),
        (-0.0, -2.0, INF),
        (-0.0, -0.5, INF),
        (0.0, -INF, INF),
        (-0.0, 3.0, -0.0),
        (-0.0, 2.0, 0.0),
        (-0.0, 0.5, 0.0),
        (-0.0, INF, 0.0),
        (-1.0, INF, 1.0),
        (-1.0, -INF, 1.0),
        (1.0, NAN, 1.0),
        (1.0, INF, 1.0),
        (1.0, -INF, 1.0),
        (NAN, 0.0, 1.0),
        (NAN, -0.0, 1.0),
        (0.0, 0.0, 1.0),
        (INF, 0.0, 1.0),
        (-2.0, 0.5, NAN),
        (-2.0, 3.0, -8.0),
        (-2.0, -2.0, 0.25),
        (-1.0, NAN, NAN),
        (-2.0, big_even, INF),
        (-0.5, big_even, 0.0),
        (-1.0, 9007199254740991.0, -1.0),
        (-1.0, 9007199254740992.0, 1.0),
        (0.5, -INF, INF),
        (-2.0, -INF, 0.0),
        (0.5, INF, 0.0),
        (-2.0, INF, INF),
        (-INF, -3.0, -0.0),
        (-INF, -2.5, 0.0),
        (-INF, 3.0, -INF),
        (-INF, 2.5, INF),
        (INF, -1e-300, 0.0),
        (INF, 1e-300, INF),
        (NAN, 1.0, NAN),
        (2.0, NAN, NAN),
        (2.0, 1023.0, 8.98846567431158e307),
        (2.0, 1024.0, INF),
        (2.0, -1074.0, DENORMAL),
        (2.0, -1076.0, 0.0),
        (-2.0, -1075.5, NAN),
        (DENORMAL, -0.5, 2_f64.powi(537)),
        (10.0, 2.0, 100.0),
        (1.0 + f64::EPSILON, 1e300, INF),
        (1.0 - f64::EPSILON, 1e300, 0.0),
        (2.0, 1e-300, 1.0),
    ];
    for (x, y, wanted) in table {
        let found = run(&|b, x, y| b.power(x, y), &[(x, y)])[0];
        assert!(same(found, wanted), "{x:e}^{y:e} is {found:e}, should be {wanted:e}");
    }
}

// The pass.

#[test]
fn prologue_stays_prologue() {
    let mut storage = Storage::default();
    let rate = storage.uniform("rate", Type::F64, Varies::Ticks);
    let x = storage.column("x", Type::F64, Varies::Ticks);
    let mut builder = Builder::new("test", &storage);
    let input = builder.uniform(rate);
    let decay = builder.math(Math::Exp, input);
    builder.begin_body();
    let element = builder.load(x);
    let product = builder.mul(element, decay);
    builder.store(x, product);
    let kernel = math::expand(&builder.finish(), &storage);
    verify(&kernel, &storage).unwrap();
    assert!(kernel.is_core());
    assert_eq!(kernel.insts.len() - kernel.prologue, 3);
}

#[test]
fn sine_and_cosine_share_their_work() {
    let count = |formula: &dyn Fn(&mut Builder, Value, Value) -> Value| kernel_of(formula).0.insts.len();
    let sine = count(&|b, x, _| b.math(Math::Sin, x));
    let both = count(&|b, x, _| {
        let (sine, cosine) = (b.math(Math::Sin, x), b.math(Math::Cos, x));
        b.add(sine, cosine)
    });
    assert!(both < sine + 15, "{both} against {sine}");
}

#[test]
fn constants_are_folded() {
    let (kernel, _) = kernel_of(&|b, _, _| {
        let one = b.float(1.0);
        b.math(Math::Exp, one)
    });
    assert_eq!(kernel.insts.len(), 2);
}
