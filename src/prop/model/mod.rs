//! The reference model: what the module system makes of modules, once more in plain Rust.

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
