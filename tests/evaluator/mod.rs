//! Evaluates expressions with std's functions: an oracle for tests, not for users.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use dvdt::algebra::{Binary, Expr, ExprId, Function, Pool, Symbol, Unary};

/// The value of `root`, truth values as 0 and 1, with the symbols' values from `value`.
pub fn evaluate(pool: &Pool, root: ExprId, value: &dyn Fn(Symbol) -> f64) -> f64 {
    let mut values = vec![f64::NAN; root.index() + 1];
    for id in pool.reachable(&[root]) {
        let at = |id: ExprId| values[id.index()];
        values[id.index()] = match pool.get(id) {
            &Expr::Float(bits) => f64::from_bits(bits),
            &Expr::Integer(value) => value as f64,
            &Expr::Boolean(value) => f64::from(u8::from(value)),
            &Expr::Symbol(symbol) => value(symbol),
            &Expr::Unary(Unary::Negate, a) => -at(a),
            &Expr::Unary(Unary::Not, a) => truth(at(a) == 0.0),
            &Expr::Binary(op, a, b) => binary(op, at(a), at(b)),
            Expr::Call(function, arguments) => {
                call(*function, &arguments.iter().map(|&argument| at(argument)).collect::<Vec<_>>())
            }
        };
    }
    values[root.index()]
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

fn binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::FloorDivide => (a / b).floor(),
        Binary::Remainder => a - b * (a / b).floor(),
        Binary::Power => a.powf(b),
        Binary::Less => truth(a < b),
        Binary::LessEqual => truth(a <= b),
        Binary::Equal => truth(a == b),
        Binary::NotEqual => truth(a != b),
        Binary::And => truth(a != 0.0 && b != 0.0),
        Binary::Or => truth(a != 0.0 || b != 0.0),
    }
}

fn call(function: Function, arguments: &[f64]) -> f64 {
    let a = arguments[0];
    match function {
        Function::Sin => a.sin(),
        Function::Cos => a.cos(),
        Function::Tan => a.tan(),
        Function::Sinh => a.sinh(),
        Function::Cosh => a.cosh(),
        Function::Tanh => a.tanh(),
        Function::Arcsin => a.asin(),
        Function::Arccos => a.acos(),
        Function::Arctan => a.atan(),
        Function::Exp => a.exp(),
        Function::Log => a.ln(),
        Function::Log10 => a.log10(),
        Function::Expm1 => a.exp_m1(),
        Function::Log1p => a.ln_1p(),
        Function::Exprel => {
            if a == 0.0 {
                1.0
            } else {
                a.exp_m1() / a
            }
        }
        Function::Sqrt => a.sqrt(),
        Function::Floor => a.floor(),
        Function::Ceil => a.ceil(),
        Function::Abs => a.abs(),
        Function::Sign => {
            if a == 0.0 {
                0.0
            } else {
                a.signum()
            }
        }
        Function::Clip => a.max(arguments[1]).min(arguments[2]),
        Function::Int => a.trunc(),
        Function::Timestep => (a / arguments[1]).floor(),
        Function::Select if a == 0.0 => arguments[2],
        Function::Select => arguments[1],
        Function::Timed => panic!("no timed arrays here"),
        Function::Rand | Function::Randn | Function::Poisson => panic!("no random numbers here"),
    }
}
