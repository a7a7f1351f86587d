//! What a machine tells of itself and its deployments.

use crate::failed::FailedCommits;
use crate::host::{Host, HostError, Observed};
use crate::state::{Deployment, Outcome};
use serde::{Deserialize, Serialize};

/// What a machine tells of itself and its deployments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The version of cfgcheck on the machine.
    pub cfgcheck: String,
    /// What it runs and boots.
    pub now: Observed,
    /// The deployment that is under way, or the last one.
    pub last: Option<Deployment>,
    /// The last one that was deployed to the end.
    pub deployed: Option<Deployment>,
    /// The last of these that was approved, and not overridden.
    pub approved: Option<Deployment>,
    /// The commits that failed on it.
    #[serde(default)]
    pub failed: FailedCommits,
}

impl Status {
    /// Returns what a machine tells at this moment.
    pub fn of(host: &Host<'_>, cfgcheck: &str) -> Result<Status, HostError> {
        Ok(Status {
            cfgcheck: cfgcheck.to_owned(),
            now: Observed::of(host)?,
            last: Deployment::current(host)?,
            deployed: Deployment::deployed(host)?,
            approved: Deployment::approved(host)?,
            failed: FailedCommits::read(host)?,
        })
    }

    /// Returns how the last deployment ended, as things are now; nothing if it is under way, or there was none. What waited for a
    /// reboot is deployed once the machine has booted it.
    pub fn ended(&self) -> Option<Outcome> {
        let last = self.last.as_ref()?;
        match last.outcome.clone()? {
            Outcome::RebootPending if self.now.booted.as_ref() == Some(&last.order.system) => Some(Outcome::Deployed),
            outcome => Some(outcome),
        }
    }
}
