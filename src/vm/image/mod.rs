//! The disks of machines, made without root and without mounting anything.
//!
//! A disk is planned first ([`RootDisk::plan`]): a list of folders, links, texts and store paths, which says all that
//! will be on it. Making it is a tree of hard links that `mke2fs` reads, and a pass of ours over its inodes that gives
//! everything to root.

mod inodes;
mod make;
mod overlay;
mod plan;

pub use inodes::InodeError;
pub use make::{ImageError, Tools};
pub use overlay::overlay;
pub use plan::{Entry, Extra, Plan, RootDisk};

#[cfg(test)]
mod tests;
