//! The XML is read back as a CI system would.

use super::*;
use crate::sample::{any_report, fleet, golden, law};
use diag::Severity;
use proptest::prelude::*;

fn read(xml: &str) -> quick_junit::Report {
    quick_junit::Report::deserialize_from_str(xml).expect("the XML is JUnit")
}

fn one(case: Case) -> quick_junit::Report {
    read(
        &write(
            &Report {
                cases: vec![case],
                ..Report::default()
            },
            Dialect::Nextest,
        )
        .unwrap(),
    )
}

#[test]
fn the_dialect_is_pinned() {
    golden("fleet.xml", &write(&fleet(), Dialect::Nextest).unwrap());
}

#[test]
fn the_dialect_of_jenkins_is_pinned() {
    let xml = write(&fleet(), Dialect::Jenkins).unwrap();
    assert!(!xml.contains(" file=") && xml.matches("<property ").count() == xml.matches("name=\"system\"").count());
    assert!(!xml.lines().nth(1).unwrap_or_default().contains("skipped"), "{xml}");
    golden("fleet.jenkins.xml", &xml);
}

#[test]
fn files_of_a_case_are_named_in_its_output() {
    let mut case = Case::new(Stage::Vm, "default", Outcome::Failed).on("web", "x86_64-linux");
    case.attachments = ["vm/web/console.log", "vm/web/journal.log", "a]]b", "a\nb"]
        .map(|file| Attachment {
            name: "log".into(),
            media_type: "text/plain".into(),
            file: file.into(),
        })
        .to_vec();
    for dialect in [Dialect::Nextest, Dialect::Jenkins] {
        let report = Report {
            cases: vec![case.clone()],
            ..Report::default()
        };
        let read = read(&write(&report, dialect).unwrap());
        let out = read.test_suites[0].test_cases[0]
            .system_out
            .as_ref()
            .map(|out| out.to_string());
        let expected = "[[ATTACHMENT|vm/web/console.log]]\n[[ATTACHMENT|vm/web/journal.log]]";
        assert_eq!(out.as_deref(), Some(expected), "{dialect:?}");
    }
}

#[test]
fn a_counterexample_ends_the_body() {
    let report = read(&write(&law(), Dialect::Nextest).unwrap());
    let quick_junit::TestCaseStatus::NonSuccess { description, .. } = &report.test_suites[0].test_cases[0].status
    else {
        panic!("it failed")
    };
    let body = description.as_ref().map(|text| text.to_string()).unwrap_or_default();
    assert!(
        body.ends_with("  | ^\n\n# a-law: a is b\n{\n  law = \"a-law\";\n}"),
        "{body}"
    );
}

#[test]
fn what_is_about_no_host_has_suites_by_its_stage() {
    let case = |stage: Stage, system: &str| {
        let mut case = Case::new(stage, "c", Outcome::Passed);
        case.subject.system = Some(system.into());
        case
    };
    let mut report = Report {
        cases: vec![
            case(Stage::Source, "b"),
            case(Stage::Prop, "a"),
            case(Stage::Vm, "b"),
            case(Stage::Eval, "a"),
            case(Stage::Modules, "a"),
        ],
        ..Report::default()
    };
    report.sort();
    let report = read(&write(&report, Dialect::Nextest).unwrap());
    let suites: Vec<_> = report.test_suites.iter().map(|s| (s.name.as_str(), s.tests)).collect();
    assert_eq!(
        suites,
        [("flake", 2), ("modules", 1), ("properties", 1), ("scenarios", 1)]
    );
}

#[test]
fn a_reader_finds_suites_places_and_outcomes() {
    let report = read(&write(&fleet(), Dialect::Nextest).unwrap());
    let suites: Vec<_> = report
        .test_suites
        .iter()
        .map(|s| (s.name.as_str(), s.tests, s.failures, s.errors, s.skipped))
        .collect();
    let expected = [
        ("flake", 1, 0, 0, 0),
        ("cache", 2, 0, 0, 0),
        ("db", 1, 0, 1, 0),
        ("mac", 1, 0, 0, 1),
        ("odd", 1, 0, 1, 0),
        ("web", 3, 1, 0, 0),
    ];
    assert_eq!(suites, expected);
    let failed = &report.test_suites[5].test_cases[2];
    assert_eq!(
        failed.classname.as_ref().unwrap().as_str(),
        "cfgcheck.policy.web.x86_64-linux"
    );
    assert_eq!(failed.extra.get("file").unwrap().as_str(), "modules/ssh.nix");
    assert_eq!(failed.extra.get("line").unwrap().as_str(), "4");
    let TestCaseStatus::NonSuccess {
        description, message, ..
    } = &failed.status
    else {
        panic!("{failed:?}")
    };
    let first = description.as_ref().unwrap().lines().next().unwrap();
    assert_eq!(
        first,
        "at services.openssh.settings.PermitRootLogin (modules/ssh.nix:4:5)"
    );
    assert_eq!(
        message.as_ref().unwrap().as_str(),
        "root may log in with a password ␛[31m]]>"
    );
}

#[test]
fn every_failure_has_a_body() {
    let case = Case::new(Stage::Policy, "c", Outcome::Errored).property("reason", "the host does not evaluate");
    let report = one(case);
    let TestCaseStatus::NonSuccess {
        description, message, ..
    } = &report.test_suites[0].test_cases[0].status
    else {
        panic!("{report:?}")
    };
    for text in [description, message] {
        assert_eq!(
            text.as_ref().map(|text| text.as_str()),
            Some("the host does not evaluate")
        );
    }
}

#[test]
fn equal_names_are_told_apart() {
    let case = || Case::new(Stage::Eval, "same", Outcome::Passed).on("a", "x86_64-linux");
    let report = Report {
        cases: vec![case(), case(), case()],
        ..Report::default()
    };
    let read = read(&write(&report, Dialect::Nextest).unwrap());
    let names: Vec<_> = read.test_suites[0]
        .test_cases
        .iter()
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(names, ["same", "same (2)", "same (3)"]);
}

#[test]
fn long_text_is_cut() {
    let finding = Finding::new("r", Severity::Error, "é".repeat(100_000));
    let report = one(Case::new(Stage::Eval, "c", Outcome::Failed).finding(finding));
    let TestCaseStatus::NonSuccess {
        description, message, ..
    } = &report.test_suites[0].test_cases[0].status
    else {
        panic!("{report:?}")
    };
    assert!(message.as_ref().unwrap().len() <= MOST_ATTRIBUTE + 3);
    assert!(description.as_ref().unwrap().len() <= MOST_BODY + 3);
}

#[test]
fn many_long_bodies_stay_below_the_limit_of_gitlab() {
    let finding = || Finding::new("r", Severity::Error, "<".repeat(MOST_BODY)).at("f.nix", 1, 1);
    let cases = (0..1000)
        .map(|n| Case::new(Stage::Eval, format!("c{n}"), Outcome::Failed).finding(finding()))
        .collect();
    let report = Report {
        cases,
        ..Report::default()
    };
    let mut budget = MOST_BODIES;
    let bodies: usize = report.cases.iter().map(|case| body(case, &mut budget).len()).sum();
    assert!(bodies < MOST_BODIES + 100_000, "{bodies}");
}

proptest! {
    #[test]
    fn any_report_is_read_back_whole(report in any_report()) {
        let mut report = report;
        report.sort();
        let read = read(&write(&report, Dialect::Nextest).unwrap());
        let totals = report.totals();
        prop_assert_eq!(read.tests, totals.cases);
        prop_assert_eq!(read.failures, totals.failed);
        prop_assert_eq!(read.errors, totals.errored + totals.crashed);
        prop_assert_eq!(read.skipped, totals.skipped);
    }
}
