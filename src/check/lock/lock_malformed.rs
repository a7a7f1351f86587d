//! `lock-malformed`: the lock can be read.

use diag::{Diagnostic, Span};
use report::Stage;

use super::view::{Problem, View};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "lock-malformed",
    stage: Stage::Lock,
    level: Level::Error,
    title: "`flake.nix` names its inputs plainly, and `flake.lock` can be read",
    why: "Nix refuses a flake whose lock it cannot read, mostly after a merge that nobody finished. A hash or a \
          revision that is cut short is noticed only when the input is fetched: on the next machine.",
    fix: "Take one side of the merge, or throw the file away, and let Nix write it anew: `nix flake lock`.",
    wrong: "\"narHash\": \"sha256-axp3bXf/kba2o1P7qFh5iBzTN2xnNeoJvmFUaK4=\"",
    right: "\"narHash\": \"sha256-axp3bXf/kba2o1P7qFh5iBzTN2xnNeoJvmFUaK4Theo=\"",
};

/// Returns what is wrong with the texts.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    match &view.problem {
        // In `check` the case of locking tells these.
        Some(_) if !view.request.lint => Vec::new(),
        Some(Problem::NoFlake) => vec![RULE.found("there is no flake.nix")],
        Some(Problem::Flake(diagnostic)) => {
            let mut found = RULE.found(diagnostic.message.clone());
            found.labels.clone_from(&diagnostic.labels);
            vec![found.hint("inputs are plain texts: Nix reads them without evaluating")]
        }
        Some(Problem::Lock(error)) => {
            let span = error.place.map_or(Span::default(), |place| view.lock_place(place));
            let found = RULE.found(error.to_string()).at(span, "");
            vec![found.hint("write it anew: `nix flake lock`, and commit flake.lock")]
        }
        Some(Problem::Syntax(_)) => Vec::new(),
        None => hashes(view),
    }
}

/// Returns the hashes that are none: Nix notices them only when it fetches the input.
fn hashes(view: &View<'_>) -> Vec<Diagnostic> {
    let Some(file) = &view.lock else { return Vec::new() };
    let mut found = Vec::new();
    for (_, node) in file.lock.nodes() {
        let Some(entry) = &node.entry else { continue };
        if let Err(error) = entry.locked.input.nar_hash() {
            let span = view.attr(node, "locked", "narHash");
            let hint = "write it anew: `nix flake lock`, and commit flake.lock";
            found.push(RULE.found(error.to_string()).at(span, "").hint(hint));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn broken_texts_are_told_with_their_place() {
        let nix = "{ outputs = _: { }; }";
        let table = Table::of(&RULE);
        table.texts(nix, None, &[]);
        table.texts(
            nix,
            Some("{\n  \"version\": 9, \"root\": \"r\", \"nodes\": {}}"),
            &["flake.lock:2:14: lock file 'flake.lock' has unsupported version 9; write it anew: `nix flake lock`, and commit flake.lock"],
        );
        table.texts(
            "{ inputs.a.url = f 1; outputs = _: { }; }",
            None,
            &["flake.nix:1:3: expected a string or a path but got a thunk; inputs are plain texts: Nix reads them without evaluating"],
        );
        // The rule `syntax` tells what is no Nix.
        table.texts("{ inputs = {", None, &[]);
    }
}
