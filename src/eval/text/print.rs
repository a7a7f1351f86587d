//! Strings and names as Nix shows them in values and messages.

/// Appends a string literal for `text`: quoted, with `"`, `\`, newline, return, tab and `${` escaped.
///
/// Other bytes stay as they are, valid UTF-8 or not.
pub fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    push_string_cut(out, text, usize::MAX);
}

/// Appends a string literal for `text` of which at most the first `limit` bytes are shown.
///
/// When bytes are left out, the closing quote is followed by how many: `"abc" «7 bytes elided»`. A cut may fall into
/// the middle of a character, as Nix's does. Escaped bytes count as one.
pub fn push_string_cut(out: &mut Vec<u8>, text: &[u8], limit: usize) {
    out.push(b'"');
    let shown = text.len().min(limit);
    for (index, &byte) in text[..shown].iter().enumerate() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Whether a brace follows is asked of the whole text, also just before the cut.
            b'$' if text.get(index + 1) == Some(&b'{') => out.extend_from_slice(b"\\$"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    if shown < text.len() {
        out.push(b' ');
        push_elided(out, text.len() - shown, "byte", "bytes");
    }
}

/// Appends the mark for `count` left out things: `«1 byte elided»`, `«2 bytes elided»`.
///
/// Nix counts in a 32-bit unsigned integer, and so does this.
pub fn push_elided(out: &mut Vec<u8>, count: usize, single: &str, plural: &str) {
    let count = count as u32;
    let noun = if count == 1 { single } else { plural };
    out.extend_from_slice(format!("«{count} {noun} elided»").as_bytes());
}

/// Appends an identifier as Nix writes it when it prints expressions: bare where the language allows it, else quoted.
///
/// A name that starts with anything but a letter or `_` is quoted.
pub fn push_identifier(out: &mut Vec<u8>, name: &[u8]) {
    if is_variable_name(name) {
        out.extend_from_slice(name)
    } else {
        push_string(out, name)
    }
}

/// Appends an attribute's name as Nix writes it when it prints values: bare where it can be, else quoted.
pub fn push_attribute_name(out: &mut Vec<u8>, name: &[u8]) {
    push_identifier(out, name);
}

/// Whether a name can be written without quotes: it is no keyword, starts with a letter or `_`, and goes on with
/// letters, digits, `_`, `-` and `'`.
pub fn is_variable_name(name: &[u8]) -> bool {
    let Some(&first) = name.first() else {
        return false;
    };
    (first.is_ascii_alphabetic() || first == b'_')
        && name
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\''))
        && !is_keyword(name)
}

/// Whether a name is one of the keywords that must be quoted; `or` is not one of them.
pub fn is_keyword(name: &[u8]) -> bool {
    const KEYWORDS: [&[u8]; 9] = [
        b"if", b"then", b"else", b"assert", b"with", b"let", b"in", b"rec", b"inherit",
    ];
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &str, limit: usize) -> String {
        let mut out = Vec::new();
        push_string_cut(&mut out, text.as_bytes(), limit);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes() {
        for (text, expected) in [
            ("", r#""""#),
            ("abc", r#""abc""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\n\r\t", r#""\n\r\t""#),
            ("${x} $x $", r#""\${x} $x $""#),
            ("$${x}", r#""$\${x}""#),
            ("é\u{1}", "\"é\u{1}\""),
        ] {
            assert_eq!(string(text, usize::MAX), expected);
        }
    }

    #[test]
    fn cuts() {
        assert_eq!(string("abcdef", 5), "\"abcde\" «1 byte elided»");
        assert_eq!(string("abcdef", 3), "\"abc\" «3 bytes elided»");
        assert_eq!(string("abc", 3), "\"abc\"");
        assert_eq!(string("abc", 0), "\"\" «3 bytes elided»");
        assert_eq!(string("a${", 2), "\"a\\$\" «1 byte elided»");
    }

    #[test]
    fn names() {
        for (name, bare) in [
            ("a", true),
            ("_a", true),
            ("a-b'c0", true),
            ("or", true),
            ("", false),
            ("0a", false),
            ("-a", false),
            ("'a", false),
            ("a b", false),
            ("a.b", false),
            ("é", false),
            ("rec", false),
            ("inherit", false),
        ] {
            let mut out = Vec::new();
            push_attribute_name(&mut out, name.as_bytes());
            let expected = if bare { name.to_owned() } else { format!("\"{name}\"") };
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn a_bare_name_has_no_special_byte(name in proptest::collection::vec(any::<u8>(), 0..8)) {
            let mut out = Vec::new();
            push_identifier(&mut out, &name);
            prop_assert_eq!(out == name, is_variable_name(&name));
        }
    }
}
