//! Where the results of earlier runs are kept between runs.

use crate::ACTION;
use crate::document;
use crate::expression::filled;
use crate::stage::Stage;
use serde_json::json;

const STEP: &str = "Name the results of earlier runs";

/// Returns the folder, and the beginnings of keys for a branch and for the default branch.
fn named(branch: &str, head: &str, flake: &str) -> [String; 3] {
    let mut stage = Stage::new();
    stage
        .give("github.ref_name", json!(branch))
        .give("github.head_ref", json!(head));
    stage.give("inputs.flake", json!(flake));
    let done = stage.run(ACTION, STEP).passed();
    let folder = stage.temp().join("cfgcheck/results");
    assert!(folder.is_dir());
    assert_eq!(done.output("folder"), folder.display().to_string());
    ["folder", "of-branch", "of-default-branch"].map(|name| done.output(name).to_owned())
}

#[test]
pub fn each_branch_has_results_of_its_own() {
    let [_, main, default] = named("main", "", ".");
    assert_eq!(main, default);
    assert!(main.starts_with("cfgcheck-results-Linux-X64-"), "{main}");
    let names = [
        "7/merge",
        "main-2",
        "a,b",
        "$(touch pwned)",
        "`x`",
        "é",
        &"n".repeat(600),
    ];
    for name in names {
        let [_, branch, of_default] = named("7/merge", name, ".");
        assert_eq!(of_default, default);
        assert!(
            !branch.starts_with(&default) && !default.starts_with(&branch),
            "{branch}"
        );
        // What a key may be, with the numbers of the run behind it.
        assert!(
            branch.len() < 400 && branch.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','),
            "{branch}"
        );
    }
    let [_, other, _] = named("main", "", "./other");
    assert_ne!(other, main);
    let [_, again, _] = named("main", "", ".");
    assert_eq!(again, main);
}

/// Restored are the newest of this branch, else those of the default branch; saved is under a key that no run had.
#[test]
fn each_run_saves_under_a_key_of_its_own() {
    let mut stage = Stage::new();
    stage
        .give("github.run_attempt", json!(2))
        .give("github.job", json!("check"));
    let outputs = json!({ "folder": "/f", "of-branch": "b-", "of-default-branch": "d-" });
    stage.give("steps.results.outputs", outputs);
    let steps = document::steps(ACTION);
    let of = |name: &str| {
        steps
            .iter()
            .find(|(step, _)| step["name"] == name)
            .expect("it is there")
            .0
            .clone()
    };
    let with = |name: &str, input: &str| filled(&document::scalar(&of(name)["with"][input]), stage.contexts());
    let (restore, save) = ("Restore the results of earlier runs", "Save the results for later runs");
    for step in [restore, save] {
        assert_eq!(with(step, "path"), "/f");
        assert_eq!(with(step, "key"), "b-77-2-check");
    }
    assert_eq!(with(restore, "restore-keys"), "b-\nd-\n");
    let saves = |cache: &str, outcome: &str| {
        let mut contexts = stage.contexts().clone();
        contexts["inputs"]["cache"] = json!(cache);
        contexts["steps"]["check"] = json!({ "outcome": outcome });
        crate::expression::holds(&document::scalar(&of(save)["if"]), &contexts)
    };
    assert!(saves("true", "success") && saves("true", "failure"));
    assert!(!saves("true", "skipped") && !saves("false", "success") && !saves("true", ""));
}
