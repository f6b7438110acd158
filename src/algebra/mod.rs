//! Mathematics without text, units or memory: expressions that share their parts.
//!
//! A [`Pool`] holds every expression of a group once: building the same operation on the same
//! operands twice gives the same [`ExprId`]. Operands always have smaller ids, so walks are loops
//! from front to back and nothing here recurses. What is simplified while building keeps every bit
//! that IEEE arithmetic would give, zeros and NaNs included; rewriting that holds only for real
//! numbers lives in [`derivative`](Pool::derivative) and [`linear`].

mod derivative;

mod function;

pub mod linear;

mod print;

mod propagator;

mod real;

pub use function::Function;

pub use print::Printer;

use rustc_hash::FxHashMap;

/// One expression of the [`Pool`] that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(u32);

impl ExprId {
    /// The position in the pool.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A name without a meaning here; the model's variables are numbered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

impl Symbol {
    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a value is; the later absorbs the earlier in arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `True` or `False`
    Boolean,
    /// 64 bits, wrapping
    Integer,
    /// IEEE binary64
    Float,
}

/// Operations on one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unary {
    /// `-a`
    Negate,
    /// `not a`; a number counts as true unless it is zero
    Not,
}

/// Operations on two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`, of integers too a float
    Divide,
    /// `a // b`
    FloorDivide,
    /// `a % b`
    Remainder,
    /// `a ** b`
    Power,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a and b`
    And,
    /// `a or b`
    Or,
}

/// One operation of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A float by its bits, so that `-0.0` and NaN are themselves.
    Float(u64),
    /// An integer.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
    /// A variable.
    Symbol(Symbol),
    /// An operation on one operand.
    Unary(Unary, ExprId),
    /// An operation on two operands.
    Binary(Binary, ExprId, ExprId),
    /// A function. `rand` and its kind carry, as a last operand, the integer that tells one call
    /// in the text from the next.
    Call(Function, Vec<ExprId>),
}

impl Expr {
    /// The operands, in order.
    pub fn operands(&self) -> impl Iterator<Item = ExprId> + '_ {
        let (one, two, list): (Option<ExprId>, Option<ExprId>, &[ExprId]) = match self {
            Expr::Float(_) | Expr::Integer(_) | Expr::Boolean(_) | Expr::Symbol(_) => (None, None, &[]),
            Expr::Unary(_, a) => (Some(*a), None, &[]),
            Expr::Binary(_, a, b) => (Some(*a), Some(*b), &[]),
            Expr::Call(_, arguments) => (None, None, arguments),
        };
        one.into_iter().chain(two).chain(list.iter().copied())
    }
}

/// Every expression of a group, each once.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    exprs: Vec<Expr>,
    kinds: Vec<Kind>,
    known: FxHashMap<Expr, ExprId>,
}

impl Pool {
    /// No expressions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of expressions.
    pub fn len(&self) -> usize {
        self.exprs.len()
    }

    /// Whether nothing was built yet.
    pub fn is_empty(&self) -> bool {
        self.exprs.is_empty()
    }

    /// All expressions, operands before users.
    pub fn ids(&self) -> impl Iterator<Item = ExprId> + use<> {
        (0..u32::try_from(self.exprs.len()).unwrap_or(u32::MAX)).map(ExprId)
    }

    /// The operation that `id` stands for.
    pub fn get(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }

    /// What `id`'s value is.
    pub fn kind(&self, id: ExprId) -> Kind {
        self.kinds[id.index()]
    }

    fn intern(&mut self, expr: Expr, kind: Kind) -> ExprId {
        if let Some(&id) = self.known.get(&expr) {
            return id;
        }
        let id = ExprId(u32::try_from(self.exprs.len()).unwrap_or(u32::MAX));
        self.known.insert(expr.clone(), id);
        self.exprs.push(expr);
        self.kinds.push(kind);
        id
    }

    /// A float.
    pub fn float(&mut self, value: f64) -> ExprId {
        self.intern(Expr::Float(value.to_bits()), Kind::Float)
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) -> ExprId {
        self.intern(Expr::Integer(value), Kind::Integer)
    }

    /// A truth value.
    pub fn boolean(&mut self, value: bool) -> ExprId {
        self.intern(Expr::Boolean(value), Kind::Boolean)
    }

    /// A variable; its kind must be the same at every call.
    pub fn symbol(&mut self, symbol: Symbol, kind: Kind) -> ExprId {
        self.intern(Expr::Symbol(symbol), kind)
    }

    /// An operation on one operand.
    pub fn unary(&mut self, op: Unary, a: ExprId) -> ExprId {
        match (op, self.get(a)) {
            (Unary::Negate, &Expr::Float(bits)) => return self.float(-f64::from_bits(bits)),
            (Unary::Negate, &Expr::Integer(value)) => {
                if let Some(negated) = value.checked_neg() {
                    return self.integer(negated);
                }
            }
            (Unary::Negate, &Expr::Unary(Unary::Negate, inner)) if self.kind(a) == self.kind(inner) => return inner,
            (Unary::Not, &Expr::Boolean(value)) => return self.boolean(!value),
            (Unary::Not, &Expr::Unary(Unary::Not, inner)) if self.kind(inner) == Kind::Boolean => return inner,
            _ => {}
        }
        let kind = match op {
            Unary::Negate => self.kind(a).max(Kind::Integer),
            Unary::Not => Kind::Boolean,
        };
        self.intern(Expr::Unary(op, a), kind)
    }

    /// `-a`
    pub fn negate(&mut self, a: ExprId) -> ExprId {
        self.unary(Unary::Negate, a)
    }

    /// `a + b`
    pub fn add(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.binary(Binary::Add, a, b)
    }

    /// `a - b`
    pub fn subtract(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.binary(Binary::Subtract, a, b)
    }

    /// `a * b`
    pub fn multiply(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.binary(Binary::Multiply, a, b)
    }

    /// `a / b`
    pub fn divide(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.binary(Binary::Divide, a, b)
    }

    /// An operation on two operands.
    pub fn binary(&mut self, op: Binary, a: ExprId, b: ExprId) -> ExprId {
        if let Some(simpler) = self.simplify(op, a, b) {
            return simpler;
        }
        self.intern(Expr::Binary(op, a, b), binary_kind(op, self.kind(a), self.kind(b)))
    }

    /// `if condition { a } else { b }`
    pub fn select(&mut self, condition: ExprId, a: ExprId, b: ExprId) -> ExprId {
        self.call(Function::Select, &[condition, a, b])
    }

    /// A function of its arguments; see [`Expr::Call`] for random ones.
    pub fn call(&mut self, function: Function, arguments: &[ExprId]) -> ExprId {
        let kind = function.kind(&arguments.iter().map(|&argument| self.kind(argument)).collect::<Vec<_>>());
        if let (Function::Sqrt, Some(value)) = (function, arguments.first().and_then(|&a| self.constant(a))) {
            return self.float(value.sqrt());
        }
        if let (Function::Select, &[condition, a, b]) = (function, arguments) {
            match *self.get(condition) {
                _ if a == b => return a,
                Expr::Boolean(true) => return a,
                Expr::Boolean(false) => return b,
                _ => {}
            }
        }
        self.intern(Expr::Call(function, arguments.to_vec()), kind)
    }

    /// The number that `id` is, if it is one; truth values count as 0 and 1.
    pub fn constant(&self, id: ExprId) -> Option<f64> {
        match *self.get(id) {
            Expr::Float(bits) => Some(f64::from_bits(bits)),
            #[allow(clippy::cast_precision_loss, reason = "an integer in a float expression is rounded once")]
            Expr::Integer(value) => Some(value as f64),
            Expr::Boolean(value) => Some(f64::from(u8::from(value))),
            Expr::Symbol(_) | Expr::Unary(..) | Expr::Binary(..) | Expr::Call(..) => None,
        }
    }

    /// Folds constants and drops neutral operands where no bit can change.
    fn simplify(&mut self, op: Binary, a: ExprId, b: ExprId) -> Option<ExprId> {
        if let (&Expr::Integer(x), &Expr::Integer(y)) = (self.get(a), self.get(b)) {
            return self.fold_integers(op, x, y);
        }
        if let (Some(x), Some(y)) = (self.constant(a), self.constant(b))
            && let Some(folded) = self.fold_floats(op, x, y, self.kind(a).max(self.kind(b)))
        {
            return Some(folded);
        }
        let float = self.kind(a).max(self.kind(b)) == Kind::Float;
        let same = |pool: &Pool, id: ExprId| (float && pool.kind(id) == Kind::Float).then_some(id);
        match op {
            Binary::Multiply if self.constant(b) == Some(1.0) => same(self, a),
            Binary::Multiply if self.constant(a) == Some(1.0) => same(self, b),
            Binary::Divide | Binary::Power if self.constant(b) == Some(1.0) => same(self, a),
            Binary::Subtract if self.constant(b).is_some_and(|y| y.to_bits() == 0) => same(self, a),
            Binary::And | Binary::Or => self.simplify_logic(op, a, b),
            _ => None,
        }
    }

    fn fold_integers(&mut self, op: Binary, x: i64, y: i64) -> Option<ExprId> {
        let value = match op {
            Binary::Add => x.checked_add(y)?,
            Binary::Subtract => x.checked_sub(y)?,
            Binary::Multiply => x.checked_mul(y)?,
            Binary::Less => return Some(self.boolean(x < y)),
            Binary::LessEqual => return Some(self.boolean(x <= y)),
            Binary::Equal => return Some(self.boolean(x == y)),
            Binary::NotEqual => return Some(self.boolean(x != y)),
            Binary::Divide => {
                #[allow(clippy::cast_precision_loss, reason = "true division of integers is division of floats")]
                return Some(self.float(x as f64 / y as f64));
            }
            Binary::FloorDivide | Binary::Remainder | Binary::Power | Binary::And | Binary::Or => return None,
        };
        Some(self.integer(value))
    }

    fn fold_floats(&mut self, op: Binary, x: f64, y: f64, kind: Kind) -> Option<ExprId> {
        if kind != Kind::Float && op != Binary::Divide {
            return None;
        }
        let value = match op {
            Binary::Add => x + y,
            Binary::Subtract => x - y,
            Binary::Multiply => x * y,
            Binary::Divide => x / y,
            Binary::Less => return Some(self.boolean(x < y)),
            Binary::LessEqual => return Some(self.boolean(x <= y)),
            #[allow(clippy::float_cmp, reason = "the user wrote ==")]
            Binary::Equal => return Some(self.boolean(x == y)),
            #[allow(clippy::float_cmp, reason = "the user wrote !=")]
            Binary::NotEqual => return Some(self.boolean(x != y)),
            Binary::FloorDivide | Binary::Remainder | Binary::Power | Binary::And | Binary::Or => return None,
        };
        Some(self.float(value))
    }

    fn simplify_logic(&mut self, op: Binary, a: ExprId, b: ExprId) -> Option<ExprId> {
        let absorbing = op == Binary::Or;
        for (one, other) in [(a, b), (b, a)] {
            if let &Expr::Boolean(value) = self.get(one) {
                return if value == absorbing {
                    Some(one)
                } else {
                    (self.kind(other) == Kind::Boolean).then_some(other)
                };
            }
        }
        None
    }

    /// Rebuilds `roots` with some symbols replaced; `replace` answers `None` to keep one.
    pub fn substitute(&mut self, roots: &[ExprId], mut replace: impl FnMut(Symbol) -> Option<ExprId>) -> Vec<ExprId> {
        let mut image: FxHashMap<ExprId, ExprId> = FxHashMap::default();
        for id in self.reachable(roots) {
            let expr = self.get(id).clone();
            let at = |operand: &ExprId| image.get(operand).copied().unwrap_or(*operand);
            let new = match &expr {
                Expr::Float(_) | Expr::Integer(_) | Expr::Boolean(_) => id,
                Expr::Symbol(symbol) => replace(*symbol).unwrap_or(id),
                Expr::Unary(op, a) => self.unary(*op, at(a)),
                Expr::Binary(op, a, b) => self.binary(*op, at(a), at(b)),
                Expr::Call(function, arguments) => {
                    let arguments: Vec<ExprId> = arguments.iter().map(at).collect();
                    self.call(*function, &arguments)
                }
            };
            image.insert(id, new);
        }
        roots.iter().map(|root| image[root]).collect()
    }

    /// Everything that `roots` are built of, themselves included, operands before users.
    pub fn reachable(&self, roots: &[ExprId]) -> Vec<ExprId> {
        let Some(last) = roots.iter().max() else { return vec![] };
        let mut wanted = vec![false; last.index() + 1];
        for root in roots {
            wanted[root.index()] = true;
        }
        for index in (0..wanted.len()).rev() {
            if wanted[index] {
                for operand in self.exprs[index].operands() {
                    wanted[operand.index()] = true;
                }
            }
        }
        self.ids().take(wanted.len()).filter(|id| wanted[id.index()]).collect()
    }

    /// The symbols in `roots`, in the order of their numbers, each once.
    pub fn symbols(&self, roots: &[ExprId]) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = self
            .reachable(roots)
            .into_iter()
            .filter_map(|id| match self.get(id) {
                Expr::Symbol(symbol) => Some(*symbol),
                _ => None,
            })
            .collect();
        symbols.sort_unstable();
        symbols
    }
}

/// The kind of `a op b`.
fn binary_kind(op: Binary, a: Kind, b: Kind) -> Kind {
    match op {
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::FloorDivide | Binary::Remainder => {
            a.max(b).max(Kind::Integer)
        }
        Binary::Divide => Kind::Float,
        Binary::Power => Kind::Float,
        Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or => Kind::Boolean,
    }
}
