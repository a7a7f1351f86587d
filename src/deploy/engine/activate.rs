//! The new system is activated, and whether the machine is well is asked.

use super::{Activated, Armed, Engine, Healthy, Step, Stop};
use crate::host;
use crate::state::{Deployment, Phase};
use activation::{Exit, Said};
use std::time::Duration;

impl Engine<'_> {
    /// Activates the new system, without making it what boots.
    pub(super) fn activate(&mut self, _: Armed) -> Step<Activated> {
        self.deployment.activated = true;
        self.enter(Phase::Activating)?;
        let system = self.deployment.order.system.clone();
        let limit = Duration::from_secs(self.deployment.order.limits.activation);
        let ran = self
            .host
            .run(&[&format!("{system}/bin/switch-to-configuration"), "test"], limit)?;
        let said = Said::read(&ran.output);
        let Some(code) = ran.code() else {
            return Err(Stop::Back(format!(
                "the activation did not end within {} s",
                limit.as_secs()
            )));
        };
        let exit = Exit::of(code);
        let before = self.deployment.recorded.as_ref().map(|before| before.current.clone());
        let current = host::link(&self.host, "/run/current-system")?;
        let why = match exit {
            Exit::Locked => "another switch holds the lock of the machine".to_owned(),
            _ => format!("the switch is refused ({}): {}", ran.ended(), ran.last_line()),
        };
        match exit {
            // Whether what failed is a matter of the change is found by comparing units.
            Exit::Done | Exit::UnitFailed if said.snippets.is_empty() => {}
            Exit::Locked | Exit::Refused | Exit::RebootNeeded if Some(&current) == before.as_ref() => {
                self.deployment.activated = false;
                return Err(Stop::Refused(vec![why]));
            }
            _ if !said.snippets.is_empty() => {
                let names = said.snippets.join("`, `");
                return Err(Stop::Back(format!("the activation script `{names}` fails")));
            }
            _ => {
                let why = format!("the activation fails ({}): {}", ran.ended(), ran.last_line());
                return Err(Stop::Back(why));
            }
        }
        if current != system {
            return Err(Stop::Back(format!(
                "after the activation {current} is the current system"
            )));
        }
        Ok(Activated(()))
    }

    /// Asks whether the machine is well, until it is or its time is up.
    pub(super) fn examine(&mut self, _: Activated) -> Step<Healthy> {
        self.enter(Phase::Examining)?;
        let limit = Duration::from_secs(self.deployment.order.limits.health);
        let before = Deployment::units_before(&self.host)?;
        let faults = self.deployment.order.health.wait(&self.host, &before, limit)?;
        if !faults.is_empty() {
            return Err(Stop::Back(faults.join("; ")));
        }
        Ok(Healthy(()))
    }
}
