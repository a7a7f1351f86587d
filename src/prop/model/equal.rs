//! What `==` says of two definitions, and how a definition looks that nobody resolved.

use super::words::{Fault, Outcome};
use crate::{Def, Plain};
use std::borrow::Cow;

/// What `builtins.typeOf` says of a definition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `null`.
    Null,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `string`.
    Str,
    /// `path`.
    Path,
    /// `list`.
    List,
    /// `set`; properties are sets, too.
    Set,
    /// `lambda`.
    Function,
}

/// Returns the kind of a definition; `None` for Nix that is no function, and for sets that pass for text or for a
/// derivation without being one.
pub fn kind(def: &Def) -> Option<Kind> {
    Some(match def {
        Def::Null => Kind::Null,
        Def::Bool(_) => Kind::Bool,
        Def::Int(_) => Kind::Int,
        Def::Float(_) => Kind::Float,
        Def::Str(_) => Kind::Str,
        Def::Path(_) => Kind::Path,
        Def::List(_) => Kind::List,
        Def::Attrs(entries) if passes_for_text(entries) && def.package().is_none() => return None,
        Def::Attrs(_) | Def::If(..) | Def::Merge(_) | Def::Override(..) | Def::Order(..) => Kind::Set,
        Def::Constant(_) => Kind::Function,
        Def::Nix(text) if &**text == "x: x" => Kind::Function,
        Def::Nix(_) => return None,
    })
}

fn passes_for_text(entries: &[(String, Def)]) -> bool {
    let derivation = |value: &Def| *value == Def::str("derivation");
    entries.iter().any(|(name, value)| match name.as_str() {
        "outPath" | "__toString" => true,
        "type" => derivation(value),
        _ => false,
    })
}

/// Returns the attributes of a set, of a property those that `mkIf` and its like give it; `None` for what is none.
pub fn entries(def: &Def) -> Option<Cow<'_, [(String, Def)]>> {
    let property = |kind: &str, rest: [Option<(&str, Def)>; 2]| {
        let mut entries = vec![("_type".to_owned(), Def::str(kind))];
        entries.extend(rest.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)));
        Cow::Owned(entries)
    };
    Some(match def {
        Def::Attrs(entries) => Cow::Borrowed(entries),
        Def::If(condition, content) => property(
            "if",
            [
                Some(("condition", Def::Bool(*condition))),
                Some(("content", (**content).clone())),
            ],
        ),
        Def::Merge(contents) => property("merge", [Some(("contents", Def::List(contents.clone()))), None]),
        Def::Override(priority, content) => property(
            "override",
            [
                Some(("priority", Def::Int(*priority))),
                Some(("content", (**content).clone())),
            ],
        ),
        Def::Order(priority, content) => property(
            "order",
            [
                Some(("priority", Def::Int(*priority))),
                Some(("content", (**content).clone())),
            ],
        ),
        _ => return None,
    })
}

/// Returns an attribute of a set.
pub fn attr(def: &Def, wanted: &str) -> Option<Def> {
    let entries = entries(def)?;
    let found = entries.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.clone())
}

/// Returns the value of a definition that nothing resolves: properties are the sets that they are.
pub(super) fn read(def: &Def) -> Outcome<Plain> {
    Ok(match def {
        Def::Null => Plain::Null,
        Def::Bool(value) => Plain::Bool(*value),
        Def::Int(value) => Plain::Int(*value),
        Def::Float(value) => Plain::Float(*value),
        Def::Str(text) => Plain::Str(text.clone()),
        Def::Path(text) => Plain::Path(text.clone()),
        Def::List(elements) => Plain::List(elements.iter().map(read).collect::<Outcome<_>>()?),
        _ => {
            if let Some(path) = def.package() {
                return Ok(Plain::Derivation(path.into()));
            }
            match (entries(def), kind(def)) {
                (Some(entries), Some(Kind::Set)) => {
                    let each = entries.iter().map(|(name, value)| Ok((name.clone(), read(value)?)));
                    Plain::Attrs(each.collect::<Outcome<_>>()?)
                }
                (None, Some(Kind::Function)) => Plain::Function,
                _ => return Err(Fault::Unknown),
            }
        }
    })
}

/// Whether `==` holds of two definitions: an integer equals a float of its value, packages are compared by their
/// paths, and functions equal nothing. `None` if that is not known.
#[expect(clippy::float_cmp, reason = "Nix compares them so")]
#[expect(clippy::cast_precision_loss, reason = "Nix converts them so")]
pub fn same(left: &Def, right: &Def) -> Option<bool> {
    Some(match (left, right) {
        (Def::Nix(_), _) | (_, Def::Nix(_)) => match (kind(left), kind(right)) {
            (Some(_), Some(_)) => false,
            _ => return None,
        },
        (Def::Int(a), Def::Float(b)) | (Def::Float(b), Def::Int(a)) => *a as f64 == *b,
        (Def::Null, Def::Null) => true,
        (Def::Bool(a), Def::Bool(b)) => a == b,
        (Def::Int(a), Def::Int(b)) => a == b,
        (Def::Float(a), Def::Float(b)) => a == b,
        (Def::Str(a), Def::Str(b)) | (Def::Path(a), Def::Path(b)) => a == b,
        (Def::List(a), Def::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b))?
        }
        _ => match (entries(left), entries(right)) {
            (Some(a), Some(b)) => {
                if let (Some(a), Some(b)) = (left.package(), right.package()) {
                    return Some(a == b);
                }
                if a.len() != b.len() {
                    return Some(false);
                }
                for (name, value) in a.iter() {
                    let Some((_, other)) = b.iter().find(|(other, _)| other == name) else {
                        return Some(false);
                    };
                    if !same(value, other)? {
                        return Some(false);
                    }
                }
                true
            }
            _ => false,
        },
    })
}

fn all<'d>(pairs: impl Iterator<Item = (&'d Def, &'d Def)>) -> Option<bool> {
    for (a, b) in pairs {
        if !same(a, b)? {
            return Some(false);
        }
    }
    Some(true)
}
