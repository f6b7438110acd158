//! The pages of tests/golden: what is said about a text, and what each stage makes of it.
//!
//! A page is prose around fenced blocks. `dvdt` holds a model; `diagnostics` all that is reported of
//! the model above it, `diagnostics last` only the end of that; `stage NAME` what that stage prints.
//! `UPDATE_EXPECT=1 cargo test --test golden` writes the blocks anew.

use dvdt::diagnostic::Diagnostic;
use dvdt::{Engine, Report, Stage};
use expect_test::expect_file;
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What messages call the model of a page.
const MODEL: &str = "model.dvdt";

/// How far interpreter and compiled code are compared on pages that show a stage.
const TICKS: u64 = 20;

fn main() {
    let arguments = Arguments::from_args();
    let pages = files(&folder("tests/golden"), "md").into_iter().map(trial);
    let codes = Trial::test("every_code_has_a_page", every_code_has_a_page);
    libtest_mimic::run(&arguments, pages.chain([codes]).collect()).exit();
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// All files below `root` with that ending, in order.
fn files(root: &Path, ending: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (vec![], vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn trial(path: PathBuf) -> Trial {
    let name = path.strip_prefix(folder("tests/golden")).unwrap().with_extension("").display().to_string();
    Trial::test(name, move || check(&path))
}

/// A page is as it should be when writing it anew changes nothing.
fn check(path: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(path).unwrap();
    let page = Page::read(&text)?;
    if !text.starts_with("# ") {
        return Err("the page has no title".into());
    }
    if page.blocks.iter().all(|block| block.kind == Kind::Model) {
        return Err("the page shows nothing".into());
    }
    page.runs_alike()?;
    if path.parent().is_some_and(|folder| folder.ends_with("diagnostics")) {
        page.yields(path.file_stem().and_then(|code| code.to_str()).unwrap())?;
    }
    expect_file![path].assert_eq(&page.written()?);
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Model,
    Report,
    EndOfReport,
    Stage(Stage),
}

/// A fenced block and the prose before it.
struct Block<'p> {
    prose: &'p str,
    info: &'p str,
    kind: Kind,
    body: &'p str,
}

struct Page<'p> {
    blocks: Vec<Block<'p>>,
    end: &'p str,
}

impl<'p> Page<'p> {
    fn read(text: &'p str) -> Result<Self, Failed> {
        let (mut blocks, mut rest) = (vec![], text);
        while let Some((prose, fenced)) = rest.split_once("```") {
            let (info, fenced) = fenced.split_once('\n').ok_or("a block without an end")?;
            let (body, after) = fenced.split_once("```\n").ok_or("a block without an end")?;
            blocks.push(Block { prose, info, kind: kind(info)?, body });
            rest = after;
        }
        match blocks.first() {
            Some(Block { kind: Kind::Model, .. }) => Ok(Page { blocks, end: rest }),
            Some(_) | None => Err("a page begins with a `dvdt` block".into()),
        }
    }

    /// Every block with the model that it is about.
    fn blocks_with_models(&self) -> impl Iterator<Item = (&Block<'p>, &'p str)> {
        self.blocks.iter().scan("", |model, block| {
            if block.kind == Kind::Model {
                *model = block.body;
            }
            Some((block, *model))
        })
    }

    fn written(&self) -> Result<String, Failed> {
        let mut text = String::new();
        for (block, model) in self.blocks_with_models() {
            let body = match block.kind {
                Kind::Model => block.body.to_owned(),
                Kind::Report => render(model, |all| all),
                Kind::EndOfReport => render(model, |all| &all[all.len().saturating_sub(1)..]),
                Kind::Stage(stage) => Engine::new().compile(MODEL, model)?.emit(stage, None)?,
            };
            let body = body.trim_end();
            let end = if body.is_empty() { "```\n" } else { "\n```\n" };
            text += &[block.prose, "```", block.info, "\n", body, end].concat();
        }
        Ok(text + self.end)
    }

    /// Interpreter and compiled code give the same bits for every model of which a stage is shown.
    fn runs_alike(&self) -> Result<(), Failed> {
        let shown = self.blocks_with_models().filter(|(block, _)| matches!(block.kind, Kind::Stage(_)));
        let models: BTreeSet<&str> = shown.map(|(_, model)| model).collect();
        for model in models {
            let verdict = dvdt::verify(MODEL, model, TICKS, 1)?;
            if let Some(difference) = verdict.difference {
                return Err(difference.to_string().into());
            }
            if verdict.ticks != TICKS {
                return Err(format!("the model runs for {} ticks, not {TICKS}", verdict.ticks).into());
            }
        }
        Ok(())
    }

    /// The first model of the page of a code makes this mistake; the later ones do not.
    fn yields(&self, code: &str) -> Result<(), Failed> {
        let models = self.blocks.iter().filter(|block| block.kind == Kind::Model);
        for (index, block) in models.enumerate() {
            let found = Engine::new().check(MODEL, block.body).report;
            let yields = found.diagnostics.iter().any(|diagnostic| diagnostic.code.0 == code);
            if index == 0 && !yields {
                return Err(format!("`{code}` is not among what is said of the first model").into());
            }
            if index == 1 && yields {
                return Err(format!("the second model shows how it should be, and yet yields `{code}`").into());
            }
        }
        Ok(())
    }
}

fn kind(info: &str) -> Result<Kind, Failed> {
    match info {
        "dvdt" => return Ok(Kind::Model),
        "diagnostics" => return Ok(Kind::Report),
        "diagnostics last" => return Ok(Kind::EndOfReport),
        _ => {}
    }
    let stage = info.strip_prefix("stage ").and_then(|name| Stage::ALL.into_iter().find(|stage| stage.name() == name));
    stage.map(Kind::Stage).ok_or_else(|| format!("no block is called `{info}`").into())
}

fn render(model: &str, shown: fn(&[Diagnostic]) -> &[Diagnostic]) -> String {
    let checked = Engine::new().check(MODEL, model);
    let report = Report { diagnostics: shown(&checked.report.diagnostics).to_vec() };
    report.render(&checked.sources, false)
}

fn every_code_has_a_page() -> Result<(), Failed> {
    let codes: BTreeSet<String> =
        files(&folder("src"), "rs").iter().flat_map(|path| codes(&fs::read_to_string(path).unwrap())).collect();
    let pages: BTreeSet<String> = files(&folder("tests/golden/diagnostics"), "md")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let missing: Vec<&String> = codes.difference(&pages).collect();
    let strange: Vec<&String> = pages.difference(&codes).collect();
    if missing.is_empty() && strange.is_empty() {
        return Ok(());
    }
    Err(format!("codes without a page: {missing:?}; pages without a code: {strange:?}").into())
}

/// The codes that a file of ours names: the first argument of `Code`, `error` or `warning`, which
/// is a string of small letters with dashes.
fn codes(source: &str) -> Vec<String> {
    let calls = ["Code(", "error(", "warning("].iter().flat_map(|call| source.split(call).skip(1));
    let strings = calls.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'));
    let argument = strings.filter(|(_, rest)| rest.starts_with([',', ')']));
    let code = |text: &&str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    argument.map(|(text, _)| text).filter(code).map(str::to_owned).collect()
}
