//! The hash of a tree's NAR, computed without building the archive.
//!
//! The format is Nix's: strings with a 64-bit little-endian length, padded with zeros to eight bytes.

use super::{Accessor, NodeKind, TreeError, join};
use crate::rev::NarHash;
use store::{HashAlgo, Hasher};

/// Deeper folders are refused.
const MAX_DEPTH: usize = 1024;

struct Sink(Hasher);

impl Sink {
    fn str(&mut self, text: &[u8]) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text);
        self.0.update(&[0; 8][..(8 - text.len() % 8) % 8]);
    }

    fn strs(&mut self, texts: &[&[u8]]) {
        for text in texts {
            self.str(text);
        }
    }
}

/// Returns the hash of the NAR of the whole tree.
pub fn nar_hash(tree: &dyn Accessor) -> Result<NarHash, TreeError> {
    let mut sink = Sink(Hasher::new(HashAlgo::Sha256));
    sink.str(b"nix-archive-1");
    let kind = tree.lstat(b"")?.ok_or_else(|| TreeError::Absent(Vec::new()))?;
    node(tree, b"", kind, &mut sink, 0)?;
    Ok(NarHash::new(sink.0.finish()).expect("the algorithm is SHA-256"))
}

fn node(tree: &dyn Accessor, path: &[u8], kind: NodeKind, sink: &mut Sink, depth: usize) -> Result<(), TreeError> {
    if depth > MAX_DEPTH {
        return Err(TreeError::BadPath(path.to_vec()));
    }
    sink.str(b"(");
    sink.str(b"type");
    match kind {
        NodeKind::Regular { executable } => {
            sink.str(b"regular");
            if executable {
                sink.strs(&[b"executable", b""]);
            }
            sink.str(b"contents");
            sink.str(&tree.read_file(path)?);
        }
        NodeKind::Symlink => {
            sink.strs(&[b"symlink", b"target"]);
            sink.str(&tree.read_link(path)?);
        }
        NodeKind::Directory => {
            sink.str(b"directory");
            for (name, kind) in tree.read_dir(path)? {
                sink.strs(&[b"entry", b"(", b"name", &name, b"node"]);
                node(tree, &join(path, &name), kind, sink, depth + 1)?;
                sink.str(b")");
            }
        }
        NodeKind::Unknown => return Err(TreeError::UnsupportedType(path.to_vec())),
    }
    sink.str(b")");
    Ok(())
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
