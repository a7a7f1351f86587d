//! Drawing scenes: small sets of modules that declare options and define them.
//!
//! Most cases have one or two options and three modules that define them, and values are few and small: two
//! modules that say the same are as telling as two that do not.

use super::{Draw, values};
use crate::{Decl, Def, Ground, Module, Scene, Simple, Ty};

/// The file of the module that declares what a scene is about.
pub const DECLARING: &str = "options.nix";

/// The files of modules that define something.
pub const FILES: [&str; 6] = ["a.nix", "b.nix", "c.nix", "d.nix", "e.nix", "f.nix"];

/// Names of options, and of keys in values.
pub const NAMES: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

/// Priorities as modules write them, and one of nobody.
const PRIORITIES: [i64; 5] = [Def::FORCE, Def::DEFAULT, Def::OPTION_DEFAULT, 10, 70];

/// Places in lists as modules write them, and one of nobody.
const PLACES: [i64; 4] = [Def::BEFORE, Def::AFTER, Def::BETWEEN, 700];

/// Draws a type: mostly one that costs little, or else any that the library has.
pub fn ty(draw: &mut Draw<'_>, ground: &Ground) -> Ty {
    if draw.once_in(3) {
        values::ty(draw, ground, 2)
    } else {
        small_type(draw)
    }
}

/// Draws a type that costs little: the common ones, at most one inside another.
pub fn small_type(draw: &mut Draw<'_>) -> Ty {
    match draw.below(11) {
        0 => Ty::Simple(Simple::Bool),
        1 => Ty::ListOf(Box::new(scalar(draw))),
        2 => Ty::ListOf(Box::new(Ty::Simple(Simple::Int))),
        3 => Ty::AttrsOf(Box::new(scalar(draw))),
        4 => Ty::AttrsOf(Box::new(Ty::ListOf(Box::new(scalar(draw))))),
        5 => Ty::NullOr(Box::new(scalar(draw))),
        6 => Ty::Simple(Simple::Lines),
        7 => submodule(draw),
        _ => scalar(draw),
    }
}

/// Draws a type of which two different values exclude each other.
pub fn scalar(draw: &mut Draw<'_>) -> Ty {
    let types = [Simple::Int, Simple::Int, Simple::Str, Simple::Bool];
    Ty::Simple(*draw.pick(&types))
}

/// Draws a submodule of one or two options.
pub fn submodule(draw: &mut Draw<'_>) -> Ty {
    let count = draw.between(1, 2);
    let options = NAMES[..count].iter().map(|name| {
        let ty = if draw.once_in(3) {
            Ty::ListOf(Box::new(scalar(draw)))
        } else {
            scalar(draw)
        };
        let mut option = Decl::new(*name, ty);
        option.default = default(draw, option.ty.as_ref());
        option
    });
    Ty::Submodule(options.collect(), None)
}

/// Draws a default for one option in two.
pub fn default(draw: &mut Draw<'_>, ty: Option<&Ty>) -> Option<Def> {
    if draw.once_in(2) {
        values::value(draw, ty?)
    } else {
        None
    }
}

/// Draws one or two options, some with a default.
pub fn options(draw: &mut Draw<'_>, ground: &Ground) -> Vec<Decl> {
    let count = draw.between(1, 2);
    let option = |name: &&str| {
        let mut option = Decl::new(*name, ty(draw, ground));
        option.default = default(draw, option.ty.as_ref());
        option
    };
    NAMES[..count].iter().map(option).collect()
}

/// Puts properties around what is said of an option of a type.
pub type Around = fn(&mut Draw<'_>, &Ty, Def) -> Def;

/// Draws the small scene of most laws: an option or two, and modules that define them with and without properties.
pub fn merging(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    Some(defined(draw, ground, with_properties))
}

/// Draws a small scene in which nothing has a property.
pub fn plain(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    Some(defined(draw, ground, |_, _, value| value))
}

/// Draws options and modules that define them.
pub fn defined(draw: &mut Draw<'_>, ground: &Ground, around: Around) -> Scene {
    let options = options(draw, ground);
    let mut modules = Vec::with_capacity(4);
    for file in &FILES[..draw.between(1, 3)] {
        modules.push(defining(draw, file, &options, around));
    }
    modules.insert(draw.below(modules.len() + 1), Module::declares(DECLARING, options));
    Scene {
        modules,
        choices: choices(draw, 1),
    }
}

/// Draws a module that defines some of these options.
pub fn defining(draw: &mut Draw<'_>, file: &str, options: &[Decl], around: Around) -> Module {
    let mut entries = Vec::new();
    for option in options {
        let Some(ty) = &option.ty else { continue };
        if options.len() > 1 && draw.once_in(4) {
            continue;
        }
        if let Some(value) = values::value(draw, ty) {
            let value = around(draw, ty, value);
            entries.push((option.path.join("."), value));
        }
    }
    Module {
        file: file.into(),
        config: Some(Def::Attrs(entries)),
        ..Module::default()
    }
}

/// Returns a definition, often with properties around it: a priority, a condition, a place, several in one.
pub fn with_properties(draw: &mut Draw<'_>, ty: &Ty, value: Def) -> Def {
    match draw.below(9) {
        0 | 1 => value.weighed(*draw.pick(&PRIORITIES)),
        2 => {
            let inner = with_properties(draw, ty, value);
            inner.when(!draw.once_in(3))
        }
        3 => {
            let other = values::value(draw, ty).map(|other| with_properties(draw, ty, other));
            Def::Merge([value].into_iter().chain(other).collect())
        }
        4 => value.placed(*draw.pick(&PLACES)),
        5 => value.placed(*draw.pick(&PLACES)).weighed(*draw.pick(&PRIORITIES)),
        _ => value,
    }
}

/// Draws numbers by which a law varies what it asks.
pub fn choices(draw: &mut Draw<'_>, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| u32::try_from(draw.below(1000)).unwrap_or_default())
        .collect()
}
