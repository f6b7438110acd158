//! What the grammar does as it reads: makes nodes, and refuses what Python has and we have not.

use super::ast::{
    Array, ArrayValues, AssignOp, BinaryOp, Elements, Equation, EquationKind, Equations, Expr, Group, Ident, Item,
    Node, NodeId, Record, Statement, TimedArray, UnaryOp,
};
use super::mistake::{self, MOST};
use super::number;
use super::token::Token;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, Span};

/// Nodes times records that one `every` may stand for.
const MOST_COPIES: usize = 1 << 20;

/// What one part of a text says.
pub(super) enum Parsed {
    Expression(Expr),
    Parameter(Ident),
    Subexpression(Ident, Expr),
    Differential(Ident, Expr),
    Flags(Vec<Ident>),
    Statement(Statement),
    GroupHead(Ident, Expr),
    Method(Ident),
    GroupClock(Ident),
    GroupPrecision(Ident),
    Event(Ident, Expr),
    Handler(Ident),
    Spikes(Array, Array, Option<Expr>),
    Items(Vec<Item>),
}

/// What may follow the targets of a `record`, with the place of its word.
pub(super) enum RecordOption {
    Every(Span, Expr),
    When(Span, Ident),
    Order(Span, Expr),
    Last(Span, Expr),
    Smooth(Span, Expr),
}

/// All of them, each at most once.
#[derive(Clone, Default)]
struct RecordOptions {
    every: Option<Expr>,
    when: Option<Ident>,
    order: Option<Expr>,
    last: Option<Expr>,
    smooth: Option<Expr>,
}

impl RecordOptions {
    fn expressions(&self) -> impl Iterator<Item = &Expr> {
        [&self.every, &self.order, &self.last, &self.smooth].into_iter().flatten()
    }
}

/// Fills a place that is empty; says whether it was.
fn fill<T>(place: &mut Option<T>, value: T) -> bool {
    let free = place.is_none();
    place.get_or_insert(value);
    free
}

/// `cells.v[0, 5]`
pub(super) struct Target {
    pub(super) group: Ident,
    pub(super) variable: Ident,
    pub(super) elements: Option<Vec<Elements>>,
    pub(super) captured: Option<Vec<Ident>>,
    pub(super) span: Span,
}

/// The state of the grammar: the expression under way and the mistakes so far.
pub(super) struct Builder<'s> {
    source: SourceId,
    text: &'s str,
    /// From the first to the last token of the part that is read.
    pub(super) part: Span,
    expr: Expr,
    /// In the order they were found; at most [`MOST`] and one.
    pub(super) mistakes: Vec<Diagnostic>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(source: SourceId, text: &'s str) -> Self {
        let part = Span::new(source, 0..0);
        Builder { source, text, part, expr: Expr::default(), mistakes: vec![] }
    }

    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        Span { source: self.source, start, end }
    }

    pub(super) fn text(&self, start: u32, end: u32) -> &'s str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Keeps a mistake, unless there are too many.
    pub(super) fn mistake(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.labels.first().map_or(self.part, |label| label.span);
        if self.mistakes.len() < MOST {
            self.mistakes.push(diagnostic);
        } else if !self.is_full() {
            self.mistakes.push(mistake::too_many_mistakes(place));
        }
    }

    /// Whether nothing more will be kept.
    pub(super) fn is_full(&self) -> bool {
        self.mistakes.len() > MOST
    }

    /// Forgets an expression whose reading failed.
    pub(super) fn reset(&mut self) {
        self.expr = Expr::default();
    }

    // Expressions.

    /// Hands out the finished expression; `root` is its last node.
    pub(super) fn finish(&mut self, _root: NodeId) -> Expr {
        std::mem::take(&mut self.expr)
    }

    pub(super) fn ident(&self, l: u32, r: u32) -> Ident {
        Ident { name: self.text(l, r).to_owned(), span: self.span(l, r) }
    }

    pub(super) fn name(&mut self, l: u32, r: u32) -> NodeId {
        let name = self.text(l, r).to_owned();
        self.push(l, r, Node::Name(name))
    }

    pub(super) fn boolean(&mut self, l: u32, r: u32, value: bool) -> NodeId {
        self.push(l, r, Node::Boolean(value))
    }

    pub(super) fn number(&mut self, l: u32, r: u32) -> NodeId {
        let text = self.text(l, r);
        match number::decode(text) {
            Ok(node) => self.push(l, r, node),
            Err(fault) => self.refuse(l, r, mistake::bad_number(self.span(l, r), text, fault)),
        }
    }

    pub(super) fn unary(&mut self, l: u32, r: u32, op: UnaryOp, a: NodeId) -> NodeId {
        self.push(l, r, Node::Unary(op, a))
    }

    pub(super) fn binary(&mut self, l: u32, r: u32, op: BinaryOp, a: NodeId, b: NodeId) -> NodeId {
        self.push(l, r, Node::Binary(op, a, b))
    }

    pub(super) fn call(&mut self, l: u32, r: u32, name: Ident, arguments: Option<Vec<NodeId>>) -> NodeId {
        self.push(l, r, Node::Call(name, arguments.unwrap_or_default()))
    }

    /// A comparison whose left side is one too, without parentheses, is a chain.
    pub(super) fn comparison(&mut self, a: (u32, NodeId, u32), op: BinaryOp, b: (u32, NodeId, u32)) -> NodeId {
        let ((l, left, left_end), (right_start, right, r)) = (a, b);
        if let &Node::Binary(first, x, y) = self.expr.node(left)
            && first.is_comparison()
            && self.expr.span_of(left) == self.span(l, left_end)
            && !self.is_chain(x, l)
            && !self.is_refused(y)
        {
            let text = |node| self.text_of(self.expr.span_of(node));
            let before = [text(x), first.symbol(), text(y)];
            let after = [op.symbol(), self.text(right_start, r)];
            self.mistake(mistake::chained_comparison(self.span(l, r), before, after));
        }
        self.binary(l, r, op, left, right)
    }

    /// Whether the left side of a comparison that begins at `start` made it a chain, said already.
    fn is_chain(&self, left: NodeId, start: u32) -> bool {
        let compares = matches!(self.expr.node(left), Node::Binary(op, ..) if op.is_comparison());
        compares && self.expr.span_of(left).start == start
    }

    /// Whether `node` stands in for what was refused.
    fn is_refused(&self, node: NodeId) -> bool {
        let written = self.text_of(self.expr.span_of(node));
        matches!(self.expr.node(node), Node::Boolean(_)) && !matches!(written, "True" | "False")
    }

    fn text_of(&self, span: Span) -> &'s str {
        self.text(span.start, span.end)
    }

    fn push(&mut self, l: u32, r: u32, node: Node) -> NodeId {
        let span = self.span(l, r);
        self.expr.push(node, span)
    }

    // What is refused; a node stands in, so that reading goes on.

    fn refuse(&mut self, l: u32, r: u32, diagnostic: Diagnostic) -> NodeId {
        self.mistake(diagnostic);
        self.push(l, r, Node::Boolean(false))
    }

    pub(super) fn refuse_operator(&mut self, (l, _, r): (u32, Token, u32)) -> NodeId {
        self.refuse(l, r, mistake::unsupported_operator(self.span(l, r), self.text(l, r)))
    }

    pub(super) fn refuse_conditional(
        &mut self,
        yes: (u32, NodeId, u32),
        condition: (u32, NodeId, u32),
        no: (u32, NodeId, u32),
    ) -> NodeId {
        let [a, c, b] = [yes, condition, no].map(|(start, _, end)| self.text(start, end));
        self.refuse(yes.0, no.2, mistake::conditional(self.span(yes.0, no.2), a, c, b))
    }

    pub(super) fn refuse_index(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::index(self.span(l, r)))
    }

    pub(super) fn refuse_attribute(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::attribute(self.span(l, r)))
    }

    pub(super) fn refuse_tuple(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::tuple(self.span(l, r)))
    }

    pub(super) fn refuse_list(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::list(self.span(l, r)))
    }

    pub(super) fn refuse_text(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::stray_quote(self.span(l, r)))
    }

    pub(super) fn refuse_keyword_argument(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::keyword_argument(self.span(l, r)))
    }

    pub(super) fn refuse_star_argument(&mut self, l: u32, r: u32) -> NodeId {
        self.refuse(l, r, mistake::star_argument(self.span(l, r)))
    }

    // Definitions and statements.

    /// `dv / dt = …`
    pub(super) fn differential(&mut self, d: Ident, dt: Ident, value: Expr) -> Parsed {
        let split =
            d.name.strip_prefix('d').filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()));
        let Some(name) = split.filter(|_| dt.name == "dt") else {
            self.mistake(mistake::bad_derivative(d.span.to(dt.span), &d.name));
            return Parsed::Differential(d, value);
        };
        let span = self.span(d.span.start + 1, d.span.end);
        Parsed::Differential(Ident { name: name.to_owned(), span }, value)
    }

    /// `d v / dt = …`
    pub(super) fn spaced_differential(&mut self, d: Ident, name: Ident, dt: Ident, value: Expr) -> Parsed {
        if d.name != "d" || dt.name != "dt" {
            self.mistake(mistake::bad_derivative(d.span.to(dt.span), &name.name));
        }
        Parsed::Differential(name, value)
    }

    /// A flag as written, with single blanks between its words.
    pub(super) fn flag(&self, l: u32, r: u32) -> Ident {
        let lines = self.text(l, r).lines().map(|line| line.split('#').next().unwrap_or(""));
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        Ident { name: words.join(" "), span: self.span(l, r) }
    }

    pub(super) fn statement(&self, target: Ident, op: AssignOp, value: Expr) -> Statement {
        let span = self.span(target.span.start, self.part.end);
        Statement { target, op, value, span }
    }

    // Lines of a model file.

    /// `clock dt = …` or `clock name dt = …`
    pub(super) fn clock(&mut self, first: Ident, second: Option<Ident>, dt: Expr) -> Parsed {
        let (name, word) = match second {
            None => (None, first),
            Some(second) => (Some(first), second),
        };
        if word.name != "dt" {
            self.mistake(mistake::clock_without_dt(word.span, name.as_ref().map_or(&word.name, |name| &name.name)));
        }
        Parsed::Items(vec![Item::Clock { name, dt, span: self.part }])
    }

    pub(super) fn constant(&self, name: Ident, value: Expr) -> Parsed {
        Parsed::Items(vec![Item::Constant { name, value, span: self.part }])
    }

    pub(super) fn group_without_size(&mut self, name: Ident) -> Parsed {
        self.mistake(mistake::group_without_size(name.span, &name.name));
        Parsed::GroupHead(name, Expr::default())
    }

    /// One item for each target; the options hold for all.
    pub(super) fn record(&mut self, targets: Vec<Target>, options: Vec<RecordOption>) -> Parsed {
        let options = self.options(options);
        let alone = targets.len() == 1;
        let nodes: usize = options.expressions().map(|expr| expr.nodes.len()).sum();
        if !alone && nodes.saturating_mul(targets.len()) > MOST_COPIES {
            self.mistake(mistake::record_too_large(self.part));
            return Parsed::Items(vec![]);
        }
        let record = |Target { group, variable, elements, captured, span }: Target| {
            let span = if alone { self.part } else { span };
            let RecordOptions { every, when, order, last, smooth } = options.clone();
            Item::Record(Record { group, variable, elements, captured, every, when, order, last, smooth, span })
        };
        Parsed::Items(targets.into_iter().map(record).collect())
    }

    fn options(&mut self, list: Vec<RecordOption>) -> RecordOptions {
        let mut options = RecordOptions::default();
        for option in list {
            let (span, first) = match option {
                RecordOption::Every(span, value) => (span, fill(&mut options.every, value)),
                RecordOption::When(span, value) => (span, fill(&mut options.when, value)),
                RecordOption::Order(span, value) => (span, fill(&mut options.order, value)),
                RecordOption::Last(span, value) => (span, fill(&mut options.last, value)),
                RecordOption::Smooth(span, value) => (span, fill(&mut options.smooth, value)),
            };
            if !first {
                self.mistake(mistake::option_twice(span, self.text(span.start, span.end)));
            }
        }
        options
    }

    pub(super) fn timed_array(&self, name: Ident, every: Expr, values: Array) -> Parsed {
        Parsed::Items(vec![Item::TimedArray(TimedArray { name, every, values, span: self.part })])
    }

    /// The name of a file, without its quotes.
    pub(super) fn file(&self, l: u32, r: u32) -> ArrayValues {
        let name = self.text(l, r).trim_matches('"').to_owned();
        ArrayValues::File(Ident { name, span: self.span(l, r) })
    }

    pub(super) fn switch(&self, l: u32, r: u32, group: Ident, variable: Ident) -> Parsed {
        let on = self.text(l, r) == "resume";
        Parsed::Items(vec![Item::Switch { group, variable, on, span: self.part }])
    }

    pub(super) fn set(&self, group: Ident, statement: Statement) -> Parsed {
        Parsed::Items(vec![Item::Set { group, statement }])
    }

    pub(super) fn run(&self, duration: Expr) -> Parsed {
        Parsed::Items(vec![Item::Run { duration, span: self.part }])
    }

    pub(super) fn setting(&self, l: u32, r: u32, value: Ident) -> Parsed {
        Parsed::Items(vec![Item::Setting { key: self.ident(l, r), value }])
    }
}

/// A group that holds nothing yet.
pub(super) fn empty_group(name: Ident, size: Expr, span: Span) -> Group {
    Group {
        name,
        size,
        equations: Equations::default(),
        methods: vec![],
        clocks: vec![],
        precisions: vec![],
        init: vec![],
        thresholds: vec![],
        resets: vec![],
        refractory: vec![],
        poisson: vec![],
        events: vec![],
        handlers: vec![],
        regular: vec![],
        spikes: vec![],
        span,
    }
}

/// A definition from its two sides; `None` for what is no left side.
pub(super) fn definition(left: Parsed, unit: Expr, flags: Vec<Ident>, span: Span) -> Option<Equation> {
    let (name, kind) = match left {
        Parsed::Parameter(name) => (name, EquationKind::Parameter),
        Parsed::Subexpression(name, value) => (name, EquationKind::Subexpression(value)),
        Parsed::Differential(name, value) => (name, EquationKind::Differential(value)),
        Parsed::Expression(_)
        | Parsed::Flags(_)
        | Parsed::Statement(_)
        | Parsed::GroupHead(..)
        | Parsed::Method(_)
        | Parsed::GroupClock(_)
        | Parsed::GroupPrecision(_)
        | Parsed::Event(..)
        | Parsed::Handler(_)
        | Parsed::Spikes(..)
        | Parsed::Items(_) => return None,
    };
    Some(Equation { name, kind, unit, flags, span })
}
