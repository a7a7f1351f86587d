//! Where the contents of an archive come from.
//!
//! Trees are read from a disk, a git repository or memory, and filtered by functions of the user: the writer knows none
//! of these, only this trait.

use std::borrow::Cow;
use std::io::{self, Read};

use thiserror::Error;

use crate::content_address::ContentAddressMethod;
use crate::git_tree::{self, hash_git};
use crate::hash::{Hash, HashAlgo};
use crate::hasher::Hasher;
use crate::nar::{MAX_DEPTH, hash_nar};

/// A tree of files to be written or hashed.
///
/// Paths are those below the tree's root, without a slash in front; the root's is empty.
pub trait NarSource {
    /// What goes wrong when the tree is read.
    type Error;

    /// Returns what is at `path`.
    fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, Self::Error>;

    /// Returns whether the entry at `path` belongs to the tree. Asked once for each entry, right before the entry is
    /// read and after all entries before it, and never for the root; this is when Nix calls a path filter.
    fn includes(&mut self, path: &[u8]) -> Result<bool, Self::Error> {
        let _ = path;
        Ok(true)
    }
}

/// One file, folder or link of a tree.
pub enum NarNode<'a> {
    /// A regular file.
    File {
        /// Whether its owner may execute it.
        executable: bool,
        /// Its bytes.
        contents: NarContents<'a>,
    },
    /// A folder, with the names of its entries in any order.
    Directory(Vec<Vec<u8>>),
    /// A symbolic link, with its target.
    Symlink(Vec<u8>),
}

/// The bytes of a file.
pub enum NarContents<'a> {
    /// All of them at once.
    Bytes(Cow<'a, [u8]>),
    /// As many as `len`, to be read as they are needed.
    Stream {
        /// The number of bytes.
        len: u64,
        /// Where they come from.
        reader: Box<dyn Read + 'a>,
    },
}

/// Why a tree cannot be written or hashed.
#[derive(Debug, Error)]
pub enum SourceError<E> {
    /// The tree cannot be read.
    #[error(transparent)]
    Source(E),
    /// The contents of a file cannot be read, or the archive cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Too many folders are inside each other.
    #[error("path '{0}' exceeds maximum NAR directory depth of {MAX_DEPTH}")]
    TooDeep(String),
    /// Too many folders are inside each other for a git hash. Nix has no limit but its stack.
    #[error("path '{0}' has more than {max} folders above it", max = git_tree::MAX_DEPTH)]
    GitTooDeep(String),
    /// An entry of a folder has a name that no archive may have.
    #[error("the name of the entry '{0}' is empty, '.' or '..', or has a slash or a zero byte")]
    BadName(String),
    /// A file, a folder or a link was to be hashed as the bytes of one file.
    #[error("only a regular file can be hashed by its contents alone")]
    NotAFile,
    /// Git trees are hashed with SHA-1 or SHA-256.
    #[error("Unsupported hash algorithm for git trees: {0}")]
    GitAlgorithm(HashAlgo),
}

impl NarContents<'_> {
    /// Returns the number of bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stream { len, .. } => *len,
        }
    }

    /// Returns whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands all bytes to `sink`, piece by piece. A stream that ends early is an error, and one that goes on is cut.
    pub(crate) fn copy_to(self, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => out.write_all(&bytes),
            Self::Stream { len, reader } => {
                if io::copy(&mut reader.take(len), out)? < len {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end-of-file"));
                }
                Ok(())
            }
        }
    }
}

/// Returns the hash of the tree by `method`, which is the hash of its content address.
pub fn hash_source<E>(
    source: &mut dyn NarSource<Error = E>,
    method: ContentAddressMethod,
    algo: HashAlgo,
) -> Result<Hash, SourceError<E>> {
    match method {
        ContentAddressMethod::Flat | ContentAddressMethod::Text => hash_flat(source, algo),
        ContentAddressMethod::Nar => hash_nar(source, algo).map(|(hash, _)| hash),
        ContentAddressMethod::Git => hash_git(source, algo),
    }
}

/// Returns the hash of the bytes of a tree that is one file.
pub fn hash_flat<E>(source: &mut dyn NarSource<Error = E>, algo: HashAlgo) -> Result<Hash, SourceError<E>> {
    match source.node(b"").map_err(SourceError::Source)? {
        NarNode::File { contents, .. } => {
            let mut hasher = Hasher::new(algo);
            contents.copy_to(&mut hasher)?;
            Ok(hasher.finish())
        }
        NarNode::Directory(_) | NarNode::Symlink(_) => Err(SourceError::NotAFile),
    }
}

/// Returns the path of an entry in the folder at `path`, after checking its name.
pub(crate) fn entry_path<E>(path: &[u8], name: &[u8]) -> Result<Vec<u8>, SourceError<E>> {
    if !super::is_entry_name(name) {
        return Err(SourceError::BadName(crate::hash::lossy(name)));
    }
    if path.is_empty() {
        return Ok(name.to_vec());
    }
    Ok([path, b"/", name].concat())
}
