//! Whether the order is approved, as far as the machine itself can tell: by the signed verdict, and by what is in its store.

use super::{Engine, Step, Stop};
use crate::host::{HostError, Realm};
use crate::moment;
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

impl Engine<'_> {
    /// Refuses what is not approved by the policy of this machine, or overridden by its root.
    pub(super) fn approved(&mut self) -> Step<()> {
        let host = self.host;
        let approval = self.deployment.order.approval.clone();
        if let Some(reason) = &approval.overridden {
            self.note(format!(
                "nothing approves this; overridden: {}",
                diag::clean_line(reason)
            ));
            return Ok(());
        }
        let policy = policy::enrolled(&host).map_err(|error| {
            let hint = match host.realm {
                Realm::System => "as root of the machine: `cfgcheck switch --enroll policy.yaml`",
                Realm::Home(_) => "as its user: `cfgcheck switch --home --enroll policy.yaml`",
            };
            Stop::Refused(vec![format!("{error} ({hint})")])
        })?;
        if approval.policy.as_ref() != Some(&policy.digest()) {
            let why = "the approval was judged by another policy than the one of this machine";
            return Err(Stop::Refused(vec![why.into()]));
        }
        let Some(verdicts) = &policy.require.verdict else {
            self.note("the machine itself has verified nothing: its policy asks for no signed verdict".into());
            return Ok(());
        };
        if let Realm::Home(_) = host.realm {
            let why =
                "the policy asks for a signed verdict, and those are of hosts and not of homes: enrol another one";
            return Err(Stop::Refused(vec![why.into()]));
        }
        let verdict = self.verified(&policy.repository, verdicts, approval.verdict.as_deref())?;
        if let Some(last) = Deployment::approved(&host)?.and_then(|last| last.verdict_made)
            && last > verdict.made.as_secs()
        {
            let [last, made] = [Duration::from_secs(last), verdict.made].map(moment);
            let why =
                format!("the verdict was made at {made}, and that of what was approved last at {last}: a downgrade");
            return Err(Stop::Refused(vec![why]));
        }
        self.compared(&verdict)?;
        self.deployment.verdict_made = Some(verdict.made.as_secs());
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

    fn verified(&self, repository: &str, verdicts: &Verdicts, envelope: Option<&str>) -> Step<Verdict> {
        let refused = |why: &str| Stop::Refused(vec![why.to_owned()]);
        let envelope = envelope.ok_or_else(|| refused("the policy asks for a signed verdict, and there is none"))?;
        let origin = &self.deployment.order.origin;
        let commit = origin
            .commit
            .clone()
            .ok_or_else(|| refused("the order names no commit"))?;
        let name = origin.host.clone().ok_or_else(|| refused("the order names no host"))?;
        let keys = verdicts.public_keys().map_err(|error| refused(&error.to_string()))?;
        let system = format!("{}/system", self.deployment.order.system);
        let out = StorePath::parse(&self.deployment.order.system).map_err(|error| refused(&error.to_string()))?;
        let wanted = Wanted {
            repository: repository.to_owned(),
            commit,
            host: name,
            system: if self.host.has(&system)? {
                Some(self.host.text(&system)?)
            } else {
                None
            },
            out: Some(out),
            stages: verdicts.stages.iter().copied().collect(),
            ..Wanted::default()
        };
        let now = self.host.clock.unix_time();
        let told = |refusal: &Refusal| format!("{refusal} ({})", refusal.hint());
        verdict::verify(envelope.as_bytes(), &keys, &wanted, now)
            .map_err(|refusals| Stop::Refused(refusals.iter().map(told).collect()))
    }

    /// Refuses a system whose closure in the store is not the one that the verdict is of.
    fn compared(&self, verdict: &Verdict) -> Step<()> {
        let found = hash_closure(self.host.fs, Path::new("/"), verdict.closure.keys(), &mut |_| true);
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
}
