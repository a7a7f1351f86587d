//! What a change costs, measured against what it may cost.

use std::time::Duration;

use diag::Severity;

use super::session::Session;
use super::words;
use crate::finding::Blame;
use crate::guest::Call;
use crate::scenario::Which;
use activation::Said;
use activation::units::Units;

/// How many of the slowest units are written down.
const SLOWEST: usize = 20;

impl Session<'_> {
    /// Measures a boot: its time, the slowest units, the memory in use. What the head takes is held against its budgets.
    pub(super) fn weigh_boot(&mut self, units: &Units) {
        let boot = self.boot_time();
        let memory = self.memory();
        let mut text = String::new();
        if let Some(boot) = boot {
            text.push_str(&format!("boot {}\n", words::time(boot)));
        }
        if let Some(memory) = memory {
            text.push_str(&format!("memory {} KiB\n", memory >> 10));
        }
        for (unit, time) in units.slowest(SLOWEST) {
            text.push_str(&format!("{} {unit}\n", words::time(time)));
        }
        if let Some(running) = self.running {
            let slowest = units.slowest(3).into_iter();
            let slowest: Vec<String> = slowest
                .map(|(unit, time)| format!("{unit} {}", words::time(time)))
                .collect();
            let kept = [
                ("boot-time", boot.map(words::time)),
                ("memory", memory.map(|bytes| format!("{} MiB", bytes >> 20))),
                ("slowest-units", (!slowest.is_empty()).then(|| slowest.join(", "))),
            ];
            for (name, value) in kept {
                if let Some(value) = value {
                    self.measured.keep(running, name, value);
                }
            }
        }
        let which = self.running.map_or("other", words::name);
        self.shelf.text(&format!("measured-{which}.txt"), text);
        if self.running == Some(Which::Head) {
            self.weigh_boot_of_head(units, boot, memory);
        }
    }

    fn weigh_boot_of_head(&mut self, units: &Units, boot: Option<Duration>, memory: Option<u64>) {
        let budgets = self.play.settings.budgets.clone();
        let over = |time: Option<Duration>, most: Option<Duration>| match (time, most) {
            // The machine is slower than one with KVM, for which budgets are.
            (Some(time), Some(most)) => (time > self.scaled(most)).then_some(most),
            _ => None,
        };
        let slow = over(boot, budgets.boot_time);
        let slow_units: Vec<String> = units
            .slowest(SLOWEST)
            .into_iter()
            .filter(|(_, time)| over(Some(*time), budgets.unit_time).is_some())
            .map(|(unit, _)| unit.to_owned())
            .collect();
        if let Some(most) = slow {
            let message = format!("the boot takes longer than {}", words::time(most));
            let slowest = words::names(units.slowest(3).into_iter().map(|(unit, _)| unit));
            self.tell(
                "boot-slow",
                Severity::Error,
                message,
                Blame::Host,
                &format!("the slowest units are {slowest}"),
            );
        }
        for unit in slow_units {
            let most = words::time(budgets.unit_time.unwrap_or_default());
            let message = format!("{unit} takes longer than {most} to start");
            self.tell("unit-slow", Severity::Error, message, Blame::Unit(unit), "");
        }
        if let (Some(used), Some(most)) = (memory, budgets.memory)
            && used > most
        {
            let message = format!("more than {} MiB of memory are in use after the boot", most >> 20);
            self.tell("memory-exceeded", Severity::Error, message, Blame::Host, "");
        }
        if let (Some(sizes), Some(most)) = (self.play.settings.sizes, budgets.closure_size)
            && sizes.head > most
        {
            let message = format!(
                "the system takes {} MiB with all that it needs, and {} MiB are allowed",
                sizes.head.div_ceil(1 << 20),
                most >> 20
            );
            let hint = format!("what runs today takes {} MiB", sizes.base.div_ceil(1 << 20));
            self.tell("closure-exceeded", Severity::Error, message, Blame::Closure, &hint);
        }
    }

    /// Holds what a switch restarts and stops against its budgets.
    pub(super) fn weigh_switch(&mut self, said: &Said) {
        let budgets = self.play.settings.budgets.clone();
        let restarts = said.all_restarts();
        for unit in restarts.iter().chain(&said.all_stops()) {
            if budgets.keep_running.iter().any(|pattern| fits(pattern, unit)) {
                let verb = if restarts.contains(unit) { "restarts" } else { "stops" };
                let message = format!("the switch {verb} {unit}, which is to keep running");
                let hint = "`restartIfChanged = false` leaves it as it is until the next boot";
                self.tell(
                    "unit-interrupted",
                    Severity::Error,
                    message,
                    Blame::Unit((*unit).to_owned()),
                    hint,
                );
            }
        }
        if let Some(most) = budgets.restarts
            && restarts.len() > most
        {
            let message = format!("the switch restarts {} units, and {most} are allowed", restarts.len());
            let hint = format!("they are {}", words::names(restarts));
            self.tell("restarts-exceeded", Severity::Error, message, Blame::Host, &hint);
        }
    }

    /// Returns the time from the start of the kernel to the end of the boot, as `systemd-analyze` has it.
    fn boot_time(&mut self) -> Option<Duration> {
        let property = "--property=FinishTimestampMonotonic";
        let output = self.ask_anyway(&Call::new(["systemctl", "show", property]))?;
        let line = words::last_line(&output)?;
        let microseconds: u64 = line.split_once('=')?.1.parse().ok()?;
        (microseconds > 0).then(|| Duration::from_micros(microseconds))
    }

    /// Returns the bytes of memory in use.
    fn memory(&mut self) -> Option<u64> {
        let bytes = self.guest.read("/proc/meminfo", 64 << 10).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let value = |key: &str| -> Option<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let used = value("MemTotal:")?.checked_sub(value("MemAvailable:")?)?;
        used.checked_mul(1 << 10)
    }
}

/// Whether a pattern with `*` stands for a whole name.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_whole_names() {
        let check =
            |pattern: &str, name: &str, expected: bool| assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        check("a.service", "a.service", true);
        check("a.service", "aa.service", false);
        check("postgresql*", "postgresql.service", true);
        check("*.service", "a.service", true);
        check("*.service", "a.socket", false);
        check("a*b*c", "a1b2c", true);
        check("a*b*c", "a1c2b", false);
        check("*", "x", true);
        check("ab*b", "ab", false);
    }
}
