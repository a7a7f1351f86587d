//! The disks on which a host finds its file systems.

use super::plan::{Plan, RootDisk, Size};
use super::{ImageError, Tools, fat, gpt, swap};
use crate::disks::{Content, Disk};
use crate::realised::Realised;
use std::io::SeekFrom;
use std::path::Path;
use store::HashAlgo;
use sys::{FileBytes, Fs, FsError, FsOp, Mode};

/// The bytes that are free on an ext4 disk that is not the root.
const ROOM: u64 = 512 << 20;

/// Makes a disk as a raw image at a place where nothing is; `root` is what is on the root. A disk that is found by the name
/// of its partition has a partition table.
pub fn make(
    disk: &Disk,
    root: &RootDisk,
    realised: &Realised,
    tools: Tools<'_>,
    place: &Path,
) -> Result<(), ImageError> {
    let fs = realised.fs().as_ref();
    let from = if disk.has_partitions() { gpt::START } else { 0 };
    let len = match disk.content {
        Content::Root => {
            let root = RootDisk {
                label: disk.label.clone(),
                uuid: disk.uuid.clone(),
                ..root.clone()
            };
            root.plan(realised)?.make_from(from, realised, tools, place)?
        }
        Content::Ext4 => {
            let plan = Plan {
                label: disk.label.clone(),
                uuid: disk.uuid.clone(),
                ..Plan::new(Size::Room(ROOM))
            };
            plan.make_from(from, realised, tools, place)?
        }
        Content::Vfat => {
            written(fs, place, from, |file| {
                let id = disk.uuid.as_deref().and_then(fat::volume_id).unwrap_or(VOLUME);
                fat::format(file, id, disk.label.as_deref().unwrap_or_default())
            })?;
            fat::LEN
        }
        Content::Swap => {
            written(fs, place, from, |file| {
                let uuid = disk
                    .uuid
                    .as_deref()
                    .and_then(swap::uuid)
                    .unwrap_or_else(|| own_uuid(disk));
                swap::format(file, uuid, disk.label.as_deref().unwrap_or_default())
            })?;
            swap::LEN
        }
    };
    if from > 0 {
        let partition = gpt::Partition {
            content: disk.content,
            len,
            label: disk.partition_label.as_deref().unwrap_or_default(),
            id: disk.partition_uuid.as_deref().and_then(gpt::guid).unwrap_or_else(|| {
                let mut id = own_uuid(disk);
                id[0] ^= 0xff;
                id
            }),
        };
        let mut file = fs.edit(place)?;
        let written = gpt::write(file.as_mut(), &partition, own_uuid(disk));
        written.map_err(|error| FsError::new(FsOp::Write, place, error))?;
    }
    Ok(())
}

/// The volume identifier of a FAT file system that is found by another name.
const VOLUME: u32 = 0xcf6c_ec1c;

/// Returns an identifier that follows from a disk's names.
fn own_uuid(disk: &Disk) -> [u8; 16] {
    let hash = HashAlgo::Sha256.hash(format!("{disk:?}"));
    std::array::from_fn(|at| hash.digest()[at])
}

/// Makes a file and lets it be filled from some byte on.
fn written(
    fs: &dyn Fs,
    place: &Path,
    from: u64,
    fill: impl FnOnce(&mut dyn FileBytes) -> std::io::Result<()>,
) -> Result<(), ImageError> {
    let mut file = fs.create(place, Mode::Private)?;
    let filled = fill(&mut gpt::Window {
        disk: file.as_mut(),
        from,
    });
    Ok(filled.map_err(|error| FsError::new(FsOp::Write, place, error))?)
}

/// Writes bytes at a place of a disk.
pub(super) fn put(disk: &mut dyn FileBytes, at: u64, bytes: &[u8]) -> std::io::Result<()> {
    disk.seek(SeekFrom::Start(at))?;
    disk.write_all(bytes)
}
