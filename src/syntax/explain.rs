//! Finds the words for what the grammar did not expect.

use lalrpop_util::ParseError;

use super::build::Builder;
use super::layout::WORDS;
use super::mistake;
use super::token::{Lexeme, Start, Token};
use crate::diagnostic::Diagnostic;

/// What the generated parser says of a part that it cannot read.
pub(super) type Fault = ParseError<u32, Token, ()>;

/// The mistake behind `fault`, found while reading `part` as `start`.
pub(super) fn explain(build: &Builder<'_>, start: Start, part: &[Lexeme], fault: Fault) -> Diagnostic {
    match fault {
        ParseError::UnrecognizedToken { token: (at, _, _), expected } => {
            let index = part.partition_point(|lexeme| lexeme.start < at);
            Place { build, start, part, index, expected }.explain()
        }
        ParseError::UnrecognizedEof { expected, .. } => {
            Place { build, start, part, index: part.len(), expected }.explain()
        }
        ParseError::ExtraToken { token: (l, _, r) } => {
            mistake::unexpected(build.span(l, r), build.text(l, r), "nothing more")
        }
        ParseError::InvalidToken { .. } | ParseError::User { error: () } => {
            mistake::ends_early(build.part, "something else")
        }
    }
}

/// The token that was not expected, and what was.
struct Place<'b, 's> {
    build: &'b Builder<'s>,
    start: Start,
    part: &'b [Lexeme],
    /// Into `part`; its length stands for the end.
    index: usize,
    /// The names of the grammar's terminals, in quotes.
    expected: Vec<String>,
}

impl Place<'_, '_> {
    fn explain(mut self) -> Diagnostic {
        if self.is_two_names() {
            self.index = 1;
        }
        match self.part.get(self.index) {
            Some(&found) => self.explain_token(found),
            None if self.lacks_variable() => {
                mistake::lacks_variable(self.end(), self.start == Start::Set, self.text(self.before()))
            }
            None if self.expects("number") => mistake::missing_value(self.end(), self.text(self.before())),
            None => mistake::ends_early(self.end(), &self.expectation()),
        }
    }

    fn explain_token(&self, found: Lexeme) -> Diagnostic {
        let (span, text) = (self.build.span(found.start, found.end), self.text(Some(found)));
        let before = self.text(self.before());
        match found.token {
            Token::Quote if self.is_head() => mistake::prime(span, before),
            Token::CloseParen if self.start == Start::Flags && before == "(" => mistake::empty_flags(span),
            Token::OpenParen if self.start == Start::GroupHead && self.index == 1 => {
                mistake::group_without_size(span, before)
            }
            Token::Semicolon if self.start != Start::Expression => mistake::semicolon(span),
            Token::Number | Token::Assign if self.start == Start::Clock && self.index == 0 => {
                mistake::clock_without_dt(span, "name")
            }
            _ if self.lacks_variable() => mistake::lacks_variable(self.end(), self.start == Start::Set, before),
            token if token.assigns() && self.has_assigned() => mistake::second_assignment(span),
            token if token.assigns() && self.start == Start::Clause => mistake::condition_assigns(span),
            Token::Comma if self.start == Start::Statement && self.has_assigned() => {
                mistake::statements_with_comma(span)
            }
            token if token.starts_value() && self.start == Start::Event && self.index == 1 => {
                mistake::event_without_equals(span, before)
            }
            Token::ForeignAssign => mistake::wrong_assignment(span, text),
            token if (token.assigns() || token == Token::EqualEqual) && self.expects("=") => {
                mistake::wrong_assignment(span, text)
            }
            Token::Name if !self.expects("name") && self.begins_next(text) => mistake::definitions_on_one_line(span),
            _ if self.start == Start::Unit && before == "**" => mistake::bad_unit_exponent(span),
            token if self.start == Start::Unit && (token == Token::OpenParen || !token.starts_value()) => {
                mistake::bad_unit(span, text)
            }
            token if token.starts_value() && self.ends_value() && self.expects("*") => {
                let whole = self.before().map_or(span, |before| self.build.span(before.start, before.end).to(span));
                mistake::missing_operator(whole, before, text)
            }
            Token::Newline => mistake::unexpected(span, "\n", &self.expectation()),
            _ => mistake::unexpected(span, text, &self.expectation()),
        }
    }

    /// Whether what is found begins another definition or item.
    fn begins_next(&self, text: &str) -> bool {
        let defines = |token: Token| token.assigns() || token == Token::Colon;
        let short = matches!(self.start, Start::Method | Start::GroupClock);
        self.follows().is_some_and(Token::assigns)
            || short && (self.follows().is_some_and(defines) || WORDS.iter().any(|(word, _)| *word == text))
    }

    /// Whether only a group is named, and its variable is not.
    fn lacks_variable(&self) -> bool {
        let named = self.before().is_some_and(|lexeme| lexeme.token == Token::Name);
        matches!(self.start, Start::Record | Start::Set)
            && named
            && matches!(self.expected.as_slice(), [only] if only.trim_matches('"') == ".")
    }

    fn before(&self) -> Option<Lexeme> {
        self.index.checked_sub(1).and_then(|index| self.part.get(index)).copied()
    }

    fn follows(&self) -> Option<Token> {
        self.part.get(self.index + 1).map(|lexeme| lexeme.token)
    }

    fn ends_value(&self) -> bool {
        self.before().is_some_and(|lexeme| lexeme.token.ends_value())
    }

    /// Whether all before is the name that a definition begins with.
    fn is_head(&self) -> bool {
        self.start == Start::Left && self.index == 1
    }

    /// Whether a definition begins with two names, the first not the `d` of `d v / dt`.
    fn is_two_names(&self) -> bool {
        let two = matches!(self.part, [a, b, ..] if a.token == Token::Name && b.token == Token::Name);
        self.start == Start::Left && two && self.text(self.part.first().copied()) != "d" && !self.has_assigned()
    }

    fn has_assigned(&self) -> bool {
        self.part[..self.index].iter().any(|lexeme| lexeme.token.assigns())
    }

    fn text(&self, lexeme: Option<Lexeme>) -> &str {
        lexeme.map_or("", |lexeme| self.build.text(lexeme.start, lexeme.end))
    }

    /// Just after the last token.
    fn end(&self) -> crate::source::Span {
        let end = self.before().map_or(self.build.part.end, |lexeme| lexeme.end);
        self.build.span(end, end)
    }

    fn expects(&self, terminal: &str) -> bool {
        self.expected.iter().any(|expected| expected.trim_matches('"') == terminal)
    }

    /// What could stand here, in words.
    fn expectation(&self) -> String {
        if self.start == Start::Left && self.index == 0 {
            return "a definition such as `dv/dt = … : unit`".to_owned();
        }
        if self.start == Start::Left && !self.has_assigned() {
            let parts = ["a definition", "`:` or `=`", "`dNAME/dt = …`", "`=`", "`=`"];
            return parts.get(self.index).unwrap_or(&"`=`").to_string();
        }
        let classes: [(&str, &str); 3] = [("number", "an expression"), ("name", "a name"), ("+", "an operator")];
        let mut list: Vec<String> = vec![];
        if let Some((_, class)) = classes.iter().find(|(terminal, _)| self.expects(terminal)) {
            list.push((*class).to_owned());
        }
        let signs = ["=", ".", "[", ")", "]", ",", ":", "every", "at", "period"];
        // Of an expression only to be refused.
        let refused = |sign: &str| matches!(sign, "." | "[") && (self.expects("number") || self.expects("+"));
        let signs = signs.iter().filter(|sign| self.expects(sign) && !refused(sign));
        list.extend(signs.map(|sign| format!("`{sign}`")));
        match list.split_last() {
            None => "the end".to_owned(),
            Some((only, [])) => only.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }
}
