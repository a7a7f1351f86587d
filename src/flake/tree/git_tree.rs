//! The tree of a Git commit, read from the object database.

use super::{Accessor, Listing, NodeKind, TreeError, parts};
use crate::git::{GitError, Objects, Oid, TreeEntry, TreeMode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Bytes of files that are remembered: about what a system reads of nixpkgs.
const REMEMBERED: usize = 32 << 20;

/// The tree of a commit.
pub struct GitTree {
    objects: Arc<Objects>,
    root: Oid,
    /// Folders that were read, by their path, with their entries in the order of their names.
    folders: RwLock<HashMap<Vec<u8>, Arc<Vec<TreeEntry>>>>,
    files: Mutex<Files>,
}

/// Nix files that were read: evaluators beside each other read the same ones.
#[derive(Default)]
struct Files {
    known: HashMap<Oid, Vec<u8>>,
    bytes: usize,
}

impl GitTree {
    /// Returns the tree with this id.
    pub fn new(objects: Arc<Objects>, root: Oid) -> GitTree {
        GitTree {
            objects,
            root,
            folders: RwLock::default(),
            files: Mutex::default(),
        }
    }

    /// Returns the id of the tree.
    pub fn id(&self) -> &Oid {
        &self.root
    }

    /// Returns the commit of the submodule at a path; `None` if there is none.
    pub fn submodule(&self, path: &[u8]) -> Result<Option<Oid>, TreeError> {
        Ok(self
            .find(path)?
            .filter(|(mode, _)| *mode == TreeMode::Submodule)
            .map(|(_, id)| id))
    }

    /// Returns the entries of a folder that was read.
    fn known(&self, path: &[u8]) -> Option<Arc<Vec<TreeEntry>>> {
        // Whoever panicked has left the table whole: each change of it is one call.
        let folders = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        folders.get(path).cloned()
    }

    /// Returns the entries of the folder at a path, which is the tree with this id.
    fn folder(&self, path: &[u8], id: &Oid) -> Result<Arc<Vec<TreeEntry>>, GitError> {
        if let Some(known) = self.known(path) {
            return Ok(known);
        }
        let mut entries = self.objects.tree(id)?;
        // Of two with one name, which Git never writes, the first one counts.
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let entries = Arc::new(entries);
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        folders.insert(path.to_vec(), entries.clone());
        Ok(entries)
    }

    fn find(&self, path: &[u8]) -> Result<Option<(TreeMode, Oid)>, TreeError> {
        let parts = parts(path)?;
        let above = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        if let Some(name) = parts.last()
            && let Some(folder) = self.known(&path[..above])
        {
            return Ok(entry(&folder, name));
        }
        let mut at = (TreeMode::Folder, self.root);
        let mut end = 0;
        for part in parts {
            match at.0 {
                TreeMode::Folder => {}
                TreeMode::Link => return Err(TreeError::ThroughLink(path.to_vec())),
                _ => return Ok(None),
            }
            let folder = self.folder(&path[..end], &at.1)?;
            match entry(&folder, part) {
                Some(found) => at = found,
                None => return Ok(None),
            }
            end += part.len() + usize::from(end > 0);
        }
        Ok(Some(at))
    }

    fn file(&self, path: &[u8], id: &Oid) -> Result<Vec<u8>, TreeError> {
        if !path.ends_with(b".nix") {
            return Ok(self.objects.blob(id)?);
        }
        let files = || self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files().known.get(id) {
            return Ok(known.clone());
        }
        let bytes = self.objects.blob(id)?;
        let mut files = files();
        if files.bytes + bytes.len() <= REMEMBERED {
            files.bytes += bytes.len();
            files.known.insert(*id, bytes.clone());
        }
        Ok(bytes)
    }

    fn required(&self, path: &[u8]) -> Result<(TreeMode, Oid), TreeError> {
        self.find(path)?.ok_or_else(|| TreeError::Absent(path.to_vec()))
    }
}

/// Returns what a folder has under a name.
fn entry(folder: &[TreeEntry], name: &[u8]) -> Option<(TreeMode, Oid)> {
    let first = folder.partition_point(|entry| entry.name.as_slice() < name);
    let found = folder.get(first).filter(|entry| entry.name == name)?;
    Some((found.mode, found.id))
}

fn kind_of(mode: TreeMode) -> NodeKind {
    match mode {
        TreeMode::File => NodeKind::Regular { executable: false },
        TreeMode::Executable => NodeKind::Regular { executable: true },
        TreeMode::Link => NodeKind::Symlink,
        // As in Nix, a submodule that was not asked for is an empty folder.
        TreeMode::Folder | TreeMode::Submodule => NodeKind::Directory,
    }
}

impl Accessor for GitTree {
    fn lstat(&self, path: &[u8]) -> Result<Option<NodeKind>, TreeError> {
        Ok(self.find(path)?.map(|(mode, _)| kind_of(mode)))
    }

    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        match self.required(path)? {
            (TreeMode::File | TreeMode::Executable, id) => self.file(path, &id),
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a file",
            }),
        }
    }

    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError> {
        match self.required(path)? {
            (TreeMode::Folder, id) => {
                let folder = self.folder(path, &id)?;
                Ok(folder
                    .iter()
                    .map(|entry| (entry.name.clone(), kind_of(entry.mode)))
                    .collect())
            }
            (TreeMode::Submodule, _) => Ok(Listing::new()),
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a directory",
            }),
        }
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TreeError> {
        match self.required(path)? {
            (TreeMode::Link, id) => Ok(self.objects.blob(&id)?),
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a symlink",
            }),
        }
    }
}
