//! Whether commits are signed by whom the policy names, as Git itself finds with keys that are pinned.
//!
//! Git leaves the checking to `gpg` and `ssh-keygen`. Both get keys of the policy and no others: a keyring that is made for
//! this run, and a file of allowed signers. Nobody's own keyring, settings or trust counts, and none of the repository's
//! ([`crate::git`]). A key that has expired by now signs nothing any more, whatever time a commit gives itself.

mod keyring;
mod openpgp;
mod ssh;

pub use keyring::{KeyError, Keys};

pub(crate) use keyring::KEYRING;

use crate::commit::Commit;
use crate::git::{GitError, Repository};
use serde::{Deserialize, Serialize};

/// What a commit's signature is worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is by a key of the policy.
    Good {
        /// Whose, as the key or the list of signers says.
        by: String,
        /// The key.
        key: String,
        /// Whether the key is the forge's own: then nobody but the forge says that somebody wanted this.
        forge: bool,
    },
    /// There is none.
    Unsigned,
    /// It is by a key that the policy does not name.
    UnknownKey {
        /// The key.
        key: String,
    },
    /// It is by the forge's own key, which the policy does not name.
    ForgeOnly {
        /// The key.
        key: String,
    },
    /// The commit is not what was signed.
    Bad,
    /// The key has expired.
    ExpiredKey {
        /// The key.
        key: String,
    },
    /// The key was revoked.
    RevokedKey {
        /// The key.
        key: String,
    },
    /// The signature itself has expired.
    Expired,
    /// The program that checks it says something else.
    Unclear {
        /// What it says.
        said: String,
    },
}

/// A commit and what its signature is worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// The commit.
    pub commit: Commit,
    /// What its signature is worth.
    pub standing: Standing,
}

/// Returns what the signature of each of these commits is worth.
pub fn verify(repository: &Repository<'_>, commits: &[Commit], keys: &Keys) -> Result<Vec<Signature>, GitError> {
    let settings = keys.settings();
    let signature = |commit: &Commit| {
        let (code, said) = repository.verify(commit, &settings)?;
        Ok(Signature {
            commit: commit.clone(),
            standing: standing(code, &said, keys),
        })
    };
    commits.iter().map(signature).collect()
}

/// Returns what Git's answer to `verify-commit --raw` means.
fn standing(code: i32, said: &str, keys: &Keys) -> Standing {
    if said.lines().any(|line| line.starts_with(openpgp::PREFIX)) {
        return openpgp::standing(code, said, keys);
    }
    if let Some(standing) = ssh::standing(code, said, keys) {
        return standing;
    }
    match (code, said.trim()) {
        (1, "") => Standing::Unsigned,
        _ => unclear(code, said),
    }
}

/// Returns that the program that checks signatures says what is none of the answers that it has.
fn unclear(code: i32, said: &str) -> Standing {
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let said: String = diag::clean_line(first).chars().take(200).collect();
    Standing::Unclear {
        said: match said.is_empty() {
            true => format!("nothing, with code {code}"),
            false => said,
        },
    }
}

#[cfg(test)]
mod tests;
