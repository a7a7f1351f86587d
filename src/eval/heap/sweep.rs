//! Giving back the pages of a trial whose memory stays in use on which nothing is that anybody can reach.
//!
//! Nothing is moved: what is reached stays where it is, and a page on which there is some of it stays as a whole.

use super::{Heap, Mark, Ref, Val, Words, poison};

/// The size of a page, or a multiple of it.
const PAGE: usize = if cfg!(target_arch = "x86_64") {
    4 << 10
} else {
    64 << 10
};
/// Bytes that a bit stands for: of a cell, and of two references.
const CELL: usize = 16;
const UNIT: usize = 8;

/// What is reached of the memory of a trial.
pub(crate) struct Reached {
    cells: Bits,
    units: Bits,
}

/// A bit for each cell, or two references, from the first one of a trial on.
struct Bits {
    first: usize,
    end: usize,
    /// What the first bit stands for: nothing that is of the trial, unless it begins where a word of bits does.
    start: usize,
    bits: Vec<u64>,
}

impl Bits {
    fn new(first: u32, end: u32) -> Bits {
        let (first, end) = (first as usize, end as usize);
        let start = first - first % 64;
        Bits {
            first,
            end,
            start,
            bits: vec![0; (end - start).div_ceil(64)],
        }
    }

    /// Sets a bit, and tells whether it was not set; what is older than the trial is none of it.
    #[inline]
    fn set(&mut self, index: usize) -> bool {
        if index < self.first || index >= self.end {
            return false;
        }
        let at = index - self.start;
        let bit = 1 << (at % 64);
        let word = &mut self.bits[at / 64];
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn is_set(&self, index: usize) -> bool {
        let at = index - self.start;
        self.bits[at / 64] >> (at % 64) & 1 == 1
    }

    /// Returns the ranges of bytes of whole pages without a set bit, where each bit stands for so many bytes.
    fn free_pages(&self, bytes: usize) -> Vec<(usize, usize)> {
        let a_page = PAGE / bytes;
        let mut free: Vec<(usize, usize)> = Vec::new();
        let first = self.first.next_multiple_of(a_page);
        // Pages begin where words of bits do.
        let pages = self.bits[((first - self.start) / 64).min(self.bits.len())..].chunks_exact(a_page / 64);
        let whole = (self.end.saturating_sub(first)) / a_page;
        for (number, page) in pages.take(whole).enumerate() {
            if page.iter().all(|bits| *bits == 0) {
                let from = first * bytes + number * PAGE;
                match free.last_mut() {
                    Some((_, end)) if *end == from => *end += PAGE,
                    _ => free.push((from, from + PAGE)),
                }
            }
        }
        free
    }
}

impl Reached {
    /// Notes that a cell is reached, and tells whether it is one of the trial and was not known to be.
    #[inline]
    pub fn cell(&mut self, cell: Ref) -> bool {
        self.cells.set(cell.index() as usize)
    }

    /// Notes that references of an array are reached.
    #[inline]
    pub fn words(&mut self, words: Words, from: usize, len: usize) {
        let first = words.index() as usize;
        for unit in first + from / 2..first + (from + len).div_ceil(2) {
            self.units.set(unit);
        }
    }
}

impl Heap {
    /// Returns that nothing is known to be reached of what was allocated since a trial began.
    pub(crate) fn nothing_reached(&self, mark: &Mark) -> Reached {
        Reached {
            cells: Bits::new(mark.first_cell(), self.next_cell),
            units: Bits::new(mark.first_word(), self.next_word),
        }
    }

    /// Gives back what was allocated since a trial began and is not reached, as far as whole pages go. Returns how many bytes
    /// that were.
    pub(crate) fn sweep(&mut self, reached: &Reached) -> u64 {
        // Where assertions are checked, whoever reaches more than was told finds it out.
        if cfg!(debug_assertions) {
            self.spoil(reached);
            return 0;
        }
        let mut given = 0;
        for (arena, bits, bytes) in [(0, &reached.cells, CELL), (1, &reached.units, UNIT)] {
            for (from, to) in bits.free_pages(bytes) {
                #[cfg(target_os = "linux")]
                // SAFETY: nobody reads what is there any more, by what was reached; the pages stay mapped and read as zeroes. Both
                // ends are those of pages, as the mapping starts at one.
                let done = unsafe {
                    self.maps[arena].unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, from, to - from)
                };
                #[cfg(not(target_os = "linux"))]
                let done: std::io::Result<()> = Err(std::io::ErrorKind::Unsupported.into());
                // Where the system refuses, the memory stays in use.
                if done.is_ok() {
                    given += (to - from) as u64;
                }
            }
        }
        given
    }

    fn spoil(&mut self, reached: &Reached) {
        let mut dead = Ref::NONE;
        for index in reached.cells.first..reached.cells.end {
            if !reached.cells.is_set(index) {
                dead = Ref::from_index(index as u32);
                self.set(dead, Val::BLACKHOLE);
                poison::forbid(self.cells.wrapping_add(index), 1);
            }
        }
        for index in reached.units.first..reached.units.end {
            if !reached.units.is_set(index) {
                let unit = Words::from_index(index as u32);
                let array = self.words.wrapping_add(index);
                // Gaps between arrays are forbidden.
                poison::allow(array, 1);
                self.write_word(unit, 0, dead);
                self.write_word(unit, 1, dead);
                poison::forbid(array, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_without_a_set_bit_are_free(
            (first, end) in (0usize..3_000, 0usize..6_000).prop_map(|(first, len)| (first, first + len)),
            set in prop::collection::vec(0usize..9_000, 0..12),
            bytes in prop_oneof![Just(CELL), Just(UNIT)],
        ) {
            let mut bits = Bits::new(first as u32, end as u32);
            for (number, &index) in set.iter().enumerate() {
                let is_within = (first..end).contains(&index);
                prop_assert_eq!(bits.set(index), is_within && !set[..number].contains(&index));
                prop_assert!(!is_within || bits.is_set(index));
            }
            let mut expected = Vec::new();
            for page in first * bytes / PAGE..=end * bytes / PAGE {
                let (from, to) = (page * PAGE, (page + 1) * PAGE);
                let is_whole = from >= first * bytes && to <= end * bytes;
                if is_whole && !set.iter().any(|index| (from..to).contains(&(index * bytes))) {
                    expected.push(page);
                }
            }
            let free = bits.free_pages(bytes);
            let pages: Vec<usize> = free.iter().flat_map(|&(from, to)| from / PAGE..to / PAGE).collect();
            prop_assert_eq!(pages, expected);
            prop_assert!(free.windows(2).all(|two| two[0].1 < two[1].0), "ranges are as long as they can be");
        }
    }
}
