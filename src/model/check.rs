//! Checks one expression, its dimensions and kinds, and builds it in a pool without units.
//!
//! The walk goes over the nodes from front to back, so every operand is known before its user. A
//! value whose dimension is unknown is the trace of a mistake already reported: it fits everywhere,
//! so that one mistake gives one message.

use super::exact::Fraction;
use super::mistake;
use super::resolve::{LoneUnit, Meaning, Scope, is_noise};
use crate::algebra::{Binary, ExprId, Function, Kind, Pool, Unary};
use crate::diagnostic::{Diagnostic, Report};
use crate::dimension::{Dimension, Ratio};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, Ident, Node, NodeId, UnaryOp};

/// What an expression came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// In the pool.
    pub(super) id: ExprId,
    /// What it measures; `None` after a mistake.
    pub(super) dimension: Option<Dimension>,
    /// The value, where it is a rational number.
    pub(super) exact: Option<Fraction>,
    /// A comparison or logic, which no arithmetic takes.
    logical: bool,
}

impl Value {
    fn new(id: ExprId, dimension: Option<Dimension>) -> Value {
        Value { id, dimension, exact: None, logical: false }
    }

    fn with_exact(self, exact: Option<Fraction>) -> Value {
        Value { exact, ..self }
    }
}

const PURE: Option<Dimension> = Some(Dimension::DIMENSIONLESS);

/// Builds `expr` in `pool` and reports its mistakes.
pub(super) fn expression(expr: &Expr, scope: &mut Scope, pool: &mut Pool, report: &mut Report) -> Value {
    let mut walk = Walk { expr, scope, pool, report, values: Vec::with_capacity(expr.nodes.len()), units: vec![] };
    for number in (0u32..).take(expr.nodes.len()) {
        let value = walk.node(NodeId(number));
        walk.values.push(value);
    }
    walk.finish()
}

/// `left op right`, where `left` is a variable that is updated; see [`expression`].
pub(super) fn update(
    op: BinaryOp,
    left: (Value, Span),
    right: (Value, &Expr),
    pool: &mut Pool,
    report: &mut Report,
) -> Value {
    let constants = super::Constants::default();
    let mut expr = Expr::default();
    let a = expr.push(Node::Boolean(false), left.1);
    let b = expr.push(Node::Boolean(false), right.1.span());
    let mut scope = Scope::of_constants(&constants);
    let values = vec![left.0, right.0];
    let mut walk = Walk { expr: &expr, scope: &mut scope, pool, report, values, units: vec![] };
    walk.binary(op, a, b, left.1.to(right.1.span()))
}

/// A variable as a value.
pub(super) fn variable(symbol: crate::algebra::Symbol, scope: &Scope, pool: &mut Pool) -> Value {
    let variable = scope.variable(symbol);
    let dimension = (!scope.is_doubtful(symbol)).then_some(variable.dimension);
    Value::new(pool.symbol(symbol, variable.kind), dimension)
}

struct Walk<'w, 's> {
    expr: &'w Expr,
    scope: &'w mut Scope<'s>,
    pool: &'w mut Pool,
    report: &'w mut Report,
    values: Vec<Value>,
    units: Vec<LoneUnit>,
}

impl Walk<'_, '_> {
    fn finish(mut self) -> Value {
        let root = self.expr.root();
        self.warn_of_bare_unit(root);
        self.note_unit(root);
        self.scope.lone_units = std::mem::take(&mut self.units);
        match self.values.last() {
            Some(&value) => value,
            None => self.doubtful(),
        }
    }

    fn at(&self, node: NodeId) -> Value {
        self.values[node.0 as usize]
    }

    fn kind(&self, node: NodeId) -> Kind {
        self.pool.kind(self.at(node).id)
    }

    fn doubtful(&mut self) -> Value {
        Value::new(self.pool.float(f64::NAN), None)
    }

    fn mistake(&mut self, diagnostic: Diagnostic) -> Value {
        self.report.push(diagnostic);
        self.doubtful()
    }

    fn node(&mut self, node: NodeId) -> Value {
        let span = self.expr.span_of(node);
        match self.expr.node(node) {
            Node::Float(value) => Value::new(self.pool.float(*value), PURE).with_exact(Fraction::shortest(*value)),
            Node::Integer(value) => {
                Value::new(self.pool.integer(*value), PURE).with_exact(Some(Fraction::whole(*value)))
            }
            Node::Boolean(value) => Value::new(self.pool.boolean(*value), PURE),
            Node::Name(name) => self.name(name, span),
            Node::Unary(op, a) => self.unary(*op, *a, span),
            Node::Binary(op, a, b) => self.binary(*op, *a, *b, span),
            Node::Call(function, arguments) => self.call(function, arguments, span),
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Value {
        match self.scope.meaning(name) {
            Meaning::Variable(symbol) => {
                if self.scope.variable(symbol).noisy && !self.scope.noise {
                    let diagnostic = mistake::noise_outside_equations(self.scope.variable(symbol), span);
                    return self.mistake(diagnostic);
                }
                variable(symbol, self.scope, self.pool)
            }
            Meaning::Constant(index) => {
                let constant = &self.scope.constants.list[index];
                let (dimension, exact) = (constant.dimension, constant.exact);
                Value::new(self.scope.import(index, self.pool), dimension).with_exact(exact)
            }
            Meaning::Number(value) => Value::new(self.pool.float(value), PURE),
            Meaning::Unit(unit) => Value::new(self.pool.float(unit.scale), Some(unit.dimension))
                .with_exact(Fraction::power_of_ten(unit.exponent)),
            Meaning::Function(function) => self.mistake(mistake::function_without_call(function, span)),
            Meaning::Timed(index) => {
                let diagnostic = mistake::timed_without_call(&self.scope.constants.timed[index], span);
                self.mistake(diagnostic)
            }
            Meaning::Later(what) => self.mistake(mistake::not_yet_supported(name, what, span)),
            Meaning::Unknown if is_noise(name) || matches!(name, "lastspike" | "not_refractory") => {
                self.mistake(mistake::missing_builtin(name, self.scope.group.is_some(), span))
            }
            Meaning::Unknown if self.scope.is_news(name) => {
                let diagnostic = mistake::unknown_name(name, self.scope, span);
                self.mistake(diagnostic)
            }
            Meaning::Unknown => self.doubtful(),
        }
    }

    fn unary(&mut self, op: UnaryOp, a: NodeId, span: Span) -> Value {
        let value = self.at(a);
        if op == UnaryOp::Not {
            if !self.is_condition(a) {
                return self.mistake(mistake::logic_of_numbers("not", self.expr.span_of(a)));
            }
            let id = self.pool.unary(Unary::Not, value.id);
            return Value { logical: true, ..Value::new(id, PURE) };
        }
        if !self.takes_arithmetic(&[a], span) {
            return self.doubtful();
        }
        self.warn_of_bare_unit(a);
        match op {
            UnaryOp::Negate => {
                let exact = value.exact.and_then(Fraction::negate);
                Value::new(self.pool.negate(value.id), value.dimension).with_exact(exact)
            }
            UnaryOp::Plus | UnaryOp::Not => value,
        }
    }

    fn binary(&mut self, op: BinaryOp, a: NodeId, b: NodeId, span: Span) -> Value {
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Remainder => self.sum(op, a, b, span),
            BinaryOp::Multiply | BinaryOp::Divide => self.product(op, a, b, span),
            BinaryOp::FloorDivide => self.floor_divide(a, b, span),
            BinaryOp::Power => self.power(a, b, span),
            BinaryOp::And => self.logic(Binary::And, a, b),
            BinaryOp::Or => self.logic(Binary::Or, a, b),
            BinaryOp::Less | BinaryOp::Greater => self.comparison(op, Binary::Less, a, b),
            BinaryOp::LessEqual | BinaryOp::GreaterEqual => self.comparison(op, Binary::LessEqual, a, b),
            BinaryOp::Equal => self.comparison(op, Binary::Equal, a, b),
            BinaryOp::NotEqual => self.comparison(op, Binary::NotEqual, a, b),
        }
    }

    fn sum(&mut self, op: BinaryOp, a: NodeId, b: NodeId, span: Span) -> Value {
        if !self.takes_arithmetic(&[a, b], span) || !self.agree(op.symbol(), a, b) {
            return self.doubtful();
        }
        let (x, y) = (self.at(a), self.at(b));
        let (operation, exact): (_, fn(Fraction, Fraction) -> Option<Fraction>) = match op {
            BinaryOp::Add => (Binary::Add, Fraction::plus),
            BinaryOp::Remainder => (Binary::Remainder, Fraction::remainder),
            _ => (Binary::Subtract, Fraction::minus),
        };
        let id = self.pool.binary(operation, x.id, y.id);
        Value::new(id, x.dimension.and(y.dimension)).with_exact(join(x, y, exact))
    }

    fn product(&mut self, op: BinaryOp, a: NodeId, b: NodeId, span: Span) -> Value {
        if !self.takes_arithmetic(&[a, b], span) {
            return self.doubtful();
        }
        let (x, y) = (self.at(a), self.at(b));
        let divides = op == BinaryOp::Divide;
        if y.exact.is_none() {
            self.note_unit(a);
        }
        if x.exact.is_none() && !divides {
            self.note_unit(b);
        }
        let id = self.pool.binary(if divides { Binary::Divide } else { Binary::Multiply }, x.id, y.id);
        let exact = join(x, y, if divides { Fraction::over } else { Fraction::times });
        let Some((one, two)) = x.dimension.zip(y.dimension) else { return Value::new(id, None).with_exact(exact) };
        match if divides { one.divide(&two) } else { one.multiply(&two) } {
            Some(dimension) => Value::new(id, Some(dimension)).with_exact(exact),
            None => self.mistake(mistake::exponent_too_large(span)),
        }
    }

    fn floor_divide(&mut self, a: NodeId, b: NodeId, span: Span) -> Value {
        if !self.takes_arithmetic(&[a, b], span) {
            return self.doubtful();
        }
        for node in [a, b] {
            if let Some(found) = self.at(node).dimension.filter(|dimension| !dimension.is_dimensionless()) {
                return self.mistake(mistake::floor_division(found, self.expr.span_of(node)));
            }
        }
        let (x, y) = (self.at(a), self.at(b));
        let id = self.pool.binary(Binary::FloorDivide, x.id, y.id);
        Value::new(id, x.dimension.and(y.dimension)).with_exact(join(x, y, Fraction::floor_divide))
    }

    fn power(&mut self, a: NodeId, b: NodeId, span: Span) -> Value {
        if !self.takes_arithmetic(&[a, b], span) {
            return self.doubtful();
        }
        let (x, y) = (self.at(a), self.at(b));
        let exact = join(x, y, Fraction::power);
        let id = match exact.and_then(Fraction::to_float) {
            Some(value) => self.pool.float(value),
            None => self.pool.binary(Binary::Power, x.id, y.id),
        };
        let Some((base, exponent)) = x.dimension.zip(y.dimension) else { return self.doubtful() };
        let place = self.expr.span_of(b);
        if !exponent.is_dimensionless() {
            return self.mistake(mistake::exponent_dimension(exponent, place));
        }
        if base.is_dimensionless() {
            return Value::new(id, PURE).with_exact(exact);
        }
        let Some(fraction) = y.exact else {
            return self.mistake(mistake::exponent_varies(base, self.expr.span_of(a), place));
        };
        match fraction.to_ratio().and_then(|ratio| base.power(ratio)) {
            Some(dimension) => Value::new(id, Some(dimension)).with_exact(exact),
            None => self.mistake(mistake::exponent_too_large(span)),
        }
    }

    fn comparison(&mut self, op: BinaryOp, operation: Binary, a: NodeId, b: NodeId) -> Value {
        let (x, y) = (self.at(a), self.at(b));
        let both_logical = self.kind(a) == Kind::Boolean && self.kind(b) == Kind::Boolean;
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let span = self.expr.span_of(a).to(self.expr.span_of(b));
        let comparable = (both_logical && equality) || self.takes_arithmetic(&[a, b], span);
        if !comparable || !self.agree(op.symbol(), a, b) {
            return self.doubtful();
        }
        // `a > b` is `b < a`.
        let turned = matches!(op, BinaryOp::Greater | BinaryOp::GreaterEqual);
        let (first, second) = if turned { (y.id, x.id) } else { (x.id, y.id) };
        let id = self.pool.binary(operation, first, second);
        Value { logical: true, ..Value::new(id, PURE) }
    }

    fn logic(&mut self, operation: Binary, a: NodeId, b: NodeId) -> Value {
        for node in [a, b] {
            if !self.is_condition(node) {
                let symbol = if operation == Binary::And { "and" } else { "or" };
                return self.mistake(mistake::logic_of_numbers(symbol, self.expr.span_of(node)));
            }
        }
        let id = self.pool.binary(operation, self.at(a).id, self.at(b).id);
        Value { logical: true, ..Value::new(id, PURE) }
    }

    /// Whether it is true or false, or the trace of a mistake.
    fn is_condition(&self, node: NodeId) -> bool {
        self.kind(node) == Kind::Boolean || self.at(node).dimension.is_none()
    }

    /// Whether none of the operands is a comparison.
    fn takes_arithmetic(&mut self, operands: &[NodeId], span: Span) -> bool {
        let logical = operands.iter().find(|&&node| self.at(node).logical);
        if let Some(&node) = logical {
            self.report.push(mistake::comparison_in_arithmetic(self.expr.span_of(node), span));
        }
        logical.is_none()
    }

    /// Whether both operands measure the same.
    fn agree(&mut self, symbol: &str, a: NodeId, b: NodeId) -> bool {
        let (x, y) = (self.at(a), self.at(b));
        let Some((one, two)) = x.dimension.zip(y.dimension) else { return true };
        if one == two {
            self.warn_of_bare_unit(a);
            self.warn_of_bare_unit(b);
            return true;
        }
        self.note_unit(a);
        self.note_unit(b);
        let left = (one, self.expr.span_of(a), self.literal(a));
        let right = (two, self.expr.span_of(b), self.literal(b));
        let diagnostic = self.explain_units(mistake::mismatch(symbol, left, right));
        self.report.push(diagnostic);
        false
    }

    /// The number, if `node` is one that has no unit yet.
    fn literal(&self, node: NodeId) -> Option<f64> {
        let value = self.at(node);
        value.dimension.filter(Dimension::is_dimensionless).and_then(|_| self.pool.constant(value.id))
    }

    fn call(&mut self, name: &Ident, arguments: &[NodeId], span: Span) -> Value {
        let Some(function) = Function::named(&name.name) else {
            return match self.scope.meaning(&name.name) {
                Meaning::Timed(index) => self.timed(index, arguments, span),
                meaning => self.mistake(mistake::not_a_function(name, meaning)),
            };
        };
        if arguments.len() != function.arity() {
            return self.mistake(mistake::argument_count(function, arguments.len(), span));
        }
        let Some(dimension) = self.result(function, arguments, span) else { return self.doubtful() };
        let mut operands: Vec<ExprId> = arguments.iter().map(|&argument| self.at(argument).id).collect();
        if function.is_random() && self.scope.group.is_none() {
            return self.mistake(mistake::random_constant(name));
        }
        if function.is_random() {
            let stream = self.scope.next_stream();
            operands.push(self.pool.integer(stream));
        }
        let id = self.pool.call(function, &operands);
        let exact = arguments.first().and_then(|&a| self.at(a).exact).and_then(|exact| exactly(function, exact));
        Value::new(id, Some(dimension)).with_exact(exact)
    }

    /// `drive(t)` or `drive(t, i)`
    fn timed(&mut self, index: usize, arguments: &[NodeId], span: Span) -> Value {
        let array = &self.scope.constants.timed[index];
        let (columns, dimension) = (array.columns, array.dimension);
        if self.scope.group.is_none() {
            let diagnostic = mistake::timed_constant(array, span);
            return self.mistake(diagnostic);
        }
        if dimension.is_none() {
            // The array is mistaken, and its columns are not known.
            return self.doubtful();
        }
        if arguments.len() != 1 + usize::from(columns.is_some()) {
            let diagnostic = mistake::timed_arguments(array, arguments.len(), span);
            return self.mistake(diagnostic);
        }
        if !self.takes_arithmetic(arguments, span) {
            return self.doubtful();
        }
        for (&argument, expected) in arguments.iter().zip([Dimension::TIME, Dimension::DIMENSIONLESS]) {
            if let Some(found) = self.at(argument).dimension.filter(|&found| found != expected) {
                let place = self.expr.span_of(argument);
                let diagnostic = mistake::timed_argument(&self.scope.constants.timed[index], found, expected, place);
                return self.mistake(diagnostic);
            }
        }
        let mut operands: Vec<ExprId> = arguments.iter().map(|&argument| self.at(argument).id).collect();
        operands.push(self.pool.integer(i64::try_from(index).unwrap_or(i64::MAX)));
        Value::new(self.pool.call(Function::Timed, &operands), dimension)
    }

    /// What the function's result measures, once its arguments have been checked; `None` when they
    /// are mistaken.
    fn result(&mut self, function: Function, arguments: &[NodeId], span: Span) -> Option<Dimension> {
        if function != Function::Int && !self.takes_arithmetic(arguments, span) {
            return None;
        }
        for &argument in arguments {
            self.warn_of_bare_unit(argument);
        }
        let first = arguments.first().and_then(|&argument| self.at(argument).dimension);
        let expected = match function {
            Function::Sqrt => return first?.power(Ratio::HALF),
            Function::Floor | Function::Ceil | Function::Abs => return first,
            Function::Sign => return PURE,
            Function::Clip => return first.filter(|_| self.clip(arguments)),
            Function::Timestep => Dimension::TIME,
            _ => Dimension::DIMENSIONLESS,
        };
        let fits = arguments.iter().all(|&argument| self.fits(function, argument, expected));
        if fits { PURE } else { None }
    }

    fn fits(&mut self, function: Function, argument: NodeId, expected: Dimension) -> bool {
        let found = self.at(argument).dimension.filter(|&found| found != expected);
        if let Some(found) = found {
            let diagnostic = mistake::argument_dimension(function, found, expected, self.expr.span_of(argument));
            let diagnostic = self.explain_units(diagnostic);
            self.report.push(diagnostic);
        }
        found.is_none()
    }

    fn clip(&mut self, arguments: &[NodeId]) -> bool {
        let Some((&value, bounds)) = arguments.split_first() else { return false };
        let fine: Vec<bool> = bounds.iter().map(|&bound| self.agree("clip", value, bound)).collect();
        !fine.contains(&false)
    }

    /// The unit that `node` is, if it is nothing but a name.
    fn unit_at(&self, node: NodeId) -> Option<LoneUnit> {
        let Node::Name(name) = self.expr.node(node) else { return None };
        let Meaning::Unit(unit) = self.scope.meaning(name) else { return None };
        Some(LoneUnit { name: name.clone(), dimension: unit.dimension, span: self.expr.span_of(node) })
    }

    fn note_unit(&mut self, node: NodeId) {
        self.units.extend(self.unit_at(node));
    }

    fn warn_of_bare_unit(&mut self, node: NodeId) {
        if let Some(unit) = self.unit_at(node) {
            self.report.push(mistake::bare_unit(&unit.name, unit.span));
        }
    }

    /// Adds which names in the expression are units, though they stand like variables.
    fn explain_units(&self, diagnostic: Diagnostic) -> Diagnostic {
        let diagnostic = mistake::suggest_bracket(diagnostic, self.expr);
        self.units.iter().fold(diagnostic, mistake::explain_unit)
    }
}

fn join(x: Value, y: Value, operation: fn(Fraction, Fraction) -> Option<Fraction>) -> Option<Fraction> {
    x.exact.zip(y.exact).and_then(|(one, two)| operation(one, two))
}

/// Functions that take fractions to fractions.
fn exactly(function: Function, argument: Fraction) -> Option<Fraction> {
    match function {
        Function::Floor => argument.floor(),
        Function::Ceil => argument.ceil(),
        Function::Abs => argument.abs(),
        Function::Int => argument.truncate(),
        _ => None,
    }
}
