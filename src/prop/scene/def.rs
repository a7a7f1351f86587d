//! Definitions: values with the properties of the module system in and around them.

use crate::{Expr, Plain};
use std::sync::Arc;

/// What a module says of an option, or of a part of its value.
#[derive(Clone, PartialEq, Debug)]
pub enum Def {
    /// `null`.
    Null,
    /// A Boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string.
    Str(String),
    /// An absolute path.
    Path(String),
    /// A list.
    List(Vec<Def>),
    /// A set: names, each once.
    Attrs(Vec<(String, Def)>),
    /// Nix, word for word: a function, a package, a sample of the user's own.
    Nix(Arc<str>),
    /// A function that gives the same for every argument.
    Constant(Box<Def>),
    /// `mkIf`.
    If(bool, Box<Def>),
    /// `mkMerge`.
    Merge(Vec<Def>),
    /// `mkOverride` with a priority: 50 is `mkForce`, 1000 `mkDefault`, 1500 an option's default.
    Override(i64, Box<Def>),
    /// `mkOrder` with a place: 500 is `mkBefore`, 1500 `mkAfter`.
    Order(i64, Box<Def>),
}

impl Def {
    /// The priority of `mkForce`.
    pub const FORCE: i64 = 50;
    /// The priority of what has no property.
    pub const PLAIN: i64 = 100;
    /// The priority of `mkDefault`.
    pub const DEFAULT: i64 = 1000;
    /// The priority of an option's default.
    pub const OPTION_DEFAULT: i64 = 1500;
    /// The place of `mkBefore`.
    pub const BEFORE: i64 = 500;
    /// The place of what has no property.
    pub const BETWEEN: i64 = 1000;
    /// The place of `mkAfter`.
    pub const AFTER: i64 = 1500;

    /// Returns a string.
    pub fn str(text: impl Into<String>) -> Def {
        Def::Str(text.into())
    }

    /// Returns a definition at a path: a set around it for each name.
    pub fn at(path: &[String], value: Def) -> Def {
        path.iter()
            .rev()
            .fold(value, |value, name| Def::Attrs(vec![(name.clone(), value)]))
    }

    /// Returns this definition with a priority.
    pub fn weighed(self, priority: i64) -> Def {
        Def::Override(priority, Box::new(self))
    }

    /// Returns this definition under a condition.
    pub fn when(self, condition: bool) -> Def {
        Def::If(condition, Box::new(self))
    }

    /// Returns this definition at a place in lists.
    pub fn placed(self, order: i64) -> Def {
        Def::Order(order, Box::new(self))
    }

    /// Whether it is a property, and not a value.
    pub fn is_property(&self) -> bool {
        matches!(self, Def::If(..) | Def::Merge(_) | Def::Override(..) | Def::Order(..))
    }

    /// Returns the output path, if it is a set that passes for a derivation.
    pub fn package(&self) -> Option<&str> {
        let Def::Attrs(entries) = self else { return None };
        let text = |wanted: &str| match entries.iter().find(|(name, _)| name == wanted) {
            Some((_, Def::Str(text))) => Some(text.as_str()),
            _ => None,
        };
        (text("type") == Some("derivation")).then(|| text("outPath"))?
    }

    /// Returns the value as plain data; `None` if it has properties in it, or words of Nix.
    pub fn plain(&self) -> Option<Plain> {
        Some(match self {
            Def::Null => Plain::Null,
            Def::Bool(value) => Plain::Bool(*value),
            Def::Int(value) => Plain::Int(*value),
            Def::Float(value) => Plain::Float(*value),
            Def::Str(text) => Plain::Str(text.clone()),
            Def::Path(text) => Plain::Path(text.clone()),
            Def::List(elements) => Plain::List(elements.iter().map(Def::plain).collect::<Option<_>>()?),
            Def::Attrs(_) if self.package().is_some() => Plain::Derivation(self.package()?.into()),
            Def::Attrs(entries) => {
                let plain = |(name, value): &(String, Def)| Some((name.clone(), value.plain()?));
                Plain::Attrs(entries.iter().map(plain).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// Returns the definition as an expression.
    pub fn expr(&self) -> Expr {
        match self {
            Def::Null => Expr::Null,
            Def::Bool(value) => Expr::Bool(*value),
            Def::Int(value) => Expr::Int(*value),
            Def::Float(value) => Expr::Float(*value),
            Def::Str(text) => Expr::Str(text.clone()),
            Def::Path(text) => Expr::Path(text.clone()),
            Def::List(elements) => Expr::List(elements.iter().map(Def::expr).collect()),
            Def::Attrs(entries) => Expr::Attrs(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.expr()))
                    .collect(),
            ),
            Def::Nix(text) => Expr::Nix(text.clone()),
            Def::Constant(result) => Expr::call("lib.const", [result.expr()]),
            Def::If(condition, def) => Expr::call("lib.mkIf", [Expr::Bool(*condition), def.expr()]),
            Def::Merge(defs) => Expr::call("lib.mkMerge", [Expr::List(defs.iter().map(Def::expr).collect())]),
            Def::Override(Def::FORCE, def) => Expr::call("lib.mkForce", [def.expr()]),
            Def::Override(Def::DEFAULT, def) => Expr::call("lib.mkDefault", [def.expr()]),
            Def::Override(Def::OPTION_DEFAULT, def) => Expr::call("lib.mkOptionDefault", [def.expr()]),
            Def::Override(priority, def) => Expr::call("lib.mkOverride", [Expr::Int(*priority), def.expr()]),
            Def::Order(Def::BEFORE, def) => Expr::call("lib.mkBefore", [def.expr()]),
            Def::Order(Def::AFTER, def) => Expr::call("lib.mkAfter", [def.expr()]),
            Def::Order(order, def) => Expr::call("lib.mkOrder", [Expr::Int(*order), def.expr()]),
        }
    }
}
