//! How a program that must not outlive this one, and must not do much, is started: through this program itself, called
//! again with a hidden first argument.
//!
//! Three roles. *Keep* starts a program and stays as its parent: it ends the program when its own standard input comes to
//! an end, which the kernel sees to however the one at the other end died. *Enter* is what *keep* starts: it opens the
//! files that the program may use, gives away what it must not have (root, new privileges, memory without end), and becomes
//! the program, which dies with *keep*. *Sweep* waits for the end of a run and then ends what the run left behind and
//! removes its folder.

#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod keep;
mod order;
mod user;

pub use order::{Access, Confined, GUARD, Guard, Handed, Limits};
pub use user::{User, unprivileged};

use order::Role;
use std::ffi::OsString;

/// The exit code of a guard that could not do its work; what it protects did not run.
pub const GUARD_FAILED: u8 = 125;

/// Does what a guard is called for, and returns the exit code, or why it cannot be done.
///
/// The arguments are those after [`GUARD`]. It has to be called while the process has one thread only.
pub fn guard(arguments: &[OsString]) -> Result<u8, String> {
    match order::read(arguments)? {
        Role::Keep(confined) => keep(&confined),
        Role::Enter { parent, confined } => Err(enter(parent, &confined)),
        Role::Sweep { folder, token } => {
            crate::run_folder::await_end_and_sweep(&folder, &token).map_err(|error| error.to_string())?;
            Ok(0)
        }
    }
}

#[cfg(target_os = "linux")]
use {enter::enter, keep::keep};

#[cfg(not(target_os = "linux"))]
fn keep(_: &Confined) -> Result<u8, String> {
    Err("programs are confined on Linux only".into())
}

#[cfg(not(target_os = "linux"))]
fn enter(_: u32, _: &Confined) -> String {
    "programs are confined on Linux only".into()
}

#[cfg(test)]
mod tests;
