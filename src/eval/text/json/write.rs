//! Strings as nlohmann's library writes them.

/// A string is not UTF-8 and cannot be written as JSON, in nlohmann's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUtf8 {
    /// A byte cannot stand where it does.
    #[error("[json.exception.type_error.316] invalid UTF-8 byte at index {index}: 0x{byte:02X}")]
    Byte {
        /// Where the byte stands, from 0.
        index: usize,
        /// The byte.
        byte: u8,
    },
    /// The string ends inside of a character.
    #[error("[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x{last:02X}")]
    Incomplete {
        /// The last byte of the string.
        last: u8,
    },
}

/// Appends a JSON string for `text`: quoted, with `"`, `\` and control characters escaped and all else as it is.
///
/// # Errors
/// [`InvalidUtf8`] if `text` is not UTF-8; `out` then ends in the middle of the string.
pub fn push_string(out: &mut Vec<u8>, text: &[u8]) -> Result<(), InvalidUtf8> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(describe(text, error));
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut plain_from = 0;
    for (index, &byte) in text.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[plain_from..index]);
        plain_from = index + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&text[plain_from..]);
    out.push(b'"');
    Ok(())
}

/// Which byte nlohmann's decoder stumbles over.
fn describe(text: &[u8], error: std::str::Utf8Error) -> InvalidUtf8 {
    let start = error.valid_up_to();
    let Some(length) = error.error_len() else {
        return InvalidUtf8::Incomplete {
            last: text[text.len() - 1],
        };
    };
    // A byte that may start a sequence is fine by itself; the one that breaks the sequence is wrong.
    let index = if matches!(text[start], 0xC2..=0xF4) {
        start + length
    } else {
        start
    };
    InvalidUtf8::Byte {
        index,
        byte: text[index],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &[u8]) -> Result<String, String> {
        let mut out = Vec::new();
        push_string(&mut out, text).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn escapes() {
        for (text, expected) in [
            ("", r#""""#),
            ("aé/\u{7f}", "\"aé/\u{7f}\""),
            ("\"\\", r#""\"\\""#),
            ("\u{8}\t\n\u{c}\r\u{1}\u{1f}", r#""\b\t\n\f\r\u0001\u001f""#),
        ] {
            assert_eq!(written(text.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn names_the_bad_byte() {
        for (text, message) in [
            (&b"_\xff_"[..], "invalid UTF-8 byte at index 1: 0xFF"),
            (b"\xe2(", "invalid UTF-8 byte at index 1: 0x28"),
            (b"\xe2\x82(", "invalid UTF-8 byte at index 2: 0x28"),
            (b"\xc0\x80", "invalid UTF-8 byte at index 0: 0xC0"),
            (b"\xed\xa0\x80", "invalid UTF-8 byte at index 1: 0xA0"),
            (b"\x80", "invalid UTF-8 byte at index 0: 0x80"),
            (b"a\xe2\x82", "incomplete UTF-8 string; last byte: 0x82"),
        ] {
            assert_eq!(written(text), Err(format!("[json.exception.type_error.316] {message}")));
        }
    }

    proptest! {
        #[test]
        fn reads_back(text in any::<String>()) {
            let mut json = Vec::new();
            push_string(&mut json, text.as_bytes()).unwrap();
            let event = super::super::Reader::new(&json).next().unwrap();
            match event {
                Ok(super::super::Event::String(read)) => prop_assert_eq!(read, text),
                other => prop_assert!(text.contains('\0'), "{:?}", other),
            }
        }

        #[test]
        fn any_bytes_are_written_or_refused(text in proptest::collection::vec(any::<u8>(), 0..12)) {
            prop_assert_eq!(written(&text).is_ok(), std::str::from_utf8(&text).is_ok());
        }
    }
}
