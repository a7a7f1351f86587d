//! Taking down what the world answers: of what all targets have in common, and of one target at a time.

use super::{Reads, content, is_of_machine, kind, link, listing};
use crate::tree::{Listing, NodeKind, TreeError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;
use sys::{Answer, Record, Seen};

/// What is taken down of one evaluator. All copies are the same one.
#[derive(Clone, Default)]
pub struct Recording(Rc<RefCell<Scopes>>);

#[derive(Default)]
struct Scopes {
    /// What was read outside of all targets, such as the flake's own `flake.nix`.
    common: Reads,
    /// What was read for a target so far.
    target: Option<Reads>,
    /// Attributes of the flake's source.
    attributes: BTreeMap<String, String>,
}

impl Recording {
    /// Begins with a target: what is read until it ends is its own.
    pub fn begin(&self) {
        self.0.borrow_mut().target = Some(Reads::default());
    }

    /// Returns what the target was told, with what all have in common.
    pub fn end(&self) -> Reads {
        let mut scopes = self.0.borrow_mut();
        let mut reads = scopes.common.clone();
        if let Some(target) = scopes.target.take() {
            reads.merge(target);
        }
        reads
    }

    fn note(&self, note: impl FnOnce(&mut Reads)) {
        let mut scopes = self.0.borrow_mut();
        let Scopes { common, target, .. } = &mut *scopes;
        note(target.as_mut().unwrap_or(common));
    }

    fn seen(&self, path: &[u8], seen: Seen) {
        let record = Record {
            paths: BTreeMap::from([(PathBuf::from(OsStr::from_bytes(path)), seen)]),
            changed: Vec::new(),
        };
        self.note(|reads| reads.files.merge(record));
    }

    fn answer<T, A>(
        &self,
        path: &[u8],
        result: &Result<T, TreeError>,
        answer: impl FnOnce(&Result<T, TreeError>) -> Answer<A>,
        seen: impl FnOnce(Option<Answer<A>>) -> Seen,
    ) {
        if let Err(error) = result
            && is_of_machine(error)
        {
            self.fleeting(error.to_string());
        }
        self.seen(path, seen(Some(answer(result))));
    }

    /// Takes down what is at a path of the flake's own tree.
    pub(crate) fn kind(&self, path: &[u8], result: &Result<Option<NodeKind>, TreeError>) {
        self.answer(path, result, kind, |lstat| Seen {
            lstat,
            ..Seen::default()
        });
    }

    /// Takes down what a file of the flake's own tree has in it.
    pub(crate) fn content(&self, path: &[u8], result: &Result<Vec<u8>, TreeError>) {
        self.answer(path, result, content, |content| Seen {
            content,
            ..Seen::default()
        });
    }

    /// Takes down what a folder of the flake's own tree has in it.
    pub(crate) fn listing(&self, path: &[u8], result: &Result<Listing, TreeError>) {
        self.answer(path, result, listing, |listing| Seen {
            listing,
            ..Seen::default()
        });
    }

    /// Takes down where a link of the flake's own tree leads.
    pub(crate) fn link(&self, path: &[u8], result: &Result<Vec<u8>, TreeError>) {
        self.answer(path, result, link, |link| Seen {
            link,
            ..Seen::default()
        });
    }

    /// Takes down that an answer was one of the moment.
    pub(crate) fn fleeting(&self, why: String) {
        self.note(|reads| reads.fleeting = reads.fleeting.take().or(Some(why)));
    }

    /// Takes down that an input was read, and what it is locked to.
    pub(crate) fn input(&self, path: String, locked: String) {
        self.note(|reads| {
            reads.inputs.insert(path, locked);
        });
    }

    /// Remembers what the attributes of the flake's source are, in case that they are read.
    pub(crate) fn attributes(&self, attributes: BTreeMap<String, String>) {
        self.0.borrow_mut().attributes = attributes;
        // Whether there is a `rev` can be asked without reading it.
        self.attribute("");
    }

    /// Takes down that an attribute of the flake's source was read.
    pub(crate) fn attribute(&self, name: &str) {
        let value = self.0.borrow().attributes.get(name).cloned().unwrap_or_default();
        self.note(|reads| {
            reads.attributes.insert(name.to_owned(), value);
        });
    }
}
