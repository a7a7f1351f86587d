//! Indirect inputs: `nixpkgs`, `nixpkgs/branch`, `nixpkgs/branch/rev`, resolved by a registry.

use super::{Input, is_flake_id, is_rev};
use crate::attrs::Attrs;
use crate::error::RefError;
use crate::refname::is_legal_ref_name;
use crate::rev::Rev;
use crate::url::{BadUrl, Url};

pub(super) const ATTRS: &[&str] = &["id", "ref", "rev", "narHash"];

pub(super) fn from_url(url: &Url) -> Result<Option<Attrs>, RefError> {
    if url.scheme != "flake" {
        return Ok(None);
    }
    let bad = |text: String| Err(BadUrl::new(text).into());
    let mut attrs = Attrs::new();
    attrs.set("type", "indirect");
    let segments = url.segments();
    let id = match segments[..] {
        [id] => id,
        [id, text] => {
            if is_rev(text) {
                attrs.set("rev", Rev::parse(text)?.to_string());
            } else if is_legal_ref_name(text) {
                attrs.set("ref", text);
            } else {
                return bad(format!(
                    "in flake URL '{url}', '{text}' is not a commit hash or branch/tag name"
                ));
            }
            id
        }
        [id, git_ref, rev] => {
            if !is_legal_ref_name(git_ref) {
                return bad(format!("in flake URL '{url}', '{git_ref}' is not a branch/tag name"));
            }
            if !is_rev(rev) {
                return bad(format!("in flake URL '{url}', '{rev}' is not a commit hash"));
            }
            attrs.set("ref", git_ref);
            attrs.set("rev", Rev::parse(rev)?.to_string());
            id
        }
        // Nix says GitHub here too.
        _ => return bad(format!("GitHub URL '{url}' is invalid")),
    };
    if !is_flake_id(id) {
        return bad(format!("'{id}' is not a valid flake ID"));
    }
    attrs.set("id", id);
    Ok(Some(attrs))
}

pub(super) fn from_attrs(attrs: Attrs) -> Result<Attrs, RefError> {
    let id = attrs.required_str("id")?;
    if !is_flake_id(id) {
        return Err(BadUrl::new(format!("'{id}' is not a valid flake ID")).into());
    }
    Ok(attrs)
}

pub(super) fn to_url(input: &Input) -> Result<Url, RefError> {
    let mut path = vec![input.attrs().required_str("id")?.to_owned()];
    path.extend(input.git_ref()?.map(str::to_owned));
    path.extend(input.rev()?.map(|rev| rev.to_string()));
    Ok(Url {
        scheme: "flake".into(),
        path,
        ..Url::default()
    })
}
