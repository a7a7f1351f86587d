//! Taking turns at what is made once for all who need it: the images of a host's disks, the moment after its first start.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Who makes what at this time, so that others wait for it rather than make it again.
#[derive(Default, Debug)]
pub struct Turns {
    taken: Mutex<BTreeSet<String>>,
    freed: Condvar,
}

/// A turn at one thing, which ends when this is dropped.
#[derive(Debug)]
pub struct Turn<'t> {
    turns: &'t Turns,
    what: String,
}

impl Turns {
    /// Returns a turn at something, once nobody else has one. Waits as long as that takes: whoever has it is bounded by limits
    /// of their own, and ends when the run is interrupted.
    pub fn take(&self, what: impl Into<String>) -> Turn<'_> {
        let what = what.into();
        let mut taken = self.taken();
        while taken.contains(&what) {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        taken.insert(what.clone());
        Turn { turns: self, what }
    }

    /// Returns what is taken. No code of others runs while it is locked, so that it is whole even after a panic.
    fn taken(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.taken().remove(&self.what);
        self.turns.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn one_thing_is_made_by_one_at_a_time() {
        let (turns, inside, most) = (Turns::default(), AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let turn = turns.take("moment");
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
    }

    #[test]
    fn turns_at_other_things_are_free_and_end_with_a_panic() {
        let turns = Turns::default();
        let one = turns.take("a");
        let other = turns.take("b");
        drop((one, other));
        std::thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _turn = turns.take("a");
                panic!("while it has the turn");
            });
            assert!(panics.join().is_err());
        });
        drop(turns.take("a"));
    }
}
