//! The flake as it runs today: what rules compare with, of each host.

use super::memo::Memo;
use super::run::Run;
use crate::diff::states::state;
use crate::session::{self, Session};
use ::check::closure::{self, Weight};
use ::check::host::{self, Before, Host};
use nixos::diagnose::{Viewpoint, diagnose_from};
use nixos::{Kind, System, Target, discover, judge};
use report::{Case, Finding, Outcome, Stage};

/// What a host of another state of the flake is, by the host's name.
pub(super) type Base = std::collections::BTreeMap<String, Known>;

/// What is known of a host of another state of the flake.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// What rules compare with.
    pub host: Before,
    /// What it takes in the store, where the settings bound how it may grow.
    pub weight: Option<Weight>,
}

impl Run<'_> {
    /// Returns what the hosts of the base are, none without a base; that it cannot be evaluated has been told.
    pub(super) fn base(&mut self) -> Base {
        let Some(reference) = &self.args.base else {
            return Base::new();
        };
        let asked = match state(self.machine, &self.args.judge.flake, reference) {
            Ok(named) => named.asked,
            Err(error) => return self.no_base(error.to_string()),
        };
        let mut session = self.session(&asked);
        match self.hosts_of_base(&mut session, &asked) {
            Ok(base) => base,
            Err(message) => self.no_base(message),
        }
    }

    fn no_base(&mut self, message: String) -> Base {
        let finding = Finding::new("base", diag::Severity::Error, message)
            .hint("name a state of the flake that evaluates, or leave --base out");
        self.finish(Case::new(Stage::Eval, "the base evaluates", Outcome::Errored).finding(finding));
        Base::new()
    }

    /// Returns the hosts of a base, or why there are none to be had. A host that does not evaluate there is
    /// one without anything to compare with.
    fn hosts_of_base(&self, session: &mut Session, asked: &session::Asked) -> Result<Base, String> {
        let flags = session
            .lock_flags(self.machine, &self.args.judge.flakes)
            .map_err(|error| error.to_string())?;
        let number = session
            .lock(&asked.reference, &flags)
            .map_err(|error| error.message(&session.ev.sources))?;
        let flakes = session.flakes.clone();
        let listed = session.ev.contained(|ev| {
            let flake = flakes.call(ev, number)?;
            discover(ev, flake, Kind::Nixos)
        });
        let targets = match listed {
            Ok(targets) => targets,
            Err(_) => {
                let error = session.ev.take_error();
                let inputs = session.flakes.mounted();
                let view = Viewpoint {
                    inputs: &inputs,
                    ..Viewpoint::default()
                };
                return Err(diagnose_from(&mut session.ev, &error, &view).diagnostic.message);
            }
        };
        let mut memo = Memo::of_base(self, session, number);
        let mut base = Base::new();
        for target in targets {
            let chosen = self.hosts.is_empty() || self.hosts.iter().any(|pattern| pattern.matches(&target.name));
            if !chosen || !self.config.hosts.takes(&target.name) {
                continue;
            }
            let kept = memo.as_ref().and_then(|memo| memo.facts(&target));
            if let Some(host) = kept.or_else(|| facts_of_base(session, &target, memo.as_mut())) {
                let weight = self.weight_of_base(session, &target);
                base.insert(target.name, Known { host, weight });
            }
        }
        Ok(base)
    }

    /// Returns what a host of the base takes in the store; `None` if nobody asks, or it does not evaluate.
    fn weight_of_base(&self, session: &mut Session, target: &Target) -> Option<Weight> {
        self.config.closure.of(&target.name).max_growth?;
        let (judged, system) = judge(&mut session.ev, target, None);
        let system = system?;
        let stores = crate::stores::stores(self.machine, &session.flakes.fetcher);
        let stores: Vec<&dyn closure::Store> = stores.iter().map(AsRef::as_ref).collect();
        let mut host = Host {
            ev: &mut session.ev,
            system: &system,
            view: Viewpoint::default(),
            judged: &judged,
            messages: &[],
            calls: &[],
            builds: &[],
            before: None,
            secrets: Vec::new(),
        };
        closure::weigh(&mut host, &stores)
    }
}

/// Evaluates what rules compare with of a host of the base, and keeps it for later runs; `None` if it does not evaluate there,
/// which nobody asked about.
fn facts_of_base(session: &mut Session, target: &Target, memo: Option<&mut Memo>) -> Option<Before> {
    session.ev.restart_clock();
    session.recording.begin();
    // In a trial, so that all that it reads is known.
    let known = session.ev.trial(|ev| {
        let system = System::of(ev, target, None)?;
        let facts = host::before(ev, &system)?;
        Ok((facts, ev.depends_on_own_path(), ev.has_met_a_limit()))
    });
    let mut reads = session.recording.end();
    let (facts, has_own_path, is_limited) = known.ok()?;
    if let Some(memo) = memo.filter(|_| !is_limited) {
        memo.place(&mut reads, session, has_own_path, &format!("{facts:?}"));
        memo.keep_facts(target, &reads, &facts);
    }
    Some(facts)
}
