//! Hashes: the algorithms Nix knows, and the texts a hash is written as.
//!
//! The many spellings (with or without algorithm, four encodings told apart by length alone) and the messages are Nix's
//! interface: users meet them whenever a `hash = "…"` is wrong.

use std::fmt;

use thiserror::Error;

use crate::hasher::Hasher;
use crate::{base64, nix32};

/// The longest digest of any algorithm, in bytes (that of SHA-512).
pub const MAX_DIGEST: usize = 64;

/// A hash algorithm that Nix knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgo {
    /// MD5, 16 bytes; only for old fixed-output derivations.
    Md5,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes; the one that store paths are made with.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
    /// BLAKE3, 32 bytes. Nix asks for the experimental feature `blake3-hashes`, which the evaluator checks.
    Blake3,
}

/// The way a digest is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashFormat {
    /// Lower-case hexadecimal.
    Base16,
    /// Nix's own base 32, see [`crate::nix32`].
    Nix32,
    /// Base 64 with padding.
    Base64,
    /// `ALGO-BASE64`, as in the W3C's Subresource Integrity.
    Sri,
}

/// A digest together with its algorithm.
///
/// Ordered as Nix orders hashes: by length, then bytes, then algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash {
    algo: HashAlgo,
    bytes: [u8; MAX_DIGEST],
}

/// Why a text is not a hash. The messages are Nix's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HashError {
    /// The algorithm's name is unknown.
    #[error("unknown hash algorithm '{0}', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'")]
    UnknownAlgorithm(String),
    /// The name of an encoding is unknown (as given to `convertHash`).
    #[error("unknown hash format '{0}', expect 'base16', 'base32', 'base64', or 'sri'")]
    UnknownFormat(String),
    /// The length is none of the algorithm's three encodings.
    #[error("hash '{hash}' has wrong length for hash algorithm '{algo}'")]
    WrongLength {
        /// The digits, without the algorithm.
        hash: String,
        /// The algorithm whose lengths were tried.
        algo: HashAlgo,
    },
    /// The digits do not stand for as many bytes as the algorithm has. A wrong digit shows as a length of 0.
    #[error("invalid {encoding} hash '{hash}', length {length} != expected length {expected}")]
    BadDigits {
        /// The name of the encoding as Nix prints it.
        encoding: &'static str,
        /// The digits, without the algorithm.
        hash: String,
        /// The number of bytes the digits stand for.
        length: usize,
        /// The number of bytes the algorithm has.
        expected: usize,
    },
    /// An SRI hash was asked for, and the text has no `-`.
    #[error("hash '{0}' is not SRI")]
    NotSri(String),
    /// A hash with algorithm was asked for, and the text names none.
    #[error("hash '{0}' does not include a type")]
    NoAlgorithm(String),
    /// Neither the text nor the caller knows the algorithm.
    #[error("hash '{0}' does not include a type, nor is the type otherwise known from context")]
    UnknownFromContext(String),
    /// The text names another algorithm than the caller.
    #[error("hash '{hash}' should have type '{expected}'")]
    WrongAlgorithm {
        /// The whole text.
        hash: String,
        /// The algorithm that the caller knows.
        expected: HashAlgo,
    },
    /// An empty hash was given where it would mean a placeholder, without its algorithm.
    #[error("empty hash requires explicit hash algorithm")]
    EmptyWithoutAlgorithm,
}

impl HashAlgo {
    /// Every algorithm, in the order Nix lists them.
    pub const ALL: [Self; 5] = [Self::Blake3, Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// Returns the name as Nix writes it, such as `sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    /// Returns the digest's length in bytes.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Returns the algorithm of that name, if there is one.
    pub fn from_name(name: impl AsRef<[u8]>) -> Option<Self> {
        let name = name.as_ref();
        Self::ALL.into_iter().find(|algo| algo.name().as_bytes() == name)
    }

    /// Returns the algorithm of that name, or Nix's complaint about it.
    pub fn parse(name: impl AsRef<[u8]>) -> Result<Self, HashError> {
        let name = name.as_ref();
        Self::from_name(name).ok_or_else(|| HashError::UnknownAlgorithm(lossy(name)))
    }

    /// Returns the hash of `bytes`.
    pub fn hash(self, bytes: impl AsRef<[u8]>) -> Hash {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes.as_ref());
        hasher.finish()
    }
}

impl fmt::Display for HashAlgo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl HashFormat {
    /// Returns the format of that name, as `builtins.convertHash` takes it; `base32` is a deprecated alias of `nix32`
    /// about which Nix warns.
    pub fn parse(name: impl AsRef<[u8]>) -> Result<Self, HashError> {
        Ok(match name.as_ref() {
            b"base16" => Self::Base16,
            b"nix32" | b"base32" => Self::Nix32,
            b"base64" => Self::Base64,
            b"sri" => Self::Sri,
            other => return Err(HashError::UnknownFormat(lossy(other))),
        })
    }

    /// Returns the name as Nix writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base16 => "base16",
            Self::Nix32 => "nix32",
            Self::Base64 => "base64",
            Self::Sri => "sri",
        }
    }

    /// Returns how Nix's messages about wrong digits call the format.
    const fn name_in_messages(self) -> &'static str {
        match self {
            Self::Base16 => "base16",
            Self::Nix32 => "nix32",
            Self::Base64 => "Base64",
            Self::Sri => "SRI",
        }
    }
}

impl Hash {
    /// Makes a hash of a digest. Panics if `digest` is longer or shorter than the algorithm's digests are.
    pub fn new(algo: HashAlgo, digest: &[u8]) -> Self {
        let mut hash = Self::zero(algo);
        hash.bytes[..algo.digest_len()].copy_from_slice(digest);
        hash
    }

    /// Returns the hash whose digest is all zeros, which Nix assumes for an empty text.
    pub const fn zero(algo: HashAlgo) -> Self {
        Self {
            algo,
            bytes: [0; MAX_DIGEST],
        }
    }

    /// Returns the algorithm.
    pub const fn algo(&self) -> HashAlgo {
        self.algo
    }

    /// Returns the digest: 16, 20, 32 or 64 bytes.
    pub fn digest(&self) -> &[u8] {
        &self.bytes[..self.algo.digest_len()]
    }

    /// Parses any spelling: `ALGO:DIGITS`, `ALGO-BASE64` or bare digits, whose encoding is known from their number.
    ///
    /// `expected` is the algorithm known otherwise. A text that names another one is an error, and so is a text that
    /// names none when nothing is known.
    pub fn parse_any(text: impl AsRef<[u8]>, expected: Option<HashAlgo>) -> Result<Self, HashError> {
        Self::parse_any_with_format(text, expected).map(|(hash, _)| hash)
    }

    /// Parses as [`Hash::parse_any`] does, and tells the encoding that was found.
    pub fn parse_any_with_format(
        text: impl AsRef<[u8]>,
        expected: Option<HashAlgo>,
    ) -> Result<(Self, HashFormat), HashError> {
        let text = text.as_ref();
        parse_with(text, |named| match (named, expected) {
            (None, None) => Err(HashError::UnknownFromContext(lossy(text))),
            (Some(named), Some(expected)) if named != expected => Err(HashError::WrongAlgorithm {
                hash: lossy(text),
                expected,
            }),
            (Some(algo), _) | (None, Some(algo)) => Ok(algo),
        })
    }

    /// Parses a text that must name its algorithm, as `ALGO:DIGITS` or `ALGO-BASE64`.
    pub fn parse_prefixed(text: impl AsRef<[u8]>) -> Result<Self, HashError> {
        let text = text.as_ref();
        parse_with(text, |named| named.ok_or_else(|| HashError::NoAlgorithm(lossy(text)))).map(|(hash, _)| hash)
    }

    /// Parses `ALGO-BASE64` only.
    pub fn parse_sri(text: impl AsRef<[u8]>) -> Result<Self, HashError> {
        let text = text.as_ref();
        let (name, digits) = split_at_byte(text, b'-').ok_or_else(|| HashError::NotSri(lossy(text)))?;
        parse_digits(digits, HashAlgo::parse(name)?, HashFormat::Sri)
    }

    /// Parses bare digits of a known algorithm, in the encoding that their number tells.
    pub fn parse_unprefixed(digits: impl AsRef<[u8]>, algo: HashAlgo) -> Result<Self, HashError> {
        let digits = digits.as_ref();
        parse_digits(digits, algo, format_of_length(digits, algo)?)
    }

    /// Parses bare digits of a known algorithm and encoding.
    pub fn parse_in_format(digits: impl AsRef<[u8]>, algo: HashAlgo, format: HashFormat) -> Result<Self, HashError> {
        parse_digits(digits.as_ref(), algo, format)
    }

    /// Parses as [`Hash::parse_any`] does, but takes an empty text for the hash of zeros.
    ///
    /// When `text` is empty and this succeeds, Nix warns with `found empty hash, assuming 'SRI'`; warning is the
    /// caller's part.
    pub fn parse_allow_empty(text: impl AsRef<[u8]>, expected: Option<HashAlgo>) -> Result<Self, HashError> {
        let text = text.as_ref();
        if text.is_empty() {
            return expected.map(Self::zero).ok_or(HashError::EmptyWithoutAlgorithm);
        }
        Self::parse_any(text, expected)
    }

    /// Appends the digest in `format` to `out`, after `ALGO:` if `with_algo`; SRI always names its algorithm.
    pub fn write_text(&self, format: HashFormat, with_algo: bool, out: &mut String) {
        if with_algo || format == HashFormat::Sri {
            out.push_str(self.algo.name());
            out.push(if format == HashFormat::Sri { '-' } else { ':' });
        }
        match format {
            HashFormat::Base16 => {
                for byte in self.digest() {
                    out.extend(hex_digits(*byte).map(char::from));
                }
            }
            HashFormat::Nix32 => nix32::encode_into(self.digest(), out),
            HashFormat::Base64 | HashFormat::Sri => base64::encode_into(self.digest(), out),
        }
    }

    /// Returns the digest in `format`, after `ALGO:` if `with_algo`; SRI always names its algorithm.
    pub fn to_text(&self, format: HashFormat, with_algo: bool) -> String {
        let mut out = String::with_capacity(8 + 2 * self.algo.digest_len());
        self.write_text(format, with_algo, &mut out);
        out
    }
}

impl Ord for Hash {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |hash: &Self| (hash.algo.digest_len(), hash.bytes, hash.algo);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Hash {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(HashFormat::Sri, true))
    }
}

impl fmt::Display for Hash {
    /// Writes the SRI form, which is how Nix shows hashes to users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(HashFormat::Sri, true))
    }
}

/// Returns the two lower-case hexadecimal digits of `byte`.
pub(crate) const fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

/// Returns `bytes` as text for a message.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Splits `text` around the first `byte`.
fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|&other| other == byte)?;
    Some((&text[..place], &text[place + 1..]))
}

/// Parses any spelling; `resolve` gets the algorithm that the text names and decides.
fn parse_with(
    text: &[u8],
    resolve: impl FnOnce(Option<HashAlgo>) -> Result<HashAlgo, HashError>,
) -> Result<(Hash, HashFormat), HashError> {
    let (name, digits, sri) = match split_at_byte(text, b':') {
        Some((name, digits)) => (Some(name), digits, false),
        None => match split_at_byte(text, b'-') {
            Some((name, digits)) => (Some(name), digits, true),
            None => (None, text, false),
        },
    };
    let algo = resolve(name.map(HashAlgo::parse).transpose()?)?;
    let format = if sri {
        HashFormat::Sri
    } else {
        format_of_length(digits, algo)?
    };
    Ok((parse_digits(digits, algo, format)?, format))
}

/// Returns the encoding in which a digest of `algo` has as many digits as `digits`.
fn format_of_length(digits: &[u8], algo: HashAlgo) -> Result<HashFormat, HashError> {
    let bytes = algo.digest_len();
    let candidates = [
        (2 * bytes, HashFormat::Base16),
        (nix32::encoded_len(bytes), HashFormat::Nix32),
        (base64::encoded_len(bytes), HashFormat::Base64),
    ];
    candidates
        .into_iter()
        .find(|&(length, _)| length == digits.len())
        .map(|(_, format)| format)
        .ok_or_else(|| HashError::WrongLength {
            hash: lossy(digits),
            algo,
        })
}

/// Decodes digits. A wrong digit counts as no bytes at all, since Nix drops the decoder's own complaint and then finds
/// the length wrong.
fn parse_digits(digits: &[u8], algo: HashAlgo, format: HashFormat) -> Result<Hash, HashError> {
    let bytes = match format {
        HashFormat::Base16 => decode_base16(digits),
        HashFormat::Nix32 => nix32::decode(digits).unwrap_or_default(),
        HashFormat::Base64 | HashFormat::Sri => base64::decode(digits).unwrap_or_default(),
    };
    if bytes.len() != algo.digest_len() {
        return Err(HashError::BadDigits {
            encoding: format.name_in_messages(),
            hash: lossy(digits),
            length: bytes.len(),
            expected: algo.digest_len(),
        });
    }
    Ok(Hash::new(algo, &bytes))
}

/// Returns the bytes of hexadecimal digits of either case, or none if any digit is wrong or one is left over.
fn decode_base16(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Vec::new();
    }
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|&[high, low]| Some((value(high)? << 4 | value(low)?) as u8))
        .collect();
    bytes.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The SHA-256 of nothing, in the four spellings.
    const EMPTY: [(&str, HashFormat); 4] = [
        (
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            HashFormat::Base16,
        ),
        (
            "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            HashFormat::Nix32,
        ),
        (
            "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            HashFormat::Base64,
        ),
        ("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", HashFormat::Sri),
    ];

    fn complaint(text: &str, expected: Option<HashAlgo>) -> String {
        Hash::parse_any(text, expected).expect_err(text).to_string()
    }

    #[test]
    fn spellings_of_one_hash() {
        let hash = HashAlgo::Sha256.hash("");
        for (text, format) in EMPTY {
            assert_eq!(hash.to_text(format, true), text);
            assert_eq!(Hash::parse_any_with_format(text, None), Ok((hash, format)));
            assert_eq!(
                Hash::parse_any_with_format(text, Some(HashAlgo::Sha256)),
                Ok((hash, format))
            );
            assert_eq!(Hash::parse_prefixed(text), Ok(hash));
            if format != HashFormat::Sri {
                let digits = &text["sha256:".len()..];
                assert_eq!(
                    Hash::parse_any_with_format(digits, Some(HashAlgo::Sha256)),
                    Ok((hash, format))
                );
                assert_eq!(Hash::parse_unprefixed(digits, HashAlgo::Sha256), Ok(hash));
                assert_eq!(Hash::parse_in_format(digits, HashAlgo::Sha256, format), Ok(hash));
                assert_eq!(hash.to_text(format, false), digits);
            }
        }
        assert_eq!(Hash::parse_sri(EMPTY[3].0), Ok(hash));
        assert_eq!(
            Hash::parse_any(EMPTY[0].0.to_uppercase().replace("SHA", "sha"), None),
            Ok(hash)
        );
        assert_eq!(
            Hash::parse_any("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", None),
            Ok(hash),
            "no padding"
        );
    }

    #[test]
    fn complaints_are_nix_s() {
        let sha256 = Some(HashAlgo::Sha256);
        for (text, expected, message) in [
            (
                "sha3:00",
                None,
                "unknown hash algorithm 'sha3', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'",
            ),
            (
                "",
                None,
                "hash '' does not include a type, nor is the type otherwise known from context",
            ),
            ("", sha256, "hash '' has wrong length for hash algorithm 'sha256'"),
            ("md5:abc", sha256, "hash 'md5:abc' should have type 'sha256'"),
            ("md5:abc", None, "hash 'abc' has wrong length for hash algorithm 'md5'"),
            (
                "md5-abc",
                None,
                "invalid SRI hash 'abc', length 2 != expected length 16",
            ),
            (
                "md5-a!c",
                None,
                "invalid SRI hash 'a!c', length 0 != expected length 16",
            ),
            (
                "md5:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
                None,
                "invalid base16 hash 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz', length 0 != expected length 16",
            ),
            (
                "md5:zzzzzzzzzzzzzzzzzzzzzzzzzz",
                None,
                "invalid nix32 hash 'zzzzzzzzzzzzzzzzzzzzzzzzzz', length 17 != expected length 16",
            ),
        ] {
            assert_eq!(complaint(text, expected), message);
        }
        assert_eq!(
            Hash::parse_prefixed("abc").map_err(|error| error.to_string()),
            Err("hash 'abc' does not include a type".into())
        );
        assert_eq!(
            Hash::parse_sri("abc").map_err(|error| error.to_string()),
            Err("hash 'abc' is not SRI".into())
        );
    }

    #[test]
    fn empty_text_stands_for_zeros() {
        assert_eq!(Hash::parse_allow_empty("", None), Err(HashError::EmptyWithoutAlgorithm));
        let zero = Hash::parse_allow_empty("", Some(HashAlgo::Sha256)).unwrap();
        assert_eq!(zero.to_string(), "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }

    #[test]
    fn names_of_formats() {
        for format in [
            HashFormat::Base16,
            HashFormat::Nix32,
            HashFormat::Base64,
            HashFormat::Sri,
        ] {
            assert_eq!(HashFormat::parse(format.name()), Ok(format));
        }
        assert_eq!(HashFormat::parse("base32"), Ok(HashFormat::Nix32));
        assert_eq!(
            HashFormat::parse("SRI").map_err(|error| error.to_string()),
            Err("unknown hash format 'SRI', expect 'base16', 'base32', 'base64', or 'sri'".into())
        );
    }

    #[test]
    fn shorter_digests_sort_first() {
        let mut hashes = HashAlgo::ALL.map(|algo| algo.hash("x"));
        hashes.sort();
        let lengths = hashes.map(|hash| hash.digest().len());
        assert!(lengths.is_sorted(), "{lengths:?}");
    }

    proptest! {
        #[test]
        fn every_spelling_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            for algo in HashAlgo::ALL {
                let hash = algo.hash(&bytes);
                for format in [HashFormat::Base16, HashFormat::Nix32, HashFormat::Base64, HashFormat::Sri] {
                    let text = hash.to_text(format, true);
                    prop_assert_eq!(Hash::parse_any_with_format(&text, None), Ok((hash, format)));
                }
            }
        }

        #[test]
        fn parsing_never_panics(text in proptest::collection::vec(any::<u8>(), 0..140)) {
            let _ = Hash::parse_any(&text, None);
            for algo in HashAlgo::ALL {
                let _ = Hash::parse_any(&text, Some(algo));
                let _ = Hash::parse_in_format(&text, algo, HashFormat::Base16);
            }
        }
    }
}
