//! Laws about one option of a user's module.
//!
//! Nobody knows what a type of somebody's own is to do, so that these laws compare: the same definitions in another
//! order, the same with their properties resolved. They are about what the user wrote. A type that is all the
//! library's is merged by the library, whose own laws have names that begin with `lib-`; and where the library itself
//! takes no account of order or of properties (`attrs`, `raw`, `unspecified` and types without a `merge` of their own),
//! these laws say nothing.

mod around;
mod crashes;
mod order;
mod properties;

pub(super) use properties::chosen;

use super::known::Known;
use crate::scene::evaluated;
use crate::{Custom, Decl, Def, Expr, Ground, Law, Module, Scene, Ty, expr};
use eval::Evaluator;
use eval::error::Eval;
use std::sync::Arc;

/// All laws about options of a user's modules.
pub const LAWS: &[Law] = &[
    order::LAW,
    around::LAW,
    properties::PRIORITY,
    properties::CONDITION,
    properties::MERGE,
    crashes::MERGE,
    crashes::CHECK,
    crashes::APPLY,
];

/// Returns the laws that say something about an option.
pub(super) fn of(known: &Known) -> Vec<&'static Law> {
    let shape = &known.shape;
    let says = |law: &&Law| match law.id {
        id if id == order::LAW.id => shape.merge.is_some() && shape.orderly,
        id if id == crashes::MERGE.id || id == around::LAW.id => true,
        id if id == crashes::CHECK.id => shape.check.is_some() || !matches!(shape.ty, Ty::Simple(_)),
        id if id == crashes::APPLY.id => known.apply,
        _ => shape.merge.is_some() && shape.resolves,
    };
    LAWS.iter().filter(says).collect()
}

/// Evaluates the words that cases of all options have in common, so that this is done once a host.
pub(super) fn prepare(ev: &mut Evaluator, ground: &mut Ground) -> Eval<()> {
    for words in [
        "lib.mkOption",
        "lib.evalModules",
        "lib.mkForce",
        "lib.mkIf",
        "lib.mkMerge",
    ] {
        ground.prepare(ev, &Expr::nix(words))?;
    }
    Ok(())
}

/// The file of the module that declares the option in cases.
const OPTION: &str = "option.nix";
/// Files of the modules that define it.
const FILES: [&str; 6] = ["a.nix", "b.nix", "c.nix", "d.nix", "e.nix", "f.nix"];
/// How the option's own default is written.
const DEFAULT: &str = "option.default";

/// Returns a scene in which modules give the option these definitions.
fn scene(known: &Known, definitions: impl IntoIterator<Item = Def>, choices: Vec<u32>) -> Scene {
    let mut modules = vec![declaration(known)];
    for (file, definition) in FILES.iter().zip(definitions) {
        modules.push(Module::defines(file, &known.path, definition));
    }
    Scene { modules, choices }
}

/// Returns a module that declares the option with its type as it is.
fn declaration(known: &Known) -> Module {
    let ty = Ty::Custom(Arc::new(Custom {
        name: known.shape.name.clone(),
        nix: "option.type".into(),
        samples: Vec::new(),
    }));
    let option = Decl {
        path: known.path.clone(),
        ty: Some(ty),
        default: None,
        apply: None,
        read_only: false,
    };
    Module::declares(OPTION, vec![option])
}

/// Returns the value that modules give the option.
fn value(known: &Known, modules: &[Module]) -> Expr {
    let mut select = String::from("e: e.config");
    for name in &known.path {
        select.push('.');
        select.push_str(&expr::shown(name));
    }
    evaluated(&select, Expr::List(modules.iter().map(Module::expr).collect()))
}

/// Returns the value that definitions give the option, each in a module of its own.
fn with_definitions(known: &Known, declares: &Module, definitions: Vec<Def>) -> Expr {
    let mut modules = vec![declares.clone()];
    for (i, definition) in definitions.into_iter().enumerate() {
        let file = FILES.get(i).copied().unwrap_or("more.nix");
        modules.push(Module::defines(file, &known.path, definition));
    }
    value(known, &modules)
}

/// Returns the value that one definition gives the option.
pub(super) fn alone(known: &Known, definition: &Def) -> Expr {
    value(known, &scene(known, [definition.clone()], Vec::new()).modules)
}

/// Returns the modules of a scene that declare the option, and those that define it; `None` if none declares it,
/// as can be while the scene is made smaller.
fn parts(scene: &Scene) -> Option<(&Module, &[Module])> {
    let (first, rest) = scene.modules.split_first()?;
    let declares = first.options.len() == 1 && first.options[0].ty.is_some();
    (declares && rest.iter().all(|module| module.options.is_empty())).then_some((first, rest))
}

/// Returns what a module says of the option.
fn said<'m>(known: &Known, module: &'m Module) -> Option<&'m Def> {
    let mut def = module.config.as_ref()?;
    for name in &known.path {
        let Def::Attrs(entries) = def else { return None };
        def = entries.iter().find(|(own, _)| own == name).map(|(_, value)| value)?;
    }
    Some(def)
}

/// Returns two modules that give one name different values, the second by `mkForce`, and the same without the property:
/// a type for which these differ takes no account of properties at all, which another law says. `None` if no two of
/// these definitions are sets that differ in a name.
fn forced(known: &Known, declares: &Module, definitions: &[&Def]) -> Option<(Expr, Expr)> {
    let sets: Vec<&Vec<(String, Def)>> = definitions
        .iter()
        .filter_map(|definition| match definition {
            Def::Attrs(entries) => Some(entries),
            _ => None,
        })
        .collect();
    let shared = |first: &&Vec<(String, Def)>, second: &&Vec<(String, Def)>| {
        let differs = |(name, value): &&(String, Def)| first.iter().any(|(own, known)| own == name && known != value);
        second.iter().find(differs).cloned()
    };
    let pairs = sets
        .iter()
        .enumerate()
        .flat_map(|(i, first)| sets[i + 1..].iter().map(move |second| (first, second)));
    let (first, (name, value_of)) = pairs
        .into_iter()
        .find_map(|(first, second)| Some((*first, shared(first, second)?)))?;
    let one = |value: Def| Def::Attrs(vec![(name.clone(), value)]);
    let written = [Def::Attrs(first.clone()), one(value_of.weighed(Def::FORCE))];
    let meant = properties::resolved(&written);
    Some((
        with_definitions(known, declares, written.into()),
        with_definitions(known, declares, meant),
    ))
}
