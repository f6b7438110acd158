//! Arithmetic as real numbers have it: `0*x` is 0 and `x - x` is 0.
//!
//! [`Pool::binary`] keeps every bit that IEEE arithmetic gives, so it must not drop a `0*x`, which
//! may be NaN. Derivatives and coefficients are new expressions that nobody wrote, so they may be
//! tidy. A zero that comes out of here is always the literal `0.0`.

use super::{Expr, ExprId, Kind, Pool, Unary};

impl Pool {
    /// Whether `id` is the number 0.
    pub fn is_zero(&self, id: ExprId) -> bool {
        self.constant(id) == Some(0.0)
    }

    /// The literal `0.0`.
    pub fn zero(&mut self) -> ExprId {
        self.float(0.0)
    }

    /// `-a` of a real number.
    pub fn opposite(&mut self, a: ExprId) -> ExprId {
        if self.is_zero(a) { self.zero() } else { self.negate(a) }
    }

    /// `a + b` of real numbers.
    pub fn plus(&mut self, a: ExprId, b: ExprId) -> ExprId {
        if self.is_zero(b) {
            self.or_zero(a)
        } else if self.is_zero(a) {
            b
        } else if let &Expr::Unary(Unary::Negate, inner) = self.get(b) {
            self.minus(a, inner)
        } else {
            let sum = self.add(a, b);
            self.or_zero(sum)
        }
    }

    /// `a - b` of real numbers.
    pub fn minus(&mut self, a: ExprId, b: ExprId) -> ExprId {
        if a == b {
            self.zero()
        } else if self.is_zero(b) {
            self.or_zero(a)
        } else if self.is_zero(a) {
            self.opposite(b)
        } else if let &Expr::Unary(Unary::Negate, inner) = self.get(b) {
            self.plus(a, inner)
        } else {
            let difference = self.subtract(a, b);
            self.or_zero(difference)
        }
    }

    /// `a * b` of real numbers.
    pub fn times(&mut self, a: ExprId, b: ExprId) -> ExprId {
        if self.is_zero(a) || self.is_zero(b) {
            return self.zero();
        }
        for (factor, other) in [(a, b), (b, a)] {
            match self.constant(factor) {
                Some(1.0) => return other,
                Some(-1.0) => return self.negate(other),
                _ => {}
            }
        }
        self.multiply(a, b)
    }

    /// `a / b` of real numbers.
    pub fn over(&mut self, a: ExprId, b: ExprId) -> ExprId {
        if self.is_zero(a) {
            return self.zero();
        }
        match self.constant(b) {
            Some(1.0) => a,
            Some(-1.0) => self.negate(a),
            _ => self.divide(a, b),
        }
    }

    /// `a` as a float, whatever it was.
    pub fn to_float(&mut self, a: ExprId) -> ExprId {
        match (self.kind(a), self.constant(a)) {
            (Kind::Float, _) => a,
            (Kind::Boolean | Kind::Integer, Some(value)) => self.float(value),
            (Kind::Boolean | Kind::Integer, None) => {
                let one = self.float(1.0);
                self.multiply(one, a)
            }
        }
    }

    /// `a`, or the literal `0.0` in place of any other zero.
    fn or_zero(&mut self, a: ExprId) -> ExprId {
        if self.is_zero(a) { self.zero() } else { a }
    }
}
