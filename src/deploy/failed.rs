//! Commits that did not do on this machine: they are remembered, so that nobody tries them again without being asked to.

use crate::commit::Commit;
use crate::host::{Host, HostError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use sys::Mode;

/// The file that remembers.
const FILE: &str = "failed.json";
/// How many are remembered.
const MOST: usize = 100;

/// How a commit failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failed {
    /// How far it came.
    pub at: Stage,
    /// Why.
    pub why: String,
    /// When, in seconds since 1970.
    pub when: u64,
    /// How often.
    pub times: u32,
}

/// How often is tried what cannot be built: a network may have been the cause.
pub const MOST_BUILDS: u32 = 3;

impl Failed {
    /// Whether it is tried again without being asked for: only what has changed nothing is, and not for ever.
    pub fn may_try_again(&self) -> bool {
        self.at == Stage::Built && self.times < MOST_BUILDS
    }
}

/// How far a commit came that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It does not evaluate, or cannot be built.
    Built,
    /// It was taken back.
    Deployed,
    /// It was taken back, and what was before is not whole.
    TakenBack,
}

/// The commits that failed on a machine, by their digits.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FailedCommits(pub BTreeMap<String, Failed>);

impl FailedCommits {
    /// Returns those that a machine remembers.
    pub fn read(host: &Host<'_>) -> Result<FailedCommits, HostError> {
        let file = host.kept().join(FILE);
        if !host.has(&file)? {
            return Ok(FailedCommits::default());
        }
        serde_json::from_slice(&host.fs.read(&file)?).map_err(|error| {
            let file = file.display();
            HostError::Unknown(format!("{file} is not what cfgcheck wrote there: {error}"))
        })
    }

    /// Returns how a commit failed, if it did.
    pub fn get(&self, commit: &Commit) -> Option<&Failed> {
        self.0.get(commit.as_str())
    }
}

/// Remembers that a commit failed. The oldest ones are forgotten when there are too many.
pub fn remember(host: &Host<'_>, commit: &Commit, at: Stage, why: &str) -> Result<(), HostError> {
    let mut all = FailedCommits::read(host)?;
    let before = all.get(commit).map_or(0, |failed| failed.times);
    let failed = Failed {
        times: before.saturating_add(1),
        at,
        why: diag::clean_line(why).into_owned(),
        when: host.clock.unix_time().as_secs(),
    };
    all.0.insert(commit.as_str().to_owned(), failed);
    while all.0.len() > MOST {
        let oldest = all.0.iter().min_by_key(|(_, failed)| failed.when);
        let oldest = oldest.map(|(commit, _)| commit.clone());
        oldest.map(|oldest| all.0.remove(&oldest));
    }
    write(host, &all)
}

/// Forgets that a commit failed.
pub fn forget(host: &Host<'_>, commit: &Commit) -> Result<(), HostError> {
    let mut all = FailedCommits::read(host)?;
    match all.0.remove(commit.as_str()) {
        Some(_) => write(host, &all),
        None => Ok(()),
    }
}

fn write(host: &Host<'_>, all: &FailedCommits) -> Result<(), HostError> {
    let folder = host.kept();
    host.fs.create_dir_all(&folder)?;
    let mut text = serde_json::to_vec_pretty(all)
        .map_err(|error| HostError::Unknown(format!("the commits that failed cannot be written: {error}")))?;
    text.push(b'\n');
    host.fs.write_atomic(&folder.join(FILE), &text, Mode::Private)?;
    host.fs.sync(&folder)?;
    Ok(())
}
