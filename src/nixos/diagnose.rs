//! From an evaluation error to a diagnostic at the user's own line.

use diag::{Diagnostic, Span};
use eval::{EvalError, Evaluator};

/// What an error means for the user.
pub struct Diagnosis {
    /// The error with the places to look at.
    pub diagnostic: Diagnostic,
    /// The option that it is about.
    pub option: Option<String>,
}

/// Returns what an error means; `root` is the folder (or store path) of the user's own flake.
pub fn diagnose(ev: &mut Evaluator, error: &EvalError, root: &[u8]) -> Diagnosis {
    let _ = (ev, root);
    let mut diagnostic = Diagnostic::error(error.message.clone());
    if error.pos.is_some() {
        diagnostic = diagnostic.at(Span::new(error.pos, error.pos.offset(1)), "");
    }
    for trace in error.traces.iter().rev() {
        diagnostic = diagnostic.frame(trace.text.clone(), Span::new(trace.pos, trace.pos.offset(1)));
    }
    Diagnosis { diagnostic, option: None }
}
