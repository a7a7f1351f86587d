//! Keys that vouch for store paths, and what they sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;

/// The key of the cache that Nix uses where no settings name another one.
pub const DEFAULT_KEY: &str = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";
/// Bytes of a signature.
const SIGNATURE: usize = 64;

/// A key that is trusted: `NAME:BASE64`, as Nix's setting `trusted-public-keys` has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

/// A signature of a store path: `NAME:BASE64`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The name of the key that it claims to be made with.
    pub name: String,
    bytes: [u8; SIGNATURE],
}

impl PublicKey {
    /// Returns the key that a text is, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<PublicKey, String> {
        let (name, bytes) = split(text).ok_or_else(|| format!("'{text}' is no public key (NAME:BASE64)"))?;
        let key = <[u8; 32]>::try_from(bytes).ok();
        let key = key.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        match key {
            Some(key) => Ok(PublicKey { name, key }),
            None => Err(format!("'{text}' is no public key of ed25519")),
        }
    }

    /// Returns the key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this key has signed a text.
    pub fn has_signed(&self, text: &[u8], signature: &Signature) -> bool {
        let bytes = ed25519_dalek::Signature::from_bytes(&signature.bytes);
        self.name == signature.name && self.key.verify_strict(text, &bytes).is_ok()
    }
}

impl Signature {
    /// Returns the signature that a text is, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Signature, String> {
        let parsed = split(text).and_then(|(name, bytes)| {
            let bytes = bytes.try_into().ok()?;
            Some(Signature { name, bytes })
        });
        parsed.ok_or_else(|| format!("'{text}' is no signature"))
    }
}

fn split(text: &str) -> Option<(String, Vec<u8>)> {
    let (name, bytes) = text.split_once(':').filter(|(name, _)| !name.is_empty())?;
    Some((name.to_owned(), STANDARD.decode(bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn a_key_knows_its_signatures() {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = |name: &str, secret: &SigningKey| {
            PublicKey::parse(&format!("{name}:{}", STANDARD.encode(secret.verifying_key()))).expect("a key")
        };
        let signed = Signature::parse(&format!("a-1:{}", STANDARD.encode(secret.sign(b"text").to_bytes())));
        let signed = signed.expect("a signature");
        assert!(key("a-1", &secret).has_signed(b"text", &signed));
        assert!(!key("a-1", &secret).has_signed(b"texts", &signed));
        assert!(!key("a-2", &secret).has_signed(b"text", &signed), "another name");
        let other = SigningKey::from_bytes(&[8; 32]);
        assert!(!key("a-1", &other).has_signed(b"text", &signed));
    }

    #[test]
    fn what_is_no_key_is_told() {
        assert_eq!(
            PublicKey::parse(DEFAULT_KEY).expect("a key").name(),
            "cache.nixos.org-1"
        );
        for wrong in [
            "",
            "a",
            ":AAAA",
            "a:AAAA",
            "a:%",
            "a:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShj",
        ] {
            assert!(PublicKey::parse(wrong).is_err(), "{wrong}");
            assert!(Signature::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "([a-z.-]{0,4}:?[A-Za-z0-9+/=]{0,90}|.{0,20})") {
            let _ = PublicKey::parse(&text);
            let _ = Signature::parse(&text);
        }
    }
}
