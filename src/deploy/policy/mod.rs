//! What a host demands of a deployment, and how it knows that it is well.
//!
//! A host's policy is the one that was deployed last, never that of the commit under judgement.

use serde::{Deserialize, Serialize};

/// The policy of a host: the file `policy.yaml` that was enrolled on it, or came with what was deployed last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// Where commits come from, such as `github:acme/fleet` or `git+https://git.example.org/fleet`.
    pub repository: String,
    /// The protected branch.
    pub branch: String,
    /// What has to hold; nothing that is listed may be missing.
    pub require: Conditions,
}

/// The conditions of approval. That a commit is on the branch and descends from what is deployed is always one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Conditions {
    /// That cfgcheck has signed what it found.
    pub verdict: Option<Verdicts>,
    /// That the commit came by a merged pull request, and how that was reviewed.
    pub pull_request: Option<PullRequest>,
    /// Checks that have succeeded for the commit. A list without any is refused.
    pub checks: Option<Vec<Check>>,
    /// Whose signatures count; every commit since what is deployed needs one.
    pub signatures: Option<Signers>,
}

/// Whose verdicts count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verdicts {
    /// Public keys of ed25519, as `cfgcheck verdict keygen` prints them: `NAME:BASE64`.
    pub keys: Vec<String>,
}

/// How a pull request has to have been reviewed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PullRequest {
    /// How many people other than the author have to have approved its last commit.
    #[serde(default)]
    pub approvals: u32,
    /// Whose approvals count, by their names on the forge; anybody's with the right to write if none.
    #[serde(default)]
    pub by: Vec<String>,
}

/// A check that has to have succeeded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The number of the app that has to have run it, as anybody with the right to write can give a check any name.
    pub app: u64,
}

/// Whose signatures count.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signers {
    /// Lines of an allowed-signers file of OpenSSH.
    #[serde(default)]
    pub ssh: Vec<String>,
    /// Public keys of OpenPGP, armored.
    #[serde(default)]
    pub openpgp: Vec<String>,
}
