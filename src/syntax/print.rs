//! The text form of what was read: parsing it again gives the same tree.
//!
//! Expressions get the fewest parentheses. They are written with a list of what is left to do in
//! place of recursion, so that depth is bounded by memory alone.

use std::fmt::{Display, Formatter, Result, Write};

use super::ast::{
    Array, ArrayValues, AssignOp, BinaryOp, Code, Elements, Equation, EquationKind, Equations, Expr, Group, Item,
    ModelFile, Node, NodeId, Record, Statement, UnaryOp,
};

/// How strongly an operator binds; a weaker one inside a stronger one needs parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Strength {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
    Power,
    Atom,
}

impl Strength {
    fn of(node: &Node) -> Self {
        match node {
            Node::Unary(UnaryOp::Not, _) => Strength::Not,
            Node::Unary(UnaryOp::Negate | UnaryOp::Plus, _) => Strength::Sign,
            Node::Binary(op, ..) => Strength::of_operator(*op),
            Node::Float(_) | Node::Integer(_) | Node::Boolean(_) | Node::Name(_) | Node::Call(..) => Strength::Atom,
        }
    }

    fn of_operator(op: BinaryOp) -> Self {
        use BinaryOp::{
            Add, And, Divide, Equal, FloorDivide, Greater, GreaterEqual, Less, LessEqual, Multiply, NotEqual, Or,
            Power, Remainder, Subtract,
        };
        match op {
            Or => Strength::Or,
            And => Strength::And,
            Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual => Strength::Comparison,
            Add | Subtract => Strength::Sum,
            Multiply | Divide | FloorDivide | Remainder => Strength::Product,
            Power => Strength::Power,
        }
    }

    /// What the two operands of an operator must bind with at least.
    fn of_operands(op: BinaryOp) -> [Strength; 2] {
        match Strength::of_operator(op) {
            Strength::Or => [Strength::Or, Strength::And],
            Strength::And => [Strength::And, Strength::Not],
            Strength::Sum => [Strength::Sum, Strength::Product],
            Strength::Product => [Strength::Product, Strength::Sign],
            Strength::Power => [Strength::Atom, Strength::Sign],
            // Comparisons do not chain. The other three are of no binary operator.
            Strength::Comparison | Strength::Not | Strength::Sign | Strength::Atom => [Strength::Sum; 2],
        }
    }
}

/// What is left to write.
enum Task<'e> {
    Node(NodeId, Strength),
    Text(&'e str),
}

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        if self.nodes.is_empty() {
            return Ok(());
        }
        let mut tasks = vec![Task::Node(self.root(), Strength::Or)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Text(text) => out.write_str(text)?,
                Task::Node(id, least) => self.write_node(id, least, &mut tasks, out)?,
            }
        }
        Ok(())
    }
}

impl Expr {
    /// Writes a leaf; puts the parts of anything else on `tasks`, the last first.
    fn write_node<'e>(
        &'e self,
        id: NodeId,
        least: Strength,
        tasks: &mut Vec<Task<'e>>,
        out: &mut Formatter<'_>,
    ) -> Result {
        let node = self.node(id);
        let bare = Strength::of(node) >= least;
        if !bare {
            out.write_char('(')?;
            tasks.push(Task::Text(")"));
        }
        match node {
            Node::Float(value) => write!(out, "{value:?}"),
            Node::Integer(value) => write!(out, "{value}"),
            Node::Boolean(value) => out.write_str(if *value { "True" } else { "False" }),
            Node::Name(name) => out.write_str(name),
            Node::Unary(op, operand) => {
                tasks.push(Task::Node(*operand, Strength::of(node)));
                out.write_str(if *op == UnaryOp::Not { "not " } else { op.symbol() })
            }
            Node::Binary(op, left, right) => {
                let [first, second] = Strength::of_operands(*op);
                let operator = [Task::Node(*right, second), Task::Text(spaced(*op)), Task::Node(*left, first)];
                tasks.extend(operator);
                Ok(())
            }
            Node::Call(name, arguments) => {
                tasks.push(Task::Text(")"));
                for (index, argument) in arguments.iter().enumerate().rev() {
                    tasks.push(Task::Node(*argument, Strength::Or));
                    tasks.push(Task::Text(if index == 0 { "" } else { ", " }));
                }
                write!(out, "{}(", name.name)
            }
        }
    }
}

/// An operator and the blanks around it.
fn spaced(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => " + ",
        BinaryOp::Subtract => " - ",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::FloorDivide => " // ",
        BinaryOp::Remainder => " % ",
        BinaryOp::Power => "**",
        BinaryOp::Less => " < ",
        BinaryOp::LessEqual => " <= ",
        BinaryOp::Greater => " > ",
        BinaryOp::GreaterEqual => " >= ",
        BinaryOp::Equal => " == ",
        BinaryOp::NotEqual => " != ",
        BinaryOp::And => " and ",
        BinaryOp::Or => " or ",
    }
}

impl Display for Equation {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let name = &self.name.name;
        match &self.kind {
            EquationKind::Differential(value) => write!(out, "d{name}/dt = {value}")?,
            EquationKind::Subexpression(value) => write!(out, "{name} = {value}")?,
            EquationKind::Parameter => out.write_str(name)?,
        }
        write!(out, " : {}", self.unit)?;
        if !self.flags.is_empty() {
            let flags: Vec<&str> = self.flags.iter().map(|flag| flag.name.as_str()).collect();
            write!(out, " ({})", flags.join(", "))?;
        }
        Ok(())
    }
}

impl Display for Equations {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.list.iter().try_for_each(|equation| writeln!(out, "{equation}"))
    }
}

impl Display for Statement {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let update = match self.op {
            AssignOp::Set => "",
            AssignOp::Update(op) => op.symbol(),
        };
        write!(out, "{} {update}= {}", self.target.name, self.value)
    }
}

impl Display for ModelFile {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.items.iter().try_for_each(|item| writeln!(out, "{item}"))
    }
}

impl Display for Item {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Item::Clock { name: None, dt, .. } => write!(out, "clock dt = {dt}"),
            Item::Clock { name: Some(name), dt, .. } => write!(out, "clock {} dt = {dt}", name.name),
            Item::Constant { name, value, .. } => write!(out, "constant {} = {value}", name.name),
            Item::Group(group) => write!(out, "{group}"),
            Item::Record(record) => write!(out, "{record}"),
            Item::Set { group, statement } => write!(out, "set {}.{statement}", group.name),
            Item::Run { duration, .. } => write!(out, "run {duration}"),
            Item::Setting { key, value } => write!(out, "{} {}", key.name, value.name),
            Item::TimedArray(array) => {
                write!(out, "timed_array {} every {} = {}", array.name.name, array.every, array.values)
            }
            Item::Switch { group, variable, on, .. } => {
                write!(out, "{} {}.{}", if *on { "resume" } else { "pause" }, group.name, variable.name)
            }
        }
    }
}

impl Display for Group {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        writeln!(out, "group {}[{}] {{", self.name.name, self.size)?;
        self.equations.list.iter().try_for_each(|equation| writeln!(out, "    {equation}"))?;
        self.methods.iter().try_for_each(|method| writeln!(out, "    method {}", method.name))?;
        self.clocks.iter().try_for_each(|clock| writeln!(out, "    clock {}", clock.name))?;
        self.precisions.iter().try_for_each(|precision| writeln!(out, "    precision {}", precision.name))?;
        self.init.iter().try_for_each(|statement| writeln!(out, "    init {statement}"))?;
        self.thresholds.iter().try_for_each(|clause| writeln!(out, "    threshold {}", clause.value))?;
        self.resets.iter().try_for_each(|code| writeln!(out, "    reset {code}"))?;
        self.refractory.iter().try_for_each(|clause| writeln!(out, "    refractory {}", clause.value))?;
        self.poisson.iter().try_for_each(|clause| writeln!(out, "    poisson {}", clause.value))?;
        self.events
            .iter()
            .try_for_each(|event| writeln!(out, "    event {} = {}", event.name.name, event.condition))?;
        for handler in &self.handlers {
            writeln!(out, "    run_on_event {} {}", handler.event.name, handler.code)?;
        }
        for regular in &self.regular {
            match &regular.every {
                Some(every) => writeln!(out, "    run_regularly every {every} {}", regular.code)?,
                None => writeln!(out, "    run_regularly {}", regular.code)?,
            }
        }
        for spikes in &self.spikes {
            write!(out, "    spikes {} at {}", spikes.elements, spikes.times)?;
            spikes.period.iter().try_for_each(|period| write!(out, " period {period}"))?;
            writeln!(out)?;
        }
        out.write_char('}')
    }
}

impl Display for Code {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        writeln!(out, "{{")?;
        self.statements.iter().try_for_each(|statement| writeln!(out, "        {statement}"))?;
        write!(out, "    }}")
    }
}

impl Display for Array {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let list = |row: &[Expr]| row.iter().map(Expr::to_string).collect::<Vec<_>>().join(", ");
        match &self.values {
            ArrayValues::List(row) => write!(out, "[{}]", list(row))?,
            ArrayValues::Rows(rows) => {
                let rows: Vec<String> = rows.iter().map(|row| format!("[{}]", list(row))).collect();
                write!(out, "[{}]", rows.join(", "))?;
            }
            ArrayValues::File(name) => write!(out, "\"{}\"", name.name)?,
        }
        self.scale.iter().try_for_each(|scale| match Strength::of(scale.node(scale.root())) {
            Strength::Product | Strength::Sign | Strength::Power | Strength::Atom => write!(out, "*{scale}"),
            Strength::Or | Strength::And | Strength::Not | Strength::Comparison | Strength::Sum => {
                write!(out, "*({scale})")
            }
        })
    }
}

impl Display for Record {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "record {}.{}", self.group.name, self.variable.name)?;
        if let Some(elements) = &self.elements {
            let list: Vec<String> = elements.iter().map(Elements::to_string).collect();
            write!(out, "[{}]", list.join(", "))?;
        }
        if let Some(captured) = &self.captured {
            let names: Vec<&str> = captured.iter().map(|name| name.name.as_str()).collect();
            write!(out, "({})", names.join(", "))?;
        }
        self.every.iter().try_for_each(|every| write!(out, " every {every}"))?;
        self.when.iter().try_for_each(|when| write!(out, " when {}", when.name))?;
        self.order.iter().try_for_each(|order| write!(out, " order {order}"))?;
        self.last.iter().try_for_each(|last| write!(out, " last {last}"))?;
        self.smooth.iter().try_for_each(|smooth| write!(out, " smooth {smooth}"))
    }
}

impl Display for Elements {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let write = |expr: &Option<Expr>| expr.as_ref().map_or(String::new(), Expr::to_string);
        match self {
            Elements::One(index) => write!(out, "{index}"),
            Elements::Range(from, to) => write!(out, "{}:{}", write(from), write(to)),
        }
    }
}
