//! Drawing cases: random numbers of one case, and what is made of them.

pub mod mixed;
pub mod scenes;
pub mod values;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// The random numbers of one case.
pub struct Draw<'r> {
    rng: &'r mut TestRng,
}

impl<'r> Draw<'r> {
    /// Returns draws from a source of random numbers.
    pub fn new(rng: &'r mut TestRng) -> Draw<'r> {
        Draw { rng }
    }

    /// Returns a number below a bound; zero if the bound is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        // The bias is far below what a few thousand cases can show.
        usize::try_from(self.rng.next_u64() % bound).unwrap_or_default()
    }

    /// Returns a number from a range, both ends included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Returns true one time in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns one of these; the slice must not be empty.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// Returns any number of 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }
}

/// Returns the random numbers of one case: the same for the same seed, the same texts (law, option) and the same
/// number of the case, on every machine.
pub fn numbers(seed: u64, texts: &[&str], case: u64) -> TestRng {
    // FNV-1a of the texts, then SplitMix64 (Steele, Lea and Flood 2014), which makes each bit depend on all.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in texts.iter().flat_map(|text| text.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut state = seed ^ hash.rotate_left(32) ^ case.wrapping_mul(0xd134_2543_de82_ef95);
    let mut bytes = [0; 16];
    for half in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        half.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    TestRng::from_seed(RngAlgorithm::XorShift, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_its_own_numbers_and_always_the_same() {
        let first = |seed, texts: &[&str], case| Draw::new(&mut numbers(seed, texts, case)).bits();
        assert_eq!(first(1, &["law", "option"], 0), first(1, &["law", "option"], 0));
        let others = [
            first(2, &["law", "option"], 0),
            first(1, &["lawo", "ption"], 0),
            first(1, &["law", "option"], 1),
        ];
        assert!(!others.contains(&first(1, &["law", "option"], 0)));
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut rng = numbers(7, &[], 0);
        let mut draw = Draw::new(&mut rng);
        let mut seen = [false; 3];
        for _ in 0..200 {
            seen[draw.between(1, 3) - 1] = true;
        }
        assert_eq!(seen, [true; 3]);
        assert_eq!(draw.below(0), 0);
    }
}
