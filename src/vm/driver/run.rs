//! Running commands, and doing steps until they succeed.

use std::time::Duration;

use diag::Severity;

use super::session::{Done, Session, Stop};
use super::words;
use crate::finding::Blame;
use crate::guest::Call;
use crate::scenario::{Retry, Run, limit};

impl Session<'_> {
    /// Runs commands, and compares their end with what is expected.
    pub(super) fn run(&mut self, run: &Run) -> Done {
        let call = Call {
            user: run.user.clone(),
            ..Call::shell(&run.command)
        };
        let told = words::line_of(&run.command);
        let ended = match self.run_for_step(&call, run.within)? {
            Ok(ended) => ended,
            Err(why) => return Err(self.failed(format!("`{told}` {why}"), None)),
        };
        let hint = words::last_line(&ended.output).map(|line| format!("it says: {line}"));
        if ended.code != i32::from(run.exit) {
            let message = format!("`{told}` exits {}, and {} was expected", ended.code, run.exit);
            return Err(self.failed(message, hint));
        }
        match &run.prints {
            Some(text) if !String::from_utf8_lossy(&ended.output).contains(text) => {
                let message = format!("`{told}` does not print `{}`", words::line_of(text));
                Err(self.failed(message, hint))
            }
            _ => Ok(()),
        }
    }

    /// Does steps until they succeed; that they did not at once is told.
    pub(super) fn retry(&mut self, retry: &Retry) -> Done {
        let pause = limit(retry.every, Duration::from_secs(1));
        let mut last = None;
        for attempt in 1..=retry.times {
            if attempt > 1 {
                self.guest.pause(pause);
            }
            match retry.steps.iter().try_for_each(|step| self.step(step)) {
                Ok(()) => {
                    if let Some(why) = last {
                        let message = format!("it succeeded at attempt {attempt} only: {why}");
                        self.tell("step-flaky", Severity::Warning, message, Blame::Step, "");
                    }
                    return Ok(());
                }
                // A machine that is gone does not come back by asking again.
                Err(Stop::Failed(found)) if self.answers && attempt < retry.times => last = Some(found.message),
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }
}
