//! The interpreter: evaluates code in an environment.
//!
//! [`Evaluator::eval`] is one loop; what stands in tail position (a function's body, the branch of
//! a conditional, the body of a `let`) goes round the loop instead of recursing. The calls that are
//! under way this way stand in `frames`, so that depth and trace are those of Nix.

use crate::code::*;
use crate::error::{ErrorKind, Eval, EvalError, Fail, Trace};
use crate::evaluator::{Evaluator, FUEL, Frame};
use crate::heap::{Env, Ref, Tag, Val};
use diag::Pos;
use syntax::Symbol;
use syntax::ast::BinaryOp;

impl Evaluator {
    /// Returns the environment `depth` levels up.
    #[inline(always)]
    fn up(&self, mut env: Env, depth: u32) -> Env {
        for _ in 0..depth {
            env = Env::from_index(self.mem.heap.word(env, 0).index());
        }
        env
    }

    /// Returns a new environment below `up` with `slots` empty slots, which start at index 1.
    #[inline(always)]
    pub(crate) fn new_env(&mut self, up: Env, slots: usize) -> Env {
        let env = self.mem.heap.alloc_words(slots + 1);
        self.mem.heap.set_word(env, 0, Ref::from_index(up.index()));
        env
    }

    #[inline(always)]
    fn slot(&self, env: Env, var: Var) -> Ref {
        let env = self.up(env, var.depth);
        self.mem.heap.word(env, var.slot as usize + 1)
    }

    /// Returns the value of a cell, evaluating it if it is not yet; `pos` is where it is needed.
    #[inline(always)]
    pub fn force(&mut self, cell: Ref, pos: Pos) -> Eval<Val> {
        let value = self.mem.heap.get(cell);
        if value.is_whnf() { Ok(value) } else { self.force_slow(cell, value, pos) }
    }

    #[inline(never)]
    fn force_slow(&mut self, cell: Ref, value: Val, pos: Pos) -> Eval<Val> {
        let result = match value.tag() {
            Tag::Thunk => {
                let Some((code, env)) = value.as_thunk() else { return Err(Fail) };
                self.mem.heap.set(cell, Val::BLACKHOLE);
                self.eval(code, env)
            }
            Tag::Apply => {
                let Some((function, argument)) = value.as_apply() else { return Err(Fail) };
                self.force(function, pos).and_then(|f| self.call(f, &[argument], pos))
            }
            Tag::Blackhole => {
                Err(self.fail_at(ErrorKind::InfiniteRecursion, pos, "infinite recursion encountered"))
            }
            _ => return Err(self.raise_again(value.as_failed().unwrap_or(0))),
        };
        match result {
            Ok(done) => {
                self.mem.heap.set(cell, done);
                Ok(done)
            }
            Err(fail) => {
                let failed = self.keep_failure();
                self.mem.heap.set(cell, failed);
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
    fn suspend(&mut self, code: CodeRef, env: Env) -> Ref {
        self.stats.thunks += 1;
        self.mem.heap.alloc(Val::thunk(code, env))
    }

    /// A selection whose set and value are evaluated already needs no thunk (but a cell of its own).
    #[inline]
    fn delay_select(&mut self, code: CodeRef, select: &'static Select, env: Env) -> Ref {
        if let (Code::Var(var), [Key::Static(name, site)]) = (select.subject, select.path) {
            let cell = self.slot(env, *var);
            if cell.is_some() {
                let set = self.mem.heap.get(cell);
                if set.is_attrs()
                    && let Some(attr) = self.mem.attr_cached(set, *name, site)
                {
                    let value = self.mem.heap.get(attr.value);
                    if value.is_whnf() {
                        return self.mem.heap.alloc(value);
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
            _ => self.eval_tail(code, env),
        }
    }

    #[inline(never)]
    fn eval_tail(&mut self, code: CodeRef, env: Env) -> Eval<Val> {
        let frames = self.frames.len();
        let depth = self.depth;
        let result = if std::ptr::from_ref(&frames) as usize <= self.stack_limit {
            Err(self.fail_at(ErrorKind::StackOverflow, position(code), "stack overflow (possible infinite recursion)"))
        } else {
            self.run(code, env)
        };
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
    fn trace_frames(&mut self, down_to: usize) {
        for i in (down_to..self.frames.len()).rev() {
            let Frame { lambda, pos } = self.frames[i];
            self.trace_call(lambda, pos);
        }
    }

    #[cold]
    fn trace_call(&mut self, lambda: &'static Lambda, pos: Pos) {
        let text = match lambda.name.get() {
            Some(name) => format!("while calling '{}'", self.symbols.text(name)),
            None => "while calling anonymous lambda".into(),
        };
        self.push_trace(Trace { pos: lambda.pos, text, always: false, call: true });
        if pos.is_some() {
            self.push_trace(Trace { pos, text: "from call site".into(), always: false, call: true });
        }
    }

    /// Counts one more call inside the current ones; looks at the limits now and then.
    #[inline(always)]
    pub(crate) fn enter(&mut self, pos: Pos) -> Eval<()> {
        if self.depth > self.settings.max_call_depth {
            return Err(self.too_deep(pos));
        }
        self.depth += 1;
        self.fuel -= 1;
        if self.fuel == 0 {
            self.check_limits()?;
        }
        Ok(())
    }

    #[cold]
    fn too_deep(&mut self, pos: Pos) -> Fail {
        self.fail_at(ErrorKind::StackOverflow, pos, "stack overflow; max-call-depth exceeded")
    }

    #[cold]
    fn check_limits(&mut self) -> Eval<()> {
        self.fuel = FUEL;
        if self.mem.heap.over_limit() {
            let used = self.mem.used() >> 20;
            return Err(self.fail(ErrorKind::Limit, format!("evaluation used more memory than allowed ({used} MiB)")));
        }
        if let Some(deadline) = self.deadline
            && self.io.elapsed_millis() > deadline
        {
            let limit = self.settings.max_millis.unwrap_or(0);
            return Err(self.fail(ErrorKind::Limit, format!("evaluation took longer than allowed ({limit} ms)")));
        }
        Ok(())
    }

    fn run(&mut self, mut code: CodeRef, mut env: Env) -> Eval<Val> {
        loop {
            match code {
                Code::Const(cell) => return self.force(*cell, Pos::NONE),
                Code::Var(var) => {
                    let cell = self.slot(env, *var);
                    return self.force(cell, var.pos);
                }
                Code::Lambda(lambda) => return Ok(Val::lambda(lambda, env)),
                Code::Call(call) => {
                    let function = self.eval(call.function, env)?;
                    self.enter(call.pos)?;
                    match function.as_lambda() {
                        Some((lambda, up)) => {
                            let (lambda, body_env) = self.bind_call(lambda, up, call, env)?;
                            match lambda {
                                Bound::Tail(lambda) => {
                                    self.frames.push(Frame { lambda, pos: call.pos });
                                    code = lambda.body;
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
                        conditional.condition,
                        env,
                        conditional.pos,
                        "while evaluating a branch condition",
                    )?;
                    code = if holds { conditional.then } else { conditional.otherwise };
                }
                Code::Let(bindings) => {
                    env = self.bind_let(bindings, env);
                    code = bindings.body;
                }
                Code::With(with) => {
                    let scope = self.delay(with.scope, env);
                    env = self.new_env(env, 1);
                    self.mem.heap.set_word(env, 1, scope);
                    code = with.body;
                }
                Code::Assert(assert) => {
                    let holds = self.eval_bool(
                        assert.condition,
                        env,
                        assert.pos,
                        "in the condition of the assert statement",
                    )?;
                    if !holds {
                        return Err(self.assertion_failed(assert, env));
                    }
                    code = assert.body;
                }
                Code::Select(select) => {
                    if let [Key::Static(name, site)] = select.path {
                        let set = self.eval(select.subject, env)?;
                        match self.mem.attr_cached(set, *name, site) {
                            Some(attr) => {
                                let value = self.mem.heap.get(attr.value);
                                if value.is_whnf() {
                                    return Ok(value);
                                }
                                let pos = if attr.pos.is_some() { attr.pos } else { select.pos };
                                return match self.force_slow(attr.value, value, pos) {
                                    Ok(value) => Ok(value),
                                    Err(fail) => Err(self.select_trace(fail, select, env, attr.pos)),
                                };
                            }
                            None => match select.default {
                                Some(default) => code = default,
                                None => return Err(self.select_failed(set, *name, select, Pos::NONE, env)),
                            },
                        }
                    } else {
                        match self.select_path(select, env)? {
                            Some(value) => return Ok(value),
                            None => match select.default {
                                Some(default) => code = default,
                                None => return Err(Fail),
                            },
                        }
                    }
                }
                Code::Attrs(attrs) => return self.make_attrs(attrs, env),
                Code::List(list) => {
                    let len = list.elements.len();
                    let words = self.mem.heap.alloc_words(len);
                    for (i, element) in list.elements.iter().enumerate() {
                        let cell = self.delay(element, env);
                        self.mem.heap.set_word(words, i, cell);
                    }
                    return Ok(Val::list(words, len));
                }
                Code::WithVar(var) => return self.with_variable(var, env),
                Code::HasAttr(has) => return self.has_attr(has, env),
                Code::Not(not) => {
                    let value = self.eval_bool(not.operand, env, not.pos, "in the argument of the not operator")?;
                    return Ok(Val::bool(!value));
                }
                Code::Binary(binary) => match binary.op {
                    BinaryOp::And => {
                        let left = "in the left operand of the AND (&&) operator";
                        if !self.eval_bool(binary.left, env, binary.pos, left)? {
                            return Ok(Val::FALSE);
                        }
                        let right = "in the right operand of the AND (&&) operator";
                        return Ok(Val::bool(self.eval_bool(binary.right, env, binary.pos, right)?));
                    }
                    BinaryOp::Or => {
                        let left = "in the left operand of the OR (||) operator";
                        if self.eval_bool(binary.left, env, binary.pos, left)? {
                            return Ok(Val::TRUE);
                        }
                        let right = "in the right operand of the OR (||) operator";
                        return Ok(Val::bool(self.eval_bool(binary.right, env, binary.pos, right)?));
                    }
                    BinaryOp::Implies => {
                        let left = "in the left operand of the IMPL (->) operator";
                        if !self.eval_bool(binary.left, env, binary.pos, left)? {
                            return Ok(Val::TRUE);
                        }
                        let right = "in the right operand of the IMPL (->) operator";
                        return Ok(Val::bool(self.eval_bool(binary.right, env, binary.pos, right)?));
                    }
                    BinaryOp::Eq => {
                        let left = self.eval(binary.left, env)?;
                        let right = self.eval(binary.right, env)?;
                        return Ok(Val::bool(self.equal(left, right, binary.pos)?));
                    }
                    BinaryOp::NotEq => {
                        let left = self.eval(binary.left, env)?;
                        let right = self.eval(binary.right, env)?;
                        return Ok(Val::bool(!self.equal(left, right, binary.pos)?));
                    }
                    BinaryOp::Update => return self.update(binary, env),
                    BinaryOp::ConcatLists => {
                        let left = self.eval(binary.left, env)?;
                        let right = self.eval(binary.right, env)?;
                        return self.concat_two(left, right, binary.pos);
                    }
                },
                Code::Arith(arith) => return self.arith(arith, env),
                Code::Concat(concat) => return self.concat_strings(concat, env),
                Code::CurPos(pos) => return Ok(self.position_attrs(*pos)),
                Code::File(file) => return self.eval_file_code(file),
            }
        }
    }

    // ---- functions

    /// Binds the arguments of a call to the formals of `lambda` and the functions that it returns.
    #[inline(always)]
    fn bind_call(
        &mut self,
        mut lambda: &'static Lambda,
        mut up: Env,
        call: &'static Call,
        env: Env,
    ) -> Eval<(Bound, Env)> {
        let args = call.args;
        if let [arg] = args {
            let arg = self.delay(arg, env);
            return Ok((Bound::Tail(lambda), self.bind(lambda, up, arg, call.pos)?));
        }
        for (i, arg) in args.iter().enumerate() {
            let arg = self.delay(arg, env);
            let inner = self.bind(lambda, up, arg, call.pos)?;
            if i + 1 == args.len() {
                return Ok((Bound::Tail(lambda), inner));
            }
            match lambda.body {
                Code::Lambda(next) => {
                    lambda = next;
                    up = inner;
                }
                _ => return self.rest_of_call(lambda, inner, &args[i + 1..], call, env).map(|v| (Bound::Done(v), env)),
            }
        }
        Err(Fail)
    }

    #[inline(never)]
    fn rest_of_call(
        &mut self,
        lambda: &'static Lambda,
        inner: Env,
        rest: &'static [CodeRef],
        call: &'static Call,
        env: Env,
    ) -> Eval<Val> {
        let rest: Vec<Ref> = rest.iter().map(|arg| self.delay(arg, env)).collect();
        let function = match self.eval(lambda.body, inner) {
            Ok(function) => function,
            Err(fail) => {
                self.trace_call(lambda, call.pos);
                return Err(fail);
            }
        };
        // Nix handles all arguments of a call at one depth.
        self.depth -= 1;
        self.call(function, &rest, call.pos)
    }

    /// Returns the environment of a function's body.
    #[inline(always)]
    fn bind(&mut self, lambda: &'static Lambda, up: Env, arg: Ref, pos: Pos) -> Eval<Env> {
        self.stats.calls += 1;
        match &lambda.formals {
            None => {
                let env = self.new_env(up, 1);
                self.mem.heap.set_word(env, 1, arg);
                Ok(env)
            }
            Some(formals) => self.bind_formals(lambda, formals, up, arg, pos),
        }
    }

    fn bind_formals(
        &mut self,
        lambda: &'static Lambda,
        formals: &'static FormalsCode,
        up: Env,
        arg: Ref,
        pos: Pos,
    ) -> Eval<Env> {
        let set = match self.force_attrs(arg, lambda.pos, "while evaluating the value passed for the lambda argument") {
            Ok(set) => set,
            Err(fail) => {
                return Err(if pos.is_some() { self.trace(fail, pos, "from call site") } else { fail });
            }
        };
        let named = usize::from(lambda.arg.is_some());
        let env = self.new_env(up, named + formals.formals.len());
        if named == 1 {
            self.mem.heap.set_word(env, 1, arg);
        }
        let mut used = 0;
        let first = named + 1;
        if let Some((shape, values)) = set.as_flat()
            && shape.keys.len() <= formals.formals.len() * 8
        {
            // Both are sorted by symbol: one walk.
            let keys = shape.keys;
            let mut at = 0;
            for (i, formal) in formals.formals.iter().enumerate() {
                while at < keys.len() && keys[at] < formal.name {
                    at += 1;
                }
                if at < keys.len() && keys[at] == formal.name {
                    let value = self.mem.heap.word(values, at);
                    self.mem.heap.set_word(env, first + i, value);
                    used += 1;
                    at += 1;
                } else if formal.default.is_none() {
                    return Err(self.missing_argument(lambda, formal.name, pos));
                }
            }
        } else {
            for (i, formal) in formals.formals.iter().enumerate() {
                if let Some(attr) = self.mem.attr(set, formal.name) {
                    self.mem.heap.set_word(env, first + i, attr.value);
                    used += 1;
                } else if formal.default.is_none() {
                    return Err(self.missing_argument(lambda, formal.name, pos));
                }
            }
        }
        if used < formals.formals.len() {
            for (i, formal) in formals.formals.iter().enumerate() {
                if let Some(default) = formal.default
                    && !self.mem.heap.word(env, first + i).is_some()
                {
                    // A default that is another formal is suspended, unless that one was passed.
                    let cell = self.delay(default, env);
                    self.mem.heap.set_word(env, first + i, cell);
                }
            }
        }
        if !formals.ellipsis && used != self.mem.attrs_len(set) {
            return Err(self.unexpected_argument(lambda, formals, set, pos));
        }
        Ok(env)
    }

    #[cold]
    fn lambda_name(&self, lambda: &Lambda) -> String {
        lambda.name.get().map_or("anonymous lambda".into(), |name| self.symbols.text(name).into_owned())
    }

    #[cold]
    fn missing_argument(&mut self, lambda: &'static Lambda, name: Symbol, pos: Pos) -> Fail {
        let message = format!(
            "function '{}' called without required argument '{}'",
            self.lambda_name(lambda),
            self.shown_name(name)
        );
        self.raise(EvalError::new(ErrorKind::Type, message).at(lambda.pos).with_trace(pos, "from call site"))
    }

    #[cold]
    fn unexpected_argument(&mut self, lambda: &'static Lambda, formals: &FormalsCode, set: Val, pos: Pos) -> Fail {
        let entries = self.mem.entries(set);
        let unexpected = entries.shape.keys.iter().find(|&&k| formals.shape.find(k).is_none());
        let Some(&name) = unexpected else {
            return self.fail(ErrorKind::Eval, "a function was called with an argument that it has");
        };
        let message = format!(
            "function '{}' called with unexpected argument '{}'",
            self.lambda_name(lambda),
            self.shown_name(name)
        );
        let suggestions = self.near_names(name, formals.shape.keys);
        self.raise(
            EvalError::new(ErrorKind::Type, message)
                .at(lambda.pos)
                .with_trace(pos, "from call site")
                .with_suggestions(suggestions),
        )
    }

    /// Calls something that is no lambda: the depth was counted by the caller.
    #[inline(never)]
    fn call_site(&mut self, function: Val, call: &'static Call, env: Env) -> Eval<Val> {
        let mut few = [Ref::NONE; 4];
        let many: Vec<Ref>;
        let args: &[Ref] = if call.args.len() <= few.len() {
            for (to, arg) in few.iter_mut().zip(call.args) {
                *to = self.delay(arg, env);
            }
            &few[..call.args.len()]
        } else {
            many = call.args.iter().map(|arg| self.delay(arg, env)).collect();
            &many
        };
        self.call_inside(function, args, call.pos)
    }

    /// Calls a function value with arguments.
    pub fn call(&mut self, function: Val, args: &[Ref], pos: Pos) -> Eval<Val> {
        let depth = self.depth;
        self.enter(pos)?;
        let result = if std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            Err(self.fail_at(ErrorKind::StackOverflow, pos, "stack overflow (possible infinite recursion)"))
        } else {
            self.call_inside(function, args, pos)
        };
        self.depth = depth;
        result
    }

    /// Calls the function in a cell with arguments.
    pub fn call_cell(&mut self, function: Ref, args: &[Ref], pos: Pos) -> Eval<Val> {
        let function = self.force(function, pos)?;
        self.call(function, args, pos)
    }

    fn call_inside(&mut self, mut function: Val, mut args: &[Ref], pos: Pos) -> Eval<Val> {
        while !args.is_empty() {
            match function.tag() {
                Tag::Lambda => {
                    let Some((lambda, up)) = function.as_lambda() else { return Err(Fail) };
                    let env = self.bind(lambda, up, args[0], pos)?;
                    function = match self.eval(lambda.body, env) {
                        Ok(value) => value,
                        Err(fail) => {
                            self.trace_call(lambda, pos);
                            return Err(fail);
                        }
                    };
                    args = &args[1..];
                }
                Tag::Builtin => {
                    let index = function.as_builtin().unwrap_or(0);
                    let arity = self.builtins[index as usize].arity;
                    if args.len() < arity {
                        return Ok(self.partial(function, args));
                    }
                    function = self.call_builtin(index, &args[..arity], pos)?;
                    args = &args[arity..];
                }
                Tag::Partial => {
                    let mut have = [Ref::NONE; MAX_ARITY];
                    let mut count = 0;
                    let mut base = function;
                    while let Some((left, argument)) = base.as_partial() {
                        have[MAX_ARITY - 1 - count] = argument;
                        count += 1;
                        base = self.mem.heap.get(left);
                    }
                    let index = base.as_builtin().unwrap_or(0);
                    let arity = self.builtins[index as usize].arity;
                    let left = arity - count;
                    if args.len() < left {
                        return Ok(self.partial(function, args));
                    }
                    let mut all = [Ref::NONE; MAX_ARITY];
                    all[..count].copy_from_slice(&have[MAX_ARITY - count..]);
                    all[count..arity].copy_from_slice(&args[..left]);
                    function = self.call_builtin(index, &all[..arity], pos)?;
                    args = &args[left..];
                }
                Tag::Attrs | Tag::Layered if self.mem.attr(function, self.names.functor).is_some() => {
                    let Some(functor) = self.mem.attr(function, self.names.functor) else { return Err(Fail) };
                    let this = self.cell(function);
                    let result = match self.force(functor.value, functor.pos) {
                        Ok(f) => self.call(f, &[this, args[0]], functor.pos),
                        Err(fail) => Err(fail),
                    };
                    function = result.map_err(|f| {
                        self.trace(
                            f,
                            pos,
                            "while calling a functor (an attribute set with a '__functor' attribute)",
                        )
                    })?;
                    args = &args[1..];
                }
                _ => return Err(self.not_a_function(function, pos)),
            }
        }
        Ok(function)
    }

    #[cold]
    fn not_a_function(&mut self, value: Val, pos: Pos) -> Fail {
        let message = format!(
            "attempt to call something which is not a function but {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.fail_at(ErrorKind::Type, pos, message)
    }

    fn partial(&mut self, function: Val, args: &[Ref]) -> Val {
        let mut value = function;
        for &arg in args {
            let left = self.cell(value);
            value = Val::partial(left, arg);
        }
        value
    }

    /// Calls a builtin with all its arguments.
    #[inline(always)]
    fn call_builtin(&mut self, index: u32, args: &[Ref], pos: Pos) -> Eval<Val> {
        self.stats.builtin_calls += 1;
        let function = self.builtins[index as usize].function;
        match function(self, args) {
            Ok(value) => Ok(value),
            Err(fail) => Err(self.builtin_trace(fail, index, pos)),
        }
    }

    #[cold]
    pub(crate) fn builtin_trace(&mut self, fail: Fail, index: u32, pos: Pos) -> Fail {
        let builtin = &self.builtins[index as usize];
        if !builtin.traced {
            return fail;
        }
        let text = format!("while calling the '{}' builtin", builtin.name);
        self.trace(fail, pos, text)
    }

    // ---- bindings

    #[inline(always)]
    fn bind_let(&mut self, code: &'static LetCode, around: Env) -> Env {
        let bindings = code.bindings.len();
        let env = self.new_env(around, bindings + code.sources.len());
        for (i, source) in code.sources.iter().enumerate() {
            let cell = self.delay(source, env);
            self.mem.heap.set_word(env, 1 + bindings + i, cell);
        }
        for (i, binding) in code.bindings.iter().enumerate() {
            let within = if binding.within == Within::Around { around } else { env };
            let cell = self.delay(binding.value, within);
            self.mem.heap.set_word(env, 1 + i, cell);
        }
        env
    }

    fn make_attrs(&mut self, code: &'static AttrsCode, around: Env) -> Eval<Val> {
        let len = code.bindings.len();
        let mut env = around;
        let values;
        let mut overridden = None;
        if code.recursive {
            env = self.new_env(around, len + code.sources.len());
            for (i, source) in code.sources.iter().enumerate() {
                let cell = self.delay(source, env);
                self.mem.heap.set_word(env, 1 + len + i, cell);
            }
            for (i, binding) in code.bindings.iter().enumerate() {
                let cell = match binding.within {
                    Within::Around => self.delay(binding.value, around),
                    _ if code.overrides.is_some() => self.suspend(binding.value, env),
                    _ => self.delay(binding.value, env),
                };
                self.mem.heap.set_word(env, 1 + i, cell);
            }
            values = self.mem.heap.alloc_words(len);
            for i in 0..len {
                let cell = self.mem.heap.word(env, 1 + i);
                self.mem.heap.set_word(values, i, cell);
            }
            if let Some(index) = code.overrides {
                overridden = Some(self.apply_overrides(code, env, index)?);
            }
        } else {
            let mut sources = around;
            if !code.sources.is_empty() {
                sources = self.new_env(around, code.sources.len());
                for (i, source) in code.sources.iter().enumerate() {
                    let cell = self.delay(source, around);
                    self.mem.heap.set_word(sources, 1 + i, cell);
                }
            }
            values = self.mem.heap.alloc_words(len);
            for (i, binding) in code.bindings.iter().enumerate() {
                let within = if binding.within == Within::Sources { sources } else { around };
                let cell = self.delay(binding.value, within);
                self.mem.heap.set_word(values, i, cell);
            }
        }
        let set = overridden.unwrap_or_else(|| Val::attrs(code.shape, values));
        if code.dynamic.is_empty() { Ok(set) } else { self.dynamic_attrs(code, set, env) }
    }

    /// Lays the set `__overrides` over the attributes and the environment of a recursive set.
    #[cold]
    fn apply_overrides(&mut self, code: &'static AttrsCode, env: Env, index: u32) -> Eval<Val> {
        let cell = self.mem.heap.word(env, 1 + index as usize);
        let overrides = self.force_attrs(cell, Pos::NONE, "while evaluating the `__overrides` attribute")?;
        let entries = self.mem.entries(overrides);
        let mut attrs: Vec<(Symbol, Pos, Ref)> = Vec::new();
        for (name, attr) in entries.iter() {
            match code.shape.find(name) {
                Some(slot) => self.mem.heap.set_word(env, 1 + slot, attr.value),
                None => attrs.push((name, attr.pos, attr.value)),
            }
        }
        for (i, &name) in code.shape.keys.iter().enumerate() {
            let pos = self.mem.attr(overrides, name).map_or(code.shape.position(i), |a| a.pos);
            attrs.push((name, pos, self.mem.heap.word(env, 1 + i)));
        }
        Ok(self.mem.attrs_from(attrs))
    }

    #[inline(never)]
    fn dynamic_attrs(&mut self, code: &'static AttrsCode, set: Val, env: Env) -> Eval<Val> {
        let entries = self.mem.entries(set);
        let mut attrs: Vec<(Symbol, Pos, Ref)> = entries.iter().map(|(n, a)| (n, a.pos, a.value)).collect();
        for &(name, value, pos) in code.dynamic {
            let name_value = self.eval(name, env)?;
            if name_value.tag() == Tag::Null {
                continue;
            }
            let text = self.expect_plain_string(name_value, pos, "while evaluating the name of a dynamic attribute")?;
            let symbol = self.symbols.intern(text);
            if let Some(&(_, other, _)) = attrs.iter().find(|a| a.0 == symbol) {
                let message = format!(
                    "dynamic attribute '{}' already defined at {}",
                    self.shown_name(symbol),
                    self.show_pos(other)
                );
                return Err(self.fail_at(ErrorKind::Eval, pos, message));
            }
            if let Code::Lambda(lambda) = value {
                name_lambda(lambda, symbol);
            }
            let cell = self.delay(value, env);
            attrs.push((symbol, pos, cell));
        }
        Ok(self.mem.attrs_from(attrs))
    }

    // ---- variables and selections

    fn with_variable(&mut self, var: &'static WithVar, mut env: Env) -> Eval<Val> {
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
    fn key_name(&mut self, key: &'static Key, env: Env) -> Eval<Symbol> {
        match key {
            Key::Static(name, _) => Ok(*name),
            Key::Dynamic(code, _) => {
                let value = self.eval(code, env)?;
                let text =
                    self.expect_plain_string(value, position(code), "while evaluating an attribute name")?;
                Ok(self.symbols.intern(text))
            }
        }
    }

    /// Selects along a path; `None` if an attribute is absent and there is a default.
    #[inline(never)]
    fn select_path(&mut self, select: &'static Select, env: Env) -> Eval<Option<Val>> {
        let mut value = self.eval(select.subject, env)?;
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
    fn select_failed(
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
            self.raise(EvalError::new(ErrorKind::Eval, message).at(select.pos).with_suggestions(suggestions))
        } else {
            let message =
                format!("expected a set but found {}: {}", self.show_type(value), self.show_for_error(value));
            self.raise(
                EvalError::new(ErrorKind::Type, message).with_trace(select.pos, "while selecting an attribute"),
            )
        };
        self.select_trace(fail, select, env, found)
    }

    #[cold]
    fn select_trace(&mut self, fail: Fail, select: &'static Select, env: Env, found: Pos) -> Fail {
        if !found.is_some() || self.is_internal(found) {
            return fail;
        }
        let path = self.show_path(select.path, env);
        self.trace(fail, found, format!("while evaluating the attribute '{path}'"))
    }

    #[cold]
    fn show_path(&mut self, path: &'static [Key], env: Env) -> String {
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

    fn has_attr(&mut self, has: &'static HasAttr, env: Env) -> Eval<Val> {
        let mut value = self.eval(has.subject, env)?;
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

    // ---- operators

    #[inline(always)]
    fn eval_bool(&mut self, code: CodeRef, env: Env, pos: Pos, context: &'static str) -> Eval<bool> {
        match self.eval(code, env) {
            Ok(value) => match value.as_bool() {
                Some(b) => Ok(b),
                None => Err(self.not_a_bool(value, pos, context)),
            },
            Err(fail) => Err(self.trace(fail, pos, context)),
        }
    }

    #[cold]
    fn not_a_bool(&mut self, value: Val, pos: Pos, context: &'static str) -> Fail {
        let message =
            format!("expected a Boolean but found {}: {}", self.show_type(value), self.show_for_error(value));
        self.raise(EvalError::new(ErrorKind::Type, message).at(pos).with_trace(pos, context))
    }

    fn update(&mut self, binary: &'static Binary, env: Env) -> Eval<Val> {
        let right = self.operand(
            binary.right,
            env,
            binary.operands.1,
            "in the right operand of the update (//) operator",
        )?;
        let left =
            self.operand(binary.left, env, binary.operands.0, "in the left operand of the update (//) operator")?;
        Ok(self.mem.update(left, right))
    }

    #[inline(always)]
    fn operand(&mut self, code: CodeRef, env: Env, pos: Pos, context: &'static str) -> Eval<Val> {
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
    fn not_attrs(&mut self, value: Val, pos: Pos, context: &'static str) -> Fail {
        let message = format!("expected a set but found {}: {}", self.show_type(value), self.show_for_error(value));
        self.raise(EvalError::new(ErrorKind::Type, message).with_trace(pos, context))
    }

    fn concat_two(&mut self, left: Val, right: Val, pos: Pos) -> Eval<Val> {
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
        let words = self.mem.heap.alloc_words(ln + rn);
        for i in 0..ln {
            let cell = self.mem.heap.word(lw, i);
            self.mem.heap.set_word(words, i, cell);
        }
        for i in 0..rn {
            let cell = self.mem.heap.word(rw, i);
            self.mem.heap.set_word(words, ln + i, cell);
        }
        Ok(Val::list(words, ln + rn))
    }

    fn arith(&mut self, arith: &'static Arith, env: Env) -> Eval<Val> {
        // The builtins evaluate their first argument first.
        let operands = self.eval(arith.left, env).and_then(|left| Ok((left, self.eval(arith.right, env)?)));
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
        let Some((file, line, column)) = self.sources.locate(pos) else { return Val::NULL };
        let diag::Origin::File(path) = &file.origin else { return Val::NULL };
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

/// The largest number of arguments that a builtin takes; Nix's `maxPrimOpArity`.
pub(crate) const MAX_ARITY: usize = 8;

/// A call with its arguments bound.
enum Bound {
    /// The body of this function is to be evaluated next.
    Tail(&'static Lambda),
    /// The call is done.
    Done(Val),
}

fn name_lambda(lambda: &'static Lambda, name: Symbol) {
    let mut lambda = lambda;
    loop {
        lambda.name.set(Some(name));
        match lambda.body {
            Code::Lambda(inner) => lambda = inner,
            _ => return,
        }
    }
}
