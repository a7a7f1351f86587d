//! Locking in memory: from a flake, its lock file and what flags say to the lock that Nix would use.
//!
//! An entry of the old lock stays if the input's reference is still the one it was made for; else
//! the input is fetched, and its own inputs with its own lock. Inputs whose entries stay are not
//! fetched. Nothing is ever written. (Nix: `lockFlake`; steps and messages are the same.)

mod compute;
mod error;
#[cfg(test)]
mod tests;

pub use error::{LockingError, LockingErrorKind};

use crate::fetch::{FetchError, Fetcher, Tree};
use crate::flake_nix::{FlakeNix, Origin};
use crate::flakeref::FlakeRef;
use crate::lock::{InputPath, Lock, NodeId};
use crate::registry::{Lookup, Registries};
use crate::tree::{join, read_resolved};
use crate::trust::Voice;
use diag::SourceMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use syntax::{ParseOptions, Symbols};

/// What flags say about locking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFlags {
    /// `--override-input PATH REF`.
    pub overrides: BTreeMap<InputPath, FlakeRef>,
    /// `--update-input PATH`.
    pub updates: BTreeSet<InputPath>,
    /// `--reference-lock-file`: the lock that counts in place of the one in the flake's folder.
    pub reference: Option<Arc<Lock>>,
    /// `--recreate-lock-file`: the old lock is not looked at.
    pub recreate: bool,
    /// Whether registries are asked (`use-registries`).
    pub use_registries: bool,
    /// Whether the lock may come out different (not `--no-update-lock-file`).
    pub allow_changes: bool,
    /// Whether inputs that are not locked may be fetched (not so in pure `getFlake`).
    pub allow_unlocked: bool,
}

impl Default for LockFlags {
    fn default() -> LockFlags {
        LockFlags {
            overrides: BTreeMap::new(),
            updates: BTreeSet::new(),
            reference: None,
            recreate: false,
            use_registries: true,
            allow_changes: true,
            allow_unlocked: true,
        }
    }
}

/// A flake that was fetched, and what its `flake.nix` says.
#[derive(Debug, Clone)]
pub struct Flake {
    /// The reference that was asked for.
    pub original: FlakeRef,
    /// What registries made of it.
    pub resolved: FlakeRef,
    /// The reference to exactly this tree; without `narHash` and `revCount`, which take long (see
    /// [`Tree::locked`]), for a tree that no lock had to name.
    pub locked: FlakeRef,
    /// The tree that it lies in.
    pub tree: Arc<Tree>,
    /// Its folder in the tree.
    pub dir: Vec<u8>,
    /// What `flake.nix` says.
    pub nix: FlakeNix,
}

/// Where the files of a node of the lock are.
#[derive(Debug, Clone)]
pub enum NodeSource {
    /// In a folder of a tree.
    Tree {
        /// The tree.
        tree: Arc<Tree>,
        /// The folder in it.
        dir: Vec<u8>,
    },
    /// At a path seen from another node, which is kept as written: Nix appends it to that node's path.
    Relative {
        /// The other node.
        parent: NodeId,
        /// The path.
        path: String,
    },
}

/// A flake with the lock of all its inputs.
#[derive(Debug)]
pub struct LockedFlake {
    /// The flake.
    pub flake: Flake,
    /// The lock.
    pub lock: Lock,
    /// The lock in the flake's folder, or an empty one.
    pub old_lock: Lock,
    /// Whether the lock is another one than in the flake's folder: Nix then treats the flake as dirty.
    pub changed: bool,
    /// The trees of the nodes that were fetched for locking, with their folders.
    pub fetched: BTreeMap<NodeId, (Arc<Tree>, Vec<u8>)>,
    /// The nodes that an `--override-input` of the user stands behind.
    pub by_user: BTreeSet<NodeId>,
    /// What to warn about.
    pub warnings: Vec<String>,
}

impl LockedFlake {
    /// Returns where a node's files are, fetching its tree if that was not done yet.
    pub fn source(&self, node: NodeId, fetcher: &Fetcher) -> Result<NodeSource, SourceError> {
        if let Some((tree, dir)) = self.fetched.get(&node) {
            return Ok(NodeSource::Tree {
                tree: tree.clone(),
                dir: dir.clone(),
            });
        }
        let Some(entry) = &self.lock.node(node).entry else {
            let Flake { tree, dir, .. } = &self.flake;
            return Ok(NodeSource::Tree {
                tree: tree.clone(),
                dir: dir.clone(),
            });
        };
        if let Some(path) = entry.locked.input.relative_path() {
            let parent_path = entry.parent.clone().unwrap_or_default();
            let parent = self
                .lock
                .find(&parent_path)?
                .ok_or(SourceError::NoParent(parent_path.join("/")))?;
            return Ok(NodeSource::Relative {
                parent,
                path: path.to_owned(),
            });
        }
        let voice = if self.by_user.contains(&node) {
            Voice::User
        } else {
            Voice::Flake
        };
        let tree = fetcher.fetch(&entry.locked.input, voice)?;
        Ok(NodeSource::Tree {
            tree,
            dir: entry.locked.dir.clone().into_bytes(),
        })
    }
}

/// Why the files of a node cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Its tree cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Inputs follow each other in a circle.
    #[error(transparent)]
    Lock(#[from] crate::lock::LockError),
    /// A relative path's `parent` names no input.
    #[error("the lock file names '{0}' as the parent of a relative path, which is no input")]
    NoParent(String),
}

/// Computes locks.
pub struct Locker<'a> {
    /// Fetches.
    pub fetcher: &'a Fetcher,
    /// Resolves flake IDs.
    pub registries: &'a Registries,
    /// Takes every `flake.nix` that is read.
    pub sources: &'a mut SourceMap,
    /// The names in them.
    pub symbols: &'a mut Symbols,
    /// Whether `|>` may stand in `flake.nix`.
    pub pipe_operators: bool,
}

impl Locker<'_> {
    /// Returns the flake that a reference of the user leads to, with the lock of its inputs.
    pub fn lock(&mut self, reference: &FlakeRef, flags: &LockFlags) -> Result<LockedFlake, LockingError> {
        self.lock_as(reference, flags, Voice::User)
    }

    /// Returns the same for a reference that someone else asks for, such as `builtins.getFlake`.
    pub fn lock_as(
        &mut self,
        reference: &FlakeRef,
        flags: &LockFlags,
        voice: Voice,
    ) -> Result<LockedFlake, LockingError> {
        let lookup = if flags.use_registries {
            Lookup::Everywhere
        } else {
            Lookup::Nowhere
        };
        let flake = self.fetch_flake(reference, lookup, &[], voice)?;
        compute::compute(self, flake, flags)
    }

    /// Fetches a flake and reads its `flake.nix`; `input_path` is its path in the lock that is computed.
    fn fetch_flake(
        &mut self,
        reference: &FlakeRef,
        lookup: Lookup,
        input_path: &[String],
        voice: Voice,
    ) -> Result<Flake, LockingError> {
        let fetched = self.fetch_tree(reference, lookup, voice)?;
        let FetchedTree {
            mut tree,
            resolved,
            voice,
        } = fetched;
        let mut locked = FlakeRef {
            input: tree.input.clone(),
            dir: resolved.dir.clone(),
        };
        let dir = folder_of(&resolved)?;
        let mut nix = self.read_flake_nix(&tree, &dir, &resolved, input_path)?;
        // `inputs.self` may ask for the tree to be fetched in another way.
        let wanted = nix.with_self_attrs(&locked)?;
        if wanted != locked {
            let mut again = resolved.input.clone();
            for (name, value) in &nix.self_attrs.0 {
                again.set(name, value.clone());
            }
            again.unset("narHash");
            tree = self.fetcher.fetch(&again, voice)?;
            locked = FlakeRef {
                input: tree.input.clone(),
                dir: resolved.dir.clone(),
            };
            nix = self.read_flake_nix(&tree, &dir, &resolved, input_path)?;
        }
        Ok(Flake {
            original: reference.clone(),
            resolved,
            locked,
            tree,
            dir,
            nix,
        })
    }

    fn fetch_tree(&self, reference: &FlakeRef, lookup: Lookup, voice: Voice) -> Result<FetchedTree, LockingError> {
        if reference.input.is_direct() {
            let tree = self.fetcher.fetch(&reference.input, voice)?;
            return Ok(FetchedTree {
                tree,
                resolved: reference.clone(),
                voice,
            });
        }
        let (input, dir) = self.registries.resolve(&reference.input, lookup)?;
        // What a registry says, the user says.
        let voice = Voice::User;
        let tree = self.fetcher.fetch(&input, voice)?;
        let resolved = FlakeRef {
            input,
            dir: dir.unwrap_or_else(|| reference.dir.clone()),
        };
        Ok(FetchedTree { tree, resolved, voice })
    }

    /// Reads the `flake.nix` in a folder of a tree.
    fn read_flake_nix(
        &mut self,
        tree: &Tree,
        dir: &[u8],
        flake: &FlakeRef,
        input_path: &[String],
    ) -> Result<FlakeNix, LockingError> {
        let path = join(dir, b"flake.nix");
        let file = file_name(tree, &path);
        let Some(text) = read_resolved(tree.accessor.as_ref(), &path)? else {
            let hint = tree.accessor.explain_absence(&path);
            return Err(LockingErrorKind::NoFlakeNix { path: file, hint }.into());
        };
        if text.len() > LONGEST_FLAKE_NIX {
            return Err(LockingErrorKind::FlakeNixTooLong {
                path: file,
                len: text.len(),
            }
            .into());
        }
        let text: Arc<[u8]> = text.into();
        let (_, base) = self
            .sources
            .add(diag::Origin::File(file.as_bytes().into()), text.clone());
        let arena = bumpalo::Bump::new();
        let folder = format!("/{}", String::from_utf8_lossy(dir));
        let options = ParseOptions {
            pure: true,
            pipe_operators: self.pipe_operators,
            ..ParseOptions::new(folder.as_bytes())
        };
        let mut parsed = syntax::parse(&text, base, self.symbols, &arena, &options);
        if !parsed.errors.is_empty() {
            return Err(LockingErrorKind::Syntax(Box::new(parsed.errors.swap_remove(0))).into());
        }
        let flake = flake.to_string();
        let origin = Origin {
            symbols: self.symbols,
            flake: &flake,
            file: &file,
            folder: &folder,
            input_path,
        };
        Ok(FlakeNix::read(parsed.root, &origin)?)
    }

    /// Reads the `flake.lock` in a folder of a tree; an empty lock if there is none.
    fn read_lock(&self, tree: &Tree, dir: &[u8]) -> Result<Lock, LockingError> {
        let path = join(dir, b"flake.lock");
        match read_resolved(tree.accessor.as_ref(), &path)? {
            None => Ok(Lock::new()),
            Some(text) => Ok(Lock::parse(&text, &file_name(tree, &path))?),
        }
    }
}

/// The longest `flake.nix` that is read, in bytes: 4 MiB.
const LONGEST_FLAKE_NIX: usize = 4 << 20;

struct FetchedTree {
    tree: Arc<Tree>,
    resolved: FlakeRef,
    voice: Voice,
}

/// Returns the folder of a flake in its tree.
fn folder_of(reference: &FlakeRef) -> Result<Vec<u8>, LockingError> {
    crate::tree::resolve(b"", reference.dir.as_bytes())
        .ok_or_else(|| LockingErrorKind::LeadsOut(reference.dir.clone()).into())
}

/// Returns how messages name a file of a tree: by its path on the disk if it is there, else by the
/// input and the path in its tree.
pub fn file_name(tree: &Tree, path: &[u8]) -> String {
    let inner = String::from_utf8_lossy(path);
    match tree.accessor.disk_root() {
        Some(root) => root.join(inner.as_ref()).to_string_lossy().into_owned(),
        None => format!("«{}»/{inner}", tree.input.display()),
    }
}
