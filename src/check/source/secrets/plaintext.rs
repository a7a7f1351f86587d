//! `secret-plaintext`: a file of secrets, or a value of one, that is not encrypted.

use super::age;
use crate::source::files::shown;
use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-plaintext",
    stage: Stage::Source,
    level: Level::Error,
    title: "What is to be encrypted is encrypted",
    why: "A file that a rule of .sops.yaml or secrets.nix names is taken for safe. If it was committed before it was \
          encrypted, or a value was added by hand, everyone with the repository has the secret.",
    fix: "Encrypt the file, and change what was readable: the history of the repository keeps it.",
    wrong: "# secrets/server.yaml\ndatabase:\n    password: …",
    right: "# secrets/server.yaml, after `sops encrypt --in-place secrets/server.yaml`\ndatabase:\n    password: ENC[AES256_GCM,data:…]",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let secrets = judged.secrets;
    let mut found = Vec::new();
    let mut is_asked = false;
    for sops in &secrets.files {
        let file = judged.files.at(sops.index);
        let path = file.shown();
        is_asked = true;
        if sops.metadata.is_none() && !sops.looks_encrypted {
            let at = sops
                .values()
                .find(|leaf| !leaf.empty)
                .map_or(0..0, |leaf| leaf.key.clone());
            let hint = format!(
                "encrypt it with `sops encrypt --in-place {path}`, and change what is in it: the history of the \
                 repository keeps the old values"
            );
            let diagnostic = RULE
                .found("this file is to be encrypted, and is in plain text")
                .at(file.span(at), "");
            found.push(diagnostic.hint(hint).into());
        }
        for leaf in sops.plain() {
            let message = format!("the value of `{}` is in plain text in an encrypted file", leaf.shown());
            let hint = format!(
                "edit the file with `sops {path}`, and change the value: the history of the repository keeps the old one"
            );
            found.push(
                RULE.found(message)
                    .at(file.span(leaf.key.clone()), "")
                    .hint(hint)
                    .into(),
            );
        }
    }
    for entry in &secrets.agenix {
        let Some(file) = judged.files.get(&entry.path) else {
            continue;
        };
        is_asked = true;
        if !age::is_encrypted(&file.text) && !file.text.is_empty() {
            let message = "this file is to be encrypted, and is in plain text";
            let name = shown(&entry.path);
            let hint = format!(
                "encrypt it with `agenix -e {name}`, and change what is in it: the history keeps the old secret"
            );
            found.push(RULE.found(message).at(file.span(0..0), "").hint(hint).into());
        }
    }
    if is_asked {
        Answer::Judged(found)
    } else {
        Answer::Nothing
    }
}

#[cfg(test)]
mod tests {
    use crate::source::table::{check, drawn};

    const RULES: (&str, &str) = (
        ".sops.yaml",
        "creation_rules:\n  - path_regex: ^secrets/.*\n    age: age1yubikey1x\n",
    );

    #[test]
    fn files_that_rules_name_are_to_be_encrypted() {
        let told = "this file is to be encrypted, and is in plain text";
        let files = [
            RULES,
            ("secrets/a.yaml", "# why\nb:\n    c: open-text\n"),
            ("secrets/d", "open-text"),
            ("secrets/README.md", "about"),
            ("secrets/e.yaml", ""),
            ("other/f.yaml", "g: open-text"),
        ];
        check(
            "secret-plaintext",
            &files,
            &[&format!("secrets/a.yaml:3:5 {told}"), &format!("secrets/d:1:1 {told}")],
        );
        assert!(!drawn("secret-plaintext", &files).contains("open-text"));
        let broad = (
            ".sops.yaml",
            "creation_rules:\n  - path_regex: \\.yaml$\n    age: age1yubikey1x\n",
        );
        check("secret-plaintext", &[broad, ("a.yaml", "x: 1\n")], &["nothing"]);
    }

    #[test]
    fn values_of_encrypted_files_are_too() {
        let text = include_str!("../../../../secrets/common.yaml").replace(
            "nix:\n",
            "nix:\n    added: open-text\n    none: ''\n    x_unencrypted: y\n",
        );
        let files = [("s.yaml", text.as_str())];
        let told = "the value of `nix/added` is in plain text in an encrypted file";
        check("secret-plaintext", &files, &[&format!("s.yaml:9:5 {told}")]);
        assert!(!drawn("secret-plaintext", &files).contains("open-text"));
    }

    #[test]
    fn files_of_agenix_are_to_be_encrypted() {
        let files = [
            ("secrets.nix", "{ \"a.age\".publicKeys = [ \"age1x\" ]; }"),
            ("a.age", "open-text"),
        ];
        check(
            "secret-plaintext",
            &files,
            &["a.age:1:1 this file is to be encrypted, and is in plain text"],
        );
        assert!(!drawn("secret-plaintext", &files).contains("open-text"));
    }
}
