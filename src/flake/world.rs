//! The world of an evaluation: the machine's files, and trees mounted in the store.
//!
//! Implements the evaluator's [`EvalIo`] over the doors of `sys` and the trees of this room. In pure
//! evaluation only what is mounted can be read.

use crate::flakeref::{FlakeRef, Reading};
use crate::flakes::{Flakes, Mounted, from_fetch_attrs, mount, to_fetch_attrs};
use crate::input::Input;
use crate::reads::Recording;
use crate::tree::{Accessor, FolderTree, NodeKind, TreeError};
use crate::trust::Voice;
use eval::io::FlakeCaller;
use eval::{Build, EvalIo, FetchAttr, FetchRequest, Fetched, FileType, IoError};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use store::{
    ContentAddress, ContentAddressMethod, Hash, HashAlgo, HashFormat, References, STORE_DIR, StorePath,
    content_addressed_path,
};
use sys::{Clock, Env, FileKind, Fs};

/// Which paths an evaluation may read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// All of the machine's.
    Everything,
    /// Only what is mounted in the store: pure evaluation.
    Mounted,
    /// What is mounted, what lies below one of these folders, and the folders above them: Nix's
    /// `restrict-eval`. All are absolute and canonical.
    Below(Vec<Vec<u8>>),
}

/// Where the evaluator's messages go: `trace`, warnings; a line each, without its end.
pub type MessageSink = Box<dyn FnMut(&[u8])>;

/// An output that was built, or something that it points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Realised {
    /// The output.
    pub path: StorePath,
    /// What it points to.
    pub references: Vec<StorePath>,
    /// Where it lies on the disk.
    pub at: PathBuf,
}

/// Builds outputs of a derivation and returns them, or says why not.
pub type Realiser = Box<dyn FnMut(&Build<'_>) -> Result<Vec<Realised>, IoError>>;

/// A mounted tree, a path in it, and what takes down what it says.
type Inside<'w, 'p> = (&'w Arc<dyn Accessor>, &'p [u8], Option<&'w Recording>);

/// The world of one evaluation.
pub struct World {
    fs: Arc<dyn Fs>,
    env: Arc<dyn Env>,
    clock: Arc<dyn Clock>,
    access: Access,
    mounts: HashMap<Vec<u8>, Arc<dyn Accessor>>,
    messages: MessageSink,
    flakes: Option<Rc<Flakes>>,
    realiser: Option<Realiser>,
    /// What built outputs point to.
    built: HashMap<StorePath, Vec<StorePath>>,
    /// Takes down what is answered about the flake under test, the first of `flakes`.
    recording: Option<Recording>,
    /// The name in the store of that flake's source.
    own: Option<Vec<u8>>,
}

/// The number of the flake under test, which is locked before all others.
pub const OWN: u32 = 0;

impl World {
    /// Returns a world without mounts.
    pub fn new(
        fs: Arc<dyn Fs>,
        env: Arc<dyn Env>,
        clock: Arc<dyn Clock>,
        access: Access,
        messages: MessageSink,
    ) -> World {
        World {
            fs,
            env,
            clock,
            access,
            mounts: HashMap::new(),
            messages,
            flakes: None,
            realiser: None,
            built: HashMap::new(),
            recording: None,
            own: None,
        }
    }

    /// Returns the world with flakes that it fetches and calls.
    pub fn with_flakes(mut self, flakes: Rc<Flakes>) -> World {
        self.flakes = Some(flakes);
        self
    }

    /// Returns the world with something that takes down what is answered about the flake under test.
    pub fn with_recording(mut self, recording: Recording) -> World {
        self.recording = Some(recording);
        self
    }

    /// Returns the world with something that builds derivations (import from derivation).
    pub fn with_realiser(mut self, realiser: Realiser) -> World {
        self.realiser = Some(realiser);
        self
    }

    /// Makes a tree readable at a store path.
    pub fn mount(&mut self, path: &StorePath, tree: Arc<dyn Accessor>) {
        self.mounts.insert(path.base_name().as_bytes().to_vec(), tree);
    }

    /// Returns the mounted tree that a path lies in, the path inside it, and what takes down what the tree says, if it is
    /// that of the flake under test.
    fn mounted<'w, 'p>(&'w self, path: &'p [u8]) -> Option<Inside<'w, 'p>> {
        let rest = path.strip_prefix(STORE_DIR.as_bytes())?.strip_prefix(b"/")?;
        let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        let tree = self.mounts.get(&rest[..end])?;
        let is_own = self.own.as_deref() == Some(&rest[..end]);
        let recording = self.recording.as_ref().filter(|_| is_own);
        Some((tree, rest.get(end + 1..).unwrap_or_default(), recording))
    }

    /// Takes down that an answer may be another one the next time.
    fn fleeting(&self, why: &dyn std::fmt::Display) {
        if let Some(recording) = &self.recording {
            recording.fleeting(why.to_string());
        }
    }

    /// Takes down that a node of the flake under test was read.
    fn read_node(&mut self, node: u32, mounted: &Mounted) {
        let (Some(recording), Some(flakes)) = (&self.recording, &self.flakes) else {
            return;
        };
        if node == 0 {
            self.own = Some(mounted.path.base_name().as_bytes().to_vec());
            recording.attributes(crate::flakes::attributes(mounted));
        } else if let Some((path, locked)) = flakes.identity(OWN, node) {
            recording.input(path, locked);
        } else {
            recording.fleeting("an input is not locked".into());
        }
    }

    fn mount_fetched(&mut self, mounted: Mounted) -> Fetched {
        self.mount(&mounted.path, mounted.tree.accessor.clone());
        Fetched {
            path: mounted.path,
            attrs: mounted.attrs,
        }
    }

    fn fetched(&mut self, request: &FetchRequest) -> Result<Fetched, IoError> {
        let Some(flakes) = self.flakes.clone() else {
            return Err(IoError::Forbidden("fetching is not possible in this evaluation".into()));
        };
        let other = |error: &dyn std::fmt::Display| IoError::Other(error.to_string());
        let tree = |attrs: &crate::Attrs| {
            let input = Input::from_attrs(attrs.clone()).map_err(|e| other(&e))?;
            let (input, _) = flakes
                .registries
                .resolve(&input, crate::registry::Lookup::Everywhere)
                .map_err(|e| other(&e))?;
            flakes.fetcher.fetch(&input, Voice::Flake).map_err(|e| other(&e))
        };
        match request {
            FetchRequest::Node { flake, node } => {
                let mounted = flakes.node(*flake, *node).map_err(|e| other(&e))?;
                if *flake == OWN {
                    self.read_node(*node, &mounted);
                }
                Ok(self.mount_fetched(mounted))
            }
            FetchRequest::Tree { attrs, .. } => {
                let tree = tree(&from_fetch_attrs(attrs))?;
                let mounted = mount(tree, false).map_err(|e| other(&e))?;
                Ok(self.mount_fetched(mounted))
            }
            FetchRequest::Tarball { url, name, hash } => {
                let mut attrs = crate::Attrs::new();
                attrs.set("type", "tarball");
                attrs.set("url", url.as_str());
                let tree = tree(&attrs)?;
                let found = *tree.nar_hash().map_err(|e| other(&e))?.hash();
                if let Some(expected) = hash.filter(|expected| *expected != found) {
                    return Err(hash_mismatch(url, &expected, &found));
                }
                let path = fixed(name, ContentAddressMethod::Nar, found)?;
                self.mount(&path, tree.accessor.clone());
                Ok(Fetched {
                    path,
                    attrs: Vec::new(),
                })
            }
            FetchRequest::Url { url, name, hash } => {
                let mut attrs = crate::Attrs::new();
                attrs.set("type", "file");
                attrs.set("url", url.as_str());
                let tree = tree(&attrs)?;
                let bytes = tree.accessor.read_file(b"").map_err(|e| other(&e))?;
                let algo = hash.map_or(HashAlgo::Sha256, |h| h.algo());
                let found = algo.hash(&bytes);
                if let Some(expected) = hash.filter(|expected| *expected != found) {
                    return Err(hash_mismatch(url, &expected, &found));
                }
                let path = fixed(name, ContentAddressMethod::Flat, found)?;
                self.mount(&path, tree.accessor.clone());
                Ok(Fetched {
                    path,
                    attrs: Vec::new(),
                })
            }
        }
    }

    fn check(&self, path: &[u8]) -> Result<(), IoError> {
        match &self.access {
            Access::Everything => Ok(()),
            Access::Below(folders) if folders.iter().any(|f| is_below(path, f) || is_below(f, path)) => Ok(()),
            Access::Below(_) => Err(IoError::Forbidden(format!(
                "access to absolute path '{}' is forbidden in restricted mode",
                shown(path)
            ))),
            Access::Mounted => Err(IoError::Forbidden(format!(
                "access to absolute path '{}' is forbidden in pure evaluation mode (use '--impure' to override)",
                shown(path)
            ))),
        }
    }
}

/// Returns the store path of fetched contents.
fn fixed(name: &str, method: ContentAddressMethod, hash: Hash) -> Result<StorePath, IoError> {
    let address = ContentAddress { method, hash };
    content_addressed_path(name.as_bytes(), &address, &References::default()).map_err(|e| IoError::Other(e.to_string()))
}

fn hash_mismatch(url: &str, expected: &Hash, found: &Hash) -> IoError {
    let text = |hash: &Hash| hash.to_text(HashFormat::Sri, true);
    IoError::Other(format!(
        "hash mismatch in file downloaded from '{url}':\n  specified: {}\n  got:       {}",
        text(expected),
        text(found)
    ))
}

/// Whether a path is `folder` or something below it.
fn is_below(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
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

/// Returns what is said of a file that is read and is not there, if the tree is a plain folder: Nix has
/// it in its store, where it reads without looking first, and says what the system says.
fn unread(
    tree: &dyn Accessor,
    inside: &[u8],
    error: TreeError,
    of_system: impl FnOnce() -> String,
) -> Result<IoError, TreeError> {
    let is_folder = tree.disk_root().is_some() && tree.explain_absence(inside).is_none();
    match error {
        TreeError::Absent(_) if is_folder => Ok(IoError::Other(of_system())),
        other => Err(other),
    }
}

fn disk_error(path: &[u8], error: sys::FsError) -> IoError {
    if error.is_absent() {
        IoError::NotFound(shown(path))
    } else {
        IoError::Other(error.to_string())
    }
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
        if let Some((tree, inside, recording)) = self.mounted(path) {
            let read = tree.read_file(inside);
            if let Some(recording) = recording {
                recording.content(inside, &read);
            }
            return read.map(Arc::from).map_err(|error| {
                let of_system = || format!("opening file '{}': No such file or directory", shown(path));
                unread(tree.as_ref(), inside, error, of_system).unwrap_or_else(|error| tree_error(path, error))
            });
        }
        self.check(path)?;
        self.fs.read_sized(disk(path)).map_err(|e| disk_error(path, e))
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        if let Some((tree, inside, recording)) = self.mounted(path) {
            let kind = tree.lstat(inside);
            if let Some(recording) = recording {
                recording.kind(inside, &kind);
            }
            return kind.map(|k| k.map(node_type)).map_err(|e| tree_error(path, e));
        }
        self.check(path)?;
        let stat = self.fs.lstat(disk(path)).map_err(|e| disk_error(path, e))?;
        Ok(stat.map(|s| {
            if s.executable() {
                FileType::Executable
            } else {
                disk_type(s.kind)
            }
        }))
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        if let Some((tree, inside, recording)) = self.mounted(path) {
            let listing = tree.read_dir(inside);
            if let Some(recording) = recording {
                recording.listing(inside, &listing);
            }
            let listing = listing.map_err(|error| {
                let of_system = || format!("cannot read directory {:?}: No such file or directory", shown(path));
                unread(tree.as_ref(), inside, error, of_system).unwrap_or_else(|error| tree_error(path, error))
            })?;
            return Ok(listing
                .into_iter()
                .map(|(name, kind)| (name, node_type(kind)))
                .collect());
        }
        self.check(path)?;
        let entries = self.fs.read_dir(disk(path)).map_err(|e| disk_error(path, e))?;
        Ok(entries
            .into_iter()
            .map(|e| (e.name.into_vec(), disk_type(e.kind)))
            .collect())
    }

    fn explain_absence(&mut self, path: &[u8]) -> Option<String> {
        let (tree, inside, recording) = self.mounted(path)?;
        let why = tree.explain_absence(inside);
        if let (Some(recording), Some(why)) = (recording, &why) {
            // It is a matter of the work tree, of which nothing else is recorded.
            recording.fleeting(why.clone());
        }
        why
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        if let Some((tree, inside, recording)) = self.mounted(path) {
            let target = tree.read_link(inside);
            if let Some(recording) = recording {
                recording.link(inside, &target);
            }
            return target.map_err(|e| tree_error(path, e));
        }
        self.check(path)?;
        let target = self.fs.read_link(disk(path)).map_err(|e| disk_error(path, e))?;
        Ok(target.into_os_string().into_vec())
    }

    fn env(&mut self, name: &str) -> String {
        match &self.access {
            Access::Everything => self
                .env
                .var(name)
                .map(|v| v.to_string_lossy().into_owned())
                .unwrap_or_default(),
            Access::Mounted | Access::Below(_) => String::new(),
        }
    }

    fn current_dir(&mut self) -> Vec<u8> {
        match self.env.current_dir() {
            Ok(folder) => folder.into_os_string().into_vec(),
            Err(_) => b"/".to_vec(),
        }
    }

    fn current_time(&mut self) -> i64 {
        self.clock.unix_time().as_secs() as i64
    }

    fn elapsed_millis(&mut self) -> u64 {
        self.clock.monotonic().as_millis() as u64
    }

    fn interrupted(&mut self) -> bool {
        sys::interrupted()
    }

    fn fetch(&mut self, request: &FetchRequest) -> Result<Fetched, IoError> {
        self.fetched(request).inspect_err(|error| self.fleeting(error))
    }

    fn is_fixed(&self, path: &[u8]) -> bool {
        // An input is one answer, which is taken down when it is fetched.
        self.mounted(path).is_some_and(|(_, _, recording)| recording.is_none())
    }

    fn uses_node(&mut self, flake: u32, node: u32) {
        let (Some(recording), Some(flakes), OWN) = (&self.recording, &self.flakes, flake) else {
            return;
        };
        for node in flakes.reached_from(OWN, node) {
            // What cannot be said what it is cannot be fetched either, which is told when somebody needs it.
            if let Some((path, locked)) = flakes.identity(OWN, node) {
                recording.input(path, locked);
            }
        }
    }

    fn reads_attribute(&mut self, name: &str) {
        if let Some(recording) = &self.recording {
            recording.attribute(name);
        }
    }

    fn flakes(&mut self) -> Option<FlakeCaller> {
        let flakes = self.flakes.clone()?;
        Some(Rc::new(move |ev, reference| flakes.get_flake(ev, reference)))
    }

    fn realise(&mut self, _store: &store::VirtualStore, drv: &StorePath, _outputs: &[String]) -> Result<(), IoError> {
        Err(IoError::Forbidden(format!(
            "cannot build '{}' during evaluation: import from derivation is not allowed here (see --ifd)",
            drv.to_path()
        )))
    }

    fn can_build(&self) -> bool {
        self.realiser.is_some()
    }

    fn build(&mut self, build: &Build<'_>) -> Result<(), IoError> {
        let Some(realise) = &mut self.realiser else {
            return self.realise(build.store, build.drv, build.outputs);
        };
        let realised = realise(build).inspect_err(|error| self.fleeting(error))?;
        for Realised { path, references, at } in realised {
            // Pure evaluation reads only what is mounted.
            let tree = FolderTree::new(self.fs.clone(), at);
            self.mount(&path, Arc::new(tree));
            self.built.insert(path, references);
        }
        Ok(())
    }

    fn references(&mut self, path: &StorePath) -> Vec<StorePath> {
        self.built.get(path).cloned().unwrap_or_default()
    }

    fn parse_flake_ref(&mut self, reference: &str) -> Result<Vec<(String, FetchAttr)>, IoError> {
        let parsed = FlakeRef::parse(reference, Reading::ABSOLUTE).map_err(|e| IoError::Other(e.to_string()))?;
        Ok(to_fetch_attrs(&parsed.to_attrs()))
    }

    fn flake_ref_to_string(&mut self, attrs: &[(String, FetchAttr)]) -> Result<String, IoError> {
        let reference = FlakeRef::from_attrs(from_fetch_attrs(attrs)).map_err(|e| IoError::Other(e.to_string()))?;
        reference.to_url_string().map_err(|e| IoError::Other(e.to_string()))
    }

    fn message(&mut self, text: &[u8]) {
        (self.messages)(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::{FixedEnv, ManualClock, MemoryFs};

    #[test]
    fn a_restricted_world_shows_its_folders_and_what_leads_to_them() {
        let access = Access::Below(vec![b"/a/b".to_vec()]);
        let world = World::new(
            Arc::new(MemoryFs::default()),
            Arc::new(FixedEnv::default()),
            Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            access,
            Box::new(|_| ()),
        );
        for (path, allowed) in [
            ("/a/b", true),
            ("/a/b/c", true),
            ("/a", true),
            ("/", true),
            ("/a/bc", false),
            ("/etc/passwd", false),
        ] {
            assert_eq!(world.check(path.as_bytes()).is_ok(), allowed, "{path}");
        }
    }
}
