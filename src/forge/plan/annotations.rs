//! Findings at lines, as check runs have them.

use diag::{Severity, clean};
use report::{Annotation, Report, all_groups};
use serde_json::{Value, json};

/// Most annotations of one request (GitHub's documentation: "Create a check run").
pub(super) const BATCH: usize = 50;

/// Most annotations of a check run: ten requests, as GitHub wants no more than 80 a minute that make something,
/// and nobody reads further.
pub(super) const MOST: usize = 500;

/// Most bytes of a drawing; GitHub takes 64 KB.
const MOST_DRAWING: usize = 16 << 10;

/// The findings that have a line in the repository, the worst first, in batches, and how many have no place here.
pub(super) struct Annotations {
    /// Annotations, no more than [`BATCH`] each.
    pub(super) batches: Vec<Vec<Value>>,
    /// Findings that have no line in a file of the repository.
    pub(super) elsewhere: usize,
    /// Findings that have one, and come after [`MOST`] others.
    pub(super) beyond: usize,
}

/// Returns the annotations of a report.
pub(super) fn annotations(report: &Report) -> Annotations {
    let groups = all_groups(report);
    let all: Vec<Annotation> = groups.iter().map(Annotation::of).collect();
    let placed: Vec<Value> = all.iter().filter_map(written).collect();
    Annotations {
        elsewhere: all.len() - placed.len(),
        beyond: placed.len().saturating_sub(MOST),
        batches: placed[..placed.len().min(MOST)]
            .chunks(BATCH)
            .map(<[Value]>::to_vec)
            .collect(),
    }
}

/// Returns an annotation as GitHub takes it, if it has a place.
fn written(annotation: &Annotation) -> Option<Value> {
    let at = annotation.at?;
    let line = number(at.line);
    let end = annotation.end.map_or(line, |end| number(end.line).max(line));
    let mut out = json!({
        "path": clean(&at.file),
        "start_line": line,
        "end_line": end,
        "annotation_level": match annotation.severity {
            Severity::Error => "failure",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        },
        "title": annotation.title,
        "message": message(&annotation.message),
    });
    // Columns are taken only where start and end are in one line; the end is the last column, not one past it.
    if line == end {
        let first = number(at.column);
        let last = annotation
            .end
            .map_or(first, |end| number(end.column.saturating_sub(1)).max(first));
        out["start_column"] = first.into();
        out["end_column"] = last.into();
    }
    if !annotation.drawing.is_empty() {
        out["raw_details"] = cut(&clean(annotation.drawing)).into();
    }
    Some(out)
}

/// Returns a line or column as GitHub's numbers are: from 1, and of 32 bits with a sign.
fn number(number: u32) -> u32 {
    number.clamp(1, i32::MAX as u32)
}

/// Returns a message that is not empty, which GitHub refuses.
fn message(text: &str) -> &str {
    if text.trim().is_empty() { "(no message)" } else { text }
}

/// Returns a drawing cut at the end of a line, or of a character if it has only one.
fn cut(text: &str) -> String {
    if text.len() <= MOST_DRAWING {
        return text.to_owned();
    }
    let whole = |at: &usize| text.is_char_boundary(*at);
    let end = (0..=MOST_DRAWING).rev().find(whole).unwrap_or_default();
    let end = text[..end].rfind('\n').unwrap_or(end);
    format!("{}\n… (the rest of {} bytes is left out)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use report::{Case, Finding, Outcome, Position, Stage};

    fn of(findings: Vec<Finding>) -> Report {
        let case = Case {
            findings,
            ..Case::new(Stage::Eval, "c", Outcome::Failed)
        };
        let mut report = Report {
            cases: vec![case],
            ..Report::default()
        };
        report.sort();
        report
    }

    fn one(finding: Finding) -> Value {
        annotations(&of(vec![finding])).batches[0][0].clone()
    }

    #[test]
    fn places_are_as_github_takes_them() {
        let check = |line, column, end: Option<(u32, u32)>, expected: Value| {
            let mut finding = Finding::new("r", Severity::Warning, "m").at("a.nix", line, column);
            finding.end = end.map(|(line, column)| Position { line, column });
            let found = one(finding);
            let places = ["start_line", "end_line", "start_column", "end_column"].map(|key| found[key].clone());
            assert_eq!(Value::from(places.to_vec()), expected);
        };
        check(7, 3, None, json!([7, 7, 3, 3]));
        check(7, 3, Some((7, 9)), json!([7, 7, 3, 8]));
        check(7, 3, Some((7, 3)), json!([7, 7, 3, 3]));
        check(7, 3, Some((9, 1)), json!([7, 9, null, null]));
        check(7, 3, Some((2, 1)), json!([7, 7, 3, 3]));
        check(0, 0, Some((0, 0)), json!([1, 1, 1, 1]));
        check(
            u32::MAX,
            u32::MAX,
            None,
            json!([i32::MAX, i32::MAX, i32::MAX, i32::MAX]),
        );
    }

    #[test]
    fn texts_are_whole_and_within_limits() {
        let mut finding = Finding::new("r\n\u{1b}", Severity::Error, " ").at("a\n.nix", 1, 1);
        finding.text = format!("{}\n{}", "é".repeat(8000), "x".repeat(9000));
        let found = one(finding);
        assert_eq!(found["annotation_level"], "failure");
        assert_eq!(found["title"], "cfgcheck: r ␛");
        assert_eq!(found["message"], "(no message)");
        let details = found["raw_details"].as_str().expect("it is there");
        assert_eq!(
            details,
            format!("{}\n… (the rest of 25001 bytes is left out)", "é".repeat(8000))
        );
        assert_eq!(cut(&"漢".repeat(20_000)).matches('漢').count(), MOST_DRAWING / 3);
    }

    #[test]
    fn the_worst_come_first_in_batches_of_fifty() {
        let check = |errors: usize, warnings: usize, sizes: &[usize], beyond| {
            let finding = |severity| move |n| Finding::new("r", severity, format!("m{n}")).at("a.nix", 1, 1);
            let mut findings: Vec<Finding> = (0..warnings).map(finding(Severity::Warning)).collect();
            findings.extend((0..errors).map(finding(Severity::Error)));
            findings.push(Finding::new("r", Severity::Error, "in the store").at("/nix/store/x", 1, 1));
            let found = annotations(&of(findings));
            let found_sizes: Vec<usize> = found.batches.iter().map(Vec::len).collect();
            assert_eq!(
                (found_sizes.as_slice(), found.elsewhere, found.beyond),
                (sizes, 1, beyond)
            );
            let levels: Vec<Value> = found
                .batches
                .concat()
                .iter()
                .map(|a| a["annotation_level"].clone())
                .collect();
            assert!(
                levels[..errors.min(MOST)].iter().all(|level| level == "failure"),
                "{levels:?}"
            );
        };
        check(0, 0, &[], 0);
        check(1, 1, &[2], 0);
        check(20, 30, &[50], 0);
        check(20, 31, &[50, 1], 0);
        check(120, 0, &[50, 50, 20], 0);
        check(400, 300, &[50; 10], 200);
    }
}
