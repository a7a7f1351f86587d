//! The workflow that publishes what jobs without rights have saved.

use crate::expression::holds;
use crate::stage::Stage;
use crate::{FLEET, PUBLISH, document};
use serde_json::json;

#[test]
pub fn the_saved_report_is_published() {
    let mut stage = Stage::new();
    stage.stand_in("cfgcheck", "echo \"$GITHUB_TOKEN\" >\"$HOME/token\"");
    stage.run(PUBLISH, "Publish").passed();
    let report = stage.temp().join("report/cfgcheck.json");
    let report = report.to_str().expect("paths of tests are text");
    let expected = [
        "cfgcheck",
        "report",
        "publish",
        "--from",
        report,
        "--check",
        "--comment",
    ];
    assert_eq!(stage.calls(), [expected]);
    assert_eq!(
        std::fs::read_to_string(stage.home().join("token")).expect("it is there"),
        "the-token\n"
    );
}

/// The report is the one that the other workflow saves, under its name.
#[test]
fn what_is_published_is_what_was_saved() {
    let step = |file: &str, action: &str| {
        let steps = document::steps(file).into_iter();
        let mut steps = steps.filter(|(step, _)| step["uses"].as_str().is_some_and(|uses| uses.starts_with(action)));
        steps.next().expect("it is there").0
    };
    let (saved, got) = (
        step(FLEET, "actions/upload-artifact@"),
        step(PUBLISH, "actions/download-artifact@"),
    );
    assert_eq!(saved["with"]["name"], got["with"]["name"]);
    let action = document::read(crate::ACTION);
    let json = document::scalar(&action["inputs"]["json"]["default"]);
    assert!(
        document::scalar(&saved["with"]["path"])
            .lines()
            .any(|path| path == json)
    );
    let workflow = document::read(PUBLISH);
    assert_eq!(
        workflow["on"]["workflow_run"]["workflows"][0],
        document::read(FLEET)["name"]
    );
}

#[test]
fn what_was_published_at_once_is_not_published_again() {
    let (_, job) = document::jobs(PUBLISH).remove(0);
    let condition = document::scalar(&job["if"]);
    let runs = |event: &str, conclusion: &str, repository: &str, actor: &str| {
        let run = json!({
            "event": event, "conclusion": conclusion, "head_repository": { "full_name": repository },
            "actor": { "login": actor },
        });
        holds(
            &condition,
            &json!({ "github": { "repository": "o/fleet", "event": { "workflow_run": run } } }),
        )
    };
    assert!(runs("pull_request", "failure", "fork/fleet", "somebody"));
    assert!(runs("pull_request", "success", "o/fleet", "dependabot[bot]"));
    assert!(!runs("pull_request", "success", "o/fleet", "me"));
    assert!(!runs("pull_request", "cancelled", "fork/fleet", "somebody"));
    assert!(!runs("push", "success", "fork/fleet", "somebody"));
}
