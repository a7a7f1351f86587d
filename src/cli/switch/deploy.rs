//! A system that is in a host's store is planned, and then carried out by the host itself.

use super::args::HowArgs;
use super::follow;
use super::target::{Connection, Target, TargetError};
use crate::exit;
use crate::machine::Machine;
use ::deploy::health::{Health, Probe};
use ::deploy::order::{Action, Approval, Confirm, Limits, Order, Origin, VERSION};
use ::deploy::{Ended, Plan, Reason};
use std::path::Path;

/// What is deployed, from where, and what approves it.
#[derive(Clone)]
pub struct Wanted {
    /// The system, in the host's store.
    pub system: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What approves it.
    pub approval: Approval,
}

/// Returns what it would take to bring a host to a system. The host verifies who vouches for it first.
pub fn plan(machine: &Machine, target: &Target, wanted: &Wanted, how: &HowArgs) -> Result<Plan, TargetError> {
    let order = order(machine, target, wanted.clone(), how)?;
    let json = serde_json::to_vec(&order).map_err(|error| target.answer(error))?;
    let answer = target.call(machine, &["plan"], json, Connection::Any)?;
    serde_json::from_slice(&answer).map_err(|error| target.answer(error))
}

fn action(how: &HowArgs) -> Action {
    match (how.boot, how.reboot) {
        (true, _) => Action::Boot,
        (_, true) => Action::Reboot,
        _ => Action::Switch,
    }
}

/// Brings a host to a system, and returns how that ended.
pub fn carry_out(machine: &Machine, target: &Target, wanted: Wanted, how: &HowArgs) -> Ended {
    let ordered = order(machine, target, wanted, how).and_then(|order| {
        let json = serde_json::to_vec(&order).map_err(|error| target.answer(error))?;
        Ok((order, json))
    });
    let (order, json) = match ordered {
        Ok(ordered) => ordered,
        Err(error) => return Ended::OutOfReach(error.to_string()),
    };
    let force: &[&str] = if how.force { &["start", "--force"] } else { &["start"] };
    match target.call(machine, force, json, Connection::Any) {
        Ok(_) => {}
        Err(TargetError::Refused { why, code }) if code == exit::REFUSED => {
            return Ended::Refused(vec![Reason::new(why)]);
        }
        Err(error @ TargetError::Refused { .. }) => return Ended::OutOfReach(error.to_string()),
        // The order may have come through.
        Err(error) => return Ended::Lost(error.to_string()),
    }
    match follow::to_the_end(machine, target, &order) {
        Ok(deployment) => Ended::from(&deployment),
        Err(error) => Ended::Lost(error.to_string()),
    }
}

/// Returns the exit code of how a deployment ended.
pub fn code_of(ended: &Ended) -> u8 {
    match ended {
        Ended::Deployed | Ended::There | Ended::NotBegun(_) => exit::CLEAN,
        Ended::RebootPending => exit::REBOOT_PENDING,
        Ended::RolledBack(_) | Ended::TakenBack(_) => exit::ROLLED_BACK,
        Ended::RollbackFailed(_) => exit::ROLLBACK_FAILED,
        Ended::Refused(_) => exit::REFUSED,
        Ended::NotBuilt(_) => exit::FINDINGS,
        Ended::OutOfReach(_) | Ended::Lost(_) => exit::CANNOT_START,
    }
}

fn order(machine: &Machine, target: &Target, wanted: Wanted, how: &HowArgs) -> Result<Order, TargetError> {
    let random = sys::random_token().map_err(|error| target.answer(error))?;
    let seconds = machine.clock.unix_time().as_secs();
    let mut probes: Vec<Probe> = how.healthy_http.iter().cloned().map(Probe::Http).collect();
    probes.extend(how.healthy_tcp.iter().cloned().map(Probe::Tcp));
    let by_shell = |command: &String| Probe::Command(vec!["bash".into(), "-c".into(), command.clone()]);
    probes.extend(how.healthy_command.iter().map(by_shell));
    Ok(Order {
        version: VERSION,
        id: format!("{seconds}-{}", random.get(..8).unwrap_or(&random)),
        system: wanted.system,
        origin: wanted.origin,
        approval: wanted.approval,
        action: action(how),
        confirm: match (how.reach.is_empty(), &target.ssh) {
            (false, _) => Confirm::Outbound(how.reach.iter().cloned().map(Probe::Tcp).collect()),
            (true, Some(_)) => Confirm::Connection,
            (true, None) => Confirm::Nobody,
        },
        health: Health {
            units: how.healthy_unit.clone(),
            probes,
            grace: how.grace.unwrap_or(GRACE),
        },
        limits: Limits {
            activation: how.activation_time,
            health: how.health_time,
            confirm: how.confirm_time,
            ..Limits::default()
        }
        .times(how.patience.unwrap_or(1)),
    })
}

/// Seconds for which health checks have to hold, where nothing else is asked for.
const GRACE: u64 = 10;

/// Returns who deploys, as this machine tells.
pub fn by(machine: &Machine) -> Option<String> {
    let user = machine.env.text("USER").or_else(|| machine.env.text("LOGNAME"))?;
    let host = machine.fs.read(Path::new("/proc/sys/kernel/hostname")).ok();
    let host = host.map(|name| String::from_utf8_lossy(&name).trim().to_owned());
    Some(diag::clean_line(&host.map_or(user.clone(), |host| format!("{user}@{host}"))).into_owned())
}
