//! The interpreter: evaluates code in an environment.
//!
//! [`Evaluator::eval`] is one loop; what stands in tail position (a function's body, the branch of
//! a conditional, the body of a `let`) goes round the loop instead of recursing. The calls that are
//! under way this way stand in `frames`, so that depth and trace are those of Nix. What a node does
//! stands in the files beside: calls, bindings, selections, operators.

mod bindings;
mod calls;
mod operators;
mod selection;

use calls::Bound;

use crate::code::*;
use crate::error::{ErrorKind, Eval, Fail, Trace};
use crate::evaluator::{Evaluator, Frame};
use crate::heap::{Env, Ref, Tag, Val};
use diag::Pos;

impl Evaluator {
    /// Returns the environment `depth` levels up.
    #[inline(always)]
    pub(crate) fn up(&self, mut env: Env, depth: u32) -> Env {
        for _ in 0..depth {
            env = Env::from_index(self.mem.heap.word(env, 0).index());
        }
        env
    }

    /// Returns a new environment below `up` with `slots` empty slots, which start at index 1.
    #[inline(always)]
    pub(crate) fn new_env(&mut self, up: Env, slots: usize) -> Env {
        let env = self.mem.heap.alloc_words(slots + 1);
        self.mem.heap.fill_word(env, 0, Ref::from_index(up.index()));
        env
    }

    #[inline(always)]
    pub(crate) fn slot(&self, env: Env, var: Var) -> Ref {
        let env = self.up(env, var.depth);
        self.mem.heap.word(env, var.slot as usize + 1)
    }

    /// Returns the value of a cell, evaluating it if it is not yet; `pos` is where it is needed.
    #[inline(always)]
    pub fn force(&mut self, cell: Ref, pos: Pos) -> Eval<Val> {
        let value = self.mem.heap.get(cell);
        if value.is_whnf() {
            Ok(value)
        } else {
            self.force_slow(cell, value, pos)
        }
    }

    #[inline(never)]
    pub(super) fn force_slow(&mut self, cell: Ref, value: Val, pos: Pos) -> Eval<Val> {
        let label = self.enter_label(cell, value);
        let result = match value.tag() {
            Tag::Thunk => {
                let Some((code, env)) = value.as_thunk() else {
                    return Err(Fail);
                };
                self.mem.heap.set(cell, Val::BLACKHOLE);
                self.eval(code, env)
            }
            Tag::Apply => {
                let Some((function, argument)) = value.as_apply() else {
                    return Err(Fail);
                };
                self.force(function, pos).and_then(|f| self.call(f, &[argument], pos))
            }
            Tag::ApplyTwo => {
                let Some((function, arguments)) = value.as_apply_two() else {
                    return Err(Fail);
                };
                self.force(function, pos).and_then(|f| self.call(f, &arguments, pos))
            }
            Tag::Blackhole => Err(self.fail_at(ErrorKind::InfiniteRecursion, pos, "infinite recursion encountered")),
            Tag::Open => Err(self.still_open(pos)),
            _ => {
                self.mem.heap.label = label;
                return Err(self.raise_again(value.as_failed().unwrap_or(0)));
            }
        };
        self.mem.heap.label = label;
        match result {
            Ok(done) => {
                self.mem.heap.update(cell, done.labelled(value.label()));
                Ok(done)
            }
            Err(fail) => {
                let kept = self.after_failure(value);
                self.mem.heap.set(cell, kept);
                Err(fail)
            }
        }
    }

    /// Returns a cell that has, or will have, the value of `code`.
    #[inline(always)]
    pub(crate) fn delay(&mut self, code: CodeRef, env: Env) -> Ref {
        match code {
            Code::Const(cell) => *cell,
            Code::Var(var) => {
                let cell = self.slot(env, *var);
                if cell.is_some() { cell } else { self.suspend(code, env) }
            }
            Code::Lambda(lambda) => self.mem.heap.alloc(Val::lambda(lambda, env)),
            Code::Select(select) => self.delay_select(code, select, env),
            _ => self.suspend(code, env),
        }
    }

    #[inline(always)]
    pub(super) fn suspend(&mut self, code: CodeRef, env: Env) -> Ref {
        self.stats.thunks += 1;
        self.mem.heap.alloc(Val::thunk(code, env))
    }

    /// A selection whose set and value are evaluated already needs no thunk, but mostly a cell of its own:
    /// functions, and whatever holds them, are compared by their places.
    #[inline]
    pub(super) fn delay_select(&mut self, code: CodeRef, select: &'static Select, env: Env) -> Ref {
        if let (Code::Var(var), [Key::Static(name, site)]) = (&select.subject, select.path) {
            let cell = self.slot(env, *var);
            if cell.is_some() {
                let set = self.mem.heap.get(cell);
                if set.is_attrs()
                    && let Some(attr) = self.mem.attr_cached(set, *name, site)
                {
                    let value = self.mem.heap.get(attr.value);
                    if value.is_whnf() {
                        // What is compared by content alone needs no cell of its own.
                        return if value.is_plain() {
                            attr.value
                        } else {
                            self.mem.heap.alloc(value)
                        };
                    }
                }
            }
        }
        self.suspend(code, env)
    }

    /// Evaluates code in an environment.
    #[inline(always)]
    pub fn eval(&mut self, code: CodeRef, env: Env) -> Eval<Val> {
        match code {
            Code::Const(cell) => self.force(*cell, Pos::NONE),
            Code::Var(var) => {
                let cell = self.slot(env, *var);
                self.force(cell, var.pos)
            }
            Code::Lambda(lambda) => Ok(Val::lambda(lambda, env)),
            _ => self.eval_more(code, env),
        }
    }

    /// Evaluates what takes more than a look at a cell.
    #[inline(never)]
    fn eval_more(&mut self, code: CodeRef, env: Env) -> Eval<Val> {
        let here = 0u8;
        if std::ptr::from_ref(&here) as usize <= self.stack_limit {
            return Err(self.out_of_stack(position(code)));
        }
        match code {
            // What looks into the value of a variable makes nothing that is worth a region.
            Code::Select(select) if matches!(select.subject, Code::Var(_)) => {
                return match (self.select_value(select, env)?, select.default) {
                    (Some(value), _) => Ok(value),
                    (None, Some(default)) => self.eval(default, env),
                    (None, None) => Err(Fail),
                };
            }
            Code::HasAttr(has) if matches!(has.subject, Code::Var(_)) => return self.has_attr(has, env),
            _ => {}
        }
        let region = self.mem.heap.open_region();
        let result = match code {
            Code::Binary(binary) => self.binary(binary, env),
            Code::Not(not) => self.not(not, env),
            _ => self.run_framed(code, env),
        };
        self.mem.heap.close_region(&region, result.as_ref().ok().copied());
        result
    }

    /// Evaluates the body of a function inside the region of its call.
    #[inline(always)]
    pub(super) fn eval_body(&mut self, code: CodeRef, env: Env) -> Eval<Val> {
        match code {
            Code::Const(cell) => self.force(*cell, Pos::NONE),
            Code::Var(var) => {
                let cell = self.slot(env, *var);
                self.force(cell, var.pos)
            }
            Code::Lambda(lambda) => Ok(Val::lambda(lambda, env)),
            _ => self.eval_body_more(code, env),
        }
    }

    #[inline(never)]
    fn eval_body_more(&mut self, code: CodeRef, env: Env) -> Eval<Val> {
        let here = 0u8;
        if std::ptr::from_ref(&here) as usize <= self.stack_limit {
            return Err(self.out_of_stack(position(code)));
        }
        self.run_framed(code, env)
    }

    #[cold]
    fn out_of_stack(&mut self, pos: Pos) -> Fail {
        self.fail_at(
            ErrorKind::StackOverflow,
            pos,
            "stack overflow (possible infinite recursion)",
        )
    }

    /// Runs code, and takes away the frames and the depth of its calls in tail position.
    #[inline(always)]
    fn run_framed(&mut self, code: CodeRef, env: Env) -> Eval<Val> {
        let frames = self.frames.len();
        let depth = self.depth;
        let result = self.run(code, env);
        if self.frames.len() != frames {
            if result.is_err() {
                self.trace_frames(frames);
            }
            self.frames.truncate(frames);
        }
        self.depth = depth;
        result
    }

    #[cold]
    pub(super) fn trace_frames(&mut self, down_to: usize) {
        for i in (down_to..self.frames.len()).rev() {
            let Frame { lambda, pos } = self.frames[i];
            self.trace_call(lambda, pos);
        }
    }

    #[cold]
    pub(crate) fn trace_call(&mut self, lambda: &'static Lambda, pos: Pos) {
        let text = match lambda.name.get() {
            Some(name) => format!("while calling '{}'", self.symbols.text(name)),
            None => "while calling anonymous lambda".into(),
        };
        self.push_trace(Trace {
            pos: lambda.pos,
            text,
            always: false,
            call: true,
        });
        if pos.is_some() {
            self.push_trace(Trace {
                pos,
                text: "from call site".into(),
                always: false,
                call: true,
            });
        }
    }

    /// Counts one more call inside the current ones; looks at the limits now and then.
    #[inline(always)]
    pub(crate) fn enter(&mut self, pos: Pos) -> Eval<()> {
        if self.depth > self.settings.max_call_depth {
            return Err(self.too_deep(pos));
        }
        self.fuel -= 1;
        if self.fuel == 0 {
            self.check_limits()?;
        }
        // Last, as nobody takes it away again after a call that did not come about.
        self.depth += 1;
        Ok(())
    }

    #[cold]
    pub(super) fn too_deep(&mut self, pos: Pos) -> Fail {
        self.fail_at(ErrorKind::StackOverflow, pos, "stack overflow; max-call-depth exceeded")
    }

    #[inline(never)]
    pub(super) fn run(&mut self, mut code: CodeRef, mut env: Env) -> Eval<Val> {
        loop {
            match code {
                Code::Const(cell) => return self.force(*cell, Pos::NONE),
                Code::Var(var) => {
                    let cell = self.slot(env, *var);
                    return self.force(cell, var.pos);
                }
                Code::Lambda(lambda) => return Ok(Val::lambda(lambda, env)),
                Code::Call(call) => {
                    let function = self.eval(&call.function, env)?;
                    self.enter(call.pos)?;
                    match function.as_lambda() {
                        Some((lambda, up)) => {
                            let (lambda, body_env) = self.bind_call(lambda, up, call, env)?;
                            match lambda {
                                Bound::Tail(lambda) => {
                                    self.frames.push(Frame { lambda, pos: call.pos });
                                    code = &lambda.body;
                                    env = body_env;
                                }
                                Bound::Done(value) => return Ok(value),
                            }
                        }
                        None => return self.call_site(function, call, env),
                    }
                }
                Code::If(conditional) => {
                    let holds = self.eval_bool(
                        &conditional.condition,
                        env,
                        conditional.pos,
                        "while evaluating a branch condition",
                    )?;
                    code = if holds {
                        &conditional.then
                    } else {
                        &conditional.otherwise
                    };
                }
                Code::Let(bindings) => {
                    env = self.bind_let(bindings, env);
                    code = &bindings.body;
                }
                Code::With(with) => {
                    let scope = self.delay(&with.scope, env);
                    env = self.new_env(env, 1);
                    self.mem.heap.fill_word(env, 1, scope);
                    code = &with.body;
                }
                Code::Assert(assert) => {
                    let holds = self.eval_bool(
                        &assert.condition,
                        env,
                        assert.pos,
                        "in the condition of the assert statement",
                    )?;
                    if !holds {
                        return Err(self.assertion_failed(assert, env));
                    }
                    code = &assert.body;
                }
                Code::Select(select) => match (self.select_value(select, env)?, select.default) {
                    (Some(value), _) => return Ok(value),
                    (None, Some(default)) => code = default,
                    (None, None) => return Err(Fail),
                },
                Code::Attrs(attrs) => return self.make_attrs(attrs, env),
                Code::List(list) => {
                    let len = list.elements.len();
                    let words = self.mem.heap.alloc_words(len);
                    for (i, element) in list.elements.iter().enumerate() {
                        let cell = self.delay(element, env);
                        self.mem.heap.fill_word(words, i, cell);
                    }
                    return Ok(Val::list(words, len));
                }
                Code::WithVar(var) => return self.with_variable(var, env),
                Code::HasAttr(has) => return self.has_attr(has, env),
                Code::Not(not) => return self.not(not, env),
                Code::Binary(binary) => return self.binary(binary, env),
                Code::Arith(arith) => return self.arith(arith, env),
                Code::Concat(concat) => return self.concat_strings(concat, env),
                Code::CurPos(pos) => return Ok(self.position_attrs(*pos)),
                Code::File(file) => return self.eval_file_code(file),
                Code::Noted(noted) => {
                    self.note_call(code, noted);
                    code = &noted.body;
                }
                Code::Shared(shared) => match self.share(shared, env)? {
                    Some(value) => return Ok(value),
                    None => code = &shared.body,
                },
            }
        }
    }
}
