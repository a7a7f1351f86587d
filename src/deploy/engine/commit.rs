//! The new system becomes what boots.

use super::{Committed, Confirmed, Engine, Ready, Step, Stop};
use crate::host::{Observed, Place, QUESTION, Realm};
use crate::state::Phase;
use std::time::Duration;

impl Engine<'_> {
    /// Makes what runs what boots.
    pub(super) fn commit(&mut self, _: Confirmed) -> Step<Committed> {
        self.install()?;
        Ok(Committed(()))
    }

    /// Makes what was not activated what boots.
    pub(super) fn stage(&mut self, _: Ready) -> Step<()> {
        self.install()
    }

    fn install(&mut self) -> Step<()> {
        let host = self.host;
        let system = self.deployment.order.system.clone();
        self.deployment.committed = true;
        self.enter(Phase::Committing)?;
        let limit = Duration::from_secs(self.deployment.order.limits.boot_loader);
        match host.realm {
            Realm::System => {
                Place::of_system().set(host.fs, &system)?;
                self.enter(Phase::Installing)?;
                let ran = host.run(&[&format!("{system}/bin/switch-to-configuration"), "boot"], limit)?;
                if ran.code() != Some(0) {
                    return Err(Stop::Back(format!(
                        "the boot loader cannot be installed ({}): {}",
                        ran.ended(),
                        ran.last_line()
                    )));
                }
            }
            Realm::Home(home) => {
                // By Nix, as only that can keep a generation in a user's folder from the garbage collector.
                let profile = home.profile(host.fs)?.path();
                host.fs.create_dir_all(&home.profiles())?;
                let profile = profile.to_string_lossy();
                host.succeed(&["nix-env", "--profile", &profile, "--set", &system], limit)?;
            }
        }
        host.succeed(&["sync"], QUESTION.max(limit))?;
        // What it was told is not what it does: a full partition has been taken for a success before.
        let now = Observed::of(&host)?;
        if host.home().is_none() && now.default.as_deref() != Some(&system) {
            let default = now.default.as_deref().unwrap_or("nothing that can be read");
            return Err(Stop::Back(format!(
                "the boot loader was installed, and would boot {default}"
            )));
        }
        if now.profile.as_ref().is_none_or(|profile| profile.system != system) {
            let what = host.what();
            return Err(Stop::Back(format!("the profile leads to another {what} than was set")));
        }
        Ok(())
    }
}
