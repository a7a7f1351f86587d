//! `password-in-repository`: a password or token as a string in a Nix file.

use crate::source::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(crate) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "password-in-repository",
    stage: Stage::Source,
    level: Level::Warning,
    title: "No attribute that holds a secret is a string in a Nix file",
    why: "A string in a Nix file is in the repository and, when it is used, in the Nix store, which every user of the \
          machine can read. Only strings that look made up at random are told: no words, no placeholders, no paths.",
    fix: "Use the option's variant for files (`passwordFile`, `tokenFile`) with a secret of sops or agenix, and change \
          the secret.",
    wrong: "services.app.adminPassword = \"…\";",
    right: "sops.secrets.app-admin = { };\nservices.app.adminPasswordFile = config.sops.secrets.app-admin.path;",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    for password in &judged.secrets.passwords {
        let file = judged.files.at(password.index);
        // A key that is known by its shape is told already.
        let keys = &judged.secrets.keys[password.index];
        if keys
            .iter()
            .any(|key| key.range.start < password.range.end && password.range.start < key.range.end)
        {
            continue;
        }
        let message = format!("`{}` is a secret in plain text", password.name);
        let hint = "take the option's variant for files with a secret of sops, `config.sops.secrets.NAME.path`, and \
                    change the secret: the history keeps this one";
        found.push(
            RULE.found(message)
                .at(file.span(password.range.clone()), "")
                .hint(hint)
                .into(),
        );
    }
    Answer::Judged(found)
}

#[cfg(test)]
mod tests {
    use crate::source::table::{check, drawn};

    #[test]
    fn strings_under_the_name_of_a_secret_are_told() {
        let text = "{\n  services.app.adminPassword = \"kX9vQ2mZ7pLr\";\n  password = \"changeme\";\n  passwordFile = \"/run/kX9vQ2mZ7pLr\";\n  \
                    hashedPassword = \"kX9vQ2mZ7pLr\";\n  token = config.x;\n}";
        let files = [("a.nix", text)];
        check(
            "password-in-repository",
            &files,
            &["a.nix:2:32 `adminPassword` is a secret in plain text"],
        );
        assert!(!drawn("password-in-repository", &files).contains("kX9v"));
    }
}
