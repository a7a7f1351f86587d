//! `secret-in-repository`: a string that has the shape of a key.

use super::scan::AGE_KEY;
use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-in-repository",
    stage: Stage::Source,
    level: Level::Error,
    title: "No file of the repository holds a key in plain text",
    why: "Who can read the repository can use the key, and so can everyone who ever gets a copy of its history or of \
          the Nix store. Keys of cloud providers and forges, tokens, private keys in PEM, of age, SSH and WireGuard \
          are known by their shape.",
    fix: "Take the key back where it was issued, since the history of the repository keeps it, and give the new one by \
          a secret of sops or agenix.",
    wrong: "environment.etc.\"backup.conf\".text = \"access-key = AKIA…\";",
    right: "sops.secrets.backup-key = { };\nservices.backup.keyFile = config.sops.secrets.backup-key.path;",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    for (index, keys) in judged.secrets.keys.iter().enumerate() {
        let file = judged.files.at(index);
        for key in keys {
            let diagnostic = RULE
                .found(format!("this looks like {}", key.kind))
                .at(file.span(key.range.clone()), "");
            let hint = match key.kind {
                AGE_KEY | "a private key" | "a WireGuard key" => {
                    "make a new key, since the history keeps this one, and give it by a secret of sops: \
                     `config.sops.secrets.NAME.path`"
                }
                _ => {
                    "take the key back at the provider, and give the new one by a secret of sops: \
                     `config.sops.secrets.NAME.path`"
                }
            };
            found.push(diagnostic.hint(hint).into());
        }
    }
    Answer::Judged(found)
}

#[cfg(test)]
mod tests {
    use crate::source::table::{check, drawn};

    #[test]
    fn keys_are_told_and_never_shown() {
        let aws = concat!("AKIA", "IOSFODNN7EXAMPLE");
        let text = format!("{{\n  text = ''\n    key = {aws}\n  '';\n}}");
        let files = [("a.nix", text.as_str()), ("b.conf", &format!("x {aws}"))];
        let told = "this looks like an AWS access key";
        check(
            "secret-in-repository",
            &files,
            &[&format!("a.nix:3:11 {told}"), &format!("b.conf:1:3 {told}")],
        );
        let drawn = drawn("secret-in-repository", &files);
        assert!(
            drawn.contains("key = ********************") && !drawn.contains("AKIA"),
            "{drawn}"
        );
    }
}
