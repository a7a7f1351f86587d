//! The hash of a tree's NAR: the tree as the store's archive writer reads it.

use super::{Accessor, NodeKind, TreeError};
use crate::rev::NarHash;
use std::borrow::Cow;
use store::{HashAlgo, NarContents, NarNode, NarSource, SourceError, hash_nar};

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
    match hash_nar(&mut Source(tree), HashAlgo::Sha256) {
        Ok((hash, _)) => Ok(NarHash::new(hash).expect("the algorithm is SHA-256")),
        Err(SourceError::Source(error)) => Err(error),
        Err(other) => Err(TreeError::Archive(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryNode, MemoryTree};

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
