//! The serialised report: the one format that is also read back, and so the one with a version.
//!
//! Two runs on the same inputs write the same bytes apart from the last key, `times`, which is left
//! out if all times are zero ([`Report::without_times`]).

use std::collections::BTreeMap;
use std::time::Duration;

use diag::Severity;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::diff::Diff;
use crate::rule::RuleDoc;
use crate::run::{Report, Tool, Totals, Verdict};

/// The version of the format. It goes up if a reader of the older one would misunderstand; new keys alone do not.
pub const SCHEMA: u32 = 1;

/// A serialised report that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON, or not of this shape.
    #[error("this is no report of cfgcheck: {0}")]
    Shape(#[from] serde_json::Error),
    /// It was written by another version of cfgcheck.
    #[error("the report has format version {found}, and this cfgcheck reads version {SCHEMA}")]
    Version {
        /// The version that it says it has.
        found: u32,
    },
}

/// A report of cfgcheck.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct Written<'a> {
    /// The version of the format: 1. New keys may come without a new version.
    schema: u32,
    /// The program that made it.
    tool: &'a Tool,
    /// The flake that was judged.
    flake: &'a str,
    /// What it comes to.
    verdict: Verdict,
    /// The exit code of the run.
    exit_code: u8,
    /// Counts.
    totals: Totals,
    /// What the rules of its cases and findings ask for.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'a [RuleDoc],
    #[serde(skip_serializing_if = "Option::is_none")]
    /// What differs from another state of the flake.
    diff: Option<&'a Diff>,
    /// What belongs to no case.
    notes: &'a [String],
    /// All that was judged: the flake first, then host by host.
    cases: &'a [Case],
    #[serde(skip_serializing_if = "Option::is_none")]
    /// All that differs between equal runs; left out if no time is told.
    times: Option<Times>,
}

/// What of a report is read; verdict and totals follow from it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Read {
    tool: Tool,
    flake: String,
    #[serde(default)]
    rules: Vec<RuleDoc>,
    #[serde(default)]
    diff: Option<Diff>,
    notes: Vec<String>,
    cases: Vec<Case>,
    #[serde(default)]
    times: Option<Times>,
}

#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// All that differs between equal runs.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct Times {
    /// Seconds since 1970-01-01 UTC.
    started: u64,
    /// Milliseconds of the run.
    duration_ms: u64,
    /// Milliseconds of each case, in the order of `cases`.
    cases_ms: Vec<u64>,
    /// What was measured of each case, in the order of `cases`; left out if nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    measured: Vec<BTreeMap<String, String>>,
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the report as indented JSON that ends with a line feed; `deny` as in [`Report::verdict`].
pub fn write(report: &Report, deny: Severity) -> String {
    let cases_ms: Vec<u64> = report.cases.iter().map(|case| milliseconds(case.duration)).collect();
    let measured = match report.cases.iter().all(|case| case.measured.is_empty()) {
        true => Vec::new(),
        false => report.cases.iter().map(|case| case.measured.clone()).collect(),
    };
    let times = Times {
        measured,
        started: report.started.as_secs(),
        duration_ms: milliseconds(report.duration),
        cases_ms,
    };
    let timeless = times.started == 0
        && times.duration_ms == 0
        && times.cases_ms.iter().all(|&ms| ms == 0)
        && times.measured.is_empty();
    let verdict = report.verdict(deny);
    let written = Written {
        schema: SCHEMA,
        tool: &report.tool,
        flake: &report.flake,
        verdict,
        exit_code: verdict.exit_code(),
        totals: report.totals(),
        rules: &report.rules,
        diff: report.diff.as_ref(),
        notes: &report.notes,
        cases: &report.cases,
        times: (!timeless).then_some(times),
    };
    let text = serde_json::to_string_pretty(&written).expect("a report has only string keys");
    let mut text = escape_steering(&text);
    text.push('\n');
    text
}

/// Returns JSON whose characters that reorder or steer what a terminal shows are escaped; they can
/// only stand in strings. JSON itself asks for that only below U+0020.
pub(crate) fn escape_steering(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Returns the report that [`write`] wrote.
pub fn read(bytes: &[u8]) -> Result<Report, ReadError> {
    let version: Version = serde_json::from_slice(bytes)?;
    if version.schema != SCHEMA {
        return Err(ReadError::Version { found: version.schema });
    }
    let mut read: Read = serde_json::from_slice(bytes)?;
    let times = read.times.unwrap_or(Times {
        started: 0,
        duration_ms: 0,
        cases_ms: Vec::new(),
        measured: Vec::new(),
    });
    for (case, ms) in read.cases.iter_mut().zip(times.cases_ms) {
        case.duration = Duration::from_millis(ms);
    }
    for (case, measured) in read.cases.iter_mut().zip(times.measured) {
        case.measured = measured;
    }
    Ok(Report {
        tool: read.tool,
        flake: read.flake,
        cases: read.cases,
        rules: read.rules,
        diff: read.diff,
        notes: read.notes,
        started: Duration::from_secs(times.started),
        duration: Duration::from_millis(times.duration_ms),
    })
}

/// A severity as its name.
pub(crate) mod severity {
    use diag::Severity;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(severity.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
        let name = String::deserialize(deserializer)?;
        let all = [Severity::Note, Severity::Warning, Severity::Error];
        let found = all.into_iter().find(|severity| severity.name() == name);
        found.ok_or_else(|| de::Error::unknown_variant(&name, &["note", "warning", "error"]))
    }
}

#[cfg(test)]
pub(crate) mod schema;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_report, fleet, golden};
    use proptest::prelude::*;

    #[test]
    fn the_format_is_pinned() {
        golden("fleet.json", &write(&fleet(), Severity::Error));
    }

    #[test]
    fn only_the_last_key_knows_the_time() {
        let timed = write(&fleet(), Severity::Error);
        let timeless = write(&fleet().without_times(), Severity::Error);
        let (before, _) = timed.split_once(",\n  \"times\"").expect("the times are the last key");
        assert_eq!(timeless, format!("{before}\n}}\n"));
    }

    #[test]
    fn other_versions_and_shapes_are_refused() {
        let check = |text: &str, expected: &str| assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), expected);
        check(
            "{\"schema\": 2}",
            "the report has format version 2, and this cfgcheck reads version 1",
        );
        check(
            "{}",
            "this is no report of cfgcheck: missing field `schema` at line 1 column 2",
        );
        check("x", "this is no report of cfgcheck: expected value at line 1 column 1");
    }

    #[test]
    fn a_report_of_the_first_version_is_read() {
        let old = read(include_bytes!("golden/fleet-0.1.json")).expect("it is read");
        assert_eq!((old.cases.len(), old.totals().errors, old.totals().waived), (7, 3, 0));
    }

    proptest! {
        #[test]
        fn a_report_survives(report in any_report()) {
            let text = write(&report, Severity::Error);
            prop_assert_eq!(read(text.as_bytes()).unwrap(), report);
        }

        #[test]
        fn reading_never_panics(cut in 0usize..4000, byte: u8) {
            let mut bytes = write(&fleet(), Severity::Error).into_bytes();
            let at = cut % bytes.len();
            bytes[at] = byte;
            let _ = read(&bytes);
            let _ = read(&bytes[..at]);
        }
    }
}
