//! `secret-readable-by-published-key`: the repository holds the key to its own secrets.

use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-readable-by-published-key",
    stage: Stage::Source,
    level: Level::Error,
    title: "No secret can be read with a private key that lies in the repository",
    why: "A file that is encrypted for a key beside it is in plain text for everyone who has the repository. The public \
          key that belongs to each private key of age is computed and compared with the recipients.",
    fix: "Make a new key, put it in .sops.yaml, encrypt the files anew with `sops updatekeys`, and change the secrets.",
    wrong: "# keys/server.txt holds a private key; .sops.yaml names its public key\nage: age1…",
    right: "# the private key is only on the server, in /var/lib/sops-nix/key.txt\nage: age1…",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let secrets = judged.secrets;
    let mut found = Vec::new();
    if secrets.files.is_empty() && secrets.rules.is_empty() {
        return Answer::Nothing;
    }
    let hint = "make a new key outside of the repository, encrypt the files anew with `sops updatekeys`, and change the secrets";
    for sops in &secrets.files {
        let file = judged.files.at(sops.index);
        let recipients = sops.metadata.iter().flat_map(|metadata| &metadata.recipients);
        for recipient in recipients {
            let Some(key) = secrets.published.iter().find(|key| key.public == recipient.id) else {
                continue;
            };
            let holder = judged.files.at(key.index).shown();
            let message = format!("the private key in {holder} opens {}", file.shown());
            found.push(
                RULE.found(message)
                    .at(file.span(recipient.at.clone()), "")
                    .hint(hint)
                    .into(),
            );
        }
    }
    for rules in &secrets.rules {
        for (key, at) in &rules.keys {
            let Some(key) = secrets.published.iter().find(|own| own.public == *key) else {
                continue;
            };
            let holder = judged.files.at(key.index).shown();
            let message = format!("this recipient's private key is in {holder}");
            let span = judged.files.at(rules.index).span(at.clone());
            found.push(RULE.found(message).at(span, "").hint(hint).into());
        }
    }
    Answer::Judged(found)
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    #[test]
    fn keys_beside_what_they_open_are_told() {
        let files = [
            (".sops.yaml", include_str!("../../../../.sops.yaml")),
            ("keys/alice.age", include_str!("../../../../fixtures/keys/alice.age")),
            ("secrets/alice.yaml", include_str!("../../../../secrets/alice.yaml")),
            ("secrets/laptop.yaml", include_str!("../../../../secrets/laptop.yaml")),
        ];
        let line = 1 + files[2].1.lines().position(|line| line.contains("age1yqe00")).unwrap();
        check(
            "secret-readable-by-published-key",
            &files,
            &[
                ".sops.yaml:6:14 this recipient's private key is in keys/alice.age",
                &format!("secrets/alice.yaml:{line}:22 the private key in keys/alice.age opens secrets/alice.yaml"),
            ],
        );
    }
}
