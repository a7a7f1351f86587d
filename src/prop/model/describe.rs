//! How messages call a type.

use super::{Edition, Model};
use crate::{Def, Phrase, Ty};

/// A description and the kind of phrase that it is.
type Description = (String, Phrase);

impl Model {
    /// Returns how messages call a type; `None` if that is not known.
    ///
    /// Today a description has parentheses around it inside another one if it could be misread there: what
    /// phrases may stand bare is said by the type around. In 2020 there were none, and what was in a list or set
    /// had an `s`.
    pub(super) fn described(&self, ty: &Ty) -> Option<String> {
        match self.edition {
            Edition::Current => today(ty).map(|(text, _)| text),
            Edition::Of2020 => then(ty),
        }
    }
}

/// Returns what kind of phrase today's description is.
pub(super) fn phrase(ty: &Ty) -> Option<Phrase> {
    today(ty).map(|(_, phrase)| phrase)
}

const NOUN: &[Phrase] = &[Phrase::Noun];
const OF: &[Phrase] = &[Phrase::Noun, Phrase::Composite];
const OR: &[Phrase] = &[Phrase::Noun, Phrase::Conjunction];
const ANY: &[Phrase] = &[Phrase::Noun, Phrase::Conjunction, Phrase::Composite];

fn within(ty: &Ty, bare: &[Phrase]) -> Option<String> {
    let (text, phrase) = today(ty)?;
    Some(if bare.contains(&phrase) {
        text
    } else {
        format!("({text})")
    })
}

fn today(ty: &Ty) -> Option<Description> {
    let noun = |text: String| Some((text, Phrase::Noun));
    let of = |text: &str, ty: &Ty| Some((format!("{text} {}", within(ty, OF)?), Phrase::Composite));
    match ty {
        Ty::Simple(simple) => {
            let row = simple.row();
            Some((row.description.into(), row.phrase))
        }
        Ty::Between(low, high) => noun(format!("integer between {low} and {high} (both inclusive)")),
        Ty::NumbersBetween(low, high) => Some((
            format!("integer or floating point number between {low} and {high} (both inclusive)"),
            Phrase::Conjunction,
        )),
        Ty::StrMatching(pattern) => noun(format!("string matching the pattern {}", pattern.text())),
        Ty::Separated(separator) => noun(format!("strings concatenated with {}", quoted(separator))),
        Ty::Enum(values) => Some(match values.as_slice() {
            [] => ("impossible (empty enum)".into(), Phrase::Noun),
            [one] => (
                format!("value {} (singular enum)", value(one, Edition::Current)?),
                Phrase::Noun,
            ),
            _ => (
                format!("one of {}", listed(values, Edition::Current)?),
                Phrase::Conjunction,
            ),
        }),
        Ty::ListOf(ty) => of("list of", ty),
        // A list is a composite, so it always has parentheses here.
        Ty::NonEmptyListOf(ty) => Some((format!("non-empty (list of {})", within(ty, OF)?), Phrase::Composite)),
        Ty::AttrListOf(ty) => of("attribute list of", ty),
        Ty::AttrsOf(ty) | Ty::LoaOf(ty) | Ty::AttrsWith(ty, false, _) => of("attribute set of", ty),
        Ty::LazyAttrsOf(ty) | Ty::AttrsWith(ty, true, _) => of("lazy attribute set of", ty),
        Ty::AttrTag(tags) => {
            let mut names: Vec<String> = tags.iter().filter_map(|tag| tag.path.first()).cloned().collect();
            names.sort();
            let names: Vec<String> = names.iter().map(|name| crate::expr::shown(name)).collect();
            noun(format!("attribute-tagged union with choices: {}", names.join(", ")))
        }
        Ty::PathWith(in_store, absolute) => {
            let before = match absolute {
                None => "",
                Some(true) => "absolute ",
                Some(false) => "relative ",
            };
            let after = match in_store {
                None => "",
                Some(true) => " in the Nix store",
                Some(false) => " not in the Nix store",
            };
            noun(format!("{before}path{after}"))
        }
        Ty::PasswdEntry(ty) => Some((
            format!("{}, not containing newlines or colons", within(ty, NOUN)?),
            Phrase::Clause,
        )),
        Ty::Without(ty, _) | Ty::Uniq(ty) | Ty::Unique(_, ty) => today(ty),
        Ty::NullOr(ty) => Some((format!("null or {}", within(ty, OR)?), Phrase::Conjunction)),
        Ty::Either(left, right) => either(today(left)?, right),
        Ty::OneOf(types) => {
            let (first, rest) = types.split_first()?;
            rest.iter().try_fold(today(first)?, either)
        }
        Ty::CoercedTo(from, _, to) => Some((
            format!("{} or {} convertible to it", within(to, NOUN)?, within(from, NOUN)?),
            Phrase::Unsaid,
        )),
        Ty::Submodule(_, None) => Some(("submodule".into(), Phrase::Unsaid)),
        Ty::Submodule(_, Some(freeform)) => {
            Some((format!("open submodule of {}", within(freeform, OF)?), Phrase::Unsaid))
        }
        Ty::FunctionTo(ty) => of("function that evaluates to a(n)", ty),
        Ty::Custom(_) => None,
    }
}

fn either((left, phrase): Description, right: &Ty) -> Option<Description> {
    let text = match phrase {
        // The clause must not swallow what follows.
        Phrase::Clause => format!("{left}, or {}", within(right, OR)?),
        _ if OR.contains(&phrase) => format!("{left} or {}", within(right, ANY)?),
        _ => format!("({left}) or {}", within(right, ANY)?),
    };
    Some((text, Phrase::Conjunction))
}

fn then(ty: &Ty) -> Option<String> {
    Some(match ty {
        Ty::Simple(simple) => {
            let row = simple.row();
            row.then.unwrap_or(row.description).into()
        }
        Ty::Separated(separator) if separator.is_empty() => "Concatenated string".into(),
        Ty::Enum(values) => format!("one of {}", listed(values, Edition::Of2020)?),
        Ty::ListOf(ty) => format!("list of {}s", then(ty)?),
        Ty::NonEmptyListOf(ty) => format!("non-empty list of {}s", then(ty)?),
        Ty::AttrsOf(ty) => format!("attribute set of {}s", then(ty)?),
        Ty::LazyAttrsOf(ty) => format!("lazy attribute set of {}s", then(ty)?),
        Ty::LoaOf(ty) => format!("list or attribute set of {}s", then(ty)?),
        Ty::NullOr(ty) => format!("null or {}", then(ty)?),
        Ty::Uniq(ty) | Ty::Without(ty, _) => then(ty)?,
        Ty::Either(left, right) => format!("{} or {}", then(left)?, then(right)?),
        Ty::OneOf(types) => types.iter().map(then).collect::<Option<Vec<_>>>()?.join(" or "),
        Ty::CoercedTo(from, _, to) => format!("{} or {} convertible to it", then(to)?, then(from)?),
        Ty::Submodule(..) => "submodule".into(),
        Ty::Between(..) | Ty::StrMatching(_) | Ty::Separated(_) => return today(ty).map(|(text, _)| text),
        _ => return None,
    })
}

fn listed(values: &[Def], edition: Edition) -> Option<String> {
    let shown: Vec<String> = values.iter().map(|def| value(def, edition)).collect::<Option<_>>()?;
    Some(shown.join(", "))
}

/// Returns how a value is named in the description of an enumeration.
fn value(def: &Def, edition: Edition) -> Option<String> {
    use super::equal::{Kind, kind};
    Some(match (def, kind(def)?) {
        (Def::Str(text), _) => format!("\"{text}\""),
        (Def::Int(number), _) => number.to_string(),
        (Def::Bool(value), _) if edition == Edition::Current => value.to_string(),
        (_, Kind::Null) => "<null>".into(),
        (_, Kind::Bool) => "<bool>".into(),
        (_, Kind::Float) => "<float>".into(),
        (_, Kind::Path) => "<path>".into(),
        (_, Kind::List) => "<list>".into(),
        (_, Kind::Set) => "<set>".into(),
        _ => "<lambda>".into(),
    })
}

/// Returns a text as JSON has it.
fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            _ => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expr;
    use crate::Simple;
    use crate::fixture::{libraries, on, seen};
    use crate::random::{Draw, numbers, values};

    #[test]
    fn types_are_called_as_each_library_calls_them() {
        for lib in libraries() {
            on(&lib, |ev, ground| {
                let Some(edition) = Edition::of(ground) else { return };
                let model = Model { edition };
                let simple = Simple::all().map(Ty::Simple).filter(|ty| ty.fits(ground));
                let mut types: Vec<Ty> = simple.collect();
                for case in 0..1500 {
                    let mut rng = numbers(5, &[], case);
                    types.push(values::ty(&mut Draw::new(&mut rng), ground, 3));
                }
                for ty in types {
                    let Some(text) = model.described(&ty) else {
                        panic!("{ty:?}")
                    };
                    let said = Expr::call("t: { said = t.description; }", [ty.expr()]);
                    let wanted = format!("said = {}", Expr::str(text).print(0));
                    assert_eq!(seen(ev, ground, &said), [wanted], "{ty:?}");
                }
            });
        }
    }
}
