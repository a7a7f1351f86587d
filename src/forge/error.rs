//! What can go wrong between us and GitHub, in the words that a user can act on.

use std::fmt;
use std::time::Duration;

/// What a token must be allowed to do, as a workflow's `permissions` say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// `checks: write`
    Checks,
    /// `pull-requests: write`
    PullRequests,
    /// `pull-requests: read`
    ReadPullRequests,
    /// `checks: read`
    ReadChecks,
    /// `contents: read`
    ReadContents,
    /// `metadata: read`
    ReadMetadata,
}

impl Permission {
    /// Returns how a token gets it.
    fn needed(self) -> String {
        match self {
            Permission::Checks | Permission::PullRequests => {
                format!("the job needs `permissions: {self}`, which a pull request from a fork never gets")
            }
            _ => format!("it needs `{self}`"),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Permission::Checks => "checks: write",
            Permission::PullRequests => "pull-requests: write",
            Permission::ReadPullRequests => "pull-requests: read",
            Permission::ReadChecks => "checks: read",
            Permission::ReadContents => "contents: read",
            Permission::ReadMetadata => "metadata: read",
        })
    }
}

/// Why something could not be published, or is not known. What a server said in it is cut and harmless to print.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Error {
    /// 401: the token is wrong, revoked or out of date.
    #[error("GitHub does not take the token: {message}")]
    Token {
        /// What GitHub said.
        message: String,
    },
    /// 403: the token may not do this.
    #[error("the token may not do this to {about}: {message}; {}", .permission.needed())]
    Forbidden {
        /// What was asked for.
        about: String,
        /// What the token lacks.
        permission: Permission,
        /// What GitHub said.
        message: String,
    },
    /// 404 or 410: it is not there, or the token may not see it.
    #[error("GitHub does not find {about}: gone, or the token may not see it (`permissions: {permission}`)")]
    Missing {
        /// What was asked for.
        about: String,
        /// What the token may lack.
        permission: Permission,
    },
    /// 422: GitHub understood the request and refuses it.
    #[error("GitHub refuses what was sent about {about}: {}", .messages.join("; "))]
    Refused {
        /// What was asked for.
        about: String,
        /// What GitHub said: first the whole, then field by field.
        messages: Vec<String>,
    },
    /// 403 or 429: too many requests, and the wait is longer than we wait.
    #[error("GitHub takes no more requests for now{}: {message}", after(.wait))]
    RateLimited {
        /// How long GitHub wants us to wait, if it says so.
        wait: Option<Duration>,
        /// What GitHub said.
        message: String,
    },
    /// 3xx: what was asked for is at another address. The token goes only where it was sent, so that is not followed.
    #[error("{about} has moved: GitHub answers {status}")]
    Moved {
        /// What was asked for.
        about: String,
        /// The status of the answer.
        status: u16,
    },
    /// 5xx, or an answer that is none: HTML in place of JSON, JSON of another shape, more bytes than we take.
    #[error("GitHub's server is broken: asked for {about}, it {answered}")]
    Broken {
        /// What was asked for.
        about: String,
        /// What it did, such as `answered 502`.
        answered: String,
    },
    /// No answer came, or not to its end.
    #[error("cannot reach GitHub for {about}: {reason}")]
    Unreachable {
        /// What was asked for.
        about: String,
        /// What happened instead.
        reason: String,
    },
    /// A status that none of the others is.
    #[error("GitHub answers {status} to {about}: {message}")]
    Unexpected {
        /// What was asked for.
        about: String,
        /// The status of the answer.
        status: u16,
        /// What GitHub said.
        message: String,
    },
    /// The user interrupted the run.
    #[error("interrupted while speaking to GitHub")]
    Interrupted,
    /// The machine gives us no runtime, certificates or randomness.
    #[error("cannot prepare to speak to GitHub: {0}")]
    Machine(String),
    /// The event is of no pull request, so that there is nothing to comment on.
    #[error("this run is of no pull request, so there is none to comment on")]
    NoPullRequest,
    /// The event is no `workflow_run`, so that there is no other run whose report could be published.
    #[error(
        "this run was not started by the end of another one (`on: workflow_run`), so there is no saved report to publish"
    )]
    NoRun,
    /// No open pull request comes from the branch that the run was of.
    #[error("no open pull request comes from the branch that the run was of; it was closed, or the branch is gone")]
    NoSuchPullRequest,
    /// The pull request has other commits by now, so that the report is not about what it is.
    #[error("pull request {number} has moved on to {now}, and the report is about {expected}: not published")]
    HeadMoved {
        /// The pull request.
        number: u64,
        /// The first digits of the commit that the run was of.
        expected: String,
        /// The first digits of its commit now.
        now: String,
    },
    /// Several pull requests have the same branch and commit.
    #[error("several pull requests have the branch and the commit of the run ({}): not published", listed(.numbers))]
    Ambiguous {
        /// The pull requests.
        numbers: Vec<u64>,
    },
}

fn after(wait: &Option<Duration>) -> String {
    match wait.map(|wait| wait.as_secs()) {
        Some(seconds @ 0..120) => format!(" (for {seconds} s)"),
        Some(seconds) => format!(" (for {} min)", seconds.div_ceil(60)),
        None => String::new(),
    }
}

fn listed(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(", ")
}
