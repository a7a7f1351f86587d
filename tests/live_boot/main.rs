//! Hosts of the fleet in QEMU: they boot, switch to another generation, and back.
//!
//! The systems are those of `tests/boot`, built by the oracle's Nix out of Debian packages, which are
//! fetched first. Needs what `tests/oracle.sh` makes, the network, root, and the programs `qemu-system-*`,
//! `mke2fs`, `e2fsck`, `debugfs` and `setpriv`; for the board also `qemu-aarch64-static` known to the kernel.
//! Nothing is asserted about how long things take; all waiting ends at a deadline.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests run programs, wait for them, and tell what machines say"
)]

mod board;
mod bootloader;
mod builder;
mod deploy;
mod fleet;
mod home;
mod host;
mod image;
mod link;
mod machine;
mod pull;
mod push;
mod reboot;
mod server;
mod shell;
mod stage_1;
