//! What a rule asks for, so that a report explains itself wherever it is read.

use serde::{Deserialize, Serialize};

/// The documentation of a rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct RuleDoc {
    /// Its id, such as `secret-in-store`.
    pub id: String,
    /// What it asks for, in one sentence.
    pub title: String,
    /// Why that matters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What to do about a finding.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}
