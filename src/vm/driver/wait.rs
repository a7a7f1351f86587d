//! Waiting for something, with an end.

use std::time::Duration;

use super::session::{Done, Session};
use super::words;
use crate::guest::{Call, GuestError};
use crate::scenario::{Time, UnitState, WaitForConsole, WaitForFile, WaitForPort, WaitForUnit, limit};

/// How long to wait between two looks.
const LOOK: Duration = Duration::from_millis(500);

impl Session<'_> {
    /// Looks again and again until something holds, and returns whether it does, and how long it may take.
    fn wait(&mut self, within: Option<Time>, mut holds: impl FnMut(&mut Self) -> Done<bool>) -> Done<(bool, String)> {
        let most = limit(within, self.play.settings.limits.step);
        let deadline = self.guest.now() + self.scaled(most);
        loop {
            if holds(self)? {
                return Ok((true, String::new()));
            }
            if self.guest.now() >= deadline {
                return Ok((false, words::time(most)));
            }
            self.guest.pause(LOOK);
        }
    }

    /// Waits until a unit is in a state. One that has failed is not waited for.
    pub(super) fn wait_for_unit(&mut self, wait: &WaitForUnit) -> Done {
        let unit = wait.unit.as_str();
        let mut last = String::new();
        let (held, time) = self.wait(wait.within, |session| {
            last = session.unit_state(unit)?;
            let ends = last == "failed";
            Ok(is_in(&last, wait.state) || ends)
        })?;
        if held && is_in(&last, wait.state) {
            return Ok(());
        }
        let wanted = state_name(wait.state);
        let message = match held {
            true => format!("{unit} has failed, and `{wanted}` was expected"),
            false => format!("{unit} is not {wanted} after {time}: it is {last}"),
        };
        let hint = self
            .journal_end(unit)
            .map(|line| format!("its journal ends with: {line}"));
        Err(self.failed(message, hint))
    }

    /// Returns the state of a unit in systemd's words.
    pub(super) fn unit_state(&mut self, unit: &str) -> Done<String> {
        let call = Call::new(["systemctl", "show", "--property=ActiveState", "--value", "--", unit]);
        let ended = self.ask(&call)?;
        Ok(words::last_line(&ended.output).unwrap_or_else(|| "unknown".into()))
    }

    /// Waits until something listens on a port, or nothing.
    pub(super) fn wait_for_port(&mut self, wait: &WaitForPort) -> Done {
        let (held, time) = self.wait(wait.within, |session| {
            let listens = session
                .guest
                .listens(wait.port)
                .map_err(|error| session.broken(error))?;
            Ok(listens == wait.open)
        })?;
        if held {
            return Ok(());
        }
        let what = if wait.open {
            "nothing listens"
        } else {
            "something still listens"
        };
        Err(self.failed(format!("{what} on port {} after {time}", wait.port), None))
    }

    /// Waits until a file is there, or gone.
    pub(super) fn wait_for_file(&mut self, wait: &WaitForFile) -> Done {
        let path = wait.path.as_str();
        let (held, time) = self.wait(wait.within, |session| {
            let there = session.ask(&Call::new(["test", "-e", path]))?.code == 0;
            Ok(there == wait.there)
        })?;
        if held {
            return Ok(());
        }
        let what = if wait.there { "is not there" } else { "is still there" };
        Err(self.failed(format!("{} {what} after {time}", words::line_of(path)), None))
    }

    /// Waits until the console shows a text.
    pub(super) fn wait_for_console(&mut self, wait: &WaitForConsole) -> Done {
        let (held, time) = self.wait(wait.within, |session| {
            let console = session.guest.console();
            Ok(String::from_utf8_lossy(&console)
                .lines()
                .any(|line| line.contains(&wait.text)))
        })?;
        if held {
            return Ok(());
        }
        let hint = words::last_line(&self.guest.console()).map(|line| format!("it ends with: {line}"));
        let message = format!(
            "the console does not show `{}` after {time}",
            words::line_of(&wait.text)
        );
        Err(self.failed(message, hint))
    }

    /// Runs a program that a step asks for, with the step's limit.
    pub(super) fn run_for_step(
        &mut self,
        call: &Call,
        within: Option<Time>,
    ) -> Done<Result<crate::guest::Ended, String>> {
        let most = limit(within, self.play.settings.limits.step);
        match self.call(call, most) {
            Ok(ended) => Ok(Ok(ended)),
            Err(GuestError::TimedOut { .. }) => Ok(Err(format!("still runs after {}", words::time(most)))),
            Err(GuestError::Refused { why }) => Ok(Err(format!("cannot be run: {}", words::line_of(&why)))),
            Err(error) => Err(self.broken(error)),
        }
    }
}

/// Whether a state in systemd's words is the one that is meant.
pub(super) fn is_in(state: &str, wanted: UnitState) -> bool {
    match wanted {
        UnitState::Active => state == "active",
        UnitState::Inactive => state == "inactive",
        UnitState::Failed => state == "failed",
    }
}

/// Returns the word for a state.
pub(super) fn state_name(state: UnitState) -> &'static str {
    match state {
        UnitState::Active => "active",
        UnitState::Inactive => "inactive",
        UnitState::Failed => "failed",
    }
}
