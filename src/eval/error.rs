//! Evaluation errors: what went wrong, where, and on which way.
//!
//! A failing evaluation returns [`Fail`], which has no size; the error itself stands in the
//! evaluator until it is taken. Nothing is formatted or unwound on the way but one frame after the
//! other. As in Nix, the same error is raised again by every later use of the failed value, and
//! goes on collecting frames.

use diag::Pos;
use std::cell::RefCell;
use std::rc::Rc;

/// Tells that evaluation failed; the evaluator holds the error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fail;

/// The result of evaluating something.
pub type Eval<T> = Result<T, Fail>;

/// What kind of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// Any error that is none of the others.
    Eval,
    /// A value of the wrong type.
    Type,
    /// The source text is no Nix.
    Parse,
    /// A variable that nothing defines.
    UndefinedVariable,
    /// A top-level function lacks an argument.
    MissingArgument,
    /// `throw`. `tryEval` catches it.
    Thrown,
    /// A failed `assert`. `tryEval` catches it.
    Assertion,
    /// `abort`.
    Abort,
    /// A value that needs itself.
    InfiniteRecursion,
    /// Too many calls inside each other.
    StackOverflow,
    /// A file that is absent, unreadable or not allowed.
    Io,
    /// Import from derivation that this run does not do.
    ImportFromDerivation,
    /// A limit of this run: memory, time or steps.
    Limit,
    /// A value that is not known yet ([`crate::Evaluator::open_cell`]).
    Open,
}

impl ErrorKind {
    /// Whether `tryEval` catches it.
    pub fn is_catchable(self) -> bool {
        matches!(self, ErrorKind::Thrown | ErrorKind::Assertion)
    }

    /// Whether it tells about this run, its limits and what it knows yet, and nothing about the value:
    /// the same value may do well when it is needed from elsewhere or later.
    pub fn is_of_this_run(self) -> bool {
        matches!(self, ErrorKind::Limit | ErrorKind::StackOverflow | ErrorKind::Open)
    }

    /// Whether it is no answer, for those to whom errors are data: a limit ends all that follows as
    /// well, and what needs a value that is not known yet is to be asked again later.
    pub fn is_no_answer(self) -> bool {
        matches!(self, ErrorKind::Limit | ErrorKind::Open)
    }
}

/// A frame of the way to an error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// Where it is.
    pub pos: Pos,
    /// What was going on there.
    pub text: String,
    /// Whether it is shown however long the trace is (`addErrorContext`).
    pub always: bool,
    /// Whether Nix collects it only with `--show-trace`: a function call.
    pub call: bool,
}

/// An evaluation error.
#[derive(Clone, Debug)]
pub struct EvalError {
    /// What kind.
    pub kind: ErrorKind,
    /// The message, worded as Nix does.
    pub message: String,
    /// Where it was raised.
    pub pos: Pos,
    /// The way to it, innermost frame first.
    pub traces: Vec<Trace>,
    /// Names near to the one that is not there, best first.
    pub suggestions: Vec<String>,
    /// What could be done about it; ours, not Nix's.
    pub hint: Option<String>,
    /// Whether something of this run alone kept its text from being what it would be.
    pub(crate) unsettled: bool,
}

impl EvalError {
    /// Returns an error without position and trace.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> EvalError {
        EvalError {
            kind,
            message: message.into(),
            pos: Pos::NONE,
            traces: Vec::new(),
            suggestions: Vec::new(),
            hint: None,
            unsettled: false,
        }
    }

    /// Whether it may be another one, or none, when the same value is needed in another run or later.
    pub(crate) fn is_of_this_run(&self) -> bool {
        self.unsettled || self.kind.is_of_this_run()
    }

    /// Returns how many bytes of text it has.
    pub(crate) fn text_len(&self) -> usize {
        let frames: usize = self.traces.iter().map(|frame| frame.text.len()).sum();
        self.message.len() + frames
    }

    /// Returns it placed at `pos`.
    pub fn at(mut self, pos: Pos) -> EvalError {
        self.pos = pos;
        self
    }

    /// Returns it with a first frame.
    pub fn with_trace(mut self, pos: Pos, text: impl Into<String>) -> EvalError {
        self.traces.push(Trace {
            pos,
            text: text.into(),
            always: false,
            call: false,
        });
        self
    }

    /// Returns it with near names.
    pub fn with_suggestions(mut self, suggestions: Vec<String>) -> EvalError {
        self.suggestions = suggestions;
        self
    }

    /// Returns it with a hint.
    pub fn with_hint(mut self, hint: impl Into<String>) -> EvalError {
        self.hint = Some(hint.into());
        self
    }
}

/// An error that several failed values share.
pub type SharedError = Rc<RefCell<EvalError>>;
