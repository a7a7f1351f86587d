//! Regions: giving back at once what an evaluation allocated and nobody can reach any more.
//!
//! Evaluating a test, a comparison or a string leaves environments and thunks behind that nothing
//! refers to once the result is known. An evaluation is therefore a *region*: it remembers how far
//! the arenas of cells and words were filled when it began, and when it ends they may be emptied
//! down to there again. That is right if nothing older than the region, and not its result, refers
//! to anything inside it. What is older can come to refer to newer things in two ways only:
//!
//! * a thunk that is older was evaluated inside the region, and its cell now holds the value
//!   ([`Heap::update`] notes the oldest such cell, and the newest array that such a cell holds);
//! * a table that outlives evaluations (names' strings, files, code) took in a new cell or array;
//!   whoever keeps such a table calls [`Heap::pin`].
//!
//! Rust code that runs outside the region holds only references that are older than it, or gets
//! them by the result. Strings and what stands in the arena of code are not part of regions.

use super::{Heap, Ref, Tag, Val, poison};

/// How far the heap was filled when an evaluation began, and what had escaped from the evaluation
/// around it by then.
#[must_use]
pub struct Region {
    cell: u32,
    word: u32,
    outer: Escapes,
}

/// Eight-byte units of references that are emptied one by one.
const FEW: usize = 16;

/// What may refer into a region from outside.
#[derive(Clone, Copy)]
pub(super) struct Escapes {
    /// The oldest cell that got a value that is an array or refers to cells.
    oldest: u32,
    /// The newest array that such a cell holds; the largest number if that is not known.
    newest: u32,
}

impl Escapes {
    pub(super) const NONE: Escapes = Escapes {
        oldest: u32::MAX,
        newest: 0,
    };
    const ALL: Escapes = Escapes {
        oldest: 0,
        newest: u32::MAX,
    };

    #[inline(always)]
    fn and(self, other: Escapes) -> Escapes {
        Escapes {
            oldest: self.oldest.min(other.oldest),
            newest: self.newest.max(other.newest),
        }
    }
}

impl Val {
    /// Returns the newest array that an evaluated value holds directly: zero if none, the largest
    /// number if it refers to something else that may be new.
    #[inline(always)]
    fn newest_array(self) -> u32 {
        match self.tag() {
            Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::String | Tag::Path | Tag::Builtin => 0,
            Tag::List => self.as_list().map_or(0, |(words, _)| words.index()),
            Tag::Attrs => self.as_flat().map_or(0, |(_, words)| words.index()),
            Tag::Lambda => self.as_lambda().map_or(0, |(_, env)| env.index()),
            _ => u32::MAX,
        }
    }
}

impl Heap {
    /// Begins a region.
    #[inline(always)]
    pub fn open_region(&mut self) -> Region {
        let region = Region {
            cell: self.next_cell,
            word: self.next_word,
            outer: self.escapes,
        };
        self.escapes = Escapes::NONE;
        region
    }

    /// Ends a region with the result of its evaluation, `None` if that failed, and empties it if
    /// nothing in it can be reached any more. Regions must end in the reverse order of their
    /// beginnings.
    #[inline(always)]
    pub fn close_region(&mut self, region: &Region, result: Option<Val>) {
        let inside = self.escapes;
        if let Some(result) = result
            && (inside.oldest >= region.cell || inside.newest < region.word)
            && result.newest_array() < region.word
        {
            self.empty_down_to(region);
            // Cells inside the region are gone, and with them what they referred to.
            self.escapes = if inside.oldest >= region.cell {
                region.outer
            } else {
                region.outer.and(inside)
            };
        } else {
            self.escapes = region.outer.and(inside);
        }
    }

    #[inline(always)]
    fn empty_down_to(&mut self, region: &Region) {
        let words = (self.next_word - region.word) as usize;
        let array = self.words.wrapping_add(region.word as usize);
        poison::allow(array, words);
        // SAFETY: these arrays were allocated since the region began, nobody will read them again,
        // and the range lies between two positions that were the arena's end. New arrays must
        // start as zeroes.
        unsafe {
            if words <= FEW {
                // Most regions hold an environment or two, for which a call costs more than the work.
                for at in 0..words {
                    array.add(at).write_volatile(0);
                }
            } else {
                std::ptr::write_bytes(array, 0, words);
            }
        }
        // Where assertions are checked, whoever still holds a cell of the region finds it out.
        if cfg!(debug_assertions) {
            for index in region.cell..self.next_cell {
                self.set(Ref::from_index(index), Val::BLACKHOLE);
            }
        }
        poison::forbid(array, words);
        let cells = (self.next_cell - region.cell) as usize;
        poison::forbid(self.cells.wrapping_add(region.cell as usize), cells);
        self.next_word = region.word;
        self.next_cell = region.cell;
    }

    /// Puts the value of a thunk into its cell.
    #[inline(always)]
    pub fn update(&mut self, cell: Ref, value: Val) {
        let newest = value.newest_array();
        if newest != 0 {
            self.escapes = self.escapes.and(Escapes {
                oldest: cell.index(),
                newest,
            });
        }
        self.set(cell, value);
    }

    /// Keeps all that was allocated so far: something outside the heap refers to new parts of it
    /// from now on.
    pub fn pin(&mut self) {
        self.escapes = Escapes::ALL;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Heap;
    use super::*;

    /// Allocates a bit in a region, ends it as told, and returns whether it was emptied.
    fn emptied(work: impl FnOnce(&mut Heap, Ref) -> Option<Val>) -> bool {
        let mut heap = Heap::new();
        let old = heap.alloc(Val::NULL);
        let kept = heap.alloc_refs(&[old, old]);
        let (cells, words) = (heap.cell_count(), heap.word_count());
        let region = heap.open_region();
        heap.alloc(Val::int(1));
        let array = heap.alloc_refs(&[old, old, old]);
        let _ = heap.slice(array, 3);
        let result = work(&mut heap, old);
        heap.close_region(&region, result);
        assert_eq!(heap.slice(kept, 2), &[old, old]);
        let empty = heap.cell_count() == cells && heap.word_count() == words;
        if empty {
            let fresh = heap.alloc_words(64);
            assert!(heap.slice(fresh, 64).iter().all(|word| !word.is_some()));
        }
        empty
    }

    #[test]
    fn a_region_is_emptied_unless_something_refers_into_it() {
        assert!(emptied(|_, _| Some(Val::int(1))));
        assert!(emptied(|_, _| Some(Val::EMPTY_LIST)));
        assert!(!emptied(|_, _| None), "the evaluation failed");
        assert!(!emptied(|heap, old| {
            let words = heap.alloc_refs(&[old]);
            Some(Val::list(words, 1))
        }));
        assert!(!emptied(|_, old| Some(Val::partial(old, old))));
        assert!(emptied(|heap, old| {
            heap.update(old, Val::int(7));
            Some(Val::NULL)
        }));
        assert!(!emptied(|heap, old| {
            let words = heap.alloc_refs(&[old]);
            heap.update(old, Val::list(words, 1));
            Some(Val::NULL)
        }));
        assert!(emptied(|heap, old| {
            let new = heap.alloc(Val::NULL);
            let words = heap.alloc_refs(&[old]);
            heap.update(new, Val::list(words, 1));
            Some(Val::NULL)
        }));
        assert!(!emptied(|heap, _| {
            heap.pin();
            Some(Val::NULL)
        }));
    }

    #[test]
    fn what_escapes_from_an_inner_region_escapes_from_the_outer_one() {
        for (depth, kept) in [(0, true), (1, false)] {
            let mut heap = Heap::new();
            let first = heap.alloc(Val::NULL);
            let outer = heap.open_region();
            let second = heap.alloc(Val::NULL);
            let before = heap.cell_count();
            let inner = heap.open_region();
            let words = heap.alloc_refs(&[second, second]);
            heap.update([first, second][depth], Val::list(words, 2));
            heap.close_region(&inner, Some(Val::NULL));
            assert!(heap.word_count() > words.index(), "the inner region stays in any case");
            heap.close_region(&outer, Some(Val::NULL));
            assert_eq!(heap.cell_count() == before, kept, "{depth}");
        }
    }
}
