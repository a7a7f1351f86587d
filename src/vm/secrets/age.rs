//! The throw-away key, and files of age that it opens: <https://age-encryption.org/v1>.

use super::seed::Seed;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

/// Bytes of plain text in one sealed chunk.
const CHUNK: usize = 64 << 10;

/// The key that opens all dummies, and nothing else in the world.
pub struct Identity {
    secret: StaticSecret,
    public: PublicKey,
}

impl Identity {
    /// Returns the key, which is the same in each run.
    pub fn throw_away() -> Identity {
        let secret = StaticSecret::from(Seed::of("identity", [b""]).bytes());
        let public = PublicKey::from(&secret);
        Identity { secret, public }
    }

    /// Returns the text of the file that `age --identity` reads.
    pub fn file(&self) -> String {
        let secret = bech32_of("age-secret-key-", self.secret.as_bytes()).to_ascii_uppercase();
        format!(
            "# throw-away key of cfgcheck: it opens generated dummies in machines under test, and nothing else\n# public key: {}\n{secret}\n",
            self.recipient(),
        )
    }

    /// Returns the name under which files are encrypted for it: `age1…`.
    pub fn recipient(&self) -> String {
        bech32_of("age", self.public.as_bytes())
    }

    /// Returns an armored file that only this key opens; the same for the same text.
    pub fn encrypt(&self, plain: &[u8]) -> String {
        let seed = |purpose| Seed::of(purpose, [self.public.as_bytes(), plain]);
        let file_key: [u8; 16] = seed("age file key").bytes();
        let mut file = self.header(&file_key, &StaticSecret::from(seed("age share").bytes()));
        let nonce: [u8; 16] = seed("age nonce").bytes();
        file.extend_from_slice(&nonce);
        let key = derived(&nonce, &file_key, b"payload");
        // There is a last chunk always, also of nothing.
        let mut chunks = plain.chunks(CHUNK).peekable();
        let mut counter = 0_u64;
        loop {
            let chunk = chunks.next().unwrap_or_default();
            let is_last = chunks.peek().is_none();
            let mut nonce = [0; 12];
            nonce[3..11].copy_from_slice(&counter.to_be_bytes());
            nonce[11] = u8::from(is_last);
            file.extend(sealed(&key, &nonce, chunk));
            if is_last {
                return armored(&file);
            }
            counter += 1;
        }
    }

    /// Returns the head of a file: its key, wrapped for us, and a code over the head.
    fn header(&self, file_key: &[u8; 16], share: &StaticSecret) -> Vec<u8> {
        let public = PublicKey::from(share);
        let salt = [*public.as_bytes(), *self.public.as_bytes()].concat();
        let shared = share.diffie_hellman(&self.public);
        let wrapping = derived(&salt, shared.as_bytes(), b"age-encryption.org/v1/X25519");
        // Each wrapping key is used once, so that its nonce is zero.
        let wrapped = sealed(&wrapping, &[0; 12], file_key);
        let mut head = format!(
            "age-encryption.org/v1\n-> X25519 {}\n{}\n---",
            STANDARD_NO_PAD.encode(public.as_bytes()),
            STANDARD_NO_PAD.encode(wrapped),
        );
        let mut code = <Hmac<Sha256> as KeyInit>::new_from_slice(&derived(b"", file_key, b"header"))
            .expect("a code takes keys of any length");
        code.update(head.as_bytes());
        head.push_str(&format!(" {}\n", STANDARD_NO_PAD.encode(code.finalize().into_bytes())));
        head.into_bytes()
    }
}

/// Returns a key made of another one.
fn derived(salt: &[u8], key: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut made = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(purpose, &mut made)
        .expect("32 bytes are within what may be derived");
    made
}

/// Returns a text sealed with a key.
fn sealed(key: &[u8; 32], nonce: &[u8; 12], plain: &[u8]) -> Vec<u8> {
    ChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(&Nonce::from(*nonce), plain)
        .expect("a chunk is far shorter than what may be sealed")
}

/// Returns bytes as text that can stand in any file.
fn armored(file: &[u8]) -> String {
    format!(
        "-----BEGIN AGE ENCRYPTED FILE-----\n{}-----END AGE ENCRYPTED FILE-----\n",
        wrapped_base64(file, 64)
    )
}

/// Returns bytes in base64, in lines of a width.
pub(super) fn wrapped_base64(bytes: &[u8], width: usize) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / width + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(width));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines
}

/// Returns a key as people pass it on.
fn bech32_of(prefix: &'static str, bytes: &[u8; 32]) -> String {
    let prefix = bech32::Hrp::parse(prefix).expect("the prefix is one");
    bech32::encode_lower::<bech32::Bech32>(prefix, bytes).expect("a key is short enough")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_same_in_each_run() {
        let identity = Identity::throw_away();
        assert_eq!(
            identity.recipient(),
            "age1w3u7588qcls0r8uxd7mxzxfs2gh0yd9xkg2gu2mufz5qsgtq24ksefd4m5"
        );
        // What age 1.1.1 decrypts to `a dummy`, as `live_age_opens_what_is_encrypted` shows of such files.
        assert_eq!(
            identity.encrypt(b"a dummy"),
            "-----BEGIN AGE ENCRYPTED FILE-----\n\
             YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBGQkhpQXdkZFJKd1B4VnZC\n\
             UUQ3eTM3Tm5QSEdMbWNEYU9OVFVVZ2k4eVVnCmpQTlRSRTM3VVB0WWYvM2Z6dGEw\n\
             b080ajJyUnpOWU5mUElQVlNmbmRuS1kKLS0tIE9sNnErTnF5eUNIQVU4UUVZRHZS\n\
             L1VyS2xPcnBYVWYzQmFnKzRJRzNIWEUK51zfa1FVa7Yi2PNmww+2zsmPqAWveMeK\n\
             egXsld3BPsACFF1/tYh+\n\
             -----END AGE ENCRYPTED FILE-----\n"
        );
        assert_ne!(identity.encrypt(b"another"), identity.encrypt(b"a dummy"));
    }

    #[test]
    fn long_files_have_several_chunks() {
        let identity = Identity::throw_away();
        for (length, chunks) in [(0, 1), (1, 1), (CHUNK, 1), (CHUNK + 1, 2), (2 * CHUNK, 2)] {
            let file = identity.encrypt(&vec![b'a'; length]);
            let inner: String = file.lines().filter(|line| !line.starts_with('-')).collect();
            let binary = STANDARD.decode(inner).expect("it is base64");
            let ends = binary
                .windows(5)
                .position(|part| part == b"\n--- ")
                .expect("it has a head");
            // After the code in base64, the end of its line and the nonce, a chunk has 16 bytes more than its text.
            assert_eq!(binary.len() - ends - 5 - 43 - 1 - 16, length + chunks * 16, "{length}");
        }
    }
}
