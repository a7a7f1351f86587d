//! The real Git, with an identity of its own and nobody's settings.

use std::path::Path;
use std::process::Command;

/// Returns Git in a folder, with these arguments, as the same person everywhere.
pub fn git_in(folder: &Path, args: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .current_dir(folder);
    git
}

/// Runs Git in a folder, and returns what it says without the line feed at its end.
///
/// # Panics
///
/// If it fails; the panic shows what it said.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let output = git_in(folder, args).output().expect("git is there");
    crate::said(&output).trim_end().to_owned()
}
