//! `cfgcheck rollback`: a host goes back to what ran before the last deployment.

use super::args::{HowArgs, RollbackArgs};
use super::deploy::{Wanted, by, carry_out, code_of, plan};
use super::target::{Connection, Target, TargetError};
use super::text;
use super::trouble::Trouble;
use crate::exit;
use crate::machine::Machine;
use crate::stream::say;
use ::deploy::order::{Approval, Origin};
use ::deploy::{Ended, Reason, Status};

/// Runs `cfgcheck rollback` and returns its exit code.
pub fn run(machine: &Machine, args: &RollbackArgs) -> u8 {
    let target = args.to.target(machine);
    back(machine, &target, args).unwrap_or_else(|trouble| {
        trouble.tell(&target);
        trouble.code
    })
}

fn back(machine: &Machine, target: &Target, args: &RollbackArgs) -> Result<u8, Trouble> {
    args.how.fits(target.home)?;
    let status: Status = target.ask(machine, &["observe"])?;
    if let Some(last) = status.last.as_ref().filter(|last| last.outcome.is_none()) {
        if args.dry_run {
            say(format!(
                "the deployment {} would be taken back, which is {}\n",
                last.order.id, last.phase
            )
            .as_bytes());
            return Ok(exit::CLEAN);
        }
        let why = "--because=it was asked for";
        return match target.call(machine, &["roll-back", why], Vec::new(), Connection::Any) {
            // It is back, which is what was asked for.
            Err(TargetError::Refused {
                code: exit::ROLLED_BACK,
                ..
            })
            | Ok(_) => Ok(exit::CLEAN),
            Err(error) => Err(error.into()),
        };
    }
    let wanted = before(machine, status)?;
    let plan = plan(machine, target, &wanted, &args.how)?;
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
