//! The report as one page for a browser: hosts by stages, findings with their source lines, all that was checked.
//!
//! The page is whole by itself: it loads nothing, and its policy lets it load nothing. Without JavaScript
//! it is read as well; the script only searches and filters. All text of the code under test goes
//! through `escape`, and no attribute but those of our own names holds any of it raw.

mod changes;
mod escape;

use diag::{Severity, clean_line};

use crate::case::{Attachment, Case, Outcome, Stage};
use crate::group::{Group, groups, waived_groups};
use crate::matrix::{Cell, Matrix, Row, matrix};
use crate::observed::in_machines;
use crate::run::{Report, Totals, Verdict};
use crate::text::{Unjudged, counted, fit, names, shown_time, unjudged};
use escape::{drawing, line, nix, prose};

/// The style sheet, and its hash for the page's policy.
const STYLE: &str = include_str!("html/page.css");
const STYLE_HASH: &str = "sha256-LKk0H3up18oCKKAdMtz+soWsi1hHaYCYxvnWQ3v4TY4=";

/// The script, and its hash for the page's policy.
const SCRIPT: &str = include_str!("html/page.js");
const SCRIPT_HASH: &str = "sha256-UZ+xaeMPdNR2qGElZm6q43fsvi/JNYrGvPvluW1fIok=";

/// Most findings of one kind that are shown; browsers get slow with more, and nobody reads them.
const MOST_FINDINGS: usize = 2_000;

/// Most bytes of one drawn finding (16 KiB).
const MOST_DRAWING: usize = 16 << 10;

/// Most rows of hosts without findings in the table; above that they are folded below it.
const MOST_QUIET: usize = 12;

/// Most files of one case that are linked.
const MOST_FILES: usize = 40;

/// Most bytes of the path of a file that is linked.
const MOST_PATH: usize = 1_000;

/// Most findings that are open at first.
const MOST_OPEN: usize = 12;

/// Returns the report as a page; `deny` as in [`Report::verdict`].
pub fn write(report: &Report, deny: Severity) -> String {
    let mut out = head(report);
    top(&mut out, report, deny);
    bar(&mut out, report);
    out.push_str("<main id=\"main\">\n");
    hosts(&mut out, &matrix(report));
    let kinds = [
        (Severity::Error, "Errors"),
        (Severity::Warning, "Warnings"),
        (Severity::Note, "Notes"),
    ];
    let mut number = 0;
    for (severity, title) in kinds {
        section(
            &mut out,
            title,
            severity.name(),
            &groups(report, severity),
            report,
            &mut number,
        );
    }
    section(
        &mut out,
        "Waived",
        "waived",
        &waived_groups(report),
        report,
        &mut number,
    );
    if let Some(diff) = &report.diff {
        changes::write(&mut out, diff);
    }
    not_judged(&mut out, report);
    checked(&mut out, &matrix(report));
    notes(&mut out, report);
    out.push_str("</main>\n");
    foot(&mut out, report);
    out
}

fn head(report: &Report) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{STYLE_HASH}'; script-src '{SCRIPT_HASH}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>cfgcheck · {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">to the report</a>\n",
        line(&report.flake, 200)
    )
}

fn top(out: &mut String, report: &Report, deny: Severity) {
    let totals = report.totals();
    let (verdict, kind) = match report.verdict(deny) {
        _ if totals.cases == 0 => ("Nothing was checked", "off"),
        Verdict::Clean => ("✓ Clean", "good"),
        Verdict::Found => ("✗ Not clean", "bad"),
        Verdict::Crashed => ("! cfgcheck broke", "bad"),
    };
    out.push_str(&format!(
        "<header class=\"top\">\n<div class=\"brand\"><h1>cfgcheck</h1><span class=\"verdict fill {kind}\">{verdict}</span></div>\n\
         <p class=\"flake\"><code>{}</code></p>\n<dl class=\"tiles\">\n",
        line(&report.flake, 1_000)
    ));
    for (value, word, kind) in tiles(&totals) {
        out.push_str(&format!(
            "<div><dt>{word}</dt><dd class=\"{kind}\">{value}</dd></div>\n"
        ));
    }
    out.push_str("</dl>\n</header>\n");
}

/// Returns the numbers at the top: how many, of what, in which colour.
fn tiles(totals: &Totals) -> Vec<(usize, &'static str, &'static str)> {
    let unless = |count: usize, kind: &'static str| if count > 0 { kind } else { "off" };
    let mut tiles = vec![
        (totals.hosts, if totals.hosts == 1 { "host" } else { "hosts" }, ""),
        (totals.passed, "passed", unless(totals.passed, "good")),
        (totals.failed, "failed", unless(totals.failed, "bad")),
        (
            totals.errored + totals.crashed,
            "not judged",
            unless(totals.errored + totals.crashed, "bad"),
        ),
        (
            totals.errors,
            if totals.errors == 1 { "error" } else { "errors" },
            unless(totals.errors, "bad"),
        ),
        (
            totals.warnings,
            if totals.warnings == 1 { "warning" } else { "warnings" },
            unless(totals.warnings, "warn"),
        ),
    ];
    if totals.skipped > 0 {
        tiles.push((totals.skipped, "skipped", "off"));
    }
    if totals.waived > 0 {
        tiles.push((totals.waived, "waived", "off"));
    }
    tiles
}

/// Adds search and filters; the script shows them.
fn bar(out: &mut String, report: &Report) {
    out.push_str(
        "<div class=\"bar\" hidden><form role=\"search\"><input type=\"search\" aria-label=\"Search findings and hosts\" \
         placeholder=\"Search findings, rules, options, hosts  ( / )\" autocomplete=\"off\" spellcheck=\"false\">\n",
    );
    let kinds = [
        ("error", "Errors", groups(report, Severity::Error).len()),
        ("warning", "Warnings", groups(report, Severity::Warning).len()),
        ("note", "Notes", groups(report, Severity::Note).len()),
        ("waived", "Waived", waived_groups(report).len()),
    ];
    for (kind, word, count) in kinds.iter().filter(|(_, _, count)| *count > 0) {
        out.push_str(&format!(
            "<button type=\"button\" value=\"{kind}\" aria-pressed=\"true\">{word} {count}</button>\n"
        ));
    }
    out.push_str("<output aria-live=\"polite\"></output></form></div>\n");
}

fn hosts(out: &mut String, matrix: &Matrix) {
    if matrix.rows.is_empty() {
        return;
    }
    // The flake itself is always shown.
    let is_quiet = |row: &Row| row.host.is_some() && !row.is_remarkable();
    let rows = || matrix.rows.iter().enumerate();
    let quiet: Vec<(usize, &Row)> = rows().filter(|(_, row)| is_quiet(row)).collect();
    let fold = quiet.len() > MOST_QUIET;
    let loud: Vec<(usize, &Row)> = rows().filter(|(_, row)| !(fold && is_quiet(row))).collect();
    let hosts = matrix.rows.iter().filter(|row| row.host.is_some()).count();
    out.push_str(&format!(
        "<section>\n<h2>Hosts <small>{}</small></h2>\n",
        counted(hosts, "host")
    ));
    if !loud.is_empty() {
        out.push_str("<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Hosts by stages\">\n");
        table(out, &loud, &matrix.stages);
        out.push_str("</div>\n");
    }
    if fold {
        out.push_str(&format!(
            "<details class=\"card quiet\"><summary>{} without findings</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
             aria-label=\"Hosts without findings\">\n",
            counted(quiet.len(), "host")
        ));
        table(out, &quiet, &matrix.stages);
        out.push_str("</div></details>\n");
    }
    out.push_str(
        "<p class=\"legend\"><span><b class=\"good\">✓</b> passed</span><span><b class=\"warn\">▲</b> passed with warnings</span>\
         <span><b class=\"bad\">✗</b> failed</span><span><b class=\"bad\">?</b> could not be judged</span><span><b class=\"off\">–</b> skipped</span><span><b class=\"bad\">!</b> broke cfgcheck</span></p>\n",
    );
    out.push_str("</section>\n");
}

fn table(out: &mut String, rows: &[(usize, &Row)], stages: &[Stage]) {
    out.push_str(
        "<table>\n<thead><tr><th class=\"host\" scope=\"col\">Host</th><th class=\"system\" scope=\"col\">System</th>",
    );
    for stage in stages {
        out.push_str(&format!("<th class=\"stage\" scope=\"col\">{stage}</th>"));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (number, row) in rows {
        let name = row.host.map_or_else(|| "the flake".to_owned(), |host| line(host, 200));
        out.push_str(&format!(
            "<tr data-host=\"{name}\"><th class=\"host\" scope=\"row\"><a href=\"#h{number}\">{name}</a></th><td class=\"system\">{}</td>",
            line(&row.systems.join(", "), 200)
        ));
        for stage in stages {
            match row.cells.get(stage) {
                Some(cell) => out.push_str(&format!("<td class=\"stage\">{}</td>", shown(cell, *number))),
                None => out.push_str("<td class=\"stage\"></td>"),
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

/// Returns what a cell shows: the worst outcome, and how many cases have it.
fn shown(cell: &Cell, number: usize) -> String {
    let warnings = cell.findings(Severity::Warning);
    let outcome = cell.outcome();
    let (sign, kind) = match outcome {
        Outcome::Passed if warnings > 0 => ("▲", "warn"),
        outcome => sign(outcome),
    };
    let count = match outcome {
        Outcome::Passed if warnings > 0 => warnings,
        Outcome::Passed => cell.passed(),
        Outcome::Skipped(_) => cell.cases.len(),
        Outcome::Failed => cell.count(|outcome| *outcome == Outcome::Failed),
        Outcome::Errored => cell.count(|outcome| *outcome == Outcome::Errored),
        Outcome::Crashed => cell.count(|outcome| *outcome == Outcome::Crashed),
    };
    let mut told = format!("{} of {} passed", cell.passed(), counted(cell.cases.len(), "case"));
    for (count, word) in [(cell.findings(Severity::Error), "error"), (warnings, "warning")] {
        if count > 0 {
            told.push_str(&format!(", {}", counted(count, word)));
        }
    }
    if cell.waived() > 0 {
        told.push_str(&format!(", {} waived", cell.waived()));
    }
    format!(
        "<a class=\"cell fill {kind}\" href=\"#h{number}\" title=\"{told}\" aria-label=\"{}: {told}\">{sign}<span>{count}</span></a>",
        outcome.name()
    )
}

/// Returns an outcome's sign and colour.
fn sign(outcome: &Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("✓", "good"),
        Outcome::Failed => ("✗", "bad"),
        Outcome::Errored => ("?", "bad"),
        Outcome::Skipped(_) => ("–", "off"),
        Outcome::Crashed => ("!", "bad"),
    }
}

fn section(out: &mut String, title: &str, kind: &str, groups: &[Group], report: &Report, number: &mut usize) {
    if groups.is_empty() {
        return;
    }
    let found: usize = groups.iter().map(|group| group.count).sum();
    let count = if found == groups.len() {
        format!("{found}")
    } else {
        format!("{} different, {found} in all", groups.len())
    };
    out.push_str(&format!(
        "<section data-findings>\n<h2>{title} <small>{count}</small></h2>\n"
    ));
    for group in groups.iter().take(MOST_FINDINGS) {
        *number += 1;
        let open = kind == "error" && groups.len() <= MOST_OPEN;
        finding(out, group, kind, report, *number, open);
    }
    if groups.len() > MOST_FINDINGS {
        out.push_str(&format!(
            "<p class=\"legend\">and {} more; the JSON report has all of them</p>\n",
            groups.len() - MOST_FINDINGS
        ));
    }
    out.push_str("</section>\n");
}

fn finding(out: &mut String, group: &Group, kind: &str, report: &Report, number: usize, open: bool) {
    let finding = group.finding;
    let sign = match kind {
        "error" => "✗",
        "warning" => "▲",
        "note" => "i",
        _ => "–",
    };
    out.push_str(&format!(
        "<details class=\"card finding {kind}\" id=\"f{number}\" data-kind=\"{kind}\"{}><summary data-sign=\"{sign}\">\
         <span class=\"message\">{}</span><span class=\"where\"><span class=\"rule\">{}</span>",
        if open { " open" } else { "" },
        prose(&fit(finding.message.clone(), 2_000)),
        line(&finding.rule, 200)
    ));
    if let Some(location) = &finding.location {
        out.push_str(&format!(
            "<span class=\"place\">{}</span>",
            line(&location.to_string(), 500)
        ));
    }
    let hosts = group.hosts();
    match hosts.as_slice() {
        [] => {}
        [host] => out.push_str(&format!("<span>{}</span>", line(host, 200))),
        hosts => out.push_str(&format!("<span>{}</span>", counted(hosts.len(), "host"))),
    }
    out.push_str("</span></summary>\n<div class=\"body\">\n");
    if !finding.text.is_empty() {
        let cut = fit(finding.text.clone(), MOST_DRAWING);
        out.push_str(&format!("<pre tabindex=\"0\">{}</pre>\n", drawing(&cut)));
    }
    facts(out, group, report);
    if let Some(counterexample) = &finding.counterexample {
        let cut = fit(counterexample.trim_end().to_owned(), MOST_DRAWING);
        out.push_str(&format!(
            "<h3>Counterexample</h3>\n<pre tabindex=\"0\">{}</pre>\n",
            nix(&cut)
        ));
    }
    out.push_str("</div></details>\n");
}

/// Adds what there is to know about a finding: what to do, where, why it matters, why it does not count.
fn facts(out: &mut String, group: &Group, report: &Report) {
    let finding = group.finding;
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some((by, reason)) = group.waived {
        let reason = if reason.is_empty() {
            "no reason was given"
        } else {
            reason
        };
        facts.push((
            "Waived",
            format!("by {}: {}", by.name(), prose(&fit(reason.into(), 2_000))),
        ));
    }
    if let Some(hint) = finding.hint.as_ref().filter(|_| finding.text.is_empty()) {
        facts.push(("Help", prose(&fit(hint.clone(), 4_000))));
    }
    if let Some(option) = &finding.option {
        facts.push(("Option", format!("<code>{}</code>", line(option, 500))));
    }
    let hosts = group.hosts();
    if !hosts.is_empty() {
        let chips: Vec<String> = hosts
            .iter()
            .map(|host| format!("<span class=\"chip\">{}</span>", line(host, 200)))
            .collect();
        let word = if hosts.len() == 1 { "Host" } else { "Hosts" };
        facts.push((word, format!("<span class=\"chips\">{}</span>", chips.join(" "))));
    }
    if let Some(rule) = report.rule(&finding.rule) {
        for (word, text) in [
            ("Asked for", &rule.title),
            ("Why", &rule.why),
            ("How to mend it", &rule.fix),
        ] {
            if !text.is_empty() {
                facts.push((word, prose(&fit(text.clone(), 4_000))));
            }
        }
    }
    if facts.is_empty() {
        return;
    }
    out.push_str("<dl class=\"facts\">");
    for (word, text) in facts {
        out.push_str(&format!("<dt>{word}</dt><dd>{text}</dd>"));
    }
    out.push_str("</dl>\n");
}

fn not_judged(out: &mut String, report: &Report) {
    let reasons = unjudged(report);
    if reasons.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Not judged</h2>\n<div class=\"card\"><ul class=\"plain\">\n");
    for Unjudged { reason, hosts, cases } in reasons {
        out.push_str(&format!(
            "<li><b>{}</b>: {} <small class=\"off\">{}</small></li>\n",
            line(&names(&hosts), 500),
            prose(&fit(reason.into(), 2_000)),
            counted(cases, "case")
        ));
    }
    out.push_str("</ul></div>\n</section>\n");
}

/// Adds all cases, host by host, so that the page also says what was checked and found in order.
fn checked(out: &mut String, matrix: &Matrix) {
    if matrix.rows.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>What was checked</h2>\n");
    for (number, row) in matrix.rows.iter().enumerate() {
        let all = row.all();
        let name = row.host.map_or_else(|| "the flake".to_owned(), |host| line(host, 200));
        let (sign, kind) = sign(all.outcome());
        let time = shown_time(all.cases.iter().map(|case| case.duration).sum());
        let time = if time.is_empty() { time } else { format!(" · {time}") };
        out.push_str(&format!(
            "<details class=\"card hostcard\" id=\"h{number}\" data-host=\"{name}\"><summary><b class=\"{kind}\">{sign}</b><b>{name}</b>\
             <span>{} of {} passed{time}</span></summary>\n<ul class=\"cases\">\n",
            all.passed(),
            counted(all.cases.len(), "case")
        ));
        for (stage, cell) in &row.cells {
            out.push_str(&format!("<li><h3>{stage}</h3></li>\n"));
            let several = row.systems.len() > 1;
            cell.cases.iter().for_each(|case| one_case(out, case, several));
        }
        out.push_str("</ul></details>\n");
    }
    out.push_str("</section>\n");
}

fn one_case(out: &mut String, case: &Case, several: bool) {
    let (sign, kind) = match &case.outcome {
        Outcome::Passed if !case.findings.is_empty() => ("▲", "warn"),
        outcome => sign(outcome),
    };
    let mut facts = Vec::new();
    if let Some(system) = case.subject.system.as_ref().filter(|_| several) {
        facts.push(system.clone());
    }
    if !case.findings.is_empty() {
        facts.push(counted(case.findings.len(), "finding"));
    }
    if !case.waived.is_empty() {
        facts.push(format!("{} waived", case.waived.len()));
    }
    if matches!(case.outcome, Outcome::Skipped(_)) {
        facts.push("skipped".into());
    }
    let facts = if facts.is_empty() {
        String::new()
    } else {
        format!(" <small>{}</small>", line(&facts.join(", "), 300))
    };
    let seen = observations(case);
    let files: Vec<String> = case.attachments.iter().take(MOST_FILES).map(file).collect();
    let files = if files.is_empty() {
        String::new()
    } else {
        format!("<br><small>{}</small>", files.join(" "))
    };
    out.push_str(&format!(
        "<li><b class=\"{kind}\" aria-label=\"{}\">{sign}</b><span>{}{facts}{files}{seen}</span></li>\n",
        case.outcome.name(),
        line(&case.subject.name, 300)
    ));
}

/// Returns what a run in a machine showed.
fn observations(case: &Case) -> String {
    let observed = in_machines(std::slice::from_ref(case)).pop();
    let lines: Vec<String> = observed
        .map_or(Vec::new(), |(_, lines)| lines)
        .into_iter()
        .map(|seen| {
            let text = prose(&fit(clean_line(&seen.text).into_owned(), 2_000));
            format!("<br><small><b>{}</b> {text}</small>", line(seen.name, 100))
        })
        .collect();
    lines.concat()
}

/// Returns a link to a file of a case. Its address is a path whatever the file is called.
fn file(attachment: &Attachment) -> String {
    let file = &attachment.file;
    let whole = file.starts_with('/') && !file.starts_with("//");
    let mut address = String::from(if whole { "" } else { "./" });
    for byte in file.bytes().take(MOST_PATH) {
        match byte {
            b if b.is_ascii_alphanumeric() || b"/-._~".contains(&b) => address.push(char::from(b)),
            b => address.push_str(&format!("%{b:02X}")),
        }
    }
    format!("<a href=\"{address}\">{}</a>", line(&attachment.name, 100))
}

fn notes(out: &mut String, report: &Report) {
    if report.notes.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>About this run</h2>\n<div class=\"card\"><ul class=\"plain\">\n");
    for note in &report.notes {
        out.push_str(&format!("<li>{}</li>\n", prose(&fit(note.clone(), 4_000))));
    }
    out.push_str("</ul></div>\n</section>\n");
}

fn foot(out: &mut String, report: &Report) {
    let time = match shown_time(report.duration) {
        time if time.is_empty() => time,
        time => format!(" in {time}"),
    };
    let tool = format!("{} {}", clean_line(&report.tool.name), clean_line(&report.tool.version));
    out.push_str(&format!(
        "<footer>Made by {}{time}. This page loads nothing and sends nothing.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        line(&tool, 200)
    ));
}

#[cfg(test)]
mod tests;
