//! `cfgcheck switch`: a host is brought to a system, or left as it was. `cfgcheck rollback`: and back.

mod approve;
mod args;
mod follow;
mod source;
mod target;
mod text;

pub use args::{RollbackArgs, SwitchArgs, TargetArgs};
pub use target::TargetError;

use crate::engine::code_of;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use ::deploy::health::{Health, Probe};
use ::deploy::order::{Action, Approval, Confirm, Limits, Order, Origin, VERSION};
use ::deploy::{Plan, Status};
use args::HowArgs;
use std::path::Path;
use target::{Connection, Target};

/// Runs `cfgcheck switch` and returns its exit code.
pub fn run(machine: &Machine, args: &SwitchArgs) -> u8 {
    let target = args.to.target(machine);
    if let Some(file) = &args.enroll {
        return enroll(machine, &target, args, file);
    }
    let named = match source::named(machine, &args.what) {
        Ok(named) => named,
        Err(code) => return code,
    };
    ended(switch(machine, &target, args, named))
}

fn switch(machine: &Machine, target: &Target, args: &SwitchArgs, named: source::Named) -> Result<u8, TargetError> {
    let status: Status = target.ask(machine, &["observe"])?;
    let approved = match approve::approved(machine, target, &args.approve, &named, &status) {
        Ok(approved) => approved,
        Err(code) => return Ok(code),
    };
    // Nothing is built, nor brought to the host, before it is approved; and what is built is what was approved.
    let commit = approved.commit.as_deref().filter(|_| approved.is_pinned);
    let system = match source::system(machine, &args.what, target, &named, commit) {
        Ok(system) => system,
        Err(code) => return Ok(code),
    };
    let origin = Origin {
        host: approved.host,
        flake: named.flake,
        commit: approved.commit,
        by: by(machine),
    };
    let wanted = Deploy {
        system,
        origin,
        approval: approved.approval,
    };
    deploy(machine, target, wanted, &args.how, args.dry_run)
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
            say(format!(
                "the policy {} counts on this machine\n",
                digest.trim().trim_matches('"')
            )
            .as_bytes());
            exit::CLEAN
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            error.code()
        }
    }
}

/// What is deployed, from where, and what approves it.
struct Deploy {
    system: String,
    origin: Origin,
    approval: Approval,
}

/// Runs `cfgcheck rollback` and returns its exit code.
pub fn rollback(machine: &Machine, args: &RollbackArgs) -> u8 {
    let target = args.to.target(machine);
    ended(back(machine, &target, args))
}

fn back(machine: &Machine, target: &Target, args: &RollbackArgs) -> Result<u8, TargetError> {
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
            }) => Ok(exit::CLEAN),
            Err(error) => Err(error),
            Ok(_) => Ok(exit::CLEAN),
        };
    }
    let deployed = status
        .deployed
        .filter(|deployed| deployed.order.system == status.now.current);
    let before = deployed.and_then(|deployed| Some(deployed.recorded?.current));
    let Some(before) = before else {
        complain("error: what this host runs was not deployed by cfgcheck, so that nothing is known that ran before");
        return Ok(exit::REFUSED);
    };
    let origin = Origin {
        by: by(machine),
        ..Origin::default()
    };
    let wanted = Deploy {
        system: before,
        origin,
        approval: Approval::overridden("back to what ran before the last deployment"),
    };
    deploy(machine, target, wanted, &args.how, args.dry_run)
}

fn ended(done: Result<u8, TargetError>) -> u8 {
    done.unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        error.code()
    })
}

/// Brings a host to a system that is in its store.
fn deploy(machine: &Machine, target: &Target, wanted: Deploy, how: &HowArgs, dry_run: bool) -> Result<u8, TargetError> {
    let (action, word) = match (how.boot, how.reboot) {
        (true, _) => (Action::Boot, "boot"),
        (_, true) => (Action::Reboot, "reboot"),
        _ => (Action::Switch, "switch"),
    };
    let plan: Plan = target.ask(machine, &["plan", "--action", word, &wanted.system])?;
    say(text::plan(&plan, &target.name()).as_bytes());
    if !plan.refusals.is_empty() {
        return Ok(exit::REFUSED);
    }
    if dry_run {
        return Ok(exit::CLEAN);
    }
    let order = order(machine, target, wanted, how, action)?;
    let json = serde_json::to_vec(&order).map_err(|error| target.answer(error))?;
    let force: &[&str] = if how.force { &["start", "--force"] } else { &["start"] };
    target.call(machine, force, json, Connection::Any)?;
    let ended = follow::to_the_end(machine, target, &order)?;
    say(text::outcome(&ended).as_bytes());
    Ok(code_of(ended.outcome.as_ref()))
}

fn order(
    machine: &Machine,
    target: &Target,
    wanted: Deploy,
    how: &HowArgs,
    action: Action,
) -> Result<Order, TargetError> {
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
        action,
        confirm: match (how.reach.is_empty(), &target.ssh) {
            (false, _) => Confirm::Outbound(how.reach.iter().cloned().map(Probe::Tcp).collect()),
            (true, Some(_)) => Confirm::Connection,
            (true, None) => Confirm::Nobody,
        },
        health: Health {
            units: how.healthy_unit.clone(),
            probes,
            grace: how.grace,
        },
        limits: Limits {
            activation: how.activation_time,
            health: how.health_time,
            confirm: how.confirm_time,
            ..Limits::default()
        }
        .times(how.patience),
    })
}

/// Returns who deploys, as this machine tells.
fn by(machine: &Machine) -> Option<String> {
    let user = machine.env.text("USER").or_else(|| machine.env.text("LOGNAME"))?;
    let host = machine.fs.read(Path::new("/proc/sys/kernel/hostname")).ok();
    let host = host.map(|name| String::from_utf8_lossy(&name).trim().to_owned());
    Some(diag::clean_line(&host.map_or(user.clone(), |host| format!("{user}@{host}"))).into_owned())
}
