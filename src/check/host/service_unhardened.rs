//! A service of the user's own runs as root, and nothing holds it back.

use super::reading::{Host, shown, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use eval::{Ref, Tag, Val};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "service-unhardened",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "A service of one's own gives away what it does not need",
    why: "A service runs as root unless it is told otherwise, and a hole in it is one in the host. systemd can take away \
          what a service does not need by a few lines. The rule looks at services that your own files define and that \
          go on running; those of nixpkgs, and jobs that end, are not told.",
    fix: "Begin with `DynamicUser`, `ProtectSystem = \"strict\"`, `ProtectHome`, `PrivateTmp` and `NoNewPrivileges`, and \
          look at `systemd-analyze security NAME`. One of them is enough for this rule.",
    wrong: "systemd.services.wiki = {\n  wantedBy = [ \"multi-user.target\" ];\n  serviceConfig.ExecStart = \"…/bin/wiki\";\n};",
    right: "systemd.services.wiki = {\n  wantedBy = [ \"multi-user.target\" ];\n  serviceConfig = {\n    ExecStart = \"…/bin/wiki\";\n    \
            DynamicUser = true;\n    ProtectSystem = \"strict\";\n    ProtectHome = true;\n    NoNewPrivileges = true;\n  };\n};",
};

/// Settings that take something from a service, as systemd.exec(5) has them.
const PROTECTIONS: [&str; 44] = [
    "AmbientCapabilities",
    "BindPaths",
    "BindReadOnlyPaths",
    "CapabilityBoundingSet",
    "DevicePolicy",
    "IPAddressDeny",
    "InaccessiblePaths",
    "KeyringMode",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "NoExecPaths",
    "NoNewPrivileges",
    "PrivateBPF",
    "PrivateDevices",
    "PrivateIPC",
    "PrivateMounts",
    "PrivateNetwork",
    "PrivatePIDs",
    "PrivateTmp",
    "PrivateUsers",
    "ProcSubset",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
    "ReadOnlyPaths",
    "RemoveIPC",
    "RestrictAddressFamilies",
    "RestrictFileSystems",
    "RestrictNamespaces",
    "RestrictNetworkInterfaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "RootDirectory",
    "RootImage",
    "SecureBits",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "TemporaryFileSystem",
];

const SERVICES: &[&str] = &["systemd", "services"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let authors = host.authors(SERVICES)?;
    let mut found = Vec::new();
    for (name, cell) in host.entries(SERVICES)? {
        let own = authors.get(&name).is_some_and(|authors| authors.own && !authors.others);
        // A template is a pattern for services, and its name ends so.
        if !own || name.contains('@') || !is_open(host, cell)? {
            continue;
        }
        let place = host.place(&[SERVICES, &[&name]].concat())?;
        let path = shown(&[SERVICES, &[&name, "serviceConfig"]].concat());
        let diagnostic = RULE
            .found(format!("the service `{name}` runs as root without any of systemd's protections"))
            .at(place, "")
            .hint(format!(
                "begin with `DynamicUser`, `ProtectSystem = \"strict\"`, `ProtectHome`, `PrivateTmp` and `NoNewPrivileges`, and look at `systemd-analyze security {name}`"
            ));
        found.push(Found::new(diagnostic).option(path));
    }
    Ok(found)
}

/// Whether a service is one that goes on running as root, with nothing taken from it.
fn is_open(host: &mut Host<'_>, service: Ref) -> Result<bool, Stop> {
    if host.used(service, &["enable"])?.and_then(Val::as_bool) == Some(false) {
        return Ok(false);
    }
    let Some(config) = host.used(service, &["serviceConfig"])? else {
        return Ok(false);
    };
    // What a package brings and the host only changes has no start of its own here.
    if host
        .below(config, &["ExecStart"])?
        .is_none_or(|start| !is_set(host, start))
    {
        return Ok(false);
    }
    let kind = host.below(config, &["Type"])?.and_then(text_of);
    if kind.is_some_and(|kind| kind == "oneshot") {
        return Ok(false);
    }
    let user = host.below(config, &["User"])?.and_then(text_of);
    if user.is_some_and(|user| !["", "root", "0"].contains(&user.as_str()))
        || host.below(config, &["DynamicUser"])?.is_some_and(is_true)
    {
        return Ok(false);
    }
    for setting in PROTECTIONS {
        if host.below(config, &[setting])?.is_some_and(|value| is_set(host, value)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a setting is given: not to the value that means none.
fn is_set(host: &Host<'_>, value: Val) -> bool {
    match value.tag() {
        Tag::Null => false,
        Tag::Bool => value.as_bool() == Some(true),
        Tag::List => !host.ev.elements(value).is_empty(),
        // The empty text takes all capabilities away, or starts nothing; words for no switch protection off.
        Tag::String => !matches!(value.as_string(), Some(b"no" | b"false" | b"off" | b"0")),
        _ => true,
    }
}

fn is_true(value: Val) -> bool {
    value.as_bool() == Some(true) || matches!(value.as_string(), Some(b"yes" | b"true" | b"on" | b"1"))
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_service_that_keeps_all_is_told() {
        let told = "host.nix:1:3: the service `wiki` runs as root without any of systemd's protections";
        let service = |more: &str| {
            format!("{{ systemd.services.wiki.serviceConfig = {{ ExecStart = \"/bin/wiki\"; {more} }}; }}")
        };
        check(super::run, &service(""), &[told]);
        check(
            super::run,
            &service("User = \"root\"; PrivateTmp = false; ProtectSystem = \"no\";"),
            &[told],
        );
        for more in [
            "User = \"wiki\";",
            "DynamicUser = true;",
            "DynamicUser = \"yes\";",
            "NoNewPrivileges = true;",
            "ProtectSystem = \"strict\";",
            "CapabilityBoundingSet = \"\";",
            "ReadOnlyPaths = [ \"/\" ];",
            "Type = \"oneshot\";",
        ] {
            check(super::run, &service(more), &[]);
        }
    }

    #[test]
    fn services_of_others_templates_and_changes_are_not_told() {
        check(
            super::run,
            "{ systemd.services.nginx.serviceConfig.Restart = \"always\"; services.nginx.enable = true; }",
            &[],
        );
        check(
            super::run,
            "{ systemd.services.\"wiki@\".serviceConfig.ExecStart = \"/bin/wiki\"; }",
            &[],
        );
        check(
            super::run,
            "{ systemd.services.udisks2.serviceConfig.Restart = \"always\"; }",
            &[],
        );
        check(
            super::run,
            "{ systemd.services.wiki = { enable = false; serviceConfig.ExecStart = \"/bin/wiki\"; }; }",
            &[],
        );
        check(super::run, "{ }", &[]);
    }
}
