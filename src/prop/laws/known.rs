//! Known behaviours: what the real module system itself does against a law.
//!
//! A case that breaks a law and that a known behaviour explains is counted, not found. Each has an example that
//! breaks its law, which a test shows on each library: so a behaviour that nixpkgs mends is noticed.

use crate::{Decl, Def, Law, Module, Scene, Simple, Ty};

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
    /// Whether it is so in nixpkgs of 2020, too.
    pub in_2020: bool,
    /// Whether it can be what breaks the law in a scene.
    pub applies: fn(&Scene) -> bool,
    /// A scene in which it does.
    pub example: fn() -> Scene,
}

/// Returns all known behaviours.
pub fn all() -> &'static [Known] {
    &[ATTRS_ORDER, ATTRS_PRIORITY, ATTRS_CONDITION]
}

/// Returns the known behaviour that explains why a law is broken in a scene.
pub fn explaining(law: &Law, scene: &Scene) -> Option<&'static Known> {
    all().iter().find(|known| known.law == law.id && (known.applies)(scene))
}

const ATTRS_ORDER: Known = Known {
    id: "attrs-takes-the-last",
    law: "lib-import-order",
    title: "two definitions of one key in `types.attrs` do not conflict: one of them silently wins",
    why: "`types.attrs` joins its definitions with `//` and does not look into them. `types.attrsOf types.anything` \
          merges key by key.",
    in_2020: true,
    applies: |scene| has(scene, is_attrs),
    example: || attrs_of([("a.nix", Def::Int(1)), ("b.nix", Def::Int(2))], Vec::new(), vec![0]),
};

const ATTRS_PRIORITY: Known = Known {
    id: "attrs-ignores-priorities",
    law: "lib-priority-order",
    title: "a priority inside a definition of `types.attrs` is not taken off, and does not count",
    why: "`types.attrs` does not look into its definitions, so an `mkForce` inside stays in the value.",
    in_2020: true,
    applies: |scene| has(scene, is_attrs),
    example: || {
        let weak = Def::Int(1).weighed(Def::DEFAULT);
        attrs_of([("a.nix", weak), ("b.nix", Def::Int(2))], Vec::new(), Vec::new())
    },
};

const ATTRS_CONDITION: Known = Known {
    id: "attrs-keeps-conditions",
    law: "lib-false-absent",
    title: "`mkIf` inside a definition of `types.attrs` stays in the value",
    why: "`types.attrs` does not look into its definitions, so the key is there with the condition as its value.",
    in_2020: true,
    applies: |scene| has(scene, is_attrs),
    example: || attrs_of([("a.nix", Def::Int(1).when(false))], Vec::new(), Vec::new()),
};

/// Returns a scene of an option of `types.attrs` and definitions of one key in it.
fn attrs_of<const N: usize>(definitions: [(&str, Def); N], more: Vec<Module>, choices: Vec<u32>) -> Scene {
    let path = ["alpha".to_owned(), "beta".to_owned()];
    let option = Decl::new("alpha", Ty::Simple(Simple::Attrs));
    let defining = definitions.map(|(file, value)| Module::defines(file, &path, value));
    let declaring = Module::declares("options.nix", vec![option]);
    Scene {
        modules: [declaring].into_iter().chain(defining).chain(more).collect(),
        choices,
    }
}

fn is_attrs(ty: &Ty) -> bool {
    *ty == Ty::Simple(Simple::Attrs)
}

/// Whether an option of a scene has a type in which this one is.
fn has(scene: &Scene, wanted: fn(&Ty) -> bool) -> bool {
    scene.modules.iter().any(|module| module_has(module, wanted))
}

fn module_has(module: &Module, wanted: fn(&Ty) -> bool) -> bool {
    let types = module.options.iter().filter_map(|option| option.ty.as_ref());
    types.chain(&module.freeform).any(|ty| ty_has(ty, wanted))
        || module.imports.iter().any(|module| module_has(module, wanted))
}

fn ty_has(ty: &Ty, wanted: fn(&Ty) -> bool) -> bool {
    wanted(ty)
        || match ty {
            Ty::ListOf(ty)
            | Ty::NonEmptyListOf(ty)
            | Ty::AttrsOf(ty)
            | Ty::LazyAttrsOf(ty)
            | Ty::NullOr(ty)
            | Ty::Uniq(ty)
            | Ty::Unique(_, ty)
            | Ty::FunctionTo(ty) => ty_has(ty, wanted),
            Ty::Either(left, right) | Ty::CoercedTo(left, _, right) => ty_has(left, wanted) || ty_has(right, wanted),
            Ty::OneOf(types) => types.iter().any(|ty| ty_has(ty, wanted)),
            Ty::Submodule(options, freeform) => {
                let types = options.iter().filter_map(|option| option.ty.as_ref());
                types.chain(freeform.as_deref()).any(|ty| ty_has(ty, wanted))
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{libraries, on};
    use crate::laws;
    use crate::run::{Verdict, ask};

    #[test]
    fn each_library_does_what_is_known_of_it() {
        for (i, library) in libraries().iter().enumerate() {
            let wrong: Vec<String> = on(library, move |ev, ground| {
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
                    // The stand-in and nixpkgs of 2026 come first.
                    if matches!(verdict, Verdict::Broken(_)) != (i < 2 || known.in_2020) {
                        wrong.push(format!("{}: {verdict:?}", known.id));
                    }
                }
                wrong
            });
            assert!(wrong.is_empty(), "{}: {}", library.display(), wrong.join("\n"));
        }
    }
}
