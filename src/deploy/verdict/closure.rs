//! A closure on the disk, compared with the one that a verdict is of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use store::{DiskTree, Hash, HashAlgo, HashFormat, SourceError, StorePath, hash_nar};
use sys::{Fs, FsError};

/// Why a path of the store cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    /// It is not there.
    #[error("{path} is not in the store at '{store}'")]
    Missing {
        /// The path.
        path: StorePath,
        /// The folder in which it was looked for.
        store: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] FsError),
    /// It makes no archive.
    #[error("{path} makes no archive: {why}")]
    Archive {
        /// The path.
        path: StorePath,
        /// Why not.
        why: String,
    },
    /// Whoever asked for it no longer wants it.
    #[error("interrupted")]
    Interrupted,
}

/// Where a closure is not the attested one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// A path has other contents.
    Differs {
        /// The path.
        path: StorePath,
        /// The hash that the verdict has.
        attested: Hash,
        /// The hash of what is there.
        found: Hash,
    },
    /// A path of the verdict is not there.
    Missing(StorePath),
    /// A path is there that the verdict does not have.
    TooMany(StorePath),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Differs { path, attested, found } => {
                let [attested, found] = [attested, found].map(|hash| hash.to_text(HashFormat::Sri, true));
                write!(f, "{path} has the hash {found}, and the verdict is of {attested}")
            }
            Difference::Missing(path) => write!(f, "{path} is missing"),
            Difference::TooMany(path) => write!(f, "{path} is not in the verdict"),
        }
    }
}

/// Returns where a closure differs from the attested one, in the order of paths.
pub fn differences(attested: &BTreeMap<StorePath, Hash>, found: &BTreeMap<StorePath, Hash>) -> Vec<Difference> {
    let paths: BTreeSet<&StorePath> = attested.keys().chain(found.keys()).collect();
    let difference = |path: &StorePath| match (attested.get(path), found.get(path)) {
        (Some(&attested), Some(&found)) if attested != found => Some(Difference::Differs {
            path: path.clone(),
            attested,
            found,
        }),
        (Some(_), Some(_)) => None,
        (Some(_), None) => Some(Difference::Missing(path.clone())),
        (None, _) => Some(Difference::TooMany(path.clone())),
    };
    paths.into_iter().filter_map(difference).collect()
}

/// Returns the place of a path in the store of the machine whose root is the folder `root`.
pub fn place(root: &Path, path: &StorePath) -> PathBuf {
    root.join(path.to_path().trim_start_matches('/'))
}

/// Returns the SHA-256 of the archives of paths, read from the store of the machine whose root is the folder `root`: `/`
/// for this machine. `goes_on` is asked before each path, with how many are done.
pub fn hash_closure<'p>(
    fs: &dyn Fs,
    root: &Path,
    paths: impl IntoIterator<Item = &'p StorePath>,
    goes_on: &mut dyn FnMut(usize) -> bool,
) -> Result<BTreeMap<StorePath, Hash>, ClosureError> {
    let mut hashes = BTreeMap::new();
    for path in paths {
        if !goes_on(hashes.len()) {
            return Err(ClosureError::Interrupted);
        }
        let place = place(root, path);
        if fs.lstat(&place)?.is_none() {
            return Err(ClosureError::Missing {
                path: path.clone(),
                store: root
                    .join(store::STORE_DIR.trim_start_matches('/'))
                    .display()
                    .to_string(),
            });
        }
        let hash = hash_nar(&mut DiskTree::new(fs, place), HashAlgo::Sha256);
        let (hash, _) = hash.map_err(|error| match error {
            SourceError::Source(error) => ClosureError::Read(error),
            other => ClosureError::Archive {
                path: path.clone(),
                why: other.to_string(),
            },
        })?;
        hashes.insert(path.clone(), hash);
    }
    Ok(hashes)
}
