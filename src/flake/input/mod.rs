//! An input: what to fetch and from where, as attributes with a scheme that understands them.
//!
//! Each scheme (one file each) knows which URLs are its own, which attributes it takes, how an
//! input is shown as a URL, and when it is locked. Fetching is elsewhere (`fetch`): this is pure.

mod curl;
mod forge;
mod git;
mod indirect;
mod path;

use crate::attrs::{Attr, Attrs};
use crate::error::RefError;
use crate::rev::{NarHash, Rev};
use crate::url::{Url, split_scheme};
use std::collections::BTreeMap;

/// The attribute by which an input says that nothing may be added to it any more: set on what a
/// lock file says and on what a fetcher returned, never written to a lock file.
pub const FINAL: &str = "__final";

/// A way to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// A single file by URL.
    File,
    /// A Git repository.
    Git,
    /// An archive from GitHub.
    Github,
    /// An archive from GitLab.
    Gitlab,
    /// A Mercurial repository: understood as a reference, never fetched.
    Mercurial,
    /// A name that a registry resolves.
    Indirect,
    /// A folder.
    Path,
    /// An archive from SourceHut.
    Sourcehut,
    /// An archive by URL.
    Tarball,
}

/// All schemes in the order in which Nix asks them about a URL.
const SCHEMES: [Scheme; 9] = [
    Scheme::File,
    Scheme::Git,
    Scheme::Github,
    Scheme::Gitlab,
    Scheme::Mercurial,
    Scheme::Indirect,
    Scheme::Path,
    Scheme::Sourcehut,
    Scheme::Tarball,
];

impl Scheme {
    /// Returns the `type` attribute of its inputs.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::File => "file",
            Scheme::Git => "git",
            Scheme::Github => "github",
            Scheme::Gitlab => "gitlab",
            Scheme::Mercurial => "hg",
            Scheme::Indirect => "indirect",
            Scheme::Path => "path",
            Scheme::Sourcehut => "sourcehut",
            Scheme::Tarball => "tarball",
        }
    }

    /// Returns the scheme with this `type`.
    pub fn by_name(name: &str) -> Option<Scheme> {
        SCHEMES.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Returns the attributes that an input of this scheme may have, besides `type`.
    pub fn allowed_attrs(self) -> &'static [&'static str] {
        match self {
            Scheme::File | Scheme::Tarball => curl::ATTRS,
            Scheme::Git => git::ATTRS,
            Scheme::Mercurial => git::MERCURIAL_ATTRS,
            Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut => forge::ATTRS,
            Scheme::Indirect => indirect::ATTRS,
            Scheme::Path => path::ATTRS,
        }
    }

    /// Whether this is an archive of a forge.
    pub fn is_forge(self) -> bool {
        matches!(self, Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut)
    }
}

/// What to fetch.
#[derive(Debug, Clone)]
pub struct Input {
    scheme: Option<Scheme>,
    attrs: Attrs,
}

// As in Nix, inputs are the same exactly when their attributes are.
impl PartialEq for Input {
    fn eq(&self, other: &Input) -> bool {
        self.attrs == other.attrs
    }
}

impl Eq for Input {}

impl PartialOrd for Input {
    fn partial_cmp(&self, other: &Input) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Input {
    fn cmp(&self, other: &Input) -> std::cmp::Ordering {
        self.attrs.cmp(&other.attrs)
    }
}

impl Input {
    /// Returns the input that a URL names. `require_tree` is false for an input that is not a
    /// flake: a plain `https:` URL is then a single file unless it ends as archives do.
    pub fn from_url(url: &Url, require_tree: bool) -> Result<Input, RefError> {
        for scheme in SCHEMES {
            let attrs = match scheme {
                Scheme::File | Scheme::Tarball => curl::from_url(scheme, url, require_tree)?,
                Scheme::Git => git::from_url(url)?,
                Scheme::Mercurial => git::mercurial_from_url(url)?,
                Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut => forge::from_url(scheme, url)?,
                Scheme::Indirect => indirect::from_url(url)?,
                Scheme::Path => path::from_url(url)?,
            };
            if let Some(attrs) = attrs {
                return Input {
                    scheme: Some(scheme),
                    attrs,
                }
                .checked();
            }
        }
        if split_scheme(&url.scheme) == (Some("file"), "git") {
            return Err(RefError::FilePlusGit(url.to_string()));
        }
        Err(RefError::Unsupported(url.to_string()))
    }

    /// Returns the input with these attributes. One of an unknown `type` is kept as it is: it can
    /// be compared and written, but neither shown nor fetched.
    pub fn from_attrs(attrs: Attrs) -> Result<Input, RefError> {
        let name = attrs.str("type")?.ok_or(RefError::NoType)?;
        let Some(scheme) = Scheme::by_name(name) else {
            return Input { scheme: None, attrs }.checked();
        };
        let allowed = scheme.allowed_attrs();
        if let Some(unknown) = attrs
            .0
            .keys()
            .find(|name| *name != "type" && *name != FINAL && !allowed.contains(&name.as_str()))
        {
            return Err(RefError::UnsupportedAttr {
                name: unknown.clone(),
                scheme: name.to_owned(),
            });
        }
        let attrs = match scheme {
            Scheme::File | Scheme::Tarball => attrs,
            Scheme::Git => git::from_attrs(attrs)?,
            Scheme::Mercurial => git::mercurial_from_attrs(attrs)?,
            Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut => forge::from_attrs(attrs)?,
            Scheme::Indirect => indirect::from_attrs(attrs)?,
            Scheme::Path => path::from_attrs(attrs)?,
        };
        Input {
            scheme: Some(scheme),
            attrs,
        }
        .checked()
    }

    /// Checks the attributes that every scheme may have.
    fn checked(self) -> Result<Input, RefError> {
        self.attrs.required_str("type")?;
        self.attrs.str("ref")?;
        self.attrs.int("revCount")?;
        self.attrs.int("lastModified")?;
        Ok(self)
    }

    /// Returns the scheme; `None` for an input of an unknown type.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Returns the attributes.
    pub fn attrs(&self) -> &Attrs {
        &self.attrs
    }

    /// Sets an attribute that a fetcher found out.
    pub fn set(&mut self, name: &str, value: impl Into<Attr>) {
        self.attrs.set(name, value);
    }

    /// Removes an attribute.
    pub fn unset(&mut self, name: &str) {
        self.attrs.remove(name);
    }

    /// Returns the input as a URL.
    pub fn to_url(&self) -> Result<Url, RefError> {
        match self.scheme {
            None => Err(RefError::CannotShow(self.attrs.to_json().to_string())),
            Some(Scheme::File | Scheme::Tarball) => curl::to_url(self),
            Some(Scheme::Git) => git::to_url(self),
            Some(Scheme::Mercurial) => git::mercurial_to_url(self),
            Some(scheme @ (Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut)) => forge::to_url(scheme, self),
            Some(Scheme::Indirect) => indirect::to_url(self),
            Some(Scheme::Path) => path::to_url(self),
        }
    }

    /// Returns the input as the text of a URL, with more parameters where it has none of that name.
    pub fn to_url_string(&self, extra: &BTreeMap<String, String>) -> Result<String, RefError> {
        let mut url = self.to_url()?;
        for (name, value) in extra {
            url.query.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Ok(url.to_string())
    }

    /// Returns how messages name the input: its URL, or its attributes when it has none.
    pub fn display(&self) -> String {
        self.to_url()
            .map_or_else(|_| self.attrs.to_json().to_string(), |url| url.to_string())
    }

    /// Whether it can be fetched as it is, without a registry.
    pub fn is_direct(&self) -> bool {
        self.scheme != Some(Scheme::Indirect)
    }

    /// Whether it always means the same tree: by revision for Git, by revision and hash for a
    /// forge, by hash for the others.
    pub fn is_locked(&self) -> bool {
        match self.scheme {
            None | Some(Scheme::Indirect) => false,
            Some(Scheme::Git) => matches!(self.rev(), Ok(Some(rev)) if !rev.is_null()),
            Some(Scheme::Mercurial) => matches!(self.rev(), Ok(Some(_))),
            // Nix's `trust-tarballs-from-git-forges` is on by default: the revision is enough.
            Some(Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut) => matches!(self.rev(), Ok(Some(_))),
            Some(Scheme::Path | Scheme::File | Scheme::Tarball) => self.attrs.contains("narHash"),
        }
    }

    /// Whether nothing may be added to its attributes (see [`FINAL`]).
    pub fn is_final(&self) -> bool {
        matches!(self.attrs.bool(FINAL), Ok(Some(true)))
    }

    /// Returns the path of a `path:` input that is not absolute.
    pub fn relative_path(&self) -> Option<&str> {
        if self.scheme != Some(Scheme::Path) {
            return None;
        }
        let path = self.attrs.str("path").ok()??;
        (!path.starts_with('/')).then_some(path)
    }

    /// Returns the revision.
    pub fn rev(&self) -> Result<Option<Rev>, RefError> {
        self.attrs.str("rev")?.map(Rev::parse).transpose()
    }

    /// Returns the branch or tag.
    pub fn git_ref(&self) -> Result<Option<&str>, RefError> {
        self.attrs.str("ref")
    }

    /// Returns the hash of the tree's NAR.
    pub fn nar_hash(&self) -> Result<Option<NarHash>, RefError> {
        self.attrs.str("narHash")?.map(NarHash::parse).transpose()
    }

    /// Returns the number of commits behind the revision.
    pub fn rev_count(&self) -> Result<Option<u64>, RefError> {
        self.attrs.int("revCount")
    }

    /// Returns the time of the last change, in seconds since 1970.
    pub fn last_modified(&self) -> Result<Option<u64>, RefError> {
        self.attrs.int("lastModified")
    }

    /// Returns the name part of the tree's store path.
    pub fn name(&self) -> &str {
        self.attrs.str("name").ok().flatten().unwrap_or("source")
    }

    /// Whether a registry entry for `self` applies to `other`: `other` without its branch and
    /// revision may be meant.
    pub fn contains(&self, other: &Input) -> bool {
        if self == other {
            return true;
        }
        let mut plain = other.clone();
        plain.attrs.remove("ref");
        plain.attrs.remove("rev");
        *self == plain
    }

    /// Returns the input with another branch or revision, as `nixpkgs/nixos-24.05` asks of a
    /// registry's `nixpkgs`.
    pub fn with_overrides(&self, git_ref: Option<&str>, rev: Option<&Rev>) -> Result<Input, RefError> {
        match self.scheme {
            None => Ok(self.clone()),
            Some(Scheme::Git | Scheme::Mercurial) => git::with_overrides(self, git_ref, rev),
            Some(Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut) => forge::with_overrides(self, git_ref, rev),
            Some(Scheme::Indirect) => {
                let mut input = self.clone();
                if let Some(rev) = rev {
                    input.set("rev", rev.to_string());
                }
                if let Some(git_ref) = git_ref {
                    input.set("ref", git_ref);
                }
                Ok(input)
            }
            Some(Scheme::Path | Scheme::File | Scheme::Tarball) => {
                let cannot = |what, value: &str| {
                    Err(RefError::CannotSet {
                        what,
                        input: self.display(),
                        value: value.to_owned(),
                    })
                };
                match (git_ref, rev) {
                    (Some(git_ref), _) => cannot("branch/tag name", git_ref),
                    (None, Some(rev)) => cannot("revision", &rev.to_string()),
                    (None, None) => Ok(self.clone()),
                }
            }
        }
    }
}

/// Whether the text is 40 hexadecimal digits.
pub(crate) fn is_rev(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether the text is a flake ID: a letter, then letters, digits, `_` and `-`.
pub(crate) fn is_flake_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
