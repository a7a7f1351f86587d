//! A deployment is followed until it has ended, whatever becomes of connections meanwhile.

use super::target::{Connection, Target, TargetError};
use crate::machine::Machine;
use ::deploy::order::{Action, Confirm, Order};
use ::deploy::{Deployment, Phase};
use std::io::{BufRead, BufReader};
use std::time::Duration;

/// How long to wait before a host is asked again.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a host that goes back may take for it, beside its limits.
const BACK: Duration = Duration::from_secs(600);

/// Follows a deployment to its end, confirms it over a new connection when it waits for that, and returns it.
pub fn to_the_end(machine: &Machine, target: &Target, order: &Order) -> Result<Deployment, TargetError> {
    let mut limit = order.limits.all() + BACK;
    if order.action == Action::Reboot {
        limit += Duration::from_secs(order.limits.reboot);
    }
    let deadline = machine.clock.monotonic() + limit;
    let mut follower = Follower {
        machine,
        target,
        order,
        last: None,
        lost: false,
    };
    loop {
        let left = deadline.saturating_sub(machine.clock.monotonic());
        let streamed = follower.stream(left);
        if let Some(ended) = follower.last.as_ref().filter(|last| last.outcome.is_some()) {
            return Ok(ended.clone());
        }
        let error = match streamed {
            // What does not know the deployment will not know it later.
            Err(error @ TargetError::Answer { .. }) => return Err(error),
            Err(error) => error,
            Ok(code) => target.answer(format!("its engine ends with {code} before the deployment has")),
        };
        if sys::interrupted() {
            target.tell(
                "the host goes on by itself, and goes back where it waits for a confirmation: `cfgcheck status` tells",
            );
            return Err(error);
        }
        if machine.clock.monotonic() >= deadline {
            return Err(error);
        }
        if !follower.lost {
            target.tell(&format!("{error}; it is asked again"));
            follower.lost = true;
        }
        machine.clock.sleep(PAUSE);
    }
}

struct Follower<'f> {
    machine: &'f Machine,
    target: &'f Target,
    order: &'f Order,
    last: Option<Deployment>,
    lost: bool,
}

impl Follower<'_> {
    /// Follows over one connection, as long as that lasts.
    fn stream(&mut self, limit: Duration) -> Result<i32, TargetError> {
        let (machine, target, id) = (self.machine, self.target, self.order.id.clone());
        let mut wrong = None;
        let code = target.stream(machine, &["follow", &id], limit, &mut |output| {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                // A line without anything says that the connection is alive.
                if line.trim().is_empty() {
                    continue;
                }
                match serde_json::from_str::<Deployment>(&line) {
                    Ok(deployment) => self.step(deployment),
                    Err(error) => {
                        wrong = Some(target.answer(error));
                        return;
                    }
                }
            }
        });
        wrong.map_or(code, Err)
    }

    fn step(&mut self, now: Deployment) {
        self.lost = false;
        let before = self.last.as_ref();
        let known = before.map_or(0, |before| before.notes.len());
        for note in now.notes.iter().skip(known) {
            self.target.tell(&format!("  {note}"));
        }
        if before.is_none_or(|before| before.phase != now.phase) && now.outcome.is_none() {
            match &self.target.label {
                // It is named in front of each line.
                Some(_) => self.target.tell(&now.phase.to_string()),
                None => self.target.tell(&format!("{}: {}", self.target.name(), now.phase)),
            }
            if now.phase == Phase::RollingBack {
                self.target
                    .tell(&format!("  {}", now.why.as_deref().unwrap_or_default()));
            }
        }
        let asked = now.phase == Phase::Confirming && now.order.confirm == Confirm::Connection;
        self.last = Some(now);
        if asked {
            self.confirm();
        }
    }

    /// Says over a new connection that the host is in reach. That this cannot be said is no error: the host goes back then.
    fn confirm(&mut self) {
        let id = self.order.id.clone();
        let limit = Duration::from_secs(self.order.limits.confirm);
        let start = self.machine.clock.monotonic();
        loop {
            match self
                .target
                .call(self.machine, &["confirm", &id], Vec::new(), Connection::New)
            {
                Ok(_) => return,
                Err(TargetError::OutOfReach { .. }) if !sys::interrupted() => {}
                Err(error) => return self.target.tell(&format!("  it is not confirmed: {error}")),
            }
            if self.machine.clock.monotonic().saturating_sub(start) >= limit {
                return self
                    .target
                    .tell("  it is not confirmed: the host is out of reach, and goes back");
            }
            self.machine.clock.sleep(PAUSE);
        }
    }
}
