//! `dev-shell-missing`: a development shell for each system that there are packages for.

use diag::Diagnostic;
use nixos::Kind;
use report::Stage;

use super::{Offer, listed};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "dev-shell-missing",
    stage: Stage::Packages,
    level: Level::Warning,
    title: "A flake with development shells has one for each system that it has packages for",
    why: "`nix develop` fails on a system without a shell, for whoever works on another machine than the author: mostly \
          it was written for one system, and the packages for several.",
    fix: "Make shells and packages for the same list of systems.",
    wrong: "packages = lib.genAttrs [ \"x86_64-linux\" \"aarch64-linux\" ] (system: …);\n\
            devShells.x86_64-linux.default = …;",
    right: "packages = lib.genAttrs systems (system: …);\ndevShells = lib.genAttrs systems (system: …);",
};

/// Returns the systems that lack a shell; `None` if the flake has no shells.
pub(super) fn run(offer: &Offer<'_>) -> Option<Vec<Diagnostic>> {
    let (systems, span) = offer.lacks(Kind::Package, Kind::DevShell)?;
    if systems.is_empty() {
        return Some(Vec::new());
    }
    let message = format!("there are packages for {}, and no development shell", listed(&systems));
    let hint = "make the shells for all systems: `nixpkgs.lib.genAttrs systems (system: …)`";
    Some(vec![RULE.found(message).at(span, "").hint(hint)])
}
