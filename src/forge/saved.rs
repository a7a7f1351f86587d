//! A report that another run saved. Whoever's code ran there may have written the file.

use std::collections::HashSet;
use std::path::Path;

use report::{Case, Report, Secrets, diff, json};
use sys::Fs;

use crate::file::{self, FileError};

/// Most bytes of a saved report, and of a saved difference (32 MiB): a hundred hosts with a hundred findings each have a
/// tenth of it.
const MOST: u64 = 32 << 20;

/// Most cases, and most findings of all of them.
const MOST_CASES: usize = 50_000;

/// Most different systems, and most different reasons why something was not judged. The forms compare each case with all of
/// them.
const MOST_SYSTEMS: usize = 100;
const MOST_REASONS: usize = 2_000;

/// Most hosts of a difference, with most errors of them together.
const MOST_HOSTS: usize = 5_000;

/// A saved report that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Its file cannot be read.
    #[error("{0}")]
    File(#[from] FileError),
    /// It is no report.
    #[error("{0}")]
    Report(#[from] json::ReadError),
    /// The difference beside it is none.
    #[error("{0}")]
    Diff(#[from] diff::json::ReadError),
    /// It has more of something than can be shown.
    #[error("the report has {count} {what}, and at most {most} are taken")]
    Many {
        /// What it has.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many are taken.
        most: usize,
    },
}

/// A report that nobody vouches for: to be shown, and for nothing else.
#[derive(Clone, PartialEq, Debug)]
pub struct Saved(Report);

impl Saved {
    /// Returns the report of a file, and shows the difference of another one with it.
    pub fn open(fs: &dyn Fs, report: &Path, diff: Option<&Path>) -> Result<Saved, SavedError> {
        let mut saved = json::read(&file::read(fs, report, MOST)?)?;
        if let Some(diff) = diff {
            saved.diff = Some(diff::json::read(&file::read(fs, diff, MOST)?)?);
        }
        Saved::of(saved)
    }

    /// Returns a report that was read already. What looks like a secret is masked, and what would become a link is left
    /// out: the forms show addresses of comparisons, which only a run of one's own may name.
    pub fn of(mut report: Report) -> Result<Saved, SavedError> {
        let many = |what, count, most| match count {
            count if count > most => Err(SavedError::Many { what, count, most }),
            _ => Ok(()),
        };
        many("cases", report.cases.len(), MOST_CASES)?;
        many(
            "findings",
            report.findings().count() + report.waived().count(),
            MOST_CASES,
        )?;
        let systems: HashSet<_> = report
            .cases
            .iter()
            .filter_map(|case| case.subject.system.as_deref())
            .collect();
        many("systems", systems.len(), MOST_SYSTEMS)?;
        let reasons: HashSet<_> = report.cases.iter().filter_map(Case::unjudged).collect();
        many("reasons", reasons.len(), MOST_REASONS)?;
        many("rules", report.rules.len(), MOST_HOSTS)?;
        many("notes", report.notes.len(), MOST_HOSTS)?;
        if let Some(diff) = &mut report.diff {
            many("hosts", diff.hosts.len(), MOST_HOSTS)?;
            many(
                "errors",
                diff.hosts.iter().map(|host| host.failures.len()).sum(),
                MOST_HOSTS,
            )?;
            many("inputs", diff.inputs.len(), MOST_HOSTS)?;
            for input in &mut diff.inputs {
                input.compare = None;
            }
        }
        Secrets::new().report(&mut report);
        report.sort();
        Ok(Saved(report))
    }

    /// Returns the report, to show it.
    pub fn report(&self) -> &Report {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use report::diff::{Diff, InputChange};
    use sys::{MemoryFs, Mode};

    fn input(compare: &str) -> InputChange {
        InputChange {
            input: "nixpkgs".into(),
            before: None,
            after: None,
            days: None,
            compare: Some(compare.into()),
        }
    }

    #[test]
    fn a_difference_is_shown_without_its_addresses() {
        let fs = MemoryFs::new();
        let file = |path: &str, text: &str| {
            fs.write_atomic(Path::new(path), text.as_bytes(), Mode::Plain)
                .expect("it is written")
        };
        file("/report.json", &json::write(&Report::default(), diag::Severity::Error));
        let diff = Diff {
            inputs: vec![input("https://evil.example")],
            ..Diff::default()
        };
        file("/diff.json", &diff::json::write(&diff));
        let open = |diff: &str| Saved::open(&fs, Path::new("/report.json"), Some(Path::new(diff)));
        let saved = open("/diff.json").expect("it is read");
        let inputs = saved
            .report()
            .diff
            .as_ref()
            .map(|diff| diff.inputs.as_slice())
            .unwrap_or_default();
        assert_eq!((inputs.len(), &inputs[0].compare), (1, &None));
        assert!(matches!(open("/report.json"), Err(SavedError::Diff(_))));
        assert!(matches!(open("/none"), Err(SavedError::File(_))));
    }

    #[test]
    fn what_is_told_of_a_refusal_is_short() {
        let many = Report {
            notes: vec![String::new(); MOST_HOSTS + 1],
            ..Report::default()
        };
        let error = Saved::of(many).expect_err("it is refused").to_string();
        assert_eq!(error, "the report has 5001 notes, and at most 5000 are taken");
    }
}
