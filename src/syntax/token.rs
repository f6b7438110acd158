//! Cuts a text into tokens; blanks and comments go, line ends stay.

use logos::Logos;

/// One word or sign, and the bytes it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What a token is; its text is looked up where it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Logos)]
#[logos(skip r"[ \t\r\f\v]+")]
#[logos(skip(r"#[^\n]*", allow_greedy = true))]
pub(super) enum Token {
    /// Says what the tokens after it are to be read as; never in a text.
    Start(Start),

    #[token("\n")]
    Newline,

    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Name,
    /// Also what only looks like a number: `number.rs` decides.
    #[regex(r"([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][+-]?[0-9][0-9_]*)?([A-Za-z_][A-Za-z0-9_]*)?")]
    Number,
    #[token("True")]
    True,
    #[token("False")]
    False,
    #[token("and")]
    And,
    #[token("or")]
    Or,
    #[token("not")]
    Not,
    #[token("if")]
    If,
    #[token("else")]
    Else,
    /// Words where the layout sees that they are no names.
    Every,
    At,
    Period,
    When,
    Order,
    Last,
    Smooth,
    /// Brackets around numbers of an array, where the layout sees that they are.
    OpenArray,
    CloseArray,

    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("//")]
    SlashSlash,
    #[token("%")]
    Percent,
    #[token("**")]
    Power,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,

    #[token("=")]
    Assign,
    #[token("+=")]
    PlusAssign,
    #[token("-=")]
    MinusAssign,
    #[token("*=")]
    StarAssign,
    #[token("/=")]
    SlashAssign,
    #[token("%=")]
    PercentAssign,
    /// Assignments that Python has and we have not.
    #[token(":=")]
    #[token("**=")]
    #[token("//=")]
    #[token("&=")]
    #[token("|=")]
    #[token("^=")]
    #[token("<<=")]
    #[token(">>=")]
    #[token("@=")]
    ForeignAssign,

    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,

    /// Operators between two operands that Python or C has and we have not.
    #[token("&")]
    #[token("&&")]
    #[token("|")]
    #[token("||")]
    #[token("^")]
    #[token("<<")]
    #[token(">>")]
    #[token("@")]
    ForeignOperator,
    /// The same before one operand.
    #[token("~")]
    #[token("!")]
    ForeignPrefix,
    /// Python's other words.
    #[token("None")]
    #[token("as")]
    #[token("assert")]
    #[token("async")]
    #[token("await")]
    #[token("break")]
    #[token("class")]
    #[token("continue")]
    #[token("def")]
    #[token("del")]
    #[token("elif")]
    #[token("except")]
    #[token("finally")]
    #[token("for")]
    #[token("from")]
    #[token("global")]
    #[token("import")]
    #[token("in")]
    #[token("is")]
    #[token("lambda")]
    #[token("nonlocal")]
    #[token("pass")]
    #[token("raise")]
    #[token("return")]
    #[token("try")]
    #[token("while")]
    #[token("with")]
    #[token("yield")]
    Reserved,
    #[regex(r#""[^"\n]*""#)]
    Text,
    #[token("'")]
    #[token("\"")]
    Quote,
    #[token("\\")]
    Backslash,
    /// A run of characters that stand nowhere in the language.
    #[regex(r"[^\x00-\x7F]+")]
    Unknown,
}

/// What a run of tokens is to be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Expression,
    /// What stands before the colon of a definition.
    Left,
    /// What stands after it, up to the flags.
    Unit,
    Flags,
    Statement,
    Clock,
    Constant,
    GroupHead,
    Record,
    Set,
    Run,
    Setting,
    Method,
    GroupClock,
    GroupPrecision,
    Init,
    /// A word with one expression.
    Clause,
    Event,
    /// What stands between `run_on_event` and its code.
    Handler,
    /// What stands between `run_regularly` and its code.
    Interval,
    Spikes,
    TimedArray,
    Switch,
}

impl Token {
    /// Whether a value may end here, so that another one may not follow at once.
    pub(super) fn ends_value(self) -> bool {
        use Token::{CloseArray, CloseBracket, CloseParen, False, Name, Number, Text, True};
        matches!(self, Name | Number | True | False | Text | CloseParen | CloseBracket | CloseArray)
    }

    /// Whether a value may begin here.
    pub(super) fn starts_value(self) -> bool {
        use Token::{False, Name, Number, OpenParen, Text, True};
        matches!(self, Name | Number | True | False | Text | OpenParen)
    }

    /// `=` and all that looks like it.
    pub(super) fn assigns(self) -> bool {
        use Token::{Assign, ForeignAssign, MinusAssign, PercentAssign, PlusAssign, SlashAssign, StarAssign};
        matches!(self, Assign | PlusAssign | MinusAssign | StarAssign | SlashAssign | PercentAssign | ForeignAssign)
    }

    pub(super) fn compares(self) -> bool {
        use Token::{EqualEqual, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, EqualEqual | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }
}

/// All tokens of `text`. Line ends in a row count once, and so do foreign characters in a row.
pub(super) fn lex(text: &str) -> Vec<Lexeme> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shift = text.len() - body.len();
    let mut lexemes: Vec<Lexeme> = Vec::with_capacity(body.len() / 3);
    for (token, range) in Token::lexer(body).spanned() {
        let token = token.unwrap_or(Token::Unknown);
        let (start, end) = (offset(range.start + shift), offset(range.end + shift));
        match lexemes.last_mut() {
            Some(last) if token == Token::Newline && last.token == token => {}
            Some(last) if token == Token::Unknown && last.token == token && last.end == start => last.end = end,
            Some(_) | None => lexemes.push(Lexeme { token, start, end }),
        }
    }
    lexemes
}

/// Fits: texts longer than `source::LONGEST` are refused before.
fn offset(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}
