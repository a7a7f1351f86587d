//! `apply`: what an option makes of its merged value.

use super::asking::{law, same};
use crate::random::{Draw, scenes};
use crate::scene::evaluated;
use crate::{Apply, Ground, Law, Question, Scene};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[ONCE];

const ONCE: Law = law(
    "lib-apply-once",
    "`apply` is given the merged value, and its result is the option's value",
    "Options turn a set of lines into a file and a name into a package by `apply`. Applied to each definition, or \
     twice, it would be given what it does not expect.",
    drawn,
    question,
);

fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let mut scene = scenes::merging(draw, ground)?;
    for option in scene.modules.iter_mut().flat_map(|module| &mut module.options) {
        option.apply = Some(Apply::Wrap);
    }
    Some(scene)
}

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut without = scene.clone();
    for option in without.modules.iter_mut().flat_map(|module| &mut module.options) {
        // While the scene is made smaller, some options may have lost theirs.
        option.apply.take()?;
    }
    let by_hand = "e: builtins.mapAttrs (_: value: { applied = value; }) e.config";
    same(
        ("config", scene.config()),
        ("by_hand", evaluated(by_hand, without.modules())),
    )
}
