//! The twins whose fault shows in a machine: each is switched to from what ran before it, in a virtual machine.
//!
//! They are built by the oracle's Nix, which `CFGCHECK_ORACLE` names. Images and the moment after the first boot are kept
//! from one test to the next, in the target folder.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use testkit::Oracle;

use crate::folder::{TWINS, Twin, copy_to, found, program, repository, twins};
use crate::golden::{Expected, FILE, Since};

/// The host of every twin.
const HOST: &str = "web";

/// The oracle's Nix as an installed one: programs of its names in a folder, which run it.
fn installed(oracle: &Oracle, folder: &Path) {
    for name in ["nix-store", "nix-instantiate"] {
        let program = folder.join(name);
        let root = oracle.root().display();
        let script = format!("#!/bin/sh\nexec chroot '{root}' {name} \"$@\"\n");
        std::fs::write(&program, script).expect("files can be written");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("files can be changed");
    }
}

/// Returns where images are kept between tests.
fn cache() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_cfgcheck")).ancestors().nth(2);
    let cache = target.expect("the program lies in a target folder").join("machines");
    std::fs::create_dir_all(&cache).expect("the target folder can be written to");
    cache
}

/// Runs a twin in a machine and compares what is found with its golden file.
fn switch(name: &str) {
    let all = twins();
    let twin: &Twin = all.iter().find(|twin| twin.name == name).expect("there is such a twin");
    let oracle = Oracle::named();
    let copy = oracle.share();
    copy_to(copy.outside());
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    installed(&oracle, home.path());
    let flake = |name: &str| format!("path:{}?dir={TWINS}/{name}", copy.outside().display());
    let before = twin.golden.before.clone().unwrap_or_else(|| name.to_owned());
    let (before, of) = before.split_once('#').unwrap_or((&before, HOST));
    for (name, host) in [(before, of), (name, HOST)] {
        let folder = format!("{}?dir={TWINS}/{name}", copy.inside());
        let configuration = format!("(builtins.getFlake \"path:{folder}\").nixosConfigurations.{host}");
        oracle.bring_packages(&copy, &format!("{configuration}.config.system.build.toplevel"));
    }
    let base = format!("{}#{of}", flake(before));
    let path = std::env::var("PATH").unwrap_or_default();
    let artifacts = cache().join("artifacts").join(name);
    let mut run = program(home.path());
    run.env("PATH", format!("{}:{path}", home.path().display()))
        .env("XDG_CACHE_HOME", cache())
        .args([
            "vm",
            "--offline",
            "--trust",
            "--build-with",
            "nix",
            "--host",
            HOST,
            "--verbose",
        ])
        .args(["--output", "json=-", "--artifacts"])
        .arg(&artifacts)
        .args(["--base", &base, &flake(name)]);
    let output = run.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = report::json::read(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{told}"));
    let below = format!("{TWINS}/{name}/");
    let in_machine = |finding: &Expected| ["vm", "build"].contains(&finding.stage.as_str());
    let found: Vec<Expected> = found(&report, &twin.folder, &below)
        .into_iter()
        .filter(in_machine)
        .map(|finding| Expected {
            since: Since::Vm,
            ..finding
        })
        .collect();
    let expected: Vec<Expected> = twin
        .golden
        .findings
        .iter()
        .filter(|f| f.since == Since::Vm)
        .cloned()
        .collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let mut golden = twin.golden.clone();
        golden.findings.retain(|finding| finding.since != Since::Vm);
        golden.findings.extend(found);
        std::fs::write(repository().join(TWINS).join(name).join(FILE), golden.text()).expect("files can be written");
        return;
    }
    let shown = |findings: &[Expected]| serde_yaml::to_string(findings).expect("findings have only text keys");
    assert!(
        found == expected,
        "-- expected:\n{}-- found:\n{}-- the run said:\n{told}",
        shown(&expected),
        shown(&found)
    );
    let fails = expected.iter().any(|finding| finding.severity == "error");
    assert_eq!(output.status.code(), Some(i32::from(fails)), "{told}");
}

/// One test a twin.
macro_rules! switched {
    ($($test:ident: $name:literal;)*) => { $(#[test] fn $test() { switch($name); })* };
}

// One of each kind: in the profile `live`, which `.ci/run` runs.
switched! {
    live_bootable_is_switched: "bootable";
    live_activation_failed_is_found: "activation-failed";
    live_kernel_panics_is_found: "kernel-panics";
    live_rollback_failed_is_found: "rollback-failed";
    live_unit_failed_is_found: "unit-failed";
}

// All others, each a minute or more: in the profile `machines`.
switched! {
    machine_activation_hangs_is_found: "activation-hangs";
    machine_boot_hangs_is_found: "boot-hangs";
    machine_boot_partition_full_is_found: "boot-partition-full";
    machine_init_interface_changed_is_found: "init-interface-changed";
    machine_kernel_changed_is_found: "kernel-changed";
    machine_network_lost_is_found: "network-lost";
    machine_pre_switch_check_failed_is_found: "pre-switch-check-failed";
    machine_switch_inhibited_is_found: "switch-inhibited";
    machine_unit_failed_later_is_found: "unit-failed-later";
}

#[test]
fn every_twin_that_needs_a_machine_is_switched_to() {
    let text = std::fs::read_to_string(repository().join("tests/twins/machines.rs")).expect("this file can be read");
    let of_machines = |twin: &&Twin| twin.golden.findings.iter().any(|finding| finding.since == Since::Vm);
    for twin in twins().iter().filter(of_machines) {
        assert!(
            text.contains(&format!(": \"{}\";", twin.name)),
            "{} has no test",
            twin.name
        );
    }
}
