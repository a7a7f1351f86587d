//! Hosts by stages: the shape that forms for people show first.

use std::collections::BTreeMap;

use diag::Severity;

use crate::case::{Case, Outcome, Stage};
use crate::run::Report;

/// What all cases of one host and one stage come to.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Cell<'a> {
    /// The cases.
    pub(crate) cases: Vec<&'a Case>,
}

impl<'a> Cell<'a> {
    /// Returns the worst outcome; skipped only if nothing else was judged.
    pub(crate) fn outcome(&self) -> &'a Outcome {
        let judged = self.cases.iter().map(|case| &case.outcome);
        let judged = judged.filter(|outcome| !matches!(outcome, Outcome::Skipped(_)));
        let worst = judged.max_by_key(|outcome| outcome.rank());
        worst
            .or(self.cases.first().map(|case| &case.outcome))
            .unwrap_or(&Outcome::Passed)
    }

    /// Returns how many cases ended like this.
    pub(crate) fn count(&self, of: fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| of(&case.outcome)).count()
    }

    /// Returns how many findings are of this severity.
    pub(crate) fn findings(&self, severity: Severity) -> usize {
        let findings = self.cases.iter().flat_map(|case| &case.findings);
        findings.filter(|finding| finding.severity == severity).count()
    }

    /// Returns how many findings do not count.
    pub(crate) fn waived(&self) -> usize {
        self.cases.iter().map(|case| case.waived.len()).sum()
    }

    /// Returns how many cases passed.
    pub(crate) fn passed(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Passed)
    }
}

/// A host, or the flake, with its cells.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row<'a> {
    /// The host's name; none for the flake.
    pub(crate) host: Option<&'a str>,
    /// The systems that it was judged for.
    pub(crate) systems: Vec<&'a str>,
    /// What was judged of it in each stage.
    pub(crate) cells: BTreeMap<Stage, Cell<'a>>,
}

impl<'a> Row<'a> {
    /// Returns all its cases as one cell.
    pub(crate) fn all(&self) -> Cell<'a> {
        Cell {
            cases: self
                .cells
                .values()
                .flat_map(|cell| cell.cases.iter().copied())
                .collect(),
        }
    }

    /// Whether anything but passes and counted-out findings is in it.
    pub(crate) fn is_remarkable(&self) -> bool {
        let all = self.all();
        all.cases
            .iter()
            .any(|case| case.outcome != Outcome::Passed || !case.findings.is_empty())
    }
}

/// The rows in the report's order, and the stages that any of them has.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Matrix<'a> {
    /// The stages, in the order of the work.
    pub(crate) stages: Vec<Stage>,
    /// The flake first, then the hosts.
    pub(crate) rows: Vec<Row<'a>>,
}

/// Returns the matrix of a report.
pub(crate) fn matrix(report: &Report) -> Matrix<'_> {
    let mut rows: Vec<Row> = Vec::new();
    let mut stages = Vec::new();
    for case in &report.cases {
        let host = case.subject.host.as_deref();
        // Cases come host by host.
        if rows.last().is_none_or(|row| row.host != host) {
            rows.push(Row {
                host,
                systems: Vec::new(),
                cells: BTreeMap::new(),
            });
        }
        let Some(row) = rows.last_mut() else { continue };
        if let Some(system) = case
            .subject
            .system
            .as_deref()
            .filter(|system| !row.systems.contains(system))
        {
            row.systems.push(system);
        }
        row.cells.entry(case.subject.stage).or_default().cases.push(case);
        stages.push(case.subject.stage);
    }
    stages.sort();
    stages.dedup();
    Matrix { stages, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::fleet;

    #[test]
    fn each_host_is_a_row_and_each_stage_a_column() {
        let report = fleet();
        let matrix = matrix(&report);
        let names: Vec<_> = matrix.rows.iter().map(|row| row.host.unwrap_or("flake")).collect();
        assert_eq!(names, ["flake", "cache", "db", "mac", "odd", "web"]);
        assert_eq!(matrix.stages, [Stage::Lock, Stage::Eval, Stage::Policy]);
        let web = &matrix.rows[5];
        assert_eq!(web.cells[&Stage::Policy].outcome(), &Outcome::Failed);
        assert_eq!((web.all().passed(), web.all().waived()), (2, 1));
        assert!(!matrix.rows[5].cells.contains_key(&Stage::Lock));
    }

    #[test]
    fn a_skipped_rule_does_not_hide_what_was_judged() {
        let case = |outcome| Case::new(Stage::Policy, "c", outcome);
        let cases = [case(Outcome::Passed), case(Outcome::Skipped("no".into()))];
        let cell = Cell {
            cases: cases.iter().collect(),
        };
        assert_eq!(cell.outcome(), &Outcome::Passed);
        let cell = Cell { cases: vec![&cases[1]] };
        assert_eq!(cell.outcome(), &Outcome::Skipped("no".into()));
    }
}
