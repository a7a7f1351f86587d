//! The work: the hosts are evaluated with the old lock, the new one, and locks between the two.

use super::update::{Broken, Moved, Update};
use crate::check::Run;
use crate::check::unknown_host;
use crate::diff::states::Named;
use crate::session::{Asked, Session};
use ::check::diff::lock;
use diag::Severity;
use flake::lock::Lock;
use flake::locking::{LockFlags, LockingError};
use flake::reads::{LockedState, Reads};
use nixos::{Kind, Target, discover};
use report::{Case, Event, Finding, Outcome, Phase, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why an update cannot be judged.
pub enum Failed {
    /// What is asked for is not there.
    Usage(String),
    /// A lock cannot be had from the flake.
    Flake(String),
    /// The network or the disk.
    Machine(String),
}

/// What a host came to with a lock.
#[derive(Clone, PartialEq, Debug)]
enum Came {
    /// A derivation.
    Drv(String),
    /// It does not evaluate.
    Broken(Vec<Finding>),
}

/// All hosts with one lock.
type Hosts = BTreeMap<String, Came>;

/// What a host came to, and all that it was computed from.
struct Known {
    host: String,
    outline: Option<String>,
    reads: Reads,
    came: Came,
}

/// The work on an update.
pub struct Work<'w> {
    run: Run<'w>,
    asked: &'w Asked,
    base: &'w Named,
    old: Lock,
    new: Lock,
    known: Vec<Known>,
    /// The words for what is being evaluated.
    step: String,
}

/// An evaluator in which the flake is called with a lock.
struct Called {
    session: Session,
    number: u32,
    targets: Vec<Target>,
}

impl<'w> Work<'w> {
    /// Returns work that is not begun.
    pub fn new(run: Run<'w>, asked: &'w Asked, base: &'w Named) -> Work<'w> {
        Work {
            run,
            asked,
            base,
            old: Lock::new(),
            new: Lock::new(),
            known: Vec::new(),
            step: String::new(),
        }
    }

    /// Returns what the update does.
    pub fn update(mut self) -> Result<Update, Failed> {
        let result = self.judged();
        self.run.tell(Event::RunFinished {
            duration: std::time::Duration::ZERO,
        });
        result
    }

    fn judged(&mut self) -> Result<Update, Failed> {
        self.read_locks()?;
        let wrong = |error: flake::lock::LockError| Failed::Flake(error.to_string());
        let all = self.old.inputs_that_differ(&self.new).map_err(wrong)?;
        let mut update = Update {
            base: self.base.name.clone(),
            ..Update::default()
        };
        let none = BTreeSet::new();
        let before = self.hosts(&none, None)?;
        if let Some(unknown) = unknown_host(&self.run.hosts, self.run.known.iter().map(String::as_str)) {
            return Err(Failed::Usage(unknown));
        }
        let after = self.hosts(&all, None)?;
        update.hosts = after.len();
        let pins = lock::compare(&self.old, &self.new);
        for input in &all {
            let alone = BTreeSet::from([input.clone()]);
            let hosts = if alone == all {
                after.clone()
            } else {
                self.hosts(&alone, None)?
            };
            let pin = pins.iter().find(|pin| pin.input == *input);
            update.inputs.push(Moved {
                input: input.clone(),
                before: pin.and_then(|pin| pin.before.clone()),
                after: pin.and_then(|pin| pin.after.clone()),
                breaks: newly_broken(&before, &hosts),
                changes: differing(
                    &before,
                    &hosts,
                    |before, after| matches!((before, after), (Came::Drv(before), Came::Drv(after)) if before != after),
                ),
                mends: differing(&before, &hosts, |before, after| {
                    matches!((before, after), (Came::Broken(_), Came::Drv(_)))
                }),
            });
        }
        update.broken_before = differing(&before, &after, |before, after| {
            matches!((before, after), (Came::Broken(_), Came::Broken(_)))
        });
        for host in newly_broken(&before, &after) {
            let by = self.cause(&host, &all, &update.inputs)?;
            let findings = match after.get(&host) {
                Some(Came::Broken(findings)) => findings.clone(),
                _ => vec![Finding::new(
                    "eval",
                    Severity::Error,
                    "the flake does not have it any more",
                )],
            };
            update.broken.push(Broken {
                name: host,
                by: by.into_iter().collect(),
                findings,
            });
        }
        update.without = self.without(&update, &all, &before)?;
        Ok(update)
    }

    /// Reads both locks, each as its own flake has it.
    fn read_locks(&mut self) -> Result<(), Failed> {
        let mut session = self.run.session(self.asked);
        let flags = self.flags(&session)?;
        let mut lock = |reference: &flake::FlakeRef, name: &str| {
            let number = session
                .lock(reference, &flags)
                .map_err(|error| failed(&error, &session, name))?;
            let locked = session.flakes.get(number);
            locked
                .map(|locked| locked.lock.clone())
                .ok_or_else(|| Failed::Flake(format!("{name} is not locked")))
        };
        self.old = lock(&self.base.asked.reference, &self.base.name)?;
        self.new = lock(&self.asked.reference, "the flake")?;
        Ok(())
    }

    fn flags(&self, session: &Session) -> Result<LockFlags, Failed> {
        let flags = session.lock_flags(self.run.machine, &self.run.args.judge.flakes);
        flags.map_err(|error| Failed::Usage(error.to_string()))
    }

    /// Returns the inputs that break a host: the first that does so alone, else as few as do so together.
    fn cause(&mut self, host: &str, all: &BTreeSet<String>, inputs: &[Moved]) -> Result<BTreeSet<String>, Failed> {
        let alone = inputs.iter().find(|moved| moved.breaks.iter().any(|name| name == host));
        if let Some(moved) = alone {
            return Ok(BTreeSet::from([moved.input.clone()]));
        }
        self.least(host, all.clone())
    }

    /// Returns as few of some inputs as break a host together: what can be left out, is.
    fn least(&mut self, host: &str, mut inputs: BTreeSet<String>) -> Result<BTreeSet<String>, Failed> {
        for input in inputs.clone() {
            let mut fewer = inputs.clone();
            fewer.remove(&input);
            let hosts = self.hosts(&fewer, Some(host))?;
            if !matches!(hosts.get(host), Some(Came::Drv(_))) {
                inputs = fewer;
            }
        }
        Ok(inputs)
    }

    /// Returns what is to be left out so that nothing is broken, as evaluation shows.
    fn without(
        &mut self,
        update: &Update,
        all: &BTreeSet<String>,
        before: &Hosts,
    ) -> Result<Option<Vec<String>>, Failed> {
        if !update.breaks() {
            return Ok(None);
        }
        let mut left_out: BTreeSet<String> = update.broken.iter().flat_map(|broken| broken.by.clone()).collect();
        loop {
            let taken: BTreeSet<String> = all.difference(&left_out).cloned().collect();
            if taken.is_empty() {
                return Ok(None);
            }
            let hosts = self.hosts(&taken, None)?;
            let Some(host) = newly_broken(before, &hosts).into_iter().next() else {
                return Ok(Some(left_out.into_iter().collect()));
            };
            let more = self.least(&host, taken)?;
            if more.is_empty() {
                return Ok(None);
            }
            left_out.extend(more);
        }
    }

    /// Returns what hosts come to with the lock in which some inputs have moved: all that are asked for, or one.
    fn hosts(&mut self, moved: &BTreeSet<String>, only: Option<&str>) -> Result<Hosts, Failed> {
        self.step = moved.iter().cloned().collect::<Vec<_>>().join(", ");
        let mut called = match self.called(moved)? {
            Ok(called) => called,
            // What keeps the flake from being called keeps each host from it.
            Err(findings) => {
                let names = self.known.iter().map(|known| known.host.clone());
                return Ok(names.map(|name| (name, Came::Broken(findings.clone()))).collect());
            }
        };
        let mut hosts = Hosts::new();
        for index in 0..called.targets.len() {
            if sys::interrupted() {
                return Err(Failed::Machine("interrupted".into()));
            }
            let target = called.targets[index].clone();
            let name = shown(&target);
            if !self.is_asked(&target) || only.is_some_and(|only| only != name) {
                continue;
            }
            self.run.tell(Event::Progressed {
                phase: Phase::Evaluating,
                what: format!(
                    "{name} with {}",
                    if self.step.is_empty() {
                        "the old lock"
                    } else {
                        &self.step
                    }
                ),
                index: index + 1,
                of: called.targets.len(),
            });
            if self.run.is_worn(&mut called.session) {
                called = match self.called(moved)? {
                    Ok(called)
                        if called
                            .targets
                            .get(index)
                            .is_some_and(|again| *again.name == target.name) =>
                    {
                        called
                    }
                    _ => return Err(Failed::Flake("the flake could not be evaluated a second time".into())),
                };
            }
            let target = called.targets[index].clone();
            if let Some(came) = self.came(&mut called, &target, &name) {
                hosts.insert(name, came);
            }
        }
        Ok(hosts)
    }

    fn is_asked(&self, target: &Target) -> bool {
        let chosen = self.run.hosts.is_empty() || self.run.hosts.iter().any(|host| host.matches(&target.name));
        chosen && (target.kind == Kind::Home || self.run.config.hosts.takes(&target.name))
    }

    /// Returns the flake, called with the lock in which some inputs have moved, or why it cannot be.
    fn called(&mut self, moved: &BTreeSet<String>) -> Result<Result<Called, Vec<Finding>>, Failed> {
        let lock = self.old.with_inputs_of(&self.new, moved);
        let lock = lock.map_err(|error| Failed::Flake(error.to_string()))?;
        let mut session = self.run.session(self.asked);
        let flags = LockFlags {
            reference: Some(Arc::new(lock)),
            ..self.flags(&session)?
        };
        let number = match session.lock(&self.asked.reference, &flags) {
            Ok(number) => number,
            Err(error) if error.is_of_the_machine() => return Err(failed(&error, &session, "an input")),
            Err(error) => {
                let message = error.message(&session.ev.sources);
                let message = self.run.recorder.secrets().text(&message).into_owned();
                return Ok(Err(vec![Finding::new("lock", Severity::Error, message)]));
            }
        };
        if let Some(locked) = session.flakes.get(number) {
            self.run.folder.clone_from(&locked.flake.dir);
        }
        if let Ok(mounted) = session.flakes.node(number, 0) {
            self.run.root = mounted.path.to_path().into_bytes();
        }
        let flakes = session.flakes.clone();
        let targets = session.ev.contained(|ev| {
            let flake = flakes.call(ev, number)?;
            let mut targets = Vec::new();
            for kind in [Kind::Nixos, Kind::Darwin, Kind::Home] {
                targets.extend(discover(ev, flake, kind)?);
            }
            Ok(targets)
        });
        match targets {
            Ok(targets) => {
                self.run.known.extend(targets.iter().map(|target| target.name.clone()));
                Ok(Ok(Called {
                    session,
                    number,
                    targets,
                }))
            }
            Err(_) => {
                let case = Case::new(Stage::Eval, "the flake's outputs evaluate", Outcome::Errored);
                let case = self.run.with_error(&mut session, case);
                Ok(Err(self.without_secrets(case).findings))
            }
        }
    }

    /// Returns a case as reports have it.
    fn without_secrets(&mut self, mut case: Case) -> Case {
        self.run.recorder.secrets().case(&mut case);
        case
    }

    /// Returns what a host comes to; what was computed before from the same answers is not computed again.
    fn came(&mut self, called: &mut Called, target: &Target, name: &str) -> Option<Came> {
        let Called { session, number, .. } = called;
        let outline = session.flakes.outline(*number);
        let state = LockedState::new(session.flakes.clone(), *number)?;
        let holds = |known: &&Known| {
            known.host == name && known.outline == outline && known.reads.first_difference(&state).is_none()
        };
        if let Some(known) = self.known.iter().find(holds) {
            return Some(known.came.clone());
        }
        session.recording.begin();
        let judged = self.run.target(session, target, None);
        let mut reads = session.recording.end();
        if judged.has_own_path || session.ev.depends_on_own_path() {
            reads.own_path = flake::reads::State::own_path(&state);
        }
        let case = self.without_secrets(judged.cases?.into_iter().next()?);
        let came = match case.properties.get("drv") {
            Some(drv) if case.outcome == Outcome::Passed => Came::Drv(drv.clone()),
            _ => Came::Broken(case.findings),
        };
        if judged.lasts {
            self.known.push(Known {
                host: name.to_owned(),
                outline,
                reads,
                came: came.clone(),
            });
        }
        Some(came)
    }
}

fn failed(error: &LockingError, session: &Session, name: &str) -> Failed {
    let text = format!("{name} cannot be locked: {}", error.message(&session.ev.sources));
    match error.is_of_the_machine() {
        true => Failed::Machine(text),
        false => Failed::Flake(text),
    }
}

/// Returns how people call a configuration.
fn shown(target: &Target) -> String {
    match target.kind {
        Kind::Home => format!("{} (home)", target.name),
        Kind::Darwin => format!("{} (darwin)", target.name),
        _ => target.name.clone(),
    }
}

/// Returns the hosts of two states for which something holds.
fn differing(before: &Hosts, after: &Hosts, holds: impl Fn(&Came, &Came) -> bool) -> Vec<String> {
    let both = before
        .iter()
        .filter_map(|(name, before)| Some((name, before, after.get(name)?)));
    both.filter(|(_, before, after)| holds(before, after))
        .map(|(name, ..)| name.clone())
        .collect()
}

/// Returns the hosts that evaluate before and not after, or are gone.
fn newly_broken(before: &Hosts, after: &Hosts) -> Vec<String> {
    let broken = before
        .iter()
        .filter(|(name, before)| matches!(before, Came::Drv(_)) && !matches!(after.get(*name), Some(Came::Drv(_))));
    broken.map(|(name, _)| name.clone()).collect()
}
