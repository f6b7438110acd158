//! Models whose names, kinds and dimensions are right, with anything in them that a text may hold.

use arbitrary::{Result, Unstructured};
use std::fmt::Write;

/// A model file. Every group has two variables of each sort, so that expressions find operands.
pub fn model(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::from("clock dt = 0.1*ms\nclock slow dt = 0.25*ms\n");
    let _ = writeln!(text, "math {}", u.choose(&["fast", "precise"])?);
    let _ = writeln!(text, "precision {}", u.choose(&["float64", "float32"])?);
    let _ = writeln!(text, "constant k = {}*mV", small(u)?);
    let _ = writeln!(text, "timed_array ta every {}*ms = [{}, 0, {}]", u.choose(&["0.3", "1"])?, small(u)?, small(u)?);
    for number in 0..u.int_in_range(1..=2)? {
        text.push_str(&group(u, number)?);
    }
    let _ = writeln!(text, "record g0.x\nrecord g0.s every 0.3*ms");
    if text.contains("threshold") && u.ratio(2, 3)? {
        let group = spiking(&text).to_owned();
        let _ = writeln!(text, "record {group}.spikes{}", u.choose(&["", "(x, b, s)"])?);
        let _ = writeln!(text, "record {group}.population_rate");
    }
    if u.ratio(1, 4)? {
        let slot = u.choose(&["after_groups", "after_thresholds", "resets", "after_resets", "end"])?;
        let _ = writeln!(text, "record g0.y when {slot} order {} last 3", u.choose(&["-1", "0", "2"])?);
    }
    let _ = writeln!(text, "run 2*ms");
    Ok(text)
}

/// What the equations of a group look like; the scheme must fit.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Anything.
    Free,
    /// Linear in the variable of its own equation.
    OwnLinear,
    /// Linear in all variables.
    Linear,
}

/// The first group that has a threshold.
fn spiking(text: &str) -> &str {
    let before = text.split("threshold").next().unwrap_or("");
    before.rsplit("group ").next().and_then(|head| head.split('[').next()).unwrap_or("g0")
}

/// Thresholds, resets, refractoriness, events and regular code.
fn happenings(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::new();
    let _ = writeln!(text, "    threshold {}", expr(u, Sort::Truth, 2)?);
    let writes = |u: &mut Unstructured<'_>| -> Result<String> {
        let mut code = String::from("{\n");
        for _ in 0..u.int_in_range(1..=4)? {
            let (name, sort) = *u.choose(&[
                ("x", Sort::Number),
                ("y", Sort::Number),
                ("p", Sort::Number),
                ("v", Sort::Volt),
                ("n", Sort::Integer),
                ("b", Sort::Truth),
                ("local", Sort::Number),
            ])?;
            let _ = writeln!(code, "        {name} = {}", expr(u, sort, 2)?);
        }
        Ok(code + "        x = x + 1\n    }\n")
    };
    if u.ratio(3, 4)? {
        let _ = write!(text, "    reset {}", writes(u)?);
    }
    match u.int_in_range(0..=3)? {
        0 => text.push_str("    refractory 0.3*ms\n"),
        1 => text.push_str("    refractory 0.1*ms*abs(n)\n"),
        2 => {
            let _ = writeln!(text, "    refractory {}", expr(u, Sort::Truth, 2)?);
        }
        _ => {}
    }
    if u.ratio(1, 3)? {
        let _ = writeln!(text, "    event up = {}", expr(u, Sort::Truth, 2)?);
        let _ = write!(text, "    run_on_event up {}", writes(u)?);
    }
    if u.ratio(1, 3)? {
        let every = u.choose(&["", "every 0.3*ms ", "every 0.25*ms "])?;
        let _ = write!(text, "    run_regularly {every}{}", writes(u)?);
    }
    Ok(text)
}

fn group(u: &mut Unstructured<'_>, number: u32) -> Result<String> {
    let size = *u.choose(&[0, 1, 2, 3, 5, 8, 13, 64, 150])?;
    let (method, form) = *u.choose(&[
        ("", Form::Free),
        ("method euler", Form::Free),
        ("method rk2", Form::Free),
        ("method rk4", Form::Free),
        ("method heun", Form::Free),
        ("method exponential_euler", Form::OwnLinear),
        ("method exact", Form::Linear),
        ("", Form::Linear),
    ])?;
    let mut text = format!("group g{number}[{size}] {{\n");
    let happens = u.ratio(1, 2)?;
    for (name, other, unit) in [("x", "y", "1"), ("y", "x", "1"), ("v", "w", "volt"), ("w", "v", "volt")] {
        let unit_sort = if unit == "1" { Sort::Number } else { Sort::Volt };
        let right = match form {
            Form::Free if unit_sort == Sort::Number && u.ratio(1, 4)? => format!("{} + s", expr(u, unit_sort, 3)?),
            Form::Free => expr(u, unit_sort, 4)?,
            Form::OwnLinear => {
                let (a, b) = (without(u, name, Sort::Number)?, without(u, name, unit_sort)?);
                format!("({a})*{name} + {b}")
            }
            Form::Linear => {
                let (a, b, c) = (fixed(u, Sort::Number)?, fixed(u, Sort::Number)?, fixed(u, unit_sort)?);
                format!("({a})*{name} - ({b})*{other} + {c}")
            }
        };
        let noise = match (form, method) {
            (Form::Free, "" | "method euler" | "method heun") if u.ratio(1, 4)? => match unit_sort {
                Sort::Volt => " + q*xi_a/tau**0.5",
                _ => " + (p - r)*xi_a/tau**0.5 + xi_b/tau**0.5",
            },
            (Form::Free, "method heun") => match unit_sort {
                Sort::Volt => " + v*xi_a/tau**0.5",
                _ => " - x*y*xi_b/tau**0.5",
            },
            _ => "",
        };
        let rests = if happens && u.ratio(1, 2)? { " (unless refractory)" } else { "" };
        let _ = writeln!(text, "    d{name}/dt = ({right})/tau{noise} : {unit}{rests}");
    }
    text.push_str("    tau : second (constant)\n    p : 1\n    q : volt (shared)\n    r : 1 (shared)\n    n : integer\n    b : boolean\n");
    let _ = writeln!(text, "    s = {} : 1", expr(u, Sort::Number, 3)?);
    if u.ratio(1, 3)? {
        let _ = writeln!(text, "    h = {} : 1 (constant over dt)", expr(u, Sort::Number, 2)?);
    }
    let _ = writeln!(text, "    {method}");
    if happens {
        text.push_str(&happenings(u)?);
    }
    if u.ratio(1, 4)? {
        text.push_str("    clock slow\n");
    }
    let _ = writeln!(text, "    init tau = {}*ms", u.int_in_range(1..=50)?);
    for (name, sort) in
        [("x", Sort::Number), ("y", Sort::Number), ("p", Sort::Number), ("v", Sort::Volt), ("w", Sort::Volt)]
    {
        let random = if u.ratio(1, 5)? { *u.choose(&[" + rand()", " - randn()"])? } else { "" };
        let random = if sort == Sort::Volt && !random.is_empty() { format!("{random}*mV") } else { random.to_owned() };
        let _ = writeln!(text, "    init {name} = {}{random}", expr(u, sort, 2)?);
    }
    let _ = writeln!(
        text,
        "    init q = {}*mV\n    init r = {}\n    init n = {}\n    init b = {}",
        small(u)?,
        small(u)?,
        expr(u, Sort::Integer, 2)?,
        expr(u, Sort::Truth, 2)?
    );
    text.push_str("}\n");
    Ok(text)
}

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Number,
    Volt,
    Integer,
    Truth,
}

fn small(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(format!("{}.{}", u.int_in_range(-9..=9)?, u.int_in_range(0..=99)?))
}

/// An expression that does not name `name` nor anything that depends on it.
fn without(u: &mut Unstructured<'_>, name: &str, sort: Sort) -> Result<String> {
    let other = match (name, sort) {
        (_, Sort::Volt) => return fixed(u, sort),
        ("x", _) => "y",
        _ => "x",
    };
    Ok(match u.int_in_range(0..=2)? {
        0 => format!("sin({other}) - t/second"),
        1 => format!("exp(-{other}**2)"),
        _ => fixed(u, sort)?,
    })
}

/// An expression of parameters.
fn fixed(u: &mut Unstructured<'_>, sort: Sort) -> Result<String> {
    Ok(match (sort, u.int_in_range(0..=3)?) {
        (Sort::Volt, 0) => "q".to_owned(),
        (Sort::Volt, 1) => format!("p*{}*mV", small(u)?),
        (Sort::Volt, _) => "k - 2*mV".to_owned(),
        (_, 0) => "p".to_owned(),
        (_, 1) => "n/3 + 1".to_owned(),
        (_, 2) => "0".to_owned(),
        (_, _) => small(u)?,
    })
}

const FUNCTIONS: [&str; 19] = [
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "log", "log10", "expm1", "log1p",
    "exprel", "sqrt", "floor", "ceil", "sign",
];

fn expr(u: &mut Unstructured<'_>, sort: Sort, depth: u32) -> Result<String> {
    let leaf = depth == 0 || u.ratio(1, 4)?;
    if leaf {
        return leaf_of(u, sort);
    }
    let d = depth - 1;
    Ok(match sort {
        Sort::Number => match u.int_in_range(0..=13)? {
            0 => format!("({} + {})", expr(u, sort, d)?, expr(u, sort, d)?),
            1 => format!("({} - {})", expr(u, sort, d)?, expr(u, sort, d)?),
            2 | 3 => format!("{}*{}", expr(u, sort, d)?, expr(u, sort, d)?),
            4 => format!("({})/({})", expr(u, sort, d)?, expr(u, sort, d)?),
            5 => format!("({})**{}", expr(u, sort, d)?, u.choose(&["2", "3", "-1", "0.5", "5", "-2", "1.5"])?),
            6 => format!("({})**({})", expr(u, sort, d)?, expr(u, sort, d)?),
            7 => format!("({}) % ({})", expr(u, sort, d)?, expr(u, sort, d)?),
            8 => format!("({}) // ({})", expr(u, sort, d)?, expr(u, sort, d)?),
            9 => format!("({})/({})", expr(u, Sort::Volt, d)?, expr(u, Sort::Volt, d)?),
            10 => format!("int({})*{}", expr(u, Sort::Truth, d)?, expr(u, sort, d)?),
            11 => format!("-({})", expr(u, sort, d)?),
            12 => format!("clip({}, -1, {})", expr(u, sort, d)?, small(u)?),
            _ => format!("{}({})", u.choose(&FUNCTIONS)?, expr(u, sort, d)?),
        },
        Sort::Volt => match u.int_in_range(0..=4)? {
            0 => format!("({} + {})", expr(u, sort, d)?, expr(u, sort, d)?),
            1 => format!("({} - {})", expr(u, sort, d)?, expr(u, sort, d)?),
            2 => format!("({})*({})", expr(u, Sort::Number, d)?, expr(u, sort, d)?),
            3 => format!("abs({})", expr(u, sort, d)?),
            _ => format!("sqrt(({})**2)", expr(u, sort, d)?),
        },
        Sort::Integer => match u.int_in_range(0..=6)? {
            0 => format!("({} + {})", expr(u, sort, d)?, expr(u, sort, d)?),
            1 => format!("({})*({})", expr(u, sort, d)?, expr(u, sort, d)?),
            2 => format!("({}) // ({})", expr(u, sort, d)?, expr(u, sort, d)?),
            3 => format!("({}) % ({})", expr(u, sort, d)?, expr(u, sort, d)?),
            4 => format!("int({})", expr(u, Sort::Number, d)?),
            5 => format!("abs({})", expr(u, sort, d)?),
            _ => format!("timestep({}*ms, 0.1*ms)", small(u)?),
        },
        Sort::Truth => match u.int_in_range(0..=4)? {
            0 => format!("({} and {})", expr(u, sort, d)?, expr(u, sort, d)?),
            1 => format!("({} or {})", expr(u, sort, d)?, expr(u, sort, d)?),
            2 => format!("(not {})", expr(u, sort, d)?),
            3 => format!("({} < {})", expr(u, Sort::Volt, d)?, expr(u, Sort::Volt, d)?),
            _ => {
                let op = *u.choose(&["<", "<=", ">", ">=", "==", "!="])?;
                format!("({} {op} {})", expr(u, Sort::Number, d)?, expr(u, Sort::Integer, d)?)
            }
        },
    })
}

fn leaf_of(u: &mut Unstructured<'_>, sort: Sort) -> Result<String> {
    Ok(match sort {
        Sort::Number => match u.int_in_range(0..=8)? {
            0 | 1 => "x".to_owned(),
            8 => "r".to_owned(),
            2 => "y".to_owned(),
            3 => "p".to_owned(),
            4 => (*u.choose(&["t/ms", "ta(t)", "ta(t - 0.2*ms)"])?).to_owned(),
            5 => "n".to_owned(),
            _ => small(u)?,
        },
        Sort::Volt => match u.int_in_range(0..=4)? {
            0 => "v".to_owned(),
            1 => "w".to_owned(),
            2 => "q".to_owned(),
            3 => "k".to_owned(),
            _ => format!("{}*mV", small(u)?),
        },
        Sort::Integer => (*u.choose(&["n", "i", "N", "t_in_timesteps", "3", "-7", "0"])?).to_owned(),
        Sort::Truth => (*u.choose(&["b", "True", "False", "x > y", "v < w"])?).to_owned(),
    })
}
