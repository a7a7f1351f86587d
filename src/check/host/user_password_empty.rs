//! An account that anybody can log in to.

use super::reading::{Host, shown};
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "user-password-empty",
    stage: Stage::Policy,
    level: Level::Error,
    title: "No account has the empty password",
    why: "An empty password, or an empty hash of one, lets everybody in who types the user's name.",
    fix: "Give a hash that `mkpasswd` made, by a secret. To lock an account, write `hashedPassword = \"!\"`.",
    wrong: "users.users.alice.hashedPassword = \"\";",
    right: "users.users.alice.hashedPasswordFile = config.sops.secrets.alice.path;",
};

/// Options whose empty text is an empty password.
const PASSWORDS: [&str; 4] = ["hashedPassword", "password", "initialHashedPassword", "initialPassword"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let mut found = Vec::new();
    for (name, cell) in host.entries(&["users", "users"])? {
        for option in PASSWORDS {
            if host.used(cell, &[option])?.and_then(|value| value.as_string()) != Some(b"") {
                continue;
            }
            let path = ["users", "users", &name, option];
            // Images that are written to a stick, such as the installer's, are made so by nixpkgs.
            if !host.is_own(&path)? {
                continue;
            }
            let place = host.place(&path)?;
            let shown = shown(&path);
            let diagnostic = RULE
                .found(format!("`{name}` has the empty password: everybody can log in"))
                .at(place, "")
                .hint(format!(
                    "set `{}.hashedPasswordFile` to the path of a secret",
                    super::reading::shown(&path[..3])
                ));
            found.push(Found::new(diagnostic).option(shown));
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn empty_passwords_are_told() {
        let told = "host.nix:1:3: `a` has the empty password: everybody can log in";
        check(super::run, "{ users.users.a.hashedPassword = \"\"; }", &[told]);
        check(super::run, "{ users.users.a.initialPassword = \"\"; }", &[told]);
        check(super::run, "{ users.users.a.hashedPassword = \"!\"; }", &[]);
        check(super::run, "{ users.users.a.hashedPassword = null; }", &[]);
        check(super::run, "{ }", &[]);
    }
}
