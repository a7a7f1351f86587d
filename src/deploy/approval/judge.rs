//! The judgement: a pure function of what is demanded and what is known.

use super::facts::{Branch, Facts, Told, Untold};
use super::refusal::{Condition, Refusal};
use super::shown::Shown;
use super::{checks, people, signed};
use crate::git::{History, Relation};
use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// What a judgement came to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// All that does not hold. If there is nothing, the commit is approved.
    pub refusals: Vec<Refusal>,
    /// What was shown.
    pub shown: Vec<Shown>,
}

impl Judgement {
    /// Whether all that is demanded was shown.
    pub fn is_approved(&self) -> bool {
        self.refusals.is_empty()
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        // Several steps may have one reason.
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    pub(super) fn show(&mut self, shown: Shown) {
        self.shown.push(shown);
    }

    /// Returns something that was asked for, or refuses as it is not known.
    pub(super) fn known<'t, T>(&mut self, condition: Condition, told: &'t Told<T>) -> Option<&'t T> {
        match told {
            Ok(known) => Some(known),
            Err(why) => {
                self.unknown(condition, why);
                None
            }
        }
    }

    fn unknown(&mut self, condition: Condition, why: &Untold) {
        let why = why.clone();
        self.refuse(Refusal::Unknown { condition, why });
    }
}

/// Returns all that does not hold of what a policy demands, its signed verdict aside, and what was shown of the rest.
pub fn judge(policy: &Policy, facts: &Facts) -> Judgement {
    let mut judgement = Judgement::default();
    let branch = judgement.known(Condition::Branch, &facts.branch);
    if let Some(branch) = branch {
        on_branch(&mut judgement, policy, facts, branch);
    }
    let history = judgement.known(Condition::History, &facts.history);
    let history = history.filter(|history| descends(&mut judgement, policy, facts, branch, history));
    let conditions = &policy.require;
    if let Some(wanted) = &conditions.pull_request {
        people::judge(&mut judgement, &policy.branch, wanted, facts, history);
    }
    if let Some(wanted) = &conditions.checks {
        checks::judge(&mut judgement, wanted, facts);
    }
    if conditions.signatures.is_some() {
        signed::judge(&mut judgement, facts, history);
    }
    judgement
}

fn on_branch(judgement: &mut Judgement, policy: &Policy, facts: &Facts, branch: &Branch) {
    let name = || policy.branch.clone();
    // Facts of another branch say nothing.
    let is_on = branch.has_commit && branch.name == policy.branch;
    if !is_on {
        judgement.refuse(Refusal::NotOnBranch {
            commit: facts.commit.clone(),
            branch: name(),
        });
    }
    if branch.protected == Some(false) {
        judgement.refuse(Refusal::Unprotected { branch: name() });
    }
    if is_on && branch.protected != Some(false) {
        judgement.show(Shown::OnBranch {
            branch: name(),
            head: branch.head.clone(),
            protected: branch.protected,
        });
    }
}

/// Whether what is to be deployed descends from what is deployed, and the history is one of both.
fn descends(
    judgement: &mut Judgement,
    policy: &Policy,
    facts: &Facts,
    branch: Option<&Branch>,
    history: &History,
) -> bool {
    let commit = facts.commit.clone();
    let whole = history.steps.first() == Some(&commit) && history.commits.contains(&commit);
    let Some(deployed) = facts.deployed.clone() else {
        if history.relation == Relation::First && whole {
            judgement.show(Shown::First);
            return true;
        }
        judgement.unknown(Condition::History, &Untold::not_asked());
        return false;
    };
    let refusal = match history.relation {
        Relation::Same if whole && deployed == commit => {
            judgement.show(Shown::Descends { deployed, commits: 0 });
            return true;
        }
        Relation::Descendant if whole => {
            let commits = history.commits.len();
            judgement.show(Shown::Descends { deployed, commits });
            return true;
        }
        Relation::First | Relation::Same | Relation::Descendant => {
            judgement.unknown(Condition::History, &Untold::not_asked());
            return false;
        }
        Relation::Gone => Refusal::DeployedMissing { deployed },
        Relation::Ancestor => Refusal::Downgrade { commit, deployed },
        Relation::Diverged => Refusal::NotDescendant { commit, deployed },
    };
    judgement.refuse(refusal);
    // One of the others is true beside it, and this is why.
    if let (
        Some(Branch {
            has_deployed: Some(false),
            ..
        }),
        Some(deployed),
    ) = (branch, facts.deployed.clone())
    {
        judgement.refuse(Refusal::ForcePush {
            deployed,
            branch: policy.branch.clone(),
        });
    }
    false
}
