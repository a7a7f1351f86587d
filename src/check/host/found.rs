//! What a rule found.

use diag::{Diagnostic, SourceMap, Span};
use report::Finding;

/// One thing that a rule found, and the option that it is about.
pub(crate) struct Found {
    diagnostic: Diagnostic,
    option: Option<String>,
    /// Whether the source lines may be shown.
    drawn: bool,
}

impl Found {
    /// Returns what a diagnostic says, about no option.
    pub(crate) fn new(diagnostic: Diagnostic) -> Found {
        Found {
            diagnostic,
            option: None,
            drawn: true,
        }
    }

    /// Sets the option that it is about.
    pub(crate) fn option(mut self, path: impl Into<String>) -> Found {
        self.option = Some(path.into());
        self
    }

    /// Keeps the source lines out of it, as they hold what must not be told.
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
        if !self.drawn {
            finding.text.clear();
        }
        finding
    }
}
