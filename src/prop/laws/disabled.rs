//! `disabledModules`: modules that are not there.

use super::asking::{law, same};
use crate::random::{Draw, scenes};
use crate::{Ground, Law, Module, Question, Scene};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[REMOVES];

const REMOVES: Law = law(
    "lib-disabled-removes",
    "a module that another one disables is not there, nor is what only it imports",
    "To replace a module of NixOS by another version of it, the old one is disabled. If anything of it stays, its \
     options are declared twice.",
    drawn,
    question,
);

fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let mut scene = scenes::plain(draw, ground)?;
    for module in &mut scene.modules {
        module.key = format!("/{}", module.file);
    }
    // One module imports another one.
    let first = scene.modules.iter().position(|module| module.config.is_some())?;
    let importing = scene.modules.remove(first);
    let at = draw.below(scene.modules.len());
    match scene.modules.get_mut(at) {
        Some(other) if other.config.is_some() => other.imports.push(importing),
        _ => scene.modules.insert(first, importing),
    }
    let file = *draw.pick(&scenes::FILES[..3]);
    let declaring = scene
        .modules
        .iter_mut()
        .find(|module| module.file == scenes::DECLARING)?;
    declaring.disabled = vec![format!("/{file}")];
    Some(scene)
}

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let disabled: Vec<String> = scene
        .modules
        .iter()
        .flat_map(|module| module.disabled.clone())
        .collect();
    if disabled.is_empty() {
        return None;
    }
    let mut without = scene.clone();
    drop_disabled(&mut without.modules, &disabled);
    same(("config", scene.config()), ("without", without.config()))
}

fn drop_disabled(modules: &mut Vec<Module>, disabled: &[String]) {
    modules.retain(|module| !disabled.contains(&module.key));
    for module in modules {
        module.disabled.clear();
        drop_disabled(&mut module.imports, disabled);
    }
}
