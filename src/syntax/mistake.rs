//! Says what is wrong with a text: all wording of this stage, one function per diagnostic.

use super::number::Fault;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{LONGEST, Span};

/// Mistakes of one text that are said; one more says that there are more.
pub(super) const MOST: usize = 100;

/// The longest piece of a text that a message repeats.
const LONGEST_QUOTE: usize = 40;

/// A piece of the text for a message, or `otherwise` where it would be too long.
fn quote<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.len() <= LONGEST_QUOTE && !text.contains('\n') { text } else { otherwise }
}

// The text as a whole.

pub(super) fn text_too_long(span: Span, length: usize) -> Diagnostic {
    Diagnostic::error(Code("text-too-long"), "this text is too long to be read", span, "")
        .with_note(format!("it has {length} bytes, and at most {LONGEST} are read"))
}

pub(super) fn too_many_mistakes(span: Span) -> Diagnostic {
    let message = format!("more than {MOST} mistakes; the rest of the text was not looked at");
    Diagnostic::error(Code("too-many-mistakes"), message, span, "stopped here")
}

// Single characters and words.

pub(super) fn unknown_character(span: Span, text: &str) -> Diagnostic {
    let shown = quote(text, "these characters");
    let message = format!("`{}` has no meaning here", shown.escape_debug());
    let mistake = Diagnostic::error(Code("unknown-character"), message, span, "");
    match text.chars().next() {
        Some('\u{2212}' | '\u{2013}' | '\u{2014}') => mistake.with_help("write the minus sign as `-`"),
        Some('×' | '·' | '⋅' | '∗') => mistake.with_help("write multiplication as `*`"),
        Some('÷') => mistake.with_help("write division as `/`"),
        Some('²') => mistake.with_help("write powers as `**2`"),
        Some('³') => mistake.with_help("write powers as `**3`"),
        Some('≤') => mistake.with_help("write `<=`"),
        Some('≥') => mistake.with_help("write `>=`"),
        Some('≠') => mistake.with_help("write `!=`"),
        Some('µ' | 'μ') => mistake.with_help("write micro as `u`: `uV`, `us`"),
        Some('Ω') => mistake.with_help("write `ohm`"),
        Some('∞') => mistake.with_help("write `inf`"),
        Some('\u{a0}' | '\u{200b}' | '\u{3000}') => mistake.with_help("use an ordinary blank"),
        Some('?') => mistake.with_help(CONDITIONAL),
        Some(_) | None => mistake.with_note("names are made of the letters a to z and A to Z, digits and `_`"),
    }
}

pub(super) fn reserved_word(span: Span, word: &str) -> Diagnostic {
    let message = format!("`{word}` is a word of Python and cannot be used");
    let mistake = Diagnostic::error(Code("reserved-word"), message, span, "");
    match word {
        "is" => mistake.with_help("compare with `==`"),
        "in" => mistake.with_help("compare with `<`, `<=`, `==`, joined by `and` and `or`"),
        "lambda" | "def" => mistake.with_help("give the expression a name: `name = expression : unit`"),
        "None" => mistake.with_help("every variable is a number or a boolean; leave the definition out"),
        _ => mistake.with_help("as a name, choose another"),
    }
}

pub(super) fn stray_quote(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "there are no texts in expressions", span, "")
        .with_help("write names and units without quotes")
}

pub(super) fn stray_backslash(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "lines are not continued with `\\`", span, "")
        .with_help("leave it out: the expression of a definition runs on until its `:`")
        .with_help("anywhere else, put the expression in parentheses")
}

pub(super) fn bad_number(span: Span, text: &str, fault: Fault) -> Diagnostic {
    let code = if fault == Fault::TooLarge { Code("number-too-large") } else { Code("bad-number") };
    let say = |message: &str, label: &str| Diagnostic::error(code, message, span, label);
    match fault {
        Fault::TooLarge => say("this number is too large for a float", "").with_help("for infinity, write `inf`"),
        Fault::Complex => say("complex numbers are not supported", "").with_help("write real and imaginary part apart"),
        Fault::LeadingZero => {
            say("a number may not begin with `0`", "").with_help(match text.trim_start_matches('0') {
                short if short.len() <= LONGEST_QUOTE => format!("write `{short}`, or `0o{short}` if it is octal"),
                _ => "leave the leading zeros out".to_owned(),
            })
        }
        Fault::Underscore => say("`_` in a number stands between two digits", ""),
        Fault::Digits => say("this number lacks digits or has wrong ones", "")
            .with_note("after `0x` come digits of base 16, after `0o` of base 8, after `0b` of base 2"),
        Fault::Suffix(digits) => say("a number and a name need an operator between them", "").with_help(format!(
            "write `{}*{}`",
            quote(&text[..digits], "number"),
            quote(&text[digits..], "name")
        )),
    }
}

// Brackets.

pub(super) fn unclosed_bracket(open: Span, bracket: &str, end: Span) -> Diagnostic {
    let close = if bracket == "(" { ")" } else { "]" };
    let message = format!("`{bracket}` is never closed");
    Diagnostic::error(Code("unclosed-bracket"), message, open, "opened here")
        .with_label(end, format!("`{close}` expected before this ends"))
}

pub(super) fn unmatched_bracket(span: Span, bracket: &str) -> Diagnostic {
    Diagnostic::error(Code("unmatched-bracket"), format!("`{bracket}` closes nothing"), span, "")
}

pub(super) fn crossed_brackets(open: Span, opened: &str, close: Span, closed: &str) -> Diagnostic {
    let message = format!("`{opened}` is closed by `{closed}`");
    Diagnostic::error(Code("unmatched-bracket"), message, close, "").with_label(open, "opened here")
}

pub(super) fn unclosed_group(end: Span, open: Span) -> Diagnostic {
    Diagnostic::error(Code("unclosed-group"), "this group is never closed", end, "`}` expected here")
        .with_label(open, "opened here")
}

pub(super) fn unclosed_code(end: Span, open: Span) -> Diagnostic {
    Diagnostic::error(Code("unclosed-group"), "this code is never closed", end, "`}` expected here")
        .with_label(open, "opened here")
}

pub(super) fn option_twice(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(Code("duplicate-setting"), format!("`{word}` stands here twice"), span, "again here")
}

pub(super) fn group_without_brace(end: Span) -> Diagnostic {
    Diagnostic::error(Code("syntax-error"), "a group needs its equations", end, "`{` expected here")
        .with_help("write `group name[size] { … }`")
}

pub(super) fn group_without_size(span: Span, name: &str) -> Diagnostic {
    let name = quote(name, "name");
    Diagnostic::error(Code("missing-size"), format!("group `{name}` has no size"), span, "")
        .with_help(format!("write the number of elements in brackets: `group {name}[100]`"))
}

// Expressions.

pub(super) fn chained_comparison(span: Span, first: [&str; 3], last: [&str; 2]) -> Diagnostic {
    let [a, op, b] = [quote(first[0], "a"), first[1], quote(first[2], "b")];
    let [then, c] = [last[0], quote(last[1], "c")];
    Diagnostic::error(Code("chained-comparison"), "comparisons do not chain", span, "")
        .with_help(format!("write `{a} {op} {b} and {b} {then} {c}`"))
}

const CONDITIONAL: &str = "write `int(condition)*a + int(not condition)*b`";

pub(super) fn conditional(span: Span, yes: &str, condition: &str, no: &str) -> Diagnostic {
    let message = "there is no `if … else …` in expressions";
    let mistake = Diagnostic::error(Code("unsupported-expression"), message, span, "");
    if [yes, condition, no].iter().any(|part| part.len() > LONGEST_QUOTE || part.contains('\n')) {
        return mistake.with_help(CONDITIONAL);
    }
    let [either, negated, other] = [yes, condition, no].map(bracketed);
    if [yes, no].into_iter().all(compares) {
        return mistake.with_help(format!("write `{negated} and {either} or not {negated} and {other}`"));
    }
    mistake.with_help(format!("write `int({condition})*{either} + int(not {negated})*{other}`"))
}

/// Whether two values are compared in `part`, in no parentheses.
fn compares(part: &str) -> bool {
    let mut depth = 0i32;
    part.bytes().any(|byte| {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        depth == 0 && matches!(byte, b'<' | b'>' | b'=')
    })
}

/// `part`, in parentheses unless it is one name or number.
fn bracketed(part: &str) -> String {
    let single = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    if single { part.to_owned() } else { format!("({part})") }
}

pub(super) fn unsupported_operator(span: Span, operator: &str) -> Diagnostic {
    let message = format!("`{operator}` is not an operator here");
    let mistake = Diagnostic::error(Code("unsupported-operator"), message, span, "");
    mistake.with_help(match operator {
        "&" | "&&" => "for conditions, write `and`",
        "|" | "||" => "for conditions, write `or`",
        "~" | "!" => "for conditions, write `not`",
        "^" => "for powers, write `**`",
        "<<" => "to multiply by a power of two, write `*2**n`",
        ">>" => "to divide by a power of two and round down, write `//2**n`",
        _ => "there are no matrices: write the sum of products out, term by term",
    })
}

pub(super) fn index(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "expressions do not index", span, "")
        .with_note("an expression is evaluated for every element, and a name means that element's value")
}

pub(super) fn attribute(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "expressions have no attributes", span, "")
        .with_note("an expression sees the variables of its own group only, by their plain names")
}

pub(super) fn tuple(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "an expression is one value, not several", span, "")
        .with_help("for a number such as `1.5`, write the decimal point as `.`")
}

pub(super) fn list(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "there are no lists in expressions", span, "")
}

pub(super) fn keyword_argument(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "functions take their arguments by position", span, "")
        .with_help("write the values alone, in the function's order")
}

pub(super) fn star_argument(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unsupported-expression"), "arguments cannot be unpacked", span, "")
        .with_help("write every argument out")
}

pub(super) fn missing_operator(span: Span, before: &str, after: &str) -> Diagnostic {
    let mistake = Diagnostic::error(Code("missing-operator"), "an operator is missing", span, "expected between these");
    if before.ends_with([')', ']']) || after == "(" || before.starts_with('"') || after.starts_with('"') {
        return mistake.with_help("to multiply, write `*`");
    }
    mistake.with_help(format!("to multiply, write `{}*{}`", quote(before, "a"), quote(after, "b")))
}

pub(super) fn missing_value(end: Span, after: &str) -> Diagnostic {
    let message = match quote(after, "") {
        "" => "an expression is missing".to_owned(),
        after => format!("an expression is missing after `{after}`"),
    };
    Diagnostic::error(Code("missing-expression"), message, end, "expected here")
}

pub(super) fn unexpected(span: Span, found: &str, expected: &str) -> Diagnostic {
    let message = match found {
        "\n" => format!("expected {expected}, found the end of the line"),
        found => format!("expected {expected}, found `{}`", quote(found, "…")),
    };
    Diagnostic::error(Code("syntax-error"), message, span, "not expected here")
}

pub(super) fn ends_early(end: Span, expected: &str) -> Diagnostic {
    Diagnostic::error(Code("syntax-error"), format!("expected {expected}"), end, "expected here")
}

// Definitions.

pub(super) fn missing_unit(end: Span) -> Diagnostic {
    Diagnostic::error(Code("missing-unit"), "this definition has no unit", end, "`: unit` expected here")
        .with_help("write the unit of the variable after a colon, `: 1` if it has none")
}

pub(super) fn bad_unit(span: Span, found: &str) -> Diagnostic {
    let message = format!("`{}` cannot stand in a unit", quote(found, "this"));
    let mistake = Diagnostic::error(Code("bad-unit"), message, span, "");
    match found {
        "(" | ")" => mistake.with_help("write units without parentheses: `siemens/metre**2`, `kilogram/metre/second`"),
        "^" => mistake.with_help("write powers as `**`"),
        _ => mistake.with_note("a unit is made of names and numbers with `*`, `/` and `**`: `siemens/metre**2`"),
    }
}

pub(super) fn bad_unit_exponent(span: Span) -> Diagnostic {
    Diagnostic::error(Code("bad-unit"), "the exponent of a unit is a number", span, "")
        .with_help("write `metre**2`, `second**-1`, or a fraction such as `volt**0.5`")
}

pub(super) fn definitions_on_one_line(span: Span) -> Diagnostic {
    let message = "the next definition or item needs a line of its own";
    Diagnostic::error(Code("definitions-on-one-line"), message, span, "another begins here")
}

pub(super) fn semicolon(span: Span) -> Diagnostic {
    Diagnostic::error(Code("definitions-on-one-line"), "`;` separates nothing here", span, "")
        .with_help("write each definition and each item on a line of its own")
}

pub(super) fn empty_flags(span: Span) -> Diagnostic {
    Diagnostic::error(Code("empty-flags"), "there is no flag between the parentheses", span, "")
        .with_help("leave them out, or write a flag such as `(constant)`")
}

pub(super) fn bad_derivative(span: Span, name: &str) -> Diagnostic {
    let name = quote(name.strip_prefix('d').filter(|name| !name.is_empty()).unwrap_or(name), "x");
    let mistake =
        Diagnostic::error(Code("bad-derivative"), "this is not the derivative of a variable by time", span, "");
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return mistake.with_help("derivatives are of first order: write `dx/dt = y : unit` and `dy/dt = … : unit`");
    }
    mistake.with_help(format!("write `d{name}/dt = … : unit`"))
}

pub(super) fn prime(span: Span, name: &str) -> Diagnostic {
    if matches!(name, "threshold" | "reset" | "refractory" | "event" | "method") {
        let message = format!("what `{name}` takes stands without quotes");
        return Diagnostic::error(Code("syntax-error"), message, span, "").with_help("leave the quotes out");
    }
    let name = quote(name, "x");
    Diagnostic::error(Code("bad-derivative"), "derivatives are not written with `'`", span, "")
        .with_help(format!("write `d{name}/dt = … : unit`"))
}

pub(super) fn wrong_assignment(span: Span, found: &str) -> Diagnostic {
    let message = format!("`{found}` cannot be used here");
    let mistake = Diagnostic::error(Code("wrong-assignment"), message, span, "");
    match found {
        "==" => mistake.with_help("`==` compares; to define or assign, write `=`"),
        ":=" => mistake.with_help("write `=`"),
        "+=" | "-=" | "*=" | "/=" | "%=" => mistake.with_help("a definition holds at all times: write `=`"),
        _ => mistake.with_help(format!("write `x = x {} …`", found.trim_end_matches('='))),
    }
}

pub(super) fn second_assignment(span: Span) -> Diagnostic {
    Diagnostic::error(Code("wrong-assignment"), "one statement assigns once", span, "")
        .with_help("write a second statement; to compare, write `==`")
}

// Lines of a model file.

pub(super) fn unknown_item(span: Span, word: &str, nearest: Option<&str>, words: &str) -> Diagnostic {
    let message = format!("`{}` begins nothing that is known here", quote(word, "this word"));
    let mistake = Diagnostic::error(Code("unknown-item"), message, span, "");
    match nearest {
        Some(nearest) => mistake.with_help(format!("did you mean `{nearest}`?")),
        None => mistake.with_note(format!("here stand: {words}")),
    }
}

pub(super) fn equation_outside_group(span: Span) -> Diagnostic {
    Diagnostic::error(Code("misplaced-item"), "equations belong to a group", span, "")
        .with_help("write `group name[size] { … }` around them")
}

pub(super) fn constant_without_word(span: Span, text: &str) -> Diagnostic {
    let text = quote(text, "name = value");
    let clock = text.strip_prefix("dt").is_some_and(|rest| rest.trim_start().starts_with('='));
    let (message, word) = if clock {
        ("the length of a tick belongs to a clock", "clock")
    } else {
        ("a constant begins with the word `constant`", "constant")
    };
    Diagnostic::error(Code("misplaced-item"), message, span, "").with_help(format!("write `{word} {text}`"))
}

pub(super) fn inside_groups_only(span: Span, word: &str) -> Diagnostic {
    let message = format!("`{word}` belongs inside a group");
    Diagnostic::error(Code("misplaced-item"), message, span, "")
        .with_help("move it between the `{` and `}` of its group")
}

pub(super) fn outside_groups_only(span: Span, word: &str) -> Diagnostic {
    let message = format!("`{word}` belongs outside of groups");
    let help = "move it after the `}` of this group";
    Diagnostic::error(Code("misplaced-item"), message, span, "").with_help(help)
}

pub(super) fn unmatched_brace(span: Span) -> Diagnostic {
    Diagnostic::error(Code("unmatched-bracket"), "`}` closes nothing", span, "")
}

pub(super) fn not_yet_supported(span: Span, word: &str) -> Diagnostic {
    let what = match word {
        "synapses" => "synapses come in a later version",
        "noise" => "noise stands in the equations: write `xi` there",
        _ => "it comes in a later version",
    };
    Diagnostic::error(Code("not-yet-supported"), format!("`{word}` is not supported yet"), span, what)
}

pub(super) fn clock_without_dt(span: Span, name: &str) -> Diagnostic {
    let message = "a clock gives the length of its tick as `dt`";
    let name = quote(name, "name");
    Diagnostic::error(Code("bad-clock"), message, span, "`dt` expected here")
        .with_help(format!("write `clock dt = 0.1*ms`, or `clock {name} dt = 0.1*ms` for a clock with a name"))
}

pub(super) fn lacks_variable(end: Span, sets: bool, name: &str) -> Diagnostic {
    let mistake = Diagnostic::error(Code("syntax-error"), "a variable is named with its group", end, "");
    match quote(name, "name") {
        name if sets => mistake.with_help(format!("write `set group.{name} = …`")),
        name => mistake.with_help(format!("write `record group.{name}`, or `record {name}.variable` if it is a group")),
    }
}

pub(super) fn word_with_sign(span: Span, word: &str, sign: &str, value: &str) -> Diagnostic {
    let usage = match (word, quote(value, "…").trim_matches(['\'', '"'])) {
        ("event", value) if !value.contains('=') => "event name = condition".to_owned(),
        ("method" | "clock", "") => format!("{word} name"),
        (_, "") => format!("{word} …"),
        (_, value) => format!("{word} {value}"),
    };
    Diagnostic::error(Code("wrong-assignment"), format!("`{word}` takes no `{sign}`"), span, "")
        .with_help(format!("write `{usage}`"))
}

pub(super) fn condition_assigns(span: Span) -> Diagnostic {
    Diagnostic::error(Code("wrong-assignment"), "nothing is assigned here", span, "")
        .with_help("to compare, write `>`, `>=`, `<`, `<=` or `==`")
}

pub(super) fn event_without_equals(span: Span, name: &str) -> Diagnostic {
    let name = quote(name, "name");
    Diagnostic::error(Code("syntax-error"), "an event and its condition need a `=` between them", span, "")
        .with_help(format!("write `event {name} = condition`"))
}

pub(super) fn statements_with_comma(span: Span) -> Diagnostic {
    Diagnostic::error(Code("syntax-error"), "`,` does not part statements", span, "").with_help("write `;`")
}

pub(super) fn hint_at_comment(mistake: Diagnostic) -> Diagnostic {
    mistake.with_help("comments begin with `#`")
}

pub(super) fn hint_at_constant(mistake: Diagnostic, text: &str) -> Diagnostic {
    let text = quote(text, "name = value");
    mistake.with_help(format!("or, for a number that never changes, write `constant {text}` outside of groups"))
}

pub(super) fn hint_at_definition(mistake: Diagnostic, name: &str, unit: &str) -> Diagnostic {
    let (name, unit) = (quote(name, "name"), quote(unit, "unit"));
    mistake.with_help(format!("to define a variable, write `{name} : {unit}`"))
}

pub(super) fn record_too_large(span: Span) -> Diagnostic {
    Diagnostic::error(Code("text-too-long"), "this interval is too long to hold for so many records", span, "")
        .with_help("give the interval a name by `constant name = …`")
}
