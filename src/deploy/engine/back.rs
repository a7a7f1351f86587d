//! Back to exactly what was recorded: without the network, without evaluation, and looked at afterwards.

use super::{Engine, Step, Stop};
use crate::host::{self, HostError, Observed, Place, Profile, QUESTION, Realm, Reboot};
use crate::state::{Deployment, Outcome, Phase};
use activation::units::{self, Detail};
use std::time::Duration;

/// How long a machine that was taken back may take until its units run as before.
const SETTLE: Duration = Duration::from_secs(180);

impl Engine<'_> {
    /// Brings back what was before, by a reboot if nothing else helps.
    pub(super) fn back(&mut self, why: &str) -> Step<()> {
        // The first reason is the one to tell: those that follow are of the way back.
        let why = self.deployment.why.get_or_insert_with(|| why.to_owned()).clone();
        self.enter(Phase::RollingBack)?;
        self.tell(&why);
        let Some(before) = self.deployment.recorded.clone() else {
            self.disarm();
            self.end(Outcome::RolledBack(why))?;
            return Ok(());
        };
        let mut step = self.restore(&before);
        if matches!(&step, Ok(faults) if faults.is_empty()) {
            step = self.differences(&before, before.current.as_deref());
        }
        let faults = match step {
            Ok(faults) if faults.is_empty() => return self.is_back(why),
            Ok(faults) => faults,
            // A machine that does not answer may do so after a reboot.
            Err(Stop::Broken(error)) => vec![error.to_string()],
            Err(stop) => return Err(stop),
        };
        let now = Observed::of(&self.host)?;
        // A home comes back by no reboot.
        if before.default.is_none() || now.default != before.default {
            return self.is_not_back(&why, &faults);
        }
        self.note(format!(
            "the way back is not enough, so that the machine reboots: {}",
            faults.join("; ")
        ));
        self.reboot_back()
    }

    pub(super) fn reboot_back(&mut self) -> Step<()> {
        self.enter(Phase::RebootingBack)?;
        self.go_down()
    }

    /// Looks at a machine that has rebooted into what was before.
    pub(super) fn after_reboot_back(&mut self) -> Step<()> {
        let why = self.deployment.why.clone().unwrap_or_default();
        let Some(before) = self.deployment.recorded.clone() else {
            self.end(Outcome::RolledBack(why))?;
            return Ok(());
        };
        // What runs after a boot is what boots, whatever ran before.
        let expected = before.default.as_deref().or(before.current.as_deref());
        let faults = self.differences(&before, expected)?;
        if faults.is_empty() {
            self.is_back(why)
        } else {
            self.is_not_back(&why, &faults)
        }
    }

    fn is_back(&mut self, why: String) -> Step<()> {
        self.disarm();
        self.end(Outcome::RolledBack(why))?;
        Ok(())
    }

    fn is_not_back(&mut self, why: &str, faults: &[String]) -> Step<()> {
        self.disarm();
        let why = format!("{why}; and what was before is not back: {}", faults.join("; "));
        self.end(Outcome::RollbackFailed(why))?;
        Ok(())
    }

    /// Restores what was before; returns what could not be.
    fn restore(&mut self, before: &Observed) -> Step<Vec<String>> {
        match self.host.realm {
            Realm::System => self.restore_system(before),
            Realm::Home(home) => self.restore_home(before, home),
        }
    }

    /// Restores what runs, the profile and what boots; returns what could not be.
    fn restore_system(&mut self, before: &Observed) -> Step<Vec<String>> {
        let host = self.host;
        let limits = self.deployment.order.limits;
        let mut faults = Vec::new();
        // First what boots: from then on, a machine that goes down comes up with it.
        if let Some(profile) = &before.profile
            && Observed::of(&host)?.profile.as_ref() != Some(profile)
            && let Err(error) = Place::of_system().restore(host.fs, profile, Some(&[&self.deployment.order.system]))
        {
            faults.push(error.to_string());
        }
        if self.deployment.committed
            && let Some(default) = &before.default
        {
            let program = format!("{default}/bin/switch-to-configuration");
            let ran = host.run(&[&program, "boot"], Duration::from_secs(limits.boot_loader))?;
            let synced = host.run(&["sync"], QUESTION)?;
            if ran.code() != Some(0) || synced.code() != Some(0) {
                self.note(format!(
                    "the boot loader's files were restored with a fault ({}): {}",
                    ran.ended(),
                    ran.last_line()
                ));
            }
        }
        let now = Observed::of(&host)?;
        let same_boot = now.boot_id == before.boot_id;
        let (Some(booted), Some(old)) = (&now.booted, &before.current) else {
            return Err(HostError::Unknown("the machine does not tell which system it runs".into()).into());
        };
        let (need, differs) = host::reboot_needs(&host, booted, old)?;
        if !same_boot && need != Reboot::NotNeeded {
            faults.push(format!(
                "the machine has booted the {} of another system",
                differs.join(" and the ")
            ));
            return Ok(faults);
        }
        if now.current != before.current || (self.deployment.activated && same_boot) {
            self.activate_again(old)?;
        }
        self.start_again()?;
        Ok(faults)
    }

    /// Activates what was before. What comes of it is found by looking at it.
    pub(super) fn activate_again(&mut self, old: &str) -> Result<(), HostError> {
        let limit = Duration::from_secs(self.deployment.order.limits.activation);
        let ran = self.host.run(&self.host.activation(old), limit)?;
        if ran.code() != Some(0) {
            self.note(format!(
                "the way back ends with a fault ({}): {}",
                ran.ended(),
                ran.last_line()
            ));
        }
        Ok(())
    }

    /// Starts units that ran before and do not run now, such as those that an interrupted switch had stopped.
    pub(super) fn start_again(&mut self) -> Result<(), HostError> {
        let host = self.host;
        let before = Deployment::units_before(&host)?;
        let now = host.settled_units(Detail::All, SETTLE)?;
        let missing = units::not_back(&before, &now);
        for trouble in missing.iter().filter(|trouble| !trouble.restarting) {
            let unit = trouble.unit.as_str();
            let _ = host.run(&host.of_manager("systemctl", &["reset-failed", unit]), QUESTION)?;
            let start = host.of_manager("systemctl", &["start", "--no-block", "--", unit]);
            let ran = host.run(&start, QUESTION)?;
            if ran.code() != Some(0) {
                self.note(format!("{} does not start: {}", trouble.unit, ran.last_line()));
            }
        }
        Ok(())
    }

    /// Returns in what a machine differs from what was before, once it has come to rest.
    fn differences(&mut self, before: &Observed, current: Option<&str>) -> Step<Vec<String>> {
        let host = self.host;
        let now = Observed::of(&host)?;
        let mut faults = Vec::new();
        let mut same = |what: &str, now: Option<&str>, before: Option<&str>| {
            if now != before {
                let shown = |path: Option<&str>| path.unwrap_or("nothing").to_owned();
                faults.push(format!("{what} is {} and was {}", shown(now), shown(before)));
            }
        };
        same(&format!("the current {}", host.what()), now.current.as_deref(), current);
        same("what boots", now.default.as_deref(), before.default.as_deref());
        let leads = |profile: &Option<Profile>| profile.as_ref().map(|profile| profile.system.clone());
        let profiles = [
            ("the profile", &now.profile, &before.profile),
            ("the profile of programs", &now.programs, &before.programs),
        ];
        for (what, now, before) in profiles {
            same(what, leads(now).as_deref(), leads(before).as_deref());
        }
        if let Realm::Home(home) = host.realm {
            faults.extend(self.home_differences(before, home)?);
        }
        let old = Deployment::units_before(&host)?;
        let deadline = host.clock.monotonic() + SETTLE;
        loop {
            let units = host.settled_units(Detail::All, SETTLE)?;
            let failed = units::newly_failed(&old, &units);
            let missing = units::not_back(&old, &units);
            let mut wrong: Vec<String> = failed
                .into_iter()
                .map(|trouble| format!("{} fails", trouble.unit))
                .collect();
            for trouble in missing {
                let fails = format!("{} fails", trouble.unit);
                if !wrong.contains(&fails) {
                    wrong.push(format!("{} does not run", trouble.unit));
                }
            }
            if wrong.is_empty() {
                return Ok(faults);
            }
            if host.clock.monotonic() >= deadline {
                faults.extend(wrong);
                return Ok(faults);
            }
            host.clock.sleep(Duration::from_secs(2));
        }
    }
}
