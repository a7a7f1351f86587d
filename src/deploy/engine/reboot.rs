//! The machine reboots into the new system, and is looked at afterwards.

use super::{Activated, Committed, Engine, Healthy, Step, Stop};
use crate::host::{Observed, QUESTION};
use crate::state::Phase;
use std::time::Duration;

/// How long an orderly shutdown may take before it is forced.
const ORDERLY: Duration = Duration::from_secs(120);

impl Engine<'_> {
    /// Reboots, unless the machine has rebooted into the new system already.
    pub(super) fn reboot(&mut self) -> Step<()> {
        self.enter(Phase::Rebooting)?;
        self.go_down()
    }

    /// Brings the machine down; what comes after is for the engine of the next boot.
    pub(super) fn go_down(&mut self) -> Step<()> {
        for argv in [
            &["systemctl", "reboot"][..],
            &["systemctl", "reboot", "--force"],
            &["systemctl", "reboot", "--force", "--force"],
        ] {
            let asked = self.host.run(argv, QUESTION);
            if let Err(error) = asked {
                self.note(format!("`{}` fails: {error}", argv.join(" ")));
                continue;
            }
            // The service manager ends this engine on its way.
            self.host.clock.sleep(ORDERLY);
        }
        Err(Stop::Down)
    }

    /// Looks at a machine that has rebooted into the new system.
    pub(super) fn after_reboot(&mut self) -> Step<()> {
        let healthy = self.booted()?;
        let _confirmed = self.confirmed(healthy)?;
        self.finish(Committed(()))
    }

    /// Looks at a machine that went down when only the end was missing. It was confirmed before, and nobody waits any more.
    pub(super) fn look_again(&mut self) -> Step<()> {
        let _healthy = self.booted()?;
        self.finish(Committed(()))
    }

    fn booted(&mut self) -> Step<Healthy> {
        let limits = self.deployment.order.limits;
        self.set_timer(limits.all())?;
        let now = Observed::of(&self.host)?;
        let system = &self.deployment.order.system;
        // A home outlasts a boot as it is.
        let (what, has) = match now.booted {
            Some(booted) => ("the machine has booted", Some(booted)),
            None => ("the home is", now.current),
        };
        if has.as_ref() != Some(system) {
            let has = has.as_deref().unwrap_or("nothing");
            let new = self.host.what();
            return Err(Stop::Back(format!("{what} {has} and not the new {new}")));
        }
        // It was activated by booting.
        self.deployment.activated = true;
        self.examine(Activated(()))
    }
}
