//! What lies between what is deployed and what is to be deployed.

use super::answer::{commits, said};
use super::{GitError, Repository};
use crate::commit::Commit;
use serde::{Deserialize, Serialize};

/// Most commits that are judged at once.
pub const MOST_COMMITS: usize = 1_000;

/// How what is to be deployed stands to what is deployed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Nothing is deployed yet.
    First,
    /// They are the same commit.
    Same,
    /// It descends from what is deployed.
    Descendant,
    /// What is deployed descends from it.
    Ancestor,
    /// Neither descends from the other.
    Diverged,
    /// The repository no longer has what is deployed.
    Gone,
}

/// What a deployment brings, as Git tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct History {
    /// How it stands to what is deployed.
    pub relation: Relation,
    /// Each commit that it has and what is deployed has not, merged branches included; the newest first. At least itself.
    pub commits: Vec<Commit>,
    /// Those of them by which the branch moved on: what it was after each merge. At least the commit itself, which is first.
    pub steps: Vec<Commit>,
}

impl Repository<'_> {
    /// Returns what lies between two commits.
    pub fn history(&self, deployed: Option<&Commit>, commit: &Commit) -> Result<History, GitError> {
        let alone = |relation| History {
            relation,
            commits: vec![commit.clone()],
            steps: vec![commit.clone()],
        };
        let Some(deployed) = deployed else {
            return Ok(alone(Relation::First));
        };
        if deployed == commit {
            return Ok(alone(Relation::Same));
        }
        if !self.bring(deployed)? {
            return Ok(alone(Relation::Gone));
        }
        if !self.is_ancestor(deployed, commit)? {
            return Ok(alone(match self.is_ancestor(commit, deployed)? {
                true => Relation::Ancestor,
                false => Relation::Diverged,
            }));
        }
        let listed = |more: &[&str]| {
            let most = format!("--max-count={}", MOST_COMMITS + 1);
            let without = format!("^{}", deployed.as_str());
            let args = [&["rev-list", "--topo-order", &most], more, &[commit.as_str(), &without]].concat();
            let found = commits(&said(self.git(&args)?)?)?;
            match found.len() {
                0 => Err(GitError::Said("no commits where there have to be some".into())),
                count if count > MOST_COMMITS => Err(GitError::TooMany(MOST_COMMITS)),
                _ => Ok(found),
            }
        };
        Ok(History {
            relation: Relation::Descendant,
            commits: listed(&[])?,
            steps: listed(&["--first-parent"])?,
        })
    }
}
