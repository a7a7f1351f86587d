//! A real Nix 2.34 in a root folder of its own, which `tests/oracle.sh` makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The oracle that `CFGCHECK_ORACLE` names, in the form `chroot DIR`.
#[derive(Clone, Debug)]
pub struct Oracle {
    root: PathBuf,
}

/// A temporary folder that both sides see, each under a name of its own.
#[derive(Debug)]
pub struct Shared {
    folder: TempDir,
    inside: String,
}

impl Oracle {
    /// Returns the oracle.
    ///
    /// # Panics
    ///
    /// If the variable is not set or has another form. A test with an oracle never passes without one.
    pub fn named() -> Oracle {
        let command = std::env::var("CFGCHECK_ORACLE").expect("CFGCHECK_ORACLE names a command; see tests/oracle.sh");
        let root = command
            .strip_prefix("chroot ")
            .expect("CFGCHECK_ORACLE is `chroot DIR`");
        Oracle {
            root: PathBuf::from(root.trim()),
        }
    }

    /// Returns the folder that is the oracle's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a new empty folder that the oracle sees, too.
    ///
    /// # Panics
    ///
    /// If the oracle's `/tmp` cannot be written to.
    pub fn share(&self) -> Shared {
        let folder = tempfile::tempdir_in(self.root.join("tmp")).expect("the oracle's /tmp can be written to");
        let name = folder.path().file_name().expect("a folder has a name");
        let inside = format!("/tmp/{}", name.to_str().expect("names of temporary folders are text"));
        Shared { folder, inside }
    }

    /// Returns a command that runs inside, without input and search path; colours are off.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.root)
            .arg(program)
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .env("TMPDIR", "/tmp")
            .env_remove("NIX_PATH")
            .stdin(Stdio::null());
        command
    }

    /// Returns a command of `nix` with flakes, such as `eval`.
    pub fn nix(&self, verb: &str) -> Command {
        let mut command = self.command("nix");
        command.args([verb, "--extra-experimental-features", "nix-command flakes"]);
        command
    }
}

impl Shared {
    /// Returns the folder's path for us.
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the folder's path for the oracle.
    pub fn inside(&self) -> &str {
        &self.inside
    }
}
