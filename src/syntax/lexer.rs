//! Text to tokens, byte for byte as Nix's generated lexer cuts it (Nix: `lexer.l`).
//!
//! The lexer keeps a stack of modes, as what a `}` or a `/` means depends on the string or path around
//! it. It looks ahead in the text but never reads a byte more than a fixed number of times: where the
//! longest-match rule would look far (is `a.b.c.d` the start of a path?), the answer is remembered.

use crate::chars::{is_name, is_path, is_space, is_uri};
use crate::strings;
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
                self.at += 1;
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

    /// Measures the run of path bytes here: `run_end` is then its end.
    fn measure_run(&mut self) {
        let at = self.at;
        if self.run_start <= at && at < self.run_end {
            return;
        }
        self.run_start = at;
        self.run_end = at;
        self.underscore = usize::MAX;
        while let Some(&byte) = self.text.get(self.run_end) {
            if !is_path(byte) {
                break;
            }
            if byte == b'_' {
                self.underscore = self.run_end;
            }
            self.run_end += 1;
        }
    }

    #[cold]
    fn path_or_uri(&mut self) -> Option<Token> {
        self.measure_run();
        let (at, end) = (self.at, self.run_end);
        match self.peek(end) {
            b'/' => self.path(),
            b':' if self.text[at].is_ascii_alphabetic()
                && (self.underscore == usize::MAX || self.underscore < at)
                && end + 1 < self.text.len()
                && is_uri(self.text[end + 1]) =>
            {
                let rest = &self.text[end + 1..];
                let length = rest.iter().position(|&b| !is_uri(b)).unwrap_or(rest.len());
                Some(self.take(Kind::Uri, end + 1 + length))
            }
            _ => None,
        }
    }

    /// Returns the path token that starts here, if one does.
    #[inline(never)]
    fn path(&mut self) -> Option<Token> {
        self.measure_run();
        let end = self.run_end;
        if self.peek(end) != b'/' {
            return None;
        }
        if is_path(self.peek(end + 1)) {
            let end = self.path_end(end);
            return Some(self.path_token(Kind::Path, end));
        }
        if self.peek(end + 1) == b'$' && self.peek(end + 2) == b'{' {
            return Some(self.path_token(Kind::Path, end + 1));
        }
        None
    }

    /// Returns the end of the slashes and parts that start at the slash at `at`.
    fn path_end(&self, mut at: usize) -> usize {
        while self.peek(at) == b'/' {
            at += 1;
            if !is_path(self.peek(at)) {
                break;
            }
            while is_path(self.peek(at)) {
                at += 1;
            }
        }
        at
    }

    fn path_token(&mut self, kind: Kind, end: usize) -> Token {
        let mode = if self.text[end - 1] == b'/' {
            Mode::PathSlash
        } else {
            Mode::Path
        };
        self.push(mode);
        self.take(kind, end)
    }

    fn home_path(&mut self) -> Token {
        let at = self.at;
        if is_path(self.peek(at + 2)) {
            let end = self.path_end(at + 1);
            return self.path_token(Kind::HomePath, end);
        }
        if self.peek(at + 2) == b'$' && self.peek(at + 3) == b'{' {
            return self.path_token(Kind::HomePath, at + 2);
        }
        self.take(Kind::Invalid, at + 1)
    }

    /// A part of a path after its start, or the end of the path.
    fn path_part(&mut self) -> Token {
        let at = self.at;
        if self.peek(at) == b'$' && self.peek(at + 1) == b'{' {
            self.mode = Mode::Path;
            self.push(Mode::Code);
            return self.take(Kind::DollarBrace, at + 2);
        }
        let mut end = at;
        while is_path(self.peek(end)) {
            end += 1;
        }
        if self.peek(end) == b'/' {
            end = self.path_end(end);
        }
        if end > at {
            self.mode = if self.text[end - 1] == b'/' {
                Mode::PathSlash
            } else {
                Mode::Path
            };
            return self.take(Kind::Str, end);
        }
        let at_end = at >= self.text.len();
        if self.mode == Mode::PathSlash {
            let place = if at_end { self.last as usize } else { at };
            return self.refuse(place, at, "path has a trailing slash".into());
        }
        self.pop();
        if at_end {
            // Here Nix's lexer winds its location back by one match too many, and the end of the file
            // seems to lie at the start of the last one.
            self.end(self.last as usize);
            return Token {
                kind: Kind::PathEnd,
                start: self.before,
                end: at as u32,
            };
        }
        Token {
            kind: Kind::PathEnd,
            start: self.last,
            end: at as u32,
        }
    }

    fn search_path(&mut self) -> Token {
        let start = self.at;
        let mut at = start + 1;
        loop {
            let part = at;
            while is_path(self.peek(at)) {
                at += 1;
            }
            if at == part {
                break;
            }
            match self.peek(at) {
                b'/' => at += 1,
                b'>' => return self.take(Kind::SearchPath, at + 1),
                _ => break,
            }
        }
        self.take(Kind::Less, start + 1)
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

    #[inline(never)]
    fn string(&mut self) -> Token {
        let text = self.text;
        let start = self.at;
        let mut at = start;
        let mut nul = false;
        while let Some(&byte) = text.get(at) {
            match byte {
                b'"' => break,
                b'\\' if at + 1 < text.len() => at += 2,
                b'\\' => break,
                b'$' => match text.get(at + 1) {
                    None | Some(b'{') => break,
                    Some(b'"') => {
                        at += 1;
                        break;
                    }
                    Some(b'\\') if at + 2 < text.len() => at += 3,
                    Some(b'\\') => break,
                    Some(&next) => {
                        nul |= next == 0;
                        at += 2;
                    }
                },
                0 => {
                    nul = true;
                    at += 1;
                }
                _ => at += 1,
            }
        }
        if at > start {
            if nul {
                let content = strings::unescape(&text[start..at]);
                return self.refuse_nul(start, at, &content);
            }
            return self.take(Kind::Str, at);
        }
        match text.get(at) {
            Some(b'"') => {
                self.pop();
                self.take(Kind::Quote, at + 1)
            }
            Some(b'$') if text.get(at + 1) == Some(&b'{') => {
                self.push(Mode::Code);
                self.take(Kind::DollarBrace, at + 2)
            }
            // What is left is a `\`, a `$` or a `$\` before the end of the text.
            _ => self.end(text.len()),
        }
    }

    fn refuse_nul(&mut self, start: usize, end: usize, content: &[u8]) -> Token {
        let content = String::from_utf8_lossy(content).replace('\0', "␀");
        let message =
            format!("input string '{content}' cannot be represented as Nix string because it contains null bytes");
        self.refuse(start, end, message)
    }

    fn indented_open(&mut self) -> Token {
        let mut end = self.at + 2;
        while self.peek(end) == b' ' {
            end += 1;
        }
        let end = if self.peek(end) == b'\n' { end + 1 } else { self.at + 2 };
        self.push(Mode::IndStr);
        self.take(Kind::IndOpen, end)
    }

    #[inline(never)]
    fn indented(&mut self) -> Token {
        let text = self.text;
        let start = self.at;
        let mut from = start;
        let at = loop {
            let Some(n) = memchr::memchr2(b'\'', b'$', &text[from..]) else {
                break text.len();
            };
            let at = from + n;
            match (text[at], text.get(at + 1)) {
                (_, None | Some(b'\'')) | (b'\'', Some(b'$')) | (b'$', Some(b'{')) => break at,
                _ => from = at + 2,
            }
        };
        if at > start {
            if memchr::memchr(0, &text[start..at]).is_some() {
                return self.refuse_nul(start, at, &text[start..at]);
            }
            return self.take(Kind::IndStr, at);
        }
        match (text.get(at), text.get(at + 1)) {
            (None, _) => self.end(at),
            (Some(b'$'), Some(b'{')) => {
                self.push(Mode::Code);
                self.take(Kind::DollarBrace, at + 2)
            }
            (Some(b'\''), Some(b'\'')) => match text.get(at + 2) {
                Some(b'$' | b'\'') => self.take(Kind::IndStr, at + 3),
                Some(b'\\') if at + 3 < text.len() => self.take(Kind::IndStr, at + 4),
                _ => {
                    self.pop();
                    self.take(Kind::IndClose, at + 2)
                }
            },
            _ => self.take(Kind::IndStr, at + 1),
        }
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
