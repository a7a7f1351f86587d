//! The order of imports, and importing a module twice.

use super::asking::{law, same, same_up_to_order};
use crate::random::{Draw, scenes};
use crate::scene::evaluated;
use crate::{Expr, Ground, Law, Module, Question, Scene};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[ORDER, TWICE];

const ORDER: Law = law(
    "lib-import-order",
    "modules give the same configuration in whatever order they are imported",
    "Nobody knows the order in which a hundred modules import each other, so no value may depend on it. Only lists \
     and joined text are in some order, and only `mkOrder` says in which.",
    scenes::merging,
    order,
);

fn order(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut other = scene.clone();
    let turn = *scene.choices.first()? as usize;
    let count = other.modules.len().max(1);
    other.modules.rotate_left(turn % count);
    if (turn / count).is_multiple_of(2) {
        other.modules.reverse();
    }
    same_up_to_order(("config", scene.config()), ("reordered", other.config()))
}

const TWICE: Law = law(
    "lib-import-twice",
    "a module that is imported twice counts once",
    "Modules import what they need, so the same file is imported from many places. Its lists would double, and its \
     options would be declared twice.",
    twice_drawn,
    twice,
);

fn twice_drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let mut scene = scenes::plain(draw, ground)?;
    for module in &mut scene.modules {
        module.key = format!("key of {}", module.file);
    }
    scene.choices = scenes::choices(draw, 2);
    Some(scene)
}

fn twice(scene: &Scene, _: &Ground) -> Option<Question> {
    let [which, place] = scene.choices[..] else { return None };
    let count = scene.modules.len().max(1);
    let module = scene.modules.get(which as usize % count)?;
    let mut again = scene.modules.clone();
    match again.get_mut(place as usize % count)? {
        // Imported by a module that stands elsewhere.
        other if other.key != module.key => other.imports.push(module.clone()),
        _ => again.push(module.clone()),
    }
    // Real files are known by their paths.
    let files = place.is_multiple_of(3);
    let list = |modules: &[Module]| {
        let each = modules
            .iter()
            .map(|module| if files { filed(module) } else { module.expr() });
        Expr::List(each.collect())
    };
    let config = |modules: &[Module]| evaluated("e: e.config", list(modules));
    same(("once", config(&scene.modules)), ("twice", config(&again)))
}

/// Returns a module that imports what it defines from a file, as do all that it imports.
fn filed(module: &Module) -> Expr {
    let mut imports: Vec<Expr> = module.imports.iter().map(filed).collect();
    let mut rest = Module {
        imports: Vec::new(),
        ..module.clone()
    };
    if let Some(config) = rest.config.take() {
        // Without a key it counts twice, but says nothing any more that could show.
        rest.key = String::new();
        imports.push(Expr::call(FILE, [config.expr()]));
    }
    let mut expr = rest.expr();
    if let Expr::Attrs(entries) = &mut expr {
        entries.push(("imports".into(), Expr::List(imports)));
    }
    expr
}

/// A file of a module that defines what is given.
const FILE: &str =
    "config: builtins.toFile \"module.nix\" \"{ config = builtins.fromJSON ''${builtins.toJSON config}''; }\"";
