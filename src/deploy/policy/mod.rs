//! What a host demands of a deployment, and how it knows that it is well.
//!
//! A host's policy is the one that was deployed last, never that of the commit under judgement.

mod enrolled;
mod read;
mod values;

pub use enrolled::{EnrolError, enroll, enrolled, file};
pub use values::check_repository;

use report::Stage;
use serde::{Deserialize, Serialize};
use store::{HashAlgo, HashFormat};

use crate::verdict::{KeyError, PublicKey};

/// Most approvals that a policy may demand. GitHub's own branch protection ends at six.
pub const MOST_APPROVALS: u32 = 10;

/// The policy of a host: the file `policy.yaml` that was enrolled on it, or came with what was deployed last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// Where commits come from, such as `github:acme/fleet` or `git+https://git.example.org/fleet`.
    #[serde(deserialize_with = "values::repository")]
    pub repository: String,
    /// The protected branch.
    #[serde(deserialize_with = "values::branch")]
    pub branch: String,
    /// What has to hold; nothing that is listed may be missing.
    pub require: Conditions,
}

/// The conditions of approval. That a commit is on the branch and descends from what is deployed is always one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Conditions {
    /// That cfgcheck has signed what it found.
    #[serde(default, deserialize_with = "values::given", skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdicts>,
    /// That the commit came by a merged pull request, and how that was reviewed.
    #[serde(default, deserialize_with = "values::given", skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// Checks that have succeeded for the commit. A list without any is refused.
    #[serde(
        default,
        deserialize_with = "values::checks",
        skip_serializing_if = "Option::is_none"
    )]
    pub checks: Option<Vec<Check>>,
    /// Whose signatures count; every commit since what is deployed needs one.
    #[serde(default, deserialize_with = "values::given", skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Signers>,
}

/// Whose verdicts count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verdicts {
    /// Public keys of ed25519, as `cfgcheck verdict keygen` prints them: `NAME:BASE64`.
    #[serde(deserialize_with = "values::verdict_keys")]
    pub keys: Vec<String>,
    /// Stages that have to have run and passed, besides evaluation, such as `policy` or `vm`.
    #[serde(default, deserialize_with = "values::stages", skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
}

/// How a pull request has to have been reviewed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PullRequest {
    /// How many people other than the author have to have approved its last commit.
    #[serde(default, deserialize_with = "values::approvals")]
    pub approvals: u32,
    /// Whose approvals count, by their names on the forge; anybody's with the right to write if none.
    #[serde(default, deserialize_with = "values::people")]
    pub by: Vec<String>,
}

/// A check that has to have succeeded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// Its name.
    #[serde(deserialize_with = "values::check_name")]
    pub name: String,
    /// The number of the app that has to have run it, as anybody with the right to write can give a check any name.
    #[serde(deserialize_with = "values::app")]
    pub app: u64,
}

/// Whose signatures count.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signers {
    /// Lines of an allowed-signers file of OpenSSH.
    #[serde(default, deserialize_with = "values::ssh_signers")]
    pub ssh: Vec<String>,
    /// Public keys of OpenPGP, armored.
    #[serde(default, deserialize_with = "values::openpgp_keys")]
    pub openpgp: Vec<String>,
}

impl Verdicts {
    /// Returns the keys. Those of a policy that was read are all good.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, KeyError> {
        self.keys.iter().map(|key| PublicKey::parse(key)).collect()
    }
}

impl Policy {
    /// Returns the SHA-256 of what the policy says, such as `sha256-…=`, by which logs name it. How the file is laid out,
    /// and what it comments on, does not count.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("a policy has only texts as keys");
        HashAlgo::Sha256.hash(json).to_text(HashFormat::Sri, true)
    }

    /// Returns owner and name of the repository, if it is on GitHub.
    pub fn on_github(&self) -> Option<(&str, &str)> {
        self.repository.strip_prefix("github:")?.split_once('/')
    }
}

#[cfg(test)]
mod tests;
