//! Inputs from GitHub, GitLab and SourceHut: `github:owner/repo[/branch-or-revision]`.

use super::{Input, Scheme, is_rev};
use crate::attrs::Attrs;
use crate::error::RefError;
use crate::refname::is_legal_ref_name;
use crate::rev::Rev;
use crate::url::{BadUrl, Url};

pub(super) const ATTRS: &[&str] = &[
    "owner",
    "repo",
    "ref",
    "rev",
    "narHash",
    "lastModified",
    "host",
    "treeHash",
];

pub(super) fn from_url(scheme: Scheme, url: &Url) -> Result<Option<Attrs>, RefError> {
    if url.scheme != scheme.name() {
        return Ok(None);
    }
    let bad = |text: String| RefError::from(BadUrl::new(text));
    let segments = url.segments();
    let [owner, repo, rest @ ..] = &segments[..] else {
        return Err(bad(format!("URL '{url}' is invalid")));
    };
    let (mut rev, mut git_ref) = (None, None);
    match rest {
        [] => {}
        [text] if is_rev(text) => rev = Some((*text).to_owned()),
        _ => git_ref = Some(rest.join("/")),
    }
    if let Some(value) = url.query.get("ref") {
        if git_ref.is_some() {
            return Err(bad(format!("URL '{url}' contains multiple branch/tag names")));
        }
        git_ref = Some(value.clone());
    }
    if let Some(value) = url.query.get("rev") {
        if rev.is_some() {
            return Err(bad(format!("URL '{url}' contains multiple commit hashes")));
        }
        rev = Some(value.clone());
    }
    let mut attrs = Attrs::new();
    attrs.set("type", scheme.name());
    attrs.set("owner", *owner);
    attrs.set("repo", *repo);
    for (name, value) in [
        ("rev", rev.as_ref()),
        ("ref", git_ref.as_ref()),
        ("host", url.query.get("host")),
        ("narHash", url.query.get("narHash")),
    ] {
        if let Some(value) = value {
            attrs.set(name, value.as_str());
        }
    }
    from_attrs(attrs).map(Some)
}

pub(super) fn from_attrs(attrs: Attrs) -> Result<Attrs, RefError> {
    attrs.required_str("owner")?;
    attrs.required_str("repo")?;
    let bad = |text: String| RefError::from(BadUrl::new(text));
    let (git_ref, rev) = (attrs.str("ref")?, attrs.str("rev")?);
    if let (Some(git_ref), Some(rev)) = (git_ref, rev) {
        let shown = attrs.to_json();
        return Err(bad(format!(
            "input {shown} contains both a commit hash ('{rev}') and a branch/tag name ('{git_ref}')"
        )));
    }
    if let Some(rev) = rev {
        Rev::parse_sha1(rev)?;
    }
    if git_ref.is_some_and(|name| !is_legal_ref_name(name)) {
        return Err(bad(format!(
            "input {} contains an invalid branch/tag name",
            attrs.to_json()
        )));
    }
    let is_host = |host: &str| {
        host.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    };
    if attrs.str("host")?.is_some_and(|host| !is_host(host)) {
        return Err(bad(format!(
            "input {} contains an invalid instance host",
            attrs.to_json()
        )));
    }
    Ok(attrs)
}

pub(super) fn to_url(scheme: Scheme, input: &Input) -> Result<Url, RefError> {
    let attrs = input.attrs();
    let mut path = vec![
        attrs.required_str("owner")?.to_owned(),
        attrs.required_str("repo")?.to_owned(),
    ];
    path.extend(input.git_ref()?.map(str::to_owned));
    path.extend(input.rev()?.map(|rev| rev.to_string()));
    let mut url = Url {
        scheme: scheme.name().into(),
        path,
        ..Url::default()
    };
    if let Some(hash) = input.nar_hash()? {
        url.query.insert("narHash".into(), hash.to_string());
    }
    if let Some(host) = attrs.str("host")? {
        url.query.insert("host".into(), host.to_owned());
    }
    Ok(url)
}

pub(super) fn with_overrides(input: &Input, git_ref: Option<&str>, rev: Option<&Rev>) -> Result<Input, RefError> {
    if let (Some(git_ref), Some(rev)) = (git_ref, rev) {
        return Err(BadUrl::new(format!(
            "cannot apply both a commit hash ({rev}) and a branch/tag name ('{git_ref}') to input '{}'",
            input.display()
        ))
        .into());
    }
    let mut input = input.clone();
    if let Some(rev) = rev {
        input.set("rev", rev.to_string());
        input.unset("ref");
    }
    if let Some(git_ref) = git_ref {
        input.set("ref", git_ref);
        input.unset("rev");
    }
    Ok(input)
}
