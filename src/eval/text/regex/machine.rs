//! Runs a program on a subject: a depth-first search with the order, and the idea of "longest", of libstdc++.
//!
//! What a search from one step in one place finds does not depend on how it got there (the language has no
//! back-references), so that a search that takes long is started again with a memo of (step, place) pairs. That
//! bounds the work by the size of the program times the length of the subject; short searches never pay for it.
//!
//! The rules, which differ from both POSIX and Perl:
//! - a loop is greedy, and is left early only when going on leads to no match at all;
//! - both sides of `|` are tried, and the longest match wins; the first one found wins among equals;
//! - a group keeps what it captured last, also from earlier turns of a loop around it;
//! - the body of a loop may match nothing, twice in one place, before the loop is left.

use rustc_hash::FxHashMap;

use super::program::{Pc, Program, Step, UNCOUNTED};

/// The search needs more memory than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// The most frames on the stack: one gigabyte, enough for a subject of ten megabytes in most patterns.
const MOST_FRAMES: usize = 1 << 26;

/// The most entries in a memo kept as a table, two bits each: 128 megabytes.
const MOST_TABLE_KEYS: u64 = 1 << 29;

/// The most entries in a memo kept as a map.
const MOST_MAP_ENTRIES: usize = 1 << 23;

/// Marks a group that has captured nothing. Subjects are shorter than this.
const UNSET: u32 = u32::MAX;

/// What a group has captured: where it last started, and where it last ended, if it did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Slot {
    /// The captured range, if the group has captured.
    pub(super) fn range(self) -> Option<std::ops::Range<usize>> {
        (self.last != UNSET).then_some(self.first as usize..self.last as usize)
    }
}

/// What is left to do when a way has been followed to its end.
#[derive(Clone, Copy)]
enum Frame {
    /// Go on here, if nothing was found.
    Resume { pc: Pc, at: u32 },
    /// Leave a run earlier: at `at - 1`, but not before `least`, if nothing was found. The step is the run's.
    Shorten { pc: Pc, least: u32, at: u32 },
    /// Try the second side of a choice.
    Second { pc: Pc, at: u32 },
    /// Both sides of a choice have been tried; this is whether the first one matched.
    Merge { found: bool },
    /// Set a group back.
    Slot { group: u32, old: Slot },
    /// Set a counter back.
    Counter { counter: u32, at: u32, turns: u32 },
    /// All ways from this step in this place have been tried.
    Known { key: u64 },
}

/// How a match must lie in the subject.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It must reach the end of the subject.
    Exact,
    /// It may end anywhere.
    Prefix,
    /// It may end anywhere, but must not be empty.
    NotEmpty,
}

/// A match that starts in a given place.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) end: usize,
    pub(super) slots: Vec<Slot>,
}

/// The state of searches of one program in one subject.
pub(super) struct Machine<'a> {
    program: &'a Program,
    subject: &'a [u8],
    stack: Vec<Frame>,
    slots: Vec<Slot>,
    /// For each counted loop the place of its last turn, and how many turns it took there.
    counters: Vec<(u32, u32)>,
    /// Whether the last search ended before everything was set back.
    dirty: bool,
    memo: Option<Memo>,
    /// How much work may still be done before the memo is set up.
    patience: usize,
}

enum Outcome {
    Done(Option<Found>),
    OutOfPatience,
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a Program, subject: &'a [u8]) -> Result<Machine<'a>, TooMuch> {
        if subject.len() >= UNSET as usize {
            return Err(TooMuch);
        }
        Ok(Machine {
            program,
            subject,
            stack: Vec::new(),
            slots: vec![
                Slot {
                    first: UNSET,
                    last: UNSET
                };
                program.groups
            ],
            counters: vec![(UNSET, 0); program.counters],
            dirty: false,
            memo: None,
            patience: 2000 + 16 * subject.len(),
        })
    }

    /// The same machine, but it sets the memo up at once.
    #[cfg(test)]
    pub(super) fn impatient(mut self) -> Machine<'a> {
        self.patience = 0;
        self
    }

    /// The match that starts at `start`, if there is one.
    pub(super) fn run(&mut self, start: usize, mode: Mode) -> Result<Option<Found>, TooMuch> {
        if let Outcome::Done(found) = self.attempt(start, mode)? {
            return Ok(found);
        }
        self.memo = Some(Memo::new(self.program, self.subject.len())?);
        match self.attempt(start, mode)? {
            Outcome::Done(found) => Ok(found),
            Outcome::OutOfPatience => Err(TooMuch),
        }
    }

    fn attempt(&mut self, start: usize, mode: Mode) -> Result<Outcome, TooMuch> {
        if std::mem::take(&mut self.dirty) {
            self.stack.clear();
            self.slots.fill(Slot {
                first: UNSET,
                last: UNSET,
            });
            self.counters.fill((UNSET, 0));
        }

        let program = self.program;
        let subject = self.subject;
        let length = subject.len() as u32;
        let keep_looking = program.has_choice && mode != Mode::Exact;
        let mut best: Option<Found> = None;
        let (mut pc, mut at) = (program.start, start as u32);
        // Whether the way that is followed, or those since the last choice, led to a match.
        let mut found = false;
        loop {
            // Follow one way until it ends.
            loop {
                if let Some(memo) = &mut self.memo {
                    if let Some(row) = program.memo_rows[pc as usize] {
                        let key = memo.key(row, at, &self.counters);
                        match memo.enter(key)? {
                            Entered::New => {
                                if mode != Mode::Exact {
                                    push(&mut self.stack, Frame::Known { key })?;
                                }
                            }
                            Entered::Known { matched } => {
                                found = matched;
                                break;
                            }
                        }
                    }
                } else {
                    if self.patience == 0 {
                        self.dirty = true;
                        return Ok(Outcome::OutOfPatience);
                    }
                    self.patience -= 1;
                }
                match program.steps[pc as usize] {
                    Step::Byte(byte, next) => {
                        if subject.get(at as usize) != Some(&byte) {
                            break;
                        }
                        at += 1;
                        pc = next;
                    }
                    Step::Set(set, next) => {
                        let Some(&byte) = subject.get(at as usize) else {
                            break;
                        };
                        if !program.sets[set as usize].contains(byte) {
                            break;
                        }
                        at += 1;
                        pc = next;
                    }
                    Step::Either(first, second) => {
                        let rest = if keep_looking {
                            Frame::Second { pc: second, at }
                        } else {
                            Frame::Resume { pc: second, at }
                        };
                        push(&mut self.stack, rest)?;
                        pc = first;
                    }
                    Step::Repeat { body, exit, counter } => {
                        if counter == UNCOUNTED {
                            push(&mut self.stack, Frame::Resume { pc: exit, at })?;
                            pc = body;
                            continue;
                        }
                        let (place, turns) = self.counters[counter as usize];
                        let turns_here = if place == at { turns } else { 0 };
                        if turns_here < 2 {
                            push(&mut self.stack, Frame::Resume { pc: exit, at })?;
                            push(
                                &mut self.stack,
                                Frame::Counter {
                                    counter,
                                    at: place,
                                    turns,
                                },
                            )?;
                            self.counters[counter as usize] = (at, turns_here + 1);
                            pc = body;
                        } else {
                            pc = exit;
                        }
                    }
                    Step::Run { set, exit, .. } => {
                        let set = &program.sets[set as usize];
                        if self.memo.is_some() {
                            // One byte at a time, so that each place is remembered.
                            if subject.get(at as usize).is_some_and(|&byte| set.contains(byte)) {
                                push(&mut self.stack, Frame::Resume { pc: exit, at })?;
                                at += 1;
                            } else {
                                pc = exit;
                            }
                            continue;
                        }
                        let rest = &subject[at as usize..];
                        let count = rest.iter().position(|&byte| !set.contains(byte)).unwrap_or(rest.len());
                        if count > 0 {
                            self.patience = self.patience.saturating_sub(count / 8);
                            push(
                                &mut self.stack,
                                Frame::Shorten {
                                    pc,
                                    least: at,
                                    at: at + count as u32,
                                },
                            )?;
                        }
                        at += count as u32;
                        pc = exit;
                    }
                    Step::GroupStart(group, next) => {
                        let slot = &mut self.slots[group as usize];
                        push(&mut self.stack, Frame::Slot { group, old: *slot })?;
                        slot.first = at;
                        pc = next;
                    }
                    Step::GroupEnd(group, next) => {
                        let slot = &mut self.slots[group as usize];
                        push(&mut self.stack, Frame::Slot { group, old: *slot })?;
                        slot.last = at;
                        pc = next;
                    }
                    Step::LineStart(next) => {
                        // After the first match, Nix searches on with a flag that says that something stands before.
                        if at != 0 {
                            break;
                        }
                        pc = next;
                    }
                    Step::LineEnd(next) => {
                        if at != length {
                            break;
                        }
                        pc = next;
                    }
                    Step::Accept => {
                        let counts = match mode {
                            Mode::Exact => at == length,
                            Mode::Prefix => true,
                            Mode::NotEmpty => at as usize != start,
                        };
                        if counts {
                            found = true;
                            if best.as_ref().is_none_or(|best| best.end < at as usize) {
                                best = Some(Found {
                                    end: at as usize,
                                    slots: self.slots.clone(),
                                });
                            }
                            if !keep_looking || at == length {
                                self.dirty = true;
                                self.forget_open_entries();
                                return Ok(Outcome::Done(best));
                            }
                        }
                        break;
                    }
                }
            }
            // Find another way.
            loop {
                let Some(frame) = self.stack.pop() else {
                    if let Some(memo) = &mut self.memo {
                        memo.forget_matches();
                    }
                    return Ok(Outcome::Done(best));
                };
                match frame {
                    Frame::Resume { pc: next, at: place } => {
                        if !found {
                            (pc, at) = (next, place);
                            break;
                        }
                    }
                    Frame::Shorten {
                        pc: run,
                        least,
                        at: place,
                    } => {
                        if found {
                            continue;
                        }
                        let Step::Run { exit, follow, .. } = program.steps[run as usize] else {
                            continue;
                        };
                        let shorter = match follow {
                            None => place - 1,
                            Some(follow) => {
                                let set = &program.sets[follow as usize];
                                let tail = &subject[least as usize..place as usize];
                                match tail.iter().rposition(|&byte| set.contains(byte)) {
                                    Some(offset) => least + offset as u32,
                                    None => continue,
                                }
                            }
                        };
                        self.patience = self.patience.saturating_sub((place - shorter) as usize / 8);
                        if shorter > least {
                            push(
                                &mut self.stack,
                                Frame::Shorten {
                                    pc: run,
                                    least,
                                    at: shorter,
                                },
                            )?;
                        }
                        (pc, at) = (exit, shorter);
                        break;
                    }
                    Frame::Second { pc: next, at: place } => {
                        push(&mut self.stack, Frame::Merge { found })?;
                        found = false;
                        (pc, at) = (next, place);
                        break;
                    }
                    Frame::Merge { found: first } => found |= first,
                    Frame::Slot { group, old } => self.slots[group as usize] = old,
                    Frame::Counter { counter, at, turns } => self.counters[counter as usize] = (at, turns),
                    Frame::Known { key } => {
                        if found && let Some(memo) = &mut self.memo {
                            memo.set_matched(key);
                        }
                    }
                }
            }
        }
    }

    /// Takes what led to the match out of the memo: only what led to nothing stays true for later searches.
    fn forget_open_entries(&mut self) {
        if let Some(memo) = &mut self.memo {
            for frame in self.stack.drain(..) {
                if let Frame::Known { key } = frame {
                    memo.forget(key);
                }
            }
            memo.forget_matches();
        }
    }
}

fn push(stack: &mut Vec<Frame>, frame: Frame) -> Result<(), TooMuch> {
    if stack.len() >= MOST_FRAMES {
        return Err(TooMuch);
    }
    stack.push(frame);
    Ok(())
}

/// What happened when a search came to a step in a place.
enum Entered {
    New,
    Known { matched: bool },
}

/// Which steps have been tried in which places, and which of them led to a match.
struct Memo {
    entries: Entries,
    rows: u64,
    /// Entries that led to a match in the search that is going on.
    matched: Vec<u64>,
    /// Whether keys tell the turns of counted loops apart too.
    counted: bool,
}

enum Entries {
    /// Two bits an entry: tried, and matched.
    Table(Vec<u64>),
    Map(FxHashMap<u64, bool>),
}

impl Memo {
    fn new(program: &Program, length: usize) -> Result<Memo, TooMuch> {
        let rows = program.memo_row_count as u64;
        let counted = program.counters > 0;
        // With each counter a key needs room for three numbers of turns.
        let radix = u32::try_from(program.counters)
            .ok()
            .and_then(|count| 3_u64.checked_pow(count))
            .ok_or(TooMuch)?;
        let keys = (length as u64 + 1)
            .checked_mul(rows)
            .and_then(|keys| keys.checked_mul(radix))
            .ok_or(TooMuch)?;
        let entries = if keys <= MOST_TABLE_KEYS {
            Entries::Table(vec![0; keys as usize / 32 + 1])
        } else {
            Entries::Map(FxHashMap::default())
        };
        Ok(Memo {
            entries,
            rows,
            matched: Vec::new(),
            counted,
        })
    }

    fn key(&self, row: u32, at: u32, counters: &[(u32, u32)]) -> u64 {
        let key = u64::from(at) * self.rows + u64::from(row);
        if !self.counted {
            return key;
        }
        // Turns taken in other places do not matter any more.
        counters.iter().fold(key, |key, &(place, turns)| {
            key * 3 + if place == at { u64::from(turns) } else { 0 }
        })
    }

    fn enter(&mut self, key: u64) -> Result<Entered, TooMuch> {
        match &mut self.entries {
            Entries::Table(words) => {
                let bit = key * 2;
                let word = &mut words[(bit / 64) as usize];
                let pair = *word >> (bit % 64) & 3;
                if pair & 1 == 1 {
                    return Ok(Entered::Known { matched: pair == 3 });
                }
                *word |= 1 << (bit % 64);
            }
            Entries::Map(map) => {
                if let Some(&matched) = map.get(&key) {
                    return Ok(Entered::Known { matched });
                }
                if map.len() >= MOST_MAP_ENTRIES {
                    return Err(TooMuch);
                }
                map.insert(key, false);
            }
        }
        Ok(Entered::New)
    }

    fn set_matched(&mut self, key: u64) {
        self.matched.push(key);
        match &mut self.entries {
            Entries::Table(words) => words[(key * 2 / 64) as usize] |= 2 << (key * 2 % 64),
            Entries::Map(map) => {
                map.insert(key, true);
            }
        }
    }

    fn forget(&mut self, key: u64) {
        match &mut self.entries {
            Entries::Table(words) => words[(key * 2 / 64) as usize] &= !(3 << (key * 2 % 64)),
            Entries::Map(map) => {
                map.remove(&key);
            }
        }
    }

    fn forget_matches(&mut self) {
        for key in std::mem::take(&mut self.matched) {
            self.forget(key);
        }
    }
}
