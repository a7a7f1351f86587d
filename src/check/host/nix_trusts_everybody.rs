//! Everybody may tell Nix what to do as root.

use super::reading::{Host, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "nix-trusts-everybody",
    stage: Stage::Policy,
    level: Level::Error,
    title: "Nix trusts administrators only",
    why: "Users whom the Nix daemon trusts may put any path into the store and switch the sandbox off, which makes \
          them root. With `*`, or the group that everybody is in, each account is root, also that of a service.",
    fix: "Trust the group `wheel`, or nobody but root.",
    wrong: "nix.settings.trusted-users = [ \"root\" \"*\" ];",
    right: "nix.settings.trusted-users = [ \"root\" \"@wheel\" ];",
};

/// What stands for everybody.
const EVERYBODY: [&str; 2] = ["*", "@users"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let path = ["nix", "settings", "trusted-users"];
    let trusted = host.needed(&path)?;
    for &cell in host.ev.elements(trusted) {
        let Some(who) = text_of(host.force(cell)?).filter(|who| EVERYBODY.contains(&who.as_str())) else {
            continue;
        };
        let place = host.place(&path)?;
        let diagnostic = RULE
            .found(format!(
                "the Nix daemon trusts `{who}`: every account can become root by it"
            ))
            .at(place, "")
            .hint("trust administrators only: `nix.settings.trusted-users = [ \"root\" \"@wheel\" ];`");
        return Ok(vec![Found::new(diagnostic).option("nix.settings.trusted-users")]);
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn trust_in_everybody_is_told() {
        let told =
            |who: &str| format!("host.nix:1:3: the Nix daemon trusts `{who}`: every account can become root by it");
        check(super::run, "{ nix.settings.trusted-users = [ \"*\" ]; }", &[&told("*")]);
        check(
            super::run,
            "{ nix.settings.trusted-users = [ \"root\" \"@users\" ]; }",
            &[&told("@users")],
        );
        check(
            super::run,
            "{ nix.settings.trusted-users = [ \"root\" \"@wheel\" \"alice\" ]; }",
            &[],
        );
        check(super::run, "{ }", &[]);
    }
}
