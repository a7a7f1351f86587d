//! What holds of all these files.

use crate::document::{self, Kind, entries, scalar};
use serde_yaml::Value;

/// Returns the files for GitHub of a kind.
fn of(kind: Kind) -> Vec<String> {
    document::files()
        .into_iter()
        .filter(|file| Kind::of(file) == kind)
        .collect()
}

/// Returns the lines of a file that use an action, as written, with what stands behind `uses:`.
fn uses(file: &str) -> Vec<String> {
    let text = document::text(file);
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix("uses:"))
        .map(|uses| uses.trim().to_owned())
        .collect()
}

/// Returns whether an action is named by a commit, with its version beside it.
fn is_pinned(uses: &str) -> bool {
    let Some((action, comment)) = uses.split_once(" # v") else {
        return false;
    };
    let commit = action.split_once('@').map_or("", |(_, commit)| commit);
    let is_commit = commit.len() == 40
        && commit
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_commit && comment.split('.').count() == 3 && comment.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Others' actions are named by commits, which nobody can move. Our own is named by the release of this version, whose program it
/// then downloads and verifies.
#[test]
fn actions_are_pinned() {
    let own = format!("cfgcheck/cfgcheck@v{}", env!("CARGO_PKG_VERSION"));
    let mut count = 0;
    for file in [of(Kind::Action), of(Kind::Workflow)].concat() {
        let found = uses(&file);
        let parsed = document::steps(&file)
            .iter()
            .filter(|(step, _)| !step["uses"].is_null())
            .count();
        assert_eq!(found.len(), parsed, "{file}");
        for uses in found {
            assert!(is_pinned(&uses) || uses == own || uses == "./", "{file}: {uses}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
    for loose in [
        "a/b@v5",
        "a/b@main # v1.2.3",
        "a/b@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
        "a/b@08c6903 # v5.0.0",
    ] {
        assert!(!is_pinned(loose), "{loose}");
    }
}

/// One action is the same commit everywhere.
#[test]
fn one_action_has_one_version() {
    let mut all: Vec<String> = document::files().iter().flat_map(|file| uses(file)).collect();
    all.retain(|uses| is_pinned(uses));
    let of = |uses: &str| {
        uses.split('@')
            .next()
            .unwrap_or_default()
            .split('/')
            .take(2)
            .collect::<Vec<_>>()
            .join("/")
    };
    for one in &all {
        for other in all.iter().filter(|other| of(other) == of(one)) {
            assert_eq!(
                one.split_once('@').map(|(_, at)| at),
                other.split_once('@').map(|(_, at)| at),
                "{one} and {other}"
            );
        }
    }
}

/// A job has the rights that are written at it, and no workflow gives some to all of its jobs.
#[test]
fn rights_are_those_of_jobs() {
    for file in of(Kind::Workflow) {
        let workflow = document::read(&file);
        let permissions = &workflow["permissions"];
        assert!(
            permissions.is_mapping() && entries(permissions).is_empty(),
            "{file}: {permissions:?}"
        );
        for (name, job) in document::jobs(&file) {
            assert!(
                job["permissions"].is_mapping(),
                "{file}: {name} says nothing about its rights"
            );
            assert!(
                job["timeout-minutes"].is_number(),
                "{file}: {name} may run for six hours"
            );
        }
        assert!(!workflow["concurrency"]["group"].is_null(), "{file}: runs may meet");
        assert_eq!(scalar(&workflow["defaults"]["run"]["shell"]), "bash", "{file}");
    }
}

/// `write` is for jobs that publish, propose or record, and for none that builds or evaluates and then runs something.
#[test]
fn few_jobs_may_write() {
    let mut writing = Vec::new();
    for file in of(Kind::Workflow) {
        for (name, job) in document::jobs(&file) {
            for (right, level) in entries(&job["permissions"]) {
                if scalar(level) == "write" {
                    writing.push(format!(
                        "{}: {name}: {right}",
                        file.rsplit('/').next().unwrap_or_default()
                    ));
                }
            }
        }
    }
    writing.sort();
    let expected = [
        "fleet.yml: check: checks",
        "fleet.yml: check: pull-requests",
        "publish.yml: publish: checks",
        "publish.yml: publish: pull-requests",
        "update.yml: propose: contents",
        "update.yml: propose: pull-requests",
    ];
    assert_eq!(writing, expected);
}

/// With `pull_request_target`, a fork's code would run with a token that may write; with `workflow_run`, no code is checked out.
#[test]
fn no_fork_runs_with_rights() {
    for file in of(Kind::Workflow) {
        let workflow = document::read(&file);
        let on = &workflow["on"];
        let events: Vec<String> = match on {
            Value::Mapping(_) => entries(on).into_iter().map(|(event, _)| event).collect(),
            Value::Sequence(events) => events.iter().map(scalar).collect(),
            other => vec![scalar(other)],
        };
        assert!(
            !events.is_empty() && !events.iter().any(|event| event == "pull_request_target"),
            "{file}"
        );
        if events.iter().any(|event| event == "workflow_run") {
            assert!(
                !uses(&file).iter().any(|uses| uses.contains("actions/checkout")),
                "{file}"
            );
        }
    }
}

/// No checkout leaves its token where the code under test could read it.
#[test]
fn no_checkout_keeps_its_token() {
    for file in of(Kind::Workflow) {
        for (step, _) in document::steps(&file) {
            if step["uses"]
                .as_str()
                .is_some_and(|uses| uses.starts_with("actions/checkout@"))
            {
                assert_eq!(step["with"]["persist-credentials"], Value::Bool(false), "{file}");
            }
        }
    }
}

/// Whatever an expression comes to would be read by the shell: it goes through a variable.
#[test]
fn no_expression_is_inside_of_a_script() {
    for file in document::files() {
        for script in document::scripts(&file) {
            assert!(!script.run.contains("${{"), "{file}: {}", script.name);
        }
    }
}
