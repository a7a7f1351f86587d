//! `input-not-stable`: what is to stay on a release does.

use diag::Diagnostic;
use report::Stage;

use super::reference::{Track, track};
use super::release::Release;
use super::view::View;
use crate::settings::Class;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-not-stable",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "An input that the settings call stable is the branch of a release",
    why: "Whoever wrote `stable` into the settings wants fixes and no surprises. On another branch each update may \
          change anything.",
    fix: "Name the branch of a release, or change the input's class in cfgcheck.yaml.",
    wrong: "# cfgcheck.yaml: inputs: { nixpkgs: stable }\n\
            inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-unstable\";",
    right: "# cfgcheck.yaml: inputs: { nixpkgs: stable }\n\
            inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";",
};

/// Returns the inputs that are to be stable and are not. One that names a revision is told by `input-not-rolling`.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let said = view.inputs.iter().filter(|input| input.said == Some(Class::Stable));
    let loose = said.filter(|input| {
        let track = track(&input.reference);
        matches!(track, Some(Track::Rolling(_) | Track::Branch))
    });
    let found = loose.map(|input| {
        let name = &input.name;
        let message = format!("the input `{name}` is one of those that stay on a release, and follows no release");
        let newest = Release::newest(view.request.today);
        let hint = format!("name the branch of a release, such as `nixos-{newest}` or `release-{newest}`");
        RULE.found(message).at(view.span(&input.declared), "").hint(hint)
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn only_what_is_said_to_be_stable_must_be() {
        let check = |settings: &str, url: &str, expected: &[&str]| {
            let table = Table::of(&RULE).settings(settings);
            table.check(&format!("a.url = \"{url}\";"), "", expected);
        };
        let found = "flake.nix:2:14: the input `a` is one of those that stay on a release, and follows no release; \
                     name the branch of a release, such as `nixos-26.05` or `release-26.05`";
        check("{}", "github:a/b", &[]);
        check("a: stable", "github:a/b/nixos-26.05", &[]);
        check("a: stable", "github:a/b/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05", &[]);
        check("a: stable", "path:./a", &[]);
        check("a: stable", "github:a/b", &[found]);
        check("a: stable", "github:a/b/nixos-unstable", &[found]);
    }
}
