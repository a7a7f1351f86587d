//! The new system is activated, and whether the machine is well is asked.

use super::{Activated, Armed, Engine, Healthy, Step, Stop};
use crate::host::{Observed, Ran, Realm};
use crate::state::{Deployment, Phase};
use activation::{Exit, Said, home};
use std::time::Duration;

impl Engine<'_> {
    /// Activates the new system, without making it what boots.
    pub(super) fn activate(&mut self, _: Armed) -> Step<Activated> {
        self.deployment.activated = true;
        self.enter(Phase::Activating)?;
        let system = self.deployment.order.system.clone();
        let limit = Duration::from_secs(self.deployment.order.limits.activation);
        let ran = self.host.run(&self.host.activation(&system), limit)?;
        let Some(code) = ran.code() else {
            return Err(Stop::Back(format!(
                "the activation did not end within {} s",
                limit.as_secs()
            )));
        };
        let current = Observed::of(&self.host)?.current;
        match self.host.realm {
            Realm::System => self.switched(&ran, code, current.as_deref())?,
            Realm::Home(_) if code != 0 => {
                let said = home::Said::of(&ran.output);
                let last = said.last.as_ref().map_or(String::new(), |last| format!(": {last}"));
                return Err(Stop::Back(format!("{}{last}", said.why(code, false))));
            }
            Realm::Home(_) => {}
        }
        if current.as_ref() != Some(&system) {
            let current = current.as_deref().unwrap_or("nothing");
            let what = self.host.what();
            return Err(Stop::Back(format!(
                "after the activation {current} is the current {what}"
            )));
        }
        Ok(Activated(()))
    }

    /// Judges what `switch-to-configuration` came to.
    fn switched(&mut self, ran: &Ran, code: i32, current: Option<&str>) -> Step<()> {
        let said = Said::read(&ran.output);
        let exit = Exit::of(code);
        let before = self
            .deployment
            .recorded
            .as_ref()
            .map(|before| before.current.as_deref());
        let why = match exit {
            Exit::Locked => "another switch holds the lock of the machine".to_owned(),
            _ => format!("the switch is refused ({}): {}", ran.ended(), ran.last_line()),
        };
        match exit {
            // Whether what failed is a matter of the change is found by comparing units.
            Exit::Done | Exit::UnitFailed if said.snippets.is_empty() => Ok(()),
            Exit::Locked | Exit::Refused | Exit::RebootNeeded if Some(current) == before => {
                self.deployment.activated = false;
                Err(Stop::Refused(vec![why]))
            }
            _ if !said.snippets.is_empty() => {
                let names = said.snippets.join("`, `");
                Err(Stop::Back(format!("the activation script `{names}` fails")))
            }
            _ => {
                let why = format!("the activation fails ({}): {}", ran.ended(), ran.last_line());
                Err(Stop::Back(why))
            }
        }
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
