//! Values in and out of types.

use super::asking::{gives, law, refused};
use crate::random::{Draw, scenes, values};
use crate::{Decl, Def, Expected, Ground, Law, Module, Question, Scene, Ty};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[ACCEPTED, REFUSED];

const ACCEPTED: Law = law(
    "lib-value-accepted",
    "a type takes the values that are of it",
    "What the manual says of a type is what people write. A value that is refused although it fits stops a \
     configuration for nothing.",
    |draw, ground| drawn(draw, ground, values::value),
    |scene, _| question(scene, |_| Expected::Accepted),
);

const REFUSED: Law = law(
    "lib-value-refused",
    "a type refuses the values that are not of it, and the message names the option",
    "A value that is not of its type breaks something far away: a unit file, a start of a program. The message must \
     say which option it was.",
    |draw, ground| drawn(draw, ground, values::wrong),
    |scene, _| question(scene, |option| refused([&*option.path[0]])),
);

fn drawn(draw: &mut Draw<'_>, ground: &Ground, value: fn(&mut Draw<'_>, &Ty) -> Option<Def>) -> Option<Scene> {
    let ty = values::ty(draw, ground, 2);
    let value = value(draw, &ty)?;
    let option = Decl::new(scenes::NAMES[0], ty);
    let modules = vec![
        Module::defines(scenes::FILES[0], &option.path, value),
        Module::declares(scenes::DECLARING, vec![option]),
    ];
    let choices = vec![seal(&modules)];
    Some(Scene { modules, choices })
}

/// Returns a number that says whether modules are as they were drawn: of a smaller value of a smaller type it is not
/// known whether it is of it.
pub(super) fn seal(modules: &[Module]) -> u32 {
    let mut hasher = FxHasher::default();
    format!("{modules:?}").hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

fn question(scene: &Scene, expected: fn(&Decl) -> Expected) -> Option<Question> {
    let [defining, declaring] = &scene.modules[..] else {
        return None;
    };
    if scene.choices != [seal(&scene.modules)] || defining.config.is_none() {
        return None;
    }
    let option = declaring.options.first()?;
    gives("config", scene.config(), [(&*option.path[0], expected(option))])
}
