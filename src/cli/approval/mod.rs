//! Whether a commit is approved: asks Git and the forge for what a policy demands, and has `deploy` judge the answers.
//!
//! Whatever fails on the way is a fact that is missing, and so a refusal of the conditions that need it.

mod told;

use crate::machine::Machine;
use deploy::approval::{Branch, Facts, Judgement, PullRequest, Told, Untold, Why, judge};
use deploy::commit::Commit;
use deploy::git::{Content, History, Landed, Place, Relation, Repository};
use deploy::signature::{self, Keys, Signature};
use deploy::{Policy, policy::Signers};
use forge::{Api, Github, Patience, Token};
use std::path::Path;
use std::time::Duration;
use sys::{Guard, ProcessExec, ProcessSpawn, RunFolder};
use told::{branch_of, check_of, of_forge, of_git, of_keys, pull_of};

/// Most steps of a branch whose pull requests are asked for at once.
const MOST_STEPS: usize = 100;
/// Longest time for all that the forge is asked of one commit.
const PATIENCE: Duration = Duration::from_secs(600);
/// Where GitHub is, if not at its own address; GitHub's own tools read it, too.
const API: &str = "GITHUB_API_URL";

/// Brings a reference, such as `refs/pull/7/head`, or says why it cannot.
pub type Bring<'b> = &'b dyn Fn(&str) -> Result<(), String>;

/// What is to be approved, and by what.
pub struct Wanted<'w> {
    /// The policy: that of what is deployed, never that of the commit.
    pub policy: &'w Policy,
    /// The folder of a repository that has the commit and what is deployed. Nothing in it is believed but objects.
    pub folder: &'w Path,
    /// The commit that is to be deployed.
    pub commit: &'w Commit,
    /// What is deployed, if anything is.
    pub deployed: Option<&'w Commit>,
    /// The newest commit of the branch, as whoever brought the repository knows it; for repositories that are on no forge.
    pub head: Option<&'w Commit>,
    /// The token for the forge, if there is one.
    pub token: Option<&'w Token>,
    /// Brings references into the folder, if it can be asked to.
    pub bring: Option<Bring<'w>>,
}

/// The variable with the token for the forge, as GitHub's own tools have it.
const TOKEN: &str = "GITHUB_TOKEN";

/// Returns the token for the forge, if the environment has one, or what is wrong with it.
pub fn token(machine: &Machine) -> Result<Option<Token>, String> {
    let token = machine.env.text(TOKEN).filter(|text| !text.trim().is_empty());
    let token = token.map(|text| Token::new(&text)).transpose();
    token.map_err(|error| format!("{TOKEN}: {error}"))
}

/// Returns the commit that a text names in a repository, or why it names none.
pub fn revision(repository: &flake::git::Repository, text: &str) -> Result<Commit, String> {
    let found = repository.revision(text).map_err(|error| error.to_string())?;
    Commit::new(&found.to_string()).map_err(|error| error.to_string())
}

/// Returns whether a commit of a clone is approved, by what the clone and the environment know; what is wrong with the
/// environment otherwise. The newest commit of the branch is the one that was brought last.
pub fn of_clone(
    machine: &Machine,
    policy: &Policy,
    (folder, clone): (&Path, &flake::git::Repository),
    commit: &Commit,
    deployed: Option<&Commit>,
    bring: Option<Bring<'_>>,
) -> Result<Judgement, String> {
    let head = revision(clone, &format!("origin/{}", policy.branch)).ok();
    let token = token(machine)?;
    let wanted = Wanted {
        policy,
        folder,
        commit,
        deployed,
        head: head.as_ref(),
        token: token.as_ref(),
        bring,
    };
    Ok(approval(machine, &wanted))
}

/// Returns what lies between what is deployed and a commit of the repository in a folder, or why that cannot be told.
pub fn history(
    machine: &Machine,
    folder: &Path,
    deployed: Option<&Commit>,
    commit: &Commit,
) -> Result<History, String> {
    let history = in_place(machine, |place| {
        Repository::copy(place, folder, commit)?.history(deployed, commit)
    })?;
    history.map_err(|error| error.to_string())
}

/// Returns whether a commit is approved: what of the policy holds and what does not. The signed verdict that a policy demands
/// is not judged here.
pub fn approval(machine: &Machine, wanted: &Wanted<'_>) -> Judgement {
    let facts = match in_place(machine, |place| found(machine, wanted, place)) {
        Ok(facts) => facts,
        Err(why) => {
            let untold = Untold::new(Why::Machine, why);
            Facts {
                history: Err(untold.clone()),
                branch: Err(untold.clone()),
                pull_requests: Err(untold.clone()),
                checks: Err(untold.clone()),
                signatures: Err(untold),
                ..Facts::none(wanted.commit.clone(), wanted.deployed.cloned())
            }
        }
    };
    judge(wanted.policy, &facts)
}

/// Returns what some work comes to that asks Git in a folder of this run, or why there is no such folder.
fn in_place<T>(machine: &Machine, work: impl FnOnce(Place<'_>) -> T) -> Result<T, String> {
    let run = run_folder(machine)?;
    let exec = run.exec(&ProcessExec);
    let path = machine.env.text("PATH").unwrap_or_default();
    Ok(work(Place {
        exec: &exec,
        fs: machine.fs.as_ref(),
        path: &path,
        folder: run.path(),
    }))
}

fn run_folder(machine: &Machine) -> Result<RunFolder, String> {
    let guard = Guard::of(machine.env.as_ref()).map_err(|error| format!("cannot find this program itself: {error}"))?;
    RunFolder::create(&machine.env.temp_dir(), &guard, &ProcessSpawn).map_err(|error| error.to_string())
}

fn found(machine: &Machine, wanted: &Wanted<'_>, place: Place<'_>) -> Facts {
    let mut facts = Facts::none(wanted.commit.clone(), wanted.deployed.cloned());
    let repository = Repository::copy(place, wanted.folder, wanted.commit).map_err(|error| of_git(&error));
    let history = repository.as_ref().map_err(Clone::clone).and_then(|repository| {
        repository
            .history(wanted.deployed, wanted.commit)
            .map_err(|error| of_git(&error))
    });
    facts.history = history;
    let repository = repository.as_ref();
    match wanted.policy.repository.strip_prefix("github:") {
        Some(name) => ask_github(machine, wanted, name, repository, &mut facts),
        None => ask_git(wanted, repository, &mut facts),
    }
    if let Some(signers) = &wanted.policy.require.signatures {
        facts.signatures = repository
            .map_err(Clone::clone)
            .and_then(|repository| signatures(machine, place, repository, signers, &facts));
    }
    facts
}

/// Returns the commits by which the branch moved on; the commit alone, if there is no history.
fn steps(facts: &Facts) -> Vec<Commit> {
    match &facts.history {
        Ok(History { steps, .. }) => steps.clone(),
        Err(_) => vec![facts.commit.clone()],
    }
}

fn signatures(
    machine: &Machine,
    place: Place<'_>,
    repository: &Repository<'_>,
    signers: &Signers,
    facts: &Facts,
) -> Told<Vec<Signature>> {
    let alone = [facts.commit.clone()];
    let commits = facts.history.as_ref().map_or(&alone[..], |history| &history.commits);
    let keys = Keys::lay_out(place, signers, machine.clock.unix_time()).map_err(|error| of_keys(&error))?;
    signature::verify(repository, commits, &keys).map_err(|error| of_git(&error))
}

/// Of a repository that is on no forge only Git knows something, and that is the branch.
fn ask_git(wanted: &Wanted<'_>, repository: Result<&Repository<'_>, &Untold>, facts: &mut Facts) {
    let nobody = || {
        let reason = format!("{} is on no forge that could be asked", wanted.policy.repository);
        Untold::new(Why::Nobody, reason)
    };
    facts.pull_requests = Err(nobody());
    facts.checks = Err(nobody());
    facts.branch = repository.map_err(Clone::clone).and_then(|repository| {
        let Some(head) = wanted.head else {
            let reason = format!("nobody says where the branch {} is", wanted.policy.branch);
            return Err(Untold::new(Why::Nobody, reason).with_hint(Some("bring it: git fetch")));
        };
        let there = |commit: &Commit| -> Told<bool> {
            let has = repository
                .bring(head)
                .and_then(|has| Ok(has && repository.is_ancestor(commit, head)?));
            has.map_err(|error| of_git(&error))
        };
        let deployed = left_behind(facts);
        Ok(Branch {
            name: wanted.policy.branch.clone(),
            head: head.clone(),
            protected: None,
            has_commit: there(&facts.commit)?,
            has_deployed: deployed.as_ref().map(there).transpose()?,
        })
    });
}

/// Returns what is deployed, if the repository has it and the commit does not descend from it.
fn left_behind(facts: &Facts) -> Option<Commit> {
    let relation = facts.history.as_ref().ok()?.relation;
    let is_left = matches!(relation, Relation::Ancestor | Relation::Diverged);
    facts.deployed.clone().filter(|_| is_left)
}

fn ask_github(
    machine: &Machine,
    wanted: &Wanted<'_>,
    name: &str,
    repository: Result<&Repository<'_>, &Untold>,
    facts: &mut Facts,
) {
    let require = &wanted.policy.require;
    let (steps, also) = (steps(facts), left_behind(facts));
    let many = require.pull_request.is_some() && steps.len() > MOST_STEPS;
    let names: Option<Vec<String>> = require
        .checks
        .as_ref()
        .map(|checks| checks.iter().map(|check| check.name.clone()).collect());
    let answers: Told<forge::approval::Approval> = (|| {
        let (name, github) = github(machine, wanted, name)?;
        let commit = of_commit(wanted.commit)?;
        let also = also.as_ref().map(of_commit).transpose()?;
        let steps = steps.iter().map(of_commit).collect::<Told<Vec<_>>>()?;
        let asked = forge::approval::Asked {
            repository: &name,
            branch: &wanted.policy.branch,
            commit: &commit,
            also: also.as_ref(),
            steps: (require.pull_request.is_some() && !many).then_some(&steps[..]),
            checks: names.as_deref(),
        };
        Ok(forge::approval::approval(&github, &asked))
    })();
    let answers = match answers {
        Ok(answers) => answers,
        Err(untold) => {
            facts.branch = Err(untold.clone());
            facts.pull_requests = Err(untold.clone());
            facts.checks = Err(untold);
            return;
        }
    };
    let branch = answers.branch.map_err(|error| of_forge(&error));
    facts.branch = branch.and_then(|state| branch_of(wanted.policy.branch.clone(), state));
    let checks = answers.checks.map_err(|error| of_forge(&error));
    facts.checks = checks.map(|runs| runs.into_iter().map(check_of).collect());
    facts.pull_requests = match many {
        true => {
            let reason = format!(
                "the branch moved on by {} steps, and at most {MOST_STEPS} are judged at once",
                steps.len()
            );
            Err(Untold::new(Why::NotAsked, reason).with_hint(Some("deploy a commit in between first")))
        }
        false => answers
            .pull_requests
            .map_err(|error| of_forge(&error))
            .and_then(|pulls| {
                let pull = |pull| {
                    let mut pull = pull_of(pull)?;
                    pull.content = content(wanted, repository, &pull, &steps);
                    Ok(pull)
                };
                pulls.into_iter().map(pull).collect()
            }),
    };
}

/// Returns whether what a pull request was merged as is what was reviewed.
fn content(
    wanted: &Wanted<'_>,
    repository: Result<&Repository<'_>, &Untold>,
    pull: &PullRequest,
    steps: &[Commit],
) -> Told<Content> {
    let repository = repository.map_err(Clone::clone)?;
    let landed = Landed {
        merged: &pull.merged,
        head: &pull.head,
        commits: &pull.commits,
    };
    let ask = || repository.content(&landed, steps).map_err(|error| of_git(&error));
    let content = ask()?;
    let Some(bring) = wanted.bring.filter(|_| content == Content::HeadMissing) else {
        return Ok(content);
    };
    // A squash leaves the reviewed commits behind, and the forge keeps them under this name.
    match bring(&format!("refs/pull/{}/head", pull.number)) {
        Ok(()) => ask(),
        Err(why) => Err(Untold::new(Why::Unreachable, why)),
    }
}

fn of_commit(commit: &Commit) -> Told<forge::Commit> {
    forge::Commit::new(commit.as_str()).map_err(|error| Untold::new(Why::Garbage, error))
}

/// Returns the repository on GitHub, and the way there.
fn github<'m>(machine: &'m Machine, wanted: &Wanted<'_>, name: &str) -> Told<(forge::Repository, Github<'m>)> {
    let nobody = |reason: &dyn std::fmt::Display| Untold::new(Why::Nobody, reason);
    let name = forge::Repository::new(name).map_err(|error| nobody(&error))?;
    let Some(token) = wanted.token else {
        return Err(
            nobody(&"there is no token for GitHub").with_hint(Some("docs/approval.md says which rights it needs"))
        );
    };
    let api = match machine.env.text(API) {
        Some(text) => Api::new(&text).map_err(|error| nobody(&error))?,
        None => Api::default(),
    };
    let patience = Patience {
        total: PATIENCE,
        ..Patience::default()
    };
    let github = Github::new(&api, token, machine.clock.as_ref(), patience).map_err(|error| of_forge(&error))?;
    Ok((name, github))
}

#[cfg(test)]
mod tests;
