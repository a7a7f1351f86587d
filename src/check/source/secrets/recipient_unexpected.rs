//! `secret-recipient-unexpected`: a file that somebody can decrypt whom its rule does not name.

use super::age::{self, Stanza};
use super::recipient_missing::distinct;
use super::recipients::Recipient;
use crate::source::files::shown;
use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-recipient-unexpected",
    stage: Stage::Source,
    level: Level::Warning,
    title: "No file of secrets is encrypted for a key that its rule does not name",
    why: "A key that was taken out of .sops.yaml or secrets.nix still opens every file that was not encrypted anew: a \
          colleague who left, a host that was given away.",
    fix: "Encrypt the file anew (`sops updatekeys FILE`, or `agenix --rekey`), and change what the key could read.",
    wrong: "# .sops.yaml no longer names old; secrets/server.yaml still does\n- path_regex: ^secrets/server\\.yaml$\n  age: [*admin, *web]",
    right: "# after `sops updatekeys secrets/server.yaml`\n- path_regex: ^secrets/server\\.yaml$\n  age: [*admin, *web]",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let secrets = judged.secrets;
    let mut found = Vec::new();
    let mut is_asked = false;
    for sops in &secrets.files {
        let file = judged.files.at(sops.index);
        let (Some(metadata), Some((rules, rule))) = (&sops.metadata, secrets.rule_for(&file.path)) else {
            continue;
        };
        is_asked = true;
        for own in &metadata.recipients {
            // A rule that names nobody, or somebody by a slip, is told elsewhere.
            let unknown = rule.recipients.is_empty() || rule.recipients.iter().any(|one| !one.is_possible());
            if unknown || rule.recipients.iter().any(|wanted| wanted.is(own)) {
                continue;
            }
            let name = rules.name_of(&own.id).unwrap_or_else(|| own.to_string());
            let message = format!(
                "{} is encrypted for `{name}`, too, which the rule does not name",
                file.shown()
            );
            let hint = format!(
                "encrypt it anew with `sops updatekeys {}`, and change what the key could read; or name the key in the rule",
                file.shown()
            );
            found.push(RULE.found(message).at(file.span(own.at.clone()), "").hint(hint).into());
        }
    }
    for entry in &secrets.agenix {
        let head = judged
            .files
            .get(&entry.path)
            .filter(|file| age::is_encrypted(&file.text));
        let Some(Ok(head)) = head.map(|file| age::Head::read(&file.text)) else {
            continue;
        };
        is_asked = true;
        let wanted = distinct(&entry.recipients);
        let is_unknown = |one: &&Recipient| !age::is_recipient(&one.id) && age::ssh_tag(&one.id).is_none();
        let more = head.stanzas.len();
        // Keys of plugins have stanzas of their own, and can have several.
        let plugins =
            head.stanzas.iter().any(|stanza| matches!(stanza, Stanza::Other(_))) || wanted.iter().any(is_unknown);
        if more > wanted.len() && !plugins {
            let path = shown(&entry.path);
            let message = format!(
                "{path} is encrypted for {more} keys, and secrets.nix names {}",
                wanted.len()
            );
            let at = judged.files.at(entry.index).span(entry.at.clone());
            let hint = "encrypt it anew: `agenix --rekey`; then change what the other key could read";
            found.push(RULE.found(message).at(at, "").hint(hint).into());
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
    use crate::source::table::check;

    const SERVER: &str = include_str!("../../../../secrets/server.yaml");
    const ADMIN: &str = "age1m6fwlpxg45g68l5lysdydct2vlvswdyrycy3vwfe3rmsnvcwp96sca9wq7";

    #[test]
    fn who_is_not_named_is_told() {
        let old = "age14lna9fdpe4kyh06yzd7ssacsrvl7xz88w7pa295p3n0kju5upv5sw5z9xz";
        let rules = format!("keys:\n  - &old {old}\ncreation_rules:\n  - path_regex: ^s/\n    age: {ADMIN}\n");
        let line = 1 + SERVER.lines().position(|line| line.contains(old)).unwrap();
        check(
            "secret-recipient-unexpected",
            &[(".sops.yaml", &rules), ("s/a.yaml", SERVER)],
            &[&format!(
                "s/a.yaml:{line}:22 s/a.yaml is encrypted for `old`, too, which the rule does not name"
            )],
        );
    }

    #[test]
    fn files_of_agenix_are_counted() {
        let age = "age-encryption.org/v1\n-> X25519 a\nAA\n-> X25519 b\nAA\n--- m\n";
        let rules = format!("{{ \"x.age\".publicKeys = [ \"{ADMIN}\" ]; }}");
        check(
            "secret-recipient-unexpected",
            &[("secrets.nix", &rules), ("x.age", age)],
            &["secrets.nix:1:3 x.age is encrypted for 2 keys, and secrets.nix names 1"],
        );
    }
}
