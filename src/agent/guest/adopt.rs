//! Store paths that come on a disk of their own, such as those of a generation that a machine did not start with.
//!
//! Nothing of it shows in the system: both file systems are mounted nowhere, and reached by descriptors alone. The store is
//! reached below the read-only mount that NixOS has over it, and the disk's blocks are read anew, as in a machine that is
//! restored from a snapshot another disk may be in its place.

use super::export::names;
use super::kernel::Kernel;
use super::line::timespec;
use super::process::{Running, User};
use super::{Fault, while_doing};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{
    Advice, AtFlags, FileType, Mode, OFlags, Timespec, Timestamps, fadvise, fchmod, futimens, mkdirat, openat,
    readlinkat, renameat, statat, symlinkat, syncfs, unlinkat, utimensat,
};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string,
    fsmount, fsopen, open_tree,
};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// What the disk has beside store paths: what Nix has to know of them, and what `mke2fs` makes.
const REGISTRATION: &str = "registration";
const LOST: &[u8] = b"lost+found";
/// The name of what is not whole yet.
const PARTIAL: &str = ".cfgcheck-partial";
/// Most folders in each other, as each takes two descriptors.
const DEPTH: usize = 200;
/// The time of all that is in a store.
const TIMES: Timestamps = Timestamps {
    last_access: SECOND,
    last_modification: SECOND,
};
const SECOND: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// How often a program's output is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// The exit code of a program that is not there.
const ABSENT: i32 = 127;

/// Copies what is missing in the store from the disk with a serial number; returns how many paths that were.
pub fn adopt(kernel: &Kernel, serial: &str) -> Result<u32, Fault> {
    let disk = disk(kernel, serial)?;
    let store = store(kernel)?;
    let mut count = 0;
    for name in names(&disk).map_err(while_doing("read the disk with store paths"))? {
        if name == LOST || name == REGISTRATION.as_bytes() {
            continue;
        }
        let doing = format!("copy /nix/store/{}", String::from_utf8_lossy(&name));
        match statat(&store, &*name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => continue,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(while_doing(doing)(error)),
        }
        remove(&store, PARTIAL.as_bytes(), DEPTH).map_err(while_doing(&doing))?;
        copy(&disk, &name, &store, PARTIAL.as_bytes(), DEPTH).map_err(while_doing(&doing))?;
        renameat(&store, PARTIAL, &store, &*name).map_err(while_doing(&doing))?;
        count += 1;
    }
    if count > 0 {
        syncfs(&store).map_err(while_doing("write the store"))?;
    }
    // Also where nothing was missing: of what the machine has its Nix knows nothing yet.
    register(kernel, &disk)?;
    Ok(count)
}

/// Mounts the disk, nowhere.
fn disk(kernel: &Kernel, serial: &str) -> Result<OwnedFd, Fault> {
    let doing = || format!("mount the disk {serial}");
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let block = openat(&kernel.sys, "block", flags, Mode::empty()).map_err(while_doing("list disks"))?;
    let names = names(&block).map_err(while_doing("list disks"))?;
    let names = names.into_iter().filter_map(|name| String::from_utf8(name).ok());
    let name = { names }.find(|name| {
        let text = Kernel::text(&block, &format!("{name}/serial"));
        text.is_some_and(|text| text.trim() == serial)
    });
    let name = name.ok_or_else(|| format!("no disk has the serial number {serial}"))?;
    let device = kernel.device(&name, OFlags::RDONLY)?;
    // What was read of it when the machine started. All other caches stay, as what runs is to run as fast as it can.
    fadvise(&device, 0, None, Advice::DontNeed).map_err(while_doing(doing()))?;
    let mount = || {
        let system = fsopen("ext4", FsOpenFlags::FSOPEN_CLOEXEC)?;
        // Relative to `/proc`, which the server is in.
        fsconfig_set_string(&system, "source", format!("self/fd/{}", device.as_raw_fd()))?;
        fsconfig_set_flag(&system, "ro")?;
        fsconfig_create(&system)?;
        let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY | MountAttrFlags::MOUNT_ATTR_NODEV;
        fsmount(&system, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    let mounted = mount().map_err(while_doing(doing()))?;
    openat(&mounted, ".", flags, Mode::empty()).map_err(while_doing(doing()))
}

/// Opens the store as it is below what is mounted over it.
fn store(kernel: &Kernel) -> Result<OwnedFd, Fault> {
    let doing = || "open the store".to_owned();
    let root = kernel.root()?;
    let of = |path: &str| statat(&root, path, AtFlags::empty()).map(|stat| stat.st_dev);
    let (at_root, at_nix, at_store) = (of("."), of("nix"), of("nix/store"));
    // The file system that has the store is the root's, or one that is mounted on the way to it.
    let (from, below) = match (at_root, at_nix, at_store) {
        (Ok(root), _, Ok(store)) if root == store => (".", "nix/store"),
        (_, Ok(nix), Ok(store)) if nix == store => ("nix", "store"),
        (_, _, Ok(_)) => ("nix/store", "."),
        (_, _, Err(error)) => return Err(while_doing(doing())(error)),
    };
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(&root, from, flags).map_err(while_doing(doing()))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(&tree, below, flags, Mode::empty()).map_err(while_doing(doing()))
}

/// Copies a file, a link or a folder with all that is in it, as things are in a store: read-only and of the first second.
fn copy(from: &OwnedFd, name: &[u8], to: &OwnedFd, new: &[u8], depth: usize) -> io::Result<()> {
    let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let inner = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            let mut source = File::from(openat(from, name, inner, Mode::empty())?);
            let create = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mut target = File::from(openat(to, new, create, Mode::from_raw_mode(0o600))?);
            io::copy(&mut source, &mut target)?;
            seal(&target, if stat.st_mode & 0o100 != 0 { 0o555 } else { 0o444 })
        }
        FileType::Symlink => {
            symlinkat(&readlinkat(from, name, Vec::new())?, to, new)?;
            Ok(utimensat(to, new, &TIMES, AtFlags::SYMLINK_NOFOLLOW)?)
        }
        FileType::Directory => {
            let depth = deeper(depth)?;
            let source = openat(from, name, inner | OFlags::DIRECTORY, Mode::empty())?;
            mkdirat(to, new, Mode::from_raw_mode(0o700))?;
            let target = openat(to, new, inner | OFlags::DIRECTORY, Mode::empty())?;
            for name in names(&source)? {
                copy(&source, &name, &target, &name, depth)?;
            }
            seal(&target, 0o555)
        }
        _ => Err(io::Error::other("something in it is no file, link or folder")),
    }
}

fn deeper(depth: usize) -> io::Result<usize> {
    let deeper = depth.checked_sub(1);
    deeper.ok_or_else(|| io::Error::other(format!("more than {DEPTH} folders are in each other")))
}

fn seal(file: &impl std::os::fd::AsFd, mode: u32) -> io::Result<()> {
    fchmod(file, Mode::from_raw_mode(mode))?;
    Ok(futimens(file, &TIMES)?)
}

/// Removes what an adoption that was cut off has left.
fn remove(folder: &OwnedFd, name: &[u8], depth: usize) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error.into()),
    }
    let depth = deeper(depth)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner = openat(folder, name, flags, Mode::empty())?;
    for name in names(&inner)? {
        remove(&inner, &name, depth)?;
    }
    Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}

/// Makes the system's Nix know of the paths, if there is one.
fn register(kernel: &Kernel, disk: &OwnedFd) -> Result<(), Fault> {
    let registration = match openat(disk, REGISTRATION, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        opened => opened.map_err(while_doing("read the registration of store paths"))?,
    };
    let root = User::find(&kernel.root()?, "root")?;
    let argv = ["nix-store", "--load-db"].map(str::to_owned);
    let mut nix = Running::start(kernel, &argv, &[], &root, Some(registration))?;
    let mut said = Vec::new();
    loop {
        // It ends, or its output is full; an interrupted poll is a look like any other.
        let _ = poll(&mut [PollFd::new(&nix.handle, PollFlags::IN)], Some(&timespec(LOOK)));
        said.extend(nix.rest().concat());
        match nix.code() {
            None => {}
            Some(0 | ABSENT) => return Ok(()),
            Some(code) => {
                let said = String::from_utf8_lossy(&said);
                return Err(format!("nix-store --load-db ends with {code}: {}", said.trim()));
            }
        }
    }
}
