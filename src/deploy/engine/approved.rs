//! Whether the order is approved, as far as the machine itself can tell: by the signed verdict, and by what is in its store.

use super::{Engine, Step, Stop};
use crate::host::{Host, HostError, Realm};
use crate::moment;
use crate::order::Order;
use crate::policy::{self, Verdicts};
use crate::state::Deployment;
use crate::verdict::{self, Refusal, Verdict, Wanted, differences, hash_closure};
use std::path::Path;
use std::time::Duration;
use store::StorePath;

/// Where a system has the policy that comes with it.
const OF_SYSTEM: &str = "etc/cfgcheck/policy.yaml";
/// Where a home has the policy that comes with it.
const OF_HOME: &str = "home-files/.config/cfgcheck/policy.yaml";
/// Most differences of a closure that are told.
const MOST_TOLD: usize = 5;

/// What a machine itself has verified of an order.
pub(super) struct Verified {
    /// What is worth telling.
    notes: Vec<String>,
    /// When the verdict was made, in seconds since 1970; `None` if there is none.
    made: Option<u64>,
}

/// How much of a verdict is verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Who has signed it, and that it is of this very system.
    Signature,
    /// Also that each path in the store has the contents that it is of.
    Closure,
}

/// Refuses what is not approved by the policy of this machine, or overridden by its root. Nothing of the system is run for it.
pub(super) fn verified(host: &Host<'_>, order: &Order, depth: Depth) -> Step<Verified> {
    let refused = |why: &str| Stop::Refused(vec![why.to_owned()]);
    let noted = |note: String| Verified {
        notes: vec![note],
        made: None,
    };
    let approval = &order.approval;
    if let Some(reason) = &approval.overridden {
        let reason = diag::clean_line(reason);
        return Ok(noted(format!("nothing approves this; overridden: {reason}")));
    }
    let policy = policy::enrolled(host).map_err(|error| {
        let hint = match host.realm {
            Realm::System => "as root of the machine: `cfgcheck switch --enroll policy.yaml`",
            Realm::Home(_) => "as its user: `cfgcheck switch --home --enroll policy.yaml`",
        };
        Stop::Refused(vec![format!("{error} ({hint})")])
    })?;
    if approval.policy.as_ref() != Some(&policy.digest()) {
        return Err(refused(
            "the approval was judged by another policy than the one of this machine",
        ));
    }
    let Some(verdicts) = &policy.require.verdict else {
        return Ok(noted(
            "the machine itself has verified nothing: its policy asks for no signed verdict".into(),
        ));
    };
    if let Realm::Home(_) = host.realm {
        return Err(refused(
            "the policy asks for a signed verdict, and those are of hosts and not of homes: enrol another one",
        ));
    }
    let verdict = signed(host, order, &policy.repository, verdicts)?;
    if let Some(last) = Deployment::approved(host)?.and_then(|last| last.verdict_made)
        && last > verdict.made.as_secs()
    {
        let [last, made] = [Duration::from_secs(last), verdict.made].map(moment);
        let why = format!("the verdict was made at {made}, and that of what was approved last at {last}: a downgrade");
        return Err(Stop::Refused(vec![why]));
    }
    if depth == Depth::Closure {
        compared(host, &verdict)?;
    }
    Ok(Verified {
        notes: Vec::new(),
        made: Some(verdict.made.as_secs()),
    })
}

impl Engine<'_> {
    /// Refuses what the machine itself cannot verify.
    pub(super) fn approved(&mut self) -> Step<()> {
        let verified = verified(&self.host, &self.deployment.order, Depth::Closure)?;
        for note in verified.notes {
            self.note(note);
        }
        self.deployment.verdict_made = verified.made;
        Ok(())
    }

    /// Takes over the policy that came with the new system, which the one of before has approved. What is none takes nothing's
    /// place.
    pub(super) fn take_policy(&mut self) {
        if self.deployment.order.approval.overridden.is_some() {
            return;
        }
        match self.rotated() {
            Ok(None) => {}
            Ok(Some(digest)) => self.note(format!(
                "from now on the policy {} counts",
                digest.get(..12).unwrap_or(&digest)
            )),
            Err(error) => self.note(format!("the policy of before still counts: {error}")),
        }
    }

    fn rotated(&self) -> Result<Option<String>, HostError> {
        let host = self.host;
        let of_next = match host.realm {
            Realm::System => OF_SYSTEM,
            Realm::Home(_) => OF_HOME,
        };
        let path = format!("{}/{of_next}", self.deployment.order.system);
        if !host.has(&path)? {
            return Ok(None);
        }
        let bytes = host.fs.read(Path::new(&path))?;
        if host.fs.read(&policy::file(&host))? == bytes {
            return Ok(None);
        }
        let policy = policy::enroll(&host, &bytes).map_err(|error| HostError::Unknown(error.to_string()))?;
        Ok(Some(policy.digest()))
    }
}

/// Returns what the verdict of an order says, once it is known who has signed it, and that it is of this very system.
fn signed(host: &Host<'_>, order: &Order, repository: &str, verdicts: &Verdicts) -> Step<Verdict> {
    let refused = |why: &str| Stop::Refused(vec![why.to_owned()]);
    let envelope = order.approval.verdict.as_deref();
    let envelope = envelope.ok_or_else(|| refused("the policy asks for a signed verdict, and there is none"))?;
    let origin = &order.origin;
    let commit = origin
        .commit
        .clone()
        .ok_or_else(|| refused("the order names no commit"))?;
    let name = origin.host.clone().ok_or_else(|| refused("the order names no host"))?;
    let keys = verdicts.public_keys().map_err(|error| refused(&error.to_string()))?;
    let system = format!("{}/system", order.system);
    let out = StorePath::parse(&order.system).map_err(|error| refused(&error.to_string()))?;
    let wanted = Wanted {
        repository: repository.to_owned(),
        commit,
        host: name,
        system: if host.has(&system)? {
            Some(host.text(&system)?)
        } else {
            None
        },
        out: Some(out),
        stages: verdicts.stages.iter().copied().collect(),
        ..Wanted::default()
    };
    let now = host.clock.unix_time();
    let told = |refusal: &Refusal| format!("{refusal} ({})", refusal.hint());
    verdict::verify(envelope.as_bytes(), &keys, &wanted, now)
        .map_err(|refusals| Stop::Refused(refusals.iter().map(told).collect()))
}

/// Refuses a system whose closure in the store is not the one that the verdict is of.
fn compared(host: &Host<'_>, verdict: &Verdict) -> Step<()> {
    let found = hash_closure(host.fs, Path::new("/"), verdict.closure.keys(), &mut |_| true);
    let found = found.map_err(|error| Stop::Refused(vec![error.to_string()]))?;
    let mut told: Vec<String> = differences(&verdict.closure, &found)
        .iter()
        .map(ToString::to_string)
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    if told.len() > MOST_TOLD {
        let more = told.len() - MOST_TOLD;
        told.truncate(MOST_TOLD);
        told.push(format!("and {more} more paths differ"));
    }
    Err(Stop::Refused(told))
}
