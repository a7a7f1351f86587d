//! A removed option is defined.

use crate::{Level, Rule};
use report::Stage;

/// The rule. Its findings are those of assertions, which the case of the host's evaluation has.
pub const RULE: Rule = Rule {
    id: "option-removed",
    stage: Stage::Modules,
    level: Level::Error,
    title: "No option is defined that was removed",
    why: "NixOS keeps the names of removed options to tell what took their place, and refuses to evaluate a host that \
          still defines one.",
    fix: "Remove the definition, and follow what the message says in its place.",
    wrong: "sound.enable = true;",
    right: "services.pipewire.enable = true;",
};

/// Returns the option that an assertion says to be removed.
pub(super) fn removed(message: &str) -> Option<&str> {
    let rest = message.trim().strip_prefix("The option definition `")?;
    let (option, rest) = rest.split_once("' in ")?;
    rest.contains(" no longer has any effect").then_some(option)
}

#[cfg(test)]
mod tests {
    use super::removed;

    #[test]
    fn assertions_on_removed_options_are_recognised() {
        let check = |message: &str, option: Option<&str>| assert_eq!(removed(message), option, "{message}");
        check(
            "The option definition `sound.enable' in `/f.nix' no longer has any effect; please remove it.\nIt was heavy.\n",
            Some("sound.enable"),
        );
        check("The option definition `sound.enable' in `/f.nix' is wrong", None);
        check("sound.enable no longer has any effect", None);
    }
}
