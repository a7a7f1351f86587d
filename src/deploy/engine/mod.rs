//! The engine: it brings the machine that it runs on to a system, and back if that turns out ill.
//!
//! It runs as a unit of its own, so that no connection has to last. What it does is written down before it is done
//! ([`crate::state`]); an engine that starts and finds a deployment that has not ended goes back, unless only the end was
//! missing (`moves.rs`). A timer that is a unit of its own as well goes back when the engine does not come to its end.

mod activate;
mod approved;
mod arm;
mod back;
mod commit;
mod confirm;
mod home;
mod moves;
mod preflight;
mod reboot;
mod start;

pub use confirm::{NotConfirmed, confirm};
pub use start::{StartError, resume, start, stop};

use crate::host::{Host, HostError};
use crate::order::{Action, Order};
use crate::plan::Plan;
use crate::state::{Deployment, Outcome, Phase};
use approved::Depth;
use moves::{Move, next};
use std::time::Duration;

/// The file that whoever changes the machine, or the home, has locked.
const LOCK: &str = "lock";
/// How long another engine is waited for.
const WAIT: Duration = Duration::from_secs(60);

/// What is told on the way.
pub type Tell<'t> = &'t mut dyn FnMut(&str);

/// The engine could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another one does.
    #[error("another deployment holds the lock of this machine ({0})")]
    Locked(String),
    /// There is nothing to do.
    #[error("no deployment was ordered on this machine")]
    Nothing,
    /// The machine does not do what it is asked to.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Why a deployment does not go on.
enum Stop {
    /// Nothing was changed.
    Refused(Vec<String>),
    /// Something was, or may have been.
    Back(String),
    /// The machine is about to reboot.
    Down,
    /// The machine does not do what it is asked to.
    Broken(HostError),
}

impl<E: Into<HostError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Broken(error.into())
    }
}

/// What a step comes to.
type Step<T> = Result<T, Stop>;

// What has been done, as types: no step can be taken without the one before it.

/// The order can be carried out, and what was before is recorded.
struct Ready(());
/// The timer is set.
struct Armed(());
/// The new system runs.
struct Activated(());
/// The machine is well.
struct Healthy(());
/// The machine is in reach.
struct Confirmed(());
/// The new system is what boots.
struct Committed(());

/// A deployment under way, of which no other engine does anything.
struct Engine<'e> {
    host: Host<'e>,
    deployment: Deployment,
    tell: Tell<'e>,
    _lock: Box<dyn Send>,
}

/// Carries out what was ordered, or ends what an engine before this one has begun; returns how it ended, `None` if the
/// machine goes down for a reboot in the middle of it.
pub fn run<'e>(host: Host<'e>, tell: Tell<'e>) -> Result<Option<Outcome>, EngineError> {
    let mut engine = Engine::new(host, tell)?;
    let same_boot = engine.deployment.boot_id == crate::host::boot_id(&host)?;
    let next = next(engine.deployment.phase, same_boot);
    engine.take(next)
}

/// Returns what it would take to carry out an order. Nothing of the system that it names is run before the machine itself has
/// verified who vouches for it; what each path has in it is for [`run`] to verify, as that takes its time.
pub fn plan(host: &Host<'_>, order: &Order) -> Result<Plan, HostError> {
    match approved::verified(host, order, Depth::Signature) {
        Ok(_) => Plan::of(host, &order.system, order.action),
        Err(Stop::Broken(error)) => Err(error),
        Err(Stop::Refused(reasons)) => Plan::refused(host, order, reasons),
        Err(Stop::Back(why)) => Plan::refused(host, order, vec![why]),
        Err(Stop::Down) => Plan::refused(host, order, vec!["the machine goes down".into()]),
    }
}

/// Goes back, whatever the deployment has come to; what has ended already stays as it is.
pub fn go_back<'e>(host: Host<'e>, why: &str, tell: Tell<'e>) -> Result<Option<Outcome>, EngineError> {
    let mut engine = Engine::new(host, tell)?;
    let next = match engine.deployment.phase {
        Phase::Done => Move::Nothing,
        Phase::RebootingBack => Move::RebootBack,
        _ => Move::Back(why.to_owned()),
    };
    engine.take(next)
}

impl<'e> Engine<'e> {
    fn new(host: Host<'e>, tell: Tell<'e>) -> Result<Engine<'e>, EngineError> {
        let lock = lock(&host, WAIT)?;
        let deployment = Deployment::current(&host)?.ok_or(EngineError::Nothing)?;
        Ok(Engine {
            host,
            deployment,
            tell,
            _lock: lock,
        })
    }

    fn take(&mut self, next: Move) -> Result<Option<Outcome>, EngineError> {
        let step = match next {
            Move::Nothing => return Ok(self.deployment.outcome.clone()),
            Move::Begin => self.forward(),
            Move::Finish => self.finish(Committed(())),
            Move::LookAgain => self.look_again(),
            Move::AfterReboot => self.after_reboot(),
            Move::Reboot => self.reboot(),
            Move::RebootBack => self.reboot_back(),
            Move::AfterRebootBack => self.after_reboot_back(),
            Move::Back(why) => Err(Stop::Back(why)),
        };
        let stop = match step {
            Ok(()) => return Ok(self.deployment.outcome.clone()),
            Err(stop) => stop,
        };
        let stop = match stop {
            Stop::Broken(error) if !self.has_changed() => Stop::Refused(vec![error.to_string()]),
            Stop::Broken(error) => Stop::Back(error.to_string()),
            Stop::Refused(reasons) if self.has_changed() => Stop::Back(reasons.join("; ")),
            stop => stop,
        };
        let step = match stop {
            Stop::Refused(reasons) => self.refuse(reasons),
            Stop::Back(why) => self.back(&why),
            stop => Err(stop),
        };
        // What goes wrong on the way back is the end of it.
        let fault = match step {
            Ok(()) => return Ok(self.deployment.outcome.clone()),
            Err(Stop::Down) => return Ok(None),
            Err(Stop::Broken(error)) => error.to_string(),
            Err(Stop::Refused(reasons)) => reasons.join("; "),
            Err(Stop::Back(why)) => why,
        };
        let why = self.deployment.why.clone().unwrap_or_default();
        self.end(Outcome::RollbackFailed(format!("{why}, and then {fault}")))?;
        Ok(self.deployment.outcome.clone())
    }

    /// Whether the machine may be another one than it was.
    fn has_changed(&self) -> bool {
        self.deployment.activated || self.deployment.committed
    }

    fn forward(&mut self) -> Step<()> {
        self.approved()?;
        let Some(ready) = self.preflight()? else {
            return Ok(());
        };
        let committed = match self.deployment.order.action {
            Action::Switch => {
                let armed = self.arm(ready)?;
                let activated = self.activate(armed)?;
                let healthy = self.examine(activated)?;
                let confirmed = self.confirmed(healthy)?;
                self.commit(confirmed)?
            }
            Action::Boot => {
                self.stage(ready)?;
                self.tell("the new system is what boots next");
                self.end(Outcome::RebootPending)?;
                return Ok(());
            }
            Action::Reboot => {
                self.stage(ready)?;
                return self.reboot();
            }
        };
        self.finish(committed)
    }

    fn refuse(&mut self, reasons: Vec<String>) -> Step<()> {
        self.disarm();
        self.end(Outcome::Refused(reasons))?;
        Ok(())
    }

    fn finish(&mut self, _: Committed) -> Step<()> {
        self.enter(Phase::Disarming)?;
        self.disarm();
        self.take_policy();
        self.end(Outcome::Deployed)?;
        Ok(())
    }

    fn enter(&mut self, phase: Phase) -> Result<(), HostError> {
        (self.tell)(&phase.to_string());
        self.deployment.enter(&self.host, phase)
    }

    fn end(&mut self, outcome: Outcome) -> Result<(), HostError> {
        // Whoever mends it by hand needs what was before.
        let is_whole = !matches!(outcome, Outcome::RollbackFailed(_));
        self.deployment.end(&self.host, outcome)?;
        if is_whole { self.let_go() } else { Ok(()) }
    }

    fn tell(&mut self, text: &str) {
        (self.tell)(text);
    }

    /// Notes something that is worth telling, and tells it.
    fn note(&mut self, text: String) {
        (self.tell)(&text);
        self.deployment.note(text);
    }
}

/// Returns the lock of the machine, which another engine may hold for this time.
pub(crate) fn lock(host: &Host<'_>, wait: Duration) -> Result<Box<dyn Send>, EngineError> {
    let folder = host.until_boot();
    host.fs.create_dir_all(&folder).map_err(HostError::from)?;
    let file = folder.join(LOCK);
    let deadline = host.clock.monotonic() + wait;
    loop {
        if let Some(lock) = host.fs.lock(&file).map_err(HostError::from)? {
            return Ok(lock);
        }
        if host.clock.monotonic() >= deadline {
            return Err(EngineError::Locked(file.display().to_string()));
        }
        host.clock.sleep(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests;
