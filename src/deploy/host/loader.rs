//! What the machine's boot loader would start without being asked.

use agent::loader::{self, Disk};
use std::path::Path;
use sys::{FileKind, Fs};

/// The machine's own files, as they are mounted.
struct Mounted<'f>(&'f dyn Fs);

impl Disk for Mounted<'_> {
    fn read(&self, path: &str) -> Option<String> {
        let bytes = self.0.read(Path::new(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let entries = self.0.read_dir(Path::new(path)).unwrap_or_default();
        entries
            .into_iter()
            .map(|entry| entry.name.to_string_lossy().into_owned())
            .collect()
    }

    fn link(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        let stat = self.0.lstat(path).ok()??;
        if stat.kind != FileKind::Symlink {
            return None;
        }
        Some(self.0.read_link(path).ok()?.to_string_lossy().into_owned())
    }
}

/// Returns the system that the machine would boot, or why its boot loader's files do not say.
pub(super) fn default(fs: &dyn Fs) -> Result<String, String> {
    let default = loader::default(&Mounted(fs))?;
    // A specialisation has an init of its own: what is named is the folder that holds it.
    let system = default.init.strip_suffix("/init").unwrap_or(&default.init);
    Ok(system.to_owned())
}
