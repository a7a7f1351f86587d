//! Reading files: `import`, `readFile` and their kin.

use super::{Entry, entry};
use crate::context::Element;
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::files::show_path;
use crate::heap::{ContextId, Ref, Val, Words};
use crate::io::FileType;
use crate::text::path::dir_name;
use diag::{Origin, Pos};
use memchr::memmem;
use store::{HashFormat, StorePath};
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("import", 1, import).global(),
    entry("scopedImport", 2, scoped_import).global(),
    entry("pathExists", 1, path_exists),
    entry("readFile", 1, read_file),
    entry("readFileType", 1, read_file_type),
    entry("readDir", 1, read_dir),
    entry("hashFile", 2, hash_file),
];

fn import(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    import_with(ev, args[0], None)
}

fn scoped_import(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    import_with(ev, args[1], Some(args[0]))
}

fn import_with(ev: &mut Evaluator, path: Ref, scope: Option<Ref>) -> Eval<Val> {
    let path = ev.realise_path(path, None)?;
    if path.ends_with(store::DRV_EXTENSION.as_bytes())
        && let Ok((drv, b"")) = StorePath::split(&path)
        && ev.is_valid(&drv)?
    {
        return super::imported::derivation_value(ev, &drv);
    }
    match scope {
        None => ev.eval_file(&path),
        Some(scope) => import_in_scope(ev, &path, scope),
    }
}

fn import_in_scope(ev: &mut Evaluator, path: &[u8], scope: Ref) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.scopedImport";
    let scope = ev.force_attrs(scope, Pos::NONE, text)?;
    let entries = ev.mem.entries(scope);
    let env = ev.new_env(Words::EMPTY, entries.len());
    for (i, &value) in entries.values.iter().enumerate() {
        ev.mem.heap.set_word(env, 1 + i, value);
    }
    let file = ev.resolve_import(path)?;
    let text = ev.read_source(&file)?;
    let folder = dir_name(&file);
    let code = ev.compile(
        Origin::File(file.as_slice().into()),
        text,
        folder,
        Some(entries.shape.keys),
    )?;
    ev.eval(code, env)
}

fn path_exists(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let folder = value
        .as_string()
        .is_some_and(|text| text.ends_with(b"/") || text.ends_with(b"/."));
    let path = ev.realise_path(args[0], Some(folder))?;
    let kind = ev.maybe_type(&path)?;
    Ok(Val::bool(if folder {
        kind == Some(FileType::Directory)
    } else {
        kind.is_some()
    }))
}

fn read_file(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let path = ev.realise_path(args[0], Some(true))?;
    let bytes = ev.read_bytes(&path)?;
    if memchr::memchr(0, &bytes).is_some() {
        let message = format!(
            "the contents of the file '{}' cannot be represented as a Nix string",
            show_path(&path)
        );
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let context = match StorePath::split(&path) {
        Ok((object, _)) => references_in(ev, &object, &bytes),
        Err(_) => ContextId::EMPTY,
    };
    Ok(ev.mem.string_in(&bytes, context))
}

/// Returns the context of what is read from a store object: those of its references whose digests
/// occur in the text.
fn references_in(ev: &mut Evaluator, object: &StorePath, text: &[u8]) -> ContextId {
    let references = ev.references_of(object);
    if references.is_empty() {
        return ContextId::EMPTY;
    }
    let occurs = |path: &StorePath| memmem::find(text, path.digest_digits().as_bytes()).is_some();
    ev.contexts
        .of(references.into_iter().filter(occurs).map(Element::Opaque))
}

impl Evaluator {
    /// Returns the cell of the string that names a kind of file; always the same one.
    pub(crate) fn file_type_cell(&mut self, kind: FileType) -> Ref {
        let cells = match self.caches.files.kinds {
            Some(cells) => cells,
            None => {
                let kinds = [
                    FileType::Regular,
                    FileType::Directory,
                    FileType::Symlink,
                    FileType::Unknown,
                ];
                let cells = kinds.map(|kind| {
                    let name = self.mem.constant_string(kind.name().as_bytes());
                    self.mem.heap.alloc_constant(name)
                });
                self.caches.files.kinds = Some(cells);
                cells
            }
        };
        cells[match kind {
            FileType::Regular | FileType::Executable => 0,
            FileType::Directory => 1,
            FileType::Symlink => 2,
            FileType::Unknown => 3,
        }]
    }
}

fn read_file_type(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let path = ev.realise_path(args[0], None)?;
    let kind = ev.type_without_links(&path)?;
    let cell = ev.file_type_cell(kind);
    Ok(ev.peek(cell))
}

fn read_dir(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let path = ev.realise_path(args[0], Some(true))?;
    ev.touches(&path);
    if let Some(&known) = ev.caches.files.listings.get(&path) {
        return Ok(known);
    }
    let entries = ev.read_folder(&path)?;
    let mut attrs: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(entries.len());
    for (name, kind) in entries.iter() {
        let symbol = ev.symbols.intern(name);
        attrs.push((symbol, Pos::NONE, ev.file_type_cell(*kind)));
    }
    let listing = ev.mem.attrs_from(attrs);
    ev.mem.heap.pin();
    ev.caches.files.listings.insert(path, listing);
    Ok(listing)
}

fn hash_file(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.hashFile";
    let name = ev.force_plain_string(args[0], Pos::NONE, text)?;
    let algo = super::hashes::parse_algo(ev, name)?;
    let path = ev.realise_path(args[1], Some(true))?;
    let bytes = ev.read_bytes(&path)?;
    let hash = algo.hash(&bytes).to_text(HashFormat::Base16, false);
    Ok(ev.mem.string(hash.as_bytes()))
}
