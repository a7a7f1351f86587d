//! Limits of a run: memory, time and the user's wish to stop.
//!
//! Calls count down `fuel` and look here when it is used up; builtins that work long without calling
//! anything say how much they did by [`Evaluator::spend`]. The heap gives no memory far beyond the
//! limit: it unwinds, and [`Evaluator::contained`] makes an error of that.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::{Evaluator, FUEL, Frame};
use crate::heap::{Exhausted, Val};
use crate::trial::Limits;
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

/// What was left when other limits began to hold.
pub(crate) struct Meter {
    fuel: u32,
    steps: Option<u64>,
    /// The steps that these limits allow.
    granted: Option<u64>,
    deadline: Option<u64>,
    limits: Limits,
}

impl Evaluator {
    /// Counts work that is not a call, in steps of about a call's cost; looks at the limits now and
    /// then.
    #[inline]
    pub(crate) fn spend(&mut self, steps: usize) -> Eval<()> {
        if (steps as u64) < u64::from(self.fuel) {
            self.fuel -= steps as u32;
            return Ok(());
        }
        let beyond = steps as u64 - u64::from(self.fuel);
        self.fuel = 0;
        self.look_at_limits(beyond)
    }

    /// Counts the work of going through a string.
    #[inline]
    pub(crate) fn spend_on_text(&mut self, string: Val) -> Eval<()> {
        self.spend(string.as_string().map_or(0, <[u8]>::len) / BYTES_A_STEP)
    }

    /// Counts a text that is kept outside of the heap, and the work of writing it.
    pub(crate) fn keep_text(&mut self, len: usize) -> Eval<()> {
        self.mem.outside += len as u64;
        self.spend(len / BYTES_A_STEP)
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
    pub fn check_limits(&mut self) -> Eval<()> {
        self.look_at_limits(0)
    }

    /// Does what [`Evaluator::check_limits`] does after work of so many steps more than there was fuel.
    #[cold]
    fn look_at_limits(&mut self, beyond: u64) -> Eval<()> {
        self.refuel(beyond)?;
        if self.io.interrupted() {
            self.exhausted = true;
            return Err(self.fail(ErrorKind::Limit, "evaluation was interrupted"));
        }
        self.mem.names = self.symbols.memory();
        self.mem.count_code();
        if self.mem.heap.over_limit() {
            return Err(self.no_memory());
        }
        if let Some(deadline) = self.deadline
            && self.io.elapsed_millis() > deadline
        {
            let limit = self.limits.millis.or(self.settings.max_millis).unwrap_or(0);
            let message = format!("evaluation took longer than allowed ({limit} ms)");
            return Err(self.fail(ErrorKind::Limit, message));
        }
        Ok(())
    }

    /// Fills up the fuel, from the steps that are left where these are limited.
    fn refuel(&mut self, beyond: u64) -> Eval<()> {
        let Some(steps) = self.steps else {
            self.fuel = FUEL;
            return Ok(());
        };
        let left = (steps + u64::from(self.fuel)).saturating_sub(beyond);
        let fuel = left.min(u64::from(FUEL));
        self.steps = Some(left - fuel);
        // The last step is taken to come here again.
        self.fuel = (fuel as u32).max(1);
        if left > 0 {
            return Ok(());
        }
        let most = self.limits.calls.unwrap_or(0);
        Err(self.fail(
            ErrorKind::Limit,
            format!("evaluation took more steps than allowed ({most})"),
        ))
    }

    #[cold]
    fn no_memory(&mut self) -> Fail {
        self.exhausted = true;
        let most = self.limits.memory.or(self.settings.max_memory);
        let allowed = most.map_or_else(String::new, |most| format!(" ({} MiB)", most >> 20));
        self.fail(
            ErrorKind::Limit,
            format!("evaluation used more memory than allowed{allowed}"),
        )
    }

    /// Lets limits hold besides those around them until [`Evaluator::leave_limits`]; the heap's own
    /// is put back by the heap.
    pub(crate) fn enter_limits(&mut self, limits: Limits) -> Meter {
        let outer = Meter {
            fuel: self.fuel,
            steps: self.steps,
            granted: None,
            deadline: self.deadline,
            limits: self.limits,
        };
        let own = limits.millis.map(|ms| self.io.elapsed_millis().saturating_add(ms));
        if let Some(own) = own
            && self.deadline.is_none_or(|outer| own < outer)
        {
            self.deadline = Some(own);
            self.limits.millis = limits.millis;
        }
        if let Some(more) = limits.memory {
            self.mem.names = self.symbols.memory();
            let most = self.mem.used().saturating_add(more);
            if most < self.mem.heap.limit() {
                self.mem.heap.set_limit(most);
                self.limits.memory = limits.memory;
            }
        }
        let left = self.steps.map(|steps| steps + u64::from(self.fuel));
        let granted = match (limits.calls, left) {
            (Some(own), Some(left)) => Some(own.min(left)),
            (own, left) => own.or(left),
        };
        if granted != left {
            self.limits.calls = limits.calls;
        }
        self.set_steps(granted);
        Meter { granted, ..outer }
    }

    /// Puts the limits back; steps taken in between count where these are limited.
    pub(crate) fn leave_limits(&mut self, meter: Meter) {
        let left = self.steps.map(|steps| steps + u64::from(self.fuel));
        self.deadline = meter.deadline;
        self.limits = meter.limits;
        match (meter.steps, meter.granted, left) {
            (Some(steps), Some(granted), Some(left)) => {
                let taken = granted.saturating_sub(left);
                self.set_steps(Some((steps + u64::from(meter.fuel)).saturating_sub(taken)));
            }
            _ => {
                self.steps = meter.steps;
                self.fuel = meter.fuel;
            }
        }
    }

    /// Sets how many steps are left.
    fn set_steps(&mut self, left: Option<u64>) {
        let fuel = left.map_or(FUEL, |left| left.min(u64::from(FUEL)) as u32);
        self.steps = left.map(|left| left - u64::from(fuel));
        self.fuel = fuel.max(1);
    }

    /// Whether evaluation ran out of memory or broke: what it was at is in no state to go on with,
    /// so the next piece of work needs an evaluator of its own.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether a limit was met so far, so that another run or another machine may come to something else; inside a trial, in
    /// that trial.
    pub fn has_met_a_limit(&self) -> bool {
        self.limited || self.exhausted
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
        self.pause_sharing();
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
