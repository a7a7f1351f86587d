//! A tree in memory: an unpacked archive, a single file, or a test's.

use super::{Accessor, Listing, NodeKind, TreeError, parts};
use std::collections::BTreeMap;

/// A node of a [`MemoryTree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemoryNode {
    /// A file.
    File {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Whether it can be executed.
        executable: bool,
    },
    /// A symbolic link's target.
    Link(Vec<u8>),
    /// A folder.
    Directory(BTreeMap<Vec<u8>, MemoryNode>),
}

impl MemoryNode {
    /// Returns an empty folder.
    pub fn directory() -> MemoryNode {
        MemoryNode::Directory(BTreeMap::new())
    }

    fn kind(&self) -> NodeKind {
        match self {
            MemoryNode::File { executable, .. } => NodeKind::Regular {
                executable: *executable,
            },
            MemoryNode::Link(_) => NodeKind::Symlink,
            MemoryNode::Directory(_) => NodeKind::Directory,
        }
    }
}

/// A tree in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryTree {
    /// The root: a folder, or the single file of a `file` input.
    pub root: MemoryNode,
}

impl MemoryTree {
    /// Returns an empty folder.
    pub fn new() -> MemoryTree {
        MemoryTree {
            root: MemoryNode::directory(),
        }
    }

    /// Returns a tree that is one file.
    pub fn single(bytes: Vec<u8>) -> MemoryTree {
        MemoryTree {
            root: MemoryNode::File {
                bytes,
                executable: false,
            },
        }
    }

    /// Adds a file, and the folders above it; for tests.
    pub fn with_file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> MemoryTree {
        let node = MemoryNode::File {
            bytes: bytes.into(),
            executable: false,
        };
        self.insert(path.as_bytes(), node).expect("a test's path is one");
        self
    }

    /// Adds a node, and the folders above it; an error if one of them is something else.
    pub fn insert(&mut self, path: &[u8], node: MemoryNode) -> Result<(), TreeError> {
        let parts = parts(path)?;
        let Some((last, above)) = parts.split_last() else {
            self.root = node;
            return Ok(());
        };
        let mut at = &mut self.root;
        for part in above {
            let MemoryNode::Directory(entries) = at else {
                return Err(TreeError::WrongKind {
                    path: path.to_vec(),
                    expected: "a directory",
                });
            };
            at = entries.entry(part.to_vec()).or_insert_with(MemoryNode::directory);
        }
        let MemoryNode::Directory(entries) = at else {
            return Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a directory",
            });
        };
        entries.insert(last.to_vec(), node);
        Ok(())
    }

    /// Returns the node at a path.
    pub fn get(&self, path: &[u8]) -> Result<Option<&MemoryNode>, TreeError> {
        let mut at = &self.root;
        for part in parts(path)? {
            match at {
                MemoryNode::Directory(entries) => match entries.get(part) {
                    Some(next) => at = next,
                    None => return Ok(None),
                },
                MemoryNode::Link(_) => return Err(TreeError::ThroughLink(path.to_vec())),
                MemoryNode::File { .. } => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn required(&self, path: &[u8]) -> Result<&MemoryNode, TreeError> {
        self.get(path)?.ok_or_else(|| TreeError::Absent(path.to_vec()))
    }
}

impl Default for MemoryTree {
    fn default() -> MemoryTree {
        MemoryTree::new()
    }
}

impl Accessor for MemoryTree {
    fn lstat(&self, path: &[u8]) -> Result<Option<NodeKind>, TreeError> {
        Ok(self.get(path)?.map(MemoryNode::kind))
    }

    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        match self.required(path)? {
            MemoryNode::File { bytes, .. } => Ok(bytes.clone()),
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a file",
            }),
        }
    }

    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError> {
        match self.required(path)? {
            MemoryNode::Directory(entries) => {
                Ok(entries.iter().map(|(name, node)| (name.clone(), node.kind())).collect())
            }
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a directory",
            }),
        }
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        match self.required(path)? {
            MemoryNode::Link(target) => Ok(target.clone()),
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a symlink",
            }),
        }
    }
}
