//! Package sets that hosts share, each of which is evaluated in a trial of its own.
//!
//! A host's package set is most of the same values as another one's, but is made by a call with arguments that each host
//! computes: its own platform, configuration and overlays. So the memory of a trial that made one stays in use when the trial
//! ends, and a later trial that makes the same call has the value of that one. Calls are the same if all that they can reach is
//! (`graph.rs`), which is compared when the earlier call was done, so that the later host evaluates for itself what the earlier
//! one had evaluated of its arguments by then.
//!
//! All else that a trial did is undone as ever, but for what comes of fixed files alone: nobody can give these other values.
//! Thunks bear labels (`shared.rs`): that of fixed files, or that of a call.
//!
//! A host must come to what it would have come to by itself, and so must what is taken down of its readings:
//!
//! - A call that says something, reads anything but fixed files, meets the place of the flake under test, builds, or makes another
//!   package set whose making is noted, is not shared. Nor is one that evaluates anything that its arguments do not lead to.
//! - Where one of these happens to what comes of fixed files, nothing of that trial stays.
//! - Who uses an input counts as using all inputs that this one leads to ([`crate::EvalIo::uses_node`]), whoever has fetched them. The
//!   texts that were read of inputs are texts that later hosts have read.
//! - A function is equal to itself and to no copy of itself. Where one of the kept memory is compared with one of the host, and where
//!   anything fails, the host is in doubt, and is evaluated once more with nothing shared.
//! - In one trial a kept call is had once: two such calls make two package sets.

use crate::code::{Code, SharedBody};
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::free::FreeVariables;
use crate::graph::Graph;
use crate::heap::{Env, Label, Mark, Ref, Tag, Val};
use crate::shared::FIXED;
use crate::trial::Stopped;
use diag::{FileId, Pos};
use std::ops::Range;

/// Trials whose memory stays although nobody had anything of one yet.
const UNTRIED: usize = 2;
/// Trials in doubt after which nothing is shared any more if that was half of them.
const DOUBTS: u64 = 3;
/// Trials whose memory stays.
const MOST: usize = 4;

/// Folders above all that evaluation can read, of which no more is asked than what they are.
const ABOVE: [&[u8]; 3] = [b"/", b"/nix", b"/nix/store"];

/// What stays of trials.
#[derive(Default)]
pub(crate) struct Kept {
    /// The trial under way whose memory may stay; zero if none.
    trial: u64,
    /// The calls that it made.
    fresh: Vec<Call>,
    /// Of which nothing may be shared.
    spoilt: Vec<Label>,
    /// The texts that were read for fixed values.
    texts: Vec<FileId>,
    /// Calls of earlier trials.
    calls: Vec<Call>,
    /// The cells of earlier trials.
    cells: Vec<Range<u32>>,
    /// The texts that were read for what they hold.
    all_texts: Vec<FileId>,
    /// Bytes that they take.
    bytes: u64,
    /// Whether the trial under way would perhaps have come to something else by itself.
    pub is_in_doubt: bool,
    /// How often a trial had the value of an earlier one's call.
    hits: u64,
    /// How often one was in doubt.
    doubts: u64,
    /// What code takes from its environment.
    pub free: FreeVariables,
}

/// A call whose value others can have.
struct Call {
    body: &'static SharedBody,
    env: Env,
    value: Ref,
    label: Label,
    graph: Graph,
    /// The trial that has it.
    user: u64,
}

impl Evaluator {
    /// Returns how often a trial had a package set of an earlier one.
    pub fn kept_calls(&self) -> u64 {
        self.kept.hits
    }

    /// Whether calls of a file's function may be kept.
    pub(crate) fn is_kept_call(&self, file: &[u8]) -> bool {
        let ends = self.settings.note_calls;
        self.settings.keep.is_some() && ends.iter().any(|end| file.ends_with(end.as_bytes()))
    }

    /// Does the same as [`Evaluator::trial`], and shares the package sets of such trials: what one has made can be had by later
    /// ones. The work is done twice where it could come to something else by itself.
    pub fn trial_sharing<T: Send>(&mut self, mut work: impl FnMut(&mut Evaluator) -> Eval<T>) -> Result<T, Stopped> {
        if self.settings.keep.is_none() || self.innermost_trial() != 0 {
            return self.trial(work);
        }
        let outcome = self.trial_kept(&mut work);
        if !std::mem::take(&mut self.kept.is_in_doubt) {
            return outcome;
        }
        self.kept.doubts += 1;
        if self.kept.doubts >= DOUBTS && self.kept.doubts * 2 > self.kept.hits {
            // Doubting takes longer than doing without.
            self.kept.calls.clear();
        }
        self.trial(work)
    }

    /// Says that the trial that has begun is one whose memory may stay.
    pub(crate) fn begin_kept(&mut self) {
        self.kept.trial = self.innermost_trial();
        self.kept.is_in_doubt = false;
        self.kept.texts.clear();
    }

    /// Whether the memory of the trial that ends stays.
    pub(crate) fn is_worth_keeping(&mut self, mark: &Mark) -> bool {
        let kept = &mut self.kept;
        if kept.trial == 0 || kept.trial != self.trials.last().copied().unwrap_or(0) {
            return false;
        }
        kept.trial = 0;
        let spoilt = std::mem::take(&mut kept.spoilt);
        kept.fresh.retain(|call| !spoilt.contains(&call.label));
        let grown = self.mem.heap.grown_since(mark);
        let trials = kept.cells.len();
        let is_worth = !kept.fresh.is_empty()
            && !spoilt.contains(&FIXED)
            && !kept.is_in_doubt
            && !self.limited
            && !self.exhausted
            && (trials < UNTRIED || kept.hits > 0 && trials < MOST)
            && self.settings.keep.is_some_and(|most| kept.bytes + grown <= most);
        if !is_worth {
            kept.fresh.clear();
            return false;
        }
        kept.bytes += grown;
        kept.cells.push(mark.first_cell()..self.mem.heap.next_index());
        kept.calls.append(&mut kept.fresh);
        kept.all_texts.append(&mut kept.texts);
        true
    }

    /// Ends a trial whose memory stays: what nobody can reach any more of that is given back.
    pub(crate) fn keep_memory(&mut self, mark: &Mark) {
        let mut cells = Vec::new();
        let mut values = Vec::new();
        for call in &self.kept.calls {
            cells.push(call.value);
            cells.extend(call.graph.cells());
            values.extend(call.graph.values());
            values.push(Val::thunk(&call.body.body, call.env));
        }
        cells.extend(self.imports.cells());
        let evaluated = self.mem.heap.keep_trial(mark, FIXED);
        values.extend(evaluated.into_iter().map(|cell| self.peek(cell)));
        let given = self.sweep(mark, cells, &values);
        self.kept.bytes = self.kept.bytes.saturating_sub(given);
    }

    /// Counts for the trial that begins the texts that were read for the memory that stays.
    pub(crate) fn count_kept(&mut self) {
        for i in 0..self.kept.all_texts.len() {
            self.reads(self.kept.all_texts[i]);
        }
    }

    /// Notes which text was read for what may stay.
    pub(crate) fn reads_fixed(&mut self, text: FileId) {
        if self.is_watched() {
            self.kept.texts.push(text);
        }
    }

    /// Whether what is evaluated comes of inputs alone, or belongs to a package set.
    pub(crate) fn is_of_inputs(&self) -> bool {
        self.mem.heap.label >= FIXED
    }

    /// Whether what is evaluated could stay.
    #[inline(always)]
    pub(crate) fn is_watched(&self) -> bool {
        self.kept.trial != 0 && self.mem.heap.label >= FIXED
    }

    /// Notes something that has to happen in each trial, so that what it happened in cannot be shared.
    #[inline]
    pub(crate) fn shows(&mut self) {
        if self.is_watched() {
            self.kept.spoilt.push(self.mem.heap.label);
        }
    }

    /// Notes that a file is asked for.
    #[inline]
    pub(crate) fn touches(&mut self, path: &[u8]) {
        if self.is_watched() && !self.is_fixed(path) && !ABOVE.contains(&path) {
            self.shows();
        }
    }

    /// Notes that what has a label needs something that has not.
    #[cold]
    pub(crate) fn leaves(&mut self, around: Label) {
        let is_done = |call: &Call| call.label == around;
        if self.kept.trial != 0 && (around == FIXED || self.kept.fresh.iter().any(is_done)) {
            self.kept.spoilt.push(around);
        }
    }

    /// Notes that two cells are not equal because they are two: that would be so of any two of one trial, but a kept one stands for
    /// one that this trial would have made.
    #[cold]
    pub(crate) fn differ_by_place(&mut self, left: Ref, right: Ref) {
        if self.kept.cells.is_empty() || self.kept.trial == 0 {
            return;
        }
        let place = |cell: Ref| {
            let of_kept = self.kept.cells.iter().position(|cells| cells.contains(&cell.index()));
            match of_kept {
                Some(number) if self.peek(cell).label() != FIXED => 1 + number,
                _ => 0,
            }
        };
        let (a, b) = (place(left), place(right));
        let is_own = |place: usize, cell: Ref| place > 0 || !self.mem.heap.is_older(cell);
        if a != b && is_own(a, left) && is_own(b, right) {
            self.kept.is_in_doubt = true;
        }
    }

    /// Notes that an error is told.
    pub(crate) fn tells_error(&mut self) {
        let trial = self.kept.trial;
        if trial != 0 && self.kept.calls.iter().any(|call| call.user == trial) {
            self.kept.is_in_doubt = true;
        }
    }

    /// Returns the value of a call of a file's function if that is kept, or keeps it.
    pub(crate) fn share_kept(&mut self, body: &'static SharedBody, env: Env) -> Eval<Option<Val>> {
        if self.settings.keep.is_none() {
            return Ok(None);
        }
        let code: &'static Code = &body.body;
        let trial = self.kept.trial;
        if trial == 0 || self.innermost_trial() != trial {
            return self.eval_labelled(body, env).map(|done| done.map(|(value, _)| value));
        }
        let said = self.messages.len();
        let mut calls = std::mem::take(&mut self.kept.calls);
        let mut same = calls.iter_mut().filter_map(|call| {
            if call.user == trial || !std::ptr::eq(call.body, body) {
                return None;
            }
            let pairs = self.is_same_call(&call.graph, code, call.env, env)?;
            Some((call, pairs))
        });
        let found = same.next().map(|(call, pairs)| {
            call.user = trial;
            (call.value, pairs)
        });
        self.kept.calls = calls;
        if self.messages.len() > said {
            // By itself it would say so later, or in another order.
            self.kept.is_in_doubt = true;
        }
        if let Some((value, pairs)) = found {
            self.kept.hits += 1;
            self.lend(pairs);
            return self.force(value, Pos::NONE).map(Some);
        }
        let Some((value, label)) = self.eval_labelled(body, env)? else {
            return Ok(None);
        };
        if let Some(graph) = self.take_down(code, env, label) {
            let call = Call {
                body,
                env,
                value: self.cell(value),
                label,
                graph,
                user: 0,
            };
            self.mem.heap.pin();
            self.kept.fresh.push(call);
        }
        Ok(Some(value))
    }

    /// Makes arguments of a kept call that nobody has evaluated those of the trial under way: what they come to is then the same in the
    /// package set and outside.
    fn lend(&mut self, pairs: Vec<(Ref, Ref)>) {
        let function = self.internal_builtin("keptArgument", 1, |ev, args| ev.force(args[0], Pos::NONE));
        for (of_kept, own) in pairs {
            let value = self.peek(of_kept);
            if !value.is_whnf() && of_kept != own {
                self.mem
                    .heap
                    .set(of_kept, Val::apply(function, own).labelled(value.label()));
            }
        }
        // Cells that are older than any evaluation under way refer to new ones.
        self.mem.heap.pin();
    }
}

/// Whether equality of two values of this kind is one of their cells.
#[inline]
pub(crate) fn is_by_place(value: Val) -> bool {
    match value.tag() {
        Tag::Lambda | Tag::Builtin | Tag::Partial => true,
        Tag::Float => value.as_float().is_some_and(f64::is_nan),
        _ => false,
    }
}
