//! What a deployment would do: found out without changing anything, and printed before anything is done.

mod home;

use crate::host::{self, Host, HostError, Observed, Realm, Reboot};
use crate::order::{Action, Order};
use activation::{Exit, Said};
use serde::{Deserialize, Serialize};
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

/// What a deployment would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The system that is wanted.
    pub system: String,
    /// When it is to come about.
    pub action: Action,
    /// What runs and boots now.
    pub now: Observed,
    /// Whether the machine runs and boots the system already.
    pub is_done: bool,
    /// Why it cannot be done; none if it can.
    pub refusals: Vec<String>,
    /// What is part of what the machine has booted and differs, so that it comes with a reboot.
    pub needs_reboot: Vec<String>,
    /// What happens to units.
    pub units: UnitPlan,
}

/// What happens to units, as the new system tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitPlan {
    /// Those that are stopped for good.
    pub stops: Vec<String>,
    /// Those that are restarted.
    pub restarts: Vec<String>,
    /// Those that are reloaded.
    pub reloads: Vec<String>,
    /// Those that are started again, and those that the system has anew.
    pub starts: Vec<String>,
    /// Those that have changed and are left as they are.
    pub keeps: Vec<String>,
}

impl Plan {
    /// Returns the plan of an order that is not carried out, for these reasons.
    pub(crate) fn refused(host: &Host<'_>, order: &Order, refusals: Vec<String>) -> Result<Plan, HostError> {
        Ok(Plan {
            system: order.system.clone(),
            action: order.action,
            now: Observed::of(host)?,
            is_done: false,
            refusals,
            needs_reboot: Vec::new(),
            units: UnitPlan::default(),
        })
    }

    /// Returns what it would take to bring a machine to a system.
    pub fn of(host: &Host<'_>, system: &str, action: Action) -> Result<Plan, HostError> {
        let plan = Plan {
            system: system.to_owned(),
            action,
            is_done: false,
            refusals: Vec::new(),
            needs_reboot: Vec::new(),
            units: UnitPlan::default(),
            now: Observed::of(host)?,
        };
        match host.realm {
            Realm::System => plan.of_system(host),
            Realm::Home(home) => plan.of_home(host, home),
        }
    }

    /// Whether the profile leads to what is wanted.
    fn is_profile(&self) -> bool {
        let profile = self.now.profile.as_ref();
        profile.is_some_and(|profile| profile.system == self.system)
    }

    fn of_system(mut self, host: &Host<'_>) -> Result<Plan, HostError> {
        let (system, now) = (self.system.as_str(), &self.now);
        // A machine runs a system always, and has booted one.
        let current = now.current.as_deref().unwrap_or_default();
        let booted = now.booted.as_deref().unwrap_or_default();
        if let Some(fault) = host::is_toplevel(host, system, current)? {
            self.refusals.push(fault.to_string());
            return Ok(self);
        }
        let runs = self.action == Action::Boot || current == system;
        if runs && self.is_profile() && now.default.as_deref() == Some(system) {
            self.is_done = true;
            return Ok(self);
        }
        let mut refusals = Vec::new();
        if now.profile.is_none() {
            refusals.push("the machine has no profile of the system, to which it could be taken back".into());
        }
        if now.default.is_none() {
            refusals.push("what the machine would boot cannot be read from its boot loader's files".into());
        }
        if !host.has(format!("{current}/bin/switch-to-configuration"))? {
            refusals.push(format!("{current} has no program to go back by"));
        }
        for name in LISTS {
            if host.has(format!("/run/nixos/{name}"))? {
                refusals.push(format!(
                    "a switch was interrupted before, which left /run/nixos/{name} behind: reboot, or finish that switch"
                ));
            }
        }
        let (need, differs) = host::reboot_needs(host, booted, system)?;
        if need == Reboot::First && self.action == Action::Switch {
            refusals.push("the interface of init differs, which takes a reboot: use --boot or --reboot".into());
        }
        refusals.extend(room(host, system, &differs)?);
        if refusals.is_empty() && self.action == Action::Switch {
            let (said, reasons) = dry_run(host, system)?;
            let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
            let again = said.starts.iter().filter(|unit| !said.stops.contains(unit));
            let mut starts: Vec<String> = again.cloned().collect();
            starts.extend(units_anew(host, current, system)?);
            starts.sort_unstable();
            starts.dedup();
            self.units = UnitPlan {
                stops: owned(said.all_stops()),
                restarts: owned(said.all_restarts()),
                starts,
                reloads: said.reloads.clone(),
                keeps: said.skips.clone(),
            };
            refusals.extend(reasons);
        }
        self.needs_reboot = differs;
        self.refusals = refusals;
        Ok(self)
    }
}

/// Whether a program tells how it is to be used: before NixOS 25.05 it knows no `check`, and does that in `dry-activate`.
fn is_usage(output: &[u8]) -> bool {
    let text = String::from_utf8_lossy(output);
    text.contains("switch-to-configuration [") || text.contains("dry-activate:")
}

/// Returns the units that a system has and another one has not; whether something starts them is the service manager's to say,
/// and nearly always so.
fn units_anew(host: &Host<'_>, old: &str, new: &str) -> Result<Vec<String>, HostError> {
    let names = |system: &str| -> Result<Vec<String>, HostError> {
        let folder = format!("{system}/etc/systemd/system");
        if !host.has(&folder)? {
            return Ok(Vec::new());
        }
        let folder = host.fs.canonicalize(Path::new(&folder))?;
        let entries = host.fs.read_dir(&folder)?;
        Ok(entries
            .into_iter()
            .map(|entry| entry.name.to_string_lossy().into_owned())
            .collect())
    };
    let known = names(old)?;
    let is_unit = |name: &String| {
        let kind = name.rsplit_once('.').map(|(_, kind)| kind);
        matches!(kind, Some("service" | "socket" | "timer" | "path" | "mount" | "swap"))
    };
    Ok(names(new)?
        .into_iter()
        .filter(|name| is_unit(name) && !known.contains(name))
        .collect())
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

/// Returns what the new system says that it would do, and why it refuses to be switched to, as far as it tells that before.
fn dry_run(host: &Host<'_>, system: &str) -> Result<(Said, Vec<String>), HostError> {
    let program = format!("{system}/bin/switch-to-configuration");
    let mut reasons = Vec::new();
    let mut said = Said::default();
    for action in ["check", "dry-activate"] {
        let ran = host.run(&[&program, action], ASK)?;
        said = Said::read(&ran.output);
        let Some(code) = ran.code() else {
            reasons.push(format!("`switch-to-configuration {action}` does not come to an end"));
            continue;
        };
        if Exit::of(code) == Exit::Done || action == "check" && is_usage(&ran.output) {
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
    Ok((said, reasons))
}
