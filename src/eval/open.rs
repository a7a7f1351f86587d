//! Open cells: values that are not known yet.
//!
//! A caller that evaluates one configuration many times with one part changed puts an open cell where
//! the part belongs. What does not need it is evaluated once and stays evaluated; what needs it fails
//! with [`ErrorKind::Open`], which nothing keeps or catches, so it is evaluated anew once the cell is
//! filled. Filled inside a trial ([`Evaluator::trial`]), the cell is open again when the trial ends.

use crate::error::{ErrorKind, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use diag::Pos;

impl Evaluator {
    /// Returns a cell whose value is not known yet.
    pub fn open_cell(&mut self) -> Ref {
        self.cell(Val::OPEN)
    }

    /// Gives an open cell its value, which may be one that is not evaluated yet.
    ///
    /// # Panics
    ///
    /// If the cell is not open: what needed its first value may be evaluated already.
    pub fn fill(&mut self, cell: Ref, value: Val) {
        assert_eq!(self.peek(cell).tag(), Tag::Open, "only an open cell can be filled");
        self.mem.heap.update(cell, value);
    }

    #[cold]
    pub(crate) fn still_open(&mut self, pos: Pos) -> Fail {
        self.fail_at(ErrorKind::Open, pos, "a value that is not known yet was needed")
    }
}
