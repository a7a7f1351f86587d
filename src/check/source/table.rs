//! What tests of the rules have in common: files in, findings out, each as `FILE:LINE:COLUMN MESSAGE`.

use flake::tree::MemoryTree;
use report::{Case, Finding, Outcome};

use super::{Files, RULES, Request, cases};
use crate::settings::Layout;

/// Checks what a rule finds in some files: its findings, `nothing` where it has nothing to judge, or `skipped: REASON`.
pub(super) fn check(rule: &str, files: &[(&str, &str)], expected: &[&str]) {
    checked(&Layout::default(), &[], rule, files, expected);
}

/// Checks what a rule finds with this layout in the settings.
pub(super) fn check_with(layout: &str, rule: &str, files: &[(&str, &str)], expected: &[&str]) {
    let layout: Layout = serde_yaml::from_str(layout).unwrap();
    checked(&layout, &[], rule, files, expected);
}

/// Checks what `module-untracked` finds while these paths are there without being tracked.
pub(super) fn check_untracked(files: &[(&str, &str)], untracked: &[&str], expected: &[&str]) {
    checked(&Layout::default(), untracked, "module-untracked", files, expected);
}

/// Returns what `check` compares.
pub(super) fn found(rule: &str, files: &[(&str, &str)]) -> Vec<String> {
    told(&judged(&Layout::default(), &[], files), rule)
}

/// Returns the drawings of what a rule finds, one after the other.
pub(super) fn drawn(rule: &str, files: &[(&str, &str)]) -> String {
    let cases = judged(&Layout::default(), &[], files);
    let case = cases.iter().find(|case| case.rule.as_deref() == Some(rule));
    case.map(|case| case.findings.iter().map(|finding| finding.text.as_str()).collect())
        .unwrap_or_default()
}

fn checked(layout: &Layout, untracked: &[&str], rule: &str, files: &[(&str, &str)], expected: &[&str]) {
    assert!(RULES.iter().any(|entry| entry.rule.id == rule), "{rule} is in no table");
    assert_eq!(told(&judged(layout, untracked, files), rule), expected, "{files:?}");
}

fn judged(layout: &Layout, untracked: &[&str], files: &[(&str, &str)]) -> Vec<Case> {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree = tree.with_file(path, *text);
    }
    let read = Files::read(&tree, b"", b"/f", &[]).unwrap();
    let request = Request {
        layout,
        ids: &["module-orphan", "firewall-disabled"],
        lint: true,
        untracked: &|path| untracked.iter().any(|known| known.as_bytes() == path),
    };
    cases(&read, &request)
}

fn told(cases: &[Case], rule: &str) -> Vec<String> {
    let Some(case) = cases.iter().find(|case| case.rule.as_deref() == Some(rule)) else {
        return vec!["nothing".into()];
    };
    let finding = |finding: &Finding| match &finding.location {
        Some(at) => format!("{at} {}", finding.message),
        None => finding.message.clone(),
    };
    match &case.outcome {
        Outcome::Skipped(reason) => vec![format!("skipped: {reason}")],
        _ => case.findings.iter().map(finding).collect(),
    }
}
