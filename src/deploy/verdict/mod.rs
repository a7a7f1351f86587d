//! Signed verdicts: what cfgcheck found of one host at one commit, and which system that is, in words that can be proven.
//!
//! A verdict is signed by a job of the protected branch and is verified on the host itself. What is signed are the very
//! bytes of the payload, with what they are said to be before them ([`envelope`]); nothing is written anew before it is
//! verified, so that there are no two ways to read one signature. Everything in an envelope is hostile until a key of the
//! policy has vouched for it, and even then each field has to be what is asked for ([`verify()`]).

mod closure;
mod envelope;
mod key;
mod read;
mod refusal;
mod verify;

pub use closure::{ClosureError, Difference, differences, hash_closure, place};
pub use envelope::{Envelope, Signed};
pub use key::{KeyError, PublicKey, SecretKey};
pub use read::ReadError;
pub use refusal::Refusal;
pub use verify::{SKEW, Wanted, verify};

use std::collections::BTreeMap;
use std::time::Duration;

use report::{Case, Outcome, Stage, Tool};
use serde::{Deserialize, Serialize};
use store::{Hash, StorePath};

/// The version of what is signed.
pub const FORMAT: u32 = 1;
/// Most paths of a closure. That of a large desktop has some 5,000.
pub const MOST_PATHS: usize = 50_000;
/// How long a verdict holds at most.
pub const LONGEST_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// What cfgcheck found of one host at one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Where the commit comes from, written as the policy writes it, such as `github:acme/fleet`.
    pub repository: String,
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// The commit's tree, in hexadecimal digits.
    pub tree: String,
    /// The hash of `flake.lock` in it; none if the flake has none, as it needs no input.
    pub lock: Option<Hash>,
    /// The host, by its name in the flake.
    pub host: String,
    /// The system that it is for, such as `x86_64-linux`.
    pub system: String,
    /// The derivation of the host's system.
    pub drv: StorePath,
    /// What it is built to.
    pub out: StorePath,
    /// All paths that the built system needs, itself included, with the SHA-256 of their archives.
    pub closure: BTreeMap<StorePath, Hash>,
    /// What ran, and how it ended.
    pub results: Results,
    /// When it was made, since 1970-01-01 UTC, in whole seconds.
    pub made: Duration,
    /// When it ceases to hold.
    pub expires: Duration,
}

/// What ran, and how it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Results {
    /// The program that judged.
    pub tool: Tool,
    /// The counts of each stage that ran.
    pub stages: BTreeMap<Stage, Counts>,
    /// Findings that are errors.
    pub errors: u64,
    /// Findings that are warnings.
    pub warnings: u64,
    /// Findings that do not count, as a waiver, a comment or the baseline says.
    pub waived: u64,
}

/// How the cases of a stage ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Counts {
    /// Cases that passed.
    pub passed: u64,
    /// Cases that failed.
    pub failed: u64,
    /// Cases that were left out.
    pub skipped: u64,
    /// Cases that could not be judged.
    pub errored: u64,
    /// Cases that broke cfgcheck.
    pub crashed: u64,
}

impl Results {
    /// Returns what cases come to.
    pub fn of<'c>(tool: Tool, cases: impl Iterator<Item = &'c Case>) -> Results {
        let mut results = Results {
            tool,
            stages: BTreeMap::new(),
            errors: 0,
            warnings: 0,
            waived: 0,
        };
        for case in cases {
            let counts = results.stages.entry(case.subject.stage).or_default();
            *match case.outcome {
                Outcome::Passed => &mut counts.passed,
                Outcome::Failed => &mut counts.failed,
                Outcome::Skipped(_) => &mut counts.skipped,
                Outcome::Errored => &mut counts.errored,
                Outcome::Crashed => &mut counts.crashed,
            } += 1;
            for finding in &case.findings {
                match finding.severity {
                    diag::Severity::Error => results.errors += 1,
                    diag::Severity::Warning => results.warnings += 1,
                    diag::Severity::Note => {}
                }
            }
            results.waived += case.waived.len() as u64;
        }
        results
    }

    /// Whether a stage ran: that something of it was judged, and passed.
    pub fn has_run(&self, stage: Stage) -> bool {
        self.stages.get(&stage).is_some_and(|counts| counts.passed > 0)
    }
}

impl Counts {
    /// Returns how many cases did not pass although they were judged, or were to be.
    pub fn bad(&self) -> u64 {
        [self.failed, self.errored, self.crashed]
            .iter()
            .fold(0, |sum: u64, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests;
