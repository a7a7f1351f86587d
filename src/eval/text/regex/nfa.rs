//! The automaton under construction, built state by state as libstdc++ builds its own.
//!
//! Building it the same way, dummies included, is what makes the limit on its size (and so the error "memory limit
//! exceeded") agree with Nix's.

use rustc_hash::FxHashMap;

use super::bytes::ByteSet;

/// The most states an automaton may have: libstdc++'s `_GLIBCXX_REGEX_STATE_LIMIT`.
pub(super) const STATE_LIMIT: usize = 100_000;

/// Marks a transition that leads nowhere yet.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The automaton would have more than [`STATE_LIMIT`] states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// What a state does before it goes on to its next state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: a joint between parts, skipped when the program is made.
    Dummy,
    /// Consumes one byte of the set.
    Bytes(ByteSet),
    /// Tries `alt`, then `next`, and keeps the longer match.
    Either {
        alt: u32,
    },
    /// Tries the body `alt` once more, and only if that leads to no match goes on to `next`.
    Repeat {
        alt: u32,
    },
    GroupStart(u32),
    GroupEnd(u32),
    LineStart,
    LineEnd,
    Accept,
}

impl Kind {
    fn alt_mut(&mut self) -> Option<&mut u32> {
        match self {
            Kind::Either { alt } | Kind::Repeat { alt } => Some(alt),
            _ => None,
        }
    }
}

/// One state of the automaton.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) kind: Kind,
    pub(super) next: u32,
}

/// A part of the automaton with one way in and one way out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The states so far.
#[derive(Debug, Default)]
pub(super) struct Nfa {
    pub(super) states: Vec<State>,
}

impl Nfa {
    /// Adds a state that goes on to nowhere.
    pub(super) fn add(&mut self, kind: Kind) -> Result<Part, TooLarge> {
        if self.states.len() >= STATE_LIMIT {
            return Err(TooLarge);
        }
        let id = self.states.len() as u32;
        self.states.push(State { kind, next: NOWHERE });
        Ok(Part { start: id, end: id })
    }

    /// Lets `second` follow `first`.
    pub(super) fn join(&mut self, first: Part, second: Part) -> Part {
        self.link(first.end, second.start);
        Part {
            start: first.start,
            end: second.end,
        }
    }

    /// Lets the state `to` follow the state `from`.
    pub(super) fn link(&mut self, from: u32, to: u32) {
        self.states[from as usize].next = to;
    }

    /// Adds a copy of a part whose way out leads nowhere.
    pub(super) fn copy(&mut self, part: Part) -> Result<Part, TooLarge> {
        let mut copies: FxHashMap<u32, u32> = FxHashMap::default();
        let mut waiting = vec![part.start];
        while let Some(id) = waiting.pop() {
            let mut state = self.states[id as usize];
            let copied = self.add(state.kind)?.start;
            self.states[copied as usize].next = state.next;
            copies.insert(id, copied);
            if let Some(&mut alt) = state.kind.alt_mut()
                && !copies.contains_key(&alt)
            {
                waiting.push(alt);
            }
            if id != part.end && state.next != NOWHERE && !copies.contains_key(&state.next) {
                waiting.push(state.next);
            }
        }
        for copied in copies.values() {
            let state = &mut self.states[*copied as usize];
            if state.next != NOWHERE {
                state.next = copies[&state.next];
            }
            if let Some(alt) = state.kind.alt_mut() {
                *alt = copies[alt];
            }
        }
        Ok(Part {
            start: copies[&part.start],
            end: copies[&part.end],
        })
    }

    /// The first state at or after `id` that is not a dummy.
    pub(super) fn real(&self, mut id: u32) -> u32 {
        while let State {
            kind: Kind::Dummy,
            next,
        } = self.states[id as usize]
        {
            id = next;
        }
        id
    }
}
