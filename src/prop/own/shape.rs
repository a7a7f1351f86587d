//! Reading the shape of a type from its value, as libraries from 2020 until today make them.
//!
//! A type says its name and, in one place or another, what it is made of. That is enough to draw values for it. What a
//! type does beyond that, such as an `addCheck`, is not looked for: whether it takes a value is always asked of itself.

use super::known::{Function, Shape};
use super::read::{attempt, get, list, text};
use super::sample;
use crate::{Coercion, Custom, Decl, Def, Simple, Ty};
use diag::{Pos, Span};
use eval::error::Eval;
use eval::{Evaluator, Val};
use nixos::diagnose::Viewpoint;
use std::sync::Arc;

/// Deepest types inside each other that are read; types that hold themselves have no end.
const MOST_DEPTH: usize = 6;
/// Most options of submodules that are read for one type.
const MOST_OPTIONS: usize = 60;

/// Returns the shape of a type, with the user's own functions in it; `None` if the value is no type.
pub(super) fn read(ev: &mut Evaluator, ty: Val, view: &Viewpoint<'_>) -> Eval<Option<Shape>> {
    if text(ev, ty, &["_type"])?.as_deref() != Some("option-type") {
        return Ok(None);
    }
    let name = text(ev, ty, &["name"])?.unwrap_or_default();
    let mut reader = Reader {
        view,
        options: MOST_OPTIONS,
        merge: None,
    };
    let check = own(ev, view, ty, &["check"])?;
    let elements = own_merge(ev, view, ty)?.is_some() && get(ev, ty, &["nestedTypes", "elemType", "check"])?.is_some();
    let part = reader.part(ev, ty, 0)?;
    Ok(Some(Shape {
        ty: part.ty,
        merge: reader.merge,
        check: check.map(|span| Function { of: name.clone(), span }),
        name,
        elements,
        orderly: part.orderly,
        resolves: part.resolves,
    }))
}

/// A part of a type.
struct Part {
    ty: Ty,
    orderly: bool,
    resolves: bool,
}

struct Reader<'v> {
    view: &'v Viewpoint<'v>,
    /// How many more options of submodules may be read.
    options: usize,
    merge: Option<Function>,
}

impl Reader<'_> {
    fn part(&mut self, ev: &mut Evaluator, ty: Val, depth: usize) -> Eval<Part> {
        let name = text(ev, ty, &["name"])?.unwrap_or_default();
        let own = own_merge(ev, self.view, ty)?;
        if let Some(span) = own
            && self.merge.is_none()
        {
            self.merge = Some(Function { of: name.clone(), span });
        }
        let mut part = match depth < MOST_DEPTH {
            true => self.known(ev, ty, &name, depth)?,
            false => None,
        };
        if part.is_none() {
            part = Some(Part {
                ty: custom(ev, ty, &name)?,
                orderly: false,
                resolves: false,
            });
        }
        let mut part = part.unwrap_or_else(|| plain(Simple::Unspecified));
        if own.is_some() {
            // What the user's own function does is what the laws are about.
            (part.orderly, part.resolves) = (true, true);
        }
        Ok(part)
    }

    /// Returns a type of the library; `None` if it is none.
    fn known(&mut self, ev: &mut Evaluator, ty: Val, name: &str, depth: usize) -> Eval<Option<Part>> {
        if let Some(part) = simple(name) {
            return Ok(Some(part));
        }
        Ok(Some(match name {
            // A derivation of ours has little of what real ones have, so that only those at hand are tried.
            "package" | "shellPackage" | "pkgs" => scalar(Ty::Custom(Arc::new(Custom {
                name: name.to_owned(),
                nix: "option.type".into(),
                samples: Vec::new(),
            }))),
            "unsignedInt8" => plain(Simple::U8),
            "unsignedInt16" => plain(Simple::U16),
            "separatedString" => {
                let new = text(ev, ty, &["functor", "payload", "sep"])?;
                let old = text(ev, ty, &["functor", "payload"])?;
                scalar(Ty::Separated(new.or(old).unwrap_or_default()))
            }
            "intBetween" | "signedInt8" | "signedInt16" | "signedInt32" | "unsignedInt32" => {
                match text(ev, ty, &["description"])?.and_then(|words| bounds(&words)) {
                    Some((low, high)) => scalar(Ty::Between(low, high)),
                    None => plain(Simple::Int),
                }
            }
            "enum" => match self.values(ev, ty)? {
                values if values.is_empty() => return Ok(None),
                values => scalar(Ty::Enum(values)),
            },
            "listOf" | "attrsOf" | "lazyAttrsOf" | "nullOr" | "uniq" | "unique" | "functionTo" => {
                let Some(inner) = inner(ev, ty)? else { return Ok(None) };
                let part = self.part(ev, inner, depth + 1)?;
                around(name, part)
            }
            "either" => {
                let Some((left, right)) = both(ev, ty)? else {
                    return Ok(None);
                };
                let left = self.part(ev, left, depth + 1)?;
                let right = self.part(ev, right, depth + 1)?;
                Part {
                    orderly: left.orderly && right.orderly,
                    resolves: left.resolves && right.resolves,
                    ty: Ty::Either(Box::new(left.ty), Box::new(right.ty)),
                }
            }
            "coercedTo" => {
                let last = match get(ev, ty, &["nestedTypes", "finalType"])? {
                    Some(last) => Some(last),
                    None => get(ev, ty, &["functor", "wrapped"])?,
                };
                let Some(last) = last else { return Ok(None) };
                let mut part = self.part(ev, last, depth + 1)?;
                if let Some(first) = get(ev, ty, &["nestedTypes", "coercedType"])? {
                    let first = self.part(ev, first, depth + 1)?;
                    // The function is the user's; only what it takes matters for drawing values.
                    part.ty = Ty::CoercedTo(Box::new(first.ty), Coercion::ToString, Box::new(part.ty));
                }
                // Its function is given definitions with their properties unresolved.
                part.resolves = false;
                part
            }
            "submodule" => self.submodule(ev, ty, depth)?,
            _ => return Ok(None),
        }))
    }

    /// Returns the values of an `enum` that are data.
    fn values(&self, ev: &mut Evaluator, ty: Val) -> Eval<Vec<Def>> {
        let mut values = list(ev, ty, &["functor", "payload", "values"])?;
        if values.is_empty() {
            values = list(ev, ty, &["functor", "payload"])?;
        }
        let mut found = Vec::new();
        for value in values {
            let cell = ev.cell(value);
            found.extend(sample::data(ev, cell)?);
        }
        Ok(found)
    }

    fn submodule(&mut self, ev: &mut Evaluator, ty: Val, depth: usize) -> Eval<Part> {
        let mut part = Part {
            ty: Ty::Submodule(Vec::new(), None),
            orderly: true,
            resolves: true,
        };
        let mut declarations = Vec::new();
        if let Some(options) = self.sub_options(ev, ty)? {
            self.declarations(ev, options, &mut Vec::new(), depth, &mut declarations, &mut part)?;
        }
        let freeform = match get(ev, ty, &["nestedTypes", "freeformType"])? {
            Some(freeform) if freeform.is_attrs() => {
                let inner = self.part(ev, freeform, depth + 1)?;
                part.orderly &= inner.orderly;
                part.resolves &= inner.resolves;
                Some(Box::new(inner.ty))
            }
            _ => None,
        };
        part.ty = Ty::Submodule(declarations, freeform);
        Ok(part)
    }

    fn sub_options(&self, ev: &mut Evaluator, ty: Val) -> Eval<Option<Val>> {
        let Some(function) = get(ev, ty, &["getSubOptions"])? else {
            return Ok(None);
        };
        let options = attempt(ev, |ev| {
            let function = ev.cell(function);
            let prefix = ev.mem.list(&[]);
            let prefix = ev.cell(prefix);
            let options = ev.call_cell(function, &[prefix], Pos::NONE)?;
            let options = ev.cell(options);
            ev.force_attrs(options, Pos::NONE, "while listing the options of a submodule")
        })?;
        Ok(options)
    }

    /// Reads the options of a submodule, or of a set of them.
    fn declarations(
        &mut self,
        ev: &mut Evaluator,
        set: Val,
        path: &mut Vec<String>,
        depth: usize,
        found: &mut Vec<Decl>,
        whole: &mut Part,
    ) -> Eval<()> {
        for (symbol, attr) in ev.sorted_entries(set) {
            let name = ev.symbols.text(symbol).into_owned();
            if self.options == 0 {
                // What is not read may be anything.
                (whole.orderly, whole.resolves) = (false, false);
                return Ok(());
            }
            if name == "_module" || name == "_freeformOptions" {
                continue;
            }
            let Some(value) = attempt(ev, |ev| ev.force(attr.value, attr.pos))? else {
                continue;
            };
            path.push(name);
            if text(ev, value, &["_type"])?.as_deref() == Some("option") {
                self.options -= 1;
                let inner = get(ev, value, &["type"])?;
                let part = match inner {
                    Some(inner) => self.part(ev, inner, depth + 1)?,
                    None => opaque(Ty::Simple(Simple::Unspecified)),
                };
                whole.orderly &= part.orderly;
                whole.resolves &= part.resolves;
                if !is_drawable(&part.ty) {
                    path.pop();
                    continue;
                }
                found.push(Decl {
                    path: path.clone(),
                    ty: Some(part.ty),
                    default: get(ev, value, &["default"])?.map(|_| Def::Null),
                    apply: None,
                    read_only: get(ev, value, &["readOnly"])?.and_then(Val::as_bool) == Some(true),
                });
            } else if value.is_attrs() && path.len() < MOST_DEPTH {
                self.declarations(ev, value, path, depth, found, whole)?;
            }
            path.pop();
        }
        Ok(())
    }
}

/// Returns where the function is bound that merges definitions of a type, if the user wrote it.
fn own_merge(ev: &mut Evaluator, view: &Viewpoint<'_>, ty: Val) -> Eval<Option<Span>> {
    match own(ev, view, ty, &["merge", "v2"])? {
        Some(span) => Ok(Some(span)),
        None => own(ev, view, ty, &["merge"]),
    }
}

/// Returns where the function is bound that a path of names leads to, if the user wrote it.
pub(super) fn own(ev: &mut Evaluator, view: &Viewpoint<'_>, from: Val, path: &[&str]) -> Eval<Option<Span>> {
    let Some(function) = get(ev, from, path)? else {
        return Ok(None);
    };
    match nixos::function_pos(ev, function)? {
        Some(pos) if view.owns(&ev.sources, pos) => nixos::function_at(ev, function),
        _ => Ok(None),
    }
}

/// Whether values of a type can be drawn: of no type of which none is known.
fn is_drawable(ty: &Ty) -> bool {
    match ty {
        Ty::Custom(custom) => !custom.samples.is_empty(),
        Ty::ListOf(ty) | Ty::AttrsOf(ty) | Ty::LazyAttrsOf(ty) | Ty::NullOr(ty) | Ty::Uniq(ty) | Ty::FunctionTo(ty) => {
            is_drawable(ty)
        }
        Ty::Either(left, right) | Ty::CoercedTo(left, _, right) => is_drawable(left) && is_drawable(right),
        _ => true,
    }
}

/// Returns a type without parameters by the name that it says it has.
fn simple(name: &str) -> Option<Part> {
    Some(match name {
        "bool" => plain(Simple::Bool),
        "int" => plain(Simple::Int),
        "float" => plain(Simple::Float),
        "str" | "string" => plain(Simple::Str),
        "nonEmptyStr" => plain(Simple::NonEmptyStr),
        "singleLineStr" => plain(Simple::SingleLineStr),
        "path" => plain(Simple::Path),
        "unsignedInt" => plain(Simple::Unsigned),
        "positiveInt" => plain(Simple::Positive),
        "anything" => plain(Simple::Anything),
        // The library's own merge takes the last of several sets, and properties in them as they are.
        "attrs" => opaque(Ty::Simple(Simple::Attrs)),
        "unspecified" => opaque(Ty::Simple(Simple::Unspecified)),
        "raw" => opaque(Ty::Simple(Simple::Raw)),
        _ => return None,
    })
}

fn plain(simple: Simple) -> Part {
    scalar(Ty::Simple(simple))
}

fn scalar(ty: Ty) -> Part {
    Part {
        ty,
        orderly: true,
        resolves: true,
    }
}

fn opaque(ty: Ty) -> Part {
    Part {
        ty,
        orderly: false,
        resolves: false,
    }
}

/// Returns a type with one inner type.
fn around(name: &str, inner: Part) -> Part {
    let ty = Box::new(inner.ty);
    let (orderly, resolves) = (inner.orderly, inner.resolves);
    let (ty, orderly, resolves) = match name {
        "listOf" => (Ty::ListOf(ty), orderly, resolves),
        "attrsOf" => (Ty::AttrsOf(ty), orderly, resolves),
        // A name stays there under `mkIf false`.
        "lazyAttrsOf" => (Ty::LazyAttrsOf(ty), orderly, false),
        "nullOr" => (Ty::NullOr(ty), orderly, resolves),
        // Functions cannot be compared.
        "functionTo" => (Ty::FunctionTo(ty), false, false),
        _ => (Ty::Uniq(ty), orderly, resolves),
    };
    Part { ty, orderly, resolves }
}

/// Returns the inner type of a type that has one.
fn inner(ev: &mut Evaluator, ty: Val) -> Eval<Option<Val>> {
    for path in [
        &["nestedTypes", "elemType"][..],
        &["functor", "payload", "elemType"],
        // The library warns when this is read today, but then one of the above was there.
        &["functor", "wrapped"],
    ] {
        if let Some(inner) = get(ev, ty, path)?
            && inner.is_attrs()
        {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

/// Returns the two inner types of an `either`.
fn both(ev: &mut Evaluator, ty: Val) -> Eval<Option<(Val, Val)>> {
    let left = get(ev, ty, &["nestedTypes", "left"])?;
    let right = get(ev, ty, &["nestedTypes", "right"])?;
    if let (Some(left), Some(right)) = (left, right) {
        return Ok(Some((left, right)));
    }
    Ok(match list(ev, ty, &["functor", "wrapped"])?[..] {
        [left, right] => Some((left, right)),
        _ => None,
    })
}

/// Returns the two numbers in "integer between 1 and 5 (both inclusive)".
fn bounds(words: &str) -> Option<(i64, i64)> {
    let (_, rest) = words.split_once("between ")?;
    let (low, rest) = rest.split_once(" and ")?;
    let high = rest.split(' ').next()?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

/// Returns a type that the library does not have, with what it takes of a handful of usual values.
fn custom(ev: &mut Evaluator, ty: Val, name: &str) -> Eval<Ty> {
    let mut samples = Vec::new();
    if let Some(check) = get(ev, ty, &["check"])? {
        let check = ev.cell(check);
        for value in sample::usual() {
            let yes = attempt(ev, |ev| {
                let value = sample::build(ev, &value);
                let answer = ev.call_cell(check, &[value], Pos::NONE)?;
                let answer = ev.cell(answer);
                ev.force(answer, Pos::NONE)
            })?;
            if yes.and_then(Val::as_bool) == Some(true) {
                samples.push(value);
            }
        }
    }
    Ok(Ty::Custom(Arc::new(Custom {
        name: name.to_owned(),
        nix: "option.type".into(),
        samples,
    })))
}
