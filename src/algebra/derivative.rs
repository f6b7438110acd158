//! Derivatives, in one pass from operands to users.

use rustc_hash::FxHashMap;

use super::{Binary, Expr, ExprId, Function, Pool, Symbol, Unary};

/// How an expression changes with the symbol.
#[derive(Clone, Copy)]
enum Slope {
    /// The symbol does not occur.
    Free,
    /// The derivative.
    Of(ExprId),
    /// There is none.
    Undefined,
}

impl Pool {
    /// The derivative of `root` with respect to `with`, as real numbers have it.
    ///
    /// Functions that are continuous but have corners (`abs`, `clip`) give the derivative that
    /// holds everywhere else. `None` when the symbol reaches something that jumps or has no
    /// derivative: a comparison, `floor`, `sign`, `%`, `poisson`.
    pub fn derivative(&mut self, root: ExprId, with: Symbol) -> Option<ExprId> {
        let mut slopes: FxHashMap<ExprId, Slope> = FxHashMap::default();
        for id in self.reachable(&[root]) {
            let slope = self.slope(id, with, &slopes);
            slopes.insert(id, slope);
        }
        match slopes.get(&root)? {
            Slope::Free => Some(self.zero()),
            &Slope::Of(derivative) => Some(derivative),
            Slope::Undefined => None,
        }
    }

    fn slope(&mut self, id: ExprId, with: Symbol, slopes: &FxHashMap<ExprId, Slope>) -> Slope {
        let expr = self.get(id).clone();
        if expr == Expr::Symbol(with) {
            return Slope::Of(self.float(1.0));
        }
        let mut free = true;
        let mut rates = vec![];
        for operand in expr.operands() {
            match slopes.get(&operand) {
                Some(&Slope::Of(rate)) => {
                    free = false;
                    rates.push(rate);
                }
                Some(Slope::Undefined) => return Slope::Undefined,
                Some(Slope::Free) | None => rates.push(self.zero()),
            }
        }
        if free {
            return Slope::Free;
        }
        self.rate(id, &expr, &rates).map_or(Slope::Undefined, Slope::Of)
    }

    /// The derivative of `expr`, which is `id`, given those of its operands.
    fn rate(&mut self, id: ExprId, expr: &Expr, rates: &[ExprId]) -> Option<ExprId> {
        match (expr, rates) {
            (Expr::Unary(Unary::Negate, _), &[da]) => Some(self.opposite(da)),
            (Expr::Binary(op, a, b), &[da, db]) => self.binary_rate(*op, id, (*a, da), (*b, db)),
            (Expr::Call(function, arguments), rates) => match (arguments.as_slice(), rates) {
                (&[a], &[da]) => {
                    let outer = self.outer_rate(*function, id, a)?;
                    Some(self.times(outer, da))
                }
                (&[x, low, high], &[dx, dlow, dhigh]) if *function == Function::Clip => {
                    Some(self.clip_rate((x, dx), (low, dlow), (high, dhigh)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn binary_rate(
        &mut self,
        op: Binary,
        id: ExprId,
        (a, da): (ExprId, ExprId),
        (b, db): (ExprId, ExprId),
    ) -> Option<ExprId> {
        match op {
            Binary::Add => Some(self.plus(da, db)),
            Binary::Subtract => Some(self.minus(da, db)),
            Binary::Multiply => {
                let (left, right) = (self.times(da, b), self.times(a, db));
                Some(self.plus(left, right))
            }
            Binary::Divide => {
                // (a/b)' = (a' - (a/b) b')/b
                let change = self.times(id, db);
                let numerator = self.minus(da, change);
                Some(self.over(numerator, b))
            }
            Binary::Power => Some(self.power_rate(id, (a, da), (b, db))),
            Binary::FloorDivide
            | Binary::Remainder
            | Binary::Less
            | Binary::LessEqual
            | Binary::Equal
            | Binary::NotEqual
            | Binary::And
            | Binary::Or => None,
        }
    }

    /// (aᵇ)' = b aᵇ⁻¹ a' + aᵇ log(a) b', without a logarithm where b does not change.
    fn power_rate(&mut self, id: ExprId, (a, da): (ExprId, ExprId), (b, db): (ExprId, ExprId)) -> ExprId {
        let (one, two) = (self.float(1.0), self.float(2.0));
        let lower = if self.constant(b) == Some(2.0) {
            a
        } else {
            let exponent = self.minus(b, one);
            if self.is_zero(exponent) { one } else { self.binary(Binary::Power, a, exponent) }
        };
        let factor = if self.constant(b) == Some(2.0) { two } else { b };
        let slope = self.times(factor, lower);
        let through_base = self.times(slope, da);
        if self.is_zero(db) {
            return through_base;
        }
        let log = self.call(Function::Log, &[a]);
        let slope = self.times(id, log);
        let through_exponent = self.times(slope, db);
        self.plus(through_base, through_exponent)
    }

    /// The derivative of a function of one argument at `a`, where its value is `id`.
    fn outer_rate(&mut self, function: Function, id: ExprId, a: ExprId) -> Option<ExprId> {
        let one = self.float(1.0);
        Some(match function {
            Function::Sin => self.call(Function::Cos, &[a]),
            Function::Cos => {
                let sine = self.call(Function::Sin, &[a]);
                self.opposite(sine)
            }
            Function::Tan => {
                let square = self.times(id, id);
                self.plus(one, square)
            }
            Function::Sinh => self.call(Function::Cosh, &[a]),
            Function::Cosh => self.call(Function::Sinh, &[a]),
            Function::Tanh => {
                let square = self.times(id, id);
                self.minus(one, square)
            }
            Function::Arcsin => self.arcsine_rate(one, a),
            Function::Arccos => {
                let rate = self.arcsine_rate(one, a);
                self.opposite(rate)
            }
            Function::Arctan => {
                let square = self.times(a, a);
                let below = self.plus(one, square);
                self.over(one, below)
            }
            Function::Exp => id,
            Function::Log => self.over(one, a),
            Function::Log10 => {
                let ln_10 = self.float(std::f64::consts::LN_10);
                let below = self.times(a, ln_10);
                self.over(one, below)
            }
            Function::Expm1 => self.call(Function::Exp, &[a]),
            Function::Log1p => {
                let below = self.plus(one, a);
                self.over(one, below)
            }
            Function::Exprel => self.exprel_rate(id, a),
            Function::Sqrt => {
                let half = self.float(0.5);
                self.over(half, id)
            }
            Function::Abs => self.call(Function::Sign, &[a]),
            Function::Floor
            | Function::Ceil
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

    fn arcsine_rate(&mut self, one: ExprId, a: ExprId) -> ExprId {
        let square = self.times(a, a);
        let rest = self.minus(one, square);
        let root = self.call(Function::Sqrt, &[rest]);
        self.over(one, root)
    }

    /// exprel'(a) = (exp(a) - exprel(a))/a, and near 0, where that is 0/0, its Taylor series
    /// 1/2 + a/3 + a²/8 + a³/30 + a⁴/144, with an error below 1e-18 for |a| < 1e-3.
    fn exprel_rate(&mut self, id: ExprId, a: ExprId) -> ExprId {
        let (limit, lowest) = (self.float(1e-3), self.float(-1e-3));
        let size = self.call(Function::Abs, &[a]);
        let near = self.binary(Binary::Less, size, limit);
        let far = self.unary(Unary::Not, near);
        let [near, far] = [near, far].map(|condition| self.call(Function::Int, &[condition]));

        let small = self.call(Function::Clip, &[a, lowest, limit]);
        let mut series = self.float(1.0 / 144.0);
        for coefficient in [1.0 / 30.0, 1.0 / 8.0, 1.0 / 3.0, 1.0 / 2.0] {
            let next = self.float(coefficient);
            let higher = self.times(series, small);
            series = self.plus(higher, next);
        }
        let exp = self.call(Function::Exp, &[a]);
        let above = self.minus(exp, id);
        let below = self.plus(a, near);
        let quotient = self.over(above, below);
        let (inner, outer) = (self.times(near, series), self.times(far, quotient));
        self.plus(inner, outer)
    }

    /// Whichever of the three `clip` passes on; it is min(max(x, low), high) also if high < low.
    fn clip_rate(
        &mut self,
        (x, dx): (ExprId, ExprId),
        (low, dlow): (ExprId, ExprId),
        (high, dhigh): (ExprId, ExprId),
    ) -> ExprId {
        let [under, over, crossed] = [(x, low), (high, x), (high, low)].map(|(a, b)| self.binary(Binary::Less, a, b));
        let over = self.binary(Binary::Or, over, crossed);
        let [not_under, not_over] = [under, over].map(|condition| self.unary(Unary::Not, condition));
        let inside = self.binary(Binary::And, not_under, not_over);
        let under = self.binary(Binary::And, under, not_over);
        let mut sum = self.zero();
        for (condition, rate) in [(inside, dx), (under, dlow), (over, dhigh)] {
            let chosen = self.call(Function::Int, &[condition]);
            let part = self.times(chosen, rate);
            sum = self.plus(sum, part);
        }
        sum
    }
}
