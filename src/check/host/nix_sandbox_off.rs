//! Nix builds without a sandbox.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "nix-sandbox-off",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "Nix builds in a sandbox",
    why: "Without it, a build reads the host's files and reaches the network, so that what it makes depends on the \
          host, and a package's build script can look for what it should not see.",
    fix: "Remove the line. `\"relaxed\"` lets only those builds out that ask for it. Where a container has no rights \
          to make a sandbox, waive the rule for it.",
    wrong: "nix.settings.sandbox = false;",
    right: "nix.settings.sandbox = \"relaxed\";",
};

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let path = ["nix", "settings", "sandbox"];
    if host.needed(&path)?.as_bool() != Some(false) {
        return Ok(Vec::new());
    }
    let place = host.place(&path)?;
    let diagnostic = RULE
        .found("Nix builds without a sandbox")
        .at(place, "")
        .hint("let out only builds that ask for it: `nix.settings.sandbox = \"relaxed\";`");
    let diagnostic = host.with_definer(diagnostic, &path)?;
    Ok(vec![Found::new(diagnostic).option("nix.settings.sandbox")])
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_sandbox_that_is_off_is_told() {
        check(
            super::run,
            "{ nix.settings.sandbox = false; }",
            &["host.nix:1:3: Nix builds without a sandbox"],
        );
        check(super::run, "{ nix.settings.sandbox = \"relaxed\"; }", &[]);
        check(super::run, "{ nix.settings.sandbox = true; }", &[]);
        check(super::run, "{ }", &[]);
    }
}
