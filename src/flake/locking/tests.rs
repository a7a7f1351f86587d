//! Locks against those that `nix flake lock` of Nix 2.34.8 wrote for the same files.
//!
//! A case in `testdata/locks` is the files, the flags, and the lock file afterwards or the error.
//! All times in the files are zero, as in the memory file system.

use super::{LockFlags, Locker};
use crate::fetch::{Fetcher, HttpError, Request, Response, Settings, Transport};
use crate::flakeref::{FlakeRef, Reading, parse_input_path};
use crate::registry::Registries;
use crate::trust::Policy;
use diag::SourceMap;
use std::net::IpAddr;
use std::sync::Arc;
use syntax::Symbols;
use sys::{ManualClock, MemoryFs, ScriptedExec};

struct NoNetwork;

impl Transport for NoNetwork {
    fn get(&self, request: &Request) -> Result<Response, HttpError> {
        Err(HttpError::Failed {
            url: request.url.clone(),
            why: "there is no network here".into(),
        })
    }

    fn resolve(&self, host: &str, _port: u16) -> Result<Vec<IpAddr>, HttpError> {
        Err(HttpError::Resolve {
            host: host.to_owned(),
            why: "there is no network here".into(),
        })
    }
}

struct Case<'a> {
    files: Vec<(&'a str, &'a str)>,
    flags: Vec<&'a str>,
    expected: &'a str,
}

fn parse(text: &str) -> Case<'_> {
    let mut case = Case {
        files: Vec::new(),
        flags: Vec::new(),
        expected: "",
    };
    for part in text.split("== ").skip(1) {
        let (head, body) = part.split_once('\n').unwrap();
        match head {
            "flags" => case.flags = body.lines().collect(),
            "lock" => case.expected = body,
            _ => case.files.push((head.strip_prefix("file ").unwrap(), body)),
        }
    }
    case
}

fn run(case: &Case<'_>, policy: Policy) -> String {
    let fs = case
        .files
        .iter()
        .fold(MemoryFs::new(), |fs, (path, text)| fs.file(path, *text));
    let fetcher = Fetcher::new(
        Arc::new(fs),
        Arc::new(ScriptedExec::new()),
        Arc::new(ManualClock::at(std::time::Duration::ZERO)),
        Arc::new(NoNetwork),
        Settings::default(),
        policy,
    );
    let reference = |text: &str| FlakeRef::parse(text, Reading::ABSOLUTE).unwrap();
    let mut flags = LockFlags::default();
    let mut registries = Registries::default();
    let mut words = case.flags.iter();
    while let Some(flag) = words.next() {
        let path = words.next().unwrap();
        match *flag {
            "--override-input" => {
                let target = reference(words.next().unwrap());
                flags.overrides.insert(parse_input_path(path).unwrap(), target);
            }
            "--override-flake" => registries
                .flags
                .add(&reference(path), &reference(words.next().unwrap())),
            "--update-input" => {
                flags.updates.insert(parse_input_path(path).unwrap());
            }
            other => panic!("{other}"),
        }
    }
    let (mut sources, mut symbols) = (SourceMap::new(), Symbols::new());
    let mut locker = Locker {
        fetcher: &fetcher,
        registries: &registries,
        sources: &mut sources,
        symbols: &mut symbols,
        pipe_operators: false,
    };
    match locker.lock(&reference("path:/tmp/lk/top"), &flags) {
        Ok(locked) if locked.changed => locked.lock.to_text() + "\n",
        Ok(_) => {
            let old = case.files.iter().find(|(path, _)| *path == "/tmp/lk/top/flake.lock");
            old.map_or("{none}\n", |(_, text)| text).to_owned()
        }
        Err(error) => format!("error: {}\n", error.message(&sources)).replace("/tmp/lk/top/flake.", "«unknown»/flake."),
    }
}

macro_rules! cases {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../testdata/locks/", $name, ".txt")))),*]
    };
}

#[test]
fn locks_are_those_of_nix() {
    let cases = cases! {
        "attrs-form"
        "changed-url"
        "child-lock"
        "circular"
        "dir"
        "error-attr-type"
        "error-bad-follows"
        "error-bad-url"
        "error-flake-type"
        "error-input-thunk"
        "error-lock-attr"
        "error-lock-node"
        "error-lock-unlocked"
        "error-lock-version"
        "error-negative"
        "error-not-a-set"
        "error-outputs"
        "error-self-attr"
        "error-self-input"
        "error-thunk"
        "error-unexpected-attr"
        "error-unsupported-attr"
        "error-url-and-follows"
        "follows"
        "follows-added"
        "follows-circle"
        "follows-input-only"
        "follows-removed"
        "follows-self"
        "keep"
        "keep-and-add"
        "missing-follows"
        "missing-input"
        "nested"
        "nested-url"
        "no-inputs"
        "not-a-flake"
        "override-input"
        "override-keeps-original"
        "override-unknown"
        "rec-variables"
        "registry-flag"
        "relative"
        "relative-keep"
        "relative-not-a-flake"
        "relative-override"
        "removed-input"
        "same-name"
        "unknown-override"
        "update-input"
        "version-5"
    };
    let mut wrong = String::new();
    for (name, text) in cases {
        let case = parse(text);
        let found = run(&case, Policy::trusting());
        // Nix names a missing path with two slashes.
        if found != case.expected.replace("'//", "'/") {
            wrong.push_str(&format!("--- {name}\n  nix  {}\n  ours {found}\n", case.expected));
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn a_hostile_flake_fetches_nothing_from_outside() {
    let case = parse(include_str!("../testdata/locks/nested.txt"));
    let policy = Policy {
        root: Some("/tmp/lk/top".into()),
        ..Policy::default()
    };
    let found = run(&case, policy);
    assert!(found.contains("'path:/tmp/lk/b' is refused"), "{found}");
    assert!(found.contains("--trust"), "{found}");
}
