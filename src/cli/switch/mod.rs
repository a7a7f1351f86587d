//! `cfgcheck switch`: a host is brought to a system, or left as it was. `cfgcheck rollback`: and back.

mod args;
mod follow;
mod target;
mod text;

pub use args::{RollbackArgs, SwitchArgs, TargetArgs};
pub use target::TargetError;

use crate::engine::code_of;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use ::deploy::health::{Health, Probe};
use ::deploy::order::{Action, Confirm, Limits, Order, Origin, VERSION};
use ::deploy::{Plan, Status};
use args::HowArgs;
use std::path::Path;
use target::{Connection, Target};

/// Runs `cfgcheck switch` and returns its exit code.
pub fn run(machine: &Machine, args: &SwitchArgs) -> u8 {
    let target = args.to.target(machine);
    let system = match store_path(machine, &args.system) {
        Ok(system) => system,
        Err(why) => {
            complain(&format!("error: {why}"));
            return exit::USAGE;
        }
    };
    let Some(reason) = &args.r#override else {
        complain("error: nothing approves this system: without an approval, a reason is needed (`--override REASON`)");
        return exit::REFUSED;
    };
    let origin = Origin {
        approval: Some(format!("none; overridden: {reason}")),
        by: by(machine),
        ..Origin::default()
    };
    ended(deploy(machine, &target, system, origin, &args.how, args.dry_run))
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
        approval: Some("none; a way back to what was deployed before".into()),
        by: by(machine),
        ..Origin::default()
    };
    deploy(machine, target, before, origin, &args.how, args.dry_run)
}

fn ended(done: Result<u8, TargetError>) -> u8 {
    done.unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        error.code()
    })
}

/// Brings a host to a system that is in its store.
fn deploy(
    machine: &Machine,
    target: &Target,
    system: String,
    origin: Origin,
    how: &HowArgs,
    dry_run: bool,
) -> Result<u8, TargetError> {
    let (action, word) = match (how.boot, how.reboot) {
        (true, _) => (Action::Boot, "boot"),
        (_, true) => (Action::Reboot, "reboot"),
        _ => (Action::Switch, "switch"),
    };
    let plan: Plan = target.ask(machine, &["plan", "--action", word, &system])?;
    say(text::plan(&plan, &target.name()).as_bytes());
    if !plan.refusals.is_empty() {
        return Ok(exit::REFUSED);
    }
    if dry_run {
        return Ok(exit::CLEAN);
    }
    let order = order(machine, target, system, origin, how, action)?;
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
    system: String,
    origin: Origin,
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
        system,
        origin,
        action,
        confirm: if target.ssh.is_some() {
            Confirm::Connection
        } else {
            Confirm::Nobody
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

/// Returns a path of the store that a path is or leads to.
fn store_path(machine: &Machine, path: &Path) -> Result<String, String> {
    let text = path.to_string_lossy().into_owned();
    if path.starts_with(store::STORE_DIR) {
        return Ok(text);
    }
    let base = machine
        .env
        .current_dir()
        .map_err(|error| format!("the current folder cannot be told: {error}"))?;
    let path = machine
        .fs
        .canonicalize(&base.join(path))
        .map_err(|error| error.to_string())?;
    match path.starts_with(store::STORE_DIR) {
        true => Ok(path.to_string_lossy().into_owned()),
        false => Err(format!(
            "`{}` is no path of the store and leads to none",
            diag::clean_line(&text)
        )),
    }
}
