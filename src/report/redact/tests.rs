//! What is masked, and that nothing else moves.

use super::*;
use crate::case::{Outcome, Stage};
use crate::sample::any_report;
use diag::Severity;
use proptest::prelude::*;

#[test]
fn a_message_tells_no_value_of_a_secret() {
    let secrets = Secrets::new();
    let check = |text: &str, expected: &str| assert_eq!(secrets.text(text), expected, "{text}");
    check("password = \"hunter2\";", "password = \"•••\";");
    check("the option `a.b` is set", "the option `a.b` is set");
    check("DB_PASS=abc user=x", "DB_PASS=••• user=x");
    check("git+https://me:abc@example.org/x", "git+https://me:•••@example.org/x");
    check("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\nb", "•••\nb");
}

#[test]
fn a_drawing_keeps_its_columns() {
    let text =
        "error: wrong\n --> a.nix:7:3\n  |\n7 |   password = \"hünter2\"; x = 1;\n  |              ^^^^^^^^^ here\n";
    let expected =
        "error: wrong\n --> a.nix:7:3\n  |\n7 |   password = \"•••••••\"; x = 1;\n  |              ^^^^^^^^^ here\n";
    assert_eq!(Secrets::new().drawing(text), expected);
    let text = "7 |   password = ''\n8 |     one two\n9 |   '';\n  |   ^\n";
    let expected = "7 |   password = ''\n8 |     ••• •••\n9 |   '';\n  |   ^\n";
    assert_eq!(Secrets::new().drawing(text), expected);
}

#[test]
fn what_a_source_binds_is_masked_everywhere() {
    let mut secrets = Secrets::new();
    secrets.learn_from("{ password = \"Tr0ub\\\"4dor\"; name = \"innocent-name\"; }");
    let check = |text: &str, expected: &str| assert_eq!(secrets.text(text), expected, "{text}");
    check("throw: Tr0ub\"4dor is wrong", "throw: ••• is wrong");
    check("trace: \"Tr0ub\\\"4dor\"", "trace: \"•••\"");
    check("GET /?q=Tr0ub%224dor", "GET /?q=•••");
    check("innocent-name", "innocent-name");
}

#[test]
fn every_text_of_a_report_is_masked() {
    let mut secrets = Secrets::new();
    let secret = "Tr0ub4dor&3";
    secrets.learn(secret);
    let text = || format!("a {secret} b");
    let finding = Finding {
        text: format!("1 | {secret} x\n"),
        counterexample: Some(text()),
        ..Finding::new(text(), Severity::Error, text())
    }
    .option(text())
    .hint(text())
    .at(text(), 1, 1);
    let case = Case::new(Stage::Eval, text(), Outcome::Skipped(text()))
        .on(text(), text())
        .rule(text())
        .location(Location {
            file: text(),
            line: 1,
            column: 1,
        })
        .property("a", text())
        .property("token", "short")
        .finding(finding);
    let mut report = Report {
        flake: text(),
        notes: vec![text()],
        cases: vec![case],
        ..Report::default()
    };
    secrets.report(&mut report);
    let told = crate::json::write(&report, Severity::Error);
    assert!(!told.contains(secret) && !told.contains("short"), "{told}");
    assert!(told.contains("1 | ••••••••••• x"), "{told}");
}

proptest! {
    #[test]
    fn what_is_masked_stays_as_it_is(text in "(\\PC|\n|password|token|=|: |\"|''|;| |abcdef1|--secret |\\$\\{|://|@){0,30}") {
        let mut secrets = Secrets::new();
        secrets.learn("abcdef1");
        let once = secrets.text(&text).into_owned();
        prop_assert!(!once.contains("abcdef1"), "{once}");
    }

    #[test]
    fn a_drawing_keeps_its_lines(text in "(\\PC|\n|password|=|\"|''|;| |7 \\| ){0,30}") {
        let drawn = Secrets::new().drawing(&text).into_owned();
        prop_assert_eq!(drawn.matches('\n').count(), text.matches('\n').count());
    }

    #[test]
    fn masking_keeps_the_order_of_any_report(report in any_report()) {
        let mut masked = report.clone();
        Secrets::new().report(&mut masked);
        prop_assert_eq!(masked.totals(), report.totals());
    }
}
