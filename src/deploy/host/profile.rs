//! The profile of the system: numbered links to systems, and one to the number that counts.
//!
//! Links are made as Nix makes them (`src/libstore/profiles.cc`): a link of the next number, then the profile itself in one
//! step. Nothing else of Nix is needed, so that a way back needs no Nix either.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use sys::{Fs, FsError};

/// The folder of profiles.
const FOLDER: &str = "/nix/var/nix/profiles";
/// The name of the system's profile.
const NAME: &str = "system";
/// The file that Nix locks while it changes the profile.
const LOCK: &str = "/nix/var/nix/profiles/system.lock";

/// The profile at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    /// What the profile's link holds, such as `system-42-link`.
    pub link: String,
    /// The system that it leads to.
    pub system: String,
}

/// The profile cannot be read or set.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// A file system's reason.
    #[error(transparent)]
    File(#[from] FsError),
    /// Something else changes it.
    #[error("the profile of the system is locked: something else changes it")]
    Locked,
    /// The link that is to be restored leads to another system by now, or nowhere.
    #[error("`{link}` no longer leads to {system}")]
    Moved {
        /// The link.
        link: String,
        /// The system that it led to.
        system: String,
    },
}

impl Profile {
    /// Returns the profile of a machine, or `None` if it has none.
    pub fn read(fs: &dyn Fs) -> Result<Option<Profile>, ProfileError> {
        let path = at(NAME);
        if fs.lstat(&path)?.is_none() {
            return Ok(None);
        }
        let link = fs.read_link(&path)?.to_string_lossy().into_owned();
        let system = fs.canonicalize(&path)?.to_string_lossy().into_owned();
        Ok(Some(Profile { link, system }))
    }

    /// Makes a system the newest generation of the profile, and returns that. Where it is what the profile has already, nothing
    /// is changed.
    pub fn set(fs: &dyn Fs, system: &str) -> Result<Profile, ProfileError> {
        let _lock = lock(fs)?;
        if let Some(profile) = Profile::read(fs)?
            && profile.system == system
        {
            return Ok(profile);
        }
        let link = format!("{NAME}-{}-link", newest(fs)? + 1);
        fs.symlink(Path::new(system), &at(&link))?;
        point(fs, &link)?;
        let system = system.to_owned();
        Ok(Profile { link, system })
    }

    /// Makes the profile what it was, and takes away the generations after it that lead to `gone`.
    pub fn restore(&self, fs: &dyn Fs, gone: &str) -> Result<(), ProfileError> {
        let _lock = lock(fs)?;
        let leads = |link: &str| -> Result<Option<PathBuf>, ProfileError> {
            let path = Path::new(FOLDER).join(link);
            Ok(if fs.lstat(&path)?.is_some() {
                Some(fs.canonicalize(&path)?)
            } else {
                None
            })
        };
        if leads(&self.link)?.as_deref() != Some(Path::new(&self.system)) {
            return Err(ProfileError::Moved {
                link: self.link.clone(),
                system: self.system.clone(),
            });
        }
        point(fs, &self.link)?;
        let kept = number(&self.link).unwrap_or(0);
        for name in names(fs)? {
            if number(&name).is_some_and(|number| number > kept) && leads(&name)?.as_deref() == Some(Path::new(gone)) {
                fs.remove_file(&at(&name))?;
            }
        }
        fs.sync(Path::new(FOLDER))?;
        Ok(())
    }
}

fn at(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

fn lock(fs: &dyn Fs) -> Result<Box<dyn Send>, ProfileError> {
    fs.lock(Path::new(LOCK))?.ok_or(ProfileError::Locked)
}

/// Lets the profile lead to one of its links, in one step that lasts.
fn point(fs: &dyn Fs, link: &str) -> Result<(), ProfileError> {
    let new = at(".system.cfgcheck");
    if fs.lstat(&new)?.is_some() {
        fs.remove_file(&new)?;
    }
    fs.symlink(Path::new(link), &new)?;
    fs.rename(&new, &at(NAME))?;
    fs.sync(Path::new(FOLDER))?;
    Ok(())
}

fn names(fs: &dyn Fs) -> Result<Vec<String>, ProfileError> {
    let entries = fs.read_dir(Path::new(FOLDER))?;
    Ok(entries
        .into_iter()
        .map(|entry| entry.name.to_string_lossy().into_owned())
        .collect())
}

/// Returns the number of a generation's link.
fn number(link: &str) -> Option<u64> {
    link.strip_prefix("system-")?.strip_suffix("-link")?.parse().ok()
}

fn newest(fs: &dyn Fs) -> Result<u64, ProfileError> {
    Ok(names(fs)?.iter().filter_map(|name| number(name)).max().unwrap_or(0))
}
