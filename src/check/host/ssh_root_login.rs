//! Root may log in over SSH.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "ssh-root-login",
    stage: Stage::Policy,
    level: Level::Error,
    title: "Root does not log in over SSH with a password",
    why: "`PermitRootLogin = \"yes\"` lets anybody try passwords of the one account that every host has and that \
          may do everything. `prohibit-password`, which is the default, takes keys only.",
    fix: "Log in as a user of your own and use sudo, or leave root its keys with `prohibit-password`.",
    wrong: "services.openssh.settings.PermitRootLogin = \"yes\";",
    right: "services.openssh.settings.PermitRootLogin = \"no\";",
};

const PERMIT: &[&str] = &["services", "openssh", "settings", "PermitRootLogin"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    if !host.is_on(&["services", "openssh", "enable"])? {
        return Ok(Vec::new());
    }
    // Before the settings were a set, the option stood beside them.
    let old: &[&str] = &["services", "openssh", "permitRootLogin"];
    let path = if host.value(&PERMIT[..3])?.is_some() {
        PERMIT
    } else {
        old
    };
    if host.text(path)?.is_none_or(|permitted| permitted != "yes") {
        return Ok(Vec::new());
    }
    let place = host.place(path)?;
    let option = path.join(".");
    let diagnostic = RULE.found("root may log in over SSH").at(place, "").hint(format!(
        "log in as a user of your own and use sudo: `{option} = \"no\";`"
    ));
    let diagnostic = host.with_definer(diagnostic, path)?;
    Ok(vec![Found::new(diagnostic).option(option)])
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn root_with_a_password_is_told_and_with_a_key_is_not() {
        let with = |value: &str, enabled: bool| {
            format!("{{ services.openssh = {{ enable = {enabled}; settings.PermitRootLogin = {value}; }}; }}")
        };
        let told = "host.nix:1:39: root may log in over SSH";
        check(super::run, &with("\"yes\"", true), &[told]);
        check(super::run, &with("\"yes\"", false), &[]);
        for fine in [
            "\"no\"",
            "\"prohibit-password\"",
            "\"without-password\"",
            "\"forced-commands-only\"",
            "null",
        ] {
            check(super::run, &with(fine, true), &[]);
        }
        check(super::run, "{ services.openssh.enable = true; }", &[]);
    }
}
