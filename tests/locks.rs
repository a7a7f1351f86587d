//! The lock files in `fixtures/locks`: what path inputs cannot express, healthy and faulty.
//!
//! Here is tested how they are read, by us and by Nix. The rules about inputs judge the same files by
//! the finding that each `flake.nix` names in its head.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests read the repository and run programs"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flake::lock::{Edge, Lock, LockError, Node};
use testkit::{Oracle, said};

/// Lock files that are broken: the folder, line and column, and what is wrong in Nix's words.
const BROKEN: &[(&str, (u32, u32), &str)] = &[
    (
        "malformed-dangling-node",
        (21, 20),
        "lock file references missing node 'nixpkgs_2'",
    ),
    (
        "malformed-follows-circle",
        (5, 9),
        "follow cycle detected: [b -> a -> b]",
    ),
    (
        "malformed-follows-nothing",
        (5, 9),
        "input 'home-manager/nixpkgs' follows a non-existent input 'nixpkgs-stable'",
    ),
    (
        "malformed-input-type",
        (9, 16),
        "unsupported input attribute type in lock file",
    ),
    (
        "malformed-merge-conflict",
        (5, 1),
        "Could not parse 'flake.lock': parse error at line 5, column 1: unexpected '<'; expected a name in quotes",
    ),
    (
        "malformed-no-locked",
        (3, 16),
        "attribute 'locked' missing in lock file",
    ),
    (
        "malformed-no-root",
        (25, 11),
        "lock file references missing node 'fleet'",
    ),
    (
        "malformed-rev",
        (4, 17),
        "hash '5c52261a3f3ff828d1aa6870c27f9c6410505e3' has wrong length for hash algorithm 'sha1'",
    ),
    (
        "malformed-unlocked",
        (4, 17),
        "Lock file contains unlocked input '{\"owner\":\"NixOS\",\"repo\":\"nixpkgs\",\"type\":\"github\"}'. \
         Use '--allow-dirty-locks' to accept this lock file.",
    ),
    (
        "malformed-version",
        (26, 14),
        "lock file 'flake.lock' has unsupported version 99",
    ),
];

/// Folders that Nix refuses for another reason than a broken lock file, or in other words than ours.
///
/// Offline, Nix cannot fetch what a lock file lacks. It takes a lock without its root for an empty one.
const NIX_SAYS: &[(&str, &str)] = &[
    ("malformed-merge-conflict", "parse error at line 5, column 1"),
    (
        "malformed-no-root",
        "while fetching the input 'github:NixOS/nixpkgs/nixos-26.05'",
    ),
    ("malformed-version", "flake.lock' has unsupported version 99"),
    (
        "out-of-step",
        "while fetching the input 'github:NixOS/nixpkgs/nixos-26.05'",
    ),
    (
        "out-of-step-extra",
        "requires lock file changes but they're not allowed",
    ),
    (
        "out-of-step-missing",
        "while fetching the input 'github:Mic92/sops-nix'",
    ),
];

/// Returns the folder of all of them.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/locks")
}

/// Returns the names of all folders with a flake in them, in order.
fn names() -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("fixtures/locks is there") {
        let name = entry.expect("it can be read").file_name();
        let name = name.to_str().expect("names are text").to_owned();
        match name.as_str() {
            "README.md" => {}
            "update" => found.extend(["update/after".to_owned(), "update/before".to_owned()]),
            _ => found.push(name),
        }
    }
    found.sort();
    found
}

/// Returns a folder's lock file as text.
fn text(name: &str) -> String {
    let path = folder().join(name).join("flake.lock");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a folder's lock file, and checks what its inputs follow.
fn read(name: &str) -> Result<Lock, LockError> {
    let lock = Lock::parse(text(name).as_bytes(), "flake.lock")?;
    lock.check()?;
    Ok(lock)
}

/// Reads a lock file that is in order.
fn good(name: &str) -> Lock {
    read(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the node at a path of inputs, such as `home-manager/nixpkgs`.
fn at<'a>(lock: &'a Lock, path: &str) -> &'a Node {
    let path: Vec<String> = path.split('/').map(str::to_owned).collect();
    let found = lock.find(&path).expect("nothing follows itself");
    lock.node(found.unwrap_or_else(|| panic!("there is no input {path:?}")))
}

/// Returns an attribute of what an input is locked to.
fn locked(lock: &Lock, path: &str, attr: &str) -> Option<String> {
    let entry = at(lock, path).entry.as_ref().expect("an input is locked");
    entry.locked.input.attrs().to_json().get(attr).map(ToString::to_string)
}

/// Returns an attribute of what flake.nix had said when an input was locked.
fn original(lock: &Lock, path: &str, attr: &str) -> Option<String> {
    let entry = at(lock, path).entry.as_ref().expect("an input is locked");
    entry
        .original
        .input
        .attrs()
        .to_json()
        .get(attr)
        .map(ToString::to_string)
}

#[test]
fn what_is_in_order_is_written_as_it_was_read() {
    let mut read_well = 0;
    for name in names() {
        if BROKEN.iter().any(|(broken, ..)| *broken == name) {
            continue;
        }
        let lock = good(&name);
        assert_eq!(format!("{}\n", lock.to_text()), text(&name), "{name}");
        assert_eq!(lock.warnings, Vec::<String>::new(), "{name}");
        read_well += 1;
    }
    assert_eq!(read_well, names().len() - BROKEN.len());
}

#[test]
fn what_is_broken_is_told_with_its_place() {
    for (name, place, message) in BROKEN {
        let error = read(name).expect_err(name);
        assert_eq!(
            (error.place, error.to_string().as_str()),
            (Some(*place), *message),
            "{name}"
        );
    }
}

#[test]
fn every_folder_is_in_the_table_of_the_readme() {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("there is a README");
    for name in names() {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in the README");
        let head = std::fs::read_to_string(folder().join(&name).join("flake.nix")).expect("there is a flake.nix");
        let says_finding = head.starts_with("# Healthy: ") || head.contains("Expected:") || name.starts_with("update/");
        assert!(says_finding, "{name}: its flake.nix does not say what is expected");
    }
}

#[test]
fn each_fault_is_what_it_is_said_to_be() {
    let date = |name: &str, input: &str| locked(&good(name), input, "lastModified").expect("an input has a date");
    // Seconds since 1970 on the day of the checks, 2026-11-25, and a day's worth of them.
    let (today, day) = (1_795_564_800_u64, 86_400);
    let age = |name: &str, input: &str| {
        let seconds: u64 = date(name, input).parse().expect("a date is a number");
        today.checked_sub(seconds).map(|seconds| seconds / day)
    };
    for input in [
        "nixpkgs",
        "nixpkgs-unstable",
        "home-manager",
        "disko",
        "stylix",
        "sops-nix",
        "nur",
    ] {
        assert!(age("healthy", input).is_some_and(|days| days < 30), "{input}");
    }
    assert!(age("stable-behind", "nixpkgs").is_some_and(|days| days > 150));
    assert!(age("rolling-stale", "nixpkgs-unstable").is_some_and(|days| days > 180));
    assert!(age("latest-stale", "stylix").is_some_and(|days| days > 365));
    assert_eq!(age("from-the-future", "nixpkgs"), None);

    let named = |name: &str, input: &str, attr: &str| original(&good(name), input, attr);
    assert_eq!(
        named("stable-end-of-life", "nixpkgs", "ref").as_deref(),
        Some("\"nixos-24.11\"")
    );
    assert_eq!(
        named("out-of-step", "nixpkgs", "ref").as_deref(),
        Some("\"nixos-25.11\"")
    );
    assert_eq!(named("pinned-loose", "hyprland", "rev"), None);
    let moved = good("pinned-moved");
    assert_ne!(original(&moved, "hyprland", "rev"), locked(&moved, "hyprland", "rev"));
    let pinned = good("healthy");
    assert_eq!(original(&pinned, "hyprland", "rev"), locked(&pinned, "hyprland", "rev"));

    let own = |name: &str, path: &str| locked(&good(name), path, "rev");
    assert_eq!(own("healthy", "home-manager/nixpkgs"), own("healthy", "nixpkgs"));
    assert_ne!(
        own("follows-missing", "home-manager/nixpkgs"),
        own("follows-missing", "nixpkgs")
    );
    assert_eq!(count_of_nixpkgs(&good("healthy")), 2);
    assert_eq!(count_of_nixpkgs(&good("several-nixpkgs")), 5);
}

/// Returns how many different trees of nixpkgs a lock has.
fn count_of_nixpkgs(lock: &Lock) -> usize {
    let is_nixpkgs = |node: &Node| {
        let entry = node.entry.as_ref();
        entry.is_some_and(|entry| {
            entry
                .locked
                .input
                .attrs()
                .to_json()
                .get("repo")
                .is_some_and(|repo| repo == "nixpkgs")
        })
    };
    lock.nodes().filter(|(_, node)| is_nixpkgs(node)).count()
}

#[test]
fn an_update_moves_six_inputs_forward_and_leaves_the_pinned_one() {
    let (before, after) = (good("update/before"), good("update/after"));
    let inputs = |lock: &Lock| {
        lock.node(flake::lock::NodeId::ROOT)
            .inputs
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(inputs(&before), inputs(&after));
    let mut moved = BTreeMap::new();
    for name in inputs(&before) {
        assert!(matches!(
            before.node(flake::lock::NodeId::ROOT).inputs[&name],
            Edge::Node(_)
        ));
        assert_eq!(original(&before, &name, "ref"), original(&after, &name, "ref"));
        let date = |lock: &Lock| locked(lock, &name, "lastModified").expect("an input has a date");
        if locked(&before, &name, "rev") != locked(&after, &name, "rev") {
            assert!(date(&before) < date(&after), "{name} went back");
            moved.insert(name.clone(), date(&after));
        }
    }
    let moved: Vec<_> = moved.into_keys().collect();
    assert_eq!(
        moved,
        [
            "home-manager",
            "nixpkgs",
            "nixpkgs-unstable",
            "nur",
            "sops-nix",
            "stylix"
        ]
    );
}

#[test]
fn oracle_reads_each_lock_alike() {
    let oracle = Oracle::named();
    let shared = oracle.share();
    for name in names() {
        let here = shared.outside().join(name.replace('/', "-"));
        std::fs::create_dir(&here).expect("a folder can be made");
        for file in ["flake.nix", "flake.lock"] {
            std::fs::copy(folder().join(&name).join(file), here.join(file)).expect("a file can be copied");
        }
        let there = format!("path:{}/{}", shared.inside(), name.replace('/', "-"));
        let mut nix = oracle.nix("flake");
        nix.args(["metadata", "--json", "--offline", "--no-update-lock-file", &there]);
        let output = nix.output().expect("Nix runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        let other = NIX_SAYS
            .iter()
            .find(|(folder, _)| *folder == name)
            .map(|(_, says)| *says);
        let ours = BROKEN
            .iter()
            .find(|(folder, ..)| *folder == name)
            .map(|(.., says)| *says);
        match other.or(ours) {
            None => assert!(output.status.success(), "{name}: {errors}"),
            Some(says) => {
                assert!(!output.status.success(), "{name} is accepted: {}", said(&output));
                assert!(errors.contains(says), "{name}: {errors}");
            }
        }
    }
}
