//! Fetching: `fetchurl`, `fetchTarball`, `fetchTree`, `fetchGit`, `fetchMercurial`, `fetchClosure`.
//!
//! Arguments are checked here, with Nix's messages; the fetching itself is one request to the world.

use super::hashes::{disabled_feature, parse_hash_or_empty};
use super::{Entry, entry};
use crate::coerce::Coercion;
use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use crate::io::{FetchAttr, FetchRequest};
use diag::Pos;
use store::{ContentAddress, ContentAddressMethod, Hash, HashAlgo, References, StorePath, check_name};
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("fetchurl", 1, fetchurl),
    entry("fetchTarball", 1, fetch_tarball).global(),
    entry("fetchTree", 1, fetch_tree).global().when(|s| s.flakes),
    entry("fetchGit", 1, fetch_git).global(),
    entry("fetchMercurial", 1, fetch_mercurial).global(),
    entry("fetchClosure", 1, fetch_closure).when(|s| s.fetch_closure),
];

/// The attributes of a reference.
pub(super) type Attrs = Vec<(String, FetchAttr)>;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Puts an attribute in its place; one that is there stays.
fn put(attrs: &mut Attrs, name: &str, value: FetchAttr) {
    if let Err(at) = attrs.binary_search_by(|attr| attr.0.as_str().cmp(name)) {
        attrs.insert(at, (name.to_owned(), value));
    }
}

fn get<'a>(attrs: &'a Attrs, name: &str) -> Option<&'a FetchAttr> {
    attrs.iter().find(|attr| attr.0 == name).map(|attr| &attr.1)
}

// ---- one file, or one archive

fn fetchurl(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    fetch(ev, args[0], false)
}

fn fetch_tarball(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    fetch(ev, args[0], true)
}

fn fetch(ev: &mut Evaluator, argument: Ref, unpack: bool) -> Eval<Val> {
    let who = if unpack { "fetchTarball" } else { "fetchurl" };
    let mut name = if unpack { b"source".to_vec() } else { Vec::new() };
    let mut url = None;
    let mut hash = None;
    let mut named = false;
    let value = ev.force(argument, Pos::NONE)?;
    if value.is_attrs() {
        for (symbol, attr) in ev.mem.entries(value).iter() {
            let names = &ev.names;
            if symbol == names.url {
                let context = "while evaluating the url we should fetch";
                url = Some(ev.force_plain_string(attr.value, attr.pos, context)?);
            } else if symbol == names.sha256 {
                let context = "while evaluating the sha256 of the content we should fetch";
                let digits = ev.force_plain_string(attr.value, attr.pos, context)?;
                hash = Some(parse_hash_or_empty(ev, digits, Some(HashAlgo::Sha256))?);
            } else if symbol == names.name {
                named = true;
                let context = "while evaluating the name of the content we should fetch";
                name = ev.force_plain_string(attr.value, attr.pos, context)?.to_vec();
            } else {
                let message = format!("unsupported argument '{}' to '{who}'", ev.symbols.text(symbol));
                return Err(ev.fail(ErrorKind::Eval, message));
            }
        }
        if url.is_none() {
            return Err(ev.fail(ErrorKind::Eval, "'url' argument required"));
        }
    } else {
        url = Some(ev.force_plain_string(argument, Pos::NONE, "while evaluating the url we should fetch")?);
    }
    let mut url = text(url.unwrap_or_default());
    if unpack {
        url = super::lookup::tarball_address(&url);
    }
    if name.is_empty() {
        name = last_component(url.as_bytes()).to_vec();
    }
    if let Err(error) = check_name(&name) {
        let advice = if named {
            format!(
                "Please change the value for the 'name' attribute passed to '{who}', so that it can create a valid store path."
            )
        } else if value.is_attrs() {
            format!(
                "Please add a valid 'name' attribute to the argument for '{who}', so that it can create a valid store path."
            )
        } else {
            format!(
                "Please pass an attribute set with 'url' and 'name' attributes to '{who}',  so that it can create a valid store path."
            )
        };
        let message = format!("invalid store path name when fetching URL '{url}': {error}. {advice}");
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    if ev.settings.pure && hash.is_none() {
        let message = format!("in pure evaluation mode, '{who}' requires a 'sha256' argument");
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    if let Some(hash) = hash
        && let Some(path) = fetched_before(ev, &name, hash, unpack)?
    {
        return Ok(ev.store_path_string(path));
    }
    let name = text(&name);
    let request = if unpack {
        FetchRequest::Tarball { url, name, hash }
    } else {
        FetchRequest::Url { url, name, hash }
    };
    ev.shows();
    match ev.io.fetch(&request) {
        Ok(fetched) => Ok(ev.store_path_string(fetched.path)),
        Err(error) => Err(fetch_failed(ev, &error)),
    }
}

#[cold]
fn fetch_failed(ev: &mut Evaluator, error: &crate::io::IoError) -> Fail {
    ev.fail(ErrorKind::Io, error.to_string())
}

/// Returns what follows the last slash, slashes at the end left out (Nix's `baseNameOf` of C++).
fn last_component(url: &[u8]) -> &[u8] {
    let end = url.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
    let url = &url[..end];
    match memchr::memrchr(b'/', url) {
        Some(slash) => &url[slash + 1..],
        None => url,
    }
}

/// Returns the store path that something with this hash has, if it is there already.
fn fetched_before(ev: &mut Evaluator, name: &[u8], hash: Hash, unpack: bool) -> Eval<Option<StorePath>> {
    let method = if unpack {
        ContentAddressMethod::Nar
    } else {
        ContentAddressMethod::Flat
    };
    let address = ContentAddress { method, hash };
    match store::content_addressed_path(name, &address, &References::default()) {
        Ok(path) => Ok(ev.is_valid(&path)?.then_some(path)),
        Err(error) => Err(ev.store_failed(error)),
    }
}

// ---- trees

fn fetch_tree(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    tree(ev, args[0], false)
}

fn fetch_git(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    tree(ev, args[0], true)
}

fn tree(ev: &mut Evaluator, argument: Ref, git: bool) -> Eval<Val> {
    let caller = if git { "fetchGit" } else { "fetchTree" };
    let value = ev.force(argument, Pos::NONE)?;
    let attrs = if value.is_attrs() {
        tree_attrs(ev, value, git, caller)?
    } else {
        let context = format!("while evaluating the first argument passed to '{caller}'");
        let url = ev.coerce(value, Pos::NONE, &context, Coercion::PLAIN)?;
        let url = text(url.as_string().unwrap_or_default());
        if git {
            let mut attrs = Attrs::new();
            put(&mut attrs, "type", FetchAttr::String("git".into()));
            put(&mut attrs, "url", FetchAttr::String(git_url(ev, &url)?));
            put(&mut attrs, "exportIgnore", FetchAttr::Bool(true));
            attrs
        } else {
            match ev.io.parse_flake_ref(&url) {
                Ok(attrs) => attrs,
                Err(error) => return Err(fetch_failed(ev, &error)),
            }
        }
    };
    let name = match get(&attrs, "name") {
        Some(FetchAttr::String(name)) => Some(name.clone()),
        _ => None,
    };
    ev.shows();
    match ev.io.fetch(&FetchRequest::Tree { attrs, name, caller }) {
        Ok(fetched) => Ok(tree_value(ev, fetched.path, &fetched.attrs, git, false)),
        Err(error) => Err(fetch_failed(ev, &error)),
    }
}

/// Returns the attributes of a reference that is given as a set.
fn tree_attrs(ev: &mut Evaluator, set: Val, git: bool, caller: &str) -> Eval<Attrs> {
    let mut attrs = Attrs::new();
    let kind = match ev.mem.attr(set, ev.names.kind) {
        Some(_) if git => return Err(ev.fail(ErrorKind::Eval, "unexpected argument 'type'")),
        Some(attr) => {
            let context = format!("while evaluating the `type` argument passed to '{caller}'");
            text(ev.force_plain_string(attr.value, attr.pos, &context)?)
        }
        None if git => "git".to_owned(),
        None => {
            let message = format!("argument 'type' is missing in call to '{caller}'");
            return Err(ev.fail(ErrorKind::Eval, message));
        }
    };
    put(&mut attrs, "type", FetchAttr::String(kind.clone()));
    for (symbol, attr) in ev.mem.entries(set).iter() {
        if symbol == ev.names.kind {
            continue;
        }
        let name = ev.symbols.text(symbol).into_owned();
        let value = ev.force(attr.value, attr.pos)?;
        let value = match value.tag() {
            Tag::Path | Tag::String => {
                let string = ev.coerce(value, attr.pos, "", Coercion::PLAIN)?;
                let string = text(string.as_string().unwrap_or_default());
                FetchAttr::String(if git && name == "url" {
                    git_url(ev, &string)?
                } else {
                    string
                })
            }
            Tag::Bool => FetchAttr::Bool(value.as_bool() == Some(true)),
            Tag::Int => match u64::try_from(value.as_int().unwrap_or(0)) {
                Ok(number) => FetchAttr::Int(number),
                Err(_) => {
                    let number = value.as_int().unwrap_or(0);
                    let name = syntax::identifier(&ev.symbols, symbol);
                    let message = format!("negative value given for '{caller}' argument '{name}': {number}");
                    return Err(ev.fail(ErrorKind::Eval, message));
                }
            },
            _ if name == "publicKeys" => return Err(disabled_feature(ev, "verified-fetches", "")),
            _ => {
                let name = syntax::identifier(&ev.symbols, symbol);
                let message = format!(
                    "argument '{name}' to '{caller}' is {} while a string, Boolean or integer is expected",
                    ev.show_type(value)
                );
                return Err(ev.fail(ErrorKind::Type, message));
            }
        };
        put(&mut attrs, &name, value);
    }
    if git && get(&attrs, "submodules") != Some(&FetchAttr::Bool(true)) {
        put(&mut attrs, "exportIgnore", FetchAttr::Bool(true));
    }
    if kind == "git" && !git {
        put(&mut attrs, "shallow", FetchAttr::Bool(true));
    }
    if !git && get(&attrs, "name").is_some() {
        let message = format!("argument 'name' isn’t supported in call to '{caller}'");
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    Ok(attrs)
}

/// Returns the address of a git repository with the short forms written out: `user@host:path` and a
/// plain path.
fn git_url(ev: &mut Evaluator, url: &str) -> Eval<String> {
    let mut url = url.to_owned();
    if !url.starts_with('/')
        && let Some(at) = url.find('@')
        && !url[..at].contains('/')
        && let Some(colon) = url.rfind(':')
        && colon > at
    {
        url = format!("ssh://{}@{}/{}", &url[..at], &url[at + 1..colon], &url[colon + 1..]);
    }
    if !url.starts_with("file:") && !url.starts_with("git+file:") && !url.contains("://") {
        if url.split('/').next().is_some_and(|first| first.contains(':')) {
            let message = format!("SCP-like URL '{url}' is not supported; use SSH URL syntax instead (ssh://...)");
            return Err(ev.fail(ErrorKind::Eval, message));
        }
        return Ok(if url.starts_with('/') {
            format!("file://{url}")
        } else {
            format!("file:{url}")
        });
    }
    Ok(url.strip_prefix("git+").map(str::to_owned).unwrap_or(url))
}

/// Returns the set that describes a fetched tree; of one that is watched it is told which attributes are read.
pub(super) fn tree_value(ev: &mut Evaluator, path: StorePath, attrs: &Attrs, git: bool, watched: bool) -> Val {
    let mut set: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(attrs.len() + 4);
    let out_path = ev.store_path_string(path);
    set.push((ev.names.out_path, Pos::NONE, ev.cell(out_path)));
    for (name, value) in attrs {
        let mut value = attr_value(ev, value);
        if watched {
            let name = ev.string_cell(name.as_bytes());
            value = ev.own_attribute(name, value);
        }
        let name = ev.symbols.intern(name.as_bytes());
        set.push((name, Pos::NONE, ev.cell(value)));
    }
    if git {
        // What `fetchGit` has always said of a tree with changes.
        let zeros = "0".repeat(40);
        if get(attrs, "rev").is_none() {
            let (rev, short) = (ev.string_cell(zeros.as_bytes()), ev.string_cell(&zeros.as_bytes()[..7]));
            set.push((ev.symbols.intern(b"rev"), Pos::NONE, rev));
            set.push((ev.symbols.intern(b"shortRev"), Pos::NONE, short));
        }
        if get(attrs, "revCount").is_none() {
            let none = ev.cell(Val::int(0));
            set.push((ev.symbols.intern(b"revCount"), Pos::NONE, none));
        }
    }
    ev.mem.attrs_from(set)
}

/// Returns an attribute of a reference as a value.
pub(super) fn attr_value(ev: &mut Evaluator, attr: &FetchAttr) -> Val {
    match attr {
        FetchAttr::String(string) => ev.mem.string(string.as_bytes()),
        FetchAttr::Int(number) => Val::int(*number as i64),
        FetchAttr::Bool(value) => Val::bool(*value),
    }
}

// ---- Mercurial

fn fetch_mercurial(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let mut url = String::new();
    let mut revision = None;
    let mut branch = None;
    let mut name = "source".to_owned();
    let value = ev.force(args[0], Pos::NONE)?;
    if value.is_attrs() {
        let rev = ev.symbols.intern(b"rev");
        for (symbol, attr) in ev.mem.entries(value).iter() {
            if symbol == ev.names.url {
                let context = "while evaluating the `url` attribute passed to builtins.fetchMercurial";
                let string = ev.coerce_cell(attr.value, attr.pos, context, Coercion::PLAIN)?;
                url = text(string.as_string().unwrap_or_default());
            } else if symbol == rev {
                let context = "while evaluating the `rev` attribute passed to builtins.fetchMercurial";
                let value = text(ev.force_plain_string(attr.value, attr.pos, context)?);
                let is_revision =
                    value.len() == 40 && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if is_revision {
                    revision = Some(value)
                } else {
                    branch = Some(value)
                }
            } else if symbol == ev.names.name {
                let context = "while evaluating the `name` attribute passed to builtins.fetchMercurial";
                name = text(ev.force_plain_string(attr.value, attr.pos, context)?);
            } else {
                let message = format!(
                    "unsupported argument '{}' to 'fetchMercurial'",
                    syntax::identifier(&ev.symbols, symbol)
                );
                return Err(ev.fail_at(ErrorKind::Eval, attr.pos, message));
            }
        }
        if url.is_empty() {
            return Err(ev.fail(ErrorKind::Eval, "'url' argument required"));
        }
    } else {
        let context = "while evaluating the first argument passed to builtins.fetchMercurial";
        let string = ev.coerce(value, Pos::NONE, context, Coercion::PLAIN)?;
        url = text(string.as_string().unwrap_or_default());
    }
    if ev.settings.pure && revision.is_none() {
        let message = "in pure evaluation mode, 'fetchMercurial' requires a Mercurial revision";
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let mut attrs = Attrs::new();
    put(&mut attrs, "type", FetchAttr::String("hg".into()));
    let url = if url.contains("://") {
        url
    } else {
        format!("file://{url}")
    };
    put(&mut attrs, "url", FetchAttr::String(url));
    put(&mut attrs, "name", FetchAttr::String(name.clone()));
    if let Some(branch) = branch {
        put(&mut attrs, "ref", FetchAttr::String(branch));
    }
    if let Some(revision) = revision {
        put(&mut attrs, "rev", FetchAttr::String(revision));
    }
    ev.shows();
    let fetched = match ev.io.fetch(&FetchRequest::Tree {
        attrs,
        name: Some(name),
        caller: "fetchMercurial",
    }) {
        Ok(fetched) => fetched,
        Err(error) => return Err(fetch_failed(ev, &error)),
    };
    let mut set: Vec<(Symbol, Pos, Ref)> = Vec::new();
    let out_path = ev.store_path_string(fetched.path);
    set.push((ev.names.out_path, Pos::NONE, ev.cell(out_path)));
    let revision = match get(&fetched.attrs, "rev") {
        Some(FetchAttr::String(revision)) => revision.clone(),
        _ => "0".repeat(40),
    };
    let short = revision.as_bytes()[..revision.len().min(12)].to_vec();
    let (revision, short) = (ev.string_cell(revision.as_bytes()), ev.string_cell(&short));
    set.push((ev.symbols.intern(b"rev"), Pos::NONE, revision));
    set.push((ev.symbols.intern(b"shortRev"), Pos::NONE, short));
    for (from, to) in [("ref", "branch"), ("revCount", "revCount")] {
        if let Some(attr) = get(&fetched.attrs, from) {
            let value = attr_value(ev, attr);
            set.push((ev.symbols.intern(to.as_bytes()), Pos::NONE, ev.cell(value)));
        }
    }
    Ok(ev.mem.attrs_from(set))
}

// ---- closures

fn fetch_closure(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the argument passed to builtins.fetchClosure";
    let set = ev.force_attrs(args[0], Pos::NONE, context)?;
    let mut from_store = None;
    let mut from_path = None;
    let mut to_path = None;
    let mut input_addressed = false;
    for (symbol, attr) in ev.mem.entries(set).iter() {
        let name = ev.symbols.text(symbol).into_owned();
        let context = format!("while evaluating the attribute '{name}' passed to builtins.fetchClosure");
        match name.as_str() {
            "fromPath" => from_path = Some(store_path(ev, attr.value, attr.pos, &context)?),
            "toPath" => {
                let empty = ev.force(attr.value, attr.pos)?.as_string() == Some(b"");
                to_path = Some(if empty {
                    None
                } else {
                    Some(store_path(ev, attr.value, attr.pos, &context)?)
                });
            }
            "fromStore" => from_store = Some(text(ev.force_plain_string(attr.value, attr.pos, &context)?)),
            "inputAddressed" => input_addressed = ev.force_bool(attr.value, attr.pos, &context)?,
            _ => {
                let name = syntax::identifier(&ev.symbols, symbol);
                let message = format!("attribute '{name}' isn't supported in call to 'fetchClosure'");
                return Err(ev.fail(ErrorKind::Eval, message));
            }
        }
    }
    let missing = |name: &str| format!("attribute '{name}' is missing in call to 'fetchClosure'");
    let Some(from_path) = from_path else {
        return Err(ev.fail(ErrorKind::Eval, missing("fromPath")));
    };
    if input_addressed && to_path.is_some() {
        let message = "attribute 'inputAddressed' is set to true, but 'toPath' is also set. Please remove one of them";
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let Some(from_store) = from_store else {
        return Err(ev.fail(ErrorKind::Eval, missing("fromStore")));
    };
    if !from_store.starts_with("http://") && !from_store.starts_with("https://") {
        let message = "'fetchClosure' only supports http:// and https:// stores";
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    if from_store.contains('?') {
        let message = format!("'fetchClosure' does not support URL query parameters (in '{from_store}')");
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    // Evaluation needs the path's text; its contents only if something reads them, and then the
    // world is asked for that path.
    let path = match to_path {
        Some(Some(path)) => path,
        Some(None) => {
            let message = format!(
                "the content-addressed form of '{}' is not known; 'toPath' must say it",
                from_path.to_path()
            );
            return Err(ev.fail(ErrorKind::Eval, message));
        }
        None => from_path,
    };
    Ok(ev.store_path_string(path))
}

fn store_path(ev: &mut Evaluator, cell: Ref, pos: Pos, context: &str) -> Eval<StorePath> {
    let string = ev.coerce_cell(cell, pos, context, Coercion::PLAIN)?;
    let bytes = string.as_string().unwrap_or_default();
    match StorePath::parse(bytes) {
        Ok(path) => Ok(path),
        Err(_) => {
            let fail = ev.fail(
                ErrorKind::Eval,
                format!("path '{}' is not in the Nix store", text(bytes)),
            );
            Err(ev.trace(fail, pos, context))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_component_of_an_address_is_its_name() {
        for (url, expected) in [
            ("https://x/a.tar.gz", "a.tar.gz"),
            ("https://x/a/", "a"),
            ("a", "a"),
            ("", ""),
            ("///", ""),
        ] {
            assert_eq!(last_component(url.as_bytes()), expected.as_bytes(), "{url}");
        }
    }

    #[test]
    fn attributes_are_kept_in_order_and_once() {
        let mut attrs = Attrs::new();
        put(&mut attrs, "url", FetchAttr::String("u".into()));
        put(&mut attrs, "ref", FetchAttr::String("r".into()));
        put(&mut attrs, "url", FetchAttr::String("other".into()));
        assert_eq!(attrs.iter().map(|a| a.0.as_str()).collect::<Vec<_>>(), ["ref", "url"]);
        assert_eq!(get(&attrs, "url"), Some(&FetchAttr::String("u".into())));
    }
}
