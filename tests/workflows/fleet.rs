//! The workflow of each pull request.

use crate::FLEET;
use crate::document;
use crate::expression::filled;
use crate::stage::Stage;
use serde_json::{Value, json};

/// Plans the builds of an event, and returns how the program was called.
fn planned(event: Value) -> Vec<String> {
    let mut stage = Stage::new();
    stage.stand_in("cfgcheck", "echo 'matrix={\"include\":[]}'\necho any=false");
    stage
        .give("github.event", event)
        .give("steps.cfgcheck.outputs.results", json!("/results"));
    let done = stage.run(FLEET, "Plan the builds").passed();
    assert_eq!(
        (done.output("matrix"), done.output("any")),
        ("{\"include\":[]}", "false")
    );
    let [call] = &stage.calls()[..] else {
        panic!("there is one call")
    };
    call.clone()
}

#[test]
pub fn hosts_that_a_change_touches_are_planned() {
    let all = ["cfgcheck", "matrix", "--cache", "/results", "--stage", "build"];
    let since = |revision| [&all[..], &["--changed-since", revision, "--github-output"]].concat();
    let request = json!({ "pull_request": { "base": { "sha": "ba5e" } } });
    assert_eq!(planned(request), since("ba5e"));
    assert_eq!(planned(json!({ "before": "bef0" })), since("bef0"));
    let first = json!({ "before": "0000000000000000000000000000000000000000" });
    assert_eq!(planned(first), [&all[..], &["--github-output"]].concat());
}

/// That the plan failed is no plan for nothing.
#[test]
fn a_plan_that_fails_fails_the_job() {
    let mut stage = Stage::new();
    stage.stand_in("cfgcheck", "exit 3");
    stage
        .give("github.event", json!({}))
        .give("steps.cfgcheck.outputs.results", json!("/results"));
    assert_eq!(stage.run(FLEET, "Plan the builds").code, 3);
}

#[test]
pub fn a_job_builds_its_hosts_whatever_their_names() {
    for (args, hosts) in [
        ("--host 'web'", vec!["web"]),
        ("--host 'a b' --host '$(touch pwned)'", vec!["a b", "$(touch pwned)"]),
        ("--host 'it'\\''s;touch pwned'", vec!["it's;touch pwned"]),
        ("--host '*'", vec!["*"]),
    ] {
        let mut stage = Stage::new();
        stage.stand_in("cfgcheck", "");
        stage.give("matrix", json!({ "stage": "build", "args": args }));
        stage.run(FLEET, "Build").passed();
        let mut expected = vec!["cfgcheck", "build", "--build-with", "nix"];
        expected.extend(hosts.iter().flat_map(|host| ["--host", *host]));
        assert_eq!(stage.calls(), [expected]);
        assert!(!stage.work().join("pwned").is_file(), "{args}");
    }
    let mut stage = Stage::new();
    stage.stand_in("cfgcheck", "exit 1");
    stage.give("matrix", json!({ "stage": "build", "args": "--host 'web'" }));
    assert_eq!(stage.run(FLEET, "Build").code, 1);
}

/// Who gets no token that may write saves the report, and publishes nothing.
#[test]
fn only_own_pull_requests_are_published_at_once() {
    let steps = document::steps(FLEET);
    let (check, _) = steps
        .iter()
        .find(|(step, _)| step["name"] == "Check")
        .expect("it is there");
    let publish = document::scalar(&check["with"]["publish"]);
    let told = |event: Value, actor: &str| {
        let contexts = json!({ "github": { "repository": "o/fleet", "actor": actor, "event": event } });
        filled(&publish, &contexts)
    };
    let of = |repository: &str| json!({ "pull_request": { "head": { "repo": { "full_name": repository } } } });
    assert_eq!(told(of("o/fleet"), "me"), "check,comment");
    assert_eq!(told(of("fork/fleet"), "me"), "");
    assert_eq!(told(of("o/fleet"), "dependabot[bot]"), "");
    assert_eq!(told(json!({}), "me"), "");
    let deleted = json!({ "pull_request": { "head": { "repo": null } } });
    assert_eq!(told(deleted, "me"), "");
}
