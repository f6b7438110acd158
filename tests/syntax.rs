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
            cells.push(format!(
                "{}@{column} {:?}: {}{help}",
                diagnostic.code.0,
                sources.text(place),
                diagnostic.message
            ));
        }
        if cells.is_empty() {
            cells.push("(nothing)".to_owned());
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
            "-a**2",
            "(-a)**2",
            "2**-1",
            "a**b**c",
            "(a**b)**c",
            "a-b-c",
            "a-(b-c)",
            "a/b/c",
            "a/(b*c)",
            "a//b%c",
            "not a < b",
            "(not a) < b",
            "not a and b or c",
            "not (a and b)",
            "a and (b or c)",
            "a or b and c",
            "-a*b",
            "a*-b",
            "+-a",
            "- -a",
            "(a < b) == c",
            "(a < b) < c",
            "-(a + b)",
            "f()",
            "f(a, b + 1,)",
            "f(f(f(x)))",
            "a <= b",
            "a >= b",
            "a == b",
            "a != b",
            "((((a))))",
            "a\n+\nb # c : d",
            "not not a",
            "2**(not a)",
        ],
        &expect![[r#"
            "-a**2"
                -a**2
            "(-a)**2"
                (-a)**2
            "2**-1"
                2**-1
            "a**b**c"
                a**b**c
            "(a**b)**c"
                (a**b)**c
            "a-b-c"
                a - b - c
            "a-(b-c)"
                a - (b - c)
            "a/b/c"
                a/b/c
            "a/(b*c)"
                a/(b*c)
            "a//b%c"
                a // b % c
            "not a < b"
                not a < b
            "(not a) < b"
                (not a) < b
            "not a and b or c"
                not a and b or c
            "not (a and b)"
                not (a and b)
            "a and (b or c)"
                a and (b or c)
            "a or b and c"
                a or b and c
            "-a*b"
                -a*b
            "a*-b"
                a*-b
            "+-a"
                +-a
            "- -a"
                --a
            "(a < b) == c"
                (a < b) == c
            "(a < b) < c"
                (a < b) < c
            "-(a + b)"
                -(a + b)
            "f()"
                f()
            "f(a, b + 1,)"
                f(a, b + 1)
            "f(f(f(x)))"
                f(f(f(x)))
            "a <= b"
                a <= b
            "a >= b"
                a >= b
            "a == b"
                a == b
            "a != b"
                a != b
            "((((a))))"
                a
            "a\n+\nb # c : d"
                a + b
            "not not a"
                not not a
            "2**(not a)"
                2**(not a)
        "#]],
    );
}

#[test]
fn literals() {
    table(
        expression,
        &[
            "0",
            "00",
            "12",
            "1_000",
            "0xff",
            "0XfF_f",
            "0o17",
            "0b1_01",
            "1.",
            ".5",
            "1e-3",
            "1.5E+2",
            "1_0.0_1e1_0",
            "9223372036854775807",
            "9223372036854775808",
            "0x8000000000000001",
            "0x10000000000000000",
            "True",
            "False",
            "012",
            "1__0",
            "1_",
            "1_.5",
            "1_e5",
            "0x",
            "0b12",
            "0o8",
            "1j",
            "1e400",
            "2ms",
            "1e-3ms",
            "1.volt",
            "2 ms",
        ],
        &expect![[r#"
            "0"
                0
            "00"
                0
            "12"
                12
            "1_000"
                1000
            "0xff"
                255
            "0XfF_f"
                4095
            "0o17"
                15
            "0b1_01"
                5
            "1."
                1.0
            ".5"
                0.5
            "1e-3"
                0.001
            "1.5E+2"
                150.0
            "1_0.0_1e1_0"
                100100000000.0
            "9223372036854775807"
                9223372036854775807
            "9223372036854775808"
                9.223372036854776e18
            "0x8000000000000001"
                9.223372036854776e18
            "0x10000000000000000"
                1.8446744073709552e19
            "True"
                True
            "False"
                False
            "012"
                bad-number@1 "012": a number may not begin with `0`; write `12`, or `0o12` if it is octal
            "1__0"
                bad-number@1 "1__0": `_` in a number stands between two digits
            "1_"
                bad-number@1 "1_": `_` in a number stands between two digits
            "1_.5"
                bad-number@1 "1_.5": `_` in a number stands between two digits
            "1_e5"
                bad-number@1 "1_e5": `_` in a number stands between two digits
            "0x"
                bad-number@1 "0x": this number lacks digits or has wrong ones
            "0b12"
                bad-number@1 "0b12": this number lacks digits or has wrong ones
            "0o8"
                bad-number@1 "0o8": this number lacks digits or has wrong ones
            "1j"
                bad-number@1 "1j": complex numbers are not supported; write real and imaginary part apart
            "1e400"
                number-too-large@1 "1e400": this number is too large for a float; for infinity, write `inf`
            "2ms"
                bad-number@1 "2ms": a number and a name need an operator between them; write `2*ms`
            "1e-3ms"
                bad-number@1 "1e-3ms": a number and a name need an operator between them; write `1e-3*ms`
            "1.volt"
                bad-number@1 "1.volt": a number and a name need an operator between them; write `1.*volt`
            "2 ms"
                missing-operator@1 "2 ms": an operator is missing; to multiply, write `2*ms`
        "#]],
    );
}

#[test]
fn refused_expressions() {
    table(
        expression,
        &[
            "",
            "a +",
            "a b",
            "2 (a)",
            "f(a)(b)",
            "a < b < c",
            "a < b < c < d",
            "(a) < b == c",
            "a & b | c",
            "a && b",
            "a ^ 2",
            "~a",
            "!a",
            "a << 2",
            "a >> 2",
            "a @ b",
            "a if c else b",
            "a+1 if b > c else 2",
            "a[1]",
            "a[1:2]",
            "a.b",
            "f(x=1)",
            "f(*a)",
            "f(**a)",
            "(a, b)",
            "[a, b]",
            "\"a\"",
            "'a'",
            "lambda x",
            "a is b",
            "a in b",
            "None",
            "a \\ b",
            "a ? b",
            "a = b",
            "(a",
            "a)",
            "(a]",
            "()",
            "a µ b",
            "5 × 3",
            "a,b",
            "a === b",
            "a <> b",
            "a;b",
        ],
        &expect![[r#"
            ""
                missing-expression@1 "": an expression is missing
            "a +"
                missing-expression@4 "": an expression is missing after `+`
            "a b"
                missing-operator@1 "a b": an operator is missing; to multiply, write `a*b`
            "2 (a)"
                missing-operator@1 "2 (": an operator is missing; to multiply, write `*`
            "f(a)(b)"
                missing-operator@4 ")(": an operator is missing; to multiply, write `*`
            "a < b < c"
                chained-comparison@1 "a < b < c": comparisons do not chain; write `a < b and b < c`
            "a < b < c < d"
                chained-comparison@1 "a < b < c": comparisons do not chain; write `a < b and b < c`
            "(a) < b == c"
                chained-comparison@1 "(a) < b == c": comparisons do not chain; write `a < b and b == c`
            "a & b | c"
                unsupported-operator@3 "&": `&` is not an operator here; for conditions, write `and`
                unsupported-operator@7 "|": `|` is not an operator here; for conditions, write `or`
            "a && b"
                unsupported-operator@3 "&&": `&&` is not an operator here; for conditions, write `and`
            "a ^ 2"
                unsupported-operator@3 "^": `^` is not an operator here; for powers, write `**`
            "~a"
                unsupported-operator@1 "~": `~` is not an operator here; for conditions, write `not`
            "!a"
                unsupported-operator@1 "!": `!` is not an operator here; for conditions, write `not`
            "a << 2"
                unsupported-operator@3 "<<": `<<` is not an operator here; to multiply by a power of two, write `*2**n`
            "a >> 2"
                unsupported-operator@3 ">>": `>>` is not an operator here; to divide by a power of two and round down, write `//2**n`
            "a @ b"
                unsupported-operator@3 "@": `@` is not an operator here; there are no matrices: write the sum of products out, term by term
            "a if c else b"
                unsupported-expression@1 "a if c else b": there is no `if … else …` in expressions; write `int(c)*a + int(not c)*b`
            "a+1 if b > c else 2"
                unsupported-expression@1 "a+1 if b > c else 2": there is no `if … else …` in expressions; write `int(b > c)*(a+1) + int(not (b > c))*2`
            "a[1]"
                unsupported-expression@2 "[1]": expressions do not index
            "a[1:2]"
                unsupported-expression@2 "[1:2]": expressions do not index
            "a.b"
                unsupported-expression@2 ".b": expressions have no attributes
            "f(x=1)"
                unsupported-expression@3 "x": functions take their arguments by position; write the values alone, in the function's order
            "f(*a)"
                unsupported-expression@3 "*": arguments cannot be unpacked; write every argument out
            "f(**a)"
                unsupported-expression@3 "**": arguments cannot be unpacked; write every argument out
            "(a, b)"
                unsupported-expression@1 "(a, b)": an expression is one value, not several; for a number such as `1.5`, write the decimal point as `.`
            "[a, b]"
                unsupported-expression@1 "[a, b]": there are no lists in expressions
            "\"a\""
                unsupported-expression@1 "\"a\"": there are no texts in expressions; write names and units without quotes
            "'a'"
                unsupported-expression@1 "'": there are no texts in expressions; write names and units without quotes
            "lambda x"
                reserved-word@1 "lambda": `lambda` is a word of Python and cannot be used; give the expression a name: `name = expression : unit`
            "a is b"
                reserved-word@3 "is": `is` is a word of Python and cannot be used; compare with `==`
            "a in b"
                reserved-word@3 "in": `in` is a word of Python and cannot be used; compare with `<`, `<=`, `==`, joined by `and` and `or`
            "None"
                reserved-word@1 "None": `None` is a word of Python and cannot be used; every variable is a number or a boolean; leave the definition out
            "a \\ b"
                unsupported-expression@3 "\\": lines are not continued with `\`; leave it out: the expression of a definition runs on until its `:`
            "a ? b"
                unknown-character@3 "?": `?` has no meaning here; write `int(condition)*a + int(not condition)*b`
            "a = b"
                syntax-error@3 "=": expected the end, found `=`
            "(a"
                unclosed-bracket@1 "(": `(` is never closed
            "a)"
                unmatched-bracket@2 ")": `)` closes nothing
            "(a]"
                unmatched-bracket@3 "]": `(` is closed by `]`
            "()"
                syntax-error@2 ")": expected an expression, found `)`
            "a µ b"
                unknown-character@3 "µ": `µ` has no meaning here; write micro as `u`: `uV`, `us`
            "5 × 3"
                unknown-character@3 "×": `×` has no meaning here; write multiplication as `*`
            "a,b"
                syntax-error@2 ",": expected the end, found `,`
            "a === b"
                syntax-error@5 "=": expected an expression, found `=`
            "a <> b"
                syntax-error@4 ">": expected an expression, found `>`
            "a;b"
                syntax-error@2 ";": expected an operator, found `;`
        "#]],
    );
}

#[test]
fn statements_are_brian2s_and_more() {
    table(
        statements,
        &[
            "v = 1",
            "v += 1; w -= 2\nx *= 3 # c; d\n# only\ny /= 4;;z %= 5",
            "v = (1 +\n 2)",
            "",
            "method = 1; init = 2",
            "v **= 2",
            "v //= 2",
            "v := 2",
            "v == 2",
            "v = w = 2",
            "v = 1 w = 2",
            "v",
            "v = ",
            "v = (1\nw = 2",
            "1 = v",
            "v = a b; w = ; x = 1",
        ],
        &expect![[r#"
            "v = 1"
                v = 1
            "v += 1; w -= 2\nx *= 3 # c; d\n# only\ny /= 4;;z %= 5"
                v += 1
                w -= 2
                x *= 3
                y /= 4
                z %= 5
            "v = (1 +\n 2)"
                v = 1 + 2
            ""
                (nothing)
            "method = 1; init = 2"
                method = 1
                init = 2
            "v **= 2"
                wrong-assignment@3 "**=": `**=` cannot be used here; write `x = x ** …`
            "v //= 2"
                wrong-assignment@3 "//=": `//=` cannot be used here; write `x = x // …`
            "v := 2"
                wrong-assignment@3 ":=": `:=` cannot be used here; write `=`
            "v == 2"
                wrong-assignment@3 "==": `==` cannot be used here; `==` compares; to define or assign, write `=`
            "v = w = 2"
                wrong-assignment@7 "=": one statement assigns once; write a second statement; to compare, write `==`
            "v = 1 w = 2"
                definitions-on-one-line@7 "w": the next definition or item needs a line of its own
            "v"
                syntax-error@2 "": expected `=`
            "v = "
                missing-expression@4 "": an expression is missing after `=`
            "v = (1\nw = 2"
                w = 2
                unclosed-bracket@5 "(": `(` is never closed
            "1 = v"
                syntax-error@1 "1": expected a name, found `1`
            "v = a b; w = ; x = 1"
                x = 1
                missing-operator@5 "a b": an operator is missing; to multiply, write `a*b`
                missing-expression@13 "": an expression is missing after `=`
        "#]],
    );
}

#[test]
fn equations_are_brian2s() {
    table(
        equations,
        &[
            "",
            "# nothing",
            "dv/dt = -v/tau : volt",
            "d v / dt = -v/tau : volt",
            "d v\n/\ndt\n=\n-v : 1",
            "x : 1",
            "x = a\n  + b # c : d\n  : volt # e",
            "x : 1 (constant) y : 1",
            "x : 1 (constant, shared)",
            "dv/dt = 1 : 1 (unless refractory)",
            "x = 1 : 1 (constant   over dt)",
            "x : 1 (event-driven)",
            "x : siemens/metre**2",
            "x : metre**-0.5",
            "x : 1/second",
            "x : integer",
            "dx : 1",
            "x : 1\n(constant)",
            "x :\n volt",
            "method : 1\ninit : 1\nrecord = run : 1\nclock : 1",
            "d = 1 : 1",
            "d : 1",
            "\u{feff}x : 1\r\ny\t: 1\r\n",
            "dv/dt =\n tau : second",
            "x : volt**2*amp",
        ],
        &expect![[r##"
            ""
                (nothing)
            "# nothing"
                (nothing)
            "dv/dt = -v/tau : volt"
                dv/dt = -v/tau : volt
            "d v / dt = -v/tau : volt"
                dv/dt = -v/tau : volt
            "d v\n/\ndt\n=\n-v : 1"
                dv/dt = -v : 1
            "x : 1"
                x : 1
            "x = a\n  + b # c : d\n  : volt # e"
                x = a + b : volt
            "x : 1 (constant) y : 1"
                x : 1 (constant)
                y : 1
            "x : 1 (constant, shared)"
                x : 1 (constant, shared)
            "dv/dt = 1 : 1 (unless refractory)"
                dv/dt = 1 : 1 (unless refractory)
            "x = 1 : 1 (constant   over dt)"
                x = 1 : 1 (constant over dt)
            "x : 1 (event-driven)"
                x : 1 (event-driven)
            "x : siemens/metre**2"
                x : siemens/metre**2
            "x : metre**-0.5"
                x : metre**-0.5
            "x : 1/second"
                x : 1/second
            "x : integer"
                x : integer
            "dx : 1"
                dx : 1
            "x : 1\n(constant)"
                x : 1 (constant)
            "x :\n volt"
                x : volt
            "method : 1\ninit : 1\nrecord = run : 1\nclock : 1"
                method : 1
                init : 1
                record = run : 1
                clock : 1
            "d = 1 : 1"
                d = 1 : 1
            "d : 1"
                d : 1
            "\u{feff}x : 1\r\ny\t: 1\r\n"
                x : 1
                y : 1
            "dv/dt =\n tau : second"
                dv/dt = tau : second
            "x : volt**2*amp"
                x : volt**2*amp
        "##]],
    );
}

#[test]
fn refused_equations() {
    table(
        equations,
        &[
            "x",
            "x :",
            "x = 1",
            "dv/dt = -v/tau\ntau : second",
            "dv/dt = -v/tau\ndw/dt = -w : 1",
            "x = \ny = 1 : 1",
            "x : 1 y : 1",
            "x : 1 dy/dt = y : 1",
            "x : 1; y : 1",
            "x : 1 ()",
            "x : volt*(amp)",
            "x : amp meter",
            "x : volt^2",
            "x : volt +",
            "x : volt/",
            "v' = -v : 1",
            "dv/dt == -v : 1",
            "v := 3 : 1",
            "v == 3 : 1",
            "v += 3 : 1",
            "dv/dx = 1 : 1",
            "v/dt = 1 : 1",
            "dv/dt : 1",
            "e v / dt = 1 : 1",
            "x = (a : 1",
            "x = (a\ny : 1",
            "x = a) : 1",
            "x = a \\\n b : 1",
            "lambda : 1",
            "x y : 1",
            "3 : 1",
            "x : 1 (constant",
            "x : 1 (a) (b)\ny : 1",
            "x = a b : 1",
            "x = y = z : 1",
            "v[0] = 1 : 1",
            "x : 1 (constant\ny : 1",
            "x : volt:",
            ": 1",
        ],
        &expect![[r#"
            "x"
                missing-unit@2 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "x :"
                missing-unit@4 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "x = 1"
                missing-unit@6 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "dv/dt = -v/tau\ntau : second"
                tau : second
                missing-unit@15 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "dv/dt = -v/tau\ndw/dt = -w : 1"
                dw/dt = -w : 1
                missing-unit@15 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "x = \ny = 1 : 1"
                y = 1 : 1
                missing-expression@4 "": an expression is missing after `=`
            "x : 1 y : 1"
                y : 1
                definitions-on-one-line@7 "y": the next definition or item needs a line of its own
            "x : 1 dy/dt = y : 1"
                dy/dt = y : 1
                definitions-on-one-line@7 "dy": the next definition or item needs a line of its own
            "x : 1; y : 1"
                x : 1
                y : 1
                definitions-on-one-line@6 ";": `;` separates nothing here; write each definition and each item on a line of its own
            "x : 1 ()"
                empty-flags@8 ")": there is no flag between the parentheses; leave them out, or write a flag such as `(constant)`
            "x : volt*(amp)"
                bad-unit@10 "(": `(` cannot stand in a unit; write units without parentheses: `siemens/metre**2`, `kilogram/metre/second`
            "x : amp meter"
                missing-operator@5 "amp meter": an operator is missing; to multiply, write `amp*meter`
            "x : volt^2"
                bad-unit@9 "^": `^` cannot stand in a unit; write powers as `**`
            "x : volt +"
                bad-unit@10 "+": `+` cannot stand in a unit
            "x : volt/"
                missing-expression@10 "": an expression is missing after `/`
            "v' = -v : 1"
                bad-derivative@2 "'": derivatives are not written with `'`; write `dv/dt = … : unit`
            "dv/dt == -v : 1"
                wrong-assignment@7 "==": `==` cannot be used here; `==` compares; to define or assign, write `=`
            "v := 3 : 1"
                wrong-assignment@3 ":=": `:=` cannot be used here; write `=`
            "v == 3 : 1"
                wrong-assignment@3 "==": `==` cannot be used here; `==` compares; to define or assign, write `=`
            "v += 3 : 1"
                wrong-assignment@3 "+=": `+=` cannot be used here; a definition holds at all times: write `=`
            "dv/dx = 1 : 1"
                bad-derivative@1 "dv/dx": this is not the derivative of a variable by time; write `dv/dt = … : unit`
            "v/dt = 1 : 1"
                bad-derivative@1 "v/dt": this is not the derivative of a variable by time; write `dv/dt = … : unit`
            "dv/dt : 1"
                syntax-error@6 "": expected `=`
            "e v / dt = 1 : 1"
                bad-derivative@1 "e v / dt": this is not the derivative of a variable by time; write `dv/dt = … : unit`
            "x = (a : 1"
                unclosed-bracket@5 "(": `(` is never closed
            "x = (a\ny : 1"
                y : 1
                unclosed-bracket@5 "(": `(` is never closed
            "x = a) : 1"
                unmatched-bracket@6 ")": `)` closes nothing
            "x = a \\\n b : 1"
                unsupported-expression@7 "\\": lines are not continued with `\`; leave it out: the expression of a definition runs on until its `:`
            "lambda : 1"
                reserved-word@1 "lambda": `lambda` is a word of Python and cannot be used; give the expression a name: `name = expression : unit`
            "x y : 1"
                syntax-error@3 "y": expected `:` or `=`, found `y`
            "3 : 1"
                syntax-error@1 "3": expected a definition such as `dv/dt = … : unit`, found `3`
            "x : 1 (constant"
                unclosed-bracket@7 "(": `(` is never closed
            "x : 1 (a) (b)\ny : 1"
                x : 1 (a)
                y : 1
                syntax-error@11 "(": expected a definition such as `dv/dt = … : unit`, found `(`
            "x = a b : 1"
                missing-operator@5 "a b": an operator is missing; to multiply, write `a*b`
            "x = y = z : 1"
                wrong-assignment@7 "=": one statement assigns once; write a second statement; to compare, write `==`
            "v[0] = 1 : 1"
                syntax-error@2 "[": expected `:` or `=`, found `[`
            "x : 1 (constant\ny : 1"
                y : 1
                unclosed-bracket@7 "(": `(` is never closed
            "x : volt:"
                bad-unit@9 ":": `:` cannot stand in a unit
            ": 1"
                syntax-error@2 "": expected a definition such as `dv/dt = … : unit`
        "#]],
    );
}

#[test]
fn model_files() {
    table(
        model,
        &[
            "clock dt = 0.1*ms\nclock slow dt = 1*ms",
            "constant E = -60*mV",
            "math fast\ndenormals flush",
            "run 100*second",
            "run (1 +\n2)*ms",
            "set g.v = 3",
            "set g.v += (1 +\n 2)",
            "record g.v, g.w[0, 5, 10:20, :3, 4:, :] every 1*ms",
            "record every.every every every",
            "group g[1] {}",
            "group g[1] { clock slow }",
            "group g[1]\n{ v : 1 }",
            "group g[2*n] { v : 1 (constant) method euler }",
            "group g[1] {\n method : 1\n init : 1\n init init = 3\n clock = 2 : 1\n clock slow\n method rk4\n run : 1\n record\n : 1\n init v *= 2\n}",
            "group g[1] {\n dv/dt = -v\n  /tau # c\n : volt (unless refractory)\n}\r\nrun 1*ms\r\n",
        ],
        &expect![[r#"
            "clock dt = 0.1*ms\nclock slow dt = 1*ms"
                clock dt = 0.1*ms
                clock slow dt = 1*ms
            "constant E = -60*mV"
                constant E = -60*mV
            "math fast\ndenormals flush"
                math fast
                denormals flush
            "run 100*second"
                run 100*second
            "run (1 +\n2)*ms"
                run (1 + 2)*ms
            "set g.v = 3"
                set g.v = 3
            "set g.v += (1 +\n 2)"
                set g.v += 1 + 2
            "record g.v, g.w[0, 5, 10:20, :3, 4:, :] every 1*ms"
                record g.v every 1*ms
                record g.w[0, 5, 10:20, :3, 4:, :] every 1*ms
            "record every.every every every"
                record every.every every every
            "group g[1] {}"
                group g[1] {
                }
            "group g[1] { clock slow }"
                group g[1] {
                    clock slow
                }
            "group g[1]\n{ v : 1 }"
                group g[1] {
                    v : 1
                }
            "group g[2*n] { v : 1 (constant) method euler }"
                group g[2*n] {
                    v : 1 (constant)
                    method euler
                }
            "group g[1] {\n method : 1\n init : 1\n init init = 3\n clock = 2 : 1\n clock slow\n method rk4\n run : 1\n record\n : 1\n init v *= 2\n}"
                group g[1] {
                    method : 1
                    init : 1
                    clock = 2 : 1
                    run : 1
                    record : 1
                    method rk4
                    clock slow
                    init init = 3
                    init v *= 2
                }
            "group g[1] {\n dv/dt = -v\n  /tau # c\n : volt (unless refractory)\n}\r\nrun 1*ms\r\n"
                group g[1] {
                    dv/dt = -v/tau : volt (unless refractory)
                }
                run 1*ms
        "#]],
    );
}

#[test]
fn refused_model_files() {
    table(
        model,
        &[
            "recrod cells.v",
            "gruop g[1] { v : 1 }",
            "frobnicate 3 { a }\nrun 1",
            "run",
            "run 1 2",
            "v : 1",
            "dv/dt = 1 : 1\nrun 1",
            "method euler",
            "init v = 3",
            "}",
            "group g[1] {\n v : 1\nrun 1*ms",
            "group g[1] {\n v : 1\ngroup h[1] { v : 1 }",
            "group g { v : 1 }",
            "group g(3) { v : 1 }",
            "group g[1]\nrun 1",
            "group [1] { v : 1 }",
            "group g[1] { v : 1\n record g.v\n }",
            "group g[1] { methd euler }",
            "group g[1] { dv/dt = -v\n method euler\n w : 1 }",
            "group g[1] { float x : 1 }",
            "group g[1] { threshold v > 1\n reset v = 0\n refractory 5*ms }",
            "synapses s(a, b) {\n w : 1\n}\nrun 1",
            "noise xi",
            "clock slow = 1*ms",
            "clock dt 3",
            "record",
            "record g",
            "record g.v[",
            "record g.v every",
            "set v = 3",
            "set g.v 3",
            "run (1\nrecord g.v",
            "math",
            "+ 3",
            "constant x",
            "record g.v = 3",
            "group g[1] { init v = (1\n w : 1 }",
            "group g[1] { v = 1 }",
            "group g[1] { method }",
            "a & b\nrun 1 & 2\nrun 3 ^ 4",
            "group g[1] {\n v : 1\nrecrod g.v\nrun 1",
            "group g[1] {\n recrod g.v\n v : 1 }",
            "group g[1] {\n init x = 3\n w = (a\n run 1 }\nrun 2",
            "tau = 10*ms",
            "tau =",
            "dt = 0.1*ms",
            "run: 1*ms\nmath = fast\nrecord: g.v\nrun 2*ms",
            "group g[1] {\n v = 0\n poisson: 5*Hz\n refractory: 5*ms\n threshold = 'v > 1'\n}",
            "group g[1] {\n method : integer\n refractory : 1\n poisson_rate : 1/second\n}",
            "group g[1] {\n v : 1\n event = up\n method =\n threshold int(v > 1)*2 if v > 3 else 0\n}",
            "group g[1] {\n v : 1\n tau = 10*ms\n threshold v = 1\n reset v = 0, v = 1\n}",
            "group g[1] {\n v : 1\n threshold: v > 1\n reset = v = 0\n method: euler\n}",
            "group g[1] {\n v : 1\n threshold : volt\n}",
            "group g[1] {\n v : 1\n event up v > 1\n threshold v > 1 if v > 3 else v > 2\n}",
            "group g[1] {\n v : 1\n threshold v > 1\n reset {\n  v = 0\n refractory 2*ms\n method euler\n}\nrun 1",
            "group g[1] {\n v : 1\n threshold v > 1\n reset {\n  v = 0\n}\nrun 1",
        ],
        &expect![[r#"
            "recrod cells.v"
                unknown-item@1 "recrod": `recrod` begins nothing that is known here; did you mean `record`?
            "gruop g[1] { v : 1 }"
                group g[1] {
                    v : 1
                }
                unknown-item@1 "gruop": `gruop` begins nothing that is known here; did you mean `group`?
            "frobnicate 3 { a }\nrun 1"
                run 1
                unknown-item@1 "frobnicate": `frobnicate` begins nothing that is known here
            "run"
                missing-expression@4 "": an expression is missing
            "run 1 2"
                missing-operator@5 "1 2": an operator is missing; to multiply, write `1*2`
            "v : 1"
                misplaced-item@1 "v": equations belong to a group; write `group name[size] { … }` around them
            "dv/dt = 1 : 1\nrun 1"
                run 1
                misplaced-item@1 "dv": equations belong to a group; write `group name[size] { … }` around them
            "method euler"
                misplaced-item@1 "method": `method` belongs inside a group; move it between the `{` and `}` of its group
            "init v = 3"
                misplaced-item@1 "init": `init` belongs inside a group; move it between the `{` and `}` of its group
            "}"
                unmatched-bracket@1 "}": `}` closes nothing
            "group g[1] {\n v : 1\nrun 1*ms"
                group g[1] {
                    v : 1
                }
                run 1*ms
                unclosed-group@7 "": this group is never closed
            "group g[1] {\n v : 1\ngroup h[1] { v : 1 }"
                group g[1] {
                    v : 1
                }
                group h[1] {
                    v : 1
                }
                unclosed-group@7 "": this group is never closed
            "group g { v : 1 }"
                missing-size@7 "g": group `g` has no size; write the number of elements in brackets: `group g[100]`
            "group g(3) { v : 1 }"
                missing-size@8 "(": group `g` has no size; write the number of elements in brackets: `group g[100]`
            "group g[1]\nrun 1"
                run 1
                syntax-error@11 "": a group needs its equations; write `group name[size] { … }`
            "group [1] { v : 1 }"
                syntax-error@7 "[": expected a name, found `[`
            "group g[1] { v : 1\n record g.v\n }"
                group g[1] {
                    v : 1
                }
                misplaced-item@2 "record": `record` belongs outside of groups; move it after the `}` of this group
            "group g[1] { methd euler }"
                group g[1] {
                }
                unknown-item@14 "methd": `methd` begins nothing that is known here; did you mean `method`?
            "group g[1] { dv/dt = -v\n method euler\n w : 1 }"
                group g[1] {
                    w : 1
                    method euler
                }
                missing-unit@24 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "group g[1] { float x : 1 }"
                group g[1] {
                }
                unknown-item@14 "float": `float` begins nothing that is known here
            "group g[1] { threshold v > 1\n reset v = 0\n refractory 5*ms }"
                group g[1] {
                    threshold v > 1
                    reset {
                        v = 0
                    }
                    refractory 5*ms
                }
            "synapses s(a, b) {\n w : 1\n}\nrun 1"
                run 1
                not-yet-supported@1 "synapses": `synapses` is not supported yet
            "noise xi"
                not-yet-supported@1 "noise": `noise` is not supported yet
            "clock slow = 1*ms"
                bad-clock@7 "slow": a clock gives the length of its tick as `dt`; write `clock dt = 0.1*ms`, or `clock slow dt = 0.1*ms` for a clock with a name
            "clock dt 3"
                syntax-error@10 "3": expected a name or `=`, found `3`
            "record"
                syntax-error@7 "": expected a name
            "record g"
                syntax-error@9 "": a variable is named with its group; write `record group.g`, or `record g.variable` if it is a group
            "record g.v["
                unclosed-bracket@11 "[": `[` is never closed
            "record g.v every"
                missing-expression@17 "": an expression is missing after `every`
            "set v = 3"
                syntax-error@6 "": a variable is named with its group; write `set group.v = …`
            "set g.v 3"
                syntax-error@9 "3": expected `=`, found `3`
            "run (1\nrecord g.v"
                record g.v
                unclosed-bracket@5 "(": `(` is never closed
            "math"
                syntax-error@5 "": expected a name
            "+ 3"
                syntax-error@1 "+": expected an item such as `group`, `record` or `run`, found `+`
            "constant x"
                syntax-error@11 "": expected `=`
            "record g.v = 3"
                syntax-error@12 "=": expected `[`, `,` or `every`, found `=`
            "group g[1] { init v = (1\n w : 1 }"
                group g[1] {
                    w : 1
                }
                unclosed-bracket@23 "(": `(` is never closed
            "group g[1] { v = 1 }"
                group g[1] {
                }
                missing-unit@19 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
            "group g[1] { method }"
                group g[1] {
                }
                syntax-error@20 "": expected a name
            "a & b\nrun 1 & 2\nrun 3 ^ 4"
                unknown-item@1 "a": `a` begins nothing that is known here
                unsupported-operator@7 "&": `&` is not an operator here; for conditions, write `and`
                unsupported-operator@7 "^": `^` is not an operator here; for powers, write `**`
            "group g[1] {\n v : 1\nrecrod g.v\nrun 1"
                group g[1] {
                    v : 1
                }
                run 1
                unclosed-group@7 "": this group is never closed
                unknown-item@1 "recrod": `recrod` begins nothing that is known here; did you mean `record`?
            "group g[1] {\n recrod g.v\n v : 1 }"
                group g[1] {
                    v : 1
                }
                unknown-item@2 "recrod": `recrod` begins nothing that is known here; did you mean `record`?
            "group g[1] {\n init x = 3\n w = (a\n run 1 }\nrun 2"
                group g[1] {
                    init x = 3
                }
                run 2
                unclosed-bracket@6 "(": `(` is never closed
                misplaced-item@2 "run": `run` belongs outside of groups; move it after the `}` of this group
            "tau = 10*ms"
                misplaced-item@1 "tau": a constant begins with the word `constant`; write `constant tau = 10*ms`
            "tau ="
                misplaced-item@1 "tau": equations belong to a group; write `group name[size] { … }` around them
            "dt = 0.1*ms"
                misplaced-item@1 "dt": the length of a tick belongs to a clock; write `clock dt = 0.1*ms`
            "run: 1*ms\nmath = fast\nrecord: g.v\nrun 2*ms"
                run 2*ms
                wrong-assignment@4 ":": `run` takes no `:`; write `run 1*ms`
                wrong-assignment@6 "=": `math` takes no `=`; write `math fast`
                wrong-assignment@7 ":": `record` takes no `:`; write `record g.v`
            "group g[1] {\n v = 0\n poisson: 5*Hz\n refractory: 5*ms\n threshold = 'v > 1'\n}"
                group g[1] {
                }
                missing-unit@7 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
                wrong-assignment@9 ":": `poisson` takes no `:`; write `poisson 5*Hz`
                wrong-assignment@12 ":": `refractory` takes no `:`; write `refractory 5*ms`
                wrong-assignment@12 "=": `threshold` takes no `=`; write `threshold v > 1`
            "group g[1] {\n method : integer\n refractory : 1\n poisson_rate : 1/second\n}"
                group g[1] {
                    method : integer
                    refractory : 1
                    poisson_rate : 1/second
                }
            "group g[1] {\n v : 1\n event = up\n method =\n threshold int(v > 1)*2 if v > 3 else 0\n}"
                group g[1] {
                    v : 1
                }
                wrong-assignment@8 "=": `event` takes no `=`; write `event name = condition`
                wrong-assignment@9 "=": `method` takes no `=`; write `method name`
                unsupported-expression@12 "int(v > 1)*2 if v > 3 else 0": there is no `if … else …` in expressions; write `int(v > 3)*(int(v > 1)*2) + int(not (v > 3))*0`
            "group g[1] {\n v : 1\n tau = 10*ms\n threshold v = 1\n reset v = 0, v = 1\n}"
                group g[1] {
                    v : 1
                    reset {
                    }
                }
                missing-unit@13 "": this definition has no unit; write the unit of the variable after a colon, `: 1` if it has none
                wrong-assignment@14 "=": nothing is assigned here; to compare, write `>`, `>=`, `<`, `<=` or `==`
                syntax-error@13 ",": `,` does not part statements; write `;`
            "group g[1] {\n v : 1\n threshold: v > 1\n reset = v = 0\n method: euler\n}"
                group g[1] {
                    v : 1
                }
                wrong-assignment@11 ":": `threshold` takes no `:`; write `threshold v > 1`
                wrong-assignment@8 "=": `reset` takes no `=`; write `reset v = 0`
                wrong-assignment@8 ":": `method` takes no `:`; write `method euler`
            "group g[1] {\n v : 1\n threshold : volt\n}"
                group g[1] {
                    v : 1
                    threshold : volt
                }
            "group g[1] {\n v : 1\n event up v > 1\n threshold v > 1 if v > 3 else v > 2\n}"
                group g[1] {
                    v : 1
                }
                syntax-error@11 "v": an event and its condition need a `=` between them; write `event up = condition`
                unsupported-expression@12 "v > 1 if v > 3 else v > 2": there is no `if … else …` in expressions; write `(v > 3) and (v > 1) or not (v > 3) and (v > 2)`
            "group g[1] {\n v : 1\n threshold v > 1\n reset {\n  v = 0\n refractory 2*ms\n method euler\n}\nrun 1"
                group g[1] {
                    v : 1
                    method euler
                    threshold v > 1
                    reset {
                        v = 0
                    }
                    refractory 2*ms
                }
                run 1
                unclosed-group@8 "": this code is never closed
            "group g[1] {\n v : 1\n threshold v > 1\n reset {\n  v = 0\n}\nrun 1"
                group g[1] {
                    v : 1
                    threshold v > 1
                    reset {
                        v = 0
                    }
                }
                run 1
                unclosed-group@2 "": this group is never closed
        "#]],
    );
}

#[test]
fn the_designs_example() {
    let text = "# A membrane that leaks.\nclock dt = 0.1*ms\n\ngroup cells[100] {\n    dv/dt = (0*mV - v)/tau : volt\n    tau : second\n    method euler\n    init v = 1*mV\n    init tau = 100*ms\n}\n\nrecord cells.v\nrun 100*second\n";
    expect![[r#"
        clock dt = 0.1*ms
        group cells[100] {
            dv/dt = (0*mV - v)/tau : volt
            tau : second
            method euler
            init v = 1*mV
            init tau = 100*ms
        }
        record cells.v
        run 100*second
    "#]]
    .assert_eq(&outcome(text, model));
}

#[test]
fn drawn_mistakes() {
    let text = "clock dt = 0.1*ms\ngroup cells[100] {\n    dv/dt = (v0 - v)/tau\n    tau : second\n    w = a < b < c : 1\n    x = f(1, (2 + 3) : 1\n    u : volt y : 1\n    z = 2ms + 1e400 : 1\nrecrod cells.v\nthreshold v > 1\nrun 1*ms ^ 2\nrun µ\nset cells.v := 3\nrun 1 if True else 2\n";
    let (_, report, sources) = read(text, model);
    expect![[r#"
        error[missing-unit]: this definition has no unit
         --> m:3:25
          |
        3 |     dv/dt = (v0 - v)/tau
          |                         ^ `: unit` expected here
          |
          = help: write the unit of the variable after a colon, `: 1` if it has none

        error[chained-comparison]: comparisons do not chain
         --> m:5:9
          |
        5 |     w = a < b < c : 1
          |         ^^^^^^^^^
          |
          = help: write `a < b and b < c`

        error[unclosed-bracket]: `(` is never closed
         --> m:6:10
          |
        6 |     x = f(1, (2 + 3) : 1
          |          ^          - `)` expected before this ends
          |          |
          |          opened here

        error[definitions-on-one-line]: the next definition or item needs a line of its own
         --> m:7:14
          |
        7 |     u : volt y : 1
          |              ^ another begins here

        error[bad-number]: a number and a name need an operator between them
         --> m:8:9
          |
        8 |     z = 2ms + 1e400 : 1
          |         ^^^
          |
          = help: write `2*ms`

        error[number-too-large]: this number is too large for a float
         --> m:8:15
          |
        8 |     z = 2ms + 1e400 : 1
          |               ^^^^^
          |
          = help: for infinity, write `inf`

        error[unclosed-group]: this group is never closed
         --> m:8:24
          |
        2 | group cells[100] {
          |                  - opened here
        ...
        8 |     z = 2ms + 1e400 : 1
          |                        ^ `}` expected here

        error[unknown-item]: `recrod` begins nothing that is known here
         --> m:9:1
          |
        9 | recrod cells.v
          | ^^^^^^
          |
          = help: did you mean `record`?

        error[misplaced-item]: `threshold` belongs inside a group
          --> m:10:1
           |
        10 | threshold v > 1
           | ^^^^^^^^^
           |
           = help: move it between the `{` and `}` of its group

        error[unsupported-operator]: `^` is not an operator here
          --> m:11:10
           |
        11 | run 1*ms ^ 2
           |          ^
           |
           = help: for powers, write `**`

        error[unknown-character]: `µ` has no meaning here
          --> m:12:5
           |
        12 | run µ
           |     ^
           |
           = help: write micro as `u`: `uV`, `us`

        error[wrong-assignment]: `:=` cannot be used here
          --> m:13:13
           |
        13 | set cells.v := 3
           |             ^^
           |
           = help: write `=`

        error[unsupported-expression]: there is no `if … else …` in expressions
          --> m:14:5
           |
        14 | run 1 if True else 2
           |     ^^^^^^^^^^^^^^^^
           |
           = help: write `int(True)*1 + int(not True)*2`
    "#]]
    .assert_eq(&report.render(&sources, false));
}

#[test]
fn drawn_at_the_edges() {
    let long = format!("x = {}& b{} : 1\n\ty\t=\tµ : 1\nz", "a + ".repeat(1000), " + c".repeat(1000));
    let (_, report, sources) = read(&long, equations);
    expect![[r#"
        error[syntax-error]: expected an expression, found `&`
         --> m:1:4005
          |
         ::: 
        1 | …a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + & b + c + c + c + c + c + c + c + c + c + c + c + c + c + c +…
          |                                                              ^ not expected here

        error[unknown-character]: `µ` has no meaning here
         --> m:2:6
          |
        2 |     y    =    µ : 1
          |               ^
          |
          = help: write micro as `u`: `uV`, `us`

        error[missing-unit]: this definition has no unit
         --> m:3:2
          |
        3 | z
          |  ^ `: unit` expected here
          |
          = help: write the unit of the variable after a colon, `: 1` if it has none
    "#]].assert_eq(&report.render(&sources, false));
    assert!(report.render(&sources, true).contains("\u{1b}["));
    let (_, report, sources) = read("run\n", model);
    expect![[r#"
        [
          {
            "code": "missing-expression",
            "severity": "error",
            "message": "an expression is missing",
            "file": "m",
            "labels": [
              {
                "file": "m",
                "line": 1,
                "column": 4,
                "end_line": 1,
                "end_column": 4,
                "text": "expected here"
              }
            ],
            "notes": [],
            "help": []
          }
        ]"#]]
    .assert_eq(&report.to_json(&sources));
}

/// Megabytes are read in time that is linear, and mistakes in them are drawn.
#[test]
fn large_texts() {
    let n = 1 << 20;
    let pieces = [
        "(",
        ")",
        "a+",
        "a**",
        "-",
        "not ",
        "a<",
        "a&",
        "f(",
        "[",
        "a[",
        "a:\n",
        "a\n",
        "\n",
        "x : 1 (c) ",
        "d",
        "0x",
        "1",
        "1_",
        "'",
        "\"",
        "µ",
        "µ ",
        "{",
        "}",
        "{}",
        "group g[1] {\n",
        "record g.v,",
        "run 1\n",
        "a if ",
        "a = (\n",
        ":",
        ";",
        "#",
        "threshold {",
        "lambda ",
        "a.",
        "x : ",
        "x = 1\n",
        "a b ",
        "every ",
        "x : 1 (\n",
        "group g[1]\n{",
        "rcord a\n",
        "\r\n",
        "dt/dt=",
        ",",
        "f(a,",
        "1e400 ",
    ];
    for piece in pieces {
        let text = piece.repeat(n / piece.len() / 4);
        for prefix in ["", "x = ", "group g[1] {\n", "run "] {
            for parse in ALL {
                let one = Instant::now();
                let (_, report, sources) = read(&(prefix.to_owned() + &text), parse);
                report.render(&sources, false);
                report.to_json(&sources);
                assert!(one.elapsed() < Duration::from_secs(10), "{prefix:?} {piece:?}: {:?}", one.elapsed());
            }
        }
    }
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
        let (printed, report, _) = read(&text, expression);
        assert!(report.diagnostics.is_empty());
        assert_eq!(read(&printed, expression).0, printed);
    }
}

#[test]
fn any_soup_of_tokens_is_survived() {
    const WORDS: &[&str] = &[
        "a",
        "v",
        "d",
        "dt",
        "dv",
        "/",
        "=",
        ":",
        "\n",
        "\n",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ";",
        "+",
        "-",
        "*",
        "**",
        "<",
        "==",
        "&",
        "'",
        "\"",
        "\\",
        "#",
        " ",
        "1",
        "0x",
        "2ms",
        "group g[1] {",
        "clock",
        "record",
        "run",
        "set",
        "init",
        "method",
        "every",
        "threshold",
        "not",
        "and",
        "if",
        "else",
        "lambda",
        "µ",
        ":=",
        "\r\n",
        "\t",
        "constant",
        "synapses",
        "True",
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
