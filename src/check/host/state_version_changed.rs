//! The state version was moved along with an update.

use super::reading::{Host, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use eval::Evaluator;
use eval::error::Eval;
use nixos::{Reading, System};
use report::Stage;
use serde::{Deserialize, Serialize};

/// The rule.
pub const RULE: Rule = Rule {
    id: "state-version-changed",
    stage: Stage::Policy,
    level: Level::Error,
    title: "A host's state version stays what it was",
    why: "`system.stateVersion` is the release that the machine was installed with, whatever runs on it now. Services \
          choose by it where their data lies and in which form; with another one they may not find it, or break it. \
          The rule compares with the flake that `--base` names.",
    fix: "Restore the old value. To move a machine on, follow the release notes of each service first, then waive \
          the rule for this change.",
    wrong: "system.stateVersion = \"26.05\"; # it was \"24.11\"",
    right: "system.stateVersion = \"24.11\";",
};

const STATE_VERSION: &[&str] = &["system", "stateVersion"];

/// What a host is today, before the change that is judged.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Its `system.stateVersion`.
    state_version: Option<String>,
}

impl Before {
    /// Whether rules find on a host of which this is known now the same as if there were nothing to compare it with.
    pub fn is_as_before(&self, before: &Before) -> bool {
        self.state_version.is_some() && self == before
    }
}

/// Returns what rules want to know of a host as it is today.
pub fn before(ev: &mut Evaluator, system: &System) -> Eval<Before> {
    let state_version = match system.value(ev, STATE_VERSION)? {
        Reading::Value(value) => text_of(value),
        _ => None,
    };
    Ok(Before { state_version })
}

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let Some(before) = host.before else {
        return Ok(Vec::new());
    };
    let (Some(old), Some(new)) = (before.state_version.clone(), host.text(STATE_VERSION)?) else {
        return Err(Stop::Skipped("the host is new, or says no release".into()));
    };
    if old == new {
        return Ok(Vec::new());
    }
    let place = host.place(STATE_VERSION)?;
    let diagnostic = RULE
        .found(format!("`system.stateVersion` was \"{old}\" and is \"{new}\" now"))
        .at(place, "")
        .hint("restore it: it is the release that the machine was installed with, whatever runs on it now");
    Ok(vec![Found::new(diagnostic).option("system.stateVersion")])
}

#[cfg(test)]
mod tests {
    use super::Before;
    use crate::host::fixture::check_after;

    #[test]
    fn a_state_version_that_was_another_one_is_told() {
        let before = Before {
            state_version: Some("24.11".into()),
        };
        let check = |text: &str, found: &[&str]| check_after(super::run, text, Some(&before), found);
        check(
            "{ system.stateVersion = \"26.05\"; }",
            &["host.nix:1:3: `system.stateVersion` was \"24.11\" and is \"26.05\" now"],
        );
        check("{ system.stateVersion = \"24.11\"; }", &[]);
        check_after(
            super::run,
            "{ system.stateVersion = \"26.05\"; }",
            Some(&Before::default()),
            &["skipped"],
        );
        check_after(super::run, "{ system.stateVersion = \"26.05\"; }", None, &[]);
    }
}
