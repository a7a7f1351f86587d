//! `syntax`: a Nix file that is none.

use super::secrets::is_encrypted;
use super::{Answer, Entry, Judged};
use crate::{Level, Rule};
use diag::{Pos, Span};
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
    for (_, file, tree) in judged.nix() {
        // Who has the key of git-crypt sees Nix there.
        if is_encrypted(&file.text) {
            continue;
        }
        // The first is the one that Nix reports; the others often come from it.
        if let Some(error) = tree.errors.first() {
            let offset = |pos: Pos| (pos.0.saturating_sub(file.base.0) as usize).min(file.text.len());
            let line = |pos| 1 + file.text[..offset(pos)].iter().filter(|byte| **byte == b'\n').count();
            let message = error.text(|pos| format!("line {}", line(pos)));
            let stopped = error.message == "syntax error, unexpected '=', expecting ';'";
            let behind = || nixos::diagnose::before_binding(&file.text, offset(error.pos));
            let mut diagnostic = RULE.found(message);
            diagnostic = match stopped.then(behind).flatten() {
                Some(range) => diagnostic
                    .at(file.span(range), "")
                    .hint("Each binding, and what follows `with` and `assert`, ends with `;`."),
                None => diagnostic.at(error.span, ""),
            };
            if let Some(previous) = error.previous {
                diagnostic = diagnostic.also(Span::new(previous, previous.offset(1)), "");
            }
            if let Some(hint) = error.hint.as_ref().filter(|_| diagnostic.hints.is_empty()) {
                diagnostic = diagnostic.hint(hint.clone());
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
        check(
            "syntax",
            &[("a.nix", "{\n  x = true\n  y = 1;\n}")],
            &["a.nix:2:3 syntax error, unexpected '=', expecting ';'"],
        );
        check("syntax", &[("a.nix", "x |> f")], &[]);
        check("syntax", &[("a.nix", "\0GITCRYPT\0d")], &[]);
        check(
            "syntax",
            &[("a.nix", "")],
            &["a.nix:1:1 syntax error, unexpected end of file"],
        );
    }
}
