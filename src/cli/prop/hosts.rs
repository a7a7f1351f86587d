//! The hosts of a flake: the laws about their own options, and those about switching them on and off.

use super::cases::{self, Judged};
use super::library;
use super::watch::Watch;
use super::work::{On, Subject, Work, placed};
use crate::check::run::UNKNOWN;
use crate::check::unknown_host;
use crate::config::Kind;
use crate::session::{Asked, Session};
use ::prop::counter::Counterexample;
use ::prop::run::{Broken, Budget, Tally};
use ::prop::toggle::{self, Outcome as Flipped, Survey};
use ::prop::{Binding, Claim, Expected, Expr, Law, Question, Side, own};
use eval::Val;
use nixos::diagnose::{Viewpoint, inputs_of};
use nixos::{System, Target};
use report::{Case, Event, Finding, Outcome, Stage};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Work<'_> {
    /// Tests the hosts of a flake, and the libraries that they stand on.
    pub(super) fn hosts(&mut self, mut session: Session, mut flake: Val, asked: &Asked) {
        let mut targets = self.targets(&mut session, flake);
        if self.run.unlisted.is_empty() {
            self.run.unknown = unknown_host(&self.run.hosts, self.run.known.iter().map(String::as_str));
        }
        if self.run.unknown.is_some() {
            return;
        }
        self.replay(&mut session, Some(flake));
        if self.plan.wants(Kind::Lib) {
            self.libraries(&mut session, flake, &targets);
        }
        let of_hosts = [Kind::Own, Kind::Toggles]
            .into_iter()
            .filter(|kind| self.plan.wants(*kind));
        let kinds: Vec<Kind> = of_hosts.collect();
        if kinds.is_empty() {
            return;
        }
        let of = targets.len();
        for index in 0..of {
            if sys::interrupted() {
                let note = format!("interrupted: {} of {of} hosts were not tested", of - index);
                return self.run.tell(Event::Note(note));
            }
            if self.run.is_worn(&mut session) {
                drop(session);
                session = self.run.session(asked);
                let again = self.again(&mut session, asked);
                match again {
                    Some((value, found)) if found.len() == of => (flake, targets) = (value, found),
                    _ => {
                        let message = "the flake could not be evaluated a second time as it was the first time";
                        let finding = Finding::new("eval", diag::Severity::Error, message);
                        let name = format!("laws on {} further hosts", of - index);
                        return self
                            .run
                            .finish(Case::new(Stage::Prop, name, Outcome::Errored).finding(finding));
                    }
                }
            }
            let host = || self.host(&mut session, flake, &targets[index], &kinds, of - index);
            if catch_unwind(AssertUnwindSafe(host)).is_err() {
                session.ev.broke();
                let message = "cfgcheck itself broke here; this is a bug of cfgcheck, please report it";
                let finding = Finding::new("crash", diag::Severity::Error, message);
                let case = Case::new(Stage::Prop, "laws can be tried", Outcome::Crashed).finding(finding);
                self.run.finish(case.on(&targets[index].name, UNKNOWN));
            }
        }
    }

    fn targets(&mut self, session: &mut Session, flake: Val) -> Vec<Target> {
        let work = self.run.work(session, flake);
        work.into_iter().map(|(target, _)| target).collect()
    }

    /// Returns the flake and its hosts in a new session; nothing if that fails.
    fn again(&mut self, session: &mut Session, asked: &Asked) -> Option<(Val, Vec<Target>)> {
        let flags = session.lock_flags(self.run.machine, &self.run.args.judge.flakes).ok()?;
        let number = session.lock(&asked.reference, &flags).ok()?;
        let flakes = session.flakes.clone();
        let flake = session.ev.contained(|ev| flakes.call(ev, number)).ok()?;
        Some((flake, self.targets(session, flake)))
    }

    /// Tests a host, which may take its share of the time that is left for as many.
    fn host(&mut self, session: &mut Session, flake: Val, target: &Target, kinds: &[Kind], left: usize) {
        let nix = self.flake_nix();
        session.ev.settings.max_millis = self.run.limits.max_time;
        session.ev.restart_clock();
        session
            .ev
            .limit_memory(Some(self.run.machine.max_memory(self.run.limits.max_memory)));
        let opened = session.ev.contained(|ev| {
            let system = System::of(ev, target, None)?;
            let bindings = library::of_host(ev, flake, &nix, target)?;
            Ok((system, bindings))
        });
        let (system, bindings) = match opened {
            Ok((system, Some((_, bindings)))) => (system, bindings),
            Ok((system, None)) => {
                let reason = "it has no `lib` and no `pkgs.lib`, so its library is not known";
                let case = Case::new(Stage::Prop, "its library is known", Outcome::Errored);
                let platform = system.platform().unwrap_or(UNKNOWN);
                return self
                    .run
                    .finish(case.on(&target.name, platform).property("reason", reason));
            }
            Err(_) => {
                let case = Case::new(Stage::Prop, "it evaluates", Outcome::Errored);
                return self.errored(session, case.on(&target.name, UNKNOWN));
            }
        };
        let platform = system.platform().unwrap_or(UNKNOWN).to_owned();
        let on = On {
            name: &target.name,
            host: Some((&target.name, &platform)),
            library: None,
        };
        let mut tested = 0;
        for (index, kind) in kinds.iter().enumerate() {
            let parts = left * kinds.len() - index;
            tested += match kind {
                Kind::Toggles => self.toggles(session, &system, &bindings, on, parts),
                _ => self.own(session, &system, &bindings, on, parts),
            };
        }
        if tested == 0 {
            let reason = "none of the options that are asked for is declared on it by the flake's own modules";
            let case = Case::new(Stage::Prop, "own options", Outcome::Skipped(reason.into()));
            self.run.finish(placed(case, on));
        }
    }

    /// Tests the options that the flake's own modules declare on a host; returns how many cases it ended.
    fn own(&mut self, session: &mut Session, system: &System, bindings: &[Binding], on: On<'_>, parts: usize) -> usize {
        let inputs = session.flakes.mounted();
        let view = self.run.view(&inputs);
        let (modules, pools, place) = (
            &self.plan.modules,
            &mut self.pools,
            own_place(&self.run.root, &self.run.folder),
        );
        let mut wanted = |files: &[String]| is_wanted(modules, &place, files);
        let read = |ev: &mut eval::Evaluator| own::subjects(ev, system, &view, bindings, &mut wanted, pools);
        match session.ev.contained(read) {
            Ok(subjects) => {
                let unread = subjects.unread.len();
                for own::Unread { option, why } in subjects.unread {
                    let case = Case::new(Stage::Prop, format!("{option} can be read"), Outcome::Errored);
                    self.run.finish(placed(case.property("reason", why), on));
                }
                let subjects = subjects.read.into_iter();
                let subjects: Vec<Subject> = subjects.map(|(option, ground)| Subject::Own(option, ground)).collect();
                let deadline = self.share(parts);
                unread + self.test(session, subjects, on, deadline)
            }
            Err(_) => {
                let case = Case::new(Stage::Prop, "its options can be read", Outcome::Errored);
                self.errored(session, placed(case, on));
                1
            }
        }
    }

    /// Flips the toggles of a host; returns how many cases it ended.
    fn toggles(
        &mut self,
        session: &mut Session,
        system: &System,
        bindings: &[Binding],
        on: On<'_>,
        parts: usize,
    ) -> usize {
        let applies = |law: &&Law| self.run.gate.applies(law.id) && self.chosen.iter().any(|one| one.id == law.id);
        let laws: Vec<&'static Law> = toggle::laws().into_iter().filter(applies).collect();
        if laws.is_empty() {
            return 0;
        }
        let mut budget = Budget {
            cases: 0,
            deadline: self.share(parts),
            seed: self.seed,
        };
        let plan = &self.plan;
        let inputs = session.flakes.mounted();
        let inputs = inputs_of(&mut session.ev, &self.run.view(&inputs));
        let place = own_place(&self.run.root, &self.run.folder);
        let view = Viewpoint {
            root: &self.run.root,
            folder: &self.run.folder,
            inputs: &inputs,
            show_trace: self.run.args.judge.flakes.show_trace,
        };
        let modules = &self.plan.modules;
        let mut wanted = |files: &[String]| is_wanted(modules, &place, files);
        let mut watch = Watch::new(self.run.machine.clock.as_ref(), &mut self.run.recorder, on.name);
        session.ev.settings.max_millis = self.run.limits.max_time;
        session.ev.restart_clock();
        let flipped = session.ev.contained(|ev| {
            let survey = toggle::survey(ev, system, &view, &mut wanted)?;
            budget.cases = plan.flips(survey.toggles.len());
            let flipped = toggle::run(ev, system, &view, &survey.toggles, budget, &mut watch)?;
            Ok((survey, flipped))
        });
        self.run.learn_secrets(session);
        match flipped {
            Ok((survey, _)) if survey.toggles.is_empty() => 0,
            Ok((survey, flipped)) => self.flipped(session, &laws, survey, flipped, bindings, on, budget),
            Err(_) => {
                let case = Case::new(Stage::Prop, "its toggles can be flipped", Outcome::Errored);
                self.errored(session, placed(case, on));
                1
            }
        }
    }

    /// Ends a case for each law about toggles.
    #[expect(
        clippy::too_many_arguments,
        reason = "what flipping came to, and what it is told with"
    )]
    fn flipped(
        &mut self,
        session: &mut Session,
        laws: &[&'static Law],
        survey: Survey,
        flipped: Flipped,
        bindings: &[Binding],
        on: On<'_>,
        budget: Budget,
    ) -> usize {
        let sources = &session.ev.sources;
        if let Some(why) = &flipped.unjudged {
            let finding = Finding::from_diagnostic(why, sources, &self.run.root);
            let case = Case::new(Stage::Prop, "it evaluates as it is", Outcome::Errored).finding(finding);
            self.run.finish(placed(case, on));
            return 1;
        }
        self.cases += flipped.ran;
        let in_time = budget
            .deadline
            .is_none_or(|deadline| self.run.machine.clock.monotonic() < deadline);
        for &law in laws {
            let mut findings = Vec::new();
            for found in flipped.findings.iter().filter(|found| found.law.id == law.id) {
                let mut finding = Finding::from_diagnostic(&found.diagnostic, &session.ev.sources, &self.run.root);
                finding.option.clone_from(&found.option);
                if let Some(nix) = &found.expr {
                    finding.counterexample = Some(self.flip_shown(found, nix, bindings, on));
                }
                findings.push(finding);
            }
            let judged = Judged {
                law,
                tally: Tally {
                    ran: flipped.ran,
                    stopped: flipped.stopped,
                    why: flipped.why.clone(),
                    ..Tally::default()
                },
                finished: in_time && !sys::interrupted(),
                shared: None,
                findings,
            };
            let Some(case) = cases::case(law, vec![judged], self.seed) else {
                continue;
            };
            let mut case = case
                .property("options", survey.toggles.len().to_string())
                .property("refused", flipped.refused.to_string());
            let left_out: Vec<String> = survey
                .left_out
                .iter()
                .map(|left| format!("{}: {}", left.path, left.why))
                .collect();
            let told = [
                ("left-out", &left_out),
                ("needs", &flipped.needs),
                ("without-effect", &flipped.without_effect),
            ];
            for (name, values) in told {
                if !values.is_empty() {
                    case = case.property(name, values.join("; "));
                }
            }
            self.run.finish(placed(case, on));
        }
        laws.len()
    }

    /// Returns the counterexample of a set of flips.
    fn flip_shown(&mut self, found: &toggle::Finding, nix: &str, bindings: &[Binding], on: On<'_>) -> String {
        let question = Question {
            sides: vec![Side {
                name: "flipped",
                // It stands two steps in.
                expr: Expr::nix(&nix.replace('\n', "\n    ")),
            }],
            claims: vec![Claim::Whole(0, Expected::Sane)],
        };
        let flips = found.flips.iter().map(|flip| format!("{} = {};", flip.path, flip.to));
        let message = found.diagnostic.message.lines().next().unwrap_or_default().to_owned();
        let broken = Broken {
            lines: flips.chain([message]).collect(),
            part: String::new(),
            answers: Vec::new(),
        };
        self.shown(&Counterexample {
            law: found.law.id,
            title: found.law.title,
            host: on.host.map(|(host, _)| host),
            option: found.option.as_deref(),
            drawn: None,
            bindings,
            question: &question,
            broken: &broken,
        })
    }
}

/// Returns the folder of a flake in the store, as files of modules begin with it.
fn own_place(root: &[u8], folder: &[u8]) -> String {
    let root = String::from_utf8_lossy(root);
    match folder {
        b"" => format!("{root}/"),
        folder => format!("{root}/{}/", String::from_utf8_lossy(folder)),
    }
}

/// Whether one of the files that declare an option is asked for.
fn is_wanted(modules: &[crate::config::PathPattern], place: &str, files: &[String]) -> bool {
    let fits = |file: &String| {
        let path = file.strip_prefix(place).unwrap_or(file);
        modules.iter().any(|pattern| pattern.covers(path))
    };
    modules.is_empty() || files.iter().any(fits)
}
