//! Attribute sets: a shape (the names) and an array of values.
//!
//! Sets made by the same literal share one [`Shape`], as do sets that one builtin derives from
//! another; so a set costs four bytes an attribute, a selection site can remember shape and index,
//! and the plan of merging two shapes is worked out once. Shapes that evaluation makes are looked up
//! by their content, so that the same names bound at the same places are one shape however often
//! they come up. A set with few attributes that is laid on a large one (`pkgs // { … }`) becomes a
//! layer (`layers.rs`) rather than a copy.

use crate::heap::{Ref, Tag, Val, Words};
use crate::memory::Memory;
use diag::Pos;
use rustc_hash::FxHashMap;
use std::cell::{Cell, OnceCell};
use syntax::{Symbol, Symbols};

/// The names of an attribute set and where they were bound.
pub struct Shape {
    /// The names, sorted by symbol, each once.
    pub keys: &'static [Symbol],
    /// Where each was bound; empty if nowhere.
    positions: &'static [Pos],
    /// Where the set stands, if a literal made it.
    pub pos: Pos,
    /// Whether it comes from code alone or came up before, so that plans for it are worth keeping.
    stable: Cell<bool>,
    /// The indices in order of the names' bytes; made at the first question.
    lexical: OnceCell<&'static Lexical>,
    /// The same names without positions; made at the first question.
    bare: OnceCell<&'static Shape>,
}

/// An order of names. Few shapes have one, and the reference to it is half as large as one to the indices.
struct Lexical(&'static [u32]);

impl Shape {
    fn new(keys: &'static [Symbol], positions: &'static [Pos], pos: Pos, stable: bool) -> Shape {
        Shape {
            keys,
            positions,
            pos,
            stable: Cell::new(stable),
            lexical: OnceCell::new(),
            bare: OnceCell::new(),
        }
    }

    pub(crate) fn empty(arena: &'static bumpalo::Bump) -> &'static Shape {
        arena.alloc(Shape::new(&[], &[], Pos::NONE, true))
    }

    /// Returns the index of a name.
    #[inline]
    pub fn find(&self, name: Symbol) -> Option<usize> {
        let keys = self.keys;
        if keys.len() <= 8 {
            keys.iter().position(|&k| k == name)
        } else {
            keys.binary_search(&name).ok()
        }
    }

    /// Returns where the attribute at this index was bound.
    #[inline]
    pub fn position(&self, index: usize) -> Pos {
        self.positions.get(index).copied().unwrap_or(Pos::NONE)
    }

    /// Returns the indices of the names in the order of their bytes.
    pub fn lexical(&self, symbols: &Symbols, arena: &'static bumpalo::Bump) -> &'static [u32] {
        let order = self.lexical.get_or_init(|| {
            let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
            order.sort_unstable_by(|&a, &b| {
                symbols
                    .bytes(self.keys[a as usize])
                    .cmp(symbols.bytes(self.keys[b as usize]))
            });
            arena.alloc(Lexical(arena.alloc_slice_copy(&order)))
        });
        order.0
    }
}

/// The largest set for which a merge plan is kept.
const PLAN_LIMIT: usize = 128;
/// How many merge plans are kept.
const PLAN_COUNT: usize = 1 << 17;

/// The memory of a look-up site: the shape that it last saw and the index there.
pub struct Lookup(Cell<(Option<&'static Shape>, u32)>);

impl Lookup {
    /// Returns a memory that saw nothing yet.
    pub const fn new() -> Lookup {
        Lookup(Cell::new((None, 0)))
    }
}

impl Default for Lookup {
    fn default() -> Self {
        Lookup::new()
    }
}

/// The shapes that evaluation made, by a hash of names and positions.
#[derive(Default)]
pub(crate) struct KnownShapes(FxHashMap<u64, &'static Shape>);

/// Returns the hash of names and positions by which a shape is known.
fn shape_hash(attrs: impl Iterator<Item = (Symbol, Pos)>) -> u64 {
    let mut hash = 0u64;
    for (name, pos) in attrs {
        let word = u64::from(name.0) << 32 | u64::from(pos.0);
        // As FxHash: one rotation and one multiplication a word.
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    hash ^ hash >> 32
}

/// How to merge two shapes: the result's shape and where each value comes from.
pub struct MergePlan {
    shape: &'static Shape,
    /// Twice the index, plus one for the right side.
    sources: &'static [u32],
}

/// An attribute found: its value and where it was bound.
#[derive(Clone, Copy)]
pub struct Attr {
    /// The value's cell.
    pub value: Ref,
    /// Where the name was bound.
    pub pos: Pos,
}

/// All attributes of a set, in the order of their symbols.
#[derive(Clone, Copy)]
pub struct Entries {
    /// The names.
    pub shape: &'static Shape,
    /// The values, as many as the shape has names.
    pub values: &'static [Ref],
    /// The array of the values.
    pub words: Words,
}

impl Entries {
    /// Returns name, value and position of each attribute.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Symbol, Attr)> + 'static {
        let Entries { shape, values, .. } = *self;
        (0..values.len()).map(move |i| {
            (
                shape.keys[i],
                Attr {
                    value: values[i],
                    pos: shape.position(i),
                },
            )
        })
    }

    /// Returns how many attributes there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl Memory {
    /// Returns a shape that code makes.
    pub fn stable_shape(
        &mut self,
        attrs: impl ExactSizeIterator<Item = (Symbol, Pos)> + Clone,
        pos: Pos,
    ) -> &'static Shape {
        if attrs.len() == 0 && !pos.is_some() {
            return self.empty_shape;
        }
        let arena = self.arena;
        if attrs.len() == 1
            && let Some((name, bound)) = attrs.clone().next()
        {
            // As most are, of `a.b.c = 1` for instance.
            let positions = if bound.is_some() {
                std::slice::from_ref(arena.alloc(bound))
            } else {
                &[]
            };
            let keys = std::slice::from_ref(arena.alloc(name));
            return arena.alloc(Shape::new(keys, positions, pos, true));
        }
        let keys = &*arena.alloc_slice_fill_iter(attrs.clone().map(|(name, _)| name));
        debug_assert!(keys.is_sorted());
        let positions: &[Pos] = if attrs.clone().any(|(_, pos)| pos.is_some()) {
            arena.alloc_slice_fill_iter(attrs.map(|(_, pos)| pos))
        } else {
            &[]
        };
        arena.alloc(Shape::new(keys, positions, pos, true))
    }

    /// Returns the shape with the same names that were bound nowhere.
    pub fn without_positions(&self, shape: &'static Shape) -> &'static Shape {
        if shape.positions.is_empty() && !shape.pos.is_some() {
            return shape;
        }
        let arena = self.arena;
        shape.bare.get_or_init(|| {
            let mut bare = Shape::new(shape.keys, &[], Pos::NONE, shape.stable.get());
            bare.lexical = shape.lexical.clone();
            arena.alloc(bare)
        })
    }

    /// Returns `{ }`.
    pub fn empty_attrs(&self) -> Val {
        Val::attrs(self.empty_shape, Words::EMPTY)
    }

    /// Returns a set of these attributes; sorts them, and of equal names the last one wins.
    pub fn attrs_from(&mut self, mut attrs: Vec<(Symbol, Pos, Ref)>) -> Val {
        if !attrs.is_sorted_by_key(|a| a.0) {
            attrs.sort_by_key(|a| a.0);
        }
        attrs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                *kept = *later;
            }
            same
        });
        self.attrs_sorted(&attrs)
    }

    /// Returns a set of attributes that are sorted by symbol, each once.
    pub fn attrs_sorted(&mut self, attrs: &[(Symbol, Pos, Ref)]) -> Val {
        if attrs.is_empty() {
            return self.empty_attrs();
        }
        let shape = self.known_shape(attrs.len(), |i| (attrs[i].0, attrs[i].1));
        let values = self.heap.alloc_refs_with(attrs.len(), |i| attrs[i].2);
        Val::attrs(shape, values)
    }

    /// Returns the shape with these names and positions, the same one as for the same ones before.
    fn known_shape(&mut self, len: usize, at: impl Fn(usize) -> (Symbol, Pos)) -> &'static Shape {
        if len == 0 {
            return self.empty_shape;
        }
        let hash = shape_hash((0..len).map(&at));
        let known = self.shapes.0.get(&hash).copied();
        if let Some(known) = known
            && known.keys.len() == len
            && (0..len).all(|i| (known.keys[i], known.position(i)) == at(i))
        {
            known.stable.set(true);
            return known;
        }
        let arena = self.arena;
        let keys = &*arena.alloc_slice_fill_with(len, |i| at(i).0);
        debug_assert!(keys.is_sorted());
        let positions: &[Pos] = if (0..len).any(|i| at(i).1.is_some()) {
            arena.alloc_slice_fill_with(len, |i| at(i).1)
        } else {
            &[]
        };
        let shape = &*arena.alloc(Shape::new(keys, positions, Pos::NONE, false));
        if known.is_none() {
            self.shapes.0.insert(hash, shape);
        }
        shape
    }

    /// Returns a set with the names of `shape` and these values.
    pub fn attrs_shaped(&mut self, shape: &'static Shape, values: &[Ref]) -> Val {
        debug_assert_eq!(shape.keys.len(), values.len());
        let values = self.heap.alloc_refs(values);
        Val::attrs(shape, values)
    }

    /// Returns the attribute `name` of a set, or `None` if the set has none or this is no set.
    #[inline]
    pub fn attr(&self, set: Val, name: Symbol) -> Option<Attr> {
        match set.tag() {
            Tag::Attrs => {
                let (shape, values) = set.as_flat()?;
                let index = shape.find(name)?;
                Some(Attr {
                    value: self.heap.word(values, index),
                    pos: shape.position(index),
                })
            }
            Tag::Layered => {
                let mut set = set;
                while let Some(layer) = set.as_layered() {
                    if let Some(found) = self.attr(layer.top(), name) {
                        return Some(found);
                    }
                    set = layer.base();
                }
                self.attr(set, name)
            }
            _ => None,
        }
    }

    /// As [`Memory::attr`], with the memory of a look-up site.
    #[inline(always)]
    pub fn attr_cached(&self, set: Val, name: Symbol, site: &Lookup) -> Option<Attr> {
        if let Some((shape, values)) = set.as_flat() {
            let (seen, index) = site.0.get();
            if let Some(seen) = seen
                && std::ptr::eq(seen, shape)
            {
                let index = index as usize;
                return Some(Attr {
                    value: self.heap.word(values, index),
                    pos: shape.position(index),
                });
            }
            let index = shape.find(name)?;
            site.0.set((Some(shape), index as u32));
            return Some(Attr {
                value: self.heap.word(values, index),
                pos: shape.position(index),
            });
        }
        self.attr(set, name)
    }

    /// Returns how many attributes a set has.
    pub fn attrs_len(&self, set: Val) -> usize {
        match set.tag() {
            Tag::Attrs => set.as_flat().map_or(0, |(shape, _)| shape.keys.len()),
            Tag::Layered => set.as_layered().map_or(0, |layer| layer.len()),
            _ => 0,
        }
    }

    /// Returns where a set literal stands, `Pos::NONE` for other sets.
    pub fn attrs_pos(&self, set: Val) -> Pos {
        match set.tag() {
            Tag::Attrs => set.as_flat().map_or(Pos::NONE, |(shape, _)| shape.pos),
            _ => Pos::NONE,
        }
    }

    /// Returns all attributes of a set (of anything else: none).
    pub fn entries(&mut self, set: Val) -> Entries {
        let (shape, words) = match set.tag() {
            Tag::Attrs => set.as_flat(),
            Tag::Layered => self.flatten(set).as_flat(),
            _ => None,
        }
        .unwrap_or((self.empty_shape, Words::EMPTY));
        Entries {
            shape,
            values: self.heap.slice(words, shape.keys.len()),
            words,
        }
    }

    /// Returns the set with all attributes of both, those of `right` winning.
    pub fn update(&mut self, left: Val, right: Val) -> Val {
        let (left_len, right_len) = (self.attrs_len(left), self.attrs_len(right));
        if left_len == 0 {
            return right;
        }
        if right_len == 0 {
            return left;
        }
        if let Some(layered) = self.lay(left, right) {
            return layered;
        }
        let (left, right) = (self.flatten(left), self.flatten(right));
        self.merge_copy(left, right)
    }

    pub(crate) fn merge_copy(&mut self, left: Val, right: Val) -> Val {
        let (Some((ls, lv)), Some((rs, rv))) = (left.as_flat(), right.as_flat()) else {
            unreachable!("only flat sets are merged by copying");
        };
        let keep = ls.stable.get() && rs.stable.get() && ls.keys.len() + rs.keys.len() <= PLAN_LIMIT;
        if keep {
            let key = (std::ptr::from_ref(ls) as usize, std::ptr::from_ref(rs) as usize);
            let plan = match self.merge_plans.get(&key) {
                Some(plan) => *plan,
                None => {
                    let plan = self.plan(ls, rs);
                    if self.merge_plans.len() < PLAN_COUNT {
                        self.merge_plans.insert(key, plan);
                    }
                    plan
                }
            };
            let values = self.heap.alloc_words(plan.sources.len());
            for (i, &source) in plan.sources.iter().enumerate() {
                let from = if source & 1 == 0 { lv } else { rv };
                let value = self.heap.word(from, (source >> 1) as usize);
                self.heap.fill_word(values, i, value);
            }
            return Val::attrs(plan.shape, values);
        }
        let (l, r) = (self.heap.slice(lv, ls.keys.len()), self.heap.slice(rv, rs.keys.len()));
        // A set whose names are all in the left one keeps the left one's names.
        let mut merged: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(l.len() + r.len());
        let (mut i, mut j) = (0, 0);
        while i < l.len() && j < r.len() {
            let (a, b) = (ls.keys[i], rs.keys[j]);
            if a < b {
                merged.push((a, ls.position(i), l[i]));
                i += 1;
            } else {
                merged.push((b, rs.position(j), r[j]));
                i += usize::from(a == b);
                j += 1;
            }
        }
        merged.extend((i..l.len()).map(|i| (ls.keys[i], ls.position(i), l[i])));
        merged.extend((j..r.len()).map(|j| (rs.keys[j], rs.position(j), r[j])));
        self.attrs_sorted(&merged)
    }

    fn plan(&mut self, ls: &'static Shape, rs: &'static Shape) -> &'static MergePlan {
        let mut keys = Vec::with_capacity(ls.keys.len() + rs.keys.len());
        let mut positions = Vec::with_capacity(keys.capacity());
        let mut sources = Vec::with_capacity(keys.capacity());
        let (mut i, mut j) = (0, 0);
        while i < ls.keys.len() || j < rs.keys.len() {
            let a = ls.keys.get(i);
            let b = rs.keys.get(j);
            let left = match (a, b) {
                (Some(a), Some(b)) => a < b,
                (a, _) => a.is_some(),
            };
            if left {
                keys.push(ls.keys[i]);
                positions.push(ls.position(i));
                sources.push(2 * i as u32);
                i += 1;
            } else {
                keys.push(rs.keys[j]);
                positions.push(rs.position(j));
                sources.push(2 * j as u32 + 1);
                i += usize::from(a == b);
                j += 1;
            }
        }
        let shape = self.known_shape(keys.len(), |i| (keys[i], positions[i]));
        let sources = &*self.arena.alloc_slice_copy(&sources);
        self.arena.alloc(MergePlan { shape, sources })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(memory: &mut Memory, attrs: &[(u32, u32)]) -> Val {
        let list = attrs
            .iter()
            .map(|&(name, pos)| (Symbol(name), Pos(pos), memory.heap.alloc(Val::int(i64::from(name)))))
            .collect();
        memory.attrs_from(list)
    }

    fn shape(set: Val) -> &'static Shape {
        set.as_flat().expect("a small set is flat").0
    }

    #[test]
    fn the_same_names_at_the_same_places_are_one_shape() {
        let mut memory = Memory::new();
        let first = shape(set(&mut memory, &[(3, 30), (5, 50)]));
        for (attrs, same) in [
            (&[(3, 30), (5, 50)][..], true),
            (&[(5, 50), (3, 30)], true),
            (&[(3, 30), (5, 51)], false),
            (&[(3, 30), (6, 50)], false),
            (&[(3, 30)], false),
            (&[(3, 0), (5, 0)], false),
        ] {
            let other = shape(set(&mut memory, attrs));
            assert_eq!(std::ptr::eq(first, other), same, "{attrs:?}");
        }
    }

    #[test]
    fn merging_gives_the_same_with_and_without_a_plan() {
        let mut memory = Memory::new();
        let (left, right) = ([(1, 10), (3, 30), (5, 50)], [(2, 21), (3, 31)]);
        let mut seen = Vec::new();
        // Shapes that came up before are merged by a plan, which is kept for the third time.
        for _ in 0..3 {
            let (l, r) = (set(&mut memory, &left), set(&mut memory, &right));
            let merged = memory.update(l, r);
            let found: Vec<(u32, u32, Option<i64>)> = memory
                .entries(merged)
                .iter()
                .map(|(name, attr)| (name.0, attr.pos.0, memory.heap.get(attr.value).as_int()))
                .collect();
            seen.push(found);
        }
        let wanted = [(1, 10, Some(1)), (2, 21, Some(2)), (3, 31, Some(3)), (5, 50, Some(5))];
        assert!(seen.iter().all(|found| found == &wanted), "{seen:?}");
        assert_eq!(memory.merge_plans.len(), 1);
    }
}
