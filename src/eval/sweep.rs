//! What can be reached of a trial whose memory stays in use.

use crate::evaluator::Evaluator;
use crate::free::Free;
use crate::heap::{Env, Mark, Reached, Ref, Tag, Val};

impl Evaluator {
    /// Gives back what neither these cells nor what these values hold lead to of what was allocated since a trial began. Returns how
    /// many bytes that were.
    pub(crate) fn sweep(&mut self, mark: &Mark, cells: Vec<Ref>, values: &[Val]) -> u64 {
        let mut reached = self.mem.heap.nothing_reached(mark);
        // The cells that were not looked at yet; each comes here once.
        let mut left = Vec::new();
        add(&mut left, &mut reached, &cells);
        for &value in values {
            self.reach(value, &mut reached, &mut left);
        }
        while let Some(cell) = left.pop() {
            let value = self.mem.heap.get(cell);
            self.reach(value, &mut reached, &mut left);
        }
        self.mem.heap.sweep(&reached)
    }

    /// Notes the arrays that a value holds, and adds the cells that it leads to.
    fn reach(&mut self, value: Val, reached: &mut Reached, left: &mut Vec<Ref>) {
        let arena = self.mem.arena;
        match value.tag() {
            Tag::List => {
                if let Some((words, len)) = value.as_list() {
                    reached.words(words, 0, len);
                }
                add(left, reached, self.elements(value));
            }
            Tag::Attrs => {
                if let Some((shape, words)) = value.as_flat() {
                    reached.words(words, 0, shape.keys.len());
                    add(left, reached, self.mem.heap.slice(words, shape.keys.len()));
                }
            }
            Tag::Layered => {
                if let Some(layer) = value.as_layered() {
                    let parts = [Some(layer.top()), Some(layer.base()), layer.flat()];
                    for part in parts.into_iter().flatten() {
                        self.reach(part, reached, left);
                    }
                }
            }
            Tag::Partial | Tag::Apply => {
                if let Some((function, argument)) = value.as_partial().or(value.as_apply()) {
                    add(left, reached, &[function, argument]);
                }
            }
            Tag::ApplyTwo => {
                if let Some((function, [first, second])) = value.as_apply_two() {
                    add(left, reached, &[function, first, second]);
                }
            }
            Tag::Lambda => {
                if let Some((lambda, env)) = value.as_lambda() {
                    let free = self.kept.free.of_lambda(arena, lambda);
                    self.reach_free(free, env, reached, left);
                }
            }
            Tag::Thunk => {
                if let Some((code, env)) = value.as_thunk() {
                    let free = self.kept.free.of_code(arena, code);
                    self.reach_free(free, env, reached, left);
                }
            }
            Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::String | Tag::Path | Tag::Builtin => {}
            Tag::Blackhole | Tag::Open | Tag::Failed => {}
        }
    }

    /// Notes the variables that code takes from an environment, and the way to them.
    fn reach_free(&self, free: &[Free], env: Env, reached: &mut Reached, left: &mut Vec<Ref>) {
        for free in free {
            let mut env = env;
            for _ in 0..free.up {
                reached.words(env, 0, 1);
                env = self.up(env, 1);
            }
            reached.words(env, free.word as usize, 1);
            add(left, reached, &[self.mem.heap.word(env, free.word as usize)]);
        }
    }
}

/// Adds the cells that were not reached before to those that are left to look at.
#[inline]
fn add(left: &mut Vec<Ref>, reached: &mut Reached, cells: &[Ref]) {
    for &cell in cells {
        if reached.cell(cell) {
            left.push(cell);
        }
    }
}
