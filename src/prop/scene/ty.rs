//! Types of options: what is known of one, and how it is written.

use super::{Decl, Def};
use crate::Expr;
use std::sync::Arc;

/// A type.
#[derive(Clone, PartialEq, Debug)]
pub enum Ty {
    /// A type without parameters, by its name in `lib.types`.
    Simple(Simple),
    /// `ints.between`.
    Between(i64, i64),
    /// `separatedString`.
    Separated(String),
    /// `enum`.
    Enum(Vec<Def>),
    /// `listOf`.
    ListOf(Box<Ty>),
    /// `nonEmptyListOf`.
    NonEmptyListOf(Box<Ty>),
    /// `attrsOf`.
    AttrsOf(Box<Ty>),
    /// `lazyAttrsOf`.
    LazyAttrsOf(Box<Ty>),
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

/// A type without parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of nixpkgs")]
pub enum Simple {
    Bool,
    Int,
    Float,
    Number,
    Str,
    NonEmptyStr,
    SingleLineStr,
    Lines,
    Commas,
    EnvVar,
    Path,
    Package,
    Port,
    U8,
    U16,
    Unsigned,
    Positive,
    Attrs,
    Raw,
    Unspecified,
    Anything,
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
            Ty::Separated(separator) => Expr::call("lib.types.separatedString", [Expr::str(separator)]),
            Ty::Enum(values) => Expr::call("lib.types.enum", [Expr::List(values.iter().map(Def::expr).collect())]),
            Ty::ListOf(ty) => of("lib.types.listOf", ty),
            Ty::NonEmptyListOf(ty) => of("lib.types.nonEmptyListOf", ty),
            Ty::AttrsOf(ty) => of("lib.types.attrsOf", ty),
            Ty::LazyAttrsOf(ty) => of("lib.types.lazyAttrsOf", ty),
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

impl Simple {
    /// Returns how the type is written.
    pub fn nix(self) -> &'static str {
        match self {
            Simple::Bool => "lib.types.bool",
            Simple::Int => "lib.types.int",
            Simple::Float => "lib.types.float",
            Simple::Number => "lib.types.number",
            Simple::Str => "lib.types.str",
            Simple::NonEmptyStr => "lib.types.nonEmptyStr",
            Simple::SingleLineStr => "lib.types.singleLineStr",
            Simple::Lines => "lib.types.lines",
            Simple::Commas => "lib.types.commas",
            Simple::EnvVar => "lib.types.envVar",
            Simple::Path => "lib.types.path",
            Simple::Package => "lib.types.package",
            Simple::Port => "lib.types.port",
            Simple::U8 => "lib.types.ints.u8",
            Simple::U16 => "lib.types.ints.u16",
            Simple::Unsigned => "lib.types.ints.unsigned",
            Simple::Positive => "lib.types.ints.positive",
            Simple::Attrs => "lib.types.attrs",
            Simple::Raw => "lib.types.raw",
            Simple::Unspecified => "lib.types.unspecified",
            Simple::Anything => "lib.types.anything",
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
            Ty::ListOf(ty)
            | Ty::NonEmptyListOf(ty)
            | Ty::AttrsOf(ty)
            | Ty::LazyAttrsOf(ty)
            | Ty::NullOr(ty)
            | Ty::Uniq(ty)
            | Ty::Unique(_, ty)
            | Ty::FunctionTo(ty) => {
                let mut found = vec![(**ty).clone()];
                found.extend(ty.simpler().into_iter().map(|inner| self.around(inner)));
                found
            }
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
            _ => Vec::new(),
        }
    }

    /// Returns a type of the same kind around another one.
    fn around(&self, inner: Ty) -> Ty {
        let inner = Box::new(inner);
        match self {
            Ty::ListOf(_) => Ty::ListOf(inner),
            Ty::NonEmptyListOf(_) => Ty::NonEmptyListOf(inner),
            Ty::AttrsOf(_) => Ty::AttrsOf(inner),
            Ty::LazyAttrsOf(_) => Ty::LazyAttrsOf(inner),
            Ty::NullOr(_) => Ty::NullOr(inner),
            Ty::Uniq(_) => Ty::Uniq(inner),
            Ty::Unique(message, _) => Ty::Unique(message.clone(), inner),
            Ty::FunctionTo(_) => Ty::FunctionTo(inner),
            _ => *inner,
        }
    }
}
