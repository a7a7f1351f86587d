//! The way to a cache: what is reached of it.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use sys::Fs;

/// Opens what lies below a cache. Several threads use one at once.
pub trait Door: Send + Sync {
    /// Returns what lies at a path below the cache; `None` if the cache says that it does not have it. Whoever implements
    /// it follows no path out of the cache and does not wait for ever.
    fn open(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, String>;
}

/// The door to a cache in a folder.
pub struct FolderDoor {
    /// The disk.
    pub fs: Arc<dyn Fs>,
    /// The folder.
    pub folder: PathBuf,
}

impl Door for FolderDoor {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, String> {
        match self.fs.open(&self.folder.join(path)) {
            Ok(stream) => Ok(Some(stream)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Returns the bytes at a path below a cache, of which there may be so many; `None` if the cache does not have it.
pub(super) fn read(door: &dyn Door, path: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
    let Some(stream) = door.open(path)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    stream
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    match bytes.len() as u64 > most {
        false => Ok(Some(bytes)),
        true => Err(format!("'{path}' is longer than {most} bytes")),
    }
}
