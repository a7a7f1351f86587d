//! Which toggles are flipped together: each alone, then pairs and larger sets at random, none twice.
//!
//! A toggle that is refused alone is mostly refused with others, too, so that three sets of four are without such.

use super::laws::FAILS;
use crate::random::{Draw, numbers};
use proptest::test_runner::TestRng;
use std::collections::BTreeSet;

/// Draws without a new set after which there are taken to be no more.
const MOST_DRAWS: usize = 200;

/// The sets of toggles to flip, by their numbers.
pub(crate) struct Sets {
    toggles: usize,
    alone: usize,
    rng: TestRng,
    drawn: BTreeSet<Vec<usize>>,
    refused: BTreeSet<usize>,
}

impl Sets {
    /// Returns the sets of so many toggles; the same for the same seed and key.
    pub fn new(toggles: usize, seed: u64, key: &str) -> Sets {
        Sets {
            toggles,
            alone: 0,
            rng: numbers(seed, &[FAILS.id, key], 0),
            drawn: BTreeSet::new(),
            refused: BTreeSet::new(),
        }
    }

    /// Notes that a toggle is refused alone.
    pub fn refused(&mut self, toggle: usize) {
        self.refused.insert(toggle);
    }

    /// Returns the next set; none that has one of these in it, as it would fail alike.
    pub fn next(&mut self, failing: &[Vec<usize>]) -> Option<Vec<usize>> {
        if self.alone < self.toggles {
            self.alone += 1;
            return Some(vec![self.alone - 1]);
        }
        let free = |set: &[usize]| {
            !failing
                .iter()
                .any(|failing| failing.iter().all(|one| set.contains(one)))
        };
        let left: Vec<usize> = (0..self.toggles).filter(|&one| free(&[one])).collect();
        if left.len() < 2 {
            return None;
        }
        let allowed: Vec<usize> = left.iter().copied().filter(|one| !self.refused.contains(one)).collect();
        for _ in 0..MOST_DRAWS {
            let set = self.draw(&left, &allowed);
            if free(&set) && self.drawn.insert(set.clone()) {
                return Some(set);
            }
        }
        None
    }

    fn draw(&mut self, all: &[usize], allowed: &[usize]) -> Vec<usize> {
        let mut draw = Draw::new(&mut self.rng);
        let from = if allowed.len() < 2 || draw.once_in(4) {
            all
        } else {
            allowed
        };
        let size = if draw.once_in(2) {
            2
        } else {
            draw.between(2, from.len())
        };
        let mut left = from.to_vec();
        let mut set: Vec<usize> = (0..size).map(|_| left.swap_remove(draw.below(left.len()))).collect();
        set.sort_unstable();
        set
    }
}

/// Returns a set that is broken of which nothing can be left out. Halves are left out first, then smaller parts.
///
/// Sets of one are not tried: each toggle alone had its turn before any set, and none that is broken alone is in one.
pub(crate) fn smallest(set: Vec<usize>, is_broken: &mut dyn FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut set = set;
    let mut part = set.len() / 2;
    while part > 0 && set.len() > 2 {
        let mut without = (0..set.len()).step_by(part).map(|from| {
            let left = set
                .iter()
                .enumerate()
                .filter(|(at, _)| !(from..from + part).contains(at));
            left.map(|(_, &one)| one).collect::<Vec<usize>>()
        });
        match without.find(|fewer| fewer.len() > 1 && is_broken(fewer)) {
            Some(fewer) => {
                set = fewer;
                part = part.min(set.len() / 2);
            }
            None => part /= 2,
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(toggles: usize, seed: u64, failing: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut sets = Sets::new(toggles, seed, "web");
        std::iter::from_fn(|| sets.next(failing)).collect()
    }

    #[test]
    fn each_set_comes_once_and_each_toggle_alone_first() {
        let sets = all(4, 1, &[]);
        assert_eq!(sets[..4], [[0], [1], [2], [3]]);
        let distinct: BTreeSet<&Vec<usize>> = sets.iter().collect();
        assert_eq!((sets.len(), distinct.len()), (15, 15), "all sets that are not empty");
        assert_eq!(all(1, 1, &[]), [[0]]);
        assert!(all(0, 1, &[]).is_empty());
    }

    #[test]
    fn sets_depend_on_the_seed_alone() {
        assert_eq!(all(6, 3, &[]), all(6, 3, &[]));
        assert_ne!(all(6, 3, &[]), all(6, 4, &[]));
    }

    #[test]
    fn what_is_refused_alone_is_seldom_in_a_set() {
        let mut sets = Sets::new(12, 1, "web");
        for toggle in 0..12 {
            sets.next(&[]);
            if toggle >= 4 {
                sets.refused(toggle);
            }
        }
        let drawn: Vec<Vec<usize>> = (0..8).map_while(|_| sets.next(&[])).collect();
        let allowed = drawn.iter().filter(|set| set.iter().all(|&one| one < 4)).count();
        assert!((4..8).contains(&allowed), "{drawn:?}");
        // And yet all are tried in the end.
        let more = std::iter::from_fn(|| sets.next(&[])).take(200).flatten();
        assert_eq!(more.collect::<BTreeSet<usize>>().len(), 12);
    }

    #[test]
    fn of_the_smallest_set_nothing_can_be_left_out() {
        fn check(of: usize, is_broken: impl Fn(&[usize]) -> bool, expected: &[usize]) {
            let found = smallest((0..of).collect(), &mut |set| is_broken(set));
            assert_eq!(found, expected);
        }
        let all = |of: &'static [usize]| move |set: &[usize]| of.iter().all(|one| set.contains(one));
        for of in 3..12 {
            check(of, all(&[0, 2]), &[0, 2]);
            check(of, all(&[1, 2]), &[1, 2]);
            check(of, all(&[0, 1, 2]), &[0, 1, 2]);
        }
        check(9, all(&[3, 8]), &[3, 8]);
        check(9, all(&[0, 4, 5, 8]), &[0, 4, 5, 8]);
        check(2, all(&[0, 1]), &[0, 1]);
        // The second one hides what the last two break, and the first one undoes that.
        let hides = |set: &[usize]| all(&[2, 3])(set) && (set.contains(&0) || !set.contains(&1));
        check(4, hides, &[2, 3]);
        // What cannot be tried any more stays as it is.
        check(4, |_| false, &[0, 1, 2, 3]);
    }

    #[test]
    fn what_would_fail_alike_is_left_out() {
        let sets = all(4, 1, &[vec![0], vec![1, 2]]);
        assert_eq!(
            sets[4..].iter().collect::<BTreeSet<_>>(),
            BTreeSet::from([&vec![1, 3], &vec![2, 3]])
        );
    }
}
