//! Variables of `with`, selections and tests for attributes.

use crate::code::*;
use crate::error::{ErrorKind, Eval, EvalError, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Env, Val};
use diag::Pos;
use syntax::Symbol;

impl Evaluator {
    pub(super) fn with_variable(&mut self, var: &'static WithVar, mut env: Env) -> Eval<Val> {
        for (i, &(hops, pos)) in var.scopes.iter().enumerate() {
            env = self.up(env, hops);
            let scope = self.mem.heap.word(env, 1);
            let text = "while evaluating the first subexpression of a with expression";
            let set = self.force_attrs(scope, pos, text)?;
            let found = if i == 0 {
                self.mem.attr_cached(set, var.name, &var.cache)
            } else {
                self.mem.attr(set, var.name)
            };
            if let Some(attr) = found {
                return self.force(attr.value, var.pos);
            }
        }
        let message = format!("undefined variable '{}'", self.symbols.text(var.name));
        Err(self.fail_at(ErrorKind::UndefinedVariable, var.pos, message))
    }

    /// Returns the name that a key has, evaluating it if it is computed.
    pub(super) fn key_name(&mut self, key: &'static Key, env: Env) -> Eval<Symbol> {
        match key {
            Key::Static(name, _) => Ok(*name),
            Key::Dynamic(code, _) => {
                let value = self.eval(code, env)?;
                let text = self.expect_plain_string(value, position(code), "while evaluating an attribute name")?;
                Ok(self.symbols.intern(text))
            }
        }
    }

    /// Selects what a selection names; `None` if an attribute is absent and there is a default.
    #[inline(always)]
    pub(super) fn select_value(&mut self, select: &'static Select, env: Env) -> Eval<Option<Val>> {
        let [Key::Static(name, site)] = select.path else {
            return self.select_path(select, env);
        };
        let set = self.eval(&select.subject, env)?;
        let Some(attr) = self.mem.attr_cached(set, *name, site) else {
            if select.default.is_some() {
                return Ok(None);
            }
            return Err(self.select_failed(set, *name, select, Pos::NONE, env));
        };
        let value = self.mem.heap.get(attr.value);
        if value.is_whnf() {
            return Ok(Some(value));
        }
        let pos = if attr.pos.is_some() { attr.pos } else { select.pos };
        match self.force_slow(attr.value, value, pos) {
            Ok(value) => Ok(Some(value)),
            Err(fail) => Err(self.select_trace(fail, select, env, attr.pos)),
        }
    }

    /// Selects along a path; `None` if an attribute is absent and there is a default.
    #[inline(never)]
    pub(super) fn select_path(&mut self, select: &'static Select, env: Env) -> Eval<Option<Val>> {
        let mut value = self.eval(&select.subject, env)?;
        let mut found = Pos::NONE;
        for (i, key) in select.path.iter().enumerate() {
            let name = match self.key_name(key, env) {
                Ok(name) => name,
                Err(fail) => return Err(self.select_trace(fail, select, env, found)),
            };
            let attr = match key {
                Key::Static(_, site) => self.mem.attr_cached(value, name, site),
                Key::Dynamic(..) => self.mem.attr(value, name),
            };
            let Some(attr) = attr else {
                if select.default.is_some() {
                    return Ok(None);
                }
                return Err(self.select_failed(value, name, select, found, env));
            };
            found = attr.pos;
            let last = i + 1 == select.path.len();
            let pos = if last && found.is_some() { found } else { select.pos };
            value = match self.force(attr.value, pos) {
                Ok(value) => value,
                Err(fail) => return Err(self.select_trace(fail, select, env, found)),
            };
        }
        Ok(Some(value))
    }

    #[cold]
    pub(super) fn select_failed(
        &mut self,
        value: Val,
        name: Symbol,
        select: &'static Select,
        found: Pos,
        env: Env,
    ) -> Fail {
        let fail = if value.is_attrs() {
            let entries = self.mem.entries(value);
            let suggestions = self.near_names(name, entries.shape.keys);
            let message = format!("attribute '{}' missing", self.shown_name(name));
            self.raise(
                EvalError::new(ErrorKind::Eval, message)
                    .at(select.pos)
                    .with_suggestions(suggestions),
            )
        } else {
            let message = format!(
                "expected a set but found {}: {}",
                self.show_type(value),
                self.show_for_error(value)
            );
            self.raise(EvalError::new(ErrorKind::Type, message).with_trace(select.pos, "while selecting an attribute"))
        };
        self.select_trace(fail, select, env, found)
    }

    #[cold]
    pub(super) fn select_trace(&mut self, fail: Fail, select: &'static Select, env: Env, found: Pos) -> Fail {
        if !found.is_some() || self.is_internal(found) {
            return fail;
        }
        let path = self.show_path(select.path, env);
        self.trace(fail, found, format!("while evaluating the attribute '{path}'"))
    }

    #[cold]
    pub(super) fn show_path(&mut self, path: &'static [Key], env: Env) -> String {
        let mut names = Vec::new();
        for key in path {
            // Naming a key may fail itself; the error under way must survive that.
            let under_way = self.suspend_error();
            let name = match self.key_name(key, env) {
                Ok(name) => self.shown_name(name),
                Err(_) => match key {
                    Key::Dynamic(_, span) => format!("\"${{{}}}\"", self.show_source(*span)),
                    Key::Static(name, _) => self.shown_name(*name),
                },
            };
            self.resume_error(under_way);
            names.push(name);
        }
        names.join(".")
    }

    pub(super) fn has_attr(&mut self, has: &'static HasAttr, env: Env) -> Eval<Val> {
        let mut value = self.eval(&has.subject, env)?;
        for (i, key) in has.path.iter().enumerate() {
            let name = self.key_name(key, env)?;
            let attr = match key {
                Key::Static(_, site) => self.mem.attr_cached(value, name, site),
                Key::Dynamic(..) => self.mem.attr(value, name),
            };
            match attr {
                None => return Ok(Val::FALSE),
                Some(attr) if i + 1 < has.path.len() => value = self.force(attr.value, has.pos)?,
                Some(_) => {}
            }
        }
        Ok(Val::TRUE)
    }
}
