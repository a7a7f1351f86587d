//! Forcing a cell to a value of a certain type, with the messages that Nix has for it.
//!
//! As in Nix, forcing to a set or list adds a frame only when the type is wrong; forcing to the
//! other types adds it to every error on the way. Builtins pass `Pos::NONE`.

use crate::error::{ErrorKind, Eval, EvalError, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Tag, Val};
use diag::Pos;

impl Evaluator {
    /// Returns the words with which messages name a value's type, as Nix's `showType`.
    pub fn show_type(&self, value: Val) -> String {
        match value.tag() {
            Tag::Null => "null".into(),
            Tag::Bool => "a Boolean".into(),
            Tag::Int => "an integer".into(),
            Tag::Float => "a float".into(),
            Tag::String if value.context() != ContextId::EMPTY => "a string with context".into(),
            Tag::String => "a string".into(),
            Tag::Path => "a path".into(),
            Tag::List => "a list".into(),
            Tag::Attrs | Tag::Layered => "a set".into(),
            Tag::Lambda => "a function".into(),
            Tag::Builtin => {
                let builtin = &self.builtins[value.as_builtin().unwrap_or(0) as usize];
                format!("the built-in function '{}'", builtin.name)
            }
            Tag::Partial => {
                let mut base = value;
                while let Some((left, _)) = base.as_partial() {
                    base = self.peek(left);
                }
                let builtin = &self.builtins[base.as_builtin().unwrap_or(0) as usize];
                format!("the partially applied built-in function '{}'", builtin.name)
            }
            Tag::Thunk | Tag::Apply | Tag::ApplyTwo => "a thunk".into(),
            Tag::Blackhole => "a black hole".into(),
            Tag::Failed => "a failure".into(),
            Tag::Open => "a value that is not known yet".into(),
        }
    }

    /// Raises that a value is not of the wanted type.
    #[cold]
    pub fn wrong_type(&mut self, wanted: &str, value: Val, pos: Pos) -> Fail {
        let message = format!(
            "expected {wanted} but found {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.fail_at(ErrorKind::Type, pos, message)
    }

    #[cold]
    pub(crate) fn not_a_list(&mut self, value: Val, pos: Pos, context: &str) -> Fail {
        let message = format!(
            "expected a list but found {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.raise(EvalError::new(ErrorKind::Type, message).with_trace(pos, context))
    }

    #[cold]
    fn not_a_set(&mut self, value: Val, pos: Pos, context: &str) -> Fail {
        let message = format!(
            "expected a set but found {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.raise(EvalError::new(ErrorKind::Type, message).with_trace(pos, context))
    }

    /// Forces a cell to a set.
    #[inline(always)]
    pub fn force_attrs(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<Val> {
        let value = self.force(cell, pos)?;
        if value.is_attrs() {
            Ok(value)
        } else {
            Err(self.not_a_set(value, pos, context))
        }
    }

    /// Forces a cell to a list and returns its elements.
    #[inline(always)]
    pub fn force_list(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<&'static [Ref]> {
        let value = self.force(cell, pos)?;
        if value.tag() == Tag::List {
            Ok(self.elements(value))
        } else {
            Err(self.not_a_list(value, pos, context))
        }
    }

    #[inline(always)]
    fn force_as<T>(
        &mut self,
        cell: Ref,
        pos: Pos,
        context: &str,
        wanted: &str,
        get: impl Fn(&mut Evaluator, Val) -> Option<T>,
    ) -> Eval<T> {
        match self.force(cell, pos) {
            Ok(value) => match get(self, value) {
                Some(found) => Ok(found),
                None => {
                    let fail = self.wrong_type(wanted, value, pos);
                    Err(self.trace(fail, pos, context))
                }
            },
            Err(fail) => Err(self.trace(fail, pos, context)),
        }
    }

    /// Forces a cell to an integer.
    pub fn force_int(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<i64> {
        self.force_as(cell, pos, context, "an integer", |_, v| v.as_int())
    }

    /// Forces a cell to a float; an integer becomes one.
    pub fn force_float(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<f64> {
        self.force_as(cell, pos, context, "a float", |_, v| {
            v.as_float().or(v.as_int().map(|n| n as f64))
        })
    }

    /// Forces a cell to a Boolean.
    pub fn force_bool(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<bool> {
        self.force_as(cell, pos, context, "a Boolean", |_, v| v.as_bool())
    }

    /// Forces a cell to a string with whatever context.
    pub fn force_string(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<Val> {
        self.force_as(cell, pos, context, "a string", |_, v| {
            (v.tag() == Tag::String).then_some(v)
        })
    }

    /// Forces a cell to a function, or a set that can be called.
    pub fn force_function(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<Val> {
        self.force_as(cell, pos, context, "a function", |ev, v| {
            (v.is_function() || ev.mem.attr(v, ev.names.functor).is_some()).then_some(v)
        })
    }

    /// Forces a cell to a string that refers to no store path, and returns its bytes.
    pub fn force_plain_string(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<&'static [u8]> {
        let value = self.force_string(cell, pos, context)?;
        self.without_context(value, pos, context)
    }

    /// Returns the bytes of a value that must be a string without context.
    pub fn expect_plain_string(&mut self, value: Val, pos: Pos, context: &str) -> Eval<&'static [u8]> {
        if value.tag() != Tag::String {
            let fail = self.wrong_type("a string", value, pos);
            return Err(self.trace(fail, pos, context));
        }
        self.without_context(value, pos, context)
    }

    fn without_context(&mut self, value: Val, pos: Pos, context: &str) -> Eval<&'static [u8]> {
        let bytes = value.as_string().unwrap_or_default();
        if value.context() == ContextId::EMPTY {
            return Ok(bytes);
        }
        let first = self.contexts.sorted(value.context()).into_iter().next();
        let message = format!(
            "the string '{}' is not allowed to refer to a store path (such as '{}')",
            String::from_utf8_lossy(bytes),
            first.map(|e| e.display()).unwrap_or_default()
        );
        Err(self.raise(EvalError::new(ErrorKind::Eval, message).with_trace(pos, context)))
    }

    /// Returns an attribute that a set must have.
    pub fn require_attr(&mut self, set: Val, name: syntax::Symbol, context: &str) -> Eval<crate::attrs::Attr> {
        match self.mem.attr(set, name) {
            Some(attr) => Ok(attr),
            None => {
                let message = format!("attribute '{}' missing", self.shown_name(name));
                Err(self.raise(EvalError::new(ErrorKind::Type, message).with_trace(Pos::NONE, context)))
            }
        }
    }

    /// Whether a set is a derivation: its `type` is `"derivation"`.
    pub fn is_derivation(&mut self, value: Val) -> Eval<bool> {
        if !value.is_attrs() {
            return Ok(false);
        }
        let Some(kind) = self.mem.attr(value, self.names.kind) else {
            return Ok(false);
        };
        let kind = self.force(kind.value, kind.pos)?;
        Ok(kind.as_string() == Some(b"derivation"))
    }
}
