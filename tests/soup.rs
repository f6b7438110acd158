//! Damaged texts: whatever a stranger hands over, it is read or refused with places inside the text,
//! and what is refused says why.

mod generate;

use arbitrary::{Result, Unstructured};
use dvdt::{Engine, Executor};
use std::fs;
use std::panic::catch_unwind;

/// How many damaged texts one run takes.
const TEXTS: u64 = 4000;

/// Words that get in between: every keyword, operator and kind of name.
const WORDS: [&str; 76] = [
    "group",
    "clock",
    "record",
    "run",
    "init",
    "set",
    "method",
    "constant",
    "math",
    "fast",
    "precise",
    "denormals",
    "every",
    "dt",
    "euler",
    "rk4",
    "exact",
    "exponential_euler",
    "threshold",
    "reset",
    "refractory",
    "noise",
    "xi",
    "i",
    "N",
    "t",
    "t_in_timesteps",
    "g0",
    "x",
    "v",
    "cells",
    "mV",
    "ms",
    "second",
    "volt",
    "1",
    "integer",
    "boolean",
    "shared",
    "constant over dt",
    "unless refractory",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    "=",
    "+=",
    "**",
    "*",
    "/",
    "//",
    "%",
    "+",
    "-",
    "<",
    "<=",
    "==",
    "and",
    "or",
    "not",
    "True",
    "sin",
    "rand()",
    "poisson(2)",
    "clip",
    "timestep",
    "0",
    "1e999",
    "0x",
    "9223372036854775808",
    "\n",
    "#",
    "é",
];

/// Words, runs of blanks, numbers and single characters.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = vec![];
    let class = |c: char| match c {
        '\n' => 0,
        c if c.is_whitespace() => 1,
        c if c.is_alphanumeric() || c == '_' || c == '.' => 2,
        _ => 3,
    };
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        if at > start && (last != Some(class(c)) || matches!(class(c), 0 | 3)) {
            tokens.push(&text[start..at]);
            start = at;
        }
        last = Some(class(c));
    }
    tokens.push(&text[start..]);
    tokens
}

fn damaged(u: &mut Unstructured<'_>, text: &str) -> Result<String> {
    let mut tokens = tokens(text);
    for _ in 0..u.int_in_range(1..=6)? {
        if tokens.is_empty() {
            break;
        }
        let (one, other) = (u.choose_index(tokens.len())?, u.choose_index(tokens.len())?);
        match u.int_in_range(0..=6)? {
            0 => drop(tokens.remove(one)),
            1 => tokens.insert(one, tokens[other]),
            2 => tokens.swap(one, other),
            3 => tokens[one] = tokens[other],
            4 => tokens.insert(one, u.choose(&WORDS)?),
            5 => tokens[one] = u.choose(&WORDS)?,
            _ => drop(tokens.drain(one.min(other)..one.max(other).min(one.min(other) + 8))),
        }
    }
    Ok(tokens.concat())
}

/// Reads a text; compiles and runs what is small.
fn survive(text: &str) -> std::result::Result<(), String> {
    let engine = Engine::new().executor(Executor::Interpreter);
    let checked = engine.check("soup", text);
    for diagnostic in &checked.report.diagnostics {
        if diagnostic.labels.is_empty() {
            return Err(format!("no place: {diagnostic:?}"));
        }
        for label in &diagnostic.labels {
            if text.get(label.span.range()).is_none() {
                return Err(format!("a place outside of the text: {diagnostic:?}"));
            }
        }
    }
    checked.report.render(&checked.sources, false);
    checked.report.to_json(&checked.sources);
    let Some(model) = checked.model else {
        return if checked.report.has_errors() { Ok(()) } else { Err("no model and no error".to_owned()) };
    };
    if model.groups.iter().any(|group| group.size > 1000) {
        return Ok(());
    }
    let compiled = engine.compile("soup", text).map_err(|error| format!("checked but refused: {error}"))?;
    let Ok(mut simulation) = compiled.simulation() else { return Ok(()) };
    simulation.tick().map_err(|error| error.to_string())
}

fn texts() -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "dvdt"));
    paths.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn damaged_models_are_refused_or_run() {
    let examples = texts();
    let mut wrong = vec![];
    for seed in 0..TEXTS {
        let bytes = generate::bytes(seed, 8192);
        let mut u = Unstructured::new(&bytes);
        let whole = match seed % 2 {
            0 => examples[(seed / 2) as usize % examples.len()].clone(),
            _ => generate::models::model(&mut Unstructured::new(&generate::bytes(!seed, 8192))).unwrap(),
        };
        let text = damaged(&mut u, &whole).unwrap();
        match catch_unwind(|| survive(&text)) {
            Ok(Ok(())) => {}
            Ok(Err(message)) => wrong.push(format!("seed {seed}: {message}\n{text}")),
            Err(_) => wrong.push(format!("seed {seed} panics\n{text}")),
        }
    }
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn what_comes_later_is_said_so() {
    let checked = Engine::new().check("soup", "group g[1] {\n    n : integer\n}\nsynapses s(g, g) {\n    w : 1\n}\n");
    let codes: Vec<&str> = checked.report.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
    assert!(codes.contains(&"not-yet-supported"), "{codes:?}");
}
