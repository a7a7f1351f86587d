//! The world of an evaluation: the machine's files, and trees mounted in the store.
//!
//! Implements the evaluator's [`EvalIo`] over the doors of `sys` and the trees of this room. In pure
//! evaluation only what is mounted can be read.

use crate::tree::{Accessor, NodeKind, TreeError};
use eval::{EvalIo, FetchRequest, Fetched, FileType, IoError};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use store::{STORE_DIR, StorePath};
use sys::{Clock, Env, FileKind, Fs};

/// Which paths an evaluation may read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// All of the machine's.
    Everything,
    /// Only what is mounted in the store: pure evaluation.
    Mounted,
}

/// Where the evaluator's messages go: `trace`, warnings; a line each, without its end.
pub type MessageSink = Box<dyn FnMut(&[u8])>;

/// The world of one evaluation.
pub struct World {
    fs: Arc<dyn Fs>,
    env: Arc<dyn Env>,
    clock: Arc<dyn Clock>,
    access: Access,
    mounts: HashMap<Vec<u8>, Arc<dyn Accessor>>,
    messages: MessageSink,
}

impl World {
    /// Returns a world without mounts.
    pub fn new(
        fs: Arc<dyn Fs>,
        env: Arc<dyn Env>,
        clock: Arc<dyn Clock>,
        access: Access,
        messages: MessageSink,
    ) -> World {
        World { fs, env, clock, access, mounts: HashMap::new(), messages }
    }

    /// Makes a tree readable at a store path.
    pub fn mount(&mut self, path: &StorePath, tree: Arc<dyn Accessor>) {
        self.mounts.insert(path.base_name().as_bytes().to_vec(), tree);
    }

    /// Returns the mounted tree that a path lies in, and the path inside it.
    fn mounted<'p>(&self, path: &'p [u8]) -> Option<(&Arc<dyn Accessor>, &'p [u8])> {
        let rest = path.strip_prefix(STORE_DIR.as_bytes())?.strip_prefix(b"/")?;
        let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        let tree = self.mounts.get(&rest[..end])?;
        Some((tree, rest.get(end + 1..).unwrap_or_default()))
    }

    fn check(&self, path: &[u8]) -> Result<(), IoError> {
        match self.access {
            Access::Everything => Ok(()),
            Access::Mounted => Err(IoError::Forbidden(format!(
                "access to absolute path '{}' is forbidden in pure evaluation mode (use '--impure' to override)",
                shown(path)
            ))),
        }
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn disk(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

fn tree_error(path: &[u8], error: TreeError) -> IoError {
    match error {
        TreeError::Absent(_) => IoError::NotFound(shown(path)),
        other => IoError::Other(other.to_string()),
    }
}

fn disk_error(path: &[u8], error: sys::FsError) -> IoError {
    if error.is_absent() { IoError::NotFound(shown(path)) } else { IoError::Other(error.to_string()) }
}

fn node_type(kind: NodeKind) -> FileType {
    match kind {
        NodeKind::Regular { executable: true } => FileType::Executable,
        NodeKind::Regular { executable: false } => FileType::Regular,
        NodeKind::Directory => FileType::Directory,
        NodeKind::Symlink => FileType::Symlink,
        NodeKind::Unknown => FileType::Unknown,
    }
}

fn disk_type(kind: FileKind) -> FileType {
    match kind {
        FileKind::Regular => FileType::Regular,
        FileKind::Directory => FileType::Directory,
        FileKind::Symlink => FileType::Symlink,
        FileKind::Other => FileType::Unknown,
    }
}

impl EvalIo for World {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        if let Some((tree, inside)) = self.mounted(path) {
            return tree.read_file(inside).map(Arc::from).map_err(|e| tree_error(path, e));
        }
        self.check(path)?;
        self.fs.read(disk(path)).map(Arc::from).map_err(|e| disk_error(path, e))
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        if let Some((tree, inside)) = self.mounted(path) {
            return tree.lstat(inside).map(|k| k.map(node_type)).map_err(|e| tree_error(path, e));
        }
        self.check(path)?;
        let stat = self.fs.lstat(disk(path)).map_err(|e| disk_error(path, e))?;
        Ok(stat.map(|s| if s.executable() { FileType::Executable } else { disk_type(s.kind) }))
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        if let Some((tree, inside)) = self.mounted(path) {
            let listing = tree.read_dir(inside).map_err(|e| tree_error(path, e))?;
            return Ok(listing.into_iter().map(|(name, kind)| (name, node_type(kind))).collect());
        }
        self.check(path)?;
        let entries = self.fs.read_dir(disk(path)).map_err(|e| disk_error(path, e))?;
        Ok(entries.into_iter().map(|e| (e.name.into_vec(), disk_type(e.kind))).collect())
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        if let Some((tree, inside)) = self.mounted(path) {
            return tree.read_link(inside).map_err(|e| tree_error(path, e));
        }
        self.check(path)?;
        let target = self.fs.read_link(disk(path)).map_err(|e| disk_error(path, e))?;
        Ok(target.into_os_string().into_vec())
    }

    fn env(&mut self, name: &str) -> String {
        match self.access {
            Access::Everything => {
                self.env.var(name).map(|v| v.to_string_lossy().into_owned()).unwrap_or_default()
            }
            Access::Mounted => String::new(),
        }
    }

    fn current_time(&mut self) -> i64 {
        self.clock.unix_time().as_secs() as i64
    }

    fn elapsed_millis(&mut self) -> u64 {
        self.clock.monotonic().as_millis() as u64
    }

    fn fetch(&mut self, _request: &FetchRequest) -> Result<Fetched, IoError> {
        Err(IoError::Forbidden("fetching is not possible in this evaluation".into()))
    }

    fn realise(
        &mut self,
        _store: &store::VirtualStore,
        drv: &StorePath,
        _outputs: &[String],
    ) -> Result<(), IoError> {
        Err(IoError::Forbidden(format!("cannot build '{}' during evaluation", drv.to_path())))
    }

    fn message(&mut self, text: &[u8]) {
        (self.messages)(text);
    }
}
