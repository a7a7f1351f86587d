//! Types that a library has, and values of them: such as they take, and such as they refuse.

use super::Draw;
use crate::model::{Edition, accepts};
use crate::{Coercion, Decl, Def, Ground, Pattern, Simple, Ty};

/// Names of options and attributes.
const NAMES: &[&str] = &["a", "b", "c"];
/// How often something is drawn anew that must have a property.
const TRIES: usize = 8;

/// Returns a type that a library has, at most this deep.
pub fn ty(draw: &mut Draw<'_>, ground: &Ground, depth: usize) -> Ty {
    for _ in 0..TRIES {
        let ty = if depth == 0 || draw.once_in(3) {
            flat(draw)
        } else {
            nested(draw, ground, depth - 1)
        };
        if ty.fits(ground) {
            return ty;
        }
    }
    Ty::Simple(Simple::Str)
}

/// Returns a type that holds no other.
fn flat(draw: &mut Draw<'_>) -> Ty {
    match draw.below(16) {
        0 => {
            let (low, high) = *draw.pick(&[(0, 3), (-2, 2), (5, 5), (1, i64::MAX)]);
            Ty::Between(low, high)
        }
        1 => {
            let (low, high) = *draw.pick(&[(0, 3), (-2, 2)]);
            Ty::NumbersBetween(low, high)
        }
        2 => Ty::Separated((*draw.pick(&["", " ", ", ", "\n"])).into()),
        3 => Ty::StrMatching(*draw.pick(&[Pattern::Letters, Pattern::TwoDigits])),
        4 | 5 => enumeration(draw),
        6 => {
            let said = [None, Some(false), Some(true)];
            let (in_store, absolute) = (*draw.pick(&said), *draw.pick(&said));
            // What is in the store has an absolute path.
            let absolute = absolute.filter(|absolute| *absolute || in_store != Some(true));
            Ty::PathWith(in_store, absolute)
        }
        _ => loop {
            let all = Simple::OptionType as usize;
            if let Some(simple) = Simple::all().nth(draw.below(all)).filter(|simple| simple.is_plain()) {
                return Ty::Simple(simple);
            }
        },
    }
}

/// Returns an enumeration of a few values.
pub fn enumeration(draw: &mut Draw<'_>) -> Ty {
    let values = match draw.below(6) {
        0 => vec![Def::Int(1), Def::Int(2), Def::str("1")],
        1 => vec![Def::Null, Def::Bool(true), Def::str("a")],
        _ => {
            let words = ["a", "b", "c", "d"];
            let first = draw.below(3);
            let count = draw.between(1, words.len() - first);
            words[first..first + count].iter().map(|word| Def::str(*word)).collect()
        }
    };
    Ty::Enum(values)
}

/// Returns a type around others.
fn nested(draw: &mut Draw<'_>, ground: &Ground, depth: usize) -> Ty {
    let inner = |draw: &mut Draw<'_>| Box::new(ty(draw, ground, depth));
    match draw.below(24) {
        0..=3 => Ty::ListOf(inner(draw)),
        4 => Ty::NonEmptyListOf(inner(draw)),
        5..=8 => Ty::AttrsOf(inner(draw)),
        9 => Ty::LazyAttrsOf(inner(draw)),
        10 => Ty::LoaOf(inner(draw)),
        11 => {
            let lazy = draw.once_in(2);
            let placeholder = *draw.pick(&["name", "user"]);
            Ty::AttrsWith(inner(draw), lazy, placeholder.into())
        }
        12 => Ty::AttrListOf(inner(draw)),
        13 => Ty::AttrTag(options(draw, ground, depth)),
        14 => Ty::Uniq(inner(draw)),
        15 => Ty::Unique("only one of us".into(), inner(draw)),
        16 => Ty::Either(inner(draw), inner(draw)),
        17 => Ty::OneOf(vec![*inner(draw), *inner(draw), *inner(draw)]),
        18 => match draw.below(3) {
            0 => Ty::CoercedTo(
                Box::new(Ty::Simple(Simple::Int)),
                Coercion::ToString,
                Box::new(Ty::Simple(Simple::Str)),
            ),
            1 => Ty::CoercedTo(
                Box::new(Ty::Simple(Simple::Bool)),
                Coercion::ToString,
                Box::new(Ty::Simple(Simple::Lines)),
            ),
            _ => {
                let from = Box::new(Ty::Simple(*draw.pick(&[Simple::Int, Simple::Str, Simple::Bool])));
                Ty::CoercedTo(from.clone(), Coercion::List, Box::new(Ty::ListOf(from)))
            }
        },
        19 => match draw.below(3) {
            0 => Ty::PasswdEntry(Box::new(Ty::Simple(*draw.pick(&[Simple::Str, Simple::NonEmptyStr])))),
            1 => Ty::Without(Box::new(Ty::Simple(Simple::Int)), Box::new(Def::Int(1))),
            _ => {
                let list = Ty::ListOf(Box::new(Ty::Simple(Simple::Int)));
                Ty::Without(Box::new(list), Box::new(Def::List(vec![Def::Int(1)])))
            }
        },
        20 | 21 => {
            let freeform = draw.once_in(3).then(|| {
                let inside = Box::new(Ty::Simple(*draw.pick(&[Simple::Int, Simple::Str, Simple::Lines])));
                if draw.once_in(4) {
                    Ty::LazyAttrsOf(inside)
                } else {
                    Ty::AttrsOf(inside)
                }
            });
            let submodule = Ty::Submodule(options(draw, ground, depth), freeform.map(Box::new));
            if submodule.fits(ground) {
                submodule
            } else {
                Ty::Submodule(options(draw, ground, depth), None)
            }
        }
        _ => Ty::NullOr(inner(draw)),
    }
}

/// Returns one or two options of a submodule.
fn options(draw: &mut Draw<'_>, ground: &Ground, depth: usize) -> Vec<Decl> {
    let count = draw.between(1, 2);
    NAMES[..count]
        .iter()
        .map(|name| Decl::new(*name, ty(draw, ground, depth)))
        .collect()
}

/// Returns a value that a type takes, without properties; `None` if none is known.
pub fn value(draw: &mut Draw<'_>, ty: &Ty) -> Option<Def> {
    made(draw, ty, false)
}

/// Returns a value that a type takes, with properties inside where the type resolves them: around elements of lists,
/// attributes of sets and options of submodules; `None` if none is known.
pub fn definition(draw: &mut Draw<'_>, ty: &Ty) -> Option<Def> {
    made(draw, ty, true)
}

fn made(draw: &mut Draw<'_>, ty: &Ty, properties: bool) -> Option<Def> {
    Some(match ty {
        Ty::Simple(simple) => match simple.range() {
            Some((low, high)) if draw.once_in(3) => Def::Int(i64::try_from(draw.below(10)).ok()?.clamp(low, high)),
            _ => draw.pick(simple.row().accepted).def(),
        },
        Ty::Between(low, high) => {
            let step = i64::try_from(draw.below(4)).ok()?;
            Def::Int(*draw.pick(&[*low, *high, low.saturating_add(step).min(*high)]))
        }
        Ty::NumbersBetween(low, high) => match draw.below(3) {
            0 => Def::Int(*low),
            1 => Def::Int(*high),
            _ => Def::Float(0.5 + f64::from(i32::try_from(*low).ok()?)),
        },
        Ty::Separated(_) => Def::str(*draw.pick(&["a", "b", "", "c d"])),
        Ty::StrMatching(Pattern::Letters) => Def::str(*draw.pick(&["a", "b", "ab"])),
        Ty::StrMatching(Pattern::TwoDigits) => Def::str(*draw.pick(&["00", "42"])),
        Ty::Enum(values) => {
            if values.is_empty() {
                return None;
            }
            draw.pick(values).clone()
        }
        Ty::ListOf(ty) => list(draw, ty, 0, properties)?,
        Ty::NonEmptyListOf(ty) => list(draw, ty, 1, properties)?,
        Ty::AttrListOf(ty) => match draw.below(3) {
            0 => set(draw, ty, properties)?,
            _ => {
                let mut items = Vec::new();
                for _ in 0..draw.below(4) {
                    let item = Def::Attrs(vec![((*draw.pick(NAMES)).into(), inside(draw, ty, properties)?)]);
                    let ordered = properties && draw.once_in(4);
                    items.push(if ordered { item.placed(place(draw)) } else { item });
                }
                Def::List(items)
            }
        },
        Ty::AttrsOf(ty) | Ty::LazyAttrsOf(ty) | Ty::LoaOf(ty) | Ty::AttrsWith(ty, ..) => set(draw, ty, properties)?,
        Ty::AttrTag(tags) => {
            if tags.is_empty() {
                return None;
            }
            let tag = draw.pick(tags);
            Def::at(&tag.path, inside(draw, tag.ty.as_ref()?, properties)?)
        }
        Ty::PathWith(in_store, absolute) => {
            let texts: &[&str] = match (in_store, absolute) {
                (Some(true), _) => &[
                    "/nix/store/0000000000000000000000000000000a-a",
                    "/nix/store/0000000000000000000000000000000b-b/c",
                ],
                (_, Some(false)) => &["a", "b/c", "./d"],
                _ => &["/a", "/b/c"],
            };
            Def::str(*draw.pick(texts))
        }
        Ty::PasswdEntry(_) | Ty::Without(..) => return checked(draw, ty, properties),
        Ty::Uniq(ty) | Ty::Unique(_, ty) => made(draw, ty, properties)?,
        Ty::NullOr(_) if draw.once_in(3) => Def::Null,
        Ty::NullOr(ty) => made(draw, ty, properties)?,
        Ty::Either(left, right) => {
            let side = if draw.once_in(2) { left } else { right };
            made(draw, side, properties)?
        }
        Ty::OneOf(types) => {
            if types.is_empty() {
                return None;
            }
            let one = draw.pick(types);
            made(draw, one, properties)?
        }
        Ty::CoercedTo(from, _, _) if draw.once_in(2) => made(draw, from, properties)?,
        Ty::CoercedTo(_, _, to) => made(draw, to, properties)?,
        Ty::Submodule(options, freeform) => submodule(draw, options, freeform.as_deref(), properties)?,
        Ty::FunctionTo(ty) => Def::Constant(Box::new(made(draw, ty, properties)?)),
        Ty::Custom(custom) => {
            if custom.samples.is_empty() {
                return None;
            }
            draw.pick(&custom.samples).clone()
        }
    })
}

/// Returns a value of the type inside a condition, of which the condition holds.
fn checked(draw: &mut Draw<'_>, ty: &Ty, properties: bool) -> Option<Def> {
    let (Ty::PasswdEntry(inner) | Ty::Without(inner, _)) = ty else {
        return None;
    };
    for _ in 0..TRIES {
        let value = made(draw, inner, properties)?;
        if accepts(ty, &value, Edition::Current) == Some(true) {
            return Some(value);
        }
    }
    None
}

fn list(draw: &mut Draw<'_>, ty: &Ty, least: usize, properties: bool) -> Option<Def> {
    let count = draw.between(least, 2);
    let elements = (0..count).map(|_| inside(draw, ty, properties));
    elements.collect::<Option<_>>().map(Def::List)
}

fn set(draw: &mut Draw<'_>, ty: &Ty, properties: bool) -> Option<Def> {
    let mut entries = Vec::new();
    for name in NAMES {
        if draw.once_in(2) {
            entries.push(((*name).to_owned(), inside(draw, ty, properties)?));
        }
    }
    Some(Def::Attrs(entries))
}

/// Returns definitions of all options of a submodule.
fn submodule(draw: &mut Draw<'_>, options: &[Decl], freeform: Option<&Ty>, properties: bool) -> Option<Def> {
    let mut entries = Vec::new();
    for option in options {
        if option.default.is_some() && draw.once_in(2) {
            continue;
        }
        let value = match &option.ty {
            Some(ty) => inside(draw, ty, properties)?,
            None => Def::Int(1),
        };
        put(&mut entries, &option.path, value);
    }
    if let Some(Ty::AttrsOf(ty) | Ty::LazyAttrsOf(ty)) = freeform
        && draw.once_in(2)
    {
        entries.push(("free".into(), inside(draw, ty, properties)?));
    }
    Some(Def::Attrs(entries))
}

/// Puts a value at a path into a set.
fn put(entries: &mut Vec<(String, Def)>, path: &[String], value: Def) {
    let Some((name, rest)) = path.split_first() else { return };
    match entries.iter_mut().find(|(known, _)| known == name) {
        Some((_, Def::Attrs(below))) => put(below, rest, value),
        Some(_) => {}
        None => entries.push((name.clone(), Def::at(rest, value))),
    }
}

/// Returns a value inside another one, perhaps with a property around it.
fn inside(draw: &mut Draw<'_>, ty: &Ty, properties: bool) -> Option<Def> {
    let value = made(draw, ty, properties)?;
    if !properties || !draw.once_in(4) {
        return Some(value);
    }
    Some(match draw.below(6) {
        0 => value.when(true),
        1 => value.when(false),
        2 => value.weighed(*draw.pick(&[Def::FORCE, Def::DEFAULT, 99, 101])),
        3 => value.placed(place(draw)),
        4 => Def::Merge(vec![value]),
        _ => {
            let other = made(draw, ty, properties)?;
            Def::Merge(vec![value, other.weighed(*draw.pick(&[Def::FORCE, Def::DEFAULT]))])
        }
    })
}

fn place(draw: &mut Draw<'_>) -> i64 {
    *draw.pick(&[Def::BEFORE, Def::AFTER, 999, 1001, -1])
}

/// Returns a value that a type refuses, or whose inside it refuses; `None` if there is none, or none is known.
pub fn wrong(draw: &mut Draw<'_>, ty: &Ty) -> Option<Def> {
    let deep = draw.once_in(3);
    match ty {
        Ty::Simple(simple) => {
            let refused = simple.row().refused;
            (!refused.is_empty()).then(|| draw.pick(refused).def())
        }
        Ty::ListOf(ty) | Ty::NonEmptyListOf(ty) if deep => Some(Def::List(vec![wrong(draw, ty)?])),
        Ty::AttrsOf(ty) | Ty::LazyAttrsOf(ty) | Ty::AttrsWith(ty, ..) | Ty::LoaOf(ty) if deep => {
            Some(Def::Attrs(vec![((*draw.pick(NAMES)).into(), wrong(draw, ty)?)]))
        }
        Ty::AttrListOf(ty) if deep => {
            let item = Def::Attrs(vec![((*draw.pick(NAMES)).into(), wrong(draw, ty)?)]);
            Some(Def::List(vec![item]))
        }
        Ty::Without(_, value) if deep => Some((**value).clone()),
        Ty::Submodule(options, _) if deep && !options.is_empty() => {
            let option = draw.pick(options);
            Some(Def::at(&option.path, wrong(draw, option.ty.as_ref()?)?))
        }
        Ty::NonEmptyListOf(_) if draw.once_in(2) => Some(Def::List(Vec::new())),
        _ => {
            let no = |value: &Def, edition| accepts(ty, value, edition) == Some(false);
            let refused = odd(ty)
                .into_iter()
                .filter(|value| no(value, Edition::Current) && no(value, Edition::Of2020));
            let refused: Vec<Def> = refused.collect();
            (!refused.is_empty()).then(|| draw.pick(&refused).clone())
        }
    }
}

/// Returns values of all kinds, and those just beside a range.
pub fn odd(ty: &Ty) -> Vec<Def> {
    let mut values = vec![
        Def::Null,
        Def::Bool(true),
        Def::Int(7),
        Def::Float(7.5),
        Def::str("odd one"),
        Def::str(""),
        Def::List(vec![Def::Int(7)]),
        Def::Attrs(vec![("x".into(), Def::Int(7))]),
        Def::Nix("x: x".into()),
    ];
    if let Ty::Between(low, high) | Ty::NumbersBetween(low, high) = ty {
        values.extend([low.saturating_sub(1), high.saturating_add(1)].map(Def::Int));
    }
    if let Ty::StrMatching(_) = ty {
        values.extend(["A", "a1", "123", "1"].map(Def::str));
    }
    if let Ty::PasswdEntry(_) = ty {
        values.extend(["a:b", "a\nb"].map(Def::str));
    }
    if let Ty::PathWith(..) = ty {
        values.extend(["/a", "a", "/nix/store/0000000000000000000000000000000a-a"].map(Def::str));
        values.push(Def::Path("/a".into()));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{libraries, on, seen};
    use crate::random::numbers;
    use crate::{Expr, Module, Scene};

    #[test]
    fn types_take_their_values_and_refuse_the_others_in_each_library() {
        for lib in libraries() {
            on(&lib, |ev, ground| {
                for simple in Simple::all() {
                    let ty = Ty::Simple(simple);
                    if !ty.fits(ground) {
                        continue;
                    }
                    let row = simple.row();
                    for (values, fine) in [(row.accepted, true), (row.refused, false)] {
                        for value in values {
                            let check = Expr::call("t: v: { ok = t.check v; }", [ty.expr(), value.def().expr()]);
                            assert_eq!(
                                seen(ev, ground, &check),
                                [format!("ok = {fine}")],
                                "{} {value:?}",
                                row.nix
                            );
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn drawn_values_are_taken_and_wrong_ones_refused() {
        for lib in libraries() {
            on(&lib, |ev, ground| {
                let mut refused = 0;
                for case in 0..600 {
                    let mut rng = numbers(3, &[], case);
                    let mut draw = Draw::new(&mut rng);
                    let ty = ty(&mut draw, ground, 2);
                    if let Some(value) = value(&mut draw, &ty) {
                        let check = Expr::call("t: v: { ok = t.check v; }", [ty.expr(), value.expr()]);
                        assert_eq!(seen(ev, ground, &check), ["ok = true"], "{ty:?} {value:?}");
                    }
                    let Some(value) = wrong(&mut draw, &ty) else { continue };
                    refused += 1;
                    let scene = Scene {
                        modules: vec![
                            Module::declares("options.nix", vec![Decl::new("x", ty.clone())]),
                            Module::defines("a.nix", &["x".into()], value.clone()),
                        ],
                        ..Scene::default()
                    };
                    let lines = seen(ev, ground, &scene.config());
                    assert!(lines[0].starts_with("x fails: "), "{ty:?} {value:?} {lines:?}");
                }
                assert!(refused > 300, "{refused}");
            });
        }
    }
}
