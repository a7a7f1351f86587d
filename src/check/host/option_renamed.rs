//! The old name of an option is used.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use nixos::diagnose::configuration_warning;
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "option-renamed",
    stage: Stage::Modules,
    level: Level::Warning,
    title: "Options are defined by the names that they have now",
    why: "The old name of an option works for some releases and is removed then; from that day on the host does not \
          evaluate.",
    fix: "Write the new name, which the message tells. Where the type changed as well, read the new option's \
          description first.",
    wrong: "services.openssh.passwordAuthentication = false;",
    right: "services.openssh.settings.PasswordAuthentication = false;",
};

/// The words of NixOS's warnings between an option and what became of it.
const RENAMED: [&str; 2] = [" has been renamed to `", " has been changed to `"];

/// Returns the options that a warning says to be renamed, old and new.
pub(super) fn renamed(warning: &str) -> Option<(&str, &str)> {
    let rest = warning.trim().strip_prefix("The option `")?;
    let (old, rest) = rest.split_once("' defined in ")?;
    let new = RENAMED.iter().find_map(|words| rest.split_once(words))?.1;
    Some((old, new.split_once('\'')?.0))
}

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let judged = host.judged;
    let mut found = Vec::new();
    for warning in &judged.warnings {
        let Some((old, new)) = renamed(&warning.text) else {
            continue;
        };
        let mut diagnostic = configuration_warning(host.ev, &warning.text, &host.view).rule(RULE.id);
        if diagnostic.labels.is_empty() {
            let place = host.place_of(old)?;
            diagnostic = diagnostic.at(place, "it is about this definition");
        }
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic.hint(format!("look at the description of `{new}`, and define it instead"));
        }
        found.push(Found::new(diagnostic).option(old));
    }
    host.if_whole(found)
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn warnings_of_renamed_options_are_recognised() {
        let check = |warning: &str, options: Option<(&str, &str)>| assert_eq!(renamed(warning), options, "{warning}");
        check(
            "The option `a.b' defined in `/f.nix' has been renamed to `c.d'.",
            Some(("a.b", "c.d")),
        );
        check(
            "The option `a.b' defined in `/f.nix' has been changed to `c' that has a different type. Please read `c' documentation and update your configuration accordingly.",
            Some(("a.b", "c")),
        );
        check("The option `a.b' defined in `/f.nix' is odd", None);
        check("a.b has been renamed to `c'", None);
        check("", None);
    }
}
