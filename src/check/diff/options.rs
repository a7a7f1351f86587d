//! The options that a person has a hand in, and what they are in two configurations.
//!
//! Of the twenty thousand options of a host those count that the user's own files define or declare:
//! all else follows from them or from an input, and shows as units, packages and files. In
//! submodules the library tells what is defined inside (`valueMeta`, late 2025 and later); before
//! that their whole value is compared.

use super::Side;
use super::ask::Asker;
use super::value::{Value, differences};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{Evaluator, Val};
use nixos::{Definition, OptionPath};
use report::diff::{Change, ValueChange};
use report::redact::secret_like;
use report::{Location, Secrets};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Paths of options, or of attributes of their values.
type Paths = BTreeSet<Vec<String>>;

/// Most options that are compared.
const MOST: usize = 5_000;
/// How long options are looked for on one side, and then compared. A host of nixpkgs takes a second.
const MOST_TIME: Duration = Duration::from_secs(20);
/// Deepest nesting of submodules that is followed.
const MAX_DEPTH: usize = 6;

/// Options that are no settings, or whose value is told as something else.
const LEFT_OUT: [&[&str]; 9] = [
    &["home-manager", "extraSpecialArgs"],
    &["nixpkgs", "flake", "source"],
    &["assertions"],
    &["warnings"],
    &["lib"],
    &["meta"],
    &["nixpkgs", "overlays"],
    &["environment", "systemPackages"],
    &["home", "packages"],
];

struct Walk<'w, 'v> {
    asker: &'w Asker<'v>,
    /// The time at which it ends.
    until: Duration,
    clock: &'w dyn Fn() -> Duration,
    /// Whether all options were seen.
    is_whole: bool,
    found: Paths,
    /// Those of them of which it is not known whether the user's files have to do with them.
    perhaps: Paths,
}

/// Returns the options that the user's own files define or declare.
fn own<'w, 'v>(
    asker: &'w Asker<'v>,
    ev: &mut Evaluator,
    configuration: Val,
    clock: &'w dyn Fn() -> Duration,
) -> Eval<Walk<'w, 'v>> {
    let mut walk = Walk {
        asker,
        until: clock() + MOST_TIME,
        clock,
        is_whole: true,
        found: Paths::new(),
        perhaps: Paths::new(),
    };
    if let Some(options) = asker.at(ev, configuration, &["options"])? {
        walk.set(ev, options, &mut Vec::new(), 0)?;
    }
    Ok(walk)
}

impl Walk<'_, '_> {
    /// Goes through a set of options.
    fn set(&mut self, ev: &mut Evaluator, options: Val, path: &mut Vec<String>, depth: usize) -> Eval<()> {
        for (name, attr) in ev.sorted_entries(options) {
            let name = ev.symbols.text(name).into_owned();
            if name == "_module" {
                continue;
            }
            // Where a value fails that many options need, each of them may cost a second.
            if self.found.len() > MOST || (self.clock)() > self.until {
                self.is_whole = false;
                return Ok(());
            }
            let Some(value) = self.asker.attempt(ev, |ev| ev.force(attr.value, attr.pos))? else {
                continue;
            };
            path.push(name);
            if self.asker.text_at(ev, value, &["_type"])?.as_deref() == Some("option") {
                self.option(ev, value, path, depth)?;
            } else if value.is_attrs() {
                self.set(ev, value, path, depth)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn option(&mut self, ev: &mut Evaluator, option: Val, path: &mut Vec<String>, depth: usize) -> Eval<()> {
        let is_left_out = LEFT_OUT.iter().any(|names| path.ends_with_names(names, depth));
        if is_left_out || !(self.is_own(ev, option, "files")? || self.is_own(ev, option, "declarations")?) {
            return Ok(());
        }
        let meta = self.asker.at(ev, option, &["valueMeta"])?;
        match meta {
            Some(meta) if self.inside(ev, meta, path, depth)? => {}
            _ => drop(self.found.insert(path.clone())),
        }
        Ok(())
    }

    /// Whether one of an option's files is the user's own.
    fn is_own(&self, ev: &mut Evaluator, option: Val, files: &str) -> Eval<bool> {
        let Some(list) = self.asker.at(ev, option, &[files])? else {
            return Ok(false);
        };
        for &cell in ev.elements(list) {
            let Some(file) = self.asker.attempt(ev, |ev| ev.force(cell, Pos::NONE))? else {
                continue;
            };
            let path = file.as_path().or(file.as_string()).unwrap_or_default();
            // A module without a file of its own is called `FILE, via option …`.
            let path = path.split(|byte| *byte == b',').next().unwrap_or_default();
            if self.asker.view.is_own(&Origin::File(path.into())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes into the value of an option as far as the library tells what it is made of; `false` if it
    /// tells nothing.
    fn inside(&mut self, ev: &mut Evaluator, meta: Val, path: &mut Vec<String>, depth: usize) -> Eval<bool> {
        if depth >= MAX_DEPTH {
            return Ok(false);
        }
        if let Some(inner) = self.asker.at(ev, meta, &["configuration"])? {
            if let Some(options) = self.asker.at(ev, inner, &["options"])? {
                self.set(ev, options, path, depth + 1)?;
                self.free(ev, inner, options, path)?;
            }
            return Ok(true);
        }
        let Some(attrs) = self.asker.at(ev, meta, &["attrs"])?.filter(|attrs| attrs.is_attrs()) else {
            return Ok(false);
        };
        for (name, attr) in ev.sorted_entries(attrs) {
            path.push(ev.symbols.text(name).into_owned());
            let inner = self.asker.attempt(ev, |ev| ev.force(attr.value, attr.pos))?;
            match inner {
                Some(inner) if self.inside(ev, inner, path, depth + 1)? => {}
                _ => drop(self.perhaps.insert(path.clone())),
            }
            path.pop();
        }
        Ok(true)
    }

    /// Adds the attributes of a submodule's value that no option of it declares.
    fn free(&mut self, ev: &mut Evaluator, inner: Val, options: Val, path: &mut Vec<String>) -> Eval<()> {
        let Some(config) = self
            .asker
            .at(ev, inner, &["config"])?
            .filter(|config| config.is_attrs())
        else {
            return Ok(());
        };
        for (name, _) in ev.sorted_entries(config) {
            let name = ev.symbols.text(name).into_owned();
            if name != "_module" && !self.asker.has(ev, options, &name) {
                path.push(name);
                self.perhaps.insert(path.clone());
                path.pop();
            }
        }
        Ok(())
    }
}

/// What is asked of a path besides its names.
trait EndsWithNames {
    /// Whether it is these names, at the top or in a submodule.
    fn ends_with_names(&self, names: &[&str], depth: usize) -> bool;
}

impl EndsWithNames for Vec<String> {
    fn ends_with_names(&self, names: &[&str], depth: usize) -> bool {
        let at = self.len().checked_sub(names.len());
        at.is_some_and(|at| (depth > 0 || at == 0) && self[at..].iter().zip(names).all(|(a, b)| a == b))
    }
}

/// Returns the options in which two configurations differ, each with the place of the definition that
/// counts, and whether all could be looked at in the time that there is.
pub(super) fn compare(
    ev: &mut Evaluator,
    old: &Side<'_>,
    new: &Side<'_>,
    secrets: &mut Secrets,
    clock: &dyn Fn() -> Duration,
) -> Eval<(Vec<Change>, bool)> {
    let (mut paths, mut perhaps) = (Paths::new(), Paths::new());
    let mut is_whole = true;
    for side in [old, new] {
        let mut walk = own(&side.asker, ev, side.system.root(), clock)?;
        is_whole &= walk.is_whole;
        paths.append(&mut walk.found);
        perhaps.append(&mut walk.perhaps);
    }
    let mut changes = Vec::new();
    let until = clock() + MOST_TIME;
    for path in paths.iter().chain(perhaps.difference(&paths)) {
        let (before, after) = (value(ev, old, path)?, value(ev, new, path)?);
        if path.last().is_some_and(|name| secret_like(name)) {
            let texts = before.iter().chain(&after).flat_map(Value::texts);
            texts.for_each(|text| secrets.learn(text));
        }
        for mut change in differences(path, before.as_ref(), after.as_ref()) {
            let (before, after) = (places(ev, old, &change.name)?, places(ev, new, &change.name)?);
            // What is only perhaps the user's own has a definition of theirs, or is none.
            if paths.contains(path) || !before.is_empty() || !after.is_empty() {
                change.location = place(&before, &after);
                changes.push(change);
            }
        }
        if changes.len() > MOST || clock() > until {
            is_whole = false;
            break;
        }
    }
    without_repeats(&mut changes);
    Ok((changes, is_whole))
}

/// Takes out what differs in a specialisation as it does in the host around it.
fn without_repeats(changes: &mut Vec<Change>) {
    let outside = |name: &str| {
        let path: OptionPath = name.parse().ok()?;
        let inside = path.first()? == "specialisation" && path.get(2)? == "configuration";
        OptionPath::of(path.get(3..).filter(|_| inside)?).map(|path| path.to_string())
    };
    let all: HashMap<String, ValueChange> = changes.iter().map(|c| (c.name.clone(), c.value.clone())).collect();
    changes.retain(|change| outside(&change.name).is_none_or(|name| all.get(&name) != Some(&change.value)));
}

/// Returns what a configuration has at a path.
fn value(ev: &mut Evaluator, side: &Side<'_>, path: &[String]) -> Eval<Option<Value>> {
    let mut names = vec!["config"];
    names.extend(path.iter().map(String::as_str));
    match side.asker.cell_at(ev, side.system.root(), &names)? {
        Some(cell) => Ok(Some(Value::read(&side.asker, ev, cell)?).filter(|value| *value != Value::Failed)),
        None => Ok(None),
    }
}

/// Returns where the definition is written that a difference comes from: one that the head has and the
/// base has not, else one that counts, else one that only the base has.
fn place(before: &[Place], after: &[Place]) -> Option<Location> {
    let is_new = |place: &&Place| !before.iter().any(|old| old.is_like(place));
    let is_gone = |place: &&Place| !after.iter().any(|new| new.is_like(place));
    let best = after.iter().find(is_new).or(after.first());
    let best = best.or(before.iter().find(is_gone)).or(before.first());
    best.and_then(|place| place.location.clone())
}

/// Where a definition is written, and its text.
#[derive(Default)]
struct Place {
    /// `None` if a function made it.
    location: Option<Location>,
    text: String,
}

impl Place {
    /// Whether it is the same definition in another state, perhaps on another line.
    fn is_like(&self, other: &Place) -> bool {
        let file = |place: &Place| place.location.as_ref().map(|location| location.file.clone());
        file(self) == file(other) && self.text == other.text
    }
}

/// Returns the definitions of an option in the user's own files, first those that count.
fn places(ev: &mut Evaluator, side: &Side<'_>, name: &str) -> Eval<Vec<Place>> {
    let Ok(path) = name.parse::<OptionPath>() else {
        return Ok(Vec::new());
    };
    let view = &side.asker.view;
    let definitions = side.asker.attempt(ev, |ev| side.system.definitions(ev, &path, view))?;
    let mut definitions = definitions.unwrap_or_default();
    definitions.retain(Definition::is_own);
    definitions.sort_by_key(|definition| (!definition.won(), definition.is_default, !definition.is_placed()));
    let place = |definition: &Definition| {
        let location = ev.sources.place(definition.span, view.root)?.into();
        let (file, from) = ev.sources.lookup(definition.span.start)?;
        let (_, to) = ev.sources.lookup(definition.span.end)?;
        let text = ev.sources.file(file).text.get(from as usize..to as usize)?;
        Some(Place {
            location: Some(location),
            text: String::from_utf8_lossy(text).into_owned(),
        })
    };
    Ok(definitions
        .iter()
        .map(|definition| place(definition).unwrap_or_default())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specialisation_repeats_its_host() {
        let change = |name: &str, after: &str| Change::value(name, None, Some(after.into()));
        let mut changes = vec![
            change("a.b", "1"),
            change("specialisation.x.configuration.a.b", "1"),
            change("specialisation.y.configuration.a.b", "2"),
            change("specialisation.x.inheritParentConfig", "1"),
        ];
        without_repeats(&mut changes);
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "a.b",
                "specialisation.y.configuration.a.b",
                "specialisation.x.inheritParentConfig"
            ]
        );
    }

    #[test]
    fn some_options_are_no_settings() {
        let check = |path: &[&str], depth: usize, expected: bool| {
            let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
            let is_left_out = LEFT_OUT.iter().any(|names| path.ends_with_names(names, depth));
            assert_eq!(is_left_out, expected, "{path:?}");
        };
        check(&["assertions"], 0, true);
        check(&["environment", "systemPackages"], 0, true);
        check(&["home-manager", "users", "anna", "home", "packages"], 1, true);
        check(&["services", "x", "meta"], 0, false);
        check(&["services", "openssh", "enable"], 0, false);
    }
}
