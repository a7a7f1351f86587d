//! Whether something can be kept for later runs, and how much there is.

use super::capability::{Capability, Kind};
use super::look::{Look, shown};
use super::remedy;
use std::path::{Path, PathBuf};
use sys::{Fs, FsError, Mode};

/// Bytes below which the disk of the cache is told to be small: the closure of a small host and its images.
const SMALL: u64 = 8 << 30;

/// Returns what is told of the cache.
pub fn cache(look: &Look<'_>) -> Capability {
    let mut told = Capability::new(Kind::Cache, "what was fetched, built and found is kept for later runs");
    let fs = look.machine.fs.as_ref();
    let folder = crate::session::cache(look.machine);
    let Some(folder) = folder else {
        told.needs(
            "neither XDG_CACHE_HOME nor HOME is set: there is no folder for it",
            remedy::writable_cache(),
        );
        return told.otherwise("nothing is kept for later runs");
    };
    match try_out(fs, &folder) {
        Ok(()) => {
            told.fact(folder.display().to_string());
            match fs.taken(&folder) {
                Ok(bytes) => told.fact(format!("it takes {}", shown(bytes))),
                Err(error) => told.fact(format!("its size cannot be told: {error}")),
            }
            match fs.room(&folder) {
                Ok(bytes) if bytes < SMALL => told.fact(format!(
                    "its disk has {} left, which may be too little for virtual machines",
                    shown(bytes)
                )),
                Ok(bytes) => told.fact(format!("its disk has {} left", shown(bytes))),
                Err(error) => told.fact(format!("how much its disk has left cannot be told: {error}")),
            }
        }
        Err(error) => told.needs(error.to_string(), remedy::writable_cache()),
    }
    told.otherwise("nothing is kept for later runs")
}

/// Writes a file into a folder, which is made if it is not there, and removes it.
fn try_out(fs: &dyn Fs, folder: &Path) -> Result<(), FsError> {
    fs.create_dir_all(folder)?;
    let file: PathBuf = folder.join("doctor");
    fs.write_atomic(&file, b"", Mode::Plain)?;
    fs.remove_file(&file)
}

/// Returns why the folder of virtual machines cannot be used, if it cannot.
pub fn unusable(look: &Look<'_>) -> Option<String> {
    let folder = crate::build::cache(look.machine);
    try_out(look.machine.fs.as_ref(), &folder)
        .err()
        .map(|error| error.to_string())
}
