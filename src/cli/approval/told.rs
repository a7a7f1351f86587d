//! The forge's and Git's answers as facts of `deploy`, which knows neither the forge nor its errors.

use deploy::approval::{Branch, CheckRun, Person, PullRequest, Review, ReviewState, Rights, Told, Untold, Why};
use deploy::commit::Commit;
use deploy::git::GitError;
use deploy::signature::KeyError;
use forge::approval as github;

/// Returns why Git did not tell something.
pub fn of_git(error: &GitError) -> Untold {
    Untold::new(Why::Machine, error).with_hint(error.hint())
}

/// Returns why the keys of the policy cannot be used.
pub fn of_keys(error: &KeyError) -> Untold {
    let hint = match error {
        KeyError::None | KeyError::TooMany | KeyError::Signer { .. } | KeyError::Openpgp { .. } => {
            "correct the policy: enrol it anew as root"
        }
        KeyError::Exec(_) | KeyError::Fs(_) => "install gpg and ssh-keygen, and see that there is room on the disk",
    };
    Untold::new(Why::Machine, error).with_hint(Some(hint))
}

/// Returns why the forge did not tell something.
pub fn of_forge(error: &forge::Error) -> Untold {
    use forge::Error as E;
    let why = match error {
        E::RateLimited { .. } => Why::RateLimited,
        E::Unreachable { .. } => Why::Unreachable,
        E::Token { .. } | E::Forbidden { .. } | E::Missing { .. } => Why::Denied,
        E::Interrupted | E::Machine(_) => Why::Machine,
        // All others are answers that were not to be expected here.
        _ => Why::Garbage,
    };
    Untold::new(why, error)
}

fn commit(commit: &forge::Commit) -> Told<Commit> {
    Commit::new(commit.as_str()).map_err(|error| Untold::new(Why::Garbage, error))
}

/// Returns the branch of this name.
pub fn branch_of(name: String, state: github::BranchState) -> Told<Branch> {
    Ok(Branch {
        name,
        head: commit(&state.head)?,
        protected: Some(state.protected),
        has_commit: state.has_commit,
        has_deployed: state.has_also,
    })
}

/// Returns a run of a check.
pub fn check_of(run: github::CheckState) -> CheckRun {
    CheckRun {
        id: run.id,
        name: run.name,
        app: run.app,
        suite: run.suite,
        status: run.status,
        conclusion: run.conclusion,
        started: run.started,
    }
}

/// Returns a pull request, whose content nobody has compared yet.
pub fn pull_of(pull: github::Merged) -> Told<PullRequest> {
    let commits = |commits: &[forge::Commit]| commits.iter().map(commit).collect::<Told<Vec<_>>>();
    let rights = |(id, rights): (u64, github::Rights)| {
        let rights = Rights {
            may_write: rights.may_write,
            name: rights.name,
        };
        (id, rights)
    };
    Ok(PullRequest {
        number: pull.number,
        steps: commits(&pull.steps)?,
        base: pull.base,
        head: commit(&pull.head)?,
        merged: commit(&pull.merge_commit)?,
        author: person_of(pull.author),
        commits: commits(&pull.commits)?,
        committers: pull.committers.into_iter().map(person_of).collect(),
        reviews: pull.reviews.into_iter().map(review_of).collect::<Told<Vec<_>>>()?,
        rights: pull.rights.into_iter().map(rights).collect(),
        content: Err(Untold::not_asked()),
    })
}

fn person_of(account: github::Account) -> Person {
    Person {
        id: account.id,
        login: account.login,
        is_bot: account.is_bot,
    }
}

fn review_of(review: github::Review) -> Told<Review> {
    Ok(Review {
        id: review.id,
        by: person_of(review.by),
        state: match review.state {
            github::ReviewState::Approved => ReviewState::Approved,
            github::ReviewState::ChangesRequested => ReviewState::ChangesRequested,
            github::ReviewState::Commented => ReviewState::Commented,
            github::ReviewState::Dismissed => ReviewState::Dismissed,
        },
        commit: review.commit.as_ref().map(commit).transpose()?,
        at: review.at,
        association: review.association,
    })
}
