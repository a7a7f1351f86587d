//! The files of a generation, and what lies in the user's home in their places.

use super::super::{Home, Host, HostError};
use activation::home::named;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use sys::FileKind;

/// What the trees of files are called that home-manager builds.
const TREE: &str = "-home-manager-files";

/// The files of a generation, by their places below the home.
pub struct Files {
    /// The tree that has them.
    tree: PathBuf,
    places: BTreeSet<PathBuf>,
}

/// What lies in the place of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum There {
    Nothing,
    /// A link into a tree of home-manager's.
    Link,
    /// A file that has the same bytes, which home-manager leaves alone.
    Same,
    /// Something of the user's.
    Other,
}

impl Files {
    /// Returns the files of a generation.
    pub fn of(host: &Host<'_>, generation: &str) -> Result<Files, HostError> {
        let tree = host.fs.canonicalize(&Path::new(generation).join("home-files"))?;
        let mut files = Files {
            tree,
            places: BTreeSet::new(),
        };
        files.add(host, Path::new(""))?;
        Ok(files)
    }

    fn add(&mut self, host: &Host<'_>, below: &Path) -> Result<(), HostError> {
        for entry in host.fs.read_dir(&self.tree.join(below))? {
            let place = below.join(&entry.name);
            match entry.kind {
                FileKind::Directory => self.add(host, &place)?,
                _ => drop(self.places.insert(place)),
            }
        }
        Ok(())
    }

    /// Returns what the user has in the places of these files, which would be replaced and could not be brought back.
    pub fn in_the_way(&self, host: &Host<'_>, home: &Home) -> Result<Vec<PathBuf>, HostError> {
        let mut others = Vec::new();
        for place in &self.places {
            if self.there(host, home, place)? == There::Other {
                others.push(home.folder.join(place));
            }
        }
        Ok(others)
    }

    fn there(&self, host: &Host<'_>, home: &Home, place: &Path) -> Result<There, HostError> {
        let path = home.folder.join(place);
        let Some(stat) = host.fs.lstat(&path)? else {
            return Ok(There::Nothing);
        };
        match stat.kind {
            FileKind::Symlink => {
                let target = host.fs.read_link(&path)?;
                Ok(if is_of_home_manager(&target) {
                    There::Link
                } else {
                    There::Other
                })
            }
            FileKind::Regular => {
                let wanted = self.tree.join(place);
                let wanted_stat = host.fs.stat(&wanted)?;
                let may_be =
                    wanted_stat.is_some_and(|wanted| wanted.kind == FileKind::Regular && wanted.len == stat.len);
                let is_same = may_be && host.fs.read(&wanted)? == host.fs.read(&path)?;
                Ok(if is_same { There::Same } else { There::Other })
            }
            FileKind::Directory | FileKind::Other => Ok(There::Other),
        }
    }

    /// Returns the places in which the home is not what these files make of it.
    pub fn missing(&self, host: &Host<'_>, home: &Home) -> Result<Vec<PathBuf>, HostError> {
        let mut missing = Vec::new();
        for place in &self.places {
            let path = home.folder.join(place);
            let is_here = match self.there(host, home, place)? {
                There::Link => host.fs.read_link(&path)? == self.tree.join(place),
                There::Same => true,
                There::Nothing | There::Other => false,
            };
            if !is_here {
                missing.push(path);
            }
        }
        Ok(missing)
    }

    /// Returns the links to these files that are left in places where `kept` has none.
    pub fn left(&self, host: &Host<'_>, home: &Home, kept: Option<&Files>) -> Result<Vec<PathBuf>, HostError> {
        let mut left = Vec::new();
        for place in &self.places {
            let path = home.folder.join(place);
            let is_kept = kept.is_some_and(|kept| kept.places.contains(place));
            if !is_kept && self.is_link_to(host, &path, place)? {
                left.push(path);
            }
        }
        Ok(left)
    }

    fn is_link_to(&self, host: &Host<'_>, path: &Path, place: &Path) -> Result<bool, HostError> {
        let stat = host.fs.lstat(path)?;
        let is_link = stat.is_some_and(|stat| stat.kind == FileKind::Symlink);
        Ok(is_link && host.fs.read_link(path)? == self.tree.join(place))
    }

    /// Takes away all links to these files, and folders that are empty without them, as home-manager does with those of a
    /// generation before.
    pub fn unlink(&self, host: &Host<'_>, home: &Home) -> Result<(), HostError> {
        for path in self.left(host, home, None)? {
            host.fs.remove_file(&path)?;
        }
        // Of all files, as those of an interrupted way back are gone already.
        for place in &self.places {
            for folder in place.ancestors().skip(1).filter(|folder| *folder != Path::new("")) {
                let folder = home.folder.join(folder);
                let is_folder = host
                    .fs
                    .lstat(&folder)?
                    .is_some_and(|stat| stat.kind == FileKind::Directory);
                if is_folder && host.fs.read_dir(&folder)?.is_empty() {
                    host.fs.remove_dir_all(&folder)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the units of the user's service manager among these files, with what they say.
    pub fn units(&self, host: &Host<'_>) -> Result<BTreeMap<String, Vec<u8>>, HostError> {
        let mut units = BTreeMap::new();
        for place in &self.places {
            let is_unit = place.parent().is_some_and(|folder| folder.ends_with("systemd/user"));
            let Some(name) = place.file_name().filter(|_| is_unit) else {
                continue;
            };
            let name = name.to_string_lossy().into_owned();
            match host.fs.read(&self.tree.join(place)) {
                Ok(text) => drop(units.insert(name, text)),
                // What leads nowhere in this store is there for the service manager alone, such as a mask.
                Err(error) if error.is_absent() => drop(units.insert(name, Vec::new())),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(units)
    }
}

/// Returns paths for people; of many only some.
pub fn shown(paths: &[PathBuf]) -> String {
    let clean = |path: &PathBuf| diag::clean_line(&path.to_string_lossy()).into_owned();
    named(&paths.iter().map(clean).collect::<Vec<_>>())
}

/// Whether a link leads into a tree of home-manager's, as its own scripts tell that.
fn is_of_home_manager(target: &Path) -> bool {
    let Ok(below) = target.strip_prefix(store::STORE_DIR) else {
        return false;
    };
    let mut parts = below.components();
    let tree = parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    tree.is_some_and(|tree| tree.ends_with(TREE)) && parts.next().is_some()
}
