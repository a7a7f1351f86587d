//! Writing archives of what is in the store.

use super::{Realised, RealisedError};
use std::io::Write;
use std::path::Path;
use store::{ContentAddress, DiskTree, Hash, StorePath, hash_source, write_nar};

impl Realised {
    /// Writes the archive of a path.
    pub fn archive(&self, path: &StorePath, out: &mut dyn Write) -> Result<(), RealisedError> {
        if !self.has(path)? {
            return Err(RealisedError::Missing(path.clone()));
        }
        let mut tree = DiskTree::new(self.fs.as_ref(), self.outside(path));
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
        let mut tree = DiskTree::new(self.fs.as_ref(), place);
        hash_source(&mut tree, address.method, address.hash.algo()).map_err(|error| RealisedError::Archive {
            what: path.to_path(),
            why: error.to_string(),
        })
    }
}
