//! This repository's own workflows.

use crate::stage::Stage;
use crate::{MACHINES, OWN};

/// Returns a machine with a program in the place of `.ci/run`, which keeps the variables that leave the oracle out and add machines.
fn with_tests() -> Stage {
    let stage = Stage::new();
    let body = "printf %s \"${CFGCHECK_NO_ORACLE-everything}${CFGCHECK_MACHINES:+ and machines}\" >asked";
    stage.stand_in_at(&stage.work().join(".ci/run"), body);
    stage
}

fn asked(stage: &Stage) -> String {
    std::fs::read_to_string(stage.work().join("asked")).expect("the tests ran")
}

#[test]
pub fn the_tests_run_without_root() {
    let mut stage = with_tests();
    stage.run(OWN, "All that needs no root").passed();
    assert_eq!(stage.calls(), [["run"]]);
    assert_eq!(asked(&stage), "1");
}

#[test]
pub fn everything_runs_in_a_container() {
    let mut stage = with_tests();
    stage.run(OWN, "All that has to pass before a merge").passed();
    assert_eq!(stage.calls(), [["run"]]);
    assert_eq!(asked(&stage), "everything");
    is_safe(&stage);
}

#[test]
pub fn all_that_is_done_in_machines_is_asked_for() {
    let mut stage = with_tests();
    let script = "All that has to pass before a merge, and all that is done in machines";
    stage.run(MACHINES, script).passed();
    assert_eq!(stage.calls(), [["run"]]);
    assert_eq!(asked(&stage), "everything and machines");
    is_safe(&stage);
}

/// Asserts that Git was told to take the files of another user.
fn is_safe(stage: &Stage) {
    let config = std::fs::read_to_string(stage.home().join(".gitconfig")).expect("Git was told");
    assert!(
        config.contains(&format!("directory = {}", stage.work().display())),
        "{config}"
    );
}
