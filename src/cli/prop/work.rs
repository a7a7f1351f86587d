//! The work of a run: saved counterexamples first, then the laws on each library and host.

use super::args::{Plan, PropArgs};
use super::cases::{self, Judged};
use super::found::{self, Told};
use super::library::{self, Library};
use super::regressions::{Regressions, Way, file_name};
use super::watch::Watch;
use super::{laws, wrong};
use crate::check::run::Run;
use crate::config::Kind;
use crate::session::{Asked, Session, Setup};
use ::check::source::REGRESSIONS;
use ::prop::Law;
use ::prop::counter::Counterexample;
use ::prop::run::{Budget, Slot};
use ::prop::{Binding, Ground, Scope, own};
use diag::Severity;
use eval::Val;
use nixos::{Kind as Output, Target};
use report::{Case, Event, Finding, Outcome, Phase, Stage, Tool};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A run of laws.
pub struct Work<'w> {
    /// The run that reports are made of.
    pub run: Run<'w>,
    pub(super) args: &'w PropArgs,
    pub(super) plan: Plan,
    pub(super) seed: u64,
    /// The laws that are asked for.
    pub(super) chosen: Vec<&'static Law>,
    /// What is known of values of one declaration.
    pub(super) pools: own::Pools,
    /// What was tried on hosts before.
    shared: own::Shared,
    regressions: Option<Regressions>,
    started: Duration,
    /// How counterexamples get at the flake; a library has none.
    pub(super) way: Option<Way>,
    /// Law, host and option of saved counterexamples that are still broken.
    pub(super) broken: BTreeSet<(String, Option<String>, Option<String>)>,
    pub(super) cases: u64,
}

/// What is tested: an option, or a library.
pub enum Subject {
    /// A library.
    Lib(Library),
    /// An option of a host.
    Own(own::Subject, Ground),
}

impl AsMut<Ground> for Subject {
    fn as_mut(&mut self) -> &mut Ground {
        match self {
            Subject::Lib(library) => &mut library.ground,
            Subject::Own(_, ground) => ground,
        }
    }
}

impl Subject {
    fn ground(&self) -> &Ground {
        match self {
            Subject::Lib(library) => &library.ground,
            Subject::Own(_, ground) => ground,
        }
    }

    fn key(&self) -> &str {
        match self {
            Subject::Lib(_) => "",
            Subject::Own(option, _) => &option.key,
        }
    }

    fn option(&self) -> Option<&str> {
        match self {
            Subject::Lib(_) => None,
            Subject::Own(option, _) => Some(&option.option),
        }
    }
}

/// What subjects belong to.
#[derive(Clone, Copy)]
pub struct On<'o> {
    /// How progress calls it.
    pub name: &'o str,
    /// The host and its system, unless it is a library.
    pub host: Option<(&'o str, &'o str)>,
    /// Which of several libraries it is.
    pub library: Option<&'o str>,
}

impl<'w> Work<'w> {
    /// Returns work that is not begun; `folder` is that of the flake, if it is on the disk.
    pub fn new(
        mut run: Run<'w>,
        args: &'w PropArgs,
        plan: Plan,
        seed: u64,
        chosen: Vec<&'static Law>,
        folder: Option<PathBuf>,
    ) -> Work<'w> {
        // Only configurations are made of modules.
        let outputs = Output::ALL.into_iter().filter(|kind| kind.is_configuration());
        let outputs = outputs.map(|kind| kind.output().to_owned());
        let wanted = |output: &String| run.config.outputs.as_ref().is_none_or(|all| all.contains(output));
        run.config.outputs = Some(outputs.filter(wanted).collect());
        run.hosts.clone_from(&plan.hosts);
        Work {
            args,
            plan,
            seed,
            chosen,
            pools: own::Pools::new(seed),
            shared: own::Shared::default(),
            regressions: regressions(&run, args, folder),
            started: run.machine.clock.monotonic(),
            run,
            way: None,
            broken: BTreeSet::new(),
            cases: 0,
        }
    }

    /// Tests the library in a folder; wrong usage has been told, and is the exit code.
    pub fn library(&mut self) -> Result<(), u8> {
        if self
            .plan
            .kinds
            .iter()
            .any(|kind| !matches!(kind, Kind::Lib | Kind::All))
        {
            return Err(wrong(
                "a library has no options of its own: --lib goes with --laws lib only".into(),
            ));
        }
        let (machine, args) = (self.run.machine, self.run.args);
        let here = machine.env.current_dir().map_err(|error| wrong(error.to_string()))?;
        let folder = here.join(self.args.lib.as_deref().unwrap_or(Path::new(".")));
        let folder = machine
            .fs
            .canonicalize(&folder)
            .map_err(|error| wrong(error.to_string()))?;
        self.run.root = folder.as_os_str().as_encoded_bytes().to_vec();
        self.begin(folder.display().to_string());
        let setup = Setup {
            flakes: &args.judge.flakes,
            limits: &self.run.limits,
            pure: false,
            root: None,
            search_path: Vec::new(),
            keep_messages: true,
            keep: None,
        };
        let mut session = Session::new(machine, &setup);
        self.replay(&mut session, None);
        let library = session.ev.contained(|ev| library::in_folder(ev, &folder));
        match library {
            Ok(library) => {
                let on = On {
                    name: "the library",
                    host: None,
                    library: None,
                };
                let deadline = self.share(1);
                self.test(&mut session, vec![Subject::Lib(library)], on, deadline);
            }
            Err(_) => {
                let case = Case::new(Stage::Prop, "the library evaluates", Outcome::Errored);
                self.errored(&mut session, case);
            }
        }
        self.end();
        Ok(())
    }

    /// Tests a flake.
    pub fn flake(&mut self, asked: &Asked) {
        let name = if asked.root.is_some() {
            self.args.judge.flake.clone()
        } else {
            asked.reference.to_string()
        };
        self.way = Some(Way::to(asked));
        self.begin(name);
        self.run.tell(Event::Progressed {
            phase: Phase::Fetching,
            what: "inputs".into(),
            index: 1,
            of: 1,
        });
        let mut session = self.run.session(asked);
        for note in std::mem::take(&mut session.notes) {
            self.run.tell(Event::Note(note));
        }
        if let Some(number) = self.run.lock(&mut session, asked)
            && let Some(flake) = self.run.call(&mut session, number)
        {
            self.hosts(session, flake, asked);
        }
        self.end();
    }

    fn begin(&mut self, flake: String) {
        self.run.tell(Event::RunStarted {
            tool: Tool::default(),
            flake,
            started: Duration::ZERO,
        });
        laws().for_each(|law| self.run.tell(Event::RuleKnown(law.document())));
    }

    fn end(&mut self) {
        let (cases, seed) = (self.cases, self.seed);
        if cases > 0 {
            let cases = if cases == 1 {
                "1 generated case".to_owned()
            } else {
                format!("{cases} generated cases")
            };
            self.run
                .tell(Event::Note(format!("{cases}; `--seed {seed}` gives the same")));
        }
        let duration = self.run.machine.clock.monotonic().saturating_sub(self.started);
        self.run.tell(Event::RunFinished { duration });
    }

    /// Returns until when a part of the work may take, of as many as are left.
    pub(super) fn share(&self, left: usize) -> Option<Duration> {
        let end = self.started + self.plan.max_time?;
        let now = self.run.machine.clock.monotonic();
        let left = u32::try_from(left.max(1)).unwrap_or(u32::MAX);
        Some(now + end.saturating_sub(now) / left)
    }

    /// Tests each library that hosts stand on, once.
    pub(super) fn libraries(&mut self, session: &mut Session, flake: Val, targets: &[Target]) {
        let nix = self.flake_nix();
        let mut libraries: BTreeMap<String, Vec<Binding>> = BTreeMap::new();
        for target in targets {
            match session.ev.contained(|ev| library::of_host(ev, flake, &nix, target)) {
                Ok(Some((file, bindings))) => {
                    libraries.entry(file).or_insert(bindings);
                }
                Ok(None) => {
                    let reason = "it has no `lib` and no `pkgs.lib`, so its library is not known";
                    let case = Case::new(Stage::Prop, "its library is known", Outcome::Errored);
                    self.run.finish(case.on(&target.name, "").property("reason", reason));
                }
                Err(_) => {
                    let case = Case::new(Stage::Prop, "its library evaluates", Outcome::Errored);
                    self.errored(session, case.on(&target.name, ""));
                }
            }
        }
        let count = libraries.len();
        for (index, (file, bindings)) in libraries.into_iter().enumerate() {
            let ground = session.ev.contained(|ev| Ground::new(ev, bindings));
            let deadline = self.share(count - index);
            match ground {
                Ok(ground) => {
                    let library = Library { ground };
                    let on = On {
                        name: "the library",
                        host: None,
                        library: (count > 1).then_some(file.as_str()),
                    };
                    self.test(session, vec![Subject::Lib(library)], on, deadline);
                }
                Err(_) => {
                    let case = Case::new(Stage::Prop, "the library evaluates", Outcome::Errored);
                    self.errored(session, case);
                }
            }
        }
    }

    /// Returns how a counterexample beside the flake gets at it.
    pub(super) fn flake_nix(&self) -> String {
        self.way.as_ref().map(|way| way.nix(0)).unwrap_or_default()
    }

    /// Ends a case with the error that is under way.
    pub(super) fn errored(&mut self, session: &mut Session, case: Case) {
        let case = self.run.with_error(session, case);
        self.run.finish(case);
    }

    /// Runs the laws on subjects, and ends a case for each law; returns how many it ended.
    pub(super) fn test(
        &mut self,
        session: &mut Session,
        mut subjects: Vec<Subject>,
        on: On<'_>,
        deadline: Option<Duration>,
    ) -> usize {
        let (slots, mut shared) = self.slots(&subjects, on);
        let budget = Budget {
            cases: self.plan.cases(),
            deadline,
            seed: self.seed,
        };
        // Cases have limits of their own, and the whole run has its deadline.
        session.ev.settings.max_millis = None;
        session.ev.restart_clock();
        let mut watch = Watch::new(self.run.machine.clock.as_ref(), &mut self.run.recorder, on.name);
        let tallies = ::prop::run::run(&mut session.ev, &mut subjects, &slots, budget, &mut watch);
        self.run.learn_secrets(session);
        let Ok(tallies) = tallies else {
            let case = Case::new(Stage::Prop, "laws can be judged", Outcome::Errored);
            self.errored(session, placed(case, on));
            return 1;
        };
        let mut by_law: BTreeMap<usize, Vec<Judged>> = BTreeMap::new();
        for (number, (slot, tally)) in slots.iter().zip(tallies).enumerate() {
            self.cases += tally.ran;
            let subject = &subjects[slot.ground];
            let finding = tally.found.as_ref().and_then(|found| {
                let told = Told {
                    law: slot.law,
                    host: on.host.map(|(host, _)| host),
                    option: subject.option(),
                    seed: self.seed,
                    found,
                };
                self.finding(session, subject, &told)
            });
            let finished = tally.found.is_some() || tally.ran + tally.void + tally.stopped >= slot.count(budget.cases);
            if let (Subject::Own(option, _), Some((host, _)), None) = (subject, on.host, &slot.cases)
                && finished
            {
                self.shared.tried(option, host, slot.law, tally.found.as_ref());
            }
            let order = self.chosen.iter().position(|law| law.id == slot.law.id).unwrap_or(0);
            by_law.entry(order).or_default().push(Judged {
                law: slot.law,
                finished,
                shared: shared.remove(&number),
                findings: finding.into_iter().collect(),
                tally,
            });
        }
        let mut ended = 0;
        for judged in by_law.into_values() {
            let law = judged[0].law;
            if let Some(case) = cases::case(law, judged, self.seed) {
                self.run.finish(placed(case, on));
                ended += 1;
            }
        }
        ended
    }

    /// Returns the laws that are asked for on each subject, but those that a saved counterexample has broken already;
    /// and by the number of a slot the host on which all its cases were tried before.
    fn slots(&self, subjects: &[Subject], on: On<'_>) -> (Vec<Slot>, BTreeMap<usize, String>) {
        let mut slots = Vec::new();
        let mut shared = BTreeMap::new();
        for (ground, subject) in subjects.iter().enumerate() {
            for &law in &self.chosen {
                let of_subject = match subject {
                    Subject::Lib(_) => law.scope == Scope::Lib,
                    Subject::Own(option, _) => option.laws.iter().any(|own| own.id == law.id),
                };
                let host = on.host.map(|(host, _)| host.to_owned());
                let known = (law.id.to_owned(), host, subject.option().map(str::to_owned));
                if of_subject && self.run.gate.applies(law.id) && !self.broken.contains(&known) {
                    let left = match subject {
                        Subject::Lib(_) => None,
                        Subject::Own(option, _) => self.shared.left(option, law, self.plan.cases()),
                    };
                    let cases = left.map(|left| {
                        shared.insert(slots.len(), left.host);
                        left.cases
                    });
                    slots.push(Slot {
                        law,
                        ground,
                        key: subject.key().to_owned(),
                        cases,
                    });
                }
            }
        }
        (slots, shared)
    }

    /// Returns the finding of a broken law, and keeps its counterexample if that is asked for.
    fn finding(&mut self, session: &mut Session, subject: &Subject, told: &Told<'_>) -> Option<Finding> {
        let question = (told.law.question)(&told.found.scene, subject.ground())?;
        let counter = told.counterexample(subject.ground().bindings(), &question);
        let shown = self.shown(&counter);
        let diagnostic = match subject {
            Subject::Lib(_) => told.diagnostic(),
            Subject::Own(option, _) => own::diagnose(&mut session.ev, option, told.law, told.found),
        };
        let mut finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, &self.run.root);
        finding.counterexample = Some(shown);
        finding.option = told.option.map(str::to_owned);
        Some(finding)
    }

    /// Returns a counterexample as reports show it, and keeps it if that is asked for.
    pub(super) fn shown(&mut self, counter: &Counterexample<'_>) -> String {
        let beside = self.flake_nix();
        let secrets = self.run.recorder.secrets();
        let shown = found::without_secrets(counter, "counterexample.nix", &beside, secrets);
        if self.args.save.is_some()
            && let Some(folder) = &self.regressions
        {
            let from = self
                .way
                .as_ref()
                .map(|way| folder.way_to_flake(way))
                .unwrap_or_default();
            let name = file_name(counter.law, counter.host, counter.option);
            let text = found::without_secrets(counter, &name, &from, secrets);
            let kept = folder.keep(self.run.machine, &name, &text, self.args.judge.flakes.trust);
            let note = match kept {
                Ok(()) => format!("counterexample kept in {}/{name}", folder.shown),
                Err(error) => format!("the counterexample of `{}` could not be kept: {error}", counter.law),
            };
            self.run.tell(Event::Note(note));
        }
        shown
    }

    /// Judges the saved counterexamples, each in a case.
    pub(super) fn replay(&mut self, session: &mut Session, flake: Option<Val>) {
        let Some(folder) = &self.regressions else { return };
        let shown = folder.shown.clone();
        let saved = match folder.saved(self.run.machine, self.args.judge.flakes.trust) {
            Ok(saved) => saved,
            Err(error) => {
                let finding = Finding::new("prop", Severity::Error, error);
                let case = Case::new(Stage::Prop, format!("{shown} can be read"), Outcome::Errored);
                return self.run.finish(case.finding(finding));
            }
        };
        // A file of the flake is told as its other files are: below the root of its tree.
        let inside = match (&folder.flake, flake) {
            (Some(own), Some(_)) => folder.path.strip_prefix(own).ok().map(Path::to_owned),
            _ => None,
        };
        let base = match &inside {
            Some(below) => {
                let root = String::from_utf8_lossy(&self.run.root).into_owned();
                let root = Path::new(&root).join(String::from_utf8_lossy(&self.run.folder).as_ref());
                root.join(below)
            }
            None => folder.path.clone(),
        };
        for saved in saved {
            let path = base.join(&saved.name);
            self.replayed(session, flake, &shown, &path, &saved);
        }
    }
}

/// Returns a case on what its subjects belong to.
pub fn placed(mut case: Case, on: On<'_>) -> Case {
    if let Some(library) = on.library {
        case.subject.name = format!("{} with {library}", case.subject.name);
    }
    match on.host {
        Some((host, system)) => case.on(host, system),
        None => case,
    }
}

/// Returns the folder of saved counterexamples: the one that is named, else the usual one of the flake.
fn regressions(run: &Run<'_>, args: &PropArgs, flake: Option<PathBuf>) -> Option<Regressions> {
    let here = run.machine.env.current_dir().ok()?;
    let named = args
        .save
        .as_ref()
        .filter(|path| path.as_path() != Path::new(REGRESSIONS));
    let (path, shown) = match (named, &flake) {
        (Some(path), _) => (here.join(path), path.display().to_string()),
        (None, Some(flake)) => (flake.join(REGRESSIONS), REGRESSIONS.to_owned()),
        (None, None) if args.save.is_some() => (here.join(REGRESSIONS), REGRESSIONS.to_owned()),
        (None, None) => return None,
    };
    Some(Regressions {
        path,
        shown,
        named: named.is_some(),
        flake,
    })
}
