//! The way back of a home.

use super::{Engine, Step};
use crate::host::{self, Files, Home, Observed, Place, Profile, ProfileError, QUESTION};
use sys::Fs;

impl Engine<'_> {
    /// Restores the home and its profiles; returns what could not be.
    pub(super) fn restore_home(&mut self, before: &Observed, home: &Home) -> Step<Vec<String>> {
        let host = self.host;
        let new = self.deployment.order.system.clone();
        if self.deployment.activated {
            match &before.current {
                Some(old) => {
                    // However far its activation came: from the new generation, home-manager finds the way to the old one.
                    home.take_for(host.fs, Some(&new))?;
                    self.activate_again(old)?;
                    self.forget_failures(&new, old)?;
                }
                None => self.leave(home, &new)?,
            }
        }
        // Afterwards, as generations of older forms set the profile when they are activated.
        let mut made = vec![new.as_str()];
        made.extend(before.current.as_deref());
        let profile = home.profile(host.fs)?;
        let mut restored = vec![restore(host.fs, &profile, before.profile.as_ref(), Some(&made))];
        if let Some(programs) = home.programs(host.fs)? {
            restored.push(restore(host.fs, &programs, before.programs.as_ref(), None));
        }
        self.start_again()?;
        let faults = restored.into_iter().filter_map(Result::err);
        Ok(faults.map(|error| error.to_string()).collect())
    }

    /// Has the service manager forget that units have failed which only the new generation has: nobody else clears that.
    fn forget_failures(&self, new: &str, old: &str) -> Step<()> {
        let host = self.host;
        let kept = Files::of(&host, old)?.units(&host)?;
        for unit in Files::of(&host, new)?.units(&host)?.keys() {
            if !kept.contains_key(unit) {
                // One that has not failed, or is not known any more, has nothing to forget.
                host.run(&host.of_manager("systemctl", &["reset-failed", "--", unit]), QUESTION)?;
            }
        }
        Ok(())
    }

    /// Takes away what a generation has brought to a home that had none.
    fn leave(&mut self, home: &Home, new: &str) -> Step<()> {
        let host = self.host;
        let files = Files::of(&host, new)?;
        for unit in files.units(&host)?.keys() {
            for verb in ["stop", "reset-failed"] {
                // Not all of them run, and the service manager does not know all of them.
                host.run(&host.of_manager("systemctl", &[verb, "--", unit]), QUESTION)?;
            }
        }
        files.unlink(&host, home)?;
        host.succeed(&host.of_manager("systemctl", &["daemon-reload"]), QUESTION)?;
        home.take_for(host.fs, None)?;
        Ok(())
    }

    /// Returns in what the files of a home differ from what was before.
    pub(super) fn home_differences(&self, before: &Observed, home: &Home) -> Step<Vec<String>> {
        let host = self.host;
        let old = before.current.as_deref().map(|old| Files::of(&host, old)).transpose()?;
        let new = Files::of(&host, &self.deployment.order.system)?;
        let missing = match &old {
            Some(old) => old.missing(&host, home)?,
            None => Vec::new(),
        };
        let left = new.left(&host, home, old.as_ref())?;
        let mut faults = Vec::new();
        for (what, paths) in [("is not what it was", missing), ("is left", left)] {
            if !paths.is_empty() {
                faults.push(format!("{} {what}", host::shown(&paths)));
            }
        }
        Ok(faults)
    }
}

/// Makes a profile what it was.
fn restore(fs: &dyn Fs, place: &Place, before: Option<&Profile>, made: Option<&[&str]>) -> Result<(), ProfileError> {
    if place.read(fs)?.as_ref() == before {
        return Ok(());
    }
    match before {
        Some(before) => place.restore(fs, before, made),
        None => place.remove(fs, made),
    }
}
