//! A file system in memory, for tests and for trees that exist only in a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::fs::{DirEntry, FileKind, Fs, FsError, FsOp, Mode, Stat, absent};

/// Most links followed in one look-up, as Linux does (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

#[derive(Clone, Debug)]
enum Node {
    File {
        bytes: Vec<u8>,
        mode: u32,
    },
    Directory,
    Link(PathBuf),
    /// Every use of it is refused, as of a file of another user.
    Denied,
}

/// A tree of files in memory; all paths are absolute, and times are zero.
#[derive(Debug)]
pub struct MemoryFs {
    /// By path without links, `.` and `..`; each folder above is in it too.
    nodes: Mutex<BTreeMap<PathBuf, Node>>,
    /// Bytes that can still be written, as it says.
    room: u64,
    /// Files that somebody has locked.
    locked: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// A lock on a file in memory.
struct Lock {
    path: PathBuf,
    locked: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A test that has failed in between has nothing to lose.
        if let Ok(mut locked) = self.locked.lock() {
            locked.remove(&self.path);
        }
    }
}

impl Default for MemoryFs {
    fn default() -> MemoryFs {
        MemoryFs::new()
    }
}

impl MemoryFs {
    /// Returns an empty tree: the root folder alone.
    pub fn new() -> MemoryFs {
        MemoryFs {
            nodes: Mutex::new(BTreeMap::from([(PathBuf::from("/"), Node::Directory)])),
            room: 1 << 40,
            locked: Arc::default(),
        }
    }

    /// Says that so many bytes can still be written, instead of a tebibyte; more can be all the same.
    pub fn with_room(mut self, bytes: u64) -> MemoryFs {
        self.room = bytes;
        self
    }

    /// Adds a file, and the folders above it.
    pub fn file(self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> MemoryFs {
        self.put(
            path.as_ref(),
            Node::File {
                bytes: bytes.into(),
                mode: 0o644,
            },
        )
    }

    /// Adds an executable file, and the folders above it.
    pub fn executable(self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> MemoryFs {
        self.put(
            path.as_ref(),
            Node::File {
                bytes: bytes.into(),
                mode: 0o755,
            },
        )
    }

    /// Adds a folder, and those above it.
    pub fn directory(self, path: impl AsRef<Path>) -> MemoryFs {
        self.put(path.as_ref(), Node::Directory)
    }

    /// Adds a symbolic link, and the folders above it.
    pub fn link(self, path: impl AsRef<Path>, target: impl Into<PathBuf>) -> MemoryFs {
        self.put(path.as_ref(), Node::Link(target.into()))
    }

    /// Adds a name whose every use is refused, and the folders above it.
    pub fn denied(self, path: impl AsRef<Path>) -> MemoryFs {
        self.put(path.as_ref(), Node::Denied)
    }

    fn put(self, path: &Path, node: Node) -> MemoryFs {
        assert!(path.is_absolute(), "{path:?} is not absolute");
        let mut nodes = self.lock();
        for above in path.ancestors().skip(1) {
            nodes.entry(above.to_path_buf()).or_insert(Node::Directory);
        }
        nodes.insert(path.to_path_buf(), node);
        drop(nodes);
        self
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Node>> {
        self.nodes.lock().expect("no panic while holding the tree")
    }
}

/// Returns the path without links, `.` and `..`. The last part need not be there, and is followed only on request.
fn resolve(nodes: &BTreeMap<PathBuf, Node>, path: &Path, follow_last: bool) -> io::Result<PathBuf> {
    if !path.is_absolute() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not absolute"));
    }
    // What is still to walk, the next part last.
    let mut rest: Vec<OsString> = Vec::new();
    let push = |rest: &mut Vec<OsString>, path: &Path| {
        for part in path.components().rev() {
            match part {
                Component::Normal(name) => rest.push(name.to_os_string()),
                Component::ParentDir => rest.push("..".into()),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
    };
    push(&mut rest, path);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match nodes.get(&at) {
            Some(Node::Directory) => {}
            Some(Node::Denied) => return Err(ErrorKind::PermissionDenied.into()),
            Some(_) => return Err(ErrorKind::NotADirectory.into()),
            None => return Err(ErrorKind::NotFound.into()),
        }
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        if let Some(Node::Link(target)) = nodes.get(&at)
            && (follow_last || !rest.is_empty())
        {
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::other("too many levels of symbolic links"));
            }
            at.pop();
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            push(&mut rest, target);
        }
    }
    Ok(at)
}

fn get<'a>(nodes: &'a BTreeMap<PathBuf, Node>, path: &Path, follow_last: bool) -> io::Result<&'a Node> {
    match nodes.get(&resolve(nodes, path, follow_last)?) {
        Some(Node::Denied) => Err(ErrorKind::PermissionDenied.into()),
        Some(node) => Ok(node),
        None => Err(ErrorKind::NotFound.into()),
    }
}

/// Returns the place where something may be made: the folder above it is there.
fn place(nodes: &BTreeMap<PathBuf, Node>, path: &Path, follow_last: bool) -> io::Result<PathBuf> {
    let place = resolve(nodes, path, follow_last)?;
    let above = place.parent().ok_or_else(|| io::Error::from(ErrorKind::IsADirectory))?;
    match nodes.get(above) {
        Some(Node::Directory) => Ok(place),
        Some(_) => Err(ErrorKind::NotADirectory.into()),
        None => Err(ErrorKind::NotFound.into()),
    }
}

fn stat_of(node: &Node) -> Stat {
    let (kind, mode, len) = match node {
        Node::File { bytes, mode } => (FileKind::Regular, *mode, bytes.len()),
        Node::Directory => (FileKind::Directory, 0o755, 0),
        Node::Link(target) => (FileKind::Symlink, 0o777, target.as_os_str().len()),
        Node::Denied => (FileKind::Other, 0, 0),
    };
    Stat {
        kind,
        mode,
        len: len as u64,
        modified_ns: 0,
    }
}

fn maybe(path: &Path, answer: io::Result<&Node>) -> Result<Option<Stat>, FsError> {
    match answer {
        Ok(node) => Ok(Some(stat_of(node))),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(FsError::new(FsOp::Stat, path, error)),
    }
}

impl Fs for MemoryFs {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        let nodes = self.lock();
        let bytes = match get(&nodes, path, true) {
            Ok(Node::File { bytes, .. }) => Ok(bytes.clone()),
            Ok(_) => Err(ErrorKind::IsADirectory.into()),
            Err(error) => Err(error),
        };
        bytes.map_err(|e| FsError::new(FsOp::Read, path, e))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        maybe(path, get(&self.lock(), path, false))
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        maybe(path, get(&self.lock(), path, true))
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, FsError> {
        let nodes = self.lock();
        let list = || -> io::Result<Vec<DirEntry>> {
            let folder = resolve(&nodes, path, true)?;
            match get(&nodes, path, true)? {
                Node::Directory => {}
                _ => return Err(ErrorKind::NotADirectory.into()),
            }
            let below = nodes
                .range(folder.clone()..)
                .skip(1)
                .take_while(|(path, _)| path.starts_with(&folder));
            let mut entries: Vec<_> = below
                .filter(|(path, _)| path.parent() == Some(&folder))
                .filter_map(|(path, node)| Some((path.file_name()?.to_os_string(), stat_of(node).kind)))
                .map(|(name, kind)| DirEntry { name, kind })
                .collect();
            entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Ok(entries)
        };
        list().map_err(|e| FsError::new(FsOp::List, path, e))
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FsError> {
        let nodes = self.lock();
        let target = match get(&nodes, path, false) {
            Ok(Node::Link(target)) => Ok(target.clone()),
            Ok(_) => Err(ErrorKind::InvalidInput.into()),
            Err(error) => Err(error),
        };
        target.map_err(|e| FsError::new(FsOp::ReadLink, path, e))
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, FsError> {
        let nodes = self.lock();
        let found = get(&nodes, path, true).and_then(|_| resolve(&nodes, path, true));
        found.map_err(|e| FsError::new(FsOp::Canonicalize, path, e))
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        let mut nodes = self.lock();
        let written = place(&nodes, path, true).and_then(|place| match nodes.get_mut(&place) {
            Some(Node::Directory) => Err(ErrorKind::IsADirectory.into()),
            Some(Node::Denied) => Err(ErrorKind::PermissionDenied.into()),
            // As on a disk, a file that is there keeps its mode.
            Some(Node::File { bytes: old, .. }) => {
                *old = bytes.to_vec();
                Ok(())
            }
            Some(Node::Link(_)) | None => {
                nodes.insert(
                    place,
                    Node::File {
                        bytes: bytes.to_vec(),
                        mode: mode.bits(),
                    },
                );
                Ok(())
            }
        });
        written.map_err(|e| FsError::new(FsOp::Write, path, e))
    }

    fn write_atomic(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        let mut nodes = self.lock();
        let written = place(&nodes, path, false).and_then(|place| match nodes.get(&place) {
            Some(Node::Directory) => Err(ErrorKind::IsADirectory.into()),
            _ => {
                nodes.insert(
                    place,
                    Node::File {
                        bytes: bytes.to_vec(),
                        mode: mode.bits(),
                    },
                );
                Ok(())
            }
        });
        written.map_err(|e| FsError::new(FsOp::Write, path, e))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), FsError> {
        let mut nodes = self.lock();
        let mut make = |path: &Path| -> io::Result<()> {
            let mut at = PathBuf::from("/");
            for part in path.components() {
                at.push(part);
                let here = resolve(&nodes, &at, true)?;
                match nodes.get(&here) {
                    Some(Node::Directory) => {}
                    Some(_) => return Err(ErrorKind::AlreadyExists.into()),
                    None => drop(nodes.insert(here, Node::Directory)),
                }
            }
            Ok(())
        };
        make(path).map_err(|e| FsError::new(FsOp::Create, path, e))
    }

    fn symlink(&self, target: &Path, path: &Path) -> Result<(), FsError> {
        let mut nodes = self.lock();
        let made = place(&nodes, path, false).and_then(|place| {
            if nodes.contains_key(&place) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            nodes.insert(place, Node::Link(target.to_path_buf()));
            Ok(())
        });
        made.map_err(|e| FsError::new(FsOp::Create, path, e))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        let mut nodes = self.lock();
        let mut run = || -> io::Result<()> {
            get(&nodes, from, false)?;
            let from = resolve(&nodes, from, false)?;
            let to = place(&nodes, to, false)?;
            if to == from {
                return Ok(());
            }
            if to.starts_with(&from) {
                return Err(ErrorKind::InvalidInput.into());
            }
            nodes.retain(|path, _| !path.starts_with(&to));
            let moved: Vec<_> = nodes.keys().filter(|path| path.starts_with(&from)).cloned().collect();
            for old in moved {
                let rest = old.strip_prefix(&from).expect("it was chosen for this prefix");
                let new = if rest.as_os_str().is_empty() {
                    to.clone()
                } else {
                    to.join(rest)
                };
                let node = nodes.remove(&old).expect("it was found just now");
                nodes.insert(new, node);
            }
            Ok(())
        };
        run().map_err(|e| FsError::new(FsOp::Rename, from, e))
    }

    fn remove_file(&self, path: &Path) -> Result<(), FsError> {
        let mut nodes = self.lock();
        let mut run = || -> io::Result<()> {
            if let Node::Directory = get(&nodes, path, false)? {
                return Err(ErrorKind::IsADirectory.into());
            }
            let place = resolve(&nodes, path, false)?;
            nodes.remove(&place);
            Ok(())
        };
        run().map_err(|e| FsError::new(FsOp::Remove, path, e))
    }

    fn remove_dir_all(&self, path: &Path) -> Result<(), FsError> {
        let mut nodes = self.lock();
        match resolve(&nodes, path, false) {
            Ok(place) if matches!(nodes.get(&place), Some(Node::File { .. } | Node::Denied)) => {
                Err(FsError::new(FsOp::Remove, path, ErrorKind::NotADirectory.into()))
            }
            Ok(place) => {
                nodes.retain(|path, _| !path.starts_with(&place) || path == Path::new("/"));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(FsError::new(FsOp::Remove, path, error)),
        }
    }

    fn lock(&self, path: &Path) -> Result<Option<Box<dyn Send>>, FsError> {
        if self.stat(path)?.is_none() {
            self.write(path, b"", Mode::Plain)?;
        }
        let (path, locked) = (path.to_owned(), Arc::clone(&self.locked));
        let free = locked
            .lock()
            .expect("no panic while holding locks")
            .insert(path.clone());
        Ok(free.then(|| Box::new(Lock { path, locked }) as Box<dyn Send>))
    }

    fn room(&self, path: &Path) -> Result<u64, FsError> {
        match get(&self.lock(), path, true) {
            Ok(_) => Ok(self.room),
            Err(error) => Err(FsError::new(FsOp::Stat, path, error)),
        }
    }

    fn taken(&self, path: &Path) -> Result<u64, FsError> {
        let nodes = self.lock();
        let below = nodes.range(path.to_path_buf()..);
        let below = below.take_while(|(below, _)| below.starts_with(path));
        Ok(below.map(|(_, node)| stat_of(node).len).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> MemoryFs {
        MemoryFs::new()
            .file("/a/b/file", "text")
            .executable("/a/run", "#!")
            .link("/a/up", "../c")
            .link("/a/abs", "/a/b")
            .link("/a/dangling", "nowhere")
            .link("/loop", "loop")
            .directory("/c/d")
            .denied("/secret")
            .file("/a.b", "sorts between /a and /a/b")
    }

    #[test]
    fn links_are_followed_where_asked() {
        let fs = tree();
        let check = |path: &str, lstat: Option<FileKind>, stat: Option<FileKind>| {
            let path = Path::new(path);
            assert_eq!(fs.lstat(path).unwrap().map(|s| s.kind), lstat, "lstat {path:?}");
            assert_eq!(fs.stat(path).unwrap().map(|s| s.kind), stat, "stat {path:?}");
        };
        use FileKind::{Directory, Regular, Symlink};
        check("/a/b/file", Some(Regular), Some(Regular));
        check("/a/abs/file", Some(Regular), Some(Regular));
        check("/a/abs", Some(Symlink), Some(Directory));
        check("/a/up/d", Some(Directory), Some(Directory));
        check("/a/dangling", Some(Symlink), None);
        check("/a/b/file/below", None, None);
        check("/a/up/../a/./run", Some(Regular), Some(Regular));
        assert!(fs.stat(Path::new("/loop")).is_err());
        assert!(fs.stat(Path::new("/secret")).is_err());
        assert_eq!(
            fs.canonicalize(Path::new("/a/abs/file")).unwrap(),
            Path::new("/a/b/file")
        );
    }

    #[test]
    fn a_listing_holds_direct_names_only_and_is_sorted() {
        let fs = tree();
        let names = |path: &str| -> Vec<_> {
            fs.read_dir(Path::new(path))
                .unwrap()
                .into_iter()
                .map(|e| e.name)
                .collect()
        };
        assert_eq!(names("/"), ["a", "a.b", "c", "loop", "secret"]);
        assert_eq!(names("/a"), ["abs", "b", "dangling", "run", "up"]);
        assert_eq!(names("/a/up"), ["d"]);
        assert_eq!(names("/c/d"), Vec::<OsString>::new());
        assert!(fs.read_dir(Path::new("/a/run")).is_err());
    }

    #[test]
    fn trees_can_be_written_moved_and_removed() {
        let fs = tree();
        let path = Path::new;
        fs.create_dir_all(path("/x/y")).unwrap();
        fs.write(path("/x/y/f"), b"1", Mode::Executable).unwrap();
        fs.write(path("/a/dangling"), b"made through the link", Mode::Plain)
            .unwrap();
        fs.rename(path("/x"), path("/z")).unwrap();
        assert_eq!(fs.read(path("/z/y/f")).unwrap(), b"1");
        assert!(fs.stat(path("/z/y/f")).unwrap().unwrap().executable());
        assert_eq!(fs.read(path("/a/nowhere")).unwrap(), b"made through the link");
        assert_eq!(fs.lstat(path("/x/y")).unwrap(), None);
        fs.write(path("/x/f"), b"", Mode::Plain).unwrap_err();
        fs.remove_dir_all(path("/z")).unwrap();
        fs.remove_dir_all(path("/z")).unwrap();
        fs.remove_file(path("/a")).unwrap_err();
        fs.remove_file(path("/a/up")).unwrap();
        assert_eq!(fs.lstat(path("/a/up")).unwrap(), None);
        assert_eq!(fs.lstat(path("/z")).unwrap(), None);
    }
}
