//! `cfgcheck switch`: a host is brought to a system, or left as it was. `cfgcheck rollback`: and back.

pub(crate) mod approve;
mod args;
mod back;
pub(crate) mod changes;
pub(crate) mod deploy;
mod fleet;
mod follow;
pub(crate) mod source;
mod target;
mod text;
pub(crate) mod told;
pub(crate) mod trouble;

pub use args::{ApproveArgs, HowArgs, NO_FLEET, RollbackArgs, SwitchArgs, TargetArgs, WhatArgs};
pub use back::run as rollback;
pub use fleet::FleetArgs;
pub use fleet::roster::{self, Roster};
pub use fleet::{each, table, worst};
pub use target::Target;
pub use text::{NO_HOME, name};

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use ::deploy::order::Origin;
use ::deploy::{Ended, Reason, Status};
use deploy::{Wanted, by, carry_out, code_of, plan};
use std::path::Path;
use target::Connection;
use told::Told;
use trouble::Trouble;

/// Runs `cfgcheck switch` and returns its exit code.
pub fn run(machine: &Machine, args: &SwitchArgs) -> u8 {
    let target = args.to.target(machine);
    if let Some(file) = &args.enroll {
        return enroll(machine, &target, args, file);
    }
    let fits = args.fits();
    if fits.is_ok() && !args.which.hosts.is_empty() {
        return fleet::run(machine, args);
    }
    let named = match fits.and_then(|()| source::named(machine, &args.what, target.home)) {
        Ok(named) => named,
        Err(trouble) => {
            trouble.tell(&target);
            return trouble.code;
        }
    };
    let mut told = Told::begin(machine, named.flake.as_deref().unwrap_or_default());
    if target.home {
        told = told.of_homes();
    }
    let mut host = named.host.clone();
    let done = switch(machine, &target, args, named, &mut host);
    let (code, ended) = match done {
        Ok(Done::Planned(code)) => return code,
        Ok(Done::Ended(ended)) => (code_of(&ended), ended),
        Err(trouble) => {
            trouble.tell(&target);
            let code = trouble.code;
            if code == exit::USAGE {
                return code;
            }
            (code, trouble.ended())
        }
    };
    told.host(&host.unwrap_or_else(|| target.name()), &ended, None);
    told.write_asked(&args.output, code)
}

/// What came of the command.
pub enum Done {
    /// It was only to be told what would be done; the exit code.
    Planned(u8),
    /// How the deployment ended.
    Ended(Ended),
}

fn switch(
    machine: &Machine,
    target: &Target,
    args: &SwitchArgs,
    named: source::Named,
    host: &mut Option<String>,
) -> Result<Done, Trouble> {
    let status: Status = target.ask(machine, &["observe"])?;
    let approved = approve::approved(machine, target, &args.approve, &named, &status, None)?;
    host.clone_from(&approved.host);
    // Nothing is built, nor brought to the host, before it is approved; and what is built is what was approved.
    let commit = approved.commit.as_deref().filter(|_| approved.is_pinned);
    let system = source::system(machine, &args.what, target, &named, commit)?;
    if args.dry_run {
        changes::tell(machine, target, &args.what, &named, &status, commit);
    }
    let origin = Origin {
        host: approved.host,
        flake: named.flake,
        commit: approved.commit,
        by: by(machine),
    };
    let wanted = Wanted {
        system,
        origin,
        approval: approved.approval,
    };
    bring(machine, target, wanted, &args.how, args.dry_run)
}

/// Brings a host to a system that is in its store, unless it is only to be told what that would do.
pub fn bring(
    machine: &Machine,
    target: &Target,
    wanted: Wanted,
    how: &HowArgs,
    dry_run: bool,
) -> Result<Done, Trouble> {
    let plan = plan(machine, target, &wanted, how)?;
    say(text::plan(&plan, &target.name()).as_bytes());
    let is_refused = !plan.refusals.is_empty();
    if dry_run {
        return Ok(Done::Planned(if is_refused { exit::REFUSED } else { exit::CLEAN }));
    }
    if is_refused {
        // The plan has told them.
        return Ok(Done::Ended(Ended::Refused(
            plan.refusals.iter().map(Reason::new).collect(),
        )));
    }
    let ended = carry_out(machine, target, wanted, how);
    text::tell(&ended, target);
    Ok(Done::Ended(ended))
}

/// Makes a file the policy of this machine.
fn enroll(machine: &Machine, target: &Target, args: &SwitchArgs, file: &Path) -> u8 {
    let bytes = match machine.fs.read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    let force: &[&str] = match &args.approve.r#override {
        Some(_) => &["enroll", "--force"],
        None => &["enroll"],
    };
    match target.call(machine, force, bytes, Connection::Any) {
        Ok(digest) => {
            let digest = String::from_utf8_lossy(&digest);
            let place = if target.home {
                "for this home"
            } else {
                "on this machine"
            };
            let digest = digest.trim().trim_matches('"');
            say(format!("the policy {digest} counts {place}\n").as_bytes());
            exit::CLEAN
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            error.code()
        }
    }
}
