//! What is published of a report, as data: no request is sent here, and nothing is asked of anybody.

mod annotations;
mod check;
mod comment;

pub use check::{CheckPlan, Conclusion, check};
pub use comment::{CommentPlan, comment};

use crate::address::Commit;
use crate::wanted::Wanted;
use diag::Severity;

/// Who wrote a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// This run itself.
    Run,
    /// Another run, which handed it on as an artifact: whoever's code ran there may have written anything.
    Artifact,
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// The commit that the report is about.
    pub commit: &'a Commit,
    /// The page of the run, which is linked to.
    pub page: Option<&'a str>,
    /// Who wrote the report.
    pub origin: Origin,
}

impl Context<'_> {
    fn deny(&self) -> Severity {
        self.wanted.deny
    }

    /// Returns the first lines of what people read: whose it is and what it is about.
    fn preface(&self) -> String {
        let run = match self.page {
            Some(page) => format!("[the run]({page})"),
            None => "the run".into(),
        };
        let commit = self.commit.short();
        match self.origin {
            Origin::Run => format!("<sub>Commit <code>{commit}</code>, {run}</sub>\n"),
            Origin::Artifact => format!(
                "> **Not verified**: what follows was written by {run} of commit <code>{commit}</code>, and so by code that \
                 nobody may have looked at.\n"
            ),
        }
    }
}

/// Says where all of it is, where a text is cut.
const ALL: &str = "the JSON and HTML reports of the run have all of it";

/// Returns the report as Markdown without the mark in its first line.
fn body(report: &report::Report, deny: Severity, most: usize) -> String {
    let text = report::markdown::write(report, deny, most);
    match text.strip_prefix(report::markdown::MARKER) {
        Some(text) => text.trim_start_matches('\n').to_owned(),
        None => text,
    }
}

/// Returns the difference as Markdown without the mark in its first line, or nothing without one.
fn changes(report: &report::Report) -> String {
    let Some(diff) = &report.diff else {
        return String::new();
    };
    let text = report::diff::markdown::write(diff);
    match text.strip_prefix(report::diff::markdown::MARKER) {
        Some(text) => text.trim_start_matches('\n').to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
