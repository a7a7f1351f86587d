//! The report as JUnit XML, in the dialect that cargo-nextest writes and CI systems read.
//!
//! One suite a host and one for the flake, and for what is about no host one each for modules,
//! properties and scenarios. Readers differ in where they look for the place of a
//! failure, so it is said three times: as `file` and `line` attributes (action-junit-report, the
//! phpunit reader of test-reporter, GitLab), and in the first line of the body as
//! `at OPTION (FILE:LINE:COLUMN)` (the jest reader of test-reporter).
//!
//! Files of a case are named in its output as `[[ATTACHMENT|PATH]]`, which GitLab and Jenkins show.
//!
//! The schema of Jenkins' xunit plugin allows neither such attributes nor properties of a case. Jenkins'
//! own step reads this dialect all the same; for the plugin there is [`Dialect::Jenkins`].

use std::collections::{BTreeSet, HashSet};

use diag::{clean, clean_line};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use crate::case::{Attachment, Case, Outcome, Stage, Waived};
use crate::finding::{Finding, Location};
use crate::run::Report;

/// Most bytes of one attribute (1 KiB).
const MOST_ATTRIBUTE: usize = 1 << 10;

/// Most bytes of one body (32 KiB).
const MOST_BODY: usize = 32 << 10;

/// Most bytes of all bodies together (20 MiB); GitLab refuses files above 30 MB, and escaping makes
/// text longer. What comes after keeps its first line.
const MOST_BODIES: usize = 20 << 20;

/// Whose XML it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// That of cargo-nextest, with `file`, `line` and properties for each case.
    Nextest,
    /// Only what the schema of Jenkins' xunit plugin (`junit-10.xsd`) allows: places are in the bodies.
    Jenkins,
}

/// A report that cannot be written as XML: a bug, as all text is made fit before.
#[derive(Debug, thiserror::Error)]
#[error("the JUnit report cannot be written: {0}")]
pub struct WriteError(#[from] quick_junit::SerializeError);

/// Returns the report as JUnit XML.
pub fn write(report: &Report, dialect: Dialect) -> Result<String, WriteError> {
    let mut document = quick_junit::Report::new("cfgcheck");
    document.set_time(report.duration);
    let mut budget = MOST_BODIES;
    // Suites in the order in which each begins.
    let mut suites: Vec<(&str, Vec<&Case>)> = Vec::new();
    for case in &report.cases {
        let name = suite_name(case);
        match suites
            .iter_mut()
            .find(|(known, cases)| *known == name && cases[0].subject.host == case.subject.host)
        {
            Some((_, cases)) => cases.push(case),
            None => suites.push((name, vec![case])),
        }
    }
    for (name, cases) in suites {
        document.add_test_suite(suite(name, &cases, &mut budget, dialect));
    }
    let mut text = document.to_string()?;
    if dialect == Dialect::Jenkins {
        let total = format!(" skipped=\"{}\"", report.totals().skipped);
        text = text.replacen(&total, "", 1);
    }
    Ok(text)
}

/// Returns the suite that a case belongs to.
fn suite_name(case: &Case) -> &str {
    match (&case.subject.host, case.subject.stage) {
        (Some(host), _) => host,
        (None, Stage::Modules) => "modules",
        (None, Stage::Prop) => "properties",
        (None, Stage::Vm) => "scenarios",
        (None, _) => "flake",
    }
}

fn suite(name: &str, cases: &[&Case], budget: &mut usize, dialect: Dialect) -> TestSuite {
    let mut suite = TestSuite::new(attribute(name));
    suite.set_time(cases.iter().map(|case| case.duration).sum());
    let systems: BTreeSet<&str> = cases.iter().filter_map(|case| case.subject.system.as_deref()).collect();
    for system in systems {
        suite.add_property(Property::new("system", attribute(system)));
    }
    // GitLab drops cases of the same class and name.
    let mut taken = HashSet::new();
    for case in cases {
        let class = class_name(case);
        let plain = attribute(&case.subject.name);
        let numbered = (2..).map(|n| format!("{plain} ({n})"));
        let name = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| taken.insert((class.clone(), name.clone())))
            .unwrap_or_default();
        suite.add_test_case(test_case(case, name, class, budget, dialect));
    }
    suite
}

/// Returns `cfgcheck.STAGE.HOST.SYSTEM`, with `flake` as the host of cases that have none.
fn class_name(case: &Case) -> String {
    let mut class = format!(
        "cfgcheck.{}.{}",
        case.subject.stage,
        case.subject.host.as_deref().unwrap_or("flake")
    );
    if let Some(system) = &case.subject.system {
        class.push('.');
        class.push_str(system);
    }
    attribute(&class)
}

fn test_case(case: &Case, name: String, class: String, budget: &mut usize, dialect: Dialect) -> TestCase {
    // Findings are sorted by severity, so that the first is the one to tell.
    let worst = case.findings.first();
    let status = match &case.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Skipped(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(attribute(reason));
            status
        }
        Outcome::Failed => non_success(NonSuccessKind::Failure, case, worst, budget),
        Outcome::Errored | Outcome::Crashed => non_success(NonSuccessKind::Error, case, worst, budget),
    };
    let told_in_status = matches!(case.outcome, Outcome::Failed | Outcome::Errored | Outcome::Crashed);
    let mut test = TestCase::new(name, status);
    test.set_classname(class);
    test.set_time(case.duration);
    let has_found = !case.findings.is_empty() || !case.waived.is_empty();
    let mut out = String::new();
    if has_found && !told_in_status {
        out = body(case, budget);
    }
    let marks: Vec<String> = case.attachments.iter().filter_map(attachment).collect();
    if !marks.is_empty() {
        out.push_str(if out.is_empty() { "" } else { "\n" });
        out.push_str(&marks.join("\n"));
    }
    if !out.is_empty() {
        test.set_system_out(out);
    }
    if dialect == Dialect::Jenkins {
        return test;
    }
    if let Some(Location { file, line, .. }) = worst
        .and_then(|finding| finding.location.as_ref())
        .or(case.location.as_ref())
    {
        test.extra.insert("file".into(), attribute(file).into());
        test.extra.insert("line".into(), line.to_string().into());
    }
    if let Some(finding) = worst {
        test.add_property(Property::new("severity", finding.severity.name()));
    }
    if let Some(system) = &case.subject.system {
        test.add_property(Property::new("system", attribute(system)));
    }
    for (name, value) in case.properties.iter().chain(&case.measured) {
        test.add_property(Property::new(attribute(name), attribute(value)));
    }
    test
}

/// Returns the line by which GitLab and Jenkins find a file; a path that would end the mark has none.
fn attachment(attachment: &Attachment) -> Option<String> {
    let path = attribute(&attachment.file);
    let fits = path == attachment.file && !path.contains(['[', ']', '|']);
    fits.then(|| format!("[[ATTACHMENT|{path}]]"))
}

fn non_success(kind: NonSuccessKind, case: &Case, worst: Option<&Finding>, budget: &mut usize) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let unsaid = match case.outcome {
        Outcome::Crashed => "cfgcheck broke on this case",
        Outcome::Errored => "this case could not be judged",
        _ => "this case failed",
    };
    let unsaid = case.properties.get("reason").map_or(unsaid, String::as_str);
    status.set_message(attribute(worst.map_or(unsaid, |finding| &finding.message)));
    status.set_type(match case.outcome {
        Outcome::Crashed => "crash".into(),
        _ => attribute(worst.map_or(case.outcome.name(), |finding| &finding.rule)),
    });
    // The jest reader of test-reporter fails on a failure without a body.
    status.set_description(match case.findings.is_empty() {
        true => attribute(unsaid),
        false => body(case, budget),
    });
    status
}

/// Returns all findings of a case as text: for each the line with its place, then its drawing.
fn body(case: &Case, budget: &mut usize) -> String {
    let mut text = String::new();
    let findings = case.findings.iter().map(|finding| (finding, None));
    let waived = case.waived.iter().map(|waived| (&waived.finding, Some(waived)));
    for (finding, waived) in findings.chain(waived) {
        if !text.is_empty() {
            text.push('\n');
        }
        if let Some(Waived { by, reason, .. }) = waived {
            text.push_str(&format!("waived by {}: {}\n", by.name(), clean_line(reason)));
        }
        if let Some(location) = &finding.location {
            let about = finding.option.as_deref().unwrap_or(&case.subject.name);
            text.push_str(&format!(
                "at {} ({})\n",
                clean_line(about),
                clean_line(&location.to_string())
            ));
        }
        if finding.text.is_empty() {
            text.push_str(&format!(
                "{}[{}]: {}\n",
                finding.severity.name(),
                finding.rule,
                finding.message
            ));
            if let Some(hint) = &finding.hint {
                text.push_str(&format!("help: {hint}\n"));
            }
        } else {
            text.push_str(&finding.text);
        }
        if let Some(counterexample) = &finding.counterexample {
            text.push_str(&format!("\n{counterexample}"));
        }
        if text.len() > MOST_BODY {
            break;
        }
    }
    let text = fit(&clean(&text), MOST_BODY);
    let text = match budget.checked_sub(text.len()) {
        Some(left) => {
            *budget = left;
            text
        }
        None => format!(
            "{}\n(cut: the report is too large)",
            text.lines().next().unwrap_or_default()
        ),
    };
    text.trim_end().to_string()
}

/// Returns text fit for an attribute: one harmless line of bounded length.
fn attribute(text: &str) -> String {
    fit(&clean_line(text), MOST_ATTRIBUTE)
}

/// Returns text without the two characters that XML lacks beside controls, cut to a length in bytes.
fn fit(text: &str, most: usize) -> String {
    let mut text = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    if text.len() > most {
        let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
