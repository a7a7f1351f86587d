//! Disks that begin as another one and keep what is written to them.

use super::{ImageError, Tools};
use std::path::Path;
use sys::Command;

/// Makes a disk in QEMU's own format that begins as a raw one, which is only read.
pub fn overlay(tools: Tools<'_>, base: &Path, place: &Path) -> Result<(), ImageError> {
    let command = Command::new("qemu-img")
        .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
        .arg(base)
        .arg(place);
    tools.run("qemu-img", command)
}
