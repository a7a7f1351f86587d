//! What the tables of tests of these rules are written in, and the lock files in `fixtures/locks`.

#![expect(clippy::disallowed_methods, reason = "these tests read the repository")]

use std::path::{Path, PathBuf};

use flake::lock::{Edge, Entry, Lock, NodeId};
use flake::{FlakeRef, Reading};

use super::{Files, RULES, Request, cases};
use crate::settings::Inputs;
use crate::{Day, Rule};

/// The day that all tables are judged on.
const TODAY: &str = "2026-11-25";
const REV: &str = "5c52261a3f3ff828d1aa6870c27f9c6410505e3b";

/// A table of tests of one rule.
pub(super) struct Table {
    rule: &'static Rule,
    settings: String,
    dir: String,
    untracked: bool,
}

impl Table {
    pub(super) fn of(rule: &'static Rule) -> Table {
        Table {
            rule,
            settings: "{}".into(),
            dir: String::new(),
            untracked: false,
        }
    }

    /// Sets what `inputs` of the settings says.
    pub(super) fn settings(mut self, settings: &str) -> Table {
        self.settings = settings.into();
        self
    }

    /// Sets the folder of the flake in its tree.
    pub(super) fn dir(mut self, dir: &str) -> Table {
        self.dir = dir.into();
        self
    }

    /// Puts the lock beside the flake without Git knowing it.
    pub(super) fn untracked(mut self) -> Table {
        self.untracked = true;
        self
    }

    /// Checks what the rule finds in the `inputs` of a flake and the lock that a [notation](lock) stands for; no lock
    /// for an empty one. Findings are written `file:line:column: message; hint`.
    #[track_caller]
    pub(super) fn check(&self, inputs: &str, notation: &str, expected: &[&str]) {
        let nix = format!("{{\n  inputs = {{ {inputs} }};\n  outputs = _: {{ }};\n}}\n");
        let text = if notation.is_empty() {
            None
        } else {
            Some(lock(notation).to_text())
        };
        self.texts(&nix, text.as_deref(), expected);
    }

    /// Checks what the rule finds in the texts of both files.
    #[track_caller]
    pub(super) fn texts(&self, nix: &str, lock: Option<&str>, expected: &[&str]) {
        let settings: Inputs = serde_yaml::from_str(&self.settings).expect("settings can be read");
        let request = Request {
            inputs: &settings,
            today: TODAY.parse().expect("a day"),
            lint: true,
        };
        let files = Files {
            flake_nix: Some(nix.as_bytes().into()),
            flake_lock: lock.map(|lock| lock.as_bytes().into()),
            dir: self.dir.clone(),
            untracked: self.untracked,
        };
        let all = cases(&files, &request);
        let own = all.iter().filter(|case| case.rule.as_deref() == Some(self.rule.id));
        let found = own.flat_map(|case| &case.findings).map(|finding| {
            let place = finding.location.as_ref().map_or("nowhere".into(), ToString::to_string);
            let hint = finding.hint.as_deref().unwrap_or("no hint");
            format!("{place}: {}; {hint}", finding.message)
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            expected,
            "{nix}\n{}",
            lock.unwrap_or_default()
        );
    }
}

/// Returns the lock that a text stands for. Each line is one input: `a = REFERENCE` for one that is
/// locked, `a = REFERENCE @ REFERENCE` for one that is locked to another place, `a -> b/c` for one that
/// follows; `9d` at the end is its age. An input of an input is `a/b`.
pub(super) fn lock(notation: &str) -> Lock {
    let mut lock = Lock::new();
    for line in notation.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let names = |path: &str| {
            path.split('/')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (path, edge) = match line.split_once("->") {
            Some((path, target)) => (names(path.trim()), Edge::Follows(names(target.trim()))),
            None => {
                let (path, rest) = line.split_once(" = ").expect("a line has = or ->");
                (names(path), Edge::Node(lock.add(locked(rest)).expect("it fits")))
            }
        };
        let (name, above) = path.split_last().expect("an input has a name");
        let parent = lock.find(above).expect("no circle").expect("what is above comes first");
        lock.node_mut(parent).inputs.insert(name.clone(), edge);
    }
    lock
}

fn locked(text: &str) -> Entry {
    let (text, days) = match text.rsplit_once(' ') {
        Some((rest, age)) if age.ends_with('d') && !age.contains([':', '/']) => {
            (rest, age.trim_end_matches('d').parse().expect("an age is a number"))
        }
        _ => (text, 1),
    };
    let (original, at) = text.split_once(" @ ").unwrap_or((text, text));
    let reference = |text: &str| FlakeRef::parse(text, Reading::of_input(true)).expect("a reference");
    let (original, mut locked) = (reference(original), reference(at));
    let is_relative = locked.input.relative_path().is_some();
    if !is_relative {
        if !locked.input.attrs().contains("rev") && locked.input.scheme().is_some_and(flake::Scheme::is_forge) {
            locked.input.unset("ref");
            locked.input.set("rev", REV);
        }
        let today: Day = TODAY.parse().expect("a day");
        let since = today.days_until(Day::of(std::time::Duration::ZERO)).unsigned_abs();
        let seconds = (since as i64 - days) * 86_400 + 3_600;
        locked
            .input
            .set("lastModified", u64::try_from(seconds).expect("an age after 1970"));
        locked
            .input
            .set("narHash", "sha256-axp3bXf/kba2o1P7qFh5iBzTN2xnNeoJvmFUaK4Theo=");
    }
    Entry {
        locked,
        original,
        is_flake: true,
        parent: is_relative.then(Vec::new),
    }
}

/// Returns the folder of the lock files.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/locks")
}

/// Returns what is found in a folder: `rule file:line:column input`, in order.
fn found_in(name: &str, lint: bool) -> Vec<String> {
    let here = folder().join(name);
    let read = |file: &str| std::fs::read(here.join(file)).ok();
    let settings = read("cfgcheck.yaml").map(|text| {
        let text = String::from_utf8(text).expect("settings are text");
        let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("settings are YAML");
        serde_yaml::from_value(value["inputs"].clone()).expect("settings name inputs")
    });
    let settings: Inputs = settings.unwrap_or_default();
    let files = Files {
        flake_nix: read("flake.nix").map(Into::into),
        flake_lock: read("flake.lock").map(Into::into),
        ..Files::default()
    };
    let request = Request {
        inputs: &settings,
        today: TODAY.parse().expect("a day"),
        lint,
    };
    let all = cases(&files, &request);
    assert_eq!(all.len(), RULES.len());
    let findings = all.iter().flat_map(|case| &case.findings);
    let found = findings.map(|finding| {
        let place = finding.location.as_ref().map_or("nowhere".into(), ToString::to_string);
        format!("{} {place}", finding.rule)
    });
    found.collect()
}

/// Returns the folders of the README's table with their findings.
fn table() -> Vec<(String, Vec<String>)> {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("there is a README");
    let mut rows = Vec::new();
    for line in readme.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ticked = |cell: &str| {
            cell.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (names, findings) = (ticked(cells[1]), ticked(cells[4]));
        rows.extend(names.into_iter().map(|name| (name, findings.clone())));
    }
    rows
}

#[test]
fn each_lock_file_has_the_findings_of_the_readme() {
    let rows = table();
    assert!(rows.len() > 25, "the table of the README is gone");
    let mut wrong = Vec::new();
    for (name, expected) in rows {
        let found = found_in(&name, true);
        if found != expected {
            wrong.push(format!("{name}: {found:?}, and the README has {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_locking_tells_is_left_to_it() {
    for name in ["malformed-merge-conflict", "malformed-version", "malformed-no-locked"] {
        assert_eq!(found_in(name, false), Vec::<String>::new(), "{name}");
    }
    assert_eq!(found_in("malformed-nar-hash", false).len(), 1);
    assert_eq!(found_in("stable-behind", false), found_in("stable-behind", true));
}

#[test]
fn the_fleet_itself_has_no_findings() {
    assert_eq!(found_in("../..", true), Vec::<String>::new());
}

#[test]
fn what_cannot_be_read_is_skipped_with_the_reason() {
    let settings = Inputs::default();
    let request = Request {
        inputs: &settings,
        today: TODAY.parse().expect("a day"),
        lint: true,
    };
    let skipped = |nix: Option<&str>, lock: Option<&str>| {
        let files = Files {
            flake_nix: nix.map(|text| text.as_bytes().into()),
            flake_lock: lock.map(|text| text.as_bytes().into()),
            ..Files::default()
        };
        let all = cases(&files, &request);
        let mut reasons = Vec::new();
        for case in all {
            if let report::Outcome::Skipped(reason) = case.outcome
                && !reasons.contains(&reason)
            {
                reasons.push(reason);
            }
        }
        reasons
    };
    let good = "{ outputs = _: { }; }";
    assert_eq!(skipped(Some(good), Some("{")), ["flake.lock cannot be read"]);
    assert_eq!(skipped(Some(good), None), Vec::<String>::new());
    assert_eq!(skipped(Some("{"), None), ["flake.nix cannot be read as a flake"]);
    assert_eq!(skipped(None, None), ["there is no flake.nix"]);
}

proptest::proptest! {
    #[test]
    fn no_texts_panic(nix in "\\{( ?(inputs|a|b)(\\.(a|b|url|follows|inputs)){0,3} = (\"(a|b|github:a/b|)\"|_: \\{\\});){0,4}\\}", lock: Vec<u8>) {
        let settings = Inputs::default();
        let request = Request { inputs: &settings, today: Day::of(std::time::Duration::ZERO), lint: true };
        let files = Files {
            flake_nix: Some(nix.into_bytes().into()),
            flake_lock: Some(lock.into()),
            ..Files::default()
        };
        proptest::prop_assert_eq!(cases(&files, &request).len(), RULES.len());
    }

    #[test]
    fn no_lock_of_good_shape_panics(
        lines in proptest::collection::vec("(a|b|c) (->|=) (a|b|c)", 1..5), inner in "(a|b|c)/(a|b) -> (a|b|a/b|)"
    ) {
        let mut all = Lock::new();
        for line in &lines {
            let (name, target) = (&line[..1], &line[line.len() - 1..]);
            let edge = match line.contains("->") {
                true => Edge::Follows(vec![target.to_owned()]),
                false => Edge::Node(all.add(locked(&format!("github:x/{target}"))).expect("it fits")),
            };
            all.node_mut(NodeId::ROOT).inputs.insert(name.to_owned(), edge);
        }
        let (path, target) = inner.split_once(" -> ").expect("it has an arrow");
        let (above, name) = path.split_once('/').expect("it has a slash");
        if let Ok(Some(parent)) = all.find(&[above.to_owned()]) {
            let target = target.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            all.node_mut(parent).inputs.insert(name.to_owned(), Edge::Follows(target));
        }
        let settings = Inputs::default();
        let request = Request { inputs: &settings, today: Day::of(std::time::Duration::ZERO), lint: true };
        let nix = "{ inputs = { a.url = \"github:x/a\"; b.inputs.a.follows = \"a\"; b.url = \"github:x/b\"; }; outputs = _: { }; }";
        let files = Files {
            flake_nix: Some(nix.as_bytes().into()),
            flake_lock: Some(all.to_text().into_bytes().into()),
            ..Files::default()
        };
        proptest::prop_assert_eq!(cases(&files, &request).len(), RULES.len());
    }
}
