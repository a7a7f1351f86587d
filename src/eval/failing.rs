//! What happens when something fails: errors raised, kept and put aside, source text shown, assertions
//! explained.

use crate::code::{Assert, Code};
use crate::error::{ErrorKind, EvalError, Fail, SharedError, Trace};
use crate::evaluator::Evaluator;
use crate::heap::{Env, Val};
use crate::limits::BYTES_A_STEP;
use diag::{Pos, Span};
use std::cell::RefCell;
use std::rc::Rc;
use syntax::Symbol;
use syntax::ast::BinaryOp;
use syntax::{SyntaxError, SyntaxWarning};

/// Bytes that the error of a failed value takes beside its texts.
const KEPT_ERROR: u64 = 256;

impl Evaluator {
    /// Raises an error.
    #[cold]
    pub fn raise(&mut self, error: EvalError) -> Fail {
        self.limited |= matches!(error.kind, ErrorKind::Limit | ErrorKind::StackOverflow);
        self.error = Some(Rc::new(RefCell::new(error)));
        Fail
    }

    /// Raises an error without position.
    #[cold]
    pub fn fail(&mut self, kind: ErrorKind, message: impl Into<String>) -> Fail {
        self.raise(EvalError::new(kind, message))
    }

    /// Raises an error at a position.
    #[cold]
    pub fn fail_at(&mut self, kind: ErrorKind, pos: Pos, message: impl Into<String>) -> Fail {
        self.raise(EvalError::new(kind, message).at(pos))
    }

    /// Adds a frame to the error that is under way.
    #[cold]
    pub fn trace(&mut self, fail: Fail, pos: Pos, text: impl Into<String>) -> Fail {
        self.push_trace(Trace {
            pos,
            text: text.into(),
            always: false,
            call: false,
        });
        fail
    }

    #[cold]
    pub(crate) fn push_trace(&mut self, trace: Trace) {
        if let Some(error) = &self.error {
            error.borrow_mut().traces.push(trace);
        }
    }

    /// Takes the error that is under way.
    pub fn take_error(&mut self) -> EvalError {
        self.tells_error();
        match self.error.take() {
            Some(error) => error.borrow().clone(),
            None => EvalError::new(ErrorKind::Eval, "an evaluation failed without saying why"),
        }
    }

    /// Returns what kind of error is under way.
    pub fn error_kind(&self) -> ErrorKind {
        self.error.as_ref().map_or(ErrorKind::Eval, |e| e.borrow().kind)
    }

    pub(crate) fn with_error(&mut self, change: impl FnOnce(&mut EvalError)) {
        if let Some(error) = &self.error {
            change(&mut error.borrow_mut());
        }
    }

    /// Drops the error that is under way, for `tryEval`.
    pub(crate) fn clear_error(&mut self) {
        self.error = None;
    }

    /// Replaces the error that is under way and returns what was.
    pub(crate) fn swap_error(&mut self, error: Option<SharedError>) -> Option<SharedError> {
        std::mem::replace(&mut self.error, error)
    }

    /// Returns what a thunk whose evaluation failed is from now on: the failure, or `again` if what
    /// failed was not judged: another host may need it, with time left, or more may be known by then.
    pub(crate) fn after_failure(&mut self, again: Val) -> Val {
        match &self.error {
            Some(error) if error.borrow().is_of_this_run() => again,
            _ => self.keep_failure(),
        }
    }

    fn keep_failure(&mut self) -> Val {
        let error = self.error.clone().unwrap_or_else(|| {
            Rc::new(RefCell::new(EvalError::new(
                ErrorKind::Eval,
                "an evaluation failed without saying why",
            )))
        });
        // The last error is usually the one that was kept before, on the way out.
        if let Some(last) = self.failed.last()
            && Rc::ptr_eq(last, &error)
        {
            return Val::failed(self.failed.len() as u32 - 1);
        }
        self.mem.outside += KEPT_ERROR + error.borrow().text_len() as u64;
        self.failed.push(error);
        Val::failed(self.failed.len() as u32 - 1)
    }

    /// Raises the error of a failed value anew: a copy, so that frames added from now on stay out of
    /// what the value keeps.
    pub(crate) fn raise_again(&mut self, index: u32) -> Fail {
        let kept = self.failed.get(index as usize).cloned();
        let len = kept.as_ref().map_or(0, |error| error.borrow().text_len());
        // Copies of long texts are work; if it is too much, that is the error under way.
        if self.spend(len / BYTES_A_STEP).is_ok() {
            self.error = kept.map(|error| Rc::new(RefCell::new(error.borrow().clone())));
        }
        Fail
    }

    /// Returns the whole message of a syntax error.
    pub(crate) fn syntax_message(&self, error: &SyntaxError) -> String {
        error.text(|pos| self.show_pos(pos))
    }

    /// Returns a warning of the parser as the line that is printed.
    pub(crate) fn render_syntax_warning(&self, warning: &SyntaxWarning) -> String {
        match warning {
            SyntaxWarning::OrAsName { pos, .. } => {
                format!("warning: at {}: {}", self.show_pos(*pos), warning.message())
            }
            SyntaxWarning::Lint(error) => format!("warning: {}", self.syntax_message(error)),
        }
    }

    /// Puts the error under way aside, so that something else can be evaluated.
    pub(crate) fn suspend_error(&mut self) -> Option<SharedError> {
        self.swap_error(None)
    }

    /// Makes an error that was put aside the one under way again. If only something of this run kept
    /// what was evaluated in between from saying more about it, the error is not to be kept.
    pub(crate) fn resume_error(&mut self, error: Option<SharedError>) {
        let between = self.swap_error(error);
        if between.is_some_and(|between| between.borrow().is_of_this_run()) {
            self.with_error(|error| error.unsettled = true);
        }
    }

    /// Returns a name as messages show it: quoted unless it can be written bare.
    pub(crate) fn shown_name(&self, name: Symbol) -> String {
        let mut shown = Vec::new();
        crate::text::print::push_identifier(&mut shown, self.symbols.bytes(name));
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Returns where a value comes from, as far as it tells: the place of a set or of a function,
    /// also of one that is yet to be called.
    pub(crate) fn place_of(&self, mut value: Val) -> Pos {
        loop {
            let function = value.as_apply().map(|(function, _)| function);
            let Some(function) = function.or_else(|| value.as_apply_two().map(|(function, _)| function)) else {
                break;
            };
            value = self.peek(function);
        }
        value
            .as_lambda()
            .map_or_else(|| self.mem.attrs_pos(value), |(lambda, _)| lambda.pos)
    }

    /// Returns the source text of a span.
    pub(crate) fn show_source(&self, span: Span) -> String {
        let Some((file, from)) = self.sources.lookup(span.start) else {
            return String::new();
        };
        let to = from + span.end.0.saturating_sub(span.start.0);
        let text = &self.sources.file(file).text;
        String::from_utf8_lossy(text.get(from as usize..to as usize).unwrap_or_default()).into_owned()
    }

    /// Returns an expression of the source as Nix prints it in messages: its text is parsed again.
    fn show_expression(&mut self, span: Span) -> String {
        let source = self.show_source(span);
        let arena = bumpalo::Bump::new();
        let options = syntax::ParseOptions {
            pipe_operators: self.settings.pipe_operators,
            home: self.settings.home.as_deref(),
            ..syntax::ParseOptions::new(self.base_of(span))
        };
        let parsed = syntax::parse(source.as_bytes(), diag::Pos::NONE, &mut self.symbols, &arena, &options);
        if parsed.errors.is_empty() {
            String::from_utf8_lossy(&syntax::print(parsed.root, &self.symbols)).into_owned()
        } else {
            source
        }
    }

    fn base_of(&self, span: Span) -> &'static [u8] {
        let path = self
            .sources
            .locate(span.start)
            .and_then(|(file, ..)| match &file.origin {
                diag::Origin::File(path) => Some(path.clone()),
                _ => None,
            });
        let path = path.as_deref().unwrap_or(b"/");
        self.mem.arena.alloc_slice_copy(crate::text::path::dir_name(path))
    }

    /// Raises that an assertion failed; for an equality, why it does not hold.
    #[cold]
    #[inline(never)]
    pub(crate) fn assertion_failed(&mut self, assert: &'static Assert, env: Env) -> Fail {
        let shown = self.show_expression(assert.span);
        if let Code::Binary(binary) = assert.condition
            && binary.op == BinaryOp::Eq
        {
            let left = self.eval(&binary.left, env);
            let result = left.and_then(|left| {
                let right = self.eval(&binary.right, env)?;
                self.explain_unequal(left, right, binary.pos)
            });
            if let Err(fail) = result {
                if self.error_kind() == ErrorKind::Assertion {
                    let text = format!("while evaluating the condition of the assertion '{shown}'");
                    return self.trace(fail, assert.pos, text);
                }
                return fail;
            }
        }
        self.raise(EvalError::new(ErrorKind::Assertion, format!("assertion '{shown}' failed")).at(assert.pos))
    }
}
