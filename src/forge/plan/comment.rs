//! The comment on a pull request: one, known by a mark in its first line.

use report::{Report, markdown};

use super::{ALL, Context, body, changes};
use crate::cut::cut;
use crate::wanted::Name;

/// Most bytes of a comment. GitHub takes 65,536 characters; counted in bytes, no way of counting finds more.
const MOST: usize = 65_536;

/// Least bytes that the report keeps where the difference is long.
const LEAST: usize = MOST / 2;

/// The text of a comment, and how it is found again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommentPlan {
    /// The first line of `body`, which no other text of ours begins with.
    pub marker: String,
    /// The whole text.
    pub body: String,
}

impl CommentPlan {
    /// Whether a comment has our mark. Only its very start counts: further down, anybody's text may be quoted.
    pub fn is_marked(&self, comment: &str) -> bool {
        comment
            .lines()
            .next()
            .is_some_and(|line| line.trim_end() == self.marker)
    }

    /// Whether a comment has this text already; servers change the ends of lines.
    pub fn is_text(&self, comment: &str) -> bool {
        let plain = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        plain(comment) == plain(&self.body)
    }
}

/// Returns the mark of comments of this name.
fn marker(name: &Name) -> String {
    if *name == Name::default() {
        return markdown::MARKER.into();
    }
    // The name has no `>`, so that the comment of HTML ends where it should.
    format!("<!-- cfgcheck: report of {} -->", name.as_str())
}

/// Returns the comment of a report: hosts, findings, and what differs from the base. Without times, so that equal
/// findings of one commit are an equal text.
pub fn comment(report: &Report, context: &Context) -> CommentPlan {
    let report = report.clone().without_times();
    let marker = marker(&context.wanted.name);
    let mut text = format!("{marker}\n{}\n", context.preface());
    let changes = changes(&report);
    let room = MOST.saturating_sub(text.len());
    // One empty line between the two.
    let left = room.saturating_sub(changes.len() + 1).max(LEAST);
    text.push_str(&body(&report, context.deny(), left.min(room)));
    if !changes.is_empty() {
        text.push_str(&format!(
            "\n{}",
            cut(&changes, MOST.saturating_sub(text.len() + 1), ALL)
        ));
    }
    CommentPlan {
        marker,
        body: cut(&text, MOST, ALL),
    }
}
