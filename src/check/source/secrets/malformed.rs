//! `secret-malformed`: a file of secrets that cannot be decrypted whoever has the key.

use super::age;
use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-malformed",
    stage: Stage::Source,
    level: Level::Error,
    title: "Files of secrets have the form that sops and age give them",
    why: "A merge by hand, or an editor, damages an encrypted file in ways that show only when a host is switched to \
          and finds no secret. The form can be checked without a key: the file is YAML, JSON, dotenv or INI, its \
          metadata has a MAC, a time, a version and recipients, and each value and key is whole.",
    fix: "Restore the file from before the merge, and make the change again with `sops FILE` or `agenix -e FILE`.",
    wrong: "sops:\n    age: […]\n    lastmodified: \"2026-11-25T14:56:56Z\"\n    version: 3.11.0",
    right: "sops:\n    age: […]\n    lastmodified: \"2026-11-25T14:56:56Z\"\n    mac: ENC[AES256_GCM,data:…]\n    version: 3.11.0",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    let mut is_asked = false;
    for sops in judged
        .secrets
        .files
        .iter()
        .filter(|sops| sops.metadata.is_some() || sops.looks_encrypted)
    {
        is_asked = true;
        let file = judged.files.at(sops.index);
        for fault in sops.faults() {
            let hint = format!(
                "restore the file from before the merge, and make the change again with `sops {}`",
                file.shown()
            );
            found.push(RULE.found(fault.message).at(file.span(fault.at), "").hint(hint).into());
        }
    }
    let files = judged.files.judged().filter(|file| file.path.ends_with(b".age"));
    for file in files.filter(|file| age::is_encrypted(&file.text)) {
        is_asked = true;
        if let Err(why) = age::Head::read(&file.text) {
            let diagnostic = RULE
                .found(format!("this file of age is damaged: {why}"))
                .at(file.span(0..0), "");
            let hint = format!(
                "restore it from before the change, or encrypt it anew with `agenix -e {}`",
                file.shown()
            );
            found.push(diagnostic.hint(hint).into());
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

    #[test]
    fn damage_is_told_where_it_is() {
        let common = include_str!("../../../../secrets/common.yaml");
        let lost = common.replace("    mac: ENC", "    mac_: ENC");
        let damaged = common.replace("    bob:", "  bob:");
        check(
            "secret-malformed",
            &[
                ("ok.yaml", common),
                ("lost.yaml", &lost),
                ("x.age", "age-encryption.org/v1\n-> X25519 a\n"),
            ],
            &[
                "lost.yaml:10:1 the metadata of sops lacks `mac`, so that nobody can tell whether the values are genuine",
                "x.age:1:1 this file of age is damaged: its head is cut off",
            ],
        );
        let cases = crate::source::table::found("secret-malformed", &[("damaged.yaml", &damaged)]);
        assert!(
            cases[0].starts_with("damaged.yaml:4:") && cases[0].contains("is not YAML"),
            "{cases:?}"
        );
        check("secret-malformed", &[("a.yaml", "sops: 1\n")], &["nothing"]);
    }
}
