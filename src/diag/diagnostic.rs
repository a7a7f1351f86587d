//! What is said about a source text: a message, the spans it is about, and how one gets there.

use crate::source::Span;

/// How bad something is, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth knowing; nothing is asked for.
    Note,
    /// Should be changed; alone it does not fail a run.
    Warning,
    /// Wrong; it fails a run.
    Error,
}

impl Severity {
    /// Returns the word that messages and formats use: `note`, `warning` or `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A span and what is said about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The exact bytes that are meant.
    pub span: Span,
    /// What is said beside the marks; may be empty.
    pub text: String,
    /// Whether this is the place of the problem (`^^^`) or only of something that explains it (`---`).
    pub primary: bool,
}

/// One step on the way to the problem, such as "while evaluating the option `x`".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// What was being done, without the ellipsis and without a place.
    pub text: String,
    /// Where; may be empty.
    pub span: Span,
}

/// A complete message about some source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that found it, such as `secret-in-store`; none for errors of the language.
    pub rule: Option<String>,
    /// What is wrong: short, without a full stop; more lines are indented.
    pub message: String,
    /// The spans it is about.
    pub labels: Vec<Label>,
    /// What more there is to know, shown as `= note:`.
    pub notes: Vec<String>,
    /// What to do about it, shown as `= help:`.
    pub hints: Vec<String>,
    /// How one gets there, the outermost step first (the order of Nix's own traces).
    pub frames: Vec<Frame>,
}

impl Diagnostic {
    /// Returns a message of this severity, about nothing yet.
    pub fn new(severity: Severity, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity,
            rule: None,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            hints: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Returns an error.
    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, message)
    }

    /// Returns a warning.
    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, message)
    }

    /// Names the rule that found it.
    pub fn rule(mut self, rule: impl Into<String>) -> Diagnostic {
        self.rule = Some(rule.into());
        self
    }

    /// Marks the place of the problem; `text` may be empty.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: true,
        });
        self
    }

    /// Marks a place that explains it.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: false,
        });
        self
    }

    /// Adds something to know.
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Adds something to do.
    pub fn hint(mut self, text: impl Into<String>) -> Diagnostic {
        self.hints.push(text.into());
        self
    }

    /// Adds an inner step of the way there.
    pub fn frame(mut self, text: impl Into<String>, span: Span) -> Diagnostic {
        self.frames.push(Frame {
            text: text.into(),
            span,
        });
        self
    }

    /// Returns the first primary span, else the first span, else an empty one.
    pub fn span(&self) -> Span {
        let primary = self
            .labels
            .iter()
            .find(|label| label.primary && label.span.start.is_some());
        let any = || self.labels.iter().find(|label| label.span.start.is_some());
        primary.or_else(any).map(|label| label.span).unwrap_or_default()
    }
}
