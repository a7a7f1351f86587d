//! A tree with other trees in place of some of its folders: a repository with its submodules.

use super::{Accessor, Listing, NodeKind, TreeError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tree with others mounted in it.
pub struct MountedTree {
    base: Arc<dyn Accessor>,
    mounts: BTreeMap<Vec<u8>, Arc<dyn Accessor>>,
}

impl MountedTree {
    /// Returns `base` with each tree of `mounts` at its path. What is at such a path in `base` is hidden.
    pub fn new(base: Arc<dyn Accessor>, mounts: BTreeMap<Vec<u8>, Arc<dyn Accessor>>) -> MountedTree {
        MountedTree { base, mounts }
    }

    /// Returns the tree that holds a path, and the path in it.
    fn holder<'p>(&self, path: &'p [u8]) -> (&dyn Accessor, &'p [u8]) {
        let ends = path
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| at);
        for end in ends.chain([path.len()]).collect::<Vec<_>>().into_iter().rev() {
            if let Some(tree) = self.mounts.get(&path[..end]) {
                return (tree.as_ref(), path.get(end + 1..).unwrap_or_default());
            }
        }
        (self.base.as_ref(), path)
    }
}

impl Accessor for MountedTree {
    fn lstat(&self, path: &[u8]) -> Result<Option<NodeKind>, TreeError> {
        let (tree, path) = self.holder(path);
        tree.lstat(path)
    }

    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        let (tree, path) = self.holder(path);
        tree.read_file(path)
    }

    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError> {
        let (tree, inner) = self.holder(path);
        tree.read_dir(inner)
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        let (tree, path) = self.holder(path);
        tree.read_link(path)
    }

    fn file_size(&self, path: &[u8]) -> Result<Option<u64>, TreeError> {
        let (tree, path) = self.holder(path);
        tree.file_size(path)
    }

    fn explain_absence(&self, path: &[u8]) -> Option<String> {
        let (tree, path) = self.holder(path);
        tree.explain_absence(path)
    }

    fn disk_root(&self) -> Option<&std::path::Path> {
        self.base.disk_root()
    }
}
