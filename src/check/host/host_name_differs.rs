//! A host has another name than in the flake.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "host-name-differs",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "A host's name is that of its attribute in the flake",
    why: "`nixos-rebuild switch --flake .` takes the configuration of the host's own name, so a host that was renamed \
          in one place only gets another host's system, or none. A variant such as `web-minimal` of the host `web` \
          is not told.",
    fix: "Use one name, or waive the rule for this host in `cfgcheck.yaml`.",
    wrong: "nixosConfigurations.web = nixpkgs.lib.nixosSystem {\n  modules = [ { networking.hostName = \"www\"; } ];\n};",
    right: "nixosConfigurations.web = nixpkgs.lib.nixosSystem {\n  modules = [ { networking.hostName = \"web\"; } ];\n};",
};

const HOST_NAME: &[&str] = &["networking", "hostName"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let name = host.text(HOST_NAME)?.unwrap_or_default();
    let attribute = host.system.name().to_owned();
    // A host that takes its name from the network has none here.
    if name.is_empty() || are_alike(&attribute, &name) || !host.is_own(HOST_NAME)? {
        return Ok(Vec::new());
    }
    if let Some(fqdn) = host
        .text(&["networking", "domain"])?
        .map(|domain| format!("{name}.{domain}"))
        && attribute.eq_ignore_ascii_case(&fqdn)
    {
        return Ok(Vec::new());
    }
    let place = host.place(HOST_NAME)?;
    let diagnostic = RULE
        .found(format!(
            "the host is `{attribute}` in the flake, and calls itself `{name}`"
        ))
        .at(place, "")
        .hint("use one name, or say in cfgcheck.yaml that it is meant");
    Ok(vec![Found::new(diagnostic).option("networking.hostName")])
}

/// Whether two names are the same, or one is that of a variant of the other.
fn are_alike(attribute: &str, name: &str) -> bool {
    let (attribute, name) = (attribute.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_apart = |rest: &str, from: fn(&str) -> Option<char>| from(rest).is_none_or(|c| "-_.@".contains(c));
    let within = |long: &str, short: &str| {
        let behind = long
            .strip_prefix(short)
            .is_some_and(|rest| is_apart(rest, |rest| rest.chars().next()));
        let before = long
            .strip_suffix(short)
            .is_some_and(|rest| is_apart(rest, |rest| rest.chars().next_back()));
        behind || before
    };
    within(&attribute, &name) || within(&name, &attribute)
}

#[cfg(test)]
mod tests {
    use super::are_alike;
    use crate::host::fixture::check;

    #[test]
    fn a_host_that_calls_itself_otherwise_is_told() {
        let told = "host.nix:1:3: the host is `web` in the flake, and calls itself `www`";
        check(super::run, "{ networking.hostName = \"www\"; }", &[told]);
        check(super::run, "{ networking.hostName = \"web\"; }", &[]);
        check(super::run, "{ networking.hostName = \"\"; }", &[]);
        check(super::run, "{ }", &[]);
    }

    #[test]
    fn variants_of_a_host_have_its_name() {
        for (attribute, name, alike) in [
            ("web", "web", true),
            ("Web", "web", true),
            ("web-minimal", "web", true),
            ("nixos-web", "web", true),
            ("web.example.org", "web", true),
            ("web", "web-1", true),
            ("web2", "web", false),
            ("web", "www", false),
            ("spare", "server", false),
        ] {
            assert_eq!(are_alike(attribute, name), alike, "{attribute} {name}");
        }
    }
}
