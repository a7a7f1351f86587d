//! Names of derivation outputs.
//!
//! Nix lets them be any bytes; those of outputs that have a path must also be valid in a path's name, which is checked
//! when the path is made. Nearly all names are one of a few, so these are never allocated.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

/// The name of a derivation's output, such as `out` or `dev`. Ordered byte by byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputName(Cow<'static, [u8]>);

/// The names that stand for nearly all outputs of nixpkgs.
const COMMON: [&str; 12] = [
    "out", "dev", "bin", "lib", "man", "doc", "info", "devdoc", "static", "debug", "data", "py",
];

impl OutputName {
    /// The name `out`, which a derivation has if it names none.
    pub const OUT: Self = Self(Cow::Borrowed(b"out"));

    /// Makes a name.
    pub fn new(name: impl AsRef<[u8]>) -> Self {
        let name = name.as_ref();
        let common = COMMON.iter().find(|common| common.as_bytes() == name);
        Self(common.map_or_else(|| Cow::Owned(name.to_vec()), |common| Cow::Borrowed(common.as_bytes())))
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns whether this is `out`.
    pub fn is_out(&self) -> bool {
        &*self.0 == b"out"
    }
}

impl Deref for OutputName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for OutputName {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for OutputName {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for OutputName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for OutputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for OutputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_by_their_bytes() {
        assert_eq!(OutputName::new("out"), OutputName::OUT);
        assert!(OutputName::new("out").is_out() && !OutputName::new("outer").is_out());
        let mut names = ["out", "dev", "Z", "\u{e4}", "devel"].map(OutputName::new);
        names.sort();
        assert_eq!(
            names.map(|name| name.to_string()),
            ["Z", "dev", "devel", "out", "\u{e4}"]
        );
        assert_eq!(OutputName::new(b"\xff").as_bytes(), b"\xff");
    }
}
