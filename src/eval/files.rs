//! Reading files: first from what this evaluation put into its own store, then from the world.
//!
//! A path below the store's folder may name a text that `toFile` made, a derivation, or a source
//! that was "copied": copying only hashes, and the files stay where they were. Such a source is a
//! [`Mount`]: a folder to read instead, and if a filter was used the entries that it kept. All else
//! is asked of [`crate::EvalIo`].
//!
//! Symbolic links are followed here, one component at a time, as Nix does; so the world is never
//! asked to look through one.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Heap, Ref, Val};
use crate::io::{FileType, IoError, Listing};
use crate::own::Own;
use crate::text::path::{absolute, base_name, canonical, dir_name};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use store::{Hash, Origin, StorePath};

/// The folder of files that belong to the evaluator itself, such as `<nix/fetchurl.nix>`.
pub(crate) const INTERNAL: &[u8] = b"/<nix>";

/// The text behind `<nix/fetchurl.nix>`.
const FETCHURL: &[u8] = include_bytes!("builtins/fetchurl.nix");

/// What was found out about files.
#[derive(Default)]
pub(crate) struct Files {
    /// Folders on whose path there is no symbolic link.
    plain: FxHashSet<Vec<u8>>,
    /// Which file an import of a path reads.
    imports: FxHashMap<Vec<u8>, Rc<[u8]>>,
    /// The store path of each copied path.
    pub(crate) copied: FxHashMap<Vec<u8>, Val>,
    /// The hash of folders that stay as they are, by the path and by what a filter kept of it.
    pub(crate) filtered: FxHashMap<(Vec<u8>, Hash), Hash>,
    /// What `readDir` gave for each folder.
    pub(crate) listings: FxHashMap<Vec<u8>, Val>,
    /// What each entry of a search path stands for; `None` if nothing.
    pub(crate) lookups: FxHashMap<Vec<u8>, Option<Vec<u8>>>,
    /// The strings that name the kinds of files.
    pub(crate) kinds: Option<[Ref; 4]>,
    mounts: Vec<Mount>,
}

impl Files {
    /// Forgets what a trial added and that refers to the heap.
    pub(crate) fn forget(&mut self, heap: &Heap) {
        self.listings
            .retain(|_, listing| listing.as_flat().is_some_and(|(_, values)| heap.is_older_words(values)));
    }
}

/// What was known of the files of the flake under test when a trial began.
#[derive(Default)]
pub(crate) struct OwnFiles {
    plain: FxHashSet<Vec<u8>>,
    imports: FxHashSet<Vec<u8>>,
    copied: FxHashSet<Vec<u8>>,
    lookups: FxHashSet<Vec<u8>>,
}

impl Files {
    /// Returns what is known of the files of the flake under test.
    pub(crate) fn of_own(&self, own: &Own) -> OwnFiles {
        if !own.is_known() {
            return OwnFiles::default();
        }
        fn of_own<'f>(own: &Own, paths: impl Iterator<Item = &'f Vec<u8>>) -> FxHashSet<Vec<u8>> {
            paths.filter(|path| own.has(path)).cloned().collect()
        }
        OwnFiles {
            plain: of_own(own, self.plain.iter()),
            imports: of_own(own, self.imports.keys()),
            copied: of_own(own, self.copied.keys()),
            lookups: of_own(own, self.lookups.keys()),
        }
    }

    /// Forgets what a trial found out about the files of the flake under test, so that the next trial asks the world for all
    /// that it depends on.
    pub(crate) fn forget_own(&mut self, own: &Own, known: &OwnFiles) {
        if !own.is_known() {
            return;
        }
        self.plain.retain(|path| !own.has(path) || known.plain.contains(path));
        self.imports
            .retain(|path, _| !own.has(path) || known.imports.contains(path));
        self.copied
            .retain(|path, _| !own.has(path) || known.copied.contains(path));
        self.lookups
            .retain(|path, _| !own.has(path) || known.lookups.contains(path));
    }
}

/// Where the files of a copied source are.
pub(crate) struct Mount {
    /// The path to read instead; the source itself if it lay in the store before it was copied, as a flake does.
    pub root: Vec<u8>,
    /// The paths below the root that a filter kept, without a slash in front; `None` if it kept all.
    pub kept: Option<FxHashSet<Vec<u8>>>,
}

/// Where the content of a path is.
enum Place<'p> {
    /// In the world, under this path.
    Outside(Cow<'p, [u8]>),
    /// In a file in memory.
    Bytes(Arc<[u8]>),
    /// In the file of a derivation of this evaluation.
    Derivation(StorePath),
    /// In a file of the evaluator itself.
    Internal(&'static [u8]),
    /// In the folder of the evaluator's own files.
    InternalFolder,
    /// Nowhere.
    Nowhere,
}

/// What the names of the evaluator's own texts begin with where messages name places in them.
pub(crate) const INTERNAL_TEXT: &str = "«nix-internal»";

/// Returns a path as messages show it.
pub(crate) fn show_path(path: &[u8]) -> String {
    let mut shown = Vec::with_capacity(path.len());
    push_path(&mut shown, path);
    String::from_utf8_lossy(&shown).into_owned()
}

/// Appends a path as messages and printed values show it.
pub(crate) fn push_path(out: &mut Vec<u8>, path: &[u8]) {
    match path.strip_prefix(INTERNAL) {
        Some(rest) => {
            out.extend_from_slice(b"<nix");
            out.extend_from_slice(rest);
            out.push(b'>');
        }
        None => out.extend_from_slice(path),
    }
}

/// Returns a path as it is in its own file system: the evaluator's own files and texts have one each.
pub(crate) fn path_of_own(path: &[u8]) -> &[u8] {
    path.strip_prefix(INTERNAL)
        .or(path.strip_prefix(INTERNAL_TEXT.as_bytes()))
        .unwrap_or(path)
}

/// Returns `folder` with `name` below it.
pub(crate) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + name.len() + 1);
    path.extend_from_slice(folder);
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Whether a path is, or is below, the folder.
fn is_inside(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

impl Evaluator {
    /// Returns where the content of a path is.
    fn place<'p>(&self, path: &'p [u8]) -> Place<'p> {
        if is_inside(path, INTERNAL) {
            return match &path[INTERNAL.len()..] {
                b"/fetchurl.nix" => Place::Internal(FETCHURL),
                b"" => Place::InternalFolder,
                _ => Place::Nowhere,
            };
        }
        if !is_inside(path, store::STORE_DIR.as_bytes()) {
            return Place::Outside(Cow::Borrowed(path));
        }
        let mut path = Cow::Borrowed(path);
        // A mount's root was readable when it was made, so it leads only to older mounts.
        loop {
            let Ok((store_path, rest)) = StorePath::split(&path) else {
                return Place::Outside(path);
            };
            if self.store.derivation(&store_path).is_some() {
                return if rest.is_empty() {
                    Place::Derivation(store_path)
                } else {
                    Place::Nowhere
                };
            }
            let Some(object) = self.store.object(&store_path) else {
                return Place::Outside(path);
            };
            match &object.origin {
                Origin::Bytes(bytes) if rest.is_empty() => return Place::Bytes(bytes.clone()),
                Origin::Bytes(_) => return Place::Nowhere,
                Origin::Token(token) => {
                    let Some(mount) = self.caches.files.mounts.get(*token as usize) else {
                        return Place::Nowhere;
                    };
                    if let (Some(kept), Some(below)) = (&mount.kept, rest.strip_prefix(b"/"))
                        && !kept.contains(below)
                    {
                        return Place::Nowhere;
                    }
                    if path.starts_with(&mount.root) && path.len() == mount.root.len() + rest.len() {
                        return Place::Outside(path);
                    }
                    path = Cow::Owned([&mount.root, rest].concat());
                }
            }
        }
    }

    /// Whether the file at a path stays as it is, and nobody takes down that it is read: one of an input, or of the evaluator itself.
    pub(crate) fn is_fixed(&self, path: &[u8]) -> bool {
        self.io.is_fixed(path) || is_inside(path, INTERNAL)
    }

    /// Whether the files of a folder are those that lie at this store path, and not in another source.
    pub(crate) fn is_of(&self, folder: &[u8], source: &StorePath) -> bool {
        match self.place(folder) {
            Place::Outside(path) => {
                StorePath::split(&path).is_ok_and(|(found, rest)| found == *source && rest.is_empty())
            }
            _ => false,
        }
    }

    /// Remembers where the files of a source are, and returns its token.
    pub(crate) fn mount(&mut self, mount: Mount) -> Origin {
        let mounts = &mut self.caches.files.mounts;
        mounts.push(mount);
        Origin::Token(mounts.len() as u64 - 1)
    }

    #[cold]
    pub(crate) fn io_failed(&mut self, error: IoError, path: &[u8]) -> Fail {
        match error {
            // The world may have been asked under another path.
            IoError::NotFound(_) => self.not_found(path),
            other => self.fail(ErrorKind::Io, other.to_string()),
        }
    }

    #[cold]
    fn not_found(&mut self, path: &[u8]) -> Fail {
        let message = match self.io.explain_absence(path) {
            Some(message) => message,
            None => format!("path '{}' does not exist", show_path(path)),
        };
        self.fail(ErrorKind::Io, message)
    }

    #[cold]
    fn not_a_folder(&mut self, path: &[u8]) -> Fail {
        let message = format!("cannot read directory {:?}: Not a directory", show_path(path));
        self.fail(ErrorKind::Io, message)
    }

    /// Returns what a path names, itself and not what it points to; `None` if nothing that
    /// evaluation may see.
    pub(crate) fn maybe_type(&mut self, path: &[u8]) -> Eval<Option<FileType>> {
        self.touches(path);
        match self.place(path) {
            Place::Outside(place) => match self.io.file_type(&place) {
                Ok(kind) => Ok(kind),
                Err(IoError::Forbidden(_) | IoError::NotFound(_)) => Ok(None),
                Err(error) => Err(self.io_failed(error, path)),
            },
            Place::Bytes(_) | Place::Derivation(_) | Place::Internal(_) => Ok(Some(FileType::Regular)),
            Place::InternalFolder => Ok(Some(FileType::Directory)),
            Place::Nowhere => Ok(None),
        }
    }

    /// As [`Evaluator::maybe_type`], but it is an error if there is nothing or it may not be seen.
    pub(crate) fn type_of_path(&mut self, path: &[u8]) -> Eval<FileType> {
        self.touches(path);
        let found = match self.place(path) {
            Place::Outside(place) => match self.io.file_type(&place) {
                Ok(kind) => kind,
                Err(error) => return Err(self.io_failed(error, path)),
            },
            Place::Bytes(_) | Place::Derivation(_) | Place::Internal(_) => Some(FileType::Regular),
            Place::InternalFolder => Some(FileType::Directory),
            Place::Nowhere => None,
        };
        match found {
            Some(kind) => Ok(kind),
            None => Err(self.not_found(path)),
        }
    }

    /// As [`Evaluator::type_of_path`], but no folder on the way may be a symbolic link.
    pub(crate) fn type_without_links(&mut self, path: &[u8]) -> Eval<FileType> {
        let mut folder = dir_name(path);
        while folder != b"/" && !self.caches.files.plain.contains(folder) {
            if self.maybe_type(folder)? == Some(FileType::Symlink) {
                return Err(self.fail(ErrorKind::Io, format!("path '{}' is a symlink", show_path(folder))));
            }
            folder = dir_name(folder);
        }
        self.type_of_path(path)
    }

    /// Returns a file's content; no symbolic link may be on its path.
    pub(crate) fn read_bytes(&mut self, path: &[u8]) -> Eval<Arc<[u8]>> {
        self.touches(path);
        match self.place(path) {
            Place::Outside(place) => match self.io.read_file(&place) {
                Ok(bytes) => Ok(bytes),
                Err(error) => Err(self.io_failed(error, path)),
            },
            Place::Bytes(bytes) => Ok(bytes),
            Place::Derivation(drv) => match self.store.aterm(&drv) {
                Some(text) => Ok(text.into()),
                None => Err(self.not_found(path)),
            },
            Place::Internal(text) => Ok(text.into()),
            Place::InternalFolder | Place::Nowhere => Err(self.not_found(path)),
        }
    }

    /// Returns the entries of a folder, sorted by name; no symbolic link may be on its path.
    pub(crate) fn read_folder(&mut self, path: &[u8]) -> Eval<Listing> {
        self.touches(path);
        let place = match self.place(path) {
            Place::Outside(place) => place.into_owned(),
            Place::Bytes(_) | Place::Derivation(_) | Place::Internal(_) | Place::InternalFolder => {
                return Err(self.not_a_folder(path));
            }
            Place::Nowhere => return Err(self.not_found(path)),
        };
        let entries = match self.io.read_dir(&place) {
            Ok(entries) => entries,
            Err(error) => {
                if matches!(error, IoError::NotFound(_)) && self.maybe_type(path)?.is_some() {
                    return Err(self.not_a_folder(path));
                }
                return Err(self.io_failed(error, path));
            }
        };
        if place == path {
            return Ok(entries);
        }
        // A mounted folder: only what its filter kept.
        let mut seen = Vec::with_capacity(entries.len());
        for entry in entries.iter() {
            if !matches!(self.place(&join(path, &entry.0)), Place::Nowhere) {
                seen.push(entry.clone());
            }
        }
        Ok(seen.into())
    }

    /// Returns where a symbolic link points.
    pub(crate) fn read_link(&mut self, path: &[u8]) -> Eval<Vec<u8>> {
        self.touches(path);
        match self.place(path) {
            Place::Outside(place) => match self.io.read_link(&place) {
                Ok(target) => Ok(target),
                Err(error) => Err(self.io_failed(error, path)),
            },
            _ => Err(self.not_found(path)),
        }
    }

    /// Returns the path without symbolic links; if not `last`, the last component may stay one.
    /// Components that do not exist are kept.
    pub(crate) fn resolve<'p>(&mut self, path: &'p [u8], last: bool) -> Eval<Cow<'p, [u8]>> {
        if path == b"/" {
            return Ok(Cow::Borrowed(path));
        }
        let folder = dir_name(path);
        if folder != b"/" && !self.caches.files.plain.contains(folder) {
            return self.resolve_slowly(path, last).map(Cow::Owned);
        }
        if last {
            if self.caches.files.plain.contains(path) {
                self.touches(path);
                return Ok(Cow::Borrowed(path));
            }
            match self.maybe_type(path)? {
                Some(FileType::Symlink) => return self.resolve_slowly(path, last).map(Cow::Owned),
                Some(FileType::Directory) => {
                    self.caches.files.plain.insert(path.to_vec());
                }
                _ => {}
            }
        }
        Ok(Cow::Borrowed(path))
    }

    #[inline(never)]
    fn resolve_slowly(&mut self, path: &[u8], last: bool) -> Eval<Vec<u8>> {
        let mut todo: Vec<Vec<u8>> = Vec::new();
        push_components(&mut todo, path);
        let mut done: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            match name.as_slice() {
                b"." => continue,
                b".." => {
                    done.truncate(memchr::memrchr(b'/', &done).unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let above = done.len();
            done.push(b'/');
            done.extend_from_slice(&name);
            if todo.is_empty() && !last {
                break;
            }
            let kind = if self.caches.files.plain.contains(&done) {
                Some(FileType::Directory)
            } else {
                self.maybe_type(&done)?
            };
            match kind {
                Some(FileType::Symlink) => {
                    links += 1;
                    if links > 1024 {
                        let message = format!("infinite symlink recursion in path '{}'", show_path(path));
                        return Err(self.fail(ErrorKind::Io, message));
                    }
                    let target = self.read_link(&done)?;
                    done.truncate(if target.first() == Some(&b'/') { 0 } else { above });
                    push_components(&mut todo, &target);
                }
                // All above it was resolved on the way here.
                Some(FileType::Directory) if !self.caches.files.plain.contains(&done) => {
                    self.caches.files.plain.insert(done.clone());
                }
                _ => {}
            }
        }
        if done.is_empty() {
            done.push(b'/');
        }
        Ok(done)
    }

    /// Returns the text of a source file, which may be reached through symbolic links.
    pub fn read_source(&mut self, path: &[u8]) -> Eval<Arc<[u8]>> {
        let path = self.resolve(path, true)?;
        self.read_bytes(&path)
    }

    /// Returns the file that an import of a path reads: what the path points to if it is a symbolic
    /// link, and the file `default.nix` of a folder.
    pub fn resolve_import(&mut self, path: &[u8]) -> Eval<Vec<u8>> {
        self.touches(path);
        if let Some(known) = self.caches.files.imports.get(path) {
            return Ok(known.to_vec());
        }
        let mut at = path.to_vec();
        let mut links = 0;
        let mut kind = FileType::Directory;
        while at != b"/" {
            links += 1;
            if links >= 1024 {
                let message = format!(
                    "too many symbolic links encountered while traversing the path '{}'",
                    show_path(&at)
                );
                return Err(self.fail(ErrorKind::Io, message));
            }
            let folder = self.resolve(dir_name(&at), true)?.into_owned();
            let real = join(&folder, base_name(&at));
            kind = self.type_of_path(&real)?;
            if kind != FileType::Symlink {
                break;
            }
            let target = self.read_link(&real)?;
            at = absolute(&target, dir_name(&at));
        }
        if at == b"/" {
            kind = self.type_of_path(&at)?;
        }
        if kind == FileType::Directory {
            at = join(&at, b"default.nix");
        }
        self.caches.files.imports.insert(path.to_vec(), at.as_slice().into());
        Ok(at)
    }

    /// Whether something is at a path, looking through symbolic links.
    pub(crate) fn exists(&mut self, path: &[u8]) -> Eval<bool> {
        let path = self.resolve(path, true)?;
        Ok(self.maybe_type(&path)?.is_some())
    }

    /// Returns the canonical path of a text: of one that does not start with a slash, below the
    /// world's current folder.
    pub(crate) fn root_path(&mut self, path: &[u8]) -> Vec<u8> {
        if path.first() == Some(&b'/') {
            return canonical(path);
        }
        absolute(path, &self.io.current_dir())
    }
}

/// Puts the components of a path on a stack, the first one on top.
fn push_components(todo: &mut Vec<Vec<u8>>, path: &[u8]) {
    let components = path.split(|&b| b == b'/').filter(|c| !c.is_empty());
    let at = todo.len();
    todo.extend(components.map(<[u8]>::to_vec));
    todo[at..].reverse();
}
