//! What a job's change is a change of: the commit before it, as the event of the workflow says.

use serde::Deserialize;
use std::path::PathBuf;
use sys::{Env, Fs};

use crate::address::Commit;
use crate::event::{self, EventError};
use crate::file;
use crate::surroundings::SurroundingsError;

/// What the job runs for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A pull request, or a group of them that is to be merged.
    Request {
        /// The last commit of the branch that it is for, when the event happened.
        base: Commit,
        /// The name of that branch.
        branch: String,
        /// The last commit of its own branch; what is checked out may be a trial merge of it.
        head: Commit,
    },
    /// Commits that were pushed on top of this one.
    Push {
        /// The commit that the branch was at.
        before: Commit,
    },
    /// A branch that was not there before.
    NewBranch,
    /// Nothing that is known to change anything, such as a timer.
    Nothing,
}

#[derive(Deserialize)]
struct Side {
    sha: String,
    #[serde(rename = "ref", default)]
    branch: String,
}

#[derive(Deserialize)]
struct PullRequest {
    base: Side,
    head: Side,
}

#[derive(Deserialize)]
struct Group {
    base_sha: String,
    #[serde(default)]
    base_ref: String,
    head_sha: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Request { pull_request: PullRequest },
    Group { merge_group: Group },
    Push { before: String },
    // Its kind has none of these.
    Other {},
}

impl Change {
    /// Returns what the event of this job changes, by `GITHUB_EVENT_NAME` and the file of `GITHUB_EVENT_PATH`.
    pub fn read(env: &dyn Env, fs: &dyn Fs) -> Result<Change, SurroundingsError> {
        let variable = |name: &'static str| env.text(name).ok_or(SurroundingsError::Unset(name));
        let name = variable("GITHUB_EVENT_NAME")?;
        let path = PathBuf::from(variable("GITHUB_EVENT_PATH")?);
        Ok(Change::of(&name, &file::read(fs, &path, event::MOST)?)?)
    }

    fn of(name: &str, bytes: &[u8]) -> Result<Change, EventError> {
        let written: Written = serde_json::from_slice(bytes).map_err(EventError::Shape)?;
        let request = |base: &str, branch: &str, head: &str| {
            Ok(Change::Request {
                base: Commit::new(base)?,
                branch: branch.strip_prefix("refs/heads/").unwrap_or(branch).to_owned(),
                head: Commit::new(head)?,
            })
        };
        match (name, written) {
            (_, Written::Request { pull_request }) if name.starts_with("pull_request") => {
                let PullRequest { base, head } = pull_request;
                request(&base.sha, &base.branch, &head.sha)
            }
            ("merge_group", Written::Group { merge_group: group }) => {
                request(&group.base_sha, &group.base_ref, &group.head_sha)
            }
            ("push", Written::Push { before }) if before.bytes().all(|digit| digit == b'0') => Ok(Change::NewBranch),
            ("push", Written::Push { before }) => Ok(Change::Push {
                before: Commit::new(&before)?,
            }),
            _ => Ok(Change::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(name: &str, event: &Value) -> Result<Change, String> {
        Change::of(name, event.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    fn commit(digit: &str) -> Commit {
        Commit::new(&digit.repeat(40)).expect("it is one")
    }

    #[test]
    fn the_event_names_the_commit_before() {
        let event = json!({
            "pull_request": {
                "base": { "sha": "a".repeat(40), "ref": "main" },
                "head": { "sha": "b".repeat(40), "ref": "main; rm" },
            },
            "before": "c".repeat(40),
        });
        let request = Change::Request {
            base: commit("a"),
            branch: "main".into(),
            head: commit("b"),
        };
        assert_eq!(read("pull_request", &event), Ok(request.clone()));
        let group = json!({
            "merge_group": { "base_sha": "a".repeat(40), "base_ref": "refs/heads/main", "head_sha": "b".repeat(40) }
        });
        assert_eq!(read("merge_group", &group), Ok(request));
        let push = json!({ "before": "c".repeat(40) });
        assert_eq!(read("push", &push), Ok(Change::Push { before: commit("c") }));
        assert_eq!(
            read("push", &json!({ "before": "0".repeat(40) })),
            Ok(Change::NewBranch)
        );
        for name in ["schedule", "workflow_dispatch", "push"] {
            assert_eq!(read(name, &json!({ "schedule": "x" })), Ok(Change::Nothing));
        }
    }

    #[test]
    fn what_is_no_commit_is_none() {
        let wrong = read("push", &json!({ "before": "main" })).unwrap_err();
        assert!(wrong.contains("'main' is no commit"), "{wrong}");
        assert!(Change::of("push", b"no JSON").is_err());
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(bytes in any::<Vec<u8>>(), text in "[\\[\\]{}\",:a-z0-9]{0,60}") {
            for name in ["pull_request", "merge_group", "push"] {
                let _ = Change::of(name, &bytes);
                let _ = Change::of(name, text.as_bytes());
            }
        }
    }
}
