//! The report as SARIF 2.1.0, which GitHub's code scanning and editors read.
//!
//! A finding of several hosts is one result; its `properties` name the hosts. Findings that do not
//! count are results with a suppression.

use diag::{Severity, clean, clean_line};
use serde_json::{Map, Value, json};

use crate::case::WaivedBy;
use crate::finding::Finding;
use crate::fingerprint::fingerprints;
use crate::group::{Group, all_groups, waived_groups};
use crate::place::{WHOLE, own};
use crate::rule::RuleDoc;
use crate::run::{Report, Verdict};
use crate::text::{fit, on_hosts};

/// Most results of a file: GitHub shows 5,000 of a run, the worst first, and drops the rest.
const MOST_RESULTS: usize = 5_000;

/// Most bytes of a message (8 KiB).
const MOST_MESSAGE: usize = 8 << 10;

/// Returns the report as indented JSON that ends with a line feed.
pub fn write(report: &Report) -> String {
    let mut groups = all_groups(report);
    groups.extend(waived_groups(report));
    let names = fingerprints(&groups);
    let left_out = groups.len().saturating_sub(MOST_RESULTS);
    groups.truncate(MOST_RESULTS);
    let rules = rules(report, &groups);
    let results: Vec<Value> = groups
        .iter()
        .zip(&names)
        .map(|(group, name)| result(group, name, &rules))
        .collect();
    let mut notices: Vec<Value> = report.notes.iter().map(|note| notice("note", note)).collect();
    if left_out > 0 {
        let text = format!("{left_out} more findings are in the JSON report only");
        notices.push(notice("warning", &text));
    }
    let run = json!({
        "tool": { "driver": {
            "name": report.tool.name,
            "semanticVersion": report.tool.version,
            "rules": rules.iter().map(descriptor).collect::<Vec<_>>(),
        } },
        "automationDetails": { "id": "cfgcheck/" },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": report.verdict(Severity::Error) != Verdict::Crashed,
            "toolExecutionNotifications": notices,
        }],
        "results": results,
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    let mut text = serde_json::to_string_pretty(&log).expect("the log has only string keys");
    text.push('\n');
    text
}

fn notice(level: &str, text: &str) -> Value {
    json!({ "level": level, "message": { "text": clean(text) } })
}

/// Returns what each rule of the results asks for, sorted; of some, only the id is known.
fn rules(report: &Report, groups: &[Group]) -> Vec<RuleDoc> {
    let mut ids: Vec<&str> = groups.iter().map(|group| group.finding.rule.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = |id: &str| report.rule(id).cloned();
    let unknown = |id: &str| RuleDoc {
        id: id.into(),
        title: String::new(),
        why: String::new(),
        fix: String::new(),
    };
    ids.into_iter()
        .map(|id| known(id).unwrap_or_else(|| unknown(id)))
        .collect()
}

/// Returns a rule as SARIF describes it. Its texts are cfgcheck's own, or those of the user's policies.
fn descriptor(rule: &RuleDoc) -> Value {
    let id = clean_line(&rule.id);
    let title = if rule.title.is_empty() {
        &id
    } else {
        &clean_line(&rule.title)
    };
    let mut descriptor = json!({
        "id": id,
        "shortDescription": { "text": title },
    });
    if !rule.why.is_empty() {
        descriptor["fullDescription"] = json!({ "text": clean(&rule.why) });
    }
    let help: Vec<_> = [&rule.why, &rule.fix]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| clean(text))
        .collect();
    if !help.is_empty() {
        descriptor["help"] = json!({ "text": help.join("\n\n") });
    }
    descriptor
}

fn result(group: &Group, fingerprint: &str, rules: &[RuleDoc]) -> Value {
    let finding = group.finding;
    let index = rules
        .binary_search_by(|rule| rule.id.as_str().cmp(&finding.rule))
        .unwrap_or(0);
    let mut result = json!({
        "ruleId": clean_line(&finding.rule),
        "ruleIndex": index,
        "level": finding.severity.name(),
        "message": { "text": message(group) },
        "locations": [location(finding)],
        "partialFingerprints": { "cfgcheckFinding/v1": fingerprint },
    });
    if let Some((by, reason)) = group.waived {
        let mut suppression = Map::new();
        let kind = match by {
            WaivedBy::Comment => "inSource",
            WaivedBy::Waiver | WaivedBy::Baseline => "external",
        };
        suppression.insert("kind".into(), kind.into());
        suppression.insert("status".into(), "accepted".into());
        let reason = if reason.is_empty() { by.name() } else { reason };
        suppression.insert("justification".into(), clean(reason).into());
        result["suppressions"] = json!([suppression]);
    }
    let mut properties = Map::new();
    let hosts: Vec<_> = group.hosts().iter().map(|host| clean_line(host)).collect();
    if !hosts.is_empty() {
        properties.insert("hosts".into(), json!(hosts));
    }
    if let Some(counterexample) = &finding.counterexample {
        let cut = fit(clean(counterexample).into_owned(), MOST_MESSAGE);
        properties.insert("counterexample".into(), cut.into());
    }
    if !properties.is_empty() {
        result["properties"] = properties.into();
    }
    result
}

fn message(group: &Group) -> String {
    let finding = group.finding;
    let mut text = clean(&finding.message).into_owned();
    if let (None, Some(location)) = (own(finding), &finding.location) {
        text.push_str(&format!("\nat {}", clean_line(&location.to_string())));
    }
    if let Some(option) = &finding.option {
        text.push_str(&format!("\noption: {}", clean_line(option)));
    }
    let hosts = group.hosts();
    if !hosts.is_empty() {
        text.push_str(&format!("\n{}", on_hosts(&hosts)));
    }
    if let Some(hint) = &finding.hint {
        text.push_str(&format!("\nhelp: {}", clean(hint)));
    }
    fit(text, MOST_MESSAGE)
}

/// Returns where a finding is; one without a place of its own is about the whole flake.
fn location(finding: &Finding) -> Value {
    let (file, region) = match own(finding) {
        Some(place) => {
            let mut region = json!({ "startLine": place.line.max(1), "startColumn": place.column.max(1) });
            if let Some(end) = finding
                .end
                .filter(|end| (end.line, end.column) >= (place.line, place.column))
            {
                region["endLine"] = end.line.max(1).into();
                region["endColumn"] = end.column.max(1).into();
            }
            (place.file.as_str(), region)
        }
        None => (WHOLE, json!({ "startLine": 1 })),
    };
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": address(file), "uriBaseId": "%SRCROOT%" },
        "region": region,
    } });
    if let Some(option) = &finding.option {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": clean_line(option), "kind": "member" }]);
    }
    location
}

/// Returns a path as a relative address.
fn address(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Outcome, Stage};
    use crate::sample::{any_report, fleet, golden, law};
    use proptest::prelude::*;

    fn read(report: &Report) -> Value {
        serde_json::from_str(&write(report)).expect("it is JSON")
    }

    #[test]
    fn the_form_is_pinned() {
        golden("fleet.sarif", &write(&fleet()));
    }

    #[test]
    fn a_counterexample_is_a_property() {
        let properties = &read(&law())["runs"][0]["results"][0]["properties"];
        assert_eq!(
            properties["counterexample"],
            "# a-law: a is b\n{\n  law = \"a-law\";\n}\n"
        );
        assert_eq!(properties["hosts"], json!(["web"]));
    }

    #[test]
    fn only_as_many_results_as_are_shown() {
        let findings = (0..MOST_RESULTS + 2).map(|n| Finding::new("r", Severity::Error, format!("e{n}")));
        let case = Case {
            findings: findings.collect(),
            ..Case::new(Stage::Eval, "c", Outcome::Failed)
        };
        let report = Report {
            cases: vec![case],
            ..Report::default()
        };
        // Equal but for a number, they differ by their order.
        let run = &read(&report)["runs"][0];
        assert_eq!(run["results"].as_array().map(Vec::len), Some(MOST_RESULTS));
        let note = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert_eq!(note, "2 more findings are in the JSON report only");
    }

    #[test]
    fn paths_become_addresses() {
        let check = |path: &str, expected: &str| assert_eq!(address(path), expected);
        check("hosts/web/default.nix", "hosts/web/default.nix");
        check("a b/ü#?:%.nix", "a%20b/%C3%BC%23%3F%3A%25.nix");
    }

    proptest! {
        #[test]
        fn every_result_has_a_rule_a_place_and_a_name(report in any_report()) {
            let log = read(&report);
            let run = &log["runs"][0];
            let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
            for result in run["results"].as_array().expect("results") {
                let index = result["ruleIndex"].as_u64().expect("an index") as usize;
                prop_assert_eq!(&rules[index]["id"], &result["ruleId"]);
                let place = &result["locations"][0]["physicalLocation"];
                prop_assert!(place["region"]["startLine"].as_u64() > Some(0));
                prop_assert!(!place["artifactLocation"]["uri"].as_str().unwrap_or_default().is_empty());
                prop_assert_eq!(result["partialFingerprints"]["cfgcheckFinding/v1"].as_str().map(str::len), Some(32));
            }
        }
    }
}
