//! Which toggles are flipped together: each alone, then pairs and larger sets at random, none twice.

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
}

impl Sets {
    /// Returns the sets of so many toggles; the same for the same seed and key.
    pub fn new(toggles: usize, seed: u64, key: &str) -> Sets {
        Sets {
            toggles,
            alone: 0,
            rng: numbers(seed, &[FAILS.id, key], 0),
            drawn: BTreeSet::new(),
        }
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
        for _ in 0..MOST_DRAWS {
            let set = self.draw(&left);
            if free(&set) && self.drawn.insert(set.clone()) {
                return Some(set);
            }
        }
        None
    }

    fn draw(&mut self, from: &[usize]) -> Vec<usize> {
        let mut draw = Draw::new(&mut self.rng);
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
    fn what_would_fail_alike_is_left_out() {
        let sets = all(4, 1, &[vec![0], vec![1, 2]]);
        assert_eq!(
            sets[4..].iter().collect::<BTreeSet<_>>(),
            BTreeSet::from([&vec![1, 3], &vec![2, 3]])
        );
    }
}
