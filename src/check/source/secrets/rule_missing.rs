//! `secret-rule-missing`: an encrypted file that no rule is for.

use super::age;
use crate::source::files::{folder, is_below, shown};
use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-rule-missing",
    stage: Stage::Source,
    level: Level::Warning,
    title: "Every file of secrets is named by a rule",
    why: "Who can read a file that no rule of .sops.yaml or secrets.nix names is decided by whoever encrypted it, and \
          `sops updatekeys` and `agenix --rekey` pass it over when a key is added or taken away.",
    fix: "Add a rule for the file, or delete the file if nothing uses it.",
    wrong: "# secrets/mail.yaml is there\ncreation_rules:\n  - path_regex: ^secrets/server\\.yaml$\n    age: age1…",
    right: "creation_rules:\n  - path_regex: ^secrets/(server|mail)\\.yaml$\n    age: age1…",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let secrets = judged.secrets;
    let mut found = Vec::new();
    let mut is_asked = false;
    for sops in secrets.files.iter().filter(|sops| sops.metadata.is_some()) {
        let file = judged.files.at(sops.index);
        let Some(rules) = secrets.rules_for(&file.path).filter(|rules| rules.is_whole()) else {
            continue;
        };
        // Clan keeps secrets in files of this name, and who reads them in folders beside.
        if file.name() == b"secret" {
            continue;
        }
        is_asked = true;
        if rules.rule_for(&file.path).is_none() {
            let config = judged.files.at(rules.index).shown();
            let at = sops.metadata.as_ref().map_or(0..0, |metadata| metadata.at.clone());
            let diagnostic = RULE
                .found(format!("no rule of {config} is for this file"))
                .at(file.span(at), "");
            let hint = format!(
                "add one with `path_regex`, so that `sops updatekeys {}` knows who reads it",
                file.shown()
            );
            found.push(diagnostic.hint(hint).into());
        }
    }
    let own = || judged.files.judged().filter(|file| file.name() == b"secrets.nix");
    for file in judged
        .files
        .judged()
        .filter(|file| file.path.ends_with(b".age") && age::is_encrypted(&file.text))
    {
        // A `secrets.nix` that is made in another way than with names of files is not understood.
        let above: Vec<&[u8]> = own()
            .filter(|rules| is_below(&file.path, folder(&rules.path)))
            .map(|rules| rules.path.as_slice())
            .collect();
        let mut known = secrets
            .agenix
            .iter()
            .filter(|entry| above.contains(&judged.files.at(entry.index).path.as_slice()));
        let Some(first) = known.next() else { continue };
        is_asked = true;
        if first.path != file.path && !known.any(|entry| entry.path == file.path) && !names(judged, &file.path) {
            let rules = judged.files.at(first.index).shown();
            let diagnostic = RULE
                .found(format!("{rules} does not name this file"))
                .at(file.span(0..0), "");
            let hint = format!(
                "add `\"{}\".publicKeys` there, or delete the file if nothing uses it",
                shown(&file.path)
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

/// Whether a `secrets.nix` has the name of a file in its text, in whichever way.
fn names(judged: &Judged<'_, '_>, path: &[u8]) -> bool {
    let name = crate::source::files::name(path);
    let own = judged.files.judged().filter(|file| file.name() == b"secrets.nix");
    own.into_iter()
        .any(|file| memchr::memmem::find(&file.text, name).is_some())
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    #[test]
    fn files_without_a_rule_are_told() {
        let server = include_str!("../../../../secrets/server.yaml");
        let line = 1 + server.lines().position(|line| line == "sops:").unwrap();
        let rules = "creation_rules:\n  - path_regex: ^other/\n    age: age1yubikey1x\n";
        check(
            "secret-rule-missing",
            &[(".sops.yaml", rules), ("s/a.yaml", server)],
            &[&format!("s/a.yaml:{line}:1 no rule of .sops.yaml is for this file")],
        );
        check("secret-rule-missing", &[("s/a.yaml", server)], &["nothing"]);
        let age = "age-encryption.org/v1\n-> X25519 a\nAA\n--- m\n";
        let rules = ("secrets.nix", "{ \"x.age\".publicKeys = [ ]; }");
        check(
            "secret-rule-missing",
            &[rules, ("x.age", age), ("y.age", age)],
            &["y.age:1:1 secrets.nix does not name this file"],
        );
    }
}
