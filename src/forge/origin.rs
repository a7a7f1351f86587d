//! Which pull request a run was of, as GitHub says it, and not as anything says that the run wrote.

use serde::Deserialize;

use crate::address::{Commit, Repository};
use crate::client::Github;
use crate::error::Error;
use crate::event::WorkflowRun;
use crate::request;

/// Most pull requests of one run that are looked at; branches with more than one are rare.
const MOST: usize = 10;

#[derive(Deserialize)]
struct HeadRepository {
    full_name: String,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
    /// None if the fork is gone.
    repo: Option<HeadRepository>,
}

#[derive(Deserialize)]
struct PullRequest {
    number: u64,
    state: String,
    head: Head,
}

/// Returns the one open pull request whose branch and commit the run was of. For a fork the event names none; it is looked
/// for by the repository and the branch that the event names. If its branch has moved on, the report is not about it.
pub fn pull_request_of(github: &Github, repository: &Repository, run: &WorkflowRun) -> Result<u64, Error> {
    let mut open = Vec::new();
    let mut take = |pull: PullRequest| {
        let head = pull.head.repo.and_then(|repo| Repository::new(&repo.full_name).ok());
        if pull.state == "open" && head.as_ref() == Some(&run.head_repository) {
            open.push((pull.number, pull.head.sha));
        }
    };
    if run.pull_requests.is_empty() {
        let asked = request::pull_requests_from(repository, run.head_repository.owner(), &run.head_branch);
        github.search(asked, |page: Vec<PullRequest>| {
            page.into_iter().for_each(&mut take);
            None::<()>
        })?;
    } else {
        for &number in run.pull_requests.iter().take(MOST) {
            take(github.ask(&request::pull_request(repository, number))?);
        }
    }
    let same: Vec<u64> = open
        .iter()
        .filter(|(_, sha)| Commit::new(sha).as_ref() == Ok(&run.head))
        .map(|(number, _)| *number)
        .collect();
    match (same.as_slice(), open.first()) {
        (&[number], _) => Ok(number),
        ([], None) => Err(Error::NoSuchPullRequest),
        ([], Some((number, now))) => Err(Error::HeadMoved {
            number: *number,
            expected: run.head.short().into(),
            now: Commit::new(now).map_or_else(|_| "another commit".into(), |now| now.short().to_owned()),
        }),
        (several, _) => Err(Error::Ambiguous {
            numbers: several.to_vec(),
        }),
    }
}
