//! Git inputs: `git+https:`, `git+http:`, `git+ssh:`, `git+file:` and `git:`; Mercurial's by the way.

use super::Input;
use crate::attrs::Attrs;
use crate::error::RefError;
use crate::refname::is_legal_ref_name;
use crate::rev::Rev;
use crate::url::{Authority, BadUrl, Url, split_scheme};

pub(super) const ATTRS: &[&str] = &[
    "url",
    "ref",
    "rev",
    "shallow",
    "submodules",
    "lfs",
    "exportIgnore",
    "lastModified",
    "revCount",
    "narHash",
    "allRefs",
    "name",
    "dirtyRev",
    "dirtyShortRev",
    "verifyCommit",
    "keytype",
    "publicKey",
    "publicKeys",
];

pub(super) const MERCURIAL_ATTRS: &[&str] = &["url", "ref", "rev", "revCount", "narHash", "name"];

/// Attributes that need Nix's experimental feature `verified-fetches`.
const VERIFIED: [&str; 4] = ["verifyCommit", "keytype", "publicKey", "publicKeys"];

pub(super) fn from_url(url: &Url) -> Result<Option<Attrs>, RefError> {
    if url.scheme != "git" && split_scheme(&url.scheme).0 != Some("git") {
        return Ok(None);
    }
    let mut attrs = Attrs::new();
    attrs.set("type", "git");
    let mut plain = url.clone();
    plain.query.clear();
    for (name, value) in &url.query {
        match name.as_str() {
            "rev" | "ref" | "keytype" | "publicKey" | "publicKeys" => attrs.set(name, value.as_str()),
            "shallow" | "submodules" | "lfs" | "exportIgnore" | "allRefs" | "verifyCommit" => {
                attrs.set(name, value == "1");
            }
            _ => {
                plain.query.insert(name.clone(), value.clone());
            }
        }
    }
    attrs.set("url", plain.to_string());
    from_attrs(attrs).map(Some)
}

pub(super) fn from_attrs(mut attrs: Attrs) -> Result<Attrs, RefError> {
    if VERIFIED.iter().any(|name| attrs.contains(name)) {
        return Err(RefError::ExperimentalFeature("verified-fetches"));
    }
    if let Some(name) = attrs.str("ref")?.filter(|name| !is_legal_ref_name(name)) {
        return Err(BadUrl::new(format!("invalid Git branch/tag name '{name}'")).into());
    }
    let url = fix_git_url(attrs.required_str("url")?)?.to_string();
    attrs.set("url", url);
    for name in ["shallow", "submodules", "allRefs"] {
        attrs.bool(name)?;
    }
    Ok(attrs)
}

pub(super) fn to_url(input: &Input) -> Result<Url, RefError> {
    let attrs = input.attrs();
    let mut url = Url::parse(attrs.required_str("url")?, false)?;
    if url.scheme != "git" {
        url.scheme = format!("git+{}", url.scheme);
    }
    if let Some(rev) = input.rev()? {
        url.query.insert("rev".into(), rev.to_string());
    }
    if let Some(git_ref) = input.git_ref()? {
        url.query.insert("ref".into(), git_ref.to_owned());
    }
    for name in ["shallow", "lfs", "submodules", "exportIgnore"] {
        if attrs.bool(name)? == Some(true) {
            url.query.insert(name.to_owned(), "1".to_owned());
        }
    }
    Ok(url)
}

pub(super) fn with_overrides(input: &Input, git_ref: Option<&str>, rev: Option<&Rev>) -> Result<Input, RefError> {
    let mut input = input.clone();
    if let Some(rev) = rev {
        input.set("rev", rev.to_string());
    }
    if let Some(git_ref) = git_ref {
        input.set("ref", git_ref);
    }
    if input.git_ref()?.is_none() && input.rev()?.is_some() && input.scheme() == Some(super::Scheme::Git) {
        return Err(RefError::RevWithoutRef(input.display()));
    }
    Ok(input)
}

/// Returns the URL that Git's own shorthands mean: `user@host:path` is ssh, a bare path is `file:`.
pub fn fix_git_url(text: &str) -> Result<Url, BadUrl> {
    let mut text = text.to_owned();
    if let Some((user, host, path)) = split_scp(&text) {
        text = format!("ssh://{user}@{host}/{path}");
    }
    if !text.starts_with("file:") && !text.starts_with("git+file:") && !text.contains("://") {
        let path: Vec<String> = text.split('/').map(str::to_owned).collect();
        if path.first().is_some_and(|first| first.contains(':')) {
            return Err(BadUrl::new(format!(
                "SCP-like URL '{text}' is not supported; use SSH URL syntax instead (ssh://...)"
            )));
        }
        let authority = text.starts_with('/').then(Authority::default);
        return Ok(Url {
            scheme: "file".into(),
            authority,
            path,
            ..Url::default()
        });
    }
    let mut url = Url::parse(&text, false)?;
    if let (Some("git"), transport) = split_scheme(&url.scheme) {
        url.scheme = transport.to_owned();
    }
    Ok(url)
}

/// Splits `user@host:path` as scp takes it: no slash before the last `@` that leaves a `:` behind it.
fn split_scp(text: &str) -> Option<(&str, &str, &str)> {
    if text.starts_with('/') || text.contains('\n') {
        return None;
    }
    let first_part = text.find('/').unwrap_or(text.len());
    let mut end = first_part;
    while let Some(at) = text[..end].rfind('@') {
        if let Some((host, path)) = text[at + 1..].rsplit_once(':') {
            return Some((&text[..at], host, path));
        }
        end = at;
    }
    None
}

pub(super) fn mercurial_from_url(url: &Url) -> Result<Option<Attrs>, RefError> {
    if !matches!(url.scheme.as_str(), "hg+http" | "hg+https" | "hg+ssh" | "hg+file") {
        return Ok(None);
    }
    let mut plain = url.clone();
    plain.scheme = url.scheme["hg+".len()..].to_owned();
    plain.query.clear();
    let mut attrs = Attrs::new();
    attrs.set("type", "hg");
    for (name, value) in &url.query {
        if name == "rev" || name == "ref" {
            attrs.set(name, value.as_str());
        } else {
            plain.query.insert(name.clone(), value.clone());
        }
    }
    attrs.set("url", plain.to_string());
    mercurial_from_attrs(attrs).map(Some)
}

pub(super) fn mercurial_from_attrs(attrs: Attrs) -> Result<Attrs, RefError> {
    Url::parse(attrs.required_str("url")?, false)?;
    if let Some(name) = attrs.str("ref")?.filter(|name| !is_legal_ref_name(name)) {
        return Err(BadUrl::new(format!("invalid Mercurial branch/tag name '{name}'")).into());
    }
    Ok(attrs)
}

pub(super) fn mercurial_to_url(input: &Input) -> Result<Url, RefError> {
    let mut url = Url::parse(input.attrs().required_str("url")?, false)?;
    url.scheme = format!("hg+{}", url.scheme);
    if let Some(rev) = input.rev()? {
        url.query.insert("rev".into(), rev.to_string());
    }
    if let Some(git_ref) = input.git_ref()? {
        url.query.insert("ref".into(), git_ref.to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_shorthands() {
        for (text, expected) in [
            ("git@github.com:a/b", "ssh://git@github.com/a/b"),
            ("/x/y", "file:///x/y"),
            ("x/y", "file:x/y"),
            ("git+https://h/x", "https://h/x"),
            ("git+file:///x", "file:///x"),
            ("file:/x", "file:/x"),
        ] {
            assert_eq!(fix_git_url(text).unwrap().to_string(), expected, "{text}");
        }
        assert!(fix_git_url("github.com:a/b").is_err());
    }
}
