//! The policy that counts on a host: the file that local root has put there, or that came with what was deployed last.
//!
//! It lies beside the state of deployments, and not in the system that runs: which policy counts changes only when a
//! deployment that the one before it has approved comes to its end.

use std::path::{Path, PathBuf};

use diag::{SourceMap, Style};
use sys::{FileKind, Fs, FsError, Mode};

use super::Policy;
use crate::state;

/// The file's name, in the folder of all that is kept.
const NAME: &str = "policy.yaml";
/// The permissions that let others than the owner change a file.
const OTHERS: u32 = 0o022;

/// Why no policy counts on a host. Every deployment is refused then.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// There is none.
    #[error("no policy is enrolled on this host: '{0}' is not there")]
    Missing(String),
    /// What is in its place is no file: not even a link to one.
    #[error("'{0}' is no file")]
    NoFile(String),
    /// Others than root may change it.
    #[error("'{path}' may be changed by others (mode {mode:04o}), and what it demands is worth nothing")]
    Open {
        /// The file or folder.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// It is no policy: what is wrong with it, drawn with its place.
    #[error("{0}")]
    Mistake(String),
}

/// Returns where the policy lies on the machine whose root is the folder `root`: `/` for this machine.
pub fn file(root: &Path) -> PathBuf {
    folder(root).join(NAME)
}

fn folder(root: &Path) -> PathBuf {
    root.join(state::FOLDER.trim_start_matches('/'))
}

/// Returns the policy that counts on the machine whose root is the folder `root`.
pub fn enrolled(fs: &dyn Fs, root: &Path) -> Result<Policy, EnrolError> {
    let path = file(root);
    // Who may change the folder may put another file in its place.
    for place in [&folder(root), &path] {
        let shown = || place.display().to_string();
        let Some(stat) = fs.lstat(place)? else {
            return Err(EnrolError::Missing(path.display().to_string()));
        };
        let is_file = place == &path;
        if is_file && stat.kind != FileKind::Regular {
            return Err(EnrolError::NoFile(shown()));
        }
        if stat.mode & OTHERS != 0 {
            let mode = stat.mode & 0o777;
            return Err(EnrolError::Open { path: shown(), mode });
        }
    }
    read(&path, &fs.read(&path)?)
}

/// Makes a policy the one that counts on the machine whose root is the folder `root`, and returns it. Bytes that are no
/// policy change nothing, and a loss of power leaves the old one or the new one.
pub fn enroll(fs: &dyn Fs, root: &Path, bytes: &[u8]) -> Result<Policy, EnrolError> {
    let path = file(root);
    let policy = read(&path, bytes)?;
    fs.create_dir_all(&folder(root))?;
    fs.write_atomic(&path, bytes, Mode::Private)?;
    fs.sync(&folder(root))?;
    Ok(policy)
}

fn read(path: &Path, bytes: &[u8]) -> Result<Policy, EnrolError> {
    let mut sources = SourceMap::new();
    Policy::read(&mut sources, path.as_os_str().as_encoded_bytes(), bytes).map_err(|diagnostic| {
        let drawn = diag::render(&diagnostic, &sources, b"", Style::default());
        EnrolError::Mistake(drawn.trim_end().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::MemoryFs;

    const POLICY: &str = "repository: github:acme/fleet\nbranch: main\nrequire: { pull-request: {} }\n";

    fn told(fs: &dyn Fs) -> String {
        enrolled(fs, Path::new("/m"))
            .expect_err("it does not count")
            .to_string()
    }

    #[test]
    fn a_policy_counts_once_it_is_enrolled() {
        let fs = MemoryFs::new().directory("/m");
        assert_eq!(
            told(&fs),
            "no policy is enrolled on this host: '/m/var/lib/cfgcheck/policy.yaml' is not there"
        );
        let policy = enroll(&fs, Path::new("/m"), POLICY.as_bytes()).expect("it is a policy");
        assert_eq!(enrolled(&fs, Path::new("/m")).expect("it counts"), policy);
        // What is none does not take its place.
        let error = enroll(&fs, Path::new("/m"), b"repository: x\n")
            .expect_err("it is none")
            .to_string();
        assert!(error.contains("policy.yaml:1:13"), "{error}");
        assert_eq!(enrolled(&fs, Path::new("/m")).expect("it counts"), policy);
    }

    #[test]
    fn what_others_may_change_does_not_count() {
        let path = "/m/var/lib/cfgcheck/policy.yaml";
        let other = MemoryFs::new().file("/m/elsewhere", POLICY).link(path, "/m/elsewhere");
        assert_eq!(told(&other), format!("'{path}' is no file"));
        let broken = MemoryFs::new().file(path, "require: {}\n");
        assert!(told(&broken).contains("missing key `repository`"), "{}", told(&broken));
        assert!(told(&MemoryFs::new().denied(path)).starts_with("cannot "));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "only a disk has files that others may change")]
    fn the_permissions_of_file_and_folder_count() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().expect("a folder can be made");
        let fs = sys::DiskFs;
        enroll(&fs, root.path(), POLICY.as_bytes()).expect("it is a policy");
        let change = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode can be changed");
        };
        let told = || enrolled(&fs, root.path()).expect_err("it does not count").to_string();
        change(&folder(root.path()), 0o755);
        assert!(enrolled(&fs, root.path()).is_ok());
        change(&file(root.path()), 0o620);
        assert!(
            told().contains("policy.yaml' may be changed by others (mode 0620)"),
            "{}",
            told()
        );
        change(&file(root.path()), 0o600);
        change(&folder(root.path()), 0o777);
        assert!(
            told().contains("cfgcheck' may be changed by others (mode 0777)"),
            "{}",
            told()
        );
    }
}
