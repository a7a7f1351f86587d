//! Which files of a work tree are tracked, and whether it differs from its last commit.

use super::{GitError, Objects, Oid, Repository, TreeMode};
use gix_index::entry::{Flags, Mode, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use sys::{FileKind, Fs, Stat};

/// Deeper folders are refused.
const MAX_DEPTH: usize = 1024;

/// What is known about a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkTree {
    /// The commit that is checked out; `None` before the first.
    pub head: Option<Oid>,
    /// The tracked files that are there: paths from the root. Submodules are not among them.
    pub files: BTreeSet<Vec<u8>>,
    /// Of those, the files that differ from the commit or are not in it.
    pub dirty: BTreeSet<Vec<u8>>,
    /// Tracked files that are gone.
    pub deleted: BTreeSet<Vec<u8>>,
    /// Whether anything differs from the commit.
    pub is_dirty: bool,
}

impl Repository {
    /// Compares commit, index and work tree as `git status` does, without submodules and untracked files.
    pub fn work_tree(&self, root: &Path) -> Result<WorkTree, GitError> {
        let head = self.head()?;
        let head_tree = match head {
            Some(head) => Some(self.objects().commit(&head)?.1.tree),
            None => None,
        };
        let mut found = WorkTree {
            head,
            files: BTreeSet::new(),
            dirty: BTreeSet::new(),
            deleted: BTreeSet::new(),
            is_dirty: false,
        };
        let index_path = self.index_path();
        let Some(index_stat) = self.fs().stat(&index_path)? else {
            // Nothing is tracked; everything that the commit holds counts as deleted.
            let committed = self.flat(head_tree)?;
            found.is_dirty = !committed.is_empty();
            found.deleted = committed.into_keys().collect();
            return Ok(found);
        };
        let index = self.index(&index_path)?;
        // The index remembers the id of the tree that it was read from, as long as nothing was added.
        let same_as_head = index
            .tree()
            .is_some_and(|tree| tree.num_entries.is_some() && Some(tree.id) == head_tree);
        let mut committed = if same_as_head {
            BTreeMap::new()
        } else {
            self.flat(head_tree)?
        };

        for entry in index.entries() {
            let path = entry.path(&index).to_vec();
            if entry.mode == Mode::COMMIT {
                continue;
            }
            if entry.stage() != Stage::Unconflicted {
                found.is_dirty = true;
            }
            let before = committed.remove(&path);
            let is_new = entry.flags.contains(Flags::INTENT_TO_ADD)
                || (!same_as_head && before != Some((mode_of(entry.mode), entry.id)));
            let on_disk = root.join(OsStr::from_bytes(&path));
            let state = if entry.flags.intersects(Flags::ASSUME_VALID | Flags::SKIP_WORKTREE) {
                State::Same
            } else {
                match self.fs().lstat(&on_disk)? {
                    None => State::Gone,
                    Some(stat) => compare(self.fs().as_ref(), &on_disk, &stat, &index_stat, entry)?,
                }
            };
            if state == State::Gone {
                found.is_dirty = true;
                found.deleted.insert(path);
                continue;
            }
            if is_new || state == State::Changed {
                found.is_dirty = true;
                found.dirty.insert(path.clone());
            }
            found.files.insert(path);
        }
        if !committed.is_empty() {
            found.is_dirty = true;
            found.deleted.extend(committed.into_keys());
        }
        Ok(found)
    }

    /// Returns the files that are tracked, whether they are there or not: paths from the root, without submodules.
    pub fn tracked_files(&self) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let path = self.index_path();
        if self.fs().stat(&path)?.is_none() {
            return Ok(BTreeSet::new());
        }
        let index = self.index(&path)?;
        let files = index.entries().iter().filter(|entry| entry.mode != Mode::COMMIT);
        Ok(files.map(|entry| entry.path(&index).to_vec()).collect())
    }

    fn index(&self, path: &Path) -> Result<gix_index::File, GitError> {
        let options = gix_index::decode::Options {
            thread_limit: Some(1),
            ..Default::default()
        };
        let index = gix_index::File::at(path, self.hash(), false, options).map_err(|error| GitError::Read {
            repository: self.name(),
            why: error.to_string(),
        })?;
        if index.is_sparse() {
            let why = "its index is sparse, which is not supported".to_owned();
            return Err(GitError::Read {
                repository: self.name(),
                why,
            });
        }
        Ok(index)
    }

    /// Returns all files of a tree, without submodules.
    fn flat(&self, tree: Option<Oid>) -> Result<BTreeMap<Vec<u8>, (TreeMode, Oid)>, GitError> {
        let mut files = BTreeMap::new();
        if let Some(tree) = tree {
            walk(self.objects(), &tree, &[], &mut files, 0)?;
        }
        Ok(files)
    }
}

fn walk(
    objects: &Objects,
    tree: &Oid,
    prefix: &[u8],
    files: &mut BTreeMap<Vec<u8>, (TreeMode, Oid)>,
    depth: usize,
) -> Result<(), GitError> {
    if depth > MAX_DEPTH {
        return Err(GitError::BadObject {
            id: *tree,
            expected: "a tree of honest depth",
        });
    }
    for entry in objects.tree(tree)? {
        let path = crate::tree::join(prefix, &entry.name);
        match entry.mode {
            TreeMode::Folder => walk(objects, &entry.id, &path, files, depth + 1)?,
            TreeMode::Submodule => {}
            mode => {
                files.insert(path, (mode, entry.id));
            }
        }
    }
    Ok(())
}

fn mode_of(mode: Mode) -> TreeMode {
    match mode {
        Mode::FILE_EXECUTABLE => TreeMode::Executable,
        Mode::SYMLINK => TreeMode::Link,
        _ => TreeMode::File,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Same,
    Changed,
    Gone,
}

fn compare(fs: &dyn Fs, path: &Path, stat: &Stat, index: &Stat, entry: &gix_index::Entry) -> Result<State, GitError> {
    let same_kind = match entry.mode {
        Mode::SYMLINK => stat.kind == FileKind::Symlink,
        Mode::FILE_EXECUTABLE => stat.executable(),
        _ => stat.kind == FileKind::Regular && !stat.executable(),
    };
    if !same_kind {
        // A folder in place of a file: the file is gone.
        return Ok(if stat.kind == FileKind::Directory {
            State::Gone
        } else {
            State::Changed
        });
    }
    let recorded = i64::from(entry.stat.mtime.secs) * 1_000_000_000 + i64::from(entry.stat.mtime.nsecs);
    // Git may have kept whole seconds only.
    let same_time = stat.modified_ns == recorded
        || (entry.stat.mtime.nsecs == 0 && stat.modified_ns.div_euclid(1_000_000_000) * 1_000_000_000 == recorded);
    // A file that changed in the moment in which the index was written is not trusted by its time.
    if same_time && stat.len as u32 == entry.stat.size && stat.modified_ns < index.modified_ns {
        return Ok(State::Same);
    }
    let bytes = match stat.kind {
        FileKind::Symlink => fs.read_link(path)?.into_os_string().into_vec(),
        _ => fs.read(path)?,
    };
    let id =
        gix_object::compute_hash(entry.id.kind(), gix_object::Kind::Blob, &bytes).map_err(|error| GitError::Read {
            repository: path.to_string_lossy().into_owned(),
            why: error.to_string(),
        })?;
    Ok(if id == entry.id { State::Same } else { State::Changed })
}
