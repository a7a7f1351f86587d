//! `input-override-unused`: what is set for an input of an input is there.

use diag::Diagnostic;
use flake::flake_nix::FlakeInput;
use flake::lock::{Edge, Lock, NodeId};
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-override-unused",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "What is set for an input of an input is set for one that is there",
    why: "A `follows` for an input that the other flake does not have does nothing. The input was given another name, \
          and its own nixpkgs came in, or it is gone and the line is left.",
    fix: "Name the input as the other flake does (`nix flake metadata` shows the names), or remove the line.",
    wrong: "home-manager.inputs.nixpgks.follows = \"nixpkgs\";",
    right: "home-manager.inputs.nixpkgs.follows = \"nixpkgs\";",
};

/// Returns what is set for inputs that are not there.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for input in &view.inputs {
        // What the lock has for another reference says nothing about this one.
        if let (Some(file), Some(id)) = (&view.lock, input.node) {
            let mut path = vec![input.name.clone()];
            below(view, (&file.lock, id), &input.declared, &mut path, &mut found);
        }
    }
    found
}

fn below(
    view: &View<'_>,
    (lock, id): (&Lock, NodeId),
    declared: &FlakeInput,
    path: &mut Vec<String>,
    found: &mut Vec<Diagnostic>,
) {
    let node = lock.node(id);
    for (name, inner) in &declared.overrides {
        match node.inputs.get(name) {
            None => {
                let above = path.join("/");
                let message = format!("the input `{above}` has no input `{name}`, for which something is set here");
                let diagnostic = RULE.found(message).at(view.span(inner), "");
                let near = yaml::nearest(name, node.inputs.keys().map(String::as_str));
                found.push(match near {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic.hint("remove it"),
                });
            }
            Some(Edge::Node(id)) => {
                path.push(name.clone());
                below(view, (lock, *id), inner, path, found);
                path.pop();
            }
            Some(Edge::Follows(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn what_is_set_is_there() {
        let table = Table::of(&RULE);
        let nix = "n.url = \"github:a/n\"; a = { url = \"github:a/b\"; inputs.nixpkgs.follows = \"n\"; };";
        let own = "n = github:a/n\na = github:a/b";
        table.check(nix, &format!("{own}\na/nixpkgs -> n"), &[]);
        table.check(
            nix,
            own,
            &["flake.nix:2:62: the input `a` has no input `nixpkgs`, for which something is set here; remove it"],
        );
        table.check(
            nix,
            &format!("{own}\na/nixpgks = github:NixOS/nixpkgs"),
            &[
                "flake.nix:2:62: the input `a` has no input `nixpkgs`, for which something is set here; did you mean \
               `nixpgks`?",
            ],
        );
        table.check(nix, "n = github:a/n\na = github:a/other", &[]);
        let deep = "a = { url = \"github:a/b\"; inputs.c.inputs.d.follows = \"\"; };";
        table.check(deep, "a = github:a/b\na/c = github:a/c\na/c/d -> ", &[]);
        table.check(
            deep,
            "a = github:a/b\na/c = github:a/c",
            &["flake.nix:2:40: the input `a/c` has no input `d`, for which something is set here; remove it"],
        );
    }
}
