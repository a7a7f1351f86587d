//! Store paths: a digest and a name that passed Nix's rules.
//!
//! Whoever holds a [`StorePath`] need not check again. The rules and messages are those of Nix 2.34.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::hash::lossy;
use crate::nix32;

/// The folder of all store objects. Nix can be built with another one, but no NixOS system is.
pub const STORE_DIR: &str = "/nix/store";

/// The store's folder with the slash that stands before a base name.
pub(crate) const STORE_PREFIX: &str = "/nix/store/";

/// The number of digits before a store path's name: 20 bytes in base 32.
pub const DIGEST_DIGITS: usize = 32;

/// The longest name of a store path, in bytes.
pub const MAX_NAME: usize = 211;

/// The ending of a derivation's store path.
pub const DRV_EXTENSION: &str = ".drv";

/// A path directly below the store's folder, as a base name: 32 base-32 digits, a dash and a valid name.
///
/// A clone shares the text. The order is that of the base names, byte by byte, as in Nix.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath {
    base_name: Arc<str>,
}

/// Why a text is not the name of a store path. The messages are Nix's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// There is no name.
    #[error("name must not be empty")]
    Empty,
    /// The name is longer than [`MAX_NAME`].
    #[error("name '{0}' must be no longer than {MAX_NAME} characters")]
    TooLong(String),
    /// The name is `.` or `..`.
    #[error("name '{0}' is not valid")]
    Dots(String),
    /// The name begins with `.-` or `..-`.
    #[error("name '{name}' is not valid: first dash-separated component must not be '{dots}'")]
    DotsBeforeDash {
        /// The name.
        name: String,
        /// `.` or `..`.
        dots: &'static str,
    },
    /// The name has a byte other than letters, digits and `+-._?=`.
    #[error("name '{name}' contains illegal character '{character}'")]
    IllegalCharacter {
        /// The name.
        name: String,
        /// The first such byte, as text.
        character: String,
    },
}

/// Why a text is not a store path. The messages are Nix's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StorePathError {
    /// There are too few bytes for a digest and a dash.
    #[error("'{0}' is too short to be a valid store path")]
    TooShort(String),
    /// The digest has a byte that is no base-32 digit.
    #[error("store path '{base_name}' contains illegal base-32 character '{character}'")]
    BadDigit {
        /// The base name.
        base_name: String,
        /// The first such byte, as text.
        character: String,
    },
    /// The name is not valid.
    #[error("path '{base_name}' is not a valid store path: {reason}")]
    BadName {
        /// The base name.
        base_name: String,
        /// What is wrong with the name.
        reason: NameError,
    },
    /// The path does not begin with a slash.
    #[error("not an absolute path: {0:?}")]
    NotAbsolute(String),
    /// The path is not directly below the store's folder.
    #[error("path {0:?} is not in the Nix store")]
    NotInStore(String),
    /// The path to be split is nowhere below the store's folder.
    #[error("path '{0}' is not in the Nix store")]
    NotBelowStore(String),
    /// A derivation's path was asked for, and the name does not end in `.drv`.
    #[error("store path '{0}' is not a valid derivation path")]
    NotDerivation(String),
}

/// Checks that `name` may be the name of a store path, and returns it as text.
pub fn check_name(name: &[u8]) -> Result<&str, NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(NameError::TooLong(lossy(name)));
    }
    match name {
        b"." | b".." => return Err(NameError::Dots(lossy(name))),
        [b'.', b'-', ..] => {
            return Err(NameError::DotsBeforeDash {
                name: lossy(name),
                dots: ".",
            });
        }
        [b'.', b'.', b'-', ..] => {
            return Err(NameError::DotsBeforeDash {
                name: lossy(name),
                dots: "..",
            });
        }
        _ => {}
    }
    let illegal = |byte: &&u8| !(byte.is_ascii_alphanumeric() || b"+-._?=".contains(byte));
    if let Some(&byte) = name.iter().find(illegal) {
        return Err(NameError::IllegalCharacter {
            name: lossy(name),
            character: lossy(&[byte]),
        });
    }
    // Every byte left is ASCII, so this never fails; a lossy answer keeps the function total.
    std::str::from_utf8(name).map_err(|_| NameError::Dots(lossy(name)))
}

impl StorePath {
    /// Makes a path of a 20-byte digest and a name, which is checked.
    pub fn new(digest: &[u8; 20], name: &[u8]) -> Result<Self, StorePathError> {
        let mut base_name = String::with_capacity(DIGEST_DIGITS + 1 + name.len());
        nix32::encode_into(digest, &mut base_name);
        base_name.push('-');
        match check_name(name) {
            Ok(name) => base_name.push_str(name),
            Err(reason) => {
                base_name.push_str(&lossy(name));
                return Err(StorePathError::BadName { base_name, reason });
            }
        }
        Ok(Self {
            base_name: base_name.into(),
        })
    }

    /// Parses `DIGEST-NAME`.
    ///
    /// The byte after the digest is not looked at, as in Nix, and is kept.
    pub fn from_base_name(base_name: impl AsRef<[u8]>) -> Result<Self, StorePathError> {
        let base_name = base_name.as_ref();
        if base_name.len() < DIGEST_DIGITS + 1 {
            return Err(StorePathError::TooShort(lossy(base_name)));
        }
        let (digest, rest) = base_name.split_at(DIGEST_DIGITS);
        if let Some(&byte) = digest.iter().find(|byte| !nix32::is_digit(**byte)) {
            return Err(StorePathError::BadDigit {
                base_name: lossy(base_name),
                character: lossy(&[byte]),
            });
        }
        if let Err(reason) = check_name(&rest[1..]) {
            return Err(StorePathError::BadName {
                base_name: lossy(base_name),
                reason,
            });
        }
        match std::str::from_utf8(base_name) {
            Ok(text) => Ok(Self { base_name: text.into() }),
            // Only the byte between digest and name can be at fault here.
            Err(_) => Err(StorePathError::BadName {
                base_name: lossy(base_name),
                reason: NameError::IllegalCharacter {
                    name: lossy(base_name),
                    character: lossy(&base_name[DIGEST_DIGITS..=DIGEST_DIGITS]),
                },
            }),
        }
    }

    /// Parses an absolute path, which may have superfluous slashes, `.` and `..`, and which must lie directly below the
    /// store's folder.
    pub fn parse(path: impl AsRef<[u8]>) -> Result<Self, StorePathError> {
        let path = path.as_ref();
        // The common case is canonical already.
        if let Some(base_name) = path.strip_prefix(STORE_PREFIX.as_bytes())
            && !base_name.contains(&b'/')
            && !matches!(base_name, b"" | b"." | b"..")
        {
            return Self::from_base_name(base_name);
        }
        if path.first() != Some(&b'/') {
            return Err(StorePathError::NotAbsolute(lossy(path)));
        }
        let canonical = canonical(path);
        let base_name = canonical
            .strip_prefix(STORE_PREFIX.as_bytes())
            .filter(|name| !name.contains(&b'/'));
        base_name.map_or_else(
            || Err(StorePathError::NotInStore(lossy(&canonical))),
            Self::from_base_name,
        )
    }

    /// Splits a canonical absolute path below the store's folder into the store path and the rest, which is empty or
    /// begins with a slash.
    pub fn split(path: &[u8]) -> Result<(Self, &[u8]), StorePathError> {
        let below = path.strip_prefix(STORE_PREFIX.as_bytes());
        let below = below.ok_or_else(|| StorePathError::NotBelowStore(lossy(path)))?;
        let end = below.iter().position(|&byte| byte == b'/').unwrap_or(below.len());
        Ok((Self::from_base_name(&below[..end])?, &below[end..]))
    }

    /// Returns `DIGEST-NAME`.
    pub fn base_name(&self) -> &str {
        &self.base_name
    }

    /// Returns the 32 digits of the digest.
    pub fn digest_digits(&self) -> &str {
        &self.base_name[..DIGEST_DIGITS]
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.base_name[DIGEST_DIGITS + 1..]
    }

    /// Returns whether the name ends in `.drv`.
    pub fn is_derivation(&self) -> bool {
        self.name().ends_with(DRV_EXTENSION)
    }

    /// Returns the name without `.drv`, or an error if it does not end so.
    pub fn derivation_name(&self) -> Result<&str, StorePathError> {
        let name = self.name().strip_suffix(DRV_EXTENSION);
        name.ok_or_else(|| StorePathError::NotDerivation(self.base_name.to_string()))
    }

    /// Returns the absolute path.
    pub fn to_path(&self) -> String {
        [STORE_PREFIX, &self.base_name].concat()
    }

    /// Appends the absolute path to `out`.
    pub(crate) fn write_path(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(STORE_PREFIX.as_bytes());
        out.extend_from_slice(self.base_name.as_bytes());
    }
}

impl fmt::Display for StorePath {
    /// Writes the absolute path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STORE_PREFIX)?;
        f.write_str(&self.base_name)
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Resolves `.`, `..` and repeated slashes of an absolute path, without looking at any disk.
fn canonical(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut out = vec![b'/'];
    out.extend(parts.join(&b'/'));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

    fn complaint(path: &str) -> String {
        StorePath::parse(path).expect_err(path).to_string()
    }

    #[test]
    fn parts_of_a_path() {
        let text = format!("/nix/store/{DIGEST}-hello-2.12.drv");
        let path = StorePath::parse(&text).unwrap();
        assert_eq!(path.to_string(), text);
        assert_eq!(path.to_path(), text);
        assert_eq!(path.digest_digits(), DIGEST);
        assert_eq!(path.name(), "hello-2.12.drv");
        assert!(path.is_derivation());
        assert_eq!(path.derivation_name(), Ok("hello-2.12"));
    }

    #[test]
    fn odd_but_equal_spellings() {
        let path = StorePath::from_base_name(format!("{DIGEST}-x")).unwrap();
        for text in [
            "/nix/store//@-x",
            "/nix/./store/@-x/",
            "/nix/store/y/../@-x",
            "/../nix/store/@-x/.",
        ] {
            assert_eq!(StorePath::parse(text.replace('@', DIGEST)), Ok(path.clone()), "{text}");
        }
    }

    #[test]
    fn complaints_are_nix_s() {
        for (text, message) in [
            ("nix/store/x", "not an absolute path: \"nix/store/x\""),
            ("/nix/store", "path \"/nix/store\" is not in the Nix store"),
            ("/nix/store/..", "path \"/nix\" is not in the Nix store"),
            ("/nix/store/@-x/y", "path \"/nix/store/@-x/y\" is not in the Nix store"),
            ("/nix/store/abc", "'abc' is too short to be a valid store path"),
            ("/nix/store/@", "'@' is too short to be a valid store path"),
            (
                "/nix/store/@-",
                "path '@-' is not a valid store path: name must not be empty",
            ),
            (
                "/nix/store/@-.",
                "path '@-.' is not a valid store path: name '.' is not valid",
            ),
            (
                "/nix/store/@-..",
                "path '@-..' is not a valid store path: name '..' is not valid",
            ),
            (
                "/nix/store/@-.-x",
                "path '@-.-x' is not a valid store path: name '.-x' is not valid: \
                 first dash-separated component must not be '.'",
            ),
            (
                "/nix/store/@-..-x",
                "path '@-..-x' is not a valid store path: name '..-x' is not valid: \
                 first dash-separated component must not be '..'",
            ),
            (
                "/nix/store/@-a b",
                "path '@-a b' is not a valid store path: name 'a b' contains illegal character ' '",
            ),
        ] {
            assert_eq!(complaint(&text.replace('@', DIGEST)), message.replace('@', DIGEST));
        }
        let digest = DIGEST.replace('3', "e");
        assert_eq!(
            complaint(&format!("/nix/store/{digest}-x")),
            format!("store path '{digest}-x' contains illegal base-32 character 'e'")
        );
        let path = StorePath::from_base_name(format!("{DIGEST}-x")).unwrap();
        assert_eq!(
            path.derivation_name().map_err(|error| error.to_string()),
            Err(format!("store path '{DIGEST}-x' is not a valid derivation path"))
        );
    }

    #[test]
    fn dots_are_fine_elsewhere() {
        for name in [".x", "..x", "...", "...-x", ".x-y", "a.-b", "+-._?=", "drv"] {
            assert_eq!(check_name(name.as_bytes()), Ok(name));
        }
    }

    #[test]
    fn length_ends_at_211() {
        assert!(check_name(&[b'x'; 211]).is_ok());
        let message = check_name(&[b'x'; 212]).unwrap_err().to_string();
        assert!(
            message.ends_with("x' must be no longer than 211 characters"),
            "{message}"
        );
    }

    #[test]
    fn splitting_below_a_path() {
        for (rest, expected) in [("", ""), ("/", "/"), ("/a/b", "/a/b")] {
            let text = format!("/nix/store/{DIGEST}-x{rest}");
            let (path, below) = StorePath::split(text.as_bytes()).unwrap();
            assert_eq!((path.name(), below), ("x", expected.as_bytes()));
        }
        assert_eq!(
            StorePath::split(b"/etc/x").map_err(|error| error.to_string()),
            Err("path '/etc/x' is not in the Nix store".into())
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = StorePath::from_base_name(&text);
            let _ = StorePath::parse(&text);
            let _ = StorePath::split(&text);
            let _ = StorePath::parse([b"/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q", &text[..]].concat());
        }

        #[test]
        fn printing_round_trips(digest in any::<[u8; 20]>(), name in "[a-zA-Z0-9+_?=][a-zA-Z0-9+._?=-]{0,210}") {
            let path = StorePath::new(&digest, name.as_bytes()).unwrap();
            prop_assert_eq!(path.name(), name);
            prop_assert_eq!(StorePath::parse(path.to_path()), Ok(path));
        }
    }
}
