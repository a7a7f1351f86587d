//! The hash of a tree's NAR: the tree as the store's archive writer reads it.

use super::{Accessor, NodeKind, TreeError};
use crate::rev::NarHash;
use std::borrow::Cow;
use store::{Hash, HashAlgo, NarContents, NarNode, NarSource, SourceError, hash_nar};

/// A tree as a source of archives.
struct Source<'t>(&'t dyn Accessor);

impl NarSource for Source<'_> {
    type Error = TreeError;

    fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, TreeError> {
        let kind = self.0.lstat(path)?.ok_or_else(|| TreeError::Absent(path.to_vec()))?;
        Ok(match kind {
            NodeKind::Regular { executable } => NarNode::File {
                executable,
                contents: NarContents::Bytes(Cow::Owned(self.0.read_file(path)?)),
            },
            NodeKind::Directory => NarNode::Directory(self.0.read_dir(path)?.into_keys().collect()),
            NodeKind::Symlink => NarNode::Symlink(self.0.read_link(path)?),
            NodeKind::Unknown => return Err(TreeError::UnsupportedType(path.to_vec())),
        })
    }
}

/// Returns the hash of the NAR of the whole tree.
pub fn nar_hash(tree: &dyn Accessor) -> Result<NarHash, TreeError> {
    match tree.as_folder() {
        Some(folder) => Ok(folder.hashed()?.0),
        None => hash_by_paths(tree),
    }
}

/// Returns what hashing a tree's archive came to.
pub(super) fn hash_of(hashed: Result<(Hash, u64), SourceError<TreeError>>) -> Result<NarHash, TreeError> {
    match hashed {
        Ok((hash, _)) => Ok(NarHash::new(hash).expect("the algorithm is SHA-256")),
        Err(SourceError::Source(error)) => Err(error),
        Err(other) => Err(TreeError::Archive(other.to_string())),
    }
}

/// Returns the hash of the NAR of what can be read by its paths.
fn hash_by_paths(tree: &dyn Accessor) -> Result<NarHash, TreeError> {
    hash_of(hash_nar(&mut Source(tree), HashAlgo::Sha256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{FolderTree, MemoryNode, MemoryTree};
    use std::sync::Arc;
    use sys::{DiskFs, Fs, Mode};

    #[expect(clippy::disallowed_types, reason = "nothing of ours sets the time of a file")]
    fn changes_last(path: &std::path::Path, seconds: u64) {
        let file = std::fs::File::open(path).expect("it is there");
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.set_modified(at).expect("it is ours");
    }

    #[test]
    fn folders_of_the_disk_are_hashed_like_other_trees() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let at = |path: &str| folder.path().join(path);
        let written = "the folder can be written";
        for path in ["a/b", "a-b", "c"] {
            DiskFs.create_dir_all(&at(path)).expect(written);
        }
        for path in ["a/b/deep", "a-b/x", "a.txt", "last"] {
            DiskFs.write(&at(path), path.as_bytes(), Mode::Plain).expect(written);
        }
        DiskFs.write(&at("empty"), b"", Mode::Plain).expect(written);
        DiskFs.write(&at("a/z"), b"z", Mode::Executable).expect(written);
        DiskFs.symlink("../last".as_ref(), &at("a/link")).expect(written);
        DiskFs.symlink("nowhere".as_ref(), &at("c/link")).expect(written);
        // Enough for several readers.
        for number in 0..100 {
            DiskFs
                .create_dir_all(&at(&format!("many/{number}/deep")))
                .expect(written);
            DiskFs
                .write(&at(&format!("many/{number}/deep/file")), &[1; 5000], Mode::Plain)
                .expect(written);
        }
        changes_last(&at("many/50/deep/file"), 4_000_000_000);

        let tree = FolderTree::new(Arc::new(DiskFs), folder.path().to_path_buf());
        let (hash, changed) = tree.hashed().expect("it can be read");
        assert_eq!(hash, hash_by_paths(&tree).expect("it can be read"));
        assert_eq!(changed, 4_000_000_000);
        assert_eq!(tree.latest_change().expect("it can be read"), changed);
        let single = FolderTree::new(Arc::new(DiskFs), at("a/z"));
        let hash = hash_by_paths(&single).expect("it can be read");
        assert_eq!(single.hashed().expect("it can be read").0, hash);

        let _socket = std::os::unix::net::UnixListener::bind(at("c/socket")).expect("the name is free");
        let error = tree.hashed().expect_err("a socket is no file");
        assert_eq!(error.to_string(), "file '/c/socket' has an unsupported type");
    }

    #[test]
    fn hashes_of_small_trees() {
        // Answers of `nix hash path` on the same trees.
        let mut tree = MemoryTree::new().with_file("a", "hello\n").with_file("d/b", "");
        tree.insert(
            b"d/x",
            MemoryNode::File {
                bytes: b"#!\n".to_vec(),
                executable: true,
            },
        )
        .unwrap();
        tree.insert(b"l", MemoryNode::Link(b"d/b".to_vec())).unwrap();
        assert_eq!(
            nar_hash(&tree).unwrap().to_string(),
            "sha256-bT6w9DMj9avBqApDruQHIbtp0rO3UPcXWCigERJYtSs="
        );
        let file = MemoryTree::single(b"hello\n".to_vec());
        assert_eq!(
            nar_hash(&file).unwrap().to_string(),
            "sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM="
        );
    }
}
