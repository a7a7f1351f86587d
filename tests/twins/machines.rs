//! The twins whose fault shows in a machine: each is switched to from what ran before it, in a virtual machine.
//!
//! They are built by the oracle's Nix, which `CFGCHECK_ORACLE` names. Images and the moment after the first boot are kept
//! from one test to the next, in the target folder.

use report::Report;

use crate::folder::{TWINS, Twin, found, repository, twins};
use crate::golden::{Expected, FILE, Since};
use crate::place::{HOST, Place, cache};

/// What came of a twin in a machine.
pub struct Tried {
    /// The whole report.
    pub report: Report,
    /// The findings of machines and builds in it.
    pub found: Vec<Expected>,
    /// The exit code.
    pub code: Option<i32>,
    /// What the run said on its way.
    pub told: String,
}

/// Returns a twin.
pub fn twin(name: &str) -> Twin {
    let mut all = twins().into_iter();
    all.find(|twin| twin.name == name).expect("there is such a twin")
}

/// Returns findings as golden files show them.
pub fn shown(findings: &[Expected]) -> String {
    serde_yaml::to_string(findings).expect("findings have only text keys")
}

/// Tries a twin in a machine as its golden file says, with more arguments; `artifacts` names the folder in which its files
/// are kept.
pub fn tried(twin: &Twin, artifacts: &str, more: &[&str]) -> Tried {
    let name = &twin.name;
    let place = Place::new();
    let before = twin.golden.before.as_deref().unwrap_or(name);
    let mut args: Vec<&str> = twin.golden.tried_with.iter().map(String::as_str).collect();
    if args.is_empty() {
        args = vec!["--host", HOST];
    }
    args.extend(more);
    let mut run = place.tries(before.split_once('#').unwrap_or((before, HOST)), name, &args);
    run.arg("--artifacts").arg(cache().join("artifacts").join(artifacts));
    let output = run.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = report::json::read(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{told}"));
    let in_machine = |finding: &Expected| ["vm", "build"].contains(&finding.stage.as_str());
    let found = found(&report, &twin.folder, &format!("{TWINS}/{name}/"))
        .into_iter()
        .filter(in_machine)
        .map(|finding| Expected {
            since: Since::Vm,
            ..finding
        })
        .collect();
    Tried {
        report,
        found,
        code: output.status.code(),
        told,
    }
}

/// Runs a twin in a machine and compares what is found with its golden file.
fn switch(name: &str) {
    let twin = twin(name);
    let tried = tried(&twin, name, &[]);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let mut golden = twin.golden.clone();
        golden.findings.retain(|finding| finding.since != Since::Vm);
        golden.findings.extend(tried.found);
        std::fs::write(twin.folder.join(FILE), golden.text()).expect("files can be written");
        return;
    }
    let expected = twin.golden.of_machines();
    assert!(
        tried.found == expected,
        "-- expected:\n{}-- found:\n{}-- the run said:\n{}",
        shown(&expected),
        shown(&tried.found),
        tried.told
    );
    let fails = expected.iter().any(|finding| finding.severity == "error");
    assert_eq!(tried.code, Some(i32::from(fails)), "{}", tried.told);
}

/// One test a twin.
macro_rules! switched {
    ($($test:ident: $name:literal;)*) => { $(#[test] fn $test() { switch($name); })* };
}

// All is well, a switch or a boot goes wrong: in the profile `live`, which `.ci/run` runs.
switched! {
    live_bootable_is_switched: "bootable";
    live_kernel_panics_is_found: "kernel-panics";
    live_unit_failed_is_found: "unit-failed";
}

// All others, each a minute or more: in the profile `machines`.
switched! {
    machine_activation_failed_is_found: "activation-failed";
    machine_activation_hangs_is_found: "activation-hangs";
    machine_boot_hangs_is_found: "boot-hangs";
    machine_boot_partition_full_is_found: "boot-partition-full";
    machine_disko_failed_is_found: "disko-failed";
    machine_home_activation_failed_is_found: "home-activation-failed";
    machine_init_interface_changed_is_found: "init-interface-changed";
    machine_kernel_changed_is_found: "kernel-changed";
    machine_network_lost_is_found: "network-lost";
    machine_pre_switch_check_failed_is_found: "pre-switch-check-failed";
    machine_rollback_failed_is_found: "rollback-failed";
    machine_specialisation_unit_failed_is_found: "specialisation-unit-failed";
    machine_step_failed_is_found: "step-failed";
    machine_switch_inhibited_is_found: "switch-inhibited";
    machine_switch_interrupted_is_found: "switch-interrupted";
    machine_switch_locked_is_found: "switch-locked";
    machine_unit_failed_later_is_found: "unit-failed-later";
}

#[test]
fn every_twin_that_needs_a_machine_is_switched_to() {
    let text = std::fs::read_to_string(repository().join("tests/twins/machines.rs")).expect("this file can be read");
    let of_machines = |twin: &&Twin| !twin.golden.of_machines().is_empty();
    for twin in twins().iter().filter(of_machines) {
        assert!(
            text.contains(&format!(": \"{}\";", twin.name)),
            "{} has no test",
            twin.name
        );
    }
}
