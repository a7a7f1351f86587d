//! Tokens of JSON, and what nlohmann's lexer has read when it stops: its messages quote that and count it.

use std::borrow::Cow;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    ListStart,
    ListEnd,
    ObjectStart,
    ObjectEnd,
    Colon,
    Comma,
    Null,
    Bool(bool),
    /// A negative whole number.
    Integer(i64),
    /// A whole number without sign.
    Unsigned(u64),
    /// Infinite when the number is too large.
    Float(f64),
    String(Cow<'a, str>),
    End,
    /// No token; what is wrong.
    Error(Cow<'static, str>),
}

impl Token<'_> {
    /// What messages call the token.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Token::ListStart => "'['",
            Token::ListEnd => "']'",
            Token::ObjectStart => "'{'",
            Token::ObjectEnd => "'}'",
            Token::Colon => "':'",
            Token::Comma => "','",
            Token::Null => "null literal",
            Token::Bool(true) => "true literal",
            Token::Bool(false) => "false literal",
            Token::Integer(_) | Token::Unsigned(_) | Token::Float(_) => "number literal",
            Token::String(_) => "string literal",
            Token::End => "end of input",
            Token::Error(_) => "<parse error>",
        }
    }
}

/// A reader of tokens.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    /// How many bytes have been read; the end of the text, once looked at, counts as one more.
    read: usize,
    /// Where the last string or number starts. Other tokens do not set this back, so that messages about a bad
    /// literal quote what came before it too.
    quoted_from: usize,
    /// Whether a byte order mark may come, and has not been looked for.
    at_start: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer {
            text,
            read: 0,
            quoted_from: 0,
            at_start: true,
        }
    }

    /// Whether all that has been read is the end of the text.
    pub(super) fn nothing_read(&self) -> bool {
        self.read == 1
    }

    /// Line and column of the last byte that was read, as nlohmann counts them.
    pub(super) fn position(&self) -> (usize, usize) {
        let read = &self.text[..self.read.min(self.text.len())];
        let line = 1 + memchr::memchr_iter(b'\n', read).count();
        let line_start = memchr::memrchr(b'\n', read).map_or(0, |newline| newline + 1);
        // A number is read up to the byte after it, which is then given back. When that byte is a newline, the
        // column before it is lost.
        let gave_back_newline = self.text.get(self.read) == Some(&b'\n')
            && self.quoted_from < self.read
            && matches!(self.text[self.quoted_from], b'-' | b'0'..=b'9')
            && self.text[self.quoted_from..self.read]
                .iter()
                .all(|byte| b"+-.eE0123456789".contains(byte));
        (line, if gave_back_newline { 0 } else { self.read - line_start })
    }

    /// What messages quote: the text since the last string or number began, with control characters spelled out.
    pub(super) fn last_read(&self) -> String {
        let mut out = Vec::new();
        for &byte in &self.text[self.quoted_from..self.read.min(self.text.len())] {
            if byte < 0x20 {
                out.extend_from_slice(format!("<U+{byte:04X}>").as_bytes());
            } else {
                out.push(byte);
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The next token; the end of the text again and again once it is reached.
    pub(super) fn next(&mut self) -> Token<'a> {
        if std::mem::take(&mut self.at_start)
            && self.text.first() == Some(&0xEF)
            && !(self.take() == Some(0xEF) && self.take() == Some(0xBB) && self.take() == Some(0xBF))
        {
            return Token::Error("invalid BOM; must be 0xEF 0xBB 0xBF if given".into());
        }
        let mut byte = self.take();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = byte {
            byte = self.take();
        }
        match byte {
            Some(b'[') => Token::ListStart,
            Some(b']') => Token::ListEnd,
            Some(b'{') => Token::ObjectStart,
            Some(b'}') => Token::ObjectEnd,
            Some(b':') => Token::Colon,
            Some(b',') => Token::Comma,
            Some(b't') => self.literal(b"rue", Token::Bool(true)),
            Some(b'f') => self.literal(b"alse", Token::Bool(false)),
            Some(b'n') => self.literal(b"ull", Token::Null),
            Some(b'"') => {
                self.quoted_from = self.read - 1;
                self.string().map_or_else(Token::Error, Token::String)
            }
            Some(b'-' | b'0'..=b'9') => {
                self.quoted_from = self.read - 1;
                self.number().unwrap_or_else(|message| Token::Error(message.into()))
            }
            Some(0) | None => Token::End,
            Some(_) => Token::Error("invalid literal".into()),
        }
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.text.get(self.read).copied();
        // Once the end has been read, reading it again goes on counting.
        self.read += 1;
        byte
    }

    fn literal(&mut self, rest: &[u8], token: Token<'a>) -> Token<'a> {
        for &expected in rest {
            if self.take() != Some(expected) {
                return Token::Error("invalid literal".into());
            }
        }
        token
    }

    /// The number that starts with the last byte read.
    fn number(&mut self) -> Result<Token<'a>, &'static str> {
        let start = self.read - 1;
        let negative = self.text[start] == b'-';
        let mut whole = true;
        let first = if negative { self.take() } else { Some(self.text[start]) };
        let mut byte = match first {
            Some(b'0') => self.take(),
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err("invalid number; expected digit after '-'"),
        };
        if byte == Some(b'.') {
            whole = false;
            if !self.take().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err("invalid number; expected digit after '.'");
            }
            byte = self.digits();
        }
        if let Some(b'e' | b'E') = byte {
            whole = false;
            match self.take() {
                Some(b'+' | b'-') => {
                    if !self.take().is_some_and(|byte| byte.is_ascii_digit()) {
                        return Err("invalid number; expected digit after exponent sign");
                    }
                }
                Some(b'0'..=b'9') => {}
                _ => return Err("invalid number; expected '+', '-', or digit after exponent"),
            }
            self.digits();
        }
        // Give back the byte after the number.
        self.read -= 1;
        let text = std::str::from_utf8(&self.text[start..self.read]).expect("numbers are ASCII");
        if whole && negative {
            if let Ok(value) = text.parse() {
                return Ok(Token::Integer(value));
            }
        } else if whole && let Ok(value) = text.parse() {
            return Ok(Token::Unsigned(value));
        }
        Ok(Token::Float(
            text.parse().expect("the grammar of JSON numbers is a part of Rust's"),
        ))
    }

    /// Reads digits and one byte more, which is returned.
    fn digits(&mut self) -> Option<u8> {
        loop {
            let byte = self.take();
            if !byte.is_some_and(|byte| byte.is_ascii_digit()) {
                return byte;
            }
        }
    }

    /// The string after the quote that was read last.
    fn string(&mut self) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let text = self.text;
        let mut start = self.read;
        // What came before `start`, when it had to be changed.
        let mut changed: Option<String> = None;
        loop {
            let Some(byte) = self.take() else {
                return Err("invalid string: missing closing quote".into());
            };
            match byte {
                b'"' | b'\\' => {
                    // Every sequence has been checked on the way.
                    let plain = std::str::from_utf8(&text[start..self.read - 1]).expect("checked UTF-8");
                    if byte == b'"' {
                        return Ok(match changed {
                            None => Cow::Borrowed(plain),
                            Some(before) => Cow::Owned(before + plain),
                        });
                    }
                    let out = changed.get_or_insert_default();
                    out.push_str(plain);
                    out.push(self.escape()?);
                    start = self.read;
                }
                0..0x20 => return Err(control_message(byte)),
                0x20..0x80 => {}
                _ => self.check_sequence(byte)?,
            }
        }
    }

    /// Checks the rest of a UTF-8 sequence that starts with `lead`.
    fn check_sequence(&mut self, lead: u8) -> Result<(), &'static str> {
        const ILL_FORMED: &str = "invalid string: ill-formed UTF-8 byte";
        let (second, more) = match lead {
            0xC2..=0xDF => (0x80..=0xBF, 0),
            0xE0 => (0xA0..=0xBF, 1),
            0xED => (0x80..=0x9F, 1),
            0xE1..=0xEF => (0x80..=0xBF, 1),
            0xF0 => (0x90..=0xBF, 2),
            0xF1..=0xF3 => (0x80..=0xBF, 2),
            0xF4 => (0x80..=0x8F, 2),
            _ => return Err(ILL_FORMED),
        };
        let mut good = self.take().is_some_and(|byte| second.contains(&byte));
        for _ in 0..more {
            good = good && self.take().is_some_and(|byte| (0x80..=0xBF).contains(&byte));
        }
        good.then_some(()).ok_or(ILL_FORMED)
    }

    /// The character that an escape stands for, after the backslash.
    fn escape(&mut self) -> Result<char, &'static str> {
        const LONELY_HIGH: &str = "invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF";
        Ok(match self.take() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.four_digits()?;
                let code = match first {
                    0xD800..=0xDBFF => {
                        if !(self.take() == Some(b'\\') && self.take() == Some(b'u')) {
                            return Err(LONELY_HIGH);
                        }
                        let second = self.four_digits()?;
                        if !(0xDC00..=0xDFFF).contains(&second) {
                            return Err(LONELY_HIGH);
                        }
                        0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                    }
                    _ => first,
                };
                char::from_u32(code).ok_or("invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF")?
            }
            _ => return Err("invalid string: forbidden character after backslash"),
        })
    }

    fn four_digits(&mut self) -> Result<u32, &'static str> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or("invalid string: '\\u' must be followed by 4 hex digits")?;
        }
        Ok(code)
    }
}

/// What is wrong with a control character inside of a string.
fn control_message(byte: u8) -> Cow<'static, str> {
    const NAMES: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI", "DLE",
        "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
    ];
    let short = match byte {
        0x08 => " or \\b",
        0x09 => " or \\t",
        0x0A => " or \\n",
        0x0C => " or \\f",
        0x0D => " or \\r",
        _ => "",
    };
    let name = NAMES[usize::from(byte)];
    format!("invalid string: control character U+{byte:04X} ({name}) must be escaped to \\u{byte:04X}{short}").into()
}
