//! Disks, made by the programs of this machine and looked into with them.

use super::*;
use crate::disks::{Content, Disk};
use crate::realised::{About, Limits, Realised};
use std::path::Path;
use std::sync::Arc;
use store::{NarTree, StorePath, write_nar};
use sys::{Command, DiskFs, Exec, Fs, ProcessExec};

const SYSTEM: &str = "/nix/store/00000000000000000000000000000001-nixos-system-a";
const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin";

fn tools() -> Tools<'static> {
    Tools {
        exec: &ProcessExec,
        path: PATH,
    }
}

/// Returns a store with one path, which is a file.
fn store(place: &Path) -> (Realised, StorePath) {
    let realised = Realised::new(Arc::new(DiskFs), place);
    let path = StorePath::parse(SYSTEM).expect("a store path");
    let mut file = NarTree::File {
        executable: true,
        contents: b"#!/bin/sh\n".to_vec(),
    };
    let mut archive = Vec::new();
    write_nar(&mut file, &mut archive).expect("an archive");
    let added = realised.add(&path, &mut archive.as_slice(), About::default(), Limits::default());
    added.expect("it can be added");
    (realised, path)
}

fn disk(system: StorePath) -> RootDisk {
    let mut disk = RootDisk::new(vec![system]);
    disk.room = 8 << 20;
    disk.extras.push(Extra {
        path: "/var/lib/key".into(),
        bytes: b"secret".to_vec(),
        private: true,
    });
    disk
}

/// Returns what `debugfs` says of a disk.
fn asked(disk: &Path, request: &str) -> String {
    let command = Command::new("debugfs")
        .args(["-R", request])
        .arg(disk)
        .env("PATH", PATH);
    let output = ProcessExec.run(&command).expect("debugfs runs");
    String::from_utf8(output.stdout).expect("it says text")
}

#[test]
fn a_plan_says_all_that_is_on_a_disk() {
    let place = tempfile::tempdir().expect("a folder");
    let (realised, system) = store(place.path());
    let plan = disk(system).plan(&realised).expect("a plan");
    let text = plan.to_string();
    for line in [
        "ext4, label nixos, 8388608 bytes free",
        "/boot/",
        SYSTEM,
        "/nix/var/nix/profiles/system -> system-1-link",
        &format!("/nix/var/nix/profiles/system-1-link -> {SYSTEM}"),
        "/var/lib/",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in\n{text}");
    }
    assert!(
        text.lines()
            .any(|line| line.starts_with("/var/lib/key: 6 bytes, sha256:") && line.ends_with("for root alone"))
    );
    assert_eq!(plan.key().len(), 52);
    let missing = RootDisk::new(vec![
        StorePath::parse("/nix/store/00000000000000000000000000000002-b").expect("a path"),
    ]);
    assert!(missing.plan(&realised).is_err());
}

#[test]
fn a_disk_is_roots_and_the_same_each_time() {
    let place = tempfile::tempdir().expect("a folder");
    let (realised, system) = store(place.path());
    let plan = disk(system).plan(&realised).expect("a plan");
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    plan.make(&realised, tools(), &one).expect("the disk is made");
    plan.make(&realised, tools(), &two).expect("the disk is made");
    assert_eq!(DiskFs.read(&one).expect("bytes"), DiskFs.read(&two).expect("bytes"));
    for (path, expected) in [
        (SYSTEM, "Mode:  0555"),
        (SYSTEM, "User:     0   Group:     0"),
        (SYSTEM, "mtime: 0x00000001"),
        ("/var/lib/key", "Mode:  0600"),
        ("/nix/store", "Type: directory"),
        ("/nix/var/nix/profiles/system", "Fast link dest: \"system-1-link\""),
    ] {
        let said = asked(&one, &format!("stat {path}"));
        assert!(said.contains(expected), "{expected} in\n{said}");
    }
    let check = Command::new("e2fsck").args(["-f", "-n"]).arg(&one).env("PATH", PATH);
    let check = ProcessExec.run(&check).expect("e2fsck runs");
    assert!(check.success(), "{}", String::from_utf8_lossy(&check.stdout));
    overlay(tools(), &one, &place.path().join("top")).expect("an overlay");
    let info = Command::new("qemu-img")
        .arg("info")
        .arg(place.path().join("top"))
        .env("PATH", PATH);
    let info = ProcessExec.run(&info).expect("qemu-img runs");
    assert!(String::from_utf8_lossy(&info.stdout).contains("backing file format: raw"));
}

#[test]
fn a_delta_has_what_the_machine_lacks() {
    let place = tempfile::tempdir().expect("a folder");
    let (realised, system) = store(place.path());
    let other = StorePath::parse("/nix/store/00000000000000000000000000000002-b").expect("a path");
    let mut archive = Vec::new();
    realised.archive(&system, &mut archive).expect("an archive");
    let about = About {
        references: [system.clone()].into(),
        ..About::default()
    };
    let added = realised.add(&other, &mut archive.as_slice(), about, Limits::default());
    added.expect("it can be added");
    let plan = Plan::delta(&realised, [&system], [&other]).expect("a plan");
    let names: Vec<_> = plan.entries.keys().map(String::as_str).collect();
    assert_eq!(names, ["/00000000000000000000000000000002-b", "/registration"]);
    let disk = place.path().join("delta");
    plan.make(&realised, tools(), &disk).expect("the disk is made");
    assert_eq!(DiskFs.stat(&disk).expect("it is there").expect("a file").len, 16 << 30);
    assert!(asked(&disk, "cat /00000000000000000000000000000002-b").starts_with("#!/bin/sh"));
    assert!(!asked(&disk, "stats").contains("has_journal"));
}

#[test]
fn disks_are_found_by_the_names_that_hosts_know() {
    let place = tempfile::tempdir().expect("a folder");
    let (realised, system) = store(place.path());
    let root = RootDisk::new(vec![system]);
    for (content, label, uuid, expected) in [
        (Content::Vfat, Some("ESP"), None, "LABEL=\"ESP\""),
        (Content::Vfat, None, Some("12AB-34CD"), "UUID=\"12AB-34CD\""),
        (Content::Swap, Some("swap"), None, "LABEL=\"swap\""),
        (
            Content::Swap,
            None,
            Some("44444444-4444-4444-8888-888888888888"),
            "UUID=\"44444444-4444-4444-8888-888888888888\"",
        ),
        (Content::Ext4, Some("data"), None, "LABEL=\"data\""),
        (
            Content::Root,
            None,
            Some("44444444-4444-4444-8888-888888888889"),
            "UUID=\"44444444-4444-4444-8888-888888888889\"",
        ),
    ] {
        let disk = Disk {
            content,
            label: label.map(str::to_owned),
            uuid: uuid.map(str::to_owned),
            serial: None,
            partition_label: None,
            partition_uuid: None,
        };
        let file = place.path().join(format!("{content:?}{label:?}"));
        make(&disk, &root, &realised, tools(), &file).expect("the disk is made");
        let command = Command::new("blkid").arg("-p").arg(&file).env("PATH", PATH);
        let said = ProcessExec.run(&command).expect("blkid runs");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let kind = match content {
            Content::Vfat => "TYPE=\"vfat\"",
            Content::Swap => "TYPE=\"swap\"",
            Content::Root | Content::Ext4 => "TYPE=\"ext4\"",
        };
        assert!(
            said.contains(expected) && said.contains(kind),
            "{expected} and {kind} in {said}"
        );
    }
}

#[test]
fn a_partition_has_the_name_that_a_host_knows() {
    let place = tempfile::tempdir().expect("a folder");
    let (realised, system) = store(place.path());
    let root = RootDisk {
        room: 8 << 20,
        ..RootDisk::new(vec![system])
    };
    for (content, label, uuid) in [
        (Content::Root, Some("disk-main-root"), None),
        (Content::Vfat, Some("disk-main-ESP"), None),
        (Content::Swap, None, Some("44444444-4444-4444-8888-88888888888a")),
    ] {
        let disk = Disk {
            content,
            label: None,
            uuid: None,
            serial: None,
            partition_label: label.map(str::to_owned),
            partition_uuid: uuid.map(str::to_owned),
        };
        let file = place.path().join(format!("{content:?}"));
        make(&disk, &root, &realised, tools(), &file).expect("the disk is made");
        let said = |arguments: &[&str]| {
            let command = Command::new(arguments[0])
                .args(&arguments[1..])
                .arg(&file)
                .env("PATH", PATH);
            let output = ProcessExec.run(&command).expect("it runs");
            assert!(output.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).to_lowercase()
        };
        let table = said(&["partx", "--noheadings", "--raw", "--output", "NR,START,NAME,UUID"]);
        let name = label.or(uuid).expect("it has a name").to_lowercase();
        let first = table
            .lines()
            .find(|line| line.starts_with("1 "))
            .expect("it has partitions");
        assert!(first.contains(&name) && first.starts_with("1 4096 "), "{table}");
        assert!(table.lines().any(|line| line.starts_with("2 2048 ")), "{table}");
        let inside = said(&["blkid", "-p", "-O", "2097152"]);
        let kind = match content {
            Content::Vfat => "vfat",
            Content::Swap => "swap",
            Content::Root | Content::Ext4 => "ext4",
        };
        assert!(inside.contains(kind), "{inside}");
    }
}

#[test]
fn what_is_no_file_system_of_ours_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    for bytes in [vec![0; 4096], vec![0xff; 4096], vec![]] {
        let file = place.path().join("disk");
        DiskFs.write(&file, &bytes, sys::Mode::Plain).expect("a file");
        let mut file = DiskFs.edit(&file).expect("a file");
        assert!(inodes::give_to_root(file.as_mut()).is_err());
    }
}
