//! Secrets, judged without any key: what sops and age write beside the encrypted values tells who can read them, and
//! whether they are encrypted at all.

mod age;
mod agenix;
mod creation_rules;
mod document;
mod flat;
mod recipients;
mod scan;
mod sops_file;

pub(super) mod in_repository;
pub(super) mod malformed;
pub(super) mod password_in_repository;
pub(super) mod plaintext;
pub(super) mod readable_by_published_key;
pub(super) mod recipient_missing;
pub(super) mod recipient_unexpected;
pub(super) mod rule_missing;
pub(super) mod rules_malformed;

use std::ops::Range;

use report::redact::secret_like;
use syntax::ast::{BindingValue, ExprKind, ExprRef};
use syntax::walk::each_expr;

use super::files::{File, Files, is_below};
use super::trees::Trees;
use creation_rules::{CreationRule, CreationRules};
use scan::Key;
use sops_file::SopsFile;

pub use sops_file::secret_keys;

/// Words of names under which a hash stands, or the name of a secret (`existingSecret`), which is no password.
const HASHED: [&str; 3] = ["hash", "salt", "existing"];

/// Endings of files that are no secrets themselves, though a rule may be for the folder that they lie in.
const NO_SECRETS: [&[u8]; 16] = [
    b".nix",
    b".md",
    b".pub",
    b".sh",
    b".gitignore",
    b".gitattributes",
    b".gitkeep",
    b".sops.yaml",
    b".sops.yml",
    b".crt",
    b".org",
    b".rst",
    b".lock",
    b".gpg",
    b".asc",
    b".age",
];

/// What files begin with that another program than sops encrypted.
const ENCRYPTED_OTHERWISE: [&[u8]; 4] = [
    b"-----BEGIN AGE ENCRYPTED FILE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"$ANSIBLE_VAULT",
    b"\0GITCRYPT",
];

/// A private key of age that lies in the repository.
pub(crate) struct Published {
    /// The public key that belongs to it.
    pub public: String,
    /// The number of the file that it lies in.
    pub index: usize,
}

/// A password in plain text in a Nix file.
pub(crate) struct Password {
    /// The number of the file.
    pub index: usize,
    /// The name that it stands under.
    pub name: String,
    /// The string's bytes, quotes included.
    pub range: Range<usize>,
}

/// Everything about secrets that several rules need.
pub(crate) struct Secrets {
    /// Every `.sops.yaml`.
    pub rules: Vec<CreationRules>,
    /// The files of sops.
    pub files: Vec<SopsFile>,
    /// What every `secrets.nix` of agenix says.
    pub agenix: Vec<agenix::Entry>,
    /// By the number of the file: strings that look like keys.
    pub keys: Vec<Vec<Key>>,
    pub passwords: Vec<Password>,
    pub published: Vec<Published>,
    masks: Vec<Vec<Range<usize>>>,
}

impl Secrets {
    /// Returns what the files tell.
    pub fn new(files: &Files, trees: &Trees<'_>) -> Secrets {
        let rules: Vec<CreationRules> = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.judged && matches!(file.name(), b".sops.yaml" | b".sops.yml"))
            .map(|(index, file)| CreationRules::read(index, file.folder(), &file.text))
            .collect();
        let mut found = Secrets {
            rules,
            files: Vec::new(),
            agenix: agenix::entries(files, trees),
            keys: Vec::new(),
            passwords: Vec::new(),
            published: Vec::new(),
            masks: Vec::new(),
        };
        for (index, file) in files.iter().enumerate() {
            let keys = if file.judged {
                scan::keys(&file.text)
            } else {
                Vec::new()
            };
            for key in keys.iter().filter(|key| key.kind == scan::AGE_KEY) {
                let text = String::from_utf8_lossy(&file.text[key.range.clone()]);
                found
                    .published
                    .extend(age::public_key(&text).map(|public| Published { public, index }));
            }
            let covered = file.judged && found.is_covered(file);
            let sops = file
                .judged
                .then(|| SopsFile::read(index, &file.path, &file.text, covered))
                .flatten();
            let passwords = if file.judged {
                passwords(file, index, trees)
            } else {
                Vec::new()
            };
            let mut masks: Vec<Range<usize>> = keys.iter().map(|key| key.range.clone()).collect();
            masks.extend(passwords.iter().map(|password| password.range.clone()));
            masks.extend(sops.iter().flat_map(|sops| hidden(sops, file)));
            let is_open = found.agenix.iter().any(|entry| entry.path == file.path) && !age::is_encrypted(&file.text);
            masks.extend(is_open.then_some(0..file.text.len()));
            found.masks.push(masks);
            found.keys.push(keys);
            found.passwords.extend(passwords);
            found.files.extend(sops);
        }
        found
    }

    /// Returns the ranges of each file that no finding may show.
    pub fn masks(&self) -> &[Vec<Range<usize>>] {
        &self.masks
    }

    /// Returns the rules that count for a file: those of the nearest `.sops.yaml` above it.
    pub fn rules_for(&self, path: &[u8]) -> Option<&CreationRules> {
        let above = self.rules.iter().filter(|rules| is_below(path, &rules.folder));
        above.max_by_key(|rules| rules.folder.len())
    }

    /// Returns the rule for a file, and the rules that it is one of.
    pub fn rule_for(&self, path: &[u8]) -> Option<(&CreationRules, &CreationRule)> {
        let rules = self.rules_for(path)?;
        Some((rules, rules.rule_for(path)?))
    }

    /// Whether a rule says that a file is to be encrypted. A rule for all files of a kind says nothing of a single one.
    fn is_covered(&self, file: &File) -> bool {
        let is_other = NO_SECRETS.iter().any(|end| file.path.ends_with(end))
            || is_encrypted(&file.text)
            || file.text.trim_ascii().is_empty()
            || file.name().starts_with(b"README")
            || file.name().starts_with(b"LICENSE");
        !is_other && self.rule_for(&file.path).is_some_and(|(_, rule)| !rule.is_broad)
    }
}

/// Whether another program than sops encrypted a file: git-crypt, age, GPG, Ansible.
pub(super) fn is_encrypted(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    age::is_encrypted(text) || ENCRYPTED_OTHERWISE.iter().any(|start| text.starts_with(start))
}

/// Returns the parts of a file of secrets that are in plain text.
fn hidden(sops: &SopsFile, file: &File) -> Vec<Range<usize>> {
    match (&sops.document, &sops.metadata) {
        (Err(_), _) => std::iter::once(0..file.text.len()).collect(),
        (Ok(_), None) => sops.values().map(|leaf| leaf.value.clone()).collect(),
        (Ok(_), Some(_)) => sops.plain().into_iter().map(|leaf| leaf.value.clone()).collect(),
    }
}

/// Returns the strings in a Nix file that stand under the name of a secret and look like one.
fn passwords(file: &File, index: usize, trees: &Trees<'_>) -> Vec<Password> {
    let Some(tree) = trees.get(index) else {
        return Vec::new();
    };
    let mut found: Vec<Password> = Vec::new();
    let mut take = |name: syntax::Symbol, value: ExprRef<'_>| {
        let ExprKind::Str(text) = &value.kind else { return };
        let name = trees.text(name);
        let is_hash = HASHED.iter().any(|word| name.to_ascii_lowercase().contains(word));
        let is_text = std::str::from_utf8(text).is_ok_and(scan::is_password);
        // A text that says its own name says which secret is meant.
        let is_name = text.eq_ignore_ascii_case(name.as_bytes());
        if is_hash || is_name || !is_text || !secret_like(&name) {
            return;
        }
        let offset = |pos: diag::Pos| (pos.0.saturating_sub(file.base.0) as usize).min(file.text.len());
        found.push(Password {
            index,
            name: name.into_owned(),
            range: offset(value.span.start)..offset(value.span.end),
        });
    };
    each_expr(tree.root, |expr| {
        let bindings = match &expr.kind {
            ExprKind::Attrs(bindings) | ExprKind::Let { bindings, .. } => bindings,
            _ => return,
        };
        for binding in bindings.attrs {
            if let BindingValue::Plain(value) = binding.value {
                take(binding.name, value);
            }
        }
    });
    found.sort_by_key(|password| password.range.start);
    found
}
