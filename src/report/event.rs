//! What a run tells while it works. Progress is drawn from these events and the report is made of them.

use std::time::Duration;

use crate::case::{Case, Subject};
use crate::redact::Secrets;
use crate::rule::RuleDoc;
use crate::run::{Report, Tool};

/// A long step of a run, for progress.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Fetching the flake's inputs.
    Fetching,
    /// Reading and judging source files and the lock file.
    Reading,
    /// Evaluating hosts.
    Evaluating,
    /// Testing laws.
    Testing,
    /// Building.
    Building,
    /// Running virtual machines.
    Booting,
    /// Switching machines.
    Switching,
}

/// Something that happened in a run.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The run began; always first.
    RunStarted {
        /// The program that runs.
        tool: Tool,
        /// The flake that is judged, as the user may write it.
        flake: String,
        /// Time since 1970-01-01 UTC; zero leaves it out of reports.
        started: Duration,
    },
    /// Work of one kind began or went on.
    Progressed {
        /// The kind of work.
        phase: Phase,
        /// What is worked on, such as a host's name or an input's.
        what: String,
        /// How many were begun, this one included.
        index: usize,
        /// How many there are, as far as is known.
        of: usize,
    },
    /// A rule applies in this run; the report explains those of its findings and cases.
    RuleKnown(RuleDoc),
    /// A case began.
    CaseStarted(Subject),
    /// A case ended.
    CaseFinished(Case),
    /// Something worth telling that belongs to no case, such as the use of a cache or a deprecated setting.
    Note(String),
    /// The run ended; always last.
    RunFinished {
        /// How long it took.
        duration: Duration,
    },
}

/// Takes events in the order in which they happen.
pub trait Sink {
    /// Takes one event.
    fn take(&mut self, event: &Event);
}

/// Makes the report of the events. It is the one door between a run and its readers: it masks
/// secrets in each event before it keeps it or hands it on.
#[derive(Default)]
pub struct Recorder {
    report: Report,
    secrets: Secrets,
    watcher: Option<Box<dyn Sink>>,
}

impl Recorder {
    /// Returns a recorder that has seen nothing.
    pub fn new() -> Recorder {
        Recorder::default()
    }

    /// Returns a recorder that hands each event on, such as to what draws progress.
    pub fn watched_by(watcher: Box<dyn Sink>) -> Recorder {
        Recorder {
            watcher: Some(watcher),
            ..Recorder::default()
        }
    }

    /// Returns the secrets that it masks, to teach it more of them.
    pub fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }

    /// Returns the report of the events so far, its cases in the order of [`Subject`] whatever the
    /// order in which they ended.
    pub fn finish(mut self) -> Report {
        // A secret that was learned late may be in what was kept before.
        self.secrets.report(&mut self.report);
        self.report.sort();
        self.report.keep_used_rules();
        self.report
    }
}

impl Sink for Recorder {
    fn take(&mut self, event: &Event) {
        let event = self.secrets.event(event);
        if let Some(watcher) = &mut self.watcher {
            watcher.take(&event);
        }
        match event {
            Event::RunStarted { tool, flake, started } => {
                self.report.tool = tool;
                self.report.flake = flake;
                self.report.started = started;
            }
            Event::RuleKnown(rule) => self.report.rules.push(rule),
            Event::CaseFinished(case) => self.report.cases.push(Case {
                duration: milliseconds(case.duration),
                ..case
            }),
            Event::Note(text) => self.report.notes.push(text),
            Event::RunFinished { duration } => self.report.duration = milliseconds(duration),
            Event::Progressed { .. } | Event::CaseStarted(_) => {}
        }
    }
}

/// Returns a time as exactly as reports have it, so that one that was saved and read again gives the same in every form.
fn milliseconds(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Outcome, Stage};
    use crate::{html, json};
    use diag::Severity;

    #[test]
    fn a_report_that_is_read_again_gives_the_same_page() {
        let mut recorder = Recorder::new();
        let case = Case {
            // Less than half a tenth of a second more than a second, but for the microseconds.
            duration: Duration::from_micros(1_049_999),
            ..Case::new(Stage::Eval, "web evaluates", Outcome::Passed)
        };
        recorder.take(&Event::CaseFinished(case));
        recorder.take(&Event::RunFinished {
            duration: Duration::from_micros(2_999_999),
        });
        let report = recorder.finish();
        assert_eq!(report.cases[0].duration, Duration::from_millis(1_049));
        assert_eq!(report.duration, Duration::from_millis(2_999));
        let again = json::read(json::write(&report, Severity::Error).as_bytes()).expect("it was written just now");
        assert_eq!(
            html::write(&again, Severity::Error),
            html::write(&report, Severity::Error)
        );
    }
}
