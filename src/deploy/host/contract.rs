//! What every NixOS system has at known places, which a deployment relies on.

use super::{Host, HostError};

/// Why a store path cannot be deployed as a system.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotToplevel {
    /// It is not in the store of the machine.
    #[error("{0} is not in the store of this machine")]
    Absent(String),
    /// It lacks what every NixOS system has.
    #[error("{system} is no NixOS system: it has no `{name}`")]
    Lacks {
        /// The path.
        system: String,
        /// What it lacks.
        name: &'static str,
    },
    /// It has no program that switches to it.
    #[error("{0} cannot be switched to: `system.switch.enable` is off")]
    NoSwitch(String),
    /// It is for another processor.
    #[error("{system} is for {its}, and this machine runs {ours}")]
    OtherSystem {
        /// The path.
        system: String,
        /// What it is for.
        its: String,
        /// What this machine runs.
        ours: String,
    },
    /// It is the system of another machine.
    #[error("{system} is the system of `{its}`, and this machine is `{ours}`")]
    OtherHost {
        /// The path.
        system: String,
        /// The name that it gives its machine.
        its: String,
        /// The name of this machine.
        ours: String,
    },
}

/// What every system has (`nixos-rebuild` refuses what has no `nixos-version`).
const HAS: [&str; 3] = ["nixos-version", "activate", "etc"];

/// What a machine runs of a system from its boot on, so that another one needs a reboot.
const BOOTED: [&str; 3] = ["kernel", "initrd", "kernel-modules"];

/// Returns why a path cannot be deployed here as a system, or `None` if it can. `current` is the system that runs.
pub fn is_toplevel(host: &Host<'_>, system: &str, current: &str) -> Result<Option<NotToplevel>, HostError> {
    if !host.has(system)? {
        return Ok(Some(NotToplevel::Absent(system.to_owned())));
    }
    for name in HAS {
        if !host.has(format!("{system}/{name}"))? {
            return Ok(Some(NotToplevel::Lacks {
                system: system.to_owned(),
                name,
            }));
        }
    }
    if !host.has(format!("{system}/bin/switch-to-configuration"))? {
        return Ok(Some(NotToplevel::NoSwitch(system.to_owned())));
    }
    let both = |name: &str| -> Result<_, HostError> { Ok((word(host, system, name)?, word(host, current, name)?)) };
    let (its, ours) = both("system")?;
    if let (Some(its), Some(ours)) = (its, ours)
        && its != ours
    {
        let system = system.to_owned();
        return Ok(Some(NotToplevel::OtherSystem { system, its, ours }));
    }
    // A machine whose name comes from elsewhere, such as DHCP, has no such file.
    let (its, ours) = both("etc/hostname")?;
    if let (Some(its), Some(ours)) = (its, ours)
        && its != ours
    {
        let system = system.to_owned();
        return Ok(Some(NotToplevel::OtherHost { system, its, ours }));
    }
    Ok(None)
}

fn word(host: &Host<'_>, system: &str, name: &str) -> Result<Option<String>, HostError> {
    let path = format!("{system}/{name}");
    if host.has(&path)? {
        Ok(Some(host.text(path)?))
    } else {
        Ok(None)
    }
}

/// Why a change comes about only by a reboot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reboot {
    /// Not at all: all that has changed is there after the switch.
    NotNeeded,
    /// What the machine has booted differs, such as its kernel: the switch works, and the rest comes with the next boot.
    Later,
    /// The interface of init differs: the switch would be refused.
    First,
}

/// Returns whether a change needs a reboot, and the names of what differs.
pub fn reboot_needs(host: &Host<'_>, booted: &str, system: &str) -> Result<(Reboot, Vec<String>), HostError> {
    let mut differs = Vec::new();
    for name in BOOTED {
        let (old, new) = (target(host, booted, name)?, target(host, system, name)?);
        if old != new {
            differs.push(name.to_owned());
        }
    }
    let interface = "init-interface-version";
    if word(host, booted, interface)? != word(host, system, interface)? {
        differs.push(interface.to_owned());
        return Ok((Reboot::First, differs));
    }
    let need = if differs.is_empty() {
        Reboot::NotNeeded
    } else {
        Reboot::Later
    };
    Ok((need, differs))
}

fn target(host: &Host<'_>, system: &str, name: &str) -> Result<Option<String>, HostError> {
    let path = format!("{system}/{name}");
    if host.has(&path)? {
        Ok(Some(super::link(host, &path)?))
    } else {
        Ok(None)
    }
}
