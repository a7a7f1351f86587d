//! Time: the wall clock for reports, a steady clock for durations and deadlines.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// The two clocks of a machine.
pub trait Clock: Send + Sync {
    /// Returns the time since 1970-01-01 00:00:00 UTC; zero if the machine's clock is before that.
    fn unix_time(&self) -> Duration;

    /// Returns the time since a fixed moment of this run; never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits for this long.
    fn sleep(&self, time: Duration);
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Returns clocks whose steady one starts at zero now.
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn unix_time(&self) -> Duration {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// Clocks for tests that move only when told to; sleeping moves them.
#[derive(Debug)]
pub struct ManualClock {
    /// Wall time at the start and time passed since.
    state: Mutex<(Duration, Duration)>,
}

impl ManualClock {
    /// Returns clocks that stand at this wall time.
    pub fn at(unix_time: Duration) -> ManualClock {
        ManualClock {
            state: Mutex::new((unix_time, Duration::ZERO)),
        }
    }

    /// Moves both clocks on.
    pub fn advance(&self, time: Duration) {
        let mut state = self.state.lock().expect("no panic while holding the clock");
        state.1 += time;
    }
}

impl Clock for ManualClock {
    fn unix_time(&self) -> Duration {
        let state = self.state.lock().expect("no panic while holding the clock");
        state.0 + state.1
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().expect("no panic while holding the clock").1
    }

    fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(Duration::from_secs(100));
        clock.sleep(Duration::from_secs(2));
        clock.advance(Duration::from_secs(3));
        assert_eq!(
            (clock.unix_time(), clock.monotonic()),
            (Duration::from_secs(105), Duration::from_secs(5))
        );
    }

    #[test]
    fn the_machine_clock_runs() {
        let clock = SystemClock::new();
        let before = clock.monotonic();
        clock.sleep(Duration::from_millis(1));
        assert!(clock.monotonic() >= before + Duration::from_millis(1));
        // 2025-01-01: a machine whose clock is older than this program is broken.
        assert!(clock.unix_time() > Duration::from_secs(1_735_689_600));
    }
}
