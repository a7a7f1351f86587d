//! Trials: work that is undone when it ends.
//!
//! A run that evaluates thousands of small things against one library, or one host again and again
//! with an option changed, would fill the memory with what it is done with. A trial does some work and
//! then puts the evaluator back as it was: what was allocated is given back, what was evaluated of
//! older things is not evaluated again, and every table that could name the one or the other forgets
//! it. Whatever ends the work, also a limit or a panic, the evaluator can be used afterwards.
//!
//! Trials may be inside each other. What stays is what holds no value: names, source texts, code,
//! shapes, contexts, sources in the store, what is known of files, [`crate::Stats`]. Sets are in the
//! order in which their names were first met, so where two attributes fail, names that a trial brought
//! up can decide which of them fails first later on, as names that were brought up outside can.

use crate::builtins::Kept;
use crate::error::{Eval, EvalError, SharedError};
use crate::evaluator::{Evaluator, Frame, Message};
use crate::heap::{Heap, Mark, Val};
use crate::layers::LayerMark;
use crate::observed::{NotedBuild, NotedCall};
use diag::Pos;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much a trial may use; the limits around it hold as well.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of memory beyond what is in use when the trial begins.
    pub memory: Option<u64>,
    /// Milliseconds from when the trial begins.
    pub millis: Option<u64>,
    /// Steps of work, each about a call: the same on any machine.
    pub calls: Option<u64>,
}

/// Why a trial has no result.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// Evaluation failed, or passed a limit.
    Failed(EvalError),
    /// A bug of ours, with the panic's message.
    Panicked(String),
}

/// How an evaluator was when a trial began.
struct Before {
    heap: Mark,
    kept: Kept,
    layers: LayerMark,
    store: store::Round,
    failed: usize,
    outside: u64,
    error: Option<SharedError>,
    frames: Vec<Frame>,
    scratch: Vec<Val>,
    depth: u32,
    noted_site: Option<Pos>,
    texts: usize,
    named: usize,
    limited: bool,
    own_met: bool,
    own_files: crate::files::OwnFiles,
    exhausted: bool,
    messages: Vec<Message>,
    calls: Vec<NotedCall>,
    builds: Vec<NotedBuild>,
    meter: crate::limits::Meter,
    part: crate::shared::Paused,
}

impl Evaluator {
    /// Does some work, and then puts the evaluator back as if it had never been done.
    ///
    /// The result must not hold or lead to anything of the evaluator: no value, reference, list of
    /// elements, or bytes of a string that the work made. `T: Send` keeps out some of these; the
    /// same holds for what the work puts into variables around it. Inside the work,
    /// [`Evaluator::messages`], [`Evaluator::calls`] and [`Evaluator::builds`] begin empty.
    pub fn trial<T: Send>(&mut self, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Result<T, Stopped> {
        self.trial_with(Limits::default(), work)
    }

    /// Does the same as [`Evaluator::trial`] with limits of its own.
    pub fn trial_with<T: Send>(
        &mut self,
        limits: Limits,
        work: impl FnOnce(&mut Evaluator) -> Eval<T>,
    ) -> Result<T, Stopped> {
        self.trial_watched(limits, work, |_, _| ())
    }

    /// Does the same as [`Evaluator::trial_with`], and shows the heap before anything is undone.
    pub(crate) fn trial_watched<T: Send>(
        &mut self,
        limits: Limits,
        work: impl FnOnce(&mut Evaluator) -> Eval<T>,
        watch: impl FnOnce(&Heap, &Mark),
    ) -> Result<T, Stopped> {
        let before = self.begin_trial(limits);
        let outcome = self.outcome_of(work);
        watch(&self.mem.heap, &before.heap);
        self.end_trial(before);
        outcome
    }

    /// Does the work of a trial whose memory stays in use if that is worth it.
    pub(crate) fn trial_kept<T: Send>(&mut self, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Result<T, Stopped> {
        let before = self.begin_trial(Limits::default());
        self.begin_kept();
        let outcome = self.outcome_of(work);
        self.end_trial(before);
        outcome
    }

    fn outcome_of<T>(&mut self, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Result<T, Stopped> {
        match catch_unwind(AssertUnwindSafe(|| self.contained(work))) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) => Err(Stopped::Failed(self.take_error())),
            Err(payload) => Err(Stopped::Panicked(message_of(payload.as_ref()))),
        }
    }

    /// Returns the number of the innermost trial under way; zero outside of trials.
    pub(crate) fn innermost_trial(&self) -> u64 {
        self.trials.last().copied().unwrap_or(0)
    }

    /// Whether a trial with this number is under way; zero stands for what is around all trials.
    pub(crate) fn is_under_way(&self, trial: u64) -> bool {
        trial == 0 || self.trials.contains(&trial)
    }

    fn begin_trial(&mut self, limits: Limits) -> Before {
        self.trial_count += 1;
        self.trials.push(self.trial_count);
        let before = Before {
            heap: self.mem.heap.begin_trial(),
            kept: self.caches.kept(),
            layers: self.mem.layers.mark(),
            store: self.store.begin_round(),
            failed: self.failed.len(),
            outside: self.mem.outside,
            error: self.swap_error(None),
            frames: std::mem::take(&mut self.frames),
            scratch: std::mem::take(&mut self.scratch),
            depth: self.depth,
            noted_site: self.noted_site.take(),
            texts: self.texts.len(),
            named: self.sources.named_folders(),
            limited: std::mem::take(&mut self.limited),
            own_met: std::mem::take(&mut self.own.met),
            own_files: self.caches.files.of_own(&self.own),
            exhausted: std::mem::take(&mut self.exhausted),
            messages: std::mem::take(&mut self.messages),
            calls: std::mem::take(&mut self.calls),
            builds: std::mem::take(&mut self.builds),
            part: self.pause_sharing(),
            meter: self.enter_limits(limits),
        };
        if self.trials.len() == 1 {
            self.count_kept();
        }
        before
    }

    fn end_trial(&mut self, before: Before) {
        let is_kept = self.is_worth_keeping(&before.heap);
        self.forget_files(is_kept);
        self.caches.forget(before.kept, &self.mem.heap);
        self.caches.files.forget_own(&self.own, &before.own_files);
        self.own.met = before.own_met;
        self.limited = before.limited;
        self.forget_texts(before.texts);
        self.sources.forget_folders(before.named);
        if is_kept {
            self.mem.layers.keep(&before.layers);
            self.store.keep_round(before.store);
        } else {
            self.mem.layers.forget(before.layers);
            self.store.end_round(before.store);
            self.failed.truncate(before.failed);
            self.mem.outside = before.outside;
        }
        self.mem.count_code();
        self.swap_error(before.error);
        self.frames = before.frames;
        self.scratch = before.scratch;
        self.depth = before.depth;
        self.noted_site = before.noted_site;
        self.exhausted = before.exhausted;
        self.messages = before.messages;
        self.calls = before.calls;
        self.builds = before.builds;
        if is_kept {
            self.keep_memory(&before.heap);
        } else {
            self.mem.heap.end_trial(before.heap);
        }
        self.trials.pop();
        self.resume_sharing(before.part);
        self.leave_limits(before.meter);
    }
}

/// Returns what a panic said.
fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
