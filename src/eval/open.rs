//! Open cells: values that are not known yet.
//!
//! A caller that evaluates one configuration many times with one part changed puts an open cell where
//! the part belongs. What does not need it is evaluated once and stays evaluated; what needs it fails
//! with [`ErrorKind::Open`], which nothing keeps or catches, so it is evaluated anew once the cell is
//! filled. Filled inside a trial ([`Evaluator::trial`]), the cell is open again when the trial ends.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use crate::trial::{Limits, Stopped};
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

    /// Does some work in a trial ([`Evaluator::trial_with`]), and then, with all open cells open again,
    /// evaluates for good what the work needed of older things and what needs no open cell. Returns what
    /// the work gave and how many thunks are evaluated now. Done again, it goes further, as what is
    /// evaluated now holds thunks of its own; when the number is small, later trials of the like share
    /// what can be shared.
    pub fn rehearse<T: Send>(
        &mut self,
        limits: Limits,
        work: impl FnOnce(&mut Evaluator) -> Eval<T>,
    ) -> Result<(T, usize), Stopped> {
        let mut needed = Vec::new();
        let result = self.trial_watched(limits, work, |heap, mark| needed = heap.evaluated_since(mark))?;
        let mut evaluated = 0;
        for cell in needed {
            if self.peek(cell).is_whnf() {
                continue;
            }
            match self.contained(|ev| ev.force(cell, Pos::NONE)) {
                Ok(_) => evaluated += 1,
                // The limits of the run have to be told, and everything else will be when it is needed.
                Err(_) if self.error_kind() == ErrorKind::Limit => return Err(Stopped::Failed(self.take_error())),
                Err(_) => self.clear_error(),
            }
        }
        Ok((result, evaluated))
    }

    #[cold]
    pub(crate) fn still_open(&mut self, pos: Pos) -> Fail {
        self.fail_at(ErrorKind::Open, pos, "a value that is not known yet was needed")
    }
}
