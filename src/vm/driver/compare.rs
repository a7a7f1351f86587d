//! What is different from before: units that fail, an address that is gone, what only a restart brings about.

use std::time::Duration;

use diag::Severity;

use super::session::{After, Done, Session};
use super::words;
use crate::finding::{Blame, Found};
use crate::generation::Generation;
use crate::scenario::Which;
use activation::units::{self, Before, Trouble, Units};

/// How long to wait between two looks at units.
const LOOK: Duration = Duration::from_secs(2);

/// Most units of which each is told by itself.
const MOST_UNITS: usize = 20;

/// How long a machine may take to have its new addresses: an emulated one takes them as slowly as all else, up to a bound, as
/// a network that is lost does not come by waiting.
const ADDRESSES: Duration = Duration::from_secs(20);
const MOST_ADDRESSES: Duration = Duration::from_secs(90);

impl Session<'_> {
    /// Looks for a while whether units fail that did not before: since now, or since the step before was done with the
    /// machine and has only looked at it.
    pub(super) fn watch(&mut self, time: Duration, since: Option<Duration>) -> Done {
        let end = since.unwrap_or_else(|| self.guest.now()) + time;
        loop {
            let left = end.saturating_sub(self.guest.now());
            self.guest.pause(left.min(LOOK));
            let units = self.units()?;
            self.compare(&units, true)?;
            if self.guest.now() >= end {
                return Ok(());
            }
        }
    }

    /// Compares the machine as it is with what it was before.
    pub(super) fn compare_now(&mut self) -> Done {
        let units = self.units()?;
        self.compare_all(&units)
    }

    /// Compares the machine that has these units with what it was before.
    pub(super) fn compare_all(&mut self, units: &Units) -> Done {
        self.shelf.text(&format!("units-{}.txt", self.moment()), units.table());
        self.compare(units, false)?;
        self.compare_network()
    }

    /// Returns the name of what was done last, for files.
    fn moment(&self) -> &'static str {
        match self.after {
            After::Boot => "boot",
            After::Switch(_) => "switch",
            After::Rollback => "rollback",
            After::Reboot => "reboot",
            After::PowerLoss => "power-loss",
        }
    }

    /// Compares units with those of before; `late` if some time has gone by.
    pub(super) fn compare(&mut self, units: &Units, late: bool) -> Done {
        let Some(before) = &self.before else { return Ok(()) };
        let mut troubles = units::newly_failed(&before.units, units);
        let back_to_base = self.running == Some(Which::Base) && self.after != After::Boot;
        if back_to_base {
            for missing in units::not_back(&before.units, units) {
                if !troubles.iter().any(|trouble| trouble.unit == missing.unit) {
                    troubles.push(missing);
                }
            }
        }
        let all = troubles.len();
        for trouble in troubles.into_iter().take(MOST_UNITS) {
            self.tell_trouble(&trouble, units, late);
        }
        if all > MOST_UNITS {
            let message = format!("{} more units have failed", all - MOST_UNITS);
            let found = self.finding("unit-failed", Severity::Error, message, Blame::Host);
            self.add(found);
        }
        Ok(())
    }

    fn tell_trouble(&mut self, trouble: &Trouble, units: &Units, late: bool) {
        let rule = match self.after {
            After::Rollback => "rollback-failed",
            _ => "unit-failed",
        };
        let blame = Blame::Unit(trouble.unit.clone());
        let known = |found: &Found| found.rule == rule && found.blame == blame;
        if self.found.iter().any(known) {
            return;
        }
        let was = match trouble.before {
            Before::Active => "ran before",
            Before::Inactive => "did not run before",
            Before::Absent if self.has_unit(Which::Base, &trouble.unit) => "did not run before",
            Before::Absent => "was not there before",
        };
        let failing = units.0.get(&trouble.unit).is_some_and(units::Unit::is_failing);
        let does = match (trouble.restarting, failing) {
            (true, _) => "fails again and again",
            (false, true) => "has failed",
            (false, false) => "does not run",
        };
        let unit = &trouble.unit;
        let switch = match &self.specialisation {
            Some(name) => format!("the switch to the specialisation `{}`", words::line_of(name)),
            None => "the switch".to_owned(),
        };
        let message = match self.after {
            After::Boot => format!("after the boot {unit} {does}"),
            After::Switch(code) if late => {
                let failed = if trouble.restarting { does } else { "failed" };
                let when = match code {
                    0 => format!("after {switch} had succeeded"),
                    _ => format!("some time after {switch}"),
                };
                format!("{unit} {failed} {when} (switch-to-configuration exits {code})")
            }
            After::Switch(code) => {
                format!("after {switch} {unit} {does}, which {was} (switch-to-configuration exits {code})")
            }
            After::Rollback => format!("after the rollback {unit} {does}, which {was} the switch"),
            After::Reboot => format!("after the reboot {unit} {does}, which {was}"),
            After::PowerLoss => format!("after the power loss {unit} {does}, which {was}"),
        };
        let hint = self
            .journal_end(unit)
            .map(|line| format!("its journal ends with: {line}"));
        let found = self.finding(rule, Severity::Error, message, blame);
        self.add(Found { hint, ..found });
    }

    /// Tells if the machine had a neighbour before and has none now.
    fn compare_network(&mut self) -> Done {
        let had = self.before.as_ref().is_some_and(|before| before.reachable);
        if !had || self.reaches(self.scaled(ADDRESSES).min(MOST_ADDRESSES))? {
            return Ok(());
        }
        let (rule, message) = match self.after {
            After::Rollback => (
                "rollback-failed",
                "the machine could be reached before the switch and cannot be reached after the rollback",
            ),
            After::Switch(_) | After::Boot => (
                "network-lost",
                "the machine could be reached before the switch and cannot be reached after it",
            ),
            After::Reboot | After::PowerLoss => (
                "network-lost",
                "the machine could be reached before it was restarted and cannot be reached afterwards",
            ),
        };
        let found = self.finding(rule, Severity::Error, message.to_owned(), Blame::Addresses);
        let hint = "compare the address with that of the gateway; a switch that nobody can confirm is rolled back";
        self.add(Found {
            hint: Some(hint.to_owned()),
            ..found
        });
        Ok(())
    }

    /// Tells what of the new system counts after a restart only, once it has been switched to.
    pub(super) fn tell_reboot_needed(&mut self) {
        let (base, head) = (self.play.base, self.play.head);
        let what = if base.kernel != head.kernel {
            Some((
                "the kernel changes: the switch succeeds, and it counts after a reboot only",
                Blame::Kernel,
            ))
        } else if base.initrd != head.initrd {
            let message = "the initial RAM disk changes: the switch succeeds, and it counts after a reboot only";
            Some((message, Blame::Initrd))
        } else {
            None
        };
        let parameters = (base.parameters != head.parameters).then(|| {
            let message =
                "the parameters of the kernel change: the switch succeeds, and they count after a reboot only";
            (message, parameters(base, head, ""))
        });
        for (message, blame) in what.into_iter().chain(parameters) {
            let found = self.finding("reboot-needed", Severity::Note, message.to_owned(), blame);
            self.add(Found {
                hint: Some("plan a reboot".to_owned()),
                ..found
            });
        }
    }
}

/// Returns the blame for the parameters of the kernel that only the head has; the culprit is one that the console
/// speaks of, or one that says what the kernel begins with.
pub(super) fn parameters(base: &Generation, head: &Generation, console: &str) -> Blame {
    let old: Vec<&str> = base.parameters.split_whitespace().collect();
    let new = head
        .parameters
        .split_whitespace()
        .filter(|parameter| !old.contains(parameter));
    let added: Vec<String> = new.map(words::line_of).collect();
    let told = |parameter: &&String| !console.is_empty() && parameter.len() > 5 && console_says(console, parameter);
    let begins = |parameter: &&String| {
        let key = parameter.split('=').next().unwrap_or_default();
        !console.is_empty() && ["init", "rdinit", "root", "rootfstype", "rootflags"].contains(&key)
    };
    let culprit = added.iter().find(told).or_else(|| added.iter().find(begins)).cloned();
    Blame::KernelParameters { added, culprit }
}

/// Whether the console speaks of a parameter elsewhere than in the whole command line, which it repeats at the start.
fn console_says(console: &str, parameter: &str) -> bool {
    console
        .lines()
        .any(|line| line.contains(parameter) && !line.to_lowercase().contains("command line"))
}
