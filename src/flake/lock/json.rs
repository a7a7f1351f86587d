//! JSON whose values know where they stand, so that an error in a lock file names line and column.

/// A value and the byte offsets at which it starts and ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Json {
    pub at: usize,
    pub end: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// An integer from 0 to 2^64-1.
    Int(u64),
    /// Any other number, which no lock file has.
    Number,
    String(String),
    Array(Vec<Json>),
    Object(Vec<Member>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub key: String,
    pub key_at: usize,
    pub key_end: usize,
    pub value: Json,
}

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Broken {
    pub at: usize,
    pub why: String,
}

/// Deeper nesting is refused; a lock file has five levels.
const MAX_DEPTH: usize = 64;

impl Json {
    pub fn parse(text: &str) -> Result<Json, Broken> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        if reader.at < text.len() {
            return Err(reader.broken("unexpected text after the end"));
        }
        Ok(value)
    }

    /// Returns the last member of this name; of repeated members the last counts, as in Nix.
    pub fn member(&self, name: &str) -> Option<&Member> {
        match &self.kind {
            Kind::Object(members) => members.iter().rev().find(|member| member.key == name),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.member(name).map(|member| &member.value)
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn broken(&self, why: &str) -> Broken {
        Broken {
            at: self.at,
            why: why.to_owned(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(self.unexpected(&format!("'{}'", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    fn unexpected(&self, expected: &str) -> Broken {
        match self.text[self.at..].chars().next() {
            None => self.broken(&format!("unexpected end of input; expected {expected}")),
            Some(found) => self.broken(&format!("unexpected {found:?}; expected {expected}")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Broken> {
        self.space();
        let at = self.at;
        if depth > MAX_DEPTH {
            return Err(self.broken("nested too deeply"));
        }
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Json { at, end: self.at, kind })
    }

    fn word(&mut self) -> Result<Kind, Broken> {
        for (word, kind) in [
            ("true", Kind::Bool(true)),
            ("false", Kind::Bool(false)),
            ("null", Kind::Null),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(members));
        }
        loop {
            self.space();
            let key_at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a name in quotes"));
            }
            let key = self.string()?;
            let key_end = self.at;
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.push(Member {
                key,
                key_at,
                key_end,
                value,
            });
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Object(members));
                }
                _ => return Err(self.unexpected("',' or '}'")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut values = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::Array(values));
                }
                _ => return Err(self.unexpected("',' or ']'")),
            }
        }
    }

    /// Reads a string by finding its end and leaving escapes to `serde_json`.
    fn string(&mut self) -> Result<String, Broken> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                None => {
                    self.at = bytes.len();
                    return Err(self.broken("unexpected end of input; expected '\"'"));
                }
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let text = self
            .text
            .get(start..=end)
            .ok_or_else(|| self.broken("invalid string"))?;
        let value = serde_json::from_str(text).map_err(|_| self.broken("invalid string"))?;
        self.at = end + 1;
        Ok(value)
    }

    fn number(&mut self) -> Result<Kind, Broken> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let number: serde_json::Number =
            serde_json::from_str(&rest[..end]).map_err(|_| self.broken("invalid number"))?;
        self.at += end;
        Ok(number.as_u64().map_or(Kind::Number, Kind::Int))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn broken(text: &str, at: usize) {
        assert_eq!(Json::parse(text).unwrap_err().at, at, "{text}");
    }

    #[test]
    fn errors_know_their_place() {
        broken("", 0);
        broken("{", 1);
        broken("{\"a\":}", 5);
        broken("{\"a\": 1 2}", 8);
        broken("[1,]", 3);
        broken("{\"a\\", 4);
        broken("[1] x", 4);
        broken("-", 0);
        broken(&"[".repeat(1000), 65);
    }

    #[test]
    fn values_know_their_place() {
        let json = Json::parse(r#" {"a": [1, "b\n", null, true, 1.5, -1], "a": 2}"#).unwrap();
        assert_eq!(json.at, 1);
        assert_eq!(json.get("a").map(|a| (a.at, &a.kind)), Some((45, &Kind::Int(2))));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_as_serde_reads_it(text in "[\\[\\]{}:,\"a0-9.e \\\\nul-]{0,24}") {
            let ours = Json::parse(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            proptest::prop_assert_eq!(ours, theirs);
        }
    }
}
