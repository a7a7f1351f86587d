//! Reads the messages of nixpkgs' module system.
//!
//! What they say (which option, which files, which values) is only there as text, worded in
//! `lib/modules.nix` and `lib/options.nix`; the wordings from NixOS 20.03 to 26.11 are known, with
//! both of their ways to quote: `x' and ‘x’.

/// What a message of the module system says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message {
    /// What is wrong.
    pub kind: Kind,
    /// The option's path as shown.
    pub option: String,
    /// The definitions that are named.
    pub definitions: Vec<Definition>,
}

/// A definition as a message names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Definition {
    /// The file, or what the module system says in its place.
    pub file: String,
    /// The value, with its line feeds, if it is shown.
    pub value: Option<String>,
}

/// What is wrong with an option.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Two definitions differ.
    Conflict,
    /// It is defined more than once and must not be.
    NotUnique,
    /// A value is not of its type.
    NotOfType(String),
    /// Nothing declares it; with the options that the message suggests.
    Missing(Vec<String>),
    /// Nothing defines it.
    NoValue,
    /// It is read-only and defined more than once.
    ReadOnly,
    /// Two modules declare it; the files of the other declarations.
    Declared(Vec<String>),
    /// A module mixes `config` or `options` with definitions; the attribute in the wrong place.
    Unsupported(String),
    /// It was removed; what to do instead.
    Removed(String),
}

const OPEN: [char; 2] = ['`', '‘'];

/// Returns what a message of the module system says; `None` for other messages.
pub(super) fn read(text: &str) -> Option<Message> {
    let text = text.trim_start_matches('\n');
    if let Some(rest) = text.strip_prefix("Module ") {
        return unsupported(rest);
    }
    let starts = [
        "The option value ",
        "The unique option ",
        "The option ",
        "A definition for option ",
    ];
    let rest = starts.iter().find_map(|start| text.strip_prefix(start))?;
    let rest = rest.strip_prefix(OPEN)?;
    // The name may hold quotes itself, so it ends where a known wording goes on.
    let (at, tail) = TAILS
        .iter()
        .filter_map(|tail| find_tail(rest, tail.text).map(|at| (at, tail)))
        .min_by_key(|(at, _)| *at)?;
    let option = rest[..at].to_owned();
    let after = &rest[at..];
    let after = after.strip_prefix(['\'', '’']).unwrap_or(after);
    let mut message = Message {
        kind: Kind::NoValue,
        option,
        definitions: definitions(after),
    };
    message.kind = match tail.meaning {
        Meaning::Conflict => Kind::Conflict,
        Meaning::NotUnique => Kind::NotUnique,
        Meaning::NotOfType => Kind::NotOfType(quoted_after(after, "is not of type ").unwrap_or_default()),
        Meaning::Missing => Kind::Missing(suggestions(after)),
        Meaning::NoValue => Kind::NoValue,
        Meaning::ReadOnly => Kind::ReadOnly,
        Meaning::InFile => return in_file(after, message),
        Meaning::Removed => Kind::Removed(
            after
                .split_once("removed.")
                .map_or("", |(_, advice)| advice)
                .trim()
                .to_owned(),
        ),
    };
    if message.definitions.is_empty() {
        message.definitions = old_definitions(after);
    }
    Some(message)
}

#[derive(Clone, Copy)]
enum Meaning {
    Conflict,
    NotUnique,
    NotOfType,
    Missing,
    NoValue,
    ReadOnly,
    InFile,
    Removed,
}

struct Tail {
    text: &'static str,
    meaning: Meaning,
}

/// How messages go on behind the option's name and its closing quote.
const TAILS: [Tail; 12] = [
    Tail {
        text: " has conflicting definition",
        meaning: Meaning::Conflict,
    },
    Tail {
        text: " is defined multiple times",
        meaning: Meaning::NotUnique,
    },
    Tail {
        text: " is not of type ",
        meaning: Meaning::NotOfType,
    },
    Tail {
        text: " does not exist",
        meaning: Meaning::Missing,
    },
    Tail {
        text: " was accessed but has no value",
        meaning: Meaning::NoValue,
    },
    Tail {
        text: " is used but not defined",
        meaning: Meaning::NoValue,
    },
    Tail {
        text: " is read-only, but",
        meaning: Meaning::ReadOnly,
    },
    Tail {
        text: " in `",
        meaning: Meaning::InFile,
    },
    Tail {
        text: " in ‘",
        meaning: Meaning::InFile,
    },
    Tail {
        text: " defined in ",
        meaning: Meaning::InFile,
    },
    Tail {
        text: " can no longer be used since it's been removed.",
        meaning: Meaning::Removed,
    },
    Tail {
        text: " has been removed.",
        meaning: Meaning::Removed,
    },
];

/// Returns where the closing quote stands that a wording follows.
fn find_tail(text: &str, tail: &str) -> Option<usize> {
    let close = |at: &usize| text[..*at].ends_with(['\'', '’']);
    text.match_indices(tail).map(|(at, _)| at).find(close).and_then(|at| {
        let quote = text[..at].chars().next_back()?;
        Some(at - quote.len_utf8())
    })
}

/// `The option `x' in `a' is already declared in `b'.`, and `… in `a' is not of type `t'.` and
/// `… defined in `a' does not exist.` of old releases.
fn in_file(after: &str, mut message: Message) -> Option<Message> {
    let all = quoted(after);
    let file = all.first()?.clone();
    if let Some((_, declared)) = after.split_once(" is already declared in ") {
        message.kind = Kind::Declared(quoted(declared));
    } else if after.contains(" is not of type ") {
        message.kind = Kind::NotOfType(quoted_after(after, "is not of type ").unwrap_or_default());
    } else if after.contains(" does not exist") {
        message.kind = Kind::Missing(suggestions(after));
    } else {
        return None;
    }
    message.definitions = vec![Definition { file, value: None }];
    Some(message)
}

fn unsupported(rest: &str) -> Option<Message> {
    let rest = rest.strip_prefix(OPEN)?;
    let (file, rest) = rest
        .split_once("' has an unsupported attribute `")
        .or_else(|| rest.split_once("’ has an unsupported attribute ‘"))?;
    let end = rest.find("'.").or_else(|| rest.find('’'))?;
    Some(Message {
        kind: Kind::Unsupported(rest[..end].to_owned()),
        option: String::new(),
        definitions: vec![Definition {
            file: file.to_owned(),
            value: None,
        }],
    })
}

/// Returns all quoted texts.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        rest = &rest[at..];
        let inner = rest.trim_start_matches(OPEN);
        let Some(end) = inner.find(['\'', '’']) else { break };
        found.push(inner[..end].to_owned());
        rest = &inner[end..];
    }
    found
}

fn quoted_after(text: &str, start: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    let rest = rest.strip_prefix(OPEN)?;
    // A type's description may hold quotes, so it ends before a full stop or the end.
    let end = ["'.", "’.", "'\n", "’\n"].iter().filter_map(|end| rest.find(end)).min();
    let end = end.or_else(|| rest.rfind(['\'', '’']))?;
    Some(rest[..end].to_owned())
}

/// Returns the options of "Did you mean `a', `b' or `c'?".
fn suggestions(text: &str) -> Vec<String> {
    match text.rsplit_once("Did you mean ") {
        Some((_, names)) => quoted(names.split('\n').next().unwrap_or_default()),
        None => Vec::new(),
    }
}

/// Returns the lines ``- In `file': value``; a value goes on in the lines that are indented.
fn definitions(text: &str) -> Vec<Definition> {
    let mut found: Vec<Definition> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("- In ").and_then(|rest| rest.strip_prefix(OPEN)) {
            let (file, value) = match rest.split_once("':").or_else(|| rest.split_once("’:")) {
                Some((file, value)) => (file, Some(value.trim().to_owned())),
                None => (rest.trim_end().trim_end_matches(['\'', '’']), None),
            };
            found.push(Definition {
                file: file.to_owned(),
                value,
            });
            inside = true;
        } else if inside && let Some(more) = line.strip_prefix("    ") {
            if let Some(value) = found.last_mut().and_then(|d| d.value.as_mut()) {
                if !value.is_empty() {
                    value.push('\n');
                }
                value.push_str(more);
            }
        } else {
            inside = false;
        }
    }
    found
}

/// Returns the files of `…, in `a' and `b'.`, the wording before 20.09.
fn old_definitions(after: &str) -> Vec<Definition> {
    let files = after
        .split_once(", in ")
        .map(|(_, files)| quoted(files))
        .unwrap_or_default();
    files.into_iter().map(|file| Definition { file, value: None }).collect()
}

/// Returns the messages of "Failed assertions:", one each.
pub(super) fn assertions(text: &str) -> Vec<String> {
    let text = text.trim_start_matches('\n');
    let Some(rest) = text
        .strip_prefix("Failed assertions:")
        .or_else(|| text.strip_prefix("Failed assertion:"))
    else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    for line in rest.lines() {
        match (line.strip_prefix("- "), found.last_mut()) {
            (Some(first), _) => found.push(first.to_owned()),
            (None, Some(last)) => {
                last.push('\n');
                last.push_str(line);
            }
            (None, None) if !line.trim().is_empty() => found.push(line.trim().to_owned()),
            (None, None) => {}
        }
    }
    found
        .iter_mut()
        .for_each(|message| message.truncate(message.trim_end().len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn definition(file: &str, value: &str) -> Definition {
        Definition {
            file: file.into(),
            value: (!value.is_empty()).then(|| value.into()),
        }
    }

    #[test]
    fn messages_of_all_releases_are_read() {
        let check = |text: &str, kind: Kind, option: &str, definitions: &[Definition]| {
            let expected = Message {
                kind,
                option: option.into(),
                definitions: definitions.to_vec(),
            };
            assert_eq!(read(text), Some(expected), "{text}");
        };
        let ab = [definition("/a.nix", "1"), definition("/b.nix", "2")];
        check(
            "The option `a.b' has conflicting definition values:\n- In `/a.nix': 1\n- In `/b.nix': 2\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
            Kind::Conflict,
            "a.b",
            &ab,
        );
        check(
            "The option ‘a.b’ has conflicting definition values:\n- In ‘/a.nix’: 1\n- In ‘/b.nix’: 2",
            Kind::Conflict,
            "a.b",
            &ab,
        );
        check(
            "The option `a' has conflicting definitions, in `/a.nix' and `/b.nix'.",
            Kind::Conflict,
            "a",
            &[definition("/a.nix", ""), definition("/b.nix", "")],
        );
        check(
            "The option `a' is defined multiple times while it's expected to be unique.\n\nDefinition values:\n- In `/a.nix': 1\n- In `/b.nix': 2\nUse `lib.mkForce value` …",
            Kind::NotUnique,
            "a",
            &ab,
        );
        check(
            "The unique option `a' is defined multiple times. Definition values:\n- In `/a.nix': 1\n- In `/b.nix': 2",
            Kind::NotUnique,
            "a",
            &ab,
        );
        check(
            "A definition for option `a.b' is not of type `null or string'. Definition values:\n- In `/a.nix':\n    {\n      x = 1;\n    }",
            Kind::NotOfType("null or string".into()),
            "a.b",
            &[definition("/a.nix", "{\n  x = 1;\n}")],
        );
        check(
            "A definition for option `a' is not of type `one of \"x\", \"y's\"'. Definition values:\n- In `/a.nix': \"z\"",
            Kind::NotOfType("one of \"x\", \"y's\"".into()),
            "a",
            &[definition("/a.nix", "\"z\"")],
        );
        check(
            "The option value `a' in `/a.nix' is not of type `boolean'.",
            Kind::NotOfType("boolean".into()),
            "a",
            &[definition("/a.nix", "")],
        );
        check(
            "The option `a.c' does not exist. Definition values:\n- In `/a.nix': true\n\nDid you mean `a.b', `a.d' or `a.e'?",
            Kind::Missing(vec!["a.b".into(), "a.d".into(), "a.e".into()]),
            "a.c",
            &[definition("/a.nix", "true")],
        );
        check(
            "The option `a.c' defined in `/a.nix' does not exist.",
            Kind::Missing(vec![]),
            "a.c",
            &[definition("/a.nix", "")],
        );
        check(
            "The option `a' was accessed but has no value defined. Try setting the option.",
            Kind::NoValue,
            "a",
            &[],
        );
        check("The option `a' is used but not defined.", Kind::NoValue, "a", &[]);
        check(
            "The option `a' is read-only, but it's set multiple times. Definition values:\n- In `/a.nix': 1\n- In `/b.nix': 2",
            Kind::ReadOnly,
            "a",
            &ab,
        );
        check(
            "The option `a' in `/a.nix' is already declared in `/b.nix'.",
            Kind::Declared(vec!["/b.nix".into()]),
            "a",
            &[definition("/a.nix", "")],
        );
        check(
            "Module `/a.nix' has an unsupported attribute `boot'. This is caused by introducing a top-level `config' or `options' attribute. Add …",
            Kind::Unsupported("boot".into()),
            "",
            &[definition("/a.nix", "")],
        );
        check(
            "The option `a' can no longer be used since it's been removed. Use `b'.",
            Kind::Removed("Use `b'.".into()),
            "a",
            &[],
        );
        check(
            "The option `a.it's' was accessed but has no value defined. Try setting the option.",
            Kind::NoValue,
            "a.it's",
            &[],
        );
        assert_eq!(read("undefined variable 'x'"), None);
        assert_eq!(read("The option is gone"), None);
    }

    #[test]
    fn assertions_are_told_apart() {
        assert_eq!(
            assertions("\nFailed assertions:\n- one\n- two\nmore\n\n"),
            ["one", "two\nmore"]
        );
        assert_eq!(assertions("\nFailed assertion: one"), ["one"]);
        assert!(assertions("no").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(
            text in "(The option |A definition for option |Module |`|'|‘|’| in `| does not exist|- In `|\n|    |a|:| is not of type |, in |Did you mean ){0,14}"
        ) {
            read(&text);
            assertions(&text);
        }
    }
}
