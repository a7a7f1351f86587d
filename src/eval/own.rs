//! Whether results depend on where the flake under test lies in the store.
//!
//! The path of a flake's source has a hash of all its files. Nearly every evaluation handles it, as each path of the
//! flake's own files begins with it, but few results have it in them: a host that a change of another host's file leaves
//! as it was must not count as changed because its modules lie at another path. So the hash is looked for where it
//! could become part of a result (derivations, texts in the store), and where evaluation looks at its letters
//! (comparing, cutting, matching, hashing, names of attributes, whose order they decide). Wherever it is met, the
//! result counts as one that depends on the path, and so on each file; elsewhere the same evaluation with another
//! hash gives the same with the other hash in its place, and there is no place where it is.
//!
//! The attributes of the source, such as `rev`, are told to the world when they are read
//! ([`crate::EvalIo::reads_attribute`]).

use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use diag::Pos;
use memchr::memmem::Finder;
use std::ops::Range;
use store::StorePath;

/// Letters of the hash in a store path.
const LETTERS: usize = 32;

/// What is known of the flake under test.
#[derive(Default)]
pub(crate) struct Own {
    /// Its number in the world.
    flake: Option<u32>,
    /// Where it lies, and the hash of that, once it has been asked for.
    hash: Option<(Vec<u8>, Finder<'static>)>,
    /// Whether the hash was met in a place where it counts.
    pub met: bool,
}

impl Own {
    /// Whether it is known where the flake lies.
    pub fn is_known(&self) -> bool {
        self.hash.is_some()
    }

    /// Whether a path lies in the flake's source.
    pub fn has(&self, path: &[u8]) -> bool {
        let root = self.hash.as_ref().map(|(root, _)| root.as_slice());
        root.and_then(|root| path.strip_prefix(root))
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

impl Evaluator {
    /// Says which flake of the world is the one under test: from now on it is known whether results depend on where its
    /// source lies ([`Evaluator::depends_on_own_path`]), and its attributes are told when they are read.
    pub fn watch_own(&mut self, flake: u32) {
        self.own.flake = Some(flake);
    }

    /// Whether what was evaluated so far depends on where the source of the flake under test lies; inside a trial, what
    /// the trial evaluated, and not what had been evaluated before. A text that leaves the evaluator has to be asked about by itself ([`Evaluator::has_own_path`]).
    pub fn depends_on_own_path(&self) -> bool {
        self.own.met
    }

    /// Whether a text has the hash of the store path at which the source of the flake under test lies.
    pub fn has_own_path(&self, text: &[u8]) -> bool {
        self.own
            .hash
            .as_ref()
            .is_some_and(|(_, hash)| hash.find(text).is_some())
    }

    /// Whether a node of a flake is the flake under test itself.
    pub(crate) fn is_own_node(&self, flake: u32, node: u32) -> bool {
        node == 0 && self.own.flake == Some(flake)
    }

    /// Remembers where the flake under test lies.
    pub(crate) fn found_own(&mut self, path: &StorePath) {
        let path = path.to_path().into_bytes();
        let hash = path
            .get(store::STORE_DIR.len() + 1..)
            .and_then(|name| name.get(..LETTERS));
        let Some(hash) = hash.map(<[u8]>::to_vec) else { return };
        if self.own.hash.as_ref().is_none_or(|(known, _)| *known != path) {
            self.own.hash = Some((path, Finder::new(&hash).into_owned()));
        }
    }

    /// Notes that a text becomes part of a result, or that all its letters are looked at.
    #[inline]
    pub(crate) fn looks_at(&mut self, text: &[u8]) {
        if text.len() >= LETTERS && (!self.own.met || self.is_watched()) && self.own.hash.is_some() {
            let is_met = self.has_own_path(text);
            self.meets_own(is_met);
        }
    }

    fn meets_own(&mut self, is_met: bool) {
        if is_met {
            self.own.met = true;
            self.shows();
        }
    }

    /// Notes that of a text only a part is kept: some of the hash's letters, but not all, is more than nothing.
    #[inline]
    pub(crate) fn cuts(&mut self, text: &[u8], kept: Range<usize>) {
        if text.len() >= LETTERS && (!self.own.met || self.is_watched()) && self.own.hash.is_some() {
            self.cuts_hash(text, &kept);
        }
    }

    #[inline(never)]
    fn cuts_hash(&mut self, text: &[u8], kept: &Range<usize>) {
        let Some((_, hash)) = &self.own.hash else { return };
        let is_met = hash.find_iter(text).any(|at| {
            let whole = kept.start <= at && at + LETTERS <= kept.end;
            let none = kept.end <= at || at + LETTERS <= kept.start;
            !whole && !none
        });
        self.meets_own(is_met);
    }

    /// Notes that the letters of two texts decide their order.
    #[inline]
    pub(crate) fn orders(&mut self, left: &[u8], right: &[u8]) {
        self.looks_at(left);
        self.looks_at(right);
    }

    /// Returns the value of an attribute of the source of the flake under test, which is told to the world when it is read.
    pub(crate) fn own_attribute(&mut self, name: Ref, value: Val) -> Val {
        let reads = self.internal_builtin("readFlakeAttribute", 2, read_attribute);
        let value = self.cell(value);
        Val::apply_two(reads, name, value)
    }
}

/// Tells that an attribute is read, and returns its value.
fn read_attribute(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let name = ev.force_plain_string(args[0], Pos::NONE, "")?;
    ev.shows();
    ev.io.reads_attribute(&String::from_utf8_lossy(name));
    ev.force(args[1], Pos::NONE)
}
