//! What differs between the units of two moments.

use super::{State, Unit, Units};

/// What a unit was like before the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// It ran, or had done its work.
    Active,
    /// It did not run.
    Inactive,
    /// The machine did not know it, as far as its service manager tells.
    Absent,
}

/// A unit that has a trouble that it did not have before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// Its name.
    pub unit: String,
    /// What it was like before.
    pub before: Before,
    /// Whether it is started again and again; else it has failed for good, or does not run.
    pub restarting: bool,
}

/// Restarts between two moments above which a unit that runs is one that fails again and again.
const MOST_RESTARTS: u32 = 2;

fn before(units: &Units, name: &str) -> Before {
    match units.0.get(name) {
        Some(unit) if unit.state == State::Active => Before::Active,
        Some(unit) if unit.loaded => Before::Inactive,
        _ => Before::Absent,
    }
}

/// Returns the units that have failed, or fail again and again, and did not so before.
pub fn newly_failed(old: &Units, now: &Units) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for (name, unit) in &now.0 {
        let was = old.0.get(name);
        // What is left of a unit that the configuration has no more is no fault of it.
        if was.is_some_and(Unit::is_failing) || !unit.loaded {
            continue;
        }
        // A counter that is lower belongs to a unit that was stopped in between.
        let more = unit.restarts.saturating_sub(was.map_or(0, |was| was.restarts));
        if unit.is_failing() || more > MOST_RESTARTS {
            troubles.push(Trouble {
                unit: name.clone(),
                before: before(old, name),
                restarting: unit.state != State::Failed,
            });
        }
    }
    troubles
}

/// What runs in the first boot of a machine only, and is no more after any other (systemd.special(7)).
const FIRST_BOOT: &str = "first-boot-complete.target";

/// Returns the units that ran before and do not run now, although something wants them; those that have failed now
/// included.
///
/// Services that end by themselves are left out, and so is what passes: scopes, devices, and whatever is started on
/// demand only.
pub fn not_back(old: &Units, now: &Units) -> Vec<Trouble> {
    let lasting = |name: &str, unit: &Unit| match name.rsplit('.').next() {
        Some("service") => unit.wanted && unit.sub_state == "running",
        Some("socket" | "timer" | "path" | "mount" | "swap" | "target") => unit.wanted,
        _ => false,
    };
    let mut troubles = Vec::new();
    for (name, was) in &old.0 {
        if was.state != State::Active || was.is_failing() || name == FIRST_BOOT {
            continue;
        }
        let is = now.0.get(name);
        let failed = is.is_some_and(Unit::is_failing);
        let runs = is.is_some_and(|unit| matches!(unit.state, State::Active | State::Activating));
        if failed || !runs && lasting(name, was) {
            troubles.push(Trouble {
                unit: name.clone(),
                before: Before::Active,
                restarting: is.is_some_and(Unit::is_restarting),
            });
        }
    }
    troubles
}

/// Returns the services that were started between two moments, whatever they do now.
pub fn started<'u>(old: &Units, now: &'u Units) -> Vec<&'u str> {
    let anew = |name: &String, unit: &Unit| {
        let was = old.0.get(name).map_or("", |was| was.invocation.as_str());
        name.ends_with(".service") && !unit.invocation.is_empty() && was != unit.invocation
    };
    now.0
        .iter()
        .filter(|(name, unit)| anew(name, unit))
        .map(|(name, _)| name.as_str())
        .collect()
}
