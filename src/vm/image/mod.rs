//! The disks of machines, made without root and without mounting anything.
//!
//! A disk is planned first ([`RootDisk::plan`]): a list of folders, links, texts and store paths, which says all that
//! will be on it. Making it is a tree of hard links that `mke2fs` reads, and a pass of ours over its inodes that gives
//! everything to root.

mod disks;
mod fat;
mod gpt;
mod inodes;
mod make;
mod overlay;
mod plan;
mod swap;

pub use disks::make;
pub use inodes::InodeError;
pub use make::{ImageError, Tools};
pub use overlay::overlay;
pub use plan::{Entry, Extra, Plan, RootDisk, Size};

#[cfg(test)]
mod tests;
