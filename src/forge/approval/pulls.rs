//! Merged pull requests, with all that was said of them.

use super::accounts::{self, Account, Rights, Told};
use super::words::{broken, commit, given, moment, word};
use crate::address::{Commit, Repository};
use crate::client::Github;
use crate::error::{Error, Permission};
use crate::message::told;
use crate::request::{self, Request};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most merged pull requests that one commit is named for.
const MOST_PULLS: usize = 20;
/// Most commits of a pull request that GitHub lists.
const MOST_COMMITS: u64 = 250;
/// Most people whose rights are asked for, of one pull request.
const MOST_PEOPLE: usize = 50;

/// A merged pull request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merged {
    /// Its number.
    pub number: u64,
    /// The commits among those that were asked for that GitHub names it for.
    pub steps: Vec<Commit>,
    /// The branch that it was merged into.
    pub base: String,
    /// Its last commit.
    pub head: Commit,
    /// The commit by which it was merged.
    pub merge_commit: Commit,
    /// Who opened it.
    pub author: Account,
    /// Its commits, the oldest first.
    pub commits: Vec<Commit>,
    /// Authors and committers of these, as far as GitHub knows accounts with their addresses of mail.
    pub committers: Vec<Account>,
    /// All that was said of it, but for what is not submitted or by accounts that are gone.
    pub reviews: Vec<Review>,
    /// What those who have approved may do, by the numbers of their accounts; programs are not asked for.
    pub rights: Vec<(u64, Rights)>,
}

/// What somebody said of a pull request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Review {
    /// Its number.
    pub id: u64,
    /// Who said it.
    pub by: Account,
    /// What was said.
    pub state: ReviewState,
    /// The last commit of the pull request at that time; `None` if it is gone.
    pub commit: Option<Commit>,
    /// When, in a form that sorts by time.
    pub at: String,
    /// GitHub's word for what its author has to do with the repository.
    pub association: String,
}

/// What a review says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewState {
    /// `APPROVED`
    Approved,
    /// `CHANGES_REQUESTED`
    ChangesRequested,
    /// `COMMENTED`
    Commented,
    /// `DISMISSED`
    Dismissed,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    branch: String,
    repo: Named,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct Listed {
    number: u64,
    #[serde(deserialize_with = "given")]
    merged_at: Option<String>,
    base: Base,
}

#[derive(Deserialize)]
struct Whole {
    number: u64,
    merged: bool,
    #[serde(deserialize_with = "given")]
    merge_commit_sha: Option<String>,
    commits: u64,
    #[serde(deserialize_with = "given")]
    user: Option<Told>,
    head: Head,
    base: Base,
}

/// An account that is not known is null, or an object without anything.
#[derive(Deserialize)]
#[serde(untagged)]
enum Perhaps {
    Known(Told),
    Unknown(#[expect(dead_code, reason = "it has to be an object, and says nothing")] BTreeMap<String, ()>),
}

#[derive(Deserialize)]
struct OneCommit {
    sha: String,
    #[serde(deserialize_with = "given")]
    author: Option<Perhaps>,
    #[serde(deserialize_with = "given")]
    committer: Option<Perhaps>,
}

#[derive(Deserialize)]
struct OneReview {
    id: u64,
    #[serde(deserialize_with = "given")]
    user: Option<Told>,
    state: String,
    #[serde(deserialize_with = "given")]
    commit_id: Option<String>,
    submitted_at: Option<String>,
    author_association: String,
}

/// Asks for the pull requests that were merged by one of these commits.
pub(super) fn ask(github: &Github, repository: &Repository, steps: &[Commit]) -> Result<Vec<Merged>, Error> {
    let mut named: BTreeMap<u64, Vec<Commit>> = BTreeMap::new();
    for step in steps {
        let request = of_commit(repository, step);
        let mut count = 0;
        let mut take = |page: Vec<Listed>| {
            let ours = |pull: &Listed| {
                let repository_of_it = Repository::new(&pull.base.repo.full_name);
                pull.merged_at.is_some() && repository_of_it.is_ok_and(|of_it| of_it == *repository)
            };
            for pull in page.into_iter().filter(ours) {
                count += 1;
                named.entry(pull.number).or_default().push(step.clone());
            }
        };
        github.list(request.clone(), &mut take)?;
        if count > MOST_PULLS {
            return Err(broken(
                &request,
                format!("answered with more than {MOST_PULLS} merged ones"),
            ));
        }
    }
    let one = |(number, steps)| merged(github, repository, number, steps);
    named.into_iter().map(one).collect()
}

fn merged(github: &Github, repository: &Repository, number: u64, steps: Vec<Commit>) -> Result<Merged, Error> {
    let request = request::pull_request(repository, number);
    let whole: Whole = github.ask(&request)?;
    let is_it = whole.number == number
        && whole.merged
        && Repository::new(&whole.base.repo.full_name).is_ok_and(|of_it| of_it == *repository);
    if !is_it {
        return Err(broken(&request, "answered with what contradicts the list"));
    }
    let Some(merge_commit) = whole.merge_commit_sha else {
        return Err(broken(&request, "says that it is merged, but not by which commit"));
    };
    let Some(author) = whole.user else {
        return Err(broken(&request, "does not say who opened it: the account is gone"));
    };
    let head = commit(&request, &whole.head.sha)?;
    let (commits, committers) = commits(github, repository, number, whole.commits, &head)?;
    let reviews = reviews(github, repository, number)?;
    let people: BTreeMap<u64, &Account> = reviews
        .iter()
        .filter(|review| review.state == ReviewState::Approved && !review.by.is_bot)
        .map(|review| (review.by.id, &review.by))
        .collect();
    if people.len() > MOST_PEOPLE {
        return Err(broken(
            &request,
            format!("was approved by more than {MOST_PEOPLE} people"),
        ));
    }
    let right = |(id, person): (u64, &Account)| Ok((id, accounts::rights(github, repository, person)?));
    let rights = people.into_iter().map(right).collect::<Result<_, Error>>()?;
    Ok(Merged {
        number,
        steps,
        base: whole.base.branch,
        merge_commit: commit(&request, &merge_commit)?,
        head,
        author: author.account(&request)?,
        commits,
        committers,
        reviews,
        rights,
    })
}

/// Asks for the commits of a pull request, and whose they are. There have to be as many as it says, with its last one.
fn commits(
    github: &Github,
    repository: &Repository,
    number: u64,
    count: u64,
    head: &Commit,
) -> Result<(Vec<Commit>, Vec<Account>), Error> {
    let request = commits_of(repository, number);
    if count > MOST_COMMITS {
        let answered = format!("lists {MOST_COMMITS} commits of {count} only");
        return Err(broken(&request, answered));
    }
    let mut listed: Vec<OneCommit> = Vec::new();
    github.list(request.clone(), |page: Vec<OneCommit>| listed.extend(page))?;
    let mut commits = Vec::new();
    let mut committers: Vec<Account> = Vec::new();
    for one in listed {
        commits.push(commit(&request, &one.sha)?);
        for told in [one.author, one.committer].into_iter().flatten() {
            if let Perhaps::Known(told) = told {
                let account = told.account(&request)?;
                // What is done on GitHub's pages has this one for its committer.
                let is_forge = account.login == "web-flow";
                if !is_forge && !committers.contains(&account) {
                    committers.push(account);
                }
            }
        }
    }
    let all: BTreeSet<&str> = commits.iter().map(Commit::as_str).collect();
    if all.len() as u64 != count || !commits.contains(head) {
        return Err(broken(&request, "does not list all of them"));
    }
    Ok((commits, committers))
}

/// Asks for all that was said of a pull request.
fn reviews(github: &Github, repository: &Repository, number: u64) -> Result<Vec<Review>, Error> {
    let request = reviews_of(repository, number);
    let mut listed: Vec<OneReview> = Vec::new();
    github.list(request.clone(), |page: Vec<OneReview>| listed.extend(page))?;
    let mut reviews = Vec::new();
    for one in listed {
        let state = match one.state.as_str() {
            "APPROVED" => ReviewState::Approved,
            "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
            "COMMENTED" => ReviewState::Commented,
            "DISMISSED" => ReviewState::Dismissed,
            // The token's own, which nobody else sees.
            "PENDING" => continue,
            other => {
                let answered = format!("answered with a review that is '{}'", told(other));
                return Err(broken(&request, answered));
            }
        };
        let Some(at) = one.submitted_at else {
            return Err(broken(&request, "does not say when a review was submitted"));
        };
        let Some(by) = one.user else { continue };
        reviews.push(Review {
            id: one.id,
            by: by.account(&request)?,
            state,
            commit: one.commit_id.map(|text| commit(&request, &text)).transpose()?,
            at: moment(&request, at)?,
            association: word(&request, one.author_association)?,
        });
    }
    Ok(reviews)
}

/// Asks for the pull requests by which a commit came.
fn of_commit(repository: &Repository, commit: &Commit) -> Request {
    let path = format!("/repos/{repository}/commits/{}/pulls", commit.as_str());
    let about = format!("pull requests of commit {commit}");
    Request::get(path, about, Permission::ReadPullRequests).listed()
}

/// Asks for the reviews of a pull request, the oldest first.
fn reviews_of(repository: &Repository, number: u64) -> Request {
    let path = format!("/repos/{repository}/pulls/{number}/reviews");
    let about = format!("reviews of pull request {number}");
    Request::get(path, about, Permission::ReadPullRequests).listed()
}

/// Asks for the commits of a pull request, the oldest first.
fn commits_of(repository: &Repository, number: u64) -> Request {
    let path = format!("/repos/{repository}/pulls/{number}/commits");
    let about = format!("commits of pull request {number}");
    Request::get(path, about, Permission::ReadPullRequests).listed()
}
