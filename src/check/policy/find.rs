//! Finds the policy files of a flake.

use std::path::{Path, PathBuf};

use sys::{Fs, FsError};
use thiserror::Error;

use super::read::File;

/// The folder of policies below the flake's.
pub const FOLDER: &str = "checks";

/// Why policy files cannot be read.
#[derive(Error, Debug)]
pub enum FindError {
    /// The machine says no.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A file is a link to somewhere else: messages quote policies, and what a flake may not read must
    /// not be shown either.
    #[error("'{}' is a link that leads out of the flake; --trust allows it for a flake that you trust", .0.display())]
    LeadsOut(PathBuf),
}

/// Returns the policy files of a flake's folder, by their names: `*.yaml` and `*.yml` in [`FOLDER`];
/// none if there is no such folder. Only those of a trusted flake may lie elsewhere.
pub fn find(fs: &dyn Fs, flake: &Path, trusted: bool) -> Result<Vec<File>, FindError> {
    let folder = flake.join(FOLDER);
    let mut names = match fs.read_dir(&folder) {
        Ok(entries) => entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>(),
        Err(error) if error.is_absent() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    names.sort();
    let mut files = Vec::new();
    for name in names {
        let path = folder.join(name);
        if !path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            continue;
        }
        if !trusted && !fs.canonicalize(&path)?.starts_with(fs.canonicalize(flake)?) {
            return Err(FindError::LeadsOut(path));
        }
        files.push(File {
            bytes: fs.read(&path)?,
            path: path.into_os_string().into_encoded_bytes(),
        });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::{MemoryFs, Mode};

    #[test]
    fn only_yaml_of_the_flake_is_read() {
        let fs = MemoryFs::new();
        assert_eq!(find(&fs, Path::new("/f"), false).unwrap().len(), 0);
        for path in ["/f/checks/b.yaml", "/f/checks/a.yml", "/f/checks/README.md", "/secret"] {
            let path = Path::new(path);
            fs.create_dir_all(path.parent().unwrap()).unwrap();
            fs.write(path, b"x", Mode::default()).unwrap();
        }
        let paths = |trusted| {
            find(&fs, Path::new("/f"), trusted).map(|all| all.into_iter().map(|f| f.path).collect::<Vec<_>>())
        };
        assert_eq!(
            paths(false).unwrap(),
            [b"/f/checks/a.yml".to_vec(), b"/f/checks/b.yaml".to_vec()]
        );
        fs.symlink(Path::new("/secret"), Path::new("/f/checks/c.yaml")).unwrap();
        assert!(matches!(paths(false), Err(FindError::LeadsOut(path)) if path == Path::new("/f/checks/c.yaml")));
        assert_eq!(paths(true).unwrap().len(), 3);
    }
}
