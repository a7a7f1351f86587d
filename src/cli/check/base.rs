//! The flake as it runs today: what rules compare with, of each host.

use super::run::Run;
use crate::session::{self, Session};
use ::check::closure::{self, Weight};
use ::check::host::{self, Before, Host};
use nixos::diagnose::{Viewpoint, diagnose_from};
use nixos::{Kind, System, Target, discover, judge};
use report::{Case, Finding, Outcome, Stage};

/// What a host of another state of the flake is, by the host's name.
pub(super) type Base = std::collections::BTreeMap<String, Known>;

/// What is known of a host of another state of the flake.
#[derive(Debug)]
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
        let asked = match session::asked(self.machine, reference) {
            Ok(asked) => asked,
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
        let mut base = Base::new();
        for target in targets {
            let chosen = self.hosts.is_empty() || self.hosts.iter().any(|pattern| pattern.matches(&target.name));
            if !chosen || !self.config.hosts.takes(&target.name) {
                continue;
            }
            session.ev.restart_clock();
            let before = session.ev.contained(|ev| {
                let system = System::of(ev, &target, None)?;
                host::before(ev, &system)
            });
            match before {
                Ok(host) => {
                    let weight = self.weight_of_base(session, &target);
                    base.insert(target.name, Known { host, weight });
                }
                // It is the base that does not evaluate, which nobody asked about.
                Err(_) => drop(session.ev.take_error()),
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
