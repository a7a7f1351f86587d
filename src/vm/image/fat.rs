//! Empty FAT file systems, as EFI's partitions have them ("FAT32 File System Specification", Microsoft, 2000).

use super::disks::put;
use std::io;
use sys::FileBytes;

/// Bytes of a sector.
const SECTOR: u64 = 512;
/// Sectors of the disk: 512 MiB.
const SECTORS: u32 = 1 << 20;
/// Sectors of a cluster: with these there are enough clusters for FAT32.
const PER_CLUSTER: u8 = 8;
/// Sectors before the first table.
const RESERVED: u16 = 32;
/// Sectors of each of the two tables: four bytes for each cluster.
const TABLE: u32 = SECTORS / PER_CLUSTER as u32 * 4 / SECTOR as u32 + 1;
/// Bytes of the whole.
pub(super) const LEN: u64 = SECTORS as u64 * SECTOR;
/// Where the copy of the first sector lies.
const COPY: u64 = 6;

/// Returns the number that a volume's identifier such as `12AB-34CD` stands for.
pub(super) fn volume_id(text: &str) -> Option<u32> {
    let (high, low) = text.split_once('-')?;
    let is_half = |half: &str| half.len() == 4 && half.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_half(high) && is_half(low)).then(|| u32::from_str_radix(&format!("{high}{low}"), 16).ok())?
}

/// Writes an empty file system.
pub(super) fn format(disk: &mut dyn FileBytes, id: u32, label: &str) -> io::Result<()> {
    let mut name = [b' '; 11];
    let text = if label.is_empty() { "NO NAME" } else { label };
    for (to, from) in name.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    let mut boot = [0; SECTOR as usize];
    boot[..11].copy_from_slice(b"\xeb\x58\x90CFGCHECK");
    boot[0x0b..0x0d].copy_from_slice(&(SECTOR as u16).to_le_bytes());
    boot[0x0d] = PER_CLUSTER;
    boot[0x0e..0x10].copy_from_slice(&RESERVED.to_le_bytes());
    boot[0x10] = 2; // tables
    boot[0x15] = 0xf8; // a fixed disk
    boot[0x18..0x1a].copy_from_slice(&63u16.to_le_bytes()); // sectors of a track
    boot[0x1a..0x1c].copy_from_slice(&255u16.to_le_bytes()); // heads
    boot[0x20..0x24].copy_from_slice(&SECTORS.to_le_bytes());
    boot[0x24..0x28].copy_from_slice(&TABLE.to_le_bytes());
    boot[0x2c..0x30].copy_from_slice(&2u32.to_le_bytes()); // the root's cluster
    boot[0x30..0x32].copy_from_slice(&1u16.to_le_bytes()); // the sector of free counts
    boot[0x32..0x34].copy_from_slice(&(COPY as u16).to_le_bytes());
    boot[0x40] = 0x80; // the first disk
    boot[0x42] = 0x29; // identifier and label follow
    boot[0x43..0x47].copy_from_slice(&id.to_le_bytes());
    boot[0x47..0x52].copy_from_slice(&name);
    boot[0x52..0x5a].copy_from_slice(b"FAT32   ");
    boot[0x1fe..].copy_from_slice(&[0x55, 0xaa]);

    let data = u32::from(RESERVED) + 2 * TABLE;
    let clusters = (SECTORS - data) / u32::from(PER_CLUSTER);
    let mut counts = [0; SECTOR as usize];
    counts[..4].copy_from_slice(b"RRaA");
    counts[0x1e4..0x1e8].copy_from_slice(b"rrAa");
    counts[0x1e8..0x1ec].copy_from_slice(&(clusters - 1).to_le_bytes());
    counts[0x1ec..0x1f0].copy_from_slice(&3u32.to_le_bytes());
    counts[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
    for at in [0, COPY] {
        put(disk, at * SECTOR, &boot)?;
        put(disk, (at + 1) * SECTOR, &counts)?;
    }
    // The medium, the end mark, and the root's only cluster.
    let mut table = [0; 12];
    for (at, value) in [0x0fff_fff8u32, 0x0fff_ffff, 0x0fff_ffff].into_iter().enumerate() {
        table[at * 4..][..4].copy_from_slice(&value.to_le_bytes());
    }
    for copy in 0..2 {
        put(disk, (u64::from(RESERVED) + copy * u64::from(TABLE)) * SECTOR, &table)?;
    }
    if !label.is_empty() {
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(&name);
        entry[11] = 0x08; // a label
        put(disk, u64::from(data) * SECTOR, &entry)?;
    }
    put(disk, u64::from(SECTORS) * SECTOR - 1, &[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_identifier_is_two_halves() {
        for (text, id) in [
            ("12AB-34CD", Some(0x12ab_34cd)),
            ("12ab-34cd", Some(0x12ab_34cd)),
            ("12AB34CD", None),
            ("2AB-34CD", None),
            ("+2AB-34CD", None),
            ("", None),
        ] {
            assert_eq!(volume_id(text), id, "{text}");
        }
    }
}
