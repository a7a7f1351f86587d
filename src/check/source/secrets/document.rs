//! Documents of values, each with the place where it stands: YAML, JSON, dotenv and INI.
//!
//! All forms become the same: a list of leaves, each with its path of keys. sops writes lists and maps in the flat forms
//! as `age__list_0__map_recipient`; here that is `age`, `0`, `recipient`.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deepest nesting of a document.
const MOST_DEPTH: usize = 128;
/// Most leaves of a document, with those that aliases repeat.
const MOST_LEAVES: usize = 100_000;

/// The forms of files that sops knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Yaml,
    Json,
    Dotenv,
    Ini,
    /// Anything else: sops then writes JSON with the encrypted bytes in `data`.
    Binary,
}

impl Form {
    /// Returns the form of a file, which its name's ending says, as sops takes it.
    pub fn of(path: &[u8]) -> Form {
        let ends = |end: &str| path.ends_with(end.as_bytes());
        if ends(".yaml") || ends(".yml") {
            Form::Yaml
        } else if ends(".json") {
            Form::Json
        } else if ends(".env") {
            Form::Dotenv
        } else if ends(".ini") {
            Form::Ini
        } else {
            Form::Binary
        }
    }

    /// Returns the form's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Form::Yaml => "YAML",
            Form::Json | Form::Binary => "JSON",
            Form::Dotenv => "dotenv",
            Form::Ini => "INI",
        }
    }
}

/// A value that is neither a list nor a map, or an empty one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leaf {
    /// The keys that lead to it; items of lists by their number.
    pub path: Vec<String>,
    /// The bytes of its key; of the value itself for an item of a list.
    pub key: Range<usize>,
    /// The bytes of its value.
    pub value: Range<usize>,
    /// The value.
    pub text: String,
    /// Whether it holds nothing: null, an empty text, list or map.
    pub empty: bool,
    /// The name of the anchor, if the value is an alias of it.
    pub alias: Option<String>,
}

impl Leaf {
    /// Returns the path as sops-nix writes it.
    pub fn shown(&self) -> String {
        self.path.join("/")
    }
}

/// A document.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Document {
    /// All leaves, in order.
    pub leaves: Vec<Leaf>,
    /// The keys at the top with the places of their names.
    pub top: Vec<(String, Range<usize>)>,
    /// Keys that are there twice in a map.
    pub twice: Vec<(String, Range<usize>)>,
    /// Anchors and the texts that they name.
    pub anchors: Vec<(String, String)>,
}

/// Why a text is no document, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Broken {
    pub at: usize,
    pub why: String,
}

impl Document {
    /// Reads a text of this form.
    pub fn read(form: Form, bytes: &[u8]) -> Result<Document, Broken> {
        let text = std::str::from_utf8(bytes).map_err(|error| Broken {
            at: error.valid_up_to(),
            why: "it is not UTF-8".into(),
        })?;
        match form {
            Form::Yaml | Form::Json | Form::Binary => yaml(text),
            Form::Dotenv => Ok(super::flat::dotenv(text)),
            Form::Ini => Ok(super::flat::ini(text)),
        }
    }

    /// Returns the leaf of this path.
    pub fn get(&self, path: &[&str]) -> Option<&Leaf> {
        self.leaves
            .iter()
            .find(|leaf| leaf.path.iter().map(String::as_str).eq(path.iter().copied()))
    }

    /// Returns where the name of a key at the top stands.
    pub fn key(&self, name: &str) -> Option<Range<usize>> {
        self.top
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, range)| range.clone())
    }
}

enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
    Alias(Option<usize>),
}

struct Node {
    range: Range<usize>,
    kind: Kind,
}

/// Turns the characters that the parser counts into bytes.
struct Offsets {
    /// The byte of each character; empty where they are the same.
    bytes: Vec<usize>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Offsets {
        Offsets {
            bytes: if text.is_ascii() {
                Vec::new()
            } else {
                text.char_indices().map(|(at, _)| at).collect()
            },
            length: text.len(),
        }
    }

    fn of(&self, character: usize) -> usize {
        if self.bytes.is_empty() {
            character.min(self.length)
        } else {
            self.bytes.get(character).copied().unwrap_or(self.length)
        }
    }
}

/// Reads YAML, of which JSON is a part. Only the first document of several counts, as with sops.
fn yaml(text: &str) -> Result<Document, Broken> {
    let offsets = Offsets::new(text);
    let mut nodes: Vec<Node> = Vec::new();
    let mut anchors: HashMap<usize, usize> = HashMap::new();
    // Lists and maps that are open: the node, and the key of a map that waits for its value.
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    let mut root = None;
    let mut names = Vec::new();
    let mut documents = 0;
    let mut events = 0usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Broken {
            at: offsets.of(error.marker().index()),
            why: error.info().to_owned(),
        })?;
        let mut range = offsets.of(span.start.index())..offsets.of(span.end.index());
        events += 1;
        let too_much = open.len() > MOST_DEPTH || events > 4 * MOST_LEAVES;
        if too_much {
            return Err(Broken {
                at: range.start,
                why: "it is nested too deeply, or holds too much".into(),
            });
        }
        let (kind, anchor) = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((node, _)) = open.pop() {
                    nodes[node].range.end = range.end;
                }
                continue;
            }
            Event::Scalar(value, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                if let Some(name) = past_properties(text, &mut range).filter(|_| anchor > 0) {
                    names.push((name.to_owned(), value.clone().into_owned()));
                }
                let kind = Kind::Scalar {
                    text: value.into_owned(),
                    plain,
                };
                (kind, anchor)
            }
            Event::SequenceStart(anchor, _) => (Kind::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => (Kind::Map(Vec::new()), anchor),
            Event::Alias(anchor) => (Kind::Alias(anchors.get(&anchor).copied()), 0),
            _ => continue,
        };
        let node = nodes.len();
        if anchor > 0 {
            anchors.insert(anchor, node);
        }
        let opens = matches!(kind, Kind::List(_) | Kind::Map(_));
        nodes.push(Node { range, kind });
        match open.last_mut() {
            None if documents <= 1 => root = root.or(Some(node)),
            None => {}
            Some((parent, key)) => match &mut nodes[*parent].kind {
                Kind::List(items) => items.push(node),
                Kind::Map(entries) => match key.take() {
                    None => *key = Some(node),
                    Some(key) => entries.push((key, node)),
                },
                Kind::Scalar { .. } | Kind::Alias(_) => {}
            },
        }
        if opens {
            open.push((node, None));
        }
    }
    let mut document = Document::default();
    let tree = Flattener { text, nodes: &nodes };
    if let Some(root) = root {
        tree.flatten(root, &mut document)?;
    }
    document.anchors = names;
    Ok(document)
}

/// Moves a range past the anchor and the tag of a value, and returns the anchor's name.
fn past_properties<'t>(text: &'t str, range: &mut Range<usize>) -> Option<&'t str> {
    let mut name = None;
    loop {
        let rest = text.get(range.clone())?;
        if !rest.starts_with(['&', '!']) {
            return name;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        name = rest[..end].strip_prefix('&').or(name);
        let space = rest[end..].len() - rest[end..].trim_start().len();
        range.start += end + space;
    }
}

struct Flattener<'t> {
    text: &'t str,
    nodes: &'t [Node],
}

/// A node that waits to be flattened.
struct Waiting {
    node: usize,
    path: Vec<String>,
    key: Option<Range<usize>>,
    /// The alias that leads to it: its place and name count, whatever it stands for.
    alias: Option<(Range<usize>, String)>,
    depth: usize,
}

impl Flattener<'_> {
    fn flatten(&self, root: usize, document: &mut Document) -> Result<(), Broken> {
        let mut waiting = vec![Waiting {
            node: root,
            path: Vec::new(),
            key: None,
            alias: None,
            depth: 0,
        }];
        while let Some(one) = waiting.pop() {
            let node = &self.nodes[one.node];
            let range = one
                .alias
                .as_ref()
                .map_or_else(|| node.range.clone(), |(range, _)| range.clone());
            if one.depth > MOST_DEPTH || document.leaves.len() > MOST_LEAVES || waiting.len() > MOST_LEAVES {
                return Err(Broken {
                    at: range.start,
                    why: "it holds too much, or repeats itself".into(),
                });
            }
            let leaf = |text: &str, empty: bool| Leaf {
                path: one.path.clone(),
                key: one.key.clone().unwrap_or_else(|| range.clone()),
                value: range.clone(),
                text: text.to_owned(),
                empty,
                alias: one.alias.as_ref().map(|(_, name)| name.clone()),
            };
            match &node.kind {
                Kind::Scalar { text, plain } => {
                    let nothing = text.is_empty() || *plain && matches!(text.as_str(), "~" | "null" | "Null" | "NULL");
                    document.leaves.push(leaf(text, nothing));
                }
                Kind::Alias(None) => document.leaves.push(leaf("", true)),
                Kind::Alias(Some(target)) => {
                    let name = self.text.get(node.range.clone()).unwrap_or_default();
                    let name = name.trim_start_matches('*').trim().to_owned();
                    waiting.push(Waiting {
                        node: *target,
                        alias: Some((range, name)),
                        depth: one.depth + 1,
                        ..one
                    });
                }
                Kind::List(items) if items.is_empty() => document.leaves.push(leaf("", true)),
                Kind::Map(entries) if entries.is_empty() => document.leaves.push(leaf("", true)),
                Kind::List(items) => {
                    for (number, item) in items.iter().enumerate().rev() {
                        let mut path = one.path.clone();
                        path.push(number.to_string());
                        waiting.push(Waiting {
                            node: *item,
                            path,
                            key: None,
                            alias: one.alias.clone(),
                            depth: one.depth + 1,
                        });
                    }
                }
                Kind::Map(entries) => {
                    let mut seen = HashMap::new();
                    let mut inner = Vec::new();
                    for (key, value) in entries {
                        let range = self.nodes[*key].range.clone();
                        let Kind::Scalar { text, .. } = &self.nodes[*key].kind else {
                            continue;
                        };
                        if seen.insert(text.as_str(), ()).is_some() && one.alias.is_none() {
                            document.twice.push((text.clone(), range.clone()));
                        }
                        if one.path.is_empty() {
                            document.top.push((text.clone(), range.clone()));
                        }
                        let mut path = one.path.clone();
                        path.push(text.clone());
                        inner.push(Waiting {
                            node: *value,
                            path,
                            key: Some(range),
                            alias: one.alias.clone(),
                            depth: one.depth + 1,
                        });
                    }
                    waiting.extend(inner.into_iter().rev());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(form: Form, text: &str, expected: &[(&str, &str, &str)]) {
        let document = Document::read(form, text.as_bytes()).unwrap();
        let found: Vec<_> = document
            .leaves
            .iter()
            .map(|leaf| (leaf.shown(), &text[leaf.key.clone()], leaf.text.as_str()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(path, key, value)| (path.to_string(), *key, *value))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn leaves_have_paths_and_places() {
        check(
            Form::Yaml,
            "a:\n    b: x\n    é: \"y\"\nc:\n  - 1\n  - null\nd: {}\n",
            &[
                ("a/b", "b", "x"),
                ("a/é", "é", "y"),
                ("c/0", "1", "1"),
                ("c/1", "null", "null"),
                ("d", "d", ""),
            ],
        );
        check(
            Form::Json,
            "{\n\t\"a\": [\n\t\t\"x\"\n\t],\n\t\"b\": {\"c\": true}\n}\n",
            &[("a/0", "\"x\"", "x"), ("b/c", "\"c\"", "true")],
        );
        check(
            Form::Yaml,
            "k: &x-y one\nl:\n  - *x-y\n",
            &[("k", "k", "one"), ("l/0", "*x-y", "one")],
        );
    }

    #[test]
    fn aliases_keep_their_place_and_name() {
        let text = "keys:\n  - &admin-1 age1a\n  - &all [*admin-1, age1b]\nuse: *all\n";
        let document = Document::read(Form::Yaml, text.as_bytes()).unwrap();
        let last: Vec<_> = document.leaves.iter().filter(|leaf| leaf.path[0] == "use").collect();
        assert_eq!(last.len(), 2);
        assert_eq!((last[0].text.as_str(), &text[last[0].value.clone()]), ("age1a", "*all"));
        assert_eq!(document.anchors, [("admin-1".to_owned(), "age1a".to_owned())]);
    }

    #[test]
    fn what_is_no_document_is_told_with_its_place() {
        let broken = |text: &str| Document::read(Form::Yaml, text.as_bytes()).unwrap_err();
        assert_eq!(broken("a: [1,\nb: 2\n").at, 7);
        assert_eq!(Document::read(Form::Yaml, b"a: \xff").unwrap_err().at, 3);
        broken(&"[".repeat(100_000));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..30 {
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(9)));
        }
        broken(&bomb);
        assert_eq!(Document::read(Form::Yaml, b"a: 1\na: 2\n").unwrap().twice.len(), 1);
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "[a-c\\-:\\[\\]{}&*! \n\t#'\"é|>_=%@]{0,60}") {
            for form in [Form::Yaml, Form::Json, Form::Dotenv, Form::Ini, Form::Binary] {
                for bytes in [&bytes, text.as_bytes()] {
                    if let Ok(document) = Document::read(form, bytes) {
                        for leaf in &document.leaves {
                            prop_assert!(bytes.get(leaf.key.clone()).is_some() && bytes.get(leaf.value.clone()).is_some());
                        }
                    }
                }
            }
        }
    }
}
