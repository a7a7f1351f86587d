//! The reference model: what the module system makes of modules, once more in plain Rust.
//!
//! This text is the semantics of merging. Each section is implemented by the file that it names and is tested against
//! the evaluator on thousands of drawn scenes (`law.rs`), and against real Nix (`oracle_…`). It describes nixpkgs 26.11;
//! what was otherwise in 2020 stands at the end.
//!
//! # Modules (`collect.rs`)
//!
//! A module has a key, by which it is known; a file, as which messages name it; imports; keys that it disables;
//! declarations of options; a configuration, which defines; and perhaps a free-form type.
//!
//! 1. Modules are found level by level: those that were given, then those that these import, and so on. A module without
//!    a key has one from its place (`:anon-2`; `KEY:anon-1` as the first import of `KEY`), one without a file has its
//!    importer's, at the top `<unknown-file>`.
//! 2. Of several modules with one key the first that is found stays; the others, and what only they import, are gone.
//! 3. A module whose key is disabled is gone, with what only it imports. Every module that is named anywhere may
//!    disable, even one that is itself gone.
//! 4. From here on the modules are gone through *backwards*: what the last one declares and defines comes first.
//!
//! # Options and definitions (`modules.rs`)
//!
//! The declarations form a tree, and the configurations are laid over it name by name.
//!
//! 1. Properties around a set are pushed into it: `mkMerge` gives several sets, `mkIf` and `mkOverride` go around each
//!    attribute. `mkOrder` is not known here: it stays a set with the attributes `_type`, `priority`, `content`.
//! 2. At a name where all declarations are options, there is an option, and all that is defined there are its
//!    definitions, with their properties. Where none is, there is a set, and step 1 begins anew. Where some are, that is
//!    an error, unless all these are submodules: then the options below are added to the submodules.
//! 3. A set of options may be defined by sets only.
//! 4. A definition at a name that is not declared is a stray. Without a free-form type the first of them, in the order
//!    of names, is an error of the whole configuration.
//! 5. With one, each stray is put into sets along its path, and all are merged by the free-form type, which is not asked
//!    whether it takes them; the result is laid under the options' values. Free-form types of several modules are joined.
//!
//! # One option (`option.rs`)
//!
//! 1. Several declarations are joined. At most one may have a default, and at most one an `apply`; types are joined as
//!    below, and a declaration without a type has that of the others. Without any type it is `unspecified`.
//! 2. The default is one more definition, in front of all others, of priority 1500 and of the file of the first
//!    declaration.
//! 3. A read-only option must have one definition, whatever properties are around it, the default included.
//! 4. The definitions that count are found by their properties.
//! 5. If there is none, the value is the type's value for nothing, and an error if it has none.
//! 6. If the type refuses one, that is an error; else the value is what the type makes of them.
//! 7. `apply` is given that value, once.
//!
//! `options.PATH` says the files of the definitions that count (`files`), these (`definitions`, what is inside as it was
//! written), their priority, whether there are any, and the files of the declarations ([`FACTS`]).
//!
//! # Properties (`properties.rs`)
//!
//! In this order, each step looking at what is outermost:
//!
//! 1. `mkMerge` is replaced by its parts, `mkIf true x` by `x`, `mkIf false x` by nothing, as long as there are any.
//! 2. A definition has the priority of its `mkOverride`, or 100. Those of the least number stay, without it. Beside
//!    others nothing weaker than 9999 counts: if all are, none stays, and the priority is 9999. A single one counts
//!    always.
//! 3. If one of them is an `mkOrder`, all are sorted by their places, those without one at 1000; equals keep their order.
//!
//! So an `mkIf` inside an `mkForce` is no condition, and an `mkForce` inside an `mkOrder` no priority. The value is then
//! the property itself, a set: most types refuse it, sets of anything take it, and a submodule resolves it again.
//!
//! # Types (`check.rs`, `merge.rs`, `containers.rs`)
//!
//! A type takes or refuses a definition by what is outermost in it ([`accepts`]). What it makes of those that it took:
//!
//! | type | value |
//! | --- | --- |
//! | `bool`, numbers, `str` and its kin, `path`, `enum`, `luaInline` | all must be equal (`1 == 1.0`, sets deeply): the first |
//! | `boolByOr` | whether one is true |
//! | `lines`, `commas`, `envVar`, `separatedString` | the texts in order, joined |
//! | `raw`, `package` | there must be one |
//! | `unique`, `uniq`, `pkgs` | there must be one, which the type inside merges |
//! | `attrs` | the attributes of all; of two of one name the last, as it is written |
//! | `listOf` | the elements of all in order, each merged by itself; one without value is not there |
//! | `attrsOf`, `attrsWith` | name by name, as options are; a name without value is not there |
//! | `lazyAttrsOf` | the same, but a name without value has its type's value for nothing, or an error |
//! | `attrListOf` | items of a name and a value, by the strongest priority of the name, then by their places |
//! | `attrTag` | all must have the same tag, whose option decides |
//! | `nullOr` | null if all are, an error if some are |
//! | `either`, `oneOf` | what the first side makes that takes all; if none does, that is refused |
//! | `coercedTo` | each that the first type takes is converted, then the last type merges |
//! | `submodule` | an evaluation of its module and then of each definition as one, below the option's path |
//! | `deferredModule` | a module that imports each, with `FILE, via option PATH` as its file |
//! | `functionTo` | a function whose result is what the definitions' results are merged to |
//! | `addCheck`, `passwdEntry`, `nonEmptyListOf` | what the type inside makes |
//! | `unspecified` | by kind: lists put together, sets as `attrs`, Booleans by or, texts joined, equal integers |
//! | `anything` | all must be of one kind: sets as `attrsOf anything`, functions likewise, all else must be equal |
//! | `json`, `toml` | as the `oneOf` that they are |
//!
//! `either`, `coercedTo` and what is made of them judge all definitions together. Inside a type that asks each by itself,
//! such as `nullOr`, they meet definitions that no side takes all of; then there must be one.
//!
//! The value for nothing is `[ ]` for lists, `{ }` for sets, null for `nullOr` and `json`, for a submodule what it is
//! without definitions, and for `unique`, `coercedTo` and `addCheck` that of the type inside. `nonEmptyListOf` and all
//! others have none.
//!
//! # Types of several declarations (`join.rs`)
//!
//! Types of one kind are joined: what is inside is joined, enumerations are united, submodules and tags have the options
//! of both. A condition is not part of a kind, so it is lost: two `ints.u8` are an `int`, two `nonEmptyListOf` a `listOf`.
//! A type that holds a submodule is made anew even if it is declared once, and loses the conditions of `addCheck` and the
//! message of `unique` on the way. `coercedTo` and `attrListOf` are never joined; `json` and `toml` hold themselves, and
//! joining two does not end.
//!
//! # Refusals (`words.rs`, `describe.rs`)
//!
//! A [`Fault::Refused`] has words that the message must have in it: the option's path, the type's description, the files.
//! Descriptions have parentheses by the kind of phrase. A value is read in the order of names, so the first fault
//! in that order is the one that is seen.
//!
//! # In 2020
//!
//! - There were no free-form types, no value for nothing but in `lazyAttrsOf` (and there it was `{ }` for lists), no
//!   options added to submodules by options below them, and fewer types.
//! - A single definition weaker than 9999 did not count either.
//! - A stray at the top was an error of the whole, one in a set of options an error of that set, the last module's first.
//! - `either` asked each definition by itself, and merged as it does today where it is asked so; `uniq` gave its one
//!   definition as it was written; an option with options below was an error of that option.
//! - `attrsOf`, `lazyAttrsOf` and `loaOf` were kinds of their own; two `strMatching` could not be joined; a
//!   `nonEmptyListOf` of submodules could be empty.
//! - Paths in messages were not quoted, refusals name the first file only, and descriptions have no parentheses.
//!
//! # Not modelled
//!
//! [`Fault::Unknown`] stands for what the model does not say: modules that are functions or files, types of
//! somebody's own, packages made of store paths, what joining never ends for, and where the libraries themselves fail with
//! an error that nobody worded: `mkOrder` around a definition of a submodule, and several functions of type
//! `unspecified` that are called.

mod check;
mod collect;
mod containers;
mod corners;
mod describe;
mod equal;
mod facts;
mod join;
mod law;
mod merge;
mod modules;
mod option;
#[cfg(test)]
mod oracle;
mod properties;
#[cfg(test)]
mod tests;
mod words;

pub use check::accepts;
pub use equal::same;
pub use option::CALLED;
pub use words::Fault;

use crate::{Claim, Expected, Ground, Plain, Question, Scene, Side, Ty};
use std::collections::BTreeMap;

/// Which library's semantics are modelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edition {
    /// That of nixpkgs 26.11.
    Current,
    /// That of nixpkgs 20.09 and before.
    Of2020,
}

impl Edition {
    /// Returns the edition of a library; `None` if it is one of the years between, which are not modelled.
    pub fn of(ground: &Ground) -> Option<Edition> {
        if ground.has_type("attrListOf") {
            Some(Edition::Current)
        } else if !ground.has_type("anything") {
            Some(Edition::Of2020)
        } else {
            None
        }
    }
}

/// The laws that hold a library against the model.
pub(crate) const LAWS: &[crate::Law] = &[law::LAW, law::VALUES, facts::FACTS, facts::JOINED, corners::LAW];

/// The rules of one edition.
#[derive(Clone, Copy, Debug)]
struct Model {
    edition: Edition,
}

/// What the model says of attributes of a set.
pub type Parts = Result<BTreeMap<String, Result<Plain, Fault>>, Fault>;

/// What the model says of a scene.
#[derive(Clone, PartialEq, Debug)]
pub struct Answers {
    /// The configuration, by its attributes: the value of each, or why it has none; or why there is no configuration.
    pub config: Parts,
    /// What [`FACTS`] tells of the options, by their first name.
    pub facts: Parts,
}

/// Nix for a function from an evaluation to what is told of each option: the files of the definitions that count, in
/// order, these definitions, their priority, whether there are any, and the files of the declarations.
pub const FACTS: &str = "e: let facts = o: if lib.isOption o then { inherit (o) files definitions highestPrio \
isDefined declarations; } else lib.mapAttrs (_: facts) (removeAttrs o [ \"_module\" \"_definedNames\" ]); in facts e.options";

/// Returns what the module system of an edition makes of a scene.
pub fn answers(scene: &Scene, edition: Edition) -> Answers {
    let parts = collect::collect(&scene.modules);
    let evaluated = Model { edition }.evaluate(&parts, &[]);
    let facts = match &evaluated.options {
        Ok(nodes) => Ok(nodes.iter().map(|(name, node)| (name.clone(), node.facts())).collect()),
        Err(fault) => Err(fault.clone()),
    };
    Answers {
        config: evaluated.values,
        facts,
    }
}

/// Returns how messages of an edition call a type; `None` if that is not known.
pub fn describe(ty: &Ty, edition: Edition) -> Option<String> {
    Model { edition }.described(ty)
}

/// Returns what is evaluated of a scene, and that it must be what the model says.
pub fn question(scene: &Scene, edition: Edition) -> Question {
    let answers = answers(scene, edition);
    let side = |name, function: &str| Side {
        name,
        expr: crate::scene::evaluated(function, scene.modules()),
    };
    let names = "e: { names = builtins.attrNames e.config; }";
    let mut claims = claims(0, &answers.config);
    if let Ok(parts) = &answers.config {
        let names = Plain::List(parts.keys().map(Plain::str).collect());
        claims.push(Claim::Parts(1, [("names".to_owned(), Expected::Value(names))].into()));
    }
    claims.extend(self::claims(2, &answers.facts));
    Question {
        sides: vec![
            side("config", "e: e.config"),
            side("names", names),
            side("options", FACTS),
        ],
        claims,
    }
}

/// Returns that a side is what the model says, as far as it says anything.
pub fn claims(side: usize, parts: &Parts) -> Vec<Claim> {
    match parts {
        Ok(parts) => {
            let known = parts.iter().filter_map(|(name, value)| {
                let expected = match value {
                    Ok(value) => Expected::Value(value.clone()),
                    Err(Fault::Refused(words)) => Expected::Refused(words.clone()),
                    Err(Fault::Unknown) => return None,
                };
                Some((name.clone(), expected))
            });
            vec![Claim::Parts(side, known.collect())]
        }
        Err(Fault::Refused(words)) => vec![Claim::Whole(side, Expected::Refused(words.clone()))],
        Err(Fault::Unknown) => Vec::new(),
    }
}
