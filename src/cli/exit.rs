//! Exit codes, as `docs/ARCHITECTURE.md` documents them.

use crate::stream::complain;

/// Nothing was found.
pub const CLEAN: u8 = 0;
/// Findings, failed or errored cases, a broken flake or lock.
pub const FINDINGS: u8 = 1;
/// Wrong usage, or a bad `cfgcheck.yaml`.
pub const USAGE: u8 = 2;
/// A run that cannot start: a missing component, the network, the disk.
pub const CANNOT_START: u8 = 3;
/// A deployment was taken back: what was before runs again.
pub const ROLLED_BACK: u8 = 4;
/// A deployment was taken back, and not whole.
pub const ROLLBACK_FAILED: u8 = 5;
/// A deployment was refused: nothing was changed.
pub const REFUSED: u8 = 6;
/// A deployment comes about with the next boot.
pub const REBOOT_PENDING: u8 = 7;
/// Our bug.
pub const OUR_BUG: u8 = 101;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;

/// Says what is wrong with the command line, and returns the exit code for it.
pub fn wrong_usage(error: &dyn std::fmt::Display) -> u8 {
    complain(&format!("error: {error}"));
    USAGE
}

/// Says why a run cannot start, and returns the exit code for it.
pub fn cannot_start(error: &dyn std::fmt::Display) -> u8 {
    complain(&format!("error: {error}"));
    CANNOT_START
}

/// Says why something is refused, and returns the exit code for it.
pub fn refuse(error: &dyn std::fmt::Display) -> u8 {
    complain(&format!("refused: {error}"));
    REFUSED
}
