//! A host does not say which release it was installed with.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "state-version-missing",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "A host says which release it was installed with",
    why: "Services keep their data as the release that they were installed with did it. Without \
          `system.stateVersion` that is always the newest release, so that an update may start a database of the next \
          version on the data of the last one.",
    fix: "Set it to the release that the machine was installed with, and leave it.",
    wrong: "{\n  networking.hostName = \"web\";\n}",
    right: "{\n  networking.hostName = \"web\";\n  system.stateVersion = \"26.05\";\n}",
};

const STATE_VERSION: &[&str] = &["system", "stateVersion"];

/// The words of NixOS's own warning of the same.
pub(super) const WARNING: &str = "system.stateVersion is not set";

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    if host
        .is_set(STATE_VERSION)?
        .ok_or_else(|| Stop::Skipped("the host has no option `system.stateVersion`".into()))?
    {
        return Ok(Vec::new());
    }
    let release = host
        .text(&["system", "nixos", "release"])?
        .unwrap_or_else(|| "YY.MM".into());
    let place = host.system.place(host.ev);
    let diagnostic = RULE
        .found("the host has no `system.stateVersion`: after an update, services may take their old data for that of the new release")
        .at(place, "")
        .hint(format!("set it to the release that the machine was installed with: `system.stateVersion = \"{release}\";`"));
    Ok(vec![Found::new(diagnostic).option("system.stateVersion")])
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_host_without_a_state_version_is_told_where_the_flake_has_it() {
        let told = "flake.nix:4:3: the host has no `system.stateVersion`: after an update, services may take their old data for that of the new release";
        check(super::run, "{ }", &[told]);
        check(super::run, "{ system.stateVersion = \"26.05\"; }", &[]);
        check(
            super::run,
            "{ lib, ... }: { system.stateVersion = lib.mkDefault \"26.05\"; }",
            &[],
        );
    }
}
