//! Definitions that exclude each other.

use super::asking::{gives, law, refused};
use crate::random::{Draw, scenes, values};
use crate::{Decl, Def, Expected, Ground, Law, Module, Question, Scene, Ty};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[NAMED];

const NAMED: Law = law(
    "lib-conflict-named",
    "two values of one priority conflict where there can be only one, and the message names the option and both files",
    "Silently taking one of two port numbers is worse than an error. An error that names only one of two files sends \
     its reader to search.",
    drawn,
    question,
);

fn drawn(draw: &mut Draw<'_>, _: &Ground) -> Option<Scene> {
    let ty = scenes::scalar(draw);
    let mut values = [values::value(draw, &ty)?, values::value(draw, &ty)?];
    let priority = *draw.pick(&[Def::PLAIN, Def::FORCE, Def::DEFAULT, 777]);
    if priority != Def::PLAIN {
        values = values.map(|value| value.weighed(priority));
    }
    let ty = match draw.below(4) {
        // Even two equal values are one too many.
        0 => Ty::Uniq(Box::new(ty)),
        1 => Ty::NullOr(Box::new(ty)),
        _ => ty,
    };
    let option = Decl::new(scenes::NAMES[0], ty);
    let [first, second] = values;
    Some(Scene {
        modules: vec![
            Module::defines(scenes::FILES[0], &option.path, first),
            Module::defines(scenes::FILES[1], &option.path, second),
            Module::declares(scenes::DECLARING, vec![option]),
        ],
        choices: Vec::new(),
    })
}

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let [first, second, declaring] = &scene.modules[..] else {
        return None;
    };
    let option = declaring.options.first()?;
    let alike = first.config == second.config && !matches!(option.ty, Some(Ty::Uniq(_)));
    let expected = match alike {
        true => Expected::Accepted,
        false => refused([option.path[0].as_str(), &first.file, &second.file]),
    };
    let both = first.config.is_some() && second.config.is_some();
    both.then(|| gives("config", scene.config(), [(&*option.path[0], expected)]))?
}
