//! Starting, restarting and cutting the power of a machine.

use std::time::Duration;

use diag::Severity;

use super::session::{After, Done, Record, Session, Stop};
use super::words;
use crate::finding::{Blame, Found};
use crate::guest::{Call, Down, GuestError, Start};
use crate::scenario::{Boot, Reboot, Which, limit};
use activation::units::{Detail, Units};

/// How long to wait between two looks at a machine that boots.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until the system has started, and prints its state. In the initial RAM disk runs a service manager of its own, which
/// is not meant.
const STATE: &str = "if [ -e /etc/initrd-release ]; then echo initrd; else systemctl is-system-running --wait; fi";

/// How long the state of the system is awaited at once, as what becomes of a boot that has failed is not told.
const STARTS: Duration = Duration::from_secs(10);

/// What becomes of a machine that was started.
enum Up {
    /// It is up.
    Yes,
    /// It has ended in the shell for emergencies.
    Emergency,
    /// It is not up when its time is.
    No,
}

impl Session<'_> {
    /// Starts the machine.
    pub(super) fn boot(&mut self, boot: &Boot) -> Done {
        let start = match boot.generation {
            Which::Base | Which::Head => Start::Generation(self.generation(boot.generation).clone()),
            Which::Default => Start::Default,
        };
        self.touched |= boot.generation != Which::Base;
        let wanted = match boot.generation {
            Which::Default => self.default,
            which => Some(which),
        };
        self.start(&start, wanted, limit(boot.within, self.play.settings.limits.boot))
    }

    /// Restarts the machine, orderly; the boot loader decides what comes up.
    pub(super) fn reboot(&mut self, reboot: &Reboot) -> Done {
        if self.default_failed && reboot.into.is_none() {
            // It would only show that what ran comes up.
            return Ok(());
        }
        match self.guest.stop(Down::Orderly, self.play.settings.limits.stop) {
            Ok(()) => {}
            Err(GuestError::TimedOut { .. } | GuestError::Silent { .. }) => {
                self.shutdown_hangs();
                self.power_off()?;
            }
            Err(error) => return Err(self.broken(error)),
        }
        self.answers = false;
        self.after = After::Reboot;
        let wanted = match reboot.into {
            None | Some(Which::Default) => self.default,
            which => which,
        };
        self.start(
            &Start::Default,
            wanted,
            limit(reboot.within, self.play.settings.limits.boot),
        )
    }

    /// Cuts the power.
    pub(super) fn crash(&mut self) -> Done {
        self.power_off()?;
        self.after = After::PowerLoss;
        Ok(())
    }

    fn power_off(&mut self) -> Done {
        self.answers = false;
        self.running = None;
        let limit = self.play.settings.limits.stop;
        self.guest
            .stop(Down::PowerLoss, limit)
            .map_err(|error| self.broken(error))
    }

    /// Tells that the machine does not go down, and for which unit it waits.
    fn shutdown_hangs(&mut self) {
        let message = "the machine is not off when the time for going down is up".to_owned();
        let found = self.finding("shutdown-timed-out", Severity::Error, message, Blame::Host);
        self.add(found);
    }

    /// Starts the machine, waits until it is up, and compares it with what it was before.
    fn start(&mut self, start: &Start, wanted: Option<Which>, limit: Duration) -> Done {
        (self.running, self.specialisation) = (None, None);
        let deadline = self.guest.now() + self.scaled(limit);
        let seen = self.guest.console().len();
        let generation = match self.guest.start(start, limit) {
            Ok(generation) => generation,
            Err(error) => return Err(self.boot_failed(error, wanted)),
        };
        self.answers = true;
        self.running = self.which(&generation, wanted);
        if wanted.is_some() && self.running != wanted || self.running.is_none() {
            return Err(self.other_default(wanted, &generation.toplevel.to_path()));
        }
        self.touched |= self.running == Some(Which::Head);
        if *start == Start::Default {
            self.default = self.running;
        }
        match self.wait_until_up(deadline)? {
            Up::Yes => self.settled = Some(self.guest.now()),
            Up::Emergency => {
                let message = format!("{} ends in the shell for emergencies", self.the_boot());
                return Err(self.boot_ends(message, "boot-failed", Blame::Host, None));
            }
            Up::No => return Err(self.boot_hangs()),
        }
        self.compare_activation(seen);
        let units = self.units_in(Detail::All)?;
        self.weigh_boot(&units);
        match self.before {
            None => self.remember(units),
            Some(_) => self.compare_all(&units),
        }
    }

    /// Remembers the state of the machine.
    pub(super) fn record(&mut self) -> Done {
        let units = self.units_in(Detail::All)?;
        self.remember(units)
    }

    fn remember(&mut self, units: Units) -> Done {
        /// How long the machine may take to have its addresses: most have them when they are up, and one that has no
        /// neighbour here, as its addresses are of another network, is waited for in vain.
        const ADDRESSES: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(30)];
        let [least, most] = ADDRESSES;
        let reachable = self.reaches(self.scaled(least / 5).clamp(least, most))?;
        self.shelf.text("units-before.txt", units.table());
        if self.before.is_none() && self.running == Some(Which::Head) {
            // Nothing came before it, so that all that has failed is its own.
            self.before = Some(Record {
                units: Default::default(),
                reachable: false,
            });
            self.compare(&units, false)?;
        }
        self.before = Some(Record { units, reachable });
        Ok(())
    }

    fn wait_until_up(&mut self, deadline: Duration) -> Done<Up> {
        loop {
            let left = self.unscaled(deadline.saturating_sub(self.guest.now()));
            let limit = left.clamp(LOOK, STARTS);
            let asked = self.guest.run(&Call::shell(STATE), limit, &mut |_| {});
            let state = match asked {
                Ok(ended) => words::last_line(&ended.output).unwrap_or_default(),
                // There is no shell yet, or it is too busy to answer.
                Err(GuestError::Refused { .. } | GuestError::TimedOut { .. }) => String::new(),
                Err(error) => return Err(self.boot_failed(error, None)),
            };
            match state.as_str() {
                "running" | "degraded" => return Ok(Up::Yes),
                "maintenance" => return Ok(Up::Emergency),
                _ if self.guest.now() >= deadline => return Ok(Up::No),
                _ => self.guest.pause(LOOK),
            }
        }
    }

    /// Returns what a boot is called in messages.
    pub(super) fn the_boot(&self) -> &'static str {
        match self.after {
            After::Reboot => "the boot after the restart",
            After::PowerLoss => "the boot after the power loss",
            After::Boot | After::Switch(_) | After::Rollback => "the boot",
        }
    }

    /// Returns the end of the play by a boot that does not come about, of a generation that is known if that was asked for.
    fn boot_failed(&mut self, error: GuestError, wanted: Option<Which>) -> Stop {
        self.answers = false;
        let lost = match self.after {
            After::Reboot => "the machine does not come back after the reboot",
            After::PowerLoss => "the machine does not come back after the power loss",
            After::Boot | After::Switch(_) | After::Rollback => "the machine does not boot",
        };
        let line = match &error {
            GuestError::Panicked { line } => Some(line.clone()),
            GuestError::Off { .. } | GuestError::TimedOut { .. } | GuestError::Silent { .. } => self.panic_line(),
            _ => return self.unjudged(&error.to_string()),
        };
        if line.is_some() {
            let blame = self.blame_of_boot();
            let hint = "boot into it in a virtual machine before it is made the default";
            return self.boot_ends(
                format!("{lost}: the kernel panics"),
                "kernel-panicked",
                blame,
                Some(hint.into()),
            );
        }
        match error {
            GuestError::TimedOut { .. } | GuestError::Silent { .. } => {
                if self.touched
                    && let Some(found) = self.hanging_activation(wanted)
                {
                    return Stop::Failed(Box::new(found));
                }
                let hint = self.console_end().map(|line| format!("its console ends with: {line}"));
                let message = format!("{lost}: nothing in it answers when the time for the boot is up");
                self.boot_ends(message, "boot-timed-out", Blame::Host, hint)
            }
            error => {
                let hint = self.console_end().map(|line| format!("its console ends with: {line}"));
                self.boot_ends(format!("{lost}: {error}"), "boot-failed", Blame::Host, hint)
            }
        }
    }

    /// Returns the end of the play by a boot that waits for something.
    fn boot_hangs(&mut self) -> Stop {
        let jobs = self.jobs();
        let waiting = |name: &str| jobs.iter().any(|job| job.unit == name);
        let target = ["multi-user.target", "graphical.target"]
            .into_iter()
            .find(|name| waiting(name));
        let culprit = jobs.iter().find(|job| job.runs);
        let Some(culprit) = culprit else {
            let message = format!("{} has not ended when its time is up", self.the_boot());
            return self.boot_ends(message, "boot-timed-out", Blame::Host, None);
        };
        let message = format!(
            "{} is not reached: the job of {} still waits when the time for the boot is up",
            target.unwrap_or("the default target"),
            culprit.unit
        );
        let hint = "give the unit an end (`TimeoutStartSec`), or start it without making others wait";
        let blame = Blame::Unit(culprit.unit.clone());
        // The switch waited for the same, and it is told once.
        self.found
            .retain(|found| !(found.rule == "switch-timed-out" && found.blame == blame));
        self.boot_ends(message, "boot-timed-out", blame, Some(hint.into()))
    }

    /// Returns the end of the play by something other than what was expected coming up.
    fn other_default(&mut self, wanted: Option<Which>, came: &str) -> Stop {
        let wanted = wanted.map_or("one of the two generations".to_owned(), |which| {
            format!("the {}", words::name(which))
        });
        let message = match self.running {
            Some(which) => format!("the boot loader starts the {}, and not {wanted}", words::name(which)),
            None => format!("the boot loader starts another system, and not {wanted}"),
        };
        let hint = Some(format!("what came up is {}", words::line_of(came)));
        self.boot_ends(message, "boot-default-wrong", Blame::BootLoader, hint)
    }

    /// Returns the end of the play by a boot; one of the base says nothing about the change.
    fn boot_ends(&mut self, message: String, rule: &'static str, blame: Blame, hint: Option<String>) -> Stop {
        if !self.touched {
            return self.unjudged(&format!("what runs today does not run here: {message}"));
        }
        Stop::Failed(Box::new(Found {
            hint,
            ..self.finding(rule, Severity::Error, message, blame)
        }))
    }

    /// Returns what a boot that fails at its very beginning is to blame on: what of it is new.
    pub(super) fn blame_of_boot(&mut self) -> Blame {
        let (base, head) = (self.play.base, self.play.head);
        if base.parameters != head.parameters {
            let console = String::from_utf8_lossy(&self.guest.console()).into_owned();
            return super::compare::parameters(base, head, &console);
        }
        if base.kernel != head.kernel {
            return Blame::Kernel;
        }
        match base.initrd != head.initrd {
            true => Blame::Initrd,
            false => Blame::Host,
        }
    }

    /// Returns the line of the console that says that the kernel panics.
    fn panic_line(&mut self) -> Option<String> {
        let console = self.guest.console();
        let text = String::from_utf8_lossy(&console);
        text.lines()
            .rev()
            .take(500)
            .find(|line| line.contains("Kernel panic - not syncing"))
            .map(words::line_of)
    }

    /// Returns the last line of the console.
    fn console_end(&mut self) -> Option<String> {
        words::last_line(&self.guest.console())
    }
}
