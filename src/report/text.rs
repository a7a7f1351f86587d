//! The report as a person reads it: one line a host, errors drawn once, warnings grouped, a summary
//! that says what was checked and what was not.

pub(crate) mod wrap;

use std::time::Duration;

use diag::{Severity, clean, clean_line};

use crate::case::{Case, Outcome};
use crate::diff::text::DiffStyle;
use crate::finding::Finding;
use crate::group::{Group, groups};
use crate::matrix::Cell;
use crate::observed::in_machines;
use crate::run::{Report, Verdict};
pub use wrap::{columns, cut, wrap};

/// Most lines of hosts; above that, hosts on which nothing was found are only counted.
const MOST_HOSTS: usize = 40;

/// Most lines of one drawn diagnostic, and of the counterexample below it.
const MOST_LINES: usize = 100;

/// Most different errors drawn; the rest is counted.
const MOST_ERRORS: usize = 50;

/// Most files named of one case.
const MOST_FILES: usize = 12;

/// Most columns of the name of what was observed.
const MOST_WORD: usize = 18;

/// Most bytes of what was observed under one name.
const MOST_OBSERVED: usize = 600;

/// Most hosts named at one finding.
const MOST_NAMES: usize = 6;

/// How the text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextStyle {
    /// Whether ANSI colours are used.
    pub color: bool,
    /// Whether characters beyond ASCII are used; without them, others are shown as `?`.
    pub unicode: bool,
    /// Columns to stay within.
    pub width: usize,
    /// Most groups of warnings shown; the rest is counted.
    pub warnings: usize,
}

impl Default for TextStyle {
    /// Returns the style of a file: no colours, Unicode, 80 columns, 20 groups of warnings.
    fn default() -> TextStyle {
        TextStyle {
            color: false,
            unicode: true,
            width: 80,
            warnings: 20,
        }
    }
}

/// A colour by what it means.
#[derive(Clone, Copy)]
enum Ink {
    Good,
    Bad,
    Warn,
    Faint,
    Strong,
}

impl TextStyle {
    fn ink(self, ink: Ink, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_string();
        }
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Warn => "33",
            Ink::Faint => "2",
            Ink::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

struct Page {
    style: TextStyle,
    out: String,
}

/// Returns the report as text that ends with a line feed; `deny` as in [`Report::verdict`].
pub fn write(report: &Report, deny: Severity, style: TextStyle) -> String {
    let style = TextStyle {
        width: style.width.max(40),
        ..style
    };
    let mut page = Page {
        style,
        out: String::new(),
    };
    page.head(report);
    page.hosts(report);
    page.errors(report);
    page.warnings(report);
    page.machines(report);
    page.not_judged(report);
    page.files(report);
    page.notes(report);
    page.changes(report);
    page.summary(report, deny);
    if style.unicode { page.out } else { ascii(&page.out) }
}

impl Page {
    /// Adds what differs from another state, if that was asked for.
    fn changes(&mut self, report: &Report) {
        let Some(diff) = &report.diff else { return };
        let style = DiffStyle {
            color: self.style.color,
            width: self.style.width,
        };
        self.out.push('\n');
        self.out.push_str(&crate::diff::text::write(diff, style));
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn ink(&self, ink: Ink, text: &str) -> String {
        self.style.ink(ink, text)
    }

    fn mark(&self, outcome: &Outcome) -> String {
        let (unicode, plain, ink) = match outcome {
            Outcome::Passed => ("✓", "ok  ", Ink::Good),
            Outcome::Skipped(_) => ("⊘", "skip", Ink::Faint),
            Outcome::Errored => ("?", "ERR ", Ink::Bad),
            Outcome::Failed => ("✗", "FAIL", Ink::Bad),
            Outcome::Crashed => ("!", "BUG ", Ink::Bad),
        };
        self.ink(ink, if self.style.unicode { unicode } else { plain })
    }

    fn head(&mut self, report: &Report) {
        let tool = format!("{} {}", clean_line(&report.tool.name), clean_line(&report.tool.version));
        let line = format!("{} · {}", self.ink(Ink::Strong, &tool), clean_line(&report.flake));
        self.line(&line);
    }

    fn hosts(&mut self, report: &Report) {
        let same = |a: &Case, b: &Case| (&a.subject.host, &a.subject.system) == (&b.subject.host, &b.subject.system);
        let mut rows: Vec<&[Case]> = report.cases.chunk_by(same).collect();
        if rows.is_empty() {
            return;
        }
        let all = rows.len();
        if all > MOST_HOSTS {
            // The flake itself is always shown.
            rows.retain(|cases| {
                let quiet = |case: &Case| case.outcome == Outcome::Passed && case.findings.is_empty();
                cases[0].subject.host.is_none() || !cases.iter().all(quiet)
            });
        }
        let name = |cases: &[Case]| cut(&clean_line(cases[0].subject.host.as_deref().unwrap_or("flake")), 32);
        let system = |cases: &[Case]| cut(&clean_line(cases[0].subject.system.as_deref().unwrap_or("")), 20);
        let widest = |text: &dyn Fn(&[Case]) -> String| rows.iter().map(|row| columns(&text(row))).max().unwrap_or(0);
        let time = |cases: &[Case]| shown_time(cases.iter().map(|case| case.duration).sum());
        let (name_width, system_width, time_width) = (widest(&name), widest(&system), widest(&time));
        self.line("");
        for cases in &rows {
            let all = Cell {
                cases: cases.iter().collect(),
            };
            let worst = all.outcome();
            let (name, system, time) = (name(cases), system(cases), time(cases));
            let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(columns(text)));
            let before = format!(
                " {name}{} {system}{} {}{time}",
                pad(&name, name_width),
                pad(&system, system_width),
                pad(&time, time_width)
            );
            let mark_width = if self.style.unicode { 1 } else { 4 };
            let room = self.style.width.saturating_sub(columns(&before) + mark_width + 2);
            let remark = cut(&remark(&all), room.max(10));
            let line = format!("{}{before}  {remark}", self.mark(worst));
            self.line(&line);
        }
        if rows.len() < all {
            let line = format!(
                "{} {} more without findings",
                self.mark(&Outcome::Passed),
                all - rows.len()
            );
            self.line(&line);
        }
    }

    fn errors(&mut self, report: &Report) {
        let mut groups = groups(report, Severity::Error);
        groups.extend(drawn_warnings(report));
        for group in groups.iter().take(MOST_ERRORS) {
            self.line("");
            self.diagnostic(group.finding);
            if let Some(option) = &group.finding.option {
                self.under("option", &clean_line(option));
            }
            let hosts = names(&group.hosts());
            if !hosts.is_empty() {
                self.under(if group.hosts().len() == 1 { "host" } else { "hosts" }, &hosts);
            }
            if let Some(counterexample) = &group.finding.counterexample {
                self.line("");
                self.lines(&clean(counterexample), |_, line| line.to_owned());
            }
        }
        if let Some(more) = groups.len().checked_sub(MOST_ERRORS).filter(|&more| more > 0) {
            self.line("");
            self.line(&format!(
                "… and {more} more different findings; the JSON report has them all"
            ));
        }
    }

    /// Writes a finding's drawing, or what a drawing would say.
    fn diagnostic(&mut self, finding: &Finding) {
        if finding.text.is_empty() {
            let head = format!("{}[{}]", finding.severity.name(), clean_line(&finding.rule));
            let message = clean(&finding.message);
            let mut lines = wrap(&format!("{head}: {message}"), self.style.width);
            if let Some(rest) = lines[0].strip_prefix(&head) {
                lines[0] = format!("{}{rest}", self.ink(Ink::Bad, &head));
            }
            lines.iter().for_each(|line| self.line(line));
            if let Some(location) = &finding.location {
                self.line(&format!(" --> {}", clean_line(&location.to_string())));
            }
            if let Some(hint) = &finding.hint {
                self.under("help", &clean(hint));
            }
            return;
        }
        let ink = if finding.severity == Severity::Error {
            Ink::Bad
        } else {
            Ink::Warn
        };
        let style = self.style;
        self.lines(&clean(&finding.text), |index, line| match line.find(':') {
            Some(colon) if index == 0 => format!("{}{}", style.ink(ink, &line[..colon]), &line[colon..]),
            _ => line.to_owned(),
        });
    }

    /// Writes lines as `shown` shows each, and how many more there are where they are too many.
    fn lines(&mut self, text: &str, shown: impl Fn(usize, &str) -> String) {
        for (index, line) in text.lines().enumerate() {
            if index == MOST_LINES {
                self.line(&format!("  … {} more lines", text.lines().count() - MOST_LINES));
                break;
            }
            self.line(&shown(index, line));
        }
    }

    /// Writes `  = WORD: TEXT`, wrapped below itself.
    fn under(&mut self, word: &str, text: &str) {
        let indent = " ".repeat(columns(word) + 6);
        for (index, line) in wrap(text, self.style.width.saturating_sub(indent.len()))
            .iter()
            .enumerate()
        {
            let line = match index {
                0 => format!("  = {}: {line}", self.ink(Ink::Strong, word)),
                _ => format!("{indent}{line}"),
            };
            self.line(&line);
        }
    }

    fn warnings(&mut self, report: &Report) {
        let groups = groups(report, Severity::Warning);
        let groups: Vec<Group> = groups.into_iter().filter(|group| !is_drawn(group)).collect();
        if groups.is_empty() {
            return;
        }
        self.line("");
        let title = self.ink(Ink::Warn, "warnings");
        self.line(&title);
        for group in groups.iter().take(self.style.warnings) {
            self.warning(group);
        }
        if groups.len() > self.style.warnings {
            let rest = &groups[self.style.warnings..];
            let count: usize = rest.iter().map(|group| group.count).sum();
            self.line(&format!("  … and {count} more of {}", counted(rest.len(), "kind")));
        }
    }

    fn warning(&mut self, group: &Group) {
        let count = format!("{:>4} × ", group.count);
        let indent = " ".repeat(columns(&count));
        let message = format!(
            "{} [{}]",
            clean(&group.finding.message).trim_end(),
            clean_line(&group.finding.rule)
        );
        for (index, line) in wrap(&message, self.style.width - indent.len()).iter().enumerate() {
            self.line(&format!("{}{line}", if index == 0 { &count } else { &indent }));
        }
        let place = group
            .finding
            .location
            .as_ref()
            .map(|location| clean_line(&location.to_string()).into_owned());
        let place: Vec<String> = place
            .into_iter()
            .chain(Some(names(&group.hosts())).filter(|n| !n.is_empty()))
            .collect();
        if !place.is_empty() {
            for line in wrap(&place.join(" · "), self.style.width - indent.len()) {
                let line = format!("{indent}{}", self.ink(Ink::Faint, &line));
                self.line(&line);
            }
        }
    }

    /// Tells what runs in machines showed, of cases that passed as well.
    fn machines(&mut self, report: &Report) {
        let cases = in_machines(&report.cases);
        if !cases.is_empty() {
            self.line("");
            self.line("in machines");
        }
        for (case, lines) in cases.into_iter().take(MOST_HOSTS) {
            let host = case.subject.host.as_deref().unwrap_or("flake");
            let title = clean_line(&format!("{host} {}", case.subject.name)).into_owned();
            let line = format!("{} {}", self.mark(&case.outcome), cut(&title, self.style.width - 6));
            self.line(&line);
            let widest = lines
                .iter()
                .map(|line| columns(&clean_line(line.name)))
                .max()
                .unwrap_or(0)
                .min(MOST_WORD);
            let indent = " ".repeat(widest + 6);
            for line in &lines {
                let name = cut(&clean_line(line.name), MOST_WORD);
                let pad = " ".repeat(widest.saturating_sub(columns(&name)));
                let text = fit(clean_line(&line.text).into_owned(), MOST_OBSERVED);
                for (index, part) in wrap(&text, self.style.width - indent.len()).iter().enumerate() {
                    let part = match index {
                        0 => format!("    {}{pad}  {part}", self.ink(Ink::Faint, &name)),
                        _ => format!("{indent}{part}"),
                    };
                    self.line(&part);
                }
            }
        }
    }

    fn not_judged(&mut self, report: &Report) {
        let reasons = unjudged(report);
        if reasons.is_empty() {
            return;
        }
        self.line("");
        self.line("not judged");
        for Unjudged { reason, hosts, cases } in reasons {
            let count = if cases > hosts.len() {
                format!(" ({cases} cases)")
            } else {
                String::new()
            };
            let text = format!("{}: {}{count}", names(&hosts), clean(reason).trim_end());
            for (index, line) in wrap(&text, self.style.width - 4).iter().enumerate() {
                self.line(&format!("{}{line}", if index == 0 { "  " } else { "    " }));
            }
        }
    }

    /// Names the files of cases that have not passed.
    fn files(&mut self, report: &Report) {
        let told = |case: &&Case| case.outcome != Outcome::Passed && !case.attachments.is_empty();
        let mut cases = report.cases.iter().filter(told).peekable();
        if cases.peek().is_some() {
            self.line("");
            self.line("files");
        }
        for case in cases.take(MOST_HOSTS) {
            let files: Vec<&str> = case
                .attachments
                .iter()
                .map(|attachment| attachment.file.as_str())
                .collect();
            let shown = files[..files.len().min(MOST_FILES)].join(" ");
            let more = match files.len().checked_sub(MOST_FILES) {
                Some(more) if more > 0 => format!(" and {more} more"),
                _ => String::new(),
            };
            let host = case.subject.host.as_deref().unwrap_or("flake");
            let text = format!("{host} {}: {shown}{more}", case.subject.name);
            for (index, line) in wrap(&clean_line(&text), self.style.width - 4).iter().enumerate() {
                self.line(&format!("{}{line}", if index == 0 { "  " } else { "    " }));
            }
        }
    }

    fn notes(&mut self, report: &Report) {
        if !report.notes.is_empty() {
            self.line("");
        }
        for note in &report.notes {
            for (index, line) in wrap(&clean(note), self.style.width - 6).iter().enumerate() {
                self.line(&format!("{}{line}", if index == 0 { "note: " } else { "      " }));
            }
        }
    }

    fn summary(&mut self, report: &Report, deny: Severity) {
        let totals = report.totals();
        self.line("");
        if totals.cases == 0 {
            self.line("nothing was checked");
            return;
        }
        let outcomes = [
            (totals.passed, "passed"),
            (totals.failed, "failed"),
            (totals.errored, "could not be judged"),
            (totals.skipped, "skipped"),
            (totals.crashed, "broke cfgcheck (please report this)"),
        ];
        let outcomes: Vec<String> = outcomes
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let on = if totals.hosts > 0 {
            format!(" on {}", counted(totals.hosts, "host"))
        } else {
            String::new()
        };
        let checked = format!("checked {}{on}: {}", counted(totals.cases, "case"), outcomes.join(", "));
        for line in wrap(&checked, self.style.width) {
            self.line(&line);
        }
        let verdict = match report.verdict(deny) {
            Verdict::Clean => self.ink(Ink::Good, "clean"),
            Verdict::Found => self.ink(Ink::Bad, "not clean"),
            Verdict::Crashed => self.ink(Ink::Bad, "cfgcheck broke"),
        };
        let mut line = format!(
            "{verdict}: {}, {}",
            counted(totals.errors, "error"),
            counted(totals.warnings, "warning")
        );
        if totals.waived > 0 {
            line.push_str(&format!(", {} waived", totals.waived));
        }
        let time = shown_time(report.duration);
        if !time.is_empty() {
            line.push_str(&format!(" in {time}"));
        }
        self.line(&line);
    }
}

/// Whether a warning is drawn as errors are: one with a counterexample says little without it.
fn is_drawn(group: &Group) -> bool {
    group.finding.counterexample.is_some()
}

fn drawn_warnings(report: &Report) -> impl Iterator<Item = Group<'_>> {
    groups(report, Severity::Warning).into_iter().filter(is_drawn)
}

/// Why some cases were not judged.
pub(crate) struct Unjudged<'a> {
    /// The reason.
    pub(crate) reason: &'a str,
    /// The hosts, or `flake`, each once.
    pub(crate) hosts: Vec<&'a str>,
    /// How many cases there are.
    pub(crate) cases: usize,
}

/// Returns the reasons why cases were not judged, each once, in the order in which they are first met.
pub(crate) fn unjudged(report: &Report) -> Vec<Unjudged<'_>> {
    let mut reasons: Vec<Unjudged> = Vec::new();
    for case in &report.cases {
        let Some(reason) = case.unjudged() else { continue };
        let host = case.subject.host.as_deref().unwrap_or("flake");
        match reasons.iter_mut().find(|known| known.reason == reason) {
            Some(known) => {
                known.cases += 1;
                if known.hosts.last() != Some(&host) {
                    known.hosts.push(host);
                }
            }
            None => reasons.push(Unjudged {
                reason,
                hosts: vec![host],
                cases: 1,
            }),
        }
    }
    reasons
}

/// Returns what is said at the end of a host's line: why it was left out, or how much was found and
/// how much of it passed.
fn remark(all: &Cell) -> String {
    if let Outcome::Skipped(reason) = all.outcome() {
        return clean_line(reason).into_owned();
    }
    let (errors, warnings) = (all.findings(Severity::Error), all.findings(Severity::Warning));
    let (passed, judged) = (all.passed(), all.cases.len());
    let skipped = all.count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let mut parts = Vec::new();
    for (count, word) in [(errors, "error"), (warnings, "warning")] {
        if count > 0 {
            parts.push(counted(count, word));
        }
    }
    if all.waived() > 0 {
        parts.push(format!("{} waived", all.waived()));
    }
    let found = parts.join(", ");
    // One case says nothing that the mark does not.
    let cases = match judged - skipped {
        _ if judged == 1 => String::new(),
        all if all == passed => format!("{passed} passed"),
        all => format!("{passed} of {all} passed"),
    };
    let cases = if skipped > 0 && judged > 1 {
        format!("{cases}, {skipped} skipped")
    } else {
        cases
    };
    match (found.is_empty(), cases.is_empty()) {
        (false, false) => format!("{found} · {cases}"),
        _ => found + &cases,
    }
}

/// Returns the first hosts and how many more there are, as `on a, b and 3 more`.
pub(crate) fn on_hosts(hosts: &[&str]) -> String {
    format!("on {}", names(hosts))
}

/// Returns text cut to a length in bytes, with an ellipsis after it.
pub(crate) fn fit(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Returns `1 word` or `2 words`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

/// Returns the first names and how many more there are.
pub(crate) fn names(hosts: &[&str]) -> String {
    let shown: Vec<_> = hosts.iter().take(MOST_NAMES).map(|host| clean_line(host)).collect();
    match hosts.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns a duration as `3 ms`, `1.2 s` or `2 min 05 s`; nothing for zero.
pub fn shown_time(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0 => String::new(),
        1..=999 => format!("{ms} ms"),
        1_000..=59_949 => format!("{}.{} s", (ms + 50) / 1000, (ms + 50) / 100 % 10),
        _ => {
            let seconds = (ms + 500) / 1000;
            format!("{} min {:02} s", seconds / 60, seconds % 60)
        }
    }
}

/// Returns the text in ASCII: our own signs as their likeness, others as `?`.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '×' => out.push('x'),
            '…' => out.push_str("..."),
            '·' => out.push('-'),
            '•' => out.push('*'),
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
mod tests;
