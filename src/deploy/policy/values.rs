//! The values of a policy that are more than text: checked where they stand, so that a mistake is told at its place.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use report::Stage;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::{Check, MOST_APPROVALS};
use crate::verdict::PublicKey;

/// Longest name of a repository, a branch, a person or a check.
const MOST_NAME: usize = 255;

/// A text that has to fulfil something. A visitor, as only errors inside of one are told with their exact place.
struct Checked<F>(F);

impl<'de, F: FnMut(&str) -> Result<(), String>> DeserializeSeed<'de> for Checked<F> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: FnMut(&str) -> Result<(), String>> Visitor<'_> for Checked<F> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<String, E> {
        match (self.0)(text) {
            Ok(()) => Ok(text.to_owned()),
            Err(why) => Err(E::custom(why)),
        }
    }
}

/// A list of texts, each of which has to fulfil something.
struct List<F> {
    /// What it says if it has none; where it may, nothing.
    empty: Option<&'static str>,
    check: F,
}

impl<'de, F: FnMut(&str) -> Result<(), String>> Visitor<'de> for List<F> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.empty.unwrap_or("a list of texts"))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        let mut seen = HashSet::new();
        while let Some(text) = seq.next_element_seed(Checked(|text: &str| {
            (self.check)(text)?;
            // An OpenPGP key is too long to be repeated.
            let shown = text.lines().next().unwrap_or_default();
            match seen.insert(text.trim().to_owned()) {
                true => Ok(()),
                false => Err(format!("`{shown}` is in this list twice")),
            }
        }))? {
            texts.push(text);
        }
        match (self.empty, texts.is_empty()) {
            (Some(empty), true) => Err(A::Error::custom(empty)),
            _ => Ok(texts),
        }
    }
}

/// Reads a condition that is there: one without a value is one without any entry, and not a condition that is left out.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a repository.
pub(super) fn repository<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Checked(check_repository).deserialize(deserializer)
}

/// Reads the name of a branch.
pub(super) fn branch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Checked(is_branch).deserialize(deserializer)
}

/// Reads the name of a check.
pub(super) fn check_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_name = |name: &str| match name.is_empty() || name.len() > MOST_NAME || name.chars().any(char::is_control) {
        true => Err(format!(
            "a check has a name of one line, at most {MOST_NAME} bytes of it"
        )),
        false => Ok(()),
    };
    Checked(is_name).deserialize(deserializer)
}

/// Reads people's names on the forge.
pub(super) fn people<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    // GitHub takes `Alice` and `alice` for the same account.
    let mut seen = HashSet::new();
    let check = |name: &str| {
        let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_[]".contains(&b));
        if name.is_empty() || name.len() > MOST_NAME || !letters || name.starts_with('-') {
            return Err(format!("`{}` is no name on the forge", shortened(name)));
        }
        match seen.insert(name.to_ascii_lowercase()) {
            true => Ok(()),
            false => Err(format!("`{name}` is in this list twice")),
        }
    };
    deserializer.deserialize_seq(List { empty: None, check })
}

/// Reads keys of verdicts.
pub(super) fn verdict_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let mut keys: Vec<PublicKey> = Vec::new();
    let check = |text: &str| {
        let key = PublicKey::parse(text).map_err(|error| error.to_string())?;
        if let Some(other) = keys.iter().find(|other| other.is_same(&key)) {
            return Err(format!("the key `{}` is the same as `{}`", key.name(), other.name()));
        }
        if keys.iter().any(|other| other.name() == key.name()) {
            return Err(format!("two keys have the name `{}`", key.name()));
        }
        keys.push(key);
        Ok(())
    };
    deserializer.deserialize_seq(List {
        empty: Some("an empty list of keys accepts no verdict; name one, or leave `verdict` out"),
        check,
    })
}

/// Reads the lines of allowed signers of OpenSSH.
pub(super) fn ssh_signers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let check = is_ssh_signer;
    deserializer.deserialize_seq(List { empty: None, check })
}

/// Reads public keys of OpenPGP.
pub(super) fn openpgp_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let check = is_openpgp_key;
    deserializer.deserialize_seq(List { empty: None, check })
}

/// Reads stages, each of which may be there once.
pub(super) fn stages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Stage>, D::Error> {
    struct Stages;

    impl<'de> Visitor<'de> for Stages {
        type Value = Vec<Stage>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of stages such as `eval`")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Stage>, A::Error> {
            let mut stages = Vec::new();
            while let Some(stage) = seq.next_element::<Stage>()? {
                if stages.contains(&stage) {
                    return Err(A::Error::custom(format!("the stage `{stage}` is in this list twice")));
                }
                stages.push(stage);
            }
            match stages.is_empty() {
                true => Err(A::Error::custom(
                    "an empty list of stages demands nothing; leave `stages` out or name one",
                )),
                false => Ok(stages),
            }
        }
    }

    deserializer.deserialize_seq(Stages)
}

/// Reads checks, of which there has to be one.
pub(super) fn checks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Check>>, D::Error> {
    const EMPTY: &str = "an empty list of checks demands nothing; leave `checks` out or name one";

    struct Checks;

    impl<'de> Visitor<'de> for Checks {
        type Value = Vec<Check>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of checks, each with `name` and `app`")
        }

        fn visit_unit<E: Error>(self) -> Result<Vec<Check>, E> {
            Err(E::custom(EMPTY))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Check>, A::Error> {
            let mut checks: Vec<Check> = Vec::new();
            while let Some(check) = seq.next_element::<Check>()? {
                if checks.contains(&check) {
                    let message = format!("the check `{}` of app {} is in this list twice", check.name, check.app);
                    return Err(A::Error::custom(message));
                }
                checks.push(check);
            }
            match checks.is_empty() {
                true => Err(A::Error::custom(EMPTY)),
                false => Ok(checks),
            }
        }
    }

    deserializer.deserialize_any(Checks).map(Some)
}

/// A whole number within bounds.
struct Number {
    from: u64,
    to: u64,
    /// What it says of a number beyond them.
    wrong: &'static str,
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        match (self.from..=self.to).contains(&number) {
            true => Ok(number),
            false => Err(E::custom(format!("{number} {}", self.wrong))),
        }
    }
}

/// Reads how many approvals are demanded.
pub(super) fn approvals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = deserializer.deserialize_u64(Number {
        from: 0,
        to: u64::from(MOST_APPROVALS),
        wrong: "approvals are more than anybody demands; ten is the most",
    })?;
    u32::try_from(number).map_err(D::Error::custom)
}

/// Reads the number of an app.
pub(super) fn app<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_u64(Number {
        from: 1,
        // More is no whole number in what GitHub sends.
        to: 1 << 53,
        wrong: "is the number of no app; that of GitHub Actions is 15368",
    })
}

/// Returns the beginning of a text, for messages.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Returns what keeps a text from naming a repository as policies and verdicts do, if anything does.
pub fn check_repository(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("`{}` is no repository: {why}", shortened(text)));
    if text.len() > MOST_NAME || text.contains(char::is_whitespace) || text.chars().any(char::is_control) {
        return wrong("it is too long, or has spaces");
    }
    if text.contains(['?', '#']) {
        return wrong("name it without a branch, a commit or a folder; the branch has a key of its own");
    }
    if let Some(path) = text.strip_prefix("github:") {
        return match path.split('/').collect::<Vec<_>>()[..] {
            [owner, name] if is_owner(owner) && is_name(name) => Ok(()),
            [_, _, _] => wrong("name it without a branch or a commit; the branch has a key of its own"),
            _ => wrong("one on GitHub looks like `github:OWNER/NAME`"),
        };
    }
    if let Some(path) = text.strip_prefix("git+file://") {
        return match path.starts_with('/') && path.len() > 1 {
            true => Ok(()),
            false => wrong("one on this machine looks like `git+file:///srv/fleet`"),
        };
    }
    if text.starts_with("git+http:") || text.starts_with("git:") || text.starts_with("http:") {
        return wrong("anybody on the way could answer in its name; use `https` or `ssh`");
    }
    let Some(rest) = ["git+https://", "git+ssh://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
    else {
        return wrong("one looks like `github:OWNER/NAME` or `git+https://git.example.org/fleet`");
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = host.rsplit_once('@').unwrap_or(("", host));
    if user.contains(':') {
        return wrong("a password in it would be read by everybody who reads the policy");
    }
    match host.is_empty() || path.is_empty() || host.starts_with('-') || user.starts_with('-') {
        true => wrong("a host and a path belong behind `://`"),
        false => Ok(()),
    }
}

/// Whether GitHub lets an account have this name.
fn is_owner(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    (1..=39).contains(&text.len()) && letters && !text.starts_with('-')
}

/// Whether GitHub lets a repository have this name.
fn is_name(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    (1..=100).contains(&text.len()) && letters && !matches!(text, "." | "..") && !text.ends_with(".git")
}

/// What Git allows for a branch (git-check-ref-format(1)), but for names that programs take for something else.
fn is_branch(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("`{}` is no branch: {why}", shortened(text)));
    if text.starts_with("refs/") || text.starts_with("origin/") {
        return wrong("name the branch alone, such as `main`");
    }
    if text == "HEAD" || text == "@" {
        return wrong("it is whatever somebody has checked out");
    }
    let is_commit = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_commit {
        return wrong("it is a commit");
    }
    let has_odd = text.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c));
    let has_parts = ["..", "@{", "//"].iter().any(|part| text.contains(part));
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let ends = text.starts_with('-') || text.ends_with('.') || text.len() > MOST_NAME;
    match has_odd || has_parts || ends || !text.split('/').all(is_part) {
        true => wrong("Git allows no such name"),
        false => Ok(()),
    }
}

/// The kinds of keys of OpenSSH (ssh-keygen(1), `-t`), without DSA, which it no longer takes.
const SSH_KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Checks a line of ssh-keygen(1), "ALLOWED SIGNERS": principals, options, kind, key.
fn is_ssh_signer(text: &str) -> Result<(), String> {
    const LIKE: &str = "a signer looks like `alice@example.org ssh-ed25519 AAAA…`";
    if text.contains("PRIVATE KEY") {
        return Err("this is a private key, and a public one belongs here".into());
    }
    if text.trim().contains(['\n', '\r', '\0']) {
        return Err(format!("one item of the list is one line; {LIKE}"));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| SSH_KINDS.contains(word)) else {
        return Err(format!("there is no kind of key in `{}`; {LIKE}", shortened(text)));
    };
    if at == 0 {
        return Err(format!("whose key it is stands before the key; {LIKE}"));
    }
    if words[0].starts_with('#') {
        return Err(format!("this is a comment; {LIKE}"));
    }
    let blob = words.get(at + 1).and_then(|digits| STANDARD.decode(digits).ok());
    // A key repeats its kind (RFC 4253, 6.6): four bytes of its length, then the kind.
    let kind = words[at].as_bytes();
    let begins = [&(kind.len() as u32).to_be_bytes()[..], kind].concat();
    let is_key = blob.is_some_and(|blob| blob.starts_with(&begins) && blob.len() > begins.len());
    match is_key {
        true => Ok(()),
        false => Err(format!("what follows `{}` is no such key; {LIKE}", words[at])),
    }
}

fn is_openpgp_key(text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.contains("PRIVATE KEY") {
        return Err("this is a private key, and a public one belongs here".into());
    }
    let (begin, end) = (
        "-----BEGIN PGP PUBLIC KEY BLOCK-----",
        "-----END PGP PUBLIC KEY BLOCK-----",
    );
    let is_one = text.matches("-----BEGIN").count() == 1 && text.starts_with(begin) && text.ends_with(end);
    match is_one {
        true => Ok(()),
        false => Err(format!(
            "a public key of OpenPGP begins with `{begin}` and ends with `{end}`; one item, one key"
        )),
    }
}
