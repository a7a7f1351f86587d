//! The commit that is signed for: what is checked out, and nothing beside it.

use crate::diff::states::{StateError, state};
use crate::machine::Machine;
use crate::session::{Asked, SessionError, asked};
use ::check::{baseline, policy, source};
use flake::git::{GitError, Repository};
use flake::tree::{Accessor, NodeKind, TreeError, join};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use sys::{FileKind, Fs, FsError};

/// What cfgcheck reads of a flake's folder without being told by the flake: it must be the commit's.
const READ: [&str; 5] = [
    "cfgcheck.yaml",
    baseline::FILE,
    policy::FOLDER,
    source::REGRESSIONS,
    crate::vm::FOLDER,
];

/// A commit that is checked out, whole and unchanged.
pub struct Commit {
    /// The flake at this commit.
    pub asked: Asked,
    /// The commit, in hexadecimal digits.
    pub id: String,
    /// Its tree.
    pub tree: String,
    /// The folder of the flake on the disk.
    folder: PathBuf,
}

/// Why there is no commit to sign for.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The flake cannot be named.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The commit cannot be named.
    #[error(transparent)]
    State(#[from] StateError),
    /// The flake is in no repository here.
    #[error("'{0}' is no flake in a Git repository on this machine; sign where the commit is checked out")]
    Elsewhere(String),
    /// The reference names a state of its own.
    #[error("'{0}' names a branch, a commit or a part of a flake; check the commit out, and name its folder")]
    Named(String),
    /// There is no commit yet.
    #[error("there is no commit yet")]
    Unborn,
    /// The files are not those of the commit.
    #[error("{} not as the commit {commit} has {}: {files}; commit or discard that", are(.count), them(.count))]
    Dirty {
        /// The commit.
        commit: String,
        /// How many files differ.
        count: usize,
        /// Some of them.
        files: String,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The commit's tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

fn are(count: &usize) -> &'static str {
    if *count == 1 { "a file is" } else { "files are" }
}

fn them(count: &usize) -> &'static str {
    if *count == 1 { "it" } else { "them" }
}

impl Commit {
    /// Returns the commit that is checked out where a flake lies, if no tracked file differs from it.
    pub fn of(machine: &Machine, flake: &str) -> Result<Commit, CommitError> {
        let here = asked(machine, flake)?;
        let attrs = here.reference.input.attrs();
        let is_git = attrs.str("type").ok().flatten() == Some("git");
        let Some(root) = here.root.clone().filter(|_| is_git) else {
            return Err(CommitError::Elsewhere(flake.to_owned()));
        };
        let is_named = |name| attrs.str(name).ok().flatten().is_some();
        if is_named("rev") || is_named("ref") || !here.fragment.is_empty() {
            return Err(CommitError::Named(flake.to_owned()));
        }
        let repository = Repository::open(machine.fs.clone(), &root)?;
        let tree = repository.work_tree(&root)?;
        let id = tree.head.ok_or(CommitError::Unborn)?;
        let shown = |path: &Vec<u8>| String::from_utf8_lossy(path).into_owned();
        if tree.is_dirty {
            let files: BTreeSet<String> = tree.dirty.iter().chain(&tree.deleted).map(shown).collect();
            return Err(dirty(&id.to_string(), files));
        }
        let (_, commit) = repository.objects().commit(&id)?;
        let folder = root.join(&here.reference.dir);
        let named = state(machine, flake, &id.to_string())?;
        Ok(Commit {
            asked: named.asked,
            id: id.to_string(),
            tree: commit.tree.to_string(),
            folder,
        })
    }

    /// Checks that what cfgcheck reads of the folder itself, such as its settings, is what the commit has: a file that Git does
    /// not track, or was told to overlook, must not decide what passes. `dir` is the flake's folder in the tree.
    pub fn has_same_settings(&self, fs: &dyn Fs, tree: &dyn Accessor, dir: &[u8]) -> Result<(), CommitError> {
        let mut differing = BTreeSet::new();
        for name in READ {
            let place = self.folder.join(name);
            compare(fs, &place, tree, &join(dir, name.as_bytes()), &mut differing)?;
        }
        match differing.is_empty() {
            true => Ok(()),
            false => Err(dirty(&self.id, differing)),
        }
    }
}

fn dirty(commit: &str, files: BTreeSet<String>) -> CommitError {
    /// Files that are named.
    const MOST: usize = 5;
    let mut told: Vec<String> = files.iter().take(MOST).map(|file| format!("'{file}'")).collect();
    if files.len() > MOST {
        told.push("…".to_owned());
    }
    CommitError::Dirty {
        commit: commit.to_owned(),
        count: files.len(),
        files: told.join(", "),
    }
}

/// Adds the paths below `path` at which a folder of the disk and a tree differ.
fn compare(
    fs: &dyn Fs,
    place: &Path,
    tree: &dyn Accessor,
    path: &[u8],
    differing: &mut BTreeSet<String>,
) -> Result<(), CommitError> {
    let here = fs.lstat(place)?.map(|stat| stat.kind);
    let same = match (here, tree.lstat(path)?) {
        (None, None) => true,
        (Some(FileKind::Regular), Some(NodeKind::Regular { .. })) => fs.read(place)? == tree.read_file(path)?,
        (Some(FileKind::Symlink), Some(NodeKind::Symlink)) => {
            fs.read_link(place)?.into_os_string().into_vec() == tree.read_link(path)?
        }
        (Some(FileKind::Directory), Some(NodeKind::Directory)) => {
            let entries = fs.read_dir(place)?.into_iter().map(|entry| entry.name.into_vec());
            let names: BTreeSet<Vec<u8>> = entries.chain(tree.read_dir(path)?.into_keys()).collect();
            for name in names {
                let place = place.join(OsStr::from_bytes(&name));
                compare(fs, &place, tree, &join(path, &name), differing)?;
            }
            true
        }
        // Git keeps no empty folder.
        (Some(FileKind::Directory), None) => {
            let entries = fs.read_dir(place)?;
            differing.extend(entries.iter().map(|entry| shown(&join(path, entry.name.as_bytes()))));
            true
        }
        _ => false,
    };
    if !same {
        differing.insert(shown(path));
    }
    Ok(())
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flake::tree::MemoryTree;
    use sys::MemoryFs;

    fn told(fs: &MemoryFs, tree: &MemoryTree) -> Vec<String> {
        let mut differing = BTreeSet::new();
        for name in READ {
            let place = Path::new("/flake").join(name);
            compare(fs, &place, tree, name.as_bytes(), &mut differing).expect("both are read");
        }
        differing.into_iter().collect()
    }

    #[test]
    fn what_only_the_disk_has_decides_nothing() {
        let fs = || {
            MemoryFs::new()
                .file("/flake/cfgcheck.yaml", "a")
                .file("/flake/checks/x.yaml", "b")
        };
        let tree = || {
            MemoryTree::new()
                .with_file("cfgcheck.yaml", "a")
                .with_file("checks/x.yaml", "b")
        };
        assert_eq!(told(&fs(), &tree()), [""; 0]);
        assert_eq!(told(&fs().directory("/flake/vm-tests"), &tree()), [""; 0]);
        assert_eq!(
            told(&fs().file("/flake/other", ""), &tree()),
            [""; 0],
            "of which nothing is read"
        );
        assert_eq!(
            told(&fs().file("/flake/cfgcheck.yaml", "c"), &tree()),
            ["cfgcheck.yaml"]
        );
        assert_eq!(told(&fs().file("/flake/checks/y.yaml", ""), &tree()), ["checks/y.yaml"]);
        assert_eq!(told(&fs(), &tree().with_file("checks/z.yaml", "")), ["checks/z.yaml"]);
        assert_eq!(
            told(&fs().file("/flake/vm-tests/x.yaml", ""), &tree()),
            ["vm-tests/x.yaml"]
        );
        let baseline = format!("/flake/{}", baseline::FILE);
        assert_eq!(told(&fs().file(baseline, "{}"), &tree()), [baseline::FILE]);
        let link = MemoryFs::new()
            .link("/flake/cfgcheck.yaml", "b")
            .file("/flake/checks/x.yaml", "b");
        assert_eq!(told(&link, &tree()), ["cfgcheck.yaml"]);
        assert_eq!(told(&MemoryFs::new(), &tree()), ["cfgcheck.yaml", "checks"]);
    }

    #[test]
    fn some_files_are_named_and_not_all() {
        let told = |count: usize| dirty("1234", (0..count).map(|n| n.to_string()).collect()).to_string();
        assert_eq!(
            told(1),
            "a file is not as the commit 1234 has it: '0'; commit or discard that"
        );
        let many = "files are not as the commit 1234 has them: '0', '1', '2', '3', '4', …; commit or discard that";
        assert_eq!(told(6), many);
    }
}
