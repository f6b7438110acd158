//! Reads a text part by part: what the layout cuts, the grammar reads.

use std::ops::Range;

use super::ast::{
    Clause, Code, Equation, Equations, Event, Expr, GivenSpikes, Group, Handler, Ident, Item, ModelFile, Regular,
    Statement,
};
use super::build::{Builder, Parsed, definition, empty_group};
use super::explain::explain;
use super::grammar::PartParser;
use super::layout::{Form, Layout, WORDS, Word};
use super::mistake;
use super::token::{Lexeme, Start, Token};
use crate::diagnostic::{Diagnostic, Report, nearest};
use crate::dimension::{declared_unit, unit};
use crate::source::{LONGEST, SourceId, Sources, Span};

/// Reads an equations block, by Brian2's rules.
pub fn equations(sources: &Sources, source: SourceId, report: &mut Report) -> Equations {
    read(sources, source, Form::Equations, report, |parser| {
        let mut equations = Equations::default();
        while parser.skip_to_item() {
            equations.list.extend(parser.definition());
        }
        equations
    })
}

/// Reads statements, one on a line or several with `;` between.
pub fn statements(sources: &Sources, source: SourceId, report: &mut Report) -> Vec<Statement> {
    read(sources, source, Form::Statements, report, |parser| {
        let mut statements = vec![];
        while parser.skip_to_item() {
            let end = parser.layout.line_end(parser.at);
            let (range, mistakes) = (parser.take(end), parser.build.mistakes.len());
            match parser.part(Start::Statement, None, range) {
                Some(Parsed::Statement(statement)) if parser.build.mistakes.len() == mistakes => {
                    statements.push(statement);
                }
                Some(_) | None => {}
            }
        }
        statements
    })
}

/// Reads a single expression, such as `100*ms`; line ends in it mean nothing.
pub fn expression(sources: &Sources, source: SourceId, report: &mut Report) -> Option<Expr> {
    read(sources, source, Form::Expression, report, |parser| {
        let range = 0..parser.layout.lexemes.len();
        match parser.part(Start::Expression, None, range) {
            Some(Parsed::Expression(expr)) if parser.build.mistakes.is_empty() => Some(expr),
            Some(_) | None => None,
        }
    })
}

/// Reads a model file.
pub fn model_file(sources: &Sources, source: SourceId, report: &mut Report) -> ModelFile {
    read(sources, source, Form::ModelFile, report, |parser| {
        let mut file = ModelFile::default();
        while parser.skip_to_item() {
            file.items.extend(parser.item());
        }
        file
    })
}

/// What the four have in common: the bound on the length, and the report.
fn read<T: Default>(
    sources: &Sources,
    source: SourceId,
    form: Form,
    report: &mut Report,
    body: impl FnOnce(&mut Parser<'_>) -> T,
) -> T {
    let text = sources.get(source).text.as_str();
    if text.len() > LONGEST {
        report.push(mistake::text_too_long(Span::new(source, 0..0), text.len()));
        return T::default();
    }
    let layout = Layout::new(text, form);
    let mut parser = Parser { layout, build: Builder::new(source, text), grammar: PartParser::new(), at: 0 };
    let result = body(&mut parser);
    parser.build.mistakes.sort_by_key(|mistake| mistake.labels.first().map(|label| label.span));
    report.diagnostics.append(&mut parser.build.mistakes);
    result
}

/// Stands at one token of a text.
struct Parser<'s> {
    layout: Layout<'s>,
    build: Builder<'s>,
    grammar: PartParser,
    at: usize,
}

impl Parser<'_> {
    /// Moves to the next beginning; false at the end of the text or of our patience.
    fn skip_to_item(&mut self) -> bool {
        loop {
            match self.layout.token(self.at) {
                _ if self.build.is_full() => return false,
                None => return false,
                Some(Token::Newline) => self.at += 1,
                Some(Token::Semicolon) => {
                    if self.layout.form() != Form::Statements {
                        self.build.mistake(mistake::semicolon(self.span(self.at)));
                    }
                    self.at += 1;
                }
                Some(_) => return true,
            }
        }
    }

    /// The tokens from here to `end`, and moves there; always by one token at least.
    fn take(&mut self, end: usize) -> Range<usize> {
        let start = self.at;
        self.at = end.max(start + 1);
        start..self.at.min(self.layout.lexemes.len())
    }

    fn span(&self, at: usize) -> Span {
        let (start, end) = self.layout.lexemes.get(at).map_or((0, 0), |lexeme| (lexeme.start, lexeme.end));
        self.build.span(start, end)
    }

    /// Just after the last token before `end` that is no line end.
    fn end_before(&self, end: usize) -> Span {
        let before = self.layout.lexemes.get(..end).unwrap_or(&[]);
        let last = before.iter().rev().find(|lexeme| lexeme.token != Token::Newline);
        let end = last.map_or(0, |lexeme| lexeme.end);
        self.build.span(end, end)
    }

    // One part.

    /// Reads the tokens of `range`, which follow `word` if there is one. What comes back may hold
    /// mistakes that were reported on the way.
    fn part(&mut self, start: Start, word: Option<usize>, range: Range<usize>) -> Option<Parsed> {
        let lexemes = self.layout.lexemes.get(range.clone()).unwrap_or(&[]);
        let part: Vec<Lexeme> = lexemes.iter().copied().filter(|lexeme| lexeme.token != Token::Newline).collect();
        let first = word.map_or(range.start, |word| word);
        self.build.part = self.span(first).to(self.end_before(range.end).max(self.span(first)));
        if !self.tokens_are_known(start, &part) || !self.brackets_match(&part) {
            return None;
        }
        let lead = word.map_or(self.build.span(self.build.part.start, self.build.part.start), |word| self.span(word));
        let lead = (lead.start, Token::Start(start), lead.end);
        let tokens = part.iter().map(|lexeme| (lexeme.start, lexeme.token, lexeme.end));
        let tokens = std::iter::once(lead).chain(tokens);
        match self.grammar.parse(&mut self.build, tokens) {
            Ok(parsed) => Some(parsed),
            Err(fault) => {
                let mut diagnostic = explain(&self.build, start, &part, fault);
                if part.windows(2).any(|pair| is_foreign_comment(pair[0], pair[1])) {
                    diagnostic = mistake::hint_at_comment(diagnostic);
                }
                self.build.reset();
                self.build.mistake(diagnostic);
                None
            }
        }
    }

    /// Reports every token that stands nowhere in the language.
    fn tokens_are_known(&mut self, start: Start, part: &[Lexeme]) -> bool {
        let mut known = true;
        for (index, lexeme) in part.iter().enumerate() {
            let (span, text) = (self.build.span(lexeme.start, lexeme.end), self.build.text(lexeme.start, lexeme.end));
            let diagnostic = match lexeme.token {
                Token::Unknown => mistake::unknown_character(span, text),
                Token::Reserved => mistake::reserved_word(span, text),
                Token::Backslash => mistake::stray_backslash(span),
                Token::Quote if start == Start::Left && index == 1 => return known,
                Token::Quote => {
                    self.build.mistake(mistake::stray_quote(span));
                    return false;
                }
                _ => continue,
            };
            self.build.mistake(diagnostic);
            known = false;
        }
        known
    }

    /// Reports the first bracket that has no partner.
    fn brackets_match(&mut self, part: &[Lexeme]) -> bool {
        let mut open: Vec<Lexeme> = vec![];
        for &lexeme in part {
            let wanted = match lexeme.token {
                Token::OpenParen | Token::OpenBracket | Token::OpenArray => {
                    open.push(lexeme);
                    continue;
                }
                Token::CloseParen => Token::OpenParen,
                Token::CloseBracket => Token::OpenBracket,
                Token::CloseArray => Token::OpenArray,
                _ => continue,
            };
            let opened = open.pop();
            if opened.is_none_or(|opened| opened.token != wanted) {
                self.report_unmatched(opened, lexeme);
                return false;
            }
        }
        let Some(last) = open.last() else { return true };
        let end = self.build.span(self.build.part.end, self.build.part.end);
        let span = self.build.span(last.start, last.end);
        let bracket = self.build.text(last.start, last.end);
        self.build.mistake(mistake::unclosed_bracket(span, bracket, end));
        false
    }

    fn report_unmatched(&mut self, opened: Option<Lexeme>, close: Lexeme) {
        let place =
            |lexeme: Lexeme| (self.build.span(lexeme.start, lexeme.end), self.build.text(lexeme.start, lexeme.end));
        let (span, text) = place(close);
        let diagnostic = match opened.map(place) {
            None => mistake::unmatched_bracket(span, text),
            Some((open, opened)) => mistake::crossed_brackets(open, opened, span, text),
        };
        self.build.mistake(diagnostic);
    }

    // Definitions.

    /// Reads the definition that begins here, if it has no mistake.
    fn definition(&mut self) -> Option<Equation> {
        let cut = self.layout.definition(self.at);
        let span = self.span(self.at).to(self.end_before(cut.end).max(self.span(self.at)));
        let mistakes = self.build.mistakes.len();
        if self.is_word_with_sign(cut.unit.as_ref()) {
            self.report_sign();
            self.take(cut.end);
            return None;
        }
        self.take(cut.end);
        let left = self.part(Start::Left, None, cut.left.clone());
        let unit = match cut.unit {
            Some(range) if !range.is_empty() => self.unit(range),
            Some(_) => self.missing_unit(cut.left.clone(), cut.left.end + 1),
            None if left.is_some() => self.missing_unit(cut.left.clone(), cut.left.end),
            None => None,
        };
        let flags = cut.flags.map_or(Some(vec![]), |range| self.flags(range));
        if let Some(second) = cut.second {
            self.build.mistake(mistake::definitions_on_one_line(self.span(second)));
        }
        if self.build.mistakes.len() > mistakes {
            return None;
        }
        definition(left?, unit?, flags?, span)
    }

    /// Reports the sign behind the word here, which takes none.
    fn report_sign(&mut self) {
        let (value, end) = (self.span(self.at + 2), self.end_before(self.layout.line_end(self.at + 2)));
        let value = self.build.text(value.start, end.end.max(value.start));
        let [word, sign] = [0, 1].map(|ahead| self.layout.text(self.at + ahead));
        self.build.mistake(mistake::word_with_sign(self.span(self.at + 1), word, sign, value));
    }

    /// Whether `method = …`, `threshold: …` or the like begins here, and no variable of that name.
    fn is_word_with_sign(&self, unit: Option<&Range<usize>>) -> bool {
        let Some(word) = self.layout.word(self.at).filter(|word| word.takes_no_sign()) else { return false };
        let in_no_unit = |at| match self.layout.token(at) {
            Some(Token::Name) => {
                let text = self.layout.text(at);
                word == Word::Method && declared_unit(text).is_none() && !matches!(text, "integer" | "boolean")
            }
            // A unit is a name, or 1.
            Some(Token::Number) => self.layout.text(at) != "1" && unit.is_some_and(|unit| unit.start == at),
            token => token.is_some_and(|token| token.assigns() || token.compares()),
        };
        match (self.layout.token(self.at + 1), unit) {
            (Some(Token::Assign), None) => true,
            (Some(Token::Colon), Some(unit)) => unit.clone().any(in_no_unit),
            _ => false,
        }
    }

    fn unit(&mut self, range: Range<usize>) -> Option<Expr> {
        match self.part(Start::Unit, None, range)? {
            Parsed::Expression(unit) => Some(unit),
            _ => None,
        }
    }

    /// Reports that the definition whose left side is `left` has no unit.
    fn missing_unit(&mut self, left: Range<usize>, end: usize) -> Option<Expr> {
        let text = self.build.text(self.span(left.start).start, self.end_before(left.end).end);
        let mut diagnostic = mistake::missing_unit(self.end_before(end));
        if self.is_number(left.clone()) && left.skip(2).any(|at| self.layout.token(at) == Some(Token::Name)) {
            diagnostic = mistake::hint_at_constant(diagnostic, text);
        }
        self.build.mistake(diagnostic);
        None
    }

    /// Whether `name = …` stands there, with nothing but numbers and units behind the sign.
    fn is_number(&self, mut range: Range<usize>) -> bool {
        let named = range.next().map(|at| self.layout.token(at)) == Some(Some(Token::Name));
        let assigned = range.next().map(|at| self.layout.token(at)) == Some(Some(Token::Assign));
        let in_number = |at: usize| match self.layout.token(at) {
            Some(Token::Name) => unit(self.layout.text(at)).is_some(),
            Some(token) => {
                use Token::{CloseParen, Minus, Number, OpenParen, Power, Slash, Star};
                matches!(token, Number | Minus | Star | Slash | Power | OpenParen | CloseParen)
            }
            None => false,
        };
        named && assigned && !range.is_empty() && range.all(in_number)
    }

    fn flags(&mut self, range: Range<usize>) -> Option<Vec<Ident>> {
        match self.part(Start::Flags, None, range)? {
            Parsed::Flags(flags) => Some(flags),
            _ => None,
        }
    }

    // Items of a model file.

    /// Reads the item that begins here.
    fn item(&mut self) -> Vec<Item> {
        let mistakes = self.build.mistakes.len();
        let items = match self.item_word() {
            None => vec![],
            Some(Word::Group) => self.group().map(Item::Group).into_iter().collect(),
            Some(Word::Clock) => self.line(Start::Clock),
            Some(Word::Constant) => self.line(Start::Constant),
            Some(Word::Record) => self.record(),
            Some(Word::Set) => self.line(Start::Set),
            Some(Word::Run) => self.line(Start::Run),
            Some(Word::Setting | Word::Precision) => self.line(Start::Setting),
            Some(Word::TimedArray) => self.timed_array(),
            Some(Word::Switch) => self.line(Start::Switch),
            Some(Word::Later) => self.skip(mistake::not_yet_supported),
            Some(_) => self.skip(mistake::inside_groups_only),
        };
        // Of a group, the lines with a mistake are left out already.
        let whole = self.build.mistakes.len() == mistakes || is_usable_group(&items);
        if whole { items } else { vec![] }
    }

    /// The word that begins the item here, or its nearest; without any, reports and skips.
    fn item_word(&mut self) -> Option<Word> {
        let here = self.span(self.at);
        match self.layout.token(self.at) {
            Some(Token::Name) => {}
            Some(Token::CloseBrace) => {
                self.build.mistake(mistake::unmatched_brace(here));
                self.at += 1;
                return None;
            }
            _ if self.begins_foreign_comment() => {
                let end = self.foreign_comment_end();
                self.build.mistake(mistake::hint_at_comment(mistake::unexpected(
                    here,
                    self.layout.text(self.at),
                    ITEM,
                )));
                self.take(end);
                return None;
            }
            _ => {
                self.skip(|span, text| mistake::unexpected(span, text, ITEM));
                return None;
            }
        }
        let next = self.layout.token(self.layout.significant(self.at + 1));
        let outside = matches!(
            self.layout.word(self.at),
            Some(Word::Record | Word::Run | Word::Setting | Word::Precision | Word::Switch)
        );
        if outside && matches!(next, Some(Token::Colon | Token::Assign)) {
            self.report_sign();
            let end = self.layout.line_end(self.at + 1);
            self.take(end);
            return None;
        }
        let word = self.layout.word(self.at).filter(|_| !matches!(next, Some(Token::Colon | Token::Slash)));
        if word.is_some() {
            return word;
        }
        if self.layout.begins_definition(self.at) {
            let cut = self.layout.definition(self.at);
            let (end, left) = (cut.end, cut.left);
            let text = self.build.text(here.start, self.end_before(left.end).end);
            self.build.mistake(if cut.unit.is_none() && self.is_number(left) {
                mistake::constant_without_word(here, text)
            } else {
                mistake::equation_outside_group(here)
            });
            self.take(end);
            return None;
        }
        self.misspelt(Word::is_outside)
    }

    fn begins_foreign_comment(&self) -> bool {
        let two = self.layout.lexemes.get(self.at).zip(self.layout.lexemes.get(self.at + 1));
        two.is_some_and(|(&one, &two)| is_foreign_comment(one, two))
    }

    /// Behind the `*/` of the comment that begins here, or at the end of its line.
    fn foreign_comment_end(&self) -> usize {
        let token = |at| self.layout.token(at);
        if token(self.at) == Some(Token::Slash) {
            let stars = (self.at + 1..self.layout.lexemes.len()).find(|&at| {
                matches!(token(at), Some(Token::Star | Token::Power)) && token(at + 1) == Some(Token::Slash)
            });
            if let Some(stars) = stars {
                return stars + 2;
            }
        }
        self.layout.line_end(self.at)
    }

    /// Reports an unknown word here and returns the nearest of those that `allowed` lets in; skips
    /// the item if there is none.
    fn misspelt(&mut self, allowed: fn(Word) -> bool) -> Option<Word> {
        let words = || WORDS.iter().filter(|(_, word)| allowed(*word) && *word != Word::Later);
        let text = self.layout.text(self.at);
        let near = self.nearest_word();
        let list: Vec<String> = words().map(|(word, _)| format!("`{word}`")).collect();
        let (name, word) = (near.map(|(name, _)| name), near.map(|(_, word)| word));
        let mut diagnostic = mistake::unknown_item(self.span(self.at), text, name, &list.join(", "));
        let follows = self.layout.text(self.at + 1);
        if word.is_none() && self.layout.token(self.at + 1) == Some(Token::Name) && declared_unit(follows).is_some() {
            diagnostic = mistake::hint_at_definition(diagnostic, text, follows);
        }
        self.build.mistake(diagnostic);
        if word.is_none() {
            let end = self.layout.item_end(self.at);
            self.take(end);
        }
        word
    }

    /// The word that the name here was probably meant to be.
    fn nearest_word(&self) -> Option<(&'static str, Word)> {
        let near = nearest(self.layout.text(self.at), WORDS.iter().map(|(word, _)| *word))?;
        WORDS.iter().find(|(word, _)| *word == near).copied()
    }

    /// Reports the word here and moves behind its item.
    fn skip(&mut self, say: impl FnOnce(Span, &str) -> Diagnostic) -> Vec<Item> {
        let diagnostic = say(self.span(self.at), self.layout.text(self.at));
        self.build.mistake(diagnostic);
        let end = self.layout.item_end(self.at);
        self.take(end);
        vec![]
    }

    /// Reads a line that begins with a word.
    fn word_line(&mut self, start: Start) -> Option<Parsed> {
        let word = self.at;
        let end = self.layout.line_end(word + 1);
        self.take(end);
        let before = self.build.mistakes.len();
        let parsed = self.part(start, Some(word), word + 1..end);
        if self.layout.word(word) == Some(Word::Precision) {
            let hint = "write `precision float32` or `precision float64`";
            self.build.mistakes.iter_mut().skip(before).for_each(|mistake| mistake.help.push(hint.to_owned()));
        }
        parsed
    }

    fn line(&mut self, start: Start) -> Vec<Item> {
        match self.word_line(start) {
            Some(Parsed::Items(items)) => items,
            Some(_) | None => vec![],
        }
    }

    fn record(&mut self) -> Vec<Item> {
        let words = [
            ("every", Token::Every),
            ("when", Token::When),
            ("order", Token::Order),
            ("last", Token::Last),
            ("smooth", Token::Smooth),
        ];
        self.layout.mark(self.at + 1, &words);
        self.line(Start::Record)
    }

    fn timed_array(&mut self) -> Vec<Item> {
        self.layout.mark(self.at + 2, &[("every", Token::Every)]);
        self.layout.mark_arrays(self.at + 1);
        self.line(Start::TimedArray)
    }

    /// Reads what follows `run_on_event` or `run_regularly` up to its code.
    fn head(&mut self, start: Start, end: usize) -> Option<Parsed> {
        let word = self.at;
        self.part(start, Some(word), word + 1..end)
    }

    /// Reads the code behind the word at `word`: in the braces that open on its line, or from `start` to
    /// the end of the line.
    fn code(&mut self, word: usize, start: usize) -> Code {
        let span = |parser: &Self, end| parser.span(word).to(parser.end_before(end).max(parser.span(word)));
        let (range, end) = match self.layout.brace_on_line(start) {
            None => (start..self.layout.line_end(start), self.layout.line_end(start)),
            Some(open) => match self.layout.code_end(open) {
                (end, true) => (open + 1..end, end + 1),
                (end, false) => {
                    self.build.mistake(mistake::unclosed_code(self.end_before(end), self.span(open)));
                    (open + 1..end, end)
                }
            },
        };
        let whole = span(self, end);
        self.take(end);
        let mut statements = vec![];
        for part in self.layout.statements(range) {
            let mistakes = self.build.mistakes.len();
            match self.part(Start::Statement, None, part) {
                Some(Parsed::Statement(statement)) if self.build.mistakes.len() == mistakes => {
                    statements.push(statement);
                }
                Some(_) | None => {}
            }
        }
        Code { statements, span: whole }
    }

    /// Reads a line of a group that says what happens to its elements.
    fn happening(&mut self, group: &mut Group, word: Word) {
        let at = self.at;
        let mistakes = self.build.mistakes.len();
        let fine = |parser: &Self| parser.build.mistakes.len() == mistakes;
        match word {
            Word::Threshold | Word::Refractory | Word::Poisson => {
                let clause = match self.word_line(Start::Clause) {
                    Some(Parsed::Expression(value)) if fine(self) => Clause { value, span: self.build.part },
                    Some(_) | None => return,
                };
                match word {
                    Word::Threshold => group.thresholds.push(clause),
                    Word::Refractory => group.refractory.push(clause),
                    _ => group.poisson.push(clause),
                }
            }
            Word::Event => match self.word_line(Start::Event) {
                Some(Parsed::Event(name, condition)) if fine(self) => {
                    group.events.push(Event { name, condition, span: self.build.part });
                }
                Some(_) | None => {}
            },
            Word::Spikes => {
                self.layout.mark_arrays(at + 1);
                self.layout.mark(at + 1, &[("at", Token::At), ("period", Token::Period)]);
                match self.word_line(Start::Spikes) {
                    Some(Parsed::Spikes(elements, times, period)) if fine(self) => {
                        group.spikes.push(GivenSpikes { elements, times, period, span: self.build.part });
                    }
                    Some(_) | None => {}
                }
            }
            Word::Reset => {
                let code = self.code(at, at + 1);
                group.resets.push(code);
            }
            Word::Handler => {
                let head = self.head(Start::Handler, (at + 2).min(self.layout.line_end(at + 1)));
                let code = self.code(at, at + 2);
                if let Some(Parsed::Handler(event)) = head {
                    group.handlers.push(Handler { event, code });
                }
            }
            Word::Regular => {
                let open = self.layout.brace_on_line(at + 1);
                let every = match open.filter(|&open| open > at + 1) {
                    None => None,
                    Some(open) => {
                        if self.layout.text(at + 1) == "every" {
                            self.layout.lexemes[at + 1].token = Token::Every;
                        }
                        match self.head(Start::Interval, open) {
                            Some(Parsed::Expression(every)) => Some(every),
                            Some(_) | None => None,
                        }
                    }
                };
                let code = self.code(at, at + 1);
                group.regular.push(Regular { every, code });
            }
            _ => {}
        }
    }

    // Groups.

    /// Reads a group, from its word to its closing brace.
    fn group(&mut self) -> Option<Group> {
        let word = self.at;
        let Some(open) = self.layout.opening_brace(word) else {
            let end = self.layout.line_end(word + 1);
            self.take(end);
            self.part(Start::GroupHead, Some(word), word + 1..end)?;
            self.build.mistake(mistake::group_without_brace(self.end_before(end)));
            return None;
        };
        let head = self.part(Start::GroupHead, Some(word), word + 1..open);
        self.take(open + 1);
        let mut group = match head {
            Some(Parsed::GroupHead(name, size)) => empty_group(name, size, self.span(word)),
            Some(_) | None => {
                let name = Ident { name: String::new(), span: self.span(word) };
                empty_group(name, Expr::default(), self.span(word))
            }
        };
        self.group_body(&mut group, open);
        group.span = self.span(word).to(self.end_before(self.at));
        Some(group)
    }

    fn group_body(&mut self, group: &mut Group, open: usize) {
        let closed = self.layout.closing_brace(open).is_some();
        while self.skip_to_item() {
            if self.layout.token(self.at) == Some(Token::CloseBrace) {
                self.at += 1;
                return;
            }
            let word = self.layout.word(self.at).filter(|_| self.layout.begins_item(self.at));
            let meant = word.or_else(|| self.nearest_word().filter(|_| self.is_unknown_item()).map(|(_, word)| word));
            if word == Some(Word::Group) || !closed && meant.is_some_and(|word| self.ends_group(word)) {
                break;
            }
            self.entry(group, word);
        }
        if !self.build.is_full() {
            let end = self.end_before(self.at);
            self.build.mistake(mistake::unclosed_group(end, self.span(open)));
        }
    }

    /// Whether an item that begins with `word` here stands outside of groups only.
    fn ends_group(&self, word: Word) -> bool {
        match word {
            Word::Clock => [2, 3].iter().any(|ahead| self.layout.token(self.at + ahead) == Some(Token::Assign)),
            Word::Precision => false,
            _ => word.is_outside(),
        }
    }

    /// Whether two names in a row begin neither a definition nor an item.
    fn is_unknown_item(&self) -> bool {
        let names = [0, 1].map(|ahead| self.layout.token(self.at + ahead) == Some(Token::Name));
        names == [true; 2] && !self.layout.begins_definition(self.at) && !self.layout.begins_item(self.at)
    }

    /// Reads what begins here inside of a group.
    fn entry(&mut self, group: &mut Group, word: Option<Word>) {
        let unknown = word.is_none() && self.is_unknown_item();
        let mistakes = self.build.mistakes.len();
        let word = if unknown {
            self.misspelt(|word| matches!(word, Word::Clock | Word::Precision) || !word.is_outside())
        } else {
            word
        };
        let parsed = match word {
            None if unknown => return,
            None => return group.equations.list.extend(self.definition()),
            Some(Word::Method) => self.word_line(Start::Method),
            Some(Word::Precision) => self.word_line(Start::GroupPrecision),
            Some(Word::Init) => self.word_line(Start::Init),
            Some(Word::Clock) if !self.ends_group(Word::Clock) => self.word_line(Start::GroupClock),
            Some(Word::Later) => return drop(self.skip(mistake::not_yet_supported)),
            Some(word) if !word.is_outside() => return self.happening(group, word),
            Some(_) if unknown => {
                let end = self.layout.item_end(self.at);
                self.take(end);
                return;
            }
            Some(_) => return drop(self.skip(mistake::outside_groups_only)),
        };
        if self.build.mistakes.len() == mistakes {
            keep(group, parsed);
        }
    }
}

const ITEM: &str = "an item such as `group`, `record` or `run`";

/// Whether two tokens in a row look like a comment of C.
fn is_foreign_comment(one: Lexeme, two: Lexeme) -> bool {
    one.token == Token::SlashSlash
        || one.token == Token::Slash && one.end == two.start && matches!(two.token, Token::Star | Token::Power)
}

/// Puts what a line says into its group.
fn keep(group: &mut Group, parsed: Option<Parsed>) {
    match parsed {
        Some(Parsed::Method(name)) => group.methods.push(name),
        Some(Parsed::GroupClock(name)) => group.clocks.push(name),
        Some(Parsed::GroupPrecision(name)) => group.precisions.push(name),
        Some(Parsed::Statement(statement)) => group.init.push(statement),
        Some(_) | None => {}
    }
}

/// Whether a group whose body has mistakes has a name and a size.
fn is_usable_group(items: &[Item]) -> bool {
    matches!(items, [Item::Group(group)] if !group.name.name.is_empty() && !group.size.nodes.is_empty())
}
