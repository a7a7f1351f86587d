//! The branch, and whether commits are on it.

use super::Asked;
use super::words::{broken, commit};
use crate::address::{Commit, Repository};
use crate::client::Github;
use crate::error::{Error, Permission};
use crate::request::{Request, escaped};
use serde::Deserialize;

/// A branch as GitHub has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BranchState {
    /// Its newest commit.
    pub head: Commit,
    /// Whether a rule protects it. GitHub says so of any rule, be it of a branch protection or of a ruleset.
    pub protected: bool,
    /// Whether the commit is on it.
    pub has_commit: bool,
    /// Whether the other commit is on it, if there is one.
    pub has_also: Option<bool>,
}

#[derive(Deserialize)]
struct Sha {
    sha: String,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    commit: Sha,
    protected: bool,
}

#[derive(Deserialize)]
struct Comparison {
    status: String,
    base_commit: Sha,
    merge_base_commit: Sha,
    behind_by: u64,
}

/// Asks for the branch, and whether the commits are on it.
pub(super) fn ask(github: &Github, asked: &Asked<'_>) -> Result<BranchState, Error> {
    let request = branch(asked.repository, asked.branch);
    let found: Branch = github.ask(&request)?;
    if found.name != asked.branch {
        return Err(broken(&request, "answered with another one"));
    }
    let head = commit(&request, &found.commit.sha)?;
    let also = asked.also.map(|also| contains(github, asked.repository, also, &head));
    Ok(BranchState {
        has_commit: contains(github, asked.repository, asked.commit, &head)?,
        has_also: also.transpose()?,
        protected: found.protected,
        head,
    })
}

/// Whether a commit is the head of a branch, or one that it descends from.
fn contains(github: &Github, repository: &Repository, base: &Commit, head: &Commit) -> Result<bool, Error> {
    if base == head {
        return Ok(true);
    }
    let request = comparison(repository, base, head);
    let found: Comparison = github.ask(&request)?;
    let forked = commit(&request, &found.merge_base_commit.sha)?;
    if commit(&request, &found.base_commit.sha)? != *base {
        return Err(broken(&request, "answered with another one"));
    }
    match (found.status.as_str(), found.behind_by) {
        ("ahead", 0) if forked == *base => Ok(true),
        ("behind" | "diverged", 1..) if forked != *base => Ok(false),
        _ => Err(broken(&request, "answered with what contradicts itself")),
    }
}

/// Asks for a branch.
fn branch(repository: &Repository, name: &str) -> Request {
    let path = format!("/repos/{repository}/branches/{}", escaped(name));
    Request::get(path, format!("the branch {name}"), Permission::ReadContents)
}

/// Asks how a commit stands to a later one. Of the commits between them one is enough.
fn comparison(repository: &Repository, base: &Commit, head: &Commit) -> Request {
    let path = format!("/repos/{repository}/compare/{}...{}", base.as_str(), head.as_str());
    let about = format!("whether commit {base} comes before {head}");
    Request::get(path, about, Permission::ReadContents).with("per_page", "1")
}
