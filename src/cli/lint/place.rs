//! Which repository the files of the command line are in, and which of its findings are asked for.

use crate::machine::Machine;
use crate::session::Asked;
use flake::git::Repository;
use flake::tree::{Accessor, FolderTree, NodeKind, TrackedTree};
use flake::{Attrs, FlakeRef, Input};
use report::Case;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use sys::FileKind;

/// A repository, the flake in it, and what of it is asked for.
pub(super) struct Place {
    /// The root of the repository, or of a folder that is in none.
    root: PathBuf,
    is_repository: bool,
    /// The folder of the flake below the root.
    folder: Vec<u8>,
    /// Paths below the root that findings are asked for in; all if there are none.
    only: Vec<Vec<u8>>,
    /// Files that were named and are not there.
    missing: Vec<String>,
    /// The flake as the user may write it.
    shown: String,
}

/// The files of a repository as lint sees them.
pub(super) struct Tree {
    /// What Git tracks and what the command line names; all files where there is no Git.
    pub accessor: Arc<dyn Accessor>,
    /// All files of the disk; none where there is no Git.
    disk: Option<FolderTree>,
}

impl Tree {
    /// Whether something is at a path that Git does not track.
    pub fn is_untracked(&self, path: &[u8]) -> bool {
        let Some(disk) = &self.disk else { return false };
        let is_there = |tree: &dyn Accessor| matches!(tree.lstat(path), Ok(Some(kind)) if kind != NodeKind::Unknown);
        is_there(disk) && !is_there(self.accessor.as_ref())
    }
}

impl Place {
    /// Returns the repository that all of these files and folders are in: that of the current folder, if they are in it.
    pub fn find(machine: &Machine, files: &[PathBuf]) -> Result<Place, String> {
        let here = machine
            .env
            .current_dir()
            .map_err(|error| format!("the current folder cannot be told: {error}"))?;
        // Links in the way to a file are resolved, so that it is found below its root.
        let here = machine.fs.canonicalize(&here).map_err(|error| error.to_string())?;
        let mut found: Option<(Root, Vec<Vec<u8>>)> = None;
        let own = Root::above(machine, &here);
        let mut missing = Vec::new();
        let current = [PathBuf::from(".")];
        for file in if files.is_empty() { &current } else { files } {
            let path = plain(&here.join(file));
            let kind = machine
                .fs
                .stat(&path)
                .map_err(|error| error.to_string())?
                .map(|stat| stat.kind);
            if kind.is_none() {
                missing.push(file.display().to_string());
            }
            let is_folder = kind == Some(FileKind::Directory);
            let folder = if is_folder {
                path.as_path()
            } else {
                path.parent().unwrap_or(&path)
            };
            let folder = machine.fs.canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            let path = match path.file_name() {
                Some(name) if !is_folder => folder.join(name),
                _ => folder.clone(),
            };
            let root = match &own {
                Some(own) if path.starts_with(&own.flake) && !is_flake_of_its_own(machine, &path, is_folder, own) => {
                    own.clone()
                }
                _ => Root::above(machine, &folder).unwrap_or_else(|| Root {
                    top: folder.clone(),
                    flake: folder.clone(),
                    is_repository: false,
                }),
            };
            let below = path
                .strip_prefix(&root.top)
                .unwrap_or(Path::new(""))
                .as_os_str()
                .as_bytes()
                .to_vec();
            let whole = files.is_empty() || path == root.flake;
            match &mut found {
                None => found = Some((root, if whole { Vec::new() } else { vec![below] })),
                Some((known, _)) if *known != root => {
                    let (a, b) = (known.flake.display(), root.flake.display());
                    return Err(format!(
                        "the files are in two repositories, {a} and {b}: lint each by itself"
                    ));
                }
                // A folder of all, and files of it, are all.
                Some((_, only)) if only.is_empty() => {}
                Some((_, only)) if whole => only.clear(),
                Some((_, only)) => only.push(below),
            }
        }
        let (root, only) = found.expect("there is at least the current folder");
        let folder = root.flake.strip_prefix(&root.top).unwrap_or(Path::new(""));
        let shown = match root.flake == here {
            true => ".".to_owned(),
            false => root.flake.display().to_string(),
        };
        Ok(Place {
            folder: folder.as_os_str().as_bytes().to_vec(),
            is_repository: root.is_repository,
            root: root.top,
            only,
            missing,
            shown,
        })
    }

    /// Returns the flake as `check` would be given it, for the files beside it.
    pub fn asked(&self) -> Asked {
        let mut attrs = Attrs::new();
        attrs.set("type", "path");
        attrs.set("path", self.root.to_string_lossy().into_owned());
        let input = Input::from_attrs(attrs).expect("a path is all that such an input needs");
        Asked {
            reference: FlakeRef {
                input,
                dir: String::from_utf8_lossy(&self.folder).into_owned(),
            },
            fragment: String::new(),
            root: Some(self.root.clone()),
        }
    }

    /// Returns the files of the repository.
    pub fn tree(&self, machine: &Machine) -> Result<Tree, String> {
        let disk = FolderTree::new(machine.fs.clone(), self.root.clone());
        if !self.is_repository {
            return Ok(Tree {
                accessor: Arc::new(disk),
                disk: None,
            });
        }
        let repository = Repository::open(machine.fs.clone(), &self.root).map_err(|error| error.to_string())?;
        let mut files = repository.tracked_files().map_err(|error| error.to_string())?;
        // What is named is looked at, whether Git knows it yet or not.
        let is_file = |path: &&Vec<u8>| matches!(disk.lstat(path), Ok(Some(NodeKind::Regular { .. })));
        files.extend(self.only.iter().filter(is_file).cloned());
        Ok(Tree {
            accessor: Arc::new(TrackedTree::new(machine.fs.clone(), self.root.clone(), files)),
            disk: Some(disk),
        })
    }

    /// Returns the root of the repository as bytes.
    pub fn root(&self) -> &[u8] {
        self.root.as_os_str().as_bytes()
    }

    /// Returns the folder of the flake in the repository.
    pub fn folder(&self) -> &[u8] {
        &self.folder
    }

    /// Returns the folder of the flake on the disk.
    pub fn on_disk(&self) -> PathBuf {
        self.root.join(OsStr::from_bytes(&self.folder))
    }

    /// Returns the flake as the user may write it.
    pub fn shown(&self) -> String {
        self.shown.clone()
    }

    /// Returns the files that were named and are not there.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Whether a file below this folder was named.
    pub fn is_asked_below(&self, folder: &[u8]) -> bool {
        self.only.iter().any(|only| is_below(only, folder))
    }

    /// Leaves only the findings of a case that are asked for.
    pub fn narrow(&self, case: &mut Case) {
        if self.only.is_empty() {
            return;
        }
        case.findings.retain(|finding| {
            let file = finding.location.as_ref().map(|location| location.file.as_bytes());
            file.is_some_and(|file| self.only.iter().any(|only| is_below(file, only)))
        });
    }
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.is_empty() || rest.starts_with(b"/"))
}

/// Whether a folder that was named is another flake than the one of the current folder.
fn is_flake_of_its_own(machine: &Machine, path: &Path, is_folder: bool, own: &Root) -> bool {
    is_folder && path != own.flake && matches!(machine.fs.stat(&path.join("flake.nix")), Ok(Some(_)))
}

/// Where a flake and its repository are.
#[derive(Clone, PartialEq, Eq)]
struct Root {
    top: PathBuf,
    flake: PathBuf,
    is_repository: bool,
}

impl Root {
    /// Returns the nearest flake and repository above a folder, the folder included.
    fn above(machine: &Machine, folder: &Path) -> Option<Root> {
        let has = |folder: &Path, name: &str| matches!(machine.fs.lstat(&folder.join(name)), Ok(Some(_)));
        let repository = folder.ancestors().find(|above| has(above, ".git"));
        let in_repository = |above: &&Path| repository.is_none_or(|top| above.starts_with(top));
        let flake = folder
            .ancestors()
            .take_while(in_repository)
            .find(|above| has(above, "flake.nix"));
        let flake = flake.or(repository)?.to_owned();
        Some(Root {
            top: repository.map_or_else(|| flake.clone(), Path::to_owned),
            is_repository: repository.is_some(),
            flake,
        })
    }
}

/// Returns an absolute path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                found.pop();
            }
            other => found.push(other),
        }
    }
    found
}
