//! The timer that goes back when the engine does not come to its end, and what the garbage collector must leave.

use super::{Armed, Engine, Ready, Step, Stop};
use crate::host::{Host, HostError, QUESTION, Realm};
use crate::state::Phase;
use std::path::PathBuf;
use std::time::Duration;

/// The timer, and the service that it starts.
const UNIT: &str = "cfgcheck-rollback";

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
        let back = host.engine(&["roll-back", "--because=its time was up"]);
        let surroundings = host.surroundings();
        let mut args = vec![
            "--quiet",
            "--no-ask-password",
            &unit,
            "--description=cfgcheck goes back unless it is told otherwise",
            &after,
            "--timer-property=AccuracySec=1s",
            "--property=SuccessExitStatus=4 5 6 7",
        ];
        args.extend(surroundings.iter().chain(&back).map(String::as_str));
        host.succeed(&host.of_manager("systemd-run", &args), QUESTION)?;
        let timer = format!("{UNIT}.timer");
        // What goes back has to be there before anything else is done.
        let asked = host.of_manager("systemctl", &["is-active", "--quiet", &timer]);
        if host.run(&asked, QUESTION)?.code() != Some(0) {
            return Err(Stop::Refused(vec![format!(
                "the timer that goes back cannot be set ({timer})"
            )]));
        }
        Ok(())
    }

    /// Takes the timer away. One that is left finds a deployment that has ended, and does nothing.
    pub(super) fn disarm(&mut self) {
        let timer = format!("{UNIT}.timer");
        let host = self.host;
        let stopped = host.run(&host.of_manager("systemctl", &["stop", &timer]), QUESTION);
        if let Err(error) = stopped {
            self.note(format!("the timer that goes back is left: {error}"));
        }
    }

    /// Keeps what was before, and this program, from the garbage collector.
    pub(super) fn hold(&mut self) -> Step<()> {
        let host = self.host;
        let roots = roots(&host);
        host.fs.remove_dir_all(&roots)?;
        host.fs.create_dir_all(&roots)?;
        let before = self.deployment.recorded.as_ref();
        let mut held = vec![
            ("program", host.program()),
            ("new", self.deployment.order.system.clone()),
        ];
        held.extend(before.and_then(|before| Some(("before", before.current.clone()?))));
        held.extend(before.and_then(|before| Some(("default", before.default.clone()?))));
        for (name, path) in held {
            if !path.starts_with(store::STORE_DIR) {
                continue;
            }
            let root = roots.join(name);
            match host.realm {
                Realm::System => host.fs.symlink(path.as_ref(), &root)?,
                // Users have no folder that the collector looks into: Nix has to know of their links.
                Realm::Home(_) => {
                    let root = root.to_string_lossy();
                    host.succeed(&["nix-store", "--realise", &path, "--add-root", &root], QUESTION)?;
                }
            }
        }
        Ok(())
    }

    /// Lets the garbage collector have what is not needed any more.
    pub(super) fn let_go(&self) -> Result<(), HostError> {
        Ok(self.host.fs.remove_dir_all(&roots(&self.host))?)
    }
}

/// Returns the folder of what the garbage collector must leave.
fn roots(host: &Host<'_>) -> PathBuf {
    match host.realm {
        Realm::System => "/nix/var/nix/gcroots/cfgcheck".into(),
        Realm::Home(_) => host.kept().join("roots"),
    }
}
