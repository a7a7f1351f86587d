//! Calls: binding arguments to the formals of functions, and calling whatever can be called.

use crate::code::*;
use crate::error::{ErrorKind, Eval, EvalError, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Env, Ref, Tag, Val};
use diag::Pos;
use syntax::Symbol;

impl Evaluator {
    /// Binds the arguments of a call to the formals of `lambda` and the functions that it returns.
    #[inline(always)]
    pub(super) fn bind_call(
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
                _ => {
                    return self
                        .rest_of_call(lambda, inner, &args[i + 1..], call, env)
                        .map(|v| (Bound::Done(v), env));
                }
            }
        }
        Err(Fail)
    }

    #[inline(never)]
    pub(super) fn rest_of_call(
        &mut self,
        lambda: &'static Lambda,
        inner: Env,
        rest: &'static [Code],
        call: &'static Call,
        env: Env,
    ) -> Eval<Val> {
        let mut few = [Ref::NONE; FEW];
        let many: Vec<Ref>;
        let rest = if rest.len() <= few.len() {
            self.delay_few(rest, env, &mut few)
        } else {
            many = rest.iter().map(|arg| self.delay(arg, env)).collect();
            &many
        };
        let function = match self.eval(&lambda.body, inner) {
            Ok(function) => function,
            Err(fail) => {
                self.trace_call(lambda, call.pos);
                return Err(fail);
            }
        };
        // Nix handles all arguments of a call at one depth.
        self.depth -= 1;
        self.call(function, rest, call.pos)
    }

    /// Returns the cells of arguments, of which there are not more than there is room for.
    #[inline(always)]
    fn delay_few<'c>(&mut self, args: &'static [Code], env: Env, cells: &'c mut [Ref; FEW]) -> &'c [Ref] {
        for (to, arg) in cells.iter_mut().zip(args) {
            *to = self.delay(arg, env);
        }
        &cells[..args.len()]
    }

    /// Returns the environment of a function's body.
    #[inline(always)]
    pub(super) fn bind(&mut self, lambda: &'static Lambda, up: Env, arg: Ref, pos: Pos) -> Eval<Env> {
        self.stats.calls += 1;
        match &lambda.formals {
            None => {
                let env = self.new_env(up, 1);
                self.mem.heap.fill_word(env, 1, arg);
                Ok(env)
            }
            Some(formals) => self.bind_formals(lambda, formals, up, arg, pos),
        }
    }

    pub(super) fn bind_formals(
        &mut self,
        lambda: &'static Lambda,
        formals: &'static FormalsCode,
        up: Env,
        arg: Ref,
        pos: Pos,
    ) -> Eval<Env> {
        let set = match self.force_attrs(
            arg,
            lambda.pos,
            "while evaluating the value passed for the lambda argument",
        ) {
            Ok(set) => set,
            Err(fail) => {
                return Err(if pos.is_some() {
                    self.trace(fail, pos, "from call site")
                } else {
                    fail
                });
            }
        };
        let named = usize::from(lambda.arg.is_some());
        let env = self.new_env(up, named + formals.formals.len());
        if named == 1 {
            self.mem.heap.fill_word(env, 1, arg);
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
                    self.mem.heap.fill_word(env, first + i, value);
                    used += 1;
                    at += 1;
                } else if formal.default.is_none() {
                    return Err(self.missing_argument(lambda, formal.name, pos));
                }
            }
        } else {
            for (i, formal) in formals.formals.iter().enumerate() {
                if let Some(attr) = self.mem.attr(set, formal.name) {
                    self.mem.heap.fill_word(env, first + i, attr.value);
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
                    self.mem.heap.fill_word(env, first + i, cell);
                }
            }
        }
        if !formals.ellipsis && used != self.mem.attrs_len(set) {
            return Err(self.unexpected_argument(lambda, formals, set, pos));
        }
        Ok(env)
    }

    #[cold]
    pub(super) fn lambda_name(&self, lambda: &Lambda) -> String {
        lambda
            .name
            .get()
            .map_or("anonymous lambda".into(), |name| self.symbols.text(name).into_owned())
    }

    #[cold]
    pub(super) fn missing_argument(&mut self, lambda: &'static Lambda, name: Symbol, pos: Pos) -> Fail {
        let message = format!(
            "function '{}' called without required argument '{}'",
            self.lambda_name(lambda),
            self.shown_name(name)
        );
        self.raise(
            EvalError::new(ErrorKind::Type, message)
                .at(lambda.pos)
                .with_trace(pos, "from call site"),
        )
    }

    #[cold]
    pub(super) fn unexpected_argument(
        &mut self,
        lambda: &'static Lambda,
        formals: &FormalsCode,
        set: Val,
        pos: Pos,
    ) -> Fail {
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
    pub(super) fn call_site(&mut self, function: Val, call: &'static Call, env: Env) -> Eval<Val> {
        let mut few = [Ref::NONE; FEW];
        let many: Vec<Ref>;
        let args = if call.args.len() <= few.len() {
            self.delay_few(call.args, env, &mut few)
        } else {
            many = call.args.iter().map(|arg| self.delay(arg, env)).collect();
            &many
        };
        if let Some(index) = function.as_builtin()
            && self.builtins[index as usize].arity == args.len()
        {
            return self.call_builtin(index, args, call.pos);
        }
        self.call_inside(function, args, call.pos)
    }

    /// Calls a function value with arguments.
    pub fn call(&mut self, function: Val, args: &[Ref], pos: Pos) -> Eval<Val> {
        let depth = self.depth;
        self.enter(pos)?;
        // The environment of the function's arguments belongs to the region, too.
        let region = self.mem.heap.open_region();
        let result = if std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            Err(self.fail_at(
                ErrorKind::StackOverflow,
                pos,
                "stack overflow (possible infinite recursion)",
            ))
        } else {
            self.call_inside(function, args, pos)
        };
        self.depth = depth;
        self.mem.heap.close_region(&region, result.as_ref().ok().copied());
        result
    }

    /// Calls the function in a cell with arguments.
    pub fn call_cell(&mut self, function: Ref, args: &[Ref], pos: Pos) -> Eval<Val> {
        let function = self.force(function, pos)?;
        self.call(function, args, pos)
    }

    pub(super) fn call_inside(&mut self, mut function: Val, mut args: &[Ref], pos: Pos) -> Eval<Val> {
        while !args.is_empty() {
            match function.tag() {
                Tag::Lambda => {
                    let Some((lambda, up)) = function.as_lambda() else {
                        return Err(Fail);
                    };
                    let env = self.bind(lambda, up, args[0], pos)?;
                    if let Code::Noted(_) = lambda.body {
                        self.noted_site = Some(pos);
                    }
                    function = match self.eval_body(&lambda.body, env) {
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
                    let Some(functor) = self.mem.attr(function, self.names.functor) else {
                        return Err(Fail);
                    };
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
    pub(super) fn not_a_function(&mut self, value: Val, pos: Pos) -> Fail {
        let message = format!(
            "attempt to call something which is not a function but {}: {}",
            self.show_type(value),
            self.show_for_error(value)
        );
        self.fail_at(ErrorKind::Type, pos, message)
    }

    pub(super) fn partial(&mut self, function: Val, args: &[Ref]) -> Val {
        let mut value = function;
        for &arg in args {
            let left = self.cell(value);
            value = Val::partial(left, arg);
        }
        value
    }

    /// Calls a builtin with all its arguments.
    #[inline(always)]
    pub(super) fn call_builtin(&mut self, index: u32, args: &[Ref], pos: Pos) -> Eval<Val> {
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
}

/// The largest number of arguments that a builtin takes; Nix's `maxPrimOpArity`.
const MAX_ARITY: usize = 8;
/// Arguments of a call that are kept on the native stack.
const FEW: usize = 4;

/// A call with its arguments bound.
pub(super) enum Bound {
    /// The body of this function is to be evaluated next.
    Tail(&'static Lambda),
    /// The call is done.
    Done(Val),
}
