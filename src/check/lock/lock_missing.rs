//! `lock-missing`: a flake with inputs from elsewhere has a lock.

use diag::Diagnostic;
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "lock-missing",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "A flake whose inputs come from elsewhere has a flake.lock",
    why: "Without a lock each machine takes what is newest when it looks: two hosts of one commit differ, and what \
          worked yesterday need not work today.",
    fix: "Write it with `nix flake lock`, and commit flake.lock.",
    wrong: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";  # and no flake.lock",
    right: "$ nix flake lock && git add flake.lock",
};

/// Returns whether a lock is missing.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    // A folder of the flake itself is locked with it.
    let moves = |reference: &flake::FlakeRef| reference.input.relative_path().is_none();
    let needs = view.inputs.iter().find(|input| moves(&input.reference));
    match needs {
        Some(input) if view.files.flake_lock.is_none() && !view.files.untracked => {
            let message = "there is no flake.lock, so that each machine takes other inputs";
            let found = RULE
                .found(message)
                .at(view.span(&input.declared), "this input is not locked");
            vec![found.hint("write it: `nix flake lock`, and commit flake.lock")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn only_inputs_from_elsewhere_need_a_lock() {
        let table = Table::of(&RULE);
        let found = "flake.nix:2:14: there is no flake.lock, so that each machine takes other inputs; write it: `nix flake lock`, and commit flake.lock";
        table.check("a.url = \"github:a/b\";", "", &[found]);
        table.check("a.url = \"github:a/b\";", "a = github:a/b", &[]);
        table.check("a.url = \"path:./a\";", "", &[]);
        table.check("", "", &[]);
        Table::of(&RULE).untracked().check("a.url = \"github:a/b\";", "", &[]);
    }
}
