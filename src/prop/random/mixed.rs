//! Drawing scenes in which anything may meet: all types, properties at all places, options declared twice and
//! below each other, modules that import and disable others, free-form types, mistakes.

use super::scenes::{FILES, with_properties};
use super::{Draw, values};
use crate::model::{CALLED, Edition};
use crate::{Apply, Decl, Def, Ground, Module, Scene, Simple, Ty};

/// Paths of options.
const PATHS: [&[&str]; 5] = [&["a"], &["b"], &["n", "x"], &["n", "y"], &["n", "z", "w"]];

/// Draws a scene.
pub fn mixed(draw: &mut Draw<'_>, ground: &Ground) -> Scene {
    let count = draw.between(1, 3);
    let first = draw.below(PATHS.len() - count + 1);
    let mut options: Vec<Decl> = PATHS[first..first + count]
        .iter()
        .map(|path| option(draw, ground, path))
        .collect();
    let mut modules = Vec::new();
    for file in &FILES[..draw.between(1, 3)] {
        modules.push(defining(draw, file, &options));
    }
    let mut again = Vec::new();
    if draw.once_in(5) {
        again.extend(sibling(draw, ground, &options[0]));
    }
    if draw.once_in(30) {
        again.push(below(draw, &options[0]));
    }
    if !again.is_empty() {
        modules.push(Module::declares("again.nix", again));
    }
    let last = (options.len() > 1 && draw.once_in(3)).then(|| options.split_off(options.len() - 1));
    let at = draw.below(modules.len() + 1);
    modules.insert(at, Module::declares("options.nix", options));
    if let Some(options) = last {
        let at = draw.below(modules.len());
        modules[at].options.extend(options);
    }
    if draw.once_in(8) && Edition::of(ground) == Some(Edition::Current) {
        freeform(draw, &mut modules);
    }
    if draw.once_in(3) {
        import(draw, &mut modules);
    }
    Scene {
        modules,
        choices: Vec::new(),
    }
}

/// Draws a scene of many options, each of a type of its own, and a few modules that define all of them.
pub fn many(draw: &mut Draw<'_>, ground: &Ground) -> Scene {
    let options: Vec<Decl> = ["a", "b", "c", "d", "e", "f"]
        .iter()
        .map(|name| option(draw, ground, &[name]))
        .collect();
    let mut modules = Vec::new();
    for file in &FILES[..draw.between(1, 3)] {
        let mut config = Vec::new();
        for option in &options {
            let said = !draw.once_in(3);
            if let Some(value) = definition(draw, option).filter(|_| said) {
                config.push((option.path.join("."), value));
            }
        }
        modules.push(Module {
            file: (*file).into(),
            config: Some(Def::Attrs(config)),
            ..Module::default()
        });
    }
    let again: Vec<Decl> = options.iter().filter(|_| draw.once_in(4)).cloned().collect();
    let again = again
        .iter()
        .filter_map(|option| sibling(draw, ground, option))
        .collect();
    modules.push(Module::declares("again.nix", again));
    modules.push(Module::declares("options.nix", options));
    Scene {
        modules,
        choices: Vec::new(),
    }
}

fn option(draw: &mut Draw<'_>, ground: &Ground, path: &[&str]) -> Decl {
    let depth = draw.below(3);
    let mut ty = Some(values::ty(draw, ground, depth));
    let mut apply = None;
    match draw.below(24) {
        0 => ty = None,
        1 if ground.has_type("functionTo") => {
            ty = ty.map(|ty| Ty::FunctionTo(Box::new(ty)));
            apply = Some(Apply::Nix(CALLED.into()));
        }
        2 | 3 => apply = Some(Apply::Wrap),
        _ => {}
    }
    let default = match &ty {
        Some(ty) if draw.once_in(3) => values::value(draw, ty),
        _ => None,
    };
    Decl {
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        ty,
        default,
        apply,
        read_only: draw.once_in(16),
    }
}

/// Draws a second declaration of an option, whose type may fit the first one's; `None` if asking would never end.
fn sibling(draw: &mut Draw<'_>, ground: &Ground, option: &Decl) -> Option<Decl> {
    let ty = match &option.ty {
        Some(ty) if holds_itself(ty) => return None,
        Some(ty) if !draw.once_in(8) => Some(near(draw, ground, ty)),
        Some(_) => None,
        None => Some(Ty::Simple(Simple::Int)),
    };
    Some(Decl {
        path: option.path.clone(),
        ty,
        default: draw.once_in(10).then_some(Def::Int(1)),
        apply: None,
        read_only: false,
    })
}

/// Whether a type is one of those that are made of themselves: no two of these can be compared.
pub fn holds_itself(ty: &Ty) -> bool {
    let mut ty = ty.clone();
    loop {
        if matches!(ty, Ty::Simple(Simple::Json | Simple::Toml)) {
            return true;
        }
        match ty.simpler().as_slice() {
            [] => return false,
            [inner, ..] if !matches!(ty, Ty::Either(..) | Ty::OneOf(_) | Ty::AttrTag(_) | Ty::Submodule(..)) => {
                ty = inner.clone();
            }
            _ => return format!("{ty:?}").contains("Json") || format!("{ty:?}").contains("Toml"),
        }
    }
}

/// Returns a type like another one.
pub fn near(draw: &mut Draw<'_>, ground: &Ground, ty: &Ty) -> Ty {
    if draw.once_in(8) {
        return values::ty(draw, ground, 1);
    }
    let inner = |draw: &mut Draw<'_>, ty: &Ty| Box::new(near(draw, ground, ty));
    match ty {
        Ty::Enum(_) => values::enumeration(draw),
        Ty::ListOf(ty) => Ty::ListOf(inner(draw, ty)),
        Ty::NullOr(ty) => Ty::NullOr(inner(draw, ty)),
        Ty::AttrsOf(ty) => Ty::AttrsOf(inner(draw, ty)),
        Ty::AttrsWith(ty, lazy, _) => {
            let placeholder = *draw.pick(&["name", "user", "host"]);
            Ty::AttrsWith(inner(draw, ty), *lazy, placeholder.into())
        }
        Ty::Either(left, right) => Ty::Either(inner(draw, left), inner(draw, right)),
        Ty::Simple(simple) if simple.range().is_some() => {
            Ty::Simple(*draw.pick(&[Simple::Int, Simple::U8, Simple::Unsigned, Simple::Str]))
        }
        Ty::Submodule(options, _) if draw.once_in(2) => {
            let other = Decl::new("other", values::ty(draw, ground, 0));
            let mut more = vec![Decl {
                default: values::value(draw, &Ty::Simple(Simple::Int)),
                ..other
            }];
            if draw.once_in(4) {
                more.extend(options.first().and_then(|option| sibling(draw, ground, option)));
            }
            Ty::Submodule(more, None)
        }
        other => other.clone(),
    }
}

/// Returns the declaration of an option below another one.
fn below(draw: &mut Draw<'_>, option: &Decl) -> Decl {
    let mut path = option.path.clone();
    path.push("below".into());
    Decl {
        path,
        default: draw.once_in(2).then_some(Def::Int(1)),
        ..Decl::new("below", Ty::Simple(Simple::Int))
    }
}

/// Draws a module that defines some options.
fn defining(draw: &mut Draw<'_>, file: &str, options: &[Decl]) -> Module {
    let mut config = Def::Attrs(Vec::new());
    for option in options {
        if draw.once_in(4) {
            continue;
        }
        let Some(value) = definition(draw, option) else {
            continue;
        };
        config = match Def::at(&option.path, value) {
            Def::Attrs(entries) if draw.once_in(6) => Def::Merge(vec![config, Def::Attrs(entries)]),
            Def::Attrs(entries) => with_entries(config, entries),
            other => other,
        };
    }
    if draw.once_in(24) {
        let stray = Def::at(&[(*draw.pick(&["n", "q"])).to_owned(), "stray".to_owned()], Def::Int(1));
        config = Def::Merge(vec![config, stray]);
    }
    config = match draw.below(12) {
        0 => config.when(true),
        1 => config.when(false),
        2 => config.weighed(*draw.pick(&[Def::FORCE, Def::DEFAULT])),
        3 => config.when(true).weighed(Def::FORCE),
        _ => config,
    };
    Module {
        // A module without a name is called like its importer.
        file: if draw.once_in(12) { String::new() } else { file.into() },
        config: Some(config),
        ..Module::default()
    }
}

/// Draws a definition of an option: mostly one that it takes.
fn definition(draw: &mut Draw<'_>, option: &Decl) -> Option<Def> {
    let Some(ty) = &option.ty else {
        return values::value(draw, &Ty::Simple(Simple::Unspecified));
    };
    let value = match draw.below(12) {
        0 => values::wrong(draw, ty)?,
        1..=4 => values::value(draw, ty)?,
        _ => values::definition(draw, ty)?,
    };
    Some(match draw.below(24) {
        0 => value.when(false).weighed(Def::FORCE),
        1 => value.weighed(Def::FORCE).placed(Def::BEFORE),
        2 => value.weighed(*draw.pick(&[9998, 9999, 10_000])),
        3 | 4 => value.weighed(*draw.pick(&[Def::PLAIN, 99, 101])),
        5..=12 => with_properties(draw, ty, value),
        _ => value,
    })
}

/// Adds attributes to a set, below sets of the same name; to anything else as a second part.
fn with_entries(config: Def, added: Vec<(String, Def)>) -> Def {
    let Def::Attrs(mut entries) = config else {
        return Def::Merge(vec![config, Def::Attrs(added)]);
    };
    for (name, value) in added {
        match entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => match value {
                Def::Attrs(below) if matches!(known, Def::Attrs(_)) => {
                    *known = with_entries(std::mem::replace(known, Def::Null), below);
                }
                other => *known = Def::Merge(vec![known.clone(), other]),
            },
            None => entries.push((name, value)),
        }
    }
    Def::Attrs(entries)
}

/// Lets one or two modules name the type of what no option takes, and some define such.
fn freeform(draw: &mut Draw<'_>, modules: &mut [Module]) {
    let inside = Box::new(Ty::Simple(*draw.pick(&[
        Simple::Int,
        Simple::Str,
        Simple::Lines,
        Simple::Anything,
    ])));
    let ty = match draw.below(6) {
        0 => Ty::LazyAttrsOf(inside),
        1 => Ty::Simple(Simple::Attrs),
        2 => Ty::Simple(Simple::Anything),
        3 => Ty::AttrsOf(Box::new(Ty::AttrsOf(inside))),
        _ => Ty::AttrsOf(inside),
    };
    let at = draw.below(modules.len());
    modules[at].freeform = Some(ty.clone());
    if draw.once_in(4) {
        let at = draw.below(modules.len());
        modules[at].freeform = Some(ty.clone());
    }
    for module in modules {
        if let (Some(config), true) = (&mut module.config, draw.once_in(2)) {
            let value = values::value(draw, &ty).unwrap_or(Def::Null);
            *config = Def::Merge(vec![std::mem::replace(config, Def::Null), value]);
        }
    }
}

/// Lets modules import others, twice, with keys, and disable some.
fn import(draw: &mut Draw<'_>, modules: &mut Vec<Module>) {
    if modules.len() < 2 {
        return;
    }
    let at = draw.below(modules.len());
    let mut moved = modules.remove(at);
    if draw.once_in(2) {
        moved.key = "/key".into();
    }
    let into = draw.below(modules.len());
    modules[into].imports.push(moved.clone());
    if draw.once_in(3) {
        let other = draw.below(modules.len());
        modules[other].imports.push(moved.clone());
    }
    if draw.once_in(4) {
        // Another module of this key: which of them counts is the order of collecting.
        let mut other = modules[draw.below(modules.len())].clone();
        other.key.clone_from(&moved.key);
        other.imports.clear();
        modules.push(other);
    }
    if draw.once_in(4) && !moved.key.is_empty() {
        let at = draw.below(modules.len());
        modules[at].disabled.push(moved.key);
    }
}
