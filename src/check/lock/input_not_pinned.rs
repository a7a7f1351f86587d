//! `input-not-pinned`: what is to stay where it is names a revision.

use diag::Diagnostic;
use report::Stage;

use super::reference::{Track, track, with};
use super::view::{Input, View};
use crate::settings::Class;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-not-pinned",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "An input that the settings call pinned names its revision or tag in flake.nix",
    why: "Without one, the lock alone holds the input in its place, and the next `nix flake update` moves it together \
          with all others, though somebody had decided that it is moved by hand.",
    fix: "Write the revision that was tried into the address.",
    wrong: "# cfgcheck.yaml: inputs: { hyprland: pinned }\ninputs.hyprland.url = \"github:hyprwm/Hyprland\";",
    right: "# cfgcheck.yaml: inputs: { hyprland: pinned }\n\
            inputs.hyprland.url = \"github:hyprwm/Hyprland/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05\";",
};

/// Returns the inputs that are to be pinned and are not.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let said = view.inputs.iter().filter(|input| input.said == Some(Class::Pinned));
    let loose = said.filter(|input| track(&input.reference).is_some_and(|track| track != Track::Fixed));
    let found = loose.map(|input| {
        let name = &input.name;
        let message = format!("the input `{name}` is one of those that name a revision, and names none");
        let found = RULE.found(message).at(view.span(&input.declared), "");
        match locked(view, input) {
            Some(reference) => found.hint(format!("name the revision that was tried: `{reference}`")),
            None => found.hint("name the revision that was tried"),
        }
    });
    found.collect()
}

/// Returns the reference of an input with the revision that it is locked to.
fn locked(view: &View<'_>, input: &Input) -> Option<String> {
    let (_, _, entry) = view.locked().find(|(known, ..)| known.name == input.name)?;
    let rev = entry.locked.input.rev().ok()??;
    Some(with(&input.reference, "rev", &rev.to_string()).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn what_is_said_to_be_pinned_names_a_revision() {
        let check = |settings: &str, url: &str, lock: &str, expected: &[&str]| {
            let table = Table::of(&RULE).settings(settings);
            table.check(&format!("a.url = \"{url}\";"), lock, expected);
        };
        let message = "flake.nix:2:14: the input `a` is one of those that name a revision, and names none; name the \
                       revision that was tried";
        check("{}", "github:a/b", "", &[]);
        check(
            "a: pinned",
            "github:a/b/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05",
            "",
            &[],
        );
        check("a: pinned", "github:a/b/v1.0", "", &[]);
        check("a: pinned", "path:./a", "", &[]);
        check("a: pinned", "github:a/b", "", &[message]);
        check(
            "a: pinned",
            "github:a/b/main",
            "a = github:a/b/main",
            &[&format!(
                "{message}: `github:a/b/5c52261a3f3ff828d1aa6870c27f9c6410505e3b`"
            )],
        );
        check("a: pinned", "github:a/b", "a = github:a/c", &[message]);
    }
}
