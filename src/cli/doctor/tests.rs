//! Machines that are made up, and what is told of them.

use super::*;
use ::vm::Processor;
use std::path::PathBuf;
use std::sync::Arc;
use sys::{ManualClock, MemoryFs, ScriptedExec};

/// This program, as the guard of QEMU is called.
const GUARD: &str = "/bin/cfgcheck";
/// How the guests of a probe end (`vm::accel`): a short one and a long one.
const ENDS: [(Processor, i32); 2] = [(Processor::X86, 3), (Processor::Arm, 0)];

/// A machine that is made up.
struct Made {
    fs: MemoryFs,
    env: sys::FixedEnv,
    exec: ScriptedExec,
}

impl Made {
    /// Returns a machine that has nothing but a home.
    fn bare() -> Made {
        Made {
            fs: MemoryFs::new().directory("/home/me").directory("/run/of/this"),
            env: sys::FixedEnv::at("/fleet")
                .with("HOME", "/home/me")
                .with("USER", "me")
                .with("PATH", "/bin"),
            exec: ScriptedExec::new(),
        }
    }

    /// Returns a machine that has all there is, for guests of its own processor.
    fn full() -> Made {
        let own = own();
        let mut made = Made::bare();
        made.fs = made
            .fs
            .file("/proc/meminfo", "MemTotal: 16777216 kB\n")
            .file("/etc/ssl/certs/ca-certificates.crt", "-----BEGIN CERTIFICATE-----\n");
        made.exec = made
            .exec
            .answer("git", 0, "git version 2.51.0\n")
            .answer("mke2fs", 0, "mke2fs 1.47.0 (5-Feb-2023)\n")
            .answer("mke2fs", 0, "mke2fs 1.47.0 (5-Feb-2023)\n")
            .answer("qemu-img", 0, "qemu-img version 10.1.0 (Debian)\n")
            .answer("nix-store", 0, "nix-store (Nix) 2.34.1\n")
            .answer("nix-instantiate", 0, "nix-instantiate (Nix) 2.34.1\n")
            .answer("nix-store", 0, "/nix/store/00000000000000000000000000000000-nowhere\n");
        made.qemu(own)
    }

    /// Adds the QEMU of a processor, whose guests run emulated.
    fn qemu(mut self, processor: Processor) -> Made {
        let (_, end) = ENDS
            .into_iter()
            .find(|(of, _)| *of == processor)
            .expect("both are known");
        self.exec = self
            .exec
            .answer(processor.qemu(), 0, "QEMU emulator version 10.1.0 (Debian)\n")
            .answer(GUARD, end, "")
            .answer(GUARD, end, "");
        self
    }

    /// Returns how KVM comes to run guests, which does not for a reason.
    fn kvm(self, why: &str) -> remedy::Remedy {
        let machine = Machine {
            fs: Arc::new(self.fs),
            env: Arc::new(self.env),
            clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            stack: crate::machine::STACK,
        };
        let look = Look {
            machine: &machine,
            exec: &self.exec,
            guard: Ok(Guard::at(GUARD)),
            folder: Ok(PathBuf::from("/run/of/this")),
            processors: own_and(&[]),
        };
        guests::kvm(&look, why)
    }

    /// Returns what is told of it.
    fn told(self, capabilities: &[Kind], needed: &[Kind]) -> Told {
        let machine = Machine {
            fs: Arc::new(self.fs),
            env: Arc::new(self.env),
            clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            stack: crate::machine::STACK,
        };
        let look = Look {
            machine: &machine,
            exec: &self.exec,
            guard: Ok(Guard::at(GUARD)),
            folder: Ok(PathBuf::from("/run/of/this")),
            processors: own_and(&[]),
        };
        let args = DoctorArgs {
            capability: capabilities.to_vec(),
            ..DoctorArgs::default()
        };
        told(&look, &args, needed.to_vec())
    }
}

fn own() -> Processor {
    Processor::own().expect("tests run where guests can")
}

fn own_and(more: &[Processor]) -> Vec<Processor> {
    std::iter::once(own()).chain(more.iter().copied()).collect()
}

/// Returns the standing of what was told.
fn standing(told: &Told, kind: Kind) -> Standing {
    let found = told.capabilities.iter().find(|capability| capability.kind == kind);
    found.unwrap_or_else(|| panic!("{kind:?} is not told")).standing()
}

/// Returns the text with one space wherever there are several or a line ends.
fn flat(told: &Told) -> String {
    text::text(told, false).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_machine_with_nothing_evaluates_all_the_same() {
    let told = Made::bare().told(&[], &[]);
    let expected = [
        (Kind::Eval, Standing::Ready),
        (Kind::Git, Standing::Limited),
        (Kind::Cache, Standing::Ready),
        (Kind::Certificates, Standing::Limited),
        (Kind::Build, Standing::Missing),
        (Kind::Nix, Standing::Missing),
        (Kind::Vm, Standing::Missing),
        (Kind::Secrets, Standing::Ready),
        (Kind::Github, Standing::Missing),
        (Kind::Terminal, Standing::Ready),
    ];
    let found: Vec<_> = told.capabilities.iter().map(|c| (c.kind, c.standing())).collect();
    assert_eq!(found, expected);
    assert_eq!(told.code(), exit::CLEAN, "nothing of it is asked for");
}

#[test]
fn what_is_asked_for_and_missing_is_told_with_how_to_get_it() {
    let told = Made::bare().told(&[Kind::Vm], &[Kind::Vm]);
    assert_eq!(told.code(), exit::CANNOT_START);
    let text = flat(&told);
    for line in [
        "✗ vm no host is tried in a virtual machine",
        "missing: `qemu-img` is not in the search path; it makes disks that begin as others",
        "Nix, for now: nix shell nixpkgs#qemu",
        "NixOS: environment.systemPackages = [ pkgs.qemu ];",
        "Debian, Ubuntu: sudo apt-get install qemu-utils",
        "GitHub Actions: - run: sudo apt-get update && sudo apt-get install -y qemu-utils",
        "asked for, and missing: vm",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(told.capabilities.len(), 1, "only what is named is told");
}

#[test]
fn each_thing_that_is_missing_has_a_line_for_each_place() {
    let told = Made::bare().told(&[], &[]);
    let programs = told.capabilities.iter().flat_map(|capability| &capability.lacks);
    let programs: Vec<_> = programs
        .filter(|lack| lack.what.contains("is not in the search path"))
        .collect();
    assert!(programs.len() > 5, "{programs:?}");
    for lack in programs {
        for place in [remedy::Place::Nixos, remedy::Place::Debian, remedy::Place::Github] {
            assert!(lack.remedy.0.iter().any(|(of, _)| *of == place), "{lack:?} {place:?}");
        }
    }
}

#[test]
fn a_machine_with_all_of_it_lacks_kvm_only_where_there_is_none() {
    let told = Made::full().told(&[], &[Kind::Vm, Kind::Build, Kind::Nix]);
    assert_eq!(told.code(), exit::CLEAN, "{}", text::text(&told, false));
    for kind in [Kind::Git, Kind::Certificates, Kind::Nix, Kind::Cache] {
        assert_eq!(standing(&told, kind), Standing::Ready, "{}", text::text(&told, false));
    }
    let text = flat(&told);
    let name = own().name();
    for line in [
        "✓ git repositories are read here, and others fetched by `git` git 2.51.0",
        &format!("guests of {name} run with QEMU 10.1.0 and TCG, which takes 8 times as long"),
        "missing: KVM is not used: there is no /dev/kvm",
        "runs-on: ubuntu-24.04",
        "hosts are built in a virtual machine, or with `--build-with nix`",
        "nix-store 2.34.1",
        "caches that are asked first: https://cache.nixos.org",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_guest_of_another_processor_is_asked_for_by_its_system() {
    let other = match own() {
        Processor::X86 => Processor::Arm,
        Processor::Arm => Processor::X86,
    };
    let made = Made::full();
    let machine = Machine {
        fs: Arc::new(made.fs),
        env: Arc::new(made.env),
        clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
        stack: crate::machine::STACK,
    };
    let look = Look {
        machine: &machine,
        exec: &made.exec,
        guard: Ok(Guard::at(GUARD)),
        folder: Ok(PathBuf::from("/run/of/this")),
        processors: own_and(&[other]),
    };
    let args = DoctorArgs {
        capability: vec![Kind::Build],
        ..DoctorArgs::default()
    };
    let told = told(&look, &args, args.capability.clone());
    assert_eq!(told.code(), exit::CANNOT_START);
    assert!(flat(&told).contains(&format!("`{}` is not in the search path", other.qemu())));
}

#[test]
fn who_may_not_use_kvm_is_told_how_they_may() {
    let mut made = Made::full();
    made.fs = made.fs.file(::vm::accel::DEVICE, "");
    // With KVM it fails, and then runs emulated.
    let (_, end) = ENDS.into_iter().find(|(of, _)| *of == own()).expect("both are known");
    made.exec = ScriptedExec::new()
        .answer(own().qemu(), 0, "QEMU emulator version 10.1.0\n")
        .answer(GUARD, 1, "")
        .answer(GUARD, end, "")
        .answer(GUARD, end, "")
        .answer("mke2fs", 0, "mke2fs 1.47.0\n");
    let told = made.told(&[Kind::Build], &[Kind::Build]);
    assert_eq!(
        (standing(&told, Kind::Build), told.code()),
        (Standing::Limited, exit::CLEAN)
    );
    assert!(flat(&told).contains("KVM is not used: KVM does not run a guest: QEMU ended with code 1"));
    // The text that QEMU has for a device that it may not open.
    let denied = |mode: fn(MemoryFs) -> MemoryFs| {
        let mut made = Made::bare();
        made.fs = mode(made.fs);
        made.kvm("Could not access KVM kernel module: Permission denied")
    };
    let closed = denied(|fs| fs.file(::vm::accel::DEVICE, ""));
    assert_eq!(closed, remedy::kvm_group(), "its group may only read it");
    assert_eq!(denied(|fs| fs), remedy::kvm_group());
    let absent = Made::bare().kvm("there is no /dev/kvm");
    assert_eq!(absent, remedy::kvm_device());
    let remedy = remedy::kvm_access("me");
    assert!(
        remedy
            .0
            .iter()
            .any(|(_, line)| line == "sudo usermod -aG kvm me # then log in again")
    );
}

#[test]
fn a_cache_that_cannot_be_written_to_keeps_machines_from_running() {
    let mut made = Made::full();
    made.fs = made.fs.denied("/home/me/.cache");
    let told = made.told(&[], &[Kind::Vm]);
    assert_eq!(standing(&told, Kind::Cache), Standing::Missing);
    assert_eq!(told.code(), exit::CANNOT_START);
    assert!(flat(&told).contains("export XDG_CACHE_HOME="), "{}", flat(&told));
}

#[test]
fn a_small_disk_and_little_memory_are_told() {
    let mut made = Made::full();
    made.fs = made
        .fs
        .with_room(1 << 30)
        .file("/proc/meminfo", "MemTotal: 1048576 kB\n");
    let text = flat(&made.told(&[], &[]));
    assert!(
        text.contains("its disk has 1.0 GiB left, which may be too little"),
        "{text}"
    );
    assert!(
        text.contains("the machine that builds has 2.0 GiB, and this one 1.0 GiB"),
        "{text}"
    );
}

#[test]
fn a_store_that_does_not_answer_is_told() {
    let mut made = Made::bare();
    made.exec = made
        .exec
        .answer("nix-store", 0, "nix-store (Nix) 2.34.1\n")
        .answer("nix-instantiate", 0, "nix-instantiate (Nix) 2.34.1\n")
        .answer("nix-store", 1, "");
    let told = made.told(&[Kind::Nix], &[Kind::Nix]);
    assert_eq!(told.code(), exit::CANNOT_START);
    let text = flat(&told);
    assert!(text.contains("its store, or its daemon, does not answer"), "{text}");
    assert!(text.contains("sudo usermod -aG nix-users me"), "{text}");
}

#[test]
fn certificates_that_are_named_and_not_there_are_told() {
    let check = |made: Made, expected: Standing, words: &str| {
        let told = made.told(&[Kind::Certificates], &[Kind::Certificates]);
        assert_eq!(standing(&told, Kind::Certificates), expected, "{}", flat(&told));
        assert!(flat(&told).contains(words), "{}", flat(&told));
    };
    let named = |fs: fn(MemoryFs) -> MemoryFs| {
        let mut made = Made::full();
        made.env = made.env.with("SSL_CERT_FILE", "/ca.pem");
        made.fs = fs(made.fs);
        made
    };
    check(
        Made::full(),
        Standing::Ready,
        "Mozilla's authorities, which are part of this program",
    );
    check(
        named(|fs| fs),
        Standing::Limited,
        "SSL_CERT_FILE names a file that cannot be read",
    );
    check(
        named(|fs| fs.file("/ca.pem", "none")),
        Standing::Missing,
        "which has no certificate in it",
    );
    check(
        named(|fs| fs.file("/ca.pem", "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n")),
        Standing::Ready,
        "2 authorities of '/ca.pem' (SSL_CERT_FILE)",
    );
}

#[test]
fn a_job_of_github_is_told_and_its_token_never_is() {
    let mut made = Made::full();
    made.fs = made.fs.file(
        "/event.json",
        r#"{"repository": {"full_name": "octo/fleet"}, "pull_request": {"number": 7, "head": {"sha": "HEAD"}}}"#
            .replace("HEAD", &"b".repeat(40)),
    );
    made.env = made
        .env
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_REPOSITORY", "octo/fleet")
        .with("GITHUB_EVENT_NAME", "pull_request")
        .with("GITHUB_EVENT_PATH", "/event.json")
        .with("GITHUB_SHA", "a".repeat(40))
        .with("GITHUB_TOKEN", "ghs_verysecret");
    let told = made.told(&[Kind::Github], &[Kind::Github]);
    let (text, json) = (flat(&told), json::json(&told));
    assert_eq!(told.code(), exit::CLEAN, "{text}");
    assert!(
        text.contains("octo/fleet at https://api.github.com pull request 7"),
        "{text}"
    );
    assert!(
        text.contains("GITHUB_TOKEN is one that an app, such as GitHub Actions, has"),
        "{text}"
    );
    assert!(!text.contains("verysecret") && !json.contains("verysecret"), "{json}");
}

#[test]
fn a_job_without_a_token_is_told_how_to_give_it() {
    let mut made = Made::full();
    made.env = made.env.with("GITHUB_ACTIONS", "true");
    let told = made.told(&[Kind::Github], &[Kind::Github]);
    assert_eq!(told.code(), exit::CANNOT_START);
    let text = flat(&told);
    assert!(text.contains("the variable GITHUB_REPOSITORY is not set"), "{text}");
    assert!(
        text.contains("env: { GITHUB_TOKEN: \"${{ github.token }}\" } # of the step"),
        "{text}"
    );
}

#[test]
fn text_keeps_within_80_columns_but_for_lines_to_copy() {
    for made in [Made::bare(), Made::full(), Made::full().qemu(Processor::Arm)] {
        let text = text::text(&made.told(&[], &[Kind::Vm]), true);
        let is_to_copy = |line: &str| {
            let titles = [
                "Nix, for now:",
                "NixOS:",
                "Debian, Ubuntu:",
                "GitHub Actions:",
                "in a shell:",
            ];
            titles.iter().any(|title| line.trim_start().starts_with(title))
        };
        for line in text.lines().filter(|line| !is_to_copy(line)) {
            let line = ["31", "32", "33", "2", "0"].iter().fold(line.to_owned(), |line, code| {
                line.replace(&format!("\u{1b}[{code}m"), "")
            });
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn programs_read_what_people_read() {
    let told = Made::bare().told(&[], &[Kind::Vm]);
    let read: serde_json::Value = serde_json::from_str(&json::json(&told)).expect("it is JSON");
    assert_eq!((&read["schema"], &read["ready"]), (&1.into(), &false.into()));
    assert_eq!(read["missing"], serde_json::json!(["vm"]));
    let all = read["capabilities"].as_array().expect("there are some");
    assert_eq!(all.len(), 10);
    let git = &all[1];
    assert_eq!((&git["name"], &git["standing"]), (&"git".into(), &"limited".into()));
    assert_eq!(git["lacks"][0]["get"]["nix-shell"], "nix shell nixpkgs#git");
}

#[test]
fn stages_of_the_settings_need_what_runs_them() {
    let machine = |text: &str| Machine {
        fs: Arc::new(
            MemoryFs::new()
                .file("/fleet/flake.nix", "{ }")
                .file("/fleet/cfgcheck.yaml", text),
        ),
        env: Arc::new(sys::FixedEnv::at("/fleet")),
        clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
        stack: 0,
    };
    let of = |text: &str| needed(&machine(text), &DoctorArgs::default());
    assert_eq!(of("version: 1\n"), Ok(vec![Kind::Eval]));
    assert_eq!(
        of("version: 1\nci: { stages: [check, vm] }\n"),
        Ok(vec![Kind::Eval, Kind::Vm])
    );
    assert_eq!(of("version: 1\nci: { stages: [deploy] }\n"), Err(exit::USAGE));
    let nowhere = machine("version: 1\n");
    nowhere
        .fs
        .remove_file(std::path::Path::new("/fleet/flake.nix"))
        .expect("it is there");
    assert_eq!(needed(&nowhere, &DoctorArgs::default()), Ok(vec![]));
    let named = DoctorArgs {
        capability: vec![Kind::Nix],
        ..DoctorArgs::default()
    };
    assert_eq!(needed(&nowhere, &named), Ok(vec![Kind::Nix]));
}
