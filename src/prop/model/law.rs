//! The law that the library does what the model says.

use super::{Edition, question};
use crate::random::mixed::{many, mixed};
use crate::{Law, Scope};
use diag::Severity;

/// The library makes of modules what the reference model makes of them.
pub const LAW: Law = Law {
    id: "lib-model",
    scope: Scope::Lib,
    severity: Severity::Error,
    title: "whatever modules there are, the library makes of them what the reference model says",
    why: "The model states the semantics of the module system once more, apart from the library: which definitions \
          count, in which order, what each type makes of them, and which error says what is wrong. A library that does \
          something else gives other values to the same configuration.",
    fix: "Compare the values: either the library is changed on purpose, and the model must follow, or merging is broken \
          for everybody who uses this library.",
    draw: |draw, ground| Edition::of(ground).map(|_| mixed(draw, ground)),
    question: |scene, ground| Some(question(scene, Edition::of(ground)?)),
};

/// The same, for many options of all types.
pub const VALUES: Law = Law {
    id: "lib-model-values",
    title: "whatever options are defined, their values are what the reference model says",
    draw: |draw, ground| Edition::of(ground).map(|_| many(draw, ground)),
    ..LAW
};
