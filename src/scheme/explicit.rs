//! Explicit Runge–Kutta schemes, each a few lines of text.
//!
//! In the notation every line is `name = expression`. `x` stands for all state variables at once,
//! `f(x, t)` for their derivatives where the states are the first argument and the time is the
//! second; `t` and `dt` are numbers, and `x_new` is what the tick assigns. Whatever is not a state
//! variable is frozen, but for `t` where an equation names it.

use rustc_hash::FxHashMap;

use crate::algebra::{Binary, ExprId, Kind, Pool, Symbol};
use crate::model::{Builtin, Method};

use super::inline::System;

/// A scheme of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explicit {
    /// The name users write.
    pub method: Method,
    /// The order of convergence.
    pub order: u32,
    /// How it is computed.
    pub text: &'static str,
}

impl Explicit {
    /// How often the equations are evaluated.
    pub fn stages(&self) -> usize {
        self.text.matches("f(").count()
    }
}

/// Hairer, Nørsett & Wanner 1993, *Solving Ordinary Differential Equations I*, equation I.7.3.
pub const EULER: Explicit = Explicit { method: Method::Euler, order: 1, text: "x_new = x + dt*f(x, t)" };

/// The midpoint method, equation II.1.4 there.
pub const RK2: Explicit = Explicit {
    method: Method::Rk2,
    order: 2,
    text: "k = f(x, t)
           x_new = x + dt*f(x + dt/2*k, t + dt/2)",
};

/// The classical method, table II.1.2 there.
pub const RK4: Explicit = Explicit {
    method: Method::Rk4,
    order: 4,
    text: "k1 = f(x, t)
           k2 = f(x + dt/2*k1, t + dt/2)
           k3 = f(x + dt/2*k2, t + dt/2)
           k4 = f(x + dt*k3, t + dt)
           x_new = x + dt/6*(k1 + 2*k2 + 2*k3 + k4)",
};

/// All of them.
pub const SCHEMES: [Explicit; 3] = [EULER, RK2, RK4];

/// The new values of the state variables, in the order of the equations; `None` only if `text` is
/// not in the notation.
pub(super) fn updates(system: &mut System, text: &'static str) -> Option<Vec<(Symbol, ExprId)>> {
    let mut reader = Reader::new(system);
    for line in text.lines() {
        reader.line(line)?;
    }
    let Quantity::States(new) = reader.lookup("x_new")? else { return None };
    let states = system.equations.iter().map(|&(symbol, _)| symbol);
    Some(states.zip(new).collect())
}

/// What a part of the notation stands for.
#[derive(Clone, Debug)]
enum Quantity {
    /// One expression.
    Number(ExprId),
    /// An expression for each equation.
    States(Vec<ExprId>),
}

/// Reads the notation and builds what it says. It descends once per parenthesis, and all texts
/// are those of the table above.
struct Reader<'a> {
    pool: &'a mut Pool,
    equations: &'a [(Symbol, ExprId)],
    known: Vec<(&'static str, Quantity)>,
    rest: &'static str,
}

impl<'a> Reader<'a> {
    fn new(system: &'a mut System) -> Self {
        let pool = &mut system.pool;
        let states = system.equations.iter().map(|&(symbol, _)| pool.symbol(symbol, Kind::Float)).collect();
        let time = pool.symbol(Builtin::Time.symbol(), Kind::Float);
        let dt = pool.symbol(Builtin::Dt.symbol(), Kind::Float);
        let known = vec![("x", Quantity::States(states)), ("t", Quantity::Number(time)), ("dt", Quantity::Number(dt))];
        Reader { pool, equations: &system.equations, known, rest: "" }
    }

    fn lookup(&self, name: &str) -> Option<Quantity> {
        self.known.iter().find(|(known, _)| *known == name).map(|(_, quantity)| quantity.clone())
    }

    /// name = sum
    fn line(&mut self, line: &'static str) -> Option<()> {
        let (name, text) = line.split_once('=')?;
        self.rest = text;
        let quantity = self.sum()?;
        self.known.push((name.trim(), quantity));
        self.rest.trim().is_empty().then_some(())
    }

    /// product {+ product}
    fn sum(&mut self) -> Option<Quantity> {
        let mut sum = self.product()?;
        while self.eat("+") {
            let right = self.product()?;
            sum = self.combine(Binary::Add, &sum, &right)?;
        }
        Some(sum)
    }

    /// factor {* factor | / factor}
    fn product(&mut self) -> Option<Quantity> {
        let mut product = self.factor()?;
        loop {
            let op = if self.eat("*") {
                Binary::Multiply
            } else if self.eat("/") {
                Binary::Divide
            } else {
                return Some(product);
            };
            let right = self.factor()?;
            product = self.combine(op, &product, &right)?;
        }
    }

    /// ( sum ) | f(sum, sum) | number | name
    fn factor(&mut self) -> Option<Quantity> {
        if self.eat("(") {
            let inner = self.sum()?;
            return self.eat(")").then_some(inner);
        }
        if self.eat("f(") {
            let states = self.sum()?;
            let time = self.eat(",").then(|| self.sum())??;
            return if self.eat(")") { self.derivatives(&states, &time) } else { None };
        }
        let word = self.word();
        match word.parse::<u32>() {
            Ok(number) => Some(Quantity::Number(self.pool.float(f64::from(number)))),
            Err(_) => self.lookup(word),
        }
    }

    /// Steps over `sign` if the text goes on with it.
    fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn word(&mut self) -> &'static str {
        let text = self.rest.trim_start();
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }

    fn combine(&mut self, op: Binary, a: &Quantity, b: &Quantity) -> Option<Quantity> {
        let pool = &mut *self.pool;
        Some(match (a, b) {
            (&Quantity::Number(a), &Quantity::Number(b)) => Quantity::Number(pool.binary(op, a, b)),
            (&Quantity::Number(a), Quantity::States(b)) => {
                Quantity::States(b.iter().map(|&b| pool.binary(op, a, b)).collect())
            }
            (Quantity::States(a), &Quantity::Number(b)) => {
                Quantity::States(a.iter().map(|&a| pool.binary(op, a, b)).collect())
            }
            (Quantity::States(a), Quantity::States(b)) => {
                Quantity::States(a.iter().zip(b).map(|(&a, &b)| pool.binary(op, a, b)).collect())
            }
        })
    }

    /// f(states, time): the right-hand sides with the states and the time replaced.
    fn derivatives(&mut self, states: &Quantity, time: &Quantity) -> Option<Quantity> {
        let (Quantity::States(states), &Quantity::Number(time)) = (states, time) else { return None };
        let (symbols, roots): (Vec<Symbol>, Vec<ExprId>) = self.equations.iter().copied().unzip();
        let mut image: FxHashMap<Symbol, ExprId> = symbols.into_iter().zip(states.iter().copied()).collect();
        image.insert(Builtin::Time.symbol(), time);
        let values = self.pool.substitute(&roots, |symbol| image.get(&symbol).copied());
        Some(Quantity::States(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_in_the_notation() {
        for scheme in &SCHEMES {
            let mut pool = Pool::new();
            let v = pool.symbol(Symbol(5), Kind::Float);
            let mut system = System { pool, equations: vec![(Symbol(5), v)], before: vec![], hidden: 0 };
            assert!(updates(&mut system, scheme.text).is_some(), "{}", scheme.text);
        }
    }
}
