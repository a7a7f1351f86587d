//! Packages: those that are installed, and those that a configuration uses as far as derivations tell.
//!
//! What a package needs when it runs is known only once it is built. A derivation tells what it is made
//! with: of a *package* the inputs that it declares for the machine that it runs on (`buildInputs` and its
//! kin) are taken as used, of everything else (a unit, a file of `/etc`, the system itself) all that its
//! text names. Compilers, sources and other things of the build are left out. Where libraries come by
//! other ways, they are missed.

use super::answers::Package;
use eval::text::version;
use report::diff::{Direction, PackageChange, Place};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Derivation, StorePath, VirtualStore};

/// The versions of each package by name; the empty version is that of one without.
pub(super) type Versions = BTreeMap<String, BTreeSet<String>>;

/// Variables of a package that name what it needs when it runs.
const RUNS_WITH: [&str; 7] = [
    "buildInputs",
    "propagatedBuildInputs",
    "depsHostHost",
    "depsHostHostPropagated",
    "depsTargetTarget",
    "depsTargetTargetPropagated",
    "propagatedUserEnvPkgs",
];

/// Variables that name what only the build needs.
const BUILDS_WITH: [&str; 18] = [
    "stdenv",
    "builder",
    "initialPath",
    "nativeBuildInputs",
    "propagatedNativeBuildInputs",
    "depsBuildBuild",
    "depsBuildBuildPropagated",
    "depsBuildTarget",
    "depsBuildTargetPropagated",
    "nativeCheckInputs",
    "checkInputs",
    "nativeInstallCheckInputs",
    "installCheckInputs",
    "src",
    "srcs",
    "patches",
    "passedChecks",
    "PATH",
];

/// Returns the versions of a list of packages.
pub(super) fn versions<'p>(packages: impl IntoIterator<Item = &'p Package>) -> Versions {
    let mut versions = Versions::new();
    for package in packages {
        let (name, version) = split(&package.name);
        versions.entry(name).or_default().insert(version);
    }
    versions
}

/// Splits a name from its version, as Nix does.
fn split(full: &str) -> (String, String) {
    let (name, version) = version::parse_drv_name(full.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(name), text(version))
}

/// Returns the packages with a version that a derivation uses.
pub(super) fn used(store: &VirtualStore, root: &StorePath) -> Versions {
    let mut versions = Versions::new();
    let mut seen: BTreeSet<StorePath> = BTreeSet::from([root.clone()]);
    let mut todo = vec![root.clone()];
    while let Some(path) = todo.pop() {
        let Some(derivation) = store.derivation(&path) else {
            continue;
        };
        let is_package = path != *root && is_package(derivation);
        if is_package {
            let (name, version) = split(&derivation.name);
            if !version.is_empty() {
                versions.entry(name).or_default().insert(version);
            }
        }
        for input in named(store, derivation, is_package) {
            if seen.insert(input.clone()) {
                todo.push(input);
            }
        }
    }
    versions
}

fn variable<'d>(derivation: &'d Derivation, name: &str) -> Option<&'d str> {
    let value = derivation.env.get(name.as_bytes())?;
    std::str::from_utf8(value).ok()
}

/// Whether a derivation makes a package: it has a version and something that it is made of.
fn is_package(derivation: &Derivation) -> bool {
    let json = derivation.structured_attrs.as_deref().unwrap_or_default();
    let says = |name: &str| variable(derivation, name).is_some_and(|value| !value.is_empty()) || has_member(json, name);
    says("version") || (!split(&derivation.name).1.is_empty() && (says("src") || says("srcs")))
}

/// Whether the text of structured attributes has a member of this name.
fn has_member(json: &[u8], name: &str) -> bool {
    let member = format!("\"{name}\":");
    json.windows(member.len()).any(|part| part == member.as_bytes())
}

/// Returns the inputs of a derivation that its variables name: of a package those that it runs with, of
/// all else those that it does not only build with.
fn named(store: &VirtualStore, derivation: &Derivation, is_package: bool) -> Vec<StorePath> {
    let mut by_digest: HashMap<String, &StorePath> = HashMap::new();
    for (path, outputs) in derivation.input_derivations.iter() {
        let Some(input) = store.derivation(path) else { continue };
        for name in outputs.names.iter() {
            let Some(output) = input.outputs.get(name) else {
                continue;
            };
            if let Ok(Some(output)) = output.path(&input.name, name) {
                by_digest.insert(output.digest_digits().to_owned(), path);
            }
        }
    }
    let counts = |name: &str| match is_package {
        true => RUNS_WITH.contains(&name),
        false => !BUILDS_WITH.contains(&name),
    };
    let mut found = Vec::new();
    let mut look = |text: &[u8]| {
        let store = b"/nix/store/";
        let mut at = 0;
        while let Some(next) = find(&text[at..], store) {
            at += next + store.len();
            let digest = text.get(at..at + store::DIGEST_DIGITS);
            if let Some(path) = digest
                .and_then(|d| std::str::from_utf8(d).ok())
                .and_then(|d| by_digest.get(d))
            {
                found.push((*path).clone());
            }
        }
    };
    for (name, value) in derivation.env.iter() {
        if std::str::from_utf8(name).is_ok_and(counts) {
            look(value);
        }
    }
    if let Some(json) = &derivation.structured_attrs
        && let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(json)
    {
        for (name, value) in &members {
            if counts(name) {
                look(value.to_string().as_bytes());
            }
        }
    }
    found
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == word[0]) {
        if text[from + at..].starts_with(word) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Returns what differs between the packages of two configurations.
pub(super) fn compare(old: &Versions, new: &Versions, place: Place) -> Vec<PackageChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let of = |versions: &Versions| versions.get(name).cloned().unwrap_or_default();
        let (before, after) = (of(old), of(new));
        if before == after {
            continue;
        }
        let direction = match (old.contains_key(name), new.contains_key(name)) {
            (false, _) => Direction::Added,
            (_, false) => Direction::Removed,
            _ => direction(&before, &after),
        };
        let told = |versions: BTreeSet<String>| -> Vec<String> {
            let mut told: Vec<String> = versions.into_iter().filter(|version| !version.is_empty()).collect();
            told.sort_by(|a, b| order(a, b));
            told
        };
        changes.push(PackageChange {
            place,
            name: name.clone(),
            direction,
            before: told(before),
            after: told(after),
        });
    }
    changes
}

fn order(a: &str, b: &str) -> Ordering {
    version::compare(a.as_bytes(), b.as_bytes()).then_with(|| a.cmp(b))
}

/// Returns which way versions went: up or down if all that differ went that way.
fn direction(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Direction {
    let gone: Vec<&String> = before.difference(after).collect();
    let come: Vec<&String> = after.difference(before).collect();
    let all = |wanted: Ordering| {
        !gone.is_empty() && !come.is_empty() && gone.iter().all(|old| come.iter().all(|new| order(old, new) == wanted))
    };
    match (all(Ordering::Less), all(Ordering::Greater)) {
        (true, _) => Direction::Up,
        (_, true) => Direction::Down,
        _ => Direction::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Versions {
        let package = |name: &&str| Package {
            name: (*name).to_owned(),
            path: String::new(),
        };
        let packages: Vec<Package> = names.iter().map(package).collect();
        versions(&packages)
    }

    #[test]
    fn versions_go_up_and_down() {
        let check = |old: &[&str], new: &[&str], expected: &[(&str, Direction)]| {
            let changes = compare(&list(old), &list(new), Place::Installed);
            let told: Vec<(&str, Direction)> = changes.iter().map(|c| (c.name.as_str(), c.direction)).collect();
            assert_eq!(told, expected, "{old:?} {new:?}");
        };
        check(&["a-1.9"], &["a-1.9"], &[]);
        check(&["a-1.9"], &["a-1.10"], &[("a", Direction::Up)]);
        check(&["a-2.0"], &["a-2.0pre1"], &[("a", Direction::Down)]);
        check(
            &["a-1"],
            &["b-tool-1"],
            &[("a", Direction::Removed), ("b-tool", Direction::Added)],
        );
        check(&["a-1", "a-2"], &["a-3"], &[("a", Direction::Up)]);
        check(&["a-1", "a-3"], &["a-2"], &[("a", Direction::Mixed)]);
        check(&["a-1", "a-2"], &["a-2"], &[("a", Direction::Mixed)]);
        check(&["a"], &["a-1"], &[("a", Direction::Up)]);
        check(&["a"], &[], &[("a", Direction::Removed)]);
    }

    #[test]
    fn versions_are_told_in_their_order() {
        let changes = compare(&list(&["a-1.10", "a-1.9"]), &list(&["a-2", "a"]), Place::Used);
        assert_eq!(
            (&changes[0].before, &changes[0].after),
            (&vec!["1.9".into(), "1.10".into()], &vec!["2".into()])
        );
    }
}
