//! Turning values into strings and paths, and joining strings.

use crate::code::Concat;
use crate::error::{ErrorKind, Eval, EvalError, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Env, Ref, Tag, Val};
use diag::Pos;

/// How far a value may be turned into a string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Coercion {
    /// Whether numbers, Booleans, null and lists are accepted too.
    pub more: bool,
    /// Whether a path is copied to the store and becomes its store path.
    pub copy: bool,
}

impl Coercion {
    /// Strings and what stands for one; paths stay what they are.
    pub const PLAIN: Coercion = Coercion {
        more: false,
        copy: false,
    };
    /// As in an interpolation.
    pub const INTERPOLATE: Coercion = Coercion {
        more: false,
        copy: true,
    };
    /// As in a derivation's environment.
    pub const DERIVATION: Coercion = Coercion { more: true, copy: true };
    /// As `toString` does.
    pub const TO_STRING: Coercion = Coercion {
        more: true,
        copy: false,
    };
}

impl Evaluator {
    /// Returns the string that a value stands for, with its context.
    pub fn coerce(&mut self, value: Val, pos: Pos, context: &str, how: Coercion) -> Eval<Val> {
        match value.tag() {
            Tag::String => return Ok(value),
            Tag::Path if !how.copy => {
                let path = value.as_path().unwrap_or_default();
                // The evaluator's own files stand at the root of a file system of their own.
                return Ok(self.mem.string(crate::files::path_of_own(path)));
            }
            _ => {}
        }
        let depth = self.depth;
        self.enter(pos)?;
        let result = if std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            Err(self.fail_at(
                ErrorKind::StackOverflow,
                pos,
                "stack overflow (possible infinite recursion)",
            ))
        } else {
            self.coerce_slow(value, pos, context, how)
        };
        self.depth = depth;
        result
    }

    /// Returns the string that the value of a cell stands for.
    pub fn coerce_cell(&mut self, cell: Ref, pos: Pos, context: &str, how: Coercion) -> Eval<Val> {
        let value = self.force(cell, pos)?;
        self.coerce(value, pos, context, how)
    }

    fn coerce_slow(&mut self, value: Val, pos: Pos, context: &str, how: Coercion) -> Eval<Val> {
        match value.tag() {
            Tag::Path => {
                let path = value.as_path().unwrap_or_default();
                self.copy_path(path)
            }
            Tag::Attrs | Tag::Layered => {
                if let Some(attr) = self.mem.attr(value, self.names.to_string) {
                    let this = self.cell(value);
                    let result = self.call_cell(attr.value, &[this], pos)?;
                    let text = "while evaluating the result of the `__toString` attribute";
                    return self.coerce(result, pos, text, how);
                }
                match self.mem.attr(value, self.names.out_path) {
                    Some(attr) => self.coerce_cell(attr.value, pos, context, how),
                    None => Err(self.cannot_coerce(value, pos, context)),
                }
            }
            Tag::Bool if how.more => Ok(self.mem.string(if value.as_bool() == Some(true) { b"1" } else { b"" })),
            Tag::Int if how.more => {
                let text = value.as_int().unwrap_or(0).to_string();
                Ok(self.mem.string(text.as_bytes()))
            }
            Tag::Float if how.more => {
                let text = crate::text::number::fixed(value.as_float().unwrap_or(0.0));
                Ok(self.mem.string(text.as_bytes()))
            }
            Tag::Null if how.more => Ok(self.mem.string(b"")),
            Tag::List if how.more => self.coerce_list(value, pos, context, how),
            _ => Err(self.cannot_coerce(value, pos, context)),
        }
    }

    fn coerce_list(&mut self, list: Val, pos: Pos, context: &str, how: Coercion) -> Eval<Val> {
        let elements = self.elements(list);
        let mut joined = Vec::new();
        let mut all = ContextId::EMPTY;
        for (i, &element) in elements.iter().enumerate() {
            let part = match self.coerce_cell(element, pos, "while evaluating one element of the list", how) {
                Ok(part) => part,
                Err(fail) => return Err(self.trace(fail, pos, context)),
            };
            joined.extend_from_slice(part.as_string().unwrap_or_default());
            self.text_room(joined.len())?;
            all = self.contexts.union(all, part.context());
            // An empty list leaves no space behind it; so Nix does, which calls it not quite right.
            let empty_list = self.peek(element).as_list().is_some_and(|l| l.1 == 0);
            if i + 1 < elements.len() && !empty_list {
                joined.push(b' ');
            }
        }
        Ok(self.mem.string_in(&joined, all))
    }

    #[cold]
    fn cannot_coerce(&mut self, value: Val, pos: Pos, context: &str) -> Fail {
        let message = format!(
            "cannot coerce {} to a string: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.raise(EvalError::new(ErrorKind::Type, message).with_trace(pos, context))
    }

    /// Returns the canonical path that a value stands for, and the context of its string.
    pub fn coerce_to_path(&mut self, cell: Ref, pos: Pos, context: &str) -> Eval<(Vec<u8>, ContextId)> {
        let value = match self.force(cell, pos) {
            Ok(value) => value,
            Err(fail) => return Err(self.trace(fail, pos, context)),
        };
        self.value_to_path(value, pos, context)
    }

    fn value_to_path(&mut self, value: Val, pos: Pos, context: &str) -> Eval<(Vec<u8>, ContextId)> {
        if let Some(path) = value.as_path() {
            return Ok((crate::text::path::canonical(path), ContextId::EMPTY));
        }
        if let Some(attr) = self.mem.attr(value, self.names.to_string) {
            let this = self.cell(value);
            let result = self.call_cell(attr.value, &[this], pos)?;
            return self.value_to_path(result, pos, context);
        }
        let string = self.coerce(value, pos, context, Coercion::PLAIN)?;
        let bytes = string.as_string().unwrap_or_default();
        if bytes.first() != Some(&b'/') {
            let message = format!(
                "string '{}' doesn't represent an absolute path",
                String::from_utf8_lossy(bytes)
            );
            return Err(self.raise(EvalError::new(ErrorKind::Eval, message).with_trace(pos, context)));
        }
        Ok((crate::text::path::canonical(bytes), string.context()))
    }

    /// Evaluates an interpolation or `+`: the first part's type decides.
    pub(crate) fn concat_strings(&mut self, concat: &'static Concat, env: Env) -> Eval<Val> {
        let base = self.scratch.len();
        let result = self.concat_parts(concat, env, base);
        self.scratch.truncate(base);
        result
    }

    fn concat_parts(&mut self, concat: &'static Concat, env: Env, base: usize) -> Eval<Val> {
        let mut kind = Tag::String;
        let mut sum = Val::int(0);
        let mut total = 0;
        let mut context = ContextId::EMPTY;
        for (i, (pos, part)) in concat.parts.iter().enumerate() {
            let pos = *pos;
            let value = self.eval(part, env)?;
            let first = i == 0 && !concat.force_string;
            if first {
                kind = value.tag();
            }
            if matches!(kind, Tag::Int | Tag::Float) {
                sum = if first { value } else { self.add(sum, value, pos)? };
                kind = sum.tag();
                continue;
            }
            let string = match value.tag() {
                Tag::String => value,
                _ => {
                    // Only a path that starts a concatenation stays a path; others are copied.
                    let how = Coercion {
                        more: false,
                        copy: kind == Tag::String,
                    };
                    self.coerce_part(value, pos, how)?
                }
            };
            total += string.as_string().map_or(0, <[u8]>::len);
            context = self.contexts.union(context, string.context());
            self.scratch.push(string);
        }
        match kind {
            Tag::Int | Tag::Float => Ok(sum),
            Tag::Path => {
                if context != ContextId::EMPTY {
                    let message = "a string that refers to a store path cannot be appended to a path";
                    return Err(self.fail_at(ErrorKind::Eval, concat.pos, message));
                }
                let mut joined = Vec::with_capacity(total);
                for part in &self.scratch[base..] {
                    joined.extend_from_slice(part.as_string().unwrap_or_default());
                }
                let path = crate::text::path::canonical(&joined);
                Ok(self.mem.path(&path))
            }
            _ => {
                if let [only] = self.scratch[base..] {
                    return Ok(only);
                }
                let parts = &self.scratch[base..];
                let bytes = self.mem.heap.alloc_bytes_with(total, |to| {
                    let mut at = 0;
                    for part in parts {
                        let bytes = part.as_string().unwrap_or_default();
                        to[at..at + bytes.len()].copy_from_slice(bytes);
                        at += bytes.len();
                    }
                });
                Ok(Val::string(bytes, context))
            }
        }
    }

    #[inline(never)]
    fn coerce_part(&mut self, value: Val, pos: Pos, how: Coercion) -> Eval<Val> {
        self.coerce(value, pos, "while evaluating a path segment", how)
    }

    fn add(&mut self, sum: Val, value: Val, pos: Pos) -> Eval<Val> {
        match (sum.as_int(), sum.as_float(), value.as_int(), value.as_float()) {
            (Some(a), _, Some(b), _) => match a.checked_add(b) {
                Some(n) => Ok(Val::int(n)),
                None => Err(self.fail_at(ErrorKind::Eval, pos, format!("integer overflow in adding {a} + {b}"))),
            },
            (Some(a), _, _, Some(b)) => Ok(Val::float(a as f64 + b)),
            (_, Some(a), Some(b), _) => Ok(Val::float(a + b as f64)),
            (_, Some(a), _, Some(b)) => Ok(Val::float(a + b)),
            (int, ..) => {
                let to = if int.is_some() { "an integer" } else { "a float" };
                let message = format!("cannot add {} to {to}", self.show_type(value));
                Err(self.fail_at(ErrorKind::Type, pos, message))
            }
        }
    }
}
