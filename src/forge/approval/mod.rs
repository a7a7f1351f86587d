//! What GitHub says of a commit that somebody wants to deploy: its branch, its pull requests with all that was said of them,
//! and its checks.
//!
//! All of it is data, to be judged by somebody else. Nothing is guessed: a key that is missing, a list whose end is not known,
//! an answer that contradicts another one is an error, and so is each error of the way there.

mod accounts;
mod branch;
mod checks;
mod pulls;
mod words;

pub use accounts::{Account, Rights};
pub use branch::BranchState;
pub use checks::CheckState;
pub use pulls::{Merged, Review, ReviewState};

use crate::address::{Commit, Repository};
use crate::client::Github;
use crate::error::Error;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Where.
    pub repository: &'a Repository,
    /// The branch that the commit has to be on.
    pub branch: &'a str,
    /// The commit.
    pub commit: &'a Commit,
    /// Another commit of which it is asked whether it is on the branch.
    pub also: Option<&'a Commit>,
    /// Commits whose pull requests are asked for; none if nobody wants to know.
    pub steps: Option<&'a [Commit]>,
    /// The names of checks whose runs are asked for; none if nobody wants to know.
    pub checks: Option<&'a [String]>,
}

/// What GitHub says. What was not asked for is empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Approval {
    /// The branch.
    pub branch: Result<BranchState, Error>,
    /// The pull requests that were merged by one of the steps.
    pub pull_requests: Result<Vec<Merged>, Error>,
    /// The runs of the checks for the commit.
    pub checks: Result<Vec<CheckState>, Error>,
}

/// Asks for all of it. What cannot be had does not keep the rest from being asked for, unless nothing can.
pub fn approval(github: &Github, asked: &Asked<'_>) -> Approval {
    github.begin();
    let branch = branch::ask(github, asked);
    let hopeless = branch.as_ref().err().filter(|error| is_of_all(error)).cloned();
    let pull_requests = match (&hopeless, asked.steps) {
        (Some(error), _) => Err(error.clone()),
        (None, Some(steps)) => pulls::ask(github, asked.repository, steps),
        (None, None) => Ok(Vec::new()),
    };
    let hopeless = hopeless.or_else(|| pull_requests.as_ref().err().filter(|error| is_of_all(error)).cloned());
    let checks = match (hopeless, asked.checks) {
        (Some(error), _) => Err(error),
        (None, Some(names)) => checks::ask(github, asked, names),
        (None, None) => Ok(Vec::new()),
    };
    Approval {
        branch,
        pull_requests,
        checks,
    }
}

/// Whether an error is one of each request, so that there is no use in another one.
fn is_of_all(error: &Error) -> bool {
    matches!(
        error,
        Error::Token { .. }
            | Error::RateLimited { .. }
            | Error::Unreachable { .. }
            | Error::Interrupted
            | Error::Machine(_)
    )
}
