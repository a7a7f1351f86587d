//! The whole of what a run found, its counts and its verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use diag::Severity;
use serde::{Deserialize, Serialize};

use crate::case::{Case, Outcome, Waived};
use crate::diff::Diff;
use crate::finding::Finding;
use crate::rule::RuleDoc;

/// The program that made a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Tool {
    /// Returns this program at this version.
    fn default() -> Tool {
        Tool {
            name: "cfgcheck".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// Everything that a run found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// The program that made it.
    pub tool: Tool,
    /// The flake that was judged.
    pub flake: String,
    /// The cases in the order of [`crate::Subject`].
    pub cases: Vec<Case>,
    /// What the rules of its cases and findings ask for, by their ids.
    pub rules: Vec<RuleDoc>,
    /// What differs from another state of the flake, if that was asked for.
    pub diff: Option<Diff>,
    /// What belongs to no case.
    pub notes: Vec<String>,
    /// When the run began, since 1970-01-01 UTC; zero if that is not told.
    pub started: Duration,
    /// How long the run took.
    pub duration: Duration,
}

/// Counts of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Totals {
    /// Hosts that any case is about.
    pub hosts: usize,
    /// All cases.
    pub cases: usize,
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases that were left out.
    pub skipped: usize,
    /// Cases that could not be judged.
    pub errored: usize,
    /// Cases that broke cfgcheck.
    pub crashed: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that do not count, whatever they are.
    #[serde(default)]
    pub waived: usize,
}

/// What a report comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that was judged is in order.
    Clean,
    /// A case failed or could not be judged, or a finding is as bad as the user allows none to be.
    Found,
    /// cfgcheck itself broke, so that the rest may be incomplete.
    Crashed,
}

impl Verdict {
    /// Returns the process's exit code: 0, 1 or 101.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Clean => 0,
            Verdict::Found => 1,
            Verdict::Crashed => 101,
        }
    }
}

impl Report {
    /// Returns all findings with their cases.
    pub fn findings(&self) -> impl Iterator<Item = (&Case, &Finding)> {
        self.cases
            .iter()
            .flat_map(|case| case.findings.iter().map(move |finding| (case, finding)))
    }

    /// Returns all findings that do not count, with their cases.
    pub fn waived(&self) -> impl Iterator<Item = (&Case, &Waived)> {
        self.cases
            .iter()
            .flat_map(|case| case.waived.iter().map(move |waived| (case, waived)))
    }

    /// Returns the counts.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            cases: self.cases.len(),
            waived: self.waived().count(),
            ..Totals::default()
        };
        for case in &self.cases {
            match case.outcome {
                Outcome::Passed => totals.passed += 1,
                Outcome::Failed => totals.failed += 1,
                Outcome::Skipped(_) => totals.skipped += 1,
                Outcome::Errored => totals.errored += 1,
                Outcome::Crashed => totals.crashed += 1,
            }
        }
        for (_, finding) in self.findings() {
            match finding.severity {
                Severity::Error => totals.errors += 1,
                Severity::Warning => totals.warnings += 1,
                Severity::Note => {}
            }
        }
        let hosts: BTreeSet<_> = self
            .cases
            .iter()
            .filter_map(|case| case.subject.host.as_deref())
            .collect();
        Totals {
            hosts: hosts.len(),
            ..totals
        }
    }

    /// Returns the verdict if findings of severity `deny` and worse fail a run; usually `Severity::Error`.
    pub fn verdict(&self, deny: Severity) -> Verdict {
        let of_case = |case: &Case| match case.outcome {
            Outcome::Crashed => Verdict::Crashed,
            Outcome::Failed | Outcome::Errored => Verdict::Found,
            Outcome::Passed | Outcome::Skipped(_) => Verdict::Clean,
        };
        let of_finding = |finding: &Finding| {
            if finding.severity >= deny {
                Verdict::Found
            } else {
                Verdict::Clean
            }
        };
        let cases = self.cases.iter().map(of_case);
        cases
            .chain(self.findings().map(|(_, finding)| of_finding(finding)))
            .max()
            .unwrap_or(Verdict::Clean)
    }

    /// Puts cases, and the findings of each, in an order that does not depend on the order of the work.
    pub fn sort(&mut self) {
        self.cases.sort_by(|a, b| a.subject.cmp(&b.subject));
        for case in &mut self.cases {
            case.waived.sort_by(|a, b| {
                (&a.finding.location, &a.finding.rule, &a.finding.message).cmp(&(
                    &b.finding.location,
                    &b.finding.rule,
                    &b.finding.message,
                ))
            });
            // Errors first, then by place; a stable sort keeps a rule's own order inside one place.
            case.findings.sort_by(|a, b| {
                (b.severity, &a.location, &a.rule, &a.message).cmp(&(a.severity, &b.location, &b.rule, &b.message))
            });
        }
    }

    /// Leaves out rules that no case and no finding names, and sorts the others.
    pub(crate) fn keep_used_rules(&mut self) {
        let cases = self.cases.iter().filter_map(|case| case.rule.clone());
        let findings = self.findings().map(|(_, finding)| finding.rule.clone());
        let waived = self.waived().map(|(_, waived)| waived.finding.rule.clone());
        let used: BTreeSet<String> = cases.chain(findings).chain(waived).collect();
        self.rules.retain(|rule| used.contains(&rule.id));
        self.rules.sort();
        self.rules.dedup_by(|a, b| a.id == b.id);
    }

    /// Returns what a rule asks for, if the report has it.
    pub fn rule(&self, id: &str) -> Option<&RuleDoc> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Returns the report without anything that differs between two runs on the same inputs.
    pub fn without_times(mut self) -> Report {
        self.started = Duration::ZERO;
        self.duration = Duration::ZERO;
        for case in &mut self.cases {
            case.duration = Duration::ZERO;
            case.measured.clear();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Stage;

    #[test]
    fn verdicts_and_exit_codes() {
        let warning = || Finding::new("r", Severity::Warning, "w");
        let case = |outcome| Case::new(Stage::Eval, "c", outcome);
        let check = |cases: Vec<Case>, deny, code| {
            let report = Report {
                cases,
                ..Report::default()
            };
            assert_eq!(report.verdict(deny).exit_code(), code, "{report:?}");
        };
        check(vec![], Severity::Error, 0);
        check(vec![case(Outcome::Passed)], Severity::Error, 0);
        check(vec![case(Outcome::Skipped("no builder".into()))], Severity::Error, 0);
        check(vec![case(Outcome::Passed).finding(warning())], Severity::Error, 0);
        check(vec![case(Outcome::Passed).finding(warning())], Severity::Warning, 1);
        check(
            vec![case(Outcome::Passed).finding(Finding::new("r", Severity::Error, "e"))],
            Severity::Error,
            1,
        );
        check(vec![case(Outcome::Passed), case(Outcome::Failed)], Severity::Error, 1);
        check(vec![case(Outcome::Errored), case(Outcome::Passed)], Severity::Error, 1);
        check(
            vec![case(Outcome::Failed), case(Outcome::Crashed)],
            Severity::Error,
            101,
        );
    }

    #[test]
    fn the_order_of_the_work_does_not_show() {
        let report = |order: [usize; 3]| {
            let all = [
                Case::new(Stage::Eval, "toplevel", Outcome::Passed).on("a", "x86_64-linux"),
                Case::new(Stage::Lock, "input-stale", Outcome::Passed),
                Case::new(Stage::Eval, "toplevel", Outcome::Failed).on("b", "x86_64-linux"),
            ];
            let mut report = Report {
                cases: order.map(|i| all[i].clone()).to_vec(),
                ..Report::default()
            };
            report.sort();
            report
        };
        assert_eq!(report([0, 1, 2]), report([2, 1, 0]));
        assert_eq!(report([0, 1, 2]).cases[0].subject.name, "input-stale");
    }
}
