//! Progress of a run of laws, and when it is to end.

use ::prop::run::{Slot, Watcher};
use report::{Event, Phase, Recorder, Sink};
use std::time::Duration;
use sys::Clock;

/// How long a line of progress stands at least.
const STANDS: Duration = Duration::from_millis(100);

/// Hands progress to the events of a run.
pub struct Watch<'w> {
    clock: &'w dyn Clock,
    recorder: &'w mut Recorder,
    /// The host or library that is tested.
    on: String,
    told: Option<Duration>,
}

impl<'w> Watch<'w> {
    /// Returns what watches the laws on a host or library.
    pub fn new(clock: &'w dyn Clock, recorder: &'w mut Recorder, on: &str) -> Watch<'w> {
        Watch {
            clock,
            recorder,
            on: on.to_owned(),
            told: None,
        }
    }
}

impl Watcher for Watch<'_> {
    fn progressed(&mut self, slot: &Slot, done: u64, of: u64) {
        let now = self.clock.monotonic();
        if self.told.is_some_and(|told| now < told + STANDS) {
            return;
        }
        self.told = Some(now);
        let about = match slot.key.as_str() {
            "" => self.on.clone(),
            option => format!("{option} on {}", self.on),
        };
        let number = |cases: u64| usize::try_from(cases).unwrap_or(usize::MAX);
        self.recorder.take(&Event::Progressed {
            phase: Phase::Testing,
            what: format!("{} of {about}", slot.law.id),
            index: number(done),
            of: number(of),
        });
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn interrupted(&self) -> bool {
        sys::interrupted()
    }
}
