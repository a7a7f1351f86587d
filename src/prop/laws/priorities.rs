//! Priorities: of all definitions only the strongest count.

use super::asking::{law, same};
use super::table;
use crate::random::{Draw, scenes, values};
use crate::{Claim, Decl, Def, Expected, Expr, Ground, Law, Module, Question, Scene, Simple, Ty};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[ORDER, ALONE];

const ORDER: Law = law(
    "lib-priority-order",
    "`mkForce` beats a plain definition, that beats `mkDefault`, and that beats the option's default",
    "It is how a host overrides what a profile says, and a profile what NixOS says. A type that looks at definitions \
     that lost gives values that nobody can override.",
    drawn,
    question,
);

/// The priorities of the four ways to say something, the strongest first.
const WAYS: [i64; 4] = [Def::FORCE, Def::PLAIN, Def::DEFAULT, Def::OPTION_DEFAULT];

fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let ty = scenes::ty(draw, ground);
    let mut option = Decl::new(scenes::NAMES[0], ty.clone());
    // Inside a set of values each key has its own priorities.
    let inside = draw.below(8);
    let path: Vec<String> = match inside {
        0..=2 => vec![scenes::NAMES[0].into()],
        _ => vec![scenes::NAMES[0].into(), scenes::NAMES[1].into()],
    };
    match inside {
        0..=2 => option.default = scenes::default(draw, Some(&ty)),
        3 | 4 => option.ty = Some(Ty::AttrsOf(Box::new(ty.clone()))),
        5 => option.ty = Some(Ty::Simple(Simple::Attrs)),
        _ => {
            let mut inner = Decl::new(scenes::NAMES[1], ty.clone());
            inner.default = scenes::default(draw, Some(&ty));
            option.ty = Some(Ty::Submodule(vec![inner], None));
        }
    }
    let mut modules = vec![Module::declares(scenes::DECLARING, vec![option])];
    // Which of the ways are there: at least one.
    let present = draw.between(1, 7);
    for (i, &priority) in WAYS[..3].iter().enumerate() {
        if present >> i & 1 == 1 {
            let value = values::value(draw, &ty)?;
            let value = if priority == Def::PLAIN {
                value
            } else {
                value.weighed(priority)
            };
            modules.push(Module::defines(scenes::FILES[i], &path, value));
        }
    }
    let turn = draw.below(modules.len());
    modules.rotate_left(turn);
    Some(Scene {
        modules,
        choices: Vec::new(),
    })
}

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let strength = |module: &Module| module.config.as_ref().map(priority);
    let strongest = scene.modules.iter().filter_map(strength).min()?;
    // With the strongest definition alone, said without a priority, and no default.
    let mut alone = scene.clone();
    alone
        .modules
        .retain(|module| strength(module).is_none_or(|priority| priority == strongest));
    for module in &mut alone.modules {
        for option in &mut module.options {
            option.default = None;
        }
        module.config = module.config.take().map(bare);
    }
    same(("config", scene.config()), ("alone", alone.config()))
}

const ALONE: Law = law(
    "lib-priority-alone",
    "a definition that is alone counts, whatever its priority is and wherever in the value it stands",
    "A profile says with `mkDefault` what holds unless a host says something else. If nobody does, it must hold.",
    table::drawn,
    |scene, _| {
        let [place, priority, ..] = scene.choices[..] else {
            return None;
        };
        let (ty, value) = PLACES[place as usize % PLACES.len()];
        let asked = format!(
            "p: (lib.evalModules {{ modules = [ {{ options.o = lib.mkOption {{ type = {ty}; }}; }} {{ _file = \"a.nix\"; o \
             = {value}; }} ]; }}).config"
        );
        let mut question = same(
            (
                "alone",
                Expr::call(&asked, [Expr::nix(PRIORITIES[priority as usize % PRIORITIES.len()])]),
            ),
            ("plain", Expr::call(&asked, [Expr::nix("value: value")])),
        )?;
        let accepted = [("o".to_owned(), Expected::Accepted)];
        question.claims.push(Claim::Parts(1, accepted.into()));
        Some(question)
    },
);

/// Types, and values in which a property stands somewhere. The last one is for [`drops_what_is_weak`].
const PLACES: [(&str, &str); 9] = [
    ("lib.types.int", "p 1"),
    ("lib.types.nullOr lib.types.int", "p 1"),
    ("lib.types.attrsOf lib.types.int", "{ k = p 1; l = 2; }"),
    ("lib.types.lazyAttrsOf lib.types.int", "{ k = p 1; l = 2; }"),
    ("lib.types.listOf lib.types.int", "[ (p 1) 2 ]"),
    ("lib.types.attrsOf (lib.types.listOf lib.types.int)", "{ k = p [ 1 ]; }"),
    ("lib.types.nullOr (lib.types.attrsOf lib.types.int)", "{ k = p 1; }"),
    (
        "lib.types.submodule { options.k = lib.mkOption { type = lib.types.int; }; }",
        "{ k = p 1; }",
    ),
    // There were none in 2020.
    (
        "(lib.types.attrListOf or lib.types.attrsOf) lib.types.int",
        "{ k = p 1; l = 2; }",
    ),
];

/// Priorities, the weak ones first.
const PRIORITIES: [&str; 5] = [
    "lib.mkDefault",
    "lib.mkOverride 1400",
    "lib.mkOverride 101",
    "lib.mkForce",
    "lib.mkOverride 7",
];

/// Whether a scene of [`ALONE`] has a definition in an attribute list that is weaker than a plain one.
pub(super) fn drops_what_is_weak(scene: &Scene) -> bool {
    match scene.choices[..] {
        [place, priority, ..] => {
            place as usize % PLACES.len() == PLACES.len() - 1 && priority as usize % PRIORITIES.len() < 3
        }
        _ => false,
    }
}

/// Returns the priority of the one definition in a configuration.
fn priority(def: &Def) -> i64 {
    match def {
        Def::Override(priority, _) => *priority,
        Def::Attrs(entries) => entries
            .iter()
            .map(|(_, value)| priority(value))
            .min()
            .unwrap_or(Def::PLAIN),
        _ => Def::PLAIN,
    }
}

/// Returns a configuration without priorities.
fn bare(def: Def) -> Def {
    match def {
        Def::Override(_, inner) => *inner,
        Def::Attrs(entries) => Def::Attrs(entries.into_iter().map(|(name, value)| (name, bare(value))).collect()),
        other => other,
    }
}
