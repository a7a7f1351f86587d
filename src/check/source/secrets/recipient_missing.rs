//! `secret-recipient-missing`: a file that somebody cannot decrypt who is to.

use super::age::{self, Stanza};
use super::agenix;
use super::recipients::Recipient;
use crate::source::files::shown;
use crate::source::{Answer, Entry, Found, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-recipient-missing",
    stage: Stage::Source,
    level: Level::Error,
    title: "Every file of secrets is encrypted for all that its rule names",
    why: "A key that is added to .sops.yaml or secrets.nix opens a file only after the file was encrypted anew. A host \
          whose key is missing is switched to and has no secrets.",
    fix: "Encrypt the file anew: `sops updatekeys FILE`, or `agenix --rekey`.",
    wrong: "# .sops.yaml names web; secrets/server.yaml was encrypted before\n- path_regex: ^secrets/server\\.yaml$\n  age: [*admin, *web]",
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
        let mut told: Vec<&Recipient> = Vec::new();
        for wanted in rule.recipients.iter().filter(|one| one.is_possible()) {
            let is_there = metadata.recipients.iter().any(|own| own.is(wanted));
            if is_there || told.iter().any(|known| known.is(wanted)) {
                continue;
            }
            told.push(wanted);
            let message = format!("{} is not encrypted for `{wanted}`, which the rule names", file.shown());
            let at = judged.files.at(rules.index).span(wanted.at.clone());
            let hint = format!("encrypt it anew: `sops updatekeys {}`", file.shown());
            found.push(RULE.found(message).at(at, "").hint(hint).into());
        }
    }
    for entry in &secrets.agenix {
        let head = judged
            .files
            .get(&entry.path)
            .filter(|file| age::is_encrypted(&file.text));
        if let Some(Ok(head)) = head.map(|file| age::Head::read(&file.text)) {
            is_asked = true;
            found.extend(of_agenix(judged, entry, &head));
        }
    }
    if is_asked {
        Answer::Judged(found)
    } else {
        Answer::Nothing
    }
}

/// Judges a file of age by its head: SSH keys are told apart there, native recipients can only be counted.
fn of_agenix(judged: &Judged<'_, '_>, entry: &agenix::Entry, head: &age::Head) -> Vec<Found> {
    let file = judged.files.at(entry.index);
    let path = shown(&entry.path);
    let hint = "encrypt it anew: `agenix --rekey`";
    let mut found = Vec::new();
    let wanted = distinct(&entry.recipients);
    for one in &wanted {
        let Some(tag) = age::ssh_tag(&one.id) else { continue };
        if !head.stanzas.contains(&Stanza::Ssh(tag)) {
            let message = format!("{path} is not encrypted for `{one}`, which secrets.nix names");
            let at = if one.name.is_some() {
                one.at.clone()
            } else {
                entry.at.clone()
            };
            found.push(RULE.found(message).at(file.span(at), "").hint(hint).into());
        }
    }
    let native = wanted.iter().filter(|one| age::is_recipient(&one.id)).count();
    let there = head.stanzas.iter().filter(|stanza| **stanza == Stanza::X25519).count();
    if there < native {
        let message = format!("{path} is encrypted for {there} keys of age, and secrets.nix names {native}");
        found.push(
            RULE.found(message)
                .at(file.span(entry.at.clone()), "")
                .hint(hint)
                .into(),
        );
    }
    found
}

/// Returns recipients, each key once.
pub(super) fn distinct(all: &[Recipient]) -> Vec<&Recipient> {
    let mut found: Vec<&Recipient> = Vec::new();
    for one in all {
        if !found.iter().any(|known| known.is(one)) {
            found.push(one);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    const SERVER: &str = include_str!("../../../../secrets/server.yaml");
    const ADMIN: &str = "age1m6fwlpxg45g68l5lysdydct2vlvswdyrycy3vwfe3rmsnvcwp96sca9wq7";
    const WEB: &str = "age16d0ytqxwaremt94qytl76t9jy6fnefxctq0hh7h0au4jcupzze0q2h59ls";

    #[test]
    fn who_is_named_is_to_be_a_recipient() {
        let rules = format!(
            "keys:\n  - &admin {ADMIN}\n  - &web {WEB}\ncreation_rules:\n  - path_regex: ^s/\n    key_groups:\n      - age: [*admin, *web]\n"
        );
        check(
            "secret-recipient-missing",
            &[(".sops.yaml", &rules), ("s/a.yaml", SERVER)],
            &[".sops.yaml:7:23 s/a.yaml is not encrypted for `web`, which the rule names"],
        );
        let rules = format!(
            "creation_rules:\n  - age: >-\n      {ADMIN},\n      {WEB}\n    pgp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4\n"
        );
        check(
            "secret-recipient-missing",
            &[(".sops.yaml", &rules), ("s/a.yaml", SERVER)],
            &[
                ".sops.yaml:3:7 s/a.yaml is not encrypted for `age16d0ytqxwaremt94qytl7…`, which the rule names",
                ".sops.yaml:5:10 s/a.yaml is not encrypted for `FBC7B9E2A4F9289AC0C1D484…`, which the rule names",
            ],
        );
        check(
            "secret-recipient-missing",
            &[
                (".sops.yaml", include_str!("../../../../.sops.yaml")),
                ("secrets/server.yaml", SERVER),
            ],
            &[],
        );
    }

    #[test]
    fn files_of_agenix_are_judged_by_their_head() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwYFfHTfRNbTpvVgZ0lI5Yz9IF8vG6jcvn0bJ1bmfzO";
        let rules = format!("let web = \"{key}\"; a = \"{ADMIN}\"; in {{ \"x.age\".publicKeys = [ web a ]; }}");
        let age = "age-encryption.org/v1\n-> ssh-ed25519 AAAAAA b\nAA\n--- m\n";
        check(
            "secret-recipient-missing",
            &[("secrets.nix", &rules), ("x.age", age)],
            &[
                "secrets.nix:1:170 x.age is encrypted for 0 keys of age, and secrets.nix names 1",
                "secrets.nix:1:193 x.age is not encrypted for `web`, which secrets.nix names",
            ],
        );
    }
}
