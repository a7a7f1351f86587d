//! Hashing a tree of files as git hashes it: blobs for files and links, trees for folders.
//!
//! Unlike git, Nix keeps empty folders. The formats are git's ("Git Internals - Git Objects" in the Pro Git book).

use std::io::Write;

use crate::hash::{Hash, HashAlgo, lossy};
use crate::hasher::Hasher;
use crate::nar::{NarNode, NarSource, SourceError, entry_path};

/// The number of folders inside each other at which hashing stops. Nix has no limit but its stack.
pub(crate) const MAX_DEPTH: usize = 256;

/// The kind of a tree's entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Directory,
    Executable,
    Regular,
    Symlink,
}

impl Mode {
    /// Returns the mode in octal, as git writes it in trees.
    const fn octal(self) -> &'static str {
        match self {
            Self::Directory => "40000",
            Self::Executable => "100755",
            Self::Regular => "100644",
            Self::Symlink => "120000",
        }
    }
}

/// Returns the git hash of a tree, or of a blob if it is one file.
pub fn hash_git<E>(source: &mut dyn NarSource<Error = E>, algo: HashAlgo) -> Result<Hash, SourceError<E>> {
    match algo {
        HashAlgo::Sha1 | HashAlgo::Sha256 => hash_node(source, algo, b"", 0).map(|(_, hash)| hash),
        _ => Err(SourceError::GitAlgorithm(algo)),
    }
}

fn hash_node<E>(
    source: &mut dyn NarSource<Error = E>,
    algo: HashAlgo,
    path: &[u8],
    depth: usize,
) -> Result<(Mode, Hash), SourceError<E>> {
    if depth >= MAX_DEPTH {
        return Err(SourceError::GitTooDeep(lossy(path)));
    }
    let mut hasher = Hasher::new(algo);
    let names = match source.node(path).map_err(SourceError::Source)? {
        NarNode::File { executable, contents } => {
            write!(hasher, "blob {}\0", contents.len())?;
            contents.copy_to(&mut hasher)?;
            let mode = if executable { Mode::Executable } else { Mode::Regular };
            return Ok((mode, hasher.finish()));
        }
        NarNode::Symlink(target) => {
            write!(hasher, "blob {}\0", target.len())?;
            hasher.update(&target);
            return Ok((Mode::Symlink, hasher.finish()));
        }
        NarNode::Directory(mut names) => {
            names.sort_unstable();
            names.dedup();
            names
        }
    };
    let mut entries = Vec::with_capacity(names.len());
    for name in names {
        let entry = entry_path(path, &name)?;
        if !source.includes(&entry).map_err(SourceError::Source)? {
            continue;
        }
        let (mode, hash) = hash_node(source, algo, &entry, depth + 1)?;
        // Git sorts a folder as if its name ended in a slash.
        let mut key = name;
        if mode == Mode::Directory {
            key.push(b'/');
        }
        entries.push((key, mode, hash));
    }
    entries.sort_unstable_by(|(left, ..), (right, ..)| left.cmp(right));
    let mut body = Vec::new();
    for (key, mode, hash) in &entries {
        let name = key.strip_suffix(b"/").unwrap_or(key);
        body.extend_from_slice(mode.octal().as_bytes());
        body.push(b' ');
        body.extend_from_slice(name);
        body.push(0);
        body.extend_from_slice(hash.digest());
    }
    write!(hasher, "tree {}\0", body.len())?;
    hasher.update(&body);
    Ok((Mode::Directory, hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::HashFormat;
    use crate::nar::NarTree;
    use crate::nar::test_tree;

    #[test]
    fn hashes_are_those_of_nix() {
        for (path, algo, expected) in [
            ("", HashAlgo::Sha1, "30853e4f30e3b51a6d782efc04ce020a936058cf"),
            (
                "",
                HashAlgo::Sha256,
                "9dd99ec28570cb5cbc3bbb904bf55e5ee3bb8083505d5f7c62dbfe2a515d4d7a",
            ),
            ("a.txt", HashAlgo::Sha1, "ce013625030ba8dba906f756967f9e9ca394464a"),
            ("link", HashAlgo::Sha1, "8d14cbf983b3fad683171c9418998d9f68340823"),
        ] {
            let mut tree = test_tree().get(path.as_bytes()).unwrap().clone();
            assert_eq!(
                hash_git(&mut tree, algo).unwrap().to_text(HashFormat::Base16, false),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn other_algorithms_are_refused() {
        let mut tree = NarTree::Symlink(b"x".to_vec());
        assert_eq!(
            hash_git(&mut tree, HashAlgo::Md5).unwrap_err().to_string(),
            "Unsupported hash algorithm for git trees: md5"
        );
    }
}
