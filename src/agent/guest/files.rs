//! Files of the system, by paths in its root.

use super::kernel::open_in;
use super::{Fault, while_doing};
use agent::PIECE;
use rustix::fs::{FileType, Mode, OFlags, fchmod, fstat, mkdirat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

/// Reads a file and hands its pieces on.
pub fn read(root: &OwnedFd, path: &str, most: u64, mut piece: impl FnMut(Vec<u8>)) -> Result<(), Fault> {
    let doing = || format!("read '{path}'");
    // Of a pipe or a device nobody knows when it ends, and opening one could wait.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = open_in(root, path, flags, Mode::empty()).map_err(while_doing(doing()))?;
    let kind = FileType::from_raw_mode(fstat(&file).map_err(while_doing(doing()))?.st_mode);
    if kind != FileType::RegularFile {
        return Err(format!("cannot {}: it is no ordinary file", doing()));
    }
    let mut file = File::from(file);
    let mut all = 0;
    loop {
        let mut bytes = vec![0; PIECE];
        let count = file.read(&mut bytes).map_err(while_doing(doing()))?;
        if count == 0 {
            return Ok(());
        }
        all += count as u64;
        if all > most {
            return Err(format!("cannot {}: it has more than {most} bytes", doing()));
        }
        bytes.truncate(count);
        piece(bytes);
    }
}

/// Writes a file, or its next part, and makes the folders above it.
pub fn write(root: &OwnedFd, path: &str, executable: bool, more: bool, bytes: &[u8]) -> Result<(), Fault> {
    let doing = || format!("write '{path}'");
    let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
    let flags = OFlags::WRONLY
        | OFlags::NOCTTY
        | if more {
            OFlags::APPEND
        } else {
            OFlags::CREATE | OFlags::TRUNC
        };
    if let Some((folder, _)) = path.trim_end_matches('/').rsplit_once('/')
        && !more
    {
        folders(root, folder).map_err(while_doing(doing()))?;
    }
    let mode_of_new = if more { Mode::empty() } else { mode };
    let file = open_in(root, path, flags, mode_of_new).map_err(while_doing(doing()))?;
    if !more {
        fchmod(&file, mode).map_err(while_doing(doing()))?;
    }
    File::from(file).write_all(bytes).map_err(while_doing(doing()))
}

/// Makes a folder and those above it.
fn folders(root: &OwnedFd, path: &str) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let mut above = open_in(root, "/", flags, Mode::empty())?;
    let mut so_far = String::new();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        so_far = format!("{so_far}/{name}");
        above = match open_in(root, &so_far, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                mkdirat(&above, name, Mode::from_raw_mode(0o755))?;
                open_in(root, &so_far, flags, Mode::empty())?
            }
            told => told?,
        };
    }
    Ok(())
}
