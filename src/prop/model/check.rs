//! Which values a type takes at first sight.
//!
//! A type looks at the outermost of a value only: a list of whatever is a list. What is inside is looked at when it
//! is merged, by the type of the inside.

use super::Edition;
use super::equal::{Kind, attr, kind, same};
use crate::{Coercion, Def, Simple, Ty};

/// Returns whether a type takes a value; `None` if that is not known.
pub fn accepts(ty: &Ty, value: &Def, edition: Edition) -> Option<bool> {
    let kind = kind(value)?;
    Some(match ty {
        Ty::Simple(simple) => return one(*simple, value, kind, edition),
        Ty::Between(low, high) => matches!(value, Def::Int(n) if low <= n && n <= high),
        Ty::NumbersBetween(low, high) => number(value).is_some_and(|n| real(*low) <= n && n <= real(*high)),
        Ty::StrMatching(pattern) => matches!(value, Def::Str(text) if pattern.matches(text)),
        Ty::Separated(_) => kind == Kind::Str,
        Ty::Enum(values) => {
            for known in values {
                if same(known, value)? {
                    return Some(true);
                }
            }
            false
        }
        Ty::ListOf(_) => kind == Kind::List,
        Ty::NonEmptyListOf(_) => matches!(value, Def::List(elements) if !elements.is_empty()),
        Ty::AttrListOf(_) => matches!(kind, Kind::List | Kind::Set),
        Ty::LoaOf(_) if edition == Edition::Of2020 => matches!(kind, Kind::List | Kind::Set),
        Ty::AttrsOf(_) | Ty::LazyAttrsOf(_) | Ty::LoaOf(_) | Ty::AttrsWith(..) => kind == Kind::Set,
        Ty::AttrTag(tags) => {
            let names = super::equal::entries(value);
            names.is_some_and(|names| {
                names.len() == 1
                    && tags
                        .iter()
                        .any(|tag| tag.path.first() == names.first().map(|(name, _)| name))
            })
        }
        Ty::PathWith(in_store, absolute) => return path(value, *in_store, *absolute, edition),
        Ty::PasswdEntry(ty) => {
            accepts(ty, value, edition)? && !matches!(value, Def::Str(text) if text.contains([':', '\n']))
        }
        Ty::Without(ty, other) => accepts(ty, value, edition)? && !same(value, other)?,
        Ty::NullOr(ty) => kind == Kind::Null || accepts(ty, value, edition)?,
        Ty::Uniq(ty) | Ty::Unique(_, ty) => accepts(ty, value, edition)?,
        Ty::Either(left, right) => accepts(left, value, edition)? || accepts(right, value, edition)?,
        Ty::OneOf(types) => {
            for ty in types {
                if accepts(ty, value, edition)? {
                    return Some(true);
                }
            }
            false
        }
        Ty::CoercedTo(from, coercion, to) => {
            (accepts(from, value, edition)? && accepts(to, &coerced(*coercion, value)?, edition)?)
                || accepts(to, value, edition)?
        }
        Ty::Submodule(..) => module(value, kind, edition)?,
        Ty::FunctionTo(_) => kind == Kind::Function,
        Ty::Custom(_) => return None,
    })
}

/// Returns what a coercion makes of a value; `None` if that is not known.
pub fn coerced(coercion: Coercion, value: &Def) -> Option<Def> {
    match (coercion, value) {
        (Coercion::List, value) => Some(Def::List(vec![value.clone()])),
        (Coercion::ToString, Def::Int(n)) => Some(Def::Str(n.to_string())),
        (Coercion::ToString, Def::Bool(value)) => Some(Def::str(if *value { "1" } else { "" })),
        (Coercion::ToString, Def::Null) => Some(Def::str("")),
        (Coercion::ToString, Def::Str(text) | Def::Path(text)) => Some(Def::str(text)),
        (Coercion::ToString, _) => None,
    }
}

fn one(simple: Simple, value: &Def, kind: Kind, edition: Edition) -> Option<bool> {
    if let Some((low, high)) = simple.range() {
        return Some(matches!(value, Def::Int(n) if low <= *n && *n <= high));
    }
    let tagged = |tag: &str| attr(value, "_type") == Some(Def::str(tag));
    Some(match simple {
        Simple::Bool | Simple::BoolByOr => kind == Kind::Bool,
        Simple::Float => kind == Kind::Float,
        Simple::Number => number(value).is_some(),
        Simple::Nonnegative => number(value).is_some_and(|n| n >= 0.0),
        Simple::PositiveNumber => number(value).is_some_and(|n| n > 0.0),
        Simple::Str | Simple::Lines | Simple::Commas | Simple::EnvVar => kind == Kind::Str,
        Simple::NonEmptyStr => matches!(value, Def::Str(text) if text.contains(|c| !" \t\n".contains(c))),
        Simple::SingleLineStr => {
            matches!(value, Def::Str(text) if !text.strip_suffix('\n').unwrap_or(text).contains(['\n', '\r']))
        }
        Simple::Path => return path(value, None, Some(true), edition),
        Simple::PathInStore => return path(value, Some(true), None, edition),
        Simple::ExternalPath => return path(value, Some(false), Some(true), edition),
        Simple::Package => match value {
            Def::Str(text) | Def::Path(text) => directly_in_store(text),
            _ => value.package().is_some(),
        },
        Simple::ShellPackage => value.package().is_some() && attr(value, "shellPath").is_some(),
        Simple::Pkgs => kind == Kind::Set && tagged("pkgs"),
        Simple::Attrs => kind == Kind::Set,
        Simple::Raw | Simple::Unspecified | Simple::Anything => true,
        Simple::Json => kind != Kind::Function,
        Simple::Toml => !matches!(kind, Kind::Function | Kind::Null),
        Simple::LuaInline => tagged("lua-inline"),
        Simple::DeferredModule => module(value, kind, edition)?,
        // What is known of a type or a set of files is no plain data.
        Simple::OptionType | Simple::OptionDeclaration | Simple::Fileset => false,
        _ => return None,
    })
}

/// Whether a value passes for a module: a set, a function, or what names a file.
fn module(value: &Def, kind: Kind, edition: Edition) -> Option<bool> {
    Some(matches!(kind, Kind::Set | Kind::Function) || path(value, None, Some(true), edition)?)
}

fn path(value: &Def, in_store: Option<bool>, absolute: Option<bool>, edition: Edition) -> Option<bool> {
    let text = match value {
        Def::Str(text) | Def::Path(text) => text.as_str(),
        _ => match value.package() {
            Some(text) => text,
            // A list is as good as the text of its elements was then.
            None if edition == Edition::Of2020 && matches!(value, Def::List(elements) if !elements.is_empty()) => {
                return None;
            }
            None => return Some(false),
        },
    };
    let kind_fits = in_store != Some(false) || matches!(value, Def::Str(_));
    Some(
        kind_fits
            && in_store.is_none_or(|wanted| wanted == within_store(text))
            && absolute.is_none_or(|wanted| wanted == text.starts_with('/')),
    )
}

/// Whether a path is a store path, or below one.
fn within_store(text: &str) -> bool {
    let rest = text.strip_prefix("/nix/store/").unwrap_or_default();
    let first = rest.split('/').next().unwrap_or_default();
    let (digest, name) = first.split_at_checked(32).unwrap_or_default();
    digest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) && name.len() > 1 && name.starts_with('-')
}

/// Whether a path is directly in the store's folder, whatever its name is.
fn directly_in_store(text: &str) -> bool {
    text.strip_prefix("/nix/store/").is_some_and(|name| !name.contains('/'))
}

fn number(value: &Def) -> Option<f64> {
    match value {
        Def::Int(n) => Some(real(*n)),
        Def::Float(n) => Some(*n),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "Nix compares integers with floats so")]
fn real(n: i64) -> f64 {
    n as f64
}
