//! The store of a run: what was built or brought, unpacked in a folder of this machine.
//!
//! Each store path is a file or folder of its name in `store/`, with a small file in `info/` that is written last: a
//! path is there if its information is. What builders made is hostile: names and sizes are checked while it is
//! unpacked, files are sealed, and links are followed only inside of the store.

pub(crate) mod export;
mod generation;
mod info;
mod inside;
mod pack;
mod unpack;

pub use export::ExportError;
pub use generation::GenerationError;
pub use info::Info;
pub use inside::{InsideError, Place};
pub use unpack::Limits;

use diag::clean_line;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{ContentAddress, Hash, StorePath};
use sys::{Fs, FsError, Mode};

/// A store of things that were built or brought.
#[derive(Clone)]
pub struct Realised {
    fs: Arc<dyn Fs>,
    folder: PathBuf,
}

/// Why a store has not what is asked for, or cannot take what is given.
#[derive(Debug, thiserror::Error)]
pub enum RealisedError {
    /// The disk fails.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A path is not there.
    #[error("{} was neither built nor brought", .0.to_path())]
    Missing(StorePath),
    /// What is known of a path cannot be read: somebody else wrote to the folder.
    #[error("what is known of {} cannot be read: {why}", .path.to_path())]
    Information {
        /// The path.
        path: StorePath,
        /// What is wrong.
        why: String,
    },
    /// An archive breaks the rules, or is larger than it may be.
    #[error("the archive of {what} cannot be unpacked: {why}")]
    Archive {
        /// Whose archive.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// An archive is another one than was promised.
    #[error("the archive of {} has the hash {found} and not {expected}", .path.to_path())]
    Hash {
        /// The path.
        path: StorePath,
        /// The promised hash.
        expected: Box<Hash>,
        /// The hash that it has.
        found: Box<Hash>,
    },
    /// An archive is shorter than was promised.
    #[error("the archive of {} has {found} bytes and not {expected}", .path.to_path())]
    Size {
        /// The path.
        path: StorePath,
        /// The promised size.
        expected: u64,
        /// The size that it has.
        found: u64,
    },
}

impl Realised {
    /// Returns the store in a folder, which is made when something is added.
    pub fn new(fs: Arc<dyn Fs>, folder: impl Into<PathBuf>) -> Realised {
        let folder = folder.into();
        Realised { fs, folder }
    }

    /// Returns the folder that holds all of it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the doors to the files.
    pub fn fs(&self) -> &Arc<dyn Fs> {
        &self.fs
    }

    /// Returns where a path lies on this machine, whether it is there or not.
    pub fn outside(&self, path: &StorePath) -> PathBuf {
        self.folder.join("store").join(path.base_name())
    }

    fn info_file(&self, path: &StorePath) -> PathBuf {
        self.folder.join("info").join(path.base_name())
    }

    /// Whether a path is there, itself: what it refers to may be missing.
    pub fn has(&self, path: &StorePath) -> Result<bool, RealisedError> {
        Ok(self.fs.lstat(&self.info_file(path))?.is_some())
    }

    /// Returns what is known of a path.
    pub fn info(&self, path: &StorePath) -> Result<Info, RealisedError> {
        let bytes = match self.fs.read(&self.info_file(path)) {
            Ok(bytes) => bytes,
            Err(error) if error.is_absent() => return Err(RealisedError::Missing(path.clone())),
            Err(error) => return Err(error.into()),
        };
        Info::parse(&bytes).map_err(|why| RealisedError::Information {
            path: path.clone(),
            why,
        })
    }

    /// Returns paths with all that they refer to, directly or not, and what is known of each.
    pub fn closure<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p StorePath>,
    ) -> Result<BTreeMap<StorePath, Info>, RealisedError> {
        let mut found = BTreeMap::new();
        let mut pending: Vec<StorePath> = paths.into_iter().cloned().collect();
        while let Some(path) = pending.pop() {
            if found.contains_key(&path) {
                continue;
            }
            let info = self.info(&path)?;
            pending.extend(
                info.references
                    .iter()
                    .filter(|other| !found.contains_key(*other))
                    .cloned(),
            );
            found.insert(path, info);
        }
        Ok(found)
    }

    /// Returns those paths that are not there, or whose closure is not.
    pub fn missing<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p StorePath>,
    ) -> Result<BTreeSet<StorePath>, RealisedError> {
        let mut missing = BTreeSet::new();
        for path in paths {
            match self.closure([path]) {
                Ok(_) => {}
                Err(RealisedError::Missing(_)) => drop(missing.insert(path.clone())),
                Err(error) => return Err(error),
            }
        }
        Ok(missing)
    }

    /// Returns what `nix-store --load-db` has to be told so that paths are valid in a store that has their files.
    pub fn registration(infos: &BTreeMap<StorePath, Info>) -> String {
        let mut text = String::new();
        for (path, info) in infos {
            info.register(path, &mut text);
        }
        text
    }

    /// Adds a path from its archive. Nothing is added, and nothing is left behind, unless the archive follows the rules
    /// and has the hash that was promised, if one was.
    pub fn add(
        &self,
        path: &StorePath,
        archive: &mut dyn std::io::Read,
        about: About,
        limits: Limits,
    ) -> Result<(), RealisedError> {
        let incoming = self.incoming()?;
        let unpacked = unpack::unpack(self.fs.as_ref(), &incoming, archive, limits);
        let added = unpacked.map_err(|why| why.of(&path.to_path())).and_then(|unpacked| {
            self.verify(&incoming, path, &about, unpacked)?;
            self.settle(&incoming, path, about.with(unpacked))
        });
        if added.is_err() {
            // The first error is the one to tell; what may be left behind goes with the folder.
            let _ = self.remove_unpacked(&incoming);
        }
        added
    }

    /// Compares what was unpacked with what was promised.
    fn verify(
        &self,
        incoming: &Path,
        path: &StorePath,
        about: &About,
        unpacked: unpack::Unpacked,
    ) -> Result<(), RealisedError> {
        let hash = |expected: Hash, found: Hash| match expected == found {
            true => Ok(()),
            false => Err(RealisedError::Hash {
                path: path.clone(),
                expected: Box::new(expected),
                found: Box::new(found),
            }),
        };
        if let Some(expected) = about.nar_hash {
            hash(expected, unpacked.hash)?;
        }
        if let Some(expected) = about.nar_size
            && expected != unpacked.len
        {
            return Err(RealisedError::Size {
                path: path.clone(),
                expected,
                found: unpacked.len,
            });
        }
        if let Some(address) = &about.address {
            hash(address.hash, self.hash_of(incoming, path, address)?)?;
        }
        Ok(())
    }

    /// Returns a name in the store's folder for something that is being unpacked.
    fn incoming(&self) -> Result<PathBuf, RealisedError> {
        let folder = self.folder.join("incoming");
        self.fs.create_dir_all(&folder)?;
        let token = sys::random_token().map_err(|error| FsError::new(sys::FsOp::Create, &folder, error))?;
        Ok(folder.join(token))
    }

    /// Moves what was unpacked to its place, and then writes what is known of it.
    fn settle(&self, incoming: &Path, path: &StorePath, info: Info) -> Result<(), RealisedError> {
        if self.has(path)? {
            return Ok(self.remove_unpacked(incoming)?);
        }
        let place = self.outside(path);
        self.fs.create_dir_all(&self.folder.join("store"))?;
        self.fs.create_dir_all(&self.folder.join("info"))?;
        // Something that is there without information is what an earlier run left half done.
        self.remove_unpacked(&place)?;
        self.fs.rename(incoming, &place)?;
        // Whole or not at all, but without waiting for the disk: there are thousands, and each can be made again.
        let written = incoming.with_extension("info");
        self.fs.write(&written, info.print().as_bytes(), Mode::Plain)?;
        Ok(self.fs.rename(&written, &self.info_file(path))?)
    }

    fn remove_unpacked(&self, place: &Path) -> Result<(), FsError> {
        match self.fs.lstat(place)? {
            None => Ok(()),
            Some(stat) if stat.kind == sys::FileKind::Directory => self.fs.remove_dir_all(place),
            Some(_) => self.fs.remove_file(place),
        }
    }
}

/// What is said of a path by whoever adds it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// What it refers to.
    pub references: BTreeSet<StorePath>,
    /// The derivation that it was built by.
    pub deriver: Option<StorePath>,
    /// Where it came from, in a few words.
    pub origin: String,
    /// The hash that its archive must have.
    pub nar_hash: Option<Hash>,
    /// The size that its archive must have.
    pub nar_size: Option<u64>,
    /// The hash of contents that its name follows from, which it must have.
    pub address: Option<ContentAddress>,
}

impl About {
    fn with(self, unpacked: unpack::Unpacked) -> Info {
        Info {
            nar_hash: unpacked.hash,
            nar_size: unpacked.len,
            references: self.references,
            deriver: self.deriver,
            origin: clean_line(&self.origin).into_owned(),
            address: self.address.map(|address| address.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
