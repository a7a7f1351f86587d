//! Who can decrypt a file: age keys, PGP keys, and keys that a service keeps.

use std::fmt;
use std::ops::Range;

use super::age;
use super::document::Leaf;

/// A kind of keys, by sops's names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Kind {
    Age,
    Pgp,
    Kms,
    GcpKms,
    Azure,
    Vault,
}

/// One who can decrypt a file.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub kind: Kind,
    /// The key: an age recipient, a fingerprint, or an address of a service.
    pub id: String,
    /// The name that it was given: of an anchor in `.sops.yaml`, or of a variable.
    pub name: Option<String>,
    /// The bytes to point at.
    pub at: Range<usize>,
}

impl Recipient {
    /// Whether two are the same key.
    pub fn is(&self, other: &Recipient) -> bool {
        self.kind == other.kind
            && match self.kind {
                Kind::Age => same_words(&self.id, &other.id),
                // Fingerprints may be cut off at the front.
                Kind::Pgp => {
                    let (a, b) = (fingerprint(&self.id), fingerprint(&other.id));
                    a.len() >= 8 && b.len() >= 8 && (a.ends_with(&b) || b.ends_with(&a))
                }
                Kind::Kms => arn(&self.id) == arn(&other.id),
                Kind::GcpKms | Kind::Azure | Kind::Vault => {
                    let plain = |id: &str| id.trim_end_matches('/').to_ascii_lowercase();
                    plain(&self.id) == plain(&other.id)
                }
            }
    }

    /// Whether its text can be a key of its kind. What is not known to be wrong can.
    pub fn is_possible(&self) -> bool {
        match self.kind {
            // Keys of plugins have names of their own before the last `1`.
            Kind::Age if self.id.starts_with("age1") && self.id.rfind('1') == Some(3) => age::is_recipient(&self.id),
            Kind::Age => {
                self.id.starts_with("age1") || self.id.starts_with("ssh-") || self.id.starts_with("AGE-PLUGIN-")
            }
            Kind::Pgp => {
                let text = fingerprint(&self.id);
                text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            _ => !self.id.is_empty(),
        }
    }
}

impl fmt::Display for Recipient {
    /// The name, or the key itself, cut where it is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 24;
        match &self.name {
            Some(name) => f.write_str(name),
            None if self.id.chars().count() > MOST => {
                write!(f, "{}…", self.id.chars().take(MOST).collect::<String>())
            }
            None => f.write_str(&self.id),
        }
    }
}

/// Whether two keys are the same but for a comment at the end, as SSH keys have.
fn same_words(a: &str, b: &str) -> bool {
    let words = |text: &str| text.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    words(a) == words(b)
}

fn fingerprint(text: &str) -> String {
    let text = text.trim().trim_start_matches("0x").trim_end_matches('!');
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Returns the part of `ARN+ROLE` that names the key.
fn arn(text: &str) -> &str {
    text.split('+').next().unwrap_or(text).trim()
}

/// Returns the recipients that leaves below some keys name. `group` is the number of keys above the kind's name:
/// `sops`, or `creation_rules`, `0` and so on.
pub(crate) fn read<'l>(leaves: impl Iterator<Item = &'l Leaf>, group: usize) -> Vec<Recipient> {
    // `pgp: null` is how older versions write that there are none.
    let leaves: Vec<&Leaf> = leaves.filter(|leaf| !leaf.empty).collect();
    let mut found = Vec::new();
    for leaf in &leaves {
        let Some(kind) = leaf.path.get(group) else { continue };
        let rest: Vec<&str> = leaf.path[group + 1..].iter().map(String::as_str).collect();
        // The other fields of the same item of a list.
        let beside = |name: &str| {
            let above = &leaf.path[..leaf.path.len() - 1];
            let is = |other: &&&Leaf| other.path.len() == leaf.path.len() && other.path.starts_with(above);
            let found = leaves
                .iter()
                .filter(is)
                .find(|other| other.path.last().is_some_and(|last| last == name));
            found.map_or("", |other| other.text.as_str())
        };
        let last = rest.last().copied().unwrap_or_default();
        let is_number = last.parse::<u32>().is_ok();
        // A key by itself, one of a list, or the field of a map that tells it.
        let alone = rest.is_empty() || rest.len() == 1 && is_number;
        let (kind, id) = match (kind.as_str(), last) {
            ("age", "recipient") => (Kind::Age, leaf.text.clone()),
            ("age", _) if alone => (Kind::Age, leaf.text.clone()),
            ("pgp", "fp") => (Kind::Pgp, leaf.text.clone()),
            ("pgp", _) if alone => (Kind::Pgp, leaf.text.clone()),
            ("kms", "arn") => (Kind::Kms, leaf.text.clone()),
            ("kms", _) if alone => (Kind::Kms, leaf.text.clone()),
            ("gcp_kms", "resource_id") => (Kind::GcpKms, leaf.text.clone()),
            ("gcp_kms", _) if alone => (Kind::GcpKms, leaf.text.clone()),
            ("azure_kv" | "azure_keyvault", "vault_url" | "vaultUrl") => {
                let key = [beside("name"), beside("key")].concat();
                let url = leaf.text.trim_end_matches('/');
                (Kind::Azure, format!("{url}/keys/{key}/{}", beside("version")))
            }
            ("azure_keyvault", _) if alone => (Kind::Azure, leaf.text.clone()),
            ("hc_vault", "vault_address") => {
                let address = leaf.text.trim_end_matches('/');
                let id = format!("{address}/v1/{}/keys/{}", beside("engine_path"), beside("key_name"));
                (Kind::Vault, id)
            }
            ("hc_vault" | "hc_vault_transit_uri", _) if alone => (Kind::Vault, leaf.text.clone()),
            _ => continue,
        };
        // `age: A,B` names two.
        for id in id.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            found.push(Recipient {
                kind,
                id: id.to_owned(),
                name: leaf.alias.clone(),
                at: leaf.value.clone(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::document::{Document, Form};
    use super::*;

    #[test]
    fn recipients_are_read_wherever_they_stand() {
        let text = "age: [age1a, age1b]\npgp: 'AB, CD'\nkms:\n  - arn: x\n    role: y\nazure_kv:\n  - vault_url: https://v/\n    \
                    name: k\n    version: '1'\nhc_vault:\n  - vault_address: https://h\n    engine_path: sops\n    key_name: one\n";
        let document = Document::read(Form::Yaml, text.as_bytes()).unwrap();
        let found: Vec<_> = read(document.leaves.iter(), 0)
            .into_iter()
            .map(|one| (one.kind, one.id))
            .collect();
        let expected = [
            (Kind::Age, "age1a"),
            (Kind::Age, "age1b"),
            (Kind::Pgp, "AB"),
            (Kind::Pgp, "CD"),
            (Kind::Kms, "x"),
            (Kind::Azure, "https://v/keys/k/1"),
            (Kind::Vault, "https://h/v1/sops/keys/one"),
        ];
        assert_eq!(found, expected.map(|(kind, id)| (kind, id.to_owned())));
    }

    #[test]
    fn the_same_key_may_be_written_in_several_ways() {
        let one = |kind, id: &str| Recipient {
            kind,
            id: id.to_owned(),
            name: None,
            at: 0..0,
        };
        let same = |kind, a, b| one(kind, a).is(&one(kind, b));
        assert!(same(
            Kind::Pgp,
            "0x85D7 7543",
            "fbc7b9e2a4f9289ac0c1d4843d16cee485d77543"
        ));
        assert!(same(Kind::Age, "ssh-ed25519 AAAA me@host", "ssh-ed25519 AAAA"));
        assert!(same(Kind::Kms, "arn:a+arn:role", "arn:a"));
        assert!(!same(Kind::Pgp, "AB", "CDAB") && !same(Kind::Age, "age1a", "age1b"));
        assert_eq!(
            one(Kind::Age, &"x".repeat(40)).to_string(),
            format!("{}…", "x".repeat(24))
        );
        let possible = |kind, id| one(kind, id).is_possible();
        assert!(possible(Kind::Age, "age1yubikey1qxyz") && possible(Kind::Age, "ssh-ed25519 AAAA"));
        assert!(!possible(Kind::Age, "age1abc") && !possible(Kind::Age, "alice") && !possible(Kind::Pgp, "alice"));
    }
}
