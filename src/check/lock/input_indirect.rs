//! `input-indirect`: inputs have addresses.

use diag::Diagnostic;
use flake::Scheme;
use report::Stage;

use super::reference::with;
use super::view::{Input, View};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-indirect",
    stage: Stage::Lock,
    level: Level::Note,
    title: "An input is named by its address, not by a name that a registry explains",
    why: "What `nixpkgs` alone means stands in a registry that others keep: it is looked up at each update, and can \
          come to mean another branch or repository. An argument of `outputs` that `inputs` does not name is looked up \
          so, too, also if it is only misspelt.",
    fix: "Name the address, with the branch.",
    wrong: "inputs.nixpkgs.url = \"nixpkgs\";",
    right: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";",
};

/// Returns the inputs that a registry explains.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let indirect = view
        .inputs
        .iter()
        .filter(|input| input.reference.input.scheme() == Some(Scheme::Indirect));
    let found = indirect.map(|input| {
        let name = &input.name;
        let message = format!("the input `{name}` has no address: a registry says what it is");
        let found = RULE.found(message).at(view.span(&input.declared), "");
        match address(view, input) {
            Some(address) => found.hint(format!("name its address: `{address}`")),
            None => found.hint("name its address"),
        }
    });
    found.collect()
}

/// Returns the address that the registry had when the input was locked, with the branch that flake.nix names.
fn address(view: &View<'_>, input: &Input) -> Option<String> {
    let (_, _, entry) = view.locked().find(|(known, ..)| known.name == input.name)?;
    let mut plain = entry.locked.clone();
    if !plain.input.scheme().is_some_and(Scheme::is_forge) {
        return None;
    }
    for name in ["rev", "narHash", "lastModified", "revCount"] {
        plain.input.unset(name);
    }
    let branch = input.reference.input.git_ref().ok().flatten();
    Some(match branch {
        Some(branch) => with(&plain, "ref", branch).to_string(),
        None => plain.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn names_that_a_registry_explains() {
        let table = Table::of(&RULE);
        let message = "the input `a` has no address: a registry says what it is; name its address";
        table.check("a.url = \"github:a/b\";", "", &[]);
        table.check("a.url = \"nixpkgs\";", "", &[&format!("flake.nix:2:14: {message}")]);
        table.check("a = { };", "", &[&format!("flake.nix:2:14: {message}")]);
        table.check(
            "a.url = \"nixpkgs/nixos-26.05\";",
            "a = nixpkgs/nixos-26.05 @ github:NixOS/nixpkgs/5c52261a3f3ff828d1aa6870c27f9c6410505e3b",
            &[&format!(
                "flake.nix:2:14: {message}: `github:NixOS/nixpkgs/nixos-26.05`"
            )],
        );
        table.texts(
            "{ outputs = { self, a }: { }; }",
            None,
            &[&format!("flake.nix:1:21: {message}")],
        );
    }
}
