//! Unpacking an archive into a new file or folder.

use super::RealisedError;
use diag::clean_line;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use store::{Hash, HashAlgo, Hasher, NarEvent, NarReadError, read_nar};
use sys::{FileBytes, Fs, FsError, Mode};

/// How much one archive may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Most bytes of it.
    pub bytes: u64,
    /// Most files, folders and links in it.
    pub nodes: u64,
}

impl Default for Limits {
    /// Returns 64 GiB and four million nodes: more than any package of nixpkgs has.
    fn default() -> Limits {
        Limits {
            bytes: 64 << 30,
            nodes: 4 << 20,
        }
    }
}

/// What was unpacked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unpacked {
    /// The hash of the archive.
    pub hash: Hash,
    /// Its length.
    pub len: u64,
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    /// The disk fails.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The archive breaks the rules, ends early, or is too large.
    #[error("{0}")]
    Archive(String),
}

impl UnpackError {
    /// Returns the error as one of the store, about something.
    pub fn of(self, what: &str) -> RealisedError {
        match self {
            UnpackError::Fs(error) => error.into(),
            UnpackError::Archive(why) => RealisedError::Archive {
                what: what.to_owned(),
                why: clean_line(&why).into_owned(),
            },
        }
    }
}

/// Unpacks an archive at a place where nothing is. What is left after an error is for the caller to remove.
pub(super) fn unpack(
    fs: &dyn Fs,
    place: &Path,
    archive: &mut dyn Read,
    limits: Limits,
) -> Result<Unpacked, UnpackError> {
    let mut counted = Counted {
        inner: archive,
        hasher: Hasher::new(HashAlgo::Sha256),
        left: limits.bytes,
    };
    let mut nodes = 0;
    let mut file: Option<(PathBuf, Box<dyn FileBytes>)> = None;
    let at = |path: &[u8]| match path {
        b"" => place.to_path_buf(),
        path => place.join(std::ffi::OsStr::from_bytes(path)),
    };
    let read = read_nar(&mut counted, &mut |event| -> Result<(), UnpackError> {
        if !matches!(
            event,
            NarEvent::EndDirectory | NarEvent::Contents(_) | NarEvent::EndFile
        ) {
            nodes += 1;
            if nodes > limits.nodes {
                return Err(UnpackError::Archive(format!("it has more than {} files", limits.nodes)));
            }
        }
        match event {
            NarEvent::Directory { path } => fs.create_dir_all(&at(path))?,
            NarEvent::Symlink { path, target } => {
                fs.symlink(Path::new(std::ffi::OsStr::from_bytes(target)), &at(path))?;
            }
            NarEvent::File { path, executable, .. } => {
                let mode = if executable {
                    Mode::SealedExecutable
                } else {
                    Mode::Sealed
                };
                file = Some((at(path), fs.create(&at(path), mode)?));
            }
            NarEvent::Contents(bytes) => {
                if let Some((path, file)) = &mut file {
                    file.write_all(bytes)
                        .map_err(|error| FsError::new(sys::FsOp::Write, path, error))?;
                }
            }
            NarEvent::EndFile => file = None,
            NarEvent::EndDirectory => {}
        }
        Ok(())
    });
    match read {
        Ok(()) => Ok(Unpacked {
            len: counted.hasher.byte_count(),
            hash: counted.hasher.finish(),
        }),
        Err(NarReadError::Sink(error)) => Err(error),
        Err(error) => Err(UnpackError::Archive(error.to_string())),
    }
}

/// A reader that hashes what passes, up to a limit.
struct Counted<'r> {
    inner: &'r mut dyn Read,
    hasher: Hasher,
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("it is larger than it may be"))?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
