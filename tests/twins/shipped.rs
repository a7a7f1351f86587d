//! The scenarios that come with cfgcheck, each by its own name on a twin, and a machine that is spoken to by a shell.

use report::{Case, Stage};

use crate::golden::Expected;
use crate::machines::{shown, tried, twin};

/// Plays a scenario on a twin and returns its case. What is found must have these rules and messages, in their order, and
/// be at the places that the twin's golden file names.
fn played(scenario: &str, name: &str, more: &[&str], finds: &[(&str, &str)]) -> Case {
    let twin = twin(name);
    let args: Vec<&str> = ["--scenario", scenario].iter().chain(more).copied().collect();
    let mut tried = tried(&twin, &format!("{name}-{}", args[1..].join("")), &args);
    let golden = twin.golden.of_machines();
    let placed = |(rule, message): &(&str, &str)| {
        let known = golden.iter().find(|finding| finding.rule == *rule);
        Expected {
            message: (*message).to_owned(),
            ..known.expect("the golden file has one of the rule").clone()
        }
    };
    let expected: Vec<Expected> = finds.iter().map(placed).collect();
    assert!(
        tried.found == expected,
        "-- expected:\n{}-- found:\n{}-- the run said:\n{}",
        shown(&expected),
        shown(&tried.found),
        tried.told
    );
    tried.report.cases.retain(|case| case.subject.stage == Stage::Vm);
    assert_eq!(tried.report.cases.len(), 1, "{}", tried.told);
    let case = tried.report.cases.remove(0);
    let fails = expected.iter().any(|finding| finding.severity == "error");
    let outcome = if fails { "failed" } else { "passed" };
    assert_eq!((&*case.subject.name, case.outcome.name()), (scenario, outcome));
    assert_eq!(tried.code, Some(i32::from(fails)), "{}", tried.told);
    case
}

/// One test a scenario on a twin.
macro_rules! played {
    ($($test:ident: $scenario:literal on $name:literal finds $finds:expr;)*) => {
        $(#[test] fn $test() { played($scenario, $name, &[], &$finds); })*
    };
}

played! {
    machine_boot_passes_where_nothing_is_wrong: "boot" on "bootable" finds [];
    machine_boot_finds_what_panics: "boot" on "kernel-panics" finds [
        ("kernel-panicked", "the machine does not boot: the kernel panics"),
    ];
    machine_switch_finds_what_fails: "switch" on "unit-failed" finds [
        ("unit-failed", "after the switch wiki.service has failed, which was not there before (switch-to-configuration exits 4)"),
    ];
    machine_rollback_finds_what_does_not_go_back: "rollback" on "rollback-failed" finds [
        ("rollback-failed", "after the rollback wiki.service has failed, which ran before the switch"),
    ];
    machine_reboot_finds_what_panics: "reboot" on "kernel-panics" finds [
        ("kernel-panicked", "the machine does not come back after the reboot: the kernel panics"),
    ];
    machine_specialisation_finds_what_fails: "specialisation" on "specialisation-unit-failed" finds [
        ("unit-failed", "after the switch to the specialisation `travel` tunnel.service has failed, which was not there before (switch-to-configuration exits 4)"),
    ];
}

#[test]
fn machine_power_loss_during_a_switch_is_survived() {
    let case = played("power-loss-during-switch", "kernel-changed", &[], &[]);
    // How far the switch is when the power fails depends on the machine; that it has begun does not.
    let when = case.properties.get("power-loss").map(String::as_str);
    let begun = ["in the middle of the switch", "after the switch had ended"];
    assert!(when.is_some_and(|when| begun.contains(&when)), "{when:?}");
}

#[test]
fn machine_a_shell_finds_what_an_agent_finds() {
    let message =
        "after the switch wiki.service has failed, which was not there before (switch-to-configuration exits 4)";
    let case = played("switch", "unit-failed", &["--shell"], &[("unit-failed", message)]);
    let property = |name: &str| case.properties.get(name).map(String::as_str);
    assert_eq!(property("mode"), Some("variant"));
    assert_eq!(property("mode-why"), Some("a shell is to speak for it"));
}
