//! The action of this repository, its steps run as a runner runs them: with a program in the place of `cfgcheck` that
//! writes down how it is called.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and run the steps"
)]

use serde_yaml::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The action.
fn action() -> Value {
    let text = std::fs::read_to_string(testkit::root().join("action.yml")).expect("the action is there");
    serde_yaml::from_str(&text).expect("it is YAML")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Returns a step by its id.
fn step<'a>(action: &'a Value, id: &str) -> &'a Value {
    let steps = action["runs"]["steps"].as_sequence().expect("it has steps");
    let step = steps.iter().find(|step| text(&step["id"]) == id);
    step.unwrap_or_else(|| panic!("there is no step `{id}`"))
}

/// Runs a step with these inputs, all others at their defaults, and returns how the program was called and what the
/// step's outputs are.
fn run(id: &str, given: &[(&str, &str)]) -> (Vec<String>, String) {
    let action = action();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let program = folder.path().join("cfgcheck/release/cfgcheck");
    std::fs::create_dir_all(program.parent().expect("it lies in a folder")).expect("a folder can be made");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$CALLED\"\n").expect("a program can be written");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it can be run");
    let inputs: BTreeMap<&str, &str> = given.iter().copied().collect();
    let step = step(&action, id);
    let mut command = Command::new("bash");
    command.arg("-c").arg(text(&step["run"]));
    for (name, value) in step["env"].as_mapping().expect("it has variables") {
        let input = text(value)
            .trim_start_matches("${{ inputs.")
            .trim_end_matches(" }}")
            .to_owned();
        let known = &action["inputs"][input.as_str()];
        assert!(known.is_mapping(), "there is no input `{input}`");
        let value = inputs.get(input.as_str()).copied().unwrap_or(text(&known["default"]));
        command.env(text(name), value);
    }
    let (called, outputs) = (folder.path().join("called"), folder.path().join("outputs"));
    command
        .env("CALLED", &called)
        .env("RUNNER_TEMP", folder.path())
        .env("GITHUB_OUTPUT", &outputs);
    let output = command.output().expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let called = std::fs::read_to_string(called).expect("the program was called");
    let outputs = std::fs::read_to_string(outputs).unwrap_or_default();
    (called.lines().map(str::to_owned).collect(), outputs)
}

#[test]
fn the_check_is_called_with_what_is_given() {
    let (called, outputs) = run("check", &[]);
    assert_eq!(called, ["check", "--output", "junit=cfgcheck.xml", "--", "."]);
    assert_eq!(outputs, "junit=cfgcheck.xml\n");
    let (called, outputs) = run(
        "check",
        &[("arguments", "--host\nweb *\n"), ("junit", ""), ("flake", "./a")],
    );
    assert_eq!(called, ["check", "--host", "web *", "--", "./a"]);
    assert_eq!(outputs, "");
}

#[test]
fn laws_are_tried_only_on_request_and_for_a_bounded_time() {
    let action = action();
    let prop = step(&action, "prop");
    assert_eq!(text(&action["inputs"]["prop"]["default"]), "");
    assert!(text(&prop["if"]).contains("inputs.prop != ''"), "{prop:?}");
    let (called, outputs) = run("prop", &[("prop", "60s")]);
    assert_eq!(
        called,
        [
            "prop",
            "--max-time",
            "60s",
            "--output",
            "junit=cfgcheck-prop.xml",
            "--",
            "."
        ]
    );
    assert_eq!(outputs, "junit=cfgcheck-prop.xml\n");
    let more = [
        ("prop", "60s"),
        ("prop-arguments", "--seed\nrandom"),
        ("prop-junit", ""),
        ("flake", "./a"),
    ];
    assert_eq!(
        run("prop", &more).0,
        ["prop", "--max-time", "60s", "--seed", "random", "--", "./a"]
    );
}

#[test]
fn each_input_and_output_says_what_it_is() {
    let action = action();
    for part in ["inputs", "outputs"] {
        for (name, value) in action[part].as_mapping().expect("it has some") {
            assert!(!text(&value["description"]).is_empty(), "{part}: {name:?}");
        }
    }
    for (name, output) in action["outputs"].as_mapping().expect("it has some") {
        let from = text(&output["value"]).trim_start_matches("${{ steps.");
        let id = from.split('.').next().unwrap_or_default();
        assert!(
            text(&step(&action, id)["run"]).contains(">>\"$GITHUB_OUTPUT\""),
            "{name:?}"
        );
    }
}
