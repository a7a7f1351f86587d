//! What an evaluation was told: of the flake's own files, of its source and of its inputs.
//!
//! A result that was computed from exactly these answers is still right while all of them hold, whatever else has changed. The
//! flake's own files are recorded question by question, by their paths in its tree, so that a record holds for another
//! checkout, another machine, a commit. An input is one answer: what it is locked to, which its files follow from.

mod locked;
mod recording;
mod results;

pub use locked::LockedState;
pub use recording::Recording;
pub use results::{Found, Results};

use crate::tree::{Accessor, NodeKind, TreeError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sys::{Answer, BytePath, Digest, DirEntry, FileKind, Node, Record};

/// The answers that a result was computed from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reads {
    /// What the flake's own tree said, by the path in it.
    pub files: Record,
    /// Attributes of the flake's own source, such as `rev`, with their values as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The store path of the flake's own source, if the result depends on it, and so on each of its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_path: Option<String>,
    /// Inputs that were read, by their shortest path in the lock, with what they are locked to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Why the result is one of this run only: something was answered that may be answered otherwise the next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleeting: Option<String>,
}

/// The state of a flake that reads are held against.
pub trait State {
    /// Returns the flake's own tree.
    fn tree(&self) -> &dyn Accessor;
    /// Returns an attribute of its source as text; `None` if there is none, or it cannot be had.
    fn attribute(&self, name: &str) -> Option<String>;
    /// Returns the store path of its source; `None` if it cannot be had.
    fn own_path(&self) -> Option<String>;
    /// Returns what an input is locked to; `None` if there is no such input.
    fn input(&self, path: &str) -> Option<String>;
}

/// An answer that does not hold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Difference {
    /// A file or folder of the flake, by its path in the tree.
    File(Vec<u8>),
    /// An attribute of the flake's source.
    Attribute(String),
    /// Any file of the flake, as the result depends on where the source lies.
    OwnPath,
    /// What an input is locked to.
    Input(String),
    /// It never held longer than a run.
    Fleeting,
}

impl Reads {
    /// Adds the answers of other reads.
    pub fn merge(&mut self, other: Reads) {
        self.files.merge(other.files);
        self.attributes.extend(other.attributes);
        self.own_path = self.own_path.take().or(other.own_path);
        self.inputs.extend(other.inputs);
        self.fleeting = self.fleeting.take().or(other.fleeting);
    }

    /// Whether a later run may rely on them.
    pub fn can_be_kept(&self) -> bool {
        self.fleeting.is_none() && self.files.is_stable()
    }

    /// Returns the first answer that does not hold in a state of the flake; `None` if all do.
    pub fn first_difference(&self, state: &dyn State) -> Option<Difference> {
        if !self.can_be_kept() {
            return Some(Difference::Fleeting);
        }
        // What costs least comes first: the files are read, and for the path all of them.
        let input = self
            .inputs
            .iter()
            .find(|(path, locked)| state.input(path).as_ref() != Some(*locked));
        if let Some((path, _)) = input {
            return Some(Difference::Input(path.clone()));
        }
        if let Some(path) = first_other_file(&self.files, state.tree()) {
            return Some(Difference::File(path.as_os_str().as_bytes().to_vec()));
        }
        let attribute = self
            .attributes
            .iter()
            .find(|(name, value)| state.attribute(name).as_ref() != Some(*value));
        if let Some((name, _)) = attribute {
            return Some(Difference::Attribute(name.clone()));
        }
        let moved = self.own_path.is_some() && state.own_path() != self.own_path;
        moved.then_some(Difference::OwnPath)
    }
}

/// Returns the first path about which a tree does not say what is recorded.
fn first_other_file<'r>(record: &'r Record, tree: &dyn Accessor) -> Option<&'r Path> {
    let differs = |path: &Path, seen: &sys::Seen| {
        let bytes = path.as_os_str().as_bytes();
        let kind = || kind(&tree.lstat(bytes));
        let content = || content(&tree.read_file(bytes));
        let listing = || listing(&tree.read_dir(bytes));
        let link = || link(&tree.read_link(bytes));
        seen.lstat.as_ref().is_some_and(|known| *known != kind())
            || seen.link.as_ref().is_some_and(|known| *known != link())
            || seen.listing.as_ref().is_some_and(|known| *known != listing())
            || seen.content.as_ref().is_some_and(|known| *known != content())
    };
    let mut paths = record.paths.iter();
    paths
        .find(|(path, seen)| differs(path, seen))
        .map(|(path, _)| path.as_path())
}

/// Returns the answer to what is at a path.
fn kind(answer: &Result<Option<NodeKind>, TreeError>) -> Answer<Node> {
    match answer {
        Ok(Some(kind)) => Answer::Is(match kind {
            NodeKind::Regular { executable: true } => Node::Executable,
            NodeKind::Regular { executable: false } => Node::Regular,
            NodeKind::Directory => Node::Directory,
            NodeKind::Symlink => Node::Symlink,
            NodeKind::Unknown => Node::Other,
        }),
        Ok(None) => Answer::Absent,
        Err(error) => failed(error),
    }
}

/// Returns the answer to what a file has in it.
fn content<B: AsRef<[u8]>>(answer: &Result<B, TreeError>) -> Answer<Digest> {
    match answer {
        Ok(bytes) => Answer::Is(Digest::of(bytes.as_ref())),
        Err(error) => failed(error),
    }
}

/// Returns the answer to what a folder has in it. Whether a file may be executed is none of it, as in some trees it is told
/// by a look at the file only.
fn listing(answer: &Result<crate::tree::Listing, TreeError>) -> Answer<Digest> {
    let entry = |(name, kind): (&Vec<u8>, &NodeKind)| DirEntry {
        name: OsStr::from_bytes(name).to_owned(),
        kind: match kind {
            NodeKind::Regular { .. } => FileKind::Regular,
            NodeKind::Directory => FileKind::Directory,
            NodeKind::Symlink => FileKind::Symlink,
            NodeKind::Unknown => FileKind::Other,
        },
    };
    match answer {
        Ok(names) => Answer::Is(Digest::of_listing(&names.iter().map(entry).collect::<Vec<_>>())),
        Err(error) => failed(error),
    }
}

/// Returns the answer to where a link leads.
fn link(answer: &Result<Vec<u8>, TreeError>) -> Answer<BytePath> {
    match answer {
        Ok(target) => Answer::Is(BytePath(OsStr::from_bytes(target).into())),
        Err(error) => failed(error),
    }
}

/// Returns the answer that an error is: of the tree itself, or of the disk, which may say something else the next time.
fn failed<T>(error: &TreeError) -> Answer<T> {
    match error {
        TreeError::Absent(_) => Answer::Absent,
        other => Answer::Failed(other.to_string()),
    }
}

/// Whether an error is of the machine and not of the tree, so that it says nothing about the next time.
fn is_of_machine(error: &TreeError) -> bool {
    matches!(error, TreeError::Fs(_) | TreeError::Git(_))
}

#[cfg(test)]
mod tests;
