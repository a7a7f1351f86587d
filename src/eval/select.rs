//! From outside: calling a function with named arguments, and walking along an attribute path.

use crate::error::{ErrorKind, Eval, EvalError};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use diag::Pos;
use syntax::Symbol;

/// What a top-level function lacks; Nix's words.
const MISSING_ARGUMENT: &str = "\nNix attempted to evaluate a function as a top level expression; in\nthis case it must have its arguments supplied either by default\nvalues, or passed explicitly with '--arg' or '--argstr'. See\nhttps://nix.dev/manual/nix/stable/language/syntax.html#functions.";

/// Splits an attribute path (`a.b."c.d"`) into names; an error if a quote is not closed.
pub fn split_attr_path(path: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '.' => names.push(std::mem::take(&mut name)),
            '"' => loop {
                match chars.next() {
                    Some('"') => break,
                    Some(c) => name.push(c),
                    None => return Err(format!("missing closing quote in selection path '{path}'")),
                }
            },
            c => name.push(c),
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    Ok(names)
}

impl Evaluator {
    /// Calls a function that takes a set of named arguments with those of `args` that it knows (all
    /// if it accepts any); another value is returned as it is.
    pub fn auto_call(&mut self, args: Val, function: Val) -> Eval<Val> {
        if let Some(functor) = self.mem.attr(function, self.names.functor) {
            let this = self.cell(function);
            let called = self.call_cell(functor.value, &[this], Pos::NONE)?;
            return self.auto_call(args, called);
        }
        let Some((lambda, _)) = function.as_lambda() else {
            return Ok(function);
        };
        let Some(formals) = &lambda.formals else {
            return Ok(function);
        };
        let passed = if formals.ellipsis {
            args
        } else {
            let mut list: Vec<(Symbol, Pos, Ref)> = Vec::new();
            for formal in formals.formals {
                match self.mem.attr(args, formal.name) {
                    Some(attr) => list.push((formal.name, attr.pos, attr.value)),
                    None if formal.default.is_none() => {
                        let message = format!(
                            "cannot evaluate a function that has an argument without a value ('{}'){MISSING_ARGUMENT}",
                            self.symbols.text(formal.name)
                        );
                        return Err(self.fail_at(ErrorKind::MissingArgument, formal.pos, message));
                    }
                    None => {}
                }
            }
            self.mem.attrs_from(list)
        };
        let passed = self.cell(passed);
        self.call(function, &[passed], Pos::NONE)
    }

    /// Returns what an attribute path leads to from `value`, calling functions on the way with
    /// `args`. A number selects from a list.
    pub fn walk_attr_path(&mut self, path: &str, args: Val, value: Val) -> Eval<Val> {
        let names = match split_attr_path(path) {
            Ok(names) => names,
            Err(message) => return Err(self.fail(ErrorKind::Parse, message)),
        };
        let mut value = value;
        for name in names {
            value = self.auto_call(args, value)?;
            let next = match name.parse::<u32>() {
                Ok(index) => {
                    if value.tag() != Tag::List {
                        let message = format!(
                            "the expression selected by the selection path '{path}' should be a list but is {}",
                            self.show_type(value)
                        );
                        return Err(self.fail(ErrorKind::Type, message));
                    }
                    match self.elements(value).get(index as usize) {
                        Some(&cell) => cell,
                        None => {
                            let message = format!("list index {index} in selection path '{path}' is out of range");
                            return Err(self.fail(ErrorKind::Eval, message));
                        }
                    }
                }
                Err(_) => self.attr_on_path(&name, path, value)?,
            };
            value = self.force(next, Pos::NONE)?;
        }
        Ok(value)
    }

    /// Whether an attribute path leads somewhere from `value`. What it leads to is not evaluated, and
    /// functions are not called; errors on the way are errors.
    pub fn has_attr_path(&mut self, path: &str, value: Val) -> Eval<bool> {
        let names = match split_attr_path(path) {
            Ok(names) => names,
            Err(message) => return Err(self.fail(ErrorKind::Parse, message)),
        };
        let mut value = value;
        for (i, name) in names.iter().enumerate() {
            let symbol = self.symbols.intern(name.as_bytes());
            let Some(attr) = self.mem.attr(value, symbol) else {
                return Ok(false);
            };
            if i + 1 < names.len() {
                value = self.force(attr.value, attr.pos)?;
            }
        }
        Ok(true)
    }

    fn attr_on_path(&mut self, name: &str, path: &str, value: Val) -> Eval<Ref> {
        if !value.is_attrs() {
            let message = format!(
                "the expression selected by the selection path '{path}' should be a set but is {}",
                self.show_type(value)
            );
            return Err(self.fail(ErrorKind::Type, message));
        }
        if name.is_empty() {
            return Err(self.fail(
                ErrorKind::Eval,
                format!("empty attribute name in selection path '{path}'"),
            ));
        }
        let symbol = self.symbols.intern(name.as_bytes());
        if let Some(attr) = self.mem.attr(value, symbol) {
            return Ok(attr.value);
        }
        let entries = self.mem.entries(value);
        let suggestions = self.near_names(symbol, entries.shape.keys);
        let message = format!("attribute '{name}' in selection path '{path}' not found");
        Err(self.raise(EvalError::new(ErrorKind::Eval, message).with_suggestions(suggestions)))
    }
}

#[cfg(test)]
mod tests {
    use super::split_attr_path;

    #[test]
    fn attribute_paths_are_split_as_nix_splits_them() {
        for (path, names) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a.b", &["a", "b"]),
            ("a.\"b.c\".d", &["a", "b.c", "d"]),
            ("a..b", &["a", "", "b"]),
            ("a.", &["a"]),
        ] {
            assert_eq!(split_attr_path(path).unwrap(), names, "{path}");
        }
        assert!(split_attr_path("a.\"b").is_err());
    }
}
