//! How long something may take, and what else may happen meanwhile.

use crate::guest::GuestError;
use std::time::Duration;
use sys::Clock;

/// How a call waits: until a moment, and while the machine is well.
pub struct Wait<'w> {
    /// The clock of the deadline.
    pub clock: &'w dyn Clock,
    /// How long the call may take.
    pub limit: Duration,
    /// How long the guest may say nothing while a program of it runs: its agent gives a sign every few seconds.
    pub silence: Duration,
    /// Is asked several times a second whether the machine still runs; its error ends the call.
    pub watch: &'w mut dyn FnMut() -> Result<(), GuestError>,
}

/// How long the machine is not asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a machine may take to end behind its line.
const BEHIND: Duration = Duration::from_millis(500);

/// A wait that has begun.
pub(crate) struct Until<'u, 'w> {
    wait: &'u mut Wait<'w>,
    what: String,
    deadline: Duration,
    // When the machine is to be asked again.
    next: Duration,
    // When something was heard last, if that is to be now and then.
    heard: Option<Duration>,
}

impl<'w> Wait<'w> {
    /// Returns the wait for something, from now on.
    pub(crate) fn begin<'u>(&'u mut self, what: impl Into<String>) -> Until<'u, 'w> {
        let deadline = self.clock.monotonic().saturating_add(self.limit);
        Until {
            wait: self,
            what: what.into(),
            deadline,
            next: Duration::ZERO,
            heard: None,
        }
    }
}

impl Until<'_, '_> {
    /// Returns an error if the time is over or the machine is not well.
    pub fn look(&mut self) -> Result<(), GuestError> {
        // A guest that says much must not have the machine asked for each word.
        let now = self.now();
        if now >= self.next {
            self.next = now.saturating_add(PAUSE);
            (self.wait.watch)()?;
        }
        if now >= self.deadline {
            return Err(GuestError::TimedOut {
                what: self.what.clone(),
                limit: self.wait.limit,
            });
        }
        match self.heard {
            Some(heard) if now.saturating_sub(heard) >= self.wait.silence => Err(GuestError::Silent {
                limit: self.wait.silence,
            }),
            _ => Ok(()),
        }
    }

    /// Wants something to be heard now and then from now on.
    pub fn listen(&mut self) {
        self.heard = Some(self.now());
    }

    /// Notes that something was heard.
    pub fn hear(&mut self) {
        if self.heard.is_some() {
            self.listen();
        }
    }

    /// Returns what is known of the end of a machine whose line has ended, if that is told within a moment.
    pub fn end_of_machine(&mut self) -> Option<GuestError> {
        let end = self.now().saturating_add(BEHIND);
        while self.now() < end {
            if let Err(error) = (self.wait.watch)() {
                return Some(error);
            }
            self.sleep(PAUSE / 4);
        }
        None
    }

    /// Returns a number that was not used before.
    pub fn nonce(&self) -> u64 {
        self.wait.clock.unix_time().as_nanos() as u64
    }

    /// Returns the moment.
    pub fn now(&self) -> Duration {
        self.wait.clock.monotonic()
    }

    /// Lets time pass.
    pub fn sleep(&self, time: Duration) {
        self.wait.clock.sleep(time);
    }

    /// Puts the deadline off to so long from now, if that is later.
    pub fn grant(&mut self, more: Duration) {
        self.deadline = self.deadline.max(self.now().saturating_add(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::ManualClock;

    #[test]
    fn silence_is_borne_for_a_while_only_where_something_is_to_be_heard() {
        let clock = ManualClock::at(Duration::ZERO);
        let seconds = Duration::from_secs;
        let mut wait = Wait {
            clock: &clock,
            limit: seconds(100),
            silence: seconds(10),
            watch: &mut || Ok(()),
        };
        let mut until = wait.begin("a program");
        clock.advance(seconds(20));
        // Nothing is to be heard yet.
        until.hear();
        assert_eq!(until.look(), Ok(()));
        until.listen();
        for _ in 0..5 {
            clock.advance(seconds(9));
            assert_eq!(until.look(), Ok(()));
            until.hear();
        }
        clock.advance(seconds(10));
        assert_eq!(until.look(), Err(GuestError::Silent { limit: seconds(10) }));
        // That the time is over says more.
        clock.advance(seconds(30));
        assert!(matches!(until.look(), Err(GuestError::TimedOut { .. })));
    }
}
