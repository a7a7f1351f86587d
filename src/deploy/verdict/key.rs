//! Keys that sign verdicts, and keys that vouch for them: ed25519, written as Nix writes the keys of binary caches.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sys::{FileKind, Fs, FsError};

/// Longest name of a key.
const MOST_NAME: usize = 64;
/// Bytes of a public key (RFC 8032, 5.1.5).
const PUBLIC: usize = 32;
/// Bytes of a secret key as it is written: the seed, then the public key.
const SECRET: usize = 64;
/// Bytes of a signature (RFC 8032, 5.1.6).
const SIGNATURE: usize = 64;
/// Longest file of a secret key that is read.
const MOST_FILE: u64 = 4096;
/// The permissions that let others than the owner have a file.
const OTHERS: u32 = 0o077;

/// What is wrong with a text that is to be a key, or with the file of one. No message repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no name before a colon.
    #[error("a key is written as NAME:BASE64, as `cfgcheck verdict keygen` prints it")]
    Form,
    /// The name cannot be one.
    #[error(
        "a key's name has letters, digits, `.`, `_` and `-`, at most {MOST_NAME} of them, and begins with none of `.` and `-`"
    )]
    Name,
    /// What follows the name is no base64, or not as long as it has to be.
    #[error("`{name}` is no {what} key of ed25519: {expected} bytes in base64 belong behind the name")]
    Length {
        /// The key's name.
        name: String,
        /// `public` or `secret`.
        what: &'static str,
        /// The bytes that there should be.
        expected: usize,
    },
    /// A secret key where a public one belongs.
    #[error(
        "`{0}` is a secret key, and the public one belongs here; take the secret one out of use, as others may have read it"
    )]
    IsSecret(String),
    /// The bytes are no key, or one under which anything could be signed by anybody.
    #[error("`{0}` is no public key of ed25519: its bytes are no safe point of the curve")]
    Weak(String),
    /// The two halves of a secret key do not belong together.
    #[error("`{0}` is no secret key of ed25519: its two halves do not belong together")]
    Halves(String),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// There is no file of a key at the path.
    #[error("'{0}' is no file of a key")]
    NoFile(String),
    /// Others may read the file.
    #[error(
        "'{path}' may be read or written by others (mode {mode:04o}): a secret key is its owner's alone; `chmod 600` helps"
    )]
    Open {
        /// The file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// The machine has no random numbers.
    #[error("no random numbers are to be had for a key: {0}")]
    Random(std::io::Error),
}

/// A key that vouches for verdicts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// Returns the key that `NAME:BASE64` is.
    pub fn parse(text: &str) -> Result<PublicKey, KeyError> {
        let (name, bytes) = split(text)?;
        if bytes.as_ref().is_some_and(|bytes| bytes.len() == SECRET) {
            return Err(KeyError::IsSecret(name));
        }
        let bytes: Option<[u8; PUBLIC]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let Some(bytes) = bytes else {
            let (what, expected) = ("public", PUBLIC);
            return Err(KeyError::Length { name, what, expected });
        };
        match VerifyingKey::from_bytes(&bytes) {
            Ok(key) if !key.is_weak() => Ok(PublicKey { name, key }),
            _ => Err(KeyError::Weak(name)),
        }
    }

    /// Returns the key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether two keys are the same one, whatever their names are.
    pub fn is_same(&self, other: &PublicKey) -> bool {
        self.key == other.key
    }

    /// Whether this key has made a signature, in base64, of these bytes.
    pub(super) fn has_signed(&self, bytes: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature).ok();
        let signature: Option<[u8; SIGNATURE]> = signature.and_then(|bytes| bytes.try_into().ok());
        signature.is_some_and(|signature| {
            let signature = Signature::from_bytes(&signature);
            self.key.verify_strict(bytes, &signature).is_ok()
        })
    }
}

impl fmt::Display for PublicKey {
    /// Writes `NAME:BASE64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, STANDARD.encode(self.key.as_bytes()))
    }
}

/// A key that signs verdicts. It is printed by nothing but [`SecretKey::to_text`].
#[derive(Clone)]
pub struct SecretKey {
    name: String,
    key: SigningKey,
}

impl SecretKey {
    /// Returns a new key of this name.
    pub fn generate(name: &str) -> Result<SecretKey, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let seed: [u8; PUBLIC] = sys::random_bytes().map_err(KeyError::Random)?;
        Ok(SecretKey {
            name: name.to_owned(),
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// Returns the key that `NAME:BASE64` is.
    pub fn parse(text: &str) -> Result<SecretKey, KeyError> {
        let (name, bytes) = split(text)?;
        let bytes: Option<[u8; SECRET]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let Some(bytes) = bytes else {
            let (what, expected) = ("secret", SECRET);
            return Err(KeyError::Length { name, what, expected });
        };
        match SigningKey::from_keypair_bytes(&bytes) {
            Ok(key) => Ok(SecretKey { name, key }),
            Err(_) => Err(KeyError::Halves(name)),
        }
    }

    /// Returns the key of a file, which nobody but its owner may read or write.
    pub fn read(fs: &dyn Fs, path: &Path) -> Result<SecretKey, KeyError> {
        let shown = || path.display().to_string();
        let Some(stat) = fs.stat(path)?.filter(|stat| stat.kind == FileKind::Regular) else {
            return Err(KeyError::NoFile(shown()));
        };
        if stat.mode & OTHERS != 0 {
            return Err(KeyError::Open {
                path: shown(),
                mode: stat.mode & 0o777,
            });
        }
        if stat.len > MOST_FILE {
            return Err(KeyError::Form);
        }
        let bytes = fs.read(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Form)?;
        SecretKey::parse(text.trim())
    }

    /// Returns the key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key that vouches for what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            name: self.name.clone(),
            key: self.key.verifying_key(),
        }
    }

    /// Returns `NAME:BASE64`, which is secret.
    pub fn to_text(&self) -> String {
        format!("{}:{}", self.name, STANDARD.encode(self.key.to_keypair_bytes()))
    }

    /// Returns the signature of bytes, in base64.
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        STANDARD.encode(self.key.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    /// Writes the name alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Whether a text can be the name of a key.
pub(super) fn is_name(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    (1..=MOST_NAME).contains(&text.len()) && letters && !text.starts_with(['.', '-'])
}

/// Returns the name and the bytes of a key; no bytes if they are no base64.
fn split(text: &str) -> Result<(String, Option<Vec<u8>>), KeyError> {
    let (name, digits) = text.split_once(':').ok_or(KeyError::Form)?;
    match is_name(name) {
        true => Ok((name.to_owned(), STANDARD.decode(digits).ok())),
        false => Err(KeyError::Name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sys::{MemoryFs, Mode};

    fn key() -> SecretKey {
        SecretKey {
            name: "fleet-1".into(),
            key: SigningKey::from_bytes(&[7; PUBLIC]),
        }
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        let secret = SecretKey::generate("fleet-1").expect("there is randomness");
        let again = SecretKey::parse(&secret.to_text()).expect("it is read");
        assert_eq!(again.public(), secret.public());
        let public = PublicKey::parse(&secret.public().to_string()).expect("it is read");
        assert!(public.has_signed(b"text", &again.sign(b"text")));
        assert!(!public.has_signed(b"texts", &again.sign(b"text")));
        assert!(!public.has_signed(b"text", "AAAA") && !public.has_signed(b"text", "%"));
        let other = SecretKey::generate("fleet-1").expect("there is randomness");
        assert!(!other.public().is_same(&public));
        assert_eq!(format!("{secret:?}"), "SecretKey { name: \"fleet-1\", .. }");
    }

    #[test]
    fn what_is_no_key_is_told() {
        let secret = key().to_text();
        // The point of order one, under which one signature holds for every text.
        let weak = format!("a:{}", STANDARD.encode([&[1u8][..], &[0; 31]].concat()));
        let public = |text: &str, expected: &str| {
            let error = PublicKey::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{error}");
        };
        public("", "NAME:BASE64");
        public("fleet-1", "NAME:BASE64");
        public(":AAAA", "a key's name");
        public("-x:AAAA", "a key's name");
        public("a b:AAAA", "a key's name");
        public(&format!("{}:AAAA", "a".repeat(65)), "a key's name");
        public("a:AAAA", "`a` is no public key of ed25519: 32 bytes");
        public("a:%", "32 bytes in base64");
        public(&secret, "is a secret key");
        public(&weak, "no safe point");
        let wrong = |text: &str, expected: &str| {
            let error = SecretKey::parse(text).expect_err("it is none").to_string();
            assert!(error.contains(expected), "{error}");
        };
        wrong(&key().public().to_string(), "no secret key of ed25519: 64 bytes");
        let halves = [[7; 32], [8; 32]].concat();
        wrong(&format!("a:{}", STANDARD.encode(halves)), "two halves");
        assert!(matches!(SecretKey::generate("a:b"), Err(KeyError::Name)));
    }

    #[test]
    fn the_file_of_a_secret_key_is_its_owners_alone() {
        let fs = MemoryFs::new().directory("/k");
        let path = Path::new("/k/key");
        let text = key().to_text() + "\n";
        fs.write(path, text.as_bytes(), Mode::Private).expect("it is written");
        assert_eq!(SecretKey::read(&fs, path).expect("it is read").public(), key().public());
        fs.write_atomic(Path::new("/k/open"), text.as_bytes(), Mode::Plain)
            .expect("it is written");
        let told = |path: &str| SecretKey::read(&fs, Path::new(path)).unwrap_err().to_string();
        assert!(told("/k/open").contains("(mode 0644)"), "{}", told("/k/open"));
        assert!(told("/k").contains("is no file of a key"));
        assert!(told("/k/none").contains("is no file of a key"));
        let long = vec![b'a'; 5000];
        fs.write(Path::new("/k/long"), &long, Mode::Private)
            .expect("it is written");
        assert!(told("/k/long").contains("NAME:BASE64"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_message_tells_a_secret(text in "([a-z.-]{0,4}:?[A-Za-z0-9+/=]{0,90}|.{0,20})") {
            let _ = PublicKey::parse(&text);
            if let Err(error) = SecretKey::parse(&text) {
                let digits = text.split_once(':').map_or(text.as_str(), |(_, digits)| digits);
                prop_assert!(digits.len() < 12 || !error.to_string().contains(digits));
            }
        }
    }
}
