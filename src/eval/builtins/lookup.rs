//! `findFile`, which `<name>` means: looking for a file along a search path.

use super::{Entry, entry};
use crate::coerce::Coercion;
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::files::{INTERNAL, join};
use crate::heap::{Ref, Val};
use crate::io::FetchRequest;
use crate::text::path::canonical;
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[entry("findFile", 2, find_file)];

fn find_file(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.findFile";
    let entries = ev.force_list(args[0], Pos::NONE, text)?;
    let mut search: Vec<(&[u8], &[u8])> = Vec::with_capacity(entries.len());
    for &cell in entries {
        let text = "while evaluating an element of the list passed to builtins.findFile";
        let entry = ev.force_attrs(cell, Pos::NONE, text)?;
        let mut prefix: &[u8] = b"";
        if let Some(attr) = ev.mem.attr(entry, ev.names.prefix) {
            let text = "while evaluating the `prefix` attribute of an element of the list passed to builtins.findFile";
            prefix = ev.force_plain_string(attr.value, Pos::NONE, text)?;
        }
        let attr = ev.require_attr(entry, ev.names.path, "in an element of the __nixPath")?;
        let text = "while evaluating the `path` attribute of an element of the list passed to builtins.findFile";
        let path = ev.coerce_cell(attr.value, Pos::NONE, text, Coercion::PLAIN)?;
        let bytes = path.as_string().unwrap_or_default();
        if let Some(missing) = ev.missing_path(path.context())? {
            let message = format!(
                "cannot find '{}', since path '{}' is not valid",
                String::from_utf8_lossy(bytes),
                missing.base_name()
            );
            return Err(ev.fail(ErrorKind::Eval, message));
        }
        ev.realise_context(path.context(), bytes)?;
        search.push((prefix, bytes));
    }
    let text = "while evaluating the second argument passed to builtins.findFile";
    let wanted = ev.force_plain_string(args[1], Pos::NONE, text)?;
    let found = ev.search_for(&search, wanted)?;
    Ok(ev.mem.path(&found))
}

/// Returns what of `wanted` is to be looked for below an entry with this prefix; `None` if the
/// prefix does not match.
fn suffix<'w>(prefix: &[u8], wanted: &'w [u8]) -> Option<&'w [u8]> {
    let rest = wanted.strip_prefix(prefix)?;
    if prefix.is_empty() || rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix(b"/")
    }
}

/// Whether an entry of a search path is an address.
fn is_address(entry: &[u8]) -> bool {
    if entry.starts_with(b"channel:") {
        return true;
    }
    let Some(colon) = memchr::memmem::find(entry, b"://") else {
        return false;
    };
    matches!(
        &entry[..colon],
        b"http" | b"https" | b"file" | b"channel" | b"git" | b"s3" | b"ssh"
    )
}

/// Returns the address of a tarball, with the short form for channels expanded.
pub(super) fn tarball_address(address: &str) -> String {
    match address.strip_prefix("channel:") {
        Some(channel) => format!("https://channels.nixos.org/{channel}/nixexprs.tar.xz"),
        None => address.to_owned(),
    }
}

impl Evaluator {
    /// Returns the path of a file along a search path of prefixes and places.
    pub(crate) fn search_for(&mut self, search: &[(&[u8], &[u8])], wanted: &[u8]) -> Eval<Vec<u8>> {
        for &(prefix, place) in search {
            let Some(suffix) = suffix(prefix, wanted) else { continue };
            let Some(root) = self.search_entry(place)? else {
                continue;
            };
            let path = if suffix.is_empty() {
                root
            } else {
                canonical(&join(&root, &canonical(suffix)))
            };
            let path = self.resolve(&path, true)?.into_owned();
            if self.maybe_type(&path)?.is_some() {
                return Ok(path);
            }
            if self.settings.pure {
                // Tells that the path may not be read, if that is why nothing is there.
                match self.type_of_path(&path) {
                    Err(fail) if !self.is_not_found(&path) => return Err(fail),
                    _ => self.clear_error(),
                }
            }
        }
        if let Some(name) = wanted.strip_prefix(b"nix/") {
            return Ok(join(INTERNAL, &canonical(name)[1..]));
        }
        let wanted = String::from_utf8_lossy(wanted);
        let message = if self.settings.pure {
            format!("cannot look up '<{wanted}>' in pure evaluation mode (use '--impure' to override)")
        } else {
            format!("file '{wanted}' was not found in the Nix search path (add it using $NIX_PATH or -I)")
        };
        Err(self.fail(ErrorKind::Thrown, message))
    }

    /// Returns the path of a file along the search path of the settings, as `<name>` does.
    pub fn find_in_search_path(&mut self, wanted: &str) -> Eval<Vec<u8>> {
        let search = self.settings.search_path.clone();
        let search: Vec<(&[u8], &[u8])> = search.iter().map(|(p, q)| (p.as_bytes(), q.as_bytes())).collect();
        self.search_for(&search, wanted.as_bytes())
    }

    /// Whether the error under way is only that nothing is at the path.
    fn is_not_found(&mut self, path: &[u8]) -> bool {
        let expected = format!("path '{}' does not exist", crate::files::show_path(path));
        let mut same = false;
        self.with_error(|error| same = error.message == expected);
        same
    }

    /// Returns the folder that an entry of a search path stands for; `None` if there is none, which
    /// is told once.
    fn search_entry(&mut self, entry: &[u8]) -> Eval<Option<Vec<u8>>> {
        if let Some(known) = self.caches.files.lookups.get(entry) {
            return Ok(known.clone());
        }
        let found = self.resolve_search_entry(entry)?;
        self.caches.files.lookups.insert(entry.to_vec(), found.clone());
        Ok(found)
    }

    fn resolve_search_entry(&mut self, entry: &[u8]) -> Eval<Option<Vec<u8>>> {
        let shown = String::from_utf8_lossy(entry);
        if is_address(entry) {
            let request = FetchRequest::Tarball {
                url: tarball_address(&shown),
                name: "source".into(),
                hash: None,
            };
            match self.io.fetch(&request) {
                Ok(fetched) => return Ok(Some(fetched.path.to_path().into_bytes())),
                Err(_) => {
                    let warning = format!("warning: Nix search path entry '{shown}' cannot be downloaded, ignoring");
                    self.io.message(warning.as_bytes());
                }
            }
        }
        if let Some(reference) = entry.strip_prefix(b"flake:") {
            let reference = String::from_utf8_lossy(reference);
            let fetched = self.io.parse_flake_ref(&reference).and_then(|attrs| {
                self.io.fetch(&FetchRequest::Tree {
                    attrs,
                    name: None,
                    caller: "fetchTree",
                })
            });
            return match fetched {
                Ok(fetched) => Ok(Some(fetched.path.to_path().into_bytes())),
                Err(error) => Err(self.fail(ErrorKind::Io, error.to_string())),
            };
        }
        let path = self.root_path(entry);
        if self.exists(&path)? {
            return Ok(Some(path));
        }
        if self.settings.pure {
            let real = self.resolve(&path, true)?.into_owned();
            match self.type_of_path(&real) {
                Err(fail) if !self.is_not_found(&real) => return Err(fail),
                _ => self.clear_error(),
            }
        }
        let warning = format!("warning: Nix search path entry '{shown}' does not exist, ignoring");
        self.io.message(warning.as_bytes());
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_at_a_slash() {
        for (prefix, wanted, expected) in [
            ("", "a/b", Some("a/b")),
            ("a", "a/b", Some("b")),
            ("a", "a", Some("")),
            ("a", "ab", None),
            ("a/b", "a", None),
            ("a", "b", None),
        ] {
            assert_eq!(
                suffix(prefix.as_bytes(), wanted.as_bytes()),
                expected.map(str::as_bytes),
                "{prefix} {wanted}"
            );
        }
    }

    #[test]
    fn addresses() {
        for entry in ["channel:nixos-unstable", "https://x/y.tar.gz", "ssh://h"] {
            assert!(is_address(entry.as_bytes()), "{entry}");
        }
        for entry in ["/a/b", "ftp://x", "flake:nixpkgs", "a:b"] {
            assert!(!is_address(entry.as_bytes()), "{entry}");
        }
        assert_eq!(
            tarball_address("channel:c"),
            "https://channels.nixos.org/c/nixexprs.tar.xz"
        );
    }
}
