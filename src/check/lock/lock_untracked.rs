//! `lock-untracked`: Git tracks the lock.

use diag::Diagnostic;
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "lock-untracked",
    stage: Stage::Lock,
    level: Level::Error,
    title: "Git tracks flake.lock",
    why: "In a Git work tree Nix sees only files that Git tracks. A lock that it does not track, often because \
          `.gitignore` names it, locks nothing, neither here nor on any other machine.",
    fix: "Add it with `git add flake.lock`, and take it out of `.gitignore`.",
    wrong: "# .gitignore\nflake.lock",
    right: "$ git add flake.lock",
};

/// Returns whether the lock is one that Nix does not see.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    if !view.files.untracked {
        return Vec::new();
    }
    let found = RULE.found("Git does not track flake.lock, so that Nix does not see it");
    vec![found.at(view.inputs_span(), "").hint("track it: `git add flake.lock`")]
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn a_lock_that_git_does_not_track_is_told() {
        let found =
            "flake.nix:2:3: Git does not track flake.lock, so that Nix does not see it; track it: `git add flake.lock`";
        Table::of(&RULE)
            .untracked()
            .check("a.url = \"github:a/b\";", "", &[found]);
        Table::of(&RULE).check("a.url = \"github:a/b\";", "", &[]);
    }
}
