//! Numbers, texts and lists as bytes. Whatever the bytes are, reading ends, and takes no more memory than they have.

/// Why bytes are not what they should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WireError {
    /// They end too early.
    #[error("a message ends in its middle")]
    Short,
    /// Something follows the end.
    #[error("a message goes on after its end")]
    Long,
    /// A number that stands for nothing.
    #[error("a message has an unknown kind in it")]
    Unknown,
    /// A text that is not UTF-8.
    #[error("a message has a text in it that is none")]
    NoText,
}

/// Bytes that are being written.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub fn of_kind(kind: u8) -> Writer {
        Writer(vec![kind])
    }

    pub fn byte(mut self, value: u8) -> Writer {
        self.0.push(value);
        self
    }

    pub fn word(mut self, value: u32) -> Writer {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn long(mut self, value: u64) -> Writer {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn bytes(mut self, value: &[u8]) -> Writer {
        // What is longer than a frame is refused there.
        self = self.word(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.0.extend(value);
        self
    }

    pub fn text(self, value: &str) -> Writer {
        self.bytes(value.as_bytes())
    }

    pub fn list<T>(mut self, values: &[T], one: impl Fn(Writer, &T) -> Writer) -> Writer {
        self = self.word(u32::try_from(values.len()).unwrap_or(u32::MAX));
        values.iter().fold(self, one)
    }

    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes that are being read.
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader(bytes)
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.take(1)?[0])
    }

    pub fn flag(&mut self) -> Result<bool, WireError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::Unknown),
        }
    }

    pub fn word(&mut self) -> Result<u32, WireError> {
        let (word, rest) = self.0.split_first_chunk().ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*word))
    }

    pub fn long(&mut self) -> Result<u64, WireError> {
        let (long, rest) = self.0.split_first_chunk().ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*long))
    }

    pub fn bytes(&mut self) -> Result<Vec<u8>, WireError> {
        let length = self.word()? as usize;
        Ok(self.take(length)?.to_vec())
    }

    pub fn text(&mut self) -> Result<String, WireError> {
        String::from_utf8(self.bytes()?).map_err(|_| WireError::NoText)
    }

    /// Each element takes at least a byte, so a list that says to be longer than what is left ends early.
    pub fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
        let count = self.word()? as usize;
        if count > self.0.len() {
            return Err(WireError::Short);
        }
        let mut out = Vec::new();
        for _ in 0..count {
            out.push(one(self)?);
        }
        Ok(out)
    }

    pub fn end(self) -> Result<(), WireError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(WireError::Long)
        }
    }
}
