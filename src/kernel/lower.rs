//! Turns expressions into a kernel: kinds become types, functions become instructions.
//!
//! The result is not placed yet: all of it stands in the body, uniforms that it sets too.
//! [`split`](super::split) finds what can run less often.

use super::abi::{ArrayId, ColumnId, EventId, Storage, UniformId};
use super::{Binary as Op, Builder, Compare, Distribution, Inst, Kernel, Math, Type, Unary as UnaryOp, Value};
use crate::algebra::{Binary, Expr, ExprId, Function, Kind, Pool, Unary};

/// Where the value of a symbol is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// One number per element.
    Column(ColumnId),
    /// One number for all elements.
    Uniform(UniformId),
    /// The time at the start of the tick: tick times the float, the length of a tick in seconds.
    Time(f64),
    /// The number of the tick.
    Tick,
    /// The number of the element.
    Index,
    /// Nowhere: what stands for it is spelled out before lowering.
    Nowhere,
    /// A number that is known now.
    Float(f64),
    /// A number that is known now.
    Integer(i64),
}

/// An event that a kernel detects.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Where it is listed, if anybody looks.
    pub event: Option<EventId>,
    /// To whom it happens.
    pub mask: ExprId,
    /// Floats that are kept of it, and where.
    pub kept: Vec<(ColumnId, ExprId)>,
}

/// How numbers are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// Whether roundings may differ from those of the text.
    pub fast: bool,
    /// The floats of elements, [`Type::F64`] or [`Type::F32`]. What is the same for all elements is `F64`.
    pub float: Type,
}

/// The type in which a value of `kind` is stored, where floats are stored as `float`.
pub fn stored_type(kind: Kind, float: Type) -> Type {
    match kind {
        Kind::Boolean => Type::Bool,
        Kind::Integer => Type::I64,
        Kind::Float => float,
    }
}

/// A kernel that computes every value from what is stored, then assigns all of them.
///
/// `places` says where each symbol of `pool` is; targets are columns or uniforms. In `fast`
/// math whole powers up to the sixteenth are products, in `precise` up to the third.
///
/// Where elements have floats of 32 bits, what does not depend on them (times, constants, shared variables) and
/// what is made of integers is computed in 64 bits, and rounded where it meets a float of an element.
pub fn lower(
    name: &str,
    pool: &Pool,
    places: &[Place],
    storage: &Storage,
    assignments: &[(Place, ExprId)],
    events: &[Happening],
    arithmetic: Arithmetic,
) -> Kernel {
    let builder = Builder::unrounded(name, storage);
    let mut lowering = Lowering { pool, places, storage, arithmetic, builder, values: vec![None; pool.len()] };
    let mut roots: Vec<ExprId> = assignments.iter().map(|&(_, value)| value).collect();
    roots.extend(events.iter().flat_map(|event| event.kept.iter().map(|&(_, value)| value).chain([event.mask])));
    for id in pool.reachable(&roots) {
        let value = lowering.expr(id);
        lowering.values[id.index()] = Some(value);
    }
    for &(target, value) in assignments {
        lowering.assign(target, value, storage);
    }
    for event in events {
        lowering.happen(event);
    }
    lowering.builder.finish()
}

struct Lowering<'a> {
    pool: &'a Pool,
    places: &'a [Place],
    storage: &'a Storage,
    arithmetic: Arithmetic,
    builder: Builder<'a>,
    values: Vec<Option<Value>>,
}

impl Lowering<'_> {
    fn assign(&mut self, target: Place, value: ExprId, storage: &Storage) {
        match target {
            Place::Column(id) => {
                let converted = self.converted(value, storage.column_slot(id).ty);
                self.builder.store(id, converted);
            }
            Place::Uniform(id) => {
                let converted = self.converted(value, storage.uniform_slot(id).ty);
                self.builder.set_uniform(id, converted);
            }
            Place::Time(_) | Place::Tick | Place::Index | Place::Nowhere | Place::Float(_) | Place::Integer(_) => {
                panic!("bug: an assignment to a builtin name passed the checks")
            }
        }
    }

    fn happen(&mut self, event: &Happening) {
        let mask = self.boolean(event.mask);
        let Some(id) = event.event else { return self.builder.seldom(mask) };
        for &(list, value) in &event.kept {
            let value = self.float(value);
            let value = self.wide(value);
            self.builder.emit(id, list, mask, value);
        }
        self.builder.fire(id, mask);
    }

    fn converted(&mut self, id: ExprId, ty: Type) -> Value {
        match ty {
            Type::F64 => {
                let value = self.float(id);
                self.wide(value)
            }
            Type::F32 => {
                let value = self.float(id);
                self.narrow(value)
            }
            Type::I64 => self.integer(id),
            Type::I32 => panic!("bug: a variable of 32-bit integers"),
            Type::Bool => self.boolean(id),
        }
    }

    /// A float of 64 bits.
    fn wide(&mut self, float: Value) -> Value {
        if self.builder.type_of(float) == Type::F32 { self.builder.unary(UnaryOp::Widen, float) } else { float }
    }

    /// A float of 32 bits.
    fn narrow(&mut self, float: Value) -> Value {
        if self.builder.type_of(float) == Type::F64 { self.builder.unary(UnaryOp::Narrow, float) } else { float }
    }

    /// Floats of one type: of 32 bits if any is.
    fn alike<const N: usize>(&mut self, floats: [Value; N]) -> [Value; N] {
        if floats.iter().all(|&float| self.builder.type_of(float) == Type::F64) {
            return floats;
        }
        floats.map(|float| self.narrow(float))
    }

    fn floats<const N: usize>(&mut self, ids: [ExprId; N]) -> [Value; N] {
        let floats = ids.map(|id| self.float(id));
        self.alike(floats)
    }

    /// The value of an operand that was lowered before.
    fn value(&self, id: ExprId) -> Value {
        self.values[id.index()].unwrap_or_else(|| panic!("bug: an operand is lowered after its user"))
    }

    fn float(&mut self, id: ExprId) -> Value {
        let value = self.value(id);
        match self.builder.type_of(value) {
            Type::F64 | Type::F32 => value,
            Type::I64 | Type::I32 => self.builder.unary(UnaryOp::ToFloat, value),
            Type::Bool => {
                let integer = self.builder.unary(UnaryOp::FromBool, value);
                self.builder.unary(UnaryOp::ToFloat, integer)
            }
        }
    }

    fn integer(&mut self, id: ExprId) -> Value {
        let value = self.value(id);
        match self.builder.type_of(value) {
            Type::F64 | Type::F32 => {
                let wide = self.wide(value);
                self.builder.unary(UnaryOp::ToInteger, wide)
            }
            Type::I64 | Type::I32 => value,
            Type::Bool => self.builder.unary(UnaryOp::FromBool, value),
        }
    }

    fn boolean(&mut self, id: ExprId) -> Value {
        let value = self.value(id);
        let zero = match self.builder.type_of(value) {
            Type::F64 | Type::F32 => self.builder.float_as(value, 0.0),
            Type::I64 | Type::I32 => self.builder.int(0),
            Type::Bool => return value,
        };
        self.builder.not_equal(value, zero)
    }

    fn expr(&mut self, id: ExprId) -> Value {
        match self.pool.get(id).clone() {
            Expr::Float(bits) => self.builder.push(Inst::Float(bits)),
            Expr::Integer(value) => self.builder.int(value),
            Expr::Boolean(value) => self.builder.boolean(value),
            Expr::Symbol(symbol) => self.place(self.places[symbol.index()]),
            Expr::Unary(Unary::Not, a) => {
                let truth = self.boolean(a);
                self.builder.unary(UnaryOp::Not, truth)
            }
            Expr::Unary(Unary::Negate, a) if self.pool.kind(id) == Kind::Float => {
                let value = self.float(a);
                self.builder.negate(value)
            }
            Expr::Unary(Unary::Negate, a) => {
                let (zero, value) = (self.builder.int(0), self.integer(a));
                self.builder.binary(Op::IntSubtract, zero, value)
            }
            Expr::Binary(op, a, b) => self.binary(id, op, a, b),
            Expr::Call(function, arguments) => self.call(id, function, &arguments),
        }
    }

    fn place(&mut self, place: Place) -> Value {
        match place {
            Place::Column(id) => self.builder.load(id),
            Place::Uniform(id) => self.builder.uniform(id),
            Place::Time(dt) => {
                let tick = self.builder.tick();
                let (count, dt) = (self.builder.unary(UnaryOp::ToFloat, tick), self.builder.float(dt));
                self.builder.mul(count, dt)
            }
            Place::Tick => self.builder.tick(),
            Place::Index => self.builder.index(),
            Place::Nowhere => panic!("bug: a subexpression was not spelled out"),
            Place::Float(value) => self.builder.float(value),
            Place::Integer(value) => self.builder.int(value),
        }
    }

    fn binary(&mut self, id: ExprId, op: Binary, a: ExprId, b: ExprId) -> Value {
        match op {
            Binary::And | Binary::Or => {
                let (x, y) = (self.boolean(a), self.boolean(b));
                self.builder.binary(if op == Binary::And { Op::And } else { Op::Or }, x, y)
            }
            Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual => self.compare(op, a, b),
            Binary::Power => self.power(a, b),
            _ if self.pool.kind(id) == Kind::Float => self.float_binary(op, a, b),
            _ => self.integer_binary(op, a, b),
        }
    }

    fn compare(&mut self, op: Binary, a: ExprId, b: ExprId) -> Value {
        let op = match op {
            Binary::Less => Compare::Less,
            Binary::LessEqual => Compare::LessEqual,
            Binary::Equal => Compare::Equal,
            _ => Compare::NotEqual,
        };
        let floats = self.pool.kind(a).max(self.pool.kind(b)) == Kind::Float;
        let [x, y] = if floats { self.floats([a, b]) } else { [self.integer(a), self.integer(b)] };
        self.builder.compare(op, x, y)
    }

    fn float_binary(&mut self, op: Binary, a: ExprId, b: ExprId) -> Value {
        let [x, y] = self.floats([a, b]);
        match op {
            Binary::Add => self.builder.add(x, y),
            Binary::Subtract => self.builder.sub(x, y),
            Binary::Multiply => self.builder.mul(x, y),
            Binary::Divide => self.builder.div(x, y),
            Binary::FloorDivide | Binary::Remainder => {
                // Of 32 bits too: their quotients are soon beyond 2^24.
                let (wide_x, wide_y) = (self.wide(x), self.wide(y));
                let (quotient, rest) = floor_divide(&mut self.builder, wide_x, wide_y, self.arithmetic.fast);
                self.rounded(if op == Binary::FloorDivide { quotient } else { rest }, x)
            }
            _ => panic!("bug: {op:?} is no arithmetic"),
        }
    }

    fn integer_binary(&mut self, op: Binary, a: ExprId, b: ExprId) -> Value {
        let (x, y) = (self.integer(a), self.integer(b));
        let op = match op {
            Binary::Add => Op::IntAdd,
            Binary::Subtract => Op::IntSubtract,
            Binary::Multiply => Op::IntMultiply,
            Binary::FloorDivide => Op::IntFloorDivide,
            Binary::Remainder => Op::IntRemainder,
            _ => panic!("bug: {op:?} is no arithmetic of integers"),
        };
        self.builder.binary(op, x, y)
    }

    /// Small integer powers are products: exact to `n/2` ulp, and they take part in re-association.
    fn power(&mut self, a: ExprId, b: ExprId) -> Value {
        let x = self.float(a);
        let most = if self.arithmetic.fast { 16.0 } else { 3.0 };
        match self.pool.constant(b) {
            Some(n) if n.fract() == 0.0 && (1.0..=most).contains(&n) => self.product(x, n),
            Some(n) if self.arithmetic.fast && n.fract() == 0.0 && (-most..=-1.0).contains(&n) => {
                let (one, product) = (self.builder.float_as(x, 1.0), self.product(x, -n));
                self.builder.div(one, product)
            }
            Some(0.5) if self.arithmetic.fast => {
                // The root of minus infinity is NaN, its power of a half is infinite.
                let [lowest, infinity] = [f64::NEG_INFINITY, f64::INFINITY].map(|end| self.builder.float_as(x, end));
                let (is_lowest, root) = (self.builder.equal(x, lowest), self.builder.unary(UnaryOp::Sqrt, x));
                self.builder.select(is_lowest, infinity, root)
            }
            _ => {
                let [x, y] = self.floats([a, b]);
                let (base, exponent) = (self.wide(x), self.wide(y));
                let power = self.builder.power(base, exponent);
                self.rounded(power, x)
            }
        }
    }

    /// `x` to the power of a positive integer, by squaring.
    fn product(&mut self, x: Value, n: f64) -> Value {
        let mut result = None;
        let (mut square, mut rest) = (x, n);
        while rest >= 1.0 {
            if rest % 2.0 == 1.0 {
                result = Some(result.map_or(square, |product| self.builder.mul(product, square)));
            }
            rest = (rest / 2.0).floor();
            if rest >= 1.0 {
                square = self.builder.mul(square, square);
            }
        }
        result.unwrap_or(x)
    }

    fn call(&mut self, id: ExprId, function: Function, arguments: &[ExprId]) -> Value {
        let a = arguments.first().copied();
        if let (Some(math), Some(a)) = (math(function), a) {
            let x = self.float(a);
            return self.math(math, x);
        }
        let integer = self.pool.kind(id) == Kind::Integer;
        match (function, arguments) {
            (Function::Sqrt, &[a]) => self.float_unary(UnaryOp::Sqrt, a),
            (Function::Int, &[a]) => self.integer(a),
            (Function::Floor | Function::Ceil, &[a]) if integer => self.integer(a),
            (Function::Floor, &[a]) => self.float_unary(UnaryOp::Floor, a),
            (Function::Ceil, &[a]) => self.float_unary(UnaryOp::Ceil, a),
            (Function::Abs, &[a]) if !integer => self.float_unary(UnaryOp::Abs, a),
            (Function::Abs, &[a]) => {
                let (x, zero) = (self.integer(a), self.builder.int(0));
                let (negative, negated) = (self.builder.less(x, zero), self.builder.binary(Op::IntSubtract, zero, x));
                self.builder.select(negative, negated, x)
            }
            (Function::Sign, &[a]) => self.sign(a, integer),
            (Function::Clip, &[a, low, high]) => self.clip(a, low, high, integer),
            (Function::Timestep, &[t, dt]) => self.timestep(t, dt),
            (Function::Select, &[condition, a, b]) => {
                let condition = self.boolean(condition);
                let [x, y] = match self.pool.kind(id) {
                    Kind::Float => self.floats([a, b]),
                    Kind::Integer => [self.integer(a), self.integer(b)],
                    Kind::Boolean => [self.boolean(a), self.boolean(b)],
                };
                self.builder.select(condition, x, y)
            }
            (Function::Timed, &[time, array]) => self.timed(time, None, array),
            (Function::Timed, &[time, column, array]) => self.timed(time, Some(column), array),
            (Function::Poisson, &[mean, stream]) => {
                let Expr::Integer(stream) = *self.pool.get(stream) else { panic!("bug: a count without a stream") };
                let mean = self.float(mean);
                let mean = self.wide(mean);
                self.builder.poisson(u32::try_from(stream).unwrap_or(u32::MAX), mean)
            }
            (Function::Rand, &[stream]) => self.random(Distribution::Uniform, stream),
            (Function::Randn, &[stream]) => self.random(Distribution::Normal, stream),
            _ => panic!("bug: {} with {} arguments passed the checks", function.name(), arguments.len()),
        }
    }

    /// A function of a float. Of 32 bits it is the function of 64 bits, rounded, but for what `fast` math computes
    /// in 32 bits from the start.
    fn math(&mut self, function: Math, x: Value) -> Value {
        if self.arithmetic.fast && function.takes(self.builder.type_of(x)) {
            return self.builder.math(function, x);
        }
        let wide = self.wide(x);
        let value = self.builder.math(function, wide);
        self.rounded(value, x)
    }

    /// A float of 64 bits, rounded to the type of `like`.
    fn rounded(&mut self, wide: Value, like: Value) -> Value {
        if self.builder.type_of(like) == Type::F32 { self.narrow(wide) } else { wide }
    }

    fn float_unary(&mut self, op: UnaryOp, a: ExprId) -> Value {
        let x = self.float(a);
        self.builder.unary(op, x)
    }

    /// -1, 0 or 1; 0 for NaN.
    fn sign(&mut self, a: ExprId, integer: bool) -> Value {
        let x = if integer { self.integer(a) } else { self.float(a) };
        let b = &mut self.builder;
        let [zero, one, minus] =
            if integer { [0, 1, -1].map(|own| b.int(own)) } else { [0.0, 1.0, -1.0].map(|own| b.float_as(x, own)) };
        let (negative, positive) = (b.less(x, zero), b.less(zero, x));
        let lower = b.select(negative, minus, zero);
        b.select(positive, one, lower)
    }

    /// NaN stays NaN; where the bounds cross, the upper one wins.
    fn clip(&mut self, a: ExprId, low: ExprId, high: ExprId, integer: bool) -> Value {
        if integer {
            let (x, low, high) = (self.integer(a), self.integer(low), self.integer(high));
            let below = self.builder.less(x, low);
            let raised = self.builder.select(below, low, x);
            let above = self.builder.less(high, raised);
            return self.builder.select(above, high, raised);
        }
        let [x, low, high] = self.floats([a, low, high]);
        let raised = self.builder.max(low, x);
        self.builder.min(high, raised)
    }

    /// The number of whole steps of `dt` in `t`, with a slack of a thousandth of a step, or if that is more of the
    /// last bit of a time of 32 bits.
    fn timestep(&mut self, t: ExprId, dt: ExprId) -> Value {
        let (stored, dt) = (self.float(t), self.float(dt));
        let (t, dt) = (self.wide(stored), self.wide(dt));
        let slack = self.builder.float(1e-3);
        let mut slack = self.builder.mul(slack, dt);
        if self.builder.type_of(stored) == Type::F32 {
            let (size, bit) = (self.builder.abs(t), self.builder.float(f64::from(f32::EPSILON)));
            let bit = self.builder.mul(size, bit);
            slack = self.builder.max(bit, slack);
        }
        let shifted = self.builder.add(t, slack);
        let steps = self.builder.div(shifted, dt);
        self.builder.unary(UnaryOp::ToInteger, steps)
    }

    /// The row of a time; before the first and after the last it is theirs. A column that there is not
    /// gives NaN.
    fn timed(&mut self, time: ExprId, column: Option<ExprId>, array: ExprId) -> Value {
        let Expr::Integer(number) = *self.pool.get(array) else { panic!("bug: a timed array without a number") };
        let id = ArrayId(u32::try_from(number).unwrap_or(u32::MAX));
        let array = self.storage.array_slot(id);
        let time = self.float(time);
        let time = self.wide(time);
        let b = &mut self.builder;
        let (grain, half, grains) = (b.float(array.grain), b.float(0.5), b.float(1.0 / array.grains));
        let count = b.div(time, grain);
        let rounded = b.add(count, half);
        let row = b.mul(rounded, grains);
        let row = b.unary(UnaryOp::ToInteger, row);
        let (Some(column), Some(columns)) = (column, array.columns) else { return b.lookup(id, row) };
        let column = self.integer(column);
        let b = &mut self.builder;
        let rows = array.values.len() / columns.max(1);
        let last = b.int(i64::try_from(rows).unwrap_or(i64::MAX) - 1);
        let (zero, width, nan) = (b.int(0), b.int(i64::try_from(columns).unwrap_or(i64::MAX)), b.float(f64::NAN));
        let early = b.less(row, zero);
        let row = b.select(early, zero, row);
        let late = b.less(last, row);
        let row = b.select(late, last, row);
        let start = b.binary(Op::IntMultiply, row, width);
        let place = b.binary(Op::IntAdd, start, column);
        let value = b.lookup(id, place);
        let (below, inside) = (b.less(column, zero), b.less(column, width));
        let not_below = b.unary(UnaryOp::Not, below);
        let fits = b.binary(Op::And, not_below, inside);
        b.select(fits, value, nan)
    }

    fn random(&mut self, distribution: Distribution, stream: ExprId) -> Value {
        let Expr::Integer(stream) = *self.pool.get(stream) else { panic!("bug: a random number without a stream") };
        let number = self.builder.random(distribution, u32::try_from(stream).unwrap_or(u32::MAX));
        if self.arithmetic.float == Type::F64 {
            return number;
        }
        match distribution {
            Distribution::Normal => self.narrow(number),
            // Rounding could make it 1.
            Distribution::Uniform => {
                let b = &mut self.builder;
                let (grains, grain) = (b.float(16_777_216.0), b.float(1.0 / 16_777_216.0));
                let count = b.mul(number, grains);
                let whole = b.unary(UnaryOp::Floor, count);
                let below = b.mul(whole, grain);
                self.narrow(below)
            }
        }
    }
}

/// The function of one operand that [`super::math`] spells.
fn math(function: Function) -> Option<Math> {
    Some(match function {
        Function::Sin => Math::Sin,
        Function::Cos => Math::Cos,
        Function::Tan => Math::Tan,
        Function::Sinh => Math::Sinh,
        Function::Cosh => Math::Cosh,
        Function::Tanh => Math::Tanh,
        Function::Arcsin => Math::Arcsin,
        Function::Arccos => Math::Arccos,
        Function::Arctan => Math::Arctan,
        Function::Exp => Math::Exp,
        Function::Log => Math::Log,
        Function::Log10 => Math::Log10,
        Function::Expm1 => Math::Expm1,
        Function::Log1p => Math::Log1p,
        Function::Exprel => Math::Exprel,
        Function::Sqrt
        | Function::Floor
        | Function::Ceil
        | Function::Abs
        | Function::Sign
        | Function::Clip
        | Function::Int
        | Function::Rand
        | Function::Randn
        | Function::Poisson
        | Function::Timestep
        | Function::Select
        | Function::Timed => return None,
    })
}

/// Quotient rounded towards minus infinity, and the remainder with the sign of the divisor.
///
/// The remainder of the rounded quotient is exact by `fma` while the quotient is below 2^53, and
/// tells whether rounding has carried the quotient past an integer. In `fast` math the quotient may
/// become a product with a reciprocal, which can fall short of an integer too.
fn floor_divide(b: &mut Builder<'_>, x: Value, y: Value, fast: bool) -> (Value, Value) {
    let (zero, one) = (b.float(0.0), b.float(1.0));
    let ratio = b.div(x, y);
    let rounded = b.unary(UnaryOp::Floor, ratio);
    let negative = b.negate(rounded);
    let rest = b.fma(negative, y, x);
    // Nothing is left over of an infinite divisor, or all: 0 times infinity says neither.
    let (size, infinity, none) = (b.abs(y), b.float(f64::INFINITY), b.sub(x, x));
    let (boundless, finite) = (b.equal(size, infinity), b.equal(none, zero));
    let whole = b.binary(Op::And, boundless, finite);
    let rest = b.select(whole, x, rest);
    let (rest_negative, y_negative) = (b.less(rest, zero), b.less(y, zero));
    let (wrong_sign, nonzero) = (b.binary(Op::Xor, rest_negative, y_negative), b.not_equal(rest, zero));
    let past = b.binary(Op::And, wrong_sign, nonzero);
    let (smaller, larger) = (b.sub(rounded, one), b.add(rest, y));
    let (quotient, remainder) = (b.select(past, smaller, rounded), b.select(past, larger, rest));
    if !fast {
        return (quotient, remainder);
    }
    let next = b.add(rounded, one);
    let negative = b.negate(next);
    let left = b.fma(negative, y, x);
    let (left_negative, nothing_left) = (b.less(left, zero), b.equal(left, zero));
    let differs = b.binary(Op::Xor, left_negative, y_negative);
    let same_sign = b.unary(UnaryOp::Not, differs);
    let short = b.binary(Op::Or, nothing_left, same_sign);
    (b.select(short, next, quotient), b.select(short, left, remainder))
}
