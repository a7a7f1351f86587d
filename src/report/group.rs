//! The same finding on many hosts, told once.

use std::collections::HashMap;

use diag::Severity;

use crate::case::{Case, Outcome, Waived, WaivedBy};
use crate::finding::Finding;
use crate::run::Report;

/// One finding and every case that has it.
#[derive(Clone, PartialEq, Debug)]
pub struct Group<'a> {
    /// The finding as the first case has it.
    pub finding: &'a Finding,
    /// What keeps it from counting, if something does, and the reason that was given.
    pub waived: Option<(WaivedBy, &'a str)>,
    /// The cases, each once, in the report's order.
    pub cases: Vec<&'a Case>,
    /// How often it was found.
    pub count: usize,
}

impl<'a> Group<'a> {
    /// Returns the hosts of its cases, each once, in the report's order.
    pub fn hosts(&self) -> Vec<&'a str> {
        let mut hosts: Vec<&str> = self
            .cases
            .iter()
            .filter_map(|case| case.subject.host.as_deref())
            .collect();
        // Cases come host by host.
        hosts.dedup();
        hosts
    }

    /// Returns the worst outcome of its cases.
    pub fn outcome(&self) -> &'a Outcome {
        let outcomes = self.cases.iter().map(|case| &case.outcome);
        outcomes
            .max_by_key(|outcome| outcome.rank())
            .unwrap_or(&Outcome::Passed)
    }
}

/// Returns the findings of one severity: those with the same rule, message, option and place as one
/// group, in the order in which each is first found.
pub fn groups(report: &Report, severity: Severity) -> Vec<Group<'_>> {
    let findings = report.findings().filter(|(_, finding)| finding.severity == severity);
    grouped(findings.map(|(case, finding)| (case, finding, None)))
}

/// Returns all findings in groups, the worst first.
pub fn all_groups(report: &Report) -> Vec<Group<'_>> {
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    severities
        .into_iter()
        .flat_map(|severity| groups(report, severity))
        .collect()
}

/// Returns the findings that do not count, in groups as [`groups`] makes them.
pub fn waived_groups(report: &Report) -> Vec<Group<'_>> {
    grouped(report.waived().map(|(case, waived)| {
        let Waived { finding, by, reason } = waived;
        (case, finding, Some((*by, reason.as_str())))
    }))
}

/// A finding with its case, and what keeps it from counting.
type Found<'a> = (&'a Case, &'a Finding, Option<(WaivedBy, &'a str)>);

fn grouped<'a>(findings: impl Iterator<Item = Found<'a>>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known = HashMap::new();
    for (case, finding, waived) in findings {
        let key = (
            &finding.rule,
            &finding.message,
            &finding.option,
            &finding.location,
            waived,
        );
        let index = *known.entry(key).or_insert_with(|| {
            groups.push(Group {
                finding,
                waived,
                cases: Vec::new(),
                count: 0,
            });
            groups.len() - 1
        });
        let group = &mut groups[index];
        group.count += 1;
        if group.cases.last().is_none_or(|last| last.subject != case.subject) {
            group.cases.push(case);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::fleet;

    #[test]
    fn a_warning_of_two_hosts_is_one_group() {
        let report = fleet();
        let told: Vec<_> = groups(&report, Severity::Warning)
            .iter()
            .map(|g| (g.finding.rule.as_str(), g.count, g.hosts()))
            .collect();
        assert_eq!(
            told,
            [("input-stale", 1, vec![]), ("option-renamed", 2, vec!["cache", "web"])]
        );
        assert_eq!(groups(&report, Severity::Error).len(), 3);
        assert_eq!(groups(&report, Severity::Note), []);
        assert_eq!(all_groups(&report).len(), 5);
    }

    #[test]
    fn a_waived_finding_of_two_hosts_is_one_group_with_its_reason() {
        let report = fleet();
        let told: Vec<_> = waived_groups(&report)
            .iter()
            .map(|g| (g.finding.rule.as_str(), g.waived, g.hosts()))
            .collect();
        let by = Some((WaivedBy::Waiver, "closed network until the move in spring"));
        assert_eq!(told, [("firewall-disabled", by, vec!["cache", "web"])]);
    }
}
