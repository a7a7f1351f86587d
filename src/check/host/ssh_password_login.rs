//! A password is enough to log in over SSH.

use super::reading::Host;
use super::user_without_password::has_password;
use super::{Found, Stop};
use crate::{Level, Rule};
use eval::Val;
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "ssh-password-login",
    stage: Stage::Policy,
    level: Level::Error,
    title: "SSH takes keys and no passwords",
    why: "Passwords can be guessed, and each host on the internet is tried all day. NixOS takes passwords unless \
          it is told not to. Where no user has a password, and none can get one, there is nothing to guess.",
    fix: "Give the users keys (`users.users.NAME.openssh.authorizedKeys.keys`), then set \
          `PasswordAuthentication = false`.",
    wrong: "services.openssh.enable = true;",
    right: "services.openssh = {\n  enable = true;\n  settings.PasswordAuthentication = false;\n};",
};

const ENABLE: &[&str] = &["services", "openssh", "enable"];
const SETTINGS: &[&str] = &["services", "openssh", "settings"];
const PASSWORD: &str = "PasswordAuthentication";
/// Asks for the password in another way.
const INTERACTIVE: &str = "KbdInteractiveAuthentication";

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    if !host.is_on(ENABLE)? || host.value(SETTINGS)?.is_none() {
        return Ok(Vec::new());
    }
    let path = |name: &'static str| [SETTINGS, &[name]].concat();
    let asked = if host.is_on(&path(PASSWORD))? {
        PASSWORD
    } else if asks_interactively(host)? {
        INTERACTIVE
    } else {
        return Ok(Vec::new());
    };
    if !can_have_password(host)? {
        return Ok(Vec::new());
    }
    let path = path(asked);
    // What nobody has written is the default of the one that was switched on.
    let place = if host.is_own(&path)? {
        host.place(&path)?
    } else {
        host.place(ENABLE)?
    };
    let option = path.join(".");
    let diagnostic = RULE
        .found("a password is enough to log in over SSH")
        .at(place, "")
        .hint(format!("log in with keys: `{option} = false;`"));
    Ok(vec![Found::new(diagnostic).option(option)])
}

/// Whether the other way of asking ends at the users' passwords; PAM is told by NixOS not to look at them
/// where SSH takes none.
fn asks_interactively(host: &mut Host<'_>) -> Result<bool, Stop> {
    let asks = host.value(&[SETTINGS, &[INTERACTIVE]].concat())?.and_then(Val::as_bool);
    Ok(asks == Some(true) && host.is_on(&["security", "pam", "services", "sshd", "unixAuth"])?)
}

/// Whether a user has a password or can be given one.
fn can_have_password(host: &mut Host<'_>) -> Result<bool, Stop> {
    if host.value(&["users", "mutableUsers"])?.and_then(Val::as_bool) != Some(false) {
        return Ok(true);
    }
    for (_, cell) in host.entries(&["users", "users"])? {
        if has_password(host, cell)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn passwords_are_told_where_they_are_allowed() {
        let told = |place: &str| format!("{place}: a password is enough to log in over SSH");
        let set = "{ services.openssh = { enable = true; settings.PasswordAuthentication = true; }; }";
        check(super::run, set, &[&told("host.nix:1:39")]);
        check(
            super::run,
            "{ services.openssh.enable = true; }",
            &[&told("host.nix:1:3")],
        );
        check(
            super::run,
            "{ services.openssh.settings.PasswordAuthentication = true; }",
            &[],
        );
        let keys = "services.openssh.enable = true; services.openssh.settings.PasswordAuthentication = false;";
        check(super::run, &format!("{{ {keys} }}"), &[]);
        let pam = format!("{{ {keys} security.pam.services.sshd.unixAuth = true; }}");
        check(super::run, &pam, &[&told("host.nix:1:3")]);
    }

    #[test]
    fn where_nobody_can_have_a_password_there_is_none_to_guess() {
        let fixed = "services.openssh.enable = true; users.mutableUsers = false;";
        check(
            super::run,
            &format!("{{ {fixed} users.users.a.openssh.authorizedKeys.keys = [ \"k\" ]; }}"),
            &[],
        );
        let told = "host.nix:1:3: a password is enough to log in over SSH";
        check(
            super::run,
            &format!("{{ {fixed} users.users.a.hashedPasswordFile = \"/f\"; }}"),
            &[told],
        );
    }
}
