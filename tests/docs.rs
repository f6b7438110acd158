//! What README.md and docs/*.md show is true: models compile, fragments can be read, commands have the
//! options they are given, and Rust code is that of a documentation test. The floors of ARCHITECTURE.md
//! are those that tests/architecture.rs holds.

use dvdt::source::Sources;
use dvdt::{Engine, Report, syntax};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block: where it stands, what follows the fence, and what it holds.
struct Block {
    place: String,
    kind: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (vec![], vec![root().join(folder)]);
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every page for users, by name.
fn pages() -> BTreeMap<String, String> {
    let paths = [root().join("README.md")].into_iter().chain(files("docs", "md"));
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    for (page, text) in pages() {
        let mut open = false;
        for (number, line) in (1..).zip(text.lines()) {
            match line.strip_prefix("```") {
                Some(_) if open => open = false,
                Some(kind) => {
                    open = true;
                    blocks.push(Block {
                        place: format!("{page}:{number}"),
                        kind: kind.to_owned(),
                        text: String::new(),
                    });
                }
                None if open => {
                    let text = &mut blocks.last_mut().unwrap().text;
                    text.push_str(line);
                    text.push('\n');
                }
                None => {}
            }
        }
        assert!(!open, "{page} ends inside a block");
    }
    blocks
}

#[test]
fn models_compile() {
    let models: Vec<Block> = blocks().into_iter().filter(|block| block.kind == "dvdt").collect();
    assert!(models.len() >= 3, "only {} models found", models.len());
    for block in models {
        let compiled = Engine::new().compile(&block.place, &block.text);
        compiled.unwrap_or_else(|error| panic!("{}: {error}", block.place));
    }
}

/// Names in a fragment need no definition, so that only its notation is checked.
#[test]
fn fragments_can_be_read() {
    let read = |text: &str| {
        let (mut sources, mut report) = (Sources::new(), Report::new());
        let source = sources.add("fragment", text);
        syntax::model_file(&sources, source, &mut report);
        if report.has_errors() { Err(report.render(&sources, false)) } else { Ok(()) }
    };
    for block in blocks().into_iter().filter(|block| block.kind == "dvdt fragment") {
        let inside = format!("group cells[1] {{\n{}}}\n", block.text);
        let result = read(&block.text).or_else(|items| read(&inside).map_err(|inside| format!("{items}\n{inside}")));
        result.unwrap_or_else(|message| panic!("{}: neither items nor lines of a group\n{message}", block.place));
    }
}

/// The options that the help of a verb names.
fn options(verb: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_dvdt")).args([verb, "--help"]).output().unwrap();
    assert!(output.status.success(), "there is no verb `{verb}`");
    let text = String::from_utf8(output.stdout).unwrap();
    let is_end = |c: char| !(c.is_alphanumeric() || c == '-');
    text.split(is_end).filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}

/// Command lines: indented, or in backquotes in a table.
fn commands(text: &str) -> Vec<&str> {
    let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
    let prose = text.lines().filter(|line| !line.starts_with("```"));
    let quoted = prose.flat_map(|line| line.split('`').skip(1).step_by(2));
    indented.chain(quoted).filter_map(arguments).collect()
}

/// What follows the program's name.
fn arguments(line: &str) -> Option<&str> {
    match line.strip_prefix("cargo run ") {
        Some(rest) => rest.split_once("-- ").map(|(_, rest)| rest),
        None => line.strip_prefix("dvdt "),
    }
}

#[test]
fn commands_have_the_options_they_are_given() {
    let mut seen = 0;
    for (page, text) in pages() {
        for command in commands(&text) {
            seen += 1;
            let verb = command.split_whitespace().next().unwrap();
            let known = options(verb);
            for word in command.split_whitespace().filter(|word| word.starts_with("--")) {
                assert!(known.contains(word), "{page}: `{verb}` has no `{word}`, in `{command}`");
            }
            for model in command.split_whitespace().filter(|word| word.starts_with("examples/")) {
                assert!(root().join(model).exists(), "{page}: there is no {model}");
            }
        }
    }
    assert!(seen >= 10, "only {seen} commands found");
}

/// What a documentation test shows, without the lines that it hides.
fn shown(source: &str) -> String {
    let lines = source.lines().filter_map(|line| line.trim_start().strip_prefix("///"));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).filter(|line| !line.starts_with("# "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn rust_code_is_that_of_a_documentation_test() {
    let sources: String = files("src", "rs").iter().map(|path| shown(&fs::read_to_string(path).unwrap())).collect();
    let shown: Vec<Block> = blocks().into_iter().filter(|block| block.kind == "rust").collect();
    assert!(!shown.is_empty(), "no Rust code found");
    for block in shown {
        assert!(sources.contains(&block.text), "{}: no documentation test shows this", block.place);
    }
}

/// From the door down, as both files list them.
#[test]
fn floors_are_those_of_the_architecture_test() {
    let read = |name| fs::read_to_string(root().join(name)).unwrap();
    let (text, test) = (read("ARCHITECTURE.md"), read("tests/architecture.rs"));
    let table = text.split("| floor | modules |\n|---|---|\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let quoted = |line: &str, quote| line.split(quote).skip(1).step_by(2).map(str::to_owned).collect();
    let shown: Vec<BTreeSet<String>> = table.lines().map(|line| quoted(line, '`')).collect();
    let list = |start: &str| test.split(start).nth(1).unwrap().split("];\n").next().unwrap();
    let floors = list("const FLOORS").lines().filter(|line| line.contains('"'));
    let mut held: Vec<BTreeSet<String>> = floors.map(|line| quoted(line, '"')).collect();
    held.push(quoted(list("const DOOR"), '"'));
    held.reverse();
    assert_eq!(shown, held);
}
