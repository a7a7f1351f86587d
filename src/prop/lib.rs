//! Property tests of the module system, and of a flake's own modules.
//!
//! A [`Law`] is a sentence about merging that must hold for whatever modules there are. For each of its cases a
//! generator draws a [`Scene`]: a few modules with options and definitions. The law says which expressions to
//! evaluate for it and what must come out ([`Question`]). The expressions are evaluated by the flake's own
//! `lib.evalModules` ([`Ground`]), each in a trial that leaves the evaluator as it was. A case that breaks its law
//! is made smaller as long as it still does.
//!
//! What must come out is said by another expression (two ways to write the same), or by the reference model, which
//! is the semantics of merging once more in plain Rust.

pub mod counter;
pub mod expr;
#[cfg(test)]
mod fixture;
mod ground;
mod law;
pub mod laws;
pub mod model;
pub mod own;
mod plain;
pub mod random;
pub mod run;
pub mod scene;
pub mod toggle;

pub use expr::Expr;
pub use ground::{Binding, Ground, Seen};
pub use law::{Claim, Expected, Law, Question, Scope, Side};
pub use plain::{Answer, Plain, Refusal};
pub use scene::{Apply, Coercion, Custom, Decl, Def, Merging, Module, Pattern, Phrase, Scene, Simple, Ty};
