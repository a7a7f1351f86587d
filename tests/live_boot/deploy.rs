//! Deployments on the server: each ends on the new system, or where it began, and its exit code says which.
//!
//! Blows come from outside: the engine is killed by a signal, and QEMU with it all of the machine, when a phase has begun. A
//! sample of them is in the profile `live`, which `.ci/run` runs, and all of them in `machines`.

use crate::host::{Blow, Host};

/// The phases in which a deployment by hand on the machine itself can be struck.
const PHASES: [&str; 8] = [
    "preflight",
    "arming",
    "activating",
    "examining",
    "confirming",
    "committing",
    "installing",
    "disarming",
];

/// How often a phase is aimed at.
pub const TRIES: u32 = 5;

#[test]
fn machine_a_deployment_that_turns_out_ill_is_undone() {
    let mut host = Host::new(&[
        "a",
        "b",
        "failing-unit",
        "failing-activation",
        "failing-check",
        "other-init",
        "hanging",
        "ill",
    ]);
    let (code, said) = host.deploy("b", "--dry-run");
    assert_eq!(code, 0, "{said}");
    for line in [
        "  restarts  test-changed.service\n",
        "  stops     test-removed.service\n",
        "  starts    test-added.service\n",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    host.goes_back("failing-unit", "--health-time 5", 4, "rolled back");
    host.goes_back(
        "failing-check",
        "",
        6,
        "the check `test-failing` of the new system fails",
    );
    host.goes_back("other-init", "", 6, "the interface of init differs");
    let absent = "/nix/store/00000000000000000000000000000000-none";
    host.goes_back(absent, "", 6, "is not in the store of this machine");
    host.goes_back(
        "failing-activation",
        "",
        4,
        "the activation script `test-failing` fails",
    );
    host.goes_back(
        "hanging",
        "--activation-time 20",
        4,
        "the activation did not end within 20 s",
    );
    let ill = "--health-time 5 --healthy-command '! test -e /etc/test/ill'";
    host.goes_back("ill", ill, 4, "does not answer");
    let (code, said) = host.machine().run("cfgcheck status");
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("rolled back: "), "{said}");
    host.is_deployed("b");
    host.is_taken_back_to("a");
    host.power_off();
}

/// Strikes in each phase, there and back again.
fn in_each_phase(blow: Blow) {
    let mut host = Host::new(&["a", "b"]);
    let mut survived = Vec::new();
    for phase in PHASES {
        // A phase may be over before the machine has looked; then it counts for nothing.
        let why = (0..TRIES).find_map(|_| {
            let name = if host.old == "a" { "b" } else { "a" };
            host.struck(name, phase, blow)
        });
        let why = why.unwrap_or_else(|| panic!("{phase} was never hit"));
        survived.push(format!("{phase}: {}", if why.is_empty() { "deployed" } else { &why }));
    }
    eprintln!(
        "{blow:?}: {} of {} survived\n{}",
        survived.len(),
        PHASES.len(),
        survived.join("\n")
    );
    host.power_off();
}

#[test]
fn machine_an_engine_that_is_killed_leaves_no_third_state() {
    in_each_phase(Blow::EngineKilled);
}

#[test]
fn machine_a_power_loss_leaves_no_third_state() {
    in_each_phase(Blow::PowerLost);
}
