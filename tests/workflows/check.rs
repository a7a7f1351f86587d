//! How the action calls `cfgcheck ci`.

use crate::ACTION;
use crate::document;
use crate::stage::{Done, Stage};
use serde_json::json;

/// Runs the check with these inputs, all others at their defaults, and returns how the program was called, and with which token.
fn checked(given: &[(&str, &str)], code: i32) -> (Vec<String>, String, Done) {
    let mut stage = Stage::new();
    let program = stage.temp().join("cfgcheck/bin/cfgcheck");
    stage.stand_in_at(
        &program,
        &format!("printf %s \"$GITHUB_TOKEN\" >\"$HOME/token\"\nexit {code}"),
    );
    for (input, value) in given {
        stage.give(&format!("inputs.{input}"), json!(value));
    }
    if stage.runs(ACTION, "Name the results of earlier runs") {
        stage.give("steps.results.outputs.folder", json!("/results"));
    }
    assert!(stage.runs(ACTION, "Check"));
    let done = stage.run(ACTION, "Check");
    let token = std::fs::read_to_string(stage.home().join("token")).expect("the program was called");
    let [call] = &stage.calls()[..] else {
        panic!("there is one call")
    };
    (call[1..].to_vec(), token, done)
}

#[test]
pub fn the_flake_is_checked_as_the_inputs_say() {
    let (called, token, done) = checked(&[], 0);
    let expected = [
        "ci",
        "--cache",
        "/results",
        "--output",
        "junit=cfgcheck.xml",
        "--output",
        "json=cfgcheck.json",
        "--",
        ".",
    ];
    assert_eq!(called, expected);
    assert_eq!(token, "", "who does not publish needs no token");
    assert_eq!(
        (done.output("junit"), done.output("json")),
        ("cfgcheck.xml", "cfgcheck.json")
    );

    let given = [
        ("flake", "./a b"),
        ("stages", "check, prop,\n vm"),
        ("base", "main"),
        ("arguments", "--host\nweb *\n\n--deny-warnings\n"),
        ("junit", ""),
        ("json", ""),
        ("publish", "check, comment"),
        ("cache", "false"),
    ];
    let (called, token, done) = checked(&given, 0);
    let expected = [
        "ci",
        "--stage",
        "check,prop,vm",
        "--base",
        "main",
        "--publish",
        "check,comment",
        "--no-cache",
        "--host",
        "web *",
        "--deny-warnings",
        "--",
        "./a b",
    ];
    assert_eq!(called, expected);
    assert_eq!(token, "the-token");
    assert!(done.outputs.is_empty());
}

/// The step ends as the check does, and says where the reports are all the same.
#[test]
fn the_verdict_is_the_one_of_the_check() {
    for code in [0, 1, 2, 3, 101, 130] {
        let (_, _, done) = checked(&[], code);
        assert_eq!(done.code, code);
        assert_eq!(done.output("junit"), "cfgcheck.xml");
    }
}

#[test]
fn no_input_is_read_by_the_shell() {
    let hostile = "$(touch pwned)`touch pwned`\"; touch pwned; '";
    let inputs = ["flake", "stages", "base", "arguments", "junit", "json", "publish"];
    for input in inputs {
        let mut stage = Stage::new();
        stage.stand_in_at(&stage.temp().join("cfgcheck/bin/cfgcheck"), "");
        stage.give(&format!("inputs.{input}"), json!(hostile));
        stage.run(ACTION, "Check").passed();
        assert!(!stage.work().join("pwned").is_file(), "{input}");
        let call = stage.calls().concat().join(" ");
        assert!(call.contains("touch") && call.contains("pwned`"), "{input}: {call}");
    }
}

#[test]
fn only_the_program_is_got_on_request() {
    let mut stage = Stage::new();
    stage.give("inputs.install-only", json!("true"));
    assert!(!stage.runs(ACTION, "Check"));
    assert!(stage.runs(ACTION, "Name the results of earlier runs"));
}

#[test]
fn each_input_and_output_says_what_it_is() {
    let action = document::read(ACTION);
    for part in ["inputs", "outputs"] {
        for (name, value) in document::entries(&action[part]) {
            assert!(!document::scalar(&value["description"]).is_empty(), "{part}: {name}");
        }
    }
    let text = document::text(ACTION);
    for (name, _) in document::entries(&action["inputs"]) {
        assert!(
            text.contains(&format!("inputs.{name}")),
            "nothing uses the input `{name}`"
        );
    }
    for (name, output) in document::entries(&action["outputs"]) {
        let value = document::scalar(&output["value"]);
        let path: Vec<&str> = value.trim_matches(|c| "${} ".contains(c)).split('.').collect();
        let ["steps", step, "outputs", set] = path[..] else {
            panic!("{name} is {value}")
        };
        let scripts = document::scripts(ACTION);
        let of = scripts
            .iter()
            .find(|script| script.id == step)
            .expect("there is such a step");
        assert!(of.run.contains(&format!("printf '{set}=%s\\n'")), "{name}");
    }
}

/// All that the page on the action says about inputs is there, and each of them is on it.
#[test]
fn the_page_lists_each_input() {
    let page = document::text("docs/actions.md");
    let action = document::read(ACTION);
    for (name, input) in document::entries(&action["inputs"]) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/actions.md does not list `{name}`"));
        let default = document::scalar(&input["default"]);
        assert!(default.is_empty() || row.contains(&format!("`{default}`")), "{row}");
    }
}
