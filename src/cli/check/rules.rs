//! The rules of a run: on the flake's files, on each configuration, and the repository's own policies.

use super::run::Run;
use super::settings::OF_EVALUATION;
use crate::session::{Asked, Session};
use ::check::closure::{self, Weight};
use ::check::host::{self, Host};
use ::check::outputs::{self, Output};
use ::check::{lock, policy, source};
use eval::Evaluator;
use flake::fetch::Fetcher;
use flake::flakes::Flakes;
use nixos::diagnose::inputs_of;
use nixos::{Judged, Kind, System, Target};
use report::{Case, Event, Finding, Outcome, RuleDoc, Stage};
use std::collections::BTreeSet;

impl Run<'_> {
    /// Tells what there is to know about rules and policies, so that reports can explain their findings.
    pub(super) fn name_rules(&mut self) {
        let rules: Vec<RuleDoc> = ::check::rules().map(|rule| rule.document()).collect();
        let policies = self.policies.documents().map(|policy| RuleDoc {
            id: policy.id.into(),
            title: policy.title.into(),
            why: policy.why.into(),
            fix: policy.fix.into(),
        });
        let policies: Vec<RuleDoc> = policies.collect();
        for rule in rules.into_iter().chain(policies) {
            self.tell(Event::RuleKnown(rule));
        }
    }

    /// Judges the flake's own files: its sources, its secrets and its lock.
    pub(super) fn rules_on_files(&mut self, asked: &Asked) {
        let Some(own) = &self.tree else { return };
        let tree = own.tree.clone();
        let disk = asked.root.as_ref().map(|root| root.join(&asked.reference.dir));
        let disk = disk.as_deref().map(|folder| (self.machine.fs.as_ref(), folder));
        let locked = lock::Files::read(tree.as_ref(), &self.folder, disk);
        let sources = source::Files::read(tree.as_ref(), &self.folder, &self.root, &self.config.exclude);
        let (locked, sources) = match (locked, sources) {
            (Ok(locked), Ok(sources)) => (locked, sources),
            (Err(error), _) | (_, Err(error)) => {
                let finding = Finding::new("source", diag::Severity::Error, error.to_string());
                let case = Case::new(Stage::Source, "the flake's files can be read", Outcome::Errored);
                return self.finish(case.finding(finding));
            }
        };
        for file in sources.judged().filter(|file| file.is_nix()) {
            self.recorder.secrets().learn_from(&String::from_utf8_lossy(&file.text));
        }
        for secret in source::bound_secrets(&sources) {
            self.recorder.secrets().learn(&secret);
        }
        let policies: Vec<&str> = self.policies.documents().map(|policy| policy.id).collect();
        let ids: Vec<&str> = super::rule_ids().chain(OF_EVALUATION).chain(policies).collect();
        let request = source::Request {
            layout: &self.config.layout,
            ids: &ids,
            lint: false,
            // Evaluation tells of files that Git does not track, by its own message.
            untracked: &|_| false,
        };
        let mut cases = source::cases(&sources, &request);
        let request = lock::Request {
            inputs: &self.config.inputs,
            today: self.today,
            lint: false,
        };
        cases.extend(lock::cases(&locked, &request));
        cases.into_iter().for_each(|case| self.finish(case));
    }

    /// Returns the cases of the rules and policies on a configuration that was judged.
    pub(super) fn rules_on(
        &mut self,
        ev: &mut Evaluator,
        flakes: &Flakes,
        system: &System,
        judged: &Judged,
    ) -> Vec<Case> {
        let mut fleet = std::mem::take(&mut self.fleet);
        ev.limit_memory(Some(self.max_memory()));
        let messages = std::mem::take(&mut ev.messages);
        let calls = std::mem::take(&mut ev.calls);
        let builds = std::mem::take(&mut ev.builds);
        let inputs = flakes.mounted();
        let inputs = inputs_of(ev, &self.view(&inputs));
        let view = self.view(&inputs);
        let mut host = Host {
            ev,
            system,
            view,
            judged,
            messages: &messages,
            calls: &calls,
            builds: &builds,
            before: self.base.get(system.name()).map(|known| &known.host),
            secrets: Vec::new(),
        };
        let applies = |rule: &str| self.gate.applies(rule);
        let mut cases = host::cases(&mut host, &applies);
        cases.extend(fleet.cases(&mut host, &applies));
        let before = self.base.get(system.name()).and_then(|known| known.weight.as_ref());
        cases.extend(self.closure_of(&mut host, &flakes.fetcher, before));
        let secrets = std::mem::take(&mut host.secrets);
        let of_policy = self.policy_host(system.kind(), system.name(), system.platform().unwrap_or_default());
        let mut options = policy::Evaluated {
            ev,
            system,
            view,
            evaluates: judged.error.is_none(),
        };
        cases.extend(self.policies.cases(&of_policy, &mut options, &applies));
        self.fleet = fleet;
        secrets.iter().for_each(|secret| self.recorder.secrets().learn(secret));
        cases
    }

    /// Returns the cases of the rules on closures, of a host that has a budget.
    fn closure_of(&self, host: &mut Host<'_>, fetcher: &Fetcher, before: Option<&Weight>) -> Vec<Case> {
        if host.system.kind() != Kind::Nixos || self.config.closure.of(host.system.name()).is_none() {
            return Vec::new();
        }
        let stores = crate::stores::stores(self.machine, fetcher);
        let stores: Vec<&dyn closure::Store> = stores.iter().map(AsRef::as_ref).collect();
        let request = closure::Request {
            budgets: &self.config.closure,
            stores: &stores,
            before,
        };
        closure::cases(host, &request, &|rule| self.gate.applies(rule))
    }

    /// Judges what the flake offers for which systems.
    pub(super) fn rules_on_outputs(&mut self, session: &Session, work: &[(Target, BTreeSet<String>)]) {
        let offered: Vec<Output> = work.iter().map(|(target, _)| Output::from(target)).collect();
        let cases = outputs::cases(&offered, &session.ev.sources, &self.root);
        cases.into_iter().for_each(|case| self.finish(case));
    }

    /// Returns a configuration as policies select it.
    fn policy_host(&self, kind: Kind, name: &str, system: &str) -> policy::Host {
        policy::Host {
            name: name.to_owned(),
            system: system.to_owned(),
            kind: match kind {
                Kind::Home => policy::Kind::Home,
                Kind::Darwin => policy::Kind::Darwin,
                _ => policy::Kind::Nixos,
            },
            tags: self.config.policies.tags_of(name),
        }
    }

    /// Tells which policies are for hosts that the flake does not have.
    pub(super) fn policies_on(&mut self, work: &[(Target, BTreeSet<String>)]) {
        if self.policies.is_empty() || !self.is_whole() {
            return;
        }
        let hosts = work.iter().filter(|(target, _)| target.kind.is_configuration());
        let hosts: Vec<policy::Host> = hosts
            .map(|(target, _)| self.policy_host(target.kind, &target.name, ""))
            .collect();
        let case = Case::new(Stage::Policy, "policies name hosts that there are", Outcome::Passed);
        let warnings = self.policies.unmatched(&hosts);
        self.finish(warnings.into_iter().fold(case, Case::finding));
    }

    /// Judges the examples of the policies, which needs no flake.
    pub(super) fn examples(&mut self) {
        if self.policies.is_empty() {
            let message = format!("there are no policies in {}/", policy::FOLDER);
            self.tell(Event::Note(message));
        }
        let bare = self.policies.documents().filter(|policy| !policy.has_examples);
        let notes = bare.map(|policy| format!("the policy `{}` has no examples", policy.id));
        for note in notes.collect::<Vec<_>>() {
            self.tell(Event::Note(note));
        }
        let cases = self.policies.examples();
        cases.into_iter().for_each(|case| self.finish(case));
    }
}
