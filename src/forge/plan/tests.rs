//! Plans of reports that fit, and of reports that do not.

use diag::Severity;
use report::diff::{Change, ConfigurationKind, Diff, HostDiff, State, Status};
use report::{Case, Finding, Outcome, Report, Stage};

use serde_json::Value;

use super::*;

fn context(wanted: &Wanted, origin: Origin, work: impl FnOnce(&Context)) {
    let commit = Commit::new(&"c".repeat(40)).expect("it is one");
    work(&Context {
        wanted,
        commit: &commit,
        page: None,
        origin,
    });
}

/// Returns a report with so many errors, of which every second has a line here, and a difference of so many hosts.
fn report(errors: u32, hosts: usize) -> Report {
    let findings = (0..errors).map(|n| {
        let file = if n % 2 == 0 { "hosts/web.nix" } else { "/nix/store/x" };
        Finding::new("eval", Severity::Error, format!("error {n}")).at(file, n, 1)
    });
    let case = Case {
        findings: findings.collect(),
        ..Case::new(Stage::Eval, "toplevel", Outcome::Failed)
    };
    let host = |n| HostDiff {
        kind: ConfigurationKind::Nixos,
        name: format!("host-{n}"),
        system: None,
        status: Status::Changed,
        changes: report::diff::Changes {
            options: (0..40)
                .map(|option| Change::value(format!("x.h{n}.o{option}"), None, Some("y".repeat(90))))
                .collect(),
            ..Default::default()
        },
        failures: Vec::new(),
    };
    let state = |name: &str| State {
        name: name.into(),
        ..State::default()
    };
    let diff = (hosts > 0).then(|| Diff {
        base: state("main"),
        head: state("fix"),
        hosts: (0..hosts).map(host).collect(),
        ..Diff::default()
    });
    let mut report = Report {
        cases: vec![case],
        diff,
        ..Report::default()
    };
    report.sort();
    report
}

#[test]
fn a_check_run_says_what_has_no_annotation() {
    context(&Wanted::default(), Origin::Run, |context| {
        let plan = check(&report(1200, 0), context, "id");
        assert_eq!(
            (plan.annotations, plan.more.len(), plan.conclusion),
            (50, 9, Conclusion::Failure)
        );
        let output = &plan.create["output"];
        let summary = output["summary"].as_str().expect("it is text");
        assert!(
            summary.starts_with("<sub>Commit <code>cccccccccc</code>, the run</sub>\n"),
            "{summary}"
        );
        assert!(
            summary.contains("\n100 more findings have a line but no annotation.\n"),
            "{summary}"
        );
        assert!(
            summary.contains("\n600 findings are without a line in this repository"),
            "{summary}"
        );
        assert_eq!(
            (output["title"].as_str(), &output["text"]),
            (Some("1200 errors, 0 warnings on 0 hosts"), &Value::Null)
        );
        // Each request has all pages, and its own annotations.
        assert_eq!(plan.more[3]["output"]["summary"], output["summary"]);
        assert_eq!(plan.more[8]["output"]["annotations"].as_array().map(Vec::len), Some(50));
        assert_eq!(plan.create["external_id"], "id");
    });
}

#[test]
fn the_report_and_the_difference_share_a_comment() {
    let check = |errors, hosts, report_is_cut, diff_is_cut| {
        context(&Wanted::default(), Origin::Run, |context| {
            let body = comment(&report(errors, hosts), context).body;
            assert!(body.len() <= 65_536, "{}", body.len());
            let (report, diff) = body.split_once("\n### Configuration diff").expect("both are there");
            assert_eq!(
                report.contains("There is more than fits here"),
                report_is_cut,
                "{errors} {hosts}"
            );
            assert_eq!(
                diff.contains("more lines are left out"),
                diff_is_cut,
                "{errors} {hosts}"
            );
            // What is cut leaves no room.
            let full = report_is_cut || diff_is_cut;
            assert!(!full || body.len() > 60_000, "{errors} {hosts}: {}", body.len());
        });
    };
    check(2, 2, false, false);
    check(2_000, 2, true, false);
    check(2, 400, false, false);
    check(2_000, 400, true, true);
}

#[test]
fn titles_say_what_came_of_it() {
    let check = |report: &Report, expected: &str| {
        context(&Wanted::default(), Origin::Run, |context| {
            assert_eq!(super::check(report, context, "id").create["output"]["title"], expected);
        });
    };
    check(&Report::default(), "nothing was checked");
    check(&report(1, 0), "1 error, 0 warnings on 0 hosts");
    let one = |outcome| Report {
        cases: vec![Case::new(Stage::Eval, "c", outcome).on("web", "x86_64-linux")],
        ..Report::default()
    };
    check(&one(Outcome::Passed), "clean: 1 case on 1 host");
    check(&one(Outcome::Crashed), "cfgcheck broke: 0 errors, 0 warnings");
}
