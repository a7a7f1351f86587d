//! The grammar of documents: keys, values, tables.

use std::ops::Range;

use super::insert::{Content, Entries, Kind, Node, Origin, insert};
use super::report::Report;
use super::{DEPTH_LIMIT, Toml, TomlError, scalar};

/// Reads a document into its root table.
pub(super) fn document(text: &[u8]) -> Result<Entries, TomlError> {
    let mut text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).to_vec();
    if text.last().is_some_and(|&byte| byte != b'\n') {
        text.push(b'\n');
    }
    let mut parser = Parser { text: &text, at: 0 };
    let mut root = Entries::new();
    parser.run(&mut root).map_err(|failure| match failure {
        Failure::Reported(report) => TomlError::Syntax(report.layout("fromTOML", &text)),
        Failure::InEscape { report, escape } => TomlError::Syntax(report.layout("internal temporary", &escape)),
        Failure::TooDeep => TomlError::TooDeep,
    })?;
    Ok(root)
}

/// Why reading stopped.
enum Failure {
    Reported(Box<Report>),
    /// A `\u` escape is no character; toml11 shows the escape alone.
    InEscape {
        report: Box<Report>,
        escape: Vec<u8>,
    },
    TooDeep,
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Failure::Reported(Box::new(report))
    }
}

struct Parser<'t> {
    /// The document; not empty documents end with a newline.
    text: &'t [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, title: impl Into<String>, note: &str) -> Report {
        Report::new(title, self.at..self.at + 1, note)
    }

    fn spaces(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn newline(&mut self) -> bool {
        let length = match self.rest() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        self.at += length;
        length > 0
    }

    /// A comment up to its newline, if there is one here.
    fn comment(&mut self) -> Result<(), Failure> {
        if self.take(b'#') {
            while self.plain_character(|_| false)? {}
            if self.at < self.text.len() && !matches!(self.rest(), [b'\n', ..] | [b'\r', b'\n', ..]) {
                let title = "toml::parse_comment_line: newline (LF / CRLF) or EOF is expected";
                return Err(self.error(title, "but got this").into());
            }
        }
        Ok(())
    }

    /// Spaces, comments and newlines; returns whether there was a newline.
    fn blank(&mut self) -> Result<bool, Failure> {
        let mut found = false;
        loop {
            self.spaces();
            self.comment()?;
            if !self.newline() {
                return Ok(found);
            }
            found = true;
        }
    }

    /// Passes one character that may stand in comments and strings, unless it is one of the excepted ASCII ones.
    fn plain_character(&mut self, except: impl Fn(u8) -> bool) -> Result<bool, Failure> {
        let length = match self.peek() {
            Some(byte @ (b'\t' | b' '..=b'~')) if !except(byte) => 1,
            Some(0x80..) => sequence_length(self.rest()),
            _ => 0,
        };
        self.at += length;
        Ok(length > 0)
    }

    fn run(&mut self, root: &mut Entries) -> Result<(), Failure> {
        self.body(root)?;
        while self.peek() == Some(b'[') {
            let start = self.at;
            self.at += 1;
            let element = self.take(b'[');
            let what = if element { "array-table" } else { "table" };
            self.spaces();
            const NOTE: &str = "expected basic key([a-zA-Z0-9_-]) or quoted key(\" or ')";
            let keys = match self.keys() {
                Ok((keys, _)) => keys,
                Err(Failure::Reported(report)) => {
                    let place = report
                        .places
                        .into_iter()
                        .next()
                        .map_or(self.at..self.at + 1, |(place, _)| place);
                    let title = format!("toml::parse_file: invalid {what} key");
                    return Err(Report::new(title, place, NOTE).into());
                }
                Err(failure) => return Err(failure),
            };
            self.spaces();
            let close: &[u8] = if element { b"]]" } else { b"]" };
            if !self.rest().starts_with(close) {
                let note = if element { "expected ]]" } else { "expected ]" };
                return Err(self.error(format!("toml::parse_file: invalid {what} key"), note).into());
            }
            self.at += close.len();
            let place = start..self.at;
            self.spaces();
            self.comment()?;
            if self.at < self.text.len() && !self.newline() {
                let title = "toml::parse_file: newline (or EOF) expected";
                return Err(self.error(title, "expected 0x0a(LINE FEED) or \r\n").into());
            }
            let kind = if element { Kind::Element } else { Kind::Table };
            let content = Content::Table {
                entries: Entries::new(),
                origin: Origin::Header,
            };
            let table = insert(
                kind,
                root,
                &keys,
                &place,
                Node {
                    content,
                    place: place.clone(),
                },
            )?;
            self.body(table)?;
        }
        Ok(())
    }

    /// Keys with values, up to the next header or the end.
    fn body(&mut self, table: &mut Entries) -> Result<(), Failure> {
        let mut fresh_line = true;
        loop {
            fresh_line |= self.blank()?;
            match self.peek() {
                None | Some(b'[') => return Ok(()),
                Some(_) if !fresh_line => {
                    let title = "toml::parse_table: newline (LF / CRLF) or EOF is expected";
                    return Err(self.error(title, "here").into());
                }
                Some(_) => {}
            }
            self.pair(table, 0)?;
            fresh_line = false;
        }
    }

    /// A key with its value.
    fn pair(&mut self, table: &mut Entries, depth: usize) -> Result<(), Failure> {
        let (keys, place) = self.keys()?;
        self.spaces();
        if !self.take(b'=') {
            let title = "toml::parse_key_value_pair: invalid key value separator `=`";
            return Err(self.error(title, "expected =").into());
        }
        self.spaces();
        let value = self.value(depth + keys.len())?;
        insert(Kind::Value, table, &keys, &place, value)?;
        Ok(())
    }

    /// A dotted key, and where it stands.
    fn keys(&mut self) -> Result<(Vec<String>, Range<usize>), Failure> {
        let start = self.at;
        let mut keys = Vec::new();
        loop {
            keys.push(self.simple_key()?);
            if keys.len() > DEPTH_LIMIT {
                return Err(Failure::TooDeep);
            }
            let end = self.at;
            self.spaces();
            if !self.take(b'.') {
                self.at = end;
                return Ok((keys, start..end));
            }
            self.spaces();
        }
    }

    fn simple_key(&mut self) -> Result<String, Failure> {
        match self.peek() {
            Some(b'"') => self.basic_string(),
            Some(b'\'') => self.literal_string(),
            _ => {
                let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let length = self.rest().iter().take_while(|byte| bare(byte)).count();
                if length == 0 {
                    let title =
                        "toml::parse_simple_key: invalid key: key must be \"quoted\", 'quoted-literal', or bare key.";
                    let hint = "Hint: non-ASCII scripts are allowed in toml v1.1.0, but not in v1.0.0.\n";
                    let note = "expected alpha [a-zA-Z], digit [0-9], -, or _";
                    return Err(self.error(title, note).hint(hint).into());
                }
                let key = String::from_utf8_lossy(&self.rest()[..length]).into_owned();
                self.at += length;
                Ok(key)
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Failure> {
        if depth > DEPTH_LIMIT {
            return Err(Failure::TooDeep);
        }
        let start = self.at;
        let lowercase =
            |name| format!("toml::parse_value: `{name}` must be in lowercase. A string must be surrounded by quotes.");
        const NUMBER: &str = "expected from `1` to `9` or digit [0-9] or inf or nan";
        let content = match self.peek() {
            Some(b'"') if self.rest().starts_with(b"\"\"\"") => Content::Scalar(Toml::String(self.multiline_basic()?)),
            Some(b'"') => Content::Scalar(Toml::String(self.basic_string()?)),
            Some(b'\'') if self.rest().starts_with(b"'''") => Content::Scalar(Toml::String(self.multiline_literal()?)),
            Some(b'\'') => Content::Scalar(Toml::String(self.literal_string()?)),
            Some(b'[') => self.list(depth)?,
            Some(b'{') => self.inline_table(depth)?,
            Some(b't' | b'f') => {
                let value = self.rest().starts_with(b"true");
                if !value && !self.rest().starts_with(b"false") {
                    let title = "toml::parse_boolean: invalid boolean: boolean must be `true` or `false`, in lowercase. \
                                 string must be surrounded by `\"`";
                    return Err(self.error(title, "expected true or false").into());
                }
                self.at += if value { 4 } else { 5 };
                Content::Scalar(Toml::Bool(value))
            }
            Some(b'T') => return Err(self.error(lowercase("true"), "expected true or false").into()),
            Some(b'F') => return Err(self.error(lowercase("false"), "expected true or false").into()),
            Some(b'I') => return Err(self.error(lowercase("inf"), NUMBER).into()),
            Some(b'N') => return Err(self.error(lowercase("nan"), NUMBER).into()),
            Some(b'i') if !self.rest().starts_with(b"inf") => return Err(self.error(lowercase("inf"), NUMBER).into()),
            Some(b'n') if !self.rest().starts_with(b"nan") => return Err(self.error(lowercase("nan"), NUMBER).into()),
            _ => {
                let (value, end) = scalar::scalar(self.text, self.at)?;
                self.at = end;
                Content::Scalar(value)
            }
        };
        // Messages underline a value on its first line only.
        let end = memchr::memchr(b'\n', &self.text[start..self.at]).map_or(self.at, |length| start + length);
        Ok(Node {
            content,
            place: start..end,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Content, Failure> {
        self.at += 1;
        let mut items = Vec::new();
        let mut comma = true;
        loop {
            self.blank()?;
            match self.peek() {
                None => {
                    let title = "toml::parse_array: missing closing bracket `]`";
                    return Err(self.error(title, "expected `]`, reached EOF").into());
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(Content::List { items, headers: false });
                }
                Some(_) if !comma => {
                    let title = "toml::parse_array: expected value-separator `,` or closing `]`";
                    return Err(self.error(title, "here").into());
                }
                Some(_) => items.push(self.value(depth + 1)?),
            }
            self.blank()?;
            comma = self.take(b',');
        }
    }

    fn inline_table(&mut self, depth: usize) -> Result<Content, Failure> {
        self.at += 1;
        let mut entries = Entries::new();
        let mut comma = false;
        self.spaces();
        loop {
            match self.peek() {
                Some(b'}') if comma => {
                    let title = "toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)";
                    return Err(self.error(title, "here").into());
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Content::Table {
                        entries,
                        origin: Origin::Inline,
                    });
                }
                None => {
                    let title = "toml::parse_inline_table: missing closing bracket `}`";
                    return Err(self.error(title, "expected `}`, reached line end").into());
                }
                Some(_) if !comma && !entries.is_empty() => {
                    let title = "toml::parse_inline_table: expected value-separator `,` or closing `}`";
                    return Err(self.error(title, "here").into());
                }
                Some(_) => self.pair(&mut entries, depth + 1)?,
            }
            self.spaces();
            comma = self.take(b',');
            self.spaces();
        }
    }

    fn literal_string(&mut self) -> Result<String, Failure> {
        self.at += 1;
        let start = self.at;
        while self.plain_character(|byte| byte == b'\'')? {}
        let content = self.since(start);
        if !self.take(b'\'') {
            return Err(self
                .error("toml::parse_literal_string: invalid string format", "expected '")
                .into());
        }
        Ok(content)
    }

    fn basic_string(&mut self) -> Result<String, Failure> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self.plain_character(|byte| matches!(byte, b'"' | b'\\'))? {}
            out.push_str(&self.since(start));
            if self.take(b'"') {
                return Ok(out);
            }
            if !self.escape(&mut out)? {
                return Err(self
                    .error("toml::parse_basic_string: invalid string format", "expected \"")
                    .into());
            }
        }
    }

    fn multiline_literal(&mut self) -> Result<String, Failure> {
        self.at += 3;
        self.newline();
        let mut out = String::new();
        loop {
            let start = self.at;
            while self.plain_character(|byte| byte == b'\'')? || self.newline() {}
            out.push_str(&self.since(start));
            if self.closing(b'\'', &mut out) {
                return Ok(out);
            }
            if self.peek() != Some(b'\'') {
                return Err(self
                    .error("toml::parse_ml_literal_string: invalid string format", "expected '''")
                    .into());
            }
            out.push('\'');
            self.at += 1;
        }
    }

    fn multiline_basic(&mut self) -> Result<String, Failure> {
        self.at += 3;
        self.newline();
        let mut out = String::new();
        loop {
            let start = self.at;
            while self.plain_character(|byte| matches!(byte, b'"' | b'\\'))? || self.newline() {}
            out.push_str(&self.since(start));
            if self.closing(b'"', &mut out) {
                return Ok(out);
            }
            if self.take(b'"') {
                out.push('"');
                continue;
            }
            if self.peek() == Some(b'\\') && self.line_end() {
                continue;
            }
            if !self.escape(&mut out)? {
                return Err(self
                    .error("toml::parse_ml_basic_string: invalid string format", "expected \"\"\"")
                    .into());
            }
        }
    }

    /// The closing quotes of a multi-line string, before which one or two more may stand.
    fn closing(&mut self, quote: u8, out: &mut String) -> bool {
        let count = self.rest().iter().take(5).take_while(|&&byte| byte == quote).count();
        if count < 3 {
            return false;
        }
        self.at += count;
        out.extend(std::iter::repeat_n(char::from(quote), count - 3));
        true
    }

    /// A backslash at the end of a line, with all blanks and newlines after it.
    fn line_end(&mut self) -> bool {
        let start = self.at;
        self.at += 1;
        self.spaces();
        if !self.newline() {
            self.at = start;
            return false;
        }
        loop {
            self.spaces();
            if !self.newline() {
                return true;
            }
        }
    }

    /// An escape, if a valid one is here; else nothing is passed.
    fn escape(&mut self, out: &mut String) -> Result<bool, Failure> {
        let [b'\\', letter, rest @ ..] = self.rest() else {
            return Ok(false);
        };
        let (digits, plain) = match letter {
            b'\\' | b'"' => (0, char::from(*letter)),
            b'b' => (0, '\u{8}'),
            b'f' => (0, '\u{c}'),
            b'n' => (0, '\n'),
            b'r' => (0, '\r'),
            b't' => (0, '\t'),
            b'u' => (4, '\0'),
            b'U' => (8, '\0'),
            _ => return Ok(false),
        };
        if digits == 0 {
            self.at += 2;
            out.push(plain);
            return Ok(true);
        }
        let code = rest.get(..digits).filter(|code| code.iter().all(u8::is_ascii_hexdigit));
        let Some(code) = code.and_then(|code| std::str::from_utf8(code).ok()) else {
            return Ok(false);
        };
        let number = u32::from_str_radix(code, 16).unwrap_or(u32::MAX);
        let Some(character) = char::from_u32(number) else {
            let title = if (0xD800..=0xDFFF).contains(&number) {
                "toml::parse_utf8_codepoint: [0xD800, 0xDFFF] is not a valid UTF-8"
            } else {
                "toml::parse_utf8_codepoint: input codepoint is too large."
            };
            let note = if number > 0x10FFFF {
                "must be in range [0x00, 0x10FFFF]"
            } else {
                "here"
            };
            let mut escape = self.rest()[..digits + 2].to_vec();
            escape.push(b'\n');
            return Err(Failure::InEscape {
                report: Box::new(Report::new(title, 1..digits + 2, note)),
                escape,
            });
        };
        self.at += 2 + digits;
        out.push(character);
        Ok(true)
    }

    /// The text from `start` to here, which has been checked to be UTF-8.
    fn since(&self, start: usize) -> String {
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }
}

/// How long the character at the start is, or 0 when it is not UTF-8.
fn sequence_length(text: &[u8]) -> usize {
    let window = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(window) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&window[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().map_or(0, char::len_utf8)
}
