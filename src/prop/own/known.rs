//! What is known of an option that a user's module declares: enough to draw cases for the laws about it.

use crate::{Def, Ty};
use diag::Span;
use std::sync::Arc;

/// What is known of an option.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its path.
    pub path: Vec<String>,
    /// Its path in the host: longer than the other if it is an option of one of the host's homes.
    pub in_host: Vec<String>,
    /// Its type.
    pub shape: Shape,
    /// Values to try.
    pub values: Arc<Values>,
    /// The texts that the user wrote: where a crash is one of their own.
    pub texts: Arc<[Span]>,
    /// Whether its declaration has an `apply`.
    pub apply: bool,
    /// Where that is written, if the user wrote it.
    pub apply_at: Option<Span>,
    /// Whether its declaration has a default that evaluates.
    pub default: bool,
}

/// What is known of a type.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The type as far as its values go; the real one may take fewer.
    pub ty: Ty,
    /// Its name, as `type.name` says it.
    pub name: String,
    /// The first function in it, from the outside, that a user wrote to merge definitions.
    pub merge: Option<Function>,
    /// The function that a user wrote to check definitions, if the type has one that can be seen.
    pub check: Option<Function>,
    /// Whether the user's own function merges definitions whose elements have a type, `nestedTypes.elemType`.
    pub elements: bool,
    /// Whether its definitions are merged alike in any order, as far as the library is concerned.
    pub orderly: bool,
    /// Whether it takes account of properties inside definitions, as far as the library is concerned.
    pub resolves: bool,
}

/// A function in a user's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// The name of the type that has it.
    pub of: String,
    /// Where it is bound.
    pub span: Span,
}

/// Values that were tried on a type, by what it says of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Values {
    /// It checks and merges them.
    pub good: Vec<Def>,
    /// It says yes when it checks them, but merging says no.
    pub doubtful: Vec<Def>,
    /// It says no, or cannot say.
    pub bad: Vec<Def>,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            ty: Ty::Simple(crate::Simple::Unspecified),
            name: "unspecified".into(),
            merge: None,
            check: None,
            elements: false,
            orderly: false,
            resolves: false,
        }
    }
}
