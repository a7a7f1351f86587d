//! The program under test, run as a user runs it, in a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The program with a home that is empty at first and goes with it.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    home: TempDir,
}

impl Program {
    /// Returns the program at a path: `env!("CARGO_BIN_EXE_cfgcheck")`.
    pub fn at(path: impl Into<PathBuf>) -> Program {
        Program {
            path: path.into(),
            home: tempfile::tempdir().expect("a home can be made"),
        }
    }

    /// Returns the program's folder, for a search path.
    pub fn folder(&self) -> &Path {
        self.path.parent().expect("a program lies in a folder")
    }

    /// Runs the program in a folder.
    pub fn run(&self, folder: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(&self.path);
        self.at_home(command.args(args))
            .current_dir(folder)
            .output()
            .expect("the program runs")
    }

    /// Gives another command the program's home and no input.
    pub fn at_home<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("HOME", self.home.path())
            .env("NO_COLOR", "1")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null())
    }
}

/// Returns what a program printed.
///
/// # Panics
///
/// If it did not end with 0; the panic shows all that it said.
pub fn said(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
