//! Whether each step of the branch came by a pull request that people have approved.
//!
//! What a deployment brings is all steps since what is deployed, so each of them needs its pull request, and not only the
//! last one: something that was pushed to the branch in between would be deployed with it.

use super::facts::{Facts, PullRequest, Review, ReviewState};
use super::judge::Judgement;
use super::refusal::{Condition, Refusal, Withdrawn};
use super::shown::Shown;
use crate::commit::Commit;
use crate::git::{Content, History};
use crate::policy;
use std::collections::BTreeMap;

pub(super) fn judge(
    judgement: &mut Judgement,
    branch: &str,
    wanted: &policy::PullRequest,
    facts: &Facts,
    history: Option<&History>,
) {
    let Some(pulls) = judgement.known(Condition::PullRequest, &facts.pull_requests) else {
        return;
    };
    // Without a history, which is refused already, the commit itself is all that is known of the steps.
    let alone = [facts.commit.clone()];
    let steps = history.map_or(&alone[..], |history| &history.steps);
    let trials: Vec<Trial<'_>> = pulls.iter().map(|pull| tried(pull, branch, wanted)).collect();
    for step in steps {
        let covering = |trial: &&Trial<'_>| trial.refusals.is_empty() && trial.covers.contains(step);
        if trials.iter().any(|trial| covering(&trial)) {
            continue;
        }
        let named: Vec<_> = trials
            .iter()
            .filter(|trial| trial.pull.steps.contains(step) || trial.covers.contains(step))
            .collect();
        if named.is_empty() {
            judgement.refuse(Refusal::NoPullRequest { step: step.clone() });
        }
        for trial in named {
            for refusal in &trial.refusals {
                judgement.refuse(refusal.clone());
            }
            if trial.refusals.is_empty() {
                judgement.refuse(Refusal::NotTheMerge {
                    number: trial.pull.number,
                    merged: trial.pull.merged.clone(),
                    step: step.clone(),
                });
            }
        }
    }
    for trial in trials {
        let needed = steps.iter().any(|step| trial.covers.contains(step));
        if needed && trial.refusals.is_empty() {
            judgement.show(Shown::Reviewed {
                number: trial.pull.number,
                head: trial.pull.head.clone(),
                merged: trial.pull.merged.clone(),
                by: trial.by,
            });
        }
    }
}

/// A pull request, and what is wrong with it.
struct Trial<'t> {
    pull: &'t PullRequest,
    covers: &'t [Commit],
    refusals: Vec<Refusal>,
    by: Vec<String>,
}

fn tried<'t>(pull: &'t PullRequest, branch: &str, wanted: &policy::PullRequest) -> Trial<'t> {
    let number = pull.number;
    let mut trial = Trial {
        pull,
        covers: &[],
        refusals: Vec::new(),
        by: Vec::new(),
    };
    if pull.base != branch {
        trial.refusals.push(Refusal::MergedElsewhere {
            number,
            base: pull.base.clone(),
            branch: branch.to_owned(),
        });
    }
    match &pull.content {
        Ok(Content::Shown { covers }) => trial.covers = covers,
        // That is told of the step that it does not cover.
        Ok(Content::Elsewhere) => {}
        Ok(Content::Differs) => trial.refusals.push(Refusal::ContentDiffers {
            number,
            head: pull.head.clone(),
            merged: pull.merged.clone(),
        }),
        Ok(Content::HeadMissing) => trial.refusals.push(Refusal::HeadMissing {
            number,
            head: pull.head.clone(),
        }),
        Err(why) => trial.refusals.push(Refusal::Unknown {
            condition: Condition::PullRequest,
            why: why.clone(),
        }),
    }
    let mut others = Vec::new();
    for review in opinions(&pull.reviews) {
        match counts(pull, review, wanted) {
            Ok(true) => trial.by.push(review.by.login.clone()),
            Ok(false) => {}
            Err(refusal) => others.push(refusal),
        }
    }
    let count = u32::try_from(trial.by.len()).unwrap_or(u32::MAX);
    if count < wanted.approvals {
        trial.refusals.push(Refusal::TooFewApprovals {
            number,
            head: pull.head.clone(),
            count,
            wanted: wanted.approvals,
        });
        // Why there are no more.
        trial.refusals.extend(others);
    }
    trial
}

/// Returns the last word of each person, by the order in which they came to it. A comment is none.
fn opinions(reviews: &[Review]) -> Vec<&Review> {
    let mut reviews: Vec<&Review> = reviews
        .iter()
        .filter(|review| review.state != ReviewState::Commented)
        .collect();
    reviews.sort_by(|a, b| (&a.at, a.id).cmp(&(&b.at, b.id)));
    let mut last: BTreeMap<u64, (usize, &Review)> = BTreeMap::new();
    for (at, review) in reviews.into_iter().enumerate() {
        last.insert(review.by.id, (at, review));
    }
    let mut last: Vec<_> = last.into_values().collect();
    last.sort_by_key(|(at, _)| *at);
    last.into_iter().map(|(_, review)| review).collect()
}

/// Whether an opinion is an approval that counts; an error if it would be one but for something.
fn counts(pull: &PullRequest, review: &Review, wanted: &policy::PullRequest) -> Result<bool, Refusal> {
    let (number, by) = (pull.number, review.by.login.clone());
    let how = match review.state {
        ReviewState::Approved => None,
        ReviewState::Dismissed => Some(Withdrawn::Dismissed),
        ReviewState::ChangesRequested => Some(Withdrawn::ChangesRequested),
        ReviewState::Commented => return Ok(false),
    };
    if let Some(how) = how {
        return Err(Refusal::ApprovalWithdrawn { number, by, how });
    }
    if review.commit.as_ref() != Some(&pull.head) {
        return Err(Refusal::StaleApproval {
            number,
            by,
            of: review.commit.clone(),
            head: pull.head.clone(),
        });
    }
    let opened = pull.author.id == review.by.id;
    if opened || pull.committers.iter().any(|person| person.id == review.by.id) {
        return Err(Refusal::SelfApproval { number, by, opened });
    }
    let named = wanted.by.iter().any(|name| name.eq_ignore_ascii_case(&by));
    if !wanted.by.is_empty() && !named {
        return Err(Refusal::NotListed { number, by });
    }
    if review.by.is_bot {
        // Its name says that it is one, so that nobody can take the name; of its rights the forge says nothing.
        return match named {
            true => Ok(true),
            false => Err(Refusal::NotAPerson { number, by }),
        };
    }
    let rights = pull.rights.iter().find(|(id, _)| *id == review.by.id);
    match rights.map(|(_, rights)| rights) {
        Some(rights) if rights.may_write => Ok(true),
        rights => Err(Refusal::NoRights {
            number,
            by,
            rights: rights.map_or_else(|| "not known".into(), |rights| rights.name.clone()),
            association: review.association.clone(),
        }),
    }
}
