//! The end of what a program writes, however much that is.

use std::collections::VecDeque;

/// Most bytes that are kept.
pub(super) const KEPT: usize = 1 << 20;

/// The end of an output.
#[derive(Default)]
pub(crate) struct Tail {
    kept: VecDeque<u8>,
    all: u64,
}

impl Tail {
    /// Adds what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.all += bytes.len() as u64;
        self.kept.extend(bytes);
        let over = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..over);
    }

    /// Returns how many bytes have come.
    pub(crate) fn all(&self) -> u64 {
        self.all
    }

    /// Returns the bytes, and whether there were more before them.
    pub(crate) fn end(self) -> (Vec<u8>, bool) {
        let truncated = self.all > self.kept.len() as u64;
        (self.kept.into(), truncated)
    }
}
