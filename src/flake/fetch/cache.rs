//! The fetch cache: trees by the hash of their NAR, and small facts by their names.
//!
//! ```text
//! trees/<hash>      an unpacked tree; complete as soon as it is there
//! facts/<hash>      a small text: the hash of a Git tree, what a URL led to
//! git/<hash>        a bare repository per URL
//! ```
//! Nothing in it is ever changed, so runs can share it. A cache that cannot be written is no
//! error: the run goes on without.

use crate::rev::NarHash;
use crate::tree::{Accessor, MemoryNode, MemoryTree, TreeError, nar_hash};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{HashAlgo, HashFormat};
use sys::{Fs, FsError, Mode};

/// A cache folder.
pub struct Cache {
    fs: Arc<dyn Fs>,
    folder: PathBuf,
}

/// What a download led to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CachedDownload {
    /// The hash of the tree, SRI.
    pub nar_hash: String,
    /// The latest time in the archive, in seconds since 1970.
    pub last_modified: u64,
    /// The server's `ETag`, or nothing.
    pub etag: String,
    /// The URL that the server says will always lead to the same.
    pub immutable_url: Option<String>,
    /// When it was fetched, in seconds since 1970.
    pub fetched: u64,
}

impl Cache {
    /// Returns the cache in a folder, which is made when something is kept.
    pub fn new(fs: Arc<dyn Fs>, folder: PathBuf) -> Cache {
        Cache { fs, folder }
    }

    fn place(&self, kind: &str, key: &str) -> PathBuf {
        self.folder
            .join(kind)
            .join(HashAlgo::Sha256.hash(key).to_text(HashFormat::Nix32, false))
    }

    /// Returns where a tree is, if it is there.
    pub fn tree_path(&self, hash: &NarHash) -> PathBuf {
        self.folder
            .join("trees")
            .join(hash.hash().to_text(HashFormat::Nix32, false))
    }

    /// Returns where the bare repository of a URL is kept.
    pub fn git_path(&self, url: &str) -> PathBuf {
        self.place("git", url)
    }

    /// Returns a fact that was kept.
    pub fn fact(&self, key: &str) -> Option<String> {
        let path = self.place("facts", key);
        self.fs.stat(&path).ok()??;
        let text = String::from_utf8(self.fs.read(&path).ok()?).ok()?;
        // The key is in the file, so that no other text can pass for it.
        text.strip_prefix(key)?.strip_prefix('\n').map(str::to_owned)
    }

    /// Keeps a fact. One that cannot be kept is found out again next time.
    pub fn keep_fact(&self, key: &str, fact: &str) {
        let path = self.place("facts", key);
        if let Some(folder) = path.parent()
            && self.fs.create_dir_all(folder).is_ok()
        {
            let _ = self
                .fs
                .write_atomic(&path, format!("{key}\n{fact}").as_bytes(), Mode::Plain);
        }
    }

    /// Returns what a download led to.
    pub fn download(&self, key: &str) -> Option<CachedDownload> {
        let known: CachedDownload = serde_json::from_str(&self.fact(key)?).ok()?;
        let hash = NarHash::parse(&known.nar_hash).ok()?;
        self.fs.lstat(&self.tree_path(&hash)).ok()??;
        Some(known)
    }

    /// Keeps what a download led to.
    pub fn keep_download(&self, key: &str, download: &CachedDownload) {
        let text = serde_json::to_string(download).expect("strings and numbers are written without error");
        self.keep_fact(key, &text);
    }

    /// Keeps a tree and returns its hash and its folder.
    pub fn keep_tree(&self, tree: &MemoryTree, unique: &str) -> Result<(NarHash, PathBuf), TreeError> {
        let hash = nar_hash(tree as &dyn Accessor)?;
        let path = self.tree_path(&hash);
        if self.fs.lstat(&path)?.is_none() {
            let draft = self
                .folder
                .join("drafts")
                .join(format!("{}-{unique}", hash.hash().to_text(HashFormat::Nix32, false)));
            self.fs.remove_dir_all(&draft)?;
            self.fs.create_dir_all(&self.folder.join("trees"))?;
            self.fs.create_dir_all(&self.folder.join("drafts"))?;
            self.write(&draft, &tree.root)?;
            if let Err(error) = self.fs.rename(&draft, &path) {
                // Another run may have been faster.
                let _ = self.fs.remove_dir_all(&draft);
                if self.fs.lstat(&path)?.is_none() {
                    return Err(error.into());
                }
            }
        }
        Ok((hash, path))
    }

    fn write(&self, path: &Path, node: &MemoryNode) -> Result<(), FsError> {
        match node {
            MemoryNode::File { bytes, executable } => {
                self.fs
                    .write(path, bytes, if *executable { Mode::Executable } else { Mode::Plain })
            }
            MemoryNode::Link(target) => self.fs.symlink(Path::new(OsStr::from_bytes(target)), path),
            MemoryNode::Directory(entries) => {
                self.fs.create_dir_all(path)?;
                entries
                    .iter()
                    .try_for_each(|(name, node)| self.write(&path.join(OsStr::from_bytes(name)), node))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::FolderTree;
    use sys::MemoryFs;

    #[test]
    fn trees_and_facts_come_back() {
        let fs: Arc<dyn Fs> = Arc::new(MemoryFs::new());
        let cache = Cache::new(fs.clone(), "/cache".into());
        let mut tree = MemoryTree::new().with_file("a/b", "x");
        tree.insert(b"l", MemoryNode::Link(b"a/b".to_vec())).unwrap();
        let (hash, path) = cache.keep_tree(&tree, "1").unwrap();
        assert_eq!(nar_hash(&FolderTree::new(fs, path)).unwrap(), hash);
        assert_eq!(cache.fact("k"), None);
        cache.keep_fact("k", "v\nw");
        assert_eq!(cache.fact("k").as_deref(), Some("v\nw"));
    }
}
