//! Commits, trees and blobs of an object database.

use super::{GitError, Oid};
use gix_object::{Find, Kind};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;

/// Most bytes that one object may have: 1 GiB, as for files.
const MAX_OBJECT: usize = 1 << 30;

/// Annotated tags that point to each other, at most.
const MAX_TAGS: usize = 16;

/// An object database.
pub struct Objects {
    /// Behind a lock, as gitoxide's handles keep caches of their own.
    handle: Mutex<gix_odb::HandleArc>,
    name: String,
}

/// What is needed of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970; never negative.
    pub time: u64,
}

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeMode {
    /// A file.
    File,
    /// A file that can be executed.
    Executable,
    /// A symbolic link.
    Link,
    /// A folder.
    Folder,
    /// A commit of another repository.
    Submodule,
}

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is.
    pub mode: TreeMode,
    /// The object that it names.
    pub id: Oid,
}

impl Objects {
    /// Opens the database in a folder such as `.git/objects`.
    pub fn open(folder: &Path, hash: gix_hash::Kind) -> Result<Objects, GitError> {
        let name = folder.to_string_lossy().into_owned();
        let options = gix_odb::store::init::Options {
            alloc_limit_bytes: Some(MAX_OBJECT),
            // Given so that the process is not asked.
            current_dir: Some("/".into()),
            ..Default::default()
        };
        let handle = gix_odb::at_opts(folder, hash, [], options)
            .and_then(|handle| handle.into_arc())
            .map_err(|error| GitError::Read {
                repository: name.clone(),
                why: error.to_string(),
            })?;
        Ok(Objects {
            handle: Mutex::new(handle),
            name,
        })
    }

    fn get(&self, id: &Oid) -> Result<Option<(Kind, Vec<u8>)>, GitError> {
        let mut buffer = Vec::new();
        let handle = self.handle.lock().expect("no panic while holding the database");
        let found = handle.try_find(id, &mut buffer).map_err(|error| GitError::Read {
            repository: self.name.clone(),
            why: error.to_string(),
        })?;
        Ok(found.map(|data| (data.kind, data.data.to_vec())))
    }

    fn expect(&self, id: &Oid, kind: Kind, expected: &'static str) -> Result<Vec<u8>, GitError> {
        match self.get(id)? {
            None => Err(GitError::Missing(*id)),
            Some((found, bytes)) if found == kind => Ok(bytes),
            Some(_) => Err(GitError::BadObject { id: *id, expected }),
        }
    }

    /// Whether an object is there.
    pub fn contains(&self, id: &Oid) -> Result<bool, GitError> {
        Ok(self.get(id)?.is_some())
    }

    /// Returns the object whose id begins with these hexadecimal digits, an error if several do.
    pub(super) fn by_prefix(&self, digits: &str) -> Result<Option<Result<Oid, ()>>, GitError> {
        let read = |why: String| GitError::Read {
            repository: self.name.clone(),
            why,
        };
        let prefix = gix_hash::Prefix::from_hex(digits).map_err(|error| read(error.to_string()))?;
        let handle = self.handle.lock().expect("no panic while holding the database");
        handle
            .lookup_prefix(prefix, None)
            .map_err(|error| read(error.to_string()))
    }

    /// Returns a file's bytes, or a link's target.
    pub fn blob(&self, id: &Oid) -> Result<Vec<u8>, GitError> {
        self.expect(id, Kind::Blob, "a blob")
    }

    /// Returns the entries of a tree in Git's order.
    pub fn tree(&self, id: &Oid) -> Result<Vec<TreeEntry>, GitError> {
        // Git itself never writes the empty tree.
        if *id == Oid::empty_tree(id.kind()) {
            return Ok(Vec::new());
        }
        let bytes = self.expect(id, Kind::Tree, "a tree")?;
        parse_tree(&bytes, id.as_bytes().len()).ok_or(GitError::BadObject {
            id: *id,
            expected: "a tree",
        })
    }

    /// Returns a commit; a tag stands for the commit that it points to.
    pub fn commit(&self, id: &Oid) -> Result<(Oid, Commit), GitError> {
        let mut at = *id;
        for _ in 0..MAX_TAGS {
            let (kind, bytes) = self.get(&at)?.ok_or(GitError::Missing(at))?;
            let bad = GitError::BadObject {
                id: at,
                expected: "a commit",
            };
            match kind {
                Kind::Commit => return parse_commit(&bytes).map(|commit| (at, commit)).ok_or(bad),
                Kind::Tag => at = header_id(&bytes, b"object ").ok_or(bad)?,
                _ => return Err(bad),
            }
        }
        Err(GitError::BadObject {
            id: *id,
            expected: "a commit",
        })
    }

    /// Returns how many commits lead to a commit, itself included; those that a shallow clone lacks
    /// are not counted.
    pub fn count_commits(&self, id: &Oid, shallow: &HashSet<Oid>) -> Result<u64, GitError> {
        let mut seen = HashSet::from([*id]);
        let mut todo = vec![*id];
        while let Some(id) = todo.pop() {
            if shallow.contains(&id) {
                continue;
            }
            for parent in self.commit(&id)?.1.parents {
                if seen.insert(parent) {
                    todo.push(parent);
                }
            }
        }
        Ok(seen.len() as u64)
    }
}

fn parse_tree(mut bytes: &[u8], id_len: usize) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let mode = match &bytes[..space] {
            b"40000" | b"040000" => TreeMode::Folder,
            b"120000" => TreeMode::Link,
            b"160000" => TreeMode::Submodule,
            mode if mode.starts_with(b"100") => {
                let bits = u32::from_str_radix(std::str::from_utf8(mode).ok()?, 8).ok()?;
                if bits & 0o111 != 0 {
                    TreeMode::Executable
                } else {
                    TreeMode::File
                }
            }
            _ => return None,
        };
        bytes = &bytes[space + 1..];
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let name = bytes[..end].to_vec();
        // A name that is no name would lead out of the tree.
        if name.is_empty() || name.contains(&b'/') || name == b"." || name == b".." {
            return None;
        }
        let id = Oid::try_from(bytes.get(end + 1..end + 1 + id_len)?).ok()?;
        bytes = &bytes[end + 1 + id_len..];
        entries.push(TreeEntry { name, mode, id });
    }
    Some(entries)
}

fn header_id(bytes: &[u8], name: &[u8]) -> Option<Oid> {
    let rest = bytes.strip_prefix(name)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    Oid::from_hex(&rest[..end]).ok()
}

fn parse_commit(bytes: &[u8]) -> Option<Commit> {
    let tree = header_id(bytes, b"tree ")?;
    let mut parents = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Some(id) = line.strip_prefix(b"parent ") {
            parents.push(Oid::from_hex(id).ok()?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            // `Name <mail> 1577836800 +0100`
            let mut words = committer.rsplit(|byte| *byte == b' ');
            let (_zone, time) = (words.next()?, words.next()?);
            let time = std::str::from_utf8(time).ok()?.parse::<i64>().ok()?;
            return Some(Commit {
                tree,
                parents,
                time: u64::try_from(time).unwrap_or(0),
            });
        } else if line.is_empty() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_trees() {
        let a = "1".repeat(40);
        let text =
            format!("tree {a}\nparent {a}\nparent {a}\nauthor X <x> 1 +0000\ncommitter Y Z <y> 77 -0100\n\nhi\n");
        let commit = parse_commit(text.as_bytes()).unwrap();
        assert_eq!((commit.parents.len(), commit.time), (2, 77));
        assert_eq!(parse_commit(b"tree x"), None);

        let mut tree = b"100755 a\0".to_vec();
        tree.extend([7; 20]);
        assert_eq!(parse_tree(&tree, 20).unwrap()[0].mode, TreeMode::Executable);
        let mut tree = b"40000 ..\0".to_vec();
        tree.extend([7; 20]);
        assert_eq!(parse_tree(&tree, 20), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes: Vec<u8>) {
            let _ = parse_tree(&bytes, 20);
            let _ = parse_commit(&bytes);
        }
    }
}
