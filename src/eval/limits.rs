//! Limits of a run: memory, time and the user's wish to stop.
//!
//! Calls count down `fuel` and look here when it is used up; builtins that work long without calling
//! anything say how much they did by [`Evaluator::spend`]. The heap gives no memory far beyond the
//! limit: it unwinds, and [`Evaluator::contained`] makes an error of that.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::{Evaluator, FUEL, Frame};
use crate::heap::{Exhausted, Val};
use diag::Pos;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Bytes whose hashing, matching or parsing costs about as much as a call.
pub(crate) const BYTES_A_STEP: usize = 64;
/// Texts shorter than this are made without asking for room.
const UNCHECKED: usize = 1 << 20;
/// Calls told of where memory ran out, innermost first.
const CALLS_TOLD: usize = 16;
/// Source texts shorter than this are parsed without asking for room.
const SMALL_SOURCE: usize = 4 << 20;
/// Memory that a token of a source text takes as tree and code, in bytes; measured on a list of
/// small integers, which is the worst that was found.
const BYTES_A_TOKEN: u64 = 112;

impl Evaluator {
    /// Counts work that is not a call, in steps of about a call's cost; looks at the limits now and
    /// then.
    #[inline]
    pub(crate) fn spend(&mut self, steps: usize) -> Eval<()> {
        if (steps as u64) < u64::from(self.fuel) {
            self.fuel -= steps as u32;
            return Ok(());
        }
        self.check_limits()
    }

    /// Counts the work of going through a string.
    #[inline]
    pub(crate) fn spend_on_text(&mut self, string: Val) -> Eval<()> {
        self.spend(string.as_string().map_or(0, <[u8]>::len) / BYTES_A_STEP)
    }

    /// Raises an error if a text that is being made outside the heap got too long for it.
    #[inline]
    pub(crate) fn text_room(&mut self, len: usize) -> Eval<()> {
        if len < UNCHECKED { Ok(()) } else { self.text_fits(len) }
    }

    #[cold]
    fn text_fits(&mut self, len: usize) -> Eval<()> {
        if u32::try_from(len).is_ok() && self.mem.heap.has_room(0, len as u64 / 4) {
            return Ok(());
        }
        Err(self.fail(
            ErrorKind::Limit,
            format!("a string of {len} bytes needs more memory than allowed"),
        ))
    }

    /// Raises an error if reading a source text would take more memory than is left. Only a guess
    /// can be had before: each word or sign becomes a node or two.
    pub(crate) fn source_room(&mut self, text: &[u8]) -> Eval<()> {
        if text.len() < SMALL_SOURCE {
            return Ok(());
        }
        let starts = |pair: &[u8]| {
            !(pair[1].is_ascii_whitespace() || pair[0].is_ascii_alphanumeric() && pair[1].is_ascii_alphanumeric())
        };
        let tokens = text.windows(2).filter(|pair| starts(pair)).count() as u64;
        if self.mem.heap.has_room(tokens * BYTES_A_TOKEN / 16, 0) {
            return self.spend(text.len() / BYTES_A_STEP);
        }
        let message = format!("a source text of {} bytes needs more memory than allowed", text.len());
        Err(self.fail(ErrorKind::Limit, message))
    }

    /// Raises an error if a limit is passed or the run is to end.
    #[cold]
    pub(crate) fn check_limits(&mut self) -> Eval<()> {
        self.fuel = FUEL;
        if self.io.interrupted() {
            self.exhausted = true;
            return Err(self.fail(ErrorKind::Limit, "evaluation was interrupted"));
        }
        self.mem.count_code();
        if self.mem.heap.over_limit() {
            return Err(self.no_memory());
        }
        if let Some(deadline) = self.deadline
            && self.io.elapsed_millis() > deadline
        {
            let limit = self.settings.max_millis.unwrap_or(0);
            let message = format!("evaluation took longer than allowed ({limit} ms)");
            return Err(self.fail(ErrorKind::Limit, message));
        }
        Ok(())
    }

    #[cold]
    fn no_memory(&mut self) -> Fail {
        self.exhausted = true;
        let allowed = self
            .settings
            .max_memory
            .map_or_else(String::new, |most| format!(" ({} MiB)", most >> 20));
        self.fail(
            ErrorKind::Limit,
            format!("evaluation used more memory than allowed{allowed}"),
        )
    }

    /// Whether evaluation ran out of memory or broke: what it was at is in no state to go on with,
    /// so the next piece of work needs an evaluator of its own.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Makes the evaluator usable for telling what happened after a panic was caught in it, a bug of
    /// ours; it counts as exhausted from now on.
    pub fn broke(&mut self) {
        self.exhausted = true;
        self.recover();
    }

    /// Does some work; memory that runs out inside it is an error and not the end of the process.
    /// Other panics go on.
    pub fn contained<T>(&mut self, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Eval<T> {
        let payload = match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(result) => return result,
            Err(payload) => payload,
        };
        self.exhausted = true;
        let Some(why) = payload.downcast_ref::<Exhausted>() else {
            resume_unwind(payload)
        };
        // Unwinding dropped the trace, but the calls that were under way still stand there.
        let calls: Vec<Frame> = self.frames.iter().rev().take(CALLS_TOLD).copied().collect();
        // The regions that unwinding passed were not closed, so what escaped from them is not known.
        self.mem.heap.pin();
        self.recover();
        let fail = match why {
            Exhausted::Memory => self.no_memory(),
            Exhausted::LongString(len) => self.fail(
                ErrorKind::Limit,
                format!("a string of {len} bytes needs more memory than allowed"),
            ),
        };
        self.with_error(|error| error.pos = calls.first().map_or(Pos::NONE, |call| call.pos));
        for call in calls {
            self.trace_call(call.lambda, call.pos);
        }
        Err(fail)
    }
}
