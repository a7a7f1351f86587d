//! A folder of the disk as a source of archives: read once, in order, with as few questions to the disk as that takes.

use super::TreeError;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use store::{NarContents, NarNode, NarSource, SplitSource};
use sys::{DirEntry, FileKind, Fs, Stat};

/// A folder, or a file, that is read from its root down. What is asked for next lies in a folder that was given before, so that no
/// folder above it is looked at again.
pub(super) struct FolderSource<'t> {
    fs: &'t dyn Fs,
    root: &'t Path,
    /// The folders that are being read, each inside the one before it, by their paths in the tree.
    open: Vec<(Vec<u8>, Vec<DirEntry>)>,
    /// The latest change of what was read, nanoseconds since 1970.
    latest_ns: i64,
}

impl<'t> FolderSource<'t> {
    /// Returns a source of which nothing is read yet; the root is no link.
    pub fn new(fs: &'t dyn Fs, root: &'t Path) -> FolderSource<'t> {
        FolderSource {
            fs,
            root,
            open: Vec::new(),
            latest_ns: 0,
        }
    }

    /// Returns the latest time of change of what was read so far, in seconds since 1970.
    pub fn latest_change(&self) -> u64 {
        u64::try_from(self.latest_ns.div_euclid(1_000_000_000)).unwrap_or(0)
    }

    fn on_disk(&self, path: &[u8]) -> PathBuf {
        if path.is_empty() {
            return self.root.to_owned();
        }
        self.root.join(OsStr::from_bytes(path))
    }

    /// Returns what the folder around a path says of it.
    fn listed(&mut self, path: &[u8]) -> Option<FileKind> {
        let at = path.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = at.map_or((&[][..], path), |at| (&path[..at], &path[at + 1..]));
        while self.open.last().is_some_and(|(open, _)| open != folder) {
            self.open.pop();
        }
        let (_, entries) = self.open.last()?;
        let found = entries.binary_search_by(|entry| entry.name.as_bytes().cmp(name));
        found.ok().map(|at| entries[at].kind)
    }

    /// Returns what the disk says of a path, and notes when it changed.
    fn stat(&mut self, path: &[u8], on_disk: &Path) -> Result<Stat, TreeError> {
        let stat = self.fs.lstat(on_disk)?;
        let stat = stat.ok_or_else(|| TreeError::Absent(path.to_vec()))?;
        self.latest_ns = self.latest_ns.max(stat.modified_ns);
        Ok(stat)
    }
}

impl NarSource for FolderSource<'_> {
    type Error = TreeError;

    fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, TreeError> {
        let on_disk = self.on_disk(path);
        let kind = match path {
            [] => None,
            _ => self.listed(path),
        };
        // What is a file for its folder is read at once; all else is looked at anyway.
        let kind = match kind {
            Some(FileKind::Regular) => FileKind::Regular,
            _ => self.stat(path, &on_disk)?.kind,
        };
        match kind {
            FileKind::Regular => {
                let (bytes, stat) = self.fs.read_regular(&on_disk)?;
                self.latest_ns = self.latest_ns.max(stat.modified_ns);
                Ok(NarNode::File {
                    executable: stat.executable(),
                    contents: NarContents::Bytes(bytes.into()),
                })
            }
            FileKind::Directory => {
                let entries = self.fs.read_dir(&on_disk)?;
                let names = entries.iter().map(|entry| entry.name.as_bytes().to_vec()).collect();
                self.open.push((path.to_vec(), entries));
                Ok(NarNode::Directory(names))
            }
            FileKind::Symlink => {
                let target = self.fs.read_link(&on_disk)?;
                Ok(NarNode::Symlink(target.into_os_string().into_vec()))
            }
            FileKind::Other => Err(TreeError::UnsupportedType(path.to_vec())),
        }
    }
}

impl SplitSource for FolderSource<'_> {
    fn names(&mut self, path: &[u8]) -> Result<Option<Vec<Vec<u8>>>, TreeError> {
        let on_disk = self.on_disk(path);
        if self.stat(path, &on_disk)?.kind != FileKind::Directory {
            return Ok(None);
        }
        let entries = self.fs.read_dir(&on_disk)?;
        Ok(Some(entries.into_iter().map(|entry| entry.name.into_vec()).collect()))
    }
}
