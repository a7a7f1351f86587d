//! What each type makes of several definitions.

use super::check::{accepts, coerced};
use super::equal::{Kind, entries, kind, read, same};
use super::modules::Part;
use super::properties::Given;
use super::words::{Fault, Outcome};
use super::{Edition, Model};
use crate::{Coercion, Decl, Def, Merging, Plain, Simple, Ty};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What `types.pkgs` says when there are two.
pub(super) const PKGS: &str = "A Nixpkgs pkgs set can not be merged with another pkgs set.";

impl Model {
    /// Returns the files of the definitions that a type refuses; `None` if it takes all.
    ///
    /// In general that is what the type says of each at first sight. Today an `either` takes definitions only if one
    /// of its sides takes all of them, and a `coercedTo` if what it makes of them is taken.
    pub(super) fn refused(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Option<Vec<Rc<str>>>> {
        let all = || Some(defs.iter().map(|given| given.file.clone()).collect());
        if self.edition == Edition::Of2020 {
            return self.misfits(defs, |value| accepts(ty, value, self.edition));
        }
        match ty {
            Ty::Either(left, right) => Ok(match self.refused(left, loc, defs)? {
                None => None,
                Some(_) => self.refused(right, loc, defs)?.and_then(|_| all()),
            }),
            Ty::OneOf(types) => {
                for ty in types {
                    if self.refused(ty, loc, defs)?.is_none() {
                        return Ok(None);
                    }
                }
                Ok(all())
            }
            Ty::Simple(Simple::Number) => self.refused(&number(), loc, defs),
            Ty::Simple(Simple::Toml) => self.refused(&serializable(Simple::Toml), loc, defs),
            Ty::Simple(Simple::Nonnegative | Simple::PositiveNumber) | Ty::NumbersBetween(..) => {
                match self.refused(&number(), loc, defs)? {
                    None => self.misfits(defs, |value| accepts(ty, value, self.edition)),
                    refused => Ok(refused),
                }
            }
            Ty::Without(inner, other) if one_pass(inner) => match self.refused(inner, loc, defs)? {
                None => self.misfits(defs, |value| same(value, other).map(|same| !same)),
                refused => Ok(refused),
            },
            Ty::CoercedTo(from, coercion, to) if one_pass(to) => {
                self.refused(to, loc, &self.coerced(from, *coercion, loc, defs)?)
            }
            _ => self.misfits(defs, |value| accepts(ty, value, self.edition)),
        }
    }

    fn misfits(&self, defs: &[Given], fits: impl Fn(&Def) -> Option<bool>) -> Outcome<Option<Vec<Rc<str>>>> {
        let mut files = Vec::new();
        for given in defs {
            if !fits(&given.value).ok_or(Fault::Unknown)? {
                files.push(given.file.clone());
            }
        }
        if self.edition == Edition::Of2020 {
            files.truncate(1);
        }
        Ok((!files.is_empty()).then_some(files))
    }

    /// Returns what a type makes of definitions that it took.
    pub(super) fn merge(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        match ty {
            Ty::Simple(simple) => self.simple(*simple, loc, defs),
            Ty::Between(..) | Ty::StrMatching(_) | Ty::Enum(_) | Ty::PathWith(..) => self.equal(loc, defs),
            Ty::NumbersBetween(..) => self.merge(&number(), loc, defs),
            Ty::Separated(separator) => joined(separator, defs),
            Ty::ListOf(ty) | Ty::NonEmptyListOf(ty) => self.list(ty, loc, defs),
            Ty::AttrListOf(inner) => self.named_list(ty, inner, loc, defs),
            Ty::LoaOf(_) if defs.iter().any(|given| kind(&given.value) != Some(Kind::Set)) => Err(Fault::Unknown),
            Ty::AttrsOf(_) | Ty::LazyAttrsOf(_) | Ty::LoaOf(_) | Ty::AttrsWith(..) => {
                whole(self.merge_parts(ty, loc, defs)?)
            }
            Ty::AttrTag(tags) => self.tagged(tags, loc, defs),
            Ty::PasswdEntry(ty) | Ty::Without(ty, _) => self.merge(ty, loc, defs),
            Ty::Uniq(ty) => self.only("", loc, defs, ty),
            Ty::Unique(message, ty) => self.only(message, loc, defs, ty),
            Ty::NullOr(ty) => self.null_or(ty, loc, defs),
            Ty::Either(..) | Ty::OneOf(_) => self.either(ty, loc, defs),
            Ty::CoercedTo(from, coercion, to) => self.merge(to, loc, &self.coerced(from, *coercion, loc, defs)?),
            Ty::Submodule(options, freeform) => self.submodule(options, freeform.as_deref(), loc, defs),
            Ty::FunctionTo(_) => Ok(Plain::attrs([
                ("__functionArgs", Plain::Attrs(BTreeMap::new())),
                ("__functor", Plain::Function),
            ])),
            Ty::Custom(_) => Err(Fault::Unknown),
        }
    }

    fn simple(&self, simple: Simple, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        match simple {
            Simple::Number | Simple::Nonnegative | Simple::PositiveNumber => return self.merge(&number(), loc, defs),
            Simple::SingleLineStr => {
                return Ok(match self.equal(loc, defs)? {
                    Plain::Str(text) => Plain::Str(text.strip_suffix('\n').unwrap_or(&text).to_owned()),
                    other => other,
                });
            }
            Simple::Pkgs => return self.one(PKGS, loc, defs),
            Simple::Anything => return self.anything(loc, defs),
            Simple::Json => return self.null_or(&serializable(Simple::Json), loc, defs),
            Simple::Toml => return self.merge(&serializable(Simple::Toml), loc, defs),
            Simple::OptionDeclaration => return Err(Fault::Unknown),
            _ => {}
        }
        match simple.row().merging {
            Merging::Equal => self.equal(loc, defs),
            Merging::Or => Ok(Plain::Bool(defs.iter().any(|given| given.value == Def::Bool(true)))),
            Merging::Joined => joined(simple.separator().ok_or(Fault::Unknown)?, defs),
            Merging::One => match self.one("", loc, defs)? {
                // What becomes of a path depends on what is in the store.
                Plain::Str(_) | Plain::Path(_) if simple != Simple::Raw => Err(Fault::Unknown),
                only => Ok(only),
            },
            Merging::Update => whole(updated(defs)),
            Merging::ByKind => self.by_kind(loc, defs),
            Merging::Modules => {
                let module = |given: &Given| {
                    let file = format!("{}, via option {}", given.file, self.edition.shown(loc));
                    let imports = Plain::List(vec![read(&given.value)?]);
                    Ok(Plain::attrs([("_file", Plain::Str(file)), ("imports", imports)]))
                };
                let imports = defs.iter().map(module).collect::<Outcome<_>>()?;
                Ok(Plain::attrs([("imports", Plain::List(imports))]))
            }
            Merging::Depends => Err(Fault::Unknown),
        }
    }

    /// All must be equal; the first is the value.
    fn equal(&self, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let (first, others) = defs.split_first().ok_or(Fault::Unknown)?;
        for other in others {
            if !same(&first.value, &other.value).ok_or(Fault::Unknown)? {
                let fault = self.edition.conflicting(loc, [&first.file, &other.file]);
                return Err(fault);
            }
        }
        read(&first.value)
    }

    /// There must be one; it is the value.
    fn one(&self, message: &str, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        match defs {
            [only] => read(&only.value),
            _ => Err(self.several(message, loc, defs)),
        }
    }

    /// There must be one; it is merged by another type. In 2020 it was taken as it is.
    fn only(&self, message: &str, loc: &[String], defs: &[Given], ty: &Ty) -> Outcome<Plain> {
        match defs {
            [only] if self.edition == Edition::Of2020 => read(&only.value),
            [_] => self.merge(ty, loc, defs),
            _ => Err(self.several(message, loc, defs)),
        }
    }

    fn several(&self, message: &str, loc: &[String], defs: &[Given]) -> Fault {
        self.edition.several(loc, message, &files(defs))
    }

    /// All are null, or none is.
    fn null_or(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let nulls = defs.iter().filter(|given| given.value == Def::Null).count();
        if nulls == defs.len() {
            Ok(Plain::Null)
        } else if nulls > 0 {
            Err(self.edition.both_null_and_not(loc, &files(defs)))
        } else {
            self.merge(ty, loc, defs)
        }
    }

    /// The first side that takes all definitions merges them. If there is none, which the types around may not have
    /// noticed, there must be one definition.
    fn either(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let sides: Vec<&Ty> = match ty {
            Ty::Either(left, right) => vec![&**left, &**right],
            Ty::OneOf(types) => types.iter().collect(),
            _ => Vec::new(),
        };
        for side in sides {
            if self.refused(side, loc, defs)?.is_none() {
                return self.merge(side, loc, defs);
            }
        }
        self.one("", loc, defs)
    }

    /// Converts each definition that the type of what is converted takes.
    fn coerced(&self, from: &Ty, coercion: Coercion, loc: &[String], defs: &[Given]) -> Outcome<Vec<Given>> {
        let convert = |given: &Given| {
            let taken = match self.edition {
                Edition::Current if one_pass(from) => self.refused(from, loc, std::slice::from_ref(given))?.is_none(),
                _ => accepts(from, &given.value, self.edition).ok_or(Fault::Unknown)?,
            };
            let mut given = given.clone();
            if taken {
                given.value = coerced(coercion, &given.value).ok_or(Fault::Unknown)?;
            }
            Ok(given)
        };
        defs.iter().map(convert).collect()
    }

    /// Merges by the kind of the values, as an option without a type does.
    fn by_kind(&self, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        if let [only] = defs {
            return read(&only.value);
        }
        let kinds: Vec<Kind> = kinds(defs)?;
        let all = |wanted: Kind| kinds.iter().all(|kind| *kind == wanted);
        if all(Kind::Function) {
            Ok(Plain::Function)
        } else if all(Kind::List) {
            let mut elements = Vec::new();
            for given in defs {
                if let Def::List(list) = &given.value {
                    elements.extend(list.iter().map(read).collect::<Outcome<Vec<_>>>()?);
                }
            }
            Ok(Plain::List(elements))
        } else if all(Kind::Set) {
            whole(updated(defs))
        } else if all(Kind::Bool) {
            Ok(Plain::Bool(defs.iter().any(|given| given.value == Def::Bool(true))))
        } else if all(Kind::Str) {
            joined("", defs)
        } else if all(Kind::Int) && defs.iter().all(|given| given.value == defs[0].value) {
            read(&defs[0].value)
        } else {
            Err(self.edition.cannot_merge(loc, &files(defs)))
        }
    }

    /// All must be of one kind. Sets are merged by name, likewise; of packages there may be one; what functions
    /// give is merged, likewise; all else must be equal.
    fn anything(&self, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let package = |given: &Given| given.value.package().is_some();
        let kinds = kinds(defs)?;
        let alike = kinds.iter().all(|kind| *kind == kinds[0]) && defs.iter().all(|d| package(d) == package(&defs[0]));
        if !alike {
            return Err(self.edition.several_kinds(loc, &files(defs)));
        }
        match kinds[0] {
            Kind::Set if package(&defs[0]) => self.one("", loc, defs),
            Kind::Set => whole(self.set_of(&Ty::Simple(Simple::Anything), false, loc, defs)?),
            Kind::Function => Ok(Plain::Function),
            _ => self.equal(loc, defs),
        }
    }

    /// All must have the same tag; its option says what becomes of their values.
    fn tagged(&self, tags: &[Decl], loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let mut tag: Option<String> = None;
        let mut inner = Vec::new();
        for given in defs {
            let entries = entries(&given.value).ok_or(Fault::Unknown)?;
            let (name, value) = entries.first().cloned().ok_or(Fault::Unknown)?;
            match &tag {
                Some(first) if *first != name => {
                    return Err(self.edition.several_tags(loc, [first, &name], &files(defs)));
                }
                _ => tag = Some(name),
            }
            inner.push(Given::new(&given.file, value));
        }
        let tag = tag.ok_or(Fault::Unknown)?;
        let declared = tags.iter().find(|known| known.path.first() == Some(&tag));
        let file: Rc<str> = super::collect::UNKNOWN.into();
        let decl = [(file, Cow::Borrowed(declared.ok_or(Fault::Unknown)?))];
        let loc = [loc, std::slice::from_ref(&tag)].concat();
        let value = self.entry(&loc, &decl, &inner).value?;
        Ok(Plain::attrs([(tag, value)]))
    }

    /// Evaluates the definitions as modules, after the module that declares the options.
    fn submodule(&self, options: &[Decl], freeform: Option<&Ty>, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let mut parts = vec![Part {
            // That of the option's declaration, unless the type is hidden in one that does not say.
            file: "".into(),
            options: Cow::Borrowed(options),
            config: None,
            freeform,
        }];
        for given in defs {
            // Functions and files would have to be run and read.
            entries(&given.value).ok_or(Fault::Unknown)?;
            // The library of nixpkgs fails on the trace of a place.
            if given.placed {
                return Err(Fault::Unknown);
            }
            parts.push(Part {
                file: given.file.clone(),
                options: Cow::Borrowed(&[]),
                config: Some(Cow::Borrowed(&given.value)),
                freeform: None,
            });
        }
        self.evaluate(&parts, loc).whole()
    }

    /// Returns what a call of the merged function gives: what its definitions give, merged.
    pub(super) fn body(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let loc = [loc, &["<function body>".to_owned()]].concat();
        let result = |given: &Given| match &given.value {
            Def::Constant(result) => Ok(Given::new(&given.file, (**result).clone())),
            _ => Err(Fault::Unknown),
        };
        let results = defs.iter().map(result).collect::<Outcome<Vec<_>>>()?;
        let counting = super::properties::counting(&results, self.edition);
        self.merged(ty, &loc, &counting.values)
    }

    /// Returns the value of a type when nothing is defined; `None` if it has none.
    ///
    /// In 2020 a `lazyAttrsOf` asked for it only, and for lists it was an empty set.
    pub(super) fn nothing(&self, ty: &Ty) -> Option<Outcome<Plain>> {
        let set = || Some(Ok(Plain::Attrs(BTreeMap::new())));
        match ty {
            Ty::Simple(Simple::Attrs | Simple::Pkgs) => set(),
            Ty::Simple(Simple::Json) | Ty::NullOr(_) => Some(Ok(Plain::Null)),
            Ty::NonEmptyListOf(_) if self.edition == Edition::Current => None,
            Ty::ListOf(_) | Ty::AttrListOf(_) | Ty::NonEmptyListOf(_) => match self.edition {
                Edition::Current => Some(Ok(Plain::List(Vec::new()))),
                Edition::Of2020 => set(),
            },
            Ty::AttrsOf(_) | Ty::LazyAttrsOf(_) | Ty::LoaOf(_) | Ty::AttrsWith(..) => set(),
            Ty::Submodule(..) if self.edition == Edition::Of2020 => set(),
            Ty::Submodule(options, freeform) => Some(self.submodule(options, freeform.as_deref(), &[], &[])),
            Ty::Uniq(ty) | Ty::Unique(_, ty) | Ty::CoercedTo(_, _, ty) | Ty::PasswdEntry(ty) | Ty::Without(ty, _) => {
                self.nothing(ty)
            }
            _ => None,
        }
    }
}

/// Whether a type checks and merges definitions in one pass, so that it can refuse them together.
pub(super) fn one_pass(ty: &Ty) -> bool {
    match ty {
        Ty::Simple(simple) => matches!(
            simple,
            Simple::Number | Simple::Nonnegative | Simple::PositiveNumber | Simple::Toml
        ),
        Ty::NumbersBetween(..)
        | Ty::ListOf(_)
        | Ty::NonEmptyListOf(_)
        | Ty::AttrListOf(_)
        | Ty::AttrsOf(_)
        | Ty::LazyAttrsOf(_)
        | Ty::LoaOf(_)
        | Ty::AttrsWith(..)
        | Ty::Either(..)
        | Ty::OneOf(_)
        | Ty::CoercedTo(..)
        | Ty::Submodule(..) => true,
        Ty::PasswdEntry(ty) | Ty::Without(ty, _) => one_pass(ty),
        _ => false,
    }
}

/// Returns what `number` is made of.
fn number() -> Ty {
    Ty::Either(Box::new(Ty::Simple(Simple::Int)), Box::new(Ty::Simple(Simple::Float)))
}

/// Returns what `json` and `toml` take beside null.
pub(super) fn serializable(inside: Simple) -> Ty {
    let simple = [Simple::Bool, Simple::Int, Simple::Float, Simple::Str, Simple::Path];
    let mut types: Vec<Ty> = simple.map(Ty::Simple).into();
    types.push(Ty::AttrsOf(Box::new(Ty::Simple(inside))));
    types.push(Ty::ListOf(Box::new(Ty::Simple(inside))));
    Ty::OneOf(types)
}

pub(super) fn files(defs: &[Given]) -> Vec<Rc<str>> {
    defs.iter().map(|given| given.file.clone()).collect()
}

fn kinds(defs: &[Given]) -> Outcome<Vec<Kind>> {
    let kinds = defs.iter().map(|given| kind(&given.value).ok_or(Fault::Unknown));
    let kinds: Vec<Kind> = kinds.collect::<Outcome<_>>()?;
    if kinds.is_empty() {
        Err(Fault::Unknown)
    } else {
        Ok(kinds)
    }
}

fn joined(separator: &str, defs: &[Given]) -> Outcome<Plain> {
    let mut texts = Vec::new();
    for given in defs {
        let Def::Str(text) = &given.value else {
            return Err(Fault::Unknown);
        };
        texts.push(text.as_str());
    }
    Ok(Plain::Str(texts.join(separator)))
}

/// Returns the attributes of all sets, of two of one name the last.
pub(super) fn updated(defs: &[Given]) -> BTreeMap<String, Outcome<Plain>> {
    let mut all = BTreeMap::new();
    for given in defs {
        for (name, value) in entries(&given.value).iter().flat_map(|entries| entries.iter()) {
            all.insert(name.clone(), read(value));
        }
    }
    all
}

/// Returns a set of attributes, or the first fault in it. A set that passes for a derivation is one: its type is
/// looked at first, and then nothing but its path.
pub(super) fn whole(parts: BTreeMap<String, Outcome<Plain>>) -> Outcome<Plain> {
    if let Some(ty) = parts.get("type")
        && ty.clone()? == Plain::str("derivation")
    {
        return match parts.get("outPath") {
            Some(Ok(Plain::Str(path))) => Ok(Plain::Derivation(path.clone())),
            Some(Err(fault)) => Err(fault.clone()),
            _ => Err(Fault::Unknown),
        };
    }
    let parts = parts.into_iter().map(|(name, value)| Ok((name, value?)));
    Ok(Plain::Attrs(parts.collect::<Outcome<_>>()?))
}
