//! The law about what types do that random modules seldom ask for: a table of sentences, each an expression that must
//! be true, or must be refused.

mod evaluation;
mod merging;
mod messages;
mod modules;
mod types;

use super::Edition;
use crate::{Claim, Expected, Expr, Ground, Law, Module, Plain, Question, Scene, Scope, Side};
use diag::Severity;
use std::collections::BTreeMap;

/// What types do with unusual arguments is what the table says.
pub const LAW: Law = Law {
    id: "lib-type-corners",
    scope: Scope::Lib,
    severity: Severity::Error,
    title: "types with unusual arguments do what the reference says of them",
    why: "Classes of modules, arguments of submodules, tags, modules as values, types as values: rarely used, and then \
          relied on.",
    fix: "The part's name says which sentence does not hold; it is an expression that must be true.",
    draw: |draw, ground| {
        known(ground)?;
        Some(Scene {
            modules: vec![Module::default()],
            choices: vec![u32::try_from(draw.below(GROUPS.len())).ok()?],
        })
    },
    question: |scene, ground| {
        known(ground)?;
        let group = GROUPS.get(usize::try_from(*scene.choices.first()?).ok()?)?;
        let mut parts = BTreeMap::new();
        // One text for all, evaluated once and kept, as is the library; the sentences are evaluated for each case.
        let mut text = format!("let {HEAD}in _: {{\n");
        for Corner { name, nix, must } in group.iter() {
            let expected = match must {
                Must::Hold => Expected::Value(Plain::Bool(true)),
                Must::Fail(words) => Expected::Refused(words.iter().map(|word| (*word).to_owned()).collect()),
                Must::Say(message) => Expected::Says((*message).to_owned()),
            };
            parts.insert((*name).to_owned(), expected);
            text.extend(["  ", name, " = ", nix, ";\n"]);
        }
        text.push('}');
        Some(Question {
            sides: vec![Side {
                name: "sentences",
                expr: Expr::call(&text, [Expr::Null]),
            }],
            claims: vec![Claim::Parts(0, parts)],
        })
    },
};

fn known(ground: &Ground) -> Option<Edition> {
    Edition::of(ground).filter(|edition| *edition == Edition::Current)
}

/// A sentence.
#[derive(Debug)]
struct Corner {
    name: &'static str,
    /// What is asked.
    nix: &'static str,
    /// What must come of it.
    must: Must,
}

/// What must come of a sentence.
#[derive(Debug)]
enum Must {
    /// It is true.
    Hold,
    /// It is refused with a message that has these words in it.
    Fail(&'static [&'static str]),
    /// It is refused with this message.
    Say(&'static str),
}

const fn holds(name: &'static str, nix: &'static str) -> Corner {
    let must = Must::Hold;
    Corner { name, nix, must }
}

const fn fails(name: &'static str, nix: &'static str, words: &'static [&'static str]) -> Corner {
    let must = Must::Fail(words);
    Corner { name, nix, must }
}

const fn says(name: &'static str, nix: &'static str, message: &'static str) -> Corner {
    let must = Must::Say(message);
    Corner { name, nix, must }
}

/// Names that all sentences use: `def` makes a definition, `merge` merges definitions of files `f`, `g`… of an
/// option `o` of a type, `config` evaluates modules, `joined` is the type of two declarations.
const HEAD: &str = "inherit (lib) types mkOption; opt = type: mkOption { inherit type; }; \
def = file: value: { inherit file value; }; \
merge = type: values: (config (map (value: { _file = \"f\"; o = value; }) (lib.reverseList values) ++ [ { options.o = opt type; } ])).o; \
config = modules: (lib.evalModules { inherit modules; }).config; \
options = modules: (lib.evalModules { inherit modules; }).options; \
joined = a: b: a.typeMerge b.functor; \
below = t: lib.attrNames (removeAttrs (t.getSubOptions [ \"x\" ]) [ \"_module\" ]); ";

static GROUPS: &[&[Corner]] = &[
    types::CORE,
    modules::TAGS,
    modules::MODULES,
    modules::SUBMODULES,
    types::CONFLICTS,
    types::VALUES,
    merging::COHERENCE,
    merging::META,
    evaluation::EVALUATION,
    evaluation::OPTIONS,
    messages::MESSAGES,
];
