//! What came of a deployment, as a report in all forms that are asked for.

use crate::args::ColorArg;
use crate::exit;
use crate::machine::Machine;
use crate::outputs::{Format, Outputs};
use crate::stream::{complain, say};
use ::deploy::Ended;
use diag::Severity;
use report::{Case, Event, Recorder, Report, Sink, Tool};
use std::path::PathBuf;
use std::time::Duration;

/// What a deployment is called in reports.
const NAME: &str = "the system is deployed";
const NAME_OF_HOME: &str = "the home is deployed";

/// The report of a run that deploys.
pub struct Told<'m> {
    machine: &'m Machine,
    recorder: Recorder,
    began: Duration,
    name: &'static str,
}

impl Told<'_> {
    /// Returns a report that has nothing yet.
    pub fn begin<'m>(machine: &'m Machine, flake: &str) -> Told<'m> {
        let mut recorder = Recorder::new();
        recorder.take(&Event::RunStarted {
            tool: Tool::default(),
            flake: flake.to_owned(),
            started: Duration::ZERO,
        });
        Told {
            machine,
            recorder,
            began: machine.clock.monotonic(),
            name: NAME,
        }
    }

    /// Returns the same for homes.
    pub fn of_homes(self) -> Self {
        Self {
            name: NAME_OF_HOME,
            ..self
        }
    }

    /// Adds how a host ended, and how long that took; since the beginning, if that is not told.
    pub fn host(&mut self, host: &str, ended: &Ended, took: Option<Duration>) {
        let all = self.machine.clock.monotonic().saturating_sub(self.began);
        let case = ended.case(host, self.name).took(took.unwrap_or(all));
        self.recorder.take(&Event::CaseFinished(case));
    }

    /// Adds a case of something else.
    pub fn case(&mut self, case: Case) {
        self.recorder.take(&Event::CaseFinished(case));
    }

    /// Writes the forms that are asked for, and the summary on standard output where none of them goes there; returns the exit
    /// code, which is `code` if all could be written.
    pub fn write(self, asked: &[(Format, PathBuf)], summary: &str, code: u8) -> u8 {
        let machine = self.machine;
        let report = self.finish();
        let outputs = outputs(machine, asked);
        let all = if outputs.is_asked_on_stdout() || outputs.is_on_github() {
            // What stands on standard output may be read by a program.
            complain(summary.trim_end());
            outputs.write(&report)
        } else {
            say(summary.as_bytes());
            outputs.write_asked(&report)
        };
        if all || code != exit::CLEAN {
            code
        } else {
            exit::CANNOT_START
        }
    }

    /// Writes the forms that are asked for, and no other one; returns the exit code, which is `code` if all could be written.
    pub fn write_asked(self, asked: &[(Format, PathBuf)], code: u8) -> u8 {
        let machine = self.machine;
        let report = self.finish();
        let all = outputs(machine, asked).write_asked(&report);
        if all || code != exit::CLEAN {
            code
        } else {
            exit::CANNOT_START
        }
    }

    fn finish(mut self) -> Report {
        let duration = self.machine.clock.monotonic().saturating_sub(self.began);
        self.recorder.take(&Event::RunFinished { duration });
        self.recorder.finish()
    }
}

fn outputs<'o>(machine: &'o Machine, asked: &'o [(Format, PathBuf)]) -> Outputs<'o> {
    Outputs {
        machine,
        asked,
        format: None,
        color: ColorArg::Auto,
        deny: Severity::Error,
    }
}
