//! Reads HTML as a browser does, for the tests of the forms that are HTML or become it.

use std::collections::BTreeSet;

use html5gum::{Token, Tokenizer};

/// Elements without an end.
const VOID: [&str; 7] = ["br", "hr", "img", "meta", "input", "link", "wbr"];

/// Returns the names and values of all attributes.
pub(crate) fn attributes(html: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        if let Token::StartTag(tag) = token {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            all.extend(tag.attributes.iter().map(|(name, value)| (text(name), text(value))));
        }
    }
    all
}

/// Returns the pieces of text that stand outside of an element, as a reader of the page finds them.
pub(crate) fn texts_outside(html: &str, element: &str) -> Vec<String> {
    let mut depth = 0;
    let mut texts = Vec::new();
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == element.as_bytes() => depth += 1,
            Token::EndTag(tag) if tag.name.as_slice() == element.as_bytes() => depth -= 1,
            Token::String(text) if depth == 0 => texts.push(String::from_utf8_lossy(&text).into_owned()),
            _ => {}
        }
    }
    texts
}

/// Returns the names of all elements, or nothing if one is not closed where it should be.
pub(crate) fn tags(html: &str) -> Option<BTreeSet<String>> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                seen.insert(name.clone());
                if !tag.self_closing && !VOID.contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                if open.pop()? != name {
                    return None;
                }
            }
            _ => {}
        }
    }
    open.is_empty().then_some(seen)
}
