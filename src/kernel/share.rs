//! Computes exponentials of multiples of one number from the first of them. Part of `fast` math only.
//!
//! Rates of a cell are exponentials of one voltage over several widths: `exp((v - a)/(40*mV))` beside
//! `exp((v - b)/(5*mV))`. The second is the eighth power of the first, times a number that is known before
//! the run: four products instead of twenty. So is e^x in x/(e^x - 1), but near x = 0, where a series takes
//! its place.
//!
//! For a power n, and an argument that is s x + c, the error of e^x is up to 1.4 n + 2 + 3 |c| ulp instead of
//! 0.9, for |x| below 650; values beyond e^650 may become infinite and those below e^-650 zero. That of
//! x/(e^x - 1) is 2.6 times as large, and it may become zero for x beyond 650. For `f32` it is 60 instead of 650.
//! What an argument loses by its own rounding, |x|/2 ulp, is the same as without.

use super::abi::Storage;
use super::{Binary, Builder, Inst, Kernel, Math, Type, Unary, Value, math};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// The largest power that is taken; errors grow with it.
const MOST: f64 = 16.0;

/// The largest offset of an argument, and the largest logarithm of the factor between a power and what it is for:
/// neither is out of range before the product is, and errors of offsets stay small. For `f64` and `f32`.
const FARTHEST: [f64; 2] = [24.0, 16.0];

/// How many sums and products with constants are looked through.
const DEPTH: usize = 8;

/// The kernel with exponentials made of others where there are some.
pub fn share(kernel: &Kernel, storage: &Storage) -> Kernel {
    let plan = plan(kernel);
    if plan.is_empty() {
        return kernel.clone();
    }
    let builder = Builder::new(kernel.name.clone(), storage);
    let mut pass = Pass { kernel, builder, image: vec![None; kernel.insts.len()] };
    for value in kernel.values() {
        if value.index() == kernel.prologue {
            pass.builder.begin_body();
        }
        match plan.get(&value) {
            Some(power) => pass.power(value, power),
            None => {
                pass.copy(value);
            }
        }
    }
    pass.builder.finish()
}

/// `slope*base + offset`
#[derive(Clone, Copy)]
struct Line {
    base: Value,
    slope: f64,
    offset: f64,
}

/// e^x as `root`^power times e^rest.
#[derive(Clone, Copy)]
struct Power {
    root: Value,
    power: i32,
    rest: f64,
}

/// An exponential of a line.
struct Member {
    value: Value,
    function: Math,
    line: Line,
}

/// What is computed as a power of what.
fn plan(kernel: &Kernel) -> FxHashMap<Value, Power> {
    let mut members: Vec<Member> = vec![];
    for value in kernel.values().skip(kernel.prologue) {
        let Inst::Math(function @ (Math::Exp | Math::Bernoulli), x) = kernel.inst(value) else { continue };
        let line = line(kernel, x).filter(|line| line.slope != 0.0);
        members.extend(line.map(|line| Member { value, function, line }));
    }
    // Of each base the flattest first, and of equals an exponential: what others are powers of.
    let flat = |member: &Member| (member.line.slope.abs(), member.function != Math::Exp);
    let order = |a: &Member, b: &Member| flat(a).partial_cmp(&flat(b)).unwrap_or(Ordering::Equal);
    members.sort_by(|a, b| a.line.base.cmp(&b.line.base).then_with(|| order(a, b)));
    let mut plan = FxHashMap::default();
    for family in members.chunk_by(|a, b| a.line.base == b.line.base) {
        let mut roots: Vec<&Member> = vec![];
        for member in family {
            let single = kernel.type_of(member.value) == Some(Type::F32);
            let found = roots.iter().filter_map(|root| power(member, root, single));
            match found.min_by_key(|power| power.power.abs()) {
                Some(power) => drop(plan.insert(member.value, power)),
                None if member.function == Math::Exp => roots.push(member),
                None => {}
            }
        }
    }
    plan
}

/// How one is a power of the other, if it is one. An exponential takes no negative power, which would cost a
/// division.
fn power(member: &Member, root: &Member, single: bool) -> Option<Power> {
    let (line, of) = (member.line, root.line);
    let ratio = line.slope / of.slope;
    let power = ratio.round();
    let (epsilon, farthest) = if single { (f64::from(f32::EPSILON), FARTHEST[1]) } else { (f64::EPSILON, FARTHEST[0]) };
    let exact = (ratio - power).abs() <= 2.0 * epsilon * power.abs();
    let allowed = power.abs() <= MOST && (power >= 1.0 || member.function == Math::Bernoulli && power <= -1.0);
    // Of a negative power the exponential of -x is taken.
    let rest = power.abs().mul_add(-of.offset, line.offset * power.signum());
    let near = [rest, line.offset, power * of.offset].iter().all(|offset| offset.abs() <= farthest);
    #[allow(clippy::cast_possible_truncation, reason = "a whole number of at most 16")]
    (exact && allowed && near).then_some(Power { root: root.value, power: power as i32, rest })
}

/// `value` as a line through something that is not one, where its numbers are known.
fn line(kernel: &Kernel, value: Value) -> Option<Line> {
    let constant = |value: Value| kernel.number(value).filter(|number| number.is_finite());
    let mut line = Line { base: value, slope: 1.0, offset: 0.0 };
    for _ in 0..DEPTH {
        // The base is factor*inner + shift.
        let (factor, inner, shift) = match kernel.inst(line.base) {
            Inst::Unary(Unary::Negate, a) => (-1.0, a, 0.0),
            Inst::Binary(op, a, b) => match (op, constant(a), constant(b)) {
                (Binary::Multiply, Some(factor), None) => (factor, b, 0.0),
                (Binary::Multiply, None, Some(factor)) => (factor, a, 0.0),
                (Binary::Divide, None, Some(divisor)) => (1.0 / divisor, a, 0.0),
                (Binary::Add, Some(shift), None) => (1.0, b, shift),
                (Binary::Add, None, Some(shift)) => (1.0, a, shift),
                (Binary::Subtract, Some(shift), None) => (-1.0, b, shift),
                (Binary::Subtract, None, Some(shift)) => (1.0, a, -shift),
                _ => break,
            },
            Inst::Fma(a, b, c) => match (constant(a), constant(b), constant(c)) {
                (Some(factor), None, Some(shift)) => (factor, b, shift),
                (None, Some(factor), Some(shift)) => (factor, a, shift),
                _ => break,
            },
            _ => break,
        };
        line = Line { base: inner, slope: line.slope * factor, offset: line.slope.mul_add(shift, line.offset) };
    }
    let known = line.slope.is_finite() && line.offset.is_finite() && !kernel.is_uniform(line.base);
    known.then_some(line)
}

struct Pass<'a> {
    kernel: &'a Kernel,
    builder: Builder<'a>,
    image: Vec<Option<Value>>,
}

impl Pass<'_> {
    /// The same instruction, after those that it needs: a root may come later than a power of it.
    fn copy(&mut self, value: Value) -> Value {
        if let Some(image) = self.image[value.index()] {
            return image;
        }
        let inst = self.kernel.inst(value);
        let operands: Vec<Value> = inst.operands().collect();
        // At most as deep as a line, since the base stands before.
        for operand in operands {
            self.copy(operand);
        }
        let image = &self.image;
        let copied = self.builder.push(inst.map(|operand| image[operand.index()].unwrap_or(operand)));
        self.image[value.index()] = Some(copied);
        copied
    }

    fn power(&mut self, value: Value, power: &Power) {
        let Inst::Math(function, x) = self.kernel.inst(value) else { return };
        let root = self.copy(power.root);
        let x = self.copy(x);
        let b = &mut self.builder;
        let mut result = None;
        let (mut square, mut left) = (root, power.power.unsigned_abs());
        while left > 0 {
            if left % 2 == 1 {
                result = Some(result.map_or(square, |result| b.mul(result, square)));
            }
            left /= 2;
            if left > 0 {
                square = b.mul(square, square);
            }
        }
        let mut result = result.unwrap_or(root);
        if power.rest != 0.0 {
            let rest = b.float(power.rest);
            let factor = b.math(Math::Exp, rest);
            let factor = if b.type_of(root) == Type::F32 { b.unary(Unary::Narrow, factor) } else { factor };
            result = b.mul(result, factor);
        }
        if function == Math::Bernoulli {
            result = math::bernoulli_of_power(b, x, result, power.power < 0);
        }
        self.image[value.index()] = Some(result);
    }
}
