//! A finding as forges show it beside a line of a pull request: workflow commands and check runs are made of it.

use diag::{Severity, clean, clean_line};

use crate::finding::{Location, Position};
use crate::group::Group;
use crate::place::own;
use crate::text;

/// Most bytes of one message: GitHub cuts the text of an annotation at 64 KiB, and nobody reads that far.
const MOST_MESSAGE: usize = 4 << 10;

/// Most bytes of a title; GitHub takes 255 characters.
const MOST_TITLE: usize = 200;

/// What is said beside a line. Nothing in it steers a terminal; each form escapes it for its own place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Annotation<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands, if that is a file of the repository.
    pub at: Option<&'a Location>,
    /// One past its last character, if that is known and not before its start.
    pub end: Option<Position>,
    /// The rule, on one line.
    pub title: String,
    /// The message, and below it the option, the hosts and what to do.
    pub message: String,
    /// The diagnostic as drawn; may be empty.
    pub drawing: &'a str,
}

impl<'a> Annotation<'a> {
    /// Returns what is said of a group of equal findings.
    pub fn of(group: &Group<'a>) -> Annotation<'a> {
        let finding = group.finding;
        let at = own(finding);
        let mut message = clean(&finding.message).into_owned();
        if let (None, Some(location)) = (at, &finding.location) {
            message.push_str(&format!("\nat {}", clean_line(&location.to_string())));
        }
        if let Some(option) = &finding.option {
            message.push_str(&format!("\noption: {}", clean_line(option)));
        }
        let hosts = group.hosts();
        if !hosts.is_empty() {
            message.push_str(&format!("\n{}", text::on_hosts(&hosts)));
        }
        if let Some(hint) = &finding.hint {
            message.push_str(&format!("\nhelp: {}", clean(hint)));
        }
        Annotation {
            severity: finding.severity,
            at,
            end: at.and_then(|at| finding.end.filter(|end| end.line >= at.line)),
            title: text::fit(format!("cfgcheck: {}", clean_line(&finding.rule)), MOST_TITLE),
            message: text::fit(message, MOST_MESSAGE),
            drawing: &finding.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::all_groups;
    use crate::sample::fleet;

    #[test]
    fn it_says_the_message_the_option_the_hosts_and_what_to_do() {
        let report = fleet();
        let all: Vec<_> = all_groups(&report).iter().map(Annotation::of).collect();
        let expected = "undefined variable 'ture'\noption: services.openssh.enable\non db\nhelp: did you mean `true`?";
        assert_eq!(
            (all[0].title.as_str(), all[0].message.as_str()),
            ("cfgcheck: eval", expected)
        );
        assert_eq!(all[0].at.map(|at| at.line), Some(7));
        assert_eq!(all[0].end.map(|end| end.column), Some(34));
        // A crash of ours has no line.
        assert_eq!((all[1].at, all[1].end), (None, None));
    }
}
