//! Equality and order of values.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use crate::kept::is_by_place;
use diag::Pos;

impl Evaluator {
    /// Whether two values are equal by the operator `==`.
    pub fn equal(&mut self, left: Val, right: Val, pos: Pos) -> Eval<bool> {
        // The types without parts need no depth.
        match (left.tag(), right.tag()) {
            (Tag::String, Tag::String) => return Ok(left.as_string() == right.as_string()),
            (Tag::Int, Tag::Int) => return Ok(left.as_int() == right.as_int()),
            (Tag::Bool, Tag::Bool) => return Ok(left.as_bool() == right.as_bool()),
            (Tag::Null, Tag::Null) => return Ok(true),
            (Tag::Path, Tag::Path) => return Ok(left.as_path() == right.as_path()),
            (Tag::Float, Tag::Float) => return Ok(left.as_float() == right.as_float()),
            (Tag::Int, Tag::Float) => return Ok(left.as_int().map(|n| n as f64) == right.as_float()),
            (Tag::Float, Tag::Int) => return Ok(left.as_float() == right.as_int().map(|n| n as f64)),
            (Tag::List, Tag::List) => {
                if left.as_list().map(|l| l.1) != right.as_list().map(|l| l.1) {
                    return Ok(false);
                }
            }
            _ if left.is_attrs() && right.is_attrs() => {}
            _ => return Ok(false),
        }
        let depth = self.depth;
        self.enter(pos)?;
        let result = self.equal_parts(left, right, pos);
        self.depth = depth;
        result
    }

    #[inline(never)]
    fn equal_parts(&mut self, left: Val, right: Val, pos: Pos) -> Eval<bool> {
        if left.tag() == Tag::List {
            let (a, b) = (self.elements(left), self.elements(right));
            self.spend(a.len() / 8)?;
            for (&a, &b) in a.iter().zip(b) {
                if !self.equal_cells(a, b, pos)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if self.is_derivation(left)? && self.is_derivation(right)? {
            let a = self.mem.attr(left, self.names.out_path);
            let b = self.mem.attr(right, self.names.out_path);
            if let (Some(a), Some(b)) = (a, b) {
                return self.equal_cells(a.value, b.value, pos);
            }
        }
        if self.mem.attrs_len(left) != self.mem.attrs_len(right) {
            return Ok(false);
        }
        let (a, b) = (self.mem.entries(left), self.mem.entries(right));
        for ((an, aa), (bn, ba)) in a.iter().zip(b.iter()) {
            if an != bn || !self.equal_cells(aa.value, ba.value, pos)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the values of two cells are equal; a cell is equal to itself, even a function.
    pub fn equal_cells(&mut self, left: Ref, right: Ref, pos: Pos) -> Eval<bool> {
        let a = self.force(left, pos)?;
        let b = self.force(right, pos)?;
        if left == right {
            return Ok(true);
        }
        if is_by_place(a) && is_by_place(b) {
            self.differ_by_place(left, right);
        }
        self.equal(a, b, pos)
    }

    /// Raises why two values of a failed `assert a == b` are not equal; the wording and the order of
    /// the questions are Nix's (`assertEqValues`). Returns `Ok` if they are equal after all.
    pub(crate) fn explain_unequal(&mut self, left: Val, right: Val, pos: Pos) -> Eval<()> {
        let depth = self.depth;
        self.enter(pos)?;
        let result = self.explain(left, right, pos);
        self.depth = depth;
        result
    }

    fn explain(&mut self, left: Val, right: Val, pos: Pos) -> Eval<()> {
        let numeric = |v: Val| matches!(v.tag(), Tag::Int | Tag::Float);
        if numeric(left) && numeric(right) {
            if self.equal(left, right, pos)? {
                return Ok(());
            }
            return Err(self.unequal_pair(left, right, "with"));
        }
        let kind = |v: Val| match v.tag() {
            Tag::Layered => Tag::Attrs,
            Tag::Builtin | Tag::Partial => Tag::Lambda,
            tag => tag,
        };
        if kind(left) != kind(right) {
            return Err(self.unequal_pair(left, right, "of"));
        }
        match kind(left) {
            Tag::Bool | Tag::String | Tag::Path => {
                if self.equal(left, right, pos)? {
                    return Ok(());
                }
                let word = match left.tag() {
                    Tag::Bool => "boolean",
                    Tag::String => "string",
                    _ => "path",
                };
                let (a, b) = (self.show_for_error(left), self.show_for_error(right));
                Err(self.unequal(format!("{word} '{a}' is not equal to {word} '{b}'")))
            }
            Tag::Null => Ok(()),
            Tag::List => self.explain_lists(left, right, pos),
            Tag::Attrs => self.explain_sets(left, right, pos),
            _ => Err(self.unequal(
                "distinct functions and immediate comparisons of identical functions compare as unequal".into(),
            )),
        }
    }

    fn unequal(&mut self, message: String) -> Fail {
        self.fail(ErrorKind::Assertion, message)
    }

    fn unequal_pair(&mut self, left: Val, right: Val, word: &str) -> Fail {
        let message = format!(
            "{} {word} value '{}' is not equal to {} {word} value '{}'",
            self.show_type(left),
            self.show_for_error(left),
            self.show_type(right),
            self.show_for_error(right)
        );
        self.unequal(message)
    }

    fn explain_cells(&mut self, left: Ref, right: Ref, pos: Pos) -> Eval<()> {
        let a = self.force(left, pos)?;
        let b = self.force(right, pos)?;
        if left == right {
            Ok(())
        } else {
            self.explain_unequal(a, b, pos)
        }
    }

    fn explain_lists(&mut self, left: Val, right: Val, pos: Pos) -> Eval<()> {
        let (a, b) = (self.elements(left), self.elements(right));
        if a.len() != b.len() {
            let message = format!(
                "list of size '{}' is not equal to list of size '{}', left hand side is '{}', right hand side is '{}'",
                a.len(),
                b.len(),
                self.show_for_error(left),
                self.show_for_error(right)
            );
            return Err(self.unequal(message));
        }
        for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
            if let Err(fail) = self.explain_cells(a, b, pos) {
                return Err(self.trace(fail, pos, format!("while comparing list element {i}")));
            }
        }
        Ok(())
    }

    fn explain_sets(&mut self, left: Val, right: Val, pos: Pos) -> Eval<()> {
        if self.is_derivation(left)? && self.is_derivation(right)? {
            let a = self.mem.attr(left, self.names.out_path);
            let b = self.mem.attr(right, self.names.out_path);
            if let (Some(a), Some(b)) = (a, b) {
                return self
                    .explain_cells(a.value, b.value, pos)
                    .map_err(|fail| self.trace(fail, pos, "while comparing a derivation by its 'outPath' attribute"));
            }
        }
        if self.mem.attrs_len(left) != self.mem.attrs_len(right) {
            let message = format!(
                "attribute names of attribute set '{}' differs from attribute set '{}'",
                self.show_for_error(left),
                self.show_for_error(right)
            );
            return Err(self.unequal(message));
        }
        let (a, b) = (self.mem.entries(left), self.mem.entries(right));
        for ((an, aa), (bn, ba)) in a.iter().zip(b.iter()) {
            if an != bn {
                let (l, r) = (self.show_for_error(left), self.show_for_error(right));
                let message = if self.mem.attr(right, an).is_none() {
                    format!(
                        "attribute name '{}' is contained in '{l}', but not in '{r}'",
                        self.shown_name(an)
                    )
                } else {
                    format!(
                        "attribute name '{}' is missing in '{l}', but is contained in '{r}'",
                        self.shown_name(bn)
                    )
                };
                return Err(self.unequal(message));
            }
            if let Err(mut fail) = self.explain_cells(aa.value, ba.value, pos) {
                if ba.pos.is_some() {
                    fail = self.trace(fail, ba.pos, "where right hand side is");
                }
                if aa.pos.is_some() {
                    fail = self.trace(fail, aa.pos, "where left hand side is");
                }
                let name = self.shown_name(an);
                return Err(self.trace(fail, pos, format!("while comparing attribute '{name}'")));
            }
        }
        Ok(())
    }
}
