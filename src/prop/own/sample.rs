//! Samples: values that a configuration already gives an option, and small changes of them.

use super::read::{attempt, get};
use crate::Def;
use crate::expr::shown;
use crate::random::Draw;
use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Ref, Tag, Val};

/// How deep a sample is read.
const MOST_DEPTH: usize = 8;
/// Most parts of one sample; larger ones are no help in a counterexample.
const MOST_PARTS: usize = 200;
/// Most bytes of a text in a sample.
const MOST_TEXT: usize = 10_000;

/// Returns values of each kind, which say what a type is about that nobody knows.
pub(super) fn usual() -> Vec<Def> {
    let one = |value: Def| Def::Attrs(vec![("a".into(), value)]);
    vec![
        Def::str("a"),
        Def::Int(1),
        Def::Attrs(Vec::new()),
        one(Def::str("a")),
        one(Def::Int(1)),
        one(one(Def::Int(1))),
        Def::List(Vec::new()),
        Def::List(vec![Def::str("a")]),
        Def::List(vec![Def::Int(1)]),
        Def::List(vec![one(Def::Int(1))]),
        Def::Bool(true),
        Def::Null,
        Def::str(""),
        Def::Int(-1),
        Def::Float(0.5),
        Def::Path("/a".into()),
        Def::Nix("x: x".into()),
    ]
}

/// Returns a cell with a value that has no words of Nix in it; these are left out.
pub(super) fn build(ev: &mut Evaluator, value: &Def) -> Ref {
    let value = match value {
        Def::Bool(value) => return ev.mem.bool_cell(*value),
        Def::Int(value) => Val::int(*value),
        Def::Float(value) => Val::float(*value),
        Def::Str(text) => ev.mem.string(text.as_bytes()),
        Def::Path(text) => ev.mem.path(text.as_bytes()),
        Def::List(elements) => {
            let cells: Vec<Ref> = elements.iter().map(|element| build(ev, element)).collect();
            ev.mem.list(&cells)
        }
        Def::Attrs(entries) => {
            let mut cells = Vec::with_capacity(entries.len());
            for (name, value) in entries {
                let cell = build(ev, value);
                cells.push((ev.symbols.intern(name.as_bytes()), Pos::NONE, cell));
            }
            ev.mem.attrs_from(cells)
        }
        _ => Val::NULL,
    };
    ev.cell(value)
}

/// Returns a value that is data; `None` if it is not, fails or is large.
pub(super) fn data(ev: &mut Evaluator, cell: Ref) -> Eval<Option<Def>> {
    let mut left = MOST_PARTS;
    value(ev, cell, None, 0, &mut left)
}

/// Returns the values that an option has: its definitions, its default, its example and its value. What is no data
/// in them is named by where it stands in `option`.
pub(super) fn of_option(ev: &mut Evaluator, option: Val) -> Eval<Vec<Def>> {
    let mut found = Vec::new();
    let mut add = |value: Option<Def>| {
        for value in value.into_iter().flat_map(unwrapped) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
    };
    if let Some(definitions) = get(ev, option, &["definitions"])? {
        for (i, &cell) in ev.elements(definitions).iter().enumerate() {
            let name = format!("(builtins.elemAt option.definitions {i})");
            add(value(ev, cell, Some(&name), 0, &mut { MOST_PARTS })?);
        }
    }
    for name in ["default", "example", "value"] {
        let Some(read) = get(ev, option, &[name])? else {
            continue;
        };
        // A text that stands for a value in the documentation.
        if super::read::text(ev, read, &["_type"])?.is_some_and(|kind| kind.starts_with("literal")) {
            continue;
        }
        let cell = ev.cell(read);
        add(value(ev, cell, Some(&format!("option.{name}")), 0, &mut {
            MOST_PARTS
        })?);
    }
    Ok(found)
}

/// Returns a value; what is no data goes by its name, if it has one.
fn value(ev: &mut Evaluator, cell: Ref, name: Option<&str>, depth: usize, left: &mut usize) -> Eval<Option<Def>> {
    if depth > MOST_DEPTH || *left == 0 {
        return Ok(None);
    }
    *left -= 1;
    let Some(read) = attempt(ev, |ev| ev.force(cell, Pos::NONE))? else {
        return Ok(None);
    };
    let text = |bytes: Option<&[u8]>| {
        let bytes = bytes.filter(|bytes| bytes.len() <= MOST_TEXT)?;
        String::from_utf8(bytes.to_vec()).ok()
    };
    let named = || name.map(|name| Def::Nix(name.into()));
    Ok(match read.tag() {
        Tag::Null => Some(Def::Null),
        Tag::Bool => read.as_bool().map(Def::Bool),
        Tag::Int => read.as_int().map(Def::Int),
        Tag::Float => read.as_float().map(Def::Float),
        // A string that needs something built must not lose what it needs.
        Tag::String if read.context().0 != 0 => named(),
        Tag::String => text(read.as_string()).map(Def::Str),
        Tag::Path => text(read.as_path()).map(Def::Path),
        Tag::List => {
            let mut elements = Vec::new();
            for (i, &element) in ev.elements(read).iter().enumerate() {
                let name = name.map(|name| format!("(builtins.elemAt {name} {i})"));
                match value(ev, element, name.as_deref(), depth + 1, left)? {
                    Some(element) => elements.push(element),
                    None => return Ok(None),
                }
            }
            Some(Def::List(elements))
        }
        _ if read.is_attrs() => {
            if attempt(ev, |ev| ev.is_derivation(read))? != Some(false) {
                return Ok(named());
            }
            let mut entries = Vec::new();
            for (symbol, attr) in ev.sorted_entries(read) {
                let own = ev.symbols.text(symbol).into_owned();
                let name = name.map(|name| format!("{name}.{}", shown(&own)));
                match value(ev, attr.value, name.as_deref(), depth + 1, left)? {
                    Some(value) => entries.push((own, value)),
                    None => return Ok(None),
                }
            }
            Some(Def::Attrs(entries))
        }
        _ => named(),
    })
}

/// Returns a value without the properties that the module system would resolve: one for each part of an `mkMerge`.
fn unwrapped(value: Def) -> Vec<Def> {
    let Def::Attrs(entries) = &value else {
        return vec![value];
    };
    let of = |name: &str| entries.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    match (of("_type"), of("content"), of("contents"), of("condition")) {
        (Some(Def::Str(kind)), Some(content), _, condition) if kind != "merge" => match (kind.as_str(), condition) {
            ("if", Some(Def::Bool(false))) => Vec::new(),
            _ => unwrapped(content.clone()),
        },
        (Some(Def::Str(kind)), _, Some(Def::List(parts)), _) if kind == "merge" => {
            parts.iter().cloned().flat_map(unwrapped).collect()
        }
        _ => {
            let first = |(name, value): &(String, Def)| Some((name.clone(), unwrapped(value.clone()).pop()?));
            vec![Def::Attrs(entries.iter().filter_map(first).collect())]
        }
    }
}

/// Whether a value has words of Nix in it that name a part of the option: they mean another thing on another host.
pub(super) fn has_words(value: &Def) -> bool {
    match value {
        Def::Nix(text) => text.contains("option."),
        Def::List(elements) => elements.iter().any(has_words),
        Def::Attrs(entries) => entries.iter().any(|(_, value)| has_words(value)),
        _ => false,
    }
}

/// Whether a value has a function in it that nobody wrote but us. Where a type takes modules, it is one, and says that the
/// configuration is itself.
pub(super) fn has_function(value: &Def) -> bool {
    match value {
        Def::Nix(text) => **text == *"x: x",
        Def::List(elements) => elements.iter().any(has_function),
        Def::Attrs(entries) => entries.iter().any(|(_, value)| has_function(value)),
        _ => false,
    }
}

/// Returns a value with one small change: another text, another number, a part more or less.
pub(super) fn changed(draw: &mut Draw<'_>, value: &Def) -> Def {
    match value {
        Def::Bool(value) => Def::Bool(!value),
        Def::Int(value) => Def::Int(*draw.pick(&[0, 1, -1, value.saturating_add(1), value.saturating_sub(1)])),
        Def::Float(value) => Def::Float(value + 1.0),
        Def::Str(text) => Def::Str(match draw.below(4) {
            0 => String::new(),
            1 => "other".into(),
            2 => format!("{text}x"),
            _ => text.chars().skip(1).collect(),
        }),
        Def::List(elements) => {
            let mut elements = elements.clone();
            match (elements.is_empty(), draw.below(3)) {
                (true, _) => elements.push(draw.pick(&usual()).clone()),
                (_, 0) => drop(elements.remove(draw.below(elements.len()))),
                (_, 1) => elements.push(draw.pick(&elements.clone()).clone()),
                _ => {
                    let i = draw.below(elements.len());
                    elements[i] = changed(draw, &elements[i]);
                }
            }
            Def::List(elements)
        }
        Def::Attrs(entries) => {
            let mut entries = entries.clone();
            match (entries.is_empty(), draw.below(4)) {
                (true, _) => entries.push(("other".into(), draw.pick(&usual()).clone())),
                (_, 0) => drop(entries.remove(draw.below(entries.len()))),
                // Beside a value of the same kind, so that a set of like values stays one.
                (_, 1) => {
                    let like = draw.pick(&entries).1.clone();
                    if entries.iter().all(|(known, _)| known != "other") {
                        entries.push(("other".into(), changed(draw, &like)));
                    }
                }
                _ => {
                    let i = draw.below(entries.len());
                    entries[i].1 = changed(draw, &entries[i].1);
                }
            }
            Def::Attrs(entries)
        }
        Def::Null => draw.pick(&usual()).clone(),
        Def::Path(text) => Def::Path(format!("{text}x")),
        other => other.clone(),
    }
}
