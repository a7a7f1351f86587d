//! `input-end-of-life`: no input is of a release that gets no fixes any more.

use diag::Diagnostic;
use report::Stage;

use super::reference::{Track, track, with};
use super::release::{Release, month_of};
use super::view::{Input, View};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-end-of-life",
    stage: Stage::Lock,
    level: Level::Error,
    title: "No input is the branch of a release that has ended",
    why: "A release of NixOS gets fixes for seven months. After that its branch stands still: security holes stay open, \
          and `nix flake update` finds nothing new and says nothing. Projects that follow the releases end with them.",
    fix: "Move to a release that is supported, one release after the other, and read its release notes.",
    wrong: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-24.11\";",
    right: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";",
};

/// Returns the inputs whose release has ended.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for input in &view.inputs {
        let Some(Track::Release(release)) = track(&input.reference) else {
            continue;
        };
        let end = release.end();
        if end >= view.request.today {
            continue;
        }
        let (name, since) = (&input.name, month_of(end));
        let message = format!("the release {release} of the input `{name}` has had no fixes since {since}");
        let newer = supported(input, Release::newest(view.request.today));
        let hint = format!("move to a release that is supported: `{newer}`");
        found.push(RULE.found(message).at(view.span(&input.declared), "").hint(hint));
    }
    found
}

/// Returns the reference of an input at another release.
fn supported(input: &Input, release: Release) -> String {
    match input.reference.input.git_ref() {
        Ok(Some(branch)) => with(&input.reference, "ref", &release.in_branch(branch)).to_string(),
        // An archive of a channel, or a range of versions.
        _ => release.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn releases_end() {
        let check = |url: &str, expected: &[&str]| {
            Table::of(&RULE).check(&format!("a.url = \"{url}\";"), "", expected);
        };
        check("github:NixOS/nixpkgs/nixos-26.05", &[]);
        check("github:NixOS/nixpkgs/nixos-27.05", &[]);
        check("github:NixOS/nixpkgs/nixos-unstable", &[]);
        check("github:a/b", &[]);
        check("path:./nixos-24.11", &[]);
        check(
            "github:NixOS/nixpkgs/nixos-24.11",
            &[
                "flake.nix:2:14: the release 24.11 of the input `a` has had no fixes since June 2025; move to a release \
               that is supported: `github:NixOS/nixpkgs/nixos-26.05`",
            ],
        );
        check(
            "nixpkgs/nixos-25.11",
            &[
                "flake.nix:2:14: the release 25.11 of the input `a` has had no fixes since June 2026; move to a release \
               that is supported: `flake:nixpkgs/nixos-26.05`",
            ],
        );
        check(
            "https://channels.nixos.org/nixos-23.05/nixexprs.tar.xz",
            &[
                "flake.nix:2:14: the release 23.05 of the input `a` has had no fixes since December 2023; move to a \
               release that is supported: `26.05`",
            ],
        );
    }
}
