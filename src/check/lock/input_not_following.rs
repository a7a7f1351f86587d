//! `input-not-following`: an input uses the flake's own nixpkgs.

use diag::Diagnostic;
use report::Stage;

use super::nixpkgs;
use super::view::{View, setting};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-not-following",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "An input has no nixpkgs of its own beside that of the flake",
    why: "A second nixpkgs is fetched and evaluated beside the first: that takes time and memory, what it brings comes \
          with a second libc, and its fixes come only when the other project updates its own lock.",
    fix: "Let it follow. Where the input is meant to have its own, as what it builds comes from a cache that was built \
          with it, say so beside it: `# cfgcheck: allow(input-not-following) its cache is built with its own nixpkgs`.",
    wrong: "home-manager.url = \"github:nix-community/home-manager/release-26.05\";",
    right: "home-manager = {\n  url = \"github:nix-community/home-manager/release-26.05\";\n  \
            inputs.nixpkgs.follows = \"nixpkgs\";\n};",
};

/// Returns the input with a nixpkgs of its own. Where there are several, `several-nixpkgs` tells them all at once.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let Some(found) = nixpkgs::of_lock(view) else {
        return Vec::new();
    };
    let [path] = found.others.as_slice() else {
        return Vec::new();
    };
    let above = path[..path.len() - 1].join("/");
    let message = format!("the input `{above}` has a nixpkgs of its own, beside that of this flake");
    let span = view
        .input(&path[0])
        .map(|input| view.span(&input.declared))
        .unwrap_or_default();
    let hint = format!("`{}.follows = \"{}\";`", setting(path), found.main);
    vec![RULE.found(message).at(span, "").hint(hint)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn one_input_with_a_nixpkgs_of_its_own() {
        let table = Table::of(&RULE);
        let nix = "nixpkgs.url = \"nixpkgs\"; a.url = \"github:a/b\"; u.url = \"github:NixOS/nixpkgs\";";
        let own = "nixpkgs = flake:nixpkgs @ github:NixOS/nixpkgs\na = github:a/b\nu = github:NixOS/nixpkgs";
        table.check(nix, &format!("{own}\na/nixpkgs -> nixpkgs"), &[]);
        table.check(nix, &format!("{own}\na/systems = github:nix-systems/default"), &[]);
        table.check(
            nix,
            &format!("{own}\na/pkgs = github:NixOS/nixpkgs"),
            &[
                "flake.nix:2:39: the input `a` has a nixpkgs of its own, beside that of this flake; \
               `a.inputs.pkgs.follows = \"nixpkgs\";`",
            ],
        );
        table.check(
            nix,
            &format!("{own}\na/c = github:a/c\na/c/nixpkgs = github:NixOS/nixpkgs"),
            &[
                "flake.nix:2:39: the input `a/c` has a nixpkgs of its own, beside that of this flake; \
               `a.inputs.c.inputs.nixpkgs.follows = \"nixpkgs\";`",
            ],
        );
        // Several are told by another rule.
        let two = format!("{own}\na/n = github:NixOS/nixpkgs\na/m = github:NixOS/nixpkgs");
        table.check(nix, &two, &[]);
    }

    #[test]
    fn a_flake_whose_nixpkgs_is_that_of_an_input() {
        let nix = "nixpkgs.follows = \"a/nixpkgs\"; a.url = \"github:a/b\"; c.url = \"github:a/c\";";
        let own = "a = github:a/b\na/nixpkgs = github:NixOS/nixpkgs\nnixpkgs -> a/nixpkgs\nc = github:a/c";
        Table::of(&RULE).check(nix, &format!("{own}\nc/nixpkgs -> nixpkgs"), &[]);
        // Without a nixpkgs of the flake itself there is none to follow.
        let nix = "a.url = \"github:a/b\";";
        Table::of(&RULE).check(nix, "a = github:a/b\na/nixpkgs = github:NixOS/nixpkgs", &[]);
    }
}
