//! Finds the words for what the grammar did not expect.

use lalrpop_util::ParseError;

use super::build::Builder;
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
    fn explain(&self) -> Diagnostic {
        match self.part.get(self.index) {
            Some(&found) => self.explain_token(found),
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
            token if token.assigns() && self.has_assigned() => mistake::second_assignment(span),
            Token::ForeignAssign => mistake::wrong_assignment(span, text),
            token if (token.assigns() || token == Token::EqualEqual) && self.expects("=") => {
                mistake::wrong_assignment(span, text)
            }
            Token::Name if !self.expects("name") && self.follows().is_some_and(Token::assigns) => {
                mistake::definitions_on_one_line(span)
            }
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
            return if self.index == 1 { "`:` or `=`" } else { "`dNAME/dt = …`" }.to_owned();
        }
        let classes = [("number", "an expression"), ("name", "a name"), ("+", "an operator")];
        let mut list: Vec<String> = vec![];
        if let Some((_, class)) = classes.iter().find(|(terminal, _)| self.expects(terminal)) {
            list.push((*class).to_owned());
        }
        let signs = ["=", ".", "[", ")", "]", ",", ":", "every"];
        list.extend(signs.iter().filter(|sign| self.expects(sign)).map(|sign| format!("`{sign}`")));
        match list.split_last() {
            None => "the end".to_owned(),
            Some((only, [])) => only.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }
}
