//! The same finding on many hosts, told once.

use std::collections::HashMap;

use diag::Severity;

use crate::case::Subject;
use crate::finding::Finding;
use crate::run::Report;

/// One finding and every case that has it.
#[derive(Clone, PartialEq, Debug)]
pub struct Group<'a> {
    /// The finding as the first case has it.
    pub finding: &'a Finding,
    /// The cases, each once, in the report's order.
    pub subjects: Vec<&'a Subject>,
    /// How often it was found.
    pub count: usize,
}

impl<'a> Group<'a> {
    /// Returns the hosts of its cases, each once, in the report's order.
    pub fn hosts(&self) -> Vec<&'a str> {
        let mut hosts: Vec<&str> = self
            .subjects
            .iter()
            .filter_map(|subject| subject.host.as_deref())
            .collect();
        // Cases come host by host.
        hosts.dedup();
        hosts
    }
}

/// Returns the findings of one severity: those with the same rule, message, option and place as one
/// group, in the order in which each is first found.
pub fn groups(report: &Report, severity: Severity) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known = HashMap::new();
    for (case, finding) in report.findings().filter(|(_, finding)| finding.severity == severity) {
        let key = (&finding.rule, &finding.message, &finding.option, &finding.location);
        let index = *known.entry(key).or_insert_with(|| {
            groups.push(Group {
                finding,
                subjects: Vec::new(),
                count: 0,
            });
            groups.len() - 1
        });
        let group = &mut groups[index];
        group.count += 1;
        if group.subjects.last() != Some(&&case.subject) {
            group.subjects.push(&case.subject);
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
    }
}
