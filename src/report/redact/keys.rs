//! Strings that are keys by their shape, wherever they stand.

use std::ops::Range;

/// A string that has the shape of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// What it looks like, such as `a GitHub token`.
    pub kind: &'static str,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// A shape: a beginning that nothing else has, and what has to follow.
struct Shape {
    kind: &'static str,
    start: &'static str,
    /// Characters that may follow.
    of: fn(u8) -> bool,
    /// How many of them at least.
    least: usize,
    /// How many of them at most.
    most: usize,
}

const fn shape(kind: &'static str, start: &'static str, of: fn(u8) -> bool, least: usize, most: usize) -> Shape {
    Shape {
        kind,
        start,
        of,
        least,
        most,
    }
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn url(byte: u8) -> bool {
    word(byte) || byte == b'-'
}

fn dotted(byte: u8) -> bool {
    url(byte) || byte == b'.'
}

/// The lengths are those that the issuers document, or the shortest that they ever issued.
const SHAPES: [Shape; 27] = [
    shape("an AWS access key", "AKIA", upper, 16, 16),
    shape("an AWS access key", "ASIA", upper, 16, 16),
    shape("a GitHub token", "ghp_", alnum, 36, 255),
    shape("a GitHub token", "gho_", alnum, 36, 255),
    shape("a GitHub token", "ghu_", alnum, 36, 255),
    shape("a GitHub token", "ghs_", dotted, 36, 1024),
    shape("a GitHub token", "ghr_", alnum, 36, 255),
    shape("a GitHub token", "github_pat_", word, 36, 255),
    shape("a GitLab token", "glpat-", dotted, 20, 300),
    shape("a GitLab token", "gldt-", url, 20, 300),
    shape("a GitLab token", "glrt-", dotted, 20, 300),
    shape("a Slack token", "xoxb-", url, 20, 255),
    shape("a Slack token", "xoxp-", url, 20, 255),
    shape("a Slack token", "xapp-", url, 20, 255),
    shape("a Stripe key", "sk_live_", alnum, 16, 255),
    shape("a Stripe key", "rk_live_", alnum, 16, 255),
    shape("an OpenAI key", "sk-proj-", url, 20, 300),
    shape("an Anthropic key", "sk-ant-", url, 20, 300),
    shape("a Google API key", "AIza", url, 35, 35),
    shape("an npm token", "npm_", alnum, 36, 36),
    shape("a PyPI token", "pypi-", url, 50, 300),
    shape("a Vault token", "hvs.", url, 24, 300),
    shape("a Tailscale key", "tskey-", url, 20, 255),
    shape("an age key", "AGE-SECRET-KEY-1", upper, 40, 100),
    shape("an age key", "AGE-SECRET-KEY-PQ-1", upper, 40, 4096),
    shape("a DigitalOcean token", "dop_v1_", alnum, 64, 64),
    shape("a SendGrid key", "SG.", dotted, 60, 100),
];

/// The first line of a private key in PEM, whatever stands between its two halves.
const PEM: (&str, &str) = ("-----BEGIN ", "PRIVATE KEY");

/// Most lines of a key in PEM; the largest usual ones have about a hundred.
const MOST_PEM_LINES: usize = 256;

/// Returns the strings in a text that have the shape of a key, in order and apart from each other.
pub fn keys(text: &str) -> Vec<Key> {
    let bytes = text.as_bytes();
    let mut keys = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let may_start = matches!(
            bytes[at],
            b'A' | b'S' | b'g' | b'x' | b's' | b'r' | b'n' | b'p' | b'h' | b't' | b'd' | b'e' | b'-' | b'$' | b':'
        );
        let inside_word = at > 0 && word(bytes[at - 1]) && word(bytes[at]);
        match (may_start && !inside_word).then(|| key_at(text, at)).flatten() {
            Some(key) => {
                at = key.range.end.max(at + 1);
                keys.push(key);
            }
            None => at += 1,
        }
    }
    keys
}

fn key_at(text: &str, at: usize) -> Option<Key> {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'-' => pem(text, at),
        b'$' => password_hash(bytes, at),
        b'e' => json_web_token(bytes, at),
        b':' => signing_key(bytes, at),
        _ => SHAPES.iter().find_map(|shape| {
            bytes[at..].starts_with(shape.start.as_bytes()).then_some(())?;
            let from = at + shape.start.len();
            let length = run(bytes, from, shape.of);
            let fits = (shape.least..=shape.most).contains(&length);
            fits.then(|| Key {
                kind: shape.kind,
                range: at..from + length,
            })
        }),
    }
}

/// Returns how many bytes of a kind follow.
fn run(bytes: &[u8], from: usize, of: fn(u8) -> bool) -> usize {
    bytes[from..].iter().take_while(|&&byte| of(byte)).count()
}

/// Returns a private key in PEM: to its last line, or as far as the text goes.
fn pem(text: &str, at: usize) -> Option<Key> {
    // The line is only looked for behind what a key begins with: a drawing is one line with a million dashes.
    let rest = text.get(at..)?;
    if !rest.starts_with(PEM.0) || !rest.lines().next()?.contains(PEM.1) {
        return None;
    }
    let mut end = rest.len();
    let mut passed = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        // The last line may stand on the first one, where line feeds are escaped.
        if let Some(last) = line.find("-----END ") {
            let closed = line[last + 9..]
                .find("-----")
                .map_or(line.trim_end().len(), |e| last + 9 + e + 5);
            end = passed + closed;
            break;
        }
        passed += line.len();
        if number == MOST_PEM_LINES {
            end = passed;
            break;
        }
    }
    Some(Key {
        kind: "a private key",
        range: at..at + end,
    })
}

/// Returns a password's hash as crypt(3) writes it: `$6$SALT$HASH`.
fn password_hash(bytes: &[u8], at: usize) -> Option<Key> {
    let known = [
        &b"$6$"[..],
        b"$5$",
        b"$1$",
        b"$y$",
        b"$2a$",
        b"$2b$",
        b"$2y$",
        b"$argon2",
    ];
    let start = known.iter().find(|start| bytes[at..].starts_with(start))?;
    let of = |byte: u8| alnum(byte) || matches!(byte, b'.' | b'/' | b'$' | b'=' | b',' | b'+' | b'-');
    let from = at + start.len();
    let length = run(bytes, from, of);
    let dollars = bytes[at..from + length].iter().filter(|&&b| b == b'$').count();
    (length >= 22 && dollars >= 3).then(|| Key {
        kind: "a password hash",
        range: at..from + length,
    })
}

/// Returns a JSON web token: three parts in base64, the first two of them JSON objects.
fn json_web_token(bytes: &[u8], at: usize) -> Option<Key> {
    bytes[at..].starts_with(b"eyJ").then_some(())?;
    let head = run(bytes, at, url);
    let body = at + head + 1;
    (head >= 12 && bytes.get(at + head) == Some(&b'.') && bytes.get(body..)?.starts_with(b"eyJ")).then_some(())?;
    let length = run(bytes, body, url);
    let tail = body + length + 1;
    (length >= 8 && bytes.get(body + length) == Some(&b'.')).then_some(())?;
    let signature = run(bytes, tail, url);
    (signature >= 16).then(|| Key {
        kind: "a JSON web token",
        range: at..tail + signature,
    })
}

/// Returns the secret half of a Nix signing key after its name: 64 bytes in base64; a public one has 32.
fn signing_key(bytes: &[u8], at: usize) -> Option<Key> {
    let named = at > 0 && (word(bytes[at - 1]));
    let of = |byte: u8| alnum(byte) || matches!(byte, b'+' | b'/');
    let length = run(bytes, at + 1, of);
    let end = at + 1 + length;
    (named && length == 86 && bytes[end..].starts_with(b"==")).then(|| Key {
        kind: "a Nix signing key",
        range: at + 1..end + 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = keys(text).into_iter().map(|key| (key.kind, &text[key.range])).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn keys_are_known_by_their_shape() {
        // Written in two halves, so that no scanner takes this file for a leak.
        let aws = concat!("AKIA", "IOSFODNN7EXAMPLE");
        check(&format!("key {aws}."), &[("an AWS access key", aws)]);
        let github = format!("{}{}", "ghp_", "a1B2".repeat(9));
        check(&format!("\"{github}\""), &[("a GitHub token", &github)]);
        let age = format!("{}{}", "AGE-SECRET-KEY-1", "Q".repeat(58));
        check(&format!("{age}\n"), &[("an age key", &age)]);
        let token = format!("{}.{}.{}", "eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0", "a".repeat(43));
        check(&format!("Bearer {token};"), &[("a JSON web token", &token)]);
        let hash = format!("$6${}${}", "saltsalt", "h".repeat(86));
        check(&format!("= \"{hash}\";"), &[("a password hash", &hash)]);
        let nix = format!("{}==", "A".repeat(86));
        check(&format!("cache-1:{nix}"), &[("a Nix signing key", &nix)]);
    }

    #[test]
    fn a_private_key_goes_to_its_last_line() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\n12 | b3BlbnNz\n13 | -----END OPENSSH PRIVATE KEY-----";
        check(&format!("a\n{key}\nb"), &[("a private key", key)]);
        check(
            &format!("{} -----END", &key[..50]),
            &[("a private key", &format!("{} -----END", &key[..50]))],
        );
        check("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", &[]);
        check("-----BEGIN PUBLIC KEY-----", &[]);
    }

    #[test]
    fn a_long_line_of_dashes_is_read_once() {
        check(&"-".repeat(1 << 20), &[]);
    }

    #[test]
    fn what_only_begins_like_a_key_is_none() {
        check(
            "AKIA is a prefix, ghp_short, npm_config_cache, sk-learn, hvs.x, $6$, eyJ, SG.x",
            &[],
        );
        check("cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=", &[]);
        check("xAKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE2", &[]);
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_on_characters(text in "(\\PC|\n|-----BEGIN PRIVATE KEY|-----END |\\$6\\$|eyJ|ghp_a{36}|\\.){0,30}") {
            let mut last = 0;
            for key in keys(&text) {
                prop_assert!(key.range.start >= last && text.get(key.range.clone()).is_some());
                last = key.range.end;
            }
        }
    }
}
