//! What is durable of a deployment: its order, how far it has come, and what was there before.
//!
//! A phase is written before what it names begins. A machine that loses its power, or an engine that is killed, therefore
//! leaves behind what may have been done, and never less.

use crate::commit::Commit;
use crate::failed::{self, Stage};
use crate::host::{Host, HostError, Observed};
use crate::order::{Order, VERSION};
use activation::units::Units;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use sys::{FileKind, Mode};

// All of it is in one folder, [`Host::kept`].

/// The deployment that is under way, or the last one.
const CURRENT: &str = "switch.json";
/// The last system that was deployed to the end.
const DEPLOYED: &str = "deployed.json";
/// The last of these that was approved, and not overridden: what comes after it must be no step back.
const APPROVED: &str = "approved.json";
/// All that have ended.
const HISTORY: &str = "history";
/// What the units did before the change, as the service manager told it.
const UNITS: &str = "units";
/// How many are kept.
const MOST_HISTORY: usize = 100;

/// How far a deployment has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The order is here, and nothing was done yet.
    Accepted,
    /// What runs is recorded, and whether the new system could be switched to is looked at.
    Preflight,
    /// The timer is set that goes back.
    Arming,
    /// The new system is activated.
    Activating,
    /// Whether the machine is well is asked.
    Examining,
    /// Somebody has to confirm that the machine is in reach.
    Confirming,
    /// The profile is set.
    Committing,
    /// The boot loader is told.
    Installing,
    /// The machine reboots into the new system.
    Rebooting,
    /// The timer is taken away.
    Disarming,
    /// What was before is brought back.
    RollingBack,
    /// The machine reboots into what was before.
    RebootingBack,
    /// It has ended.
    Done,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Accepted => "accepted",
            Phase::Preflight => "preflight",
            Phase::Arming => "arming",
            Phase::Activating => "activating",
            Phase::Examining => "examining",
            Phase::Confirming => "confirming",
            Phase::Committing => "committing",
            Phase::Installing => "installing",
            Phase::Rebooting => "rebooting",
            Phase::Disarming => "disarming",
            Phase::RollingBack => "rolling back",
            Phase::RebootingBack => "rebooting back",
            Phase::Done => "done",
        })
    }
}

/// How a deployment ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "why")]
pub enum Outcome {
    /// The new system runs, is well, is confirmed and is what boots.
    Deployed,
    /// The new system is what boots next.
    RebootPending,
    /// Nothing was changed, for these reasons.
    Refused(Vec<String>),
    /// What was before runs, is as well as it was, and is what boots.
    RolledBack(String),
    /// What was before could not be brought back whole.
    RollbackFailed(String),
}

/// A deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deployment {
    /// The version of this form.
    pub version: u32,
    /// What was ordered.
    pub order: Order,
    /// How far it has come.
    pub phase: Phase,
    /// The boot in which the phase began.
    pub boot_id: String,
    /// When it was ordered, in seconds since 1970.
    pub began: u64,
    /// When the phase began, in seconds since 1970.
    pub since: u64,
    /// What was before; `None` until it is recorded.
    pub recorded: Option<Observed>,
    /// Whether the new system's activation has begun, in this boot or an earlier one.
    pub activated: bool,
    /// Whether the profile or the boot loader may have been changed.
    pub committed: bool,
    /// When the verdict was made that approved it, in seconds since 1970.
    #[serde(default)]
    pub verdict_made: Option<u64>,
    /// Why it goes back.
    pub why: Option<String>,
    /// What was noticed on the way.
    pub notes: Vec<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Deployed => write!(f, "deployed"),
            Outcome::RebootPending => write!(f, "waits for a reboot"),
            Outcome::Refused(reasons) => write!(f, "refused: {}", reasons.join("; ")),
            Outcome::RolledBack(why) => write!(f, "rolled back: {why}"),
            Outcome::RollbackFailed(why) => write!(f, "rolling back failed: {why}"),
        }
    }
}

impl Deployment {
    /// Returns a deployment of which nothing was done yet.
    pub fn new(host: &Host<'_>, order: Order) -> Result<Deployment, HostError> {
        let now = host.clock.unix_time().as_secs();
        Ok(Deployment {
            version: VERSION,
            order,
            phase: Phase::Accepted,
            boot_id: crate::host::boot_id(host)?,
            began: now,
            since: now,
            recorded: None,
            activated: false,
            committed: false,
            verdict_made: None,
            why: None,
            notes: Vec::new(),
            outcome: None,
        })
    }

    /// Returns the deployment that is under way, or the last one; `None` if there was none.
    pub fn current(host: &Host<'_>) -> Result<Option<Deployment>, HostError> {
        read(host, CURRENT)
    }

    /// Returns the last one that was deployed to the end.
    pub fn deployed(host: &Host<'_>) -> Result<Option<Deployment>, HostError> {
        read(host, DEPLOYED)
    }

    /// Returns the last one that was deployed to the end by an approval. An override, such as a way back, takes nothing of its
    /// place.
    pub fn approved(host: &Host<'_>) -> Result<Option<Deployment>, HostError> {
        read(host, APPROVED)
    }

    /// Enters a phase, and has it last before anything of it begins.
    pub fn enter(&mut self, host: &Host<'_>, phase: Phase) -> Result<(), HostError> {
        self.phase = phase;
        self.boot_id = crate::host::boot_id(host)?;
        self.since = host.clock.unix_time().as_secs();
        self.keep(host)
    }

    /// Notes something that is worth telling.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Ends it.
    pub fn end(&mut self, host: &Host<'_>, outcome: Outcome) -> Result<(), HostError> {
        self.outcome = Some(outcome);
        if matches!(self.outcome, Some(Outcome::Deployed | Outcome::RebootPending)) {
            // Before it counts as ended: what is deployed must not be told of an older one.
            write(host, DEPLOYED, self)?;
            if self.order.approval.overridden.is_none() {
                write(host, APPROVED, self)?;
            }
        }
        self.remember(host)?;
        self.enter(host, Phase::Done)?;
        write(
            host,
            &format!("{HISTORY}/{:012}-{}.json", self.began, self.order.id),
            self,
        )?;
        self.forget_oldest(host)
    }

    /// Remembers how its commit did on this machine. What was done without approval has no commit that anybody vouches for.
    fn remember(&self, host: &Host<'_>) -> Result<(), HostError> {
        let approved = self.order.approval.overridden.is_none();
        let commit = self.order.origin.commit.as_deref().filter(|_| approved);
        let Some(commit) = commit.and_then(|commit| Commit::new(commit).ok()) else {
            return Ok(());
        };
        match &self.outcome {
            Some(Outcome::RolledBack(why)) => failed::remember(host, &commit, Stage::Deployed, why),
            Some(Outcome::RollbackFailed(why)) => failed::remember(host, &commit, Stage::TakenBack, why),
            Some(Outcome::Deployed | Outcome::RebootPending) => failed::forget(host, &commit),
            Some(Outcome::Refused(_)) | None => Ok(()),
        }
    }

    /// Writes it down, so that it lasts.
    pub fn keep(&self, host: &Host<'_>) -> Result<(), HostError> {
        write(host, CURRENT, self)
    }

    /// Keeps what the units did before the change, as the answer to [`activation::units::question`] tells it.
    pub fn keep_units(host: &Host<'_>, told: &[u8]) -> Result<(), HostError> {
        let folder = host.kept();
        host.fs.create_dir_all(&folder)?;
        host.fs.write_atomic(&folder.join(UNITS), told, Mode::Private)?;
        host.fs.sync(&folder)?;
        Ok(())
    }

    /// Returns what the units did before the change.
    pub fn units_before(host: &Host<'_>) -> Result<Units, HostError> {
        Ok(Units::read(&host.fs.read(&host.kept().join(UNITS))?))
    }

    fn forget_oldest(&self, host: &Host<'_>) -> Result<(), HostError> {
        let folder = host.kept().join(HISTORY);
        let names = host.fs.read_dir(&folder)?;
        let files: Vec<PathBuf> = names
            .iter()
            .filter(|entry| entry.kind == FileKind::Regular)
            .map(|entry| folder.join(&entry.name))
            .collect();
        for old in files.iter().take(files.len().saturating_sub(MOST_HISTORY)) {
            host.fs.remove_file(old)?;
        }
        Ok(())
    }
}

fn read(host: &Host<'_>, name: &str) -> Result<Option<Deployment>, HostError> {
    let path = host.kept().join(name);
    if !host.has(&path)? {
        return Ok(None);
    }
    let bytes = host.fs.read(&path)?;
    let deployment: Deployment = serde_json::from_slice(&bytes)
        .map_err(|error| HostError::Unknown(format!("{} is not what cfgcheck wrote there: {error}", path.display())))?;
    Ok(Some(deployment))
}

fn write(host: &Host<'_>, name: &str, deployment: &Deployment) -> Result<(), HostError> {
    let kept = host.kept();
    let path = kept.join(name);
    let folder = path.parent().unwrap_or(&kept);
    host.fs.create_dir_all(folder)?;
    let mut text = serde_json::to_vec_pretty(deployment)
        .map_err(|error| HostError::Unknown(format!("a deployment cannot be written: {error}")))?;
    text.push(b'\n');
    host.fs.write_atomic(&path, &text, Mode::Private)?;
    host.fs.sync(folder)?;
    Ok(())
}
