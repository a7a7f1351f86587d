//! Laws about one option of a user's module.
//!
//! Nobody knows what a type of somebody's own is to do, so that these laws compare: the same definitions in another
//! order, the same with their properties resolved. They are about what the user wrote. A type that is all the
//! library's is merged by the library, whose own laws have names that begin with `lib-`; and where the library itself
//! takes no account of order or of properties (`attrs`, `raw`, `unspecified` and types without a `merge` of their own),
//! these laws say nothing.
//!
//! Of the laws about merging, some cannot be broken by what a user writes, and are asked of the library only:
//!
//! - A file that is imported twice counts once before any type sees a definition (`lib-import-twice`). What a type of
//!   somebody's own can count twice is a module that stands *in* definitions ([`inside`]).
//! - An `apply` is done once with the merged value, also with the default, and a second declaration with an `apply` is
//!   refused (`lib-apply-once`, `lib-option-declared`). A wrong value is refused before, unless `apply` never looks at
//!   its argument, which then is a constant and no gate. A type of somebody's own that merges its submodules twice
//!   applies what is inside twice, but what such a type should give nobody else knows.
//! - Whether a merge function that gives a value for two that differ has joined them, as the larger of two numbers
//!   does, or has picked one, only its author knows. That it picks by the order of modules is told ([`order`]).
//! - A value that the `check` of a type refuses is refused by the library in front of every function of two arguments;
//!   only a `merge.v2` can let it through ([`refused`]).

mod around;
mod crashes;
mod inside;
mod order;
mod properties;
mod refused;

use super::known::Known;
use crate::scene::evaluated;
use crate::{Apply, Custom, Decl, Def, Expr, Ground, Law, Module, Refusal, Scene, Side, Ty, expr};
use eval::Evaluator;
use eval::error::Eval;
use std::sync::Arc;

/// A law about one option.
#[derive(Clone, Copy)]
pub(super) struct Own {
    /// The law.
    pub law: Law,
    /// Whether it says something about an option.
    pub about: fn(&Known) -> bool,
    /// What is said where it is broken.
    pub says: fn(&About<'_>) -> Said,
}

/// What a finding is about.
pub(super) struct About<'a> {
    /// The option, as it is written.
    pub option: &'a str,
    /// What is known of it.
    pub known: &'a Known,
    /// The name of the type that has the user's own merge function; of the whole type if there is none.
    pub merging: &'a str,
    /// The scene that breaks the law.
    pub scene: &'a Scene,
    /// The error that came out, if one did.
    pub refusal: Option<&'a Refusal>,
}

/// What is said of a broken law.
pub(super) struct Said {
    /// The message.
    pub message: String,
    /// Whether the fault is in the words of the error that came out.
    pub words: bool,
    /// What to do.
    pub hint: &'static str,
}

/// All laws about options, in the order in which they are told.
pub(super) const ALL: [Own; 13] = [
    order::ORDER,
    around::PROPERTY,
    properties::PRIORITY,
    properties::CONDITION,
    properties::MERGE,
    refused::CONFLICT,
    refused::REFUSAL,
    refused::WRONG,
    refused::ELEMENT,
    inside::TWICE,
    crashes::ALL[0],
    crashes::ALL[1],
    crashes::ALL[2],
];

/// All laws about options of a user's modules.
pub const LAWS: &[Law] = &{
    let mut laws = [ALL[0].law; ALL.len()];
    let mut number = 0;
    while number < ALL.len() {
        laws[number] = ALL[number].law;
        number += 1;
    }
    laws
};

/// Returns the laws that say something about an option.
pub(super) fn of(known: &Known) -> Vec<&'static Law> {
    let laws = ALL.iter().zip(LAWS);
    laws.filter(|(own, _)| (own.about)(known)).map(|(_, law)| law).collect()
}

/// Whether a law is about crashes, which are looked at in the host before they are told.
pub(super) fn is_about_crashes(law: &Law) -> bool {
    crashes::ALL.iter().any(|own| own.law.id == law.id)
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

/// Returns the modules that declare the option with its `apply`, and define it.
fn with_apply(known: &Known, defines: &[Module]) -> Vec<Module> {
    let mut applied = declaration(known);
    for option in &mut applied.options {
        option.apply = Some(Apply::Nix("option.apply".into()));
    }
    std::iter::once(applied).chain(defines.iter().cloned()).collect()
}

/// Returns what the type says of a definition.
fn check(definition: &Def) -> Expr {
    Expr::call("option.type.check", [definition.expr()])
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

/// Returns an expression that is evaluated, by its name.
fn side(name: &'static str, expr: Expr) -> Side {
    Side { name, expr }
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
pub(super) fn parts(scene: &Scene) -> Option<(&Module, &[Module])> {
    let (first, rest) = scene.modules.split_first()?;
    let declares = first.options.len() == 1 && first.options[0].ty.is_some();
    (declares && rest.iter().all(|module| module.options.is_empty())).then_some((first, rest))
}

/// Returns what a module says of the option.
pub(super) fn said<'m>(known: &Known, module: &'m Module) -> Option<&'m Def> {
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
