//! What was asked of the forge and of Git, as data.

use crate::commit::Commit;
use crate::git::{Content, History};
use crate::signature::Signature;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that was asked for, or why it is not known.
pub type Told<T> = Result<T, Untold>;

/// Why something is not known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Untold {
    /// Of which kind that is.
    pub why: Why,
    /// In words, harmless to print.
    pub reason: String,
    /// What helps, if somebody knows.
    pub hint: Option<String>,
}

impl Untold {
    /// Returns why something is not known, in words.
    pub fn new(why: Why, reason: impl fmt::Display) -> Untold {
        Untold {
            why,
            reason: diag::clean_line(&reason.to_string()).into_owned(),
            hint: None,
        }
    }

    /// Adds what helps.
    pub fn with_hint(mut self, hint: Option<impl Into<String>>) -> Untold {
        self.hint = hint.map(Into::into);
        self
    }

    /// Returns that nobody has asked, as that made no sense without something else that is not known.
    pub fn not_asked() -> Untold {
        Untold::new(Why::NotAsked, "it was not asked for")
    }
}

/// Of which kind the reason is that something is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Nobody has asked.
    NotAsked,
    /// There is nobody who could tell: no forge, no token.
    Nobody,
    /// The forge takes no more requests for now.
    RateLimited,
    /// The forge was not reached.
    Unreachable,
    /// The token does not suffice.
    Denied,
    /// What was answered is none of the answers that there are.
    Garbage,
    /// Git or the machine failed.
    Machine,
}

/// All that is known of a commit that is to be deployed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// The commit.
    pub commit: Commit,
    /// What is deployed now.
    pub deployed: Option<Commit>,
    /// What lies between them.
    pub history: Told<History>,
    /// The protected branch.
    pub branch: Told<Branch>,
    /// Pull requests that were merged by a step of the history.
    pub pull_requests: Told<Vec<PullRequest>>,
    /// Runs of checks for the commit that have one of the demanded names.
    pub checks: Told<Vec<CheckRun>>,
    /// What the signature of each commit of the history is worth.
    pub signatures: Told<Vec<Signature>>,
}

impl Facts {
    /// Returns a commit of which nothing is known.
    pub fn none(commit: Commit, deployed: Option<Commit>) -> Facts {
        Facts {
            commit,
            deployed,
            history: Err(Untold::not_asked()),
            branch: Err(Untold::not_asked()),
            pull_requests: Err(Untold::not_asked()),
            checks: Err(Untold::not_asked()),
            signatures: Err(Untold::not_asked()),
        }
    }
}

/// A branch, as whoever has it tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub head: Commit,
    /// Whether the forge protects it; `None` where there is no forge that could say so.
    pub protected: Option<bool>,
    /// Whether the commit that is to be deployed is on it.
    pub has_commit: bool,
    /// Whether what is deployed is on it; only asked for where it is no ancestor of the commit.
    pub has_deployed: Option<bool>,
}

/// An account of the forge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Its number, which stays the same if it gets another name.
    pub id: u64,
    /// Its name.
    pub login: String,
    /// Whether it is a program's.
    pub is_bot: bool,
}

/// A merged pull request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The steps of the history that the forge names it for.
    pub steps: Vec<Commit>,
    /// The branch that it was merged into.
    pub base: String,
    /// Its last commit.
    pub head: Commit,
    /// The commit by which it was merged.
    pub merged: Commit,
    /// Who opened it.
    pub author: Person,
    /// Its commits, as the forge lists them.
    pub commits: Vec<Commit>,
    /// Whose they are, as far as the forge knows their accounts.
    pub committers: Vec<Person>,
    /// All that was said of it, in any order.
    pub reviews: Vec<Review>,
    /// What those who approved may do.
    pub rights: Vec<(u64, Rights)>,
    /// Whether what was merged is what was reviewed.
    pub content: Told<Content>,
}

/// What somebody may do to the repository.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rights {
    /// Whether that is to write.
    pub may_write: bool,
    /// The forge's word for it.
    pub name: String,
}

/// What somebody said of a pull request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Review {
    /// Its number, by which later ones have larger ones.
    pub id: u64,
    /// Who said it.
    pub by: Person,
    /// What was said.
    pub state: ReviewState,
    /// The last commit of the pull request at that time; `None` if that commit is gone.
    pub commit: Option<Commit>,
    /// When, in the form `YYYY-MM-DDTHH:MM:SSZ`, which sorts by time.
    pub at: String,
    /// The forge's word for what its author has to do with the repository.
    pub association: String,
}

/// What a review says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    ChangesRequested,
    /// Neither.
    Commented,
    /// It no longer counts.
    Dismissed,
}

/// One run of a check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckRun {
    /// Its number, by which later ones have larger ones.
    pub id: u64,
    /// Its name, which whoever runs it chooses.
    pub name: String,
    /// The app that ran it; `None` if that is gone.
    pub app: Option<u64>,
    /// What it is a part of, such as one run of a workflow.
    pub suite: u64,
    /// The forge's word for how far it is.
    pub status: String,
    /// The forge's word for how it ended.
    pub conclusion: Option<String>,
    /// When it began, in the form `YYYY-MM-DDTHH:MM:SSZ`; `None` if it has not.
    pub started: Option<String>,
}
