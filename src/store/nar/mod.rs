//! Nix archives: the one way to write a file, a link or a folder as bytes (Nix's manual, protocols, "Nix Archive").
//!
//! An archive keeps names, contents, link targets and the executable bit, and nothing else; so equal trees have equal
//! archives, and the hash of an archive is the hash of a tree.

mod beside;
mod disk;
mod read;
mod source;
mod tree;
mod write;

pub use beside::{SplitSource, hash_nar_beside};
pub use disk::DiskTree;
pub use read::{NarEvent, NarReadError, read_nar};
pub(crate) use source::entry_path;
pub use source::{NarContents, NarNode, NarSource, SourceError, hash_flat, hash_source};
pub use tree::NarTree;
pub use write::{hash_nar, write_nar};

/// The text that an archive begins with.
const MAGIC: &[u8] = b"nix-archive-1";

/// The number of folders inside each other at which Nix refuses to write or read an archive.
const MAX_DEPTH: usize = 64;

/// The longest name of a folder's entry, in bytes.
const MAX_NAME: usize = 255;

/// Texts and contents are filled up with zeros to a multiple of this many bytes.
const ALIGNMENT: u64 = 8;

/// Returns the number of zeros after `len` bytes.
const fn padding(len: u64) -> usize {
    (len.wrapping_neg() % ALIGNMENT) as usize
}

/// Returns whether a folder's entry may have this name.
fn is_entry_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0)
}

/// Returns a small tree with all kinds of nodes, whose hashes were asked of Nix 2.34.8.
#[cfg(test)]
pub(crate) fn test_tree() -> NarTree {
    let file = |executable, contents: &str| NarTree::File {
        executable,
        contents: contents.into(),
    };
    let folder = |entries: Vec<(&str, NarTree)>| {
        NarTree::Directory(entries.into_iter().map(|(name, node)| (name.into(), node)).collect())
    };
    folder(vec![
        ("a.txt", file(false, "hello\n")),
        ("run", file(true, "#!/bin/sh\n")),
        ("link", NarTree::Symlink(b"a.txt".to_vec())),
        ("empty", folder(vec![])),
        ("dir-y", file(false, "x")),
        ("dir.x", folder(vec![])),
        (
            "dir",
            folder(vec![
                ("eight", file(false, "12345678")),
                ("none", file(false, "")),
                ("sub", folder(vec![("z", file(false, "x"))])),
            ]),
        ),
    ])
}
