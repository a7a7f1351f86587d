//! What a call can reach: its arguments, and all that these lead to.
//!
//! Of one call that is taken down ([`Evaluator::take_down`]), and a later call is held against it ([`Evaluator::is_same_call`]):
//! they are the same if function and arguments are, with all values, suspended code and what that takes from its environment,
//! and with what is the same cell in one being the same cell in the other.

use crate::attrs::Shape;
use crate::code::Code;
use crate::evaluator::Evaluator;
use crate::heap::{Env, Label, Ref, Tag, Val};
use crate::shared::FIXED;
use diag::Pos;
use rustc_hash::FxHashMap;

/// Cells that a call may reach: arguments of a package set are some hundreds.
const MOST: usize = 1 << 14;

/// What a call could reach when it was done.
#[derive(Default)]
pub(crate) struct Graph {
    cells: FxHashMap<u32, Val>,
}

impl Graph {
    /// Returns the cells that are reached.
    pub fn cells(&self) -> impl Iterator<Item = Ref> {
        self.cells.keys().map(|&index| Ref::from_index(index))
    }

    /// Returns what they held when the call was done.
    pub fn values(&self) -> impl Iterator<Item = Val> {
        self.cells.values().copied()
    }
}

/// Two calls that are held against each other.
#[derive(Default)]
struct Pairs {
    left: Vec<(Ref, Ref)>,
    of_earlier: FxHashMap<u32, u32>,
    of_later: FxHashMap<u32, u32>,
}

fn is_same_shape(a: &'static Shape, b: &'static Shape) -> bool {
    std::ptr::eq(a, b)
        || a.keys == b.keys && a.pos == b.pos && (0..a.keys.len()).all(|i| a.position(i) == b.position(i))
}

impl Evaluator {
    /// Returns all that code reaches from its environment but for what comes of fixed files alone; what is not evaluated there gets
    /// the label, as the call's own. None if that is too much, or not to be known.
    pub(crate) fn take_down(&mut self, code: &'static Code, env: Env, label: Label) -> Option<Graph> {
        let mut graph = Graph::default();
        let mut left = Vec::new();
        self.reached(Val::thunk(code, env), &mut left)?;
        while let Some(cell) = left.pop() {
            let value = self.mem.heap.get(cell);
            if value.label() == FIXED || graph.cells.contains_key(&cell.index()) {
                continue;
            }
            if graph.cells.len() >= MOST {
                return None;
            }
            graph.cells.insert(cell.index(), value);
            if !value.is_whnf() {
                self.mem.heap.set(cell, value.labelled(label));
            }
            self.reached(value, &mut left)?;
        }
        Some(graph)
    }

    /// Adds the cells that a value leads to; none if that cannot be told.
    fn reached(&mut self, value: Val, cells: &mut Vec<Ref>) -> Option<()> {
        let arena = self.mem.arena;
        let (free, env) = match value.tag() {
            Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::String | Tag::Path | Tag::Builtin => return Some(()),
            Tag::List => {
                cells.extend_from_slice(self.elements(value));
                return Some(());
            }
            Tag::Attrs => {
                let (shape, words) = value.as_flat()?;
                cells.extend_from_slice(self.mem.heap.slice(words, shape.keys.len()));
                return Some(());
            }
            Tag::Layered => {
                let layer = value.as_layered()?;
                self.reached(layer.top(), cells)?;
                return self.reached(layer.base(), cells);
            }
            Tag::Partial | Tag::Apply => {
                let (function, argument) = value.as_partial().or(value.as_apply())?;
                cells.extend([function, argument]);
                return Some(());
            }
            Tag::ApplyTwo => {
                let (function, [first, second]) = value.as_apply_two()?;
                cells.extend([function, first, second]);
                return Some(());
            }
            Tag::Lambda => {
                let (lambda, env) = value.as_lambda()?;
                (self.kept.free.of_lambda(arena, lambda), env)
            }
            Tag::Thunk => {
                let (code, env) = value.as_thunk()?;
                (self.kept.free.of_code(arena, code), env)
            }
            Tag::Blackhole | Tag::Open | Tag::Failed => return None,
        };
        for free in free {
            let cell = free.cell(&self.mem, env);
            if !cell.is_some() {
                return None;
            }
            cells.push(cell);
        }
        Some(())
    }

    /// Returns which cells stand for each other if code in an environment reaches the same as it did in that of a call that was
    /// taken down. What was evaluated then is evaluated now.
    pub(crate) fn is_same_call(
        &mut self,
        graph: &Graph,
        code: &'static Code,
        earlier: Env,
        later: Env,
    ) -> Option<Vec<(Ref, Ref)>> {
        let mut pairs = Pairs::default();
        self.hold(&mut pairs, Val::thunk(code, earlier), Val::thunk(code, later))?;
        self.hold_all(graph, &mut pairs)?;
        let cells = pairs.of_earlier.into_iter();
        Some(cells.map(|(a, b)| (Ref::from_index(a), Ref::from_index(b))).collect())
    }

    fn hold_all(&mut self, graph: &Graph, pairs: &mut Pairs) -> Option<()> {
        while let Some((a, b)) = pairs.left.pop() {
            let then = graph.cells.get(&a.index()).copied();
            let now = self.mem.heap.get(a);
            if then.unwrap_or(now).label() == FIXED {
                if a != b {
                    return None;
                }
                continue;
            }
            let known = pairs.of_earlier.insert(a.index(), b.index());
            let held = pairs.of_later.insert(b.index(), a.index());
            let is_plain = then.unwrap_or(now).is_plain();
            if !is_plain && (known.is_some_and(|k| k != b.index()) || held.is_some_and(|h| h != a.index())) {
                return None;
            }
            if known == Some(b.index()) {
                continue;
            }
            if pairs.of_earlier.len() > MOST {
                return None;
            }
            let mut earlier = then.unwrap_or(now);
            let mut value = self.mem.heap.get(b);
            if earlier.is_whnf() && !value.is_whnf() {
                value = match self.force(b, Pos::NONE) {
                    Ok(value) => value,
                    Err(_) => {
                        // Without sharing it fails elsewhere, and with other words.
                        self.clear_error();
                        self.kept.is_in_doubt = true;
                        return None;
                    }
                };
            }
            if !earlier.is_whnf() && value.is_whnf() {
                // The earlier call has evaluated it by now, or the two cannot be compared.
                earlier = now;
            }
            self.hold(pairs, earlier, value)?;
        }
        Some(())
    }

    /// Compares two values but for what they lead to, which is put aside for later; none if they differ.
    fn hold(&mut self, pairs: &mut Pairs, a: Val, b: Val) -> Option<()> {
        if a.tag() != b.tag() {
            return None;
        }
        let is_same = match a.tag() {
            Tag::Null => true,
            Tag::Bool => a.as_bool() == b.as_bool(),
            Tag::Int => a.as_int() == b.as_int(),
            Tag::Float => a.as_float().map(f64::to_bits) == b.as_float().map(f64::to_bits),
            Tag::String => a.context() == b.context() && a.as_string() == b.as_string(),
            Tag::Path => a.as_path() == b.as_path(),
            Tag::Builtin => a.as_builtin() == b.as_builtin(),
            Tag::List => self.elements(a).len() == self.elements(b).len(),
            Tag::Attrs => is_same_shape(a.as_flat()?.0, b.as_flat()?.0),
            Tag::Lambda => std::ptr::eq(a.as_lambda()?.0, b.as_lambda()?.0),
            Tag::Thunk => std::ptr::eq(a.as_thunk()?.0, b.as_thunk()?.0),
            Tag::Layered => {
                let (a, b) = (a.as_layered()?, b.as_layered()?);
                self.hold(pairs, a.top(), b.top())?;
                return self.hold(pairs, a.base(), b.base());
            }
            Tag::Partial | Tag::Apply | Tag::ApplyTwo => true,
            Tag::Blackhole | Tag::Open | Tag::Failed => false,
        };
        if !is_same {
            return None;
        }
        let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
        self.reached(a, &mut of_a)?;
        self.reached(b, &mut of_b)?;
        if of_a.len() != of_b.len() {
            return None;
        }
        pairs.left.extend(of_a.into_iter().zip(of_b));
        Some(())
    }
}
