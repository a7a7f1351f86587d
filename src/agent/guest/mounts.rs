//! File systems of the plan: where their devices are, and how they are mounted.

use super::{Fault, while_doing};
use agent::Mount;
use rustix::mount::{MountFlags, mount};
use std::ffi::CString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// How often a device is looked for, and how long in between.
const TRIES: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// Mounts a file system below a folder, which is made if it can be.
pub fn mount_below(folder: &str, what: &Mount, read_only: bool) -> Result<(), Fault> {
    let source = device(&what.source)?;
    let target = format!("{folder}{}", what.target.trim_end_matches('/'));
    if !Path::new(&target).is_dir() {
        std::fs::create_dir_all(&target).map_err(while_doing(format!("make {target}")))?;
    }
    let (mut flags, data) = options(&what.options);
    if read_only {
        flags |= MountFlags::RDONLY;
    }
    let data = CString::new(data).map_err(while_doing("read the options of a file system"))?;
    mount(&source, &target, &what.kind, flags, data.as_c_str())
        .map_err(while_doing(format!("mount {source} on {}", what.target)))
}

/// Returns the flags among options, and the others as the file system takes them.
fn options(text: &str) -> (MountFlags, String) {
    let mut flags = MountFlags::empty();
    let mut others = Vec::new();
    for option in text.split(',').filter(|option| !option.is_empty()) {
        match option {
            "rw" | "defaults" | "auto" | "noauto" | "nofail" => {}
            "ro" => flags |= MountFlags::RDONLY,
            "nosuid" => flags |= MountFlags::NOSUID,
            "nodev" => flags |= MountFlags::NODEV,
            "noexec" => flags |= MountFlags::NOEXEC,
            "noatime" => flags |= MountFlags::NOATIME,
            "nodiratime" => flags |= MountFlags::NODIRATIME,
            "relatime" => flags |= MountFlags::RELATIME,
            "strictatime" => flags |= MountFlags::STRICTATIME,
            "sync" => flags |= MountFlags::SYNCHRONOUS,
            "dirsync" => flags |= MountFlags::DIRSYNC,
            // What only fstab's readers know.
            option if option.starts_with("x-") => {}
            option => others.push(option),
        }
    }
    (flags, others.join(","))
}

/// Returns the path of a device, once it is there; names that are no devices, such as `tmpfs`, as they are.
fn device(source: &str) -> Result<String, Fault> {
    let find: Box<dyn Fn() -> Option<String>> = match source.split_once('=') {
        Some((kind @ ("LABEL" | "UUID" | "SERIAL"), value)) => Box::new(move || found(kind, value)),
        _ if source.starts_with("/dev/") => Box::new(move || Path::new(source).exists().then(|| source.to_owned())),
        _ => return Ok(source.to_owned()),
    };
    for _ in 0..TRIES {
        if let Some(path) = find() {
            return Ok(path);
        }
        std::thread::sleep(PAUSE);
    }
    Err(format!("no disk is {source}"))
}

/// Returns the block device with a label, a number or a serial number.
fn found(kind: &str, value: &str) -> Option<String> {
    let devices = std::fs::read_dir("/sys/class/block").ok()?;
    let mut names: Vec<String> = devices
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names.into_iter().find_map(|name| {
        let is = match kind {
            "SERIAL" => std::fs::read_to_string(format!("/sys/class/block/{name}/serial"))
                .is_ok_and(|serial| serial.trim() == value),
            _ => identity(&format!("/dev/{name}")).is_some_and(|(label, uuid)| match kind {
                "LABEL" => label == value,
                _ => uuid.eq_ignore_ascii_case(value),
            }),
        };
        is.then(|| format!("/dev/{name}"))
    })
}

/// Returns label and UUID of the ext4 or FAT file system on a device.
fn identity(device: &str) -> Option<(String, String)> {
    let file = File::open(device).ok()?;
    let bytes = |at: u64, count: usize| {
        let mut bytes = vec![0; count];
        file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    };
    let text = |bytes: Vec<u8>| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned()
    };
    // Linux, fs/ext4/ext4.h, `struct ext4_super_block`, which begins at 1024.
    if bytes(1024 + 0x38, 2)? == [0x53, 0xef] {
        let digits: Vec<String> = bytes(1024 + 0x68, 16)?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let part = |from: usize, to: usize| digits[from..to].concat();
        let uuid = [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16)].join("-");
        return Some((text(bytes(1024 + 0x78, 16)?), uuid));
    }
    // The boot sector of FAT32, and of FAT12 and FAT16: where the type stands, number and label are before it.
    for (kind, at) in [("FAT32", 0x52), ("FAT1", 0x36)] {
        if bytes(at, kind.len())? == kind.as_bytes() {
            let number = bytes(at - 15, 4)?;
            let uuid = format!("{:02X}{:02X}-{:02X}{:02X}", number[3], number[2], number[1], number[0]);
            return Some((text(bytes(at - 11, 11)?), uuid));
        }
    }
    None
}
