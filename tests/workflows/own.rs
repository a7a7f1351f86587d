//! This repository's own workflow.

use crate::OWN;
use crate::stage::Stage;

/// Returns a machine with a program in the place of `.ci/run`, which keeps the variable that leaves the oracle out.
fn with_tests() -> Stage {
    let stage = Stage::new();
    let body = "printf %s \"${CFGCHECK_NO_ORACLE-everything}\" >asked";
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
    let config = std::fs::read_to_string(stage.home().join(".gitconfig")).expect("Git was told");
    assert!(
        config.contains(&format!("directory = {}", stage.work().display())),
        "{config}"
    );
}
