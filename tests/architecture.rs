//! The floors of ARCHITECTURE.md: a module names only modules on lower floors, a foreign crate stands
//! behind one module, and `unsafe` stands in fenced files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. Modules of one floor do not name each other, but for those of the door.
const FLOORS: [&[&str]; 11] = [
    &["source", "dimension", "random", "table"],
    &["diagnostic"],
    &["syntax", "algebra"],
    &["model"],
    &["scheme"],
    &["kernel"],
    &["codegen"],
    &["wide"],
    &["interpret", "jit", "runtime"],
    &["compile"],
    DOOR,
];

const DOOR: &[&str] = &[
    "output",
    "engine",
    "error",
    "simulation",
    "checkpoint",
    "stream",
    "builder",
    "verify",
    "profile",
    "lib",
    "main",
    "cli",
];

/// Crates and the modules that may name them.
const FOREIGN: &[(&str, &[&str])] = &[
    ("logos", &["syntax"]),
    ("lalrpop_util", &["syntax"]),
    ("annotate_snippets", &["diagnostic"]),
    ("serde_json", &["diagnostic", "output", "checkpoint"]),
    ("serde", &["diagnostic", "output", "checkpoint"]),
    ("crc32fast", &["checkpoint", "model"]),
    ("dimensioned", &["dimension", "simulation"]),
    ("cranelift", &["jit"]),
    ("cranelift_codegen", &["jit"]),
    ("cranelift_jit", &["jit"]),
    ("cranelift_module", &["jit"]),
    ("cranelift_native", &["jit"]),
    ("iced_x86", &["wide"]),
    ("rayon", &["runtime"]),
    ("memmap2", &["runtime"]),
    ("bytemuck", &["interpret", "runtime", "checkpoint", "model"]),
    ("npyz", &["output", "table"]),
    ("plotters", &["output"]),
    ("tempfile", &["output"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("ctrlc", &["cli"]),
];

/// Files that may hold `unsafe`.
const FENCED: [&str; 3] = ["src/jit/code.rs", "src/random/dispatch.rs", "src/runtime/denormal.rs"];

struct File {
    path: String,
    /// The module on a floor: `jit` for everything in `src/jit`.
    module: String,
    /// Without comments.
    code: String,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![];
    let mut open: Vec<PathBuf> = vec![root.join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let module = path["src/".len()..].split(['/', '.']).next().unwrap().to_owned();
        let text = fs::read_to_string(root.join(&path)).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        found.push(File { path, module, code });
    }
    found
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The names that follow `start`, also in braces: `crate::{a, b::c}` gives `a` and `b`.
fn names_after<'a>(code: &'a str, start: &str) -> BTreeSet<&'a str> {
    let word = |text: &'a str| text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
    let mut names = BTreeSet::new();
    for (position, _) in code.match_indices(start) {
        let rest = &code[position + start.len()..];
        match rest.strip_prefix('{') {
            None => {
                names.insert(word(rest));
            }
            Some(list) => {
                let mut depth = 0;
                let mut begin = true;
                for (offset, character) in list.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => begin = true,
                        c if begin && !c.is_whitespace() => {
                            names.insert(word(&list[offset..]));
                            begin = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

#[test]
fn every_module_has_a_floor() {
    for file in files() {
        assert!(floor(&file.module).is_some(), "{} is on no floor", file.path);
    }
}

#[test]
fn modules_name_only_lower_floors() {
    for file in files().iter().filter(|file| file.module != "lib") {
        for name in names_after(&file.code, "crate::") {
            let Some(other) = floor(name) else { continue };
            let own = floor(&file.module).unwrap();
            let door = DOOR.contains(&file.module.as_str()) && DOOR.contains(&name);
            assert!(name == file.module || door || other < own, "{} names {name}, which is not below it", file.path);
        }
    }
}

#[test]
fn foreign_crates_stand_behind_their_module() {
    for file in files() {
        for (name, modules) in FOREIGN {
            let used = file.code.contains(&format!("use {name}::"))
                || file.code.contains(&format!(" {name}::"))
                || file.code.contains(&format!("({name}::"));
            assert!(!used || modules.contains(&file.module.as_str()), "{} names the crate {name}", file.path);
        }
    }
}

#[test]
fn every_dependency_is_in_the_table() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let list = manifest.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let general = ["rustc_hash"];
    for line in list.lines().filter(|line| line.contains('=')) {
        let name = line.split(['=', ' ']).next().unwrap().replace('-', "_");
        let known = FOREIGN.iter().any(|(known, _)| *known == name) || general.contains(&name.as_str());
        assert!(known, "the crate {name} has no place in the table");
    }
}

#[test]
fn unsafe_stands_in_fenced_files() {
    for file in files() {
        let holds =
            file.code.contains("unsafe {") || file.code.contains("unsafe fn") || file.code.contains("unsafe impl");
        assert!(!holds || FENCED.contains(&file.path.as_str()), "{} holds unsafe code", file.path);
    }
}

#[test]
fn the_tests_own_reader_finds_names() {
    let code = "use crate::{kernel::{a, b}, model, };\nlet x = crate::jit::y;";
    assert_eq!(names_after(code, "crate::"), BTreeSet::from(["jit", "kernel", "model"]));
}
