//! Counterexamples: a case that breaks its law as a complete Nix file.
//!
//! The file stands by itself. Nix and `cfgcheck eval` evaluate it to a set of three: `law`, `sides` (what was
//! compared, by name) and `claims` (what must hold of them). The claims are data, so that a saved file is judged
//! again without the law's generator, and a person may write one by hand:
//!
//! | claim | what it says |
//! | --- | --- |
//! | `{ same = [ "a" "b" ]; }` | both sides give the same, or both are refused |
//! | `{ sameUpToOrder = [ "a" "b" ]; }` | the same but for the order of lists and of joined text |
//! | `{ side = "a"; whole = EXPECTED; }` | the side as a whole |
//! | `{ side = "a"; parts = { x = EXPECTED; }; }` | some of its attributes; the others may be anything |
//! | `{ side = "a"; names = [ "x" … ]; }` | where words refuse a part of the side, they have all of these in them |
//! | `{ given = [ "a" "b" ]; }` | the claims behind it count only if both are the same but for order |
//! | `{ hasValue = "a"; }` | … only if the side has a value |
//! | `{ accepted = "a"; }` | … only if the side has a value, all parts of it |
//! | `{ yes = "a"; }` | … only if the side is `true` |
//! | `{ notRefused = "a"; }` | … only if nobody refuses the side in words |
//!
//! and what is expected is `{ value = …; }`, `{ upToOrder = …; }`, `{ refused = [ "word" ]; }` (an error of the
//! module system with all of these in its message), `{ says = "message"; }` (one with this message), `"accepted"` (some value) or `"sane"` (a value, or an error
//! that somebody worded).

mod claims;
mod file;
mod replay;

pub use file::{Counterexample, EXTENSION};
pub use replay::{Replayed, replay};
