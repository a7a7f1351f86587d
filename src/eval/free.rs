//! What code takes from the environment that it is evaluated in.
//!
//! An environment leads to all that was in scope where it was made, but a thunk or a function can reach only what its code
//! names. So two of them with the same code come to the same if what it names does, whatever else is in scope.

use crate::code::*;
use crate::heap::{Env, Ref};
use crate::memory::Memory;
use rustc_hash::{FxHashMap, FxHashSet};

/// A variable of an environment: how many environments to go up from the one that code is evaluated in, and the word there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Free {
    pub up: u32,
    pub word: u32,
}

impl Free {
    /// Returns the cell that the variable stands for.
    pub fn cell(self, memory: &Memory, mut env: Env) -> Ref {
        for _ in 0..self.up {
            env = Env::from_index(memory.heap.word(env, 0).index());
        }
        memory.heap.word(env, self.word as usize)
    }
}

/// The variables that pieces of code take, by their addresses.
#[derive(Default)]
pub(crate) struct FreeVariables {
    known: FxHashMap<usize, &'static [Free]>,
    search: Search,
}

impl FreeVariables {
    /// Returns what code takes from its environment, each variable once and always in the same order.
    pub fn of_code(&mut self, arena: &'static bumpalo::Bump, code: &'static Code) -> &'static [Free] {
        self.of(arena, std::ptr::from_ref(code) as usize, |search| search.code(code, 0))
    }

    /// Returns what a function takes from the environment that it was made in.
    pub fn of_lambda(&mut self, arena: &'static bumpalo::Bump, lambda: &'static Lambda) -> &'static [Free] {
        self.of(arena, std::ptr::from_ref(lambda) as usize, |search| {
            search.lambda(lambda, 0)
        })
    }

    fn of(
        &mut self,
        arena: &'static bumpalo::Bump,
        address: usize,
        begin: impl FnOnce(&mut Search),
    ) -> &'static [Free] {
        let search = &mut self.search;
        self.known.entry(address).or_insert_with(|| {
            search.found.clear();
            search.known.clear();
            begin(search);
            while let Some((code, inside)) = search.left.pop() {
                search.visit(code, inside);
            }
            arena.alloc_slice_copy(&search.found)
        })
    }
}

/// Up to so many variables the ones that were found are searched, and not a table.
const SEARCHED: usize = 16;

/// A search under way; what it holds afterwards is only kept for its memory.
#[derive(Default)]
struct Search {
    /// Code to look at, and how many environments there are between it and where the search began.
    left: Vec<(&'static Code, u32)>,
    found: Vec<Free>,
    /// Those that were found, once they are many.
    known: FxHashSet<Free>,
}

impl Search {
    fn code(&mut self, code: &'static Code, inside: u32) {
        self.left.push((code, inside));
    }

    fn codes(&mut self, codes: &'static [Code], inside: u32) {
        self.left.extend(codes.iter().map(|code| (code, inside)));
    }

    fn variable(&mut self, up: u32, word: u32, inside: u32) {
        let Some(up) = up.checked_sub(inside) else { return };
        let free = Free { up, word };
        // Most code takes few variables.
        if self.found.len() < SEARCHED {
            if self.found.contains(&free) {
                return;
            }
        } else {
            if self.known.is_empty() {
                self.known.extend(&self.found);
            }
            if !self.known.insert(free) {
                return;
            }
        }
        self.found.push(free);
    }

    fn lambda(&mut self, lambda: &'static Lambda, inside: u32) {
        for formal in lambda.formals.iter().flat_map(|formals| formals.formals) {
            if let Some(default) = formal.default {
                self.code(default, inside + 1);
            }
        }
        self.code(&lambda.body, inside + 1);
    }

    fn path(&mut self, path: &'static [Key], inside: u32) {
        for key in path {
            if let Key::Dynamic(code, _) = key {
                self.code(code, inside);
            }
        }
    }

    /// Looks at bindings: in the scope that they make if they have one, else around it.
    fn bindings(
        &mut self,
        values: &'static [Code],
        further: Option<&'static Further>,
        (around, own, sources): (u32, u32, u32),
    ) {
        let Some(further) = further else {
            return self.codes(values, own);
        };
        for (i, value) in values.iter().enumerate() {
            let inside = match further.within(i) {
                Within::Set => own,
                Within::Sources => sources,
                Within::Around => around,
            };
            self.code(value, inside);
        }
        self.codes(further.sources, own);
        for (name, value, _) in further.dynamic {
            self.code(name, own);
            self.code(value, own);
        }
    }

    fn attrs(&mut self, attrs: &'static AttrsCode, inside: u32) {
        // A recursive set has its sources in its own environment; one that is not has an environment for them alone, in which
        // only selections from them are evaluated.
        let own = inside + u32::from(attrs.recursive);
        self.bindings(attrs.values, attrs.further, (inside, own, inside + 1));
    }

    fn visit(&mut self, code: &'static Code, inside: u32) {
        match code {
            Code::Const(_) | Code::CurPos(_) | Code::File(_) => {}
            Code::Var(var) => self.variable(var.depth, var.slot + 1, inside),
            Code::WithVar(var) => {
                let mut up = 0;
                for (hops, _) in var.scopes {
                    up += hops;
                    self.variable(up, 1, inside);
                }
            }
            Code::Select(select) => {
                self.code(&select.subject, inside);
                self.path(select.path, inside);
                if let Some(default) = select.default {
                    self.code(default, inside);
                }
            }
            Code::HasAttr(has) => {
                self.code(&has.subject, inside);
                self.path(has.path, inside);
            }
            Code::Attrs(attrs) => self.attrs(attrs, inside),
            Code::Let(bindings) => {
                let own = inside + 1;
                self.bindings(bindings.values, bindings.further, (inside, own, own));
                self.code(&bindings.body, own);
            }
            Code::List(list) => self.codes(list.elements, inside),
            Code::Lambda(lambda) => self.lambda(lambda, inside),
            Code::Call(call) => {
                self.code(&call.function, inside);
                self.codes(call.args, inside);
            }
            Code::With(with) => {
                self.code(&with.scope, inside);
                self.code(&with.body, inside + 1);
            }
            Code::If(conditional) => {
                self.code(&conditional.condition, inside);
                self.code(&conditional.then, inside);
                self.code(&conditional.otherwise, inside);
            }
            Code::Assert(assert) => {
                self.code(&assert.condition, inside);
                self.code(&assert.body, inside);
            }
            Code::Not(not) => self.code(&not.operand, inside),
            Code::Binary(binary) => {
                self.code(&binary.left, inside);
                self.code(&binary.right, inside);
            }
            Code::Arith(arith) => {
                self.code(&arith.left, inside);
                self.code(&arith.right, inside);
            }
            Code::Concat(concat) => {
                for (_, part) in concat.parts {
                    self.code(part, inside);
                }
            }
            Code::Noted(noted) => self.code(&noted.body, inside),
            Code::Shared(shared) => self.code(&shared.body, inside),
        }
    }
}
