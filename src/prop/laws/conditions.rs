//! `mkIf`: definitions that count only if a condition holds.

use super::asking::{law, same};
use crate::random::{Draw, scenes};
use crate::{Def, Ground, Law, Module, Question, Scene, Simple, Ty};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[FALSE];

const FALSE: Law = law(
    "lib-false-absent",
    "a definition under `mkIf false` is as if it were not there",
    "All of NixOS is written as `mkIf config.services.x.enable { … }`. A service that is off must leave no trace: no \
     value, no empty key, no element of a list.",
    drawn,
    question,
);

fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let mut scene = scenes::defined(draw, ground, sprinkled);
    for module in &mut scene.modules {
        if draw.once_in(9) {
            module.config = module.config.take().map(|config| config.when(false));
        }
    }
    if draw.once_in(20) {
        let unknown = Def::Attrs(vec![("unknown".into(), Def::Int(1))]);
        scene.modules.push(Module {
            config: Some(unknown.when(false)),
            ..Module::default()
        });
    }
    Some(scene)
}

/// Returns a value with properties, and parts of it under a condition that does not hold.
fn sprinkled(draw: &mut Draw<'_>, ty: &Ty, value: Def) -> Def {
    let value = inside(draw, ty, value);
    let value = scenes::with_properties(draw, ty, value);
    if draw.once_in(3) { value.when(false) } else { value }
}

/// Returns a value of which some parts, as the type merges them one by one, are under conditions.
fn inside(draw: &mut Draw<'_>, ty: &Ty, value: Def) -> Def {
    let part = |draw: &mut Draw<'_>, value: Def| match draw.below(4) {
        0 => value.when(false),
        1 => value.when(true),
        _ => value,
    };
    match (ty, value) {
        (Ty::ListOf(_) | Ty::NonEmptyListOf(_), Def::List(elements)) => {
            Def::List(elements.into_iter().map(|element| part(draw, element)).collect())
        }
        (
            Ty::AttrsOf(_) | Ty::LazyAttrsOf(_) | Ty::Submodule(..) | Ty::Simple(Simple::Attrs | Simple::Anything),
            Def::Attrs(entries),
        ) => {
            let entries = entries.into_iter().map(|(name, value)| (name, part(draw, value)));
            Def::Attrs(entries.collect())
        }
        (_, value) => value,
    }
}

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut without = scene.clone();
    for module in &mut without.modules {
        drop_false(module);
    }
    same(("config", scene.config()), ("without", without.config()))
}

fn drop_false(module: &mut Module) {
    module.config = module.config.take().and_then(kept);
    module.imports.iter_mut().for_each(drop_false);
}

/// Returns what is left of a definition without all that is under conditions that do not hold.
fn kept(def: Def) -> Option<Def> {
    Some(match def {
        Def::If(false, _) => return None,
        Def::If(true, inner) => Def::If(true, Box::new(kept(*inner)?)),
        Def::Override(priority, inner) => Def::Override(priority, Box::new(kept(*inner)?)),
        Def::Order(order, inner) => Def::Order(order, Box::new(kept(*inner)?)),
        Def::Merge(defs) => Def::Merge(defs.into_iter().filter_map(kept).collect()),
        Def::List(elements) => Def::List(elements.into_iter().filter_map(kept).collect()),
        Def::Attrs(entries) => {
            let entries = entries.into_iter();
            Def::Attrs(entries.filter_map(|(name, value)| Some((name, kept(value)?))).collect())
        }
        other => other,
    })
}
