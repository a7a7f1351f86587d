//! Attribute paths as they are written: `a."b c".${d}` in a source text, and option paths in messages.
//!
//! The syntax tree knows where a path starts; where each of its names stands is read from the text
//! here. The same reader takes the option paths of messages, which are written in the same way.

use std::ops::Range;

/// One name of a written attribute path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Written {
    /// The name; `None` if it is computed (`${…}` or a string with interpolation).
    pub name: Option<Vec<u8>>,
    /// Its bytes in the text, quotes included.
    pub range: Range<usize>,
}

/// Returns the names of the attribute path that starts at `start`; empty if none does.
pub(super) fn written(text: &[u8], start: usize) -> Vec<Written> {
    let mut names = Vec::new();
    let mut at = start;
    while let Some(name) = one_name(text, at) {
        at = name.range.end;
        names.push(name);
        let dot = skip_space(text, at);
        if text.get(dot) != Some(&b'.') {
            break;
        }
        at = skip_space(text, dot + 1);
    }
    names
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Whether a byte may stand inside an identifier.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\'')
}

fn one_name(text: &[u8], at: usize) -> Option<Written> {
    match *text.get(at)? {
        b'"' => Some(quoted_name(text, at)),
        b'$' if text.get(at + 1) == Some(&b'{') => Some(Written {
            name: None,
            range: at..closing_brace(text, at + 2),
        }),
        byte if byte.is_ascii_alphabetic() || byte == b'_' => {
            let length = text[at..].iter().take_while(|&&b| is_name_byte(b)).count();
            let range = at..at + length;
            Some(Written {
                name: Some(text[range.clone()].to_vec()),
                range,
            })
        }
        _ => None,
    }
}

fn quoted_name(text: &[u8], start: usize) -> Written {
    let mut name = Some(Vec::new());
    let mut at = start + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                return Written {
                    name,
                    range: start..at + 1,
                };
            }
            b'$' if text.get(at + 1) == Some(&b'{') => {
                name = None;
                at = closing_brace(text, at + 2);
                continue;
            }
            b'\\' => {
                at += 1;
                let escaped = match text.get(at) {
                    Some(b'n') => b'\n',
                    Some(b't') => b'\t',
                    Some(b'r') => b'\r',
                    Some(&other) => other,
                    None => break,
                };
                name.iter_mut().for_each(|name| name.push(escaped));
            }
            other => name.iter_mut().for_each(|name| name.push(other)),
        }
        at += 1;
    }
    Written {
        name,
        range: start..text.len(),
    }
}

/// Returns the offset behind the brace that closes an interpolation; strings inside are passed over.
fn closing_brace(text: &[u8], mut at: usize) -> usize {
    let mut open = 1usize;
    let mut string = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if string => at += 1,
            b'"' => string = !string,
            b'{' if !string => open += 1,
            b'}' if !string => {
                open -= 1;
                if open == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// One name of an option's path, as it is looked for in a source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// This name.
    Name(Vec<u8>),
    /// Any name: `<name>` or `*` in the path of a declaration.
    Any,
    /// This element of a list, counted from zero: `[definition 1-entry 3]`.
    Element(usize),
}

impl Step {
    /// Whether a binding of this name is meant.
    pub fn is(&self, name: &[u8]) -> bool {
        match self {
            Step::Name(own) => own == name,
            Step::Any => true,
            Step::Element(_) => false,
        }
    }
}

/// Returns the steps of an option's path as messages show it.
pub(super) fn option_steps(path: &str) -> Vec<Step> {
    let text = path.as_bytes();
    let mut steps = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (step, end) = match one_name(text, at) {
            Some(Written {
                name: Some(name),
                range,
            }) => (named_step(name), range.end),
            _ => {
                let end = text[at..]
                    .iter()
                    .position(|&b| b == b'.')
                    .map_or(text.len(), |n| at + n);
                (named_step(text[at..end].to_vec()), end)
            }
        };
        steps.push(step);
        at = end + 1;
    }
    steps
}

fn named_step(name: Vec<u8>) -> Step {
    let wild = name == b"*" || (name.first() == Some(&b'<') && name.last() == Some(&b'>'));
    if wild {
        return Step::Any;
    }
    match element(&name) {
        Some(index) => Step::Element(index),
        None => Step::Name(name),
    }
}

/// Reads `[definition 1-entry 3]`, the module system's name of an element of a list.
fn element(name: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(name).ok()?;
    let (_, entry) = text
        .strip_prefix("[definition ")?
        .strip_suffix(']')?
        .split_once("-entry ")?;
    entry.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_paths_have_their_names_and_ranges() {
        let check = |text: &str, expected: &[(Option<&str>, &str)]| {
            let names: Vec<(Option<String>, &str)> = written(text.as_bytes(), 0)
                .into_iter()
                .map(|w| (w.name.map(|n| String::from_utf8(n).unwrap()), &text[w.range]))
                .collect();
            let expected: Vec<(Option<String>, &str)> = expected
                .iter()
                .map(|(name, range)| (name.map(str::to_owned), *range))
                .collect();
            assert_eq!(names, expected, "{text}");
        };
        check("a = 1;", &[(Some("a"), "a")]);
        check(
            "a.b-c' . d =",
            &[(Some("a"), "a"), (Some("b-c'"), "b-c'"), (Some("d"), "d")],
        );
        check(r#""a\"b".c"#, &[(Some("a\"b"), r#""a\"b""#), (Some("c"), "c")]);
        check(
            r#"${f { x = "}"; }}.c"#,
            &[(None, r#"${f { x = "}"; }}"#), (Some("c"), "c")],
        );
        check(r#""x${y}z".c"#, &[(None, r#""x${y}z""#), (Some("c"), "c")]);
        check("= 1", &[]);
        check(r#""open"#, &[(Some("open"), r#""open"#)]);
    }

    #[test]
    fn option_paths_have_their_steps() {
        let name = |text: &str| Step::Name(text.as_bytes().to_vec());
        for (path, steps) in [
            ("a.b", vec![name("a"), name("b")]),
            (
                r#"fileSystems."/".device"#,
                vec![name("fileSystems"), name("/"), name("device")],
            ),
            ("users.<name>.uid", vec![name("users"), Step::Any, name("uid")]),
            ("a.*.b", vec![name("a"), Step::Any, name("b")]),
            (
                r#"a."[definition 1-entry 3]".b"#,
                vec![name("a"), Step::Element(2), name("b")],
            ),
            ("a.1st", vec![name("a"), name("1st")]),
            ("", vec![]),
        ] {
            assert_eq!(option_steps(path), steps, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[a-z.\"${}\\\\ <>*é]{0,40}", start in 0usize..50) {
            for name in written(text.as_bytes(), start) {
                prop_assert!(name.range.start < name.range.end && name.range.end <= text.len());
            }
            option_steps(&text);
        }
    }
}
