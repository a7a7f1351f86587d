//! What happens when something fails: errors put aside, source text shown, assertions explained.

use crate::code::{Assert, Code};
use crate::error::{ErrorKind, EvalError, Fail, SharedError};
use crate::evaluator::Evaluator;
use crate::heap::{Env, Val};
use diag::{Pos, Span};
use syntax::Symbol;
use syntax::ast::BinaryOp;
use syntax::{SyntaxError, SyntaxWarning};

impl Evaluator {
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

    /// Makes an error that was put aside the one under way again.
    pub(crate) fn resume_error(&mut self, error: Option<SharedError>) {
        self.swap_error(error);
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
