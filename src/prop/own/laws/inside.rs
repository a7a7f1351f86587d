//! What types of somebody's own do with modules inside of definitions.
//!
//! A type whose merge function has a submodule do the work takes functions for modules. Into a definition of such a type
//! a module is put that nobody else wrote, and whose part of the value is known. Where a type takes no module there,
//! nothing is asked.

use super::{Own, Said, parts, said, scene, side, value};
use crate::random::Draw;
use crate::{Claim, Def, Expected, Expr, Ground, Law, Module, Plain, Question, Scene, Scope};
use diag::Severity;

pub(super) const TWICE: Own = Own {
    law: Law {
        id: "merge-imports-twice",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "a module that two definitions import counts once",
        why: "Definitions of a submodule are modules and may import others. Two that import the same file mean it once. A \
              merge function that evaluates each definition by itself, and joins what comes out, has it twice: its lists \
              double.",
        fix: "Give all definitions to one evaluation: call the `merge` of the submodule with all of `defs`, once.",
        draw: drawn,
        question: |scene, ground| {
            let known = ground.option()?;
            let (declares, defines) = parts(scene)?;
            let (last, before) = defines.split_last()?;
            let shared = selected(said(known, last)?)?;
            let again = Module {
                file: "again.nix".into(),
                ..last.clone()
            };
            let with = |modules: &[Module]| {
                let all: Vec<Module> = std::iter::once(declares)
                    .chain(before)
                    .chain(modules)
                    .cloned()
                    .collect();
                Expr::call(&shared, [value(known, &all)])
            };
            let once = with(std::slice::from_ref(last));
            Some(Question {
                sides: vec![
                    side("taken", Expr::call("shared: shared == [ 1 ]", [once.clone()])),
                    side("once", once),
                    side("twice", with(&[last.clone(), again])),
                ],
                claims: vec![
                    Claim::Yes(0),
                    Claim::Whole(2, Expected::Value(Plain::List(vec![Plain::Int(1)]))),
                ],
            })
        },
    },
    about: |known| known.shape.merge.is_some(),
    says: |about| Said {
        message: format!(
            "the type `{}` counts a module twice that two definitions import",
            about.merging
        ),
        words: false,
        hint: "give all definitions to the `merge` of the submodule, once",
    },
};

/// A module that imports one with a key, which has a list.
const SHARED: &str = r#"{ lib, ... }: { imports = [ { key = "shared"; options.shared = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; }; config.shared = [ 1 ]; } ]; }"#;

/// Returns a scene in which that module is a definition, or the value of one name of it, mostly beside another definition.
fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let known = ground.option()?;
    let good = &known.values.good;
    if good.is_empty() {
        return None;
    }
    let other = draw.pick(good).clone();
    let module = Def::Nix(SHARED.into());
    let names: &[(String, Def)] = match &other {
        Def::Attrs(entries) => entries,
        _ => &[],
    };
    let module = match names.is_empty() || draw.once_in(2) {
        true => module,
        false => Def::Attrs(vec![(draw.pick(names).0.clone(), module)]),
    };
    let mut definitions = vec![other, module];
    if draw.once_in(4) {
        definitions.remove(0);
    }
    Some(scene(known, definitions, Vec::new()))
}

/// Returns the function that selects the list of the module in a definition; `None` if it is not there any more.
fn selected(definition: &Def) -> Option<String> {
    let is_it = |definition: &Def| matches!(definition, Def::Nix(text) if **text == *SHARED);
    match definition {
        Def::Attrs(entries) => match &entries[..] {
            [(name, inner)] if is_it(inner) => {
                Some(format!("value: value.{}.shared or null", crate::expr::shown(name)))
            }
            _ => None,
        },
        definition => is_it(definition).then(|| "value: value.shared or null".into()),
    }
}
