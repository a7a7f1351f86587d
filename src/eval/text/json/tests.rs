//! What JSON texts are read as. The messages were taken from Nix 2.34.8.

use super::*;
use proptest::prelude::*;

/// The events of a text, written one after the other, or the error.
fn read(text: &str) -> String {
    let mut out = String::new();
    for event in Reader::new(text.as_bytes()) {
        match event {
            Ok(Event::Null) => out.push_str("null "),
            Ok(Event::Bool(value)) => out.push_str(&format!("{value} ")),
            Ok(Event::Integer(value)) => out.push_str(&format!("{value} ")),
            Ok(Event::Float(value)) => out.push_str(&format!("{value:?} ")),
            Ok(Event::String(value)) => out.push_str(&format!("{value:?} ")),
            Ok(Event::Key(value)) => out.push_str(&format!("{value}=")),
            Ok(Event::ListStart) => out.push_str("[ "),
            Ok(Event::ListEnd) => out.push_str("] "),
            Ok(Event::ObjectStart) => out.push_str("{ "),
            Ok(Event::ObjectEnd) => out.push_str("} "),
            Err(error) => return error.to_string(),
        }
    }
    out.trim_end().to_owned()
}

#[test]
fn reads_values() {
    for (text, events) in [
        ("null", "null"),
        (" true ", "true"),
        ("[]", "[ ]"),
        ("{}", "{ }"),
        ("[1, [2], {\"a\": {\"b\": false}}]", "[ 1 [ 2 ] { a={ b=false } } ]"),
        ("{\"a\":1,\"a\":2}", "{ a=1 a=2 }"),
        ("-0", "0"),
        ("0", "0"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-9223372036854775809", "-9.223372036854776e18"),
        ("18446744073709551616", "1.8446744073709552e19"),
        ("1.5e3", "1500.0"),
        ("1E-2", "0.01"),
        ("1e-999", "0.0"),
        (
            r#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#,
            r#""a\"\\/\u{8}\u{c}\n\r\téé😀""#,
        ),
        ("\u{feff}1", "1"),
    ] {
        assert_eq!(read(text), events, "{text}");
    }
}

#[test]
fn refuses() {
    for (text, message) in [
        (
            "",
            "1, column 1: attempting to parse an empty input; check that your input string or stream contains the \
             expected JSON",
        ),
        (
            " ",
            "1, column 2: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal",
        ),
        (
            "[",
            "1, column 2: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal",
        ),
        (
            "[1",
            "1, column 3: syntax error while parsing array - unexpected end of input; expected ']'",
        ),
        (
            "[1,]",
            "1, column 4: syntax error while parsing value - unexpected ']'; expected '[', '{', or a literal",
        ),
        (
            "[1 2]",
            "1, column 4: syntax error while parsing array - unexpected number literal; expected ']'",
        ),
        (
            "[1 2\n]",
            "1, column 0: syntax error while parsing array - unexpected number literal; expected ']'",
        ),
        (
            "1 2",
            "1, column 3: syntax error while parsing value - unexpected number literal; expected end of input",
        ),
        (
            "{1}",
            "1, column 2: syntax error while parsing object key - unexpected number literal; expected string literal",
        ),
        (
            "{\"a\"}",
            "1, column 5: syntax error while parsing object separator - unexpected '}'; expected ':'",
        ),
        (
            "{\"a\":1,}",
            "1, column 8: syntax error while parsing object key - unexpected '}'; expected string literal",
        ),
        (
            "{\"a\":1 \"b\"",
            "1, column 10: syntax error while parsing object - unexpected string literal; expected '}'",
        ),
        (
            "nul",
            "1, column 4: syntax error while parsing value - invalid literal; last read: 'nul'",
        ),
        (
            "[1,\n x]",
            "2, column 2: syntax error while parsing value - invalid literal; last read: '1,<U+000A> x'",
        ),
        (
            "-",
            "1, column 2: syntax error while parsing value - invalid number; expected digit after '-'; last read: '-'",
        ),
        (
            "1.x",
            "1, column 3: syntax error while parsing value - invalid number; expected digit after '.'; last read: '1.x'",
        ),
        (
            "1e",
            "1, column 3: syntax error while parsing value - invalid number; expected '+', '-', or digit after exponent; \
             last read: '1e'",
        ),
        (
            "1e+",
            "1, column 4: syntax error while parsing value - invalid number; expected digit after exponent sign; last \
             read: '1e+'",
        ),
        (
            "\"a",
            "1, column 3: syntax error while parsing value - invalid string: missing closing quote; last read: '\"a'",
        ),
        (
            "\"\\x\"",
            "1, column 3: syntax error while parsing value - invalid string: forbidden character after backslash; last \
             read: '\"\\x'",
        ),
        (
            "\"\\ud800\"",
            "1, column 8: syntax error while parsing value - invalid string: surrogate U+D800..U+DBFF must be followed \
             by U+DC00..U+DFFF; last read: '\"\\ud800\"'",
        ),
        (
            "\"\n\"",
            "2, column 0: syntax error while parsing value - invalid string: control character U+000A (LF) must be \
             escaped to \\u000A or \\n; last read: '\"<U+000A>'",
        ),
    ] {
        assert_eq!(
            read(text),
            format!("[json.exception.parse_error.101] parse error at line {message}"),
            "{text:?}"
        );
    }
}

#[test]
fn refuses_what_nix_cannot_hold() {
    assert_eq!(
        read("[18446744073709551615]"),
        "unsigned json number 18446744073709551615 outside of Nix integer range"
    );
    assert_eq!(
        read("1e999"),
        "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    );
    let message = "input string 'a␀b' cannot be represented as Nix string because it contains null bytes";
    assert_eq!(read(r#""a\u0000b""#), message);
    assert_eq!(read(r#"{"a\u0000b":"#), message);
}

#[test]
fn deep_documents_are_read() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    assert_eq!(Reader::new(deep.as_bytes()).filter(Result::is_ok).count(), 2_000_000);
}

proptest! {
    #[test]
    fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assert!(Reader::new(&text).count() <= text.len() + 1);
    }

    #[test]
    fn never_panics_on_near_json(text in "[\\[\\]{},:\"0-9eE+.tfn \n\\\\u-]{0,20}") {
        prop_assert!(Reader::new(text.as_bytes()).count() <= text.len() + 1);
    }

    #[test]
    fn floats_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        if value.is_finite() {
            let text = crate::text::number::json(value);
            prop_assert_eq!(Reader::new(text.as_bytes()).next(), Some(Ok(Event::Float(value))));
        }
    }
}
