//! What differs between two states of a configuration, told from evaluation alone.
//!
//! Both states are evaluated in one evaluator. What a configuration says is asked for in Nix
//! (`questions.nix`) and becomes data; how two such answers differ is told by plain functions. What a
//! switch does with units follows nixpkgs' `switch-to-configuration`.

mod accounts;
mod answers;
mod ask;
mod boot;
pub mod lock;
mod mask;
mod options;
mod packages;
mod unit_file;
mod units;
mod value;

use answers::{Answers, Home, Package};
use ask::Asker;
use eval::Evaluator;
use eval::error::Eval;
use nixos::System;
use nixos::diagnose::{Viewpoint, inputs_of};
use report::Secrets;
use report::diff::{Change, Changes, Fact, Manager, Place, Section};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::StorePath;
use units::Units;
use value::without_hashes;

/// Folders of unit files, which are told as units.
const UNIT_FOLDERS: [&str; 5] = [
    "systemd/system",
    "systemd/user",
    ".config/systemd/user",
    "systemd/user-generators",
    "systemd/system-generators",
];

/// One state of a configuration.
pub struct State<'s> {
    /// The configuration.
    pub system: &'s System,
    /// The path of its derivation.
    pub drv: &'s str,
    /// Whose it is: where its flake and inputs lie.
    pub view: Viewpoint<'s>,
}

/// A state that can be asked.
struct Side<'s> {
    system: &'s System,
    asker: Asker<'s>,
}

impl<'s> Side<'s> {
    fn of(state: &State<'s>, inputs: &'s [(Vec<u8>, String)]) -> Side<'s> {
        Side {
            system: state.system,
            asker: Asker {
                view: Viewpoint { inputs, ..state.view },
            },
        }
    }
}

/// Returns what differs between two states of a configuration that both evaluate, without secrets: those
/// that are met on the way are learnt. `clock` tells the time, as options are looked at for a while only.
pub fn compare(
    ev: &mut Evaluator,
    base: &State<'_>,
    head: &State<'_>,
    secrets: &mut Secrets,
    clock: &dyn Fn() -> Duration,
) -> Eval<Changes> {
    let (base_inputs, head_inputs) = (inputs_of(ev, &base.view), inputs_of(ev, &head.view));
    let (old, new) = (Side::of(base, &base_inputs), Side::of(head, &head_inputs));
    let before = Answers::of(&old.asker, ev, old.system.root())?;
    let after = Answers::of(&new.asker, ev, new.system.root())?;
    let (options, is_whole) = options::compare(ev, &old, &new, secrets, clock)?;
    let mut changes = Changes {
        options,
        ..Changes::default()
    };
    if !is_whole {
        changes
            .unknown
            .push("all options: they are too many, or take too long".into());
    }
    answered(&before, &after, head.system, &mut changes);
    used(ev, base.drv, head.drv, &mut changes);
    mask::mask(&mut changes, secrets);
    changes.sort();
    Ok(changes)
}

/// Adds what differs between answers.
fn answered(old: &Answers, new: &Answers, system: &System, changes: &mut Changes) {
    let installed = |answers: &Answers| -> Option<packages::Versions> {
        let lists = [answers.packages.as_ref()?, answers.user_packages.as_ref()?];
        let homes = homes(answers).into_values().map(|home| &home.packages);
        Some(packages::versions(lists.into_iter().chain(homes).flatten()))
    };
    both(installed(old), installed(new), |old, new| {
        changes.packages.extend(packages::compare(&old, &new, Place::Installed));
    });
    for (units_of, manager) in [
        (
            &(|a: &Answers| a.units.clone()) as &dyn Fn(&Answers) -> Option<Units>,
            Manager::System,
        ),
        (&|a: &Answers| a.user_units.clone(), Manager::Users),
    ] {
        both(units_of(old), units_of(new), |old, new| {
            changes.units.extend(units::compare(&old, &new, &manager));
        });
    }
    both(old.users.as_ref(), new.users.as_ref(), |old, new| {
        changes.accounts.extend(accounts::users(old, new))
    });
    both(old.groups.as_ref(), new.groups.as_ref(), |old, new| {
        changes.accounts.extend(accounts::groups(old, new));
    });
    both(old.firewall.as_ref(), new.firewall.as_ref(), |old, new| {
        let (ports, facts) = accounts::firewall(old, new);
        changes.ports.extend(ports);
        changes.facts.extend(facts);
    });
    let kernels = old.kernel.as_ref().zip(new.kernel.as_ref());
    let managers = old.manager.as_ref().zip(new.manager.as_ref());
    if let (Some(kernels), Some(managers)) = (kernels, managers) {
        changes.facts.extend(boot::kernel(kernels.0, kernels.1));
        changes.facts.extend(boot::manager(managers.0, managers.1));
        changes.reboot.extend(boot::reboot(kernels, managers));
    }
    both(old.boot.as_ref(), new.boot.as_ref(), |old, new| {
        changes.facts.extend(boot::loader(old, new))
    });
    both(old.file_systems.as_ref(), new.file_systems.as_ref(), |old, new| {
        let (facts, units) = boot::file_systems(old, new);
        changes.facts.extend(facts);
        changes.units.extend(units);
    });
    both(old.swaps.as_ref(), new.swaps.as_ref(), |old, new| {
        changes.facts.extend(boot::swaps(old, new))
    });
    both(
        old.specialisations.as_ref(),
        new.specialisations.as_ref(),
        |old, new| {
            named(Section::Specialisations, old, new, |_| "its own system".into(), changes);
        },
    );
    both(old.system.as_ref(), new.system.as_ref(), |old, new| {
        for (name, value) in new {
            let before = old.get(name).cloned().flatten();
            if before != *value {
                let change = Change::value(name, before, value.clone());
                changes.facts.push(Fact {
                    section: Section::System,
                    change,
                });
            }
        }
    });
    both(old.etc.as_ref(), new.etc.as_ref(), |old, new| {
        named(Section::Etc, old, new, file, changes)
    });
    in_homes(old, new, system, changes);
    unknown(old, new, changes);
}

/// Does something with two things if both are there.
fn both<T>(old: Option<T>, new: Option<T>, work: impl FnOnce(T, T)) {
    if let (Some(old), Some(new)) = (old, new) {
        work(old, new);
    }
}

/// Returns the homes of a configuration by user; the home that it is itself has no name.
fn homes(answers: &Answers) -> BTreeMap<&str, &Home> {
    let own = answers.home.iter().flatten().map(|home| ("", home));
    let inner = answers.homes.iter().flatten().map(|(user, home)| (user.as_str(), home));
    own.chain(inner).collect()
}

/// Returns the name of what a path is, without hash.
fn file(path: &str) -> String {
    without_hashes(path).into_owned()
}

/// Adds the named things that came, went, or are others than before.
fn named(
    section: Section,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    told: impl Fn(&str) -> String,
    changes: &mut Changes,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        if before == after || UNIT_FOLDERS.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let (before, after) = (before.map(|p| told(p)), after.map(|p| told(p)));
        let change = match before == after {
            true => Change::rebuilt(name),
            false => Change::value(name, before, after),
        };
        changes.facts.push(Fact { section, change });
    }
}

/// Returns the name of a file in a home: home-manager's own are whole paths.
fn shown_in(owner: &str, name: &str) -> String {
    match name.starts_with('/') {
        true => name.to_owned(),
        false => format!("~{owner}/{name}"),
    }
}

/// Adds what differs in homes.
fn in_homes(old: &Answers, new: &Answers, system: &System, changes: &mut Changes) {
    let (before, after) = (homes(old), homes(new));
    let users: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let none = Home::default();
    for user in users {
        let of = |homes: &BTreeMap<&str, &'_ Home>| homes.get(user).copied().cloned();
        let (old, new) = (of(&before), of(&after));
        let (old, new) = (old.as_ref().unwrap_or(&none), new.as_ref().unwrap_or(&none));
        let owner = match user {
            "" => system.name().split('@').next().unwrap_or_default(),
            user => user,
        };
        changes
            .units
            .extend(units::compare(&old.units, &new.units, &Manager::Home(owner.to_owned())));
        let prefixed = |home: &Home| -> BTreeMap<String, String> {
            let files = home.files.iter();
            let is_unit = |name: &str| UNIT_FOLDERS.iter().any(|folder| name.contains(folder));
            let files = files.filter(|(name, _)| !is_unit(name));
            files
                .map(|(name, path)| (shown_in(owner, name), path.clone()))
                .collect()
        };
        named(Section::HomeFiles, &prefixed(old), &prefixed(new), file, changes);
        if old.state_version != new.state_version {
            let name = format!("state version of {owner}'s home");
            let change = Change::value(name, old.state_version.clone(), new.state_version.clone());
            changes.facts.push(Fact {
                section: Section::System,
                change,
            });
        }
    }
}

/// Adds what could not be compared.
fn unknown(old: &Answers, new: &Answers, changes: &mut Changes) {
    for (what, why) in old.failed.iter().chain(&new.failed) {
        let text = format!("{}: {why}", what.replace('-', " "));
        if !changes.unknown.contains(&text) {
            changes.unknown.push(text);
        }
    }
    both(old.unit_packages.as_ref(), new.unit_packages.as_ref(), |old, new| {
        let paths = |list: &[Package]| {
            list.iter()
                .map(|package| package.path.clone())
                .collect::<BTreeSet<String>>()
        };
        let (before, after) = (paths(old), paths(new));
        let differ = old
            .iter()
            .chain(new)
            .filter(|p| before.contains(&p.path) != after.contains(&p.path));
        let names: BTreeSet<&str> = differ.map(|package| package.name.as_str()).collect();
        for name in names {
            changes
                .unknown
                .push(format!("units of the package {name}, which are known once it is built"));
        }
    });
}

/// Adds the packages that are used, besides those that are installed.
fn used(ev: &Evaluator, old: &str, new: &str, changes: &mut Changes) {
    let (Ok(old), Ok(new)) = (StorePath::parse(old), StorePath::parse(new)) else {
        return;
    };
    let (before, after) = (packages::used(&ev.store, &old), packages::used(&ev.store, &new));
    let told: BTreeSet<String> = changes.packages.iter().map(|package| package.name.clone()).collect();
    let changed = packages::compare(&before, &after, Place::Used);
    changes
        .packages
        .extend(changed.into_iter().filter(|package| !told.contains(&package.name)));
}
