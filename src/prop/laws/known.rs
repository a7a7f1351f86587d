//! Known behaviours: what the real module system itself does against a law.
//!
//! A case that breaks a law and that a known behaviour explains is counted, not found. Each has an example that
//! breaks its law, which a test shows on each library: so a behaviour that nixpkgs mends is noticed.

use super::values::seal;
use super::{options, priorities};
use crate::model::Edition;
use crate::{Decl, Def, Ground, Law, Module, Scene, Simple, Ty};

/// What the real module system does against a law.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name: kebab-case, what it is about first.
    pub id: &'static str,
    /// The law that it breaks.
    pub law: &'static str,
    /// What happens, in one sentence without a full stop.
    pub title: &'static str,
    /// Why it is so.
    pub why: &'static str,
    /// In which libraries it is so, from those of 2020 to those of 2026.
    pub since: Since,
    /// Whether it can be what breaks the law in a scene.
    pub applies: fn(&Scene) -> bool,
    /// A scene in which it does.
    pub example: fn() -> Scene,
}

/// In which libraries a known behaviour is so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// In those of 2020, and still in those of 2026.
    Always,
    /// In those of 2020, and no more in those of 2026.
    Before,
    /// In those of 2026, and not yet in those of 2020.
    Now,
}

impl Since {
    /// Whether it is so in a library; in those of the years between it may be.
    pub fn covers(self, edition: Option<Edition>) -> bool {
        match edition {
            Some(Edition::Current) => self != Since::Before,
            Some(Edition::Of2020) => self != Since::Now,
            None => true,
        }
    }
}

/// Returns all known behaviours.
pub fn all() -> &'static [Known] {
    &[
        ATTRS_ORDER,
        ATTRS_PRIORITY,
        ATTRS_CONDITION,
        LAZY_CONDITION,
        UNKNOWN_CONDITION,
        NON_EMPTY_CONDITION,
        EMPTY_NAME,
        SUBMODULE_EMPTY,
        UNIQUE_INSIDE,
        EITHER_OUTSIDE,
        LOA_LISTS,
        SUBMODULE_ORDER,
        ATTR_LIST_WEAK,
        FUNCTIONS_FAIL,
    ]
}

/// Returns the known behaviour that explains why a law is broken in a scene on a library.
pub fn explaining(law: &Law, scene: &Scene, ground: &Ground) -> Option<&'static Known> {
    let mut known = all().iter().filter(|known| known.law == law.id);
    known.find(|known| known.since.covers(Edition::of(ground)) && (known.applies)(scene))
}

const ATTRS_ORDER: Known = Known {
    id: "attrs-takes-the-last",
    law: "lib-import-order",
    title: "two definitions of one key in `types.attrs` do not conflict: one of them silently wins",
    why: "`types.attrs` joins its definitions with `//` and does not look into them. `types.attrsOf types.anything` \
          merges key by key.",
    since: Since::Always,
    applies: |scene| scene.holds_type(&is_attrs),
    example: || keyed(ATTRS, [("a.nix", Def::Int(1)), ("b.nix", Def::Int(2))], vec![0]),
};

const ATTRS_PRIORITY: Known = Known {
    id: "attrs-ignores-priorities",
    law: "lib-priority-order",
    title: "a priority inside a definition of `types.attrs` is not taken off, and does not count",
    why: "`types.attrs` does not look into its definitions, so an `mkForce` inside stays in the value.",
    since: Since::Always,
    applies: |scene| scene.holds_type(&is_attrs),
    example: || {
        let weak = Def::Int(1).weighed(Def::DEFAULT);
        keyed(ATTRS, [("a.nix", weak), ("b.nix", Def::Int(2))], Vec::new())
    },
};

const ATTRS_CONDITION: Known = Known {
    id: "attrs-keeps-conditions",
    law: "lib-false-absent",
    title: "`mkIf` inside a definition of `types.attrs` stays in the value",
    why: "`types.attrs` does not look into its definitions, so the key is there with the condition as its value.",
    since: Since::Always,
    applies: |scene| scene.holds_type(&is_attrs),
    example: || keyed(ATTRS, [("a.nix", Def::Int(1).when(false))], Vec::new()),
};

const LAZY_CONDITION: Known = Known {
    id: "lazy-attrs-keeps-keys",
    law: "lib-false-absent",
    title: "a key of `types.lazyAttrsOf` with nothing but `mkIf false` is there, without a value",
    why: "`types.lazyAttrsOf` says which keys there are before it knows any value, so that values may depend on the \
          keys. A condition is known too late for that.",
    since: Since::Always,
    applies: |scene| scene.holds_type(&is_lazy),
    example: || {
        let ty = Ty::LazyAttrsOf(Box::new(Ty::Simple(Simple::Int)));
        keyed(ty, [("a.nix", Def::Int(1).when(false))], Vec::new())
    },
};

const UNKNOWN_CONDITION: Known = Known {
    id: "condition-needs-options",
    law: "lib-false-absent",
    title: "a definition of an option that does not exist is refused under `mkIf false`, too",
    why: "Which options there are must be known before any condition is. `lib.optionalAttrs` leaves definitions out; \
          its condition must not depend on the configuration.",
    since: Since::Always,
    applies: |scene| {
        scene.modules.iter().any(|module| match &module.config {
            Some(Def::If(false, inner)) => {
                matches!(&**inner, Def::Attrs(entries) if entries.iter().any(|(name, _)| name == "unknown"))
            }
            _ => false,
        })
    },
    example: || Scene {
        modules: vec![Module {
            config: Some(Def::Attrs(vec![("unknown".into(), Def::Int(1))]).when(false)),
            ..Module::default()
        }],
        ..Scene::default()
    },
};

const NON_EMPTY_CONDITION: Known = Known {
    id: "non-empty-list-counts-conditions",
    law: "lib-false-absent",
    title: "`types.nonEmptyListOf` takes a list whose elements are all under `mkIf false`, and gives an empty one",
    why: "Whether there are elements is looked at before conditions are taken off.",
    since: Since::Always,
    applies: |scene| scene.holds_type(&|ty| matches!(ty, Ty::NonEmptyListOf(_))),
    example: || {
        let ty = Ty::NonEmptyListOf(Box::new(Ty::Simple(Simple::Int)));
        one(ty, Def::List(vec![Def::Int(1).when(false)]))
    },
};

const EMPTY_NAME: Known = Known {
    id: "empty-submodule-forgets-path",
    law: "lib-value-refused",
    title: "in a submodule that nothing defines, an option without a value is named without the path to it",
    why: "The value of such a submodule is evaluated before it is known where it stands.",
    since: Since::Now,
    applies: |scene| {
        scene.holds_type(&|ty| matches!(ty, Ty::Submodule(options, _) if options.iter().any(is_submodule)))
    },
    example: || {
        let int = |name| Decl::new(name, Ty::Simple(Simple::Int));
        let inner = Decl::new("beta", Ty::Submodule(vec![int("gamma")], None));
        let ty = Ty::Submodule(vec![inner, int("delta")], None);
        // Sets are read in the order of names.
        one(ty, Def::Attrs(vec![("delta".into(), Def::str("no integer"))]))
    },
};

fn is_submodule(option: &Decl) -> bool {
    let submodule = |ty: &Ty| matches!(ty, Ty::Submodule(..));
    option.ty.as_ref().is_some_and(|ty| ty.holds(&submodule))
}

const SUBMODULE_EMPTY: Known = Known {
    id: "submodule-without-definition",
    law: "lib-submodule-merges",
    title: "a submodule that nothing defines has no value, although its options have defaults",
    why: "Types had no value of their own for this in 2020.",
    since: Since::Before,
    applies: |scene| {
        let absent = |def: &Def| matches!(def, Def::If(false, _));
        let mut configs = scene.modules.iter().filter_map(|module| module.config.as_ref());
        configs.all(|config| matches!(config, Def::Attrs(entries) if entries.iter().all(|(_, def)| absent(def))))
    },
    example: || {
        let mut inner = Decl::new("beta", Ty::Simple(Simple::Int));
        inner.default = Some(Def::Int(1));
        let option = Decl::new("alpha", Ty::Submodule(vec![inner], None));
        Scene {
            modules: vec![Module::declares("options.nix", vec![option])],
            ..Scene::default()
        }
    },
};

const UNIQUE_INSIDE: Known = Known {
    id: "uniq-takes-what-is-inside",
    law: "lib-value-refused",
    title: "`types.uniq` does not check what is inside of the value",
    why: "It took the one definition as it was, and did not merge it by the type inside.",
    since: Since::Before,
    applies: |scene| scene.holds_type(&|ty| matches!(ty, Ty::Uniq(_) | Ty::Unique(..))),
    example: || {
        let list = Ty::ListOf(Box::new(Ty::Simple(Simple::Int)));
        one(Ty::Uniq(Box::new(list)), Def::List(vec![Def::str("no integer")]))
    },
};

const EITHER_OUTSIDE: Known = Known {
    id: "either-looks-at-the-outside",
    law: "lib-value-accepted",
    title: "`types.either` and `types.oneOf` take the first type that fits from the outside, and then refuse what is \
            inside, even if a later type would take all of it",
    why: "Types check sets and lists without looking into them, so that what is inside may be evaluated late.",
    since: Since::Always,
    applies: |scene| scene.holds_type(&|ty| matches!(ty, Ty::Either(..) | Ty::OneOf(_))),
    example: || {
        let set = |simple| Box::new(Ty::AttrsOf(Box::new(Ty::Simple(simple))));
        let ty = Ty::Either(set(Simple::Int), set(Simple::Str));
        one(ty, Def::Attrs(vec![("beta".into(), Def::str("no integer"))]))
    },
};

const LOA_LISTS: Known = Known {
    id: "loa-takes-lists",
    law: "lib-value-refused",
    title: "`types.loaOf` takes lists, and makes up names for their elements",
    why: "It was made for the time in which users and file systems became sets instead of lists.",
    since: Since::Before,
    applies: |scene| scene.holds_type(&|ty| matches!(ty, Ty::LoaOf(_))),
    example: || {
        let ty = Ty::LoaOf(Box::new(Ty::Simple(Simple::Int)));
        one(ty, Def::List(vec![Def::Int(1)]))
    },
};

const SUBMODULE_ORDER: Known = Known {
    id: "submodule-refuses-order",
    law: "lib-order-changes-order",
    title: "`mkOrder` around a definition of a submodule is an error that nobody worded",
    why: "The place stays in the definition, and `types.submodule` takes a value and a file and nothing else.",
    since: Since::Always,
    applies: |scene| {
        let ordered = |module: &Module| module.config.as_ref().is_some_and(holds_order);
        scene.holds_type(&|ty| matches!(ty, Ty::Submodule(..))) && scene.modules.iter().any(ordered)
    },
    example: || {
        let mut inner = Decl::new("beta", Ty::Simple(Simple::Int));
        inner.default = Some(Def::Int(1));
        one(
            Ty::Submodule(vec![inner], None),
            Def::Attrs(Vec::new()).placed(Def::BEFORE),
        )
    },
};

const ATTR_LIST_WEAK: Known = Known {
    id: "attr-list-drops-what-is-weak",
    law: "lib-priority-alone",
    title: "an element of `types.attrListOf` under `mkDefault` is left out, although nothing else says anything of its key",
    why: "The strongest priority of a key is looked for from that of a plain definition on, so a weaker one never is it.",
    since: Since::Now,
    applies: priorities::drops_what_is_weak,
    example: || Scene {
        modules: Vec::new(),
        choices: vec![8, 0],
    },
};

const FUNCTIONS_FAIL: Known = Known {
    id: "merged-functions-cannot-be-called",
    law: "lib-functions-merge",
    title: "two functions given to an option without a type merge to one that fails when it is called",
    why: "`lib.mergeDefaultOption` merges what the functions give as if these were definitions, with a file each, and \
          they are not. Give the option a type: `types.functionTo`.",
    since: Since::Always,
    applies: options::has_functions,
    example: || Scene {
        modules: Vec::new(),
        choices: vec![1, 1, 0, 1, 0, 1, 1],
    },
};

/// Whether there is an `mkOrder` in a definition.
fn holds_order(def: &Def) -> bool {
    match def {
        Def::Order(..) => true,
        Def::If(_, inner) | Def::Override(_, inner) => holds_order(inner),
        Def::Merge(all) | Def::List(all) => all.iter().any(holds_order),
        Def::Attrs(entries) => entries.iter().any(|(_, def)| holds_order(def)),
        _ => false,
    }
}

/// Returns a scene of an option and one definition of it.
fn one(ty: Ty, value: Def) -> Scene {
    let option = Decl::new("alpha", ty);
    let modules = vec![
        Module::defines("a.nix", &option.path, value),
        Module::declares("options.nix", vec![option]),
    ];
    let choices = vec![seal(&modules)];
    Scene { modules, choices }
}

/// Returns a scene of an option and definitions of one key in it.
fn keyed<const N: usize>(ty: Ty, definitions: [(&str, Def); N], choices: Vec<u32>) -> Scene {
    let path = ["alpha".to_owned(), "beta".to_owned()];
    let defining = definitions.map(|(file, value)| Module::defines(file, &path, value));
    let declaring = Module::declares("options.nix", vec![Decl::new("alpha", ty)]);
    Scene {
        modules: [declaring].into_iter().chain(defining).collect(),
        choices,
    }
}

fn is_lazy(ty: &Ty) -> bool {
    matches!(ty, Ty::LazyAttrsOf(_) | Ty::AttrsWith(_, true, _))
}

const ATTRS: Ty = Ty::Simple(Simple::Attrs);

fn is_attrs(ty: &Ty) -> bool {
    *ty == ATTRS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the stand-in's library does not do, although nixpkgs does.
    const NOT_IN_STAND_IN: [&str; 1] = ["submodule-refuses-order"];

    use crate::fixture::{libraries, on};
    use crate::laws;
    use crate::run::{Verdict, ask};

    #[test]
    fn each_library_does_what_is_known_of_it() {
        for (i, library) in libraries().into_iter().enumerate() {
            let wrong: Vec<String> = on(&library, move |ev, ground| {
                let mut wrong = Vec::new();
                for known in all() {
                    let law = laws::all()
                        .iter()
                        .find(|law| law.id == known.law)
                        .expect("the law is there");
                    let scene = (known.example)();
                    assert!((known.applies)(&scene), "{}", known.id);
                    let question = (law.question)(&scene, ground).expect("the law says something of it");
                    let verdict = ask(ev, ground, &question, true).expect("no limit is reached");
                    let edition = Edition::of(ground).expect("the library is of 2020 or of today");
                    let left_out = i == 0 && NOT_IN_STAND_IN.contains(&known.id);
                    let expected = known.since.covers(Some(edition)) && !left_out;
                    if matches!(verdict, Verdict::Broken(_)) != expected {
                        wrong.push(format!("{}: {verdict:?}", known.id));
                    }
                }
                wrong
            });
            assert!(wrong.is_empty(), "{}: {}", library.display(), wrong.join("\n"));
        }
    }
}
