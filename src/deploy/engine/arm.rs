//! The timer that goes back when the engine does not come to its end, and what the garbage collector must leave.

use super::{Armed, Engine, Ready, Step, Stop};
use crate::host::{HostError, QUESTION};
use crate::state::Phase;
use std::path::Path;
use std::time::Duration;

/// The timer, and the service that it starts.
const UNIT: &str = "cfgcheck-rollback";
/// The folder of what the garbage collector must leave.
const ROOTS: &str = "/nix/var/nix/gcroots/cfgcheck";

impl Engine<'_> {
    /// Sets the timer.
    pub(super) fn arm(&mut self, _: Ready) -> Step<Armed> {
        self.enter(Phase::Arming)?;
        let limit = self.deployment.order.limits.all();
        self.set_timer(limit)?;
        Ok(Armed(()))
    }

    pub(super) fn set_timer(&mut self, limit: Duration) -> Step<()> {
        self.disarm();
        let host = self.host;
        let (unit, after) = (format!("--unit={UNIT}"), format!("--on-active={}s", limit.as_secs()));
        let argv = [
            "systemd-run",
            "--quiet",
            "--no-ask-password",
            &unit,
            "--description=cfgcheck goes back unless it is told otherwise",
            &after,
            "--timer-property=AccuracySec=1s",
            "--property=SuccessExitStatus=4 5 6 7",
            &host.program(),
            "engine",
            "roll-back",
            "--because=its time was up",
        ];
        host.succeed(&argv, QUESTION)?;
        let timer = format!("{UNIT}.timer");
        // What goes back has to be there before anything else is done.
        if host
            .run(&["systemctl", "is-active", "--quiet", &timer], QUESTION)?
            .code()
            != Some(0)
        {
            return Err(Stop::Refused(vec![format!(
                "the timer that goes back cannot be set ({timer})"
            )]));
        }
        Ok(())
    }

    /// Takes the timer away. One that is left finds a deployment that has ended, and does nothing.
    pub(super) fn disarm(&mut self) {
        let timer = format!("{UNIT}.timer");
        let stopped = self.host.run(&["systemctl", "stop", &timer], QUESTION);
        if let Err(error) = stopped {
            self.note(format!("the timer that goes back is left: {error}"));
        }
    }

    /// Keeps what was before, and this program, from the garbage collector.
    pub(super) fn hold(&mut self) -> Step<()> {
        let fs = self.host.fs;
        fs.remove_dir_all(Path::new(ROOTS))?;
        fs.create_dir_all(Path::new(ROOTS))?;
        let before = self.deployment.recorded.as_ref();
        let mut held = vec![
            ("program", self.host.program()),
            ("new", self.deployment.order.system.clone()),
        ];
        held.extend(before.map(|before| ("before", before.current.clone())));
        held.extend(before.and_then(|before| Some(("default", before.default.clone()?))));
        for (name, path) in held {
            if path.starts_with(store::STORE_DIR) {
                fs.symlink(Path::new(&path), &Path::new(ROOTS).join(name))?;
            }
        }
        Ok(())
    }

    /// Lets the garbage collector have what is not needed any more.
    pub(super) fn let_go(&self) -> Result<(), HostError> {
        Ok(self.host.fs.remove_dir_all(Path::new(ROOTS))?)
    }
}
