//! Switching: asking what it would do, doing it, and going back.

use std::time::Duration;

use diag::Severity;

use super::interrupt::signal;
use super::session::{After, Done, Session, Stop};
use super::words;
use crate::finding::{Blame, Found};
use crate::guest::{Call, Ended, GuestError};
use crate::scenario::{DryActivate, Rollback, SwitchAction, SwitchTo, UnitName, Which, limit};
use activation::{Exit, Said};

/// Runs a program in a process group of its own, so that it goes on when the call has taken too long, and can be looked
/// at.
const APART: &str = "set -m; \"$@\" </dev/null & wait $!";

/// Makes a toplevel the newest generation of the profile. Without Nix, or where Nix does not know the path, the links
/// are made as Nix makes them.
const SET_PROFILE: &str = r#"profile=/nix/var/nix/profiles/system
if command -v nix-env >/dev/null && nix-env --option substitute false --profile "$profile" --set "$1"; then exit 0; fi
number=1
while [ -L "$profile-$number-link" ]; do number=$((number + 1)); done
ln -s "$1" "$profile-$number-link" && ln -s "system-$number-link" "$profile.new" && mv -T "$profile.new" "$profile""#;

/// How long setting the profile may take.
const PROFILE: Duration = Duration::from_secs(30);

/// The hint for what only a restart can do.
pub(super) const BY_REBOOT: &str = "make it the default and reboot: `nixos-rebuild boot`";

impl Session<'_> {
    /// Asks what a switch would do.
    pub(super) fn dry_activate(&mut self, dry: &DryActivate) -> Done {
        let toplevel = self.generation(dry.generation).toplevel.to_path();
        let call = Call::new([&*program(&toplevel), "dry-activate"]);
        let ended = match self.call(&call, self.play.settings.limits.switch) {
            Ok(ended) => ended,
            Err(error) => return Err(self.broken(error)),
        };
        self.shelf.bytes("dry-activate.txt", "text/plain", &ended.output);
        let said = Said::read(&ended.output);
        if ended.code != 0 {
            return self.judge(&ended, &said, SwitchAction::Test);
        }
        for (name, units) in [
            ("restarts", said.all_restarts()),
            ("stops", said.all_stops()),
            ("reloads", said.reloads.iter().map(String::as_str).collect()),
            ("keeps", said.skips.iter().map(String::as_str).collect()),
        ] {
            if !units.is_empty() {
                self.properties.insert(name.to_owned(), words::names(units));
            }
        }
        self.weigh_switch(&said);
        let lists = [
            ("restart", &dry.restarts, said.all_restarts()),
            ("stop", &dry.stops, said.all_stops()),
            (
                "reload",
                &dry.reloads,
                said.reloads.iter().map(String::as_str).collect(),
            ),
            (
                "leave as they are",
                &dry.skips,
                said.skips.iter().map(String::as_str).collect(),
            ),
        ];
        for (verb, expected, planned) in lists {
            if let Some(expected) = expected {
                self.same_units(verb, expected, &planned)?;
            }
        }
        Ok(())
    }

    fn same_units(&self, verb: &str, expected: &[UnitName], planned: &[&str]) -> Done {
        let expected: Vec<&str> = expected.iter().map(UnitName::as_str).collect();
        let more = planned.iter().copied().filter(|unit| !expected.contains(unit));
        let less = expected.iter().copied().filter(|unit| !planned.contains(unit));
        let (more, less) = (words::names(more), words::names(less));
        let message = match (more.is_empty(), less.is_empty()) {
            (true, true) => return Ok(()),
            (false, _) => format!("the switch would {verb} {more}, which is not expected"),
            (true, false) => format!("the switch would not {verb} {less}, which is expected"),
        };
        Err(self.failed(message, None))
    }

    /// Switches to another generation, or to each of its specialisations.
    pub(super) fn switch_to(&mut self, switch: &SwitchTo) -> Done {
        let generation = self.generation(switch.generation);
        let toplevel = generation.toplevel.to_path();
        let Some(wanted) = &switch.specialisation else {
            return self.switch(switch, &toplevel, None);
        };
        let known = &generation.specialisations;
        if wanted == "*" {
            return known
                .iter()
                .try_for_each(|name| self.switch(switch, &format!("{toplevel}/specialisation/{name}"), Some(name)));
        }
        if !known.contains(wanted) {
            let which = words::name(switch.generation);
            let near = yaml::nearest(wanted, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            return Err(self.failed(format!("the {which} has no specialisation `{wanted}`"), hint));
        }
        self.switch(switch, &format!("{toplevel}/specialisation/{wanted}"), Some(wanted))
    }

    fn switch(&mut self, switch: &SwitchTo, toplevel: &str, special: Option<&str>) -> Done {
        self.touched |= switch.generation == Which::Head;
        self.specialisation = special.map(str::to_owned);
        let activates = switch.action != SwitchAction::Boot;
        if switch.action != SwitchAction::Test {
            self.set_profile(&self.generation(switch.generation).toplevel.to_path())?;
        }
        if activates && self.running == Some(Which::Base) && switch.generation == Which::Head {
            self.compare_fstab()?;
        }
        let verb = words::verb(switch.action);
        let name = special.map_or(String::new(), |name| format!("-{name}"));
        let name = format!("{verb}-{}{name}.txt", words::name(switch.generation));
        if let Some(after) = switch.power_loss_after {
            return self.power_fails(toplevel, verb, &name, after.0);
        }
        let ended = match self.call(
            &apart(toplevel, verb),
            limit(switch.within, self.play.settings.limits.switch),
        ) {
            Ok(ended) => ended,
            Err(GuestError::TimedOut { .. }) => return self.switch_hangs(toplevel),
            Err(error) => return Err(self.broken(error)),
        };
        self.settled = Some(self.guest.now());
        self.shelf.bytes(&name, "text/plain", &ended.output);
        let said = Said::read(&ended.output);
        let exit = Exit::of(ended.code);
        if activates && exit.has_switched() {
            self.running = special.is_none().then_some(switch.generation);
            self.after = After::Switch(ended.code);
        }
        let is_killed = activates && signal(ended.code).is_some();
        if is_killed {
            // How far it has come is not known.
            (self.running, self.after) = (None, After::Switch(ended.code));
        }
        if switch.action != SwitchAction::Test {
            // The boot loader comes before the rest; only what is refused has not got as far.
            match exit {
                Exit::Refused | Exit::Locked | Exit::Other(_) => self.default_failed = true,
                _ => (self.default, self.default_failed) = (Some(switch.generation), false),
            }
        }
        match switch.exit {
            Some(wanted) if i32::from(wanted) != ended.code => {
                let message = format!(
                    "switch-to-configuration exits {}, and {wanted} was expected",
                    ended.code
                );
                return Err(self.failed(message, said.last));
            }
            Some(_) => return Ok(()),
            None => self.judge(&ended, &said, switch.action)?,
        }
        if activates && exit.has_switched() {
            self.weigh_switch(&said);
            if switch.generation == Which::Head {
                self.tell_reboot_needed();
            }
            self.compare_now()?;
        }
        if is_killed {
            self.compare_now()?;
        }
        Ok(())
    }

    fn set_profile(&mut self, toplevel: &str) -> Done {
        let call = Call::new(["bash", "-c", SET_PROFILE, "bash", toplevel]);
        let ended = match self.call(&call, PROFILE) {
            Ok(ended) => ended,
            Err(error) => return Err(self.broken(error)),
        };
        match ended.code {
            0 => Ok(()),
            _ => {
                let why = words::last_line(&ended.output).unwrap_or_default();
                Err(self.unjudged(&format!("the profile of the system cannot be set: {why}")))
            }
        }
    }

    /// Tells what is wrong with a switch by how it ended. Units that have failed are found by comparing them.
    pub(super) fn judge(&mut self, ended: &Ended, said: &Said, action: SwitchAction) -> Done {
        let code = ended.code;
        let exits = format!("(switch-to-configuration exits {code})");
        for name in &said.snippets {
            let message = format!("the activation script `{name}` fails {exits}");
            let hint = "let it succeed also when there is nothing to do: it runs at each boot and at each switch";
            self.tell(
                "activation-failed",
                Severity::Error,
                message,
                Blame::ActivationScript(name.clone()),
                hint,
            );
        }
        match Exit::of(code) {
            Exit::Done => {}
            Exit::Refused if !said.inhibitors.is_empty() => {
                for name in &said.inhibitors {
                    let message = format!("the switch is inhibited by `{name}` {exits}");
                    self.tell(
                        "switch-inhibited",
                        Severity::Warning,
                        message,
                        Blame::Inhibitor(name.clone()),
                        BY_REBOOT,
                    );
                }
            }
            Exit::Refused => self.refused(said, &exits),
            Exit::ActivationFailed if !said.snippets.is_empty() => {}
            Exit::ActivationFailed => {
                let message = format!("the activation fails {exits}");
                self.tell("activation-failed", Severity::Error, message, Blame::Host, &last(said));
            }
            // What has failed is found by comparing units, and what had failed before is not to blame on the change.
            Exit::UnitFailed => {}
            Exit::Locked => self.switch_locked(&exits)?,
            Exit::RebootNeeded => {
                let message = format!("the interface version of init changes: the switch is refused {exits}");
                self.tell("reboot-needed", Severity::Warning, message, Blame::Systemd, BY_REBOOT);
            }
            Exit::ReloadFailed | Exit::Other(_) => {
                let verb = words::verb(action);
                if let Some(signal) = signal(code) {
                    return self.switch_killed(verb, signal);
                }
                let message = format!("`switch-to-configuration {verb}` fails {exits}");
                self.tell("switch-failed", Severity::Error, message, Blame::Host, &last(said));
            }
        }
        Ok(())
    }

    /// Tells why a switch did not begin.
    fn refused(&mut self, said: &Said, exits: &str) {
        if let Some(check) = &said.check {
            let message = format!("the check `{}` fails before the switch {exits}", check.name);
            let blame = Blame::PreSwitchCheck(check.name.clone());
            let hint = check.said.as_ref().map(|said| format!("it says: {said}"));
            self.tell(
                "pre-switch-check-failed",
                Severity::Error,
                message,
                blame,
                &hint.unwrap_or_default(),
            );
        } else if said.boot_loader_failed && said.full.is_some() {
            self.boot_partition_full(said.full.as_deref().unwrap_or_default());
        } else if said.boot_loader_failed {
            let message = format!("the boot loader cannot be installed {exits}");
            self.tell(
                "boot-loader-failed",
                Severity::Error,
                message,
                Blame::BootLoader,
                &last(said),
            );
        } else {
            let message = format!("the switch is refused {exits}");
            self.tell("switch-failed", Severity::Error, message, Blame::Host, &last(said));
        }
    }

    fn boot_partition_full(&mut self, file: &str) {
        let folder = file.rsplit_once('/').map_or("/boot", |(folder, _)| folder);
        let folder = if folder.is_empty() { "/boot" } else { folder };
        let call = Call::new(["findmnt", "--noheadings", "--output", "TARGET", "--target", folder]);
        let mount = self.ask_anyway(&call).and_then(|output| words::last_line(&output));
        // A folder of the root disk is no partition, but it is what has no room.
        let mount = mount
            .filter(|mount| mount.starts_with('/') && mount != "/")
            .unwrap_or_else(|| "/boot".into());
        let message = format!("the boot loader cannot be installed: no space is left on {mount}");
        let option = self.boot_loader().map_or(String::new(), |name| {
            format!(", or keep fewer generations: `boot.loader.{name}.configurationLimit`")
        });
        let hint = format!("make the partition larger{option}");
        self.tell(
            "boot-partition-full",
            Severity::Error,
            message,
            Blame::FileSystem(mount),
            &hint,
        );
    }

    /// Returns the name under `boot.loader` of the boot loader of the head, by the program that installs it.
    fn boot_loader(&mut self) -> Option<&'static str> {
        const NAMES: [(&str, &str); 3] = [
            ("systemd-boot", "systemd-boot"),
            ("install-grub", "grub"),
            ("extlinux", "generic-extlinux-compatible"),
        ];
        let file = program(&self.play.head.toplevel.to_path());
        let bytes = self.guest.read(&file, 1 << 20).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        NAMES
            .iter()
            .find(|(mark, _)| text.contains(mark))
            .map(|(_, name)| *name)
    }

    /// Goes back to the generation that ran before.
    pub(super) fn rollback(&mut self, rollback: &Rollback) -> Done {
        if self.running == Some(Which::Base) {
            // The switch did not begin, so that there is nothing to go back from.
            return Ok(());
        }
        self.tell_left_behind()?;
        self.specialisation = None;
        let toplevel = self.play.base.toplevel.to_path();
        let call = apart(&toplevel, "test");
        let ended = match self.call(&call, limit(rollback.within, self.play.settings.limits.switch)) {
            Ok(ended) => ended,
            Err(GuestError::TimedOut { .. }) => {
                let jobs = self.jobs();
                let unit = jobs.into_iter().find(|job| job.runs).map(|job| job.unit);
                let message = match &unit {
                    Some(unit) => format!("the rollback still waits for {unit} when its time is up"),
                    None => "the rollback still runs when its time is up".to_owned(),
                };
                let blame = unit.map_or(Blame::Host, Blame::Unit);
                return Err(Stop::Failed(Box::new(self.finding(
                    "rollback-failed",
                    Severity::Error,
                    message,
                    blame,
                ))));
            }
            Err(error) => return Err(self.broken(error)),
        };
        self.settled = Some(self.guest.now());
        self.shelf.bytes("rollback.txt", "text/plain", &ended.output);
        let said = Said::read(&ended.output);
        let exit = Exit::of(ended.code);
        if !matches!(exit, Exit::Done | Exit::UnitFailed) {
            let message = match said.snippets.first() {
                Some(name) => format!(
                    "the activation script `{name}` fails in the rollback (switch-to-configuration exits {})",
                    ended.code
                ),
                None => format!("the rollback fails (switch-to-configuration exits {})", ended.code),
            };
            let blame = said
                .snippets
                .first()
                .map_or(Blame::Host, |name| Blame::ActivationScript(name.clone()));
            self.tell("rollback-failed", Severity::Error, message, blame, &last(&said));
        }
        if !exit.has_switched() {
            return Ok(());
        }
        self.running = Some(Which::Base);
        self.after = After::Rollback;
        let current = self.link("/run/current-system")?;
        if current != toplevel {
            let message = "after the rollback another system is the current one".to_owned();
            self.tell(
                "rollback-failed",
                Severity::Error,
                message,
                Blame::Host,
                &format!("it is {current}"),
            );
        }
        self.compare_now()
    }

    /// Adds a finding of this step; an empty hint is none.
    pub(super) fn tell(&mut self, rule: &'static str, severity: Severity, message: String, blame: Blame, hint: &str) {
        let found = self.finding(rule, severity, message, blame);
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.add(Found { hint, ..found });
    }
}

/// Returns the program that switches to a system.
pub(super) fn program(toplevel: &str) -> String {
    format!("{toplevel}/bin/switch-to-configuration")
}

fn apart(toplevel: &str, verb: &str) -> Call {
    Call::new(["bash", "-c", APART, "bash", &program(toplevel), verb])
}

fn last(said: &Said) -> String {
    said.last
        .as_ref()
        .map_or(String::new(), |line| format!("it says: {line}"))
}
