//! The policy that counts on a host: the file that local root has put there, or that came with what was deployed last.
//!
//! It lies beside the state of deployments, and not in the system that runs: which policy counts changes only when a
//! deployment that the one before it has approved comes to its end.

use std::path::{Path, PathBuf};

use diag::{SourceMap, Style};
use sys::{FileKind, FsError, Mode};

use super::Policy;
use crate::host::Host;

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
    /// Others than its owner may change it.
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

/// Returns where the policy lies.
pub fn file(host: &Host<'_>) -> PathBuf {
    host.kept().join(NAME)
}

/// Returns the policy that counts.
pub fn enrolled(host: &Host<'_>) -> Result<Policy, EnrolError> {
    let (fs, path) = (host.fs, file(host));
    // Who may change the folder may put another file in its place.
    for place in [&host.kept(), &path] {
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

/// Makes a policy the one that counts, and returns it. Bytes that are no policy change nothing, and a loss of power leaves
/// the old one or the new one.
pub fn enroll(host: &Host<'_>, bytes: &[u8]) -> Result<Policy, EnrolError> {
    let (fs, path, folder) = (host.fs, file(host), host.kept());
    let policy = read(&path, bytes)?;
    fs.create_dir_all(&folder)?;
    fs.write_atomic(&path, bytes, Mode::Private)?;
    fs.sync(&folder)?;
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
    use crate::host::{Home, Realm};
    use std::time::Duration;
    use sys::{Fs, ManualClock, MemoryFs, ScriptedExec};

    const POLICY: &str = "repository: github:acme/fleet\nbranch: main\nrequire: { pull-request: {} }\n";

    /// Does some work on a host with these files: its system, or a home.
    fn on<T>(fs: &dyn Fs, realm: Realm<'_>, work: impl FnOnce(&Host<'_>) -> T) -> T {
        work(&Host {
            fs,
            exec: &ScriptedExec::new(),
            clock: &ManualClock::at(Duration::ZERO),
            program: Path::new("/cfgcheck"),
            realm,
        })
    }

    fn told(fs: &dyn Fs) -> String {
        on(fs, Realm::System, enrolled)
            .expect_err("it does not count")
            .to_string()
    }

    #[test]
    fn a_policy_counts_once_it_is_enrolled() {
        let fs = MemoryFs::new();
        assert_eq!(
            told(&fs),
            "no policy is enrolled on this host: '/var/lib/cfgcheck/policy.yaml' is not there"
        );
        let enrolls = |bytes: &[u8]| on(&fs, Realm::System, |host| enroll(host, bytes));
        let counts = || on(&fs, Realm::System, enrolled).expect("it counts");
        let policy = enrolls(POLICY.as_bytes()).expect("it is a policy");
        assert_eq!(counts(), policy);
        // What is none does not take its place.
        let error = enrolls(b"repository: x\n").expect_err("it is none").to_string();
        assert!(error.contains("policy.yaml:1:13"), "{error}");
        assert_eq!(counts(), policy);
    }

    #[test]
    fn what_others_may_change_does_not_count() {
        let path = "/var/lib/cfgcheck/policy.yaml";
        let other = MemoryFs::new().file("/elsewhere", POLICY).link(path, "/elsewhere");
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
        // The policy of a home, as that of the machine is where no test writes.
        let home = Home {
            user: "alice".into(),
            folder: root.path().into(),
            state: root.path().join("state"),
            run: root.path().join("run"),
        };
        let realm = Realm::Home(&home);
        on(&sys::DiskFs, realm, |host| enroll(host, POLICY.as_bytes())).expect("it is a policy");
        let change = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode can be changed");
        };
        let told = || {
            let error = on(&sys::DiskFs, realm, enrolled).expect_err("it does not count");
            error.to_string()
        };
        let folder = root.path().join("state/cfgcheck");
        let file = folder.join("policy.yaml");
        change(&folder, 0o755);
        assert!(on(&sys::DiskFs, realm, enrolled).is_ok());
        change(&file, 0o620);
        assert!(
            told().contains("policy.yaml' may be changed by others (mode 0620)"),
            "{}",
            told()
        );
        change(&file, 0o600);
        change(&folder, 0o777);
        assert!(
            told().contains("cfgcheck' may be changed by others (mode 0777)"),
            "{}",
            told()
        );
    }
}
