//! Copying sources to the store: what interpolating a path, `path` and `filterSource` do.
//!
//! Nothing is copied. A source is hashed where it is, and its store path becomes a mount of the
//! place (see `files.rs`).

use crate::context::Element;
use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::files::{Mount, join, show_path};
use crate::heap::{ContextId, Ref, Val};
use crate::io::FileType;
use crate::text::path::base_name;
use diag::Pos;
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Display;
use store::{
    ContentAddress, ContentAddressMethod, Hash, HashAlgo, NarContents, NarNode, NarSource, References, SortedSet,
    SourceError, StorePath, content_addressed_path, hash_nar, hash_source, write_nar,
};

/// A source to be added to the store.
pub(crate) struct Source<'a> {
    /// The store path's name.
    pub name: &'a [u8],
    /// The path.
    pub path: Vec<u8>,
    /// What the path's string refers to.
    pub context: ContextId,
    /// The function that tells which entries belong to it.
    pub filter: Option<Ref>,
    /// What of it is hashed.
    pub method: ContentAddressMethod,
    /// The hash that it should have.
    pub expected: Option<Hash>,
}

/// A tree of files as the evaluator sees it, through a filter.
struct Tree<'a> {
    ev: &'a mut Evaluator,
    root: &'a [u8],
    filter: Filter,
    /// What the filter has kept.
    kept: FxHashSet<Vec<u8>>,
}

/// What belongs to a tree.
#[derive(Clone, Copy)]
enum Filter {
    /// All that is there.
    All,
    /// What a function says.
    Function(Ref),
    /// What it has said.
    Kept,
}

/// A tree without what files have in them: two that have the same hash, of files that stay as they are, are the same.
struct Outline<'t, 'a>(&'t mut Tree<'a>);

impl NarSource for Outline<'_, '_> {
    type Error = Fail;

    fn node(&mut self, path: &[u8]) -> Eval<NarNode<'_>> {
        let whole = self.0.whole(path);
        match self.0.ev.type_of_path(&whole)? {
            kind @ (FileType::Regular | FileType::Executable) => Ok(NarNode::File {
                executable: kind == FileType::Executable,
                contents: NarContents::Bytes(Cow::Borrowed(b"")),
            }),
            _ => self.0.node(path),
        }
    }

    fn includes(&mut self, path: &[u8]) -> Eval<bool> {
        self.0.includes(path)
    }
}

/// Counts what is written.
struct Length(u64);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Tree<'_> {
    fn whole(&self, path: &[u8]) -> Vec<u8> {
        if path.is_empty() {
            self.root.to_vec()
        } else {
            join(self.root, path)
        }
    }
}

impl Tree<'_> {
    /// Returns the hash of the archive of a tree whose files stay as they are, which an earlier trial may have found.
    fn hash_of_fixed(&mut self) -> Result<Hash, SourceError<Fail>> {
        let (outline, _) = hash_nar(&mut Outline(self), HashAlgo::Sha256)?;
        let key = (self.root.to_vec(), outline);
        if let Some(known) = self.ev.caches.files.filtered.get(&key) {
            return Ok(*known);
        }
        self.filter = Filter::Kept;
        let (hash, _) = hash_nar(self, HashAlgo::Sha256)?;
        self.ev.caches.files.filtered.insert(key, hash);
        Ok(hash)
    }
}

impl NarSource for Tree<'_> {
    type Error = Fail;

    fn node(&mut self, path: &[u8]) -> Eval<NarNode<'_>> {
        let path = self.whole(path);
        Ok(match self.ev.type_of_path(&path)? {
            kind @ (FileType::Regular | FileType::Executable) => {
                let bytes = self.ev.read_bytes(&path)?;
                let contents = NarContents::Bytes(Cow::Owned(bytes.to_vec()));
                NarNode::File {
                    executable: kind == FileType::Executable,
                    contents,
                }
            }
            FileType::Directory => {
                let entries = self.ev.read_folder(&path)?;
                NarNode::Directory(entries.iter().map(|entry| entry.0.clone()).collect())
            }
            FileType::Symlink => NarNode::Symlink(self.ev.read_link(&path)?),
            FileType::Unknown => {
                let message = format!("file '{}' has an unsupported type", show_path(&path));
                return Err(self.ev.fail(ErrorKind::Io, message));
            }
        })
    }

    fn includes(&mut self, path: &[u8]) -> Eval<bool> {
        let filter = match self.filter {
            Filter::All => return Ok(true),
            Filter::Kept => return Ok(self.kept.contains(path)),
            Filter::Function(filter) => filter,
        };
        let whole = self.whole(path);
        let kind = self.ev.type_of_path(&whole)?;
        let args = [self.ev.string_cell(&whole), self.ev.file_type_cell(kind)];
        let result = self.ev.call_cell(filter, &args, Pos::NONE)?;
        let result = self.ev.cell(result);
        let text = "while evaluating the return value of the path filter function";
        let keep = self.ev.force_bool(result, Pos::NONE, text)?;
        if keep {
            self.kept.insert(path.to_vec());
        }
        Ok(keep)
    }
}

impl Evaluator {
    /// Raises an error of the room `store`, whose messages are Nix's.
    #[cold]
    pub(crate) fn store_failed(&mut self, error: impl Display) -> Fail {
        self.fail(ErrorKind::Eval, error.to_string())
    }

    /// Returns the string of a store path, which refers to it.
    pub(crate) fn store_path_string(&mut self, path: StorePath) -> Val {
        let text = path.to_path();
        let context = self.contexts.single(Element::Opaque(path));
        self.mem.string_in(text.as_bytes(), context)
    }

    /// Copies the file or folder at a path to the store, and returns the string of its store path.
    /// A path is copied only once.
    pub fn copy_path(&mut self, path: &[u8]) -> Eval<Val> {
        if path.ends_with(store::DRV_EXTENSION.as_bytes()) {
            return Err(self.fail(ErrorKind::Eval, "file names are not allowed to end in '.drv'"));
        }
        self.touches(path);
        if let Some(&copied) = self.caches.files.copied.get(path) {
            return Ok(copied);
        }
        let real = self.resolve(path, false)?.into_owned();
        let added = self.add_tree(
            &source_name(path),
            &real,
            None,
            ContentAddressMethod::Nar,
            SortedSet::new(),
        )?;
        let text = added.to_path();
        let context = self.contexts.single(Element::Opaque(added));
        let string = self.mem.constant_string_in(text.as_bytes(), context);
        self.caches.files.copied.insert(path.to_vec(), string);
        Ok(string)
    }

    /// Returns the length in bytes of the NAR of a store path that evaluation can read; `None` if nothing is there.
    pub fn nar_size(&mut self, path: &StorePath) -> Eval<Option<u64>> {
        let root = path.to_path().into_bytes();
        if self.maybe_type(&root)?.is_none() {
            return Ok(None);
        }
        let mut tree = Tree {
            ev: self,
            root: &root,
            filter: Filter::All,
            kept: FxHashSet::default(),
        };
        let mut length = Length(0);
        match write_nar(&mut tree, &mut length) {
            Ok(()) => Ok(Some(length.0)),
            Err(SourceError::Source(fail)) => Err(fail),
            Err(error) => Err(self.store_failed(error_text(error))),
        }
    }

    /// Returns the NAR of what is at a path.
    pub(crate) fn nar_of(&mut self, path: &[u8]) -> Eval<Vec<u8>> {
        let mut tree = Tree {
            ev: self,
            root: path,
            filter: Filter::All,
            kept: FxHashSet::default(),
        };
        let mut nar = Vec::new();
        match write_nar(&mut tree, &mut nar) {
            Ok(()) => Ok(nar),
            Err(SourceError::Source(fail)) => Err(fail),
            Err(error) => Err(self.store_failed(error_text(error))),
        }
    }

    /// Hashes a tree and adds it to the store.
    fn add_tree(
        &mut self,
        name: &[u8],
        root: &[u8],
        filter: Option<Ref>,
        method: ContentAddressMethod,
        references: SortedSet<StorePath>,
    ) -> Eval<StorePath> {
        let mut tree = Tree {
            ev: self,
            root,
            filter: filter.map_or(Filter::All, Filter::Function),
            kept: FxHashSet::default(),
        };
        let hashed = if filter.is_some() && method == ContentAddressMethod::Nar && tree.ev.io.is_fixed(root) {
            tree.hash_of_fixed()
        } else {
            hash_source(&mut tree, method, HashAlgo::Sha256)
        };
        let kept = tree.kept;
        let hash = match hashed {
            Ok(hash) => hash,
            Err(SourceError::Source(fail)) => return Err(fail),
            // A folder to be read as one file fails as any such reading does.
            Err(SourceError::NotAFile) => {
                return Err(match self.read_bytes(root) {
                    Err(fail) => fail,
                    Ok(_) => self.store_failed(SourceError::<Infallible>::NotAFile),
                });
            }
            Err(SourceError::TooDeep(below)) => {
                let path = show_path(&join(root, below.as_bytes()));
                return Err(self.store_failed(SourceError::<Infallible>::TooDeep(path)));
            }
            Err(error) => return Err(self.store_failed(error_text(error))),
        };
        let address = ContentAddress { method, hash };
        let others = References {
            others: &references,
            own: false,
        };
        let path = match content_addressed_path(name, &address, &others) {
            Ok(path) => path,
            Err(error) => return Err(self.store_failed(error)),
        };
        let mount = if self.is_of(root, &path) {
            Mount {
                root: path.to_path().into_bytes(),
                kept: None,
            }
        } else {
            Mount {
                root: root.to_vec(),
                kept: filter.map(|_| kept),
            }
        };
        let origin = self.mount(mount);
        match self.store.add_source(name, &address, references, origin) {
            Ok(path) => Ok(path),
            Err(error) => Err(self.store_failed(error)),
        }
    }

    /// Adds a source to the store, and returns the string of its store path.
    pub(crate) fn add_source(&mut self, source: &Source<'_>) -> Eval<Val> {
        let mut path = Cow::Borrowed(source.path.as_slice());
        match self.add_source_at(source, &mut path) {
            Ok(added) => Ok(added),
            Err(fail) => Err(self.trace(fail, Pos::NONE, format!("while adding path '{}'", show_path(&path)))),
        }
    }

    fn add_source_at(&mut self, source: &Source<'_>, path: &mut Cow<'_, [u8]>) -> Eval<Val> {
        let mut references = SortedSet::new();
        if source.context != ContextId::EMPTY
            && let Ok((store_path, _)) = StorePath::split(&source.path)
        {
            *path = Cow::Owned(self.realise_context(source.context, path)?);
            references = self.references_of(&store_path);
        }
        let mut wanted = None;
        if let Some(hash) = source.expected {
            let address = ContentAddress {
                method: source.method,
                hash,
            };
            let others = References {
                others: &references,
                own: false,
            };
            let path = match content_addressed_path(source.name, &address, &others) {
                Ok(path) => path,
                Err(error) => return Err(self.store_failed(error)),
            };
            if self.is_valid(&path)? {
                return Ok(self.store_path_string(path));
            }
            wanted = Some(path);
        }
        let real = self.resolve(path, true)?.into_owned();
        let added = self.add_tree(source.name, &real, source.filter, source.method, references)?;
        if wanted.is_some_and(|wanted| wanted != added) {
            let message = format!(
                "store path mismatch in (possibly filtered) path added from '{}'",
                show_path(path)
            );
            return Err(self.fail(ErrorKind::Eval, message));
        }
        Ok(self.store_path_string(added))
    }
}

fn error_text(error: SourceError<Fail>) -> String {
    match error {
        SourceError::Source(_) => "the source cannot be read".into(),
        SourceError::Io(error) => error.to_string(),
        SourceError::TooDeep(path) => SourceError::<Infallible>::TooDeep(path).to_string(),
        SourceError::GitTooDeep(path) => SourceError::<Infallible>::GitTooDeep(path).to_string(),
        SourceError::BadName(name) => SourceError::<Infallible>::BadName(name).to_string(),
        SourceError::NotAFile => SourceError::<Infallible>::NotAFile.to_string(),
        SourceError::GitAlgorithm(algo) => SourceError::<Infallible>::GitAlgorithm(algo).to_string(),
    }
}

/// Returns the name that a copied path gets; that of the root is `source`.
pub(crate) fn source_name(path: &[u8]) -> Cow<'_, [u8]> {
    match base_name(path) {
        b"" => Cow::Borrowed(b"source"),
        name => Cow::Borrowed(name),
    }
}
