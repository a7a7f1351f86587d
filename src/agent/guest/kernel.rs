//! The kernel's file systems as the server holds them: by descriptors that stay good when everything is unmounted or moved.

use super::{Fault, while_doing};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, openat, openat2, statat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

/// Most bytes of a file of the kernel that is read whole.
const MOST: u64 = 1 << 20;
/// How often a path is looked up again when something on the way is moved meanwhile.
const TRIES: usize = 16;

/// The mounted file systems of the kernel, and which root the init had at first.
pub struct Kernel {
    pub proc: OwnedFd,
    pub sys: OwnedFd,
    pub dev: OwnedFd,
    first: (u64, u64),
}

impl Kernel {
    /// Opens `/proc`, `/sys` and `/dev` while they are mounted.
    pub fn open() -> Result<Kernel, Fault> {
        let folder = |path: &str| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            openat(CWD, path, flags, Mode::empty()).map_err(while_doing(format!("open {path}")))
        };
        let proc = folder("/proc")?;
        let first = place(&proc)?;
        Ok(Kernel {
            proc,
            sys: folder("/sys")?,
            dev: folder("/dev")?,
            first,
        })
    }

    /// Whether the init has another root than at first: the system's.
    pub fn has_switched(&self) -> bool {
        place(&self.proc).is_ok_and(|place| place != self.first)
    }

    /// Returns the root that the init has now.
    pub fn root(&self) -> Result<OwnedFd, Fault> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(&self.proc, "1/root", flags, Mode::empty()).map_err(while_doing("open the system's root"))
    }

    /// Returns a text of the kernel, such as `sys/kernel/random/boot_id` of `/proc`.
    pub fn text(folder: &OwnedFd, path: &str) -> Option<String> {
        let file = openat(folder, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let mut text = String::new();
        File::from(file).take(MOST).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// Writes a word into a file of `/proc`.
    pub fn set(&self, path: &str, word: &str) -> Result<(), Fault> {
        let file = openat(&self.proc, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
        let file = file.map_err(while_doing(format!("open /proc/{path}")))?;
        File::from(file)
            .write_all(word.as_bytes())
            .map_err(while_doing(format!("write /proc/{path}")))
    }

    /// Opens a device.
    pub fn device(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Fault> {
        if name.is_empty() || name.contains('/') || name == ".." {
            return Err(format!("'{name}' is no device"));
        }
        openat(&self.dev, name, flags | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())
            .map_err(while_doing(format!("open /dev/{name}")))
    }
}

/// Returns what the init's root is, as device and inode.
fn place(proc: &OwnedFd) -> Result<(u64, u64), Fault> {
    let root = statat(proc, "1/root", AtFlags::empty()).map_err(while_doing("look at the system's root"))?;
    Ok((root.st_dev, root.st_ino))
}

/// Opens an absolute path in a root, whatever links are on the way: they are links in that root.
pub fn open_in(root: impl AsFd, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let path = path.trim_start_matches('/');
    let path = if path.is_empty() { "." } else { path };
    for _ in 0..TRIES {
        match openat2(&root, path, flags | OFlags::CLOEXEC, mode, ResolveFlags::IN_ROOT) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            told => return told,
        }
    }
    Err(Errno::AGAIN)
}
