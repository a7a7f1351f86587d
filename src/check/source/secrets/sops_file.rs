//! A file that sops encrypted, or is to encrypt: its values and its metadata.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use super::age;
use super::document::{Broken, Document, Form, Leaf};
use super::recipients::{self, Recipient};

/// Lists of recipients in the metadata that stand beside groups of keys.
const LISTS: [&str; 6] = ["age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault"];

/// Which values of a file are encrypted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub unencrypted_suffix: Option<String>,
    pub encrypted_suffix: Option<String>,
    pub unencrypted_regex: Option<String>,
    pub encrypted_regex: Option<String>,
    /// Whether comments decide, which are not looked at.
    pub by_comments: bool,
}

/// What sops takes if a file says nothing.
const UNENCRYPTED_SUFFIX: &str = "_unencrypted";

impl Scope {
    /// Whether the value under these keys is to be encrypted; `None` if it cannot be told.
    pub fn covers(&self, path: &[String]) -> Option<bool> {
        if self.by_comments {
            return None;
        }
        let any = |fits: &dyn Fn(&str) -> bool| path.iter().any(|key| fits(key));
        let regex = |text: &str| Regex::new(text).ok();
        if let Some(suffix) = &self.encrypted_suffix {
            return Some(any(&|key| key.ends_with(suffix)));
        }
        if let Some(text) = &self.encrypted_regex {
            let regex = regex(text)?;
            return Some(any(&|key| regex.is_match(key)));
        }
        if let Some(text) = &self.unencrypted_regex {
            let regex = regex(text)?;
            return Some(!any(&|key| regex.is_match(key)));
        }
        let suffix = self.unencrypted_suffix.as_deref().unwrap_or(UNENCRYPTED_SUFFIX);
        Some(suffix.is_empty() || !any(&|key| key.ends_with(suffix)))
    }
}

/// A file for sops.
pub(crate) struct SopsFile {
    /// Its number among the flake's files.
    pub index: usize,
    pub form: Form,
    /// Its values and metadata, or why it cannot be read.
    pub document: Result<Document, Broken>,
    /// Its metadata; none if it is in plain text.
    pub metadata: Option<Metadata>,
    /// Whether it has what only an encrypted file has, also where it cannot be read.
    pub looks_encrypted: bool,
}

/// What sops notes in a file.
pub(crate) struct Metadata {
    /// The key `sops`.
    pub at: Range<usize>,
    pub scope: Scope,
    pub recipients: Vec<Recipient>,
}

/// Something wrong with a file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    pub message: String,
    pub at: Range<usize>,
}

impl SopsFile {
    /// Reads a file; `None` if it is none of sops's and none that `covered` by a rule makes one.
    pub fn read(index: usize, path: &[u8], bytes: &[u8], covered: bool) -> Option<SopsFile> {
        let form = Form::of(path);
        let looks_encrypted = may_be_encrypted(form, bytes);
        if !covered && !looks_encrypted {
            return None;
        }
        let document = Document::read(form, bytes);
        let metadata = document.as_ref().ok().and_then(metadata);
        // What is no document, and only quotes a file of sops, is none: a page about them.
        let is_broken = document.is_err() && form != Form::Binary;
        (covered || metadata.is_some() || is_broken).then_some(SopsFile {
            index,
            form,
            document,
            metadata,
            looks_encrypted,
        })
    }

    /// Returns the values of the file, without the metadata.
    pub fn values(&self) -> impl Iterator<Item = &Leaf> {
        let leaves = self
            .document
            .as_ref()
            .map(|document| document.leaves.as_slice())
            .unwrap_or_default();
        leaves
            .iter()
            .filter(|leaf| leaf.path.first().is_none_or(|first| first != "sops"))
    }

    /// Returns the values in plain text that are to be encrypted.
    pub fn plain(&self) -> Vec<&Leaf> {
        let Some(metadata) = &self.metadata else {
            return Vec::new();
        };
        let covers = |leaf: &&Leaf| metadata.scope.covers(&leaf.path) == Some(true);
        let is_plain = |leaf: &&Leaf| !leaf.empty && !leaf.text.starts_with("ENC[");
        self.values().filter(is_plain).filter(covers).collect()
    }

    /// Returns what is wrong with the file's form.
    pub fn faults(&self) -> Vec<Fault> {
        let document = match &self.document {
            Ok(document) => document,
            Err(broken) => {
                let message = format!("this file of secrets is not {}: {}", self.form.name(), broken.why);
                return vec![Fault {
                    message,
                    at: broken.at..broken.at,
                }];
            }
        };
        let Some(metadata) = &self.metadata else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        let mut fault = |message: String, at: &Range<usize>| {
            faults.push(Fault {
                message,
                at: at.clone(),
            });
        };
        for (key, at) in &document.twice {
            fault(format!("`{key}` is there twice"), at);
        }
        for leaf in self.values().filter(|leaf| leaf.text.starts_with("ENC[")) {
            if !is_encrypted_value(&leaf.text) {
                fault(
                    format!("the encrypted value of `{}` is damaged", leaf.shown()),
                    &leaf.key,
                );
            }
        }
        let get = |name: &str| document.get(&["sops", name]).filter(|leaf| !leaf.empty);
        let lacks = |name: &str, why: &str| format!("the metadata of sops lacks `{name}`, so that {why}");
        match get("mac") {
            None => fault(
                lacks("mac", "nobody can tell whether the values are genuine"),
                &metadata.at,
            ),
            Some(mac) if !is_encrypted_value(&mac.text) => fault("the `mac` of sops is damaged".into(), &mac.key),
            Some(_) => {}
        }
        match get("lastmodified") {
            None => fault(lacks("lastmodified", "the MAC cannot be checked"), &metadata.at),
            Some(time) if !is_time(&time.text) => {
                fault(
                    "`lastmodified` of sops is no time such as `2026-11-25T14:56:56Z`".into(),
                    &time.key,
                );
            }
            Some(_) => {}
        }
        match get("version") {
            None => fault(lacks("version", "sops cannot tell how to read the file"), &metadata.at),
            Some(version) if !is_version(&version.text) => {
                fault("`version` of sops is no version such as `3.11.0`".into(), &version.key);
            }
            Some(_) => {}
        }
        if metadata.recipients.is_empty() {
            fault(
                "the metadata of sops names no recipient, so that nobody can decrypt the file".into(),
                &metadata.at,
            );
        }
        for recipient in metadata.recipients.iter().filter(|one| !one.is_possible()) {
            fault(format!("`{recipient}` is no recipient"), &recipient.at);
        }
        for leaf in document
            .leaves
            .iter()
            .filter(|leaf| leaf.path.first().is_some_and(|first| first == "sops"))
        {
            let path: Vec<&str> = leaf.path.iter().map(String::as_str).collect();
            let of = path.iter().rev().nth(2).copied().unwrap_or_default();
            if path.last() == Some(&"enc")
                && of == "age"
                && let Err(why) = age::Head::read(leaf.text.as_bytes())
            {
                fault(format!("the key for a recipient is damaged: {why}"), &leaf.key);
            }
        }
        faults
    }
}

/// Whether a text has what only a file of sops has.
fn may_be_encrypted(form: Form, bytes: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    let key = match form {
        Form::Yaml => has(b"\nsops:") || bytes.starts_with(b"sops:"),
        Form::Json | Form::Binary => has(b"\"sops\""),
        Form::Dotenv => has(b"sops_"),
        Form::Ini => has(b"[sops]"),
    };
    key && (has(b"ENC[AES256_GCM,") || has(b"lastmodified"))
}

fn metadata(document: &Document) -> Option<Metadata> {
    let at = document.key("sops")?;
    let own = |leaf: &&Leaf| leaf.path.first().is_some_and(|first| first == "sops");
    // A map of this name in another file is none of sops's.
    let is_sops = |leaf: &Leaf| {
        leaf.path
            .get(1)
            .is_some_and(|key| matches!(key.as_str(), "mac" | "lastmodified" | "version"))
    };
    if !document.leaves.iter().filter(own).any(is_sops) {
        return None;
    }
    let text = |name: &str| document.get(&["sops", name]).map(|leaf| leaf.text.clone());
    let beside = document
        .leaves
        .iter()
        .filter(own)
        .filter(|leaf| leaf.path.get(1).is_some_and(|key| LISTS.contains(&key.as_str())));
    let mut found = recipients::read(beside, 1);
    // `sops.key_groups.0.age.1.recipient`.
    let grouped = document
        .leaves
        .iter()
        .filter(own)
        .filter(|leaf| leaf.path.get(1).is_some_and(|key| key == "key_groups"));
    found.extend(recipients::read(grouped, 3));
    Some(Metadata {
        at,
        scope: Scope {
            unencrypted_suffix: text("unencrypted_suffix"),
            encrypted_suffix: text("encrypted_suffix").filter(|text| !text.is_empty()),
            unencrypted_regex: text("unencrypted_regex").filter(|text| !text.is_empty()),
            encrypted_regex: text("encrypted_regex").filter(|text| !text.is_empty()),
            by_comments: ["unencrypted_comment_regex", "encrypted_comment_regex"]
                .iter()
                .any(|name| text(name).is_some()),
        },
        recipients: found,
    })
}

/// Whether a text is a value as sops encrypts it: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`, all in base64.
pub(crate) fn is_encrypted_value(text: &str) -> bool {
    let inner = text
        .strip_prefix("ENC[AES256_GCM,")
        .and_then(|rest| rest.strip_suffix(']'));
    let Some(inner) = inner else { return false };
    let mut parts = inner.split(',');
    let mut next = |name: &str| parts.next()?.strip_prefix(name).map(str::to_owned);
    let (data, iv, tag, kind) = (next("data:"), next("iv:"), next("tag:"), next("type:"));
    let is_base64 = |text: Option<String>| text.is_some_and(|text| STANDARD.decode(text).is_ok());
    is_base64(data)
        && is_base64(iv)
        && is_base64(tag)
        && kind.is_some_and(|kind| {
            matches!(
                kind.as_str(),
                "str" | "int" | "float" | "bool" | "bytes" | "comment" | "time"
            )
        })
        && parts.next().is_none()
}

/// Whether a text looks like a time of RFC 3339.
fn is_time(text: &str) -> bool {
    let shape = text.as_bytes();
    shape.len() >= 20
        && shape.iter().take(19).enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => matches!(byte, b'T' | b't' | b' '),
            13 | 16 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
}

fn is_version(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    numbers.split('.').count() == 3 && numbers.split('.').all(|number| number.parse::<u32>().is_ok())
}

/// Returns the names of the secrets in a file, as sops-nix writes them: `database/password`. None for a file that is
/// encrypted as a whole. An error says why the file cannot be read.
pub fn secret_keys(path: &[u8], text: &[u8]) -> Result<Vec<String>, String> {
    let form = Form::of(path);
    if form == Form::Binary {
        return Ok(Vec::new());
    }
    let document = Document::read(form, text).map_err(|broken| broken.why)?;
    let values = document
        .leaves
        .iter()
        .filter(|leaf| leaf.path.first().is_some_and(|first| first != "sops"));
    Ok(values.map(Leaf::shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIKI: &str = include_str!("../../../../secrets/wiki.json");
    const COMMON: &str = include_str!("../../../../secrets/common.yaml");

    #[test]
    fn real_files_are_read() {
        for (path, text, count) in [("secrets/wiki.json", WIKI, 2), ("secrets/common.yaml", COMMON, 6)] {
            let file = SopsFile::read(0, path.as_bytes(), text.as_bytes(), true).unwrap();
            assert_eq!(file.faults(), [], "{path}");
            assert!(file.plain().is_empty(), "{path}");
            assert_eq!(file.metadata.unwrap().recipients.len(), count, "{path}");
        }
        let keys = secret_keys(b"wiki.json", WIKI.as_bytes()).unwrap();
        assert_eq!(
            keys,
            [
                "admins/0",
                "mail/password",
                "mail/port",
                "mail/tls",
                "session_key",
                "title_unencrypted"
            ]
        );
        assert!(secret_keys(b"a.yaml", b"a: [").is_err());
        assert_eq!(secret_keys(b"a.bin", b"x"), Ok(Vec::new()));
    }

    #[test]
    fn other_files_are_none() {
        assert!(SopsFile::read(0, b"a.yaml", b"sops:\n  enable: true\n", false).is_none());
        assert!(SopsFile::read(0, b"a.json", b"{\"a\": 1}", false).is_none());
        let covered = SopsFile::read(0, b"a.yaml", b"a: 1\n", true).unwrap();
        assert!(covered.metadata.is_none() && covered.faults().is_empty());
    }

    #[test]
    fn damage_is_told() {
        let check = |from: &str, to: &str, expected: &[&str]| {
            let text = COMMON.replace(from, to);
            let file = SopsFile::read(0, b"a.yaml", text.as_bytes(), false).unwrap();
            let found: Vec<_> = file.faults().into_iter().map(|fault| fault.message).collect();
            assert_eq!(found, expected, "{from} {to}");
        };
        check(
            "    mac: ENC",
            "    mac_: ENC",
            &["the metadata of sops lacks `mac`, so that nobody can tell whether the values are genuine"],
        );
        check("    mac: ENC[", "    mac: ENC", &["the `mac` of sops is damaged"]);
        check(
            "2026-11-25T",
            "yesterday",
            &["`lastmodified` of sops is no time such as `2026-11-25T14:56:56Z`"],
        );
        check(
            "version: \"3.11.0\"",
            "version: \"three\"",
            &["`version` of sops is no version such as `3.11.0`"],
        );
        check("sca9wq7", "sca9wq8", &["`age1m6fwlpxg45g68l5lysdy…` is no recipient"]);
        check(
            "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBPSUdZMGtBMmZwejY3WG9X",
            "YWdlLWVuY3J5",
            &["the key for a recipient is damaged: it does not begin as a file of age does"],
        );
        check(
            "type:str]\n    bob",
            "]\n    bob",
            &["the encrypted value of `users/alice/password` is damaged"],
        );
        check("    bob:", "    alice:", &["`alice` is there twice"]);
        let text = COMMON.replace("users:", "<<<<<<< HEAD\nusers: {");
        let file = SopsFile::read(0, b"a.yaml", text.as_bytes(), false).unwrap();
        assert!(
            file.faults()[0]
                .message
                .starts_with("this file of secrets is not YAML: ")
        );
    }

    #[test]
    fn the_scope_says_what_is_encrypted() {
        let check = |scope: &str, path: &str, expected: Option<bool>| {
            let mut own = Scope::default();
            for part in scope.split(' ').filter(|part| !part.is_empty()) {
                let (name, text) = part.split_once('=').unwrap();
                let text = Some(text.to_owned());
                match name {
                    "us" => own.unencrypted_suffix = text,
                    "es" => own.encrypted_suffix = text,
                    "ur" => own.unencrypted_regex = text,
                    "er" => own.encrypted_regex = text,
                    _ => own.by_comments = true,
                }
            }
            let path: Vec<String> = path.split('/').map(str::to_owned).collect();
            assert_eq!(own.covers(&path), expected, "{scope} {path:?}");
        };
        check("", "a/b", Some(true));
        check("", "a_unencrypted/b", Some(false));
        check("us=_plain", "a_unencrypted/b", Some(true));
        check("us=_plain", "a/b_plain", Some(false));
        check("es=_secret", "a/b", Some(false));
        check("es=_secret", "a_secret/b", Some(true));
        check("er=^(data|stringData)$", "data/x", Some(true));
        check("er=^(data|stringData)$", "metadata/x", Some(false));
        check("ur=^meta", "metadata/x", Some(false));
        check("ur=(", "metadata/x", None);
        check("comments=", "a", None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(cut in 0usize..6000, text in "[a-z:\n =\\[\\]\"{}]{0,60}") {
            for (path, own) in [("a.json", WIKI), ("a.yaml", COMMON), ("a.env", "A=ENC[x]\nsops_version=3\n"), ("a.ini", "[sops]\nmac=ENC[x]\n")] {
                let at = cut.min(own.len());
                let at = (0..=at).rev().find(|at| own.is_char_boundary(*at)).unwrap_or(0);
                let broken = format!("{}{text}{}", &own[..at], &own[at..]);
                if let Some(file) = SopsFile::read(0, path.as_bytes(), broken.as_bytes(), true) {
                    for fault in file.faults() {
                        prop_assert!(fault.at.end <= broken.len());
                    }
                    file.plain();
                }
            }
        }
    }
}
