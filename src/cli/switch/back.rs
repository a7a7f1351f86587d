//! `cfgcheck rollback`: a host goes back to what ran before the last deployment.

use super::args::{HowArgs, RollbackArgs};
use super::deploy::{Wanted, by, carry_out, code_of, plan};
use super::target::{Connection, Target, TargetError};
use super::trouble::Trouble;
use super::{fleet, text};
use crate::exit;
use crate::machine::Machine;
use crate::stream::say;
use ::deploy::order::{Approval, Origin};
use ::deploy::{Deployment, Ended, Plan, Reason, Status};

/// Runs `cfgcheck rollback` and returns its exit code.
pub fn run(machine: &Machine, args: &RollbackArgs) -> u8 {
    if !args.fleet.is_one() {
        return fleet::back(machine, args).unwrap_or_else(|trouble| fleet::tell(&trouble));
    }
    let target = args.to.target(machine);
    back(machine, &target, args).unwrap_or_else(|trouble| {
        trouble.tell(&target);
        trouble.code
    })
}

/// How a host goes back.
pub enum Way {
    /// The deployment that is under way is taken back.
    Stop(Box<Deployment>),
    /// What ran before the last deployment is deployed again.
    Again(Box<(Wanted, Plan)>),
}

/// Returns how a host goes back; a plan may have refusals.
pub fn way(machine: &Machine, target: &Target, how: &HowArgs) -> Result<Way, Trouble> {
    let status: Status = target.ask(machine, &["observe"])?;
    if let Some(last) = status.last.as_ref().filter(|last| last.outcome.is_none()) {
        return Ok(Way::Stop(Box::new(last.clone())));
    }
    let wanted = before(machine, status)?;
    let plan = plan(machine, target, &wanted, how)?;
    Ok(Way::Again(Box::new((wanted, plan))))
}

/// Takes the deployment back that is under way on a host.
pub fn stop(machine: &Machine, target: &Target) -> Result<(), TargetError> {
    let why = "--because=it was asked for";
    match target.call(machine, &["roll-back", why], Vec::new(), Connection::Any) {
        // It is back, which is what was asked for.
        Err(TargetError::Refused {
            code: exit::ROLLED_BACK,
            ..
        })
        | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

fn back(machine: &Machine, target: &Target, args: &RollbackArgs) -> Result<u8, Trouble> {
    args.how.fits(target.home)?;
    let (wanted, plan) = match way(machine, target, &args.how)? {
        Way::Stop(last) if args.dry_run => {
            say(format!(
                "the deployment {} would be taken back, which is {}\n",
                last.order.id, last.phase
            )
            .as_bytes());
            return Ok(exit::CLEAN);
        }
        Way::Stop(_) => {
            stop(machine, target)?;
            return Ok(exit::CLEAN);
        }
        Way::Again(again) => *again,
    };
    say(text::plan(&plan, &target.name()).as_bytes());
    if !plan.refusals.is_empty() {
        return Ok(exit::REFUSED);
    }
    if args.dry_run {
        return Ok(exit::CLEAN);
    }
    let ended = carry_out(machine, target, wanted, &args.how);
    text::tell(&ended, target);
    Ok(code_of(&ended))
}

/// Brings a host back to what ran before the last deployment, which has ended, and returns how that ended.
pub fn to_before(machine: &Machine, target: &Target, how: &HowArgs) -> Result<Ended, Trouble> {
    let status: Status = target.ask(machine, &["observe"])?;
    let wanted = before(machine, status)?;
    Ok(carry_out(machine, target, wanted, how))
}

/// Returns what ran before the last deployment, as something to deploy.
fn before(machine: &Machine, status: Status) -> Result<Wanted, Trouble> {
    let current = status.now.current;
    let deployed = status
        .deployed
        .filter(|deployed| Some(&deployed.order.system) == current.as_ref());
    let refused = |why: &str| Trouble::refused(vec![Reason::new(why)]);
    let Some(before) = deployed.and_then(|deployed| deployed.recorded) else {
        return Err(refused(match status.now.user {
            None => "what this host runs was not deployed by cfgcheck, so that nothing is known that ran before",
            Some(_) => "this home was not deployed by cfgcheck, so that nothing is known of one before",
        }));
    };
    let system = before
        .current
        .ok_or_else(|| refused("there was no home before the last deployment, so that there is none to go back to"))?;
    Ok(Wanted {
        system,
        origin: Origin {
            by: by(machine),
            ..Origin::default()
        },
        approval: Approval::overridden("back to what ran before the last deployment"),
    })
}
