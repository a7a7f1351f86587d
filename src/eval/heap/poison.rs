//! Telling AddressSanitizer which parts of the arenas nobody may touch.
//!
//! To the sanitizer an arena is one large piece of memory that is always in use, so it would not see when a
//! name outlives its region or trial. In a build with `--cfg poisoned_heap` (`tests/sanitizers.sh`), what is given
//! back is poisoned until it is allocated again, and behind each array stands a poisoned gap. In all other builds
//! nothing of this is there.

/// Eight-byte units that stay poisoned behind each array of references.
pub(super) const GAP: usize = if cfg!(poisoned_heap) { 1 } else { 0 };

#[cfg(poisoned_heap)]
unsafe extern "C" {
    fn __asan_poison_memory_region(at: *const std::ffi::c_void, size: usize);
    fn __asan_unpoison_memory_region(at: *const std::ffi::c_void, size: usize);
}

/// From now on these may be used.
#[inline(always)]
pub(super) fn allow<T>(at: *const T, count: usize) {
    #[cfg(poisoned_heap)]
    // SAFETY: this changes what the sanitizer knows, and no memory.
    unsafe {
        __asan_unpoison_memory_region(at.cast(), count * size_of::<T>());
    }
    let _ = (at, count);
}

/// From now on, whoever uses these is found out.
#[inline(always)]
pub(super) fn forbid<T>(at: *const T, count: usize) {
    #[cfg(poisoned_heap)]
    // SAFETY: as in `allow`.
    unsafe {
        __asan_poison_memory_region(at.cast(), count * size_of::<T>());
    }
    let _ = (at, count);
}

#[cfg(all(test, poisoned_heap))]
mod tests {
    use super::super::{Bytes, Heap, Ref, Val, Words};

    unsafe extern "C" {
        fn __asan_address_is_poisoned(at: *const std::ffi::c_void) -> i32;
    }

    fn poisoned<T>(at: *const T) -> bool {
        // SAFETY: this looks at what the sanitizer knows only.
        unsafe { __asan_address_is_poisoned(at.cast()) != 0 }
    }

    /// Which of a cell, an array's last reference, what is behind it and a string are poisoned.
    fn found(heap: &Heap, cell: Ref, words: Words, len: usize, bytes: Bytes) -> [bool; 4] {
        let array = heap.words.wrapping_add(words.index() as usize).cast::<Ref>();
        [
            poisoned(heap.cells.wrapping_add(cell.index() as usize)),
            poisoned(array.wrapping_add(len - 1)),
            poisoned(array.wrapping_add(len)),
            poisoned(bytes.address() as *const u8),
        ]
    }

    #[test]
    fn what_is_given_back_is_poisoned_until_it_is_allocated_again() {
        for len in [1, 2, 7, 100] {
            let mut heap = Heap::new();
            let work = |heap: &mut Heap| (heap.alloc(Val::NULL), heap.alloc_words(len), heap.alloc_bytes(&[7; 9]));
            let region = heap.open_region();
            let (cell, words, bytes) = work(&mut heap);
            assert_eq!(found(&heap, cell, words, len, bytes), [false, false, true, false]);
            heap.close_region(&region, Some(Val::NULL));
            assert_eq!(found(&heap, cell, words, len, bytes), [true, true, true, false]);
            let mark = heap.begin_trial();
            let (cell, words, bytes) = work(&mut heap);
            assert_eq!(found(&heap, cell, words, len, bytes), [false, false, true, false]);
            heap.end_trial(mark);
            assert_eq!(found(&heap, cell, words, len, bytes), [true; 4]);
            let (cell, words, bytes) = work(&mut heap);
            assert_eq!(found(&heap, cell, words, len, bytes), [false, false, true, false]);
        }
    }
}
