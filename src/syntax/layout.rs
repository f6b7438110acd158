//! Finds where a definition, a statement or a line ends: the one place where line ends matter.
//!
//! A definition runs on over line ends until its `:`, and its unit ends with the line. When the `:`
//! is missing, the definition must not swallow the next one. So a line that can only be a beginning
//! of its own ends what stands before it.

use std::ops::Range;

use super::token::{Lexeme, Token, lex};

/// Words that begin an item of a model file. They are names wherever no item can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Clock,
    Constant,
    Group,
    Record,
    Set,
    Run,
    Setting,
    /// A setting of the file or of a group.
    Precision,
    Method,
    Init,
    TimedArray,
    /// `pause`, `resume`
    Switch,
    Threshold,
    Reset,
    Refractory,
    Poisson,
    Event,
    Handler,
    Regular,
    Spikes,
    /// Has no meaning yet.
    Later,
}

impl Word {
    /// Whether it stands outside of groups only.
    pub(super) fn is_outside(self) -> bool {
        match self {
            Word::Clock
            | Word::Constant
            | Word::Group
            | Word::Record
            | Word::Set
            | Word::Run
            | Word::Setting
            | Word::Precision
            | Word::TimedArray
            | Word::Switch => true,
            Word::Method
            | Word::Init
            | Word::Threshold
            | Word::Reset
            | Word::Refractory
            | Word::Poisson
            | Word::Event
            | Word::Handler
            | Word::Regular
            | Word::Spikes
            | Word::Later => false,
        }
    }

    /// Whether people who write `=` or `:` behind it may mean it, and not a variable.
    pub(super) fn takes_no_sign(self) -> bool {
        matches!(
            self,
            Word::Method
                | Word::Precision
                | Word::Clock
                | Word::Threshold
                | Word::Reset
                | Word::Refractory
                | Word::Poisson
                | Word::Event
        )
    }
}

/// Outside of groups first, inside after.
pub(super) const WORDS: [(&str, Word); 24] = [
    ("clock", Word::Clock),
    ("constant", Word::Constant),
    ("group", Word::Group),
    ("record", Word::Record),
    ("set", Word::Set),
    ("run", Word::Run),
    ("timed_array", Word::TimedArray),
    ("pause", Word::Switch),
    ("resume", Word::Switch),
    ("math", Word::Setting),
    ("denormals", Word::Setting),
    ("precision", Word::Precision),
    ("method", Word::Method),
    ("init", Word::Init),
    ("threshold", Word::Threshold),
    ("reset", Word::Reset),
    ("refractory", Word::Refractory),
    ("poisson", Word::Poisson),
    ("event", Word::Event),
    ("run_on_event", Word::Handler),
    ("run_regularly", Word::Regular),
    ("spikes", Word::Spikes),
    ("noise", Word::Later),
    ("synapses", Word::Later),
];

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Equations,
    Statements,
    Expression,
    ModelFile,
}

/// The tokens of a text.
pub(super) struct Layout<'s> {
    text: &'s str,
    form: Form,
    pub(super) lexemes: Vec<Lexeme>,
    /// Of every `{` that has one, the `}`; in the order of the `{`.
    pairs: Vec<(usize, usize)>,
}

/// Where the parts of a definition stand.
pub(super) struct Definition {
    pub(super) left: Range<usize>,
    /// Where there is a colon.
    pub(super) unit: Option<Range<usize>>,
    /// With both parentheses.
    pub(super) flags: Option<Range<usize>>,
    /// Where another definition begins on the same line, without flags before it.
    pub(super) second: Option<usize>,
    pub(super) end: usize,
}

impl<'s> Layout<'s> {
    pub(super) fn new(text: &'s str, form: Form) -> Self {
        let lexemes = lex(text);
        let pairs = pairs(&lexemes);
        Layout { text, form, lexemes, pairs }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn token(&self, at: usize) -> Option<Token> {
        self.lexemes.get(at).map(|lexeme| lexeme.token)
    }

    pub(super) fn text(&self, at: usize) -> &'s str {
        let range = self.lexemes.get(at).map_or(0..0, |lexeme| lexeme.start as usize..lexeme.end as usize);
        self.text.get(range).unwrap_or("")
    }

    /// `at`, or the token after it if `at` is a line end.
    pub(super) fn significant(&self, at: usize) -> usize {
        at + usize::from(self.token(at) == Some(Token::Newline))
    }

    /// The `}` that belongs to the `{` at `open`.
    pub(super) fn closing_brace(&self, open: usize) -> Option<usize> {
        let found = self.pairs.binary_search_by_key(&open, |pair| pair.0).ok()?;
        self.pairs.get(found).map(|pair| pair.1)
    }

    /// Where the code in the `{` at `open` ends, and whether by a `}`: without one of its own it ends before
    /// the first line that cannot be a statement.
    pub(super) fn code_end(&self, open: usize) -> (usize, bool) {
        let close = self.closing_brace(open);
        let end = close.unwrap_or(self.lexemes.len());
        let foreign =
            |at: usize| self.begins_item(at + 1) || self.token(at + 1) == Some(Token::CloseBrace) && at + 1 < end;
        let line = (open + 1..end).find(|&at| self.token(at) == Some(Token::Newline) && foreign(at));
        (line.unwrap_or(end), line.is_none() && close.is_some())
    }

    /// The `{` of the group whose word stands at `word`: on its line, or first on the next.
    pub(super) fn opening_brace(&self, word: usize) -> Option<usize> {
        let end = self.line_end(word);
        let on_line = (word..end).find(|&at| self.token(at) == Some(Token::OpenBrace));
        on_line.or_else(|| Some(self.significant(end)).filter(|&at| self.token(at) == Some(Token::OpenBrace)))
    }

    /// Marks, on the line at `start`, the first of each of `words` that can only be the word: it stands in
    /// no bracket, behind a value and before one.
    pub(super) fn mark(&mut self, start: usize, words: &[(&str, Token)]) {
        let end = self.line_end(start);
        let (mut depth, mut marked) = (0usize, vec![false; words.len()]);
        for at in start..end {
            match self.token(at) {
                Some(Token::OpenParen | Token::OpenBracket | Token::OpenArray) => depth += 1,
                Some(Token::CloseParen | Token::CloseBracket | Token::CloseArray) => depth = depth.saturating_sub(1),
                Some(Token::Name) if depth == 0 && self.stands_between_values(at) => {
                    let text = self.text(at);
                    let found = words.iter().position(|(word, _)| *word == text).filter(|&word| !marked[word]);
                    if let Some(word) = found {
                        marked[word] = true;
                        self.lexemes[at].token = words[word].1;
                    }
                }
                _ => {}
            }
        }
    }

    fn stands_between_values(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.token(before));
        let after = self.token(at + 1);
        let begins = |token: Token| {
            token.starts_value() || matches!(token, Token::Minus | Token::OpenBracket | Token::OpenArray)
        };
        let ends = |token: Token| token == Token::Newline;
        before.is_some_and(Token::ends_value) && after.is_none_or(|token| begins(token) || ends(token))
    }

    /// Marks the brackets on the line at `start` as those of arrays.
    pub(super) fn mark_arrays(&mut self, start: usize) {
        for at in start..self.line_end(start) {
            match self.token(at) {
                Some(Token::OpenBracket) => self.lexemes[at].token = Token::OpenArray,
                Some(Token::CloseBracket) => self.lexemes[at].token = Token::CloseArray,
                _ => {}
            }
        }
    }

    /// The statements between two places: line ends and `;` that stand in no bracket part them.
    pub(super) fn statements(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let (mut parts, mut start, mut depth) = (vec![], range.start, 0usize);
        for at in range.clone() {
            match self.token(at) {
                Some(Token::OpenParen | Token::OpenBracket) => depth += 1,
                Some(Token::CloseParen | Token::CloseBracket) => depth = depth.saturating_sub(1),
                Some(Token::Semicolon) => {
                    parts.push(start..at);
                    (start, depth) = (at + 1, 0);
                }
                Some(Token::Newline) if depth == 0 || self.begins_definition(at + 1) => {
                    parts.push(start..at);
                    (start, depth) = (at + 1, 0);
                }
                _ => {}
            }
        }
        parts.push(start..range.end);
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// The `{` on the line at `start`, before anything that is none of `head`.
    pub(super) fn brace_on_line(&self, start: usize) -> Option<usize> {
        (start..self.line_end(start)).find(|&at| self.token(at) == Some(Token::OpenBrace))
    }

    /// The word at `at`, if it is one.
    pub(super) fn word(&self, at: usize) -> Option<Word> {
        if self.form != Form::ModelFile || self.token(at) != Some(Token::Name) {
            return None;
        }
        WORDS.iter().find(|(word, _)| *word == self.text(at)).map(|(_, word)| *word)
    }

    /// Whether an item of a model file begins at `at`, and not a definition of a variable of that name.
    pub(super) fn begins_item(&self, at: usize) -> bool {
        let follows = self.token(self.significant(at + 1));
        self.word(at).is_some() && !follows.is_some_and(|token| defines(token) || token == Token::Slash)
    }

    /// Whether a definition begins at `at`.
    pub(super) fn begins_definition(&self, at: usize) -> bool {
        let tokens = [0, 1, 2, 3].map(|ahead| self.token(at + ahead));
        match tokens {
            [Some(Token::Name), Some(next), ..] if defines(next) => true,
            [Some(Token::Name), Some(Token::Slash), Some(Token::Name), Some(next)] => {
                self.text(at + 2) == "dt" && defines(next)
            }
            [Some(Token::Name), Some(Token::Name), Some(Token::Slash), _] => self.text(at) == "d",
            _ => false,
        }
    }

    /// The parts of the definition that begins at `start`.
    pub(super) fn definition(&self, start: usize) -> Definition {
        let end = self.left_end(start);
        let left = start..end;
        if self.token(end) != Some(Token::Colon) {
            return Definition { left, unit: None, flags: None, second: None, end };
        }
        let unit_start = if self.unit_is_on_next_line(end + 1) { end + 2 } else { end + 1 };
        let (unit_end, second) = self.unit_end(unit_start);
        let unit = unit_start..unit_end;
        let flags = self.flags(&unit);
        let end = flags.as_ref().map_or(unit_end, |flags| flags.end);
        Definition { left, unit: Some(unit), flags, second, end }
    }

    /// The colon, or where it is sorely missed.
    fn left_end(&self, start: usize) -> usize {
        let (mut at, mut before, mut assigned) = (start, None, false);
        while let Some(token) = self.token(at) {
            match token {
                Token::Colon | Token::Semicolon => break,
                Token::CloseBrace if self.form == Form::ModelFile => break,
                Token::Newline if at > start && self.begins_anew(at + 1, before, assigned) => break,
                Token::Newline => {}
                _ => {
                    assigned |= token.assigns();
                    before = Some(token);
                }
            }
            at += 1;
        }
        at
    }

    /// Whether the line at `at` cannot go on with an expression that so far ends in `before`.
    fn begins_anew(&self, at: usize, before: Option<Token>, assigned: bool) -> bool {
        let complete = before.is_some_and(Token::ends_value);
        let assigns = |ahead: usize| self.token(at + ahead).is_some_and(Token::assigns);
        if self.begins_definition(at) {
            return complete || assigned && (assigns(1) || assigns(3));
        }
        let next_is_value = matches!(self.token(at + 1), Some(Token::Name | Token::Number));
        self.begins_item(at) && (complete || next_is_value)
    }

    /// Whether the line after the colon's holds nothing but a unit.
    fn unit_is_on_next_line(&self, at: usize) -> bool {
        use Token::{CloseBrace, Dot, Minus, Name, Newline, Number, OpenParen, Power, Slash, Star};
        if self.token(at) != Some(Newline) || self.begins_item(at + 1) {
            return false;
        }
        let rest = self.lexemes.get(at + 1..).unwrap_or(&[]);
        let in_unit = |token| matches!(token, Name | Number | Star | Slash | Power | Minus | Dot);
        let length = rest.iter().take_while(|lexeme| in_unit(lexeme.token)).count();
        let follows = rest.get(length).map(|lexeme| lexeme.token);
        length > 0 && matches!(follows, None | Some(Newline | OpenParen | CloseBrace))
    }

    /// Where the unit ends, and whether another definition begins there.
    fn unit_end(&self, start: usize) -> (usize, Option<usize>) {
        let mut at = start;
        while let Some(token) = self.token(at) {
            match token {
                Token::Newline | Token::Semicolon => break,
                Token::CloseBrace if self.form == Form::ModelFile => break,
                Token::OpenParen if at > start && self.token(at - 1).is_some_and(Token::ends_value) => break,
                _ if at > start && self.begins_definition(at) => return (at, Some(at)),
                _ => at += 1,
            }
        }
        (at, None)
    }

    /// The parentheses after a unit, on its line or on the next.
    fn flags(&self, unit: &Range<usize>) -> Option<Range<usize>> {
        let open = self.significant(unit.end);
        if unit.is_empty() || self.token(open) != Some(Token::OpenParen) {
            return None;
        }
        let mut at = open + 1;
        while let Some(token) = self.token(at) {
            match token {
                Token::CloseParen => return Some(open..at + 1),
                Token::Colon | Token::Semicolon | Token::OpenBrace | Token::CloseBrace => break,
                Token::Newline if self.begins_definition(at + 1) || self.begins_item(at + 1) => break,
                _ => at += 1,
            }
        }
        Some(open..at)
    }

    /// The end of the line or statement that begins at `start`: the line end that stands in no
    /// bracket, or one before a line that must be a beginning.
    pub(super) fn line_end(&self, start: usize) -> usize {
        let (mut at, mut depth) = (start, 0usize);
        while let Some(token) = self.token(at) {
            match token {
                Token::OpenParen | Token::OpenBracket | Token::OpenArray => depth += 1,
                Token::CloseParen | Token::CloseBracket | Token::CloseArray => depth = depth.saturating_sub(1),
                Token::Newline if depth == 0 || self.begins_line(at + 1) => break,
                Token::Semicolon if self.form == Form::Statements => break,
                Token::CloseBrace if self.form == Form::ModelFile => break,
                _ => {}
            }
            at += 1;
        }
        at
    }

    fn begins_line(&self, at: usize) -> bool {
        let next_is_value = matches!(self.token(at + 1), Some(Token::Name | Token::Number));
        self.begins_definition(at) || self.begins_item(at) && next_is_value
    }

    /// The end of an item of unknown form: of its line, or of the braces that open on it.
    pub(super) fn item_end(&self, start: usize) -> usize {
        let end = self.line_end(start);
        let open = (start..end).find(|&at| self.token(at) == Some(Token::OpenBrace));
        open.and_then(|open| self.closing_brace(open)).map_or(end, |close| close + 1)
    }
}

/// What may follow the name that a definition begins with.
fn defines(token: Token) -> bool {
    token.assigns() || matches!(token, Token::Colon | Token::EqualEqual | Token::Quote)
}

/// The braces that belong together.
fn pairs(lexemes: &[Lexeme]) -> Vec<(usize, usize)> {
    let (mut open, mut pairs) = (vec![], vec![]);
    for (at, lexeme) in lexemes.iter().enumerate() {
        match lexeme.token {
            Token::OpenBrace => open.push(at),
            Token::CloseBrace => pairs.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}
