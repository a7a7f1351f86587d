//! Values of options as data that outlives the evaluator, and how two of them differ.
//!
//! A value is kept as it would be read by a person: packages by name, files by where they lie in the
//! flake, texts without the hashes of the store. What differs only in those does not differ.

use super::ask::Asker;
use diag::Pos;
use eval::error::Eval;
use eval::text::print;
use eval::{Evaluator, Ref, Tag};
use report::diff::Change;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Most values that are looked at in one option.
const MOST_NODES: usize = 4_000;
/// Deepest nesting that is looked at.
const MAX_DEPTH: usize = 12;
/// Most bytes of a text of several lines.
const MOST_TEXT: usize = 16 << 10;
/// Most characters of a value on one line.
const MOST_SHOWN: usize = 160;
/// Most elements that are told of a list.
const MOST_ELEMENTS: usize = 30;
/// Most differences that are told of one option.
const MOST_CHANGES: usize = 40;
/// Attributes of what is made by functions for other code: functions, package sets, modules' results.
const MADE_BY_FUNCTIONS: [&str; 5] = [
    "__functor",
    "callPackage",
    "extend",
    "recurseForDerivations",
    "extendModules",
];
/// Attributes that hold whole configurations in the arguments of modules.
const NO_VALUES: [&str; 2] = ["_module", "extraSpecialArgs"];
/// Digits of a hash in the store.
const HASH: usize = 32;

/// A value as it is compared.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A path that is no text.
    Path(String),
    /// A derivation, by its name.
    Package(String),
    List(Vec<Value>),
    Set(BTreeMap<String, Value>),
    /// A function or a set of packages, of which nothing is told.
    Opaque,
    /// It cannot be evaluated.
    Failed,
    /// It is beyond what is looked at.
    Beyond,
}

/// Returns a text without the folder and the hash of each path of the store in it.
pub(super) fn without_hashes(text: &str) -> Cow<'_, str> {
    const STORE: &str = "/nix/store/";
    if !text.contains(STORE) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(STORE) {
        let path = &rest[at + STORE.len()..];
        out.push_str(&rest[..at]);
        let is_hash = path.len() > HASH
            && path.as_bytes()[HASH] == b'-'
            && path.as_bytes()[..HASH].iter().all(u8::is_ascii_alphanumeric);
        rest = if is_hash {
            &path[HASH + 1..]
        } else {
            out.push_str(STORE);
            path
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

impl Value {
    /// Returns what a cell holds.
    pub(super) fn read(asker: &Asker<'_>, ev: &mut Evaluator, cell: Ref) -> Eval<Value> {
        let mut left = MOST_NODES;
        read(asker, ev, cell, 0, &mut left)
    }

    /// Returns all texts in it.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Value::Text(text) => vec![text],
            Value::List(elements) => elements.iter().flat_map(Value::texts).collect(),
            Value::Set(set) => set.values().flat_map(Value::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the value on one line, as Nix writes it.
    fn shown(&self) -> String {
        let mut out = String::new();
        self.show(&mut out);
        cut(out)
    }

    fn show(&self, out: &mut String) {
        // Nothing of what is too long would be shown.
        if out.len() > 4 * MOST_SHOWN {
            return;
        }
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => out.push_str(&value.to_string()),
            Value::Float(value) => out.push_str(&eval::text::number::shown(*value)),
            Value::Text(text) => out.push_str(&quoted(text)),
            Value::Path(path) => out.push_str(path),
            Value::Package(name) => out.push_str(&format!("<{name}>")),
            Value::List(elements) if elements.is_empty() => out.push_str("[ ]"),
            Value::List(elements) => {
                out.push_str("[ ");
                for element in elements {
                    element.show(out);
                    out.push(' ');
                }
                out.push(']');
            }
            Value::Set(set) if set.is_empty() => out.push_str("{ }"),
            Value::Set(set) => {
                out.push_str("{ ");
                for (name, value) in set {
                    out.push_str(&nixos::OptionPath::of(&[name]).map_or_else(String::new, |path| path.to_string()));
                    out.push_str(" = ");
                    value.show(out);
                    out.push_str("; ");
                }
                out.push('}');
            }
            Value::Opaque => out.push_str("<function>"),
            Value::Failed => out.push_str("<does not evaluate>"),
            Value::Beyond => out.push('…'),
        }
    }

    /// Returns the value as a change tells it: a text of several lines as it is, all else on one line.
    fn told(&self) -> String {
        match self {
            Value::Text(text) if text.trim_end().contains('\n') => {
                let mut end = text.len().min(MOST_TEXT);
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                text[..end].to_owned()
            }
            other => other.shown(),
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    print::push_string(&mut out, text.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn read(asker: &Asker<'_>, ev: &mut Evaluator, cell: Ref, depth: usize, left: &mut usize) -> Eval<Value> {
    if *left == 0 || depth > MAX_DEPTH {
        return Ok(Value::Beyond);
    }
    *left -= 1;
    let Some(value) = asker.attempt(ev, |ev| ev.force(cell, Pos::NONE))? else {
        return Ok(Value::Failed);
    };
    Ok(match value.tag() {
        Tag::Null => Value::Null,
        Tag::Bool => Value::Bool(value.as_bool() == Some(true)),
        Tag::Int => Value::Int(value.as_int().unwrap_or_default()),
        Tag::Float => Value::Float(value.as_float().unwrap_or_default()),
        Tag::List => {
            let mut elements = Vec::new();
            for &element in ev.elements(value) {
                if *left == 0 {
                    elements.push(Value::Beyond);
                    break;
                }
                elements.push(read(asker, ev, element, depth + 1, left)?);
            }
            Value::List(elements)
        }
        _ if value.is_attrs() => {
            let kind = asker.text_at(ev, value, &["type"])?;
            let marked = asker.text_at(ev, value, &["_type"])?;
            if kind.as_deref() == Some("derivation") {
                let name = asker.text_at(ev, value, &["name"])?;
                return Ok(Value::Package(name.unwrap_or_else(|| "a package".into())));
            }
            if MADE_BY_FUNCTIONS.iter().any(|name| asker.has(ev, value, name)) {
                // Of a set of packages for a kernel, the kernel is what a person means.
                let kernel = asker.text_at(ev, value, &["kernel", "name"])?;
                return Ok(kernel.map_or(Value::Opaque, Value::Package));
            }
            if marked.is_some() {
                return Ok(Value::Opaque);
            }
            let mut set = BTreeMap::new();
            for (name, attr) in ev.sorted_entries(value) {
                let name = ev.symbols.text(name).into_owned();
                if NO_VALUES.contains(&name.as_str()) {
                    continue;
                }
                if *left == 0 {
                    set.insert(name, Value::Beyond);
                    break;
                }
                set.insert(name, read(asker, ev, attr.value, depth + 1, left)?);
            }
            Value::Set(set)
        }
        _ if value.is_function() => Value::Opaque,
        _ => match (value.as_string(), value.as_path()) {
            (Some(text), _) => Value::Text(asker.shown(text)),
            (_, Some(path)) => Value::Path(asker.shown(path)),
            _ => Value::Opaque,
        },
    })
}

/// Returns how two values differ, by name; a side without the option has none.
pub(super) fn differences(name: &[String], old: Option<&Value>, new: Option<&Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    differ(&mut name.to_vec(), old, new, &mut changes);
    if changes.len() > MOST_CHANGES {
        let more = changes.len() - MOST_CHANGES;
        changes.truncate(MOST_CHANGES);
        let name = shown_path(name);
        changes.push(Change::value(
            name,
            None,
            Some(format!("… and {more} more differences")),
        ));
    }
    changes
}

fn shown_path(path: &[String]) -> String {
    nixos::OptionPath::of(path).map_or_else(String::new, |path| path.to_string())
}

fn differ(path: &mut Vec<String>, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) {
    if old == new {
        return;
    }
    let name = || shown_path(path);
    match (old, new) {
        (Some(Value::Set(before)), Some(Value::Set(after))) => {
            let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                path.push(name.clone());
                differ(path, before.get(name), after.get(name), changes);
                path.pop();
            }
        }
        (Some(Value::List(before)), Some(Value::List(after))) => {
            let (removed, added) = (missing(before, after), missing(after, before));
            changes.push(match removed.is_empty() && added.is_empty() {
                // Only the order differs.
                true => Change::value(name(), old.map(Value::told), new.map(Value::told)),
                false => Change::elements(name(), removed, added),
            });
        }
        _ => {
            let (before, after) = (old.map(Value::told), new.map(Value::told));
            // Equal in all that is told: both too long, and different behind that.
            changes.push(match before == after {
                true => Change::rebuilt(name()),
                false => Change::value(name(), before, after),
            });
        }
    }
}

/// Returns the elements of one list that another lacks, as often as it lacks them.
fn missing(of: &[Value], in_: &[Value]) -> Vec<String> {
    let mut there: HashMap<String, usize> = HashMap::new();
    for element in in_ {
        *there.entry(element.shown()).or_default() += 1;
    }
    let mut gone = Vec::new();
    for element in of {
        let shown = element.shown();
        match there.get_mut(&shown).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => gone.push(shown),
        }
    }
    if gone.len() > MOST_ELEMENTS {
        let more = gone.len() - MOST_ELEMENTS;
        gone.truncate(MOST_ELEMENTS);
        gone.push(format!("… and {more} more"));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn set(entries: &[(&str, Value)]) -> Value {
        Value::Set(entries.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect())
    }

    #[test]
    fn hashes_are_left_out() {
        let hash = "0123456789abcdfghijklmnpqrsvwxyz";
        let check = |text: &str, expected: &str| assert_eq!(without_hashes(text), expected, "{text}");
        check(
            &format!("/nix/store/{hash}-a-1/bin/a --x=/nix/store/{hash}-b"),
            "a-1/bin/a --x=b",
        );
        check("/nix/store/short-a", "/nix/store/short-a");
        check("/nix/store", "/nix/store");
        check(&format!("/nix/store/{hash}"), &format!("/nix/store/{hash}"));
        check("é", "é");
    }

    #[test]
    fn values_differ_where_they_differ() {
        let value = |before: &str, after: &str| Change::value("a", Some(before.into()), Some(after.into()));
        let check = |old: Option<&Value>, new: Option<&Value>, expected: &[Change]| {
            assert_eq!(differences(&["a".into()], old, new), expected, "{old:?} {new:?}");
        };
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        check(Some(&yes), Some(&yes), &[]);
        check(Some(&no), Some(&yes), &[value("false", "true")]);
        check(None, Some(&yes), &[Change::value("a", None, Some("true".into()))]);
        check(Some(&text("x\"")), Some(&Value::Null), &[value("\"x\\\"\"", "null")]);
        check(Some(&text("a\nb")), Some(&text("c")), &[value("a\nb", "\"c\"")]);
        let (old, new) = (
            set(&[("b", yes.clone()), ("c.d", Value::Int(1)), ("e", no.clone())]),
            set(&[
                ("b", yes.clone()),
                ("c.d", Value::Int(2)),
                ("f", Value::Package("hello-1".into())),
            ]),
        );
        check(
            Some(&old),
            Some(&new),
            &[
                Change::value("a.\"c.d\"", Some("1".into()), Some("2".into())),
                Change::value("a.e", Some("false".into()), None),
                Change::value("a.f", None, Some("<hello-1>".into())),
            ],
        );
        let list = |numbers: &[i64]| Value::List(numbers.iter().map(|n| Value::Int(*n)).collect());
        check(
            Some(&list(&[1, 2, 2])),
            Some(&list(&[2, 3])),
            &[Change::elements("a", vec!["1".into(), "2".into()], vec!["3".into()])],
        );
        check(
            Some(&list(&[1, 2])),
            Some(&list(&[2, 1])),
            &[value("[ 1 2 ]", "[ 2 1 ]")],
        );
    }

    #[test]
    fn what_is_told_is_short() {
        let long = Value::List(vec![text(&"é".repeat(200)); 100]);
        assert_eq!(long.shown().chars().count(), MOST_SHOWN + 1);
        let many: Vec<(String, Value)> = (0..100).map(|n| (format!("x{n}"), Value::Int(n))).collect();
        let many = Value::Set(many.into_iter().collect());
        let changes = differences(&["a".into()], Some(&set(&[])), Some(&many));
        assert_eq!(changes.len(), MOST_CHANGES + 1);
        let elements = Value::List((0..100).map(Value::Int).collect());
        let changes = differences(&["a".into()], Some(&Value::List(Vec::new())), Some(&elements));
        let report::diff::ValueChange::Elements { added, .. } = &changes[0].value else {
            panic!()
        };
        assert_eq!(added.last().map(String::as_str), Some("… and 70 more"));
    }
}
