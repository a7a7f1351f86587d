//! The report on GitHub Actions: the text in the log, annotations on the lines of the pull request.
//!
//! The runner reads workflow commands such as `::error file=…::message` from the log, whoever prints
//! them. Text that may quote the code under test is therefore printed between `::stop-commands::TOKEN`
//! and `::TOKEN::`, with a token that nobody can know before. The page of the run shows
//! [`summary`]; it needs no token of GitHub's, so that it works for pull requests from forks, too.

use diag::{Severity, clean_line};

use crate::annotation::Annotation;
use crate::group::{Group, groups};
use crate::markdown;
use crate::run::Report;
use crate::text::{self, TextStyle};

/// Most annotations of one level that GitHub keeps of a step; it drops what comes after. Three levels
/// make 30, below the 50 that it keeps of a job.
const MOST_OF_LEVEL: usize = 10;

/// Most bytes of the summary (900 KiB). Of more than 1 MiB, GitHub shows nothing.
const MOST_SUMMARY: usize = 900 << 10;

/// Returns what is printed to the log: the report as text, fenced off with the token, then annotations.
pub fn write(report: &Report, deny: Severity, style: TextStyle, token: &str) -> String {
    let mut out = fenced(&text::write(report, deny, style), token);
    out.push_str(&commands(report));
    out
}

/// Returns text that the runner does not search for commands. Nobody must be able to guess the token.
pub fn fenced(text: &str, token: &str) -> String {
    let end = if text.ends_with('\n') || text.is_empty() {
        ""
    } else {
        "\n"
    };
    format!("::stop-commands::{token}\n{text}{end}::{token}::\n")
}

/// Returns the findings as workflow commands, one a line, no more of a level than GitHub keeps.
pub fn commands(report: &Report) -> String {
    let mut out = String::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let name = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let groups = groups(report, severity);
        // If not all fit, the last place is needed for saying so.
        let shown = if groups.len() > MOST_OF_LEVEL {
            MOST_OF_LEVEL - 1
        } else {
            groups.len()
        };
        for group in &groups[..shown] {
            out.push_str(&command(name, group));
        }
        if let Some(more) = groups.len().checked_sub(shown).filter(|&more| more > 0) {
            let what = match severity {
                Severity::Note => "notes",
                Severity::Warning => "warnings",
                Severity::Error => "errors",
            };
            let message = format!("{more} more {what}: the summary of this run has them all");
            out.push_str(&format!("::{name} title=cfgcheck::{}\n", escaped(&message)));
        }
    }
    out
}

fn command(name: &str, group: &Group) -> String {
    let Annotation {
        at,
        end,
        title,
        message,
        ..
    } = Annotation::of(group);
    let mut properties = Vec::new();
    if let Some(location) = at {
        properties.push(format!("file={}", property(&location.file)));
        properties.push(format!("line={}", location.line.max(1)));
        // Columns are taken only where start and end are in one line.
        match end {
            Some(end) if end.line == location.line => {
                properties.push(format!("col={}", location.column.max(1)));
                properties.push(format!("endColumn={}", end.column.max(1)));
            }
            Some(end) => properties.push(format!("endLine={}", end.line)),
            None => properties.push(format!("col={}", location.column.max(1))),
        }
    }
    properties.push(format!("title={}", property(&title)));
    format!("::{name} {}::{}\n", properties.join(","), escaped(&message))
}

/// Returns text fit for the message of a command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns text fit for the value of a command's property.
fn property(text: &str) -> String {
    escaped(&clean_line(text)).replace(':', "%3A").replace(',', "%2C")
}

/// Returns the report for the page of the run, as Markdown after an empty line. With the bytes that the
/// page has already, it takes no more than 900 KiB.
pub fn summary(report: &Report, deny: Severity, already: usize) -> String {
    let most = MOST_SUMMARY.saturating_sub(already + 1);
    format!("\n{}", markdown::write_with_changes(report, deny, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Outcome, Stage};
    use crate::finding::Finding;
    use crate::sample::{any_report, fleet, golden};
    use proptest::prelude::*;

    #[test]
    fn the_log_is_pinned() {
        let log = write(&fleet(), Severity::Error, TextStyle::default(), "f00d");
        golden("fleet.github.txt", &log);
    }

    fn with(findings: Vec<Finding>) -> Report {
        let case = Case {
            findings,
            ..Case::new(Stage::Eval, "c", Outcome::Failed)
        };
        Report {
            cases: vec![case],
            ..Report::default()
        }
    }

    #[test]
    fn a_message_cannot_end_its_command_nor_begin_another() {
        let finding = Finding::new("r,::x", Severity::Error, "100%\n::error::no\r").at("a,b:c.nix", 3, 5);
        let expected = "::error file=a%2Cb%3Ac.nix,line=3,col=5,title=cfgcheck%3A r%2C%3A%3Ax::100%25%0A::error::no␍\n";
        assert_eq!(commands(&with(vec![finding])), expected);
    }

    #[test]
    fn the_last_of_a_level_says_how_many_more_there_are() {
        let findings = |count: usize| (0..count).map(|n| Finding::new("r", Severity::Warning, format!("w{n}")));
        let ten = commands(&with(findings(10).collect()));
        assert_eq!((ten.lines().count(), ten.contains("more")), (10, false));
        let many = commands(&with(findings(25).collect()));
        assert_eq!(many.lines().count(), 10);
        let last = "::warning title=cfgcheck::16 more warnings: the summary of this run has them all";
        assert_eq!(many.lines().last(), Some(last));
    }

    #[test]
    fn what_lies_elsewhere_annotates_no_file() {
        let out = commands(&with(vec![Finding::new("r", Severity::Note, "m").at(
            "/nix/store/x",
            1,
            2,
        )]));
        assert_eq!(out, "::notice title=cfgcheck%3A r::m%0Aat /nix/store/x:1:2\n");
    }

    proptest! {
        #[test]
        fn each_line_outside_the_fence_is_one_command(report in any_report()) {
            let log = write(&report, Severity::Error, TextStyle::default(), "f00dfeed");
            let (_, after) = log.rsplit_once("\n::f00dfeed::\n").expect("the fence ends");
            for line in after.lines() {
                let level = ["::error ", "::warning ", "::notice "].iter().any(|start| line.starts_with(start));
                prop_assert!(level && line.matches("::").count() >= 2, "{}", line);
                let (properties, _) = line[2..].split_once("::").expect("a command has a message");
                for property in properties.split_once(' ').expect("a command has properties").1.split(',') {
                    let name = property.split('=').next().unwrap_or_default();
                    prop_assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{}", line);
                    prop_assert!(!property.contains(':'));
                }
            }
            prop_assert!(after.lines().count() <= 3 * MOST_OF_LEVEL);
        }
    }
}
