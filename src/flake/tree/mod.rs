//! Trees of files, wherever they are: a folder, tracked files of a work tree, a commit, an archive.
//!
//! A path inside a tree is bytes without a slash at either end, empty for the root. An accessor
//! never follows a symbolic link, not even in the middle of a path: whoever resolves links does so
//! inside the tree, so a link cannot lead out of it.

mod folder;
mod folder_source;
mod git_tree;
mod memory;
mod mounted;
mod nar;
mod tracked;

pub use folder::FolderTree;
pub use git_tree::GitTree;
pub use memory::{MemoryNode, MemoryTree};
pub use mounted::MountedTree;
pub use nar::nar_hash;
pub use tracked::TrackedTree;

use std::collections::BTreeMap;

/// What a name in a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// A file.
    Regular {
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Something that Nix cannot hold: a device, a pipe, a socket.
    Unknown,
}

/// The names of a folder in the order of their bytes.
pub type Listing = BTreeMap<Vec<u8>, NodeKind>;

/// Reads a tree.
///
/// All paths are relative to the tree's root (see the module). Implementations are asked from
/// several threads.
pub trait Accessor: Send + Sync {
    /// Returns what is at a path, or `None` if nothing is.
    fn lstat(&self, path: &[u8]) -> Result<Option<NodeKind>, TreeError>;

    /// Returns a file's bytes.
    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, TreeError>;

    /// Returns a folder's names.
    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError>;

    /// Returns a symbolic link's target as it is stored.
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TreeError>;

    /// Returns how many bytes a file has, if that can be told without reading it.
    fn file_size(&self, _path: &[u8]) -> Result<Option<u64>, TreeError> {
        Ok(None)
    }

    /// Returns why nothing is at a path, when there is more to say than that: in a Git work tree,
    /// that the file is there but not tracked.
    fn explain_absence(&self, _path: &[u8]) -> Option<String> {
        None
    }

    /// Returns where the tree is on the disk, if it is there as it is: for messages.
    fn disk_root(&self) -> Option<&std::path::Path> {
        None
    }

    /// Returns the tree as a folder of the disk with all that is in it, if it is one.
    fn as_folder(&self) -> Option<&FolderTree> {
        None
    }
}

/// A tree that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Nothing is at the path.
    #[error("path '{}' does not exist", shown(.0))]
    Absent(Vec<u8>),
    /// Something else than expected is at the path.
    #[error("path '{}' is not {expected}", shown(.path))]
    WrongKind {
        /// The path.
        path: Vec<u8>,
        /// `a file`, `a directory` or `a symlink`.
        expected: &'static str,
    },
    /// A symbolic link stands in the middle of the path.
    #[error("path '{}' is a symlink", shown(.0))]
    ThroughLink(Vec<u8>),
    /// A path that is not one: with `.`, `..`, an empty part or NUL.
    #[error("'{}' is not a path in a tree", shown(.0))]
    BadPath(Vec<u8>),
    /// Something that Nix cannot hold is at the path.
    #[error("file '{}' has an unsupported type", shown(.0))]
    UnsupportedType(Vec<u8>),
    /// It cannot be an archive, for instance because its folders are nested too deeply.
    #[error("{0}")]
    Archive(String),
    /// The disk failed.
    #[error(transparent)]
    Fs(#[from] sys::FsError),
    /// A Git repository failed.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
}

fn shown(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

/// Returns the parts of a path, or an error if it is not a path in a tree.
pub(crate) fn parts(path: &[u8]) -> Result<Vec<&[u8]>, TreeError> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    if parts
        .iter()
        .any(|part| part.is_empty() || *part == b"." || *part == b".." || part.contains(&0))
    {
        return Err(TreeError::BadPath(path.to_vec()));
    }
    Ok(parts)
}

/// Returns a path with one more part.
pub fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    let mut joined = path.to_vec();
    if !joined.is_empty() {
        joined.push(b'/');
    }
    joined.extend_from_slice(name);
    joined
}

/// Returns the canonical path of `path` seen from the folder `from`, both inside the tree; `None`
/// if it leads out of the tree.
pub fn resolve(from: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let mut found: Vec<&[u8]> = Vec::new();
    let parts = from.split(|byte| *byte == b'/').chain(path.split(|byte| *byte == b'/'));
    for part in parts {
        match part {
            b"" | b"." => {}
            b".." => {
                found.pop()?;
            }
            _ => found.push(part),
        }
    }
    Some(found.join(&b'/'))
}

/// Returns the file at a path whose last part may be a link inside the tree; `None` if nothing is there.
pub fn read_resolved(tree: &dyn Accessor, path: &[u8]) -> Result<Option<Vec<u8>>, TreeError> {
    let mut path = path.to_vec();
    for _ in 0..40 {
        match tree.lstat(&path)? {
            None => return Ok(None),
            Some(NodeKind::Symlink) => {
                let target = tree.read_link(&path)?;
                let folder = path
                    .iter()
                    .rposition(|byte| *byte == b'/')
                    .map_or(&[][..], |at| &path[..at]);
                match resolve(folder, &target) {
                    Some(next) if !target.starts_with(b"/") => path = next,
                    _ => return Err(TreeError::Absent(path)),
                }
            }
            Some(_) => return tree.read_file(&path).map(Some),
        }
    }
    Err(TreeError::ThroughLink(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let to = |from: &str, path: &str| resolve(from.as_bytes(), path.as_bytes());
        assert_eq!(to("a/b", "../c").as_deref(), Some(&b"a/c"[..]));
        assert_eq!(to("a", "./b//c/").as_deref(), Some(&b"a/b/c"[..]));
        assert_eq!(to("a", "..").as_deref(), Some(&b""[..]));
        assert_eq!(to("a", "../.."), None);
        assert!(parts(b"a/../b").is_err());
        assert!(parts(b"/a").is_err());
        assert_eq!(parts(b"").unwrap().len(), 0);
    }
}
