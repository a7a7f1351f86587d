//! Trials: taking back all that was done to the heap since a mark.
//!
//! A trial remembers how far the arenas were filled when it began. What is allocated from then on
//! lies above that mark and is given back as a whole. What lies below is older than the trial; before
//! such a cell or word is written, what it holds is put on the *trail*, and at the end the trail is
//! walked backwards. Outside of trials the mark is zero, below which nothing lies, so that writing
//! costs one comparison more.
//!
//! Trials may be inside each other: the inner one has the higher mark, so it notes writes to what the
//! outer one allocated as well, and its part of the trail is used up before the outer one goes on.

use super::bytes::CHUNK;
use super::region::Escapes;
use super::{Heap, Label, Ref, STRIDE, Tag, Val, Words, poison};
use memmap2::MmapMut;
use rustc_hash::FxHashSet;

/// What was written to cells and words that are older than the trial under way.
#[derive(Default)]
pub(super) struct Trail {
    /// Cells below this index are older.
    cell_mark: u32,
    /// Arrays below this index are older.
    word_mark: u32,
    /// How many trials are under way.
    depth: u32,
    /// Cells that were written, and what they held.
    cells: Vec<(Ref, Val)>,
    /// Words that were written, and what they held.
    words: Vec<(Words, u32, Ref)>,
}

impl Trail {
    #[inline(always)]
    pub(super) fn is_older_cell(&self, cell: Ref) -> bool {
        cell.0 < self.cell_mark
    }

    #[inline(always)]
    pub(super) fn is_older_array(&self, words: Words) -> bool {
        words.0 < self.word_mark
    }

    /// Returns the bytes that the trail takes.
    pub(super) fn used(&self) -> u64 {
        (size_of_val(&*self.cells) + size_of_val(&*self.words)) as u64
    }
}

/// How the heap was when a trial began.
#[must_use]
pub struct Mark {
    next_cell: u32,
    next_word: u32,
    chunk: *mut u8,
    chunk_left: usize,
    bytes_total: u64,
    limit_bytes: u64,
    maps: usize,
    escapes: Escapes,
    cell_mark: u32,
    word_mark: u32,
    cells: usize,
    words: usize,
}

impl Mark {
    /// Returns the index of the first cell of the trial.
    pub(crate) fn first_cell(&self) -> u32 {
        self.next_cell
    }

    /// Returns the index of the first array of the trial.
    pub(crate) fn first_word(&self) -> u32 {
        self.next_word
    }
}

/// Bytes of each arena that stay resident after a trial, as the next one will want them again, about what a NixOS host takes;
/// what is above goes back to the system.
const RESIDENT: usize = 256 << 20;
/// Ranges that are given back to the system begin and end at multiples of this: the largest page of
/// the machines that we know.
const PAGE: usize = 64 << 10;

/// Makes a range of a mapping read zero, and gives its pages back to the system where that works.
///
/// # Safety
/// The range is inside the mapping, and nobody reads or writes what it holds any more.
unsafe fn give_back(map: &MmapMut, from: usize, to: usize) {
    let start = map.as_ptr().cast_mut();
    poison::allow(start.wrapping_add(from), to - from);
    let (first, last) = (from.next_multiple_of(PAGE), to / PAGE * PAGE);
    #[cfg(target_os = "linux")]
    if first < last {
        // SAFETY: by the caller's promise; the pages stay mapped and read as zeroes from now on. Both
        // ends are those of pages, as the mapping starts at one.
        unsafe {
            if map
                .unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, first, last - first)
                .is_ok()
            {
                start.add(from).write_bytes(0, first - from);
                start.add(last).write_bytes(0, to - last);
                return;
            }
        }
    }
    // SAFETY: by the caller's promise.
    unsafe { start.add(from).write_bytes(0, to - from) };
}

impl Heap {
    /// Begins a trial. Trials end in the reverse order of their beginnings.
    pub fn begin_trial(&mut self) -> Mark {
        let trail = &mut self.trail;
        let mark = Mark {
            next_cell: self.next_cell,
            next_word: self.next_word,
            chunk: self.chunk,
            chunk_left: self.chunk_left,
            bytes_total: self.bytes_total,
            limit_bytes: self.limit_bytes,
            maps: self.maps.len(),
            escapes: self.escapes,
            cell_mark: trail.cell_mark,
            word_mark: trail.word_mark,
            cells: trail.cells.len(),
            words: trail.words.len(),
        };
        trail.cell_mark = self.next_cell;
        trail.word_mark = self.next_word;
        trail.depth += 1;
        self.escapes = Escapes::NONE;
        mark
    }

    /// Ends a trial: everything is as it was when it began. Nobody may use a value, reference or
    /// slice any more that was made since.
    pub fn end_trial(&mut self, mark: Mark) {
        while self.trail.cells.len() > mark.cells {
            if let Some((cell, value)) = self.trail.cells.pop() {
                // SAFETY: as in `Heap::set`.
                unsafe { self.cells.add(cell.0 as usize).write(value) };
            }
        }
        while self.trail.words.len() > mark.words {
            if let Some((words, at, value)) = self.trail.words.pop() {
                self.write_word(words, at as usize, value);
            }
        }
        self.trail.cell_mark = mark.cell_mark;
        self.trail.word_mark = mark.word_mark;
        self.trail.depth -= 1;
        self.empty_arenas(&mark);
        self.empty_strings(&mark);
        self.limit_bytes = mark.limit_bytes;
        // All that is older is as it was, and so is what is known about it.
        self.escapes = mark.escapes;
    }

    /// Ends a trial inside of no other whose memory stays in use: what is older is as it was when it began, but for thunks with
    /// this label that were evaluated, which are returned.
    pub(crate) fn keep_trial(&mut self, mark: &Mark, stays: Label) -> Vec<Ref> {
        debug_assert_eq!(self.trail.depth, 1, "what an outer trial takes back must not stay");
        let (mut seen, mut evaluated) = (FxHashSet::default(), Vec::new());
        for (cell, held) in self.trail.cells.split_off(mark.cells) {
            // What was noted first is what it held when the trial began.
            if !seen.insert(cell.0) {
                continue;
            }
            if held.label() == stays && self.get(cell).is_whnf() {
                evaluated.push(cell);
            } else {
                // SAFETY: as in `Heap::set`.
                unsafe { self.cells.add(cell.0 as usize).write(held) };
            }
        }
        while self.trail.words.len() > mark.words {
            if let Some((words, at, value)) = self.trail.words.pop() {
                self.write_word(words, at as usize, value);
            }
        }
        self.trail.cell_mark = mark.cell_mark;
        self.trail.word_mark = mark.word_mark;
        self.trail.depth -= 1;
        self.limit_bytes = mark.limit_bytes;
        // What is older may refer to what is newer now.
        self.pin();
        evaluated
    }

    /// Returns the cells older than the trial under way that were evaluated in it, each behind those that
    /// its evaluation needed.
    pub fn evaluated_since(&self, mark: &Mark) -> Vec<Ref> {
        // A thunk's cell is written when its evaluation begins and again when it ends.
        let ended = |(_, held): &&(Ref, Val)| matches!(held.tag(), Tag::Blackhole | Tag::Apply | Tag::ApplyTwo);
        let cells = self.trail.cells[mark.cells..].iter();
        cells.filter(ended).map(|&(cell, _)| cell).collect()
    }

    /// Returns how many bytes were allocated since a trial began.
    pub(crate) fn grown_since(&self, mark: &Mark) -> u64 {
        let values = u64::from(self.next_cell - mark.next_cell) * 16 + u64::from(self.next_word - mark.next_word) * 8;
        values + self.bytes_total - mark.bytes_total
    }

    /// Returns how many trials are under way.
    pub fn trials(&self) -> u32 {
        self.trail.depth
    }

    /// Whether a cell was there before the trial under way began; true outside of trials.
    pub fn is_older(&self, cell: Ref) -> bool {
        self.trail.depth == 0 || self.trail.is_older_cell(cell)
    }

    /// Whether an array was there before the trial under way began; true outside of trials.
    pub fn is_older_words(&self, words: Words) -> bool {
        self.trail.depth == 0 || self.trail.is_older_array(words)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn note_cell(&mut self, cell: Ref) {
        let held = self.get(cell);
        self.trail.cells.push((cell, held));
    }

    #[cold]
    #[inline(never)]
    pub(super) fn note_word(&mut self, words: Words, at: usize) {
        let held = self.word(words, at);
        self.trail.words.push((words, at as u32, held));
    }

    fn empty_arenas(&mut self, mark: &Mark) {
        // Where assertions are checked, whoever still holds a cell of the trial finds it out.
        if cfg!(debug_assertions) {
            for index in mark.next_cell..self.next_cell {
                self.set(Ref::from_index(index), Val::BLACKHOLE);
            }
        }
        let (from, to) = (mark.next_cell as usize * 16, self.next_cell as usize * 16);
        if to - from > RESIDENT {
            // SAFETY: these cells were allocated in the trial, of which nobody uses anything any more.
            unsafe { give_back(self.maps[0], from + RESIDENT, to) };
        }
        let (from, to) = (mark.next_word as usize * 8, self.next_word as usize * 8);
        let resident = (to - from).min(RESIDENT);
        // SAFETY: as above; new arrays must start as zeroes.
        unsafe {
            poison::allow(self.words.cast::<u8>().add(from), resident);
            self.words.cast::<u8>().add(from).write_bytes(0, resident);
            give_back(self.maps[1], from + resident, to);
        }
        poison::forbid(self.words.cast::<u8>().wrapping_add(from), to - from);
        let cells = (self.next_cell - mark.next_cell) as usize;
        poison::forbid(self.cells.wrapping_add(mark.next_cell as usize), cells);
        self.next_cell = mark.next_cell;
        self.next_word = mark.next_word;
        self.soft_cell = self.next_cell.saturating_add(STRIDE).min(self.end_cell);
        self.soft_word = self.next_word.saturating_add(STRIDE).min(self.end_word);
    }

    fn empty_strings(&mut self, mark: &Mark) {
        let same = self.chunk.wrapping_add(self.chunk_left) == mark.chunk.wrapping_add(mark.chunk_left);
        let used = mark.chunk_left - if same { self.chunk_left } else { 0 };
        if used > 0 {
            poison::allow(mark.chunk, used);
            // SAFETY: this part of the chunk was free when the trial began, and nobody uses a string of
            // the trial any more. New strings must start as zeroes.
            unsafe { mark.chunk.write_bytes(0, used) };
            poison::forbid(mark.chunk, used);
        }
        for map in self.maps.drain(mark.maps..) {
            // SAFETY: the mapping has strings of the trial only.
            unsafe { give_back(map, 0, map.len()) };
            poison::forbid(map.as_ptr(), map.len());
            self.spare.push(map);
        }
        self.chunk = mark.chunk;
        self.chunk_left = mark.chunk_left;
        self.bytes_total = mark.bytes_total;
    }

    /// Takes memory for `len` bytes of strings from what was given back, unless much of it would be
    /// wasted.
    pub(super) fn take_spare(&mut self, len: usize) -> Option<&'static MmapMut> {
        let fits = len..=len.max(CHUNK / 2) * 2;
        let at = self.spare.iter().position(|map| fits.contains(&map.len()))?;
        Some(self.spare.swap_remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Something done to a heap; numbers are taken modulo what there is.
    #[derive(Clone, Debug)]
    enum Step {
        Alloc(i64),
        Words(usize),
        Bytes(usize),
        Set(usize, i64),
        Update(usize, i64),
        SetWord(usize, usize, usize),
        /// Whether something outside keeps what is new in it.
        Region(bool, Vec<Step>),
        Trial(Vec<Step>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let simple = prop_oneof![
            any::<i64>().prop_map(Step::Alloc),
            (0usize..40).prop_map(Step::Words),
            prop_oneof![0usize..300, 200_000usize..400_000].prop_map(Step::Bytes),
            (any::<usize>(), any::<i64>()).prop_map(|(at, value)| Step::Set(at, value)),
            (any::<usize>(), any::<i64>()).prop_map(|(at, value)| Step::Update(at, value)),
            any::<(usize, usize, usize)>().prop_map(|(array, at, cell)| Step::SetWord(array, at, cell)),
        ];
        simple.prop_recursive(3, 60, 12, |inner| {
            let steps = prop::collection::vec(inner, 0..12);
            let region = (any::<bool>(), steps.clone()).prop_map(|(kept, steps)| Step::Region(kept, steps));
            prop_oneof![region, steps.prop_map(Step::Trial)]
        })
    }

    /// A heap and what a caller knows of it.
    #[derive(Default)]
    struct Model {
        heap: Heap,
        cells: Vec<Ref>,
        arrays: Vec<(Words, usize)>,
        strings: Vec<(super::super::Bytes, Vec<u8>)>,
    }

    /// All that can be seen of a model.
    #[derive(PartialEq, Debug)]
    struct Seen {
        cells: Vec<Option<i64>>,
        words: Vec<Vec<u32>>,
        counts: (u32, u32, u64, u64),
    }

    impl Model {
        fn seen(&self) -> Seen {
            let heap = &self.heap;
            for (bytes, content) in &self.strings {
                assert_eq!(bytes.get(), content);
            }
            let array = |&(words, len): &(Words, usize)| (0..len).map(|at| heap.word(words, at).index()).collect();
            Seen {
                cells: self.cells.iter().map(|&cell| heap.get(cell).as_int()).collect(),
                words: self.arrays.iter().map(array).collect(),
                counts: (heap.cell_count(), heap.word_count(), heap.byte_count(), heap.used()),
            }
        }

        fn run(&mut self, steps: &[Step]) {
            for step in steps {
                self.step(step);
            }
        }

        fn step(&mut self, step: &Step) {
            let heap = &mut self.heap;
            match *step {
                Step::Alloc(value) => self.cells.push(heap.alloc(Val::int(value))),
                Step::Words(len) => {
                    let words = heap.alloc_words(len);
                    assert!(
                        (0..len).all(|at| !heap.word(words, at).is_some()),
                        "new words are empty"
                    );
                    self.arrays.push((words, len));
                }
                Step::Bytes(len) => {
                    let mut content = vec![0; len];
                    let bytes = heap.alloc_bytes_with(len, |new| {
                        assert!(new.iter().all(|&byte| byte == 0), "new strings are empty");
                        new.fill(len as u8 | 1);
                        content.copy_from_slice(new);
                    });
                    self.strings.push((bytes, content));
                }
                Step::Set(at, value) if !self.cells.is_empty() => {
                    heap.set(self.cells[at % self.cells.len()], Val::int(value));
                }
                Step::Update(at, value) if !self.cells.is_empty() => {
                    heap.update(self.cells[at % self.cells.len()], Val::int(value));
                }
                Step::SetWord(array, at, cell) if !self.cells.is_empty() && !self.arrays.is_empty() => {
                    let (words, len) = self.arrays[array % self.arrays.len()];
                    if len > 0 {
                        heap.set_word(words, at % len, self.cells[cell % self.cells.len()]);
                    }
                }
                Step::Region(kept, ref steps) => {
                    let known = (self.cells.len(), self.arrays.len());
                    let region = heap.open_region();
                    self.run(steps);
                    if kept {
                        self.heap.pin();
                    } else {
                        self.cells.truncate(known.0);
                        self.arrays.truncate(known.1);
                    }
                    self.heap.close_region(&region, Some(Val::NULL));
                }
                Step::Trial(ref steps) => {
                    let before = self.seen();
                    let known = (self.cells.len(), self.arrays.len(), self.strings.len());
                    let mark = self.heap.begin_trial();
                    self.run(steps);
                    self.heap.end_trial(mark);
                    self.cells.truncate(known.0);
                    self.arrays.truncate(known.1);
                    self.strings.truncate(known.2);
                    assert_eq!(self.seen(), before);
                }
                _ => {}
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_trial_leaves_the_heap_as_it_was(first in prop::collection::vec(step(), 0..20), tried in prop::collection::vec(step(), 0..40)) {
            let mut model = Model::default();
            model.run(&first);
            model.step(&Step::Trial(tried.clone()));
            // What was given back is as good as new.
            model.run(&tried);
            model.seen();
        }
    }

    #[test]
    fn what_a_large_trial_used_reads_zero_again() {
        let mut heap = Heap::new();
        let kept = heap.alloc_refs(&[heap.cells_end()]);
        for _ in 0..2 {
            let mark = heap.begin_trial();
            let len = RESIDENT / 4 + 300_000;
            let words = heap.alloc_refs_with(len, |i| Ref::from_index(i as u32 + 1));
            assert_eq!(heap.word(words, len - 1).index(), len as u32);
            heap.end_trial(mark);
            let mark = heap.begin_trial();
            let words = heap.alloc_words(len);
            assert!(heap.slice(words, len).iter().all(|word| !word.is_some()));
            heap.end_trial(mark);
            assert_eq!(heap.slice(kept, 1)[0], heap.cells_end());
        }
    }

    impl Heap {
        /// Returns the name of the newest cell.
        fn cells_end(&self) -> Ref {
            Ref::from_index(self.next_cell - 1)
        }
    }
}
