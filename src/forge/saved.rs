//! A report that another run saved. Whoever's code ran there may have written the file.

use report::{Report, Secrets, json};

/// Most bytes of a saved report (32 MiB): a hundred hosts with a hundred findings each have a tenth of it.
const MOST: usize = 32 << 20;

/// Most cases, and most findings of all of them. The forms compare some of them with each other.
const MOST_CASES: usize = 50_000;

/// Most hosts of a difference, with most errors of them together.
const MOST_HOSTS: usize = 5_000;

/// A saved report that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It is larger than reports are.
    #[error("the report has {bytes} bytes, and at most {MOST} are read")]
    Large {
        /// Its size.
        bytes: usize,
    },
    /// It is no report.
    #[error("{0}")]
    Read(#[from] json::ReadError),
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
    /// Returns the report of a file. What looks like a secret is masked, and what would become a link is left out: the
    /// forms show addresses of comparisons, which only a run of one's own may name.
    pub fn read(bytes: &[u8]) -> Result<Saved, SavedError> {
        if bytes.len() > MOST {
            return Err(SavedError::Large { bytes: bytes.len() });
        }
        let mut report = json::read(bytes)?;
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
