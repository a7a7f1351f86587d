//! Values as plain data: what came out of an evaluation, and what must.

use diag::{Pos, Span};
use eval::error::Eval;
use eval::{ErrorKind, EvalError, Evaluator, Ref, Tag, Val};
use std::collections::BTreeMap;
use std::fmt;

/// How deep values are read.
const MOST_DEPTH: usize = 64;
/// Parts of one value that are read.
const MOST_PARTS: usize = 20_000;
/// Bytes of text of one value that are read: one string may stand in a value many times.
const MOST_TEXT: usize = 4 << 20;
/// Bytes that are kept of a message.
const MOST_MESSAGE: usize = 64 << 10;

/// A value, read to its end.
#[derive(Clone, PartialEq, Debug)]
pub enum Plain {
    /// `null`.
    Null,
    /// A Boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string, without its context.
    Str(String),
    /// A path.
    Path(String),
    /// A list.
    List(Vec<Plain>),
    /// A set.
    Attrs(BTreeMap<String, Plain>),
    /// A function: all are alike.
    Function,
    /// A derivation, by its output path.
    Derivation(String),
    /// What is too deep or too large to be read.
    Cut,
}

/// Why something has no value.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// The message, as Nix words it.
    pub message: String,
    /// Where it was raised and the way there, innermost first.
    pub places: Vec<Pos>,
}

/// What evaluating something gave.
pub type Answer = Result<Plain, Refusal>;

impl Refusal {
    /// Returns a refusal from nowhere.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Refusal {
        Refusal {
            kind,
            message: message.into(),
            places: Vec::new(),
        }
    }

    /// Returns what is kept of an error.
    pub fn of(error: &EvalError) -> Refusal {
        let frames = error.traces.iter().map(|frame| frame.pos);
        Refusal {
            places: std::iter::once(error.pos)
                .chain(frames)
                .filter(|pos| pos.is_some())
                .collect(),
            ..Refusal::new(error.kind, beginning(&error.message, MOST_MESSAGE))
        }
    }

    /// Returns the innermost place on the way to the error that lies in one of these texts.
    pub fn place_in(&self, texts: &[Span]) -> Option<Pos> {
        let inside = |pos: &&Pos| texts.iter().any(|text| text.start <= **pos && **pos < text.end);
        self.places.iter().find(inside).copied()
    }

    /// Whether it was raised in one of these texts, and not in what they call.
    pub fn is_raised_in(&self, texts: &[Span]) -> bool {
        let first = self.places.first();
        first.is_some_and(|pos| texts.iter().any(|text| text.start <= *pos && *pos < text.end))
    }

    /// Whether the module system or an author said no on purpose; else evaluation broke.
    pub fn is_said(&self) -> bool {
        matches!(self.kind, ErrorKind::Thrown | ErrorKind::Assertion | ErrorKind::Abort)
    }
}

impl Plain {
    /// Returns a set of these names and values.
    pub fn attrs<N: Into<String>>(entries: impl IntoIterator<Item = (N, Plain)>) -> Plain {
        Plain::Attrs(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Returns a string.
    pub fn str(text: impl Into<String>) -> Plain {
        Plain::Str(text.into())
    }

    /// Returns the value of a cell, all parts of it evaluated; fails as the first part does that fails, sets in
    /// the order of their names.
    pub fn read(ev: &mut Evaluator, cell: Ref) -> Eval<Plain> {
        let mut left = Left {
            parts: MOST_PARTS,
            text: MOST_TEXT,
        };
        read(ev, cell, 0, &mut left)
    }

    /// Returns the value with the elements of lists, and the characters of strings, in one fixed order: what is
    /// equal then differs in nothing but order.
    pub fn without_order(&self) -> Plain {
        match self {
            Plain::Str(text) => {
                let mut characters: Vec<char> = text.chars().collect();
                characters.sort_unstable();
                Plain::Str(characters.into_iter().collect())
            }
            Plain::List(elements) => {
                let mut sorted: Vec<Plain> = elements.iter().map(Plain::without_order).collect();
                sorted.sort_by_cached_key(ToString::to_string);
                Plain::List(sorted)
            }
            Plain::Attrs(entries) => Plain::Attrs(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.without_order()))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// Whether a part of the value is a property of the module system, such as an `mkForce` that nobody resolved.
    pub fn holds_property(&self) -> bool {
        match self {
            Plain::List(elements) => elements.iter().any(Plain::holds_property),
            Plain::Attrs(entries) => {
                let kind = match entries.get("_type") {
                    Some(Plain::Str(kind)) => kind.as_str(),
                    _ => "",
                };
                ["override", "if", "merge", "order"].contains(&kind) || entries.values().any(Plain::holds_property)
            }
            _ => false,
        }
    }
}

/// How much more of a value may be read.
struct Left {
    parts: usize,
    /// In bytes.
    text: usize,
}

impl Left {
    /// Returns a text if there is room for it.
    fn text(&mut self, bytes: Option<&[u8]>, plain: impl FnOnce(String) -> Plain) -> Plain {
        let length = bytes.map_or(0, <[u8]>::len);
        match self.text.checked_sub(length) {
            Some(left) => {
                self.text = left;
                plain(text(bytes))
            }
            None => Plain::Cut,
        }
    }
}

fn read(ev: &mut Evaluator, cell: Ref, depth: usize, left: &mut Left) -> Eval<Plain> {
    let value = ev.force(cell, Pos::NONE)?;
    left.parts = left.parts.saturating_sub(1);
    if depth > MOST_DEPTH || left.parts == 0 {
        return Ok(Plain::Cut);
    }
    Ok(match value.tag() {
        Tag::Null => Plain::Null,
        Tag::Bool => Plain::Bool(value.as_bool() == Some(true)),
        Tag::Int => Plain::Int(value.as_int().unwrap_or_default()),
        Tag::Float => Plain::Float(value.as_float().unwrap_or_default()),
        Tag::String => left.text(value.as_string(), Plain::Str),
        Tag::Path => left.text(value.as_path(), Plain::Path),
        Tag::List => {
            let mut elements = Vec::new();
            for &element in ev.elements(value) {
                elements.push(read(ev, element, depth + 1, left)?);
                if left.parts == 0 {
                    break;
                }
            }
            Plain::List(elements)
        }
        _ if value.is_attrs() => return attrs(ev, value, depth, left),
        _ => Plain::Function,
    })
}

fn attrs(ev: &mut Evaluator, value: Val, depth: usize, left: &mut Left) -> Eval<Plain> {
    if ev.is_derivation(value)? {
        let name = ev.symbols.intern(b"outPath");
        let path = match ev.mem.attr(value, name) {
            Some(attr) => ev.force(attr.value, attr.pos)?.as_string(),
            None => None,
        };
        return Ok(left.text(path, Plain::Derivation));
    }
    let mut entries = BTreeMap::new();
    for (name, attr) in ev.sorted_entries(value) {
        let read = read(ev, attr.value, depth + 1, left)?;
        entries.insert(ev.symbols.text(name).to_string(), read);
        if left.parts == 0 {
            break;
        }
    }
    Ok(Plain::Attrs(entries))
}

/// Returns the beginning of a text, with an ellipsis if there is more of it.
pub(crate) fn beginning(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

impl fmt::Display for Plain {
    /// Writes the value on one line, as Nix would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Plain::Function => f.write_str("«lambda»"),
            Plain::Cut => f.write_str("…"),
            Plain::Derivation(path) => write!(f, "«derivation {path}»"),
            Plain::List(elements) => {
                f.write_str("[ ")?;
                for element in elements {
                    write!(f, "{element} ")?;
                }
                f.write_str("]")
            }
            Plain::Attrs(entries) => {
                f.write_str("{ ")?;
                for (name, value) in entries {
                    write!(f, "{} = {value}; ", crate::expr::shown(name))?;
                }
                f.write_str("}")
            }
            Plain::Null => f.write_str("null"),
            Plain::Bool(value) => write!(f, "{value}"),
            Plain::Int(value) => write!(f, "{value}"),
            Plain::Float(value) => f.write_str(&crate::Expr::Float(*value).print(0)),
            Plain::Str(text) => f.write_str(&crate::Expr::Str(text.clone()).print(0)),
            Plain::Path(text) => f.write_str(text),
        }
    }
}
