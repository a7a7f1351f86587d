//! Where signing runs: in a job that nobody's pull request can reach into, if it is a job.

use crate::machine::Machine;

/// Events of GitHub after which a job has the code of a branch of the repository itself, and no pull request's.
const EVENTS: [&str; 3] = ["push", "schedule", "workflow_dispatch"];

/// Why a job must not sign.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It runs for something that anybody may have written.
    #[error(
        "this job runs for `{0}`, and what it has may be a pull request's\nhelp: sign in a workflow of its own, on `push` to \
         the protected branch"
    )]
    Event(String),
    /// Its branch is not protected.
    #[error(
        "the branch of this job is not protected, so that everybody who can push could have it sign\nhelp: protect the \
         branch, and keep the key in an environment that only this branch may use"
    )]
    Unprotected,
    /// It runs for another commit.
    #[error("this job runs for the commit {of_job}, and {here} is checked out\nhelp: sign what the job runs for")]
    Commit {
        /// The commit of the job.
        of_job: String,
        /// The commit that is checked out.
        here: String,
    },
}

/// Returns why the job that this is must not sign for a commit; nothing if it may, or if this is no job.
pub fn check(machine: &Machine, commit: &str) -> Result<(), JobError> {
    let text = |name: &str| machine.env.text(name).unwrap_or_default();
    let (event, is_protected, of_job) = if text("GITHUB_ACTIONS") == "true" {
        let event = text("GITHUB_EVENT_NAME");
        let is_own = EVENTS.contains(&event.as_str());
        ((event, is_own), text("GITHUB_REF_PROTECTED"), text("GITHUB_SHA"))
    } else if text("GITLAB_CI") == "true" {
        let event = text("CI_PIPELINE_SOURCE");
        let is_own = !event.contains("merge_request") && !event.contains("external") && !event.is_empty();
        ((event, is_own), text("CI_COMMIT_REF_PROTECTED"), text("CI_COMMIT_SHA"))
    } else {
        return Ok(());
    };
    let (event, is_own) = event;
    if !is_own {
        return Err(JobError::Event(event));
    }
    if is_protected != "true" {
        return Err(JobError::Unprotected);
    }
    match of_job == commit {
        true => Ok(()),
        false => Err(JobError::Commit {
            of_job,
            here: commit.to_owned(),
        }),
    }
}

/// Returns the repository that this is a job of, as policies name it; `None` if this is no job of GitHub's own.
pub fn repository(machine: &Machine) -> Option<String> {
    let text = |name: &str| machine.env.text(name);
    let is_github = text("GITHUB_ACTIONS").as_deref() == Some("true")
        && text("GITHUB_SERVER_URL").is_none_or(|server| server == "https://github.com");
    let name = text("GITHUB_REPOSITORY").filter(|_| is_github)?;
    Some(format!("github:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::STACK;
    use std::sync::Arc;
    use sys::{FixedEnv, ManualClock, MemoryFs};

    fn machine(variables: &[(&str, &str)]) -> Machine {
        let mut env = FixedEnv::at("/");
        for (name, value) in variables {
            env = env.with(name, value);
        }
        Machine {
            fs: Arc::new(MemoryFs::new()),
            env: Arc::new(env),
            clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            stack: STACK,
        }
    }

    const PUSH: [(&str, &str); 5] = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF_PROTECTED", "true"),
        ("GITHUB_SHA", "1234"),
        ("GITHUB_REPOSITORY", "acme/fleet"),
    ];

    #[test]
    fn a_job_of_the_protected_branch_may_sign() {
        assert!(check(&machine(&PUSH), "1234").is_ok());
        assert_eq!(repository(&machine(&PUSH)).as_deref(), Some("github:acme/fleet"));
        assert!(check(&machine(&[]), "1234").is_ok(), "a person may, who has the key");
        assert_eq!(repository(&machine(&[])), None);
        let gitlab = [
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "push"),
            ("CI_COMMIT_REF_PROTECTED", "true"),
            ("CI_COMMIT_SHA", "1234"),
        ];
        assert!(check(&machine(&gitlab), "1234").is_ok());
        let enterprise = [&PUSH[..], &[("GITHUB_SERVER_URL", "https://git.acme.example")]].concat();
        assert_eq!(repository(&machine(&enterprise)), None);
    }

    #[test]
    fn every_other_job_is_refused() {
        let told = |name: &str, value: &str| {
            let mut variables = PUSH.to_vec();
            variables.retain(|(other, _)| *other != name);
            variables.push((name, value));
            check(&machine(&variables), "1234").expect_err(value).to_string()
        };
        for event in [
            "pull_request",
            "pull_request_target",
            "workflow_run",
            "issue_comment",
            "merge_group",
            "",
        ] {
            let expected = format!("this job runs for `{event}`, and what it has may be a pull request's");
            assert!(told("GITHUB_EVENT_NAME", event).starts_with(&expected));
        }
        assert!(told("GITHUB_REF_PROTECTED", "false").starts_with("the branch of this job is not protected"));
        assert!(told("GITHUB_SHA", "5678").starts_with("this job runs for the commit 5678, and 1234 is checked out"));
        for source in ["merge_request_event", "external_pull_request_event", ""] {
            let gitlab = [("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", source)];
            assert!(
                matches!(check(&machine(&gitlab), "1234"), Err(JobError::Event(_))),
                "{source}"
            );
        }
    }
}
