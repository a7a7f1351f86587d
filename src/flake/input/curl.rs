//! Inputs that one download brings: archives and single files by `https:`, `http:` and `file:`.

use super::{Input, Scheme};
use crate::attrs::Attrs;
use crate::error::RefError;
use crate::url::{Url, split_scheme};

pub(super) const ATTRS: &[&str] = &["url", "narHash", "name", "unpack", "rev", "revCount", "lastModified"];

/// How the names of archives end that Nix unpacks.
const ARCHIVES: [&str; 7] = [".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"];

fn is_own(scheme: Scheme, url: &Url, require_tree: bool) -> bool {
    let (application, transport) = split_scheme(&url.scheme);
    let is_archive = || {
        url.path
            .last()
            .is_some_and(|name| ARCHIVES.iter().any(|end| name.ends_with(end)))
    };
    matches!(transport, "file" | "http" | "https")
        && match application {
            Some(application) => application == scheme.name(),
            None if scheme == Scheme::File => !require_tree && !is_archive(),
            None => require_tree || is_archive(),
        }
}

pub(super) fn from_url(scheme: Scheme, url: &Url, require_tree: bool) -> Result<Option<Attrs>, RefError> {
    if !is_own(scheme, url, require_tree) {
        return Ok(None);
    }
    let mut attrs = Attrs::new();
    for name in ["narHash", "rev"] {
        if let Some(value) = url.query.get(name) {
            attrs.set(name, value.as_str());
        }
    }
    for name in ["revCount", "lastModified"] {
        if let Some(number) = url.query.get(name).and_then(|value| value.parse::<u64>().ok()) {
            attrs.set(name, number);
        }
    }
    let mut url = url.clone();
    url.scheme = split_scheme(&url.scheme).1.to_owned();
    // What is meant for Nix is not sent to the server.
    for name in ATTRS {
        url.query.remove(*name);
    }
    attrs.set("type", scheme.name());
    attrs.set("url", url.to_string());
    Ok(Some(attrs))
}

pub(super) fn to_url(input: &Input) -> Result<Url, RefError> {
    let mut url = Url::parse(input.attrs().required_str("url")?, false)?;
    if let Some(hash) = input.nar_hash()? {
        url.query.insert("narHash".into(), hash.to_string());
    }
    Ok(url)
}
