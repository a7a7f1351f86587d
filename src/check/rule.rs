//! What a rule is: its name, what it asks for, and why.

use diag::Diagnostic;
use report::{Case, Outcome, RuleDoc, Stage};

use crate::Level;

/// A rule with its documentation, which `cfgcheck explain rule` prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its name in reports and settings: kebab-case, what it is about first, such as `input-stale`.
    pub id: &'static str,
    /// The part of a run that applies it.
    pub stage: Stage,
    /// How bad it is when it is broken, unless the settings say otherwise.
    pub level: Level,
    /// What it asks for, in one sentence without a full stop.
    pub title: &'static str,
    /// Why that matters, in a few sentences.
    pub why: &'static str,
    /// What to do about a finding.
    pub fix: &'static str,
    /// An example that breaks it.
    pub wrong: &'static str,
    /// The same, mended.
    pub right: &'static str,
}

impl Rule {
    /// Returns the case of this rule about the flake as a whole, as it is without findings: passed.
    pub fn case(&self) -> Case {
        Case::new(self.stage, self.id, Outcome::Passed).rule(self.id)
    }

    /// Returns what reports say of the rule itself.
    pub fn document(&self) -> RuleDoc {
        RuleDoc {
            id: self.id.into(),
            title: self.title.into(),
            why: self.why.into(),
            fix: self.fix.into(),
        }
    }

    /// Returns a finding of this rule that is about nothing yet.
    pub fn found(&self, message: impl Into<String>) -> Diagnostic {
        let severity = self.level.severity().unwrap_or(diag::Severity::Note);
        Diagnostic::new(severity, message).rule(self.id)
    }
}
