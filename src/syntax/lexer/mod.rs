//! Text to tokens, byte for byte as Nix's generated lexer cuts it (Nix: `lexer.l`).
//!
//! The lexer keeps a stack of modes, as what a `}` or a `/` means depends on the string or path around
//! it. It looks ahead in the text but never reads a byte more than a fixed number of times: where the
//! longest-match rule would look far (is `a.b.c.d` the start of a path?), the answer is remembered.

mod keyword;
mod path;
mod text;

use crate::chars::{is_path, is_uri, name_end, path_end, plain_end, spaces_end};
use crate::token::{Kind, Token};
use keyword::keyword;

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
    /// The last run of path bytes that was measured.
    run_start: usize,
    run_end: usize,
    /// The last underscore in a run that ends here.
    underscore: (Option<usize>, usize),
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
            underscore: (None, usize::MAX),
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

    /// Puts tokens into the slice, which has room for one, and returns how many: fewer than there is room for when the
    /// text ends. After the end that comes again.
    pub fn fill(&mut self, tokens: &mut [Token]) -> usize {
        if let Some(token) = self.stopped {
            tokens[0] = token;
            return 1;
        }
        let text = self.text;
        let mut at = self.at;
        let mut count = 0;
        'tokens: while count < tokens.len() {
            if self.mode != Mode::Code {
                self.remember(&tokens[..count]);
                self.at = at;
                tokens[count] = self.inside();
                at = self.at;
                count += 1;
                if self.stopped.is_some() {
                    break;
                }
                continue;
            }
            // Most tokens follow a single space, which takes no branch.
            at += usize::from(text.get(at) == Some(&b' '));
            let (kind, end) = loop {
                let Some(&byte) = text.get(at) else {
                    break (Kind::End, at);
                };
                match STARTS[byte as usize] {
                    Start::Blank => at += 1,
                    Start::LineEnd => at = spaces_end(text, at + 1),
                    Start::Comment => {
                        let rest = &text[at..];
                        at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    }
                    Start::Word => {
                        let end = name_end(text, at + 1);
                        let next = self.peek(end);
                        if matches!(next, b'.' | b'/' | b':' | b'+') && self.may_be_path(end) {
                            break (Kind::Reserved, at);
                        }
                        break (keyword(text, at, end), end);
                    }
                    Start::Alone => break (ALONE[byte as usize], at + 1),
                    Start::Assign => {
                        let twice = text.get(at + 1) == Some(&b'=');
                        break (if twice { Kind::Eq } else { Kind::Assign }, at + 1 + usize::from(twice));
                    }
                    Start::Open => {
                        self.push(Mode::Code);
                        break (Kind::BraceOpen, at + 1);
                    }
                    Start::Close => {
                        self.pop();
                        break (Kind::BraceClose, at + 1);
                    }
                    Start::Quote => {
                        // Most strings are nothing but text.
                        let end = plain_end(text, at + 1);
                        if end > at + 1
                            && text.get(end) == Some(&b'"')
                            && let Some(three) = tokens[count..].first_chunk_mut()
                        {
                            *three = [
                                Token::new(Kind::Quote, at, at + 1),
                                Token::new(Kind::Str, at + 1, end),
                                Token::new(Kind::Quote, end, end + 1),
                            ];
                            at = end + 1;
                            count += 3;
                            continue 'tokens;
                        }
                        self.push(Mode::Str);
                        break (Kind::Quote, at + 1);
                    }
                    Start::Dot => {
                        let next = text.get(at + 1).copied().unwrap_or(0);
                        if is_path(next) && next != b'.' && !next.is_ascii_digit() && !self.may_be_path(at) {
                            break (Kind::Dot, at + 1);
                        }
                        break (Kind::Reserved, at);
                    }
                    Start::Rest => {
                        if byte == b'/' && text.get(at + 1) == Some(&b'*') {
                            self.at = at;
                            if self.skip_comment() {
                                at = self.at;
                                continue;
                            }
                        }
                        break (Kind::Reserved, at);
                    }
                }
            };
            tokens[count] = Token::new(kind, at, end);
            if kind as u8 <= Kind::Reserved as u8 {
                // What the rules above leave to others, or the end.
                self.at = at;
                tokens[count] = self.rest();
                at = self.at;
                count += 1;
                if self.stopped.is_some() {
                    break;
                }
                continue;
            }
            at = end;
            count += 1;
        }
        self.at = at;
        self.remember(&tokens[..count]);
        count
    }

    /// Keeps where the last two tokens start, of which these are the last.
    #[inline(always)]
    fn remember(&mut self, tokens: &[Token]) {
        match tokens {
            [] => {}
            [one] => (self.before, self.last) = (self.last, one.start),
            [.., before, last] => (self.before, self.last) = (before.start, last.start),
        }
    }

    /// A token inside a string or a path.
    #[inline(never)]
    fn inside(&mut self) -> Token {
        match self.mode {
            Mode::Code => self.rest(),
            Mode::Str => self.string(),
            Mode::IndStr => self.indented(),
            Mode::Path | Mode::PathSlash => self.path_part(),
        }
    }

    /// Returns the next token. After the end it goes on returning the end.
    pub fn next_token(&mut self) -> Token {
        let mut token = [Token::default()];
        self.fill(&mut token);
        token[0]
    }

    #[inline(always)]
    fn peek(&self, at: usize) -> u8 {
        // A NUL stands for the end where the difference does not matter.
        self.text.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn take(&mut self, kind: Kind, end: usize) -> Token {
        let token = Token::new(kind, self.at, end);
        self.at = end;
        token
    }

    #[cold]
    fn end(&mut self, at: usize) -> Token {
        let token = Token::new(Kind::End, at, at);
        self.stopped = Some(token);
        token
    }

    #[cold]
    fn refuse(&mut self, at: usize, end: usize, message: String) -> Token {
        self.refusal = Some(Refusal { message, at: at as u32 });
        let token = Token::new(Kind::Refused, at, end.max(at));
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

    /// Skips the comment of several lines that starts here, if it ends anywhere.
    #[inline(never)]
    fn skip_comment(&mut self) -> bool {
        if self.open_comment {
            return false;
        }
        let Some(length) = memchr::memmem::find(&self.text[self.at + 2..], b"*/") else {
            self.open_comment = true;
            return false;
        };
        self.at += length + 4;
        true
    }

    /// A word, unless it begins a path or a URI.
    fn word(&mut self) -> Token {
        if let Some(token) = self.path_or_uri() {
            return token;
        }
        let end = name_end(self.text, self.at + 1);
        self.take(keyword(self.text, self.at, end), end)
    }

    /// A token that starts with a point.
    #[inline(never)]
    fn dot(&mut self, next: u8) -> Token {
        let at = self.at;
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

    /// Whether a path or a URI may have begun before `at`, which is behind a name, or begin there: not if the bytes of
    /// paths that follow end in neither way. Each of them is looked at once.
    #[inline(always)]
    fn may_be_path(&mut self, at: usize) -> bool {
        if !(self.run_start <= at && at < self.run_end) {
            self.run_start = at;
            self.run_end = path_end(self.text, at);
        }
        match self.peek(self.run_end) {
            b'/' => true,
            b':' => is_uri(self.peek(self.run_end + 1)),
            _ => false,
        }
    }

    /// A token of code that takes more than a look at its first byte.
    #[inline(never)]
    fn rest(&mut self) -> Token {
        let at = self.at;
        let Some(&byte) = self.text.get(at) else {
            return self.end(at);
        };
        let next = self.peek(at + 1);
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'.' => self.dot(next),
            b'0'..=b'9' => self.number(),
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
            b'$' if next == b'{' => {
                self.push(Mode::Code);
                self.take(Kind::DollarBrace, at + 2)
            }
            b'\'' if next == b'\'' => self.indented_open(),
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

/// How a token, or what stands before one, starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Blank,
    LineEnd,
    Comment,
    Word,
    /// A token of one byte, whatever follows: one of [`ALONE`].
    Alone,
    Assign,
    Open,
    Close,
    Quote,
    Dot,
    Rest,
}

/// What starts with each byte in plain code.
static STARTS: [Start; 256] = {
    let mut starts = [Start::Rest; 256];
    let mut byte = 0;
    while byte < 256 {
        starts[byte] = match byte as u8 {
            b' ' | b'\t' | b'\r' => Start::Blank,
            b'\n' => Start::LineEnd,
            b'#' => Start::Comment,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Start::Word,
            b'=' => Start::Assign,
            b'{' => Start::Open,
            b'}' => Start::Close,
            b'"' => Start::Quote,
            b'.' => Start::Dot,
            _ if !matches!(ALONE[byte], Kind::Invalid) => Start::Alone,
            _ => Start::Rest,
        };
        byte += 1;
    }
    starts
};

/// The tokens of one byte that no token of more bytes starts with.
static ALONE: [Kind; 256] = {
    let mut kinds = [Kind::Invalid; 256];
    kinds[b';' as usize] = Kind::Semicolon;
    kinds[b'(' as usize] = Kind::ParenOpen;
    kinds[b')' as usize] = Kind::ParenClose;
    kinds[b'[' as usize] = Kind::BracketOpen;
    kinds[b']' as usize] = Kind::BracketClose;
    kinds[b':' as usize] = Kind::Colon;
    kinds[b',' as usize] = Kind::Comma;
    kinds[b'?' as usize] = Kind::Question;
    kinds[b'@' as usize] = Kind::At;
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str, together: usize) -> Vec<Token> {
        let mut lexer = Lexer::new(text.as_bytes(), true);
        let mut room = vec![Token::default(); together];
        let mut all = Vec::new();
        loop {
            let count = lexer.fill(&mut room);
            all.extend_from_slice(&room[..count]);
            if matches!(room[count - 1].kind, Kind::End | Kind::Refused) {
                return all;
            }
        }
    }

    #[test]
    fn tokens_are_the_same_however_many_are_read_together() {
        for text in [
            "{ a.b, c ? \"text\", ... }@args: let x = \"\"; y = \"a${b}c\\n\"; in ''\n  it ${\"s\"} ''$ ''",
            "[ ./a/b ./a${c}/d ~/e <nixpkgs/lib> http://x.y/z 1.5e3 .5 12 a'.b /* c */ # d\n x-y_z ]",
            "a.b.c or d ? e -> f // g ++ h == i != j <= k >= l && m || n |> o <| p",
            "./a/",
            "\"open $\\",
            "x = 99999999999999999999;",
            "",
        ] {
            let one = tokens(text, 1);
            for together in 2..12 {
                assert_eq!(tokens(text, together), one, "{text:?} by {together}");
            }
        }
    }
}
