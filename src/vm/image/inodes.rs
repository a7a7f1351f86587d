//! A pass over the inodes of a fresh ext4 file system: everything becomes root's, of the first second of 1970, and its
//! folders can be entered by all.
//!
//! `mke2fs` copies owners, times and modes from the files that it reads, which belong to whoever runs this program. The
//! layout is that of the kernel's documentation, filesystems/ext4; without checksums of metadata an inode can be changed
//! alone.

use std::io::{self, SeekFrom};
use sys::FileBytes;

/// Where the superblock lies.
const SUPERBLOCK: u64 = 1024;
/// What it has at 0x38.
const MAGIC: u16 = 0xef53;
/// The feature that metadata has checksums (`ro_compat`).
const METADATA_CSUM: u32 = 0x400;
/// The feature that there may be more than 2^32 blocks (`incompat`).
const WIDE: u32 = 0x80;
/// The first inode that is not of the file system itself.
const FIRST: u64 = 11;
/// The root folder's inode.
const ROOT: u64 = 2;
/// The bits of a mode that say that it is a folder.
const FOLDER: u16 = 0x4000;
/// Those that say what it is.
const KIND: u16 = 0xf000;

/// Why inodes could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum InodeError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not such a file system as we ask `mke2fs` for.
    #[error("it is {0}")]
    Form(&'static str),
}

/// Changes all inodes that are in use.
pub fn give_to_root(disk: &mut dyn FileBytes) -> Result<(), InodeError> {
    let mut superblock = [0; 1024];
    disk.seek(SeekFrom::Start(SUPERBLOCK))?;
    disk.read_exact(&mut superblock)?;
    if u16_at(&superblock, 0x38) != MAGIC {
        return Err(InodeError::Form("no ext4 file system"));
    }
    if u32_at(&superblock, 0x64) & METADATA_CSUM != 0 {
        return Err(InodeError::Form("an ext4 file system with checksums of its metadata"));
    }
    let block = 1024u64.checked_shl(u32_at(&superblock, 0x18)).unwrap_or(0);
    let (per_group, size) = (
        u64::from(u32_at(&superblock, 0x28)),
        usize::from(u16_at(&superblock, 0x58)),
    );
    let inodes = u64::from(u32_at(&superblock, 0));
    if block == 0 || per_group == 0 || size < 160 {
        return Err(InodeError::Form("an ext4 file system of a form that is not ours"));
    }
    let wide = u32_at(&superblock, 0x60) & WIDE != 0;
    let step = if wide { u16_at(&superblock, 0xfe).max(64) } else { 32 };
    let first = u64::from(u32_at(&superblock, 0x14)) + 1;
    for group in 0..inodes.div_ceil(per_group) {
        let mut descriptor = [0; 64];
        let descriptor = &mut descriptor[..usize::from(step.min(64))];
        disk.seek(SeekFrom::Start(first * block + group * u64::from(step)))?;
        disk.read_exact(descriptor)?;
        let high = |at: usize| {
            if wide {
                u64::from(u32_at(descriptor, at)) << 32
            } else {
                0
            }
        };
        let bitmap = high(0x24) | u64::from(u32_at(descriptor, 4));
        let table = high(0x28) | u64::from(u32_at(descriptor, 8));
        let mut used = vec![0; per_group.div_ceil(8) as usize];
        disk.seek(SeekFrom::Start(bitmap * block))?;
        disk.read_exact(&mut used)?;
        // The inodes of a group up to the last one that is used.
        let count = (0..per_group).rfind(|at| is_set(&used, *at)).map_or(0, |last| last + 1);
        let mut inode_table = vec![0; count as usize * size];
        disk.seek(SeekFrom::Start(table * block))?;
        disk.read_exact(&mut inode_table)?;
        for (at, inode) in (0..).zip(inode_table.chunks_exact_mut(size)) {
            let number = group * per_group + at + 1;
            if is_set(&used, at) && (number == ROOT || number >= FIRST) {
                change(inode);
            }
        }
        disk.seek(SeekFrom::Start(table * block))?;
        disk.write_all(&inode_table)?;
    }
    disk.flush()?;
    Ok(())
}

/// Changes one inode.
fn change(inode: &mut [u8]) {
    let mode = u16_at(inode, 0);
    if mode & KIND == FOLDER {
        put16(inode, 0, mode | 0o555);
    }
    // Owner and group, low and high halves.
    for at in [0x02, 0x18, 0x78, 0x7a] {
        put16(inode, at, 0);
    }
    // Access, change of the inode, change of the contents, and birth; then the parts of a second.
    for (at, time) in [
        (0x08, 1),
        (0x0c, 1),
        (0x10, 1),
        (0x90, 1),
        (0x84, 0),
        (0x88, 0),
        (0x8c, 0),
        (0x94, 0),
    ] {
        inode[at..at + 4].copy_from_slice(&u32::to_le_bytes(time));
    }
}

fn is_set(bits: &[u8], at: u64) -> bool {
    bits[(at / 8) as usize] & 1 << (at % 8) != 0
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}
