//! What a tick computes against an evaluator of our own that knows no kernels: interpreter and JIT
//! agree even where a pass of the IR has changed the meaning, so neither can judge the passes.
//!
//! The reference follows the model's expressions with std's functions and carries, beside each
//! value, the sum of the magnitudes that were rounded on the way to it. `precise` math must stay
//! within a few roundings of the order as written, `fast` math within those of any order.

mod generate;

use arbitrary::Unstructured;
use dvdt::algebra::{Binary, Expr, ExprId, Function, Kind, Pool, Symbol, Unary};
use dvdt::dimension::Dimension;
use dvdt::model::{Builtin, Group, Model, Role};
use dvdt::{Engine, Executor, Input, MathLevel, Simulation, Stage};

/// How many models one run takes.
const MODELS: u64 = 1000;

/// Roundings that are allowed to each operation: functions are within 2 ulp, std's too, and a power
/// is up to eight products.
const ROUNDINGS: f64 = 32.0 * f64::EPSILON;

/// Beyond these, another order of a product may overflow where the written one does not.
const LARGEST: f64 = 1e60;
const SMALLEST: f64 = 1e-60;

/// A value with what is known of its error.
#[derive(Clone, Copy, Debug)]
enum Found {
    /// A float, and the sum of magnitudes of which each was rounded: 0 for what is exact.
    Float(f64, f64),
    Integer(i64),
    Truth(bool),
    /// A rounding before it decides what it is.
    Unsure,
}

use Found::{Float, Integer, Truth, Unsure};

impl Found {
    fn float(self) -> Option<(f64, f64)> {
        match self {
            Float(value, rounded) => Some((value, rounded)),
            Integer(value) => Some((value as f64, 0.0)),
            Truth(value) => Some((f64::from(u8::from(value)), 0.0)),
            Unsure => None,
        }
    }

    fn integer(self) -> Option<i64> {
        match self {
            Integer(value) => Some(value),
            Truth(value) => Some(i64::from(value)),
            Float(value, rounded) => {
                let error = rounded * ROUNDINGS;
                ((value - error) as i64 == (value + error) as i64).then_some(value as i64)
            }
            Unsure => None,
        }
    }

    fn truth(self) -> Option<bool> {
        match self {
            Truth(value) => Some(value),
            Integer(value) => Some(value != 0),
            Float(value, rounded) if value == 0.0 && rounded > 0.0 || value.abs() < rounded * ROUNDINGS => None,
            Float(value, _) => Some(value != 0.0),
            Unsure => None,
        }
    }
}

/// A float with the magnitudes that were rounded, unless overflow is so near that the order decides.
fn rounded(value: f64, magnitudes: f64) -> Found {
    let extreme = |x: f64| x != 0.0 && x.is_finite() && !(SMALLEST..LARGEST).contains(&x.abs());
    if extreme(value) || extreme(magnitudes) || (magnitudes.is_infinite() && value.is_finite()) {
        Unsure
    } else {
        Float(value, magnitudes)
    }
}

struct Evaluator<'a> {
    pool: &'a Pool,
    math: MathLevel,
    value: &'a dyn Fn(Symbol) -> Found,
}

impl Evaluator<'_> {
    fn evaluate(&self, root: ExprId) -> Found {
        let mut values = vec![Unsure; root.index() + 1];
        for id in self.pool.reachable(&[root]) {
            values[id.index()] = self.expr(id, &values).unwrap_or(Unsure);
        }
        values[root.index()]
    }

    fn expr(&self, id: ExprId, values: &[Found]) -> Option<Found> {
        let at = |id: ExprId| values[id.index()];
        let integer = self.pool.kind(id) == Kind::Integer;
        Some(match self.pool.get(id) {
            &Expr::Float(bits) => Float(f64::from_bits(bits), 0.0),
            &Expr::Integer(value) => Integer(value),
            &Expr::Boolean(value) => Truth(value),
            &Expr::Symbol(symbol) => (self.value)(symbol),
            &Expr::Unary(Unary::Not, a) => Truth(!at(a).truth()?),
            &Expr::Unary(Unary::Negate, a) if integer => Integer(at(a).integer()?.wrapping_neg()),
            &Expr::Unary(Unary::Negate, a) => {
                let (value, magnitudes) = at(a).float()?;
                Float(-value, magnitudes)
            }
            &Expr::Binary(op, a, b) => self.binary(op, integer, at(a), at(b))?,
            // `tests/random.rs` and `tests/events.rs` hold these.
            Expr::Call(Function::Rand | Function::Randn | Function::Poisson | Function::Timed, _) => Unsure,
            Expr::Call(function, arguments) => {
                call(*function, integer, &arguments.iter().map(|&argument| at(argument)).collect::<Vec<_>>())?
            }
        })
    }

    fn binary(&self, op: Binary, integer: bool, a: Found, b: Found) -> Option<Found> {
        match op {
            Binary::And => return Some(Truth(a.truth()? & b.truth()?)),
            Binary::Or => return Some(Truth(a.truth()? | b.truth()?)),
            Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual => return compare(op, a, b),
            _ => {}
        }
        if integer {
            return Some(Integer(integer_binary(op, a.integer()?, b.integer()?)));
        }
        let ((x, dx), (y, dy)) = (a.float()?, b.float()?);
        // In another order, what is rounded is as large as the terms, not as their sum.
        let own = |sum: f64| if self.math == MathLevel::Fast { x.abs() + y.abs() } else { sum.abs() };
        Some(match op {
            Binary::Add => rounded(x + y, dx + dy + own(x + y)),
            Binary::Subtract => rounded(x - y, dx + dy + own(x - y)),
            Binary::Multiply => rounded(x * y, product(dx, y) + product(x, dy) + product(x, y)),
            Binary::Divide if y.abs() <= dy * ROUNDINGS && dy > 0.0 => Unsure,
            // The sign of a zero may differ.
            Binary::Divide if y == 0.0 && self.math == MathLevel::Fast && !(x / y).is_nan() => Unsure,
            Binary::Divide => rounded(x / y, (dx / y).abs() + product(x / y, dy / y) + (x / y).abs()),
            Binary::FloorDivide => floor_divide((x, dx), (y, dy))?.0,
            Binary::Remainder => floor_divide((x, dx), (y, dy))?.1,
            Binary::Power => {
                let far = |dx: f64, dy: f64| (x + dx * ROUNDINGS).powf(y + dy * ROUNDINGS);
                let value = x.powf(y);
                around(value, &[far(dx, 0.0), far(-dx, 0.0), far(0.0, dy), far(0.0, -dy)])
            }
            _ => panic!("{op:?} of floats"),
        })
    }
}

/// The magnitude of a product, where nothing was rounded nothing.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { (a * b).abs() }
}

fn compare(op: Binary, a: Found, b: Found) -> Option<Found> {
    let ((x, dx), (y, dy)) = (a.float()?, b.float()?);
    if (x - y).abs() <= (dx + dy) * ROUNDINGS && dx + dy > 0.0 {
        return None;
    }
    Some(Truth(match op {
        Binary::Less => x < y,
        Binary::LessEqual => x <= y,
        Binary::Equal => x == y,
        _ => x != y,
    }))
}

fn integer_binary(op: Binary, a: i64, b: i64) -> i64 {
    match op {
        Binary::Add => a.wrapping_add(b),
        Binary::Subtract => a.wrapping_sub(b),
        Binary::Multiply => a.wrapping_mul(b),
        _ if b == 0 => 0,
        Binary::FloorDivide => ((i128::from(a) - remainder(a, b)) / i128::from(b)) as i64,
        Binary::Remainder => remainder(a, b) as i64,
        _ => panic!("{op:?} of integers"),
    }
}

/// With the sign of the divisor.
fn remainder(a: i64, b: i64) -> i128 {
    let rest = i128::from(a) % i128::from(b);
    if rest != 0 && (rest < 0) != (b < 0) { rest + i128::from(b) } else { rest }
}

/// As Python: the remainder is exact and has the divisor's sign.
fn floor_divide((x, dx): (f64, f64), (y, dy): (f64, f64)) -> Option<(Found, Found)> {
    let ratio = x / y;
    if !x.is_finite() || y == 0.0 || y.is_nan() || ratio.abs() > 1e15 {
        return None; // Quotients of more digits than a float has are nobody's promise.
    }
    let exact = dx == 0.0 && (dy == 0.0 || y.is_infinite());
    let error = ((dx / y).abs() + (ratio * dy / y).abs() + ratio.abs()) * ROUNDINGS;
    if !exact && (ratio - ratio.round()).abs() <= error {
        return None;
    }
    let rest = x % y;
    let rest = if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest };
    if y.is_infinite() {
        return Some((Float(if rest == x { 0.0 } else { -1.0 }, 0.0), Float(rest, dx)));
    }
    let quotient = ((x - rest) / y).round().abs().copysign(ratio);
    Some((Float(quotient, 0.0), rounded(rest, dx + (quotient * dy).abs() + x.abs() + y.abs())))
}

/// A function's value, with how far it moves while its operands move within their errors.
fn around(value: f64, neighbours: &[f64]) -> Found {
    let class = |x: f64| (x.is_nan(), x.is_infinite());
    if neighbours.iter().any(|&neighbour| class(neighbour) != class(value)) {
        return Unsure;
    }
    if !value.is_finite() {
        return Float(value, 0.0);
    }
    let moved = neighbours.iter().map(|neighbour| (neighbour - value).abs()).fold(0.0, f64::max);
    rounded(value, value.abs() + 2.0 * moved / ROUNDINGS)
}

fn call(function: Function, integer: bool, arguments: &[Found]) -> Option<Found> {
    if integer {
        return integer_call(function, arguments);
    }
    let (x, dx) = arguments[0].float()?;
    let f = |x: f64| -> f64 {
        match function {
            Function::Sin => x.sin(),
            Function::Cos => x.cos(),
            Function::Tan => x.tan(),
            Function::Sinh => x.sinh(),
            Function::Cosh => x.cosh(),
            Function::Tanh => x.tanh(),
            Function::Arcsin => x.asin(),
            Function::Arccos => x.acos(),
            Function::Arctan => x.atan(),
            Function::Exp => x.exp(),
            Function::Log => x.ln(),
            Function::Log10 => x.log10(),
            Function::Expm1 => x.exp_m1(),
            Function::Log1p => x.ln_1p(),
            Function::Exprel if x == 0.0 => 1.0,
            Function::Exprel if x == f64::INFINITY => x,
            Function::Exprel => x.exp_m1() / x,
            Function::Sqrt => x.sqrt(),
            Function::Floor => x.floor(),
            Function::Ceil => x.ceil(),
            Function::Abs => x.abs(),
            Function::Sign if x == 0.0 || x.is_nan() => 0.0,
            Function::Sign => x.signum(),
            Function::Clip
            | Function::Int
            | Function::Rand
            | Function::Randn
            | Function::Poisson
            | Function::Timestep
            | Function::Select
            | Function::Timed => panic!("{function:?} of floats"),
        }
    };
    let error = dx * ROUNDINGS;
    match function {
        Function::Clip => {
            let ((low, dlow), (high, dhigh)) = (arguments[1].float()?, arguments[2].float()?);
            let clip = |x: f64| if x.is_nan() { x } else { high.min(low.max(x)) };
            Some(around(clip(x), &[clip(x + error), clip(x - error)])).filter(|_| dlow == 0.0 && dhigh == 0.0)
        }
        Function::Floor | Function::Ceil | Function::Sign => {
            let same = dx == 0.0 || (f(x - error) == f(x + error) && f(x) == f(x + error));
            same.then_some(Float(f(x), 0.0))
        }
        Function::Sin | Function::Cos | Function::Tan if error > 0.1 => None,
        _ => Some(around(f(x), &[f(x - error), f(x + error)])),
    }
}

fn integer_call(function: Function, arguments: &[Found]) -> Option<Found> {
    if function == Function::Timestep {
        let ((t, time_error), (dt, dt_error)) = (arguments[0].float()?, arguments[1].float()?);
        let steps = (t + 1e-3 * dt) / dt;
        return Float(steps, (time_error / dt).abs() + (steps * dt_error / dt).abs() + steps.abs())
            .integer()
            .map(Integer);
    }
    let a = arguments[0].integer()?;
    Some(Integer(match function {
        Function::Int | Function::Floor | Function::Ceil => a,
        Function::Abs => a.wrapping_abs(),
        Function::Sign => a.signum(),
        Function::Clip => arguments[2].integer()?.min(arguments[1].integer()?.max(a)),
        _ => panic!("{function:?} of integers"),
    }))
}

/// The variables of a group before a tick.
struct State<'a> {
    group: &'a Group,
    simulation: &'a Simulation,
    dt: f64,
    tick: i64,
    math: MathLevel,
}

impl State<'_> {
    fn symbol(&self, symbol: Symbol, element: usize) -> Found {
        let variable = self.group.variable(symbol);
        match variable.role {
            Role::Builtin(Builtin::Time) => Float(self.tick as f64 * self.dt, 0.0),
            Role::Builtin(Builtin::Dt) => Float(self.dt, 0.0),
            Role::Builtin(Builtin::Tick) => Integer(self.tick),
            Role::Builtin(Builtin::Index) => Integer(element as i64),
            Role::Builtin(Builtin::Size) => Integer(self.group.size as i64),
            Role::Subexpression { value, .. } => self.evaluate(value, element),
            Role::Noise | Role::LastSpike | Role::NotRefractory | Role::LastTick | Role::Temporary => {
                panic!("{:?} in a model of equations alone", variable.role)
            }
            Role::State { .. } | Role::Parameter => {
                let name = format!("{}.{}", self.group.name, variable.name);
                let at = if variable.shared { 0 } else { element };
                match variable.kind {
                    Kind::Float => Float(self.simulation.floats(&name).unwrap()[at], 0.0),
                    Kind::Integer => Integer(self.simulation.integers(&name).unwrap()[at]),
                    Kind::Boolean => Truth(self.simulation.booleans(&name).unwrap()[at]),
                }
            }
        }
    }

    fn evaluate(&self, root: ExprId, element: usize) -> Found {
        let value = |symbol| self.symbol(symbol, element);
        Evaluator { pool: &self.group.pool, math: self.math, value: &value }.evaluate(root)
    }

    /// `x + dt f`, by Euler.
    fn next(&self, symbol: Symbol, derivative: ExprId, element: usize) -> Found {
        let evaluator = Evaluator { pool: &self.group.pool, math: self.math, value: &|_| Unsure };
        let rate = self.evaluate(derivative, element);
        let step = evaluator.binary(Binary::Multiply, false, Float(self.dt, 0.0), rate).unwrap_or(Unsure);
        evaluator.binary(Binary::Add, false, self.symbol(symbol, element), step).unwrap_or(Unsure)
    }
}

/// What one tick should give, by name; nothing of groups that do not tick.
fn expected(model: &Model, simulation: &Simulation) -> Vec<(String, usize, Found)> {
    let mut all = vec![];
    for group in &model.groups {
        let dt = model.clocks[group.clock].dt.to_f64();
        let tick = (simulation.time() / dt).round();
        if (tick * dt - simulation.time()).abs() > 1e-6 * dt {
            continue;
        }
        let state = State { group, simulation, dt, tick: tick as i64, math: model.math };
        for (symbol, derivative) in group.states() {
            let name = format!("{}.{}", group.name, group.variable(symbol).name);
            all.extend((0..group.size).map(|at| (name.clone(), at, state.next(symbol, derivative, at))));
        }
    }
    all
}

/// Replaces whatever method and precision the groups have; `tests/float32.rs` is for the latter.
fn with_euler(text: &str) -> String {
    let is_kept = |line: &&str| !["method", "precision"].iter().any(|word| line.trim_start().starts_with(word));
    let lines = text.lines().filter(is_kept);
    let lines = lines.map(|line| line.replace("    init tau", "    method euler\n    init tau"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_right(found: f64, wanted: Found) -> bool {
    match wanted {
        Float(value, _) if value.is_nan() => found.is_nan(),
        Float(value, _) if value.is_infinite() => found == value,
        Float(value, magnitudes) => (found - value).abs() <= ROUNDINGS * magnitudes,
        Unsure => true,
        Integer(_) | Truth(_) => false,
    }
}

/// Whether more than equations changes the variables, or noise, which Euler may refuse; `tests/models.rs` and `tests/events.rs` are for those.
fn is_more_than_equations(text: &str) -> bool {
    ["threshold", "run_regularly", "run_on_event", "xi"].iter().any(|word| text.contains(word))
}

/// Runs a few ticks; answers how many numbers were compared.
fn check(text: &str, math: &str) -> Result<usize, String> {
    let text = with_euler(text).replace("math fast", "math precise").replace("math precise", &format!("math {math}"));
    let engine = Engine::new().executor(Executor::Interpreter);
    let model = engine.check("generated", &text).model.ok_or_else(|| format!("mistakes in\n{text}"))?;
    let compiled = engine.compile("generated", &text).map_err(|error| error.to_string())?;
    let mut simulation = compiled.simulation_with_seed(1).map_err(|error| error.to_string())?;
    let mut compared = 0;
    for _ in 0..4 {
        let time = simulation.time();
        let wanted = expected(&model, &simulation);
        simulation.tick().map_err(|error| error.to_string())?;
        for (name, element, wanted) in wanted {
            let found = simulation.floats(&name).map_err(|error| error.to_string())?[element];
            if !is_right(found, wanted) {
                return Err(format!(
                    "{math}, after t = {time}: {name}[{element}] is {found:?}, not {wanted:?}\n{text}"
                ));
            }
            compared += usize::from(!matches!(wanted, Unsure));
        }
    }
    Ok(compared)
}

#[test]
fn ticks_are_what_the_expressions_say() {
    let (mut compared, mut wrong) = (0, vec![]);
    let texts = (0u64..).map(|seed| {
        let bytes = generate::bytes(seed, 8192);
        (seed, generate::models::model(&mut Unstructured::new(&bytes)).unwrap())
    });
    for (seed, text) in texts.filter(|(_, text)| !is_more_than_equations(text)).take(MODELS as usize) {
        for math in ["precise", "fast"] {
            match check(&text, math) {
                Ok(count) => compared += count,
                Err(message) => wrong.push(format!("seed {seed}, {message}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 2 * MODELS, wrong.join("\n\n"));
    assert!(compared > 100 * MODELS as usize, "only {compared} numbers could be compared");
}

/// The value of `x` after one tick of 1 s, for both levels of math.
fn after_a_tick(equations: &str, ticks: u32) -> [f64; 2] {
    ["precise", "fast"].map(|math| {
        let text = format!("clock dt = 1*second\nmath {math}\ngroup g[1] {{\n{equations}\n    method euler\n}}\n");
        let mut simulation = Engine::new().compile("test", &text).unwrap().simulation().unwrap();
        (0..ticks).for_each(|_| simulation.tick().unwrap());
        simulation.floats("g.x").unwrap()[0]
    })
}

#[test]
fn division_by_what_changes_with_time_stays_a_division() {
    // 1/1 + 1/2 + 1/3
    let equations = "    dx/dt = p/(1 + t/second)/second : 1\n    p : 1 (shared)\n    init p = 1";
    for x in after_a_tick(equations, 3) {
        assert!((x - 11.0 / 6.0).abs() < 1e-15, "{x}");
    }
}

#[test]
fn a_difference_of_equals_is_zero_also_under_a_root() {
    let equations = "    dx/dt = sqrt((a - x)/b)/second : 1\n    a : 1 (shared)\n    b : 1\n    \
                     init a = 1.1\n    init b = 3.1\n    init x = 1.1";
    assert_eq!(after_a_tick(equations, 1), [1.1, 1.1]);
}

#[test]
fn a_step_by_division_by_zero_stays_a_step() {
    let equations = "    dx/dt = 1/(1 + exp((a - x)/width))/second : 1\n    a : 1\n    width : 1\n    \
                     init a = 2\n    init width = 0\n    init x = 3";
    assert_eq!(after_a_tick(equations, 1), [4.0, 4.0]);
}

#[test]
fn half_a_power_of_minus_infinity_is_infinite() {
    let equations = "    dx/dt = 1/(1 + a**0.5)/second : 1\n    a : 1\n    init a = -inf\n    init x = 3";
    assert_eq!(after_a_tick(equations, 1), [3.0, 3.0]);
}

#[test]
fn an_infinite_divisor_leaves_what_python_leaves() {
    // Python 3: 5 // inf = 0.0, 5 % inf = 5.0, -5 // inf = -1.0, -5 % inf = inf.
    for (expression, expected) in [("5 // a", 0.0), ("5 % a", 5.0), ("-5 // a", -1.0), ("(-5) % a", f64::INFINITY)] {
        let equations = format!("    dx/dt = ({expression})/second : 1\n    a : 1\n    init a = inf");
        assert_eq!(after_a_tick(&equations, 1), [expected; 2], "{expression}");
    }
}

#[test]
fn a_multiple_of_the_divisor_leaves_nothing() {
    for divisor in [0.1, 0.3, 1.1, 49.0, 1e-3, -0.7] {
        for times in [1.0, 3.0, 41.0] {
            let (x, p) = (times * divisor, divisor);
            let equations =
                format!("    dx/dt = (x % p - x)/second : 1\n    p : 1\n    init p = {p:?}\n    init x = {x:?}");
            let rest: f64 = x % p;
            let rest = if rest != 0.0 && (rest < 0.0) != (p < 0.0) { rest + p } else { rest };
            assert_eq!(after_a_tick(&equations, 1), [x + (rest - x); 2], "{x} % {p}");
        }
    }
}

// Exponentials that share a factor.

/// The value of each expression of `x`, as what a tick of 1 s adds to 0.
fn computed(settings: &str, expressions: &[&str], inputs: &[f64]) -> Vec<Vec<f64>> {
    let line = |(number, expression): (usize, &&str)| format!("dy{number}/dt = ({expression})/second : 1\n");
    let lines: String = expressions.iter().enumerate().map(line).collect();
    let text = format!(
        "clock dt = 1*second\n{settings}\ngroup g[{}] {{\ndx/dt = 0/second : 1\n{lines}method euler\n}}\n",
        inputs.len()
    );
    let mut simulation = Engine::new().compile("test", &text).unwrap().simulation().unwrap();
    simulation.set("g.x", Input::Floats(inputs.to_vec(), Dimension::DIMENSIONLESS)).unwrap();
    simulation.tick().unwrap();
    (0..expressions.len()).map(|number| simulation.to_floats(&format!("g.y{number}")).unwrap()).collect()
}

/// What is computed as a power is as near to the truth as `kernel/share.rs` says; `precise`, which computes each
/// on its own, is compared with big floats elsewhere.
#[test]
fn shared_exponentials_are_within_their_bounds() {
    shared_exponentials("float64", f64::EPSILON, 40_000);
}

/// The same of 32 bits, whose arguments end at 60; `precise` is right there to half an ulp.
#[test]
fn shared_exponentials_of_float32_are_within_their_bounds() {
    shared_exponentials("float32", f64::from(f32::EPSILON), 20_000);
}

fn shared_exponentials(precision: &str, epsilon: f64, most: i32) {
    let out =
        ["exp((10 - x)/40)", "exp((15 - x)/40)", "exp((20.5 - x)/5)", "1/exprel((13 - x)/4)", "1/exprel((x - 40)/5)"];
    // Dense around the zeros of the last two.
    let inputs: Vec<f64> = (-most..=most)
        .map(|k| f64::from(k) * 0.01)
        .chain((-2000..2000).flat_map(|k| [13.0 + f64::from(k) * 1e-3, 40.0 + f64::from(k) * 1e-3]))
        .chain((0..300).flat_map(|k| [13.0, 40.0].map(|zero| zero + 0.5f64.powi(k))))
        .collect();
    // As they are stored.
    let stored = |x: &f64| if precision == "float32" { f64::from(*x as f32) } else { *x };
    let inputs: Vec<f64> = inputs.iter().map(stored).collect();
    let settings = |math: &str| format!("math {math}\nprecision {precision}");
    let [fast, precise] = ["fast", "precise"].map(|math| computed(&settings(math), &out, &inputs));
    // The power, the slope of the argument, its zero, and whether it is a quotient.
    let kinds = [
        (1.0, 40.0, 10.0, 1.0),
        (1.0, 40.0, 15.0, 1.0),
        (8.0, 5.0, 20.5, 1.0),
        (10.0, 4.0, 13.0, 2.6),
        (8.0, 5.0, 40.0, 2.6),
    ];
    for (number, (power, width, zero, times)) in kinds.into_iter().enumerate() {
        let mut largest = 0.0f64;
        for (place, x) in inputs.iter().enumerate() {
            let (found, wanted) = (fast[number][place], precise[number][place]);
            // Both arguments are rounded, which an exponential multiplies by their size; then the bound, and what
            // `precise` may err.
            let argument: f64 = (zero - x) / width;
            let bound = times * (1.4 * power + 2.0 + 3.0 * (zero / width).abs() + argument.abs()) + 2.5;
            let error = ((found - wanted) / wanted).abs() / epsilon;
            assert!(error <= bound, "{precision}, {} at {x}: {found} beside {wanted}, {error} of {bound}", out[number]);
            largest = largest.max(error);
        }
        assert!(number == 0 || largest > 0.0, "{}: nothing was shared", out[number]);
    }
}

#[test]
fn shared_exponentials_keep_infinities_and_nan() {
    let out = ["exp(x/40)", "exp(x/5 - 1)", "1/exprel(x/5 + 2)", "1/exprel(2 - x/5)"];
    let inputs = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -0.0, 1e300, -1e300, 4000.0, -4000.0];
    let [fast, precise] = ["math fast", "math precise"].map(|math| computed(math, &out, &inputs));
    for (number, name) in out.iter().enumerate() {
        for (place, x) in inputs.iter().enumerate() {
            let (found, wanted) = (fast[number][place], precise[number][place]);
            let near = (found - wanted).abs() <= 60.0 * f64::EPSILON * wanted.abs();
            assert!(
                found == wanted || near || found.is_nan() && wanted.is_nan(),
                "{name} at {x}: {found} beside {wanted}"
            );
        }
    }
}

/// How many exponentials of something that varies a kernel has.
fn exponentials(math: &str, lines: &str) -> usize {
    let text = format!("math {math}\ngroup g[3] {{\ndx/dt = ({lines})/second : 1\na : 1\nmethod euler\n}}\n");
    let kernel = Engine::new().compile("test", &text).unwrap().emit(Stage::Kernel, None).unwrap();
    let tick = kernel.split("kernel ").find(|part| part.starts_with("g.update")).unwrap().to_owned();
    let constants: Vec<&str> = tick.lines().filter(|line| line.contains("f64 = ") && !line.contains("v0")).collect();
    let known = |name: &str| {
        let definition = format!("{name}: f64 = ");
        constants
            .iter()
            .any(|line| line.trim_start().strip_prefix(&definition).is_some_and(|number| number.parse::<f64>().is_ok()))
    };
    let varying = |line: &&str| {
        let operand = line.split(" = exp ").nth(1).or_else(|| line.split(" = bernoulli ").nth(1));
        operand.is_some_and(|operand| !known(operand))
    };
    tick.lines().filter(varying).count()
}

#[test]
fn what_is_no_multiple_or_not_known_is_not_shared() {
    for (expression, count) in [
        ("exp(x/40) + exp(x/5)", 1),
        ("exp(x/40) + exp((x - 3)/40)", 1),
        ("exp(2*(x - 1)/10) + exp(3 + x*3/5)", 1),
        ("exp(x/5) + exp(-x/5)", 2),
        ("exp(x/40) + exp(x/5) + exp(x/18)", 2),
        ("exp(x/40) + exp(x*x/5)", 2),
        ("exp(x/40) + exp(x/2)", 2),
        ("exp(x/40) + exp((x - 1000)/5)", 2),
        ("exp(x/40) + 1/exprel(x/5) + 1/exprel((3 - x)/5)", 1),
        ("1/exprel(x/5) + 1/exprel((3 - x)/5)", 2),
    ] {
        assert_eq!(exponentials("fast", expression), count, "{expression}");
    }
    assert_eq!(exponentials("precise", "exp(x/40) + exp(x/5)"), 2);
}
