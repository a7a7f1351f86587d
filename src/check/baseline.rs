//! The baseline: findings that were there before, and do not fail a run.
//!
//! The file is JSON that a person can review: one entry for each kind of finding, with how often it
//! is there. It has no lines and no columns, so that an edit elsewhere in a file does not make old
//! findings new.

use std::collections::BTreeMap;

use report::{Finding, Report, Subject};
use serde::{Deserialize, Serialize};

/// The format of the file that this cfgcheck reads and writes.
const SCHEMA: u32 = 1;

/// The name of the file beside `flake.nix`.
pub const FILE: &str = "cfgcheck-baseline.json";

/// Most bytes of a baseline file (16 MiB).
const MOST_BYTES: usize = 16 << 20;

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is too large.
    #[error("the baseline is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is not JSON of the right shape; the position is in the message.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the baseline has format version {0}, and this cfgcheck reads version {SCHEMA}")]
    Version(u32),
}

/// One kind of finding, without its place in the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kind {
    rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    option: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    message: String,
}

impl Kind {
    fn of(subject: &Subject, finding: &Finding) -> Kind {
        Kind {
            rule: finding.rule.clone(),
            host: subject.host.clone(),
            option: finding.option.clone(),
            file: finding.location.as_ref().map(|location| location.file.clone()),
            message: lasting(&finding.message),
        }
    }
}

/// Returns a message without what changes from day to day: numbers, such as ages, and the hashes of store paths.
fn lasting(message: &str) -> String {
    const STORE: &str = "/nix/store/";
    const HASH: usize = 32;
    let mut parts = message.split(STORE);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hashed = part.as_bytes().get(HASH) == Some(&b'-') && part.is_char_boundary(HASH);
        text.push_str(STORE);
        text.push_str(if hashed { "…" } else { "" });
        text.push_str(if hashed { &part[HASH..] } else { part });
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            c => out.push(c),
        }
    }
    out
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    #[serde(flatten)]
    kind: Kind,
    count: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    schema: u32,
    findings: Vec<Entry>,
}

/// Findings that were there before.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Baseline {
    counts: BTreeMap<Kind, usize>,
}

impl Baseline {
    /// Returns the baseline of all findings of a report, also of those that an older baseline took.
    pub fn of(report: &Report) -> Baseline {
        let mut baseline = Baseline::default();
        for case in &report.cases {
            let known = case.waived.iter().filter(|w| w.by == report::WaivedBy::Baseline);
            let counted = case.findings.iter().filter(|f| f.rule != "crash");
            for finding in counted.chain(known.map(|w| &w.finding)) {
                *baseline.counts.entry(Kind::of(&case.subject, finding)).or_default() += 1;
            }
        }
        baseline
    }

    /// Returns the baseline with what another one has of the rules that fit.
    pub fn keeping(mut self, other: &Baseline, fits: impl Fn(&str) -> bool) -> Baseline {
        let kept = other.counts.iter().filter(|(kind, _)| fits(&kind.rule));
        self.counts.extend(kept.map(|(kind, count)| (kind.clone(), *count)));
        self
    }

    /// Returns the baseline that a file's bytes are.
    pub fn parse(bytes: &[u8]) -> Result<Baseline, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        if bytes.len() > MOST_BYTES {
            return Err(BaselineError::TooLarge);
        }
        let version: Version = serde_json::from_slice(bytes)?;
        if version.schema != SCHEMA {
            return Err(BaselineError::Version(version.schema));
        }
        let file: File = serde_json::from_slice(bytes)?;
        let mut baseline = Baseline::default();
        for entry in file.findings {
            let count = baseline.counts.entry(entry.kind).or_default();
            *count = count.saturating_add(entry.count);
        }
        Ok(baseline)
    }

    /// Returns the text of its file, sorted, ending with a line feed.
    pub fn to_text(&self) -> String {
        let findings = self.counts.iter().map(|(kind, &count)| Entry {
            kind: kind.clone(),
            count,
        });
        let file = File {
            schema: SCHEMA,
            findings: findings.collect(),
        };
        serde_json::to_string_pretty(&file).expect("a baseline has only text keys") + "\n"
    }

    /// Returns the number of findings.
    pub fn len(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Takes one finding out, and returns whether it was there.
    pub(crate) fn take(&mut self, subject: &Subject, finding: &Finding) -> bool {
        match self.counts.get_mut(&Kind::of(subject, finding)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::Severity;
    use proptest::prelude::*;
    use report::{Case, Outcome, Stage};

    #[test]
    fn old_findings_are_known_again_as_often_as_they_were_there() {
        let finding = Finding::new("input-stale", Severity::Warning, "updated 367 days ago").at("flake.lock", 5, 9);
        let case = Case::new(Stage::Lock, "input-stale", Outcome::Passed).finding(finding.clone());
        let report = Report {
            cases: vec![case.clone()],
            ..Report::default()
        };
        let baseline = Baseline::of(&report);
        let mut read = Baseline::parse(baseline.to_text().as_bytes()).unwrap();
        assert_eq!((&read, read.len(), read.is_empty()), (&baseline, 1, false));
        let later = Finding::new("input-stale", Severity::Warning, "updated 1368 days ago").at("flake.lock", 9, 9);
        assert!(read.take(&case.subject, &later));
        assert!(!read.take(&case.subject, &finding));
        assert!(
            !baseline
                .clone()
                .take(&case.subject, &Finding::new("input-stale", Severity::Error, "another"))
        );
    }

    #[test]
    fn what_another_command_found_is_kept() {
        let of = |rule: &str| {
            let case = Case::new(Stage::Prop, rule, Outcome::Failed);
            Baseline::of(&Report {
                cases: vec![case.finding(Finding::new(rule, Severity::Error, "m"))],
                ..Report::default()
            })
        };
        let both = of("a").keeping(&of("b"), |_| true);
        assert_eq!(both.len(), 2);
        assert_eq!(of("a").keeping(&both, |rule| rule == "b"), both);
        assert_eq!(of("a").keeping(&both, |rule| rule == "a"), of("a"));
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_its_place() {
        let wrong = |text: &str| Baseline::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(wrong("{").contains("line 1 column"));
        assert!(wrong("{ \"schema\": 2 }").contains("format version 2"));
        let one = |entry: &str| wrong(&format!("{{ \"schema\": 1, \"findings\": [ {entry} ] }}"));
        assert!(one("{ \"rule\": \"a\", \"count\": 1 }").contains("missing field `message`"));
        assert!(one("[]").contains("line 1 column"));
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Baseline::parse(&bytes);
        }

        #[test]
        fn messages_stay_text(message in any::<String>()) {
            prop_assert!(!lasting(&message).contains(|c: char| c.is_ascii_digit()));
        }
    }
}
