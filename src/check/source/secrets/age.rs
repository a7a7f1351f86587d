//! What can be told of age without a key: recipients, the heads of encrypted files, and which public key belongs to a
//! private one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// The first line of an encrypted file.
const VERSION: &[u8] = b"age-encryption.org/v1\n";
const ARMOR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const ARMOR_END: &str = "-----END AGE ENCRYPTED FILE-----";
/// Most bytes of a head: hundreds of recipients.
const MOST_HEAD: usize = 256 << 10;

/// For whom a file is encrypted, as far as its head tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stanza {
    /// A native recipient; which one is not told.
    X25519,
    /// An SSH key, by the first four bytes of the key's hash in base64.
    Ssh(String),
    /// Another kind, such as a plugin's.
    Other(String),
}

/// The head of an encrypted file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub stanzas: Vec<Stanza>,
}

/// Whether a text begins as an encrypted file does.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/") || bytes.trim_ascii_start().starts_with(ARMOR.as_bytes())
}

impl Head {
    /// Reads the head of an encrypted file, armored or not; or says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Head, &'static str> {
        if bytes.trim_ascii_start().starts_with(ARMOR.as_bytes()) {
            let text = std::str::from_utf8(bytes.trim_ascii()).map_err(|_| "its armor is not text")?;
            let inner = text
                .strip_prefix(ARMOR)
                .and_then(|rest| rest.trim_end().strip_suffix(ARMOR_END));
            let inner = inner.ok_or("its armor is cut off")?;
            let joined: String = inner.split_whitespace().collect();
            let binary = STANDARD.decode(joined).map_err(|_| "its armor is not base64")?;
            return Head::binary(&binary);
        }
        Head::binary(bytes)
    }

    fn binary(bytes: &[u8]) -> Result<Head, &'static str> {
        let rest = bytes
            .strip_prefix(VERSION)
            .ok_or("it does not begin as a file of age does")?;
        let mut stanzas = Vec::new();
        let mut lines = rest[..rest.len().min(MOST_HEAD)]
            .split(|byte| *byte == b'\n')
            .peekable();
        while let Some(line) = lines.next() {
            if line.starts_with(b"--- ") {
                return match stanzas.is_empty() {
                    true => Err("its head names no recipient"),
                    false => Ok(Head { stanzas }),
                };
            }
            let words = line.strip_prefix(b"-> ").ok_or("its head is damaged")?;
            let words = std::str::from_utf8(words).map_err(|_| "its head is damaged")?;
            let mut words = words.split(' ');
            let kind = words.next().unwrap_or_default();
            let first = words.next().unwrap_or_default();
            match kind {
                "X25519" => stanzas.push(Stanza::X25519),
                "ssh-ed25519" | "ssh-rsa" => stanzas.push(Stanza::Ssh(first.to_owned())),
                // Put in so that nobody relies on there being none.
                grease if grease.ends_with("-grease") => {}
                other => stanzas.push(Stanza::Other(other.to_owned())),
            }
            // The body ends with the first line that is not full.
            loop {
                let body = lines.next().ok_or("its head is cut off")?;
                if body.len() < 64 {
                    break;
                }
            }
        }
        Err("its head is cut off")
    }
}

/// Returns how the head of a file names an SSH key; none if the text is no such key.
pub(crate) fn ssh_tag(key: &str) -> Option<String> {
    let mut words = key.split_whitespace();
    let kind = words.next()?;
    if !matches!(kind, "ssh-ed25519" | "ssh-rsa") {
        return None;
    }
    let wire = STANDARD.decode(words.next()?).ok()?;
    Some(STANDARD_NO_PAD.encode(&Sha256::digest(&wire)[..4]))
}

/// Returns the public key that belongs to a private one (`AGE-SECRET-KEY-1…`); none if it is none.
pub(crate) fn public_key(private: &str) -> Option<String> {
    let lower = private.to_ascii_lowercase();
    let (part, bytes) = bech32(&lower)?;
    let secret: [u8; 32] = bytes.try_into().ok()?;
    if part != "age-secret-key-" || private.bytes().any(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let public = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret));
    Some(to_bech32("age", public.as_bytes()))
}

/// Whether a text is a native recipient: `age1` and 32 bytes with their checksum.
pub(crate) fn is_recipient(text: &str) -> bool {
    bech32(text).is_some_and(|(part, bytes)| part == "age" && bytes.len() == 32)
}

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Returns the human part and the bytes of a text in bech32 (BIP 173); none if its checksum is wrong.
fn bech32(text: &str) -> Option<(&str, Vec<u8>)> {
    let at = text.rfind('1')?;
    let (part, data) = (&text[..at], &text[at + 1..]);
    if part.is_empty() || data.len() < 6 || text.len() > 1024 || !text.is_ascii() {
        return None;
    }
    let digit = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).map(|n| n as u8);
    let digits: Vec<u8> = data.bytes().map(digit).collect::<Option<_>>()?;
    if checksum(part, &digits) != 1 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for digit in &digits[..digits.len() - 6] {
        bits = bits << 5 | u32::from(*digit);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (count < 5 && bits == 0).then_some((part, bytes))
}

fn to_bech32(part: &str, bytes: &[u8]) -> String {
    let mut digits = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            digits.push((bits >> count) as u8 & 31);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        digits.push((bits << (5 - count)) as u8 & 31);
    }
    let sum = checksum(part, &[digits.as_slice(), &[0; 6]].concat()) ^ 1;
    digits.extend((0..6).map(|n| (sum >> (5 * (5 - n))) as u8 & 31));
    let data: String = digits
        .iter()
        .map(|digit| LETTERS[usize::from(*digit)] as char)
        .collect();
    format!("{part}1{data}")
}

fn checksum(part: &str, digits: &[u8]) -> u32 {
    let mut sum = 1u32;
    let high = part.bytes().map(|byte| byte >> 5);
    let low = part.bytes().map(|byte| byte & 31);
    for digit in high.chain([0]).chain(low).chain(digits.iter().copied()) {
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(digit);
        for (bit, value) in [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
            .into_iter()
            .enumerate()
        {
            if top >> bit & 1 == 1 {
                sum ^= value;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADMIN: &str = "age1m6fwlpxg45g68l5lysdydct2vlvswdyrycy3vwfe3rmsnvcwp96sca9wq7";

    #[test]
    fn public_keys_belong_to_private_ones() {
        let file = include_str!("../../../../fixtures/keys/admin.age");
        let private = file.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
        assert_eq!(public_key(private).as_deref(), Some(ADMIN));
        assert_eq!(public_key(&private.replace('Q', "P")), None);
        assert_eq!(public_key(ADMIN), None);
    }

    #[test]
    fn recipients_have_a_checksum() {
        assert!(is_recipient(ADMIN));
        assert!(!is_recipient(&ADMIN.replace("sca9wq7", "sca9wq8")));
        assert!(!is_recipient("age1yubikey1qqqq") && !is_recipient("age1") && !is_recipient("é1"));
    }

    #[test]
    fn heads_tell_kinds_of_recipients() {
        let body = format!("{}\nAA\n", "A".repeat(64));
        let text = format!(
            "age-encryption.org/v1\n-> X25519 abc\n{body}-> ssh-ed25519 Xyz123 def\nAAA\n-> a-grease x\n\n-> piv-p256 k m\nBB\n--- mac\n\u{1}binary"
        );
        let head = Head::read(text.as_bytes()).unwrap();
        assert_eq!(
            head.stanzas,
            [
                Stanza::X25519,
                Stanza::Ssh("Xyz123".into()),
                Stanza::Other("piv-p256".into())
            ]
        );
        let armored = format!("{ARMOR}\n{}\n{ARMOR_END}\n", STANDARD.encode(&text));
        assert_eq!(Head::read(armored.as_bytes()), Ok(head));
        assert_eq!(
            Head::read(b"age-encryption.org/v1\n-> X25519 abc\n"),
            Err("its head is cut off")
        );
        assert_eq!(Head::read(b"password"), Err("it does not begin as a file of age does"));
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[-> A-Za-z0-9\n]{0,120}", key in "[a-z0-9é ]{0,80}") {
            let _ = Head::read(&bytes);
            let _ = Head::read(format!("age-encryption.org/v1\n{text}").as_bytes());
            let _ = Head::read(format!("{ARMOR}\n{text}").as_bytes());
            let _ = public_key(&key);
            let _ = ssh_tag(&key);
            let _ = is_recipient(&key);
        }

        #[test]
        fn bech32_is_read_as_it_is_written(bytes in proptest::collection::vec(any::<u8>(), 1..64)) {
            let text = to_bech32("age", &bytes);
            prop_assert_eq!(bech32(&text), Some(("age", bytes)));
        }
    }
}
