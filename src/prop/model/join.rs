//! Types that two declarations of one option have together.

use super::words::{Fault, Outcome};
use super::{Edition, Model, same};
use crate::{Decl, Simple, Ty};

impl Model {
    /// Returns the type of an option of which one declaration has the first type and another one the second; `None` if
    /// they cannot be joined.
    ///
    /// Types of one name are joined: enumerations to that of all values; lists, sets, `nullOr` and the like if what is
    /// inside can be; `either` side by side; submodules to one with all options. What a type was made of by adding a
    /// condition counts as the type without it, and is that afterwards: two `ints.u8` are an `int`. A
    /// `coercedTo` and an `attrListOf` can never be joined.
    pub(super) fn join(&self, first: &Ty, second: &Ty) -> Outcome<Option<Ty>> {
        let inside = |a: &Ty, b: &Ty, around: &dyn Fn(Box<Ty>) -> Ty| {
            Ok(self.join(a, b)?.map(|joined| around(Box::new(joined))))
        };
        let old = self.edition == Edition::Of2020;
        Ok(match (self.root(first), self.root(second)) {
            (Ty::Custom(_), _) | (_, Ty::Custom(_)) => return Err(Fault::Unknown),
            // Each holds itself, so joining never ends.
            (Ty::Simple(Simple::Json | Simple::Toml), Ty::Simple(Simple::Json | Simple::Toml)) => {
                return Err(Fault::Unknown);
            }
            (Ty::Simple(a), Ty::Simple(b)) if a == b => Some(Ty::Simple(a)),
            (Ty::Separated(a), Ty::Separated(b)) if a == b => Some(Ty::Separated(a)),
            (Ty::StrMatching(a), Ty::StrMatching(b)) if a == b && !old => Some(Ty::StrMatching(a)),
            (Ty::PathWith(a, b), Ty::PathWith(c, d)) if (a, b) == (c, d) => Some(Ty::PathWith(a, b)),
            (Ty::Enum(a), Ty::Enum(b)) => {
                let mut all = a;
                all.extend(b);
                let mut unique = Vec::new();
                for value in all {
                    if !unique.iter().any(|known| same(known, &value) == Some(true)) {
                        unique.push(value);
                    }
                }
                Some(Ty::Enum(unique))
            }
            (Ty::ListOf(a), Ty::ListOf(b)) => inside(&a, &b, &Ty::ListOf)?,
            (Ty::NullOr(a), Ty::NullOr(b)) => inside(&a, &b, &Ty::NullOr)?,
            (Ty::Uniq(a), Ty::Uniq(b) | Ty::Unique(_, b)) => inside(&a, &b, &Ty::Uniq)?,
            (Ty::Unique(message, a), Ty::Uniq(b) | Ty::Unique(_, b)) => {
                inside(&a, &b, &|ty| Ty::Unique(message.clone(), ty))?
            }
            (Ty::FunctionTo(a), Ty::FunctionTo(b)) => inside(&a, &b, &Ty::FunctionTo)?,
            (Ty::AttrsOf(a), Ty::AttrsOf(b)) if old => inside(&a, &b, &Ty::AttrsOf)?,
            (Ty::LazyAttrsOf(a), Ty::LazyAttrsOf(b)) if old => inside(&a, &b, &Ty::LazyAttrsOf)?,
            (Ty::LoaOf(a), Ty::LoaOf(b)) if old => inside(&a, &b, &Ty::LoaOf)?,
            (Ty::AttrsWith(a, lazy, name), Ty::AttrsWith(b, other, text)) => {
                // A name that says nothing gives way to one that does.
                let usual = |name: &String| name == "name";
                if lazy != other || name != text && !usual(&name) && !usual(&text) {
                    return Ok(None);
                }
                let name = if usual(&name) { text } else { name };
                inside(&a, &b, &|ty| Ty::AttrsWith(ty, lazy, name.clone()))?
            }
            (Ty::Either(a, b), Ty::Either(c, d)) => match (self.join(&a, &c)?, self.join(&b, &d)?) {
                (Some(left), Some(right)) => Some(Ty::Either(Box::new(left), Box::new(right))),
                _ => None,
            },
            (Ty::Submodule(a, free), Ty::Submodule(b, other)) => {
                let free = match (free, other) {
                    (Some(a), Some(b)) => Some(Box::new(self.join(&a, &b)?.ok_or(Fault::Unknown)?)),
                    (a, b) => a.or(b),
                };
                // The other declaration's modules come first, so that its definitions and options come last.
                Some(Ty::Submodule([b, a].concat(), free))
            }
            (Ty::AttrTag(a), Ty::AttrTag(b)) => Some(Ty::AttrTag(self.tags(a, b)?)),
            // The library of 2020 returns a function here, and fails on it later.
            (Ty::CoercedTo(..), _) if old => return Err(Fault::Unknown),
            _ => None,
        })
    }

    fn tags(&self, first: Vec<Decl>, second: Vec<Decl>) -> Outcome<Vec<Decl>> {
        let mut all = first;
        for tag in second {
            match all.iter_mut().find(|known| known.path == tag.path) {
                None => all.push(tag),
                Some(known) => {
                    let (Some(a), Some(b)) = (&known.ty, &tag.ty) else {
                        return Err(Fault::Unknown);
                    };
                    known.ty = Some(self.join(a, b)?.ok_or(Fault::Unknown)?);
                }
            }
        }
        Ok(all)
    }

    /// Returns a type as its functor knows it, in one of a few forms.
    fn root(&self, ty: &Ty) -> Ty {
        let current = self.edition == Edition::Current;
        let simple = |simple| Ty::Simple(simple);
        match ty {
            Ty::Simple(inner) if inner.range().is_some() => simple(Simple::Int),
            Ty::Between(..) => simple(Simple::Int),
            Ty::Simple(Simple::Number | Simple::Nonnegative | Simple::PositiveNumber) | Ty::NumbersBetween(..) => {
                Ty::Either(Box::new(simple(Simple::Int)), Box::new(simple(Simple::Float)))
            }
            Ty::Simple(Simple::ShellPackage) => simple(Simple::Package),
            Ty::Simple(Simple::Pkgs) => Ty::Unique(super::merge::PKGS.into(), Box::new(simple(Simple::Attrs))),
            Ty::Simple(Simple::Path) if current => Ty::PathWith(None, Some(true)),
            Ty::Simple(Simple::PathInStore) => Ty::PathWith(Some(true), None),
            Ty::Simple(Simple::ExternalPath) => Ty::PathWith(Some(false), Some(true)),
            Ty::Simple(inner) => match inner.separator() {
                Some(separator) => Ty::Separated(separator.into()),
                None => ty.clone(),
            },
            Ty::PasswdEntry(inner) | Ty::Without(inner, _) => self.root(inner),
            Ty::NonEmptyListOf(inner) => Ty::ListOf(inner.clone()),
            Ty::AttrsOf(inner) | Ty::LoaOf(inner) if current => Ty::AttrsWith(inner.clone(), false, "name".into()),
            Ty::LazyAttrsOf(inner) if current => Ty::AttrsWith(inner.clone(), true, "name".into()),
            Ty::OneOf(types) => {
                let mut types = types.iter().cloned();
                let first = types.next().unwrap_or(simple(Simple::Unspecified));
                types.fold(first, |left, right| Ty::Either(Box::new(left), Box::new(right)))
            }
            other => other.clone(),
        }
    }

    /// Returns the type of an option as it is after the options of all declarations were put into its submodules.
    ///
    /// A type that holds a submodule is made anew from the inside, and conditions are lost on the way: those
    /// of `addCheck`, the message of `unique`, in 2020 that a list must not be empty.
    pub(super) fn rebuilt(&self, ty: Ty) -> Ty {
        if !holds_submodule(&ty) {
            return ty;
        }
        let inner = |ty: Box<Ty>| Box::new(self.rebuilt(*ty));
        match ty {
            Ty::ListOf(ty) => Ty::ListOf(inner(ty)),
            Ty::NonEmptyListOf(ty) if self.edition == Edition::Of2020 => Ty::ListOf(inner(ty)),
            Ty::NonEmptyListOf(ty) => Ty::NonEmptyListOf(inner(ty)),
            Ty::AttrListOf(ty) => Ty::AttrListOf(inner(ty)),
            Ty::LoaOf(ty) if self.edition == Edition::Of2020 => Ty::LoaOf(inner(ty)),
            Ty::AttrsOf(ty) | Ty::LoaOf(ty) => Ty::AttrsOf(inner(ty)),
            Ty::LazyAttrsOf(ty) => Ty::LazyAttrsOf(inner(ty)),
            Ty::AttrsWith(ty, lazy, name) => Ty::AttrsWith(inner(ty), lazy, name),
            Ty::NullOr(ty) => Ty::NullOr(inner(ty)),
            Ty::Uniq(ty) | Ty::Unique(_, ty) => Ty::Uniq(inner(ty)),
            Ty::FunctionTo(ty) => Ty::FunctionTo(inner(ty)),
            Ty::CoercedTo(from, coercion, to) => Ty::CoercedTo(from, coercion, inner(to)),
            Ty::PasswdEntry(ty) | Ty::Without(ty, _) => self.rebuilt(*ty),
            other => other,
        }
    }
}

/// Whether a type hands modules to a submodule.
pub(super) fn holds_submodule(ty: &Ty) -> bool {
    innermost(ty).is_some()
}

/// Returns the type that a type hands its modules to: a submodule or a module that is kept.
pub(super) fn innermost(ty: &Ty) -> Option<&Ty> {
    match ty {
        Ty::Submodule(..) | Ty::Simple(Simple::DeferredModule) => Some(ty),
        Ty::CoercedTo(_, _, ty) => innermost(ty),
        _ => ty.inner().and_then(innermost),
    }
}
