//! The sorting algorithm behind `sort`.
//!
//! A comparator written in Nix may contradict itself, and then the result depends on which elements
//! are compared in which order. Nix sorts with *peeksort* (Munro and Wild, "Nearly-Optimal
//! Mergesorts", ESA 2018): a stable merge sort that looks for runs from the middle outwards. This
//! one asks the same questions in the same order, and so gives the same result for every
//! comparator, sensible or not.

/// Slices up to this length are sorted by insertion.
const SHORT: usize = 16;

/// Sorts `items`; `less(a, b)` tells whether `a` must stand before `b`.
///
/// # Errors
/// The first one of `less`; `items` are then in no particular order.
pub(super) fn peeksort<T: Copy, E>(items: &mut [T], less: &mut impl FnMut(T, T) -> Result<bool, E>) -> Result<(), E> {
    if items.len() < 2 {
        return Ok(());
    }
    let end = items.len();
    let mut sorter = Sorter {
        buffer: Vec::with_capacity(if end > SHORT { end } else { 0 }),
        items,
        less,
    };
    sorter.sort(0, end, 0, end)
}

struct Sorter<'a, T, L> {
    items: &'a mut [T],
    buffer: Vec<T>,
    less: &'a mut L,
}

/// Which runs are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    /// Each element is not less than the one before.
    Ascending,
    /// Each element is less than the one before.
    Descending,
}

impl<T: Copy, E, L: FnMut(T, T) -> Result<bool, E>> Sorter<'_, T, L> {
    /// Whether the element at `b` must stand before the one at `a`.
    fn swapped(&mut self, a: usize, b: usize) -> Result<bool, E> {
        (self.less)(self.items[b], self.items[a])
    }

    /// Sorts `start..end`, of which `start..left` and `right..end` are sorted already.
    fn sort(&mut self, start: usize, end: usize, left: usize, right: usize) -> Result<(), E> {
        if left == end || right == start {
            return Ok(());
        }
        if end - start <= SHORT {
            return self.insert(start, end);
        }
        let middle = start + (end - start) / 2;
        if middle <= left {
            self.sort(left, end, left + 1, right)?;
            return self.merge(start, left, end);
        }
        if middle >= right {
            self.sort(start, right, left, right - 1)?;
            return self.merge(start, right, end);
        }
        let run = if self.swapped(middle - 1, middle)? {
            Run::Descending
        } else {
            Run::Ascending
        };
        let first = self.run_start(run, left, middle)?;
        let after = self.run_end(run, middle - 1, right)?;
        if run == Run::Descending {
            self.items[first..after].reverse();
        }
        if first == start && after == end {
            return Ok(());
        }
        // The run around the middle goes to the side into which it reaches less far.
        if middle - first < after - middle {
            self.sort(start, first, left, first.saturating_sub(1))?;
            self.sort(first, end, after, right)?;
            self.merge(start, first, end)
        } else {
            self.sort(start, after, left, first)?;
            self.sort(after, end, after + 1, right)?;
            self.merge(start, after, end)
        }
    }

    fn insert(&mut self, start: usize, end: usize) -> Result<(), E> {
        for next in start + 1..end {
            let mut at = next;
            while at > start && self.swapped(at - 1, at)? {
                self.items.swap(at - 1, at);
                at -= 1;
            }
        }
        Ok(())
    }

    /// Returns where the run that ends before `end` starts, at `start` or later.
    fn run_start(&mut self, run: Run, start: usize, end: usize) -> Result<usize, E> {
        if start == end {
            return Ok(end);
        }
        let mut first = end - 1;
        while first > start && self.swapped(first - 1, first)? == (run == Run::Descending) {
            first -= 1;
        }
        Ok(first)
    }

    /// Returns where the run that starts at `start` ends, at `end` or before.
    fn run_end(&mut self, run: Run, start: usize, end: usize) -> Result<usize, E> {
        if start == end {
            return Ok(start);
        }
        let mut last = start;
        while last + 1 < end && self.swapped(last, last + 1)? == (run == Run::Descending) {
            last += 1;
        }
        Ok(last + 1)
    }

    /// Merges the sorted `start..middle` and `middle..end`.
    fn merge(&mut self, start: usize, middle: usize, end: usize) -> Result<(), E> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.items[start..end]);
        let split = middle - start;
        let (mut left, mut right, mut out) = (0, split, start);
        while left < split && right < self.buffer.len() {
            // Of equal elements the left one goes first: that keeps the sort stable.
            if (self.less)(self.buffer[right], self.buffer[left])? {
                self.items[out] = self.buffer[right];
                right += 1;
            } else {
                self.items[out] = self.buffer[left];
                left += 1;
            }
            out += 1;
        }
        let rest = if left < split {
            &self.buffer[left..split]
        } else {
            &self.buffer[right..]
        };
        self.items[out..end].copy_from_slice(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted_by<T: Copy>(items: &[T], less: impl Fn(T, T) -> bool) -> Vec<T> {
        let mut items = items.to_vec();
        let done: Result<(), ()> = peeksort(&mut items, &mut |a, b| Ok(less(a, b)));
        assert_eq!(done, Ok(()));
        items
    }

    /// Results of Nix for comparators that contradict themselves.
    #[test]
    fn contradicting_comparators_give_what_nix_gives() {
        assert_eq!(sorted_by(&[3, 1, 2], |_, _| true), [2, 1, 3]);
        assert_eq!(sorted_by(&[3, 1, 2], |_, _| false), [3, 1, 2]);
        let twenty: Vec<i32> = (0..20).collect();
        assert_eq!(sorted_by(&twenty, |_, _| true), (0..20).rev().collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_ends_the_work() {
        let mut asked = 0;
        let done = peeksort(&mut [1, 2, 3], &mut |_, _| {
            asked += 1;
            Err("no")
        });
        assert_eq!((done, asked), (Err("no"), 1));
    }

    proptest! {
        #[test]
        fn sorts_stably(items in proptest::collection::vec((0..9u8, any::<u8>()), 0..200)) {
            let mut expected = items.clone();
            expected.sort_by_key(|i| i.0);
            prop_assert_eq!(sorted_by(&items, |a, b| a.0 < b.0), expected);
        }

        #[test]
        fn long_runs_are_found(cut in 0..300usize, down in any::<bool>()) {
            let mut items: Vec<usize> = (cut..300).chain(0..cut).collect();
            if down {
                items.reverse();
            }
            prop_assert_eq!(sorted_by(&items, |a, b| a < b), (0..300).collect::<Vec<_>>());
        }

        #[test]
        fn any_comparator_keeps_all_elements(items in proptest::collection::vec(0..50u32, 0..120), salt in any::<u32>()) {
            let chaotic = |a: u32, b: u32| (a.wrapping_mul(31) ^ b.wrapping_mul(salt)) & 4 == 0;
            let mut kept = sorted_by(&items, chaotic);
            let mut expected = items.clone();
            kept.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(kept, expected);
        }
    }
}
