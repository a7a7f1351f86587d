//! What is to be built, and what a store must be given before it can be.

use crate::realised::export;
use std::collections::HashSet;
use std::io;
use store::{NarTree, Origin, OutputName, StorePath, VirtualStore, write_nar};

/// Outputs of derivations that are to be built.
#[derive(Clone, Copy)]
pub struct Order<'e> {
    /// The evaluation's store, which has the derivations and all texts that they need.
    pub store: &'e VirtualStore,
    /// Each derivation with one of its outputs.
    pub wanted: &'e [(StorePath, OutputName)],
    /// The sources that they need, which are no texts, each as an archive.
    pub sources: &'e [(StorePath, Vec<u8>)],
}

/// A file of the store that is known by its bytes and references: a text, or a derivation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// Its path.
    pub path: StorePath,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it refers to.
    pub references: Vec<StorePath>,
}

impl Order<'_> {
    /// Returns all that a store must be given, as `nix-store --import` and the store of the run read it.
    pub fn stream(&self) -> Vec<u8> {
        self.stream_without(&|_| false)
    }

    /// Returns the same without what the store has already.
    pub fn stream_without(&self, has: &dyn Fn(&StorePath) -> bool) -> Vec<u8> {
        let mut out = Vec::new();
        // A vector takes all that is written to it.
        self.write(has, &mut out).expect("it is written to memory");
        out
    }

    fn write(&self, has: &dyn Fn(&StorePath) -> bool, out: &mut Vec<u8>) -> io::Result<()> {
        for (path, archive) in self.sources.iter().filter(|(path, _)| !has(path)) {
            export::begin(out)?;
            out.extend_from_slice(archive);
            let references: Vec<_> = self
                .store
                .object(path)
                .map(|object| object.references.iter().collect())
                .unwrap_or_default();
            export::end(out, path, references.into_iter(), None)?;
        }
        for text in self.texts().into_iter().filter(|text| !has(&text.path)) {
            export::begin(out)?;
            let mut file = NarTree::File {
                executable: false,
                contents: text.bytes,
            };
            write_nar(&mut file, out).map_err(io::Error::other)?;
            export::end(out, &text.path, text.references.iter(), None)?;
        }
        export::finish(out)
    }

    /// Returns the derivations with all derivations and texts that they need, each after what it refers to.
    pub fn texts(&self) -> Vec<Text> {
        let mut found = Vec::new();
        let mut seen: HashSet<StorePath> = HashSet::new();
        // A path comes up once to look at what it refers to, and again when all of that is done.
        let mut pending: Vec<_> = self.wanted.iter().map(|(drv, _)| (drv.clone(), false)).collect();
        while let Some((path, is_done)) = pending.pop() {
            if !is_done && !seen.insert(path.clone()) {
                continue;
            }
            let Some((bytes, references)) = text(self.store, &path) else {
                continue;
            };
            if is_done {
                found.push(Text {
                    path,
                    bytes,
                    references,
                });
                continue;
            }
            pending.push((path, true));
            pending.extend(references.into_iter().map(|reference| (reference, false)));
        }
        found
    }
}

fn text(store: &VirtualStore, path: &StorePath) -> Option<(Vec<u8>, Vec<StorePath>)> {
    if let Some(drv) = store.derivation(path) {
        return Some((store.aterm(path)?, drv.references().cloned().collect()));
    }
    let object = store.object(path)?;
    match &object.origin {
        Origin::Bytes(bytes) => Some((bytes.to_vec(), object.references.iter().cloned().collect())),
        Origin::Token(_) => None,
    }
}
