//! The program against a corpus of real code, when the environment names one:
//!
//! - `CFGCHECK_CORPUS` is a folder with `nix-lang` (Nix's own language tests) and the trees that the
//!   recorded expressions and the module system's tests need (`nixpkgs-2611`, `corepkgs`, `nixcon`,
//!   `home-manager`);
//! - `CFGCHECK_EXPECTED` is a folder with those expressions, and in `expected/` what Nix 2.34.8
//!   printed for them.
//!
//! Nothing of either is part of this repository. Where a variable is not set, there is nothing to
//! compare with, and the tests say so. The program runs as `nix-instantiate`; to measure it rather
//! than to wait for it, add `--cargo-profile bench-dev`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "a corpus lies on the disk, and the program is run as others run it"
)]

#[path = "../merge/answers.rs"]
mod answers;
mod diff;
mod edits;
mod fleet;
mod lang;
mod library;
mod module_system;
mod recorded;
mod shared;

use std::path::{Path, PathBuf};

/// Returns the folder that a variable names; says so if it names none.
fn named(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("{variable} is not set: nothing to compare with");
    }
    folder
}

/// Returns the path at which the program speaks the command line of `nix-instantiate`.
fn nix_instantiate(folder: &Path) -> PathBuf {
    let link = folder.join("nix-instantiate");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cfgcheck"), &link).expect("a link can be made");
    link
}
