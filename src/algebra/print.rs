//! Writes expressions as text.
//!
//! The text is the language's own, with no parenthesis that it does not need. What is used more
//! than once, or has grown long, is written once and named `_1`, `_2`, …, so the text of an
//! expression is never longer than a constant times the number of its operations.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Binary, Expr, ExprId, Function, Pool, Symbol, Unary};

/// Writes expressions of one pool.
///
/// ```
/// use dvdt::algebra::{Kind, Pool, Printer, Symbol};
/// let mut pool = Pool::new();
/// let (v, tau) = (pool.symbol(Symbol(0), Kind::Float), pool.symbol(Symbol(1), Kind::Float));
/// let opposite = pool.negate(v);
/// let decay = pool.divide(opposite, tau);
/// let mut printer = Printer::new(&pool, |symbol| ["v", "tau"][symbol.index()].to_string());
/// assert_eq!(printer.expr(decay), "-v/tau");
/// ```
pub struct Printer<'a> {
    pool: &'a Pool,
    names: Box<dyn Fn(Symbol) -> String + 'a>,
    temporaries: Vec<(String, String)>,
    named: FxHashMap<ExprId, String>,
}

/// How tightly an expression holds together, from `or` to a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
    Compare,
    Sum,
    Product,
    Sign,
    Power,
    Atom,
}

/// The text of an expression.
#[derive(Clone)]
struct Piece {
    text: String,
    level: Level,
}

impl Piece {
    fn atom(text: String) -> Self {
        Piece { text, level: Level::Atom }
    }

    /// The text, in parentheses if it does not hold together as tightly as `level`.
    fn at(&self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// Text up to this length is repeated rather than named.
const SHORT: usize = 12;

/// Text beyond this length is named.
const LONG: usize = 200;

impl<'a> Printer<'a> {
    /// Writes expressions of `pool`, with `names` for its symbols.
    pub fn new(pool: &'a Pool, names: impl Fn(Symbol) -> String + 'a) -> Self {
        Printer { pool, names: Box::new(names), temporaries: vec![], named: FxHashMap::default() }
    }

    /// The text of one expression; it may use any of [`Printer::temporaries`].
    pub fn expr(&mut self, id: ExprId) -> String {
        self.write(&[id]).pop().unwrap_or_default()
    }

    /// Names and texts of what was written apart so far; each uses only those before it.
    pub fn temporaries(&self) -> &[(String, String)] {
        &self.temporaries
    }

    /// A line for each assignment, after those of the temporaries they need. What the expressions
    /// share is written once, so they are to be read as computed together, before any is assigned.
    pub fn assignments(&mut self, list: &[(Symbol, ExprId)]) -> String {
        let first = self.temporaries.len();
        let roots: Vec<ExprId> = list.iter().map(|&(_, value)| value).collect();
        let texts = self.write(&roots);
        let mut lines = String::new();
        for (name, text) in &self.temporaries[first..] {
            lines.push_str(&format!("{name} = {text}\n"));
        }
        for (&(symbol, _), text) in list.iter().zip(texts) {
            lines.push_str(&format!("{} = {text}\n", (self.names)(symbol)));
        }
        lines
    }

    fn write(&mut self, roots: &[ExprId]) -> Vec<String> {
        let (order, mut uses) = self.unwritten(roots);
        let whole: FxHashSet<ExprId> = roots.iter().copied().collect();
        let mut pieces: FxHashMap<ExprId, Piece> = FxHashMap::default();
        for id in order {
            let operands: Vec<Piece> =
                self.pool.get(id).operands().map(|operand| self.take(operand, &mut pieces, &mut uses)).collect();
            let piece = self.piece(id, &operands);
            let repeated = uses.get(&id).is_some_and(|&count| count > 1) && piece.text.len() > SHORT;
            let long = piece.text.len() > LONG && !whole.contains(&id);
            let piece = if repeated || long { self.name(id, piece) } else { piece };
            pieces.insert(id, piece);
        }
        roots.iter().map(|&root| self.take(root, &mut pieces, &mut uses).text).collect()
    }

    /// What has no name yet among the parts of `roots`, operands first, and how often each is used.
    fn unwritten(&self, roots: &[ExprId]) -> (Vec<ExprId>, FxHashMap<ExprId, usize>) {
        let mut uses: FxHashMap<ExprId, usize> = FxHashMap::default();
        let mut open = BTreeSet::new();
        let mut order = vec![];
        let mut meet = |id: ExprId, open: &mut BTreeSet<ExprId>| {
            *uses.entry(id).or_default() += 1;
            if !self.named.contains_key(&id) {
                open.insert(id);
            }
        };
        roots.iter().for_each(|&root| meet(root, &mut open));
        while let Some(id) = open.pop_last() {
            order.push(id);
            self.pool.get(id).operands().for_each(|operand| meet(operand, &mut open));
        }
        order.reverse();
        (order, uses)
    }

    /// The piece of an operand, which is forgotten after its last use.
    fn take(&self, id: ExprId, pieces: &mut FxHashMap<ExprId, Piece>, uses: &mut FxHashMap<ExprId, usize>) -> Piece {
        if let Some(name) = self.named.get(&id) {
            return Piece::atom(name.clone());
        }
        let left = uses.entry(id).or_default();
        *left = left.saturating_sub(1);
        let piece = if *left == 0 { pieces.remove(&id) } else { pieces.get(&id).cloned() };
        piece.unwrap_or_else(|| Piece::atom(String::new()))
    }

    fn name(&mut self, id: ExprId, piece: Piece) -> Piece {
        let name = format!("_{}", self.temporaries.len() + 1);
        self.temporaries.push((name.clone(), piece.text));
        self.named.insert(id, name.clone());
        Piece::atom(name)
    }

    fn piece(&self, id: ExprId, operands: &[Piece]) -> Piece {
        match (self.pool.get(id), operands) {
            (&Expr::Float(bits), _) => number(format!("{:?}", f64::from_bits(bits)).to_lowercase()),
            (Expr::Integer(value), _) => number(value.to_string()),
            (&Expr::Boolean(value), _) => Piece::atom(String::from(if value { "True" } else { "False" })),
            (&Expr::Symbol(symbol), _) => Piece::atom((self.names)(symbol)),
            (Expr::Unary(Unary::Negate, _), [a]) => {
                Piece { text: format!("-{}", a.at(Level::Sign)), level: Level::Sign }
            }
            (Expr::Unary(Unary::Not, _), [a]) => Piece { text: format!("not {}", a.at(Level::Not)), level: Level::Not },
            (Expr::Binary(op, ..), [a, b]) => {
                let (sign, left, level, right) = shape(*op);
                Piece { text: format!("{}{sign}{}", a.at(left), b.at(right)), level }
            }
            (Expr::Call(function, _), arguments) => {
                let count = match function {
                    Function::Timed => arguments.len().saturating_sub(1),
                    _ => function.arity().min(arguments.len()),
                };
                let texts: Vec<&str> = arguments[..count].iter().map(|argument| argument.text.as_str()).collect();
                Piece::atom(format!("{}({})", function.name(), texts.join(", ")))
            }
            (Expr::Unary(..) | Expr::Binary(..), _) => Piece::atom(String::new()),
        }
    }
}

fn number(text: String) -> Piece {
    let level = if text.starts_with('-') { Level::Sign } else { Level::Atom };
    Piece { text, level }
}

/// How an operation is written: its sign, and the levels of the left operand, itself and the right
/// operand.
fn shape(op: Binary) -> (&'static str, Level, Level, Level) {
    match op {
        Binary::Or => (" or ", Level::Or, Level::Or, Level::And),
        Binary::And => (" and ", Level::And, Level::And, Level::Not),
        Binary::Less => (" < ", Level::Sum, Level::Compare, Level::Sum),
        Binary::LessEqual => (" <= ", Level::Sum, Level::Compare, Level::Sum),
        Binary::Equal => (" == ", Level::Sum, Level::Compare, Level::Sum),
        Binary::NotEqual => (" != ", Level::Sum, Level::Compare, Level::Sum),
        Binary::Add => (" + ", Level::Sum, Level::Sum, Level::Product),
        Binary::Subtract => (" - ", Level::Sum, Level::Sum, Level::Product),
        Binary::Multiply => ("*", Level::Product, Level::Product, Level::Sign),
        Binary::Divide => ("/", Level::Product, Level::Product, Level::Sign),
        Binary::FloorDivide => ("//", Level::Product, Level::Product, Level::Sign),
        Binary::Remainder => (" % ", Level::Product, Level::Product, Level::Sign),
        Binary::Power => ("**", Level::Atom, Level::Power, Level::Sign),
    }
}
