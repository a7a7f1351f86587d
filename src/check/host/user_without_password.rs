//! A user has no way to log in.

use super::reading::{Host, shown, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use eval::{Ref, Tag, Val};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "user-without-password",
    stage: Stage::Policy,
    level: Level::Error,
    title: "Each person's account can be logged in to",
    why: "With `users.mutableUsers = false` accounts are only what the configuration says, and `passwd` changes \
          nothing that lasts. A user without password and key is locked out by the next switch.",
    fix: "Give the account a password by a secret, or a key.",
    wrong: "users.mutableUsers = false;\nusers.users.bob.isNormalUser = true;",
    right: "users.mutableUsers = false;\nusers.users.bob = {\n  isNormalUser = true;\n  \
            hashedPasswordFile = config.sops.secrets.bob.path;\n};",
};

/// Options of a user that give a password.
const PASSWORDS: [&str; 6] = [
    "hashedPassword",
    "hashedPasswordFile",
    "initialHashedPassword",
    "initialPassword",
    "password",
    "passwordFile",
];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    if host.needed(&["users", "mutableUsers"])?.as_bool() != Some(false)
        || host.is_on(&["users", "allowNoPasswordLogin"])?
    {
        return Ok(Vec::new());
    }
    let logged_in = [
        host.text(&["services", "displayManager", "autoLogin", "user"])?,
        host.text(&["services", "getty", "autologinUser"])?,
        host.text(&["services", "greetd", "settings", "initial_session", "user"])?,
    ];
    let mut found = Vec::new();
    for (name, cell) in host.entries(&["users", "users"])? {
        let on = |host: &mut Host<'_>, option: &str| -> Result<Option<bool>, Stop> {
            Ok(host.used(cell, &[option])?.and_then(Val::as_bool))
        };
        if on(host, "isNormalUser")? != Some(true)
            || on(host, "enable")? == Some(false)
            || logged_in.contains(&Some(name.clone()))
            || has_password(host, cell)?
            || has_key(host, cell)?
        {
            continue;
        }
        let path = ["users", "users", &name];
        let place = host.place(&path)?;
        let shown = shown(&path);
        let diagnostic = RULE
            .found(format!(
                "`{name}` has neither a password nor a key, and with `users.mutableUsers = false` nobody can give him one"
            ))
            .at(place, "")
            .hint(format!("set `{shown}.hashedPasswordFile` to the path of a secret"));
        found.push(Found::new(diagnostic).option(shown));
    }
    Ok(found)
}

/// Whether a user is given a password.
pub(super) fn has_password(host: &mut Host<'_>, user: Ref) -> Result<bool, Stop> {
    for option in PASSWORDS {
        let given = host.used(user, &[option])?;
        if given.is_some_and(|given| given.tag() != Tag::Null && !is_locked(given)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a hash is one that no password has.
fn is_locked(hash: Val) -> bool {
    text_of(hash).is_some_and(|hash| hash.starts_with(['!', '*']))
}

fn has_key(host: &mut Host<'_>, user: Ref) -> Result<bool, Stop> {
    for list in ["keys", "keyFiles"] {
        let keys = host.used(user, &["openssh", "authorizedKeys", list])?;
        if keys.is_some_and(|keys| !host.ev.elements(keys).is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_user_who_cannot_log_in_is_told() {
        let told = "host.nix:1:31: `bob` has neither a password nor a key, and with `users.mutableUsers = false` nobody can give him one";
        let user = |more: &str| {
            format!("{{ users.mutableUsers = false; users.users.bob = {{ isNormalUser = true; {more} }}; }}")
        };
        check(super::run, &user(""), &[told]);
        check(super::run, &user("hashedPassword = \"!\";"), &[told]);
        for more in [
            "hashedPasswordFile = \"/f\";",
            "initialPassword = \"x\";",
            "openssh.authorizedKeys.keys = [ \"k\" ];",
        ] {
            check(super::run, &user(more), &[]);
        }
        check(super::run, "{ users.users.bob.isNormalUser = true; }", &[]);
        check(
            super::run,
            "{ users.mutableUsers = false; users.users.bob.isNormalUser = false; }",
            &[],
        );
        check(
            super::run,
            "{ users = { mutableUsers = false; allowNoPasswordLogin = true; users.bob.isNormalUser = true; }; }",
            &[],
        );
        check(
            super::run,
            "{ services.getty.autologinUser = \"bob\"; users = { mutableUsers = false; users.bob.isNormalUser = true; }; }",
            &[],
        );
    }
}
