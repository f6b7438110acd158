//! Groups from a few lines of text, and steps run with the test evaluator.
//!
//! A line is `dv/dt = …`, `I = …`, `const I = …` (constant over dt), `tau` (a parameter) or
//! `shared tau`. All numbers are floats without dimension.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use dvdt::algebra::linear::propagator;
use dvdt::algebra::{Binary, ExprId, Function, Kind, Pool, Symbol};
use dvdt::diagnostic::Report;
use dvdt::dimension::Dimension;
use dvdt::model::{Builtin, Group, Method, Role, Variable};
use dvdt::scheme::{self, Step};
use dvdt::source::{Sources, Span};

use crate::evaluator::evaluate;

/// The group that `text` describes.
pub fn group(text: &str, method: Option<Method>) -> Group {
    let source = Sources::new().add("test", text);
    let span = |index: usize| Span::new(source, index..index + 1);
    let lines: Vec<(String, Option<String>, bool, bool)> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(line).collect();
    let mut names: Vec<String> = Builtin::ALL.iter().map(|builtin| builtin.name().to_string()).collect();
    names.extend(lines.iter().map(|(name, ..)| name.split('/').next().unwrap().to_string()));
    for ((name, ..), known) in lines.iter().zip(&mut names[5..]) {
        if name.ends_with("/dt") {
            known.remove(0);
        }
    }
    let mut variables: Vec<Variable> =
        Builtin::ALL.iter().map(|&builtin| variable(builtin.name(), Role::Builtin(builtin), span(0))).collect();
    for variable in &mut variables {
        variable.shared = variable.name != "i";
    }
    let mut pool = Pool::new();
    let mut calls = 0;
    for (index, (name, value, constant_over_dt, shared)) in lines.iter().enumerate() {
        let value =
            value.as_ref().map(|text| Parser { pool: &mut pool, names: &names, rest: text, calls: &mut calls }.sum());
        let role = match value {
            Some(derivative) if name.ends_with("/dt") => Role::State { derivative },
            Some(value) => Role::Subexpression { value, constant_over_dt: *constant_over_dt },
            None => Role::Parameter,
        };
        let mut variable = variable(&names[5 + index], role, span(index));
        variable.shared = *shared;
        variables.push(variable);
    }
    Group {
        name: String::from("cells"),
        size: 1,
        clock: 0,
        pool,
        variables,
        precision: dvdt::model::Precision::default(),
        method: method.map(|method| (method, span(99))),
        init: vec![],
        refractory: None,
        events: vec![],
        regular: vec![],
        locally_constant: vec![],
        span: span(0),
    }
}

fn line(line: &str) -> (String, Option<String>, bool, bool) {
    let (left, right) = match line.split_once('=') {
        Some((left, right)) => (left.trim(), Some(right.to_string())),
        None => (line, None),
    };
    let constant = left.strip_prefix("const ");
    let shared = left.strip_prefix("shared ");
    (constant.or(shared).unwrap_or(left).to_string(), right, constant.is_some(), shared.is_some())
}

fn variable(name: &str, role: Role, span: Span) -> Variable {
    let (name, dimension) = (name.to_string(), Dimension::DIMENSIONLESS);
    Variable {
        name,
        kind: Kind::Float,
        dimension,
        role,
        shared: false,
        constant: false,
        unless_refractory: false,
        noisy: false,
        span,
    }
}

struct Parser<'a> {
    pool: &'a mut Pool,
    names: &'a [String],
    rest: &'a str,
    calls: &'a mut i64,
}

impl Parser<'_> {
    fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn sum(&mut self) -> ExprId {
        let mut sum = self.product();
        loop {
            let op = if self.eat("+") {
                Binary::Add
            } else if self.eat("-") {
                Binary::Subtract
            } else {
                return sum;
            };
            let right = self.product();
            sum = self.pool.binary(op, sum, right);
        }
    }

    fn product(&mut self) -> ExprId {
        let mut product = self.power();
        loop {
            let op = if self.eat("*") {
                Binary::Multiply
            } else if self.eat("/") {
                Binary::Divide
            } else {
                return product;
            };
            let right = self.power();
            product = self.pool.binary(op, product, right);
        }
    }

    fn power(&mut self) -> ExprId {
        if self.eat("-") {
            let inner = self.power();
            return self.pool.negate(inner);
        }
        let base = self.atom();
        if self.eat("**") {
            let exponent = self.power();
            return self.pool.binary(Binary::Power, base, exponent);
        }
        base
    }

    fn atom(&mut self) -> ExprId {
        if self.eat("(") {
            let inner = self.sum();
            assert!(self.eat(")"), "{}", self.rest);
            return inner;
        }
        let text = self.rest.trim_start();
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.');
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        if let Ok(number) = word.parse::<f64>() {
            self.pool.float(number)
        } else if let Some(function) = Function::named(word) {
            self.call(function)
        } else {
            let index = self.names.iter().position(|name| name == word).unwrap_or_else(|| panic!("`{word}`"));
            let kind = if word == "t_in_timesteps" || word == "i" { Kind::Integer } else { Kind::Float };
            self.pool.symbol(Symbol(index as u32), kind)
        }
    }

    fn call(&mut self, function: Function) -> ExprId {
        assert!(self.eat("("));
        let mut arguments = vec![];
        while !self.eat(")") {
            arguments.push(self.sum());
            self.eat(",");
        }
        if function.is_random() {
            *self.calls += 1;
            arguments.push(self.pool.integer(*self.calls));
        }
        self.pool.call(function, &arguments)
    }
}

/// A group, its step, and the values of its variables and hidden numbers.
pub struct Run {
    pub group: Group,
    pub step: Step,
    values: Vec<f64>,
    tick: u64,
    dt: f64,
}

impl Run {
    /// Takes the step of `text` by `method`, which must apply.
    pub fn new(text: &str, method: Method, dt: f64, initial: &[(&str, f64)]) -> Run {
        let mut report = Report::new();
        let group = group(text, Some(method));
        let step = scheme::step(&group, &mut report).unwrap_or_else(|| panic!("{:?}", report.diagnostics));
        let values = vec![f64::NAN; group.variables.len() + step.hidden.len()];
        let mut run = Run { group, step, values, tick: 0, dt };
        for &(name, value) in initial {
            run.set(name, value);
        }
        run
    }

    pub fn set(&mut self, name: &str, value: f64) {
        let symbol = self.group.find(name).unwrap();
        self.values[symbol.index()] = value;
    }

    pub fn get(&self, name: &str) -> f64 {
        self.values[self.group.find(name).unwrap().index()]
    }

    pub fn evaluate(&self, id: ExprId) -> f64 {
        evaluate(&self.step.pool, id, &|symbol| self.values[symbol.index()])
    }

    pub fn tick(&mut self) {
        self.set("t", self.tick as f64 * self.dt);
        self.set("dt", self.dt);
        self.set("t_in_timesteps", self.tick as f64);
        for &(symbol, value) in &self.step.before.clone() {
            self.values[symbol.index()] = self.evaluate(value);
        }
        for propagator in &self.step.propagators.clone() {
            self.propagate(propagator);
        }
        let new: Vec<(Symbol, f64)> =
            self.step.updates.iter().map(|&(symbol, value)| (symbol, self.evaluate(value))).collect();
        new.into_iter().for_each(|(symbol, value)| self.values[symbol.index()] = value);
        self.tick += 1;
    }

    fn propagate(&mut self, system: &scheme::Propagator) {
        let a: Vec<f64> = system.matrix.iter().map(|&entry| self.evaluate(entry)).collect();
        let (p, q) = propagator(&a, system.size, self.dt);
        for (slots, numbers) in [(&system.exponential, p), (&system.integral, q)] {
            for (slot, number) in slots.iter().zip(numbers) {
                match slot {
                    Some(symbol) => self.values[symbol.index()] = number,
                    None => {}
                }
            }
        }
    }

    pub fn ticks(mut self, count: usize) -> Run {
        (0..count).for_each(|_| self.tick());
        self
    }
}
