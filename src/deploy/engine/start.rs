//! An order is taken, and its engine started as a unit of its own.

use super::{EngineError, lock};
use crate::host::{Host, HostError, QUESTION, Realm};
use crate::order::Order;
use crate::state::{Deployment, Outcome, Phase};
use std::time::Duration;

/// The unit of the engine.
pub(super) const UNIT: &str = "cfgcheck-switch.service";

/// An order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another deployment has not ended.
    #[error("the deployment {id} has not ended on this machine: it is {phase}")]
    UnderWay {
        /// Its name.
        id: String,
        /// How far it is.
        phase: Phase,
    },
    /// The last deployment could not be taken back.
    #[error(
        "the deployment {id} could not be taken back: {why}; once that is mended, `cfgcheck switch --force` deploys after it"
    )]
    Broken {
        /// Its name.
        id: String,
        /// Why.
        why: String,
    },
    /// There was one with this name.
    #[error("a deployment with the name {0} was ordered before")]
    Known(String),
    /// Another one is ordered at this moment, or the machine does not do what it is asked to.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<HostError> for StartError {
    fn from(error: HostError) -> StartError {
        StartError::Engine(error.into())
    }
}

/// Takes an order and starts the engine that carries it out. With `force`, also after a deployment that could not be taken back.
pub fn start(host: Host<'_>, order: Order, force: bool) -> Result<Deployment, StartError> {
    let _lock = lock(&host, Duration::from_secs(1))?;
    if let Some(last) = Deployment::current(&host)? {
        let id = last.order.id;
        match last.outcome {
            None => return Err(StartError::UnderWay { id, phase: last.phase }),
            Some(Outcome::RollbackFailed(why)) if !force => return Err(StartError::Broken { id, why }),
            Some(_) if id == order.id => return Err(StartError::Known(id)),
            Some(_) => {}
        }
    }
    let mut deployment = Deployment::new(&host, order)?;
    deployment.keep(&host)?;
    if let Err(error) = launch(&host) {
        // Nobody carries it out, and the next order must not wait for it.
        deployment.end(&host, Outcome::Refused(vec![error.to_string()]))?;
        return Err(error.into());
    }
    Ok(deployment)
}

/// Starts the engine of a deployment that has not ended, such as after a power loss, unless one runs; returns whether there was
/// something to do.
pub fn resume(host: &Host<'_>) -> Result<bool, EngineError> {
    if is_in_hand(host)? {
        return Ok(false);
    }
    match launch(host) {
        Ok(()) => Ok(true),
        // After a boot, a connection and the machine's own service may come at the same moment; one of them is the first.
        Err(_) if is_in_hand(host)? => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the last deployment has ended, or has an engine.
fn is_in_hand(host: &Host<'_>) -> Result<bool, HostError> {
    if Deployment::current(host)?.is_none_or(|deployment| deployment.outcome.is_some()) {
        return Ok(true);
    }
    let state = host.run(&host.of_manager("systemctl", &["is-active", UNIT]), QUESTION)?;
    let state = String::from_utf8_lossy(&state.output).trim().to_owned();
    // One that was killed is started again by the service manager, and is `activating` meanwhile.
    Ok(matches!(
        state.as_str(),
        "active" | "activating" | "reloading" | "deactivating"
    ))
}

/// Ends the engine that runs, so that another one can take over.
pub fn stop(host: &Host<'_>) -> Result<(), HostError> {
    host.run(&host.of_manager("systemctl", &["stop", UNIT]), QUESTION)
        .map(drop)
}

/// Starts the engine as a unit of its own, which starts again if it is killed.
fn launch(host: &Host<'_>) -> Result<(), HostError> {
    let (engine, surroundings) = (host.engine(&["run"]), host.surroundings());
    let unit = format!("--unit={UNIT}");
    let mut args = vec![
        "--quiet",
        "--collect",
        "--no-ask-password",
        &unit,
        "--description=cfgcheck switch",
        "--service-type=exec",
        "--property=Restart=on-abnormal",
        "--property=RestartSec=1",
        "--property=StartLimitIntervalSec=0",
        "--property=SuccessExitStatus=4 5 6 7",
        "--property=TimeoutStopSec=20",
    ];
    if let Realm::System = host.realm {
        // Which takes root.
        args.push("--property=OOMScoreAdjust=-900");
    }
    args.extend(surroundings.iter().chain(&engine).map(String::as_str));
    host.succeed(&host.of_manager("systemd-run", &args), QUESTION).map(drop)
}
