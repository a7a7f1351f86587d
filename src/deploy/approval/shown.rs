//! What was shown of a commit, for the log.

use crate::commit::Commit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "shown", rename_all = "kebab-case")]
pub enum Shown {
    /// It is on the branch.
    OnBranch {
        /// The branch.
        branch: String,
        /// Its newest commit.
        head: Commit,
        /// Whether the forge protects it; `None` if there is no forge that could say so.
        protected: Option<bool>,
    },
    /// Nothing is deployed that it had to descend from.
    First,
    /// It is what is deployed, or descends from it.
    Descends {
        /// What is deployed.
        deployed: Commit,
        /// How many commits lie between.
        commits: usize,
    },
    /// Steps of the branch came by a pull request, as it was reviewed.
    Reviewed {
        /// The pull request.
        number: u64,
        /// Its last commit.
        head: Commit,
        /// The commit by which it was merged.
        merged: Commit,
        /// Who approved.
        by: Vec<String>,
    },
    /// A check has succeeded.
    Checked {
        /// Its name.
        name: String,
        /// The app that ran it.
        app: u64,
        /// The numbers of its runs.
        runs: Vec<u64>,
    },
    /// Commits are signed by a key of the policy.
    Signed {
        /// How many.
        commits: usize,
        /// Whose key it is, as the key says.
        by: String,
        /// The key.
        key: String,
        /// Whether it is the forge's own.
        forge: bool,
    },
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shown::OnBranch {
                branch,
                head,
                protected,
            } => {
                let protected = match protected {
                    Some(true) => "protected branch",
                    Some(false) => "unprotected branch",
                    None => "branch",
                };
                write!(f, "on the {protected} {branch}, which is at {head}")
            }
            Shown::First => f.write_str("nothing is deployed yet that it had to descend from"),
            Shown::Descends { commits: 0, deployed } => write!(f, "commit {deployed} is deployed already"),
            Shown::Descends { deployed, commits } => {
                let commits = match commits {
                    1 => "one commit".into(),
                    count => format!("{count} commits"),
                };
                write!(f, "{commits} after {deployed}, which is deployed")
            }
            Shown::Reviewed {
                number,
                head,
                merged,
                by,
            } => {
                let by = match by.is_empty() {
                    true => "no approval demanded".into(),
                    false => format!("approved by {}", by.join(", ")),
                };
                write!(f, "pull request {number}, merged by {merged} as it was at {head}, {by}")
            }
            Shown::Checked { name, app, runs } => {
                let runs: Vec<String> = runs.iter().map(u64::to_string).collect();
                write!(
                    f,
                    "the check '{name}' of app {app} has succeeded (run {})",
                    runs.join(", ")
                )
            }
            Shown::Signed {
                commits,
                by,
                key,
                forge,
            } => {
                let commits = match commits {
                    1 => "one commit is".into(),
                    count => format!("{count} commits are"),
                };
                let forge = if *forge {
                    ", the forge's own key, which proves no person"
                } else {
                    ""
                };
                write!(f, "{commits} signed by {by} ({key}){forge}")
            }
        }
    }
}
