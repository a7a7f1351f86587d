//! How the first start of a machine is spared: by going on from a moment that an earlier run has kept.

use super::boot::broken;
use super::{Live, Moment, told};
use crate::accel::Accel;
use crate::guest::{Call, GuestError};
use crate::machine::{Facts, Key, MOMENT, Medium, Spec};
use crate::turns::Turn;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::FsError;

/// What tells which processor this machine has.
const PROCESSORS: &str = "/proc/cpuinfo";

impl<'h> Live<'h> {
    /// Returns the key of the moment after this start; `None` if it is not a first one, or nobody wants moments.
    pub(super) fn moment_before(&self, spec: &Spec) -> Result<Option<Key>, GuestError> {
        let wanted = self.setup.moments.as_ref();
        let Some((_, disks)) = wanted.filter(|_| self.fresh && spec.has_snapshots()) else {
            return Ok(None);
        };
        let mut facts = Facts::new();
        facts.add("disks", disks);
        facts.add_day(self.host.clock.unix_time());
        // Another QEMU may not understand what this one keeps.
        let version = self.host.version(spec.processor).map_err(told)?;
        facts.add("qemu", version.as_bytes());
        if spec.accel == Accel::Kvm {
            // The guest has seen what this machine's own processor can do.
            let text = self.host.fs.read(Path::new(PROCESSORS)).map_err(broken)?;
            let text = String::from_utf8_lossy(&text);
            let lines = text
                .lines()
                .filter(|line| line.starts_with("model name") || line.starts_with("flags"));
            let one: Vec<_> = lines.take(2).collect();
            facts.add("processor", one.join("\n").as_bytes());
        }
        facts.add_machine(spec, self.host.fs).map_err(broken)?;
        Ok(Some(facts.key()))
    }

    /// Returns the turn at a moment, and how long this machine has waited for it.
    pub(super) fn turn(&mut self, key: Option<&Key>) -> (Option<Turn<'h>>, Duration) {
        let (Some(key), Some((moments, _))) = (key, &self.setup.moments) else {
            return (None, Duration::ZERO);
        };
        let asked = self.host.clock.monotonic();
        let turn = moments.turn(key);
        let waited = self.host.clock.monotonic().saturating_sub(asked);
        self.waited += waited;
        (Some(turn), waited)
    }

    /// Goes on from a moment, and returns whether there was one that could be used.
    pub(super) fn restored(&mut self, key: &Key, spec: &Spec, deadline: Duration) -> Result<bool, GuestError> {
        let Some((moments, _)) = self.setup.moments else {
            return Ok(false);
        };
        if !moments.has(key).map_err(broken)? {
            return Ok(false);
        }
        // What is kept may be broken; then the machine starts from its own disks as ever.
        let own = self.copies(spec).map_err(broken)?;
        let Some(console) = moments.restore(key, spec).map_err(broken)? else {
            return Ok(false);
        };
        // As if it had come up in this run.
        self.console.feed(&console);
        let went_on = self.power_on(spec, Some(MOMENT)).and_then(|()| self.come_up(deadline));
        match went_on {
            Ok(()) => self.moment = Moment::Restored,
            Err(error) if sys::interrupted() => return Err(error),
            Err(_) => {
                self.running = None;
                moments.forget(key).map_err(broken)?;
                for (disk, copy) in &own {
                    self.host.fs.copy(copy, disk).map_err(broken)?;
                }
            }
        }
        for (_, copy) in own {
            self.host.fs.remove_file(&copy).map_err(broken)?;
        }
        Ok(self.moment == Moment::Restored)
    }

    /// Copies the overlays of a machine that has not started yet, which are small, and returns each with its copy.
    fn copies(&self, spec: &Spec) -> Result<Vec<(PathBuf, PathBuf)>, FsError> {
        let mut copies = Vec::new();
        for (number, drive) in spec.drives.iter().enumerate() {
            if let Medium::Overlay { file, .. } = &drive.medium {
                let copy = self.host.run.path().join(format!("{}-own-{number}", self.setup.name));
                self.host.fs.copy(file, &copy)?;
                copies.push((file.clone(), copy));
            }
        }
        Ok(copies)
    }

    /// Keeps the moment in which the system has done all that it was started for, whatever came of it.
    pub(super) fn keep(&mut self, key: &Key, spec: &Spec, deadline: Duration) -> Result<(), GuestError> {
        let left = deadline.saturating_sub(self.host.clock.monotonic());
        let call = Call::new(["systemctl", "is-system-running", "--wait"]);
        let settled = self.ask_unscaled(left, |line, wait| line.run(&call, wait, &mut |_| {}));
        match settled {
            Ok(_) | Err(GuestError::Refused { .. }) => {}
            // A system that never settles has no moment worth keeping, and is a matter for whoever tests it.
            Err(GuestError::TimedOut { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        let (Some((moments, _)), Some(up)) = (&self.setup.moments, &mut self.running) else {
            return Ok(());
        };
        up.machine.save_still(MOMENT).map_err(told)?;
        let kept = moments.keep(key, spec, &self.console.text()).map_err(broken);
        up.machine.go_on().map_err(told)?;
        kept?;
        self.moment = Moment::Kept;
        Ok(())
    }
}
