//! The firewall is off.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "firewall-disabled",
    stage: Stage::Policy,
    level: Level::Error,
    title: "The firewall is on",
    why: "Without it, whatever listens on the host can be reached from everywhere, also what is only meant for \
          the host itself and what the next update starts to listen on.",
    fix: "Remove the line, and open the ports that are needed. A host that is filtered by rules of its own in \
          `networking.nftables`, or by firewalld, is not told.",
    wrong: "networking.firewall.enable = false;",
    right: "networking.firewall.allowedTCPPorts = [ 80 443 ];",
};

const ENABLE: &[&str] = &["networking", "firewall", "enable"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    if host.needed(ENABLE)?.as_bool() != Some(false) || is_filtered(host)? {
        return Ok(Vec::new());
    }
    let place = host.place(ENABLE)?;
    let diagnostic = RULE
        .found("the firewall is off")
        .at(place, "")
        .hint("open the ports that are needed: `networking.firewall.allowedTCPPorts = [ … ];`");
    let diagnostic = host.with_definer(diagnostic, ENABLE)?;
    Ok(vec![Found::new(diagnostic).option("networking.firewall.enable")])
}

/// Whether something else than NixOS's firewall filters what reaches the host.
fn is_filtered(host: &mut Host<'_>) -> Result<bool, Stop> {
    if host.is_on(&["services", "firewalld", "enable"])? || host.is_on(&["wsl", "enable"])? {
        return Ok(true);
    }
    if !host.is_on(&["networking", "nftables", "enable"])? {
        return Ok(false);
    }
    let has_rules = host
        .text(&["networking", "nftables", "ruleset"])?
        .is_some_and(|rules| !rules.trim().is_empty());
    let has_file = host
        .value(&["networking", "nftables", "rulesetFile"])?
        .is_some_and(|file| file.tag() != eval::Tag::Null);
    Ok(has_rules || has_file || !host.entries(&["networking", "nftables", "tables"])?.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_firewall_that_is_off_is_told_where_that_is_said() {
        let off = "host.nix:1:3: the firewall is off";
        check(super::run, "{ networking.firewall.enable = false; }", &[off]);
        check(super::run, "{ }", &[]);
        check(super::run, "{ networking.firewall.enable = true; }", &[]);
        let own = "{ networking.firewall.enable = false; networking.nftables = { enable = true; ruleset = \"table x { }\"; }; }";
        check(super::run, own, &[]);
        let empty = "{ networking.firewall.enable = false; networking.nftables.enable = true; }";
        check(super::run, empty, &[off]);
        check(
            super::run,
            "{ networking.firewall.enable = false; services.firewalld.enable = true; }",
            &[],
        );
    }
}
