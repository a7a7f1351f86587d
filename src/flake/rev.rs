//! Revisions and tree hashes, as inputs write them.

use crate::error::RefError;
use std::fmt;
use store::{Hash, HashAlgo, HashFormat};

/// A Git (or Mercurial) revision: a SHA-1 or SHA-256 commit hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rev(Hash);

impl Rev {
    /// Returns the revision that a text names: any hash with its algorithm in front, else SHA-1 in
    /// any encoding.
    pub fn parse(text: &str) -> Result<Rev, RefError> {
        match Hash::parse_prefixed(text) {
            Ok(hash) => Ok(Rev(hash)),
            Err(_) => Rev::parse_sha1(text),
        }
    }

    /// Returns the SHA-1 revision that a text names.
    pub fn parse_sha1(text: &str) -> Result<Rev, RefError> {
        Hash::parse_any(text, Some(HashAlgo::Sha1))
            .map(Rev)
            .map_err(|why| RefError::BadHash(why.to_string()))
    }

    /// Returns the revision with this digest: 20 bytes are SHA-1, 32 are SHA-256; `None` for others.
    pub fn from_digest(digest: &[u8]) -> Option<Rev> {
        match digest.len() {
            20 => Some(Rev(Hash::new(HashAlgo::Sha1, digest))),
            32 => Some(Rev(Hash::new(HashAlgo::Sha256, digest))),
            _ => None,
        }
    }

    /// Returns the revision of zeros, which a repository without commits has.
    pub fn null() -> Rev {
        Rev(Hash::zero(HashAlgo::Sha1))
    }

    /// Whether this is the revision of a repository without commits.
    pub fn is_null(&self) -> bool {
        *self == Rev::null()
    }

    /// Returns the digest.
    pub fn digest(&self) -> &[u8] {
        self.0.digest()
    }

    /// Returns the first seven digits, as `shortRev` has them.
    pub fn short(&self) -> String {
        self.to_string()[..7].to_owned()
    }
}

impl fmt::Display for Rev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_text(HashFormat::Base16, false))
    }
}

/// The SHA-256 of a tree's NAR, shown as SRI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NarHash(Hash);

impl NarHash {
    /// Returns the hash that a `narHash` attribute holds; the empty text is the hash of zeros.
    pub fn parse(text: &str) -> Result<NarHash, RefError> {
        if text.is_empty() {
            return Ok(NarHash(Hash::zero(HashAlgo::Sha256)));
        }
        NarHash::new(Hash::parse_sri(text).map_err(|why| RefError::BadHash(why.to_string()))?)
    }

    /// Returns a hash as a tree's; an error unless it is SHA-256.
    pub fn new(hash: Hash) -> Result<NarHash, RefError> {
        if hash.algo() == HashAlgo::Sha256 {
            Ok(NarHash(hash))
        } else {
            Err(RefError::NarHashNotSha256)
        }
    }

    /// Returns the hash with its algorithm.
    pub fn hash(&self) -> &Hash {
        &self.0
    }
}

impl fmt::Display for NarHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_text(HashFormat::Sri, true))
    }
}
