//! A folder of the disk as a tree.

use super::{Accessor, Listing, NodeKind, TreeError, parts};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sys::{FileKind, Fs, Stat};

/// A folder, or a file, of the disk as a tree.
///
/// Every folder above a path is looked at, so that no link in the middle is followed.
pub struct FolderTree {
    fs: Arc<dyn Fs>,
    root: PathBuf,
}

impl FolderTree {
    /// Returns the tree below an absolute path.
    pub fn new(fs: Arc<dyn Fs>, root: PathBuf) -> FolderTree {
        FolderTree { fs, root }
    }

    /// Returns the path of the root on the disk.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn on_disk(&self, path: &[u8]) -> PathBuf {
        if path.is_empty() {
            self.root.clone()
        } else {
            self.root.join(OsStr::from_bytes(path))
        }
    }

    /// Returns the path on the disk, having checked that everything above it is a folder; `None`
    /// if something above is not there.
    fn checked(&self, path: &[u8]) -> Result<Option<PathBuf>, TreeError> {
        let parts = parts(path)?;
        let mut at = self.root.clone();
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                match self.fs.lstat(&at)?.map(|stat| stat.kind) {
                    Some(FileKind::Directory) => {}
                    Some(FileKind::Symlink) => return Err(TreeError::ThroughLink(path.to_vec())),
                    _ => return Ok(None),
                }
            }
            at.push(OsStr::from_bytes(part));
        }
        Ok(Some(at))
    }

    fn required(&self, path: &[u8]) -> Result<(PathBuf, Stat), TreeError> {
        let absent = || TreeError::Absent(path.to_vec());
        let on_disk = self.checked(path)?.ok_or_else(absent)?;
        let stat = self.fs.lstat(&on_disk)?.ok_or_else(absent)?;
        Ok((on_disk, stat))
    }

    /// Returns the latest time of change of everything in the tree, in seconds since 1970: what Nix
    /// takes for `lastModified` of a `path:` input.
    pub fn latest_change(&self) -> Result<u64, TreeError> {
        let mut latest = 0;
        let mut todo = vec![Vec::new()];
        while let Some(path) = todo.pop() {
            let on_disk = self.on_disk(&path);
            let Some(stat) = self.fs.lstat(&on_disk)? else { continue };
            latest = latest.max(stat.modified_ns.div_euclid(1_000_000_000));
            if stat.kind == FileKind::Directory {
                for entry in self.fs.read_dir(&on_disk)? {
                    todo.push(super::join(&path, entry.name.as_bytes()));
                }
            }
        }
        Ok(u64::try_from(latest).unwrap_or(0))
    }
}

pub(super) fn kind_of(stat: &Stat) -> NodeKind {
    match stat.kind {
        FileKind::Regular => NodeKind::Regular {
            executable: stat.executable(),
        },
        FileKind::Directory => NodeKind::Directory,
        FileKind::Symlink => NodeKind::Symlink,
        FileKind::Other => NodeKind::Unknown,
    }
}

impl Accessor for FolderTree {
    fn lstat(&self, path: &[u8]) -> Result<Option<NodeKind>, TreeError> {
        let Some(on_disk) = self.checked(path)? else {
            return Ok(None);
        };
        Ok(self.fs.lstat(&on_disk)?.as_ref().map(kind_of))
    }

    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        let (on_disk, stat) = self.required(path)?;
        if stat.kind != FileKind::Regular {
            return Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a file",
            });
        }
        Ok(self.fs.read(&on_disk)?)
    }

    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError> {
        let (on_disk, stat) = self.required(path)?;
        if stat.kind != FileKind::Directory {
            return Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a directory",
            });
        }
        let mut listing = Listing::new();
        for entry in self.fs.read_dir(&on_disk)? {
            let kind = match entry.kind {
                FileKind::Directory => NodeKind::Directory,
                FileKind::Symlink => NodeKind::Symlink,
                FileKind::Other => NodeKind::Unknown,
                FileKind::Regular => {
                    let stat = self.fs.lstat(&on_disk.join(&entry.name))?;
                    stat.as_ref().map_or(NodeKind::Regular { executable: false }, kind_of)
                }
            };
            listing.insert(entry.name.into_vec(), kind);
        }
        Ok(listing)
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        let (on_disk, stat) = self.required(path)?;
        if stat.kind != FileKind::Symlink {
            return Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a symlink",
            });
        }
        Ok(self.fs.read_link(&on_disk)?.into_os_string().into_vec())
    }

    fn file_size(&self, path: &[u8]) -> Result<Option<u64>, TreeError> {
        let (_, stat) = self.required(path)?;
        Ok((stat.kind == FileKind::Regular).then_some(stat.len))
    }

    fn disk_root(&self) -> Option<&std::path::Path> {
        Some(&self.root)
    }
}
