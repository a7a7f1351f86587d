//! Making store paths: from contents, and from the derivations that will fill them.
//!
//! Every store path's digest is the SHA-256 of a fingerprint, folded to 20 bytes (Nix's manual, protocols, "Store path
//! specification"). The fingerprints are fed to the hash piece by piece: no text is put together for them.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::hash::{Hash, HashAlgo, hex_digits, lossy};
use crate::output_name::OutputName;
use crate::store_path::{STORE_DIR, StorePath, StorePathError};

/// A SHA-256 digest.
pub(crate) type Sha256Digest = [u8; 32];

/// The store paths that a content-addressed object points to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// Other objects, sorted and each once.
    pub others: &'a [StorePath],
    /// Whether the object points to itself.
    pub own: bool,
}

/// Why no store path can be made. The messages are Nix's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MakePathError {
    /// The name is not valid.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// Git hashes are SHA-1 or SHA-256.
    #[error("Git file ingestion must use SHA-1 or SHA-256 hash, but instead using: {0}")]
    GitAlgorithm(HashAlgo),
    /// Only a SHA-256 of a Nix archive may have references.
    #[error(
        "fixed output derivation '{0}' is not allowed to refer to other store paths.\n\
         You may need to use the 'unsafeDiscardReferences' derivation attribute, see the manual for more details."
    )]
    ReferencesNotAllowed(String),
    /// A text file cannot point to itself.
    #[error("self-reference not allowed with text hashing")]
    TextPointsToItself,
    /// Text files are hashed with SHA-256 only. Nix has no message for it: it aborts.
    #[error("text hashing must use SHA-256 hash, but instead using: {0}")]
    TextAlgorithm(HashAlgo),
}

/// Returns the path of an output of a derivation, where `hash` is the SHA-256 of the derivation modulo its outputs.
pub fn output_path(output: &OutputName, hash: &Hash, derivation_name: &str) -> Result<StorePath, StorePathError> {
    let mut fingerprint = Sha256::new();
    fingerprint.update(b"output:");
    fingerprint.update(output);
    finish_path(fingerprint, hash, &output_path_name(derivation_name, output))
}

/// Returns the path's name for an output: the derivation's, followed by a dash and the output's unless that is `out`.
pub fn output_path_name(derivation_name: &str, output: &OutputName) -> Vec<u8> {
    if output.is_out() {
        return derivation_name.as_bytes().to_vec();
    }
    [derivation_name.as_bytes(), b"-", output].concat()
}

/// Returns the path of a text file, such as a derivation or the result of `builtins.toFile`, where `hash` is the
/// SHA-256 of its bytes and `references` are sorted and each given once.
pub fn text_path<'a>(
    name: &[u8],
    hash: &Hash,
    references: impl IntoIterator<Item = &'a StorePath>,
) -> Result<StorePath, StorePathError> {
    finish_path(start_with_references(b"text", references, false), hash, name)
}

/// Returns the path of an object whose contents are known by their hash.
///
/// References are allowed with [`ContentAddressMethod::Text`], and with [`ContentAddressMethod::Nar`] under SHA-256.
pub fn content_addressed_path(
    name: &[u8],
    address: &ContentAddress,
    references: &References<'_>,
) -> Result<StorePath, MakePathError> {
    let ContentAddress { method, hash } = address;
    match (method, hash.algo()) {
        (ContentAddressMethod::Text, HashAlgo::Sha256) => {
            if references.own {
                return Err(MakePathError::TextPointsToItself);
            }
            return Ok(text_path(name, hash, references.others)?);
        }
        (ContentAddressMethod::Text, algo) => return Err(MakePathError::TextAlgorithm(algo)),
        (ContentAddressMethod::Nar, HashAlgo::Sha256) => {
            let fingerprint = start_with_references(b"source", references.others, references.own);
            return Ok(finish_path(fingerprint, hash, name)?);
        }
        (ContentAddressMethod::Git, HashAlgo::Sha1 | HashAlgo::Sha256)
        | (ContentAddressMethod::Flat | ContentAddressMethod::Nar, _) => {}
        (ContentAddressMethod::Git, algo) => return Err(MakePathError::GitAlgorithm(algo)),
    }
    if references.own || !references.others.is_empty() {
        return Err(MakePathError::ReferencesNotAllowed(lossy(name)));
    }
    let mut inner = Sha256::new();
    inner.update(b"fixed:out:");
    inner.update(method.prefix());
    write_hash(&mut inner, hash);
    inner.update(b":");
    let inner = Hash::new(HashAlgo::Sha256, &inner.finalize());
    let mut fingerprint = Sha256::new();
    fingerprint.update(b"output:out");
    Ok(finish_path(fingerprint, &inner, name)?)
}

/// Folds a digest to `N` bytes by XOR, as Nix shortens hashes for paths and placeholders.
pub fn compress<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut folded = [0; N];
    for (place, byte) in digest.iter().enumerate() {
        folded[place % N] ^= byte;
    }
    folded
}

/// Starts a fingerprint whose type carries references.
fn start_with_references<'a>(kind: &[u8], references: impl IntoIterator<Item = &'a StorePath>, own: bool) -> Sha256 {
    let mut fingerprint = Sha256::new();
    fingerprint.update(kind);
    for path in references {
        fingerprint.update(b":");
        fingerprint.update(STORE_DIR);
        fingerprint.update(b"/");
        fingerprint.update(path.base_name());
    }
    if own {
        fingerprint.update(b":self");
    }
    fingerprint
}

/// Completes a fingerprint after its type, and returns its path.
fn finish_path(mut fingerprint: Sha256, hash: &Hash, name: &[u8]) -> Result<StorePath, StorePathError> {
    fingerprint.update(b":");
    write_hash(&mut fingerprint, hash);
    fingerprint.update(b":");
    fingerprint.update(STORE_DIR);
    fingerprint.update(b":");
    fingerprint.update(name);
    StorePath::new(&compress(&fingerprint.finalize()), name)
}

/// Feeds `ALGO:HEX` to a fingerprint.
fn write_hash(fingerprint: &mut Sha256, hash: &Hash) {
    fingerprint.update(hash.algo().name());
    fingerprint.update(b":");
    for &byte in hash.digest() {
        fingerprint.update(hex_digits(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the path of an object with the hash of no bytes.
    fn path(method: ContentAddressMethod, algo: HashAlgo, others: &[StorePath], own: bool) -> Result<String, String> {
        let address = ContentAddress {
            method,
            hash: algo.hash(""),
        };
        content_addressed_path(b"x", &address, &References { others, own })
            .map(|path| path.base_name().into())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn references_are_part_of_the_fingerprint() {
        let others = ["0", "1"]
            .map(|digit| format!("{}-{}", digit.repeat(32), if digit == "0" { "a" } else { "b" }))
            .map(|name| StorePath::from_base_name(name).unwrap());
        // Computed from the specification with another program.
        for (method, others, own, expected) in [
            (
                ContentAddressMethod::Nar,
                &[][..],
                false,
                "d6q30mlzfljh7ha1b1m6fnifi34qr99p-x",
            ),
            (
                ContentAddressMethod::Nar,
                &others[..],
                true,
                "rwbc5bgmrkkb14242g0pf15a9p8l4na4-x",
            ),
            (
                ContentAddressMethod::Nar,
                &[][..],
                true,
                "9m92fs1lvfwwi2d86yskyg30q2y2by4k-x",
            ),
            (
                ContentAddressMethod::Text,
                &others[..],
                false,
                "yzdmjh1n5qh5zdihq5vs9vgdp0ykqcwk-x",
            ),
        ] {
            assert_eq!(
                path(method, HashAlgo::Sha256, others, own).as_deref(),
                Ok(expected),
                "{method:?}"
            );
        }
    }

    #[test]
    fn complaints_are_nix_s() {
        use ContentAddressMethod::{Flat, Git, Nar, Text};
        let not_allowed = "fixed output derivation 'x' is not allowed to refer to other store paths.\n\
                           You may need to use the 'unsafeDiscardReferences' derivation attribute, see the manual for \
                           more details.";
        for (method, algo, message) in [
            (Text, HashAlgo::Sha256, "self-reference not allowed with text hashing"),
            (
                Text,
                HashAlgo::Sha1,
                "text hashing must use SHA-256 hash, but instead using: sha1",
            ),
            (
                Git,
                HashAlgo::Md5,
                "Git file ingestion must use SHA-1 or SHA-256 hash, but instead using: md5",
            ),
            (Git, HashAlgo::Sha1, not_allowed),
            (Nar, HashAlgo::Sha512, not_allowed),
            (Flat, HashAlgo::Sha256, not_allowed),
        ] {
            assert_eq!(path(method, algo, &[], true), Err(message.into()), "{method:?}");
        }
    }

    #[test]
    fn output_names_count_towards_the_length() {
        let (hash, name) = (HashAlgo::Sha256.hash(""), "n".repeat(208));
        assert!(output_path(&OutputName::OUT, &hash, &name).is_ok());
        assert!(output_path(&OutputName::new("ab"), &hash, &name).is_ok());
        assert!(output_path(&OutputName::new("dev"), &hash, &name).is_err());
    }

    #[test]
    fn folding_is_by_xor() {
        assert_eq!(compress::<2>(&[1, 2, 4, 8, 16]), [1 ^ 4 ^ 16, 2 ^ 8]);
    }
}
