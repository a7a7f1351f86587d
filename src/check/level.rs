//! How bad it is when a rule is broken.

use diag::Severity;
use serde::{Deserialize, Serialize};

/// How bad it is when a rule is broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The rule is not applied.
    Off,
    /// It is worth knowing.
    Note,
    /// It should be changed; alone it does not fail a run.
    Warning,
    /// It fails a run.
    Error,
}

impl Level {
    /// Returns the severity of findings of this level; none where the rule is off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Note => Some(Severity::Note),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }

    /// Returns the word for it in settings, such as `warning`.
    pub fn name(self) -> &'static str {
        self.severity().map_or("off", Severity::name)
    }
}
