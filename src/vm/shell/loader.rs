//! What a machine's boot loader would start, asked of its shell while it runs.

use super::{Shell, quoted};
use crate::guest::GuestError;
use crate::link::Wait;
use agent::loader::{self, Disk};
use std::cell::RefCell;

/// Most bytes of a boot loader's file.
const FILE: u64 = 1 << 20;

/// The files of a machine that runs. What cannot be had is not there for a boot loader either, but the first error is kept:
/// a shell that does not answer is no machine without files.
struct Files<'f, 'w> {
    asked: RefCell<Asked<'f, 'w>>,
}

struct Asked<'f, 'w> {
    shell: &'f mut Shell,
    wait: &'f mut Wait<'w>,
    error: Option<GuestError>,
}

impl Files<'_, '_> {
    fn ask(&self, script: &str) -> Option<String> {
        let asked = &mut *self.asked.borrow_mut();
        match asked.shell.question(script, FILE, asked.wait) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(GuestError::Refused { .. }) => None,
            Err(error) => {
                asked.error.get_or_insert(error);
                None
            }
        }
    }
}

impl Disk for Files<'_, '_> {
    fn read(&self, path: &str) -> Option<String> {
        let path = quoted(path);
        self.ask(&format!("[ -f {path} ] && head -c {FILE} -- {path}"))
    }

    fn list(&self, path: &str) -> Vec<String> {
        let names = self.ask(&format!("cd -- {} && ls -1A", quoted(path)));
        names.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn link(&self, path: &str) -> Option<String> {
        let target = self.ask(&format!("readlink -- {}", quoted(path)))?;
        Some(target.trim_end_matches('\n').to_owned())
    }
}

impl Shell {
    /// Returns what the boot loader on the disks would start now without being asked: the value of `init=`, and the file that
    /// says so.
    pub fn boot_default(&mut self, wait: &mut Wait<'_>) -> Result<(String, String), GuestError> {
        let files = Files {
            asked: RefCell::new(Asked {
                shell: self,
                wait,
                error: None,
            }),
        };
        let found = loader::default(&files);
        match (files.asked.into_inner().error, found) {
            (Some(error), _) => Err(error),
            (None, Ok(found)) => Ok((found.init, diag::clean_line(&found.from).into_owned())),
            (None, Err(why)) => Err(super::refused(&why)),
        }
    }
}
