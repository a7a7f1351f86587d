//! What home-manager has at known places, which a deployment of a home relies on.

mod files;

pub use files::{Files, shown};

use super::{Home, Host, HostError, Place};
use std::path::{Path, PathBuf};
use sys::{FileKind, Fs, FsError};

/// The link to the generation that is the home, in the folder of state.
const CURRENT: &str = "home-manager/gcroots/current-home";
/// What every generation has.
const HAS: [&str; 3] = ["activate", "home-files", "home-path"];
/// The file that tells of which form a generation is; older ones have none.
const FORM: &str = "gen-version";
/// The form that is known.
const KNOWN: &str = "1";

/// Why a store path cannot be deployed as a home.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotGeneration {
    /// It is not in the store of the machine.
    #[error("{0} is not in the store of this machine")]
    Absent(String),
    /// It lacks what every generation of a home has.
    #[error("{generation} is no home of home-manager: it has no `{name}`")]
    Lacks {
        /// The path.
        generation: String,
        /// What it lacks.
        name: &'static str,
    },
    /// It is of a form that came after this program.
    #[error("{generation} is of the form {form}, and this cfgcheck knows form {KNOWN} of homes")]
    Form {
        /// The path.
        generation: String,
        /// What it says of itself.
        form: String,
    },
}

/// Returns why a path cannot be deployed as a home, or `None` if it can.
pub fn is_generation(host: &Host<'_>, generation: &str) -> Result<Option<NotGeneration>, HostError> {
    if !host.has(generation)? {
        return Ok(Some(NotGeneration::Absent(generation.to_owned())));
    }
    for name in HAS {
        if !host.has(format!("{generation}/{name}"))? {
            let generation = generation.to_owned();
            return Ok(Some(NotGeneration::Lacks { generation, name }));
        }
    }
    let file = format!("{generation}/{FORM}");
    if host.has(&file)? {
        let form = host.text(&file)?;
        if form != KNOWN {
            let (generation, form) = (generation.to_owned(), diag::clean_line(&form).into_owned());
            return Ok(Some(NotGeneration::Form { generation, form }));
        }
    }
    Ok(None)
}

/// Returns the command line that activates a generation. It leaves the profile to whoever calls it, as `home-manager switch` has
/// it; generations of older forms do not know that and set it themselves.
pub(super) fn activation(generation: &str) -> Vec<String> {
    let program = format!("{generation}/activate");
    [&program, "--driver-version", "1"].map(str::to_owned).to_vec()
}

impl Home {
    /// Returns the generation that is the home; `None` if there is none.
    pub(super) fn current(&self, host: &Host<'_>) -> Result<Option<String>, HostError> {
        // Before 2023 it was with those of the machine.
        let older = format!("/nix/var/nix/gcroots/per-user/{}/current-home", self.user);
        for path in [self.current_link(), older.into()] {
            if host.has(&path)? {
                let path = host.fs.canonicalize(&path)?;
                return Ok(Some(path.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }

    fn current_link(&self) -> PathBuf {
        self.state.join(CURRENT)
    }

    /// Has home-manager take a generation for the one that is the home, so that the next activation goes on from it; with
    /// `None`, has it know of none.
    pub(crate) fn take_for(&self, fs: &dyn Fs, generation: Option<&str>) -> Result<(), FsError> {
        let link = self.current_link();
        let Some(folder) = link.parent() else { return Ok(()) };
        match generation {
            Some(generation) => {
                fs.create_dir_all(folder)?;
                let new = folder.join(".current-home.cfgcheck");
                if fs.lstat(&new)?.is_some() {
                    fs.remove_file(&new)?;
                }
                fs.symlink(Path::new(generation), &new)?;
                fs.rename(&new, &link)?;
                fs.sync(folder)
            }
            None if fs.lstat(&link)?.is_some() => {
                fs.remove_file(&link)?;
                fs.sync(folder)
            }
            None => Ok(()),
        }
    }

    /// Returns where home-manager has its profile, or would make it.
    pub(crate) fn profile(&self, fs: &dyn Fs) -> Result<Place, FsError> {
        let (own, of_machine) = (self.profiles(), self.older_profiles());
        let name = "home-manager";
        let is_there = |folder: &Path| Ok(fs.lstat(&folder.join(name))?.is_some());
        let is_older = !is_there(&own)? && (is_there(&of_machine)? || fs.stat(&own)?.is_none());
        let folder = if is_older && fs.stat(&of_machine)?.is_some() {
            of_machine
        } else {
            own
        };
        Ok(Place::new(folder, name))
    }

    /// Returns where Nix has the profile of the user's programs; `None` if it has none.
    pub(crate) fn programs(&self, fs: &dyn Fs) -> Result<Option<Place>, FsError> {
        for link in [self.folder.join(".nix-profile"), self.state.join("nix/profile")] {
            let is_link = fs.lstat(&link)?.is_some_and(|stat| stat.kind == FileKind::Symlink);
            if !is_link {
                continue;
            }
            let path = fs.read_link(&link)?;
            let path = link.parent().unwrap_or(Path::new("/")).join(path);
            if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                return Ok(Some(Place::new(folder, name.to_string_lossy())));
            }
        }
        Ok(None)
    }

    /// Returns the folder of the user's profiles.
    pub(crate) fn profiles(&self) -> PathBuf {
        self.state.join("nix/profiles")
    }

    /// Returns the folder of the same before Nix 2.14.
    fn older_profiles(&self) -> PathBuf {
        format!("/nix/var/nix/profiles/per-user/{}", self.user).into()
    }
}
