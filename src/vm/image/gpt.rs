//! Partition tables (UEFI specification 2.10, chapter 5): one partition with a file system, and a small one in front of it
//! for boot loaders of BIOS machines.

use super::disks::put;
use crate::disks::Content;
use std::io::{self, Read, Seek, SeekFrom, Write};
use sys::FileBytes;

/// Where the partition with the file system begins.
pub(super) const START: u64 = 2 << 20;
/// Room behind it, for the copy of the table.
pub(super) const TAIL: u64 = 1 << 20;
/// Where the partition of boot loaders begins.
const BOOT: u64 = 1 << 20;
/// Bytes of a sector.
const SECTOR: u64 = 512;
/// Entries of the table.
const ENTRIES: usize = 128;
/// Bytes of an entry.
const ENTRY: usize = 128;
/// Bytes of the header.
const HEADER: usize = 92;

/// Kinds of partitions, as their identifiers are written.
const LINUX: &str = "0fc63daf-8483-4772-8e79-3d69d8477de4";
const EFI: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
const SWAP: &str = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f";
const BIOS: &str = "21686148-6449-6e6f-744e-656564454649";

/// What is written of the partition with the file system.
pub(super) struct Partition<'p> {
    /// What is in it.
    pub content: Content,
    /// Its length, in whole sectors.
    pub len: u64,
    /// Its label.
    pub label: &'p str,
    /// Its identifier.
    pub id: [u8; 16],
}

/// Returns the bytes of an identifier as tables have it: the first three groups back to front.
pub(super) fn guid(text: &str) -> Option<[u8; 16]> {
    let mut bytes = super::swap::uuid(text)?;
    bytes[0..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    Some(bytes)
}

/// Writes the tables of a disk; `own` is the identifier of the disk.
pub(super) fn write(disk: &mut dyn FileBytes, partition: &Partition<'_>, own: [u8; 16]) -> io::Result<()> {
    let sectors = (START + partition.len + TAIL) / SECTOR;
    let kind = match partition.content {
        Content::Root | Content::Ext4 => LINUX,
        Content::Vfat => EFI,
        Content::Swap => SWAP,
    };
    let mut entries = vec![0; ENTRIES * ENTRY];
    entry(
        &mut entries[..ENTRY],
        kind,
        partition.id,
        START,
        partition.len,
        partition.label,
    );
    let mut boot = own;
    boot[15] ^= 1;
    entry(&mut entries[ENTRY..2 * ENTRY], BIOS, boot, BOOT, START - BOOT, "");
    // The header and the entries, and both again at the end, in the other order.
    let room = entries.len() as u64 / SECTOR;
    let copy = sectors - 1;
    put(disk, 0, &protective(sectors))?;
    put(disk, SECTOR, &header(&entries, own, [1, copy, 2], sectors))?;
    put(disk, 2 * SECTOR, &entries)?;
    put(disk, (copy - room) * SECTOR, &entries)?;
    put(
        disk,
        copy * SECTOR,
        &header(&entries, own, [copy, 1, copy - room], sectors),
    )
}

/// Returns the first sector, which tells older programs that the disk is in use.
fn protective(sectors: u64) -> [u8; SECTOR as usize] {
    let mut first = [0; SECTOR as usize];
    first[446..454].copy_from_slice(&[0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff]);
    first[454..458].copy_from_slice(&1u32.to_le_bytes());
    first[458..462].copy_from_slice(&u32::try_from(sectors - 1).unwrap_or(u32::MAX).to_le_bytes());
    first[510..].copy_from_slice(&[0x55, 0xaa]);
    first
}

/// Returns a header that lies at a sector, whose copy and entries lie at others.
fn header(entries: &[u8], own: [u8; 16], [here, copy, table]: [u64; 3], sectors: u64) -> [u8; SECTOR as usize] {
    let mut header = [0; SECTOR as usize];
    let room = entries.len() as u64 / SECTOR;
    header[..8].copy_from_slice(b"EFI PART");
    header[8..12].copy_from_slice(&0x0001_0000u32.to_le_bytes());
    header[12..16].copy_from_slice(&(HEADER as u32).to_le_bytes());
    for (at, sector) in [
        (24, here),
        (32, copy),
        (40, 2 + room),
        (48, sectors - 2 - room),
        (72, table),
    ] {
        header[at..at + 8].copy_from_slice(&sector.to_le_bytes());
    }
    header[56..72].copy_from_slice(&own);
    header[80..84].copy_from_slice(&(ENTRIES as u32).to_le_bytes());
    header[84..88].copy_from_slice(&(ENTRY as u32).to_le_bytes());
    header[88..92].copy_from_slice(&sum(entries).to_le_bytes());
    let own_sum = sum(&header[..HEADER]);
    header[16..20].copy_from_slice(&own_sum.to_le_bytes());
    header
}

fn entry(entry: &mut [u8], kind: &str, id: [u8; 16], start: u64, len: u64, label: &str) {
    entry[..16].copy_from_slice(&guid(kind).unwrap_or_default());
    entry[16..32].copy_from_slice(&id);
    entry[32..40].copy_from_slice(&(start / SECTOR).to_le_bytes());
    entry[40..48].copy_from_slice(&((start + len) / SECTOR - 1).to_le_bytes());
    for (place, unit) in entry[56..].chunks_exact_mut(2).zip(label.encode_utf16()) {
        place.copy_from_slice(&unit.to_le_bytes());
    }
}

/// Returns the checksum that tables have, that of gzip.
fn sum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A disk from some byte on.
pub(super) struct Window<'d> {
    /// The disk.
    pub disk: &'d mut dyn FileBytes,
    /// The byte.
    pub from: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read(buffer)
    }
}

impl Write for Window<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.disk.flush()
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => SeekFrom::Start(at + self.from),
            other => other,
        };
        let at = self.disk.seek(to)?;
        at.checked_sub(self.from)
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_partly_back_to_front() {
        let bytes = guid(EFI).expect("it is one");
        assert_eq!(bytes[..8], [0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11]);
        assert_eq!(bytes[8..], [0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b]);
    }
}
