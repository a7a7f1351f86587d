//! Content addresses: how a store object's path follows from its contents.

use std::fmt;

use thiserror::Error;

use crate::hash::{Hash, HashAlgo, HashError, HashFormat, lossy};

/// What about a store object is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentAddressMethod {
    /// The bytes of one file that is not executable.
    Flat,
    /// The Nix archive of the object (`recursive` and `nar` in Nix code).
    Nar,
    /// The git blob or tree of the object; asks for the experimental feature `git-hashing`.
    Git,
    /// The bytes of one file, as `builtins.toFile` and derivations have it: references to other paths are allowed.
    Text,
}

/// A method together with the hash it gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentAddress {
    /// What was hashed.
    pub method: ContentAddressMethod,
    /// The hash of it.
    pub hash: Hash,
}

/// Why a text is not a method or content address. The messages are Nix's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ContentAddressError {
    /// The method's name is unknown.
    #[error("Unknown file ingestion method '{0}', expect `flat`, `nar`, or `git`")]
    UnknownMethod(String),
    /// There is no colon.
    #[error("not a content address because it is not in the form '<prefix>:<rest>': {0}")]
    NoPrefix(String),
    /// There is no second colon.
    #[error("content address hash must be in form '<algo>:<hash>', but found: {0}")]
    NoHash(String),
    /// The part before the first colon is unknown.
    #[error("content address prefix '{0}' is unrecognized. Recogonized prefixes are 'text' or 'fixed'")]
    UnknownPrefix(String),
    /// The algorithm or the hash is wrong.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl ContentAddressMethod {
    /// Returns the method of that name: `flat`, `nar`, `git` or `text`. The old name `recursive` is known only to
    /// `derivation` and not here, as in Nix.
    pub fn parse(name: impl AsRef<[u8]>) -> Result<Self, ContentAddressError> {
        Ok(match name.as_ref() {
            b"flat" => Self::Flat,
            b"nar" => Self::Nar,
            b"git" => Self::Git,
            b"text" => Self::Text,
            other => return Err(ContentAddressError::UnknownMethod(lossy(other))),
        })
    }

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Nar => "nar",
            Self::Git => "git",
            Self::Text => "text",
        }
    }

    /// Returns what stands before the algorithm in a derivation's output and in path fingerprints.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Flat => "",
            Self::Nar => "r:",
            Self::Git => "git:",
            Self::Text => "text:",
        }
    }

    /// Splits the prefix off the text of a derivation's output, such as `r:sha256`.
    pub fn split_prefix(text: &[u8]) -> (Self, &[u8]) {
        [Self::Nar, Self::Git, Self::Text]
            .into_iter()
            .find_map(|method| Some((method, text.strip_prefix(method.prefix().as_bytes())?)))
            .unwrap_or((Self::Flat, text))
    }

    /// Returns `METHOD:ALGO` as in a derivation's output, such as `r:sha256`.
    pub fn with_algo(self, algo: HashAlgo) -> String {
        [self.prefix(), algo.name()].concat()
    }
}

impl ContentAddress {
    /// Parses the text that path metadata has, such as `fixed:r:sha256:…` or `text:sha256:…`.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ContentAddressError> {
        let text = text.as_ref();
        let split = |part: &'_ [u8]| part.iter().position(|&byte| byte == b':');
        let place = split(text).ok_or_else(|| ContentAddressError::NoPrefix(lossy(text)))?;
        let (prefix, mut rest) = (&text[..place], &text[place + 1..]);
        let method = match prefix {
            b"text" => ContentAddressMethod::Text,
            b"fixed" => {
                let found = [ContentAddressMethod::Nar, ContentAddressMethod::Git]
                    .into_iter()
                    .find_map(|method| Some((method, rest.strip_prefix(method.prefix().as_bytes())?)));
                let (method, after) = found.unwrap_or((ContentAddressMethod::Flat, rest));
                rest = after;
                method
            }
            other => return Err(ContentAddressError::UnknownPrefix(lossy(other))),
        };
        let place = split(rest).ok_or_else(|| ContentAddressError::NoHash(lossy(text)))?;
        let algo = HashAlgo::parse(&rest[..place])?;
        Ok(Self {
            method,
            hash: Hash::parse_unprefixed(&rest[place + 1..], algo)?,
        })
    }
}

impl fmt::Display for ContentAddress {
    /// Writes the text that path metadata has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.method != ContentAddressMethod::Text {
            f.write_str("fixed:")?;
        }
        f.write_str(self.method.prefix())?;
        f.write_str(&self.hash.to_text(HashFormat::Nix32, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [ContentAddressMethod; 4] = [
        ContentAddressMethod::Flat,
        ContentAddressMethod::Nar,
        ContentAddressMethod::Git,
        ContentAddressMethod::Text,
    ];

    #[test]
    fn every_method_round_trips() {
        for method in METHODS {
            assert_eq!(ContentAddressMethod::parse(method.name()), Ok(method));
            let text = method.with_algo(HashAlgo::Sha1);
            assert_eq!(
                ContentAddressMethod::split_prefix(text.as_bytes()),
                (method, &b"sha1"[..])
            );
            let address = ContentAddress {
                method,
                hash: HashAlgo::Sha1.hash("x"),
            };
            assert_eq!(ContentAddress::parse(address.to_string()), Ok(address));
        }
    }

    #[test]
    fn texts_of_addresses() {
        let hash = HashAlgo::Sha256.hash("");
        let digits = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
        for (method, prefix) in METHODS.into_iter().zip(["fixed:", "fixed:r:", "fixed:git:", "text:"]) {
            assert_eq!(ContentAddress { method, hash }.to_string(), format!("{prefix}{digits}"));
        }
    }

    #[test]
    fn complaints_are_nix_s() {
        for (text, message) in [
            (
                "abc",
                "not a content address because it is not in the form '<prefix>:<rest>': abc",
            ),
            (
                "fixed:abc",
                "content address hash must be in form '<algo>:<hash>', but found: fixed:abc",
            ),
            (
                "text:r:abc",
                "unknown hash algorithm 'r', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'",
            ),
            (
                "x:abc",
                "content address prefix 'x' is unrecognized. Recogonized prefixes are 'text' or 'fixed'",
            ),
            (
                "fixed:r:md5:abc",
                "hash 'abc' has wrong length for hash algorithm 'md5'",
            ),
        ] {
            assert_eq!(ContentAddress::parse(text).expect_err(text).to_string(), message);
        }
        assert_eq!(
            ContentAddressMethod::parse("recursive").map_err(|error| error.to_string()),
            Err("Unknown file ingestion method 'recursive', expect `flat`, `nar`, or `git`".into())
        );
    }
}
