//! `secret-rules-malformed`: a `.sops.yaml` that does not say what it is to say.

use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "secret-rules-malformed",
    stage: Stage::Source,
    level: Level::Error,
    title: "The rules in .sops.yaml can be read and used",
    why: "A rule with a slip is passed over, and the next one, or none, decides who can read a new file.",
    fix: "Mend the line that the message points at.",
    wrong: "creation_rules:\n  - path_regexp: ^secrets/\n    age: age1…",
    right: "creation_rules:\n  - path_regex: ^secrets/\n    age: age1…",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    for rules in &judged.secrets.rules {
        let file = judged.files.at(rules.index);
        for (fault, hint) in &rules.faults {
            let mut diagnostic = RULE.found(fault.message.clone()).at(file.span(fault.at.clone()), "");
            if let Some(hint) = hint {
                diagnostic = diagnostic.hint(hint.clone());
            }
            found.push(diagnostic.into());
        }
    }
    match judged.secrets.rules.is_empty() {
        true => Answer::Nothing,
        false => Answer::Judged(found),
    }
}

#[cfg(test)]
mod tests {
    use crate::source::table::{check, found};

    #[test]
    fn slips_are_told() {
        check(
            "secret-rules-malformed",
            &[(
                ".sops.yaml",
                "creation_rules:\n  - path_regexp: ^a\n    age: age1yubikey1x\n",
            )],
            &[".sops.yaml:2:5 a rule has no key `path_regexp`"],
        );
        let broken = found("secret-rules-malformed", &[("s/.sops.yaml", "creation_rules: [\n")]);
        assert!(broken[0].starts_with("s/.sops.yaml:2:1 "), "{broken:?}");
        check("secret-rules-malformed", &[("a.nix", "1")], &["nothing"]);
    }
}
