//! One option: its declarations joined, its definitions merged.

use super::equal::read;
use super::properties::{Counting, Given, counting};
use super::words::Outcome;
use super::{Edition, Model};
use crate::{Apply, Decl, Def, Plain, Simple, Ty};
use std::borrow::Cow;
use std::rc::Rc;

/// The function that shows a function: what it gives.
pub const CALLED: &str = "f: f { }";

/// What becomes of an option.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its value.
    pub value: Outcome<Plain>,
    /// Its definitions that count.
    counting: Outcome<Counting>,
    /// The files that declare it.
    declarations: Vec<Rc<str>>,
}

/// An option, its declarations joined.
struct Joined {
    ty: Ty,
    default: Option<Def>,
    apply: Option<Apply>,
    read_only: bool,
}

impl Model {
    /// Returns what becomes of an option.
    pub(super) fn entry(&self, loc: &[String], decls: &[(Rc<str>, Cow<'_, Decl>)], defs: &[Given]) -> Entry {
        let declarations: Vec<Rc<str>> = decls.iter().map(|(file, _)| file.clone()).collect();
        let broken = |fault: super::Fault, declarations| Entry {
            value: Err(fault.clone()),
            counting: Err(fault),
            declarations,
        };
        let option = match self.joined(loc, decls, &declarations) {
            Ok(option) => option,
            Err(fault) => return broken(fault, declarations),
        };
        let mut all = Vec::with_capacity(defs.len() + 1);
        if let (Some(default), Some(file)) = (&option.default, declarations.first()) {
            all.push(Given::new(file, default.clone().weighed(Def::OPTION_DEFAULT)));
        }
        all.extend_from_slice(defs);
        if option.read_only && all.len() > 1 {
            return broken(self.defined_again(&option.ty, loc, &all), declarations);
        }
        let counting = counting(&all, self.edition);
        let value = self.applied(&option, loc, &counting);
        Entry {
            value,
            counting: Ok(counting),
            declarations,
        }
    }

    /// An option that may be defined once only is defined more often. The message shows each definition's own value, and
    /// nobody knows it where showing one fails.
    fn defined_again(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> super::Fault {
        let unknown = |def: &Given| {
            let alone = counting(std::slice::from_ref(def), self.edition);
            self.merged(ty, loc, &alone.values) == Err(super::Fault::Unknown)
        };
        if self.edition == Edition::Current && defs.iter().any(unknown) {
            return super::Fault::Unknown;
        }
        self.edition.read_only(loc)
    }

    /// Joins declarations, the last module's first.
    ///
    /// Only one of them may have a default, and one an `apply`. Types must be joinable; a declaration without a
    /// type leaves it to the others. The option may be defined once only if one of them says so.
    fn joined(&self, loc: &[String], decls: &[(Rc<str>, Cow<'_, Decl>)], files: &[Rc<str>]) -> Outcome<Joined> {
        let mut ty: Option<Ty> = None;
        let mut default: Option<&Def> = None;
        let mut apply: Option<&Apply> = None;
        for (i, (file, decl)) in decls.iter().enumerate() {
            let already = || self.edition.declared(loc, file, &files[..i]);
            if default.is_some() && decl.default.is_some() || apply.is_some() && decl.apply.is_some() {
                return Err(already());
            }
            default = default.or(decl.default.as_ref());
            apply = apply.or(decl.apply.as_ref());
            ty = match (ty, &decl.ty) {
                (Some(before), Some(ty)) => Some(self.join(&before, ty)?.ok_or_else(already)?),
                (before, ty) => before.or_else(|| ty.clone()),
            };
        }
        Ok(Joined {
            ty: self.rebuilt(ty.unwrap_or(Ty::Simple(Simple::Unspecified))),
            default: default.cloned(),
            apply: apply.cloned(),
            read_only: decls.iter().any(|(_, decl)| decl.read_only),
        })
    }

    /// Merges the definitions that count, and applies `apply` to the value, once.
    fn applied(&self, option: &Joined, loc: &[String], counting: &Counting) -> Outcome<Plain> {
        let (ty, defs) = (&option.ty, &counting.values);
        match &option.apply {
            None => self.merged(ty, loc, defs),
            Some(Apply::Wrap) => Ok(Plain::attrs([("applied", self.merged(ty, loc, defs)?)])),
            Some(Apply::Nix(text)) => match ty {
                Ty::FunctionTo(result) if &**text == CALLED && !defs.is_empty() => {
                    self.merged(ty, loc, defs)?;
                    self.body(result, loc, defs)
                }
                _ => Err(super::Fault::Unknown),
            },
        }
    }

    /// Returns the value of definitions that count: an error if there is none, unless the type has a value for
    /// nothing (in 2020 no option had), an error if the type refuses one, else what the type makes of them.
    pub(super) fn merged(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        if defs.is_empty() {
            let empty = match self.edition {
                Edition::Current => self.nothing(ty),
                Edition::Of2020 => None,
            };
            return empty.unwrap_or_else(|| Err(self.edition.undefined(loc)));
        }
        if let Some(wrong) = self.refused(ty, loc, defs)? {
            return Err(self.edition.not_of_type(loc, self.described(ty), &wrong));
        }
        self.merge(ty, loc, defs)
    }

    /// Returns the value of definitions with properties; `None` if none counts.
    pub(super) fn resolved(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Option<Outcome<Plain>> {
        let counting = counting(defs, self.edition);
        (!counting.values.is_empty()).then(|| self.merged(ty, loc, &counting.values))
    }
}

impl Entry {
    /// Returns what `options` says of the option: the files of the definitions that count, whether there are any, their
    /// priority, they themselves, and the files of the declarations.
    pub(super) fn facts(&self) -> Outcome<Plain> {
        let counting = self.counting.clone()?;
        let text = |file: &Rc<str>| Plain::str(&**file);
        let definitions: Outcome<Vec<Plain>> = counting.values.iter().map(|given| read(&given.value)).collect();
        Ok(Plain::attrs([
            (
                "declarations",
                Plain::List(self.declarations.iter().map(text).collect()),
            ),
            ("definitions", Plain::List(definitions?)),
            (
                "files",
                Plain::List(counting.values.iter().map(|given| text(&given.file)).collect()),
            ),
            ("highestPrio", Plain::Int(counting.priority)),
            ("isDefined", Plain::Bool(!counting.values.is_empty())),
        ]))
    }
}
