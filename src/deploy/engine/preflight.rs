//! Whether the new system could be switched to, asked without changing anything; and what is there before.

use super::{Engine, Ready, Step, Stop};
use crate::order::Action;
use crate::plan::Plan;
use crate::state::{Deployment, Outcome, Phase};
use activation::units::Detail;

impl Engine<'_> {
    /// Looks whether the order can be carried out, and records what is there. `None` if there is nothing to do.
    pub(super) fn preflight(&mut self) -> Step<Option<Ready>> {
        self.enter(Phase::Preflight)?;
        let host = self.host;
        let action = self.deployment.order.action;
        let plan = Plan::of(&host, &self.deployment.order.system, action)?;
        if !plan.refusals.is_empty() {
            return Err(Stop::Refused(plan.refusals));
        }
        if plan.is_done {
            let (note, outcome) = match action {
                Action::Boot => ("the machine boots this system next already", Outcome::RebootPending),
                _ if host.home().is_some() => ("this is the home already", Outcome::Deployed),
                _ => ("the machine runs this system already, and boots it", Outcome::Deployed),
            };
            self.note(note.into());
            self.end(outcome)?;
            return Ok(None);
        }
        if action == Action::Switch && !plan.needs_reboot.is_empty() {
            let differs = plan.needs_reboot.join(", ");
            self.note(format!(
                "what the machine has booted differs ({differs}): that part comes with the next boot"
            ));
        }
        Deployment::keep_units(&host, &host.told_units(Detail::All)?)?;
        self.deployment.recorded = Some(plan.now);
        self.hold()?;
        Ok(Some(Ready(())))
    }
}
