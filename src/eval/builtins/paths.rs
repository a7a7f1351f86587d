//! Paths as values and as store objects: `path`, `filterSource`, `toFile`, `dirOf` and so on.

use super::{Entry, entry};
use crate::coerce::Coercion;
use crate::context::Element;
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Val};
use crate::sources::{Source, source_name};
use crate::text::path::{base_name, dir_name};
use diag::Pos;
use std::borrow::Cow;
use store::{ContentAddressMethod, HashAlgo, SortedSet, StorePath};

pub(super) const TABLE: &[Entry] = &[
    entry("path", 1, path),
    entry("filterSource", 2, filter_source),
    entry("toFile", 2, to_file),
    entry("toPath", 1, to_path),
    entry("storePath", 1, store_path),
    entry("baseNameOf", 1, base_name_of).global(),
    entry("dirOf", 1, dir_of).global(),
];

fn path(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let set = ev.force_attrs(
        args[0],
        Pos::NONE,
        "while evaluating the argument passed to 'builtins.path'",
    )?;
    let mut path = None;
    let mut name: &[u8] = b"";
    let mut filter = None;
    let mut method = ContentAddressMethod::Nar;
    let mut expected = None;
    for (attr_name, attr) in ev.mem.entries(set).iter() {
        let names = &ev.names;
        if attr_name == names.path {
            let text = "while evaluating the 'path' attribute passed to 'builtins.path'";
            path = Some(ev.coerce_to_path(attr.value, attr.pos, text)?);
        } else if attr_name == names.name {
            let text = "while evaluating the `name` attribute passed to builtins.path";
            name = ev.force_plain_string(attr.value, attr.pos, text)?;
        } else if attr_name == names.filter {
            let text = "while evaluating the `filter` parameter passed to builtins.path";
            ev.force_function(attr.value, attr.pos, text)?;
            filter = Some(attr.value);
        } else if attr_name == names.recursive {
            let text = "while evaluating the `recursive` attribute passed to builtins.path";
            let recursive = ev.force_bool(attr.value, attr.pos, text)?;
            method = if recursive {
                ContentAddressMethod::Nar
            } else {
                ContentAddressMethod::Flat
            };
        } else if attr_name == names.sha256 {
            let text = "while evaluating the `sha256` attribute passed to builtins.path";
            let hash = ev.force_plain_string(attr.value, attr.pos, text)?;
            expected = Some(super::hashes::parse_hash_or_empty(ev, hash, Some(HashAlgo::Sha256))?);
        } else {
            let message = format!(
                "unsupported argument '{}' to 'builtins.path'",
                syntax::identifier(&ev.symbols, attr_name)
            );
            return Err(ev.fail_at(ErrorKind::Eval, attr.pos, message));
        }
    }
    let Some((path, context)) = path else {
        let message = "missing required 'path' attribute in the first argument to 'builtins.path'";
        return Err(ev.fail(ErrorKind::Eval, message));
    };
    let name = if name.is_empty() {
        source_name(&path).into_owned()
    } else {
        name.to_vec()
    };
    ev.add_source(&Source {
        name: &name,
        path,
        context,
        filter,
        method,
        expected,
    })
}

fn filter_source(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the second argument (the path to filter) passed to 'builtins.filterSource'";
    let (path, context) = ev.coerce_to_path(args[1], Pos::NONE, text)?;
    let text = "while evaluating the first argument passed to builtins.filterSource";
    ev.force_function(args[0], Pos::NONE, text)?;
    let name = source_name(&path).into_owned();
    let method = ContentAddressMethod::Nar;
    ev.add_source(&Source {
        name: &name,
        path,
        context,
        filter: Some(args[0]),
        method,
        expected: None,
    })
}

fn to_file(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.toFile";
    let name = ev.force_plain_string(args[0], Pos::NONE, text)?;
    let text = "while evaluating the second argument passed to builtins.toFile";
    let content = ev.force_string(args[1], Pos::NONE, text)?;
    let mut references = Vec::new();
    let mut wrong = None;
    for element in ev.contexts.gather(&[content.context()]) {
        match element {
            Element::Opaque(path) => references.push(path.clone()),
            other => {
                wrong = Some(other.encode());
                break;
            }
        }
    }
    if let Some(wrong) = wrong {
        let message = format!(
            "files created by builtins.toFile may not reference derivations, but {} references {wrong}",
            String::from_utf8_lossy(name)
        );
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let references: SortedSet<StorePath> = references.into_iter().collect();
    let bytes = content.as_string().unwrap_or_default();
    ev.keep_text(bytes.len())?;
    ev.looks_at(name);
    ev.looks_at(bytes);
    match ev.store.add_text(name, bytes, references) {
        Ok(path) => Ok(ev.store_path_string(path)),
        Err(error) => Err(ev.store_failed(error)),
    }
}

fn to_path(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.toPath";
    let (path, context) = ev.coerce_to_path(args[0], Pos::NONE, text)?;
    Ok(ev.mem.string_in(&path, context))
}

fn store_path(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    if ev.settings.pure {
        let message = "'builtins.storePath' is not allowed in pure evaluation mode";
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let text = "while evaluating the first argument passed to 'builtins.storePath'";
    let (path, context) = ev.coerce_to_path(args[0], Pos::NONE, text)?;
    // A link that itself is a store object stays what it is.
    let real = match StorePath::split(&path) {
        Ok((_, b"")) => Cow::Borrowed(path.as_slice()),
        _ => ev.resolve(&path, true)?,
    };
    let object = match StorePath::split(&real) {
        Ok((object, _)) => object,
        Err(error) if real.starts_with(b"/nix/store/") => return Err(ev.store_failed(error)),
        Err(_) => {
            let message = format!("path '{}' is not in the Nix store", String::from_utf8_lossy(&real));
            return Err(ev.fail(ErrorKind::Eval, message));
        }
    };
    let own = ev.contexts.single(Element::Opaque(object));
    let context = ev.contexts.union(context, own);
    Ok(ev.mem.string_in(&real, context))
}

fn base_name_of(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.baseNameOf";
    let string = ev.coerce_cell(args[0], Pos::NONE, text, Coercion::PLAIN)?;
    let whole = string.as_string().unwrap_or_default();
    let name = base_name(whole);
    Ok(if name.len() == whole.len() {
        string
    } else {
        ev.mem.string_in(name, string.context())
    })
}

fn dir_of(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    if let Some(path) = value.as_path() {
        return Ok(if path == b"/" {
            value
        } else {
            ev.mem.path(dir_name(path))
        });
    }
    let text = "while evaluating the first argument passed to 'builtins.dirOf'";
    let string = ev.coerce(value, Pos::NONE, text, Coercion::PLAIN)?;
    let context: ContextId = string.context();
    Ok(ev
        .mem
        .string_in(dir_name(string.as_string().unwrap_or_default()), context))
}
