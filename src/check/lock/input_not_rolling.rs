//! `input-not-rolling`: what is to move can move.

use diag::Diagnostic;
use report::Stage;

use super::reference::{Track, track};
use super::view::View;
use crate::settings::Class;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-not-rolling",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "An input that the settings call stable, rolling or latest names no revision",
    why: "An input that names a revision or a tag is never moved by `nix flake update`, which says nothing about it. It \
          was mostly written down to get around a fault of one day, and then forgotten.",
    fix: "Name the branch in place of the revision; or call the input `pinned` in cfgcheck.yaml if it is to stay.",
    wrong: "# cfgcheck.yaml: inputs: { nixpkgs-unstable: rolling }\n\
            inputs.nixpkgs-unstable.url = \"github:NixOS/nixpkgs/c405fd1117e8f4f85f4c194257fc9ca62d7dffd3\";",
    right: "# cfgcheck.yaml: inputs: { nixpkgs-unstable: rolling }\n\
            inputs.nixpkgs-unstable.url = \"github:NixOS/nixpkgs/nixos-unstable\";",
};

/// Returns the inputs that are to move and cannot.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for input in &view.inputs {
        let moving = input.said.filter(|class| *class != Class::Pinned);
        let (Some(_), Some(Track::Fixed)) = (moving, track(&input.reference)) else {
            continue;
        };
        let name = &input.name;
        let what = if input.reference.input.attrs().contains("rev") {
            "a revision"
        } else {
            "a version"
        };
        let message = format!("the input `{name}` is one of those that move, and names {what}");
        let hint = "name the branch that it is to follow";
        found.push(RULE.found(message).at(view.span(&input.declared), "").hint(hint));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn what_is_said_to_move_names_no_revision() {
        let check = |settings: &str, url: &str, expected: &[&str]| {
            let table = Table::of(&RULE).settings(settings);
            table.check(&format!("a.url = \"{url}\";"), "", expected);
        };
        let rev = "github:a/b/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05";
        let found = "flake.nix:2:14: the input `a` is one of those that move, and names a revision; name the branch \
                     that it is to follow";
        check("{}", rev, &[]);
        check("a: pinned", rev, &[]);
        check("a: rolling", "github:a/b", &[]);
        check("a: rolling", rev, &[found]);
        check("a: stable", rev, &[found]);
        check(
            "a: latest",
            "github:a/b/v2.0",
            &[&found.replace("a revision", "a version")],
        );
    }
}
