//! The tree of a Git commit, read from the object database.

use super::{Accessor, Listing, NodeKind, TreeError, parts};
use crate::git::{GitError, Objects, Oid, TreeEntry, TreeMode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The tree of a commit.
pub struct GitTree {
    objects: Arc<Objects>,
    root: Oid,
    /// Folders that were read, by their id.
    folders: Mutex<HashMap<Oid, Arc<Vec<TreeEntry>>>>,
}

impl GitTree {
    /// Returns the tree with this id.
    pub fn new(objects: Arc<Objects>, root: Oid) -> GitTree {
        GitTree {
            objects,
            root,
            folders: Mutex::new(HashMap::new()),
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

    fn folder(&self, id: &Oid) -> Result<Arc<Vec<TreeEntry>>, GitError> {
        if let Some(found) = self.folders.lock().expect("no panic while holding the folders").get(id) {
            return Ok(found.clone());
        }
        let entries = Arc::new(self.objects.tree(id)?);
        let mut folders = self.folders.lock().expect("no panic while holding the folders");
        folders.insert(*id, entries.clone());
        Ok(entries)
    }

    fn find(&self, path: &[u8]) -> Result<Option<(TreeMode, Oid)>, TreeError> {
        let mut at = (TreeMode::Folder, self.root);
        for part in parts(path)? {
            match at.0 {
                TreeMode::Folder => {}
                TreeMode::Link => return Err(TreeError::ThroughLink(path.to_vec())),
                _ => return Ok(None),
            }
            let folder = self.folder(&at.1)?;
            match folder.iter().find(|entry| entry.name == part) {
                Some(entry) => at = (entry.mode, entry.id),
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn required(&self, path: &[u8]) -> Result<(TreeMode, Oid), TreeError> {
        self.find(path)?.ok_or_else(|| TreeError::Absent(path.to_vec()))
    }
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
            (TreeMode::File | TreeMode::Executable, id) => Ok(self.objects.blob(&id)?),
            _ => Err(TreeError::WrongKind {
                path: path.to_vec(),
                expected: "a file",
            }),
        }
    }

    fn read_dir(&self, path: &[u8]) -> Result<Listing, TreeError> {
        match self.required(path)? {
            (TreeMode::Folder, id) => {
                let folder = self.folder(&id)?;
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
