//! Why a commit is not approved: each reason with its own words, and with what would make it hold.

use super::facts::{Untold, Why};
use crate::commit::Commit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A condition that a policy can have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// What is to be deployed descends from what is.
    History,
    /// It is on the protected branch.
    Branch,
    /// It came by reviewed pull requests.
    PullRequest,
    /// Checks have succeeded.
    Checks,
    /// Commits are signed.
    Signatures,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::History => "history",
            Condition::Branch => "branch",
            Condition::PullRequest => "pull request",
            Condition::Checks => "checks",
            Condition::Signatures => "signatures",
        })
    }
}

/// How an approval was taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withdrawn {
    /// It was dismissed.
    Dismissed,
    /// The same person has asked for changes since.
    ChangesRequested,
}

/// Why a commit is not approved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "kebab-case")]
pub enum Refusal {
    /// Something is not known.
    #[error("{condition}: {}: {}", unknown(.why), .why.reason)]
    Unknown {
        /// The condition that cannot be judged.
        condition: Condition,
        /// Why not.
        why: Untold,
    },
    /// The commit is not on the branch.
    #[error("commit {commit} is not on the branch {branch}")]
    NotOnBranch {
        /// The commit.
        commit: Commit,
        /// The branch.
        branch: String,
    },
    /// The forge lets anybody who may write change the branch as they like.
    #[error("the branch {branch} is not protected")]
    Unprotected {
        /// The branch.
        branch: String,
    },
    /// What is deployed is no longer on the branch.
    #[error("the branch {branch} was pushed with force: it no longer has commit {deployed}, which is deployed")]
    ForcePush {
        /// What is deployed.
        deployed: Commit,
        /// The branch.
        branch: String,
    },
    /// What is deployed is newer.
    #[error("commit {commit} is older than {deployed}, which is deployed")]
    Downgrade {
        /// The commit.
        commit: Commit,
        /// What is deployed.
        deployed: Commit,
    },
    /// What is deployed would be left out.
    #[error("commit {commit} does not descend from {deployed}, which is deployed")]
    NotDescendant {
        /// The commit.
        commit: Commit,
        /// What is deployed.
        deployed: Commit,
    },
    /// What is deployed cannot be found, so that nothing can be compared with it.
    #[error("the repository has no commit {deployed}, which is deployed")]
    DeployedMissing {
        /// What is deployed.
        deployed: Commit,
    },
    /// A step of the branch came by no pull request.
    #[error("commit {step} came by no merged pull request")]
    NoPullRequest {
        /// The step.
        step: Commit,
    },
    /// A pull request was merged into another branch.
    #[error("pull request {number} was merged into {base} and not into {branch}")]
    MergedElsewhere {
        /// The pull request.
        number: u64,
        /// Where it was merged into.
        base: String,
        /// The protected branch.
        branch: String,
    },
    /// Too few people have approved the last commit of a pull request.
    #[error("pull request {number} has {} of its last commit {head}, and {wanted} are demanded", approvals(.count))]
    TooFewApprovals {
        /// The pull request.
        number: u64,
        /// Its last commit.
        head: Commit,
        /// How many count.
        count: u32,
        /// How many are demanded.
        wanted: u32,
    },
    /// Somebody approved an earlier commit.
    #[error("{by} has approved pull request {number} at {}, and not its last commit {head}", stale(.of))]
    StaleApproval {
        /// The pull request.
        number: u64,
        /// Who.
        by: String,
        /// What was approved.
        of: Option<Commit>,
        /// Its last commit.
        head: Commit,
    },
    /// Somebody approved what is their own.
    #[error("{by} has approved pull request {number}, and {} its author", if *.opened { "is" } else { "has commits in it, so is" })]
    SelfApproval {
        /// The pull request.
        number: u64,
        /// Who.
        by: String,
        /// Whether they opened it; otherwise they have commits in it.
        opened: bool,
    },
    /// Somebody's approval no longer counts.
    #[error("{by} no longer approves pull request {number}: {}", match .how { Withdrawn::Dismissed => "the approval was dismissed", Withdrawn::ChangesRequested => "changes are requested" })]
    ApprovalWithdrawn {
        /// The pull request.
        number: u64,
        /// Who.
        by: String,
        /// How.
        how: Withdrawn,
    },
    /// Somebody whom the policy does not name has approved.
    #[error("{by} has approved pull request {number}, and is none of those whose approval counts")]
    NotListed {
        /// The pull request.
        number: u64,
        /// Who.
        by: String,
    },
    /// Somebody who may not write has approved.
    #[error(
        "{by} has approved pull request {number}, and may not write to the repository (right: {rights}, association: {association})"
    )]
    NoRights {
        /// The pull request.
        number: u64,
        /// Who.
        by: String,
        /// What they may do, in the forge's word.
        rights: String,
        /// What they have to do with the repository, in the forge's word.
        association: String,
    },
    /// A program has approved.
    #[error("{by} has approved pull request {number}, and is no person")]
    NotAPerson {
        /// The pull request.
        number: u64,
        /// Which.
        by: String,
    },
    /// What was merged is not what was reviewed.
    #[error("commit {merged} is not what Git makes of the reviewed commit {head} of pull request {number}")]
    ContentDiffers {
        /// The pull request.
        number: u64,
        /// Its last commit.
        head: Commit,
        /// What was merged.
        merged: Commit,
    },
    /// What was reviewed is not there to be compared.
    #[error(
        "the repository has no commit {head}, the last one of pull request {number}, so that nobody knows whether it was merged as reviewed"
    )]
    HeadMissing {
        /// The pull request.
        number: u64,
        /// Its last commit.
        head: Commit,
    },
    /// A pull request was merged as another commit.
    #[error("commit {step} is not what pull request {number} was merged as, which is {merged}")]
    NotTheMerge {
        /// The pull request.
        number: u64,
        /// What it was merged as.
        merged: Commit,
        /// The step that it is named for.
        step: Commit,
    },
    /// The policy demands checks and names none.
    #[error("the policy demands checks and names none")]
    NoChecks,
    /// A check did not run.
    #[error("the check '{name}' of app {app} did not run for commit {commit}")]
    CheckMissing {
        /// Its name.
        name: String,
        /// The app that has to run it.
        app: u64,
        /// The commit.
        commit: Commit,
    },
    /// Somebody else has given a check the name.
    #[error("a check '{name}' ran for commit {commit}, but {} and not app {app}: the name alone says nothing", spoofer(.by))]
    CheckSpoofed {
        /// Its name.
        name: String,
        /// The app that has to run it.
        app: u64,
        /// The app that ran it.
        by: Option<u64>,
        /// The commit.
        commit: Commit,
    },
    /// A check has not ended.
    #[error("the check '{name}' of app {app} is not complete: {status}")]
    CheckRunning {
        /// Its name.
        name: String,
        /// The app.
        app: u64,
        /// How far it is, in the forge's word.
        status: String,
    },
    /// A check has not succeeded.
    #[error("the check '{name}' of app {app} has not succeeded: {conclusion} (run {run})")]
    CheckFailed {
        /// Its name.
        name: String,
        /// The app.
        app: u64,
        /// How it ended, in the forge's word.
        conclusion: String,
        /// The number of the run.
        run: u64,
    },
    /// Commits have no signature.
    #[error("{} not signed", are(.commits))]
    Unsigned {
        /// The commits.
        commits: Vec<Commit>,
    },
    /// Commits are signed by keys that the policy does not name.
    #[error("{} signed by a key that the policy does not name: {key}", are(.commits))]
    UnknownKey {
        /// The commits.
        commits: Vec<Commit>,
        /// The key.
        key: String,
    },
    /// Commits are signed by the forge's own key, which the policy does not name.
    #[error("{} signed by the forge's own key ({key}) alone, which proves only that the forge made {}", are(.commits), it(.commits))]
    ForgeSignature {
        /// The commits.
        commits: Vec<Commit>,
        /// The key.
        key: String,
    },
    /// Commits are not what was signed.
    #[error("{} not what was signed: the signature is bad", are(.commits))]
    BadSignature {
        /// The commits.
        commits: Vec<Commit>,
    },
    /// Commits are signed by a key that no longer counts, or not yet.
    #[error("{} signed by a key that has expired, or is not yet valid: {key}", are(.commits))]
    ExpiredKey {
        /// The commits.
        commits: Vec<Commit>,
        /// The key.
        key: String,
    },
    /// Commits are signed by a key that was revoked.
    #[error("{} signed by a key that was revoked: {key}", are(.commits))]
    RevokedKey {
        /// The commits.
        commits: Vec<Commit>,
        /// The key.
        key: String,
    },
    /// Signatures have expired.
    #[error("{} signed for a time that is over", are(.commits))]
    ExpiredSignature {
        /// The commits.
        commits: Vec<Commit>,
    },
    /// The signature could not be judged.
    #[error("{} signed by something that cannot be judged: {said}", are(.commits))]
    UnclearSignature {
        /// The commits.
        commits: Vec<Commit>,
        /// What the program that checks signatures says.
        said: String,
    },
    /// Commits were not looked at.
    #[error("{} not looked at for a signature", are(.commits))]
    NotVerified {
        /// The commits.
        commits: Vec<Commit>,
    },
}

impl Refusal {
    /// Returns the condition that does not hold.
    pub fn condition(&self) -> Condition {
        use Refusal::*;
        match self {
            Unknown { condition, .. } => *condition,
            NotOnBranch { .. } | Unprotected { .. } => Condition::Branch,
            ForcePush { .. } | Downgrade { .. } | NotDescendant { .. } | DeployedMissing { .. } => Condition::History,
            NoPullRequest { .. }
            | MergedElsewhere { .. }
            | TooFewApprovals { .. }
            | StaleApproval { .. }
            | SelfApproval { .. }
            | ApprovalWithdrawn { .. }
            | NotListed { .. }
            | NoRights { .. }
            | NotAPerson { .. }
            | ContentDiffers { .. }
            | HeadMissing { .. }
            | NotTheMerge { .. } => Condition::PullRequest,
            NoChecks | CheckMissing { .. } | CheckSpoofed { .. } | CheckRunning { .. } | CheckFailed { .. } => {
                Condition::Checks
            }
            Unsigned { .. }
            | UnknownKey { .. }
            | ForgeSignature { .. }
            | BadSignature { .. }
            | ExpiredKey { .. }
            | RevokedKey { .. }
            | ExpiredSignature { .. }
            | UnclearSignature { .. }
            | NotVerified { .. } => Condition::Signatures,
        }
    }

    /// Returns what would make it hold.
    pub fn hint(&self) -> String {
        use Refusal::*;
        let text = match self {
            Unknown { why, .. } => {
                return why.hint.clone().unwrap_or_else(|| remedy(why.why).to_owned());
            }
            NotOnBranch { .. } => "merge it, or deploy a commit of the branch",
            Unprotected { .. } => "protect the branch on the forge, against pushes with force at least",
            ForcePush { .. } => "find out who pushed and why; root on the host can override with a reason",
            Downgrade { .. } => {
                "revert on the branch and deploy that; `cfgcheck rollback` goes back to what ran before"
            }
            NotDescendant { .. } => "deploy a commit of the branch that has what is deployed in its history",
            DeployedMissing { .. } => "bring it: git fetch; if it is gone, the branch was pushed with force",
            NoPullRequest { .. } => {
                "bring changes to the branch by pull requests only, and forbid other pushes; past this one only root on the \
                 host can go, with a reason (--override)"
            }
            MergedElsewhere { .. } => "open a pull request into the protected branch",
            TooFewApprovals { .. } => "have it approved on the forge; that is possible after the merge, too",
            StaleApproval { .. } => "have its last commit approved",
            SelfApproval { .. } => "have it approved by somebody else",
            ApprovalWithdrawn { .. } => "settle what they ask for, and have it approved again",
            NotListed { .. } => "have it approved by somebody whom the policy names under `by`",
            NoRights { .. } => "have it approved by somebody with the right to write",
            NotAPerson { .. } => "have it approved by a person, or name the program under `by`",
            ContentDiffers { .. } => {
                "somebody changed it while merging; open a pull request with what is there now, brought up to date with \
                 the branch before the merge"
            }
            HeadMissing { number, .. } => {
                return format!("bring it: git fetch origin refs/pull/{number}/head");
            }
            NotTheMerge { .. } => "deploy what it was merged as; a commit in between was not reviewed by itself",
            NoChecks => "name the checks in the policy, each with the number of its app, or demand none",
            CheckMissing { .. } => "let it run for pushes to the branch as well, and not only for pull requests",
            CheckSpoofed { .. } => "find out who ran it; if the policy is wrong, correct the number of the app there",
            CheckRunning { .. } => "wait for it",
            CheckFailed { .. } => "mend what it found, or let that very run run again",
            Unsigned { .. } => {
                "sign commits (git config commit.gpgSign true); past one that is not, only root on the host can go, with a \
                 reason (--override)"
            }
            UnknownKey { .. } => "if the key is somebody's whom you trust, name it in the policy and deploy that first",
            ForgeSignature { .. } => {
                "merge on your own machine with a signature, or name the forge's key in the policy and demand reviews as well"
            }
            BadSignature { .. } => "do not deploy it, and find out who made it",
            ExpiredKey { .. } => {
                "sign with a key that is valid; a key whose time was extended has to be deployed first"
            }
            RevokedKey { .. } => "do not deploy it before its owner says that they made it; then sign it again",
            ExpiredSignature { .. } => "sign it again, without an end",
            UnclearSignature { .. } => "sign with OpenPGP or SSH",
            NotVerified { .. } => "this is a mistake of cfgcheck's; please report it",
        };
        text.to_owned()
    }
}

/// Returns the words for what is not known.
fn unknown(why: &Untold) -> &'static str {
    match why.why {
        Why::NotAsked => "not known",
        Why::Nobody => "nobody can tell",
        Why::RateLimited => "the forge takes no more requests",
        Why::Unreachable => "the forge cannot be reached",
        Why::Denied => "the forge does not tell",
        Why::Garbage => "the forge's answer cannot be read",
        Why::Machine => "cannot be found out",
    }
}

fn remedy(why: Why) -> &'static str {
    match why {
        Why::NotAsked => "make what is refused beside it hold first",
        Why::Nobody => "demand only what somebody can tell, or give a token",
        Why::RateLimited => "try again later",
        Why::Unreachable => "try again when the network and the forge are there",
        Why::Denied => "give the token the right to read it",
        Why::Garbage => "try again; if it stays, report it",
        Why::Machine => "mend the repository or the machine, and try again",
    }
}

fn approvals(count: &u32) -> String {
    match count {
        0 => "no approval that counts".into(),
        1 => "one approval that counts".into(),
        count => format!("{count} approvals that count"),
    }
}

fn stale(of: &Option<Commit>) -> String {
    of.as_ref()
        .map_or_else(|| "a commit that is gone".into(), Commit::to_string)
}

fn spoofer(by: &Option<u64>) -> String {
    by.map_or_else(|| "by an app that is gone".into(), |app| format!("by app {app}"))
}

/// Most commits that a message names.
const MOST_NAMED: usize = 5;

fn are(commits: &[Commit]) -> String {
    let named: Vec<String> = commits.iter().take(MOST_NAMED).map(Commit::to_string).collect();
    match commits.len() {
        1 => format!("commit {} is", named.concat()),
        count if count <= MOST_NAMED => format!("commits {} are", named.join(", ")),
        count => format!("commits {} and {} more are", named.join(", "), count - MOST_NAMED),
    }
}

fn it(commits: &[Commit]) -> &'static str {
    match commits.len() {
        1 => "it",
        _ => "them",
    }
}
