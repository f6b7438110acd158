//! The text forms of what is read, and the mistakes that are found.

use std::fmt::Write;
use std::time::{Duration, Instant};

use dvdt::diagnostic::Report;
use dvdt::source::{SourceId, Sources};
use dvdt::syntax;
use expect_test::{Expect, expect};

type Parse = fn(&Sources, SourceId, &mut Report) -> String;

fn equations(sources: &Sources, source: SourceId, report: &mut Report) -> String {
    syntax::equations(sources, source, report).to_string()
}

fn model(sources: &Sources, source: SourceId, report: &mut Report) -> String {
    syntax::model_file(sources, source, report).to_string()
}

fn expression(sources: &Sources, source: SourceId, report: &mut Report) -> String {
    syntax::expression(sources, source, report).map_or(String::new(), |expr| expr.to_string())
}

fn statements(sources: &Sources, source: SourceId, report: &mut Report) -> String {
    let mut text = String::new();
    for statement in syntax::statements(sources, source, report) {
        writeln!(text, "{statement}").unwrap();
    }
    text
}

const ALL: [Parse; 4] = [equations, model, expression, statements];

fn read(text: &str, parse: Parse) -> (String, Report, Sources) {
    let mut sources = Sources::new();
    let source = sources.add("m", text);
    let mut report = Report::new();
    let printed = parse(&sources, source, &mut report);
    (printed, report, sources)
}

/// What is read, which is also read again to the same, then what is wrong.
fn outcome(text: &str, parse: Parse) -> String {
    let (printed, report, sources) = read(text, parse);
    let (again, mistakes, _) = read(&printed, parse);
    if !printed.is_empty() {
        assert_eq!(printed, again, "print, parse, print of {text:?}");
        assert!(mistakes.diagnostics.is_empty(), "{}", mistakes.render(&sources, false));
    }
    printed + &report.render(&sources, false)
}

/// One line for each text: what was read, or the codes, places and words of the mistakes.
fn table(parse: Parse, texts: &[&str], expected: &Expect) {
    let mut lines = String::new();
    for text in texts {
        let (printed, report, sources) = read(text, parse);
        let mut cells: Vec<String> = printed.trim_end().lines().map(str::to_owned).collect();
        for diagnostic in &report.diagnostics {
            let place = diagnostic.labels[0].span;
            let help = diagnostic.help.first().map_or(String::new(), |help| format!("; {help}"));
            let column = sources.position(place).1;
            cells.push(format!("{}@{column} {:?}: {}{help}", diagnostic.code.0, sources.text(place), diagnostic.message));
        }
        writeln!(lines, "{text:?}\n    {}", cells.join("\n    ")).unwrap();
        if report.diagnostics.is_empty() && !printed.is_empty() {
            assert_eq!(read(&printed, parse).0, printed, "print, parse, print of {text:?}");
        }
    }
    expected.assert_eq(&lines);
}

#[test]
fn operators_bind_as_in_python() {
    table(
        expression,
        &[
            "-a**2", "(-a)**2", "2**-1", "a**b**c", "(a**b)**c", "a-b-c", "a-(b-c)", "a/b/c", "a/(b*c)", "a//b%c",
            "not a < b", "(not a) < b", "not a and b or c", "not (a and b)", "a and (b or c)", "a or b and c",
            "-a*b", "a*-b", "+-a", "- -a", "(a < b) == c", "(a < b) < c", "-(a + b)", "f()", "f(a, b + 1,)", "f(f(f(x)))",
            "a <= b", "a >= b", "a == b", "a != b", "((((a))))", "a\n+\nb # c : d", "not not a", "2**(not a)",
        ],
        &expect![],
    );
}

#[test]
fn literals() {
    table(
        expression,
        &[
            "0", "00", "12", "1_000", "0xff", "0XfF_f", "0o17", "0b1_01", "1.", ".5", "1e-3", "1.5E+2", "1_0.0_1e1_0",
            "9223372036854775807", "9223372036854775808", "0x8000000000000001", "0x10000000000000000", "True", "False",
            "012", "1__0", "1_", "1_.5", "1_e5", "0x", "0b12", "0o8", "1j", "1e400", "2ms", "1e-3ms", "1.volt", "2 ms",
        ],
        &expect![],
    );
}

#[test]
fn refused_expressions() {
    table(
        expression,
        &[
            "", "a +", "a b", "2 (a)", "f(a)(b)", "a < b < c", "a < b < c < d", "(a) < b == c", "a & b | c", "a && b",
            "a ^ 2", "~a", "!a", "a << 2", "a >> 2", "a @ b", "a if c else b", "a+1 if b > c else 2", "a[1]", "a[1:2]",
            "a.b", "f(x=1)", "f(*a)", "f(**a)", "(a, b)", "[a, b]", "\"a\"", "'a'", "lambda x", "a is b", "a in b", "None",
            "a \\ b", "a ? b", "a = b", "(a", "a)", "(a]", "()", "a µ b", "5 × 3", "a,b", "a === b", "a <> b", "a;b",
        ],
        &expect![],
    );
}

#[test]
fn statements_are_brian2s_and_more() {
    table(
        statements,
        &[
            "v = 1", "v += 1; w -= 2\nx *= 3 # c; d\n# only\ny /= 4;;z %= 5", "v = (1 +\n 2)", "", "method = 1; init = 2",
            "v **= 2", "v //= 2", "v := 2", "v == 2", "v = w = 2", "v = 1 w = 2", "v", "v = ", "v = (1\nw = 2", "1 = v",
            "v = a b; w = ; x = 1",
        ],
        &expect![],
    );
}

#[test]
fn equations_are_brian2s() {
    table(
        equations,
        &[
            "", "# nothing", "dv/dt = -v/tau : volt", "d v / dt = -v/tau : volt", "d v\n/\ndt\n=\n-v : 1", "x : 1",
            "x = a\n  + b # c : d\n  : volt # e", "x : 1 (constant) y : 1", "x : 1 (constant, shared)",
            "dv/dt = 1 : 1 (unless refractory)", "x = 1 : 1 (constant   over dt)", "x : 1 (event-driven)",
            "x : siemens/metre**2", "x : metre**-0.5", "x : 1/second", "x : integer", "dx : 1", "x : 1\n(constant)",
            "x :\n volt", "method : 1\ninit : 1\nrecord = run : 1\nclock : 1", "d = 1 : 1", "d : 1", "\u{feff}x : 1\r\ny\t: 1\r\n",
            "dv/dt =\n tau : second", "x : volt**2*amp",
        ],
        &expect![],
    );
}

#[test]
fn refused_equations() {
    table(
        equations,
        &[
            "x", "x :", "x = 1", "dv/dt = -v/tau\ntau : second", "dv/dt = -v/tau\ndw/dt = -w : 1", "x = \ny = 1 : 1",
            "x : 1 y : 1", "x : 1 dy/dt = y : 1", "x : 1; y : 1", "x : 1 ()", "x : volt*(amp)", "x : amp meter", "x : volt^2",
            "x : volt +", "x : volt/", "v' = -v : 1", "dv/dt == -v : 1", "v := 3 : 1", "v == 3 : 1", "v += 3 : 1", "dv/dx = 1 : 1",
            "v/dt = 1 : 1", "dv/dt : 1", "e v / dt = 1 : 1", "x = (a : 1", "x = (a\ny : 1", "x = a) : 1", "x = a \\\n b : 1",
            "lambda : 1", "x y : 1", "3 : 1", "x : 1 (constant", "x : 1 (a) (b)\ny : 1", "x = a b : 1", "x = y = z : 1", "v[0] = 1 : 1",
            "x : 1 (constant\ny : 1", "x : volt:", ": 1",
        ],
        &expect![],
    );
}

#[test]
fn model_files() {
    table(
        model,
        &[
            "clock dt = 0.1*ms\nclock slow dt = 1*ms", "constant E = -60*mV", "math fast\ndenormals flush", "run 100*second",
            "run (1 +\n2)*ms", "set g.v = 3", "set g.v += (1 +\n 2)", "record g.v, g.w[0, 5, 10:20, :3, 4:, :] every 1*ms",
            "record every.every every every", "group g[1] {}", "group g[1]\n{ v : 1 }", "group g[2*n] { v : 1 (constant) method euler }",
            "group g[1] {\n method : 1\n init : 1\n init init = 3\n clock = 2 : 1\n clock slow\n method rk4\n run : 1\n record\n : 1\n init v *= 2\n}",
            "group g[1] {\n dv/dt = -v\n  /tau # c\n : volt (unless refractory)\n}\r\nrun 1*ms\r\n",
        ],
        &expect![],
    );
}

#[test]
fn refused_model_files() {
    table(
        model,
        &[
            "recrod cells.v", "gruop g[1] { v : 1 }", "frobnicate 3 { a }\nrun 1", "run", "run 1 2", "v : 1", "dv/dt = 1 : 1\nrun 1", "method euler",
            "init v = 3", "}", "group g[1] {\n v : 1\nrun 1*ms", "group g[1] {\n v : 1\ngroup h[1] { v : 1 }", "group g { v : 1 }",
            "group g(3) { v : 1 }", "group g[1]\nrun 1", "group [1] { v : 1 }", "group g[1] { v : 1\n record g.v\n }", "group g[1] { methd euler }",
            "group g[1] { dv/dt = -v\n method euler\n w : 1 }", "group g[1] { float x : 1 }", "group g[1] { threshold v > 1\n reset v = 0\n refractory 5*ms }",
            "synapses s(a, b) {\n w : 1\n}\nrun 1", "noise xi", "clock slow = 1*ms", "clock dt 3", "record", "record g", "record g.v[", "record g.v every",
            "set v = 3", "set g.v 3", "run (1\nrecord g.v", "math", "+ 3", "constant x", "record g.v = 3", "group g[1] { init v = (1\n w : 1 }",
            "group g[1] { v = 1 }", "group g[1] { method }", "a & b\nrun 1 & 2\nrun 3 ^ 4",
        ],
        &expect![],
    );
}

#[test]
fn the_designs_example() {
    let text = "# A membrane that leaks.\nclock dt = 0.1*ms\n\ngroup cells[100] {\n    dv/dt = (0*mV - v)/tau : volt\n    tau : second\n    method euler\n    init v = 1*mV\n    init tau = 100*ms\n}\n\nrecord cells.v\nrun 100*second\n";
    expect![].assert_eq(&outcome(text, model));
}

#[test]
fn drawn_mistakes() {
    let text = "clock dt = 0.1*ms\ngroup cells[100] {\n    dv/dt = (v0 - v)/tau\n    tau : second\n    w = a < b < c : 1\n    x = f(1, (2 + 3) : 1\n    u : volt y : 1\n    z = 2ms + 1e400 : 1\nrecrod cells.v\nthreshold v > 1\nrun 1*ms ^ 2\nrun µ\nset cells.v := 3\nrun 1 if True else 2\n";
    let (_, report, sources) = read(text, model);
    expect![].assert_eq(&report.render(&sources, false));
}

#[test]
fn drawn_at_the_edges() {
    let long = format!("x = {}& b{} : 1\n\ty\t=\tµ : 1\nz", "a + ".repeat(1000), " + c".repeat(1000));
    let (_, report, sources) = read(&long, equations);
    expect![].assert_eq(&report.render(&sources, false));
    assert!(report.render(&sources, true).contains("\u{1b}["));
    let (_, report, sources) = read("run\n", model);
    expect![].assert_eq(&report.to_json(&sources));
}

/// Megabytes are read in time that is linear, and mistakes in them are drawn.
#[test]
fn large_texts() {
    let n = 1 << 20;
    let pieces = [
        "(", ")", "a+", "a**", "-", "not ", "a<", "a&", "f(", "[", "a[", "a:\n", "a\n", "\n", "x : 1 (c) ", "d", "0x", "1", "1_", "'",
        "\"", "µ", "µ ", "{", "}", "{}", "group g[1] {\n", "record g.v,", "run 1\n", "a if ", "a = (\n", ":", ";", "#", "threshold {", "lambda ", "a.",
        "x : ", "x = 1\n", "a b ", "every ", "x : 1 (\n", "group g[1]\n{", "rcord a\n", "\r\n", "dt/dt=", ",", "f(a,", "1e400 ",
    ];
    let start = Instant::now();
    for piece in pieces {
        let text = piece.repeat(n / piece.len() / 4);
        for prefix in ["", "x = ", "group g[1] {\n", "run "] {
            for parse in ALL {
                let one = Instant::now();
                let (_, report, sources) = read(&(prefix.to_owned() + &text), parse);
                report.render(&sources, false);
                report.to_json(&sources);
                assert!(one.elapsed() < Duration::from_secs(10), "{prefix:?} {piece:?}: {:?}", one.elapsed());
                if one.elapsed() > Duration::from_millis(400) { println!("{prefix:?} {piece:?}: {:?}", one.elapsed()); }
            }
        }
    }
    println!("all: {:?}", start.elapsed());
}

#[test]
fn depth_is_no_matter() {
    for text in [
        format!("{}a{}", "(".repeat(1 << 19), ")".repeat(1 << 19)),
        format!("a{}", "+a".repeat(1 << 19)),
        format!("a{}", "**a".repeat(1 << 18)),
        format!("{}a", "-".repeat(1 << 19)),
        format!("{}a{}", "f(".repeat(1 << 18), ")".repeat(1 << 18)),
    ] {
        let start = Instant::now();
        let (printed, report, _) = read(&text, expression);
        assert!(report.diagnostics.is_empty());
        assert_eq!(read(&printed, expression).0, printed);
        println!("{:?}", start.elapsed());
    }
}

#[test]
fn any_soup_of_tokens_is_survived() {
    const WORDS: &[&str] = &[
        "a", "v", "d", "dt", "dv", "/", "=", ":", "\n", "\n", "(", ")", "[", "]", "{", "}", ",", ".", ";", "+", "-", "*", "**", "<", "==", "&", "'",
        "\"", "\\", "#", " ", "1", "0x", "2ms", "group g[1] {", "clock", "record", "run", "set", "init", "method", "every", "threshold", "not",
        "and", "if", "else", "lambda", "µ", ":=", "\r\n", "\t", "constant", "synapses", "True",
    ];
    arbtest::arbtest(|random| {
        let mut text = String::new();
        for _ in 0..random.int_in_range(0..=60)? {
            text += random.choose(WORDS)?;
            text += if random.ratio(2, 3)? { " " } else { "" };
        }
        for parse in ALL {
            let (printed, report, sources) = read(&text, parse);
            report.render(&sources, true);
            let (again, mistakes, _) = read(&printed, parse);
            if !printed.is_empty() {
                assert!(mistakes.diagnostics.is_empty(), "{text:?} is printed as {printed:?}");
                assert_eq!(printed, again, "{text:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_text_beyond_the_bound_is_refused() {
    let (_, report, _) = read(&" ".repeat(dvdt::source::LONGEST + 1), model);
    assert_eq!(report.diagnostics[0].code.0, "text-too-long");
}

#[test]
#[ignore = "measures"]
fn speed_of_ten_lines() {
    let text = "clock dt = 0.1*ms\ngroup cells[100] {\n dv/dt = (g*(E - v) + I)/C : volt\n dg/dt = -g/tau : siemens\n tau : second\n I : amp\n method euler\n init v = 1*mV\n}\nrecord cells.v\nrun 100*second\n";
    let mut sources = Sources::new();
    let source = sources.add("m", text);
    let start = Instant::now();
    for _ in 0..1000 {
        syntax::model_file(&sources, source, &mut Report::new());
    }
    println!("{:?} each", start.elapsed() / 1000);
}
