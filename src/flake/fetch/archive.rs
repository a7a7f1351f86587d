//! Unpacking archives into memory: tar, plain or compressed by gzip, xz or zstd.
//!
//! Names cannot lead out of the tree, since there is no disk to lead to; sizes are bounded.

use crate::tree::{MemoryNode, MemoryTree, TreeError, resolve};
use std::io::{Cursor, Read};

/// Most bytes that an archive may hold unpacked: 8 GiB.
const MAX_UNPACKED: u64 = 8 << 30;

/// Most entries of an archive.
const MAX_ENTRIES: usize = 4_000_000;

/// Most folders above an entry.
const MAX_DEPTH: usize = 512;

/// An archive that cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The bytes are not those of an archive, or are damaged.
    #[error("failed to extract archive ({0})")]
    Broken(String),
    /// The kind of archive is known, but not supported.
    #[error("failed to extract archive ({0} archives are not supported)")]
    Unsupported(&'static str),
    /// The archive is bigger than any honest one.
    #[error("failed to extract archive (it is too large)")]
    TooLarge,
    /// An entry is neither file, folder nor link.
    #[error("file '{0}' in tarball has unsupported file type")]
    UnsupportedType(String),
    /// A name leads out of the archive.
    #[error("the archive's entry '{0}' leads out of it")]
    LeadsOut(String),
    /// Two entries contradict each other.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

fn broken(error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Broken(error.to_string())
}

/// Returns the tree in an archive and the latest time of its entries, in seconds since 1970.
///
/// If all lies in one folder, that folder is the tree, as archives of forges need it.
pub fn unpack(bytes: &[u8]) -> Result<(MemoryTree, u64), ArchiveError> {
    let (tree, time) = match bytes {
        [0x1f, 0x8b, ..] => tar(flate2::read::MultiGzDecoder::new(Cursor::new(bytes)))?,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => tar(lzma_rust2::XzReader::new(Cursor::new(bytes), true))?,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            tar(ruzstd::decoding::StreamingDecoder::new(Cursor::new(bytes)).map_err(broken)?)?
        }
        [b'B', b'Z', b'h', ..] => return Err(ArchiveError::Unsupported("bzip2")),
        [b'P', b'K', 3 | 5, ..] => return Err(ArchiveError::Unsupported("zip")),
        _ => tar(Cursor::new(bytes))?,
    };
    Ok((without_single_folder(tree), time))
}

fn without_single_folder(tree: MemoryTree) -> MemoryTree {
    match tree.root {
        MemoryNode::Directory(mut entries)
            if entries.len() == 1 && entries.values().all(|node| matches!(node, MemoryNode::Directory(_))) =>
        {
            let (_, root) = entries.pop_first().expect("there is one entry");
            MemoryTree { root }
        }
        root => MemoryTree { root },
    }
}

fn tar(reader: impl Read) -> Result<(MemoryTree, u64), ArchiveError> {
    let mut tree = MemoryTree::new();
    let mut latest = 0;
    let mut total = 0u64;
    let mut archive = tar::Archive::new(reader.take(MAX_UNPACKED));
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        let mut entry = entry.map_err(broken)?;
        if count >= MAX_ENTRIES {
            return Err(ArchiveError::TooLarge);
        }
        latest = latest.max(entry.header().mtime().unwrap_or(0));
        let name = entry.path_bytes().into_owned();
        let shown = || String::from_utf8_lossy(&name).into_owned();
        let path = resolve(b"", &name).ok_or_else(|| ArchiveError::LeadsOut(shown()))?;
        if path.iter().filter(|byte| **byte == b'/').count() > MAX_DEPTH {
            return Err(ArchiveError::TooLarge);
        }
        let kind = entry.header().entry_type();
        let node = if kind.is_dir() {
            if matches!(tree.get(&path)?, Some(MemoryNode::Directory(_))) {
                continue;
            }
            MemoryNode::directory()
        } else if kind.is_symlink() {
            let target = entry
                .link_name_bytes()
                .ok_or_else(|| broken("a link without a target"))?;
            MemoryNode::Link(target.into_owned())
        } else if kind.is_hard_link() {
            let target = entry
                .link_name_bytes()
                .ok_or_else(|| broken("a link without a target"))?;
            let target = resolve(b"", &target).ok_or_else(|| ArchiveError::LeadsOut(shown()))?;
            let node = tree
                .get(&target)?
                .ok_or_else(|| broken("a hard link to nothing"))?
                .clone();
            if let MemoryNode::File { bytes, .. } = &node {
                total = total.saturating_add(bytes.len() as u64);
            }
            node
        } else if kind.is_file() || kind.is_contiguous() {
            total = total.saturating_add(entry.size());
            if total > MAX_UNPACKED {
                return Err(ArchiveError::TooLarge);
            }
            let executable = entry.header().mode().unwrap_or(0) & 0o100 != 0;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(broken)?;
            MemoryNode::File { bytes, executable }
        } else if kind.is_pax_global_extensions() {
            continue;
        } else {
            return Err(ArchiveError::UnsupportedType(shown()));
        };
        if total > MAX_UNPACKED {
            return Err(ArchiveError::TooLarge);
        }
        if path.is_empty() && !matches!(node, MemoryNode::Directory(_)) {
            return Err(ArchiveError::LeadsOut(shown()));
        }
        if !path.is_empty() {
            tree.insert(&path, node)?;
        }
    }
    Ok((tree, latest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Accessor;
    use std::io::Write;

    fn archive(build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        build(&mut builder);
        builder.into_inner().unwrap()
    }

    fn file(builder: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8], mode: u32, time: u64) {
        let mut header = tar::Header::new_gnu();
        // Set byte by byte, since the crate refuses hostile names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_mtime(time);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }

    #[test]
    fn one_folder_is_the_tree() {
        let bytes = archive(|builder| {
            file(builder, "x-1.0/a", b"A", 0o644, 5);
            file(builder, "x-1.0/d/b", b"B", 0o755, 7);
        });
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&bytes).unwrap();
        for bytes in [bytes, gz.finish().unwrap()] {
            let (tree, time) = unpack(&bytes).unwrap();
            assert_eq!((tree.read_file(b"a").unwrap(), time), (b"A".to_vec(), 7));
            assert_eq!(
                tree.lstat(b"d/b").unwrap(),
                Some(crate::tree::NodeKind::Regular { executable: true })
            );
        }
    }

    #[test]
    fn hostile_archives() {
        let out = archive(|builder| file(builder, "../a", b"", 0o644, 0));
        assert!(matches!(unpack(&out), Err(ArchiveError::LeadsOut(_))));
        assert!(matches!(unpack(b"PK\x03\x04"), Err(ArchiveError::Unsupported("zip"))));
        assert!(unpack(b"\x1f\x8bnonsense").is_err());
        assert!(unpack(&[b'x'; 512]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(mut bytes: Vec<u8>, magic in 0usize..4) {
            let magic: &[u8] = [&b""[..], b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"][magic];
            bytes.splice(0..0, magic.iter().copied());
            let _ = unpack(&bytes);
        }
    }
}
