//! Text to tokens, byte for byte as Nix's generated lexer cuts it (Nix: `lexer.l`).
//!
//! The lexer keeps a stack of modes, as what a `}` or a `/` means depends on the string or path around
//! it. It looks ahead in the text but never reads a byte more than a fixed number of times: where the
//! longest-match rule would look far (is `a.b.c.d` the start of a path?), the answer is remembered.

mod path;
mod text;

use crate::chars::{is_name, is_path, is_space};
use crate::strings::leading_spaces;
use crate::token::{Kind, Token};

/// What the bytes at hand are part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Plain code.
    Code,
    /// Between quotes.
    Str,
    /// Between two pairs of single quotes.
    IndStr,
    /// After a part of a path that does not end with a slash.
    Path,
    /// After a part of a path that ends with a slash.
    PathSlash,
}

/// Why the lexer refuses a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Nix's message.
    pub message: String,
    /// Where it points.
    pub at: u32,
}

/// The lexer's state over one text.
pub struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    mode: Mode,
    /// The modes around the present one.
    outer: Vec<Mode>,
    /// Where the last token and the one before it start.
    last: u32,
    before: u32,
    /// The last run of path bytes that was measured, and the last underscore in it.
    run_start: usize,
    run_end: usize,
    underscore: usize,
    /// Set once a `/*` without an end was seen.
    open_comment: bool,
    pipe_operators: bool,
    /// What follows for ever, once the end or a refusal came.
    stopped: Option<Token>,
    refusal: Option<Refusal>,
}

impl<'t> Lexer<'t> {
    /// Returns a lexer at the start of `text`, which is shorter than 4 GiB.
    pub fn new(text: &'t [u8], pipe_operators: bool) -> Lexer<'t> {
        Lexer {
            text,
            at: 0,
            mode: Mode::Code,
            outer: Vec::new(),
            last: 0,
            before: 0,
            run_start: 0,
            run_end: 0,
            underscore: usize::MAX,
            open_comment: false,
            pipe_operators,
            stopped: None,
            refusal: None,
        }
    }

    /// Returns why the text was refused, once a token of kind [`Kind::Refused`] came.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Returns the offset behind the last token.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Returns the next token. After the end it goes on returning the end.
    pub fn next_token(&mut self) -> Token {
        if let Some(token) = self.stopped {
            return token;
        }
        let token = match self.mode {
            Mode::Code => self.code(),
            Mode::Str => self.string(),
            Mode::IndStr => self.indented(),
            Mode::Path | Mode::PathSlash => self.path_part(),
        };
        self.before = self.last;
        self.last = token.start;
        token
    }

    #[inline(always)]
    fn peek(&self, at: usize) -> u8 {
        // A NUL stands for the end where the difference does not matter.
        self.text.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn take(&mut self, kind: Kind, end: usize) -> Token {
        let token = Token {
            kind,
            start: self.at as u32,
            end: end as u32,
        };
        self.at = end;
        token
    }

    #[cold]
    fn end(&mut self, at: usize) -> Token {
        let token = Token {
            kind: Kind::End,
            start: at as u32,
            end: at as u32,
        };
        self.stopped = Some(token);
        token
    }

    #[cold]
    fn refuse(&mut self, at: usize, end: usize, message: String) -> Token {
        self.refusal = Some(Refusal { message, at: at as u32 });
        let token = Token {
            kind: Kind::Refused,
            start: at as u32,
            end: end.max(at) as u32,
        };
        self.stopped = Some(token);
        token
    }

    #[inline(always)]
    fn push(&mut self, mode: Mode) {
        self.outer.push(self.mode);
        self.mode = mode;
    }

    /// Leaves the present mode; at the bottom of the stack it stays.
    #[inline(always)]
    fn pop(&mut self) {
        if let Some(mode) = self.outer.pop() {
            self.mode = mode;
        }
    }

    /// Skips blanks and comments.
    #[inline(always)]
    fn skip_blanks(&mut self) {
        let text = self.text;
        loop {
            while self.at < text.len() && is_space(text[self.at]) {
                let is_line_end = text[self.at] == b'\n';
                self.at += 1;
                if is_line_end {
                    self.at += leading_spaces(&text[self.at..]);
                }
            }
            match text.get(self.at) {
                Some(b'#') => {
                    let rest = &text[self.at..];
                    self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                }
                Some(b'/') if text.get(self.at + 1) == Some(&b'*') && !self.open_comment => {
                    match memchr::memmem::find(&text[self.at + 2..], b"*/") {
                        Some(n) => self.at += n + 4,
                        None => {
                            self.open_comment = true;
                            return;
                        }
                    }
                }
                _ => return,
            }
        }
    }

    fn code(&mut self) -> Token {
        self.skip_blanks();
        let at = self.at;
        let Some(&byte) = self.text.get(at) else {
            return self.end(at);
        };
        let next = self.peek(at + 1);
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'.' => {
                if (is_path(next) || next == b'/')
                    && let Some(token) = self.path()
                {
                    return token;
                }
                if next.is_ascii_digit() {
                    return self.float(at + 1);
                }
                if next == b'.' && self.peek(at + 2) == b'.' {
                    return self.take(Kind::Ellipsis, at + 3);
                }
                self.take(Kind::Dot, at + 1)
            }
            b'-' | b'+' => {
                if (is_path(next) || next == b'/')
                    && let Some(token) = self.path()
                {
                    return token;
                }
                match (byte, next) {
                    (b'-', b'>') => self.take(Kind::Implies, at + 2),
                    (b'-', _) => self.take(Kind::Minus, at + 1),
                    (_, b'+') => self.take(Kind::Concat, at + 2),
                    _ => self.take(Kind::Plus, at + 1),
                }
            }
            b'/' => {
                if next == b'/' {
                    return self.take(Kind::Update, at + 2);
                }
                match self.path() {
                    Some(token) => token,
                    None => self.take(Kind::Slash, at + 1),
                }
            }
            b'{' => {
                self.push(Mode::Code);
                self.take(Kind::BraceOpen, at + 1)
            }
            b'}' => {
                self.pop();
                self.take(Kind::BraceClose, at + 1)
            }
            b'$' if next == b'{' => {
                self.push(Mode::Code);
                self.take(Kind::DollarBrace, at + 2)
            }
            b'"' => {
                self.push(Mode::Str);
                self.take(Kind::Quote, at + 1)
            }
            b'\'' if next == b'\'' => self.indented_open(),
            b';' => self.take(Kind::Semicolon, at + 1),
            b'=' if next == b'=' => self.take(Kind::Eq, at + 2),
            b'=' => self.take(Kind::Assign, at + 1),
            b'(' => self.take(Kind::ParenOpen, at + 1),
            b')' => self.take(Kind::ParenClose, at + 1),
            b'[' => self.take(Kind::BracketOpen, at + 1),
            b']' => self.take(Kind::BracketClose, at + 1),
            b':' => self.take(Kind::Colon, at + 1),
            b',' => self.take(Kind::Comma, at + 1),
            b'?' => self.take(Kind::Question, at + 1),
            b'@' => self.take(Kind::At, at + 1),
            b'!' if next == b'=' => self.take(Kind::NotEq, at + 2),
            b'!' => self.take(Kind::Bang, at + 1),
            b'*' => self.take(Kind::Star, at + 1),
            b'&' if next == b'&' => self.take(Kind::And, at + 2),
            b'|' if next == b'|' => self.take(Kind::Or, at + 2),
            b'|' if next == b'>' => self.pipe(Kind::PipeInto),
            b'<' if next == b'|' => self.pipe(Kind::PipeFrom),
            b'<' if next == b'=' => self.take(Kind::LessEq, at + 2),
            b'<' => self.search_path(),
            b'>' if next == b'=' => self.take(Kind::GreaterEq, at + 2),
            b'>' => self.take(Kind::Greater, at + 1),
            b'~' if next == b'/' => self.home_path(),
            // The generated parser takes a byte of value zero for the end.
            0 => self.end(at + 1),
            _ => self.take(Kind::Invalid, at + 1),
        }
    }

    fn pipe(&mut self, kind: Kind) -> Token {
        if !self.pipe_operators {
            let message = "experimental Nix feature 'pipe-operators' is disabled; \
                           add '--extra-experimental-features pipe-operators' to enable it";
            return self.refuse(self.at, self.at + 2, message.into());
        }
        self.take(kind, self.at + 2)
    }

    #[inline(always)]
    fn word(&mut self) -> Token {
        let text = self.text;
        let start = self.at;
        let mut end = start + 1;
        while end < text.len() && is_name(text[end]) {
            end += 1;
        }
        if end < text.len()
            && matches!(text[end], b'.' | b'/' | b':' | b'+')
            && let Some(token) = self.path_or_uri()
        {
            return token;
        }
        self.take(keyword(&text[start..end]), end)
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        let mut end = start + 1;
        while self.peek(end).is_ascii_digit() {
            end += 1;
        }
        let next = self.peek(end);
        if (is_path(next) || next == b'/')
            && let Some(token) = self.path()
        {
            return token;
        }
        if next == b'.' {
            let digits = &self.text[start..end];
            if digits[0] != b'0' || (digits.len() == 1 && self.peek(end + 1).is_ascii_digit()) {
                return self.float(end + 1);
            }
        }
        let token = self.take(Kind::Int, end);
        if end - start > 18 && crate::number::integer(&self.text[start..end]).is_none() {
            let digits = String::from_utf8_lossy(&self.text[start..end]).into_owned();
            return self.refuse(start, end, format!("invalid integer '{digits}'"));
        }
        token
    }

    /// A float whose digits after the point start at `at`.
    fn float(&mut self, mut at: usize) -> Token {
        let start = self.at;
        while self.peek(at).is_ascii_digit() {
            at += 1;
        }
        if matches!(self.peek(at), b'e' | b'E') {
            let mut exponent = at + 1;
            if matches!(self.peek(exponent), b'+' | b'-') {
                exponent += 1;
            }
            if self.peek(exponent).is_ascii_digit() {
                while self.peek(exponent).is_ascii_digit() {
                    exponent += 1;
                }
                at = exponent;
            }
        }
        if crate::number::float(&self.text[start..at]).is_none() {
            let literal = String::from_utf8_lossy(&self.text[start..at]).into_owned();
            return self.refuse(start, at, format!("invalid float '{literal}'"));
        }
        self.take(Kind::Float, at)
    }
}

#[inline(always)]
fn keyword(word: &[u8]) -> Kind {
    match word {
        b"if" => Kind::If,
        b"then" => Kind::Then,
        b"else" => Kind::Else,
        b"assert" => Kind::Assert,
        b"with" => Kind::With,
        b"let" => Kind::Let,
        b"in" => Kind::In,
        b"rec" => Kind::Rec,
        b"inherit" => Kind::Inherit,
        b"or" => Kind::OrWord,
        _ => Kind::Id,
    }
}
