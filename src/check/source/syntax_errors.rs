//! `syntax`: a Nix file that is none.

use super::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "syntax",
    stage: Stage::Source,
    level: Level::Error,
    title: "Every Nix file can be parsed",
    why: "A file with a syntax error breaks everything that imports it. Evaluation finds it only where something does; \
          `cfgcheck lint` looks at every file, as it evaluates nothing.",
    fix: "Mend the line that the message points at; often the fault is at the end of the line before.",
    wrong: "{\n  services.nginx.enable = true\n}",
    right: "{\n  services.nginx.enable = true;\n}",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    if !judged.request.lint {
        return Answer::Nothing;
    }
    let mut found = Vec::new();
    for (_, _, tree) in judged.nix() {
        // The first is the one that Nix reports; the others often come from it.
        if let Some(error) = tree.errors.first() {
            let mut diagnostic = RULE.found(error.message.clone()).at(error.span, "");
            if let Some(previous) = error.previous {
                diagnostic = diagnostic.also(previous, "");
            }
            if let Some(hint) = &error.hint {
                diagnostic = diagnostic.hint(hint.to_string());
            }
            found.push(diagnostic.into());
        }
    }
    Answer::Judged(found)
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    #[test]
    fn errors_are_told_where_nix_tells_them() {
        check("syntax", &[("a.nix", "{\n  x = true\n  y = 1;\n}")], &["a.nix:3:3 syntax error, unexpected '=', expecting ';'"]);
        check("syntax", &[("a.nix", "x |> f")], &[]);
        check("syntax", &[("a.nix", "")], &["a.nix:1:1 syntax error, unexpected end of file"]);
    }
}
