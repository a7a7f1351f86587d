//! What the driver knows while it plays.

use std::collections::BTreeMap;
use std::time::Duration;

use diag::{Severity, Span};

use super::keep::Shelf;
use super::measured::Measured;
use super::words;
use super::{Play, Told};
use crate::finding::{Blame, Found};
use crate::generation::Generation;
use crate::guest::{Guest, GuestError};
use crate::scenario::{Action, Network, Step, Which};
use activation::units::Units;

/// Why the play ends before its last step.
pub(super) enum Stop {
    /// Something was found after which there is no going on.
    Failed(Box<Found>),
    /// The machine, or what runs it, is in such a state that nothing can be judged.
    Errored(Box<Found>),
}

/// What a step comes to.
pub(super) type Done<T = ()> = Result<T, Stop>;

/// What has been done to the machine last, which is what its state is judged as the effect of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    /// It was booted first.
    Boot,
    /// It was switched, with this exit code.
    Switch(i32),
    /// It was switched back.
    Rollback,
    /// It was restarted.
    Reboot,
    /// Its power was cut.
    PowerLoss,
}

/// The state of a machine that others are compared with.
pub(super) struct Record {
    pub(super) units: Units,
    /// Whether it had a neighbour in its network.
    pub(super) reachable: bool,
}

/// The state of a play.
pub(super) struct Session<'p> {
    pub(super) play: &'p Play<'p>,
    pub(super) guest: &'p mut dyn Guest,
    pub(super) told: &'p mut dyn FnMut(Told<'_>),
    /// The generation that runs, if it is one of the two.
    pub(super) running: Option<Which>,
    /// The specialisation of a generation that was switched to last, if it was one.
    pub(super) specialisation: Option<String>,
    /// The generation that the boot loader is to start, if that is known.
    pub(super) default: Option<Which>,
    /// Whether a generation could not be made the default, so that a restart shows nothing.
    pub(super) default_failed: bool,
    /// Whether the head has had anything to do with the state of the machine.
    pub(super) touched: bool,
    pub(super) after: After,
    pub(super) before: Option<Record>,
    pub(super) found: Vec<Found>,
    pub(super) shelf: Shelf,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) measured: Measured,
    /// Where the step stands that is done.
    pub(super) at: Span,
    /// Whether the machine answers, as far as is known.
    pub(super) answers: bool,
    /// When the last step was done with the machine, if all that it did since was to look at it.
    pub(super) settled: Option<Duration>,
    /// The scripts of the activation that fail whenever the base boots.
    pub(super) old_snippets: Vec<String>,
}

impl<'p> Session<'p> {
    pub(super) fn new(play: &'p Play<'p>, guest: &'p mut dyn Guest, told: &'p mut dyn FnMut(Told<'_>)) -> Session<'p> {
        Session {
            play,
            guest,
            told,
            running: None,
            specialisation: None,
            default: Some(Which::Base),
            default_failed: false,
            touched: false,
            after: After::Boot,
            before: None,
            found: Vec::new(),
            shelf: Shelf::default(),
            properties: BTreeMap::new(),
            measured: Measured::default(),
            at: Span::default(),
            answers: false,
            settled: None,
            old_snippets: Vec::new(),
        }
    }

    /// Does all steps, until one of them ends the play.
    pub(super) fn steps(&mut self, steps: &[Step]) -> Done {
        for (index, step) in steps.iter().enumerate() {
            self.at = step.at;
            (self.told)(Told::Step {
                number: index + 1,
                of: steps.len(),
                what: &words::step(&step.action),
            });
            self.step(step)?;
        }
        Ok(())
    }

    /// Does one step.
    pub(super) fn step(&mut self, step: &Step) -> Done {
        let settled = self.settled.take();
        match &step.action {
            Action::Boot(boot) => self.boot(boot),
            Action::Record => self.record(),
            Action::WaitForUnit(wait) => self.wait_for_unit(wait),
            Action::WaitForPort(wait) => self.wait_for_port(wait),
            Action::WaitForFile(wait) => self.wait_for_file(wait),
            Action::WaitForConsole(wait) => self.wait_for_console(wait),
            Action::Run(run) => self.run(run),
            Action::Retry(retry) => self.retry(retry),
            Action::Expect(expect) => self.expect(expect),
            Action::DryActivate(dry) => self.dry_activate(dry),
            Action::SwitchTo(switch) => self.switch_to(switch),
            Action::Watch(time) => self.watch(time.0, settled),
            Action::Rollback(rollback) => self.rollback(rollback),
            Action::Reboot(reboot) => self.reboot(reboot),
            Action::Crash => self.crash(),
            Action::Network(network) => {
                let plugged = *network == Network::Restore;
                self.guest.plug(plugged).map_err(|error| self.broken(error))
            }
            Action::Screenshot(name) => self.screenshot(name),
            Action::Put(put) => self.put(put),
            Action::Get(get) => self.get(get),
            Action::Collect(what) => what.iter().try_for_each(|what| self.collect_one(*what)),
        }
    }

    /// Returns a generation; the default one is that which the boot loader is to start.
    pub(super) fn generation(&self, which: Which) -> &'p Generation {
        match which {
            Which::Base => self.play.base,
            Which::Head => self.play.head,
            Which::Default if self.default == Some(Which::Head) => self.play.head,
            Which::Default => self.play.base,
        }
    }

    /// Returns which of the two a generation is. If both are the same system, what was meant to run does.
    pub(super) fn which(&self, generation: &Generation, meant: Option<Which>) -> Option<Which> {
        meant
            .into_iter()
            .chain(self.default)
            .chain([Which::Base, Which::Head])
            .find(|which| self.generation(*which).toplevel == generation.toplevel)
    }

    /// Returns a time as long as the machine is slow.
    pub(super) fn scaled(&self, time: Duration) -> Duration {
        self.play.settings.scaled(time)
    }

    /// Returns a time on this machine as that of a machine with KVM, which limits are.
    pub(super) fn unscaled(&self, time: Duration) -> Duration {
        self.play.settings.unscaled(time)
    }

    /// Adds what was found, unless the same was found before.
    pub(super) fn add(&mut self, found: Found) {
        let same = |known: &Found| known.rule == found.rule && known.blame == found.blame && known.blame != Blame::Step;
        if !self.found.iter().any(same) {
            self.found.push(found);
        }
    }

    /// Returns a finding of this step.
    pub(super) fn finding(&self, rule: &'static str, severity: Severity, message: String, blame: Blame) -> Found {
        Found {
            rule,
            severity,
            message,
            hint: None,
            blame,
            specialisation: self.specialisation.clone(),
            at: self.at,
        }
    }

    /// Returns the end of a play by what this step asserts.
    pub(super) fn failed(&self, message: String, hint: Option<String>) -> Stop {
        Stop::Failed(Box::new(Found {
            hint,
            ..self.finding("step-failed", Severity::Error, message, Blame::Step)
        }))
    }

    /// Returns the end of a play by a machine that does not do what it is asked to.
    ///
    /// That is to blame on the head only if the head has had something to do with it.
    pub(super) fn broken(&mut self, error: GuestError) -> Stop {
        let lost = !matches!(error, GuestError::Refused { .. });
        self.answers &= !lost;
        let (rule, message, blame) = match &error {
            GuestError::Panicked { .. } => ("kernel-panicked", "the kernel panics".to_owned(), self.blame_of_boot()),
            GuestError::Off { .. } => ("machine-off", "the machine goes off by itself".to_owned(), Blame::Host),
            GuestError::TimedOut { .. } | GuestError::Silent { .. } => (
                "machine-hangs",
                "the machine does not answer any more".to_owned(),
                Blame::Host,
            ),
            _ => return self.unjudged(&error.to_string()),
        };
        if !self.touched {
            return self.unjudged(&error.to_string());
        }
        Stop::Failed(Box::new(Found {
            hint: Some(words::line_of(&error.to_string())),
            ..self.finding(rule, Severity::Error, message, blame)
        }))
    }

    /// Returns the end of a play that cannot be judged.
    pub(super) fn unjudged(&self, why: &str) -> Stop {
        let message = format!("this could not be tried: {}", words::line_of(why));
        Stop::Errored(Box::new(self.finding(
            "vm-unjudged",
            Severity::Error,
            message,
            Blame::Host,
        )))
    }
}
