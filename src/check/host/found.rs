//! What a rule found.

use diag::{Diagnostic, SourceMap, Span};
use report::{Finding, Secrets};

/// One thing that a rule found, and the option that it is about.
pub(crate) struct Found {
    diagnostic: Diagnostic,
    option: Option<String>,
    /// Whether the source lines are shown.
    drawn: bool,
    /// What must not be told.
    secret: Option<String>,
}

impl Found {
    /// Returns what a diagnostic says, about no option.
    pub(crate) fn new(diagnostic: Diagnostic) -> Found {
        Found {
            diagnostic,
            option: None,
            drawn: true,
            secret: None,
        }
    }

    /// Sets the option that it is about.
    pub(crate) fn option(mut self, path: impl Into<String>) -> Found {
        self.option = Some(path.into());
        self
    }

    /// Masks a value in the source lines.
    pub(crate) fn hiding(mut self, secret: &str) -> Found {
        self.secret = Some(secret.to_owned());
        self
    }

    /// Keeps the source lines out of it.
    pub(crate) fn undrawn(mut self) -> Found {
        self.drawn = false;
        self
    }

    /// Returns where it is.
    pub(crate) fn span(&self) -> Span {
        self.diagnostic.span()
    }

    /// Returns it as a report has it.
    pub(crate) fn finding(&self, sources: &SourceMap, root: &[u8]) -> Finding {
        let mut finding = Finding::from_diagnostic(&self.diagnostic, sources, root);
        finding.option.clone_from(&self.option);
        if let Some(secret) = &self.secret {
            let mut secrets = Secrets::new();
            secrets.learn(secret);
            finding.text = secrets.drawing(&finding.text).into_owned();
        }
        // A value that is too short to be told apart from other text is not masked.
        let tells = self.secret.as_ref().is_some_and(|secret| finding.text.contains(secret));
        if !self.drawn || tells {
            finding.text.clear();
        }
        finding
    }
}
