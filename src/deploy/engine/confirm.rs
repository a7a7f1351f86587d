//! Whether the machine is in reach with the new system.

use super::{Confirmed, Engine, Healthy, Step, Stop};
use crate::host::{self, Host, HostError};
use crate::order::Confirm;
use crate::state::{Deployment, Phase};
use std::path::PathBuf;
use std::time::Duration;
use sys::Mode;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// A confirmation that is none.
#[derive(Debug, thiserror::Error)]
pub enum NotConfirmed {
    /// Nothing is to be confirmed.
    #[error("the deployment {id} waits for no confirmation: it is {phase}")]
    NotAsked {
        /// What was to be confirmed.
        id: String,
        /// How far the machine's deployment is.
        phase: Phase,
    },
    /// The machine's deployment is another one.
    #[error("there is no deployment {0} on this machine")]
    Unknown(String),
    /// The machine does not do what it is asked to.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Says that the machine is in reach, for the deployment with this name.
pub fn confirm(host: &Host<'_>, id: &str) -> Result<(), NotConfirmed> {
    let deployment = Deployment::current(host)?.filter(|deployment| deployment.order.id == id);
    let deployment = deployment.ok_or_else(|| NotConfirmed::Unknown(diag::clean_line(id).into_owned()))?;
    if deployment.phase != Phase::Confirming || deployment.order.confirm != Confirm::Connection {
        return Err(NotConfirmed::NotAsked {
            id: id.to_owned(),
            phase: deployment.phase,
        });
    }
    let said = host.fs.write_atomic(&said(host), id.as_bytes(), Mode::Private);
    Ok(said.map_err(HostError::from)?)
}

/// The file by which a new connection says that there is one.
fn said(host: &Host<'_>) -> PathBuf {
    host.until_boot().join("confirmed")
}

impl Engine<'_> {
    /// Waits until the machine is known to be in reach.
    pub(super) fn confirmed(&mut self, _: Healthy) -> Step<Confirmed> {
        let host = self.host;
        let said = said(&host);
        if host.has(&said)? {
            host.fs.remove_file(&said)?;
        }
        self.enter(Phase::Confirming)?;
        let limit = Duration::from_secs(self.deployment.order.limits.confirm);
        let start = host::uptime(&host)?;
        loop {
            let fault = match &self.deployment.order.confirm {
                Confirm::Nobody => None,
                Confirm::Connection => {
                    let is_here = host.has(&said)? && host.text(&said)? == self.deployment.order.id;
                    (!is_here).then(|| "nobody has connected anew to confirm it".to_owned())
                }
                Confirm::Outbound(probes) => {
                    let mut faults = Vec::new();
                    for probe in probes {
                        if let Some(fault) = probe.fault(&host)? {
                            faults.push(format!("{} is out of reach: {fault}", probe.words()));
                        }
                    }
                    (!faults.is_empty()).then(|| faults.join("; "))
                }
            };
            let Some(fault) = fault else {
                return Ok(Confirmed(()));
            };
            if host::uptime(&host)?.saturating_sub(start) >= limit {
                return Err(Stop::Back(format!("{fault} within {} s", limit.as_secs())));
            }
            host.clock.sleep(PAUSE);
        }
    }
}
