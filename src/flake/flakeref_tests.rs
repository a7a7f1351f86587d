//! References against tables that Nix 2.34.8 answered.

use crate::attrs::{Attr, Attrs};
use crate::flakeref::{FlakeRef, Reading};

/// One line each: a reference, a tab, what `builtins.parseFlakeRef` returns as JSON or the error.
const PARSE: &str = include_str!("testdata/parse-flake-ref.txt");

/// One line each: attributes as JSON, a tab, what `builtins.flakeRefToString` returns or the error.
const PRINT: &str = include_str!("testdata/flake-ref-to-string.txt");

fn attrs_of(json: &str) -> Attrs {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let attr = |value: &serde_json::Value| match value {
        serde_json::Value::Bool(truth) => Attr::Bool(*truth),
        serde_json::Value::Number(number) => Attr::Int(number.as_u64().unwrap()),
        serde_json::Value::String(text) => Attr::Str(text.clone()),
        other => panic!("{other}"),
    };
    json.as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), attr(value)))
        .collect()
}

#[test]
fn references_parse_as_in_nix() {
    let mut wrong = String::new();
    for line in PARSE.lines() {
        let (text, expected) = line.split_once('\t').unwrap();
        let found = match FlakeRef::parse(text, Reading::ABSOLUTE) {
            Ok(reference) => reference.to_attrs().to_json().to_string(),
            Err(error) => format!("error: {error}"),
        };
        if found != expected {
            wrong.push_str(&format!("{text}\n  nix  {expected}\n  ours {found}\n"));
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn references_print_as_in_nix() {
    let mut wrong = String::new();
    for line in PRINT.lines() {
        let (attrs, expected) = line.split_once('\t').unwrap();
        let found = match FlakeRef::from_attrs(attrs_of(attrs)).and_then(|reference| reference.to_url_string()) {
            Ok(text) => format!("{text:?}"),
            Err(error) => format!("error: {error}"),
        };
        if found != expected {
            wrong.push_str(&format!("{attrs}\n  nix  {expected}\n  ours {found}\n"));
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn what_was_printed_parses_to_the_same() {
    for line in PARSE.lines() {
        let (text, expected) = line.split_once('\t').unwrap();
        if expected.starts_with("error") {
            continue;
        }
        let reference = FlakeRef::parse(text, Reading::ABSOLUTE).unwrap();
        let Ok(printed) = reference.to_url_string() else {
            continue;
        };
        let again = FlakeRef::parse(&printed, Reading::of_input(true));
        if let Ok(again) = again {
            assert_eq!(again.to_url_string().unwrap(), printed, "{text}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,32}") {
        let _ = FlakeRef::parse_with_fragment(&text, Reading::ABSOLUTE);
        let _ = FlakeRef::parse_with_fragment(&text, Reading::of_input(false));
    }

    #[test]
    fn texts_like_references_print_what_parses(
        text in "(github:|git\\+https://|path:|flake:|tarball\\+https://|)[a-z0-9/?&=#%@:.+~ -]{0,24}"
    ) {
        if let Ok((reference, _)) = FlakeRef::parse_with_fragment(&text, Reading::of_input(true)) {
            let _ = reference.to_url_string();
            let attrs = reference.to_attrs();
            let again = FlakeRef::from_attrs(attrs.clone()).unwrap();
            proptest::prop_assert_eq!(again.to_attrs(), attrs);
        }
    }
}
