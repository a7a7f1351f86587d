//! Several reports on one flake as one: those of the stages of a run in CI.

use crate::run::Report;

impl Report {
    /// Adds what another report on the same flake says. What both say alike, such as that the flake cannot be locked, stands
    /// in it once.
    pub fn join(&mut self, other: Report) {
        let mut added = Vec::new();
        for case in other.cases {
            let is_known = self.cases.iter().any(|known| {
                known.subject == case.subject && known.outcome == case.outcome && known.findings == case.findings
            });
            if !is_known {
                added.push(case);
            }
        }
        self.cases.extend(added);
        self.rules.extend(other.rules);
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        if self.flake.is_empty() {
            self.flake = other.flake;
        }
        self.diff = self.diff.take().or(other.diff);
        self.duration += other.duration;
        self.sort();
        self.keep_used_rules();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Outcome, Stage};
    use crate::finding::Finding;
    use crate::rule::RuleDoc;
    use diag::Severity;
    use std::time::Duration;

    fn report(cases: Vec<Case>, notes: &[&str]) -> Report {
        Report {
            flake: ".".into(),
            cases,
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            duration: Duration::from_secs(2),
            ..Report::default()
        }
    }

    fn case(name: &str, message: &str) -> Case {
        let case = Case::new(Stage::Lock, name, Outcome::Errored);
        case.finding(Finding::new("lock", Severity::Error, message))
    }

    #[test]
    fn what_two_reports_say_alike_stands_in_it_once() {
        let mut one = report(vec![case("the flake is locked", "no network")], &["a", "b"]);
        let other = vec![
            case("the flake is locked", "no network"),
            case("the flake is locked", "another"),
            case("a", ""),
        ];
        one.join(report(other, &["b", "c"]));
        let told: Vec<String> = one
            .cases
            .iter()
            .map(|case| format!("{}: {}", case.subject.name, case.findings[0].message))
            .collect();
        assert_eq!(
            told,
            ["a: ", "the flake is locked: no network", "the flake is locked: another"]
        );
        assert_eq!((one.notes.join(" "), one.duration.as_secs()), ("a b c".to_owned(), 4));
    }

    #[test]
    fn the_rules_are_those_of_all_findings() {
        let rule = |id: &str| RuleDoc {
            id: id.into(),
            title: String::new(),
            why: String::new(),
            fix: String::new(),
        };
        let mut one = report(vec![case("a", "b")], &[]);
        one.rules = vec![rule("lock")];
        let mut other = report(vec![case("c", "d").rule("unit-failed")], &[]);
        other.rules = vec![rule("lock"), rule("unit-failed"), rule("unused")];
        one.join(other);
        let ids: Vec<&str> = one.rules.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids, ["lock", "unit-failed"]);
    }
}
