//! Bindings: the environments of `let` and the making of attribute sets.

use crate::code::*;
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Env, Ref, Tag, Val};
use diag::Pos;
use syntax::Symbol;

impl Evaluator {
    #[inline(always)]
    pub(super) fn bind_let(&mut self, code: &'static LetCode, around: Env) -> Env {
        let sources = code.further.map_or(&[][..], |further| further.sources);
        self.recursive_env(code.values, code.further, sources, around)
    }

    /// Returns the environment of bindings that see each other, with the sources of what they inherit behind them.
    #[inline(always)]
    fn recursive_env(
        &mut self,
        values: &'static [Code],
        further: Option<&'static Further>,
        sources: &'static [Code],
        around: Env,
    ) -> Env {
        let env = self.new_env(around, values.len() + sources.len());
        for (i, source) in sources.iter().enumerate() {
            let cell = self.delay(source, env);
            self.mem.heap.fill_word(env, 1 + values.len() + i, cell);
        }
        for (i, value) in values.iter().enumerate() {
            let within = match further {
                Some(further) if further.within(i) == Within::Around => around,
                _ => env,
            };
            let cell = match further {
                // The set that overrides them may change what they see.
                Some(further) if further.overrides.is_some() && within == env => self.suspend(value, env),
                _ => self.delay(value, within),
            };
            self.mem.heap.fill_word(env, 1 + i, cell);
        }
        env
    }

    pub(super) fn make_attrs(&mut self, code: &'static AttrsCode, around: Env) -> Eval<Val> {
        if code.further.is_some() || code.recursive {
            return self.make_further_attrs(code, around);
        }
        let values = self.mem.heap.alloc_words(code.values.len());
        for (i, value) in code.values.iter().enumerate() {
            let cell = self.delay(value, around);
            self.mem.heap.fill_word(values, i, cell);
        }
        Ok(Val::attrs(code.shape, values))
    }

    #[inline(never)]
    fn make_further_attrs(&mut self, code: &'static AttrsCode, around: Env) -> Eval<Val> {
        let len = code.values.len();
        let sources = code.further.map_or(&[][..], |further| further.sources);
        let mut env = around;
        let values;
        let mut overridden = None;
        if code.recursive {
            env = self.recursive_env(code.values, code.further, sources, around);
            values = self.mem.heap.alloc_words(len);
            for i in 0..len {
                let cell = self.mem.heap.word(env, 1 + i);
                self.mem.heap.fill_word(values, i, cell);
            }
            if let Some(index) = code.further.and_then(|further| further.overrides) {
                overridden = Some(self.apply_overrides(code, env, index)?);
            }
        } else {
            let mut inherited = around;
            if !sources.is_empty() {
                inherited = self.new_env(around, sources.len());
                for (i, source) in sources.iter().enumerate() {
                    let cell = self.delay(source, around);
                    self.mem.heap.fill_word(inherited, 1 + i, cell);
                }
            }
            values = self.mem.heap.alloc_words(len);
            for (i, value) in code.values.iter().enumerate() {
                let within = match code.further {
                    Some(further) if further.within(i) == Within::Sources => inherited,
                    _ => around,
                };
                let cell = self.delay(value, within);
                self.mem.heap.fill_word(values, i, cell);
            }
        }
        let set = overridden.unwrap_or_else(|| Val::attrs(code.shape, values));
        match code.further {
            Some(Further {
                dynamic: dynamic @ [_, ..],
                ..
            }) => self.dynamic_attrs(dynamic, set, env),
            _ => Ok(set),
        }
    }

    /// Lays the set `__overrides` over the attributes and the environment of a recursive set.
    #[cold]
    pub(super) fn apply_overrides(&mut self, code: &'static AttrsCode, env: Env, index: u32) -> Eval<Val> {
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
    fn dynamic_attrs(&mut self, dynamic: &'static [(Code, Code, Pos)], set: Val, env: Env) -> Eval<Val> {
        let entries = self.mem.entries(set);
        let mut attrs: Vec<(Symbol, Pos, Ref)> = entries.iter().map(|(n, a)| (n, a.pos, a.value)).collect();
        for (name, value, pos) in dynamic {
            let pos = *pos;
            let name_value = self.eval(name, env)?;
            if name_value.tag() == Tag::Null {
                continue;
            }
            let text = self.expect_plain_string(name_value, pos, "while evaluating the name of a dynamic attribute")?;
            self.looks_at(text);
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
}

pub(super) fn name_lambda(lambda: &'static Lambda, name: Symbol) {
    let mut lambda = lambda;
    loop {
        lambda.name.set(Some(name));
        match lambda.body {
            Code::Lambda(inner) => lambda = inner,
            _ => return,
        }
    }
}
