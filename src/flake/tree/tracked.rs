//! A Git work tree as Nix sees it: the files that the index names, with their bytes on the disk.

use super::{Accessor, FolderTree, Listing, NodeKind, TreeError};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use sys::Fs;

/// The tracked files of a work tree.
pub struct TrackedTree {
    folder: FolderTree,
    /// Paths of the tracked files, and of nothing else.
    files: BTreeSet<Vec<u8>>,
}

impl TrackedTree {
    /// Returns the part of the folder `root` that `files` names.
    pub fn new(fs: Arc<dyn Fs>, root: PathBuf, files: BTreeSet<Vec<u8>>) -> TrackedTree {
        TrackedTree {
            folder: FolderTree::new(fs, root),
            files,
        }
    }

    /// Returns the tracked files.
    pub fn files(&self) -> &BTreeSet<Vec<u8>> {
        &self.files
    }

    /// Whether the path is a tracked file, lies in one (as below a submodule), or is above one.
    fn is_visible(&self, path: &[u8]) -> bool {
        if path.is_empty() || self.files.contains(path) {
            return true;
        }
        let below = super::join(path, b"");
        if self
            .files
            .range(below.clone()..)
            .next()
            .is_some_and(|file| file.starts_with(&below))
        {
            return true;
        }
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.into_iter().any(|(at, _)| self.files.contains(&path[..at]))
    }

    fn check(&self, path: &[u8]) -> Result<(), TreeError> {
        if self.is_visible(path) {
            Ok(())
        } else {
            Err(TreeError::Absent(path.to_vec()))
        }
    }
}

impl Accessor for TrackedTree {
    fn lstat(&self, path: &[u8]) -> Result<Option<NodeKind>, TreeError> {
        if self.is_visible(path) {
            self.folder.lstat(path)
        } else {
            Ok(None)
        }
    }

    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        self.check(path)?;
        self.folder.read_file(path)
    }

    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError> {
        self.check(path)?;
        let mut listing = self.folder.read_dir(path)?;
        listing.retain(|name, _| self.is_visible(&super::join(path, name)));
        Ok(listing)
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        self.check(path)?;
        self.folder.read_link(path)
    }

    fn file_size(&self, path: &[u8]) -> Result<Option<u64>, TreeError> {
        self.check(path)?;
        self.folder.file_size(path)
    }

    fn explain_absence(&self, path: &[u8]) -> Option<String> {
        let name = String::from_utf8_lossy(path);
        let root = self.folder.root();
        if self.is_visible(path) {
            return None;
        }
        Some(match self.folder.lstat(path) {
            Ok(Some(_)) => format!(
                "Path '{name}' in the repository {root:?} is not tracked by Git.\n\nTo make it visible to Nix, run:\n\n\
                 git -C {root:?} add \"{name}\""
            ),
            _ => format!("Path '{name}' does not exist in Git repository {root:?}."),
        })
    }

    fn disk_root(&self) -> Option<&std::path::Path> {
        Some(self.folder.root())
    }
}
