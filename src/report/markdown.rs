//! The report as Markdown: a comment on a pull request, or the page of a run.
//!
//! It has the hosts by stages in a table, then each finding folded, the worst first. What does not fit
//! is left out whole and counted, so that no mark stays open. The first line is a hidden mark by which
//! a later run finds its comment again. Text of the code under test makes no marks, calls nobody and
//! links nowhere: `escape` sees to that.

pub(crate) mod escape;

use diag::{Severity, clean, clean_line};

use crate::case::{Outcome, Stage};
use crate::group::{Group, groups, waived_groups};
use crate::matrix::{Cell, Matrix, Row, matrix};
use crate::observed::in_machines;
use crate::run::{Report, Totals, Verdict};
use crate::text::{Unjudged, counted, fit, names, shown_time, unjudged};
use escape::{code, fenced, inline, opening, prose};

/// The mark by which a later run finds the comment again.
pub const MARKER: &str = "<!-- cfgcheck: report -->";

/// Most bytes of a comment on GitHub, which takes 65,536 characters; with room for what a bot adds.
pub const MOST_COMMENT: usize = 65_000;

/// Least bytes that a form can be cut to; its head and its end always fit.
const LEAST: usize = 4 << 10;

/// Most bytes of one drawn finding (8 KiB).
const MOST_DRAWING: usize = 8 << 10;

/// Most rows of the table; above that, hosts on which nothing was found are only counted.
const MOST_ROWS: usize = 120;

/// A text that is never longer than it may be.
struct Page {
    out: String,
    most: usize,
}

impl Page {
    /// Adds a part if it fits, and says whether it did.
    fn add(&mut self, part: &str) -> bool {
        let fits = self.out.len() + part.len() <= self.most;
        if fits {
            self.out.push_str(part);
        }
        fits
    }
}

/// Returns the report as Markdown of at most `most` bytes; `deny` as in [`Report::verdict`].
pub fn write(report: &Report, deny: Severity, most: usize) -> String {
    let mut page = Page {
        out: String::new(),
        // The last line says what was left out.
        most: most.max(LEAST) - 200,
    };
    page.add(&head(report, deny));
    let mut left_out = table(&mut page, &matrix(report));
    for (severity, title) in [
        (Severity::Error, "Errors"),
        (Severity::Warning, "Warnings"),
        (Severity::Note, "Notes"),
    ] {
        left_out += section(&mut page, title, &groups(report, severity), report);
    }
    left_out += section(&mut page, "Waived", &waived_groups(report), report);
    left_out += machines(&mut page, report);
    left_out += usize::from(!not_judged(&mut page, report));
    left_out += usize::from(!notes(&mut page, report));
    if left_out > 0 {
        page.out
            .push_str("\n_There is more than fits here; the JSON and HTML reports have all of it._\n");
    }
    page.out
}

/// Returns the report as [`write`] does, and below it what differs from another state of the flake, if that was asked for; all of
/// it has at most `most` bytes.
pub fn write_with_changes(report: &Report, deny: Severity, most: usize) -> String {
    let Some(diff) = &report.diff else {
        return write(report, deny, most);
    };
    let changes = crate::diff::markdown::write(diff);
    // However much differs, half of the room is for what is wrong.
    let room = most.saturating_sub(changes.len() + 1).max(most / 2);
    let mut out = write(report, deny, room);
    if out.len() + 1 + changes.len() <= most {
        out.push('\n');
        out.push_str(&changes);
    } else {
        let left_out = "\n_What differs is too long for this page; the JSON and HTML reports have it._\n";
        if out.len() + left_out.len() <= most {
            out.push_str(left_out);
        }
    }
    out
}

fn head(report: &Report, deny: Severity) -> String {
    let totals = report.totals();
    let verdict = match report.verdict(deny) {
        _ if totals.cases == 0 => "🤷 nothing was checked",
        Verdict::Clean => "✅ clean",
        Verdict::Found => "❌ not clean",
        Verdict::Crashed => "💥 cfgcheck broke",
    };
    let flake = match clean_line(&report.flake) {
        flake if flake.is_empty() => String::new(),
        flake => format!(" · {}", code(&fit(flake.into_owned(), 300))),
    };
    let time = match shown_time(report.duration) {
        time if time.is_empty() => time,
        time => format!(" in {time}"),
    };
    format!(
        "{MARKER}\n### cfgcheck: {verdict}\n\n{}{flake}\n\n{}{time}.\n",
        found(&totals),
        checked(&totals)
    )
}

fn found(totals: &Totals) -> String {
    let waived = if totals.waived > 0 {
        format!(", {} waived", totals.waived)
    } else {
        String::new()
    };
    format!(
        "**{}, {}{waived}**",
        counted(totals.errors, "error"),
        counted(totals.warnings, "warning")
    )
}

fn checked(totals: &Totals) -> String {
    let outcomes = [
        (totals.passed, "passed"),
        (totals.failed, "failed"),
        (totals.errored, "could not be judged"),
        (totals.skipped, "skipped"),
        (totals.crashed, "broke cfgcheck"),
    ];
    let outcomes: Vec<String> = outcomes
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let on = match totals.hosts {
        0 => String::new(),
        hosts => format!(" on {}", counted(hosts, "host")),
    };
    let outcomes = if outcomes.is_empty() {
        String::new()
    } else {
        format!(": {}", outcomes.join(", "))
    };
    format!("Checked {}{on}{outcomes}", counted(totals.cases, "case"))
}

/// Adds the table, and returns how many rows did not fit.
fn table(page: &mut Page, matrix: &Matrix) -> usize {
    if matrix.rows.is_empty() {
        return 0;
    }
    let mut head = String::from("\n| Host | System |");
    let mut line = String::from("\n| --- | --- |");
    for stage in &matrix.stages {
        head.push_str(&format!(" {} |", title(*stage)));
        line.push_str(" :-: |");
    }
    if !page.add(&format!("{head}{line}\n")) {
        return matrix.rows.len();
    }
    let many = matrix.rows.len() > MOST_ROWS;
    let mut quiet = 0;
    let mut left_out = 0;
    // Findings are worth more than rows.
    let most = page.most;
    page.most = most / 2;
    for row in &matrix.rows {
        if many && !row.is_remarkable() {
            quiet += 1;
        } else if left_out > 0 || !page.add(&table_row(row, &matrix.stages)) {
            left_out += 1;
        }
    }
    page.most = most;
    if quiet + left_out > 0 {
        let more = match left_out {
            0 => format!("\n{quiet} more without findings\n"),
            _ => format!("\n{} more hosts\n", quiet + left_out),
        };
        page.add(&more);
    }
    page.add("\n<sub>✅ passed · ⚠️ passed with warnings · ❌ failed · ❔ could not be judged · ➖ skipped · 💥 broke cfgcheck</sub>\n");
    left_out
}

fn table_row(row: &Row, stages: &[Stage]) -> String {
    let name = match row.host {
        Some(host) => code(&fit(clean_line(host).into_owned(), 100)),
        None => "_the flake_".into(),
    };
    let systems = fit(row.systems.join(", "), 200);
    let systems = if systems.is_empty() {
        String::new()
    } else {
        inline(&systems)
    };
    let mut line = format!("| {name} | {systems} |");
    for stage in stages {
        line.push_str(&match row.cells.get(stage) {
            Some(cell) => format!(" {} |", sign(cell)),
            None => "  |".into(),
        });
    }
    line.push('\n');
    line
}

/// Returns what a cell shows: the worst outcome, and how many cases have it if several do.
fn sign(cell: &Cell) -> String {
    let outcome = cell.outcome();
    let warnings = cell.findings(Severity::Warning);
    let (sign, count) = match outcome {
        Outcome::Passed if warnings > 0 => ("⚠️", warnings),
        Outcome::Passed => ("✅", 1),
        Outcome::Failed => ("❌", cell.count(|outcome| *outcome == Outcome::Failed)),
        Outcome::Errored => ("❔", cell.count(|outcome| *outcome == Outcome::Errored)),
        Outcome::Skipped(_) => ("➖", 1),
        Outcome::Crashed => ("💥", 1),
    };
    if count > 1 {
        format!("{sign} {count}")
    } else {
        sign.into()
    }
}

fn title(stage: Stage) -> String {
    let name = stage.name();
    name[..1].to_uppercase() + &name[1..]
}

/// Adds findings, each folded, and returns how many did not fit.
fn section(page: &mut Page, title: &str, groups: &[Group], report: &Report) -> usize {
    let mut shown = 0;
    let mut head = format!("\n#### {title}\n");
    for group in groups {
        if !page.add(&format!("{head}{}", folded(group, report))) {
            break;
        }
        head.clear();
        shown += 1;
    }
    let left_out = groups.len() - shown;
    if left_out > 0 {
        let line = format!("\n… and {} that do not fit here\n", counted_kinds(left_out, title));
        page.add(&format!("{head}{line}"));
    }
    left_out
}

fn counted_kinds(count: usize, title: &str) -> String {
    match title {
        "Waived" => format!("{count} more waived"),
        title => format!("{count} more {}", title.to_lowercase()),
    }
}

/// Returns a finding with its drawing, what the rule says of it, and where it applies.
fn folded(group: &Group, report: &Report) -> String {
    let finding = group.finding;
    let sign = match (finding.severity, group.waived) {
        (_, Some(_)) => "➖",
        (Severity::Error, _) => "❌",
        (Severity::Warning, _) => "⚠️",
        (Severity::Note, _) => "ℹ️",
    };
    let message = prose(&fit(clean_line(&finding.message).into_owned(), 300));
    let rule = code(&fit(clean_line(&finding.rule).into_owned(), 100));
    let hosts = group.hosts();
    let on = match hosts.as_slice() {
        [] => String::new(),
        [host] => format!(" · {}", code(host)),
        hosts => format!(" · {} hosts", hosts.len()),
    };
    let mut out = format!("\n<details><summary>{sign} {message} · {rule}{on}</summary>\n\n");
    let drawing = if finding.text.is_empty() {
        drawn(group)
    } else {
        finding.text.clone()
    };
    out.push_str(&fenced("text", &fit(clean(&drawing).into_owned(), MOST_DRAWING)));
    let mut facts = Vec::new();
    if let Some(option) = &finding.option {
        facts.push(("Option", code(&fit(clean_line(option).into_owned(), 300))));
    }
    if !hosts.is_empty() {
        let word = if hosts.len() == 1 { "Host" } else { "Hosts" };
        facts.push((word, code(&names(&hosts))));
    }
    if let Some((by, reason)) = group.waived {
        let reason = if reason.is_empty() {
            "no reason was given"
        } else {
            reason
        };
        facts.push((
            "Waived",
            format!(
                "by {}: {}",
                by.name(),
                prose(&fit(clean_line(reason).into_owned(), 500))
            ),
        ));
    }
    if let Some(rule) = report.rule(&finding.rule) {
        for (word, text) in [("Why", &rule.why), ("How to mend it", &rule.fix)] {
            if !text.is_empty() {
                facts.push((word, prose(&fit(clean_line(text).into_owned(), 1_000))));
            }
        }
    }
    let facts: Vec<String> = facts
        .iter()
        .map(|(word, text)| format!("- **{word}**: {text}\n"))
        .collect();
    if !facts.is_empty() {
        out.push_str(&format!("\n{}", facts.concat()));
    }
    if let Some(counterexample) = &finding.counterexample {
        let cut = fit(clean(counterexample).into_owned(), MOST_DRAWING);
        out.push_str(&format!("\n{}", fenced("nix", &cut)));
    }
    out.push_str("\n</details>\n");
    out
}

/// Returns what a drawing would say of a finding that has none.
fn drawn(group: &Group) -> String {
    let finding = group.finding;
    let mut text = format!("{}[{}]: {}", finding.severity.name(), finding.rule, finding.message);
    if let Some(location) = &finding.location {
        text.push_str(&format!("\n --> {location}"));
    }
    if let Some(hint) = &finding.hint {
        text.push_str(&format!("\n  = help: {hint}"));
    }
    text
}

/// Adds what runs in machines showed, each folded, and returns how many did not fit.
fn machines(page: &mut Page, report: &Report) -> usize {
    let mut head = String::from("\n#### In machines\n");
    let mut left_out = 0;
    for (case, lines) in in_machines(&report.cases) {
        let host = case.subject.host.as_deref().unwrap_or("the flake");
        let title = fit(clean_line(&format!("{host}: {}", case.subject.name)).into_owned(), 200);
        let mut part = format!("{head}\n<details><summary>{}</summary>\n\n", prose(&title));
        for line in lines {
            let name = code(&fit(clean_line(line.name).into_owned(), 100));
            part.push_str(&format!(
                "- {name}: {}\n",
                prose(&fit(clean_line(&line.text).into_owned(), 1_000))
            ));
        }
        part.push_str("\n</details>\n");
        match page.add(&part) {
            true => head.clear(),
            false => left_out += 1,
        }
    }
    left_out
}

/// Adds what was left out and why, once a reason; whether it fits.
fn not_judged(page: &mut Page, report: &Report) -> bool {
    let reasons = unjudged(report);
    if reasons.is_empty() {
        return true;
    }
    let mut part = String::from("\n<details><summary>Not judged</summary>\n\n");
    for Unjudged { reason, hosts, cases } in reasons {
        part.push_str(&format!(
            "- {}: {} ({})\n",
            code(&names(&hosts)),
            prose(&fit(clean_line(reason).into_owned(), 500)),
            counted(cases, "case")
        ));
    }
    part.push_str("\n</details>\n");
    page.add(&part)
}

fn notes(page: &mut Page, report: &Report) -> bool {
    let notes = report
        .notes
        .iter()
        .map(|note| fit(clean_line(note).into_owned(), 1_000));
    let notes: Vec<String> = notes
        .map(|note| format!("\n> {}\n", opening(note.trim_start())))
        .collect();
    page.add(&notes.concat())
}

#[cfg(test)]
mod tests;
