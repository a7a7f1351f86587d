//! Two hosts have the same identity for ZFS.

use super::{Fact, Shared};
use crate::host::{Found, Host, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "host-id-shared",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "A host's `networking.hostId` is its own",
    why: "ZFS keeps with a pool the identity of the host that uses it, so that no other host takes the pool while it \
          is in use. With one identity for two hosts that protection is gone.",
    fix: "Give each host an identity of its own: `head -c4 /dev/urandom | od -A none -t x4`.",
    wrong: "# hosts/web.nix and hosts/mail.nix\nnetworking.hostId = \"8425e349\";",
    right: "# hosts/web.nix\nnetworking.hostId = \"8425e349\";\n# hosts/mail.nix\nnetworking.hostId = \"0b1f77ac\";",
};

const HOST_ID: &[&str] = &["networking", "hostId"];

/// Returns the identity of a host.
pub(super) fn facts(host: &mut Host<'_>) -> Result<Vec<Fact>, Stop> {
    let id = host.text(HOST_ID)?;
    let place = host.quick_place(HOST_ID)?;
    let fact = id.map(|value| Fact {
        value,
        option: HOST_ID.iter().map(|&name| name.to_owned()).collect(),
        place,
    });
    Ok(fact.into_iter().collect())
}

/// Returns the finding on an identity that another host has.
pub(super) fn found(host: &mut Host<'_>, shared: &Shared<'_>) -> Result<Found, Stop> {
    let place = host.place(HOST_ID)?;
    let diagnostic = RULE
        .found(format!(
            "`{}` is also the hostId of the host `{}`",
            shared.fact.value, shared.other
        ))
        .at(place, "")
        .hint("give this host one of its own: `head -c4 /dev/urandom | od -A none -t x4`");
    Ok(Found::new(diagnostic).option("networking.hostId"))
}
