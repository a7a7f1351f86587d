//! The event that started a workflow, as `GITHUB_EVENT_PATH` has it.
//!
//! GitHub writes the file, but much of what stands in it is somebody's text: titles, branches, names. Only numbers,
//! commits and repositories are taken, and a branch, which goes into a query as one escaped value.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::address::{AddressError, Commit, Repository};

/// Most bytes of an event; GitHub sends none above 25 MB.
pub(crate) const MOST: u64 = 32 << 20;

/// Most bytes of a branch's name; Git's own bound for names of references is 4,096.
const MOST_BRANCH: usize = 4096;

/// An event that is none, or not one that can be published for.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is no JSON, or without what its kind has.
    #[error("the event is not as GitHub writes it: {0}")]
    Shape(serde_json::Error),
    /// A name in it cannot be one.
    #[error("the event is not as GitHub writes it: {0}")]
    Name(#[from] AddressError),
    /// The branch has an impossible name.
    #[error("the event names a branch that cannot be one")]
    Branch,
    /// The event is of another repository than the job.
    #[error("the event is of {event}, and the job of {job}")]
    Repository {
        /// The repository that the event names.
        event: String,
        /// The repository that the job runs for.
        job: String,
    },
    /// A `workflow_run` that followed something else than a pull request.
    #[error("the run was started by `{0}` and not by `pull_request`: there is no pull request to publish to")]
    NotOfPullRequest(String),
    /// A `workflow_run` whose repository is gone, as a fork that was deleted.
    #[error("the repository that the pull request came from is gone")]
    HeadGone,
}

/// What started the workflow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// `pull_request` and its like: the number, and the commit that the pull request offers.
    PullRequest {
        /// The number of the pull request.
        number: u64,
        /// The last commit of its branch; not the trial merge that `GITHUB_SHA` names.
        head: Commit,
    },
    /// `workflow_run` after a `pull_request`.
    WorkflowRun(WorkflowRun),
    /// Anything else, such as `push`.
    Other,
}

/// A run that another workflow's end started, of a pull request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkflowRun {
    /// The run whose report is to be published.
    pub id: u64,
    /// The commit that it was of.
    pub head: Commit,
    /// The repository that has the commit: a fork, or this one.
    pub head_repository: Repository,
    /// The branch that has it.
    pub head_branch: String,
    /// The pull requests that GitHub names; none for a fork.
    pub pull_requests: Vec<u64>,
}

#[derive(Deserialize)]
struct WrittenRepository {
    full_name: String,
}

#[derive(Deserialize)]
struct WrittenHead {
    sha: String,
}

#[derive(Deserialize)]
struct WrittenPullRequest {
    number: u64,
    head: WrittenHead,
}

#[derive(Deserialize)]
struct OfPullRequest {
    repository: WrittenRepository,
    pull_request: WrittenPullRequest,
}

#[derive(Deserialize)]
struct WrittenRun {
    id: u64,
    event: String,
    head_sha: String,
    head_branch: Option<String>,
    head_repository: Option<WrittenRepository>,
    repository: WrittenRepository,
    #[serde(default)]
    pull_requests: Vec<WrittenPullRequest>,
}

#[derive(Deserialize)]
struct OfRun {
    repository: WrittenRepository,
    workflow_run: WrittenRun,
}

impl Event {
    /// Returns the event that the file says, for a job of this repository. `name` is that of `GITHUB_EVENT_NAME`.
    pub fn read(name: &str, bytes: &[u8], job: &Repository) -> Result<Event, EventError> {
        match name {
            "pull_request" | "pull_request_target" | "pull_request_review" => {
                let event: OfPullRequest = serde_json::from_slice(bytes).map_err(EventError::Shape)?;
                same(&event.repository, job)?;
                Ok(Event::PullRequest {
                    number: event.pull_request.number,
                    head: Commit::new(&event.pull_request.head.sha)?,
                })
            }
            "workflow_run" => {
                let event: OfRun = serde_json::from_slice(bytes).map_err(EventError::Shape)?;
                same(&event.repository, job)?;
                same(&event.workflow_run.repository, job)?;
                Ok(Event::WorkflowRun(run(event.workflow_run)?))
            }
            _ => {
                let _: IgnoredAny = serde_json::from_slice(bytes).map_err(EventError::Shape)?;
                Ok(Event::Other)
            }
        }
    }
}

fn same(event: &WrittenRepository, job: &Repository) -> Result<(), EventError> {
    let event = Repository::new(&event.full_name)?;
    if event == *job {
        Ok(())
    } else {
        Err(EventError::Repository {
            event: event.to_string(),
            job: job.to_string(),
        })
    }
}

fn run(run: WrittenRun) -> Result<WorkflowRun, EventError> {
    if run.event != "pull_request" {
        return Err(EventError::NotOfPullRequest(crate::message::told(&run.event)));
    }
    let head = Commit::new(&run.head_sha)?;
    let head_repository = run.head_repository.ok_or(EventError::HeadGone)?;
    let head_branch = run.head_branch.ok_or(EventError::HeadGone)?;
    if head_branch.is_empty() || head_branch.len() > MOST_BRANCH || head_branch.contains(char::is_control) {
        return Err(EventError::Branch);
    }
    // A pull request that has moved on is listed with its new commit.
    let pull_requests = run.pull_requests.iter().map(|pull| pull.number).collect();
    Ok(WorkflowRun {
        id: run.id,
        head,
        head_repository: Repository::new(&head_repository.full_name)?,
        head_branch,
        pull_requests,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn fleet() -> Repository {
        Repository::new("octo/fleet").expect("it is one")
    }

    fn read(name: &str, event: &Value) -> Result<Event, EventError> {
        Event::read(name, event.to_string().as_bytes(), &fleet())
    }

    fn of_run() -> Value {
        json!({
            "action": "completed",
            "repository": { "full_name": "octo/fleet" },
            "workflow_run": {
                "id": 30,
                "event": "pull_request",
                "head_sha": SHA,
                "head_branch": "fix",
                "head_repository": { "full_name": "mallory/fleet" },
                "repository": { "full_name": "Octo/Fleet" },
                "pull_requests": [],
            },
        })
    }

    #[test]
    fn a_pull_request_is_known_by_its_own_head() {
        let event = json!({
            "repository": { "full_name": "octo/fleet" },
            "pull_request": { "number": 7, "head": { "sha": SHA } },
        });
        let head = Commit::new(SHA).expect("it is one");
        assert_eq!(
            read("pull_request", &event).expect("it is read"),
            Event::PullRequest { number: 7, head }
        );
        assert_eq!(
            read("push", &json!({ "ref": "refs/heads/main" })).expect("it is read"),
            Event::Other
        );
    }

    #[test]
    fn a_run_of_a_fork_names_no_pull_request() {
        let Event::WorkflowRun(run) = read("workflow_run", &of_run()).expect("it is read") else {
            panic!("it is a run");
        };
        assert_eq!((run.id, run.head.as_str(), run.head_branch.as_str()), (30, SHA, "fix"));
        assert_eq!(
            (run.head_repository.owner(), run.pull_requests.as_slice()),
            ("mallory", &[][..])
        );
    }

    #[test]
    fn a_run_of_anything_else_is_refused() {
        let check = |at: &str, value: Value, expected: &str| {
            let mut event = of_run();
            *event.pointer_mut(at).expect("it is there") = value;
            let error = read("workflow_run", &event).expect_err("it is refused").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("/workflow_run/event", "push".into(), "started by `push`");
        check(
            "/workflow_run/event",
            "\u{1b}pull_request".into(),
            "started by `␛pull_request`",
        );
        check("/workflow_run/head_sha", "main".into(), "'main' is no commit");
        check("/workflow_run/head_repository", Value::Null, "is gone");
        check("/workflow_run/head_branch", Value::Null, "is gone");
        check(
            "/workflow_run/head_branch",
            "a\nb".into(),
            "a branch that cannot be one",
        );
        check(
            "/workflow_run/head_branch",
            "x".repeat(5000).into(),
            "a branch that cannot be one",
        );
        check(
            "/workflow_run/head_repository/full_name",
            "a/b/../../c".into(),
            "is no repository",
        );
        check(
            "/workflow_run/repository/full_name",
            "mallory/fleet".into(),
            "the event is of mallory/fleet",
        );
        check(
            "/repository/full_name",
            "mallory/fleet".into(),
            "and the job of octo/fleet",
        );
        check("/workflow_run/id", "7".into(), "invalid type");
        check("/workflow_run/id", json!(-7), "invalid value");
        check("/workflow_run", Value::Null, "invalid type");
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(bytes in any::<Vec<u8>>(), text in "[\\[\\]{}\",:a-z0-9]{0,60}") {
            for name in ["pull_request", "workflow_run", "push"] {
                let _ = Event::read(name, &bytes, &fleet());
                let _ = Event::read(name, text.as_bytes(), &fleet());
            }
        }

        #[test]
        fn whatever_stands_in_a_field_it_is_read_or_refused(text in any::<String>(), field in 0usize..4) {
            let at = ["/workflow_run/head_branch", "/workflow_run/head_sha", "/repository/full_name", "/workflow_run/event"];
            let mut event = of_run();
            *event.pointer_mut(at[field]).expect("it is there") = text.into();
            if let Ok(Event::WorkflowRun(run)) = read("workflow_run", &event) {
                prop_assert!(!run.head_branch.contains(char::is_control));
            }
        }
    }
}
