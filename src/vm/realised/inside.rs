//! Looking things up as a machine would that has the store at `/nix/store`: links lead around inside of it, and nowhere
//! else.

use super::{Realised, RealisedError};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use store::{STORE_DIR, StorePath};
use sys::{FileKind, FsError, FsOp};

/// Most links on the way to one thing, as Linux has it (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// Where something of the store lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The path of the store that it belongs to.
    pub owner: StorePath,
    /// Its path as a machine with the store has it, without links.
    pub inside: String,
    /// Its path on this machine. No part of it is a link.
    pub outside: PathBuf,
    /// What it is: anything but a link.
    pub kind: FileKind,
    /// The length of a file.
    pub len: u64,
}

/// Why something of the store cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// The store lacks a path.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// A link leads out of the store.
    #[error("'{0}' leads out of the store")]
    Outside(String),
    /// Links lead in a circle.
    #[error("'{0}' has too many levels of links")]
    Circle(String),
    /// A file is larger than it may be.
    #[error("'{path}' is larger than {most} bytes")]
    TooLarge {
        /// The file.
        path: String,
        /// The most bytes.
        most: u64,
    },
}

impl From<FsError> for InsideError {
    fn from(error: FsError) -> InsideError {
        InsideError::Realised(error.into())
    }
}

impl Realised {
    /// Returns what a path below `/nix/store` leads to, through all links; `None` if nothing is there.
    pub fn look_up(&self, path: &str) -> Result<Option<Place>, InsideError> {
        let outside_of = |why: &Path| InsideError::Outside(diag::clean_line(&why.to_string_lossy()).into_owned());
        let mut links = 0;
        // The parts that are still to walk, the next one last; and those that were walked, from the root on.
        let mut pending: Vec<OsString> = parts(Path::new(path));
        let mut walked: Vec<OsString> = Vec::new();
        let store: Vec<OsString> = parts(Path::new(STORE_DIR)).into_iter().rev().collect();
        let mut found = None;
        while let Some(part) = pending.pop() {
            if part == ".." {
                walked.pop();
                continue;
            }
            walked.push(part);
            let here: PathBuf = Path::new("/").join(walked.iter().collect::<PathBuf>());
            if walked.len() <= store.len() {
                // The folders above the store have nothing else in them, as far as this machine knows.
                if walked != store[..walked.len()] {
                    return Err(outside_of(&here));
                }
                continue;
            }
            let owner = match StorePath::from_base_name(walked[store.len()].as_bytes()) {
                Ok(owner) => owner,
                Err(_) => return Ok(None),
            };
            if walked.len() == store.len() + 1 && !self.has(&owner)? {
                return Err(RealisedError::Missing(owner).into());
            }
            let below: PathBuf = walked[store.len() + 1..].iter().collect();
            let outside = match below.as_os_str().is_empty() {
                true => self.outside(&owner),
                false => self.outside(&owner).join(below),
            };
            let Some(stat) = self.fs.lstat(&outside)? else {
                return Ok(None);
            };
            found = match stat.kind {
                FileKind::Symlink => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(InsideError::Circle(path.to_owned()));
                    }
                    let target = self.fs.read_link(&outside)?;
                    walked.pop();
                    if target.is_absolute() {
                        walked.clear();
                    }
                    pending.extend(parts(&target));
                    None
                }
                kind if kind != FileKind::Directory && !pending.is_empty() => return Ok(None),
                kind => Some(Place {
                    owner,
                    inside: here.to_string_lossy().into_owned(),
                    outside,
                    kind,
                    len: stat.len,
                }),
            };
        }
        // It ends in a folder that was left by `..`, which no path of a system does; or above the store.
        match found {
            Some(place) if Path::new("/").join(walked.iter().collect::<PathBuf>()) == Path::new(&place.inside) => {
                Ok(Some(place))
            }
            _ => Err(outside_of(Path::new(path))),
        }
    }

    /// Returns the bytes of a file below `/nix/store`, of which there may be no more than `most`; `None` if no file is
    /// there.
    pub fn read(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, InsideError> {
        let Some(place) = self.look_up(path)? else {
            return Ok(None);
        };
        if place.kind != FileKind::Regular {
            return Ok(None);
        }
        if place.len > most {
            return Err(InsideError::TooLarge {
                path: path.to_owned(),
                most,
            });
        }
        let mut bytes = Vec::new();
        let file = self.fs.open(&place.outside)?;
        let read = file.take(most).read_to_end(&mut bytes);
        read.map_err(|error| FsError::new(FsOp::Read, &place.outside, error))?;
        Ok(Some(bytes))
    }
}

/// Returns the parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_os_string()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    parts.collect()
}
