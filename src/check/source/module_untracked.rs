//! `module-untracked`: a path that names a file which Git does not track.

use super::{Answer, Entry, Judged};
use crate::source::files::shown;
use crate::source::mentions::Named;
use crate::{Level, Rule};
use report::Stage;
use syntax::ast::{ExprKind, ExprRef};
use syntax::walk::each_expr;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "module-untracked",
    stage: Stage::Source,
    level: Level::Error,
    title: "Every file that is imported is tracked by Git",
    why: "A flake sees only files that Git knows. A new module works for nobody until it is added, and a commit that \
          imports it without it breaks every host.",
    fix: "Add the file with `git add`.",
    wrong: "# modules/backup.nix is there, and `git status` calls it untracked\n{ imports = [ ./backup.nix ]; }",
    right: "# after `git add modules/backup.nix`\n{ imports = [ ./backup.nix ]; }",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    if !judged.request.lint {
        return Answer::Nothing;
    }
    let mut found = Vec::new();
    for (index, _, tree) in judged.nix() {
        let mut told = Vec::new();
        for mention in judged.graph.mentions(index) {
            let Named::Absent(path) = &mention.what else { continue };
            if told.contains(&path) || !(judged.request.untracked)(path) || is_asked_for(judged, tree.root, path) {
                continue;
            }
            told.push(path);
            let diagnostic = RULE
                .found(format!(
                    "{} is not tracked by Git, so the flake does not see it",
                    shown(path)
                ))
                .at(mention.span, "");
            found.push(diagnostic.hint(format!("`git add {}`", shown(path))).into());
        }
    }
    Answer::Judged(found)
}

/// Whether a file asks if a path is there before it uses it.
fn is_asked_for(judged: &Judged<'_, '_>, root: ExprRef<'_>, path: &[u8]) -> bool {
    let absolute = judged.files.absolute(path);
    let mut asked = false;
    each_expr(root, |expr| {
        if let ExprKind::Call { function, args } = &expr.kind {
            let names = |arg: &&ExprRef<'_>| matches!(arg.kind, ExprKind::Path(own) if *own == *absolute);
            asked |= judged.trees.is_one_of(function, &["pathExists"]) && args.iter().any(|arg| names(&arg));
        }
    });
    asked
}

#[cfg(test)]
mod tests {
    use crate::source::table::check_untracked;

    #[test]
    fn what_is_there_and_not_tracked_is_told() {
        check_untracked(
            &[
                ("a.nix", "{ imports = [ ./b.nix ./c.nix ./d ]; x = ./b.nix; }"),
                ("m/e.nix", "import ../b.nix"),
            ],
            &["b.nix", "d/default.nix", "d"],
            &[
                "a.nix:1:15 b.nix is not tracked by Git, so the flake does not see it",
                "a.nix:1:31 d is not tracked by Git, so the flake does not see it",
                "m/e.nix:1:8 b.nix is not tracked by Git, so the flake does not see it",
            ],
        );
    }

    #[test]
    fn what_is_asked_for_first_may_be_missing() {
        let text = "{ imports = if builtins.pathExists ./local.nix then [ ./local.nix ] else [ ]; }";
        check_untracked(&[("a.nix", text)], &["local.nix"], &[]);
    }
}
