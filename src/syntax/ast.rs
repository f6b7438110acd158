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
    /// `math precise`, `denormals flush`
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
    /// `init v = 1*mV`, in the order of the text.
    pub init: Vec<Statement>,
    /// From `group` to the closing brace.
    pub span: Span,
}

/// `record cells.v[0, 5, 10:20] every 1*ms`
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The group.
    pub group: Ident,
    /// The variable or subexpression.
    pub variable: Ident,
    /// Chosen elements; `None` records all.
    pub elements: Option<Vec<Elements>>,
    /// The interval; `None` records at every tick of the group's clock.
    pub every: Option<Expr>,
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
