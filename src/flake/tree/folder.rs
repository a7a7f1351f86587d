//! A folder of the disk as a tree.

use super::folder_source::FolderSource;
use super::nar::hash_of;
use super::{Accessor, Listing, NodeKind, TreeError, parts};
use crate::rev::NarHash;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::num::NonZero;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{HashAlgo, hash_nar_beside};
use sys::{FileKind, Fs, Stat};

/// How many read a tree beside each other at most: more than a few only wait for the disk.
const READERS: usize = 4;

/// A folder, or a file, of the disk as a tree.
///
/// Every folder above a path is looked at once, so that no link in the middle is followed.
pub struct FolderTree {
    fs: Arc<dyn Fs>,
    root: PathBuf,
    /// Paths that are folders, as is everything above them.
    folders: Mutex<HashSet<Vec<u8>>>,
}

impl FolderTree {
    /// Returns the tree below an absolute path.
    pub fn new(fs: Arc<dyn Fs>, root: PathBuf) -> FolderTree {
        FolderTree {
            fs,
            root,
            folders: Mutex::default(),
        }
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
        parts(path)?;
        let above = path.iter().rposition(|byte| *byte == b'/').map(|at| &path[..at]);
        let is_known = |above| self.known_folders().contains(above);
        if above.is_some_and(|above| !is_known(above)) && !self.is_below_folders(path)? {
            return Ok(None);
        }
        Ok(Some(self.on_disk(path)))
    }

    /// Whether everything above a path is a folder.
    #[cold]
    fn is_below_folders(&self, path: &[u8]) -> Result<bool, TreeError> {
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for (at, _) in slashes {
            let above = &path[..at];
            if self.known_folders().contains(above) {
                continue;
            }
            match self.fs.lstat(&self.on_disk(above))?.map(|stat| stat.kind) {
                Some(FileKind::Directory) => drop(self.known_folders().insert(above.to_vec())),
                Some(FileKind::Symlink) => return Err(TreeError::ThroughLink(path.to_vec())),
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn known_folders(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        // Whoever panicked has left it whole: each change of it is one call.
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Returns the hash of the NAR of the whole tree, and what [`FolderTree::latest_change`] returns.
    pub fn hashed(&self) -> Result<(NarHash, u64), TreeError> {
        let new = || FolderSource::new(self.fs.as_ref(), &self.root);
        let mut source = new();
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut readers: Vec<FolderSource<'_>> = (0..processors.min(READERS)).map(|_| new()).collect();
        let hash = hash_of(hash_nar_beside(&mut source, &mut readers, HashAlgo::Sha256))?;
        let latest = readers.iter().map(FolderSource::latest_change).max();
        Ok((hash, source.latest_change().max(latest.unwrap_or(0))))
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
        let absent = || TreeError::Absent(path.to_vec());
        let on_disk = self.checked(path)?.ok_or_else(absent)?;
        // Whatever is wrong is asked for afterwards: nearly always there is a file.
        let unread = match self.fs.read_regular(&on_disk) {
            Ok((bytes, _)) => return Ok(bytes),
            Err(unread) => unread,
        };
        let (_, stat) = self.required(path)?;
        if stat.kind != FileKind::Regular {
            return Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a file",
            });
        }
        Err(unread.into())
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

    fn as_folder(&self) -> Option<&FolderTree> {
        Some(self)
    }
}
