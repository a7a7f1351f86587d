//! Values as a person reads them: in Nix's own syntax, cut to size, without secrets.

use crate::definition::{Order, Priority};
use crate::option_path::shown;
use crate::system::{attempt, attr, maybe, text};
use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Ref, Tag, Val};
use report::Secrets;
use report::redact::{MASK, secret_like};

/// How deep sets and lists are shown.
const MOST_DEPTH: usize = 8;
/// Most bytes of a value that are shown.
const MOST_BYTES: usize = 16 << 10;
/// Most bytes of one string that are shown.
const MOST_STRING: usize = 2 << 10;
/// Columns within which a set or list stands on one line.
const ONE_LINE: usize = 72;
/// What stands for all that is left out.
const LEFT_OUT: &str = "…";

/// Returns a value as text; `name` is that of the option or attribute whose value it is. Parts are
/// evaluated for it, and one that fails is told in its place.
pub fn printed(ev: &mut Evaluator, cell: Ref, name: &str, secrets: &Secrets) -> Eval<String> {
    let mut printer = Printer {
        secrets,
        left: MOST_BYTES,
    };
    let node = printer.node(ev, cell, name, 0)?;
    let mut out = String::new();
    node.write(&mut out, 0);
    Ok(out)
}

struct Printer<'s> {
    secrets: &'s Secrets,
    /// Bytes that may still be shown.
    left: usize,
}

/// A value that is ready to be laid out.
enum Node {
    Word(String),
    /// An opening bracket, what stands inside, and the closing one.
    Group(&'static str, Vec<(String, Node)>, &'static str),
    /// A property, such as `mkDefault`, and the value that has it.
    Property(String, Box<Node>),
}

impl Printer<'_> {
    fn word(&mut self, text: String) -> Node {
        self.left = self.left.saturating_sub(text.len());
        Node::Word(text)
    }

    fn node(&mut self, ev: &mut Evaluator, cell: Ref, name: &str, depth: usize) -> Eval<Node> {
        if self.left == 0 {
            return Ok(Node::Word(LEFT_OUT.into()));
        }
        let value = match attempt(ev, |ev| ev.force(cell, Pos::NONE))? {
            Ok(value) => value,
            Err(error) => {
                let message = self.secrets.text(&error.message);
                let line = message.trim().lines().next().unwrap_or_default();
                return Ok(self.word(format!("«error: {line}»")));
            }
        };
        let is_secret = secret_like(name) && matches!(value.tag(), Tag::String | Tag::Int | Tag::Float | Tag::Path);
        if is_secret && value.as_string() != Some(b"") {
            return Ok(self.word(MASK.into()));
        }
        match value.tag() {
            Tag::String => {
                let shown = string(&self.secrets.text(&text(value).unwrap_or_default()));
                Ok(self.word(shown))
            }
            Tag::List if depth < MOST_DEPTH => {
                let mut parts = Vec::new();
                for &element in ev.elements(value) {
                    if self.left == 0 {
                        parts.push((String::new(), Node::Word(LEFT_OUT.into())));
                        break;
                    }
                    parts.push((String::new(), self.node(ev, element, name, depth + 1)?));
                }
                Ok(Node::Group("[", parts, "]"))
            }
            Tag::Attrs | Tag::Layered => self.set(ev, value, name, depth),
            Tag::Lambda | Tag::Builtin | Tag::Partial => Ok(self.word("«function»".into())),
            Tag::List => Ok(self.word(format!("[ {LEFT_OUT} ]"))),
            _ => {
                let shown = String::from_utf8_lossy(&ev.show(value)).into_owned();
                Ok(self.word(shown))
            }
        }
    }

    /// Returns what a set with a `_type` is, if it is one of the module system's.
    fn tagged(&mut self, ev: &mut Evaluator, value: Val, name: &str, depth: usize) -> Eval<Option<Node>> {
        let kind = maybe(ev, value, &["_type"])?.and_then(text);
        let number = |ev: &mut Evaluator| Ok(maybe(ev, value, &["priority"])?.and_then(Val::as_int).unwrap_or(0));
        let word = match kind.as_deref() {
            Some("option-type") => {
                let name = maybe(ev, value, &["description"])?.and_then(text).unwrap_or_default();
                return Ok(Some(self.word(format!("«type {name}»"))));
            }
            Some("literalExpression" | "literalMD") => {
                let said = maybe(ev, value, &["text"])?.and_then(text).unwrap_or_default();
                return Ok(Some(self.word(self.secrets.text(&said).into_owned())));
            }
            Some("override") => Priority(number(ev)?).word(),
            Some("order") => Order(number(ev)?).word().unwrap_or_default(),
            Some("if") => "mkIf «condition»".into(),
            Some("merge") => "mkMerge".into(),
            _ => return Ok(None),
        };
        let inside = if word == "mkMerge" { "contents" } else { "content" };
        Ok(match attr(ev, value, inside) {
            Some(inside) if depth < MOST_DEPTH => {
                let node = self.node(ev, inside.value, name, depth + 1)?;
                Some(Node::Property(word, Box::new(node)))
            }
            _ => None,
        })
    }

    fn set(&mut self, ev: &mut Evaluator, value: Val, name: &str, depth: usize) -> Eval<Node> {
        let kind = maybe(ev, value, &["type"])?.and_then(Val::as_string);
        if kind == Some(b"derivation") {
            let name = maybe(ev, value, &["name"])?.and_then(text).unwrap_or_default();
            return Ok(self.word(format!("«derivation {name}»")));
        }
        if let Some(node) = self.tagged(ev, value, name, depth)? {
            return Ok(node);
        }
        // A set that is one thing as text, such as a package set's member or a flake, is shown as that.
        if let Some(path) = maybe(ev, value, &["outPath"])?.and_then(text) {
            return Ok(self.word(format!("«{path}»")));
        }
        if depth >= MOST_DEPTH {
            return Ok(self.word(format!("{{ {LEFT_OUT} }}")));
        }
        let mut parts = Vec::new();
        for (symbol, found) in ev.sorted_entries(value) {
            if self.left == 0 {
                parts.push((String::new(), Node::Word(LEFT_OUT.into())));
                break;
            }
            let name = ev.symbols.text(symbol).into_owned();
            let node = self.node(ev, found.value, &name, depth + 1)?;
            self.left = self.left.saturating_sub(name.len());
            parts.push((format!("{} = ", shown(&[name])), node));
        }
        Ok(Node::Group("{", parts, "}"))
    }
}

impl Node {
    /// Returns how wide it is on one line.
    fn width(&self) -> usize {
        match self {
            Node::Word(text) if text.contains('\n') => usize::MAX / 4,
            Node::Word(text) => text.chars().count(),
            Node::Group(_, parts, _) => {
                let inner = parts
                    .iter()
                    .map(|(name, node)| name.chars().count() + node.width().min(ONE_LINE * 2) + 2);
                4 + inner.sum::<usize>()
            }
            Node::Property(word, node) => word.chars().count() + 1 + node.width(),
        }
    }

    fn write(&self, out: &mut String, indent: usize) {
        let (open, parts, close) = match self {
            Node::Word(text) => return out.push_str(text),
            Node::Property(word, node) => {
                out.push_str(word);
                out.push(' ');
                return node.write(out, indent);
            }
            Node::Group(open, parts, close) => (open, parts, close),
        };
        out.push_str(open);
        let lines = indent + self.width() > ONE_LINE;
        for (name, node) in parts {
            if lines {
                out.push('\n');
                out.push_str(&" ".repeat(indent + 2));
            } else {
                out.push(' ');
            }
            out.push_str(name);
            node.write(out, indent + 2);
            if !name.is_empty() {
                out.push(';');
            }
        }
        if lines {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
        } else {
            out.push(' ');
        }
        out.push_str(close);
    }
}

/// Returns a string as Nix writes it, cut to size.
fn string(text: &str) -> String {
    let mut cut = text.len().min(MOST_STRING);
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let mut out = String::from("\"");
    for c in text[..cut].chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out = out.replace("${", "\\${");
    if cut < text.len() {
        out.push_str(LEFT_OUT);
    }
    out.push('"');
    out
}
