//! Waivers: findings that a repository accepts, for a reason and mostly for a time.

use diag::{Diagnostic, Span};
use report::{Finding, Stage, Subject};
use serde::Deserialize;

use crate::settings::{PathPattern, Pattern};
use crate::{Day, Level, Rule};

/// Findings that are accepted, for a reason. Where it names several kinds of things, a finding must fit all of them.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a waiver with `rule` and `reason`"
)]
pub struct Waiver {
    /// The rule's id.
    pub rule: String,
    /// Patterns of files, below the flake's folder, in which findings are accepted.
    #[serde(default)]
    pub paths: Vec<PathPattern>,
    /// Patterns of hosts on which findings are accepted.
    #[serde(default)]
    pub hosts: Vec<Pattern>,
    /// Patterns of options about which findings are accepted, such as `services.openssh.*`.
    #[serde(default)]
    pub options: Vec<Pattern>,
    /// Why they are accepted.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub reason: Reason,
    /// The last day on which the waiver counts, such as `2026-12-31`. After that it is an error itself.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires: Option<Day>,
}

/// A reason: text that is not empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason(String);

crate::settings::from_text!(Reason, "a reason in words");

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Reason, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Err("a waiver needs a reason".into());
        }
        Ok(Reason(text))
    }
}

impl Reason {
    /// Returns the text, in one line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rule about waivers that have ended.
pub const EXPIRED: Rule = Rule {
    id: "waiver-expired",
    stage: Stage::Source,
    level: Level::Error,
    title: "A waiver that has ended is removed or renewed",
    why: "A waiver with a last day says that somebody meant to mend what it accepts by then. After that day it \
          accepts nothing any more, and says so, lest it be forgotten.",
    fix: "Mend what the waiver accepts and remove it, or give it a later day and say why.",
    wrong: "# cfgcheck.yaml, on 2026-11-25\nwaivers:\n  - rule: input-stale\n    reason: waits for the new release\n    expires: 2026-06-30",
    right: "# cfgcheck.yaml, on 2026-11-25\nwaivers:\n  - rule: input-stale\n    reason: waits for the new release\n    expires: 2026-12-31",
};

/// The rule about waivers that accept nothing.
pub const UNUSED: Rule = Rule {
    id: "waiver-unused",
    stage: Stage::Source,
    level: Level::Warning,
    title: "Every waiver accepts something",
    why: "A waiver that fits no finding hides the next one that it happens to fit. It is told only by runs that \
          judge everything.",
    fix: "Remove it.",
    wrong: "waivers:\n  - rule: firewall-disabled\n    hosts: [host-that-is-gone]\n    reason: behind another one",
    right: "waivers: []",
};

impl Waiver {
    /// Whether it is about this finding, whatever the day. `folder` is the flake's in the tree that findings
    /// name files from; empty if it is at the top.
    pub fn fits(&self, subject: &Subject, finding: &Finding, folder: &str) -> bool {
        let path = finding.location.as_ref().map(|location| {
            let below = location
                .file
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/'));
            below.unwrap_or(&location.file)
        });
        let any = |patterns: &[Pattern], name: Option<&str>| {
            patterns.is_empty() || name.is_some_and(|name| patterns.iter().any(|p| p.matches(name)))
        };
        self.rule == finding.rule
            && (self.paths.is_empty() || path.is_some_and(|path| self.paths.iter().any(|p| p.covers(path))))
            && any(&self.hosts, subject.host.as_deref())
            && any(&self.options, finding.option.as_deref())
    }

    /// Whether it counts no more on this day.
    pub fn is_expired(&self, today: Day) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// Returns the finding that it has ended; `span` is where it is written.
    pub fn expired(&self, span: Span) -> Diagnostic {
        let day = self.expires.map(|day| day.to_string()).unwrap_or_default();
        EXPIRED
            .found(format!("the waiver of `{}` ended on {day}", self.rule))
            .at(span, "")
            .note(format!("its reason was: {}", self.reason.as_str()))
            .hint("mend what it accepts and remove it, or give it a later day")
    }

    /// Returns the finding that it fits nothing; `span` is where it is written.
    pub fn unused(&self, span: Span) -> Diagnostic {
        UNUSED
            .found(format!("this waiver of `{}` fits no finding", self.rule))
            .at(span, "")
            .hint("remove it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::Severity;

    fn waiver(text: &str) -> Result<Waiver, serde_yaml::Error> {
        serde_yaml::from_str(text)
    }

    #[test]
    fn a_waiver_fits_what_fits_all_that_it_names() {
        let subject = |host: &str| Subject {
            host: Some(host.into()),
            system: None,
            stage: Stage::Policy,
            name: "a".into(),
        };
        let finding = Finding::new("a", Severity::Error, "m")
            .at("hosts/web/a.nix", 1, 1)
            .option("x.y");
        let check = |text: &str, host: &str, expected: bool| {
            let waiver = waiver(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(waiver.fits(&subject(host), &finding, ""), expected, "{text}");
        };
        check("{ rule: a, reason: r }", "web", true);
        check("{ rule: b, reason: r }", "web", false);
        check("{ rule: a, hosts: ['w*'], reason: r }", "web", true);
        check("{ rule: a, hosts: ['w*'], reason: r }", "db", false);
        check(
            "{ rule: a, paths: [hosts/web], options: ['x.*'], reason: r }",
            "db",
            true,
        );
        check(
            "{ rule: a, paths: [hosts/web], options: ['y.*'], reason: r }",
            "db",
            false,
        );
        check("{ rule: a, paths: [hosts/db], reason: r }", "db", false);
        let below = waiver("{ rule: a, paths: [web], reason: r }").unwrap();
        assert!(below.fits(&subject("web"), &finding, "hosts") && !below.fits(&subject("web"), &finding, ""));
    }

    #[test]
    fn a_waiver_has_a_reason_and_may_have_a_last_day() {
        assert!(waiver("{ rule: a }").is_err());
        assert!(waiver("{ rule: a, reason: ' ' }").is_err());
        assert!(waiver("{ rule: a, reason: r, expires: soon }").is_err());
        let until = waiver("{ rule: a, reason: r, expires: 2026-11-25 }").unwrap();
        let expired = |day: &str| until.is_expired(day.parse().unwrap());
        assert_eq!([expired("2026-11-25"), expired("2026-11-26")], [false, true]);
        assert!(until.expired(Span::default()).message.contains("ended on 2026-11-25"));
    }
}
