//! `.sops.yaml`: who is to be able to read which file.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::document::{Document, Form, Leaf};
use super::recipients::{self, Recipient};
use super::sops_file::Fault;
use yaml::nearest;

/// Largest compiled pattern (1 MiB); a path's is a thousandth of it.
const MOST_PATTERN: usize = 1 << 20;

/// What a rule may say.
const KEYS: [&str; 21] = [
    "path_regex",
    "age",
    "pgp",
    "kms",
    "aws_profile",
    "role",
    "gcp_kms",
    "azure_keyvault",
    "hc_vault_transit_uri",
    "hc_vault",
    "key_groups",
    "shamir_threshold",
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
    "mac_only_encrypted",
    "context",
    "hckms",
];

/// A rule for files.
pub(crate) struct CreationRule {
    /// The beginning of the rule.
    pub at: Range<usize>,
    /// Which paths it is for; all if there is none.
    pub path_regex: Option<Regex>,
    /// Whether the pattern is there and could not be read: then it is not known which files it is for.
    broken: bool,
    /// Whether it is for files of a kind wherever they are, and so for files that are no secrets, too.
    pub is_broad: bool,
    pub recipients: Vec<Recipient>,
}

/// The rules of a file.
pub(crate) struct CreationRules {
    /// The number of the file among the flake's.
    pub index: usize,
    /// The folder that paths are seen from.
    pub folder: Vec<u8>,
    pub rules: Vec<CreationRule>,
    pub faults: Vec<(Fault, Option<String>)>,
    /// Every key that the file names, with the place where it first does.
    pub keys: Vec<(String, Range<usize>)>,
    /// Names of keys, by the anchors.
    anchors: Vec<(String, String)>,
}

impl CreationRules {
    /// Reads the bytes of a `.sops.yaml`.
    pub fn read(index: usize, folder: &[u8], bytes: &[u8]) -> CreationRules {
        let mut found = CreationRules {
            index,
            folder: folder.to_vec(),
            rules: Vec::new(),
            faults: Vec::new(),
            keys: Vec::new(),
            anchors: Vec::new(),
        };
        match Document::read(Form::Yaml, bytes) {
            Ok(document) => found.take(&document),
            Err(broken) => found.fault(broken.why, broken.at..broken.at, None),
        }
        found
    }

    fn fault(&mut self, message: impl Into<String>, at: Range<usize>, hint: Option<String>) {
        let fault = Fault {
            message: message.into(),
            at,
        };
        self.faults.push((fault, hint));
    }

    fn take(&mut self, document: &Document) {
        self.anchors = document.anchors.clone();
        for leaf in &document.leaves {
            for word in leaf
                .text
                .split([',', ' ', '\n'])
                .filter(|word| word.starts_with("age1"))
            {
                if !self.keys.iter().any(|(known, _)| known == word) {
                    self.keys.push((word.to_owned(), leaf.value.clone()));
                }
            }
        }
        for (key, at) in &document.twice {
            self.fault(format!("`{key}` is there twice"), at.clone(), None);
        }
        let Some(at) = document.key("creation_rules") else {
            let other = ["stores", "destination_rules"]
                .iter()
                .any(|name| document.key(name).is_some());
            if !other {
                let hint = "begin the rules with `creation_rules:`".to_owned();
                let near = document
                    .top
                    .iter()
                    .find(|(key, _)| nearest(key, ["creation_rules"]).is_some());
                let at = near.map_or(0..0, |(_, at)| at.clone());
                self.fault("there are no `creation_rules`", at, Some(hint));
            }
            return;
        };
        let of = |leaf: &&Leaf| leaf.path.first().is_some_and(|first| first == "creation_rules");
        let leaves: Vec<&Leaf> = document.leaves.iter().filter(of).collect();
        let numbers = leaves.iter().filter_map(|leaf| leaf.path.get(1)?.parse::<usize>().ok());
        let Some(last) = numbers.max() else {
            if leaves.iter().all(|leaf| leaf.empty) {
                return;
            }
            let hint = "write each rule as an item: `- path_regex: …`".to_owned();
            return self.fault("`creation_rules` is no list of rules", at, Some(hint));
        };
        for number in 0..=last {
            let number = number.to_string();
            let own: Vec<&Leaf> = leaves
                .iter()
                .copied()
                .filter(|leaf| leaf.path.get(1) == Some(&number))
                .collect();
            if let Some(first) = own.first() {
                let start = first.key.start;
                self.rule(&own, start..start + 1);
            }
        }
        let mut all: Option<usize> = None;
        for at in 0..self.rules.len() {
            let rule = &self.rules[at];
            if all.is_some() {
                let (place, hint) = (
                    rule.at.clone(),
                    "move the rule without `path_regex` to the end".to_owned(),
                );
                self.fault(
                    "this rule is never used: a rule before it is for every file",
                    place,
                    Some(hint),
                );
            } else if rule.path_regex.is_none() && !rule.broken {
                all = Some(at);
            }
        }
    }

    fn rule(&mut self, leaves: &[&Leaf], at: Range<usize>) {
        let mut rule = CreationRule {
            at: at.clone(),
            path_regex: None,
            broken: false,
            is_broad: true,
            recipients: Vec::new(),
        };
        for leaf in leaves {
            let Some(key) = leaf.path.get(2) else { continue };
            if !KEYS.contains(&key.as_str()) && leaf.path.len() == 3 {
                let hint = nearest(key, KEYS).map(|near| format!("did you mean `{near}`?"));
                self.fault(format!("a rule has no key `{key}`"), leaf.key.clone(), hint);
            }
            let is_pattern = key == "path_regex" || key.ends_with("_regex");
            if !is_pattern || leaf.path.len() != 3 {
                continue;
            }
            match RegexBuilder::new(&leaf.text).size_limit(MOST_PATTERN).build() {
                Ok(regex) if key == "path_regex" && !leaf.empty => {
                    rule.is_broad = is_broad(&regex);
                    rule.path_regex = Some(regex);
                }
                Ok(_) => {}
                Err(error) => {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    self.fault(
                        format!("`{key}` is no regular expression: {why}"),
                        leaf.value.clone(),
                        None,
                    );
                    rule.broken |= key == "path_regex";
                }
            }
        }
        let direct = leaves
            .iter()
            .copied()
            .filter(|leaf| leaf.path.get(2).is_some_and(|key| key != "key_groups"));
        rule.recipients = recipients::read(direct, 2);
        // `creation_rules.0.key_groups.1.age.2`; `merge` holds further groups.
        let is_group = |leaf: &&&Leaf| leaf.path.get(2).is_some_and(|key| key == "key_groups");
        let (merged, plain): (Vec<&Leaf>, Vec<&Leaf>) = leaves
            .iter()
            .copied()
            .filter(|leaf| is_group(&leaf))
            .partition(|leaf| leaf.path.get(4).is_some_and(|key| key == "merge"));
        rule.recipients.extend(recipients::read(plain.into_iter(), 4));
        rule.recipients.extend(recipients::read(merged.into_iter(), 6));
        for recipient in rule.recipients.clone().iter().filter(|one| !one.is_possible()) {
            self.fault(
                format!("`{}` is no recipient", self.named(recipient)),
                recipient.at.clone(),
                None,
            );
        }
        if rule.recipients.is_empty() {
            let hint = "name who can decrypt: `age: age1…` or `key_groups`".to_owned();
            self.fault("this rule names no recipient", at, Some(hint));
        }
        let names: Vec<Option<String>> = rule.recipients.iter().map(|one| self.name_of(&one.id)).collect();
        for (recipient, name) in rule.recipients.iter_mut().zip(names) {
            recipient.name = name.or(recipient.name.take());
        }
        self.rules.push(rule);
    }

    fn named(&self, recipient: &Recipient) -> String {
        self.name_of(&recipient.id).unwrap_or_else(|| recipient.to_string())
    }

    /// Returns the name of a key, if an anchor gives it one.
    pub fn name_of(&self, id: &str) -> Option<String> {
        let found = self.anchors.iter().find(|(_, key)| key.trim() == id.trim());
        found.map(|(name, _)| name.clone())
    }

    /// Returns the rule for a file: the first that fits. `None` too if a broken one before it may fit.
    pub fn rule_for(&self, path: &[u8]) -> Option<&CreationRule> {
        let inner = path.strip_prefix(self.folder.as_slice())?;
        let text = String::from_utf8_lossy(inner.strip_prefix(b"/").unwrap_or(inner)).into_owned();
        for rule in &self.rules {
            if rule.broken {
                return None;
            }
            if rule.path_regex.as_ref().is_none_or(|regex| regex.is_match(&text)) {
                return Some(rule);
            }
        }
        None
    }

    /// Whether it is known for every file which rule is for it.
    pub fn is_whole(&self) -> bool {
        !self.rules.is_empty() && !self.rules.iter().any(|rule| rule.broken)
    }
}

/// Whether a pattern fits files that have nothing to do with secrets.
fn is_broad(regex: &Regex) -> bool {
    let others = [
        "zq/xw",
        "zq/xw.yaml",
        "zq/xw.yml",
        "zq/xw.json",
        "zq/xw.env",
        "zq/xw.ini",
        "zq/xw.txt",
    ];
    others.iter().any(|path| regex.is_match(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OWN: &str = include_str!("../../../../.sops.yaml");

    #[test]
    fn rules_say_who_reads_what() {
        let rules = CreationRules::read(0, b"", OWN.as_bytes());
        assert!(rules.faults.is_empty() && rules.is_whole());
        let readers = |path: &str| -> Vec<String> {
            let rule = rules.rule_for(path.as_bytes());
            rule.map(|rule| rule.recipients.iter().map(ToString::to_string).collect())
                .unwrap_or_default()
        };
        assert_eq!(readers("secrets/laptop.yaml"), ["admin", "laptop"]);
        assert_eq!(readers("secrets/common.yaml").len(), 6);
        assert!(readers("secrets/other.yaml").is_empty());
        assert!(!rules.rules[0].is_broad);
        assert_eq!(rules.keys.len(), 7);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let check = |text: &str, message: &str, at: &str| {
            let rules = CreationRules::read(0, b"", text.as_bytes());
            let (fault, _) = rules.faults.first().expect("a fault");
            assert!(fault.message.starts_with(message), "{} {text}", fault.message);
            assert_eq!(text.get(fault.at.clone()), Some(at), "{text}");
        };
        check("creation_rules: [\n", "", "");
        check(
            "creation_rules:\n  path_regex: a\n  age: age1x\n",
            "`creation_rules` is no list of rules",
            "creation_rules",
        );
        check(
            "creationrules:\n  - age: x\n",
            "there are no `creation_rules`",
            "creationrules",
        );
        check(
            "creation_rules:\n  - path_regexp: a\n    age: age1yubikey1x\n",
            "a rule has no key `path_regexp`",
            "path_regexp",
        );
        check(
            "creation_rules:\n  - path_regex: a(\n    age: age1yubikey1x\n",
            "`path_regex` is no regular expression",
            "a(",
        );
        check(
            "creation_rules:\n  - path_regex: a\n",
            "this rule names no recipient",
            "p",
        );
        check(
            "creation_rules:\n  - age: age1qqqq\n",
            "`age1qqqq` is no recipient",
            "age1qqqq",
        );
        check(
            "creation_rules:\n  - age: age1yubikey1x\n  - path_regex: a\n    age: age1yubikey1x\n",
            "this rule is never used",
            "p",
        );
    }

    #[test]
    fn no_rules_are_no_mistake() {
        for text in ["creation_rules: []\n", "creation_rules:\n", "stores: {}\n"] {
            assert!(CreationRules::read(0, b"", text.as_bytes()).faults.is_empty(), "{text}");
        }
    }

    #[test]
    fn broad_rules_are_for_other_files_too() {
        let broad = |text: &str| is_broad(&Regex::new(text).unwrap());
        assert!(broad(".*") && broad(r"\.yaml$") && broad(r"[^/]+\.(yaml|json|env|ini)$"));
        assert!(!broad("secrets/.*") && !broad(r"^secrets\.yaml$") && !broad(r"hosts/[^/]+/secrets\.yaml$"));
    }

    proptest! {
        #[test]
        fn reading_never_panics(cut in 0usize..2000, text in "[a-z:\n \\-*&\\[\\]\"{}]{0,40}") {
            let at = cut.min(OWN.len());
            let broken = format!("{}{text}{}", &OWN[..at], &OWN[at..]);
            for text in [&broken, &text] {
                let rules = CreationRules::read(0, b"", text.as_bytes());
                rules.rule_for(b"secrets/common.yaml");
                for (fault, _) in &rules.faults {
                    prop_assert!(fault.at.end <= text.len());
                }
            }
        }
    }
}
