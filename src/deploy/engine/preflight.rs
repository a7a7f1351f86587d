//! Whether the new system could be switched to, asked without changing anything; and what is there before.

use super::{Engine, Ready, Step, Stop};
use crate::host::{self, Host, HostError, Observed, Reboot};
use crate::order::Action;
use crate::state::{Deployment, Outcome, Phase};
use activation::units::Detail;
use activation::{Exit, Said};
use std::path::Path;
use std::time::Duration;

/// What an interrupted switch leaves behind, which the next one would act on.
const LISTS: [&str; 3] = ["start-list", "restart-list", "reload-list"];

/// Where boot partitions are mounted.
const PARTITIONS: [&str; 3] = ["/boot", "/efi", "/boot/efi"];

/// Least bytes that the root disk must have left.
const LEAST_ROOM: u64 = 64 << 20;
/// Least bytes that a boot partition must have left beside a new kernel and its initial RAM disk.
const LEAST_BOOT_ROOM: u64 = 1 << 20;

/// How long `check` and `dry-activate` may take.
const ASK: Duration = Duration::from_secs(300);

impl Engine<'_> {
    /// Looks whether the order can be carried out, and records what is there. `None` if there is nothing to do.
    pub(super) fn preflight(&mut self) -> Step<Option<Ready>> {
        self.enter(Phase::Preflight)?;
        let host = self.host;
        let system = self.deployment.order.system.clone();
        let action = self.deployment.order.action;
        let now = Observed::of(&host)?;
        if let Some(fault) = host::is_toplevel(&host, &system, &now.current)? {
            return Err(Stop::Refused(vec![fault.to_string()]));
        }
        let is_profile = now.profile.as_ref().is_some_and(|profile| profile.system == system);
        if action == Action::Switch && now.current == system && is_profile && now.default.as_ref() == Some(&system) {
            self.note("the machine runs this system already, and boots it".into());
            self.end(Outcome::Deployed)?;
            return Ok(None);
        }
        let mut reasons = Vec::new();
        if now.profile.is_none() {
            reasons.push("the machine has no profile of the system, to which it could be taken back".into());
        }
        if now.default.is_none() {
            reasons.push("what the machine would boot cannot be read from its boot loader's files".into());
        }
        if !host.has(format!("{}/bin/switch-to-configuration", now.current))? {
            reasons.push(format!("{} has no program to go back by", now.current));
        }
        for name in LISTS {
            if host.has(format!("/run/nixos/{name}"))? {
                reasons.push(format!(
                    "a switch was interrupted before, which left /run/nixos/{name} behind: reboot, or finish that switch"
                ));
            }
        }
        let (need, differs) = host::reboot_needs(&host, &now.booted, &system)?;
        match need {
            Reboot::First if action == Action::Switch => {
                reasons.push("the interface of init differs, which takes a reboot: use --boot or --reboot".into());
            }
            Reboot::Later if action == Action::Switch => {
                self.note(format!(
                    "{} differ: that part comes with the next boot",
                    differs.join(", ")
                ));
            }
            _ => {}
        }
        reasons.extend(room(&host, &system, &differs)?);
        if reasons.is_empty() && action == Action::Switch {
            reasons.extend(dry_run(&host, &system)?);
        }
        if !reasons.is_empty() {
            return Err(Stop::Refused(reasons));
        }
        Deployment::keep_units(&host, &host.told_units(Detail::All)?)?;
        self.deployment.recorded = Some(now);
        self.hold()?;
        Ok(Some(Ready(())))
    }
}

/// Returns what has too little room.
fn room(host: &Host<'_>, system: &str, differs: &[String]) -> Result<Vec<String>, HostError> {
    let mut reasons = Vec::new();
    let left = host.fs.room(Path::new("/"))?;
    if left < LEAST_ROOM {
        reasons.push(format!("the root disk is full: {} KiB are left", left >> 10));
    }
    let Some(partition) = first(host, &PARTITIONS)? else {
        return Ok(reasons);
    };
    let mut needed = LEAST_BOOT_ROOM;
    for name in ["kernel", "initrd"] {
        if differs.iter().any(|differs| differs == name)
            && let Some(stat) = host.fs.stat(Path::new(&format!("{system}/{name}")))?
        {
            needed += stat.len;
        }
    }
    let left = host.fs.room(Path::new(partition))?;
    if left < needed {
        reasons.push(format!(
            "{partition} is full: {} KiB are left, and the kernel with its initial RAM disk needs {}",
            left >> 10,
            needed >> 10
        ));
    }
    Ok(reasons)
}

fn first<'p>(host: &Host<'_>, paths: &[&'p str]) -> Result<Option<&'p str>, HostError> {
    for path in paths {
        if host.has(path)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Returns why the new system refuses to be switched to, as far as it tells without doing it.
fn dry_run(host: &Host<'_>, system: &str) -> Result<Vec<String>, HostError> {
    let program = format!("{system}/bin/switch-to-configuration");
    let mut reasons = Vec::new();
    for action in ["check", "dry-activate"] {
        let ran = host.run(&[&program, action], ASK)?;
        let said = Said::read(&ran.output);
        let Some(code) = ran.code() else {
            reasons.push(format!("`switch-to-configuration {action}` does not come to an end"));
            continue;
        };
        if Exit::of(code) == Exit::Done {
            continue;
        }
        if Exit::of(code) == Exit::Locked {
            reasons.push("another switch holds the lock of the machine".into());
        } else if let Some(check) = &said.check {
            let more = check.said.as_ref().map_or(String::new(), |said| format!(": {said}"));
            reasons.push(format!("the check `{}` of the new system fails{more}", check.name));
        } else if !said.inhibitors.is_empty() {
            let names = said.inhibitors.join(", ");
            reasons.push(format!(
                "{names} inhibit the switch, so that it takes a reboot: use --boot or --reboot"
            ));
        } else {
            reasons.push(format!(
                "`switch-to-configuration {action}` of the new system fails ({}): {}",
                ran.ended(),
                ran.last_line()
            ));
        }
        // What the first one tells, the second one would tell again.
        break;
    }
    Ok(reasons)
}
