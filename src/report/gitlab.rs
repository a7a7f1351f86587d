//! The report for GitLab's merge requests: a code quality report.
//!
//! GitLab compares the fingerprints of the two branches to tell what is new, so that they hold no line
//! numbers. It shows the description only, and refuses entries without a path.

use diag::{Severity, clean_line};
use serde::Serialize;

use crate::case::Outcome;
use crate::fingerprint::fingerprints;
use crate::group::{Group, all_groups};
use crate::place::{WHOLE, own};
use crate::run::Report;
use crate::text::{fit, on_hosts};

/// Most bytes of one description (4 KiB).
const MOST_DESCRIPTION: usize = 4 << 10;

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Returns the report as a JSON array that ends with a line feed. Findings that do not count are left out.
pub fn write(report: &Report) -> String {
    let groups = all_groups(report);
    let names = fingerprints(&groups);
    let entries: Vec<Entry> = groups
        .iter()
        .zip(names)
        .map(|(group, fingerprint)| entry(group, fingerprint))
        .collect();
    let mut text = serde_json::to_string_pretty(&entries).expect("the entries have only string keys");
    text.push('\n');
    text
}

fn entry(group: &Group, fingerprint: String) -> Entry {
    let finding = group.finding;
    let mut description = clean_line(&finding.message).into_owned();
    if let (None, Some(location)) = (own(finding), &finding.location) {
        description.push_str(&format!(" at {}", clean_line(&location.to_string())));
    }
    if let Some(option) = &finding.option {
        description.push_str(&format!(" (option {})", clean_line(option)));
    }
    let hosts = group.hosts();
    if !hosts.is_empty() {
        description.push_str(&format!(" ({})", on_hosts(&hosts)));
    }
    let place = own(finding);
    Entry {
        description: fit(description, MOST_DESCRIPTION),
        check_name: clean_line(&finding.rule).into_owned(),
        fingerprint,
        severity: severity(group),
        location: Place {
            path: place.map_or_else(|| WHOLE.to_owned(), |place| clean_line(&place.file).into_owned()),
            lines: Lines {
                begin: place.map_or(1, |place| place.line.max(1)),
            },
        },
    }
}

/// Returns one of GitLab's five levels: what keeps a host from being judged is worse than a broken rule.
fn severity(group: &Group) -> &'static str {
    match (group.finding.severity, group.outcome()) {
        (Severity::Note, _) => "info",
        (Severity::Warning, _) => "minor",
        (Severity::Error, Outcome::Crashed) => "blocker",
        (Severity::Error, Outcome::Errored) => "critical",
        (Severity::Error, _) => "major",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_report, fleet, golden};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_form_is_pinned() {
        golden("fleet.gitlab.json", &write(&fleet()));
    }

    proptest! {
        #[test]
        fn every_entry_has_what_gitlab_asks_for(report in any_report()) {
            let text = write(&report);
            let entries: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            let entries = entries.as_array().expect("it is an array");
            prop_assert_eq!(entries.len(), all_groups(&report).len());
            let names: BTreeSet<_> = entries.iter().map(|entry| entry["fingerprint"].as_str()).collect();
            prop_assert_eq!(names.len(), entries.len());
            for entry in entries {
                let path = entry["location"]["path"].as_str().expect("a path");
                prop_assert!(!path.is_empty() && !path.starts_with('/'));
                prop_assert!(entry["location"]["lines"]["begin"].as_u64() > Some(0));
                prop_assert!(entry["description"].is_string() && entry["check_name"].is_string());
                prop_assert!(["info", "minor", "major", "critical", "blocker"].contains(&entry["severity"].as_str().expect("a severity")));
            }
        }
    }
}
