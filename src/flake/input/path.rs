//! `path:` inputs: a folder of this machine, or one relative to the flake that names it.

use super::{FINAL, Input};
use crate::attrs::Attrs;
use crate::error::RefError;
use crate::url::{Url, path_of_parts};

pub(super) const ATTRS: &[&str] = &["path", "rev", "revCount", "lastModified", "narHash"];

pub(super) fn from_url(url: &Url) -> Result<Option<Attrs>, RefError> {
    if url.scheme != "path" {
        return Ok(None);
    }
    if !url.host().is_empty() {
        let authority = url.authority.as_ref().map_or_else(String::new, ToString::to_string);
        return Err(RefError::PathAuthority {
            url: url.to_string(),
            authority,
        });
    }
    let mut attrs = Attrs::new();
    attrs.set("type", "path");
    attrs.set("path", path_of_parts(&url.path)?);
    for (name, value) in &url.query {
        match name.as_str() {
            "rev" | "narHash" => attrs.set(name, value.as_str()),
            "revCount" | "lastModified" => match value.parse::<u64>() {
                Ok(number) => attrs.set(name, number),
                Err(_) => {
                    return Err(RefError::PathBadParameter {
                        url: url.to_string(),
                        name: name.clone(),
                    });
                }
            },
            _ => {
                return Err(RefError::PathUnknownParameter {
                    url: url.to_string(),
                    name: name.clone(),
                });
            }
        }
    }
    Ok(Some(attrs))
}

pub(super) fn from_attrs(attrs: Attrs) -> Result<Attrs, RefError> {
    attrs.required_str("path")?;
    Ok(attrs)
}

pub(super) fn to_url(input: &Input) -> Result<Url, RefError> {
    let mut query = input.attrs().to_query();
    for name in ["path", "type", FINAL] {
        query.remove(name);
    }
    let path = input.attrs().required_str("path")?;
    Ok(Url {
        scheme: "path".into(),
        path: path.split('/').map(str::to_owned).collect(),
        query,
        ..Url::default()
    })
}
