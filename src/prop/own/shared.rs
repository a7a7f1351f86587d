//! Cases that hosts share.
//!
//! Hosts of a fleet import the same modules, and the random numbers of a case depend on its option only: each host would
//! try the same cases on the same declaration. They are tried in full on the first host. On another one a few of them
//! are tried, as the same text may make another type there by the host's arguments, and those that broke a law before.
//! What is the same is known by the option's path, the place of its declaration and all that can be seen of its type;
//! an option of which anything else is seen has all its cases.

use super::known::{Known, Values};
use super::subject::Subject;
use crate::Law;
use crate::run::Found;
use diag::Span;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cases of a law on a declaration that was tried in full on another host.
const FEW: u64 = 16;
/// The part of all cases that is tried if the values differ that the two hosts give the option.
const PART: u64 = 4;

/// What was tried in full on hosts before.
#[derive(Debug, Default)]
pub struct Shared {
    tried: FxHashMap<Declaration, Tried>,
}

/// A declaration, by all that is seen of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Declaration {
    key: String,
    span: Span,
    seen: String,
}

/// What was tried of a declaration.
#[derive(Debug)]
struct Tried {
    host: String,
    values: Arc<Values>,
    /// For each law the case that broke it, if one did.
    laws: BTreeMap<&'static str, Option<u64>>,
}

/// What is left of the cases of a law on an option.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// The numbers of the cases.
    pub cases: Vec<u64>,
    /// The host on which all of them were tried.
    pub host: String,
}

impl Declaration {
    /// Returns the declaration of an option; `key` is what its random numbers depend on.
    pub(super) fn of(known: &Known, key: &str, span: Span, description: &str) -> Declaration {
        let Known {
            shape,
            apply,
            apply_at,
            default,
            ..
        } = known;
        Declaration {
            key: key.to_owned(),
            span,
            seen: format!("{description}\n{shape:?}\n{apply} {apply_at:?} {default}"),
        }
    }
}

impl Shared {
    /// Returns which of `all` cases of a law are still to be tried on an option; `None` for all of them.
    pub fn left(&self, option: &Subject, law: &Law, all: u64) -> Option<Left> {
        let tried = self.tried.get(&option.declaration)?;
        let broken = tried.laws.get(law.id)?;
        let few = match same(&tried.values, &option.known.values) {
            true => FEW,
            false => FEW.max(all / PART),
        };
        if few >= all {
            return None;
        }
        let mut cases: Vec<u64> = (0..few).collect();
        cases.extend(broken.filter(|case| *case >= few));
        Some(Left {
            cases,
            host: tried.host.clone(),
        })
    }

    /// Takes that all cases of a law were tried on an option of a host, and what was found.
    pub fn tried(&mut self, option: &Subject, host: &str, law: &'static Law, found: Option<&Found>) {
        let tried = self.tried.entry(option.declaration.clone()).or_insert_with(|| Tried {
            host: host.to_owned(),
            values: option.known.values.clone(),
            laws: BTreeMap::new(),
        });
        // What another host tried in full after it has values of its own: they are not those that were tried here.
        if tried.host == host {
            tried.laws.insert(law.id, found.map(|found| found.case));
        }
    }
}

/// Whether the same values were found to be tried on two hosts, but for those that mean something on one host only.
fn same(first: &Arc<Values>, second: &Arc<Values>) -> bool {
    Arc::ptr_eq(first, second) || first.without_words() == second.without_words()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Host;
    use super::*;
    use crate::Def;
    use crate::run::Broken;

    /// Has `look` look at an option, as it is and with values of its own.
    fn with_option(look: impl FnOnce(&mut Subject, &dyn Fn(&mut Subject)) + Send + 'static) {
        let module = "{ lib, ... }: { options.own = lib.mkOption { type = lib.types.int; default = 1; }; }";
        Host::of(&[("own.nix", module)]).look(|_, subjects, _| {
            let (mut option, _) = subjects.into_iter().next().expect("it has an option");
            let change = |option: &mut Subject| {
                let mut values = (*option.known.values).clone();
                values.good.push(Def::Int(7_000));
                let known = Known {
                    values: Arc::new(values),
                    ..(*option.known).clone()
                };
                option.known = Arc::new(known);
            };
            look(&mut option, &change);
        });
    }

    #[test]
    fn what_was_tried_on_one_host_is_not_tried_again() {
        with_option(|option, change| {
            let [first, second] = [option.laws[0], option.laws[1]];
            let mut shared = Shared::default();
            assert_eq!(shared.left(option, first, 100), None);
            let found = Found {
                scene: crate::Scene::default(),
                broken: Broken {
                    lines: Vec::new(),
                    part: String::new(),
                    answers: Vec::new(),
                },
                case: 40,
                unconfirmed: None,
            };
            shared.tried(option, "web", first, Some(&found));
            let left = shared.left(option, first, 100).expect("it was tried on web");
            assert_eq!((left.host.as_str(), left.cases.len()), ("web", 17));
            assert_eq!(left.cases.last(), Some(&40));
            // Another law was not tried, and a few cases are not worth sharing.
            assert_eq!(shared.left(option, second, 100), None);
            assert_eq!(shared.left(option, first, 16), None);
            // A host that gives it other values has more of its own.
            change(option);
            let left = shared.left(option, first, 100).expect("it was tried on web");
            assert_eq!(left.cases.len(), 26);
        });
    }

    #[test]
    fn another_type_is_another_declaration() {
        with_option(|option, _| {
            let law = option.laws[0];
            let mut shared = Shared::default();
            shared.tried(option, "web", law, None);
            option.declaration = Declaration::of(&option.known, &option.key, option.span, "another type");
            assert_eq!(shared.left(option, law, 100), None);
        });
    }
}
