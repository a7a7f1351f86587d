//! What Rust code outside the evaluator remembers of evaluation.

use crate::evaluator::Evaluator;
use std::cell::RefCell;

/// Something that was found out once and holds values: a cache that forgets it when the trial ends in
/// which it was found, as the values are gone then.
pub struct Remembered<T>(RefCell<Option<(u64, T)>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Remembered(RefCell::new(None))
    }
}

impl<T: Clone> Remembered<T> {
    /// Returns what was remembered, if it is still there.
    pub fn get(&self, ev: &Evaluator) -> Option<T> {
        let kept = self.0.borrow();
        let (trial, value) = kept.as_ref()?;
        ev.is_under_way(*trial).then(|| value.clone())
    }

    /// Remembers something from now on.
    pub fn set(&self, ev: &Evaluator, value: T) {
        *self.0.borrow_mut() = Some((ev.innermost_trial(), value));
    }
}
