//! Trees on a disk as sources of archives.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use sys::{FileKind, Fs, FsError, FsOp};

use super::{NarContents, NarNode, NarSource};

/// A file, a link or a folder of a disk. Nothing of it is held: each file is read as it is needed, and no link is followed.
pub struct DiskTree<'f> {
    fs: &'f dyn Fs,
    root: PathBuf,
}

impl<'f> DiskTree<'f> {
    /// Returns the tree at a path.
    pub fn new(fs: &'f dyn Fs, root: impl Into<PathBuf>) -> DiskTree<'f> {
        DiskTree { fs, root: root.into() }
    }
}

impl NarSource for DiskTree<'_> {
    type Error = FsError;

    fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, FsError> {
        let place = match path {
            b"" => self.root.clone(),
            path => self.root.join(OsStr::from_bytes(path)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nar::{hash_nar, test_tree};
    use crate::{HashAlgo, HashFormat};
    use sys::MemoryFs;

    #[test]
    fn a_tree_on_a_disk_has_the_hash_of_the_same_tree_in_memory() {
        let fs = MemoryFs::new()
            .file("/t/a.txt", "hello\n")
            .executable("/t/run", "#!/bin/sh\n")
            .link("/t/link", "a.txt")
            .directory("/t/empty")
            .file("/t/dir-y", "x")
            .directory("/t/dir.x")
            .file("/t/dir/eight", "12345678")
            .file("/t/dir/none", "")
            .file("/t/dir/sub/z", "x");
        let (found, len) = hash_nar(&mut DiskTree::new(&fs, "/t"), HashAlgo::Sha256).expect("it is read");
        let (expected, expected_len) = hash_nar(&mut test_tree(), HashAlgo::Sha256).expect("it is in memory");
        assert_eq!((found, len), (expected, expected_len));
        // What Nix says of the same tree.
        assert_eq!(
            found.to_text(HashFormat::Nix32, false),
            "0v8krm5nb65gjc9lfcpv4mjqh54dw6kmsvxyvp1xllnfj4y1ss2c"
        );
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let error = hash_nar(&mut DiskTree::new(&MemoryFs::new(), "/t"), HashAlgo::Sha256).unwrap_err();
        assert!(error.to_string().starts_with("cannot read '/t'"), "{error}");
    }
}
