//! What a run in a machine showed, apart from what is wrong: for people, who want it from a case that passed, too.

use std::collections::BTreeSet;

use diag::Severity;

use crate::case::{Case, Outcome, Stage};

/// What the name of a property ends with that gives the reason for another one.
const WHY: &str = "-why";

/// A line of what was observed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Observed<'c> {
    /// What it is about, such as `restarts`.
    pub(crate) name: &'c str,
    /// What it is, with the reason for it if there is one.
    pub(crate) text: String,
}

/// Returns the cases that ran in a machine and observed something, each with what that is. What an earlier case of the same host
/// has observed as well is not repeated.
pub(crate) fn in_machines(cases: &[Case]) -> Vec<(&Case, Vec<Observed<'_>>)> {
    let mut known = BTreeSet::new();
    let ran = |case: &&Case| case.subject.stage == Stage::Vm && !matches!(case.outcome, Outcome::Skipped(_));
    let new = |case| {
        let mut lines = observed(case);
        lines.retain(|line| known.insert((&case.subject.host, line.clone())));
        (case, lines)
    };
    let all = cases.iter().filter(ran).map(new);
    all.filter(|(_, lines)| !lines.is_empty()).collect()
}

/// Returns what a case observed: its properties, then what was measured, then its notes.
fn observed(case: &Case) -> Vec<Observed<'_>> {
    let properties = &case.properties;
    let is_reason = |name: &str| {
        let of = name.strip_suffix(WHY);
        of.is_some_and(|of| properties.contains_key(of))
    };
    let stated = properties.iter().filter(|(name, _)| !is_reason(name));
    let stated = stated.map(|(name, value)| Observed {
        name,
        text: match properties.get(&format!("{name}{WHY}")) {
            Some(why) => format!("{value} ({why})"),
            None => value.clone(),
        },
    });
    let measured = case.measured.iter().map(|(name, value)| Observed {
        name,
        text: value.clone(),
    });
    let notes = case.findings.iter().filter(|found| found.severity == Severity::Note);
    let notes = notes.map(|found| Observed {
        name: "note",
        text: match &found.hint {
            Some(hint) => format!("{}; {hint}", found.message),
            None => found.message.clone(),
        },
    });
    stated.chain(measured).chain(notes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    #[test]
    fn reasons_stand_beside_what_they_explain() {
        let mut case = Case::new(Stage::Vm, "default", Outcome::Passed)
            .property("mode", "variant")
            .property("mode-why", "its disks cannot be made")
            .property("lonely-why", "nothing")
            .finding(Finding::new("reboot-needed", Severity::Note, "the kernel changes").hint("reboot"))
            .finding(Finding::new("unit-failed", Severity::Error, "a unit fails"));
        case.measured.insert("boot-time".into(), "2 s".into());
        let lines: Vec<String> = observed(&case)
            .into_iter()
            .map(|line| format!("{}: {}", line.name, line.text))
            .collect();
        let expected = [
            "lonely-why: nothing",
            "mode: variant (its disks cannot be made)",
            "boot-time: 2 s",
            "note: the kernel changes; reboot",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_all_scenarios_of_a_host_show_is_told_once() {
        let case = |host: &str, name: &str| {
            let case = Case::new(Stage::Vm, name, Outcome::Passed).on(host, "x86_64-linux");
            case.property("mode", "as-is").measured("boot-time", name)
        };
        let cases = [case("web", "reboot"), case("web", "rollback"), case("db", "reboot")];
        let shown: Vec<String> = in_machines(&cases)
            .iter()
            .map(|(case, lines)| {
                let names: Vec<&str> = lines.iter().map(|line| line.name).collect();
                format!("{} {}", case.subject.name, names.join(" "))
            })
            .collect();
        assert_eq!(
            shown,
            ["reboot mode boot-time", "rollback boot-time", "reboot mode boot-time"]
        );
    }
}
