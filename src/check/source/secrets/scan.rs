//! Strings in any text that are a secret by their shape or by what stands before them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use report::redact;

use super::age;

/// A string that looks like a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    /// What it looks like, such as `an AWS access key`.
    pub kind: &'static str,
    /// Its bytes.
    pub range: Range<usize>,
}

/// The kind of a private key of age, which may open files of the repository.
pub(crate) const AGE_KEY: &str = "an age key";
/// The kind of a private key in PEM.
const PEM: &str = "a private key";
/// What `report::redact` hides but a configuration may show: nobody reads a password off its hash.
const HASH: &str = "a password hash";

/// Shapes that need more than a beginning: the kind, a text that must be in the file, and the shape, whose group is the
/// secret.
static SHAPES: LazyLock<Vec<(&'static str, &'static str, Regex)>> = LazyLock::new(|| {
    let shape = |kind, near, text: &str| (kind, near, Regex::new(text).expect("the shape is a regular expression"));
    vec![
        shape(
            "a WireGuard key",
            "ey",
            r#"(?i:private|preshared)_?-?[kK]ey"?\s*[=:]\s*["']?([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)(?:["'\s;,]|$)"#,
        ),
        shape("a Telegram token", ":AA", r"\b([0-9]{8,10}:AA[A-Za-z0-9_-]{33})\b"),
        shape("a Hugging Face token", "hf_", r"\b(hf_[A-Za-z0-9]{34})\b"),
        shape(
            "a webhook of Slack",
            "hooks.slack.com",
            r"https://hooks\.slack\.com/services/(T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,})",
        ),
        shape(
            "a webhook of Discord",
            "/api/webhooks/",
            r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/([0-9]+/[A-Za-z0-9_-]{60,})",
        ),
    ]
});

/// Returns the strings of a text that look like secrets, in order.
pub(crate) fn keys(bytes: &[u8]) -> Vec<Key> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Vec::new();
    };
    let mut found: Vec<Key> = redact::keys(text)
        .into_iter()
        .filter(|key| key.kind != HASH && is_real(key.kind, &text[key.range.clone()]))
        .filter(|key| !is_encrypted(text, key.range.start))
        .map(|key| Key {
            kind: key.kind,
            range: key.range,
        })
        .collect();
    for (kind, near, shape) in SHAPES.iter() {
        if memchr::memmem::find(bytes, near.as_bytes()).is_none() {
            continue;
        }
        for captures in shape.captures_iter(text) {
            let Some(group) = captures.get(1) else { continue };
            if is_varied(group.as_str()) {
                found.push(Key {
                    kind,
                    range: group.range(),
                });
            }
        }
    }
    found.sort_by_key(|key| key.range.start);
    found
}

/// Whether a place in a text lies in a value that sops encrypted, `ENC[AES256_GCM,data:…]`.
fn is_encrypted(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..at];
    before.rfind("ENC[").is_some_and(|start| !before[start..].contains(']'))
}

/// Whether a string of a key's shape may be one, and is not a word of documentation.
fn is_real(kind: &str, text: &str) -> bool {
    match kind {
        AGE_KEY if text.starts_with("AGE-SECRET-KEY-1") => age::public_key(text).is_some(),
        PEM => {
            let body = text.split("-----").nth(2).unwrap_or_default();
            let letters = body
                .bytes()
                .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
                .count();
            let others = body
                .bytes()
                .filter(|b| !b.is_ascii_graphic() && !b.is_ascii_whitespace())
                .count();
            // A key that a passphrase locks is no open secret.
            let locked = text.contains("ENCRYPTED");
            letters >= 64 && others == 0 && !body.contains("...") && !locked && is_varied(body)
        }
        _ => is_varied(text),
    }
}

/// Whether a text has more than a few different characters: `ghp_xxxx…` is a placeholder.
fn is_varied(text: &str) -> bool {
    let mut seen = [false; 256];
    let tail = &text.as_bytes()[text.len() / 4..];
    tail.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() >= 7
}

/// Words that a placeholder has.
const PLACEHOLDERS: [&str; 22] = [
    "example",
    "change",
    "placeholder",
    "dummy",
    "xxxx",
    "your",
    "todo",
    "secret",
    "password",
    "passwd",
    "test",
    "none",
    "null",
    "replace",
    "insert",
    "sample",
    "fixme",
    "default",
    "redacted",
    "hidden",
    "0000",
    "1234",
];

/// Whether a text under the name of a secret is likely one, and no placeholder, path, reference or word.
pub(crate) fn is_password(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let starts = [
        "/", "./", "../", "~", "$", "@", "<", "{", "%", "!", "http:", "https:", "file:", "env:", "op:", "vault:",
        "age1", "ssh-",
    ];
    (8..=512).contains(&text.len())
        && text.is_ascii()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && !starts.iter().any(|start| lower.starts_with(start))
        && !PLACEHOLDERS.iter().any(|word| lower.contains(word))
        && text.contains(|c: char| c.is_ascii_digit())
        && text.contains(|c: char| c.is_ascii_alphabetic())
        && entropy(text.as_bytes()) >= 2.9
        // `sha256-…` and `2024-01-01T…` are no secrets.
        && !["sha256-", "sha512-", "sha1-", "md5-", "scram-sha-", "0x"]
            .iter()
            .any(|start| lower.starts_with(start))
        && !has_scheme(&lower)
        && !is_key_id(text)
        && !is_version_or_name(text)
}

/// Whether a text has the form of an id or fingerprint of a key of GPG, as Git's `signingKey` has it.
fn is_key_id(text: &str) -> bool {
    matches!(text.len(), 16 | 40) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

/// Whether a text begins with the name of a scheme and a colon, as addresses and references do: `unix:/run/x.sock`.
fn has_scheme(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty()
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || matches!(b, b'+' | b'-' | b'.'))
}

/// Whether a text is words with dots and dashes, of which one ends with digits: `nixos-26.05`, `key-2`, `web1.example`.
fn is_version_or_name(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_word = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        letters.bytes().all(|b| b.is_ascii_lowercase()) || letters.is_empty()
    };
    digits <= 4 && text.contains(['-', '.', '_', '/']) && text.split(['-', '.', '_', '/']).all(is_word)
}

/// Returns the bits of information in a byte of a text, by how often each of its bytes occurs in it.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0usize; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = bytes.len() as f64;
    let share = |count: usize| count as f64 / length;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| -share(*count) * share(*count).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = keys(text.as_bytes())
            .into_iter()
            .map(|key| (key.kind, &text[key.range]))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn keys_are_known_by_their_shape_or_name() {
        let aws = concat!("AKIA", "IOSFODNN7EXAMPLE");
        check(&format!("access-key = {aws}"), &[("an AWS access key", aws)]);
        let wireguard = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        check(
            &format!("privateKey = \"{wireguard}\";"),
            &[("a WireGuard key", wireguard)],
        );
        check(&format!("PrivateKey={wireguard}\n"), &[("a WireGuard key", wireguard)]);
        check(&format!("publicKey = \"{wireguard}\";"), &[]);
        let slack = concat!("T0A1B2C3D/B0E4F5G6H/", "aBcDeFgHiJkLmNoPqRsTuVwX");
        check(
            &format!("https://hooks.slack.com/services/{slack}"),
            &[("a webhook of Slack", slack)],
        );
        let file = include_str!("../../../../fixtures/keys/admin.age");
        let private = file.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
        check(file, &[(AGE_KEY, private)]);
        let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\nQyNTUxOQAAACB";
        let pem = format!(
            "-----BEGIN OPENSSH {} KEY-----\n{body}\n-----END OPENSSH {} KEY-----",
            "PRIVATE", "PRIVATE"
        );
        check(&format!("x\n{pem}\n"), &[(PEM, &pem)]);
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        check(&format!("ghp_{}", "x".repeat(36)), &[]);
        check(&format!("AGE-SECRET-KEY-1{}", "Q".repeat(58)), &[]);
        check("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", &[]);
        check("case \"-----BEGIN PRIVATE KEY-----\"", &[]);
        check(
            "password = \"$6$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\"",
            &[],
        );
        check(
            "rev = \"0123456789abcdef0123456789abcdef01234567\"; hash = \"sha256-yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\";",
            &[],
        );
        check("privateKey = \"yAnz5TF+lXXJte14tji3zlMNq\";", &[]);
        let value = format!("{}==", "Ab1+".repeat(21) + "Qw");
        check(&format!("a: ENC[AES256_GCM,data:{value},iv:x]"), &[]);
    }

    #[test]
    fn passwords_are_told_from_words() {
        for text in [
            "hunter2hunt3r!",
            "kX9vQ2mZ7pLr",
            "3f786850e387550fdab836ed7e6dc881de23001b",
            "correct4horse9Battery",
        ] {
            assert!(is_password(text), "{text}");
        }
        for text in [
            "changeme123",
            "short1",
            "/run/secrets/db1",
            "${config.x}1a",
            "my-secret-2",
            "correct horse 1",
            "onlyletters",
            "nixos-26.05",
            "your-token-1a2b",
            "web1.example.org",
            "12345678",
            "grafana-admin-2",
            "unix:/run/x1.sock",
            "0x9F4C1B7A2E6D0835",
            "SCRAM-SHA-256$4096:kX9vQ2mZ7pLr",
            "aaaaaaaa1",
            "9F4C1B7A2E6D0835",
            "9F4C1B7A2E6D08359F4C1B7A2E6D08359F4C1B7A",
        ] {
            assert!(!is_password(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn scanning_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in "(\\PC|\n|PrivateKey=|-----BEGIN PRIVATE KEY-----|:AA|hf_){0,40}") {
            keys(&bytes);
            for key in keys(text.as_bytes()) {
                prop_assert!(text.get(key.range).is_some());
            }
            is_password(&text);
        }
    }
}
