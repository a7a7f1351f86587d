//! Writing archives of what is in the store.

use super::{Realised, RealisedError};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use store::{ContentAddress, Hash, NarContents, NarNode, NarSource, StorePath, hash_source, write_nar};
use sys::{FileKind, Fs, FsError, FsOp};

impl Realised {
    /// Writes the archive of a path.
    pub fn archive(&self, path: &StorePath, out: &mut dyn Write) -> Result<(), RealisedError> {
        if !self.has(path)? {
            return Err(RealisedError::Missing(path.clone()));
        }
        let mut tree = Tree {
            fs: self.fs.as_ref(),
            root: self.outside(path),
        };
        write_nar(&mut tree, out).map_err(|error| RealisedError::Archive {
            what: path.to_path(),
            why: error.to_string(),
        })
    }

    /// Returns the hash that a path's name follows from, of contents that lie somewhere on the disk.
    pub(super) fn hash_of(
        &self,
        place: &Path,
        path: &StorePath,
        address: &ContentAddress,
    ) -> Result<Hash, RealisedError> {
        let mut tree = Tree {
            fs: self.fs.as_ref(),
            root: place.to_path_buf(),
        };
        hash_source(&mut tree, address.method, address.hash.algo()).map_err(|error| RealisedError::Archive {
            what: path.to_path(),
            why: error.to_string(),
        })
    }
}

/// A file or folder of the disk.
struct Tree<'f> {
    fs: &'f dyn Fs,
    root: PathBuf,
}

impl NarSource for Tree<'_> {
    type Error = FsError;

    fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, FsError> {
        let place = match path {
            b"" => self.root.clone(),
            path => self.root.join(Path::new(std::ffi::OsStr::from_bytes(path))),
        };
        let stat = self.fs.lstat(&place)?;
        let stat = stat.ok_or_else(|| FsError::new(FsOp::Read, &place, std::io::ErrorKind::NotFound.into()))?;
        Ok(match stat.kind {
            FileKind::Regular => NarNode::File {
                executable: stat.executable(),
                contents: NarContents::Stream {
                    len: stat.len,
                    reader: self.fs.open(&place)?,
                },
            },
            FileKind::Symlink => NarNode::Symlink(self.fs.read_link(&place)?.into_os_string().into_vec()),
            FileKind::Directory => {
                let entries = self.fs.read_dir(&place)?;
                NarNode::Directory(entries.into_iter().map(|entry| entry.name.into_vec()).collect())
            }
            FileKind::Other => return Err(FsError::new(FsOp::Read, &place, std::io::ErrorKind::Unsupported.into())),
        })
    }
}
