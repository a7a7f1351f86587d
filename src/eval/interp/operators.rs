//! Operators: what their operands must be, and what they make.

use crate::code::*;
use crate::error::{ErrorKind, Eval, EvalError, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Env, Tag, Val};
use diag::Pos;
use syntax::ast::BinaryOp;

impl Evaluator {
    #[inline(always)]
    pub(super) fn eval_bool(&mut self, code: CodeRef, env: Env, pos: Pos, context: &'static str) -> Eval<bool> {
        match self.eval(code, env) {
            Ok(value) => match value.as_bool() {
                Some(b) => Ok(b),
                None => Err(self.not_a_bool(value, pos, context)),
            },
            Err(fail) => Err(self.trace(fail, pos, context)),
        }
    }

    #[cold]
    pub(super) fn not_a_bool(&mut self, value: Val, pos: Pos, context: &'static str) -> Fail {
        let message = format!(
            "expected a Boolean but found {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.raise(
            EvalError::new(ErrorKind::Type, message)
                .at(pos)
                .with_trace(pos, context),
        )
    }

    pub(super) fn not(&mut self, not: &'static Not, env: Env) -> Eval<Val> {
        let value = self.eval_bool(&not.operand, env, not.pos, "in the argument of the not operator")?;
        Ok(Val::bool(!value))
    }

    pub(super) fn binary(&mut self, binary: &'static Binary, env: Env) -> Eval<Val> {
        // What the left operand must be for the right one to be the answer, and how messages name them.
        let (other, left, right) = match binary.op {
            BinaryOp::Eq | BinaryOp::NotEq => {
                let left = self.eval(&binary.left, env)?;
                let right = self.eval(&binary.right, env)?;
                let equal = self.equal(left, right, binary.pos)?;
                return Ok(Val::bool(equal == (binary.op == BinaryOp::Eq)));
            }
            BinaryOp::Update => return self.update(binary, env),
            BinaryOp::ConcatLists => {
                let left = self.eval(&binary.left, env)?;
                let right = self.eval(&binary.right, env)?;
                return self.concat_two(left, right, binary.pos);
            }
            BinaryOp::And => (
                true,
                "in the left operand of the AND (&&) operator",
                "in the right operand of the AND (&&) operator",
            ),
            BinaryOp::Or => (
                false,
                "in the left operand of the OR (||) operator",
                "in the right operand of the OR (||) operator",
            ),
            BinaryOp::Implies => (
                true,
                "in the left operand of the IMPL (->) operator",
                "in the right operand of the IMPL (->) operator",
            ),
        };
        if self.eval_bool(&binary.left, env, binary.pos, left)? != other {
            return Ok(Val::bool(binary.op != BinaryOp::And));
        }
        let value = self.eval_bool(&binary.right, env, binary.pos, right)?;
        Ok(Val::bool(value))
    }

    pub(super) fn update(&mut self, binary: &'static Binary, env: Env) -> Eval<Val> {
        let right = self.operand(
            &binary.right,
            env,
            binary.operands.1,
            "in the right operand of the update (//) operator",
        )?;
        let left = self.operand(
            &binary.left,
            env,
            binary.operands.0,
            "in the left operand of the update (//) operator",
        )?;
        Ok(self.mem.update(left, right))
    }

    #[inline(always)]
    pub(super) fn operand(&mut self, code: CodeRef, env: Env, pos: Pos, context: &'static str) -> Eval<Val> {
        // Nix evaluates a chain of updates as one, without a frame for those inside.
        let chained = matches!(code, Code::Binary(b) if b.op == BinaryOp::Update);
        match self.eval(code, env) {
            Ok(value) if value.is_attrs() => Ok(value),
            Ok(value) => Err(self.not_attrs(value, pos, context)),
            Err(fail) if chained => Err(fail),
            Err(fail) => Err(self.trace(fail, pos, context)),
        }
    }

    #[cold]
    pub(super) fn not_attrs(&mut self, value: Val, pos: Pos, context: &'static str) -> Fail {
        let message = format!(
            "expected a set but found {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.raise(EvalError::new(ErrorKind::Type, message).with_trace(pos, context))
    }

    pub(super) fn concat_two(&mut self, left: Val, right: Val, pos: Pos) -> Eval<Val> {
        let context = "while evaluating one of the elements to concatenate";
        let (Some((lw, ln)), Some((rw, rn))) = (left.as_list(), right.as_list()) else {
            let wrong = if left.tag() == Tag::List { right } else { left };
            return Err(self.not_a_list(wrong, pos, context));
        };
        if rn == 0 {
            return Ok(left);
        }
        if ln == 0 {
            return Ok(right);
        }
        self.spend((ln + rn) / 64)?;
        let words = self.mem.heap.alloc_words(ln + rn);
        for i in 0..ln {
            let cell = self.mem.heap.word(lw, i);
            self.mem.heap.fill_word(words, i, cell);
        }
        for i in 0..rn {
            let cell = self.mem.heap.word(rw, i);
            self.mem.heap.fill_word(words, ln + i, cell);
        }
        Ok(Val::list(words, ln + rn))
    }

    pub(super) fn arith(&mut self, arith: &'static Arith, env: Env) -> Eval<Val> {
        // The builtins evaluate their first argument first.
        let operands = self
            .eval(&arith.left, env)
            .and_then(|left| Ok((left, self.eval(&arith.right, env)?)));
        let result = match operands {
            Ok((left, right)) => {
                if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
                    match arith.op {
                        ArithOp::Less => return Ok(Val::bool(a < b)),
                        ArithOp::Sub => {
                            if let Some(n) = a.checked_sub(b) {
                                return Ok(Val::int(n));
                            }
                        }
                        ArithOp::Mul => {
                            if let Some(n) = a.checked_mul(b) {
                                return Ok(Val::int(n));
                            }
                        }
                        ArithOp::Div => {
                            if let Some(n) = a.checked_div(b) {
                                return Ok(Val::int(n));
                            }
                        }
                    }
                }
                let (left, right) = (self.cell(left), self.cell(right));
                crate::builtins::arith(self, arith.op, &[left, right])
            }
            Err(fail) => Err(fail),
        };
        match result {
            Ok(value) => Ok(value),
            Err(fail) => {
                let index = crate::builtins::arith_index(self, arith.op);
                Err(self.builtin_trace(fail, index, arith.pos))
            }
        }
    }

    /// Returns the set that `__curPos` is: file, line and column; null outside files.
    pub(crate) fn position_attrs(&mut self, pos: Pos) -> Val {
        let Some((file, line, column)) = self.sources.locate(pos) else {
            return Val::NULL;
        };
        let diag::Origin::File(path) = &file.origin else {
            return Val::NULL;
        };
        let path = crate::files::path_of_own(path).to_vec();
        let path = self.string_cell(&path);
        let line = self.cell(Val::int(i64::from(line)));
        let column = self.cell(Val::int(i64::from(column)));
        let names = &self.names;
        let attrs = vec![
            (names.file, Pos::NONE, path),
            (names.line, Pos::NONE, line),
            (names.column, Pos::NONE, column),
        ];
        self.mem.attrs_from(attrs)
    }
}
