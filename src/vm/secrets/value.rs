//! What a dummy is: the kind of value that those who read the secret expect.

use super::age::wrapped_base64;
use super::seed::Seed;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// What a secret is used for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// The password of a user, as a hash.
    PasswordHash,
    /// A private or a shared key of WireGuard.
    WireGuard,
    /// A private key of SSH.
    SshKey,
    /// Variables of a service's environment.
    Environment,
    /// Settings of Nix.
    NixSettings,
    /// Anything else.
    Text,
}

/// Letters of hashes of passwords.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Letters that need no quotes anywhere; some are there twice.
const PLAIN: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ab";

impl Use {
    /// Returns what a secret is probably for, from its name.
    pub fn by_name(name: &str) -> Use {
        let name = name.to_ascii_lowercase();
        let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        let is_wireguard = || {
            words().any(|word| {
                word.strip_prefix("wg")
                    .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
            })
        };
        if has(&["pass"]) && has(&["hash"]) {
            Use::PasswordHash
        } else if has(&["access-tokens", "access_tokens"]) && has(&["nix"]) {
            Use::NixSettings
        } else if has(&["pass", "conf", ".pub", "token"]) {
            Use::Text
        } else if has(&["wireguard"]) || is_wireguard() {
            Use::WireGuard
        } else if has(&["ssh", "id_ed25519", "id_rsa"]) && has(&["key", "ed25519", "rsa", "priv"]) {
            Use::SshKey
        } else if words().any(|word| matches!(word, "env" | "environment")) {
            Use::Environment
        } else {
            Use::Text
        }
    }

    /// Returns a value for this use.
    pub(super) fn value(self, seed: Seed) -> String {
        match self {
            Use::PasswordHash => password_hash(seed),
            Use::WireGuard => STANDARD.encode(seed.bytes::<32>()),
            Use::SshKey => ssh_key(seed),
            Use::Environment => format!("CFGCHECK_DUMMY={}\n", seed.text::<32>(PLAIN)),
            Use::NixSettings => format!("access-tokens = cfgcheck.invalid={}\n", seed.text::<32>(PLAIN)),
            Use::Text => format!("dummy-{}", seed.text::<26>(PLAIN)),
        }
    }
}

/// Returns a hash as `crypt` makes it with SHA-512, which belongs to no password that anybody knows: the account is
/// locked, and still looks to all programs as one with a password.
fn password_hash(seed: Seed) -> String {
    let salt = Seed::of("salt", [seed.bytes::<32>()]).text::<16>(CRYPT);
    // 64 bytes are 85 letters of six bits each, and one of two.
    let last = char::from(CRYPT[usize::from(seed.bytes::<33>()[32] % 4)]);
    format!("$6${salt}${}{last}", seed.text::<85>(CRYPT))
}

/// Returns an ed25519 key as OpenSSH writes it (its `PROTOCOL.key`).
fn ssh_key(seed: Seed) -> String {
    let secret = ed25519_dalek::SigningKey::from_bytes(&seed.bytes());
    let public = secret.verifying_key().to_bytes();
    let named = |key: &[u8]| [&field(b"ssh-ed25519")[..], &field(key)].concat();
    let check = [0x5c; 4];
    let mut private = [
        &check[..],
        &check,
        &named(&public),
        &field(&secret.to_keypair_bytes()),
        &field(b"cfgcheck dummy"),
    ]
    .concat();
    let missing = private.len().next_multiple_of(8) - private.len();
    private.extend((1..).take(missing));
    let file = [
        &b"openssh-key-v1\0"[..],
        &field(b"none"),
        &field(b"none"),
        &field(b""),
        &1_u32.to_be_bytes(),
        &field(&named(&public)),
        &field(&private),
    ];
    format!(
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}-----END OPENSSH PRIVATE KEY-----\n",
        wrapped_base64(&file.concat(), 70)
    )
}

/// Returns bytes with their length before them.
fn field(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("fields of a key are short");
    [&length.to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_secrets_are_for() {
        for (name, expected) in [
            ("wireguard/key", Use::WireGuard),
            ("wireguard/peers/laptop", Use::WireGuard),
            ("wg0-private", Use::WireGuard),
            ("wg_psk", Use::WireGuard),
            ("wgs/key", Use::Text),
            ("wireguard.conf", Use::Text),
            ("users/alice/password", Use::Text),
            ("users/alice/password-hash", Use::PasswordHash),
            ("hashedPassword", Use::PasswordHash),
            ("ssh_host_ed25519_key", Use::SshKey),
            ("borg/ssh-key", Use::SshKey),
            ("ssh_host_ed25519_key.pub", Use::Text),
            ("id_ed25519", Use::SshKey),
            ("miniflux.env", Use::Environment),
            ("grafana-env", Use::Environment),
            ("environmental", Use::Text),
            ("nix/access-tokens", Use::NixSettings),
            ("fleet-app/token", Use::Text),
            ("", Use::Text),
        ] {
            assert_eq!(Use::by_name(name), expected, "{name}");
        }
    }

    #[test]
    fn values_are_what_their_readers_expect() {
        let value = |kind: Use| kind.value(Seed::of("test", ["value"]));
        let hash = value(Use::PasswordHash);
        let parts: Vec<&str> = hash.split('$').collect();
        assert_eq!(parts[..2], ["", "6"]);
        assert_eq!((parts[2].len(), parts[3].len()), (16, 86));
        assert!(parts[3].ends_with(['.', '/', '0', '1']), "{hash}");
        assert!(
            parts[2..].concat().bytes().all(|letter| CRYPT.contains(&letter)),
            "{hash}"
        );
        let key = value(Use::WireGuard);
        assert_eq!(STANDARD.decode(&key).expect("it is base64").len(), 32);
        assert_eq!(value(Use::Text), "dummy-E4ptN8b23Pu9ESZsNNUUAPaD46");
        let first = |text: String| text.split_at_checked(20).map(|(head, _)| head.to_owned());
        assert_eq!(first(value(Use::Environment)).as_deref(), Some("CFGCHECK_DUMMY=E4ptN"));
        assert_eq!(first(value(Use::NixSettings)).as_deref(), Some("access-tokens = cfgc"));
    }

    #[test]
    fn keys_of_ssh_are_whole() {
        let key = Use::SshKey.value(Seed::of("test", ["key"]));
        let inner: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        let bytes = STANDARD.decode(inner).expect("it is base64");
        assert!(bytes.starts_with(b"openssh-key-v1\0"));
        assert!(key.lines().all(|line| line.len() <= 70), "{key}");
        // The public part is in it twice, and once more after the private seed.
        let secret = ed25519_dalek::SigningKey::from_bytes(&Seed::of("test", ["key"]).bytes());
        let public = secret.verifying_key().to_bytes();
        assert_eq!(bytes.windows(32).filter(|part| *part == public).count(), 3);
    }
}
