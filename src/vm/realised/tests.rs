//! The store of a run, on a real disk.

use super::*;
use crate::generation::Stage2;
use std::collections::BTreeSet;
use store::{HashAlgo, NarTree, SortedMap, hash_nar, write_nar};
use sys::DiskFs;

const SYSTEM: &str = "/nix/store/00000000000000000000000000000001-nixos-system-a";
const KERNEL: &str = "/nix/store/00000000000000000000000000000002-linux";

fn path(text: &str) -> StorePath {
    StorePath::parse(text).expect("a store path")
}

fn file(contents: &str) -> NarTree {
    NarTree::File {
        executable: false,
        contents: contents.into(),
    }
}

fn link(target: &str) -> NarTree {
    NarTree::Symlink(target.into())
}

fn folder(entries: &[(&str, NarTree)]) -> NarTree {
    let entries = entries
        .iter()
        .map(|(name, node)| (name.as_bytes().to_vec(), node.clone()));
    NarTree::Directory(entries.collect::<SortedMap<_, _>>())
}

fn archive(mut tree: NarTree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_nar(&mut tree, &mut bytes).expect("a tree has an archive");
    bytes
}

fn store(place: &tempfile::TempDir) -> Realised {
    Realised::new(Arc::new(DiskFs), place.path())
}

fn add(realised: &Realised, to: &str, tree: NarTree, references: &[&str]) {
    let about = About {
        references: references.iter().map(|other| path(other)).collect(),
        origin: "a test".into(),
        ..About::default()
    };
    let added = realised.add(&path(to), &mut archive(tree).as_slice(), about, Limits::default());
    added.expect("it can be added");
}

fn a_system() -> NarTree {
    folder(&[
        ("init", file("#!")),
        ("kernel", link(&format!("{KERNEL}/bzImage"))),
        ("initrd", link("../00000000000000000000000000000002-linux/initrd")),
        ("kernel-modules", link(&format!("{KERNEL}/modules"))),
        ("kernel-params", file("quiet loglevel=4\n")),
        ("specialisation", folder(&[("quiet", link(KERNEL))])),
        ("out", link("/etc/passwd")),
        ("up", link("../../../etc/passwd")),
        ("circle", link("circle")),
    ])
}

fn with_a_system(place: &tempfile::TempDir) -> Realised {
    let realised = store(place);
    let kernel = folder(&[("bzImage", file("k")), ("initrd", file("i")), ("modules", folder(&[]))]);
    add(&realised, KERNEL, kernel, &[]);
    add(&realised, SYSTEM, a_system(), &[KERNEL, SYSTEM]);
    realised
}

#[test]
fn what_is_added_comes_out_again() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = with_a_system(&place);
    let infos = realised.closure([&path(SYSTEM)]).expect("the closure is there");
    assert_eq!(infos.len(), 2);
    let (hash, size) = hash_nar(&mut a_system(), HashAlgo::Sha256).expect("a hash");
    let info = &infos[&path(SYSTEM)];
    assert_eq!((info.nar_hash, info.nar_size), (hash, size));
    assert_eq!(info.references, BTreeSet::from([path(KERNEL), path(SYSTEM)]));
    let mut bytes = Vec::new();
    realised.archive(&path(SYSTEM), &mut bytes).expect("an archive");
    assert_eq!(bytes, archive(a_system()));

    let mut stream = Vec::new();
    realised.export([&path(SYSTEM)], &mut stream).expect("a stream");
    let other = tempfile::tempdir().expect("a folder");
    let copy = store(&other);
    let added = copy.import(&mut stream.as_slice(), "a test", Limits::default(), 9);
    assert_eq!(added.expect("the stream can be read"), [path(KERNEL), path(SYSTEM)]);
    assert_eq!(copy.closure([&path(SYSTEM)]).expect("the closure is there"), infos);
    let registration = Realised::registration(&infos);
    assert_eq!(registration.lines().count(), 2 * 5 + 2, "{registration}");
}

#[test]
fn a_generation_is_read_from_its_toplevel() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = with_a_system(&place);
    let generation = realised.generation(&path(SYSTEM)).expect("a system");
    let kernel = realised.outside(&path(KERNEL));
    assert_eq!(generation.kernel, kernel.join("bzImage"));
    assert_eq!(generation.initrd, kernel.join("initrd"));
    assert_eq!(generation.modules, Some(kernel.join("modules")));
    assert_eq!(generation.parameters, "quiet loglevel=4");
    assert_eq!(generation.init, format!("{SYSTEM}/init"));
    assert_eq!(generation.stage2, Stage2::Init);
    assert_eq!(generation.specialisations, ["quiet"]);
    let error = realised.generation(&path(KERNEL)).expect_err("a kernel is no system");
    assert_eq!(
        error.to_string(),
        format!("{KERNEL} is no system that a machine can be started with: it has no init")
    );
}

#[test]
fn a_toplevel_tells_who_activates_it() {
    for (init, prepares, expected) in [
        ("#!/bin/sh", false, Stage2::Init),
        ("\x7fELF\x02", true, Stage2::PrepareRoot),
        ("\x7fELF\x02", false, Stage2::Initrd),
    ] {
        let place = tempfile::tempdir().expect("a folder");
        let realised = store(&place);
        let mut files = vec![
            ("init", file(init)),
            ("initrd", file("i")),
            ("kernel", file("k")),
            ("kernel-params", file("")),
        ];
        if prepares {
            files.push(("prepare-root", file("#!")));
        }
        add(&realised, SYSTEM, folder(&files), &[]);
        let generation = realised.generation(&path(SYSTEM)).expect("a system");
        assert_eq!(generation.stage2, expected, "{init:?}");
    }
}

#[test]
fn links_lead_nowhere_else() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = with_a_system(&place);
    let said = |name: &str| match realised.look_up(&format!("{SYSTEM}/{name}")) {
        Ok(Some(place)) => place.inside,
        Ok(None) => "nothing".into(),
        Err(error) => error.to_string(),
    };
    assert_eq!(said("kernel"), format!("{KERNEL}/bzImage"));
    assert_eq!(said("initrd"), format!("{KERNEL}/initrd"));
    assert_eq!(said("specialisation/quiet/modules"), format!("{KERNEL}/modules"));
    assert_eq!(said("init/below"), "nothing");
    assert_eq!(said("none"), "nothing");
    assert_eq!(said("out"), "'/etc' leads out of the store");
    assert_eq!(said("up"), "'/etc' leads out of the store");
    assert_eq!(said("../../../../etc/passwd"), "'/etc' leads out of the store");
    assert_eq!(
        said("circle"),
        format!("'{SYSTEM}/circle' has too many levels of links")
    );
    let missing = "/nix/store/00000000000000000000000000000003-gone";
    let error = realised.look_up(missing).expect_err("it is not there");
    assert_eq!(error.to_string(), format!("{missing} was neither built nor brought"));
    let error = realised
        .read(&format!("{SYSTEM}/kernel-params"), 3)
        .expect_err("too large");
    assert!(error.to_string().ends_with("is larger than 3 bytes"), "{error}");
}

#[test]
fn what_breaks_the_rules_leaves_nothing_behind() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = store(&place);
    let whole = archive(a_system());
    let refused = |bytes: &[u8], about: About, limits: Limits| {
        let added = realised.add(&path(SYSTEM), &mut &bytes[..], about, limits);
        added.expect_err("it is refused").to_string()
    };
    let most = Limits::default();
    let few = Limits { nodes: 3, ..most };
    let short = Limits { bytes: 64, ..most };
    let other_hash = About {
        nar_hash: Some(HashAlgo::Sha256.hash("other")),
        ..About::default()
    };
    for (said, expected) in [
        (refused(&whole[..200], About::default(), most), "unexpected end-of-file"),
        (refused(&whole, About::default(), few), "it has more than 3 files"),
        (refused(&whole, About::default(), short), "it is larger than it may be"),
        (refused(&whole, other_hash, most), "has the hash sha256-"),
    ] {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!realised.has(&path(SYSTEM)).expect("it can be asked"));
    assert_eq!(left_behind(&place), []);
}

/// Returns what lies where archives are unpacked.
fn left_behind(place: &tempfile::TempDir) -> Vec<sys::DirEntry> {
    match DiskFs.read_dir(&place.path().join("incoming")) {
        Err(error) if error.is_absent() => Vec::new(),
        listing => listing.expect("it can be listed"),
    }
}

proptest::proptest! {
    #[test]
    fn no_stream_panics(flips in proptest::collection::vec((0..4000usize, proptest::prelude::any::<u8>()), 1..6)) {
        let place = tempfile::tempdir().expect("a folder");
        let realised = with_a_system(&place);
        let mut stream = Vec::new();
        realised.export([&path(SYSTEM)], &mut stream).expect("a stream");
        for (at, byte) in flips {
            let len = stream.len();
            stream[at % len] = byte;
        }
        let other = tempfile::tempdir().expect("a folder");
        let _ = store(&other).import(&mut stream.as_slice(), "a test", Limits { bytes: 1 << 16, nodes: 99 }, 9);
        proptest::prop_assert_eq!(left_behind(&other), []);
    }
}
