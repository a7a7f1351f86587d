//! Nix expressions that cases are made of: built as values in the evaluator, and printed in counterexamples.
//!
//! One expression has two forms that mean the same. [`Ground::build`](crate::Ground::build) makes cells of it
//! without parsing anything, which is what makes thousands of cases a second possible; [`Expr::print`] makes the
//! text that a reader, Nix and `cfgcheck eval` see.

mod print;

pub use print::shown;

use std::sync::Arc;

/// A Nix expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// `null`.
    Null,
    /// `true` or `false`.
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
    List(Vec<Expr>),
    /// A set: names, each once, with their values.
    Attrs(Vec<(String, Expr)>),
    /// A function applied to arguments; it is called when its value is needed.
    Call(Box<Expr>, Vec<Expr>),
    /// Nix, word for word, closed under the names that the ground binds, such as `lib.types.int` or
    /// `x: x + 1`. Its value is evaluated once and kept, so the texts of a law must be few.
    Nix(Arc<str>),
}

impl Expr {
    /// Returns Nix, word for word.
    pub fn nix(text: &str) -> Expr {
        Expr::Nix(text.into())
    }

    /// Returns a string.
    pub fn str(text: impl Into<String>) -> Expr {
        Expr::Str(text.into())
    }

    /// Returns a set of these names and values.
    pub fn attrs<N: Into<String>>(entries: impl IntoIterator<Item = (N, Expr)>) -> Expr {
        Expr::Attrs(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Returns a function, given as Nix, applied to arguments.
    pub fn call(function: &str, arguments: impl IntoIterator<Item = Expr>) -> Expr {
        Expr::Call(Box::new(Expr::nix(function)), arguments.into_iter().collect())
    }
}
