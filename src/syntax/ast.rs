//! What was written: equations, statements and model files as plain data.
//!
//! An [`Expr`] keeps its nodes in one list, operands before the node that uses them, so that every
//! walk over it is a loop from front to back. There is no recursion to overflow, however deep a
//! stranger nests.

use crate::source::Span;

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name as written.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A node of the [`Expr`] that holds it; operands always have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// An expression; the last node is the root. Never empty.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Expr {
    /// Operands before users.
    pub nodes: Vec<Node>,
    /// The text of each node, operands included.
    pub spans: Vec<Span>,
}

impl Expr {
    /// Appends a node.
    pub fn push(&mut self, node: Node, span: Span) -> NodeId {
        self.nodes.push(node);
        self.spans.push(span);
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    /// The node that stands for the whole expression.
    pub fn root(&self) -> NodeId {
        NodeId(u32::try_from(self.nodes.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// The text of the whole expression.
    pub fn span(&self) -> Span {
        self.span_of(self.root())
    }

    /// The text of one node.
    pub fn span_of(&self, node: NodeId) -> Span {
        self.spans[node.0 as usize]
    }

    /// One node.
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }
}

/// One operation of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `1.5e-3`
    Float(f64),
    /// `12`, `0xff`, `1_000`
    Integer(i64),
    /// `True`, `False`
    Boolean(bool),
    /// A variable, constant or unit.
    Name(String),
    /// `-a`, `+a`, `not a`
    Unary(UnaryOp, NodeId),
    /// `a + b`
    Binary(BinaryOp, NodeId, NodeId),
    /// `exp(a)`; the ident is the function's name alone.
    Call(Ident, Vec<NodeId>),
}

/// Operators before one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnaryOp {
    /// `-a`
    Negate,
    /// `+a`
    Plus,
    /// `not a`
    Not,
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BinaryOp {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`, always true division
    Divide,
    /// `a // b`, rounded towards minus infinity
    FloorDivide,
    /// `a % b`, with the sign of `b`
    Remainder,
    /// `a ** b`
    Power,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
    /// `a > b`
    Greater,
    /// `a >= b`
    GreaterEqual,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a and b`
    And,
    /// `a or b`
    Or,
}

impl UnaryOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            UnaryOp::Negate => "-",
            UnaryOp::Plus => "+",
            UnaryOp::Not => "not",
        }
    }
}

impl BinaryOp {
    /// Whether it compares two values.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual)
    }

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::FloorDivide => "//",
            BinaryOp::Remainder => "%",
            BinaryOp::Power => "**",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        }
    }
}

/// One definition of an equations block.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// What is defined: `v` of `dv/dt = …`.
    pub name: Ident,
    /// How.
    pub kind: EquationKind,
    /// The text after the colon: `volt`, `1`, `integer`, `siemens/metre**2`.
    pub unit: Expr,
    /// `(constant, shared)`; a flag of several words has single blanks between them.
    pub flags: Vec<Ident>,
    /// The whole definition.
    pub span: Span,
}

/// The three kinds of definition.
#[derive(Clone, Debug, PartialEq)]
pub enum EquationKind {
    /// `dv/dt = expr : unit`
    Differential(Expr),
    /// `name = expr : unit`
    Subexpression(Expr),
    /// `name : unit`
    Parameter,
}

/// An equations block.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Equations {
    /// In the order of the text.
    pub list: Vec<Equation>,
}

/// `target op value`
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The variable written.
    pub target: Ident,
    /// How it is written.
    pub op: AssignOp,
    /// The right-hand side.
    pub value: Expr,
    /// The whole statement.
    pub span: Span,
}

/// `=` or `+=` and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignOp {
    /// `=`
    Set,
    /// `+=`, `-=`, `*=`, `/=`, `%=`
    Update(BinaryOp),
}

/// A model file.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ModelFile {
    /// In the order of the text.
    pub items: Vec<Item>,
}

/// One item of a model file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `clock dt = 0.1*ms`, `clock slow dt = 1*ms`
    Clock {
        /// `None` for the clock of every group that names none.
        name: Option<Ident>,
        /// The length of a tick.
        dt: Expr,
        /// The whole item.
        span: Span,
    },
    /// `constant E_L = -60*mV`
    Constant {
        /// What it is called.
        name: Ident,
        /// What it is.
        value: Expr,
        /// The whole item.
        span: Span,
    },
    /// `group cells[100] { … }`
    Group(Group),
    /// `record cells.v`
    Record(Record),
    /// `set cells.tau = 5*ms`: a write between two runs.
    Set {
        /// The group.
        group: Ident,
        /// What is written.
        statement: Statement,
    },
    /// `run 100*second`
    Run {
        /// How long.
        duration: Expr,
        /// The whole item.
        span: Span,
    },
    /// `timed_array drive every 10*ms = [0, 1, 2]*nA`
    TimedArray(TimedArray),
    /// `pause cells.v`, `resume cells.v`: recording goes off or on between two runs.
    Switch {
        /// The group.
        group: Ident,
        /// What is recorded.
        variable: Ident,
        /// Whether recording goes on.
        on: bool,
        /// The whole item.
        span: Span,
    },
    /// `math precise`, `denormals flush`, `precision float32`
    Setting {
        /// Which.
        key: Ident,
        /// To what.
        value: Ident,
    },
}

/// `group name[size] { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: Ident,
    /// The number of elements: an integer expression of literals and constants.
    pub size: Expr,
    /// The equations, in the order of the text.
    pub equations: Equations,
    /// `method euler`; several are an error that the model reports.
    pub methods: Vec<Ident>,
    /// `clock slow`
    pub clocks: Vec<Ident>,
    /// `precision float32`
    pub precisions: Vec<Ident>,
    /// `init v = 1*mV`, in the order of the text.
    pub init: Vec<Statement>,
    /// `threshold v > 20*mV`; several are an error that the model reports, as below.
    pub thresholds: Vec<Clause>,
    /// `reset v = 0*mV; n += 1`
    pub resets: Vec<Code>,
    /// `refractory 5*ms`
    pub refractory: Vec<Clause>,
    /// `poisson 10*Hz`
    pub poisson: Vec<Clause>,
    /// `event up = v > 10*mV`
    pub events: Vec<Event>,
    /// `run_on_event up { n += 1 }`
    pub handlers: Vec<Handler>,
    /// `run_regularly every 10*ms { v += 1*mV }`
    pub regular: Vec<Regular>,
    /// `spikes [0, 2] at [1, 3]*ms`
    pub spikes: Vec<GivenSpikes>,
    /// From `group` to the closing brace.
    pub span: Span,
}

/// A word with one expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The expression.
    pub value: Expr,
    /// The whole line.
    pub span: Span,
}

/// Statements after a word, in braces or on its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// In the order of the text.
    pub statements: Vec<Statement>,
    /// From the word to the end.
    pub span: Span,
}

/// `event up = v > 10*mV`
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: Ident,
    /// When it happens.
    pub condition: Expr,
    /// The whole line.
    pub span: Span,
}

/// `run_on_event up { n += 1 }`
#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    /// The event.
    pub event: Ident,
    /// What happens then.
    pub code: Code,
}

/// `run_regularly every 10*ms { v += 1*mV }`
#[derive(Clone, Debug, PartialEq)]
pub struct Regular {
    /// The interval; `None` is every tick of the group.
    pub every: Option<Expr>,
    /// What happens then.
    pub code: Code,
}

/// `spikes [0, 2] at [1, 3]*ms period 10*ms`
#[derive(Clone, Debug, PartialEq)]
pub struct GivenSpikes {
    /// The element of each spike.
    pub elements: Array,
    /// The time of each spike.
    pub times: Array,
    /// After which all is repeated.
    pub period: Option<Expr>,
    /// The whole line.
    pub span: Span,
}

/// Several numbers, written down or in a file, times a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The numbers.
    pub values: ArrayValues,
    /// What each of them is multiplied by.
    pub scale: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// Where the numbers of an [`Array`] stand.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrayValues {
    /// `[1, 2, 3]`
    List(Vec<Expr>),
    /// `[[1, 2], [3, 4]]`, row by row.
    Rows(Vec<Vec<Expr>>),
    /// `"drive.npy"`: the name without quotes, where it stands.
    File(Ident),
}

/// `timed_array drive every 10*ms = [0, 1, 2]*nA`
#[derive(Clone, Debug, PartialEq)]
pub struct TimedArray {
    /// What it is called.
    pub name: Ident,
    /// The time between two rows.
    pub every: Expr,
    /// A row for each time.
    pub values: Array,
    /// The whole item.
    pub span: Span,
}

/// `record cells.v[0, 5, 10:20] every 1*ms when end order 1 last 1000`
///
/// and `record cells.spikes(v, w)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The group.
    pub group: Ident,
    /// The variable or subexpression.
    pub variable: Ident,
    /// Chosen elements; `None` records all.
    pub elements: Option<Vec<Elements>>,
    /// `(v, w)`: variables that are kept at each event; `None` without parentheses.
    pub captured: Option<Vec<Ident>>,
    /// The interval; `None` records at every tick of the group's clock.
    pub every: Option<Expr>,
    /// The slot of the schedule: `start`, `after_resets`.
    pub when: Option<Ident>,
    /// The place within the slot.
    pub order: Option<Expr>,
    /// How many of the newest samples are kept; `None` keeps all.
    pub last: Option<Expr>,
    /// Over which time a rate is smoothed.
    pub smooth: Option<Expr>,
    /// The whole item.
    pub span: Span,
}

/// One entry between the brackets of a `record`.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// `5`
    One(Expr),
    /// `10:20`, `:20`, `10:`; the end is not included.
    Range(Option<Expr>, Option<Expr>),
}
