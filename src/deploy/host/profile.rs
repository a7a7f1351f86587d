//! Profiles: numbered links to generations, and one to the number that counts.
//!
//! Links are made as Nix makes them (`src/libstore/profiles.cc`): a link of the next number, then the profile itself in one
//! step. Nothing else of Nix is needed, so that a way back needs no Nix either.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use sys::{Fs, FsError};

/// Where a profile is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The folder of profiles.
    folder: PathBuf,
    /// The name of the profile in it.
    name: String,
}

/// A profile at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    /// What the profile's link holds, such as `system-42-link`.
    pub link: String,
    /// The generation that it leads to.
    pub system: String,
    /// The number of the newest generation, which need not be the one that counts; 0 if it was not looked at.
    #[serde(default)]
    pub newest: u64,
}

/// A profile cannot be read or set.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// A file system's reason.
    #[error(transparent)]
    File(#[from] FsError),
    /// Something else changes it.
    #[error("the profile `{0}` is locked: something else changes it")]
    Locked(String),
    /// The link that is to be restored leads elsewhere by now, or nowhere.
    #[error("`{link}` no longer leads to {system}")]
    Moved {
        /// The link.
        link: String,
        /// What it led to.
        system: String,
    },
}

impl Place {
    /// Returns where the profile of the machine's system is.
    pub fn of_system() -> Place {
        Place::new("/nix/var/nix/profiles", "system")
    }

    /// Returns the place of a profile with this name in a folder.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Place {
        Place {
            folder: folder.into(),
            name: name.into(),
        }
    }

    /// Returns the profile's link.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Returns the profile, or `None` if there is none.
    pub fn read(&self, fs: &dyn Fs) -> Result<Option<Profile>, ProfileError> {
        let path = self.path();
        if fs.lstat(&path)?.is_none() {
            return Ok(None);
        }
        let link = fs.read_link(&path)?.to_string_lossy().into_owned();
        let system = fs.canonicalize(&path)?.to_string_lossy().into_owned();
        let newest = self.newest(fs)?;
        Ok(Some(Profile { link, system, newest }))
    }

    /// Makes a system the newest generation of the profile. Where it is what the profile has already, nothing is changed.
    pub fn set(&self, fs: &dyn Fs, system: &str) -> Result<(), ProfileError> {
        let _lock = self.lock(fs)?;
        if self.read(fs)?.is_some_and(|profile| profile.system == system) {
            return Ok(());
        }
        let link = format!("{}-{}-link", self.name, self.newest(fs)? + 1);
        fs.symlink(Path::new(system), &self.folder.join(&link))?;
        self.point(fs, &link)
    }

    /// Makes the profile what it was, and takes away the generations that were made since: those that lead to one of `made`, or
    /// all if that is not told.
    pub fn restore(&self, fs: &dyn Fs, before: &Profile, made: Option<&[&str]>) -> Result<(), ProfileError> {
        let _lock = self.lock(fs)?;
        if self.leads(fs, &before.link)?.as_deref() != Some(Path::new(&before.system)) {
            return Err(ProfileError::Moved {
                link: before.link.clone(),
                system: before.system.clone(),
            });
        }
        self.point(fs, &before.link)?;
        let kept = self.number(&before.link).unwrap_or(0).max(before.newest);
        for name in self.names(fs)? {
            let is_anew = self.number(&name).is_some_and(|number| number > kept);
            if is_anew && self.is_one_of(fs, &name, made)? {
                fs.remove_file(&self.folder.join(&name))?;
            }
        }
        fs.sync(&self.folder)?;
        Ok(())
    }

    /// Takes away a profile that was not there, with its generations: those that lead to one of `made`, or all.
    pub fn remove(&self, fs: &dyn Fs, made: Option<&[&str]>) -> Result<(), ProfileError> {
        if fs.stat(&self.folder)?.is_none() {
            return Ok(());
        }
        let _lock = self.lock(fs)?;
        // First the profile itself: what is interrupted is begun again where it ended.
        if fs.lstat(&self.path())?.is_some() {
            fs.remove_file(&self.path())?;
        }
        for name in self.names(fs)? {
            if self.number(&name).is_some() && self.is_one_of(fs, &name, made)? {
                fs.remove_file(&self.folder.join(&name))?;
            }
        }
        fs.sync(&self.folder)?;
        Ok(())
    }

    fn is_one_of(&self, fs: &dyn Fs, link: &str, made: Option<&[&str]>) -> Result<bool, ProfileError> {
        let Some(made) = made else { return Ok(true) };
        let leads = self.leads(fs, link)?;
        Ok(leads.is_some_and(|path| made.iter().any(|made| path == Path::new(made))))
    }

    /// Returns where a generation's link leads; `None` if there is no such link, or nothing where it leads.
    fn leads(&self, fs: &dyn Fs, link: &str) -> Result<Option<PathBuf>, ProfileError> {
        let path = self.folder.join(link);
        Ok(match fs.stat(&path)? {
            Some(_) => Some(fs.canonicalize(&path)?),
            None => None,
        })
    }

    fn lock(&self, fs: &dyn Fs) -> Result<Box<dyn Send>, ProfileError> {
        // The file that Nix locks while it changes the profile.
        let file = self.folder.join(format!("{}.lock", self.name));
        fs.lock(&file)?.ok_or_else(|| ProfileError::Locked(self.name.clone()))
    }

    /// Lets the profile lead to one of its links, in one step that lasts.
    fn point(&self, fs: &dyn Fs, link: &str) -> Result<(), ProfileError> {
        let new = self.folder.join(format!(".{}.cfgcheck", self.name));
        if fs.lstat(&new)?.is_some() {
            fs.remove_file(&new)?;
        }
        fs.symlink(Path::new(link), &new)?;
        fs.rename(&new, &self.path())?;
        fs.sync(&self.folder)?;
        Ok(())
    }

    fn names(&self, fs: &dyn Fs) -> Result<Vec<String>, ProfileError> {
        let entries = fs.read_dir(&self.folder)?;
        Ok(entries
            .into_iter()
            .map(|entry| entry.name.to_string_lossy().into_owned())
            .collect())
    }

    /// Returns the number of a generation's link.
    fn number(&self, link: &str) -> Option<u64> {
        let rest = link.strip_prefix(&self.name)?.strip_prefix('-')?;
        rest.strip_suffix("-link")?.parse().ok()
    }

    fn newest(&self, fs: &dyn Fs) -> Result<u64, ProfileError> {
        let names = self.names(fs)?;
        Ok(names.iter().filter_map(|name| self.number(name)).max().unwrap_or(0))
    }
}
