//! Flake references: an input and the folder in it that holds `flake.nix`.
//!
//! A text is tried as a flake ID (`nixpkgs/branch/rev`), then as a URL, then as a path. What a path
//! means depends on who says it: on the command line it is searched for upward and becomes a Git
//! input inside a work tree ([`FlakeRef::parse_at`]); in `flake.nix` it is relative to that flake.

use crate::attrs::Attrs;
use crate::error::RefError;
use crate::input::{Input, is_flake_id};
use crate::url::{Authority, Url, decode_query, parts_of_path, path_of_parts, percent_decode};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use sys::{FileKind, Fs};

/// A reference to a flake (or, in `inputs` with `flake = false`, to a plain tree).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlakeRef {
    /// What to fetch.
    pub input: Input,
    /// The folder of `flake.nix` inside the tree; empty for its root.
    pub dir: String,
}

/// How a reference in text form is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Whether a flake is meant: a plain `https:` URL is then an archive, never a single file.
    pub is_flake: bool,
    /// Whether relative paths stay, as in `flake.nix`; otherwise they are an error.
    pub relative_paths: bool,
}

impl Reading {
    /// As `builtins.parseFlakeRef` and `builtins.getFlake` read.
    pub const ABSOLUTE: Reading = Reading {
        is_flake: true,
        relative_paths: false,
    };

    /// As the `url` of an input in `flake.nix` is read.
    pub const fn of_input(is_flake: bool) -> Reading {
        Reading {
            is_flake,
            relative_paths: true,
        }
    }
}

/// Where a reference on the command line is said, so that paths in it have a meaning.
pub struct Place<'a> {
    /// The file system in which to search for `flake.nix` and `.git`.
    pub fs: &'a dyn Fs,
    /// The folder that relative paths start from; absolute.
    pub base: &'a Path,
    /// Whether a folder without `flake.nix` will do (as for `--override-input`).
    pub allow_missing: bool,
}

impl FlakeRef {
    /// Returns the reference that a text is, without a fragment.
    pub fn parse(text: &str, reading: Reading) -> Result<FlakeRef, RefError> {
        let (reference, fragment) = FlakeRef::parse_with_fragment(text, reading)?;
        if fragment.is_empty() {
            Ok(reference)
        } else {
            Err(RefError::UnexpectedFragment {
                fragment,
                reference: text.to_owned(),
            })
        }
    }

    /// Returns the reference that a text is and what stands behind `#`, decoded.
    pub fn parse_with_fragment(text: &str, reading: Reading) -> Result<(FlakeRef, String), RefError> {
        if let Some(found) = parse_flake_id(text, reading)? {
            return Ok(found);
        }
        if let Some(found) = parse_url(text, None, reading.is_flake)? {
            return Ok(found);
        }
        let PathText { path, query, fragment } = split_path(text)?;
        if !reading.relative_paths && !path.starts_with('/') {
            return Err(crate::url::BadUrl::new(format!("flake reference '{text}' is not an absolute path")).into());
        }
        from_path(&path, query, fragment, reading.is_flake)
    }

    /// Returns the reference that an argument of the command line is, and its fragment.
    ///
    /// A path is searched upward for `flake.nix`, up to the root of a repository; inside a Git work
    /// tree the result is a Git input with `dir`. The second result is a warning, if there is one.
    pub fn parse_at(text: &str, place: &Place<'_>) -> Result<(FlakeRef, String, Option<String>), RefError> {
        let reading = Reading::ABSOLUTE;
        if let Some((reference, fragment)) = parse_flake_id(text, reading)? {
            return Ok((reference, fragment, None));
        }
        if let Some((reference, fragment)) = parse_url(text, Some(place.base), true)? {
            return Ok((reference, fragment, None));
        }
        locate(text, place)
    }

    /// Returns the reference with these attributes; `dir` is the folder, the others are the input's.
    pub fn from_attrs(mut attrs: Attrs) -> Result<FlakeRef, RefError> {
        let dir = attrs.str("dir")?.unwrap_or_default().to_owned();
        attrs.remove("dir");
        Ok(FlakeRef {
            input: Input::from_attrs(attrs)?,
            dir,
        })
    }

    /// Returns the indirect reference of a flake ID, which an input without `url` means.
    pub fn indirect(id: &str) -> Result<FlakeRef, RefError> {
        FlakeRef::from_attrs([("type", "indirect".into()), ("id", id.into())].into_iter().collect())
    }

    /// Returns the input's attributes, with `dir` unless it is empty.
    pub fn to_attrs(&self) -> Attrs {
        let mut attrs = self.input.attrs().clone();
        if !self.dir.is_empty() && !attrs.contains("dir") {
            attrs.set("dir", self.dir.as_str());
        }
        attrs
    }

    /// Returns the reference as a URL; an error for an input of an unknown type.
    pub fn to_url_string(&self) -> Result<String, RefError> {
        let mut extra = BTreeMap::new();
        if !self.dir.is_empty() {
            extra.insert("dir".to_owned(), self.dir.clone());
        }
        self.input.to_url_string(&extra)
    }

    /// Returns the reference in the form in which an old lock's entry is compared with `flake.nix`:
    /// old versions of Nix left `?dir=` in the URL too.
    pub fn canonical(&self) -> FlakeRef {
        let mut reference = self.clone();
        if let Ok(Some(text)) = self.input.attrs().str("url")
            && let Ok(mut url) = Url::parse(text, true)
        {
            if !self.dir.is_empty() && url.query.get("dir") == Some(&self.dir) {
                url.query.remove("dir");
            }
            reference.input.set("url", url.to_string());
        }
        reference
    }
}

impl fmt::Display for FlakeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &self
                .to_url_string()
                .unwrap_or_else(|_| self.to_attrs().to_json().to_string()),
        )
    }
}

/// Returns the names of an input path such as `home-manager/nixpkgs`.
pub fn parse_input_path(text: &str) -> Result<Vec<String>, RefError> {
    text.split('/')
        .filter(|name| !name.is_empty())
        .map(|name| {
            if is_flake_id(name) {
                Ok(name.to_owned())
            } else {
                Err(RefError::BadInputPath(name.to_owned()))
            }
        })
        .collect()
}

fn from_parsed(mut url: Url, is_flake: bool) -> Result<(FlakeRef, String), RefError> {
    let dir = url.query.remove("dir").unwrap_or_default();
    let fragment = std::mem::take(&mut url.fragment);
    Ok((
        FlakeRef {
            input: Input::from_url(&url, is_flake)?,
            dir,
        },
        fragment,
    ))
}

fn parse_flake_id(text: &str, reading: Reading) -> Result<Option<(FlakeRef, String)>, RefError> {
    let (name, fragment) = match text.split_once('#') {
        Some((name, fragment)) => (name, Some(fragment)),
        None => (text, None),
    };
    let (id, rest) = match name.split_once('/') {
        Some((id, rest)) => (id, Some(rest)),
        None => (name, None),
    };
    let is_ref = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@')
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_./@+-".contains(&b))
    };
    if !is_flake_id(id) || !rest.is_none_or(is_ref) || !fragment.is_none_or(is_fragment) {
        return Ok(None);
    }
    let path = name.split('/').map(str::to_owned).collect();
    let url = Url {
        scheme: "flake".into(),
        path,
        ..Url::default()
    };
    let input = Input::from_url(&url, reading.is_flake)?;
    Ok(Some((
        FlakeRef {
            input,
            dir: String::new(),
        },
        percent_decode(fragment.unwrap_or_default())?,
    )))
}

/// Whether the text may stand behind the `#` of a flake ID.
fn is_fragment(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'%' if bytes.len() >= i + 3 && bytes[i + 1].is_ascii_hexdigit() && bytes[i + 2].is_ascii_hexdigit() => {
                i += 3;
            }
            b if b.is_ascii_alphanumeric() || b"-._~!$&'\"()*+,;=:@/? ^".contains(&b) => i += 1,
            _ => return false,
        }
    }
    true
}

/// Returns `None` if the text is not a URL.
fn parse_url(text: &str, base: Option<&Path>, is_flake: bool) -> Result<Option<(FlakeRef, String)>, RefError> {
    let parse = || -> Result<(FlakeRef, String), RefError> {
        let mut url = Url::parse(text, true)?;
        if let Some(base) = base.filter(|_| url.scheme == "path" || url.scheme == "git+file") {
            let path = path_of_parts(&url.path)?;
            if !path.starts_with('/') {
                url.path = parts_of_path(&absolute(base, &path).to_string_lossy());
            }
        }
        from_parsed(url, is_flake)
    };
    match parse() {
        Ok(found) => Ok(Some(found)),
        Err(RefError::BadUrl(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

struct PathText {
    path: String,
    query: BTreeMap<String, String>,
    fragment: String,
}

fn split_path(text: &str) -> Result<PathText, RefError> {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // Nix matches with a regular expression whose `.` takes no line end.
    if fragment.contains(['\n', '\r', '\u{2028}', '\u{2029}']) || path.contains('\0') {
        return Err(RefError::Invalid(text.to_owned()));
    }
    Ok(PathText {
        path: path.to_owned(),
        query: decode_query(query, true)?,
        fragment: percent_decode(fragment)?,
    })
}

fn from_path(
    path: &str,
    query: BTreeMap<String, String>,
    fragment: String,
    is_flake: bool,
) -> Result<(FlakeRef, String), RefError> {
    let authority = path.starts_with('/').then(Authority::default);
    from_parsed(
        Url {
            scheme: "path".into(),
            authority,
            path: parts_of_path(path),
            query,
            fragment,
        },
        is_flake,
    )
}

/// Returns `path` from `base` on, without `.` and `..`; links are not looked at.
fn absolute(base: &Path, path: &str) -> PathBuf {
    let mut result = PathBuf::from("/");
    for part in base.join(path).components() {
        match part {
            Component::ParentDir => {
                result.pop();
            }
            Component::Normal(name) => result.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    result
}

fn locate(text: &str, place: &Place<'_>) -> Result<(FlakeRef, String, Option<String>), RefError> {
    let PathText {
        path,
        mut query,
        fragment,
    } = split_path(text)?;
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let exists = |path: PathBuf| matches!(place.fs.lstat(&path), Ok(Some(_)));
    let stat_error = |path: &Path, why: String| RefError::Stat {
        path: path.to_string_lossy().into_owned(),
        why,
    };

    let mut path = absolute(place.base, &path);
    if let Ok(real) = place.fs.canonicalize(&path) {
        path = real;
    }
    let mut warning = None;
    match place.fs.lstat(&path) {
        Ok(Some(stat)) if stat.kind == FileKind::Directory => {}
        Ok(Some(_)) => {
            if path.file_name().is_none_or(|name| name != "flake.nix") {
                return Err(RefError::NotDirectory(shown(&path)));
            }
            let parent = path.parent().unwrap_or(Path::new("/")).to_owned();
            warning = Some(format!(
                "Path {path:?} should point at the directory containing the 'flake.nix' file, not the file itself. \
                 Pretending that you meant {parent:?}"
            ));
            path = parent;
        }
        Ok(None) => return Err(stat_error(&path, "No such file or directory".into())),
        Err(error) => return Err(stat_error(&path, error.to_string())),
    }
    if !place.allow_missing && !exists(path.join("flake.nix")) {
        let start = path.clone();
        loop {
            if path.parent().is_none() {
                return Err(RefError::NoFlakeFound);
            }
            if exists(path.join("flake.nix")) {
                break;
            }
            if exists(path.join(".git")) {
                return Err(RefError::NotPartOfFlake(shown(&path)));
            }
            path.pop();
        }
        warning.get_or_insert(format!("path {start:?} does not contain a 'flake.nix', searching up"));
    }

    for root in path.ancestors().take_while(|root| root.parent().is_some()) {
        if !exists(root.join(".git")) {
            continue;
        }
        let dir = path.strip_prefix(root).map(shown).unwrap_or_default();
        if !dir.is_empty() {
            if query.contains_key("dir") {
                return Err(RefError::InconsistentDir(text.to_owned()));
            }
            query.insert("dir".into(), dir);
        }
        if exists(root.join(".git/shallow")) {
            query.insert("shallow".into(), "1".into());
        }
        let url = Url {
            scheme: "git+file".into(),
            authority: Some(Authority::default()),
            path: parts_of_path(&shown(root)),
            query,
            fragment,
        };
        let (reference, fragment) = from_parsed(url, true)?;
        return Ok((reference, fragment, warning));
    }
    let (reference, fragment) = from_path(&shown(&path), query, fragment, true)?;
    Ok((reference, fragment, warning))
}
