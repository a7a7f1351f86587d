//! The file system as the other rooms see it: one trait, its plain data and its error.
//!
//! "Nothing is there" is an answer and not an error, because looking up what is absent is normal
//! work for an evaluator (`pathExists`, search paths) and must cost no allocation.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes that [`Fs::read`] takes from one file: 1 GiB, so that `/dev/zero` is an error and not the end of the machine.
pub const READ_LIMIT: u64 = 1 << 30;

/// What a name in a folder stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileKind {
    /// An ordinary file.
    Regular,
    /// A folder.
    Directory,
    /// A symbolic link (only where links are not followed).
    Symlink,
    /// A device, a pipe or a socket.
    Other,
}

/// What the file system says about one path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// The kind of the node.
    pub kind: FileKind,
    /// Permission bits (`0o7777` mask).
    pub mode: u32,
    /// Length in bytes of a regular file; of the target of a link.
    pub len: u64,
    /// Last change of the contents, nanoseconds since 1970-01-01 UTC.
    pub modified_ns: i64,
}

impl Stat {
    /// Whether this is a regular file that its owner may execute: the one mode bit that Nix keeps.
    pub fn executable(&self) -> bool {
        self.kind == FileKind::Regular && self.mode & 0o100 != 0
    }
}

/// One name in a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DirEntry {
    /// The name: bytes, without a slash.
    pub name: OsString,
    /// What it stands for; a link is a link.
    pub kind: FileKind,
}

/// The permissions of a file that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// `0644` before the process's umask.
    #[default]
    Plain,
    /// `0755` before the process's umask.
    Executable,
    /// `0600`: for nobody else's eyes.
    Private,
    /// `0444` whatever the umask, as files of a store are.
    Sealed,
    /// `0555` whatever the umask, as programs of a store are.
    SealedExecutable,
}

impl Mode {
    /// Returns the permission bits before the umask.
    pub fn bits(self) -> u32 {
        match self {
            Mode::Plain => 0o644,
            Mode::Executable => 0o755,
            Mode::Private => 0o600,
            Mode::Sealed => 0o444,
            Mode::SealedExecutable => 0o555,
        }
    }

    /// Whether the umask has no say in it.
    pub fn is_exact(self) -> bool {
        matches!(self, Mode::Sealed | Mode::SealedExecutable)
    }
}

/// An open file: bytes that can be read and written anywhere. Writing beyond the end leaves a hole that takes no room.
pub trait FileBytes: io::Read + io::Write + io::Seek + Send {}

impl<T: io::Read + io::Write + io::Seek + Send> FileBytes for T {}

/// The verb of a failed operation, as messages say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FsOp {
    /// Reading a file's bytes.
    Read,
    /// Asking for a path's kind.
    Stat,
    /// Listing a folder.
    List,
    /// Reading a symbolic link's target.
    ReadLink,
    /// Resolving all links of a path.
    Canonicalize,
    /// Writing a file.
    Write,
    /// Making a folder or a link.
    Create,
    /// Moving a file.
    Rename,
    /// Deleting a file or a folder.
    Remove,
}

impl fmt::Display for FsOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FsOp::Read => "read",
            FsOp::Stat => "look at",
            FsOp::List => "list",
            FsOp::ReadLink => "read the link",
            FsOp::Canonicalize => "resolve",
            FsOp::Write => "write",
            FsOp::Create => "create",
            FsOp::Rename => "rename",
            FsOp::Remove => "remove",
        })
    }
}

/// A file operation that failed: what was tried, on which path, and the system's reason.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} '{}': {source}", shown(.path))]
pub struct FsError {
    /// What was tried.
    pub op: FsOp,
    /// The path as it was given.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl FsError {
    /// Returns the error of an operation on a path.
    pub fn new(op: FsOp, path: &Path, source: io::Error) -> FsError {
        FsError {
            op,
            path: path.to_path_buf(),
            source,
        }
    }

    /// Whether the machine is to blame and not what stands at the path: it could not be written, or
    /// the disk is full, read-only or broken.
    pub fn is_of_the_machine(&self) -> bool {
        let writing = matches!(self.op, FsOp::Write | FsOp::Create | FsOp::Rename | FsOp::Remove);
        let broken = matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::OutOfMemory
        );
        // Input or output error, 5 on every Unix that Rust knows, has no kind of its own.
        writing || broken || self.source.raw_os_error() == Some(5)
    }

    /// Whether the reason is that nothing is at the path.
    pub fn is_absent(&self) -> bool {
        absent(&self.source)
    }
}

/// Whether a system error means "nothing is there": no such name, or a file where a folder would have to be.
pub(crate) fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns why something that is no regular file is not read as one.
pub(crate) fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

/// Returns a path as text that a terminal can take: no control characters, invalid UTF-8 replaced.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// A tree of files.
///
/// Paths are absolute unless an implementation says otherwise, and are bytes. All reading methods
/// may be called from several threads at once.
pub trait Fs: Send + Sync {
    /// Returns a file's bytes, following links; fails on folders and above [`READ_LIMIT`].
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError>;

    /// Returns as many bytes of a file as its size says, following links; fails on folders, pipes and above [`READ_LIMIT`]. Files
    /// without a size, such as those below `/proc` and devices, are empty by it.
    fn read_sized(&self, path: &Path) -> Result<Arc<[u8]>, FsError> {
        self.read(path).map(Arc::from)
    }

    /// Returns the bytes of a regular file with what the file system says of it, following no link in the last part of the
    /// path; fails on anything else and above [`READ_LIMIT`].
    fn read_regular(&self, path: &Path) -> Result<(Vec<u8>, Stat), FsError> {
        match self.lstat(path)? {
            Some(stat) if stat.kind == FileKind::Regular => Ok((self.read(path)?, stat)),
            Some(_) => Err(FsError::new(FsOp::Read, path, irregular())),
            None => Err(FsError::new(FsOp::Read, path, io::ErrorKind::NotFound.into())),
        }
    }

    /// Returns what a path is, without following a link in its last part; `None` if nothing is there.
    fn lstat(&self, path: &Path) -> Result<Option<Stat>, FsError>;

    /// Returns what a path leads to, following links; `None` if nothing is there.
    fn stat(&self, path: &Path) -> Result<Option<Stat>, FsError>;

    /// Returns a folder's names, sorted by their bytes, without `.` and `..`.
    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, FsError>;

    /// Returns a symbolic link's target exactly as it is stored.
    fn read_link(&self, path: &Path) -> Result<PathBuf, FsError>;

    /// Returns the absolute path without links, `.` or `..` that a path leads to.
    fn canonicalize(&self, path: &Path) -> Result<PathBuf, FsError>;

    /// Opens a file for reading in pieces, following links; for files too big to hold.
    fn open(&self, path: &Path) -> Result<Box<dyn io::Read + Send>, FsError> {
        Ok(Box::new(io::Cursor::new(self.read(path)?)))
    }

    /// Writes a file in place, creating it or replacing its bytes.
    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError>;

    /// Makes a file that is not there yet, and returns it to be written in pieces. Only a disk can.
    fn create(&self, path: &Path, _mode: Mode) -> Result<Box<dyn FileBytes>, FsError> {
        Err(FsError::new(FsOp::Create, path, io::ErrorKind::Unsupported.into()))
    }

    /// Opens a file that is there, to read and write any of its bytes. Only a disk can.
    fn edit(&self, path: &Path) -> Result<Box<dyn FileBytes>, FsError> {
        Err(FsError::new(FsOp::Write, path, io::ErrorKind::Unsupported.into()))
    }

    /// Gives a file a second name on the same file system. Only a disk can.
    fn hard_link(&self, _from: &Path, to: &Path) -> Result<(), FsError> {
        Err(FsError::new(FsOp::Create, to, io::ErrorKind::Unsupported.into()))
    }

    /// Writes a file so that a reader sees the old bytes or the new ones and never a part.
    fn write_atomic(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError>;

    /// Makes a folder and those above it that are missing.
    fn create_dir_all(&self, path: &Path) -> Result<(), FsError>;

    /// Makes a symbolic link at `path` that holds `target`.
    fn symlink(&self, target: &Path, path: &Path) -> Result<(), FsError>;

    /// Copies the bytes of a file to another one, creating it or replacing its bytes; for files too big to hold.
    fn copy(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        self.write(to, &self.read(from)?, Mode::Plain)
    }

    /// Moves a file or a folder inside one file system, replacing what is at `to`.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FsError>;

    /// Deletes a file or a link.
    fn remove_file(&self, path: &Path) -> Result<(), FsError>;

    /// Deletes a folder with all it holds, without following links; fine if nothing is there.
    fn remove_dir_all(&self, path: &Path) -> Result<(), FsError>;

    /// Makes durable what a folder lists, so that a file that was written or renamed in it is there after a power loss.
    fn sync(&self, _folder: &Path) -> Result<(), FsError> {
        Ok(())
    }

    /// Returns an exclusive lock on a file, which is made if it is not there, until what is returned is dropped or the process
    /// ends (flock(2)); `None` if somebody else holds it. Only a disk can.
    fn lock(&self, path: &Path) -> Result<Option<Box<dyn Send>>, FsError> {
        Err(FsError::new(FsOp::Write, path, io::ErrorKind::Unsupported.into()))
    }

    /// Returns the bytes that a user who is not root can still write to the disk that a path lies on.
    fn room(&self, path: &Path) -> Result<u64, FsError> {
        Err(FsError::new(FsOp::Stat, path, io::ErrorKind::Unsupported.into()))
    }

    /// Returns the bytes of the disk that a path takes with all that is below it, without following links: holes take none,
    /// and a file with several names counts once. What is not there, or goes while it is counted, takes none either.
    fn taken(&self, path: &Path) -> Result<u64, FsError> {
        Err(FsError::new(FsOp::Stat, path, io::ErrorKind::Unsupported.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_operation_path_and_reason_and_holds_no_control_characters() {
        let error = FsError::new(
            FsOp::List,
            Path::new("/a\u{1b}[2J"),
            io::Error::from(io::ErrorKind::NotFound),
        );
        assert_eq!(error.to_string(), "cannot list '/a\\u{1b}[2J': entity not found");
        assert!(error.is_absent());
    }
}
