//! What a person sees, and that no text of a report can steer the terminal.

use super::*;
use crate::case::Stage;
use crate::sample::{any_report, fleet, golden, law};
use proptest::prelude::*;

#[test]
fn the_page_is_pinned() {
    golden("fleet.txt", &write(&fleet(), Severity::Error, TextStyle::default()));
}

#[test]
fn the_ascii_page_is_pinned() {
    let style = TextStyle {
        unicode: false,
        width: 60,
        warnings: 1,
        ..TextStyle::default()
    };
    let text = write(&fleet().without_times(), Severity::Error, style);
    assert!(text.is_ascii());
    golden("fleet-ascii.txt", &text);
}

#[test]
fn what_machines_showed_is_told_of_cases_that_passed() {
    let case = Case::new(Stage::Vm, "default", Outcome::Passed)
        .on("web", "x86_64-linux")
        .property("mode", "as-is")
        .property(
            "restarts",
            "nginx.service, sshd.service, a-service-with-a-long-name.service",
        )
        .measured("boot-time", "9 s (8 s before)")
        .finding(crate::Finding::new(
            "reboot-needed",
            Severity::Note,
            "the kernel \u{1b}[31mchanges",
        ));
    let report = Report {
        cases: vec![
            case,
            Case::new(Stage::Vm, "boot", Outcome::Skipped("it is a container".into())).on("web", "x86_64-linux"),
        ],
        ..Report::default()
    };
    let text = write(
        &report,
        Severity::Error,
        TextStyle {
            width: 60,
            ..TextStyle::default()
        },
    );
    let expected = "
in machines
✓ web default
    mode       as-is
    restarts   nginx.service, sshd.service,
               a-service-with-a-long-name.service
    boot-time  9 s (8 s before)
    note       the kernel ␛[31mchanges

not judged
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn files_of_what_has_not_passed_are_named() {
    let case = |name: &str, outcome: Outcome| {
        let mut case = Case::new(Stage::Vm, name, outcome).on("web", "x86_64-linux");
        case.attachments = (1..=14)
            .map(|number| crate::Attachment {
                name: "log".into(),
                media_type: "text/plain".into(),
                file: format!("vm/{number}.log"),
            })
            .collect();
        case
    };
    let report = Report {
        cases: vec![case("default", Outcome::Failed), case("boot", Outcome::Passed)],
        ..Report::default()
    };
    let text = write(&report, Severity::Error, TextStyle::default());
    let expected = "\nfiles\n  web default: vm/1.log vm/2.log vm/3.log vm/4.log vm/5.log vm/6.log vm/7.log\n    \
                    vm/8.log vm/9.log vm/10.log vm/11.log vm/12.log and 2 more\n";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("web boot:"), "{text}");
}

#[test]
fn colours_change_nothing_else() {
    let plain = write(&fleet(), Severity::Error, TextStyle::default());
    let colored = write(
        &fleet(),
        Severity::Error,
        TextStyle {
            color: true,
            ..TextStyle::default()
        },
    );
    let mut stripped = String::new();
    for part in colored.split('\u{1b}') {
        match part.strip_prefix('[').and_then(|rest| rest.split_once('m')) {
            Some((_, rest)) => stripped.push_str(rest),
            None => stripped.push_str(part),
        }
    }
    assert!(colored.len() > plain.len());
    assert_eq!(stripped, plain);
}

#[test]
fn a_warning_with_a_counterexample_is_drawn_with_it() {
    let text = write(&law(), Severity::Error, TextStyle::default());
    let drawn = "warning[a-law]: this does not hold: a is b\n --> a.nix:1:1\n  |\n1 | { }\n  | ^\n  = option: a.b\n  = host: web\n\n\
                 # a-law: a is b\n{\n  law = \"a-law\";\n}\n";
    assert!(text.contains(drawn) && !text.contains("\nwarnings\n"), "{text}");
}

#[test]
fn a_large_clean_fleet_is_short() {
    let cases =
        (0..100).map(|n| Case::new(Stage::Eval, "toplevel", Outcome::Passed).on(format!("h{n:03}"), "x86_64-linux"));
    let report = Report {
        cases: cases.collect(),
        flake: "f".into(),
        ..Report::default()
    };
    let text = write(&report, Severity::Error, TextStyle::default());
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "cfgcheck {version} · f\n\n✓ 100 more without findings\n\nchecked 100 cases on 100 hosts: 100 passed\nclean: 0 errors, 0 warnings\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn a_flood_of_errors_is_counted() {
    let finding = |n: usize| Finding::new("r", Severity::Error, format!("error {n}"));
    let cases =
        (0..MOST_ERRORS + 3).map(|n| Case::new(Stage::Eval, format!("{n}"), Outcome::Failed).finding(finding(n)));
    let report = Report {
        cases: cases.collect(),
        ..Report::default()
    };
    let text = write(&report, Severity::Error, TextStyle::default());
    assert!(
        text.contains("\n… and 3 more different findings; the JSON report has them all\n"),
        "{text}"
    );
}

#[test]
fn nothing_checked_is_said() {
    let text = write(&Report::default(), Severity::Error, TextStyle::default());
    assert!(text.ends_with("\nnothing was checked\n"), "{text}");
}

#[test]
fn times_are_short() {
    let check = |ms, expected: &str| assert_eq!(shown_time(Duration::from_millis(ms)), expected);
    check(0, "");
    check(999, "999 ms");
    check(1_000, "1.0 s");
    check(1_949, "1.9 s");
    check(1_950, "2.0 s");
    check(59_949, "59.9 s");
    check(59_950, "1 min 00 s");
    check(125_400, "2 min 05 s");
}

proptest! {
    #[test]
    fn no_report_steers_the_terminal(report in any_report(), width in 0usize..120, unicode: bool) {
        let mut report = report;
        report.sort();
        let text = write(&report, Severity::Warning, TextStyle { width, unicode, ..TextStyle::default() });
        prop_assert_eq!(clean(&text), text.as_str());
        prop_assert!(unicode || text.is_ascii());
    }
}
