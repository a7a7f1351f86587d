//! Types of options: what is known of one, and how it is written.

use super::{Decl, Def, Simple};
use crate::{Expr, Ground};
use std::sync::Arc;

/// A type.
#[derive(Clone, PartialEq, Debug)]
pub enum Ty {
    /// A type without parameters, by its name in `lib.types`.
    Simple(Simple),
    /// `ints.between`.
    Between(i64, i64),
    /// `numbers.between`.
    NumbersBetween(i64, i64),
    /// `strMatching`.
    StrMatching(Pattern),
    /// `separatedString`.
    Separated(String),
    /// `enum`.
    Enum(Vec<Def>),
    /// `listOf`.
    ListOf(Box<Ty>),
    /// `nonEmptyListOf`.
    NonEmptyListOf(Box<Ty>),
    /// `attrListOf`.
    AttrListOf(Box<Ty>),
    /// `attrsOf`.
    AttrsOf(Box<Ty>),
    /// `lazyAttrsOf`.
    LazyAttrsOf(Box<Ty>),
    /// `loaOf`.
    LoaOf(Box<Ty>),
    /// `attrsWith`: of what, whether it is lazy, and what stands for a name in documentation.
    AttrsWith(Box<Ty>, bool, String),
    /// `attrTag`: the tags, options with paths of one name.
    AttrTag(Vec<Decl>),
    /// `pathWith`: whether it must be in the store, and whether it must be absolute.
    PathWith(Option<bool>, Option<bool>),
    /// `passwdEntry`.
    PasswdEntry(Box<Ty>),
    /// `addCheck` that refuses one value.
    Without(Box<Ty>, Box<Def>),
    /// `nullOr`.
    NullOr(Box<Ty>),
    /// `uniq`.
    Uniq(Box<Ty>),
    /// `unique`, with its message.
    Unique(String, Box<Ty>),
    /// `either`.
    Either(Box<Ty>, Box<Ty>),
    /// `oneOf`.
    OneOf(Vec<Ty>),
    /// `coercedTo`: what is taken, the function, what it becomes.
    CoercedTo(Box<Ty>, Coercion, Box<Ty>),
    /// `submodule`: its options, and the type of what no option takes.
    Submodule(Vec<Decl>, Option<Box<Ty>>),
    /// `functionTo`.
    FunctionTo(Box<Ty>),
    /// A type of somebody's own.
    Custom(Arc<Custom>),
}

/// The pattern of a `strMatching`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// `[a-z]+`.
    Letters,
    /// `[0-9][0-9]`.
    TwoDigits,
}

/// The function of a `coercedTo`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coercion {
    /// `toString`.
    ToString,
    /// `x: [ x ]`.
    List,
}

/// A type that is none of the library's: what is known of it is a way to write it, and values that it takes.
#[derive(PartialEq, Debug)]
pub struct Custom {
    /// Its name, as `type.name` says it.
    pub name: String,
    /// Nix for it, such as `option.type`.
    pub nix: Arc<str>,
    /// Values that it takes, as far as they are known.
    pub samples: Vec<Def>,
}

impl Ty {
    /// Returns the type as an expression.
    pub fn expr(&self) -> Expr {
        let of = |name: &str, ty: &Ty| Expr::call(name, [ty.expr()]);
        match self {
            Ty::Simple(simple) => Expr::nix(simple.nix()),
            Ty::Between(low, high) => Expr::call("lib.types.ints.between", [Expr::Int(*low), Expr::Int(*high)]),
            Ty::NumbersBetween(low, high) => {
                Expr::call("lib.types.numbers.between", [Expr::Int(*low), Expr::Int(*high)])
            }
            Ty::StrMatching(pattern) => Expr::call("lib.types.strMatching", [Expr::str(pattern.text())]),
            Ty::Separated(separator) => Expr::call("lib.types.separatedString", [Expr::str(separator)]),
            Ty::Enum(values) => Expr::call("lib.types.enum", [Expr::List(values.iter().map(Def::expr).collect())]),
            Ty::ListOf(ty) => of("lib.types.listOf", ty),
            Ty::NonEmptyListOf(ty) => of("lib.types.nonEmptyListOf", ty),
            Ty::AttrListOf(ty) => of("lib.types.attrListOf", ty),
            Ty::AttrsOf(ty) => of("lib.types.attrsOf", ty),
            Ty::LazyAttrsOf(ty) => of("lib.types.lazyAttrsOf", ty),
            Ty::LoaOf(ty) => of("lib.types.loaOf", ty),
            Ty::AttrsWith(ty, lazy, placeholder) => {
                let entries = [
                    ("elemType", ty.expr()),
                    ("lazy", Expr::Bool(*lazy)),
                    ("placeholder", Expr::str(placeholder)),
                ];
                Expr::call("lib.types.attrsWith", [Expr::attrs(entries)])
            }
            Ty::AttrTag(tags) => Expr::call("lib.types.attrTag", [super::written::options(tags)]),
            Ty::PathWith(in_store, absolute) => {
                let given = [("inStore", in_store), ("absolute", absolute)];
                let said = given
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, Expr::Bool((*value)?))));
                Expr::call("lib.types.pathWith", [Expr::attrs(said)])
            }
            Ty::PasswdEntry(ty) => of("lib.types.passwdEntry", ty),
            Ty::Without(ty, value) => {
                let other = Expr::call("a: x: x != a", [value.expr()]);
                Expr::call("lib.types.addCheck", [ty.expr(), other])
            }
            Ty::NullOr(ty) => of("lib.types.nullOr", ty),
            Ty::Uniq(ty) => of("lib.types.uniq", ty),
            Ty::Unique(message, ty) => Expr::call(
                "lib.types.unique",
                [Expr::attrs([("message", Expr::str(message))]), ty.expr()],
            ),
            Ty::Either(left, right) => Expr::call("lib.types.either", [left.expr(), right.expr()]),
            Ty::OneOf(types) => Expr::call("lib.types.oneOf", [Expr::List(types.iter().map(Ty::expr).collect())]),
            Ty::CoercedTo(from, coercion, to) => {
                Expr::call("lib.types.coercedTo", [from.expr(), coercion.expr(), to.expr()])
            }
            Ty::Submodule(options, freeform) => {
                let mut entries = vec![("options", super::written::options(options))];
                if let Some(freeform) = freeform {
                    entries.push(("freeformType", freeform.expr()));
                }
                Expr::call("lib.types.submodule", [Expr::attrs(entries)])
            }
            Ty::FunctionTo(ty) => of("lib.types.functionTo", ty),
            Ty::Custom(custom) => Expr::Nix(custom.nix.clone()),
        }
    }
}

impl Ty {
    /// Whether a library has all that the type is made of.
    pub fn fits(&self, ground: &Ground) -> bool {
        let all = |options: &[Decl]| {
            options
                .iter()
                .filter_map(|option| option.ty.as_ref())
                .all(|ty| ty.fits(ground))
        };
        match self {
            Ty::Simple(simple) => ground.has_type(simple.row().needs),
            Ty::NumbersBetween(..) => ground.has_type("numbers"),
            Ty::PathWith(..) => ground.has_type("pathWith"),
            Ty::AttrListOf(ty) => ground.has_type("attrListOf") && ty.fits(ground),
            Ty::AttrsWith(ty, ..) => ground.has_type("attrsWith") && ty.fits(ground),
            Ty::PasswdEntry(ty) => ground.has_type("passwdEntry") && ty.fits(ground),
            Ty::Unique(_, ty) => ground.has_type("unique") && ty.fits(ground),
            Ty::FunctionTo(ty) => ground.has_type("functionTo") && ty.fits(ground),
            Ty::Either(left, right) | Ty::CoercedTo(left, _, right) => left.fits(ground) && right.fits(ground),
            Ty::OneOf(types) => types.iter().all(|ty| ty.fits(ground)),
            Ty::AttrTag(tags) => ground.has_type("attrTag") && all(tags),
            // Free-form types came with `anything`.
            Ty::Submodule(options, freeform) => {
                all(options)
                    && freeform
                        .as_ref()
                        .is_none_or(|ty| ground.has_type("anything") && ty.fits(ground))
            }
            _ => self.inner().is_none_or(|ty| ty.fits(ground)),
        }
    }
}

impl Pattern {
    /// Returns the regular expression.
    pub fn text(self) -> &'static str {
        match self {
            Pattern::Letters => "[a-z]+",
            Pattern::TwoDigits => "[0-9][0-9]",
        }
    }

    /// Whether a whole text matches.
    pub fn matches(self, text: &str) -> bool {
        match self {
            Pattern::Letters => !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase()),
            Pattern::TwoDigits => text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()),
        }
    }
}

impl Coercion {
    /// Returns the function as an expression.
    pub fn expr(self) -> Expr {
        Expr::nix(match self {
            Coercion::ToString => "toString",
            Coercion::List => "x: [ x ]",
        })
    }
}

impl Ty {
    /// Returns types that are a step simpler than this one.
    pub fn simpler(&self) -> Vec<Ty> {
        match self {
            Ty::Either(left, right) => vec![(**left).clone(), (**right).clone()],
            Ty::OneOf(types) => types.clone(),
            Ty::CoercedTo(_, _, to) => vec![(**to).clone()],
            Ty::Submodule(options, freeform) => {
                let mut found = Vec::new();
                for i in 0..options.len() {
                    let mut fewer = options.clone();
                    fewer.remove(i);
                    found.push(Ty::Submodule(fewer, freeform.clone()));
                }
                if freeform.is_some() {
                    found.push(Ty::Submodule(options.clone(), None));
                }
                found
            }
            Ty::AttrTag(tags) if tags.len() > 1 => {
                let mut found = Vec::new();
                for i in 0..tags.len() {
                    let mut fewer = tags.clone();
                    fewer.remove(i);
                    found.push(Ty::AttrTag(fewer));
                }
                found
            }
            _ => self.inner().map_or_else(Vec::new, |ty| {
                let mut found = vec![ty.clone()];
                found.extend(ty.simpler().into_iter().map(|inner| self.around(inner)));
                found
            }),
        }
    }

    /// Returns a type of the same kind around another one.
    fn around(&self, inner: Ty) -> Ty {
        let inner = Box::new(inner);
        match self {
            Ty::ListOf(_) => Ty::ListOf(inner),
            Ty::NonEmptyListOf(_) => Ty::NonEmptyListOf(inner),
            Ty::AttrListOf(_) => Ty::AttrListOf(inner),
            Ty::AttrsOf(_) => Ty::AttrsOf(inner),
            Ty::LazyAttrsOf(_) => Ty::LazyAttrsOf(inner),
            Ty::LoaOf(_) => Ty::LoaOf(inner),
            Ty::AttrsWith(_, lazy, placeholder) => Ty::AttrsWith(inner, *lazy, placeholder.clone()),
            Ty::PasswdEntry(_) => Ty::PasswdEntry(inner),
            Ty::Without(_, value) => Ty::Without(inner, value.clone()),
            Ty::NullOr(_) => Ty::NullOr(inner),
            Ty::Uniq(_) => Ty::Uniq(inner),
            Ty::Unique(message, _) => Ty::Unique(message.clone(), inner),
            Ty::FunctionTo(_) => Ty::FunctionTo(inner),
            _ => *inner,
        }
    }
}
