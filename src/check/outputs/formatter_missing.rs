//! `formatter-missing`: a formatter for each system that there is a development shell for.

use diag::Diagnostic;
use nixos::Kind;
use report::Stage;

use super::{Offer, listed};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "formatter-missing",
    stage: Stage::Packages,
    level: Level::Note,
    title: "A flake with a formatter has one for each system that it has development shells for",
    why: "`nix fmt` fails on a system without a formatter. Who works there commits as the editor left it, and the next \
          one who formats changes lines of others.",
    fix: "Make shells and formatter for the same list of systems.",
    wrong: "devShells = lib.genAttrs systems (system: …);\nformatter.x86_64-linux = …;",
    right: "devShells = lib.genAttrs systems (system: …);\nformatter = lib.genAttrs systems (system: …);",
};

/// Returns the systems that lack a formatter; `None` if the flake has none at all.
pub(super) fn run(offer: &Offer<'_>) -> Option<Vec<Diagnostic>> {
    let (systems, span) = offer.lacks(Kind::DevShell, Kind::Formatter)?;
    if systems.is_empty() {
        return Some(Vec::new());
    }
    let message = format!(
        "there are development shells for {}, and no formatter",
        listed(&systems)
    );
    let hint = "name a formatter for all systems: `nixpkgs.lib.genAttrs systems (system: …)`";
    Some(vec![RULE.found(message).at(span, "").hint(hint)])
}
