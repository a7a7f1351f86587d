//! The whole way of a pull request from a fork: an event, a report that anybody may have written, a second workflow.

use serde_json::{Value, json};
use sys::{FixedEnv, Fs, MemoryFs, Mode};

use super::replies::Pull;
use super::{HEAD, TOKEN, both, read, report, scenarios, with};
use crate::client::Patience;
use crate::error::Error;
use crate::event::Event;
use crate::publish::{Published, publish_saved};
use crate::surroundings::{Surroundings, SurroundingsError};

/// Returns the event of the end of a run for a pull request from a fork.
fn event() -> Value {
    json!({
        "action": "completed",
        "repository": { "full_name": "octo/fleet" },
        "workflow_run": {
            "id": 29,
            "event": "pull_request",
            "conclusion": "failure",
            "head_sha": HEAD,
            "head_branch": "fix&head=octo:main",
            "head_repository": { "full_name": "mallory/fleet", "fork": true },
            "repository": { "full_name": "octo/fleet" },
            "pull_requests": [],
        },
    })
}

/// Returns what a job of the second workflow knows.
fn here(server: &super::Server, event: &Value) -> Result<Surroundings, SurroundingsError> {
    let fs = MemoryFs::new();
    let path = std::path::Path::new("/home/runner/event.json");
    fs.create_dir_all(path.parent().expect("it has one"))
        .expect("it is made");
    fs.write_atomic(path, event.to_string().as_bytes(), Mode::Plain)
        .expect("it is written");
    let env = FixedEnv::at("/")
        .with("GITHUB_API_URL", server.address.as_str())
        .with("GITHUB_REPOSITORY", "octo/fleet")
        .with("GITHUB_EVENT_NAME", "workflow_run")
        .with("GITHUB_EVENT_PATH", path)
        .with("GITHUB_RUN_ID", "31")
        // The last commit of the default branch: a report of a fork is not about that.
        .with("GITHUB_SHA", "f".repeat(40));
    Surroundings::read(&env, &fs)
}

fn fork(number: u64, head: &str) -> Pull {
    Pull {
        number,
        state: "open",
        repository: Some("mallory/fleet".into()),
        branch: "fix&head=octo:main".into(),
        head: head.into(),
        merge_commit: None,
    }
}

/// Publishes the bytes of an artifact after this event.
fn published(server: &super::Server, event: &Value, artifact: &[u8]) -> Result<Published, Error> {
    let here = here(server, event).expect("the surroundings are read");
    let saved = read(artifact).expect("it is a report");
    with(server, TOKEN, Patience::default(), |github| {
        publish_saved(github, &saved, &here, &both())
    })
    .0
}

/// Returns the artifact of a clean run, which is what a hostile one would write as well.
fn clean() -> Vec<u8> {
    report::json::write(&report(0), diag::Severity::Error).into_bytes()
}

scenarios! {
    a_report_of_a_fork_is_published_where_the_event_says(server) {
        server.state().pulls = vec![
            Pull { number: 6, ..fork(6, &"a".repeat(40)) },
            fork(7, HEAD),
        ];
        server.state().pulls[0].branch = "other".into();
        let published = published(server, &event(), &clean()).expect("it is published");
        assert_eq!((published.done().len(), published.errors()), (2, &[][..]));
        let state = server.state();
        assert_eq!(state.exchanges[0].request.value("head"), Some("mallory:fix&head=octo:main"));
        let run = &state.checks[0];
        assert_eq!(
            (run.name.as_str(), run.conclusion.as_str(), run.head.as_str()),
            ("cfgcheck · not verified", "neutral", HEAD)
        );
        let comment = &state.comments[0].body;
        assert!(comment.starts_with("<!-- cfgcheck: report -->\n> **Not verified**: what follows was written by [the run]"), "{comment}");
        assert!(comment.contains("(https://github.com/octo/fleet/actions/runs/29)"), "{comment}");
    }

    a_report_of_a_branch_that_moved_on_is_not_published(server) {
        let now = "b".repeat(40);
        server.state().pulls = vec![fork(7, &now)];
        let error = published(server, &event(), &clean()).expect_err("it is refused");
        assert_eq!(
            error.to_string(),
            "pull request 7 has moved on to bbbbbbbbbb, and the report is about 0123456789: not published"
        );
        assert_eq!(server.log(), ["GET /pulls 200"]);
    }

    a_report_of_no_open_pull_request_is_not_published(server) {
        let check = |pulls: Vec<Pull>| {
            server.state().pulls = pulls;
            assert_eq!(published(server, &event(), &clean()), Err(Error::NoSuchPullRequest));
        };
        check(vec![]);
        check(vec![Pull { state: "closed", ..fork(7, HEAD) }]);
        // Of another repository of the same owner, whose branch has the same name.
        check(vec![Pull { repository: Some("mallory/other".into()), ..fork(7, HEAD) }]);
    }

    two_pull_requests_of_one_commit_are_told(server) {
        server.state().pulls = vec![fork(7, HEAD), fork(8, HEAD)];
        let error = published(server, &event(), &clean()).expect_err("it is refused");
        assert_eq!(error.to_string(), "several pull requests have the branch and the commit of the run (7, 8): not published");
        server.state().pulls[1].head = "c".repeat(40);
        assert!(published(server, &event(), &clean()).is_ok());
    }

    a_pull_request_that_the_event_names_is_asked_for(server) {
        let mut event = event();
        event["workflow_run"]["head_repository"]["full_name"] = "octo/fleet".into();
        event["workflow_run"]["pull_requests"] = json!([{ "number": 7, "head": { "sha": HEAD } }]);
        let done = published(server, &event, &clean()).expect("it is published");
        assert_eq!(done.done().len(), 2);
        assert_eq!(server.log()[0], "GET /pulls/7 200");
        // Not even a report of this repository is believed, if it comes as an artifact.
        assert_eq!(server.state().checks[0].conclusion, "neutral");
        server.state().pulls[0].head = "d".repeat(40);
        assert!(matches!(published(server, &event, &clean()), Err(Error::HeadMoved { number: 7, .. })));
    }

    an_artifact_says_nothing_about_where(server) {
        server.state().pulls = vec![fork(7, HEAD)];
        let mut artifact: Value = serde_json::from_slice(&clean()).expect("it is JSON");
        artifact["pull-request"] = 1.into();
        artifact["commit"] = "e".repeat(40).into();
        artifact["repository"] = "octo/other".into();
        artifact["flake"] = "github:octo/other?rev=eeee".into();
        artifact["verdict"] = "clean".into();
        published(server, &event(), artifact.to_string().as_bytes()).expect("it is published");
        let state = server.state();
        assert!(state.exchanges.iter().all(|exchange| exchange.request.path.starts_with("/repos/octo/fleet/")));
        assert_eq!((state.checks[0].head.as_str(), state.comments.len()), (HEAD, 1));
    }

    another_event_has_no_saved_report(server) {
        let mut here = here(server, &event()).expect("it is read");
        here.event = Event::Other;
        let saved = read(&clean()).expect("it is a report");
        let (result, _) = with(server, TOKEN, Patience::default(), |github| publish_saved(github, &saved, &here, &both()));
        assert_eq!(result, Err(Error::NoRun));
        assert_eq!(server.log(), Vec::<String>::new());
    }
}

#[test]
fn a_fork_that_is_gone_has_no_pull_request() {
    // GitHub then answers `"repo": null`, which its own description does not have.
    let server = super::Server::start();
    server.state().pulls = vec![Pull {
        repository: None,
        branch: "x".into(),
        ..fork(7, HEAD)
    }];
    let mut event = event();
    event["workflow_run"]["pull_requests"] = json!([{ "number": 7, "head": { "sha": HEAD } }]);
    assert_eq!(published(&server, &event, &clean()), Err(Error::NoSuchPullRequest));
}

#[test]
fn surroundings_are_those_of_the_job() {
    let server = super::Server::start();
    let here = here(&server, &event()).expect("they are read");
    assert_eq!(
        (here.api.as_str(), here.repository.to_string().as_str()),
        (server.address.as_str(), "octo/fleet")
    );
    assert!(matches!(here.target(), Err(SurroundingsError::OfAnotherRun)));
    let check = |env: FixedEnv, expected: &str| {
        let error = Surroundings::read(&env, &MemoryFs::new())
            .expect_err("it is refused")
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    let env = || {
        FixedEnv::at("/")
            .with("GITHUB_REPOSITORY", "octo/fleet")
            .with("GITHUB_SHA", HEAD)
    };
    check(
        FixedEnv::at("/"),
        "the variable GITHUB_REPOSITORY is not set: is this a job of GitHub Actions?",
    );
    check(env(), "the variable GITHUB_EVENT_NAME is not set");
    check(
        env().with("GITHUB_API_URL", "http://evil.example"),
        "the variable GITHUB_API_URL is wrong",
    );
    check(
        env().with("GITHUB_SERVER_URL", "x)](y"),
        "the variable GITHUB_SERVER_URL is wrong",
    );
    check(
        env().with("GITHUB_SHA", "main"),
        "the variable GITHUB_SHA is wrong: 'main' is no commit",
    );
    let with_event = env()
        .with("GITHUB_EVENT_NAME", "push")
        .with("GITHUB_EVENT_PATH", "/none");
    check(with_event, "cannot read '/none'");
}
