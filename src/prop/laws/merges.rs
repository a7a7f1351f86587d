//! `mkMerge`: several definitions in one.

use super::asking::law;
use crate::random::{Draw, scenes, values};
use crate::scene::evaluated;
use crate::{Claim, Decl, Def, Expr, Ground, Law, Module, Question, Scene, Side};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[FLAT];

const FLAT: Law = law(
    "lib-merge-flat",
    "`mkMerge` of `mkMerge` is one `mkMerge` of all, and says what as many modules say",
    "Definitions are put together in modules that know nothing of each other, one `mkMerge` inside another. Where \
     the parentheses stand must not matter.",
    drawn,
    question,
);

fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let option = Decl::new(scenes::NAMES[0], scenes::ty(draw, ground));
    let ty = option.ty.clone()?;
    let mut definitions = Vec::new();
    for _ in 0..draw.between(2, 4) {
        let value = values::value(draw, &ty)?;
        definitions.push(scenes::with_properties(draw, &ty, value));
    }
    Some(Scene {
        modules: vec![
            Module::declares(scenes::DECLARING, vec![option]),
            Module {
                file: scenes::FILES[0].into(),
                config: Some(Def::Merge(definitions)),
                ..Module::default()
            },
        ],
        choices: scenes::choices(draw, 3),
    })
}

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let [declaring, defining] = &scene.modules[..] else {
        return None;
    };
    let [split, around, depth] = scene.choices[..] else {
        return None;
    };
    let Some(Def::Merge(definitions)) = &defining.config else {
        return None;
    };
    let path = &declaring.options.first()?.path;
    let (first, second) = definitions.split_at(split as usize % (definitions.len() + 1));
    let nested = match around % 3 {
        0 => Def::Merge(vec![Def::Merge(first.to_vec()), Def::Merge(second.to_vec())]),
        1 => Def::Merge(first.iter().cloned().chain([Def::Merge(second.to_vec())]).collect()),
        _ => Def::Merge(
            [Def::Merge(first.to_vec())]
                .into_iter()
                .chain(second.iter().cloned())
                .collect(),
        ),
    };
    // The properties may stand around the option or around the whole configuration.
    let place = |def: &Def| match (depth % 2, def) {
        (0, Def::Merge(all)) => wrapped(path, all),
        _ => Def::at(path, def.clone()),
    };
    let asked = |config: Def| {
        let module = Module {
            config: Some(config),
            ..defining.clone()
        };
        evaluated("e: e.config", Expr::List(vec![declaring.expr(), module.expr()]))
    };
    let modules = definitions.iter().rev().map(|definition| {
        let mut module = Module::defines(&defining.file, path, definition.clone());
        module.key = String::new();
        module.expr()
    });
    let apart = Expr::List([declaring.expr()].into_iter().chain(modules).collect());
    let side = |name, expr| Side { name, expr };
    Some(Question {
        sides: vec![
            side("flat", asked(place(&Def::Merge(definitions.clone())))),
            side("nested", asked(place(&nested))),
            side("apart", evaluated("e: e.config", apart)),
        ],
        claims: vec![Claim::Same(0, 1), Claim::Same(0, 2)],
    })
}

/// Returns the `mkMerge` of definitions at a path, each with the path around itself.
fn wrapped(path: &[String], definitions: &[Def]) -> Def {
    let each = definitions.iter().map(|definition| match definition {
        Def::Merge(inner) => wrapped(path, inner),
        other => Def::at(path, other.clone()),
    });
    Def::Merge(each.collect())
}
