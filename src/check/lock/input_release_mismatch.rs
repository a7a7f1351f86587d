//! `input-release-mismatch`: an input that has releases is of the release of its nixpkgs.

use diag::Diagnostic;
use report::Stage;

use super::reference::{Track, is_nixpkgs, repository, track, with};
use super::release::Release;
use super::view::{Input, View};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-release-mismatch",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "An input with a branch for each release is of the same release as the nixpkgs that it follows",
    why: "home-manager, nix-darwin and others have a branch for each release of NixOS, which is tried with that release \
          alone. With another one, options that it sets are not there or mean something else, and that shows only on \
          the hosts that use them.",
    fix: "Move both to the same release, in one commit.",
    wrong: "nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";\n\
            home-manager.url = \"github:nix-community/home-manager/release-25.11\";\n\
            home-manager.inputs.nixpkgs.follows = \"nixpkgs\";",
    right: "nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";\n\
            home-manager.url = \"github:nix-community/home-manager/release-26.05\";\n\
            home-manager.inputs.nixpkgs.follows = \"nixpkgs\";",
};

/// Repositories whose default branch is for nixpkgs' own, with how their branches for releases begin. They
/// themselves warn when they are used with another release.
const RELEASED: &[(&str, &str, &str)] = &[
    ("nix-community", "home-manager", "release-"),
    ("nix-darwin", "nix-darwin", "nix-darwin-"),
    ("LnL7", "nix-darwin", "nix-darwin-"),
    ("nix-community", "nixvim", "nixos-"),
];

/// Returns the inputs whose release is another one than that of the nixpkgs that they follow.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    view.inputs.iter().filter_map(|input| judge(view, input)).collect()
}

fn judge(view: &View<'_>, input: &Input) -> Option<Diagnostic> {
    let nixpkgs = followed(view, input)?;
    let (own, theirs) = (track(&input.reference)?, track(&nixpkgs.reference)?);
    let name = &input.name;
    let (message, hint) = match (&own, &theirs) {
        (Track::Release(own), Track::Release(theirs)) if own != theirs => {
            let message = format!("the input `{name}` is of the release {own}, and its nixpkgs of {theirs}");
            (message, at_release(input, *theirs))
        }
        (Track::Release(own), Track::Rolling(branch)) => {
            let message = format!("the input `{name}` is of the release {own}, and its nixpkgs is {branch}");
            (
                message,
                "take the default branch of it, or a nixpkgs of its release".to_owned(),
            )
        }
        (Track::Branch, Track::Release(theirs)) => {
            let prefix = released(input)?;
            let message = format!("the input `{name}` is its newest state, and its nixpkgs of the release {theirs}");
            let branch = with(&input.reference, "ref", &format!("{prefix}{theirs}"));
            (message, format!("take the branch for that release: `{branch}`"))
        }
        _ => return None,
    };
    let found = RULE.found(message).at(view.span(&input.declared), "");
    Some(found.also(view.span(&nixpkgs.declared), "its nixpkgs").hint(hint))
}

/// Returns the input of this flake that an input's nixpkgs follows.
fn followed<'v>(view: &'v View<'_>, input: &Input) -> Option<&'v Input> {
    let target = input.declared.overrides.get("nixpkgs")?.follows.as_deref()?;
    let [name] = target else { return None };
    view.input(name).filter(|found| is_nixpkgs(&found.reference))
}

/// Returns how the branches for releases of a repository begin, if it is known to have them.
fn released(input: &Input) -> Option<&'static str> {
    let (owner, repo) = repository(&input.reference)?;
    let fits =
        |(known, name, _): &&(&str, &str, &str)| known.eq_ignore_ascii_case(&owner) && name.eq_ignore_ascii_case(&repo);
    RELEASED.iter().find(fits).map(|(_, _, prefix)| *prefix)
}

fn at_release(input: &Input, release: Release) -> String {
    match input.reference.input.git_ref() {
        Ok(Some(branch)) => {
            let reference = with(&input.reference, "ref", &release.in_branch(branch));
            format!("take the same release: `{reference}`")
        }
        _ => format!("take the release {release} of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    fn check(nixpkgs: &str, url: &str, expected: &[&str]) {
        let nix = format!("n.url = \"{nixpkgs}\"; a.url = \"{url}\"; a.inputs.nixpkgs.follows = \"n\";");
        let place = format!("flake.nix:2:{}", nix.find(" a.url").unwrap() + 15);
        let expected: Vec<String> = expected.iter().map(|found| format!("{place}: {found}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        Table::of(&RULE).check(&nix, "", &expected);
    }

    #[test]
    fn releases_go_together() {
        let nixpkgs = "github:NixOS/nixpkgs/nixos-26.05";
        check(nixpkgs, "github:nix-community/home-manager/release-26.05", &[]);
        check(nixpkgs, "github:nix-community/disko", &[]);
        check(
            "github:NixOS/nixpkgs/nixos-unstable",
            "github:nix-community/home-manager",
            &[],
        );
        check("github:NixOS/nixpkgs/nixos-unstable", "github:a/b/v1", &[]);
        check("github:a/b", "github:nix-community/home-manager/release-26.05", &[]);
        check(
            nixpkgs,
            "github:nix-community/home-manager/release-25.11",
            &[
                "the input `a` is of the release 25.11, and its nixpkgs of 26.05; take the same release: \
               `github:nix-community/home-manager/release-26.05`",
            ],
        );
        check(
            "github:NixOS/nixpkgs/nixos-unstable",
            "github:nix-community/home-manager/release-26.05",
            &[
                "the input `a` is of the release 26.05, and its nixpkgs is nixos-unstable; take the default branch of \
               it, or a nixpkgs of its release",
            ],
        );
        check(
            nixpkgs,
            "github:nix-community/home-manager",
            &[
                "the input `a` is its newest state, and its nixpkgs of the release 26.05; take the branch for that \
               release: `github:nix-community/home-manager/release-26.05`",
            ],
        );
        check(
            "github:NixOS/nixpkgs/nixpkgs-26.05-darwin",
            "github:nix-darwin/nix-darwin/master",
            &[
                "the input `a` is its newest state, and its nixpkgs of the release 26.05; take the branch for that \
               release: `github:nix-darwin/nix-darwin/nix-darwin-26.05`",
            ],
        );
    }

    #[test]
    fn an_input_with_its_own_nixpkgs_is_not_judged() {
        let nix = "nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\"; a.url = \"github:a/b/release-25.11\";";
        Table::of(&RULE).check(nix, "", &[]);
    }
}
