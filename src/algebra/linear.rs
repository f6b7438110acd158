//! Linear systems: which expressions are linear in given symbols, and with which coefficients.
//!
//! The numbers that follow from the coefficients, `exp(A dt)` and its integral, are computed by
//! [`propagator`](fn@propagator).

use rustc_hash::{FxHashMap, FxHashSet};

pub use super::propagator::propagator;

use super::{Binary, Expr, ExprId, Pool, Symbol, Unary};

/// `Σ coefficient * symbol + constant`, where no coefficient and no constant names an unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affine {
    /// In the order of the symbols, each once; those that are literally zero are left out.
    pub coefficients: Vec<(Symbol, ExprId)>,
    /// What remains when the unknowns are 0; literally `0.0` if nothing does.
    pub constant: ExprId,
}

/// `root` as `Σ coefficients[k] * symbols[k] + constant`; `None` if it is not of that form.
///
/// A zero is literally the constant `0.0`. The form is found by structure; terms that cancel
/// (`v*v - v*v`) are not recognised.
pub fn affine(pool: &mut Pool, root: ExprId, symbols: &[Symbol]) -> Option<(Vec<ExprId>, ExprId)> {
    let unknowns: FxHashSet<Symbol> = symbols.iter().copied().collect();
    let found = terms(pool, root, |symbol| unknowns.contains(&symbol)).ok()?;
    let by_symbol: FxHashMap<Symbol, ExprId> = found.coefficients.iter().copied().collect();
    let zero = pool.zero();
    let coefficients = symbols.iter().map(|symbol| by_symbol.get(symbol).copied().unwrap_or(zero)).collect();
    Some((coefficients, found.constant))
}

/// `root` as an affine form in the symbols that are `unknown`, or the first part of it that
/// is not.
///
/// One pass from operands to users finds what is affine and its value where the unknowns are 0;
/// one pass back, as reverse differentiation does it, collects the coefficients. Each costs a
/// constant per operation, however much is shared and however many unknowns there are.
pub fn terms(pool: &mut Pool, root: ExprId, unknown: impl Fn(Symbol) -> bool) -> Result<Affine, ExprId> {
    let order = pool.reachable(&[root]);
    let mut parts: FxHashMap<ExprId, Part> = FxHashMap::default();
    for &id in &order {
        let part = forward(pool, id, &unknown, &parts);
        parts.insert(id, part);
    }
    let whole = part_of(&parts, root);
    match whole.degree {
        Degree::Other(term) => Err(term),
        Degree::Free => Ok(Affine { coefficients: vec![], constant: pool.to_float(whole.value) }),
        Degree::Affine => {
            let coefficients = backward(pool, root, &order, &parts);
            Ok(Affine { coefficients, constant: pool.to_float(whole.value) })
        }
    }
}

/// How an expression depends on the unknowns.
#[derive(Clone, Copy)]
enum Degree {
    /// It does not.
    Free,
    /// Linearly, but for a constant.
    Affine,
    /// In another way, because of this expression in it.
    Other(ExprId),
}

/// What is known of an expression.
#[derive(Clone, Copy)]
struct Part {
    degree: Degree,
    /// It, tidied, where the unknowns are 0; meaningless for [`Degree::Other`].
    value: ExprId,
}

/// Operands come first, so every operand is known; itself would be the answer if one were not.
fn part_of(parts: &FxHashMap<ExprId, Part>, id: ExprId) -> Part {
    parts.get(&id).copied().unwrap_or(Part { degree: Degree::Free, value: id })
}

fn forward(pool: &mut Pool, id: ExprId, unknown: &impl Fn(Symbol) -> bool, parts: &FxHashMap<ExprId, Part>) -> Part {
    match pool.get(id).clone() {
        Expr::Float(_) | Expr::Integer(_) | Expr::Boolean(_) => Part { degree: Degree::Free, value: id },
        Expr::Symbol(symbol) if unknown(symbol) => Part { degree: Degree::Affine, value: pool.zero() },
        Expr::Symbol(_) => Part { degree: Degree::Free, value: id },
        Expr::Unary(Unary::Negate, a) => {
            let a = part_of(parts, a);
            Part { degree: a.degree, value: pool.opposite(a.value) }
        }
        Expr::Unary(Unary::Not, a) => opaque(id, &[part_of(parts, a)], |values| pool.unary(Unary::Not, values[0])),
        Expr::Binary(op, a, b) => forward_binary(pool, id, op, part_of(parts, a), part_of(parts, b)),
        Expr::Call(function, arguments) => {
            let arguments: Vec<Part> = arguments.iter().map(|&argument| part_of(parts, argument)).collect();
            opaque(id, &arguments, |values| pool.call(function, values))
        }
    }
}

fn forward_binary(pool: &mut Pool, id: ExprId, op: Binary, a: Part, b: Part) -> Part {
    use Degree::Free;
    let degree = match (op, a.degree, b.degree) {
        (Binary::Multiply, Free, _) if pool.is_zero(a.value) => Free,
        (Binary::Multiply, _, Free) if pool.is_zero(b.value) => Free,
        (Binary::Add | Binary::Subtract, _, _) => both(a.degree, b.degree),
        (Binary::Multiply, Free, other) | (Binary::Multiply | Binary::Divide, other, Free) => other,
        (Binary::Power, _, Free) if pool.is_zero(b.value) => Free,
        (Binary::Power, base, Free) if pool.constant(b.value) == Some(1.0) => base,
        _ => return opaque(id, &[a, b], |values| pool.binary(op, values[0], values[1])),
    };
    let value = match op {
        Binary::Add => pool.plus(a.value, b.value),
        Binary::Subtract => pool.minus(a.value, b.value),
        Binary::Multiply => pool.times(a.value, b.value),
        Binary::Divide => pool.over(a.value, b.value),
        _ if pool.is_zero(b.value) => pool.float(1.0),
        _ => a.value,
    };
    Part { degree, value }
}

/// The degree of a sum.
fn both(a: Degree, b: Degree) -> Degree {
    match (a, b) {
        (Degree::Other(_), _) | (Degree::Affine, Degree::Free) => a,
        (Degree::Free, _) | (_, Degree::Other(_)) | (Degree::Affine, Degree::Affine) => b,
    }
}

/// An operation that is never linear in its operands; `rebuild` makes it of their values.
fn opaque(id: ExprId, operands: &[Part], rebuild: impl FnOnce(&[ExprId]) -> ExprId) -> Part {
    match operands.iter().fold(Degree::Free, |degree, part| both(degree, part.degree)) {
        Degree::Free => {
            let values: Vec<ExprId> = operands.iter().map(|part| part.value).collect();
            Part { degree: Degree::Free, value: rebuild(&values) }
        }
        Degree::Affine => Part { degree: Degree::Other(id), value: id },
        degree @ Degree::Other(_) => Part { degree, value: id },
    }
}

/// By how much the root changes with an expression: a fraction, so that `g*(E - v)/C` gives
/// `-g/C` and not `-1/C*g`.
#[derive(Clone, Copy)]
struct Rate {
    above: ExprId,
    below: Option<ExprId>,
}

impl Rate {
    fn value(self, pool: &mut Pool) -> ExprId {
        self.below.map_or(self.above, |below| pool.over(self.above, below))
    }

    fn plus(self, other: Rate, pool: &mut Pool) -> Rate {
        if self.below == other.below {
            return Rate { above: pool.plus(self.above, other.above), below: self.below };
        }
        let (first, second) = (self.value(pool), other.value(pool));
        Rate { above: pool.plus(first, second), below: None }
    }

    fn opposite(self, pool: &mut Pool) -> Rate {
        Rate { above: pool.opposite(self.above), ..self }
    }

    fn times(self, factor: ExprId, pool: &mut Pool) -> Rate {
        Rate { above: pool.times(self.above, factor), ..self }
    }

    fn over(self, divisor: ExprId, pool: &mut Pool) -> Rate {
        if pool.constant(divisor) == Some(1.0) {
            return self;
        }
        let below = self.below.map_or(divisor, |below| pool.times(below, divisor));
        Rate { below: Some(below), ..self }
    }
}

fn backward(pool: &mut Pool, root: ExprId, order: &[ExprId], parts: &FxHashMap<ExprId, Part>) -> Vec<(Symbol, ExprId)> {
    let mut rates: FxHashMap<ExprId, Rate> = FxHashMap::default();
    rates.insert(root, Rate { above: pool.float(1.0), below: None });
    let mut coefficients = vec![];
    for &id in order.iter().rev() {
        let Some(&rate) = rates.get(&id) else { continue };
        if let &Expr::Symbol(symbol) = pool.get(id) {
            let coefficient = rate.value(pool);
            coefficients.push((symbol, pool.to_float(coefficient)));
            continue;
        }
        for (operand, share) in shares(pool, id, rate, parts) {
            let known = rates.get(&operand).copied();
            rates.insert(operand, known.map_or(share, |known| known.plus(share, pool)));
        }
    }
    coefficients.retain(|&(_, coefficient)| !pool.is_zero(coefficient));
    coefficients.sort_unstable_by_key(|&(symbol, _)| symbol);
    coefficients
}

/// What an operation with `rate` passes on to those of its operands that name an unknown.
fn shares(pool: &mut Pool, id: ExprId, rate: Rate, parts: &FxHashMap<ExprId, Part>) -> Vec<(ExprId, Rate)> {
    let value = |operand: ExprId| part_of(parts, operand).value;
    let mut shares = match *pool.get(id) {
        Expr::Unary(Unary::Negate, a) => vec![(a, rate.opposite(pool))],
        Expr::Binary(Binary::Add, a, b) => vec![(a, rate), (b, rate)],
        Expr::Binary(Binary::Subtract, a, b) => vec![(a, rate), (b, rate.opposite(pool))],
        Expr::Binary(Binary::Multiply, a, b) => vec![(a, rate.times(value(b), pool)), (b, rate.times(value(a), pool))],
        Expr::Binary(Binary::Divide, a, b) => vec![(a, rate.over(value(b), pool))],
        Expr::Binary(Binary::Power, a, _) => vec![(a, rate)],
        _ => vec![],
    };
    shares.retain(|&(operand, _)| matches!(part_of(parts, operand).degree, Degree::Affine));
    shares
}
