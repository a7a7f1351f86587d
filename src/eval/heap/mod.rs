//! The heap: where values live. The only module of the project with `unsafe` code.
//!
//! Three bump arenas in reserved address space, without reference counts and without a collector:
//!
//! * *cells*: one [`Val`] (16 bytes) each, named by a [`Ref`] of four bytes. A cell is what Nix
//!   calls a value: it has an identity, and a thunk in it is replaced by its result.
//! * *words*: arrays of four-byte references: environments, lists, the values of attribute sets.
//!   Named by [`Words`], in units of eight bytes.
//! * *bytes*: string contents with a four-byte length in front, named by [`Bytes`].
//!
//! What code holds is apart (`constants.rs`), as it outlives the evaluation that it was made in.
//!
//! Four-byte references halve the memory of what evaluation mostly makes. Memory is committed by
//! the operating system as it is touched, and goes back only when the heap is dropped; the address
//! space stays reserved even then. Nothing ever moves or is unmapped, and what a finished evaluation
//! leaves behind is used again only if nothing can reach it (`region.rs`), so slices can be handed
//! out as if for the rest of the process; those of a dropped heap read zeroes.
//!
//! # Invariants
//!
//! * `Ref`, `Words` and `Bytes` are only made by allocation, so they always name initialised memory
//!   of the heap that made them. A process may have several heaps; a name must only be used with
//!   its own (an `Evaluator` owns its heap and never mixes). Every name is checked against the
//!   reservation's size by construction, so that even a mixed-up name reads zeroed or initialised
//!   plain data and never leaves the mapping.
//! * A word array is written only between its allocation and its first being read as a slice;
//!   environments, whose slots are filled while others may already be read, are only accessed a
//!   word at a time.
//! * Everything stored is plain old data without drop glue.
#![allow(unsafe_code)]

mod bytes;
mod constants;
mod poison;
mod region;
mod sweep;
mod trail;
mod value;

pub use bytes::Bytes;
use constants::Constants;
use region::Escapes;
pub use region::Region;
use std::marker::PhantomData;
pub(crate) use sweep::Reached;
pub use trail::Mark;
use trail::Trail;
pub(crate) use value::Label;
pub use value::{ContextId, Env, Tag, Val};

/// The name of a cell: its index in the cell arena. Zero is never a cell. It belongs to the thread of
/// its evaluator, as the cell does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Ref(u32, PhantomData<*const ()>);

impl Ref {
    /// The absent cell: an environment slot that is not filled yet.
    pub const NONE: Ref = Ref(0, PhantomData);

    /// Whether this names a cell.
    #[inline(always)]
    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Returns the index, which is stable and unique within the heap.
    #[inline(always)]
    pub fn index(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn from_index(index: u32) -> Ref {
        Ref(index, PhantomData)
    }
}

/// The name of an array of references: its offset in the word arena in units of eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Words(u32);

impl Words {
    /// The empty array.
    pub const EMPTY: Words = Words(0);

    #[inline(always)]
    pub(crate) fn index(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn from_index(index: u32) -> Words {
        Words(index)
    }
}

/// Returns the reference whose address was put into a value by [`static_address`].
///
/// # Safety
/// `address` must come from `static_address::<T>`.
#[inline(always)]
pub(crate) unsafe fn static_from_address<T>(address: u64) -> &'static T {
    // SAFETY: by the caller's promise.
    unsafe { &*(address as *const T) }
}

/// Returns the address of a reference that lives as long as the process.
#[inline(always)]
pub(crate) fn static_address<T>(value: &'static T) -> u64 {
    std::ptr::from_ref(value) as u64
}

/// Why the heap gave no more memory. An allocation has no way to fail that every caller could take
/// at no cost, so this unwinds, as the payload of a panic without message, up to
/// [`crate::Evaluator::contained`], which makes an error of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exhausted {
    /// The limit, or the heap's own size, was reached.
    Memory,
    /// A string would have this many bytes, which is more than its length field can say.
    LongString(usize),
}

/// Unwinds with the reason.
#[cold]
#[inline(never)]
fn give_up(why: Exhausted) -> ! {
    std::panic::resume_unwind(Box::new(why))
}

/// The heap of one evaluator.
pub struct Heap {
    cells: *mut Val,
    next_cell: u32,
    /// Where the limits are looked at again; at most `end_cell`.
    soft_cell: u32,
    end_cell: u32,
    words: *mut u64,
    next_word: u32,
    soft_word: u32,
    end_word: u32,
    chunk: *mut u8,
    chunk_left: usize,
    /// The label of what is allocated.
    pub(crate) label: Label,
    bytes_total: u64,
    code_total: u64,
    /// Set once an allocation passed the limit; the interpreter looks at it at every call.
    limit_cells: u32,
    limit_words: u32,
    limit_bytes: u64,
    escapes: Escapes,
    trail: Trail,
    constants: Constants,
    /// All memory of this heap; that of the cells and of the words comes first.
    maps: Vec<&'static memmap2::MmapMut>,
    /// Memory of strings that were given back; it reads zero.
    spare: Vec<&'static memmap2::MmapMut>,
}

impl Drop for Heap {
    fn drop(&mut self) {
        for map in self.maps.iter().chain(&self.constants.maps) {
            #[cfg(target_os = "linux")]
            // SAFETY: the pages stay mapped and read as zeroes from now on: an absent cell, `null`, an
            // empty string. Whoever could look at them went with the evaluator that owns this heap.
            // Where the system refuses, the memory stays in use.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            #[cfg(not(target_os = "linux"))]
            let _ = map;
        }
    }
}

/// Cells that may be allocated after a limit is hit, until the interpreter notices.
const SLACK: u32 = 1 << 20;
/// Cells, or units of references, that are allocated between two looks at the limit: 1 MiB of cells.
const STRIDE: u32 = 1 << 16;
/// What may be used beyond the limit to tell about it: 64 MiB.
const RESERVE: u64 = 64 << 20;
/// Address space that a heap wishes for its cells, and half as much for references: 64 GiB. ThreadSanitizer leaves a
/// process about one TiB in all.
const RESERVED: usize = if cfg!(small_heap) { 1 << 31 } else { 1 << 36 };
/// Reserves address space without committing memory; halves the wish until the system agrees
/// (address-space limits, strict overcommit).
fn reserve(mut size: usize) -> (&'static mut memmap2::MmapMut, usize) {
    loop {
        match memmap2::MmapOptions::new().len(size).no_reserve_swap().map_anon() {
            Ok(map) => {
                // The mapping is kept for the rest of the process: see the module's first comment.
                return (Box::leak(Box::new(map)), size);
            }
            Err(error) => {
                size /= 2;
                assert!(size >= 1 << 20, "no address space for the evaluator's heap: {error}");
            }
        }
    }
}

impl Heap {
    /// Returns an empty heap that can grow to 64 GiB of cells and 32 GiB of references.
    pub fn new() -> Heap {
        let (cell_map, cell_size) = reserve(RESERVED);
        let (word_map, word_size) = reserve(RESERVED / 2);
        let (cells, words) = (cell_map.as_mut_ptr(), word_map.as_mut_ptr());
        let end_cell = u32::try_from(cell_size / 16 - 1).unwrap_or(u32::MAX);
        let end_word = u32::try_from(word_size / 8 - 1).unwrap_or(u32::MAX);
        Heap {
            cells: cells.cast(),
            next_cell: 1,
            label: Label::NONE,
            soft_cell: STRIDE.min(end_cell),
            end_cell,
            words: words.cast(),
            next_word: 1,
            soft_word: STRIDE.min(end_word),
            end_word,
            chunk: std::ptr::null_mut(),
            chunk_left: 0,
            bytes_total: 0,
            code_total: 0,
            limit_cells: end_cell - SLACK.min(end_cell / 2),
            limit_words: end_word - SLACK.min(end_word / 2),
            limit_bytes: u64::MAX,
            escapes: Escapes::NONE,
            trail: Trail::default(),
            constants: Constants::new(),
            maps: vec![cell_map, word_map],
            spare: Vec::new(),
        }
    }

    /// Returns the bytes in use by values, strings, code and the trail of a trial.
    pub fn used(&self) -> u64 {
        let values = u64::from(self.next_cell) * 16 + u64::from(self.next_word) * 8;
        values + self.bytes_total + self.code_total + self.trail.used() + self.constants.used()
    }

    /// Returns how many cells were allocated.
    pub fn cell_count(&self) -> u32 {
        self.next_cell
    }

    /// Returns how many eight-byte units of references were allocated.
    pub fn word_count(&self) -> u32 {
        self.next_word
    }

    /// Returns how many bytes of string data were allocated.
    pub fn byte_count(&self) -> u64 {
        self.bytes_total
    }

    /// Returns the number of bytes in use after which [`Heap::over_limit`] tells so.
    pub fn limit(&self) -> u64 {
        self.limit_bytes
    }

    /// Sets the number of bytes in use after which [`Heap::over_limit`] tells so.
    pub fn set_limit(&mut self, bytes: u64) {
        self.limit_bytes = bytes;
    }

    /// Whether more memory is in use than allowed.
    #[inline]
    pub fn over_limit(&self) -> bool {
        self.next_cell >= self.limit_cells || self.next_word >= self.limit_words || self.used() > self.limit_bytes
    }

    /// Whether this many cells and references fit into the heap and its limit.
    pub fn has_room(&self, cells: u64, words: u64) -> bool {
        let bytes = cells.saturating_mul(16).saturating_add(words.saturating_mul(4));
        u64::from(self.next_cell).saturating_add(cells) < u64::from(self.limit_cells)
            && u64::from(self.next_word).saturating_add(words / 2) < u64::from(self.limit_words)
            && self.used().saturating_add(bytes) <= self.limit_bytes
    }

    /// Looks at the limits, and moves the place where they are looked at again; unwinds at a limit.
    #[cold]
    #[inline(never)]
    fn more_cells(&mut self) {
        if self.next_cell >= self.end_cell || self.used() > self.last_limit() {
            give_up(Exhausted::Memory);
        }
        self.soft_cell = self.next_cell.saturating_add(STRIDE).min(self.end_cell);
    }

    /// Does for references what `more_cells` does; there must be room for `units` of them.
    #[cold]
    #[inline(never)]
    fn more_words(&mut self, units: usize) {
        let bytes = (units as u64).saturating_mul(8);
        let left = (self.end_word - self.next_word) as usize;
        if units >= left || self.used().saturating_add(bytes) > self.last_limit() {
            give_up(Exhausted::Memory);
        }
        let needed = self.next_word + units as u32 + 1;
        self.soft_word = needed.saturating_add(STRIDE).min(self.end_word);
    }

    /// Where even what the interpreter does to tell about the limit has to end.
    fn last_limit(&self) -> u64 {
        self.limit_bytes.saturating_add(RESERVE)
    }

    /// Sets how many bytes code and tables take outside the arenas.
    pub fn set_code(&mut self, bytes: u64) {
        self.code_total = bytes;
    }

    /// Returns a new cell holding `value`.
    #[inline(always)]
    pub fn alloc(&mut self, value: Val) -> Ref {
        let index = self.next_cell;
        if index >= self.soft_cell {
            self.more_cells();
        }
        self.next_cell = index + 1;
        let value = value.labelled(self.label);
        poison::allow(self.cells.wrapping_add(index as usize), 1);
        // SAFETY: `index` is below the number of cells in the reservation.
        unsafe { self.cells.add(index as usize).write(value) };
        Ref(index, PhantomData)
    }

    /// Returns the index that the next cell will have: those of older ones are less.
    pub(crate) fn next_index(&self) -> u32 {
        self.next_cell
    }

    /// Returns what a cell holds.
    #[inline(always)]
    pub fn get(&self, cell: Ref) -> Val {
        // SAFETY: a `Ref` names an allocated, thus initialised, cell; should the name be another heap's, the
        // words there may be zero, which `from_words` takes as well.
        Val::from_words(unsafe { self.cells.add(cell.0 as usize).cast::<[u64; 2]>().read() })
    }

    /// Replaces what a cell holds.
    #[inline(always)]
    pub fn set(&mut self, cell: Ref, value: Val) {
        if self.trail.is_older_cell(cell) {
            self.note_cell(cell);
        }
        // SAFETY: as in `get`; nobody holds a reference into a cell, `get` copies.
        unsafe { self.cells.add(cell.0 as usize).write(value) }
    }

    /// Returns a new array of `len` references, all `Ref::NONE`.
    #[inline(always)]
    pub fn alloc_words(&mut self, len: usize) -> Words {
        let units = len.div_ceil(2) + poison::GAP;
        let index = self.next_word;
        if units >= (self.soft_word - index) as usize {
            self.more_words(units);
        }
        self.next_word = index + units as u32;
        let array = self.words.wrapping_add(index as usize);
        poison::forbid(array, units);
        poison::allow(array.cast::<Ref>(), len);
        // Fresh anonymous memory is zero, which is `Ref::NONE`.
        Words(index)
    }

    /// Returns the word at `at` of an array.
    #[inline(always)]
    pub fn word(&self, words: Words, at: usize) -> Ref {
        // SAFETY: `words` names an array and callers stay inside the length that they allocated;
        // both are at most the reservation, which is mapped as a whole and zeroed.
        unsafe { self.words.add(words.0 as usize).cast::<Ref>().add(at).read() }
    }

    /// Writes the word at `at` of an array that is still being filled, or of an environment.
    #[inline(always)]
    pub fn set_word(&mut self, words: Words, at: usize, value: Ref) {
        if self.trail.is_older_array(words) {
            self.note_word(words, at);
        }
        self.write_word(words, at, value);
    }

    /// Writes the word at `at` of an array that was allocated a moment ago, in the same trial.
    #[inline(always)]
    pub fn fill_word(&mut self, words: Words, at: usize, value: Ref) {
        debug_assert!(
            !self.trail.is_older_array(words),
            "what is older than a trial is written with a note"
        );
        self.write_word(words, at, value);
    }

    #[inline(always)]
    fn write_word(&mut self, words: Words, at: usize, value: Ref) {
        // SAFETY: as in `word`.
        unsafe { self.words.add(words.0 as usize).cast::<Ref>().add(at).write(value) }
    }

    /// Returns the first `len` references of an array that is complete.
    #[inline(always)]
    pub fn slice(&self, words: Words, len: usize) -> &'static [Ref] {
        // SAFETY: the array was allocated with at least `len` references, is not written any more,
        // and is never freed.
        unsafe { std::slice::from_raw_parts(self.words.add(words.0 as usize).cast::<Ref>(), len) }
    }

    /// Returns a new complete array with these references.
    #[inline]
    pub fn alloc_refs(&mut self, refs: &[Ref]) -> Words {
        let words = self.alloc_words(refs.len());
        // SAFETY: the array was just allocated with this length and nobody else knows it.
        unsafe {
            let to = self.words.add(words.0 as usize).cast::<Ref>();
            std::ptr::copy_nonoverlapping(refs.as_ptr(), to, refs.len());
        }
        words
    }

    /// Returns a new complete array of `len` references made by `fill`, which gets the index.
    #[inline]
    pub fn alloc_refs_with(&mut self, len: usize, mut fill: impl FnMut(usize) -> Ref) -> Words {
        let words = self.alloc_words(len);
        for i in 0..len {
            self.write_word(words, i, fill(i));
        }
        words
    }
}

impl Default for Heap {
    fn default() -> Self {
        Heap::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_words_and_bytes_keep_what_they_are_given() {
        let mut heap = Heap::new();
        let a = heap.alloc(Val::int(1));
        let b = heap.alloc(Val::int(2));
        heap.set(a, Val::int(3));
        assert_eq!((heap.get(a).as_int(), heap.get(b).as_int()), (Some(3), Some(2)));
        let words = heap.alloc_refs(&[a, b, a]);
        assert_eq!(heap.slice(words, 3), &[a, b, a]);
        let env = heap.alloc_words(2);
        assert!(!heap.word(env, 1).is_some());
        heap.set_word(env, 1, b);
        assert_eq!(heap.word(env, 1), b);
        let big = vec![7u8; 3 << 20];
        for content in [&b""[..], b"a", b"four", &big] {
            assert_eq!(heap.alloc_bytes(content).get(), content);
        }
    }

    #[test]
    fn no_allocation_passes_the_limit_by_much() {
        let limited = || {
            let mut heap = Heap::new();
            heap.set_limit(1 << 20);
            heap
        };
        let why = |work: &mut dyn FnMut()| {
            let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_err();
            *payload.downcast_ref::<Exhausted>().unwrap()
        };
        let mut heap = limited();
        assert_eq!(why(&mut || while heap.alloc(Val::NULL).is_some() {}), Exhausted::Memory);
        assert!(heap.used() < 128 << 20);
        let mut heap = limited();
        assert_eq!(
            why(&mut || {
                heap.alloc_words(1 << 30);
            }),
            Exhausted::Memory
        );
        assert_eq!(
            why(&mut || {
                heap.alloc_words(usize::MAX / 2);
            }),
            Exhausted::Memory
        );
        assert_eq!(
            why(&mut || while heap.alloc_words(9) != Words::EMPTY {}),
            Exhausted::Memory
        );
        let mut heap = limited();
        assert_eq!(
            why(&mut || {
                heap.alloc_bytes_with(1 << 30, |_| ());
            }),
            Exhausted::Memory
        );
        assert_eq!(
            why(&mut || {
                heap.alloc_bytes_with(1 << 32, |_| ());
            }),
            Exhausted::LongString(1 << 32)
        );
        assert_eq!(
            why(&mut || while !heap.alloc_bytes(&[7; 100]).get().is_empty() {}),
            Exhausted::Memory
        );
        assert!(heap.used() < 128 << 20);
    }

    #[test]
    fn a_dropped_heap_gives_its_memory_back() {
        let mut heap = Heap::new();
        let words = heap.alloc_refs(&[Ref::from_index(7); 1000]);
        let cell = heap.alloc(Val::int(5));
        let (cells, at) = (heap.cells, cell.index() as usize);
        assert_eq!(
            (heap.get(cell).as_int(), heap.slice(words, 1000)[999]),
            (Some(5), Ref::from_index(7))
        );
        drop(heap);
        // SAFETY: the mapping stays for the rest of the process; what is read is zeroed memory.
        let after = unsafe { cells.add(at).cast::<[u64; 2]>().read() };
        assert_eq!(after, [0, 0]);
    }

    #[test]
    fn the_limit_is_noticed() {
        let mut heap = Heap::new();
        heap.set_limit(1 << 16);
        assert!(!heap.over_limit());
        for _ in 0..5000 {
            heap.alloc(Val::NULL);
        }
        assert!(heap.over_limit());
    }
}
